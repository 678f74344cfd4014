//! A one-character term that counts over a wide distance.
//!
//! ```text
//! warning[W112]: one-character term `微` counts within 40 letters
//! 14 | when = "near(cue, words, 40)"
//!    |        ^^^^^^^^^^^^^^^^^^^^^^
//! ```

use super::{Lint, Pass, logic, warning};
use crate::pack::Diagnostic;
use crate::pack::condition::Expr;
use crate::pack::term::is_symbol_letter;

/// In 16 letters of Chinese any one of the commonest characters stands by
/// chance more often than not; a sentence is about that long.
const NEAR_MAX: u32 = 16;

pub const LINT: Lint = Lint {
    name: "one_letter",
    code: warning(
        "W112",
        "one-character term over a wide distance",
        "A single character occurs in every other sentence. Within a few \
         letters of another hit it says something; over a whole sentence it \
         stands there by chance.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let Some(when) = &view.rule.when_expr else { continue };
        logic::each(when, &mut |part| {
            let (Expr::Near(a, b, n) | Expr::Before(a, b, n)) = part else {
                return;
            };
            if *n <= NEAR_MAX {
                return;
            }
            for name in [a, b] {
                let Some(set) = view.set(&name.value) else { continue };
                let single = set.terms().find(|place| {
                    !place.exception
                        && matches!(place.term.letters[..],
                            [c] if !is_symbol_letter(c))
                });
                let Some(single) = single else { continue };
                out.push(
                    Diagnostic::new(
                        &LINT.code,
                        format!(
                            "one-character term `{}` counts within {n} \
                             letters",
                            single.term.text
                        ),
                        view.rule.file,
                        name.span.clone(),
                        format!("`{}` has it", name.value),
                    )
                    .also(single.file, single.span.clone(), "here")
                    .help(format!(
                        "at most {NEAR_MAX} letters, or a longer term"
                    )),
                );
            }
        });
    }
}
