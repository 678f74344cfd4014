//! Two versions of rules on one archive. In: two scanners and records; out:
//! which verdicts appear, vanish or change, by rule, with samples, and
//! whether that was expected. Judges each record exactly as a scan does.
//!
//! Samples are stratified: so many for each kind of change and rule, those
//! with the smallest hash of seed, id and text. They do not depend on the
//! order of the records or on threads.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::corpus::Tally;
use crate::base::int;
use crate::base::seeded::Random;
use crate::eval::{Outcome, Scanner, Scratch};
use crate::image::{Image, RuleMeta};
use crate::record::Record;
use crate::verdict::Verdict;

/// How a verdict differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// A pass becomes a report or takedown.
    Appear,
    /// A report becomes a takedown.
    Up,
    /// A takedown becomes a report.
    Down,
    /// A report or takedown becomes a pass.
    Vanish,
}

impl Change {
    pub const ALL: [Change; 4] =
        [Change::Appear, Change::Up, Change::Down, Change::Vanish];

    pub fn as_str(self) -> &'static str {
        match self {
            Change::Appear => "appear",
            Change::Up => "up",
            Change::Down => "down",
            Change::Vanish => "vanish",
        }
    }

    fn between(old: Verdict, new: Verdict) -> Option<Change> {
        match (old, new) {
            (old, new) if old == new => None,
            (Verdict::Pass, _) => Some(Change::Appear),
            (_, Verdict::Pass) => Some(Change::Vanish),
            (old, new) if new > old => Some(Change::Up),
            _ => Some(Change::Down),
        }
    }
}

/// What both versions made of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub id: String,
    pub text: String,
    pub old: Verdict,
    pub new: Verdict,
    /// What the deciding rule found.
    pub quotes: Vec<String>,
}

/// A kind of change, the rule that decides it, the verdict that it makes
/// (or, when it vanishes, that it was).
pub type Stratum = (Change, String, Verdict);

/// Counts of the rule in records that it fired in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleCount {
    pub old: u64,
    pub new: u64,
    /// Fired only now, only before, with another verdict.
    pub appear: u64,
    pub vanish: u64,
    pub change: u64,
}

/// Everything that was counted.
#[derive(Clone, Debug, Default)]
pub struct Backtest {
    pub records: u64,
    pub old: [u64; 3],
    pub new: [u64; 3],
    pub rules: BTreeMap<String, RuleCount>,
    pub strata: BTreeMap<Stratum, u64>,
    /// By stratum and order.
    pub samples: BTreeMap<Stratum, BTreeMap<(u64, String), Sample>>,
    /// Samples kept a stratum; carried here so that merging knows it.
    samples_max: usize,
}

impl Tally for Backtest {
    fn merge(&mut self, other: Backtest) {
        self.records += other.records;
        self.samples_max = self.samples_max.max(other.samples_max);
        for index in 0..3 {
            self.old[index] += other.old[index];
            self.new[index] += other.new[index];
        }
        for (rule, count) in other.rules {
            let own = self.rules.entry(rule).or_default();
            own.old += count.old;
            own.new += count.new;
            own.appear += count.appear;
            own.vanish += count.vanish;
            own.change += count.change;
        }
        for (stratum, count) in other.strata {
            *self.strata.entry(stratum).or_default() += count;
        }
        for (stratum, samples) in other.samples {
            let own = self.samples.entry(stratum).or_default();
            own.extend(samples);
            while own.len() > self.samples_max {
                own.pop_last();
            }
        }
    }
}

/// The two versions and how to sample.
pub struct Pair<'a> {
    pub old: &'a Scanner,
    pub new: &'a Scanner,
    pub seed: u64,
    pub samples: usize,
}

impl Backtest {
    /// Judges one record with both versions.
    pub fn see(
        &mut self,
        pair: &Pair<'_>,
        id: String,
        record: &Record<'_>,
        scratch: &mut Scratch,
        other: &mut Scratch,
    ) {
        let old = pair.old.scan(record, scratch);
        let new = pair.new.scan(record, other);
        self.records += 1;
        self.samples_max = pair.samples;
        self.old[old.verdict().index()] += 1;
        self.new[new.verdict().index()] += 1;
        self.count_rules(pair, &old, &new);
        let Some(change) = Change::between(old.verdict(), new.verdict())
        else {
            return;
        };
        let (scanner, outcome) = match change {
            Change::Vanish => (pair.old, &old),
            _ => (pair.new, &new),
        };
        let rules = &scanner.image().meta().rules;
        let Some(fired) = outcome.deciding() else { return };
        let rule = rules[int::to_usize(fired.rule)].id.clone();
        let stratum = (change, rule, outcome.verdict());
        *self.strata.entry(stratum.clone()).or_default() += 1;
        let quote = |used: &crate::eval::Used| {
            let field = int::to_usize(used.interval.field);
            let text = &record.fields[field].text;
            text[used.interval.span.range()].to_owned()
        };
        let texts: Vec<&str> =
            record.fields.iter().map(|field| &*field.text).collect();
        let text = texts.join("\n");
        let order = Random::new(pair.seed, &[&id, &text]).number();
        let sample = Sample {
            id: id.clone(),
            text,
            old: old.verdict(),
            new: new.verdict(),
            quotes: fired.used.iter().map(quote).collect(),
        };
        let kept = self.samples.entry(stratum).or_default();
        kept.insert((order, id), sample);
        if kept.len() > pair.samples {
            kept.pop_last();
        }
    }

    fn count_rules(&mut self, pair: &Pair<'_>, old: &Outcome, new: &Outcome) {
        if old.fired.is_empty() && new.fired.is_empty() {
            return;
        }
        let verdicts = |scanner: &Scanner, outcome: &Outcome| {
            let rules = &scanner.image().meta().rules;
            let all: BTreeMap<String, Verdict> = outcome
                .fired
                .iter()
                .map(|fired| {
                    let id = rules[int::to_usize(fired.rule)].id.clone();
                    (id, fired.verdict)
                })
                .collect();
            all
        };
        let before = verdicts(pair.old, old);
        let after = verdicts(pair.new, new);
        let ids: BTreeSet<&String> =
            before.keys().chain(after.keys()).collect();
        for id in ids {
            let count = self.rules.entry(id.clone()).or_default();
            let (was, is) = (before.get(id), after.get(id));
            count.old += u64::from(was.is_some());
            count.new += u64::from(is.is_some());
            match (was, is) {
                (None, _) => count.appear += 1,
                (_, None) => count.vanish += 1,
                (was, is) => count.change += u64::from(was != is),
            }
        }
    }

    /// Records whose verdict changed in that way.
    pub fn changes(&self, change: Change) -> u64 {
        self.strata
            .iter()
            .filter(|((found, ..), _)| *found == change)
            .map(|(_, count)| count)
            .sum()
    }
}

/// How the rules themselves differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub edited: Vec<String>,
    /// Edited, and `updated` says what it said before.
    pub unstamped: Vec<String>,
}

/// Compares the rules of two images, their terms included.
pub fn edits(old: &Image, new: &Image) -> Edits {
    let (before, after) = (contents(old), contents(new));
    let mut edits = Edits::default();
    for (id, (content, updated)) in &after {
        match before.get(id) {
            None => edits.added.push(id.clone()),
            Some((was, _)) if was == content => {}
            Some((_, stamp)) => {
                edits.edited.push(id.clone());
                if stamp == updated {
                    edits.unstamped.push(id.clone());
                }
            }
        }
    }
    let gone = before.keys().filter(|id| !after.contains_key(*id));
    edits.removed = gone.cloned().collect();
    edits
}

/// By rule id: everything that the rule looks for and asks for, and when it
/// says that it was edited.
fn contents(image: &Image) -> BTreeMap<String, (String, String)> {
    let view = image.view();
    let meta = image.meta();
    let mut terms: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (number, row) in view.terms.iter().enumerate() {
        let text = view.term_text(int::to_u32(number));
        terms.entry(row.set).or_default().push(format!(
            "{text}/{}/{}/{}",
            row.identity,
            row.is_exact(),
            row.is_exception()
        ));
    }
    let content = |rule: &RuleMeta| {
        let mut text = format!(
            "{}|{}|{}|{}|{}|{}|{}|{}|{:?}|{:?}|{}|{}",
            rule.category,
            rule.confidence,
            rule.ceiling,
            rule.status,
            rule.when_text,
            rule.unless_text,
            rule.unless_to_pass,
            rule.title,
            rule.langs,
            rule.surfaces,
            rule.reason_zh,
            rule.reason_en
        );
        for (name, set) in &rule.sets {
            text.push_str(name);
            let mut todo = vec![*set];
            while let Some(set) = todo.pop() {
                let meta = &meta.sets[int::to_usize(set)];
                text.push_str(&format!(
                    "|{:?}|{:?}|{:?}",
                    meta.validators,
                    meta.regexes,
                    terms.get(&set)
                ));
                todo.extend(&meta.members);
            }
        }
        (text, rule.updated.clone())
    };
    let rules = meta.rules.iter();
    rules.map(|rule| (rule.id.clone(), content(rule))).collect()
}

/// An expectations file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectations {
    #[serde(default)]
    expect: Vec<Expect>,
}

/// One row of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    change: Option<Change>,
    /// A rule id, or a beginning and `*`.
    rule: Option<String>,
    verdict: Option<String>,
    exactly: Option<u64>,
    at_least: Option<u64>,
    at_most: Option<u64>,
}

impl Expectations {
    /// Reads the file; the message says what is wrong.
    pub fn parse(text: &str) -> Result<Expectations, String> {
        let all: Expectations =
            toml::from_str(text).map_err(|error| error.to_string())?;
        for (number, row) in all.expect.iter().enumerate() {
            let number = number + 1;
            let bounds = [row.exactly, row.at_least, row.at_most];
            if bounds.iter().all(Option::is_none) {
                return Err(format!(
                    "expectation {number} has none of exactly, at_least, \
                     at_most"
                ));
            }
            if let Some(verdict) = &row.verdict
                && Verdict::parse(verdict).is_none()
            {
                return Err(format!(
                    "expectation {number}: expected takedown, report or \
                     pass, found {verdict:?}"
                ));
            }
        }
        Ok(all)
    }

    /// What was not as expected, a line each.
    pub fn failures(&self, found: &Backtest) -> Vec<String> {
        self.expect.iter().filter_map(|row| row.failure(found)).collect()
    }
}

impl Expect {
    fn failure(&self, found: &Backtest) -> Option<String> {
        let count: u64 = found
            .strata
            .iter()
            .filter(|(stratum, _)| self.fits(stratum))
            .map(|(_, count)| count)
            .sum();
        let mut what = match self.change {
            Some(change) => change.as_str().to_owned(),
            None => "any change".to_owned(),
        };
        if let Some(verdict) = &self.verdict {
            what.push_str(&format!(" of {verdict}"));
        }
        if let Some(rule) = &self.rule {
            what.push_str(&format!(" by {rule}"));
        }
        let bounds = [
            (
                self.exactly,
                "exactly",
                count.cmp(&self.exactly.unwrap_or(0)).is_eq(),
            ),
            (self.at_least, "at least", count >= self.at_least.unwrap_or(0)),
            (self.at_most, "at most", count <= self.at_most.unwrap_or(0)),
        ];
        bounds.iter().find_map(|(bound, word, holds)| {
            let bound = (*bound)?;
            (!holds).then(|| {
                format!("{what}: expected {word} {bound}, found {count}")
            })
        })
    }

    fn fits(&self, (change, rule, verdict): &Stratum) -> bool {
        let rule_fits = self.rule.as_ref().is_none_or(|wanted| {
            match wanted.strip_suffix('*') {
                Some(head) => rule.starts_with(head),
                None => rule == wanted,
            }
        });
        self.change.is_none_or(|wanted| wanted == *change)
            && self.verdict.as_deref().is_none_or(|w| w == verdict.as_str())
            && rule_fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_bound_the_strata() {
        let mut found = Backtest::default();
        let mut put = |change, rule: &str, count| {
            let key = (change, rule.to_owned(), Verdict::Takedown);
            found.strata.insert(key, count);
        };
        put(Change::Appear, "spam.a", 3);
        put(Change::Vanish, "spam.b", 2);
        let rows = [
            ("change = \"appear\"\nexactly = 3", None),
            ("rule = \"spam.*\"\nat_most = 5", None),
            ("rule = \"spam.*\"\nat_most = 4", Some("at most 4, found 5")),
            ("change = \"vanish\"\nat_least = 3", Some("at least 3, found 2")),
            ("verdict = \"report\"\nexactly = 0", None),
            ("change = \"up\"\nexactly = 1", Some("exactly 1, found 0")),
        ];
        for (row, wanted) in rows {
            let all = Expectations::parse(&format!("[[expect]]\n{row}"));
            let failures = all.unwrap().failures(&found);
            match wanted {
                None => assert!(failures.is_empty(), "{failures:?}"),
                Some(text) => {
                    assert!(failures[0].contains(text), "{failures:?}")
                }
            }
        }
        assert!(Expectations::parse("[[expect]]\nchange = \"up\"").is_err());
        assert!(Expectations::parse("[[expect]]\nchnge = \"up\"").is_err());
    }
}
