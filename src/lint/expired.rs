//! A rule whose review is overdue.
//!
//! ```text
//! warning[W103]: review of `spam.demo` is overdue
//! 7 | review_by = 2020-01-01
//!   |             ^^^^^^^^^^ runs as shadow: counted, never part of a verdict
//! ```

use super::{Lint, Pass, warning};
use crate::base::clock;
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "expired",
    code: warning(
        "W103",
        "review date has passed",
        "The rule was to be reviewed by a day that has passed: it runs as \
         shadow (counted, never part of a verdict) until somebody reviews \
         it and moves the date.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let rule = view.rule;
        let overdue = clock::parse_date(&rule.review_by.value)
            .is_some_and(|date| date < pass.today());
        if overdue {
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    format!("review of `{}` is overdue", rule.id.value),
                    rule.file,
                    rule.review_by.span.clone(),
                    "runs as shadow: counted, never part of a verdict",
                )
                .help("review the rule, then move the date"),
            );
        }
    }
}
