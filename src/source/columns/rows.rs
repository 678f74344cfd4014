//! The thread that turns rows into lines. In: the input of a feed; out:
//! chunks of lines and how the source ended. Never panics outward: what a
//! crate cannot stand about damaged bytes is damage.

use std::io;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Once;
use std::thread;

use arrow_array::RecordBatch;
use crossbeam_channel::Sender;

use super::Columnar;
use super::Plan;
use super::bytes::Bytes;
use super::bytes::Damage;
use super::line;
use super::line::Columns;
use crate::base::limits;
use crate::record::RejectReason;
use crate::source::SourceError;
use crate::source::input::Input;
use crate::source::input::Stream;
use crate::source::stream::End;
use crate::source::stream::Message;

const THREAD: &str = "trommel-columns";

/// Why reading stops early.
pub(super) enum Halt {
    /// The receiver is gone, or the user wants an end.
    Stopped,
    Damaged(RejectReason, String),
    Failed(io::Error),
}

impl Halt {
    pub fn corrupt(detail: String) -> Halt {
        Halt::Damaged(RejectReason::Corrupt, detail)
    }

    pub fn truncated(detail: String) -> Halt {
        Halt::Damaged(RejectReason::Truncated, detail)
    }
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Halt {
        match error.downcast::<Damage>() {
            Ok(Damage(reason, detail)) => Halt::Damaged(reason, detail),
            Err(error) => Halt::Failed(error),
        }
    }
}

/// Starts the thread. It is not joined: it may wait for a silent pipe for
/// ever, and it ends by itself when the receiver is dropped.
pub(super) fn start(
    kind: Columnar,
    input: Input,
    plan: &Plan,
) -> Result<Stream, SourceError> {
    hush();
    let (tx, rx) = crossbeam_channel::bounded(limits::CHUNKS_IN_FLIGHT);
    let rows = Rows { out: Vec::new(), plan: plan.clone(), tx };
    let spawned = thread::Builder::new()
        .name(THREAD.to_owned())
        .spawn(move || rows.run(kind, input));
    spawned.map_err(SourceError::read)?;
    let batch = plan.chunk;
    Ok(Stream { rx, buffer: Vec::new(), batch, end: None, stored: 0 })
}

/// Keeps panics of reader threads off the terminal: they are caught and told
/// as damage. Those of other threads are told as before.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().name() != Some(THREAD) {
                before(info);
            }
        }));
    });
}

/// Where lines are collected.
pub(super) struct Rows {
    out: Vec<u8>,
    plan: Plan,
    tx: Sender<Message>,
}

impl Rows {
    fn run(mut self, kind: Columnar, input: Input) {
        let mut bytes = Bytes::of(input, &self.plan.progress);
        let caught = catch_unwind(AssertUnwindSafe(|| match kind {
            #[cfg(feature = "arrow")]
            Columnar::Arrow => super::arrow::read(&mut bytes, &mut self),
            #[cfg(feature = "parquet")]
            Columnar::Parquet => super::parquet::read(&mut bytes, &mut self),
            // `open` lets neither of these through.
            #[cfg(not(feature = "arrow"))]
            Columnar::Arrow => Ok(()),
            #[cfg(not(feature = "parquet"))]
            Columnar::Parquet => Ok(()),
        }));
        let halt = caught.unwrap_or_else(|_| {
            let detail = "the reader of this format gave up on the data";
            Err(Halt::corrupt(detail.to_owned()))
        });
        let stopping = self.plan.progress.is_stopping();
        let end = match halt {
            Ok(()) => End::Complete,
            Err(Halt::Stopped) => End::Complete,
            // What looks cut was cut by the user.
            Err(_) if stopping => End::Complete,
            Err(Halt::Damaged(reason, detail)) => End::Damaged(reason, detail),
            Err(Halt::Failed(error)) => End::Failed(error),
        };
        if self.flush().is_ok() {
            // An error means that nobody listens any more.
            let _ = self.tx.send(Message::End(end, bytes.stored()));
        }
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Writes the rows of a batch as lines and hands them over.
    pub fn add(
        &mut self,
        batch: &RecordBatch,
        columns: &Columns,
    ) -> Result<(), Halt> {
        if self.plan.progress.is_stopping() {
            return Err(Halt::Stopped);
        }
        for row in 0..batch.num_rows() {
            let max = self.plan.record_max;
            line::push(batch, columns, row, max, &mut self.out);
            if self.out.len() >= self.plan.chunk {
                self.flush()?;
            }
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Halt> {
        if self.out.is_empty() {
            return Ok(());
        }
        let fresh = Vec::with_capacity(self.out.len());
        let full = std::mem::replace(&mut self.out, fresh);
        let sent = self.tx.send(Message::Bytes(full));
        sent.map_err(|_| Halt::Stopped)
    }
}
