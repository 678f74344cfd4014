//! The pipeline: frames in, verdict lines out, on all cores, in bounded
//! memory. In: sources, a scanner, writers; out: a tally of what happened.
//! Knows no rules and no file formats; imports no rule compiler.
//!
//! ```text
//! caller's thread            workers (N)                  writer (1)
//! sources ─► tickets ─► bounded channel ─► decode, scan,
//!                                          format ─► channel ─► order ─► out
//!    ▲                                                             │
//!    └──────────── a ticket comes back for each written frame ─────┘
//! ```
//!
//! A frame needs a ticket from the moment it is read until its lines are
//! written. Their number bounds memory whatever happens downstream: a slow
//! reader of the output, or one frame that takes long while later ones are
//! done. Nothing waits for a fuller frame: sources give what is there.

mod order;
mod tally;
mod worker;

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::base::clock::Moment;
use crate::base::int;
use crate::decode::Decoder;
use crate::eval::Scanner;
use crate::evidence::recorder::Keeper;
use crate::evidence::{Deriver, Kept};
use crate::source::{Event, Frame, Next, Sources};
use crate::verdict::{Brake, Category};

pub use tally::{RuleCounts, Tally};

/// Which verdicts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    All,
    Flagged,
    None,
}

/// Frames in flight for each worker: one in work, one waiting for it, two
/// done and waiting for their turn.
const TICKETS_PER_WORKER: usize = 4;
/// How often the reading side looks at the stop flag when input is silent.
const POLL: Duration = Duration::from_millis(50);

/// What a run does.
pub struct Job<'a> {
    pub scanner: &'a Scanner,
    pub decoder: &'a Decoder,
    pub threads: usize,
    pub ordered: bool,
    pub emit: Emit,
    /// Echo the input object with a `trommel` member.
    pub annotate: bool,
    /// Stop at the first reject.
    pub strict: bool,
    /// Makes evidence of takedowns and reports, for `Outputs::keeper`.
    pub evidence: Option<&'a Deriver>,
    /// Takedowns have to ask `Outputs::brake`.
    pub brakes: bool,
}

impl Job<'_> {
    /// Whether anybody asks when a record was judged.
    fn keeps_time(&self) -> bool {
        self.evidence.is_some() || self.brakes
    }
}

/// Where results go.
pub struct Outputs<'a> {
    pub verdicts: Box<dyn Write + Send + 'a>,
    pub rejects: Option<Box<dyn Write + Send + 'a>>,
    /// Keeps evidence before the verdicts are written.
    pub keeper: Option<&'a mut dyn Keeper>,
    pub brake: Option<Brake>,
}

/// What the caller sees while it runs, on the caller's thread.
pub trait Observer {
    /// Called at least every 50 ms.
    fn tick(&mut self);
    /// A source could not be read, wholly or from some point on.
    fn source_error(&mut self, source: &str, error: &str);
    /// Something the user should know about a source.
    fn source_note(&mut self, source: &str, note: &str);
}

/// How a run ended.
#[derive(Debug, Default)]
pub struct Report {
    pub tally: Tally,
    /// Sources that failed.
    pub source_errors: usize,
    /// The stop flag ended it early.
    pub interrupted: bool,
    /// `strict` ended it early.
    pub stopped_by_reject: bool,
    /// Writing failed; a closed pipe is `ErrorKind::BrokenPipe`.
    pub output_error: Option<io::Error>,
}

/// A frame with its place in the order.
struct Batch {
    number: u64,
    frame: Frame,
}

/// What a worker made of a batch.
struct Done {
    number: u64,
    /// When it was judged, if anybody asks.
    at: Moment,
    lines: Vec<u8>,
    rejects: Vec<u8>,
    tally: Tally,
    /// A reject was met under `strict`: nothing after it counts.
    stop: bool,
    kept: Vec<Kept>,
    takedowns: Vec<Takedown>,
}

/// A takedown that the brake may make a report.
struct Takedown {
    /// Number of the record in its batch, from 1.
    position: u64,
    rule: u32,
    category: Category,
    /// Its bytes in `lines`, and what would stand there instead.
    line: Range<usize>,
    braked: Vec<u8>,
    /// Its evidence in `kept`.
    kept: Option<usize>,
}

/// What ended the writer.
#[derive(Default)]
struct Written {
    tally: Tally,
    stopped_by_reject: bool,
    error: Option<io::Error>,
}

/// Runs a job to the end of its sources, a stop, or a failed write.
pub fn run(
    job: &Job<'_>,
    mut sources: Sources,
    outputs: Outputs<'_>,
    stop: &AtomicBool,
    observer: &mut dyn Observer,
) -> Report {
    let workers = job.threads.max(1);
    let tickets = workers * TICKETS_PER_WORKER;
    let (ticket_tx, ticket_rx) = bounded::<()>(tickets);
    for _ in 0..tickets {
        // The channel holds exactly this many.
        let _ = ticket_tx.send(());
    }
    let (batch_tx, batch_rx) = bounded::<Batch>(tickets);
    let (done_tx, done_rx) = bounded::<Done>(tickets);
    let halted = AtomicBool::new(false);
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let mut all = Vec::with_capacity(workers);
        for _ in 0..workers {
            let (batches, done) = (batch_rx.clone(), done_tx.clone());
            let halted = &halted;
            all.push(scope.spawn(move || {
                let _alarm = Alarm(halted);
                worker::run(job, &batches, &done, halted);
            }));
        }
        drop((batch_rx, done_tx));
        let halted_by_writer = &halted;
        let writer = scope.spawn(move || {
            order::run(
                job.ordered,
                outputs,
                &done_rx,
                &ticket_tx,
                halted_by_writer,
            )
        });
        let side = Reading { job, stop, halted: &halted, observer };
        side.run(&mut sources, &ticket_rx, batch_tx, &mut report);
        let joined = all.into_iter().map(ScopedJoinHandle::join);
        let died = joined.filter(Result::is_err).count();
        match writer.join() {
            Ok(written) => {
                report.tally = written.tally;
                report.stopped_by_reject = written.stopped_by_reject;
                report.output_error = written.error;
            }
            Err(_) => {
                let error = io::Error::other("the writer thread died");
                report.output_error = Some(error);
            }
        }
        if died > 0 {
            let error = io::Error::other(
                "a worker died, which is a bug: what was read since then is \
                 not judged",
            );
            report.output_error.get_or_insert(error);
        }
    });
    report
}

/// Tells everybody to stop when its thread dies: nobody would wait for the
/// batch that is lost for any other reason.
struct Alarm<'a>(&'a AtomicBool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// The reading side.
struct Reading<'a> {
    job: &'a Job<'a>,
    /// Set by the signal handler.
    stop: &'a AtomicBool,
    /// Set by the writer when nothing more can be written.
    halted: &'a AtomicBool,
    observer: &'a mut dyn Observer,
}

impl Reading<'_> {
    fn run(
        mut self,
        sources: &mut Sources,
        tickets: &Receiver<()>,
        batches: Sender<Batch>,
        report: &mut Report,
    ) {
        let mut number = 0;
        loop {
            self.observer.tick();
            if self.halted.load(Ordering::Relaxed) {
                return;
            }
            if self.stop.load(Ordering::Relaxed) && !report.interrupted {
                report.interrupted = true;
                sources.stop();
            }
            match sources.next(POLL) {
                Next::Idle => {}
                Next::End => return,
                Next::Event(Event::Frame(frame)) => {
                    self.look_at(&frame);
                    if !self.take_ticket(tickets) {
                        return;
                    }
                    if batches.send(Batch { number, frame }).is_err() {
                        return;
                    }
                    number += 1;
                }
                Next::Event(Event::SourceError { source, error }) => {
                    report.source_errors += 1;
                    self.observer.source_error(&source, &error.to_string());
                }
                Next::Event(Event::SourceDone { .. }) => {}
            }
        }
    }

    /// Waits for a ticket. False when the writer has given up.
    fn take_ticket(&mut self, tickets: &Receiver<()>) -> bool {
        loop {
            match tickets.recv_timeout(POLL) {
                Ok(()) => return true,
                Err(error) if error.is_timeout() => {
                    self.observer.tick();
                    if self.halted.load(Ordering::Relaxed) {
                        return false;
                    }
                }
                Err(_) => return false,
            }
        }
    }

    /// Tells once when a table has no column that is scanned.
    fn look_at(&mut self, frame: &Frame) {
        let Some(header) = &frame.header else { return };
        let first = frame.line <= 2 || frame.offset == 0;
        if first && !self.job.decoder.has_text_column(header) {
            let columns = header.join(", ");
            let note = format!(
                "no text column among {columns}: every record passes \
                 unseen; name the text with --text"
            );
            self.observer.source_note(&frame.source, &note);
        }
    }
}

/// Number of workers when none is asked for.
pub fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Shared by `order` and `worker`: gives the ticket of a finished batch
/// back. The reading side may be gone; that is no error.
fn give_back(tickets: &Sender<()>) {
    let _ = tickets.try_send(());
}

/// A rate for people and statistics.
pub fn per_second(count: u64, elapsed: Duration) -> f64 {
    let seconds = elapsed.as_secs_f64();
    if seconds > 0.0 { int::to_f64(count) / seconds } else { 0.0 }
}

/// A stop flag to share with a signal handler.
pub fn stop_flag() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_dies_stops_the_run() {
        let halted = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let lives = scope.spawn(|| drop(Alarm(&halted)));
            assert!(lives.join().is_ok() && !halted.load(Ordering::Relaxed));
            let dies = scope.spawn(|| {
                let _alarm = Alarm(&halted);
                panic!("on purpose");
            });
            assert!(dies.join().is_err() && halted.load(Ordering::Relaxed));
        });
    }
}
