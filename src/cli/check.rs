//! `trommel check`: every diagnostic of the packs.

use anyhow::bail;

use super::args::CheckArgs;
use super::exit::Exit;
use super::{messages, rules};
use crate::base::near;
use crate::pack::{self, Options, Severity, diagnostic};

pub fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    if let Some(id) = &args.explain {
        return explain(id);
    }
    let sources = rules::sources(&args.packs)?;
    let result = pack::compile(sources, &Options::default());
    let mut text = String::new();
    for item in &result.diagnostics {
        if args.json {
            let value = diagnostic::to_json(item, &result.files);
            text.push_str(&value.to_string());
        } else {
            let colour = messages::colour_stdout();
            text.push_str(&diagnostic::render(item, &result.files, colour));
            text.push('\n');
        }
        text.push('\n');
    }
    messages::stdout(&text)?;
    let errors = result.error_count();
    let warnings = result.diagnostics.len() - errors;
    let packs = result.active.iter().filter(|active| **active).count();
    if !args.json {
        messages::note(&format!(
            "{packs} packs checked: {errors} errors, {warnings} warnings"
        ));
    }
    let failed = errors > 0 || args.deny_warnings && warnings > 0;
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn explain(id: &str) -> anyhow::Result<Exit> {
    let Some(code) = diagnostic::code(id) else {
        let known = diagnostic::CODES.iter().map(|code| code.id);
        let near = near::nearest(id, known);
        let hint =
            near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
        bail!("no diagnostic is called {id:?}{hint}");
    };
    let kind = match code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text =
        format!("{} ({kind}): {}\n\n{}\n", code.id, code.title, code.explain);
    messages::stdout(&text)?;
    Ok(Exit::Done)
}
