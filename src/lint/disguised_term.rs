//! A term written in disguise.
//!
//! ```text
//! warning[W130]: `ｃａｓｉｎｏ` is written in disguise
//! 11 | words = { list = ["ｃａｓｉｎｏ"] }
//!    |                   ^^^^^^^^^^^^^^^^ folds to `casino`
//! ```

use super::pass::Place;
use super::{Lint, Pass, warning};
use crate::fold::tables::{self, Kind, TableFold};
use crate::pack::{Diagnostic, Edit};

pub const LINT: Lint = Lint {
    name: "disguised_term",
    code: warning(
        "W130",
        "term is written in disguise",
        "The term contains invisible characters or full-width, circled or \
         mathematical letters. They fold to plain ones in any case, so it \
         finds the same when written plainly, and the next reader can see \
         and search it.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        for place in &set.own {
            let odd = place.term.text.chars().any(is_odd);
            if !odd {
                continue;
            }
            let mut found = Diagnostic::new(
                &LINT.code,
                format!(
                    "`{}` is written in disguise",
                    crate::base::escape::terminal(&place.term.text)
                ),
                place.file,
                place.span.clone(),
                format!("folds to `{}`", place.folded()),
            );
            if let Some(edit) = plain(pass, place) {
                found = found.fix("write it plainly", vec![edit]);
            }
            out.push(found);
        }
    }
}

fn is_odd(c: char) -> bool {
    if matches!(tables::kind(c), Kind::Ignorable) {
        // What makes a symbol an emoji is written with it.
        return !matches!(c, '\u{FE0F}' | '\u{200D}' | '\u{20E3}');
    }
    let wide = matches!(tables::t0(c),
        Some((to, TableFold::Width)) if to.is_ascii_alphanumeric());
    wide || matches!(tables::t0(c), Some((_, TableFold::Styled)))
}

/// The term with its odd characters replaced where they stand.
fn plain(pass: &Pass<'_>, place: &Place) -> Option<Edit> {
    let raw = &pass.text(place.file)[place.span.clone()];
    let at = raw.find(&place.term.text)?;
    let with: String = place
        .term
        .text
        .chars()
        .filter(|c| {
            !is_odd(*c) || !matches!(tables::kind(*c), Kind::Ignorable)
        })
        .map(|c| match is_odd(c) {
            true => tables::t0(c).map_or(c, |(to, _)| to),
            false => c,
        })
        .collect();
    let start = place.span.start + at;
    let span = start..start + place.term.text.len();
    Some(Edit { file: place.file, span, with })
}
