//! The writer. In: finished batches in any order; out: their lines, in input
//! order or as they come, and the sum of their counters. The only place
//! that writes results.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};

use super::{Done, Outputs, Written, give_back};

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
    for batch in done {
        if over {
            continue;
        }
        waiting.insert(batch.number, batch);
        loop {
            let batch = if ordered {
                waiting.remove(&next)
            } else {
                waiting.pop_first().map(|(_, batch)| batch)
            };
            let Some(batch) = batch else { break };
            next += 1;
            over = !one(&batch, &mut outputs, &mut written);
            give_back(tickets);
            if over {
                halted.store(true, Ordering::Relaxed);
                break;
            }
        }
    }
    if let Err(error) = flush(&mut outputs) {
        written.error.get_or_insert(error);
    }
    written
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
