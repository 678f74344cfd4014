//! Two tests that want different verdicts for one record.
//!
//! ```text
//! warning[W121]: the tests contradict each other
//! 19 | expect = "pass"
//!    |          ^^^^^^ pass here, takedown there
//! ```

use super::same_test::same_record;
use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "clashing_tests",
    code: warning(
        "W121",
        "tests contradict each other",
        "Two tests of one rule have the same text and attributes and expect \
         different verdicts: one of them must fail.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let tests = &view.rule.tests;
        for (number, test) in tests.iter().enumerate() {
            let clash = tests[..number].iter().find(|other| {
                same_record(other, test)
                    && other.expect != test.expect
                    && !(other.todo || test.todo)
            });
            let Some(first) = clash else { continue };
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    "the tests contradict each other",
                    test.file,
                    test.span.clone(),
                    format!("{} here", test.expect),
                )
                .also(
                    first.file,
                    first.span.clone(),
                    format!("{} here", first.expect),
                ),
            );
        }
    }
}
