//! A rule that no set announces.
//!
//! ```text
//! warning[W105]: rule `spam.demo` looks at every record
//! 13 | when = "not words"
//!    |        ^^^^^^^^^^^ can be true when no set has a hit
//! ```

use super::{Lint, Pass, logic, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "always_evaluated",
    code: warning(
        "W105",
        "rule is evaluated for every record",
        "The condition can be true without a hit of any set, so the rule \
         cannot be skipped when nothing was found. It slows every record \
         down, and it judges posts that say nothing of its subject.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let rule = view.rule;
        if rule.when_expr.as_ref().is_some_and(logic::needs_nothing) {
            out.push(Diagnostic::new(
                &LINT.code,
                format!("rule `{}` looks at every record", rule.id.value),
                rule.file,
                rule.when.span.clone(),
                "can be true when no set has a hit",
            ));
        }
    }
}
