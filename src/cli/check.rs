//! `trommel check`: every error and every lint of the packs, their fixes,
//! and what their terms hit by accident.

use std::fmt::Write as _;

use anyhow::{Context, bail};

use super::args::{CheckArgs, CheckFormat};
use super::exit::Exit;
use super::{collide, messages, rules};
use crate::base::near;
use crate::lint::{self, Report};
use crate::pack::{self, Compilation, Options, Severity, diagnostic};

/// Rounds of `--fix`: a fix may bring another lint up, but not for ever.
const ROUNDS_MAX: usize = 8;

pub fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    if let Some(id) = &args.explain {
        return explain(id);
    }
    let (compilation, report) =
        if args.fix { fix(args)? } else { look(args)? };
    let format =
        if args.json { CheckFormat::Json } else { args.output_format };
    messages::stdout(&shown(&compilation, &report, format)?)?;
    let (errors, warnings) = (report.error_count(), report.warning_count());
    let packs = compilation.active.iter().filter(|active| **active).count();
    if format == CheckFormat::Plain {
        messages::note(&format!(
            "{packs} packs checked: {errors} errors, {warnings} warnings, {} \
             allowed",
            report.allowed
        ));
    }
    let mut failed = errors > 0 || args.deny_warnings && warnings > 0;
    if args.collisions || !args.benign.is_empty() {
        if errors > 0 {
            bail!("collisions are looked for once the packs have no errors");
        }
        failed |= collide::run(args, &compilation, format)?;
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn look(args: &CheckArgs) -> anyhow::Result<(Compilation, Report)> {
    let sources = rules::sources(&args.packs)?;
    let compilation = pack::compile(sources, &Options::default());
    let report = lint::check(&compilation);
    Ok((compilation, report))
}

fn shown(
    compilation: &Compilation,
    report: &Report,
    format: CheckFormat,
) -> anyhow::Result<String> {
    let mut text = String::new();
    match format {
        CheckFormat::Sarif => {
            let value = lint::sarif(report, compilation);
            text = serde_json::to_string_pretty(&value)? + "\n";
        }
        CheckFormat::Json => {
            for item in &report.diagnostics {
                let value = lint::to_json(item, compilation);
                let _ = writeln!(text, "{value}");
            }
        }
        CheckFormat::Plain => {
            let colour = messages::colour_stdout();
            for item in &report.diagnostics {
                let block =
                    diagnostic::render(item, &compilation.files, colour);
                let _ = writeln!(text, "{block}\n");
            }
        }
    }
    Ok(text)
}

/// Applies fixes until none is left, then reports what remains.
fn fix(args: &CheckArgs) -> anyhow::Result<(Compilation, Report)> {
    let mut total = 0;
    for _ in 0..ROUNDS_MAX {
        let (compilation, report) = look(args)?;
        let (texts, count) =
            lint::apply(&report.diagnostics, &compilation.files);
        if count == 0 {
            break;
        }
        for (file, text) in texts {
            let path = &compilation.files[file].path;
            if path.starts_with("shipped:") {
                bail!(
                    "{path} is part of the program: copy the pack out of the \
                     repository to change it"
                );
            }
            std::fs::write(path, text)
                .with_context(|| format!("writing {path}"))?;
        }
        total += count;
    }
    messages::note(&format!("{total} fixes applied"));
    look(args)
}

fn explain(id: &str) -> anyhow::Result<Exit> {
    let Some(code) = lint::code(id) else {
        let known = lint::codes().map(|code| code.id);
        let names = lint::LINTS.iter().map(|lint| lint.name);
        let near = near::nearest(id, known.chain(names));
        let hint =
            near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
        bail!("no diagnostic is called {id:?}{hint}");
    };
    let kind = match code.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut text = format!("{} ({kind}", code.id);
    if let Some(name) = lint::name(code.id) {
        let _ = write!(text, " {name}");
    }
    let _ = writeln!(text, "): {}\n\n{}", code.title, code.explain);
    if code.severity == Severity::Warning {
        let _ = writeln!(
            text,
            "\nTo silence it, in pack.toml or the rule file:\n\n    \
             [[allow]]\n    lint = \"{}\"\n    at = \"…\"      # a rule \
             id, a file or the marked text; optional\n    reason = \
             \"…\"",
            code.id
        );
    }
    messages::stdout(&text)?;
    Ok(Exit::Done)
}
