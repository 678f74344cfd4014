//! Content kept for review, apart from the log. In: bytes and whose they
//! are; out: the same bytes until they are erased. A file of SQLite, or a
//! schema of PostgreSQL when `store.url` names one.
//!
//! Each owner (an author's reference, or one record without an author) has
//! keys of its own; content is sealed under one of them with ChaCha20 and
//! Poly1305 (RFC 8439), bound to its name. The key is the BLAKE3 hash, keyed
//! by the ledger's `content.key`, of 32 random bytes that only this database
//! holds and of the owner: neither file tells it without the other. Erasing
//! an author destroys the random bytes and so the keys: copies of the
//! database (a backup) become unreadable too, once they have let go of them.
//! Erasing an item or an age destroys the bytes, and what the database can
//! clean up behind them it does.
//!
//! Keeping only ever appends. A writer uses keys that it made itself and has
//! at hand, and makes another when it has none; every sealed value names its
//! key by number. Looking owners up in an index, where they stand in no
//! order, cost a page of the database an author. It also means that a key
//! seals only during one opening of the store, so that a counter is enough
//! for nonces that do not repeat.
//!
//! What an erasure or a case has to tell the ledger goes into `outbox` in
//! the same transaction, and from there into the ledger by whoever writes
//! it: a crash in between repeats the entry, never loses it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ring::aead::{
    Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey,
};
use ring::error::Unspecified;

use super::database::{Change, Database, Place, Row, Value};
use super::derive::Kept;
use super::keys::{self, Secret};
use super::ledger::entry::Kind;
use super::ledger::log::New;
use super::ledger::{Book, LedgerError, Writer};
use crate::base::clock::{DAY_MS, Moment};
use crate::base::{int, limits, random};

/// Number of the form of the tables.
const FORM: i64 = 2;
/// Bytes that an owner's key is made from.
const SEED: usize = 32;
/// Written for SQLite; `database` says what PostgreSQL gets instead.
const TABLES: &str = "
create table owner_key(
    n integer primary key, owner text not null, seed blob not null);
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
/// Names the database of PostgreSQL; for the owner only, it may hold a
/// password.
const URL: &str = "store.url";
const FILE: &str = "store.sqlite";

/// What is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erase {
    /// Everything of a person, by the references that the person has as
    /// author and as reporter.
    Person(Vec<String>),
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
            Erase::Person(_) => "author",
            Erase::Item(_) => "item",
            Erase::Before(_) => "older_than",
            Erase::Expired { .. } => "expired",
        }
    }
}

/// What an erasure does or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Contents.
    pub ids: Vec<String>,
    /// Decided cases that lose what was said when they were opened.
    pub notes: Vec<String>,
    /// Overturned cases whose text is among the contents.
    pub tests: Vec<String>,
    /// Kept because a case about them is open.
    pub held: u64,
    pub key_destroyed: bool,
}

/// The open store.
pub struct Store {
    pub(super) database: Database,
    master: Secret,
    nonces: Nonces,
    known: KnownKeys,
}

/// Keys of owners that were used of late, as long as nobody else has changed
/// the database: a key that was erased must not be used again.
#[derive(Default)]
struct KnownKeys {
    keys: HashMap<String, OwnerKey>,
    version: Option<i64>,
}

/// A key of an owner and its number.
struct OwnerKey {
    n: i64,
    key: Secret,
}

impl KnownKeys {
    /// Drops what may be out of date.
    fn check(&mut self, version: Option<i64>) {
        let full = self.keys.len() >= limits::OWNER_KEYS_KEPT;
        if full || version.is_none() || self.version != version {
            self.keys.clear();
            self.version = version;
        }
    }
}

/// Nonces that never repeat under a key: a counter of this opening of the
/// store, and no other opening seals under the same keys.
#[derive(Default)]
struct Nonces {
    count: u64,
}

impl Nonces {
    fn next(&mut self) -> [u8; NONCE_LEN] {
        let mut nonce = [0; NONCE_LEN];
        nonce[..8].copy_from_slice(&self.count.to_le_bytes());
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
    pub fn open(book: &Book, durable: bool) -> Result<Store, LedgerError> {
        Store::open_at(book, None, durable)
    }

    /// The same; `url` names the database for a ledger that has no store
    /// yet, and is remembered.
    pub fn open_at(
        book: &Book,
        url: Option<&str>,
        durable: bool,
    ) -> Result<Store, LedgerError> {
        let master = book.secret("content")?;
        let path = book.folder().join(URL);
        let known = keys::private_line(&path)?;
        let file = book.folder().join(FILE);
        if let Some(url) = url {
            check_url(url)?;
            let other = match &known {
                Some(known) => known != url,
                None => file.exists(),
            };
            if other {
                let place = known.as_ref().map_or(FILE, |_| URL);
                return Err(LedgerError::other(format!(
                    "the content of this ledger is kept elsewhere ({place}); \
                     move the database yourself, then name it in {URL}"
                )));
            }
        }
        let schema = format!("trommel_{}", book.identity().id);
        let place = match known.as_deref().or(url) {
            Some(url) => Place::Url { url, schema: &schema },
            None => Place::File(&file),
        };
        let database = Database::open(place, TABLES, FORM, durable)?;
        if let (Some(url), None) = (url, &known) {
            keys::write_private_line(&path, url)?;
        }
        Ok(Store {
            database,
            master,
            nonces: Nonces::default(),
            known: KnownKeys::default(),
        })
    }

    /// Everything kept is on the disk when it returns.
    pub fn sync(&self) -> Result<(), LedgerError> {
        self.database.sync()
    }

    /// Seals and keeps the content of decisions, all or none.
    pub fn keep(&mut self, all: &[Kept]) -> Result<(), LedgerError> {
        let kept = self.try_keep(all);
        if kept.is_err() {
            // Keys of a change that was not made.
            self.known = KnownKeys::default();
        }
        kept
    }

    fn try_keep(&mut self, all: &[Kept]) -> Result<(), LedgerError> {
        let mut change = self.database.begin("keeping content")?;
        let (known, nonces) = (&mut self.known, &mut self.nonces);
        known.check(change.version()?);
        let keys = &mut known.keys;
        let mut owners: Vec<&str> = all
            .iter()
            .map(|kept| kept.owner.as_str())
            .filter(|owner| !keys.contains_key(*owner))
            .collect();
        owners.sort_unstable();
        owners.dedup();
        let made = make_keys(&mut change, &self.master, &owners)?;
        keys.extend(owners.into_iter().map(str::to_owned).zip(made));
        let mut sealed = Vec::with_capacity(all.len());
        for kept in all {
            let key = &keys[kept.owner.as_str()];
            sealed.push(seal(key, nonces.next(), &kept.id, &kept.content)?);
        }
        let values: Vec<Value<'_>> = all
            .iter()
            .zip(&sealed)
            .flat_map(|(kept, sealed)| {
                [
                    Value::Text(&kept.id),
                    Value::Text(&kept.owner),
                    Value::Int(signed(kept.at)),
                    Value::Text(class_of(kept)),
                    Value::Bytes(sealed),
                ]
            })
            .collect();
        change.insert("content", 5, &values)?;
        change.commit()
    }

    /// Content by the name that evidence gives it; `None` once erased.
    pub fn content(&self, id: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let found = self.database.query(
            "reading content",
            "select owner, sealed from content where id = ?",
            &[id.into()],
        )?;
        match found.into_iter().next() {
            None => Ok(None),
            Some(mut row) => {
                let (owner, sealed) = (row.text(0)?, row.bytes(1)?);
                self.unseal(&owner, id, &sealed)
            }
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
        let damaged = || {
            LedgerError::other(format!(
                "what is kept under {id} is damaged, or content.key is not \
                 the one it was sealed with"
            ))
        };
        let (n, sealed) = sealed.split_first_chunk().ok_or_else(damaged)?;
        let found = self.database.query(
            "reading a key",
            "select seed from owner_key where n = ? and owner = ?",
            &[Value::Int(i64::from_le_bytes(*n)), owner.into()],
        )?;
        let Some(mut row) = found.into_iter().next() else {
            return Ok(None);
        };
        let key = owner_key(&self.master, owner, &row.bytes(0)?);
        unseal(&key, id, sealed).ok_or_else(damaged).map(Some)
    }

    /// Seals a text under a key of an owner, which is made for it.
    pub(super) fn seal_for(
        change: &mut Change<'_>,
        master: &Secret,
        owner: &str,
        id: &str,
        text: &str,
    ) -> Result<Vec<u8>, LedgerError> {
        let made = make_keys(change, master, &[owner])?;
        let nonce = Nonces::default().next();
        seal(&made[0], nonce, id, text.as_bytes())
    }

    pub(super) fn master(&self) -> Secret {
        self.master.clone()
    }

    /// What an erasure would do.
    pub fn plan(&mut self, what: &Erase) -> Result<Erased, LedgerError> {
        plan(&mut self.database.begin("reading content")?, what)
    }

    /// Erases, and leaves in the outbox what the ledger is to be told.
    pub fn erase(
        &mut self,
        what: &Erase,
        reason: &str,
        now: Moment,
    ) -> Result<Erased, LedgerError> {
        self.known = KnownKeys::default();
        let mut change = self.database.begin("erasing content")?;
        let plan = plan(&mut change, what)?;
        if plan.ids.is_empty() && plan.notes.is_empty() && !plan.key_destroyed
        {
            return Ok(plan);
        }
        for id in &plan.ids {
            change
                .execute("delete from content where id = ?", &[id.into()])?;
        }
        for id in &plan.notes {
            let forget = "update cases set note = null where id = ?";
            change.execute(forget, &[id.into()])?;
        }
        let last = last_key(&mut change)?;
        if let Erase::Person(references) = what {
            for owner in references {
                let gone = "delete from owner_key where owner = ?";
                change.execute(gone, &[owner.into()])?;
            }
        }
        // Keys that nothing is sealed under any more.
        change.execute(
            "delete from owner_key where owner like 'item:%' and \
             owner not in (select owner from content) and \
             owner not in (select note_owner from cases \
             where note is not null)",
            &[],
        )?;
        if last_key(&mut change)? < last {
            // What was sealed under a key that is gone must not meet
            // another with its number.
            let values = [last.into(), "".into(), Value::Bytes(&[])];
            change.insert("owner_key", 3, &values)?;
        }
        let mut parts: Vec<&[String]> =
            plan.ids.chunks(limits::ERASURE_IDS_MAX).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        for (number, ids) in parts.into_iter().enumerate() {
            let mut told = serde_json::json!({
                "schema": "trommel.erasure.v1",
                "by": what.as_str(),
                "reason": reason,
                "ids": ids,
                "key_destroyed": plan.key_destroyed,
            });
            if let Erase::Person(references) = what {
                told["author"] = references.first().cloned().into();
            }
            if number == 0 && !plan.notes.is_empty() {
                told["cases"] = plan.notes.clone().into();
            }
            tell(&mut change, Kind::Erasure, now, &told)?;
        }
        change.commit()?;
        self.database.scrub()?;
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
        let mut change = self.database.begin("outbox")?;
        for w in &waiting {
            let gone = "delete from outbox where n = ?";
            change.execute(gone, &[w.n.into()])?;
        }
        change.commit()?;
        Ok(int::to_u64(waiting.len()))
    }

    /// Whether the outbox holds anything.
    pub fn is_waiting(&self) -> Result<bool, LedgerError> {
        let any = "select 1 from outbox limit 1";
        Ok(!self.database.query("outbox", any, &[])?.is_empty())
    }

    fn waiting(&self) -> Result<Vec<Waiting>, LedgerError> {
        let all = "select n, kind, at, payload from outbox order by n";
        let rows = self.database.query("outbox", all, &[])?;
        let waiting = |mut row: Row| {
            let code = u8::try_from(row.int(1)?).ok();
            Ok(Waiting {
                n: row.int(0)?,
                // Only this program writes kinds, and only known ones.
                kind: code.and_then(Kind::from_code).unwrap_or(Kind::Case),
                at: moment(row.int(2)?),
                payload: row.bytes(3)?,
            })
        };
        rows.into_iter().map(waiting).collect()
    }
}

/// The error for tables that another version made.
pub(super) fn other_form(found: i64, form: i64) -> LedgerError {
    LedgerError::other(format!(
        "the content store has form {found}, this program reads form {form}"
    ))
}

fn check_url(url: &str) -> Result<(), LedgerError> {
    let known = ["postgres://", "postgresql://"];
    if known.iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(());
    }
    Err(LedgerError::other(
        "expected a URL of PostgreSQL, postgres://USER@HOST/DATABASE; without \
         one content is kept in a file of SQLite",
    ))
}

/// What an erasure would do.
fn plan(change: &mut Change<'_>, what: &Erase) -> Result<Erased, LedgerError> {
    let mut plan = Erased::default();
    match what {
        Erase::Person(references) => {
            for owner in references {
                due(change, &mut plan, "owner = ?", &[owner.into()], false)?;
                let key = "select 1 from owner_key where owner = ?";
                let found = change.query(key, &[owner.into()])?;
                plan.key_destroyed |= !found.is_empty();
            }
        }
        Erase::Item(item) => {
            due(change, &mut plan, "id = ?", &[item.into()], false)?;
        }
        Erase::Before(before) => {
            let before = signed(*before);
            due(change, &mut plan, "at < ?", &[before.into()], true)?;
            due_notes(change, &mut plan, before)?;
        }
        Erase::Expired { days, now } => {
            let until = |class: &str| {
                let days = days.get(class).copied();
                let days = days.unwrap_or(limits::RETENTION_DAYS);
                // Kept for whole days: due at their very end.
                signed(now.minus_ms(days.saturating_mul(DAY_MS))) + 1
            };
            for class in CONTENT_CLASSES {
                let values = [class.into(), until(class).into()];
                let clause = "class = ? and at < ?";
                due(change, &mut plan, clause, &values, true)?;
            }
            due_notes(change, &mut plan, until("case"))?;
        }
    }
    let erased: BTreeSet<&String> = plan.ids.iter().collect();
    let overturned = "select id, evidence from cases where \
                      outcome = 'overturn' and kind = 'complaint' \
                      order by id";
    for mut row in change.query(overturned, &[])? {
        let (id, evidence) = (row.text(0)?, row.maybe_text(1)?);
        if evidence.is_some_and(|id| erased.contains(&id)) {
            plan.tests.push(id);
        }
    }
    Ok(plan)
}

/// Adds contents to a plan; those of open cases are held if they may be.
fn due(
    change: &mut Change<'_>,
    plan: &mut Erased,
    clause: &str,
    values: &[Value<'_>],
    may_hold: bool,
) -> Result<(), LedgerError> {
    let all = format!(
        "select id, exists(select 1 from cases where evidence = content.id \
         and state = 'open') from content where {clause} order by at, id"
    );
    for mut row in change.query(&all, values)? {
        let (id, open) = (row.text(0)?, row.int(1)? != 0);
        if may_hold && open {
            plan.held += 1;
        } else {
            plan.ids.push(id);
        }
    }
    Ok(())
}

/// Adds what was said about cases that were decided before.
fn due_notes(
    change: &mut Change<'_>,
    plan: &mut Erased,
    before: i64,
) -> Result<(), LedgerError> {
    let all = "select id from cases where state = 'decided' and \
               note is not null and decided < ? order by decided, id";
    for mut row in change.query(all, &[before.into()])? {
        plan.notes.push(row.text(0)?);
    }
    Ok(())
}

/// Puts an entry into the outbox.
pub(super) fn tell(
    change: &mut Change<'_>,
    kind: Kind,
    at: Moment,
    payload: &serde_json::Value,
) -> Result<(), LedgerError> {
    let payload = payload.to_string();
    let values = [
        Value::Int(kind.code().into()),
        Value::Int(signed(at)),
        Value::Bytes(payload.as_bytes()),
    ];
    let statement = "insert into outbox(kind, at, payload) values (?,?,?)";
    change.execute(statement, &values).map(|_| ())
}

/// Retention class: what rules on personal data found is kept apart.
fn class_of(kept: &Kept) -> &'static str {
    match kept.category {
        crate::verdict::Category::PersonalData => "personal_data",
        _ => "decision",
    }
}

const CONTENT_CLASSES: [&str; 2] = ["decision", "personal_data"];
/// The names of the retention classes: content, and what was said when a
/// case was opened.
pub const CLASSES: [&str; 3] = ["decision", "personal_data", "case"];

/// The highest number that a key has had.
fn last_key(change: &mut Change<'_>) -> Result<i64, LedgerError> {
    let last = "select coalesce(max(n), 0) from owner_key";
    match change.query(last, &[])?.first_mut() {
        Some(row) => row.int(0),
        None => Ok(0),
    }
}

/// Makes a key for each owner, in their order.
fn make_keys(
    change: &mut Change<'_>,
    master: &Secret,
    owners: &[&str],
) -> Result<Vec<OwnerKey>, LedgerError> {
    if owners.is_empty() {
        return Ok(Vec::new());
    }
    // Nobody else writes while this change is open.
    let last = last_key(change)?;
    let seeds = owners
        .iter()
        .map(|_| random::bytes::<SEED>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| LedgerError::io("a key", error))?;
    let values: Vec<Value<'_>> = (last + 1..)
        .zip(owners.iter().zip(&seeds))
        .flat_map(|(n, (owner, seed))| {
            [Value::Int(n), Value::Text(owner), Value::Bytes(seed)]
        })
        .collect();
    change.insert("owner_key", 3, &values)?;
    let keys = owners.iter().zip(&seeds);
    let keys = keys.map(|(owner, seed)| owner_key(master, owner, seed));
    Ok((last + 1..).zip(keys).map(|(n, key)| OwnerKey { n, key }).collect())
}

/// A key of an owner from what the database holds of it.
fn owner_key(master: &Secret, owner: &str, seed: &[u8]) -> Secret {
    let mut hasher = blake3::Hasher::new_keyed(master.bytes());
    hasher.update(seed).update(owner.as_bytes());
    Secret::new(hasher.finalize().into())
}

fn cipher(key: &Secret) -> Result<LessSafeKey, Unspecified> {
    UnboundKey::new(&CHACHA20_POLY1305, key.bytes()).map(LessSafeKey::new)
}

/// The number of the key, the nonce and the sealed bytes, bound to `name`.
fn seal(
    key: &OwnerKey,
    nonce: [u8; NONCE_LEN],
    name: &str,
    bytes: &[u8],
) -> Result<Vec<u8>, LedgerError> {
    let n = key.n.to_le_bytes();
    let head = n.len() + nonce.len();
    let tag_len = CHACHA20_POLY1305.tag_len();
    let mut out = Vec::with_capacity(head + bytes.len() + tag_len);
    out.extend(n);
    out.extend(nonce);
    out.extend(bytes);
    let tag = cipher(&key.key).and_then(|cipher| {
        cipher.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(name),
            &mut out[head..],
        )
    });
    let tag =
        tag.map_err(|_| LedgerError::other("content is too long to seal"))?;
    out.extend(tag.as_ref());
    Ok(out)
}

/// Opens a nonce and sealed bytes; `None`: they are not what was sealed.
fn unseal(key: &Secret, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, body) = sealed.split_first_chunk()?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let mut body = body.to_vec();
    let cipher = cipher(key).ok()?;
    let open = cipher.open_in_place(nonce, Aad::from(name), &mut body).ok()?;
    let length = open.len();
    body.truncate(length);
    Some(body)
}
