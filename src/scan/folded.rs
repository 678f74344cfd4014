//! The class sequence of a text. In: a text and the class table; out: one
//! class for each run of equal classes, with the byte where the run starts.
//! Separators and ignorables leave no trace here: the walk looks at them
//! again, but only where the search hit.
//!
//! Runs are collapsed so that `freeeee` and `free` look the same to the
//! search; patterns are collapsed the same way and the walk counts.

use crate::base::int;
use crate::fold::{ClassView, Sym};

/// A reusable buffer.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    /// Class of each run; [`Sym::OTHER`] stands for a character that no
    /// term contains and keeps its neighbours apart.
    pub syms: Vec<u16>,
    /// Byte offset of each run's first character; one more entry with the
    /// length of the text.
    pub starts: Vec<u32>,
    /// Characters of each run, capped at 255.
    pub lengths: Vec<u8>,
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
        self.syms.clear();
        self.starts.clear();
        self.lengths.clear();
        self.syms.reserve(text.len());
        self.starts.reserve(text.len() + 1);
        let mut seen = Seen::default();
        let mut last = u16::MAX;
        for (offset, c) in text.char_indices() {
            let mut sym = classes.get(c).0;
            if sym & Sym::SYMBOL_BIT != 0 {
                if !symbols {
                    seen.symbols = true;
                    continue;
                }
                sym &= !Sym::SYMBOL_BIT;
            }
            if sym == Sym::IGNORABLE.0 || sym == Sym::SEPARATOR.0 {
                continue;
            }
            if sym != last {
                self.syms.push(sym);
                self.starts.push(int::to_u32(offset));
                self.lengths.push(1);
                last = sym;
            } else if let Some(length) = self.lengths.last_mut() {
                *length = length.saturating_add(1);
            }
        }
        self.starts.push(int::to_u32(text.len()));
        seen
    }
}
