//! What goes out: verdicts and rejects as NDJSON lines. In: records,
//! outcomes, rejects; out: bytes appended to a buffer. Opens nothing,
//! decides nothing.

mod reject;
mod verdict;

pub use reject::reject_line;
pub use verdict::{annotated_line, matches_of, verdict_line};

/// JSON Schema of a verdict line.
pub const VERDICT_SCHEMA: &str = include_str!("verdict.schema.json");
/// JSON Schema of a line of the rejects file.
pub const REJECT_SCHEMA: &str = include_str!("reject.schema.json");
/// JSON Schema of `--stats`.
pub const STATS_SCHEMA: &str = include_str!("stats.schema.json");
