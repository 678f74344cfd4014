//! `trommel schema`, `completions`, `man`: descriptions of the program
//! itself, made from the tables it runs on.

use clap::CommandFactory;

use super::args::{Cli, CompletionArgs, SchemaArgs, SchemaName};
use super::exit::Exit;
use super::messages;
use crate::evidence::{DSA_SCHEMA, EVIDENCE_SCHEMA};
use crate::sink;

pub fn run(args: &SchemaArgs) -> anyhow::Result<Exit> {
    let text = match args.name {
        SchemaName::Verdict => sink::VERDICT_SCHEMA,
        SchemaName::Evidence => EVIDENCE_SCHEMA,
        SchemaName::Dsa => DSA_SCHEMA,
        SchemaName::Reject => sink::REJECT_SCHEMA,
        SchemaName::Stats => sink::STATS_SCHEMA,
    };
    messages::stdout(text)?;
    Ok(Exit::Done)
}

pub fn completions(args: &CompletionArgs) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(args.shell, &mut command, "trommel", &mut text);
    messages::stdout(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}

pub fn man() -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    let command = Cli::command();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    for sub in command.get_subcommands() {
        let name = format!("trommel-{}", sub.get_name());
        let page = sub.clone().name(name.clone());
        clap_mangen::Man::new(page).render(&mut text)?;
        for inner in sub.get_subcommands() {
            let name = format!("{name}-{}", inner.get_name());
            let page = inner.clone().name(name);
            clap_mangen::Man::new(page).render(&mut text)?;
        }
    }
    messages::stdout(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}
