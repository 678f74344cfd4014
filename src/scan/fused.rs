//! The fused engine's search: filters and hashed keys instead of an
//! automaton. In: folded text; out: the same candidates as `reference`.
//!
//! Every needle has a **key**: its first 1, 2, 3, 4 or 6 classes, the
//! longest of these lengths that it has. At each run of the text
//!
//! 1. one bit of the **pair filter** (this class, next class) says whether
//!    any needle begins so; clean text mostly ends here;
//! 2. one bit of the **key filter** for each key length says whether any
//!    needle has this key;
//! 3. the bucket of the key lists its needles, which are compared.
//!
//! The filters are one blocked Bloom filter (Putze, Sanders, Singler 2007):
//! three bits in one 64-bit word for each entry, so a test costs one load.
//! It is sized by the number of needles and stays in the second-level cache
//! up to about 200,000 of them. A bucket holds a tag of each key beside the
//! needle, so that needles of other keys cost no further load. Longer keys
//! for longer needles matter: terms of one language begin alike (`your …`),
//! and a bucket of all that begin with `yo` would be walked for every `you`.

use super::{Candidate, Folded, Phase};
use crate::base::int;
use crate::fold::Sym;
use crate::image::{FusedParts, FusedView, ImageView};

/// Key lengths, ascending.
const KEY_LENGTHS: [usize; 5] = [1, 2, 3, 4, 6];
/// Salt of the pair filter, which shares the table with the key filters.
const PAIR_SALT: u32 = 0x5bd1_e995;

/// One step of a rolling hash: Knuth's multiplicative hashing with the
/// golden ratio, the class mixed in first.
#[inline]
fn step(hash: u32, sym: u16) -> u32 {
    (hash ^ u32::from(sym)).wrapping_mul(0x9E37_79B1).rotate_left(13)
}

/// Hash of a whole key; the length is part of it.
#[inline]
fn finish(hash: u32, len: usize) -> usize {
    let mixed = (hash ^ int::to_u32(len)).wrapping_mul(0x85EB_CA6B);
    int::to_usize(mixed ^ mixed >> 15)
}

/// The three bits of an entry within its word, from the high bits of the
/// hash; the low bits choose the word.
#[inline]
fn word_bits(hash: usize) -> u64 {
    1 << (hash >> 26 & 63) | 1 << (hash >> 20 & 63) | 1 << (hash >> 14 & 63)
}

fn key_length(needle: usize) -> usize {
    KEY_LENGTHS.into_iter().rev().find(|len| *len <= needle).unwrap_or(1)
}

fn key_hash(needle: &[u16]) -> usize {
    let len = key_length(needle.len());
    let hash = needle[..len].iter().fold(0, |hash, sym| step(hash, *sym));
    finish(hash, len)
}

#[inline]
fn pair_hash(first: u16, second: u16) -> usize {
    finish(step(step(PAIR_SALT, first), second), 2)
}

/// Builds filters and buckets for those needles, given as class sequences,
/// that are `wanted`.
pub fn build(needles: &[Vec<u16>], wanted: &[bool]) -> FusedParts {
    let count = wanted.iter().filter(|wanted| **wanted).count();
    // At least twelve bits an entry, two entries a needle. The floor keeps
    // small packs precise, the ceiling keeps the table out of main memory.
    let words = (count * 24 / 64).next_power_of_two().clamp(1 << 7, 1 << 17);
    let buckets = count.next_power_of_two().max(1 << 6);
    let mut filter = vec![0u64; words];
    let mut set = |hash: usize| {
        filter[hash & (words - 1)] |= word_bits(hash);
    };
    let mut keyed: Vec<(usize, u32, usize)> = Vec::with_capacity(count);
    for (number, needle) in needles.iter().enumerate() {
        if !wanted[number] {
            continue;
        }
        let hash = key_hash(needle);
        set(hash);
        if let [first, second, ..] = needle[..] {
            set(pair_hash(first, second));
        }
        keyed.push((hash & (buckets - 1), int::to_u32(number), hash));
    }
    keyed.sort_unstable();
    let mut tables = FusedParts { filter, ..FusedParts::default() };
    let mut next = keyed.iter().peekable();
    tables.bucket_starts.push(0);
    for bucket in 0..buckets {
        while let Some((_, needle, hash)) =
            next.next_if(|(b, ..)| *b == bucket)
        {
            tables.bucket_needles.push(*needle);
            tables.bucket_tags.push(int::to_u32(*hash));
        }
        let end = int::to_u32(tables.bucket_needles.len());
        tables.bucket_starts.push(end);
    }
    tables
}

/// Which classes are a needle of their own (`滴滴`, `dd`): one bit each,
/// made when an engine is.
#[derive(Clone, Debug, Default)]
pub struct OneClass {
    bits: Vec<u64>,
}

impl OneClass {
    pub fn new(view: &ImageView<'_>, phase: Phase) -> OneClass {
        let mut bits = Vec::new();
        let tables = &view.fused[phase.index()];
        for number in tables.bucket_needles {
            let needle = view.needle(*number);
            if let [class] = needle {
                let class = usize::from(*class);
                if bits.len() <= class / 64 {
                    bits.resize(class / 64 + 1, 0);
                }
                bits[class / 64] |= 1u64 << (class % 64);
            }
        }
        OneClass { bits }
    }

    #[inline]
    fn has(&self, class: u16) -> bool {
        let class = usize::from(class);
        let word = self.bits.get(class / 64).copied().unwrap_or(0);
        word >> (class % 64) & 1 != 0
    }
}

/// Every occurrence of every needle.
pub fn candidates(
    view: &ImageView<'_>,
    phase: Phase,
    ones: &OneClass,
    folded: &Folded,
    out: &mut Vec<Candidate>,
) {
    let syms = &folded.syms[..];
    let tables = &view.fused[phase.index()];
    let mask = tables.filter.len() - 1;
    let has = |hash: usize| {
        let bits = word_bits(hash);
        tables.filter[hash & mask] & bits == bits
    };
    for run in 0..syms.len() {
        let rest = &syms[run..];
        let first = rest[0];
        if first == Sym::OTHER.0 {
            continue;
        }
        let mut hash = step(0, first);
        if ones.has(first) {
            bucket(view, tables, rest, run, finish(hash, 1), 1, out);
        }
        let Some(&second) = rest.get(1) else { continue };
        if second == Sym::OTHER.0 || !has(pair_hash(first, second)) {
            continue;
        }
        let mut len = 1;
        for wanted in &KEY_LENGTHS[1..] {
            if rest.len() < *wanted {
                break;
            }
            while len < *wanted {
                hash = step(hash, rest[len]);
                len += 1;
            }
            let key = finish(hash, len);
            if has(key) {
                bucket(view, tables, rest, run, key, len, out);
            }
        }
    }
}

/// Compares the needles of one bucket that have the key's length with the
/// text. Needles of another key that share the bucket do not match there.
fn bucket(
    view: &ImageView<'_>,
    tables: &FusedView<'_>,
    rest: &[u16],
    run: usize,
    key: usize,
    len: usize,
    out: &mut Vec<Candidate>,
) {
    let number = key & (tables.bucket_starts.len() - 2);
    let start = int::to_usize(tables.bucket_starts[number]);
    let end = int::to_usize(tables.bucket_starts[number + 1]);
    let tag = int::to_u32(key);
    for slot in start..end {
        if tables.bucket_tags[slot] != tag {
            continue;
        }
        let needle = tables.bucket_needles[slot];
        let wanted = view.needle(needle);
        // A needle is listed once; asking only for its own key length keeps
        // it from being reported twice.
        if key_length(wanted.len()) == len && rest.starts_with(wanted) {
            out.push(Candidate { needle, run: int::to_u32(run) });
        }
    }
}
