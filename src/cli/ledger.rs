//! `trommel ledger`: what can be done with what was kept.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::json;

use super::exit::Exit;
use super::ledger_args::{
    CheckpointArgs, EraseArgs, EraseWhat, ExpireArgs, LedgerArgs,
    LedgerCommand, ProveArgs, ShowArgs, VerifyArgs, WantedArgs,
};
use super::table::Out;
use super::{export, messages};
use crate::base::clock::{self, Moment, Stopwatch};
use crate::base::{escape, int};
use crate::evidence::ledger::entry::Kind;
use crate::evidence::ledger::index::{Index, Wanted};
use crate::evidence::ledger::note::Verifier;
use crate::evidence::ledger::verify::{Verified, verify};
use crate::evidence::ledger::{Book, proof};
use crate::evidence::store::{CLASSES, Erase, Erased, Store};
use crate::evidence::{Content, Evidence, keys, recorder};
use crate::verdict::Category;

pub fn run(command: &LedgerCommand) -> anyhow::Result<Exit> {
    match command {
        LedgerCommand::Verify(args) => verify_ledger(args),
        LedgerCommand::Show(args) => show(args),
        LedgerCommand::Prove(args) => prove(args),
        LedgerCommand::Checkpoint(args) => checkpoint(args),
        LedgerCommand::Export(args) => export::run(args),
        LedgerCommand::Erase(args) => erase(args),
        LedgerCommand::Expire(args) => expire(args),
        LedgerCommand::Index(args) => index(args),
    }
}

pub fn book(args: &LedgerArgs) -> anyhow::Result<Book> {
    Ok(Book::open(&args.ledger)?)
}

pub fn store(book: &Book) -> anyhow::Result<Store> {
    Ok(Store::open(book, true)?)
}

/// Gives what waits to the ledger, or leaves it to the scan that writes it.
pub fn deliver(book: &Book, store: &mut Store) -> anyhow::Result<()> {
    match book.writer(None, clock::now()) {
        Ok((mut writer, recovery)) => {
            for line in recorder::told(&recovery) {
                messages::warning(&line);
            }
            store.deliver(&mut writer)?;
            Ok(())
        }
        Err(error) if error.is_locked() => {
            messages::note(
                "a scan is writing the ledger; it takes the entry over \
                 within a second",
            );
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// An author as in the records or as reference.
pub fn author(book: &Book, name: &str) -> anyhow::Result<String> {
    if name.starts_with("hk:") {
        return Ok(name.to_owned());
    }
    Ok(keys::reference(&book.secret("refs")?, "author", name))
}

/// The references that a person may have, as author and as reporter.
fn person(book: &Book, name: &str) -> anyhow::Result<Vec<String>> {
    let first = author(book, name)?;
    if first == name {
        return Ok(vec![first]);
    }
    let reporter = keys::reference(&book.secret("refs")?, "reporter", name);
    Ok(vec![first, reporter])
}

pub fn content_of(
    store: &Store,
    evidence: &Evidence,
) -> anyhow::Result<Option<Content>> {
    let Some(bytes) = store.content(&evidence.item.content)? else {
        return Ok(None);
    };
    let digest = crate::evidence::derive::content_digest(&bytes);
    if digest != evidence.item.digest {
        bail!("the content of {} is not what was judged", evidence.id);
    }
    Ok(Some(serde_json::from_slice(&bytes)?))
}

/// Where results go.
pub fn output(path: Option<&PathBuf>) -> anyhow::Result<Out> {
    match path {
        Some(path) if path != Path::new("-") => {
            let file = File::create(path)
                .with_context(|| format!("creating {}", path.display()))?;
            Ok(Box::new(BufWriter::new(file)))
        }
        _ => Ok(Box::new(BufWriter::new(io::stdout()))),
    }
}

fn verify_ledger(args: &VerifyArgs) -> anyhow::Result<Exit> {
    let book = book(&args.ledger)?;
    let verifier = match &args.key {
        Some(key) => Verifier::parse(key).context("--key")?,
        None => book.verifier()?,
    };
    let watch = Stopwatch::start();
    let mut problems = Vec::new();
    let mut checkpoints = Vec::new();
    match book.checkpoint_note()? {
        None => problems.push("no checkpoint was signed yet".to_owned()),
        Some(note) => match verifier.open(&note) {
            Ok(point) => checkpoints.push(point),
            Err(error) => problems.push(error.to_string()),
        },
    }
    if let Some(path) = &args.since {
        let note = std::fs::read_to_string(path)
            .with_context(|| path.display().to_string())?;
        match verifier.open(&note) {
            Ok(point) => checkpoints.push(point),
            Err(error) => {
                problems.push(format!("{}: {error}", path.display()));
            }
        }
    }
    let range = match (args.from, args.to) {
        (None, None) => None,
        (from, to) => Some(from.unwrap_or(0)..to.unwrap_or(u64::MAX)),
    };
    let empty = range.as_ref().filter(|range| range.is_empty()).cloned();
    if let Some(range) = empty {
        bail!("--from {} is not before --to {}", range.start, range.end);
    }
    let first = range.as_ref().map_or(0, |range| range.start);
    let mut found = verify(book.storage(), range, &checkpoints)?;
    found.problems.extend(problems);
    if first > 0 && first >= found.size {
        let size = found.size;
        found.problems.push(format!(
            "entry {first} is behind the last of {size} entries"
        ));
    }
    let seconds = watch.elapsed().as_secs_f64();
    if args.json {
        let signed = checkpoints.first().map(|point| point.size);
        messages::stdout(&(verify_json(&found, signed, seconds) + "\n"))?;
    } else {
        messages::stdout(&verify_text(&found, seconds))?;
    }
    Ok(if found.holds() { Exit::Done } else { Exit::Failed })
}

fn verify_json(found: &Verified, signed: Option<u64>, seconds: f64) -> String {
    json!({
        "ok": found.holds(),
        "entries": found.entries,
        "size": found.size,
        "signed": signed,
        "bytes": found.bytes,
        "damaged": found.damaged,
        "problems": found.problems,
        "notes": found.notes,
        "seconds": seconds,
    })
    .to_string()
}

fn verify_text(found: &Verified, seconds: f64) -> String {
    let mut text = String::new();
    for (from, to) in &found.damaged {
        let last = to - 1;
        text.push_str(&format!("damaged: entries {from} to {last}\n"));
    }
    for problem in &found.problems {
        text.push_str(&format!("wrong: {problem}\n"));
    }
    for note in &found.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    let rate = int::to_f64(found.bytes) / seconds.max(1e-9) / 1e6;
    text.push_str(&format!(
        "{}: {} entries intact, tree of {}, {} bytes, {rate:.0} MB/s\n",
        if found.holds() { "ok" } else { "FAILED" },
        found.entries,
        found.size,
        found.bytes
    ));
    text
}

fn show(args: &ShowArgs) -> anyhow::Result<Exit> {
    let book = book(&args.ledger)?;
    let index = Index::open(&book)?;
    let store = args.content.then(|| store(&book)).transpose()?;
    let places = if args.ids.is_empty() {
        index.find(&Wanted::default())?
    } else {
        let found: Result<Vec<_>, _> =
            args.ids.iter().map(|id| index.resolve(id)).collect();
        found?
    };
    let mut out = output(None)?;
    for place in places {
        let entry = index.read(&place)?;
        let mut value = json!({
            "seq": entry.seq,
            "kind": entry.kind.as_str(),
            "at": entry.at.rfc3339(),
            "payload": entry.json()?,
        });
        if let Some(store) = &store
            && entry.kind == Kind::Evidence
        {
            let evidence = index.evidence(&place)?;
            value["content"] = json!(content_of(store, &evidence)?);
        }
        writeln!(out, "{value}")?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn prove(args: &ProveArgs) -> anyhow::Result<Exit> {
    let book = book(&args.ledger)?;
    let index = Index::open(&book)?;
    let entry = index.read(&index.resolve(&args.id)?)?;
    let proof = proof::prove(&book, entry.seq, &entry.bytes)?;
    messages::stdout(&(serde_json::to_string(&proof)? + "\n"))?;
    Ok(Exit::Done)
}

fn checkpoint(args: &CheckpointArgs) -> anyhow::Result<Exit> {
    let book = book(&args.ledger)?;
    if args.key {
        messages::stdout(&format!("{}\n", book.identity().key))?;
        return Ok(Exit::Done);
    }
    let key = args.signing_key.as_deref();
    let note = match book.writer(key, clock::now()) {
        Ok((mut writer, recovery)) => {
            for line in recorder::told(&recovery) {
                messages::warning(&line);
            }
            let mut store = store(&book)?;
            store.deliver(&mut writer)?;
            writer.checkpoint()?
        }
        // The scan that writes it signs each second.
        Err(error) if error.is_locked() => match book.checkpoint_note()? {
            Some(note) => note,
            None => return Err(error.into()),
        },
        Err(error) => return Err(error.into()),
    };
    messages::stdout(&note)?;
    Ok(Exit::Done)
}

/// The selection by flags.
pub fn wanted(book: &Book, args: &WantedArgs) -> anyhow::Result<Wanted> {
    let moment = |text: &Option<String>, flag: &str| match text {
        None => Ok(None),
        Some(text) => match Moment::parse(text) {
            Some(moment) => Ok(Some(moment)),
            None => bail!(
                "{flag}: expected a date or an RFC 3339 time, found {text:?}"
            ),
        },
    };
    if let Some(name) = &args.category
        && Category::parse(name).is_none()
    {
        bail!("--category: no category is called {name:?}");
    }
    let author = args.author.as_ref().map(|name| author(book, name));
    Ok(Wanted {
        kind: Some(Kind::Evidence),
        since: moment(&args.since, "--since")?,
        until: moment(&args.until, "--until")?,
        category: args.category.clone(),
        rule: args.rule.clone(),
        verdict: None,
        author: author.transpose()?,
    })
}

fn erase(args: &EraseArgs) -> anyhow::Result<Exit> {
    let book = book(&args.ledger)?;
    let mut store = store(&book)?;
    let now = clock::now();
    let what = match &args.what {
        EraseWhat { author: Some(name), .. } => {
            Erase::Person(person(&book, name)?)
        }
        EraseWhat { item: Some(id), .. } => {
            let index = Index::open(&book)?;
            let evidence = index.evidence(&index.resolve(id)?)?;
            Erase::Item(evidence.item.content)
        }
        EraseWhat { older_than, .. } => {
            let age = older_than.as_deref().unwrap_or_default();
            match clock::parse_span_ms(age) {
                Some(age) => Erase::Before(now.minus_ms(age)),
                None => bail!(
                    "--older-than: expected a time like 365d, found {age:?}"
                ),
            }
        }
    };
    if args.dry_run {
        let plan = store.plan(&what)?;
        messages::stdout(&told(&plan, "would be "))?;
        return Ok(Exit::Done);
    }
    let erased = store.erase(&what, &args.reason, now)?;
    forget_tests(&book, &erased)?;
    deliver(&book, &mut store)?;
    messages::stdout(&told(&erased, ""))?;
    Ok(Exit::Done)
}

/// Removes the tests that overturned decisions became: they hold the text.
fn forget_tests(book: &Book, erased: &Erased) -> anyhow::Result<()> {
    for case in &erased.tests {
        let path = super::case::test_path(book, case);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).context(path.display().to_string());
            }
            _ => {}
        }
    }
    Ok(())
}

fn told(erased: &Erased, would: &str) -> String {
    let mut text = format!("{} contents {would}erased\n", erased.ids.len());
    if !erased.notes.is_empty() {
        let count = erased.notes.len();
        text.push_str(&format!("{count} texts of cases {would}erased\n"));
    }
    if !erased.tests.is_empty() {
        let count = erased.tests.len();
        text.push_str(&format!("{count} must-pass tests {would}removed\n"));
    }
    if erased.key_destroyed {
        text.push_str(&format!("the author's key {would}destroyed\n"));
    }
    if erased.held > 0 {
        text.push_str(&format!("{} kept for open cases\n", erased.held));
    }
    text
}

fn expire(args: &ExpireArgs) -> anyhow::Result<Exit> {
    let book = book(&args.ledger)?;
    let mut store = store(&book)?;
    let now = clock::now();
    let mut days = BTreeMap::new();
    for entry in &args.days {
        let parsed = entry.split_once('=').and_then(|(class, days)| {
            Some((class, days.parse::<u64>().ok()?))
        });
        let Some((class, number)) =
            parsed.filter(|(class, _)| CLASSES.contains(class))
        else {
            let entry = escape::terminal(entry);
            bail!(
                "--days {entry}: expected CLASS=DAYS with one of the \
                 classes {}",
                CLASSES.join(", ")
            );
        };
        days.insert(class.to_owned(), number);
    }
    let what = Erase::Expired { days, now };
    if !args.apply {
        let plan = store.plan(&what)?;
        messages::stdout(&told(&plan, "would be "))?;
        return Ok(Exit::Done);
    }
    let erased = store.erase(&what, "retention", now)?;
    forget_tests(&book, &erased)?;
    deliver(&book, &mut store)?;
    messages::stdout(&told(&erased, ""))?;
    Ok(Exit::Done)
}

fn index(args: &LedgerArgs) -> anyhow::Result<Exit> {
    let book = book(args)?;
    let index = Index::rebuild(&book)?;
    let count = index.find(&Wanted::default())?.len();
    messages::stdout(&format!("{count} entries\n"))?;
    Ok(Exit::Done)
}
