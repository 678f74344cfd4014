//! Who may see what of a decision. In: evidence, kept content; out: JSON
//! for a reviewer (everything), for the person concerned (reason, rule
//! title, own words, how to appeal) and for the public (numbers).
//!
//! The person concerned gets no term and no exact place: a filter that says
//! which letters it saw teaches how to write around it. The quote is the
//! passage around the places, in the person's own words.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::record::{Content, Evidence, Fired, Texts};
use crate::base::int;

/// Counts below this are not published by surface, language or rule: they
/// could point at a person.
const PUBLIC_COUNT_MIN: u64 = 5;

/// Longest quote for the person concerned, in code points.
const QUOTE_CHARS_MAX: usize = 200;

/// Code points shown around the places of a quote.
const QUOTE_CONTEXT: usize = 20;

/// Everything, for a person who decides.
pub fn reviewer(
    seq: u64,
    evidence: &Evidence,
    content: Option<&Content>,
) -> Value {
    let state = match content {
        None => "erased",
        Some(_) if evidence.health.truncated => "truncated",
        Some(_) if evidence.health.masked => "masked",
        Some(_) => "kept",
    };
    json!({
        "seq": seq,
        "evidence": evidence,
        "content_state": state,
        "content": content,
    })
}

/// For the person concerned.
pub fn subject(evidence: &Evidence, content: Option<&Content>) -> Value {
    let decision = &evidence.decision;
    let mut value = json!({
        "schema": "trommel.statement.v1",
        "id": evidence.id,
        "item": evidence.item.id,
        "verdict": decision.verdict,
        "category": decision.category,
        "restriction": decision.restriction,
        "start": decision.start,
        "ground": decision.ground,
        "rule": decision.title,
        "reason": decision.reason,
        "automated": evidence.automated,
        "text": statement(evidence),
        "appeal": {
            "until": decision.appeal_until,
            "how": how_to_appeal(evidence),
        },
    });
    if let Some(reference) = &decision.reference {
        value["reference"] = reference.as_str().into();
    }
    if let Some(quote) = content.and_then(|c| quote(evidence, c)) {
        value["quote"] = quote.into();
    }
    value
}

/// The whole statement as sentences.
pub fn statement(evidence: &Evidence) -> Texts {
    let decision = &evidence.decision;
    let date = |text: &str| text.get(..10).unwrap_or(text).to_owned();
    let start = date(&decision.start);
    let removal = decision.restriction == "removal";
    let fully = evidence.automated.decision == "fully";
    let law = decision.ground == "law";
    let en = format!(
        "On {start} your content {} was {} because it {}: {}. It was found \
         by automated means; {}. {}",
        evidence.item.id,
        if removal { "removed" } else { "sent to a person for review" },
        match (law, removal) {
            (true, _) => "may be illegal",
            (false, true) => "does not comply with the rules",
            (false, false) => "may not comply with the rules",
        },
        decision.reason.en,
        if fully {
            "no person took part in this decision"
        } else {
            "a person decides what happens"
        },
        how_to_appeal(evidence).en
    );
    let zh = format!(
        "您的内容 {} 于 {start} {}，原因是{}：{}。该内容由自动化手段发现，{}。{}",
        evidence.item.id,
        if removal { "被移除" } else { "转交人工审核" },
        match (law, removal) {
            (true, _) => "可能违反法律",
            (false, true) => "不符合平台规则",
            (false, false) => "可能不符合平台规则",
        },
        decision.reason.zh,
        if fully {
            "决定由系统自动作出"
        } else {
            "最终由人工作出决定"
        },
        how_to_appeal(evidence).zh
    );
    Texts { zh, en }
}

fn how_to_appeal(evidence: &Evidence) -> Texts {
    let until = &evidence.decision.appeal_until;
    let until = until.get(..10).unwrap_or(until);
    let id = &evidence.id;
    Texts {
        zh: format!(
            "如有异议，可在 {until} 之前免费申诉，注明编号 {id}，申诉由人工处理"
        ),
        en: format!(
            "You may complain until {until}, free of charge, naming {id}; a \
             person will decide on it."
        ),
    }
}

/// The passage in which the deciding rule saw something.
fn quote(evidence: &Evidence, content: &Content) -> Option<String> {
    let decided = |fired: &&Fired| fired.rule == evidence.decision.rule;
    let fired = evidence.rules.fired.iter().find(decided)?;
    let field = &fired.matches.first()?.field;
    let text = &content.fields.iter().find(|f| f.name == *field)?.text;
    let places = fired.matches.iter().filter(|m| m.field == *field);
    let (mut start, mut end) = (text.len(), 0);
    for place in places {
        start = start.min(int::to_usize(place.start));
        end = end.max(int::to_usize(place.end));
    }
    // The kept text may have been cut.
    let before = text.get(..start.min(text.len()))?;
    let from = before
        .char_indices()
        .rev()
        .nth(QUOTE_CONTEXT - 1)
        .map_or(0, |(at, _)| at);
    let mut taken = text[from..].chars();
    let inner = text.get(from..end.min(text.len()))?.chars().count();
    let most = (inner + QUOTE_CONTEXT).min(QUOTE_CHARS_MAX);
    let quote: String = taken.by_ref().take(most).collect();
    let open = if from > 0 { "…" } else { "" };
    let close = if taken.next().is_some() { "…" } else { "" };
    Some(format!("{open}{quote}{close}"))
}

/// Numbers by value, then by verdict.
type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// Numbers of decisions by what may be published.
#[derive(Clone, Debug, Default)]
pub struct Public {
    decisions: u64,
    months: Counts,
    categories: Counts,
    surfaces: Counts,
    languages: Counts,
    rules: Counts,
}

impl Public {
    pub fn add(&mut self, evidence: &Evidence) {
        let decision = &evidence.decision;
        let or_unknown = |text: &Option<String>| {
            text.clone().unwrap_or_else(|| "unknown".to_owned())
        };
        self.decisions += 1;
        let month = decision.start.get(..7).unwrap_or("").to_owned();
        let count = |to: &mut Counts, key: String| {
            let verdict = decision.verdict.clone();
            *to.entry(key).or_default().entry(verdict).or_default() += 1;
        };
        count(&mut self.months, month);
        count(&mut self.categories, decision.category.clone());
        count(&mut self.surfaces, or_unknown(&evidence.item.surface));
        count(&mut self.languages, or_unknown(&evidence.item.lang));
        count(&mut self.rules, decision.rule.clone());
    }

    fn parts(&self) -> [(&'static str, Counts); 5] {
        [
            ("month", self.months.clone()),
            ("category", self.categories.clone()),
            ("surface", merge_small(&self.surfaces)),
            ("language", merge_small(&self.languages)),
            ("rule", merge_small(&self.rules)),
        ]
    }

    pub fn json(&self) -> Value {
        let mut value = json!({
            "schema": "trommel.public.v1",
            "decisions": self.decisions,
        });
        for (name, counts) in self.parts() {
            value[name] = json!(counts);
        }
        value
    }

    /// Rows of dimension, value, verdict, count.
    pub fn rows(&self) -> Vec<(&'static str, String, String, u64)> {
        let mut rows = Vec::new();
        for (name, counts) in self.parts() {
            for (key, verdicts) in counts {
                for (verdict, count) in verdicts {
                    rows.push((name, key.clone(), verdict, count));
                }
            }
        }
        rows
    }
}

/// Small groups become one group `other`.
fn merge_small(counts: &Counts) -> Counts {
    let mut merged: Counts = BTreeMap::new();
    for (key, verdicts) in counts {
        let small = verdicts.values().sum::<u64>() < PUBLIC_COUNT_MIN;
        let key = if small { "other" } else { key };
        let into = merged.entry(key.to_owned()).or_default();
        for (verdict, count) in verdicts {
            *into.entry(verdict.clone()).or_default() += count;
        }
    }
    merged
}
