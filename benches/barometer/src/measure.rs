//! Building, verifying and timing the engines of a definition.

use std::collections::BTreeMap;
use std::time::Duration;

use aho_corasick::AhoCorasickKind;
use anyhow::Context;
use rustix::time::{ClockId, clock_gettime};

use crate::engines::{self, Counts, Engine, Source};
use crate::texts::Corpus;
use crate::{Definition, EngineEntry, Model, Settings, verify};

/// Columns of the rows that `definition` writes.
const COLUMNS: &str = "definition,dictionary,terms,corpus,posts,bytes,engine,\
    counts,found,rounds,seconds,seconds_min,seconds_max,mb_per_s,\
    ns_per_post,ratio,ratio_min,ratio_max,build_seconds,memory_bytes,state";

/// Posts whose hits are compared one by one.
const COMPARED: usize = 20_000;

pub fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(now.tv_sec).unwrap_or(0),
        u32::try_from(now.tv_nsec).unwrap_or(0),
    )
}

/// An engine on a text.
struct Job<'a> {
    engine: usize,
    corpus: &'a str,
    /// What each slice gave, in the first pass.
    found: Vec<u64>,
    /// Seconds of each round.
    seconds: Vec<f64>,
    state: String,
}

struct Built {
    name: String,
    engine: Option<Box<dyn Engine>>,
    build_seconds: f64,
    state: String,
}

pub fn definition(
    name: &str,
    definition: &Definition,
    entries: &BTreeMap<String, EngineEntry>,
    settings: &Settings,
) -> anyhow::Result<()> {
    println!("{COLUMNS}");
    for dictionary in &definition.dictionaries {
        let chosen = &settings.dictionaries;
        if !chosen.is_empty() && !chosen.contains(dictionary) {
            continue;
        }
        let path =
            settings.data.join("terms").join(format!("{dictionary}.txt"));
        let terms: Vec<String> = std::fs::read_to_string(&path)
            .with_context(|| path.display().to_string())?
            .lines()
            .map(str::to_owned)
            .collect();
        let from = Source { dictionary, terms: &terms, settings };
        let mut built = build(definition, entries, &from)?;
        let mut corpora = BTreeMap::new();
        for corpus in &definition.corpora {
            let read = read(definition.model, corpus, dictionary, settings)
                .with_context(|| corpus.clone())?;
            corpora.insert(corpus.as_str(), read);
        }
        let mut jobs = Vec::new();
        for corpus in &definition.corpora {
            for engine in 0..built.len() {
                jobs.push(Job {
                    engine,
                    corpus,
                    found: Vec::new(),
                    seconds: Vec::new(),
                    state: built[engine].state.clone(),
                });
            }
        }
        check(&mut jobs, &mut built, &corpora, &terms, definition.model)?;
        time(&mut jobs, &mut built, &corpora, settings.rounds);
        for row in rows(name, definition, &from, &jobs, &built, &corpora) {
            println!("{row}");
        }
    }
    Ok(())
}

fn read(
    model: Model,
    name: &str,
    dictionary: &str,
    settings: &Settings,
) -> anyhow::Result<Corpus> {
    let folder = settings.data.join("text");
    match model {
        Model::ScanNdjson => {
            Corpus::read(&folder.join(format!("{name}.ndjson")), true)
        }
        Model::ScanText => {
            let own = folder.join(format!("{name}.{dictionary}.txt"));
            let shared = folder.join(format!("{name}.txt"));
            let path = if own.is_file() { own } else { shared };
            Corpus::read(&path, false)
        }
    }
}

fn build(
    definition: &Definition,
    entries: &BTreeMap<String, EngineEntry>,
    from: &Source<'_>,
) -> anyhow::Result<Vec<Built>> {
    let mut built = Vec::new();
    for name in &definition.engines {
        let only = &from.settings.only;
        if !only.is_empty() && !only.contains(name) && *name != definition.base
        {
            continue;
        }
        let entry = entries
            .get(name)
            .with_context(|| format!("{name} is not in engines.toml"))?;
        let most = entry.terms_max.unwrap_or(usize::MAX);
        if from.terms.len() > most {
            built.push(Built {
                name: name.clone(),
                engine: None,
                build_seconds: 0.0,
                state: format!("not tried over {most} terms"),
            });
            continue;
        }
        let start = cpu();
        let result = engines::build(name, from);
        let build_seconds = (cpu() - start).as_secs_f64();
        let (engine, state) = match result {
            Ok(engine) => (Some(engine), String::new()),
            Err(error) => {
                eprintln!("{name}: {error:#}");
                (None, format!("not built: {error:#}"))
            }
        };
        let name = name.clone();
        built.push(Built { name, engine, build_seconds, state });
    }
    Ok(built)
}

/// The first pass: what is found, and whether that is right.
fn check(
    jobs: &mut [Job<'_>],
    built: &mut [Built],
    corpora: &BTreeMap<&str, Corpus>,
    terms: &[String],
    model: Model,
) -> anyhow::Result<()> {
    let automaton = match model {
        Model::ScanText => {
            Some(engines::aho(AhoCorasickKind::ContiguousNFA, terms)?)
        }
        Model::ScanNdjson => None,
    };
    for job in jobs.iter_mut() {
        let corpus = &corpora[job.corpus];
        let Some(engine) = &mut built[job.engine].engine else { continue };
        for number in 0..corpus.slices.len() {
            match engine.count(corpus.slice(number)) {
                Ok(found) => job.found.push(found),
                Err(error) => {
                    job.state = format!("void: {error}");
                    break;
                }
            }
        }
        let Some(automaton) = &automaton else { continue };
        if engine.counts() == Counts::Distinct {
            let expected = engines::distinct(automaton, corpus.whole());
            let found: u64 = job.found.iter().sum();
            if found != expected {
                job.state = format!("void: {found} terms, not {expected}");
            }
        }
        if engine.counts() == Counts::Hits {
            let missing = verify::missing(
                automaton,
                terms,
                corpus.head(COMPARED),
                engine.as_mut(),
            );
            for line in &missing {
                eprintln!("{}: misses {line}", built[job.engine].name);
            }
            if !missing.is_empty() {
                job.state = format!("void: misses {}", missing[0]);
            }
        }
    }
    agree(jobs, built);
    Ok(())
}

/// Engines that count the same thing on the same text must agree.
fn agree(jobs: &mut [Job<'_>], built: &[Built]) {
    let kind = |job: &Job<'_>| {
        let name = &built[job.engine].name;
        let folds = ["-exact", "-letters"].map(|end| name.ends_with(end));
        let counts = built[job.engine].engine.as_ref()?.counts();
        Some((counts, folds))
    };
    for first in 0..jobs.len() {
        for second in first + 1..jobs.len() {
            let (one, two) = (&jobs[first], &jobs[second]);
            let same = one.corpus == two.corpus && kind(one) == kind(two);
            if !same || kind(one).is_none() || one.found == two.found {
                continue;
            }
            let sum = |job: &Job<'_>| job.found.iter().sum::<u64>();
            let state = format!(
                "void: {} counts {}, {} {}",
                built[one.engine].name,
                sum(one),
                built[two.engine].name,
                sum(two)
            );
            eprintln!("{}: {state}", one.corpus);
            jobs[first].state.clone_from(&state);
            jobs[second].state = state;
        }
    }
}

/// Rounds over all slices, the engines in turn for each slice.
fn time(
    jobs: &mut [Job<'_>],
    built: &mut [Built],
    corpora: &BTreeMap<&str, Corpus>,
    rounds: usize,
) {
    let most = corpora.values().map(|corpus| corpus.slices.len()).max();
    for round in 0..rounds {
        for job in jobs.iter_mut() {
            job.seconds.push(0.0);
        }
        for number in 0..most.unwrap_or(0) {
            for turn in 0..jobs.len() {
                // Who is first changes: nobody has always the same
                // neighbour in the caches.
                let at = (turn + number + round) % jobs.len();
                let job = &mut jobs[at];
                let corpus = &corpora[job.corpus];
                let Some(engine) = &mut built[job.engine].engine else {
                    continue;
                };
                if number >= corpus.slices.len() || !job.state.is_empty() {
                    continue;
                }
                let slice = corpus.slice(number);
                let start = cpu();
                let found = engine.count(slice);
                let spent = (cpu() - start).as_secs_f64();
                if found.ok() != job.found.get(number).copied() {
                    job.state = "void: the count changed".to_owned();
                }
                job.seconds[round] += spent;
            }
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn greatest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

fn rows(
    name: &str,
    definition: &Definition,
    from: &Source<'_>,
    jobs: &[Job<'_>],
    built: &[Built],
    corpora: &BTreeMap<&str, Corpus>,
) -> Vec<String> {
    let mut out = Vec::new();
    for job in jobs {
        let corpus = &corpora[job.corpus];
        let engine = &built[job.engine];
        let base = jobs.iter().find(|other| {
            other.corpus == job.corpus
                && built[other.engine].name == definition.base
        });
        let valid = job.state.is_empty();
        let ratios: Vec<f64> = match base {
            Some(base) if valid && base.state.is_empty() => base
                .seconds
                .iter()
                .zip(&job.seconds)
                .map(|(base, own)| base / own)
                .collect(),
            _ => Vec::new(),
        };
        let number = |value: f64, places: usize| {
            if value > 0.0 && value.is_finite() && valid {
                format!("{value:.places$}")
            } else {
                String::new()
            }
        };
        let seconds = median(&job.seconds);
        let counts = engine.engine.as_ref().map(|e| e.counts());
        let memory = engine.engine.as_ref().and_then(|e| e.memory());
        let fields = [
            name.to_owned(),
            from.dictionary.to_owned(),
            from.terms.len().to_string(),
            job.corpus.to_owned(),
            corpus.lines.len().to_string(),
            corpus.bytes.len().to_string(),
            engine.name.clone(),
            counts.map_or(String::new(), |c| format!("{c:?}").to_lowercase()),
            job.found.iter().sum::<u64>().to_string(),
            job.seconds.len().to_string(),
            number(seconds, 6),
            number(least(&job.seconds), 6),
            number(greatest(&job.seconds), 6),
            number(corpus.bytes.len() as f64 / 1e6 / seconds, 1),
            number(1e9 * seconds / corpus.lines.len() as f64, 1),
            number(median(&ratios), 3),
            number(least(&ratios), 3),
            number(greatest(&ratios), 3),
            format!("{:.3}", engine.build_seconds),
            memory.map_or(String::new(), |bytes| bytes.to_string()),
            if valid { "ok".to_owned() } else { job.state.clone() },
        ];
        let quoted: Vec<String> = fields.iter().map(|f| cell(f)).collect();
        out.push(quoted.join(","));
    }
    out
}

/// A cell of CSV.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
