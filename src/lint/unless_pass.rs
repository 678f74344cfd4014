//! `unless_to = "pass"` on a rule that takes down.
//!
//! ```text
//! warning[W106]: `unless` lets a takedown pass
//! 14 | unless = "warn"
//!    |          ^^^^^^ whoever writes this escapes the rule
//! ```

use super::{Lint, Pass, warning};
use crate::pack::{Diagnostic, Edit};
use crate::verdict::Verdict;

pub const LINT: Lint = Lint {
    name: "unless_pass",
    code: warning(
        "W106",
        "`unless_to = \"pass\"` on a takedown rule",
        "Whoever appends a warning or a quotation mark escapes the rule \
         altogether. Let it fall to report, or cap the rule at report.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let rule = view.rule;
        let takes_down = rule.unless_to_pass
            && rule.ceiling == Verdict::Takedown
            && rule.confidence.0 >= 900;
        let (true, Some(unless)) = (takes_down, &rule.unless) else {
            continue;
        };
        let mut found = Diagnostic::new(
            &LINT.code,
            "`unless` lets a takedown pass",
            rule.file,
            unless.span.clone(),
            "whoever writes this escapes the rule",
        )
        .help("drop `unless_to`, or set `ceiling = \"report\"`");
        if let Some(span) = pass.key(rule, &["match", "unless_to"]) {
            let with = "\"report\"".to_owned();
            let edit = Edit { file: rule.file, span, with };
            found = found.fix("let it fall to report", vec![edit]);
        }
        out.push(found);
    }
}
