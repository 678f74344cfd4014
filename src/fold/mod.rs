//! Folding: what one code point may stand for, and what a run of them looks
//! like to the matcher. In: characters; out: classes, canonical letters and
//! the price of each disguise. The text itself is never rewritten.
//!
//! Two mappings do all the work.
//!
//! 1. A **class table** ([`ClassTable`], one per image) maps each code point
//!    to a small number. Letters that can stand for one another anywhere in
//!    the dictionary share a class: `a`, `A`, `ａ`, `Ⓐ`, `а` (Cyrillic), `4`,
//!    `@`. Zero-width characters are *ignorable*, punctuation and emoji are
//!    *separators*. The search runs over classes, so it cannot miss a
//!    disguise, but it can be too generous.
//! 2. A **letter relation** ([`letter::stands_for`]) says whether this code
//!    point may stand for this letter of the term, under which fold and at
//!    which tier. It is asked only at places where the search hit.
//!
//! Worked example, term `casino`, text `xx C4-s1nо yy` (the last о is
//! Cyrillic). Classes: c,a,sep,s,i,n,o: the search hits. The relation then
//! says: `C` is c by case (free), `4` is a by leet, `-` is a separator in one
//! gap, `1` is i by leet, `о` is o by homoglyph. Start and end are those of
//! `C` and `о` in the original bytes: there was never a copy to map back
//! from.

mod classes;
mod codes;
pub mod letter;
pub mod ordinary;
pub mod picture;
pub mod plain;
pub mod sound;
pub mod tables;
mod view;

pub use classes::{BASIC, ClassTable, ClassView, Sym, build_classes, mark};
pub use plain::{PlainLetters, plain_letters};
pub use view::{
    LINES_MIN, Passed, View, decode, decode_marked, has_lines, is_promising,
};

use std::fmt;

/// One way in which text may differ from a term and still be it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Fold {
    /// Upper, lower or title case.
    Case,
    /// Full-width and half-width forms.
    Width,
    /// Circled, squared, mathematical, super- and subscript letters.
    Styled,
    /// Traditional for simplified Han.
    Traditional,
    /// Radicals and compatibility ideographs.
    Radical,
    /// Diacritics and stacked combining marks.
    Mark,
    /// Zero-width and other invisible characters inside the term.
    Ignorable,
    /// One character that stands for several letters (℡).
    Ligature,
    /// Another spelling that the term file lists for the term.
    Alias,
    /// A letter of another script that looks the same.
    Homoglyph,
    /// Digits and symbols for letters.
    Leet,
    /// A rare variant of a Han character.
    Variant,
    /// A Han character written as its parts.
    Split,
    /// Two letters that look like one (rn for m).
    Digraph,
    /// A letter repeated more often than in the term.
    Repeat,
    /// Separators or emoji between the letters.
    Sep,
    /// The letters backwards.
    Reversed,
    /// Written with HTML, percent or `\u` escapes.
    Escape,
    /// A character of the same sound.
    Homophone,
    /// A character of a sound that many speakers do not tell apart.
    Fuzzy,
    /// The sound in Latin letters.
    Pinyin,
    /// The first letter of the sound.
    Initials,
    /// A Han character that is mistaken for the one meant.
    Lookalike,
    /// A word as a picture.
    Emoji,
    /// Base64 or hexadecimal bytes.
    Base64,
    /// Digits written in another numeral system (validators).
    Digit,
    /// A dot or at sign written out (validators).
    Dot,
}

impl Fold {
    pub const ALL: [Fold; 27] = [
        Fold::Case,
        Fold::Width,
        Fold::Styled,
        Fold::Traditional,
        Fold::Radical,
        Fold::Mark,
        Fold::Ignorable,
        Fold::Ligature,
        Fold::Alias,
        Fold::Homoglyph,
        Fold::Leet,
        Fold::Variant,
        Fold::Split,
        Fold::Digraph,
        Fold::Repeat,
        Fold::Sep,
        Fold::Reversed,
        Fold::Escape,
        Fold::Homophone,
        Fold::Fuzzy,
        Fold::Pinyin,
        Fold::Initials,
        Fold::Lookalike,
        Fold::Emoji,
        Fold::Base64,
        Fold::Digit,
        Fold::Dot,
    ];

    /// The name in verdicts, tests and documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Fold::Case => "case",
            Fold::Width => "width",
            Fold::Styled => "styled",
            Fold::Traditional => "traditional",
            Fold::Radical => "radical",
            Fold::Mark => "mark",
            Fold::Ignorable => "ignorable",
            Fold::Ligature => "ligature",
            Fold::Alias => "alias",
            Fold::Homoglyph => "homoglyph",
            Fold::Leet => "leet",
            Fold::Variant => "variant",
            Fold::Split => "split",
            Fold::Digraph => "digraph",
            Fold::Repeat => "repeat",
            Fold::Sep => "sep",
            Fold::Reversed => "reversed",
            Fold::Escape => "escape",
            Fold::Homophone => "homophone",
            Fold::Fuzzy => "fuzzy",
            Fold::Pinyin => "pinyin",
            Fold::Initials => "initials",
            Fold::Lookalike => "lookalike",
            Fold::Emoji => "emoji",
            Fold::Base64 => "base64",
            Fold::Digit => "digit",
            Fold::Dot => "dot",
        }
    }

    /// The fold of that name.
    pub fn parse(name: &str) -> Option<Fold> {
        Fold::ALL.into_iter().find(|fold| fold.as_str() == name)
    }

    fn bit(self) -> u32 {
        1 << u32::from(self as u8)
    }
}

/// A set of folds.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Folds(u32);

impl Folds {
    pub const NONE: Folds = Folds(0);

    pub fn insert(&mut self, fold: Fold) {
        self.0 |= fold.bit();
    }

    pub fn with(mut self, fold: Fold) -> Folds {
        self.insert(fold);
        self
    }

    pub fn contains(self, fold: Fold) -> bool {
        self.0 & fold.bit() != 0
    }

    pub fn union(self, other: Folds) -> Folds {
        Folds(self.0 | other.0)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The folds in the set, in their fixed order.
    pub fn iter(self) -> impl Iterator<Item = Fold> {
        Fold::ALL.into_iter().filter(move |fold| self.contains(*fold))
    }

    /// As stored in an image.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// From an image; unknown bits are dropped.
    pub fn from_bits(bits: u32) -> Folds {
        let all = (1u32 << Fold::ALL.len()) - 1;
        Folds(bits & all)
    }
}

impl fmt::Debug for Folds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

/// How far a set may fold (`folds = …` in a pack).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Level {
    /// Tier 0: the same letters.
    Exact,
    /// Tiers 0 and 1: look-alikes, separators, splits.
    Letters,
    /// All tiers that the length of the term allows.
    #[default]
    Strong,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Exact => "exact",
            Level::Letters => "letters",
            Level::Strong => "strong",
        }
    }

    pub fn parse(name: &str) -> Option<Level> {
        [Level::Exact, Level::Letters, Level::Strong]
            .into_iter()
            .find(|level| level.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_distinct_and_named_once() {
        let mut bits = 0u32;
        for fold in Fold::ALL {
            assert_eq!(bits & fold.bit(), 0, "{fold:?} shares a bit");
            bits |= fold.bit();
            assert_eq!(Fold::parse(fold.as_str()), Some(fold));
        }
        assert_eq!(Folds::from_bits(bits).iter().count(), 27);
    }
}
