//! An `[[allow]]` that allows nothing.
//!
//! ```text
//! warning[W144]: nothing to allow
//! 2 | lint = "W107"
//!   |        ^^^^^^ the lint says nothing here
//! ```

use super::{LINTS, Lint, Pass, warning};
use crate::base::near;
use crate::pack::{Diagnostic, Edit};

pub const LINT: Lint = Lint {
    name: "unused_allow",
    code: warning(
        "W144",
        "allow that allows nothing",
        "The pack silences a lint that says nothing, or one that does not \
         exist. Errors cannot be allowed. A silence that outlives its reason \
         would hide the next mistake.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for (pack, syntax) in pass.packs() {
        for (number, allow) in syntax.allows.iter().enumerate() {
            if pass.was_used(pack, number) {
                continue;
            }
            let wanted = allow.lint.value.as_str();
            let known = LINTS.iter().any(|lint| {
                lint.name == wanted
                    || lint.code.id.eq_ignore_ascii_case(wanted)
            });
            // Without an image some lints do not run.
            if known && pass.scanner.is_none() {
                continue;
            }
            let why = match known {
                true => "the lint says nothing here",
                false => "no lint is called that",
            };
            let mut found = Diagnostic::new(
                &LINT.code,
                "nothing to allow",
                allow.file,
                allow.lint.span.clone(),
                why,
            );
            if known {
                let text = pass.text(allow.file);
                let edit = Edit {
                    file: allow.file,
                    span: block(text, allow.span.start),
                    with: String::new(),
                };
                found = found.fix("take it out", vec![edit]);
            } else {
                let names = LINTS.iter().map(|lint| lint.name);
                let codes = LINTS.iter().map(|lint| lint.code.id);
                if let Some(near) = near::nearest(wanted, names.chain(codes)) {
                    found = found.help(format!("did you mean `{near}`?"));
                }
            }
            out.push(found);
        }
    }
}

/// From the header of a table to the next header or the end.
fn block(text: &str, start: usize) -> std::ops::Range<usize> {
    let body = &text[start..];
    let first = body.find('\n').map_or(body.len(), |at| at + 1);
    let next = body[first..]
        .match_indices('[')
        .map(|(at, _)| first + at)
        .find(|at| body[..*at].ends_with('\n'))
        .unwrap_or(body.len());
    start..start + next
}
