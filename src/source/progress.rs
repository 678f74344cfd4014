//! How far reading has come. In: sizes as they become known, bytes as they
//! are read; out: two numbers for a progress bar. Never printed here.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Bytes as stored (compressed ones count compressed).
#[derive(Debug, Default)]
pub struct Progress {
    /// Written by reader threads and by the thread that calls
    /// [`super::Sources::next`]; read by whoever draws. Nobody waits for it.
    consumed: AtomicU64,
    /// Written once, when the paths are expanded.
    total: AtomicU64,
    /// Set once, when a source without a size is among the paths.
    open_ended: AtomicBool,
    /// Set once by [`super::Sources::stop`]; reader threads look at it
    /// before each read and end as if the input did.
    stopping: AtomicBool,
}

impl Progress {
    /// Bytes read so far.
    pub fn consumed_bytes(&self) -> u64 {
        self.consumed.load(Ordering::Relaxed)
    }

    /// Bytes of all files together, or `None` when a stream is among them.
    pub fn total_bytes(&self) -> Option<u64> {
        let open_ended = self.open_ended.load(Ordering::Relaxed);
        (!open_ended).then(|| self.total.load(Ordering::Relaxed))
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(super) fn add_consumed(&self, bytes: u64) {
        self.consumed.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_total(&self, bytes: Option<u64>) {
        match bytes {
            Some(bytes) => {
                self.total.fetch_add(bytes, Ordering::Relaxed);
            }
            None => self.open_ended.store(true, Ordering::Relaxed),
        }
    }
}
