//! The slow pass over one JSON object. In: a line that the fast pass did
//! not accept; out: the places of the wanted values, or a reason why the
//! line is no record. Never overflows the stack: nesting is counted first.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde::de::Deserializer as _;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::value::RawValue;

use super::flat::Found;
use super::flat::Keys;
use crate::base::limits;
use crate::record::RejectReason;

/// Why a line is no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub reason: RejectReason,
    pub detail: String,
}

/// As `flat::object`. `cut`: the line is the last of its source and has no
/// line end, so that an early end means a cut file.
pub(super) fn object(
    line: &str,
    keys: &Keys,
    found: &mut [Found],
    cut: bool,
) -> Result<(), Fault> {
    check_depth(line)?;
    let first = line.bytes().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(b'{') {
        return match serde_json::from_str::<IgnoredAny>(line) {
            Ok(_) => Err(Fault {
                reason: RejectReason::WrongType,
                detail: format!(
                    "expected an object, found {}",
                    kind_name(line.trim_start())
                ),
            }),
            Err(error) => Err(fault(&error, cut)),
        };
    }
    found.fill(Found::Nothing);
    let mut reader = serde_json::Deserializer::from_str(line);
    reader
        .deserialize_map(Wanted { line, keys, found })
        .and_then(|()| reader.end())
        .map_err(|error| fault(&error, cut))
}

/// The member of an object or the element of an array that a pointer names.
pub(super) fn follow<'j>(
    mut json: &'j str,
    tail: &[String],
) -> Option<&'j str> {
    for part in tail {
        let mut reader = serde_json::Deserializer::from_str(json);
        json = Member(part).deserialize(&mut reader).ok()??.get();
    }
    Some(json)
}

/// What a JSON text is, with its article.
pub(super) fn kind_name(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a truth value",
        Some(b'n') => "null",
        Some(b'-' | b'0'..=b'9') => "a number",
        _ => "nothing",
    }
}

/// serde_json limits depth where it recurses, but skips unwanted values in a
/// loop without a limit; then a later look-up would fail. So levels are
/// counted here, the same wherever they stand.
fn check_depth(line: &str) -> Result<(), Fault> {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut escaped = false;
    for (index, byte) in line.bytes().enumerate() {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth >= limits::JSON_DEPTH_MAX {
            return Err(Fault {
                reason: RejectReason::TooDeep,
                detail: format!(
                    "column {}: expected fewer than {} levels",
                    index + 1,
                    limits::JSON_DEPTH_MAX
                ),
            });
        }
    }
    Ok(())
}

/// The reason behind a message of serde_json. Its kinds are too coarse; the
/// tests of this module fail when a text changes.
fn fault(error: &serde_json::Error, cut: bool) -> Fault {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let reason = if text.contains("recursion limit") {
        RejectReason::TooDeep
    } else if text.contains("surrogate")
        || text.contains("unexpected end of hex escape")
    {
        RejectReason::LoneSurrogate
    } else if error.is_eof() && cut {
        RejectReason::Truncated
    } else if error.is_data() {
        RejectReason::WrongType
    } else {
        RejectReason::Syntax
    };
    let detail = format!("column {}: {text}", error.column());
    Fault { reason, detail }
}

#[derive(Deserialize)]
struct Key<'j>(#[serde(borrow)] Cow<'j, str>);

struct Wanted<'a> {
    line: &'a str,
    keys: &'a Keys,
    found: &'a mut [Found],
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            let Some(index) = self.keys.find(key.as_bytes()) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let json = map.next_value::<&RawValue>()?.get();
            // The value is borrowed from the line.
            let start = json.as_ptr().addr() - self.line.as_ptr().addr();
            self.found[index] = Found::Json(start..start + json.len());
        }
        Ok(())
    }
}

/// Picks one member or element.
struct Member<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        reader: D,
    ) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Key(key)) = map.next_key()? {
            if key == self.0 {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut seq: A,
    ) -> Result<Self::Value, A::Error> {
        let wanted = self.0.parse::<usize>().ok();
        let mut found = None;
        let mut index = 0;
        while let Some(element) = seq.next_element::<&RawValue>()? {
            if Some(index) == wanted {
                found = Some(element);
            }
            index += 1;
        }
        Ok(found)
    }
}
