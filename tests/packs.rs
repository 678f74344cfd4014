//! The shipped packs: they compile without a warning, and every test and
//! case in them holds on every engine. Judged as of a fixed day, so that an
//! overdue review date never turns a build red.

use trommel::base::clock::Date;
use trommel::eval::{Config, Scanner, Scratch, text_record};
use trommel::pack::{Options, compile, diagnostic, load};
use trommel::scan::EngineKind;
use trommel::tools::rule_test::{self, Ending};
use trommel::verdict::Verdict;

/// The day the shipped packs are judged on.
const TODAY: Date = Date(20261121);

fn shipped() -> trommel::pack::Compilation {
    let names = load::shipped_names().into_iter();
    let sources = names.filter_map(load::shipped).collect();
    compile(sources, &Options::default().today(TODAY))
}

#[test]
fn shipped_packs_have_no_diagnostics() {
    let result = shipped();
    let report = trommel::lint::check(&result);
    let all: Vec<String> = report
        .diagnostics
        .iter()
        .map(|d| diagnostic::render(d, &result.files, false))
        .collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn every_category_has_a_pack() {
    let names = load::shipped_names();
    for name in [
        "account_trade",
        "common",
        "contraband",
        "fraud",
        "gambling",
        "harassment",
        "personal_data",
        "piracy",
        "pyramid",
        "sexual",
        "spam",
        "threat",
    ] {
        assert!(names.contains(&name), "no pack {name}");
    }
}

#[test]
fn tests_of_the_packs_hold_on_every_engine() {
    let result = shipped();
    for engine in [EngineKind::Fused, EngineKind::Reference] {
        let image = result.image().expect("the packs compile");
        let config = Config::new().engine(engine);
        let scanner = Scanner::with_config(image, config).expect("scanner");
        let ran = rule_test::run(&result, &scanner, None);
        assert!(ran.len() > 500, "only {} tests were found", ran.len());
        let failed: Vec<String> = ran
            .iter()
            .filter_map(|test| match &test.ending {
                Ending::Failed(why) => {
                    Some(format!("{}: {}: {why}", test.rule, test.text))
                }
                _ => None,
            })
            .collect();
        assert!(failed.is_empty(), "{engine:?}\n{}", failed.join("\n"));
    }
}

#[derive(serde::Deserialize)]
struct Innocent {
    id: String,
    text: String,
    surface: String,
    #[serde(default)]
    lang: Option<String>,
}

/// `corpora/must-pass.ndjson`: ordinary texts, many of which name what the
/// packs look for. None may be taken down, and few may be reported.
#[test]
fn innocent_texts_pass_on_every_engine() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/corpora/must-pass.ndjson");
    let lines = std::fs::read_to_string(path).expect("the corpus is there");
    let innocents: Vec<Innocent> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record a line"))
        .collect();
    assert!(innocents.len() >= 500, "only {} texts", innocents.len());
    let result = shipped();
    for engine in [EngineKind::Fused, EngineKind::Reference] {
        let image = result.image().expect("the packs compile");
        let config = Config::new().engine(engine);
        let scanner = Scanner::with_config(image, config).expect("scanner");
        let mut scratch = Scratch::default();
        let mut flagged = [Vec::new(), Vec::new()];
        for innocent in &innocents {
            let mut record = text_record(&innocent.text);
            record.surface = Some(innocent.surface.as_str().into());
            record.lang = innocent.lang.as_deref().map(Into::into);
            match scanner.scan(&record, &mut scratch).verdict() {
                Verdict::Pass => {}
                Verdict::Report => flagged[0].push(&innocent.id),
                Verdict::Takedown => flagged[1].push(&innocent.id),
            }
        }
        let [reports, takedowns] = flagged;
        assert!(takedowns.is_empty(), "{engine:?} took down {takedowns:?}");
        assert!(
            reports.len() * 20 <= innocents.len(),
            "{engine:?} reported {} of {}: {reports:?}",
            reports.len(),
            innocents.len()
        );
    }
}

#[test]
fn the_same_packs_give_the_same_bytes() {
    let (a, b) = (shipped(), shipped());
    assert_eq!(a.bytes, b.bytes);
}

#[test]
fn shipped_packs_are_laid_out() {
    let sources = load::shipped_names().into_iter().filter_map(load::shipped);
    let wrong: Vec<String> = sources
        .flat_map(|source| source.files)
        .filter(|file| {
            trommel::tools::format::format(file)
                .map_or(true, |text| text != file.text)
        })
        .map(|file| file.path)
        .collect();
    assert!(wrong.is_empty(), "`trommel fmt rules` changes {wrong:?}");
}
