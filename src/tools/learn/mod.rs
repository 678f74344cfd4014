//! Learned dictionaries. In: labelled records; out: one sparse linear model
//! a category over folded n-grams, with thresholds for a false-positive
//! target, as the files of an ordinary pack; or what cross-validation says
//! such models are worth. Writes no file.

mod data;
mod measure;
mod pack;
mod train;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{bail, ensure};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::base::{int, limits};
use crate::decode::Decoder;
use crate::scan::grams::Sizes;
use crate::scan::score::{length_factor, score_of};
use crate::source::Sources;
use crate::verdict::Category;

pub use data::{Reading, Rows, read};
pub use measure::{Bin, Scored, Share};
pub use pack::{Words, files};
pub use train::{Loss, Training};

use data::Matrix;
use train::{Example, Model};

/// Rows of a category below which nothing can be learned.
const EXAMPLES_MIN: usize = 4;
/// Parts that rows are drawn into before some are held out.
const PARTS: usize = 20;

/// How to learn.
#[derive(Clone, Debug)]
pub struct Plan {
    pub sizes: Sizes,
    /// Rows that must have an n-gram before it is looked at.
    pub least: u32,
    pub training: Training,
    /// Share of clean rows that may be flagged.
    pub fpr_max: f64,
    /// Share of rows kept out of training.
    pub held_out: f64,
    /// Labels that are clean.
    pub clean: Vec<String>,
    /// What labels mean; `None`: leave such rows out.
    pub categories: BTreeMap<String, Option<Category>>,
}

/// Labelled rows, ready to train on.
pub struct Ready {
    pub rows: Rows,
    matrix: Matrix,
    /// Names of the classes; 0 is clean.
    pub classes: Vec<Class>,
    /// By row: its class.
    class_of: Vec<usize>,
    groups: Vec<u32>,
}

/// What a model finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Clean,
    Of(Category),
    /// Any of the categories.
    Any,
}

impl Class {
    pub fn name(self) -> &'static str {
        match self {
            Class::Clean => "clean",
            Class::Of(category) => category.as_str(),
            Class::Any => "any",
        }
    }
}

/// One finished model.
#[derive(Clone, Debug)]
pub struct Learned {
    /// A category or any.
    pub class: Class,
    /// From which score on the model counts: of the model that decides, for
    /// the false-positive target; of the others, which category it is.
    pub threshold: f64,
    /// In ten-thousandths, like the weights.
    pub bias: i64,
    pub grams: Vec<LearnedGram>,
    /// Rows of the category that it was trained on.
    pub examples: u64,
}

/// One n-gram of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnedGram {
    pub key: u64,
    pub weight: i64,
    /// Training rows of the category and others that have it.
    pub own: u32,
    pub others: u32,
}

/// What rows that were held out say.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// From which log odds records are flagged.
    pub threshold: f64,
    /// By category: held-out rows that were flagged as it.
    pub caught: BTreeMap<&'static str, Share>,
    /// Recall by set and label.
    pub sets: BTreeMap<(String, String), Share>,
    pub clean: Share,
    pub mention: Share,
    pub reliability: BTreeMap<&'static str, [Bin; 10]>,
    /// Mean F1 over classes, and that of each, by set.
    pub f1: BTreeMap<String, (f64, BTreeMap<String, f64>)>,
}

/// Reads records, decides what their labels mean, counts their n-grams.
pub fn prepare(
    decoder: &Decoder,
    sources: Sources,
    reading: &Reading,
    plan: &Plan,
) -> anyhow::Result<(Ready, crate::tools::corpus::Unread)> {
    let (mut rows, unread) = data::read(decoder, sources, reading);
    // Part of the records would be another model.
    ensure!(unread.source_errors.is_empty(), unread.source_errors.join("\n"));
    let (classes, class_of) = classes(&mut rows, plan)?;
    for (number, class) in classes.iter().enumerate() {
        if *class == Class::Any {
            continue;
        }
        let count = class_of.iter().filter(|c| **c == number).count();
        ensure!(
            count >= EXAMPLES_MIN,
            "{count} records are {}: at least {EXAMPLES_MIN} are needed to \
             learn from",
            class.name()
        );
    }
    let matrix = data::matrix(&rows.rows, plan.sizes, plan.least);
    ensure!(
        !matrix.keys.is_empty(),
        "no n-gram is in {} records or more: nothing can be learned",
        plan.least
    );
    let flagged: Vec<bool> = class_of.iter().map(|c| *c > 0).collect();
    let groups = data::groups(&matrix, &flagged);
    let ready = Ready { rows, matrix, classes, class_of, groups };
    Ok((ready, unread))
}

/// The classes of the rows; rows that the plan leaves out are taken out.
fn classes(
    rows: &mut Rows,
    plan: &Plan,
) -> anyhow::Result<(Vec<Class>, Vec<usize>)> {
    let mut unknown: BTreeMap<&str, u64> = BTreeMap::new();
    let class = |label: &str| -> Option<Option<Class>> {
        if plan.clean.iter().any(|clean| clean == label) {
            return Some(Some(Class::Clean));
        }
        match plan.categories.get(label) {
            Some(category) => Some(category.map(Class::Of)),
            None => {
                let category = Category::parse(label)?;
                Some(Some(Class::Of(category)))
            }
        }
    };
    for row in &rows.rows {
        if class(&row.label).is_none() {
            *unknown.entry(&row.label).or_default() += 1;
        }
    }
    if let Some((label, _)) = unknown.iter().next() {
        let all: Vec<String> = unknown
            .iter()
            .map(|(label, count)| format!("{label} ({count})"))
            .collect();
        let known: Vec<&str> =
            Category::ALL.iter().map(|c| c.as_str()).collect();
        bail!(
            "labels that are neither clean nor a category: {}\nsay what \
             they are with `--category {label}=NAME` (or `{label}=-` to \
             leave them out); categories are {}",
            all.join(", "),
            known.join(", ")
        );
    }
    let kept = |row: &data::Row| class(&row.label).flatten();
    rows.rows.retain(|row| kept(row).is_some());
    let names: BTreeSet<&str> = rows
        .rows
        .iter()
        .filter_map(kept)
        .filter(|class| *class != Class::Clean)
        .map(Class::name)
        .collect();
    let mut all = vec![Class::Clean];
    let known = names.iter().filter_map(|name| Category::parse(name));
    all.extend(known.map(Class::Of));
    if all.len() == 1 {
        bail!(
            "every record is clean: there is no category to learn (is the \
             label under another key? say --label)"
        );
    }
    let class_of = rows
        .rows
        .iter()
        .filter_map(|row| {
            let own = kept(row)?;
            all.iter().position(|class| *class == own)
        })
        .collect();
    // With one category its model is the one that decides.
    if all.len() > 2 {
        all.push(Class::Any);
    }
    Ok((all, class_of))
}

impl Ready {
    pub fn row_count(&self) -> usize {
        self.matrix.rows()
    }

    pub fn gram_count(&self) -> usize {
        self.matrix.keys.len()
    }

    fn is_of(&self, class: usize, row: usize) -> bool {
        match self.classes[class] {
            Class::Any => self.class_of[row] != 0,
            _ => self.class_of[row] == class,
        }
    }

    fn examples(&self, class: usize, rows: &[usize]) -> Vec<Example> {
        let one = |row: &usize| Example {
            row: *row,
            weight: self.rows.rows[*row].weight,
            positive: self.is_of(class, *row),
        };
        rows.iter().map(one).collect()
    }

    fn scored(&self, class: usize, row: usize, score: f64) -> Scored {
        Scored {
            score,
            positive: self.is_of(class, row),
            weight: self.rows.rows[row].weight,
        }
    }
}

/// Scores of rows by a model that is not in whole numbers yet.
fn raw_scores(ready: &Ready, model: &Model, rows: &[usize]) -> Vec<f64> {
    let mut dense = vec![0.0; ready.matrix.keys.len()];
    for (gram, weight) in &model.weights {
        dense[int::to_usize(*gram)] = *weight;
    }
    rows.iter()
        .map(|row| {
            let grams = ready.matrix.row(*row).iter();
            let sum: f64 = grams.map(|g| dense[int::to_usize(*g)]).sum();
            model.bias + sum * length_factor(ready.matrix.letters[*row])
        })
        .collect()
}

/// Trains a model a category on most rows, and chooses and tries the
/// threshold on those that were held out: one half chooses, the other half
/// is reported.
pub fn learn(ready: &Ready, plan: &Plan) -> (Vec<Learned>, Report) {
    let parts = data::split(&ready.groups, PARTS, plan.training.seed);
    let share = plan.held_out * int::to_f64(int::to_u64(PARTS));
    let held = int::usize_from(int::whole(share.round())).unwrap_or(0);
    let held = held.clamp(2, PARTS - 2);
    let rows = |from: usize, to: usize| -> Vec<usize> {
        let all = parts.iter().enumerate();
        let inside = all.filter(|(_, part)| (from..to).contains(part));
        inside.map(|(row, _)| row).collect()
    };
    let choosing = rows(0, held / 2);
    let trying = rows(held / 2, held);
    let training = rows(held, PARTS);
    let numbers: Vec<usize> = (1..ready.classes.len()).collect();
    let mut learned: Vec<Learned> = numbers
        .par_iter()
        .map(|class| one(ready, plan, *class, &training, &choosing))
        .collect();
    let scores = |rows: &[usize]| -> Vec<Vec<f64>> {
        let each = learned.par_iter();
        each.map(|model| whole_scores(ready, model, rows)).collect()
    };
    let chosen = scores(&choosing);
    let limits = thresholds(ready, &choosing, &chosen, plan.fpr_max);
    let tried = scores(&trying);
    let report = report(ready, &trying, &tried, &limits);
    for (model, limit) in learned.iter_mut().zip(&limits) {
        model.threshold = *limit;
    }
    (learned, report)
}

/// The threshold of each model but that of clean: of the one that decides
/// for the false-positive target, of the others the one that tells flagged
/// records of the category best from other flagged ones.
fn thresholds(
    ready: &Ready,
    rows: &[usize],
    scores: &[Vec<f64>],
    fpr_max: f64,
) -> Vec<f64> {
    let Some(deciding) = scores.last() else { return Vec::new() };
    let all = rows.iter().zip(deciding);
    let clean = all.filter(|(row, _)| ready.class_of[**row] == 0);
    let clean = clean.map(|(_, score)| *score).collect();
    let limit = measure::threshold(clean, fpr_max);
    let last = scores.len() - 1;
    let mut limits: Vec<f64> = scores[..last]
        .iter()
        .enumerate()
        .map(|(number, own)| {
            let flagged = rows.iter().zip(deciding).zip(own);
            let flagged = flagged.filter(|((_, any), _)| **any >= limit);
            let scored = flagged.map(|((row, _), score)| {
                ready.scored(number + 1, *row, *score)
            });
            measure::divide(scored.collect())
        })
        .collect();
    limits.push(limit);
    limits
}

/// One model, calibrated and in whole numbers.
fn one(
    ready: &Ready,
    plan: &Plan,
    class: usize,
    training: &[usize],
    choosing: &[usize],
) -> Learned {
    let examples = ready.examples(class, training);
    let model = train::train(&ready.matrix, &examples, &plan.training);
    let scores = raw_scores(ready, &model, choosing);
    let scored: Vec<Scored> = choosing
        .iter()
        .zip(scores)
        .map(|(row, score)| ready.scored(class, *row, score))
        .collect();
    let line = measure::calibrate(&scored);
    let whole = |value: f64| {
        let most = limits::WEIGHT_MAX;
        int::rounded(value * 10_000.0).clamp(-most, most)
    };
    let of = |positive: bool| {
        let some = examples.iter().filter(move |e| e.positive == positive);
        ready.matrix.counts(some.map(|example| example.row))
    };
    let (own, others) = (of(true), of(false));
    let grams = model
        .weights
        .iter()
        .map(|(gram, weight)| {
            let at = int::to_usize(*gram);
            LearnedGram {
                key: ready.matrix.keys[at],
                weight: whole(line.slope * weight),
                own: own[at],
                others: others[at],
            }
        })
        .filter(|gram| gram.weight != 0)
        .collect();
    let examples = examples.iter().filter(|e| e.positive).count();
    Learned {
        class: ready.classes[class],
        threshold: 0.0,
        bias: whole(line.of(model.bias)),
        grams,
        examples: int::to_u64(examples),
    }
}

/// Scores of rows as the scanner computes them.
fn whole_scores(ready: &Ready, model: &Learned, rows: &[usize]) -> Vec<f64> {
    let mut dense = vec![0i64; ready.matrix.keys.len()];
    for gram in &model.grams {
        if let Ok(at) = ready.matrix.keys.binary_search(&gram.key) {
            dense[at] = gram.weight;
        }
    }
    rows.iter()
        .map(|row| {
            let grams = ready.matrix.row(*row).iter();
            let sum = grams.map(|gram| dense[int::to_usize(*gram)]).sum();
            score_of(model.bias, sum, ready.matrix.letters[*row])
        })
        .collect()
}

/// What scores say about rows: those of all models but that of clean.
fn report(
    ready: &Ready,
    rows: &[usize],
    scores: &[Vec<f64>],
    limits: &[f64],
) -> Report {
    let last = scores.len() - 1;
    let threshold = limits[last];
    let mut report = Report { threshold, ..Report::default() };
    for (at, row) in rows.iter().enumerate() {
        let own = &ready.rows.rows[*row];
        let hit = scores[last][at] >= threshold;
        let class = ready.class_of[*row];
        if class == 0 {
            report.clean.add(hit, 1.0);
            if own.mention {
                report.mention.add(hit, 1.0);
            }
            continue;
        }
        let key = (own.set.clone(), own.label.clone());
        report.sets.entry(key).or_default().add(hit, own.weight);
        let same = hit && scores[class - 1][at] >= limits[class - 1];
        let name = ready.classes[class].name();
        report.caught.entry(name).or_default().add(same, own.weight);
    }
    for (number, class) in ready.classes.iter().skip(1).enumerate() {
        let scored: Vec<Scored> = rows
            .iter()
            .zip(&scores[number])
            .map(|(row, score)| ready.scored(number + 1, *row, *score))
            .collect();
        let bins = measure::reliability(&scored);
        report.reliability.insert(class.name(), bins);
    }
    report
}

/// Trains `folds` times on all but one part of the rows, and says what the
/// models make of the part that they have not seen. Rows with much text in
/// common are in one part.
pub fn cross_validate(ready: &Ready, plan: &Plan, folds: usize) -> Report {
    let parts = data::split(&ready.groups, folds, plan.training.seed);
    // The model of what is clean serves the comparison of classes only.
    let first = usize::from(ready.classes.len() == 2);
    let tasks: Vec<(usize, usize)> = (first..ready.classes.len())
        .flat_map(|class| (0..folds).map(move |fold| (class, fold)))
        .collect();
    let done: Vec<(usize, Vec<usize>, Vec<f64>)> = tasks
        .par_iter()
        .map(|(class, fold)| {
            let all = parts.iter().enumerate();
            let (inside, outside): (Vec<_>, Vec<_>) =
                all.partition(|(_, part)| *part == fold);
            let numbers = |some: Vec<(usize, &usize)>| -> Vec<usize> {
                some.into_iter().map(|(row, _)| row).collect()
            };
            let (inside, outside) = (numbers(inside), numbers(outside));
            let examples = ready.examples(*class, &outside);
            let model = train::train(&ready.matrix, &examples, &plan.training);
            let scores = raw_scores(ready, &model, &inside);
            (*class, inside, scores)
        })
        .collect();
    let count = ready.row_count();
    let mut scores = vec![vec![0.0; count]; ready.classes.len()];
    for (class, rows, own) in done {
        for (row, score) in rows.iter().zip(own) {
            scores[class][*row] = score;
        }
    }
    for (class, own) in scores.iter_mut().enumerate() {
        let all = own.iter().enumerate();
        let scored: Vec<Scored> =
            all.map(|(row, s)| ready.scored(class, row, *s)).collect();
        let line = measure::calibrate(&scored);
        own.iter_mut().for_each(|score| *score = line.of(*score));
    }
    let rows: Vec<usize> = (0..count).collect();
    let limits = thresholds(ready, &rows, &scores[1..], plan.fpr_max);
    let mut report = report(ready, &rows, &scores[1..], &limits);
    report.f1 = best_classes(ready, &scores);
    report
}

/// For each set with several classes: F1 of the class with the highest
/// score, of the classes that the set has. Rows count once.
fn best_classes(
    ready: &Ready,
    scores: &[Vec<f64>],
) -> BTreeMap<String, (f64, BTreeMap<String, f64>)> {
    let mut classes: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (row, class) in ready.rows.rows.iter().zip(&ready.class_of) {
        classes.entry(&row.set).or_default().insert(*class);
    }
    let several = classes.into_iter().filter(|(_, all)| all.len() > 2);
    several
        .map(|(set, all)| {
            let rows = ready.rows.rows.iter().enumerate();
            let rows = rows.filter(|(_, row)| row.set == set);
            let guesses = rows.map(|(at, _)| {
                let best = all.iter().copied().max_by(|a, b| {
                    scores[*a][at].total_cmp(&scores[*b][at]).then(b.cmp(a))
                });
                let name =
                    |class: usize| ready.classes[class].name().to_owned();
                let own = ready.class_of[at];
                (name(own), name(best.unwrap_or(own)), 1.0)
            });
            (set.to_owned(), measure::f1(guesses))
        })
        .collect()
}

/// A report as text.
pub fn report_text(report: &Report, title: &str) -> String {
    let mut out = format!("{title}\n\n");
    out.push_str(&pack::tables(report, "", " ", ""));
    for (set, (mean, each)) in &report.f1 {
        let each: Vec<String> = each
            .iter()
            .map(|(name, value)| format!("{name} {value:.3}"))
            .collect();
        out.push_str(&format!(
            "\n{set}: macro-F1 {mean:.4} ({})\n",
            each.join(", ")
        ));
    }
    out
}

/// A report as JSON.
pub fn report_json(report: &Report) -> serde_json::Value {
    let share = |share: &Share| {
        let (low, high) = share.interval();
        serde_json::json!({
            "records": share.count,
            "flagged": share.hits,
            "share": share.share(),
            "low": low,
            "high": high,
        })
    };
    let sets: Vec<serde_json::Value> = report
        .sets
        .iter()
        .map(|((set, label), own)| {
            let mut value = share(own);
            value["set"] = set.as_str().into();
            value["label"] = label.as_str().into();
            value
        })
        .collect();
    let reliability: BTreeMap<&str, Vec<serde_json::Value>> = report
        .reliability
        .iter()
        .map(|(name, bins)| {
            let all = bins.iter().map(|bin| {
                serde_json::json!({
                    "records": bin.count,
                    "weight": bin.weight,
                    "said": bin.said,
                    "true": bin.held,
                })
            });
            (*name, all.collect())
        })
        .collect();
    let categories: BTreeMap<&str, serde_json::Value> =
        report.caught.iter().map(|(name, own)| (*name, share(own))).collect();
    let f1: BTreeMap<&str, serde_json::Value> = report
        .f1
        .iter()
        .map(|(set, (mean, each))| {
            let value = serde_json::json!({ "macro": mean, "classes": each });
            (set.as_str(), value)
        })
        .collect();
    serde_json::json!({
        "threshold": report.threshold,
        "sets": sets,
        "categories": categories,
        "clean": share(&report.clean),
        "mention": share(&report.mention),
        "reliability": reliability,
        "f1": f1,
    })
}
