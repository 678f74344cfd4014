//! What the documents claim: rule blocks compile and their tests pass, the
//! example of the README gives the output shown there, the policy and the
//! settings of the README are accepted.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn trommel(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trommel"))
        .args(args)
        .current_dir(root())
        .env_remove("TROMMEL_CONFIG")
        .output()
        .unwrap()
}

/// Runs and expects success; gives standard output.
fn succeed(args: &[&str]) -> String {
    let out = trommel(args);
    let error = String::from_utf8_lossy(&out.stderr);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{args:?}: {error}{text}");
    text
}

/// Contents of the fenced blocks of a document with that info string.
fn blocks(document: &str, info: &str) -> Vec<String> {
    let open = format!("\n```{info}\n");
    read(document)
        .split(&open)
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap().to_owned() + "\n")
        .collect()
}

#[test]
fn rule_blocks_compile_and_hold() {
    let folder = tempfile::tempdir().unwrap();
    let blocks = blocks("docs/rules.md", "toml rule");
    assert!(blocks.len() >= 3, "{}", blocks.len());
    for (number, block) in blocks.iter().enumerate() {
        let path = folder.path().join(format!("block{number}.toml"));
        fs::write(&path, block).unwrap();
        let path = path.to_str().unwrap();
        succeed(&["check", path, "--deny-warnings"]);
        succeed(&["test", path]);
    }
}

#[test]
fn example_rule_holds() {
    succeed(&["check", "docs/example.toml", "--deny-warnings"]);
    succeed(&["test", "docs/example.toml"]);
}

#[test]
fn readme_shows_what_the_program_says() {
    let block = blocks("README.md", "console").remove(0);
    let (_, shown) = block.split_once("--quiet\n").unwrap();
    let command = block.lines().find(|line| line.contains("--quiet")).unwrap();
    let args: Vec<&str> =
        command.trim_start_matches("$ trommel ").split_whitespace().collect();
    let said: String = succeed(&args)
        .lines()
        .map(|line| match line.split_once("\"digest\":\"b3:") {
            Some((head, tail)) => {
                let (_, tail) = tail.split_once('"').unwrap();
                format!("{head}\"digest\":\"b3:…\"{tail}\n")
            }
            None => format!("{line}\n"),
        })
        .collect();
    assert_eq!(said, shown);
    let posts: String = block
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with('$'))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(read("docs/example.ndjson"), posts);
}

#[test]
fn sample_is_judged_and_broken_sample_is_counted() {
    let out = trommel(&["scan", "corpora/sample.ndjson", "--quiet"]);
    assert_eq!(out.status.code(), Some(0));
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(text.lines().count(), 60);
    let passed = text.matches("\"verdict\":\"pass\"").count();
    assert!((30..60).contains(&passed), "{passed} of 60 pass");
    let path = "corpora/broken-sample.ndjson";
    let out = trommel(&["scan", path, "--quiet", "--emit", "none"]);
    assert_eq!(out.status.code(), Some(3));
}

#[test]
fn policy_and_settings_of_the_readme_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.toml");
    fs::write(&policy, &blocks("README.md", "toml policy")[0]).unwrap();
    let policy = policy.to_str().unwrap();
    let posts = "docs/example.ndjson";
    succeed(&["scan", posts, "--policy", policy, "--quiet"]);
    fs::write(policy, &blocks("docs/ledger.md", "toml policy")[0]).unwrap();
    succeed(&["scan", posts, "--policy", policy, "--quiet"]);
    let settings = folder.path().join("trommel.toml");
    // The rejects file of the example must not land in the repository.
    let rejects = folder.path().join("rejects.ndjson");
    let block = blocks("README.md", "toml settings")[0].replace(
        "rejects.ndjson",
        &rejects.to_str().unwrap().replace('\\', "/"),
    );
    fs::write(&settings, block).unwrap();
    let settings = settings.to_str().unwrap();
    let text = succeed(&["scan", posts, "--config", settings, "--quiet"]);
    assert!(!text.contains("\"verdict\":\"pass\""), "{text}");
}

#[test]
fn every_diagnostic_is_in_the_reference() {
    let text = read("docs/rules.md");
    for code in trommel::lint::codes() {
        let row = format!("| {} | {} |", code.id, code.title);
        assert!(text.contains(&row), "no row `{row}` in docs/rules.md");
    }
}

#[test]
fn every_attack_is_in_its_document() {
    let text = read("docs/attack.md");
    for operator in trommel::tools::attack::OPERATORS {
        let row =
            format!("| `{}` | {} |", operator.name, operator.tier.as_str());
        assert!(text.contains(&row), "no row `{row}` in docs/attack.md");
    }
    let rows = text.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, trommel::tools::attack::OPERATORS.len());
}

#[test]
fn every_fold_is_in_the_readme() {
    let text = read("README.md");
    for fold in trommel::fold::Fold::ALL {
        let name = format!("`{}`", fold.as_str());
        assert!(text.contains(&name), "{name} is not in README.md");
    }
}

/// Splits a command line of the guide: words, 'quoted words', `<` and `>`.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (word, tail) = match rest.strip_prefix('\'') {
            Some(body) => body.split_once('\'').expect("a closing quote"),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = tail.trim_start();
    }
    words
}

/// Runs a line of the guide in its folder; gives the words.
fn follow(folder: &std::path::Path, line: &str) -> Vec<String> {
    let all = words(line);
    assert_eq!(all[0], "trommel", "{line}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trommel"));
    command.current_dir(folder).env_remove("TROMMEL_CONFIG");
    let mut rest = all[1..].iter();
    while let Some(word) = rest.next() {
        let mut path = || folder.join(rest.next().expect("a file"));
        match word.as_str() {
            "<" => {
                let file = fs::File::open(path()).unwrap();
                command.stdin(file);
            }
            ">" => {
                let file = fs::File::create(path()).unwrap();
                command.stdout(file);
            }
            word => {
                command.arg(word);
            }
        }
    }
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{line}\n{error}{text}");
    all
}

#[test]
fn the_guide_can_be_followed() {
    let folder = tempfile::tempdir().unwrap();
    let text = read("docs/rules.md");
    let (guide, _) = text.split_once("\n## The folder").unwrap();
    // The file of the last step is needed before the step is over.
    let mut files: Vec<(String, String)> = Vec::new();
    let mut steps: Vec<(bool, String, String)> = Vec::new();
    for part in guide.split("\n```").skip(1).step_by(2) {
        let (info, body) = part.split_once('\n').unwrap();
        let body = format!("{}\n", body.trim_end_matches('\n'));
        match info.split_once(" file=") {
            Some((_, name)) => {
                files.push((name.to_owned(), body.clone()));
                steps.push((true, name.to_owned(), body));
            }
            None => {
                assert_eq!(info, "sh guide");
                steps.push((false, String::new(), body));
            }
        }
    }
    let texts = files.iter().find(|(name, _)| name == "texts.txt").unwrap();
    fs::write(folder.path().join(&texts.0), &texts.1).unwrap();
    let mut commands = 0;
    for (is_file, name, body) in steps {
        if is_file {
            let path = folder.path().join(&name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, body).unwrap();
            continue;
        }
        for line in body.lines() {
            follow(folder.path(), line);
            commands += 1;
        }
    }
    assert!(commands >= 18, "{commands} commands");
    let reviewed = folder.path().join("reviewed.toml");
    let reviewed = fs::read_to_string(reviewed).unwrap();
    assert!(reviewed.contains("⟦lure:真.人.百.家.樂⟧"), "{reviewed}");
    assert!(folder.path().join("cases.ndjson").is_file());
    assert!(folder.path().join("tests.xml").is_file());
}

#[test]
fn the_page_on_learning_can_be_followed() {
    let folder = tempfile::tempdir().unwrap();
    let sample = "corpora/learn-sample.ndjson";
    fs::create_dir(folder.path().join("corpora")).unwrap();
    fs::write(folder.path().join(sample), read(sample)).unwrap();
    let mut commands = 0;
    for block in blocks("docs/learn.md", "sh learn") {
        for line in block.lines() {
            follow(folder.path(), line);
            commands += 1;
        }
    }
    assert!(commands >= 11, "{commands} commands");
    let page = fs::read_to_string(folder.path().join("curves.html"));
    assert!(page.unwrap().matches("<polyline").count() == 6);
}

#[test]
fn every_command_has_examples_in_its_help() {
    let help = succeed(&["--help"]);
    let (_, list) = help.split_once("Commands:").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let mut seen = 0;
    for line in list.lines().filter(|line| line.starts_with("  ")) {
        let name = line.split_whitespace().next().unwrap_or("help");
        if name == "help" || line.starts_with("   ") {
            continue;
        }
        seen += 1;
        let shown = succeed(&[name, "--help"]);
        assert!(shown.contains("Examples:"), "{name}: {shown}");
        let own = format!("  trommel {name}");
        let piped = format!("| trommel {name}");
        assert!(shown.contains(&own) || shown.contains(&piped), "{name}");
    }
    assert!(seen >= 14, "{seen} commands");
}
