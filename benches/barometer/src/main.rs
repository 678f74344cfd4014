//! Measures engines side by side on the same terms and texts. In: a
//! definition, and the terms, images and texts that `data.py` and `trommel
//! compile` made; out: rows of CSV on standard output. `run.py` drives it.
//!
//! One thread. Engines are measured in turn, slice by slice, in one run, so
//! that what disturbs the machine disturbs all of them; the time is CPU time
//! of the thread; the median of rounds counts. Counts are verified before
//! timing and on every pass: a wrong count voids the time.

mod engines;
mod hyperscan;
mod measure;
mod open;
mod texts;
mod trommel_engines;
mod verify;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;

/// What is measured: a file of `benches/definitions`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// For people.
    #[allow(dead_code, reason = "run.py writes it into the tables")]
    pub title: String,
    /// What the definition is for, for people.
    #[serde(default)]
    #[allow(dead_code, reason = "run.py writes it into the tables")]
    pub why: String,
    pub model: Model,
    pub dictionaries: Vec<String>,
    pub corpora: Vec<String>,
    pub engines: Vec<String>,
    /// The engine that ratios are to.
    pub base: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Posts, a line each, to hits.
    ScanText,
    /// NDJSON to verdict lines.
    ScanNdjson,
}

/// `engines.toml`: what there is to compare.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineEntry {
    #[allow(dead_code, reason = "run.py writes it into the tables")]
    pub what: String,
    /// Not tried with more terms, with the reason in `why_max`.
    pub terms_max: Option<usize>,
    #[serde(default)]
    #[allow(dead_code, reason = "for people")]
    pub why_max: String,
}

pub struct Settings {
    /// Where data and images are.
    pub data: PathBuf,
    pub rounds: usize,
    /// Engines and dictionaries that are measured; empty: all.
    pub only: Vec<String>,
    pub dictionaries: Vec<String>,
    pub hyperscan: Option<PathBuf>,
    pub vectorscan: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    match command.as_str() {
        "run" => run(&rest),
        "open" => open::run(&rest),
        _ => bail!(
            "usage: barometer run DEFINITION.toml --data DIR [--rounds N] \
             [--only ENGINE,…] [--dictionaries NAME,…] [--hyperscan LIB] \
             [--vectorscan LIB]\n       \
             barometer open IMAGE TEXT [--engine fused|reference]"
        ),
    }
}

fn run(args: &[String]) -> anyhow::Result<()> {
    let mut settings = Settings {
        data: PathBuf::from("."),
        rounds: 5,
        only: Vec::new(),
        dictionaries: Vec::new(),
        hyperscan: None,
        vectorscan: None,
    };
    let mut path = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value =
            || args.next().with_context(|| format!("{arg} needs a value"));
        let names = |text: &str| text.split(',').map(str::to_owned).collect();
        match arg.as_str() {
            "--data" => settings.data = value()?.into(),
            "--rounds" => settings.rounds = value()?.parse()?,
            "--only" => settings.only = names(value()?),
            "--dictionaries" => settings.dictionaries = names(value()?),
            "--hyperscan" => settings.hyperscan = Some(value()?.into()),
            "--vectorscan" => settings.vectorscan = Some(value()?.into()),
            flag if flag.starts_with("--") => bail!("unknown flag {flag}"),
            file => path = Some(PathBuf::from(file)),
        }
    }
    let path = path.context("which definition?")?;
    let definition: Definition = read_toml(&path)?;
    let entries: std::collections::BTreeMap<String, EngineEntry> = read_toml(
        &path.parent().unwrap_or(Path::new(".")).join("engines.toml"),
    )?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    measure::definition(&name, &definition, &entries, &settings)
}

fn read_toml<T: serde::de::DeserializeOwned>(
    path: &Path,
) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path)
        .with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}
