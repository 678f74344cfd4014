//! Scores of models in the evaluation of a record. In: a record, the models
//! of an image; out: the sums of the record, the rules that a score wakes,
//! and the n-grams that carried one as intervals.

use super::found::RuleIntervals;
use super::{Identity, Interval, Scanner, Scratch, Source};
use crate::base::int;
use crate::image::{Condition, ImageView, Meta, Op, RuleMeta};
use crate::record::Record;
use crate::scan::score::{self, Read};
use crate::scan::{Carrier, Prepared, Scores};
use crate::verdict::Milli;

/// The sets that are models and wake a rule: set, model, and the lowest
/// score at which a rule that it wakes may hold.
pub(super) fn floors(
    meta: &Meta,
    rules_by_set: &[Vec<u32>],
) -> Vec<(u32, u32, f64)> {
    let mut all = Vec::new();
    for (number, set) in meta.sets.iter().enumerate() {
        let Some(model) = set.model else { continue };
        let own = int::to_u32(number);
        let mut floor = f64::INFINITY;
        for rule in &rules_by_set[number] {
            let rule = &meta.rules[int::to_usize(*rule)];
            lowest(&rule.when, &rule.sets, own, &mut floor);
        }
        if floor < f64::INFINITY {
            all.push((own, model, floor));
        }
    }
    all
}

/// By rule: whether a condition of it asks for a score.
pub(super) fn scored(meta: &Meta) -> Vec<bool> {
    let asks = |rule: &RuleMeta| {
        rule.sets
            .iter()
            .any(|(_, set)| meta.sets[int::to_usize(*set)].model.is_some())
    };
    meta.rules.iter().map(asks).collect()
}

/// Lowers `floor` to the lowest score that a condition asks a set for.
fn lowest(
    condition: &Condition,
    sets: &[(String, u32)],
    set: u32,
    floor: &mut f64,
) {
    match condition {
        Condition::Score(local, op, number)
            if sets[int::to_usize(*local)].1 == set =>
        {
            let open = matches!(op, Op::Ge | Op::Gt | Op::Eq);
            let from = if open { *number } else { f64::NEG_INFINITY };
            *floor = floor.min(from);
        }
        Condition::Not(inner) => {
            // `not score(m) < 3` may hold at any score.
            let mut inside = f64::INFINITY;
            lowest(inner, sets, set, &mut inside);
            if inside < f64::INFINITY {
                *floor = f64::NEG_INFINITY;
            }
        }
        Condition::And(all) | Condition::Or(all) => {
            all.iter().for_each(|part| lowest(part, sets, set, floor));
        }
        _ => {}
    }
}

impl Scanner {
    /// Sums up the models of the image, and makes the rules due that a score
    /// wakes. Nothing to do without a model.
    pub(super) fn score_fields(
        &self,
        view: &ImageView<'_>,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) {
        if self.scorer.is_none() {
            return;
        }
        self.sum_up(view, record, false, scratch);
        for (set, _, floor) in &self.floors {
            if self.score_of(*set, &scratch.scores) >= *floor {
                let at = int::to_usize(*set);
                scratch.due.extend_from_slice(&self.rules_by_set[at]);
            }
        }
    }

    /// Sums up the lazy models too, if a rule that is due asks for a score.
    pub(super) fn complete_scores(
        &self,
        view: &ImageView<'_>,
        record: &Record<'_>,
        always: bool,
        scratch: &mut Scratch,
    ) {
        let asks = |rule: &u32| self.scored[int::to_usize(*rule)];
        let needed = always || scratch.due.iter().any(asks);
        if needed && self.scorer.is_some() && !scratch.scores.is_complete() {
            self.sum_up(view, record, true, scratch);
        }
    }

    fn sum_up(
        &self,
        view: &ImageView<'_>,
        record: &Record<'_>,
        complete: bool,
        scratch: &mut Scratch,
    ) {
        let Some(scorer) = &self.scorer else { return };
        scorer.start(&self.image, complete, &mut scratch.scores);
        let fields = record.fields.iter().zip(&scratch.prepared);
        for (number, (content, prepared)) in fields.enumerate() {
            let read = (&*content.text, prepared.decoded());
            let field = int::to_u32(number);
            scorer.add(&view.grams, field, read, &mut scratch.scores);
        }
    }

    /// The score of a set; 0 for one that is no model.
    pub(super) fn score_of(&self, set: u32, scores: &Scores) -> f64 {
        let meta = self.image.meta();
        let model = meta.sets[int::to_usize(set)].model;
        model.map_or(0.0, |model| {
            scores.of(model, meta.models[int::to_usize(model)].bias)
        })
    }

    /// The scores of all models of the image for a record, by model.
    pub fn scores(
        &self,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) -> Vec<f64> {
        let view = self.image.tables();
        self.collect(view, record, true, scratch);
        self.last_scores(record, scratch)
    }

    /// The same for the record that was judged last with this scratch.
    pub fn last_scores(
        &self,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) -> Vec<f64> {
        let view = self.image.tables();
        self.complete_scores(view, record, true, scratch);
        let models = self.image.meta().models.iter().enumerate();
        models
            .map(|(number, model)| {
                scratch.scores.of(int::to_u32(number), model.bias)
            })
            .collect()
    }
}

/// A score with what it is made of.
#[derive(Clone, Debug)]
pub struct ScoreParts {
    pub score: f64,
    pub bias: f64,
    pub letters: u32,
    /// Every n-gram that the record has, the heaviest first.
    pub carriers: Vec<Carrier>,
}

impl Scanner {
    /// The score of one model for a record, taken apart.
    pub fn score_parts(
        &self,
        model: u32,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) -> ScoreParts {
        let view = self.image.tables();
        self.collect(view, record, true, scratch);
        let bias = self.image.meta().models[int::to_usize(model)].bias;
        let letters = scratch.scores.letters();
        let fields = reads(record, &scratch.prepared);
        let mut carriers =
            self.scorer.as_ref().map_or_else(Vec::new, |scorer| {
                let scores = &scratch.scores;
                scorer.carriers(&view.grams, model, None, &fields, scores)
            });
        let factor = score::length_factor(letters);
        for carrier in &mut carriers {
            *carrier = carrier.scaled(factor);
        }
        carriers.sort_by_key(|carrier| {
            (-carrier.weight.abs(), carrier.field, carrier.span, carrier.gram)
        });
        ScoreParts {
            score: scratch.scores.of(model, bias),
            bias: int::signed_f64(bias) / 10_000.0,
            letters,
            carriers,
        }
    }
}

impl RuleIntervals<'_, '_> {
    /// The n-grams that pulled the score of a set up, or down.
    pub(super) fn heaviest(&self, set: u32, up: bool) -> Vec<Interval> {
        let meta = self.scanner.image.meta();
        let model = meta.sets[int::to_usize(set)].model;
        let (Some(model), Some(scorer)) = (model, &self.scanner.scorer) else {
            return Vec::new();
        };
        let fields = reads(self.record, self.prepared);
        let (grams, scores) = (&self.view.grams, self.scores);
        let all = scorer.carriers(grams, model, Some(up), &fields, scores);
        let factor = score::length_factor(scores.letters());
        let folds = |carrier: &Carrier| {
            let field = int::to_usize(carrier.field);
            carrier.folds(fields[field])
        };
        let carriers = score::heaviest(all).into_iter();
        carriers
            .map(|carrier| carrier.scaled(factor))
            .map(|carrier| Interval {
                field: carrier.field,
                span: carrier.span,
                source: Source::Gram {
                    gram: carrier.gram,
                    weight: carrier.weight,
                },
                identity: Identity::Term { set, line: carrier.gram },
                penalty: Milli(0),
                folds: folds(&carrier),
                tier: 0,
            })
            .collect()
    }
}

/// The text fields of a record with what they were decoded to.
fn reads<'a>(
    record: &'a Record<'_>,
    prepared: &'a [Prepared],
) -> Vec<Read<'a>> {
    let fields = record.fields.iter().zip(prepared);
    fields.map(|(field, of)| (&*field.text, of.decoded())).collect()
}
