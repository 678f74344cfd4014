//! `trommel compile`: packs into one image file.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context;

use super::args::CompileArgs;
use super::exit::Exit;
use super::{messages, rules};

pub fn run(args: &CompileArgs) -> anyhow::Result<Exit> {
    let compilation = rules::compile(rules::sources(&args.packs)?)?;
    let image = compilation.image()?;
    write(&args.output, image.bytes())
        .with_context(|| format!("writing {}", args.output.display()))?;
    let meta = image.meta();
    let view = image.view();
    messages::note(&format!(
        "{}: {} packs, {} rules, {} terms, {} spellings, {} bytes\n{}",
        args.output.display(),
        meta.packs.iter().filter(|pack| pack.active).count(),
        meta.rules.len(),
        view.terms.len(),
        view.patterns.len(),
        image.bytes().len(),
        image.digest()
    ));
    Ok(Exit::Done)
}

/// Writes to a temporary name and renames, so that a scanner that maps the
/// old file never sees it change.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let result = std::fs::File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&temporary, path));
    if result.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    result
}
