//! A store in a file of SQLite.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{
    Connection, OpenFlags, ToSql, Transaction, TransactionBehavior,
};

use super::super::ledger::{LedgerError, sqlite};
use super::{Cell, Row, Value};
use crate::base::int;

pub struct Sqlite {
    connection: Connection,
    /// The write-ahead log.
    log: PathBuf,
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn cell(value: ValueRef<'_>) -> rusqlite::Result<Cell> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Text(_) => Cell::Text(value.as_str()?.to_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => Cell::Text(String::new()),
    })
}

/// Opens a file that may not be written, in a folder that may not be: not
/// even the lock files of SQLite can be made there.
fn read_only(path: &Path) -> Option<Connection> {
    let mut name = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => name.push(char::from(*byte)),
            b if b.is_ascii_alphanumeric() => name.push(char::from(*b)),
            b => name.push_str(&format!("%{b:02x}")),
        }
    }
    name.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(name, flags).ok()
}

pub fn query(
    connection: &Connection,
    what: &'static str,
    statement: &str,
    values: &[Value<'_>],
) -> Result<Vec<Row>, LedgerError> {
    let run = || {
        let mut statement = connection.prepare_cached(statement)?;
        let width = statement.column_count();
        let rows = statement.query_map(
            rusqlite::params_from_iter(values),
            |row| {
                let cells = (0..width).map(|n| cell(row.get_ref(n)?));
                cells.collect::<rusqlite::Result<Vec<Cell>>>().map(Row)
            },
        )?;
        rows.collect::<rusqlite::Result<Vec<Row>>>()
    };
    run().map_err(sqlite(what))
}

pub fn execute(
    connection: &Connection,
    what: &'static str,
    statement: &str,
    values: &[Value<'_>],
) -> Result<u64, LedgerError> {
    connection
        .prepare_cached(statement)
        .and_then(|mut statement| {
            statement.execute(rusqlite::params_from_iter(values))
        })
        .map(int::to_u64)
        .map_err(sqlite(what))
}

/// Changes by other connections, as SQLite numbers them for this one.
pub fn version(
    connection: &Connection,
    what: &'static str,
) -> Result<i64, LedgerError> {
    connection
        .prepare_cached("pragma data_version")
        .and_then(|mut asked| asked.query_row([], |row| row.get(0)))
        .map_err(sqlite(what))
}

impl Sqlite {
    pub fn open(path: &Path, durable: bool) -> Result<Sqlite, LedgerError> {
        let fail = sqlite("content store");
        let shown = path.display().to_string();
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let log = PathBuf::from(log);
        // Made here, because SQLite would let everybody read it.
        let made = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path);
        if let Err(error) = made {
            // An auditor may read what nobody is writing.
            let quiet =
                std::fs::metadata(&log).map_or(0, |log| log.len()) == 0;
            if quiet && let Some(connection) = read_only(path) {
                return Ok(Sqlite { connection, log });
            }
            return Err(LedgerError::io(shown, error));
        }
        let connection = Connection::open(path).map_err(&fail)?;
        connection.busy_timeout(Duration::from_secs(30)).map_err(&fail)?;
        let level = if durable { "full" } else { "normal" };
        connection
            .execute_batch(&format!(
                "pragma journal_mode = wal; pragma synchronous = {level}; \
                 pragma secure_delete = on;"
            ))
            .map_err(&fail)?;
        Ok(Sqlite { connection, log })
    }

    pub fn make(
        &mut self,
        tables: &str,
        form: i64,
    ) -> Result<(), LedgerError> {
        let fail = sqlite("content store");
        let found: i64 = self
            .connection
            .query_row("pragma user_version", [], |row| row.get(0))
            .map_err(&fail)?;
        if found == form {
            return Ok(());
        }
        let change = self.begin("content store")?;
        let found: i64 = change
            .query_row("pragma user_version", [], |row| row.get(0))
            .map_err(&fail)?;
        if found == 0 {
            change.execute_batch(tables).map_err(&fail)?;
            change
                .execute_batch(&format!("pragma user_version = {form}"))
                .map_err(&fail)?;
        } else if found != form {
            return Err(super::super::store::other_form(found, form));
        }
        change.commit().map_err(&fail)
    }

    pub fn query(
        &self,
        what: &'static str,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, LedgerError> {
        query(&self.connection, what, statement, values)
    }

    pub fn begin(
        &mut self,
        what: &'static str,
    ) -> Result<Transaction<'_>, LedgerError> {
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sqlite(what))
    }

    /// Commits go to the write-ahead log, which SQLite itself writes through
    /// only when it moves it into the database. What is whole in it counts
    /// after a power cut.
    pub fn sync(&self) -> Result<(), LedgerError> {
        match File::open(&self.log).and_then(|file| file.sync_data()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(LedgerError::io("store.sqlite-wal", error))
            }
            _ => Ok(()),
        }
    }

    /// Old pages must not survive in the write-ahead log.
    pub fn scrub(&mut self) -> Result<(), LedgerError> {
        self.connection
            .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
            .map_err(sqlite("erasing content"))
    }
}
