//! Counters of a run. In: outcomes and rejects of one worker; out: sums that
//! add up: records = verdicts + rejects.

use std::collections::BTreeMap;

use crate::base::int;
use crate::eval::{Fired, Outcome};
use crate::image::Meta;
use crate::record::{Reject, RejectReason};
use crate::verdict::{Category, Verdict};

/// Records in which a rule fired, by the verdict it asked for.
pub type RuleCounts = [u64; 3];

/// Counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub records: u64,
    pub bytes: u64,
    /// By `Verdict::index`.
    pub verdicts: [u64; 3],
    /// By category of the deciding rule and verdict.
    pub categories: BTreeMap<Category, [u64; 3]>,
    /// By number of the rule in the image.
    pub rules: BTreeMap<u32, RuleCounts>,
    pub shadow: BTreeMap<u32, u64>,
    /// Takedowns that the brake made reports, by rule and limit.
    pub braked: BTreeMap<(u32, &'static str), u64>,
    pub rejects: BTreeMap<RejectReason, u64>,
    /// Records without any text field: they pass unseen.
    pub textless: u64,
}

impl Tally {
    /// Counts a judged record.
    pub fn outcome(&mut self, outcome: &Outcome, meta: &Meta) {
        self.records += 1;
        self.verdicts[outcome.verdict().index()] += 1;
        if outcome.verdict() == Verdict::Pass && outcome.shadow.is_empty() {
            return;
        }
        if let Some(deciding) = outcome.deciding() {
            let rule = &meta.rules[int::to_usize(deciding.rule)];
            let category =
                Category::parse(&rule.category).unwrap_or(Category::Custom);
            let entry = self.categories.entry(category).or_default();
            entry[outcome.verdict().index()] += 1;
        }
        for Fired { rule, verdict, .. } in &outcome.fired {
            let entry = self.rules.entry(*rule).or_default();
            entry[verdict.index()] += 1;
        }
        for fired in &outcome.shadow {
            *self.shadow.entry(fired.rule).or_default() += 1;
        }
    }

    /// Counts a reject; the pieces of an oversize record count once.
    pub fn reject(&mut self, reject: &Reject<'_>) {
        if reject.last {
            self.records += 1;
            *self.rejects.entry(reject.reason).or_default() += 1;
        }
    }

    pub fn reject_total(&self) -> u64 {
        self.rejects.values().sum()
    }

    pub fn flagged(&self) -> u64 {
        self.verdicts[1] + self.verdicts[2]
    }

    /// Whether every record has become a verdict or a reject.
    pub fn adds_up(&self) -> bool {
        self.records == self.verdicts.iter().sum::<u64>() + self.reject_total()
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Tally) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.textless += other.textless;
        add_all(&mut self.verdicts, &other.verdicts);
        for (key, counts) in &other.categories {
            add_all(self.categories.entry(*key).or_default(), counts);
        }
        for (key, counts) in &other.rules {
            add_all(self.rules.entry(*key).or_default(), counts);
        }
        for (key, count) in &other.shadow {
            *self.shadow.entry(*key).or_default() += count;
        }
        for (key, count) in &other.braked {
            *self.braked.entry(*key).or_default() += count;
        }
        for (key, count) in &other.rejects {
            *self.rejects.entry(*key).or_default() += count;
        }
    }
}

fn add_all(to: &mut [u64; 3], from: &[u64; 3]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}
