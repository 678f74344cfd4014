//! Measuring packs on labelled records. In: sources of records with a
//! label, a scanner; out: counts by set and label, by rule, and the wrong
//! verdicts. Judges each record exactly as a scan does.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use rayon::iter::{ParallelBridge, ParallelIterator};
use serde_json::Value;

use crate::base::int;
use crate::decode::{DecodeScratch, Decoder, Item};
use crate::eval::{Outcome, Scanner, Scratch, Source};
use crate::record::{Field, Lookup, Record};
use crate::source::{Event, Frame, Next, Sources};
use crate::tools::curves::{self, Judged};
use crate::verdict::{Category, Verdict};

/// What to look at.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Key of the label.
    pub label: String,
    /// Labels that must pass.
    pub clean: Vec<String>,
    /// Records to leave out.
    pub exclude: Vec<Exclude>,
    /// Collect wrong verdicts.
    pub errors: bool,
    /// Keep every record with its rank, for curves and intervals.
    pub keep: bool,
}

/// `KEY=VALUE` or `KEY=PREFIX*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclude {
    key: String,
    value: String,
    prefix: bool,
}

impl Exclude {
    /// Parses the flag's value.
    pub fn parse(text: &str) -> Option<Exclude> {
        let (key, value) = text.split_once('=')?;
        let (value, prefix) = match value.strip_suffix('*') {
            Some(head) => (head, true),
            None => (value, false),
        };
        let (key, value) = (key.to_owned(), value.to_owned());
        Some(Exclude { key, value, prefix })
    }

    /// Parses all values of the flag.
    pub fn parse_all(all: &[String]) -> anyhow::Result<Vec<Exclude>> {
        all.iter()
            .map(|text| {
                Exclude::parse(text).with_context(|| {
                    format!("--exclude {text}: expected KEY=VALUE")
                })
            })
            .collect()
    }

    fn holds(&self, members: &Value) -> bool {
        let Some(found) = members.get(&self.key).map(plain) else {
            return false;
        };
        if self.prefix {
            found.starts_with(&self.value)
        } else {
            found == self.value
        }
    }
}

/// Counts of one set and label.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// By `Verdict::index`.
    pub verdicts: [u64; 3],
    /// Sum of weights of all records, and of those not passed.
    pub weight: f64,
    pub weight_caught: f64,
    pub weight_takedown: f64,
}

impl Counts {
    fn add(&mut self, verdict: Verdict, weight: f64) {
        self.verdicts[verdict.index()] += 1;
        self.weight += weight;
        if verdict > Verdict::Pass {
            self.weight_caught += weight;
        }
        if verdict == Verdict::Takedown {
            self.weight_takedown += weight;
        }
    }

    pub fn merge(&mut self, other: &Counts) {
        for (to, from) in self.verdicts.iter_mut().zip(other.verdicts) {
            *to += from;
        }
        self.weight += other.weight;
        self.weight_caught += other.weight_caught;
        self.weight_takedown += other.weight_takedown;
    }

    pub fn records(&self) -> u64 {
        self.verdicts.iter().sum()
    }

    pub fn flagged(&self) -> u64 {
        self.verdicts[1] + self.verdicts[2]
    }

    /// Weighted share that was not passed.
    pub fn recall(&self) -> f64 {
        ratio(self.weight_caught, self.weight)
    }

    pub fn recall_takedown(&self) -> f64 {
        ratio(self.weight_takedown, self.weight)
    }

    /// Flagged records in 10,000.
    pub fn flagged_in_10k(&self) -> f64 {
        let records = int::to_f64(self.records());
        10_000.0 * ratio(int::to_f64(self.flagged()), records)
    }

    pub fn takedown_in_10k(&self) -> f64 {
        let records = int::to_f64(self.records());
        10_000.0 * ratio(int::to_f64(self.verdicts[2]), records)
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Records in which a rule fired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCounts {
    pub clean: [u64; 3],
    pub caught: [u64; 3],
    /// Caught records that no other rule caught.
    pub alone: u64,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    pub groups: BTreeMap<(String, String), Counts>,
    /// Clean records whose `mention` is true.
    pub mention: Counts,
    pub rules: BTreeMap<u32, RuleCounts>,
    /// By label and what became of it: the category of the rule that
    /// decided, or `pass`.
    pub confusion: BTreeMap<(String, &'static str), u64>,
    /// Every record, in the order of the input, if the plan keeps them.
    pub judged: Vec<Judged>,
    pub rejects: u64,
    pub excluded: u64,
    pub unlabelled: u64,
    pub source_errors: Vec<String>,
    /// Lines of wrong verdicts, in no particular order.
    pub errors: Vec<String>,
}

impl Measured {
    fn merge(&mut self, other: Measured) {
        for (key, counts) in &other.groups {
            self.groups.entry(key.clone()).or_default().merge(counts);
        }
        self.mention.merge(&other.mention);
        for (rule, counts) in &other.rules {
            let own = self.rules.entry(*rule).or_default();
            for index in 0..3 {
                own.clean[index] += counts.clean[index];
                own.caught[index] += counts.caught[index];
            }
            own.alone += counts.alone;
        }
        for (key, count) in other.confusion {
            *self.confusion.entry(key).or_default() += count;
        }
        self.judged.extend(other.judged);
        self.rejects += other.rejects;
        self.excluded += other.excluded;
        self.unlabelled += other.unlabelled;
        self.source_errors.extend(other.source_errors);
        self.errors.extend(other.errors);
    }
}

/// Runs a scanner over labelled sources on all cores. Memory is bounded by
/// the frames in work and, with `errors`, by the wrong verdicts.
pub fn measure(
    scanner: &Scanner,
    decoder: &Decoder,
    plan: &Plan,
    mut sources: Sources,
) -> Measured {
    let broken = Mutex::new(Vec::new());
    let frames = std::iter::from_fn(|| {
        loop {
            match sources.next(Duration::from_millis(100)) {
                Next::Event(Event::Frame(frame)) => return Some(frame),
                Next::Event(Event::SourceError { source, error }) => {
                    if let Ok(mut broken) = broken.lock() {
                        broken.push(format!("{source}: {error}"));
                    }
                }
                Next::Event(Event::SourceDone { .. }) | Next::Idle => {}
                Next::End => return None,
            }
        }
    });
    let mut measured = frames
        .par_bridge()
        .map_init(
            || (Scratch::default(), DecodeScratch::default()),
            |(scratch, decode), frame| {
                measure_frame(scanner, decoder, plan, &frame, scratch, decode)
            },
        )
        .reduce(Measured::default, |mut a, b| {
            a.merge(b);
            a
        });
    measured.errors.sort();
    measured.judged.sort_by(|a, b| a.place.cmp(&b.place));
    measured.source_errors.extend(broken.into_inner().unwrap_or_default());
    measured
}

fn measure_frame(
    scanner: &Scanner,
    decoder: &Decoder,
    plan: &Plan,
    frame: &Frame,
    scratch: &mut Scratch,
    decode: &mut DecodeScratch,
) -> Measured {
    let mut out = Measured::default();
    decoder.decode(frame, decode, &mut |item| match item {
        Item::Reject(reject) => out.rejects += u64::from(reject.last),
        Item::Record(record) => {
            let members = members(&record);
            measure_record(
                scanner,
                plan,
                &frame.source,
                record,
                &members,
                scratch,
                &mut out,
            );
        }
    });
    out
}

/// All members of a record as JSON.
pub fn members(record: &Record<'_>) -> Value {
    match &record.lookup {
        Lookup::Json(raw) => {
            serde_json::from_slice(raw).unwrap_or(Value::Null)
        }
        Lookup::Columns { .. } => Value::Object(
            record
                .lookup
                .columns()
                .map(|(name, cell)| (name.to_owned(), cell.as_ref().into()))
                .collect(),
        ),
        Lookup::None => Value::Null,
    }
}

/// A scalar as text.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A record that has a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    pub label: String,
    pub id: String,
    /// Which set it is of: the head of its id, or its file.
    pub set: String,
    /// One over the number under the weight key.
    pub weight: f64,
}

/// Why a record is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    Excluded,
    Unlabelled,
}

/// The label of a record with what belongs to it. A record with
/// `text_filled` has that for its text.
pub fn label_of(
    key: &str,
    weight_key: &str,
    exclude: &[Exclude],
    source: &str,
    record: &mut Record<'_>,
    members: &Value,
) -> Result<Labelled, Skip> {
    if exclude.iter().any(|exclude| exclude.holds(members)) {
        return Err(Skip::Excluded);
    }
    let label = match members.get(key).map(plain) {
        Some(label) if !label.is_empty() && label != "unlabelled" => label,
        _ => return Err(Skip::Unlabelled),
    };
    if let Some(Value::String(filled)) = members.get("text_filled") {
        let text = Cow::Owned(filled.clone());
        record.fields.clear();
        record.fields.push(Field { name: "text_filled", text });
    }
    let size = members.get(weight_key).and_then(|value| match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    });
    let weight = 1.0 / size.unwrap_or(1.0).max(1.0);
    let id = members.get("id").map(plain).unwrap_or_default();
    let set = set_name(&id, source);
    Ok(Labelled { label, id, set, weight })
}

fn measure_record(
    scanner: &Scanner,
    plan: &Plan,
    source: &str,
    mut record: Record<'_>,
    members: &Value,
    scratch: &mut Scratch,
    out: &mut Measured,
) {
    let found = label_of(
        &plan.label,
        "cluster_size",
        &plan.exclude,
        source,
        &mut record,
        members,
    );
    let Labelled { label, id, set, weight } = match found {
        Ok(found) => found,
        Err(Skip::Excluded) => return out.excluded += 1,
        Err(Skip::Unlabelled) => return out.unlabelled += 1,
    };
    let outcome = scanner.scan(&record, scratch);
    let verdict = outcome.verdict();
    let is_clean = plan.clean.contains(&label);
    let weight = if is_clean { 1.0 } else { weight };
    let group = out.groups.entry((set, label.clone())).or_default();
    group.add(verdict, weight);
    if is_clean && members.get("mention") == Some(&Value::Bool(true)) {
        out.mention.add(verdict, 1.0);
    }
    let rules = &scanner.image().meta().rules;
    let category = outcome.deciding().and_then(|fired| {
        Category::parse(&rules[int::to_usize(fired.rule)].category)
    });
    let became = category.map_or("pass", Category::as_str);
    *out.confusion.entry((label.clone(), became)).or_default() += 1;
    if plan.keep {
        out.judged.push(Judged {
            place: (source.to_owned(), record.line, record.offset),
            clean: is_clean,
            weight,
            verdict,
            rank: rank(scanner, &outcome, &record, scratch),
        });
    }
    for fired in &outcome.fired {
        let counts = out.rules.entry(fired.rule).or_default();
        let index = fired.verdict.index();
        if is_clean {
            counts.clean[index] += 1;
        } else {
            counts.caught[index] += 1;
            counts.alone += u64::from(outcome.fired.len() == 1);
        }
    }
    let wrong = is_clean == (verdict > Verdict::Pass);
    if wrong && plan.errors {
        let line = error_line(scanner, &record, &outcome, &label, &id);
        out.errors.push(line);
    }
}

/// The rank of a record: the log odds of its most confident rule, or the
/// highest score of a model, whichever is more. A rule that fired on scores
/// alone adds nothing to them.
fn rank(
    scanner: &Scanner,
    outcome: &Outcome,
    record: &Record<'_>,
    scratch: &mut Scratch,
) -> f64 {
    let by_hits = outcome.fired.iter().filter(|fired| {
        let gram = |source: &Source| matches!(source, Source::Gram { .. });
        fired.used.iter().any(|used| !gram(&used.interval.source))
    });
    let sure = by_hits.map(|fired| fired.confidence).max();
    let odds = sure.map_or(curves::NOTHING, |confidence| {
        let share = f64::from(confidence.0.clamp(1, 999)) / 1000.0;
        (share / (1.0 - share)).ln()
    });
    let scores = scanner.last_scores(record, scratch).into_iter();
    scores.fold(odds, f64::max)
}

/// `fbs_sms` of `fbs_sms-0a1b2c…`; the file's name when ids have no hyphen.
fn set_name(id: &str, source: &str) -> String {
    match id.rsplit_once('-') {
        Some((set, _)) if !set.is_empty() => set.to_owned(),
        _ => {
            let name = source.rsplit('/').next().unwrap_or(source);
            name.split('.').next().unwrap_or(name).to_owned()
        }
    }
}

fn error_line(
    scanner: &Scanner,
    record: &Record<'_>,
    outcome: &Outcome,
    label: &str,
    id: &str,
) -> String {
    let rules = &scanner.image().meta().rules;
    let fired: Vec<&str> = outcome
        .fired
        .iter()
        .map(|fired| rules[int::to_usize(fired.rule)].id.as_str())
        .collect();
    let quotes: Vec<String> = outcome
        .deciding()
        .map(|fired| {
            fired
                .used
                .iter()
                .map(|used| {
                    let field = int::to_usize(used.interval.field);
                    let text = &record.fields[field].text;
                    text[used.interval.span.range()].to_owned()
                })
                .collect()
        })
        .unwrap_or_default();
    let texts: Vec<&str> =
        record.fields.iter().map(|field| &*field.text).collect();
    serde_json::json!({
        "label": label,
        "verdict": outcome.verdict().as_str(),
        "rules": fired,
        "quotes": quotes,
        "id": id,
        "text": texts.join("\n"),
    })
    .to_string()
}
