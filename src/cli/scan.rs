//! `trommel scan`: the main job.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{
    Emit, FailOn, InputArgs, InputFormat, ProgressWhen, ScanArgs,
};
use super::exit::Exit;
use super::keeping::Keeping;
use super::{messages, rules};
use crate::base::clock::Stopwatch;
use crate::base::{escape, int};
use crate::decode::{DecodeConfig, Decoder, FieldPath};
use crate::eval::Scanner;
use crate::evidence::recorder::Keeper;
use crate::flow::{self, Job, Observer, Outputs, Report};
use crate::source::{FormatChoice, Progress, SourceConfig, Sources};
use crate::verdict::Verdict;

pub fn run(args: &ScanArgs) -> anyhow::Result<Exit> {
    let scanner = rules::scanner(&args.rules)?;
    let decoder = decoder(&args.input)?;
    let stats_to_stdout = args.stats.as_deref() == Some(Path::new("-"));
    if stats_to_stdout && args.output.is_none() && args.emit != Emit::None {
        bail!(
            "--stats - would mix with the verdicts on standard output: \
             add --emit none or -o FILE, or name a file for --stats"
        );
    }
    refuse_same_file(args)?;
    let mut keeping = Keeping::open(args, &scanner)?;
    let mut outputs = outputs(args)?;
    let sources = open_sources(args, &decoder);
    let progress = sources.progress();
    let bar = bar(args, &sources);
    let stop = flow::stop_flag();
    install_signals(&stop)?;
    let threads = args.threads.map_or_else(flow::default_threads, Into::into);
    outputs.brake = keeping.brake(&scanner);
    let (deriver, recorder) = keeping.parts();
    outputs.keeper = recorder.map(|recorder| recorder as &mut dyn Keeper);
    let job = Job {
        scanner: &scanner,
        decoder: &decoder,
        threads,
        ordered: !args.unordered,
        emit: match args.emit {
            Emit::All => flow::Emit::All,
            Emit::Flagged => flow::Emit::Flagged,
            Emit::None => flow::Emit::None,
        },
        annotate: args.annotate,
        strict: args.strict,
        evidence: deriver,
        brakes: outputs.brake.is_some(),
    };
    let watch = Stopwatch::start();
    let mut watcher = Watcher { bar: bar.as_ref(), progress: &progress };
    let report = flow::run(&job, sources, outputs, &stop, &mut watcher);
    let elapsed = watch.elapsed();
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    // Also when the reader of the verdicts went away: what was kept is
    // written through and signed. A ledger that failed fails again here,
    // and was told already.
    let ended = keeping.end(&report);
    if report.output_error.is_none() {
        ended?;
    }
    finish(args, &scanner, &report, elapsed, threads)
}

/// Statistics, summary and exit code.
fn finish(
    args: &ScanArgs,
    scanner: &Scanner,
    report: &Report,
    elapsed: Duration,
    threads: usize,
) -> anyhow::Result<Exit> {
    if let Some(error) = &report.output_error
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        bail!("writing results: {error}");
    }
    assert!(report.tally.adds_up(), "a record was lost: {report:?}");
    if let Some(path) = &args.stats {
        let stats = stats(scanner, report, elapsed, threads);
        let text = serde_json::to_string(&stats)? + "\n";
        if path == Path::new("-") {
            messages::stdout(&text)?;
        } else {
            std::fs::write(path, text)
                .with_context(|| format!("writing {}", path.display()))?;
        }
    }
    if report.output_error.is_some() {
        // The reader of the output went away: a quiet end.
        return Ok(Exit::Done);
    }
    let tally = &report.tally;
    if tally.textless > 0
        && tally.textless == tally.verdicts.iter().sum::<u64>()
    {
        messages::warning(
            "no record had a text field: every record passed unseen; name \
             the text with --text",
        );
    }
    // Of nothing there is nothing to sum up; why has been said.
    let nothing = report.source_errors > 0 && tally.records == 0;
    if !args.quiet && !nothing {
        messages::note(&summary(scanner, report, elapsed));
        if tally.reject_total() > 0 && args.rejects.is_none() {
            messages::note(
                "rejects were counted only; --rejects FILE says where each \
                 is, why, and keeps its bytes",
            );
        }
    }
    if report.stopped_by_reject {
        bail!("--strict: stopped at a record that cannot be read");
    }
    if report.source_errors > 0 {
        return Ok(Exit::CouldNotRun);
    }
    let counts = report.tally.verdicts;
    let tripped = match args.fail_on {
        None => false,
        Some(FailOn::Report) => counts[1] + counts[2] > 0,
        Some(FailOn::Takedown) => counts[2] > 0,
    };
    if tripped {
        return Ok(Exit::Failed);
    }
    if report.tally.reject_total() > 0 {
        return Ok(Exit::Rejects);
    }
    Ok(Exit::Done)
}

/// How records are read, from flags.
pub fn decoder(args: &InputArgs) -> anyhow::Result<Decoder> {
    Ok(Decoder::new(&decode_config(args)?))
}

fn decode_config(args: &InputArgs) -> anyhow::Result<DecodeConfig> {
    let mut config = DecodeConfig::default();
    if !args.text.is_empty() {
        let paths: Result<Vec<FieldPath>, _> =
            args.text.iter().map(|path| FieldPath::parse(path)).collect();
        config = config.text(paths.context("--text")?);
    }
    for entry in &args.map {
        let Some((name, path)) = entry.split_once('=') else {
            bail!("--map {entry}: expected NAME=PTR");
        };
        let path = FieldPath::parse(path).context("--map")?;
        config = config.map(name, path).context("--map")?;
    }
    Ok(config)
}

/// The format flag as the source's word.
pub fn format(choice: InputFormat) -> FormatChoice {
    match choice {
        InputFormat::Auto => FormatChoice::Auto,
        InputFormat::Ndjson => FormatChoice::Ndjson,
        InputFormat::Csv => FormatChoice::Csv,
        InputFormat::Tsv => FormatChoice::Tsv,
        InputFormat::Text => FormatChoice::Text,
        InputFormat::Parquet => FormatChoice::Parquet,
        InputFormat::Arrow => FormatChoice::Arrow,
    }
}

fn open_sources(args: &ScanArgs, decoder: &Decoder) -> Sources {
    let config = SourceConfig::new()
        .format(format(args.input.format))
        .record_bytes_max(args.max_record)
        .texts(decoder.text_paths());
    let stdin = [PathBuf::from("-")];
    let paths =
        if args.paths.is_empty() { &stdin[..] } else { &args.paths[..] };
    Sources::open(paths, config)
}

/// Writing onto an input would read its own output for ever.
fn refuse_same_file(args: &ScanArgs) -> anyhow::Result<()> {
    let named = [&args.output, &args.rejects];
    for out in named.into_iter().flatten() {
        let Ok(out_real) = out.canonicalize() else { continue };
        for path in &args.paths {
            let same = path.canonicalize().is_ok_and(|p| p == out_real);
            if same {
                bail!("{} is an input and an output", path.display());
            }
        }
    }
    if args.output.is_some() && args.output == args.rejects {
        bail!("-o and --rejects name the same file");
    }
    Ok(())
}

fn outputs<'a>(args: &ScanArgs) -> anyhow::Result<Outputs<'a>> {
    let create = |path: &PathBuf| -> anyhow::Result<Box<dyn Write + Send>> {
        let file = File::create(path)
            .with_context(|| format!("creating {}", path.display()))?;
        Ok(Box::new(file))
    };
    let verdicts = match &args.output {
        Some(path) if path != Path::new("-") => create(path)?,
        _ => Box::new(raw_stdout()?),
    };
    let rejects = args.rejects.as_ref().map(create).transpose()?;
    Ok(Outputs { verdicts, rejects, keeper: None, brake: None })
}

/// Standard output without the line buffer: batches come whole.
fn raw_stdout() -> anyhow::Result<File> {
    let copy = rustix::io::dup(rustix::stdio::stdout())
        .context("standard output is closed")?;
    Ok(File::from(copy))
}

/// The first signal asks for a clean end, the second ends at once.
fn install_signals(stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(
            signal,
            130,
            Arc::clone(stop),
        )?;
        signal_hook::flag::register(signal, Arc::clone(stop))?;
    }
    Ok(())
}

/// Draws the bar and prints what happens to sources.
struct Watcher<'a> {
    bar: Option<&'a ProgressBar>,
    progress: &'a Progress,
}

impl Watcher<'_> {
    fn print(&self, print: impl FnOnce()) {
        match self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Observer for Watcher<'_> {
    fn tick(&mut self) {
        if let Some(bar) = self.bar {
            bar.set_position(self.progress.consumed_bytes());
        }
    }

    fn source_error(&mut self, source: &str, error: &str) {
        let source = escape::terminal(source);
        // Errors of a source name it themselves when it has a path.
        let text = if error.contains(source.as_str()) {
            error.to_owned()
        } else {
            format!("{source}: {error}")
        };
        self.print(|| messages::error(&text));
    }

    fn source_note(&mut self, source: &str, note: &str) {
        let source = escape::terminal(source);
        let note = escape::terminal(note);
        self.print(|| messages::warning(&format!("{source}: {note}")));
    }
}

fn bar(args: &ScanArgs, sources: &Sources) -> Option<ProgressBar> {
    let wanted = match args.progress {
        ProgressWhen::Always => true,
        ProgressWhen::Never => false,
        ProgressWhen::Auto => messages::is_terminal() && !args.quiet,
    };
    if !wanted {
        return None;
    }
    let (bar, template) = match sources.total_bytes_hint() {
        Some(total) => (
            ProgressBar::new(total),
            "{wide_bar} {binary_bytes}/{binary_total_bytes} \
             {binary_bytes_per_sec} ETA {eta}",
        ),
        None => (
            ProgressBar::new_spinner(),
            "{spinner} {binary_bytes} {binary_bytes_per_sec} {elapsed}",
        ),
    };
    if args.progress == ProgressWhen::Always {
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    Some(bar)
}

fn stats(
    scanner: &Scanner,
    report: &Report,
    elapsed: Duration,
    threads: usize,
) -> serde_json::Value {
    use serde_json::{Map, Value, json};
    let tally = &report.tally;
    let meta = scanner.image().meta();
    let by_verdict = |counts: &[u64; 3]| -> Value {
        let entries = Verdict::ALL
            .iter()
            .filter(|verdict| counts[verdict.index()] > 0)
            .map(|v| (v.as_str().to_owned(), counts[v.index()].into()));
        Value::Object(entries.collect())
    };
    let rule_id = |number: &u32| meta.rules[int::to_usize(*number)].id.clone();
    let categories: Map<String, Value> = tally
        .categories
        .iter()
        .map(|(c, counts)| (c.as_str().to_owned(), by_verdict(counts)))
        .collect();
    let rules: Map<String, Value> = tally
        .rules
        .iter()
        .map(|(rule, counts)| (rule_id(rule), by_verdict(counts)))
        .collect();
    let shadow: Map<String, Value> = tally
        .shadow
        .iter()
        .map(|(rule, count)| (rule_id(rule), (*count).into()))
        .collect();
    let by_reason: Map<String, Value> = tally
        .rejects
        .iter()
        .map(|(r, count)| (r.as_str().to_owned(), (*count).into()))
        .collect();
    let [pass, held, taken] = tally.verdicts;
    let mut value = json!({
        "records": tally.records,
        "bytes": tally.bytes,
        "verdicts": {"pass": pass, "report": held, "takedown": taken},
        "categories": categories,
        "rules": rules,
        "shadow": shadow,
        "rejects": {
            "total": tally.reject_total(),
            "by_reason": by_reason,
        },
        "seconds": elapsed.as_secs_f64(),
        "records_per_second": flow::per_second(tally.records, elapsed),
        "bytes_per_second": flow::per_second(tally.bytes, elapsed),
        "packs": pack_labels(scanner),
        "digest": scanner.image().digest(),
        "engine": scanner.engine().as_str(),
        "threads": threads,
        "interrupted": report.interrupted,
    });
    if scanner.policy().brake().is_some() {
        value["braked"] = braked(scanner, tally);
    }
    if !scanner.policy().digest().is_empty() {
        value["policy"] = scanner.policy().digest().into();
    }
    value
}

/// Takedowns that became reports, by `RULE:LIMIT`.
fn braked(scanner: &Scanner, tally: &flow::Tally) -> serde_json::Value {
    let rules = &scanner.image().meta().rules;
    let entries = tally.braked.iter().map(|((rule, limit), count)| {
        let key = format!("{}:{limit}", rules[int::to_usize(*rule)].id);
        (key, (*count).into())
    });
    serde_json::Value::Object(entries.collect())
}

pub fn pack_labels(scanner: &Scanner) -> Vec<String> {
    let packs = scanner.image().meta().packs.iter();
    packs
        .filter(|pack| pack.active)
        .map(|pack| format!("{}@{}", pack.name, pack.version))
        .collect()
}

/// The table on stderr.
fn summary(scanner: &Scanner, report: &Report, elapsed: Duration) -> String {
    let tally = &report.tally;
    let mut out = String::new();
    let total = tally.records.max(1);
    let share = |count: u64| 100.0 * int::to_f64(count) / int::to_f64(total);
    let [pass, held, taken] = tally.verdicts;
    let rejects = tally.reject_total();
    for (name, count) in [
        ("takedown", taken),
        ("report", held),
        ("pass", pass),
        ("rejects", rejects),
    ] {
        let _ = writeln!(out, "{name:10}{count:>12} {:>7.3} %", share(count));
        if name == "rejects" {
            for (reason, count) in &tally.rejects {
                let _ = writeln!(out, "  {:18}{count:>2}", reason.as_str());
            }
        }
    }
    let sum = pass + held + taken + rejects;
    let _ = writeln!(out, "{:10}{:>12} = {sum}", "records", tally.records);
    if tally.textless > 0 {
        let _ = writeln!(out, "  without text {:>9}", tally.textless);
    }
    if !tally.categories.is_empty() {
        let _ = writeln!(out, "\n{:20}takedown    report", "category");
        for (category, counts) in &tally.categories {
            let _ = writeln!(
                out,
                "{:20}{:>8}{:>10}",
                category.as_str(),
                counts[2],
                counts[1]
            );
        }
        out.push('\n');
    }
    for ((rule, limit), count) in &tally.braked {
        let rule = &scanner.image().meta().rules[int::to_usize(*rule)];
        let _ = writeln!(
            out,
            "brake: {count} takedowns by {} became reports ({limit})",
            rule.id
        );
    }
    let rate = flow::per_second(tally.bytes, elapsed) / 1e6;
    let records = flow::per_second(tally.records, elapsed);
    let _ = write!(
        out,
        "{:.2} s, {rate:.1} MB/s, {records:.0} records/s, {} packs, {}",
        elapsed.as_secs_f64(),
        pack_labels(scanner).len(),
        scanner.image().digest().get(..19).unwrap_or_default()
    );
    if report.interrupted {
        out.push_str("\nstopped by a signal: what was read is judged");
    }
    out
}
