//! The program from outside: arguments and bytes in; exit code, stdout,
//! stderr and files out. Uses its own small pack (`fixture/demo`), never the
//! shipped ones, so that goldens change only with the program.

mod broken;
mod check;
mod exit;
mod golden;
mod images;
mod keeping;
mod learn;
mod ledger;
mod messages;
mod output;
mod settings;
mod stream;
mod workbench;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where the fixture lies; commands run there, so paths in outputs are
/// short and the same everywhere.
fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/fixture")
}

/// The program with a clean environment.
fn trommel() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trommel"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TROMMEL_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(fixture())
        .env("XDG_CONFIG_HOME", fixture().join("no-such-folder"))
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100");
    command
}

fn run(arguments: &[&str]) -> Output {
    assert_cmd::Command::from_std(with(arguments))
        .output()
        .expect("the program starts")
}

/// Runs with bytes on standard input.
fn feed(arguments: &[&str], input: &[u8]) -> Output {
    assert_cmd::Command::from_std(with(arguments))
        .write_stdin(input)
        .output()
        .expect("the program starts")
}

fn with(arguments: &[&str]) -> Command {
    let mut command = trommel();
    command.args(arguments);
    command
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("no signal")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8 on stdout")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8 on stderr")
}

fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Compares with `tests/golden/NAME`. What differs from day to day or with
/// the fold tables is masked: digests, dates, sizes, durations.
fn golden(name: &str, found: &str) {
    let found = masked(found);
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &found).expect("golden written");
        return;
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        wanted == found,
        "tests/golden/{name} differs; if the new output is right, run \
         `BLESS=1 cargo test --test cli` and read the diff\n\
         --- wanted\n{wanted}\n--- found\n{found}"
    );
}

fn masked(text: &str) -> String {
    let rules = [
        (r"b3:[0-9a-f]{12,64}", "b3:…"),
        (r"compiled(\W+)\d{4}-\d\d-\d\d", "compiled${1}DATE"),
        (r"(?m)^  (\w+) +\d+ bytes$", "  $1 N bytes"),
        (r"(?m)^bytes +\d+$", "bytes N"),
        (r#""bytes": \d+"#, r#""bytes": 0"#),
        (r"(?m)^tables .*$", "tables …"),
        (r#""tables": ".*""#, r#""tables": "…""#),
        (r"\d+\.\d+ s, \d+\.\d MB/s, \d+ records/s", "TIME"),
        (r"trommel \d+\.\d+\.\d+", "trommel VERSION"),
        (r#""engine": "\d+\.\d+\.\d+""#, r#""engine": "VERSION""#),
    ];
    let mut text = text.to_owned();
    for (pattern, with) in rules {
        let regex = regex::Regex::new(pattern).expect(pattern);
        text = regex.replace_all(&text, with).into_owned();
    }
    text
}
