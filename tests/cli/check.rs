//! `check`: one broken pack for each error, one input for each lint, one
//! with many mistakes, fixes, silence, machine formats, collisions.

use std::path::{Path, PathBuf};
use std::process::Output;

use trommel::lint::{self, LINTS};
use trommel::pack::diagnostic::CODES;

use crate::{code, golden, run, stderr, stdout};

/// Too large to be committed: made in [`dictionary_too_large`].
const MADE: &str = "E019";

fn lints() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint")
}

/// The input of a lint: a rule file or a pack of its name.
fn input(name: &str) -> String {
    let file = format!("{name}.toml");
    if lints().join(&file).is_file() { file } else { name.to_owned() }
}

fn check_in(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = crate::with(&[&["check"], arguments].concat());
    command.current_dir(folder);
    command.env("TROMMEL_TODAY", "2026-11-21");
    command.output().expect("the program starts")
}

#[test]
fn each_error() {
    for entry in CODES.iter().filter(|entry| entry.id != MADE) {
        let path = format!("broken/{}.toml", entry.id);
        let output = run(&["check", &path]);
        let text = stdout(&output);
        assert!(text.contains(&format!("[{}]", entry.id)), "{text}");
        assert_eq!(code(&output), 1, "{}", entry.id);
        golden(&format!("check-{}.txt", entry.id), &text);
    }
}

#[test]
fn each_lint_finds_its_input_and_nothing_else_does() {
    for lint in LINTS {
        let output = check_in(&lints(), &[&input(lint.name)]);
        let text = stdout(&output);
        assert_eq!(code(&output), 0, "{}: {text}", lint.name);
        let own = format!("warning[{}]", lint.code.id);
        assert!(text.contains(&own), "{} says nothing: {text}", lint.name);
        let denied = check_in(
            &lints(),
            &[&input(lint.name), "--deny-warnings", "--json"],
        );
        assert_eq!(code(&denied), 1, "{}", lint.name);
        golden(&format!("lint-{}.txt", lint.name), &text);
    }
}

#[test]
fn every_input_belongs_to_a_lint() {
    for entry in std::fs::read_dir(lints()).expect("tests/lint") {
        let name = entry.expect("entry").file_name();
        let name = name.to_string_lossy();
        let name = name.trim_end_matches(".toml");
        let known = LINTS.iter().any(|lint| lint.name == name);
        assert!(known || name == "allowed", "{name}");
    }
}

/// Copies an input to a folder where it may be changed.
fn copied(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let from = lints().join(input(name));
    if from.is_file() {
        let to = folder.path().join(input(name));
        std::fs::copy(&from, to).expect("copied");
        return folder;
    }
    let mut todo = vec![(from, folder.path().join(name))];
    while let Some((from, to)) = todo.pop() {
        std::fs::create_dir_all(&to).expect("made");
        for entry in std::fs::read_dir(&from).expect("read") {
            let entry = entry.expect("entry").path();
            let to = to.join(entry.file_name().expect("a name"));
            if entry.is_dir() {
                todo.push((entry, to));
            } else {
                std::fs::copy(&entry, &to).expect("copied");
            }
        }
    }
    folder
}

#[test]
fn a_fix_takes_its_message_away() {
    let mut fixed = 0;
    for lint in LINTS {
        let path = input(lint.name);
        let before = check_in(&lints(), &[&path, "--json"]);
        let offered = crate::lines(&stdout(&before)).iter().any(|item| {
            item["code"] == lint.code.id && item["fix"].is_object()
        });
        if !offered {
            continue;
        }
        fixed += 1;
        let folder = copied(lint.name);
        let after = check_in(folder.path(), &[&path, "--fix", "--json"]);
        assert!(!stderr(&after).contains("\n0 fixes"), "{}", lint.name);
        for item in crate::lines(&stdout(&after)) {
            assert_ne!(item["severity"], "error", "{}: {item}", lint.name);
            let left = item["code"] == lint.code.id && item["fix"].is_object();
            assert!(!left, "{}: {item}", lint.name);
        }
    }
    assert!(fixed >= 10, "{fixed} lints offer a fix");
}

#[test]
fn allowed_lints_are_silent() {
    let output = check_in(&lints(), &["allowed", "--deny-warnings"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert_eq!(stdout(&output), "");
    assert!(stderr(&output).contains("2 allowed"), "{}", stderr(&output));
}

#[test]
fn sarif_names_rules_places_and_fixes() {
    let flags = ["same_term.toml", "--output-format", "sarif"];
    let output = check_in(&lints(), &flags);
    let value: serde_json::Value =
        serde_json::from_str(&stdout(&output)).expect("JSON");
    let run = &value["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), lint::codes().count());
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], "W104");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "same_term.toml");
    assert_eq!(place["region"]["startLine"], 10);
    assert!(result["fixes"][0]["artifactChanges"].is_array());
}

#[test]
fn all_errors_in_one_go() {
    let output = run(&["check", "broken/many.toml"]);
    assert_eq!(code(&output), 1);
    golden("check-many.txt", &stdout(&output));
    golden("check-many-summary.txt", &stderr(&output));
    let json = run(&["check", "--json", "broken/many.toml"]);
    golden("check-many-json.txt", &stdout(&json));
}

#[test]
fn a_key_of_the_wrong_type_is_not_missing_too() {
    let text =
        std::fs::read_to_string(crate::fixture().join("broken/E019.toml"));
    let text = text.expect("a rule");
    let title = text.lines().find(|line| line.starts_with("confidence"));
    let wrong = text.replace(title.expect("a key"), "confidence = \"high\"");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.toml"), wrong).expect("written");
    let mut command = crate::with(&["check", "--json", "a.toml"]);
    command.current_dir(folder.path());
    let output = command.output().expect("the program starts");
    let text = stdout(&output);
    let codes: Vec<String> = crate::lines(&text)
        .iter()
        .map(|item| item["code"].as_str().unwrap_or("").to_owned())
        .filter(|code| code.starts_with('E'))
        .collect();
    assert_eq!(codes, ["E003"], "{text}");
}

#[test]
fn json_is_an_object_a_line() {
    let output = run(&["check", "--json", "broken/E010.toml"]);
    let text = stdout(&output);
    let all = crate::lines(&text);
    let codes: Vec<&str> =
        all.iter().filter_map(|item| item["code"].as_str()).collect();
    assert!(codes.contains(&"E010"), "{codes:?}");
    for item in &all {
        assert_eq!(item["labels"][0]["file"], "broken/E010.toml");
    }
}

#[test]
fn explanations() {
    for entry in lint::codes() {
        let output = run(&["check", "--explain", entry.id]);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains(entry.title), "{}", entry.id);
    }
    let by_name = run(&["check", "--explain", "shadowed_term"]);
    golden("check-explain.txt", &stdout(&by_name));
    let output = run(&["check", "--explain", "E0010"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean"), "{output:?}");
}

#[test]
fn collisions_name_words_and_exceptions() {
    let folder = tempfile::tempdir().expect("a folder");
    let benign = folder.path().join("clean.ndjson");
    let text = "{\"text\":\"这真是不可思议的一天\"}\n\
                {\"text\":\"a casino bonus, they say\"}\n";
    std::fs::write(&benign, text).expect("written");
    let benign = benign.to_str().expect("UTF-8");
    let flags = ["inside_word.toml", "--benign", benign, "--mentions"];
    let output = check_in(&lints(), &flags);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    golden("check-collisions.txt", &stdout(&output));
    let json = check_in(&lints(), &[&flags[..], &["--json"]].concat());
    let all = crate::lines(&stdout(&json));
    let found = &all.last().expect("a line")["collisions"];
    assert_eq!(found["benign"]["records"], 2);
    let terms = found["benign"]["terms"].as_array().expect("a list");
    let term = terms.iter().find(|t| t["term"] == "可思").expect("there");
    assert_eq!(term["kind"], "inside");
    assert_eq!(term["exceptions"][0], "!不可思议");
    let strict = [&flags[..], &["--max-false-hits", "0.5"]].concat();
    assert_eq!(code(&check_in(&lints(), &strict)), 1);
}

#[test]
fn dictionary_too_large() {
    // More distinct letters than a class number can name.
    let mut letters = Vec::new();
    for range in [0x4E00..0x9FA6u32, 0xAC00..0xD7A4, 0x3400..0x4DB6] {
        letters.extend(range.filter_map(char::from_u32));
    }
    let mut rules =
        std::fs::read_to_string(crate::fixture().join("broken/E019.toml"))
            .expect("a rule");
    let terms: Vec<String> = letters
        .chunks(60)
        .map(|chunk| format!("\"={}\"", chunk.iter().collect::<String>()))
        .collect();
    rules = rules.replace("\"casino\"", &terms.join(","));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("large.toml"), rules).expect("written");
    let output = check_in(folder.path(), &["large.toml"]);
    let shown = stdout(&output);
    assert!(shown.contains(&format!("[{MADE}]")), "{shown:.400}");
    assert_eq!(code(&output), 1);
    golden(&format!("check-{MADE}.txt"), &shown);
}
