//! `folds` on a set whose terms are too short for it.
//!
//! ```text
//! warning[W113]: `folds = "letters"` has no effect here
//! 11 | words = { list = ["vx", "qq"], folds = "letters" }
//!    |                                        ^^^^^^^^^
//! ```

use super::{Lint, Pass, warning};
use crate::fold::Level;
use crate::image::Gate;
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "idle_folds",
    code: warning(
        "W113",
        "folds beyond the length gate",
        "What a term may be disguised by depends on its length: up to three \
         Latin letters are found by case and width only, a single character \
         as it is. All terms of this set are that short, so the `folds` that \
         the set asks for never happen.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        if set.def.level == Level::Exact || set.own.is_empty() {
            continue;
        }
        let short = set.own.iter().all(|place| {
            matches!(place.gate(), Gate::Single | Gate::ShortWord)
        });
        let Some(span) = pass.set_key(set.def, "folds") else { continue };
        if short && set.lent.is_empty() {
            let level = set.def.level.as_str();
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    format!("`folds = \"{level}\"` has no effect here"),
                    set.def.file,
                    span.clone(),
                    "every term of the set is too short",
                )
                .fix(
                    "say what happens",
                    vec![crate::pack::Edit {
                        file: set.def.file,
                        span,
                        with: "\"exact\"".to_owned(),
                    }],
                ),
            );
        }
    }
}
