//! Checking a ledger. In: its files, a verifier key; out: everything that
//! is not as it was written. Changes nothing and needs no secret.

use std::ops::Range;

use rayon::prelude::*;

use super::entry::{self, Bad, Header, Step, Walk};
use super::error::LedgerError;
use super::log::{read_leaves, segment_name, segments};
use super::merkle::{Frontier, Hash};
use super::note::Checkpoint;
use super::storage::Storage;
use crate::base::int;

/// Bytes read at once.
const BLOCK: usize = 256 << 10;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries whose bytes fit their leaf.
    pub entries: u64,
    pub bytes: u64,
    /// Half-open runs of entries that cannot be read or were changed.
    pub damaged: Vec<(u64, u64)>,
    /// Further findings; any makes the check fail.
    pub problems: Vec<String>,
    /// Things that are no fault: bytes of an append that is under way.
    pub notes: Vec<String>,
    /// Size of the tree that the leaves make.
    pub size: u64,
}

impl Verified {
    pub fn holds(&self) -> bool {
        self.damaged.is_empty() && self.problems.is_empty()
    }
}

/// One segment.
#[derive(Default)]
struct Part {
    entries: u64,
    bytes: u64,
    damaged: Vec<(u64, u64)>,
    problems: Vec<String>,
    notes: Vec<String>,
    /// Name, entries before, root of these.
    start: Option<(String, u64, Hash)>,
    /// Number of the first entry, and the one behind the last.
    begin: u64,
    end: u64,
}

/// Checks entries of `range` against the leaves, and the leaves against
/// the checkpoints, whose signatures have been checked.
pub fn verify(
    storage: &dyn Storage,
    range: Option<Range<u64>>,
    checkpoints: &[Checkpoint],
) -> Result<Verified, LedgerError> {
    let range = range.unwrap_or(0..u64::MAX);
    // Leaves are read after the list of segments, and each segment after
    // the leaves: an append in between makes segments longer, never shorter.
    let numbers = segments(storage)?;
    let leaves = read_leaves(storage)?;
    let parts: Result<Vec<Part>, LedgerError> = numbers
        .par_iter()
        .map(|number| segment(storage, *number, &range, &leaves))
        .collect();
    let mut all =
        Verified { size: int::to_u64(leaves.len()), ..Verified::default() };
    let whole = range == (0..u64::MAX);
    let mut end = 0;
    let mut starts = Vec::new();
    for part in parts? {
        starts.extend(part.start);
        if whole && part.begin > end {
            // Entries between two segments: the first lost its end.
            all.damaged.push((end, part.begin));
        }
        end = end.max(part.end);
        all.entries += part.entries;
        all.bytes += part.bytes;
        all.damaged.extend(part.damaged);
        all.problems.extend(part.problems);
        all.notes.extend(part.notes);
    }
    if whole && end < all.size {
        all.damaged.push((end, all.size));
    }
    all.damaged.sort_unstable();
    all.damaged.dedup();
    check_roots(&leaves, checkpoints, &starts, &mut all.problems);
    Ok(all)
}

/// Compares roots at many sizes in one pass over the leaves.
fn check_roots(
    leaves: &[Hash],
    checkpoints: &[Checkpoint],
    starts: &[(String, u64, Hash)],
    problems: &mut Vec<String>,
) {
    let mut wanted: Vec<(u64, Hash, String)> = checkpoints
        .iter()
        .map(|point| {
            let text = format!(
                "the tree of {} entries is not the one that was signed",
                point.size
            );
            (point.size, point.root, text)
        })
        .chain(starts.iter().map(|(name, size, root)| {
            let text = format!("{name}: its tree differs from the leaves");
            (*size, *root, text)
        }))
        .collect();
    wanted.sort();
    let mut tree = Frontier::default();
    let mut leaves = leaves.iter();
    for (size, root, text) in wanted {
        while tree.size() < size
            && let Some(leaf) = leaves.next()
        {
            tree.push(*leaf);
        }
        if tree.size() < size {
            problems.push(format!(
                "a tree of {size} entries was written down, the ledger has \
                 {}",
                tree.size()
            ));
        } else if tree.root() != root {
            problems.push(text);
        }
    }
}

fn segment(
    storage: &dyn Storage,
    number: u64,
    range: &Range<u64>,
    leaves: &[Hash],
) -> Result<Part, LedgerError> {
    let name = segment_name(number);
    let io = |error| LedgerError::io(name.clone(), error);
    let mut part = Part::default();
    if *range != (0..u64::MAX) && !overlaps(storage, number, range)? {
        return Ok(part);
    }
    if let Some(part) = intact(storage, number, range, leaves).map_err(io)? {
        return Ok(part);
    }
    let bytes = storage.read(&name).map_err(io)?;
    part.bytes = int::to_u64(bytes.len());
    let (header, at) = match Header::read(&bytes) {
        Ok(header) => header,
        Err(_) if bytes.is_empty() => {
            part.notes.push(format!("{name} is empty"));
            return Ok(part);
        }
        Err(error) => {
            part.problems.push(format!("{name}: {error}"));
            return Ok(part);
        }
    };
    if header.number != number {
        part.problems.push(format!("{name} is segment {}", header.number));
    }
    // The trees of the header are checked as a root, which covers them.
    part.start = Some((name.clone(), header.tree.size(), header.tree.root()));
    part.begin = header.tree.size();
    part.end = part.begin;
    for step in Walk::new(&bytes, at, header.tree.size()) {
        match step {
            Step::Entry { entry, .. } => {
                part.end = entry.seq + 1;
                if !range.contains(&entry.seq) {
                    continue;
                }
                let leaf =
                    int::usize_from(entry.seq).and_then(|at| leaves.get(at));
                match leaf {
                    Some(leaf) if *leaf == entry.leaf() => part.entries += 1,
                    Some(_) => {
                        part.damaged.push((entry.seq, entry.seq + 1));
                    }
                    None => part.notes.push(format!(
                        "entry {} is not in the tree yet",
                        entry.seq
                    )),
                }
            }
            Step::Damage { seq, next_seq, .. } => {
                if seq < range.end && range.start < next_seq {
                    part.damaged.push((seq, next_seq));
                }
                part.end = next_seq;
            }
            Step::Tail { offset, .. } => part.notes.push(format!(
                "{name}: {} bytes behind the last entry",
                bytes.len() - offset
            )),
        }
    }
    Ok(part)
}

/// A segment read in blocks that stay in the processor's cache, which is
/// twice as fast as reading it whole. `None`: something is not as it should
/// be, and the thorough way has to say what.
fn intact(
    storage: &dyn Storage,
    number: u64,
    range: &Range<u64>,
    leaves: &[Hash],
) -> std::io::Result<Option<Part>> {
    let name = segment_name(number);
    let mut part = Part::default();
    let mut buffer = Vec::new();
    loop {
        let block = storage.read_at(&name, part.bytes, BLOCK)?;
        if block.is_empty() {
            let whole = buffer.is_empty() && part.start.is_some();
            return Ok(whole.then_some(part));
        }
        part.bytes += int::to_u64(block.len());
        buffer.extend(block);
        let mut at = 0;
        if part.start.is_none() {
            let Ok((header, length)) = Header::read(&buffer) else {
                return Ok(None);
            };
            if header.number != number {
                return Ok(None);
            }
            part.begin = header.tree.size();
            part.end = part.begin;
            part.start = Some((name.clone(), part.begin, header.tree.root()));
            at = length;
        }
        loop {
            let entry = match entry::read(&buffer[at..]) {
                Ok(entry) if entry.seq == part.end => entry,
                // The rest of it is in the next block, or nowhere.
                Err(Bad::Short) => break,
                _ => return Ok(None),
            };
            let leaf =
                int::usize_from(entry.seq).and_then(|at| leaves.get(at));
            let wanted = range.contains(&entry.seq);
            if wanted && leaf != Some(&entry.leaf()) {
                return Ok(None);
            }
            part.entries += u64::from(wanted);
            part.end += 1;
            at += entry.stored_len();
        }
        buffer.drain(..at);
    }
}

/// Whether a segment may hold entries of the range.
fn overlaps(
    storage: &dyn Storage,
    number: u64,
    range: &Range<u64>,
) -> Result<bool, LedgerError> {
    let first = |number: u64| -> Result<Option<u64>, LedgerError> {
        let name = segment_name(number);
        match storage.read_at(&name, 0, 1 << 12) {
            Ok(bytes) => {
                let header = Header::read(&bytes);
                Ok(header.ok().map(|(header, _)| header.tree.size()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(LedgerError::io(name, error)),
        }
    };
    let from = first(number)?.unwrap_or(0);
    let to = first(number + 1)?.unwrap_or(u64::MAX);
    Ok(from < range.end && range.start < to)
}
