//! The image format: a compiled pack as bytes. Constants and row types only.
//!
//! An image is one file, little-endian, that is used in place:
//!
//! ```text
//! offset  size  what
//!      0     8  magic "TROMMEL\0"
//!      8     4  format version (this document: 9)
//!     12     4  byte-order mark 0x01020304
//!     16    32  digest: BLAKE3 of every byte from offset 48 to the end
//!     48    32  digest of the fold tables the patterns were made with
//!     80     8  length of the whole file in bytes
//!     88     4  number of sections
//!     92     4  zero
//!     96   24n  section table: id u32, element size u32, offset u64,
//!               length in bytes u64
//!      …        sections, each at a multiple of 64, zero bytes between
//! ```
//!
//! | id | element | section |
//! |---|---|---|
//! | 1 | u16 | class index: block number of each 256 code points |
//! | 2 | u32 | class blocks, 256 entries each, those of the basic plane in
//! | | | order; an entry is a class and its marks (`fold::mark`) |
//! | 3 | u32 | needle starts in section 4, one more than needles |
//! | 4 | u16 | needle classes, runs of one class collapsed |
//! | 5 | u32 | first pattern of each needle, one more than needles |
//! | 6 | [`PatternRow`] | patterns, grouped by needle |
//! | 7 | u32 | letters of the patterns (code points) |
//! | 8 | u8 | gap kinds, parallel to the letters |
//! | 9 | u32 | postings: term numbers of each pattern that has several |
//! | 10 | [`TermRow`] | terms |
//! | 11 | u8 | strings (UTF-8) the term rows point into |
//! | 12 | u8 | packs, sets, rules and conditions, JSON |
//! | 13 | u32 | limits: first wide class, end of classes, longest needle,
//! | | | longest term that may be written in parts; how many symbols terms
//! | | | write as such, and these (code points) |
//! | 14 | u32 | fused engine, waking terms: anchor filter, 2^n words, then
//! | | | the ten tables of narrow pairs (`scan::sieve`), 32 words each, for
//! | | | the plain reading, and ten for the one with symbols as letters |
//! | 15 | u64 | key filter, 2^n words |
//! | 16 | u32 | bucket starts, one more than buckets, 2^n buckets |
//! | 17 | 4 u32 | by bucket: key hash and place of the anchor; length and
//! | | | hash of the classes; first pattern; the set of its terms, 2^32 - 1
//! | | | for several |
//! | 18 | 2 u32 | class and needle of the needles of one class, sorted |
//! | 19–23 | | the same five for all other terms |
//! | 24 | u32 | sound plane, waking terms: key filter, 2^n words |
//! | 25 | u32 | bucket starts, one more than buckets, 2^n buckets |
//! | 26 | 3 u32 | key hash, pattern and place of the anchor, by bucket |
//! | 27–29 | | the same three for all other terms |
//! | 30 | 2 u64 | learned dictionaries (empty without one): n-grams of models
//! | | | that wake, a key, and a weight above the number of the n-gram |
//! | 31 | u32 | bucket starts in section 32, one more than buckets, 2^n |
//! | 32 | u64 | keys of n-grams, grouped by bucket |
//! | 33 | u32 | first weight of each n-gram, one more than n-grams |
//! | 34 | [`WeightRow`] | weights, grouped by n-gram |
//! | 35 | u32 | text of each n-gram in section 36, one more than n-grams |
//! | 36 | u8 | texts of the n-grams (UTF-8) |
//! | 37 | u32 | characters that patterns of parts stand for (code points):
//! | | | their rows point here in place of section 9 |
//! | 38 | u64 | filter of neighbours in terms that may be written in parts,
//! | | | 2^n words |
//! | 39 | u16 | pilots of section 30 (`base::perfect`), 2^n |
//!
//! Example: an image of one pack with the single term `加微` holds one
//! needle `[4, 5]`, one pattern row `{letters: 0, postings: 0, posting_count:
//! 1, folds: 0, shape: 2 letters, gate pair}`, a needle and a pattern for each
//! way to write 加 or 微 in parts, and one term row.

use bytemuck::{Pod, Zeroable};

pub const MAGIC: [u8; 8] = *b"TROMMEL\0";
/// Raised when an image of the old version can no longer be read as is.
pub const VERSION: u32 = 9;
pub const BYTE_ORDER: u32 = 0x0102_0304;
/// Bytes before the section table.
pub const HEADER_LEN: usize = 96;
/// The digest covers everything from here on.
pub const DIGEST_FROM: usize = 48;
pub const SECTION_LEN: usize = 24;
pub const ALIGN: usize = 64;

/// Letters of the longest character n-gram of a learned dictionary: four
/// fill a key. Words of the longest word n-gram, characters of the longest
/// sign n-gram.
pub const GRAM_CHARS_MAX: u8 = 4;
pub const GRAM_WORDS_MAX: u8 = 2;
pub const GRAM_SIGNS_MAX: u8 = 2;

/// Section ids.
pub mod section {
    pub const CLASS_INDEX: u32 = 1;
    pub const CLASS_BLOCKS: u32 = 2;
    pub const NEEDLE_STARTS: u32 = 3;
    pub const NEEDLE_SYMS: u32 = 4;
    pub const NEEDLE_PATTERNS: u32 = 5;
    pub const PATTERNS: u32 = 6;
    pub const LETTERS: u32 = 7;
    pub const GAPS: u32 = 8;
    pub const POSTINGS: u32 = 9;
    pub const TERMS: u32 = 10;
    pub const STRINGS: u32 = 11;
    pub const META: u32 = 12;
    pub const LIMITS: u32 = 13;
    pub const ANCHORS: u32 = 14;
    pub const KEYS: u32 = 15;
    pub const BUCKET_STARTS: u32 = 16;
    pub const BUCKET_ROWS: u32 = 17;
    pub const SINGLES: u32 = 18;
    /// What to add to the five sections from `ANCHORS` on for those of the
    /// second phase.
    pub const REST: u32 = 5;

    pub const SOUND_FILTER: u32 = 24;
    pub const SOUND_STARTS: u32 = 25;
    pub const SOUND_ENTRIES: u32 = 26;
    /// What to add to the three sections from `SOUND_FILTER` on for those of
    /// the second phase.
    pub const SOUND_REST: u32 = 3;
    pub const GRAM_SLOTS: u32 = 30;
    pub const GRAM_STARTS: u32 = 31;
    pub const GRAM_KEYS: u32 = 32;
    pub const GRAM_WEIGHTS: u32 = 33;
    pub const WEIGHTS: u32 = 34;
    pub const GRAM_TEXTS: u32 = 35;
    pub const GRAM_STRINGS: u32 = 36;
    pub const WHOLES: u32 = 37;
    pub const NEIGHBOURS: u32 = 38;
    pub const GRAM_PILOTS: u32 = 39;

    /// Name and element size of every section, in id order.
    pub const ALL: [(u32, &str, usize); 39] = [
        (CLASS_INDEX, "class_index", 2),
        (CLASS_BLOCKS, "class_blocks", 4),
        (NEEDLE_STARTS, "needle_starts", 4),
        (NEEDLE_SYMS, "needle_syms", 2),
        (NEEDLE_PATTERNS, "needle_patterns", 4),
        (PATTERNS, "patterns", 20),
        (LETTERS, "letters", 4),
        (GAPS, "gaps", 1),
        (POSTINGS, "postings", 4),
        (TERMS, "terms", 20),
        (STRINGS, "strings", 1),
        (META, "meta", 1),
        (LIMITS, "limits", 4),
        (ANCHORS, "anchors", 4),
        (KEYS, "keys", 8),
        (BUCKET_STARTS, "bucket_starts", 4),
        (BUCKET_ROWS, "bucket_rows", 16),
        (SINGLES, "singles", 8),
        (ANCHORS + REST, "rest_anchors", 4),
        (KEYS + REST, "rest_keys", 8),
        (BUCKET_STARTS + REST, "rest_starts", 4),
        (BUCKET_ROWS + REST, "rest_rows", 16),
        (SINGLES + REST, "rest_singles", 8),
        (SOUND_FILTER, "sound_filter", 4),
        (SOUND_STARTS, "sound_starts", 4),
        (SOUND_ENTRIES, "sound_entries", 12),
        (SOUND_FILTER + SOUND_REST, "rest_sound_filter", 4),
        (SOUND_STARTS + SOUND_REST, "rest_sound_starts", 4),
        (SOUND_ENTRIES + SOUND_REST, "rest_sound_entries", 12),
        (GRAM_SLOTS, "gram_slots", 16),
        (GRAM_STARTS, "gram_starts", 4),
        (GRAM_KEYS, "gram_keys", 8),
        (GRAM_WEIGHTS, "gram_weights", 4),
        (WEIGHTS, "weights", 8),
        (GRAM_TEXTS, "gram_texts", 4),
        (GRAM_STRINGS, "gram_strings", 1),
        (WHOLES, "wholes", 4),
        (NEIGHBOURS, "neighbours", 8),
        (GRAM_PILOTS, "gram_pilots", 2),
    ];
}

/// Words behind the anchor filter for each of two readings: for each of ten
/// questions about two neighbouring narrow classes a table with a row for the
/// first and a bit for the second, both modulo 32.
pub const NARROW_WORDS: usize = 10 * 32;

/// Words of the key filter that the keys of one anchor share: a cache line.
pub const KEY_LINE: usize = 8;

/// One spelling of one or several terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PatternRow {
    /// Index of the first letter in the letters and gaps sections.
    pub letters: u32,
    /// Where there is one posting, the term; otherwise the index of the first.
    /// The same of the characters that a pattern of parts stands for.
    pub postings: u32,
    pub posting_count: u32,
    /// Folds that the spelling itself brings (digraph, reversed, split).
    pub folds: u32,
    /// Bits 0–7 number of letters, 8–15 letters replaced by the spelling,
    /// 16–17 gate, 18 left and 19 right word boundary, 20 reversed, 21 has
    /// symbols, 22 the term in pinyin, 23 its first letters,
    /// 24 a word of it as a picture, 25 parts of a character, 26 the last
    /// pattern of its needle.
    pub shape: u32,
}

impl PatternRow {
    pub const LEFT: u32 = 1 << 18;
    pub const RIGHT: u32 = 1 << 19;
    pub const REVERSED: u32 = 1 << 20;
    pub const SYMBOL: u32 = 1 << 21;
    pub const PINYIN: u32 = 1 << 22;
    pub const INITIALS: u32 = 1 << 23;
    pub const PICTURE: u32 = 1 << 24;
    pub const JOIN: u32 = 1 << 25;
    pub const LAST: u32 = 1 << 26;
    pub const SHAPE_MASK: u32 = (1 << 27) - 1;

    pub fn letter_count(&self) -> usize {
        crate::base::int::to_usize(self.shape & 0xFF)
    }

    /// Its postings: its own, or those in a table.
    #[inline]
    pub fn postings_in<'a>(&'a self, table: &'a [u32]) -> &'a [u32] {
        if self.posting_count == 1 {
            return std::slice::from_ref(&self.postings);
        }
        let start = crate::base::int::to_usize(self.postings);
        let count = crate::base::int::to_usize(self.posting_count);
        table.get(start..start + count).unwrap_or_default()
    }

    pub fn replaced(&self) -> u32 {
        self.shape >> 8 & 0xFF
    }

    pub fn gate(&self) -> Gate {
        match self.shape >> 16 & 3 {
            0 => Gate::Single,
            1 => Gate::Pair,
            2 => Gate::ShortWord,
            _ => Gate::Free,
        }
    }

    pub fn has(&self, flag: u32) -> bool {
        self.shape & flag != 0
    }
}

/// What the length of a term lets a hit differ by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Gate {
    /// One letter: no separators, tier 0 and variants.
    Single = 0,
    /// Two Han (or a short mix of Han and Latin): up to three separators in
    /// a gap, no clause marks, variants. Parts of a character have it too.
    Pair = 1,
    /// Up to three Latin letters or digits: tier 0, whole word.
    ShortWord = 2,
    /// Longer: everything.
    Free = 3,
}

impl Gate {
    /// As it lies in a pattern's shape.
    pub fn bits(self) -> u32 {
        let number = match self {
            Gate::Single => 0,
            Gate::Pair => 1,
            Gate::ShortWord => 2,
            Gate::Free => 3,
        };
        number << 16
    }
}

/// One term of one set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TermRow {
    /// Byte range in the strings section: the term as written.
    pub text: u32,
    pub text_len: u32,
    pub set: u32,
    /// Aliases of one line share it; `distinct` counts it.
    pub identity: u32,
    /// Bits 0–1 level (exact, letters, strong), 2 exception, 3 alias, 4
    /// waking: a hit may make a rule true that nothing else announces, 5 its
    /// characters may be written as their parts.
    pub flags: u32,
}

impl TermRow {
    pub const EXCEPTION: u32 = 1 << 2;
    pub const ALIAS: u32 = 1 << 3;
    pub const WAKING: u32 = 1 << 4;
    pub const JOINABLE: u32 = 1 << 5;
    pub const FLAGS_MASK: u32 = 0b11_1111;

    /// The highest tier that counts.
    pub fn tier_max(&self) -> u8 {
        match self.flags & 3 {
            _ if self.is_exact() => 0,
            1 => 1,
            _ => 2,
        }
    }

    /// Whether only tier 0 counts.
    pub fn is_exact(&self) -> bool {
        self.flags & 3 == 0 || self.is_exception()
    }

    pub fn is_exception(&self) -> bool {
        self.flags & TermRow::EXCEPTION != 0
    }

    pub fn is_waking(&self) -> bool {
        self.flags & TermRow::WAKING != 0
    }

    pub fn is_joinable(&self) -> bool {
        self.flags & TermRow::JOINABLE != 0
    }

    pub fn is_alias(&self) -> bool {
        self.flags & TermRow::ALIAS != 0
    }
}

/// Gap kinds: what may stand before a letter of a pattern.
pub mod gap {
    /// Inside a word: separators are a disguise.
    pub const INNER: u8 = 0;
    /// The term has a space here: separators are expected.
    pub const SPACE: u8 = 1;
    /// The term has punctuation here: it may be there or not.
    pub const PUNCTUATION: u8 = 2;
    /// Between typed syllables: separators may be there or not.
    pub const SYLLABLE: u8 = 3;
    pub const MAX: u8 = SYLLABLE;
}

/// What an n-gram adds to the score of a model.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable,
)]
#[repr(C)]
pub struct WeightRow {
    pub model: u32,
    /// In ten-thousandths.
    pub weight: i32,
}
