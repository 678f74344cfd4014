//! Arrow IPC, file and stream. In: bytes from the front; out: batches.
//! Never believes a length before that many bytes are there, and never lets
//! a batch be larger than its limit.
//!
//! A file is a stream between a magic number and an index. The index is not
//! used: a stream can be read from a pipe, and a file that was cut gives
//! what is in it. That it was cut shows in the missing magic number at its
//! end.

use std::collections::HashMap;
use std::io;
use std::io::Cursor;
use std::io::Read;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_buffer::Buffer;
use arrow_ipc::Message;
use arrow_ipc::MessageHeader;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::read_dictionary;
use arrow_ipc::reader::read_record_batch;
use arrow_ipc::root_as_message;
use arrow_schema::Schema;
use arrow_schema::SchemaRef;

use super::line;
use super::line::Columns;
use super::rows::Halt;
use super::rows::Rows;
use crate::base::int::wide;
use crate::base::limits;

const MAGIC: &[u8; 8] = b"ARROW1\0\0";
/// Before each message since format version 0.15.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Reads all batches.
pub(super) fn read(
    input: &mut impl Read,
    rows: &mut Rows,
) -> Result<(), Halt> {
    let mut head = Vec::new();
    input.take(wide(MAGIC.len())).read_to_end(&mut head)?;
    let is_file = head == MAGIC;
    if is_file {
        head.clear();
    }
    if head.is_empty() && !is_file {
        let detail = "expected an Arrow file or stream, found nothing";
        return Err(Halt::truncated(detail.to_owned()));
    }
    let at = if is_file { wide(MAGIC.len()) } else { 0 };
    let input = Cursor::new(head).chain(input);
    let mut messages = Messages { input, at, index: 0, is_file };
    let mut stream: Option<Stream> = None;
    loop {
        let found = match messages.next()? {
            Next::Message(found) => found,
            Next::EndOfStream if is_file => return messages.file_end(),
            // Streams joined by `cat`.
            Next::EndOfStream => {
                stream = None;
                continue;
            }
            Next::EndOfInput => return Ok(()),
        };
        let message = root_as_message(&found.head)
            .map_err(|error| messages.corrupt(&error.to_string()))?;
        let step =
            match (message.header_type(), &mut stream) {
                (MessageHeader::Schema, None) => {
                    Stream::begin(&message, rows).map(|s| stream = Some(s))
                }
                (MessageHeader::DictionaryBatch, Some(stream)) => {
                    stream.dictionary(&message, &found.body)
                }
                (MessageHeader::RecordBatch, Some(stream)) => {
                    match stream.batch(&message, &found.body) {
                        Ok(batch) => {
                            rows.add(&batch, &stream.columns)?;
                            Ok(())
                        }
                        Err(text) => Err(text),
                    }
                }
                (_, None) => Err("expected a schema first".to_owned()),
                (MessageHeader::Schema, _) => {
                    Err("expected rows, found a second schema".to_owned())
                }
                _ => Err("expected rows, found a message of another kind"
                    .to_owned()),
            };
        step.map_err(|text| messages.corrupt(&text))?;
    }
}

/// What the schema says and what dictionaries have come since.
struct Stream {
    schema: SchemaRef,
    columns: Columns,
    dictionaries: HashMap<i64, ArrayRef>,
}

impl Stream {
    fn begin(message: &Message<'_>, rows: &Rows) -> Result<Stream, String> {
        let found = message.header_as_schema().ok_or("an empty schema")?;
        if !found.endianness().equals_to_target_endianness() {
            return Err("expected little-endian data".to_owned());
        }
        let schema = try_fb_to_schema(found).map_err(|e| e.to_string())?;
        let columns = Columns::new(&schema, &rows.plan().texts)
            .ok_or("columns are nested too deep")?;
        let fields = schema.fields().iter().map(|field| {
            let kind = line::as_bytes(field.data_type(), false);
            (**field).clone().with_data_type(kind)
        });
        let schema = Schema::new(fields.collect::<Vec<_>>());
        Ok(Stream {
            schema: Arc::new(schema),
            columns,
            dictionaries: HashMap::new(),
        })
    }

    fn dictionary(
        &mut self,
        message: &Message<'_>,
        body: &Buffer,
    ) -> Result<(), String> {
        let found = message
            .header_as_dictionary_batch()
            .ok_or("an empty dictionary")?;
        let data = found.data().ok_or("a dictionary without values")?;
        check(&data, body)?;
        let dictionaries = &mut self.dictionaries;
        let version = message.version();
        read_dictionary(body, found, &self.schema, dictionaries, &version)
            .map_err(|error| error.to_string())?;
        let held = self.dictionaries.values();
        let bytes: usize = held.map(|d| d.get_array_memory_size()).sum();
        match bytes > limits::COLUMN_BATCH_BYTES_MAX {
            true => Err(too_large("dictionaries", bytes)),
            false => Ok(()),
        }
    }

    fn batch(
        &self,
        message: &Message<'_>,
        body: &Buffer,
    ) -> Result<arrow_array::RecordBatch, String> {
        let found = message.header_as_record_batch().ok_or("empty rows")?;
        check(&found, body)?;
        let schema = Arc::clone(&self.schema);
        let dictionaries = &self.dictionaries;
        let version = message.version();
        read_record_batch(body, found, schema, dictionaries, None, &version)
            .map_err(|error| error.to_string())
    }
}

fn too_large(what: &str, bytes: usize) -> String {
    format!(
        "expected {what} of at most {} bytes, found {bytes}",
        limits::COLUMN_BATCH_BYTES_MAX
    )
}

/// Holds the numbers of a batch against the limits, before memory is asked
/// for: its rows, where its buffers stand in the body, and the length that
/// each compressed one will have.
fn check(
    batch: &arrow_ipc::RecordBatch<'_>,
    body: &Buffer,
) -> Result<(), String> {
    let rows = usize::try_from(batch.length()).unwrap_or(usize::MAX);
    if rows > limits::COLUMN_BATCH_ROWS_MAX {
        return Err(format!(
            "expected a batch of at most {} rows, found {}",
            limits::COLUMN_BATCH_ROWS_MAX,
            batch.length()
        ));
    }
    let packed = batch.compression().is_some();
    let mut sum = 0_usize;
    for buffer in batch.buffers().into_iter().flatten() {
        let start = usize::try_from(buffer.offset()).unwrap_or(usize::MAX);
        let size = usize::try_from(buffer.length()).unwrap_or(usize::MAX);
        let part = body.get(start..start.saturating_add(size));
        let Some(part) = part else {
            return Err("a buffer stands outside of its message".to_owned());
        };
        let Some(length) = part.first_chunk::<8>().filter(|_| packed) else {
            continue;
        };
        // -1 stands for a buffer that is not compressed.
        let length = i64::from_le_bytes(*length).max(0);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        sum = sum.saturating_add(length);
    }
    match sum > limits::COLUMN_BATCH_BYTES_MAX {
        true => Err(too_large("a batch", sum)),
        false => Ok(()),
    }
}

/// The messages of the source.
struct Messages<R> {
    input: R,
    /// Bytes read.
    at: u64,
    /// Messages read.
    index: u64,
    is_file: bool,
}

struct Found {
    head: Vec<u8>,
    body: Buffer,
}

enum Next {
    Message(Found),
    EndOfStream,
    EndOfInput,
}

impl<R: Read> Messages<R> {
    fn next(&mut self) -> Result<Next, Halt> {
        self.index += 1;
        let mut prefix = self.some(4)?;
        // The magic number of a file is padded to what its writer likes.
        while self.is_file && self.index == 1 && prefix == [0; 4] {
            prefix = self.some(4)?;
        }
        if prefix.is_empty() {
            return match self.is_file {
                true => Err(self.cut("an index")),
                false => Ok(Next::EndOfInput),
            };
        }
        if prefix == CONTINUATION {
            prefix = self.some(4)?;
        }
        let Some(size) = prefix.first_chunk::<4>() else {
            return Err(self.cut("the length of a message"));
        };
        let size =
            usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
        if size == 0 {
            return Ok(Next::EndOfStream);
        }
        if size > limits::COLUMN_HEAD_BYTES_MAX {
            return Err(self.corrupt("not the length of a message"));
        }
        let head = self.some(size)?;
        if head.len() < size {
            return Err(self.cut("the head of a message"));
        }
        let message = root_as_message(&head)
            .map_err(|error| self.corrupt(&error.to_string()))?;
        let size = usize::try_from(message.bodyLength());
        let size = size.map_err(|_| self.corrupt("a negative length"))?;
        if size > limits::COLUMN_BATCH_BYTES_MAX {
            return Err(self.corrupt(&too_large("a message", size)));
        }
        let body = self.some(size)?;
        if body.len() < size {
            return Err(self.cut("the body of a message"));
        }
        Ok(Next::Message(Found { head, body: Buffer::from_vec(body) }))
    }

    /// As many bytes as there are, up to a size. Grows with what comes.
    fn some(&mut self, size: usize) -> Result<Vec<u8>, Halt> {
        let mut bytes = Vec::new();
        (&mut self.input).take(wide(size)).read_to_end(&mut bytes)?;
        self.at += wide(bytes.len());
        Ok(bytes)
    }

    /// The magic number must stand at the end of a file, too.
    fn file_end(&mut self) -> Result<(), Halt> {
        let mut last = Vec::new();
        let mut chunk = vec![0; limits::SNIFF_BYTES];
        loop {
            let size = match self.input.read(&mut chunk) {
                Ok(0) => break,
                Ok(size) => size,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            self.at += wide(size);
            last.extend_from_slice(&chunk[..size]);
            last.drain(..last.len().saturating_sub(MAGIC.len()));
        }
        match last.ends_with(&MAGIC[..6]) {
            true => Ok(()),
            false => Err(self.cut("the end of an index")),
        }
    }

    fn corrupt(&self, text: &str) -> Halt {
        Halt::corrupt(format!("Arrow message {}: {text}", self.index))
    }

    fn cut(&self, expected: &str) -> Halt {
        Halt::truncated(format!(
            "Arrow message {}, byte {}: expected {expected}, found the end",
            self.index, self.at
        ))
    }
}
