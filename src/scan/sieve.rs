//! The sieve over a text. In: folded text and the marks of its classes; out:
//! the few anchors that may stand in it, with their hashes (`Picks`). Touches
//! the entries that folding wrote, ten small tables and the anchor filter.
//!
//! Wide anchors (a Han pair with the class behind it, or a needle of two
//! classes) pass when their classes are marked as first, second and third of
//! some anchor; with few terms that alone rejects nearly every position.
//!
//! Narrow anchors (Latin) have too few letters for that. They ask tables of
//! pairs: of an anchor of five, whether its first two classes begin one,
//! whether the second and third stand at that place of one, and so on. Needles
//! of up to four letters that must begin a word have tables of their own,
//! asked only where a word may begin. The reading with symbols as letters has
//! tables that hold the needles with symbols, too.
//!
//! What passes asks the anchor filter. The loops differ in how they get there
//! (with AVX-512 and AVX2 all at once, else the sieve first and then one by
//! one), not in what is found. The engine takes the fastest that the processor
//! has.

use std::hint::black_box;
use std::ops::Range;

use super::folded::{CLASS, INSIDE};
use super::singles::OPEN;
use super::{Folded, Phase};
use crate::base::int;
use crate::fold::{self, mark};
use crate::image::NARROW_WORDS;

/// Odd multiplier of Fibonacci hashing (Knuth): 2^64 over the golden ratio.
pub const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Odd multipliers of 32 bits: 2^32 over the golden ratio (Knuth), and
/// constants of MurmurHash3 (Appleby) and xxHash (Collet).
pub const MIX: [u32; 4] = [0x9E37_79B1, 0x85EB_CA6B, 0xC2B2_AE3D, 0x27D4_EB2F];

/// The hashes of the first two to five classes of five.
#[derive(Clone, Copy)]
pub struct Hashes {
    pub two: u32,
    pub three: u32,
    pub four: u32,
    pub five: u32,
}

impl Hashes {
    #[inline]
    pub fn new([a, b, c, d, e]: [u16; 5]) -> Hashes {
        let mix = |hash: u32, class: u16, by: u32| {
            (hash.rotate_left(16) ^ u32::from(class)).wrapping_mul(by)
        };
        let two = (u32::from(a) | u32::from(b) << 16).wrapping_mul(MIX[0]);
        let three = mix(two, c, MIX[1]);
        let four = mix(three, d, MIX[2]);
        let five = mix(four, e, MIX[3]);
        Hashes { two, three, four, five }
    }

    pub fn of(classes: &[u16]) -> Hashes {
        let at = |n: usize| classes.get(n).copied().unwrap_or(0);
        Hashes::new([at(0), at(1), at(2), at(3), at(4)])
    }
}

/// The test of classes that are a needle: two bits of the word that the hash
/// chooses with its high bits.
#[inline]
pub fn whole_bits(hash: u32) -> u32 {
    let hash = hash.wrapping_mul(MIX[0]);
    1 << (hash >> 27) | 1 << (hash >> 22 & 31)
}

/// The same of narrow classes that are a needle whose spellings all begin a
/// word.
#[inline]
pub fn word_bits(hash: u32) -> u32 {
    let hash = hash.wrapping_mul(MIX[0]);
    1 << (hash >> 17 & 31) | 1 << (hash >> 12 & 31)
}

/// The same of those that begin a word and need not end it.
#[inline]
pub fn open_bits(hash: u32) -> u32 {
    let hash = hash.wrapping_mul(MIX[0]);
    1 << (hash >> 7 & 31) | 1 << (hash >> 2 & 31)
}

/// The same of five narrow classes.
#[inline]
pub fn long_bits(hash: u32) -> u32 {
    let hash = hash.wrapping_mul(MIX[1]);
    1 << (hash >> 27) | 1 << (hash >> 22 & 31) | 1 << (hash >> 17 & 31)
}

/// The same of a wide pair behind which a needle goes on; the hash covers one
/// class more than the one that chose the word.
#[inline]
pub fn part_bits(hash: u32) -> u32 {
    1 << (hash >> 17 & 31) | 1 << (hash >> 12 & 31) | 1 << (hash >> 7 & 31)
}

/// The questions about two neighbouring narrow classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// They begin an anchor of five.
    Long,
    /// They are its second and third class, and so on.
    Long2,
    Long3,
    Long4,
    /// They are a needle that begins a word.
    Two,
    /// They begin a needle of three or four that begins a word.
    Word,
    /// They are its second and third class.
    Word2,
    /// They are a needle that may stand inside a word.
    InnerTwo,
    /// They begin a needle of three or four that may stand inside a word.
    Inner,
    /// They are its second and third class.
    Inner2,
}

impl Pair {
    /// Word and bit of a pair in the tables.
    #[inline]
    pub fn place(self, a: u32, b: u32) -> (usize, u32) {
        let row = int::to_usize(a & 31);
        let table = match self {
            Pair::Long => 0,
            Pair::Long2 => 1,
            Pair::Long3 => 2,
            Pair::Long4 => 3,
            Pair::Two => 4,
            Pair::Word => 5,
            Pair::Word2 => 6,
            Pair::InnerTwo => 7,
            Pair::Inner => 8,
            Pair::Inner2 => 9,
        };
        (table * 32 + row, b & 31)
    }

    #[inline]
    pub fn holds(self, tables: &[u32; NARROW_WORDS], a: u32, b: u32) -> bool {
        let (word, bit) = self.place(a, b);
        tables[word] >> bit & 1 != 0
    }
}

/// What is sieved with what.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    pub folded: &'a Folded,
    pub phase: Phase,
    /// 2^n words, n from 1 to 32.
    pub filter: &'a [u32],
    pub pairs: &'a [u32; NARROW_WORDS],
    /// Of needles of one class, see `Singles::narrow`.
    pub singles: &'a [u32; 32],
    /// The same, see `Singles::wide`.
    pub wide_singles: u32,
}

impl Task<'_> {
    /// Looks at a run that the sieve let pass.
    fn survivor(&self, first: usize, run: usize, picks: &mut Picks) {
        let entries = &self.folded.entries()[run..];
        let Some(&five) = entries.first_chunk::<5>() else { return };
        let [a, b, ..] = five;
        if a & Marks::of(self.phase).single != 0 {
            self.single(first, run, picks);
        }
        if a & b & mark::NARROW == 0 {
            self.wide(first, run, picks);
            return;
        }
        let run = int::to_u32(run - first);
        self.narrow(five, &mut |what, hash| {
            picks.push(Pick { run, what, hash });
        });
    }

    /// A class that is a needle, where the run is what some needle asks for.
    pub fn single(&self, first: usize, run: usize, picks: &mut Picks) {
        let (entry, starts) =
            (self.folded.entries()[run], &self.folded.starts()[run..]);
        let least = match entry & mark::NARROW != 0 {
            true => self.singles[int::to_usize(entry & 31)],
            false => self.wide_singles,
        };
        let is_long = starts[1] - starts[0] >= least & !OPEN;
        let opens = least & OPEN == 0 || entry & INSIDE == 0;
        if is_long && opens {
            let run = int::to_u32(run - first);
            picks.push(Pick { run, what: What::SINGLE, hash: 0 });
        }
    }

    /// Anchors of a pair of which one is wide.
    fn wide(&self, first: usize, run: usize, picks: &mut Picks) {
        let entries = &self.folded.entries()[run..];
        let Some(&five) = entries.first_chunk::<5>() else { return };
        let [a, b, c, ..] = five;
        let marks = Marks::of(self.phase);
        let run = int::to_u32(run - first);
        let mut add = |what, hash| picks.push(Pick { run, what, hash });
        let Hashes { two, three, .. } = Hashes::new(classes(five));
        let word = self.word(two);
        if marks.two(a, b) && has(word, whole_bits(two)) {
            add(What::TWO, two);
        }
        if marks.part(a, b, c) && has(word, part_bits(three)) {
            add(What::AROUND, two);
        }
    }

    /// The same where the first two classes are narrow.
    fn narrow(&self, entries: [u32; 5], add: &mut impl FnMut(What, u32)) {
        let [a, b, c, d, e] = entries;
        let Hashes { two, three, four, five } = Hashes::new(classes(entries));
        let holds = |pair: Pair, a, b| pair.holds(self.pairs, a, b);
        let open = a & INSIDE == 0;
        if holds(Pair::InnerTwo, a, b) {
            add(What::TWO, two);
        } else if open && holds(Pair::Two, a, b) {
            add(What::TWO_AS_WORD, two);
        }
        let is_word =
            open && holds(Pair::Word, a, b) && holds(Pair::Word2, b, c);
        let inner = holds(Pair::Inner, a, b) && holds(Pair::Inner2, b, c);
        let lengths = [
            (three, What::THREE, What::THREE_AS_WORD),
            (four, What::FOUR, What::FOUR_AS_WORD),
        ];
        for (hash, what, as_word) in lengths {
            if inner && has(self.word(hash), whole_bits(hash)) {
                add(what, hash);
            } else if is_word && has(self.word(hash), word_bits(hash)) {
                add(as_word, hash);
            }
        }
        let long = holds(Pair::Long, a, b)
            && holds(Pair::Long2, b, c)
            && holds(Pair::Long3, c, d)
            && holds(Pair::Long4, d, e);
        if long && has(self.word(five), long_bits(five)) {
            add(What::AROUND_FIVE, five);
        }
    }

    /// Whether the anchor filter has the bits of a hash.
    pub fn has(&self, hash: u32, bits: u32) -> bool {
        has(self.word(hash), bits)
    }

    /// The word of the anchor filter that a hash chooses.
    fn word(&self, hash: u32) -> u32 {
        self.filter[int::to_usize(hash >> self.shift())]
    }

    /// Shift that leaves the number of a word of the filter.
    pub fn shift(&self) -> u32 {
        32 - self.filter.len().trailing_zeros()
    }
}

/// The marks of a phase.
#[derive(Clone, Copy)]
pub struct Marks {
    pub single: u32,
    /// Of an anchor inside a longer needle.
    pub first: u32,
    pub second: u32,
    pub third: u32,
    /// Of a needle of two classes.
    pub first_of_two: u32,
    pub second_of_two: u32,
}

impl Marks {
    #[inline]
    pub fn of(phase: Phase) -> Marks {
        let anchor = mark::ANCHOR[phase.index()];
        Marks {
            single: mark::SINGLE[phase.index()],
            first: anchor,
            second: anchor << 1,
            third: anchor << 2,
            first_of_two: anchor << 3,
            second_of_two: anchor << 4,
        }
    }

    /// Whether an anchor inside a longer needle may begin here.
    #[inline]
    pub fn part(self, a: u32, b: u32, c: u32) -> bool {
        a & self.first != 0 && b & self.second != 0 && c & self.third != 0
    }

    /// Whether a needle of two classes may stand here.
    #[inline]
    pub fn two(self, a: u32, b: u32) -> bool {
        a & self.first_of_two != 0 && b & self.second_of_two != 0
    }
}

/// Which loops run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Simd {
    #[default]
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(super::avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(super::avx512::Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(super::neon::Neon),
}

impl Simd {
    /// All that this processor has, the slowest first.
    pub fn all() -> Vec<Simd> {
        let mut all = vec![Simd::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(super::avx2::Avx2::detect().map(Simd::Avx2));
            all.extend(super::avx512::Avx512::detect().map(Simd::Avx512));
        }
        #[cfg(target_arch = "aarch64")]
        all.extend(super::neon::Neon::detect().map(Simd::Neon));
        all
    }

    /// The fastest that this processor has.
    pub fn detect() -> Simd {
        Simd::all().last().copied().unwrap_or_default()
    }

    /// Whether a text may have something to decode but escapes.
    pub fn is_promising(self, text: &str) -> bool {
        match self {
            Simd::Portable => fold::is_promising(text),
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2(avx2) => avx2.is_promising(text.as_bytes()),
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512(avx512) => avx512.is_promising(text.as_bytes()),
            #[cfg(target_arch = "aarch64")]
            Simd::Neon(neon) => neon.is_promising(text.as_bytes()),
        }
    }

    /// Whether a text has lines enough to be read downwards.
    pub fn has_lines(self, text: &str) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512(avx512) => avx512.has_lines(text.as_bytes()),
            _ => fold::has_lines(text),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Simd::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Simd::Neon(_) => "neon",
        }
    }
}

/// Anchors that may stand in a text, each as one number, so that vector code
/// can write many: the hash, above it the place.
#[derive(Debug, Default)]
pub struct Picks {
    /// A place is the number of runs behind the first of the range, and above
    /// [`PLACE_BITS`] what stands there.
    pub(super) all: Vec<u64>,
}

/// Bits of a place that say where; a range has no more runs than these count.
pub const PLACE_BITS: u32 = 16;

/// An anchor that may stand so many runs behind the first of a range.
#[derive(Clone, Copy, Debug)]
pub struct Pick {
    pub run: u32,
    pub what: What,
    pub hash: u32,
}

impl Picks {
    pub fn push(&mut self, Pick { run, what, hash }: Pick) {
        let place = run | what.0 << PLACE_BITS;
        self.all.push(u64::from(hash) | u64::from(place) << 32);
    }

    pub fn iter(&self) -> impl Iterator<Item = Pick> {
        self.all.iter().map(|pick| {
            let place = int::low_u32(pick >> 32);
            Pick {
                run: place & ((1 << PLACE_BITS) - 1),
                what: What(place >> PLACE_BITS),
                hash: int::low_u32(*pick),
            }
        })
    }
}

/// What stands there: a needle of so many classes, or an anchor around which
/// a needle goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct What(pub u32);

impl What {
    /// Of one class; has no hash.
    pub const SINGLE: What = What(0);
    pub const TWO: What = What(1);
    pub const THREE: What = What(2);
    pub const FOUR: What = What(3);
    /// The same if they begin a word.
    pub const TWO_AS_WORD: What = What(4);
    pub const THREE_AS_WORD: What = What(5);
    pub const FOUR_AS_WORD: What = What(6);
    /// A wide pair inside a longer needle.
    pub const AROUND: What = What(7);
    /// Five narrow classes.
    pub const AROUND_FIVE: What = What(8);
    pub const COUNT: usize = 9;
}

/// Appends what may stand at the runs of a range. AVX-512 and AVX2 look at all
/// of it at once; the others sieve first.
pub fn pick(
    simd: Simd,
    task: &Task<'_>,
    range: Range<usize>,
    survivors: &mut Vec<u32>,
    picks: &mut Picks,
) {
    let first = range.start;
    survivors.clear();
    picks.all.clear();
    match simd {
        Simd::Portable => portable(task, range, survivors),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2(avx2) => avx2.pick(task, range, picks),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512(avx512) => avx512.pick(task, range, picks),
        #[cfg(target_arch = "aarch64")]
        Simd::Neon(neon) => neon.sieve(task, range, survivors),
    }
    for run in survivors {
        task.survivor(first, int::to_usize(*run), picks);
    }
}

/// The loop without vectors.
fn portable(task: &Task<'_>, range: Range<usize>, survivors: &mut Vec<u32>) {
    let entries = task.folded.entries();
    let marks = Marks::of(task.phase);
    for run in range {
        let &[a, b, c, d, e] = &entries[run..run + 5] else { continue };
        let pass = if a & b & mark::NARROW != 0 {
            narrow(task.pairs, [a, b, c, d, e])
        } else {
            marks.part(a, b, c) || marks.two(a, b)
        };
        if pass || a & marks.single != 0 {
            survivors.push(int::to_u32(run));
        }
    }
}

/// Whether a needle may have its anchor at five entries of which the first
/// two are narrow.
#[inline]
pub fn narrow(pairs: &[u32; NARROW_WORDS], [a, b, c, d, e]: [u32; 5]) -> bool {
    let long = Pair::Long.holds(pairs, a, b)
        & Pair::Long2.holds(pairs, b, c)
        & Pair::Long3.holds(pairs, c, d)
        & Pair::Long4.holds(pairs, d, e);
    let word = Pair::Two.holds(pairs, a, b)
        | Pair::Word.holds(pairs, a, b) & Pair::Word2.holds(pairs, b, c);
    let open = a & INSIDE == 0;
    let inner = Pair::InnerTwo.holds(pairs, a, b)
        | Pair::Inner.holds(pairs, a, b) & Pair::Inner2.holds(pairs, b, c);
    long | word & open | inner
}

fn has(word: u32, bits: u32) -> bool {
    word & bits == bits
}

/// The classes of five entries.
#[inline]
pub fn classes(entries: [u32; 5]) -> [u16; 5] {
    entries.map(|entry| int::low16(entry & CLASS))
}
/// Reads what a loop is about to need. Nothing here depends on what is read,
/// so that the reads wait together; in the loop each would wait for the
/// branches before it.
#[inline]
pub fn touch<T: Default + std::ops::BitXor<Output = T>>(
    all: impl Iterator<Item = T>,
) {
    black_box(all.fold(T::default(), |all, one| all ^ one));
}
