//! An alias that begins with the mark of an exception or of an exact term,
//! which only the first of a line can have.
//!
//! ```text
//! warning[W145]: `!威海` is an alias and no exception
//! 11 | words = { list = ["加威|!威海"] }
//!    |                   ^^^^^^^^^^^^ finds `威海` as if it were the term
//! ```

use super::{Lint, Pass, warning};
use crate::pack::{Diagnostic, Edit};

pub const LINT: Lint = Lint {
    name: "marked_alias",
    code: warning(
        "W145",
        "alias has a mark that means nothing",
        "`!` makes a line an exception and `=` an undisguised term, for all \
         that stands in the line. Behind `|` they are signs like any other: \
         `加威|!威海` finds 威海, too. Give the exception a line, or an item of \
         the list, of its own.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        for place in set.own.iter().filter(|place| place.term.alias) {
            let text = &place.term.text;
            let what = match text.chars().next() {
                Some('!') => "no exception",
                Some('=') => "not exact",
                _ => continue,
            };
            let mut found = Diagnostic::new(
                &LINT.code,
                format!("`{text}` is an alias and {what}"),
                place.file,
                place.span.clone(),
                format!("finds `{}` as if it were the term", place.folded()),
            );
            // In a list the quotes, in a file the line end. What follows in
            // the line would become an exception, too.
            let raw = &pass.text(place.file)[place.span.clone()];
            let (between, end) = match raw.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    (format!("{quote}, {quote}"), quote.to_string())
                }
                _ => ("\n".to_owned(), String::new()),
            };
            let last = format!("|{text}{end}");
            let at = raw.len().saturating_sub(last.len());
            if raw.ends_with(&last) {
                let start = place.span.start + at;
                let span = start..start + "|".len();
                let edit = Edit { file: place.file, span, with: between };
                found = found.fix("give it its own line", vec![edit]);
            }
            out.push(found);
        }
    }
}
