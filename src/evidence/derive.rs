//! Evidence out of a judged record. In: scanner, record, outcome, the time;
//! out: the evidence record as JSON, the content to seal. No I/O, no clock:
//! the same values give the same bytes.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::keys::{Secret, reference};
use super::record::{
    Automated, Braked, Content, ContentField, Decision, Engine, Evidence,
    Fired, Health, Item, MaskedValue, Match, Pack, Rules, SCHEMA_NAME, Texts,
};
use crate::base::clock::Moment;
use crate::base::{Span, hex, int, limits};
use crate::eval::{self, Outcome, Scanner};
use crate::fold::tables::TABLES_VERSION;
use crate::image::{Condition, Image, RuleMeta};
use crate::record::{Id, Record, Scalar};
use crate::verdict::{Category, Milli, Verdict};

/// Makes evidence in one run. Shared by all threads.
#[derive(Debug)]
pub struct Deriver {
    refs: Secret,
    /// Salts are derived from it; it is forgotten at the end of the run.
    seed: Secret,
    run: String,
    appeal_days: u64,
    unicode: String,
    /// Paths that conditions of the image ask for.
    facts: Vec<String>,
    /// Keep the record itself beside its bytes: the brake may change it.
    keep_record: bool,
}

/// Evidence on its way to the ledger.
#[derive(Clone, Debug)]
pub struct Kept {
    pub id: String,
    pub at: Moment,
    /// JSON of the evidence record.
    pub payload: Vec<u8>,
    /// Whose key seals the content: the author's reference, or one for this
    /// record alone.
    pub owner: String,
    pub category: Category,
    /// JSON of the content.
    pub content: Vec<u8>,
    /// For takedowns of a run with a brake.
    pub record: Option<Box<Evidence>>,
}

impl Kept {
    /// Writes the downgrade by the brake into the evidence.
    pub fn brake(&mut self, trigger: &str) {
        let Some(record) = &mut self.record else { return };
        record.health.brake = Some(Braked {
            from: record.decision.verdict.clone(),
            to: Verdict::Report.as_str().to_owned(),
            trigger: trigger.to_owned(),
        });
        record.decision.verdict = Verdict::Report.as_str().to_owned();
        record.decision.restriction = restriction(Verdict::Report).to_owned();
        record.automated = automated(Verdict::Report);
        record.decision.statement_exempt = false;
        self.payload = to_json(record);
    }
}

/// JSON of plain values whose maps have text keys: cannot fail.
fn to_json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn restriction(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Takedown => "removal",
        Verdict::Report | Verdict::Pass => "human_review",
    }
}

fn automated(verdict: Verdict) -> Automated {
    let decision = match verdict {
        Verdict::Takedown => "fully",
        Verdict::Report | Verdict::Pass => "not",
    };
    Automated { detection: true, decision: decision.to_owned() }
}

impl Deriver {
    /// `run` names the run; letters, digits and hyphens.
    pub fn new(
        image: &Image,
        refs: Secret,
        seed: Secret,
        run: String,
        appeal_days: u64,
    ) -> Deriver {
        let unicode = TABLES_VERSION
            .strip_prefix("ucd")
            .and_then(|rest| rest.split('+').next())
            .unwrap_or("")
            .to_owned();
        let facts = fact_paths(image);
        Deriver {
            refs,
            seed,
            run,
            appeal_days,
            unicode,
            facts,
            keep_record: false,
        }
    }

    /// Takedowns may yet become reports.
    pub fn keep_records(mut self) -> Deriver {
        self.keep_record = true;
        self
    }

    pub fn run(&self) -> &str {
        &self.run
    }

    /// Evidence of a takedown or report; `None` for a pass. `frame` and
    /// `index` make the id unique in the run.
    pub fn derive(
        &self,
        scanner: &Scanner,
        source: &str,
        record: &Record<'_>,
        outcome: &Outcome,
        at: Moment,
        (frame, index): (u64, usize),
    ) -> Option<Kept> {
        let deciding = outcome.deciding()?;
        let image = scanner.image();
        let rule = &image.meta().rules[int::to_usize(deciding.rule)];
        let id = format!("{}-{frame:06}-{index:04}", self.run);
        let mut health = Health::default();
        let rules = self.rules(scanner, record, outcome, &mut health);
        let content = self.content(image, record, outcome, &id, &mut health);
        let digest = content_digest(&content);
        let author = self.refer("author", &record.author);
        let owner = match &author {
            Some(author) => author.clone(),
            None => format!("item:{id}"),
        };
        let verdict = outcome.verdict();
        // The image check has seen that the name is one of the list.
        let category =
            Category::parse(&rule.category).unwrap_or(Category::Custom);
        let evidence = Evidence {
            schema: SCHEMA_NAME.to_owned(),
            item: self.item(source, record, author, digest, &id),
            decision: self.decision(scanner, outcome, rule, category, at),
            rules,
            pack: pack(image, rule),
            engine: self.engine(scanner),
            health,
            automated: automated(verdict),
            id,
        };
        let payload = to_json(&evidence);
        let braking = self.keep_record && verdict == Verdict::Takedown;
        Some(Kept {
            id: evidence.id.clone(),
            at,
            payload,
            owner,
            category,
            content,
            record: braking.then(|| Box::new(evidence)),
        })
    }

    fn refer(
        &self,
        domain: &str,
        value: &Option<Cow<'_, str>>,
    ) -> Option<String> {
        value.as_deref().map(|value| reference(&self.refs, domain, value))
    }

    fn item(
        &self,
        source: &str,
        record: &Record<'_>,
        author: Option<String>,
        digest: String,
        content: &str,
    ) -> Item {
        let own =
            |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        Item {
            id: match &record.id {
                Id::Text(text) | Id::Number(text) => text.to_string(),
                Id::Absent => format!("{source}:{}", record.line),
            },
            source: source.to_owned(),
            line: record.line,
            offset: record.offset,
            surface: own(&record.surface),
            author,
            group: self.refer("group", &record.group),
            created_at: own(&record.created_at),
            lang: own(&record.lang),
            digest,
            content: content.to_owned(),
        }
    }

    fn decision(
        &self,
        scanner: &Scanner,
        outcome: &Outcome,
        rule: &RuleMeta,
        category: Category,
        at: Moment,
    ) -> Decision {
        let verdict = outcome.verdict();
        let ground = scanner.policy().ground(category);
        let exempt = ground.statement_exempt && verdict == Verdict::Takedown;
        let confidence = outcome
            .deciding()
            .map_or(Milli(0), |deciding| deciding.confidence);
        Decision {
            verdict: verdict.as_str().to_owned(),
            category: category.as_str().to_owned(),
            rule: rule.id.clone(),
            title: rule.title.clone(),
            reason: Texts {
                zh: rule.reason_zh.clone(),
                en: rule.reason_en.clone(),
            },
            confidence: confidence.to_f64(),
            ground: if ground.law { "law" } else { "terms" }.to_owned(),
            reference: ground.reference,
            restriction: restriction(verdict).to_owned(),
            start: at.rfc3339(),
            appeal_until: at.plus_days(self.appeal_days).rfc3339(),
            statement_exempt: exempt,
        }
    }

    fn engine(&self, scanner: &Scanner) -> Engine {
        Engine {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            tables: TABLES_VERSION.to_owned(),
            unicode: self.unicode.clone(),
            policy: scanner.policy().digest().to_owned(),
            run: self.run.clone(),
        }
    }

    fn rules(
        &self,
        scanner: &Scanner,
        record: &Record<'_>,
        outcome: &Outcome,
        health: &mut Health,
    ) -> Rules {
        let mut left = limits::EVIDENCE_MATCHES_MAX;
        let mut all = |list: &[eval::Fired]| -> Vec<Fired> {
            list.iter()
                .map(|fired| {
                    let mut fired = self.fired(scanner, record, fired);
                    if fired.matches.len() > left {
                        fired.matches.truncate(left);
                        health.truncated = true;
                    }
                    left -= fired.matches.len();
                    fired
                })
                .collect()
        };
        let fired = all(&outcome.fired);
        let shadow = all(&outcome.shadow);
        let mut suppressed = all(&outcome.suppressed);
        for rule in &mut suppressed {
            let why = if rule.lowered { "unless" } else { "confidence" };
            rule.reason = Some(why.to_owned());
        }
        Rules { fired, shadow, suppressed }
    }

    fn fired(
        &self,
        scanner: &Scanner,
        record: &Record<'_>,
        fired: &eval::Fired,
    ) -> Fired {
        let image = scanner.image();
        let rule = &image.meta().rules[int::to_usize(fired.rule)];
        Fired {
            rule: rule.id.clone(),
            category: rule.category.clone(),
            pack: image.pack_label(rule.pack),
            verdict: fired.verdict.as_str().to_owned(),
            confidence: fired.confidence.to_f64(),
            lowered: fired.lowered,
            unknown: fired.unknown,
            reason: None,
            matches: self.matches(image, rule, record, fired),
        }
    }

    fn matches(
        &self,
        image: &Image,
        rule: &RuleMeta,
        record: &Record<'_>,
        fired: &eval::Fired,
    ) -> Vec<Match> {
        let personal = rule.category == Category::PersonalData.as_str();
        let mut order: Vec<&eval::Used> = fired.used.iter().collect();
        order.sort_by_key(|used| {
            let interval = &used.interval;
            (interval.field, interval.span, used.set)
        });
        order.dedup();
        // One more than is kept, so that the caller sees that it was cut.
        order.truncate(limits::EVIDENCE_MATCHES_MAX + 1);
        let mut places = Places::default();
        let one = |used: &eval::Used| {
            let interval = &used.interval;
            let field = &record.fields[int::to_usize(interval.field)];
            let quote = &field.text[interval.span.range()];
            let (term, checksum) = term(image, rule, used);
            let start = interval.span.start;
            let first = places.chars(interval.field, &field.text, start);
            let length = int::to_u64(quote.chars().count());
            let value = personal.then(|| MaskedValue {
                length,
                hash: self.value_hash(&interval.identity, quote),
            });
            Match {
                set: rule.sets[int::to_usize(used.set)].0.clone(),
                term,
                field: field.name.to_owned(),
                start,
                end: interval.span.end,
                chars: [first, first + length],
                folds: interval
                    .folds
                    .iter()
                    .map(|fold| fold.as_str().to_owned())
                    .collect(),
                penalty: interval.penalty.to_f64(),
                checksum,
                value,
            }
        };
        order.into_iter().map(one).collect()
    }

    fn value_hash(&self, identity: &eval::Identity, quote: &str) -> String {
        let value = match identity {
            eval::Identity::Value(value) => value.as_str(),
            eval::Identity::Term { .. } => quote,
        };
        reference(&self.refs, "personal_data", value)
    }

    /// The kept part of the record as JSON. What rules on personal data
    /// found is masked byte for byte, so that all other places stay right.
    fn content(
        &self,
        image: &Image,
        record: &Record<'_>,
        outcome: &Outcome,
        id: &str,
        health: &mut Health,
    ) -> Vec<u8> {
        let spans = personal_spans(image, outcome);
        health.masked = !spans.is_empty();
        let mut room = limits::CONTENT_BYTES_MAX;
        let mut fields = Vec::with_capacity(record.fields.len());
        for (number, field) in record.fields.iter().enumerate() {
            let mut text = field.text.to_string();
            for (_, span) in
                spans.iter().filter(|(f, _)| int::to_usize(*f) == number)
            {
                let length = span.range().len();
                text.replace_range(span.range(), &"*".repeat(length));
            }
            if text.len() > room {
                health.truncated = true;
                text.truncate(text.floor_char_boundary(room));
            }
            room -= text.len();
            fields.push(ContentField { name: field.name.to_owned(), text });
        }
        let mut facts = serde_json::Map::new();
        for path in &self.facts {
            if let Some(value) = fact(path, record) {
                facts.insert(path.clone(), value);
            }
        }
        let salt = blake3::keyed_hash(self.seed.bytes(), id.as_bytes());
        let salt = hex::encode(salt.as_bytes());
        to_json(&Content { salt, fields, facts })
    }
}

/// `sha256:` of the JSON of a content, which holds its salt.
pub fn content_digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(&Sha256::digest(content)))
}

fn pack(image: &Image, rule: &RuleMeta) -> Pack {
    let pack = &image.meta().packs[int::to_usize(rule.pack)];
    Pack {
        name: pack.name.clone(),
        version: pack.version.clone(),
        digest: image.digest().to_owned(),
    }
}

/// Text of the term, or the name of the validator or regex set.
fn term(
    image: &Image,
    rule: &RuleMeta,
    used: &eval::Used,
) -> (String, Option<bool>) {
    match &used.interval.source {
        eval::Source::Term(term) => {
            (image.view().term_text(*term).to_owned(), None)
        }
        eval::Source::Found { name, checksum } => {
            ((*name).to_owned(), *checksum)
        }
        eval::Source::Regex(_) => {
            let (_, set) = rule.sets[int::to_usize(used.set)];
            (image.meta().sets[int::to_usize(set)].label.clone(), None)
        }
    }
}

/// Places that a rule on personal data used, whatever became of the rule.
fn personal_spans(image: &Image, outcome: &Outcome) -> BTreeSet<(u32, Span)> {
    let rules = &image.meta().rules;
    let lists = [&outcome.fired, &outcome.shadow, &outcome.suppressed];
    lists
        .into_iter()
        .flatten()
        .filter(|fired| {
            rules[int::to_usize(fired.rule)].category
                == Category::PersonalData.as_str()
        })
        .flat_map(|fired| &fired.used)
        .map(|used| (used.interval.field, used.interval.span))
        .collect()
}

/// Paths of members that conditions of an image compare, without those that
/// the evidence holds anyway or that are computed from the text.
pub fn fact_paths(image: &Image) -> Vec<String> {
    let mut found = BTreeSet::new();
    for rule in &image.meta().rules {
        for condition in std::iter::once(&rule.when).chain(&rule.unless) {
            each_path(condition, &mut |path| {
                let known = matches!(path, "surface" | "lang" | "created_at");
                if !known && !path.starts_with("text.") {
                    let bare = path.strip_prefix("meta.").unwrap_or(path);
                    found.insert(bare.to_owned());
                }
            });
        }
    }
    found.into_iter().collect()
}

fn each_path(condition: &Condition, visit: &mut dyn FnMut(&str)) {
    match condition {
        Condition::Field(path, ..) | Condition::In(path, _) => visit(path),
        Condition::Not(inner) => each_path(inner, visit),
        Condition::And(all) | Condition::Or(all) => {
            all.iter().for_each(|inner| each_path(inner, visit));
        }
        _ => {}
    }
}

fn fact(path: &str, record: &Record<'_>) -> Option<serde_json::Value> {
    let text = |text: &Option<Cow<'_, str>>| {
        text.as_deref().map(serde_json::Value::from)
    };
    match path {
        "author" => text(&record.author),
        "group" => text(&record.group),
        _ => match record.lookup.get(path)? {
            Scalar::Text(text) => Some(text.into_owned().into()),
            Scalar::Number(number) => Some(number.into()),
            Scalar::Bool(value) => Some(value.into()),
        },
    }
}

/// Code point positions, counted on from the last one asked for.
#[derive(Default)]
struct Places {
    field: u32,
    byte: usize,
    chars: u64,
}

impl Places {
    fn chars(&mut self, field: u32, text: &str, at: u32) -> u64 {
        let at = int::to_usize(at);
        if field != self.field || at < self.byte {
            *self = Places { field, byte: 0, chars: 0 };
        }
        let passed = text[self.byte..at].chars().count();
        self.chars += int::to_u64(passed);
        self.byte = at;
        self.chars
    }
}
