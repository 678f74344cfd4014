//! A separator inside a Han term, which the search skips anyway.
//!
//! ```text
//! warning[W131]: the separators in `百.家.乐` do nothing
//! 11 | words = { list = ["百.家.乐"] }
//!    |                   ^^^^^^^^^^ finds what `百家乐` finds
//! ```

use super::{Lint, Pass, warning};
use crate::fold::{letter, tables};
use crate::image::gap;
use crate::pack::{Diagnostic, Edit};

pub const LINT: Lint = Lint {
    name: "idle_separator",
    code: warning(
        "W131",
        "separator inside a Han term",
        "Separators between Han characters are a disguise that the search \
         sees through by itself, so a term needs none. Written in the term \
         they only hide it from readers and from the check for duplicates.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for set in &pass.sets {
        for place in &set.own {
            let letters = &place.term.letters;
            let gaps = place.term.gaps.iter().enumerate().skip(1);
            let idle = letters.len() > 1
                && letters.iter().all(|c| tables::is_han(*c))
                && gaps.clone().any(|(_, kind)| *kind != gap::INNER);
            if !idle {
                continue;
            }
            let raw = &pass.text(place.file)[place.span.clone()];
            let mut found = Diagnostic::new(
                &LINT.code,
                format!("the separators in `{}` do nothing", place.term.text),
                place.file,
                place.span.clone(),
                format!("finds what `{}` finds", place.folded()),
            );
            if let Some(at) = raw.find(&place.term.text) {
                let start = place.span.start + at;
                let span = start..start + place.term.text.len();
                let kept = |c: &char| {
                    !matches!(tables::kind(*c), tables::Kind::Separator)
                        || letter::is_digit(*c)
                };
                let with = place.term.text.chars().filter(kept).collect();
                let edit = Edit { file: place.file, span, with };
                found = found.fix("write it without", vec![edit]);
            }
            out.push(found);
        }
    }
}
