//! What rules and terms cost and find on a corpus. In: a scanner and
//! records; out: time and hits by rule, hits and the time they cause by
//! term, terms that never hit, and terms that hit where nothing is wrong.
//!
//! The time of a rule is that of evaluating it where it was due; the first
//! rule of a record that asks for a set pays for finding its links and
//! numbers. The time of a term is its share of the rules that it woke. The
//! search itself costs the same for every term (that is its point) and is
//! one number.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::corpus::Tally;
use crate::base::clock::Stopwatch;
use crate::base::int;
use crate::eval::{Scanner, Scratch};
use crate::record::Record;
use crate::verdict::Verdict;

/// Of one rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct RuleCost {
    /// Records in which it was evaluated.
    pub due: u64,
    /// Pass (lowered), report, takedown; shadow rules included.
    pub fired: [u64; 3],
    pub time: Duration,
}

/// Of one term of one set.
#[derive(Clone, Copy, Debug, Default)]
pub struct TermCost {
    pub hits: u64,
    /// Records with a hit.
    pub records: u64,
    /// Those of them that were flagged.
    pub flagged: u64,
    pub time: Duration,
}

/// Everything that was counted.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub records: u64,
    pub bytes: u64,
    pub flagged: u64,
    /// Folding and searching.
    pub search: Duration,
    pub rules: BTreeMap<u32, RuleCost>,
    pub terms: BTreeMap<u32, TermCost>,
}

impl Tally for Profile {
    fn merge(&mut self, other: Profile) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.flagged += other.flagged;
        self.search += other.search;
        for (rule, cost) in other.rules {
            let own = self.rules.entry(rule).or_default();
            own.due += cost.due;
            own.time += cost.time;
            for (to, from) in own.fired.iter_mut().zip(cost.fired) {
                *to += from;
            }
        }
        for (term, cost) in other.terms {
            let own = self.terms.entry(term).or_default();
            own.hits += cost.hits;
            own.records += cost.records;
            own.flagged += cost.flagged;
            own.time += cost.time;
        }
    }
}

/// Sets that wake each rule, with the sets inside them.
#[derive(Clone, Debug)]
pub struct Wakers(Vec<BTreeSet<u32>>);

impl Wakers {
    pub fn new(scanner: &Scanner) -> Wakers {
        let meta = scanner.image().meta();
        let of_rule = |rule: &crate::image::RuleMeta| {
            let mut all = BTreeSet::new();
            let mut todo: Vec<u32> =
                rule.triggers.iter().flatten().copied().collect();
            while let Some(set) = todo.pop() {
                if all.insert(set) {
                    let meta = &meta.sets[int::to_usize(set)];
                    todo.extend(&meta.members);
                    todo.extend(meta.literals);
                }
            }
            all
        };
        Wakers(meta.rules.iter().map(of_rule).collect())
    }
}

impl Profile {
    /// Judges one record with a stopwatch.
    pub fn see(
        &mut self,
        scanner: &Scanner,
        wakers: &Wakers,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) {
        self.records += 1;
        for field in &record.fields {
            self.bytes += int::to_u64(field.text.len());
        }
        let whole = Stopwatch::start();
        let mut inside = Duration::ZERO;
        let mut costs: Vec<(u32, Duration)> = Vec::new();
        let mut flagged = false;
        scanner.each_due(record, scratch, &mut |rule, evaluate| {
            let watch = Stopwatch::start();
            let fired = evaluate();
            let time = watch.elapsed();
            inside += time;
            costs.push((rule, time));
            let cost = self.rules.entry(rule).or_default();
            cost.due += 1;
            cost.time += time;
            if let Some(fired) = fired {
                cost.fired[fired.verdict.index()] += 1;
                flagged |= !fired.shadow && fired.verdict > Verdict::Pass;
            }
        });
        self.search += whole.elapsed().saturating_sub(inside);
        self.flagged += u64::from(flagged);
        self.terms(scanner, wakers, record, &costs, flagged, scratch);
    }

    fn terms(
        &mut self,
        scanner: &Scanner,
        wakers: &Wakers,
        record: &Record<'_>,
        costs: &[(u32, Duration)],
        flagged: bool,
        scratch: &mut Scratch,
    ) {
        let mut found: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
        for (_, hit) in scanner.hits(record, scratch) {
            found.entry(hit.term).or_insert((hit.set, 0)).1 += 1;
        }
        for (term, (_, hits)) in &found {
            let cost = self.terms.entry(*term).or_default();
            cost.hits += hits;
            cost.records += 1;
            cost.flagged += u64::from(flagged);
        }
        for (rule, time) in costs {
            let sets = &wakers.0[int::to_usize(*rule)];
            let woke: Vec<u32> = found
                .iter()
                .filter(|(_, (set, _))| sets.contains(set))
                .map(|(term, _)| *term)
                .collect();
            for term in &woke {
                let share = *time / int::to_u32(woke.len());
                self.terms.entry(*term).or_default().time += share;
            }
        }
    }

    /// Terms that never hit, by set.
    pub fn dead(&self, scanner: &Scanner) -> BTreeMap<u32, Vec<u32>> {
        let mut dead: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (number, row) in scanner.image().view().terms.iter().enumerate() {
            let number = int::to_u32(number);
            let single = scanner.image().meta().sets[int::to_usize(row.set)]
                .singles
                .iter()
                .any(|(_, term)| *term == number);
            // One-character terms are looked for only when a rule asks.
            if !row.is_exception()
                && !single
                && !self.terms.contains_key(&number)
            {
                dead.entry(row.set).or_default().push(number);
            }
        }
        dead
    }

    /// Waking terms by how many records they hit that were not flagged.
    pub fn noisy(&self, scanner: &Scanner) -> Vec<(u32, TermCost)> {
        let rows = scanner.image().view().terms;
        let sets = &scanner.image().meta().sets;
        // Literals of regexes are looked for, not found.
        let literal = |set: u32| sets[int::to_usize(set)].label == "literal";
        let mut noisy: Vec<(u32, TermCost)> = self
            .terms
            .iter()
            .filter(|(term, cost)| {
                let row = &rows[int::to_usize(**term)];
                row.is_waking()
                    && !row.is_exception()
                    && !literal(row.set)
                    && cost.records > cost.flagged
            })
            .map(|(term, cost)| (*term, *cost))
            .collect();
        noisy.sort_by_key(|(term, cost)| {
            (std::cmp::Reverse(cost.records - cost.flagged), *term)
        });
        noisy
    }
}
