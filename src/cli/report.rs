//! `trommel report` and `trommel rulebook`: what the public may know.

use anyhow::bail;

use super::exit::Exit;
use super::ledger::{book, output, store};
use super::ledger_args::{
    Language, ReportArgs, ReportFormat, RulebookArgs, RulebookFormat,
};
use super::table::csv_row;
use super::{messages, rules};
use crate::base::clock::Moment;
use crate::evidence::ledger::entry::Kind;
use crate::evidence::ledger::index::{Index, Wanted};
use crate::evidence::transparency::Numbers;
use crate::tools::rulebook;

pub fn run(args: &ReportArgs) -> anyhow::Result<Exit> {
    let Some((from, until)) = period(&args.period) else {
        bail!(
            "--period {}: expected 2026, 2026-Q3, 2026-09 or \
             2026-09-01..2026-10-01",
            args.period
        );
    };
    let book = book(&args.ledger)?;
    let index = Index::open(&book)?;
    let mut numbers = Numbers::new(from, until);
    let wanted = |kind| Wanted {
        kind: Some(kind),
        since: Some(from),
        until: Some(until),
        ..Wanted::default()
    };
    for place in index.find(&wanted(Kind::Evidence))? {
        numbers.decision(&index.evidence(&place)?);
    }
    for place in index.find(&wanted(Kind::RunEnd))? {
        numbers.run(&index.read(&place)?.json()?);
    }
    for place in index.find(&wanted(Kind::Erasure))? {
        let entry = index.read(&place)?.json()?;
        let ids = entry["ids"].as_array().map_or(0, Vec::len);
        numbers.erasures += crate::base::int::to_u64(ids);
    }
    let cases = store(&book)?.cases(None)?;
    let opened: Vec<_> = cases
        .into_iter()
        .filter(|case| {
            let at = Moment::parse(&case.opened);
            at.is_some_and(|at| from <= at && at < until)
        })
        .collect();
    numbers.cases(&opened);
    let mut out = output(args.output.as_ref())?;
    match args.format {
        ReportFormat::Json => {
            let text = serde_json::to_string_pretty(&numbers)?;
            writeln!(out, "{text}")?;
        }
        ReportFormat::Csv => {
            let names = ["measure", "value", "number"];
            csv_row(&mut out, &names.map(str::to_owned))?;
            for row in numbers.rows() {
                csv_row(&mut out, &row)?;
            }
        }
        ReportFormat::Html => out.write_all(numbers.html().as_bytes())?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Begin and end of a period.
fn period(text: &str) -> Option<(Moment, Moment)> {
    if let Some((from, until)) = text.split_once("..") {
        let (from, until) = (Moment::parse(from)?, Moment::parse(until)?);
        return (from < until).then_some((from, until));
    }
    let (year, rest) = match text.split_once('-') {
        None => (text, None),
        Some((year, rest)) => (year, Some(rest)),
    };
    let year: u64 = year.parse().ok().filter(|_| year.len() == 4)?;
    // First month from 0, and how many.
    let (month, count) = match rest {
        None => (0, 12),
        Some(rest) => match rest.strip_prefix('Q') {
            Some(quarter) => {
                let quarter: u64 = quarter.parse().ok()?;
                (quarter.checked_sub(1)? * 3, 3)
            }
            None if rest.len() == 2 => {
                (rest.parse::<u64>().ok()?.checked_sub(1)?, 1)
            }
            None => return None,
        },
    };
    let begin = |month: u64| {
        let (year, month) = (year + month / 12, month % 12 + 1);
        Moment::parse(&format!("{year:04}-{month:02}-01"))
    };
    (month < 12).then_some((begin(month)?, begin(month + count)?))
}

pub fn rulebook(args: &RulebookArgs) -> anyhow::Result<Exit> {
    let image = rules::image(&args.packs)?;
    let language = match args.lang {
        Language::Zh => rulebook::Language::Zh,
        Language::En => rulebook::Language::En,
    };
    let form = match args.format {
        RulebookFormat::Markdown => rulebook::Form::Markdown,
        RulebookFormat::Html => rulebook::Form::Html,
    };
    messages::stdout(&rulebook::render(&image, language, form))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_whole() {
        let rows = [
            ("2026", "2026-01-01", "2027-01-01"),
            ("2026-Q4", "2026-10-01", "2027-01-01"),
            ("2026-09", "2026-09-01", "2026-10-01"),
            ("2026-12", "2026-12-01", "2027-01-01"),
            ("2026-09-05..2026-09-07", "2026-09-05", "2026-09-07"),
        ];
        for (text, from, until) in rows {
            let (a, b) = period(text).expect(text);
            assert_eq!((a.date(), b.date()), (from.into(), until.into()));
        }
        for text in [
            "",
            "26",
            "2026-Q0",
            "2026-Q5",
            "2026-13",
            "2026-0",
            "2026-02-01..2026-01-01",
            "2026-Q",
        ] {
            assert_eq!(period(text), None, "{text}");
        }
    }
}
