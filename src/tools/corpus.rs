//! Going through a corpus on all cores. In: sources and a decoder; out: what
//! a function made of every record, merged. Judges nothing; counts what
//! could not be read.

use std::sync::Mutex;
use std::time::Duration;

use rayon::iter::{ParallelBridge, ParallelIterator};

use crate::decode::{DecodeScratch, Decoder, Item};
use crate::eval::Scratch;
use crate::lint::Collisions;
use crate::record::Record;
use crate::source::{Event, Frame, Next, Sources};

/// What could not be read.
#[derive(Clone, Debug, Default)]
pub struct Unread {
    pub rejects: u64,
    pub source_errors: Vec<String>,
}

/// Something that counts records and can be added up.
pub trait Tally: Default + Send {
    fn merge(&mut self, other: Self);
}

impl Tally for Collisions {
    fn merge(&mut self, other: Collisions) {
        Collisions::merge(self, other);
    }
}

/// Shows every record to `see`. Each thread has its own tally; they are
/// added up at the end, so the result does not depend on the threads as
/// long as `merge` does not depend on the order.
pub fn each<T: Tally>(
    decoder: &Decoder,
    mut sources: Sources,
    see: impl Fn(&Frame, Record<'_>, &mut Scratch, &mut T) + Sync,
) -> (T, Unread) {
    let broken = Mutex::new(Vec::new());
    let frames = std::iter::from_fn(|| {
        loop {
            match sources.next(Duration::from_millis(100)) {
                Next::Event(Event::Frame(frame)) => return Some(frame),
                Next::Event(Event::SourceError { source, error }) => {
                    if let Ok(mut broken) = broken.lock() {
                        broken.push(format!("{source}: {error}"));
                    }
                }
                Next::Event(Event::SourceDone { .. }) | Next::Idle => {}
                Next::End => return None,
            }
        }
    });
    let (tally, rejects) = frames
        .par_bridge()
        .map_init(
            || (Scratch::default(), DecodeScratch::default()),
            |(scratch, decode), frame| {
                let (mut tally, mut rejects) = (T::default(), 0);
                decoder.decode(&frame, decode, &mut |item| match item {
                    Item::Reject(reject) => rejects += u64::from(reject.last),
                    Item::Record(record) => {
                        see(&frame, record, scratch, &mut tally);
                    }
                });
                (tally, rejects)
            },
        )
        .reduce(
            || (T::default(), 0),
            |mut a, b| {
                a.0.merge(b.0);
                (a.0, a.1 + b.1)
            },
        );
    let source_errors = broken.into_inner().unwrap_or_default();
    (tally, Unread { rejects, source_errors })
}
