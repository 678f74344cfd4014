//! In: a view. Out: what has the look of a messenger handle, whether a word
//! announces it or not. Never precise alone (RTX4090 has the look, too):
//! rules ask for a word beside it in a short text.
//!
//! Rule: 5 to 20 Latin letters, digits and `_` in a row, at least one letter
//! and three digits; or up to three letters in a row, or five one by one, and
//! three to eight digits behind a blank, hyphen or slash (`ABD-275`,
//! `K T A 679`).
//! Not with a unit behind it, and not in a host, path or mail address.

use super::Found;
use super::Kind;
use super::contact::unit_follows;
use super::view::Cell;
use super::view::View;

/// Characters of a handle, and how many of them are digits at least.
const LEN: std::ops::RangeInclusive<usize> = 5..=20;
const DIGITS_MIN: usize = 3;
/// Letters and digits of one in parts.
const ROW_MAX: usize = 3;
const LETTERS_MAX: usize = 5;
const DIGITS: std::ops::RangeInclusive<usize> = DIGITS_MIN..=8;

/// Appends every handle.
pub(super) fn find(view: &View, out: &mut Vec<Found>) {
    let mut at = 0;
    while at < view.cells.len() {
        let row = Row::at(view, at);
        if row.len == 0 {
            at += 1;
            continue;
        }
        let end = row.whole().or_else(|| row.parts(view));
        let end = end.filter(|end| is_apart(view, at, *end));
        if let Some(end) = end {
            out.push(found(view, at, end));
        }
        at = end.unwrap_or(row.end());
    }
}

/// Letters, digits and `_` with nothing between them.
struct Row {
    first: usize,
    len: usize,
    letters: usize,
    digits: usize,
}

impl Row {
    fn at(view: &View, first: usize) -> Row {
        let mut row = Row { first, len: 0, letters: 0, digits: 0 };
        while let Some(cell) = view.get(row.end()).filter(|c| is_part(c)) {
            row.len += 1;
            row.letters += usize::from(cell.is_letter());
            row.digits += usize::from(!cell.is_letter() && cell.ch != '_');
        }
        row
    }

    fn end(&self) -> usize {
        self.first + self.len
    }

    /// The end of a handle in one row.
    fn whole(&self) -> Option<usize> {
        let fits = LEN.contains(&self.len)
            && self.letters > 0
            && self.digits >= DIGITS_MIN;
        fits.then(|| self.end())
    }

    /// The end of one of letters and, behind a gap, digits.
    fn parts(&self, view: &View) -> Option<usize> {
        let only_letters = |row: &Row| row.len > 0 && row.letters == row.len;
        if !only_letters(self) || self.len > ROW_MAX {
            return None;
        }
        let mut letters = self.len;
        let mut end = self.end();
        while letters <= LETTERS_MAX {
            if !matches!(view.ch(end), ' ' | '-' | '/') {
                return None;
            }
            let next = Row::at(view, end + 1);
            if next.digits == next.len && DIGITS.contains(&next.len) {
                let all = letters + next.len;
                return LEN.contains(&all).then(|| next.end());
            }
            // One by one, all of them.
            let lone = next.len == 1 && letters == (end - self.first) / 2 + 1;
            if !only_letters(&next) || !lone {
                return None;
            }
            letters += 1;
            end = next.end();
        }
        None
    }
}

fn is_part(cell: &Cell) -> bool {
    cell.is_alnum() || cell.ch == '_'
}

/// Not a piece of a host, path, mail address or reference, and no amount.
fn is_apart(view: &View, first: usize, end: usize) -> bool {
    let before = view.before(first).map_or(' ', |cell| cell.ch);
    let joins = matches!(view.ch(end), '.' | '/' | '@' | '-' | '=' | ':')
        && view.alnum_at(end + 1);
    !matches!(before, '.' | '/' | '@' | '#' | '=' | '&' | '-')
        && !joins
        && !unit_follows(view, end)
}

fn found(view: &View, first: usize, end: usize) -> Found {
    let cells = &view.cells[first..end];
    let value = cells.iter().filter(|c| is_part(c)).map(|c| c.ch).collect();
    Found {
        kind: Kind::Handle,
        span: view.span(first, end),
        cue: None,
        folds: view.folds(first, end),
        value,
        checksum: None,
    }
}
