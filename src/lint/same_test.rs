//! Two tests of a rule with the same text, attributes and verdict.
//!
//! ```text
//! warning[W120]: the test is there already
//! 19 | [[rule.test]]
//!    | ^^^^^^^^^^^^^ the same text and verdict
//! ```

use super::{Lint, Pass, warning};
use crate::pack::{Diagnostic, Test};

pub const LINT: Lint = Lint {
    name: "same_test",
    code: warning(
        "W120",
        "test repeats another",
        "Two tests of one rule have the same text, the same attributes and \
         the same verdict. The second shows nothing new; perhaps it was to \
         be changed after it was copied.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let tests = &view.rule.tests;
        for (number, test) in tests.iter().enumerate() {
            let first = tests[..number].iter().find(|other| {
                same_record(other, test) && other.expect == test.expect
            });
            let Some(first) = first else { continue };
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    "the test is there already",
                    test.file,
                    test.span.clone(),
                    "the same text and verdict",
                )
                .also(
                    first.file,
                    first.span.clone(),
                    "first here",
                ),
            );
        }
    }
}

/// Whether two tests judge the same record.
pub fn same_record(a: &Test, b: &Test) -> bool {
    a.text == b.text
        && a.lang == b.lang
        && a.surface == b.surface
        && a.author == b.author
        && a.meta == b.meta
}
