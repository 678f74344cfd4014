//! Parquet files, Arrow IPC files and streams. In: the bytes of a source
//! that begins like one; out: its rows as lines of JSON through a bounded
//! channel, for the cutter and the decoder that serve NDJSON. Never holds
//! more than a batch of rows beside the pages or the message it stands in.
//!
//! A row becomes a line because then everything behind it is the same by
//! construction: field names and JSON pointers, types, rejects, look-ups of
//! rules, `--annotate`, limits. Line numbers are row numbers. What that costs
//! is one copy of each text; scanning it costs several times more.
//!
//! The readers are crates behind the features `parquet` and `arrow`. Without
//! them a source is still recognised, and its error names the feature.

#[cfg(feature = "arrow")]
mod arrow;
#[cfg(any(feature = "arrow", feature = "parquet"))]
mod bytes;
#[cfg(any(feature = "arrow", feature = "parquet"))]
mod line;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(any(feature = "arrow", feature = "parquet"))]
mod rows;

use std::sync::Arc;

use super::SourceError;
use super::input::Input;
use super::input::Stream;
use super::progress::Progress;
use crate::record::Format;

/// A format of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Columnar {
    Parquet,
    /// The file or the stream of Arrow IPC: the one is the other with a
    /// magic number before it and an index behind it.
    Arrow,
}

impl Columnar {
    pub fn format(self) -> Format {
        match self {
            Columnar::Parquet => Format::Parquet,
            Columnar::Arrow => Format::Arrow,
        }
    }

    fn is_built_in(self) -> bool {
        match self {
            Columnar::Parquet => cfg!(feature = "parquet"),
            Columnar::Arrow => cfg!(feature = "arrow"),
        }
    }
}

/// How rows are read.
#[cfg_attr(
    not(any(feature = "arrow", feature = "parquet")),
    expect(dead_code, reason = "without a reader nobody asks")
)]
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Where texts are: keys from the top.
    pub texts: Arc<[Vec<String>]>,
    pub record_max: usize,
    /// Bytes of a chunk.
    pub chunk: usize,
    pub progress: Arc<Progress>,
}

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Is(Columnar),
    /// More bytes are needed.
    Maybe,
    No,
}

/// Tells columns by their first bytes. A post may begin with the letters of
/// a magic number, but not with the byte behind them.
pub(super) fn tell(data: &[u8], end: bool) -> Told {
    const MAGIC: [(&[u8], Columnar); 3] = [
        // Behind PAR1 stands a structure whose first field is a number.
        (b"PAR1\x15", Columnar::Parquet),
        (b"ARROW1\0\0", Columnar::Arrow),
        // A stream begins with the mark of a message.
        (b"\xff\xff\xff\xff", Columnar::Arrow),
    ];
    for (magic, kind) in MAGIC {
        if data.starts_with(magic) {
            return Told::Is(kind);
        }
    }
    let maybe = MAGIC.iter().any(|(magic, _)| magic.starts_with(data));
    if maybe && !end { Told::Maybe } else { Told::No }
}

/// Starts reading. The input must be at its first byte.
pub(super) fn open(
    kind: Columnar,
    input: Input,
    plan: &Plan,
) -> Result<Stream, SourceError> {
    if !kind.is_built_in() {
        return Err(SourceError::not_built_in(kind.format().as_str()));
    }
    started(kind, input, plan)
}

#[cfg(any(feature = "arrow", feature = "parquet"))]
fn started(
    kind: Columnar,
    input: Input,
    plan: &Plan,
) -> Result<Stream, SourceError> {
    rows::start(kind, input, plan)
}

#[cfg(not(any(feature = "arrow", feature = "parquet")))]
fn started(kind: Columnar, _: Input, _: &Plan) -> Result<Stream, SourceError> {
    Err(SourceError::not_built_in(kind.format().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell() {
        let cases: [(&[u8], bool, Told); 9] = [
            (b"PAR1\x15\x04", false, Told::Is(Columnar::Parquet)),
            (b"PAR1", false, Told::Maybe),
            (b"PAR1", true, Told::No),
            (b"PAR1,PAR2\n", false, Told::No),
            (b"ARROW1\0\0\xff", false, Told::Is(Columnar::Arrow)),
            (b"ARROW1 is a word", false, Told::No),
            (b"\xff\xff\xff\xff\x70", false, Told::Is(Columnar::Arrow)),
            (b"", false, Told::Maybe),
            (b"{\"text\":1}", false, Told::No),
        ];
        for (data, end, want) in cases {
            assert_eq!(tell(data, end), want, "{data:?}");
        }
    }
}
