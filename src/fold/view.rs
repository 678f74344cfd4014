//! The escape view: what a browser or a JSON reader would show for text with
//! HTML, percent or `\u` escapes. In: text; out: decoded text with a map back
//! to the original bytes, or nothing when there is no escape. The view is
//! the only place where text is copied, and only for such texts.
//!
//! Decoded are decimal and hexadecimal character references (`&#24494;`,
//! `&#x5fae;`), the named references in [`named`] (the ones that produce a
//! letter, digit or common punctuation), percent-encoded UTF-8 (`%E5%BE%AE`)
//! and `\uXXXX` with surrogate pairs, `\u{X}`, `\xXX`. One level, as clients
//! do. Percent triplets that are not UTF-8 stay as they are.

use crate::base::int;

/// A decoded text and where each of its bytes came from.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub text: String,
    /// Pairs (offset in the view, offset in the original), one for each
    /// piece; between two entries text was copied byte for byte unless the
    /// entry says `escape`.
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    view: u32,
    original: u32,
    /// Length in the original; equals the view's length when copied.
    original_len: u32,
    escape: bool,
}

impl View {
    /// The original range of a view range, and whether any of it was
    /// escaped. Both ends lie on character boundaries of the original.
    pub fn original(&self, start: u32, end: u32) -> (u32, u32, bool) {
        let first = self.piece_at(start);
        let last = self.piece_at(end.saturating_sub(1).max(start));
        let mut escaped = false;
        for piece in &self.pieces[first..=last] {
            escaped |= piece.escape;
        }
        let head = self.pieces[first];
        let from = if head.escape {
            head.original
        } else {
            head.original + (start - head.view)
        };
        let tail = self.pieces[last];
        let to = if tail.escape {
            tail.original + tail.original_len
        } else {
            tail.original + (end - tail.view)
        };
        (from, to, escaped)
    }

    fn piece_at(&self, offset: u32) -> usize {
        self.pieces
            .partition_point(|piece| piece.view <= offset)
            .saturating_sub(1)
    }

    fn push(&mut self, text: &str, original: usize, len: usize, esc: bool) {
        if text.is_empty() {
            return;
        }
        self.pieces.push(Piece {
            view: int::to_u32(self.text.len()),
            original: int::to_u32(original),
            original_len: int::to_u32(len),
            escape: esc,
        });
        self.text.push_str(text);
    }
}

/// Decodes the escapes of `text`; `None` when there are none. Linear time.
pub fn decode_escapes(text: &str) -> Option<View> {
    let bytes = text.as_bytes();
    memchr::memchr3(b'&', b'%', b'\\', bytes)?;
    let mut view = View::default();
    let mut any = false;
    let (mut at, mut kept) = (0, 0);
    while let Some(step) = memchr::memchr3(b'&', b'%', b'\\', &bytes[at..]) {
        let start = at + step;
        let found = match bytes[start] {
            b'&' => reference(&text[start..]),
            b'%' => percent(&bytes[start..]),
            _ => backslash(&text[start..]),
        };
        let Some((c, len)) = found else {
            at = start + 1;
            continue;
        };
        view.push(&text[kept..start], kept, start - kept, false);
        let mut buffer = [0; 4];
        view.push(c.encode_utf8(&mut buffer), start, len, true);
        at = start + len;
        kept = at;
        any = true;
    }
    if !any {
        return None;
    }
    view.push(&text[kept..], kept, text.len() - kept, false);
    Some(view)
}

/// `&#NN;`, `&#xHH;` (the semicolon may be missing, as browsers allow) or a
/// named reference.
fn reference(text: &str) -> Option<(char, usize)> {
    let rest = &text[1..];
    if let Some(number) = rest.strip_prefix('#') {
        let (digits, radix, head) = match number.as_bytes().first()? {
            b'x' | b'X' => (&number[1..], 16, 3),
            _ => (number, 10, 2),
        };
        let len = digits
            .bytes()
            .take(8)
            .take_while(|b| char::from(*b).is_digit(radix))
            .count();
        if len == 0 {
            return None;
        }
        let code = u32::from_str_radix(&digits[..len], radix).ok()?;
        let semicolon = digits.as_bytes().get(len) == Some(&b';');
        let c = char::from_u32(code)?;
        return Some((c, head + len + usize::from(semicolon)));
    }
    let window = &rest.as_bytes()[..rest.len().min(10)];
    let end = memchr::memchr(b';', window)?;
    let c = named(&rest[..end])?;
    Some((c, end + 2))
}

/// The named references that matter inside words. Source: the WHATWG HTML
/// standard's list, cut to letters, spaces, invisible characters and the
/// punctuation used as separators.
fn named(name: &str) -> Option<char> {
    Some(match name {
        "amp" | "AMP" => '&',
        "lt" | "LT" => '<',
        "gt" | "GT" => '>',
        "quot" | "QUOT" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "ensp" => '\u{2002}',
        "emsp" => '\u{2003}',
        "thinsp" => '\u{2009}',
        "shy" => '\u{ad}',
        "zwnj" => '\u{200c}',
        "zwj" => '\u{200d}',
        "lrm" => '\u{200e}',
        "rlm" => '\u{200f}',
        "Tab" => '\t',
        "NewLine" => '\n',
        "period" => '.',
        "comma" => ',',
        "colon" => ':',
        "semi" => ';',
        "excl" => '!',
        "quest" => '?',
        "num" => '#',
        "dollar" => '$',
        "percnt" => '%',
        "plus" => '+',
        "equals" => '=',
        "ast" => '*',
        "sol" => '/',
        "bsol" => '\\',
        "commat" => '@',
        "lowbar" => '_',
        "hyphen" | "dash" => '\u{2010}',
        "middot" | "centerdot" => '\u{b7}',
        "bull" => '\u{2022}',
        "hellip" => '\u{2026}',
        "ndash" => '\u{2013}',
        "mdash" => '\u{2014}',
        "lpar" => '(',
        "rpar" => ')',
        "lsqb" | "lbrack" => '[',
        "rsqb" | "rbrack" => ']',
        "vert" | "verbar" => '|',
        _ => return None,
    })
}

/// One character of percent-encoded UTF-8, never an ASCII letter's
/// neighbour alone: `100%ab` is not an escape because 0xAB starts nothing.
fn percent(bytes: &[u8]) -> Option<(char, usize)> {
    let first = hex_pair(bytes, 0)?;
    let count = match first {
        0x00..=0x7F => 1,
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return None,
    };
    let mut raw = [0u8; 4];
    for (index, slot) in raw.iter_mut().take(count).enumerate() {
        *slot = hex_pair(bytes, index * 3)?;
    }
    let text = std::str::from_utf8(&raw[..count]).ok()?;
    Some((text.chars().next()?, count * 3))
}

fn hex_pair(bytes: &[u8], at: usize) -> Option<u8> {
    if bytes.get(at) != Some(&b'%') {
        return None;
    }
    let high = char::from(*bytes.get(at + 1)?).to_digit(16)?;
    let low = char::from(*bytes.get(at + 2)?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}

/// `\uXXXX` (with a surrogate pair), `\u{X}`, `\xXX`.
fn backslash(text: &str) -> Option<(char, usize)> {
    let rest = text.as_bytes().get(1..)?;
    match rest.first()? {
        b'u' if rest.get(1) == Some(&b'{') => {
            let window = &rest[2..rest.len().min(9)];
            let end = memchr::memchr(b'}', window)?;
            let digits = text.get(3..3 + end)?;
            let code = u32::from_str_radix(digits, 16).ok()?;
            Some((char::from_u32(code)?, end + 4))
        }
        b'u' => {
            let high = hex_four(rest, 1)?;
            if !(0xD800..0xDC00).contains(&high) {
                return Some((char::from_u32(high)?, 6));
            }
            if rest.get(5) != Some(&b'\\') || rest.get(6) != Some(&b'u') {
                return None;
            }
            let low = hex_four(rest, 7)?;
            if !(0xDC00..0xE000).contains(&low) {
                return None;
            }
            let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            Some((char::from_u32(code)?, 12))
        }
        b'x' => {
            let high = char::from(*rest.get(1)?).to_digit(16)?;
            let low = char::from(*rest.get(2)?).to_digit(16)?;
            let code = high * 16 + low;
            // Bytes above ASCII are not characters of their own.
            if code < 0x80 { Some((char::from_u32(code)?, 4)) } else { None }
        }
        _ => None,
    }
}

fn hex_four(bytes: &[u8], at: usize) -> Option<u32> {
    let mut code = 0;
    for &byte in bytes.get(at..at + 4)? {
        code = code * 16 + char::from(byte).to_digit(16)?;
    }
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_decode_and_map_back() {
        let rows = [
            ("a&#x5fae;&#20449;b", "a微信b"),
            ("%E5%BE%AE%E4%BF%A1", "微信"),
            ("\\u5fae\\u4fe1 \\ud83d\\ude00", "微信 😀"),
            ("\\u{5fae}\\x41", "微A"),
            ("ca&shy;sino&nbsp;x", "ca\u{ad}sino\u{a0}x"),
            ("&#24494&#20449", "微信"),
        ];
        for (text, shown) in rows {
            let view = decode_escapes(text).expect(text);
            assert_eq!(view.text, shown, "{text}");
            let len = int::to_u32(view.text.len());
            let (from, to, escaped) = view.original(0, len);
            assert_eq!((from, to), (0, int::to_u32(text.len())), "{text}");
            assert!(escaped);
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in [
            "",
            "plain",
            "100% sure",
            "50%ab",
            "a & b",
            "&unknown;",
            "C:\\users",
            "\\ud83d alone",
            "&#xFFFFFFFF;",
            "&#;",
            "%",
            "\\",
            "&",
            "%E5%BE",
            "&微微微微微微;",
        ] {
            assert!(decode_escapes(text).is_none(), "{text}");
        }
    }

    #[test]
    fn spans_inside_a_view_point_at_the_original() {
        let text = "x&#x5fae;yz&#x4fe1;";
        let view = decode_escapes(text).unwrap();
        assert_eq!(view.text, "x微yz信");
        // "yz" was copied: no escape.
        assert_eq!(view.original(4, 6), (9, 11, false));
        assert_eq!(&text[9..11], "yz");
        assert_eq!(view.original(1, 4), (1, 9, true));
        assert_eq!(&text[1..9], "&#x5fae;");
    }
}
