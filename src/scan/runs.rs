//! The letters of one run. In: a text and where a run of one class begins and
//! ends; out: the places where a pattern may begin. A run holds repeats of a
//! letter and separators, so that there may be several.

use super::Reader;
use crate::base::int;
use crate::image::Pattern;

/// Letters at the end of a run that are looked at, and how many more than a
/// pattern needs are tried as its first letter.
const RUN_TAIL_MAX: usize = 64 + RUN_REPEATS_MAX;
const RUN_REPEATS_MAX: usize = 8;

/// Where the letters of one run stand.
#[derive(Debug, Default)]
pub struct RunStarts {
    sym: u16,
    pub bounds: (u32, u32),
    /// The last letters of the run, from its end.
    tail: Vec<u32>,
}

impl RunStarts {
    /// Looks at a run. Cost: the letters kept, and the separators behind
    /// the last letter.
    pub fn fill(&mut self, reader: &Reader<'_>, sym: u16, bounds: (u32, u32)) {
        self.sym = sym;
        self.bounds = bounds;
        self.tail.clear();
        let (start, end) = bounds;
        let slice = &reader.text[int::to_usize(start)..int::to_usize(end)];
        for (offset, c) in slice.char_indices().rev() {
            if self.is_letter(reader, c) {
                self.tail.push(start + int::to_u32(offset));
                if self.tail.len() == RUN_TAIL_MAX {
                    break;
                }
            }
        }
    }

    fn is_letter(&self, reader: &Reader<'_>, c: char) -> bool {
        use crate::fold::Sym;
        let class = reader.view.classes.get(c).0;
        let symbol = class & Sym::SYMBOL_BIT != 0;
        class & !Sym::SYMBOL_BIT == self.sym && (reader.symbols || !symbol)
    }

    /// Places where a pattern that goes on after this run may begin: as
    /// many letters from the end of the run as the pattern has of it (the
    /// shortest hit first), a few more for repeats, and the first letter of
    /// the run (a word that begins with a long repeat).
    pub fn for_pattern(
        &self,
        reader: &Reader<'_>,
        pattern: Pattern<'_>,
    ) -> impl Iterator<Item = u32> {
        let own = |letter: &&u32| {
            char::from_u32(**letter).is_some_and(|c| self.is_letter(reader, c))
        };
        // Where a run has one letter, the walk tells as soon.
        let needed = match self.tail.len() {
            1 => 1,
            _ => pattern.letters.iter().take_while(own).count().max(1),
        };
        let last = (needed + RUN_REPEATS_MAX).min(self.tail.len());
        let near = self.tail.get(needed - 1..last).unwrap_or(&[]);
        let first = self.bounds.0;
        let far = near.last().is_some_and(|start| *start != first);
        near.iter().copied().chain(far.then_some(first))
    }

    /// Every letter of the run, in order.
    pub fn all<'t>(
        &'t self,
        reader: &'t Reader<'_>,
    ) -> impl Iterator<Item = u32> + 't {
        let (start, end) = self.bounds;
        let slice = &reader.text[int::to_usize(start)..int::to_usize(end)];
        slice
            .char_indices()
            .filter(|(_, c)| self.is_letter(reader, *c))
            .map(move |(offset, _)| start + int::to_u32(offset))
    }
}
