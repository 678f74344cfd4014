//! The anchor filter over a text. In: folded text and the filter; out: the
//! few runs at which an anchor may stand. One load from the filter a run; no
//! branch depends on the text until something passes.
//!
//! The portable loop and the one for AVX2 give the same survivors; the
//! engine takes the fastest that the processor has.

use std::ops::Range;

use super::{Folded, Phase};
use crate::base::int;
use crate::image::{ImageView, PAIR_WORDS, PatternRow};

/// Odd multipliers of 32 bits: 2^32 over the golden ratio (Knuth), and
/// constants of MurmurHash3 (Appleby) and xxHash (Collet).
pub const MIX: [u32; 4] = [0x9E37_79B1, 0x85EB_CA6B, 0xC2B2_AE3D, 0x27D4_EB2F];

/// The hashes of the first two, three and four classes of four.
#[derive(Clone, Copy)]
pub struct Hashes {
    pub two: u32,
    pub three: u32,
    pub four: u32,
}

impl Hashes {
    #[inline]
    pub fn new(a: u16, b: u16, c: u16, d: u16) -> Hashes {
        let two = (u32::from(a) | u32::from(b) << 16).wrapping_mul(MIX[0]);
        let three = (two.rotate_left(16) ^ u32::from(c)).wrapping_mul(MIX[1]);
        let four = (three.rotate_left(16) ^ u32::from(d)).wrapping_mul(MIX[2]);
        Hashes { two, three, four }
    }

    pub fn of(classes: &[u16]) -> Hashes {
        let at = |n: usize| classes.get(n).copied().unwrap_or(0);
        Hashes::new(at(0), at(1), at(2), at(3))
    }
}

/// The test of classes that are a needle: two bits of the word that the hash
/// chooses with its high bits.
#[inline]
pub fn whole_bits(hash: u32) -> u32 {
    let hash = hash.wrapping_mul(MIX[3]);
    1 << (hash >> 27) | 1 << (hash >> 22 & 31)
}

/// The same of narrow classes that are a needle whose spellings are all
/// whole words.
#[inline]
pub fn word_bits(hash: u32) -> u32 {
    let hash = hash.wrapping_mul(MIX[3]);
    1 << (hash >> 17 & 31) | 1 << (hash >> 12 & 31)
}

/// The same of classes behind which a needle goes on; the hash covers one
/// class more than the one that chose the word.
#[inline]
pub fn part_bits(hash: u32) -> u32 {
    1 << (hash >> 17 & 31) | 1 << (hash >> 12 & 31) | 1 << (hash >> 7 & 31)
}

/// Word and bit of a narrow pair; whole words have words of their own.
#[inline]
pub fn pair_bit(a: u16, b: u16, is_word: bool) -> (usize, u32) {
    let slot = usize::from(a) << 6 ^ usize::from(b);
    let half = PAIR_WORDS / 2;
    let word = slot >> 5 & (half - 1);
    (word + if is_word { half } else { 0 }, 1 << (slot & 31))
}

/// For each class how long a run of it has to be, in bytes, before it can be
/// a needle of one class. Made when an engine is: one table for each reading.
#[derive(Clone, Debug, Default)]
pub struct Singles {
    needed: [Vec<u32>; 2],
}

/// No needle of this class alone.
const NEVER: u32 = 1 << 30;

impl Singles {
    pub fn new(view: &ImageView<'_>, phase: Phase) -> Singles {
        Singles { needed: [false, true].map(|s| needed(view, phase, s)) }
    }

    pub fn of(&self, symbols: bool) -> &[u32] {
        &self.needed[usize::from(symbols)]
    }
}

fn needed(view: &ImageView<'_>, phase: Phase, symbols: bool) -> Vec<u32> {
    let mut all = vec![NEVER; view.class_end()];
    for [class, needle] in view.fused[phase.index()].singles {
        let slot = &mut all[int::to_usize(*class)];
        for number in view.needle_patterns(*needle) {
            let pattern = view.pattern(number);
            if pattern.row.has(PatternRow::SYMBOL) && !symbols {
                continue;
            }
            // Han and kana take three bytes or more.
            let wide = *class >= u32::from(view.narrow_end);
            let letters = int::to_u32(pattern.letters.len());
            *slot = (*slot).min(letters * if wide { 3 } else { 1 });
        }
    }
    all
}

/// A run that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survivor {
    pub run: u32,
    pub flags: u32,
}

/// The classes from here on are a needle, or a part of one.
pub const WHOLE: u32 = 1;
pub const PART: u32 = 2;
/// Two narrow classes that are a needle.
pub const NARROW_PAIR: u32 = 4;
/// The run may be a needle by itself.
pub const SINGLE: u32 = 8;
/// Two or three narrow classes are a needle if a word begins and ends here.
pub const WORD_PAIR: u32 = 16;
pub const WORD: u32 = 32;

/// What is sieved with what.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    pub folded: &'a Folded,
    pub narrow_end: u16,
    /// 2^n words, n from 1 to 32.
    pub filter: &'a [u32],
    /// `PAIR_WORDS` words.
    pub pairs: &'a [u32],
    /// One entry for each class.
    pub needed: &'a [u32],
}

impl Task<'_> {
    /// Shift that leaves the number of a word of the filter.
    pub(super) fn shift(&self) -> u32 {
        32 - self.filter.len().trailing_zeros()
    }
}

/// Which loop runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Simd {
    #[default]
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(super::avx2::Avx2),
}

impl Simd {
    /// The fastest that this processor has.
    pub fn detect() -> Simd {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = super::avx2::Avx2::detect() {
            return Simd::Avx2(avx2);
        }
        Simd::Portable
    }
}

/// Replaces `survivors` by those of a range of runs.
pub fn sieve(
    simd: Simd,
    task: &Task<'_>,
    range: Range<usize>,
    survivors: &mut Vec<Survivor>,
) {
    survivors.clear();
    match simd {
        Simd::Portable => portable(task, range, survivors),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2(avx2) => avx2.sieve(task, range, survivors),
    }
}

/// The loop without vectors.
fn portable(
    task: &Task<'_>,
    range: Range<usize>,
    survivors: &mut Vec<Survivor>,
) {
    let syms = task.folded.padded();
    let starts = task.folded.starts();
    let shift = task.shift();
    let all = |word: u32, bits: u32, flag: u32| {
        if word & bits == bits { flag } else { 0 }
    };
    for run in range {
        let &[a, b, c, d] = &syms[run..run + 4] else { continue };
        let Hashes { two, three, four } = Hashes::new(a, b, c, d);
        let narrow = a < task.narrow_end && b < task.narrow_end;
        let whole = if narrow { three } else { two };
        let part = if narrow { four } else { three };
        let word = task.filter[int::to_usize(whole >> shift)];
        let mut flags = all(word, whole_bits(whole), WHOLE)
            | all(word, part_bits(part), PART);
        if narrow {
            flags |= all(word, word_bits(whole), WORD);
            let (word, bit) = pair_bit(a, b, false);
            flags |= all(task.pairs[word], bit, NARROW_PAIR);
            let (word, bit) = pair_bit(a, b, true);
            flags |= all(task.pairs[word], bit, WORD_PAIR);
        }
        let bytes = starts[run + 1] - starts[run];
        let last = task.needed.len() - 1;
        if bytes >= task.needed[usize::from(a).min(last)] {
            flags |= SINGLE;
        }
        if flags != 0 {
            survivors.push(Survivor { run: int::to_u32(run), flags });
        }
    }
}
