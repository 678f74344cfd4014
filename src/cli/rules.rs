//! From `--rules` and `--policy` to a scanner; the same for every command.

use std::path::Path;

use anyhow::{Context, bail};

use super::args::{Engine, RuleArgs};
use super::messages;
use crate::base::clock;
use crate::eval::{Config, Policy, Scanner};
use crate::image::{Image, ImageError, is_image};
use crate::pack::{self, Compilation, Options, PackSource, diagnostic, load};
use crate::scan::EngineKind;

/// The sources of the packs named, each once. None named: all shipped.
pub fn sources(specs: &[String]) -> anyhow::Result<Vec<PackSource>> {
    if specs.is_empty() {
        let names = load::shipped_names();
        return Ok(names.into_iter().filter_map(load::shipped).collect());
    }
    let mut all: Vec<PackSource> = Vec::new();
    for spec in specs {
        for source in load::load(spec)? {
            if let Some(first) = all.iter().find(|s| s.name == source.name) {
                let place = |s: &PackSource| {
                    s.files.first().map_or("?", |f| &f.path).to_owned()
                };
                bail!(
                    "pack {} is named twice: {} and {}",
                    source.name,
                    place(first),
                    place(&source)
                );
            }
            all.push(source);
        }
    }
    Ok(all)
}

/// Compiles packs; errors are printed and fail.
pub fn compile(sources: Vec<PackSource>) -> anyhow::Result<Compilation> {
    let compilation = pack::compile(sources, &Options::default());
    if compilation.error_count() > 0 {
        for item in compilation.diagnostics.iter().filter(|d| d.is_error()) {
            let colour = messages::colour_stderr();
            let text = diagnostic::render(item, &compilation.files, colour);
            messages::note(&text);
        }
        let count = compilation.error_count();
        bail!(
            "the packs have {count} {}",
            if count == 1 { "error" } else { "errors" }
        );
    }
    Ok(compilation)
}

/// The image that `--rules` names: compiled now, or opened and verified.
pub fn image(specs: &[String]) -> anyhow::Result<Image> {
    image_by(specs, Image::open_verified)
}

fn image_by(
    specs: &[String],
    open: fn(&Path) -> Result<Image, ImageError>,
) -> anyhow::Result<Image> {
    if let [one] = specs
        && is_image_file(Path::new(one))
    {
        return open(Path::new(one)).with_context(|| one.clone());
    }
    for spec in specs {
        if is_image_file(Path::new(spec)) {
            bail!(
                "{spec} is a compiled image and cannot be combined with \
                 other packs; compile them together instead"
            );
        }
    }
    let image = compile(sources(specs)?)?.image()?;
    Ok(image)
}

fn is_image_file(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = [0u8; 8];
    std::fs::File::open(path)
        .ok()
        .filter(|file| file.metadata().is_ok_and(|m| m.is_file()))
        .is_some_and(|mut file| file.read_exact(&mut head).is_ok())
        && is_image(&head)
}

/// The search engine by its flag.
pub fn engine(choice: Engine) -> EngineKind {
    match choice {
        Engine::Auto => EngineKind::Auto,
        Engine::Fused => EngineKind::Fused,
        Engine::Reference => EngineKind::Reference,
    }
}

/// A scanner as asked for.
pub fn scanner(args: &RuleArgs) -> anyhow::Result<Scanner> {
    scanner_of(&args.rules, args)
}

/// The same with other rules.
pub fn scanner_of(
    specs: &[String],
    args: &RuleArgs,
) -> anyhow::Result<Scanner> {
    let open = if args.no_verify { Image::open } else { Image::open_verified };
    let image = image_by(specs, open)?;
    let engine = engine(args.engine);
    let mut config = Config::new().engine(engine).now(clock::now());
    if let Some(path) = &args.policy {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("policy {}", path.display()))?;
        let rules = &image.meta().rules;
        let ids: Vec<&str> = rules.iter().map(|r| r.id.as_str()).collect();
        let policy = Policy::parse(&text, &ids)
            .with_context(|| format!("policy {}", path.display()))?;
        config = config.policy(policy);
    }
    if image.meta().rules.is_empty() {
        bail!(
            "{}: no rule is in it: every record would pass",
            specs.join(",")
        );
    }
    let overdue =
        image.meta().rules.iter().filter(|rule| rule.expired).count();
    if overdue > 0 {
        messages::warning(&format!(
            "{overdue} rules are past their review date and run as shadow \
             (counted, never part of a verdict): see `trommel check`"
        ));
    }
    let scanner = Scanner::with_config(image, config)?;
    let rules = &scanner.image().meta().rules;
    let now = clock::now();
    let settling = rules
        .iter()
        .filter(|rule| scanner.policy().is_settling(&rule.updated, now))
        .count();
    if settling > 0 {
        messages::warning(&format!(
            "{settling} rules were edited lately and only report, as the \
             policy demands"
        ));
    }
    Ok(scanner)
}
