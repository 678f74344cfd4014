//! From hits to a verdict. In: an image, a policy and records; out: one
//! outcome a record. No I/O, no clock, no threads: the same image, policy
//! and record give the same outcome anywhere.
//!
//! [`Scanner`] is shared by threads; each thread has one [`Scratch`].
//!
//! ```
//! use trommel::eval::{Scanner, Scratch};
//! use trommel::pack::{Options, compile_text};
//!
//! let rules = r#"
//! [[rule]]
//! id = "spam.demo"
//! title = "Demo"
//! category = "spam"
//! confidence = 0.95
//! owner = "docs"
//! review_by = 2099-01-01
//! reason = { zh = "示例", en = "An example" }
//! [rule.sets]
//! lure = { list = ["free money"] }
//! [rule.match]
//! when = "lure"
//! "#;
//! let image = compile_text("demo.toml", rules, &Options::default())?;
//! let scanner = Scanner::new(image)?;
//! let mut scratch = Scratch::default();
//! let outcome = scanner.check("get FR€€ m0ney now", &mut scratch);
//! assert_eq!(outcome.verdict().as_str(), "report");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod facts;
mod interval;
mod judge;
mod phrase;
mod policy;
mod study;

use std::sync::Arc;

use crate::base::clock::Moment;
use crate::base::{Span, int};
use crate::fold::{Fold, Folds, letter};
use crate::image::{Condition, Image, ImageView, RuleMeta};
use crate::record::Record;
use crate::scan::{self, Engine, EngineKind, Hit, Phase, ScanScratch};
use crate::validate::{self, KindSet};
use crate::verdict::{Category, Milli, Verdict};

pub use facts::{Facts, NAMES as TEXT_FACTS};
pub use interval::{Identity, Interval, Source};
pub use judge::{Intervals, Judge, Judgement, Tri, Used};
pub use policy::{Limits, Policy, PolicyError, RulePolicy};
pub use study::text_record;

use interval::leftmost_longest;
use phrase::Phrase;

/// Why a scanner could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ScannerError(String);

/// How a scanner is made.
#[derive(Clone, Debug, Default)]
pub struct Config {
    engine: EngineKind,
    policy: Policy,
    now: Option<Moment>,
}

impl Config {
    pub fn new() -> Config {
        Config::default()
    }

    pub fn engine(mut self, engine: EngineKind) -> Config {
        self.engine = engine;
        self
    }

    pub fn policy(mut self, policy: Policy) -> Config {
        self.policy = policy;
        self
    }

    /// The moment that the policy's waiting time of edited rules is counted
    /// from. Not given: every rule has settled.
    pub fn now(mut self, now: Moment) -> Config {
        self.now = Some(now);
        self
    }
}

/// An image ready to judge records.
#[derive(Debug)]
pub struct Scanner {
    image: Image,
    engine: Engine,
    policy: Policy,
    rules: Vec<RuleRuntime>,
    sets: Vec<SetRuntime>,
    /// Rules to evaluate when a set has a term hit, by set.
    rules_by_set: Vec<Vec<u32>>,
    /// Rules that no set announces.
    always: Vec<u32>,
    /// Sets whose terms are found in the first phase.
    waking: Vec<bool>,
    /// Validator kinds that announce rules, with those rules.
    announced: Vec<(KindSet, u32)>,
    announced_kinds: KindSet,
}

/// A rule with everything that does not depend on the record looked up.
#[derive(Debug)]
struct RuleRuntime {
    category: Category,
    ceiling: Verdict,
    shadow: bool,
    exceptions: Vec<Phrase>,
}

#[derive(Debug, Default)]
struct SetRuntime {
    kinds: KindSet,
    /// `contact`: telephone numbers count only with a cue.
    contact: bool,
    plain: KindSet,
    regexes: Vec<regex::Regex>,
}

/// A term hit with its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FieldHit {
    field: u32,
    hit: Hit,
}

/// Buffers of one thread. Grows to the largest record seen.
#[derive(Debug, Default)]
pub struct Scratch {
    scan: ScanScratch,
    raw: Vec<Hit>,
    hits: Vec<FieldHit>,
    /// By set: a term of it was found.
    present: Vec<bool>,
    due: Vec<u32>,
    cache: Cache,
}

#[derive(Debug, Default)]
struct Cache {
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

/// What came of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// Index into the image's rules.
    pub rule: u32,
    /// What it asks for; `pass` only for suppressed rules.
    pub verdict: Verdict,
    pub confidence: Milli,
    /// `unless` held and lowered it.
    pub lowered: bool,
    /// A field was unknown, so it asks for no more than a report.
    pub unknown: bool,
    /// Evaluated and counted, never part of the verdict.
    pub shadow: bool,
    pub used: Vec<Used>,
}

/// The judgement of one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rules that ask for a report or a takedown, in the image's order.
    pub fired: Vec<Fired>,
    /// Shadow rules that would have.
    pub shadow: Vec<Fired>,
    decided: Option<u32>,
    verdict: Verdict,
}

impl Outcome {
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The rule that decided: the highest verdict, then the highest
    /// confidence, then the first.
    pub fn deciding(&self) -> Option<&Fired> {
        self.decided.map(|index| &self.fired[int::to_usize(index)])
    }
}

impl Scanner {
    /// A scanner with the default engine and policy.
    pub fn new(image: Image) -> Result<Scanner, ScannerError> {
        Scanner::with_config(image, Config::default())
    }

    /// A scanner as configured. Cost: `fused` needs no preparation beyond
    /// the regexes of the packs, `reference` builds its automaton.
    pub fn with_config(
        image: Image,
        config: Config,
    ) -> Result<Scanner, ScannerError> {
        let engine =
            Engine::new(config.engine, &image).map_err(ScannerError)?;
        let policy = config.policy;
        let meta = image.meta();
        let mut sets = Vec::with_capacity(meta.sets.len());
        for set in &meta.sets {
            sets.push(set_runtime(set)?);
        }
        let rules = meta
            .rules
            .iter()
            .map(|rule| rule_runtime(rule, &policy, config.now))
            .collect();
        let mut scanner = Scanner {
            rules_by_set: vec![Vec::new(); sets.len()],
            always: Vec::new(),
            waking: vec![false; sets.len()],
            announced: Vec::new(),
            announced_kinds: KindSet::NONE,
            image: image.clone(),
            engine,
            policy,
            rules,
            sets,
        };
        for row in image.view().terms {
            scanner.waking[int::to_usize(row.set)] |= row.is_waking();
        }
        scanner.announce();
        Ok(scanner)
    }

    /// Works out which rules a hit of each set may make true.
    fn announce(&mut self) {
        let image = self.image.clone();
        let meta = image.meta();
        for (number, rule) in meta.rules.iter().enumerate() {
            let number = int::to_u32(number);
            let disabled =
                self.policy.rule(&rule.id).is_some_and(|p| p.disable);
            let lent = !meta.packs[int::to_usize(rule.pack)].active;
            if rule.status == "retired" || disabled || lent {
                continue;
            }
            let Some(triggers) = &rule.triggers else {
                self.always.push(number);
                continue;
            };
            let mut kinds = KindSet::NONE;
            let mut todo = triggers.clone();
            while let Some(set) = todo.pop() {
                let at = int::to_usize(set);
                if self.rules_by_set[at].last() != Some(&number) {
                    self.rules_by_set[at].push(number);
                }
                kinds = kinds.or(self.sets[at].kinds);
                todo.extend(&meta.sets[at].members);
                todo.extend(meta.sets[at].literals);
            }
            if !kinds.is_empty() {
                self.announced.push((kinds, number));
                self.announced_kinds = self.announced_kinds.or(kinds);
            }
        }
    }

    pub fn image(&self) -> &Image {
        &self.image
    }

    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    pub fn engine(&self) -> EngineKind {
        self.engine.kind()
    }

    /// Judges a bare text.
    pub fn check(&self, text: &str, scratch: &mut Scratch) -> Outcome {
        let record = text_record(text);
        self.scan(&record, scratch)
    }

    /// Judges one record. A record without text passes.
    pub fn scan(&self, record: &Record<'_>, scratch: &mut Scratch) -> Outcome {
        let view = self.image.view();
        self.collect(&view, record, false, scratch);
        if scratch.due.is_empty() {
            return Outcome::default();
        }
        let mut outcome = Outcome::default();
        let due = std::mem::take(&mut scratch.due);
        for &rule in &due {
            let Some(fired) = self.rule(&view, rule, record, scratch) else {
                continue;
            };
            if fired.verdict == Verdict::Pass {
                continue;
            }
            if fired.shadow {
                outcome.shadow.push(fired);
            } else {
                outcome.fired.push(fired);
            }
        }
        scratch.due = due;
        scratch.cache.reset();
        decide(&mut outcome);
        outcome
    }

    /// Scans the fields and lists the rules that may fire: those that a
    /// waking term or a validator announces and that are not impossible by
    /// what was found. The other terms are looked for only if any is left.
    /// With `thorough` nothing is left out, for explanations.
    fn collect(
        &self,
        view: &ImageView<'_>,
        record: &Record<'_>,
        thorough: bool,
        scratch: &mut Scratch,
    ) {
        scratch.hits.clear();
        scratch.due.clear();
        scratch.present.clear();
        scratch.present.resize(self.sets.len(), false);
        self.scan_fields(view, Phase::Waking, record, scratch);
        for found in &scratch.hits {
            let set = int::to_usize(found.hit.set);
            if !scratch.present[set] {
                scratch.present[set] = true;
                scratch.due.extend_from_slice(&self.rules_by_set[set]);
            }
        }
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
        if !thorough {
            self.drop_impossible(possible, false, scratch);
            if scratch.due.is_empty() {
                return;
            }
        }
        self.scan_fields(view, Phase::Rest, record, scratch);
        if !thorough {
            for found in &scratch.hits {
                scratch.present[int::to_usize(found.hit.set)] = true;
            }
            self.drop_impossible(possible, true, scratch);
        }
    }

    fn scan_fields(
        &self,
        view: &ImageView<'_>,
        phase: Phase,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) {
        for (field, content) in record.fields.iter().enumerate() {
            scratch.raw.clear();
            self.engine.scan_phase(
                view,
                phase,
                &content.text,
                &mut scratch.scan,
                &mut scratch.raw,
            );
            let field = int::to_u32(field);
            let hits = scratch.raw.iter();
            scratch.hits.extend(hits.map(|hit| FieldHit { field, hit: *hit }));
        }
    }

    /// Drops rules that cannot be true whatever else is found. `complete`:
    /// both phases are done.
    fn drop_impossible(
        &self,
        possible: KindSet,
        complete: bool,
        scratch: &mut Scratch,
    ) {
        let meta = self.image.meta();
        let present = &scratch.present;
        scratch.due.retain(|number| {
            let rule = &meta.rules[int::to_usize(*number)];
            let may = |local: u32| {
                let (_, set) = rule.sets[int::to_usize(local)];
                self.may_hit(set, possible, complete, present)
            };
            may_hold(&rule.when, &may)
        });
    }

    /// Whether a set may have a hit, as far as is known.
    fn may_hit(
        &self,
        set: u32,
        possible: KindSet,
        complete: bool,
        present: &[bool],
    ) -> bool {
        let at = int::to_usize(set);
        let meta = &self.image.meta().sets[at];
        let own = present[at]
            || !complete && meta.terms > 0 && !self.waking[at]
            || !meta.singles.is_empty()
            || !self.sets[at].kinds.and(possible).is_empty();
        own || meta
            .members
            .iter()
            .chain(&meta.literals)
            .any(|m| self.may_hit(*m, possible, complete, present))
    }

    /// Evaluates one rule. `None`: it did not fire.
    fn rule<'a>(
        &'a self,
        view: &ImageView<'a>,
        number: u32,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) -> Option<Fired> {
        let meta = &self.image.meta().rules[int::to_usize(number)];
        if !applies(meta, record) {
            return None;
        }
        let mut judge = self.judge(view, number, record, scratch);
        let when = judge.judge(&meta.when);
        let unknown = match when.tri {
            Tri::False => return None,
            // A rule about nothing but unknown fields says nothing.
            Tri::Unknown if when.used.is_empty() => return None,
            Tri::Unknown => true,
            Tri::True => false,
        };
        let (mut verdict, confidence) =
            self.ask(number, when.penalty, unknown, record);
        let mut lowered = false;
        if verdict > Verdict::Pass
            && let Some(unless) = &meta.unless
            && judge.judge(unless).tri == Tri::True
        {
            lowered = true;
            verdict = if meta.unless_to_pass {
                Verdict::Pass
            } else {
                verdict.min(Verdict::Report)
            };
        }
        let shadow = self.rules[int::to_usize(number)].shadow;
        Some(Fired {
            rule: number,
            verdict,
            confidence,
            lowered,
            unknown,
            shadow,
            used: when.used,
        })
    }

    /// What a rule asks for at a price, before `unless`.
    fn ask(
        &self,
        number: u32,
        penalty: Milli,
        unknown: bool,
        record: &Record<'_>,
    ) -> (Verdict, Milli) {
        let meta = &self.image.meta().rules[int::to_usize(number)];
        let rule = &self.rules[int::to_usize(number)];
        let confidence = Milli(meta.confidence).minus(penalty);
        let surface = record.surface.as_deref();
        let limits = self.policy.limits(rule.category, surface);
        let verdict = if confidence >= limits.takedown {
            Verdict::Takedown
        } else if confidence >= limits.report {
            Verdict::Report
        } else {
            Verdict::Pass
        };
        let mut max = limits.max.min(rule.ceiling);
        if unknown {
            max = max.min(Verdict::Report);
        }
        (verdict.min(max), confidence)
    }

    fn judge<'a, 'r>(
        &'a self,
        view: &ImageView<'a>,
        rule: u32,
        record: &'a Record<'r>,
        scratch: &'a mut Scratch,
    ) -> Judge<'a, 'r, RuleIntervals<'a, 'r>> {
        let intervals = RuleIntervals {
            scanner: self,
            view: *view,
            rule,
            record,
            hits: &scratch.hits,
            cache: &mut scratch.cache,
        };
        Judge { record, classes: view.classes, facts: &Facts, intervals }
    }

    /// Evaluates any condition of a rule again, for explanations: the
    /// callback gets a judge that answers for the record.
    pub fn with_judge<T>(
        &self,
        rule: u32,
        record: &Record<'_>,
        scratch: &mut Scratch,
        run: impl FnOnce(&mut dyn FnMut(&Condition) -> Judgement) -> T,
    ) -> T {
        let view = self.image.view();
        self.collect(&view, record, true, scratch);
        let mut judge = self.judge(&view, rule, record, scratch);
        let result = run(&mut |condition| judge.judge(condition));
        drop(judge);
        scratch.cache.reset();
        result
    }

    /// What one rule makes of a record, suppressed verdicts included. `None`
    /// when its condition does not hold or it does not apply.
    pub fn try_rule(
        &self,
        rule: u32,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) -> Option<Fired> {
        let view = self.image.view();
        self.collect(&view, record, true, scratch);
        let fired = self.rule(&view, rule, record, scratch);
        scratch.cache.reset();
        fired
    }

    /// All term hits of a record as (field, hit), for explanations: of both
    /// phases, whether or not a rule asks for them.
    pub fn hits(
        &self,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) -> Vec<(u32, Hit)> {
        let view = self.image.view();
        let mut all = Vec::new();
        for (field, content) in record.fields.iter().enumerate() {
            scratch.raw.clear();
            self.engine.scan(
                &view,
                &content.text,
                &mut scratch.scan,
                &mut scratch.raw,
            );
            let field = int::to_u32(field);
            all.extend(scratch.raw.iter().map(|hit| (field, *hit)));
        }
        all
    }

    /// Rules whose announcing sets have a hit in the record.
    pub fn due(&self, record: &Record<'_>, scratch: &mut Scratch) -> Vec<u32> {
        let view = self.image.view();
        self.collect(&view, record, true, scratch);
        scratch.due.clone()
    }
}

/// Whether a condition can be true or unknown when only the sets that `may`
/// names have hits. Generous: it never says no to what can hold.
fn may_hold(condition: &Condition, may: &dyn Fn(u32) -> bool) -> bool {
    match condition {
        Condition::Set(s) | Condition::Quoted(s) | Condition::Starts(s) => {
            may(*s)
        }
        Condition::Any(all) => all.iter().any(|s| may(*s)),
        Condition::All(all) => all.iter().all(|s| may(*s)),
        Condition::Count(s, op, n) | Condition::Distinct(s, op, n) => {
            may(*s) || op.holds(Some(0.cmp(n)))
        }
        Condition::Near(a, b, _) | Condition::Before(a, b, _) => {
            may(*a) && may(*b)
        }
        Condition::Field(..) | Condition::In(..) | Condition::Not(_) => true,
        Condition::And(parts) => parts.iter().all(|p| may_hold(p, may)),
        Condition::Or(parts) => parts.iter().any(|p| may_hold(p, may)),
    }
}

/// Whether language and surface let the rule look at the record. An unknown
/// attribute does not exclude.
fn applies(rule: &RuleMeta, record: &Record<'_>) -> bool {
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

fn decide(outcome: &mut Outcome) {
    let best = outcome.fired.iter().enumerate().max_by(|(i, a), (j, b)| {
        (a.verdict, a.confidence)
            .cmp(&(b.verdict, b.confidence))
            .then(j.cmp(i))
    });
    if let Some((index, fired)) = best {
        outcome.verdict = fired.verdict;
        outcome.decided = Some(int::to_u32(index));
    }
}

fn set_runtime(
    set: &crate::image::SetMeta,
) -> Result<SetRuntime, ScannerError> {
    let mut runtime = SetRuntime::default();
    for name in &set.validators {
        if name == "contact" {
            runtime.contact = true;
            runtime.kinds = runtime.kinds.or(KindSet::CONTACT);
        } else if let Some(kind) = validate::Kind::from_name(name) {
            runtime.plain = runtime.plain.or(kind.into());
            runtime.kinds = runtime.kinds.or(kind.into());
        } else {
            return Err(ScannerError(format!(
                "set {}: this program has no validator {name:?}",
                set.name
            )));
        }
    }
    for pattern in &set.regexes {
        let regex = regex::RegexBuilder::new(pattern)
            .size_limit(1 << 20)
            .build()
            .map_err(|error| {
                ScannerError(format!("set {}: {error}", set.name))
            })?;
        runtime.regexes.push(regex);
    }
    Ok(runtime)
}

fn rule_runtime(
    rule: &RuleMeta,
    policy: &Policy,
    now: Option<Moment>,
) -> RuleRuntime {
    let own = policy.rule(&rule.id);
    let mut ceiling = Verdict::parse(&rule.ceiling).unwrap_or(Verdict::Report);
    if rule.status != "stable" {
        ceiling = ceiling.min(if rule.status == "report" {
            Verdict::Report
        } else {
            ceiling
        });
    }
    if let Some(max) = own.and_then(|own| own.max) {
        ceiling = ceiling.min(max);
    }
    if now.is_some_and(|now| policy.is_settling(&rule.updated, now)) {
        ceiling = ceiling.min(Verdict::Report);
    }
    RuleRuntime {
        // The image check has seen that the name is one of the list.
        category: Category::parse(&rule.category).unwrap_or(Category::Custom),
        ceiling,
        shadow: rule.status == "shadow",
        exceptions: own
            .map(|own| own.exceptions.iter().map(|e| Phrase::new(e)).collect())
            .unwrap_or_default(),
    }
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
struct RuleIntervals<'a, 'r> {
    scanner: &'a Scanner,
    view: ImageView<'a>,
    rule: u32,
    record: &'a Record<'r>,
    hits: &'a [FieldHit],
    cache: &'a mut Cache,
}

impl Intervals for RuleIntervals<'_, '_> {
    fn of(&mut self, set: u32) -> Arc<Vec<Interval>> {
        let meta = self.scanner.image.meta();
        let rule = &meta.rules[int::to_usize(self.rule)];
        let (_, set) = rule.sets[int::to_usize(set)];
        let all = self.set(set);
        let exceptions =
            &self.scanner.rules[int::to_usize(self.rule)].exceptions;
        if exceptions.is_empty() || all.is_empty() {
            return all;
        }
        self.without_exceptions(&all, exceptions)
    }
}

impl RuleIntervals<'_, '_> {
    /// The intervals of a set of the image, from the cache or made.
    fn set(&mut self, set: u32) -> Arc<Vec<Interval>> {
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
                if reading.tier > 0 && row.is_exact() {
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
    }
}

impl Cache {
    fn reset(&mut self) {
        for set in self.filled.drain(..) {
            self.sets[int::to_usize(set)] = None;
        }
        for entry in &mut self.found {
            entry.searched = KindSet::NONE;
            entry.found.clear();
        }
    }
}
