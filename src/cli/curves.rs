//! The part of `trommel eval` that compares systems: packs, models, both.
//! Curves, resampled intervals, pictures.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail, ensure};

use super::args::EvalArgs;
use super::{messages, rules};
use crate::base::int;
use crate::decode::Decoder;
use crate::source::Sources;
use crate::tools::curves::{self, Curve, Figures, Judged, Ranged};
use crate::tools::evaluate::{self, Measured, Plan};
use crate::tools::plot::{self, Drawn, ranged};

/// Rounds of resampling when none are asked for.
const ROUNDS: u16 = 200;
/// The share of clean records at which recall is given.
const RATE: f64 = 0.001;

/// One system with what was measured.
pub struct System {
    name: String,
    curve: Curve,
    figures: Figures,
}

/// Whether curves are asked for.
pub fn wanted(args: &EvalArgs) -> bool {
    let rounds = args.bootstrap.is_some_and(|rounds| rounds > 0);
    rounds || args.plot.is_some() || !args.compare.is_empty()
}

/// Refuses a picture that is neither SVG nor HTML before the work begins.
pub fn check(path: &Path) -> anyhow::Result<()> {
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or("");
    if !matches!(end, "svg" | "html") {
        bail!(
            "--plot {}: expected a name that ends in .svg or .html",
            path.display()
        );
    }
    Ok(())
}

/// Measures the systems of --compare, and works out the figures of all.
/// Nothing when no curves are asked for.
pub fn systems(
    args: &EvalArgs,
    decoder: &Decoder,
    plan: &Plan,
    open: impl Fn() -> Sources,
    first: Vec<Judged>,
) -> anyhow::Result<Vec<System>> {
    if !wanted(args) {
        return Ok(Vec::new());
    }
    let own = match args.rules.rules.is_empty() {
        true => "all shipped packs".to_owned(),
        false => args.rules.rules.join("+"),
    };
    let mut names = vec![own];
    let mut judged = vec![first];
    for specs in &args.compare {
        let list: Vec<String> = specs.split(',').map(str::to_owned).collect();
        let scanner = rules::scanner_of(&list, &args.rules)
            .with_context(|| format!("--compare {specs}"))?;
        let plan = Plan { errors: false, ..plan.clone() };
        let measured = evaluate::measure(&scanner, decoder, &plan, open());
        names.push(list.join("+"));
        judged.push(measured.judged);
    }
    let same = judged.iter().all(|own| {
        own.len() == judged[0].len()
            && own.iter().zip(&judged[0]).all(|(a, b)| a.place == b.place)
    });
    ensure!(
        same,
        "the records changed while they were read: systems can be compared \
         only on the same records (not on a pipe)"
    );
    let rounds = usize::from(args.bootstrap.unwrap_or(ROUNDS));
    let figures = curves::figures(&judged, rounds, args.seed);
    let all = names.into_iter().zip(&judged).zip(figures);
    Ok(all
        .map(|((name, judged), figures)| System {
            name,
            curve: Curve::of(judged),
            figures,
        })
        .collect())
}

/// A table of all systems, and what the others have more than the first.
pub fn table(systems: &[System]) -> String {
    let mut out = String::new();
    if systems.is_empty() {
        return out;
    }
    let _ = writeln!(out, "\nsystems, with the range of 95 % of samples");
    for system in systems {
        let Figures { recall, recall_takedown, flagged, taken, .. } =
            &system.figures;
        let _ = writeln!(
            out,
            "{}\n  recall {}, by takedown {}\n  clean in 10,000: flagged \
             {}, taken down {}\n  ROC area {:.4}, average precision {:.4}, \
             recall at 1 in 1,000 clean {:.3}",
            system.name,
            ranged(recall, 3),
            ranged(recall_takedown, 3),
            ranged(flagged, 2),
            ranged(taken, 2),
            system.curve.area,
            system.curve.average_precision,
            system.curve.recall_at(RATE)
        );
    }
    for system in systems.iter().skip(1) {
        let Figures { recall_more, flagged_more, .. } = &system.figures;
        let _ = writeln!(
            out,
            "{} against {}: recall {}, clean flagged in 10,000 {}",
            system.name,
            systems[0].name,
            signed(recall_more, 3),
            signed(flagged_more, 2)
        );
    }
    out
}

fn signed(of: &Ranged, digits: usize) -> String {
    format!(
        "{:+.digits$} ({:+.digits$} to {:+.digits$})",
        of.value, of.low, of.high
    )
}

/// What became of each label: one row a label, one column a category.
pub fn confusion(measured: &Measured) -> String {
    let mut columns: BTreeSet<&str> =
        measured.confusion.keys().map(|(_, became)| *became).collect();
    columns.remove("pass");
    let columns: Vec<&str> = std::iter::once("pass").chain(columns).collect();
    let labels: BTreeSet<&str> =
        measured.confusion.keys().map(|(label, _)| &**label).collect();
    let mut out = format!("\n{:16}", "label, became");
    for column in &columns {
        let _ = write!(out, " {column:>13}");
    }
    out.push('\n');
    for label in labels {
        let _ = write!(out, "{label:16}");
        for column in &columns {
            let key = (label.to_owned(), *column);
            let count = measured
                .confusion
                .iter()
                .find(|((own, became), _)| (own, became) == (&key.0, &key.1))
                .map_or(0, |(_, count)| *count);
            let _ = write!(out, " {count:>13}");
        }
        out.push('\n');
    }
    out
}

/// The same as JSON.
pub fn json(systems: &[System]) -> serde_json::Value {
    let range = |of: &Ranged| {
        serde_json::json!({
            "value": of.value, "low": of.low, "high": of.high,
        })
    };
    let all = systems.iter().map(|system| {
        let figures = &system.figures;
        serde_json::json!({
            "name": system.name,
            "recall": range(&figures.recall),
            "recall_takedown": range(&figures.recall_takedown),
            "flagged_in_10000": range(&figures.flagged),
            "takedown_in_10000": range(&figures.taken),
            "recall_more": range(&figures.recall_more),
            "flagged_more_in_10000": range(&figures.flagged_more),
            "roc_area": system.curve.area,
            "average_precision": system.curve.average_precision,
            "recall_at_1_in_1000": system.curve.recall_at(RATE),
            "points": int::to_u64(system.curve.points.len()),
        })
    });
    all.collect()
}

/// Writes the picture.
pub fn plot(path: &Path, systems: &[System]) -> anyhow::Result<()> {
    let drawn: Vec<Drawn<'_>> = systems
        .iter()
        .map(|system| Drawn {
            name: &system.name,
            curve: &system.curve,
            figures: &system.figures,
        })
        .collect();
    let text = if path.extension().is_some_and(|end| end == "html") {
        let note = "A circle is all that the system flags, a square what it \
                    takes down. Records count by their weight; ranges hold \
                    95 % of resampled figures. The rank of a record is the \
                    log odds of its most confident rule or the highest score \
                    of a model.";
        plot::html(&drawn, note)
    } else {
        plot::svg(&drawn)
    };
    std::fs::write(path, text)
        .with_context(|| format!("writing {}", path.display()))?;
    messages::note(&format!("{}: {} systems", path.display(), drawn.len()));
    Ok(())
}
