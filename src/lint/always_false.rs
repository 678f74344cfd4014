//! A part of a condition that is never true.
//!
//! ```text
//! warning[W116]: `distinct(words) >= 3` is never true
//! 14 | when = "distinct(words) >= 3"
//!    |                  ^^^^^ the set has 2 terms
//! ```

use super::always_true::{all_hold, range};
use super::pass::RuleView;
use super::{Lint, Pass, logic, warning};
use crate::image::{Literal, Op};
use crate::pack::Diagnostic;
use crate::pack::condition::Expr;

pub const LINT: Lint = Lint {
    name: "always_false",
    code: warning(
        "W116",
        "part of a condition is never true",
        "No record can satisfy this part: it asks for more different terms \
         than the set has, for a length below zero, for a language that the \
         rule does not look at, or for two things that exclude each other.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        for (text, expr) in view.conditions() {
            logic::each(expr, &mut |part| {
                let Some(why) = never(view, part) else { return };
                let span = logic::span(part).unwrap_or(text.span.clone());
                out.push(Diagnostic::new(
                    &LINT.code,
                    format!("`{}` is never true", logic::show(part)),
                    view.rule.file,
                    span,
                    why,
                ));
            });
        }
    }
}

/// Why a part can never hold.
fn never(view: &RuleView<'_>, part: &Expr) -> Option<String> {
    match part {
        Expr::Distinct(set, op, n) => {
            let most = view.set(&set.value)?.identities()?;
            let found = u32::try_from(most).ok()?;
            let too_many = match op {
                Op::Ge | Op::Eq => *n > found,
                Op::Gt => *n >= found,
                Op::Lt => *n == 0,
                Op::Le | Op::Ne => false,
            };
            let terms = if most == 1 { "term" } else { "terms" };
            too_many.then(|| format!("the set has {most} {terms}"))
        }
        Expr::Count(_, Op::Lt, 0) => Some("a count is never negative".into()),
        Expr::Field(path, op, Literal::Number(n)) => {
            let (low, high) = range(&path.value)?;
            let negated = match op {
                Op::Ge => Op::Lt,
                Op::Gt => Op::Le,
                Op::Le => Op::Gt,
                Op::Lt => Op::Ge,
                Op::Eq => Op::Ne,
                Op::Ne => Op::Eq,
            };
            all_hold(negated, *n, low, high)
                .then(|| format!("`{}` is never there", path.value))
        }
        Expr::Field(path, Op::Eq, Literal::Text(wanted)) => {
            foreign(view, &path.value, wanted)
        }
        Expr::And(parts) => clash(parts),
        _ => None,
    }
}

/// A language or surface that the rule does not look at.
fn foreign(view: &RuleView<'_>, path: &str, wanted: &str) -> Option<String> {
    let (known, key) = match path {
        "lang" => (&view.rule.langs, "langs"),
        "surface" => (&view.rule.surfaces, "surfaces"),
        _ => return None,
    };
    let fits = known.is_empty()
        || known.iter().any(|name| wanted.starts_with(name.as_str()));
    (!fits).then(|| format!("`{key}` of the rule leaves it out"))
}

/// `A and not A`, or bounds that leave no number.
fn clash(parts: &[Expr]) -> Option<String> {
    let shown: Vec<String> = parts.iter().map(logic::show).collect();
    if let Some(both) =
        shown.iter().find(|part| shown.contains(&format!("not {part}")))
    {
        return Some(format!("`{both}` and its opposite"));
    }
    let mut bounds: Vec<(&str, f64, f64)> = Vec::new();
    for part in parts {
        let Expr::Field(path, op, Literal::Number(n)) = part else { continue };
        let (low, high) = match op {
            Op::Ge | Op::Gt => (*n, f64::INFINITY),
            Op::Le | Op::Lt => (f64::NEG_INFINITY, *n),
            Op::Eq => (*n, *n),
            Op::Ne => continue,
        };
        bounds.push((&path.value, low, high));
    }
    bounds.iter().find_map(|(path, low, _)| {
        bounds
            .iter()
            .any(|(other, _, high)| other == path && high < low)
            .then(|| format!("no `{path}` is above and below"))
    })
}
