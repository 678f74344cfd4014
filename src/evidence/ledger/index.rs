//! Where the entries of a ledger are, by what people ask for. In: segments;
//! out: `index.sqlite`, brought up to date before each use and made again
//! from nothing whenever it does not fit. Writers never wait for it.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::book::Book;
use super::entry::{self, Entry, Header, Kind, Step, Walk};
use super::error::{LedgerError, sqlite};
use super::log::{segment_name, segments};
use super::storage::Storage as _;
use crate::base::clock::Moment;
use crate::base::int;
use crate::evidence::Evidence;

const FILE: &str = "index.sqlite";
/// Changes with the tables below: an index of another form is made again.
const FORM: i64 = 1;

const TABLES: &str = "
create table place(segment integer not null, offset integer not null,
                   seq integer not null);
create table entry(
    seq integer primary key, kind text not null, at integer not null,
    segment integer not null, offset integer not null,
    length integer not null,
    id text, item text, verdict text, category text, rule text,
    author text, surface text, lang text);
create index entry_id on entry(id);
create index entry_item on entry(item);
create index entry_author on entry(author);
create index entry_at on entry(at);
";

/// Which entries are wanted. `None`: any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub kind: Option<Kind>,
    /// Half-open.
    pub since: Option<Moment>,
    pub until: Option<Moment>,
    pub category: Option<String>,
    pub rule: Option<String>,
    pub verdict: Option<String>,
    /// A keyed reference.
    pub author: Option<String>,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub seq: u64,
    pub at: Moment,
    segment: u64,
    offset: u64,
    length: u64,
}

/// An entry that was read.
#[derive(Clone, Debug)]
pub struct Read {
    pub seq: u64,
    pub kind: Kind,
    pub at: Moment,
    /// The bytes that the commitment covers.
    pub bytes: Vec<u8>,
}

impl Read {
    pub fn payload(&self) -> &[u8] {
        &self.bytes[entry::HEAD..]
    }

    pub fn json(&self) -> Result<serde_json::Value, LedgerError> {
        serde_json::from_slice(self.payload()).map_err(|error| {
            LedgerError::other(format!("entry {}: {error}", self.seq))
        })
    }
}

/// An index that is up to date.
pub struct Index {
    book: Book,
    connection: Connection,
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

impl Index {
    /// Opens the index of a ledger and reads what is new. An auditor who may
    /// not write into the folder gets one in memory.
    pub fn open(book: &Book) -> Result<Index, LedgerError> {
        let path = book.folder().join(FILE);
        if let Ok(index) = Index::at(book, &path) {
            return Ok(index);
        }
        // Damaged, or of another form: it holds nothing of its own.
        if let Ok(index) = Index::rebuild(book) {
            return Ok(index);
        }
        let fail = sqlite("index");
        Index::over(book, Connection::open_in_memory().map_err(fail)?)
    }

    /// Makes the index again.
    pub fn rebuild(book: &Book) -> Result<Index, LedgerError> {
        let path = book.folder().join(FILE);
        remove(&path)?;
        Index::at(book, &path)
    }

    fn at(book: &Book, path: &Path) -> Result<Index, LedgerError> {
        let connection = Connection::open(path).map_err(sqlite("index"))?;
        Index::over(book, connection)
    }

    fn over(
        book: &Book,
        connection: Connection,
    ) -> Result<Index, LedgerError> {
        let fail = sqlite("index");
        connection
            .busy_timeout(std::time::Duration::from_secs(30))
            .map_err(&fail)?;
        let form: i64 = connection
            .query_row("pragma user_version", [], |row| row.get(0))
            .map_err(&fail)?;
        if form == 0 {
            let make = format!(
                "begin immediate; {TABLES} insert into place values(0,0,0); \
                 pragma user_version = {FORM}; commit;"
            );
            connection.execute_batch(&make).map_err(&fail)?;
        } else if form != FORM {
            return Err(LedgerError::other("an index of another form"));
        }
        let mut index = Index { book: book.clone(), connection };
        index.catch_up()?;
        Ok(index)
    }

    /// Reads entries that were written since the last time.
    fn catch_up(&mut self) -> Result<(), LedgerError> {
        let fail = sqlite("index");
        let numbers = segments(self.book.storage())?;
        let change = self
            .connection
            .transaction_with_behavior(
                rusqlite::TransactionBehavior::Immediate,
            )
            .map_err(&fail)?;
        let (mut segment, mut offset, mut seq): (i64, i64, i64) = change
            .query_row("select segment, offset, seq from place", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .map_err(&fail)?;
        let begin = unsigned(segment);
        for number in numbers.into_iter().filter(|n| *n >= begin) {
            let name = segment_name(number);
            let bytes = self
                .book
                .storage()
                .read(&name)
                .map_err(|error| LedgerError::io(name, error))?;
            if signed(number) > segment || offset == 0 {
                let Ok((header, at)) = Header::read(&bytes) else { continue };
                segment = signed(number);
                offset = signed(int::to_u64(at));
                seq = signed(header.tree.size());
            }
            let from = int::usize_from(unsigned(offset))
                .filter(|from| *from <= bytes.len())
                .ok_or_else(|| LedgerError::other("a segment shrank"))?;
            for step in Walk::new(&bytes, from, unsigned(seq)) {
                if let Step::Entry { offset: at, entry } = step {
                    let at = int::to_u64(at);
                    add(&change, number, at, &entry)?;
                    let end = at + int::to_u64(entry.stored_len());
                    (offset, seq) = (signed(end), signed(entry.seq + 1));
                }
            }
        }
        change
            .execute(
                "update place set segment = ?, offset = ?, seq = ?",
                params![segment, offset, seq],
            )
            .map_err(&fail)?;
        change.commit().map_err(&fail)
    }

    /// Entries that are wanted, in their order.
    pub fn find(&self, wanted: &Wanted) -> Result<Vec<Place>, LedgerError> {
        let fail = sqlite("index");
        let mut statement = self
            .connection
            .prepare(
                "select seq, at, segment, offset, length from entry where \
                 (?1 is null or kind = ?1) and (?2 is null or at >= ?2) and \
                 (?3 is null or at < ?3) and (?4 is null or category = ?4) \
                 and (?5 is null or rule = ?5) and (?6 is null or \
                 verdict = ?6) and (?7 is null or author = ?7) order by seq",
            )
            .map_err(&fail)?;
        let moment = |at: Option<Moment>| at.map(|at| signed(at.0));
        let rows = statement
            .query_map(
                params![
                    wanted.kind.map(Kind::as_str),
                    moment(wanted.since),
                    moment(wanted.until),
                    wanted.category,
                    wanted.rule,
                    wanted.verdict,
                    wanted.author
                ],
                place,
            )
            .map_err(&fail)?;
        rows.collect::<Result<Vec<Place>, _>>().map_err(&fail)
    }

    /// The evidence that a name means: its own id, the id of the item (the
    /// latest decision about it), or the number of the entry as `#17`.
    pub fn resolve(&self, name: &str) -> Result<Place, LedgerError> {
        let fail = sqlite("index");
        let by = |clause: &str, value: &dyn rusqlite::ToSql| {
            let query = format!(
                "select seq, at, segment, offset, length from entry where \
                 {clause} order by seq desc limit 1"
            );
            self.connection
                .query_row(&query, [value], place)
                .optional()
                .map_err(&fail)
        };
        let number = name.strip_prefix('#').and_then(|n| n.parse().ok());
        let found = match number {
            Some(number) => by("seq = ?", &signed(number))?,
            None => match by("id = ?", &name)? {
                Some(found) => Some(found),
                None => by("item = ? and kind = 'evidence'", &name)?,
            },
        };
        found.ok_or_else(|| {
            LedgerError::other(format!("no entry or item is called {name:?}"))
        })
    }

    /// Reads an entry and checks it.
    pub fn read(&self, place: &Place) -> Result<Read, LedgerError> {
        let name = segment_name(place.segment);
        let length = int::usize_from(place.length)
            .ok_or_else(|| LedgerError::other("a length is damaged"))?;
        let bytes = self
            .book
            .storage()
            .read_at(&name, place.offset, length)
            .map_err(|error| LedgerError::io(name.clone(), error))?;
        match entry::read(&bytes) {
            Ok(found) if found.seq == place.seq => Ok(Read {
                seq: found.seq,
                kind: found.kind,
                at: found.at,
                bytes: found.bytes.to_vec(),
            }),
            _ => Err(LedgerError::other(format!(
                "entry {} is damaged ({name} at byte {})",
                place.seq, place.offset
            ))),
        }
    }

    /// Reads the evidence of an entry.
    pub fn evidence(&self, place: &Place) -> Result<Evidence, LedgerError> {
        let read = self.read(place)?;
        serde_json::from_slice(read.payload()).map_err(|error| {
            let seq = read.seq;
            LedgerError::other(format!("entry {seq} is no evidence: {error}"))
        })
    }
}

fn remove(path: &Path) -> Result<(), LedgerError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(LedgerError::io(FILE, error))
        }
        _ => Ok(()),
    }
}

fn place(row: &rusqlite::Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        seq: unsigned(row.get(0)?),
        at: Moment(unsigned(row.get(1)?)),
        segment: unsigned(row.get(2)?),
        offset: unsigned(row.get(3)?),
        length: unsigned(row.get(4)?),
    })
}

fn add(
    change: &rusqlite::Transaction<'_>,
    segment: u64,
    offset: u64,
    entry: &Entry<'_>,
) -> Result<(), LedgerError> {
    let json: serde_json::Value =
        serde_json::from_slice(entry.payload()).unwrap_or_default();
    let text = |path: &str| json.pointer(path).and_then(|v| v.as_str());
    change
        .prepare_cached(
            "insert or replace into entry values \
             (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                signed(entry.seq),
                entry.kind.as_str(),
                signed(entry.at.0),
                signed(segment),
                signed(offset),
                signed(int::to_u64(entry.stored_len())),
                text("/id"),
                text("/item/id"),
                text("/decision/verdict"),
                text("/decision/category"),
                text("/decision/rule"),
                text("/item/author"),
                text("/item/surface"),
                text("/item/lang"),
            ])
        })
        .map(|_| ())
        .map_err(sqlite("index"))
}
