//! One worker. In: frames; out: the lines of their verdicts and rejects, and
//! counters. Shares nothing with other workers but the scanner.

use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};

use super::{Batch, Done, Emit, Job, Tally};
use crate::base::int;
use crate::decode::{DecodeScratch, Item};
use crate::eval::Scratch;
use crate::sink;
use crate::verdict::Verdict;

/// Works until the channel closes.
pub(super) fn run(
    job: &Job<'_>,
    batches: &Receiver<Batch>,
    done: &Sender<Done>,
    halted: &AtomicBool,
) {
    let mut scratch = Scratch::default();
    let mut decode = DecodeScratch::default();
    for batch in batches {
        if halted.load(Ordering::Relaxed) {
            return;
        }
        let result = work(job, &batch, &mut scratch, &mut decode);
        if done.send(result).is_err() {
            return;
        }
    }
}

fn work(
    job: &Job<'_>,
    batch: &Batch,
    scratch: &mut Scratch,
    decode: &mut DecodeScratch,
) -> Done {
    let frame = &batch.frame;
    let source = &*frame.source;
    let meta = job.scanner.image().meta();
    let mut done = Done {
        number: batch.number,
        lines: Vec::new(),
        rejects: Vec::new(),
        tally: Tally::default(),
        stop: false,
    };
    done.tally.bytes = int::to_u64(frame.bytes.len());
    job.decoder.decode(frame, decode, &mut |item| {
        if done.stop {
            return;
        }
        match item {
            Item::Record(record) => {
                let outcome = job.scanner.scan(&record, scratch);
                done.tally.outcome(&outcome, meta);
                done.tally.textless += u64::from(record.fields.is_empty());
                let wanted = match job.emit {
                    Emit::All => true,
                    Emit::Flagged => outcome.verdict() > Verdict::Pass,
                    Emit::None => false,
                };
                if wanted {
                    let write = if job.annotate {
                        sink::annotated_line
                    } else {
                        sink::verdict_line
                    };
                    let lines = &mut done.lines;
                    write(job.scanner, source, &record, &outcome, lines);
                }
            }
            Item::Reject(reject) => {
                done.tally.reject(&reject);
                sink::reject_line(source, &reject, &mut done.rejects);
                done.stop = job.strict;
            }
        }
    });
    done
}
