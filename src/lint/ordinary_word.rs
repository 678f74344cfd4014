//! A term that is an ordinary word and decides alone.
//!
//! ```text
//! warning[W110]: `network` is an ordinary word and decides alone
//! 11 | words = { list = ["network"] }
//!    |                   ^^^^^^^^^ about 200 times in a million words
//! ```

use super::pass::Place;
use super::words::words;
use super::{Lint, Pass, logic, warning};
use crate::image::gap;
use crate::pack::Diagnostic;

/// A word that a reader meets every day. The lists count words, so this is
/// once in about 500 posts of 100 words.
const ORDINARY_PER_MILLION: u32 = 20;

pub const LINT: Lint = Lint {
    name: "ordinary_word",
    code: warning(
        "W110",
        "term is an ordinary word",
        "The term stands in the word frequency list, and a hit of it alone \
         makes the condition true: every post with the word is flagged. Use \
         the set with `near`, or ask for a second set.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    each_deciding(pass, &mut |place, rule| {
        let word: String = place.folded();
        let Some(often) = words().per_million(&word) else { return };
        if often < ORDINARY_PER_MILLION
            || place.term.gaps.contains(&gap::SPACE)
        {
            return;
        }
        out.push(
            Diagnostic::new(
                &LINT.code,
                format!(
                    "`{}` is an ordinary word and decides alone",
                    place.term.text
                ),
                place.file,
                place.span.clone(),
                format!("at least {often} times in a million words"),
            )
            .help(format!(
                "a hit makes `{rule}` true: use `near`, or a second set"
            )),
        );
    });
}

/// Calls `see` with every term of which one hit makes a rule true, and that
/// rule's id.
pub fn each_deciding(pass: &Pass<'_>, see: &mut dyn FnMut(&Place, &str)) {
    for view in pass.rules.iter().filter(|view| !view.retired()) {
        let Some(when) = &view.rule.when_expr else { continue };
        for set in &view.sets {
            if !logic::decides(when, &set.name.value) {
                continue;
            }
            for place in set.terms().filter(|place| !place.exception) {
                see(place, &view.rule.id.value);
            }
        }
    }
}
