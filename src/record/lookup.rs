//! Finding any member of a record by path, on demand. In: the raw record and
//! a dotted path or JSON pointer; out: a scalar or nothing. Never fails a
//! record: what is not there is unknown.

use std::borrow::Cow;

use super::row;

/// A value a condition can compare.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Bool(bool),
}

/// How members other than the well-known ones are found.
#[derive(Clone, Debug)]
pub enum Lookup<'a> {
    /// No members beside the text (format `text`, library calls).
    None,
    /// The raw JSON object, parsed again on the first look-up only.
    Json(&'a [u8]),
    /// A row of separated values: column names and the row itself, split
    /// again on each look-up, so that rows nobody looks into cost nothing.
    Columns { names: &'a [String], row: &'a str, separator: u8 },
}

impl Lookup<'_> {
    /// The scalar at `path` (`a.b.c`; a JSON pointer `/a/b/c` works too).
    /// Objects, arrays and null are `None`. An object that has the dotted
    /// path as one literal key wins over nested objects. Cost: one JSON parse
    /// of the record per call; rules that use it are few.
    pub fn get(&self, path: &str) -> Option<Scalar<'static>> {
        match self {
            Lookup::None => None,
            Lookup::Json(raw) => json_get(raw, path),
            Lookup::Columns { names, row, separator } => {
                let key = path.strip_prefix('/').unwrap_or(path);
                let index = names.iter().position(|name| name == key)?;
                let cell = row::cells(row, *separator).nth(index)?;
                Some(cell_scalar(&cell))
            }
        }
    }

    /// The columns of a row with their cells, in order; nothing for the
    /// other kinds.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let (names, row, separator) = match self {
            Lookup::Columns { names, row, separator } => {
                (*names, *row, *separator)
            }
            _ => (&[][..], "", b','),
        };
        let names = names.iter().map(String::as_str);
        names.zip(row::cells(row, separator))
    }
}

fn json_get(raw: &[u8], path: &str) -> Option<Scalar<'static>> {
    let root: serde_json::Value = serde_json::from_slice(raw).ok()?;
    let found = if path.starts_with('/') {
        root.pointer(path)?
    } else if let Some(value) = root.get(path) {
        value
    } else {
        path.split('.').try_fold(&root, |at, key| at.get(key))?
    };
    match found {
        serde_json::Value::String(text) => {
            Some(Scalar::Text(Cow::Owned(text.clone())))
        }
        serde_json::Value::Number(number) => {
            number.as_f64().map(Scalar::Number)
        }
        serde_json::Value::Bool(value) => Some(Scalar::Bool(*value)),
        _ => None,
    }
}

/// A cell that reads as a number or truth value is one: CSV has no types.
fn cell_scalar(cell: &str) -> Scalar<'static> {
    if let Ok(number) = cell.trim().parse::<f64>()
        && number.is_finite()
    {
        return Scalar::Number(number);
    }
    match cell.trim() {
        "true" => Scalar::Bool(true),
        "false" => Scalar::Bool(false),
        _ => Scalar::Text(Cow::Owned(cell.to_owned())),
    }
}
