//! `trommel bench`: how fast these packs are on these records. A rate is
//! never printed without what it depends on: dictionary, hits, length of the
//! texts, threads, loading, memory.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;

use super::args::{Engine, RuleArgs};
use super::bench_args::BenchArgs;
use super::exit::Exit;
use super::{messages, rules, scan};
use crate::base::clock::Stopwatch;
use crate::base::int;
use crate::eval::Scanner;
use crate::flow;
use crate::source::{SourceConfig, Sources};
use crate::tools::bench::{self, Corpus, Entry, Found, Stage};

/// Everything that was found out.
struct Report<'a> {
    scanner: &'a Scanner,
    corpus: &'a Corpus,
    rejects: u64,
    load: Duration,
    threads: usize,
    rounds: usize,
    memory: Option<u64>,
    entries: &'a [Entry<'a>],
}

pub fn run(args: &BenchArgs) -> anyhow::Result<Exit> {
    let watch = Stopwatch::start();
    let scanner = rules::scanner(&args.rules)?;
    let load = watch.elapsed();
    let decoder = scan::decoder(&args.input)?;
    let config = SourceConfig::new()
        .format(scan::format(args.input.format))
        .texts(decoder.text_paths());
    let stdin = [PathBuf::from("-")];
    let paths =
        if args.paths.is_empty() { &stdin[..] } else { &args.paths[..] };
    let sources = Sources::open(paths, config);
    let (corpus, unread) = bench::read(&decoder, sources, args.max_bytes);
    for error in &unread.source_errors {
        messages::error(error);
    }
    if corpus.records == 0 && corpus.cut {
        bail!("--max-bytes {}: no record fits", args.max_bytes);
    }
    if corpus.records == 0 {
        bail!("no record was read");
    }
    if corpus.text_bytes == 0 {
        bail!("no record had a text field: name the text with --text");
    }
    if corpus.cut {
        messages::warning(&format!(
            "only the first {} records are measured: the rest does not fit \
             into --max-bytes {}",
            corpus.records, args.max_bytes
        ));
    }
    let threads = args.threads.map_or_else(flow::default_threads, Into::into);
    let mut entries = bench::entries(&scanner, &corpus, &decoder, threads);
    // Before anything is in memory that a scan does not need.
    let memory = bench::memory_peak();
    let oracle = oracle(args)?;
    if let Some(oracle) = &oracle {
        entries.extend(bench::entries(oracle, &corpus, &decoder, threads));
    }
    entries.extend(bench::plain(&scanner, &corpus, &decoder, threads));
    if let Some(difference) = bench::disagreement(&entries) {
        messages::error(&format!("{difference}; please report this"));
        return Ok(Exit::Failed);
    }
    let rounds = usize::from(args.rounds.get());
    if let Err(difference) =
        bench::time(&mut entries, &corpus, &decoder, (threads, rounds))
    {
        messages::error(&format!("{difference}; please report this"));
        return Ok(Exit::Failed);
    }
    let report = Report {
        scanner: &scanner,
        corpus: &corpus,
        rejects: unread.rejects,
        load,
        threads,
        rounds,
        memory,
        entries: &entries,
    };
    let shown = if args.json { report.json() } else { report.table() };
    messages::stdout(&shown)?;
    if !unread.source_errors.is_empty() {
        return Ok(Exit::CouldNotRun);
    }
    Ok(if unread.rejects > 0 { Exit::Rejects } else { Exit::Done })
}

/// The reference engine beside the one that is used, unless one engine was
/// asked for.
fn oracle(args: &BenchArgs) -> anyhow::Result<Option<Scanner>> {
    if args.rules.engine != Engine::Auto {
        return Ok(None);
    }
    let rules = RuleArgs { engine: Engine::Reference, ..args.rules.clone() };
    rules::scanner(&rules).map(Some)
}

/// Median, least and greatest of a list that is not empty.
fn spread(seconds: &[f64]) -> (f64, f64, f64) {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted[sorted.len() / 2];
    (middle, sorted[0], sorted[sorted.len() - 1])
}

fn ms(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

fn mb(bytes: u64) -> f64 {
    int::to_f64(bytes) / 1e6
}

impl Report<'_> {
    fn hits(&self) -> Found {
        self.entries[0].found
    }

    fn letters_median(&self) -> u32 {
        let mut letters = self.corpus.letters.clone();
        letters.sort_unstable();
        letters[letters.len() / 2]
    }

    /// Bytes that a stage reads.
    fn bytes(&self, stage: Stage) -> u64 {
        match stage {
            Stage::Lines => self.corpus.bytes,
            Stage::Texts | Stage::Plain => self.corpus.text_bytes,
        }
    }

    fn table(&self) -> String {
        let mut out = String::new();
        let image = self.scanner.image();
        let view = image.view();
        let _ = writeln!(
            out,
            "rules     {} rules, {} terms, {} spellings, image {:.1} MB",
            image.meta().rules.len(),
            view.terms.len(),
            view.patterns.len(),
            mb(int::to_u64(image.bytes().len()))
        );
        let _ = writeln!(out, "load      {:.1} ms", ms(self.load));
        let _ = writeln!(
            out,
            "text      {} records, {:.3} MB, of which text {:.3} MB; a \
             record has {} letters (median), {:.0} bytes of text; {} rejects",
            self.corpus.records,
            mb(self.corpus.bytes),
            mb(self.corpus.text_bytes),
            self.letters_median(),
            int::to_f64(self.corpus.text_bytes)
                / int::to_f64(self.corpus.records),
            self.rejects
        );
        let [_, reports, takedowns] = self.hits().verdicts;
        let _ = writeln!(
            out,
            "hits      {:.2} % of the records: {reports} reports, \
             {takedowns} takedowns",
            100.0 * int::to_f64(self.hits().flagged())
                / int::to_f64(self.corpus.records)
        );
        let _ = writeln!(
            out,
            "threads   {} of {} cores",
            self.threads,
            flow::default_threads()
        );
        let memory = self.memory.map_or_else(
            || "not told by this system".to_owned(),
            |peak| format!("{:.1} MB at the peak", mb(peak)),
        );
        let _ = writeln!(
            out,
            "memory    {memory}, the records in memory among them"
        );
        self.rates(&mut out);
        out
    }

    fn rates(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "\n{:26} {:13} {:>9} {:>12} {:>10}  rounds {}, best to worst",
            "", "", "MB/s", "records/s", "ns each", self.rounds
        );
        for entry in self.entries {
            let what = match entry.stage {
                Stage::Lines => "records to verdict lines",
                Stage::Texts => "texts to verdicts",
                Stage::Plain => "texts to plain terms",
            };
            let (middle, best, worst) = spread(&entry.seconds);
            let records = int::to_f64(self.corpus.records);
            let _ = writeln!(
                out,
                "{what:26} {:13} {:>9.1} {:>12.0} {:>10.0}  {:.0} to {:.0} ns",
                entry.engine,
                mb(self.bytes(entry.stage)) / middle,
                records / middle,
                1e9 * middle / records,
                1e9 * best / records,
                1e9 * worst / records,
            );
        }
        let _ = writeln!(
            out,
            "\nMB/s of records as they were read, or of their text; wall \
             time, records in memory.\nPlain terms: the terms as they are \
             written, nothing folded, no words, no rules."
        );
    }

    fn json(&self) -> String {
        let image = self.scanner.image();
        let view = image.view();
        let rows: Vec<serde_json::Value> = self
            .entries
            .iter()
            .map(|entry| {
                let (middle, best, worst) = spread(&entry.seconds);
                let records = int::to_f64(self.corpus.records);
                serde_json::json!({
                    "stage": match entry.stage {
                        Stage::Lines => "lines",
                        Stage::Texts => "texts",
                        Stage::Plain => "plain",
                    },
                    "engine": entry.engine,
                    "passes": entry.passes,
                    "seconds": middle,
                    "seconds_min": best,
                    "seconds_max": worst,
                    "bytes_per_second":
                        int::to_f64(self.bytes(entry.stage)) / middle,
                    "records_per_second": records / middle,
                })
            })
            .collect();
        let [passes, reports, takedowns] = self.hits().verdicts;
        let value = serde_json::json!({
            "digest": image.digest(),
            "rules": image.meta().rules.len(),
            "terms": view.terms.len(),
            "spellings": view.patterns.len(),
            "image_bytes": image.bytes().len(),
            "load_seconds": self.load.as_secs_f64(),
            "records": self.corpus.records,
            "rejects": self.rejects,
            "cut": self.corpus.cut,
            "bytes": self.corpus.bytes,
            "text_bytes": self.corpus.text_bytes,
            "letters_median": self.letters_median(),
            "verdicts": {
                "pass": passes,
                "report": reports,
                "takedown": takedowns,
            },
            "hit_rate": int::to_f64(self.hits().flagged())
                / int::to_f64(self.corpus.records),
            "threads": self.threads,
            "rounds": self.rounds,
            "memory_peak_bytes": self.memory,
            "rates": rows,
        });
        format!("{value:#}\n")
    }
}
