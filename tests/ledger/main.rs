//! The ledger against failing disks, killed programs and changed bytes.

mod double;
mod erased;
mod kill;
mod old;

use std::sync::Arc;

use double::Double;
use trommel::base::clock::Moment;
use trommel::evidence::keys::Secret;
use trommel::evidence::ledger::LedgerError;
use trommel::evidence::ledger::entry::{Header, Kind, Step, Walk};
use trommel::evidence::ledger::log::{
    LEAVES, Log, New, Recovery, read_leaves, segment_name, segments,
};
use trommel::evidence::ledger::merkle::{self, Frontier};
use trommel::evidence::ledger::note::Checkpoint;
use trommel::evidence::ledger::verify::verify;

const ID: [u8; 16] = [5; 16];
/// Small, so that a few entries make several segments.
const SEGMENT: u64 = 400;

fn open(
    disk: &Double,
    point: Option<&Checkpoint>,
) -> Result<(Log, Recovery), LedgerError> {
    let salts = Secret::new([3; 32]);
    let (mut log, recovery) =
        Log::open(Arc::new(disk.clone()), ID, point, salts)?;
    log.set_segment_bytes(SEGMENT);
    Ok((log, recovery))
}

fn payload(n: u64) -> String {
    format!("{{\"n\":{n}}}")
}

/// Appends entries `from..to` in one batch.
fn append(log: &mut Log, from: u64, to: u64) -> Result<(), LedgerError> {
    let texts: Vec<String> = (from..to).map(payload).collect();
    let entries: Vec<New<'_>> = texts
        .iter()
        .map(|text| New {
            kind: Kind::Evidence,
            at: Moment(1),
            payload: text.as_bytes(),
        })
        .collect();
    log.append(&entries).map(|range| assert_eq!(range, from..to))
}

/// Batches of 1, 2, 3, 1, 2, 3 … entries until an error; gives how many
/// entries were acknowledged.
fn fill(log: &mut Log, until: u64) -> u64 {
    let mut size = log.size();
    while size < until {
        let next = (size + 1 + size % 3).min(until);
        if append(log, size, next).is_err() {
            break;
        }
        size = next;
    }
    size
}

/// Numbers and payloads of all readable entries.
fn entries(disk: &Double) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    for number in segments(disk).unwrap() {
        let bytes = disk.file(&segment_name(number));
        let Ok((header, at)) = Header::read(&bytes) else { continue };
        for step in Walk::new(&bytes, at, header.tree.size()) {
            if let Step::Entry { entry, .. } = step {
                let text = std::str::from_utf8(entry.payload()).unwrap();
                found.push((entry.seq, text.to_owned()));
            }
        }
    }
    found
}

fn wanted(until: u64) -> Vec<(u64, String)> {
    (0..until).map(|n| (n, payload(n))).collect()
}

fn checkpoint(log: &Log) -> Checkpoint {
    let origin = "test".to_owned();
    Checkpoint { origin, size: log.size(), root: log.root() }
}

#[test]
fn entries_come_back_over_segments() {
    let disk = Double::default();
    let (mut log, recovery) = open(&disk, None).unwrap();
    assert!(recovery.is_clean());
    assert_eq!(fill(&mut log, 40), 40);
    let point = checkpoint(&log);
    drop(log);
    assert!(segments(&disk).unwrap().len() > 5);
    assert_eq!(entries(&disk), wanted(40));
    let leaves = read_leaves(&disk).unwrap();
    assert_eq!(merkle::root(&leaves), point.root);
    let found = verify(&disk, None, std::slice::from_ref(&point)).unwrap();
    assert!(found.holds(), "{found:?}");
    assert_eq!(found.entries, 40);
    let (log, recovery) = open(&disk, Some(&point)).unwrap();
    assert!(recovery.is_clean(), "{recovery:?}");
    assert_eq!((log.size(), log.root()), (40, point.root));
    let part = verify(&disk, Some(7..9), &[point]).unwrap();
    assert_eq!(part.entries, 2);
}

#[test]
fn short_writes_change_nothing() {
    let (whole, short) = (Double::default(), Double::default());
    short.shorten_writes(7);
    for disk in [&whole, &short] {
        let (mut log, _) = open(disk, None).unwrap();
        assert_eq!(fill(&mut log, 20), 20);
    }
    for name in [LEAVES.to_owned(), segment_name(0), segment_name(1)] {
        assert_eq!(whole.file(&name), short.file(&name), "{name}");
    }
}

/// Kills the writer after every single byte.
#[test]
fn nothing_acknowledged_is_lost_by_a_kill_crash() {
    let whole = Double::default();
    let (mut log, _) = open(&whole, None).unwrap();
    fill(&mut log, 14);
    for bytes in 0..whole.written() {
        let disk = Double::default();
        disk.die_after(bytes);
        let acknowledged = match open(&disk, None) {
            Ok((mut log, _)) => fill(&mut log, 14),
            Err(_) => 0,
        };
        let after = disk.repaired();
        let (mut log, recovery) = open(&after, None).unwrap();
        let kept = log.size();
        assert!(kept >= acknowledged, "{bytes}: {kept} of {acknowledged}");
        assert!(recovery.damaged.is_empty(), "{bytes}: {recovery:?}");
        assert_eq!(entries(&after), wanted(kept), "{bytes}");
        assert_eq!(fill(&mut log, 20), 20, "{bytes}");
        let found = verify(&after, None, &[checkpoint(&log)]).unwrap();
        assert!(found.holds(), "{bytes}: {found:?}");
        assert_eq!(found.entries, 20);
        for (name, offset, length) in recovery.cut {
            let stem = name.trim_end_matches(".log");
            let aside = after.file(&format!("cut-{stem}-{offset}.bin"));
            assert_eq!(aside.len(), usize::try_from(length).unwrap());
        }
    }
}

#[test]
fn a_full_disk_refuses_and_goes_on_later_fault() {
    let whole = Double::default();
    let (mut log, _) = open(&whole, None).unwrap();
    fill(&mut log, 14);
    for bytes in 100..whole.written() {
        let disk = Double::default();
        disk.fill_after(bytes);
        let Ok((mut log, _)) = open(&disk, None) else { continue };
        let kept = fill(&mut log, 14);
        assert!(kept < 14, "{bytes}");
        assert_eq!(entries(&disk), wanted(kept), "{bytes}");
        disk.fill_after(1 << 20);
        assert_eq!(fill(&mut log, 14), 14, "{bytes}");
        let found = verify(&disk, None, &[checkpoint(&log)]).unwrap();
        assert!(found.holds(), "{bytes}: {found:?}");
    }
}

#[test]
fn after_a_failed_sync_nothing_is_written_fault() {
    let disk = Double::default();
    // The header of the first segment is one sync.
    disk.fail_sync_after(1);
    let (mut log, _) = open(&disk, None).unwrap();
    append(&mut log, 0, 3).unwrap();
    assert!(log.sync().is_err());
    let error = append(&mut log, 3, 4).unwrap_err().to_string();
    assert!(error.contains("open it again"), "{error}");
    assert!(log.sync().is_err());
    let (log, _) = open(&disk.repaired(), None).unwrap();
    assert_eq!(log.size(), 3);
}

/// What was synced and signed survives a power cut, however much of the
/// rest is lost.
#[test]
fn what_was_synced_survives_a_power_cut_crash() {
    let disk = Double::default();
    let (mut log, _) = open(&disk, None).unwrap();
    fill(&mut log, 5);
    log.sync().unwrap();
    let point = checkpoint(&log);
    append(&mut log, 5, 7).unwrap();
    for keep in 0..300 {
        let after = disk.after_power_cut(|loose| keep.min(loose));
        let (mut log, _) = open(&after, Some(&point)).unwrap();
        assert!(log.size() >= 5, "{keep}");
        assert_eq!(entries(&after)[..5], wanted(5), "{keep}");
        let size = log.size();
        append(&mut log, size, size + 1).unwrap();
    }
}

/// Flips every bit of the last segment, and of the leaves.
#[test]
fn a_flipped_bit_costs_one_entry_corrupt() {
    let disk = Double::default();
    let (mut log, _) = open(&disk, None).unwrap();
    fill(&mut log, 8);
    let point = checkpoint(&log);
    drop(log);
    let last = segment_name(*segments(&disk).unwrap().last().unwrap());
    let before = read_leaves(&disk).unwrap();
    for name in [last.as_str(), LEAVES] {
        for bit in 0..disk.file(name).len() * 8 {
            let disk = disk.repaired();
            disk.change(name, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
            let sick =
                verify(&disk, None, std::slice::from_ref(&point)).unwrap();
            assert!(!sick.holds(), "{name} bit {bit}: not seen");
            let (mut log, recovery) = open(&disk, Some(&point)).unwrap();
            assert!(!recovery.is_clean(), "{name} bit {bit}");
            assert!(recovery.cut.is_empty(), "{name} bit {bit}");
            assert_eq!(log.root(), point.root, "{name} bit {bit}");
            assert_eq!(read_leaves(&disk).unwrap(), before);
            append(&mut log, 8, 9).unwrap();
            let lost: u64 = recovery.damaged.iter().map(|(a, b)| b - a).sum();
            assert!(lost <= 1, "{name} bit {bit}: {recovery:?}");
        }
    }
}

/// Flips bits of a segment that is not the last: writing goes on, the check
/// finds it.
#[test]
fn old_segments_are_checked_by_verify_corrupt() {
    let disk = Double::default();
    let (mut log, _) = open(&disk, None).unwrap();
    fill(&mut log, 20);
    let point = checkpoint(&log);
    drop(log);
    let name = segment_name(0);
    for byte in 0..disk.file(&name).len() {
        let disk = disk.repaired();
        disk.change(&name, |bytes| bytes[byte] ^= 0x10);
        let found = verify(&disk, None, std::slice::from_ref(&point)).unwrap();
        assert!(!found.holds(), "byte {byte}");
        let lost: u64 = found.damaged.iter().map(|(a, b)| b - a).sum();
        let header = !found.problems.is_empty();
        assert!(lost == 1 || header, "byte {byte}: {found:?}");
    }
}

#[test]
fn what_was_rewritten_is_found_corrupt() {
    let disk = Double::default();
    let (mut log, _) = open(&disk, None).unwrap();
    fill(&mut log, 8);
    let point = checkpoint(&log);
    drop(log);
    // Somebody writes a whole new history, with good checksums.
    let forged = Double::default();
    let (mut log, _) = open(&forged, None).unwrap();
    let text = "{\"n\":\"other\"}";
    for _ in 0..8 {
        let new = New {
            kind: Kind::Evidence,
            at: Moment(1),
            payload: text.as_bytes(),
        };
        log.append(&[new]).unwrap();
    }
    drop(log);
    let found = verify(&forged, None, std::slice::from_ref(&point)).unwrap();
    assert!(!found.holds(), "{found:?}");
    let Err(error) = open(&forged, Some(&point)) else {
        panic!("a forged ledger was opened for writing");
    };
    assert!(error.to_string().contains("contradicts"), "{error}");
    // And somebody cuts off the end.
    let leaves = read_leaves(&disk).unwrap();
    disk.change(LEAVES, |bytes| bytes.truncate(7 * 32));
    let found = verify(&disk, None, &[point]).unwrap();
    assert!(!found.holds(), "{found:?}");
    assert_eq!(Frontier::of(&leaves).size(), 8);
}
