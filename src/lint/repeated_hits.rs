//! A count that one word repeated can reach.
//!
//! ```text
//! warning[W137]: one word said 3 times is enough
//! 14 | when = "count(words) >= 3"
//!    |               ^^^^^
//! ```

use super::{Lint, Pass, logic, warning};
use crate::image::Op;
use crate::pack::Diagnostic;
use crate::pack::condition::Expr;

pub const LINT: Lint = Lint {
    name: "repeated_hits",
    code: warning(
        "W137",
        "repetition counts",
        "`count` counts hits, so one word said several times is enough: a \
         song, a cheer, a quarrel. `distinct` counts different terms, which \
         is what makes several weak words a signal.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let Some(when) = &view.rule.when_expr else { continue };
        logic::each(when, &mut |part| {
            let Expr::Count(set, op, n) = part else { return };
            let several = match op {
                Op::Ge | Op::Eq => *n >= 2,
                Op::Gt => *n >= 1,
                _ => false,
            };
            if !several {
                return;
            }
            // With one term in the set only repetitions can be meant.
            let one = view
                .set(&set.value)
                .is_some_and(|set| set.identities() == Some(1));
            if one {
                return;
            }
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    format!("one word said {n} times is enough"),
                    view.rule.file,
                    set.span.clone(),
                    "counts repetitions",
                )
                .help(format!(
                    "`distinct({}) {} {n}`?",
                    set.value,
                    op.as_str()
                )),
            );
        });
    }
}
