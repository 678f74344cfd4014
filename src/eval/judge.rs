//! Evaluating conditions. In: the intervals of each set and the attributes
//! of a record; out: true, false or unknown, with the intervals that made it
//! so and the price of the weakest of them. Looks for nothing by itself.
//!
//! Three values (Kleene's strong logic): a field that the record does not
//! have is *unknown*; `unknown and false` is false, `unknown or true` is
//! true, anything else with unknown is unknown. An unknown condition lets a
//! rule ask for no more than `report`.
//!
//! The price of a condition: a set costs its cheapest hit; `and` costs its
//! dearest part; `or` takes its cheapest true part, and only that part's
//! intervals are evidence; `distinct(S) >= n` costs the n-th cheapest
//! distinct hit; `near(A, B, n)` the cheapest pair.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use super::facts::Facts;
use super::gate::least;
use super::interval::{Identity, Interval};
use crate::base::{Span, int};
use crate::fold::{ClassView, Sym};
use crate::image::{Condition, Literal, Op};
use crate::record::{Record, Scalar};
use crate::verdict::Milli;

/// Neighbours of one interval that `near` considers on each side.
const NEIGHBOURS_MAX: usize = 16;
/// How far a quotation mark may stand from what it quotes, in characters.
const QUOTE_WINDOW: usize = 48;

/// A truth value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tri {
    False,
    Unknown,
    True,
}

/// An interval that a condition used, with the set as the rule numbers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub set: u32,
    pub interval: Interval,
}

/// What a condition came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    pub tri: Tri,
    pub penalty: Milli,
    pub used: Vec<Used>,
}

impl Judgement {
    fn plain(tri: Tri) -> Judgement {
        Judgement { tri, penalty: Milli(0), used: Vec::new() }
    }

    fn truth(value: bool) -> Judgement {
        Judgement::plain(if value { Tri::True } else { Tri::False })
    }
}

/// Where a judge finds the intervals of a set of the rule.
pub trait Intervals {
    fn of(&mut self, set: u32) -> Arc<Vec<Interval>>;

    /// Whether a set may have so many, at least one, by what is known
    /// without looking. Never no to a set that has them.
    fn may_have(&self, set: u32, least: u32) -> bool;

    /// The score of a set that is a model.
    fn score(&mut self, set: u32) -> f64;

    /// The n-grams that carried it up, or down, the heaviest first.
    fn carriers(&mut self, set: u32, up: bool) -> Vec<Interval>;
}

/// Evaluates the conditions of one rule on one record.
pub struct Judge<'a, 'r, I> {
    pub record: &'a Record<'r>,
    pub classes: ClassView<'a>,
    pub facts: &'a Facts,
    pub intervals: I,
}

impl<I: Intervals> Judge<'_, '_, I> {
    /// The value of a condition. Linear in the number of intervals, and in
    /// the text for distances; nesting is capped when an image is opened.
    pub fn judge(&mut self, condition: &Condition) -> Judgement {
        match condition {
            Condition::Set(set) => self.hit(*set),
            Condition::Any(sets) => {
                let parts = sets.iter().map(|set| self.hit(*set)).collect();
                or(parts)
            }
            Condition::All(sets) => {
                let parts = sets.iter().map(|set| self.hit(*set)).collect();
                and(parts)
            }
            Condition::Count(set, op, n) => self.count(*set, *op, *n),
            Condition::Distinct(set, op, n) => self.distinct(*set, *op, *n),
            Condition::Near(..) | Condition::Before(..)
                if self.fails(condition) =>
            {
                Judgement::truth(false)
            }
            Condition::Near(a, b, n) => self.near(*a, *b, *n, false),
            Condition::Before(a, b, n) => self.near(*a, *b, *n, true),
            Condition::Quoted(set) => self.quoted(*set),
            Condition::Starts(set) => self.starts(*set),
            Condition::Score(set, op, number) => {
                self.score(*set, *op, *number)
            }
            Condition::Field(path, op, literal) => Judgement::plain(
                field_tri(self.record, self.facts, path, *op, literal),
            ),
            Condition::In(path, literals) => Judgement::plain(in_tri(
                self.record,
                self.facts,
                path,
                literals,
            )),
            Condition::Not(inner) => {
                let tri = match self.judge(inner).tri {
                    Tri::True => Tri::False,
                    Tri::False => Tri::True,
                    Tri::Unknown => Tri::Unknown,
                };
                Judgement::plain(tri)
            }
            Condition::And(parts) => self.all(parts),
            Condition::Or(parts) => {
                let parts = parts.iter().filter(|part| !self.fails(part));
                let parts: Vec<&Condition> = parts.collect();
                or(parts.into_iter().map(|part| self.judge(part)).collect())
            }
        }
    }

    fn all(&mut self, parts: &[Condition]) -> Judgement {
        if parts.iter().any(|part| self.fails(part)) {
            return Judgement::truth(false);
        }
        let mut done = Vec::with_capacity(parts.len());
        for part in parts {
            let part = self.judge(part);
            if part.tri == Tri::False {
                return part;
            }
            done.push(part);
        }
        and(done)
    }

    /// Whether a condition is false by what is known without looking for
    /// anything: it costs nothing and leaves no evidence.
    fn fails(&self, condition: &Condition) -> bool {
        let none = |set: &u32| !self.intervals.may_have(*set, 1);
        match condition {
            Condition::Set(set)
            | Condition::Quoted(set)
            | Condition::Starts(set) => none(set),
            Condition::Any(sets) => sets.iter().all(none),
            Condition::All(sets) => sets.iter().any(none),
            Condition::Count(set, op, n) | Condition::Distinct(set, op, n) => {
                let least = least(*op, *n);
                least > 0 && !self.intervals.may_have(*set, least)
            }
            Condition::Near(a, b, _) | Condition::Before(a, b, _) => {
                none(a) || none(b)
            }
            Condition::Field(path, op, literal) => {
                let (record, facts) = (self.record, self.facts);
                field_tri(record, facts, path, *op, literal) == Tri::False
            }
            Condition::And(parts) => parts.iter().any(|p| self.fails(p)),
            Condition::Or(parts) => parts.iter().all(|p| self.fails(p)),
            Condition::In(..) | Condition::Score(..) | Condition::Not(_) => {
                false
            }
        }
    }

    /// Where values (numbers, links, matches of patterns; no terms) of the
    /// sets of a condition stand, also those that no branch used.
    pub fn values(&mut self, condition: &Condition) -> Vec<(u32, Span)> {
        let mut sets = Vec::new();
        condition.each_set(&mut |set| sets.push(set));
        sets.sort_unstable();
        sets.dedup();
        let mut found = Vec::new();
        for set in sets {
            for interval in self.intervals.of(set).iter() {
                if matches!(interval.identity, Identity::Value(_)) {
                    found.push((interval.field, interval.span));
                }
            }
        }
        found
    }

    fn hit(&mut self, set: u32) -> Judgement {
        let all = self.intervals.of(set);
        match all.iter().map(|interval| interval.penalty).min() {
            None => Judgement::truth(false),
            Some(penalty) => Judgement {
                tri: Tri::True,
                penalty,
                used: use_all(set, all.iter()),
            },
        }
    }

    fn count(&mut self, set: u32, op: Op, n: u32) -> Judgement {
        let all = self.intervals.of(set);
        let penalties = all.iter().map(|i| i.penalty).collect();
        enough(set, &all, penalties, op, n)
    }

    fn distinct(&mut self, set: u32, op: Op, n: u32) -> Judgement {
        let all = self.intervals.of(set);
        let mut cheapest: Vec<(&Identity, Milli)> =
            all.iter().map(|i| (&i.identity, i.penalty)).collect();
        cheapest.sort();
        cheapest.dedup_by(|a, b| a.0 == b.0);
        let penalties = cheapest.iter().map(|(_, p)| *p).collect();
        enough(set, &all, penalties, op, n)
    }

    fn near(&mut self, a: u32, b: u32, n: u32, ordered: bool) -> Judgement {
        let left = self.intervals.of(a);
        if left.is_empty() {
            return Judgement::truth(false);
        }
        let right = self.intervals.of(b);
        let mut pairs = Pairs::default();
        for (at, one) in left.iter().enumerate() {
            self.reach(one, at, &right, n, true, &mut pairs);
        }
        if !ordered {
            let mut back = Pairs::default();
            for (at, one) in right.iter().enumerate() {
                self.reach(one, at, &left, n, false, &mut back);
            }
            pairs.merge(back);
        }
        let Some(penalty) = pairs.penalty else {
            return Judgement::truth(false);
        };
        pairs.left.sort_unstable();
        pairs.left.dedup();
        pairs.right.sort_unstable();
        pairs.right.dedup();
        let mut used = use_all(a, pairs.left.iter().map(|i| &left[*i]));
        used.extend(use_all(b, pairs.right.iter().map(|i| &right[*i])));
        Judgement { tri: Tri::True, penalty, used }
    }

    /// Pairs `one` with the intervals of `others` that begin after it ends,
    /// at most `n` folded letters later.
    fn reach(
        &self,
        one: &Interval,
        at: usize,
        others: &[Interval],
        n: u32,
        one_is_left: bool,
        pairs: &mut Pairs,
    ) {
        let text = &self.record.fields[int::to_usize(one.field)].text;
        let first = others.partition_point(|other| {
            (other.field, other.span.start) < (one.field, one.span.end)
        });
        let mut from = int::to_usize(one.span.end);
        let mut distance = 0;
        let tail = others[first..].iter().enumerate();
        for (step, other) in tail.take(NEIGHBOURS_MAX) {
            if other.field != one.field {
                break;
            }
            let to = int::to_usize(other.span.start);
            if to > from {
                distance += letters_between(
                    &text[from..to],
                    self.classes,
                    n.saturating_add(1),
                );
                from = to;
            }
            if distance > n {
                break;
            }
            let penalty = one.penalty.max(other.penalty);
            let index = first + step;
            let (l, r) = if one_is_left { (at, index) } else { (index, at) };
            pairs.push(l, r, penalty);
        }
    }

    fn quoted(&mut self, set: u32) -> Judgement {
        let all = self.intervals.of(set);
        let record = self.record;
        let quoted = !all.is_empty()
            && all.iter().all(|interval| {
                let field = int::to_usize(interval.field);
                is_quoted(&record.fields[field].text, interval.span.range())
            });
        if !quoted {
            return Judgement::truth(false);
        }
        self.hit(set)
    }

    fn starts(&mut self, set: u32) -> Judgement {
        let all = self.intervals.of(set);
        let first: Vec<&Interval> = all
            .iter()
            .filter(|interval| {
                let field = int::to_usize(interval.field);
                let text = &self.record.fields[field].text;
                let head = &text[..int::to_usize(interval.span.start)];
                letters_between(head, self.classes, 2) <= 1
                    && !head.chars().any(char::is_alphanumeric)
            })
            .collect();
        match first.iter().map(|interval| interval.penalty).min() {
            None => Judgement::truth(false),
            Some(penalty) => Judgement {
                tri: Tri::True,
                penalty,
                used: use_all(set, first.into_iter()),
            },
        }
    }

    /// A score has no price: it is no disguise but a sum of signs. Its
    /// evidence is the n-grams that pulled its way.
    fn score(&mut self, set: u32, op: Op, number: f64) -> Judgement {
        let score = self.intervals.score(set);
        if !op.holds(score.partial_cmp(&number)) {
            return Judgement::truth(false);
        }
        let up = !matches!(op, Op::Lt | Op::Le);
        let carriers = self.intervals.carriers(set, up);
        let used = use_all(set, carriers.iter());
        Judgement { tri: Tri::True, penalty: Milli(0), used }
    }

    /// The score of a model of the rule.
    pub fn score_value(&mut self, set: u32) -> f64 {
        self.intervals.score(set)
    }

    /// The value of a field of the condition language.
    pub fn value(&self, path: &str) -> Option<Scalar<'_>> {
        value(self.record, self.facts, path)
    }
}

/// The value of a field of the condition language.
fn value<'a>(
    record: &'a Record<'_>,
    facts: &Facts,
    path: &str,
) -> Option<Scalar<'a>> {
    let lend = |text: &'a Option<Cow<'_, str>>| {
        text.as_deref().map(|text| Scalar::Text(Cow::Borrowed(text)))
    };
    match path {
        "surface" => lend(&record.surface),
        "lang" => lend(&record.lang),
        "author" => lend(&record.author),
        "group" => lend(&record.group),
        "created_at" => lend(&record.created_at),
        _ => {
            if let Some(name) = path.strip_prefix("text.") {
                return facts.get(name, record);
            }
            let path = path.strip_prefix("meta.").unwrap_or(path);
            record.lookup.get(path)
        }
    }
}

/// The value of a comparison.
pub(super) fn field_tri(
    record: &Record<'_>,
    facts: &Facts,
    path: &str,
    op: Op,
    literal: &Literal,
) -> Tri {
    let value = value(record, facts, path);
    tri(value.and_then(|value| compare(&value, op, literal)))
}

/// The value of `path in (…)`.
pub(super) fn in_tri(
    record: &Record<'_>,
    facts: &Facts,
    path: &str,
    literals: &[Literal],
) -> Tri {
    let Some(value) = value(record, facts, path) else {
        return Tri::Unknown;
    };
    let mut found = None;
    for literal in literals {
        match compare(&value, Op::Eq, literal) {
            Some(true) => return Tri::True,
            Some(false) => found = Some(false),
            None => {}
        }
    }
    tri(found)
}

fn tri(value: Option<bool>) -> Tri {
    match value {
        Some(true) => Tri::True,
        Some(false) => Tri::False,
        None => Tri::Unknown,
    }
}

/// Pairs found by `near`, as indices.
#[derive(Default)]
struct Pairs {
    left: Vec<usize>,
    right: Vec<usize>,
    penalty: Option<Milli>,
}

impl Pairs {
    fn push(&mut self, left: usize, right: usize, penalty: Milli) {
        self.left.push(left);
        self.right.push(right);
        self.penalty =
            Some(self.penalty.map_or(penalty, |old| old.min(penalty)));
    }

    fn merge(&mut self, other: Pairs) {
        self.left.extend(other.left);
        self.right.extend(other.right);
        self.penalty = match (self.penalty, other.penalty) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

fn use_all<'i>(
    set: u32,
    all: impl Iterator<Item = &'i Interval>,
) -> Vec<Used> {
    all.map(|interval| Used { set, interval: interval.clone() }).collect()
}

/// `count` and `distinct`: compares the number, prices the n-th cheapest.
fn enough(
    set: u32,
    all: &[Interval],
    mut penalties: Vec<Milli>,
    op: Op,
    n: u32,
) -> Judgement {
    let found = int::to_u32(penalties.len());
    if !op.holds(Some(found.cmp(&n))) {
        return Judgement::truth(false);
    }
    penalties.sort_unstable();
    let needed = match op {
        Op::Ge | Op::Eq => n,
        Op::Gt => n.saturating_add(1),
        Op::Ne | Op::Lt | Op::Le => 0,
    };
    let penalty = int::to_usize(needed)
        .checked_sub(1)
        .and_then(|index| penalties.get(index))
        .copied()
        .unwrap_or_default();
    Judgement { tri: Tri::True, penalty, used: use_all(set, all.iter()) }
}

fn and(parts: Vec<Judgement>) -> Judgement {
    let mut whole = Judgement::truth(true);
    for part in parts {
        if part.tri == Tri::False {
            return Judgement::truth(false);
        }
        whole.tri = whole.tri.min(part.tri);
        whole.penalty = whole.penalty.max(part.penalty);
        whole.used.extend(part.used);
    }
    whole
}

/// The truest part wins, among equals the cheapest, then the first.
fn or(parts: Vec<Judgement>) -> Judgement {
    parts
        .into_iter()
        .reduce(|best, part| {
            let better = part.tri > best.tri
                || part.tri == best.tri && part.penalty < best.penalty;
            if better { part } else { best }
        })
        .unwrap_or_else(|| Judgement::truth(false))
}

/// Folded letters in a text: ignorables do not count, a run of separators
/// counts one. Stops at `limit`.
fn letters_between(text: &str, classes: ClassView<'_>, limit: u32) -> u32 {
    let mut count = 0;
    let mut in_separators = false;
    for c in text.chars() {
        let sym = classes.get(c);
        if sym == Sym::IGNORABLE {
            continue;
        }
        let separator = sym == Sym::SEPARATOR || sym.0 & Sym::SYMBOL_BIT != 0;
        if separator && in_separators {
            continue;
        }
        in_separators = separator;
        count += 1;
        if count >= limit {
            break;
        }
    }
    count
}

/// Whether a range stands inside one pair of quotation marks or a title.
fn is_quoted(text: &str, range: std::ops::Range<usize>) -> bool {
    const PAIRS: [(char, char); 10] = [
        ('“', '”'),
        ('‘', '’'),
        ('「', '」'),
        ('『', '』'),
        ('《', '》'),
        ('〈', '〉'),
        ('【', '】'),
        ('«', '»'),
        ('"', '"'),
        ('＂', '＂'),
    ];
    let before = text[..range.start].chars().rev().take(QUOTE_WINDOW);
    // The nearest mark on the left must be an opening one.
    let mut close = None;
    for c in before {
        if let Some((_, end)) = PAIRS.iter().find(|(open, _)| *open == c) {
            close = Some(*end);
            break;
        }
        if PAIRS.iter().any(|(_, end)| *end == c) {
            return false;
        }
    }
    let Some(close) = close else { return false };
    let straight = close == '"' || close == '＂';
    if straight {
        // A straight mark opens only if an even number stands before it.
        let marks = text[..range.start].matches(close).count();
        if marks % 2 == 0 {
            return false;
        }
    }
    text[range.end..].chars().take(QUOTE_WINDOW).any(|c| c == close)
}

/// Compares a value with a literal; `None` when their types do not compare.
fn compare(value: &Scalar<'_>, op: Op, literal: &Literal) -> Option<bool> {
    let order: Option<Ordering> = match (value, literal) {
        (Scalar::Number(a), Literal::Number(b)) => a.partial_cmp(b),
        (Scalar::Text(a), Literal::Text(b)) => Some(a.as_ref().cmp(b)),
        (Scalar::Text(a), Literal::Number(b)) => {
            a.trim().parse::<f64>().ok()?.partial_cmp(b)
        }
        (Scalar::Number(a), Literal::Text(b)) => {
            a.partial_cmp(&b.trim().parse::<f64>().ok()?)
        }
        (Scalar::Bool(a), Literal::Bool(b)) => Some(a.cmp(b)),
        _ => return None,
    };
    Some(op.holds(order))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(tri: Tri, penalty: u16) -> Judgement {
        Judgement { tri, penalty: Milli(penalty), used: Vec::new() }
    }

    #[test]
    fn three_valued_logic_is_kleenes() {
        use Tri::*;
        let rows = [
            (True, True, True, True),
            (True, False, False, True),
            (True, Unknown, Unknown, True),
            (False, Unknown, False, Unknown),
            (Unknown, Unknown, Unknown, Unknown),
            (False, False, False, False),
        ];
        for (a, b, both, either) in rows {
            for (a, b) in [(a, b), (b, a)] {
                let parts = || vec![value(a, 0), value(b, 0)];
                assert_eq!(and(parts()).tri, both, "{a:?} and {b:?}");
                assert_eq!(or(parts()).tri, either, "{a:?} or {b:?}");
            }
        }
    }

    #[test]
    fn prices_follow_the_weakest_needed_signal() {
        use Tri::True;
        let parts = || vec![value(True, 50), value(True, 100)];
        assert_eq!(and(parts()).penalty, Milli(100));
        assert_eq!(or(parts()).penalty, Milli(50));
    }

    #[test]
    fn quotes_must_enclose() {
        let rows = [
            ("说“加微”不行", "加微", true),
            ("说加微“不”行", "加微", false),
            ("“a”加微“b”", "加微", false),
            ("《加微信》", "微", true),
            ("he said \"buy now\" ok", "buy", true),
            ("\"a\" buy \"b\"", "buy", false),
            ("「buy", "buy", false),
        ];
        for (text, part, wanted) in rows {
            let start = text.find(part).unwrap();
            let range = start..start + part.len();
            assert_eq!(is_quoted(text, range), wanted, "{text}");
        }
    }

    #[test]
    fn types_that_do_not_compare_are_unknown() {
        let text = Scalar::Text(Cow::Borrowed("x"));
        assert_eq!(compare(&text, Op::Lt, &Literal::Number(3.0)), None);
        let number = Scalar::Text(Cow::Borrowed("2"));
        assert_eq!(
            compare(&number, Op::Lt, &Literal::Number(3.0)),
            Some(true)
        );
    }
}
