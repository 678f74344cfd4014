//! A term that stands inside ordinary words by accident.
//!
//! ```text
//! warning[W111]: `品代` stands inside ordinary words
//! 11 | words = { list = ["品代"] }
//!    |                   ^^^^^^ also hits `产品代理`
//! ```

use super::ordinary_word::each_deciding;
use super::words::{some, words};
use super::{Lint, Pass, warning};
use crate::fold::tables;
use crate::pack::Diagnostic;

/// Rarer words are left to the collision finder.
const AROUND_PER_MILLION: u32 = 2;

pub const LINT: Lint = Lint {
    name: "inside_word",
    code: warning(
        "W111",
        "term stands inside ordinary words",
        "Chinese has no blanks, so a term also hits where it happens to \
         stand inside longer words. The term is no word of its own in the \
         frequency list, a hit decides alone, and words around it are \
         common. Add the words as exceptions (`!word`).",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    let exceptions: Vec<String> = pass
        .sets
        .iter()
        .flat_map(|set| set.own.iter())
        .filter(|place| place.exception)
        .map(|place| place.folded())
        .collect();
    each_deciding(pass, &mut |place, rule| {
        let letters = &place.term.letters;
        let han = letters.iter().all(|c| tables::is_han(*c));
        if !han || words().per_million(&place.folded()).is_some() {
            return;
        }
        let mut around = words().around(letters);
        around.retain(|(word, often)| {
            *often >= AROUND_PER_MILLION
                && !exceptions.iter().any(|e| word.contains(e.as_str()))
        });
        if around.is_empty() {
            return;
        }
        out.push(
            Diagnostic::new(
                &LINT.code,
                format!("`{}` stands inside ordinary words", place.term.text),
                place.file,
                place.span.clone(),
                format!("also hits {}", some(&around, 3)),
            )
            .help(format!(
                "a hit makes `{rule}` true: add exceptions such as `!{}`",
                around[0].0
            )),
        );
    });
}
