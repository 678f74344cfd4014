//! What a scan writes: statistics that add up, lines that follow their
//! schemas, the same bytes whatever the threads and the way in.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::{code, feed, fixture, lines, run, stderr, stdout};

fn posts() -> Vec<u8> {
    std::fs::read(fixture().join("posts.ndjson")).expect("posts")
}

fn schema(name: &str) -> Value {
    serde_json::from_str(&stdout(&run(&["schema", name]))).expect("JSON")
}

/// Members against a schema: required ones there, no others known.
fn follows(value: &Value, schema: &Value) {
    let object = value.as_object().expect("an object");
    for key in schema["required"].as_array().into_iter().flatten() {
        let key = key.as_str().expect("a name");
        assert!(object.contains_key(key), "{key} in {value}");
    }
    let known = schema["properties"].as_object().expect("properties");
    for (key, value) in object {
        let Some(own) = known.get(key) else {
            panic!("{key} is not in the schema: {value}")
        };
        if let Some(allowed) = own["enum"].as_array() {
            assert!(allowed.contains(value), "{key}: {value}");
        }
        if own["properties"].is_object() {
            follows(value, own);
        }
        if own["items"]["properties"].is_object() {
            for item in value.as_array().into_iter().flatten() {
                follows(item, &own["items"]);
            }
        }
    }
}

#[test]
fn statistics_add_up() {
    let output = run(&[
        "scan",
        "-r",
        "demo",
        "-q",
        "--emit",
        "none",
        "--stats",
        "-",
        "posts.ndjson",
    ]);
    let stats: Value =
        serde_json::from_str(&stdout(&output)).expect("one object");
    follows(&stats, &schema("stats"));
    let number = |path: &str| stats.pointer(path).and_then(Value::as_u64);
    let sum: u64 = ["pass", "report", "takedown"]
        .iter()
        .map(|verdict| number(&format!("/verdicts/{verdict}")).unwrap_or(0))
        .sum();
    let rejects = number("/rejects/total").expect("a number");
    assert_eq!(number("/records"), Some(sum + rejects));
    assert_eq!(rejects, 2);
    assert_eq!(number("/rejects/by_reason/syntax"), Some(1));
    assert_eq!(number("/rejects/by_reason/lone_surrogate"), Some(1));
    assert_eq!(number("/shadow/spam.demo.shadow"), Some(1));
    assert_eq!(stats["packs"], serde_json::json!(["demo@1.0.0"]));
    let len = posts().len();
    assert_eq!(number("/bytes"), u64::try_from(len).ok());
}

#[test]
fn statistics_on_stdout_do_not_mix_with_verdicts() {
    let output = run(&["scan", "-r", "demo", "--stats", "-", "posts.ndjson"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--emit none"));
}

#[test]
fn verdict_lines_follow_the_schema() {
    let schema = schema("verdict");
    let flagged = schema["else"]["required"].as_array().expect("a list");
    let output = run(&["scan", "-r", "demo", "-q", "posts.ndjson"]);
    let all = lines(&stdout(&output));
    assert_eq!(all.len(), 12);
    for line in &all {
        follows(line, &schema);
        if line["verdict"] == "pass" {
            assert_eq!(line.as_object().map(|o| o.len()), Some(2), "{line}");
            continue;
        }
        for key in flagged {
            let key = key.as_str().expect("a name");
            assert!(line.get(key).is_some(), "{key} in {line}");
        }
    }
}

/// `start`/`end` are bytes, `chars` code points, `quote` exactly those.
#[test]
fn quotes_are_the_bytes_of_the_text() {
    let output = run(&["scan", "-r", "demo", "-q", "posts.ndjson"]);
    let posts = posts();
    let mut seen = 0;
    for line in lines(&stdout(&output)) {
        let Some(place) = line["source"].as_str() else { continue };
        let (_, number) = place.rsplit_once(':').expect("a line");
        let number: usize = number.parse().expect("a number");
        let raw = posts.split(|b| *b == b'\n').nth(number - 1);
        let record: Value =
            serde_json::from_slice(raw.expect("a line")).expect("JSON");
        for found in line["matches"].as_array().expect("matches") {
            let field = found["field"].as_str().expect("a field");
            let text = record[field].as_str().expect("a text");
            let at = |value: &Value| {
                usize::try_from(value.as_u64().expect("a number"))
                    .expect("an offset")
            };
            let (start, end) = (at(&found["start"]), at(&found["end"]));
            let quote = found["quote"].as_str();
            assert_eq!(text.get(start..end), quote);
            let first = text[..start].chars().count();
            let last = text[..end].chars().count();
            assert_eq!(at(&found["chars"][0]), first);
            assert_eq!(at(&found["chars"][1]), last);
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}

#[test]
fn same_bytes_for_any_number_of_threads_and_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("many.ndjson");
    let mut file = std::fs::File::create(&path).expect("a file");
    // Several batches, so that order matters.
    for _ in 0..1500 {
        file.write_all(&posts()).expect("written");
    }
    let path = path.to_str().expect("UTF-8");
    let with = |flags: &[&str]| {
        let all = [&["scan", "-r", "demo", "-q", path][..], flags].concat();
        let output = run(&all);
        assert_eq!(code(&output), 3, "{}", stderr(&output));
        output.stdout
    };
    let one = with(&["-j", "1"]);
    assert!(one.len() > 1 << 20);
    for flags in [
        &["-j", "2"][..],
        &["-j", "7"],
        &["--engine", "reference"],
        &["--engine", "fused"],
    ] {
        assert!(with(flags) == one, "{flags:?} differs");
    }
    let sorted = |bytes: &[u8]| {
        let mut all: Vec<Vec<u8>> =
            bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        all.sort();
        all
    };
    let unordered = with(&["-j", "7", "--unordered"]);
    assert!(sorted(&unordered) == sorted(&one));
}

/// The name of the source differs, nothing else.
#[test]
fn same_verdicts_from_file_pipe_and_gzip() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("posts.ndjson.gz");
    let file = std::fs::File::create(&path).expect("a file");
    let level = flate2::Compression::default();
    let mut gzip = flate2::write::GzEncoder::new(file, level);
    gzip.write_all(&posts()).expect("written");
    gzip.finish().expect("written");
    let gzip = std::fs::read(&path).expect("gzip");
    let name = |text: String| {
        let places = regex::Regex::new(r#""[^"]*:(\d+)""#).expect("a regex");
        places.replace_all(&text, "\"S:$1\"").into_owned()
    };
    let flags = ["scan", "-r", "demo", "-q"];
    let by_file = run(&[&flags[..], &["posts.ndjson"]].concat());
    let by_gzip = path.to_str().expect("UTF-8");
    let by_gzip = run(&[&flags[..], &[by_gzip]].concat());
    let by_pipe = feed(&flags, &posts());
    let by_gzip_pipe = feed(&flags, &gzip);
    let wanted = name(stdout(&by_file));
    assert_eq!(name(stdout(&by_gzip)), wanted);
    assert_eq!(name(stdout(&by_pipe)), wanted);
    assert_eq!(name(stdout(&by_gzip_pipe)), wanted);
}

#[test]
fn output_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| {
        folder.path().join(name).to_str().expect("UTF-8").to_owned()
    };
    let (verdicts, rejects, stats) = (path("v"), path("r"), path("s"));
    let output = run(&[
        "scan",
        "-r",
        "demo",
        "-q",
        "posts.ndjson",
        "-o",
        &verdicts,
        "--rejects",
        &rejects,
        "--stats",
        &stats,
    ]);
    assert_eq!(code(&output), 3);
    assert_eq!(stdout(&output), "");
    let read = |path: &str| std::fs::read_to_string(path).expect(path);
    assert_eq!(lines(&read(&verdicts)).len(), 12);
    let schema = schema("reject");
    let all = lines(&read(&rejects));
    assert_eq!(all.len(), 2);
    for reject in &all {
        follows(reject, &schema);
    }
    assert_eq!(all[0]["reason"], "syntax");
    assert_eq!(all[0]["raw"], "not json");
    assert_eq!(all[0]["line"], 12);
    let stats: Value = serde_json::from_str(&read(&stats)).expect("JSON");
    assert_eq!(stats["records"], 14);
    crate::golden("rejects.txt", &read(&rejects));
}

/// What a reject file holds are the bytes that came in.
#[test]
fn rejects_give_the_raw_bytes_back() {
    let broken: [&[u8]; 6] = [
        b"not json",
        b"{\"text\":\"\xff\xfe\"}",
        b"\x00\x01\x02",
        b"{\"text\":\"\\ud800\"}",
        "{\"text\":\"真\" \u{202e}x".as_bytes(),
        b"[1,2]\t",
    ];
    let mut input = Vec::new();
    for line in broken {
        input.extend_from_slice(line);
        input.extend_from_slice(b"\n{\"text\":\"fine\"}\n");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path: &Path = &folder.path().join("rejects");
    let name = path.to_str().expect("UTF-8");
    let flags =
        ["scan", "-r", "demo", "-q", "-f", "ndjson", "--rejects", name];
    let output = feed(&flags, &input);
    assert_eq!(code(&output), 3);
    assert_eq!(lines(&stdout(&output)).len(), broken.len());
    let text = std::fs::read_to_string(path).expect("rejects");
    let all = lines(&text);
    assert_eq!(all.len(), broken.len(), "{text}");
    let mut kinds = BTreeSet::new();
    for (reject, wanted) in all.iter().zip(broken) {
        let raw = match (&reject["raw"], &reject["raw_base64"]) {
            (Value::String(text), Value::Null) => {
                kinds.insert("raw");
                text.clone().into_bytes()
            }
            (Value::Null, Value::String(text)) => {
                kinds.insert("raw_base64");
                unbase64(text)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(raw, wanted, "{reject}");
        let offset = reject["offset"].as_u64().expect("an offset");
        let offset = usize::try_from(offset).expect("an offset");
        assert!(input[offset..].starts_with(wanted), "{reject}");
    }
    assert_eq!(kinds.len(), 2, "both forms were met");
}

fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

#[test]
fn an_input_is_no_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("posts.ndjson");
    std::fs::write(&path, posts()).expect("written");
    let path = path.to_str().expect("UTF-8");
    for flag in ["-o", "--rejects"] {
        let output = run(&["scan", "-r", "demo", path, flag, path]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains("input and an output"));
    }
    assert_eq!(std::fs::read(path).expect("posts"), posts());
}

#[test]
fn oversize_records_are_cut_into_pieces() {
    let long = format!("{{\"text\":\"{}\"}}\n", "x".repeat(5000));
    let input = [b"{\"text\":\"a\"}\n", long.as_bytes()].concat();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rejects");
    let name = path.to_str().expect("UTF-8");
    let output = feed(
        &[
            "scan",
            "-r",
            "demo",
            "-q",
            "-f",
            "ndjson",
            "--max-record",
            "1000",
            "--rejects",
            name,
        ],
        &input,
    );
    assert_eq!(code(&output), 3);
    assert_eq!(lines(&stdout(&output)).len(), 1);
    let all = lines(&std::fs::read_to_string(path).expect("rejects"));
    let joined: String =
        all.iter().filter_map(|line| line["raw"].as_str()).collect();
    assert_eq!(joined, long.trim_end());
    assert!(all.iter().all(|line| line["reason"] == "too_long"));
}
