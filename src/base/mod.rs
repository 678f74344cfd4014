//! Ids, spans, limits, clock, randomness, escaping: what every other folder
//! may use and what uses nothing itself.

pub mod base64;
pub mod clock;
pub mod escape;
pub mod hex;
pub mod int;
pub mod limits;
pub mod near;
pub mod perfect;
pub mod random;
pub mod seeded;
mod span;
pub mod whole;
pub mod wilson;

pub use span::Span;
