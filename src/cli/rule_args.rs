//! The flags that say which rules, which policy and which engine.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Where the rules come from; the same for every command.
#[derive(Clone, Debug, Default, Args)]
pub struct RuleArgs {
    /// Packs to use: folders, rule files, one compiled image, or shipped
    /// packs by name; comma-separated.
    ///
    /// Default: all shipped packs.
    #[arg(long, short = 'r', value_name = "P[,P…]", value_delimiter = ',')]
    pub rules: Vec<String>,

    /// The operator's policy file (thresholds, disabled rules, exceptions).
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Search engine: all give the same verdicts.
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    pub engine: Engine,

    /// Do not compare a compiled image with its checksum.
    ///
    /// It is then opened in about a millisecond, whatever its size; comparing
    /// takes half a millisecond a megabyte. For an image that this machine
    /// has verified before: a file that was changed can give wrong verdicts
    /// under the digest it claims. Not with --ledger or --archive.
    #[arg(long)]
    pub no_verify: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    #[default]
    Auto,
    Fused,
    Reference,
}
