//! Messages: the program's name in front, near names for what is unknown,
//! nothing of a record that a terminal would obey.

use crate::{code, feed, run, stderr, stdout};

/// Arguments that are wrong and what the message must say.
#[test]
fn near_names() {
    let rows: [(&[&str], &str); 7] = [
        (&["scan", "--thread", "2"], "--threads"),
        (&["scna"], "scan"),
        (&["scan", "-r", "gamblin"], "did you mean \"gambling\"?"),
        (&["scan", "-r", "demo", "--emit", "flaged"], "flagged"),
        (&["scan", "-r", "demo", "--map", "idd=x"], "id"),
        (&["scan", "-r", "demo", "--map", "id"], "NAME=PTR"),
        (&["schema", "verdit"], "verdict"),
    ];
    for (arguments, wanted) in rows {
        let output = run(arguments);
        let text = stderr(&output);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(text.contains(wanted), "{arguments:?}: {text}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
}

/// Columns without the feature that reads them: one line that says which,
/// however they come, and the other inputs are read.
#[cfg(not(any(feature = "arrow", feature = "parquet")))]
#[test]
fn columns_name_the_feature_that_reads_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases: [(&[u8], &str, &str); 3] = [
        (b"PAR1\x15\x04\x15\x10 and so on", "Parquet data", "parquet"),
        (b"ARROW1\0\0\xff\xff\xff\xff", "Arrow data", "arrow"),
        (b"\xff\xff\xff\xff\x78\0\0\0", "Arrow data", "arrow"),
    ];
    for (bytes, what, feature) in cases {
        let path = folder.path().join("posts");
        std::fs::write(&path, bytes).expect("written");
        let path = path.to_str().expect("UTF-8");
        let scan = ["scan", "-r", "demo"];
        for output in [
            run(&[&scan[..], &[path]].concat()),
            feed(&[&scan[..], &["-"]].concat(), bytes),
            feed(&[&scan[..], &["-f", feature]].concat(), b"anything"),
        ] {
            let text = stderr(&output);
            assert_eq!(code(&output), 2, "{text}");
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(text.contains(what), "{text}");
            let hint = format!("--features {feature}`");
            assert!(text.contains(&hint), "{text}");
            assert_eq!(stdout(&output), "");
        }
        let both = run(&["scan", "-q", "-r", "demo", path, "posts.ndjson"]);
        assert_eq!(code(&both), 2);
        assert!(stdout(&both).contains("\"verdict\":\"takedown\""));
    }
}

#[test]
fn policy_with_unknown_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("policy.toml");
    for (policy, wanted) in [
        ("[rule.\"gambling.demo.zz\"]\ndisable = true\n", "gambling.demo"),
        ("[category.gamblng]\ntakedown = 0.5\n", "gamblng"),
        ("[thresholds]\ntakdown = 0.5\n", "takdown"),
        ("[thresholds]\ntakedown = 7\n", "takedown"),
        ("thresholds", "policy"),
    ] {
        std::fs::write(&path, policy).expect("written");
        let path = path.to_str().expect("UTF-8");
        let output = run(&["scan", "-r", "demo", "--policy", path]);
        let text = stderr(&output);
        assert_eq!(code(&output), 2, "{policy}");
        assert!(text.contains(wanted), "{policy}: {text}");
        assert!(text.starts_with("trommel: error: "), "{text}");
    }
}

#[test]
fn a_missing_file_is_named_and_the_others_are_read() {
    let output = run(&["scan", "-r", "demo", "none.ndjson", "posts.ndjson"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("none.ndjson"));
    assert_eq!(stdout(&output).lines().count(), 12);
}

/// Text of records is raw in results (they are data), but what `explain`
/// and `test` show is meant for eyes.
#[test]
fn explain_shows_no_control_characters() {
    let text = "a\u{1b}[31m casino \u{202e}x\u{200b}y\u{7}";
    let flags = ["explain", "-r", "demo", "-"];
    let output = feed(&flags, text.as_bytes());
    assert_eq!(code(&output), 0);
    for c in ['\u{1b}', '\u{202e}', '\u{200b}', '\u{7}'] {
        assert!(!stdout(&output).contains(c), "{:?}", stdout(&output));
    }
}

#[test]
fn explain_refuses_what_is_not_utf8() {
    let output = feed(&["explain", "-r", "demo"], b"\xff\xfe");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("not UTF-8"));
}

#[test]
fn color_is_a_choice() {
    let flags = ["explain", "-r", "demo", "casino"];
    let plain = stdout(&run(&flags));
    assert!(!plain.contains('\u{1b}'));
    let colour = run(&[&["--color", "always"][..], &flags].concat());
    assert!(stdout(&colour).contains('\u{1b}'));
    let never = run(&[&["--color", "never"][..], &flags].concat());
    assert_eq!(stdout(&never), plain);
}
