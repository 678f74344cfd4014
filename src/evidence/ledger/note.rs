//! Signed notes and checkpoints in the form of C2SP (`signed-note`,
//! `tlog-checkpoint`). In: a tree, a key; out: text that anybody with the
//! verifier key can check, and back.
//!
//! ```text
//! trommel.invalid/3f9a0c55b2e1d784        origin: names the ledger
//! 20852163                                 entries
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=   root
//!
//! — trommel.invalid/3f9a0c55b2e1d784 Az3grlgtzPICa5OS8npVmf1Myq/5…=
//! ```
//!
//! The signature line holds base64 of a key id (4 bytes) and the Ed25519
//! signature of everything before the blank line. The verifier key is
//! `NAME+KEYID+BASE64`, the last being `0x01` and the public key.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::merkle::Hash;
use crate::base::{base64, hex};
use crate::evidence::keys::Secret;

/// Algorithm byte of Ed25519 in verifier keys.
const ED25519: u8 = 1;

/// Why a note was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoteError {
    #[error("not a checkpoint: expected {0}")]
    Form(&'static str),
    #[error("not a verifier key: expected NAME+KEYID+BASE64 of Ed25519")]
    Key,
    #[error("no signature by {0} is on the checkpoint")]
    Unsigned(String),
    #[error("the signature by {0} does not fit the checkpoint")]
    Forged(String),
}

/// The state of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

/// Signs checkpoints of one ledger.
pub struct Signer {
    name: String,
    key: SigningKey,
}

/// Checks them.
#[derive(Clone, Debug)]
pub struct Verifier {
    name: String,
    key: VerifyingKey,
}

fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

impl Signer {
    pub fn new(name: &str, seed: &Secret) -> Signer {
        let key = SigningKey::from_bytes(seed.bytes());
        Signer { name: name.to_owned(), key }
    }

    pub fn verifier(&self) -> Verifier {
        Verifier { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// The signed note of a checkpoint.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let mut signed =
            key_id(&self.name, &self.key.verifying_key()).to_vec();
        signed.extend(self.key.sign(text.as_bytes()).to_bytes());
        format!("{text}\n— {} {}\n", self.name, base64::text(&signed))
    }
}

impl Verifier {
    /// From `NAME+KEYID+BASE64`.
    pub fn parse(text: &str) -> Result<Verifier, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(NoteError::Key);
        };
        let bytes = base64::decode(key).ok_or(NoteError::Key)?;
        let Some((&ED25519, key)) = bytes.split_first() else {
            return Err(NoteError::Key);
        };
        let key = <&[u8; 32]>::try_from(key)
            .ok()
            .and_then(|key| VerifyingKey::from_bytes(key).ok())
            .ok_or(NoteError::Key)?;
        if id != hex::encode(&key_id(name, &key)) {
            return Err(NoteError::Key);
        }
        Ok(Verifier { name: name.to_owned(), key })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a signed checkpoint and checks the signature by this key.
    /// Other signatures (of witnesses) are passed over.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let (text, signatures) = note
            .split_once("\n\n")
            .ok_or(NoteError::Form("a blank line before the signatures"))?;
        let text = format!("{text}\n");
        let wanted = key_id(&self.name, &self.key);
        for line in signatures.lines() {
            let Some(rest) = line.strip_prefix("— ") else {
                return Err(NoteError::Form("signatures that begin with —"));
            };
            let Some((name, value)) = rest.split_once(' ') else {
                return Err(NoteError::Form("a name and a signature"));
            };
            let bytes = base64::decode(value)
                .ok_or(NoteError::Form("a signature in base64"))?;
            let Some((id, signature)) = bytes.split_at_checked(4) else {
                return Err(NoteError::Form("a signature with a key id"));
            };
            if name != self.name || id != wanted {
                continue;
            }
            let forged = || NoteError::Forged(self.name.clone());
            let signature =
                Signature::from_slice(signature).map_err(|_| forged())?;
            self.key
                .verify_strict(text.as_bytes(), &signature)
                .map_err(|_| forged())?;
            return Checkpoint::parse(&text);
        }
        Err(NoteError::Unsigned(self.name.clone()))
    }
}

impl std::fmt::Display for Verifier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut key = vec![ED25519];
        key.extend(self.key.as_bytes());
        let id = hex::encode(&key_id(&self.name, &self.key));
        write!(out, "{}+{id}+{}", self.name, base64::text(&key))
    }
}

impl Checkpoint {
    /// The part that is signed.
    fn text(&self) -> String {
        let root = base64::text(&self.root);
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    /// Reads the signed part. Lines after the third are extensions.
    pub fn parse(text: &str) -> Result<Checkpoint, NoteError> {
        let mut lines = text.lines();
        let origin = lines
            .next()
            .filter(|origin| !origin.is_empty())
            .ok_or(NoteError::Form("an origin in the first line"))?;
        let size = lines
            .next()
            .filter(|text| *text == "0" || !text.starts_with(['0', '+']))
            .and_then(|text| text.parse().ok())
            .ok_or(NoteError::Form("a number of entries in line 2"))?;
        let root = lines
            .next()
            .and_then(base64::decode)
            .and_then(|bytes| Hash::try_from(bytes).ok())
            .ok_or(NoteError::Form("a root in base64 in line 3"))?;
        Ok(Checkpoint { origin: origin.to_owned(), size, root })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(seed: u8) -> Signer {
        Signer::new("example.com/log", &Secret::new([seed; 32]))
    }

    fn checkpoint() -> Checkpoint {
        let origin = "example.com/log".to_owned();
        Checkpoint { origin, size: 7, root: [9; 32] }
    }

    #[test]
    fn signed_checkpoints_open() {
        let note = signer(1).sign(&checkpoint());
        let key = signer(1).verifier().to_string();
        let verifier = Verifier::parse(&key).unwrap();
        assert_eq!(verifier.open(&note), Ok(checkpoint()));
        // A witness may add its line before or after.
        let other = note
            .lines()
            .last()
            .unwrap()
            .replace("— example.com/log ", "— witness.example ");
        let cosigned = format!("{note}{other}\n");
        assert_eq!(verifier.open(&cosigned), Ok(checkpoint()));
    }

    #[test]
    fn changes_are_seen() {
        let note = signer(1).sign(&checkpoint());
        let verifier = signer(1).verifier();
        let forged = NoteError::Forged("example.com/log".to_owned());
        let changed = note.replace("\n7\n", "\n8\n");
        assert_eq!(verifier.open(&changed), Err(forged));
        let stranger = signer(2).verifier();
        let unsigned = NoteError::Unsigned("example.com/log".to_owned());
        assert_eq!(stranger.open(&note), Err(unsigned));
        for part in ["", "x", "a\n1\n", "a\n\n— b\n", "a\n\nb c\n"] {
            let error = verifier.open(part).unwrap_err();
            assert!(matches!(error, NoteError::Form(_)), "{part:?}");
        }
    }

    /// The verifier key of the C2SP signed-note document's example form:
    /// made with another implementation (see docs/verify.py).
    #[test]
    fn keys_are_checked_against_their_id() {
        let key = signer(1).verifier().to_string();
        let (head, tail) = key.split_once('+').unwrap();
        assert_eq!(head, "example.com/log");
        let id = &tail[..8];
        let flipped = if id.starts_with('0') { "1" } else { "0" };
        let wrong = format!("{head}+{flipped}{}", &tail[1..]);
        assert_eq!(Verifier::parse(&wrong).unwrap_err(), NoteError::Key);
        for text in ["", "a+b", "a+00000000+AAAA", "a+zz+AQ=="] {
            assert_eq!(Verifier::parse(text).unwrap_err(), NoteError::Key);
        }
    }
}
