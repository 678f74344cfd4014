//! Old decisions run again. In: evidence with its kept content, a scanner
//! made from the image that decided; out: whether the same comes out.

use serde_json::{Value, json};

use crate::base::clock::Moment;
use crate::eval::{Scanner, Scratch};
use crate::evidence::keys::Secret;
use crate::evidence::record::Rules;
use crate::evidence::{Content, Deriver, Evidence};
use crate::record::{Field, Id, Lookup, Record};

/// How a replay ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    Identical,
    /// What differs, as `path: before → after`.
    Changed(Vec<String>),
    NotReplayable(String),
}

/// Whether what is kept is all that was judged.
pub fn obstacle(
    evidence: &Evidence,
    content: Option<&Content>,
) -> Option<String> {
    if content.is_none() {
        return Some("the content was erased".to_owned());
    }
    if evidence.health.masked {
        let why = "personal data in the content was masked";
        return Some(why.to_owned());
    }
    if evidence.health.truncated {
        return Some("the content was cut at the limit".to_owned());
    }
    None
}

/// Judges kept content again and compares verdict, rule, confidence and
/// every place of every rule.
pub fn replay(
    evidence: &Evidence,
    content: &Content,
    scanner: &Scanner,
    scratch: &mut Scratch,
) -> Ending {
    let members = Value::Object(content.facts.clone()).to_string();
    let text = |name: &str| -> Option<std::borrow::Cow<'_, str>> {
        content.facts.get(name)?.as_str().map(Into::into)
    };
    let own = |text: &Option<String>| text.clone().map(Into::into);
    let record = Record {
        id: Id::Text(evidence.item.id.as_str().into()),
        fields: content
            .fields
            .iter()
            .map(|field| Field {
                name: &field.name,
                text: field.text.as_str().into(),
            })
            .collect(),
        surface: own(&evidence.item.surface),
        author: text("author"),
        group: text("group"),
        lang: own(&evidence.item.lang),
        created_at: own(&evidence.item.created_at),
        line: evidence.item.line,
        offset: evidence.item.offset,
        raw: members.as_bytes(),
        lookup: Lookup::Json(members.as_bytes()),
    };
    let outcome = scanner.scan(&record, scratch);
    let none = || Secret::new([0; 32]);
    let run = evidence.engine.run.clone();
    let deriver = Deriver::new(scanner, none(), none(), run, 0);
    let source = &evidence.item.source;
    let mut batch = deriver.batch(0, Moment::default());
    let again = deriver.derive(scanner, source, &record, &outcome, &mut batch);
    let again: Option<Evidence> =
        again.and_then(|kept| serde_json::from_slice(&kept.payload).ok());
    let Some(again) = again else {
        let before = &evidence.decision.verdict;
        return Ending::Changed(vec![format!("verdict: {before} → pass")]);
    };
    let differences = compare(&view(evidence), &view(&again));
    match differences.is_empty() {
        true => Ending::Identical,
        false => Ending::Changed(differences),
    }
}

/// The part of evidence that has to come out the same.
fn view(evidence: &Evidence) -> Value {
    let decision = &evidence.decision;
    // What the brake did is no judgement.
    let verdict = match &evidence.health.brake {
        Some(brake) => &brake.from,
        None => &decision.verdict,
    };
    let rules: &Rules = &evidence.rules;
    json!({
        "verdict": verdict,
        "category": decision.category,
        "rule": decision.rule,
        "confidence": decision.confidence,
        "rules": rules,
    })
}

fn compare(before: &Value, after: &Value) -> Vec<String> {
    let mut found = Vec::new();
    differ("", before, after, &mut found);
    found
}

fn differ(path: &str, a: &Value, b: &Value, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> =
                a.keys().chain(b.keys()).collect();
            for key in keys {
                let inner = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                let none = &Value::Null;
                let (a, b) = (a.get(key), b.get(key));
                differ(&inner, a.unwrap_or(none), b.unwrap_or(none), found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (number, (a, b)) in a.iter().zip(b).enumerate() {
                differ(&format!("{path}[{number}]"), a, b, found);
            }
        }
        (a, b) if a == b => {}
        (Value::Array(a), Value::Array(b)) => {
            found.push(format!("{path}: {} → {} entries", a.len(), b.len()));
        }
        (a, b) => found.push(format!("{path}: {a} → {b}")),
    }
}
