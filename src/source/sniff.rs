//! The format of a source. In: its name, what was asked for and its first
//! bytes; out: format, header and where the first record begins, or why the
//! source cannot be read. Never reads on.
//!
//! A stream is asked again whenever bytes arrived, until the answer is
//! certain. All answers but one depend on the bytes alone: a silent stream
//! without a name that tells (`quiet`) is taken as text when its lines so
//! far do not begin with `{`, because its records must not wait for 64 KiB.

use std::path::Path;
use std::sync::Arc;

use memchr::memchr;
use memchr::memchr_iter;

use super::columns;
use super::columns::Columnar;
use super::columns::Told;
use crate::base::int::wide;
use crate::base::limits;
use crate::record::Format;
use crate::record::RejectReason;
use crate::record::row;
use crate::record::row::RowState;

/// Which format is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FormatChoice {
    /// By the name of the file, else by its first bytes.
    #[default]
    Auto,
    Ndjson,
    Csv,
    Tsv,
    Text,
    Parquet,
    Arrow,
}

/// What the first bytes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// More bytes are needed to tell.
    Unknown,
    Records {
        format: Format,
        header: Option<Arc<Vec<String>>>,
        /// Bytes before the first record: a mark, a header.
        skip: usize,
        /// Line ends among them.
        lines: u64,
    },
    /// Columns, which are read in another way from the first byte on.
    Columns(Columnar),
    /// Not readable as a whole; `raw` bytes at the front show why.
    Unreadable { reason: RejectReason, detail: String, raw: usize },
}

/// Finds out where the records of one source begin.
#[derive(Debug)]
pub(super) struct Sniffer {
    choice: FormatChoice,
    named: Option<Format>,
    /// The name promises one JSON document, not lines.
    document: bool,
    record_max: usize,
    /// Bytes whose lines were looked at.
    seen: usize,
}

impl Sniffer {
    pub fn new(
        choice: FormatChoice,
        path: Option<&Path>,
        record_max: usize,
    ) -> Sniffer {
        let extension = path.and_then(extension).unwrap_or_default();
        let named = match extension.as_str() {
            "ndjson" | "jsonl" | "json" => Some(Format::Ndjson),
            "csv" => Some(Format::Csv),
            "tsv" => Some(Format::Tsv),
            "txt" => Some(Format::Text),
            _ => None,
        };
        let document = extension == "json";
        Sniffer { choice, named, document, record_max, seen: 0 }
    }

    /// Looks at the first bytes of the source: all that are there. `end`: no
    /// more will come. `quiet`: none came for a while.
    pub fn start(&mut self, data: &[u8], end: bool, quiet: bool) -> Start {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        match self.choice {
            FormatChoice::Parquet => return Start::Columns(Columnar::Parquet),
            FormatChoice::Arrow => return Start::Columns(Columnar::Arrow),
            FormatChoice::Auto => match columns::tell(data, end) {
                Told::Is(kind) => return Start::Columns(kind),
                Told::Maybe => return Start::Unknown,
                Told::No => {}
            },
            _ => {}
        }
        let bare = match data {
            [0xef, 0xbb, 0xbf, rest @ ..] => rest,
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return utf16(data),
            [0xff] | [0xfe] if !end => return Start::Unknown,
            _ if MARK.starts_with(data) && !end => return Start::Unknown,
            _ => data,
        };
        let mark = data.len() - bare.len();
        let Some(format) = self.format(bare, end, quiet) else {
            return Start::Unknown;
        };
        if self.document && format == Format::Ndjson {
            match bare.iter().position(|byte| !byte.is_ascii_whitespace()) {
                Some(index) if bare[index] == b'[' => {
                    return array(mark + index + 1);
                }
                None if !end && bare.len() < limits::SNIFF_BYTES => {
                    return Start::Unknown;
                }
                _ => {}
            }
        }
        match format.separator() {
            Some(separator) => self.header(data, mark, end, format, separator),
            None => {
                Start::Records { format, header: None, skip: mark, lines: 0 }
            }
        }
    }

    fn format(
        &mut self,
        bare: &[u8],
        end: bool,
        quiet: bool,
    ) -> Option<Format> {
        match self.choice {
            FormatChoice::Ndjson => return Some(Format::Ndjson),
            FormatChoice::Csv => return Some(Format::Csv),
            FormatChoice::Tsv => return Some(Format::Tsv),
            FormatChoice::Text => return Some(Format::Text),
            FormatChoice::Parquet | FormatChoice::Arrow => return None,
            FormatChoice::Auto => {}
        }
        if self.named.is_some() {
            return self.named;
        }
        let head = &bare[..bare.len().min(limits::SNIFF_BYTES)];
        while let Some(rest) = head.get(self.seen..) {
            let first =
                rest.iter().find(|&&byte| !matches!(byte, b' ' | b'\t'));
            if first == Some(&b'{') {
                return Some(Format::Ndjson);
            }
            match memchr(b'\n', rest) {
                Some(index) => self.seen += index + 1,
                None => break,
            }
        }
        let enough = head.len() == limits::SNIFF_BYTES;
        let lines_wait = quiet && self.seen > 0;
        (end || enough || lines_wait).then_some(Format::Text)
    }

    /// The first row that is not blank names the columns.
    fn header(
        &self,
        data: &[u8],
        mark: usize,
        end: bool,
        format: Format,
        separator: u8,
    ) -> Start {
        let mut at = mark;
        loop {
            let reach = data.len().min(at + self.record_max + 1);
            let mut state = RowState::Start;
            let found = state.row_end(&data[at..reach], separator);
            let row_end = match found {
                Some(size) => at + size,
                None if reach - at > self.record_max => {
                    let raw = at + limits::REJECT_PIECE_BYTES_MAX;
                    return Start::Unreadable {
                        reason: RejectReason::TooLong,
                        detail: format!(
                            "expected a header row of at most {} bytes",
                            self.record_max
                        ),
                        raw: raw.min(reach),
                    };
                }
                None if !end => return Start::Unknown,
                None => data.len(),
            };
            let row = &data[at..row_end];
            let row = row.strip_suffix(b"\n").unwrap_or(row);
            let row = row.strip_suffix(b"\r").unwrap_or(row);
            at = row_end;
            if row.is_empty() && at < data.len() {
                continue;
            }
            if row.is_empty() && !end {
                return Start::Unknown;
            }
            return match names(row, separator) {
                Ok(names) => Start::Records {
                    format,
                    header: Some(Arc::new(names)),
                    skip: at,
                    lines: wide(memchr_iter(b'\n', &data[..at]).count()),
                },
                Err((reason, detail)) => {
                    Start::Unreadable { reason, detail, raw: at }
                }
            };
        }
    }
}

/// The last extension, lower case, without that of a compression.
fn extension(path: &Path) -> Option<String> {
    let lower = |path: &Path| {
        path.extension().map(|text| text.to_string_lossy().to_lowercase())
    };
    let last = lower(path)?;
    match last.as_str() {
        "gz" | "zst" | "bz2" | "xz" => lower(&path.with_extension("")),
        _ => Some(last),
    }
}

fn names(
    row: &[u8],
    separator: u8,
) -> Result<Vec<String>, (RejectReason, String)> {
    let text = std::str::from_utf8(row).map_err(|err| {
        let detail = format!(
            "expected a header row in UTF-8, found another byte at {}; \
             convert the file, e.g. iconv -f GB18030 -t UTF-8",
            err.valid_up_to()
        );
        (RejectReason::Utf8, detail)
    })?;
    if !row::Splitter::new(separator).split(row, &mut Vec::new()) {
        let detail = "expected a closing quote in the header row, \
                      found the end";
        return Err((RejectReason::Truncated, detail.to_owned()));
    }
    Ok(row::cells(text, separator).map(|cell| cell.into_owned()).collect())
}

fn utf16(data: &[u8]) -> Start {
    let order = if data[0] == 0xff { "LE" } else { "BE" };
    Start::Unreadable {
        reason: RejectReason::Utf8,
        detail: format!(
            "expected UTF-8, found the mark of UTF-16{order}; convert the \
             file, e.g. iconv -f UTF-16 -t UTF-8"
        ),
        raw: 2,
    }
}

fn array(raw: usize) -> Start {
    Start::Unreadable {
        reason: RejectReason::WrongType,
        detail: "expected an object a line, found a JSON array; convert the \
                 file, e.g. jq -c '.[]'"
            .to_owned(),
        raw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(name: &str, data: &[u8]) -> Option<Format> {
        let path = Path::new(name);
        let mut sniffer =
            Sniffer::new(FormatChoice::Auto, Some(path), 1 << 20);
        match sniffer.start(data, true, false) {
            Start::Records { format, .. } => Some(format),
            _ => None,
        }
    }

    #[test]
    fn names_tell_then_bytes() {
        let cases = [
            ("a.csv", Format::Csv),
            ("a.TSV.gz", Format::Tsv),
            ("a.txt.xz", Format::Text),
            ("a.jsonl.zst", Format::Ndjson),
            ("a.json", Format::Ndjson),
            ("a", Format::Text),
            ("a.log", Format::Text),
        ];
        for (name, want) in cases {
            assert_eq!(format(name, b"x\n"), Some(want), "{name}");
        }
        assert_eq!(format("a", b"x\n  {\"a\":1}\n"), Some(Format::Ndjson));
        assert_eq!(format("a", b"\xef\xbb\xbf{"), Some(Format::Ndjson));
        assert_eq!(format("a", b"x {"), Some(Format::Text));
    }

    #[test]
    fn unreadable_sources_say_what_to_do() {
        let path = Path::new("a.json");
        let mut sniffer =
            Sniffer::new(FormatChoice::Auto, Some(path), 1 << 20);
        let Start::Unreadable { reason, detail, .. } =
            sniffer.start(b"\n [{}]", true, false)
        else {
            panic!("an array was taken as records");
        };
        assert_eq!(reason, RejectReason::WrongType);
        assert!(detail.contains("jq -c '.[]'"), "{detail}");
        assert_eq!(format("a", b"\xff\xfea\0"), None);
        assert_eq!(format("a.csv", b"a,\xff\n"), None);
        assert_eq!(format("a.csv", b"a,\"b\n"), None);
    }

    #[test]
    fn a_header_may_span_lines() {
        let mut sniffer = Sniffer::new(FormatChoice::Csv, None, 1 << 20);
        let start = sniffer.start(b"\n\"a\nb\",c\r\n1,2\n", false, false);
        let Start::Records { header, skip, lines, .. } = start else {
            panic!("no header in {start:?}");
        };
        assert_eq!(*header.unwrap(), ["a\nb", "c"]);
        assert_eq!((skip, lines), (10, 3));
    }
}
