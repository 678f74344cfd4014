//! Which rules are worth evaluating. In: a record; out: its term hits and
//! the rules that may be true, as far as term hits, a look at the digits and
//! dots, and the facts of the text tell. Most records end here.

use super::found::FieldHit;
use super::judge::{Tri, field_tri, in_tri};
use super::{Scanner, Scratch};
use crate::base::int;
use crate::image::{Condition, ImageView, RuleMeta};
use crate::record::Record;
use crate::scan::{Phase, Prepared, Scores};
use crate::validate::{self, KindSet};

/// What is known of a record before its rules are evaluated.
struct Known<'a, 'r> {
    scanner: &'a Scanner,
    record: &'a Record<'r>,
    facts: &'a super::Facts,
    /// Validator kinds that could be found.
    possible: KindSet,
    /// By set: a term of it was found.
    present: &'a [bool],
    scores: &'a Scores,
    /// The second phase is done.
    complete: bool,
}

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
        scratch.hits.clear();
        scratch.due.clear();
        scratch.heard = false;
        scratch.present.clear();
        scratch.present.resize(self.sets.len(), false);
        self.prepare_fields(view, record, scratch);
        self.scan_fields(view, Phase::Waking, None, record, scratch);
        for found in &scratch.hits {
            let set = int::to_usize(found.hit.set);
            if !scratch.present[set] {
                scratch.present[set] = true;
                scratch.due.extend_from_slice(&self.rules_by_set[set]);
            }
        }
        self.score_fields(view, record, scratch);
        let mut possible = KindSet::NONE;
        if !self.announced_kinds.is_empty() || !scratch.due.is_empty() {
            for content in &record.fields {
                let need = validate::prescan(&content.text);
                possible = possible.or(need.kinds());
            }
        }
        for (kinds, rule) in &self.announced {
            if !kinds.and(possible).is_empty() {
                scratch.due.push(*rule);
            }
        }
        scratch.due.extend_from_slice(&self.always);
        scratch.due.sort_unstable();
        scratch.due.dedup();
        self.complete_scores(view, record, thorough, scratch);
        if thorough {
            self.scan_fields(view, Phase::Rest, None, record, scratch);
            return;
        }
        self.drop_impossible(record, possible, false, scratch);
        if scratch.due.is_empty() {
            return;
        }
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
        for found in &scratch.hits[first..] {
            scratch.present[int::to_usize(found.hit.set)] = true;
        }
        self.drop_impossible(record, possible, true, scratch);
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
                &scratch.prepared[field],
                &mut scratch.scan,
                &mut scratch.raw,
            );
            let field = int::to_u32(field);
            let hits = scratch.raw.iter();
            scratch.heard |= hits.clone().any(|hit| hit.tier > 1);
            scratch.hits.extend(hits.map(|hit| FieldHit { field, hit: *hit }));
        }
    }

    /// Drops rules that cannot be true whatever else is found. `complete`:
    /// both phases are done.
    fn drop_impossible(
        &self,
        record: &Record<'_>,
        possible: KindSet,
        complete: bool,
        scratch: &mut Scratch,
    ) {
        let meta = self.image.meta();
        let known = Known {
            scanner: self,
            record,
            facts: &scratch.facts,
            possible,
            present: &scratch.present,
            scores: &scratch.scores,
            complete,
        };
        scratch.due.retain(|number| {
            let rule = &meta.rules[int::to_usize(*number)];
            applies(rule, record) && known.may_hold(rule, &rule.when)
        });
    }
}

impl Known<'_, '_> {
    /// Whether a condition can be true or unknown. Generous: it never says
    /// no to what can hold.
    fn may_hold(&self, rule: &RuleMeta, condition: &Condition) -> bool {
        let may = |local: &u32| {
            let (_, set) = rule.sets[int::to_usize(*local)];
            self.may_hit(set)
        };
        match condition {
            Condition::Set(s)
            | Condition::Quoted(s)
            | Condition::Starts(s) => may(s),
            Condition::Any(all) => all.iter().any(may),
            Condition::All(all) => all.iter().all(may),
            Condition::Count(s, op, n) | Condition::Distinct(s, op, n) => {
                op.holds(Some(0.cmp(n))) || may(s)
            }
            Condition::Near(a, b, _) | Condition::Before(a, b, _) => {
                may(a) && may(b)
            }
            Condition::Score(s, op, number) => {
                let (_, set) = rule.sets[int::to_usize(*s)];
                let score = self.scanner.score_of(set, self.scores);
                op.holds(score.partial_cmp(number))
            }
            Condition::Field(path, op, literal) => {
                !is_cheap(path)
                    || field_tri(self.record, self.facts, path, *op, literal)
                        != Tri::False
            }
            Condition::In(path, literals) => {
                !is_cheap(path)
                    || in_tri(self.record, self.facts, path, literals)
                        != Tri::False
            }
            Condition::Not(_) => true,
            // Fields first: they settle most and cost least.
            Condition::And(parts) => {
                let (fields, rest) = (true, false);
                [fields, rest].into_iter().all(|first| {
                    let mut part =
                        parts.iter().filter(|p| is_field(p) == first);
                    part.all(|p| self.may_hold(rule, p))
                })
            }
            Condition::Or(parts) => {
                parts.iter().any(|p| self.may_hold(rule, p))
            }
        }
    }

    /// Whether a set may have a hit, as far as is known.
    fn may_hit(&self, set: u32) -> bool {
        let at = int::to_usize(set);
        let scanner = self.scanner;
        let meta = &scanner.image.meta().sets[at];
        let own = self.present[at]
            || !self.complete && meta.terms > 0 && !scanner.waking[at]
            || !meta.singles.is_empty()
            || !scanner.sets[at].kinds.and(self.possible).is_empty();
        let mut parts = meta.members.iter().chain(&meta.literals);
        own || parts.any(|part| self.may_hit(*part))
    }
}

fn is_field(condition: &Condition) -> bool {
    matches!(condition, Condition::Field(..) | Condition::In(..))
}

/// Fields that cost next to nothing to read: no search of the record's bytes
/// and no validator.
fn is_cheap(path: &str) -> bool {
    match path.strip_prefix("text.") {
        Some(fact) => fact != "urls",
        None => matches!(path, "surface" | "lang"),
    }
}

/// Whether language and surface let the rule look at the record. An unknown
/// attribute does not exclude.
pub(super) fn applies(rule: &RuleMeta, record: &Record<'_>) -> bool {
    let lang = record.lang.as_deref().unwrap_or("");
    let lang_fits = rule.langs.is_empty()
        || lang.is_empty()
        || lang == "und"
        || rule.langs.iter().any(|wanted| {
            let head = lang.get(..wanted.len()).unwrap_or("");
            let rest = lang.as_bytes().get(wanted.len());
            head.eq_ignore_ascii_case(wanted)
                && matches!(rest, None | Some(b'-' | b'_'))
        });
    let surface = record.surface.as_deref();
    let surface_fits = rule.surfaces.is_empty()
        || surface.is_none_or(|s| rule.surfaces.iter().any(|w| w == s));
    lang_fits && surface_fits
}
