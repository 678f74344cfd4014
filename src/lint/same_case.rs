//! Two cases with one name or one text.
//!
//! ```text
//! warning[W140]: two cases are called `news`
//! 31 | name = "news"
//!    |        ^^^^^^
//! ```

use std::collections::HashMap;

use super::same_test::same_record;
use super::{Lint, Pass, warning};
use crate::pack::{Diagnostic, Test};

pub const LINT: Lint = Lint {
    name: "same_case",
    code: warning(
        "W140",
        "case repeats another",
        "Two cases of a pack have the same name, so a failure does not say \
         which one failed, or they judge the same record.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for (_, syntax) in pass.packs() {
        let mut names: HashMap<&str, &Test> = HashMap::new();
        let mut texts: HashMap<&str, &Test> = HashMap::new();
        for case in &syntax.cases {
            let named = match case.name.is_empty() {
                true => None,
                false => names.insert(&case.name, case),
            };
            let same = texts
                .insert(&case.text, case)
                .filter(|other| same_record(other, case));
            let (first, title) = match (named, same) {
                (Some(first), _) => {
                    (first, format!("two cases are called `{}`", case.name))
                }
                (None, Some(first)) => {
                    (first, "two cases judge the same record".to_owned())
                }
                (None, None) => continue,
            };
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    title,
                    case.file,
                    case.span.clone(),
                    "again",
                )
                .also(
                    first.file,
                    first.span.clone(),
                    "first here",
                ),
            );
        }
    }
}
