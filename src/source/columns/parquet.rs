//! Parquet. In: a source; out: batches, row group by row group. Never reads
//! more of a file than its index and the pages that the rows in hand stand
//! in.
//!
//! The index stands at the end, so a source that comes through a pipe or out
//! of a compression is written to a temporary file first, up to a limit.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::sync::Arc;

use ::bytes::Bytes as Shared;
use ::parquet::arrow::arrow_reader::ArrowReaderMetadata;
use ::parquet::arrow::arrow_reader::ArrowReaderOptions;
use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use ::parquet::basic::ConvertedType;
use ::parquet::basic::Type as Physical;
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::RowGroupMetaData;
use ::parquet::file::reader::ChunkReader;
use ::parquet::file::reader::Length;
use ::parquet::schema::types::SchemaDescriptor;
use ::parquet::schema::types::Type;
use arrow_schema::Schema;

use super::bytes::Bytes;
use super::bytes::FileBytes;
use super::line;
use super::line::Columns;
use super::rows::Halt;
use super::rows::Rows;
use crate::base::int::wide;
use crate::base::limits;

/// Reads all row groups.
pub(super) fn read(input: &mut Bytes, rows: &mut Rows) -> Result<(), Halt> {
    let store = Store::of(input)?;
    let plain = ArrowReaderOptions::new();
    let found = ArrowReaderMetadata::load(&store, plain)
        .map_err(|error| index_error(&store, &error))?;
    let columns = Columns::new(found.schema(), &rows.plan().texts)
        .ok_or_else(|| Halt::corrupt("columns are nested too deep".into()))?;
    let loose = loosened(&store, &found)
        .map_err(|error| index_error(&store, &error))?;
    let metadata = Arc::clone(loose.metadata());
    let mut done = 0;
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let mut seen = 0;
        let damaged = |seen: u64, text: &str| {
            Halt::corrupt(format!(
                "Parquet row group {}, behind its row {seen}: {text}",
                index + 1
            ))
        };
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
            store.clone(),
            loose.clone(),
        );
        let batches = builder
            .with_row_groups(vec![index])
            .with_batch_size(batch_rows(group))
            .build()
            .map_err(|error| damaged(seen, &error.to_string()))?;
        for batch in batches {
            let batch =
                batch.map_err(|error| damaged(seen, &error.to_string()))?;
            rows.add(&batch, &columns)?;
            seen += wide(batch.num_rows());
        }
        let promised = group.num_rows();
        if u64::try_from(promised) != Ok(seen) {
            let text = format!("expected {promised} rows, found {seen}");
            return Err(damaged(seen, &text));
        }
        let size = u64::try_from(group.compressed_size()).unwrap_or(0);
        let size = size.min(store.len() - done);
        done += size;
        store.consumed(rows, size);
    }
    store.consumed(rows, store.len() - done);
    Ok(())
}

/// Rows of a batch: fewer where a column has wide values of one width, which
/// are copied out of their pages; strings are not.
fn batch_rows(group: &RowGroupMetaData) -> usize {
    let width: usize = group
        .columns()
        .iter()
        .map(|column| column.column_descr())
        .filter(|c| c.physical_type() == Physical::FIXED_LEN_BYTE_ARRAY)
        .map(|c| usize::try_from(c.type_length()).unwrap_or(0))
        .fold(1, usize::saturating_add);
    let fits = limits::RECORD_BYTES_MAX / width;
    fits.clamp(1, limits::PARQUET_BATCH_ROWS)
}

/// The metadata once more, with strings as bytes: one text that is not UTF-8
/// then costs its row. As views, because a page that names one long text in
/// a million rows would otherwise become a million texts.
fn loosened(
    store: &Store,
    found: &ArrowReaderMetadata,
) -> Result<ArrowReaderMetadata, ParquetError> {
    let root = found.parquet_schema().root_schema();
    let schema = SchemaDescriptor::new(Arc::new(without_text(root, true)?));
    let fields = found.schema().fields().iter().map(|field| {
        let kind = line::as_bytes(field.data_type(), true);
        (**field).clone().with_data_type(kind)
    });
    let fields = fields.collect::<Vec<_>>();
    let options = ArrowReaderOptions::new()
        .with_parquet_schema(Arc::new(schema))
        .with_schema(Arc::new(Schema::new(fields)));
    ArrowReaderMetadata::load(store, options)
}

/// The type with its byte arrays bare of what they mean.
fn without_text(kind: &Type, root: bool) -> Result<Type, ParquetError> {
    let info = kind.get_basic_info();
    let id = info.has_id().then(|| info.id());
    match kind {
        Type::PrimitiveType {
            physical_type: Physical::BYTE_ARRAY, ..
        } if info.converted_type() != ConvertedType::DECIMAL => {
            Type::primitive_type_builder(info.name(), Physical::BYTE_ARRAY)
                .with_repetition(info.repetition())
                .with_id(id)
                .build()
        }
        Type::PrimitiveType { .. } => Ok(kind.clone()),
        Type::GroupType { fields, .. } => {
            let fields = fields
                .iter()
                .map(|field| without_text(field, false).map(Arc::new));
            let builder = Type::group_type_builder(info.name())
                .with_converted_type(info.converted_type())
                .with_logical_type(info.logical_type_ref().cloned())
                .with_fields(fields.collect::<Result<_, _>>()?)
                .with_id(id);
            match root {
                true => builder.build(),
                false => builder.with_repetition(info.repetition()).build(),
            }
        }
    }
}

/// Why the index cannot be read: often because the file was cut.
fn index_error(store: &Store, error: &ParquetError) -> Halt {
    let mut tail = Vec::new();
    let from = store.len().saturating_sub(4);
    let read = store.get_read(from).map(|mut r| r.read_to_end(&mut tail));
    if read.is_ok() && !matches!(&tail[..], b"PAR1" | b"PARE") {
        return Halt::truncated(format!(
            "expected the magic number of Parquet at the end of {} bytes: \
             the file was cut or is another",
            store.len()
        ));
    }
    Halt::corrupt(format!("the index of the Parquet file: {error}"))
}

/// The bytes, to be read anywhere.
#[derive(Clone)]
enum Store {
    Memory(Shared),
    File(FileBytes),
    /// Counted when it was spooled.
    Spooled(FileBytes),
}

impl Store {
    fn of(input: &mut Bytes) -> Result<Store, Halt> {
        match input {
            Bytes::Memory(memory) => {
                let bytes = memory.buffer[memory.at..].to_vec();
                memory.at = memory.buffer.len();
                Ok(Store::Memory(Shared::from(bytes)))
            }
            Bytes::File(file) => {
                let whole = file.clone();
                file.pass();
                Ok(Store::File(whole))
            }
            Bytes::Chunks(chunks) => {
                let max = limits::PARQUET_SPOOL_BYTES_MAX;
                let mut file: File = tempfile::tempfile()?;
                let size = io::copy(&mut chunks.take(max), &mut file)?;
                if size == max {
                    return Err(Halt::Failed(io::Error::other(format!(
                        "expected a Parquet file of at most {max} bytes \
                         from a stream; give it as a file"
                    ))));
                }
                Ok(Store::Spooled(FileBytes::spooled(file, size)))
            }
        }
    }

    fn consumed(&self, rows: &Rows, size: u64) {
        if !matches!(self, Store::Spooled(_)) {
            rows.plan().progress.add_consumed(size);
        }
    }
}

impl Length for Store {
    fn len(&self) -> u64 {
        match self {
            Store::Memory(bytes) => wide(bytes.len()),
            Store::File(file) | Store::Spooled(file) => file.size(),
        }
    }
}

impl ChunkReader for Store {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        match self {
            Store::Memory(bytes) => Ok(Box::new(bytes.get_read(start)?)),
            Store::File(file) | Store::Spooled(file) => {
                Ok(Box::new(BufReader::new(file.from(start))))
            }
        }
    }

    fn get_bytes(
        &self,
        start: u64,
        length: usize,
    ) -> Result<Shared, ParquetError> {
        if length > limits::COLUMN_BATCH_BYTES_MAX {
            return Err(ParquetError::General(format!(
                "expected a page of at most {} bytes, found {length}",
                limits::COLUMN_BATCH_BYTES_MAX
            )));
        }
        match self {
            Store::Memory(bytes) => bytes.get_bytes(start, length),
            Store::File(file) | Store::Spooled(file) => {
                let mut bytes = Vec::new();
                file.from(start).take(wide(length)).read_to_end(&mut bytes)?;
                if bytes.len() < length {
                    return Err(ParquetError::EOF(format!(
                        "expected {length} bytes at {start}, found {}",
                        bytes.len()
                    )));
                }
                Ok(Shared::from(bytes))
            }
        }
    }
}
