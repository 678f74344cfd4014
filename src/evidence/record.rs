//! What is kept of a takedown or report. In: nothing; out: plain values
//! with a JSON form, whose members stand in the order of the structs below.
//!
//! The record holds no text of the author. It names places (bytes and code
//! points of the decoded field) and rules; the text lies in the content
//! store, sealed, and can be destroyed there. What ties the two together is
//! `item.digest`, the SHA-256 of a random salt and the kept bytes: the salt
//! is kept with the text, so that once the text is gone nobody can tell a
//! guess of it from any other.
//!
//! The complete example is `docs/evidence.example.json`; the JSON Schema is
//! `evidence.schema.json` beside this file and printed by
//! `trommel schema evidence`. A member that is `None` is left out.

use serde::{Deserialize, Serialize};

/// The `schema` member of every record.
pub const SCHEMA_NAME: &str = "trommel.evidence.v1";

/// Evidence of one decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    pub schema: String,
    /// `RUN-FRAME-INDEX`, letters, digits and hyphens: unique, never used
    /// again, fit to be the PUID of a transparency database.
    pub id: String,
    pub item: Item,
    pub decision: Decision,
    pub rules: Rules,
    pub pack: Pack,
    pub engine: Engine,
    pub health: Health,
    pub automated: Automated,
}

/// The record that was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// As the producer wrote it; numbers as text; `SOURCE:LINE` if none.
    pub id: String,
    pub source: String,
    /// 1-based line and byte offset in the decompressed source.
    pub line: u64,
    pub offset: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surface: Option<String>,
    /// Keyed reference: equal for equal authors, useless without the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// `sha256:` of the salt and the kept bytes.
    pub digest: String,
    /// Name of the kept bytes in the content store.
    pub content: String,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    pub verdict: String,
    pub category: String,
    pub rule: String,
    pub title: String,
    /// For the person concerned, from the rule.
    pub reason: Texts,
    pub confidence: f64,
    /// `terms` (incompatible with the operator's terms) or `law`, as the
    /// policy says for the category.
    pub ground: String,
    /// Clause or law, from the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What is asked for: `removal` or `human_review`.
    pub restriction: String,
    pub start: String,
    pub appeal_until: String,
    /// Deceptive high-volume commercial content, for which no statement of
    /// reasons is owed.
    pub statement_exempt: bool,
}

/// The same in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    pub zh: String,
    pub en: String,
}

/// Every rule that had something to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    pub fired: Vec<Fired>,
    /// On trial: would have fired.
    pub shadow: Vec<Fired>,
    /// Condition held, verdict did not follow.
    pub suppressed: Vec<Fired>,
}

/// One rule with the places it used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fired {
    pub rule: String,
    pub category: String,
    pub pack: String,
    pub verdict: String,
    pub confidence: f64,
    /// `unless` lowered what the rule asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lowered: bool,
    /// A field that the condition asks for was missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
    /// Why a suppressed rule did not become a verdict: `unless` or
    /// `confidence`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub matches: Vec<Match>,
}

/// One place in one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    pub set: String,
    pub term: String,
    pub field: String,
    /// Half-open, bytes of the decoded field as UTF-8.
    pub start: u32,
    pub end: u32,
    /// The same in code points.
    pub chars: [u64; 2],
    pub folds: Vec<String>,
    pub penalty: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<bool>,
    /// For rules on personal data: what stands for the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<MaskedValue>,
}

/// A value that is not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskedValue {
    /// Code points.
    pub length: u64,
    /// Keyed: equal values have equal hashes, and only the key can test a
    /// guess.
    pub hash: String,
}

/// The pack of the deciding rule and the image it lay in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    pub name: String,
    pub version: String,
    pub digest: String,
}

/// What judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    pub version: String,
    pub tables: String,
    pub unicode: String,
    /// Digest of the policy file, empty for the built-in policy.
    pub policy: String,
    pub run: String,
}

/// What was not as it should be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Places or kept text were cut at a limit.
    pub truncated: bool,
    /// Parts of the kept text were masked: they are personal data.
    pub masked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brake: Option<Braked>,
}

/// A takedown that the brake made a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Braked {
    pub from: String,
    pub to: String,
    /// Which limit: `rule_count`, `rule_share`, `count`, `share`,
    /// `new_pack_count` or `new_pack_share`.
    pub trigger: String,
}

/// Filled from what the engine did, never from what somebody typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Automated {
    pub detection: bool,
    /// `fully` for a takedown, `not` for a report: a person decides.
    pub decision: String,
}

/// What is kept of a record for review and replay, sealed in the content
/// store. Author and group stand in it only when a rule asks for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Hexadecimal; see the module.
    pub salt: String,
    pub fields: Vec<ContentField>,
    /// Values of the members that conditions of the image ask for.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub facts: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentField {
    pub name: String,
    pub text: String,
}
