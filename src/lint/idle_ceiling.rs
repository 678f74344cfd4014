//! A ceiling that the confidence never reaches.
//!
//! ```text
//! warning[W123]: `spam.demo` never takes down
//! 6 | ceiling = "takedown"
//!   |           ^^^^^^^^^^ confidence 0.8 is below 0.9
//! ```

use super::{Lint, Pass, warning};
use crate::pack::{Diagnostic, Edit};
use crate::verdict::Verdict;

pub const LINT: Lint = Lint {
    name: "idle_ceiling",
    code: warning(
        "W123",
        "ceiling is out of reach",
        "The rule says `ceiling = \"takedown\"`, but its confidence is below \
         the takedown threshold of the built-in policy (0.90), so it only \
         ever reports. An operator who lowers the threshold would be \
         surprised by takedowns that nobody tested.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in pass.rules.iter().filter(|view| !view.retired()) {
        let rule = view.rule;
        if rule.ceiling < Verdict::Takedown || rule.confidence.0 >= 900 {
            continue;
        }
        let Some(span) = pass.key(rule, &["ceiling"]) else { continue };
        let with = "\"report\"".to_owned();
        let edit = Edit { file: rule.file, span: span.clone(), with };
        out.push(
            Diagnostic::new(
                &LINT.code,
                format!("`{}` never takes down", rule.id.value),
                rule.file,
                span,
                format!("confidence {} is below 0.9", rule.confidence),
            )
            .fix("say what it does", vec![edit]),
        );
    }
}
