//! Bytes in. In: paths (files, folders, patterns, standard input), perhaps
//! compressed; out: frames of whole records with exact line numbers and
//! offsets, and what went wrong on the way. Never decodes a record, knows no
//! rules.
//!
//! Regular files are mapped and cut without copying. Everything else is read
//! by a thread, decompressed there, and handed over in chunks; frames then
//! own their bytes. Nothing waits for a fuller batch: when no more chunks
//! are there, the complete records so far go out.
//!
//! The caller pulls events with a time limit, so it can look at a stop flag
//! while standard input is silent:
//!
//! ```
//! use std::time::Duration;
//! use trommel::source::{Event, FormatChoice, Next};
//! use trommel::source::{SourceConfig, Sources};
//!
//! let input: &[u8] = b"first\nsecond\n";
//! let config = SourceConfig::new().format(FormatChoice::Text);
//! let mut sources = Sources::of_reader("example", input, config);
//! let mut lines = 0;
//! loop {
//!     match sources.next(Duration::from_millis(100)) {
//!         Next::Event(Event::Frame(frame)) => {
//!             lines += frame.bytes.iter().filter(|&&b| b == b'\n').count();
//!         }
//!         Next::Event(_) | Next::Idle => {}
//!         Next::End => break,
//!     }
//! }
//! assert_eq!(lines, 2);
//! ```

mod columns;
mod cut;
mod error;
mod feed;
mod inflate;
mod input;
mod map;
mod open;
mod paths;
mod progress;
mod sniff;
mod stream;

use std::collections::VecDeque;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use crate::record::Format;
pub use crate::record::Frame;
pub use crate::record::FrameBytes;
pub use crate::record::FrameKind;
pub use error::SourceError;
pub use progress::Progress;
pub use sniff::FormatChoice;

use crate::base::limits;
use feed::Feed;
use feed::Polled;
use paths::Item;

/// Files opened ahead of the one being read, so that the next compressed
/// file is already being decompressed.
const AHEAD: usize = 2;

/// How sources are read.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    format: FormatChoice,
    batch_bytes: usize,
    record_bytes_max: usize,
    piece_bytes: usize,
    segment_bytes: usize,
    map_files: bool,
    texts: Arc<[Vec<String>]>,
}

impl Default for SourceConfig {
    fn default() -> SourceConfig {
        SourceConfig::new()
    }
}

impl SourceConfig {
    /// The limits of the program and `auto` format.
    pub fn new() -> SourceConfig {
        SourceConfig {
            format: FormatChoice::Auto,
            batch_bytes: limits::BATCH_BYTES,
            record_bytes_max: limits::RECORD_BYTES_MAX,
            piece_bytes: limits::REJECT_PIECE_BYTES_MAX,
            segment_bytes: limits::MAP_SEGMENT_BYTES,
            map_files: true,
            texts: Arc::default(),
        }
    }

    pub fn format(mut self, format: FormatChoice) -> SourceConfig {
        self.format = format;
        self
    }

    /// Bytes a frame aims at; at least 1, at most the record limit.
    pub fn batch_bytes(mut self, bytes: usize) -> SourceConfig {
        self.batch_bytes = bytes;
        self
    }

    /// Longest record without its line end; at least 1.
    pub fn record_bytes_max(mut self, bytes: usize) -> SourceConfig {
        self.record_bytes_max = bytes;
        self
    }

    /// Longest piece of an oversize record; at most the record limit.
    pub fn piece_bytes(mut self, bytes: usize) -> SourceConfig {
        self.piece_bytes = bytes;
        self
    }

    /// Bytes of a file that are mapped at a time; raised to what the record
    /// limit needs.
    pub fn segment_bytes(mut self, bytes: usize) -> SourceConfig {
        self.segment_bytes = bytes;
        self
    }

    /// Whether large files are mapped (default) or read. Reading is slower
    /// but safe with files that shrink meanwhile.
    pub fn map_files(mut self, map: bool) -> SourceConfig {
        self.map_files = map;
        self
    }

    /// Where texts are, as keys from the top. Formats with types need it:
    /// bytes are text there, and at other places ids or nothing.
    pub fn texts(mut self, paths: Vec<Vec<String>>) -> SourceConfig {
        self.texts = paths.into();
        self
    }

    /// The values brought into the order the cutter relies on.
    fn checked(mut self) -> SourceConfig {
        let record_max = self.record_bytes_max.max(1);
        self.record_bytes_max = record_max;
        self.batch_bytes = self.batch_bytes.clamp(1, record_max);
        self.piece_bytes = self.piece_bytes.clamp(1, record_max);
        self
    }
}

/// What happens while reading, in the order of the input.
#[derive(Debug)]
pub enum Event {
    Frame(Frame),
    /// A source that cannot be opened or read on. What was read before has
    /// gone out. The run goes on with the next source.
    SourceError {
        source: Arc<str>,
        error: SourceError,
    },
    /// The last event of every source that was opened.
    SourceDone {
        source: Arc<str>,
        /// Bytes as stored: compressed ones compressed.
        bytes_in: u64,
        /// Bytes given out, with headers and line ends.
        bytes_out: u64,
    },
}

/// What a call of [`Sources::next`] found.
#[derive(Debug)]
pub enum Next {
    Event(Event),
    /// Nothing to give yet: nothing arrived in time, or no whole record.
    Idle,
    /// All sources are done.
    End,
}

/// A list of sources, read one after the other.
pub struct Sources {
    config: SourceConfig,
    items: VecDeque<Item>,
    /// The one being read, then those opened ahead.
    open: VecDeque<Feed>,
    progress: Arc<Progress>,
}

impl Sources {
    /// Expands the paths (none: standard input) and opens the first of
    /// them. Never fails: what is wrong with a path comes as an event.
    pub fn open(paths: &[PathBuf], config: SourceConfig) -> Sources {
        let items = paths::expand(paths);
        let progress = Arc::new(Progress::default());
        for item in &items {
            match item {
                Item::Stdin => progress.add_total(None),
                Item::Path(_, size) => progress.add_total(*size),
                Item::Broken(..) => {}
            }
        }
        Sources {
            config: config.checked(),
            items: items.into(),
            open: VecDeque::new(),
            progress,
        }
    }

    /// Reads one source from a reader; its format is told by its bytes.
    pub fn of_reader(
        name: &str,
        input: impl Read + Send + 'static,
        config: SourceConfig,
    ) -> Sources {
        let config = config.checked();
        let progress = Arc::new(Progress::default());
        progress.add_total(None);
        let input = Box::new(input);
        let feed =
            open::reader(Arc::from(name), None, input, &config, &progress);
        Sources {
            config,
            items: VecDeque::new(),
            open: VecDeque::from([feed]),
            progress,
        }
    }

    /// The next event. Waits for input at most `timeout`.
    pub fn next(&mut self, timeout: Duration) -> Next {
        loop {
            self.open_ahead();
            let Some(feed) = self.open.front_mut() else { return Next::End };
            match feed.next(timeout) {
                Polled::Event(event) => return Next::Event(event),
                // The reader is blocked in a read that may never end.
                Polled::Idle if self.progress.is_stopping() => feed.close(),
                Polled::Idle => return Next::Idle,
                Polled::Done => drop(self.open.pop_front()),
            }
        }
    }

    /// Bytes of all sources, unless a stream is among them.
    pub fn total_bytes_hint(&self) -> Option<u64> {
        self.progress.total_bytes()
    }

    /// The numbers behind a progress bar; they go on being updated.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Opens the source in turn and, if they are files, the next ones.
    /// Reads no further: files end where they are, a stream gives what its
    /// reader had read. [`Sources::next`] then comes to its end.
    pub fn stop(&mut self) {
        self.progress.stop();
        self.items.clear();
        self.open.truncate(1);
        if self.open.front().is_some_and(|feed| !feed.drains()) {
            self.open.clear();
        }
    }

    fn open_ahead(&mut self) {
        while let Some(item) = self.items.front() {
            let is_file = matches!(item, Item::Path(_, Some(_)));
            let wanted = match self.open.len() {
                0 => true,
                count => is_file && count <= AHEAD,
            };
            if !wanted {
                return;
            }
            if let Some(item) = self.items.pop_front() {
                let feed = open::item(item, &self.config, &self.progress);
                self.open.push_back(feed);
            }
        }
    }
}
