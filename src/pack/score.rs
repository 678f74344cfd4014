//! What conditions may do with models. In: a rule with its numbered sets;
//! out: diagnostics. A model is asked by `score` and by nothing else, and a
//! score alone takes nothing down.

use super::condition::Expr;
use super::diagnostic::{Diagnostic, MODEL_USE, SCORE_ALONE};
use super::sets::Sets;
use super::syntax::Rule;
use super::table::Sp;
use crate::base::int;
use crate::verdict::Verdict;

/// Reports the misuse of models in the conditions of a rule.
pub fn check(
    rule: &Rule,
    numbers: &[(String, u32)],
    sets: &Sets,
    out: &mut Vec<Diagnostic>,
) {
    // A weights file that cannot be found has been reported.
    let model = |name: &str| {
        let set = numbers.iter().find(|(own, _)| own == name);
        let own = rule.sets.iter().find(|(own, _)| own.value == name);
        let written = own.is_some_and(|(_, def)| def.weights.is_some());
        set.map(|(_, number)| {
            let meta = &sets.metas[int::to_usize(*number)];
            written || meta.model.is_some()
        })
    };
    let conditions = [&rule.when_expr, &rule.unless_expr];
    for expr in conditions.into_iter().flatten() {
        each(expr, &mut |part| {
            let asks = matches!(part, Expr::Score(..));
            for name in operands(part) {
                match model(&name.value) {
                    Some(true) if !asks => out.push(
                        wrong(rule, name, "is a model, not a set of hits")
                            .help("write `score(NAME) >= x`"),
                    ),
                    Some(false) if asks => {
                        out.push(wrong(rule, name, "is no model").help(
                            "a model is a set with `weights = \
                             \"weights/FILE.tsv\"`",
                        ))
                    }
                    _ => {}
                }
            }
        });
    }
    if rule.ceiling == Verdict::Takedown
        && let Some(when) = &rule.when_expr
        && let Some(name) = alone(when)
    {
        out.push(
            Diagnostic::new(
                &SCORE_ALONE,
                format!("rule `{}` takes down on a score", rule.id.value),
                rule.file,
                name.span.clone(),
                "nothing else has to be there",
            )
            .also(rule.file, rule.id.span.clone(), "ceiling: takedown")
            .help(
                "say `ceiling = \"report\"`, or ask for an independent sign \
                 as well: `score(…) >= x and contact`",
            ),
        );
    }
}

fn wrong(rule: &Rule, name: &Sp<String>, why: &str) -> Diagnostic {
    Diagnostic::new(
        &MODEL_USE,
        format!("`{}` {why}", name.value),
        rule.file,
        name.span.clone(),
        "",
    )
}

fn each<'e>(expr: &'e Expr, see: &mut dyn FnMut(&'e Expr)) {
    see(expr);
    match expr {
        Expr::Not(inner) => each(inner, see),
        Expr::And(parts) | Expr::Or(parts) => {
            parts.iter().for_each(|part| each(part, see));
        }
        _ => {}
    }
}

fn operands(expr: &Expr) -> Vec<&Sp<String>> {
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

/// A score that can make the condition true with no hit of any set. Fields
/// of the record are no independent sign.
fn alone(expr: &Expr) -> Option<&Sp<String>> {
    match expr {
        Expr::Score(name, ..) => Some(name),
        Expr::Or(parts) => parts.iter().find_map(alone),
        Expr::And(parts) => {
            let free = parts
                .iter()
                .all(|part| alone(part).is_some() || holds_without_hits(part));
            let score = parts.iter().find_map(alone);
            if free { score } else { None }
        }
        _ => None,
    }
}

fn holds_without_hits(expr: &Expr) -> bool {
    match expr {
        Expr::Field(..) | Expr::In(..) | Expr::Not(_) => true,
        Expr::Count(_, op, n) | Expr::Distinct(_, op, n) => {
            op.holds(Some(0.cmp(n)))
        }
        Expr::And(parts) => parts.iter().all(holds_without_hits),
        Expr::Or(parts) => parts.iter().any(holds_without_hits),
        _ => false,
    }
}
