//! The flags of `trommel bench`, a part of the table in `args.rs`.

use std::num::{NonZeroU16, NonZeroUsize};
use std::path::PathBuf;

use clap::Args;

use super::args::{InputArgs, RuleArgs, threads};
use super::exit;

/// A number of rounds.
fn rounds(text: &str) -> Result<NonZeroU16, String> {
    text.parse().map_err(|_| "expected a number from 1 to 65535".to_owned())
}

#[derive(Clone, Debug, Args)]
#[command(after_help = format!("\
Examples:
  trommel bench posts.ndjson -r my-pack
  trommel bench posts.ndjson -r rules.img --threads 1
  trommel bench posts.ndjson -r rules.img --json > bench.json

Records are read into memory first. The engine of a scan, the reference
engine and an automaton that knows the plain terms and nothing else take
turns; when the engines find different things, there is no rate but an error.

{}", exit::HELP))]
pub struct BenchArgs {
    /// Records: files, folders, globs; none or - is standard input.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub rules: RuleArgs,

    #[command(flatten)]
    pub input: InputArgs,

    /// Worker threads (default: one for each core).
    #[arg(long, short = 'j', value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,

    /// Rounds; the median counts. A round takes at least a tenth of a
    /// second.
    #[arg(long, value_name = "N", value_parser = rounds,
          default_value = "5")]
    pub rounds: NonZeroU16,

    /// Bytes of records that are read; what is over is left out.
    #[arg(long, value_name = "BYTES",
          default_value_t = crate::base::limits::BENCH_BYTES_MAX)]
    pub max_bytes: u64,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
