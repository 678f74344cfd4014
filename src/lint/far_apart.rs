//! A distance that is no distance.
//!
//! ```text
//! warning[W127]: 500 letters is no distance
//! 14 | when = "near(words, link, 500)"
//!    |              ^^^^^
//! ```

use super::{Lint, Pass, logic, warning};
use crate::pack::Diagnostic;
use crate::pack::condition::Expr;

/// Posts of social platforms have 10 to 30 letters, long ones a few
/// hundred: over this a distance only says that both are there.
const FAR: u32 = 200;

pub const LINT: Lint = Lint {
    name: "far_apart",
    code: warning(
        "W127",
        "distance covers whole posts",
        "`near` and `before` count folded letters, and most posts are \
         shorter than this distance: the condition says no more than `and`, \
         except for the order. Say `and`, or what you mean.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        for (_, expr) in view.conditions() {
            logic::each(expr, &mut |part| {
                let (Expr::Near(a, _, n) | Expr::Before(a, _, n)) = part
                else {
                    return;
                };
                if *n > FAR {
                    out.push(
                        Diagnostic::new(
                            &LINT.code,
                            format!("{n} letters is no distance"),
                            view.rule.file,
                            a.span.clone(),
                            "longer than most posts",
                        )
                        .help("`and` says the same"),
                    );
                }
            });
        }
    }
}
