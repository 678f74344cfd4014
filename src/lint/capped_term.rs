//! A term with more spellings than the compiler keeps.
//!
//! ```text
//! warning[W114]: `…` has 21 spellings, 15 are looked for
//! ```

use super::{Lint, Pass, warning};
use crate::fold::Level;
use crate::pack::{Diagnostic, expand};

pub const LINT: Lint = Lint {
    name: "capped_term",
    code: warning(
        "W114",
        "term expands over the cap",
        "Letters written as pairs (`rn` for m) and ligatures become spellings \
         of the term, and their number is capped to keep the tables small. \
         Not even every single replacement of this term fits, so some are not \
         looked for. \
         Use a shorter term, or two with `near`.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        for place in &set.own {
            let exact = place.level == Level::Exact || place.exception;
            let Some((all, kept)) = expand::over_cap(&place.term, exact)
            else {
                continue;
            };
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    format!(
                        "`{}` has {all} spellings with one change, {kept} \
                         are looked for",
                        place.term.text
                    ),
                    place.file,
                    place.span.clone(),
                    "some look-alike pairs will be missed",
                )
                .help("a shorter term finds more"),
            );
        }
    }
}
