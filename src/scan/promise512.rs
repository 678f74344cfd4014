//! The look for what needs decoding with AVX-512, 64 bytes at a time. In: the
//! bytes of a text; out: whether `fold::decode` may find something but
//! escapes. Most posts are one step. What makes the unsafe code sound is said
//! at each place.

use std::arch::x86_64::{
    _mm512_cmpeq_epi8_mask, _mm512_cmpge_epu8_mask, _mm512_cmple_epu8_mask,
    _mm512_maskz_loadu_epi8, _mm512_or_si512, _mm512_set1_epi8,
    _mm512_sub_epi8,
};

/// Bytes of one step of the look for what needs decoding.
const LOOKED_AT: usize = 64;

/// # Safety
///
/// The processor has the instructions.
#[target_feature(enable = "avx512f,avx512bw")]
pub unsafe fn is_promising(bytes: &[u8]) -> bool {
    let mut seen = Seen::default();
    bytes.chunks(LOOKED_AT).any(|block| seen.promises(block))
}

/// What the bytes of the step before were, one bit for each.
#[derive(Default)]
struct Seen {
    /// `[` or `/`.
    open: u64,
    /// The first and second byte of a regional letter.
    flag: [u64; 2],
    /// Letters of Base64, and of these the small ones.
    coded: u64,
    small: u64,
}

impl Seen {
    /// # Safety
    ///
    /// The processor has the instructions.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn promises(&mut self, block: &[u8]) -> bool {
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
        // A bit for each byte that has such a byte so many places before.
        let after =
            |old: u64, new: u64, n: u32| new << n | old >> (u64::BITS - n);
        let code = after(self.open, open, 1) & next;
        let regional = after(self.flag[0], flag[0], 2)
            & after(self.flag[1], flag[1], 1)
            & flag[2];
        // Twelve of a kind: the fewest that are read as bytes.
        let twelve = |old: u64, new: u64| {
            let both = |(old, new): (u64, u64), n: u32| {
                (old & old << n, new & after(old, new, n))
            };
            let four = both(both((old, new), 1), 2);
            let eight = both(four, 4);
            eight.1 & after(four.0, four.1, 8)
        };
        let token = twelve(self.coded, coded) & !twelve(self.small, small);
        *self = Seen { open, flag: [flag[0], flag[1]], coded, small };
        code | regional | token != 0
    }
}
