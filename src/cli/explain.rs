//! `trommel explain`: why one text gets its verdict.

use std::borrow::Cow;
use std::io::Read as _;

use anyhow::Context;

use super::args::ExplainArgs;
use super::exit::Exit;
use super::{messages, rules};
use crate::eval::{Scanner, text_record};
use crate::tools::explain::{Style, explain};
use crate::tools::markup;
use crate::tools::why_not::why_not;

pub fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let scanner = rules::scanner(&args.rules)?;
    let text = match args.text.as_deref() {
        None | Some("-") => {
            let mut bytes = Vec::new();
            let limit = crate::base::limits::RECORD_BYTES_MAX;
            let limit = crate::base::int::to_u64(limit);
            std::io::stdin()
                .lock()
                .take(limit + 1)
                .read_to_end(&mut bytes)
                .context("reading standard input")?;
            anyhow::ensure!(
                crate::base::int::to_u64(bytes.len()) <= limit,
                "the text is longer than {limit} bytes"
            );
            String::from_utf8(bytes).context("standard input is not UTF-8")?
        }
        Some(text) => text.to_owned(),
    };
    if args.markup {
        return markup(&scanner, args, &text);
    }
    let text = text.trim_end_matches(['\n', '\r']);
    let mut record = text_record(text);
    record.surface = args.surface.as_deref().map(Cow::Borrowed);
    record.lang = args.lang.as_deref().map(Cow::Borrowed);
    if let Some(name) = &args.why_not {
        let shown = why_not(&scanner, &record, name)
            .map_err(|error| anyhow::anyhow!(error))?;
        messages::stdout(&shown)?;
        return Ok(Exit::Done);
    }
    let style = Style { colour: messages::colour_stdout() };
    let shown = explain(&scanner, &record, args.rule.as_deref(), style);
    messages::stdout(&shown)?;
    Ok(Exit::Done)
}

/// A test case for every line.
fn markup(
    scanner: &Scanner,
    args: &ExplainArgs,
    text: &str,
) -> anyhow::Result<Exit> {
    let mut out = String::from(markup::HEADER);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut record = text_record(line);
        record.surface = args.surface.as_deref().map(Cow::Borrowed);
        record.lang = args.lang.as_deref().map(Cow::Borrowed);
        out.push_str(&markup::case(scanner, &record));
    }
    messages::stdout(&out)?;
    Ok(Exit::Done)
}
