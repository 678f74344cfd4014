//! The ledger: an append-only log with a tree over it. In: payloads; out:
//! entries, signed checkpoints, proofs. What an entry means is the business
//! of those who write it.

pub mod book;
pub mod entry;
mod error;
pub mod index;
pub mod log;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod storage;
pub mod verify;

pub use book::{Book, Writer};
pub use error::LedgerError;
pub(crate) use error::sqlite;
