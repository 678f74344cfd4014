//! Records that are rows: CSV and TSV. In: a frame with its header; out: an
//! item for each row that is not blank. Never copies a cell without quotes
//! inside; an empty cell is an absent value, for tables have no null.

use std::borrow::Cow;
use std::str;

use memchr::memchr_iter;

use super::DecodeScratch;
use super::Decoder;
use super::Item;
use super::Slot;
use super::reject;
use super::utf8_detail;
use crate::base::int::wide;
use crate::record::Field;
use crate::record::Fields;
use crate::record::Frame;
use crate::record::Id;
use crate::record::Lookup;
use crate::record::Record;
use crate::record::RejectReason;
use crate::record::row::Cell;
use crate::record::row::RowState;
use crate::record::row::Splitter;

/// The column of a path: its name, written plainly or as a pointer. Of
/// several columns of one name the first counts.
pub(super) fn column(slot: &Slot, header: &[String]) -> Option<usize> {
    let path = &slot.path;
    let name = if path.tail.is_empty() { &path.head } else { &path.name };
    header.iter().position(|column| column == name)
}

pub(super) fn rows<'f>(
    decoder: &'f Decoder,
    frame: &'f Frame,
    separator: u8,
    scratch: &mut DecodeScratch,
    sink: &mut impl FnMut(Item<'f>),
) {
    let header = frame.header.as_ref();
    let header = header.map_or(&[][..], |header| header.as_slice());
    let DecodeScratch { cells, columns, splitter, .. } = scratch;
    let splitter = match splitter {
        Some(known) if known.separator() == separator => known,
        other => other.insert(Splitter::new(separator)),
    };
    let slots = decoder.single.iter().chain(&decoder.text);
    columns.clear();
    columns.extend(slots.map(|slot| column(slot, header)));
    let bytes: &[u8] = &frame.bytes;
    let mut number = frame.line;
    let mut start = 0;
    while start < bytes.len() {
        let found = RowState::Start.row_end(&bytes[start..], separator);
        let next = found.map_or(bytes.len(), |size| start + size);
        let full = &bytes[start..next];
        let raw = full.strip_suffix(b"\n").unwrap_or(full);
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let at = (number, frame.offset + wide(start));
        number += wide(memchr_iter(b'\n', full).count());
        start = next;
        if raw.is_empty() {
            continue;
        }
        sink(match read(raw, header, splitter, cells) {
            Ok(row) => {
                let lookup = Lookup::Columns { names: header, row, separator };
                let mut value = |index: usize| {
                    let cell: &Cell = &cells[columns[index]?];
                    let there = !cell.range.is_empty();
                    there.then(|| splitter.text(cell, row))
                };
                record(decoder, &mut value, row, at, lookup)
            }
            Err((reason, detail)) => reject(reason, detail, at, raw),
        });
    }
}

/// Splits a row and checks it against the header.
fn read<'f>(
    raw: &'f [u8],
    header: &[String],
    splitter: &mut Splitter,
    cells: &mut Vec<Cell>,
) -> Result<&'f str, (RejectReason, String)> {
    let row = str::from_utf8(raw)
        .map_err(|error| (RejectReason::Utf8, utf8_detail(raw, error)))?;
    cells.clear();
    if !splitter.split(raw, cells) {
        let detail = "expected a closing quote, found the end of the source";
        return Err((RejectReason::Truncated, detail.to_owned()));
    }
    if cells.len() != header.len() {
        let detail = format!(
            "expected {} columns as in the header, found {}",
            header.len(),
            cells.len()
        );
        return Err((RejectReason::WrongType, detail));
    }
    Ok(row)
}

/// `value` gives the cells of `decoder.single`, then of `decoder.text`.
fn record<'f>(
    decoder: &'f Decoder,
    value: &mut impl FnMut(usize) -> Option<Cow<'f, str>>,
    row: &'f str,
    at: (u64, u64),
    lookup: Lookup<'f>,
) -> Item<'f> {
    let mut fields = Fields::new();
    for (index, slot) in decoder.text.iter().enumerate() {
        if let Some(text) = value(decoder.single.len() + index) {
            fields.push(Field { name: &slot.path.name, text });
        }
    }
    Item::Record(Record {
        id: value(0).map_or(Id::Absent, Id::Text),
        fields,
        surface: value(1),
        author: value(2),
        group: value(3),
        lang: value(4),
        created_at: value(5),
        line: at.0,
        offset: at.1,
        raw: row.as_bytes(),
        lookup,
    })
}
