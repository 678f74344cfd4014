//! The sieve with AVX2: eight runs at a time. The only unsafe code of the
//! engine; what makes it sound is said at each place. Same result as the
//! portable loop (`tests/engines.rs` compares them).

use std::arch::x86_64::{
    __m128i, __m256i, _mm_cvtsi32_si128, _mm_loadu_si128, _mm256_add_epi32,
    _mm256_and_si256, _mm256_blendv_epi8, _mm256_castsi256_ps,
    _mm256_cmpgt_epi32, _mm256_cvtepu16_epi32, _mm256_i32gather_epi32,
    _mm256_loadu_si256, _mm256_min_epu32, _mm256_movemask_ps,
    _mm256_mullo_epi32, _mm256_or_si256, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_slli_epi32, _mm256_srl_epi32,
    _mm256_srli_epi32, _mm256_srlv_epi32, _mm256_storeu_si256,
    _mm256_sub_epi32, _mm256_xor_si256,
};
use std::ops::Range;

use super::folded::PADDING;
use super::sieve::{
    FOUR, MIX, NARROW_PAIR, PART, SINGLE, Survivor, Task, WHOLE, WORD,
    WORD_FOUR, WORD_PAIR,
};
use crate::base::int;
use crate::image::PAIR_WORDS;

/// Runs of one step.
const LANES: usize = 8;
// A step reads four classes behind its last run, and as many lanes of
// offsets; both arrays go on for `PADDING` behind the text.
const _: () = assert!(PADDING >= LANES + 5);

/// Proof that the processor has AVX2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2(());

impl Avx2 {
    pub fn detect() -> Option<Avx2> {
        is_x86_feature_detected!("avx2").then_some(Avx2(()))
    }

    pub fn sieve(
        self,
        task: &Task<'_>,
        range: Range<usize>,
        survivors: &mut Vec<Survivor>,
    ) {
        let count = task.folded.count();
        assert!(range.end <= count);
        assert!(task.folded.padded().len() >= count + PADDING);
        assert!(task.folded.padded_starts().len() >= count + PADDING);
        assert!(task.filter.len().is_power_of_two() && task.filter.len() > 1);
        assert!(task.pairs.len() == PAIR_WORDS && !task.needed.is_empty());
        // SAFETY: `Avx2` exists only where the processor has the
        // instructions; the asserts above are the lengths that `sieve`
        // relies on.
        unsafe { sieve(task, range, survivors) }
    }
}

/// The task as the vector code reads it.
#[derive(Clone, Copy)]
struct Tables {
    filter: *const i32,
    pairs: *const i32,
    needed: *const i32,
    shift: __m128i,
    narrow_end: __m256i,
    last_class: __m256i,
}

/// # Safety
///
/// The processor has AVX2, and the arrays have the lengths that
/// [`Avx2::sieve`] asserts.
#[target_feature(enable = "avx2")]
unsafe fn sieve(
    task: &Task<'_>,
    range: Range<usize>,
    survivors: &mut Vec<Survivor>,
) {
    let syms = task.folded.padded().as_ptr();
    let starts = task.folded.padded_starts().as_ptr();
    let tables = Tables {
        filter: task.filter.as_ptr().cast(),
        pairs: task.pairs.as_ptr().cast(),
        needed: task.needed.as_ptr().cast(),
        shift: _mm_cvtsi32_si128(int::bits(task.shift())),
        narrow_end: splat(u32::from(task.narrow_end)),
        last_class: splat(int::to_u32(task.needed.len() - 1)),
    };
    let mut run = range.start;
    while run < range.end {
        // SAFETY: `run + LANES + 4` classes and `run + LANES + 1` offsets
        // are within the padded arrays.
        let flags = unsafe { step(&tables, syms.add(run), starts.add(run)) };
        let some = _mm256_cmpgt_epi32(flags, _mm256_setzero_si256());
        if _mm256_movemask_ps(_mm256_castsi256_ps(some)) != 0 {
            let mut lanes = [0u32; LANES];
            // SAFETY: the array has the size of the register.
            unsafe {
                _mm256_storeu_si256(lanes.as_mut_ptr().cast(), flags);
            }
            let left = (range.end - run).min(LANES);
            for (lane, &flags) in lanes[..left].iter().enumerate() {
                if flags != 0 {
                    let run = int::to_u32(run + lane);
                    survivors.push(Survivor { run, flags });
                }
            }
        }
        run += LANES;
    }
}

/// The flags of eight runs.
///
/// # Safety
///
/// `LANES + 4` classes can be read from `syms` on and `LANES + 1` offsets
/// from `starts` on; the tables have the lengths that [`Avx2::sieve`]
/// asserts.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn step(
    tables: &Tables,
    syms: *const u16,
    starts: *const u32,
) -> __m256i {
    let (one, low5) = (splat(1), splat(31));
    // SAFETY: the caller's promise.
    let [a, b, c, d, e] =
        [0, 1, 2, 3, 4].map(|n| unsafe { halves(syms.add(n)) });
    // SAFETY: the caller's promise.
    let bytes =
        unsafe { _mm256_sub_epi32(words(starts.add(1)), words(starts)) };
    let pair = _mm256_or_si256(a, _mm256_slli_epi32::<16>(b));
    let two = _mm256_mullo_epi32(pair, splat(MIX[0]));
    let three = mix(two, c, MIX[1]);
    let four = mix(three, d, MIX[2]);
    let five = mix(four, e, MIX[3]);
    let narrow = _mm256_and_si256(
        _mm256_cmpgt_epi32(tables.narrow_end, a),
        _mm256_cmpgt_epi32(tables.narrow_end, b),
    );
    let whole = _mm256_blendv_epi8(two, three, narrow);
    let part = _mm256_blendv_epi8(three, five, narrow);
    let slot = _mm256_srl_epi32(whole, tables.shift);
    // SAFETY: the shift leaves numbers below the length of the filter.
    let word = unsafe { _mm256_i32gather_epi32::<4>(tables.filter, slot) };
    let class = _mm256_min_epu32(a, tables.last_class);
    // SAFETY: the minimum is an index of `needed`.
    let least = unsafe { _mm256_i32gather_epi32::<4>(tables.needed, class) };
    let (is_whole, is_word) = whole_or_word(word, whole);
    let bit = |shifted| _mm256_and_si256(shifted, low5);
    let is_part = _mm256_and_si256(
        both(
            word,
            bit(_mm256_srli_epi32::<12>(part)),
            bit(_mm256_srli_epi32::<7>(part)),
        ),
        _mm256_srlv_epi32(word, bit(_mm256_srli_epi32::<17>(part))),
    );
    // Lengths are small numbers, so signed comparison is right.
    let short = _mm256_cmpgt_epi32(least, bytes);
    let single = _mm256_add_epi32(short, one);
    let mut flags = flag(is_whole, WHOLE);
    flags = _mm256_or_si256(flags, flag(is_part, PART));
    flags = _mm256_or_si256(flags, flag(single, SINGLE));
    if _mm256_movemask_ps(_mm256_castsi256_ps(narrow)) != 0 {
        let (is_four, is_word_four) = whole_or_word(word, four);
        let mut more = flag(is_word, WORD);
        more = _mm256_or_si256(more, flag(is_four, FOUR));
        more = _mm256_or_si256(more, flag(is_word_four, WORD_FOUR));
        // SAFETY: the caller's promise about `pairs`.
        more = _mm256_or_si256(more, unsafe { pairs(tables, a, b) });
        flags = _mm256_or_si256(flags, _mm256_and_si256(more, narrow));
    }
    flags
}

/// The flags of narrow pairs.
///
/// # Safety
///
/// `tables.pairs` has `PAIR_WORDS` words.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn pairs(tables: &Tables, a: __m256i, b: __m256i) -> __m256i {
    let slot = _mm256_xor_si256(_mm256_slli_epi32::<6>(a), b);
    let place = _mm256_and_si256(slot, splat(31));
    let half = PAIR_WORDS / 2;
    let mask = splat(int::to_u32(half - 1));
    let index = _mm256_and_si256(_mm256_srli_epi32::<5>(slot), mask);
    // SAFETY: the mask is half the length less one; the second table is the
    // other half.
    let (plain, word) = unsafe {
        (
            _mm256_i32gather_epi32::<4>(tables.pairs, index),
            _mm256_i32gather_epi32::<4>(tables.pairs.add(half), index),
        )
    };
    _mm256_or_si256(
        flag(_mm256_srlv_epi32(plain, place), NARROW_PAIR),
        flag(_mm256_srlv_epi32(word, place), WORD_PAIR),
    )
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(value: u32) -> __m256i {
    _mm256_set1_epi32(int::bits(value))
}

/// # Safety
///
/// Eight classes can be read.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn halves(at: *const u16) -> __m256i {
    // SAFETY: the caller's promise.
    let raw = unsafe { _mm_loadu_si128(at.cast::<__m128i>()) };
    _mm256_cvtepu16_epi32(raw)
}

/// # Safety
///
/// Eight words can be read.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn words(at: *const u32) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe { _mm256_loadu_si256(at.cast::<__m256i>()) }
}

/// The next hash of `Hashes`.
#[inline]
#[target_feature(enable = "avx2")]
fn mix(hash: __m256i, class: __m256i, by: u32) -> __m256i {
    let turned = _mm256_or_si256(
        _mm256_slli_epi32::<16>(hash),
        _mm256_srli_epi32::<16>(hash),
    );
    _mm256_mullo_epi32(_mm256_xor_si256(turned, class), splat(by))
}

/// The tests of `whole_bits` and `word_bits`, in bit 0.
#[inline]
#[target_feature(enable = "avx2")]
fn whole_or_word(word: __m256i, hash: __m256i) -> (__m256i, __m256i) {
    let low5 = splat(31);
    let hash = _mm256_mullo_epi32(hash, splat(MIX[0]));
    let first = _mm256_srli_epi32::<27>(hash);
    let second = _mm256_and_si256(_mm256_srli_epi32::<22>(hash), low5);
    let third = _mm256_and_si256(_mm256_srli_epi32::<17>(hash), low5);
    let fourth = _mm256_and_si256(_mm256_srli_epi32::<12>(hash), low5);
    (both(word, first, second), both(word, third, fourth))
}

/// Bit 0: both bits of the word are set.
#[inline]
#[target_feature(enable = "avx2")]
fn both(word: __m256i, first: __m256i, second: __m256i) -> __m256i {
    _mm256_and_si256(
        _mm256_srlv_epi32(word, first),
        _mm256_srlv_epi32(word, second),
    )
}

/// The flag where bit 0 is set.
#[inline]
#[target_feature(enable = "avx2")]
fn flag(bits: __m256i, flag: u32) -> __m256i {
    let bit = _mm256_and_si256(bits, splat(1));
    _mm256_mullo_epi32(bit, splat(flag))
}
