//! Two terms of one set that are the same letters after folding.
//!
//! ```text
//! warning[W104]: `Casino` is in the set already
//! 11 | words = { list = ["casino", "Casino"] }
//!    |                   --------  ^^^^^^^^ `Casino` again
//!    |                   first here
//! ```

use std::collections::BTreeMap;

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "same_term",
    code: warning(
        "W104",
        "term listed twice",
        "Two terms of one set are the same after folding (case, width, \
         traditional and styled letters); one of them never matters.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        // Files of one set may overlap: each serves other sets, too.
        let mut seen: BTreeMap<(usize, String, &[u8], bool), usize> =
            BTreeMap::new();
        for (number, place) in set.own.iter().enumerate() {
            if place.term.letters.is_empty() {
                continue;
            }
            let key = (
                place.file,
                place.folded(),
                &place.term.gaps[..],
                place.exception,
            );
            let Some(first) = seen.get(&key) else {
                seen.insert(key, number);
                continue;
            };
            let first = &set.own[*first];
            let text = &place.term.text;
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    format!("`{text}` is in the set already"),
                    place.file,
                    place.span.clone(),
                    format!("`{text}` again"),
                )
                .also(first.file, first.span.clone(), "first here")
                .fix("take the second one out", pass.remove(place)),
            );
        }
    }
}
