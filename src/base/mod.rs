//! Ids, spans, limits, clock, escaping: what every other folder may use and
//! what uses nothing itself.

pub mod limits;
mod span;

pub use span::Span;
