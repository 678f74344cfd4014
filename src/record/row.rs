//! Rows of separated values. In: bytes and a separator; out: where a row
//! ends and what its cells are. Never knows what a column means.
//!
//! `csv-core` splits rows into cells. Where a row ends is found here: a
//! stream is cut at any byte, most rows have no quote and then need two
//! vector searches and no copy, and the automaton of the crate would copy
//! every byte a second time. The two read alike (tests compare): only `\n`
//! and `\r\n` end a row, because line numbers count `\n`, and a lone
//! carriage return is data. A quote opens a cell only as its first byte;
//! inside quotes `""` is one quote; what follows a closing quote up to the
//! separator is kept as it is.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::Range;

use csv_core::ReadFieldResult;
use csv_core::Reader;
use csv_core::ReaderBuilder;
use csv_core::Terminator;
use memchr::memchr;
use memchr::memchr_iter;
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

/// A cell as a range of its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Without the enclosing quotes, unless quotes must be taken out.
    pub range: Range<usize>,
    /// Whether quotes inside must be taken out before the text is right; the
    /// range then has the enclosing ones too.
    pub quotes_inside: bool,
}

/// Splits rows into cells with the automaton of `csv-core`. It copies what
/// it reads; the copy is dropped, because most texts stand in the row as
/// they are, and only where a cell ends is needed.
///
/// Building one takes longer than splitting a row, so it is kept; cloning
/// one is no way out, for a cloned `csv_core::Reader` has lost its tables.
#[derive(Debug)]
pub struct Splitter {
    reader: Reader,
    separator: u8,
    copy: Vec<u8>,
    ends: Vec<usize>,
}

impl Splitter {
    pub fn new(separator: u8) -> Splitter {
        Splitter {
            reader: reader(separator),
            separator,
            copy: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub fn separator(&self) -> u8 {
        self.separator
    }

    /// Splits one row (without its line end) into cells. Returns false when
    /// a quote is left open: the last cell then runs to the end.
    pub fn split(&mut self, row: &[u8], cells: &mut Vec<Cell>) -> bool {
        if row.is_empty() {
            // To the automaton this is no row at all.
            cells.push(Cell { range: 0..0, quotes_inside: false });
            return true;
        }
        // A byte more than any cell: the copy is never full.
        if self.copy.len() <= row.len() {
            self.copy.resize(row.len() + 1, 0);
        }
        if memchr(b'"', row).is_none() {
            self.split_plain(row, cells);
            return true;
        }
        let mut start = 0;
        loop {
            let (result, read, _) =
                self.reader.read_field(&row[start..], &mut self.copy);
            if let ReadFieldResult::Field { .. } = result {
                // With the separator.
                cells.push(cell(row, start..start + read - 1));
                start += read;
                if start < row.len() {
                    continue;
                }
            }
            // The last cell, which is empty behind a separator.
            let closed = self.end_row();
            cells.push(if closed {
                cell(row, start..row.len())
            } else {
                Cell { range: start..row.len(), quotes_inside: true }
            });
            return closed;
        }
    }

    /// Splits a row without quotes in one go, which takes half the time. Its
    /// copy is the row without separators, so that the ends in the copy tell
    /// those in the row.
    fn split_plain(&mut self, row: &[u8], cells: &mut Vec<Cell>) {
        let count = memchr_iter(self.separator, row).count() + 1;
        self.ends.resize(count, 0);
        let (_, _, _, found) =
            self.reader.read_record(row, &mut self.copy, &mut self.ends);
        let rest = &mut self.ends[found..];
        self.reader.read_record(b"\n", &mut self.copy, rest);
        let mut start = 0;
        for (separators, end) in self.ends.iter().enumerate() {
            let end = end + separators;
            cells.push(Cell { range: start..end, quotes_inside: false });
            start = end + 1;
        }
    }

    /// Brings the automaton to the start of a row; false when that took a
    /// quote.
    fn end_row(&mut self) -> bool {
        let (result, ..) = self.reader.read_field(b"\n", &mut self.copy);
        if let ReadFieldResult::Field { record_end: true } = result {
            return true;
        }
        self.reader.read_field(b"\"\n", &mut self.copy);
        false
    }

    /// The text of a cell; copied only when quotes must go.
    pub fn text<'a>(&mut self, cell: &Cell, row: &'a str) -> Cow<'a, str> {
        let raw = &row[cell.range.clone()];
        if !cell.quotes_inside {
            return Cow::Borrowed(raw);
        }
        let mut text = vec![0; raw.len() + 1];
        let (_, _, written) =
            self.reader.read_field(raw.as_bytes(), &mut text);
        self.end_row();
        text.truncate(written);
        // Only quotes were taken out, so this is still UTF-8.
        Cow::Owned(String::from_utf8(text).unwrap_or_default())
    }
}

/// An automaton at the start of a row. It has read something, or it would
/// take a byte order mark off the first row.
fn reader(separator: u8) -> Reader {
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .terminator(Terminator::Any(b'\n'))
        .build();
    reader.read_field(b"\n", &mut [0]);
    reader
}

/// The cell that stands in a range of the row.
fn cell(row: &[u8], range: Range<usize>) -> Cell {
    match &row[range.clone()] {
        [b'"', inner @ .., b'"'] if memchr(b'"', inner).is_none() => {
            let range = range.start + 1..range.end - 1;
            Cell { range, quotes_inside: false }
        }
        [b'"', ..] => Cell { range, quotes_inside: true },
        _ => Cell { range, quotes_inside: false },
    }
}

/// The cells of a row that was split before without an error.
pub fn cells(row: &str, separator: u8) -> impl Iterator<Item = Cow<'_, str>> {
    thread_local! {
        /// One for each separator that this thread has met.
        static KNOWN: RefCell<Vec<Splitter>> = const {
            RefCell::new(Vec::new())
        };
    }
    let texts: Vec<_> = KNOWN.with_borrow_mut(|known| {
        let found = known.iter().position(|s| s.separator == separator);
        let place = found.unwrap_or_else(|| {
            known.push(Splitter::new(separator));
            known.len() - 1
        });
        let splitter = &mut known[place];
        let mut cells = Vec::new();
        splitter.split(row.as_bytes(), &mut cells);
        cells.iter().map(|cell| splitter.text(cell, row)).collect()
    });
    texts.into_iter()
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
        let mut splitter = Splitter::new(b',');
        let row = "a,\"b,c";
        assert!(!splitter.split(row.as_bytes(), &mut found));
        assert_eq!(found.len(), 2);
        assert_eq!(splitter.text(&found[1], row), "b,c");
        // The next row begins anew.
        found.clear();
        assert!(splitter.split(b"a,\"b\",c", &mut found));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn cells_stand_in_the_row_where_they_can() {
        let row = "\u{feff}a,\"b,c\",\"\",\"x\"\"y\",\rz,";
        let mut found = Vec::new();
        let mut splitter = Splitter::new(b',');
        assert!(splitter.split(row.as_bytes(), &mut found));
        let texts: Vec<_> =
            found.iter().map(|cell| splitter.text(cell, row)).collect();
        assert_eq!(texts, ["\u{feff}a", "b,c", "", "x\"y", "\rz", ""]);
        let owned: Vec<_> =
            texts.iter().map(|text| matches!(text, Cow::Owned(_))).collect();
        assert_eq!(owned, [false, false, false, true, false, false]);
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
