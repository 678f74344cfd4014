//! A term that a shorter or a disguised one of the set finds already.
//!
//! ```text
//! warning[W107]: `free casino bonus` is found wherever `casino bonus` is
//! 11 | words = { list = ["casino bonus", "free casino bonus"] }
//!    |                   -------------- this one is inside
//! ```

use std::collections::HashMap;

use super::pass::{Place, SetView, counted};
use super::{Lint, Pass, warning};
use crate::fold::letter;
use crate::image::{Gate, gap};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "shadowed_term",
    code: warning(
        "W107",
        "term is shadowed by another",
        "Wherever this term stands, another term of the set stands too: \
         inside it, or as its look-alike (`cas1no` and `casino`). No rule \
         counts the different terms of the set, so the longer one never \
         changes anything.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    let counted = counted(pass);
    for set in &pass.sets {
        let mut known: HashMap<String, &Place> = HashMap::new();
        for place in set.own.iter().filter(|place| is_strong(place)) {
            known.entry(place.folded()).or_insert(place);
        }
        for place in set.own.iter().filter(|place| !place.exception) {
            // A set that nobody uses has no entry, and a lint of its own.
            let key = (place.file, place.span.start);
            if counted.get(&key).copied().unwrap_or(true) {
                continue;
            }
            if let Some((other, how)) = shadow(place, &known, set) {
                let text = &place.term.text;
                let title = format!(
                    "`{text}` is found wherever `{}` is",
                    other.term.text
                );
                out.push(
                    Diagnostic::new(
                        &LINT.code,
                        title,
                        place.file,
                        place.span.clone(),
                        "never matters",
                    )
                    .also(other.file, other.span.clone(), how)
                    .fix("take it out", pass.remove(place)),
                );
            }
        }
    }
}

/// Terms that tolerate everything a longer one does.
fn is_strong(place: &Place) -> bool {
    !place.exception && place.gate() == Gate::Free
}

/// The term of the set that stands wherever `place` does.
fn shadow<'p>(
    place: &Place,
    known: &HashMap<String, &'p Place>,
    set: &SetView<'_>,
) -> Option<(&'p Place, &'static str)> {
    let letters = &place.term.letters;
    let fits = |other: &Place| {
        other.level >= place.level
            && other.span != place.span
            && !has_exception(set, other)
    };
    for from in 0..letters.len() {
        for to in from + 1..=letters.len() {
            if to - from == letters.len() || to - from < 3 {
                continue;
            }
            let inner: String = letters[from..to].iter().collect();
            if let Some(other) = known.get(&inner)
                && fits(other)
                && stands_inside(place, other, from, to)
            {
                return Some((other, "this one is inside"));
            }
        }
    }
    // What is no letter may be one in disguise.
    let plain: String = letters
        .iter()
        .map(|c| match c.is_alphabetic() {
            true => *c,
            false => letter::readings(*c).last().unwrap_or(*c),
        })
        .collect();
    let other = known.get(&plain).filter(|_| plain != place.folded())?;
    let same_gaps = other.term.gaps == place.term.gaps;
    (fits(other) && same_gaps && place.gate() == Gate::Free)
        .then_some((*other, "looks the same"))
}

/// Whether gaps and word boundaries of the inner term are met inside.
fn stands_inside(
    outer: &Place,
    inner: &Place,
    from: usize,
    to: usize,
) -> bool {
    let gaps = &outer.term.gaps;
    let same = gaps[from + 1..to] == inner.term.gaps[1..];
    // A blank or mark of the outer term ends a word, and so does its own
    // boundary.
    let left = !inner.term.left
        || (from == 0 && outer.term.left)
        || (from > 0 && gaps[from] != gap::INNER);
    let right = !inner.term.right
        || (to == gaps.len() && outer.term.right)
        || (to < gaps.len() && gaps[to] != gap::INNER);
    same && left && right
}

/// An exception may take hits of the shorter term away and leave the longer
/// one.
fn has_exception(set: &SetView<'_>, place: &Place) -> bool {
    let folded = place.folded();
    set.own
        .iter()
        .any(|other| other.exception && other.folded().contains(&folded))
}
