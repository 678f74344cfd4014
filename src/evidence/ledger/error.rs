//! Why a ledger could not be used. One opaque type over a private kind.

use std::io;
use std::path::PathBuf;

use super::note::NoteError;
use crate::evidence::keys::KeyError;

/// Why a ledger could not be used.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct LedgerError(#[from] Kind);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("ledger: {what}: {error}")]
    Io { what: String, error: io::Error },
    #[error("{}: not a ledger: ledger.json is missing", .0.display())]
    None(PathBuf),
    #[error("ledger.json: {0}")]
    Identity(String),
    #[error(
        "the ledger is being written by process {0}; only one writer at a \
         time"
    )]
    Locked(String),
    #[error("{file}: {error}")]
    Segment { file: String, error: String },
    #[error(
        "entry {0} is damaged and its leaf is missing: the tree cannot be \
         continued; keep this ledger as it is and begin a new one"
    )]
    Lost(u64),
    #[error(
        "the ledger contradicts its own signed checkpoint of {0} entries: \
         nothing is written to it; see `trommel ledger verify`"
    )]
    Contradiction(u64),
    #[error(
        "the ledger was left as it is after an error that it cannot \
         recover from ({0}); open it again"
    )]
    Broken(String),
    #[error("payload of {0} bytes is over the limit of an entry")]
    TooLong(usize),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("{what}: {error}")]
    Database { what: &'static str, error: String },
    #[error("{0}")]
    Other(String),
}

impl LedgerError {
    pub(crate) fn io(
        what: impl Into<String>,
        error: io::Error,
    ) -> LedgerError {
        Kind::Io { what: what.into(), error }.into()
    }

    pub(crate) fn database(what: &'static str, error: String) -> LedgerError {
        Kind::Database { what, error }.into()
    }

    pub(crate) fn other(text: impl Into<String>) -> LedgerError {
        Kind::Other(text.into()).into()
    }

    /// Whether another process holds the ledger.
    pub fn is_locked(&self) -> bool {
        matches!(self.0, Kind::Locked(_))
    }
}

impl From<NoteError> for LedgerError {
    fn from(error: NoteError) -> LedgerError {
        Kind::Note(error).into()
    }
}

impl From<KeyError> for LedgerError {
    fn from(error: KeyError) -> LedgerError {
        Kind::Key(error).into()
    }
}

/// For `map_err` on results of SQLite.
pub(crate) fn sqlite(
    what: &'static str,
) -> impl Fn(rusqlite::Error) -> LedgerError {
    move |error| LedgerError::database(what, error.to_string())
}
