//! The look for what needs decoding with AVX-512, 64 bytes at a time. In: the
//! bytes of a text; out: whether `fold::decode` may find something but
//! escapes. Most posts are one step. What makes the unsafe code sound is said
//! at each place.

use std::arch::x86_64::{
    _mm512_cmpeq_epi8_mask, _mm512_cmpge_epu8_mask, _mm512_cmple_epu8_mask,
    _mm512_maskz_loadu_epi8, _mm512_or_si512, _mm512_set1_epi8,
    _mm512_sub_epi8,
};

use super::promise::Masks;

/// Bytes of one step of the look for what needs decoding.
const LOOKED_AT: usize = 64;

/// # Safety
///
/// The processor has the instructions.
#[target_feature(enable = "avx512f,avx512bw")]
pub unsafe fn is_promising(bytes: &[u8]) -> bool {
    let mut before = Masks::default();
    bytes.chunks(LOOKED_AT).any(|block| {
        let now = masks(block);
        let found = before.promises::<1>(&now);
        before = now;
        found
    })
}

/// What the bytes of one step are.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn masks(block: &[u8]) -> Masks {
    let mask = !0 >> (LOOKED_AT - block.len().clamp(1, LOOKED_AT));
    // SAFETY: the mask covers no byte behind the block.
    let bytes =
        unsafe { _mm512_maskz_loadu_epi8(mask, block.as_ptr().cast()) };
    let splat = |byte: u8| _mm512_set1_epi8(byte.cast_signed());
    let is = |of, byte| _mm512_cmpeq_epi8_mask(of, splat(byte));
    let from = |of, first| _mm512_sub_epi8(of, splat(first));
    let up_to = |of, last| _mm512_cmple_epu8_mask(of, splat(last));
    let folded = _mm512_or_si512(bytes, splat(0x20));
    let slash = is(bytes, b'/');
    let open = is(bytes, b'[') | slash;
    let next = _mm512_cmpge_epu8_mask(bytes, splat(0xE0))
        | is(folded, b'e')
        | is(bytes, b'd')
        | is(folded, b'o');
    let flag = [0xF0, 0x9F, 0x87].map(|byte| is(bytes, byte));
    let coded = up_to(from(folded, b'a'), 25)
        | up_to(from(bytes, b'0'), 9)
        | slash
        | is(bytes, b'+')
        | is(bytes, b'=');
    let small = up_to(from(bytes, b'a'), 25);
    Masks { open, next, flag, coded, small }
}
