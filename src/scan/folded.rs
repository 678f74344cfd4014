//! The class sequence of a text. In: a text and the class table; out: one
//! class for each run of equal classes, with the byte where the run starts.
//! Separators and ignorables leave no trace here: the walk looks at them
//! again, but only where the search hit.
//!
//! Runs are collapsed so that `freeeee` and `free` look the same to the
//! search; patterns are collapsed the same way and the walk counts.
//!
//! Beside each class stand the marks of its table entry, and whether its run
//! begins in the middle of a Latin word: the sieve asks them before it
//! touches any table.

use super::sieve::Simd;
use crate::base::int;
use crate::fold::{ClassView, Sym, mark};

/// Classes and offsets behind the last run that a vector may read or write.
pub const PADDING: usize = 48;

/// In place of the symbol bit of an entry: the run is one letter that an
/// ASCII letter stands directly before.
pub const INSIDE: u32 = 1 << 15;

/// The class of an entry.
pub const CLASS: u32 = INSIDE - 1;

/// No entry of a text has this, so that the first run always is a new one.
pub const NO_ENTRY: u32 = mark::ASTRAL;

/// A code point beyond the basic plane.
const BEYOND: u16 = 0xD800;

/// [`Sym::SYMBOL_BIT`] in an entry of the class table.
pub const SYMBOL: u32 = 1 << 15;

/// A reusable buffer. [`Sym::OTHER`] stands for a character that no term
/// contains and keeps its neighbours apart.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    /// Classes, then at least [`PADDING`] zeros, then leftovers of longer
    /// texts. The same holds for the entries.
    pub(super) syms: Vec<u16>,
    pub(super) entries: Vec<u32>,
    /// Byte offset of each run's first character; one more entry with the
    /// length of the text.
    pub(super) starts: Vec<u32>,
    pub(super) count: usize,
    /// In the plain reading the offsets of symbols, in the other one the
    /// runs that hold one.
    pub(super) symbols: Vec<u32>,
    /// An escape may begin somewhere.
    pub(super) escapes: bool,
    /// With [`Mode::Codes`] each character that leaves a trace: its code
    /// point, a surrogate beyond the basic plane, and where it begins. Behind
    /// `letters` is room, as behind the runs.
    pub(super) codes: Vec<u16>,
    pub(super) places: Vec<u32>,
    pub(super) letters: usize,
}

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Symbols are no letters.
    Plain,
    /// The same, and the code points are kept.
    Codes,
    /// Characters that can be both are letters.
    Symbols,
}

impl Folded {
    /// Folds a text. Cost: one table look-up for each character, no allocation
    /// once the buffer has grown.
    pub fn fill(
        &mut self,
        simd: Simd,
        text: &str,
        classes: ClassView<'_>,
        mode: Mode,
    ) {
        let room = text.len() + PADDING + 2;
        if self.syms.len() < room {
            self.syms.resize(room, 0);
            self.entries.resize(room, 0);
            self.starts.resize(room, 0);
        }
        if mode == Mode::Codes && self.codes.len() < room {
            self.codes.resize(room, 0);
            self.places.resize(room, 0);
        }
        self.symbols.clear();
        self.escapes = false;
        self.letters = 0;
        match (simd, mode) {
            (_, Mode::Symbols) => self.read::<true, false>(text, classes),
            #[cfg(target_arch = "x86_64")]
            (Simd::Avx512(avx512), _) => {
                avx512.fold(self, text, classes, mode == Mode::Codes);
            }
            (_, Mode::Plain) => self.read::<false, false>(text, classes),
            (_, Mode::Codes) => self.read::<false, true>(text, classes),
        }
        let count = self.count;
        self.syms[count..count + PADDING].fill(Sym::OTHER.0);
        self.entries[count..count + PADDING].fill(0);
        self.starts[count] = int::to_u32(text.len());
    }

    /// Writes every character to the next slot and goes on to the one behind
    /// only when a run begins: no branch depends on the text but for symbols
    /// and escapes, which are rare.
    fn read<const SYMBOLS: bool, const CODES: bool>(
        &mut self,
        text: &str,
        classes: ClassView<'_>,
    ) {
        let room = text.len() + PADDING + 2;
        let syms = &mut self.syms[..room];
        let entries = &mut self.entries[..room];
        let starts = &mut self.starts[..room];
        let kept = if CODES { room } else { 0 };
        let codes = &mut self.codes[..kept];
        let places = &mut self.places[..kept];
        let mut letters = 0;
        let mut count = 0;
        let mut last = NO_ENTRY;
        let mut inside = false;
        for (offset, c) in text.char_indices() {
            let mut entry = classes.entry(c);
            if entry & (SYMBOL | mark::ESCAPE) != 0 {
                self.escapes |= entry & mark::ESCAPE != 0;
                if SYMBOLS && entry & SYMBOL != 0 {
                    entry &= !(SYMBOL | mark::SKIP);
                    let at = count + usize::from((entry ^ last) & CLASS != 0);
                    self.symbols.push(int::to_u32(at.saturating_sub(1)));
                } else if entry & SYMBOL != 0 {
                    self.symbols.push(int::to_u32(offset));
                }
            }
            let within = if inside && !SYMBOLS { INSIDE } else { 0 };
            inside = c.is_ascii_alphabetic();
            let skipped = entry & mark::SKIP != 0;
            let new = (entry ^ last) & (CLASS | NO_ENTRY) != 0;
            entry = entry & !SYMBOL | within;
            syms[count] = int::low16(entry & CLASS);
            entries[count] = entry;
            starts[count] = int::to_u32(offset);
            if !new && !skipped && within == 0 {
                // One more letter of the run, where a word may begin.
                entries[count - 1] &= !INSIDE;
            }
            last = if skipped { last } else { entry };
            count += usize::from(new & !skipped);
            if CODES {
                codes[letters] = u16::try_from(u32::from(c)).unwrap_or(BEYOND);
                places[letters] = int::to_u32(offset);
                letters += usize::from(!skipped);
            }
        }
        self.count = count;
        self.letters = letters;
    }

    /// Number of runs.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The class of each run.
    pub fn syms(&self) -> &[u16] {
        &self.syms[..self.count]
    }

    /// The same with [`PADDING`] times [`Sym::OTHER`] behind it.
    pub fn padded(&self) -> &[u16] {
        self.syms.get(..self.count + PADDING).unwrap_or(&[0; PADDING])
    }

    /// Classes with marks and [`INSIDE`], with [`PADDING`] zeros behind.
    pub fn entries(&self) -> &[u32] {
        self.entries.get(..self.count + PADDING).unwrap_or(&[0; PADDING])
    }

    /// Where each run starts, and the length of the text.
    pub fn starts(&self) -> &[u32] {
        self.starts.get(..=self.count).unwrap_or(&[0])
    }

    /// The code points of all characters that leave a trace, and where they
    /// begin; nothing unless [`Mode::Codes`] asked for them.
    pub fn codes(&self) -> (&[u16], &[u32]) {
        (&self.codes[..self.letters], &self.places[..self.letters])
    }

    /// Whether an escape may begin somewhere in the text.
    pub fn has_escapes(&self) -> bool {
        self.escapes
    }

    /// Plain reading: where symbols stand, ascending. Symbol reading: runs
    /// that hold a symbol read as a letter, ascending, perhaps twice.
    pub fn symbols(&self) -> &[u32] {
        &self.symbols
    }

    /// Whether a word may begin in a run: false when each letter of it
    /// follows an ASCII letter directly or is a digit behind a digit. Long
    /// runs are not looked at.
    pub fn may_open(&self, text: &str, run: usize) -> bool {
        self.region(text, run).is_none_or(|(before, region)| {
            let mut before = before;
            region.iter().any(|byte| {
                let number = before.is_ascii_digit() && byte.is_ascii_digit();
                let inside = number || before.is_ascii_alphabetic();
                before = *byte;
                is_letter(*byte) && !inside
            })
        })
    }

    /// Whether a word may end in a run: false when each letter of it is an
    /// ASCII letter that another one follows directly.
    pub fn may_close(&self, text: &str, run: usize) -> bool {
        self.region(text, run).is_none_or(|(_, region)| {
            let end = int::to_usize(self.starts()[run + 1]);
            let after = text.as_bytes().get(end).copied().unwrap_or(b' ');
            let next = region.iter().skip(1).chain(std::iter::once(&after));
            region.iter().zip(next).any(|(byte, next)| {
                is_letter(*byte)
                    && !(byte.is_ascii_alphabetic()
                        && next.is_ascii_alphabetic())
            })
        })
    }

    /// The bytes of a run and of the separators behind it, and the byte
    /// before.
    fn region<'t>(&self, text: &'t str, run: usize) -> Option<(u8, &'t [u8])> {
        let &[start, end] = self.starts().get(run..run + 2)? else {
            return None;
        };
        let (start, end) = (int::to_usize(start), int::to_usize(end));
        let bytes = text.as_bytes();
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        let region = bytes.get(start..end)?;
        let before = before.copied().unwrap_or(b' ');
        (region.len() <= REGION_MAX).then_some((before, region))
    }
}

/// Bytes of a run that are looked at for word boundaries.
const REGION_MAX: usize = 8;

/// Whether a byte may belong to a letter: symbols may.
fn is_letter(byte: u8) -> bool {
    !byte.is_ascii_whitespace()
}
