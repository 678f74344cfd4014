//! The n-grams of a text, as learned dictionaries count them. In: a text;
//! out: a key for each n-gram and where it stands. Training, scanning and
//! evidence all go through this file, so they cannot disagree.
//!
//! Three kinds. A *character n-gram* is 1 to 4 letters in a row; separators
//! and invisible characters between them do not count (`加.微` has 加微). A
//! *word n-gram* is one or two words in a row; a word is a run of letters of
//! a script that is written with spaces, and only separators may stand
//! between two. A letter that is repeated counts twice at most (`freeeee` is
//! `free`). A *sign n-gram* is a sign (punctuation, symbol, emoji), or two
//! characters next to each other: two signs, or a letter beside a sign or a
//! blank. Invisible characters are stepped over, any number of blanks is one,
//! full-width signs are those of ASCII.
//!
//! Worked example, `Add 微信! ab1`, sizes 2, 2 and 2. Letters: add微信ab1.
//! Characters: a, d, ad, dd, 微, d微, 信, 微信, 信a, b, ab, 1, b1. Words: add,
//! ab1; no pair, because Han stands between. Signs, with ␣ for a blank: d␣,
//! ␣微, !, 信!, ␣a.
//!
//! Keys. Letters are numbers of 16 bits from 0x30 up, so up to four of them
//! *are* the key: no two n-grams share one. A word's key is a hash of its
//! letters whose low 16 bits are 1, a pair's 2, which no letter is. A sign's
//! key is its code point above a 3, that of two characters both above a 4.

use std::sync::LazyLock;

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
    pub signs: u8,
}

impl Sizes {
    /// The longer of each.
    pub fn union(self, other: Sizes) -> Sizes {
        Sizes {
            chars: self.chars.max(other.chars),
            words: self.words.max(other.words),
            signs: self.signs.max(other.signs),
        }
    }
}

/// What a blank is among signs.
const BLANK: u32 = 0x20;
/// How a blank of a sign n-gram is written.
pub const BLANK_SHOWN: char = '\u{2423}';

/// Which kind of n-gram a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    Char,
    Sign,
    Word,
}

impl Unit {
    pub fn of(key: u64) -> Unit {
        match key & 0xFFFF {
            1 | 2 => Unit::Word,
            3 | 4 => Unit::Sign,
            _ => Unit::Char,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Unit::Char => "char",
            Unit::Sign => "sign",
            Unit::Word => "word",
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

    /// The character n-grams that end at a letter: of the last 1 to `count`
    /// letters of the window, whose newest is in the low bits.
    #[inline]
    fn chars(&mut self, window: u64, count: u8, starts: [u32; 4], end: u32) {
        for size in 1..=count.min(GRAM_CHARS_MAX) {
            let first = starts[CHARS_MAX - usize::from(size)];
            self.gram(window & mask(size), first, end);
        }
    }
}

/// The low so many letters of a window, from 1 to 4.
#[inline]
pub fn mask(size: u8) -> u64 {
    u64::MAX >> (64 - 16 * u32::from(size))
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
    let mut signs = Signs { wanted: sizes.signs, ..Signs::default() };
    let mut count = 0;
    let (mut last, mut repeats) = (plain::OTHER, 0);
    for (at, c) in text.char_indices() {
        let found = letters.get(c);
        if found < plain::FIRST_LETTER {
            if found == plain::IGNORABLE {
                continue;
            }
            words.end(visit);
            if sizes.signs > 0 {
                signs.push(sign(c), at, c, visit);
            }
            if found == plain::OTHER {
                chars.len = 0;
                words.forget();
                last = plain::OTHER;
            }
            continue;
        }
        if sizes.signs > 0 {
            signs.letter(found, at, c, visit);
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
        visit.chars(self.window, self.len.min(most), self.starts, end);
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

/// A character as sign n-grams see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Character {
    /// A letter that no n-gram holds, or none at all.
    #[default]
    None,
    Blank,
    Sign(u32),
    Letter(u16),
}

/// A character n-gram as weights files write it: its letters.
pub fn letters_text(key: u64) -> String {
    let letter = |n: u32| int::low_u32(key >> (16 * n)) & 0xFFFF;
    let letters = (0..u32::from(GRAM_CHARS_MAX)).rev().map(letter);
    letters.filter(|c| *c != 0).filter_map(char::from_u32).collect()
}

/// One or two words as weights files write them: letters as they count, a
/// blank between words.
pub fn word_text(quote: &str, letters: &PlainLetters) -> String {
    let mut out = String::new();
    let (mut last, mut repeats) = (plain::OTHER, 0);
    for c in quote.chars() {
        let found = letters.get(c);
        if found == plain::IGNORABLE {
            continue;
        }
        if found < plain::FIRST_LETTER {
            if !out.ends_with(' ') && !out.is_empty() {
                out.push(' ');
            }
            continue;
        }
        repeats = if found == last { repeats + 1 } else { 1 };
        last = found;
        if repeats > REPEATS_MAX {
            repeats = REPEATS_MAX;
            continue;
        }
        out.extend(char::from_u32(u32::from(found)));
    }
    out.trim_end().to_owned()
}

/// A sign n-gram as weights files write it: folded, `␣` for a blank.
pub fn sign_text(quote: &str, letters: &PlainLetters) -> String {
    let mut out = String::new();
    for c in quote.chars() {
        let found = letters.get(c);
        let shown = if found >= plain::FIRST_LETTER {
            char::from_u32(u32::from(found))
        } else if found == plain::IGNORABLE {
            None
        } else {
            match sign(c) {
                Character::Blank if out.ends_with(BLANK_SHOWN) => None,
                Character::Blank => Some(BLANK_SHOWN),
                Character::Sign(code) => char::from_u32(code),
                Character::Letter(_) | Character::None => None,
            }
        };
        out.extend(shown);
    }
    out
}

/// What a character is that is no letter of an n-gram.
#[inline]
fn sign(c: char) -> Character {
    match SIGNS.get(int::to_usize(u32::from(c))) {
        Some(0) => Character::None,
        Some(&code) if u32::from(code) == BLANK => Character::Blank,
        Some(&code) => Character::Sign(u32::from(code)),
        None => find_sign(c),
    }
}

/// Signs of the basic plane, made when the first is met: their code points,
/// [`BLANK`] for blanks, 0 for what is none. The control U+0000 is none.
static SIGNS: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let of = |code: u16| match char::from_u32(u32::from(code)) {
        Some(c) => find_sign(c),
        None => Character::None,
    };
    let number = |sign: Character| match sign {
        Character::Blank => int::low16(BLANK),
        Character::Sign(code) => u16::try_from(code).unwrap_or(0),
        Character::Letter(_) | Character::None => 0,
    };
    (0..=u16::MAX).map(of).map(number).collect()
});

fn find_sign(c: char) -> Character {
    if c.is_whitespace() {
        return Character::Blank;
    }
    // The sign that stands for a blank in weights files is none.
    if c == BLANK_SHOWN || c.is_alphanumeric() || c.is_control() {
        return Character::None;
    }
    Character::Sign(u32::from(letter::half_width(c).unwrap_or(c)))
}

/// The character before.
#[derive(Default)]
struct Signs {
    wanted: u8,
    before: Character,
    start: u32,
}

impl Signs {
    /// Bits of a code point.
    const CODE: u32 = 21;

    /// A letter: behind another one there is nothing to tell.
    #[inline]
    fn letter(
        &mut self,
        found: u16,
        at: usize,
        c: char,
        visit: &mut impl Visit,
    ) {
        let own = Character::Letter(found);
        match self.before {
            Character::Letter(_) | Character::None => {
                (self.before, self.start) = (own, int::to_u32(at));
            }
            _ => self.push(own, at, c, visit),
        }
    }

    #[inline]
    fn push(
        &mut self,
        own: Character,
        at: usize,
        c: char,
        visit: &mut impl Visit,
    ) {
        let (start, end) = (int::to_u32(at), int::to_u32(at + c.len_utf8()));
        if let Character::Sign(code) = own {
            visit.gram(u64::from(code) << 16 | 3, start, end);
        }
        let pair = match (self.before, own) {
            (Character::Letter(a), Character::Sign(b)) => {
                Some((u32::from(a), b))
            }
            (Character::Sign(a), Character::Letter(b)) => {
                Some((a, u32::from(b)))
            }
            (Character::Letter(a), Character::Blank) => {
                Some((u32::from(a), BLANK))
            }
            (Character::Blank, Character::Letter(b)) => {
                Some((BLANK, u32::from(b)))
            }
            (Character::Sign(a), Character::Sign(b)) => Some((a, b)),
            _ => None,
        };
        if let (Some((a, b)), 2..) = (pair, self.wanted) {
            let both = u64::from(a) << Self::CODE | u64::from(b);
            visit.gram(both << 16 | 4, self.start, end);
        }
        (self.before, self.start) = (own, start);
    }
}
