//! What travels from a source to a decoder. In: bytes of whole records and
//! where they stood; out: one value that can be sent to another thread.
//! Never looks inside the bytes.

use std::ops::Deref;
use std::ops::Range;
use std::sync::Arc;

use memmap2::Mmap;

use super::RejectReason;

/// How records are written in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A JSON object a line.
    Ndjson,
    /// Comma-separated values, the first row names the columns.
    Csv,
    /// Tab-separated values, quoted like CSV, the first row names the
    /// columns.
    Tsv,
    /// A line is a record with one field `text`.
    Text,
    /// Rows of a Parquet file; the source writes each as a line of NDJSON.
    Parquet,
    /// Rows of an Arrow IPC file or stream, as lines of NDJSON.
    Arrow,
}

impl Format {
    /// The byte between two cells, for the formats that have rows.
    pub fn separator(self) -> Option<u8> {
        match self {
            Format::Csv => Some(b','),
            Format::Tsv => Some(b'\t'),
            Format::Ndjson
            | Format::Text
            | Format::Parquet
            | Format::Arrow => None,
        }
    }

    /// The name used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::Text => "text",
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
        }
    }
}

/// What the bytes of a frame are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// Whole records with their line ends; only the last record of a source
    /// may lack its line end.
    Records,
    /// One piece of a record over the limit, in order, without its line end.
    /// Line and offset of the frame are those of the whole record. The
    /// record counts once, at its last piece.
    Oversize { piece: u32, last: bool },
    /// What is left of a source (or a source as a whole) that cannot be
    /// read on. One reject, whose bytes may be empty.
    Damaged { reason: RejectReason, detail: String },
}

/// Bytes of one source and where they stood.
#[derive(Clone, Debug)]
pub struct Frame {
    pub bytes: FrameBytes,
    /// As in [`super::Origin`].
    pub source: Arc<str>,
    pub format: Format,
    /// Column names, for formats with rows.
    pub header: Option<Arc<Vec<String>>>,
    /// 1-based line of the first byte.
    pub line: u64,
    /// Offset of the first byte in the decompressed data.
    pub offset: u64,
    pub kind: FrameKind,
}

impl Frame {
    /// A frame over bytes in memory that begin a source named `-`, for
    /// library calls, tests and benches.
    pub fn of_bytes(format: Format, bytes: Vec<u8>) -> Frame {
        Frame {
            bytes: FrameBytes::owned(bytes),
            source: Arc::from("-"),
            format,
            header: None,
            line: 1,
            offset: 0,
            kind: FrameKind::Records,
        }
    }
}

/// The bytes of a frame: a part of a mapped file or of a buffer. Cloning
/// copies owned buffers only.
#[derive(Clone, Debug)]
pub struct FrameBytes(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Mapped(Arc<Mmap>, Range<usize>),
    Shared(Arc<Vec<u8>>, Range<usize>),
    Owned(Vec<u8>),
}

impl FrameBytes {
    /// A part of a mapped file; the map lives as long as the frame.
    pub fn mapped(map: Arc<Mmap>, range: Range<usize>) -> FrameBytes {
        assert!(range.start <= range.end && range.end <= map.len());
        FrameBytes(Repr::Mapped(map, range))
    }

    /// A part of a buffer that several frames share.
    pub fn shared(buffer: Arc<Vec<u8>>, range: Range<usize>) -> FrameBytes {
        assert!(range.start <= range.end && range.end <= buffer.len());
        FrameBytes(Repr::Shared(buffer, range))
    }

    /// A buffer of its own.
    pub fn owned(buffer: Vec<u8>) -> FrameBytes {
        FrameBytes(Repr::Owned(buffer))
    }
}

impl Deref for FrameBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Repr::Mapped(map, range) => &map[range.clone()],
            Repr::Shared(buffer, range) => &buffer[range.clone()],
            Repr::Owned(buffer) => buffer,
        }
    }
}
