//! A shared set that nobody refers to.
//!
//! ```text
//! warning[W126]: nobody refers to set `old`
//! 1 | [set.old]
//!   |      ^^^
//! ```

use std::collections::BTreeSet;

use super::{Lint, Pass, warning};
use crate::pack::Diagnostic;

pub const LINT: Lint = Lint {
    name: "unused_shared",
    code: warning(
        "W126",
        "shared set is never used",
        "No rule or set of the packs that were checked refers to the shared \
         set. Packs without rules are left alone: they exist to lend sets.",
    ),
    run,
};

fn run(pass: &Pass<'_>, out: &mut Vec<Diagnostic>) {
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (number, syntax) in pass.compilation.packs.iter().enumerate() {
        let own = syntax
            .rules
            .iter()
            .flat_map(|rule| rule.sets.iter().map(|(_, def)| def));
        let shared = syntax.sets.iter().map(|set| &set.def);
        for name in own.chain(shared).flat_map(|def| def.refs.iter()) {
            let full = match name.value.contains('.') {
                true => name.value.clone(),
                false => format!("{}.{}", pack_name(pass, number), name.value),
            };
            used.insert(full);
        }
    }
    for (number, syntax) in pass.packs() {
        if syntax.rules.is_empty() {
            continue;
        }
        for set in &syntax.sets {
            let full =
                format!("{}.{}", pack_name(pass, number), set.name.value);
            if !used.contains(&full) {
                out.push(Diagnostic::new(
                    &LINT.code,
                    format!("nobody refers to set `{}`", set.name.value),
                    set.def.file,
                    set.name.span.clone(),
                    "never used",
                ));
            }
        }
    }
}

fn pack_name<'a>(pass: &Pass<'a>, number: usize) -> &'a str {
    &pass.compilation.packs[number].manifest.name
}
