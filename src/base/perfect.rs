//! A table in which every key has one place, so that a look-up reads two
//! numbers and compares one: a perfect hash after G. E. Pibiri and R. Trani,
//! "PTHash: revisiting FCH minimal perfect hashing", SIGIR 2021. In: keys that
//! are not 0, each with a value; out: pilots and slots. Deterministic.
//!
//! The high bits of a key's hash choose one of 2^n buckets. The *pilot* of a
//! bucket is a number that the builder tried until all keys of the bucket fell
//! into free slots: hash and pilot together choose the slot. Large buckets
//! were placed first, while there was room.
//!
//! Cost of building: some tries a key, memory as the table. A table is found
//! for any set of different keys, because a larger one is tried when a bucket
//! has no pilot.

use super::int;

/// Odd multipliers: 2^64 over the golden ratio (Knuth), and a constant of
/// MurmurHash3 (Appleby).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
const MIX: u64 = 0xFF51_AFD7_ED55_8CCD;

/// Slots for eight keys.
const PER_EIGHT: usize = 10;
/// Keys a bucket, or half as many: buckets are a power of two.
const PER_BUCKET: usize = 4;

/// A slot: a key, 0 for none, and what it stands for.
pub type Slot = [u64; 2];

/// What a builder made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub pilots: Vec<u16>,
    pub slots: Vec<Slot>,
}

/// A table as it lies in an image.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    pilots: &'a [u16],
    slots: &'a [Slot],
    shift: u32,
}

impl<'a> Table<'a> {
    /// Nothing without slots, or with other than 2^n pilots, 2 at least.
    pub fn new(pilots: &'a [u16], slots: &'a [Slot]) -> Option<Table<'a>> {
        let buckets = pilots.len();
        let fits = buckets > 1 && buckets.is_power_of_two();
        let fits = fits && !slots.is_empty();
        fits.then(|| Table { pilots, slots, shift: shift(pilots.len()) })
    }

    /// The number of the slot that has the key, if one has.
    #[inline]
    pub fn slot(&self, key: u64) -> usize {
        let hash = hash(key);
        let pilot = self.pilots[bucket(hash, self.shift)];
        place(hash, pilot, self.slots.len())
    }

    #[inline]
    pub fn get(&self, slot: usize) -> Slot {
        self.slots[slot]
    }
}

#[inline]
fn hash(key: u64) -> u64 {
    let hash = key.wrapping_mul(GOLDEN);
    hash ^ hash >> 32
}

/// Shift that leaves the number of a bucket. 2^n buckets, 2 at least.
fn shift(buckets: usize) -> u32 {
    64 - buckets.trailing_zeros()
}

#[inline]
fn bucket(hash: u64, shift: u32) -> usize {
    int::low_usize(hash >> shift)
}

#[inline]
fn place(hash: u64, pilot: u16, slots: usize) -> usize {
    let pilot = u64::from(pilot).wrapping_mul(MIX);
    let mixed = (hash ^ pilot).wrapping_mul(GOLDEN) >> 32;
    int::low_usize((mixed * int::to_u64(slots)) >> 32)
}

/// The table of different keys.
pub fn build(entries: &[Slot]) -> Parts {
    if entries.is_empty() {
        return Parts::default();
    }
    let buckets = (entries.len() / PER_BUCKET).next_power_of_two().max(2);
    let mut all: Vec<(usize, Slot)> = entries
        .iter()
        .map(|slot| (bucket(hash(slot[0]), shift(buckets)), *slot))
        .collect();
    all.sort_unstable();
    let mut groups: Vec<&[(usize, Slot)]> =
        all.chunk_by(|a, b| a.0 == b.0).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut slots = entries.len() * PER_EIGHT / 8 + 1;
    loop {
        if let Some(parts) = fill(&groups, buckets, slots) {
            return parts;
        }
        slots += slots / 8 + 1;
    }
}

/// Places all groups, if every one finds a pilot.
fn fill(
    groups: &[&[(usize, Slot)]],
    buckets: usize,
    count: usize,
) -> Option<Parts> {
    let mut parts =
        Parts { pilots: vec![0; buckets], slots: vec![[0; 2]; count] };
    let mut places = Vec::new();
    for group in groups {
        let pilot = (0..=u16::MAX).find(|pilot| {
            places.clear();
            group.iter().all(|(_, [key, _])| {
                let place = place(hash(*key), *pilot, count);
                let free = parts.slots[place][0] == 0;
                let fits = free && !places.contains(&place);
                places.push(place);
                fits
            })
        })?;
        parts.pilots[group[0].0] = pilot;
        for (place, (_, slot)) in places.iter().zip(*group) {
            parts.slots[*place] = *slot;
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_in_its_slot_and_no_other_is_found() {
        for count in [1u64, 2, 3, 10, 1000, 20_000] {
            for step in [1, 0x1_0000, 0x1_0000_0001] {
                let key = |n: u64| (n + 1).wrapping_mul(step);
                let entries: Vec<Slot> =
                    (0..count).map(|n| [key(n), n]).collect();
                let parts = build(&entries);
                let table = Table::new(&parts.pilots, &parts.slots).unwrap();
                for [key, value] in &entries {
                    let slot = table.get(table.slot(*key));
                    assert_eq!(slot, [*key, *value], "{count} {step}");
                }
                for n in count..2 * count {
                    let slot = table.get(table.slot(key(n)));
                    assert_ne!(slot[0], key(n), "{count} {step}");
                }
                assert!(parts.slots.len() < entries.len() * 3 + 4);
            }
        }
        assert_eq!(build(&[]), Parts::default());
        for pilots in [&[][..], &[0], &[0; 3]] {
            assert!(Table::new(pilots, &[[0; 2]]).is_none());
        }
        assert!(Table::new(&[0; 2], &[]).is_none());
    }
}
