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
    haystack: String,
    /// Run number of each byte of the haystack.
    runs: Vec<u32>,
}

/// A class as a character, so that a match can only begin where a class
/// does: UTF-8 is self-synchronising. Classes are below 0x8000, so the
/// result is never a surrogate.
fn as_char(sym: u16) -> char {
    char::from_u32(u32::from(sym) + 0x20).unwrap_or('\u{FFFD}')
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
            syms.iter().map(|sym| as_char(*sym)).collect::<String>()
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
            let c = as_char(*sym);
            scratch.haystack.push(c);
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
