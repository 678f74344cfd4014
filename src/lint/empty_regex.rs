//! A regex that matches the empty string.
//!
//! ```text
//! warning[W141]: the regex can match nothing
//! 11 | code = { regex = "[0-9]*", literal = "code" }
//!    |                  ^^^^^^^^ empty matches never count
//! ```

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "empty_regex",
    code: warning(
        "W141",
        "regex can match nothing",
        "The regex matches the empty string. Empty matches never count, but \
         where the regex is tried they hide longer ones that begin there; \
         `+` in place of `*` is what is meant as a rule.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        for regex in &set.def.regexes {
            let Ok(compiled) = regex::Regex::new(&regex.value) else {
                continue;
            };
            if compiled.is_match("") {
                out.push(Diagnostic::new(
                    &LINT.code,
                    "the regex can match nothing",
                    set.def.file,
                    regex.span.clone(),
                    "empty matches never count",
                ));
            }
        }
    }
}
