//! What is wrong with a decoder's configuration. In: a bad path or member
//! name; out: one opaque error. Never about a record: those are rejects.

use std::fmt;

/// A configuration a decoder cannot be built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    EmptyPath,
    UnknownMember(String),
}

impl DecodeError {
    pub(super) fn empty_path() -> DecodeError {
        DecodeError(Kind::EmptyPath)
    }

    pub(super) fn unknown_member(name: &str) -> DecodeError {
        DecodeError(Kind::UnknownMember(name.to_owned()))
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::EmptyPath => {
                f.write_str("expected a key or a JSON pointer, found nothing")
            }
            Kind::UnknownMember(name) => write!(
                f,
                "expected one of id, surface, author, group, lang, \
                 created_at, found `{name}`"
            ),
        }
    }
}

impl std::error::Error for DecodeError {}
