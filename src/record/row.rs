//! Rows of separated values. In: bytes and a separator; out: where a row
//! ends and what its cells are. Never knows what a column means.
//!
//! One state machine serves the source, which cuts between rows, and the
//! decoder, which cuts between cells, so that the two cannot disagree. It
//! reads what the `csv` crate reads (tests compare), except that a lone
//! carriage return is data here: only `\n` and `\r\n` end a row, because
//! line numbers count `\n`. A quote opens a cell only as its first byte;
//! inside quotes `""` is one quote; what follows a closing quote up to the
//! separator is kept as it is.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;
use memchr::memchr2;

/// Where in a row the bytes seen so far end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowState {
    /// Before the first byte of a row.
    #[default]
    Start,
    /// Before the first byte of a further cell.
    CellStart,
    /// In a cell without quotes, or behind its closing quote.
    Cell,
    /// Between quotes: separators and line ends are data.
    Quoted,
    /// Behind a quote that closes the cell unless another one follows.
    QuoteSeen,
}

impl RowState {
    /// The index behind the `\n` that ends the row, or `None` when the
    /// bytes end first; then a call with the bytes that follow goes on.
    pub fn row_end(&mut self, bytes: &[u8], separator: u8) -> Option<usize> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            match *self {
                RowState::Start => {
                    // Most rows have no quote at all: two vector searches.
                    let end = memchr(b'\n', rest);
                    let line = &rest[..end.unwrap_or(rest.len())];
                    if memchr(b'"', line).is_some() {
                        *self = RowState::CellStart;
                        continue;
                    }
                    if end.is_none()
                        && let Some(&last) = line.last()
                    {
                        *self = if last == separator {
                            RowState::CellStart
                        } else {
                            RowState::Cell
                        };
                    }
                    return end.map(|index| at + index + 1);
                }
                RowState::CellStart => match rest.first()? {
                    b'"' => {
                        at += 1;
                        *self = RowState::Quoted;
                    }
                    _ => *self = RowState::Cell,
                },
                RowState::Cell => {
                    let index = memchr2(separator, b'\n', rest)?;
                    at += index + 1;
                    if rest[index] == b'\n' {
                        *self = RowState::Start;
                        return Some(at);
                    }
                    *self = RowState::CellStart;
                }
                RowState::Quoted => {
                    at += memchr(b'"', rest)? + 1;
                    *self = RowState::QuoteSeen;
                }
                RowState::QuoteSeen => match rest.first()? {
                    b'"' => {
                        at += 1;
                        *self = RowState::Quoted;
                    }
                    _ => *self = RowState::Cell,
                },
            }
        }
    }
}

/// A cell as a range of its row, without the enclosing quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub range: Range<usize>,
    /// Whether quotes inside must be taken out before the text is right.
    pub quotes_inside: bool,
}

impl Cell {
    /// The text of the cell; copied only when quotes must go.
    pub fn text<'a>(&self, row: &'a str) -> Cow<'a, str> {
        let inner = &row[self.range.clone()];
        if !self.quotes_inside {
            return Cow::Borrowed(inner);
        }
        // The range begins behind the opening quote.
        let mut text = String::with_capacity(inner.len());
        let mut quoted = true;
        let mut rest = inner;
        while let Some(index) = rest.find('"').filter(|_| quoted) {
            text.push_str(&rest[..index]);
            rest = &rest[index + 1..];
            match rest.strip_prefix('"') {
                Some(after) => {
                    text.push('"');
                    rest = after;
                }
                None => quoted = false,
            }
        }
        text.push_str(rest);
        Cow::Owned(text)
    }
}

/// Splits one row (without its line end) into cells. Returns false when a
/// quote is left open: the last cell then runs to the end.
pub fn split(row: &[u8], separator: u8, cells: &mut Vec<Cell>) -> bool {
    let mut start = 0;
    loop {
        let (cell, closed) = cell_at(row, start, separator);
        let next = cell.1;
        cells.push(cell.0);
        match next {
            Some(next) => start = next,
            None => return closed,
        }
    }
}

/// The cells of a row that was split before without an error.
pub fn cells(row: &str, separator: u8) -> impl Iterator<Item = Cow<'_, str>> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let ((cell, after), _) = cell_at(row.as_bytes(), next?, separator);
        next = after;
        Some(cell.text(row))
    })
}

/// The cell that begins at `start`, where the next one begins, and whether
/// its quotes are closed.
fn cell_at(
    row: &[u8],
    start: usize,
    separator: u8,
) -> ((Cell, Option<usize>), bool) {
    let plain_end = |from: usize| match memchr(separator, &row[from..]) {
        Some(index) => (from + index, Some(from + index + 1)),
        None => (row.len(), None),
    };
    if row.get(start) != Some(&b'"') {
        let (end, next) = plain_end(start);
        let cell = Cell { range: start..end, quotes_inside: false };
        return ((cell, next), true);
    }
    let inner = start + 1;
    let mut at = inner;
    let mut quotes_inside = false;
    loop {
        let Some(index) = memchr(b'"', &row[at..]) else {
            let cell = Cell { range: inner..row.len(), quotes_inside };
            return ((cell, None), false);
        };
        let quote = at + index;
        match row.get(quote + 1) {
            Some(b'"') => {
                quotes_inside = true;
                at = quote + 2;
            }
            Some(&byte) if byte != separator => {
                // Data behind the closing quote: kept, quote taken out.
                let (end, next) = plain_end(quote + 1);
                let cell = Cell { range: inner..end, quotes_inside: true };
                return ((cell, next), true);
            }
            found => {
                let next = found.map(|_| quote + 2);
                let cell = Cell { range: inner..quote, quotes_inside };
                return ((cell, next), true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows and cells by this module, blank rows left out as `csv` does.
    fn rows(data: &str, separator: u8) -> Vec<Vec<String>> {
        let bytes = data.as_bytes();
        let mut found = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let mut state = RowState::Start;
            let end = state.row_end(&bytes[at..], separator);
            let end = end.map_or(bytes.len(), |index| at + index);
            let row = &data[at..end];
            let row = row.strip_suffix('\n').unwrap_or(row);
            let row = row.strip_suffix('\r').unwrap_or(row);
            at = end;
            if !row.is_empty() {
                let texts = cells(row, separator);
                found.push(texts.map(Cow::into_owned).collect());
            }
        }
        found
    }

    fn rows_of_crate(data: &str, separator: u8) -> Vec<Vec<String>> {
        csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(data.as_bytes())
            .records()
            .map(|row| row.unwrap().iter().map(str::to_owned).collect())
            .collect()
    }

    #[test]
    fn quotes_separators_line_ends() {
        let data = "a,b\r\n\"x,\"\"y\"\"\n\",z\n\"q\"tail,\"\"\n,\n";
        let want: Vec<Vec<String>> = [
            vec!["a", "b"],
            vec!["x,\"y\"\n", "z"],
            vec!["qtail", ""],
            vec!["", ""],
        ]
        .iter()
        .map(|row| row.iter().map(|&cell| cell.to_owned()).collect())
        .collect();
        assert_eq!(rows(data, b','), want);
        assert_eq!(rows_of_crate(data, b','), want);
    }

    #[test]
    fn an_open_quote_is_told() {
        let mut found = Vec::new();
        assert!(!split(b"a,\"b,c", b',', &mut found));
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].text("a,\"b,c"), "b,c");
    }

    proptest! {
        #[test]
        fn reads_what_the_csv_crate_reads(
            data in "([abé,\"\n]|\r\n|,\"|\",){0,40}"
        ) {
            // An open quote at the end swallows the line end there; the
            // decoder rejects such rows, so they are not compared.
            let mut state = RowState::Start;
            let mut rest = data.as_bytes();
            while let Some(end) = state.row_end(rest, b',') {
                rest = &rest[end..];
            }
            prop_assume!(state != RowState::Quoted);
            prop_assert_eq!(rows(&data, b','), rows_of_crate(&data, b','));
        }

        #[test]
        fn state_survives_any_seam(
            data in "[a,\"\n\r]{0,40}", seam in 0usize..40
        ) {
            let bytes = data.as_bytes();
            let seam = seam.min(bytes.len());
            let mut whole = RowState::Start;
            let want = whole.row_end(bytes, b',');
            let mut parts = RowState::Start;
            let got = match parts.row_end(&bytes[..seam], b',') {
                Some(end) => Some(end),
                None => parts
                    .row_end(&bytes[seam..], b',')
                    .map(|end| end + seam),
            };
            prop_assert_eq!(want, got);
        }
    }
}
