//! Parquet and Arrow input from end to end. Files are built here, and what
//! the program says of their rows is held against what it says of the same
//! rows as NDJSON.

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::builder::*;
use arrow_array::types::*;
use arrow_array::*;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::FileWriter;
use arrow_ipc::writer::IpcWriteOptions;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::DataType;
use arrow_schema::Field;
use arrow_schema::Schema;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use serde_json::json;
use trommel::decode::DecodeConfig;
use trommel::decode::DecodeScratch;
use trommel::decode::Decoder;
use trommel::decode::Item;
use trommel::source::Event;
use trommel::source::FormatChoice;
use trommel::source::Next;
use trommel::source::SourceConfig;
use trommel::source::Sources;

const BAD: &str = "真.人.百.家.乐 加微信 abc12345";

/// The rows of all tests.
fn rows(count: usize) -> Vec<Value> {
    let row = |index: usize| {
        let text = match index % 5 {
            0 => json!(BAD),
            1 => json!("get FREE m0ney \"now\"\n"),
            2 => json!("my code 123456 please"),
            3 => Value::Null,
            _ => json!("今天天气真好"),
        };
        json!({
            "id": if index % 7 == 6 { Value::Null } else { json!(index) },
            "text": text,
            "title": if index % 3 == 0 { json!("send me") } else { json!("") },
            "body": format!("谨防 {}", index % 4),
            "content": if index % 11 == 0 { json!(BAD) } else { Value::Null },
            "author": {"name": format!("n{index}"), "age_days": index % 40},
            "tags": if index % 2 == 0 { json!(["a", BAD]) } else { json!([]) },
            "lang": if index % 2 == 0 { "zh" } else { "en" },
            "created_at": "2026-05-20T10:00:00.5Z",
        })
    };
    (0..count).map(row).collect()
}

fn text_of<'r>(row: &'r Value, key: &str) -> Option<&'r str> {
    row[key].as_str()
}

/// The rows as a batch, with a string type of another kind in each column.
fn batch(rows: &[Value]) -> RecordBatch {
    let of = |key: &'static str| rows.iter().map(move |r| text_of(r, key));
    let author = StructArray::from(vec![
        (
            Arc::new(Field::new("name", DataType::Utf8, true)),
            Arc::new(StringArray::from_iter(
                rows.iter().map(|row| row["author"]["name"].as_str()),
            )) as ArrayRef,
        ),
        (
            Arc::new(Field::new("age_days", DataType::UInt16, true)),
            Arc::new(UInt16Array::from_iter(rows.iter().map(|row| {
                let days = row["author"]["age_days"].as_u64();
                days.and_then(|days| u16::try_from(days).ok())
            }))),
        ),
    ]);
    let mut tags = ListBuilder::new(StringBuilder::new());
    for row in rows {
        for tag in row["tags"].as_array().unwrap() {
            tags.values().append_value(tag.as_str().unwrap());
        }
        tags.append(true);
    }
    let time = rows.iter().map(|_| Some(1_779_271_200_500));
    let time = TimestampMillisecondArray::from_iter(time);
    let ids = rows.iter().map(|row| row["id"].as_i64());
    let langs: DictionaryArray<Int8Type> = of("lang").collect();
    let contents = of("content").map(|text| text.map(str::as_bytes));
    RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(Int64Array::from_iter(ids)) as ArrayRef, true),
        ("text", Arc::new(StringArray::from_iter(of("text"))), true),
        ("title", Arc::new(LargeStringArray::from_iter(of("title"))), true),
        ("body", Arc::new(StringViewArray::from_iter(of("body"))), true),
        ("content", Arc::new(BinaryArray::from_iter(contents)), true),
        ("author", Arc::new(author), true),
        ("tags", Arc::new(tags.finish()), true),
        ("lang", Arc::new(langs), true),
        ("created_at", Arc::new(time.with_timezone("+02:00")), true),
    ])
    .unwrap()
}

fn parquet_of(batches: &[RecordBatch], group_rows: usize) -> Vec<u8> {
    let settings = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group_rows))
        .set_compression(Compression::SNAPPY)
        .build();
    let schema = batches[0].schema();
    let mut writer =
        ArrowWriter::try_new(Vec::new(), schema, Some(settings)).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn stream_of(batches: &[RecordBatch]) -> Vec<u8> {
    let mut out = Vec::new();
    let schema = batches[0].schema();
    let mut writer = StreamWriter::try_new(&mut out, &schema).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    out
}

fn file_of(batches: &[RecordBatch], packed: CompressionType) -> Vec<u8> {
    let options = IpcWriteOptions::default();
    let options = options.try_with_compression(Some(packed)).unwrap();
    let mut out = Vec::new();
    let schema = batches[0].schema();
    let mut writer =
        FileWriter::try_new_with_options(&mut out, &schema, options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    out
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::fast();
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

/// Every format, with the name of its file.
fn formats(batches: &[RecordBatch]) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("x.parquet", parquet_of(batches, 64)),
        ("x.arrows", stream_of(batches)),
        ("x.arrow", file_of(batches, CompressionType::LZ4_FRAME)),
        ("x.feather", file_of(batches, CompressionType::ZSTD)),
        ("x.parquet.gz", gzip(&parquet_of(batches, 1 << 20))),
        ("x.arrows.gz", gzip(&stream_of(batches))),
    ]
}

fn scan(folder: &Path, flags: &[&str], stdin: Option<&[u8]>) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_trommel"));
    command.current_dir(folder).arg("scan").args(flags).arg("-r");
    command.arg(root.join("tests/cli/fixture/demo"));
    let mut command = assert_cmd::Command::from_std(command);
    if let Some(bytes) = stdin {
        command.write_stdin(bytes);
    }
    command.output().unwrap()
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn lines_of(rows: &[Value]) -> Vec<u8> {
    let lines = rows.iter().map(|row| row.to_string() + "\n");
    lines.collect::<String>().into_bytes()
}

fn shown(output: &Output, name: &str) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.replace(&format!("\"{name}:"), "\"SOURCE:")
}

#[test]
fn rows_are_judged_as_their_ndjson() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = rows(3000);
    put(folder, "x.ndjson", &lines_of(&rows));
    let batches: Vec<RecordBatch> = rows.chunks(700).map(batch).collect();
    let settings: [&[&str]; 4] = [
        &[],
        &["-j", "3", "--emit", "flagged"],
        &["--text", "/tags/1,text", "--map", "id=/author/name"],
        &["--text", "content", "--map", "surface=lang"],
    ];
    for flags in settings {
        let with = |name| [&["-q"], flags, &[name]].concat();
        let want = scan(folder, &with("x.ndjson"), None);
        assert_eq!(want.status.code(), Some(0));
        let want = shown(&want, "x.ndjson");
        assert!(want.contains("\"verdict\":\"takedown\""), "{flags:?}");
        for (name, bytes) in formats(&batches) {
            put(folder, name, &bytes);
            let got = scan(folder, &with(name), None);
            let message = String::from_utf8_lossy(&got.stderr).into_owned();
            assert_eq!(got.status.code(), Some(0), "{name}: {message}");
            assert_eq!(message, "", "{name}");
            assert!(shown(&got, name) == want, "{name} {flags:?}");
            let got = scan(folder, &with("-"), Some(&bytes));
            assert!(shown(&got, "-") == want, "{name} by pipe {flags:?}");
        }
    }
}

#[test]
fn annotated_rows_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(40);
    for (name, bytes) in formats(&[batch(&rows)]) {
        put(folder.path(), name, &bytes);
        let output = scan(folder.path(), &["-q", "--annotate", name], None);
        let text = String::from_utf8(output.stdout).unwrap();
        let mut count = 0;
        for (line, row) in text.lines().zip(&rows) {
            let mut found: Value = serde_json::from_str(line).unwrap();
            found.as_object_mut().unwrap().remove("trommel").unwrap();
            assert_eq!(&found, row, "{name}");
            count += 1;
        }
        assert_eq!(count, rows.len(), "{name}");
    }
}

/// One row with a column of every other type.
#[test]
fn every_type_has_its_json() {
    let mut map =
        MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k");
    map.values().append_value(7);
    map.append(true).unwrap();
    let decimal = Decimal128Array::from(vec![-1250])
        .with_precision_and_scale(10, 2)
        .unwrap();
    let digest = [0xab_u8; 16];
    let columns: [(&str, ArrayRef, &str); 16] = [
        ("bool", Arc::new(BooleanArray::from(vec![true])), "true"),
        (
            "u64",
            Arc::new(UInt64Array::from(vec![u64::MAX])),
            "18446744073709551615",
        ),
        ("f32", Arc::new(Float32Array::from(vec![0.1])), "0.1"),
        ("f64", Arc::new(Float64Array::from(vec![1.0])), "1.0"),
        ("nan", Arc::new(Float64Array::from(vec![f64::NAN])), "null"),
        ("decimal", Arc::new(decimal), "-12.50"),
        (
            "seconds",
            Arc::new(TimestampSecondArray::from(vec![-1])),
            "\"1969-12-31T23:59:59Z\"",
        ),
        (
            "far",
            Arc::new(TimestampSecondArray::from(vec![i64::MAX])),
            "9223372036854775807",
        ),
        ("date", Arc::new(Date32Array::from(vec![-1])), "\"1969-12-31\""),
        (
            "time",
            Arc::new(Time64MicrosecondArray::from(vec![30_600_000_001])),
            "\"08:30:00.000001\"",
        ),
        ("day", Arc::new(Time32SecondArray::from(vec![90_000])), "90000"),
        ("map", Arc::new(map.finish()), "{\"k\":7}"),
        (
            "digest",
            Arc::new(BinaryArray::from(vec![&digest[..]])),
            "\"abababababababababababababababab\"",
        ),
        ("blob", Arc::new(BinaryArray::from(vec![&[0xff; 65][..]])), "null"),
        (
            "fixed",
            Arc::new(
                FixedSizeBinaryArray::try_from_iter([b"id"].iter()).unwrap(),
            ),
            "\"6964\"",
        ),
        ("null", Arc::new(NullArray::new(1)), "null"),
    ];
    let arrays =
        columns.iter().map(|(name, array, _)| (*name, array.clone(), true));
    let batch = RecordBatch::try_from_iter_with_nullable(arrays).unwrap();
    let fields: Vec<String> = columns
        .iter()
        .map(|(name, _, json)| format!("\"{name}\":{json}"))
        .collect();
    let want = format!("{{{}}}", fields.join(","));
    for (name, bytes) in formats(&[batch]) {
        let seen = drain(&bytes, FormatChoice::Auto, &[]);
        assert_eq!(seen.raw, [want.clone()], "{name}");
    }
    // What Parquet does not know.
    let runs = Int32Array::from(vec![2, 3]);
    let runs = RunArray::try_new(&runs, &StringArray::from(vec!["a", "b"]));
    let spans = IntervalMonthDayNanoArray::from(vec![
        IntervalMonthDayNanoType::make_value(1, 2, 3);
        3
    ]);
    let batch = RecordBatch::try_from_iter([
        ("runs", Arc::new(runs.unwrap()) as ArrayRef),
        ("span", Arc::new(spans)),
    ]);
    let seen = drain(&stream_of(&[batch.unwrap()]), FormatChoice::Auto, &[]);
    let span = "{\"months\":1,\"days\":2,\"nanoseconds\":3}";
    let line = |run| format!("{{\"runs\":\"{run}\",\"span\":{span}}}");
    assert_eq!(seen.raw, [line("a"), line("a"), line("b")]);
}

/// What came of some bytes.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// Of records.
    raw: Vec<String>,
    /// Line and reason.
    rejects: Vec<(u64, &'static str)>,
    details: Vec<String>,
    errors: Vec<String>,
}

fn drain(bytes: &[u8], format: FormatChoice, texts: &[&str]) -> Seen {
    drain_with(bytes, SourceConfig::new().format(format), texts)
}

fn drain_with(bytes: &[u8], config: SourceConfig, texts: &[&str]) -> Seen {
    let mut decoding = DecodeConfig::default();
    if !texts.is_empty() {
        let parse = |text: &&str| text.parse_path();
        decoding = decoding.text(texts.iter().map(parse).collect());
    }
    let decoder = Decoder::new(&decoding);
    let config = config.texts(decoder.text_paths());
    let input = std::io::Cursor::new(bytes.to_vec());
    let mut sources = Sources::of_reader("-", input, config);
    let mut scratch = DecodeScratch::default();
    let mut seen = Seen::default();
    loop {
        let frame = match sources.next(Duration::from_secs(60)) {
            Next::Event(Event::Frame(frame)) => frame,
            Next::Event(Event::SourceError { error, .. }) => {
                seen.errors.push(error.to_string());
                continue;
            }
            Next::Event(_) | Next::Idle => continue,
            Next::End => return seen,
        };
        decoder.decode(&frame, &mut scratch, &mut |item| match item {
            Item::Record(record) => {
                let raw = String::from_utf8(record.raw.to_vec()).unwrap();
                seen.raw.push(raw);
            }
            Item::Reject(reject) if reject.last => {
                seen.rejects.push((reject.line, reject.reason.as_str()));
                seen.details.push(reject.detail);
            }
            Item::Reject(_) => {}
        });
    }
}

trait ParsePath {
    fn parse_path(&self) -> trommel::decode::FieldPath;
}

impl ParsePath for &str {
    fn parse_path(&self) -> trommel::decode::FieldPath {
        trommel::decode::FieldPath::parse(self).unwrap()
    }
}

/// A text that is not UTF-8 costs its row, whatever the column calls itself.
#[test]
fn invalid_texts_are_rejects_of_their_rows() {
    let values: [&[u8]; 4] = [b"ok", b"\xff\xfe", b"fine", b"\xc3"];
    let bytes = BinaryArray::from_iter_values(values);
    let (offsets, data, nulls) = bytes.clone().into_parts();
    // SAFETY: none; this is the broken input that writers without checks
    // make, and only the writers below see it.
    let text = unsafe { StringArray::new_unchecked(offsets, data, nulls) };
    for column in [Arc::new(bytes) as ArrayRef, Arc::new(text)] {
        let kind = column.data_type().clone();
        let schema = Schema::new(vec![Field::new("text", kind, false)]);
        let batch = RecordBatch::try_new(schema.into(), vec![column]).unwrap();
        for (name, bytes) in formats(&[batch]) {
            let seen = drain(&bytes, FormatChoice::Auto, &[]);
            let want = [(2, "invalid_utf8"), (4, "invalid_utf8")];
            assert_eq!(seen.rejects, want, "{name}: {seen:?}");
            assert_eq!(seen.raw.len(), 2, "{name}");
        }
    }
}

#[test]
fn wrong_types_and_long_rows_are_rejects_of_their_rows() {
    let long = "x".repeat(5000);
    let texts = StringArray::from(vec!["a", &long, "b"]);
    let batch = RecordBatch::try_from_iter([
        ("text", Arc::new(texts) as ArrayRef),
        ("title", Arc::new(Int8Array::from(vec![None, None, Some(1)]))),
    ]);
    for (name, bytes) in formats(&[batch.unwrap()]) {
        let config = SourceConfig::new().record_bytes_max(1000);
        let seen = drain_with(&bytes, config, &[]);
        let want = [(2, "too_long"), (3, "wrong_type")];
        assert_eq!(seen.rejects, want, "{name}: {seen:?}");
        assert_eq!(seen.raw.len(), 1, "{name}");
    }
}

/// A column that names one long text in many rows must not become that many
/// long texts in memory; every row is judged all the same.
#[test]
fn repeated_texts_stay_small() {
    let long = "x".repeat(1 << 16);
    let texts = StringArray::from_iter_values((0..600).map(|_| &long));
    let batch =
        RecordBatch::try_from_iter([("text", Arc::new(texts) as ArrayRef)]);
    let bytes = parquet_of(&[batch.unwrap()], 1 << 20);
    assert!(bytes.len() < 1 << 20, "{}", bytes.len());
    let config = SourceConfig::new().record_bytes_max(1 << 10);
    let seen = drain_with(&bytes, config, &[]);
    assert_eq!(seen.rejects.len(), 600);
}

#[test]
fn cut_files_say_so() {
    let rows = rows(300);
    let batches: Vec<RecordBatch> = rows.chunks(100).map(batch).collect();
    for (name, bytes) in formats(&batches) {
        if name.ends_with(".gz") {
            continue;
        }
        // An Arrow file gives what is in it before the cut.
        let keeps = !name.ends_with(".parquet");
        let mut most = 0;
        for size in (9..bytes.len()).step_by(211) {
            let seen = drain(&bytes[..size], FormatChoice::Auto, &[]);
            let end_of_batch = name == "x.arrows" && seen.rejects.is_empty();
            assert!(seen.errors.is_empty(), "{name} {size}: {seen:?}");
            if !end_of_batch {
                let (_, reason) = *seen.rejects.last().unwrap();
                assert_eq!(seen.rejects.len(), 1, "{name} {size}: {seen:?}");
                assert_eq!(reason, "truncated", "{name} {size}: {seen:?}");
                assert!(!seen.details[0].ends_with('.'));
            }
            most = most.max(seen.raw.len());
        }
        assert_eq!(most > 0, keeps, "{name}: {most}");
    }
    let seen = drain(b"", FormatChoice::Parquet, &[]);
    assert_eq!(seen.rejects, [(1, "truncated")], "{seen:?}");
    let seen = drain(b"", FormatChoice::Arrow, &[]);
    assert_eq!(seen.rejects, [(1, "truncated")], "{seen:?}");
    let seen = drain(b"{\"text\":\"a\"}\n", FormatChoice::Parquet, &[]);
    assert_eq!(seen.rejects.len(), 1, "{seen:?}");
}

/// splitmix64, as in `fuzz_replay`.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ mixed >> 31) >> 1).unwrap() % end
    }
}

/// Whatever bytes are flipped: an end, and never more than one source's
/// worth of trouble.
#[test]
fn damaged_files_come_to_an_end() {
    let factor =
        std::env::var("FUZZ_FACTOR").map_or(1, |t| t.parse().unwrap());
    let rows = rows(60);
    let batches: Vec<RecordBatch> = rows.chunks(20).map(batch).collect();
    let mut random = Random(20_261_122);
    for (name, bytes) in formats(&batches) {
        if name.ends_with(".gz") {
            continue;
        }
        let format = match name {
            "x.parquet" => FormatChoice::Parquet,
            _ => FormatChoice::Arrow,
        };
        for _ in 0..150 * factor {
            let mut damaged = bytes.clone();
            for _ in 0..=random.below(3) {
                // Half of them where lengths and types stand.
                let at = match random.below(2) {
                    0 => random.below(damaged.len()),
                    _ => damaged.len() - 1 - random.below(damaged.len() / 4),
                };
                damaged[at] = match random.below(4) {
                    0 => 0xff,
                    1 => 0,
                    _ => u8::try_from(random.below(256)).unwrap(),
                };
            }
            let seen = drain(&damaged, format, &[]);
            let all = seen.raw.len() + seen.rejects.len();
            assert!(all <= 100_000, "{name}: {all}");
        }
    }
}

/// Lengths that no memory could hold are refused before memory is asked for.
#[test]
fn forged_lengths_are_refused() {
    let rows = rows(20);
    let bytes = file_of(&[batch(&rows)], CompressionType::LZ4_FRAME);
    // The length of an unpacked buffer stands before each packed one.
    let mut refused = 0;
    for at in (0..bytes.len() - 8).step_by(8) {
        let mut forged = bytes.clone();
        forged[at..at + 8].copy_from_slice(&(1_i64 << 60).to_le_bytes());
        let seen = drain(&forged, FormatChoice::Arrow, &[]);
        let told = |d: &String| d.contains("expected a batch of at most");
        refused += usize::from(seen.details.iter().any(told));
    }
    assert!(refused > 5, "{refused}");
}

#[test]
fn joined_streams_are_read_on() {
    let rows = rows(30);
    let (first, second) = rows.split_at(10);
    let joined = [stream_of(&[batch(first)]), stream_of(&[batch(second)])];
    let seen = drain(&joined.concat(), FormatChoice::Auto, &[]);
    assert_eq!((seen.raw.len(), seen.rejects.len()), (30, 0), "{seen:?}");
}
