//! One source from its first byte to its last. In: its input; out: the
//! events of this source in order. Never opens anything.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Event;
use super::SourceError;
use super::columns;
use super::columns::Columnar;
use super::columns::Plan;
use super::cut::Cut;
use super::cut::Cutter;
use super::cut::Sizes;
use super::input::Input;
use super::input::Waited;
use super::sniff::Sniffer;
use super::sniff::Start;
use super::stream::End;
use crate::base::int::wide;
use crate::base::limits;
use crate::record::Format;
use crate::record::Frame;
use crate::record::FrameBytes;
use crate::record::FrameKind;
use crate::record::RejectReason;

/// What a feed has to say.
pub(super) enum Polled {
    Event(Event),
    /// Nothing yet.
    Idle,
    /// All events were given.
    Done,
}

pub(super) struct Feed {
    name: Arc<str>,
    /// `None` when the source is over or could not be opened.
    input: Option<Input>,
    sizes: Sizes,
    columns: Plan,
    sniffer: Sniffer,
    /// How long a stream was silent while its format was undecided.
    silence: Duration,
    /// Known once the sniffer is certain.
    cutter: Option<Cutter>,
    format: Format,
    header: Option<Arc<Vec<String>>>,
    bytes_out: u64,
    queue: VecDeque<Event>,
}

impl Feed {
    pub fn new(
        name: Arc<str>,
        input: Input,
        sizes: Sizes,
        columns: Plan,
        sniffer: Sniffer,
    ) -> Feed {
        Feed {
            name,
            input: Some(input),
            sizes,
            columns,
            sniffer,
            silence: Duration::ZERO,
            cutter: None,
            format: Format::Ndjson,
            header: None,
            bytes_out: 0,
            queue: VecDeque::new(),
        }
    }

    /// A source that could not be opened: its error, then its end.
    pub fn failed(name: Arc<str>, error: SourceError) -> Feed {
        let sizes = Sizes { batch: 1, record_max: 1, piece: 1 };
        let sniffer = Sniffer::new(super::FormatChoice::Text, None, 1);
        let empty = Input::Memory {
            buffer: Arc::default(),
            at: 0,
            progress: Arc::default(),
        };
        let columns = Plan {
            texts: Arc::default(),
            record_max: 1,
            chunk: 1,
            progress: Arc::default(),
        };
        let mut feed =
            Feed::new(Arc::clone(&name), empty, sizes, columns, sniffer);
        feed.input = None;
        let error = Event::SourceError { source: name, error };
        feed.queue.push_back(error);
        feed
    }

    /// The next event; waits at most once and at most `timeout`.
    pub fn next(&mut self, timeout: Duration) -> Polled {
        let mut waited = false;
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Polled::Event(event);
            }
            let Some(input) = &mut self.input else { return Polled::Done };
            input.gather();
            if self.step() {
                continue;
            }
            if waited {
                return Polled::Idle;
            }
            waited = true;
            self.wait(timeout);
        }
    }

    /// Whether what was read of this source is not all given yet, although
    /// no more is to be read: true for streams, whose reader is ahead.
    pub fn drains(&self) -> bool {
        self.input.as_ref().is_some_and(Input::is_stream)
            || !self.queue.is_empty()
    }

    /// Ends the source with what has arrived.
    pub fn close(&mut self) {
        if let Some(input) = &mut self.input {
            input.close();
        }
    }

    /// Queues events, decides the format or ends the source. False: bytes
    /// are needed.
    fn step(&mut self) -> bool {
        let Some(input) = &self.input else { return true };
        let Some(cutter) = &mut self.cutter else { return self.begin() };
        let closed = input.closed();
        // What is left of a broken source is no record, but the record that
        // is being given in pieces must get its last one.
        let end = closed && (!input.broken() || cutter.inside_oversize());
        let (line, offset) = cutter.position();
        let cut = cutter.cut(input.data(), end);
        let (size, skip, kind) = match cut {
            Cut::Records { size } => (size, 0, FrameKind::Records),
            Cut::Piece { size, skip, piece, last } => {
                (size, skip, FrameKind::Oversize { piece, last })
            }
            Cut::More if !closed => return false,
            Cut::More | Cut::End => {
                self.finish();
                return true;
            }
        };
        cutter.took(cut, &input.data()[..size + skip]);
        self.push_frame(size, line, offset, kind);
        self.skip(skip);
        true
    }

    /// Finds the format and the first record.
    fn begin(&mut self) -> bool {
        let Some(input) = &self.input else { return true };
        let wait = Duration::from_millis(limits::SNIFF_WAIT_MS);
        let quiet = self.silence >= wait;
        let closed = input.closed();
        match self.sniffer.start(input.data(), closed, quiet) {
            Start::Unknown => return false,
            Start::Records { format, header, skip, lines } => {
                let separator = format.separator();
                let cutter =
                    Cutter::new(self.sizes, separator, 1 + lines, wide(skip));
                self.cutter = Some(cutter);
                self.format = format;
                self.header = header;
                self.skip(skip);
            }
            Start::Columns(kind) => self.open_columns(kind),
            Start::Unreadable { reason, detail, raw } => {
                let kind = FrameKind::Damaged { reason, detail };
                self.push_frame(raw, 1, 0, kind);
                self.done();
            }
        }
        true
    }

    /// Puts a reader of columns between the input and the cutter.
    fn open_columns(&mut self, kind: Columnar) {
        let Some(input) = self.input.take() else { return };
        self.format = kind.format();
        match columns::open(kind, input, &self.columns) {
            Ok(stream) => {
                let sizes =
                    Sizes { batch: self.sizes.record_max, ..self.sizes };
                self.cutter = Some(Cutter::new(sizes, None, 1, 0));
                self.input = Some(Input::Stream(stream));
            }
            Err(error) => {
                let source = Arc::clone(&self.name);
                let error = Event::SourceError { source, error };
                self.queue.push_back(error);
                self.done();
            }
        }
    }

    fn wait(&mut self, timeout: Duration) {
        let Some(input) = &mut self.input else { return };
        if self.cutter.is_some() {
            input.wait(timeout);
            return;
        }
        let wait = Duration::from_millis(limits::SNIFF_WAIT_MS);
        let wait = timeout.min(wait.saturating_sub(self.silence));
        // Silent for long enough and still undecided: not a line is
        // complete, so nobody waits for a record.
        let wait = if wait.is_zero() { timeout } else { wait };
        match input.wait(wait) {
            Waited::Arrived => self.silence = Duration::ZERO,
            Waited::Nothing => self.silence += wait,
        }
    }

    fn skip(&mut self, size: usize) {
        if let Some(input) = &mut self.input {
            input.skip(size);
            self.bytes_out += wide(size);
        }
    }

    fn push_frame(
        &mut self,
        size: usize,
        line: u64,
        offset: u64,
        kind: FrameKind,
    ) {
        let bytes = match &mut self.input {
            Some(input) => input.take(size),
            None => FrameBytes::owned(Vec::new()),
        };
        self.bytes_out += wide(size);
        self.queue.push_back(Event::Frame(Frame {
            bytes,
            source: Arc::clone(&self.name),
            format: self.format,
            header: self.header.clone(),
            line,
            offset,
            kind,
        }));
    }

    /// Tells how the source ended.
    fn finish(&mut self) {
        let Some(input) = &mut self.input else { return };
        let rest = input.data().len();
        let position = self.cutter.as_ref().map(Cutter::position);
        let (line, offset) = position.unwrap_or((1, 0));
        match input.take_end() {
            End::Complete => {}
            End::Damaged(reason, detail) => {
                let kind = FrameKind::Damaged { reason, detail };
                self.push_frame(rest, line, offset, kind);
            }
            End::Failed(error) => {
                if rest > 0 {
                    let reason = RejectReason::Truncated;
                    let detail = format!(
                        "expected the rest of a record, found an error: \
                         {error}"
                    );
                    let kind = FrameKind::Damaged { reason, detail };
                    self.push_frame(rest, line, offset, kind);
                }
                self.queue.push_back(Event::SourceError {
                    source: Arc::clone(&self.name),
                    error: SourceError::read(error),
                });
            }
        }
        self.done();
    }

    fn done(&mut self) {
        let input = self.input.take();
        let stored = input.and_then(|input| input.stored_bytes());
        self.queue.push_back(Event::SourceDone {
            source: Arc::clone(&self.name),
            bytes_in: stored.unwrap_or(self.bytes_out),
            bytes_out: self.bytes_out,
        });
    }
}
