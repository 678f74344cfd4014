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
    MIX, NARROW_PAIR, PART, SINGLE, Survivor, Task, WHOLE, WORD, WORD_PAIR,
};
use crate::base::int;
use crate::image::PAIR_WORDS;

/// Runs of one step.
const LANES: usize = 8;
// A step reads three classes behind its last run, and as many lanes of
// offsets; both arrays go on for `PADDING` behind the text.
const _: () = assert!(PADDING >= LANES + 4);

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
    let filter = task.filter.as_ptr().cast::<i32>();
    let pairs = task.pairs.as_ptr().cast::<i32>();
    let needed = task.needed.as_ptr().cast::<i32>();
    let shift = _mm_cvtsi32_si128(int::bits(task.shift()));
    let narrow_end = splat(u32::from(task.narrow_end));
    let last_class = splat(int::to_u32(task.needed.len() - 1));
    let (one, low5) = (splat(1), splat(31));
    let mut run = range.start;
    while run < range.end {
        // SAFETY: `run + LANES + 3` classes and `run + LANES + 1` offsets
        // are within the padded arrays.
        let (a, b, c, d, bytes) = unsafe {
            let end = words(starts.add(run + 1));
            let start = words(starts.add(run));
            (
                halves(syms.add(run)),
                halves(syms.add(run + 1)),
                halves(syms.add(run + 2)),
                halves(syms.add(run + 3)),
                _mm256_sub_epi32(end, start),
            )
        };
        let pair = _mm256_or_si256(a, _mm256_slli_epi32::<16>(b));
        let two = _mm256_mullo_epi32(pair, splat(MIX[0]));
        let three = mix(two, c, MIX[1]);
        let four = mix(three, d, MIX[2]);
        let narrow = _mm256_and_si256(
            _mm256_cmpgt_epi32(narrow_end, a),
            _mm256_cmpgt_epi32(narrow_end, b),
        );
        let whole = _mm256_blendv_epi8(two, three, narrow);
        let part = _mm256_blendv_epi8(three, four, narrow);
        let slot = _mm256_srl_epi32(whole, shift);
        // SAFETY: the shift leaves numbers below the length of the filter.
        let word = unsafe { _mm256_i32gather_epi32::<4>(filter, slot) };
        let class = _mm256_min_epu32(a, last_class);
        // SAFETY: the minimum is an index of `needed`.
        let least = unsafe { _mm256_i32gather_epi32::<4>(needed, class) };
        let hash = _mm256_mullo_epi32(whole, splat(MIX[3]));
        let first = _mm256_srli_epi32::<27>(hash);
        let second = _mm256_and_si256(_mm256_srli_epi32::<22>(hash), low5);
        let is_whole = both(word, first, second);
        let first = _mm256_and_si256(_mm256_srli_epi32::<12>(part), low5);
        let second = _mm256_and_si256(_mm256_srli_epi32::<7>(part), low5);
        let third = _mm256_and_si256(_mm256_srli_epi32::<17>(part), low5);
        let is_part = _mm256_and_si256(
            both(word, first, second),
            _mm256_srlv_epi32(word, third),
        );
        // Lengths are small numbers, so signed comparison is right.
        let short = _mm256_cmpgt_epi32(least, bytes);
        let single = _mm256_add_epi32(short, one);
        let mut flags = flag(is_whole, one, WHOLE);
        flags = _mm256_or_si256(flags, flag(is_part, one, PART));
        flags = _mm256_or_si256(flags, flag(single, one, SINGLE));
        if _mm256_movemask_ps(_mm256_castsi256_ps(narrow)) != 0 {
            let first = _mm256_and_si256(_mm256_srli_epi32::<17>(hash), low5);
            let second = _mm256_and_si256(_mm256_srli_epi32::<12>(hash), low5);
            let is_word = both(word, first, second);
            let is_word = _mm256_and_si256(is_word, narrow);
            flags = _mm256_or_si256(flags, flag(is_word, one, WORD));
            let slot = _mm256_xor_si256(_mm256_slli_epi32::<6>(a), b);
            let place = _mm256_and_si256(slot, low5);
            let half = PAIR_WORDS / 2;
            let mask = splat(int::to_u32(half - 1));
            let index = _mm256_and_si256(_mm256_srli_epi32::<5>(slot), mask);
            for (from, name) in [(0, NARROW_PAIR), (half, WORD_PAIR)] {
                // SAFETY: the mask is half the length of `pairs` less one,
                // and `from` at most half of it.
                let word = unsafe {
                    _mm256_i32gather_epi32::<4>(pairs.add(from), index)
                };
                let bit = _mm256_srlv_epi32(word, place);
                let bit = _mm256_and_si256(bit, narrow);
                flags = _mm256_or_si256(flags, flag(bit, one, name));
            }
        }
        let some = _mm256_cmpgt_epi32(flags, _mm256_setzero_si256());
        let some = _mm256_movemask_ps(_mm256_castsi256_ps(some));
        if some != 0 {
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
fn flag(bits: __m256i, one: __m256i, flag: u32) -> __m256i {
    _mm256_mullo_epi32(_mm256_and_si256(bits, one), splat(flag))
}
