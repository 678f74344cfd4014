//! The letter relation: which code point may stand for which letter of a
//! term, under which fold. In: two characters; out: a fold and its tier.
//! Knows nothing of positions, gaps or terms.

use super::{Fold, picture, tables};
use tables::{Kind, TableFold};

/// How a code point stands for a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// `None` when the code point is the letter itself.
    pub fold: Option<Fold>,
    /// 0: the same letter. 1: looks like it. 2: a picture of it.
    pub tier: u8,
}

/// Tier 0 of one code point. The tables leave punctuation alone; a term may
/// contain symbols (`+v`), so the full-width forms of ASCII fold here.
fn tier0(c: char) -> Option<(char, TableFold)> {
    let width = |c| half_width(c).map(|to| (to, TableFold::Width));
    tables::t0(c).or_else(|| width(c))
}

/// The ASCII character that a full-width form stands for.
pub fn half_width(c: char) -> Option<char> {
    let code = u32::from(c);
    let wide = (0xFF01..=0xFF5E).contains(&code);
    wide.then(|| char::from_u32(code - 0xFEE0)).flatten()
}

/// The full-width form of an ASCII symbol.
pub fn full_width(c: char) -> Option<char> {
    let symbol = c.is_ascii_punctuation();
    symbol.then(|| char::from_u32(u32::from(c) + 0xFEE0)).flatten()
}

/// The canonical letter of a code point: tier 0 applied.
pub fn canonical(c: char) -> char {
    if c.is_ascii_lowercase() {
        return c;
    }
    tier0(c).map_or(c, |(to, _)| to)
}

/// Whether `c` may stand for the canonical letter `letter`.
///
/// Tier 0 is tried first; then what `c` itself may look like, then what its
/// canonical form may look like (`０` is 0 by width and o by leet).
pub fn stands_for(c: char, letter: char) -> Option<Reading> {
    if c == letter {
        return Some(Reading { fold: None, tier: 0 });
    }
    let folded = tier0(c);
    if let Some((to, kind)) = folded
        && to == letter
    {
        return Some(Reading { fold: Some(fold_of(kind)), tier: 0 });
    }
    let own = tables::t1(c).iter();
    let other = folded.map_or(&[][..], |(to, _)| tables::t1(to)).iter();
    own.chain(other)
        .find(|(to, _)| *to == letter)
        .map(|(_, kind)| Reading { fold: Some(fold_of(*kind)), tier: 1 })
        .or_else(|| {
            let shown = picture::letters(c).contains(&letter);
            shown.then_some(Reading { fold: Some(Fold::Emoji), tier: 2 })
        })
}

/// Every canonical letter that `c` may stand for, at any tier.
pub fn readings(c: char) -> impl Iterator<Item = char> {
    alike(c).chain(picture::letters(c).iter().copied())
}

/// The same without what it is a picture of.
pub fn alike(c: char) -> impl Iterator<Item = char> {
    let folded = canonical(c);
    let own = tables::t1(c).iter();
    let other = if folded == c { &[][..] } else { tables::t1(folded) };
    let alike = own.chain(other.iter()).map(|(to, _)| *to);
    std::iter::once(folded).chain(alike)
}

/// Whether a code point is a letter for word boundaries: a cased or other
/// alphabetic letter that is not Han, kana or hangul (scripts without
/// spaces have no word boundary to respect). Styled letters (ⓥ, 🅥) count.
pub fn is_word_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    let c = canonical(c);
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    // Han first: `is_alphabetic` is a slow search there.
    !is_unspaced(c) && c.is_alphabetic()
}

/// Whether a code point is a decimal digit after folding.
pub fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || !c.is_ascii() && tables::is_wide_digit(c)
}

/// Scripts written without spaces between words.
pub fn is_unspaced(c: char) -> bool {
    tables::is_han(c)
        || matches!(c,
            '\u{E00}'..='\u{EFF}'        // Thai, Lao
            | '\u{1000}'..='\u{109F}'    // Myanmar
            | '\u{1100}'..='\u{11FF}'    // Hangul Jamo
            | '\u{1780}'..='\u{17FF}'    // Khmer
            | '\u{3040}'..='\u{31FF}'    // kana, bopomofo
            | '\u{AC00}'..='\u{D7AF}'    // Hangul
            | '\u{FF66}'..='\u{FF9F}')
}

/// Whether a character of a pattern is dropped because it cannot carry
/// meaning (invisible, or a mark on a letter that folds).
pub fn is_ignorable(c: char) -> bool {
    matches!(tables::kind(c), Kind::Ignorable)
}

/// The verdict-level name of a table's fold.
pub fn fold_of(kind: TableFold) -> Fold {
    match kind {
        TableFold::Case => Fold::Case,
        TableFold::Width => Fold::Width,
        TableFold::Styled => Fold::Styled,
        TableFold::Traditional => Fold::Traditional,
        TableFold::Radical => Fold::Radical,
        TableFold::Mark => Fold::Mark,
        TableFold::Homoglyph => Fold::Homoglyph,
        TableFold::Leet => Fold::Leet,
        TableFold::Variant => Fold::Variant,
        TableFold::Split => Fold::Split,
        TableFold::Digraph => Fold::Digraph,
        TableFold::Ligature => Fold::Ligature,
    }
}
