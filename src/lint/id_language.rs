//! A rule id that ends in a language the rule does not look at.
//!
//! ```text
//! warning[W133]: `spam.demo.zh` does not look at zh
//! 7 | langs = ["en"]
//!   |         ^^^^^^
//! ```

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "id_language",
    code: warning(
        "W133",
        "rule id and languages disagree",
        "The id ends in a language code, and `langs` has others only. Ids \
         are read in verdicts for years, so one of the two is a trap.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let rule = view.rule;
        let last = rule.id.value.rsplit('.').next().unwrap_or("");
        let code =
            last.len() == 2 && last.bytes().all(|b| b.is_ascii_lowercase());
        let known = ["zh", "en", "ja", "ko", "th", "vi", "ru", "es", "de"];
        if !code || !known.contains(&last) || rule.langs.is_empty() {
            continue;
        }
        if rule.langs.iter().any(|lang| lang.starts_with(last)) {
            continue;
        }
        let span = pass.key(rule, &["langs"]).unwrap_or(rule.id.span.clone());
        out.push(Diagnostic::new(
            &LINT.code,
            format!("`{}` does not look at {last}", rule.id.value),
            rule.file,
            span,
            format!("`{last}` is not among them"),
        ));
    }
}
