//! The class sequence of a text. In: a text and the class table; out: one
//! class for each run of equal classes, with the byte where the run starts.
//! Separators and ignorables leave no trace here: the walk looks at them
//! again, but only where the search hit.
//!
//! Runs are collapsed so that `freeeee` and `free` look the same to the
//! search; patterns are collapsed the same way and the walk counts.

use super::fused::PADDING;
use crate::base::int;
use crate::fold::{ClassView, Sym};

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
    /// Characters of each run, capped at 255; the first entry is a dummy,
    /// so that the loop need not ask whether there was a run before.
    lengths: Vec<u8>,
    /// [`OPEN`] and [`CLOSE`] of each run, with a dummy in front as well.
    edges: Vec<u8>,
    count: usize,
    /// Runs that hold a symbol read as a letter.
    symbols: Vec<u32>,
}

/// A word may begin in this run: some letter of it does not follow an ASCII
/// letter directly, nor is it a digit behind a digit.
pub const OPEN: u8 = 1;
/// A word may end in this run: some letter of it is not an ASCII letter that
/// is followed by another one directly.
pub const CLOSE: u8 = 2;

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
        let room = text.len() + PADDING + 1;
        if self.syms.len() < room {
            self.syms.resize(room, 0);
            self.starts.resize(room, 0);
            self.lengths.resize(room, 0);
            self.edges.resize(room + 1, 0);
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
        let room = text.len() + PADDING + 1;
        let syms = &mut self.syms[..room];
        let starts = &mut self.starts[..room];
        let lengths = &mut self.lengths[..room];
        let edges = &mut self.edges[..room + 1];
        let mut count = 0;
        let mut last = u16::MAX;
        let mut run = 0u8;
        let mut edge = 0u8;
        let (mut letter_before, mut digit_before) = (false, false);
        for (offset, c) in text.char_indices() {
            let mut sym = classes.get(c).0;
            if sym & Sym::SYMBOL_BIT != 0 {
                seen.symbols = true;
                if SYMBOLS {
                    sym &= !Sym::SYMBOL_BIT;
                    let new = usize::from(sym != last);
                    let at = count + new;
                    self.symbols.push(int::to_u32(at.saturating_sub(1)));
                } else {
                    sym = Sym::SEPARATOR.0;
                }
            }
            syms[count] = sym;
            starts[count] = int::to_u32(offset);
            let letter = sym != Sym::IGNORABLE.0 && sym != Sym::SEPARATOR.0;
            let new = letter && sym != last;
            let is_letter = c.is_ascii_alphabetic();
            let is_digit = c.is_ascii_digit();
            let closes = !(letter_before && is_letter);
            edges[count] = edge | if closes { CLOSE } else { 0 };
            edge = if new { 0 } else { edges[count] };
            let opens = letter
                && !letter_before
                && !(digit_before && is_digit);
            edge |= if opens { OPEN } else { 0 };
            (letter_before, digit_before) = (is_letter, is_digit);
            count += usize::from(new);
            last = if letter { sym } else { last };
            run = if new { 0 } else { run };
            run = run.saturating_add(u8::from(letter));
            lengths[count] = run;
        }
        edges[count] = edge | CLOSE;
        syms[count..count + PADDING].fill(Sym::OTHER.0);
        edges[count + 1..=count + PADDING].fill(0);
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

    /// Characters of each run, capped at 255.
    pub fn lengths(&self) -> &[u8] {
        self.lengths.get(1..=self.count).unwrap_or(&[])
    }

    /// Where words may begin and end, with as many zeros behind.
    pub fn edges(&self) -> &[u8] {
        self.edges.get(1..=self.count + PADDING).unwrap_or(&[0; PADDING])
    }

    /// Runs that hold a symbol read as a letter, ascending, perhaps twice.
    pub fn symbols(&self) -> &[u32] {
        &self.symbols
    }
}
