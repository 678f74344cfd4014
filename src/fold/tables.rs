//! What a code point means to the matcher: its kind, the letter it folds to
//! and the letters it may stand for.
//!
//! In: one `char`. Out: facts from static tables. Never: text, offsets, or a
//! decision whether a fold is allowed; that belongs to the rule.
//!
//! # Canonical letters
//!
//! Every letter a term can hold has one canonical form, the end of all the
//! T0 folds in a row:
//!
//! ```text
//! Ｅ (fullwidth)     -> e         U+F937 (compatible 路)   -> 路
//! É                 -> e         註                      -> 注
//! Ⓔ                 -> e         ⼥ (radical)             -> 女
//! ```
//!
//! `t0` gives that form in one look-up and names the most telling fold. A
//! letter without a row is canonical. Fold the pattern and the text with the
//! same function and equal letters are equal numbers.
//!
//! `t1` gives *further* canonical letters for one code point: с (Cyrillic)
//! is canonical, and may stand for c. The two add up: ① is 1 at T0 and may
//! be i or l at T1. `t1` never repeats the answer of `t0`.
//!
//! # What the sources would get wrong
//!
//! UTS #39 sends 一 to ー, 丅 to T and 丿 to `/`. It is read for letters
//! that are not Han only, so no table maps Han out of Han. The strokes
//! 丶丨丿亅乀乁 are separators, since posts use them as dots; what folds to
//! one of them (⼂) is a separator as well and has no letter.
//!
//! The data is generated: data/PROVENANCE.md holds the sources.

use std::sync::LazyLock;

use crate::base::int;

#[path = "data/digit.rs"]
mod digit_data;
#[path = "data/kind.rs"]
mod kind_data;
#[path = "data/ligature.rs"]
mod ligature_data;
#[path = "data/split.rs"]
mod split_data;
#[path = "data/t0.rs"]
mod t0_data;
#[path = "data/t1.rs"]
mod t1_data;
#[path = "data/version.rs"]
mod version;

pub use version::TABLES_VERSION;

/// A code point and the letters it may stand for at T1.
pub type LookalikeRow = (char, &'static [(char, TableFold)]);

/// A canonical Han character and the strings it may be split into.
pub type SplitRow = (char, &'static [&'static str]);

/// The kind of a fold that one of these tables knows.
///
/// Folds that no table holds (separators, repeats, reversal, escapes) are
/// named elsewhere. The numbers are not stored anywhere: images and verdicts
/// hold the name.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableFold {
    Case,
    Width,
    /// Circled, squared, mathematical, super- and subscript, small capital,
    /// regional indicator, presentation form, digit of another script.
    Styled,
    Traditional,
    /// Radicals, strokes and compatibility ideographs.
    Radical,
    /// A precomposed Latin, Greek or Cyrillic letter without its marks.
    Mark,
    Homoglyph,
    Leet,
    Variant,
    Split,
    Digraph,
    /// One code point written as several letters: ℡, ㎏, ﬁ, ㋀.
    Ligature,
}

impl TableFold {
    pub const ALL: [TableFold; 12] = [
        TableFold::Case,
        TableFold::Width,
        TableFold::Styled,
        TableFold::Traditional,
        TableFold::Radical,
        TableFold::Mark,
        TableFold::Homoglyph,
        TableFold::Leet,
        TableFold::Variant,
        TableFold::Split,
        TableFold::Digraph,
        TableFold::Ligature,
    ];

    /// The name in evidence and reports; it never changes.
    pub const fn as_str(self) -> &'static str {
        match self {
            TableFold::Case => "case",
            TableFold::Width => "width",
            TableFold::Styled => "styled",
            TableFold::Traditional => "traditional",
            TableFold::Radical => "radical",
            TableFold::Mark => "mark",
            TableFold::Homoglyph => "homoglyph",
            TableFold::Leet => "leet",
            TableFold::Variant => "variant",
            TableFold::Split => "split",
            TableFold::Digraph => "digraph",
            TableFold::Ligature => "ligature",
        }
    }
}

/// What a code point does in a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Unassigned, private use, surrogates, the few visible format
    /// characters of Arabic and Kaithi.
    Other,
    /// Shows nothing: default ignorables (assigned or not), controls but
    /// tab, newline and carriage return, blank braille, interlinear anchors.
    Ignorable,
    /// Combining marks (Mn, Me, Mc). Decoration after a base for which
    /// `takes_marks` holds, a part of the word after any other.
    Mark,
    /// Punctuation, symbols, spaces, emoji, numbers that are no digits, and
    /// the strokes that serve as dots.
    Separator,
    /// Anything that can be in a term; also symbols that fold to letters.
    Letter,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Other => "other",
            Kind::Ignorable => "ignorable",
            Kind::Mark => "mark",
            Kind::Separator => "separator",
            Kind::Letter => "letter",
        }
    }
}

/// [`computed_digest`] of the tables as they are: `tests/tables.rs` compares
/// the two and says what to write here.
const DIGEST: &str =
    "8d1ca02dd9c5842b388fd92520c942e0c85d347c3555995d2096813a1ff0e26f";

/// The BLAKE3 hash of all table content; changes when any answer changes.
pub fn tables_digest() -> [u8; 32] {
    blake3::Hash::from_hex(DIGEST).map_or([0; 32], Into::into)
}

/// The same from the tables themselves. Costs about a megabyte of hashing,
/// milliseconds, which opening an image has not got.
pub fn computed_digest() -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut put = |text: &str| {
        hasher.update(text.as_bytes());
        // No row holds a NUL, so rows cannot run into each other.
        hasher.update(&[0]);
    };
    put(TABLES_VERSION);
    put("t0");
    for &(c, to, fold) in t0_data::T0 {
        put(&format!("{c}{to}{}", fold.as_str()));
    }
    put("t1");
    for &(c, targets) in t1_data::T1 {
        put(&String::from(c));
        for &(to, fold) in targets {
            put(&format!("{to}{}", fold.as_str()));
        }
    }
    put("ligature");
    for &(c, letters) in ligature_data::LIGATURES {
        put(&format!("{c}{letters}"));
    }
    put("split");
    for &(c, parts) in split_data::SPLITS {
        put(&String::from(c));
        parts.iter().for_each(|part| put(part));
    }
    put("digraph");
    for &(c, letters) in DIGRAPHS {
        put(&format!("{c}{letters}"));
    }
    put("digit");
    for &(c, value) in digit_data::DIGITS {
        put(&format!("{c}{value}"));
    }
    for &(c, value) in DIGIT_LOOKALIKES {
        put(&format!("{c}~{value}"));
    }
    put("kind");
    for &(first, last, kind) in kind_data::KINDS {
        put(&format!("{first:x}-{last:x}{}", kind.as_str()));
    }
    for ranges in [kind_data::HAN, kind_data::LATIN, kind_data::MARK_BASES] {
        put("script");
        for &(first, last) in ranges {
            put(&format!("{first:x}-{last:x}"));
        }
    }
    put("sounds, shapes, pictures");
    for text in [
        include_str!("data/sound.txt"),
        include_str!("data/shape.txt"),
        include_str!("data/glyph.txt"),
        include_str!("data/emoji.txt"),
        include_str!("data/picture.txt"),
        include_str!("data/slashed.txt"),
    ] {
        put(text);
    }
    hasher.update(include_bytes!("data/frequency.bin"));
    hasher.finalize().into()
}

/// What `c` does in a post.
pub fn kind(c: char) -> Kind {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => return Kind::Letter,
        '\t' | '\n' | '\r' | ' '..='~' => return Kind::Separator,
        '\0'..='\x7f' => return Kind::Ignorable,
        _ => {}
    }
    let code = u32::from(c);
    let after = kind_data::KINDS.partition_point(|row| row.0 <= code);
    match kind_data::KINDS[..after].last() {
        Some(&(_, last, kind)) if code <= last => kind,
        _ => Kind::Other,
    }
}

/// Every range that is not `Kind::Other`, sorted and disjoint.
pub fn kind_ranges() -> &'static [(u32, u32, Kind)] {
    kind_data::KINDS
}

/// The canonical letter of `c` and the fold that leads there; nothing when
/// `c` is canonical or no letter.
pub fn t0(c: char) -> Option<(char, TableFold)> {
    if c.is_ascii() {
        let upper = c.is_ascii_uppercase();
        return upper.then(|| (c.to_ascii_lowercase(), TableFold::Case));
    }
    if !has_row(&T0_ROWS, c) {
        return None;
    }
    find(t0_data::T0, c, |row| row.0).map(|row| (row.1, row.2))
}

/// One bit for each code point of the basic plane with a row: most letters
/// have none, and the search for a row costs many times this look.
type Rows = LazyLock<Vec<u64>>;

static T0_ROWS: Rows =
    LazyLock::new(|| rows(t0_data::T0.iter().map(|row| row.0)));
static T1_ROWS: Rows =
    LazyLock::new(|| rows(t1_data::T1.iter().map(|row| row.0)));

/// Code points beyond ASCII that fold to a digit.
static WIDE_DIGITS: Rows = LazyLock::new(|| {
    let digits = t0_data::T0.iter().filter(|row| row.1.is_ascii_digit());
    rows(digits.map(|row| row.0))
});

/// Whether a code point beyond ASCII folds to a digit.
pub fn is_wide_digit(c: char) -> bool {
    match WIDE_DIGITS.get(int::to_usize(u32::from(c) / 64)) {
        Some(word) => word >> (u32::from(c) % 64) & 1 == 1,
        None => t0(c).is_some_and(|(to, _)| to.is_ascii_digit()),
    }
}

fn rows(chars: impl Iterator<Item = char>) -> Vec<u64> {
    let mut bits = vec![0u64; 0x1_0000 / 64];
    for c in chars {
        let code = int::to_usize(u32::from(c));
        if let Some(word) = bits.get_mut(code / 64) {
            *word |= 1u64 << (code % 64);
        }
    }
    bits
}

/// Whether `c` may have a row.
#[inline]
fn has_row(rows: &Rows, c: char) -> bool {
    let code = int::to_usize(u32::from(c));
    rows.get(code / 64).is_none_or(|word| word >> (code % 64) & 1 != 0)
}

/// The canonical letter of `c`, which is `c` itself without a T0 row.
pub fn canonical(c: char) -> char {
    t0(c).map_or(c, |(to, _)| to)
}

/// The other canonical letters `c` may stand for at tier T1.
///
/// Also answers for separators: $ may be s. Such a code point stays a
/// separator; a matcher that wants both needs both.
pub fn t1(c: char) -> &'static [(char, TableFold)] {
    if !has_row(&T1_ROWS, c) {
        return &[];
    }
    find(t1_data::T1, c, |row| row.0).map_or(&[], |row| row.1)
}

/// The canonical letters written in `c`, two or more.
pub fn ligature(c: char) -> Option<&'static str> {
    find(ligature_data::LIGATURES, c, |row| row.0).map(|row| row.1)
}

pub fn ligatures() -> &'static [(char, &'static str)] {
    ligature_data::LIGATURES
}

/// The strings a canonical Han character may be written as, two parts before
/// three, at most six. Two characters may share a string.
pub fn splits(c: char) -> &'static [&'static str] {
    find(split_data::SPLITS, c, |row| row.0).map_or(&[], |row| row.1)
}

/// All splits, sorted by character.
pub fn all_splits() -> &'static [SplitRow] {
    split_data::SPLITS
}

/// Letters that two others look like when set close together.
static DIGRAPHS: &[(char, &str)] = &[('d', "cl"), ('m', "rn"), ('w', "vv")];

pub fn digraphs() -> &'static [(char, &'static str)] {
    DIGRAPHS
}

/// The digit `c` is in a number: any script, any style, Han and financial
/// numerals, 幺. Words: 陆 and 参 are digits here, so ask inside numbers only.
pub fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        // A base below 37 cannot fail, and a decimal digit is below 10.
        return c.to_digit(10).and_then(|value| u8::try_from(value).ok());
    }
    find(digit_data::DIGITS, c, |row| row.0).map(|row| row.1)
}

pub fn digits() -> &'static [(char, u8)] {
    digit_data::DIGITS
}

/// By hand: UTS #39 has far more, but a number is typed with what a keyboard
/// offers, and each row here is a chance to read a word as a number.
static DIGIT_LOOKALIKES: &[(char, u8)] = &[
    ('I', 1),
    ('O', 0),
    ('l', 1),
    ('o', 0),
    ('|', 1),
    ('\u{39f}', 0),  // Greek capital omicron
    ('\u{3bf}', 0),  // Greek omicron
    ('\u{406}', 1),  // Cyrillic capital byelorussian-ukrainian i
    ('\u{41e}', 0),  // Cyrillic capital o
    ('\u{43e}', 0),  // Cyrillic o
    ('\u{4c0}', 1),  // Cyrillic palochka
    ('\u{4cf}', 1),  // Cyrillic small palochka
    ('\u{2160}', 1), // Roman numeral one
    ('\u{217c}', 1), // small Roman numeral fifty
    ('\u{24be}', 1), // circled I
    ('\u{24c4}', 0), // circled O
    ('\u{24de}', 0), // circled o
    ('\u{25cb}', 0), // white circle
    ('\u{25ef}', 0), // large circle
    ('丨', 1),
    ('\u{ff29}', 1),  // fullwidth I
    ('\u{ff2f}', 0),  // fullwidth O
    ('\u{ff4c}', 1),  // fullwidth l
    ('\u{ff4f}', 0),  // fullwidth o
    ('\u{ff5c}', 1),  // fullwidth vertical line
    ('\u{1f17e}', 0), // negative squared O
];

/// The digit `c` is often typed for; meant for the inside of digit runs.
pub fn digit_lookalike(c: char) -> Option<u8> {
    find(DIGIT_LOOKALIKES, c, |row| row.0).map(|row| row.1)
}

/// Every code point with a row in `t0`, `t1` or the ligatures, ascending,
/// once each.
///
/// Together with the ranges of `kind_ranges` that are no letters, this is
/// what a class table has to visit besides the letters of its patterns.
pub fn all_mapped() -> impl Iterator<Item = char> {
    let rows = t0_data::T0.iter().map(|row| row.0);
    let rows = rows.chain(t1_data::T1.iter().map(|row| row.0));
    let rows = rows.chain(ligature_data::LIGATURES.iter().map(|row| row.0));
    let mut all: Vec<char> = rows.collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
}

/// Script Han, and planes 2 and 3, which are reserved for it.
pub fn is_han(c: char) -> bool {
    // The block of nearly all of them.
    matches!(c, '\u{4E00}'..='\u{9FFF}') || in_ranges(kind_data::HAN, c)
}

/// A letter of the Latin script once folded: Ⓔ is, с (Cyrillic) is not.
pub fn is_latin(c: char) -> bool {
    let c = canonical(c);
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    in_ranges(kind_data::LATIN, c)
}

/// Whether a combining mark after `c` is decoration: true for Latin, Greek,
/// Cyrillic, Han and digits, once folded. Elsewhere marks are vowels.
pub fn takes_marks(c: char) -> bool {
    let c = canonical(c);
    c.is_ascii_alphanumeric() || in_ranges(kind_data::MARK_BASES, c)
}

/// The strokes that serve as dots between Han characters.
pub fn is_stroke(c: char) -> bool {
    matches!(c, '丶' | '丨' | '丿' | '亅' | '乀' | '乁')
}

fn find<T>(
    rows: &'static [T],
    c: char,
    key: impl Fn(&T) -> char,
) -> Option<&'static T> {
    let found = rows.binary_search_by_key(&c, key).ok()?;
    rows.get(found)
}

fn in_ranges(ranges: &[(u32, u32)], c: char) -> bool {
    let code = u32::from(c);
    let after = ranges.partition_point(|range| range.0 <= code);
    ranges[..after].last().is_some_and(|range| code <= range.1)
}
