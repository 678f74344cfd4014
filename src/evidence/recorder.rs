//! Evidence of a running scan into its ledger. In: kept evidence in input
//! order; out: entries, sealed content, checkpoints. One thread.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::derive::Kept;
use super::ledger::entry::Kind;
use super::ledger::log::{New, Recovery};
use super::ledger::{Book, LedgerError, Writer};
use super::store::Store;
use crate::base::clock::{Moment, Stopwatch};
use crate::base::{int, limits};

/// When entries are written through to the disk, and so what a verdict that
/// was written promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Before the verdicts of the batch are written: a takedown or report
    /// that anybody has seen survives a power cut.
    Batch,
    /// At least once a second: it survives the death of the program at
    /// once, and a power cut after a second.
    #[default]
    Interval,
    /// At the end of a segment and of the run: it survives the death of the
    /// program; a power cut may take what the system had not written.
    End,
}

/// Keeps evidence before the verdicts it belongs to are written.
pub trait Keeper: Send {
    /// Keeps all or fails.
    fn keep(&mut self, kept: &[Kept]) -> Result<(), LedgerError>;
    /// Called several times a second, also when nothing comes.
    fn idle(&mut self) -> Result<(), LedgerError>;
}

/// How a ledger is written.
#[derive(Clone, Debug, Default)]
pub struct Config {
    folder: PathBuf,
    key: Option<PathBuf>,
    store: Option<String>,
    sync: SyncPolicy,
}

impl Config {
    pub fn new(folder: &Path) -> Config {
        Config { folder: folder.to_owned(), ..Config::default() }
    }

    pub fn key(mut self, key: Option<PathBuf>) -> Config {
        self.key = key;
        self
    }

    /// URL of the database for the content of a new ledger.
    pub fn store(mut self, url: Option<String>) -> Config {
        self.store = url;
        self
    }

    pub fn sync(mut self, sync: SyncPolicy) -> Config {
        self.sync = sync;
        self
    }
}

/// The writer of one run.
pub struct Recorder {
    book: Book,
    writer: Writer,
    store: Store,
    sync: SyncPolicy,
    /// Since the last write through to the disk.
    watch: Stopwatch,
    dirty: bool,
}

impl Recorder {
    /// Opens the ledger, or begins one, and delivers what waits.
    pub fn open(
        config: &Config,
        now: Moment,
    ) -> Result<(Recorder, Recovery), LedgerError> {
        let key = config.key.as_deref();
        let book = Book::open_or_create(&config.folder, key, now)?;
        let (mut writer, recovery) = book.writer(key, now)?;
        let durable = config.sync == SyncPolicy::Batch;
        let url = config.store.as_deref();
        let mut store = Store::open_at(&book, url, durable)?;
        store.deliver(&mut writer)?;
        let recorder = Recorder {
            book,
            writer,
            store,
            sync: config.sync,
            watch: Stopwatch::start(),
            dirty: false,
        };
        Ok((recorder, recovery))
    }

    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Writes what a run is about, or what it counted.
    pub fn run_entry(
        &mut self,
        kind: Kind,
        at: Moment,
        payload: &serde_json::Value,
    ) -> Result<(), LedgerError> {
        let payload = payload.to_string();
        let payload = payload.as_bytes();
        self.writer.log().append(&[New { kind, at, payload }])?;
        self.store.sync()?;
        self.writer.checkpoint()?;
        self.dirty = false;
        Ok(())
    }

    fn write_through(&mut self) -> Result<(), LedgerError> {
        if self.dirty {
            self.store.sync()?;
            self.writer.checkpoint()?;
            self.dirty = false;
        }
        self.watch = Stopwatch::start();
        Ok(())
    }
}

impl Keeper for Recorder {
    fn keep(&mut self, kept: &[Kept]) -> Result<(), LedgerError> {
        if kept.is_empty() {
            return self.idle();
        }
        // Content first: an entry must not name what was never kept.
        self.store.keep(kept)?;
        let entries: Vec<New<'_>> = kept
            .iter()
            .map(|kept| New {
                kind: Kind::Evidence,
                at: kept.at,
                payload: &kept.payload,
            })
            .collect();
        self.writer.log().append(&entries)?;
        self.dirty = true;
        if self.sync == SyncPolicy::Batch {
            self.writer.log().sync()?;
        }
        self.idle()
    }

    fn idle(&mut self) -> Result<(), LedgerError> {
        let waited = self.watch.elapsed();
        if waited < Duration::from_millis(limits::LEDGER_SYNC_MS) {
            return Ok(());
        }
        if self.store.is_waiting()? {
            self.store.deliver(&mut self.writer)?;
            self.dirty = false;
        }
        match self.sync {
            SyncPolicy::End => {
                self.watch = Stopwatch::start();
                Ok(())
            }
            SyncPolicy::Batch | SyncPolicy::Interval => self.write_through(),
        }
    }
}

/// Entries by kind, for messages.
pub fn told(recovery: &Recovery) -> Vec<String> {
    let mut lines = Vec::new();
    for (file, at, bytes) in &recovery.cut {
        lines.push(format!(
            "the ledger was not closed: {bytes} bytes of an append that was \
             never acknowledged were cut from {file} at byte {at} and kept \
             aside"
        ));
    }
    for (from, to) in &recovery.damaged {
        let count = to - from;
        lines.push(format!(
            "{count} ledger entries from {from} on are damaged: their place \
             in the tree is kept, their content is lost"
        ));
    }
    lines.extend(recovery.notes.iter().cloned());
    debug_assert!(int::to_u64(lines.len()) > 0 || recovery.is_clean());
    lines
}
