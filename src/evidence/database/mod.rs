//! The database under the content store. In: statements, values; out: rows.
//! SQLite, or PostgreSQL in a build with the feature `postgres`. Both get
//! the same statements: what differs between the two (placeholders, types
//! of columns, how one writer waits for another) is here and nowhere else.
//!
//! A write is a [`Change`]: one at a time for each store, whoever writes.

#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use std::path::Path;

use super::ledger::LedgerError;

/// What a statement is given.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Value<'a> {
        Value::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Value<'a> {
        Value::Text(text)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(text: &'a Option<String>) -> Value<'a> {
        text.as_deref().map_or(Value::Null, Value::Text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}

/// What a statement gives.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// One row; columns by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row(Vec<Cell>);

impl Row {
    fn take(&mut self, column: usize) -> Cell {
        let cell = self.0.get_mut(column);
        cell.map_or(Cell::Null, |cell| std::mem::replace(cell, Cell::Null))
    }

    pub fn int(&mut self, column: usize) -> Result<i64, LedgerError> {
        self.maybe_int(column)?.ok_or_else(|| unlike(column))
    }

    pub fn maybe_int(
        &mut self,
        column: usize,
    ) -> Result<Option<i64>, LedgerError> {
        match self.take(column) {
            Cell::Null => Ok(None),
            Cell::Int(number) => Ok(Some(number)),
            _ => Err(unlike(column)),
        }
    }

    pub fn text(&mut self, column: usize) -> Result<String, LedgerError> {
        self.maybe_text(column)?.ok_or_else(|| unlike(column))
    }

    pub fn maybe_text(
        &mut self,
        column: usize,
    ) -> Result<Option<String>, LedgerError> {
        match self.take(column) {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            _ => Err(unlike(column)),
        }
    }

    pub fn bytes(&mut self, column: usize) -> Result<Vec<u8>, LedgerError> {
        self.maybe_bytes(column)?.ok_or_else(|| unlike(column))
    }

    pub fn maybe_bytes(
        &mut self,
        column: usize,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        match self.take(column) {
            Cell::Null => Ok(None),
            Cell::Bytes(bytes) => Ok(Some(bytes)),
            _ => Err(unlike(column)),
        }
    }
}

fn unlike(column: usize) -> LedgerError {
    LedgerError::other(format!(
        "content store: column {column} of a row is not what was written"
    ))
}

/// Where a store lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// A file of SQLite, made when there is none.
    File(&'a Path),
    /// A database of PostgreSQL and the schema in it, likewise.
    Url { url: &'a str, schema: &'a str },
}

/// An open database.
pub struct Database(Inner);

enum Inner {
    Sqlite(sqlite::Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Postgres>),
}

/// A write under way; undone when it is dropped before `commit`.
pub struct Change<'a> {
    what: &'static str,
    inner: ChangeInner<'a>,
}

enum ChangeInner<'a> {
    Sqlite(rusqlite::Transaction<'a>),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Writing<'a>),
}

impl Database {
    /// Opens, and makes the tables of form `form` when there are none.
    /// `durable`: every commit is on the disk when it returns.
    pub fn open(
        place: Place<'_>,
        tables: &str,
        form: i64,
        durable: bool,
    ) -> Result<Database, LedgerError> {
        let inner = match place {
            Place::File(path) => {
                Inner::Sqlite(sqlite::Sqlite::open(path, durable)?)
            }
            #[cfg(feature = "postgres")]
            Place::Url { url, schema } => {
                let open = postgres::Postgres::open(url, schema, durable)?;
                Inner::Postgres(Box::new(open))
            }
            #[cfg(not(feature = "postgres"))]
            Place::Url { .. } => {
                return Err(LedgerError::other(
                    "this trommel was built without PostgreSQL; build it \
                     with `--features postgres`",
                ));
            }
        };
        let mut database = Database(inner);
        match &mut database.0 {
            Inner::Sqlite(open) => open.make(tables, form)?,
            #[cfg(feature = "postgres")]
            Inner::Postgres(open) => open.make(tables, form)?,
        }
        Ok(database)
    }

    /// Reads outside of a change. `what` is for messages.
    pub fn query(
        &self,
        what: &'static str,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, LedgerError> {
        match &self.0 {
            Inner::Sqlite(open) => open.query(what, statement, values),
            #[cfg(feature = "postgres")]
            Inner::Postgres(open) => open.query(what, statement, values),
        }
    }

    /// Begins a write; waits for others.
    pub fn begin(
        &mut self,
        what: &'static str,
    ) -> Result<Change<'_>, LedgerError> {
        let inner = match &mut self.0 {
            Inner::Sqlite(open) => ChangeInner::Sqlite(open.begin(what)?),
            #[cfg(feature = "postgres")]
            Inner::Postgres(open) => ChangeInner::Postgres(open.begin(what)?),
        };
        Ok(Change { what, inner })
    }

    /// Everything committed is on the disk when it returns.
    pub fn sync(&self) -> Result<(), LedgerError> {
        match &self.0 {
            Inner::Sqlite(open) => open.sync(),
            #[cfg(feature = "postgres")]
            Inner::Postgres(open) => open.sync(),
        }
    }

    /// Takes away what is left of deleted rows, as far as the database can.
    pub fn scrub(&mut self) -> Result<(), LedgerError> {
        match &mut self.0 {
            Inner::Sqlite(open) => open.scrub(),
            #[cfg(feature = "postgres")]
            Inner::Postgres(open) => open.scrub(),
        }
    }
}

impl Change<'_> {
    /// Runs a statement; gives how many rows it changed.
    pub fn execute(
        &mut self,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<u64, LedgerError> {
        let what = self.what;
        match &mut self.inner {
            ChangeInner::Sqlite(change) => {
                sqlite::execute(change, what, statement, values)
            }
            #[cfg(feature = "postgres")]
            ChangeInner::Postgres(change) => {
                change.execute(what, statement, values)
            }
        }
    }

    pub fn query(
        &mut self,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, LedgerError> {
        let what = self.what;
        match &mut self.inner {
            ChangeInner::Sqlite(change) => {
                sqlite::query(change, what, statement, values)
            }
            #[cfg(feature = "postgres")]
            ChangeInner::Postgres(change) => {
                change.query(what, statement, values)
            }
        }
    }

    /// Adds rows of `width` values each to a table.
    pub fn insert(
        &mut self,
        table: &str,
        width: usize,
        values: &[Value<'_>],
    ) -> Result<(), LedgerError> {
        match &mut self.inner {
            ChangeInner::Sqlite(change) => {
                let one = format!("insert into {table} values {}", row(width));
                for values in values.chunks(width) {
                    sqlite::execute(change, self.what, &one, values)?;
                }
                Ok(())
            }
            // A statement costs a trip to the server.
            #[cfg(feature = "postgres")]
            ChangeInner::Postgres(change) => {
                for values in values.chunks(width * postgres::ROWS) {
                    let count = values.len() / width;
                    let rows = vec![row(width); count].join(",");
                    let all = format!("insert into {table} values {rows}");
                    change.execute(self.what, &all, values)?;
                }
                Ok(())
            }
        }
    }

    /// A number that differs when somebody else has changed the database in
    /// between; `None` when it cannot be known.
    pub fn version(&self) -> Result<Option<i64>, LedgerError> {
        match &self.inner {
            ChangeInner::Sqlite(change) => {
                sqlite::version(change, self.what).map(Some)
            }
            #[cfg(feature = "postgres")]
            ChangeInner::Postgres(_) => Ok(None),
        }
    }

    pub fn commit(self) -> Result<(), LedgerError> {
        match self.inner {
            ChangeInner::Sqlite(change) => {
                change.commit().map_err(super::ledger::sqlite(self.what))
            }
            #[cfg(feature = "postgres")]
            ChangeInner::Postgres(change) => change.commit(self.what),
        }
    }
}

/// Placeholders: `(?,?,?)`.
pub fn row(width: usize) -> String {
    format!("({})", vec!["?"; width].join(","))
}
