//! What the compiler says to a rule author. In: a code, places in source
//! files, words; out: a report in the manner of rustc, or JSON. One table
//! lists every code of the compiler with its explanation; those of the lints
//! stand with the lints.
//!
//! ```text
//! error[E010]: no set is called `lurr`
//!   --> rules/demo/rules.toml:14:8
//!    |
//! 14 | when = "lurr and contact"
//!    |         ^^^^ not a set of this rule
//!    |
//!    = help: did you mean `lure`?
//! ```

use std::ops::Range;

use annotate_snippets::{
    AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle,
};

use super::load::SourceFile;
use crate::base::int;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    Error,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// One entry of the table of diagnostics.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    pub id: &'static str,
    pub severity: Severity,
    pub title: &'static str,
    pub explain: &'static str,
}

macro_rules! codes {
    ($($name:ident $id:literal $severity:ident $title:literal
       $explain:literal;)*) => {
        $(pub const $name: Code = Code {
            id: $id,
            severity: Severity::$severity,
            title: $title,
            explain: $explain,
        };)*
        /// Every code of the compiler.
        pub const CODES: &[Code] = &[$($name),*];
    };
}

codes! {
    SYNTAX "E001" Error "not valid TOML"
        "The file does not parse as TOML 1.0. All errors of the file are \
         listed; what could be read is checked all the same.";
    UNKNOWN_KEY "E002" Error "unknown key"
        "A key that the format does not have, usually a typing mistake. \
         Unknown keys are errors because a misspelt `unless` would silently \
         change what a rule does.";
    WRONG_TYPE "E003" Error "wrong type of value"
        "The value has another type than the key takes.";
    MISSING_KEY "E004" Error "missing key"
        "A key that every rule, test or pack must have.";
    BAD_VALUE "E005" Error "value not allowed"
        "The value is of the right type but not one of those allowed.";
    DUPLICATE_ID "E006" Error "rule id used twice"
        "Rule ids name verdicts for years: they are unique over all packs \
         loaded together and never reused.";
    UNKNOWN_SET "E007" Error "set not found"
        "A `ref` or `union` names a set that neither this pack nor a shipped \
         pack has. Sets of other packs are written `PACK.NAME`.";
    CONDITION "E008" Error "condition not understood"
        "The condition does not follow the grammar: `or and not ( )`, \
         `SET`, `any(S…)`, `all(S…)`, `count(S) op n`, `distinct(S) op n`, \
         `near(A,B,n)`, `before(A,B,n)`, `quoted(S)`, `starts(S)`, \
         `score(MODEL) op number`, `field op literal`, `field in [..]`.";
    UNKNOWN_FIELD "E009" Error "unknown field"
        "Fields are `surface`, `lang`, `author`, `group`, `created_at`, \
         `text.len`, `text.letters`, `text.digits`, `text.urls`, \
         `text.fold_ratio`, `text.fields`, `meta.PATH`, and dotted members \
         of the record such as `author.age_days`.";
    UNKNOWN_NAME "E010" Error "no such set in this rule"
        "The condition names a set that `[rule.sets]` does not define.";
    EMPTY_TERM "E011" Error "term has nothing to find"
        "After folding the term has no letter, digit or symbol left.";
    LONG_TERM "E012" Error "term is too long"
        "A term may have 64 folded letters. Use two terms and `near`.";
    LONE_LETTER "E013" Error "one-character term decides alone"
        "A single Han character or letter occurs in too many ordinary texts \
         to decide anything. It may only be one side of `near` or `before`.";
    UNKNOWN_VALIDATOR "E014" Error "unknown validator"
        "Validators are contact, wechat, qq, telegram, line, whatsapp, \
         phone, cn_mobile, url, domain, email, bank_card, cn_id, \
         crypto_wallet, number, handle.";
    BAD_REGEX "E015" Error "regex cannot be used"
        "Regexes are those of the `regex` crate (linear time, no \
         backreferences) and need a `literal` that every match contains, \
         which the scanner looks for first.";
    MISSING_FILE "E016" Error "file not found"
        "A term file named by a set is not in the pack. Paths are relative \
         to the pack folder.";
    SET_CYCLE "E017" Error "sets refer to each other in a circle"
        "A set may refer to other sets, but not to itself through them.";
    BAD_ID "E018" Error "malformed rule id"
        "A rule id is lower-case words joined by dots, the category first: \
         `gambling.invite.zh`.";
    TOO_LARGE "E019" Error "dictionary too large"
        "The packs together need more letters or bytes than an image can \
         hold.";
    BAD_WEIGHTS "E030" Error "weights file not understood"
        "A line of a weights file is `bias`, `char`, `sign` or `word`, a tab, \
         the n-gram (not for `bias`), a tab and the weight. A character \
         n-gram has 1 to 4 letters, a word n-gram one or two words. A sign \
         n-gram is a sign, two characters of which one is a sign, or a \
         letter beside a blank, which is written `␣`. There is one bias, and \
         no n-gram stands there twice.";
    MODEL_USE "E031" Error "a model is no set of hits"
        "A set with `weights` is a model: it has a score, not places. \
         Conditions ask it with `score(MODEL) >= x` and nothing else, and \
         `score` asks nothing but a model. It cannot be part of another \
         set.";
    SCORE_ALONE "E032" Error "a score alone takes down"
        "A score is a sum of signs that no person put together. A rule that \
         can fire on scores alone may report, not take down: say `ceiling = \
         \"report\"`, or ask for an independent sign as well, as in \
         `score(m) >= 3 and contact`.";
}

/// A place in a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Index into the files the report is rendered with.
    pub file: usize,
    pub span: Range<usize>,
    pub text: String,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub code: &'static Code,
    pub title: String,
    /// The first is the primary one.
    pub labels: Vec<Label>,
    pub help: Option<String>,
    /// What `check --fix` would do.
    pub fix: Option<Fix>,
}

/// A change of files that takes the message away and keeps what the pack
/// means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub title: String,
    pub edits: Vec<Edit>,
}

/// Bytes of one file replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub file: usize,
    pub span: Range<usize>,
    pub with: String,
}

impl Diagnostic {
    /// A message about one place.
    pub fn new(
        code: &'static Code,
        title: impl Into<String>,
        file: usize,
        span: Range<usize>,
        label: impl Into<String>,
    ) -> Diagnostic {
        let label = Label { file, span, text: label.into() };
        Diagnostic {
            code,
            title: title.into(),
            labels: vec![label],
            help: None,
            fix: None,
        }
    }

    pub fn also(
        mut self,
        file: usize,
        span: Range<usize>,
        text: impl Into<String>,
    ) -> Diagnostic {
        self.labels.push(Label { file, span, text: text.into() });
        self
    }

    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    pub fn fix(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { title: title.into(), edits });
        self
    }

    pub fn is_error(&self) -> bool {
        self.code.severity == Severity::Error
    }
}

/// The entry of the table with that id.
pub fn code(id: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.id.eq_ignore_ascii_case(id))
}

/// A message as text with source excerpts.
pub fn render(
    diagnostic: &Diagnostic,
    files: &[SourceFile],
    colour: bool,
) -> String {
    let level = match diagnostic.code.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title =
        level.primary_title(diagnostic.title.as_str()).id(diagnostic.code.id);
    let mut group = Group::with_title(title);
    for (number, label) in diagnostic.labels.iter().enumerate() {
        let file = &files[label.file];
        let kind = if number == 0 {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let span = clamp(&label.span, &file.text);
        let mut mark = kind.span(span);
        if !label.text.is_empty() {
            mark = mark.label(label.text.as_str());
        }
        group = group.element(
            Snippet::source(file.text.as_str())
                .path(file.path.as_str())
                .annotation(mark),
        );
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    if let Some(fix) = &diagnostic.fix {
        let text = format!("{} (`trommel check --fix`)", fix.title);
        group = group.element(Level::NOTE.with_name("fix").message(text));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

/// A span inside the text, on character boundaries.
fn clamp(span: &Range<usize>, text: &str) -> Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    start..floor(span.end).max(start)
}

/// 1-based line and column (in characters) of a byte.
pub fn line_column(text: &str, at: usize) -> (usize, usize) {
    let at = clamp(&(at..at), text).start;
    let head = &text[..at];
    let line = head.matches('\n').count() + 1;
    let column = head.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// A message as a JSON object, for editors and CI.
pub fn to_json(
    diagnostic: &Diagnostic,
    files: &[SourceFile],
) -> serde_json::Value {
    let labels: Vec<serde_json::Value> = diagnostic
        .labels
        .iter()
        .map(|label| {
            let file = &files[label.file];
            let (line, column) = line_column(&file.text, label.span.start);
            serde_json::json!({
                "file": file.path,
                "line": int::to_u64(line),
                "column": int::to_u64(column),
                "start": int::to_u64(label.span.start),
                "end": int::to_u64(label.span.end),
                "label": label.text,
            })
        })
        .collect();
    serde_json::json!({
        "code": diagnostic.code.id,
        "severity": diagnostic.code.severity.as_str(),
        "message": diagnostic.title,
        "labels": labels,
        "help": diagnostic.help,
        "fix": diagnostic.fix.as_ref().map(|fix| fix_json(fix, files)),
    })
}

fn fix_json(fix: &Fix, files: &[SourceFile]) -> serde_json::Value {
    let edits: Vec<serde_json::Value> = fix
        .edits
        .iter()
        .map(|edit| {
            serde_json::json!({
                "file": files[edit.file].path,
                "start": int::to_u64(edit.span.start),
                "end": int::to_u64(edit.span.end),
                "with": edit.with,
            })
        })
        .collect();
    serde_json::json!({ "title": fix.title, "edits": edits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_explained() {
        let mut seen = std::collections::BTreeSet::new();
        for code in CODES {
            assert!(seen.insert(code.id), "{} twice", code.id);
            assert!(code.explain.len() > 40, "{}", code.id);
            let letter = match code.severity {
                Severity::Error => 'E',
                Severity::Warning => 'W',
            };
            assert!(code.id.starts_with(letter), "{}", code.id);
        }
        assert!(super::code("e013").is_some());
    }
}
