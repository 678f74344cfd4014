//! `not S` in `when`: a word that lets everything pass.
//!
//! ```text
//! warning[W138]: whoever writes a term of `warn` escapes
//! 14 | when = "words and not warn"
//!    |                      ^^^^
//! ```

use super::{Lint, Pass, logic, warning};
use crate::pack::Diagnostic;
use crate::pack::condition::Expr;
use crate::verdict::Verdict;

pub const LINT: Lint = Lint {
    name: "escape_hatch",
    code: warning(
        "W138",
        "a word lets everything pass",
        "`not S` in the `when` of a rule that takes down lets a post pass \
         altogether once it contains a term of S, anywhere: a free suffix \
         for advertisers. `unless` lowers the verdict to a report instead, \
         and `near` in it asks for the word close by.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in pass.rules.iter().filter(|view| !view.retired()) {
        let rule = view.rule;
        let takes_down =
            rule.ceiling == Verdict::Takedown && rule.confidence.0 >= 900;
        let (true, Some(when)) = (takes_down, &rule.when_expr) else {
            continue;
        };
        logic::each(when, &mut |part| {
            let Expr::Not(inner) = part else { return };
            for name in logic::names(inner) {
                let terms = view
                    .set(&name.value)
                    .is_some_and(|set| set.terms().next().is_some());
                if terms && logic::decides(inner, &name.value) {
                    out.push(
                        Diagnostic::new(
                            &LINT.code,
                            format!(
                                "whoever writes a term of `{}` escapes",
                                name.value
                            ),
                            rule.file,
                            name.span.clone(),
                            "anywhere in the post",
                        )
                        .help("put it into `unless`, with `near`"),
                    );
                }
            }
        });
    }
}
