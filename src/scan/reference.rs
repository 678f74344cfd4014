//! The reference engine: write the classes of a text as characters, search
//! them with `daachorse`, no shortcuts. In: folded text; out: every needle
//! and where it starts. Slow, obvious and right: the oracle for every other
//! engine.

use daachorse::CharwiseDoubleArrayAhoCorasick;

use super::{Candidate, Folded, Phase};
use crate::base::int;
use crate::image::ImageView;

/// The automaton over all needles of an image.
pub struct Reference {
    /// Its value is the first pattern of a needle.
    automaton: Option<CharwiseDoubleArrayAhoCorasick<u32>>,
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct ReferenceScratch {
    haystack: String,
    /// Run number of each byte of the haystack.
    runs: Vec<u32>,
}

/// A class as a character: classes are below the surrogates.
fn letter(sym: u16) -> char {
    char::from_u32(u32::from(sym)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reference").finish_non_exhaustive()
    }
}

impl Reference {
    /// Builds the automaton for the needles that spell a term of the phase.
    pub fn new(
        view: &ImageView<'_>,
        phase: Phase,
    ) -> Result<Reference, String> {
        let needles: Vec<(String, u32)> =
            (0..int::to_u32(view.needle_count()))
                .filter(|needle| phase.has_needle(view, *needle))
                .map(|needle| {
                    let syms = view.needle(needle);
                    let first = view.needle_patterns(needle).start;
                    let text = syms.iter().map(|sym| letter(*sym)).collect();
                    (text, int::to_u32(first))
                })
                .collect();
        if needles.is_empty() {
            return Ok(Reference { automaton: None });
        }
        let automaton = CharwiseDoubleArrayAhoCorasick::with_values(needles)
            .map_err(|error| error.to_string())?;
        Ok(Reference { automaton: Some(automaton) })
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
            scratch.haystack.push(letter(*sym));
            scratch.runs.resize(scratch.haystack.len(), int::to_u32(run));
        }
        for found in automaton.find_overlapping_iter(&scratch.haystack) {
            let run = scratch.runs[found.start()];
            let last = scratch.runs[found.end() - 1];
            out.push(Candidate {
                first: found.value(),
                run,
                len: last + 1 - run,
            });
        }
    }
}
