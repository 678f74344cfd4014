//! A text for people that says nothing.
//!
//! ```text
//! warning[W135]: `reason.en` says nothing
//! 8 | reason = { zh = "示例", en = "" }
//!   |                              ^^
//! ```

use super::{Lint, Pass, warning};
use crate::fold::tables;
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "blank_text",
    code: warning(
        "W135",
        "text for people says nothing",
        "Title, owner and reasons are what moderators and authors read. One \
         of them is empty, or is not in the language that its key says.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let rule = view.rule;
        let no_han = !rule.reason_zh.chars().any(tables::is_han);
        let no_latin =
            !rule.reason_en.chars().any(|c| c.is_ascii_alphabetic());
        let rows: [(&[&str], bool, &str); 4] = [
            (&["title"], rule.title.trim().is_empty(), "empty"),
            (&["owner"], rule.owner.trim().is_empty(), "empty"),
            (&["reason", "zh"], no_han, "no Chinese in it"),
            (&["reason", "en"], no_latin, "no English in it"),
        ];
        for (path, wrong, why) in rows {
            let (true, Some(span)) = (wrong, pass.key(rule, path)) else {
                continue;
            };
            out.push(Diagnostic::new(
                &LINT.code,
                format!("`{}` says nothing", path.join(".")),
                rule.file,
                span,
                why,
            ));
        }
    }
}
