//! Frames to records. In: a frame of whole records; out: a record or a
//! reject for each, borrowing from the frame. Never reads input, never
//! fails: what cannot be read is a reject, and every line that is not blank
//! comes out as one or the other.
//!
//! ```
//! use trommel::decode::{DecodeConfig, DecodeScratch, Decoder, Item};
//! use trommel::record::{Format, Frame};
//!
//! let decoder = Decoder::new(&DecodeConfig::default());
//! let frame = Frame::of_bytes(
//!     Format::Ndjson,
//!     b"{\"id\":7,\"text\":\"hello\"}\nnonsense\n".to_vec(),
//! );
//! let mut seen = Vec::new();
//! decoder.decode(&frame, &mut DecodeScratch::default(), &mut |item| {
//!     seen.push(match item {
//!         Item::Record(record) => record.fields[0].text.to_string(),
//!         Item::Reject(reject) => reject.reason.as_str().to_owned(),
//!     });
//! });
//! assert_eq!(seen, ["hello", "syntax"]);
//! ```

mod error;
mod escape;
mod flat;
mod lines;
mod path;
mod strict;
mod table;

pub use error::DecodeError;
pub use path::FieldPath;

use crate::record::Format;
use crate::record::Frame;
use crate::record::FrameKind;
use crate::record::Record;
use crate::record::Reject;
use crate::record::RejectReason;
use crate::record::row::Cell;
use crate::record::row::Splitter;
use flat::Found;
use flat::Keys;

/// What a line or row turned out to be.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all items are records, and a box is an allocation each"
)]
#[derive(Clone, Debug)]
pub enum Item<'f> {
    Record(Record<'f>),
    Reject(Reject<'f>),
}

/// Members of a record other than its text, in the order of `Decoder::single`.
const SINGLE: [&str; 6] =
    ["id", "surface", "author", "group", "lang", "created_at"];

/// Where the members of a record are found.
#[derive(Clone, Debug)]
pub struct DecodeConfig {
    text: Vec<FieldPath>,
    single: [FieldPath; 6],
}

impl Default for DecodeConfig {
    /// The keys of the contract.
    fn default() -> DecodeConfig {
        let plain = |name: &str| FieldPath {
            name: name.to_owned(),
            head: name.to_owned(),
            tail: Vec::new(),
        };
        let text = ["text", "title", "body", "content", "message"];
        DecodeConfig {
            text: text.map(plain).into(),
            single: SINGLE.map(plain),
        }
    }
}

impl DecodeConfig {
    /// Text is found at these paths, in this order, and nowhere else.
    pub fn text(mut self, paths: Vec<FieldPath>) -> DecodeConfig {
        self.text = paths;
        self
    }

    /// The member `name` (`id`, `author`, …) is found at this path.
    pub fn map(
        mut self,
        name: &str,
        path: FieldPath,
    ) -> Result<DecodeConfig, DecodeError> {
        let index = SINGLE.iter().position(|known| *known == name);
        let index = index.ok_or_else(|| DecodeError::unknown_member(name))?;
        self.single[index] = path;
        Ok(self)
    }
}

/// A path with its first key looked up.
#[derive(Debug)]
struct Slot {
    /// Index into the keys of the decoder.
    key: usize,
    path: FieldPath,
}

/// Decodes frames. One decoder serves all threads.
#[derive(Debug)]
pub struct Decoder {
    keys: Keys,
    text: Vec<Slot>,
    single: [Slot; 6],
}

/// Memory a thread reuses from frame to frame.
#[derive(Debug, Default)]
pub struct DecodeScratch {
    found: Vec<Found>,
    cells: Vec<Cell>,
    columns: Vec<Option<usize>>,
    splitter: Option<Splitter>,
}

impl Decoder {
    pub fn new(config: &DecodeConfig) -> Decoder {
        let mut keys = Keys::default();
        let mut slot = |path: &FieldPath| Slot {
            key: keys.add(&path.head),
            path: path.clone(),
        };
        let text = config.text.iter().map(&mut slot).collect();
        let single = config.single.each_ref().map(&mut slot);
        Decoder { keys, text, single }
    }

    /// Gives every record and reject of the frame to `sink`, in order.
    pub fn decode<'f>(
        &'f self,
        frame: &'f Frame,
        scratch: &mut DecodeScratch,
        sink: &mut impl FnMut(Item<'f>),
    ) {
        let whole = |reason, detail: &str, piece, last| Reject {
            reason,
            detail: detail.to_owned(),
            line: frame.line,
            offset: frame.offset,
            raw: &frame.bytes,
            piece,
            last,
        };
        match &frame.kind {
            FrameKind::Oversize { piece, last } => {
                let reason = RejectReason::TooLong;
                let detail = "expected a record within the size limit";
                sink(Item::Reject(whole(reason, detail, *piece, *last)));
            }
            FrameKind::Damaged { reason, detail } => {
                sink(Item::Reject(whole(*reason, detail, 0, true)));
            }
            FrameKind::Records => match frame.format {
                Format::Ndjson | Format::Parquet | Format::Arrow => {
                    lines::ndjson(self, frame, scratch, sink);
                }
                Format::Text => lines::plain(frame, sink),
                Format::Csv => table::rows(self, frame, b',', scratch, sink),
                Format::Tsv => table::rows(self, frame, b'\t', scratch, sink),
            },
        }
    }

    /// Where texts are, as keys from the top. Sources with types ask for it:
    /// bytes are text there and nowhere else.
    pub fn text_paths(&self) -> Vec<Vec<String>> {
        let keys = |path: &FieldPath| {
            let head = std::iter::once(&path.head);
            head.chain(&path.tail).cloned().collect()
        };
        self.text.iter().map(|slot| keys(&slot.path)).collect()
    }

    /// Whether a table with this header has any column with text. If not,
    /// all its records pass unseen, which the user should be told.
    pub fn has_text_column(&self, header: &[String]) -> bool {
        self.text.iter().any(|slot| table::column(slot, header).is_some())
    }
}

/// The reject of one whole record.
fn reject<'f>(
    reason: RejectReason,
    detail: String,
    at: (u64, u64),
    raw: &'f [u8],
) -> Item<'f> {
    let (line, offset) = at;
    Item::Reject(Reject {
        reason,
        detail,
        line,
        offset,
        raw,
        piece: 0,
        last: true,
    })
}

/// What stands in the way of reading `raw` as UTF-8.
fn utf8_detail(raw: &[u8], error: std::str::Utf8Error) -> String {
    let at = error.valid_up_to();
    match raw.get(at) {
        Some(byte) => format!(
            "byte {at} of the record: expected UTF-8, found 0x{byte:02x}"
        ),
        None => format!("byte {at} of the record: expected UTF-8"),
    }
}
