//! Records that are lines: NDJSON and plain text. In: a frame; out: an item
//! for each line that is not blank. Never copies a text without escapes.

use std::borrow::Cow;
use std::str;

use memchr::memchr;

use super::DecodeScratch;
use super::Decoder;
use super::Item;
use super::Slot;
use super::escape;
use super::flat;
use super::flat::Found;
use super::reject;
use super::strict;
use super::strict::Fault;
use super::utf8_detail;
use crate::base::int::wide;
use crate::record::Field;
use crate::record::Fields;
use crate::record::Frame;
use crate::record::Id;
use crate::record::Lookup;
use crate::record::Record;
use crate::record::RejectReason;

/// One line without its end.
struct Line<'f> {
    raw: &'f [u8],
    /// `None`: not UTF-8.
    text: Option<&'f str>,
    /// Line number and offset.
    at: (u64, u64),
    /// No line end: the source ends here.
    cut: bool,
}

/// All lines of a frame that are not blank. UTF-8 is checked once for the
/// whole frame; only a frame that fails is checked again line by line.
fn each_line<'f>(frame: &'f Frame, mut with: impl FnMut(Line<'f>)) {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let bytes: &[u8] = &frame.bytes;
    let valid = simdutf8::basic::from_utf8(bytes).ok();
    let mut number = frame.line;
    let mut start = 0;
    while start < bytes.len() {
        let found = memchr(b'\n', &bytes[start..]);
        let end = found.map_or(bytes.len(), |index| start + index);
        let next = end + usize::from(found.is_some());
        let mut from = start;
        if bytes[start] == MARK[0] && bytes[start..end].starts_with(MARK) {
            // Files with a mark each, joined by `cat`.
            from += MARK.len();
        }
        let to = match bytes[from..end].last() {
            Some(b'\r') => end - 1,
            _ => end,
        };
        let raw = &bytes[from..to];
        if !raw.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
            let text = match valid {
                Some(valid) => valid.get(from..to),
                None => str::from_utf8(raw).ok(),
            };
            let at = (number, frame.offset + wide(from));
            with(Line { raw, text, at, cut: found.is_none() });
        }
        number += 1;
        start = next;
    }
}

fn not_utf8<'f>(line: &Line<'f>) -> Item<'f> {
    let detail = match str::from_utf8(line.raw) {
        Err(error) => utf8_detail(line.raw, error),
        Ok(_) => String::new(),
    };
    reject(RejectReason::Utf8, detail, line.at, line.raw)
}

/// A line is a record with one field `text`.
pub(super) fn plain<'f>(frame: &'f Frame, sink: &mut impl FnMut(Item<'f>)) {
    each_line(frame, |line| {
        let Some(text) = line.text else {
            return sink(not_utf8(&line));
        };
        let mut fields = Fields::new();
        fields.push(Field { name: "text", text: Cow::Borrowed(text) });
        sink(Item::Record(Record {
            id: Id::Absent,
            fields,
            surface: None,
            author: None,
            group: None,
            lang: None,
            created_at: None,
            line: line.at.0,
            offset: line.at.1,
            raw: line.raw,
            lookup: Lookup::None,
        }));
    });
}

/// A line is a JSON object.
pub(super) fn ndjson<'f>(
    decoder: &'f Decoder,
    frame: &'f Frame,
    scratch: &mut DecodeScratch,
    sink: &mut impl FnMut(Item<'f>),
) {
    let found = &mut scratch.found;
    found.resize(decoder.keys.count(), Found::Nothing);
    each_line(frame, |line| {
        let Some(text) = line.text else {
            return sink(not_utf8(&line));
        };
        match object(decoder, &line, text, found) {
            Ok(record) => sink(Item::Record(record)),
            Err(fault) => {
                sink(reject(fault.reason, fault.detail, line.at, line.raw));
            }
        }
    });
}

fn object<'f>(
    decoder: &'f Decoder,
    line: &Line<'f>,
    text: &'f str,
    found: &mut [Found],
) -> Result<Record<'f>, Fault> {
    let keys = &decoder.keys;
    found.fill(Found::Nothing);
    if flat::object(line.raw, keys, found).is_none() {
        strict::object(text, keys, found, line.cut)?;
    }
    let mut fields = Fields::new();
    for slot in &decoder.text {
        if let Some(value) = value_at(slot, text, found)
            && let Some(text) = text_of(value, slot)?
        {
            fields.push(Field { name: &slot.path.name, text });
        }
    }
    let [id, surface, author, group, lang, created_at] = &decoder.single;
    let single = |slot: &Slot| match value_at(slot, text, found) {
        Some(value) => word_of(value, slot),
        None => Ok(None),
    };
    Ok(Record {
        id: match value_at(id, text, found) {
            Some(value) => id_of(value, id)?,
            None => Id::Absent,
        },
        fields,
        surface: single(surface)?,
        author: match value_at(author, text, found) {
            Some(value) => author_of(value, author)?,
            None => None,
        },
        group: single(group)?,
        lang: single(lang)?,
        created_at: single(created_at)?,
        line: line.at.0,
        offset: line.at.1,
        raw: line.raw,
        lookup: Lookup::Json(line.raw),
    })
}

/// A value as it stands in the line.
#[derive(Clone, Copy)]
enum Value<'f> {
    /// The inside of a string without escapes.
    Plain(&'f str),
    /// JSON text.
    Json(&'f str),
}

fn value_at<'f>(
    slot: &Slot,
    line: &'f str,
    found: &[Found],
) -> Option<Value<'f>> {
    let tail = &slot.path.tail;
    match &found[slot.key] {
        Found::Nothing => None,
        Found::Plain(range) => {
            tail.is_empty().then(|| Value::Plain(&line[range.clone()]))
        }
        Found::Json(range) => {
            let json = &line[range.clone()];
            strict::follow(json, tail).map(Value::Json)
        }
    }
}

/// The text of a JSON string.
fn string_of<'f>(json: &'f str, slot: &Slot) -> Result<Cow<'f, str>, Fault> {
    let inner = &json[1..json.len() - 1];
    if memchr(b'\\', inner.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(inner));
    }
    let text = escape::unescape(inner).map_err(|at| Fault {
        reason: RejectReason::LoneSurrogate,
        detail: format!(
            "`{}`, byte {at} of its value: expected a surrogate pair, found \
             a half",
            slot.path.name
        ),
    })?;
    Ok(Cow::Owned(text))
}

fn wrong_type(slot: &Slot, expected: &str, json: &str) -> Fault {
    let name = &slot.path.name;
    let found = strict::kind_name(json);
    Fault {
        reason: RejectReason::WrongType,
        detail: format!("`{name}`: expected {expected}, found {found}"),
    }
}

fn text_of<'f>(
    value: Value<'f>,
    slot: &Slot,
) -> Result<Option<Cow<'f, str>>, Fault> {
    let json = match value {
        Value::Plain(text) => return Ok(Some(Cow::Borrowed(text))),
        Value::Json(json) => json,
    };
    match json.as_bytes().first() {
        Some(b'"') => string_of(json, slot).map(Some),
        Some(b'n') => Ok(None),
        _ => Err(wrong_type(slot, "a string or null", json)),
    }
}

fn id_of<'f>(value: Value<'f>, slot: &Slot) -> Result<Id<'f>, Fault> {
    let json = match value {
        Value::Plain(text) => return Ok(Id::Text(Cow::Borrowed(text))),
        Value::Json(json) => json,
    };
    match json.as_bytes().first() {
        Some(b'"') => string_of(json, slot).map(Id::Text),
        Some(b'n') => Ok(Id::Absent),
        Some(b'-' | b'0'..=b'9') => Ok(Id::Number(Cow::Borrowed(json))),
        _ => Err(wrong_type(slot, "a string, a number or null", json)),
    }
}

/// A string, or the JSON text of a number; other values say nothing.
fn word_of<'f>(
    value: Value<'f>,
    slot: &Slot,
) -> Result<Option<Cow<'f, str>>, Fault> {
    let json = match value {
        Value::Plain(text) => return Ok(Some(Cow::Borrowed(text))),
        Value::Json(json) => json,
    };
    match json.as_bytes().first() {
        Some(b'"') => string_of(json, slot).map(Some),
        Some(b'-' | b'0'..=b'9') => Ok(Some(Cow::Borrowed(json))),
        _ => Ok(None),
    }
}

/// Producers write an author as a word or as an object with an id or name.
fn author_of<'f>(
    value: Value<'f>,
    slot: &Slot,
) -> Result<Option<Cow<'f, str>>, Fault> {
    if let Value::Json(json) = value
        && json.starts_with('{')
    {
        for key in ["id", "name"] {
            let tail = [key.to_owned()];
            if let Some(json) = strict::follow(json, &tail)
                && let Some(word) = word_of(Value::Json(json), slot)?
            {
                return Ok(Some(word));
            }
        }
    }
    word_of(value, slot)
}
