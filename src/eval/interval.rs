//! Hits of one set as the conditions see them. In: raw hits of terms,
//! validators and regexes; out: intervals, leftmost-longest per set, after
//! exceptions. Never decides anything.

use crate::base::Span;
use crate::fold::Folds;
use crate::verdict::Milli;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A term of the image.
    Term(u32),
    /// A validator: its name and whether a checksum held.
    Found { name: &'static str, checksum: Option<bool> },
    /// A regex of the set, by number.
    Regex(u32),
    /// An n-gram of a model, and what it adds to the score, in
    /// ten-thousandths.
    Gram { gram: u32, weight: i64 },
}

/// One interval of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    pub field: u32,
    pub span: Span,
    pub source: Source,
    /// Equal for hits that `distinct` counts once.
    pub identity: Identity,
    pub penalty: Milli,
    pub folds: Folds,
    /// Of the dearest fold: 2 for sounds.
    pub tier: u8,
}

impl Interval {
    /// Whether it rests on a sound or the like.
    pub fn is_heard(&self) -> bool {
        self.tier > 1
    }
}

/// What `distinct` counts: a term line of a set, or a found value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    Term { set: u32, line: u32 },
    Value(String),
}

/// Sorts and keeps the leftmost-longest of overlapping intervals. What was
/// heard only fills the space between the others: a guess never hides what
/// is written.
pub fn leftmost_longest(intervals: &mut Vec<Interval>) {
    let heard: Vec<Interval> =
        intervals.extract_if(.., |interval| interval.is_heard()).collect();
    keep_leftmost(intervals);
    if heard.is_empty() {
        return;
    }
    let is_free = |one: &Interval| {
        intervals.iter().all(|other| {
            other.field != one.field || !other.span.overlaps(one.span)
        })
    };
    let mut heard: Vec<Interval> = heard.into_iter().filter(is_free).collect();
    keep_leftmost(&mut heard);
    intervals.append(&mut heard);
    intervals.sort_by_key(|i| (i.field, i.span.start));
}

fn keep_leftmost(intervals: &mut Vec<Interval>) {
    intervals.sort_by(|a, b| {
        (a.field, a.span.start)
            .cmp(&(b.field, b.span.start))
            .then(b.span.end.cmp(&a.span.end))
            .then(a.penalty.cmp(&b.penalty))
            .then(a.identity.cmp(&b.identity))
    });
    let mut last: Option<(u32, Span)> = None;
    intervals.retain(|interval| {
        let free = last.is_none_or(|(field, span)| {
            field != interval.field || span.end <= interval.span.start
        });
        if free {
            last = Some((interval.field, interval.span));
        }
        free
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(field: u32, start: u32, end: u32) -> Interval {
        Interval {
            field,
            span: Span::new(start, end),
            source: Source::Term(0),
            identity: Identity::Value(String::new()),
            penalty: Milli(0),
            folds: Folds::NONE,
            tier: 0,
        }
    }

    #[test]
    fn what_is_heard_never_hides_what_is_written() {
        let heard =
            |start, end| Interval { tier: 2, ..interval(0, start, end) };
        let mut all =
            vec![heard(0, 6), interval(0, 3, 9), heard(9, 12), heard(9, 10)];
        leftmost_longest(&mut all);
        let spans: Vec<_> =
            all.iter().map(|i| (i.span.start, i.span.end, i.tier)).collect();
        assert_eq!(spans, [(3, 9, 0), (9, 12, 2)]);
    }

    #[test]
    fn the_longest_of_the_leftmost_stays() {
        let mut all = vec![
            interval(0, 3, 9),
            interval(0, 0, 3),
            interval(0, 0, 6),
            interval(1, 2, 4),
            interval(0, 6, 8),
        ];
        leftmost_longest(&mut all);
        let spans: Vec<_> =
            all.iter().map(|i| (i.field, i.span.start, i.span.end)).collect();
        assert_eq!(spans, [(0, 0, 6), (0, 6, 8), (1, 2, 4)]);
    }
}
