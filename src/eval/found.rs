//! What a rule's sets have hits for in one record. In: term hits, the
//! record, a compiled set; out: its intervals, made when a condition asks and
//! kept for the other rules of the record. Decides nothing.

use std::sync::Arc;

use super::gate::Known;
use super::interval::leftmost_longest;
use super::phrase::Phrase;
use super::{Identity, Interval, Intervals, Scanner, Source};
use crate::base::{Span, int};
use crate::fold::{Fold, Folds, letter};
use crate::image::ImageView;
use crate::record::Record;
use crate::scan::{self, Hit, Prepared, Scores};
use crate::validate::{self, KindSet};
use crate::verdict::Milli;

/// A term hit with its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldHit {
    pub field: u32,
    pub hit: Hit,
}

#[derive(Debug, Default)]
pub(super) struct Cache {
    /// What a set without hits has.
    nothing: Arc<Vec<Interval>>,
    sets: Vec<Option<Arc<Vec<Interval>>>>,
    filled: Vec<u32>,
    found: Vec<FoundInField>,
    validate: validate::Scratch,
}

#[derive(Debug, Default)]
struct FoundInField {
    searched: KindSet,
    found: Vec<validate::Found>,
}

/// Exceptions found in a record: places where hits do not count.
#[derive(Default)]
struct Shields {
    /// (field, start, end); sealed: sorted, `end` the furthest so far.
    spans: Vec<(u32, u32, u32)>,
}

impl Shields {
    fn add(&mut self, field: u32, span: Span) {
        self.spans.push((field, span.start, span.end));
    }

    /// Prepares look-ups; false when there is nothing.
    fn seal(&mut self) -> bool {
        self.spans.sort_unstable();
        for index in 1..self.spans.len() {
            let (field, _, end) = self.spans[index - 1];
            let next = &mut self.spans[index];
            if next.0 == field {
                next.2 = next.2.max(end);
            }
        }
        !self.spans.is_empty()
    }

    /// Whether one exception covers the whole span: of all that begin no
    /// later, the one that reaches furthest.
    fn cover(&self, field: u32, span: Span) -> bool {
        let after =
            self.spans.partition_point(|s| (s.0, s.1) <= (field, span.start));
        after > 0
            && self.spans[after - 1].0 == field
            && self.spans[after - 1].2 >= span.end
    }
}

/// The intervals of one rule on one record, found when asked for.
pub(super) struct RuleIntervals<'a, 'r> {
    pub scanner: &'a Scanner,
    pub view: &'a ImageView<'a>,
    pub rule: u32,
    pub record: &'a Record<'r>,
    pub hits: &'a [FieldHit],
    /// What is known without looking for anything.
    pub known: Known<'a>,
    pub prepared: &'a [Prepared],
    pub scores: &'a Scores,
    pub cache: &'a mut Cache,
    /// What was heard does not count.
    pub deaf: bool,
}

impl Intervals for RuleIntervals<'_, '_> {
    fn may_have(&self, set: u32, least: u32) -> bool {
        let meta = self.scanner.image.meta();
        let rule = &meta.rules[int::to_usize(self.rule)];
        let (_, set) = rule.sets[int::to_usize(set)];
        self.scanner.gates.may_have(set, least, &self.known)
    }

    fn of(&mut self, set: u32) -> Arc<Vec<Interval>> {
        let meta = self.scanner.image.meta();
        let rule = &meta.rules[int::to_usize(self.rule)];
        let (_, set) = rule.sets[int::to_usize(set)];
        let mut all = self.set(set);
        if self.deaf && all.iter().any(Interval::is_heard) {
            let plain = all.iter().filter(|i| !i.is_heard()).cloned();
            all = Arc::new(plain.collect());
        }
        let exceptions =
            &self.scanner.rules[int::to_usize(self.rule)].exceptions;
        if exceptions.is_empty() || all.is_empty() {
            return all;
        }
        self.without_exceptions(&all, exceptions)
    }

    fn score(&mut self, set: u32) -> f64 {
        let meta = self.scanner.image.meta();
        let rule = &meta.rules[int::to_usize(self.rule)];
        let (_, set) = rule.sets[int::to_usize(set)];
        let model = meta.sets[int::to_usize(set)].model;
        model.map_or(0.0, |model| {
            let bias = meta.models[int::to_usize(model)].bias;
            self.scores.of(model, bias)
        })
    }

    fn carriers(&mut self, set: u32, up: bool) -> Vec<Interval> {
        let meta = self.scanner.image.meta();
        let rule = &meta.rules[int::to_usize(self.rule)];
        let (_, set) = rule.sets[int::to_usize(set)];
        self.heaviest(set, up)
    }
}

impl RuleIntervals<'_, '_> {
    /// The intervals of a set of the image, from the cache or made.
    fn set(&mut self, set: u32) -> Arc<Vec<Interval>> {
        if !self.scanner.gates.may_have(set, 1, &self.known) {
            return self.cache.nothing.clone();
        }
        let at = int::to_usize(set);
        if self.cache.sets.len() < self.scanner.sets.len() {
            self.cache.sets.resize(self.scanner.sets.len(), None);
        }
        if let Some(done) = &self.cache.sets[at] {
            return done.clone();
        }
        let meta = &self.scanner.image.meta().sets[at];
        let mut all = Vec::new();
        self.terms(set, &mut all);
        for &member in &meta.members {
            all.extend(self.set(member).iter().cloned());
        }
        self.validators(at, &mut all);
        let literals = meta.literals;
        if literals.is_none_or(|literal| !self.set(literal).is_empty()) {
            self.regexes(at, &mut all);
        }
        leftmost_longest(&mut all);
        let all = Arc::new(all);
        self.cache.sets[at] = Some(all.clone());
        self.cache.filled.push(set);
        all
    }

    /// Term hits of the set that no exception of the set covers.
    fn terms(&self, set: u32, out: &mut Vec<Interval>) {
        let terms = self.view.terms;
        let first = out.len();
        let mut shields = Shields::default();
        for found in self.hits.iter().filter(|f| f.hit.set == set) {
            let hit = &found.hit;
            let row = &terms[int::to_usize(hit.term)];
            if row.is_exception() {
                shields.add(found.field, hit.span);
                continue;
            }
            out.push(Interval {
                field: found.field,
                span: hit.span,
                source: Source::Term(hit.term),
                identity: Identity::Term { set, line: row.identity },
                penalty: hit.penalty,
                folds: hit.folds,
                tier: hit.tier,
            });
        }
        self.singles(set, out);
        if shields.seal() {
            let mut index = 0;
            out.retain(|interval| {
                index += 1;
                index <= first || !shields.cover(interval.field, interval.span)
            });
        }
    }

    /// One-character terms of the set, looked for only now.
    fn singles(&self, set: u32, out: &mut Vec<Interval>) {
        let meta = &self.scanner.image.meta().sets[int::to_usize(set)];
        if meta.singles.is_empty() {
            return;
        }
        for (field, content) in self.record.fields.iter().enumerate() {
            for (at, c) in content.text.char_indices() {
                if c.is_ascii() {
                    continue;
                }
                let found = letter::readings(c).find_map(|to| {
                    let to = u32::from(to);
                    let place =
                        meta.singles.binary_search_by_key(&to, |s| s.0);
                    place.ok().map(|index| meta.singles[index])
                });
                let Some((wanted, term)) = found else { continue };
                let wanted = char::from_u32(wanted).unwrap_or(c);
                let Some(reading) = letter::stands_for(c, wanted) else {
                    continue;
                };
                let row = &self.view.terms[int::to_usize(term)];
                // A picture of one character is no word.
                if reading.tier > 1 || reading.tier > 0 && row.is_exact() {
                    continue;
                }
                let mut folds = Folds::NONE;
                if let Some(fold) = reading.fold {
                    folds.insert(fold);
                }
                if row.is_alias() {
                    folds.insert(Fold::Alias);
                }
                let end = at + c.len_utf8();
                out.push(Interval {
                    field: int::to_u32(field),
                    span: Span::new(int::to_u32(at), int::to_u32(end)),
                    source: Source::Term(term),
                    identity: Identity::Term { set, line: row.identity },
                    penalty: scan::letter_price(reading.tier),
                    folds,
                    tier: reading.tier,
                });
            }
        }
    }

    fn validators(&mut self, set: usize, out: &mut Vec<Interval>) {
        let runtime = &self.scanner.sets[set];
        if runtime.kinds.is_empty() {
            return;
        }
        for field in 0..self.record.fields.len() {
            self.find(field, runtime.kinds);
            for found in &self.cache.found[field].found {
                let wanted = runtime.plain.has(found.kind)
                    || runtime.contact && found.is_contact();
                if wanted {
                    out.push(found_interval(field, found));
                }
            }
        }
    }

    /// Runs the validators of `kinds` on a field, once each.
    fn find(&mut self, field: usize, kinds: KindSet) {
        let cache = &mut *self.cache;
        if cache.found.len() <= field {
            cache.found.resize_with(field + 1, FoundInField::default);
        }
        let entry = &mut cache.found[field];
        if kinds.and(entry.searched) == kinds {
            return;
        }
        // All kinds again: one pass is cheaper than merging two results.
        entry.searched = entry.searched.or(kinds);
        entry.found.clear();
        let text = &self.record.fields[field].text;
        validate::find(
            text,
            entry.searched,
            &mut cache.validate,
            &mut entry.found,
        );
    }

    fn regexes(&self, set: usize, out: &mut Vec<Interval>) {
        let runtime = &self.scanner.sets[set];
        for (number, regex) in runtime.regexes.iter().enumerate() {
            for (field, content) in self.record.fields.iter().enumerate() {
                for found in regex.find_iter(&content.text) {
                    if found.is_empty() {
                        continue;
                    }
                    let value = found.as_str().to_owned();
                    out.push(Interval {
                        field: int::to_u32(field),
                        span: Span::new(
                            int::to_u32(found.start()),
                            int::to_u32(found.end()),
                        ),
                        source: Source::Regex(int::to_u32(number)),
                        identity: Identity::Value(value),
                        penalty: Milli(0),
                        folds: Folds::NONE,
                        tier: 0,
                    });
                }
            }
        }
    }

    /// Removes term hits that a phrase of the policy covers. Contacts, URLs
    /// and numbers stay: an exception cannot excuse them.
    fn without_exceptions(
        &self,
        all: &Arc<Vec<Interval>>,
        exceptions: &[Phrase],
    ) -> Arc<Vec<Interval>> {
        let mut shields = Shields::default();
        let mut spans = Vec::new();
        for (field, content) in self.record.fields.iter().enumerate() {
            for phrase in exceptions {
                spans.clear();
                phrase.find(&content.text, &mut spans);
                for span in &spans {
                    shields.add(int::to_u32(field), *span);
                }
            }
        }
        if !shields.seal() {
            return all.clone();
        }
        let is_kept = |interval: &&Interval| {
            !matches!(interval.source, Source::Term(_))
                || !shields.cover(interval.field, interval.span)
        };
        let kept = all.iter().filter(is_kept).cloned().collect();
        Arc::new(kept)
    }
}

fn found_interval(field: usize, found: &validate::Found) -> Interval {
    let mut folds = Folds::NONE;
    for name in found.folds.names() {
        if let Some(fold) = Fold::parse(name) {
            folds.insert(fold);
        }
    }
    Interval {
        field: int::to_u32(field),
        span: found.span,
        source: Source::Found {
            name: found.kind.as_str(),
            checksum: found.checksum,
        },
        identity: Identity::Value(found.value.clone()),
        // A disguised number is no weaker evidence than a plain one: its
        // checksum or its cue carries it.
        penalty: Milli(0),
        folds,
        tier: 0,
    }
}

impl Cache {
    pub(super) fn reset(&mut self) {
        for set in self.filled.drain(..) {
            self.sets[int::to_usize(set)] = None;
        }
        for entry in &mut self.found {
            entry.searched = KindSet::NONE;
            entry.found.clear();
        }
    }
}
