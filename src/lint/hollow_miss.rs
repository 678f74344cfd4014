//! A passing test that has nothing to do with its rule.
//!
//! ```text
//! warning[W143]: no passing test comes near `spam.demo`
//! 18 | [[rule.test]]
//!    | ^^^^^^^^^^^^^ no term of the rule is in the text
//! ```

use std::collections::BTreeSet;

use super::{Lint, Pass, logic, warning};
use crate::base::int;
use crate::eval::{Scanner, Scratch, Tri, text_record};
use crate::image::Condition;
use crate::pack::{Diagnostic, Test};
use crate::verdict::Verdict;

pub const LINT: Lint = Lint {
    name: "hollow_miss",
    code: warning(
        "W143",
        "no passing test comes near the rule",
        "A test that passes shows what the rule must not touch, so it has to \
         be a near miss: news, a warning, ordinary talk with one of the \
         words. The rule asks for several sets, and none of its passing tests \
         has a hit of any of them; they would pass with any condition.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    let Some(scanner) = pass.scanner else { return };
    let mut scratch = Scratch::default();
    let metas = &scanner.image().meta().rules;
    for view in pass.rules.iter().filter(|view| !view.retired()) {
        let rule = view.rule;
        // Where one set is enough, a text with a hit cannot pass.
        let single = rule.when_expr.as_ref().is_none_or(|when| {
            let mut sets = view.sets.iter();
            sets.any(|set| logic::decides(when, &set.name.value))
        });
        // What comes near a score is for `eval` to say.
        let models = view.sets.iter().all(|set| set.def.weights.is_some());
        if single || models {
            continue;
        }
        let number = metas.iter().position(|meta| meta.id == rule.id.value);
        let Some(number) = number.map(int::to_u32) else { continue };
        let sets = int::to_u32(rule.sets.len());
        let misses: Vec<_> = rule
            .tests
            .iter()
            .filter(|test| test.expect == Verdict::Pass && !test.todo)
            .collect();
        let touches = misses
            .iter()
            .any(|test| touches(scanner, number, sets, test, &mut scratch));
        if let (false, Some(test)) = (touches, misses.first()) {
            out.push(Diagnostic::new(
                &LINT.code,
                format!("no passing test comes near `{}`", rule.id.value),
                test.file,
                test.span.clone(),
                "no set of the rule has a hit in it",
            ));
        }
    }
}

/// Whether a set of the rule has a hit in the text, one that an exception
/// takes away included.
fn touches(
    scanner: &Scanner,
    rule: u32,
    sets: u32,
    test: &Test,
    scratch: &mut Scratch,
) -> bool {
    let bare =
        test.meta.is_empty() && test.surface.is_none() && test.lang.is_none();
    // A test with attributes may be about them.
    if !bare {
        return true;
    }
    let record = text_record(&test.text);
    let meta = scanner.image().meta();
    let mut own: BTreeSet<u32> = BTreeSet::new();
    let rule_meta = &meta.rules[int::to_usize(rule)];
    let mut todo: Vec<u32> =
        rule_meta.sets.iter().map(|(_, set)| *set).collect();
    while let Some(set) = todo.pop() {
        if own.insert(set) {
            todo.extend(&meta.sets[int::to_usize(set)].members);
        }
    }
    let raw = scanner.hits(&record, scratch);
    raw.iter().any(|(_, hit)| own.contains(&hit.set))
        || scanner.with_judge(rule, &record, scratch, |judge| {
            (0..sets).any(|set| judge(&Condition::Set(set)).tri == Tri::True)
        })
}
