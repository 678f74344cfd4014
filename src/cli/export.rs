//! `trommel ledger export`: decisions for those who may see them.

use std::io::Write as _;

use anyhow::{Context, bail};
use serde_json::json;

use super::exit::Exit;
use super::ledger::{book, content_of, output, store, wanted};
use super::ledger_args::{Audience, ExportArgs, ExportFormat};
use super::messages;
use super::table::{self, Table};
use crate::evidence::audience::{self, Public};
use crate::evidence::dsa;
use crate::evidence::ledger::index::{Index, Place};

pub fn run(args: &ExportArgs) -> anyhow::Result<Exit> {
    let book = book(&args.ledger)?;
    let index = Index::open(&book)?;
    let dsa = args.format == ExportFormat::Dsa;
    if dsa && args.audience == Audience::Subject {
        bail!("--format dsa is for the database, not --for subject");
    }
    if !dsa && !args.territory.is_empty() {
        bail!("--territory belongs to --format dsa");
    }
    let places = if args.id.is_empty() {
        index.find(&wanted(&book, &args.wanted)?)?
    } else {
        let found: Result<Vec<Place>, _> =
            args.id.iter().map(|id| index.resolve(id)).collect();
        found?
    };
    if dsa {
        statements(args, &index, &places)?;
        return Ok(Exit::Done);
    }
    if args.audience == Audience::Public {
        public(args, &index, &places)?;
        return Ok(Exit::Done);
    }
    let store = store(&book)?;
    let reviewer = args.audience == Audience::Reviewer;
    let columns = if reviewer { table::REVIEWER } else { table::SUBJECT };
    let mut table = begin(args, columns)?;
    for place in &places {
        let evidence = index.evidence(place)?;
        let content = content_of(&store, &evidence)?;
        let content = content.as_ref();
        table.push(&match reviewer {
            true => audience::reviewer(place.seq, &evidence, content),
            false => audience::subject(&evidence, content),
        })?;
    }
    table.end()?;
    Ok(Exit::Done)
}

fn begin(
    args: &ExportArgs,
    columns: &'static [table::Column],
) -> anyhow::Result<Table> {
    Table::new(args.format, columns, output(args.output.as_ref())?)
}

fn public(
    args: &ExportArgs,
    index: &Index,
    places: &[Place],
) -> anyhow::Result<()> {
    let mut public = Public::default();
    for place in places {
        public.add(&index.evidence(place)?);
    }
    let mut table = begin(args, table::PUBLIC)?;
    if args.format == ExportFormat::Ndjson {
        table.push(&public.json())?;
    } else {
        for (dimension, value, verdict, count) in public.rows() {
            table.push(&json!({
                "dimension": dimension,
                "value": value,
                "verdict": verdict,
                "count": count,
            }))?;
        }
    }
    table.end()
}

fn statements(
    args: &ExportArgs,
    index: &Index,
    places: &[Place],
) -> anyhow::Result<()> {
    let territory = dsa::territory(&args.territory)
        .map_err(anyhow::Error::msg)
        .context("--territory")?;
    let mut out = output(args.output.as_ref())?;
    let (mut reports, mut exempt) = (0u64, 0u64);
    for place in places {
        let evidence = index.evidence(place)?;
        match dsa::statement(&evidence, &territory) {
            Ok(statement) => writeln!(out, "{statement}")?,
            Err(dsa::Skip::NoRestriction) => reports += 1,
            Err(dsa::Skip::Exempt) => exempt += 1,
            Err(dsa::Skip::Invalid(why)) => bail!("{}: {why}", evidence.id),
        }
    }
    out.flush()?;
    if reports > 0 {
        messages::note(&format!(
            "{reports} decisions need no statement: they restrict nothing"
        ));
    }
    if exempt > 0 {
        messages::note(&format!(
            "{exempt} decisions are exempt: deceptive high-volume commercial \
             content (Art. 17(2))"
        ));
    }
    Ok(())
}
