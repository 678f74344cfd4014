//! The sieve with AVX2: eight runs at a time. What makes the unsafe code
//! sound is said at each place. Same result as the portable loop
//! (`tests/engines.rs` compares them).

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi32,
    _mm256_loadu_si256, _mm256_movemask_ps, _mm256_or_si256,
    _mm256_set1_epi32, _mm256_setzero_si256,
};
use std::ops::Range;

use super::folded::PADDING;
use super::sieve::{Marks, Task, narrow};
use crate::base::int;
use crate::fold::mark;

/// Runs of one step.
const LANES: usize = 8;
// A step reads four entries behind its last run.
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
        survivors: &mut Vec<u32>,
    ) {
        let count = task.folded.count();
        assert!(range.end <= count);
        assert!(task.folded.entries().len() >= count + PADDING);
        // SAFETY: `Avx2` exists only where the processor has the
        // instructions; the asserts above are the lengths that `sieve`
        // relies on.
        unsafe { sieve(task, range, survivors) }
    }
}

/// # Safety
///
/// The processor has AVX2, and the entries go on for `PADDING` behind the
/// last run.
#[target_feature(enable = "avx2")]
unsafe fn sieve(
    task: &Task<'_>,
    range: Range<usize>,
    survivors: &mut Vec<u32>,
) {
    let entries = task.folded.entries();
    let marks = Marks::of(task.phase);
    let mut run = range.start;
    while run < range.end {
        // SAFETY: `run + LANES + 2` entries are within the padded array.
        let [a, b, c] =
            [0, 1, 2].map(|n| unsafe { words(entries.as_ptr().add(run + n)) });
        let part = _mm256_or_si256(
            _mm256_or_si256(lacks(a, marks.first), lacks(b, marks.second)),
            lacks(c, marks.third),
        );
        let two = _mm256_or_si256(
            lacks(a, marks.first_of_two),
            lacks(b, marks.second_of_two),
        );
        let wide = !bits(part) | !bits(two);
        let both = !bits(lacks(_mm256_and_si256(a, b), mark::NARROW)) & 0xFF;
        let single = !bits(lacks(a, marks.single));
        let mut pass = (wide & !both | single) & 0xFF;
        let mut todo = both & !pass;
        while todo != 0 {
            let lane = todo.trailing_zeros();
            todo &= todo - 1;
            let at = run + int::to_usize(lane);
            let Some(&five) = entries[at..].first_chunk::<5>() else { break };
            pass |= u32::from(narrow(task.pairs, five)) << lane;
        }
        let left = range.end - run;
        if left < LANES {
            pass &= (1 << left) - 1;
        }
        while pass != 0 {
            survivors.push(int::to_u32(run) + pass.trailing_zeros());
            pass &= pass - 1;
        }
        run += LANES;
    }
}

/// All bits of the lanes that have none of the mark.
#[inline]
#[target_feature(enable = "avx2")]
fn lacks(entries: __m256i, mark: u32) -> __m256i {
    let mark = _mm256_set1_epi32(int::bits(mark));
    _mm256_cmpeq_epi32(_mm256_and_si256(entries, mark), _mm256_setzero_si256())
}

/// One bit for each lane.
#[inline]
#[target_feature(enable = "avx2")]
fn bits(lanes: __m256i) -> u32 {
    int::unsigned(_mm256_movemask_ps(_mm256_castsi256_ps(lanes)))
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
