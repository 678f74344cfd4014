//! `trommel attack`: how many disguises the packs see through.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::args::AttackArgs;
use super::exit::Exit;
use super::{messages, rules};
use crate::base::{int, near, wilson};
use crate::eval::{Config, Scanner};
use crate::tools::attack::{self, Case, OPERATORS, Plan, Report, Row, Score};

/// Columns of the table by length of the term.
const BUCKETS: [&str; 8] = [
    "zh 2",
    "zh 3",
    "zh 4",
    "zh 5+",
    "en 1-3",
    "en 4-6",
    "en 7+",
    "link or number",
];

pub fn run(args: &AttackArgs) -> anyhow::Result<Exit> {
    for name in &args.operator {
        if !OPERATORS.iter().any(|operator| operator.name == name) {
            let names = OPERATORS.iter().map(|operator| operator.name);
            let hint = near::nearest(name, names)
                .map(|near| format!("; did you mean {near:?}?"))
                .unwrap_or_default();
            bail!("no attack is called {name:?}{hint}");
        }
    }
    if outputs(args).filter(|path| is_stdout(path)).count() > 1 {
        bail!(
            "--emit-cases and --emit-misses cannot both be standard output: \
             name a file for one of them"
        );
    }
    let image = rules::image(&args.packs)?;
    let config = Config::new().engine(rules::engine(args.engine));
    let scanner = Scanner::with_config(image, config)?;
    let plan = Plan {
        seed: args.seed,
        terms: args.terms,
        only: args.operator.clone(),
    };
    let (report, cases) = attack::run(&scanner, &plan);
    if report.terms == 0 {
        bail!("the packs have no term that an attack could disguise");
    }
    if let Some(path) = &args.emit_cases {
        write(path, &cases, |_| true)?;
    }
    if let Some(path) = &args.emit_misses {
        write(path, &cases, |case| case.miss().is_some())?;
    }
    let shown = if args.json {
        json(&scanner, args, &report)
    } else {
        table(args, &report)
    };
    if outputs(args).any(is_stdout) {
        messages::note(shown.trim_end());
    } else {
        messages::stdout(&shown)?;
    }
    Ok(Exit::Done)
}

/// Some of the cases as NDJSON: the text, what is to be found where, and what
/// went wrong.
fn write(
    path: &Path,
    cases: &[Case],
    keep: impl Fn(&Case) -> bool,
) -> anyhow::Result<()> {
    let mut out = String::new();
    for (number, case) in cases.iter().enumerate().filter(|(_, c)| keep(c)) {
        let mut value = serde_json::json!({
            "id": format!("attack-{number:06}"),
            "text": case.text,
            "label": if case.term.is_some() { "attack" } else { "clean" },
            "operator": case.operator,
            "tier": case.tier.as_str(),
            "strength": case.strength,
            "lang": case.lang,
            "length": case.length,
            "term": case.term,
            "start": case.start,
            "end": case.end,
        });
        if let Some(miss) = case.miss() {
            value["miss"] = miss.into();
        }
        let _ = writeln!(out, "{value}");
    }
    if is_stdout(path) {
        return Ok(messages::stdout(&out)?);
    }
    std::fs::write(path, out)
        .with_context(|| format!("writing {}", path.display()))
}

/// Where cases go.
fn outputs(args: &AttackArgs) -> impl Iterator<Item = &Path> {
    let both = [&args.emit_cases, &args.emit_misses];
    both.into_iter().flatten().map(PathBuf::as_path)
}

fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    format!("{:.1}", 100.0 * int::to_f64(part) / int::to_f64(whole))
}

fn table(args: &AttackArgs, report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} terms, seed {}. Recall in %, of terms with 3 Han or 4 Latin \
         letters or more (95 % Wilson interval); exact: places among the \
         found; then recall by language and length; clean: attacked \
         sentences without a term that are flagged.\n",
        report.terms, args.seed
    );
    let _ = write!(
        out,
        "{:24} {:12} {:4} {:>6} {:>6} {:>13} {:>6}",
        "attack", "strength", "tier", "cases", "recall", "interval", "exact"
    );
    for name in BUCKETS {
        let name = if name == "link or number" { "link" } else { name };
        let _ = write!(out, " {name:>6}");
    }
    let _ = writeln!(out, " {:>8}", "clean");
    for ((at, strength), row) in &report.rows {
        let operator = &OPERATORS[*at];
        let Score { cases, found, exact } = row.long;
        let (low, high) = wilson::interval(found, cases);
        let interval = match cases {
            0 => "–".to_owned(),
            _ => format!("{:.1}–{:.1}", 100.0 * low, 100.0 * high),
        };
        let _ = write!(
            out,
            "{:24} {:12} {:4} {cases:>6} {:>6} {interval:>13} {:>6}",
            operator.name,
            operator.strengths[*strength],
            operator.tier.as_str(),
            percent(found, cases),
            percent(exact, found)
        );
        for name in BUCKETS {
            let score = row.by_length.get(name).copied().unwrap_or_default();
            let _ = write!(out, " {:>6}", percent(score.found, score.cases));
        }
        let clean = format!("{}/{}", row.clean_flagged, row.clean);
        let _ = writeln!(out, " {clean:>8}");
    }
    let (clean, flagged) = totals(report);
    let _ = writeln!(
        out,
        "\nclean sentences flagged: {}/{} as they are ({} %), \
         {flagged}/{clean} attacked ({} %)",
        report.plain_flagged,
        report.plain,
        percent(report.plain_flagged, report.plain),
        percent(flagged, clean)
    );
    out
}

fn totals(report: &Report) -> (u64, u64) {
    report.rows.values().fold((0, 0), |(clean, flagged), row| {
        (clean + row.clean, flagged + row.clean_flagged)
    })
}

fn json(scanner: &Scanner, args: &AttackArgs, report: &Report) -> String {
    let score = |score: &Score| {
        let (low, high) = wilson::interval(score.found, score.cases);
        serde_json::json!({
            "cases": score.cases,
            "found": score.found,
            "exact": score.exact,
            "recall": ratio(score.found, score.cases),
            "interval": [low, high],
        })
    };
    let rows: Vec<serde_json::Value> = report
        .rows
        .iter()
        .map(|((at, strength), row): (_, &Row)| {
            let operator = &OPERATORS[*at];
            let by_length: serde_json::Map<String, serde_json::Value> = row
                .by_length
                .iter()
                .map(|(name, found)| ((*name).to_owned(), score(found)))
                .collect();
            serde_json::json!({
                "operator": operator.name,
                "tier": operator.tier.as_str(),
                "strength": operator.strengths[*strength],
                "long": score(&row.long),
                "by_length": by_length,
                "clean": row.clean,
                "clean_flagged": row.clean_flagged,
            })
        })
        .collect();
    let (clean, flagged) = totals(report);
    let value = serde_json::json!({
        "digest": scanner.image().digest(),
        "seed": args.seed,
        "terms": report.terms,
        "rows": rows,
        "clean": {
            "plain": report.plain,
            "plain_flagged": report.plain_flagged,
            "attacked": clean,
            "attacked_flagged": flagged,
        },
    });
    format!("{value:#}\n")
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| int::to_f64(part) / int::to_f64(whole))
}
