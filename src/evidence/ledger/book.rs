//! A ledger as a folder. In: a path; out: its identity, one writer under a
//! lock, any number of readers.
//!
//! | name | what |
//! |---|---|
//! | `ledger.json` | id, origin, verifier key; written once |
//! | `segment-*.log`, `leaves` | entries and the tree's leaves |
//! | `checkpoint` | the latest signed checkpoint |
//! | `cut-*.bin` | torn bytes that a recovery put aside |
//! | `keys/` | secrets, for the owner only |
//! | `lock` | held by the writer, names its process |
//! | `store.sqlite` | sealed content, complaints (see `evidence::store`) |
//! | `index.sqlite` | can be rebuilt from the segments |

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::entry::Kind;
use super::error::{Kind as ErrorKind, LedgerError};
use super::log::{Log, New, Recovery};
use super::note::{Checkpoint, Signer, Verifier};
use super::storage::{Folder, Storage};
use crate::base::clock::Moment;
use crate::base::{hex, random};
use crate::evidence::keys::{self, Secret};

const IDENTITY: &str = "ledger.json";
const CHECKPOINT: &str = "checkpoint";

/// The content of `ledger.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Format of the folder, 1.
    pub format: u32,
    /// 16 bytes in hexadecimal.
    pub id: String,
    /// First line of every checkpoint.
    pub origin: String,
    /// Verifier key of the checkpoints.
    pub key: String,
    pub created: String,
}

/// A ledger folder, open for reading.
#[derive(Clone)]
pub struct Book {
    folder: PathBuf,
    storage: Arc<Folder>,
    identity: Identity,
}

impl Book {
    /// Opens an existing ledger.
    pub fn open(folder: &Path) -> Result<Book, LedgerError> {
        let storage = Arc::new(Folder::new(folder));
        let text = match std::fs::read(folder.join(IDENTITY)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ErrorKind::None(folder.to_owned()).into());
            }
            Err(error) => return Err(LedgerError::io(IDENTITY, error)),
        };
        let wrong = |text: String| ErrorKind::Identity(text);
        let identity: Identity = serde_json::from_slice(&text)
            .map_err(|error| wrong(error.to_string()))?;
        if identity.format != 1 {
            let found = identity.format;
            return Err(wrong(format!(
                "format {found}, this program reads format 1"
            ))
            .into());
        }
        let book = Book { folder: folder.to_owned(), storage, identity };
        book.id()?;
        Ok(book)
    }

    /// Opens a ledger, or begins one. `key` is the file of a signing key to
    /// use instead of the ledger's own.
    pub fn open_or_create(
        folder: &Path,
        key: Option<&Path>,
        now: Moment,
    ) -> Result<Book, LedgerError> {
        if folder.join(IDENTITY).exists() {
            return Book::open(folder);
        }
        let io = |error| LedgerError::io(folder.display().to_string(), error);
        std::fs::create_dir_all(folder).map_err(io)?;
        let lock = lock(folder)?;
        // Somebody else may have been faster.
        if folder.join(IDENTITY).exists() {
            drop(lock);
            return Book::open(folder);
        }
        keys::private_folder(&folder.join("keys")).map_err(io)?;
        let seed = signing_key(folder, key)?;
        let id: [u8; 16] = random::bytes().map_err(io)?;
        let origin = format!("trommel.invalid/{}", hex::encode(&id[..8]));
        let signer = Signer::new(&origin, &seed);
        let identity = Identity {
            format: 1,
            id: hex::encode(&id),
            key: signer.verifier().to_string(),
            origin,
            created: now.rfc3339(),
        };
        // Plain values: cannot fail.
        let text = serde_json::to_string_pretty(&identity).unwrap_or_default();
        Folder::new(folder)
            .replace(IDENTITY, (text + "\n").as_bytes())
            .map_err(io)?;
        Book::open(folder)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    pub fn storage(&self) -> &Folder {
        &self.storage
    }

    fn id(&self) -> Result<[u8; 16], LedgerError> {
        hex::decode(&self.identity.id)
            .and_then(|id| id.try_into().ok())
            .ok_or_else(|| {
                let text = "expected an id of 16 bytes in hexadecimal";
                ErrorKind::Identity(text.to_owned()).into()
            })
    }

    /// The key that `ledger.json` names.
    pub fn verifier(&self) -> Result<Verifier, LedgerError> {
        Ok(Verifier::parse(&self.identity.key)?)
    }

    /// A secret of the ledger, made on first use.
    pub fn secret(&self, kind: &'static str) -> Result<Secret, LedgerError> {
        let path = self.folder.join("keys").join(format!("{kind}.key"));
        Ok(keys::load_or_make(&path, kind)?)
    }

    /// The latest signed checkpoint as text; `None` before the first.
    pub fn checkpoint_note(&self) -> Result<Option<String>, LedgerError> {
        match std::fs::read_to_string(self.folder.join(CHECKPOINT)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(LedgerError::io(CHECKPOINT, error)),
        }
    }

    /// The latest checkpoint, its signature checked.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, LedgerError> {
        match self.checkpoint_note()? {
            None => Ok(None),
            Some(note) => Ok(Some(self.verifier()?.open(&note)?)),
        }
    }

    /// Becomes the one writer.
    pub fn writer(
        &self,
        key: Option<&Path>,
        now: Moment,
    ) -> Result<(Writer, Recovery), LedgerError> {
        let lock = lock(&self.folder)?;
        let seed = signing_key(&self.folder, key)?;
        let signer = Signer::new(&self.identity.origin, &seed);
        if signer.verifier().to_string() != self.identity.key {
            return Err(LedgerError::other(
                "the signing key is not the one that ledger.json names",
            ));
        }
        let bytes = random::bytes()
            .map_err(|error| LedgerError::io("salts", error))?;
        let salts = Secret::new(bytes);
        let storage = Arc::clone(&self.storage) as Arc<dyn Storage>;
        let checkpoint = self.checkpoint()?;
        let (log, recovery) =
            Log::open(storage, self.id()?, checkpoint.as_ref(), salts)?;
        let mut writer = Writer {
            log,
            signer,
            storage: Arc::clone(&self.storage),
            _lock: lock,
        };
        if !recovery.cut.is_empty() || !recovery.damaged.is_empty() {
            let payload = serde_json::json!({
                "schema": "trommel.repair.v1",
                "cut": recovery.cut,
                "damaged": recovery.damaged,
            });
            let payload = payload.to_string();
            let payload = payload.as_bytes();
            let new = New { kind: Kind::Repair, at: now, payload };
            writer.log.append(&[new])?;
            writer.checkpoint()?;
        }
        Ok((writer, recovery))
    }
}

fn signing_key(
    folder: &Path,
    given: Option<&Path>,
) -> Result<Secret, LedgerError> {
    match given {
        Some(path) => Ok(keys::load(path, "signing")?),
        None => {
            let path = folder.join("keys").join("signing.key");
            Ok(keys::load_or_make(&path, "signing")?)
        }
    }
}

/// Takes the lock; the system lets go of it when the process ends, however
/// it ends.
fn lock(folder: &Path) -> Result<File, LedgerError> {
    let io = |error| LedgerError::io("lock", error);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join("lock"))
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim().to_owned();
            return Err(ErrorKind::Locked(holder).into());
        }
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(io)?;
    Ok(file)
}

/// The one writer of a ledger.
pub struct Writer {
    log: Log,
    signer: Signer,
    storage: Arc<Folder>,
    /// Held until the writer goes.
    _lock: File,
}

impl Writer {
    pub fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    /// Writes everything through to the disk, then signs what is there.
    pub fn checkpoint(&mut self) -> Result<String, LedgerError> {
        self.log.sync()?;
        let note = self.signer.sign(&Checkpoint {
            origin: self.signer.verifier().name().to_owned(),
            size: self.log.size(),
            root: self.log.root(),
        });
        self.storage
            .replace(CHECKPOINT, note.as_bytes())
            .map_err(|error| LedgerError::io(CHECKPOINT, error))?;
        Ok(note)
    }
}
