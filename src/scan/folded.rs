//! The class sequence of a text. In: a text and the class table; out: one
//! class for each run of equal classes, with the byte where the run starts.
//! Separators and ignorables leave no trace here: the walk looks at them
//! again, but only where the search hit.
//!
//! Runs are collapsed so that `freeeee` and `free` look the same to the
//! search; patterns are collapsed the same way and the walk counts.

use crate::base::int;
use crate::fold::{ClassView, Sym};

/// Classes and offsets behind the last run that a vector may read.
pub const PADDING: usize = 16;

/// A reusable buffer. [`Sym::OTHER`] stands for a character that no term
/// contains and keeps its neighbours apart.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    /// Classes, then at least [`PADDING`] zeros, then leftovers of longer
    /// texts.
    syms: Vec<u16>,
    /// Byte offset of each run's first character; one more entry with the
    /// length of the text.
    starts: Vec<u32>,
    count: usize,
    /// Runs that hold a symbol read as a letter.
    symbols: Vec<u32>,
}

/// What a text contained besides letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// A character that can be a separator or a letter.
    pub symbols: bool,
}

impl Folded {
    /// Folds a text. With `symbols`, characters that can be both are letters.
    /// Cost: one table look-up for each character, no allocation once the
    /// buffer has grown.
    pub fn fill(
        &mut self,
        text: &str,
        classes: ClassView<'_>,
        symbols: bool,
    ) -> Seen {
        let room = text.len() + PADDING + 2;
        if self.syms.len() < room {
            self.syms.resize(room, 0);
            self.starts.resize(room, 0);
        }
        self.symbols.clear();
        if symbols {
            self.read::<true>(text, classes)
        } else {
            self.read::<false>(text, classes)
        }
    }

    /// Writes every character to the next slot and goes on to the one behind
    /// only when a run begins: no branch depends on the text but for symbols,
    /// which are rare.
    fn read<const SYMBOLS: bool>(
        &mut self,
        text: &str,
        classes: ClassView<'_>,
    ) -> Seen {
        let mut seen = Seen::default();
        let room = text.len() + PADDING + 2;
        let syms = &mut self.syms[..room];
        let starts = &mut self.starts[..room];
        let mut count = 0;
        let mut last = u16::MAX;
        for (offset, c) in text.char_indices() {
            let mut sym = classes.get(c).0;
            if sym & Sym::SYMBOL_BIT != 0 {
                seen.symbols = true;
                if SYMBOLS {
                    sym &= !Sym::SYMBOL_BIT;
                    let at = count + usize::from(sym != last);
                    self.symbols.push(int::to_u32(at.saturating_sub(1)));
                } else {
                    sym = Sym::SEPARATOR.0;
                }
            }
            syms[count] = sym;
            starts[count] = int::to_u32(offset);
            let skipped = sym == Sym::IGNORABLE.0 || sym == Sym::SEPARATOR.0;
            let new = !skipped & (sym != last);
            last = if skipped { last } else { sym };
            count += usize::from(new);
        }
        syms[count..count + PADDING].fill(Sym::OTHER.0);
        starts[count] = int::to_u32(text.len());
        self.count = count;
        seen
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

    /// Where each run starts, and the length of the text.
    pub fn starts(&self) -> &[u32] {
        self.starts.get(..=self.count).unwrap_or(&[0])
    }

    /// The same with [`PADDING`] entries of no meaning behind it.
    pub fn padded_starts(&self) -> &[u32] {
        self.starts.get(..=self.count + PADDING).unwrap_or(&[0; PADDING + 1])
    }

    /// Runs that hold a symbol read as a letter, ascending, perhaps twice.
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
