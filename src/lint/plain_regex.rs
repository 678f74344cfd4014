//! A regex that is a plain word.
//!
//! ```text
//! warning[W136]: the regex is a plain word
//! 11 | code = { regex = "invite code", literal = "invite" }
//!    |                  ^^^^^^^^^^^^^ a term finds it, disguised too
//! ```

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "plain_regex",
    code: warning(
        "W136",
        "regex is a plain word",
        "A regex without any operator finds one spelling. A term finds the \
         word in every disguise and costs less.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        for regex in &set.def.regexes {
            let body =
                regex.value.strip_prefix("(?i)").unwrap_or(&regex.value);
            if regex::escape(body) != body {
                continue;
            }
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    "the regex is a plain word",
                    set.def.file,
                    regex.span.clone(),
                    "a term finds it, disguised too",
                )
                .help(format!("list = [\"{body}\"]")),
            );
        }
    }
}
