//! Statements of reasons for the EU Transparency Database (Art. 24(5) of
//! Regulation 2022/2065). In: evidence; out: one JSON object a statement,
//! checked here against the limits and lists of the database (those in force
//! since July 2025; `dsa.schema.json` has them all), so that nothing comes
//! back. Sends nothing. No personal data: neither the
//! id of the item nor any text of the person goes in.
//!
//! The categories of the database are coarser than ours; the table in
//! [`category`] is an engineer's reading. Have it checked by counsel.

use serde_json::{Value, json};

use super::record::Evidence;
use crate::verdict::Category;

/// Most code points of a field, by the schema of the database.
const PUID_MAX: usize = 500;
const GROUND_MAX: usize = 500;
const EXPLANATION_MAX: usize = 2000;
const FACTS_MAX: usize = 5000;

/// Countries whose codes the database knows: the EU and the EEA.
const COUNTRIES: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR",
    "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO",
    "PL", "PT", "RO", "SE", "SI", "SK",
];

/// ISO 639-1, which the language of the content has to be from.
const LANGUAGES: &str = "
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch
    co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy
    ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it
    iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo
    lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny
    oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl
    sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty
    ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// Why a decision gives no statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skip {
    /// A report: nothing was restricted.
    NoRestriction,
    /// Deceptive high-volume commercial content (Art. 17(2)).
    Exempt,
    /// It would be refused.
    Invalid(String),
}

/// Checks country codes. None stand for all: what is removed is removed
/// everywhere, and the database wants to be told where.
pub fn territory(codes: &[String]) -> Result<Vec<String>, String> {
    if codes.is_empty() {
        return Ok(COUNTRIES.map(str::to_owned).to_vec());
    }
    let mut checked = Vec::new();
    for code in codes {
        let code = code.to_uppercase();
        if !COUNTRIES.contains(&code.as_str()) {
            return Err(format!(
                "{code:?} is no country code of the EU or the EEA"
            ));
        }
        checked.push(code);
    }
    checked.sort();
    checked.dedup();
    Ok(checked)
}

/// Category of the database and keyword, where one is sure to fit.
fn category(ours: Category) -> (&'static str, Option<&'static str>) {
    match ours {
        Category::Spam => ("OTHER_VIOLATION_TC", None),
        Category::Fraud => ("SCAMS_AND_FRAUD", None),
        Category::Pyramid => ("SCAMS_AND_FRAUD", Some("PYRAMID_SCHEMES")),
        Category::Gambling | Category::Contraband => (
            "UNSAFE_AND_PROHIBITED_PRODUCTS",
            Some("GOODS_SERVICES_NOT_PERMITTED"),
        ),
        Category::Sexual => {
            ("OTHER_VIOLATION_TC", Some("ADULT_SEXUAL_MATERIAL"))
        }
        Category::Piracy => ("INTELLECTUAL_PROPERTY_INFRINGEMENTS", None),
        Category::Threat => ("VIOLENCE", None),
        Category::Harassment => ("CYBER_VIOLENCE", Some("CYBER_HARASSMENT")),
        Category::AccountTrade => {
            ("OTHER_VIOLATION_TC", Some("INAUTHENTIC_ACCOUNTS"))
        }
        Category::PersonalData => (
            "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
            Some("MISSING_PROCESSING_GROUND"),
        ),
        Category::Custom => ("OTHER_VIOLATION_TC", None),
    }
}

/// The statement of a decision.
pub fn statement(
    evidence: &Evidence,
    territory: &[String],
) -> Result<Value, Skip> {
    let decision = &evidence.decision;
    if decision.restriction != "removal" {
        return Err(Skip::NoRestriction);
    }
    if decision.statement_exempt {
        return Err(Skip::Exempt);
    }
    let ours = Category::parse(&decision.category)
        .ok_or_else(|| Skip::Invalid("an unknown category".to_owned()))?;
    let (theirs, keyword) = category(ours);
    let date = |text: &str| text.get(..10).unwrap_or("").to_owned();
    let applied = date(&decision.start);
    let created = evidence.item.created_at.as_deref().and_then(created);
    let fully = evidence.automated.decision == "fully";
    let detected = evidence.automated.detection;
    let ground = decision.reference.clone();
    let ground = ground.unwrap_or_else(|| decision.title.clone());
    let mut value = json!({
        "puid": evidence.id,
        "decision_visibility": ["DECISION_VISIBILITY_CONTENT_REMOVED"],
        "content_type": ["CONTENT_TYPE_TEXT"],
        "category": format!("STATEMENT_CATEGORY_{theirs}"),
        "decision_facts": format!(
            "Rules compiled from word lists and patterns found, on the \
             platform's own initiative, that the text meets this \
             description: {}. Rule: {}.",
            decision.reason.en, decision.title
        ),
        "content_date": created.unwrap_or_else(|| applied.clone()),
        "application_date": applied,
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": if detected { "Yes" } else { "No" },
        "automated_decision": if fully {
            "AUTOMATED_DECISION_FULLY"
        } else {
            "AUTOMATED_DECISION_NOT_AUTOMATED"
        },
    });
    if let Some(keyword) = keyword {
        value["category_specification"] =
            json!([format!("KEYWORD_{keyword}")]);
    }
    if decision.ground == "law" {
        value["decision_ground"] = "DECISION_GROUND_ILLEGAL_CONTENT".into();
        value["illegal_content_legal_ground"] = ground.into();
        value["illegal_content_explanation"] =
            decision.reason.en.as_str().into();
    } else {
        value["decision_ground"] =
            "DECISION_GROUND_INCOMPATIBLE_CONTENT".into();
        value["incompatible_content_ground"] = ground.into();
        value["incompatible_content_explanation"] =
            decision.reason.en.as_str().into();
        value["incompatible_content_illegal"] = "No".into();
    }
    value["territorial_scope"] = json!(territory);
    let lang = evidence.item.lang.as_deref().unwrap_or("");
    let lang = lang.split(['-', '_']).next().unwrap_or("").to_lowercase();
    if LANGUAGES.split_whitespace().any(|known| known == lang) {
        value["content_language"] = lang.to_uppercase().into();
    }
    check(&value).map_err(Skip::Invalid)?;
    Ok(value)
}

/// The day a record says it was made.
fn created(text: &str) -> Option<String> {
    let epoch = || {
        let number: u64 = text.parse().ok()?;
        // Seconds until the year 5138, milliseconds above.
        let ms = if number < 100_000_000_000 { number * 1000 } else { number };
        Some(crate::base::clock::Moment(ms))
    };
    let moment = crate::base::clock::Moment::parse(text).or_else(epoch)?;
    Some(moment.date())
}

/// The rules of the database that can be checked without it.
fn check(value: &Value) -> Result<(), String> {
    let limits = [
        ("puid", PUID_MAX),
        ("decision_facts", FACTS_MAX),
        ("illegal_content_legal_ground", GROUND_MAX),
        ("illegal_content_explanation", EXPLANATION_MAX),
        ("incompatible_content_ground", GROUND_MAX),
        ("incompatible_content_explanation", EXPLANATION_MAX),
    ];
    for (name, most) in limits {
        let Some(text) = value[name].as_str() else { continue };
        let length = text.chars().count();
        if length == 0 || length > most {
            return Err(format!(
                "{name}: expected 1 to {most} characters, found {length}"
            ));
        }
    }
    let puid = value["puid"].as_str().unwrap_or_default();
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !puid.bytes().all(fits) {
        return Err(format!(
            "puid: {puid:?} has other characters than a-z, \
                            A-Z, 0-9, - and _"
        ));
    }
    if value["territorial_scope"].as_array().is_none_or(Vec::is_empty) {
        return Err("territorial_scope: expected a country".to_owned());
    }
    for (name, first) in [("content_date", 2000), ("application_date", 2020)] {
        let text = value[name].as_str().unwrap_or_default();
        let parsed = crate::base::clock::parse_date(text);
        if parsed.is_none_or(|date| date.0 < first * 10_000 + 101) {
            return Err(format!(
                "{name}: expected a date from {first} on, found {text:?}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence() -> Evidence {
        let text = include_str!("../../docs/evidence.example.json");
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_statement_fits_the_schema() {
        let evidence = evidence();
        let codes = territory(&["de".to_owned(), "AT".to_owned()]).unwrap();
        let value = statement(&evidence, &codes).unwrap();
        assert_eq!(value["puid"], evidence.id.as_str());
        assert_eq!(value["territorial_scope"], json!(["AT", "DE"]));
        assert_eq!(value["automated_decision"], "AUTOMATED_DECISION_FULLY");
        // Nothing of the person and nothing of the term list.
        let text = value.to_string();
        for fired in &evidence.rules.fired {
            for found in &fired.matches {
                assert!(!text.contains(&found.term), "{}", found.term);
            }
        }
        assert!(!text.contains("hk:"));
        assert!(territory(&["XX".to_owned()]).is_err());
    }

    /// What a member of the database's schema may be.
    fn allowed<'a>(schema: &'a Value, name: &str) -> &'a Vec<Value> {
        let member = &schema["properties"][name];
        let list = member["enum"].as_array();
        list.or_else(|| member["items"]["enum"].as_array()).unwrap()
    }

    #[test]
    fn every_category_is_one_of_the_database() {
        let schema = serde_json::from_str(crate::evidence::DSA_SCHEMA);
        let schema: Value = schema.unwrap();
        let all = territory(&[]).unwrap();
        let mut evidence = evidence();
        for ours in Category::ALL {
            for (ground, lang) in
                [("law", Some("zh-Hans")), ("terms", Some("xx"))]
            {
                evidence.decision.category = ours.as_str().to_owned();
                evidence.decision.ground = ground.to_owned();
                evidence.item.lang = lang.map(str::to_owned);
                let value = statement(&evidence, &all).unwrap();
                assert_eq!(
                    value.get("content_language"),
                    (ground == "law").then(|| json!("ZH")).as_ref()
                );
                for (name, member) in value.as_object().unwrap() {
                    let limits = &schema["properties"][name];
                    assert!(limits.is_object(), "{name}");
                    if limits["maxLength"].is_u64() || name.contains("date") {
                        continue;
                    }
                    let known = allowed(&schema, name);
                    let values = match member {
                        Value::Array(values) => values.clone(),
                        value => vec![value.clone()],
                    };
                    let fits = values.iter().all(|v| known.contains(v));
                    assert!(fits, "{name}: {member}");
                }
                for name in schema["required"].as_array().unwrap() {
                    let name = name.as_str().unwrap();
                    assert!(value.get(name).is_some(), "{name}");
                }
            }
        }
    }

    #[test]
    fn what_needs_no_statement_gives_none() {
        let mut exempt = evidence();
        exempt.decision.statement_exempt = true;
        let all = territory(&[]).unwrap();
        assert_eq!(statement(&exempt, &all), Err(Skip::Exempt));
        let mut held = evidence();
        held.decision.restriction = "human_review".to_owned();
        assert_eq!(statement(&held, &all), Err(Skip::NoRestriction));
        let mut long = evidence();
        long.id = "x".repeat(501);
        assert!(matches!(statement(&long, &all), Err(Skip::Invalid(_))));
        let mut early = evidence();
        early.decision.start = "2019-12-31T00:00:00.000Z".to_owned();
        assert!(matches!(statement(&early, &all), Err(Skip::Invalid(_))));
        let mut odd = evidence();
        odd.id = "a b".to_owned();
        assert!(matches!(statement(&odd, &all), Err(Skip::Invalid(_))));
    }

    #[test]
    fn days_of_making_are_read() {
        let rows = [
            ("2026-11-20T01:00:00+02:00", Some("2026-11-19")),
            ("1763600000", Some("2025-11-20")),
            ("1763600000000", Some("2025-11-20")),
            ("yesterday", None),
        ];
        for (text, wanted) in rows {
            assert_eq!(created(text).as_deref(), wanted, "{text}");
        }
    }
}
