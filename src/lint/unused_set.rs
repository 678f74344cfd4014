//! A set of a rule that its condition never names.
//!
//! ```text
//! warning[W101]: set `warn` is never used
//!   --> rules.toml:12:1
//! 12 | warn = { list = ["beware"] }
//!    | ^^^^ neither `when` nor `unless` names it
//! ```

use std::collections::BTreeSet;

use super::{Lint, Pass, logic, warning};
use crate::pack::{Diagnostic, Edit};

pub const LINT: Lint = Lint {
    name: "unused_set",
    code: warning(
        "W101",
        "set is never used",
        "The rule defines a set that neither `when` nor `unless` names. It \
         costs nothing at run time, but a reader takes it for a part of the \
         rule.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let conditions = view.conditions();
        if view.rule.when_expr.is_none() {
            continue;
        }
        let used: BTreeSet<&str> = conditions
            .iter()
            .flat_map(|(_, expr)| logic::names(expr))
            .map(|name| name.value.as_str())
            .collect();
        for set in &view.sets {
            if used.contains(set.name.value.as_str()) {
                continue;
            }
            let file = view.rule.file;
            let mut found = Diagnostic::new(
                &LINT.code,
                format!("set `{}` is never used", set.name.value),
                file,
                set.name.span.clone(),
                "neither `when` nor `unless` names it",
            );
            if let Some(edit) = line_of(pass, file, set) {
                found = found.fix("take the set out", vec![edit]);
            }
            out.push(found);
        }
    }
}

/// The whole lines of a set that stands on lines of its own.
fn line_of(
    pass: &Pass<'_>,
    file: usize,
    set: &super::pass::SetView<'_>,
) -> Option<Edit> {
    let text = pass.text(file);
    let start = text[..set.name.span.start].rfind('\n').map_or(0, |n| n + 1);
    let rest = text[set.def.span.end..].find('\n')?;
    let end = set.def.span.end + rest;
    let alone = text[start..set.name.span.start].trim().is_empty()
        && text[set.def.span.end..end].trim().is_empty();
    let with = String::new();
    alone.then(|| Edit { file, span: start..end + 1, with })
}
