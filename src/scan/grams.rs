//! The n-grams of a text, as learned dictionaries count them. In: a text;
//! out: a key for each n-gram and where it stands. Training, scanning and
//! evidence all go through this file, so they cannot disagree.
//!
//! Two kinds. A *character n-gram* is 1 to 4 letters in a row; separators
//! and invisible characters between them do not count (`加.微` has 加微). A
//! *word n-gram* is one or two words in a row; a word is a run of letters of
//! a script that is written with spaces, and only separators may stand
//! between two. A letter that is repeated counts twice at most (`freeeee` is
//! `free`).
//!
//! Worked example, `Add 微信 ab1`, sizes 2 and 2. Letters: a d d 微 信 a b 1.
//! Characters: a, d, ad, dd, 微, d微, 信, 微信, 信a, b, ab, 1, b1. Words: add,
//! ab1; no pair, because Han stands between.
//!
//! Keys. Letters are numbers of 16 bits from 0x30 up, so up to four of them
//! *are* the key: no two n-grams share one. A word's key is a hash of its
//! letters whose low 16 bits are 1, a pair's 2, which no letter is.

use crate::base::int;
use crate::fold::{PlainLetters, letter, plain};
use crate::image::GRAM_CHARS_MAX;

/// Letters of the longest character n-gram.
const CHARS_MAX: usize = 4;
const _: () = assert!(GRAM_CHARS_MAX == 4, "a key holds four letters");
/// How often in a row a letter counts.
const REPEATS_MAX: u8 = 2;

/// How long n-grams may be. 0: none of the kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    pub chars: u8,
    pub words: u8,
}

impl Sizes {
    /// The longer of each.
    pub fn union(self, other: Sizes) -> Sizes {
        Sizes {
            chars: self.chars.max(other.chars),
            words: self.words.max(other.words),
        }
    }
}

/// The key of a word in progress.
#[derive(Clone, Copy, Debug)]
pub struct WordKey(u64);

impl Default for WordKey {
    fn default() -> WordKey {
        WordKey(0xCBF2_9CE4_8422_2325)
    }
}

impl WordKey {
    #[inline]
    pub fn push(&mut self, found: u16) {
        self.0 = mix(self.0 ^ u64::from(found));
    }

    #[inline]
    fn word(self) -> u64 {
        self.0 & !0xFFFF | 1
    }

    #[inline]
    fn pair(first: u64, second: u64) -> u64 {
        mix(first.rotate_left(23) ^ second) & !0xFFFF | 2
    }
}

#[inline]
fn mix(value: u64) -> u64 {
    let value = value.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    value ^ value >> 29
}

/// What a text is counted by.
pub trait Visit {
    /// An n-gram at `start..end`; shorter ones come first, and all that end
    /// at a letter come before the next letter.
    fn gram(&mut self, key: u64, start: u32, end: u32);
}

impl<F: FnMut(u64, u32, u32)> Visit for F {
    #[inline]
    fn gram(&mut self, key: u64, start: u32, end: u32) {
        self(key, start, end);
    }
}

/// Shows every n-gram of a text, repeated ones every time; gives the number
/// of letters that counted. No allocation.
pub fn each(
    text: &str,
    letters: &PlainLetters,
    sizes: Sizes,
    visit: &mut impl Visit,
) -> u32 {
    let mut chars = Chars::default();
    let mut words = Words { wanted: sizes.words, ..Words::default() };
    let mut count = 0;
    let (mut last, mut repeats) = (plain::OTHER, 0);
    for (at, c) in text.char_indices() {
        let found = letters.get(c);
        if found < plain::FIRST_LETTER {
            if found == plain::IGNORABLE {
                continue;
            }
            words.end(visit);
            if found == plain::OTHER {
                chars.len = 0;
                words.forget();
                last = plain::OTHER;
            }
            continue;
        }
        let end = at + c.len_utf8();
        let (start, end) = (int::to_u32(at), int::to_u32(end));
        repeats = if found == last { repeats + 1 } else { 1 };
        last = found;
        if repeats > REPEATS_MAX {
            // The word goes on to here all the same.
            words.stretch(end);
            repeats = REPEATS_MAX;
            continue;
        }
        count += 1;
        chars.push(found, start, end, sizes.chars, visit);
        if sizes.words > 0 {
            if is_spaced(found) {
                words.push(found, start, end);
            } else {
                words.end(visit);
                words.forget();
            }
        }
    }
    words.end(visit);
    count
}

/// Whether a letter is part of a word.
#[inline]
fn is_spaced(found: u16) -> bool {
    if found < 0x0E00 {
        return true;
    }
    // A letter is a code point of the basic plane.
    let c = char::from_u32(u32::from(found)).unwrap_or('\0');
    found < 0x2E80 && !letter::is_unspaced(c)
}

/// The last letters, newest in the low bits.
#[derive(Default)]
struct Chars {
    window: u64,
    /// Where each of them starts; the newest last.
    starts: [u32; CHARS_MAX],
    len: u8,
}

impl Chars {
    #[inline]
    fn push(
        &mut self,
        found: u16,
        start: u32,
        end: u32,
        most: u8,
        visit: &mut impl Visit,
    ) {
        self.window = self.window << 16 | u64::from(found);
        let [_, second, third, fourth] = self.starts;
        self.starts = [second, third, fourth, start];
        self.len = (self.len + 1).min(GRAM_CHARS_MAX);
        let mut mask = 0;
        for size in 1..=self.len.min(most) {
            mask = mask << 16 | 0xFFFF;
            let first = self.starts[CHARS_MAX - usize::from(size)];
            visit.gram(self.window & mask, first, end);
        }
    }
}

/// The word in progress and the one before it.
#[derive(Default)]
struct Words {
    wanted: u8,
    hash: WordKey,
    start: u32,
    end: u32,
    open: bool,
    before: Option<(u64, u32)>,
}

impl Words {
    #[inline]
    fn push(&mut self, found: u16, start: u32, end: u32) {
        if !self.open {
            (self.open, self.hash, self.start) =
                (true, WordKey::default(), start);
        }
        self.hash.push(found);
        self.end = end;
    }

    fn stretch(&mut self, end: u32) {
        if self.open {
            self.end = end;
        }
    }

    #[inline]
    fn end(&mut self, visit: &mut impl Visit) {
        if !self.open {
            return;
        }
        self.open = false;
        let own = self.hash.word();
        visit.gram(own, self.start, self.end);
        if self.wanted > 1
            && let Some((before, start)) = self.before
        {
            visit.gram(WordKey::pair(before, own), start, self.end);
        }
        self.before = Some((own, self.start));
    }

    fn forget(&mut self) {
        self.before = None;
    }
}
