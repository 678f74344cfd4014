//! Where a member of a record is found. In: what the user wrote; out: keys
//! to follow. Never looks at a record.

use super::DecodeError;

/// A plain key (`text`, also a column name) or a JSON pointer (`/a/b/0`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath {
    /// The name in verdicts: a pointer loses its first slash.
    pub(super) name: String,
    /// The key in the record itself.
    pub(super) head: String,
    /// Keys and indices below it.
    pub(super) tail: Vec<String>,
}

impl FieldPath {
    /// Reads a path. An empty one names nothing and is an error.
    pub fn parse(text: &str) -> Result<FieldPath, DecodeError> {
        let Some(pointer) = text.strip_prefix('/') else {
            if text.is_empty() {
                return Err(DecodeError::empty_path());
            }
            let head = text.to_owned();
            return Ok(FieldPath { name: head.clone(), head, tail: vec![] });
        };
        if pointer.is_empty() {
            return Err(DecodeError::empty_path());
        }
        let plain = |part: &str| part.replace("~1", "/").replace("~0", "~");
        let mut parts = pointer.split('/').map(plain);
        // `split` gives at least one part.
        let head = parts.next().unwrap_or_default();
        let tail = parts.collect();
        Ok(FieldPath { name: pointer.to_owned(), head, tail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_pointers() {
        let path = FieldPath::parse("a.b").unwrap();
        assert_eq!((path.head.as_str(), path.tail.len()), ("a.b", 0));
        let path = FieldPath::parse("/a~1b/0/~01").unwrap();
        assert_eq!(path.name, "a~1b/0/~01");
        assert_eq!(path.head, "a/b");
        assert_eq!(path.tail, ["0", "~1"]);
        assert!(FieldPath::parse("").is_err());
        assert!(FieldPath::parse("/").is_err());
    }
}
