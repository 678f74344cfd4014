//! A part of a condition that is always true.
//!
//! ```text
//! warning[W115]: `count(words) >= 0` is always true
//! 14 | when = "words and count(words) >= 0"
//!    |                  ^^^^^
//! ```

use super::{Lint, Pass, logic, warning};
use crate::image::{Literal, Op};
use crate::pack::condition::Expr;
use crate::pack::table::Sp;
use crate::pack::{Diagnostic, Rule};

pub const LINT: Lint = Lint {
    name: "always_true",
    code: warning(
        "W115",
        "part of a condition is always true",
        "This part holds for every record, so it can be left out, or a \
         number or operator is wrong: counts and lengths begin at 0, and \
         `text.fold_ratio` lies between 0 and 1.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        for (text, expr) in view.conditions() {
            logic::each(expr, &mut |part| {
                if is_true(part) {
                    out.push(say(view.rule, text, part));
                }
            });
        }
    }
}

fn say(rule: &Rule, text: &Sp<String>, part: &Expr) -> Diagnostic {
    let span = logic::span(part).unwrap_or(text.span.clone());
    Diagnostic::new(
        &LINT.code,
        format!("`{}` is always true", logic::show(part)),
        rule.file,
        span,
        "holds for every record",
    )
}

fn is_true(part: &Expr) -> bool {
    match part {
        Expr::Count(_, op, n) | Expr::Distinct(_, op, n) => {
            *op == Op::Ge && *n == 0
        }
        Expr::Field(path, op, Literal::Number(n)) => range(&path.value)
            .is_some_and(|(low, high)| all_hold(*op, *n, low, high)),
        Expr::Or(parts) => parts.iter().any(|part| {
            let not = Expr::Not(Box::new(part.clone()));
            let wanted = logic::show(&not);
            parts.iter().any(|other| logic::show(other) == wanted)
        }),
        _ => false,
    }
}

/// The values that a fact about the text can have.
pub fn range(path: &str) -> Option<(f64, f64)> {
    match path {
        "text.fold_ratio" => Some((0.0, 1.0)),
        _ if path.starts_with("text.") => Some((0.0, f64::INFINITY)),
        _ => None,
    }
}

/// Whether every value from `low` to `high` satisfies the comparison.
pub fn all_hold(op: Op, n: f64, low: f64, high: f64) -> bool {
    match op {
        Op::Ge => low >= n,
        Op::Gt => low > n,
        Op::Le => high <= n,
        Op::Lt => high < n,
        Op::Ne => n < low || n > high,
        Op::Eq => low == n && high == n,
    }
}
