//! The part of an image that is small: packs, sets, rules and conditions.
//! Plain data with a JSON form; what it refers to is checked on open.

use serde::{Deserialize, Serialize};

/// Everything but the dictionary.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Meta {
    pub engine: String,
    pub tables: String,
    pub packs: Vec<PackMeta>,
    pub sets: Vec<SetMeta>,
    pub rules: Vec<RuleMeta>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelMeta>,
}

/// A learned dictionary. Its n-grams are in sections of their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelMeta {
    /// `PACK/FILE`: for messages.
    pub name: String,
    /// What every score begins with, in ten-thousandths.
    pub bias: i64,
    pub grams: u32,
    /// Letters of the longest character n-gram, words of the longest word
    /// n-gram, characters of the longest sign n-gram.
    pub chars: u8,
    pub words: u8,
    pub signs: u8,
    /// No score of it wakes a rule: it is summed up only for records in
    /// which a rule that asks for it is due.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lazy: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PackMeta {
    pub name: String,
    pub version: String,
    pub languages: Vec<String>,
    pub licence: String,
    /// False for a pack that only lends its shared sets.
    pub active: bool,
}

/// What a set finds. Terms are rows of the terms section.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SetMeta {
    /// `pack/rule.id/name` or `pack.name`: for messages.
    pub name: String,
    /// The name shown in verdicts: the key in the rule.
    pub label: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub terms: u32,
    /// Sets whose hits are hits of this one too; always lower numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<u32>,
    /// Names of validators (`validate::Kind`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validators: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regexes: Vec<String>,
    /// One-character Han terms that never wake a rule, as (code point,
    /// term number) in code point order: they are looked for only when a
    /// rule asks, because the engines would stop at every 你.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub singles: Vec<(u32, u32)>,
    /// The set that holds the regexes' literals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub literals: Option<u32>,
    /// The set has terms that may wake a rule.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waking: bool,
    /// The set is a model: only `score` asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<u32>,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RuleMeta {
    pub id: String,
    pub title: String,
    pub pack: u32,
    pub category: String,
    /// Thousandths.
    pub confidence: u16,
    pub ceiling: String,
    /// `shadow`, `report`, `stable` or `retired`, after expiry.
    pub status: String,
    /// The rule's `review_by` was before the day of compilation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expired: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub langs: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surfaces: Vec<String>,
    pub owner: String,
    pub review_by: String,
    /// When the rule was edited last: an RFC 3339 time or a day.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub updated: String,
    pub reason_zh: String,
    pub reason_en: String,
    /// Sets by the names the rule uses, for verdicts and explanations.
    pub sets: Vec<(String, u32)>,
    pub when: Condition,
    pub when_text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<Condition>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unless_text: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unless_to_pass: bool,
    /// Sets of which at least one must have a hit before the rule can fire;
    /// `None`: the rule is always evaluated.
    pub triggers: Option<Vec<u32>>,
}

/// A condition. Set operands are indices into [`RuleMeta::sets`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    Set(u32),
    Any(Vec<u32>),
    All(Vec<u32>),
    Count(u32, Op, u32),
    Distinct(u32, Op, u32),
    Near(u32, u32, u32),
    Before(u32, u32, u32),
    Quoted(u32),
    Starts(u32),
    /// The score of a model against a number.
    Score(u32, Op, f64),
    Field(String, Op, Literal),
    In(String, Vec<Literal>),
    Not(Box<Condition>),
    And(Vec<Condition>),
    Or(Vec<Condition>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    #[serde(rename = "==")]
    Eq,
    #[serde(rename = "!=")]
    Ne,
    #[serde(rename = "<")]
    Lt,
    #[serde(rename = "<=")]
    Le,
    #[serde(rename = ">")]
    Gt,
    #[serde(rename = ">=")]
    Ge,
}

impl Op {
    pub fn as_str(self) -> &'static str {
        match self {
            Op::Eq => "==",
            Op::Ne => "!=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
        }
    }

    /// Applies the operator to an ordering; `None` (not comparable) is false
    /// for all but `!=`.
    pub fn holds(self, order: Option<std::cmp::Ordering>) -> bool {
        use std::cmp::Ordering::*;
        match self {
            Op::Eq => order == Some(Equal),
            Op::Ne => order != Some(Equal),
            Op::Lt => order == Some(Less),
            Op::Le => matches!(order, Some(Less | Equal)),
            Op::Gt => order == Some(Greater),
            Op::Ge => matches!(order, Some(Greater | Equal)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Literal {
    Bool(bool),
    Number(f64),
    Text(String),
}

impl Condition {
    /// Calls `visit` with every set operand.
    pub fn each_set(&self, visit: &mut dyn FnMut(u32)) {
        match self {
            Condition::Set(set)
            | Condition::Count(set, ..)
            | Condition::Distinct(set, ..)
            | Condition::Quoted(set)
            | Condition::Starts(set)
            | Condition::Score(set, ..) => visit(*set),
            Condition::Any(sets) | Condition::All(sets) => {
                sets.iter().for_each(|set| visit(*set));
            }
            Condition::Near(a, b, _) | Condition::Before(a, b, _) => {
                visit(*a);
                visit(*b);
            }
            Condition::Field(..) | Condition::In(..) => {}
            Condition::Not(inner) => inner.each_set(visit),
            Condition::And(all) | Condition::Or(all) => {
                all.iter().for_each(|inner| inner.each_set(visit));
            }
        }
    }

    /// Levels of nesting, for the limit that keeps evaluation off deep
    /// stacks.
    pub fn depth(&self) -> usize {
        match self {
            Condition::Not(inner) => 1 + inner.depth(),
            Condition::And(all) | Condition::Or(all) => {
                1 + all.iter().map(Condition::depth).max().unwrap_or(0)
            }
            _ => 1,
        }
    }
}
