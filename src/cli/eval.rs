//! `trommel eval`: packs measured on labelled records.

use std::fmt::Write as _;

use anyhow::{Context, bail};

use super::args::{EvalArgs, InputArgs};
use super::exit::Exit;
use super::{curves, messages, rules, scan};
use crate::base::int;
use crate::eval::Scanner;
use crate::source::{SourceConfig, Sources};
use crate::tools::evaluate::{self, Counts, Exclude, Measured, Plan};

pub fn run(args: &EvalArgs) -> anyhow::Result<Exit> {
    if let Some(path) = &args.plot {
        curves::check(path)?;
    }
    let scanner = rules::scanner(&args.rules)?;
    let decoder = scan::decoder(&InputArgs::default())?;
    let exclude = Exclude::parse_all(&args.exclude)?;
    let plan = Plan {
        label: args.label.clone(),
        clean: args.clean.clone(),
        exclude,
        errors: args.errors.is_some(),
        keep: curves::wanted(args),
    };
    let open = || {
        let config = SourceConfig::new().texts(decoder.text_paths());
        Sources::open(&args.paths, config)
    };
    let mut measured = evaluate::measure(&scanner, &decoder, &plan, open());
    for error in &measured.source_errors {
        messages::error(error);
    }
    if measured.groups.is_empty() {
        if !measured.source_errors.is_empty() {
            return Ok(Exit::CouldNotRun);
        }
        bail!(
            "no labelled record was read ({} without a label, {} excluded, \
             {} rejects): is the label under another key (--label)?",
            measured.unlabelled,
            measured.excluded,
            measured.rejects
        );
    }
    if let Some(path) = &args.errors {
        let mut text = measured.errors.join("\n");
        text.push('\n');
        std::fs::write(path, text)
            .with_context(|| format!("writing {}", path.display()))?;
    }
    let first = std::mem::take(&mut measured.judged);
    let systems = curves::systems(args, &decoder, &plan, open, first)?;
    let shown = if args.json {
        let mut value = json(&scanner, &plan, &measured);
        if !systems.is_empty() {
            value["systems"] = curves::json(&systems);
        }
        format!("{value:#}\n")
    } else {
        let mut text = table(&scanner, &plan, &measured, args.by_rule);
        if args.confusion {
            text.push_str(&curves::confusion(&measured));
        }
        text + &curves::table(&systems)
    };
    messages::stdout(&shown)?;
    if let Some(path) = &args.plot {
        curves::plot(path, &systems)?;
    }
    if !measured.source_errors.is_empty() {
        return Ok(Exit::CouldNotRun);
    }
    Ok(if measured.rejects > 0 { Exit::Rejects } else { Exit::Done })
}

/// Sums over clean and over other records.
fn totals(plan: &Plan, measured: &Measured) -> (Counts, Counts) {
    let (mut clean, mut caught) = (Counts::default(), Counts::default());
    for ((_, label), counts) in &measured.groups {
        if plan.clean.contains(label) {
            clean.merge(counts);
        } else {
            caught.merge(counts);
        }
    }
    (clean, caught)
}

/// Share of flagged records that are not clean.
fn precision(clean: u64, caught: u64) -> f64 {
    let all = int::to_f64(clean + caught);
    if all > 0.0 { int::to_f64(caught) / all } else { 1.0 }
}

fn table(
    scanner: &Scanner,
    plan: &Plan,
    measured: &Measured,
    by_rule: bool,
) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{:24} {:12} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "set",
        "label",
        "records",
        "takedown",
        "report",
        "pass",
        "recall",
        "takedown"
    );
    for ((set, label), counts) in &measured.groups {
        if plan.clean.contains(label) {
            continue;
        }
        let [pass, held, taken] = counts.verdicts;
        let _ = writeln!(
            out,
            "{set:24} {label:12} {:>8} {taken:>8} {held:>8} {pass:>8} \
             {:>8.3} {:>8.3}",
            counts.records(),
            counts.recall(),
            counts.recall_takedown()
        );
    }
    let _ = writeln!(
        out,
        "\n{:24} {:12} {:>8} {:>8} {:>8} {:>10} {:>10}",
        "set", "label", "records", "takedown", "report", "takedown", "flagged"
    );
    let _ = writeln!(
        out,
        "{:24} {:12} {:>8} {:>8} {:>8} {:>10} {:>10}",
        "", "", "", "", "", "in 10,000", "in 10,000"
    );
    let (clean, caught) = totals(plan, measured);
    let mut line = |set: &str, label: &str, counts: &Counts| {
        let [_, held, taken] = counts.verdicts;
        let _ = writeln!(
            out,
            "{set:24} {label:12} {:>8} {taken:>8} {held:>8} {:>10.2} \
             {:>10.2}",
            counts.records(),
            counts.takedown_in_10k(),
            counts.flagged_in_10k()
        );
    };
    for ((set, label), counts) in &measured.groups {
        if plan.clean.contains(label) {
            line(set, label, counts);
        }
    }
    line("all clean", "", &clean);
    line("  with mention", "", &measured.mention);
    let _ = writeln!(
        out,
        "\nprecision: takedown {:.4}, takedown or report {:.4} (unweighted)",
        precision(clean.verdicts[2], caught.verdicts[2]),
        precision(clean.flagged(), caught.flagged())
    );
    let _ = writeln!(
        out,
        "left out: {} excluded, {} without a label, {} rejects",
        measured.excluded, measured.unlabelled, measured.rejects
    );
    if by_rule {
        rules_table(scanner, measured, &mut out);
    }
    out
}

fn rules_table(scanner: &Scanner, measured: &Measured, out: &mut String) {
    let _ = writeln!(
        out,
        "\n{:44} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "rule", "clean", "clean", "caught", "caught", "caught"
    );
    let _ = writeln!(
        out,
        "{:44} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "takedown", "report", "takedown", "report", "alone"
    );
    let mut rows: Vec<_> = measured.rules.iter().collect();
    rows.sort_by_key(|(rule, counts)| {
        (std::cmp::Reverse((counts.clean[2], counts.clean[1])), **rule)
    });
    for (rule, counts) in rows {
        let id = &scanner.image().meta().rules[int::to_usize(*rule)].id;
        let _ = writeln!(
            out,
            "{id:44} {:>9} {:>9} {:>9} {:>9} {:>9}",
            counts.clean[2],
            counts.clean[1],
            counts.caught[2],
            counts.caught[1],
            counts.alone
        );
    }
}

fn json(
    scanner: &Scanner,
    plan: &Plan,
    measured: &Measured,
) -> serde_json::Value {
    let (clean, caught) = totals(plan, measured);
    let counts_json = |counts: &Counts| {
        let [pass, held, taken] = counts.verdicts;
        serde_json::json!({
            "records": counts.records(),
            "verdicts": {"pass": pass, "report": held, "takedown": taken},
            "recall": counts.recall(),
            "recall_takedown": counts.recall_takedown(),
            "flagged_in_10000": counts.flagged_in_10k(),
            "takedown_in_10000": counts.takedown_in_10k(),
        })
    };
    let groups: Vec<serde_json::Value> = measured
        .groups
        .iter()
        .map(|((set, label), counts)| {
            let mut value = counts_json(counts);
            value["set"] = set.as_str().into();
            value["label"] = label.as_str().into();
            value["clean"] = plan.clean.contains(label).into();
            value
        })
        .collect();
    let rules: serde_json::Map<String, serde_json::Value> = measured
        .rules
        .iter()
        .map(|(rule, counts)| {
            let meta = &scanner.image().meta().rules[int::to_usize(*rule)];
            let value = serde_json::json!({
                "clean_takedown": counts.clean[2],
                "clean_report": counts.clean[1],
                "caught_takedown": counts.caught[2],
                "caught_report": counts.caught[1],
                "caught_alone": counts.alone,
            });
            (meta.id.clone(), value)
        })
        .collect();
    let mut confusion = serde_json::json!({});
    for ((label, became), count) in &measured.confusion {
        confusion[label.as_str()][*became] = (*count).into();
    }
    serde_json::json!({
        "digest": scanner.image().digest(),
        "groups": groups,
        "clean": counts_json(&clean),
        "mention": counts_json(&measured.mention),
        "caught": counts_json(&caught),
        "precision_takedown":
            precision(clean.verdicts[2], caught.verdicts[2]),
        "precision_flagged": precision(clean.flagged(), caught.flagged()),
        "excluded": measured.excluded,
        "unlabelled": measured.unlabelled,
        "rejects": measured.rejects,
        "rules": rules,
        "confusion": confusion,
    })
}
