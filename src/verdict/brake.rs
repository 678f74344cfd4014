//! The brake: limits beyond which takedowns fall to report. In: limits, the
//! takedowns of a run in their order, the time; out: for each whether it
//! stands. A rule that goes wild should cost reviewers time, not users
//! their posts.
//!
//! A limit once passed stays passed until the window ends: a share that
//! hovers at its limit would otherwise take down every other post.

use std::collections::BTreeMap;

use crate::base::clock::Moment;
use crate::base::int;

/// Limits as the policy states them. `None`: no limit.
#[derive(Clone, Debug, PartialEq)]
pub struct BrakeLimits {
    pub window_ms: u64,
    /// Shares are looked at only after so many records of a window.
    pub share_after: u64,
    pub overall: Limit,
    pub rule: Limit,
    /// Overall limits for rules that were first used a short time ago.
    pub new_pack: Limit,
    pub new_pack_ms: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limit {
    /// Takedowns in a window.
    pub count: Option<u64>,
    /// Takedowns in a window as a share of its records.
    pub share: Option<f64>,
}

/// The state of a run.
#[derive(Clone, Debug)]
pub struct Brake {
    limits: BrakeLimits,
    /// When these rules were first used; `None`: never before.
    first_used: Option<Moment>,
    window_from: Option<Moment>,
    /// Records of the run before the window.
    before: u64,
    overall: State,
    rules: BTreeMap<u32, State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    takedowns: u64,
    passed: Option<&'static str>,
}

impl State {
    fn check(
        &mut self,
        limit: Limit,
        records: Option<u64>,
        [count, share]: [&'static str; 2],
    ) -> Option<&'static str> {
        let next = self.takedowns + 1;
        if self.passed.is_none() {
            if limit.count.is_some_and(|most| next > most) {
                self.passed = Some(count);
            } else if let (Some(most), Some(records)) = (limit.share, records)
                && int::to_f64(next) > most * int::to_f64(records)
            {
                self.passed = Some(share);
            }
        }
        self.passed
    }
}

impl Brake {
    pub fn new(limits: BrakeLimits, first_used: Option<Moment>) -> Brake {
        Brake {
            limits,
            first_used,
            window_from: None,
            before: 0,
            overall: State::default(),
            rules: BTreeMap::new(),
        }
    }

    /// Whether a takedown falls, and by which limit. `position` is the
    /// number of the record in the run, from 1.
    pub fn ask(
        &mut self,
        rule: u32,
        position: u64,
        now: Moment,
    ) -> Option<&'static str> {
        let from = *self.window_from.get_or_insert(now);
        if now.0.saturating_sub(from.0) >= self.limits.window_ms {
            self.window_from = Some(now);
            self.before = position.saturating_sub(1);
            self.overall = State::default();
            self.rules.clear();
        }
        let records = position.saturating_sub(self.before);
        let records = (records >= self.limits.share_after).then_some(records);
        let is_new = self.first_used.is_none_or(|first| {
            now.0.saturating_sub(first.0) < self.limits.new_pack_ms
        });
        let own = self.rules.entry(rule).or_default();
        let new_names = ["new_pack_count", "new_pack_share"];
        let trigger = own
            .check(self.limits.rule, records, ["rule_count", "rule_share"])
            .or_else(|| {
                let limit = self.limits.overall;
                self.overall.check(limit, records, ["count", "share"])
            })
            .or_else(|| {
                let limit = self.limits.new_pack;
                let check = || self.overall.check(limit, records, new_names);
                is_new.then(check).flatten()
            });
        if trigger.is_none() {
            own.takedowns += 1;
            self.overall.takedowns += 1;
        }
        trigger
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brake(limits: impl FnOnce(&mut BrakeLimits)) -> Brake {
        let mut all = BrakeLimits {
            window_ms: 1000,
            share_after: 10,
            overall: Limit::default(),
            rule: Limit::default(),
            new_pack: Limit::default(),
            new_pack_ms: 500,
        };
        limits(&mut all);
        Brake::new(all, None)
    }

    #[test]
    fn a_rule_is_stopped_alone_and_until_the_window_ends() {
        let mut brake = brake(|limits| limits.rule.count = Some(2));
        let mut ask = |rule, at| brake.ask(rule, 1, Moment(at));
        assert_eq!(ask(0, 0), None);
        assert_eq!(ask(0, 1), None);
        assert_eq!(ask(0, 2), Some("rule_count"));
        assert_eq!(ask(1, 3), None);
        assert_eq!(ask(0, 999), Some("rule_count"));
        assert_eq!(ask(0, 1000), None);
    }

    #[test]
    fn shares_wait_for_enough_records_and_stay_passed() {
        let mut brake = brake(|limits| limits.overall.share = Some(0.1));
        assert_eq!(brake.ask(0, 1, Moment(0)), None);
        assert_eq!(brake.ask(0, 10, Moment(0)), Some("share"));
        assert_eq!(brake.ask(0, 1000, Moment(0)), Some("share"));
        // A new window counts its own records.
        assert_eq!(brake.ask(0, 1001, Moment(1000)), None);
    }

    #[test]
    fn new_rules_have_limits_of_their_own() {
        let mut brake = brake(|limits| limits.new_pack.count = Some(0));
        assert_eq!(brake.ask(0, 1, Moment(9)), Some("new_pack_count"));
        brake.first_used = Some(Moment(0));
        brake.overall = State::default();
        assert_eq!(brake.ask(0, 1, Moment(499)), Some("new_pack_count"));
        brake.overall = State::default();
        assert_eq!(brake.ask(0, 1, Moment(500)), None);
    }
}
