//! A proof that an entry is in a ledger, as one JSON object that stands
//! alone. In: a ledger and a number; out: the proof, and whether one holds.
//! `docs/verify.py` checks the same with Python and nothing of ours.
//!
//! ```json
//! {"schema":"trommel.proof.v1","index":17,
//!  "entry":"BASE64 of the bytes that the commitment covers",
//!  "path":["BASE64 of a sibling, from the bottom up"],
//!  "checkpoint":"the signed note","key":"NAME+KEYID+BASE64"}
//! ```

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::book::Book;
use super::error::LedgerError;
use super::log::read_leaves;
use super::merkle::{self, Hash};
use super::note::Verifier;
use crate::base::{base64, int};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub schema: String,
    pub index: u64,
    pub entry: String,
    pub path: Vec<String>,
    pub checkpoint: String,
    pub key: String,
}

/// Proves entry `index`, whose bytes are given, against the latest signed
/// checkpoint.
pub fn prove(
    book: &Book,
    index: u64,
    entry: &[u8],
) -> Result<Proof, LedgerError> {
    let note = book
        .checkpoint_note()?
        .ok_or_else(|| LedgerError::other("no checkpoint was signed yet"))?;
    let point = book.verifier()?.open(&note)?;
    if index >= point.size {
        return Err(LedgerError::other(format!(
            "entry {index} is not in the latest checkpoint, which counts \
             {} entries: run `trommel ledger checkpoint` first",
            point.size
        )));
    }
    let leaves = read_leaves(book.storage())?;
    let short = || {
        LedgerError::other(
            "the ledger is shorter than its \
                                       checkpoint",
        )
    };
    let size = int::usize_from(point.size).ok_or_else(short)?;
    let leaves = leaves.get(..size).ok_or_else(short)?;
    let at = int::usize_from(index).ok_or_else(short)?;
    let path = merkle::inclusion(leaves, at).ok_or_else(short)?;
    let proof = Proof {
        schema: "trommel.proof.v1".to_owned(),
        index,
        entry: base64::text(entry),
        path: path.iter().map(|hash| base64::text(hash)).collect(),
        checkpoint: note,
        key: book.identity().key.clone(),
    };
    // Never hand out a proof that does not hold.
    proof.check(&book.verifier()?).map_err(LedgerError::other)?;
    Ok(proof)
}

impl Proof {
    /// Checks the proof by a key that the checker trusts.
    pub fn check(&self, verifier: &Verifier) -> Result<(), String> {
        let point = verifier
            .open(&self.checkpoint)
            .map_err(|error| error.to_string())?;
        let entry =
            base64::decode(&self.entry).ok_or("the entry is not base64")?;
        let path: Option<Vec<Hash>> = self
            .path
            .iter()
            .map(|text| base64::decode(text)?.try_into().ok())
            .collect();
        let path = path.ok_or("the path is not base64 of hashes")?;
        let leaf = merkle::leaf_hash(&Sha256::digest(&entry));
        let root =
            merkle::root_of_inclusion(&leaf, self.index, point.size, &path);
        if root != Some(point.root) {
            return Err("the entry is not in the signed tree".to_owned());
        }
        Ok(())
    }
}
