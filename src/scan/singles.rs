//! Needles of one class: `888`, `哈哈`, and terms of one letter. In: a run of
//! such a class; out: the needles that may stand in it. Their classes stand
//! in every third text, so a run must be long enough before anything else is
//! asked.

use super::{Candidate, Folded, Phase, Reader};
use crate::base::int;
use crate::fold::{Sym, letter};
use crate::image::{ImageView, PatternRow};

/// The needles of one class of an image and phase, for each reading. Made
/// when an engine is.
#[derive(Clone, Debug, Default)]
pub struct Singles {
    readings: [Reading; 2],
}

#[derive(Clone, Debug, Default)]
struct Reading {
    /// By class.
    needs: Vec<Need>,
    needles: Vec<Single>,
    narrow: [u32; 32],
    wide: u32,
}

#[derive(Clone, Copy, Debug)]
struct Need {
    /// Letters that the shortest pattern has.
    letters: usize,
    /// Its needles, as a range of `needles`.
    first: usize,
    end: usize,
}

#[derive(Clone, Copy, Debug)]
struct Single {
    /// The first pattern of the needle.
    first: u32,
    /// All its spellings are whole words.
    is_word: bool,
}

/// In [`Singles::narrow`]: all spellings begin a word.
pub const OPEN: u32 = 1 << 31;

/// No needle of this class alone.
const NEVER: u32 = 1 << 30;

impl Singles {
    pub fn new(view: &ImageView<'_>, phase: Phase) -> Singles {
        let readings = [false, true].map(|s| Reading::new(view, phase, s));
        Singles { readings }
    }

    /// By the low bits of narrow classes: how many bytes a run must have,
    /// and [`OPEN`] where only words count.
    pub fn narrow(&self, symbols: bool) -> &[u32; 32] {
        &self.readings[usize::from(symbols)].narrow
    }

    /// How many bytes a run of a wide class must have. Where no needle is one
    /// letter, one letter is not enough, and most runs have no more.
    pub fn wide(&self, symbols: bool) -> u32 {
        self.readings[usize::from(symbols)].wide
    }

    /// Appends the needles of a class that may stand in run `at`.
    pub fn find(
        &self,
        reader: &Reader<'_>,
        folded: &Folded,
        class: u32,
        at: usize,
        out: &mut Vec<Candidate>,
    ) {
        let reading = &self.readings[usize::from(reader.symbols)];
        let Some(need) = reading.needs.get(int::to_usize(class)) else {
            return;
        };
        let all = &reading.needles[need.first..need.end];
        if all.is_empty() || !has_letters(reader, folded, at, need.letters) {
            return;
        }
        let mut inside = None;
        let run = int::to_u32(at);
        for single in all {
            let mut inside = || {
                *inside.get_or_insert_with(|| {
                    !folded.may_open(reader.text, at)
                        || !folded.may_close(reader.text, at)
                })
            };
            if !(single.is_word && inside()) {
                out.push(Candidate { first: single.first, run, len: 1 });
            }
        }
    }
}

/// Whether a run has so many letters.
fn has_letters(
    reader: &Reader<'_>,
    folded: &Folded,
    at: usize,
    wanted: usize,
) -> bool {
    if wanted <= 1 {
        return true;
    }
    let (class, starts) = (folded.syms()[at], folded.starts());
    let range = int::to_usize(starts[at])..int::to_usize(starts[at + 1]);
    let is_letter = |c: &char| {
        let own = reader.view.classes.get(*c).0;
        let symbol = own & Sym::SYMBOL_BIT != 0;
        own & !Sym::SYMBOL_BIT == class && (reader.symbols || !symbol)
    };
    range.len() >= wanted
        && reader.text[range]
            .chars()
            .filter(is_letter)
            .nth(wanted - 1)
            .is_some()
}

/// Bytes that a letter of a wide class has at least.
fn wide_letter_bytes(view: &ImageView<'_>) -> u32 {
    let is_wide = |c: char| {
        let class = view.classes.get(c).0 & !Sym::SYMBOL_BIT;
        class >= view.narrow_end && class >= Sym::FIRST_LETTER
    };
    // Whoever writes less than three bytes is below these.
    match ('\0'..'\u{800}').find(|c| is_wide(*c)) {
        Some(c) if c.is_ascii() => 1,
        Some(_) => 2,
        None => 3,
    }
}

impl Reading {
    fn new(view: &ImageView<'_>, phase: Phase, symbols: bool) -> Reading {
        let rows = view.fused[phase.index()].singles;
        let mut reading =
            Reading { narrow: [NEVER | OPEN; 32], ..Reading::default() };
        let classes = rows
            .last()
            .map_or(0, |[last, _]| int::to_usize(*last).saturating_add(1))
            .min(view.class_end());
        let mut wide = u32::MAX;
        let letter_bytes = wide_letter_bytes(view);
        let mut next = rows.iter().peekable();
        for class in 0..classes {
            let first = reading.needles.len();
            let mut letters = usize::MAX;
            while let Some([_, needle]) =
                next.next_if(|[of, _]| int::to_usize(*of) == class)
            {
                let patterns = || {
                    view.needle_patterns(*needle)
                        .map(|number| view.pattern(number))
                        .filter(|p| symbols || !p.row.has(PatternRow::SYMBOL))
                };
                let Some(least) = patterns().map(|p| p.letters.len()).min()
                else {
                    continue;
                };
                letters = letters.min(least);
                let opens = patterns().all(|p| p.row.has(PatternRow::LEFT));
                // A word that ends in a digit may end before a letter.
                let closes = patterns().all(|p| {
                    let last = p.letters.last().copied();
                    let last = last.and_then(char::from_u32).unwrap_or('0');
                    p.row.has(PatternRow::RIGHT) && !letter::is_digit(last)
                });
                let is_word = opens && closes;
                let all = view.needle_patterns(*needle);
                let first = int::to_u32(all.start);
                reading.needles.push(Single { first, is_word });
                if class < usize::from(view.narrow_end) {
                    reading.narrow(class, least, opens);
                } else {
                    let letters = int::to_u32(least);
                    wide = wide.min(letters.saturating_mul(letter_bytes));
                }
            }
            let end = reading.needles.len();
            reading.needs.push(Need { letters, first, end });
        }
        reading.wide = wide;
        reading
    }

    /// Narrow classes with the same low bits share a slot.
    fn narrow(&mut self, class: usize, letters: usize, opens: bool) {
        let slot = &mut self.narrow[class & 31];
        let open = if opens { *slot & OPEN } else { 0 };
        *slot = (*slot & !OPEN).min(int::to_u32(letters)) | open;
    }
}
