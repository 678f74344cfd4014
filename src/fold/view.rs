//! The view of a text: what a reader sees of it. In: text; out: decoded text
//! with a map back to the original bytes, or nothing when there is nothing to
//! decode. The view is the only place where text is copied, and only for such
//! texts.
//!
//! Decoded are decimal and hexadecimal character references (`&#24494;`,
//! `&#x5fae;`), the named references in [`named`] (the ones that produce a
//! letter, digit or common punctuation), percent-encoded UTF-8 (`%E5%BE%AE`)
//! and `\uXXXX` with surrogate pairs, `\u{X}`, `\xXX`. One level, as clients
//! do. Percent triplets that are not UTF-8 stay as they are. Codes of
//! pictures and flags become separators, Base64 and hexadecimal bytes the
//! text that they encode (`codes`). Behind it all stand the columns of a text
//! whose lines are equally long, read downwards.

use super::codes;
use super::tables::{self, Kind};
use crate::base::int;

/// What stands for a picture.
const PICTURE: &str = "*";
/// Stands between readings: a noncharacter, no letter and no separator.
const BREAK: &str = "\u{FFFF}";
/// Lines that make columns, and letters of such a line.
pub const LINES_MIN: usize = 3;
const LINE_BYTES_MAX: usize = 96;
/// All of these are letters: most of Han, behind the strokes.
const LETTERS: std::ops::RangeInclusive<char> = '\u{4E86}'..='\u{9FA5}';
const COLUMNS: std::ops::RangeInclusive<usize> = 2..=12;

/// What a range of the view went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// HTML, percent or `\u` escapes.
    pub escape: bool,
    /// A code or flag, as a separator.
    pub picture: bool,
    /// Base64 or hexadecimal.
    pub bytes: bool,
    /// Lines read downwards.
    pub column: bool,
}

impl Passed {
    pub fn any(self) -> bool {
        self.escape || self.picture || self.bytes || self.column
    }
}

/// A decoded text and where each of its bytes came from.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub text: String,
    /// In the order of the view; without gaps.
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// Byte for byte.
    Copied,
    Escape,
    Picture,
    Bytes,
    Column,
    /// Nothing of the original.
    Break,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    view: u32,
    original: u32,
    /// Length in the original; equals the view's length when copied.
    original_len: u32,
    shown: Shown,
}

impl View {
    /// The original range of a view range, and what it went through. Both
    /// ends lie on character boundaries of the original.
    pub fn original(&self, start: u32, end: u32) -> (u32, u32, Passed) {
        let first = self.piece_at(start);
        let last = self.piece_at(end.saturating_sub(1).max(start));
        let mut passed = Passed::default();
        let (mut from, mut to) = (u32::MAX, 0);
        for (at, piece) in self.pieces[first..=last].iter().enumerate() {
            match piece.shown {
                Shown::Copied => {}
                Shown::Escape => passed.escape = true,
                Shown::Picture => passed.picture = true,
                Shown::Bytes => passed.bytes = true,
                Shown::Column => passed.column = true,
                Shown::Break => continue,
            }
            let whole = piece.original + piece.original_len;
            let copied = piece.shown == Shown::Copied;
            // Only columns run backwards in the original.
            from = from.min(if copied && at == 0 {
                piece.original + (start - piece.view)
            } else {
                piece.original
            });
            to = to.max(if copied && at == last - first {
                piece.original + (end - piece.view)
            } else {
                whole
            });
        }
        (from.min(to), to, passed)
    }

    fn piece_at(&self, offset: u32) -> usize {
        self.pieces
            .partition_point(|piece| piece.view <= offset)
            .saturating_sub(1)
    }

    fn push(&mut self, text: &str, original: usize, len: usize, shown: Shown) {
        if text.is_empty() {
            return;
        }
        self.pieces.push(Piece {
            view: int::to_u32(self.text.len()),
            original: int::to_u32(original),
            original_len: int::to_u32(len),
            shown,
        });
        self.text.push_str(text);
    }
}

/// Whether a text may have something to decode but escapes. One look at each
/// byte, by vector instructions, and at every twelfth. Yes too often is slow,
/// no too often is wrong: vector loops (`scan`) may say yes where this does
/// not.
pub fn is_promising(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'[', b'/', bytes).any(|at| {
        // A name in Han, or what else a code may begin with.
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        next >= 0xE0 || matches!(next, b'e' | b'd' | b'o' | b'O')
    }) || memchr::memchr_iter(0xF0, bytes)
        .any(|at| bytes.get(at + 1..at + 3) == Some(&[0x9F, 0x87]))
        || codes::has_token(bytes)
}

/// Whether a text has lines enough to be read downwards.
pub fn has_lines(text: &str) -> bool {
    let ends = memchr::memchr_iter(b'\n', text.as_bytes());
    ends.take(LINES_MIN - 1).count() == LINES_MIN - 1
}

/// Decodes a text; `None` when nothing in it asks for that. Linear time.
pub fn decode(text: &str) -> Option<View> {
    decode_marked(text, true)
}

/// The same for a text of which is known whether it holds `&`, `%` or `\`,
/// or is promising in another way.
pub fn decode_marked(text: &str, promising: bool) -> Option<View> {
    let mut view = View::default();
    if promising {
        pieces(text, &mut view);
    }
    columns(text, &mut view);
    (!view.pieces.is_empty()).then_some(view)
}

/// Decodes everything but columns.
fn pieces(text: &str, view: &mut View) {
    let bytes = text.as_bytes();
    let mut any = false;
    let (mut at, mut kept) = (0, 0);
    while let Some(more) = bytes[at..].iter().position(|b| is_start(*b)) {
        at += more;
        let start = at;
        if bytes[start].is_ascii_alphanumeric() {
            let len = codes::token(&bytes[start..]);
            if len < codes::TOKEN_MIN {
                at += len;
                continue;
            }
        }
        // What may start is ASCII or leads a character.
        let rest = &text[start..];
        let mut buffer = [0; 4];
        let encoded;
        let (shown, len, kind) = match bytes[start] {
            b'&' | b'%' | b'\\' => {
                let found = match bytes[start] {
                    b'&' => reference(rest),
                    b'%' => percent(&bytes[start..]),
                    _ => backslash(rest),
                };
                let Some((c, len)) = found else {
                    at += 1;
                    continue;
                };
                (&*c.encode_utf8(&mut buffer), len, Shown::Escape)
            }
            b'[' | b'/' | 0xF0 => {
                let found = match bytes[start] {
                    b'[' => codes::bracketed(rest),
                    b'/' => codes::slashed(rest),
                    _ => codes::flag(rest),
                };
                let Some(len) = found else {
                    at += step(rest);
                    continue;
                };
                (PICTURE, len, Shown::Picture)
            }
            byte if byte.is_ascii_alphanumeric() => {
                let len = codes::token(rest.as_bytes());
                let Some(plain) = codes::decoded(&rest[..len]) else {
                    at += len;
                    continue;
                };
                encoded = plain;
                (&*encoded, len, Shown::Bytes)
            }
            _ => {
                at += 1;
                continue;
            }
        };
        view.push(&text[kept..start], kept, start - kept, Shown::Copied);
        view.push(shown, start, len, kind);
        at = start + len;
        kept = at;
        any = true;
    }
    if any {
        let tail = text.len() - kept;
        view.push(&text[kept..], kept, tail, Shown::Copied);
    }
}

/// Whether something to decode may begin with a byte.
#[inline]
fn is_start(byte: u8) -> bool {
    STARTS[usize::from(byte)]
}

const STARTS: [bool; 256] = {
    let mut all = [false; 256];
    let (mut at, mut byte) = (0, 0u8);
    while at < all.len() {
        all[at] = byte.is_ascii_alphanumeric()
            || matches!(byte, b'&' | b'%' | b'\\' | b'[' | b'/' | 0xF0);
        at += 1;
        byte = byte.wrapping_add(1);
    }
    all
};

/// Bytes of the first character, and of a whole run of regional letters.
fn step(text: &str) -> usize {
    let regional = |c: &char| matches!(c, '\u{1F1E6}'..='\u{1F1FF}');
    let run = text.chars().take_while(regional).count();
    let one = text.chars().next().map_or(1, char::len_utf8);
    one.max(4 * run)
}

/// Reads blocks of equally long lines downwards, from the left and from the
/// right.
fn columns(text: &str, view: &mut View) {
    if !has_lines(text) || !has_block(text) {
        return;
    }
    let mut block: Vec<Vec<(usize, char)>> = Vec::new();
    let mut start = 0;
    for line in text.split('\n').map(Some).chain(std::iter::once(None)) {
        let letters = line.map_or(Vec::new(), |line| letters(line, start));
        let same = block.last().is_none_or(|l| l.len() == letters.len());
        if !same || letters.is_empty() {
            downwards(&block, view);
            block.clear();
        }
        if COLUMNS.contains(&letters.len()) {
            block.push(letters);
        }
        start += line.map_or(0, str::len) + 1;
    }
}

/// Whether lines with the same number of letters stand below each other.
fn has_block(text: &str) -> bool {
    let (mut width, mut lines) = (0, 0);
    for line in text.split('\n') {
        let letters = || line.chars().filter(|c| is_letter(*c));
        let count = match line.len() <= LINE_BYTES_MAX {
            true => letters().take(COLUMNS.end() + 1).count(),
            false => 0,
        };
        lines = if count == width { lines + 1 } else { 1 };
        width = count;
        if lines >= LINES_MIN && COLUMNS.contains(&width) {
            return true;
        }
    }
    false
}

fn is_letter(c: char) -> bool {
    LETTERS.contains(&c) || matches!(tables::kind(c), Kind::Letter)
}

/// Letters of a line with their places; none when there are too many.
fn letters(line: &str, start: usize) -> Vec<(usize, char)> {
    let most = COLUMNS.end() + 1;
    if line.len() > LINE_BYTES_MAX {
        return Vec::new();
    }
    let all: Vec<(usize, char)> = line
        .char_indices()
        .filter(|(_, c)| is_letter(*c))
        .map(|(at, c)| (start + at, c))
        .take(most)
        .collect();
    if all.len() == most { Vec::new() } else { all }
}

fn downwards(block: &[Vec<(usize, char)>], view: &mut View) {
    let Some(width) = block.first().map(Vec::len) else { return };
    if block.len() < LINES_MIN {
        return;
    }
    for backwards in [false, true] {
        view.push(BREAK, 0, 0, Shown::Break);
        for column in 0..width {
            let at = if backwards { width - 1 - column } else { column };
            for (place, c) in block.iter().map(|line| line[at]) {
                let mut buffer = [0; 4];
                let shown = c.encode_utf8(&mut buffer);
                view.push(shown, place, c.len_utf8(), Shown::Column);
            }
        }
    }
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
            let view = decode(text).expect(text);
            assert_eq!(view.text, shown, "{text}");
            let len = int::to_u32(view.text.len());
            let (from, to, passed) = view.original(0, len);
            assert_eq!((from, to), (0, int::to_u32(text.len())), "{text}");
            assert!(passed.escape);
        }
    }

    #[test]
    fn letters_are_letters() {
        let mut letters = LETTERS;
        assert!(letters.all(|c| matches!(tables::kind(c), Kind::Letter)));
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
            assert!(decode(text).is_none(), "{text}");
        }
    }

    #[test]
    fn spans_inside_a_view_point_at_the_original() {
        let text = "x&#x5fae;yz&#x4fe1;";
        let view = decode(text).unwrap();
        assert_eq!(view.text, "x微yz信");
        // "yz" was copied: no escape.
        assert_eq!(view.original(4, 6), (9, 11, Passed::default()));
        assert_eq!(&text[9..11], "yz");
        let escape = Passed { escape: true, ..Passed::default() };
        assert_eq!(view.original(1, 4), (1, 9, escape));
        assert_eq!(&text[1..9], "&#x5fae;");
    }

    #[test]
    fn codes_flags_and_bytes_are_shown() {
        let rows = [
            ("有[em]e163[/em]时", "有*时"),
            ("真🇨🇳人", "真*人"),
            ("真/汪汪人", "真*人"),
            ("看55yf5Lq655m+。", "看真人百。"),
            ("🇨🇦🇸🇮🇳🇴[强]", "🇨🇦🇸🇮🇳🇴*"),
        ];
        for (text, shown) in rows {
            assert_eq!(decode(text).expect(text).text, shown, "{text}");
        }
    }

    #[test]
    fn columns_are_read_downwards() {
        let text = "真家\n人乐\n百送";
        let view = decode(text).unwrap();
        assert_eq!(view.text, "\u{FFFF}真人百家乐送\u{FFFF}家乐送真人百");
        let (from, to, passed) = view.original(3, 18);
        assert!(passed.column);
        assert_eq!(
            &text[int::to_usize(from)..int::to_usize(to)],
            "真家\n人乐\n百"
        );
        assert!(decode("one line\nand two\nmore lines").is_none());
    }
}
