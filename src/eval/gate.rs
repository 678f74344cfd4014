//! Conditions as far as they can be ruled out before a rule is evaluated. In:
//! the rules of an image once, then for each record what is known of it so
//! far; out: whether a rule may be true. Generous: never no to what can hold.
//!
//! Conditions are trees of names; here they lie flat in one array, with what
//! costs nothing in front, because most records ask several rules and most
//! answers are no.

use super::facts::NAMES;
use super::judge::{Tri, field_tri, in_tri};
use super::{Facts, SetRuntime};
use crate::base::int;
use crate::image::{Condition, Literal, Meta, Op, RuleMeta};
use crate::record::Record;
use crate::validate::KindSet;

/// The gates of all rules.
#[derive(Debug, Default)]
pub(super) struct Gates {
    gates: Vec<Gate>,
    nodes: Vec<Node>,
    /// By set: whence its hits may come.
    reaches: Vec<Reach>,
    /// The sets of all reaches.
    members: Vec<u32>,
    langs: Vec<String>,
    surfaces: Vec<String>,
}

#[derive(Debug)]
struct Gate {
    /// Languages and surfaces as bits.
    langs: u64,
    surfaces: u64,
    first: usize,
    /// Some of its sets ask validators.
    asks: bool,
}

/// A part of a condition, followed by its own parts.
#[derive(Debug)]
struct Node {
    kind: Kind,
    /// The node behind the last part.
    next: usize,
}

#[derive(Debug)]
enum Kind {
    /// May hold, as far as anyone asks here.
    Open,
    /// So many hits of a set, at least one.
    Hit(u32, u32),
    Score(u32, Op, f64),
    /// A number of the text, by its place in `facts::NAMES`.
    Fact(usize, Op, f64),
    /// Any other field that costs little.
    Field(Box<Condition>),
    And,
    Or,
}

/// Whence the hits of a set may come: from itself, its members and literals,
/// and theirs.
#[derive(Debug, Default)]
struct Reach {
    /// All these sets, each once: a range of `Gates::members`.
    first: usize,
    end: usize,
    kinds: KindSet,
    /// Some have terms that only the second phase finds.
    later: bool,
    /// Some have terms of one character, which no phase looks for.
    always: bool,
    /// Some are patterns: one hit of a literal says nothing of how many
    /// matches there are.
    matches: bool,
}

/// How much is known of a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Hits of waking terms.
    Woken,
    /// Also the scores of learned dictionaries.
    Scored,
    /// Also the hits of all other terms.
    Complete,
}

/// What is known of the hits of a record.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// Validator kinds that could be found.
    pub possible: KindSet,
    /// By set: hits of its terms.
    pub present: &'a [u32],
    pub stage: Stage,
}

/// What is known of a record before its rules are evaluated.
pub(super) struct Seen<'a, 'r> {
    pub record: &'a Record<'r>,
    pub facts: &'a Facts,
    /// The score of a set.
    pub score: &'a dyn Fn(u32) -> f64,
    pub hits: Known<'a>,
}

/// Language and surface of a record, as bits of the gates.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    langs: u64,
    surfaces: u64,
}

/// The bit of what no rule names.
const OTHER: u64 = 1 << 63;

/// The bit of a name. Beyond so many names some share one, which is no harm
/// where a gate only rules out.
fn bit(number: usize) -> u64 {
    1 << (number % 63)
}

/// The number of a name in a list, which grows.
fn number(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

fn bits(names: &mut Vec<String>, wanted: &[String]) -> u64 {
    if wanted.is_empty() {
        return u64::MAX;
    }
    wanted.iter().fold(0, |all, name| all | bit(number(names, name)))
}

impl Gates {
    /// Flattens the conditions of all rules. `waking`: by set, its terms are
    /// found in the first phase.
    pub(super) fn new(
        meta: &Meta,
        sets: &[SetRuntime],
        waking: &[bool],
    ) -> Gates {
        let mut gates = Gates::default();
        for rule in &meta.rules {
            let gate = Gate {
                langs: bits(&mut gates.langs, &rule.langs),
                surfaces: bits(&mut gates.surfaces, &rule.surfaces),
                first: gates.nodes.len(),
                asks: false,
            };
            gates.gates.push(gate);
            gates.add(rule, &rule.when);
        }
        gates.reaches = (0..meta.sets.len())
            .map(|at| reach(at, meta, sets, waking, &mut gates.members))
            .collect();
        for (gate, rule) in gates.gates.iter_mut().zip(&meta.rules) {
            gate.asks = rule.sets.iter().any(|(_, set)| {
                !gates.reaches[int::to_usize(*set)].kinds.is_empty()
            });
        }
        gates
    }

    /// Whether what validators find can make a difference to a rule.
    pub(super) fn asks_validators(&self, rule: u32) -> bool {
        self.gates[int::to_usize(rule)].asks
    }

    fn add(&mut self, rule: &RuleMeta, condition: &Condition) {
        let at = self.nodes.len();
        let hits_of = |local: &u32, least: u32| {
            Kind::Hit(rule.sets[int::to_usize(*local)].1, least)
        };
        let hit = |local: &u32| hits_of(local, 1);
        let hits =
            |locals: &[u32]| -> Vec<Kind> { locals.iter().map(hit).collect() };
        let (kind, parts) = match condition {
            Condition::Set(s)
            | Condition::Quoted(s)
            | Condition::Starts(s) => (hit(s), Vec::new()),
            Condition::Any(all) => (Kind::Or, hits(all)),
            Condition::All(all) => (Kind::And, hits(all)),
            Condition::Count(s, op, n) | Condition::Distinct(s, op, n) => {
                let kind = match least(*op, *n) {
                    0 => Kind::Open,
                    least => hits_of(s, least),
                };
                (kind, Vec::new())
            }
            Condition::Near(a, b, _) | Condition::Before(a, b, _) => {
                (Kind::And, hits(&[*a, *b]))
            }
            Condition::Score(s, op, number) => {
                let (_, set) = rule.sets[int::to_usize(*s)];
                (Kind::Score(set, *op, *number), Vec::new())
            }
            Condition::Field(path, op, literal) => {
                (field(condition, path, *op, literal), Vec::new())
            }
            Condition::In(path, _) => {
                let cheap = is_cheap(path);
                let field = || Kind::Field(Box::new(condition.clone()));
                (if cheap { field() } else { Kind::Open }, Vec::new())
            }
            Condition::Not(_) => (Kind::Open, Vec::new()),
            Condition::And(_) => (Kind::And, Vec::new()),
            Condition::Or(_) => (Kind::Or, Vec::new()),
        };
        self.nodes.push(Node { kind, next: 0 });
        for kind in parts {
            let next = self.nodes.len() + 1;
            self.nodes.push(Node { kind, next });
        }
        if let Condition::And(parts) | Condition::Or(parts) = condition {
            let mut parts: Vec<&Condition> = parts.iter().collect();
            parts.sort_by_key(|part| cost(part));
            for part in parts {
                self.add(rule, part);
            }
        }
        self.nodes[at].next = self.nodes.len();
    }

    /// Where a record stands.
    pub(super) fn place(&self, record: &Record<'_>) -> Place {
        let lang = record.lang.as_deref().unwrap_or("");
        let all = lang.is_empty() || lang == "und";
        let langs = if all {
            u64::MAX
        } else {
            let names = self.langs.iter().enumerate();
            let spoken = names.filter(|(_, name)| speaks(lang, name));
            spoken.fold(OTHER, |all, (number, _)| all | bit(number))
        };
        let surfaces = record.surface.as_deref().map_or(u64::MAX, |surface| {
            let known = self.surfaces.iter().position(|s| s == surface);
            known.map_or(OTHER, bit)
        });
        Place { langs, surfaces }
    }

    /// Whether a rule looks at records there and its condition may hold.
    pub(super) fn opens(
        &self,
        rule: u32,
        place: Place,
        seen: &Seen<'_, '_>,
    ) -> bool {
        let gate = &self.gates[int::to_usize(rule)];
        gate.langs & place.langs != 0
            && gate.surfaces & place.surfaces != 0
            && self.may_hold(gate.first, seen)
    }

    fn may_hold(&self, at: usize, seen: &Seen<'_, '_>) -> bool {
        let node = &self.nodes[at];
        match &node.kind {
            Kind::Open => true,
            Kind::Hit(set, least) => self.may_have(*set, *least, &seen.hits),
            Kind::Score(set, op, number) => {
                seen.hits.stage == Stage::Woken
                    || op.holds((seen.score)(*set).partial_cmp(number))
            }
            Kind::Fact(place, op, number) => {
                let fact = seen.facts.number(*place, seen.record);
                op.holds(fact.partial_cmp(number))
            }
            Kind::Field(condition) => seen.field(condition),
            Kind::And => self.parts(at).all(|part| self.may_hold(part, seen)),
            Kind::Or => self.parts(at).any(|part| self.may_hold(part, seen)),
        }
    }

    fn parts(&self, at: usize) -> impl Iterator<Item = usize> {
        let end = self.nodes[at].next;
        let next = move |part: usize| (part < end).then_some(part);
        std::iter::successors(next(at + 1), move |part| {
            next(self.nodes[*part].next)
        })
    }

    /// Whether a set may have so many hits, at least one, as far as is
    /// known.
    pub(super) fn may_have(
        &self,
        set: u32,
        least: u32,
        known: &Known<'_>,
    ) -> bool {
        let reach = &self.reaches[int::to_usize(set)];
        if reach.always
            || reach.later && known.stage < Stage::Complete
            || !reach.kinds.and(known.possible).is_empty()
        {
            return true;
        }
        let least = if reach.matches { 1 } else { least };
        let hits = |set: &u32| known.present[int::to_usize(*set)];
        let sets = &self.members[reach.first..reach.end];
        sets.iter().map(hits).sum::<u32>() >= least
    }
}

fn reach(
    set: usize,
    meta: &Meta,
    sets: &[SetRuntime],
    waking: &[bool],
    members: &mut Vec<u32>,
) -> Reach {
    let first = members.len();
    let mut reach = Reach { first, ..Reach::default() };
    let mut todo = vec![int::to_u32(set)];
    while let Some(set) = todo.pop() {
        if members[first..].contains(&set) {
            continue;
        }
        members.push(set);
        let at = int::to_usize(set);
        let set = &meta.sets[at];
        reach.kinds = reach.kinds.or(sets[at].kinds);
        reach.later |= set.terms > 0 && !waking[at];
        reach.always |= !set.singles.is_empty();
        reach.matches |= !set.regexes.is_empty();
        todo.extend(set.members.iter().chain(&set.literals));
    }
    reach.end = members.len();
    reach
}

impl Seen<'_, '_> {
    fn field(&self, condition: &Condition) -> bool {
        let (record, facts) = (self.record, self.facts);
        let found = match condition {
            Condition::Field(path, op, literal) => {
                field_tri(record, facts, path, *op, literal)
            }
            Condition::In(path, literals) => {
                in_tri(record, facts, path, literals)
            }
            _ => Tri::Unknown,
        };
        found != Tri::False
    }
}

fn field(
    condition: &Condition,
    path: &str,
    op: Op,
    literal: &Literal,
) -> Kind {
    let name = path.strip_prefix("text.");
    let fact = name.and_then(|name| NAMES.iter().position(|n| *n == name));
    match (fact, literal) {
        _ if !is_cheap(path) => Kind::Open,
        (Some(place), Literal::Number(number)) => {
            Kind::Fact(place, op, *number)
        }
        _ => Kind::Field(Box::new(condition.clone())),
    }
}

/// How many hits a comparison of their number asks for; 0 where none will do.
pub(super) fn least(op: Op, number: u32) -> u32 {
    match op {
        _ if op.holds(Some(0.cmp(&number))) => 0,
        Op::Ge | Op::Eq => number,
        Op::Gt => number.saturating_add(1),
        Op::Ne | Op::Lt | Op::Le => 1,
    }
}

/// What comes first: what is known, then what one look at the text tells.
fn cost(condition: &Condition) -> u8 {
    match condition {
        Condition::Field(path, ..) if path == "text.len" => 2,
        Condition::Field(path, ..) if path.starts_with("text.") => 4,
        Condition::Field(..) | Condition::In(..) => 1,
        Condition::And(_) | Condition::Or(_) => 3,
        _ => 0,
    }
}

/// Fields that cost next to nothing to read: no search of the record's bytes
/// and no validator.
fn is_cheap(path: &str) -> bool {
    match path.strip_prefix("text.") {
        Some(fact) => fact != "urls",
        None => matches!(path, "surface" | "lang"),
    }
}

/// Whether a language tag (BCP 47) is of a language.
fn speaks(lang: &str, wanted: &str) -> bool {
    let head = lang.get(..wanted.len()).unwrap_or("");
    let rest = lang.as_bytes().get(wanted.len());
    head.eq_ignore_ascii_case(wanted)
        && matches!(rest, None | Some(b'-' | b'_'))
}

/// Whether language and surface let the rule look at the record. An unknown
/// attribute does not exclude.
pub(super) fn applies(rule: &RuleMeta, record: &Record<'_>) -> bool {
    let lang = record.lang.as_deref().unwrap_or("");
    let lang_fits = rule.langs.is_empty()
        || lang.is_empty()
        || lang == "und"
        || rule.langs.iter().any(|wanted| speaks(lang, wanted));
    let surface = record.surface.as_deref();
    let surface_fits = rule.surfaces.is_empty()
        || surface.is_none_or(|s| rule.surfaces.iter().any(|w| w == s));
    lang_fits && surface_fits
}
