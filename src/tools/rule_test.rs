//! Running the tests that packs carry. In: a compilation and its image; out:
//! one result a test. A test inside a rule judges that rule alone; a case
//! judges the record with all active packs.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::base::int;
use crate::eval::{Fired, Scanner, Scratch, text_record};
use crate::fold::Fold;
use crate::image::Literal;
use crate::pack::marked::{self, Mark};
use crate::pack::{Compilation, Test};
use crate::record::{Lookup, Record};
use crate::verdict::Verdict;

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Passed,
    /// A `todo` test that fails as expected.
    Todo,
    Failed(String),
}

/// One test that ran.
#[derive(Clone, Debug)]
pub struct Ran {
    pub pack: String,
    /// Rule id, or `case`.
    pub rule: String,
    pub text: String,
    pub name: String,
    /// Place of the test, for messages.
    pub file: usize,
    pub span: Range<usize>,
    pub ending: Ending,
}

/// Runs every test of the active packs. `only` limits them to rule ids or
/// packs that begin with it.
pub fn run(
    compilation: &Compilation,
    scanner: &Scanner,
    only: Option<&str>,
) -> Vec<Ran> {
    let mut scratch = Scratch::default();
    let mut out = Vec::new();
    let packs = compilation.packs.iter().zip(&compilation.active);
    for (pack, active) in packs {
        if !active {
            continue;
        }
        let name = &pack.manifest.name;
        let wanted =
            |rule: &str| only.is_none_or(|o| rule.starts_with(o) || name == o);
        for rule in &pack.rules {
            if !wanted(&rule.id.value) {
                continue;
            }
            let number = scanner
                .image()
                .meta()
                .rules
                .iter()
                .position(|meta| meta.id == rule.id.value)
                .map(int::to_u32);
            for test in &rule.tests {
                let ending = match number {
                    Some(number) => {
                        run_rule(scanner, number, test, &mut scratch)
                    }
                    None => Ending::Failed("rule did not compile".to_owned()),
                };
                out.push(ran(name, &rule.id.value, test, ending));
            }
        }
        if wanted("case") {
            for case in &pack.cases {
                let ending = run_case(scanner, case, &mut scratch);
                out.push(ran(name, "case", case, ending));
            }
        }
    }
    out
}

fn ran(pack: &str, rule: &str, test: &Test, ending: Ending) -> Ran {
    Ran {
        pack: pack.to_owned(),
        rule: rule.to_owned(),
        text: test.text.clone(),
        name: test.name.clone(),
        file: test.file,
        span: test.span.clone(),
        ending: settle(test, ending),
    }
}

/// A `todo` test must fail; one that passes has become a real test.
fn settle(test: &Test, ending: Ending) -> Ending {
    match (test.todo, ending) {
        (true, Ending::Passed) => {
            Ending::Failed("passes now: remove `todo = true`".to_owned())
        }
        (true, Ending::Failed(_)) => Ending::Todo,
        (_, ending) => ending,
    }
}

fn run_rule(
    scanner: &Scanner,
    rule: u32,
    test: &Test,
    scratch: &mut Scratch,
) -> Ending {
    let members = members_of(test);
    let record = record_of(test, &members);
    let fired = scanner.try_rule(rule, &record, scratch);
    let found = fired.as_ref().map_or(Verdict::Pass, |f| f.verdict);
    if found != test.expect {
        return Ending::Failed(wrong_verdict(test, found, fired.as_ref()));
    }
    check_evidence(scanner, test, fired.as_slice(), fired.as_ref())
}

/// Folds, spans, quotes and marks of a test whose verdict is right.
fn check_evidence(
    scanner: &Scanner,
    test: &Test,
    fired: &[Fired],
    deciding: Option<&Fired>,
) -> Ending {
    let folds = check_folds(test, fired);
    if folds != Ending::Passed {
        return folds;
    }
    let spans: BTreeSet<(u32, u32)> = fired
        .iter()
        .flat_map(|fired| &fired.used)
        .map(|used| (used.interval.span.start, used.interval.span.end))
        .collect();
    let quote = |span: &(u32, u32)| {
        let (start, end) = (int::to_usize(span.0), int::to_usize(span.1));
        test.text.get(start..end).unwrap_or("")
    };
    let shown = || {
        let all: Vec<String> = spans
            .iter()
            .map(|span| format!("{}..{} {:?}", span.0, span.1, quote(span)))
            .collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
    };
    for span in &test.spans {
        if !spans.contains(span) {
            let (start, end) = span;
            return Ending::Failed(format!(
                "expected evidence at {start}..{end}, found {}",
                shown()
            ));
        }
    }
    for wanted in &test.quotes {
        if !spans.iter().any(|span| quote(span) == wanted) {
            return Ending::Failed(format!(
                "expected {wanted:?} as evidence, found {}",
                shown()
            ));
        }
    }
    let Some(marks) = &test.marks else { return Ending::Passed };
    let found =
        deciding.map(|fired| marks_of(scanner, fired)).unwrap_or_default();
    if found == *marks {
        return Ending::Passed;
    }
    let found = marked::write(&test.text, &found)
        .unwrap_or_else(|| "places that cross".to_owned());
    Ending::Failed(format!("the evidence is {found}"))
}

/// The evidence of a rule as marks, in the order of a marked text.
pub fn marks_of(scanner: &Scanner, fired: &Fired) -> Vec<Mark> {
    let rule = &scanner.image().meta().rules[int::to_usize(fired.rule)];
    let mut marks: Vec<Mark> = fired
        .used
        .iter()
        .map(|used| Mark {
            range: used.interval.span.range(),
            set: rule.sets[int::to_usize(used.set)].0.clone(),
        })
        .collect();
    marks.sort_by(|a, b| {
        let key = |m: &Mark| {
            (m.range.start, std::cmp::Reverse(m.range.end), m.set.clone())
        };
        key(a).cmp(&key(b))
    });
    marks.dedup();
    marks
}

fn wrong_verdict(
    test: &Test,
    found: Verdict,
    fired: Option<&Fired>,
) -> String {
    let mut text = format!("expected {}, found {found}", test.expect);
    if let Some(fired) = fired {
        text.push_str(&format!(" (confidence {}", fired.confidence));
        if fired.lowered {
            text.push_str(", lowered by `unless`");
        }
        if fired.unknown {
            text.push_str(", a field is unknown");
        }
        text.push(')');
    }
    text
}

fn check_folds(test: &Test, fired: &[Fired]) -> Ending {
    let found: BTreeSet<Fold> = fired
        .iter()
        .flat_map(|fired| &fired.used)
        .flat_map(|used| used.interval.folds.iter())
        .collect();
    let missing: Vec<&str> = test
        .folds
        .iter()
        .filter(|fold| !found.contains(fold))
        .map(|fold| fold.as_str())
        .collect();
    if missing.is_empty() {
        return Ending::Passed;
    }
    let found: Vec<&str> = found.iter().map(|fold| fold.as_str()).collect();
    Ending::Failed(format!(
        "expected the folds {}, found {}",
        missing.join(", "),
        if found.is_empty() { "none".to_owned() } else { found.join(", ") }
    ))
}

fn run_case(scanner: &Scanner, case: &Test, scratch: &mut Scratch) -> Ending {
    let members = members_of(case);
    let record = record_of(case, &members);
    let outcome = scanner.scan(&record, scratch);
    let rules = &scanner.image().meta().rules;
    let decided = outcome
        .deciding()
        .map(|fired| rules[int::to_usize(fired.rule)].id.as_str());
    if outcome.verdict() != case.expect {
        let by = decided.map(|id| format!(" by {id}")).unwrap_or_default();
        return Ending::Failed(format!(
            "expected {}, found {}{by}",
            case.expect,
            outcome.verdict()
        ));
    }
    if let Some(wanted) = &case.rule {
        let fired = outcome
            .fired
            .iter()
            .any(|fired| rules[int::to_usize(fired.rule)].id == *wanted);
        if !fired {
            return Ending::Failed(format!(
                "expected rule {wanted} to fire, decided by {}",
                decided.unwrap_or("none")
            ));
        }
    }
    check_evidence(scanner, case, &outcome.fired, outcome.deciding())
}

/// The members that a test gives its record, as the JSON a look-up reads.
fn members_of(test: &Test) -> Vec<u8> {
    let members: serde_json::Map<String, serde_json::Value> = test
        .meta
        .iter()
        .map(|(name, value)| {
            let name = name.strip_prefix("meta.").unwrap_or(name);
            let value = match value {
                Literal::Bool(flag) => (*flag).into(),
                Literal::Number(number) => (*number).into(),
                Literal::Text(text) => text.as_str().into(),
            };
            (name.to_owned(), value)
        })
        .collect();
    serde_json::Value::Object(members).to_string().into_bytes()
}

/// The record a test describes.
fn record_of<'t>(test: &'t Test, members: &'t [u8]) -> Record<'t> {
    let mut record = text_record(&test.text);
    record.lang = test.lang.as_deref().map(Cow::Borrowed);
    record.surface = test.surface.as_deref().map(Cow::Borrowed);
    record.author = test.author.as_deref().map(Cow::Borrowed);
    if !test.meta.is_empty() {
        record.lookup = Lookup::Json(members);
    }
    record
}
