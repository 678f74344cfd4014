//! A term that makes a rule true and excuses it.
//!
//! ```text
//! warning[W129]: `free spins` excuses itself
//! 11 | words = { list = ["free spins"] }
//!    |                   ^^^^^^^^^^^^ makes `when` true
//! 12 | warn = { list = ["free spins"] }
//!    |                  ------------ makes `unless` true
//! ```

use std::collections::HashMap;

use super::{Lint, Pass, logic, warning};
use crate::pack::Diagnostic;
use crate::pack::condition::Expr;

pub const LINT: Lint = Lint {
    name: "self_excusing",
    code: warning(
        "W129",
        "term excuses itself",
        "The term is in a set that makes `when` true and in one that makes \
         `unless` true: wherever it is found, the rule is lowered by the \
         very word that set it off.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let (Some(when), Some(unless)) =
            (&view.rule.when_expr, &view.rule.unless_expr)
        else {
            continue;
        };
        let mut excuses: HashMap<String, _> = HashMap::new();
        for name in excusing(unless) {
            let Some(set) = view.set(name) else { continue };
            for place in set.terms().filter(|place| !place.exception) {
                excuses.entry(place.folded()).or_insert(place);
            }
        }
        for name in logic::names(when) {
            let Some(set) = view.set(&name.value) else { continue };
            for place in set.terms().filter(|place| !place.exception) {
                let Some(other) = excuses.get(&place.folded()) else {
                    continue;
                };
                let text = &place.term.text;
                out.push(
                    Diagnostic::new(
                        &LINT.code,
                        format!(
                            "`{text}` excuses itself in `{}`",
                            view.rule.id.value
                        ),
                        place.file,
                        place.span.clone(),
                        "makes `when` true",
                    )
                    .also(
                        other.file,
                        other.span.clone(),
                        "makes `unless` true",
                    ),
                );
            }
        }
    }
}

/// Sets of which one hit makes `unless` true, wherever it stands. A set
/// that `quoted` asks for is the thing that is quoted.
fn excusing(unless: &Expr) -> Vec<&str> {
    match unless {
        Expr::Set(set) => vec![set.value.as_str()],
        Expr::Any(sets) => sets.iter().map(|s| s.value.as_str()).collect(),
        Expr::Or(parts) => parts.iter().flat_map(excusing).collect(),
        _ => Vec::new(),
    }
}
