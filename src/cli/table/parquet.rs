//! A table as a Parquet file, written row group by row group: memory holds
//! one of them.

use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::Value;

use super::{Column, Kind, Out, text};
use crate::base::clock::Moment;

/// Rows that are turned into columns at once.
const BATCH: usize = 512;
/// Rows of a row group: some 30 MB of reviewer's lines.
const GROUP: usize = 8192;

pub struct Writer {
    columns: &'static [Column],
    schema: SchemaRef,
    rows: Vec<Value>,
    inner: ArrowWriter<Out>,
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::Utf8,
        Kind::Int => DataType::Int64,
        Kind::Number => DataType::Float64,
        Kind::Flag => DataType::Boolean,
        Kind::Time => {
            DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
        }
    }
}

fn array(kind: Kind, values: &[Option<&Value>]) -> ArrayRef {
    let values = values.iter().map(|value| value.filter(|v| !v.is_null()));
    match kind {
        Kind::Text => {
            let mut out = StringBuilder::new();
            values.for_each(|v| out.append_option(v.map(|v| text(Some(v)))));
            Arc::new(out.finish())
        }
        Kind::Int => {
            let mut out = Int64Builder::new();
            values.for_each(|v| out.append_option(v.and_then(Value::as_i64)));
            Arc::new(out.finish())
        }
        Kind::Number => {
            let mut out = Float64Builder::new();
            values.for_each(|v| out.append_option(v.and_then(Value::as_f64)));
            Arc::new(out.finish())
        }
        Kind::Flag => {
            let mut out = BooleanBuilder::new();
            values.for_each(|v| out.append_option(v.and_then(Value::as_bool)));
            Arc::new(out.finish())
        }
        Kind::Time => {
            let mut out =
                TimestampMillisecondBuilder::new().with_timezone("UTC");
            let time = |value: &Value| {
                let moment = Moment::parse(value.as_str()?)?;
                i64::try_from(moment.0).ok()
            };
            values.for_each(|v| out.append_option(v.and_then(time)));
            Arc::new(out.finish())
        }
    }
}

impl Writer {
    pub fn new(
        columns: &'static [Column],
        out: Out,
    ) -> anyhow::Result<Writer> {
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, _, kind)| Field::new(*name, data_type(*kind), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(Default::default()))
            .set_max_row_group_row_count(Some(GROUP))
            .build();
        let inner =
            ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))?;
        Ok(Writer { columns, schema, rows: Vec::new(), inner })
    }

    pub fn push(&mut self, line: &Value) -> anyhow::Result<()> {
        self.rows.push(line.clone());
        if self.rows.len() >= BATCH {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> anyhow::Result<()> {
        let arrays = self
            .columns
            .iter()
            .map(|(_, at, kind)| {
                let values: Vec<Option<&Value>> =
                    self.rows.iter().map(|line| line.pointer(at)).collect();
                array(*kind, &values)
            })
            .collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays)?;
        self.inner.write(&batch)?;
        self.rows.clear();
        Ok(())
    }

    pub fn end(mut self) -> anyhow::Result<()> {
        self.write()?;
        self.inner.close()?;
        Ok(())
    }
}
