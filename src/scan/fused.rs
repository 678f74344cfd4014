//! The fused engine's search: a pair filter and hashed buckets instead of an
//! automaton. In: folded text; out: the same candidates as `reference`.
//!
//! For each run the pair (this class, next class) sets one bit's address in
//! a filter built by the compiler from the first pair of every needle. Clean
//! text fails there nearly always. What passes looks up the bucket of its
//! pair, which lists the needles that begin with it, and compares them.
//! A needle of one class is listed under (class, any): pair with class 0.

use super::{Candidate, Folded};
use crate::base::int;
use crate::fold::Sym;
use crate::image::ImageView;

/// Address of a pair before masking. Multiplication by an odd constant
/// (2^32 divided by the golden ratio, Knuth's multiplicative hashing)
/// spreads neighbouring class numbers over the high bits.
#[inline]
fn pair_hash(first: u16, second: u16) -> u32 {
    let key = u32::from(first) << 16 | u32::from(second);
    key.wrapping_mul(0x9E37_79B1).rotate_right(15)
}

/// The tables of the search.
#[derive(Clone, Debug, Default)]
pub struct FusedTables {
    pub filter: Vec<u64>,
    pub bucket_starts: Vec<u32>,
    pub bucket_needles: Vec<u32>,
}

/// Builds filter and buckets for needles given as class sequences.
pub fn build(needles: &[Vec<u16>]) -> FusedTables {
    let key = |needle: &[u16]| {
        let second = needle.get(1).copied().unwrap_or(Sym::OTHER.0);
        pair_hash(needle[0], second)
    };
    // About eight bits a needle keep false passes near one in ten; the
    // floor keeps small packs precise, the ceiling keeps it in L2.
    let bits = (needles.len() * 16).next_power_of_two().clamp(1 << 12, 1 << 23);
    let buckets = needles.len().next_power_of_two().max(1 << 6);
    let mut filter = vec![0u64; bits / 64];
    let mut lists: Vec<Vec<u32>> = vec![Vec::new(); buckets];
    for (number, needle) in needles.iter().enumerate() {
        let hash = int::to_usize(key(needle));
        let bit = hash & (bits - 1);
        filter[bit / 64] |= 1 << (bit % 64);
        lists[hash & (buckets - 1)].push(int::to_u32(number));
    }
    let mut tables = FusedTables { filter, ..FusedTables::default() };
    tables.bucket_starts.push(0);
    for list in lists {
        tables.bucket_needles.extend(list);
        let end = int::to_u32(tables.bucket_needles.len());
        tables.bucket_starts.push(end);
    }
    tables
}

/// Every occurrence of every needle.
pub fn candidates(
    view: &ImageView<'_>,
    folded: &Folded,
    out: &mut Vec<Candidate>,
) {
    let syms = &folded.syms[..];
    let mask = view.filter.len() * 64 - 1;
    for run in 0..syms.len() {
        let first = syms[run];
        if first == Sym::OTHER.0 {
            continue;
        }
        let second = syms.get(run + 1).copied().unwrap_or(Sym::OTHER.0);
        let hash = int::to_usize(pair_hash(first, second));
        let bit = hash & mask;
        if view.filter[bit / 64] >> (bit % 64) & 1 != 0 {
            bucket(view, syms, run, hash, out);
        }
        if second != Sym::OTHER.0 {
            let hash = int::to_usize(pair_hash(first, Sym::OTHER.0));
            let bit = hash & mask;
            if view.filter[bit / 64] >> (bit % 64) & 1 != 0 {
                bucket(view, syms, run, hash, out);
            }
        }
    }
}

/// Compares the needles of one bucket with the text at `run`.
fn bucket(
    view: &ImageView<'_>,
    syms: &[u16],
    run: usize,
    hash: usize,
    out: &mut Vec<Candidate>,
) {
    let number = hash & (view.bucket_starts.len() - 2);
    let start = int::to_usize(view.bucket_starts[number]);
    let end = int::to_usize(view.bucket_starts[number + 1]);
    let rest = &syms[run..];
    for &needle in &view.bucket_needles[start..end] {
        let wanted = view.needle(needle);
        // Two pairs may share a bucket: only needles of this pair count, so
        // that one needle is not reported twice.
        let second = wanted.get(1).copied().unwrap_or(Sym::OTHER.0);
        if int::to_usize(pair_hash(wanted[0], second)) == hash
            && rest.starts_with(wanted)
        {
            out.push(Candidate { needle, run: int::to_u32(run) });
        }
    }
}
