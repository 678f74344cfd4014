//! The writer. In: finished batches in any order; out: their lines, in input
//! order or as they come, and the sum of their counters. The only place
//! that writes results, and so the place where the brake decides: it has to
//! see takedowns in their order.
//!
//! A ledger comes before the verdicts: what is ready is settled by the
//! brake, kept by the ledger as one append, and only then written.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::{Done, Outputs, Written, give_back};
use crate::base::clock::Stopwatch;
use crate::evidence::Kept;
use crate::verdict::{Brake, Verdict};

/// How often a ledger is looked after when nothing comes.
const IDLE: Duration = Duration::from_millis(100);

/// How long batches are gathered for one append to the ledger; a verdict
/// waits no longer than 50 ms in all.
const GATHER: Duration = Duration::from_millis(10);
/// How many are gathered at most. Fewer than there are tickets.
const GATHER_MAX: usize = 3;
const _: () = assert!(GATHER_MAX < super::TICKETS_PER_WORKER);

/// Writes until all workers are gone. When writing fails, or `strict` meets
/// a reject, it tells everybody to stop and only empties the channel.
pub(super) fn run(
    ordered: bool,
    mut outputs: Outputs<'_>,
    done: &Receiver<Done>,
    tickets: &Sender<()>,
    halted: &AtomicBool,
) -> Written {
    let mut written = Written::default();
    // Batches whose predecessors are not done. Never more than there are
    // tickets.
    let mut waiting: BTreeMap<u64, Done> = BTreeMap::new();
    let mut next = 0;
    let mut over = false;
    loop {
        match receive(done, &outputs) {
            Ok(batch) => waiting.insert(batch.number, batch),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => None,
        };
        if over {
            waiting.clear();
            continue;
        }
        if outputs.keeper.is_some() {
            gather(done, &mut waiting);
        }
        let mut ready = Vec::new();
        while let Some(batch) = if ordered {
            waiting.remove(&next)
        } else {
            waiting.pop_first().map(|(_, batch)| batch)
        } {
            next += 1;
            ready.push(batch);
        }
        over = !group(&mut ready, &mut outputs, &mut written);
        ready.iter().for_each(|_| give_back(tickets));
        if over {
            halted.store(true, Ordering::Relaxed);
        }
    }
    if let Err(error) = flush(&mut outputs) {
        written.error.get_or_insert(error);
    }
    written
}

/// The next batch; with a ledger not longer than it may be left alone.
fn receive(
    done: &Receiver<Done>,
    outputs: &Outputs<'_>,
) -> Result<Done, RecvTimeoutError> {
    match outputs.keeper {
        Some(_) => done.recv_timeout(IDLE),
        None => done.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

/// Others that are done soon make one append with the first.
fn gather(done: &Receiver<Done>, waiting: &mut BTreeMap<u64, Done>) {
    let deadline = Stopwatch::start();
    while waiting.len() < GATHER_MAX {
        let left = GATHER.saturating_sub(deadline.elapsed());
        match done.recv_timeout(left) {
            Ok(batch) => waiting.insert(batch.number, batch),
            Err(_) => return,
        };
    }
}

/// Settles, keeps and writes batches in their order. False: nothing more is
/// to be written.
fn group(
    ready: &mut Vec<Done>,
    outputs: &mut Outputs<'_>,
    written: &mut Written,
) -> bool {
    // Nothing after a reject under `strict` counts.
    if let Some(stop) = ready.iter().position(|batch| batch.stop) {
        ready.truncate(stop + 1);
    }
    let mut before = written.tally.records;
    for batch in ready.iter_mut() {
        if let Some(brake) = &mut outputs.brake {
            settle(batch, before, brake);
        }
        before += batch.tally.records;
    }
    if let Some(keeper) = &mut outputs.keeper {
        let kept: Vec<Kept> =
            ready.iter_mut().flat_map(|b| b.kept.drain(..)).collect();
        if let Err(error) = keeper.keep(&kept) {
            written.error = Some(io::Error::other(error));
            return false;
        }
    }
    ready.iter().all(|batch| one(batch, outputs, written))
}

/// Makes the takedowns of a batch reports that the brake does not let
/// through: their lines, their evidence, the counters.
fn settle(batch: &mut Done, before: u64, brake: &mut Brake) {
    let mut lines = Vec::new();
    let mut from = 0;
    let (taken, held) = (Verdict::Takedown.index(), Verdict::Report.index());
    for takedown in std::mem::take(&mut batch.takedowns) {
        let position = before + takedown.position;
        let trigger = brake.ask(takedown.rule, position, batch.at);
        let Some(trigger) = trigger else { continue };
        lines.extend_from_slice(&batch.lines[from..takedown.line.start]);
        lines.extend_from_slice(&takedown.braked);
        from = takedown.line.end;
        let tally = &mut batch.tally;
        tally.verdicts[taken] -= 1;
        tally.verdicts[held] += 1;
        if let Some(counts) = tally.categories.get_mut(&takedown.category) {
            counts[taken] -= 1;
            counts[held] += 1;
        }
        *tally.braked.entry((takedown.rule, trigger)).or_default() += 1;
        if let Some(kept) = takedown.kept {
            batch.kept[kept].brake(trigger);
        }
    }
    if from > 0 {
        lines.extend_from_slice(&batch.lines[from..]);
        batch.lines = lines;
    }
}

/// Writes one batch. False: nothing more is to be written.
fn one(
    batch: &Done,
    outputs: &mut Outputs<'_>,
    written: &mut Written,
) -> bool {
    written.tally.add(&batch.tally);
    let result = outputs.verdicts.write_all(&batch.lines).and_then(|()| {
        match &mut outputs.rejects {
            Some(rejects) => rejects.write_all(&batch.rejects),
            None => Ok(()),
        }
    });
    if let Err(error) = result {
        written.error = Some(error);
        return false;
    }
    written.stopped_by_reject = batch.stop;
    !batch.stop
}

fn flush(outputs: &mut Outputs<'_>) -> io::Result<()> {
    outputs.verdicts.flush()?;
    match &mut outputs.rejects {
        Some(rejects) => rejects.flush(),
        None => Ok(()),
    }
}
