//! The operator's policy. In: a TOML file; out: thresholds by category and
//! surface, and what to do with single rules. Packs say what is there, the
//! policy says what happens.
//!
//! ```toml
//! [thresholds]                 # the defaults
//! takedown = 0.90
//! report = 0.60
//!
//! [category.harassment]        # for one category
//! max = "report"
//!
//! [category.gambling.surface.comment]   # for a category on a surface
//! takedown = 0.85
//!
//! [rule."gambling.invite.zh"]
//! disable = true               # or:
//! downgrade = "report"         # the most it may ask for
//! exceptions = ["时时彩虹"]     # phrases that remove a hit they cover
//!
//! [category.contraband]        # for evidence and statements of reasons
//! ground = "law"               # default: terms
//! reference = "Criminal Code, section 1"
//! statement_exempt = false     # default: only spam, Art. 17(2) DSA
//!
//! [brake]                      # beyond it takedowns fall to report
//! window = "24h"
//! count = 10000                # takedowns in the window
//! share = 0.05                 # takedowns by records of the window
//! share_after = 1000           # records before a share counts
//! rule.count = 2000            # the same for each rule alone
//! new_pack.age = "24h"         # rules first used less long ago …
//! new_pack.count = 200         # … have these limits over all
//!
//! [lifecycle]
//! settle_hours = 24            # a rule edited within so many hours only
//!                              # reports
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::base::clock::{self, Moment};
use crate::verdict::{BrakeLimits, Category, Limit, Milli, Verdict};

/// A checked policy.
#[derive(Clone, Debug)]
pub struct Policy {
    defaults: Limits,
    categories: BTreeMap<Category, CategoryPolicy>,
    rules: BTreeMap<String, RulePolicy>,
    grounds: BTreeMap<Category, Ground>,
    brake: Option<BrakeLimits>,
    settle_hours: u32,
    digest: String,
    text: String,
}

/// On what a decision about a category rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Against the law; otherwise against the operator's terms.
    pub law: bool,
    /// Clause or law.
    pub reference: Option<String>,
    /// Deceptive high-volume commercial content: no statement of reasons is
    /// owed.
    pub statement_exempt: bool,
}

/// From which confidence on a verdict is asked for, and the most allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub takedown: Milli,
    pub report: Milli,
    pub max: Verdict,
}

#[derive(Clone, Debug)]
struct CategoryPolicy {
    limits: Limits,
    surfaces: BTreeMap<String, Limits>,
}

/// What the operator decided about one rule.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RulePolicy {
    pub disable: bool,
    downgrade: Option<String>,
    pub exceptions: Vec<String>,
    #[serde(skip)]
    pub max: Option<Verdict>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FilePolicy {
    thresholds: FileLimits,
    category: BTreeMap<String, FileCategory>,
    rule: BTreeMap<String, RulePolicy>,
    brake: Option<FileBrake>,
    lifecycle: FileLifecycle,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileBrake {
    window: Option<String>,
    share_after: Option<u64>,
    count: Option<u64>,
    share: Option<f64>,
    rule: FileLimit,
    new_pack: FileNewPack,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileLimit {
    count: Option<u64>,
    share: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileNewPack {
    age: Option<String>,
    count: Option<u64>,
    share: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileLifecycle {
    settle_hours: u32,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileLimits {
    takedown: Option<f64>,
    report: Option<f64>,
    max: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FileCategory {
    takedown: Option<f64>,
    report: Option<f64>,
    max: Option<String>,
    ground: Option<String>,
    reference: Option<String>,
    statement_exempt: Option<bool>,
    surface: BTreeMap<String, FileLimits>,
}

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(String);

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            defaults: Limits {
                takedown: Milli(900),
                report: Milli(600),
                max: Verdict::Takedown,
            },
            categories: BTreeMap::new(),
            rules: BTreeMap::new(),
            grounds: BTreeMap::new(),
            brake: None,
            settle_hours: 0,
            digest: String::new(),
            text: String::new(),
        }
    }
}

impl super::Outcome {
    /// The same with the takedown made a report.
    pub fn brake(mut self) -> super::Outcome {
        self.verdict = self.verdict.min(Verdict::Report);
        self
    }

    /// Whether the brake made a takedown a report.
    pub fn is_braked(&self) -> bool {
        let asked = self.deciding().map(|fired| fired.verdict);
        asked.is_some_and(|asked| asked > self.verdict)
    }
}

impl Policy {
    /// Reads a policy. `known_rules` are the ids of the loaded packs: a
    /// policy about a rule that does not exist is an error, because a typing
    /// mistake would silently leave the rule as it is.
    pub fn parse(
        text: &str,
        known_rules: &[&str],
    ) -> Result<Policy, PolicyError> {
        let file: FilePolicy = toml::from_str(text)
            .map_err(|error| PolicyError(error.to_string()))?;
        let mut policy = Policy::default();
        let at = "thresholds";
        policy.defaults = limits(policy.defaults, &file.thresholds, at)?;
        for (name, entry) in &file.category {
            let category = Category::parse(name).ok_or_else(|| {
                unknown("category", name, Category::ALL.map(|c| c.as_str()))
            })?;
            let own = FileLimits {
                takedown: entry.takedown,
                report: entry.report,
                max: entry.max.clone(),
            };
            let at = format!("category.{name}");
            let base = limits(policy.defaults, &own, &at)?;
            let mut surfaces = BTreeMap::new();
            for (surface, own) in &entry.surface {
                let at = format!("category.{name}.surface.{surface}");
                surfaces.insert(surface.clone(), limits(base, own, &at)?);
            }
            let own = ground(category, entry, &format!("category.{name}"))?;
            policy.grounds.insert(category, own);
            let entry = CategoryPolicy { limits: base, surfaces };
            policy.categories.insert(category, entry);
        }
        for (id, mut entry) in file.rule {
            if !known_rules.contains(&id.as_str()) {
                return Err(unknown("rule", &id, known_rules.iter().copied()));
            }
            if let Some(name) = &entry.downgrade {
                entry.max = Some(verdict(name, &format!("rule.{id}"))?);
            }
            policy.rules.insert(id, entry);
        }
        policy.brake = file.brake.as_ref().map(brake).transpose()?;
        policy.text = text.to_owned();
        policy.settle_hours = file.lifecycle.settle_hours;
        let hash = blake3::hash(text.as_bytes());
        policy.digest = format!("b3:{}", hash.to_hex());
        Ok(policy)
    }

    /// Limits for a category on a surface.
    pub fn limits(&self, category: Category, surface: Option<&str>) -> Limits {
        let Some(entry) = self.categories.get(&category) else {
            return self.defaults;
        };
        surface
            .and_then(|name| entry.surfaces.get(name))
            .copied()
            .unwrap_or(entry.limits)
    }

    /// What the policy says about a rule.
    pub fn rule(&self, id: &str) -> Option<&RulePolicy> {
        self.rules.get(id)
    }

    /// On what decisions about a category rest.
    pub fn ground(&self, category: Category) -> Ground {
        let own = self.grounds.get(&category).cloned();
        own.unwrap_or_else(|| default_ground(category))
    }

    /// Limits beyond which takedowns fall to report.
    pub fn brake(&self) -> Option<&BrakeLimits> {
        self.brake.as_ref()
    }

    /// The file, empty for the built-in policy.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a rule was edited so lately that it only reports. A rule that
    /// does not say when it was edited has settled; a time to come has not.
    pub fn is_settling(&self, updated: &str, now: Moment) -> bool {
        let wait = u64::from(self.settle_hours) * 3_600_000;
        wait > 0
            && clock::parse_moment(updated)
                .is_some_and(|edited| edited.0.saturating_add(wait) > now.0)
    }

    /// Digest of the file, empty for the built-in policy.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

fn default_ground(category: Category) -> Ground {
    Ground {
        law: false,
        reference: None,
        statement_exempt: category == Category::Spam,
    }
}

fn ground(
    category: Category,
    file: &FileCategory,
    at: &str,
) -> Result<Ground, PolicyError> {
    let default = default_ground(category);
    let law = match file.ground.as_deref() {
        None | Some("terms") => false,
        Some("law") => true,
        Some(other) => {
            return Err(PolicyError(format!(
                "{at}.ground: expected terms or law, found {other:?}"
            )));
        }
    };
    Ok(Ground {
        law,
        reference: file.reference.clone(),
        statement_exempt: file
            .statement_exempt
            .unwrap_or(default.statement_exempt),
    })
}

fn brake(file: &FileBrake) -> Result<BrakeLimits, PolicyError> {
    let span = |text: &Option<String>, key: &str| match text {
        None => Ok(clock::DAY_MS),
        Some(text) => clock::parse_span_ms(text).ok_or_else(|| {
            PolicyError(format!(
                "brake.{key}: expected a time like 24h or 30m, found {text:?}"
            ))
        }),
    };
    let limit = |count, share: Option<f64>, key: &str| match share {
        Some(share) if !(0.0..=1.0).contains(&share) => {
            Err(PolicyError(format!(
                "brake.{key}: expected a share from 0 to 1, found {share}"
            )))
        }
        share => Ok(Limit { count, share }),
    };
    let (rule, new) = (&file.rule, &file.new_pack);
    Ok(BrakeLimits {
        window_ms: span(&file.window, "window")?,
        share_after: file.share_after.unwrap_or(1000),
        overall: limit(file.count, file.share, "share")?,
        rule: limit(rule.count, rule.share, "rule.share")?,
        new_pack: limit(new.count, new.share, "new_pack.share")?,
        new_pack_ms: span(&new.age, "new_pack.age")?,
    })
}

fn limits(
    base: Limits,
    own: &FileLimits,
    at: &str,
) -> Result<Limits, PolicyError> {
    let read = |value: Option<f64>, base: Milli, key: &str| match value {
        None => Ok(base),
        Some(value) => Milli::from_decimal(value).ok_or_else(|| {
            PolicyError(format!(
                "{at}.{key}: expected a number from 0 to 1, found {value}"
            ))
        }),
    };
    let limits = Limits {
        takedown: read(own.takedown, base.takedown, "takedown")?,
        report: read(own.report, base.report, "report")?,
        max: match &own.max {
            None => base.max,
            Some(name) => verdict(name, &format!("{at}.max"))?,
        },
    };
    if limits.report > limits.takedown {
        return Err(PolicyError(format!(
            "{at}: report ({}) must not be above takedown ({})",
            limits.report, limits.takedown
        )));
    }
    Ok(limits)
}

fn verdict(name: &str, at: &str) -> Result<Verdict, PolicyError> {
    Verdict::parse(name).ok_or_else(|| {
        PolicyError(format!(
            "{at}: expected pass, report or takedown, found {name:?}"
        ))
    })
}

fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> PolicyError {
    let near = crate::base::near::nearest(name, known);
    let hint = near
        .map(|near| format!("; did you mean {near:?}?"))
        .unwrap_or_default();
    PolicyError(format!("no {what} is called {name:?}{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surfaces_inherit_from_category_and_defaults() {
        let text = "[thresholds]\nreport = 0.5\n[category.gambling]\n\
                    takedown = 0.8\n[category.gambling.surface.comment]\n\
                    max = \"report\"";
        let policy = Policy::parse(text, &[]).unwrap();
        let plain = policy.limits(Category::Gambling, Some("post"));
        assert_eq!((plain.takedown, plain.report).0, Milli(800));
        assert_eq!(plain.report, Milli(500));
        let comment = policy.limits(Category::Gambling, Some("comment"));
        assert_eq!(comment.max, Verdict::Report);
        let other = policy.limits(Category::Fraud, None);
        assert_eq!(other.takedown, Milli(900));
    }

    #[test]
    fn brake_and_grounds_are_read() {
        let text = "[brake]\ncount = 5\nnew_pack.age = \"2h\"\n\
                    [category.contraband]\nground = \"law\"";
        let policy = Policy::parse(text, &[]).unwrap();
        let brake = policy.brake().unwrap();
        assert_eq!(brake.overall.count, Some(5));
        assert_eq!(brake.new_pack_ms, 2 * 60 * 60 * 1000);
        assert_eq!(brake.window_ms, clock::DAY_MS);
        assert!(policy.ground(Category::Contraband).law);
        assert!(policy.ground(Category::Spam).statement_exempt);
        assert!(!policy.ground(Category::Fraud).statement_exempt);
    }

    #[test]
    fn an_edited_rule_settles() {
        let text = "[lifecycle]\nsettle_hours = 24";
        let policy = Policy::parse(text, &[]).unwrap();
        let at = |text| clock::parse_moment(text).unwrap();
        let rows = [
            ("2026-11-22T10:00:00Z", "2026-11-23T09:59:59Z", true),
            ("2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z", false),
            ("2026-11-22", "2026-11-23T20:00:00Z", true),
            ("2026-11-22", "2026-11-24T00:00:00Z", false),
            ("2026-12-01", "2026-11-23T20:00:00Z", true),
            ("", "2026-11-23T20:00:00Z", false),
        ];
        for (updated, now, wanted) in rows {
            let found = policy.is_settling(updated, at(now));
            assert_eq!(found, wanted, "{updated} at {now}");
        }
        let other = Policy::default();
        assert!(!other.is_settling("2026-11-22", at("2026-11-22")));
    }

    #[test]
    fn mistakes_are_named() {
        let rows = [
            ("[category.gamblin]", "did you mean \"gambling\""),
            ("[rule.\"a.c\"]\ndisable=true", "did you mean \"a.b\""),
            ("[thresholds]\nreport = 2.0", "from 0 to 1"),
            ("[thresholds]\nreport = 0.95", "must not be above"),
            ("[threshold]", "unknown field"),
            ("[category.spam]\nground = \"x\"", "expected terms or law"),
            ("[brake]\nwindow = \"day\"", "expected a time like"),
            ("[brake]\nrule.share = 2.0", "expected a share from 0 to 1"),
            ("[rule.\"a.b\"]\ndowngrade = \"no\"", "pass, report or"),
        ];
        for (text, part) in rows {
            let error = Policy::parse(text, &["a.b"]).unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }
}
