//! The program killed with SIGKILL under load: whatever verdict anybody has
//! seen is in the ledger afterwards.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// 10 rounds in every test run; `TROMMEL_KILL_ROUNDS=100` at night.
fn rounds() -> u64 {
    let given = std::env::var("TROMMEL_KILL_ROUNDS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(10)
}

/// The database of `tests/postgres.sh`, if it runs this.
fn store() -> Vec<String> {
    let url = std::env::var("TROMMEL_TEST_STORE").ok();
    url.map_or(Vec::new(), |url| vec!["--store".to_owned(), url])
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/fixture")
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trommel"));
    command.current_dir(fixture()).env_remove("TROMMEL_CONFIG");
    command
}

fn ledger(command: &str, folder: &Path) -> String {
    let output =
        program().args(["ledger", command]).arg(folder).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Feeds posts for ever; reads verdicts until `enough` were seen; kills.
fn round(number: u64, folder: &Path) -> Vec<String> {
    let mut child = program()
        .args(["scan", "-q", "-r", "demo", "--emit", "flagged", "-j", "2"])
        .arg("--ledger")
        .arg(folder)
        .args(store())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || {
        for n in 0u64.. {
            let post = format!(
                "{{\"id\":\"{number}-{n}\",\"author\":\"a{}\",\
                 \"text\":\"真人百家乐 加微信 abc12345\"}}\n",
                n % 7
            );
            // Fails when the program is gone.
            if input.write_all(post.as_bytes()).is_err() {
                return;
            }
        }
    });
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let enough = 20 + usize::try_from(number * 37 % 200).unwrap();
    let mut seen: Vec<String> =
        lines.by_ref().take(enough).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // Lines that were on their way count too; the last may be torn.
    seen.extend(lines.map_while(Result::ok));
    feeder.join().unwrap();
    seen.iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .map(|verdict: serde_json::Value| {
            verdict["id"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn nothing_seen_is_lost_by_kill_9_crash() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("ledger");
    let mut seen = Vec::new();
    for number in 0..rounds() {
        seen.extend(round(number, &folder));
    }
    // Opens, says what it cut, signs.
    ledger("checkpoint", &folder);
    ledger("verify", &folder);
    let kept: std::collections::BTreeSet<String> = ledger("show", &folder)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|entry: &serde_json::Value| entry["kind"] == "evidence")
        .map(|entry| {
            let id = &entry["payload"]["item"]["id"];
            id.as_str().unwrap().to_owned()
        })
        .collect();
    assert!(seen.len() > 200, "{}", seen.len());
    let lost: Vec<&String> =
        seen.iter().filter(|id| !kept.contains(*id)).collect();
    assert!(lost.is_empty(), "{} of {}: {lost:?}", lost.len(), seen.len());
}
