//! The house rules that a program can check, over the files of the
//! repository. Exceptions stand in `tests/data/tidy.toml`; their numbers may
//! only fall, and the test says so when one can be lowered.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

const COLUMNS_MAX: usize = 79;
const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 800;

/// Files that may be exempt from a rule, with the number they may reach.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    long_lines: BTreeMap<String, usize>,
    casts: BTreeMap<String, usize>,
    long_functions: BTreeMap<String, usize>,
    long_files: BTreeMap<String, usize>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    let full = root().join(path);
    fs::read_to_string(&full).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn exceptions() -> Exceptions {
    toml::from_str(&read("tests/data/tidy.toml")).unwrap()
}

/// Files under a folder, relative to the repository, sorted.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo = vec![root().join(folder)];
    while let Some(path) = todo.pop() {
        for entry in fs::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else {
                found.push(relative(&path));
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap();
    path.to_string_lossy().replace('\\', "/")
}

/// Rust files of the program. Generated tables are not written by hand and
/// follow none of the rules about form.
fn sources() -> Vec<(String, String)> {
    files("src")
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .filter(|path| !path.starts_with("src/fold/data/"))
        .map(|path| {
            let text = read(&path);
            (path, text)
        })
        .collect()
}

/// The lines of a file before its tests, without comments, numbered from 1.
fn code(text: &str) -> Vec<(usize, &str)> {
    let end = text.find("\n#[cfg(test)]").unwrap_or(text.len());
    text[..end]
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .collect()
}

/// Files that git knows, or all that it would not ignore.
fn tracked() -> Vec<String> {
    let out = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    match out {
        Ok(out) if out.status.success() => String::from_utf8(out.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .filter(|path| root().join(path).is_file())
            .collect(),
        // Outside a clone (a source archive) the folders of the repository
        // are all there is.
        _ => ["src", "tests", "benches", "rules", "docs", "corpora"]
            .iter()
            .flat_map(|folder| files(folder))
            .collect(),
    }
}

/// Fails with all findings, one a line.
fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// Compares counts with the list of exceptions: a file over its number
/// fails, and so does a number that could be lower.
fn hold(
    what: &str,
    allowed: &BTreeMap<String, usize>,
    found: &BTreeMap<String, Vec<String>>,
    number: impl Fn(&[String]) -> usize,
) {
    let mut wrong = Vec::new();
    for (path, places) in found {
        let (now, most) =
            (number(places), allowed.get(path).copied().unwrap_or(0));
        if now > most {
            wrong.push(format!("{path}: {now}, allowed {most}"));
            wrong.extend(places.iter().map(|place| format!("    {place}")));
        }
    }
    for (path, most) in allowed {
        let now = found.get(path).map_or(0, |places| number(places));
        if now < *most {
            wrong.push(format!(
                "{path}: {now} now; lower its {most} in \
                 tests/data/tidy.toml, or take the line out"
            ));
        }
    }
    none(what, &wrong);
}

#[test]
fn every_file_says_what_it_is() {
    let missing: Vec<String> = files("src")
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .filter(|path| !read(path).starts_with("//!"))
        .collect();
    none("files whose first line is not `//!`", &missing);
}

#[test]
fn lines_fit() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let paths = files("src")
        .into_iter()
        .chain(files("tests"))
        .chain(files("benches"))
        .filter(|path| path.ends_with(".rs"))
        .filter(|path| !path.starts_with("src/fold/data/"));
    for path in paths {
        for (index, line) in read(&path).lines().enumerate() {
            let width = line.chars().count();
            // rustfmt leaves a line alone when it is one long literal.
            let whole = line.trim().trim_end_matches([',', ';', ')']);
            let literal = whole.starts_with('"') && whole.ends_with('"');
            let link = line.contains("https://");
            if width > COLUMNS_MAX && !literal && !link {
                let place = format!("line {}: {width} columns", index + 1);
                found.entry(path.clone()).or_default().push(place);
            }
        }
    }
    hold("long lines", &exceptions().long_lines, &found, <[String]>::len);
}

/// The import table of ARCHITECTURE.md: a row is
/// `| folder | what | may import |`.
fn import_table() -> BTreeMap<String, BTreeSet<String>> {
    let text = read("ARCHITECTURE.md");
    let (_, rest) = text.split_once("<!-- imports -->").unwrap();
    let (table, _) = rest.split_once("<!-- /imports -->").unwrap();
    table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let names = |cell: &str| -> Vec<String> {
                let parts = cell.split('`').skip(1).step_by(2);
                parts.map(|name| name.trim_end_matches('/').into()).collect()
            };
            let folder = names(cells[1]).remove(0);
            (folder, names(cells[3]).into_iter().collect())
        })
        .collect()
}

/// Names after `crate::` in a line, those of a group included.
fn imports(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let word = |text: &str| -> String {
            text.trim_start()
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        };
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group.split(',').map(word)),
            None => found.push(word(rest)),
        }
    }
    found
}

#[test]
fn folders_import_what_the_table_allows() {
    let table = import_table();
    let folders: BTreeSet<String> = fs::read_dir(root().join("src"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into())
        .collect();
    let listed: BTreeSet<String> = table.keys().cloned().collect();
    assert_eq!(folders, listed, "folders of src/ and of ARCHITECTURE.md");
    let mut wrong = Vec::new();
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for (path, text) in sources() {
        let Some((folder, _)) = path["src/".len()..].split_once('/') else {
            continue;
        };
        for (number, line) in code(&text) {
            for name in imports(line) {
                if name == folder || !folders.contains(&name) {
                    continue;
                }
                if !table[folder].contains(&name) {
                    wrong.push(format!("{path}:{number}: {name}"));
                }
                used.insert((folder.to_owned(), name));
            }
        }
    }
    for (folder, names) in &table {
        for name in names {
            if !used.contains(&(folder.clone(), name.clone())) {
                wrong.push(format!(
                    "ARCHITECTURE.md: {folder} may import {name} and does not"
                ));
            }
        }
    }
    none("imports against the table of ARCHITECTURE.md", &wrong);
}

/// Where a word of the list stands in code outside the files allowed.
fn only_in(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources() {
        if allowed.contains(&path.as_str()) {
            continue;
        }
        for (number, line) in code(&text) {
            if words.iter().any(|word| has_word(line, word)) {
                found.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
    }
    found
}

/// Whether a word stands there that is not the end of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn unsafe_code_is_where_it_may_be() {
    let allowed = [
        "src/image/mmap.rs",
        "src/scan/avx2.rs",
        "src/scan/avx512.rs",
        "src/scan/neon.rs",
        "src/scan/fold512.rs",
        "src/scan/promise512.rs",
        "src/source/map.rs",
    ];
    none("unsafe code", &only_in(&["unsafe {", "unsafe fn"], &allowed));
    for path in allowed {
        assert!(read(path).contains("// SAFETY:"), "{path}: no SAFETY");
    }
}

#[test]
fn one_file_asks_the_time() {
    let words =
        ["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"];
    none("clocks", &only_in(&words, &["src/base/clock.rs"]));
}

#[test]
fn one_file_prints() {
    let words =
        ["println!", "eprintln!", "print!", "eprint!", "dbg!", "stderr()"];
    none("prints", &only_in(&words, &["src/cli/messages.rs"]));
}

#[test]
fn judging_does_no_io() {
    let words = ["std::fs", "std::net", "std::thread", "std::env", "File::"];
    let found: Vec<String> = only_in(&words, &[])
        .into_iter()
        .filter(|place| {
            ["src/fold/", "src/scan/", "src/eval/", "src/validate/"]
                .iter()
                .any(|folder| place.starts_with(folder))
        })
        .collect();
    none("input, output or threads where records are judged", &found);
}

#[test]
fn nothing_is_left_to_do() {
    let words = ["TODO", "FIXME", "XXX:", "todo!", "unimplemented!"];
    let mut found = Vec::new();
    for (path, text) in sources() {
        for (index, line) in text.lines().enumerate() {
            if words.iter().any(|word| has_word(line, word)) {
                found.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    none("left to do", &found);
}

#[test]
fn numbers_are_cast_in_one_file() {
    let kinds = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
        "i128", "isize", "f32", "f64", "char",
    ];
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in sources() {
        if path == "src/base/int.rs" {
            continue;
        }
        for (number, line) in code(&text) {
            let casts = line.split(" as ").skip(1).filter(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
                kinds.contains(&&rest[..end.unwrap_or(rest.len())])
            });
            for _ in casts {
                let place = format!("line {number}: {}", line.trim());
                found.entry(path.clone()).or_default().push(place);
            }
        }
    }
    hold("casts", &exceptions().casts, &found, <[String]>::len);
}

/// Functions of a file that rustfmt has laid out: from the line with `fn`
/// to the closing brace at the same indent.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let body = line.trim_start();
        if body.starts_with("//") || !has_word(body, "fn ") {
            continue;
        }
        let Some((_, rest)) = body.split_once("fn ") else { continue };
        let name: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        if name.is_empty() {
            continue;
        }
        let indent = &line[..line.len() - body.len()];
        let close = format!("{indent}}}");
        let end = lines[index..].iter().position(|line| {
            *line == close
                || line.trim_end().ends_with(";") && {
                    line.starts_with(indent)
                        && !line[indent.len()..].starts_with(' ')
                }
        });
        if let Some(end) = end {
            found.push((name, end + 1));
        }
    }
    found
}

#[test]
fn functions_and_files_are_short() {
    let mut long = BTreeMap::new();
    let mut large = BTreeMap::new();
    for (path, text) in sources() {
        let end = text.find("\n#[cfg(test)]").unwrap_or(text.len());
        let text = &text[..end];
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            large.insert(path.clone(), vec![lines.to_string()]);
        }
        for (name, lines) in functions(text) {
            if lines > FUNCTION_LINES_MAX {
                let key = format!("{path}: {name}");
                long.insert(key, vec![lines.to_string()]);
            }
        }
    }
    let number = |places: &[String]| places[0].parse().unwrap();
    let allowed = exceptions();
    hold("functions over 70 lines", &allowed.long_functions, &long, number);
    hold("files over 800 lines", &allowed.long_files, &large, number);
}

#[test]
fn what_the_readme_names_exists() {
    let readme = read("README.md");
    let mut missing = Vec::new();
    for link in readme.split("](").skip(1) {
        let target = link.split(')').next().unwrap();
        if !target.contains("://") && !root().join(target).exists() {
            missing.push(format!("link to {target}"));
        }
    }
    let cargo = read("Cargo.toml");
    for name in words_after(&readme, "cargo bench --bench ") {
        if !cargo.contains(&format!("[[bench]]\nname = \"{name}\"")) {
            missing.push(format!("bench {name}"));
        }
    }
    for bench in cargo.split("[[bench]]\nname = \"").skip(1) {
        let name = bench.split('"').next().unwrap();
        if !read("benches/README.md").contains(name) {
            missing.push(format!("bench {name} in benches/README.md"));
        }
    }
    for entry in fs::read_dir(root().join("rules")).unwrap() {
        let pack = entry.unwrap().file_name();
        let link = format!("rules/{}/README.md", pack.to_string_lossy());
        if !readme.contains(&link) {
            missing.push(format!("pack {link}"));
        }
    }
    none("README.md", &missing);
}

fn words_after<'t>(text: &'t str, before: &'t str) -> Vec<&'t str> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next())
        .collect()
}

#[test]
fn ci_runs_the_commands_of_the_readme() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("## Two commands").unwrap();
    let (section, _) = rest.split_once("\n## ").unwrap();
    let commands: Vec<&str> =
        section.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    let ci = read(".ci/run");
    let last = commands[1];
    assert!(
        ci.lines().any(|line| line.trim() == last),
        ".ci/run does not run `{last}`"
    );
    let sample = commands[0].split_whitespace().last().unwrap();
    assert!(root().join(sample).is_file(), "{sample}");
}

#[test]
fn no_file_speaks_of_one_machine() {
    // Put together so that this file does not name them.
    let paths = [["../", "shared"], ["/wo", "rk/"], ["/ro", "ot/"]];
    let mut found = Vec::new();
    for path in tracked() {
        let bytes = fs::read(root().join(&path)).unwrap();
        let Ok(text) = String::from_utf8(bytes) else { continue };
        for words in &paths {
            if text.contains(&words.concat()) {
                found.push(format!("{path}: {}", words.concat()));
            }
        }
    }
    none("paths of one machine", &found);
}

#[test]
fn dependencies_have_reasons() {
    let cargo = read("Cargo.toml");
    let mut section = "";
    let mut before = "";
    let mut missing = Vec::new();
    for line in cargo.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]")
            && line.contains('=')
            && !line.starts_with('#')
            && !before.starts_with('#')
        {
            missing.push(line.to_owned());
        }
        before = line;
    }
    none("dependencies without a comment above them", &missing);
}

#[test]
fn corpora_have_their_origin_on_record() {
    use sha2::{Digest, Sha256};
    let readme = read("corpora/README.md");
    let mut wrong = Vec::new();
    for path in files("corpora") {
        let name = path.trim_start_matches("corpora/");
        if name == "README.md" {
            continue;
        }
        let bytes = fs::read(root().join(&path)).unwrap();
        let digest = Sha256::digest(&bytes);
        let sum: String =
            digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let row = readme
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")));
        match row {
            None => wrong.push(format!("{name}: no row")),
            Some(row) if !row.contains(&sum) => {
                wrong.push(format!("{name}: sha256 is {sum}"));
            }
            Some(_) => {}
        }
    }
    none("corpora/README.md", &wrong);
}
