//! Settings. In: the arguments as given, `trommel.toml`, `TROMMEL_*`; out:
//! one list of arguments in which settings come first and flags, which win,
//! come last. Keys are the long flags of the command, so a new flag is a new
//! key without a line of code here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, CommandFactory};
use toml::de::DeTable;

use super::args::Cli;
use crate::base::near;

/// Flags that make no sense as a setting.
const NOT_SETTINGS: [&str; 3] = ["help", "version", "config"];

/// The arguments with settings put in after the command.
pub fn with_settings(given: Vec<OsString>) -> anyhow::Result<Vec<OsString>> {
    let command = Cli::command();
    let Some(at) = command_position(&given, &command) else {
        return Ok(given);
    };
    let name = given[at].to_string_lossy().into_owned();
    let Some(sub) = command.find_subcommand(&name) else {
        return Ok(given);
    };
    let mut settings = from_file(&given, &command, sub)?;
    settings.extend(from_environment(sub)?);
    let mut full = given;
    let tail = full.split_off(at + 1);
    full.extend(settings);
    full.extend(tail);
    Ok(full)
}

/// Where the command stands among the arguments: the first one that is no
/// flag and no value of a global flag.
fn command_position(
    given: &[OsString],
    command: &clap::Command,
) -> Option<usize> {
    let mut at = 1;
    while at < given.len() {
        let text = given[at].to_string_lossy();
        if let Some(flag) = text.strip_prefix("--") {
            let takes_next = !flag.contains('=')
                && command.get_arguments().any(|arg| {
                    arg.get_long() == Some(flag)
                        && arg.get_action().takes_values()
                });
            at += if takes_next { 2 } else { 1 };
            continue;
        }
        if text.starts_with('-') {
            at += 1;
            continue;
        }
        return Some(at);
    }
    None
}

fn flag<'c>(sub: &'c clap::Command, key: &str) -> Option<&'c Arg> {
    sub.get_arguments().find(|arg| {
        arg.get_long() == Some(key) && !NOT_SETTINGS.contains(&key)
    })
}

/// The settings file: `--config`, `./trommel.toml`, the user's.
fn settings_path(given: &[OsString]) -> anyhow::Result<Option<PathBuf>> {
    let mut rest = given.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        if text == "--" {
            break;
        }
        if text == "--config" {
            return Ok(rest.next().map(PathBuf::from));
        }
        if let Some(path) = text.strip_prefix("--config=") {
            return Ok(Some(PathBuf::from(path)));
        }
    }
    if let Some(path) = std::env::var_os("TROMMEL_CONFIG") {
        return Ok(Some(PathBuf::from(path)));
    }
    let local = PathBuf::from("trommel.toml");
    if local.is_file() {
        return Ok(Some(local));
    }
    let home = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| {
            std::env::var_os("HOME")
                .map(|home| Path::new(&home).join(".config"))
        });
    let user = home.map(|home| home.join("trommel").join("trommel.toml"));
    Ok(user.filter(|path| path.is_file()))
}

fn from_file(
    given: &[OsString],
    command: &clap::Command,
    sub: &clap::Command,
) -> anyhow::Result<Vec<OsString>> {
    let Some(path) = settings_path(given)? else { return Ok(Vec::new()) };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("settings file {shown}"))?;
    let table: toml::Table = toml::from_str(&text)
        .with_context(|| format!("settings file {shown}"))?;
    let mut out = Vec::new();
    for (name, entry) in &table {
        let Some(known) = command.find_subcommand(name) else {
            let names = command.get_subcommands().map(|c| c.get_name());
            let near = near::nearest(name, names);
            let hint = near
                .map(|near| format!("; did you mean [{near}]?"))
                .unwrap_or_default();
            bail!("{shown}: no command is called {name:?}{hint}");
        };
        let Some(entry) = entry.as_table() else {
            bail!("{shown}: {name} is not a table: write [{name}]");
        };
        for (key, value) in entry {
            let line = line_of(&text, name, key);
            let Some(arg) = flag(known, key) else {
                bail!("{shown}:{line}: {}", unknown_key(known, name, key));
            };
            if known.get_name() == sub.get_name() {
                let place = format!("{shown}:{line}: {name}.{key}");
                push_setting(arg, key, value, &place, &mut out)?;
            }
        }
    }
    Ok(out)
}

fn unknown_key(command: &clap::Command, name: &str, key: &str) -> String {
    let flags = command.get_arguments().filter_map(Arg::get_long);
    let near = near::nearest(key, flags);
    let hint =
        near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    format!("[{name}] has no key {key:?}{hint}")
}

fn push_setting(
    arg: &Arg,
    key: &str,
    value: &toml::Value,
    place: &str,
    out: &mut Vec<OsString>,
) -> anyhow::Result<()> {
    let scalar = |value: &toml::Value| match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        _ => None,
    };
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        match value {
            toml::Value::Boolean(true) => out.push(format!("--{key}").into()),
            toml::Value::Boolean(false) => {}
            _ => bail!("{place}: expected true or false"),
        }
        return Ok(());
    }
    let text = match value {
        toml::Value::Array(items) => {
            let all: Option<Vec<String>> = items.iter().map(scalar).collect();
            all.map(|all| all.join(","))
        }
        other => scalar(other),
    };
    let Some(text) = text else {
        bail!("{place}: expected a string, a number or an array");
    };
    let setting = OsString::from(format!("--{key}={text}"));
    check_value(arg, &setting, place)?;
    out.push(setting);
    Ok(())
}

/// Reads one flag alone, so that what is wrong with its value is told of the
/// place where it stands; of all arguments together it would be told as of a
/// flag that nobody typed.
fn check_value(
    arg: &Arg,
    setting: &OsString,
    place: &str,
) -> anyhow::Result<()> {
    let alone = clap::Command::new("trommel").arg(arg.clone());
    let given = [OsString::from("trommel"), setting.clone()];
    let Err(error) = alone.try_get_matches_from(given) else { return Ok(()) };
    let text = error.to_string();
    // The rest tells how flags are given.
    let text = text.split("\n\n").next().unwrap_or_default();
    bail!("{place}: {}", text.trim_start_matches("error: ").trim_end());
}

/// The line of a key, from 1 on.
fn line_of(text: &str, table: &str, key: &str) -> usize {
    let start = DeTable::parse(text).ok().and_then(|root| {
        let table = root.get_ref().get(table)?.get_ref().as_table()?;
        let found = table.keys().find(|known| known.get_ref() == key)?;
        Some(found.span().start)
    });
    let before = text.get(..start.unwrap_or(0)).unwrap_or_default();
    before.matches('\n').count() + 1
}

/// `TROMMEL_SCAN_FAIL_ON=takedown` is `--fail-on=takedown` of `scan`.
fn from_environment(sub: &clap::Command) -> anyhow::Result<Vec<OsString>> {
    let mut out = Vec::new();
    for arg in sub.get_arguments() {
        let Some(long) = arg.get_long() else { continue };
        if flag(sub, long).is_none() {
            continue;
        }
        let name = format!("TROMMEL_{}_{long}", sub.get_name())
            .replace('-', "_")
            .to_uppercase();
        let Some(value) = std::env::var_os(&name) else { continue };
        if matches!(arg.get_action(), ArgAction::SetTrue) {
            match value.to_str() {
                Some("1" | "true") => out.push(format!("--{long}").into()),
                Some("0" | "false" | "") => {}
                _ => bail!("{name}: expected true or false"),
            }
            continue;
        }
        let mut setting = OsString::from(format!("--{long}="));
        setting.push(value);
        check_value(arg, &setting, &name)?;
        out.push(setting);
    }
    Ok(out)
}
