//! Which rules are worth evaluating. In: a record; out: its term hits and
//! the rules that may be true, as far as term hits, a look at the digits and
//! dots, and the facts of the text tell. Most records end here.

use super::found::FieldHit;
use super::gate::{Known, Seen, Stage};
use super::{Scanner, Scratch};
use crate::base::int;
use crate::image::ImageView;
use crate::record::{Field, Record};
use crate::scan::{Phase, Prepared};
use crate::validate::{self, KindSet};

impl Scanner {
    /// Scans the fields and lists the rules that may fire: those that a
    /// waking term or a validator announces and that are not impossible by
    /// what was found. The other terms are looked for only if any is left,
    /// and only those of its sets. With `thorough` nothing is left out, for
    /// explanations.
    pub(super) fn collect(
        &self,
        view: &ImageView<'_>,
        record: &Record<'_>,
        thorough: bool,
        scratch: &mut Scratch,
    ) {
        scratch.facts.reset();
        scratch.place = self.gates.place(record);
        scratch.forget_hits(self.sets.len());
        scratch.due.clear();
        scratch.heard = false;
        scratch.possible = KindSet::ALL;
        self.prepare_fields(view, record, scratch);
        self.scan_fields(view, Phase::Waking, None, record, scratch);
        for found in &scratch.hits {
            let set = int::to_usize(found.hit.set);
            scratch.present[set] += 1;
            if scratch.present[set] == 1 {
                scratch.due.extend_from_slice(&self.rules_by_set[set]);
            }
        }
        self.score_fields(view, record, scratch);
        scratch.due.extend_from_slice(&self.always);
        scratch.announced.clear();
        if thorough {
            scratch.announced.extend(0..self.announced.len());
        } else {
            // Most rules fall here, and most records with them: what follows
            // reads the text once more.
            scratch.due.sort_unstable();
            scratch.due.dedup();
            self.drop_impossible(record, KindSet::ALL, Stage::Woken, scratch);
            self.hear_announcements(record, scratch);
            if scratch.due.is_empty() && scratch.announced.is_empty() {
                return;
            }
        }
        let mut possible = KindSet::NONE;
        let asks = |rule: &u32| self.gates.asks_validators(*rule);
        if !scratch.announced.is_empty() || scratch.due.iter().any(asks) {
            for content in &record.fields {
                let need = validate::prescan(&content.text);
                possible = possible.or(need.kinds());
            }
        }
        for number in &scratch.announced {
            let (kinds, rule) = self.announced[*number];
            if !kinds.and(possible).is_empty() {
                scratch.due.push(rule);
            }
        }
        scratch.due.sort_unstable();
        scratch.due.dedup();
        self.complete_scores(view, record, thorough, scratch);
        if thorough {
            let first = scratch.hits.len();
            self.scan_fields(view, Phase::Rest, None, record, scratch);
            mark_present(first, scratch);
            return;
        }
        self.drop_impossible(record, possible, Stage::Scored, scratch);
        if !scratch.due.is_empty() {
            self.narrow(view, record, possible, scratch);
        }
    }

    /// The rules left, of those listed, when kinds of validators are
    /// possible.
    fn narrow(
        &self,
        view: &ImageView<'_>,
        record: &Record<'_>,
        possible: KindSet,
        scratch: &mut Scratch,
    ) {
        let mut wanted = std::mem::take(&mut scratch.wanted);
        wanted.clear();
        wanted.resize(self.sets.len(), false);
        let meta = self.image.meta();
        let mut any = false;
        for rule in &scratch.due {
            for set in &self.rules[int::to_usize(*rule)].sets {
                let at = int::to_usize(*set);
                wanted[at] = true;
                any |= meta.sets[at].terms > 0 && !self.waking[at];
            }
        }
        let first = scratch.hits.len();
        if any {
            let wanted = Some(&wanted[..]);
            self.scan_fields(view, Phase::Rest, wanted, record, scratch);
        }
        scratch.wanted = wanted;
        mark_present(first, scratch);
        scratch.possible = possible;
        self.drop_impossible(record, possible, Stage::Complete, scratch);
    }

    /// Lists the rules that validators announce and that could hold if those
    /// found something, which no quick look rules out.
    fn hear_announcements(&self, record: &Record<'_>, scratch: &mut Scratch) {
        let Scratch { facts, present, scores, announced, place, .. } = scratch;
        let stage = Stage::Woken;
        let seen = Seen {
            record,
            facts,
            score: &|set| self.score_of(set, scores),
            hits: Known { possible: KindSet::ALL, present, stage },
        };
        // Kinds that are ruled out, and the last that were not.
        let mut ruled_out = KindSet::NONE;
        let mut found = None;
        for (number, (kinds, rule)) in self.announced.iter().enumerate() {
            if ruled_out.and(*kinds) == *kinds
                || !self.gates.opens(*rule, *place, &seen)
            {
                continue;
            }
            let may_find = |content: &Field<'_>| {
                validate::may_find(&content.text, *kinds)
            };
            if found == Some(*kinds) || record.fields.iter().any(may_find) {
                found = Some(*kinds);
                announced.push(number);
            } else {
                ruled_out = ruled_out.or(*kinds);
            }
        }
    }

    fn prepare_fields(
        &self,
        view: &ImageView<'_>,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) {
        let prepared = &mut scratch.prepared;
        if prepared.len() < record.fields.len() {
            prepared.resize_with(record.fields.len(), Prepared::default);
        }
        for (content, out) in record.fields.iter().zip(prepared) {
            self.engine.prepare(view, &content.text, out);
        }
    }

    fn scan_fields(
        &self,
        view: &ImageView<'_>,
        phase: Phase,
        wanted: Option<&[bool]>,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) {
        for (field, content) in record.fields.iter().enumerate() {
            scratch.raw.clear();
            self.engine.scan_phase(
                view,
                phase,
                wanted,
                &content.text,
                &mut scratch.prepared[field],
                &mut scratch.scan,
                &mut scratch.raw,
            );
            let field = int::to_u32(field);
            let hits = scratch.raw.iter();
            scratch.heard |= hits.clone().any(|hit| hit.tier > 1);
            scratch.hits.extend(hits.map(|hit| FieldHit { field, hit: *hit }));
        }
    }

    /// Drops rules that cannot be true whatever else is found.
    fn drop_impossible(
        &self,
        record: &Record<'_>,
        possible: KindSet,
        stage: Stage,
        scratch: &mut Scratch,
    ) {
        let Scratch { facts, present, scores, due, place, .. } = scratch;
        let seen = Seen {
            record,
            facts,
            score: &|set| self.score_of(set, scores),
            hits: Known { possible, present, stage },
        };
        due.retain(|rule| self.gates.opens(*rule, *place, &seen));
    }
}

impl Scratch {
    /// Drops the hits of the last record. Sets are many and hits are few: so
    /// only what was noted is taken back.
    fn forget_hits(&mut self, sets: usize) {
        if self.present.len() == sets {
            for found in &self.hits {
                self.present[int::to_usize(found.hit.set)] = 0;
            }
        } else {
            self.present.clear();
            self.present.resize(sets, 0);
        }
        self.hits.clear();
    }
}

/// Notes the sets of hits from `first` on.
fn mark_present(first: usize, scratch: &mut Scratch) {
    for found in &scratch.hits[first..] {
        scratch.present[int::to_usize(found.hit.set)] += 1;
    }
}
