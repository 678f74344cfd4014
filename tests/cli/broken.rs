//! Broken inputs (`tests/broken/files`): what becomes of each is written in
//! `expected.toml`. Nothing disappears and nothing panics.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::{code, lines, run, stderr, stdout};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    file: Vec<File>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    args: Vec<String>,
    verdicts: u64,
    rejects: BTreeMap<String, u64>,
    exit: i32,
    /// Part of the message, where the source itself is at fault.
    #[serde(default)]
    message: String,
    /// The expectation fails today; what is wrong.
    known_bug: Option<String>,
}

#[test]
fn broken_inputs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let text = std::fs::read_to_string(root.join("expected.toml"))
        .expect("expected.toml");
    let expected: Expected = toml::from_str(&text).expect("expected.toml");
    let mut named = BTreeSet::new();
    let mut failures = Vec::new();
    for file in &expected.file {
        assert!(named.insert(file.name.clone()), "{} twice", file.name);
        match (check(&root.join("files"), file), &file.known_bug) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Ok(()), Some(_)) => failures
                .push(format!("{}: take its known_bug away", file.name)),
            (Err(why), None) => {
                failures.push(format!("{}: {why}", file.name));
            }
        }
    }
    let there: BTreeSet<String> = std::fs::read_dir(root.join("files"))
        .expect("the folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    assert_eq!(there, named, "files and expected.toml");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(folder: &Path, file: &File) -> Result<(), String> {
    let scratch = tempfile::tempdir().expect("a folder");
    let path = folder.join(&file.name);
    let stats = scratch.path().join("stats");
    let rejects = scratch.path().join("rejects");
    let mut arguments = vec!["scan", "-r", "demo", "-q"];
    arguments.extend(file.args.iter().map(String::as_str));
    arguments.extend([
        "--stats",
        stats.to_str().expect("UTF-8"),
        "--rejects",
        rejects.to_str().expect("UTF-8"),
        path.to_str().expect("UTF-8"),
    ]);
    let output = run(&arguments);
    let message = stderr(&output);
    if message.contains("panicked") {
        return Err(message);
    }
    let text = std::fs::read_to_string(&stats).map_err(|_| message.clone())?;
    let stats: serde_json::Value =
        serde_json::from_str(&text).expect("statistics");
    let found: BTreeMap<String, u64> =
        serde_json::from_value(stats["rejects"]["by_reason"].clone())
            .expect("reasons");
    let total: u64 = found.values().sum();
    // Not parsed: an id may be a number that only JSON can hold.
    let verdicts = stdout(&output).lines().count();
    let verdicts = u64::try_from(verdicts).unwrap_or(u64::MAX);
    assert_eq!(stats["records"], verdicts + total, "{}", file.name);
    let written = std::fs::read_to_string(&rejects).unwrap_or_default();
    let last =
        lines(&written).iter().filter(|line| line["last"] != false).count();
    assert_eq!(u64::try_from(last), Ok(total), "{}", file.name);
    let found = (verdicts, found, code(&output));
    let wanted = (file.verdicts, file.rejects.clone(), file.exit);
    if found != wanted || !message.contains(&file.message) {
        return Err(format!(
            "found {found:?}, wanted {wanted:?}; {}",
            message.trim_end()
        ));
    }
    Ok(())
}
