//! Two rules with the same sets and condition.
//!
//! ```text
//! warning[W119]: `spam.two` does what `spam.one` does
//! 22 | id = "spam.two"
//!    |      ^^^^^^^^^^ the same sets and condition
//! ```

use std::collections::BTreeMap;

use super::pass::RuleView;
use super::{Lint, Pass, logic, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "same_rule",
    code: warning(
        "W119",
        "rule repeats another",
        "Two rules of a pack have the same sets, the same conditions and the \
         same scope: they fire together, always, and the one with less \
         confidence never decides anything.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<String, &RuleView<'_>> = BTreeMap::new();
    for view in pass.rules.iter().filter(|view| !view.retired()) {
        let Some(key) = content(view) else { continue };
        let Some(first) = seen.get(&key) else {
            seen.insert(key, view);
            continue;
        };
        let (one, two) = (first.rule, view.rule);
        out.push(
            Diagnostic::new(
                &LINT.code,
                format!(
                    "`{}` does what `{}` does",
                    two.id.value, one.id.value
                ),
                two.file,
                two.id.span.clone(),
                "the same sets and conditions",
            )
            .also(one.file, one.id.span.clone(), "first here"),
        );
    }
}

/// Everything that decides whether a rule fires.
fn content(view: &RuleView<'_>) -> Option<String> {
    let rule = view.rule;
    let when = logic::show(rule.when_expr.as_ref()?);
    let unless = rule.unless_expr.as_ref().map(logic::show);
    let mut sets: Vec<String> = view
        .sets
        .iter()
        .map(|set| {
            let def = set.def;
            let words = [
                &def.list,
                &def.files,
                &def.refs,
                &def.validators,
                &def.regexes,
            ]
            .map(|part| {
                let all: Vec<&str> =
                    part.iter().map(|item| item.value.as_str()).collect();
                all.join("\n")
            });
            let level = def.level.as_str();
            format!("{}={}/{level}", set.name.value, words.join("\r"))
        })
        .collect();
    sets.sort();
    Some(format!(
        "{}|{}|{when}|{unless:?}|{:?}|{:?}",
        view.pack,
        sets.join(";"),
        rule.langs,
        rule.surfaces
    ))
}
