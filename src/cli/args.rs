//! The table of commands and flags: help, man page, completions and the keys
//! of `trommel.toml` are all made from it. Holds words, does nothing.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::bench_args::BenchArgs;
use super::exit;
use super::learn_args::LearnArgs;
use super::ledger_args::{
    CaseCommand, LedgerCommand, ReplayArgs, ReportArgs, RulebookArgs,
};
pub use super::rule_args::{Engine, RuleArgs};

/// Sorts a stream of posts into takedown, report and pass, with exact
/// evidence.
#[derive(Debug, Parser)]
#[command(
    name = "trommel",
    version,
    about = "Sorts a stream of posts into takedown, report and pass, with \
             exact evidence",
    after_help = exit::HELP,
    args_override_self = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,

    /// Settings file (default: ./trommel.toml, then the user's).
    ///
    /// Keys are the long flags, in a table named like the command:
    /// `[scan]` with `threads = 4`. The environment (TROMMEL_SCAN_THREADS)
    /// wins over the file, flags win over both.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// When to colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Colour,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge posts: one verdict a record, in input order.
    Scan(Box<ScanArgs>),
    /// Compile packs into one image file.
    Compile(CompileArgs),
    /// Print what is in an image.
    Inspect(InspectArgs),
    /// Check packs: every error and warning with its place.
    Check(CheckArgs),
    /// Lay out packs alike: rule files and term files.
    Fmt(FmtArgs),
    /// Run the tests that packs carry.
    Test(TestArgs),
    /// Show why a text gets its verdict, or why a rule does not fire.
    Explain(ExplainArgs),
    /// Back-test: what new rules change on an archive.
    Diff(DiffArgs),
    /// Measure time and hits of rules and terms on a corpus.
    Profile(ProfileArgs),
    /// Measure how fast packs are on your own records.
    Bench(BenchArgs),
    /// Measure packs on labelled records.
    Eval(EvalArgs),
    /// Verify, read, prove, export and erase what a ledger holds.
    #[command(
        subcommand,
        after_help = "\
Examples:
  trommel ledger verify decisions/
  trommel ledger show decisions/
  trommel ledger erase decisions/ --older-than 180d"
    )]
    Ledger(LedgerCommand),
    /// Run kept decisions again and compare.
    #[command(after_help = "\
Examples:
  trommel replay evidence.ndjson --packs rules/
  trommel replay evidence.ndjson --archive images/")]
    Replay(ReplayArgs),
    /// Complaints and reports from users.
    #[command(
        subcommand,
        after_help = "\
Examples:
  trommel case list decisions/
  trommel case open decisions/ d-000000000017"
    )]
    Case(CaseCommand),
    /// Numbers for a transparency report.
    #[command(after_help = "\
Examples:
  trommel report decisions/ --period 2026-11 > november.json")]
    Report(ReportArgs),
    /// Write the public rules of packs, without their terms.
    #[command(after_help = "\
Examples:
  trommel rulebook spam fraud > rulebook.md")]
    Rulebook(RulebookArgs),
    /// Learn a pack of weighted n-grams from labelled records.
    Learn(Box<LearnArgs>),
    /// Disguise the terms of packs and count how many are found.
    Attack(AttackArgs),
    /// Print the JSON Schema of an output.
    Schema(SchemaArgs),
    /// Print shell completions.
    Completions(CompletionArgs),
    /// Print the manual page.
    #[command(after_help = "\
Examples:
  trommel man > trommel.1
  man ./trommel.1")]
    Man,
}

/// A number of worker threads.
pub(super) fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| {
        "expected a number from 1 up; leave it out for one thread a core"
            .to_owned()
    })
}

/// How records are read; the same for every command that reads some.
#[derive(Clone, Debug, Default, Args)]
pub struct InputArgs {
    /// Input format; auto looks at the name and the first bytes.
    #[arg(long, short = 'f', value_name = "FORMAT", default_value = "auto")]
    pub format: InputFormat,

    /// Text fields: keys, columns or JSON pointers; comma-separated.
    ///
    /// Default: text, title, body, content, message, as far as present.
    #[arg(long, value_name = "PTR[,PTR]", value_delimiter = ',')]
    pub text: Vec<String>,

    /// Where the attributes are, for example
    /// id=/post/id,author=/user/name; names are id, surface, author, group,
    /// lang, created_at.
    #[arg(long, value_name = "NAME=PTR,…", value_delimiter = ',')]
    pub map: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// What the name and the first bytes tell.
    #[default]
    Auto,
    /// A JSON object a line.
    Ndjson,
    /// The first row names the columns.
    Csv,
    /// The same with tabs.
    Tsv,
    /// A line is a record.
    Text,
    /// Parquet file; needs a build with the feature `parquet`.
    Parquet,
    /// Arrow IPC file or stream; needs a build with the feature `arrow`.
    Arrow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    /// A line for every record.
    All,
    /// Only reports and takedowns.
    Flagged,
    /// Nothing: statistics and exit code only.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A report or a takedown.
    Report,
    /// A takedown.
    Takedown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LedgerSync {
    /// Before each batch of verdicts: what was seen survives a power cut.
    Batch,
    /// Each second: it survives a crash of the program at once, a power cut
    /// after a second.
    Interval,
    /// At the end: it survives a crash of the program only.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressWhen {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel scan posts.ndjson.zst
  tail -F posts.ndjson | trommel scan --emit flagged
  trommel scan archive/ --rules gambling,fraud --stats - --emit none
  trommel scan export.csv --text comment --map id=comment_id

{}", exit::HELP))]
pub struct ScanArgs {
    /// Files, folders, globs; none or - is standard input. gzip, zstd,
    /// bzip2 and xz are recognised.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub rules: RuleArgs,

    #[command(flatten)]
    pub input: InputArgs,

    /// Which verdicts to write.
    #[arg(long, value_name = "WHICH", default_value = "all")]
    pub emit: Emit,

    /// Write each input object with a `trommel` member instead of a bare
    /// verdict.
    #[arg(long)]
    pub annotate: bool,

    /// Write verdicts to a file instead of standard output.
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Write records that cannot be read to a file, with position, reason
    /// and raw bytes.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,

    /// Write statistics as JSON to a file, or - for standard output.
    #[arg(long, value_name = "FILE|-")]
    pub stats: Option<PathBuf>,

    /// Worker threads (default: one for each core).
    #[arg(long, short = 'j', value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,

    /// Keep evidence of takedowns and reports in a ledger; made when there
    /// is none.
    ///
    /// A takedown or report is written only after its evidence was.
    #[arg(long, value_name = "DIR")]
    pub ledger: Option<PathBuf>,

    /// Signing key of the ledger instead of its own keys/signing.key.
    #[arg(long, value_name = "FILE", requires = "ledger")]
    pub ledger_key: Option<PathBuf>,

    /// Keep content and complaints in this database of PostgreSQL, instead
    /// of a file in the ledger's folder; remembered there.
    ///
    /// Needs a build with the feature postgres.
    #[arg(long, value_name = "URL", requires = "ledger")]
    pub store: Option<String>,

    /// When evidence is written through to the disk.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "interval",
        requires = "ledger"
    )]
    pub ledger_sync: LedgerSync,

    /// Days in which a decision may be complained about.
    #[arg(long, value_name = "DAYS", requires = "ledger",
          default_value_t = crate::base::limits::RETENTION_DAYS)]
    pub appeal_days: u64,

    /// Keep the image and the policy here by digest, for `trommel replay`
    /// (default: LEDGER/archive).
    #[arg(long, value_name = "DIR")]
    pub archive: Option<PathBuf>,

    /// Write verdicts as they are ready, not in input order.
    #[arg(long)]
    pub unordered: bool,

    /// Exit with 1 if there was such a verdict.
    #[arg(long, value_name = "VERDICT")]
    pub fail_on: Option<FailOn>,

    /// Stop with exit code 2 at the first record that cannot be read.
    #[arg(long)]
    pub strict: bool,

    /// Longest record in bytes; longer ones are rejects.
    #[arg(long, value_name = "BYTES",
          default_value_t = crate::base::limits::RECORD_BYTES_MAX)]
    pub max_record: usize,

    /// Progress bar on stderr.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub progress: ProgressWhen,

    /// No summary on stderr.
    #[arg(long, short = 'q')]
    pub quiet: bool,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel compile gambling fraud -o rules.img
  trommel compile my-pack -o my.img

{}", exit::HELP))]
pub struct CompileArgs {
    /// Pack folders, rule files, shipped packs by name.
    #[arg(value_name = "PACK", required = true)]
    pub packs: Vec<String>,

    /// Image file to write.
    #[arg(long, short = 'o', value_name = "FILE", required = true)]
    pub output: PathBuf,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel inspect rules.img
  trommel inspect rules.img --terms --json

{}", exit::HELP))]
pub struct InspectArgs {
    /// Image file.
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,

    /// Print as JSON.
    #[arg(long)]
    pub json: bool,

    /// List the terms too.
    #[arg(long)]
    pub terms: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people, with the lines of the files.
    #[default]
    Plain,
    /// One JSON object a diagnostic.
    Json,
    /// One SARIF 2.1.0 document, for code hosts.
    Sarif,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel check my-pack --deny-warnings
  trommel check my-pack --fix
  trommel check --explain W107
  trommel check my-pack --benign clean.ndjson --top 50
  trommel check my-pack --output-format sarif > check.sarif

{}", exit::HELP))]
pub struct CheckArgs {
    /// Pack folders, rule files, shipped packs by name (default: all
    /// shipped packs).
    #[arg(value_name = "PACK")]
    pub packs: Vec<String>,

    /// How to print the diagnostics.
    #[arg(long, value_name = "FORMAT", default_value = "plain")]
    pub output_format: CheckFormat,

    /// The same as --output-format json.
    #[arg(long)]
    pub json: bool,

    /// Warnings fail too.
    #[arg(long)]
    pub deny_warnings: bool,

    /// Change the files: apply every fix that keeps the meaning of a pack.
    #[arg(long)]
    pub fix: bool,

    /// Explain a diagnostic by its code or name, for example E013.
    #[arg(long, value_name = "CODE")]
    pub explain: Option<String>,

    /// Find what terms hit by accident in the built-in word lists.
    #[arg(long)]
    pub collisions: bool,

    /// Find what terms hit by accident in benign records too: files,
    /// folders, globs; comma-separated or repeated.
    #[arg(long, value_name = "PATH", value_delimiter = ',')]
    pub benign: Vec<PathBuf>,

    #[command(flatten)]
    pub input: InputArgs,

    /// List plain mentions of terms too, not only accidents.
    #[arg(long)]
    pub mentions: bool,

    /// Terms shown, those with the most hits first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,

    /// Fail when benign records have more accidental hits in a million
    /// characters.
    #[arg(long, value_name = "RATE")]
    pub max_false_hits: Option<f64>,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel fmt my-pack
  trommel fmt my-pack rules.toml --check

{}", exit::HELP))]
pub struct FmtArgs {
    /// Pack folders and rule files.
    #[arg(value_name = "PACK", required = true)]
    pub packs: Vec<String>,

    /// Change nothing; list the files that would change and fail if there
    /// are any.
    #[arg(long)]
    pub check: bool,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel test my-pack
  trommel test my-pack reviewed.toml
  trommel test my-pack --only gambling.house -v
  trommel test my-pack --junit tests.xml

{}", exit::HELP))]
pub struct TestArgs {
    /// Pack folders, rule files, shipped packs by name (default: all
    /// shipped packs).
    #[arg(value_name = "PACK")]
    pub packs: Vec<String>,

    /// Only rules whose id begins with this, or packs of this name.
    #[arg(long, value_name = "PREFIX")]
    pub only: Option<String>,

    /// Search engine.
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    pub engine: Engine,

    /// List passing tests too.
    #[arg(long, short = 'v')]
    pub verbose: bool,

    /// Write the results as JUnit XML to a file.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel explain -r my-pack '真.人.百.家.樂 加薇❤demo_lucky88'
  trommel explain -r my-pack 'a text' --why-not gambling.demo.zh
  trommel explain -r my-pack 'a text' --why-not 真人百家乐
  trommel explain -r my-pack --markup - < texts.txt > reviewed.toml

{}", exit::HELP))]
pub struct ExplainArgs {
    /// The text; none or - reads standard input.
    #[arg(value_name = "TEXT")]
    pub text: Option<String>,

    #[command(flatten)]
    pub rules: RuleArgs,

    /// Only rules whose id begins with this.
    #[arg(long, value_name = "PREFIX")]
    pub rule: Option<String>,

    /// Explain why this rule, or this term, did not hit: the nearest miss.
    #[arg(long, value_name = "NAME", conflicts_with = "rule")]
    pub why_not: Option<String>,

    /// Write a test case instead: the verdict, with its evidence marked in
    /// the text. Standard input is a text a line.
    #[arg(long, conflicts_with_all = ["why_not", "rule"])]
    pub markup: bool,

    /// Treat the text as a record of this surface.
    #[arg(long, value_name = "NAME")]
    pub surface: Option<String>,

    /// Treat the text as a record of this language.
    #[arg(long, value_name = "LANG")]
    pub lang: Option<String>,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel diff rules.img my-pack archive.ndjson
  trommel diff old-pack new-pack archive/ --markdown > comment.md
  trommel diff rules.img my-pack archive/ --max-new-takedowns 0.01%
  trommel diff rules.img my-pack archive/ --expect expect.toml

An expectations file says which changes are meant:
  [[expect]]
  change = \"appear\"            # appear, up, down, vanish; omitted: any
  rule = \"gambling.*\"          # the deciding rule; omitted: any
  verdict = \"takedown\"         # the new one (vanish: the old one)
  at_most = 20                 # or at_least, exactly

{}", exit::HELP))]
pub struct DiffArgs {
    /// The rules before: packs or an image, comma-separated.
    #[arg(value_name = "OLD")]
    pub old: String,

    /// The rules after.
    #[arg(value_name = "NEW")]
    pub new: String,

    /// Records: files, folders, globs.
    #[arg(value_name = "ARCHIVE", required = true)]
    pub archive: Vec<PathBuf>,

    /// The operator's policy file, for both.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    #[command(flatten)]
    pub input: InputArgs,

    /// Write Markdown for a pull request.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,

    /// Samples for each kind of change and rule.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub samples: usize,

    /// Draws the samples.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Fail when more records (or a share, 0.1%) no longer pass.
    #[arg(long, value_name = "N|P%")]
    pub max_new: Option<String>,

    /// Fail when more records become takedowns.
    #[arg(long, value_name = "N|P%")]
    pub max_new_takedowns: Option<String>,

    /// Fail when more records pass that did not.
    #[arg(long, value_name = "N|P%")]
    pub max_lost: Option<String>,

    /// Fail when the changes are not as this file expects.
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,

    /// Search engine.
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    pub engine: Engine,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel profile archive.ndjson -r my-pack
  trommel profile archive/ --top 50
  trommel profile clean.ndjson --json > profile.json

{}", exit::HELP))]
pub struct ProfileArgs {
    /// Records: files, folders, globs.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub rules: RuleArgs,

    #[command(flatten)]
    pub input: InputArgs,

    /// Lines of each table.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub top: usize,

    /// Print JSON: everything.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  trommel eval labelled.ndjson -r my-pack
  trommel eval labelled/ --by-rule --errors wrong.ndjson

Each record needs a label: `clean` (or pass, ham, ok) must pass, anything
else should be caught. Records are grouped by file (the part of the id before
its last hyphen, or the file's name) and label. A record with `cluster_size`
n weighs 1/n in the recall; clean records with `mention` true are also shown
apart; `text_filled` is used instead of `text` where present.")]
pub struct EvalArgs {
    /// Labelled records: files, folders, globs.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub rules: RuleArgs,

    /// Key of the label.
    #[arg(long, value_name = "KEY", default_value = "label")]
    pub label: String,

    /// Labels that must pass.
    #[arg(
        long,
        value_name = "LABEL[,LABEL]",
        value_delimiter = ',',
        default_value = "clean,pass,ham,ok"
    )]
    pub clean: Vec<String>,

    /// Records to leave out, as KEY=VALUE or KEY=PREFIX*; repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub exclude: Vec<String>,

    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,

    /// Count verdicts by rule, clean hits first.
    #[arg(long)]
    pub by_rule: bool,

    /// Write wrong verdicts (clean records that were flagged, others that
    /// passed) as NDJSON to a file.
    #[arg(long, value_name = "FILE")]
    pub errors: Option<PathBuf>,

    /// Another system to put beside --rules: packs that work together,
    /// separated by commas; repeatable.
    #[arg(long, value_name = "PACK[,PACK]")]
    pub compare: Vec<String>,

    /// Draw ROC and precision-recall curves of all systems: an .svg, or an
    /// .html page with the figures.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,

    /// Count what became of each label, by category.
    #[arg(long)]
    pub confusion: bool,

    /// Resample the records N times and give the range in which 95 % of
    /// the figures lie. With --compare or --plot 200, otherwise none.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u16).range(0..=10_000)
    )]
    pub bootstrap: Option<u16>,

    /// Draws the samples of --bootstrap; the same seed gives the same
    /// ranges.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel attack my-pack
  trommel attack my-pack --operator homoglyph,leet --terms 200
  trommel attack gambling fraud --json > attack.json
  trommel attack my-pack --emit-cases cases.ndjson
  trommel attack my-pack --operator leet --emit-misses misses.ndjson

{}", exit::HELP))]
pub struct AttackArgs {
    /// Pack folders, rule files, shipped packs by name, or one compiled
    /// image (default: all shipped packs).
    #[arg(value_name = "PACK")]
    pub packs: Vec<String>,

    /// Draws terms, places and disguises; the same seed gives the same
    /// cases.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Terms drawn for each language and length.
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub terms: usize,

    /// Only these attacks; comma-separated or repeated.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub operator: Vec<String>,

    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,

    /// Write the attacked texts as NDJSON to a file, so that other tools can
    /// be measured on the same bytes; `-` is standard output, the table then
    /// goes to standard error.
    #[arg(long, value_name = "FILE")]
    pub emit_cases: Option<PathBuf>,

    /// Write the same lines of what went wrong alone: terms that were missed
    /// or found at another place, clean texts that were flagged.
    #[arg(long, value_name = "FILE")]
    pub emit_misses: Option<PathBuf>,

    /// Search engine.
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    pub engine: Engine,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel schema verdict > verdict.schema.json

{}", exit::HELP))]
pub struct SchemaArgs {
    /// Which schema.
    #[arg(value_name = "NAME")]
    pub name: SchemaName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    Verdict,
    Evidence,
    Reject,
    Stats,
    /// A statement of reasons for the EU Transparency Database.
    Dsa,
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel completions bash > trommel.bash

{}", exit::HELP))]
pub struct CompletionArgs {
    /// Which shell.
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}
