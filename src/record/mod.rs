//! What a post is, independent of the format it came in. In: pieces that a
//! decoder found; out: plain values. Never reads input, never scans.
//!
//! A record has one or several text fields, each scanned on its own, a few
//! well-known attributes and a way to look up any other member by path (rule
//! conditions such as `meta.shop.id == "7"` need it; nothing is parsed until
//! one does).

mod frame;
mod lookup;
mod reject;
pub mod row;

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;

pub use frame::{Format, Frame, FrameBytes, FrameKind};
pub use lookup::{Lookup, Scalar};
pub use reject::{Reject, RejectReason};

/// Where a record stood in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// File name as given, `-` for standard input, `ARCHIVE:MEMBER` style
    /// names where a source has parts.
    pub source: Arc<str>,
    /// 1-based line (of decompressed data) on which the record starts.
    pub line: u64,
    /// Byte offset (of decompressed data) at which the record starts.
    pub offset: u64,
}

/// An id as the producer wrote it: numbers stay numbers on output.
#[derive(Clone, Debug, PartialEq)]
pub enum Id<'a> {
    /// None given: `SOURCE:LINE` is made from the origin when printed.
    Absent,
    Text(Cow<'a, str>),
    /// The JSON text of a number, e.g. `42` or `1e3`, unchanged.
    Number(Cow<'a, str>),
}

/// One text field: its name as reported in verdicts, and its decoded text.
#[derive(Clone, Debug, PartialEq)]
pub struct Field<'a> {
    /// The key, JSON pointer without its first slash, or column name.
    pub name: &'a str,
    pub text: Cow<'a, str>,
}

/// The text fields of a record. Two fit without an allocation: most posts
/// have a text, or a title and a text.
pub type Fields<'a> = SmallVec<[Field<'a>; 2]>;

/// One decoded record.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    pub id: Id<'a>,
    /// In the order of the configured text keys; may be empty only when the
    /// record has none of them (that is a pass, not a reject).
    pub fields: Fields<'a>,
    pub surface: Option<Cow<'a, str>>,
    pub author: Option<Cow<'a, str>>,
    pub group: Option<Cow<'a, str>>,
    pub lang: Option<Cow<'a, str>>,
    /// RFC 3339 text or epoch number, as written.
    pub created_at: Option<Cow<'a, str>>,
    pub line: u64,
    pub offset: u64,
    /// The bytes of the record without its line end.
    pub raw: &'a [u8],
    /// How other members are found.
    pub lookup: Lookup<'a>,
}
