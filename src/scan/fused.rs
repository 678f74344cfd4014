//! The fused engine's search: filters and hashed keys instead of an
//! automaton. In: folded text; out: the same candidates as `reference`.
//!
//! Every needle has an **anchor**: two neighbouring classes of which at
//! least one is *wide* (Han, kana, …), or four that begin with two *narrow*
//! ones (Latin, digits, …), wherever in the needle they are rarest in
//! ordinary text. Pairs of Latin letters say next to nothing, pairs of Han
//! nearly everything. A narrow needle of two or three classes is its own
//! anchor. At each run of the text
//!
//! 1. the **anchor filter** says whether any anchor begins here; clean text
//!    mostly ends with this one look into a table that fits the second-level
//!    cache;
//! 2. the **key filter** says the same for the anchor together with up to
//!    two more classes of the needle beside it (its *reach*);
//! 3. the bucket of the key lists its needles with the place of the anchor,
//!    and they are compared.
//!
//! Worked example: `加我微信` is looked for by `微信` or `加我`, whichever is
//! rarer (a frequency table decides when the image is built), say `微信` at
//! place 2. Its reach is the two classes before it. A text `我的微信` passes
//! the first filter at 微 and fails the second, since no needle with this
//! anchor has `我的` before it.
//!
//! Both filters are blocked Bloom filters (Putze, Sanders, Singler 2007):
//! the bits of an entry lie in one 64-bit word, so a test costs one load.

use std::collections::HashMap;

use super::{Candidate, Folded, Phase};
use crate::base::int;
use crate::image::{FusedParts, FusedView, ImageView};

/// Odd multiplier of Fibonacci hashing (Knuth): 2^64 over the golden ratio.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Classes of a narrow anchor.
const QUAD: usize = 4;
/// Classes behind a run that a test may read; a text ends with as many
/// [`Sym::OTHER`](crate::fold::Sym::OTHER).
pub const PADDING: usize = 6;

/// What an anchor costs the filter, as a frequency (parts of 10^9): shared
/// by the needles that could use it, so that they agree on one.
const ANCHOR_PRICE: u32 = 400;

/// Limits of the anchor filter in 64-bit words: the floor keeps small packs
/// precise, the ceiling (256 KiB) keeps it in the second-level cache.
const ANCHOR_WORDS: (usize, usize) = (1 << 7, 1 << 15);
const KEY_WORDS: (usize, usize) = (1 << 7, 1 << 20);

#[inline]
fn pair_hash(a: u16, b: u16) -> u64 {
    (u64::from(a) | u64::from(b) << 16).wrapping_mul(GOLDEN)
}

#[inline]
fn triple_hash(a: u16, b: u16, c: u16) -> u64 {
    let all = u64::from(a) | u64::from(b) << 16 | u64::from(c) << 32;
    let hash = all.wrapping_mul(GOLDEN);
    (hash ^ hash >> 32).wrapping_mul(GOLDEN)
}

#[inline]
fn quad_hash(triple: u64, d: u16) -> u64 {
    (triple.rotate_left(23) ^ u64::from(d)).wrapping_mul(GOLDEN)
}

/// Two bits of a word from the upper half of a hash.
#[inline]
fn two_bits(hash: u64) -> u64 {
    1 << (hash >> 32 & 63) | 1 << (hash >> 38 & 63)
}

/// Three bits of a word.
#[inline]
fn three_bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63)
}

/// Which classes beside the anchor belong to the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    None,
    Right,
    Left,
    Both,
    Right2,
    Left2,
}

impl Reach {
    const ALL: [Reach; 6] = [
        Reach::None,
        Reach::Right,
        Reach::Left,
        Reach::Both,
        Reach::Right2,
        Reach::Left2,
    ];

    fn number(self) -> u64 {
        match self {
            Reach::None => 0,
            Reach::Right => 1,
            Reach::Left => 2,
            Reach::Both => 3,
            Reach::Right2 => 4,
            Reach::Left2 => 5,
        }
    }

    /// The reach of a needle with so many classes on each side.
    fn of(left: usize, right: usize) -> Reach {
        match (left, right) {
            (_, 2..) => Reach::Right2,
            (2.., _) => Reach::Left2,
            (1, 1) => Reach::Both,
            (0, 1) => Reach::Right,
            (1, 0) => Reach::Left,
            (0, 0) => Reach::None,
        }
    }
}

/// Classes beside an anchor; 0 where the text ends.
#[derive(Clone, Copy)]
struct Beside {
    left2: u16,
    left: u16,
    right: u16,
    right2: u16,
}

impl Beside {
    /// Around the anchor of `len` classes at `at`; `syms` is padded.
    #[inline]
    fn new(syms: &[u16], at: usize, len: usize) -> Beside {
        let before = |n: usize| {
            at.checked_sub(n)
                .and_then(|at| syms.get(at))
                .copied()
                .unwrap_or(0)
        };
        let after = |n: usize| syms.get(at + len + n).copied().unwrap_or(0);
        Beside {
            left2: before(2),
            left: before(1),
            right: after(0),
            right2: after(1),
        }
    }

    #[inline]
    fn key(self, anchor: u64, reach: Reach) -> u64 {
        let (x, y) = match reach {
            Reach::None => (0, 0),
            Reach::Right => (self.right, 0),
            Reach::Left => (self.left, 0),
            Reach::Both => (self.left, self.right),
            Reach::Right2 => (self.right, self.right2),
            Reach::Left2 => (self.left2, self.left),
        };
        let classes =
            u64::from(x) | u64::from(y) << 16 | reach.number() << 32;
        let hash = (anchor.rotate_left(29) ^ classes).wrapping_mul(GOLDEN);
        (hash ^ hash >> 32).wrapping_mul(GOLDEN)
    }
}

/// Where a needle's anchor may stand.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    offset: usize,
    len: usize,
    hash: u64,
    /// Selects the word of the anchor filter.
    word: u64,
    frequency: u32,
}

/// How often the classes of an anchor follow each other in ordinary text,
/// in parts of 10^9.
pub trait Frequency: Sync {
    fn of(&self, classes: &[u16]) -> u32;
}

fn anchors(
    needle: &[u16],
    narrow_end: u16,
    frequency: &dyn Frequency,
) -> Vec<Anchor> {
    let mut all = Vec::new();
    for offset in 0..needle.len().saturating_sub(1) {
        let rest = &needle[offset..];
        let wide = rest[0] >= narrow_end || rest[1] >= narrow_end;
        let len = match (wide, needle.len(), rest.len()) {
            (true, ..) => 2,
            (false, QUAD.., QUAD..) => QUAD,
            (false, 2 | 3, _) if offset == 0 => needle.len(),
            _ => continue,
        };
        // A narrow needle of three classes is its own anchor; one with a
        // wide class has a pair.
        if !wide && len < QUAD && needle.iter().any(|c| *c >= narrow_end) {
            continue;
        }
        let classes = &rest[..len];
        let (hash, word) = anchor_hash(classes);
        let frequency = frequency.of(classes);
        all.push(Anchor { offset, len, hash, word, frequency });
    }
    all
}

fn anchor_hash(classes: &[u16]) -> (u64, u64) {
    match *classes {
        [a, b] => (pair_hash(a, b), pair_hash(a, b)),
        [a, b, c] => (triple_hash(a, b, c), triple_hash(a, b, c)),
        [a, b, c, d, ..] => {
            let triple = triple_hash(a, b, c);
            (quad_hash(triple, d), triple)
        }
        _ => (0, 0),
    }
}

fn size(entries: usize, bits: usize, limits: (usize, usize)) -> usize {
    (entries * bits / 64).next_power_of_two().clamp(limits.0, limits.1)
}

/// Shift that leaves the number of a word of a table with so many words.
#[inline]
fn shift(words: usize) -> u32 {
    64 - words.trailing_zeros()
}

/// Builds filters and buckets for those needles, given as class sequences,
/// that are `wanted`. Classes below `narrow_end` are narrow.
pub fn build(
    needles: &[Vec<u16>],
    wanted: &[bool],
    narrow_end: u16,
    frequency: &dyn Frequency,
) -> FusedParts {
    let mut uses: HashMap<u64, u32> = HashMap::new();
    let mut choices: Vec<(usize, Vec<Anchor>)> = Vec::new();
    for (number, needle) in needles.iter().enumerate() {
        if wanted[number] && needle.len() > 1 {
            let all = anchors(needle, narrow_end, frequency);
            for anchor in &all {
                *uses.entry(anchor.hash).or_default() += 1;
            }
            choices.push((number, all));
        }
    }
    let mut chosen: Vec<(u64, Anchor, usize)> = Vec::new();
    for (number, all) in choices {
        let price = |anchor: &Anchor| {
            let users = uses.get(&anchor.hash).copied().unwrap_or(1);
            anchor.frequency.saturating_add(ANCHOR_PRICE / users)
        };
        // Every needle of two classes or more has an anchor.
        let Some(best) = all.into_iter().min_by_key(price) else { continue };
        let needle = &needles[number];
        let beside = Beside::new(needle, best.offset, best.len);
        let right = needle.len() - best.offset - best.len;
        let reach = Reach::of(best.offset, right);
        chosen.push((beside.key(best.hash, reach), best, number));
    }
    let distinct: std::collections::HashSet<u64> =
        chosen.iter().map(|(_, anchor, _)| anchor.hash).collect();
    let mut parts = FusedParts {
        anchors: vec![0; size(distinct.len(), 20, ANCHOR_WORDS)],
        keys: vec![0; size(chosen.len(), 24, KEY_WORDS)],
        ..FusedParts::default()
    };
    let anchor_shift = shift(parts.anchors.len());
    let key_shift = shift(parts.keys.len());
    let buckets = chosen.len().next_power_of_two().max(1 << 6);
    let bucket_shift = shift(buckets);
    for (key, anchor, _) in &chosen {
        let word = int::low_usize(anchor.word >> anchor_shift);
        parts.anchors[word] |= two_bits(anchor.hash);
        parts.keys[int::low_usize(key >> key_shift)] |= three_bits(*key);
    }
    let bucket = |key: u64| {
        int::low_usize(key.wrapping_mul(GOLDEN) >> bucket_shift)
    };
    chosen.sort_unstable_by_key(|(key, _, number)| (bucket(*key), *number));
    let mut next = chosen.iter().peekable();
    parts.bucket_starts.push(0);
    for number in 0..buckets {
        while let Some((key, anchor, needle)) =
            next.next_if(|(key, ..)| bucket(*key) == number)
        {
            parts.bucket_needles.push(int::to_u32(*needle));
            parts.bucket_tags.push(tag(*key, anchor.offset));
        }
        parts.bucket_starts.push(int::to_u32(parts.bucket_needles.len()));
    }
    parts.singles = singles(needles, wanted);
    parts
}

/// What a bucket holds of a key, with the anchor's place in the needle in
/// the low byte.
#[inline]
fn tag(key: u64, offset: usize) -> u32 {
    key_tag(key) | int::to_u32(offset & 0xFF)
}

#[inline]
fn key_tag(key: u64) -> u32 {
    int::low_u32(key) << 8
}

/// The needles of one class, by class: `[class, needle]`, sorted.
fn singles(needles: &[Vec<u16>], wanted: &[bool]) -> Vec<[u32; 2]> {
    let mut all = Vec::new();
    for (number, needle) in needles.iter().enumerate() {
        if let (true, [class]) = (wanted[number], &needle[..]) {
            all.push([u32::from(*class), int::to_u32(number)]);
        }
    }
    all.sort_unstable();
    all
}

/// For each class the shortest run that a needle of this class alone needs;
/// 255 where there is none. Made when an engine is.
#[derive(Clone, Debug, Default)]
pub struct Singles {
    needed: Vec<u8>,
}

impl Singles {
    pub fn new(view: &ImageView<'_>, phase: Phase) -> Singles {
        let mut needed = vec![u8::MAX; view.class_end()];
        for [class, needle] in view.fused[phase.index()].singles {
            let shortest = view
                .needle_patterns(*needle)
                .map(|number| view.patterns[number].letter_count())
                .min();
            let shortest = shortest.and_then(|n| u8::try_from(n).ok());
            let slot = &mut needed[int::to_usize(*class)];
            // A run is counted up to 255; longer needles ask for that.
            *slot = (*slot).min(shortest.unwrap_or(u8::MAX - 1));
        }
        Singles { needed }
    }

    #[inline]
    fn fits(&self, class: u16, length: u8) -> bool {
        let needed = self.needed.get(usize::from(class)).copied();
        length >= needed.unwrap_or(u8::MAX) && length > 0
    }
}

/// Survivors of the anchor filter: run number and what passed.
#[derive(Debug, Default)]
pub struct Survivors(Vec<u32>);

const PAIR: u32 = 1 << 28;
const TRIPLE: u32 = 1 << 29;
const FOUR: u32 = 1 << 30;
const SINGLE: u32 = 1 << 31;
const RUN: u32 = PAIR - 1;

const _: () = assert!(crate::base::limits::RECORD_BYTES_MAX < 1 << 28);

/// Every occurrence of every needle whose anchor stands in `range`.
pub fn candidates(
    view: &ImageView<'_>,
    phase: Phase,
    singles: &Singles,
    folded: &Folded,
    range: std::ops::Range<usize>,
    survivors: &mut Survivors,
    out: &mut Vec<Candidate>,
) {
    let tables = &view.fused[phase.index()];
    let syms = folded.padded();
    sieve(tables, view.narrow_end, singles, folded, range, survivors);
    for &survivor in &survivors.0 {
        let at = int::to_usize(survivor & RUN);
        let [a, b, c, d] = [syms[at], syms[at + 1], syms[at + 2], syms[at + 3]];
        if survivor & SINGLE != 0 {
            let class = u32::from(a);
            let all = tables.singles;
            let first = all.partition_point(|row| row[0] < class);
            let same = all[first..].iter().take_while(|row| row[0] == class);
            let run = survivor & RUN;
            out.extend(same.map(|row| Candidate { needle: row[1], run }));
        }
        let search = Search { view, tables, syms, count: folded.count() };
        if survivor & PAIR != 0 {
            search.anchor(pair_hash(a, b), at, 2, out);
        }
        if survivor & (TRIPLE | FOUR) != 0 {
            let triple = triple_hash(a, b, c);
            if survivor & TRIPLE != 0 {
                search.anchor(triple, at, 3, out);
            }
            if survivor & FOUR != 0 {
                search.anchor(quad_hash(triple, d), at, QUAD, out);
            }
        }
    }
}

/// The anchor filter over all runs of the range. No branch depends on what
/// passes, so that a hit costs no misprediction here.
fn sieve(
    tables: &FusedView<'_>,
    narrow_end: u16,
    singles: &Singles,
    folded: &Folded,
    range: std::ops::Range<usize>,
    survivors: &mut Survivors,
) {
    let filter = tables.anchors;
    let shift = shift(filter.len());
    let has = |word: u64, hash: u64| {
        let bits = two_bits(hash);
        filter[int::low_usize(word >> shift)] & bits == bits
    };
    let first = range.start;
    let lengths = &folded.lengths()[range.clone()];
    let syms = &folded.padded()[first..range.end + PADDING];
    let found = &mut survivors.0;
    found.clear();
    found.resize(lengths.len() + 1, 0);
    let mut count = 0;
    for (at, (window, length)) in syms.windows(4).zip(lengths).enumerate() {
        let &[a, b, c, d] = window else { continue };
        let pair = pair_hash(a, b);
        let mut passed = if has(pair, pair) { PAIR } else { 0 };
        if a < narrow_end && b < narrow_end {
            let triple = triple_hash(a, b, c);
            let word = filter[int::low_usize(triple >> shift)];
            let bits = two_bits(triple);
            passed |= if word & bits == bits { TRIPLE } else { 0 };
            let bits = two_bits(quad_hash(triple, d));
            passed |= if word & bits == bits { FOUR } else { 0 };
        }
        passed |= if singles.fits(a, *length) { SINGLE } else { 0 };
        found[count] = passed | int::to_u32(first + at);
        count += usize::from(passed != 0);
    }
    found.truncate(count);
}

/// One text under search.
struct Search<'s, 'i> {
    view: &'s ImageView<'i>,
    tables: &'s FusedView<'i>,
    syms: &'s [u16],
    count: usize,
}

impl Search<'_, '_> {
    /// Looks up the keys of an anchor.
    fn anchor(
        &self,
        hash: u64,
        at: usize,
        len: usize,
        out: &mut Vec<Candidate>,
    ) {
        let beside = Beside::new(self.syms, at, len);
        let filter = self.tables.keys;
        let shift = shift(filter.len());
        for reach in Reach::ALL {
            let key = beside.key(hash, reach);
            let bits = three_bits(key);
            if filter[int::low_usize(key >> shift)] & bits == bits {
                self.bucket(key, at, out);
            }
        }
    }

    /// Compares the needles of one key with the text.
    fn bucket(&self, key: u64, at: usize, out: &mut Vec<Candidate>) {
        let tables = self.tables;
        let buckets = tables.bucket_starts.len() - 1;
        let number =
            int::low_usize(key.wrapping_mul(GOLDEN) >> shift(buckets));
        let start = int::to_usize(tables.bucket_starts[number]);
        let end = int::to_usize(tables.bucket_starts[number + 1]);
        let wanted = key_tag(key);
        for slot in start..end {
            let tag = tables.bucket_tags[slot];
            if tag & !0xFF != wanted {
                continue;
            }
            let Some(run) = at.checked_sub(int::to_usize(tag & 0xFF)) else {
                continue;
            };
            let needle = tables.bucket_needles[slot];
            let text = &self.syms[run..self.count];
            if text.starts_with(self.view.needle(needle)) {
                out.push(Candidate { needle, run: int::to_u32(run) });
            }
        }
    }
}
