//! Whole outputs of the commands.

use crate::{code, golden, run, stderr, stdout};

const SCAN: [&str; 6] = ["scan", "-r", "demo", "-j", "2", "posts.ndjson"];

fn scan(name: &str, flags: &[&str], exit: i32) {
    let output = run(&[&SCAN[..], flags].concat());
    assert_eq!(code(&output), exit, "{}", stderr(&output));
    golden(name, &stdout(&output));
}

#[test]
fn scan_ndjson() {
    scan("scan.txt", &[], 3);
}

#[test]
fn scan_emit_flagged() {
    scan("scan-flagged.txt", &["--emit", "flagged"], 3);
}

#[test]
fn scan_emit_none() {
    let output = run(&[&SCAN[..], &["--emit", "none"]].concat());
    assert_eq!(stdout(&output), "");
    golden("scan-summary.txt", &stderr(&output));
}

#[test]
fn scan_annotate() {
    scan("scan-annotate.txt", &["--annotate"], 3);
}

#[test]
fn scan_with_policy() {
    scan("scan-policy.txt", &["--policy", "policy.toml"], 3);
}

#[test]
fn scan_csv_with_map() {
    let flags = "scan -r demo -q posts.csv --text comment \
                 --map id=comment_id,author=who";
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let output = run(&flags);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    golden("scan-csv.txt", &stdout(&output));
    let annotate = run(&[&flags[..], &["--annotate"]].concat());
    golden("scan-csv-annotate.txt", &stdout(&annotate));
}

#[test]
fn scan_text() {
    let output = run(&["scan", "-r", "demo", "-q", "-f", "text", "posts.txt"]);
    assert_eq!(code(&output), 0);
    golden("scan-text.txt", &stdout(&output));
}

#[test]
fn explain() {
    let text = "真.人.百.家.乐 加微信 abc12345";
    let output = run(&["explain", "-r", "demo", text]);
    assert_eq!(code(&output), 0);
    golden("explain.txt", &stdout(&output));
    let flags = ["explain", "-r", "demo", "-", "--rule", "fraud"];
    let output = crate::feed(&flags, b"he said \"code 123456\"\n");
    golden("explain-quoted.txt", &stdout(&output));
}

#[test]
fn eval_table_and_json() {
    let flags = ["eval", "-r", "demo", "labelled.ndjson"];
    let table = run(&flags);
    assert_eq!(code(&table), 0, "{}", stderr(&table));
    golden("eval.txt", &stdout(&table));
    let by_rule = run(&[&flags[..], &["--by-rule"]].concat());
    golden("eval-by-rule.txt", &stdout(&by_rule));
    let json = run(&[&flags[..], &["--json"]].concat());
    golden("eval-json.txt", &stdout(&json));
}

#[test]
fn eval_writes_its_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("errors");
    let name = path.to_str().expect("UTF-8");
    let flags = ["eval", "-r", "demo", "labelled.ndjson", "--errors", name];
    let output = run(&[&flags[..], &["--exclude", "id=b-*"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    golden("eval-excluded.txt", &stdout(&output));
    let errors = std::fs::read_to_string(&path).expect("errors");
    golden("eval-errors.txt", &errors);
    let none = run(&["eval", "-r", "demo", "posts.ndjson"]);
    assert_eq!(code(&none), 2);
    assert!(stderr(&none).contains("--label"));
}

#[test]
fn inspect() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("demo.img");
    let image = image.to_str().expect("UTF-8");
    assert_eq!(code(&run(&["compile", "demo", "-o", image])), 0);
    golden("inspect.txt", &stdout(&run(&["inspect", image, "--terms"])));
    let json = run(&["inspect", image, "--json", "--terms"]);
    golden("inspect-json.txt", &stdout(&json));
}

#[test]
fn test_command() {
    golden("test.txt", &stdout(&run(&["test", "demo", "-v"])));
    let failed = run(&["test", "broken/test-fails.toml"]);
    golden("test-failed.txt", &stdout(&failed));
}

#[test]
fn schemas() {
    for name in ["verdict", "reject", "stats", "evidence"] {
        let output = run(&["schema", name]);
        assert_eq!(code(&output), 0);
        golden(&format!("schema-{name}.txt"), &stdout(&output));
        let value: serde_json::Value =
            serde_json::from_str(&stdout(&output)).expect("JSON");
        assert!(value["$schema"].is_string());
    }
}

#[test]
fn help() {
    golden("help.txt", &stdout(&run(&["--help"])));
    let commands = [
        "scan",
        "compile",
        "inspect",
        "check",
        "fmt",
        "test",
        "explain",
        "diff",
        "profile",
        "bench",
        "eval",
        "ledger",
        "replay",
        "case",
        "report",
        "rulebook",
        "attack",
        "schema",
        "completions",
        "man",
    ];
    for command in commands {
        let output = run(&[command, "--help"]);
        assert_eq!(code(&output), 0, "{command}");
        golden(&format!("help-{command}.txt"), &stdout(&output));
        let short = stdout(&run(&[command, "-h"]));
        assert!(short.contains("Usage:"), "{command}");
    }
}

#[test]
fn manual_page() {
    let page = stdout(&run(&["man"]));
    for word in ["trommel", "fail", "scan", "explain"] {
        assert!(page.contains(word), "{word}");
    }
    golden("man.txt", &page);
}

#[test]
fn completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_eq!(code(&output), 0, "{shell}");
        let text = stdout(&output);
        assert!(text.contains("trommel"), "{shell}");
        assert!(text.contains("fail-on"), "{shell}");
    }
    golden("completions-bash.txt", &stdout(&run(&["completions", "bash"])));
}
