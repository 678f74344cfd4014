//! In: a text. Out: its view, one cell a visible character with the bytes it
//! came from. Never rewrites the text and never looks for anything.
//!
//! Invisible characters leave no cell, combining marks and keycaps join the
//! cell before them, numeric character references (`&#x5fae;`) are decoded,
//! and the emoji codes of one platform (`[em]e163[/em]`) become one
//! separator: they hold digits and letters, and stand inside words.

use super::Folds;
use super::plane::Class;
use super::plane::NO_DIGIT;
use super::plane::fold;
use crate::base::Span;

/// One visible character.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    /// Folded: lower-case ASCII where it is a Latin letter or a digit.
    pub ch: char,
    /// As written.
    pub orig: char,
    pub start: u32,
    pub end: u32,
    /// 0–9, or `NO_DIGIT`.
    pub digit: u8,
    pub class: Class,
    pub how: Folds,
}

impl Cell {
    pub(super) fn is_digit(&self) -> bool {
        self.digit != NO_DIGIT
    }

    pub(super) fn is_letter(&self) -> bool {
        self.class == Class::Letter
    }

    pub(super) fn is_sep(&self) -> bool {
        self.class == Class::Sep
    }

    /// A Latin letter or a digit that is no word.
    pub(super) fn is_alnum(&self) -> bool {
        matches!(self.class, Class::Letter | Class::Digit)
    }
}

/// The cells of one text.
#[derive(Debug, Default)]
pub(super) struct View {
    pub cells: Vec<Cell>,
}

/// Longest platform emoji code: `[em]e10000000[/em]`.
const EMOJI_CODE_BYTES_MAX: usize = 24;
/// Longest numeric character reference: `&#x10FFFF;`.
const REFERENCE_BYTES_MAX: usize = 12;

impl View {
    /// Replaces the view by that of `text`.
    pub(super) fn build(&mut self, text: &str) {
        self.cells.clear();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let (c, len, how) = match c {
                '[' => match emoji_code(&text[at..]) {
                    Some(len) => ('\u{FFFC}', len, Folds::NONE),
                    None => (c, 1, Folds::NONE),
                },
                '&' => match reference(&text[at..]) {
                    Some((c, len)) => (c, len, Folds::ESCAPE),
                    None => (c, 1, Folds::NONE),
                },
                _ => (c, c.len_utf8(), Folds::NONE),
            };
            self.push(c, at, at + len, how);
            at += len;
        }
    }

    fn push(&mut self, c: char, start: usize, end: usize, how: Folds) {
        let (start, end) = (offset(start), offset(end));
        let f = fold(c);
        match f.class {
            Class::Ignorable => {}
            Class::Mark => {
                let last = self.cells.last_mut();
                if let Some(last) = last.filter(|l| l.end == start) {
                    last.end = end;
                    if c == '\u{20E3}' && last.is_digit() {
                        last.how |= Folds::DIGIT;
                    }
                }
            }
            _ => self.cells.push(Cell {
                ch: f.ch,
                orig: c,
                start,
                end,
                digit: f.digit,
                class: f.class,
                how: f.how | how,
            }),
        }
    }

    /// The cell at `i`, or none past either end.
    pub(super) fn get(&self, i: usize) -> Option<&Cell> {
        self.cells.get(i)
    }

    /// The folded character at `i`; NUL past the end.
    pub(super) fn ch(&self, i: usize) -> char {
        self.cells.get(i).map_or('\0', |c| c.ch)
    }

    /// The cell before `i`.
    pub(super) fn before(&self, i: usize) -> Option<&Cell> {
        i.checked_sub(1).and_then(|i| self.cells.get(i))
    }

    /// The bytes of the cells `[first, end)`; `first < end`.
    pub(super) fn span(&self, first: usize, end: usize) -> Span {
        match (self.cells.get(first), self.before(end)) {
            (Some(a), Some(b)) if a.start <= b.end => {
                Span::new(a.start, b.end)
            }
            _ => Span::new(0, 0),
        }
    }

    /// All folds that the cells `[first, end)` needed, plus `SEP` if a
    /// separator or dropped character lies inside.
    pub(super) fn folds(&self, first: usize, end: usize) -> Folds {
        let cells = self.cells.get(first..end).unwrap_or(&[]);
        let mut how = Folds::NONE;
        for (i, c) in cells.iter().enumerate() {
            how |= c.how;
            if i > 0 && cells[i - 1].end != c.start {
                how |= Folds::SEP;
            }
        }
        how
    }

    /// Whether the cell at `i` continues a Latin word or number.
    pub(super) fn alnum_at(&self, i: usize) -> bool {
        self.get(i).is_some_and(Cell::is_alnum)
    }

    /// Whether the characters from `i` are exactly `word` (folded).
    pub(super) fn starts(&self, i: usize, word: &str) -> bool {
        word.chars().enumerate().all(|(n, c)| self.ch(i + n) == c)
    }
}

/// A byte offset. Records are bounded far below `u32::MAX`
/// (`RECORD_BYTES_MAX`); a longer text would only lose its tail's spans.
pub(super) fn offset(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

pub(super) fn emoji_code(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("[em]e")?;
    let digits = inner.bytes().take(16).take_while(u8::is_ascii_digit).count();
    let len = "[em]e".len() + digits + "[/em]".len();
    let closed = inner.get(digits..)?.starts_with("[/em]");
    (closed && digits > 0 && len <= EMOJI_CODE_BYTES_MAX).then_some(len)
}

fn reference(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix("&#")?;
    let close = body.bytes().take(REFERENCE_BYTES_MAX).position(|b| b == b';');
    let digits = body.get(..close?)?;
    let value = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    let c = char::from_u32(value.ok()?)?;
    Some((c, "&#".len() + digits.len() + ";".len()))
}
