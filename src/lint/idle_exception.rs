//! An exception that covers no term of its set.
//!
//! ```text
//! warning[W109]: exception `weather` covers no term
//! 11 | words = { list = ["casino", "!weather"] }
//!    |                             ^^^^^^^^^^ no term of the set is inside
//! ```

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "idle_exception",
    code: warning(
        "W109",
        "exception covers nothing",
        "An exception takes away hits that lie inside it, and only hits of \
         its own set. No term of this set is inside, so it does nothing; \
         perhaps it is in the wrong file, or misspelt.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        let terms: Vec<String> = set
            .own
            .iter()
            .filter(|place| !place.exception)
            .map(|place| place.folded())
            .filter(|letters| !letters.is_empty())
            .collect();
        for place in set.own.iter().filter(|place| place.exception) {
            let letters = place.folded();
            if terms.iter().any(|term| letters.contains(term.as_str())) {
                continue;
            }
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    format!("exception `{}` covers no term", place.term.text),
                    place.file,
                    place.span.clone(),
                    "no term of the set is inside",
                )
                .fix("take it out", pass.remove(place)),
            );
        }
    }
}
