//! Opening sources. In: an item of the path list or a reader; out: a feed,
//! which may be one that only tells its error. Never blocks: what may wait
//! when opened (a named pipe) is opened by its reader thread.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::os::fd::AsFd;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use rustix::event::PollFd;
use rustix::event::PollFlags;

use super::SourceConfig;
use super::SourceError;
use super::columns::Plan;
use super::cut::Sizes;
use super::feed::Feed;
use super::inflate::Magic;
use super::inflate::magic;
use super::input::Input;
use super::input::Mapped;
use super::input::Stream;
use super::paths::Item;
use super::progress::Progress;
use super::sniff::Sniffer;
use super::stream;
use super::stream::End;
use crate::base::int::wide;
use crate::base::limits;

/// A feed over an item.
pub(super) fn item(
    item: Item,
    config: &SourceConfig,
    progress: &Arc<Progress>,
) -> Feed {
    match item {
        Item::Broken(path, error) => Feed::failed(name(&path), error),
        Item::Stdin => {
            // A copy of the descriptor: `Stdin` would buffer a second time.
            let copy = io::stdin().as_fd().try_clone_to_owned();
            let feed = copy.and_then(|copy| {
                file(File::from(copy), None, config, progress)
            });
            feed.unwrap_or_else(|error| {
                Feed::failed(Arc::from("-"), SourceError::open(error))
            })
        }
        Item::Path(path, Some(size)) => {
            let feed = File::open(&path)
                .and_then(|open| file(open, Some(&path), config, progress));
            feed.unwrap_or_else(|error| {
                // So that the bar reaches its end.
                progress.add_consumed(size);
                Feed::failed(name(&path), SourceError::open(error))
            })
        }
        Item::Path(path, None) => {
            let rest = Box::new(Later::Path(path.clone()));
            reader(name(&path), Some(&path), rest, config, progress)
        }
    }
}

/// A feed over anything that can be read, by a thread of its own.
pub(super) fn reader(
    name: Arc<str>,
    path: Option<&Path>,
    rest: Box<dyn Read + Send>,
    config: &SourceConfig,
    progress: &Arc<Progress>,
) -> Feed {
    let input = stream::Input {
        head: Vec::new(),
        rest,
        blocks: true,
        chunk: config.batch_bytes,
        progress: Arc::clone(progress),
    };
    streamed(name, path, input, config)
}

fn name(path: &Path) -> Arc<str> {
    Arc::from(path.to_string_lossy())
}

/// A feed over an open file. `None` as path is standard input, which may
/// well be a regular file and stand anywhere in it.
fn file(
    mut file: File,
    path: Option<&Path>,
    config: &SourceConfig,
    progress: &Arc<Progress>,
) -> io::Result<Feed> {
    let name = path.map_or_else(|| Arc::from("-"), name);
    let meta = file.metadata()?;
    if !meta.is_file() {
        // Fails for what is not a pipe, and over the limit: no harm.
        let _ = rustix::pipe::fcntl_setpipe_size(&file, limits::PIPE_BYTES);
        let rest = Box::new(Later::Open(file));
        return Ok(reader(name, path, rest, config, progress));
    }
    let start = file.stream_position()?;
    let size = limits::READ_WHOLE_BYTES_MAX;
    let mut head = Vec::with_capacity(size);
    (&mut file).take(wide(size)).read_to_end(&mut head)?;
    let compressed = matches!(magic(&head), Magic::Is(_));
    let sniffer = Sniffer::new(config.format, path, config.record_bytes_max);
    let columns = plan(config, progress);
    if !compressed && head.len() < size {
        let input = Input::Memory {
            buffer: Arc::new(head),
            at: 0,
            progress: Arc::clone(progress),
        };
        let sizes = mapped_sizes(config);
        return Ok(Feed::new(name, input, sizes, columns, sniffer));
    }
    // Files of /proc have no size but content.
    let sized = meta.len() >= start + wide(head.len());
    if compressed || !sized || !config.map_files {
        progress.add_consumed(wide(head.len()));
        let input = stream::Input {
            head,
            rest: Box::new(file),
            blocks: false,
            chunk: config.batch_bytes,
            progress: Arc::clone(progress),
        };
        return Ok(streamed(name, path, input, config));
    }
    // Whoever shares the descriptor finds it read to the end.
    file.seek(SeekFrom::Start(meta.len()))?;
    let need =
        config.record_bytes_max + config.batch_bytes + limits::SNIFF_BYTES + 4;
    let input = Input::Mapped(Mapped {
        file,
        range: start..meta.len(),
        need,
        segment_bytes: config.segment_bytes.max(2 * need),
        segment: None,
        at: 0,
        failed: None,
        progress: Arc::clone(progress),
    });
    Ok(Feed::new(name, input, mapped_sizes(config), columns, sniffer))
}

fn streamed(
    name: Arc<str>,
    path: Option<&Path>,
    input: stream::Input,
    config: &SourceConfig,
) -> Feed {
    let columns = plan(config, &input.progress);
    let (tx, rx) = crossbeam_channel::bounded(limits::CHUNKS_IN_FLIGHT);
    // The thread is not joined: it may wait for a silent pipe for ever, and
    // it ends by itself when the receiver is dropped.
    let spawned = thread::Builder::new()
        .name("trommel-read".to_owned())
        .spawn(move || stream::pump(input, &tx));
    let failed = spawned.err().map(End::Failed);
    let input = Input::Stream(Stream {
        rx,
        buffer: Vec::new(),
        batch: config.batch_bytes,
        end: failed,
        stored: 0,
    });
    // A stream gives all complete records it has at once.
    let sizes =
        Sizes { batch: config.record_bytes_max, ..mapped_sizes(config) };
    let sniffer = Sniffer::new(config.format, path, config.record_bytes_max);
    Feed::new(name, input, sizes, columns, sniffer)
}

fn plan(config: &SourceConfig, progress: &Arc<Progress>) -> Plan {
    Plan {
        texts: Arc::clone(&config.texts),
        record_max: config.record_bytes_max,
        chunk: config.batch_bytes,
        progress: Arc::clone(progress),
    }
}

fn mapped_sizes(config: &SourceConfig) -> Sizes {
    Sizes {
        batch: config.batch_bytes,
        record_max: config.record_bytes_max,
        piece: config.piece_bytes,
    }
}

/// A file that a reader thread opens and, where it was set not to block,
/// waits for.
enum Later {
    Path(PathBuf),
    Open(File),
}

impl Read for Later {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Later::Path(path) = self {
            let file = File::open(path)?;
            let _ =
                rustix::pipe::fcntl_setpipe_size(&file, limits::PIPE_BYTES);
            *self = Later::Open(file);
        }
        let Later::Open(file) = self else { return Ok(0) };
        loop {
            match file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let mut fds = [PollFd::new(&*file, PollFlags::IN)];
                    rustix::event::poll(&mut fds, None)?;
                }
                done => return done,
            }
        }
    }
}
