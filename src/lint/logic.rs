//! Questions about conditions that several lints ask. In: a condition; out:
//! which sets it names and how. Evaluates nothing.

use std::ops::Range;

use crate::image::{Literal, Op};
use crate::pack::condition::Expr;
use crate::pack::table::Sp;

/// Calls `see` with every part of a condition, the outermost first.
pub fn each<'e>(expr: &'e Expr, see: &mut dyn FnMut(&'e Expr)) {
    see(expr);
    match expr {
        Expr::Not(inner) => each(inner, see),
        Expr::And(parts) | Expr::Or(parts) => {
            for part in parts {
                each(part, see);
            }
        }
        _ => {}
    }
}

/// The sets that one part names, inner parts left out.
pub fn operands(expr: &Expr) -> Vec<&Sp<String>> {
    match expr {
        Expr::Set(set)
        | Expr::Count(set, ..)
        | Expr::Distinct(set, ..)
        | Expr::Quoted(set)
        | Expr::Starts(set)
        | Expr::Score(set, ..) => vec![set],
        Expr::Any(sets) | Expr::All(sets) => sets.iter().collect(),
        Expr::Near(a, b, _) | Expr::Before(a, b, _) => vec![a, b],
        _ => Vec::new(),
    }
}

/// Every set that a condition names.
pub fn names(expr: &Expr) -> Vec<&Sp<String>> {
    let mut all = Vec::new();
    each(expr, &mut |part| all.extend(operands(part)));
    all
}

/// From the first name in a condition to the last: the words to mark.
pub fn span(expr: &Expr) -> Option<Range<usize>> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    each(expr, &mut |part| {
        spans.extend(operands(part).iter().map(|name| name.span.clone()));
        if let Expr::Field(path, ..) | Expr::In(path, _) = part {
            spans.push(path.span.clone());
        }
    });
    let start = spans.iter().map(|span| span.start).min()?;
    let end = spans.iter().map(|span| span.end).max()?;
    Some(start..end)
}

/// Whether a condition counts the hits of a set.
pub fn counts(expr: &Expr, set: &str) -> bool {
    let mut found = false;
    each(expr, &mut |part| {
        if let Expr::Count(name, ..) | Expr::Distinct(name, ..) = part {
            found |= name.value == set;
        }
    });
    found
}

/// Whether a condition can be true when one hit of `set` is all there is.
/// Fields are taken to fit.
pub fn decides(expr: &Expr, set: &str) -> bool {
    match expr {
        Expr::Set(s) | Expr::Quoted(s) | Expr::Starts(s) => s.value == set,
        Expr::Any(all) => all.iter().any(|s| s.value == set),
        Expr::All(all) => all.iter().all(|s| s.value == set),
        Expr::Count(s, op, n) | Expr::Distinct(s, op, n) => {
            op.holds(Some(u32::from(s.value == set).cmp(n)))
        }
        Expr::Near(..) | Expr::Before(..) | Expr::Score(..) => false,
        Expr::Field(..) | Expr::In(..) | Expr::Not(_) => true,
        Expr::And(parts) => parts.iter().all(|part| decides(part, set)),
        Expr::Or(parts) => parts.iter().any(|part| decides(part, set)),
    }
}

/// Whether a condition holds without a hit of any set.
pub fn needs_nothing(expr: &Expr) -> bool {
    match expr {
        Expr::Set(_)
        | Expr::Quoted(_)
        | Expr::Starts(_)
        | Expr::Any(_)
        | Expr::All(_)
        | Expr::Near(..)
        | Expr::Before(..)
        | Expr::Score(_, Op::Ge | Op::Gt, _) => false,
        // A score may be anything.
        Expr::Score(..) => true,
        Expr::Count(_, op, n) | Expr::Distinct(_, op, n) => {
            op.holds(Some(0.cmp(n)))
        }
        Expr::Field(..) | Expr::In(..) | Expr::Not(_) => true,
        Expr::And(parts) => parts.iter().all(needs_nothing),
        Expr::Or(parts) => parts.iter().any(needs_nothing),
    }
}

/// The condition as text, for comparing and for messages.
pub fn show(expr: &Expr) -> String {
    let list = |sets: &[Sp<String>]| {
        sets.iter().map(|s| s.value.as_str()).collect::<Vec<_>>().join(", ")
    };
    let inner = |parts: &[Expr], word: &str| {
        let all: Vec<String> = parts.iter().map(show).collect();
        format!("({})", all.join(word))
    };
    match expr {
        Expr::Set(set) => set.value.clone(),
        Expr::Any(sets) => format!("any({})", list(sets)),
        Expr::All(sets) => format!("all({})", list(sets)),
        Expr::Count(set, op, n) => {
            format!("count({}) {} {n}", set.value, op.as_str())
        }
        Expr::Distinct(set, op, n) => {
            format!("distinct({}) {} {n}", set.value, op.as_str())
        }
        Expr::Near(a, b, n) => format!("near({}, {}, {n})", a.value, b.value),
        Expr::Before(a, b, n) => {
            format!("before({}, {}, {n})", a.value, b.value)
        }
        Expr::Quoted(set) => format!("quoted({})", set.value),
        Expr::Starts(set) => format!("starts({})", set.value),
        Expr::Score(set, op, number) => {
            format!("score({}) {} {number}", set.value, op.as_str())
        }
        Expr::Field(path, op, literal) => {
            format!("{} {} {}", path.value, op.as_str(), literal_text(literal))
        }
        Expr::In(path, all) => {
            let all: Vec<String> = all.iter().map(literal_text).collect();
            format!("{} in [{}]", path.value, all.join(", "))
        }
        Expr::Not(part) => format!("not {}", show(part)),
        Expr::And(parts) => inner(parts, " and "),
        Expr::Or(parts) => inner(parts, " or "),
    }
}

fn literal_text(literal: &Literal) -> String {
    match literal {
        Literal::Bool(flag) => flag.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(text) => format!("'{text}'"),
    }
}

/// The parts that must all hold: those of an `and`, or the condition.
pub fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::And(parts) => parts.iter().collect(),
        other => vec![other],
    }
}
