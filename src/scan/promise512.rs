//! The look for what needs decoding with AVX-512 (BW, VBMI), 64 bytes at a
//! time. In: the bytes of a text; out: whether `fold::decode` may find
//! something but escapes. Most posts are one step. What makes the unsafe code
//! sound is said at each place.

use std::arch::x86_64::{
    __m512i, _mm512_cmpeq_epi8_mask, _mm512_cmpge_epu8_mask,
    _mm512_loadu_si512, _mm512_mask_test_epi8_mask, _mm512_maskz_loadu_epi8,
    _mm512_movepi8_mask, _mm512_permutex2var_epi8, _mm512_set1_epi8,
};

use super::promise::Masks;
use crate::base::int;
use crate::fold::LINES_MIN;

/// Bytes of one step.
const STEP: usize = 64;
/// ASCII characters, which two registers hold.
const ASCII: usize = 2 * STEP;

/// What an ASCII character may be, see [`Masks`].
const OPEN: u8 = 1;
const NEXT: u8 = 2;
const CODED: u8 = 4;
const SMALL: u8 = 8;

const KINDS: [u8; ASCII] = {
    let mut all = [0; ASCII];
    let mut at = 0;
    let mut byte: u8 = 0;
    while at < ASCII {
        let mut kind = 0;
        if byte == b'[' || byte == b'/' {
            kind |= OPEN;
        }
        if matches!(byte, b'e' | b'E' | b'd' | b'o' | b'O') {
            kind |= NEXT;
        }
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'=') {
            kind |= CODED;
        }
        if byte.is_ascii_lowercase() {
            kind |= SMALL;
        }
        all[at] = kind;
        byte += 1;
        at += 1;
    }
    all
};

/// # Safety
///
/// The processor has the instructions.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub unsafe fn is_promising(bytes: &[u8]) -> bool {
    let mut before = Masks::default();
    bytes.chunks(STEP).any(|block| {
        let now = masks(load(block));
        let found = before.promises::<1>(&now);
        before = now;
        found
    })
}

/// # Safety
///
/// The processor has the instructions.
#[target_feature(enable = "avx512f,avx512bw,popcnt")]
pub unsafe fn has_lines(bytes: &[u8]) -> bool {
    let mut left = LINES_MIN - 1;
    bytes.chunks(STEP).any(|block| {
        let end = _mm512_set1_epi8(b'\n'.cast_signed());
        let ends = _mm512_cmpeq_epi8_mask(load(block), end);
        left = left.saturating_sub(int::to_usize(ends.count_ones()));
        left == 0
    })
}

/// At most 64 bytes, with zeros behind.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load(block: &[u8]) -> __m512i {
    let mask = !0 >> (STEP - block.len().clamp(1, STEP));
    // SAFETY: the mask covers no byte behind the block.
    unsafe { _mm512_maskz_loadu_epi8(mask, block.as_ptr().cast()) }
}

/// What the bytes of one step are.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn masks(bytes: __m512i) -> Masks {
    let (first, second) = KINDS.split_at(STEP);
    // SAFETY: each half has the size of a register.
    let [first, second] = [first, second]
        .map(|half| unsafe { _mm512_loadu_si512(half.as_ptr().cast()) });
    let kinds = _mm512_permutex2var_epi8(first, bytes, second);
    let ascii = !_mm512_movepi8_mask(bytes);
    let splat = |byte: u8| _mm512_set1_epi8(byte.cast_signed());
    let are = |kind| _mm512_mask_test_epi8_mask(ascii, kinds, splat(kind));
    let flag = [0xF0, 0x9F, 0x87]
        .map(|byte| _mm512_cmpeq_epi8_mask(bytes, splat(byte)));
    Masks {
        open: are(OPEN),
        next: are(NEXT) | _mm512_cmpge_epu8_mask(bytes, splat(0xE0)),
        flag,
        coded: are(CODED),
        small: are(SMALL),
    }
}
