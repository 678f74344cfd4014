//! Why a verdict is what it is. In: a scanner and one record; out: text for
//! a person, or JSON: what was folded, what hit, which condition held or
//! failed, what it cost, and what followed.

use std::fmt::Write as _;

use super::score_sum;
use crate::base::{escape, int};
use crate::eval::{Fired, Judgement, Scanner, Scratch, Source, Tri};
use crate::fold::{self, Fold, letter, tables};
use crate::image::{Condition, Literal, RuleMeta};
use crate::record::Record;
use crate::scan::Hit;
use crate::verdict::Verdict;

/// Longest text shown whole, in characters.
const TEXT_SHOWN_MAX: usize = 400;
/// Rules whose conditions did not hold that are shown.
const FAILED_SHOWN_MAX: usize = 3;

/// ANSI styles, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub colour: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn verdict(self, verdict: Verdict) -> String {
        let code = match verdict {
            Verdict::Pass => "32",
            Verdict::Report => "33",
            Verdict::Takedown => "31",
        };
        self.paint(&format!("1;{code}"), verdict.as_str())
    }

    fn tri(self, tri: Tri) -> String {
        match tri {
            Tri::True => self.paint("32", "yes    "),
            Tri::False => self.paint("2", "no     "),
            Tri::Unknown => self.paint("33", "unknown"),
        }
    }
}

/// Explains one record. `only` limits the rules shown to ids that begin
/// with it.
pub fn explain(
    scanner: &Scanner,
    record: &Record<'_>,
    only: Option<&str>,
    style: Style,
) -> String {
    let mut scratch = Scratch::default();
    let outcome = scanner.scan(record, &mut scratch);
    let mut out = String::new();
    for field in &record.fields {
        text_section(field.name, &field.text, style, &mut out);
    }
    hits_section(scanner, record, style, &mut scratch, &mut out);
    // Rules that fired come first: they are what the reader looks for.
    let mut due = scanner.due(record, &mut scratch);
    let fired: Vec<u32> =
        outcome.fired.iter().map(|fired| fired.rule).collect();
    due.sort_by_key(|rule| !fired.contains(rule));
    let rules = &scanner.image().meta().rules;
    let mut failed = 0;
    for number in due {
        let rule = &rules[int::to_usize(number)];
        if only.is_some_and(|prefix| !rule.id.starts_with(prefix)) {
            continue;
        }
        let fired = scanner.try_rule(number, record, &mut scratch);
        if fired.is_none() {
            failed += 1;
            if failed > FAILED_SHOWN_MAX && only.is_none() {
                continue;
            }
        }
        rule_section(
            scanner,
            number,
            record,
            fired.as_ref(),
            style,
            &mut scratch,
            &mut out,
        );
    }
    if failed > FAILED_SHOWN_MAX && only.is_none() {
        let more = failed - FAILED_SHOWN_MAX;
        let text = format!("({more} more rules had a hit but did not hold)");
        let _ = writeln!(out, "{}\n", style.dim(&text));
    }
    let _ = write!(
        out,
        "{} {}",
        style.bold("verdict:"),
        style.verdict(outcome.verdict())
    );
    if let Some(fired) = outcome.deciding() {
        let rule = &rules[int::to_usize(fired.rule)];
        let _ = write!(
            out,
            " by {} ({}, confidence {})",
            rule.id, rule.category, fired.confidence
        );
    } else {
        out.push_str(" (no rule asks for more)");
    }
    out.push('\n');
    out
}

fn shorten(text: &str, max: usize) -> String {
    let mut shown: String = text.chars().take(max).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    escape::terminal(&shown)
}

/// The text and what folding sees in it.
fn text_section(name: &str, text: &str, style: Style, out: &mut String) {
    let _ = writeln!(
        out,
        "{} {}",
        style.bold(&format!("{}:", escape::terminal(name))),
        shorten(text, TEXT_SHOWN_MAX)
    );
    let mut folded = String::new();
    let mut used = fold::Folds::NONE;
    let mut separators = false;
    for c in text.chars().take(TEXT_SHOWN_MAX) {
        match tables::kind(c) {
            tables::Kind::Ignorable => used.insert(Fold::Ignorable),
            tables::Kind::Mark => used.insert(Fold::Mark),
            tables::Kind::Separator => {
                if !folded.ends_with('·') {
                    folded.push('·');
                }
                separators = true;
            }
            _ => {
                folded.push(letter::canonical(c));
                if let Some((_, kind)) = tables::t0(c) {
                    used.insert(letter::fold_of(kind));
                }
            }
        }
    }
    let names: Vec<&str> = used.iter().map(Fold::as_str).collect();
    let note = match (names.is_empty(), separators) {
        (true, false) => "nothing to fold".to_owned(),
        (true, true) => "· is a run of separators".to_owned(),
        (false, _) => format!("by {}", names.join(", ")),
    };
    let _ = writeln!(
        out,
        "{} {} {}",
        style.bold("folded:"),
        escape::terminal(&folded),
        style.dim(&format!("({note})"))
    );
    if let Some(view) = fold::decode(text) {
        let _ = writeln!(
            out,
            "{} {}",
            style.bold("decoded:"),
            shorten(&view.text, TEXT_SHOWN_MAX)
        );
    }
    out.push('\n');
}

/// Every term found, before exceptions and overlaps.
fn hits_section(
    scanner: &Scanner,
    record: &Record<'_>,
    style: Style,
    scratch: &mut Scratch,
    out: &mut String,
) {
    let hits = scanner.hits(record, scratch);
    if hits.is_empty() {
        let _ = writeln!(out, "{} none\n", style.bold("terms found:"));
        return;
    }
    let _ = writeln!(out, "{}", style.bold("terms found:"));
    let mut seen: Vec<(u32, Hit)> = hits;
    seen.sort_by_key(|(field, hit)| (*field, hit.span, hit.term));
    let view = scanner.image().view();
    let sets = &scanner.image().meta().sets;
    let mut last = None;
    for (field, hit) in seen {
        let term = view.term_text(hit.term);
        let key = Some((field, hit.span, term));
        let set = &sets[int::to_usize(hit.set)];
        let row = &view.terms[int::to_usize(hit.term)];
        let text = &record.fields[int::to_usize(field)].text;
        if key != last {
            let quote = escape::terminal(&text[hit.span.range()]);
            let folds: Vec<&str> =
                hit.folds.iter().map(Fold::as_str).collect();
            let how = if folds.is_empty() {
                String::new()
            } else {
                let price = match hit.penalty.0 {
                    0 => String::new(),
                    _ => format!(" (-{})", hit.penalty),
                };
                format!(" by {}{price}", folds.join(", "))
            };
            let _ = writeln!(
                out,
                "  {}..{} {} = {}{}",
                hit.span.start,
                hit.span.end,
                style.paint("36", &quote),
                term,
                style.dim(&how)
            );
            last = key;
        }
        let kind = if row.is_exception() { "exception of" } else { "in" };
        let _ = writeln!(
            out,
            "      {}",
            style.dim(&format!("{kind} {}", set.name))
        );
    }
    out.push('\n');
}

fn rule_section(
    scanner: &Scanner,
    number: u32,
    record: &Record<'_>,
    fired: Option<&Fired>,
    style: Style,
    scratch: &mut Scratch,
    out: &mut String,
) {
    let rule = &scanner.image().meta().rules[int::to_usize(number)];
    let _ = writeln!(
        out,
        "{} {} {}",
        style.bold("rule"),
        style.bold(&rule.id),
        style.dim(&rule.title)
    );
    let mut lines = String::new();
    scanner.with_judge(number, record, scratch, |judge| {
        tree(rule, &rule.when, 0, judge, record, style, &mut lines);
        if let Some(unless) = &rule.unless {
            let _ = writeln!(lines, "  {}", style.dim("unless"));
            tree(rule, unless, 1, judge, record, style, &mut lines);
        }
    });
    out.push_str(&lines);
    out.push_str(&score_sum::lines(scanner, rule, record, scratch));
    conclusion(rule, fired, style, out);
    out.push('\n');
}

fn conclusion(
    rule: &RuleMeta,
    fired: Option<&Fired>,
    style: Style,
    out: &mut String,
) {
    let Some(fired) = fired else {
        let _ = writeln!(out, "  => {}", style.dim("does not hold"));
        return;
    };
    let penalty = rule.confidence - fired.confidence.0.min(rule.confidence);
    let mut notes = Vec::new();
    if penalty > 0 {
        notes.push(format!(
            "{} - {} = {}",
            crate::verdict::Milli(rule.confidence),
            crate::verdict::Milli(penalty),
            fired.confidence
        ));
    } else {
        notes.push(format!("confidence {}", fired.confidence));
    }
    notes.push(format!("ceiling {}", rule.ceiling));
    if rule.status != "stable" {
        notes.push(format!("status {}", rule.status));
    }
    if rule.expired {
        notes.push("review overdue".to_owned());
    }
    if fired.lowered {
        notes.push("lowered by unless".to_owned());
    }
    if fired.unknown {
        notes.push("a field is unknown: report at most".to_owned());
    }
    let shadow = if fired.shadow { " (shadow: not counted)" } else { "" };
    let _ = writeln!(
        out,
        "  => {}{shadow} {}",
        style.verdict(fired.verdict),
        style.dim(&format!("({})", notes.join("; ")))
    );
}

/// One line for each part of a condition.
fn tree(
    rule: &RuleMeta,
    condition: &Condition,
    depth: usize,
    judge: &mut dyn FnMut(&Condition) -> Judgement,
    record: &Record<'_>,
    style: Style,
    out: &mut String,
) {
    let judgement = judge(condition);
    let indent = "  ".repeat(depth + 1);
    let shown = show(rule, condition);
    let mut evidence = String::new();
    let inner: &[Condition] = match condition {
        Condition::And(parts) | Condition::Or(parts) => parts,
        Condition::Not(inner) => std::slice::from_ref(inner),
        _ => &[],
    };
    if inner.is_empty() {
        let mut quotes: Vec<String> = Vec::new();
        for used in judgement.used.iter().take(6) {
            let field = int::to_usize(used.interval.field);
            let text = &record.fields[field].text;
            let quote = &text[used.interval.span.range()];
            let kind = match &used.interval.source {
                Source::Found { name, .. } => format!(" [{name}]"),
                _ => String::new(),
            };
            quotes.push(format!("{}{kind}", shorten(quote, 40)));
        }
        if judgement.used.len() > quotes.len() {
            quotes.push("…".to_owned());
        }
        evidence = quotes.join(", ");
    }
    let _ = writeln!(
        out,
        "{indent}{} {shown}  {}",
        style.tri(judgement.tri),
        style.paint("36", &evidence)
    );
    for part in inner {
        tree(rule, part, depth + 1, judge, record, style, out);
    }
}

/// A condition as its author would write it.
pub fn show(rule: &RuleMeta, condition: &Condition) -> String {
    let name = |set: &u32| rule.sets[int::to_usize(*set)].0.clone();
    let names =
        |sets: &[u32]| sets.iter().map(name).collect::<Vec<_>>().join(", ");
    match condition {
        Condition::Set(set) => name(set),
        Condition::Any(sets) => format!("any({})", names(sets)),
        Condition::All(sets) => format!("all({})", names(sets)),
        Condition::Count(set, op, n) => {
            format!("count({}) {} {n}", name(set), op.as_str())
        }
        Condition::Distinct(set, op, n) => {
            format!("distinct({}) {} {n}", name(set), op.as_str())
        }
        Condition::Near(a, b, n) => {
            format!("near({}, {}, {n})", name(a), name(b))
        }
        Condition::Before(a, b, n) => {
            format!("before({}, {}, {n})", name(a), name(b))
        }
        Condition::Quoted(set) => format!("quoted({})", name(set)),
        Condition::Starts(set) => format!("starts({})", name(set)),
        Condition::Score(set, op, number) => {
            format!("score({}) {} {number}", name(set), op.as_str())
        }
        Condition::Field(path, op, literal) => {
            format!("{path} {} {}", op.as_str(), show_literal(literal))
        }
        Condition::In(path, literals) => {
            let all: Vec<String> = literals.iter().map(show_literal).collect();
            format!("{path} in [{}]", all.join(", "))
        }
        Condition::Not(_) => "not".to_owned(),
        Condition::And(_) => "all of".to_owned(),
        Condition::Or(_) => "any of".to_owned(),
    }
}

fn show_literal(literal: &Literal) -> String {
    match literal {
        Literal::Bool(flag) => flag.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(text) => format!("'{text}'"),
    }
}
