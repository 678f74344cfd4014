//! The rule author's commands: fmt, test, explain, diff, profile, attack,
//! and the life of a rule.

use std::path::Path;

use crate::{code, feed, fixture, golden, run, stderr, stdout};

/// Runs in another folder.
fn run_in(folder: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = crate::with(arguments);
    command.current_dir(folder);
    command.output().expect("the program starts")
}

/// A copy of a pack of the fixture.
fn copied(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut todo = vec![(fixture().join(name), folder.path().join(name))];
    while let Some((from, to)) = todo.pop() {
        if from.is_dir() {
            std::fs::create_dir_all(&to).expect("made");
            for entry in std::fs::read_dir(&from).expect("read") {
                let name = entry.expect("entry").file_name();
                todo.push((from.join(&name), to.join(&name)));
            }
        } else {
            std::fs::copy(&from, &to).expect("copied");
        }
    }
    folder
}

#[test]
fn fmt_checks_then_changes_then_is_content() {
    let folder = copied("format");
    let before = run_in(folder.path(), &["fmt", "format", "--check"]);
    assert_eq!(code(&before), 1, "{}", stderr(&before));
    let listed = stdout(&before);
    assert!(listed.contains("format/rules.toml:"), "{listed}");
    assert!(listed.contains("format/terms/words.txt:1"), "{listed}");
    assert!(!listed.contains("pack.toml"), "{listed}");
    let change = run_in(folder.path(), &["fmt", "format"]);
    assert_eq!(code(&change), 0, "{}", stderr(&change));
    let after = run_in(folder.path(), &["fmt", "format", "--check"]);
    assert_eq!(code(&after), 0, "{}", stdout(&after));
    let rules = folder.path().join("format/rules.toml");
    golden("fmt-rules.txt", &std::fs::read_to_string(rules).expect("read"));
    let terms = folder.path().join("format/terms/words.txt");
    golden("fmt-terms.txt", &std::fs::read_to_string(terms).expect("read"));
    let tests = run_in(folder.path(), &["test", "format"]);
    assert_eq!(code(&tests), 0, "{}", stdout(&tests));
    let shipped = run_in(folder.path(), &["fmt", "gambling"]);
    assert_eq!(code(&shipped), 2);
}

#[test]
fn marked_cases_hold_and_wrong_ones_say_why() {
    let good = run(&["test", "demo", "marked.toml"]);
    assert_eq!(code(&good), 0, "{}{}", stdout(&good), stderr(&good));
    let folder = tempfile::tempdir().expect("a folder");
    let junit = folder.path().join("tests.xml");
    let junit_name = junit.to_str().expect("UTF-8");
    let flags = ["test", "demo", "marked-wrong.toml", "--junit", junit_name];
    let bad = run(&flags);
    assert_eq!(code(&bad), 1);
    golden("test-marked-wrong.txt", &stdout(&bad));
    let xml = std::fs::read_to_string(junit).expect("written");
    golden("test-junit.txt", &xml);
}

#[test]
fn markup_is_a_test_file() {
    let texts = "真.人.百.家.乐 加微信 abc12345\n今天天气很好\n\
                 谨防真人百家乐 加微信 abc12345\n";
    let flags = ["explain", "-r", "demo", "--markup", "-"];
    let output = feed(&flags, texts.as_bytes());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    golden("explain-markup.txt", &stdout(&output));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("reviewed.toml");
    std::fs::write(&path, stdout(&output)).expect("written");
    let path = path.to_str().expect("UTF-8");
    let tests = run(&["test", "demo", path]);
    assert_eq!(code(&tests), 0, "{}", stdout(&tests));
    // The reviewer decides otherwise: the test fails until the rules agree.
    let text = stdout(&output).replace("\"takedown\"", "\"pass\"");
    std::fs::write(path, text).expect("written");
    assert_eq!(code(&run(&["test", "demo", path])), 1);
}

#[test]
fn why_not_names_what_was_missing() {
    let rows = [
        ("why-not-set", "今天天气很好", "gambling.demo.zh"),
        (
            "why-not-near",
            "真人百家乐一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十加微信 abc12345",
            "gambling.demo.zh",
        ),
        ("why-not-letter", "真人百书乐 加微信 abc12345", "gambling.demo.zh"),
        (
            "why-not-unless",
            "谨防真人百家乐 加微信 abc12345",
            "gambling.demo.zh",
        ),
        ("why-not-field", "free money", "spam.demo.en"),
        ("why-not-term", "真人…………………………百家乐", "真人百家乐"),
        ("why-not-boundary", "mycasinos", "casino"),
        ("why-not-exception", "时时彩虹 加微信 abc12345", "gambling.demo.zh"),
    ];
    for (name, text, wanted) in rows {
        let flags = ["explain", "-r", "demo", text, "--why-not", wanted];
        let output = run(&flags);
        assert_eq!(code(&output), 0, "{name}: {}", stderr(&output));
        golden(&format!("{name}.txt"), &stdout(&output));
    }
    let flags = ["explain", "-r", "demo", "x", "--why-not", "spam.demo.em"];
    let output = run(&flags);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean \"spam.demo.en\""));
}

const DIFF: [&str; 4] = ["diff", "before", "demo", "archive.ndjson"];

fn diff(more: &[&str]) -> std::process::Output {
    run(&[&DIFF[..], more].concat())
}

#[test]
fn diff_counts_changes_and_samples_them() {
    let output = diff(&[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    golden("diff.txt", &stdout(&output));
    golden("diff-markdown.txt", &stdout(&diff(&["--markdown"])));
    golden("diff-json.txt", &stdout(&diff(&["--json"])));
    let same =
        run(&["diff", "demo", "demo", "archive.ndjson", "--max-new", "0"]);
    assert_eq!(code(&same), 0, "{}", stderr(&same));
    assert!(stdout(&same).starts_with("7 records: 0 appear, 0 up"));
}

#[test]
fn diff_fails_over_a_threshold_or_against_expectations() {
    let fine = diff(&["--expect", "expect.toml", "--max-lost", "20%"]);
    assert_eq!(code(&fine), 0, "{}", stderr(&fine));
    let over = diff(&["--max-new", "1"]);
    assert_eq!(code(&over), 1);
    assert!(stderr(&over).contains("--max-new 1: found 2"), "{over:?}");
    assert_eq!(code(&diff(&["--max-new", "50%"])), 0);
    assert_eq!(code(&diff(&["--max-new-takedowns", "0"])), 1);
    assert_eq!(code(&diff(&["--max-lost", "0"])), 1);
    assert_eq!(code(&diff(&["--max-new", "many"])), 2);
    assert_eq!(code(&diff(&["--expect", "policy.toml"])), 2);
    let turned = ["diff", "demo", "before", "archive.ndjson"];
    let flags = [&turned[..], &["--expect", "expect.toml"]].concat();
    let output = run(&flags);
    assert_eq!(code(&output), 1);
    let text = stderr(&output);
    assert!(text.contains("expected exactly 2, found 0"), "{text}");
}

/// Every number of a text as `N`, every run of blanks as one.
fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in text.chars() {
        let number = c.is_ascii_digit() || c == '.' && before == 'N';
        let shown = if number { 'N' } else { c };
        if (number || c == ' ') && before == shown {
            continue;
        }
        out.push(shown);
        before = shown;
    }
    out
}

/// Numbers of a JSON document as 0, and the digest without its digits.
fn mask_json(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Number(_) => *value = 0.into(),
        Value::String(text) if text.starts_with("b3:") => {
            text.truncate("b3:".len());
        }
        Value::Array(all) => all.iter_mut().for_each(mask_json),
        Value::Object(all) => all.values_mut().for_each(mask_json),
        _ => {}
    }
}

#[test]
fn bench_tells_what_a_rate_depends_on() {
    let flags =
        ["bench", "archive.ndjson", "-r", "demo", "--rounds", "1", "-j", "2"];
    let output = run(&flags);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    golden("bench.txt", &masked(&stdout(&output)));
    let output = run(&[&flags[..], &["--json"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let value: serde_json::Value =
        serde_json::from_str(&stdout(&output)).expect("JSON");
    let mut shape = value.clone();
    mask_json(&mut shape);
    golden("bench-json.txt", &format!("{shape:#}\n"));
    let verdicts = value["verdicts"].as_object().expect("an object");
    let sum: u64 = verdicts.values().filter_map(|v| v.as_u64()).sum();
    assert_eq!(Some(sum), value["records"].as_u64());
    assert!(verdicts["takedown"].as_u64() > Some(0));
    let rates = value["rates"].as_array().expect("rates");
    let engines: Vec<&str> =
        rates.iter().filter_map(|row| row["engine"].as_str()).collect();
    let wanted = ["fused", "fused", "reference", "reference", "aho-corasick"];
    assert_eq!(engines, wanted);
    for row in rates {
        assert!(row["records_per_second"].as_f64() > Some(0.0), "{row}");
        assert!(row["seconds"].as_f64() >= row["seconds_min"].as_f64());
    }
}

#[test]
fn bench_measures_the_engine_asked_for_and_what_fits() {
    let flags = ["bench", "archive.ndjson", "-r", "demo", "--rounds", "1"];
    let one = run(&[&flags[..], &["--engine", "reference"]].concat());
    assert_eq!(code(&one), 0, "{}", stderr(&one));
    assert!(!stdout(&one).contains("fused"), "{}", stdout(&one));
    let cut = run(&[&flags[..], &["--max-bytes", "10"]].concat());
    assert_eq!(code(&cut), 2, "{}", stdout(&cut));
    let rows = [
        (vec!["bench", "no-such-file", "-r", "demo"], 2, "no-such-file"),
        (vec!["bench", "-r", "demo"], 2, "no record was read"),
        (vec!["bench", "--rounds", "0"], 2, "from 1 to 65535"),
        (vec!["bench", "--threads", "0"], 2, "from 1 up"),
    ];
    for (flags, wanted, says) in rows {
        let output = feed(&flags, b"");
        assert_eq!(code(&output), wanted, "{flags:?}");
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
    let textless = feed(&["bench", "-r", "demo"], b"{\"id\":1}\n");
    assert_eq!(code(&textless), 2);
    assert!(stderr(&textless).contains("--text"), "{}", stderr(&textless));
    let input = b"{\"text\":\"hello\"}\nnot JSON\n";
    let rejects = feed(&["bench", "-r", "demo", "--rounds", "1"], input);
    assert_eq!(code(&rejects), 3, "{}", stderr(&rejects));
    assert!(stdout(&rejects).contains("1 rejects"), "{}", stdout(&rejects));
}

#[test]
fn profile_finds_dead_and_noisy_terms() {
    let flags = ["profile", "archive.ndjson", "-r", "demo"];
    let table = run(&flags);
    assert_eq!(code(&table), 0, "{}", stderr(&table));
    let text = stdout(&table);
    assert!(text.starts_with("7 records, "), "{text}");
    assert!(text.contains("noisy terms"), "{text}");
    let json = run(&[&flags[..], &["--json"]].concat());
    let value: serde_json::Value =
        serde_json::from_str(&stdout(&json)).expect("JSON");
    assert_eq!(value["records"], 7);
    assert_eq!(value["rules"]["gambling.demo.zh"]["takedown"], 1);
    assert_eq!(value["rules"]["gambling.demo.zh"]["report"], 1);
    let dead: Vec<&str> = value["dead"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|item| item["term"].as_str())
        .collect();
    assert!(dead.contains(&"casino"), "{dead:?}");
    assert!(!dead.contains(&"真人百家乐"), "{dead:?}");
    let lure = value["terms"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|item| item["term"] == "真人百家乐")
        .expect("the term");
    assert_eq!((&lure["records"], &lure["flagged"]), (&3.into(), &2.into()));
    assert_eq!(code(&run(&["profile", "no-such-file", "-r", "demo"])), 2);
}

#[test]
fn attack_is_the_same_for_the_same_seed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cases.ndjson");
    let name = path.to_str().expect("UTF-8");
    let flags = ["attack", "demo", "--terms", "3", "--emit-cases", name];
    let once = run(&flags);
    assert_eq!(code(&once), 0, "{}", stderr(&once));
    let cases = std::fs::read_to_string(&path).expect("written");
    let again = run(&flags);
    assert_eq!(stdout(&once), stdout(&again));
    assert_eq!(cases, std::fs::read_to_string(&path).expect("written"));
    let other = run(&[&flags[..], &["--seed", "2"]].concat());
    assert_eq!(code(&other), 0);
    assert_ne!(cases, std::fs::read_to_string(&path).expect("written"));
    for case in crate::lines(&cases) {
        let text = case["text"].as_str().expect("a text");
        let at = |key: &str| case[key].as_u64().expect("a number");
        let (start, end) = (at("start"), at("end"));
        let range = usize::try_from(start).expect("small")
            ..usize::try_from(end).expect("small");
        assert!(text.get(range).is_some_and(|part| !part.is_empty()));
    }
}

#[test]
fn attack_measures_what_the_engine_sees() {
    let flags = ["attack", "demo", "--terms", "5", "--json"];
    let output = run(&flags);
    let value: serde_json::Value =
        serde_json::from_str(&stdout(&output)).expect("JSON");
    let rows = value["rows"].as_array().expect("rows");
    let names: std::collections::BTreeSet<&str> =
        rows.iter().filter_map(|row| row["operator"].as_str()).collect();
    assert!(names.len() >= 35, "{}", names.len());
    for name in ["case", "width", "zero_width"] {
        let row = rows
            .iter()
            .find(|row| row["operator"] == name)
            .expect("the operator");
        assert_eq!(row["long"]["recall"], 1.0, "{row}");
        assert_eq!(row["long"]["found"], row["long"]["exact"], "{row}");
        let low = row["long"]["interval"][0].as_f64().expect("a number");
        assert!(low > 0.2 && low < 1.0, "{row}");
    }
    // No matcher may find a term in its hexadecimal digits.
    let hex = rows.iter().find(|row| row["operator"] == "hex");
    assert!(hex.is_some_and(|row| row["long"]["cases"] != 0));
    assert_eq!(value["clean"]["plain_flagged"], 0);
    let only = run(&["attack", "demo", "--operator", "leet"]);
    assert!(
        stdout(&only).contains("leet") && !stdout(&only).contains("width")
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("misses.ndjson");
    let name = path.to_str().expect("UTF-8");
    let flags = ["attack", "demo", "--operator", "shuffle", "--json"];
    let missed = run(&[&flags[..], &["--emit-misses", name]].concat());
    let value: serde_json::Value =
        serde_json::from_str(&stdout(&missed)).expect("JSON");
    let row = &value["rows"][0]["long"];
    let lost = row["cases"].as_u64().expect("a number")
        - row["found"].as_u64().expect("a number");
    let misses = std::fs::read_to_string(&path).expect("written");
    let long = crate::lines(&misses)
        .into_iter()
        .filter(|case| case["miss"] == "missed")
        .count();
    assert!(lost > 0 && long >= usize::try_from(lost).expect("small"));
    let piped = run(&[&flags[..4], &["--emit-misses", "-"]].concat());
    assert_eq!(stdout(&piped), misses);
    assert!(stderr(&piped).contains("shuffle"), "{}", stderr(&piped));
    let both = ["attack", "demo", "--emit-misses", "-", "--emit-cases", "-"];
    assert_eq!(code(&run(&both)), 2);
    let wrong = run(&["attack", "demo", "--operator", "leat"]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains("did you mean \"leet\""));
}

#[test]
fn a_rule_edited_lately_only_reports() {
    let scan = |today: &str, policy: bool| {
        let mut flags = vec!["scan", "-r", "format", "-q", "-"];
        if policy {
            flags.extend(["--policy", "settle.toml"]);
        }
        let mut command = crate::with(&flags);
        command.env("TROMMEL_TODAY", today);
        let output = assert_cmd::Command::from_std(command)
            .write_stdin("{\"id\":1,\"text\":\"casino bonus\"}\n")
            .output()
            .expect("the program starts");
        let line = stdout(&output);
        let value: serde_json::Value =
            serde_json::from_str(&line).expect("JSON");
        value["verdict"].as_str().expect("a verdict").to_owned()
    };
    assert_eq!(scan("2026-11-22T11:59:59Z", true), "report");
    assert_eq!(scan("2026-11-22T12:00:00Z", true), "takedown");
    assert_eq!(scan("2026-11-21T13:00:00Z", false), "takedown");
}

#[test]
fn shadow_and_expired_rules_are_counted_and_never_emitted() {
    let flags =
        ["scan", "-r", "demo", "-q", "--emit", "none", "--stats", "-", "-"];
    let scan = |today: &str| {
        let mut command = crate::with(&flags);
        command.env("TROMMEL_TODAY", today);
        let output = assert_cmd::Command::from_std(command)
            .write_stdin(
                "{\"id\":1,\"text\":\"subscribe\"}\n\
                 {\"id\":2,\"text\":\"真人百家乐 加微信 abc12345\"}\n",
            )
            .output()
            .expect("the program starts");
        let value: serde_json::Value =
            serde_json::from_str(&stdout(&output)).expect("JSON");
        value
    };
    let today = scan("2026-11-22");
    assert_eq!(today["verdicts"]["takedown"], 1, "{today}");
    assert_eq!(today["verdicts"]["pass"], 1, "{today}");
    assert_eq!(today["shadow"]["spam.demo.shadow"], 1, "{today}");
    let later = scan("2099-06-01");
    assert_eq!(later["verdicts"]["pass"], 2, "{later}");
    assert_eq!(later["shadow"]["gambling.demo.zh"], 1, "{later}");
}
