//! An exception that covers no term of its set.
//!
//! ```text
//! warning[W109]: exception `weather` covers no term
//! 11 | words = { list = ["casino", "!weather"] }
//!    |                             ^^^^^^^^^^ no term of the set is inside
//! ```

use super::pass::Place;
use super::{Lint, Pass, warning};
use crate::fold::{Level, sound};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "idle_exception",
    code: warning(
        "W109",
        "exception covers nothing",
        "An exception takes away hits that lie inside it, and only hits of \
         its own set. No term of this set is inside, nor one that is heard \
         or seen there, so it does nothing; perhaps it is in the wrong file, \
         or misspelt.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        let (exceptions, terms): (Vec<&Place>, Vec<&Place>) =
            set.own.iter().partition(|place| place.exception);
        let terms: Vec<(String, bool)> = terms
            .iter()
            .map(|place| (place.folded(), place.level == Level::Strong))
            .filter(|(letters, _)| !letters.is_empty())
            .collect();
        for place in exceptions {
            let letters = place.folded();
            let inside = |(term, heard): &(String, bool)| {
                letters.contains(term.as_str())
                    || *heard && is_heard(term, &letters)
            };
            if terms.iter().any(inside) {
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

/// Whether a term may be heard or seen somewhere in a text: each character is
/// the one of the term, or sounds or looks like it.
fn is_heard(term: &str, text: &str) -> bool {
    let term: Vec<char> = term.chars().collect();
    let text: Vec<char> = text.chars().collect();
    text.windows(term.len()).any(|place| {
        place.iter().zip(&term).all(|(c, letter)| {
            c == letter || sound::stands_for(*c, *letter).is_some()
        })
    })
}
