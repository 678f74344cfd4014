//! `trommel profile`: what rules and terms cost and find on a corpus.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::bail;

use super::args::ProfileArgs;
use super::exit::Exit;
use super::{messages, rules, scan};
use crate::base::int;
use crate::eval::Scanner;
use crate::source::{SourceConfig, Sources};
use crate::tools::corpus;
use crate::tools::profile::{Profile, TermCost, Wakers};

pub fn run(args: &ProfileArgs) -> anyhow::Result<Exit> {
    let scanner = rules::scanner(&args.rules)?;
    let decoder = scan::decoder(&args.input)?;
    let config = SourceConfig::new().format(scan::format(args.input.format));
    let sources = Sources::open(&args.paths, config);
    let wakers = Wakers::new(&scanner);
    let (profile, unread) = corpus::each(
        &decoder,
        sources,
        |_, record, scratch, tally: &mut Profile| {
            tally.see(&scanner, &wakers, &record, scratch);
        },
    );
    for error in &unread.source_errors {
        messages::error(error);
    }
    if profile.records == 0 {
        bail!("no record was read");
    }
    let shown = if args.json {
        json(&scanner, &profile)
    } else {
        table(&scanner, &profile, args)
    };
    messages::stdout(&shown)?;
    if !unread.source_errors.is_empty() {
        return Ok(Exit::CouldNotRun);
    }
    Ok(if unread.rejects > 0 { Exit::Rejects } else { Exit::Done })
}

fn ms(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

fn table(scanner: &Scanner, profile: &Profile, args: &ProfileArgs) -> String {
    let mut out = String::new();
    let evaluated: Duration = profile.rules.values().map(|r| r.time).sum();
    let _ = writeln!(
        out,
        "{} records, {} bytes, {} flagged\nsearch {:.1} ms, rules {:.1} ms \
         (all threads together)",
        profile.records,
        profile.bytes,
        profile.flagged,
        ms(profile.search),
        ms(evaluated)
    );
    rules_table(scanner, profile, args.top, &mut out);
    terms_tables(scanner, profile, args.top, &mut out);
    out
}

fn rules_table(
    scanner: &Scanner,
    profile: &Profile,
    top: usize,
    out: &mut String,
) {
    let _ = writeln!(
        out,
        "\n{:44} {:>9} {:>9} {:>9} {:>9}",
        "rule", "ms", "due", "report", "takedown"
    );
    let mut rows: Vec<_> = profile.rules.iter().collect();
    rows.sort_by_key(|(rule, cost)| (std::cmp::Reverse(cost.time), **rule));
    let metas = &scanner.image().meta().rules;
    for (rule, cost) in rows.iter().take(top) {
        let [_, reports, takedowns] = cost.fired;
        let _ = writeln!(
            out,
            "{:44} {:>9.2} {:>9} {reports:>9} {takedowns:>9}",
            metas[int::to_usize(**rule)].id,
            ms(cost.time),
            cost.due
        );
    }
    let idle = metas.len() - profile.rules.len();
    let silent = profile
        .rules
        .values()
        .filter(|cost| cost.fired.iter().sum::<u64>() == 0)
        .count();
    let _ = writeln!(
        out,
        "{} rules: {idle} never evaluated, {silent} evaluated and never true",
        metas.len()
    );
}

fn terms_tables(
    scanner: &Scanner,
    profile: &Profile,
    top: usize,
    out: &mut String,
) {
    let view = scanner.image().view();
    let sets = &scanner.image().meta().sets;
    let line = |term: u32, cost: &TermCost, out: &mut String| {
        let row = &view.terms[int::to_usize(term)];
        let _ = writeln!(
            out,
            "{:>9.2} {:>9} {:>9} {:>9}  {} in {}",
            ms(cost.time),
            cost.hits,
            cost.records,
            cost.flagged,
            view.term_text(term),
            sets[int::to_usize(row.set)].name
        );
    };
    let head =
        format!("{:>9} {:>9} {:>9} {:>9}", "ms", "hits", "records", "flagged");
    let _ =
        writeln!(out, "\nterms by the time of the rules they wake\n{head}");
    let mut rows: Vec<_> = profile.terms.iter().collect();
    rows.sort_by_key(|(term, cost)| {
        (std::cmp::Reverse((cost.time, cost.hits)), **term)
    });
    for (term, cost) in rows.iter().take(top) {
        line(**term, cost, out);
    }
    let noisy = profile.noisy(scanner);
    let _ = writeln!(
        out,
        "\nnoisy terms: waking terms by records that passed\n{head}"
    );
    for (term, cost) in noisy.iter().take(top) {
        line(*term, cost, out);
    }
    let dead = profile.dead(scanner);
    let count: usize = dead.values().map(Vec::len).sum();
    let _ = writeln!(
        out,
        "\ndead terms: {count} of {} never hit",
        view.terms.len()
    );
    for (set, terms) in dead.iter().take(top) {
        let some: Vec<&str> =
            terms.iter().take(6).map(|term| view.term_text(*term)).collect();
        let more = if terms.len() > some.len() { ", …" } else { "" };
        let _ = writeln!(
            out,
            "{:>9}  in {}: {}{more}",
            terms.len(),
            sets[int::to_usize(*set)].name,
            some.join(", ")
        );
    }
}

fn json(scanner: &Scanner, profile: &Profile) -> String {
    let view = scanner.image().view();
    let meta = scanner.image().meta();
    let rules: serde_json::Map<String, serde_json::Value> = profile
        .rules
        .iter()
        .map(|(rule, cost)| {
            let value = serde_json::json!({
                "ms": ms(cost.time),
                "due": cost.due,
                "lowered": cost.fired[0],
                "report": cost.fired[1],
                "takedown": cost.fired[2],
            });
            (meta.rules[int::to_usize(*rule)].id.clone(), value)
        })
        .collect();
    let named = |term: u32| {
        let set = view.terms[int::to_usize(term)].set;
        (view.term_text(term), &meta.sets[int::to_usize(set)].name)
    };
    let terms: Vec<serde_json::Value> = profile
        .terms
        .iter()
        .map(|(term, cost)| {
            let (text, set) = named(*term);
            serde_json::json!({
                "term": text,
                "set": set,
                "ms": ms(cost.time),
                "hits": cost.hits,
                "records": cost.records,
                "flagged": cost.flagged,
            })
        })
        .collect();
    let dead: Vec<serde_json::Value> = profile
        .dead(scanner)
        .values()
        .flatten()
        .map(|term| {
            let (text, set) = named(*term);
            serde_json::json!({ "term": text, "set": set })
        })
        .collect();
    let value = serde_json::json!({
        "digest": scanner.image().digest(),
        "records": profile.records,
        "bytes": profile.bytes,
        "flagged": profile.flagged,
        "search_ms": ms(profile.search),
        "rules": rules,
        "terms": terms,
        "dead": dead,
    });
    format!("{value:#}\n")
}
