//! `trommel diff`: two versions of rules on one archive.

use std::cell::RefCell;
use std::fmt::Write as _;

use anyhow::{Context, bail};

use super::args::DiffArgs;
use super::exit::Exit;
use super::{messages, rules, scan};
use crate::base::{escape, int};
use crate::eval::{Scanner, Scratch};
use crate::record::Id;
use crate::source::{SourceConfig, Sources};
use crate::tools::backtest::{
    self, Backtest, Change, Edits, Expectations, Pair, Sample,
};
use crate::tools::corpus;
use crate::verdict::Verdict;

/// Longest text of a sample, in characters.
const TEXT_SHOWN_MAX: usize = 160;

pub fn run(args: &DiffArgs) -> anyhow::Result<Exit> {
    let expectations = match &args.expect {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{}", path.display()))?;
            Expectations::parse(&text)
                .map_err(anyhow::Error::msg)
                .with_context(|| format!("{}", path.display()))?
        }
        None => Expectations::default(),
    };
    let old = scanner(args, &args.old)?;
    let new = scanner(args, &args.new)?;
    let edits = backtest::edits(old.image(), new.image());
    let decoder = scan::decoder(&args.input)?;
    let config = SourceConfig::new().format(scan::format(args.input.format));
    let sources = Sources::open(&args.archive, config);
    let pair =
        Pair { old: &old, new: &new, seed: args.seed, samples: args.samples };
    thread_local! {
        /// The second scratch of a thread: scanners do not share one.
        static OTHER: RefCell<Scratch> = RefCell::default();
    }
    let (found, unread) = corpus::each(
        &decoder,
        sources,
        |frame, record, scratch, tally: &mut Backtest| {
            let id = match &record.id {
                Id::Absent => format!("{}:{}", frame.source, record.line),
                Id::Text(id) | Id::Number(id) => id.to_string(),
            };
            OTHER.with_borrow_mut(|other| {
                tally.see(&pair, id, &record, scratch, other);
            });
        },
    );
    for error in &unread.source_errors {
        messages::error(error);
    }
    if found.records == 0 {
        bail!("no record was read");
    }
    let mut failures = expectations.failures(&found);
    thresholds(args, &found, &mut failures)?;
    let shown = if args.json {
        json(&found, &edits, &failures, unread.rejects)
    } else if args.markdown {
        markdown(args, &found, &edits, &failures)
    } else {
        plain(&found, &edits)
    };
    messages::stdout(&shown)?;
    for failure in &failures {
        messages::note(&format!("not as expected: {failure}"));
    }
    if !unread.source_errors.is_empty() {
        return Ok(Exit::CouldNotRun);
    }
    if !failures.is_empty() {
        return Ok(Exit::Failed);
    }
    Ok(if unread.rejects > 0 { Exit::Rejects } else { Exit::Done })
}

fn scanner(args: &DiffArgs, spec: &str) -> anyhow::Result<Scanner> {
    let specs: Vec<String> = spec.split(',').map(str::to_owned).collect();
    let rules = super::args::RuleArgs {
        rules: specs.clone(),
        policy: args.policy.clone(),
        engine: args.engine,
        no_verify: false,
    };
    rules::scanner_of(&specs, &rules).with_context(|| spec.to_owned())
}

/// `5` records or `0.1%` of all.
fn crossed(limit: &str, count: u64, records: u64) -> anyhow::Result<bool> {
    let count = int::to_f64(count);
    if let Some(share) = limit.strip_suffix('%') {
        let share: f64 =
            share.trim().parse().context("expected a share in %")?;
        return Ok(100.0 * count > share * int::to_f64(records));
    }
    let most: u64 =
        limit.parse().context("expected a number of records or a share")?;
    Ok(count > int::to_f64(most))
}

fn thresholds(
    args: &DiffArgs,
    found: &Backtest,
    failures: &mut Vec<String>,
) -> anyhow::Result<()> {
    let takedowns = found
        .strata
        .iter()
        .filter(|((change, _, verdict), _)| {
            matches!(change, Change::Appear | Change::Up)
                && *verdict == Verdict::Takedown
        })
        .map(|(_, count)| count)
        .sum();
    let rows = [
        ("--max-new", &args.max_new, found.changes(Change::Appear)),
        ("--max-new-takedowns", &args.max_new_takedowns, takedowns),
        ("--max-lost", &args.max_lost, found.changes(Change::Vanish)),
    ];
    for (flag, limit, count) in rows {
        let Some(limit) = limit else { continue };
        let over = crossed(limit, count, found.records)
            .with_context(|| format!("{flag} {limit}"))?;
        if over {
            failures.push(format!("{flag} {limit}: found {count} records"));
        }
    }
    Ok(())
}

fn summary(found: &Backtest) -> String {
    let rows: Vec<String> = Change::ALL
        .iter()
        .map(|change| {
            format!("{} {}", found.changes(*change), change.as_str())
        })
        .collect();
    format!("{} records: {}", found.records, rows.join(", "))
}

fn edit_lines(edits: &Edits) -> Vec<(&'static str, &[String])> {
    [
        ("added", &edits.added[..]),
        ("removed", &edits.removed[..]),
        ("edited", &edits.edited[..]),
        ("edited, `updated` not moved", &edits.unstamped[..]),
    ]
    .into_iter()
    .filter(|(_, all)| !all.is_empty())
    .collect()
}

fn shortened(text: &str) -> String {
    let one_line: Vec<&str> = text.split_whitespace().collect();
    let line = one_line.join(" ");
    let mut shown: String = line.chars().take(TEXT_SHOWN_MAX).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    escape::terminal(&shown)
}

fn plain(found: &Backtest, edits: &Edits) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", summary(found));
    for (what, all) in edit_lines(edits) {
        let _ = writeln!(out, "rules {what}: {}", all.join(", "));
    }
    let _ = writeln!(out, "\n{:10} {:>10} {:>10}", "verdict", "old", "new");
    for verdict in Verdict::ALL {
        let at = verdict.index();
        let _ = writeln!(
            out,
            "{:10} {:>10} {:>10}",
            verdict.as_str(),
            found.old[at],
            found.new[at]
        );
    }
    let _ = writeln!(
        out,
        "\n{:44} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "rule", "old", "new", "appear", "vanish", "change"
    );
    for (id, count) in &found.rules {
        let _ = writeln!(
            out,
            "{id:44} {:>8} {:>8} {:>8} {:>8} {:>8}",
            count.old, count.new, count.appear, count.vanish, count.change
        );
    }
    for ((change, rule, verdict), samples) in &found.samples {
        let key = (*change, rule.clone(), *verdict);
        let total = found.strata.get(&key).copied().unwrap_or_default();
        let _ = writeln!(
            out,
            "\n{} {verdict} by {rule}: {total} records, {} shown",
            change.as_str(),
            samples.len()
        );
        for sample in samples.values() {
            let _ = writeln!(
                out,
                "  {} {} -> {}  {}",
                escape::terminal(&sample.id),
                sample.old,
                sample.new,
                shortened(&sample.text)
            );
        }
    }
    out
}

/// Text for a cell of a Markdown table: no markup of its own, on one line.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for c in shortened(text).chars() {
        if matches!(
            c,
            '|' | '`'
                | '*'
                | '_'
                | '['
                | ']'
                | '<'
                | '>'
                | '\\'
                | '#'
                | '@'
                | '!'
                | '~'
                | '&'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn markdown(
    args: &DiffArgs,
    found: &Backtest,
    edits: &Edits,
    failures: &[String],
) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "## Back-test\n");
    let _ = writeln!(
        out,
        "`{}` against `{}`. {}.\n",
        args.new,
        args.old,
        summary(found)
    );
    for failure in failures {
        let _ = writeln!(out, "- **not as expected**: {failure}");
    }
    for (what, all) in edit_lines(edits) {
        let all: Vec<String> =
            all.iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(out, "- rules {what}: {}", all.join(", "));
    }
    let _ = writeln!(out, "\n| verdict | old | new |\n|---|---:|---:|");
    for verdict in Verdict::ALL {
        let at = verdict.index();
        let (old, new) = (found.old[at], found.new[at]);
        let _ = writeln!(out, "| {verdict} | {old} | {new} |");
    }
    let changed: Vec<_> = found
        .rules
        .iter()
        .filter(|(_, c)| c.appear + c.vanish + c.change > 0)
        .collect();
    if !changed.is_empty() {
        let _ = writeln!(
            out,
            "\n| rule | old | new | appear | vanish | change |\n\
             |---|---:|---:|---:|---:|---:|"
        );
    }
    for (id, count) in changed {
        let _ = writeln!(
            out,
            "| `{id}` | {} | {} | {} | {} | {} |",
            count.old, count.new, count.appear, count.vanish, count.change
        );
    }
    sample_tables(found, &mut out);
    out
}

/// A folded table for each kind of change and rule.
fn sample_tables(found: &Backtest, out: &mut String) {
    for ((change, rule, verdict), samples) in &found.samples {
        let key = (*change, rule.clone(), *verdict);
        let total = found.strata.get(&key).copied().unwrap_or_default();
        let change = change.as_str();
        let _ = writeln!(
            out,
            "\n<details><summary>{change}: {verdict} by {rule} ({total})\
             </summary>\n\n| id | was | is | text | found |\n\
             |---|---|---|---|---|"
        );
        for sample in samples.values() {
            let quotes: Vec<String> =
                sample.quotes.iter().take(4).map(|q| cell(q)).collect();
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                cell(&sample.id),
                sample.old,
                sample.new,
                cell(&sample.text),
                quotes.join(", ")
            );
        }
        let _ = writeln!(out, "\n</details>");
    }
}

fn json(
    found: &Backtest,
    edits: &Edits,
    failures: &[String],
    rejects: u64,
) -> String {
    let counts = |all: &[u64; 3]| {
        serde_json::json!({
            "pass": all[0], "report": all[1], "takedown": all[2],
        })
    };
    let sample = |sample: &Sample| {
        serde_json::json!({
            "id": sample.id,
            "old": sample.old.as_str(),
            "new": sample.new.as_str(),
            "text": sample.text,
            "quotes": sample.quotes,
        })
    };
    let strata: Vec<serde_json::Value> = found
        .strata
        .iter()
        .map(|(key, count)| {
            let samples: Vec<serde_json::Value> = found
                .samples
                .get(key)
                .map(|all| all.values().map(sample).collect())
                .unwrap_or_default();
            serde_json::json!({
                "change": key.0.as_str(),
                "rule": key.1,
                "verdict": key.2.as_str(),
                "records": count,
                "samples": samples,
            })
        })
        .collect();
    let rules: serde_json::Map<String, serde_json::Value> = found
        .rules
        .iter()
        .map(|(id, c)| {
            let value = serde_json::json!({
                "old": c.old,
                "new": c.new,
                "appear": c.appear,
                "vanish": c.vanish,
                "change": c.change,
            });
            (id.clone(), value)
        })
        .collect();
    let value = serde_json::json!({
        "records": found.records,
        "rejects": rejects,
        "old": counts(&found.old),
        "new": counts(&found.new),
        "rules": rules,
        "changes": strata,
        "rules_added": edits.added,
        "rules_removed": edits.removed,
        "rules_edited": edits.edited,
        "rules_edited_unstamped": edits.unstamped,
        "failures": failures,
    });
    format!("{value:#}\n")
}
