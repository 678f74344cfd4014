//! Folding with AVX-512, 64 bytes at a time. In: the bytes of a text and the
//! class table; out: runs, as the loop of `folded` writes them. What makes the
//! unsafe code sound is said at each place.
//!
//! There is no loop over characters. Each of 64 byte positions is decoded as
//! if a character began there, high and low byte of the code point in
//! registers of their own; positions where none begins are squeezed out. What
//! is left goes on in groups of 16: their entries are looked up together (in
//! registers where all are ASCII), separators are squeezed out, and then every
//! letter that equals the one before.

use std::arch::x86_64::{
    __m512i, __mmask16, __mmask64, _bzhi_u64, _cvtmask16_u32,
    _mm256_storeu_si256, _mm512_add_epi32, _mm512_alignr_epi32,
    _mm512_and_si512, _mm512_andnot_si512, _mm512_castsi512_si128,
    _mm512_cmpge_epu8_mask, _mm512_cmpgt_epi8_mask, _mm512_cmple_epu8_mask,
    _mm512_cvtepi32_epi16, _mm512_cvtepu8_epi32, _mm512_loadu_si512,
    _mm512_mask_blend_epi8, _mm512_mask_blend_epi32,
    _mm512_mask_i32gather_epi32, _mm512_mask_mov_epi8, _mm512_mask_or_epi32,
    _mm512_mask_permutexvar_epi32, _mm512_mask_test_epi32_mask,
    _mm512_mask_testn_epi32_mask, _mm512_maskz_compress_epi8,
    _mm512_maskz_compress_epi32, _mm512_maskz_loadu_epi8,
    _mm512_maskz_mov_epi8, _mm512_movepi8_mask, _mm512_or_si512,
    _mm512_permutex2var_epi32, _mm512_set1_epi8, _mm512_setzero_si512,
    _mm512_shuffle_i64x2, _mm512_slli_epi16, _mm512_slli_epi32,
    _mm512_srli_epi16, _mm512_storeu_si512, _mm512_sub_epi8,
    _mm512_ternarylogic_epi32, _mm512_test_epi32_mask, _mm512_xor_si512,
    _pext_u64,
};

use super::avx512::{LANES, first_lanes, lanes_of, low, splat, words};
use super::folded::{CLASS, Folded, INSIDE, NO_ENTRY, PADDING, SYMBOL};
use crate::base::int;
use crate::fold::{BASIC, ClassView, mark};

/// Bytes of one step.
const BYTES: usize = 64;
/// Code points whose entries fit registers.
const ASCII: usize = 128;
// A group writes 16 entries from the last run on.
const _: () = assert!(PADDING >= 2 * LANES && ASCII <= BASIC);

/// Entries that vectors do not settle.
const SPECIAL: u32 = mark::ASTRAL | mark::ESCAPE | SYMBOL;

/// 0, 1, … in bytes.
const PLACES: [u8; BYTES] = {
    let mut all = [0; BYTES];
    let mut at = 0;
    let mut place = 0;
    while at < BYTES {
        all[at] = place;
        place += 1;
        at += 1;
    }
    all
};

/// What folding carries from step to step.
struct Fold<'a> {
    text: &'a str,
    classes: ClassView<'a>,
    table: *const i32,
    syms: *mut u16,
    entries: *mut u32,
    starts: *mut u32,
    codes: *mut u16,
    places: *mut u32,
    symbols: &'a mut Vec<u32>,
    escapes: bool,
    count: usize,
    /// Code points that were kept.
    letters: usize,
    /// The entry of the last letter, in every lane.
    last: __m512i,
}

/// 16 characters: code points, entries and where they begin.
struct Lanes {
    codes: __m512i,
    entries: __m512i,
    starts: __m512i,
}

/// 64 byte positions, those where a character begins moved to the front.
struct Block {
    /// High and low byte of the code point that begins at each.
    high: __m512i,
    low: __m512i,
    places: __m512i,
    count: u32,
    /// An ASCII letter is directly before.
    inside: u64,
    /// ASCII characters.
    ascii: u64,
    /// An ASCII letter is at the last position.
    carry: u64,
}

/// The plain reading of a text.
///
/// # Safety
///
/// The processor has the instructions; the arrays of `out` have room for
/// `text.len() + PADDING`, with `CODES` those of code points, too, and the
/// table holds the basic plane.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
#[target_feature(enable = "bmi1,bmi2,popcnt")]
pub unsafe fn fold<const CODES: bool>(
    out: &mut Folded,
    text: &str,
    classes: ClassView<'_>,
) {
    let bytes = text.as_bytes();
    out.symbols.reserve(bytes.len() + LANES);
    let mut fold = Fold {
        text,
        classes,
        table: classes.blocks.as_ptr().cast(),
        syms: out.syms.as_mut_ptr(),
        entries: out.entries.as_mut_ptr(),
        starts: out.starts.as_mut_ptr(),
        codes: out.codes.as_mut_ptr(),
        places: out.places.as_mut_ptr(),
        symbols: &mut out.symbols,
        escapes: false,
        count: 0,
        letters: 0,
        last: splat(NO_ENTRY),
    };
    let mut carry = 0;
    let mut at = 0;
    while at < bytes.len() {
        let mut block = decode(&bytes[at..], carry);
        carry = block.carry;
        let base = splat(int::to_u32(at));
        let mut left = block.count;
        while left > 0 {
            let lanes = |of| _mm512_cvtepu8_epi32(_mm512_castsi512_si128(of));
            let high = _mm512_slli_epi32::<8>(lanes(block.high));
            let codes = _mm512_or_si512(high, lanes(block.low));
            let starts = _mm512_add_epi32(lanes(block.places), base);
            let mask = first_lanes(left.min(16));
            let ascii = low(int::low_u32(block.ascii)) & mask == mask;
            let inside = low(int::low_u32(block.inside));
            // SAFETY: the caller's promise; the codes are below 2^16, and
            // below 2^7 where all are ASCII.
            unsafe {
                let entries = match ascii {
                    true => fold.ascii(codes),
                    false => fold.look_up(codes, mask),
                };
                fold.letters::<CODES>(
                    Lanes { codes, entries, starts },
                    mask,
                    inside,
                );
            }
            left = left.saturating_sub(16);
            let next = |of| _mm512_shuffle_i64x2::<0b00_11_10_01>(of, of);
            block.high = next(block.high);
            block.low = next(block.low);
            block.places = next(block.places);
            block.inside >>= LANES;
            block.ascii >>= LANES;
        }
        at += BYTES;
    }
    let Fold { count, letters, escapes, .. } = fold;
    out.count = count;
    out.letters = letters;
    out.escapes = escapes;
}

/// Decodes at most 64 bytes of a text, which may go on for three more.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
#[target_feature(enable = "bmi1,bmi2,popcnt")]
fn decode(bytes: &[u8], carry: u64) -> Block {
    let first = |count: usize| -> __mmask64 {
        _bzhi_u64(!0, int::to_u32(count.min(BYTES)))
    };
    let load = |skip: usize| {
        let mask = first(bytes.len().saturating_sub(skip));
        // SAFETY: the mask covers no byte behind the text.
        unsafe {
            let from = bytes.as_ptr().wrapping_add(skip);
            _mm512_maskz_loadu_epi8(mask, from.cast())
        }
    };
    let (b0, b1, b2) = (load(0), load(1), load(2));
    let splat = |byte: u8| _mm512_set1_epi8(byte.cast_signed());
    let from = |end: u8| _mm512_cmpge_epu8_mask(b0, splat(end));
    // The bits of a mask from one register, the others from another. Shifts
    // are of 16 bits: what they carry over is masked.
    let join = |mask: u8, yes: __m512i, no: __m512i| {
        _mm512_ternarylogic_epi32::<0xCA>(splat(mask), yes, no)
    };
    let low_of_three = join(0xC0, _mm512_slli_epi16::<6>(b1), b2);
    let high_of_three =
        join(0xF0, _mm512_slli_epi16::<4>(b0), _mm512_srli_epi16::<2>(b1));
    let low_of_two = join(0xC0, _mm512_slli_epi16::<6>(b0), b1);
    let high_of_two = _mm512_and_si512(_mm512_srli_epi16::<2>(b0), splat(7));
    let (three, four) = (from(0xE0), from(0xF0));
    let ascii = !_mm512_movepi8_mask(b0);
    let low = _mm512_mask_blend_epi8(three, low_of_two, low_of_three);
    let low = _mm512_mask_mov_epi8(low, ascii, b0);
    let high = _mm512_mask_blend_epi8(three, high_of_two, high_of_three);
    // A surrogate stands for what is beyond the basic plane.
    let high = _mm512_mask_mov_epi8(high, four, splat(0xD8));
    let high = _mm512_maskz_mov_epi8(!ascii, high);
    // What follows in a character is 0x80 to 0xBF: as signed, the least.
    let leads = _mm512_cmpgt_epi8_mask(b0, splat(0xBF)) & first(bytes.len());
    let folded = _mm512_or_si512(b0, splat(0x20));
    let from_a = _mm512_sub_epi8(folded, splat(b'a'));
    let alpha = _mm512_cmple_epu8_mask(from_a, splat(25));
    // SAFETY: the array has the size of a register.
    let places = unsafe { _mm512_loadu_si512(PLACES.as_ptr().cast()) };
    Block {
        high: _mm512_maskz_compress_epi8(leads, high),
        low: _mm512_maskz_compress_epi8(leads, low),
        places: _mm512_maskz_compress_epi8(leads, places),
        count: leads.count_ones(),
        inside: _pext_u64(alpha << 1 | carry, leads),
        ascii: _pext_u64(ascii, leads),
        carry: alpha >> 63,
    }
}

impl Fold<'_> {
    /// The entries of code points below [`BASIC`].
    ///
    /// # Safety
    ///
    /// As for [`fold`], and the codes are what is said.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn look_up(&self, codes: __m512i, mask: __mmask16) -> __m512i {
        let zero = _mm512_setzero_si512();
        // SAFETY: the caller's promise about the codes and the table.
        unsafe {
            _mm512_mask_i32gather_epi32::<4>(zero, mask, codes, self.table)
        }
    }

    /// The same of ASCII: two registers hold 32 entries.
    ///
    /// # Safety
    ///
    /// As for [`fold`].
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn ascii(&self, codes: __m512i) -> __m512i {
        let rows = |from: usize| {
            // SAFETY: the table holds the basic plane.
            unsafe {
                let at = self.table.add(from);
                let half = |at: *const i32| _mm512_loadu_si512(at.cast());
                let (first, second) = (half(at), half(at.add(LANES)));
                _mm512_permutex2var_epi32(first, codes, second)
            }
        };
        let is = |bit| _mm512_test_epi32_mask(codes, splat(bit));
        let odd = is(32);
        let below = _mm512_mask_blend_epi32(odd, rows(0), rows(32));
        let above = _mm512_mask_blend_epi32(odd, rows(64), rows(96));
        _mm512_mask_blend_epi32(is(64), below, above)
    }

    /// Appends up to 16 letters.
    ///
    /// # Safety
    ///
    /// As for [`fold`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
    #[target_feature(enable = "bmi1,bmi2,popcnt")]
    unsafe fn letters<const CODES: bool>(
        &mut self,
        Lanes { codes, mut entries, starts }: Lanes,
        mask: __mmask16,
        inside: u16,
    ) {
        let special =
            _mm512_mask_test_epi32_mask(mask, entries, splat(SPECIAL));
        if special != 0 {
            entries = self.specials(entries, starts, special);
        }
        entries =
            _mm512_mask_or_epi32(entries, inside, entries, splat(INSIDE));
        let kept =
            _mm512_mask_testn_epi32_mask(mask, entries, splat(mark::SKIP));
        let letters = _mm512_maskz_compress_epi32(kept, entries);
        let starts = _mm512_maskz_compress_epi32(kept, starts);
        let count = _cvtmask16_u32(kept).count_ones();
        if CODES {
            let codes = _mm512_maskz_compress_epi32(kept, codes);
            // SAFETY: a code point takes a byte of text at least, as below.
            unsafe {
                let to = self.codes.add(self.letters);
                let codes = _mm512_cvtepi32_epi16(codes);
                _mm256_storeu_si256(to.cast(), codes);
                let to = self.places.add(self.letters);
                _mm512_storeu_si512(to.cast(), starts);
            }
            self.letters += int::to_usize(count);
        }
        let lanes = first_lanes(count);
        let before = _mm512_alignr_epi32::<15>(letters, self.last);
        let new = _mm512_mask_test_epi32_mask(
            lanes,
            _mm512_xor_si512(before, letters),
            splat(CLASS | NO_ENTRY),
        );
        let end = splat(count.wrapping_sub(1));
        let some: __mmask16 = if count > 0 { !0 } else { 0 };
        self.last =
            _mm512_mask_permutexvar_epi32(self.last, some, end, letters);
        let runs = _mm512_maskz_compress_epi32(new, letters);
        let starts = _mm512_maskz_compress_epi32(new, starts);
        let syms = _mm512_cvtepi32_epi16(_mm512_and_si512(runs, splat(CLASS)));
        // SAFETY: a run takes a byte of text at least, so that `count` is at
        // most the bytes before this group and there is room for 16 more.
        unsafe {
            _mm512_storeu_si512(self.entries.add(self.count).cast(), runs);
            _mm512_storeu_si512(self.starts.add(self.count).cast(), starts);
            _mm256_storeu_si256(self.syms.add(self.count).cast(), syms);
        }
        // One more letter of a run, where a word may begin.
        let again = _mm512_mask_test_epi32_mask(
            lanes & !new,
            _mm512_andnot_si512(letters, before),
            splat(INSIDE),
        );
        if again != 0 {
            let mut todo = _cvtmask16_u32(again);
            while todo != 0 {
                let lane = todo.trailing_zeros();
                todo &= todo - 1;
                let below = _cvtmask16_u32(new) & ((1 << lane) - 1);
                let run = self.count + int::to_usize(below.count_ones());
                // SAFETY: a letter that is not new has a run before it.
                unsafe { *self.entries.add(run - 1) &= !INSIDE };
            }
        }
        self.count += int::to_usize(_cvtmask16_u32(new).count_ones());
    }

    /// Looks at symbols and escapes.
    #[inline]
    #[target_feature(enable = "avx512f,popcnt")]
    fn specials(
        &mut self,
        entries: __m512i,
        starts: __m512i,
        special: __mmask16,
    ) -> __m512i {
        let is =
            |mark| _mm512_mask_test_epi32_mask(special, entries, splat(mark));
        if is(mark::ASTRAL) != 0 {
            return self.one_by_one(entries, starts, special);
        }
        self.escapes |= is(mark::ESCAPE) != 0;
        let symbols = is(SYMBOL);
        let places = _mm512_maskz_compress_epi32(symbols, starts);
        let len = self.symbols.len();
        let room = self.symbols.capacity() - len >= LANES;
        assert!(room, "a symbol takes a byte of text at least");
        let count = int::to_usize(_cvtmask16_u32(symbols).count_ones());
        // SAFETY: there is room for a register behind the length, and the
        // first `count` lanes of it are written.
        unsafe {
            let end = self.symbols.as_mut_ptr().add(len);
            _mm512_storeu_si512(end.cast(), places);
            self.symbols.set_len(len + count);
        }
        _mm512_andnot_si512(splat(SYMBOL), entries)
    }

    /// The same where code points beyond the basic plane are, which it looks
    /// up.
    #[cold]
    #[target_feature(enable = "avx512f")]
    fn one_by_one(
        &mut self,
        entries: __m512i,
        starts: __m512i,
        special: __mmask16,
    ) -> __m512i {
        let mut lanes = lanes_of(entries);
        let offsets = lanes_of(starts);
        for lane in 0..LANES {
            if special >> lane & 1 == 0 {
                continue;
            }
            let entry = &mut lanes[lane];
            let offset = offsets[lane];
            if *entry & mark::ASTRAL != 0 {
                let rest = &self.text[int::to_usize(offset)..];
                let c = rest.chars().next().unwrap_or('\0');
                *entry = self.classes.entry(c);
            }
            self.escapes |= *entry & mark::ESCAPE != 0;
            if *entry & SYMBOL != 0 {
                self.symbols.push(offset);
                *entry &= !SYMBOL;
            }
        }
        words(&lanes)
    }
}
