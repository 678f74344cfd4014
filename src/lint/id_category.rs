//! A rule id that begins with another category.
//!
//! ```text
//! warning[W134]: `spam.demo` has the category fraud
//! 2 | id = "spam.demo"
//!   |      ^^^^^^^^^^^
//! ```

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;
use crate::verdict::Category;

pub const LINT: Lint = Lint {
    name: "id_category",
    code: warning(
        "W134",
        "rule id and category disagree",
        "A rule id begins with its category, so that readers of a verdict \
         know what it is about. This one begins with something else.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let rule = view.rule;
        let first = rule.id.value.split('.').next().unwrap_or("");
        if first == rule.category.as_str() || first.is_empty() {
            continue;
        }
        let named = match Category::parse(first) {
            Some(_) => "the name of another category",
            None => "not the name of a category",
        };
        out.push(Diagnostic::new(
            &LINT.code,
            format!(
                "`{}` has the category {}",
                rule.id.value,
                rule.category.as_str()
            ),
            rule.file,
            rule.id.span.clone(),
            format!("`{first}` is {named}"),
        ));
    }
}
