//! The fused engine's search: filters and hashed keys instead of an
//! automaton. In: folded text; out: the same candidates as `reference`.
//!
//! Every needle has an **anchor**, wherever in the needle it is rarest in
//! ordinary text: two neighbouring classes of which at least one is *wide*
//! (Han, kana, …), or five that begin with two *narrow* ones (Latin, digits,
//! …). Pairs of Latin letters say next to nothing, pairs of Han nearly
//! everything. Shorter needles are their own anchor. At each run of the text
//!
//! 1. the **sieve** (`sieve.rs`) asks the marks that came with the classes,
//!    and pairs of Latin letters a few small tables;
//! 2. the **anchor filter** says whether an anchor begins here, a wide pair
//!    together with the class behind it; clean text mostly ends with this
//!    one look into a table that fits the second-level cache;
//! 3. the **key filter** says the same for the anchor together with one or
//!    two more classes of the needle beside it (its *reach*);
//! 4. the bucket of the key lists its needles with the place of the anchor
//!    and a sketch of the rest; those whose sketch fits are candidates. The
//!    walk compares every letter anyway, so nothing is compared here.
//!
//! Worked example: `加我微信` is looked for by `加我` or `我微`, whichever is
//! rarer (a frequency table decides when the image is built), say `我微` at
//! place 1. Its reach is 加 before and 信 behind. A text `我微笑` fails the
//! first filter, since no needle has 笑 behind this anchor; `给我微信` passes
//! it and fails the second.
//!
//! Most short Latin words stand inside longer ones (`ca`, `not`, `com`). Such
//! a needle, if all its spellings begin a word, goes no further unless a word
//! may begin there, and end there if they all end one.
//!
//! Both filters are blocked Bloom filters (Putze, Sanders, Singler 2007):
//! the bits of an entry lie in one word, so a test costs one load.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use rayon::prelude::*;

use super::folded::CLASS;
use super::sieve::{
    GOLDEN, Hashes, MIX, Marks, PLACE_BITS, Pair, Pick, Picks, Simd, Task,
    What, long_bits, open_bits, part_bits, pick, touch, whole_bits, word_bits,
};
use super::singles::Singles;
use super::{Candidate, Filter, Folded, Phase, Reader};
use crate::base::int;
use crate::fold::mark;
use crate::image::{FusedParts, FusedView, KEY_LINE as LINE, NARROW_WORDS};

/// Classes of a narrow anchor.
const NARROW: usize = 5;
/// What an anchor costs the filter, as a frequency (parts of 10^9): shared
/// by the needles that could use it, so that they agree on one.
const ANCHOR_PRICE: u32 = 400;

/// Limits of the anchor filter in 32-bit words: the floor keeps small packs
/// precise. With the ceiling (8 MiB) a million terms are looked for twice as
/// fast as with 256 KiB, which a second-level cache holds, but every anchor
/// finds full; with 100,000 terms it makes no difference.
const ANCHOR_WORDS: (usize, usize) = (1 << 7, 1 << 21);
const KEY_WORDS: (usize, usize) = (1 << 7, 1 << 22);
const _: () = assert!(KEY_WORDS.0 >= 2 * LINE && ANCHOR_WORDS.0 > 1);
/// The word of a line.
#[inline]
fn key_word(key: u64) -> usize {
    int::low_usize(key >> 61)
}

/// Three bits of a word of the key filter.
#[inline]
fn key_bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63)
}

/// Which classes beside the anchor belong to the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    None,
    Right,
    Right2,
    Both,
    Left,
}

impl Reach {
    fn number(self) -> u64 {
        match self {
            Reach::None => 0,
            Reach::Right => 1,
            Reach::Right2 => 2,
            Reach::Both => 3,
            Reach::Left => 4,
        }
    }

    /// The reach of a needle with so many classes on each side of a pair.
    fn of_pair(left: usize, right: usize) -> Reach {
        match (left, right) {
            (_, 2..) => Reach::Right2,
            (1.., 1) => Reach::Both,
            (0, 1) => Reach::Right,
            (_, 0) => Reach::None,
        }
    }

    /// The same of a narrow anchor.
    fn of_narrow(left: usize, right: usize) -> Reach {
        match (left, right) {
            (_, 1..) => Reach::Right,
            (1.., 0) => Reach::Left,
            (0, 0) => Reach::None,
        }
    }
}

/// Classes beside an anchor; 0 where the text ends.
#[derive(Clone, Copy)]
struct Beside {
    left: u16,
    right: u16,
    right2: u16,
}

impl Beside {
    /// Around the anchor of `len` classes at `at`.
    #[inline]
    fn new(syms: &[u16], at: usize, len: usize) -> Beside {
        let before = at.checked_sub(1).and_then(|at| syms.get(at));
        let after = |n: usize| syms.get(at + len + n).copied().unwrap_or(0);
        let left = before.copied().unwrap_or(0);
        Beside { left, right: after(0), right2: after(1) }
    }

    #[inline]
    fn key(self, anchor: u32, reach: Reach) -> u64 {
        let all = u64::from(self.left)
            | u64::from(self.right) << 16
            | u64::from(self.right2) << 32;
        // Which of them: one or two neighbours, by where they begin.
        let (from, mask) = [
            (0, 0),
            (16, 0xFFFF),
            (16, 0xFFFF_FFFF),
            (0, 0xFFFF_FFFF),
            (0, 0xFFFF),
        ][int::low_usize(reach.number())];
        let classes = all >> from & mask | reach.number() << 61;
        let all = classes ^ u64::from(anchor) << 29;
        let hash = all.wrapping_mul(GOLDEN);
        (hash ^ hash >> 32).wrapping_mul(GOLDEN)
    }
}

/// A class sequence with what all its spellings have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needle {
    pub classes: Vec<u16>,
    /// Its first pattern.
    pub pattern: u32,
    /// What those have in common that a phase looks for.
    pub phases: [Shared; 2],
}

/// What the spellings of a needle have in common that have terms of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    /// There are any.
    pub any: bool,
    /// All begin at a word boundary.
    pub left: bool,
    /// All end at a word boundary, and in a letter.
    pub right: bool,
    /// All hold a symbol, so that only the symbol reading finds them.
    pub symbol: bool,
    /// The set of all their terms, or [`MANY`].
    pub set: u32,
}

impl Default for Shared {
    fn default() -> Shared {
        Shared { any: false, left: true, right: true, symbol: true, set: MANY }
    }
}

/// In place of a set: terms of several sets.
pub const MANY: u32 = u32::MAX;

impl Needle {
    fn is_wanted(&self, phase: Phase) -> bool {
        self.phases[phase.index()].any
    }
}

impl Shared {
    /// Notes one more spelling, whose terms are of a set (or of [`MANY`]).
    pub fn note(&mut self, spelling: Shared) {
        let set = if self.any && self.set != spelling.set {
            MANY
        } else {
            spelling.set
        };
        *self = Shared {
            any: true,
            left: self.left && spelling.left,
            right: self.right && spelling.right,
            symbol: self.symbol && spelling.symbol,
            set,
        };
    }

    fn flags(self) -> u32 {
        let bit = |set: bool, flag: u32| if set { flag } else { 0 };
        bit(self.left, LEFT)
            | bit(self.right, RIGHT)
            | bit(self.symbol, SYMBOL)
    }
}

/// Where a needle's anchor may stand.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    offset: usize,
    len: usize,
    hash: u32,
    /// Chooses the word of the anchor filter, and its bits.
    slot: u32,
    bits: u32,
    reach: Reach,
    frequency: u32,
}

/// How often the classes of an anchor follow each other in ordinary text,
/// in parts of 10^9.
pub trait Frequency: Sync {
    fn of(&self, classes: &[u16]) -> u32;
}

/// Every place where the anchor of a needle of two classes or more may
/// stand; never none.
fn anchors(
    needle: &Needle,
    phase: Phase,
    narrow_end: u16,
    frequency: &dyn Frequency,
) -> Vec<Anchor> {
    let mut all = Vec::new();
    let shared = needle.phases[phase.index()];
    let needle = &needle.classes[..];
    for offset in 0..needle.len() - 1 {
        let rest = &needle[offset..];
        let wide = rest[0] >= narrow_end || rest[1] >= narrow_end;
        // A pair inside a longer needle is tested with the class behind it.
        let len = match (wide, needle.len(), rest.len()) {
            (true, 2, 2) | (true, _, 3..) => 2,
            (false, 2..NARROW, _) if offset == 0 => needle.len(),
            (false, _, NARROW..) => NARROW,
            _ => continue,
        };
        let Hashes { two, three, four, five } = Hashes::of(rest);
        let right = rest.len() - len;
        let (hash, slot, bits, reach) = match (wide, len, right) {
            (true, _, 0) => (two, two, whole_bits(two), Reach::None),
            (true, ..) => {
                (two, two, part_bits(three), Reach::of_pair(offset, right))
            }
            (false, 2..NARROW, _) => {
                let hash = [two, three, four][len - 2];
                let bits = match (shared.left, shared.right, len) {
                    (true, true, 2) => 0,
                    (true, true, _) => word_bits(hash),
                    (true, false, 2) => open_bits(hash),
                    (true, false, _) => word_bits(hash) | open_bits(hash),
                    (false, ..) => whole_bits(hash),
                };
                (hash, hash, bits, Reach::None)
            }
            (false, ..) => {
                let reach = Reach::of_narrow(offset, right);
                (five, five, long_bits(five), reach)
            }
        };
        // The class behind a pair is tested with it.
        let seen = if wide && right > 0 { len + 1 } else { len };
        let frequency = frequency.of(&rest[..seen]);
        let anchor =
            Anchor { offset, len, hash, slot, bits, reach, frequency };
        all.push(anchor);
    }
    all
}

fn size(words: usize, limits: (usize, usize)) -> usize {
    words.next_power_of_two().clamp(limits.0, limits.1)
}

/// Shift that leaves the number of a slot of a table with so many slots.
#[inline]
fn shift(slots: usize) -> u32 {
    64 - slots.trailing_zeros()
}

/// Builds filters and buckets for those needles, given as class sequences,
/// that a phase looks for. Classes below `narrow_end` are narrow. The marks of
/// the classes (`fold::mark`) are added to `marks`.
pub fn build(
    needles: &[Needle],
    phase: Phase,
    narrow_end: u16,
    frequency: &dyn Frequency,
    marks: &mut [u32],
) -> FusedParts {
    let choices: Vec<(usize, Vec<Anchor>)> = needles
        .par_iter()
        .enumerate()
        .filter(|(_, needle)| needle.is_wanted(phase))
        .filter(|(_, needle)| needle.classes.len() > 1)
        .map(|(number, needle)| {
            (number, anchors(needle, phase, narrow_end, frequency))
        })
        .collect();
    let mut uses: HashMap<u32, u32> = HashMap::new();
    for anchor in choices.iter().flat_map(|(_, all)| all) {
        *uses.entry(anchor.hash).or_default() += 1;
    }
    let mut chosen: Vec<(u64, Anchor, usize)> = Vec::new();
    for (number, all) in choices {
        let price = |anchor: &Anchor| {
            let users = uses.get(&anchor.hash).copied().unwrap_or(1);
            anchor.frequency.saturating_add(ANCHOR_PRICE / users)
        };
        let Some(best) = all.into_iter().min_by_key(price) else { continue };
        let needle = &needles[number].classes[..];
        let beside = Beside::new(needle, best.offset, best.len);
        chosen.push((beside.key(best.hash, best.reach), best, number));
    }
    let distinct: HashSet<(u32, u32)> =
        chosen.iter().map(|(_, of, _)| (of.slot, of.bits)).collect();
    // Twenty bits for each anchor, twelve for each key.
    let words = size(distinct.len() * 20 / 32, ANCHOR_WORDS);
    let mut parts = FusedParts {
        anchors: vec![0; words + 2 * NARROW_WORDS],
        keys: vec![0; size(chosen.len() * 12 / 64, KEY_WORDS)],
        ..FusedParts::default()
    };
    let anchor_shift = shift(words) - 32;
    let line_shift = shift(parts.keys.len() / LINE) - 32;
    let (filter, pairs) = parts.anchors.split_at_mut(words);
    for (key, anchor, number) in &chosen {
        if anchor.bits != 0 {
            let word = int::to_usize(anchor.slot >> anchor_shift);
            filter[word] |= anchor.bits;
        }
        announce(&needles[*number], anchor, narrow_end, phase, pairs, marks);
        let line = anchor.hash.wrapping_mul(MIX[1]) >> line_shift;
        let word = LINE * int::to_usize(line) + key_word(*key);
        parts.keys[word] |= key_bits(*key);
    }
    fill_buckets(needles, chosen, phase, &mut parts);
    parts.singles = singles(needles, phase);
    for [class, _] in &parts.singles {
        marks[int::to_usize(*class)] |= mark::SINGLE[phase.index()];
    }
    parts
}

/// Tells the sieve of an anchor: marks of its classes, or bits of its pairs.
fn announce(
    needle: &Needle,
    anchor: &Anchor,
    narrow_end: u16,
    phase: Phase,
    pairs: &mut [u32],
    marks: &mut [u32],
) {
    let classes = &needle.classes[anchor.offset..];
    if classes[0] >= narrow_end || classes[1] >= narrow_end {
        let of = Marks::of(phase);
        let places: &[u32] = match anchor.reach {
            Reach::None => &[of.first_of_two, of.second_of_two],
            _ => &[of.first, of.second, of.third],
        };
        for (class, mark) in classes.iter().zip(places) {
            marks[usize::from(*class)] |= mark;
        }
        return;
    }
    let Shared { left, symbol, .. } = needle.phases[phase.index()];
    let places: &[Pair] = match (anchor.len, left) {
        (NARROW, _) => &[Pair::Long, Pair::Long2, Pair::Long3, Pair::Long4],
        (2, true) => &[Pair::Two],
        (2, false) => &[Pair::InnerTwo],
        (_, true) => &[Pair::Word, Pair::Word2],
        (_, false) => &[Pair::Inner, Pair::Inner2],
    };
    let (plain, marked) = pairs.split_at_mut(NARROW_WORDS);
    for (pair, place) in classes.windows(2).zip(places) {
        let (word, bit) = place.place(u32::from(pair[0]), u32::from(pair[1]));
        marked[word] |= 1 << bit;
        if !symbol {
            plain[word] |= 1 << bit;
        }
    }
}

/// Needles by the bucket of their key.
fn fill_buckets(
    needles: &[Needle],
    mut chosen: Vec<(u64, Anchor, usize)>,
    phase: Phase,
    parts: &mut FusedParts,
) {
    // A few keys a bucket: their tags lie side by side.
    let buckets = (chosen.len() / 4).next_power_of_two().max(1 << 6);
    let bucket_shift = shift(buckets);
    let bucket =
        |key: u64| int::low_usize(key.wrapping_mul(GOLDEN) >> bucket_shift);
    chosen.sort_unstable_by_key(|(key, _, number)| (bucket(*key), *number));
    let mut next = chosen.iter().peekable();
    parts.bucket_starts.push(0);
    for number in 0..buckets {
        while let Some((key, anchor, needle)) =
            next.next_if(|(key, ..)| bucket(*key) == number)
        {
            let needle = &needles[*needle];
            let shared = needle.phases[phase.index()];
            let tag = tag(*key, anchor.offset) | shared.flags();
            let brief = sketch(&needle.classes);
            let row = [tag, brief, needle.pattern, shared.set];
            parts.bucket_rows.push(row);
        }
        parts.bucket_starts.push(int::to_u32(parts.bucket_rows.len()));
    }
}

/// Bits of a tag: what all spellings of its needle ask for.
const LEFT: u32 = 1 << 8;
const RIGHT: u32 = 1 << 9;
const SYMBOL: u32 = 1 << 10;
/// Bits of a tag below the key.
const TAG_SHIFT: u32 = 11;

/// What a bucket holds of a key, with the anchor's place in the needle in
/// the low byte.
#[inline]
fn tag(key: u64, offset: usize) -> u32 {
    key_tag(key) | int::to_u32(offset & 0xFF)
}

/// A needle in brief: the number of its classes in the low byte, above it a
/// hash of the first, the middle and the last. Many spellings of a term share
/// an anchor; this tells them apart before they are looked up.
#[inline]
fn sketch(classes: &[u16]) -> u32 {
    let len = classes.len();
    let at = |place: usize| classes.get(place).copied().unwrap_or(0);
    let (first, middle) = (at(0), at(len / 2));
    let last = at(len.saturating_sub(1));
    let ends = u32::from(first) | u32::from(last) << 16;
    let hash =
        ends.wrapping_mul(MIX[2]) ^ u32::from(middle).wrapping_mul(MIX[3]);
    hash & !0xFF | int::to_u32(len & 0xFF)
}

#[inline]
fn key_tag(key: u64) -> u32 {
    int::low_u32(key) << TAG_SHIFT
}

/// The needles of one class, by class: `[class, needle]`, sorted.
fn singles(needles: &[Needle], phase: Phase) -> Vec<[u32; 2]> {
    let mut all = Vec::new();
    for (number, needle) in needles.iter().enumerate() {
        let wanted = needle.is_wanted(phase);
        if let (true, [class]) = (wanted, &needle.classes[..]) {
            all.push([u32::from(*class), int::to_u32(number)]);
        }
    }
    all.sort_unstable();
    all
}

/// Runs that are sieved before the survivors are looked at.
const CHUNK: usize = 1 << 12;
const _: () = assert!(CHUNK <= 1 << PLACE_BITS);

type Pairs = [u32; NARROW_WORDS];

/// The anchor filter, and the pairs of each reading.
fn split(anchors: &[u32]) -> Option<(&[u32], [&Pairs; 2])> {
    let (rest, marked) = anchors.split_last_chunk()?;
    let (filter, plain) = rest.split_last_chunk()?;
    Some((filter, [plain, marked]))
}

/// Every occurrence of every needle whose anchor stands in `range`.
#[expect(clippy::too_many_arguments, reason = "one caller, hot")]
pub fn candidates(
    simd: Simd,
    reader: &Reader<'_>,
    filter: Filter<'_>,
    singles: &Singles,
    folded: &Folded,
    range: Range<usize>,
    queues: &mut Queues,
    out: &mut Vec<Candidate>,
) {
    let Filter { phase, wanted } = filter;
    let tables = &reader.view.fused[phase.index()];
    let Some((filter, [plain, marked])) = split(tables.anchors) else {
        return;
    };
    let pairs = if reader.symbols { marked } else { plain };
    let narrow = singles.narrow(reader.symbols);
    let wide_singles = singles.wide(reader.symbols);
    let task =
        Task { folded, phase, filter, pairs, singles: narrow, wide_singles };
    let search = Search { reader, tables, folded, singles, wanted };
    let mut start = range.start;
    while start < range.end {
        let end = range.end.min(start + CHUNK);
        let Queues { survivors, picks, keys, slots } = queues;
        pick(simd, &task, start..end, survivors, picks);
        search.known_keys(&task, start, picks, keys, out);
        search.slots(keys, slots);
        search.tagged(slots, out);
        start = end;
    }
}

/// Work of one chunk between the steps of a search. Each step asks another
/// table for all that the step before left: so the reads of one step, which
/// miss the caches more often than not, wait together and not one after the
/// other.
#[derive(Debug, Default)]
pub struct Queues {
    survivors: Vec<u32>,
    picks: Picks,
    keys: Vec<(u64, u32)>,
    slots: Vec<Slots>,
}

/// Entries of the bucket of a key.
#[derive(Debug)]
struct Slots {
    range: Range<u32>,
    tag: u32,
    at: u32,
}

/// One text under search.
struct Search<'s, 'i> {
    reader: &'s Reader<'i>,
    tables: &'s FusedView<'i>,
    folded: &'s Folded,
    singles: &'s Singles,
    wanted: Option<&'s [bool]>,
}

impl Search<'_, '_> {
    /// Whether runs that begin a word may be a needle: they end it, too, or
    /// the filter knows them as one that may go on.
    fn is_word(&self, task: &Task<'_>, hash: u32, runs: Range<usize>) -> bool {
        let text = self.reader.text;
        self.folded.may_open(text, runs.start)
            && (self.folded.may_close(text, runs.end - 1)
                || task.has(hash, open_bits(hash)))
    }

    /// The keys of anchors that the key filter knows. Needles of one class
    /// have none and are decided here.
    fn known_keys(
        &self,
        task: &Task<'_>,
        first: usize,
        picks: &Picks,
        keys: &mut Vec<(u64, u32)>,
        out: &mut Vec<Candidate>,
    ) {
        keys.clear();
        let filter = self.tables.keys;
        let shift = shift(filter.len() / LINE) - 32;
        let line_of = |hash: u32| {
            LINE * int::to_usize(hash.wrapping_mul(MIX[1]) >> shift)
        };
        touch(picks.iter().map(|pick| filter[line_of(pick.hash)]));
        for Pick { run, what, hash } in picks.iter() {
            let place = first + int::to_usize(run);
            if what == What::SINGLE {
                let class = self.folded.entries()[place] & CLASS;
                let Search { reader, folded, singles, .. } = self;
                singles.find(reader, folded, class, place, out);
                continue;
            }
            let kind = int::to_usize(what.0) % What::COUNT;
            let Kind { len, reaches, as_word } = KINDS[kind];
            if as_word && !self.is_word(task, hash, place..place + len) {
                continue;
            }
            let beside = Beside::new(self.folded.padded(), place, len);
            let line = &filter[line_of(hash)..][..LINE];
            for reach in reaches {
                let key = beside.key(hash, *reach);
                if has64(line[key_word(key)], key_bits(key)) {
                    keys.push((key, int::to_u32(place)));
                }
            }
        }
    }

    /// The buckets of keys.
    fn slots(&self, keys: &[(u64, u32)], slots: &mut Vec<Slots>) {
        slots.clear();
        let starts = self.tables.bucket_starts;
        let shift = shift(starts.len() - 1);
        for (key, at) in keys {
            let number = int::low_usize(key.wrapping_mul(GOLDEN) >> shift);
            let range = self.tables.bucket(number);
            let range = int::to_u32(range.start)..int::to_u32(range.end);
            slots.push(Slots { range, tag: key_tag(*key), at: *at });
        }
    }

    /// The needles of buckets whose tag is that of the key and whose sketch
    /// fits the text.
    fn tagged(&self, slots: &[Slots], out: &mut Vec<Candidate>) {
        let tables = self.tables;
        let rows = tables.bucket_rows;
        touch(slots.iter().map(|slots| {
            rows.get(int::to_usize(slots.range.start)).map_or(0, |row| row[0])
        }));
        for Slots { range, tag: wanted, at } in slots {
            let range = int::to_usize(range.start)..int::to_usize(range.end);
            for &[tag, brief, first, set] in &tables.bucket_rows[range] {
                if tag >> TAG_SHIFT << TAG_SHIFT != *wanted {
                    continue;
                }
                let Some(run) = at.checked_sub(tag & 0xFF) else { continue };
                let (start, len) = (int::to_usize(run), brief & 0xFF);
                let end = start + int::to_usize(len);
                let classes = self.folded.syms().get(start..end);
                if self.wants(set)
                    && classes
                        .is_some_and(|c| !c.is_empty() && sketch(c) == brief)
                    && self.fits(tag, start, end)
                {
                    out.push(Candidate { first, run, len });
                }
            }
        }
    }

    /// Whether terms of a set are asked for.
    fn wants(&self, set: u32) -> bool {
        let Some(wanted) = self.wanted else { return true };
        wanted.get(int::to_usize(set)).is_none_or(|wanted| *wanted)
    }

    /// Whether the runs are what all spellings of a needle ask for.
    fn fits(&self, tag: u32, start: usize, end: usize) -> bool {
        let text = self.reader.text;
        (tag & SYMBOL == 0 || self.reader.symbols)
            && (tag & LEFT == 0 || self.folded.may_open(text, start))
            && (tag & RIGHT == 0 || self.folded.may_close(text, end - 1))
    }
}

/// What is asked of an anchor.
struct Kind {
    /// Its classes.
    len: usize,
    reaches: &'static [Reach],
    as_word: bool,
}

/// By [`What`].
const KINDS: [Kind; What::COUNT] = [
    Kind { len: 1, reaches: &[], as_word: false },
    Kind { len: 2, reaches: ALONE, as_word: false },
    Kind { len: 3, reaches: ALONE, as_word: false },
    Kind { len: 4, reaches: ALONE, as_word: false },
    Kind { len: 2, reaches: ALONE, as_word: true },
    Kind { len: 3, reaches: ALONE, as_word: true },
    Kind { len: 4, reaches: ALONE, as_word: true },
    Kind { len: 2, reaches: AROUND_PAIR, as_word: false },
    Kind { len: NARROW, reaches: AROUND_NARROW, as_word: false },
];

/// Reaches of an anchor that is a whole needle, of a wide pair and of a
/// narrow anchor inside a longer needle.
const ALONE: &[Reach] = &[Reach::None];
const AROUND_PAIR: &[Reach] = &[Reach::Right, Reach::Right2, Reach::Both];
const AROUND_NARROW: &[Reach] = &[Reach::None, Reach::Right, Reach::Left];

fn has64(word: u64, bits: u64) -> bool {
    word & bits == bits
}
