//! `trommel case`: complaints and reports, decided by people.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::json;

use super::exit::Exit;
use super::ledger::{author, book, content_of, deliver, store};
use super::ledger_args::{
    CaseCommand, CaseDecideArgs, CaseListArgs, CaseOpenArgs, CaseOutcome,
    CaseShowArgs, CaseState,
};
use super::messages;
use crate::base::{clock, escape};
use crate::evidence::audience;
use crate::evidence::cases::{self, Case, Opening, Ruling};
use crate::evidence::keys;
use crate::evidence::ledger::Book;
use crate::evidence::ledger::index::Index;
use crate::evidence::store::Store;
use crate::verdict::Category;

pub fn run(command: &CaseCommand) -> anyhow::Result<Exit> {
    match command {
        CaseCommand::Open(args) => open(args),
        CaseCommand::Decide(args) => decide(args),
        CaseCommand::List(args) => list(args),
        CaseCommand::Show(args) => show(args),
    }
}

fn open(args: &CaseOpenArgs) -> anyhow::Result<Exit> {
    let book = book(&args.ledger)?;
    let mut store = store(&book)?;
    let index = Index::open(&book)?;
    let now = clock::now();
    let found = index.resolve(&args.id);
    let case = if args.report {
        let evidence = match &found {
            Ok(place) => Some(index.evidence(place)?),
            // Nothing was decided about the item yet.
            Err(_) => None,
        };
        let name = args.category.as_deref().unwrap_or("custom");
        if Category::parse(name).is_none() {
            bail!("--category: no category is called {name:?}");
        }
        let reporter = args.reporter.as_deref().unwrap_or_default();
        let refs = book.secret("refs")?;
        let reporter = keys::reference(&refs, "reporter", reporter);
        let given = args.author.as_ref().map(|name| author(&book, name));
        let given = given.transpose()?;
        let known = evidence.as_ref().and_then(|e| e.item.author.clone());
        let item = evidence.as_ref().map_or(&args.id, |e| &e.item.id);
        let opening = Opening::Report {
            item,
            evidence: evidence.as_ref().map(|e| e.id.as_str()),
            author: given.as_deref().or(known.as_deref()),
            reporter: &reporter,
            category: name,
        };
        store.open_case(&opening, &args.text, now)?
    } else {
        let evidence = index.evidence(&found?)?;
        let opening = Opening::Complaint { evidence: &evidence };
        store.open_case(&opening, &args.text, now)?
    };
    deliver(&book, &mut store)?;
    print(&case, &[])?;
    Ok(Exit::Done)
}

/// A case as one line of JSON with further members.
fn print(
    case: &Case,
    more: &[(&str, serde_json::Value)],
) -> anyhow::Result<()> {
    let mut value = json!(case);
    for (name, member) in more {
        value[name] = member.clone();
    }
    if case.kind == "report" {
        value["feedback"] = json!(cases::feedback(case));
    }
    Ok(messages::stdout(&format!("{value}\n"))?)
}

fn decide(args: &CaseDecideArgs) -> anyhow::Result<Exit> {
    let book = book(&args.ledger)?;
    let mut store = store(&book)?;
    let outcome = match args.outcome {
        CaseOutcome::Uphold => "uphold",
        CaseOutcome::Overturn => "overturn",
        CaseOutcome::Modify => "modify",
    };
    let ruling = Ruling {
        outcome,
        reason: &args.reason,
        by: &args.by,
        at: clock::now(),
    };
    let case = store.decide_case(&args.case, &ruling)?;
    deliver(&book, &mut store)?;
    let mut more = Vec::new();
    if outcome == "overturn" && case.kind == "complaint" {
        match test_of(&book, &store, &case)? {
            Some(text) => {
                let path = write_test(args, &book, &case, &text)?;
                more.push(("test", json!(path.display().to_string())));
            }
            None => messages::warning(
                "the text is not whole any more: no test was made of it",
            ),
        }
    }
    print(&case, &more)?;
    Ok(Exit::Done)
}

fn test_of(
    book: &Book,
    store: &Store,
    case: &Case,
) -> anyhow::Result<Option<String>> {
    let Some(id) = &case.evidence else { return Ok(None) };
    let index = Index::open(book)?;
    let evidence = index.evidence(&index.resolve(id)?)?;
    let content = content_of(store, &evidence)?;
    Ok(content.and_then(|c| cases::must_pass(case, &evidence, &c)))
}

/// Where the test of an overturned decision lies.
pub fn test_path(book: &Book, case: &str) -> PathBuf {
    let name = Path::new(case).with_extension("toml");
    book.folder().join("must-pass").join(name)
}

fn write_test(
    args: &CaseDecideArgs,
    book: &Book,
    case: &Case,
    text: &str,
) -> anyhow::Result<PathBuf> {
    let path = match &args.test {
        Some(path) => path.clone(),
        None => {
            let path = test_path(book, &case.id);
            let folder = path.parent().unwrap_or(book.folder());
            keys::private_folder(folder)
                .with_context(|| folder.display().to_string())?;
            path
        }
    };
    std::fs::write(&path, text)
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

fn list(args: &CaseListArgs) -> anyhow::Result<Exit> {
    let book = book(&args.ledger)?;
    let store = store(&book)?;
    let state = match args.state {
        CaseState::Open => Some("open"),
        CaseState::Decided => Some("decided"),
        CaseState::All => None,
    };
    let all = store.cases(state)?;
    if args.json {
        for case in &all {
            print(case, &[])?;
        }
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for case in &all {
        let deadline = case.deadline.get(..10).unwrap_or("");
        let outcome = case.outcome.as_deref().unwrap_or("open");
        let category = case.category.as_deref().unwrap_or("-");
        let weight = case.weight.map_or(String::new(), |w| format!("  ×{w}"));
        let flag = case.flag.map_or(String::new(), |f| format!("  {f}"));
        text.push_str(&format!(
            "{}  {:9}  {:8}  until {deadline}  {category}  {}{weight}{flag}\n",
            case.id,
            case.kind,
            outcome,
            escape::terminal(&case.item)
        ));
    }
    text.push_str(&format!("{} cases\n", all.len()));
    messages::stdout(&text)?;
    Ok(Exit::Done)
}

fn show(args: &CaseShowArgs) -> anyhow::Result<Exit> {
    let book = book(&args.ledger)?;
    let store = store(&book)?;
    let case = store.case(&args.case)?;
    let mut more = vec![("text", json!(store.case_text(&case.id)?))];
    if let Some(id) = &case.evidence {
        let index = Index::open(&book)?;
        let place = index.resolve(id)?;
        let evidence = index.evidence(&place)?;
        let content = content_of(&store, &evidence)?;
        let decision =
            audience::reviewer(place.seq, &evidence, content.as_ref());
        more.push(("decision", decision));
    }
    print(&case, &more)?;
    Ok(Exit::Done)
}
