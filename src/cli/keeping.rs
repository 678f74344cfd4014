//! What `trommel scan` keeps: the ledger of a run, the archive, the brake's
//! memory.

use anyhow::{Context, bail};

use super::args::{LedgerSync, ScanArgs};
use super::messages;
use crate::base::clock::{self, Moment};
use crate::base::{hex, random};
use crate::eval::Scanner;
use crate::evidence::Deriver;
use crate::evidence::archive::Archive;
use crate::evidence::keys::Secret;
use crate::evidence::ledger::Book;
use crate::evidence::ledger::entry::Kind;
use crate::evidence::ledger::index::{Index, Wanted};
use crate::evidence::recorder::{self, Config, Recorder, SyncPolicy};
use crate::flow::Report;
use crate::fold::tables::TABLES_VERSION;
use crate::verdict::Brake;

/// What a run keeps. Nothing without `--ledger`.
pub struct Keeping {
    recorder: Option<Recorder>,
    deriver: Option<Deriver>,
    /// When these rules were first used, as far as the ledger knows.
    first_used: Option<Moment>,
}

impl Keeping {
    pub fn open(
        args: &ScanArgs,
        scanner: &Scanner,
    ) -> anyhow::Result<Keeping> {
        if args.rules.no_verify
            && (args.ledger.is_some() || args.archive.is_some())
        {
            bail!(
                "--no-verify: what is kept must rest on an image that is what \
                 its digest says; leave it out with --ledger and --archive"
            );
        }
        let Some(folder) = &args.ledger else {
            archive(args, scanner)?;
            return Ok(Keeping {
                recorder: None,
                deriver: None,
                first_used: None,
            });
        };
        let now = clock::now();
        let sync = match args.ledger_sync {
            LedgerSync::Batch => SyncPolicy::Batch,
            LedgerSync::Interval => SyncPolicy::Interval,
            LedgerSync::End => SyncPolicy::End,
        };
        let config = Config::new(folder)
            .key(args.ledger_key.clone())
            .store(args.store.clone())
            .sync(sync);
        let (mut recorder, recovery) = Recorder::open(&config, now)
            .with_context(|| format!("--ledger {}", folder.display()))?;
        for line in recorder::told(&recovery) {
            messages::warning(&line);
        }
        archive(args, scanner)?;
        let first_used = match scanner.policy().brake() {
            Some(_) => first_used(recorder.book(), scanner)?,
            None => None,
        };
        let run = hex::encode(&random::bytes::<8>()?);
        let refs = recorder.book().secret("refs")?;
        let seed = Secret::new(random::bytes()?);
        let days = args.appeal_days;
        let deriver = Deriver::new(scanner, refs, seed, run, days);
        let about = run_payload(&deriver, scanner);
        recorder.run_entry(Kind::Run, now, &about)?;
        Ok(Keeping {
            recorder: Some(recorder),
            deriver: Some(deriver),
            first_used,
        })
    }

    pub fn brake(&self, scanner: &Scanner) -> Option<Brake> {
        let limits = scanner.policy().brake()?;
        Some(Brake::new(limits.clone(), self.first_used))
    }

    /// What makes evidence and what keeps it.
    pub fn parts(&mut self) -> (Option<&Deriver>, Option<&mut Recorder>) {
        (self.deriver.as_ref(), self.recorder.as_mut())
    }

    /// Writes what the run counted.
    pub fn end(&mut self, report: &Report) -> anyhow::Result<()> {
        let (Some(recorder), Some(deriver)) =
            (&mut self.recorder, &self.deriver)
        else {
            return Ok(());
        };
        let tally = &report.tally;
        let [pass, held, taken] = tally.verdicts;
        let braked: u64 = tally.braked.values().sum();
        let payload = serde_json::json!({
            "schema": "trommel.run_end.v1",
            "run": deriver.run(),
            "records": tally.records,
            "verdicts": {"pass": pass, "report": held, "takedown": taken},
            "rejects": tally.reject_total(),
            "braked": braked,
            "interrupted": report.interrupted,
        });
        recorder
            .run_entry(Kind::RunEnd, clock::now(), &payload)
            .context("the end of the run could not be written")
    }
}

fn run_payload(deriver: &Deriver, scanner: &Scanner) -> serde_json::Value {
    serde_json::json!({
        "schema": "trommel.run.v1",
        "run": deriver.run(),
        "engine": env!("CARGO_PKG_VERSION"),
        "tables": TABLES_VERSION,
        "policy": scanner.policy().digest(),
        "digest": scanner.image().digest(),
        "packs": super::scan::pack_labels(scanner),
    })
}

/// Image and policy into the archive.
fn archive(args: &ScanArgs, scanner: &Scanner) -> anyhow::Result<()> {
    let own = args.ledger.as_ref().map(|ledger| ledger.join("archive"));
    let Some(folder) = args.archive.clone().or(own) else { return Ok(()) };
    let archive = Archive::new(&folder);
    let policy = scanner.policy();
    archive
        .put_image(scanner.image())
        .and_then(|()| archive.put_policy(policy.digest(), policy.text()))
        .with_context(|| format!("archive {}", folder.display()))
}

/// When a run with this image first began.
fn first_used(
    book: &Book,
    scanner: &Scanner,
) -> anyhow::Result<Option<Moment>> {
    let index = Index::open(book)?;
    let runs = Wanted { kind: Some(Kind::Run), ..Wanted::default() };
    for place in index.find(&runs)? {
        let run = index.read(&place)?.json()?;
        if run["digest"] == scanner.image().digest() {
            return Ok(Some(place.at));
        }
    }
    Ok(None)
}
