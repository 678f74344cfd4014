//! The sieve with AVX2, eight runs at a time, and the look for what needs
//! decoding, 32 bytes at a time. What makes the unsafe code sound is said at
//! each place. Same result as the portable loops (`tests/engines.rs` compares
//! them).

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi8,
    _mm256_cmpeq_epi32, _mm256_i32gather_epi32, _mm256_loadu_si256,
    _mm256_max_epu8, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_movemask_ps, _mm256_mullo_epi32, _mm256_or_si256, _mm256_set1_epi8,
    _mm256_set1_epi32, _mm256_setzero_si256, _mm256_slli_epi32,
    _mm256_sllv_epi32, _mm256_srli_epi32, _mm256_srlv_epi32, _mm256_sub_epi8,
    _mm256_xor_si256,
};
use std::ops::Range;

use super::folded::{CLASS, PADDING};
use super::sieve::{MIX, Marks, Task, narrow};
use crate::base::int;
use crate::fold::mark;

/// Runs of one step.
const LANES: usize = 8;
// A step reads four entries behind its last run.
const _: () = assert!(PADDING >= LANES + 5);

/// As many wide anchors of one vector ask the filter together; fewer are
/// left to the search, which asks it one by one.
const FILTERED_MIN: u32 = 3;

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
        assert!(task.filter.len().is_power_of_two() && task.filter.len() > 1);
        // SAFETY: `Avx2` exists only where the processor has the
        // instructions; the asserts above are the lengths that `sieve`
        // relies on.
        unsafe { sieve(task, range, survivors) }
    }

    /// `fold::is_promising`, or yes more often.
    pub fn is_promising(self, bytes: &[u8]) -> bool {
        // SAFETY: as above; nothing else is asked for.
        unsafe { is_promising(bytes) }
    }
}

/// Bytes of one step.
const BYTES: usize = 32;

/// What the bytes of one step are, one bit for each, above the bits of the
/// step before.
#[derive(Clone, Copy, Default)]
struct Kinds {
    /// `[` or `/`.
    open: u64,
    /// What may come behind that.
    next: u64,
    /// The first three bytes of a regional letter.
    flag: [u64; 3],
    /// Letters of Base64, and of these the small ones.
    coded: u64,
    small: u64,
}

/// # Safety
///
/// The processor has AVX2.
#[target_feature(enable = "avx2")]
unsafe fn is_promising(bytes: &[u8]) -> bool {
    let mut kinds = Kinds::default();
    let (blocks, rest) = bytes.as_chunks::<BYTES>();
    for block in blocks {
        if kinds.promise(block) {
            return true;
        }
    }
    let mut last = [0; BYTES];
    last[..rest.len()].copy_from_slice(rest);
    kinds.promise(&last)
}

impl Kinds {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn promise(&mut self, block: &[u8; BYTES]) -> bool {
        // SAFETY: a block has as many bytes as a register.
        let bytes = unsafe { _mm256_loadu_si256(block.as_ptr().cast()) };
        let is = |of: __m256i, byte: u8| {
            _mm256_cmpeq_epi8(of, _mm256_set1_epi8(byte.cast_signed()))
        };
        let or = |a, b| _mm256_or_si256(a, b);
        let up_to = |of: __m256i, end: u8| {
            let end = _mm256_set1_epi8(end.cast_signed());
            _mm256_cmpeq_epi8(_mm256_min_epu8(of, end), of)
        };
        let above = |of: __m256i, start: u8| {
            let start = _mm256_set1_epi8(start.cast_signed());
            _mm256_sub_epi8(of, start)
        };
        let folded = or(bytes, _mm256_set1_epi8(0x20));
        let slash = is(bytes, b'/');
        let lead = _mm256_set1_epi8(0xE0u8.cast_signed());
        let wide = _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, lead), bytes);
        let name = or(is(folded, b'e'), is(folded, b'o'));
        let name = or(name, is(bytes, b'd'));
        let letter = up_to(above(folded, b'a'), 25);
        let small = up_to(above(bytes, b'a'), 25);
        let digit = up_to(above(bytes, b'0'), 9);
        let sign = or(is(bytes, b'+'), is(bytes, b'='));
        let coded = or(or(letter, digit), or(slash, sign));
        let add = |old: &mut u64, lanes: __m256i| {
            let new = int::unsigned(_mm256_movemask_epi8(lanes));
            *old = *old >> 32 | u64::from(new) << 32;
        };
        add(&mut self.open, or(is(bytes, b'['), slash));
        add(&mut self.next, or(wide, name));
        for (old, byte) in self.flag.iter_mut().zip([0xF0, 0x9F, 0x87]) {
            add(old, is(bytes, byte));
        }
        add(&mut self.coded, coded);
        add(&mut self.small, small);
        let code = self.open << 1 & self.next;
        let [first, second, third] = self.flag;
        let flag = first << 2 & second << 1 & third;
        // Twelve: the fewest that are read as bytes.
        let twelve = |letters: u64| {
            let two = letters & letters << 1;
            let four = two & two << 2;
            let eight = four & four << 4;
            eight & eight << 4
        };
        let token = twelve(self.coded) & !twelve(self.small);
        (code | flag | token) >> 32 != 0
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
        let both = !bits(lacks(_mm256_and_si256(a, b), mark::NARROW)) & 0xFF;
        let (part, two) = (!bits(part) & !both, !bits(two) & !both);
        let mut pass = (part | two) & 0xFF;
        if pass.count_ones() >= FILTERED_MIN {
            // SAFETY: the filter has 2^n words.
            let [is_two, is_part] = unsafe { filtered(task, [a, b, c]) };
            pass = (part & is_part | two & is_two) & 0xFF;
        }
        pass |= !bits(lacks(a, marks.single)) & 0xFF;
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

/// The lanes that the anchor filter lets pass as needles of two classes, and
/// as anchors inside longer ones.
///
/// # Safety
///
/// The processor has AVX2, and the filter has 2^n words.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn filtered(task: &Task<'_>, [a, b, c]: [__m256i; 3]) -> [u32; 2] {
    let class = |entries| _mm256_and_si256(entries, splat(CLASS));
    let times = |hash, by: u32| _mm256_mullo_epi32(hash, splat(by));
    let pair = _mm256_or_si256(class(a), _mm256_slli_epi32::<16>(class(b)));
    let of_two = times(pair, MIX[0]);
    let turned = _mm256_or_si256(
        _mm256_slli_epi32::<16>(of_two),
        _mm256_srli_epi32::<16>(of_two),
    );
    let of_three = times(_mm256_xor_si256(turned, class(c)), MIX[1]);
    let slot = _mm256_srlv_epi32(of_two, splat(task.shift()));
    // SAFETY: the shift leaves numbers below the length of the filter.
    let word = unsafe {
        _mm256_i32gather_epi32::<4>(task.filter.as_ptr().cast(), slot)
    };
    let bit = |place| {
        let place = _mm256_and_si256(place, splat(31));
        _mm256_sllv_epi32(splat(1), place)
    };
    let of_two = times(of_two, MIX[0]);
    let whole = _mm256_or_si256(
        bit(_mm256_srli_epi32::<27>(of_two)),
        bit(_mm256_srli_epi32::<22>(of_two)),
    );
    let more = _mm256_or_si256(
        bit(_mm256_srli_epi32::<17>(of_three)),
        _mm256_or_si256(
            bit(_mm256_srli_epi32::<12>(of_three)),
            bit(_mm256_srli_epi32::<7>(of_three)),
        ),
    );
    let all = |wanted| {
        bits(_mm256_cmpeq_epi32(_mm256_and_si256(word, wanted), wanted))
    };
    [all(whole), all(more)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn splat(value: u32) -> __m256i {
    _mm256_set1_epi32(int::bits(value))
}

/// All bits of the lanes that have none of the mark.
#[inline]
#[target_feature(enable = "avx2")]
fn lacks(entries: __m256i, mark: u32) -> __m256i {
    let found = _mm256_and_si256(entries, splat(mark));
    _mm256_cmpeq_epi32(found, _mm256_setzero_si256())
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
