//! Every limit of the program with its reason. Constants only.

/// Longest record (one line, one CSV row) that is decoded, in bytes. A post
/// of a social platform is under 100 KiB; 8 MiB leaves room for a whole
/// e-mail with its thread and bounds what one worker can hold.
pub const RECORD_BYTES_MAX: usize = 8 << 20;

/// Raw bytes of an oversize record are written to the rejects file in pieces
/// of at most this size, so that a 100 MB line needs no 100 MB buffer.
pub const REJECT_PIECE_BYTES_MAX: usize = 1 << 20;

/// Target size of a batch that travels from reader to worker. Large enough
/// that channel and ordering costs vanish, small enough that the batches in
/// flight stay in the tens of megabytes on many cores.
pub const BATCH_BYTES: usize = 256 << 10;

/// Deepest JSON nesting that is read. serde_json's own limit; deeper input
/// is a reject, not a stack overflow.
pub const JSON_DEPTH_MAX: usize = 128;

/// Longest term in folded letters. Evidence offsets and gap counters are
/// sized by it; the longest term anybody writes is a sentence.
pub const TERM_LETTERS_MAX: usize = 64;

/// Longest pattern: a term whose letters were split into their parts.
pub const PATTERN_LETTERS_MAX: usize = 255;

/// Most strings one term may expand to (split characters, digraphs,
/// reversal). Over it the compiler says which fold to drop.
pub const TERM_STRINGS_MAX: usize = 256;

/// Largest image that is opened: offsets inside are u32.
pub const IMAGE_BYTES_MAX: usize = u32::MAX as usize;

const _: () = assert!(REJECT_PIECE_BYTES_MAX <= RECORD_BYTES_MAX);
const _: () = assert!(BATCH_BYTES <= RECORD_BYTES_MAX);
const _: () = assert!(RECORD_BYTES_MAX < u32::MAX as usize);
