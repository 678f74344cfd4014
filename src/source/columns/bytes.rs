//! The bytes of a source for a reader of columns. In: the input of a feed,
//! at its first byte; out: something to read from the front, and for Parquet,
//! whose index stands at the end, something to read anywhere. Never moves a
//! file's own position: a shell may share it.

use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use crate::base::int::wide;
use crate::record::RejectReason;
use crate::source::input::Input;
use crate::source::progress::Progress;
use crate::source::stream::End;
use crate::source::stream::Message;

/// A source from its front.
pub(super) enum Bytes {
    Memory(Memory),
    File(FileBytes),
    Chunks(Chunks),
}

/// A small file that was read as a whole.
pub(super) struct Memory {
    pub buffer: Arc<Vec<u8>>,
    pub at: usize,
    progress: Arc<Progress>,
}

/// A part of a file.
#[derive(Clone)]
pub(super) struct FileBytes {
    file: Arc<File>,
    start: u64,
    at: u64,
    end: u64,
    /// Counts what is read in turn; what is read by place counts elsewhere.
    progress: Option<Arc<Progress>>,
}

/// What a reader thread sends.
pub(super) struct Chunks {
    rx: Receiver<Message>,
    buffer: Vec<u8>,
    at: usize,
    end: Option<End>,
    stored: u64,
}

/// Damage below the columns: in a compressed stream. Travels as an error of
/// reading.
#[derive(Debug)]
pub(super) struct Damage(pub RejectReason, pub String);

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.1)
    }
}

impl std::error::Error for Damage {}

impl Bytes {
    pub fn of(input: Input, progress: &Arc<Progress>) -> Bytes {
        let progress = Arc::clone(progress);
        match input {
            Input::Memory { buffer, at, .. } => {
                Bytes::Memory(Memory { buffer, at, progress })
            }
            Input::Mapped(mapped) => Bytes::File(FileBytes {
                file: Arc::new(mapped.file),
                start: mapped.range.start,
                at: mapped.range.start,
                end: mapped.range.end,
                progress: Some(progress),
            }),
            Input::Stream(stream) => Bytes::Chunks(Chunks {
                rx: stream.rx,
                buffer: stream.buffer,
                at: 0,
                end: stream.end,
                stored: stream.stored,
            }),
        }
    }

    /// Bytes as they are stored, when all were read.
    pub fn stored(&self) -> u64 {
        match self {
            Bytes::Memory(memory) => wide(memory.at),
            Bytes::File(file) => file.at - file.start,
            Bytes::Chunks(chunks) => chunks.stored,
        }
    }
}

impl Read for Bytes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Bytes::Memory(memory) => {
                let size = (&memory.buffer[memory.at..]).read(out)?;
                memory.at += size;
                memory.progress.add_consumed(wide(size));
                Ok(size)
            }
            Bytes::File(file) => file.read(out),
            Bytes::Chunks(chunks) => chunks.read(out),
        }
    }
}

impl FileBytes {
    /// A file that nobody else knows.
    #[cfg(feature = "parquet")]
    pub fn spooled(file: File, size: u64) -> FileBytes {
        FileBytes {
            file: Arc::new(file),
            start: 0,
            at: 0,
            end: size,
            progress: None,
        }
    }

    #[cfg(feature = "parquet")]
    pub fn size(&self) -> u64 {
        self.end - self.start
    }

    /// Goes to the end.
    #[cfg(feature = "parquet")]
    pub fn pass(&mut self) {
        self.at = self.end;
    }

    /// The bytes from a place on, counted from the front.
    #[cfg(feature = "parquet")]
    pub fn from(&self, place: u64) -> FileBytes {
        let at = self.start.saturating_add(place).min(self.end);
        FileBytes { at, progress: None, ..self.clone() }
    }
}

impl Read for FileBytes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = self.end - self.at;
        let size = usize::try_from(rest).unwrap_or(usize::MAX).min(out.len());
        let size = self.file.read_at(&mut out[..size], self.at)?;
        self.at += wide(size);
        if let Some(progress) = &self.progress {
            progress.add_consumed(wide(size));
        }
        Ok(size)
    }
}

impl Read for Chunks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.buffer.len() {
            if let Some(end) = &mut self.end {
                // Told once; whoever asks again finds the end.
                return match std::mem::replace(end, End::Complete) {
                    End::Complete => Ok(0),
                    End::Damaged(reason, detail) => {
                        Err(io::Error::other(Damage(reason, detail)))
                    }
                    End::Failed(error) => Err(error),
                };
            }
            match self.rx.recv() {
                Ok(Message::Bytes(bytes)) => {
                    self.buffer = bytes;
                    self.at = 0;
                }
                Ok(Message::End(end, stored)) => {
                    self.end = Some(end);
                    self.stored = stored;
                }
                Err(_) => {
                    let text = "the reader thread ended early";
                    return Err(io::Error::other(text));
                }
            }
        }
        let size = (&self.buffer[self.at..]).read(out)?;
        self.at += size;
        Ok(size)
    }
}
