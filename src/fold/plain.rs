//! The plain letters of a text, for learned dictionaries. In: one code
//! point; out: its letter under tier 0, or what it is instead. The same for
//! every image: a weight must not change because another pack is loaded.
//!
//! Class tables join letters that share a disguise *in one dictionary* (with
//! `1` in a term, i and l are one class), so the class of a letter depends
//! on everything that was compiled together. Here each letter is a number of
//! its own: its canonical code point. Look-alike letters of other scripts
//! are read as Latin letters; digits stay digits, because in a post a number
//! says something that a letter does not.
//!
//! Example: `Ｆ`, `𝐅` and `f` are `f`; `а` (Cyrillic) is `a`; `樂` is `乐`;
//! `4` is `4`; U+200B is [`IGNORABLE`]; `.` and emoji are [`SEPARATOR`].

use std::sync::LazyLock;

use super::tables::{self, Kind, TableFold};
use crate::base::int;

/// What no n-gram contains and none reaches across.
pub const OTHER: u16 = 0;
/// What is stepped over as if it were not there.
pub const IGNORABLE: u16 = 1;
/// What is stepped over, and ends a word.
pub const SEPARATOR: u16 = 2;
/// Anything from here on is a letter: a code point of the basic plane. No
/// letter is below the digit 0.
pub const FIRST_LETTER: u16 = 0x30;

const BLOCK: usize = 256;

/// The table, made when it is first asked for.
#[derive(Debug)]
pub struct PlainLetters {
    index: Vec<u16>,
    blocks: Vec<u16>,
}

impl PlainLetters {
    /// The letter of a code point, or one of the three numbers that are
    /// none.
    #[inline]
    pub fn get(&self, c: char) -> u16 {
        let code = int::to_usize(u32::from(c));
        let block = usize::from(self.index[code / BLOCK]);
        self.blocks[block * BLOCK + code % BLOCK]
    }
}

/// The one table of the program. Cost of the first call: a look at every
/// code point, some milliseconds.
pub fn plain_letters() -> &'static PlainLetters {
    static TABLE: LazyLock<PlainLetters> = LazyLock::new(build);
    &TABLE
}

fn build() -> PlainLetters {
    let mut table = PlainLetters {
        index: vec![0; 0x11_0000 / BLOCK],
        // Block 0 is the one of code points that mean nothing.
        blocks: vec![OTHER; BLOCK],
    };
    let mut block = vec![OTHER; BLOCK];
    for number in 0..table.index.len() {
        for (low, slot) in block.iter_mut().enumerate() {
            let code = int::to_u32(number * BLOCK + low);
            *slot = char::from_u32(code).map_or(OTHER, letter);
        }
        if block.iter().all(|letter| *letter == OTHER) {
            continue;
        }
        // Two blocks that are equal and lie side by side are kept once: the
        // planes of Han that no letter of the basic plane stands for.
        let last = table.blocks.len() - BLOCK;
        if table.blocks[last..] != block[..] {
            table.blocks.extend_from_slice(&block);
        }
        let kept = table.blocks.len() / BLOCK - 1;
        table.index[number] = int::low16(int::to_u32(kept));
    }
    table
}

fn letter(c: char) -> u16 {
    match tables::kind(c) {
        Kind::Ignorable | Kind::Mark => IGNORABLE,
        Kind::Separator => SEPARATOR,
        Kind::Other => OTHER,
        Kind::Letter => {
            let plain = latin(tables::canonical(c));
            u16::try_from(u32::from(plain))
                .ok()
                .filter(|code| *code >= FIRST_LETTER)
                .unwrap_or(OTHER)
        }
    }
}

/// The Latin letter that a letter of another script looks like.
fn latin(c: char) -> char {
    if c.is_ascii() || tables::is_han(c) {
        return c;
    }
    tables::t1(c)
        .iter()
        .find(|(to, fold)| {
            *fold == TableFold::Homoglyph && to.is_ascii_lowercase()
        })
        .map_or(c, |(to, _)| *to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_itself_under_tier_0() {
        let table = plain_letters();
        let rows = [
            ('f', 'f'),
            ('Ｆ', 'f'),
            ('𝐅', 'f'),
            ('а', 'a'),
            ('樂', '乐'),
            ('乐', '乐'),
            ('4', '4'),
            ('４', '4'),
            ('é', 'e'),
            ('я', 'я'),
        ];
        for (from, to) in rows {
            let found = u32::from(table.get(from));
            assert_eq!(char::from_u32(found), Some(to), "{from}");
        }
        let none = [
            ('\u{200b}', IGNORABLE),
            ('\u{301}', IGNORABLE),
            ('.', SEPARATOR),
            (' ', SEPARATOR),
            ('🎉', SEPARATOR),
            ('\u{10ffff}', OTHER),
        ];
        for (from, what) in none {
            assert_eq!(table.get(from), what, "{from:?}");
        }
    }

    #[test]
    fn letters_are_their_own_letters() {
        let table = plain_letters();
        for code in 0..=u32::from(u16::MAX) {
            let Some(c) = char::from_u32(code) else { continue };
            let letter = table.get(c);
            if letter >= FIRST_LETTER {
                let again = char::from_u32(u32::from(letter)).unwrap();
                assert_eq!(table.get(again), letter, "{c} {again}");
            }
        }
    }
}
