//! Why not: what kept a rule or a term from a text. In: a scanner, a record,
//! a name; out: text for a person. For a rule: whether it looks at the
//! record at all, then every part of its condition that failed, with the
//! nearest miss of the terms; for a term: its nearest miss.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::explain::show;
use super::miss::{self, Miss};
use crate::base::{escape, int, near};
use crate::eval::{Fired, Judgement, Scanner, Scratch, Tri, Used};
use crate::fold::Level;
use crate::image::{Condition, RuleMeta};
use crate::record::Record;
use crate::verdict::{Milli, Verdict};

/// Nearest misses shown for a set.
const MISSES_MAX: usize = 3;

/// Explains why `name`, the id of a rule or the text of a term, did not
/// make the record more than it is. `Err`: nothing is called that.
pub fn why_not(
    scanner: &Scanner,
    record: &Record<'_>,
    name: &str,
) -> Result<String, String> {
    let meta = scanner.image().meta();
    let rule = meta.rules.iter().position(|rule| rule.id == name);
    if let Some(number) = rule {
        return Ok(of_rule(scanner, record, int::to_u32(number)));
    }
    let sets = sets_with(scanner, name);
    if !sets.is_empty() {
        return Ok(of_term(scanner, record, name, &sets));
    }
    let ids = meta.rules.iter().map(|rule| rule.id.as_str());
    let near = near::nearest(name, ids)
        .map(|near| format!("; did you mean {near:?}?"))
        .unwrap_or_default();
    Err(format!("no rule and no term is called {name:?}{near}"))
}

/// Sets of the image with a term of that text, and the level of each.
fn sets_with(scanner: &Scanner, term: &str) -> Vec<(u32, Level)> {
    let view = scanner.image().view();
    let mut found: Vec<(u32, Level)> = Vec::new();
    for (number, row) in view.terms.iter().enumerate() {
        let text = view.term_text(int::to_u32(number));
        if text == term && !row.is_exception() {
            found.push((row.set, level(row.is_exact())));
        }
    }
    found.sort_by_key(|(set, _)| *set);
    found.dedup();
    found
}

fn level(exact: bool) -> Level {
    if exact { Level::Exact } else { Level::Strong }
}

fn of_term(
    scanner: &Scanner,
    record: &Record<'_>,
    term: &str,
    sets: &[(u32, Level)],
) -> String {
    let mut out = String::new();
    let mut scratch = Scratch::default();
    let view = scanner.image().view();
    let metas = &scanner.image().meta().sets;
    let hits = scanner.hits(record, &mut scratch);
    let hit = hits.iter().find(|(_, hit)| view.term_text(hit.term) == term);
    if let Some((field, hit)) = hit {
        let text = &record.fields[int::to_usize(*field)].text;
        let _ = writeln!(
            out,
            "term `{term}` is found at {}..{}: {}",
            hit.span.start,
            hit.span.end,
            escape::terminal(&text[hit.span.range()])
        );
        let shield = hits.iter().find(|(other, shield)| {
            let row = &view.terms[int::to_usize(shield.term)];
            other == field
                && row.is_exception()
                && shield.set == hit.set
                && shield.span.covers(hit.span)
        });
        if let Some((_, shield)) = shield {
            let _ = writeln!(
                out,
                "  but the exception `{}` covers it",
                view.term_text(shield.term)
            );
        }
        return out;
    }
    let _ = writeln!(out, "term `{term}` is not found");
    for (set, level) in sets {
        let name = &metas[int::to_usize(*set)].name;
        let _ = writeln!(out, "  in {name} (folds {})", level.as_str());
        let misses: Vec<Miss> = record
            .fields
            .iter()
            .filter_map(|field| miss::nearest(term, *level, &field.text))
            .collect();
        if misses.is_empty() {
            let _ = writeln!(out, "    nothing like it is in the text");
        }
        for found in misses {
            write_miss(record, &found, "    ", &mut out);
        }
    }
    out
}

fn write_miss(
    record: &Record<'_>,
    found: &Miss,
    indent: &str,
    out: &mut String,
) {
    let quote = record
        .fields
        .iter()
        .find_map(|field| field.text.get(found.range.clone()))
        .unwrap_or("");
    let _ = writeln!(
        out,
        "{indent}nearest: `{}` at {}..{} {}",
        found.term,
        found.range.start,
        found.range.end,
        escape::terminal(quote)
    );
    for why in &found.why {
        let _ = writeln!(out, "{indent}  {}", escape::terminal(why));
    }
}

fn of_rule(scanner: &Scanner, record: &Record<'_>, number: u32) -> String {
    let rule = &scanner.image().meta().rules[int::to_usize(number)];
    let mut out = String::new();
    let mut scratch = Scratch::default();
    let _ = writeln!(out, "rule {} {}", rule.id, rule.title);
    let fired = scanner.try_rule(number, record, &mut scratch);
    for line in scope(rule, record) {
        let _ = writeln!(out, "  {line}");
    }
    let mut failed: Vec<(usize, String, Vec<String>)> = Vec::new();
    let mut excuse: Option<String> = None;
    scanner.with_judge(number, record, &mut scratch, |judge| {
        let mut walk = Walk { scanner, rule, record, failed: &mut failed };
        walk.part(&rule.when, 0, judge);
        if let Some(unless) = &rule.unless
            && judge(unless).tri == Tri::True
        {
            excuse = Some(true_part(rule, unless, judge));
        }
    });
    match &fired {
        Some(fired) => verdict(scanner, rule, fired, excuse, record, &mut out),
        None if failed.is_empty() => {
            let _ = writeln!(out, "  its condition holds");
        }
        None => {
            let _ = writeln!(out, "  its condition does not hold:");
        }
    }
    for (depth, line, details) in &failed {
        let indent = "  ".repeat(depth + 2);
        let _ = writeln!(out, "{indent}{line}");
        for detail in details {
            for part in detail.lines() {
                let _ = writeln!(out, "{indent}  {part}");
            }
        }
    }
    out
}

/// Reasons that have nothing to do with the text.
fn scope(rule: &RuleMeta, record: &Record<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if rule.status == "retired" {
        lines.push("it is retired: never evaluated".to_owned());
    }
    if rule.status == "shadow" {
        let why = if rule.expired { " (its review is overdue)" } else { "" };
        lines.push(format!("it runs as shadow{why}: counted, never emitted"));
    }
    if let Some(lang) = record.lang.as_deref()
        && !rule.langs.is_empty()
        && !rule.langs.iter().any(|wanted| lang.starts_with(wanted.as_str()))
    {
        let all = rule.langs.join(", ");
        lines.push(format!("it looks at {all}, and the record is {lang}"));
    }
    if let Some(surface) = record.surface.as_deref()
        && !rule.surfaces.is_empty()
        && !rule.surfaces.iter().any(|wanted| wanted == surface)
    {
        let all = rule.surfaces.join(", ");
        lines.push(format!("it looks at {all}, and this is a {surface}"));
    }
    lines
}

/// The rule fired: what lowered it, or what it lacked for more.
fn verdict(
    scanner: &Scanner,
    rule: &RuleMeta,
    fired: &Fired,
    excuse: Option<String>,
    record: &Record<'_>,
    out: &mut String,
) {
    let _ = writeln!(
        out,
        "  it fired: {} with confidence {}",
        fired.verdict, fired.confidence
    );
    let price = Milli(rule.confidence).minus(fired.confidence);
    if price > Milli(0) {
        let _ = writeln!(out, "  the disguises cost {price}");
    }
    if let Some(excuse) = excuse {
        let to = if rule.unless_to_pass { "pass" } else { "report" };
        let _ = writeln!(out, "  `unless` lowers it to {to}: {excuse}");
    }
    if fired.unknown {
        let _ = writeln!(out, "  a field is unknown: report at most");
    }
    if fired.verdict < Verdict::Takedown {
        let category = crate::verdict::Category::parse(&rule.category);
        let surface = record.surface.as_deref();
        if let Some(category) = category {
            let limits = scanner.policy().limits(category, surface);
            let _ = writeln!(
                out,
                "  takedown begins at {}, report at {}; its ceiling is {}",
                limits.takedown, limits.report, rule.ceiling
            );
        }
    }
}

/// The part of a true condition that made it so, as text with quotes.
fn true_part(
    rule: &RuleMeta,
    condition: &Condition,
    judge: &mut dyn FnMut(&Condition) -> Judgement,
) -> String {
    if let Condition::Or(parts) = condition {
        for part in parts {
            if judge(part).tri == Tri::True {
                return true_part(rule, part, judge);
            }
        }
    }
    show(rule, condition)
}

struct Walk<'a, 'r> {
    scanner: &'a Scanner,
    rule: &'a RuleMeta,
    record: &'a Record<'r>,
    failed: &'a mut Vec<(usize, String, Vec<String>)>,
}

impl Walk<'_, '_> {
    /// Lists the parts that failed, inner ones under outer ones.
    fn part(
        &mut self,
        condition: &Condition,
        depth: usize,
        judge: &mut dyn FnMut(&Condition) -> Judgement,
    ) {
        if judge(condition).tri == Tri::True {
            return;
        }
        match condition {
            Condition::And(parts) => {
                for part in parts {
                    self.part(part, depth, judge);
                }
            }
            Condition::Or(parts) => {
                let line = "none of:".to_owned();
                self.failed.push((depth, line, Vec::new()));
                for part in parts {
                    self.part(part, depth + 1, judge);
                }
            }
            leaf => {
                let unknown = judge(leaf).tri == Tri::Unknown;
                let how = if unknown { "unknown" } else { "no" };
                let line = format!("{how}: {}", show(self.rule, leaf));
                let details = self.details(leaf, judge);
                self.failed.push((depth, line, details));
            }
        }
    }

    /// What a failed leaf lacked.
    fn details(
        &self,
        leaf: &Condition,
        judge: &mut dyn FnMut(&Condition) -> Judgement,
    ) -> Vec<String> {
        let mut used = |set: u32| judge(&Condition::Set(set)).used;
        match leaf {
            Condition::Set(set)
            | Condition::Quoted(set)
            | Condition::Starts(set) => self.of_set(*set, &used(*set)),
            Condition::Any(sets) | Condition::All(sets) => sets
                .iter()
                .flat_map(|set| {
                    let found = used(*set);
                    if found.is_empty() {
                        self.of_set(*set, &found)
                    } else {
                        Vec::new()
                    }
                })
                .collect(),
            Condition::Count(set, ..) | Condition::Distinct(set, ..) => {
                let found = used(*set);
                let different: BTreeSet<_> =
                    found.iter().map(|u| &u.interval.identity).collect();
                vec![format!(
                    "{} hits of {} different things",
                    found.len(),
                    different.len()
                )]
            }
            Condition::Near(a, b, n) | Condition::Before(a, b, n) => {
                let ordered = matches!(leaf, Condition::Before(..));
                let (left, right) = (used(*a), used(*b));
                if left.is_empty() || right.is_empty() {
                    let mut lines = Vec::new();
                    if left.is_empty() {
                        lines.extend(self.of_set(*a, &left));
                    }
                    if right.is_empty() {
                        lines.extend(self.of_set(*b, &right));
                    }
                    return lines;
                }
                self.distance((*a, *b), *n, ordered, judge)
            }
            Condition::Score(set, ..) => vec![self.score(*set)],
            Condition::Field(path, ..) | Condition::In(path, _) => {
                vec![match self.value(path) {
                    Some(value) => format!("it is {value}"),
                    None => format!("the record has no `{path}`"),
                }]
            }
            Condition::Not(inner) => {
                let found = judge(inner).used;
                vec![format!("found: {}", self.quotes(&found))]
            }
            Condition::And(_) | Condition::Or(_) => Vec::new(),
        }
    }

    /// The score of a model.
    fn score(&self, set: u32) -> String {
        let (_, number) = &self.rule.sets[int::to_usize(set)];
        let metas = &self.scanner.image().meta().sets;
        let model = metas[int::to_usize(*number)].model;
        let mut scratch = Scratch::default();
        let scores = self.scanner.scores(self.record, &mut scratch);
        let score = model.and_then(|m| scores.get(int::to_usize(m)));
        format!("the score is {:.4}", score.copied().unwrap_or(0.0))
    }

    /// How far the closest pair of two sets is apart, found by widening the
    /// distance until the condition holds.
    fn distance(
        &self,
        (a, b): (u32, u32),
        n: u32,
        ordered: bool,
        judge: &mut dyn FnMut(&Condition) -> Judgement,
    ) -> Vec<String> {
        let mut holds = |n: u32| {
            let wider = match ordered {
                true => Condition::Before(a, b, n),
                false => Condition::Near(a, b, n),
            };
            let judgement = judge(&wider);
            (judgement.tri == Tri::True).then_some(judgement.used)
        };
        let far = u32::from(u16::MAX);
        let Some(mut used) = holds(far) else {
            return vec![match ordered {
                true => "they stand in the other order".to_owned(),
                false => "they overlap, or are in different fields".to_owned(),
            }];
        };
        let (mut low, mut high) = (n, far);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match holds(middle) {
                Some(found) => {
                    used = found;
                    high = middle;
                }
                None => low = middle,
            }
        }
        vec![format!(
            "the closest are {high} letters apart: {}",
            self.quotes(&used)
        )]
    }

    fn quotes(&self, used: &[Used]) -> String {
        let all: Vec<String> = used
            .iter()
            .take(4)
            .map(|used| {
                let field = int::to_usize(used.interval.field);
                let text = &self.record.fields[field].text;
                escape::terminal(&text[used.interval.span.range()])
            })
            .collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(" … ") }
    }

    /// Why a set has no hit: the nearest misses of its terms.
    fn of_set(&self, set: u32, used: &[Used]) -> Vec<String> {
        let (name, number) = &self.rule.sets[int::to_usize(set)];
        if !used.is_empty() {
            return vec![format!("`{name}` has {}", self.quotes(used))];
        }
        let members = self.members(*number);
        let mut lines = vec![format!("`{name}` has no hit")];
        lines.extend(self.covered(&members));
        let metas = &self.scanner.image().meta().sets;
        let structured: Vec<&str> = members
            .iter()
            .flat_map(|set| &metas[int::to_usize(*set)].validators)
            .map(String::as_str)
            .collect();
        if !structured.is_empty() {
            lines.push(format!("no {} is found", structured.join(", ")));
        }
        let mut misses = self.misses(&members);
        misses.sort_by(|a, b| (a.edits, &a.term).cmp(&(b.edits, &b.term)));
        misses.dedup_by(|a, b| a.term == b.term);
        for found in misses.iter().take(MISSES_MAX) {
            let mut text = String::new();
            write_miss(self.record, found, "", &mut text);
            lines.push(text);
        }
        lines
    }

    /// Hits of the sets that exceptions took away.
    fn covered(&self, sets: &BTreeSet<u32>) -> Vec<String> {
        let view = self.scanner.image().view();
        let mut scratch = Scratch::default();
        let hits = self.scanner.hits(self.record, &mut scratch);
        let is_exception =
            |term: u32| view.terms[int::to_usize(term)].is_exception();
        let mut lines = Vec::new();
        for (field, hit) in &hits {
            if !sets.contains(&hit.set) || is_exception(hit.term) {
                continue;
            }
            let shield = hits.iter().find(|(other, shield)| {
                other == field
                    && is_exception(shield.term)
                    && shield.set == hit.set
                    && shield.span.covers(hit.span)
            });
            lines.extend(shield.map(|(_, shield)| {
                format!(
                    "`{}` is there, and the exception `{}` covers it",
                    view.term_text(hit.term),
                    view.term_text(shield.term)
                )
            }));
        }
        lines.sort();
        lines.dedup();
        lines
    }

    /// A set and the sets whose hits are hits of it.
    fn members(&self, set: u32) -> BTreeSet<u32> {
        let metas = &self.scanner.image().meta().sets;
        let mut all = BTreeSet::new();
        let mut todo = vec![set];
        while let Some(set) = todo.pop() {
            if all.insert(set) {
                todo.extend(&metas[int::to_usize(set)].members);
            }
        }
        all
    }

    fn misses(&self, sets: &BTreeSet<u32>) -> Vec<Miss> {
        let view = self.scanner.image().view();
        let mut found = Vec::new();
        for (number, row) in view.terms.iter().enumerate() {
            if !sets.contains(&row.set) || row.is_exception() {
                continue;
            }
            let term = view.term_text(int::to_u32(number));
            // A miss of one letter is any text.
            if term.chars().count() < 2 {
                continue;
            }
            let level = level(row.is_exact());
            for field in &self.record.fields {
                found.extend(miss::nearest(term, level, &field.text));
            }
        }
        found
    }

    fn value(&self, path: &str) -> Option<String> {
        let own = |text: &Option<std::borrow::Cow<'_, str>>| {
            text.as_ref().map(|text| format!("{text:?}"))
        };
        match path {
            "surface" => own(&self.record.surface),
            "lang" => own(&self.record.lang),
            "author" => own(&self.record.author),
            "group" => own(&self.record.group),
            "created_at" => own(&self.record.created_at),
            _ => {
                let fact = path.strip_prefix("text.");
                let value = match fact {
                    Some(name) => {
                        crate::eval::Facts::default().get(name, self.record)
                    }
                    None => {
                        let path = path.strip_prefix("meta.").unwrap_or(path);
                        self.record.lookup.get(path)
                    }
                };
                value.map(|value| match value {
                    crate::record::Scalar::Number(n) => n.to_string(),
                    crate::record::Scalar::Bool(flag) => flag.to_string(),
                    crate::record::Scalar::Text(text) => format!("{text:?}"),
                })
            }
        }
    }
}
