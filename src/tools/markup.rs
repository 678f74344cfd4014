//! Verdicts as test cases. In: a scanner and a record; out: a `[[case]]` of
//! a rule file with the evidence marked in the text. What a reviewer
//! corrects in it is what the rules must do from then on.

use std::fmt::Write as _;

use super::rule_test::marks_of;
use crate::base::int;
use crate::eval::{Scanner, Scratch};
use crate::fold::Fold;
use crate::pack::marked;
use crate::record::Record;

/// The first lines of a file of cases.
pub const HEADER: &str = "\
# Written by `trommel explain --markup`. Correct `expect` where it is wrong
# (and mark what should have been found, or take the marks out), then run
# `trommel test PACK THIS-FILE`.
";

/// The case of one record with one field.
pub fn case(scanner: &Scanner, record: &Record<'_>) -> String {
    let mut scratch = Scratch::default();
    let outcome = scanner.scan(record, &mut scratch);
    let text = record.fields.first().map_or("", |field| &*field.text);
    let mut out = String::from("\n[[case]]\n");
    let _ = writeln!(out, "expect = \"{}\"", outcome.verdict());
    let Some(fired) = outcome.deciding() else {
        let _ = writeln!(out, "text = {}", quoted(text));
        attributes(record, &mut out);
        return out;
    };
    let rule = &scanner.image().meta().rules[int::to_usize(fired.rule)];
    let _ = writeln!(out, "rule = \"{}\"", rule.id);
    match marked::write(text, &marks_of(scanner, fired)) {
        Some(marked) => {
            let _ = writeln!(out, "marked = {}", quoted(&marked));
        }
        // Places that cross: they are listed instead.
        None => {
            let _ = writeln!(out, "text = {}", quoted(text));
            let mut spans: Vec<(u32, u32)> = fired
                .used
                .iter()
                .map(|u| (u.interval.span.start, u.interval.span.end))
                .collect();
            spans.sort_unstable();
            spans.dedup();
            let all: Vec<String> =
                spans.iter().map(|(a, b)| format!("[{a}, {b}]")).collect();
            let _ = writeln!(out, "spans = [{}]", all.join(", "));
        }
    }
    let mut folds: Vec<Fold> = fired
        .used
        .iter()
        .flat_map(|used| used.interval.folds.iter())
        .collect();
    folds.sort_unstable();
    folds.dedup();
    if !folds.is_empty() {
        let all: Vec<String> =
            folds.iter().map(|f| format!("\"{}\"", f.as_str())).collect();
        let _ = writeln!(out, "folds = [{}]", all.join(", "));
    }
    attributes(record, &mut out);
    out
}

fn attributes(record: &Record<'_>, out: &mut String) {
    let rows = [("lang", &record.lang), ("surface", &record.surface)];
    for (name, value) in rows {
        if let Some(value) = value {
            let _ = writeln!(out, "{name} = {}", quoted(value));
        }
    }
}

/// A TOML basic string on one line: invisible characters as escapes, so
/// that a reviewer sees them.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if crate::base::escape::is_unsafe_on_terminal(c) => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
