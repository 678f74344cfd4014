//! What is allowed in a pack and still probably wrong. In: a compilation;
//! out: warnings with places, and fixes that keep the meaning. One file a
//! lint; this one has the table, runs it, and drops what the pack allows.

mod always_evaluated;
mod always_false;
mod always_true;
mod blank_text;
mod cancelled_term;
mod capped_term;
mod clashing_tests;
mod collide;
mod disguised_term;
mod empty_regex;
mod escape_hatch;
mod expired;
mod far_apart;
mod few_tests;
mod fix;
mod hollow_miss;
mod id_category;
mod id_language;
mod idle_ceiling;
mod idle_exception;
mod idle_folds;
mod idle_separator;
mod impossible_test;
mod inside_word;
mod logic;
mod manifest_gaps;
mod marked_alias;
mod near_itself;
mod one_letter;
mod open_end;
mod ordinary_word;
mod pass;
mod plain_regex;
mod quoted_terms;
mod repeated_hits;
mod same_case;
mod same_rule;
mod same_term;
mod same_test;
mod sarif;
mod self_excusing;
mod shadowed_term;
mod silent_rule;
mod unknown_case_rule;
mod unless_covers;
mod unless_pass;
mod unused_allow;
mod unused_file;
mod unused_set;
mod unused_shared;
pub mod words;

use std::collections::BTreeSet;

use crate::eval::Scanner;
use crate::pack::diagnostic::{self, CODES, Code};
use crate::pack::{Compilation, Diagnostic};

pub use collide::{Collision, Collisions, Kind};
pub use fix::apply;
pub use sarif::sarif;

use pass::Pass;

/// One lint. Its file is called like it, and so are its input and its
/// expected output in `tests/lint`.
#[derive(Clone, Copy, Debug)]
pub struct Lint {
    pub name: &'static str,
    pub code: Code,
    run: fn(&Pass<'_>, &mut Vec<Diagnostic>),
}

/// Every lint, by code.
pub const LINTS: &[Lint] = &[
    unused_set::LINT,
    few_tests::LINT,
    expired::LINT,
    same_term::LINT,
    always_evaluated::LINT,
    unless_pass::LINT,
    shadowed_term::LINT,
    cancelled_term::LINT,
    idle_exception::LINT,
    ordinary_word::LINT,
    inside_word::LINT,
    one_letter::LINT,
    idle_folds::LINT,
    capped_term::LINT,
    always_true::LINT,
    always_false::LINT,
    unless_covers::LINT,
    quoted_terms::LINT,
    same_rule::LINT,
    same_test::LINT,
    clashing_tests::LINT,
    impossible_test::LINT,
    idle_ceiling::LINT,
    silent_rule::LINT,
    unused_file::LINT,
    unused_shared::LINT,
    far_apart::LINT,
    near_itself::LINT,
    self_excusing::LINT,
    disguised_term::LINT,
    idle_separator::LINT,
    open_end::LINT,
    id_language::LINT,
    id_category::LINT,
    blank_text::LINT,
    plain_regex::LINT,
    repeated_hits::LINT,
    escape_hatch::LINT,
    unknown_case_rule::LINT,
    same_case::LINT,
    empty_regex::LINT,
    manifest_gaps::LINT,
    hollow_miss::LINT,
    unused_allow::LINT,
    marked_alias::LINT,
];

/// Every code that `check` may print: the compiler's and the lints'.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    CODES.iter().chain(LINTS.iter().map(|lint| &lint.code))
}

/// The entry with that code or lint name.
pub fn code(id: &str) -> Option<&'static Code> {
    let by_name = LINTS.iter().find(|lint| lint.name == id);
    by_name
        .map(|lint| &lint.code)
        .or_else(|| codes().find(|code| code.id.eq_ignore_ascii_case(id)))
}

/// Name of a lint by its code.
pub fn name(code: &str) -> Option<&'static str> {
    LINTS.iter().find(|lint| lint.code.id == code).map(|lint| lint.name)
}

/// What came of a check.
#[derive(Debug, Default)]
pub struct Report {
    /// The compiler's and the lints', in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// Warnings that `[[allow]]` took away.
    pub allowed: usize,
}

impl Report {
    pub fn error_count(&self) -> usize {
        self.diagnostics.iter().filter(|d| d.is_error()).count()
    }

    pub fn warning_count(&self) -> usize {
        self.diagnostics.len() - self.error_count()
    }
}

/// Checks a compilation. With errors in the packs only the lints that need
/// no image run.
pub fn check(compilation: &Compilation) -> Report {
    let scanner = compilation.image().ok().and_then(|i| Scanner::new(i).ok());
    let pass = Pass::new(compilation, scanner.as_ref());
    let mut found: Vec<Diagnostic> = Vec::new();
    for lint in LINTS.iter().filter(|l| l.name != unused_allow::LINT.name) {
        (lint.run)(&pass, &mut found);
    }
    found.sort_by(|a, b| order(a).cmp(&order(b)).then(a.title.cmp(&b.title)));
    // Sets of several rules name the same file: one message is enough.
    found.dedup_by(|a, b| {
        a.code.id == b.code.id
            && a.title == b.title
            && a.labels[0] == b.labels[0]
    });
    // What follows from an error in a rule is no news.
    let broken: BTreeSet<(usize, usize)> = compilation
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error())
        .filter_map(|diagnostic| pass.rule_at(diagnostic))
        .collect();
    found.retain(|diagnostic| {
        pass.rule_at(diagnostic).is_none_or(|rule| !broken.contains(&rule))
    });
    let before = found.len();
    found.retain(|diagnostic| !pass.is_allowed(diagnostic));
    let allowed = before - found.len();
    let mut late = Vec::new();
    (unused_allow::LINT.run)(&pass, &mut late);
    found.extend(late);
    found.extend(compilation.diagnostics.iter().cloned());
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    Report { diagnostics: found, allowed }
}

/// Messages stand in the order of the files.
fn order(found: &Diagnostic) -> (usize, usize, &'static str) {
    let label = &found.labels[0];
    (label.file, label.span.start, found.code.id)
}

/// A message as JSON, with the lint's name.
pub fn to_json(
    found: &Diagnostic,
    compilation: &Compilation,
) -> serde_json::Value {
    let mut value = diagnostic::to_json(found, &compilation.files);
    value["name"] = name(found.code.id).into();
    value
}

/// A warning's code; every lint's is one.
const fn warning(
    id: &'static str,
    title: &'static str,
    explain: &'static str,
) -> Code {
    Code { id, severity: diagnostic::Severity::Warning, title, explain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_are_unique_and_explained() {
        let mut ids = BTreeSet::new();
        for code in codes() {
            assert!(ids.insert(code.id), "{} twice", code.id);
            assert!(code.explain.len() > 40, "{}", code.id);
            assert!(!code.title.ends_with('.'), "{}", code.id);
        }
        let names: BTreeSet<&str> = LINTS.iter().map(|l| l.name).collect();
        assert_eq!(names.len(), LINTS.len());
        assert!(LINTS.len() >= 30);
        let ids: Vec<&str> = LINTS.iter().map(|l| l.code.id).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        for lint in LINTS {
            assert_eq!(
                super::code(lint.name).map(|c| c.id),
                Some(lint.code.id)
            );
        }
    }

    #[test]
    fn each_lint_is_a_file_of_its_name() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lint");
        for lint in LINTS {
            let path = format!("{folder}/{}.rs", lint.name);
            assert!(std::path::Path::new(&path).is_file(), "{path}");
        }
    }
}
