//! One worker. In: frames; out: the lines of their verdicts and rejects, and
//! counters. Shares nothing with other workers but the scanner.

use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};

use super::{Batch, Done, Emit, Job, Takedown, Tally};
use crate::base::clock::{self, Moment};
use crate::base::int;
use crate::decode::{DecodeScratch, Item};
use crate::eval::{Outcome, Scratch};
use crate::evidence::{Deriver, EvidenceBatch};
use crate::record::Record;
use crate::sink;
use crate::verdict::{Category, Verdict};

/// Works until the channel closes.
pub(super) fn run(
    job: &Job<'_>,
    batches: &Receiver<Batch>,
    done: &Sender<Done>,
    halted: &AtomicBool,
) {
    let mut scratch = Scratch::default();
    let mut decode = DecodeScratch::default();
    // Bytes of lines to expect: those of the batch before and some more.
    let mut usual = 0;
    for batch in batches {
        if halted.load(Ordering::Relaxed) {
            return;
        }
        let lines = Vec::with_capacity(usual);
        let result = work(job, &batch, lines, &mut scratch, &mut decode);
        usual = result.lines.len() + result.lines.len() / 16;
        if done.send(result).is_err() {
            return;
        }
    }
}

fn work(
    job: &Job<'_>,
    batch: &Batch,
    lines: Vec<u8>,
    scratch: &mut Scratch,
    decode: &mut DecodeScratch,
) -> Done {
    let frame = &batch.frame;
    let source = &*frame.source;
    let meta = job.scanner.image().meta();
    let mut done = Done {
        number: batch.number,
        at: match job.keeps_time() {
            true => clock::now(),
            false => Moment::default(),
        },
        lines,
        rejects: Vec::new(),
        tally: Tally::default(),
        stop: false,
        kept: Vec::new(),
        takedowns: Vec::new(),
    };
    done.tally.bytes = int::to_u64(frame.bytes.len());
    let mut evidence = job.evidence.map(|deriver| {
        let batch = deriver.batch(done.number, done.at);
        (deriver, batch)
    });
    job.decoder.decode(frame, decode, &mut |item| {
        if done.stop {
            return;
        }
        match item {
            Item::Record(record) => {
                let outcome = job.scanner.scan(&record, scratch);
                done.tally.outcome(&outcome, meta);
                done.tally.textless += u64::from(record.fields.is_empty());
                let evidence = evidence.as_mut();
                judged(job, source, &record, outcome, evidence, &mut done);
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

/// The line of a judged record, and what the ledger and the brake need.
fn judged(
    job: &Job<'_>,
    source: &str,
    record: &Record<'_>,
    outcome: Outcome,
    evidence: Option<&mut (&Deriver, EvidenceBatch)>,
    done: &mut Done,
) {
    let wanted = match job.emit {
        Emit::All => true,
        Emit::Flagged => outcome.verdict() > Verdict::Pass,
        Emit::None => false,
    };
    let write = match job.annotate {
        true => sink::annotated_line,
        false => sink::verdict_line,
    };
    let start = done.lines.len();
    if wanted {
        write(job.scanner, source, record, &outcome, &mut done.lines);
    }
    if outcome.verdict() == Verdict::Pass {
        return;
    }
    let kept = evidence.and_then(|(deriver, batch)| {
        deriver.derive(job.scanner, source, record, &outcome, batch)
    });
    let index = done.kept.len();
    let has_evidence = kept.is_some();
    done.kept.extend(kept);
    let Some(deciding) = outcome.deciding() else { return };
    if !job.brakes || outcome.verdict() != Verdict::Takedown {
        return;
    }
    let rule = deciding.rule;
    let meta = &job.scanner.image().meta().rules[int::to_usize(rule)];
    let category = Category::parse(&meta.category);
    let mut braked = Vec::new();
    if wanted {
        let outcome = outcome.brake();
        write(job.scanner, source, record, &outcome, &mut braked);
    }
    done.takedowns.push(Takedown {
        position: done.tally.records,
        rule,
        category: category.unwrap_or(Category::Custom),
        line: start..done.lines.len(),
        braked,
        kept: has_evidence.then_some(index),
    });
}
