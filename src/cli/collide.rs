//! The collision finder of `trommel check`: runs it over the word lists and
//! over benign files, prints what it found.

use std::fmt::Write as _;

use super::args::{CheckArgs, CheckFormat};
use super::{messages, scan};
use crate::base::{escape, int};
use crate::eval::Scanner;
use crate::image::Image;
use crate::lint::{Collision, Collisions};
use crate::pack::Compilation;
use crate::source::{SourceConfig, Sources};
use crate::tools::corpus::{self, Unread};

/// True when a limit of the arguments was crossed.
pub fn run(
    args: &CheckArgs,
    compilation: &Compilation,
    format: CheckFormat,
) -> anyhow::Result<bool> {
    let scanner = Scanner::new(compilation.image()?)?;
    let words = Collisions::of_words(&scanner);
    let mut benign = Collisions::default();
    let mut unread = Unread::default();
    if !args.benign.is_empty() {
        let decoder = scan::decoder(&args.input)?;
        let config =
            SourceConfig::new().format(scan::format(args.input.format));
        let sources = Sources::open(&args.benign, config);
        (benign, unread) = corpus::each(
            &decoder,
            sources,
            |_, record, scratch, tally: &mut Collisions| {
                tally.see(&scanner, &record, scratch);
            },
        );
        for error in &unread.source_errors {
            messages::error(error);
        }
        anyhow::ensure!(
            unread.source_errors.is_empty(),
            "not all benign texts could be read"
        );
        anyhow::ensure!(benign.records > 0, "no benign text was read");
    }
    let image = scanner.image();
    let text = match format {
        CheckFormat::Plain => plain(args, image, &words, &benign, &unread),
        _ => json(args, image, &words, &benign, &unread),
    };
    messages::stdout(&text)?;
    let rate = benign.rate(accidents(image, &benign));
    Ok(args.max_false_hits.is_some_and(|most| rate > most))
}

/// Hits that are no mentions.
fn accidents(image: &Image, found: &Collisions) -> u64 {
    found.ranked(image, false).iter().map(|c| c.hits).sum()
}

fn plain(
    args: &CheckArgs,
    image: &Image,
    words: &Collisions,
    benign: &Collisions,
    unread: &Unread,
) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "word lists: {} words, {:.1} accidental hits expected in a million \
         characters",
        words.records,
        words.rate(accidents(image, words))
    );
    table(&words.ranked(image, args.mentions), args.top, &mut out);
    if benign.records == 0 {
        return out;
    }
    let _ = writeln!(
        out,
        "\nbenign texts: {} records, {} characters, {} rejects; {:.1} \
         accidental hits in a million characters",
        benign.records,
        benign.chars,
        unread.rejects,
        benign.rate(accidents(image, benign))
    );
    table(&benign.ranked(image, args.mentions), args.top, &mut out);
    let _ = writeln!(
        out,
        "\nflagged: {} of {} ({:.2} in 10,000)",
        benign.flagged,
        benign.records,
        10_000.0 * int::to_f64(benign.flagged)
            / int::to_f64(benign.records.max(1))
    );
    for (rule, [reports, takedowns]) in &benign.rules {
        let id = &image.meta().rules[int::to_usize(*rule)].id;
        let _ = writeln!(
            out,
            "  {id:44} {takedowns:>6} takedowns {reports:>6} reports"
        );
    }
    out
}

fn table(all: &[Collision], top: usize, out: &mut String) {
    for found in all.iter().take(top) {
        let phrases: Vec<String> = found
            .phrases
            .iter()
            .take(3)
            .map(|(phrase, count)| {
                format!("{} ×{count}", escape::terminal(phrase))
            })
            .collect();
        let _ = writeln!(
            out,
            "  {} ({}, {:.2} in a million): {}",
            found.term,
            found.kind.as_str(),
            found.per_million_chars,
            phrases.join(", ")
        );
        let _ = writeln!(out, "      in {}", found.sets.join(", "));
        if !found.exceptions.is_empty() {
            let lines: Vec<String> =
                found.exceptions.iter().map(|e| escape::terminal(e)).collect();
            let _ = writeln!(out, "      exceptions: {}", lines.join("  "));
        }
    }
    if all.len() > top {
        let _ = writeln!(out, "  … {} more (--top N)", all.len() - top);
    }
    if all.is_empty() {
        let _ = writeln!(out, "  none");
    }
}

fn json(
    args: &CheckArgs,
    image: &Image,
    words: &Collisions,
    benign: &Collisions,
    unread: &Unread,
) -> String {
    let part = |found: &Collisions| {
        let all: Vec<serde_json::Value> = found
            .ranked(image, args.mentions)
            .iter()
            .take(args.top)
            .map(|c| {
                serde_json::json!({
                    "term": c.term,
                    "kind": c.kind.as_str(),
                    "sets": c.sets,
                    "hits": c.hits,
                    "per_million_chars": c.per_million_chars,
                    "phrases": c.phrases,
                    "exceptions": c.exceptions,
                })
            })
            .collect();
        serde_json::json!({
            "records": found.records,
            "chars": found.chars,
            "accidental_hits": accidents(image, found),
            "per_million_chars": found.rate(accidents(image, found)),
            "flagged": found.flagged,
            "terms": all,
        })
    };
    let mut value = serde_json::json!({ "words": part(words) });
    if benign.records > 0 {
        value["benign"] = part(benign);
        value["benign"]["rejects"] = unread.rejects.into();
    }
    format!("{}\n", serde_json::json!({ "collisions": value }))
}
