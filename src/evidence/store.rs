//! Content kept for review, apart from the log. In: bytes and whose they
//! are; out: the same bytes until they are erased. SQLite, one file.
//!
//! Each owner (an author's reference, or one record without an author) has
//! a random key of its own; content is sealed under it with XChaCha20 and
//! Poly1305, bound to its name. The keys are wrapped by the ledger's
//! `content.key`. Erasing an author destroys the key: copies of the file
//! (a backup) become unreadable too. Erasing an item or an age destroys the
//! bytes; `secure_delete` overwrites them and the write-ahead log is
//! emptied.
//!
//! What an erasure or a case has to tell the ledger goes into `outbox` in
//! the same transaction, and from there into the ledger by whoever writes
//! it: a crash in between repeats the entry, never loses it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use chacha20poly1305::aead::Payload;
use chacha20poly1305::aead::{Aead as _, AeadInOut as _, KeyInit as _};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::derive::Kept;
use super::keys::Secret;
use super::ledger::entry::Kind;
use super::ledger::log::New;
use super::ledger::{LedgerError, Writer, sqlite};
use crate::base::clock::Moment;
use crate::base::{int, limits, random};

const FORM: i64 = 1;
/// Pages in the write-ahead log before they are moved: authors come in no
/// order, so the same pages are written again and again. 32 MiB.
const WAL_PAGES: u32 = 8192;
const TABLES: &str = "
create table owner_key(
    owner text primary key, sealed blob not null) without rowid;
create table content(
    id text primary key, owner text not null, at integer not null,
    class text not null, sealed blob not null);
create table outbox(
    n integer primary key autoincrement, kind integer not null,
    at integer not null, payload blob not null);
create table cases(
    id text primary key, kind text not null, evidence text,
    item text not null, author text, reporter text,
    category text, opened integer not null, deadline integer not null,
    note_owner text not null, note blob,
    state text not null, outcome text, decided integer, decider text,
    explanation text);
create index cases_evidence on cases(evidence);
create index cases_reporter on cases(reporter);
create index cases_author on cases(author);
";

/// What is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erase {
    /// Everything of an author, by reference.
    Author(String),
    /// Content of one decision.
    Item(String),
    /// Everything decided before.
    Before(Moment),
    /// What has outlived its class: days by class, the present.
    Expired { days: BTreeMap<String, u64>, now: Moment },
}

impl Erase {
    fn as_str(&self) -> &'static str {
        match self {
            Erase::Author(_) => "author",
            Erase::Item(_) => "item",
            Erase::Before(_) => "older_than",
            Erase::Expired { .. } => "expired",
        }
    }
}

/// What an erasure does or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    pub ids: Vec<String>,
    /// Kept because a case about them is open.
    pub held: u64,
    pub key_destroyed: bool,
}

/// The open store.
pub struct Store {
    pub(super) connection: Connection,
    master: Secret,
    nonces: Nonces,
}

/// Nonces that never repeat: 16 random bytes of this opening of the store
/// and a counter. One question to the system instead of one a content.
struct Nonces {
    prefix: [u8; 16],
    count: u64,
}

impl Nonces {
    fn new() -> Result<Nonces, LedgerError> {
        let prefix = random::bytes()
            .map_err(|error| LedgerError::io("a nonce", error))?;
        Ok(Nonces { prefix, count: 0 })
    }

    fn next(&mut self) -> [u8; 24] {
        let mut nonce = [0; 24];
        nonce[..16].copy_from_slice(&self.prefix);
        nonce[16..].copy_from_slice(&self.count.to_le_bytes());
        self.count += 1;
        nonce
    }
}

/// An entry of the outbox.
struct Waiting {
    n: i64,
    kind: Kind,
    at: Moment,
    payload: Vec<u8>,
}

pub(super) fn signed(moment: Moment) -> i64 {
    i64::try_from(moment.0).unwrap_or(i64::MAX)
}

pub(super) fn moment(value: i64) -> Moment {
    Moment(u64::try_from(value).unwrap_or(0))
}

impl Store {
    /// Opens or makes the store of a ledger. `durable`: every commit is on
    /// the disk when it returns.
    pub fn open(
        folder: &Path,
        master: Secret,
        durable: bool,
    ) -> Result<Store, LedgerError> {
        let fail = sqlite("content store");
        let path = folder.join("store.sqlite");
        // Made here, because SQLite would let everybody read it.
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| LedgerError::io("store.sqlite", error))?;
        let connection = Connection::open(path).map_err(&fail)?;
        connection.busy_timeout(Duration::from_secs(30)).map_err(&fail)?;
        let level = if durable { "full" } else { "normal" };
        connection
            .execute_batch(&format!(
                "pragma journal_mode = wal; pragma synchronous = {level}; \
                 pragma secure_delete = on; \
                 pragma wal_autocheckpoint = {WAL_PAGES};"
            ))
            .map_err(&fail)?;
        let nonces = Nonces::new()?;
        let mut store = Store { connection, master, nonces };
        store.make_tables()?;
        Ok(store)
    }

    fn make_tables(&mut self) -> Result<(), LedgerError> {
        let fail = sqlite("content store");
        let change = begin(&mut self.connection)?;
        let form: i64 = change
            .query_row("pragma user_version", [], |row| row.get(0))
            .map_err(&fail)?;
        if form == 0 {
            change.execute_batch(TABLES).map_err(&fail)?;
            change
                .execute_batch(&format!("pragma user_version = {FORM}"))
                .map_err(&fail)?;
        } else if form != FORM {
            return Err(LedgerError::other(format!(
                "store.sqlite has form {form}, this program reads form {FORM}"
            )));
        }
        change.commit().map_err(&fail)
    }

    /// Seals and keeps the content of decisions, all or none.
    pub fn keep(&mut self, all: &[Kept]) -> Result<(), LedgerError> {
        let fail = sqlite("keeping content");
        let master = self.master.clone();
        let change = begin(&mut self.connection)?;
        let nonces = &mut self.nonces;
        let mut keys = BTreeMap::new();
        for kept in all {
            let owner = kept.owner.as_str();
            let key = match keys.entry(owner) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => {
                    place.insert(owner_key(&change, &master, owner, nonces)?)
                }
            };
            let nonce = nonces.next();
            let sealed = seal(key, nonce, &kept.id, &kept.content)?;
            change
                .prepare_cached("insert into content values (?,?,?,?,?)")
                .and_then(|mut statement| {
                    let at = signed(kept.at);
                    let class = class_of(kept);
                    let row = params![kept.id, owner, at, class, sealed];
                    statement.execute(row)
                })
                .map_err(&fail)?;
        }
        change.commit().map_err(&fail)
    }

    /// Content by the name that evidence gives it; `None` once erased.
    pub fn content(&self, id: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let found: Option<(String, Vec<u8>)> = self
            .connection
            .query_row(
                "select owner, sealed from content where id = ?",
                [id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(sqlite("reading content"))?;
        match found {
            None => Ok(None),
            Some((owner, sealed)) => self.unseal(&owner, id, &sealed),
        }
    }

    /// Opens what was sealed under an owner's key; `None` when the key is
    /// gone.
    pub(super) fn unseal(
        &self,
        owner: &str,
        id: &str,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let key: Option<Vec<u8>> = self
            .connection
            .query_row(
                "select sealed from owner_key where owner = ?",
                [owner],
                |row| row.get(0),
            )
            .optional()
            .map_err(sqlite("reading a key"))?;
        let Some(key) = key else { return Ok(None) };
        let key = unwrap(&self.master, owner, &key)?;
        unseal(&key, id, sealed).map(Some)
    }

    /// Seals a text under an owner's key, which is made when there is none.
    pub(super) fn seal_for(
        change: &Transaction<'_>,
        master: &Secret,
        owner: &str,
        id: &str,
        text: &str,
    ) -> Result<Vec<u8>, LedgerError> {
        let mut nonces = Nonces::new()?;
        let key = owner_key(change, master, owner, &mut nonces)?;
        seal(&key, nonces.next(), id, text.as_bytes())
    }

    pub(super) fn master(&self) -> Secret {
        self.master.clone()
    }

    /// What an erasure would do.
    pub fn plan(&self, what: &Erase) -> Result<Erased, LedgerError> {
        let fail = sqlite("reading content");
        let mut statement = self
            .connection
            .prepare(
                "select id, owner, at, class, exists(select 1 from cases \
                 where evidence = content.id and state = 'open') \
                 from content order by at, id",
            )
            .map_err(&fail)?;
        let rows = statement
            .query_map([], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    moment(row.get(2)?),
                    row.get::<_, String>(3)?,
                    row.get::<_, bool>(4)?,
                ))
            })
            .map_err(&fail)?;
        let mut plan = Erased::default();
        for row in rows {
            let (id, owner, at, class, open) = row.map_err(&fail)?;
            let (due, may_hold) = match what {
                Erase::Author(author) => (owner == *author, false),
                Erase::Item(item) => (id == *item, false),
                Erase::Before(before) => (at < *before, true),
                Erase::Expired { days, now } => {
                    let days = days.get(&class).copied();
                    let days = days.unwrap_or(limits::RETENTION_DAYS);
                    (at.plus_days(days) <= *now, true)
                }
            };
            if due && may_hold && open {
                plan.held += 1;
            } else if due {
                plan.ids.push(id);
            }
        }
        if let Erase::Author(author) = what {
            plan.key_destroyed = self
                .connection
                .query_row(
                    "select count(*) from owner_key where owner = ?",
                    [author],
                    |row| row.get::<_, i64>(0),
                )
                .map_err(&fail)?
                > 0;
        }
        Ok(plan)
    }

    /// Erases, and leaves in the outbox what the ledger is to be told.
    pub fn erase(
        &mut self,
        what: &Erase,
        reason: &str,
        now: Moment,
    ) -> Result<Erased, LedgerError> {
        let fail = sqlite("erasing content");
        let plan = self.plan(what)?;
        if plan.ids.is_empty() && !plan.key_destroyed {
            return Ok(plan);
        }
        let change = begin(&mut self.connection)?;
        for id in &plan.ids {
            change
                .prepare_cached("delete from content where id = ?")
                .and_then(|mut statement| statement.execute([id]))
                .map_err(&fail)?;
        }
        if let Erase::Author(author) = what {
            change
                .execute("delete from owner_key where owner = ?", [author])
                .map_err(&fail)?;
        }
        // Keys that nothing is sealed under any more.
        change
            .execute(
                "delete from owner_key where owner like 'item:%' and \
                 owner not in (select owner from content) and \
                 owner not in (select note_owner from cases)",
                [],
            )
            .map_err(&fail)?;
        let mut parts: Vec<&[String]> =
            plan.ids.chunks(limits::ERASURE_IDS_MAX).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        for ids in parts {
            let mut told = serde_json::json!({
                "schema": "trommel.erasure.v1",
                "by": what.as_str(),
                "reason": reason,
                "ids": ids,
                "key_destroyed": plan.key_destroyed,
            });
            if let Erase::Author(author) = what {
                told["author"] = author.as_str().into();
            }
            tell(&change, Kind::Erasure, now, &told)?;
        }
        change.commit().map_err(&fail)?;
        // Old pages must not survive in the write-ahead log.
        self.connection
            .query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))
            .map_err(&fail)?;
        Ok(plan)
    }

    /// Moves what waits in the outbox into the ledger; says how much.
    pub fn deliver(
        &mut self,
        writer: &mut Writer,
    ) -> Result<u64, LedgerError> {
        let waiting = self.waiting()?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let entries: Vec<New<'_>> = waiting
            .iter()
            .map(|w| New { kind: w.kind, at: w.at, payload: &w.payload })
            .collect();
        writer.log().append(&entries)?;
        writer.checkpoint()?;
        let fail = sqlite("outbox");
        let change = begin(&mut self.connection)?;
        for w in &waiting {
            change
                .execute("delete from outbox where n = ?", [w.n])
                .map_err(&fail)?;
        }
        change.commit().map_err(&fail)?;
        Ok(int::to_u64(waiting.len()))
    }

    /// Whether the outbox holds anything.
    pub fn is_waiting(&self) -> Result<bool, LedgerError> {
        self.connection
            .prepare_cached("select exists(select 1 from outbox)")
            .and_then(|mut statement| {
                statement.query_row([], |row| row.get(0))
            })
            .map_err(sqlite("outbox"))
    }

    fn waiting(&self) -> Result<Vec<Waiting>, LedgerError> {
        let fail = sqlite("outbox");
        let mut statement = self
            .connection
            .prepare_cached(
                "select n, kind, at, payload from outbox order by n",
            )
            .map_err(&fail)?;
        let rows = statement
            .query_map([], |row| {
                let code: u8 = row.get(1)?;
                Ok(Waiting {
                    n: row.get(0)?,
                    // Only this program writes kinds, and only known ones.
                    kind: Kind::from_code(code).unwrap_or(Kind::Case),
                    at: moment(row.get(2)?),
                    payload: row.get(3)?,
                })
            })
            .map_err(&fail)?;
        rows.collect::<Result<Vec<Waiting>, _>>().map_err(&fail)
    }
}

/// Puts an entry into the outbox.
pub(super) fn tell(
    change: &Transaction<'_>,
    kind: Kind,
    at: Moment,
    payload: &serde_json::Value,
) -> Result<(), LedgerError> {
    change
        .execute(
            "insert into outbox(kind, at, payload) values (?,?,?)",
            params![kind.code(), signed(at), payload.to_string().into_bytes()],
        )
        .map(|_| ())
        .map_err(sqlite("outbox"))
}

pub(super) fn begin(
    connection: &mut Connection,
) -> Result<Transaction<'_>, LedgerError> {
    connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(sqlite("content store"))
}

/// Retention class: what rules on personal data found is kept apart.
fn class_of(kept: &Kept) -> &'static str {
    match kept.category {
        crate::verdict::Category::PersonalData => "personal_data",
        _ => "decision",
    }
}

/// The names of the retention classes.
pub const CLASSES: [&str; 2] = ["decision", "personal_data"];

fn owner_key(
    change: &Transaction<'_>,
    master: &Secret,
    owner: &str,
    nonces: &mut Nonces,
) -> Result<Secret, LedgerError> {
    let fail = sqlite("keys");
    let known: Option<Vec<u8>> = change
        .prepare_cached("select sealed from owner_key where owner = ?")
        .and_then(|mut statement| {
            statement.query_row([owner], |row| row.get(0)).optional()
        })
        .map_err(&fail)?;
    if let Some(sealed) = known {
        return unwrap(master, owner, &sealed);
    }
    let fresh = random::bytes::<32>()
        .map_err(|error| LedgerError::io("a key", error))?;
    let sealed = seal(master, nonces.next(), owner, &fresh)?;
    change
        .prepare_cached("insert into owner_key values (?,?)")
        .and_then(|mut statement| statement.execute(params![owner, sealed]))
        .map_err(&fail)?;
    Ok(Secret::new(fresh))
}

fn unwrap(
    master: &Secret,
    owner: &str,
    sealed: &[u8],
) -> Result<Secret, LedgerError> {
    let bytes = unseal(master, owner, sealed)?;
    let bytes = <[u8; 32]>::try_from(bytes);
    let bytes = bytes.map_err(|_| LedgerError::other("a key is damaged"))?;
    Ok(Secret::new(bytes))
}

/// 24 bytes of nonce and the sealed bytes, bound to `name`.
fn seal(
    key: &Secret,
    nonce: [u8; 24],
    name: &str,
    bytes: &[u8],
) -> Result<Vec<u8>, LedgerError> {
    let cipher = XChaCha20Poly1305::new(&Key::from(*key.bytes()));
    let mut out = Vec::with_capacity(nonce.len() + bytes.len() + 16);
    out.extend(nonce);
    out.extend(bytes);
    let tag = cipher
        .encrypt_inout_detached(
            &XNonce::from(nonce),
            name.as_bytes(),
            (&mut out[nonce.len()..]).into(),
        )
        .map_err(|_| LedgerError::other("content is too long to seal"))?;
    out.extend(tag);
    Ok(out)
}

fn unseal(
    key: &Secret,
    name: &str,
    sealed: &[u8],
) -> Result<Vec<u8>, LedgerError> {
    let damaged = || {
        LedgerError::other(format!(
            "what is kept under {name} is damaged, or content.key is not \
             the one it was sealed with"
        ))
    };
    let (nonce, body) =
        sealed.split_first_chunk::<24>().ok_or_else(damaged)?;
    let cipher = XChaCha20Poly1305::new(&Key::from(*key.bytes()));
    let payload = Payload { msg: body, aad: name.as_bytes() };
    cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| damaged())
}
