//! Rule files as data. In: TOML text; out: rules, shared sets, tests and
//! cases with their places, and every diagnostic of the file at once. What
//! names refer to is not looked up here.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::condition::{self, Expr};
use super::diagnostic::{
    BAD_ID, BAD_VALUE, Diagnostic, MODEL_USE, SYNTAX, WRONG_TYPE,
};
use super::load::{PackSource, SourceFile};
use super::marked::{self, Mark};
use super::table::{Reader, Sp, number};
use crate::base::{clock, near};
use crate::fold::{Fold, Level};
use crate::image::Literal;
use crate::verdict::{Category, Milli, Verdict};

/// `pack.toml`.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    pub languages: Vec<String>,
    pub licence: String,
    pub description: String,
}

/// A set as written.
#[derive(Clone, Debug, Default)]
pub struct SetDef {
    pub span: Range<usize>,
    pub file: usize,
    pub list: Vec<Sp<String>>,
    pub files: Vec<Sp<String>>,
    pub refs: Vec<Sp<String>>,
    pub validators: Vec<Sp<String>>,
    pub regexes: Vec<Sp<String>>,
    pub literals: Vec<Sp<String>>,
    /// The set is a model: its weights file.
    pub weights: Option<Sp<String>>,
    pub level: Level,
}

/// `[set.NAME]`.
#[derive(Clone, Debug)]
pub struct SharedSet {
    pub name: Sp<String>,
    pub def: SetDef,
}

/// `[[rule]]`.
#[derive(Clone, Debug)]
pub struct Rule {
    pub file: usize,
    pub span: Range<usize>,
    pub id: Sp<String>,
    pub title: String,
    pub category: Category,
    pub confidence: Milli,
    pub ceiling: Verdict,
    pub status: Status,
    pub langs: Vec<String>,
    pub surfaces: Vec<String>,
    pub owner: String,
    pub review_by: Sp<String>,
    /// When it was edited last; empty when the file does not say.
    pub updated: String,
    pub reason_zh: String,
    pub reason_en: String,
    pub sets: Vec<(Sp<String>, SetDef)>,
    pub when: Sp<String>,
    pub when_expr: Option<Expr>,
    pub unless: Option<Sp<String>>,
    pub unless_expr: Option<Expr>,
    pub unless_to_pass: bool,
    pub tests: Vec<Test>,
}

/// How far a rule is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Shadow,
    Report,
    Stable,
    Retired,
}

impl Status {
    const ALL: [Status; 4] =
        [Status::Shadow, Status::Report, Status::Stable, Status::Retired];

    pub fn as_str(self) -> &'static str {
        match self {
            Status::Shadow => "shadow",
            Status::Report => "report",
            Status::Stable => "stable",
            Status::Retired => "retired",
        }
    }
}

/// `[[rule.test]]` or `[[case]]`.
#[derive(Clone, Debug)]
pub struct Test {
    pub file: usize,
    pub span: Range<usize>,
    pub name: String,
    pub text: String,
    pub expect: Verdict,
    pub folds: Vec<Fold>,
    /// Places that the evidence must name, as bytes.
    pub spans: Vec<(u32, u32)>,
    /// Quotes that the evidence must have.
    pub quotes: Vec<String>,
    /// The whole evidence, from `marked`.
    pub marks: Option<Vec<Mark>>,
    pub lang: Option<String>,
    pub surface: Option<String>,
    pub author: Option<String>,
    pub meta: Vec<(String, Literal)>,
    /// A known miss: the test must fail today.
    pub todo: bool,
    /// For cases: the rule that must decide.
    pub rule: Option<String>,
}

/// One pack, read.
#[derive(Clone, Debug)]
pub struct Syntax {
    pub manifest: Manifest,
    pub sets: Vec<SharedSet>,
    pub rules: Vec<Rule>,
    pub cases: Vec<Test>,
    pub allows: Vec<Allow>,
}

/// `[[allow]]`: a lint that the author has looked at and does not want to
/// hear of again.
#[derive(Clone, Debug)]
pub struct Allow {
    pub file: usize,
    pub span: Range<usize>,
    /// The lint's code or name.
    pub lint: Sp<String>,
    /// Where: a rule id, the name of a file, or the text that is marked;
    /// `*` at the end stands for anything. None: the whole pack.
    pub at: Option<Sp<String>>,
    pub reason: Sp<String>,
}

/// Reads the files of a pack. `base` is added to file indices, because the
/// files of several packs are reported together.
pub fn read(
    source: &PackSource,
    base: usize,
    out: &mut Vec<Diagnostic>,
) -> Syntax {
    let mut syntax = Syntax {
        manifest: Manifest {
            name: source.name.clone(),
            version: "0.0.0".to_owned(),
            languages: Vec::new(),
            licence: String::new(),
            description: String::new(),
        },
        sets: Vec::new(),
        rules: Vec::new(),
        cases: Vec::new(),
        allows: Vec::new(),
    };
    for (number, file) in source.files.iter().enumerate() {
        if !file.name.ends_with(".toml") || file.name.contains('/') {
            continue;
        }
        let index = base + number;
        let (table, errors) = DeTable::parse_recoverable(&file.text);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let title = "not valid TOML";
            let text = error.message().to_owned();
            out.push(Diagnostic::new(&SYNTAX, title, index, span, text));
        }
        let table = table.get_ref();
        if file.name == "pack.toml" {
            syntax.manifest =
                manifest(table, source, index, &mut syntax.allows, out);
        } else {
            rule_file(table, file, index, &mut syntax, out);
        }
    }
    syntax
}

fn manifest(
    table: &DeTable<'_>,
    source: &PackSource,
    file: usize,
    allows: &mut Vec<Allow>,
    out: &mut Vec<Diagnostic>,
) -> Manifest {
    let mut reader = Reader::new(table, 0..0, file, "the pack", out);
    let name = reader.need_string("name", "the name of the pack's folder");
    let version =
        reader.need_string("version", "for example `version = \"0.1.0\"`");
    let languages = reader.strings("languages");
    let licence = reader.string("licence");
    let engine = reader.string("engine");
    let description = reader.string("description");
    let allowed = reader.tables("allow");
    reader.finish();
    for (table, span) in allowed {
        allows.push(allow(table, span, file, out));
    }
    if name.value != source.name && !name.value.is_empty() {
        out.push(Diagnostic::new(
            &BAD_VALUE,
            "the pack is not called like its folder",
            file,
            name.span.clone(),
            format!("the folder is called {:?}", source.name),
        ));
    }
    if let Some(engine) = &engine
        && !engine_fits(&engine.value)
    {
        out.push(Diagnostic::new(
            &BAD_VALUE,
            "the pack needs another version of trommel",
            file,
            engine.span.clone(),
            format!("this is trommel {}", env!("CARGO_PKG_VERSION")),
        ));
    }
    Manifest {
        name: source.name.clone(),
        version: version.value,
        languages: languages.into_iter().map(|l| l.value).collect(),
        licence: licence.map(|l| l.value).unwrap_or_default(),
        description: description.map(|d| d.value).unwrap_or_default(),
    }
}

/// `>=0.1` or `>=0.1.2`: the only form; packs say the oldest engine they
/// work with.
fn engine_fits(wanted: &str) -> bool {
    let parse = |text: &str| -> Option<Vec<u32>> {
        text.trim().split('.').map(|part| part.parse().ok()).collect()
    };
    let Some(wanted) = wanted.trim().strip_prefix(">=").and_then(parse) else {
        return false;
    };
    let own = parse(env!("CARGO_PKG_VERSION")).unwrap_or_default();
    own >= wanted
}

fn rule_file(
    table: &DeTable<'_>,
    file: &SourceFile,
    index: usize,
    syntax: &mut Syntax,
    out: &mut Vec<Diagnostic>,
) {
    let mut reader = Reader::new(table, 0..0, index, "the file", out);
    let rules = reader.tables("rule");
    let cases = reader.tables("case");
    let sets = reader.table("set");
    let allowed = reader.tables("allow");
    reader.finish();
    for (table, span) in allowed {
        syntax.allows.push(allow(table, span, index, out));
    }
    if let Some((sets, _)) = sets {
        for (key, value) in in_order(sets) {
            let name = Sp::new(key.get_ref().to_string(), key.span());
            let Some(table) = value.get_ref().as_table() else {
                out.push(not_a_table(&name, index, value.span()));
                continue;
            };
            let def = set_def(table, value.span(), index, out);
            syntax.sets.push(SharedSet { name, def });
        }
    }
    for (table, span) in rules {
        let rule = rule(table, span, file, index, out);
        syntax.rules.push(rule);
    }
    for (table, span) in cases {
        let case = test(table, span, index, true, out);
        syntax.cases.extend(case);
    }
}

fn allow(
    table: &DeTable<'_>,
    span: Range<usize>,
    file: usize,
    out: &mut Vec<Diagnostic>,
) -> Allow {
    let mut reader = Reader::new(table, span.clone(), file, "allow", out);
    let lint = reader.need_string("lint", "for example `lint = \"W107\"`");
    let at = reader.string("at");
    let reason = reader.need_string("reason", "why the lint is wrong here");
    reader.finish();
    if reason.value.trim().is_empty() && !lint.value.is_empty() {
        out.push(Diagnostic::new(
            &BAD_VALUE,
            "`reason` is empty",
            file,
            reason.span.clone(),
            "say why the lint is wrong here",
        ));
    }
    Allow { file, span, lint, at, reason }
}

fn not_a_table(
    name: &Sp<String>,
    file: usize,
    span: Range<usize>,
) -> Diagnostic {
    Diagnostic::new(
        &WRONG_TYPE,
        format!("set `{}` is not a table", name.value),
        file,
        span,
        "expected `{ list = […] }`, `{ file = \"…\" }`, `{ ref = \"…\" }`",
    )
}

type Entry<'t> = (
    &'t toml::Spanned<std::borrow::Cow<'t, str>>,
    &'t toml::Spanned<DeValue<'t>>,
);

/// Entries in the order they stand in the file.
fn in_order<'t>(table: &'t DeTable<'t>) -> Vec<Entry<'t>> {
    let mut entries: Vec<Entry<'t>> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn set_def(
    table: &DeTable<'_>,
    span: Range<usize>,
    file: usize,
    out: &mut Vec<Diagnostic>,
) -> SetDef {
    let mut reader = Reader::new(table, span.clone(), file, "the set", out);
    let mut def = SetDef {
        span: span.clone(),
        file,
        list: reader.strings("list"),
        files: reader.strings("file"),
        refs: reader.strings("ref"),
        validators: reader.strings("validator"),
        regexes: reader.strings("regex"),
        literals: reader.strings("literal"),
        weights: reader.string("weights"),
        level: Level::default(),
    };
    def.refs.extend(reader.strings("union"));
    let level = reader.string("folds");
    reader.finish();
    if let Some(level) = level {
        match Level::parse(&level.value) {
            Some(level) => def.level = level,
            None => out.push(bad_value(
                "folds",
                &level,
                file,
                &["exact", "letters", "strong"],
            )),
        }
    }
    let empty = def.list.is_empty()
        && def.files.is_empty()
        && def.refs.is_empty()
        && def.validators.is_empty()
        && def.regexes.is_empty();
    if let (Some(weights), false) = (&def.weights, empty) {
        out.push(
            Diagnostic::new(
                &MODEL_USE,
                "a model and other things in one set",
                file,
                weights.span.clone(),
                "",
            )
            .help("give the model a set of its own"),
        );
    }
    if empty && def.weights.is_none() {
        out.push(
            Diagnostic::new(
                &BAD_VALUE,
                "the set finds nothing",
                file,
                span,
                "",
            )
            .help(
                "give it one of list, file, ref, union, validator, regex, \
                 weights",
            ),
        );
    }
    def
}

fn bad_value(
    key: &str,
    found: &Sp<String>,
    file: usize,
    allowed: &[&str],
) -> Diagnostic {
    let near = near::nearest(&found.value, allowed.iter().copied());
    let diagnostic = Diagnostic::new(
        &BAD_VALUE,
        format!("`{key}` cannot be {:?}", found.value),
        file,
        found.span.clone(),
        format!("expected one of {}", allowed.join(", ")),
    );
    match near {
        Some(near) => diagnostic.help(format!("did you mean {near:?}?")),
        None => diagnostic,
    }
}

/// Reads a word out of a closed list, the first being the fallback.
fn choice<T: Copy>(
    key: &str,
    found: Option<Sp<String>>,
    all: &[(&str, T)],
    fallback: T,
    file: usize,
    out: &mut Vec<Diagnostic>,
) -> T {
    let Some(found) = found else { return fallback };
    if let Some((_, value)) = all.iter().find(|(name, _)| *name == found.value)
    {
        return *value;
    }
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    out.push(bad_value(key, &found, file, &names));
    fallback
}

fn rule(
    table: &DeTable<'_>,
    span: Range<usize>,
    source: &SourceFile,
    file: usize,
    out: &mut Vec<Diagnostic>,
) -> Rule {
    let mut reader = Reader::new(table, span.clone(), file, "the rule", out);
    let id = reader.need_string("id", "for example `gambling.invite.zh`");
    let title = reader.need_string("title", "a sentence for moderators");
    let category = reader.string("category");
    if category.is_none() {
        reader.missing("category", "for example `category = \"spam\"`");
    }
    let confidence = reader.number("confidence");
    if confidence.is_none() {
        let help = "from 0 to 1: takedown needs 0.90, report 0.60";
        reader.missing("confidence", help);
    }
    let ceiling = reader.string("ceiling");
    let status = reader.string("status");
    let langs = reader.strings("langs");
    let surfaces = reader.strings("surfaces");
    let owner = reader.need_string("owner", "who answers for the rule");
    let review_by = reader.date("review_by");
    if review_by.is_none() {
        let help = "the day on which somebody looks at the rule again";
        reader.missing("review_by", help);
    }
    reader.date("created");
    let updated = reader.date("updated");
    reader.strings("references");
    let reason = reader.table("reason");
    if reason.is_none() {
        reader.missing("reason", "`reason = { zh = \"…\", en = \"…\" }`");
    }
    let sets = reader.table("sets");
    let matches = reader.table("match");
    if matches.is_none() {
        reader.missing("match", "`[rule.match]` with `when = \"…\"`");
    }
    let tests = reader.tables("test");
    reader.finish();

    let categories: Vec<(&str, Category)> =
        Category::ALL.iter().map(|c| (c.as_str(), *c)).collect();
    let ceilings =
        [("takedown", Verdict::Takedown), ("report", Verdict::Report)];
    let states = Status::ALL.map(|s| (s.as_str(), s));
    let custom = Category::Custom;
    let takedown = Verdict::Takedown;
    let mut rule = Rule {
        file,
        span,
        title: title.value,
        category: choice("category", category, &categories, custom, file, out),
        confidence: confidence_of(confidence, file, out),
        ceiling: choice("ceiling", ceiling, &ceilings, takedown, file, out),
        status: choice("status", status, &states, Status::Stable, file, out),
        langs: langs.into_iter().map(|l| l.value).collect(),
        surfaces: surfaces.into_iter().map(|s| s.value).collect(),
        owner: owner.value,
        review_by: review_date(review_by, &id, file, out),
        updated: updated_on(updated, file, out),
        reason_zh: String::new(),
        reason_en: String::new(),
        sets: Vec::new(),
        when: Sp::new(String::new(), id.span.clone()),
        when_expr: None,
        unless: None,
        unless_expr: None,
        unless_to_pass: false,
        tests: Vec::new(),
        id,
    };
    check_id(&rule, out);
    if let Some((table, span)) = reason {
        let mut reader = Reader::new(table, span, file, "reason", out);
        let help = "users read the reason in their language";
        rule.reason_zh = reader.need_string("zh", help).value;
        rule.reason_en = reader.need_string("en", help).value;
        reader.finish();
    }
    if let Some((table, _)) = sets {
        for (key, value) in in_order(table) {
            let name = Sp::new(key.get_ref().to_string(), key.span());
            match value.get_ref().as_table() {
                Some(table) => {
                    let def = set_def(table, value.span(), file, out);
                    rule.sets.push((name, def));
                }
                None => out.push(not_a_table(&name, file, value.span())),
            }
        }
    }
    if let Some((table, span)) = matches {
        match_table(table, span, source, file, &mut rule, out);
    }
    for (table, span) in tests {
        rule.tests.extend(test(table, span, file, false, out));
    }
    rule
}

fn confidence_of(
    found: Option<Sp<f64>>,
    file: usize,
    out: &mut Vec<Diagnostic>,
) -> Milli {
    let Some(found) = found else { return Milli(0) };
    Milli::from_decimal(found.value).unwrap_or_else(|| {
        out.push(Diagnostic::new(
            &BAD_VALUE,
            "`confidence` is out of range",
            file,
            found.span,
            "expected a number from 0 to 1",
        ));
        Milli(0)
    })
}

fn review_date(
    found: Option<Sp<String>>,
    id: &Sp<String>,
    file: usize,
    out: &mut Vec<Diagnostic>,
) -> Sp<String> {
    let Some(found) = found else {
        return Sp::new("9999-12-31".to_owned(), id.span.clone());
    };
    if clock::parse_date(&found.value).is_none() {
        out.push(Diagnostic::new(
            &BAD_VALUE,
            "`review_by` is not a date",
            file,
            found.span.clone(),
            "expected a date such as 2027-05-20",
        ));
    }
    found
}

fn updated_on(
    found: Option<Sp<String>>,
    file: usize,
    out: &mut Vec<Diagnostic>,
) -> String {
    let Some(found) = found else { return String::new() };
    if clock::parse_moment(&found.value).is_none() {
        out.push(Diagnostic::new(
            &BAD_VALUE,
            "`updated` is not a time",
            file,
            found.span,
            "expected a day or a time such as 2027-05-20T14:30:00Z",
        ));
    }
    found.value
}

fn check_id(rule: &Rule, out: &mut Vec<Diagnostic>) {
    let id = &rule.id;
    if id.value.is_empty() {
        return;
    }
    let good = id.value.contains('.')
        && id.value.split('.').all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| {
                    b.is_ascii_lowercase()
                        || b.is_ascii_digit()
                        || matches!(b, b'_' | b'-')
                })
        });
    if !good {
        out.push(Diagnostic::new(
            &BAD_ID,
            format!("`{}` is not a rule id", id.value),
            rule.file,
            id.span.clone(),
            "expected lower-case words joined by dots",
        ));
    }
}

fn match_table(
    table: &DeTable<'_>,
    span: Range<usize>,
    source: &SourceFile,
    file: usize,
    rule: &mut Rule,
    out: &mut Vec<Diagnostic>,
) {
    let mut reader = Reader::new(table, span, file, "the match", out);
    rule.when = reader.need_string("when", "the condition of the rule");
    rule.unless = reader.string("unless");
    let to = reader.string("unless_to");
    reader.finish();
    if let Some(to) = to {
        let all = [("report", false), ("pass", true)];
        rule.unless_to_pass =
            choice("unless_to", Some(to), &all, false, file, out);
    }
    if !rule.when.value.is_empty() {
        rule.when_expr = condition::parse(&rule.when, source, file, out);
    }
    if let Some(unless) = &rule.unless {
        rule.unless_expr = condition::parse(unless, source, file, out);
    }
}

fn test(
    table: &DeTable<'_>,
    span: Range<usize>,
    file: usize,
    case: bool,
    out: &mut Vec<Diagnostic>,
) -> Option<Test> {
    let what = if case { "the case" } else { "the test" };
    let mut reader = Reader::new(table, span.clone(), file, what, out);
    let marked = reader.string("marked");
    let text = match marked {
        Some(_) => reader.string("text"),
        None => Some(reader.need_string("text", "what is scanned")),
    };
    let spans = reader.pairs("spans");
    let quotes = reader.strings("quotes");
    let expect = reader.need_string("expect", "takedown, report or pass");
    let name = reader.string("name");
    let folds = reader.strings("folds");
    let lang = reader.string("lang");
    let surface = reader.string("surface");
    let author = reader.string("author");
    let todo = reader.boolean("todo").unwrap_or(false);
    let meta = reader.table("meta");
    let rule = if case { reader.string("rule") } else { None };
    reader.string("note");
    reader.finish();
    let names = Verdict::ALL.map(Verdict::as_str);
    let Some(expect) = Verdict::parse(&expect.value) else {
        if !expect.value.is_empty() {
            out.push(bad_value("expect", &expect, file, &names));
        }
        return None;
    };
    let mut known = Vec::new();
    for fold in folds {
        match Fold::parse(&fold.value) {
            Some(fold) => known.push(fold),
            None => {
                let all = Fold::ALL.map(Fold::as_str);
                out.push(bad_value("folds", &fold, file, &all));
            }
        }
    }
    let meta = meta.map(|(table, _)| meta_values(table, file, out));
    let (text, marks) = text_of(text, marked, file, out);
    let value = |found: Option<Sp<String>>| found.map(|found| found.value);
    Some(Test {
        file,
        span,
        name: value(name).unwrap_or_default(),
        text,
        expect,
        folds: known,
        spans,
        quotes: quotes.into_iter().map(|quote| quote.value).collect(),
        marks,
        lang: value(lang),
        surface: value(surface),
        author: value(author),
        meta: meta.unwrap_or_default(),
        todo,
        rule: value(rule),
    })
}

/// The text of a test: as it is, or without its marks.
fn text_of(
    text: Option<Sp<String>>,
    marked: Option<Sp<String>>,
    file: usize,
    out: &mut Vec<Diagnostic>,
) -> (String, Option<Vec<Mark>>) {
    let Some(marked) = marked else {
        return (text.map(|text| text.value).unwrap_or_default(), None);
    };
    let mut wrong = |title: &str, why: String| {
        let span = marked.span.clone();
        out.push(Diagnostic::new(&BAD_VALUE, title, file, span, why));
    };
    match marked::parse(&marked.value) {
        Ok((plain, marks)) => {
            if text.is_some_and(|text| text.value != plain) {
                let why = "take one of them out".to_owned();
                wrong("`text` and `marked` are different texts", why);
            }
            (plain, Some(marks))
        }
        Err(why) => {
            wrong("`marked` has wrong marks", why);
            (String::new(), None)
        }
    }
}

fn meta_values(
    table: &DeTable<'_>,
    file: usize,
    out: &mut Vec<Diagnostic>,
) -> Vec<(String, Literal)> {
    let mut values = Vec::new();
    for (key, value) in in_order(table) {
        let literal = match value.get_ref() {
            DeValue::String(text) => Literal::Text(text.to_string()),
            DeValue::Boolean(flag) => Literal::Bool(*flag),
            other => match number(other) {
                Some(number) => Literal::Number(number),
                None => {
                    out.push(Diagnostic::new(
                        &WRONG_TYPE,
                        "not a value a condition can compare",
                        file,
                        value.span(),
                        "expected a string, a number, true or false",
                    ));
                    continue;
                }
            },
        };
        values.push((key.get_ref().to_string(), literal));
    }
    values
}
