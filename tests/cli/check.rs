//! `check`: one broken pack for each diagnostic, and one with many.

use trommel::pack::Severity;
use trommel::pack::diagnostic::CODES;

use crate::{code, golden, run, stderr, stdout};

/// Too large to be committed: made in [`dictionary_too_large`].
const MADE: &str = "E019";

#[test]
fn each_diagnostic() {
    for entry in CODES.iter().filter(|entry| entry.id != MADE) {
        let path = format!("broken/{}.toml", entry.id);
        let output = run(&["check", &path]);
        let text = stdout(&output);
        assert!(text.contains(&format!("[{}]", entry.id)), "{text}");
        let is_error = entry.severity == Severity::Error;
        assert_eq!(code(&output), i32::from(is_error), "{}", entry.id);
        golden(&format!("check-{}.txt", entry.id), &text);
    }
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
        std::fs::read_to_string(crate::fixture().join("broken/W102.toml"));
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
    for entry in CODES {
        let output = run(&["check", "--explain", entry.id]);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains(entry.title), "{}", entry.id);
    }
    let output = run(&["check", "--explain", "E0010"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean"), "{output:?}");
}

#[test]
fn dictionary_too_large() {
    // More distinct letters than a class number can name.
    let mut letters = Vec::new();
    for range in [0x4E00..0x9FA6u32, 0xAC00..0xD7A4, 0x3400..0x4DB6] {
        letters.extend(range.filter_map(char::from_u32));
    }
    let mut rules =
        std::fs::read_to_string(crate::fixture().join("broken/W102.toml"))
            .expect("a rule");
    let terms: Vec<String> = letters
        .chunks(60)
        .map(|chunk| format!("\"={}\"", chunk.iter().collect::<String>()))
        .collect();
    rules = rules.replace("\"casino\"", &terms.join(","));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("large.toml"), rules).expect("written");
    let mut command = crate::with(&["check", "large.toml"]);
    command.current_dir(folder.path());
    let output = command.output().expect("the program starts");
    let shown = stdout(&output);
    assert!(shown.contains(&format!("[{MADE}]")), "{shown:.400}");
    assert_eq!(code(&output), 1);
    golden(&format!("check-{MADE}.txt"), &shown);
}
