//! Why a source cannot be read. In: an operating-system error or a bad
//! pattern; out: one opaque error with a text for a person. Never ends a
//! run: the caller remembers it for the exit code.

use std::fmt;
use std::io;

/// A source that cannot be opened or read on.
#[derive(Debug)]
pub struct SourceError(Kind);

#[derive(Debug)]
enum Kind {
    Open(io::Error),
    Read(io::Error),
    Pattern(String),
    NotBuiltIn(&'static str),
}

impl SourceError {
    pub(super) fn open(error: io::Error) -> SourceError {
        SourceError(Kind::Open(error))
    }

    pub(super) fn read(error: io::Error) -> SourceError {
        SourceError(Kind::Read(error))
    }

    /// The format is one of a feature, and has its name.
    pub(super) fn not_built_in(feature: &'static str) -> SourceError {
        SourceError(Kind::NotBuiltIn(feature))
    }

    pub(super) fn pattern(text: String) -> SourceError {
        SourceError(Kind::Pattern(text))
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Open(error) => write!(f, "cannot open: {error}"),
            Kind::Read(error) => write!(f, "cannot read on: {error}"),
            Kind::Pattern(text) => f.write_str(text),
            Kind::NotBuiltIn(feature) => {
                let mut name = (*feature).to_owned();
                name[..1].make_ascii_uppercase();
                write!(
                    f,
                    "{name} data, and this program was built without the \
                     feature `{feature}`: build it with \
                     `cargo install --path . --features {feature}`"
                )
            }
        }
    }
}

impl std::error::Error for SourceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Open(error) | Kind::Read(error) => Some(error),
            Kind::Pattern(_) | Kind::NotBuiltIn(_) => None,
        }
    }
}
