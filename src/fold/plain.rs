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

use std::collections::{BTreeMap, HashMap};
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
    /// Of the basic plane, one number a code point.
    basic: Box<[u16; BASIC]>,
    /// Of all planes.
    index: Vec<u16>,
    blocks: Vec<u16>,
}

const BASIC: usize = 0x1_0000;

impl PlainLetters {
    /// The letter of a code point, or one of the three numbers that are
    /// none.
    #[inline]
    pub fn get(&self, c: char) -> u16 {
        let code = int::to_usize(u32::from(c));
        if let Some(letter) = self.basic.get(code) {
            return *letter;
        }
        let block = usize::from(self.index[code / BLOCK]);
        self.blocks[block * BLOCK + code % BLOCK]
    }
}

/// The one table of the program. Cost of the first call: a write for every
/// code point that means something, about a millisecond.
pub fn plain_letters() -> &'static PlainLetters {
    static TABLE: LazyLock<PlainLetters> = LazyLock::new(build);
    &TABLE
}

fn build() -> PlainLetters {
    let mut flat: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
    let mut set = |code: u32, letter: u16| {
        let code = int::to_usize(code);
        let block =
            flat.entry(code / BLOCK).or_insert_with(|| vec![OTHER; BLOCK]);
        block[code % BLOCK] = letter;
    };
    for &(first, last, kind) in tables::kind_ranges() {
        for code in first..=last {
            match kind {
                Kind::Ignorable | Kind::Mark => set(code, IGNORABLE),
                Kind::Separator => set(code, SEPARATOR),
                // What folds to another letter is written below.
                Kind::Letter => set(code, plain_number(code)),
                Kind::Other => {}
            }
        }
    }
    let ascii = (0u8..=0x7F).map(char::from);
    for c in ascii.chain(tables::all_mapped()) {
        set(u32::from(c), letter(c));
    }
    let mut table = PlainLetters {
        basic: Box::new([OTHER; BASIC]),
        index: vec![0; 0x11_0000 / BLOCK],
        // Block 0 is the one of code points that mean nothing.
        blocks: vec![OTHER; BLOCK],
    };
    let mut seen: HashMap<&[u16], u16> = HashMap::new();
    for (number, block) in &flat {
        let next = int::low16(int::to_u32(table.blocks.len() / BLOCK));
        let kept = *seen.entry(block).or_insert_with(|| {
            table.blocks.extend_from_slice(block);
            next
        });
        table.index[*number] = kept;
        let start = number * BLOCK;
        if let Some(own) = table.basic.get_mut(start..start + BLOCK) {
            own.copy_from_slice(block);
        }
    }
    table
}

/// A letter that folds to nothing else, as a number.
fn plain_number(code: u32) -> u16 {
    u16::try_from(code)
        .ok()
        .filter(|code| *code >= FIRST_LETTER)
        .unwrap_or(OTHER)
}

fn letter(c: char) -> u16 {
    match tables::kind(c) {
        Kind::Ignorable | Kind::Mark => IGNORABLE,
        Kind::Separator => SEPARATOR,
        Kind::Other => OTHER,
        Kind::Letter => plain_number(u32::from(latin(tables::canonical(c)))),
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
    fn letters_are_what_they_look_like() {
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
            ('あ', 'あ'),
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
    fn the_table_says_what_each_code_point_is() {
        let table = plain_letters();
        for c in '\0'..=char::MAX {
            assert_eq!(table.get(c), letter(c), "{c:?}");
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
