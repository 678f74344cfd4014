//! Learned dictionaries from outside: what training prints, what a model in
//! a pack does in every command, and comparisons of systems.

use crate::{code, golden, run, stderr, stdout};

const SAMPLE: &str = "../../../corpora/learn-sample.ndjson";

#[test]
fn learning_reports_what_it_is_worth() {
    let flags = ["learn", SAMPLE, "--cross-validate", "3"];
    let output = run(&flags);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    golden("learn-cross.txt", &stdout(&output));
    golden("learn-summary.txt", &stderr(&output));
    let json = run(&[&flags[..], &["--json"]].concat());
    let value: serde_json::Value =
        serde_json::from_str(&stdout(&json)).expect("JSON");
    let sets = value["sets"].as_array().expect("sets");
    assert_eq!(sets.len(), 2, "gambling and fraud");
    assert!(value["f1"]["sample"]["macro"].as_f64().expect("F1") > 0.7);
}

#[test]
fn a_model_in_a_pack_works_in_every_command() {
    let check = run(&["check", "model", "--deny-warnings"]);
    assert_eq!(code(&check), 0, "{}", stdout(&check));
    let test = run(&["test", "model"]);
    assert_eq!(code(&test), 0, "{}", stdout(&test));
    let text = "Ｆree-mon\u{200b}ey! 免.費 领取 加薇❤demo_lucky88";
    let explain = run(&["explain", "-r", "model", text]);
    golden("explain-score.txt", &stdout(&explain));
    let flags = ["explain", "-r", "model", "--why-not", "spam.model.score"];
    let why = run(&[&flags[..], &["免费的午餐"]].concat());
    golden("why-not-score.txt", &stdout(&why));
    let row = format!("{}\n", serde_json::json!({"id": 1, "text": text}));
    let flags = ["scan", "-r", "model", "-q"];
    let scan = crate::feed(&flags, row.as_bytes());
    golden("scan-score.txt", &stdout(&scan));
    let other = [&flags[..], &["--engine", "reference"]].concat();
    let reference = crate::feed(&other, row.as_bytes());
    assert_eq!(stdout(&scan), stdout(&reference));
}

#[test]
fn eval_compares_systems() {
    let folder = tempfile::tempdir().expect("a folder");
    let picture = folder.path().join("curves.svg");
    let picture = picture.to_str().expect("UTF-8");
    let flags = [
        "eval",
        "labelled.ndjson",
        "-r",
        "demo",
        "--compare",
        "model",
        "--compare",
        "demo,model",
        "--bootstrap",
        "50",
        "--confusion",
        "--plot",
        picture,
    ];
    let output = run(&flags);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    golden("eval-compare.txt", &stdout(&output));
    let drawn = std::fs::read_to_string(picture).expect("a picture");
    golden("eval-plot.svg", &drawn);
    let json = run(&[&flags[..], &["--json"]].concat());
    let value: serde_json::Value =
        serde_json::from_str(&stdout(&json)).expect("JSON");
    assert_eq!(value["systems"].as_array().expect("systems").len(), 3);
    let wrong = run(&["eval", "labelled.ndjson", "--plot", "curves.png"]);
    assert_eq!(code(&wrong), 2);
    assert!(stderr(&wrong).contains(".svg or .html"), "{}", stderr(&wrong));
}
