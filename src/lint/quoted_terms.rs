//! A reason that quotes the term list.
//!
//! ```text
//! warning[W118]: the reason quotes `casino bonus`
//! 8 | reason = { zh = "…", en = "Do not write casino bonus" }
//!   |                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^
//! ```

use super::{Lint, Pass, logic, warning};
use crate::image::Gate;
use crate::pack::Diagnostic;
use crate::pack::term;

pub const LINT: Lint = Lint {
    name: "quoted_terms",
    code: warning(
        "W118",
        "reason quotes the term list",
        "The reason is sent to the author of the post. It should name the \
         rule that was broken, not the word that was found: who is told the \
         word writes another one. Ordinary words are not meant, only terms \
         of four letters or more that are not in the frequency list.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for view in &pass.rules {
        let rule = view.rule;
        let Some(when) = &rule.when_expr else { continue };
        for (key, reason) in [("zh", &rule.reason_zh), ("en", &rule.reason_en)]
        {
            let folded: String =
                term::fold_term(reason).letters.iter().collect();
            let quoted = logic::names(when)
                .into_iter()
                .filter_map(|name| view.set(&name.value))
                .flat_map(|set| set.terms())
                .filter(|place| !place.exception)
                .filter(|place| place.gate() == Gate::Free)
                .filter(|place| place.term.letters.len() >= 4)
                .filter(|place| !is_ordinary(&place.folded()))
                .find(|place| folded.contains(&place.folded()));
            let (Some(place), Some(span)) =
                (quoted, pass.key(rule, &["reason", key]))
            else {
                continue;
            };
            out.push(
                Diagnostic::new(
                    &LINT.code,
                    format!("the reason quotes `{}`", place.term.text),
                    rule.file,
                    span,
                    "tells the author which word to avoid",
                )
                .also(place.file, place.span.clone(), "a term of the rule")
                .help("say what is not allowed, not how it was found"),
            );
        }
    }
}

fn is_ordinary(word: &str) -> bool {
    super::words::words().per_million(word).is_some()
}
