//! The flags of `trommel learn`. Holds words, does nothing.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{InputArgs, threads};
use super::exit;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LearnLoss {
    /// Squared hinge: a support vector machine.
    Hinge,
    /// Logistic regression; give it a larger --strength.
    Log,
}

/// How labelled records become learned dictionaries.
#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel learn labelled.ndjson -o my-model
  trommel learn labelled/ -o my-model --category porn=sexual \\
      --category abuse=harassment --max-fpr 0.0005
  trommel learn labelled.ndjson --cross-validate 5
  trommel test my-model && trommel scan posts.ndjson --rules my-model

{}", exit::HELP))]
pub struct LearnArgs {
    /// Labelled records: files, folders, globs.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,

    /// Folder of the pack that is written. Its name is the pack's.
    #[arg(long, short = 'o', value_name = "PACK")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub input: InputArgs,

    /// Key of the label.
    #[arg(long, value_name = "KEY", default_value = "label")]
    pub label: String,

    /// Labels of records that are of no category.
    #[arg(
        long,
        value_name = "LABEL[,LABEL]",
        value_delimiter = ',',
        default_value = "clean,pass,ham,ok"
    )]
    pub clean: Vec<String>,

    /// What a label means, as LABEL=CATEGORY, or LABEL=- to leave its
    /// records out; repeatable. Labels called like a category need none.
    #[arg(long, value_name = "LABEL=CATEGORY")]
    pub category: Vec<String>,

    /// Records to leave out, as KEY=VALUE or KEY=PREFIX*; repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub exclude: Vec<String>,

    /// Key of how many near-duplicates a record stands for: it counts as
    /// one over that number.
    #[arg(long, value_name = "KEY", default_value = "cluster_size")]
    pub weight: String,

    /// Letters of the longest character n-gram; 0 for none.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4,
        value_parser = clap::value_parser!(u8).range(0..=4)
    )]
    pub chars: u8,

    /// Words of the longest word n-gram; 0 for none.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2,
        value_parser = clap::value_parser!(u8).range(0..=2)
    )]
    pub words: u8,

    /// Characters of the longest sign n-gram: punctuation, symbols, emoji,
    /// alone (1) or beside another character (2); 0 for none.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2,
        value_parser = clap::value_parser!(u8).range(0..=2)
    )]
    pub signs: u8,

    /// Records that must have an n-gram before it is looked at.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=255)
    )]
    pub min_records: u32,

    /// N-grams that a model keeps: those that change scores most.
    #[arg(long, value_name = "N", default_value = "100000")]
    pub max_features: NonZeroUsize,

    /// What an error costs in training.
    #[arg(long, value_name = "LOSS", default_value = "hinge")]
    pub loss: LearnLoss,

    /// How much errors count against large weights (the C of LIBLINEAR):
    /// more fits the records closer.
    #[arg(long, value_name = "C", default_value_t = 1.0)]
    pub strength: f64,

    /// Share of clean records that may be flagged; the threshold is chosen
    /// for it.
    #[arg(long, value_name = "SHARE", default_value_t = 0.001)]
    pub max_fpr: f64,

    /// Share of the records that is kept out of training: one half of it
    /// chooses the threshold, the other half is reported.
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    pub held_out: f64,

    /// Train N times on all but one part of the records and report what the
    /// models say about the parts that they have not seen.
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u8).range(2..=20)
    )]
    pub cross_validate: Option<u8>,

    /// Draws the parts and the order of training; the same seed gives the
    /// same bytes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Who answers for the rules.
    #[arg(long, value_name = "NAME", default_value = "learn")]
    pub owner: String,

    /// Licence of the pack: what that of the training data allows.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "unknown: that of the training data"
    )]
    pub licence: String,

    /// Day on which somebody looks at the rules again (default: in 180
    /// days).
    #[arg(long, value_name = "DATE")]
    pub review_by: Option<String>,

    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,

    /// Threads (default: one for each core). The pack is the same with any
    /// number.
    #[arg(long, short = 'j', value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,
}
