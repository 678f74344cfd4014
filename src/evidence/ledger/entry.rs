//! The bytes of a ledger. In: values or bytes; out: bytes or values. No
//! I/O. Everything is little-endian; every length is capped before use;
//! every part carries a checksum.
//!
//! A segment file `segment-00000000.log` begins with a header:
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `TROMLEDG` |
//! | 8 | 4 | format version, 1 |
//! | 12 | 4 | byte order mark 0x01020304 |
//! | 16 | 8 | number of the segment, from 0 |
//! | 24 | 8 | sequence number of its first entry |
//! | 32 | 16 | id of the ledger |
//! | 48 | 4 | number of tree hashes that follow, k |
//! | 52 | 4 | zero |
//! | 56 | 32 k | perfect trees of all entries before, largest first |
//! | | 8 | checksum: the first bytes of the SHA-256 of all before |
//!
//! and goes on with entries:
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 4 | length of the payload, n |
//! | 4 | 1 | kind |
//! | 5 | 3 | zero |
//! | 8 | 8 | sequence number |
//! | 16 | 8 | time in milliseconds since 1970 |
//! | 24 | 16 | random salt |
//! | 40 | n | payload: JSON as UTF-8 |
//! | 40 + n | 8 | checksum: the first bytes of the commitment |
//!
//! The **commitment** of an entry is the SHA-256 of its first 40 + n bytes.
//! Because of the salt it tells nothing about the entry to somebody who has
//! only the commitment. The leaf of the tree is `SHA-256(0x00 ‖
//! commitment)`; the file `leaves` holds the leaves of all entries, 32 bytes
//! each, so that a damaged entry neither hides nor breaks the others.
//!
//! An entry of kind 1 with sequence number 2, time 1000, a salt of zeros and
//! the payload `{}`, in hexadecimal without the salt:
//! `02000000 01 000000 0200000000000000 e803000000000000 … 7b7d` and the
//! checksum.

use sha2::{Digest as _, Sha256};

use super::merkle::{Frontier, Hash, leaf_hash};
use crate::base::clock::Moment;
use crate::base::{int, limits};

const MAGIC: [u8; 8] = *b"TROMLEDG";
pub const VERSION: u32 = 1;
const BYTE_ORDER: u32 = 0x0102_0304;
const HEADER_FIXED: usize = 56;
/// Bytes of an entry before its payload.
pub const HEAD: usize = 40;
const CHECKSUM: usize = 8;
/// Most perfect trees of a tree with a 64-bit size.
const TREES_MAX: usize = 64;

/// What an entry tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A run began: rules, policy, engine.
    Run,
    /// Evidence of a takedown or report.
    Evidence,
    /// Content was destroyed.
    Erasure,
    /// A complaint or report of a user was opened or decided.
    Case,
    /// A run ended: what it counted.
    RunEnd,
    /// The ledger was opened after a crash: what was cut or is damaged.
    Repair,
}

impl Kind {
    pub const ALL: [Kind; 6] = [
        Kind::Run,
        Kind::Evidence,
        Kind::Erasure,
        Kind::Case,
        Kind::RunEnd,
        Kind::Repair,
    ];

    pub fn code(self) -> u8 {
        match self {
            Kind::Run => 1,
            Kind::Evidence => 2,
            Kind::Erasure => 3,
            Kind::Case => 4,
            Kind::RunEnd => 5,
            Kind::Repair => 6,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Run => "run",
            Kind::Evidence => "evidence",
            Kind::Erasure => "erasure",
            Kind::Case => "case",
            Kind::RunEnd => "run_end",
            Kind::Repair => "repair",
        }
    }

    pub fn from_code(code: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// An entry in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    pub kind: Kind,
    pub seq: u64,
    pub at: Moment,
    /// The bytes that the commitment covers.
    pub bytes: &'a [u8],
    pub commitment: Hash,
}

impl<'a> Entry<'a> {
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[HEAD..]
    }

    pub fn leaf(&self) -> Hash {
        leaf_hash(&self.commitment)
    }

    /// With its checksum.
    pub fn stored_len(&self) -> usize {
        self.bytes.len() + CHECKSUM
    }
}

/// Appends an entry and gives its leaf. The payload is within the limit.
pub fn push(
    out: &mut Vec<u8>,
    kind: Kind,
    seq: u64,
    at: Moment,
    salt: &[u8; 16],
    payload: &[u8],
) -> Hash {
    assert!(payload.len() <= limits::LEDGER_PAYLOAD_BYTES_MAX);
    let start = out.len();
    out.extend(int::to_u32(payload.len()).to_le_bytes());
    out.extend([kind.code(), 0, 0, 0]);
    out.extend(seq.to_le_bytes());
    out.extend(at.0.to_le_bytes());
    out.extend(salt);
    out.extend(payload);
    let commitment: Hash = Sha256::digest(&out[start..]).into();
    out.extend(&commitment[..CHECKSUM]);
    leaf_hash(&commitment)
}

/// Why no entry could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// The bytes end before the entry does.
    Short,
    /// A field is out of its range.
    Form,
    Checksum,
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let raw = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(raw.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let raw = bytes.get(at..at + 8)?;
    Some(u64::from_le_bytes(raw.try_into().ok()?))
}

/// Length, kind and sequence number, if they may be those of an entry.
fn plausible(bytes: &[u8]) -> Result<(usize, Kind, u64), Bad> {
    let (Some(length), Some(seq)) = (u32_at(bytes, 0), u64_at(bytes, 8))
    else {
        return Err(Bad::Short);
    };
    let length = int::to_usize(length);
    let kind = Kind::from_code(bytes[4]).ok_or(Bad::Form)?;
    let reserved = bytes[5..8] == [0, 0, 0];
    if length > limits::LEDGER_PAYLOAD_BYTES_MAX || !reserved {
        return Err(Bad::Form);
    }
    Ok((length, kind, seq))
}

/// The entry at the beginning of `bytes`.
pub fn read(bytes: &[u8]) -> Result<Entry<'_>, Bad> {
    let (length, kind, seq) = plausible(bytes)?;
    let end = HEAD + length;
    let (Some(body), Some(sum)) =
        (bytes.get(..end), bytes.get(end..end + CHECKSUM))
    else {
        return Err(Bad::Short);
    };
    let commitment: Hash = Sha256::digest(body).into();
    if sum != &commitment[..CHECKSUM] {
        return Err(Bad::Checksum);
    }
    let at = Moment(u64_at(body, 16).ok_or(Bad::Short)?);
    Ok(Entry { kind, seq, at, bytes: body, commitment })
}

/// What a walk over a segment meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    Entry {
        offset: usize,
        entry: Entry<'a>,
    },
    /// Bytes that are no entry, between entries. `seq` is the number of the
    /// first entry that is lost in them.
    Damage {
        offset: usize,
        end: usize,
        seq: u64,
        next_seq: u64,
    },
    /// Bytes at the end that are no entry and that none follows.
    Tail {
        offset: usize,
        seq: u64,
        why: Bad,
    },
}

/// Entries after `from`, the first of them with number `seq`.
pub struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    seq: u64,
    over: bool,
}

impl<'a> Walk<'a> {
    pub fn new(bytes: &'a [u8], from: usize, seq: u64) -> Walk<'a> {
        Walk { bytes, at: from, seq, over: false }
    }

    /// The next place that holds an entry with a later number. Tried at
    /// each byte, because a length may be what is damaged; the checks
    /// before the hash make that cheap.
    fn resume(&self) -> Option<(usize, u64)> {
        // A segment cannot hold more entries than this.
        let most = int::to_u64(self.bytes.len() / (HEAD + CHECKSUM)) + 1;
        (self.at + 1..self.bytes.len()).find_map(|at| {
            let (_, _, seq) = plausible(&self.bytes[at..]).ok()?;
            let near = seq >= self.seq && seq - self.seq <= most;
            (near && read(&self.bytes[at..]).is_ok()).then_some((at, seq))
        })
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        if self.over || self.at == self.bytes.len() {
            return None;
        }
        let (offset, seq) = (self.at, self.seq);
        let why = match read(&self.bytes[offset..]) {
            Ok(entry) if entry.seq == seq => {
                self.at += entry.stored_len();
                self.seq += 1;
                return Some(Step::Entry { offset, entry });
            }
            Ok(_) => Bad::Form,
            Err(why) => why,
        };
        match self.resume() {
            Some((end, next_seq)) => {
                (self.at, self.seq) = (end, next_seq);
                Some(Step::Damage { offset, end, seq, next_seq })
            }
            None => {
                self.over = true;
                Some(Step::Tail { offset, seq, why })
            }
        }
    }
}

/// Header of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub number: u64,
    pub ledger: [u8; 16],
    /// The tree of all entries before.
    pub tree: Frontier,
}

/// Why a header was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HeaderError {
    #[error("the header is cut off")]
    Short,
    #[error("expected TROMLEDG at its beginning")]
    Magic,
    #[error("format version {0}, this program reads version {VERSION}")]
    Version(u32),
    #[error("the header is damaged")]
    Damaged,
}

impl Header {
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(VERSION.to_le_bytes());
        out.extend(BYTE_ORDER.to_le_bytes());
        out.extend(self.number.to_le_bytes());
        out.extend(self.tree.size().to_le_bytes());
        out.extend(self.ledger);
        out.extend(int::to_u32(self.tree.trees().len()).to_le_bytes());
        out.extend([0; 4]);
        self.tree.trees().iter().for_each(|hash| out.extend(hash));
        let sum = Sha256::digest(&out);
        out.extend(&sum[..CHECKSUM]);
        out
    }

    /// The header and its length.
    pub fn read(bytes: &[u8]) -> Result<(Header, usize), HeaderError> {
        use HeaderError::{Damaged, Short};
        let magic = bytes.get(..8).ok_or(Short)?;
        if magic != MAGIC {
            return Err(HeaderError::Magic);
        }
        let version = u32_at(bytes, 8).ok_or(Short)?;
        if version != VERSION {
            // Another version, or ours with a flipped bit.
            let mut ours = bytes.to_vec();
            ours[8..12].copy_from_slice(&VERSION.to_le_bytes());
            return Err(match Header::read(&ours) {
                Ok(_) => Damaged,
                Err(_) => HeaderError::Version(version),
            });
        }
        let fixed = bytes.get(..HEADER_FIXED).ok_or(Short)?;
        let count = int::to_usize(u32_at(fixed, 48).ok_or(Short)?);
        if count > TREES_MAX || u32_at(fixed, 12) != Some(BYTE_ORDER) {
            return Err(Damaged);
        }
        let end = HEADER_FIXED + 32 * count;
        let sum = bytes.get(end..end + CHECKSUM).ok_or(Short)?;
        if sum != &Sha256::digest(&bytes[..end])[..CHECKSUM] {
            return Err(Damaged);
        }
        let (trees, _) = bytes[HEADER_FIXED..end].as_chunks::<32>();
        let size = u64_at(fixed, 24).ok_or(Short)?;
        let header = Header {
            number: u64_at(fixed, 16).ok_or(Short)?,
            ledger: fixed[32..48].try_into().map_err(|_| Short)?,
            tree: Frontier::from_parts(size, trees.to_vec()).ok_or(Damaged)?,
        };
        Ok((header, end + CHECKSUM))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<u8> {
        let mut out = Vec::new();
        for seq in 5..8 {
            let payload = format!("{{\"n\":{seq}}}");
            let (kind, at) = (Kind::Evidence, Moment(seq));
            push(&mut out, kind, seq, at, &[7; 16], payload.as_bytes());
        }
        out
    }

    fn seqs(bytes: &[u8]) -> (Vec<u64>, Vec<Step<'_>>) {
        let mut seqs = Vec::new();
        let mut other = Vec::new();
        for step in Walk::new(bytes, 0, 5) {
            match step {
                Step::Entry { entry, .. } => seqs.push(entry.seq),
                step => other.push(step),
            }
        }
        (seqs, other)
    }

    #[test]
    fn an_entry_has_the_documented_bytes() {
        let mut out = Vec::new();
        push(&mut out, Kind::Run, 2, Moment(1000), &[0; 16], b"{}");
        let text = crate::base::hex::encode(&out);
        assert!(
            text.starts_with(
                "02000000010000000200000000000000e803000000000000"
            )
        );
        assert!(text[48..].starts_with(&"0".repeat(32)));
        let entry = read(&out).unwrap();
        assert_eq!((entry.payload(), entry.seq), (&b"{}"[..], 2));
        assert_eq!(out[42..], entry.commitment[..8]);
    }

    #[test]
    fn every_cut_is_a_tail_and_every_flip_is_seen() {
        let whole = three();
        assert_eq!(seqs(&whole), (vec![5, 6, 7], vec![]));
        let one = whole.len() / 3;
        for cut in 0..whole.len() {
            let (found, other) = seqs(&whole[..cut]);
            assert_eq!(found.len(), cut / one, "{cut}");
            assert_eq!(other.len(), usize::from(cut % one != 0), "{cut}");
        }
        for at in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[at / 8] ^= 1 << (at % 8);
            let (found, other) = seqs(&bytes);
            let broken = 5 + int::to_u64(at / 8 / one);
            let wanted: Vec<u64> = (5..8).filter(|s| *s != broken).collect();
            assert_eq!(found, wanted, "bit {at}");
            assert_eq!(other.len(), 1, "bit {at}");
        }
    }

    #[test]
    fn headers_come_back_or_are_refused() {
        let mut tree = Frontier::default();
        (0..6).for_each(|n| tree.push([n; 32]));
        let header = Header { number: 3, ledger: [1; 16], tree };
        let bytes = header.to_bytes();
        assert_eq!(Header::read(&bytes), Ok((header, bytes.len())));
        for cut in 0..bytes.len() {
            let short = Err(HeaderError::Short);
            assert_eq!(Header::read(&bytes[..cut]), short, "{cut}");
        }
        for at in 0..bytes.len() {
            let mut wrong = bytes.clone();
            wrong[at] ^= 1;
            assert!(Header::read(&wrong).is_err(), "{at}");
        }
        let mut newer = bytes;
        newer[8] = 2;
        assert_eq!(Header::read(&newer), Err(HeaderError::Damaged));
        newer[60] ^= 1;
        let error = Header::read(&newer).unwrap_err().to_string();
        assert!(error.contains("format version 2"), "{error}");
    }
}
