//! Exit codes: one test each, and which wins.

use crate::{code, feed, run, stderr};

const GOOD: &[u8] = b"{\"text\":\"fine weather\"}\n";
const BAD: &[u8] = "{\"text\":\"真人百家乐 加微信 abc12345\"}\n".as_bytes();
const BROKEN: &[u8] = b"not json\n";

fn scan(flags: &[&str], input: &[&[u8]]) -> i32 {
    let mut all = vec!["scan", "-r", "demo", "-q", "-f", "ndjson"];
    all.extend(flags);
    code(&feed(&all, &input.concat()))
}

#[test]
fn zero_done() {
    assert_eq!(scan(&[], &[GOOD, BAD]), 0);
    assert_eq!(scan(&["--fail-on", "takedown"], &[GOOD]), 0);
    assert_eq!(scan(&[], &[b""]), 0);
}

#[test]
fn one_fail_on_tripped() {
    assert_eq!(scan(&["--fail-on", "takedown"], &[BAD]), 1);
    assert_eq!(scan(&["--fail-on", "report"], &[BAD]), 1);
    let lowered = ["--fail-on", "takedown", "--policy", "policy.toml"];
    assert_eq!(scan(&lowered, &[BAD]), 0);
    let lowered = ["--fail-on", "report", "--policy", "policy.toml"];
    assert_eq!(scan(&lowered, &[BAD]), 1);
}

#[test]
fn nothing_is_summed_up_when_nothing_was_read() {
    let output = run(&["scan", "-r", "demo", "no-such-file"]);
    assert_eq!(code(&output), 2);
    let shown = stderr(&output);
    assert_eq!(shown.lines().count(), 1, "{shown}");
    assert!(shown.contains("no-such-file: cannot open"), "{shown}");
    // What was read beside it is.
    let output = run(&["scan", "-r", "demo", "no-such-file", "posts.ndjson"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("records/s"), "{}", stderr(&output));
}

#[test]
fn no_threads_are_refused_in_words() {
    let output = run(&["scan", "-r", "demo", "-j", "0", "posts.ndjson"]);
    assert_eq!(code(&output), 2);
    let shown = stderr(&output);
    assert!(shown.contains("expected a number from 1 up"), "{shown}");
}

#[test]
fn records_without_labels_are_an_error_and_no_table() {
    let output = run(&["eval", "-r", "demo", "posts.ndjson"]);
    assert_eq!(code(&output), 2);
    assert_eq!(crate::stdout(&output), "");
    let shown = stderr(&output);
    assert!(shown.contains("no labelled record was read ("), "{shown}");
    assert!(shown.contains("--label"), "{shown}");
    let output = run(&["eval", "-r", "demo", "no-such-file"]);
    assert_eq!(code(&output), 2);
    assert_eq!(crate::stdout(&output), "");
    assert!(!stderr(&output).contains("--label"), "{}", stderr(&output));
}

#[test]
fn one_check_failed() {
    assert_eq!(code(&run(&["check", "broken/E005.toml"])), 1);
    assert_eq!(code(&run(&["check", "demo"])), 0);
    assert_eq!(code(&run(&["check", "broken/E019.toml"])), 0);
    let strict = ["check", "--deny-warnings", "broken/E019.toml"];
    assert_eq!(code(&run(&strict)), 1);
}

#[test]
fn one_test_failed() {
    assert_eq!(code(&run(&["test", "demo"])), 0);
    assert_eq!(code(&run(&["test", "broken/test-fails.toml"])), 1);
}

#[test]
fn two_could_not_run() {
    assert_eq!(scan(&["--no-such-flag"], &[GOOD]), 2);
    assert_eq!(scan(&["no-such-file"], &[GOOD]), 2);
    assert_eq!(scan(&["--policy", "none.toml"], &[GOOD]), 2);
    assert_eq!(scan(&["-o", "no-such-folder/x"], &[GOOD]), 2);
    assert_eq!(code(&run(&["scan", "-r", "broken/E005.toml"])), 2);
    assert_eq!(code(&run(&["scan", "-r", "no-such-pack"])), 2);
    assert_eq!(code(&run(&["compile", "broken/many.toml", "-o", "x"])), 2);
    assert_eq!(code(&run(&["inspect", "none.img"])), 2);
    assert_eq!(code(&run(&["schema", "none"])), 2);
    assert_eq!(code(&run(&[])), 2);
}

#[test]
fn three_some_records_rejected() {
    assert_eq!(scan(&[], &[GOOD, BROKEN, GOOD]), 3);
}

#[test]
fn two_beats_one_beats_three() {
    let flags = ["--fail-on", "report"];
    assert_eq!(scan(&flags, &[BAD, BROKEN]), 1);
    let flags = ["--fail-on", "report", "-", "no-such-file"];
    assert_eq!(scan(&flags, &[BAD, BROKEN]), 2);
    assert_eq!(scan(&["-", "no-such-file"], &[BROKEN]), 2);
    assert_eq!(scan(&["--strict", "--fail-on", "report"], &[BAD, BROKEN]), 2);
}

#[test]
fn strict_stops_with_two() {
    let flags = ["scan", "-r", "demo", "-f", "ndjson", "--strict"];
    let input = [GOOD, BROKEN, GOOD].concat();
    let output = feed(&flags, &input);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--strict"), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1);
}

#[test]
fn help_lists_the_codes() {
    for command in [&["--help"][..], &["scan", "--help"]] {
        let output = run(command);
        assert_eq!(code(&output), 0);
        let text = crate::stdout(&output);
        for line in ["0  done", "1  --fail-on", "2  could", "3  done, but"] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
