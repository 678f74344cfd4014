//! An `unless` that holds whenever `when` does.
//!
//! ```text
//! warning[W117]: `unless` holds whenever `when` does
//! 15 | unless = "words"
//!    |          ^^^^^^^ the rule is always lowered
//! ```

use std::collections::BTreeSet;

use super::{Lint, Pass, logic, warning};
use crate::pack::Diagnostic;
use crate::pack::condition::Expr;

pub const LINT: Lint = Lint {
    name: "unless_covers",
    code: warning(
        "W117",
        "`unless` covers `when`",
        "Everything that makes `when` true makes `unless` true, so the rule \
         is always lowered and never does what its ceiling says.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let rule = view.rule;
        let (Some(when), Some(expr), Some(unless)) =
            (&rule.when_expr, &rule.unless_expr, &rule.unless)
        else {
            continue;
        };
        let certain: BTreeSet<String> = certain(when);
        let covers = match expr {
            Expr::Or(parts) => {
                parts.iter().any(|part| certain.contains(&logic::show(part)))
            }
            other => logic::conjuncts(other)
                .iter()
                .all(|part| certain.contains(&logic::show(part))),
        };
        if covers {
            out.push(Diagnostic::new(
                &LINT.code,
                "`unless` holds whenever `when` does",
                rule.file,
                unless.span.clone(),
                "the rule is always lowered",
            ));
        }
    }
}

/// What is true whenever a condition is: its parts, and the sets that they
/// cannot do without.
fn certain(when: &Expr) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    all.insert(logic::show(when));
    for part in logic::conjuncts(when) {
        all.insert(logic::show(part));
        if let Expr::Near(a, b, _) | Expr::Before(a, b, _) = part {
            all.insert(a.value.clone());
            all.insert(b.value.clone());
        }
    }
    all
}
