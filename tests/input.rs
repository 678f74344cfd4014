//! Broken and unbroken input from end to end: bytes through `source` and
//! `decode`. All inputs are made here; nothing reads the network.

use std::fs;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;
use trommel::decode::DecodeConfig;
use trommel::decode::DecodeScratch;
use trommel::decode::Decoder;
use trommel::decode::FieldPath;
use trommel::decode::Item;
use trommel::record::Id;
use trommel::source::Event;
use trommel::source::FormatChoice;
use trommel::source::Next;
use trommel::source::SourceConfig;
use trommel::source::Sources;

/// An item as values that can be compared.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Record {
        line: u64,
        offset: u64,
        id: String,
        fields: Vec<(String, String)>,
        raw: Vec<u8>,
    },
    Reject {
        line: u64,
        offset: u64,
        reason: &'static str,
        detail: String,
        raw: Vec<u8>,
        piece: u32,
        last: bool,
    },
    Error(String),
}

fn see(item: Item<'_>) -> Seen {
    match item {
        Item::Record(record) => Seen::Record {
            line: record.line,
            offset: record.offset,
            id: match &record.id {
                Id::Absent => String::new(),
                Id::Text(text) => format!("\"{text}\""),
                Id::Number(text) => text.to_string(),
            },
            fields: record
                .fields
                .iter()
                .map(|field| (field.name.to_owned(), field.text.to_string()))
                .collect(),
            raw: record.raw.to_vec(),
        },
        Item::Reject(reject) => Seen::Reject {
            line: reject.line,
            offset: reject.offset,
            reason: reject.reason.as_str(),
            detail: reject.detail,
            raw: reject.raw.to_vec(),
            piece: reject.piece,
            last: reject.last,
        },
    }
}

fn drain_with(mut sources: Sources, decoder: &Decoder) -> Vec<Seen> {
    let mut scratch = DecodeScratch::default();
    let mut seen = Vec::new();
    loop {
        match sources.next(Duration::from_secs(60)) {
            Next::Event(Event::Frame(frame)) => {
                decoder.decode(&frame, &mut scratch, &mut |item| {
                    seen.push(see(item));
                });
            }
            Next::Event(Event::SourceError { source, error }) => {
                let name = Path::new(&*source).file_name().unwrap();
                let name = name.to_string_lossy();
                seen.push(Seen::Error(format!("{name}: {error}")));
            }
            Next::Event(Event::SourceDone { .. }) => {}
            Next::Idle => {}
            Next::End => return seen,
        }
    }
}

fn drain(sources: Sources) -> Vec<Seen> {
    drain_with(sources, &Decoder::new(&DecodeConfig::default()))
}

/// Gives one byte at a time.
struct Trickle(io::Cursor<Vec<u8>>);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = buffer.len().min(1);
        self.0.read(&mut buffer[..size])
    }
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let level = flate2::Compression::fast();
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

fn zst(data: &[u8]) -> Vec<u8> {
    let mut writer = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    writer.include_checksum(true).unwrap();
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

fn bz2(data: &[u8]) -> Vec<u8> {
    let level = bzip2::Compression::fast();
    let mut writer = bzip2::write::BzEncoder::new(Vec::new(), level);
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

fn xz(data: &[u8]) -> Vec<u8> {
    let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 1);
    writer.write_all(data).unwrap();
    writer.finish().unwrap()
}

type Compress = fn(&[u8]) -> Vec<u8>;
const COMPRESSIONS: [(&str, Compress); 4] =
    [("gz", gzip), ("zst", zst), ("bz2", bz2), ("xz", xz)];

fn of_bytes(data: &[u8], config: SourceConfig) -> Vec<Seen> {
    let data = io::Cursor::new(data.to_vec());
    drain(Sources::of_reader("-", data, config))
}

fn ndjson() -> SourceConfig {
    SourceConfig::new().format(FormatChoice::Ndjson)
}

fn text() -> SourceConfig {
    SourceConfig::new().format(FormatChoice::Text)
}

/// A corpus of `count` posts with every common kind of line in it.
fn corpus(count: usize) -> Vec<u8> {
    let mut data = Vec::new();
    for index in 0..count {
        let line = match index % 7 {
            0 => format!("{{\"id\":{index},\"text\":\"hello {index}\"}}\n"),
            1 => format!(
                "{{\"text\":\"你好\\n\\u4f60\",\"id\":\"{index}\"}}\r\n"
            ),
            2 => "\n".to_owned(),
            3 => format!("{{\"id\":{index},\"title\":\"a\",\"text\":null}}\n"),
            4 => format!("broken {index}\n"),
            5 => format!(
                "{{\"id\":{index},\"body\":\"{}\"}}\n",
                "x".repeat(200)
            ),
            _ => format!("{{\"id\":{index},\"text\":{index}}}\n"),
        };
        data.extend_from_slice(line.as_bytes());
    }
    data
}

/// Everything about one corpus, in every way it can be read.
#[test]
fn all_ways_of_reading_give_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let data = corpus(5000);
    let plain = folder.path().join("plain");
    fs::write(&plain, &data).unwrap();
    let paths = [plain.clone()];
    let want = drain(Sources::open(&paths, ndjson()));
    let records = want.iter().filter(|s| matches!(s, Seen::Record { .. }));
    // Of 5000 lines: 714 blank, 714 not JSON, 714 with a number as text.
    assert_eq!((want.len(), records.count()), (4286, 2858));
    for seen in &want {
        let (Seen::Record { line, offset, raw, .. }
        | Seen::Reject { line, offset, raw, .. }) = seen
        else {
            panic!("{seen:?}");
        };
        let start = usize::try_from(*offset).unwrap();
        assert_eq!(&data[start..start + raw.len()], raw);
        let before = data[..start].iter().filter(|&&b| b == b'\n').count();
        assert_eq!(usize::try_from(*line).unwrap(), before + 1);
    }
    let same = |name: &str, got: Vec<Seen>| {
        assert!(got == want, "{name} differs");
    };
    for batch in [1, 16, 1000, 1 << 20] {
        let config = ndjson().batch_bytes(batch);
        same("mapped", drain(Sources::open(&paths, config.clone())));
        let small = config.clone().record_bytes_max(4096).segment_bytes(1);
        same("segments", drain(Sources::open(&paths, small)));
        let read = config.clone().map_files(false);
        same("read", drain(Sources::open(&paths, read)));
        same("reader", of_bytes(&data, config));
    }
    let trickle = Trickle(io::Cursor::new(data.clone()));
    same("trickle", drain(Sources::of_reader("-", trickle, ndjson())));
    for (name, compress) in COMPRESSIONS {
        let path = folder.path().join("packed");
        fs::write(&path, compress(&data)).unwrap();
        same(
            name,
            drain(Sources::open(std::slice::from_ref(&path), ndjson())),
        );
        // Members that end anywhere, even inside a line, and an empty one.
        let mut members = compress(&data[..1001]);
        members.extend(compress(b""));
        members.extend(compress(&data[1001..70_007]));
        members.extend(compress(&data[70_007..]));
        fs::write(&path, &members).unwrap();
        same(name, drain(Sources::open(&[path], ndjson())));
        let trickle = Trickle(io::Cursor::new(members));
        same(name, drain(Sources::of_reader("-", trickle, ndjson())));
    }
}

fn reasons(seen: &[Seen]) -> Vec<(u64, &'static str)> {
    seen.iter()
        .filter_map(|seen| match seen {
            Seen::Reject { line, reason, last: true, .. } => {
                Some((*line, *reason))
            }
            _ => None,
        })
        .collect()
}

fn texts(seen: &[Seen]) -> Vec<String> {
    seen.iter()
        .filter_map(|seen| match seen {
            Seen::Record { fields, .. } => {
                Some(fields.iter().map(|field| field.1.as_str()).collect())
            }
            _ => None,
        })
        .collect()
}

#[test]
fn every_broken_json_line_has_its_reason() {
    let deep = format!("{{\"x\":{}", "[".repeat(10_000));
    let closed =
        format!("{{\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let allowed = format!("{{\"x\":{}{}}}", "[".repeat(126), "]".repeat(126));
    let over = format!("{{\"x\":{}{}}}", "[".repeat(127), "]".repeat(127));
    let cases: Vec<(&[u8], &str)> = vec![
        (b"{\"text\":\"ok\"}", ""),
        (b"{\"text\":\"a\\u0000b\",\"big\":1e999}", ""),
        (b"{\"te\\u0078t\":\"ok\"}", ""),
        (b"\xef\xbb\xbf{\"text\":\"ok\"}", ""),
        (b"nonsense", "syntax"),
        (b"{\"text\":\"a\0b\"}", "syntax"),
        (b"{\"text\":\"a\"} x", "syntax"),
        (b"{\"text\":\"a\"", "syntax"),
        (b"{\"text\":\"\\q\"}", "syntax"),
        (b"{\"text\":\"\xff\"}", "invalid_utf8"),
        (b"{\"x\":\"\xc3\"}", "invalid_utf8"),
        (b"{\"text\":\"\\ud83d\"}", "lone_surrogate"),
        (b"{\"text\":\"\\ude00x\"}", "lone_surrogate"),
        (b"{\"\\ud83d\":1}", "lone_surrogate"),
        (b"[1]", "wrong_type"),
        (b"\"x\"", "wrong_type"),
        (b"null", "wrong_type"),
        (b"{\"text\":1}", "wrong_type"),
        (b"{\"text\":1e999}", "wrong_type"),
        (b"{\"text\":[\"a\"]}", "wrong_type"),
        (b"{\"id\":{}}", "wrong_type"),
        (b"{\"id\":true}", "wrong_type"),
        (deep.as_bytes(), "too_deep"),
        (closed.as_bytes(), "too_deep"),
        (allowed.as_bytes(), ""),
        (over.as_bytes(), "too_deep"),
    ];
    for (line, want) in &cases {
        let data = [line, &b"\n{\"text\":\"next\"}\n"[..]].concat();
        let seen = of_bytes(&data, ndjson());
        let shown = String::from_utf8_lossy(&line[..line.len().min(60)]);
        assert_eq!(seen.len(), 2, "{shown}");
        let found = reasons(&seen);
        if want.is_empty() {
            assert_eq!(found, [], "{shown}: {seen:?}");
        } else {
            assert_eq!(found, [(1, *want)], "{shown}");
            let Seen::Reject { raw, detail, .. } = &seen[0] else {
                panic!("{shown}");
            };
            assert_eq!(raw, line);
            assert!(!detail.is_empty() && !detail.ends_with('.'), "{detail}");
        }
    }
}

#[test]
fn a_cut_last_line_is_truncated() {
    let seen = of_bytes(b"{\"text\":\"a\"}\n{\"text\":\"b", ndjson());
    assert_eq!(reasons(&seen), [(2, "truncated")]);
    let seen = of_bytes(b"{\"text\":\"a\"}\n{\"text\":\"b\"}", ndjson());
    assert_eq!(texts(&seen), ["a", "b"]);
}

#[test]
fn values_of_all_kinds() {
    let line = br#"{"id":123456789012345678901234567890,"text":"old","title":"t","text":"new","author":{"x":1,"name":"n","id":7},"group":12,"lang":["x"],"surface":"post","created_at":1e3}"#;
    let decoder = Decoder::new(&DecodeConfig::default());
    let mut frame = line.to_vec();
    frame.push(b'\n');
    let frame = trommel::record::Frame::of_bytes(
        trommel::record::Format::Ndjson,
        frame,
    );
    let mut count = 0;
    decoder.decode(&frame, &mut DecodeScratch::default(), &mut |item| {
        let Item::Record(record) = item else { panic!("{item:?}") };
        count += 1;
        let id = Id::Number("123456789012345678901234567890".into());
        assert_eq!(record.id, id);
        let fields: Vec<_> =
            record.fields.iter().map(|f| (f.name, &*f.text)).collect();
        assert_eq!(fields, [("text", "new"), ("title", "t")]);
        assert_eq!(record.author.as_deref(), Some("7"));
        assert_eq!(record.group.as_deref(), Some("12"));
        assert_eq!(record.lang, None);
        assert_eq!(record.surface.as_deref(), Some("post"));
        assert_eq!(record.created_at.as_deref(), Some("1e3"));
    });
    assert_eq!(count, 1);
}

#[test]
fn pointers_reach_nested_text() {
    let path = |text: &str| FieldPath::parse(text).unwrap();
    let config = DecodeConfig::default()
        .text(vec![path("/data/parts/1"), path("/data/t"), path("x")])
        .map("id", path("/data/key"))
        .unwrap();
    let line = br#"{"x":"X","data":{"parts":["a","b\u00e9"],"t":"T","key":5}}
{"data":"not an object"}
{"data":{"t":{}}}
"#;
    let sources = Sources::of_reader("-", &line[..], ndjson());
    let seen = drain_with(sources, &Decoder::new(&config));
    assert_eq!(texts(&seen), ["béTX", ""]);
    let Seen::Record { id, fields, .. } = &seen[0] else { panic!() };
    assert_eq!(id, "5");
    assert_eq!(fields[0].0, "data/parts/1");
    assert_eq!(reasons(&seen), [(3, "wrong_type")]);
    assert!(DecodeConfig::default().map("nobody", path("a")).is_err());
}

#[test]
fn marks_line_ends_and_blank_lines() {
    let seen = of_bytes(b"\xef\xbb\xbfone\r\n\r\n \t\n\ntwo\0\nlast", text());
    assert_eq!(texts(&seen), ["one", "two\0", "last"]);
    let Seen::Record { line: 1, offset: 3, .. } = seen[0] else { panic!() };
    let Seen::Record { line: 5, offset: 14, .. } = seen[1] else { panic!() };
    for empty in [&b""[..], b"\n", b"\xef\xbb\xbf", b"\r\n\r\n"] {
        assert_eq!(of_bytes(empty, text()), []);
        assert_eq!(of_bytes(empty, SourceConfig::new()), []);
    }
    let utf16 = b"\xff\xfe{\0}\0\n\0";
    let seen = of_bytes(utf16, SourceConfig::new());
    assert_eq!(reasons(&seen), [(1, "invalid_utf8")]);
}

#[test]
fn a_line_of_a_hundred_megabytes() {
    let mut data = b"{\"text\":\"a\"}\n".to_vec();
    data.resize(data.len() + 100_000_000, b'x');
    data.extend_from_slice(b"\n{\"text\":\"b\"}\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.ndjson");
    fs::write(&path, &data).unwrap();
    let mapped = drain(Sources::open(&[path], ndjson()));
    assert_eq!(texts(&mapped), ["a", "b"]);
    assert_eq!(reasons(&mapped), [(2, "too_long")]);
    let mut raw = 0;
    for seen in &mapped {
        if let Seen::Reject { raw: piece, line: 2, offset: 13, .. } = seen {
            assert!(piece.len() <= 1 << 20);
            raw += piece.len();
        }
    }
    assert_eq!(raw, 100_000_000);
    let streamed = of_bytes(&data, ndjson());
    assert!(streamed == mapped);
}

#[test]
fn cut_and_damaged_members() {
    let folder = tempfile::tempdir().unwrap();
    let data = corpus(3000);
    for (name, compress) in COMPRESSIONS {
        let whole = compress(&data);
        let next = folder.path().join("next");
        fs::write(&next, "{\"text\":\"next\"}\n").unwrap();
        let path = folder.path().join("damaged");

        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let paths = [path.clone(), next.clone()];
        let seen = drain(Sources::open(&paths, ndjson()));
        let found = reasons(&seen);
        let cut = found.iter().filter(|one| one.1 == "truncated").count();
        assert_eq!(cut, 1, "{name}");
        assert_eq!(texts(&seen).last().unwrap(), "next", "{name}");

        let mut bad = whole.clone();
        let middle = bad.len() / 2;
        bad[middle..middle + 8].fill(0x55);
        fs::write(&path, &bad).unwrap();
        let seen = drain(Sources::open(&paths, ndjson()));
        let found = reasons(&seen);
        // Damaged Huffman codes of bzip2 may eat all input: also an end.
        let damage = |one: &&(u64, &str)| {
            one.1 == "corrupt" || one.1 == "truncated" && name == "bz2"
        };
        let hurt = found.iter().filter(damage).count();
        assert_eq!(hurt, 1, "{name}");
        assert_eq!(texts(&seen).last().unwrap(), "next", "{name}");

        // Zeros are padding, other bytes are damage.
        let mut padded = whole.clone();
        padded.extend([0; 512]);
        let want = of_bytes(&data, ndjson());
        assert!(of_bytes(&padded, ndjson()) == want, "{name}");
        padded.extend(b"rubbish");
        let seen = of_bytes(&padded, ndjson());
        assert_eq!(seen.len(), want.len() + 1, "{name}");
        assert_eq!(reasons(&seen).last().unwrap().1, "corrupt", "{name}");
    }
}

#[test]
fn sources_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("a.txt"), "a\n").unwrap();
    fs::write(root.join("b.json"), " [{\"text\":\"x\"}]").unwrap();
    let paths: Vec<PathBuf> = ["none", "a.txt", "b.json", "*.zzz", "a.txt"]
        .iter()
        .map(|name| root.join(name))
        .collect();
    let sources = Sources::open(&paths, SourceConfig::new());
    assert_eq!(sources.total_bytes_hint(), Some(19));
    let progress = sources.progress();
    let seen = drain(sources);
    assert_eq!(texts(&seen), ["a", "a"]);
    assert_eq!(reasons(&seen), [(1, "wrong_type")]);
    let errors: Vec<_> = seen
        .iter()
        .filter_map(|seen| match seen {
            Seen::Error(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].starts_with("none: cannot open: "), "{errors:?}");
    assert_eq!(errors[1], "*.zzz: no file matches");
    assert!(progress.consumed_bytes() >= 4);
}

#[test]
fn tables() {
    let csv = SourceConfig::new().format(FormatChoice::Csv);
    let data = "\u{feff}id,text,title\r\n1,\"a,\"\"b\"\"\r\nc\",x\r\n\
                \r\n2,plain,\r\n3,too,many,cells\r\n4,few\r\n\
                \"5\",5\" disk,\"\"\r\n";
    let seen = of_bytes(data.as_bytes(), csv.clone());
    assert_eq!(texts(&seen), ["a,\"b\"\r\ncx", "plain", "5\" disk"]);
    assert_eq!(reasons(&seen), [(6, "wrong_type"), (7, "wrong_type")]);
    let Seen::Record { line, id, .. } = seen.last().unwrap() else { panic!() };
    assert_eq!((*line, id.as_str()), (8, "\"5\""));
    for batch in [1, 7, 30] {
        let config = csv.clone().batch_bytes(batch);
        assert_eq!(of_bytes(data.as_bytes(), config), seen);
    }
    let trickle = Trickle(io::Cursor::new(data.as_bytes().to_vec()));
    assert_eq!(drain(Sources::of_reader("-", trickle, csv.clone())), seen);

    let seen = of_bytes(b"id,text\n1,a\n2,\"open\n3,b\n", csv.clone());
    assert_eq!(texts(&seen), ["a"]);
    assert_eq!(reasons(&seen), [(3, "truncated")]);

    // An open quote costs one limit, then rows are read again.
    let mut data = b"id,text\n1,\"open\n".to_vec();
    for index in 0..100 {
        data.extend(format!("{index},row {index}\n").bytes());
    }
    let small = csv.clone().record_bytes_max(200).piece_bytes(64);
    let seen = of_bytes(&data, small.clone());
    assert_eq!(reasons(&seen), [(2, "too_long")]);
    assert_eq!(texts(&seen).last().unwrap(), "row 99");
    assert!(texts(&seen).len() > 70);
    let trickle = Trickle(io::Cursor::new(data));
    assert_eq!(drain(Sources::of_reader("-", trickle, small)), seen);

    let tsv = SourceConfig::new().format(FormatChoice::Tsv);
    let seen = of_bytes(b"text\tid\na,b\t1\n\t\n\"x\ty\"\t2\n", tsv);
    assert_eq!(texts(&seen), ["a,b", "", "x\ty"]);
    let seen = of_bytes(b"id,\xff\n1,2\n", csv);
    assert_eq!(reasons(&seen), [(1, "invalid_utf8")]);
}

/// Gives its chunks, then waits until the other side is dropped.
struct Silent(Vec<&'static [u8]>, crossbeam_channel::Receiver<()>);

impl Read for Silent {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            let _ = self.1.recv();
            return Ok(0);
        }
        let chunk = self.0.remove(0);
        buffer[..chunk.len()].copy_from_slice(chunk);
        Ok(chunk.len())
    }
}

#[test]
fn complete_records_do_not_wait() {
    for config in [ndjson(), text(), SourceConfig::new()] {
        let (stop, stopped) = crossbeam_channel::bounded(1);
        let chunks = vec![&b"{\"text\":\"a\"}\n{\"te"[..]];
        let mut sources =
            Sources::of_reader("-", Silent(chunks, stopped), config);
        let frame = loop {
            match sources.next(Duration::from_secs(60)) {
                Next::Event(Event::Frame(frame)) => break frame,
                Next::Idle => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(&*frame.bytes, b"{\"text\":\"a\"}\n");
        let idle = sources.next(Duration::from_millis(1));
        assert!(matches!(idle, Next::Idle), "{idle:?}");
        drop(stop);
    }
    // Without a format, a silent stream of lines is taken as text.
    let (stop, stopped) = crossbeam_channel::bounded(1);
    let reader = Silent(vec![b"plain\n"], stopped);
    let config = SourceConfig::new();
    let mut sources = Sources::of_reader("-", reader, config);
    let found =
        (0..10).find_map(|_| match sources.next(Duration::from_secs(60)) {
            Next::Event(Event::Frame(frame)) => Some(frame),
            _ => None,
        });
    assert_eq!(&*found.unwrap().bytes, b"plain\n");
    drop(stop);
}

#[test]
fn a_read_error_ends_only_its_source() {
    struct Fails(bool);
    impl Read for Fails {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(io::Error::other("disk on fire"));
            }
            buffer[..5].copy_from_slice(b"a\nb\nc");
            Ok(5)
        }
    }
    let seen = drain(Sources::of_reader("-", Fails(false), text()));
    assert_eq!(texts(&seen), ["a", "b"]);
    assert_eq!(reasons(&seen), [(3, "truncated")]);
    let want = "-: cannot read on: disk on fire".to_owned();
    assert_eq!(seen.last(), Some(&Seen::Error(want)));
}

#[test]
fn decompressors_take_any_bytes() {
    // A magic number and rubbish behind it: one reject, no panic.
    for (name, compress) in COMPRESSIONS {
        let whole = compress(b"some text\n");
        for cut in 10..whole.len() {
            let seen = of_bytes(&whole[..cut], text());
            let found = reasons(&seen);
            assert_eq!(found.len(), 1, "{name} {cut}: {seen:?}");
            assert_eq!(found[0].1, "truncated", "{name} {cut}");
        }
        for flip in 10..whole.len() {
            let mut bad = whole.clone();
            bad[flip] ^= 0x10;
            of_bytes(&bad, text());
        }
    }
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just(b"{\"id\":1,\"text\":\"a\"}".to_vec()),
        Just(b"{\"text\":\"\\u00e9\xe4\xbd\xa0\"}".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\"".to_vec()),
        Just(b",".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn frame_sizes_and_arrival_change_nothing(data in pieces()) {
        for format in [
            FormatChoice::Ndjson,
            FormatChoice::Csv,
            FormatChoice::Tsv,
            FormatChoice::Text,
        ] {
            let config = SourceConfig::new()
                .format(format)
                .record_bytes_max(50)
                .piece_bytes(16);
            let want = of_bytes(&data, config.clone());
            for batch in [1, 16] {
                let config = config.clone().batch_bytes(batch);
                prop_assert_eq!(&of_bytes(&data, config), &want);
            }
            let trickle = Trickle(io::Cursor::new(data.clone()));
            let got = drain(Sources::of_reader("-", trickle, config.clone()));
            prop_assert_eq!(&got, &want);
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), &data).unwrap();
            let paths = [file.path().to_owned()];
            let got = drain(Sources::open(&paths, config));
            prop_assert_eq!(&got, &want);
        }
    }
}
