//! Which symbols of a text may be letters. In: a text and where its symbols
//! stand; out: whether it has to be read once more with symbols as letters.
//! Most texts have punctuation, so what rules it out is asked of bytes first.

use crate::base::int;
use crate::fold::{ClassView, Sym, letter};
use crate::image::PatternRow;

/// Symbols from here on may be pictures of words.
const FIRST_PICTURE: u32 = 0x2100;

/// Whether reading symbols as letters can change anything: a symbol that a
/// term writes is there, or a look-alike symbol touches a Latin letter or
/// digit (`p@ss`, `$ale`, `FR€€`). An exclamation mark or a bracket behind a
/// word is punctuation. `symbols` says where in the text symbols stand, `own`
/// which of them terms write ([`asked`]).
pub fn matter(
    classes: ClassView<'_>,
    own: &[char],
    text: &str,
    symbols: &[u32],
) -> bool {
    symbols.iter().any(|at| {
        let at = int::to_usize(*at);
        let Some(symbol) = text[at..].chars().next() else { return false };
        let plain = letter::canonical(symbol);
        let closes = matches!(plain, '!' | '(' | '|' | '¡' | '+');
        let (before, after) = text.split_at(at);
        let after = &after[symbol.len_utf8()..];
        is_picture(plain)
            || own.contains(&plain)
            || !closes && ends_in_word(classes, before)
            || begins_word(classes, after)
    })
}

/// Symbols that terms write, without those that matter anyway: an engine asks
/// them one after the other.
pub fn asked(own: Vec<char>) -> Vec<char> {
    own.into_iter().filter(|symbol| !is_picture(*symbol)).collect()
}

fn is_picture(symbol: char) -> bool {
    u32::from(symbol) >= FIRST_PICTURE
}

/// What a byte says of the character it is the first of.
fn first_byte(byte: u8) -> Option<bool> {
    match byte {
        b' '..=b'~' => Some(byte.is_ascii_alphanumeric()),
        // U+5000 to U+9FFF: Han.
        0xE5..=0xE9 => Some(false),
        _ => None,
    }
}

/// Whether the first character that shows is a letter or digit of a word.
fn begins_word(classes: ClassView<'_>, text: &str) -> bool {
    let Some(byte) = text.bytes().next() else { return false };
    first_byte(byte).unwrap_or_else(|| {
        let seen = text.chars().find(|c| is_seen(classes, *c));
        seen.is_some_and(|c| is_word(classes, c))
    })
}

/// Whether the last character that shows is one.
fn ends_in_word(classes: ClassView<'_>, text: &str) -> bool {
    let bytes = text.as_bytes();
    let known = match *bytes {
        [.., byte @ b' '..=b'~'] => first_byte(byte),
        // A character of three bytes is the last where its first byte is.
        [.., lead @ 0xE5..=0xE9, _, _] => first_byte(lead),
        _ => None,
    };
    known.unwrap_or_else(|| {
        let seen = text.chars().rev().find(|c| is_seen(classes, *c));
        seen.is_some_and(|c| is_word(classes, c))
    })
}

fn is_seen(classes: ClassView<'_>, c: char) -> bool {
    classes.get(c) != Sym::IGNORABLE
}

fn is_word(classes: ClassView<'_>, c: char) -> bool {
    let symbol = classes.get(c).0 & Sym::SYMBOL_BIT != 0;
    !symbol
        && (c.is_ascii_alphanumeric()
            || !c.is_ascii()
                && !letter::is_unspaced(c)
                && (letter::is_word_letter(c) || letter::is_digit(c)))
}

/// Symbols that terms write as such, from all patterns with their letters.
/// Images carry the list: opening one must not walk all patterns.
pub fn own_symbols<'p>(
    patterns: impl Iterator<Item = (&'p PatternRow, &'p [u32])>,
    classes: ClassView<'_>,
) -> Vec<char> {
    let mut all: Vec<char> = patterns
        .filter(|(row, _)| row.has(PatternRow::SYMBOL))
        .flat_map(|(_, letters)| letters)
        .filter_map(|letter| char::from_u32(*letter))
        .filter(|c| classes.get(*c).0 & Sym::SYMBOL_BIT != 0)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::build_classes;

    #[test]
    fn first_bytes_say_what_characters_do() {
        let alphabet = "casino4加微信".chars().collect();
        let table = build_classes(&alphabet, &alphabet).unwrap();
        let classes = table.view();
        let ascii = ' '..='~';
        let han = '\u{5000}'..='\u{9FFF}';
        let others = "é我丶α\u{200B}\u{4DC0}😀".chars();
        for c in ascii.chain(han).chain(others) {
            let text = c.to_string();
            let word = is_seen(classes, c) && is_word(classes, c);
            assert_eq!(begins_word(classes, &text), word, "{c:?}");
            assert_eq!(ends_in_word(classes, &text), word, "{c:?}");
        }
        // What does not show is passed over.
        assert!(begins_word(classes, "\u{200B}a"));
        assert!(ends_in_word(classes, "a\u{200B}"));
        assert!(!begins_word(classes, "") && !ends_in_word(classes, ""));
    }

    #[test]
    fn punctuation_does_not_matter() {
        let alphabet = "pass加+".chars().collect();
        let table = build_classes(&alphabet, &alphabet).unwrap();
        let rows = [
            ("p@ss", &[][..], true),
            ("你好!!", &[], false),
            ("hello! 你好", &[], false),
            ("!hello", &[], true),
            ("加+", &['+'], true),
            ("加+", &[], false),
            ("你@我", &[], false),
        ];
        for (text, own, wanted) in rows {
            let symbols: Vec<u32> = text
                .char_indices()
                .filter(|(_, c)| "@!+".contains(*c))
                .map(|(at, _)| int::to_u32(at))
                .collect();
            assert_eq!(
                matter(table.view(), own, text, &symbols),
                wanted,
                "{text}"
            );
        }
    }
}
