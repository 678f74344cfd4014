//! A term file that no set names.
//!
//! ```text
//! warning[W125]: no set uses this file
//!  --> pack/terms/old.txt:1:1
//! 1 | casino
//!   | ^^^^^^
//! ```

use std::collections::BTreeSet;

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "unused_file",
    code: warning(
        "W125",
        "term file is never used",
        "A file under `terms` that no set of the pack names: its terms are \
         not looked for. Either a set lost it, or it can go.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    for (pack, syntax) in pass.packs() {
        let shared = syntax.sets.iter().map(|set| &set.def);
        let own = syntax
            .rules
            .iter()
            .flat_map(|rule| rule.sets.iter().map(|(_, def)| def));
        let named: BTreeSet<&str> = shared
            .chain(own)
            .flat_map(|def| def.files.iter().chain(&def.weights))
            .map(|name| name.value.as_str())
            .collect();
        let files = &pass.compilation.files;
        // A lone rule file has its neighbours' term files beside it.
        if pass.file(pack, "pack.toml").is_none() {
            continue;
        }
        for file in pass.files(pack) {
            let name = files[file].name.as_str();
            if !name.ends_with(".toml") && !named.contains(name) {
                let text = &files[file].text;
                let end = text.find('\n').unwrap_or(text.len());
                out.push(Diagnostic::new(
                    &LINT.code,
                    format!("no set uses `{name}`"),
                    file,
                    0..end,
                    "what is in it is not looked for",
                ));
            }
        }
    }
}
