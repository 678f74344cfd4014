//! `trommel fmt`: one form for rule files and term files.

use std::fmt::Write as _;

use anyhow::{Context, bail};

use super::args::FmtArgs;
use super::exit::Exit;
use super::{messages, rules};
use crate::tools::format;

pub fn run(args: &FmtArgs) -> anyhow::Result<Exit> {
    let sources = rules::sources(&args.packs)?;
    let mut files = 0;
    let mut changed = 0;
    let mut out = String::new();
    for file in sources.iter().flat_map(|source| &source.files) {
        if file.path.starts_with("shipped:") {
            bail!(
                "{} is part of the program: name a folder or a file",
                file.path
            );
        }
        files += 1;
        let text = format::format(file)?;
        if text == file.text {
            continue;
        }
        changed += 1;
        let line = file
            .text
            .lines()
            .zip(text.lines())
            .position(|(before, after)| before != after)
            .map_or(1, |at| at + 1);
        let _ = writeln!(out, "{}:{line}", file.path);
        if !args.check {
            std::fs::write(&file.path, text)
                .with_context(|| format!("writing {}", file.path))?;
        }
    }
    messages::stdout(&out)?;
    let what = if args.check { "would change" } else { "changed" };
    messages::note(&format!("{changed} of {files} files {what}"));
    Ok(if args.check && changed > 0 { Exit::Failed } else { Exit::Done })
}
