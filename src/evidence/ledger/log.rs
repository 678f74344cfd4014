//! The writer of segments and leaves. In: payloads; out: numbered entries
//! on the disk, a tree. After a crash it opens again, keeps every entry that
//! was acknowledged, and says what it cut.
//!
//! An append writes the entries to the segment, then their leaves to
//! `leaves`. When either write fails, both files are cut back and nothing
//! was acknowledged. So after a kill the leaves may lag behind the segment,
//! never run ahead of it, and what follows the last whole entry was never
//! acknowledged: it is cut, and kept aside in `cut-SEGMENT-OFFSET.bin`.
//!
//! A bad entry that other entries follow, or whose leaf is there, was whole
//! once: it is damage, not a torn write. It stays where it is, its leaf
//! stands in for it in the tree, and writing goes on in a new segment.

use std::ops::Range;
use std::sync::Arc;

use super::entry::{self, Header, HeaderError, Kind, Step, Walk};
use super::error::{Kind as ErrorKind, LedgerError};
use super::merkle::{Frontier, Hash};
use super::note::Checkpoint;
use super::storage::{Appender, Storage};
use crate::base::clock::Moment;
use crate::base::{int, limits};
use crate::evidence::keys::Secret;

/// File of all leaves.
pub const LEAVES: &str = "leaves";
const LEAF: usize = 32;

/// Name of a segment file.
pub fn segment_name(number: u64) -> String {
    format!("segment-{number:08}.log")
}

/// Number of a segment file.
pub fn segment_number(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("segment-")?.strip_suffix(".log")?;
    digits.parse().ok().filter(|number| segment_name(*number) == name)
}

/// Numbers of the segments of a ledger, checked to be without a gap.
pub fn segments(storage: &dyn Storage) -> Result<Vec<u64>, LedgerError> {
    let names = storage
        .names()
        .map_err(|error| LedgerError::io("reading the folder", error))?;
    let numbers: Vec<u64> =
        names.iter().filter_map(|name| segment_number(name)).collect();
    for (wanted, number) in (0..).zip(&numbers) {
        if wanted != *number {
            return Err(ErrorKind::Segment {
                file: segment_name(wanted),
                error: "this segment is missing".to_owned(),
            }
            .into());
        }
    }
    Ok(numbers)
}

/// What was found wrong when a ledger was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// File, offset, bytes.
    pub cut: Vec<(String, u64, u64)>,
    /// Numbers of entries that cannot be read, half-open.
    pub damaged: Vec<(u64, u64)>,
    /// Other things worth telling.
    pub notes: Vec<String>,
}

impl Recovery {
    pub fn is_clean(&self) -> bool {
        *self == Recovery::default()
    }
}

/// An entry to write.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    pub kind: Kind,
    pub at: Moment,
    pub payload: &'a [u8],
}

/// The open end of a ledger.
pub struct Log {
    storage: Arc<dyn Storage>,
    ledger: [u8; 16],
    number: u64,
    file: Box<dyn Appender>,
    leaves: Box<dyn Appender>,
    tree: Frontier,
    salts: Secret,
    segment_bytes: u64,
    /// Why nothing more may be written.
    broken: Option<String>,
    buffer: Vec<u8>,
}

impl Log {
    /// Opens for writing, or begins a ledger. `checkpoint` is the latest
    /// signed one: entries it counts were acknowledged for certain.
    pub fn open(
        storage: Arc<dyn Storage>,
        ledger: [u8; 16],
        checkpoint: Option<&Checkpoint>,
        salts: Secret,
    ) -> Result<(Log, Recovery), LedgerError> {
        let mut opening = Opening {
            storage: &*storage,
            ledger,
            checkpoint,
            known: read_leaves(&*storage)?,
            recovery: Recovery::default(),
        };
        let end = opening.find_end()?;
        let recovery = opening.recovery;
        let append = |name: &str| {
            storage
                .append(name)
                .map_err(|error| LedgerError::io(name.to_owned(), error))
        };
        let mut log = Log {
            file: append(&segment_name(end.number))?,
            leaves: append(LEAVES)?,
            number: end.number,
            tree: end.tree,
            ledger,
            salts,
            segment_bytes: limits::LEDGER_SEGMENT_BYTES,
            broken: None,
            buffer: Vec::new(),
            storage: Arc::clone(&storage),
        };
        if log.file.is_empty() {
            log.begin_segment()?;
        } else if end.roll {
            log.roll()?;
        }
        if !recovery.is_clean() {
            log.sync()?;
        }
        Ok((log, recovery))
    }

    /// Entries so far.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// For tests: segments of another size.
    pub fn set_segment_bytes(&mut self, bytes: u64) {
        self.segment_bytes = bytes;
    }

    /// Appends entries; gives their numbers. On an error none of them is in
    /// the ledger.
    pub fn append(
        &mut self,
        entries: &[New<'_>],
    ) -> Result<Range<u64>, LedgerError> {
        if let Some(why) = &self.broken {
            return Err(ErrorKind::Broken(why.clone()).into());
        }
        if self.file.len() >= self.segment_bytes {
            self.roll()?;
        }
        let first = self.tree.size();
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.clear();
        let mut leaves = Vec::with_capacity(entries.len() * LEAF);
        let mut tree = self.tree.clone();
        for new in entries {
            let length = new.payload.len();
            if length > limits::LEDGER_PAYLOAD_BYTES_MAX {
                return Err(ErrorKind::TooLong(length).into());
            }
            let seq = tree.size();
            let salt = self.salt(seq);
            let leaf = entry::push(
                &mut bytes,
                new.kind,
                seq,
                new.at,
                &salt,
                new.payload,
            );
            tree.push(leaf);
            leaves.extend(leaf);
        }
        let written = self.write(&bytes, &leaves);
        self.buffer = bytes;
        written?;
        self.tree = tree;
        Ok(first..self.tree.size())
    }

    fn salt(&self, seq: u64) -> [u8; 16] {
        let hash = blake3::keyed_hash(self.salts.bytes(), &seq.to_le_bytes());
        let mut salt = [0; 16];
        salt.copy_from_slice(&hash.as_bytes()[..16]);
        salt
    }

    fn write(
        &mut self,
        bytes: &[u8],
        leaves: &[u8],
    ) -> Result<(), LedgerError> {
        let (at, leaf_at) = (self.file.len(), self.leaves.len());
        let result = self.file.write_all(bytes);
        let result = result.and_then(|()| self.leaves.write_all(leaves));
        let Err(error) = result else { return Ok(()) };
        // Take back what got written, the leaves first.
        let back = self.leaves.cut(leaf_at).and_then(|()| self.file.cut(at));
        if let Err(second) = back {
            self.broken = Some(format!("{error}, then {second}"));
        }
        Err(LedgerError::io("writing entries", error))
    }

    /// Everything appended is on the disk when it returns. After a failure
    /// nobody knows what the disk has, so nothing more is written.
    pub fn sync(&mut self) -> Result<(), LedgerError> {
        if let Some(why) = &self.broken {
            return Err(ErrorKind::Broken(why.clone()).into());
        }
        let result = self.file.sync().and_then(|()| self.leaves.sync());
        result.map_err(|error| {
            self.broken = Some(error.to_string());
            LedgerError::io("writing through to the disk", error)
        })
    }

    /// Goes on in the next segment.
    fn roll(&mut self) -> Result<(), LedgerError> {
        self.sync()?;
        let name = segment_name(self.number + 1);
        let next = self
            .storage
            .append(&name)
            .map_err(|error| LedgerError::io(name, error))?;
        let old = std::mem::replace(&mut self.file, next);
        self.number += 1;
        let begun = self.begin_segment();
        if begun.is_err() {
            self.file = old;
            self.number -= 1;
        }
        begun
    }

    fn begin_segment(&mut self) -> Result<(), LedgerError> {
        let (number, ledger) = (self.number, self.ledger);
        let header = Header { number, ledger, tree: self.tree.clone() };
        let result = self
            .file
            .write_all(&header.to_bytes())
            .and_then(|()| self.file.sync())
            .and_then(|()| self.storage.sync_names());
        result.map_err(|error| {
            if let Err(second) = self.file.cut(0) {
                self.broken = Some(format!("{error}, then {second}"));
            }
            LedgerError::io(segment_name(number), error)
        })
    }
}

/// All leaves; a torn one at the end is left out.
pub fn read_leaves(storage: &dyn Storage) -> Result<Vec<Hash>, LedgerError> {
    match storage.read(LEAVES) {
        Ok(bytes) => Ok(bytes.as_chunks::<LEAF>().0.to_vec()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(Vec::new())
        }
        Err(error) => Err(LedgerError::io(LEAVES, error)),
    }
}

/// Where writing goes on.
struct End {
    number: u64,
    tree: Frontier,
    /// In a new segment.
    roll: bool,
}

/// Finds the end of a ledger and mends what a crash left.
struct Opening<'a> {
    storage: &'a dyn Storage,
    ledger: [u8; 16],
    checkpoint: Option<&'a Checkpoint>,
    known: Vec<Hash>,
    recovery: Recovery,
}

impl Opening<'_> {
    fn find_end(&mut self) -> Result<End, LedgerError> {
        let numbers = segments(self.storage)?;
        let mut end = match numbers.last() {
            None => End { number: 0, tree: Frontier::default(), roll: false },
            Some(last) => self.last_segment(*last)?,
        };
        let whole = end.tree.size();
        let signed = self.checkpoint.map_or(0, |point| point.size);
        let claimed = signed.max(int::to_u64(self.known.len()));
        if claimed > whole {
            // They were there once, and are gone.
            self.stand_in(&mut end.tree, claimed)?;
            self.recovery.damaged.push((whole, claimed));
            end.roll = true;
        }
        self.mend_leaves(&end.tree)?;
        Ok(end)
    }

    /// Puts known leaves in the place of entries that cannot be read.
    fn stand_in(
        &self,
        tree: &mut Frontier,
        until: u64,
    ) -> Result<(), LedgerError> {
        while tree.size() < until {
            let seq = tree.size();
            match self.leaf(seq) {
                Some(leaf) => tree.push(leaf),
                None => return Err(ErrorKind::Lost(seq).into()),
            }
        }
        Ok(())
    }

    fn leaf(&self, seq: u64) -> Option<Hash> {
        self.known.get(int::usize_from(seq)?).copied()
    }

    /// Reads the last segment; cuts what is torn.
    fn last_segment(&mut self, number: u64) -> Result<End, LedgerError> {
        let name = segment_name(number);
        let bytes = self
            .storage
            .read(&name)
            .map_err(|error| LedgerError::io(name.clone(), error))?;
        match Header::read(&bytes) {
            Ok((header, at)) => {
                self.check_header(&name, &header, number)?;
                self.walk(number, &bytes, at, header.tree)
            }
            Err(error @ HeaderError::Version(_)) => {
                let error = error.to_string();
                Err(ErrorKind::Segment { file: name, error }.into())
            }
            Err(_) => self.without_header(number, &bytes),
        }
    }

    /// Reads a last segment whose header is torn or damaged: what it said
    /// follows from the segment before.
    fn without_header(
        &mut self,
        number: u64,
        bytes: &[u8],
    ) -> Result<End, LedgerError> {
        let name = segment_name(number);
        let tree = match number {
            0 => Frontier::default(),
            _ => self.last_segment(number - 1)?.tree,
        };
        let ledger = self.ledger;
        let header = Header { number, ledger, tree: tree.clone() };
        let header = header.to_bytes();
        if header.starts_with(bytes) {
            // A crash while the segment was begun.
            if !bytes.is_empty() {
                self.cut(&name, bytes, 0)?;
            }
            return Ok(End { number, tree, roll: false });
        }
        self.recovery.notes.push(format!("the header of {name} is damaged"));
        let from = header.len().min(bytes.len());
        let end = self.walk(number, bytes, from, tree)?;
        Ok(End { roll: true, ..end })
    }

    fn check_header(
        &self,
        name: &str,
        header: &Header,
        number: u64,
    ) -> Result<(), LedgerError> {
        let error = if header.ledger != self.ledger {
            "it belongs to another ledger"
        } else if header.number != number {
            "it is another segment under a wrong name"
        } else {
            return Ok(());
        };
        let (file, error) = (name.to_owned(), error.to_owned());
        Err(ErrorKind::Segment { file, error }.into())
    }

    fn walk(
        &mut self,
        number: u64,
        bytes: &[u8],
        from: usize,
        tree: Frontier,
    ) -> Result<End, LedgerError> {
        let mut end = End { number, tree, roll: false };
        for step in Walk::new(bytes, from, end.tree.size()) {
            match step {
                Step::Entry { entry, .. } => self.push(&mut end, entry.leaf()),
                Step::Damage { seq, next_seq, .. } => {
                    self.stand_in(&mut end.tree, next_seq)?;
                    self.recovery.damaged.push((seq, next_seq));
                    end.roll = true;
                }
                Step::Tail { offset, seq, .. } => {
                    let known = int::to_u64(self.known.len());
                    if known > seq {
                        self.stand_in(&mut end.tree, known)?;
                        self.recovery.damaged.push((seq, known));
                        end.roll = true;
                    } else {
                        self.cut(&segment_name(number), bytes, offset)?;
                    }
                }
            }
            self.check_against_checkpoint(&end.tree)?;
        }
        Ok(end)
    }

    /// Adds a leaf that was read from its entry; the file of leaves is
    /// corrected by it.
    fn push(&mut self, end: &mut End, leaf: Hash) {
        let seq = end.tree.size();
        // What does not fit into memory was refused when it was read.
        let at = int::usize_from(seq).unwrap_or(usize::MAX);
        let count = self.known.len();
        match self.known.get_mut(at) {
            Some(known) if *known == leaf => {}
            Some(known) => {
                *known = leaf;
                let note = format!("leaf {seq} was damaged");
                self.recovery.notes.push(note);
            }
            None if at == count => self.known.push(leaf),
            // Leaves are missing further back; `mend_leaves` sees to it.
            None => {}
        }
        end.tree.push(leaf);
    }

    fn check_against_checkpoint(
        &self,
        tree: &Frontier,
    ) -> Result<(), LedgerError> {
        match self.checkpoint {
            Some(point)
                if point.size == tree.size() && point.root != tree.root() =>
            {
                Err(ErrorKind::Contradiction(point.size).into())
            }
            _ => Ok(()),
        }
    }

    fn cut(
        &mut self,
        name: &str,
        bytes: &[u8],
        offset: usize,
    ) -> Result<(), LedgerError> {
        let at = int::to_u64(offset);
        let rest = &bytes[offset..];
        let stem = name.trim_end_matches(".log");
        let aside = format!("cut-{stem}-{at}.bin");
        if let Err(error) = self.storage.replace(&aside, rest) {
            // A full disk must not keep the ledger from opening.
            let note = format!("{aside} could not be kept: {error}");
            self.recovery.notes.push(note);
        }
        self.storage
            .append(name)
            .and_then(|mut file| {
                file.cut(at)?;
                file.sync()
            })
            .map_err(|error| LedgerError::io(name.to_owned(), error))?;
        let length = int::to_u64(rest.len());
        self.recovery.cut.push((name.to_owned(), at, length));
        Ok(())
    }

    /// Makes the file of leaves say what the tree says.
    fn mend_leaves(&mut self, tree: &Frontier) -> Result<(), LedgerError> {
        let size = int::usize_from(tree.size())
            .ok_or_else(|| LedgerError::other("too many entries"))?;
        self.known.truncate(size);
        if self.known.len() < size {
            self.known = self.all_leaves(size)?;
        }
        if Frontier::of(&self.known) != *tree {
            let note = "leaves were damaged and are made again";
            self.recovery.notes.push(note.to_owned());
            self.known = self.all_leaves(size)?;
        }
        let bytes = self.known.as_flattened();
        let same =
            self.storage.read(LEAVES).is_ok_and(|stored| stored == bytes);
        if !(same || size == 0 && self.known.is_empty()) {
            self.storage
                .replace(LEAVES, bytes)
                .map_err(|error| LedgerError::io(LEAVES, error))?;
        }
        Ok(())
    }

    /// Leaves from the segments, where these can be read.
    fn all_leaves(&self, size: usize) -> Result<Vec<Hash>, LedgerError> {
        let mut leaves = self.known.clone();
        leaves.resize(size, [0; 32]);
        for number in segments(self.storage)? {
            let name = segment_name(number);
            let bytes = self
                .storage
                .read(&name)
                .map_err(|error| LedgerError::io(name, error))?;
            let Ok((header, at)) = Header::read(&bytes) else { continue };
            for step in Walk::new(&bytes, at, header.tree.size()) {
                if let Step::Entry { entry, .. } = step
                    && let Some(at) = int::usize_from(entry.seq)
                    && let Some(leaf) = leaves.get_mut(at)
                {
                    *leaf = entry.leaf();
                }
            }
        }
        Ok(leaves)
    }
}
