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

mod due;
mod facts;
mod found;
mod gate;
mod interval;
mod judge;
mod phrase;
mod policy;
mod score;
mod study;

use std::borrow::Cow;
use std::cmp::Reverse;

use crate::base::clock::Moment;
use crate::base::{Span, int};
use crate::image::{Condition, Image, ImageView, Meta, RuleMeta};
use crate::record::{Field, Id, Lookup, Record};
use crate::scan::{
    Engine, EngineKind, Hit, Prepared, ScanScratch, Scorer, Scores,
};
use crate::validate::{self, KindSet};
use crate::verdict::{Category, Milli, Verdict};

pub use facts::{Facts, NAMES as TEXT_FACTS};
pub use interval::{Identity, Interval, Source};
pub use judge::{Intervals, Judge, Judgement, Tri, Used};
pub use policy::{Ground, Limits, Policy, PolicyError, RulePolicy};
pub use score::ScoreParts;

use found::{Cache, FieldHit, RuleIntervals};
use gate::{Gates, Known, Place, Stage, applies};
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
    gates: Gates,
    /// Validator kinds that announce rules, with those rules; more kinds
    /// first.
    announced: Vec<(KindSet, u32)>,
    /// Of the models of the image, if it has any.
    scorer: Option<Scorer>,
    /// By set that is a model: the set, its model, and the score from which
    /// some rule may be true.
    floors: Vec<(u32, u32, f64)>,
    /// By rule: its conditions ask for a score.
    scored: Vec<bool>,
}

/// A rule with everything that does not depend on the record looked up.
#[derive(Debug)]
struct RuleRuntime {
    category: Category,
    ceiling: Verdict,
    shadow: bool,
    exceptions: Vec<Phrase>,
    /// All sets that its conditions may ask for, members and literals
    /// included.
    sets: Vec<u32>,
}

#[derive(Debug, Default)]
struct SetRuntime {
    kinds: KindSet,
    /// `contact`: telephone numbers count only with a cue.
    contact: bool,
    plain: KindSet,
    regexes: Vec<regex::Regex>,
}

/// Buffers of one thread. Grows to the largest record seen.
#[derive(Debug, Default)]
pub struct Scratch {
    scan: ScanScratch,
    /// By field.
    prepared: Vec<Prepared>,
    raw: Vec<Hit>,
    hits: Vec<FieldHit>,
    /// By set: hits of its terms.
    present: Vec<u32>,
    /// Kinds of values that validators could find.
    possible: KindSet,
    /// By set: a rule that is due may ask for it.
    wanted: Vec<bool>,
    due: Vec<u32>,
    /// Places in `Scanner::announced` of rules that may be due.
    announced: Vec<usize>,
    /// Some hit is by sound.
    heard: bool,
    facts: Facts,
    place: Place,
    cache: Cache,
    scores: Scores,
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
    /// For rules on personal data: field and place of every value that a
    /// set of the condition found, used or not. It must not be kept.
    pub values: Vec<(u32, Span)>,
}

/// The judgement of one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rules that ask for a report or a takedown, in the image's order.
    pub fired: Vec<Fired>,
    /// Shadow rules that would have.
    pub shadow: Vec<Fired>,
    /// Rules whose condition held but that ask for nothing.
    pub suppressed: Vec<Fired>,
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
            .map(|rule| rule_runtime(rule, meta, &policy, config.now))
            .collect();
        let mut scanner = Scanner {
            rules_by_set: vec![Vec::new(); sets.len()],
            always: Vec::new(),
            waking: meta.sets.iter().map(|set| set.waking).collect(),
            gates: Gates::default(),
            announced: Vec::new(),
            scorer: Scorer::new(engine.kind(), &image),
            floors: Vec::new(),
            scored: score::scored(meta),
            image: image.clone(),
            engine,
            policy,
            rules,
            sets,
        };
        scanner.gates = Gates::new(meta, &scanner.sets, &scanner.waking);
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
            }
        }
        // Where none of many kinds can be, none of a few can.
        self.announced.sort_by_key(|(kinds, _)| Reverse(kinds.len()));
        self.floors = score::floors(meta, &self.rules_by_set);
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
        let view = self.image.tables();
        self.collect(view, record, false, scratch);
        if scratch.due.is_empty() {
            return Outcome::default();
        }
        let mut outcome = Outcome::default();
        let due = std::mem::take(&mut scratch.due);
        for &rule in &due {
            let Some(fired) = self.rule(view, rule, record, scratch) else {
                continue;
            };
            let list = match (fired.verdict, fired.shadow) {
                (Verdict::Pass, _) => &mut outcome.suppressed,
                (_, true) => &mut outcome.shadow,
                (_, false) => &mut outcome.fired,
            };
            list.push(fired);
        }
        scratch.due = due;
        scratch.cache.reset();
        decide(&mut outcome);
        outcome
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
        let heard = scratch.heard;
        let mut judge = self.judge(view, number, record, scratch);
        judge.intervals.deaf = heard;
        let mut when = judge.judge(&meta.when);
        let mut asked = self.ask_for(number, &when, record);
        if heard {
            // What is written counts first, and what is heard where it asks
            // for more.
            judge.intervals.deaf = false;
            let by_ear = judge.judge(&meta.when);
            let mut more = self.ask_for(number, &by_ear, record);
            if let Some(more) = &mut more
                && needs_second_signal(&by_ear.used)
            {
                more.verdict = more.verdict.min(Verdict::Report);
            }
            let verdict = |asked: &Option<Asked>| {
                asked.as_ref().map(|asked| asked.verdict)
            };
            if verdict(&more) > verdict(&asked) {
                (when, asked) = (by_ear, more);
            }
            judge.intervals.deaf = true;
        }
        let Asked { mut verdict, confidence, unknown } = asked?;
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
        let rule = &self.rules[int::to_usize(number)];
        let shadow = rule.shadow;
        let values = match rule.category {
            Category::PersonalData => judge.values(&meta.when),
            _ => Vec::new(),
        };
        Some(Fired {
            rule: number,
            verdict,
            confidence,
            lowered,
            unknown,
            shadow,
            used: when.used,
            values,
        })
    }

    /// What a rule asks for, before `unless`. `None`: nothing.
    fn ask_for(
        &self,
        number: u32,
        when: &Judgement,
        record: &Record<'_>,
    ) -> Option<Asked> {
        let unknown = match when.tri {
            Tri::False => return None,
            // A rule about nothing but unknown fields says nothing.
            Tri::Unknown if when.used.is_empty() => return None,
            Tri::Unknown => true,
            Tri::True => false,
        };
        let (verdict, confidence) =
            self.ask(number, when.penalty, unknown, record);
        Some(Asked { verdict, confidence, unknown })
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
        view: &'a ImageView<'a>,
        rule: u32,
        record: &'a Record<'r>,
        scratch: &'a mut Scratch,
    ) -> Judge<'a, 'r, RuleIntervals<'a, 'r>> {
        let facts = &scratch.facts;
        let intervals = RuleIntervals {
            scanner: self,
            view,
            rule,
            record,
            hits: &scratch.hits,
            known: Known {
                possible: scratch.possible,
                present: &scratch.present,
                stage: Stage::Complete,
            },
            prepared: &scratch.prepared,
            scores: &scratch.scores,
            cache: &mut scratch.cache,
            deaf: false,
        };
        Judge { record, classes: view.classes, facts, intervals }
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
        let view = self.image.tables();
        self.collect(view, record, true, scratch);
        let mut judge = self.judge(view, rule, record, scratch);
        let result = run(&mut |condition| judge.judge(condition));
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
        let view = self.image.tables();
        self.collect(view, record, true, scratch);
        let fired = self.rule(view, rule, record, scratch);
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
        let view = self.image.tables();
        let mut all = Vec::new();
        for (field, content) in record.fields.iter().enumerate() {
            scratch.raw.clear();
            self.engine.scan(
                view,
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
        let view = self.image.tables();
        self.collect(view, record, true, scratch);
        scratch.due.clone()
    }
}

/// What a rule asks for.
struct Asked {
    verdict: Verdict,
    confidence: Milli,
    unknown: bool,
}

/// Whether a true condition rests on what was heard alone: some hit is by
/// sound, and no other set has a written hit in another place.
fn needs_second_signal(used: &[Used]) -> bool {
    let heard: Vec<&Used> =
        used.iter().filter(|u| u.interval.is_heard()).collect();
    let is_second = |one: &Used| {
        heard.iter().all(|other| {
            one.set != other.set
                && (one.interval.field != other.interval.field
                    || !one.interval.span.overlaps(other.interval.span))
        })
    };
    !heard.is_empty() && !used.iter().any(is_second)
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
    meta: &Meta,
    policy: &Policy,
    now: Option<Moment>,
) -> RuleRuntime {
    let mut sets: Vec<u32> = Vec::new();
    let mut todo: Vec<u32> = rule.sets.iter().map(|(_, set)| *set).collect();
    while let Some(set) = todo.pop() {
        if !sets.contains(&set) {
            let of = &meta.sets[int::to_usize(set)];
            todo.extend(of.members.iter().chain(&of.literals));
            sets.push(set);
        }
    }
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
        sets,
        exceptions: own
            .map(|own| own.exceptions.iter().map(|e| Phrase::new(e)).collect())
            .unwrap_or_default(),
    }
}

/// A record that is nothing but a text.
pub fn text_record(text: &str) -> Record<'_> {
    let field = Field { name: "text", text: Cow::Borrowed(text) };
    Record {
        id: Id::Absent,
        fields: [field].into_iter().collect(),
        surface: None,
        author: None,
        group: None,
        lang: None,
        created_at: None,
        line: 1,
        offset: 0,
        raw: text.as_bytes(),
        lookup: Lookup::None,
    }
}
