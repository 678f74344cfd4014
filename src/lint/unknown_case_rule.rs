//! A case that wants a rule which does not exist.
//!
//! ```text
//! warning[W139]: no rule is called `spam.dmeo`
//! 22 | rule = "spam.dmeo"
//!    |        ^^^^^^^^^^^
//! ```

use super::{Lint, Pass, warning};
use crate::base::near;
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "unknown_case_rule",
    code: warning(
        "W139",
        "case names an unknown rule",
        "The case wants a rule to fire that none of the checked packs has. \
         Rules of other packs are known only when those are checked too.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    let known: Vec<&str> =
        pass.rules.iter().map(|view| view.rule.id.value.as_str()).collect();
    for (_, syntax) in pass.packs() {
        for case in &syntax.cases {
            let Some(wanted) = &case.rule else { continue };
            if known.contains(&wanted.as_str()) {
                continue;
            }
            let span = pass
                .in_table(case.file, "case", &case.span, &["rule"])
                .unwrap_or(case.span.clone());
            let mut found = Diagnostic::new(
                &LINT.code,
                format!("no rule is called `{wanted}`"),
                case.file,
                span,
                "",
            );
            if let Some(near) = near::nearest(wanted, known.iter().copied()) {
                found = found.help(format!("did you mean `{near}`?"));
            }
            out.push(found);
        }
    }
}
