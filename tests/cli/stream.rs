//! Pipes and signals: nothing is held back, nothing is lost, a reader that
//! goes away is no error.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use crate::with;

fn start(arguments: &[&str]) -> Child {
    with(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

fn send(signal: &str, child: &Child) {
    let id = child.id().to_string();
    let done = Command::new("kill").args([signal, &id]).status();
    assert!(done.expect("kill runs").success());
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("big.ndjson");
    let line = "{\"id\":1,\"text\":\"真人百家乐 加微信 abc12345\"}\n";
    // Far more output than a pipe holds.
    std::fs::write(&path, line.repeat(30_000)).expect("written");
    let path = path.to_str().expect("UTF-8");
    let mut child = start(&["scan", "-r", "demo", path]);
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut first = String::new();
    out.read_line(&mut first).expect("a line");
    assert!(first.contains("takedown"), "{first}");
    drop(out);
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// Every command, not only `scan`.
#[test]
fn a_closed_pipe_is_a_quiet_end_for_help() {
    for arguments in [&["man"][..], &["schema", "verdict"], &["--help"]] {
        let mut child = start(arguments);
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ends");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(text, "", "{arguments:?}");
    }
}

/// The verdict arrives while the pipe stays open; after the signal what was
/// written is judged and summed up.
#[test]
fn a_signal_ends_a_stream_cleanly() {
    for signal in ["-INT", "-TERM"] {
        ends_cleanly(signal);
    }
}

fn ends_cleanly(signal: &str) {
    let mut child = start(&["scan", "-r", "demo", "-f", "ndjson"]);
    let mut input = child.stdin.take().expect("piped");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let post = "{\"id\":7,\"text\":\"真人百家乐 加微信 abc12345\"}\n";
    for number in 0..3 {
        input.write_all(post.as_bytes()).expect("written");
        input.flush().expect("written");
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        assert!(line.contains("\"takedown\""), "{number}: {line}");
    }
    send(signal, &child);
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("the end");
    assert_eq!(rest, "");
    let output = child.wait_with_output().expect("ends");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("records              3 = 3"), "{text}");
    assert!(text.contains("stopped by a signal"), "{text}");
    // The pipe was open to the end.
    drop(input);
}

/// Without `-f` the format is told from the first line, which must not wait
/// for more.
#[test]
fn the_format_of_a_stream_is_told_from_one_line() {
    let mut child = start(&["scan", "-r", "demo", "-q"]);
    let mut input = child.stdin.take().expect("piped");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    input.write_all(b"{\"id\":1,\"text\":\"fine\"}\n").expect("written");
    input.flush().expect("written");
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    assert_eq!(line, "{\"id\":1,\"verdict\":\"pass\"}\n");
    drop(input);
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(0));
}

/// A last line without its end is a record of its own at the end of input.
#[test]
fn the_end_of_input_completes_a_record() {
    let output = crate::feed(
        &["scan", "-r", "demo", "-q", "-f", "ndjson"],
        b"{\"id\":1,\"text\":\"a\"}\n{\"id\":2,\"text\":\"b\"}",
    );
    assert_eq!(crate::code(&output), 0);
    assert_eq!(crate::lines(&crate::stdout(&output)).len(), 2);
}
