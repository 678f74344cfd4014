//! Measuring packs on labelled records. In: sources of records with a
//! label, a scanner; out: counts by set and label, by rule, and the wrong
//! verdicts. Judges each record exactly as a scan does.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use rayon::iter::{ParallelBridge, ParallelIterator};
use serde_json::Value;

use crate::base::int;
use crate::decode::{DecodeScratch, Decoder, Item};
use crate::eval::{Outcome, Scanner, Scratch};
use crate::record::{Field, Lookup, Record};
use crate::source::{Event, Frame, Next, Sources};
use crate::verdict::Verdict;

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
fn members(record: &Record<'_>) -> Value {
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

fn measure_record(
    scanner: &Scanner,
    plan: &Plan,
    source: &str,
    mut record: Record<'_>,
    members: &Value,
    scratch: &mut Scratch,
    out: &mut Measured,
) {
    if plan.exclude.iter().any(|exclude| exclude.holds(members)) {
        out.excluded += 1;
        return;
    }
    let label = match members.get(&plan.label).map(plain) {
        Some(label) if !label.is_empty() && label != "unlabelled" => label,
        _ => {
            out.unlabelled += 1;
            return;
        }
    };
    if let Some(Value::String(filled)) = members.get("text_filled") {
        let text = Cow::Owned(filled.clone());
        record.fields.clear();
        record.fields.push(Field { name: "text_filled", text });
    }
    let outcome = scanner.scan(&record, scratch);
    let verdict = outcome.verdict();
    let is_clean = plan.clean.contains(&label);
    let size = members.get("cluster_size").and_then(Value::as_f64);
    let weight = 1.0 / size.unwrap_or(1.0).max(1.0);
    let id = members.get("id").map(plain).unwrap_or_default();
    let set = set_name(&id, source);
    let weight = if is_clean { 1.0 } else { weight };
    let group = out.groups.entry((set, label.clone())).or_default();
    group.add(verdict, weight);
    if is_clean && members.get("mention") == Some(&Value::Bool(true)) {
        out.mention.add(verdict, 1.0);
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
