//! A test that expects more than its rule may ask for.
//!
//! ```text
//! warning[W122]: the rule can never ask for a takedown
//! 15 | expect = "takedown"
//!    |          ^^^^^^^^^^ its ceiling is report
//! ```

use super::{Lint, Pass, warning};
use crate::pack::{Diagnostic, Rule, Status};
use crate::verdict::Verdict;

pub const LINT: Lint = Lint {
    name: "impossible_test",
    code: warning(
        "W122",
        "test expects more than the rule may ask for",
        "The test expects a verdict above the ceiling, the status or the \
         confidence of its rule, whatever the text: it fails, or stays a \
         known miss for ever.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let rule = view.rule;
        let Some(why) = bound(rule) else { continue };
        for test in &rule.tests {
            if test.expect < Verdict::Takedown {
                continue;
            }
            out.push(Diagnostic::new(
                &LINT.code,
                "the rule can never ask for a takedown",
                test.file,
                test.span.clone(),
                why.clone(),
            ));
        }
    }
}

/// Why a rule never takes down under the built-in thresholds.
fn bound(rule: &Rule) -> Option<String> {
    if rule.ceiling < Verdict::Takedown {
        return Some("the ceiling of the rule is report".to_owned());
    }
    if rule.status == Status::Report {
        return Some("the status of the rule is report".to_owned());
    }
    (rule.confidence.0 < 900).then(|| {
        format!(
            "its confidence is {}, takedown begins at 0.9",
            rule.confidence
        )
    })
}
