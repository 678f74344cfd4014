//! A verdict as one line of JSON. The order of members is fixed, so that the
//! same record and image give the same bytes:
//!
//! ```json
//! {"id":"43","verdict":"takedown","category":"gambling",
//!  "rule":"gambling.invite.zh","confidence":0.9,
//!  "reason":{"zh":"…","en":"…"},
//!  "matches":[{"rule":"gambling.invite.zh","set":"lure","term":"真人百家乐",
//!    "field":"text","start":0,"end":19,"chars":[0,9],
//!    "quote":"真.人.百.家.乐","folds":["sep"],"penalty":0.05}],
//!  "pack":"gambling@0.1.0","digest":"b3:…","source":"posts.ndjson:43"}
//! ```
//!
//! A pass is `{"id":"42","verdict":"pass"}`. A report that would have been a
//! takedown without the brake ends with `"braked":true`.

use std::collections::BTreeSet;
use std::io::Write as _;

use crate::base::{Span, escape, int};
use crate::eval::{Fired, Outcome, Scanner, Source};
use crate::fold::Folds;
use crate::image::Image;
use crate::record::{Id, Record};
use crate::verdict::{Milli, Verdict};

/// One entry of `matches`, ready to print.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match<'a> {
    pub rule: u32,
    pub field: u32,
    pub span: Span,
    pub set: &'a str,
    pub term: &'a str,
    pub penalty: Milli,
    pub folds: Folds,
    pub checksum: Option<bool>,
    /// What an n-gram adds to a score, in ten-thousandths.
    pub weight: Option<i64>,
}

/// The intervals of every firing rule, by rule, then by place.
pub fn matches_of<'a>(image: &'a Image, fired: &[Fired]) -> Vec<Match<'a>> {
    let view = image.view();
    let rules = &image.meta().rules;
    let mut all = BTreeSet::new();
    for fired in fired {
        let meta = &rules[int::to_usize(fired.rule)];
        for used in &fired.used {
            let (name, number) = &meta.sets[int::to_usize(used.set)];
            let interval = &used.interval;
            let (mut checksum, mut weight) = (None, None);
            let term = match &interval.source {
                Source::Term(term) => view.term_text(*term),
                Source::Found { name, checksum: held } => {
                    checksum = *held;
                    name
                }
                Source::Regex(_) => {
                    let set = &image.meta().sets[int::to_usize(*number)];
                    set.label.as_str()
                }
                Source::Gram { gram, weight: added } => {
                    weight = Some(*added);
                    view.grams.text(*gram)
                }
            };
            all.insert(Match {
                rule: fired.rule,
                field: interval.field,
                span: interval.span,
                set: name,
                term,
                penalty: interval.penalty,
                folds: interval.folds,
                checksum,
                weight,
            });
        }
    }
    all.into_iter().collect()
}

/// Appends the verdict of a record and a line end.
pub fn verdict_line(
    scanner: &Scanner,
    source: &str,
    record: &Record<'_>,
    outcome: &Outcome,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"{\"id\":");
    push_id(source, record, out);
    out.push(b',');
    push_verdict(scanner, source, record, outcome, out);
    out.extend_from_slice(b"}\n");
}

/// Appends the input object with a `trommel` member that holds the verdict.
/// A record that is no JSON object becomes one with its text fields.
pub fn annotated_line(
    scanner: &Scanner,
    source: &str,
    record: &Record<'_>,
    outcome: &Outcome,
    out: &mut Vec<u8>,
) {
    let body = record.raw.trim_ascii();
    let object = match record.lookup {
        crate::record::Lookup::Json(_) => {
            body.strip_suffix(b"}").map(<[u8]>::trim_ascii_end)
        }
        _ => None,
    };
    match object {
        Some(open) => {
            out.extend_from_slice(open);
            if open != b"{" {
                out.push(b',');
            }
        }
        None => push_object(source, record, out),
    }
    out.extend_from_slice(b"\"trommel\":{");
    push_verdict(scanner, source, record, outcome, out);
    out.extend_from_slice(b"}}\n");
}

/// The columns or text of a record as the beginning of an object.
fn push_object(source: &str, record: &Record<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    if let crate::record::Lookup::Columns { .. } = &record.lookup {
        for (name, cell) in record.lookup.columns() {
            escape::json_string(name, out);
            out.push(b':');
            escape::json_string(&cell, out);
            out.push(b',');
        }
        return;
    }
    out.extend_from_slice(b"\"id\":");
    push_id(source, record, out);
    out.push(b',');
    for field in &record.fields {
        escape::json_string(field.name, out);
        out.push(b':');
        escape::json_string(&field.text, out);
        out.push(b',');
    }
}

fn push_id(source: &str, record: &Record<'_>, out: &mut Vec<u8>) {
    match &record.id {
        Id::Text(text) => escape::json_string(text, out),
        Id::Number(text) => out.extend_from_slice(text.as_bytes()),
        Id::Absent => push_place(source, record, out),
    }
}

/// `"SOURCE:LINE"`.
fn push_place(source: &str, record: &Record<'_>, out: &mut Vec<u8>) {
    escape::json_string(source, out);
    // Reopen the string to add the line.
    out.pop();
    // Writing to a Vec cannot fail.
    let _ = write!(out, ":{}\"", record.line);
}

fn push_verdict(
    scanner: &Scanner,
    source: &str,
    record: &Record<'_>,
    outcome: &Outcome,
    out: &mut Vec<u8>,
) {
    let Some(deciding) = outcome.deciding() else {
        out.extend_from_slice(b"\"verdict\":\"pass\"");
        return;
    };
    debug_assert!(outcome.verdict() > Verdict::Pass);
    let image = scanner.image();
    let rule = &image.meta().rules[int::to_usize(deciding.rule)];
    let _ = write!(
        out,
        "\"verdict\":\"{}\",\"category\":\"{}\",\"rule\":",
        outcome.verdict(),
        rule.category
    );
    escape::json_string(&rule.id, out);
    let _ = write!(out, ",\"confidence\":{}", deciding.confidence);
    out.extend_from_slice(b",\"reason\":{\"zh\":");
    escape::json_string(&rule.reason_zh, out);
    out.extend_from_slice(b",\"en\":");
    escape::json_string(&rule.reason_en, out);
    out.extend_from_slice(b"},\"matches\":[");
    let matches = matches_of(image, &outcome.fired);
    let mut places = Places::default();
    for (number, found) in matches.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        push_match(image, record, found, &mut places, out);
    }
    out.extend_from_slice(b"],\"pack\":");
    escape::json_string(&image.pack_label(rule.pack), out);
    let _ = write!(out, ",\"digest\":\"{}\",\"source\":", image.digest());
    push_place(source, record, out);
    if outcome.is_braked() {
        out.extend_from_slice(b",\"braked\":true");
    }
}

fn push_match(
    image: &Image,
    record: &Record<'_>,
    found: &Match<'_>,
    places: &mut Places,
    out: &mut Vec<u8>,
) {
    let rule = &image.meta().rules[int::to_usize(found.rule)];
    let field = &record.fields[int::to_usize(found.field)];
    out.extend_from_slice(b"{\"rule\":");
    escape::json_string(&rule.id, out);
    out.extend_from_slice(b",\"set\":");
    escape::json_string(found.set, out);
    out.extend_from_slice(b",\"term\":");
    escape::json_string(found.term, out);
    out.extend_from_slice(b",\"field\":");
    escape::json_string(field.name, out);
    let first = places.chars(found.field, &field.text, found.span.start);
    let quote = &field.text[found.span.range()];
    let last = first + quote.chars().count();
    let _ = write!(
        out,
        ",\"start\":{},\"end\":{},\"chars\":[{first},{last}],\"quote\":",
        found.span.start, found.span.end
    );
    escape::json_string(quote, out);
    out.extend_from_slice(b",\"folds\":[");
    for (number, fold) in found.folds.iter().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        let _ = write!(out, "{comma}\"{}\"", fold.as_str());
    }
    let _ = write!(out, "],\"penalty\":{}", found.penalty);
    if let Some(checksum) = found.checksum {
        let _ = write!(out, ",\"checksum\":{checksum}");
    }
    if let Some(weight) = found.weight {
        let weight = int::signed_f64(weight) / 10_000.0;
        let _ = write!(out, ",\"weight\":{weight}");
    }
    out.push(b'}');
}

/// Code point positions, counted on from the last one asked for: matches of
/// a rule come in the order of their places, so a record is counted about
/// once for each rule.
#[derive(Default)]
struct Places {
    field: u32,
    byte: usize,
    chars: usize,
}

impl Places {
    fn chars(&mut self, field: u32, text: &str, at: u32) -> usize {
        let at = int::to_usize(at);
        if field != self.field || at < self.byte {
            *self = Places { field, byte: 0, chars: 0 };
        }
        self.chars += text[self.byte..at].chars().count();
        self.byte = at;
        self.chars
    }
}
