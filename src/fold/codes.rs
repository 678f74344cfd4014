//! What stands inside words without being a letter: codes of platforms for
//! their own pictures, flags, and words as bytes. In: text and a place in it;
//! out: how much of it is one such thing, and what it shows. Used by the view
//! of a text (`view`), which keeps the map back to the original.
//!
//! | written | shows |
//! |---|---|
//! | `[em]e163[/em]`, `[表情]`, `[doge]`, `/汪汪`, a flag | a separator |
//! | `55yf5Lq655m+5a625LmQ`, `e79c9fe4baba…` | the text that it encodes |

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::base::{base64, int};
use crate::fold::tables;

/// Names of pictures that platforms write behind a slash, longest first
/// where one begins another.
const SLASHED: &str = include_str!("data/slashed.txt");

/// Letters between brackets that are a picture's name.
const NAME_MAX: usize = 4;
/// Digits of a numbered picture.
const DIGITS_MAX: usize = 8;
/// Shortest run of letters that is read as bytes, and the longest.
pub const TOKEN_MIN: usize = 12;
const TOKEN_MAX: usize = 4096;

/// The length of a picture's code at the start of `text`, which begins with
/// `[`.
pub fn bracketed(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix("[em]") {
        let digits = rest.strip_prefix('e')?;
        let count = digits.bytes().take_while(u8::is_ascii_digit).count();
        let close = digits.get(count..)?.starts_with("[/em]");
        return (close && (1..=DIGITS_MAX).contains(&count))
            .then_some("[em]e[/em]".len() + count);
    }
    let rest = &text[1..];
    let mut names = 0;
    let mut end = 0;
    for (at, c) in rest.char_indices() {
        if c == ']' {
            return (names > 0).then_some(at + 2);
        }
        if tables::is_han(c) && at == end {
            names += 1;
            end = at + c.len_utf8();
            if names > NAME_MAX {
                return None;
            }
        } else {
            break;
        }
    }
    ["doge]", "R]", "ok]", "OK]"].iter().find_map(|tail| {
        let found =
            rest[end..].starts_with(tail) && (names > 0 || tail.len() > 2);
        found.then_some(1 + end + tail.len())
    })
}

/// The same with a slash.
pub fn slashed(text: &str) -> Option<usize> {
    let rest = &text[1..];
    let first = rest.chars().next().filter(|c| tables::is_han(*c))?;
    let names = BY_FIRST.get(&first)?.iter();
    names
        .filter(|name| rest.starts_with(**name))
        .map(|name| 1 + name.len())
        .max()
}

/// The names by their first character.
static BY_FIRST: LazyLock<HashMap<char, Vec<&'static str>>> =
    LazyLock::new(|| {
        let mut all: HashMap<char, Vec<&'static str>> = HashMap::new();
        let names = SLASHED.lines().filter(|line| !line.starts_with('#'));
        for name in names {
            if let Some(first) = name.chars().next() {
                all.entry(first).or_default().push(name);
            }
        }
        all
    });

/// The length of a flag: two regional letters and no third.
pub fn flag(text: &str) -> Option<usize> {
    let regional = |c: &char| matches!(c, '\u{1F1E6}'..='\u{1F1FF}');
    let count = text.chars().take(3).take_while(regional).count();
    (count == 2).then_some(8)
}

#[inline]
const fn is_coded(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Whether a run of letters long enough to be read as bytes is there, not
/// all of them small. Looks at every twelfth byte only.
pub fn has_token(bytes: &[u8]) -> bool {
    let mut at = TOKEN_MIN - 1;
    while at < bytes.len() {
        if is_coded(bytes[at]) {
            let before = bytes[..at].iter().rev();
            let before = before.take_while(|b| is_coded(**b)).count();
            let after = bytes[at..].iter();
            let after = after.take_while(|b| is_coded(**b)).count();
            let run = &bytes[at - before..at + after];
            if run.len() >= TOKEN_MIN && !is_word(run) {
                return true;
            }
            at += after;
        }
        at += TOKEN_MIN;
    }
    false
}

const CODED: [bool; 256] = {
    let mut all = [false; 256];
    let (mut at, mut byte) = (0, 0u8);
    while at < all.len() {
        all[at] = is_coded(byte);
        at += 1;
        byte = byte.wrapping_add(1);
    }
    all
};

/// Whether all letters are small: a word, since what encodes a text has
/// capitals or digits.
fn is_word(token: &[u8]) -> bool {
    token.iter().all(u8::is_ascii_lowercase)
}

/// The length of the run of letters at the start of a text.
pub fn token(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|b| !CODED[usize::from(*b)]);
    end.unwrap_or(bytes.len())
}

/// What a run of letters encodes: UTF-8 without control characters, as
/// hexadecimal or Base64.
pub fn decoded(token: &str) -> Option<String> {
    let fits = (TOKEN_MIN..=TOKEN_MAX).contains(&token.len());
    if !fits || is_word(token.as_bytes()) {
        return None;
    }
    let bytes = hexadecimal(token).or_else(|| {
        if !begins_as_text(token) {
            return None;
        }
        let bare = token.trim_end_matches('=');
        let padding = (4 - bare.len() % 4) % 4;
        base64::decode(&format!("{bare}{}", &"==="[..padding]))
    })?;
    let text = String::from_utf8(bytes).ok()?;
    let plain = !text.chars().any(char::is_control);
    (plain && text.chars().any(char::is_alphabetic)).then_some(text)
}

/// Whether the first two bytes that Base64 encodes may begin a text: for
/// words and links they seldom do.
fn begins_as_text(token: &str) -> bool {
    let value = |byte: &u8| match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bits = 0;
    for byte in token.as_bytes().iter().take(3) {
        let Some(value) = value(byte) else { return false };
        bits = bits << 6 | value;
    }
    match (bits >> 10, bits >> 2 & 0xFF) {
        (0x20..=0x7E, second) => {
            matches!(second, 0x20..=0x7E | 0xC2..=0xF4)
        }
        (0xC2..=0xF4, second) => matches!(second, 0x80..=0xBF),
        _ => false,
    }
}

fn hexadecimal(token: &str) -> Option<Vec<u8>> {
    if !token.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let digits: Vec<u32> =
        token.chars().filter_map(|c| c.to_digit(16)).collect();
    let pairs = digits.chunks_exact(2);
    pairs
        .remainder()
        .is_empty()
        .then(|| pairs.map(|p| int::low_byte(p[0] * 16 + p[1])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_recognised() {
        let rows = [
            ("[em]e163[/em]间", Some(13)),
            ("[em]e[/em]", None),
            ("[表情]间", Some(8)),
            ("[微笑R]间", Some(9)),
            ("[doge]", Some(6)),
            ("[一二三四五]", None),
            ("[R]", None),
            ("[a]", None),
            ("[", None),
        ];
        for (text, wanted) in rows {
            assert_eq!(bracketed(text), wanted, "{text}");
        }
        assert_eq!(slashed("/汪汪队"), Some(7));
        assert_eq!(slashed("/笑哭赶紧"), Some(7));
        assert_eq!(slashed("/学习"), None);
        assert_eq!(flag("🇨🇳人"), Some(8));
        assert_eq!(flag("🇨🇦🇸"), None);
    }

    #[test]
    fn bytes_are_read() {
        assert!(has_token("看 55yf5Lq655m+ 这".as_bytes()));
        assert!(!has_token("a few words of English".as_bytes()));
        assert_eq!(decoded("55yf5Lq655m+").as_deref(), Some("真人百"));
        assert_eq!(decoded("e79c9fe4baba").as_deref(), Some("真人"));
        assert_eq!(
            decoded("Y2FzaW5vIGJvbnVz").as_deref(),
            Some("casino bonus")
        );
        // The last would be jgmjgmjgm, but all its letters are small.
        let none =
            ["information12", "0000000000000", "55yf5Lq655m", "amdtamdtamdt"];
        for token in none {
            assert_eq!(decoded(token), None, "{token}");
        }
    }
}
