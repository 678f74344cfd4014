//! Settings: `trommel.toml`, the environment, flags; the latter win.

use std::path::Path;
use std::process::Output;

use crate::{code, fixture, stderr, stdout, trommel};

/// Runs `scan` in a folder with this settings file.
fn scan(settings: &str, env: &[(&str, &str)], flags: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trommel.toml");
    std::fs::write(&path, settings).expect("written");
    let mut command = trommel();
    command.current_dir(folder.path()).envs(env.iter().copied());
    command.arg("scan").args(flags);
    let rules = fixture().join("demo");
    let posts = fixture().join("posts.ndjson");
    command.arg("--rules").arg(rules).arg(posts);
    command.output().expect("the program starts")
}

fn count(output: &Output) -> usize {
    stdout(output).lines().count()
}

#[test]
fn file_environment_flags_in_this_order() {
    let all = count(&scan("", &[], &[]));
    let flagged = count(&scan("", &[], &["--emit", "flagged"]));
    assert!(0 < flagged && flagged < all, "{flagged} {all}");
    let file = "[scan]\nemit = \"none\"\n";
    assert_eq!(count(&scan(file, &[], &[])), 0);
    let env = [("TROMMEL_SCAN_EMIT", "flagged")];
    assert_eq!(count(&scan(file, &env, &[])), flagged);
    assert_eq!(count(&scan(file, &env, &["--emit", "all"])), all);
    assert_eq!(count(&scan(file, &env, &["--emit=all"])), all);
}

#[test]
fn switches_and_lists() {
    let quiet = scan("[scan]\nquiet = true\n", &[], &[]);
    assert_eq!(stderr(&quiet), "");
    assert_ne!(stderr(&scan("[scan]\nquiet = false\n", &[], &[])), "");
    let quiet = scan("", &[("TROMMEL_SCAN_QUIET", "1")], &[]);
    assert_eq!(stderr(&quiet), "");
    let file = "[scan]\nthreads = 2\ntext = [\"title\", \"body\"]\n";
    let output = scan(file, &[("TROMMEL_SCAN_FAIL_ON", "takedown")], &[]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stdout(&output).contains("fraud.demo.code"));
    assert!(!stdout(&output).contains("gambling"));
}

#[test]
fn unknown_key_gets_a_near_name() {
    for (file, near) in [
        ("[scan]\nthread = 2\n", "did you mean threads?"),
        ("[scna]\nthreads = 2\n", "did you mean [scan]?"),
        ("[compile]\noutptu = \"x\"\n", "did you mean output?"),
    ] {
        let output = scan(file, &[], &[]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(near), "{}", stderr(&output));
        assert!(stderr(&output).contains("trommel.toml"));
    }
}

#[test]
fn wrong_values_name_their_place() {
    for (file, place) in [
        ("[scan]\nquiet = 3\n", "trommel.toml:2: scan.quiet"),
        (
            "# Mine.\n[scan]\nthreads = \"many\"\n",
            "trommel.toml:3: scan.threads: invalid value 'many'",
        ),
        (
            "[scan]\nquiet = true\n\nemit = \"som\"\n",
            "trommel.toml:4: scan.emit: invalid value 'som'",
        ),
        ("[scan]\nthreads = 0\n", "trommel.toml:2: scan.threads"),
        ("[scan]\nthreads = { a = 1 }\n", "scan.threads"),
        ("scan = 1\n", "write [scan]"),
        ("[scan\n", "settings file"),
    ] {
        let output = scan(file, &[], &[]);
        assert_eq!(code(&output), 2, "{file}");
        assert!(stderr(&output).contains(place), "{}", stderr(&output));
    }
    let output = scan("", &[("TROMMEL_SCAN_QUIET", "perhaps")], &[]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("TROMMEL_SCAN_QUIET"));
    let output = scan("", &[("TROMMEL_SCAN_EMIT", "som")], &[]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("TROMMEL_SCAN_EMIT: invalid value"));
}

#[test]
fn other_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, "[scan]\nemit = \"none\"\n").expect("written");
    let path = path.to_str().expect("UTF-8");
    assert_eq!(count(&scan("", &[], &["--config", path])), 0);
    assert_eq!(count(&scan("", &[("TROMMEL_CONFIG", path)], &[])), 0);
    let output = scan("", &[], &["--config", "none.toml"]);
    assert_eq!(code(&output), 2);
    let user = folder.path().join("trommel");
    std::fs::create_dir(&user).expect("a folder");
    std::fs::copy(path, user.join("trommel.toml")).expect("copied");
    let mut command = trommel();
    command.env("XDG_CONFIG_HOME", folder.path());
    command.args(["scan", "-r", "demo", "posts.ndjson"]);
    assert_eq!(count(&command.output().expect("starts")), 0);
}

#[test]
fn other_commands_do_not_read_the_keys_of_scan() {
    let folder = tempfile::tempdir().expect("a folder");
    let path: &Path = &folder.path().join("trommel.toml");
    std::fs::write(path, "[scan]\nthreads = 2\n").expect("written");
    let mut command = trommel();
    command.current_dir(folder.path()).args(["schema", "stats"]);
    assert!(command.output().expect("starts").status.success());
}
