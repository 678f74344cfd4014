//! Evidence out of a judged record. In: scanner, record, outcome, the time;
//! out: the evidence record as JSON, the content to seal. No I/O, no clock:
//! the same values give the same bytes.
//!
//! The JSON is written straight into a buffer, in the order of the structs
//! of `record.rs`: building these and serialising them cost three times as
//! much. A test compares the two byte for byte.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Write as _;

use bytes::{Bytes, BytesMut};
use sha2::{Digest as _, Sha256};

use super::keys::{Secret, reference};
use super::record::{Automated, Braked, Evidence, SCHEMA_NAME};
use crate::base::clock::Moment;
use crate::base::escape::json_string;
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
    /// Paths that conditions of the image ask for.
    facts: Vec<String>,
    rules: Vec<RulePart>,
    /// The `engine` member.
    engine: Vec<u8>,
}

/// JSON of a rule that is the same in all evidence.
#[derive(Debug)]
struct RulePart {
    category: Category,
    /// `"rule":…,"category":…,"pack":…` of a fired rule.
    fired: Vec<u8>,
    /// `"category":…,"rule":…,"title":…,"reason":…` of the decision.
    decision: Vec<u8>,
    /// `"ground":…` and `"reference":…`.
    ground: Vec<u8>,
    statement_exempt: bool,
    /// The `pack` member.
    pack: Vec<u8>,
}

/// What decisions that are made together share: their time, worked out once;
/// a buffer that stays warm; a block that their evidence lies in, instead of
/// an allocation for each that another thread frees.
#[derive(Debug)]
pub struct EvidenceBatch {
    number: u64,
    /// Decisions so far.
    count: usize,
    at: Moment,
    start: String,
    appeal_until: String,
    line: Vec<u8>,
    block: BytesMut,
}

impl EvidenceBatch {
    /// What `write` writes, in the block.
    fn keep(
        &mut self,
        write: impl FnOnce(&EvidenceBatch, &mut Vec<u8>),
    ) -> Bytes {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        write(self, &mut line);
        if self.block.capacity() < line.len() {
            let size = line.len().max(limits::EVIDENCE_BLOCK_BYTES);
            self.block = BytesMut::with_capacity(size);
        }
        self.block.extend_from_slice(&line);
        self.line = line;
        self.block.split().freeze()
    }
}

/// Evidence on its way to the ledger.
#[derive(Clone, Debug)]
pub struct Kept {
    pub id: String,
    pub at: Moment,
    /// JSON of the evidence record.
    pub payload: Bytes,
    /// Whose key seals the content: the author's reference, or one for this
    /// record alone.
    pub owner: String,
    pub category: Category,
    /// JSON of the content.
    pub content: Bytes,
}

impl Kept {
    /// Writes the downgrade by the brake into the evidence.
    pub fn brake(&mut self, trigger: &str) {
        // Our own JSON of a moment ago.
        let parsed = serde_json::from_slice(&self.payload);
        let Ok(mut record): Result<Evidence, _> = parsed else { return };
        let report = Verdict::Report;
        record.health.brake = Some(Braked {
            from: record.decision.verdict.clone(),
            to: report.as_str().to_owned(),
            trigger: trigger.to_owned(),
        });
        record.decision.verdict = report.as_str().to_owned();
        record.decision.restriction = restriction(report).to_owned();
        record.automated =
            Automated { detection: true, decision: means(report).to_owned() };
        record.decision.statement_exempt = false;
        // Plain values whose maps have text keys: cannot fail.
        let payload = serde_json::to_vec(&record).unwrap_or_default();
        self.payload = payload.into();
    }
}

fn restriction(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Takedown => "removal",
        Verdict::Report | Verdict::Pass => "human_review",
    }
}

/// The share of automated means in a decision.
fn means(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Takedown => "fully",
        Verdict::Report | Verdict::Pass => "not",
    }
}

/// Appends `"name":"text"` behind `before`.
fn member(out: &mut Vec<u8>, before: &str, name: &str, text: &str) {
    out.extend_from_slice(before.as_bytes());
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    json_string(text, out);
}

fn optional(out: &mut Vec<u8>, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        member(out, ",", name, text);
    }
}

/// A number in decimal, without the machinery of `write!`: there are a dozen
/// of them in a record.
fn number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        // A digit fits.
        digits[at] = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Thousandths as JSON writers print a float: `0.9`, `1.0`.
fn decimal(out: &mut Vec<u8>, value: Milli) {
    let value = u64::from(value.0);
    number(out, value / 1000);
    out.push(b'.');
    let mut part = value % 1000;
    for scale in [100, 10, 1] {
        number(out, part / scale);
        part %= scale;
        if part == 0 {
            break;
        }
    }
}

impl Deriver {
    /// `run` names the run; letters, digits and hyphens.
    pub fn new(
        scanner: &Scanner,
        refs: Secret,
        seed: Secret,
        run: String,
        appeal_days: u64,
    ) -> Deriver {
        let image = scanner.image();
        let unicode = TABLES_VERSION
            .strip_prefix("ucd")
            .and_then(|rest| rest.split('+').next())
            .unwrap_or("");
        let mut engine = Vec::new();
        member(&mut engine, "{", "version", env!("CARGO_PKG_VERSION"));
        member(&mut engine, ",", "tables", TABLES_VERSION);
        member(&mut engine, ",", "unicode", unicode);
        member(&mut engine, ",", "policy", scanner.policy().digest());
        member(&mut engine, ",", "run", &run);
        engine.push(b'}');
        let rules = image.meta().rules.iter();
        Deriver {
            refs,
            seed,
            run,
            appeal_days,
            facts: fact_paths(image),
            rules: rules.map(|rule| rule_part(scanner, rule)).collect(),
            engine,
        }
    }

    pub fn run(&self) -> &str {
        &self.run
    }

    /// For decisions made at a moment; the number differs from that of any
    /// other batch of the run.
    pub fn batch(&self, number: u64, at: Moment) -> EvidenceBatch {
        EvidenceBatch {
            number,
            count: 0,
            at,
            start: at.rfc3339(),
            appeal_until: at.plus_days(self.appeal_days).rfc3339(),
            line: Vec::new(),
            block: BytesMut::new(),
        }
    }

    /// Evidence of a takedown or report; `None` for a pass.
    pub fn derive(
        &self,
        scanner: &Scanner,
        source: &str,
        record: &Record<'_>,
        outcome: &Outcome,
        batch: &mut EvidenceBatch,
    ) -> Option<Kept> {
        let deciding = outcome.deciding()?;
        let image = scanner.image();
        let part = &self.rules[int::to_usize(deciding.rule)];
        let (frame, index) = (batch.number, batch.count);
        batch.count += 1;
        let id = format!("{}-{frame:06}-{index:04}", self.run);
        let spans = self.personal_spans(outcome);
        let mut truncated = false;
        let content = batch.keep(|_, out| {
            self.content(record, &spans, &id, &mut truncated, out);
        });
        let digest = content_digest(&content);
        let author = self.refer("author", &record.author);
        let masked = !spans.is_empty();
        let payload = batch.keep(|batch, out| {
            member(out, "{", "schema", SCHEMA_NAME);
            member(out, ",", "id", &id);
            out.extend_from_slice(b",\"item\":");
            self.item(out, source, record, author.as_deref());
            member(out, ",", "digest", &digest);
            member(out, ",", "content", &id);
            out.extend_from_slice(b"},\"decision\":");
            self.decision(out, outcome, part, deciding.confidence, batch);
            out.extend_from_slice(b",\"rules\":{");
            truncated |= !self.rules(out, image, record, outcome);
            out.extend_from_slice(b"]},\"pack\":");
            out.extend_from_slice(&part.pack);
            out.extend_from_slice(b",\"engine\":");
            out.extend_from_slice(&self.engine);
            // Writing to a Vec cannot fail.
            let _ = write!(
                out,
                ",\"health\":{{\"truncated\":{truncated},\
                 \"masked\":{masked}}},\"automated\":{{\"detection\":true,\
                 \"decision\":\"{}\"}}}}",
                means(outcome.verdict())
            );
        });
        let owner = author.unwrap_or_else(|| format!("item:{id}"));
        let (at, category) = (batch.at, part.category);
        Some(Kept { id, at, payload, owner, category, content })
    }

    /// The lists of the `rules` member. False: places were left out.
    fn rules(
        &self,
        out: &mut Vec<u8>,
        image: &Image,
        record: &Record<'_>,
        outcome: &Outcome,
    ) -> bool {
        let mut whole = true;
        let mut left = limits::EVIDENCE_MATCHES_MAX;
        for (name, list) in [
            ("\"fired\":[", &outcome.fired),
            ("],\"shadow\":[", &outcome.shadow),
            ("],\"suppressed\":[", &outcome.suppressed),
        ] {
            out.extend_from_slice(name.as_bytes());
            let suppressed = name.contains("suppressed");
            for (number, fired) in list.iter().enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                whole &= self
                    .fired(out, image, record, fired, suppressed, &mut left);
            }
        }
        whole
    }

    fn refer(
        &self,
        domain: &str,
        value: &Option<Cow<'_, str>>,
    ) -> Option<String> {
        value.as_deref().map(|value| reference(&self.refs, domain, value))
    }

    /// The `item` member up to `lang`.
    fn item(
        &self,
        out: &mut Vec<u8>,
        source: &str,
        record: &Record<'_>,
        author: Option<&str>,
    ) {
        match &record.id {
            Id::Text(text) | Id::Number(text) => member(out, "{", "id", text),
            Id::Absent => {
                let place = format!("{source}:{}", record.line);
                member(out, "{", "id", &place);
            }
        }
        member(out, ",", "source", source);
        let (line, offset) = (record.line, record.offset);
        out.extend_from_slice(b",\"line\":");
        number(out, line);
        out.extend_from_slice(b",\"offset\":");
        number(out, offset);
        optional(out, "surface", record.surface.as_deref());
        optional(out, "author", author);
        let group = self.refer("group", &record.group);
        optional(out, "group", group.as_deref());
        optional(out, "created_at", record.created_at.as_deref());
        optional(out, "lang", record.lang.as_deref());
    }

    fn decision(
        &self,
        out: &mut Vec<u8>,
        outcome: &Outcome,
        part: &RulePart,
        confidence: Milli,
        batch: &EvidenceBatch,
    ) {
        let verdict = outcome.verdict();
        member(out, "{", "verdict", verdict.as_str());
        out.extend_from_slice(&part.decision);
        out.extend_from_slice(b",\"confidence\":");
        decimal(out, confidence);
        out.extend_from_slice(&part.ground);
        member(out, ",", "restriction", restriction(verdict));
        member(out, ",", "start", &batch.start);
        member(out, ",", "appeal_until", &batch.appeal_until);
        let exempt = part.statement_exempt && verdict == Verdict::Takedown;
        let _ = write!(out, ",\"statement_exempt\":{exempt}}}");
    }

    /// One rule. False: places were left out.
    fn fired(
        &self,
        out: &mut Vec<u8>,
        image: &Image,
        record: &Record<'_>,
        fired: &eval::Fired,
        suppressed: bool,
        left: &mut usize,
    ) -> bool {
        out.push(b'{');
        out.extend_from_slice(&self.rules[int::to_usize(fired.rule)].fired);
        member(out, ",", "verdict", fired.verdict.as_str());
        out.extend_from_slice(b",\"confidence\":");
        decimal(out, fired.confidence);
        if fired.lowered {
            out.extend_from_slice(b",\"lowered\":true");
        }
        if fired.unknown {
            out.extend_from_slice(b",\"unknown\":true");
        }
        if suppressed {
            let why = if fired.lowered { "unless" } else { "confidence" };
            member(out, ",", "reason", why);
        }
        out.extend_from_slice(b",\"matches\":[");
        let mut order: Vec<&eval::Used> = fired.used.iter().collect();
        order.sort_by_key(|used| {
            let interval = &used.interval;
            (interval.field, interval.span, used.set)
        });
        order.dedup();
        let whole = order.len() <= *left;
        order.truncate(*left);
        *left -= order.len();
        let mut places = Places::default();
        for (number, used) in order.into_iter().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            self.place(out, image, record, fired, used, &mut places);
        }
        out.extend_from_slice(b"]}");
        whole
    }

    fn place(
        &self,
        out: &mut Vec<u8>,
        image: &Image,
        record: &Record<'_>,
        fired: &eval::Fired,
        used: &eval::Used,
        places: &mut Places,
    ) {
        let rule = &image.meta().rules[int::to_usize(fired.rule)];
        let interval = &used.interval;
        let field = &record.fields[int::to_usize(interval.field)];
        let quote = &field.text[interval.span.range()];
        let (start, end) = (interval.span.start, interval.span.end);
        let first = places.chars(interval.field, &field.text, start);
        let length = int::to_u64(quote.chars().count());
        let last = first + length;
        member(out, "{", "set", &rule.sets[int::to_usize(used.set)].0);
        let checksum = push_term(out, image, rule, used);
        member(out, ",", "field", field.name);
        for (name, value) in [
            (",\"start\":", u64::from(start)),
            (",\"end\":", u64::from(end)),
            (",\"chars\":[", first),
            (",", last),
        ] {
            out.extend_from_slice(name.as_bytes());
            number(out, value);
        }
        out.extend_from_slice(b"],\"folds\":[");
        for (number, fold) in interval.folds.iter().enumerate() {
            let before: &[u8] = if number > 0 { b",\"" } else { b"\"" };
            out.extend_from_slice(before);
            out.extend_from_slice(fold.as_str().as_bytes());
            out.push(b'"');
        }
        out.extend_from_slice(b"],\"penalty\":");
        decimal(out, interval.penalty);
        if let Some(checksum) = checksum {
            let _ = write!(out, ",\"checksum\":{checksum}");
        }
        if self.is_personal(fired.rule) {
            let hash = self.value_hash(&interval.identity, quote);
            let _ = write!(out, ",\"value\":{{\"length\":{length}");
            member(out, ",", "hash", &hash);
            out.push(b'}');
        }
        out.push(b'}');
    }

    fn is_personal(&self, rule: u32) -> bool {
        self.rules[int::to_usize(rule)].category == Category::PersonalData
    }

    fn value_hash(&self, identity: &eval::Identity, quote: &str) -> String {
        let value = match identity {
            eval::Identity::Value(value) => value.as_str(),
            eval::Identity::Term { .. } => quote,
        };
        reference(&self.refs, "personal_data", value)
    }

    /// Places that a rule on personal data used and all values it found,
    /// whatever became of the rule.
    fn personal_spans(&self, outcome: &Outcome) -> BTreeSet<(u32, Span)> {
        let lists = [&outcome.fired, &outcome.shadow, &outcome.suppressed];
        lists
            .into_iter()
            .flatten()
            .filter(|fired| self.is_personal(fired.rule))
            .flat_map(|fired| {
                let used = fired.used.iter().map(|used| &used.interval);
                let used = used.map(|place| (place.field, place.span));
                used.chain(fired.values.iter().copied())
            })
            .collect()
    }

    /// The kept part of the record as JSON. `spans` are masked byte for
    /// byte, so that all other places stay right.
    fn content(
        &self,
        record: &Record<'_>,
        spans: &BTreeSet<(u32, Span)>,
        id: &str,
        truncated: &mut bool,
        out: &mut Vec<u8>,
    ) {
        let salt = blake3::keyed_hash(self.seed.bytes(), id.as_bytes());
        member(out, "{", "salt", &hex::encode(salt.as_bytes()));
        out.extend_from_slice(b",\"fields\":[");
        let mut room = limits::CONTENT_BYTES_MAX;
        for (number, field) in (0..).zip(&record.fields) {
            if number > 0 {
                out.push(b',');
            }
            let mut text = Cow::Borrowed(&*field.text);
            for (_, span) in spans.iter().filter(|(f, _)| *f == number) {
                let stars = "*".repeat(span.range().len());
                text.to_mut().replace_range(span.range(), &stars);
            }
            let mut ends = (0..=room.min(text.len())).rev();
            let kept = ends.find(|at| text.is_char_boundary(*at));
            let kept = kept.unwrap_or(0);
            *truncated |= kept < text.len();
            room -= kept;
            member(out, "{", "name", field.name);
            member(out, ",", "text", &text[..kept]);
            out.push(b'}');
        }
        out.push(b']');
        let mut before = ",\"facts\":{";
        for path in &self.facts {
            let Some(value) = fact(path, record) else { continue };
            out.extend_from_slice(before.as_bytes());
            json_string(path, out);
            let _ = write!(out, ":{value}");
            before = ",";
        }
        if before == "," {
            out.push(b'}');
        }
        out.push(b'}');
    }
}

fn rule_part(scanner: &Scanner, rule: &RuleMeta) -> RulePart {
    let image = scanner.image();
    // The image check has seen that the name is one of the list.
    let category = Category::parse(&rule.category).unwrap_or(Category::Custom);
    let ground = scanner.policy().ground(category);
    let mut fired = Vec::new();
    member(&mut fired, "", "rule", &rule.id);
    member(&mut fired, ",", "category", &rule.category);
    member(&mut fired, ",", "pack", &image.pack_label(rule.pack));
    let mut decision = Vec::new();
    member(&mut decision, ",", "category", &rule.category);
    member(&mut decision, ",", "rule", &rule.id);
    member(&mut decision, ",", "title", &rule.title);
    member(&mut decision, ",\"reason\":{", "zh", &rule.reason_zh);
    member(&mut decision, ",", "en", &rule.reason_en);
    decision.push(b'}');
    let mut basis = Vec::new();
    let name = if ground.law { "law" } else { "terms" };
    member(&mut basis, ",", "ground", name);
    optional(&mut basis, "reference", ground.reference.as_deref());
    let meta = &image.meta().packs[int::to_usize(rule.pack)];
    let mut pack = Vec::new();
    member(&mut pack, "{", "name", &meta.name);
    member(&mut pack, ",", "version", &meta.version);
    member(&mut pack, ",", "digest", image.digest());
    pack.push(b'}');
    RulePart {
        category,
        fired,
        decision,
        ground: basis,
        statement_exempt: ground.statement_exempt,
        pack,
    }
}

/// `sha256:` of the JSON of a content, which holds its salt.
pub fn content_digest(content: &[u8]) -> String {
    format!("sha256:{}", hex::encode(&Sha256::digest(content)))
}

/// Appends the text of the term, or the name of the validator or regex set;
/// gives whether a checksum held.
fn push_term(
    out: &mut Vec<u8>,
    image: &Image,
    rule: &RuleMeta,
    used: &eval::Used,
) -> Option<bool> {
    match &used.interval.source {
        eval::Source::Term(term) => {
            member(out, ",", "term", image.view().term_text(*term));
            None
        }
        eval::Source::Found { name, checksum } => {
            member(out, ",", "term", name);
            *checksum
        }
        eval::Source::Regex(_) => {
            let (_, set) = rule.sets[int::to_usize(used.set)];
            let set = &image.meta().sets[int::to_usize(set)];
            member(out, ",", "term", &set.label);
            None
        }
        eval::Source::Gram { gram, .. } => {
            member(out, ",", "term", image.view().grams.text(*gram));
            None
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::{Config, Policy, Scratch};
    use crate::evidence::Content;
    use crate::pack::{Options, compile_text};
    use crate::record::Lookup;

    const RULES: &str = r#"
[[rule]]
id = "fraud.test.one"
title = "A \"quoted\" title"
category = "fraud"
confidence = 1.0
owner = "tests"
review_by = 2099-01-01
reason = { zh = "测试", en = "Test" }
[rule.sets]
lure = { list = ["free money", "真人百家乐"] }
[rule.match]
when = "lure and meta.shop.id == 7"

[[rule]]
id = "personal.test.two"
title = "Number"
category = "personal_data"
confidence = 0.85
owner = "tests"
review_by = 2099-01-01
reason = { zh = "测试", en = "Test" }
[rule.sets]
number = { validator = ["cn_mobile", "bank_card"] }
[rule.match]
when = "number"

[[rule]]
id = "spam.test.three"
title = "Weak"
category = "spam"
confidence = 0.4
owner = "tests"
review_by = 2099-01-01
reason = { zh = "测试", en = "Test" }
[rule.sets]
word = { list = ["money"] }
[rule.match]
when = "word"
"#;

    fn scanner() -> Scanner {
        let image =
            compile_text("t.toml", RULES, &Options::default()).unwrap();
        let text = "[category.fraud]\nground = \"law\"\n\
                    reference = \"§ 1\"";
        let policy = Policy::parse(text, &[]).unwrap();
        Scanner::with_config(image, Config::new().policy(policy)).unwrap()
    }

    fn record(text: &str) -> Record<'_> {
        Record {
            id: Id::Absent,
            fields: ["title", "text"]
                .into_iter()
                .map(|name| crate::record::Field { name, text: text.into() })
                .collect(),
            surface: Some("a\"b".into()),
            author: Some("u".into()),
            group: Some("g".into()),
            lang: None,
            created_at: None,
            line: 3,
            offset: 9,
            raw: b"",
            lookup: Lookup::Json(b"{\"shop\":{\"id\":7}}"),
        }
    }

    #[test]
    fn numbers_are_written_as_others_do() {
        for value in [0, 9, 10, 105, 86_400_000, u64::MAX] {
            let mut out = Vec::new();
            number(&mut out, value);
            assert_eq!(out, value.to_string().as_bytes());
        }
        for thousandths in 0..=2000 {
            let mut out = Vec::new();
            decimal(&mut out, Milli(thousandths));
            let wanted = f64::from(thousandths) / 1000.0;
            let wanted = serde_json::to_string(&wanted).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), wanted);
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_record_type() {
        let scanner = scanner();
        let secret = |n| Secret::new([n; 32]);
        let run = "run".to_owned();
        let deriver = Deriver::new(&scanner, secret(1), secret(2), run, 180);
        let long = "free money ".repeat(200);
        for text in
            ["fr€€ m0ney 真.人.百.家.乐 \u{1} 13800138000 乐", long.as_str()]
        {
            let record = record(text);
            let mut scratch = Scratch::default();
            let outcome = scanner.scan(&record, &mut scratch);
            let mut batch = deriver.batch(1, Moment(1_800_000_000_000));
            let mut derive = || {
                deriver.derive(&scanner, "s", &record, &outcome, &mut batch)
            };
            assert_eq!(derive().unwrap().id, "run-000001-0000");
            let kept = derive().unwrap();
            let parsed: Evidence =
                serde_json::from_slice(&kept.payload).unwrap();
            let again = serde_json::to_string(&parsed).unwrap();
            assert_eq!(kept.payload, again);
            assert_eq!(parsed.id, "run-000001-0001");
            assert_eq!(parsed.item.id, "s:3");
            assert_eq!(parsed.decision.reference.as_deref(), Some("§ 1"));
            assert_eq!(parsed.item.digest, content_digest(&kept.content));
            let content: Content =
                serde_json::from_slice(&kept.content).unwrap();
            let again = serde_json::to_vec(&content).unwrap();
            assert_eq!(kept.content, again);
            assert_eq!(content.facts["shop.id"], 7.0);
            let cut = text.len() > 1000;
            assert_eq!(parsed.health.truncated, cut);
            assert_eq!(parsed.health.masked, !cut);
            assert_eq!(parsed.rules.suppressed.len(), 1);
            let places = |fired: &[super::super::record::Fired]| -> usize {
                fired.iter().map(|rule| rule.matches.len()).sum()
            };
            let all =
                places(&parsed.rules.fired) + places(&parsed.rules.suppressed);
            assert!(all <= limits::EVIDENCE_MATCHES_MAX);
        }
    }
}
