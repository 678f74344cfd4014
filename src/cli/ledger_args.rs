//! The part of the table of commands that is about ledgers. Holds words,
//! does nothing.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::args::Engine;

#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Check entries, tree and signatures; exit code 1 when any fails.
    Verify(VerifyArgs),
    /// Print entries as JSON.
    Show(ShowArgs),
    /// Prove that an entry is in the ledger (docs/verify.py checks it).
    Prove(ProveArgs),
    /// Sign what is there now, and print the checkpoint.
    Checkpoint(CheckpointArgs),
    /// Write decisions for reviewers, for the person concerned, for the
    /// public or for the DSA Transparency Database.
    Export(ExportArgs),
    /// Destroy kept content; the log and its proofs stay valid.
    Erase(EraseArgs),
    /// Destroy content that has outlived its class; only says what it
    /// would do without --apply.
    Expire(ExpireArgs),
    /// Make the index again from the segments.
    Index(LedgerArgs),
}

#[derive(Clone, Debug, Args)]
pub struct LedgerArgs {
    /// Folder of the ledger.
    #[arg(value_name = "DIR")]
    pub ledger: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// First entry to check; the tree is checked as a whole.
    #[arg(long, value_name = "N")]
    pub from: Option<u64>,

    /// Entry behind the last to check.
    #[arg(long, value_name = "N")]
    pub to: Option<u64>,

    /// A checkpoint kept elsewhere: the ledger must contain its tree.
    #[arg(long, value_name = "FILE")]
    pub since: Option<PathBuf>,

    /// Verifier key (NAME+KEYID+BASE64) instead of that of ledger.json,
    /// which whoever changed the ledger may have changed too.
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,

    /// Print the findings as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// Ids of evidence or items, or entry numbers as #17; none: all
    /// entries.
    #[arg(value_name = "ID")]
    pub ids: Vec<String>,

    /// Add the kept content.
    #[arg(long)]
    pub content: bool,
}

#[derive(Clone, Debug, Args)]
pub struct ProveArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// Id of evidence or an item, or an entry number as #17.
    #[arg(value_name = "ID")]
    pub id: String,
}

#[derive(Clone, Debug, Args)]
pub struct CheckpointArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// Signing key instead of keys/signing.key.
    #[arg(long, value_name = "FILE")]
    pub signing_key: Option<PathBuf>,

    /// Print the verifier key instead.
    #[arg(long)]
    pub key: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    Ndjson,
    Csv,
    /// In a build with the feature.
    Parquet,
    /// Statements of reasons for the EU Transparency Database.
    Dsa,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Audience {
    /// Everything that is kept.
    Reviewer,
    /// For the person concerned: reason, rule title, own words, how to
    /// appeal; no terms.
    Subject,
    /// Numbers without personal data.
    Public,
}

/// Which decisions.
#[derive(Clone, Debug, Default, Args)]
pub struct WantedArgs {
    /// From this time or date on.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,

    /// Before this time or date.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,

    /// Only this category.
    #[arg(long, value_name = "CATEGORY")]
    pub category: Option<String>,

    /// Only decisions of this rule.
    #[arg(long, value_name = "RULE")]
    pub rule: Option<String>,

    /// Only this author: as in the records, or as hk: reference.
    #[arg(long, value_name = "AUTHOR")]
    pub author: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// Who will read it.
    #[arg(long = "for", value_name = "WHO", default_value = "reviewer")]
    pub audience: Audience,

    /// Output format.
    #[arg(long, value_name = "FORMAT", default_value = "ndjson")]
    pub format: ExportFormat,

    /// Only these: ids of evidence or items; comma-separated.
    #[arg(
        long,
        value_name = "ID[,ID]",
        value_delimiter = ',',
        conflicts_with_all = ["since", "until", "category", "rule", "author"]
    )]
    pub id: Vec<String>,

    #[command(flatten)]
    pub wanted: WantedArgs,

    /// Write to a file instead of standard output.
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// For --format dsa: where the decisions apply, as country codes
    /// (default: the whole European Economic Area).
    #[arg(long, value_name = "CC[,CC]", value_delimiter = ',')]
    pub territory: Vec<String>,
}

#[derive(Clone, Debug, Args)]
#[group(id = "what", required = true, multiple = false)]
pub struct EraseWhat {
    /// Everything of this person as author and reporter: as in the records,
    /// or as hk: reference.
    #[arg(long, value_name = "AUTHOR")]
    pub author: Option<String>,

    /// Content of one decision: id of evidence or item.
    #[arg(long, value_name = "ID")]
    pub item: Option<String>,

    /// Everything decided longer ago, for example 365d.
    #[arg(long, value_name = "AGE")]
    pub older_than: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub struct EraseArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    #[command(flatten)]
    pub what: EraseWhat,

    /// Why, for the ledger.
    #[arg(long, value_name = "TEXT", default_value = "request")]
    pub reason: String,

    /// Only say what would be erased.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Clone, Debug, Args)]
pub struct ExpireArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// Days by retention class, for example
    /// decision=365,personal_data=180.
    ///
    /// Default: 180 days after the decision for content, for personal_data
    /// (content in which such data was masked) and for case (what was said
    /// in cases that were decided). Content of open cases is kept.
    #[arg(long, value_name = "CLASS=DAYS,…", value_delimiter = ',')]
    pub days: Vec<String>,

    /// Erase; without it only says what would be erased.
    #[arg(long)]
    pub apply: bool,
}

#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// Files of `ledger export --for reviewer`, or ledger folders.
    #[arg(value_name = "EVIDENCE", required = true)]
    pub evidence: Vec<PathBuf>,

    /// Where images may be: compiled images, packs (compiled now), folders
    /// of them.
    #[arg(long, value_name = "P[,P…]", value_delimiter = ',')]
    pub packs: Vec<String>,

    /// Archive of images and policies by digest (default: LEDGER/archive
    /// of ledger folders).
    #[arg(long, value_name = "DIR")]
    pub archive: Option<PathBuf>,

    /// Use the packs although their digest is another: shows what today's
    /// rules would say.
    #[arg(long)]
    pub any_image: bool,

    /// Policy file for decisions that were made with one that is not in the
    /// archive.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Search engine.
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    pub engine: Engine,

    /// Write a line for each decision, not only for those that changed.
    #[arg(long, short = 'v')]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub enum CaseCommand {
    /// Open a complaint about a decision, or a report about an item.
    Open(CaseOpenArgs),
    /// Decide a case; what was overturned becomes a test.
    Decide(CaseDecideArgs),
    /// List cases.
    List(CaseListArgs),
    /// Show one case with its decision.
    Show(CaseShowArgs),
}

#[derive(Clone, Debug, Args)]
pub struct CaseOpenArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// The decision complained about (id of evidence or item), or for a
    /// report the id of the item.
    #[arg(value_name = "ID")]
    pub id: String,

    /// What the person says.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub text: String,

    /// A user reports an item, instead of complaining about a decision.
    #[arg(long, requires = "reporter")]
    pub report: bool,

    /// Who reports.
    #[arg(long, value_name = "REPORTER")]
    pub reporter: Option<String>,

    /// Whose item is reported, when there is no decision about it.
    #[arg(long, value_name = "AUTHOR")]
    pub author: Option<String>,

    /// What is reported: a category.
    #[arg(long, value_name = "CATEGORY")]
    pub category: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CaseOutcome {
    /// The decision stands; for a report: nothing is wrong with the item.
    Uphold,
    /// The decision was wrong; for a report: the item does break the rules.
    Overturn,
    /// Something else is decided, see --reason.
    Modify,
}

#[derive(Clone, Debug, Args)]
pub struct CaseDecideArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// The case.
    #[arg(value_name = "CASE")]
    pub case: String,

    /// What is decided.
    #[arg(value_name = "OUTCOME")]
    pub outcome: CaseOutcome,

    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,

    /// Who decides: a person.
    #[arg(long, value_name = "NAME")]
    pub by: String,

    /// Write the test that an overturned decision becomes to this file
    /// (default: LEDGER/must-pass/CASE.toml).
    #[arg(long, value_name = "FILE")]
    pub test: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CaseState {
    Open,
    Decided,
    All,
}

#[derive(Clone, Debug, Args)]
pub struct CaseListArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// Which cases.
    #[arg(long, value_name = "STATE", default_value = "open")]
    pub state: CaseState,

    /// One JSON object a case.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct CaseShowArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// The case.
    #[arg(value_name = "CASE")]
    pub case: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Json,
    Csv,
    Html,
}

#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    pub ledger: LedgerArgs,

    /// A year, quarter, month or two dates: 2026, 2026-Q3, 2026-09,
    /// 2026-09-01..2026-10-01 (the end is not part of it).
    #[arg(long, value_name = "PERIOD")]
    pub period: String,

    /// Output format.
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    pub format: ReportFormat,

    /// Write to a file instead of standard output.
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RulebookFormat {
    Markdown,
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Zh,
    En,
}

#[derive(Clone, Debug, Args)]
pub struct RulebookArgs {
    /// Pack folders, rule files, shipped packs by name, or one compiled
    /// image (default: all shipped packs).
    #[arg(value_name = "PACK")]
    pub packs: Vec<String>,

    /// Language of the text.
    #[arg(long, value_name = "LANG", default_value = "en")]
    pub lang: Language,

    /// Output format.
    #[arg(long, value_name = "FORMAT", default_value = "markdown")]
    pub format: RulebookFormat,
}
