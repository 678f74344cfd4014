//! Exports as tables. In: the lines that NDJSON would have; out: CSV, or
//! Parquet in a build with the feature. A table is a list of places in the
//! line, so it says nothing that the line does not.

#[cfg(feature = "parquet")]
mod parquet;

use std::io::{self, Write};

use serde_json::Value;

use super::ledger_args::ExportFormat;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Int,
    Number,
    Flag,
    /// RFC 3339 in text, a timestamp in Parquet.
    Time,
}

/// Name, JSON pointer into the line, kind. A value that is not there is an
/// empty cell.
pub type Column = (&'static str, &'static str, Kind);

/// For reviewers: what one filters and sorts by, and the whole line.
pub const REVIEWER: &[Column] = &[
    ("seq", "/seq", Kind::Int),
    ("id", "/evidence/id", Kind::Text),
    ("item", "/evidence/item/id", Kind::Text),
    ("source", "/evidence/item/source", Kind::Text),
    ("line", "/evidence/item/line", Kind::Int),
    ("surface", "/evidence/item/surface", Kind::Text),
    ("author", "/evidence/item/author", Kind::Text),
    ("group", "/evidence/item/group", Kind::Text),
    ("created_at", "/evidence/item/created_at", Kind::Text),
    ("lang", "/evidence/item/lang", Kind::Text),
    ("verdict", "/evidence/decision/verdict", Kind::Text),
    ("category", "/evidence/decision/category", Kind::Text),
    ("rule", "/evidence/decision/rule", Kind::Text),
    ("title", "/evidence/decision/title", Kind::Text),
    ("reason_zh", "/evidence/decision/reason/zh", Kind::Text),
    ("reason_en", "/evidence/decision/reason/en", Kind::Text),
    ("confidence", "/evidence/decision/confidence", Kind::Number),
    ("ground", "/evidence/decision/ground", Kind::Text),
    ("reference", "/evidence/decision/reference", Kind::Text),
    ("restriction", "/evidence/decision/restriction", Kind::Text),
    ("start", "/evidence/decision/start", Kind::Time),
    ("appeal_until", "/evidence/decision/appeal_until", Kind::Time),
    ("statement_exempt", "/evidence/decision/statement_exempt", Kind::Flag),
    ("automated_detection", "/evidence/automated/detection", Kind::Flag),
    ("automated_decision", "/evidence/automated/decision", Kind::Text),
    ("pack", "/evidence/pack/name", Kind::Text),
    ("pack_version", "/evidence/pack/version", Kind::Text),
    ("image", "/evidence/pack/digest", Kind::Text),
    ("engine", "/evidence/engine/version", Kind::Text),
    ("tables", "/evidence/engine/tables", Kind::Text),
    ("policy", "/evidence/engine/policy", Kind::Text),
    ("run", "/evidence/engine/run", Kind::Text),
    ("truncated", "/evidence/health/truncated", Kind::Flag),
    ("masked", "/evidence/health/masked", Kind::Flag),
    ("brake", "/evidence/health/brake/trigger", Kind::Text),
    ("content_state", "/content_state", Kind::Text),
    ("record", "", Kind::Text),
];

/// For the person concerned: every member of the line.
pub const SUBJECT: &[Column] = &[
    ("id", "/id", Kind::Text),
    ("item", "/item", Kind::Text),
    ("verdict", "/verdict", Kind::Text),
    ("category", "/category", Kind::Text),
    ("restriction", "/restriction", Kind::Text),
    ("start", "/start", Kind::Time),
    ("ground", "/ground", Kind::Text),
    ("reference", "/reference", Kind::Text),
    ("rule", "/rule", Kind::Text),
    ("reason_zh", "/reason/zh", Kind::Text),
    ("reason_en", "/reason/en", Kind::Text),
    ("quote", "/quote", Kind::Text),
    ("automated_detection", "/automated/detection", Kind::Flag),
    ("automated_decision", "/automated/decision", Kind::Text),
    ("appeal_until", "/appeal/until", Kind::Time),
    ("appeal_zh", "/appeal/how/zh", Kind::Text),
    ("appeal_en", "/appeal/how/en", Kind::Text),
    ("text_zh", "/text/zh", Kind::Text),
    ("text_en", "/text/en", Kind::Text),
];

/// For the public: the numbers one a row.
pub const PUBLIC: &[Column] = &[
    ("dimension", "/dimension", Kind::Text),
    ("value", "/value", Kind::Text),
    ("verdict", "/verdict", Kind::Text),
    ("count", "/count", Kind::Int),
];

/// A table that is being written.
pub struct Table {
    columns: &'static [Column],
    form: Form,
}

enum Form {
    Lines(Out),
    Csv(Out),
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::Writer>),
}

/// Where results go.
pub type Out = Box<dyn Write + Send>;

impl Table {
    /// Begins a table; `format` is none of those that are no table.
    pub fn new(
        format: ExportFormat,
        columns: &'static [Column],
        mut out: Out,
    ) -> anyhow::Result<Table> {
        let form = match format {
            ExportFormat::Csv => {
                let names: Vec<String> =
                    columns.iter().map(|(name, ..)| (*name).into()).collect();
                csv_row(&mut out, &names)?;
                Form::Csv(out)
            }
            #[cfg(feature = "parquet")]
            ExportFormat::Parquet => {
                Form::Parquet(Box::new(parquet::Writer::new(columns, out)?))
            }
            #[cfg(not(feature = "parquet"))]
            ExportFormat::Parquet => anyhow::bail!(
                "this trommel was built without Parquet; build it with \
                 `--features parquet`"
            ),
            ExportFormat::Ndjson | ExportFormat::Dsa => Form::Lines(out),
        };
        Ok(Table { columns, form })
    }

    /// Adds a line.
    pub fn push(&mut self, line: &Value) -> anyhow::Result<()> {
        match &mut self.form {
            Form::Lines(out) => writeln!(out, "{line}")?,
            Form::Csv(out) => {
                let cells: Vec<String> = self
                    .columns
                    .iter()
                    .map(|(_, at, _)| text(line.pointer(at)))
                    .collect();
                csv_row(out, &cells)?;
            }
            #[cfg(feature = "parquet")]
            Form::Parquet(writer) => writer.push(line)?,
        }
        Ok(())
    }

    pub fn end(self) -> anyhow::Result<()> {
        match self.form {
            Form::Lines(mut out) | Form::Csv(mut out) => Ok(out.flush()?),
            #[cfg(feature = "parquet")]
            Form::Parquet(writer) => writer.end(),
        }
    }
}

/// A value as the text of a cell.
fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// One row after RFC 4180. A cell that a spreadsheet would run as a formula
/// gets a quote in front.
pub fn csv_row(out: &mut dyn Write, cells: &[String]) -> io::Result<()> {
    for (number, cell) in cells.iter().enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        let risky = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let cell = if risky { format!("'{cell}") } else { cell.clone() };
        if cell.contains(['"', ',', '\n', '\r']) {
            write!(out, "\"{}\"", cell.replace('"', "\"\""))?;
        } else {
            out.write_all(cell.as_bytes())?;
        }
    }
    out.write_all(b"\r\n")
}
