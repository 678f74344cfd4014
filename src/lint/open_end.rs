//! A term with an open end that begins or ends many ordinary words.
//!
//! ```text
//! warning[W132]: `inter*` is also `international`, `internet`, 3 more
//! 11 | words = { list = ["inter*"] }
//!    |                   ^^^^^^^^
//! ```

use super::words::{some, words};
use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

/// A longer word that is worth a warning, and how many make one.
const OFTEN_PER_MILLION: u32 = 10;
const MANY: usize = 3;

pub const LINT: Lint = Lint {
    name: "open_end",
    code: warning(
        "W132",
        "open end takes in ordinary words",
        "`*` opens a word boundary: `invest*` also finds \"investing\". Here \
         it takes in several common words, some of which the author may not \
         have thought of. List the words that are meant.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        for place in set.own.iter().filter(|place| !place.exception) {
            let folded = place.folded();
            let latin = folded.bytes().all(|b| b.is_ascii_lowercase());
            if !latin || folded.is_empty() {
                continue;
            }
            let raw = &pass.text(place.file)[place.span.clone()];
            let mut found = Vec::new();
            if raw.contains(&format!("{}*", place.term.text)) {
                found.extend(words().beginning(&folded));
            }
            if raw.contains(&format!("*{}", place.term.text)) {
                found.extend(words().ending(&folded));
            }
            found.retain(|(_, often)| *often >= OFTEN_PER_MILLION);
            if found.len() >= MANY {
                out.push(Diagnostic::new(
                    &LINT.code,
                    format!(
                        "`{}` with an open end takes in ordinary words",
                        place.term.text
                    ),
                    place.file,
                    place.span.clone(),
                    format!("also {}", some(&found, 4)),
                ));
            }
        }
    }
}
