//! A rule without a test that hits or without one that passes.
//!
//! ```text
//! warning[W102]: rule `spam.demo` lacks tests
//! 2 | id = "spam.demo"
//!   |      ^^^^^^^^^^^ no test that passes
//! ```

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;
use crate::verdict::Verdict;

pub const LINT: Lint = Lint {
    name: "few_tests",
    code: warning(
        "W102",
        "rule lacks tests",
        "A rule needs at least one test that hits (takedown or report) and \
         one that passes: the hit shows what it is for, the pass shows what \
         it must not touch.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in pass.rules.iter().filter(|view| !view.retired()) {
        let rule = view.rule;
        let mut live = rule.tests.iter().filter(|test| !test.todo);
        let hits = live.clone().any(|test| test.expect > Verdict::Pass);
        let passes = live.any(|test| test.expect == Verdict::Pass);
        let missing = match (hits, passes) {
            (true, true) => continue,
            (false, false) => "neither a test that hits nor one that passes",
            (false, true) => "no test that hits",
            (true, false) => "no test that passes",
        };
        out.push(Diagnostic::new(
            &LINT.code,
            format!("rule `{}` lacks tests", rule.id.value),
            rule.file,
            rule.id.span.clone(),
            missing,
        ));
    }
}
