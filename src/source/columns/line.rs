//! One row as a line of JSON. In: a batch and a row number; out: the line.
//! Never judges: a text that is not UTF-8 goes out as it is, and the decoder
//! makes a reject of it as it does with NDJSON.
//!
//! | column | JSON |
//! |---|---|
//! | strings, dictionaries of them | string |
//! | bytes where a text is | string, as they are |
//! | other bytes | string if UTF-8; if not, see below |
//! | integers, floats, decimals | number; NaN and infinities are `null` |
//! | timestamps | RFC 3339 in UTC; those without a zone are taken as UTC |
//! | dates, times | `2026-11-22`, `08:30:00` |
//! | durations | number of their unit |
//! | structs, maps | object |
//! | lists | array |
//!
//! Bytes that are neither are hexadecimal up to 64 of them (ids, digests) and
//! `null` beyond; those of a fixed size are so always, UTF-8 or not.
//! A time out of the range of a calendar is its number. A line over the
//! record limit ends early, in the middle of a value; the cutter makes a
//! reject of it.

use std::io::Write as _;

use arrow_array::Array;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_schema::DataType;
use arrow_schema::FieldRef;
use arrow_schema::IntervalUnit;
use arrow_schema::Schema;
use arrow_schema::TimeUnit;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil;

use crate::base::escape;
use crate::base::limits;

/// Bytes that are no text and still tell something: ids, digests.
const HEX_BYTES_MAX: usize = 64;

/// What is known of all rows before the first.
pub(super) struct Columns {
    /// The keys with quotes and colon.
    keys: Vec<Vec<u8>>,
    shapes: Vec<Shape>,
}

/// How a column is written.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    /// Its bytes are text, whatever the type says.
    text: bool,
    /// Of nested columns.
    children: Vec<Shape>,
}

impl Columns {
    /// `texts` are the paths of texts. Fails when columns are nested too
    /// deep.
    pub fn new(schema: &Schema, texts: &[Vec<String>]) -> Option<Columns> {
        let tails: Vec<&[String]> = texts.iter().map(|t| &t[..]).collect();
        let mut keys = Vec::new();
        for field in schema.fields() {
            let mut key = Vec::new();
            escape::json_string(field.name(), &mut key);
            key.push(b':');
            keys.push(key);
        }
        let fields = schema.fields();
        let shapes = named(fields.iter(), &tails, 1)?;
        Some(Columns { keys, shapes })
    }
}

fn named<'f>(
    fields: impl Iterator<Item = &'f FieldRef>,
    tails: &[&[String]],
    depth: usize,
) -> Option<Vec<Shape>> {
    let below = |field: &FieldRef| -> Vec<&[String]> {
        let below = tails.iter().filter_map(|tail| tail.split_first());
        below
            .filter(|(key, _)| *key == field.name())
            .map(|(_, rest)| rest)
            .collect()
    };
    fields.map(|f| shape(f.data_type(), &below(f), depth)).collect()
}

fn shape(kind: &DataType, tails: &[&[String]], depth: usize) -> Option<Shape> {
    if depth >= limits::JSON_DEPTH_MAX {
        return None;
    }
    let text = tails.iter().any(|tail| tail.is_empty())
        || matches!(
            kind,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        );
    let any: Vec<&[String]> =
        tails.iter().filter_map(|tail| tail.get(1..)).collect();
    let one = |kind: &DataType, tails: &[&[String]]| {
        Some(vec![shape(kind, tails, depth + 1)?])
    };
    let children = match kind {
        DataType::Struct(fields) => named(fields.iter(), tails, depth + 1)?,
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => one(item.data_type(), &any)?,
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => match pair.get(1) {
                Some(value) => one(value.data_type(), &any)?,
                None => Vec::new(),
            },
            _ => Vec::new(),
        },
        DataType::Dictionary(_, value) => one(value, tails)?,
        DataType::RunEndEncoded(_, value) => one(value.data_type(), tails)?,
        DataType::Union(fields, _) => {
            let kinds = fields.iter().map(|(_, field)| field.data_type());
            kinds.map(|k| shape(k, tails, depth + 1)).collect::<Option<_>>()?
        }
        _ => Vec::new(),
    };
    Some(Shape { text, children })
}

/// Replaces strings by bytes of the same layout, so that one string that is
/// not UTF-8 costs its row and not its batch. `view`: of whatever layout, as
/// views, which share the bytes of a page instead of copying them.
pub(super) fn as_bytes(kind: &DataType, view: bool) -> DataType {
    let field = |field: &FieldRef| -> FieldRef {
        let kind = as_bytes(field.data_type(), view);
        (**field).clone().with_data_type(kind).into()
    };
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 if view => DataType::BinaryView,
        DataType::Binary | DataType::LargeBinary if view => {
            DataType::BinaryView
        }
        DataType::Utf8 => DataType::Binary,
        DataType::LargeUtf8 => DataType::LargeBinary,
        DataType::Utf8View => DataType::BinaryView,
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(field).collect())
        }
        DataType::List(item) => DataType::List(field(item)),
        DataType::LargeList(item) => DataType::LargeList(field(item)),
        DataType::ListView(item) => DataType::ListView(field(item)),
        DataType::LargeListView(item) => DataType::LargeListView(field(item)),
        DataType::FixedSizeList(item, size) => {
            DataType::FixedSizeList(field(item), *size)
        }
        DataType::Map(entries, sorted) => {
            DataType::Map(field(entries), *sorted)
        }
        DataType::Dictionary(key, value) => match as_bytes(value, view) {
            // Reading a dictionary as views is what views are for.
            DataType::BinaryView if view => DataType::BinaryView,
            value => DataType::Dictionary(key.clone(), value.into()),
        },
        DataType::RunEndEncoded(ends, values) => {
            DataType::RunEndEncoded(ends.clone(), field(values))
        }
        other => other.clone(),
    }
}

/// Appends a row and a line end.
pub(super) fn push(
    batch: &RecordBatch,
    columns: &Columns,
    row: usize,
    bytes_max: usize,
    out: &mut Vec<u8>,
) {
    let end = out.len().saturating_add(bytes_max);
    let mut line = Line { out, end };
    let mut before = b'{';
    for (index, column) in batch.columns().iter().enumerate() {
        line.out.push(before);
        before = b',';
        line.out.extend_from_slice(&columns.keys[index]);
        line.value(column, row, &columns.shapes[index]);
    }
    if before == b'{' {
        line.out.push(b'{');
    }
    out.extend_from_slice(b"}\n");
}

struct Line<'o> {
    out: &'o mut Vec<u8>,
    /// Over this length the line is no record any more.
    end: usize,
}

macro_rules! numbers {
    ($line:expr, $array:expr, $row:expr, $kind:expr,
     $($name:pat => $type:ty),+ $(,)?) => {
        match $kind {
            $($name => {
                $line.display($array.as_primitive::<$type>().value($row));
                true
            })+
            _ => false,
        }
    };
}

impl Line<'_> {
    fn is_over(&self) -> bool {
        self.out.len() > self.end
    }

    fn word(&mut self, word: &[u8]) {
        self.out.extend_from_slice(word);
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        // Writing to a Vec cannot fail.
        let _ = write!(self.out, "{value}");
    }

    fn quoted(&mut self, value: impl std::fmt::Display) {
        let _ = write!(self.out, "\"{value}\"");
    }

    /// Bytes as a string; of a very long one as much as shows that the line
    /// is too long.
    fn string(&mut self, bytes: &[u8]) {
        let room = self.end.saturating_sub(self.out.len()) + 8;
        let mut size = bytes.len();
        if size > room {
            size = room;
            // Not in the middle of a character.
            for _ in 0..3 {
                if bytes[size] & 0xc0 == 0x80 {
                    size -= 1;
                }
            }
        }
        escape::json_bytes(&bytes[..size], self.out);
    }

    fn binary(&mut self, bytes: &[u8], shape: &Shape) {
        if shape.text || std::str::from_utf8(bytes).is_ok() {
            self.string(bytes);
        } else {
            self.hex(bytes);
        }
    }

    fn hex(&mut self, bytes: &[u8]) {
        if bytes.len() > HEX_BYTES_MAX {
            return self.word(b"null");
        }
        self.word(b"\"");
        for byte in bytes {
            self.display(format_args!("{byte:02x}"));
        }
        self.word(b"\"");
    }

    fn value(&mut self, array: &dyn Array, row: usize, shape: &Shape) {
        let kind = array.data_type();
        if self.is_over() || array.is_null(row) {
            return self.word(b"null");
        }
        let text = match kind {
            DataType::Utf8 => array.as_string::<i32>().value(row).as_bytes(),
            DataType::LargeUtf8 => {
                array.as_string::<i64>().value(row).as_bytes()
            }
            DataType::Utf8View => array.as_string_view().value(row).as_bytes(),
            DataType::Binary => array.as_binary::<i32>().value(row),
            DataType::LargeBinary => array.as_binary::<i64>().value(row),
            DataType::BinaryView => array.as_binary_view().value(row),
            DataType::FixedSizeBinary(_) => {
                let bytes = array.as_fixed_size_binary().value(row);
                return match shape.text {
                    true => self.string(bytes),
                    false => self.hex(bytes),
                };
            }
            _ => return self.other(array, row, shape),
        };
        self.binary(text, shape);
    }

    fn other(&mut self, array: &dyn Array, row: usize, shape: &Shape) {
        if self.number(array, row) || self.time(array, row) {
            return;
        }
        match array.data_type() {
            DataType::Boolean => self.display(array.as_boolean().value(row)),
            DataType::Struct(_) => self.object(array, row, &shape.children),
            DataType::Map(..) => self.map(array, row, shape),
            DataType::List(_) => {
                let list = array.as_list::<i32>().value(row);
                self.list(&list, shape);
            }
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>().value(row);
                self.list(&list, shape);
            }
            DataType::ListView(_) => {
                let list = array.as_list_view::<i32>().value(row);
                self.list(&list, shape);
            }
            DataType::LargeListView(_) => {
                let list = array.as_list_view::<i64>().value(row);
                self.list(&list, shape);
            }
            DataType::FixedSizeList(..) => {
                let list = array.as_fixed_size_list().value(row);
                self.list(&list, shape);
            }
            _ => self.elsewhere(array, row, shape),
        }
    }

    /// A value that stands in another array.
    fn elsewhere(&mut self, array: &dyn Array, row: usize, shape: &Shape) {
        macro_rules! run {
            ($type:ty) => {{
                let run = array.as_run::<$type>();
                let place = run.get_physical_index(row);
                self.value(run.values(), place, &shape.children[0]);
            }};
        }
        match array.data_type() {
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                match index(dictionary.keys(), row) {
                    Some(key) if key < dictionary.values().len() => {
                        let shape = &shape.children[0];
                        self.value(dictionary.values(), key, shape);
                    }
                    _ => self.word(b"null"),
                }
            }
            DataType::RunEndEncoded(ends, _) => match ends.data_type() {
                DataType::Int16 => run!(Int16Type),
                DataType::Int32 => run!(Int32Type),
                _ => run!(Int64Type),
            },
            DataType::Union(fields, _) => {
                let union = array.as_union();
                let id = union.type_id(row);
                let place = fields.iter().position(|(own, _)| own == id);
                match place {
                    Some(place) => {
                        let shape = &shape.children[place];
                        let row = union.value_offset(row);
                        self.value(union.child(id), row, shape);
                    }
                    None => self.word(b"null"),
                }
            }
            _ => self.word(b"null"),
        }
    }

    fn object(&mut self, array: &dyn Array, row: usize, shapes: &[Shape]) {
        let columns = array.as_struct();
        let named = columns.fields().iter().zip(columns.columns());
        let mut before: &[u8] = b"{";
        for ((field, column), shape) in named.zip(shapes) {
            self.word(before);
            before = b",";
            self.string(field.name().as_bytes());
            self.word(b":");
            self.value(column, row, shape);
            if self.is_over() {
                break;
            }
        }
        if before == b"{" {
            self.word(b"{");
        }
        self.word(b"}");
    }

    /// Keys that are no strings are written as the text of their JSON.
    fn map(&mut self, array: &dyn Array, row: usize, shape: &Shape) {
        let entries = array.as_map().value(row);
        let Some(shape) = shape.children.first() else {
            return self.word(b"null");
        };
        if entries.num_columns() < 2 {
            return self.word(b"null");
        }
        let (keys, values) = (entries.column(0), entries.column(1));
        let mut before: &[u8] = b"{";
        for entry in 0..entries.len() {
            if self.is_over() {
                break;
            }
            self.word(before);
            before = b",";
            let mut key = Vec::new();
            let own = Shape { text: true, children: Vec::new() };
            let end = self.end.saturating_sub(self.out.len());
            Line { out: &mut key, end }.value(keys, entry, &own);
            if key.starts_with(b"\"") {
                self.word(&key);
            } else {
                self.string(&key);
            }
            self.word(b":");
            self.value(values, entry, shape);
        }
        if before == b"{" {
            self.word(b"{");
        }
        self.word(b"}");
    }

    fn list(&mut self, items: &dyn Array, shape: &Shape) {
        self.word(b"[");
        for item in 0..items.len() {
            if self.is_over() {
                break;
            }
            if item > 0 {
                self.word(b",");
            }
            self.value(items, item, &shape.children[0]);
        }
        self.word(b"]");
    }

    /// Writes a number, if it is one.
    fn number(&mut self, array: &dyn Array, row: usize) -> bool {
        use DataType as T;
        let float = match array.data_type() {
            T::Float16 => {
                array.as_primitive::<Float16Type>().value(row).to_f64()
            }
            T::Float32 => {
                // By way of its shortest text, which is what it means.
                let value = array.as_primitive::<Float32Type>().value(row);
                return self.json(&value);
            }
            T::Float64 => array.as_primitive::<Float64Type>().value(row),
            T::Decimal32(..) => {
                let array = array.as_primitive::<Decimal32Type>();
                return self.decimal(&array.value_as_string(row));
            }
            T::Decimal64(..) => {
                let array = array.as_primitive::<Decimal64Type>();
                return self.decimal(&array.value_as_string(row));
            }
            T::Decimal128(..) => {
                let array = array.as_primitive::<Decimal128Type>();
                return self.decimal(&array.value_as_string(row));
            }
            T::Decimal256(..) => {
                let array = array.as_primitive::<Decimal256Type>();
                return self.decimal(&array.value_as_string(row));
            }
            kind => {
                return numbers!(self, array, row, kind,
                    T::Int8 => Int8Type,
                    T::Int16 => Int16Type,
                    T::Int32 => Int32Type,
                    T::Int64 => Int64Type,
                    T::UInt8 => UInt8Type,
                    T::UInt16 => UInt16Type,
                    T::UInt32 => UInt32Type,
                    T::UInt64 => UInt64Type,
                    T::Duration(TimeUnit::Second) => DurationSecondType,
                    T::Duration(TimeUnit::Millisecond) =>
                        DurationMillisecondType,
                    T::Duration(TimeUnit::Microsecond) =>
                        DurationMicrosecondType,
                    T::Duration(TimeUnit::Nanosecond) =>
                        DurationNanosecondType,
                    T::Interval(IntervalUnit::YearMonth) =>
                        IntervalYearMonthType,
                );
            }
        };
        self.json(&float)
    }

    /// A float; what JSON has no word for is null.
    fn json(&mut self, value: &impl serde::Serialize) -> bool {
        // Writing to a Vec cannot fail.
        let _ = serde_json::to_writer(&mut *self.out, value);
        true
    }

    fn decimal(&mut self, text: &str) -> bool {
        match serde_json::from_str::<&serde_json::value::RawValue>(text) {
            Ok(number) => self.word(number.get().as_bytes()),
            Err(_) => self.quoted(text),
        }
        true
    }

    /// Writes a date, a time or both, if it is one.
    fn time(&mut self, array: &dyn Array, row: usize) -> bool {
        use DataType as T;
        const DAY_MS: i64 = 86_400_000;
        let number = ticks(array, row);
        match array.data_type() {
            T::Timestamp(unit, _) => {
                let nanos = i128::from(number) * i128::from(nanos(*unit));
                match Timestamp::from_nanosecond(nanos) {
                    Ok(time) => self.quoted(time),
                    Err(_) => self.display(number),
                }
            }
            T::Date32 => self.date(number, number),
            T::Date64 => self.date(number.div_euclid(DAY_MS), number),
            T::Time32(unit) | T::Time64(unit) => {
                let since = number.checked_mul(nanos(*unit));
                let time = since.and_then(|since| {
                    let since = SignedDuration::from_nanos(since);
                    civil::Time::midnight().checked_add(since).ok()
                });
                match time {
                    Some(time) => self.quoted(time),
                    None => self.display(number),
                }
            }
            T::Interval(IntervalUnit::DayTime) => {
                let value =
                    array.as_primitive::<IntervalDayTimeType>().value(row);
                let (days, ms) = (value.days, value.milliseconds);
                let _ = write!(
                    self.out,
                    "{{\"days\":{days},\"milliseconds\":{ms}}}"
                );
            }
            T::Interval(IntervalUnit::MonthDayNano) => {
                let value = array
                    .as_primitive::<IntervalMonthDayNanoType>()
                    .value(row);
                let _ = write!(
                    self.out,
                    "{{\"months\":{},\"days\":{},\"nanoseconds\":{}}}",
                    value.months, value.days, value.nanoseconds
                );
            }
            _ => return false,
        }
        true
    }

    fn date(&mut self, days: i64, number: i64) {
        let span = SignedDuration::try_from_hours(days.saturating_mul(24));
        let date = span
            .and_then(|span| civil::date(1970, 1, 1).checked_add(span).ok());
        match date {
            Some(date) => self.quoted(date),
            None => self.display(number),
        }
    }
}

/// The number behind a time; 0 for what is none.
fn ticks(array: &dyn Array, row: usize) -> i64 {
    use DataType as T;
    use TimeUnit as U;
    macro_rules! of {
        ($($pattern:pat => $type:ty),+ $(,)?) => {
            match array.data_type() {
                $($pattern => {
                    i64::from(array.as_primitive::<$type>().value(row))
                })+
                _ => 0,
            }
        };
    }
    of!(
        T::Timestamp(U::Second, _) => TimestampSecondType,
        T::Timestamp(U::Millisecond, _) => TimestampMillisecondType,
        T::Timestamp(U::Microsecond, _) => TimestampMicrosecondType,
        T::Timestamp(U::Nanosecond, _) => TimestampNanosecondType,
        T::Date32 => Date32Type,
        T::Date64 => Date64Type,
        T::Time32(U::Second) => Time32SecondType,
        T::Time32(_) => Time32MillisecondType,
        T::Time64(U::Microsecond) => Time64MicrosecondType,
        T::Time64(_) => Time64NanosecondType,
    )
}

fn nanos(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

/// A key of a dictionary.
fn index(keys: &dyn Array, row: usize) -> Option<usize> {
    macro_rules! of {
        ($($kind:ident => $type:ty),+) => {
            match keys.data_type() {
                $(DataType::$kind => {
                    let key = keys.as_primitive::<$type>().value(row);
                    usize::try_from(key).ok()
                })+
                _ => None,
            }
        };
    }
    of!(
        Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type,
        Int64 => Int64Type, UInt8 => UInt8Type, UInt16 => UInt16Type,
        UInt32 => UInt32Type, UInt64 => UInt64Type
    )
}
