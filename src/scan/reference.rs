//! The reference engine: fold into a buffer, search with `aho-corasick`, no
//! shortcuts. In: folded text; out: every needle and where it starts. Slow,
//! obvious and right: the oracle for every other engine.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::{Candidate, Folded, Phase};
use crate::base::int;
use crate::image::ImageView;

/// The automaton over all needles of an image.
#[derive(Debug)]
pub struct Reference {
    automaton: Option<AhoCorasick>,
    /// The first pattern of the needle that each pattern of the automaton is.
    firsts: Vec<u32>,
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct ReferenceScratch {
    haystack: Vec<u8>,
    /// Run number of each byte of the haystack.
    runs: Vec<u32>,
}

/// Bits of a class that each byte behind the first one brings.
const PART: u32 = 6;
/// Classes that are one byte, and those that are two.
const ONE: u32 = 1 << PART;
const TWO: u32 = 120 << PART;
/// First bytes of classes of one, of two and of three bytes. What follows is
/// below all of them, so that a match can only begin where a class does.
const FIRSTS: [u32; 3] = [0x40, 0x80, 0xF8];

/// Appends a class as bytes: as few as there may be, because the automaton
/// takes a step for each.
fn push_class(sym: u16, out: &mut Vec<u8>) {
    let sym = u32::from(sym);
    let rest = |shift: u32| int::low_byte(sym >> shift & (ONE - 1));
    let first = |at: usize, high: u32| int::low_byte(FIRSTS[at] + high);
    if sym < ONE {
        out.push(first(0, sym));
    } else if sym < TWO {
        out.extend([first(1, sym >> PART), rest(0)]);
    } else {
        out.extend([first(2, sym >> (2 * PART)), rest(PART), rest(0)]);
    }
}

impl Reference {
    /// Builds the automaton for the needles that spell a term of the phase.
    pub fn new(
        view: &ImageView<'_>,
        phase: Phase,
    ) -> Result<Reference, String> {
        let needles: Vec<u32> = (0..int::to_u32(view.needle_count()))
            .filter(|needle| phase.has_needle(view, *needle))
            .collect();
        if needles.is_empty() {
            return Ok(Reference { automaton: None, firsts: Vec::new() });
        }
        let texts = needles.iter().map(|needle| {
            let syms = view.needle(*needle);
            let mut bytes = Vec::new();
            syms.iter().for_each(|sym| push_class(*sym, &mut bytes));
            bytes
        });
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(texts)
            .map_err(|error| error.to_string())?;
        let first =
            |needle: &u32| int::to_u32(view.needle_patterns(*needle).start);
        let firsts = needles.iter().map(first).collect();
        Ok(Reference { automaton: Some(automaton), firsts })
    }

    /// Every occurrence of every needle, overlapping ones included.
    pub fn candidates(
        &self,
        folded: &Folded,
        scratch: &mut ReferenceScratch,
        out: &mut Vec<Candidate>,
    ) {
        let Some(automaton) = &self.automaton else { return };
        scratch.haystack.clear();
        scratch.runs.clear();
        for (run, sym) in folded.syms().iter().enumerate() {
            push_class(*sym, &mut scratch.haystack);
            scratch.runs.resize(scratch.haystack.len(), int::to_u32(run));
        }
        for found in automaton.find_overlapping_iter(&scratch.haystack) {
            let run = scratch.runs[found.start()];
            let last = scratch.runs[found.end() - 1];
            out.push(Candidate {
                first: self.firsts[found.pattern().as_usize()],
                run,
                len: last + 1 - run,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_told_apart_and_begin_where_they_begin() {
        let mut seen = std::collections::BTreeSet::new();
        for sym in 0..0x8000 {
            let mut bytes = Vec::new();
            push_class(sym, &mut bytes);
            let (first, rest) = bytes.split_first().unwrap();
            assert!(u32::from(*first) >= FIRSTS[0], "{sym}");
            let below = |b: &u8| u32::from(*b) < FIRSTS[0];
            assert!(rest.iter().all(below), "{sym}");
            // No class begins as another one goes on.
            let len = match *first {
                0x40..0x80 => 1,
                0x80..0xF8 => 2,
                _ => 3,
            };
            assert_eq!(bytes.len(), len, "{sym}");
            assert!(seen.insert(bytes), "{sym}");
        }
    }
}
