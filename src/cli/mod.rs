//! The command line. In: arguments, settings files, environment; out: a run
//! of one command and its exit code. Each command is a file; only
//! `messages` writes to the terminal.

mod args;
mod attack;
mod bench;
mod bench_args;
mod case;
mod check;
mod collide;
mod compile;
mod config;
mod curves;
mod diff;
mod eval;
mod exit;
mod explain;
mod export;
mod fmt;
mod inspect;
mod keeping;
mod learn;
mod learn_args;
mod ledger;
mod ledger_args;
mod messages;
mod profile;
mod replay;
mod report;
mod rule_args;
mod rules;
mod scan;
mod schema;
mod table;
mod test;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::Exit;

/// Parses the arguments, runs the command, gives the exit code.
pub fn main() -> ExitCode {
    let given: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let full = match config::with_settings(given) {
        Ok(full) => full,
        Err(error) => {
            messages::error(&format!("{error:#}"));
            return Exit::CouldNotRun.code();
        }
    };
    let cli = match Cli::try_parse_from(full) {
        Ok(cli) => cli,
        Err(error) => return messages::usage(&error).code(),
    };
    messages::set_colour(cli.color);
    match run(cli.command) {
        Ok(exit) => exit.code(),
        Err(error) if messages::is_closed_pipe(&error) => Exit::Done.code(),
        Err(error) => {
            messages::error(&format!("{error:#}"));
            Exit::CouldNotRun.code()
        }
    }
}

fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Scan(args) => scan::run(&args),
        Command::Compile(args) => compile::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Fmt(args) => fmt::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Learn(args) => learn::run(&args),
        Command::Attack(args) => attack::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Profile(args) => profile::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Ledger(command) => ledger::run(&command),
        Command::Replay(args) => replay::run(&args),
        Command::Case(command) => case::run(&command),
        Command::Report(args) => report::run(&args),
        Command::Rulebook(args) => report::rulebook(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => schema::completions(&args),
        Command::Man => schema::man(),
    }
}
