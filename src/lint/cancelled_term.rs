//! A term that an exception of the set always takes away.
//!
//! ```text
//! warning[W108]: `casino` can never count
//! 11 | words = { list = ["casino", "!casino"] }
//!    |                   ^^^^^^^^  --------- this exception covers every hit
//! ```

use std::collections::HashMap;

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "cancelled_term",
    code: warning(
        "W108",
        "term is cancelled by an exception",
        "An exception takes away every hit that it covers. This one has the \
         letters of a term, so the undisguised term never counts and only \
         its disguises do, which nobody means.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        let exceptions: HashMap<String, &_> = set
            .own
            .iter()
            .filter(|place| place.exception)
            .map(|place| (place.folded(), place))
            .collect();
        for place in set.own.iter().filter(|place| !place.exception) {
            let Some(other) = exceptions.get(&place.folded()) else {
                continue;
            };
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    format!("`{}` can never count", place.term.text),
                    place.file,
                    place.span.clone(),
                    "cancelled",
                )
                .also(
                    other.file,
                    other.span.clone(),
                    "this exception covers every hit",
                )
                .help("keep one of the two"),
            );
        }
    }
}
