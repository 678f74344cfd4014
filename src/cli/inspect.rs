//! `trommel inspect`: what is in an image.

use std::fmt::Write as _;

use anyhow::Context;

use super::args::InspectArgs;
use super::exit::Exit;
use super::messages;
use crate::image::{Image, section};

pub fn run(args: &InspectArgs) -> anyhow::Result<Exit> {
    let path = args.image.display().to_string();
    let image =
        Image::open_verified(&args.image).with_context(|| path.clone())?;
    let text =
        if args.json { json(&image, args)? } else { plain(&image, args) };
    messages::stdout(&text)?;
    Ok(Exit::Done)
}

fn json(image: &Image, args: &InspectArgs) -> anyhow::Result<String> {
    let view = image.view();
    let mut value = serde_json::json!({
        "digest": image.digest(),
        "bytes": image.bytes().len(),
        "terms": view.terms.len(),
        "spellings": view.patterns.len(),
        "needles": view.needle_count(),
        "meta": image.meta(),
    });
    if args.terms {
        let terms: Vec<serde_json::Value> = (0..view.terms.len())
            .map(|number| {
                let row = &view.terms[number];
                serde_json::json!({
                    "term": view.term_text(crate::base::int::to_u32(number)),
                    "set": row.set,
                    "identity": row.identity,
                    "exact": row.is_exact(),
                    "exception": row.is_exception(),
                })
            })
            .collect();
        value["term_list"] = terms.into();
    }
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

fn plain(image: &Image, args: &InspectArgs) -> String {
    let view = image.view();
    let meta = image.meta();
    let mut out = String::new();
    let _ = writeln!(out, "digest    {}", image.digest());
    let _ = writeln!(out, "bytes     {}", image.bytes().len());
    let _ = writeln!(out, "engine    trommel {}", meta.engine);
    let _ = writeln!(out, "tables    {}", meta.tables);
    let _ = writeln!(
        out,
        "terms     {} in {} spellings, {} needles",
        view.terms.len(),
        view.patterns.len(),
        view.needle_count()
    );
    let _ = writeln!(out, "\nsections");
    for (name, len) in image.sections() {
        let _ = writeln!(out, "  {name:16} {len:>10} bytes");
    }
    debug_assert_eq!(image.sections().count(), section::ALL.len());
    let _ = writeln!(out, "\npacks");
    for pack in &meta.packs {
        let role = if pack.active { "" } else { " (lends sets)" };
        let _ = writeln!(out, "  {}@{}{role}", pack.name, pack.version);
    }
    let _ = writeln!(out, "\nrules");
    for rule in &meta.rules {
        let _ = writeln!(
            out,
            "  {:40} {:8} {:5} {:9} {}",
            rule.id,
            rule.status,
            crate::verdict::Milli(rule.confidence).to_string(),
            rule.ceiling,
            rule.title
        );
        let _ = writeln!(out, "      when {}", one_line(&rule.when_text));
        if !rule.unless_text.is_empty() {
            let to = if rule.unless_to_pass { "pass" } else { "report" };
            let unless = one_line(&rule.unless_text);
            let _ = writeln!(out, "      unless ({to}) {unless}");
        }
    }
    if args.terms {
        let _ = writeln!(out, "\nterms");
        for (number, row) in view.terms.iter().enumerate() {
            let number = crate::base::int::to_u32(number);
            let set = crate::base::int::to_usize(row.set);
            let kind = match (row.is_exception(), row.is_exact()) {
                (true, _) => "!",
                (_, true) => "=",
                _ => " ",
            };
            let _ = writeln!(
                out,
                "  {kind}{}\t{}",
                view.term_text(number),
                meta.sets[set].name
            );
        }
    }
    out
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
