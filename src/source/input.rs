//! The bytes of one source, from the last cut on. In: a file, a buffer or
//! the chunks of a reader thread; out: a view of what is there, and frames
//! taken from its front. Never decides where a record ends.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use crossbeam_channel::RecvTimeoutError;
use crossbeam_channel::TryRecvError;
use memmap2::Mmap;

use super::map;
use super::progress::Progress;
use super::stream::End;
use super::stream::Message;
use crate::base::int::wide;
use crate::record::FrameBytes;

/// Where the bytes come from.
pub(super) enum Input {
    Memory { buffer: Arc<Vec<u8>>, at: usize, progress: Arc<Progress> },
    Mapped(Mapped),
    Stream(Stream),
}

/// A file seen through one mapped segment at a time.
pub(super) struct Mapped {
    pub file: File,
    /// The next byte to take and the end, as offsets into the file.
    pub range: Range<u64>,
    /// Bytes that must be in view so that every cut can be decided.
    pub need: usize,
    /// Bytes of a segment, at least twice `need`.
    pub segment_bytes: usize,
    pub segment: Option<Arc<Mmap>>,
    /// The next byte to take in the segment.
    pub at: usize,
    pub failed: Option<io::Error>,
    pub progress: Arc<Progress>,
}

/// Chunks that arrive through a channel, joined.
pub(super) struct Stream {
    pub rx: Receiver<Message>,
    pub buffer: Vec<u8>,
    pub batch: usize,
    pub end: Option<End>,
    /// Bytes as stored, known at the end.
    pub stored: u64,
}

/// What became of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    Arrived,
    Nothing,
}

impl Input {
    /// Brings into view what can be had without waiting.
    pub fn gather(&mut self) {
        match self {
            Input::Memory { .. } => {}
            Input::Mapped(mapped) => mapped.gather(),
            Input::Stream(stream) => stream.gather(),
        }
    }

    /// The bytes in view.
    pub fn data(&self) -> &[u8] {
        match self {
            Input::Memory { buffer, at, .. } => &buffer[*at..],
            Input::Mapped(mapped) => match &mapped.segment {
                Some(segment) => &segment[mapped.at..],
                None => &[],
            },
            Input::Stream(stream) => &stream.buffer,
        }
    }

    /// Whether nothing follows the bytes in view.
    pub fn closed(&self) -> bool {
        match self {
            Input::Memory { .. } => true,
            Input::Mapped(mapped) => {
                mapped.failed.is_some() || mapped.rest_in_view()
            }
            Input::Stream(stream) => stream.end.is_some(),
        }
    }

    /// Whether the source is closed, but not because it was complete.
    pub fn broken(&self) -> bool {
        match self {
            Input::Memory { .. } => false,
            Input::Mapped(mapped) => mapped.failed.is_some(),
            Input::Stream(stream) => {
                !matches!(stream.end, None | Some(End::Complete))
            }
        }
    }

    /// How a closed source ended, once.
    pub fn take_end(&mut self) -> End {
        match self {
            Input::Memory { .. } => End::Complete,
            Input::Mapped(mapped) => {
                mapped.failed.take().map_or(End::Complete, End::Failed)
            }
            Input::Stream(stream) => {
                stream.end.take().unwrap_or(End::Complete)
            }
        }
    }

    /// Bytes as stored, when they are not the same as those that came out.
    pub fn stored_bytes(&self) -> Option<u64> {
        match self {
            Input::Stream(stream) => Some(stream.stored),
            _ => None,
        }
    }

    /// Whether bytes may have been read that are not in view yet.
    pub fn is_stream(&self) -> bool {
        matches!(self, Input::Stream(_))
    }

    /// Ends a stream here: nobody waits for a read that is under way.
    pub fn close(&mut self) {
        if let Input::Stream(stream) = self {
            stream.end.get_or_insert(End::Complete);
        }
    }

    /// Waits for bytes; only a stream has to.
    pub fn wait(&mut self, timeout: Duration) -> Waited {
        let Input::Stream(stream) = self else { return Waited::Arrived };
        match stream.rx.recv_timeout(timeout) {
            Ok(message) => stream.push(message),
            Err(RecvTimeoutError::Timeout) => return Waited::Nothing,
            Err(RecvTimeoutError::Disconnected) => stream.lost(),
        }
        Waited::Arrived
    }

    /// Takes bytes off the front.
    pub fn take(&mut self, size: usize) -> FrameBytes {
        match self {
            Input::Memory { buffer, at, progress } => {
                let range = *at..*at + size;
                *at = range.end;
                progress.add_consumed(wide(size));
                FrameBytes::shared(Arc::clone(buffer), range)
            }
            Input::Mapped(mapped) => mapped.take(size),
            Input::Stream(stream) => FrameBytes::owned(stream.take(size)),
        }
    }

    /// Drops bytes off the front.
    pub fn skip(&mut self, size: usize) {
        match self {
            Input::Stream(stream) => drop(stream.buffer.drain(..size)),
            _ => drop(self.take(size)),
        }
    }
}

impl Mapped {
    fn segment_size(&self) -> usize {
        self.segment.as_ref().map_or(0, |segment| segment.len())
    }

    fn rest_in_view(&self) -> bool {
        let in_view = wide(self.segment_size() - self.at);
        in_view == self.range.end - self.range.start
    }

    /// Maps on when too little is in view. A record on the seam is mapped
    /// twice; nothing is copied.
    fn gather(&mut self) {
        let in_view = self.segment_size() - self.at;
        if in_view >= self.need || self.rest_in_view() {
            return;
        }
        let rest = self.range.end - self.range.start;
        let size = usize::try_from(rest).unwrap_or(usize::MAX);
        let size = size.min(self.segment_bytes);
        match map::segment(&self.file, self.range.start, size) {
            Ok(segment) => {
                self.segment = Some(segment);
                self.at = 0;
            }
            Err(error) => self.failed = Some(error),
        }
    }

    fn take(&mut self, size: usize) -> FrameBytes {
        let range = self.at..self.at + size;
        self.at = range.end;
        self.range.start += wide(size);
        self.progress.add_consumed(wide(size));
        match &self.segment {
            Some(segment) => FrameBytes::mapped(Arc::clone(segment), range),
            None => FrameBytes::owned(Vec::new()),
        }
    }
}

impl Stream {
    /// Joins the chunks that are there, up to a batch. The caller cuts when
    /// this returns, so a batch that is not full waits for nobody.
    fn gather(&mut self) {
        let before = self.buffer.len();
        while self.end.is_none() && self.buffer.len() - before < self.batch {
            match self.rx.try_recv() {
                Ok(message) => self.push(message),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => self.lost(),
            }
        }
    }

    fn push(&mut self, message: Message) {
        match message {
            Message::Bytes(bytes) if self.buffer.is_empty() => {
                self.buffer = bytes;
            }
            Message::Bytes(bytes) => self.buffer.extend_from_slice(&bytes),
            Message::End(end, stored) => {
                self.end = Some(end);
                self.stored = stored;
            }
        }
    }

    /// The reader thread went away without a word.
    fn lost(&mut self) {
        let error = io::Error::other("the reader thread ended early");
        self.end = Some(End::Failed(error));
    }

    /// Takes bytes off the front; copies the smaller part.
    fn take(&mut self, size: usize) -> Vec<u8> {
        if size < self.buffer.len() / 2 {
            let head = self.buffer[..size].to_vec();
            self.buffer.drain(..size);
            return head;
        }
        let tail = self.buffer[size..].to_vec();
        self.buffer.truncate(size);
        std::mem::replace(&mut self.buffer, tail)
    }
}
