//! A record that could not be read. In: reason and position; out: one value
//! that is counted and written to the rejects file. Never an error of the
//! run.

/// Why a record was rejected. The text is stable: it is a key of the stats
/// and a member of the rejects file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// Not JSON, or not CSV of the announced shape.
    Syntax,
    /// JSON nested deeper than the limit.
    TooDeep,
    /// Bytes that are not UTF-8.
    Utf8,
    /// A `\uXXXX` escape that is half a surrogate pair.
    LoneSurrogate,
    /// JSON, but not an object; a text that is neither string nor null; a
    /// CSV row with another number of columns than its header.
    WrongType,
    /// Longer than the record limit.
    TooLong,
    /// The input ended inside the record or inside a compressed member.
    Truncated,
    /// A compressed stream whose bytes are damaged.
    Corrupt,
}

impl RejectReason {
    /// All reasons, in the order they are listed in documents.
    pub const ALL: [RejectReason; 8] = [
        RejectReason::Syntax,
        RejectReason::TooDeep,
        RejectReason::Utf8,
        RejectReason::LoneSurrogate,
        RejectReason::WrongType,
        RejectReason::TooLong,
        RejectReason::Truncated,
        RejectReason::Corrupt,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            RejectReason::Syntax => "syntax",
            RejectReason::TooDeep => "too_deep",
            RejectReason::Utf8 => "invalid_utf8",
            RejectReason::LoneSurrogate => "lone_surrogate",
            RejectReason::WrongType => "wrong_type",
            RejectReason::TooLong => "too_long",
            RejectReason::Truncated => "truncated",
            RejectReason::Corrupt => "corrupt",
        }
    }
}

/// One rejected record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject<'a> {
    pub reason: RejectReason,
    /// What was expected and what was found, for a person.
    pub detail: String,
    /// 1-based line on which the record starts.
    pub line: u64,
    /// Byte offset at which the record starts (decompressed data).
    pub offset: u64,
    /// The bytes of the record, or of one piece of an oversize one.
    pub raw: &'a [u8],
    /// 0 for a whole record; pieces of an oversize one count up.
    pub piece: u32,
    /// False for all but the last piece: a record counts once, at its last.
    pub last: bool,
}
