//! The functions that the fuzz targets and `tests/fuzz_replay.rs` run. In:
//! any bytes; out: nothing, or a panic that says what is wrong.

#![allow(dead_code, reason = "each target uses one of the functions")]

#[path = "../../tests/oracle/mod.rs"]
mod oracle;

use std::io::Read;
use std::sync::OnceLock;
use std::time::Duration;

use trommel::base::clock::{Date, Moment};
use trommel::decode::{DecodeConfig, DecodeScratch, Decoder, Item};
use trommel::eval::{Scanner, Scratch, text_record};
use trommel::evidence::ledger::entry;
use trommel::evidence::ledger::note::{Checkpoint, Verifier};
use trommel::fold::tables;
use trommel::image::{Image, MAGIC};
use trommel::lint;
use trommel::pack::load::{PackSource, SourceFile};
use trommel::pack::{Options, compile, compile_text, diagnostic};
use trommel::scan::{Engine, EngineKind, ScanScratch, Simd};
use trommel::sink;
use trommel::source::{Event, FormatChoice, Next, SourceConfig, Sources};

/// The day on which packs are compiled here.
const TODAY: Date = Date(20_261_121);
/// Inputs are cut to this, so that no run takes long.
const INPUT_MAX: usize = 4096;

/// Rules that use every kind of set and condition.
pub const RULES: &str = r#"
[set.shared]
list = ["免费", "free money"]

[[rule]]
id = "spam.fuzz.one"
title = "Fuzz"
category = "spam"
confidence = 0.95
owner = "fuzz"
review_by = 2099-01-01
reason = { zh = "测试", en = "Test" }
[rule.sets]
lure = { list = ["真人百家乐|zrbjl", "casino", "!casino royale", "=六合彩", "加微", "+v", "✈群", "信信"] }
contact = { validator = "contact" }
site = { validator = ["url", "email", "bank_card", "crypto_wallet", "cn_id"] }
code = { regex = "code [0-9]{3}", literal = "code" }
more = { ref = "shared" }
[rule.match]
when = "near(lure, contact, 24) or before(more, site, 9) or distinct(lure) >= 2 or any(code, more) and text.len > 3"
unless = "quoted(lure) or starts(more) or surface in [\"news\"] or meta.a.b > 3"
"#;

/// Terms for the comparison of engines. No exact term of one repeated
/// letter: `=信信` has a known bug, see tests/data/sets.toml.
const TERMS: &[&str] = &[
    "真人百家乐",
    "加微信",
    "加微",
    "=百家",
    "微信|vx|weixin",
    "+v",
    "✈群",
    "casino",
    "*coin",
    "invest*",
    "free money",
    "don't",
    "t.me",
    "888",
    "5000",
    "boss",
    "telegram",
    "modem",
    "!casino royale",
    "赌博",
    "找好友",
    "@我",
    "$$$",
    "加v",
    "aabb",
    "信信信",
];

fn image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| {
        compile_text("fuzz.toml", RULES, &Options::default().today(TODAY))
            .expect("the rules are right")
    })
}

fn scanner() -> &'static Scanner {
    static SCANNER: OnceLock<Scanner> = OnceLock::new();
    SCANNER.get_or_init(|| Scanner::new(image().clone()).expect("loads"))
}

fn dictionary() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let terms: Vec<String> =
            TERMS.iter().map(|term| (*term).to_owned()).collect();
        oracle::image(&terms, None).expect("the terms are right")
    })
}

/// Engines and oracle agree on any text.
pub fn fold(data: &[u8]) {
    let data = &data[..data.len().min(512)];
    let text = String::from_utf8_lossy(data);
    let result = oracle::compare(dictionary(), &text);
    assert!(result.is_ok(), "{} in {text:?}", result.unwrap_err());
}

/// One byte at a time.
struct Trickle(std::io::Cursor<Vec<u8>>);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = buffer.len().min(1);
        self.0.read(&mut buffer[..size])
    }
}

/// Any bytes become verdicts and rejects, the same whole and in pieces. The
/// first byte chooses the format.
pub fn decode(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    let data = &data[..data.len().min(INPUT_MAX)];
    let format = match choice % 4 {
        0 => FormatChoice::Ndjson,
        1 => FormatChoice::Csv,
        2 => FormatChoice::Tsv,
        _ => FormatChoice::Text,
    };
    let whole = std::io::Cursor::new(data.to_vec());
    let pieces = Trickle(std::io::Cursor::new(data.to_vec()));
    let (whole, damaged) = judge(whole, format);
    let (pieces, _) = judge(pieces, format);
    // What was unpacked before a checksum failed is lost, and how much that
    // is depends on the pieces: see flipped.ndjson.gz in tests/broken.
    assert!(damaged || whole == pieces, "the cut of the input matters");
}

/// The lines of all verdicts and rejects, and whether a compressed stream
/// was damaged.
fn judge(
    reader: impl Read + Send + 'static,
    format: FormatChoice,
) -> (Vec<u8>, bool) {
    let config = SourceConfig::new().format(format).record_bytes_max(1024);
    let mut sources = Sources::of_reader("fuzz", reader, config);
    let decoder = Decoder::new(&DecodeConfig::default());
    let mut scratch = Scratch::default();
    let mut decoding = DecodeScratch::default();
    let mut out = Vec::new();
    let mut damaged = false;
    loop {
        let frame = match sources.next(Duration::from_secs(10)) {
            Next::Event(Event::Frame(frame)) => frame,
            Next::Event(_) | Next::Idle => continue,
            Next::End => break,
        };
        decoder.decode(&frame, &mut decoding, &mut |item| match item {
            Item::Record(record) => {
                let outcome = scanner().scan(&record, &mut scratch);
                for write in [sink::verdict_line, sink::annotated_line] {
                    write(scanner(), "fuzz", &record, &outcome, &mut out);
                }
            }
            Item::Reject(reject) => {
                damaged |=
                    matches!(reject.reason.as_str(), "corrupt" | "truncated");
                sink::reject_line("fuzz", &reject, &mut out);
            }
        });
    }
    for line in out.split(|byte| *byte == b'\n') {
        if !line.is_empty() {
            let read: Result<serde::de::IgnoredAny, _> =
                serde_json::from_slice(line);
            assert!(read.is_ok(), "{}", String::from_utf8_lossy(line));
        }
    }
    (out, damaged)
}

/// Any text compiles or has an error that can be shown; what compiles can
/// be scanned.
pub fn pack_text(data: &[u8]) {
    let data = &data[..data.len().min(INPUT_MAX)];
    let text = String::from_utf8_lossy(data).into_owned();
    let file = |name: &str, text: &str| SourceFile {
        path: name.to_owned(),
        name: name.to_owned(),
        text: text.to_owned(),
    };
    // The text is the rules and, behind a NUL, a term file.
    let (rules, terms) = text.split_once('\0').unwrap_or((&text, ""));
    let source = PackSource {
        name: "fuzz".to_owned(),
        files: vec![file("fuzz.toml", rules), file("terms/a.txt", terms)],
    };
    let result = compile(vec![source], &Options::default().today(TODAY));
    // Lints look at packs that do not compile, too.
    let report = lint::check(&result);
    let (_, fixes) = lint::apply(&report.diagnostics, &result.files);
    assert!(fixes <= report.diagnostics.len());
    for item in &report.diagnostics {
        let shown = diagnostic::render(item, &result.files, false);
        assert!(shown.contains(item.code.id), "{shown}");
        let json = diagnostic::to_json(item, &result.files);
        assert_eq!(json["code"], item.code.id);
    }
    let errors = result.error_count();
    assert_eq!(result.bytes.is_none(), errors > 0, "{errors} errors");
    if errors == 0 {
        let image = result.image().expect("own images are right");
        for text in TEXTS {
            oracle::compare(&image, text).expect("engines agree");
        }
        use_image(&image);
    }
}

/// Texts for images that came from anywhere.
const TEXTS: &[&str] = &[
    "",
    "真.人.百.家.乐 加微信 abc12345 code 123 http://a.example/",
    "C4SINO &#99;asino free\u{200b} money +v ✈群 信信信信 888",
    "\u{301}\u{200b}\u{fe0f} \u{1f1e8}\u{1f1f3} ｃａｓｉｎｏ",
];

/// An image behind a valid header. Bytes that begin with the magic number
/// are a whole image; others are edits of a good one, six bytes each: three
/// for the place, two for the width and kind, one for the value.
pub fn image_bytes(data: &[u8]) {
    if let Some(image) = open(data) {
        use_image(&image);
    }
}

/// The image of the bytes, if it opens. It is scanned whether it can be
/// verified or not; one that can is the same with every engine.
pub fn open(data: &[u8]) -> Option<Image> {
    let mut bytes = if data.starts_with(&MAGIC) {
        data[..data.len().min(1 << 20)].to_vec()
    } else {
        edited(data)
    };
    repair(&mut bytes);
    Image::from_bytes_unverified(&bytes).ok()
}

fn edited(data: &[u8]) -> Vec<u8> {
    let mut bytes = image().bytes().to_vec();
    for edit in data.chunks_exact(6).take(64) {
        let wide = |range: &[u8]| {
            range.iter().fold(0usize, |sum, b| sum << 8 | usize::from(*b))
        };
        let len = bytes.len();
        // Half of the edits hit the section table and the small sections,
        // which most of the bytes (the class table) would hide.
        let place = wide(&edit[..3]);
        let at = if edit[3] & 1 == 0 {
            place % len
        } else {
            let tail = len.min(24 << 10);
            let from = if edit[3] & 2 == 0 { 88 } else { len - tail };
            from + place % tail.min(len - from)
        };
        match edit[4] % 4 {
            0 => bytes[at] = edit[5],
            1 => bytes[at] ^= edit[5],
            2 => bytes[at] = bytes[at].wrapping_add(edit[5]),
            _ => {
                let end = (at + 4).min(len);
                bytes[at..end].fill(0xFF);
            }
        }
    }
    bytes
}

/// Makes everything right that stands before the section table.
fn repair(bytes: &mut [u8]) {
    static TABLES: OnceLock<[u8; 32]> = OnceLock::new();
    if bytes.len() < 96 {
        return;
    }
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&trommel::image::VERSION.to_le_bytes());
    bytes[12..16].copy_from_slice(&0x0102_0304u32.to_le_bytes());
    bytes[48..80].copy_from_slice(TABLES.get_or_init(tables::tables_digest));
    let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    bytes[80..88].copy_from_slice(&len.to_le_bytes());
    let digest = blake3::hash(&bytes[48..]);
    bytes[16..48].copy_from_slice(digest.as_bytes());
}

/// Everything that reads an image: it may find nonsense, it must not panic.
fn use_image(image: &Image) {
    let view = image.view();
    // An automaton is built from what was verified.
    let reference = image.verify().is_ok().then_some(EngineKind::Reference);
    let engines = reference
        .and_then(|kind| Engine::new(kind, image).ok())
        .into_iter()
        .chain(Simd::all().into_iter().filter_map(|simd| {
            let engine = Engine::new(EngineKind::Fused, image).ok()?;
            Some(engine.with_simd(simd))
        }));
    for engine in engines {
        let mut scratch = ScanScratch::default();
        for text in TEXTS {
            let mut out = Vec::new();
            engine.scan(&view, text, &mut scratch, &mut out);
            for hit in out {
                assert!(text.get(hit.span.range()).is_some(), "{hit:?}");
            }
        }
    }
    for term in 0..view.terms.len() {
        let _ = view.term_text(u32::try_from(term).unwrap_or(0));
    }
    let Ok(scanner) = Scanner::new(image.clone()) else { return };
    let mut scratch = Scratch::default();
    for text in TEXTS {
        let record = text_record(text);
        let outcome = scanner.scan(&record, &mut scratch);
        let mut line = Vec::new();
        sink::verdict_line(&scanner, "fuzz", &record, &outcome, &mut line);
        let style = trommel::tools::explain::Style { colour: false };
        let _ =
            trommel::tools::explain::explain(&scanner, &record, None, style);
    }
}

/// Bytes of a ledger: a segment as a whole, entries behind junk, notes and
/// keys. Nothing panics, steps go forward, and an entry behind junk is
/// found.
pub fn ledger_bytes(data: &[u8]) {
    let data = &data[..data.len().min(INPUT_MAX)];
    let from = match entry::Header::read(data) {
        Ok((header, from)) => {
            assert_eq!(header.to_bytes(), data[..from]);
            from
        }
        Err(_) => 0,
    };
    walk(data, from, 0);
    let mut behind = data.to_vec();
    let at = Moment(1);
    // A number that no entry among the junk is near to.
    let seq = 1 << 60;
    entry::push(&mut behind, entry::Kind::Run, seq, at, &[0; 16], b"{}");
    let found = walk(&behind, 0, seq);
    assert_eq!(found, [seq], "the entry behind junk is lost");
    let text = String::from_utf8_lossy(data);
    let _ = Checkpoint::parse(&text);
    if let Ok(verifier) = Verifier::parse(&text) {
        assert_eq!(verifier.to_string(), text.trim());
    }
    let key = include_str!("../seeds/ledger_bytes/key");
    let verifier = Verifier::parse(key).expect("the seed is a key");
    if let Ok(point) = verifier.open(&text) {
        assert_eq!(point.size, 10, "a forged checkpoint was accepted");
    }
}

/// Numbers of the entries that a walk meets.
fn walk(bytes: &[u8], from: usize, seq: u64) -> Vec<u64> {
    let mut seqs = Vec::new();
    let mut last = 0;
    for step in entry::Walk::new(bytes, from, seq) {
        let offset = match step {
            entry::Step::Entry { offset, entry } => {
                assert!(seqs.last().is_none_or(|last| *last < entry.seq));
                assert!(offset + entry.stored_len() <= bytes.len());
                seqs.push(entry.seq);
                offset
            }
            entry::Step::Damage { offset, end, .. } => {
                assert!(offset < end && end < bytes.len());
                offset
            }
            entry::Step::Tail { offset, .. } => offset,
        };
        assert!(offset >= last);
        last = offset;
    }
    seqs
}
