//! The reader thread of a stream. In: anything that can be read, perhaps
//! compressed; out: chunks of decompressed bytes through a bounded channel.
//! Never cuts records and never waits for a fuller chunk: what a read gave
//! goes out before the next read that may block.

use std::io;
use std::io::Read;
use std::sync::Arc;

use crossbeam_channel::Sender;

use super::inflate::Compression;
use super::inflate::Magic;
use super::inflate::Member;
use super::inflate::magic;
use super::progress::Progress;
use crate::base::int::wide;
use crate::base::limits;
use crate::record::RejectReason;

/// What a reader thread tells. The last message is an `End`; a channel that
/// closes without one means that the thread died.
pub(super) enum Message {
    Bytes(Vec<u8>),
    /// With the number of bytes as stored.
    End(End, u64),
}

/// How a stream ended.
#[derive(Debug)]
pub(super) enum End {
    Complete,
    /// The compressed data is cut or damaged.
    Damaged(RejectReason, String),
    /// Opening or reading failed.
    Failed(io::Error),
}

/// What a reader thread reads.
pub(super) struct Input {
    /// Bytes that were read before, to look at them.
    pub head: Vec<u8>,
    pub rest: Box<dyn Read + Send>,
    /// Whether a read may wait for another program. Files do not, so their
    /// chunks are filled.
    pub blocks: bool,
    /// Bytes of a chunk at most.
    pub chunk: usize,
    pub progress: Arc<Progress>,
}

/// Reads to the end. Returns when that is told or nobody listens.
pub(super) fn pump(input: Input, tx: &Sender<Message>) {
    let mut raw = Raw {
        start: 0,
        end: input.head.len(),
        buffer: input.head,
        rest: input.rest,
        at_end: false,
        total: 0,
        progress: input.progress,
    };
    raw.total = wide(raw.end);
    let mut out = Out {
        chunk: vec![0; input.chunk],
        filled: 0,
        blocks: input.blocks,
        tx,
    };
    let end = match run(&mut raw, &mut out) {
        Ok(end) => end,
        Err(Stop::Closed) => return,
        Err(Stop::Failed(error)) => End::Failed(error),
    };
    if out.flush().is_ok() {
        // An error means that nobody listens any more.
        let _ = tx.send(Message::End(end, raw.total));
    }
}

/// Why reading stops early.
enum Stop {
    /// The receiver is gone.
    Closed,
    Failed(io::Error),
}

fn run(raw: &mut Raw, out: &mut Out) -> Result<End, Stop> {
    loop {
        match magic(raw.data()) {
            Magic::Is(kind) => return inflate(raw, out, kind),
            Magic::Maybe if !raw.at_end => raw.more()?,
            Magic::Maybe | Magic::No => break,
        }
    }
    // Not compressed. What was looked at goes first.
    out.send(raw.data().to_vec())?;
    raw.start = raw.end;
    loop {
        if raw.progress.is_stopping() {
            return Ok(End::Complete);
        }
        let size = read(&mut raw.rest, &mut out.chunk[out.filled..])?;
        raw.count(size);
        if size == 0 {
            return Ok(End::Complete);
        }
        out.filled += size;
        if out.blocks || out.filled == out.chunk.len() {
            out.flush()?;
        }
    }
}

/// Decompresses member after member. Zero bytes between and behind members
/// are padding (xz allows it, tapes do it to gzip); anything else is damage.
fn inflate(
    raw: &mut Raw,
    out: &mut Out,
    first: Compression,
) -> Result<End, Stop> {
    use RejectReason::{Corrupt, Truncated};
    let mut at = Place { kind: first, index: 1 };
    loop {
        let mut member = match Member::new(at.kind) {
            Ok(member) => member,
            Err(text) => return Ok(at.damaged(Corrupt, raw, &text)),
        };
        loop {
            let step = match member.step(raw.data(), out.room()) {
                Ok(step) => step,
                Err(broken) => {
                    // What came out before the damage is kept.
                    out.filled += broken.written;
                    return Ok(at.damaged(Corrupt, raw, &broken.text));
                }
            };
            raw.start += step.read;
            out.filled += step.written;
            if out.filled == out.chunk.len() {
                out.flush()?;
            }
            if step.end {
                break;
            }
            if step.read > 0 || step.written > 0 {
                continue;
            }
            if raw.progress.is_stopping() {
                return Ok(End::Complete);
            }
            if raw.at_end {
                let text = "expected more data, found the end";
                return Ok(at.damaged(Truncated, raw, text));
            }
            // The read below may wait; what is there must not.
            if out.blocks {
                out.flush()?;
            }
            raw.more()?;
        }
        at.index += 1;
        at.kind = loop {
            raw.skip_zeros();
            match magic(raw.data()) {
                Magic::Is(kind) => break kind,
                Magic::Maybe if !raw.at_end => {
                    if out.blocks {
                        out.flush()?;
                    }
                    raw.more()?;
                }
                _ if raw.data().is_empty() => return Ok(End::Complete),
                Magic::Maybe => {
                    let text = "expected a member, found its first bytes";
                    return Ok(at.damaged(Truncated, raw, text));
                }
                Magic::No => {
                    let text = "expected a further member or the end, \
                                found other bytes";
                    return Ok(at.damaged(Corrupt, raw, text));
                }
            }
        };
    }
}

/// The member being decompressed.
struct Place {
    kind: Compression,
    index: u64,
}

impl Place {
    fn damaged(&self, reason: RejectReason, raw: &Raw, text: &str) -> End {
        let byte = raw.total - wide(raw.data().len());
        let (name, index) = (self.kind.as_str(), self.index);
        let detail =
            format!("{name} member {index}, compressed byte {byte}: {text}");
        End::Damaged(reason, detail)
    }
}

/// The bytes as they are stored.
struct Raw {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    rest: Box<dyn Read + Send>,
    at_end: bool,
    /// Bytes read so far, with those still in the buffer.
    total: u64,
    progress: Arc<Progress>,
}

impl Raw {
    fn data(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Reads once, behind the bytes not yet used.
    fn more(&mut self) -> Result<(), Stop> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < self.end + limits::SNIFF_BYTES {
            self.buffer.resize(self.end + limits::SNIFF_BYTES, 0);
        }
        let size = read(&mut self.rest, &mut self.buffer[self.end..])?;
        self.end += size;
        self.at_end = size == 0;
        self.count(size);
        Ok(())
    }

    fn count(&mut self, size: usize) {
        self.total += wide(size);
        self.progress.add_consumed(wide(size));
    }

    fn skip_zeros(&mut self) {
        let zeros = self.data().iter().take_while(|&&byte| byte == 0);
        self.start += zeros.count();
    }
}

/// The chunk being filled.
struct Out<'t> {
    chunk: Vec<u8>,
    filled: usize,
    blocks: bool,
    tx: &'t Sender<Message>,
}

impl Out<'_> {
    fn room(&mut self) -> &mut [u8] {
        &mut self.chunk[self.filled..]
    }

    /// Sends what is there. A chunk that is mostly empty is copied, so that
    /// a producer of single lines does not cost a large buffer for each.
    fn flush(&mut self) -> Result<(), Stop> {
        let size = std::mem::take(&mut self.filled);
        if size == 0 {
            return Ok(());
        }
        if size < self.chunk.len() / 2 {
            return self.send(self.chunk[..size].to_vec());
        }
        let fresh = vec![0; self.chunk.len()];
        let mut full = std::mem::replace(&mut self.chunk, fresh);
        full.truncate(size);
        self.send(full)
    }

    fn send(&self, bytes: Vec<u8>) -> Result<(), Stop> {
        if bytes.is_empty() {
            return Ok(());
        }
        let sent = self.tx.send(Message::Bytes(bytes));
        sent.map_err(|_| Stop::Closed)
    }
}

/// One read that gives bytes, the end or a real error.
fn read(input: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, Stop> {
    loop {
        match input.read(buffer) {
            Ok(size) => return Ok(size),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Stop::Failed(error)),
        }
    }
}
