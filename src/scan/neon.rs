//! The sieve with NEON, four runs at a time, and the look for what needs
//! decoding, 16 bytes at a time, for 64-bit ARM. What makes the unsafe code
//! sound is said at each place. Same result as the portable loops
//! (`tests/engines.rs` compares them).
//!
//! NEON gathers nothing: the anchor filter and the tables of narrow pairs are
//! asked run by run, and only of runs whose marks let them pass.

use std::arch::aarch64::{
    uint8x16_t, uint32x4_t, vaddvq_u32, vandq_u32, vceqq_u8, vcgeq_u8,
    vcleq_u8, vdupq_n_u8, vdupq_n_u32, vget_lane_u64, vld1q_u8, vld1q_u32,
    vorrq_u8, vorrq_u32, vreinterpret_u64_u8, vreinterpretq_u16_u8,
    vshrn_n_u16, vsubq_u8, vtstq_u32,
};
use std::ops::Range;

use super::folded::PADDING;
use super::promise::Masks;
use super::sieve::{Marks, Task, narrow};
use crate::base::int;
use crate::fold::mark;

/// Runs of one step.
const LANES: usize = 4;
// A step reads four entries behind its last run.
const _: () = assert!(PADDING >= LANES + 5);

/// Proof that the processor has NEON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neon(());

impl Neon {
    pub fn detect() -> Option<Neon> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Neon(()))
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
        // SAFETY: `Neon` exists only where the processor has the
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

/// # Safety
///
/// The processor has NEON, and the entries go on for `PADDING` behind the
/// last run.
#[target_feature(enable = "neon")]
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
        let [a, b, c] = [0, 1, 2]
            .map(|n| unsafe { vld1q_u32(entries.as_ptr().add(run + n)) });
        let has = |of: uint32x4_t, mark: u32| vtstq_u32(of, vdupq_n_u32(mark));
        let part = vandq_u32(
            vandq_u32(has(a, marks.first), has(b, marks.second)),
            has(c, marks.third),
        );
        let two =
            vandq_u32(has(a, marks.first_of_two), has(b, marks.second_of_two));
        let both = lanes(has(vandq_u32(a, b), mark::NARROW));
        let mut pass = lanes(vorrq_u32(part, two)) & !both;
        pass |= lanes(has(a, marks.single));
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

/// One bit for each lane that is set.
#[inline]
#[target_feature(enable = "neon")]
fn lanes(set: uint32x4_t) -> u32 {
    const BITS: [u32; LANES] = [1, 2, 4, 8];
    // SAFETY: the array has the size of the register.
    let bits = unsafe { vld1q_u32(BITS.as_ptr()) };
    vaddvq_u32(vandq_u32(set, bits))
}

/// Bytes of one step.
const BYTES: usize = 16;
/// Bits for each byte in a mask of [`bits`].
const WIDTH: u32 = 4;

/// # Safety
///
/// The processor has NEON.
#[target_feature(enable = "neon")]
unsafe fn is_promising(bytes: &[u8]) -> bool {
    let (blocks, rest) = bytes.as_chunks::<BYTES>();
    let mut last = [0; BYTES];
    last[..rest.len()].copy_from_slice(rest);
    let mut before = Masks::default();
    blocks.iter().chain([&last]).any(|block| {
        let now = masks(block);
        let found = before.promises::<WIDTH>(&now);
        before = now;
        found
    })
}

/// What the bytes of one step are, `WIDTH` bits for each.
#[inline]
#[target_feature(enable = "neon")]
fn masks(block: &[u8; BYTES]) -> Masks {
    // SAFETY: a block has as many bytes as a register.
    let bytes = unsafe { vld1q_u8(block.as_ptr()) };
    let is = |of, byte| vceqq_u8(of, vdupq_n_u8(byte));
    let or = |a, b| vorrq_u8(a, b);
    let from = |of, first| vsubq_u8(of, vdupq_n_u8(first));
    let up_to = |of, last| vcleq_u8(of, vdupq_n_u8(last));
    let folded = or(bytes, vdupq_n_u8(0x20));
    let slash = is(bytes, b'/');
    let open = bits(or(is(bytes, b'['), slash));
    let name = or(is(folded, b'e'), or(is(bytes, b'd'), is(folded, b'o')));
    let next = bits(or(vcgeq_u8(bytes, vdupq_n_u8(0xE0)), name));
    let flag = [0xF0, 0x9F, 0x87].map(|byte| bits(is(bytes, byte)));
    let letter = up_to(from(folded, b'a'), 25);
    let digit = up_to(from(bytes, b'0'), 9);
    let sign = or(slash, or(is(bytes, b'+'), is(bytes, b'=')));
    let coded = bits(or(letter, or(digit, sign)));
    let small = bits(up_to(from(bytes, b'a'), 25));
    Masks { open, next, flag, coded, small }
}

/// Four bits for each byte that is set: NEON has no mask of single bits, but
/// a shift that narrows.
#[inline]
#[target_feature(enable = "neon")]
fn bits(set: uint8x16_t) -> u64 {
    let narrowed = vshrn_n_u16::<4>(vreinterpretq_u16_u8(set));
    vget_lane_u64::<0>(vreinterpret_u64_u8(narrowed))
}
