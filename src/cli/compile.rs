//! `trommel compile`: packs into one image file.

use anyhow::Context;

use super::args::CompileArgs;
use super::exit::Exit;
use super::{messages, rules};
use crate::base::whole;

pub fn run(args: &CompileArgs) -> anyhow::Result<Exit> {
    let compilation = rules::compile(rules::sources(&args.packs)?)?;
    let image = compilation.image()?;
    whole::write(&args.output, image.bytes())
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
