//! A set near itself.
//!
//! ```text
//! warning[W128]: `words` near itself is two hits
//! 14 | when = "near(words, words, 20)"
//!    |              ^^^^^
//! ```

use super::{Lint, Pass, logic, warning};
use crate::pack::Diagnostic;
use crate::pack::condition::Expr;

pub const LINT: Lint = Lint {
    name: "near_itself",
    code: warning(
        "W128",
        "set near itself",
        "`near(S, S, n)` is true for the same word written twice, which is \
         seldom meant. `distinct(S) >= 2` asks for two different ones; \
         otherwise one of the names is a slip.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        for (_, expr) in view.conditions() {
            logic::each(expr, &mut |part| {
                let (Expr::Near(a, b, _) | Expr::Before(a, b, _)) = part
                else {
                    return;
                };
                if a.value == b.value {
                    out.push(
                        Diagnostic::new(
                            &LINT.code,
                            format!("`{}` near itself is two hits", a.value),
                            view.rule.file,
                            b.span.clone(),
                            "the same set",
                        )
                        .help(format!("`distinct({}) >= 2`?", a.value)),
                    );
                }
            });
        }
    }
}
