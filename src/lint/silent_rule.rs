//! A rule that never says anything.
//!
//! ```text
//! warning[W124]: `spam.demo` never says anything
//! 5 | confidence = 0.5
//!   |              ^^^ below 0.6, the least that is reported
//! ```

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "silent_rule",
    code: warning(
        "W124",
        "rule never says anything",
        "The confidence is below the report threshold of the built-in policy \
         (0.60), so the rule is evaluated and passes everything. For a rule \
         on trial there is `status = \"shadow\"`, which counts.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in pass.rules.iter().filter(|view| !view.retired()) {
        let rule = view.rule;
        if rule.confidence.0 >= 600 {
            continue;
        }
        let Some(span) = pass.key(rule, &["confidence"]) else { continue };
        out.push(Diagnostic::new(
            &LINT.code,
            format!("`{}` never says anything", rule.id.value),
            rule.file,
            span,
            "below 0.6, the least that is reported",
        ));
    }
}
