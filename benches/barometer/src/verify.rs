//! Whether what was found is right. Raw engines must agree among each other;
//! Trommel must find what they find, at the same bytes.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use crate::engines::Engine;
use crate::texts::Slice;

/// A Latin term is looked for as a word, which the raw engines know nothing
/// of: what they find inside longer words does not count.
fn is_word(post: &str, start: usize, end: usize) -> bool {
    let latin = |c: Option<char>| {
        c.is_some_and(|c| c.is_alphanumeric() && !is_unspaced(c))
    };
    let term = &post[start..end];
    let begins = latin(term.chars().next());
    let ends = latin(term.chars().next_back());
    !(begins && latin(post[..start].chars().next_back())
        || ends && latin(post[end..].chars().next()))
}

/// Letters of scripts that put no blanks between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// Whether a term of one letter (`aaa`) stands in a longer run of it. Trommel
/// reports such a term side by side in the run, not at every letter.
fn in_longer_run(post: &str, start: usize, end: usize) -> bool {
    let mut letters = post[start..end].chars();
    let Some(first) = letters.next() else { return false };
    // Invisible characters do not end a run.
    let seen = |c: &char| *c != '\u{200b}';
    letters.all(|c| c == first)
        && (post[..start].chars().rev().find(seen) == Some(first)
            || post[end..].chars().find(seen) == Some(first))
}

/// The first occurrences that the automaton finds and Trommel does not.
pub fn missing(
    automaton: &AhoCorasick,
    terms: &[String],
    slice: Slice<'_>,
    engine: &mut dyn Engine,
) -> Vec<String> {
    let mut missing = Vec::new();
    for post in slice.posts() {
        let Some(hits) = engine.hits(post) else { return missing };
        // Of terms that fold alike (拚命, 拼命) Trommel keeps one, so it is
        // the place that must be there, not the name.
        let places: BTreeSet<(usize, usize)> =
            hits.iter().map(|(start, end, _)| (*start, *end)).collect();
        for hit in automaton.find_overlapping_iter(post) {
            let (start, end) = (hit.start(), hit.end());
            let found = places.contains(&(start, end));
            let due =
                is_word(post, start, end) && !in_longer_run(post, start, end);
            if !found && due {
                let term = &terms[hit.pattern().as_usize()];
                let around: String = {
                    let before = post[..start].chars().rev().take(12);
                    let mut around: Vec<char> = before.collect();
                    around.reverse();
                    let after = post[start..].chars().take(24);
                    around.into_iter().chain(after).collect()
                };
                missing.push(format!("{term:?} at {start} in {around:?}"));
                if missing.len() >= 5 {
                    return missing;
                }
            }
        }
    }
    missing
}
