//! Secrets of a ledger. In: a folder; out: keys, made on first use with
//! permissions for the owner only. Keys never appear in errors or Debug.
//!
//! A key file is one line: `trommel-KIND-v1:` and base64 of 32 bytes. There
//! are three: `signing.key` (the Ed25519 seed of checkpoints), `refs.key`
//! (references to authors, groups and personal data) and `content.key`
//! (wraps the keys under which content is sealed).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::base::{base64, hex, random};

/// 32 secret bytes.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    pub fn new(bytes: [u8; 32]) -> Secret {
        Secret(bytes)
    }

    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret(…)")
    }
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("key {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error(
        "key {}: expected one line `trommel-{kind}-v1:` and base64 of 32 \
         bytes",
        path.display()
    )]
    Form { path: PathBuf, kind: &'static str },
    #[error(
        "key {}: others may read it (mode {mode:o}); run chmod 600",
        path.display()
    )]
    Open { path: PathBuf, mode: u32 },
}

/// Makes a folder that only its owner may enter.
pub fn private_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Reads a key, or makes it when there is none.
pub fn load_or_make(
    path: &Path,
    kind: &'static str,
) -> Result<Secret, KeyError> {
    match load(path, kind) {
        Err(KeyError::Io { error, .. })
            if error.kind() == io::ErrorKind::NotFound =>
        {
            make(path, kind)
        }
        result => result,
    }
}

/// Reads a key file.
pub fn load(path: &Path, kind: &'static str) -> Result<Secret, KeyError> {
    let text = read_private(path)?;
    let bytes = text
        .trim_end()
        .strip_prefix(&format!("trommel-{kind}-v1:"))
        .and_then(base64::decode)
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    match bytes {
        Some(bytes) => Ok(Secret(bytes)),
        None => Err(KeyError::Form { path: path.to_owned(), kind }),
    }
}

/// Reads a file that only its owner may read.
fn read_private(path: &Path) -> Result<String, KeyError> {
    let io = |error| KeyError::Io { path: path.to_owned(), error };
    let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Open { path: path.to_owned(), mode });
    }
    fs::read_to_string(path).map_err(io)
}

/// Reads one line that only the owner may read; `None`: there is no file.
pub fn private_line(path: &Path) -> Result<Option<String>, KeyError> {
    match read_private(path) {
        Ok(text) => Ok(Some(text.trim_end().to_owned())),
        Err(KeyError::Io { error, .. })
            if error.kind() == io::ErrorKind::NotFound =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Writes such a line, or leaves what is there.
pub fn write_private_line(path: &Path, line: &str) -> Result<(), KeyError> {
    let io = |error| KeyError::Io { path: path.to_owned(), error };
    match write_once(path, &format!("{line}\n")) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(io),
    }
}

/// Writes a new key.
fn make(path: &Path, kind: &'static str) -> Result<Secret, KeyError> {
    let io = |error| KeyError::Io { path: path.to_owned(), error };
    let bytes: [u8; 32] = random::bytes().map_err(io)?;
    let line = format!("trommel-{kind}-v1:{}\n", base64::text(&bytes));
    match write_once(path, &line) {
        Ok(()) => Ok(Secret(bytes)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            load(path, kind)
        }
        Err(error) => Err(io(error)),
    }
}

/// Writes a file for the owner only, unless there is one. The name appears
/// only when the file is on the disk: a crash must not leave half of it.
fn write_once(path: &Path, line: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mark: [u8; 8] = random::bytes()?;
    let temporary = folder.join(format!(".{}.tmp", hex::encode(&mark)));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(line.as_bytes())?;
            file.sync_all()
        })
        // Unlike a rename this fails when somebody else was faster.
        .and_then(|()| fs::hard_link(&temporary, path));
    let _ = fs::remove_file(&temporary);
    written.and_then(|()| File::open(folder)?.sync_all())
}

/// A keyed reference: `hk:` and 128 bits of BLAKE3 under the key. `domain`
/// keeps an author and a telephone number of the same letters apart.
pub fn reference(key: &Secret, domain: &str, value: &str) -> String {
    let mut hasher = blake3::Hasher::new_keyed(key.bytes());
    hasher.update(domain.as_bytes());
    hasher.update(&[0]);
    hasher.update(value.as_bytes());
    let hash = hasher.finalize();
    format!("hk:{}", hex::encode(&hash.as_bytes()[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_for_the_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refs.key");
        let first = load_or_make(&path, "refs").unwrap();
        let again = load_or_make(&path, "refs").unwrap();
        assert_eq!(first.bytes(), again.bytes());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let wrong = load(&path, "signing").unwrap_err().to_string();
        assert!(wrong.contains("trommel-signing-v1"), "{wrong}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let open = load(&path, "refs").unwrap_err().to_string();
        assert!(open.contains("chmod 600"), "{open}");
    }

    #[test]
    fn references_depend_on_key_and_domain() {
        let (a, b) = (Secret([1; 32]), Secret([2; 32]));
        let first = reference(&a, "author", "u1");
        assert_eq!(first, reference(&a, "author", "u1"));
        assert_ne!(first, reference(&b, "author", "u1"));
        assert_ne!(first, reference(&a, "group", "u1"));
        assert_eq!(first.len(), 3 + 32);
        assert_eq!(format!("{a:?}"), "Secret(…)");
    }
}
