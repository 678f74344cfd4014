//! A `pack.toml` that leaves something unsaid.
//!
//! ```text
//! warning[W142]: pack.toml does not say `licence`
//!  --> pack/pack.toml:1:1
//! ```

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "manifest_gaps",
    code: warning(
        "W142",
        "pack.toml leaves something unsaid",
        "Who installs a pack wants to know its licence, the languages it is \
         for, and what it looks for: `licence`, `languages`, `description`.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for (pack, syntax) in pass.packs() {
        let Some(file) = pass.file(pack, "pack.toml") else { continue };
        let manifest = &syntax.manifest;
        let rows = [
            ("licence", manifest.licence.is_empty()),
            ("languages", manifest.languages.is_empty()),
            ("description", manifest.description.is_empty()),
        ];
        for (key, missing) in rows {
            if missing {
                let end = pass.text(file).find('\n').unwrap_or(0);
                out.push(Diagnostic::new(
                    &LINT.code,
                    format!("pack.toml does not say `{key}`"),
                    file,
                    0..end,
                    "",
                ));
            }
        }
    }
}
