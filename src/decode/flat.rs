//! The fast pass over one JSON object. In: a line of valid UTF-8 and the
//! wanted keys; out: where the values of these keys stand. Never explains:
//! whatever it does not accept goes to `strict`, which reads the line with
//! serde_json and says what is wrong with it, or accepts it after all (a key
//! with an escape).
//!
//! It accepts only what serde_json accepts; a property test compares the
//! two. It builds nothing: a value that nobody wants costs one search for
//! its end. How much that gains over serde_json has not been measured yet.

use std::ops::Range;

use crate::base::limits;

/// What stands at a wanted key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Found {
    #[default]
    Nothing,
    /// A string without escapes: the range between its quotes.
    Plain(Range<usize>),
    /// Any other value: the range of its JSON text.
    Json(Range<usize>),
}

/// The wanted keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    keys: Vec<Box<[u8]>>,
    /// Bit n: a key of length n is wanted (bit 63: of 63 or more).
    lengths: u64,
}

impl Keys {
    /// The index of a key, which is added if it is new.
    pub fn add(&mut self, key: &str) -> usize {
        if let Some(index) = self.find(key.as_bytes()) {
            return index;
        }
        self.lengths |= 1 << key.len().min(63);
        self.keys.push(key.as_bytes().into());
        self.keys.len() - 1
    }

    /// Number of keys.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    pub fn find(&self, key: &[u8]) -> Option<usize> {
        if self.lengths & (1 << key.len().min(63)) == 0 {
            return None;
        }
        self.keys.iter().position(|wanted| **wanted == *key)
    }
}

/// Reads the object that is `line`. `None`: not accepted, `found` is then
/// undefined. The last of several values of a key wins.
pub(super) fn object(
    line: &[u8],
    keys: &Keys,
    found: &mut [Found],
) -> Option<()> {
    let mut at = blanks(line, 0);
    if *line.get(at)? != b'{' {
        return None;
    }
    at = blanks(line, at + 1);
    if *line.get(at)? == b'}' {
        return (blanks(line, at + 1) == line.len()).then_some(());
    }
    loop {
        let key_start = at + 1;
        let (key_end, value) = key(line, at)?;
        let wanted = keys.find(&line[key_start..key_end]);
        let (end, what) = match *line.get(value)? {
            b'"' => {
                let (quote, plain) = string_end(line, value + 1)?;
                let what = if plain {
                    Found::Plain(value + 1..quote)
                } else {
                    Found::Json(value..quote + 1)
                };
                (quote + 1, what)
            }
            b'{' | b'[' => {
                let end = nested(line, value)?;
                (end, Found::Json(value..end))
            }
            _ => {
                let end = scalar(line, value)?;
                (end, Found::Json(value..end))
            }
        };
        if let Some(index) = wanted {
            found[index] = what;
        }
        at = blanks(line, end);
        match *line.get(at)? {
            b',' => at = blanks(line, at + 1),
            b'}' => {
                at = blanks(line, at + 1);
                return (at == line.len()).then_some(());
            }
            _ => return None,
        }
    }
}

#[inline]
fn blanks(line: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\r' | b'\n') = line.get(at) {
        at += 1;
    }
    at
}

/// Reads a key without escapes and its colon: where the key ends and where
/// the value begins.
#[inline]
fn key(line: &[u8], at: usize) -> Option<(usize, usize)> {
    if *line.get(at)? != b'"' {
        return None;
    }
    let (quote, plain) = string_end(line, at + 1)?;
    let colon = blanks(line, quote + 1);
    let reads = plain && *line.get(colon)? == b':';
    reads.then(|| (quote, blanks(line, colon + 1)))
}

/// The closing quote, and whether there is no escape before it.
#[inline]
fn string_end(line: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut plain = true;
    loop {
        at = special(line, at)?;
        match line[at] {
            b'"' => return Some((at, plain)),
            b'\\' => {
                plain = false;
                match line.get(at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                        at += 2
                    }
                    b'u' => {
                        let digits = line.get(at + 2..at + 6)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        at += 6;
                    }
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

/// The next quote, backslash or control character, eight bytes at a time.
/// The bit tricks can mark a wrong byte only above a right one, and the
/// lowest mark is taken.
#[inline]
fn special(line: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const QUOTE: u64 = ONES * 0x22;
    const BACKSLASH: u64 = ONES * 0x5c;
    const CONTROL: u64 = ONES * 0x20;
    while let Some(bytes) = line.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*bytes);
        let zero = |x: u64| x.wrapping_sub(ONES) & !x;
        let below = word.wrapping_sub(CONTROL) & !word;
        let marks = zero(word ^ QUOTE) | zero(word ^ BACKSLASH) | below;
        let marks = marks & HIGH;
        if marks != 0 {
            // At most 7, so the conversion holds.
            let index = usize::try_from(marks.trailing_zeros() / 8).ok()?;
            return Some(at + index);
        }
        at += 8;
    }
    let rest = line.get(at..)?;
    let is = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    rest.iter().position(is).map(|index| at + index)
}

/// The end of a number or literal.
fn scalar(line: &[u8], at: usize) -> Option<usize> {
    let rest = &line[at..];
    for literal in [&b"null"[..], b"true", b"false"] {
        if rest.starts_with(literal) {
            return Some(at + literal.len());
        }
    }
    let digits = |from: usize| {
        let rest = line.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let some = |from: usize| Some(digits(from)).filter(|&end| end > from);
    let start = if rest.first() == Some(&b'-') { at + 1 } else { at };
    let mut end = match line.get(start)? {
        b'0' => start + 1,
        _ => some(start)?,
    };
    if line.get(end) == Some(&b'.') {
        end = some(end + 1)?;
    }
    if let Some(b'e' | b'E') = line.get(end) {
        let sign = matches!(line.get(end + 1), Some(b'+' | b'-'));
        end = some(end + 1 + usize::from(sign))?;
    }
    Some(end)
}

/// The end of an object or array inside the record's object. A bit of
/// `stack` says what the level is, so depth costs no memory.
fn nested(line: &[u8], start: usize) -> Option<usize> {
    // The record's own object is the first level.
    const LEVELS_MAX: usize = limits::JSON_DEPTH_MAX - 2;
    const _: () = assert!(LEVELS_MAX < 128);
    let mut stack: u128 = 0;
    let mut depth = 0;
    let mut at = start;
    loop {
        let byte = *line.get(at)?;
        match byte {
            b'{' | b'[' => {
                if depth == LEVELS_MAX {
                    return None;
                }
                let object = byte == b'{';
                let first = blanks(line, at + 1);
                let close = if object { b'}' } else { b']' };
                if *line.get(first)? == close {
                    at = first + 1;
                } else {
                    depth += 1;
                    stack = stack << 1 | u128::from(object);
                    at = if object { key(line, first)?.1 } else { first };
                    continue;
                }
            }
            b'"' => at = string_end(line, at + 1)?.0 + 1,
            _ => at = scalar(line, at)?,
        }
        // Behind a value: close levels, or go on to the next value.
        loop {
            if depth == 0 {
                return Some(at);
            }
            at = blanks(line, at);
            let object = stack & 1 == 1;
            match (*line.get(at)?, object) {
                (b'}', true) | (b']', false) => {
                    at += 1;
                    stack >>= 1;
                    depth -= 1;
                }
                (b',', true) => {
                    at = key(line, blanks(line, at + 1))?.1;
                    break;
                }
                (b',', false) => {
                    at = blanks(line, at + 1);
                    break;
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::strict;
    use super::*;
    use proptest::prelude::*;

    fn keys() -> Keys {
        let mut keys = Keys::default();
        keys.add("a");
        keys.add("b");
        keys
    }

    /// What the fast pass accepts, serde_json accepts with the same values.
    fn agrees(line: &str) {
        let keys = keys();
        let mut fast = vec![Found::Nothing; 2];
        if object(line.as_bytes(), &keys, &mut fast).is_none() {
            return;
        }
        let mut slow = vec![Found::Nothing; 2];
        strict::object(line, &keys, &mut slow, false)
            .unwrap_or_else(|fault| panic!("{line:?}: {fault:?}"));
        let text = |found: &Found| match found {
            Found::Nothing => None,
            Found::Plain(range) => {
                Some(line[range.start - 1..range.end + 1].to_owned())
            }
            Found::Json(range) => Some(line[range.clone()].to_owned()),
        };
        let fast: Vec<_> = fast.iter().map(text).collect();
        let slow: Vec<_> = slow.iter().map(text).collect();
        assert_eq!(fast, slow, "{line:?}");
    }

    #[test]
    fn takes_the_common_lines() {
        for line in [
            "{}",
            " { } \r",
            r#"{"a":"x","b":1,"c":[1,{"d":[]},{}],"a":null}"#,
            r#"{"a":-0.5e+10,"b":"\u00e9\n","c":true}"#,
        ] {
            let mut found = vec![Found::Nothing; 2];
            let accepted = object(line.as_bytes(), &keys(), &mut found);
            assert!(accepted.is_some(), "{line}");
            agrees(line);
        }
    }

    #[test]
    fn leaves_the_rest() {
        for line in [
            "",
            "{",
            "[]",
            "{}x",
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":-}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12g4"}"#,
            r#"{"a":1,}"#,
            r#"{"a" 1}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":{"b"}}"#,
            r#"{"a":[}]}"#,
            "{\"a\":\"\u{1}\"}",
            r#"{"\u0061":1}"#,
            r#"{"a":nul}"#,
        ] {
            let mut found = vec![Found::Nothing; 2];
            let accepted = object(line.as_bytes(), &keys(), &mut found);
            assert!(accepted.is_none(), "{line}");
        }
    }

    #[test]
    fn special_bytes_at_every_place() {
        for place in 0..40 {
            for byte in [b'"', b'\\', 0, 0x1f] {
                let mut line = vec![0xe4; 40];
                line[place] = byte;
                assert_eq!(special(&line, 0), Some(place));
            }
        }
        let every: Vec<u8> =
            (0x20..=0xff).filter(|b| !b"\"\\".contains(b)).collect();
        assert_eq!(special(&every, 0), None);
    }

    proptest! {
        #[test]
        fn accepts_no_more_than_serde_json(
            line in r#"(\{|"a"|:|"é\\n"|"b"|,|\}|\[|\]|1|-|0|\.|e|null| |\\u00|"){0,24}"#
        ) {
            agrees(&line);
            agrees(&format!("{{\"a\":{line}}}"));
            agrees(&format!("{{\"a\":[{line}],\"b\":{{\"c\":{line}}}}}"));
        }
    }
}
