//! A store in PostgreSQL: a schema of its own for each ledger, so that one
//! database holds many.
//!
//! A write first takes an advisory lock of its schema, so that writers wait
//! for each other as they do for a file of SQLite. Text is compared byte by
//! byte (collation C), so that lists have the same order everywhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::str::FromStr as _;
use std::time::Duration;

use postgres::types::{
    IsNull, ToSql, Type, private::BytesMut, to_sql_checked,
};
use postgres::{Client, Config, NoTls, Statement, Transaction};

use super::super::ledger::LedgerError;
use super::{Cell, Row, Value};

/// Rows of one statement; a statement has at most 65,535 values.
pub const ROWS: usize = 128;
const CONNECT: Duration = Duration::from_secs(10);

type Statements = HashMap<String, Statement>;

pub struct Postgres {
    /// Reading needs it mutable, behind `&self`.
    client: RefCell<(Client, Statements)>,
    schema: String,
    /// Number of the advisory lock.
    lock: i64,
}

/// A transaction that holds the lock.
pub struct Writing<'a> {
    change: Transaction<'a>,
    statements: &'a mut Statements,
}

fn fail(what: &'static str) -> impl Fn(postgres::Error) -> LedgerError {
    move |error| {
        let text = match error.as_db_error() {
            Some(inner) => inner.message().to_owned(),
            None => {
                let source = error.source().map(|s| format!(": {s}"));
                let text = error.to_string();
                match source {
                    Some(source) if !text.ends_with(&source) => text + &source,
                    _ => text,
                }
            }
        };
        LedgerError::database(what, format!("PostgreSQL: {text}"))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(number) => number.to_sql(kind, out),
            Value::Text(text) => text.to_sql(kind, out),
            Value::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(kind)
    }

    to_sql_checked!();
}

/// `?` by number.
fn numbered(statement: &str) -> String {
    let mut out = String::with_capacity(statement.len() + 16);
    let mut number = 0;
    for part in statement.split_inclusive('?') {
        match part.strip_suffix('?') {
            Some(before) => {
                number += 1;
                out.push_str(&format!("{before}${number}"));
            }
            None => out.push_str(part),
        }
    }
    out
}

fn row(row: &postgres::Row) -> Result<Row, postgres::Error> {
    let mut cells = Vec::with_capacity(row.len());
    for (n, column) in row.columns().iter().enumerate() {
        let kind = column.type_();
        let value = if *kind == Type::INT8 {
            row.try_get::<_, Option<i64>>(n)?.map(Cell::Int)
        } else if *kind == Type::INT4 {
            // Numbers in a statement itself: `select 1`.
            let value = row.try_get::<_, Option<i32>>(n)?;
            value.map(|value| Cell::Int(value.into()))
        } else if *kind == Type::BOOL {
            let value = row.try_get::<_, Option<bool>>(n)?;
            value.map(|value| Cell::Int(value.into()))
        } else if *kind == Type::BYTEA {
            row.try_get::<_, Option<Vec<u8>>>(n)?.map(Cell::Bytes)
        } else {
            row.try_get::<_, Option<String>>(n)?.map(Cell::Text)
        };
        cells.push(value.unwrap_or(Cell::Null));
    }
    Ok(Row(cells))
}

fn references<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as _).collect()
}

/// The statement, prepared on first use.
fn prepared(
    client: &mut impl postgres::GenericClient,
    statements: &mut Statements,
    text: &str,
) -> Result<Statement, postgres::Error> {
    if let Some(known) = statements.get(text) {
        return Ok(known.clone());
    }
    let fresh = client.prepare(&numbered(text))?;
    statements.insert(text.to_owned(), fresh.clone());
    Ok(fresh)
}

fn read(
    client: &mut impl postgres::GenericClient,
    statements: &mut Statements,
    text: &str,
    values: &[Value<'_>],
) -> Result<Vec<Row>, postgres::Error> {
    let statement = prepared(client, statements, text)?;
    let rows = client.query(&statement, &references(values))?;
    rows.iter().map(row).collect()
}

impl Postgres {
    pub fn open(
        url: &str,
        schema: &str,
        durable: bool,
    ) -> Result<Postgres, LedgerError> {
        let fail = fail("content store");
        let mut config = Config::from_str(url).map_err(&fail)?;
        config.application_name("trommel");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        let mut client = config.connect(NoTls).map_err(&fail)?;
        let encoding: String = client
            .query_one("select current_setting('server_encoding')", &[])
            .and_then(|row| row.try_get(0))
            .map_err(&fail)?;
        if encoding != "UTF8" {
            return Err(LedgerError::other(format!(
                "content store: the database has the encoding {encoding}; \
                 make one with UTF8"
            )));
        }
        // The system writes commits out within a second also when off.
        let level = if durable { "on" } else { "off" };
        client
            .batch_execute(&format!(
                "set search_path to {schema}; \
                 set synchronous_commit to {level}; \
                 set client_min_messages to warning"
            ))
            .map_err(&fail)?;
        let hash = blake3::hash(schema.as_bytes());
        let mut lock = [0; 8];
        lock.copy_from_slice(&hash.as_bytes()[..8]);
        Ok(Postgres {
            client: RefCell::new((client, Statements::new())),
            schema: schema.to_owned(),
            lock: i64::from_le_bytes(lock),
        })
    }

    pub fn make(
        &mut self,
        tables: &str,
        form: i64,
    ) -> Result<(), LedgerError> {
        let fail = fail("content store");
        let schema = self.schema.clone();
        let mut writing = self.begin("content store")?;
        let change = &mut writing.change;
        let there = "select 1 from pg_namespace where nspname = $1";
        if change.query_opt(there, &[&schema]).map_err(&fail)?.is_none() {
            let tables = tables
                .replace(" blob", " bytea")
                .replace(" text", " text collate \"C\"")
                .replace(" integer primary key autoincrement", " identity")
                .replace(" integer", " bigint")
                .replace(
                    " identity",
                    " bigint generated always as identity primary key",
                )
                .replace(" without rowid", "");
            change
                .batch_execute(&format!(
                    "create schema {schema}; {tables} \
                     create table form(number bigint not null); \
                     insert into form values ({form});"
                ))
                .map_err(&fail)?;
        }
        let found: i64 = change
            .query_one("select number from form", &[])
            .and_then(|row| row.try_get(0))
            .map_err(&fail)?;
        if found != form {
            return Err(super::super::store::other_form(found, form));
        }
        writing.commit("content store")
    }

    pub fn query(
        &self,
        what: &'static str,
        statement: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, LedgerError> {
        let (client, statements) = &mut *self.client.borrow_mut();
        read(client, statements, statement, values).map_err(fail(what))
    }

    pub fn begin(
        &mut self,
        what: &'static str,
    ) -> Result<Writing<'_>, LedgerError> {
        let (client, statements) = self.client.get_mut();
        let mut change = client.transaction().map_err(fail(what))?;
        let mut writing_lock = || {
            let text = "select pg_advisory_xact_lock(?)";
            let statement = prepared(&mut change, statements, text)?;
            change.query(&statement, &[&self.lock])
        };
        writing_lock().map_err(fail(what))?;
        Ok(Writing { change, statements })
    }

    /// An empty durable commit writes out what was committed before it.
    pub fn sync(&self) -> Result<(), LedgerError> {
        let (client, _) = &mut *self.client.borrow_mut();
        client
            .batch_execute(
                "begin; set local synchronous_commit to on; \
                 select pg_current_xact_id(); commit",
            )
            .map_err(fail("content store"))
    }

    /// Deleted rows stay in their pages until they are cleaned up.
    pub fn scrub(&mut self) -> Result<(), LedgerError> {
        let (client, _) = self.client.get_mut();
        for table in ["content", "owner_key", "cases"] {
            client
                .batch_execute(&format!("vacuum {table}"))
                .map_err(fail("erasing content"))?;
        }
        Ok(())
    }
}

impl Writing<'_> {
    pub fn execute(
        &mut self,
        what: &'static str,
        text: &str,
        values: &[Value<'_>],
    ) -> Result<u64, LedgerError> {
        prepared(&mut self.change, self.statements, text)
            .and_then(|statement| {
                self.change.execute(&statement, &references(values))
            })
            .map_err(fail(what))
    }

    pub fn query(
        &mut self,
        what: &'static str,
        text: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, LedgerError> {
        read(&mut self.change, self.statements, text, values)
            .map_err(fail(what))
    }

    pub fn commit(self, what: &'static str) -> Result<(), LedgerError> {
        self.change.commit().map_err(fail(what))
    }
}
