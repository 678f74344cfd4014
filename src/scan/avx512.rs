//! Searching with AVX-512 (F, BW, VL, VBMI, VBMI2): 16 runs at a time. What
//! makes the unsafe code sound is said at each place. Same result as the
//! portable loops (`tests/engines.rs` compares them). Folding is in `fold512`.

use std::arch::x86_64::{
    __m512i, __mmask16, _cvtmask16_u32, _mm256_loadu_si256, _mm512_add_epi32,
    _mm512_and_si512, _mm512_andnot_si512, _mm512_cmpge_epu32_mask,
    _mm512_cmpneq_epi32_mask, _mm512_cvtepu16_epi32, _mm512_loadu_si512,
    _mm512_mask_cmpeq_epi32_mask, _mm512_mask_i32gather_epi32,
    _mm512_mask_test_epi32_mask, _mm512_maskz_compress_epi32,
    _mm512_mullo_epi32, _mm512_or_si512, _mm512_permutex2var_epi32,
    _mm512_rol_epi32, _mm512_set1_epi32, _mm512_setzero_si512,
    _mm512_shuffle_epi32, _mm512_slli_epi32, _mm512_sllv_epi32,
    _mm512_srlv_epi32, _mm512_storeu_si512, _mm512_sub_epi32,
    _mm512_test_epi32_mask, _mm512_testn_epi32_mask, _mm512_xor_si512,
};
use std::ops::Range;

use super::folded::{CLASS, Folded, INSIDE, PADDING};
use super::sieve::{MIX, Marks, PLACE_BITS, Pair, Picks, Task, What};
use super::singles::OPEN;
use super::sound::{self, Tokens};
use super::{fold512, promise512};
use crate::base::int;
use crate::fold::sound::{INITIAL, PLANES, SECOND};
use crate::fold::{BASIC, ClassView, mark};

/// Runs of one step of the sieve.
pub(super) const LANES: usize = 16;
// A step reads four entries behind its last run.
const _: () = assert!(PADDING >= 2 * LANES + 5);

/// The lanes of two registers in turn, those of the first half and of the
/// second.
const PAIRS: [[u32; LANES]; 2] = [
    [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23],
    [8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31],
];

const IOTA: [u32; LANES] =
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Proof that the processor has the instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx512(());

impl Avx512 {
    pub fn detect() -> Option<Avx512> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512vbmi2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt");
        has.then_some(Avx512(()))
    }

    /// `fold::is_promising`, or yes more often.
    pub fn is_promising(self, bytes: &[u8]) -> bool {
        // SAFETY: as below.
        unsafe { promise512::is_promising(bytes) }
    }

    /// `fold::has_lines`.
    pub fn has_lines(self, bytes: &[u8]) -> bool {
        // SAFETY: as below.
        unsafe { promise512::has_lines(bytes) }
    }

    /// The plain reading of a text, with code points if asked for.
    pub fn fold(
        self,
        out: &mut Folded,
        text: &str,
        classes: ClassView<'_>,
        codes: bool,
    ) {
        let room = text.len() + PADDING;
        assert!(out.syms.len() >= room && out.entries.len() >= room);
        assert!(out.starts.len() >= room && classes.blocks.len() >= BASIC);
        // SAFETY: `Avx512` exists only where the processor has the
        // instructions; the asserts above are the lengths that `fold`
        // relies on.
        unsafe {
            if codes {
                assert!(out.codes.len() >= room && out.places.len() >= room);
                fold512::fold::<true>(out, text, classes);
            } else {
                fold512::fold::<false>(out, text, classes);
            }
        }
    }

    /// `sound::sieve`.
    pub fn hear(
        self,
        filter: &[u32],
        tokens: &Tokens,
        asked: &mut Vec<(u32, u8)>,
    ) {
        assert!(tokens.rows.len() >= tokens.count + sound::PADDING);
        assert!(filter.len().is_power_of_two() && filter.len() > 1);
        // SAFETY: as above.
        unsafe { hear(filter, tokens, asked) }
    }

    /// Appends what may stand at the runs of a range.
    pub fn pick(
        self,
        task: &Task<'_>,
        range: Range<usize>,
        picks: &mut Picks,
    ) {
        let count = task.folded.count();
        assert!(range.end <= count);
        assert!(task.folded.entries().len() >= count + PADDING);
        assert!(task.folded.starts.len() >= count + PADDING);
        assert!(task.filter.len().is_power_of_two() && task.filter.len() > 1);
        // SAFETY: as above.
        unsafe { pick(task, range, picks) }
    }
}

/// Tokens of one step of `hear`, each with the four lanes of its row.
const HEARD: usize = LANES / SLOTS;
const SLOTS: usize = PLANES + 1;
const _: () = assert!(sound::PADDING >= HEARD + 2);

/// # Safety
///
/// The processor has the instructions, the rows of the tokens go on for
/// `sound::PADDING` behind the last, and the filter has 2^n words.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
#[target_feature(enable = "bmi1,bmi2,popcnt")]
unsafe fn hear(filter: &[u32], tokens: &Tokens, asked: &mut Vec<(u32, u8)>) {
    let rows = tokens.rows.as_ptr();
    let shift = splat(sound::word_shift(filter.len()));
    let seeds = std::array::from_fn(|lane| sound::SEEDS[lane % SLOTS]);
    let seeds = words(&seeds);
    let letters = splat(u32::from(INITIAL));
    let mut at = 0;
    // Breaks follow the last token: no key begins at the last two.
    while at < tokens.count {
        // SAFETY: `at + HEARD + 2` rows are within the padded array.
        let load = |n: usize| unsafe {
            let row = _mm256_loadu_si256(rows.add(at + n).cast());
            _mm512_cvtepu16_epi32(row)
        };
        let (a, b, c) = (load(0), load(1), load(2));
        let some = |of| _mm512_test_epi32_mask(of, of);
        let other = |of| {
            let first = _mm512_shuffle_epi32::<0b00_10_01_00>(of);
            _mm512_cmpneq_epi32_mask(of, first)
        };
        let lanes = some(a) & some(b) & some(c);
        let lanes = lanes & (!SECOND_LANE | other(a) | other(b) | other(c));
        if lanes != 0 {
            let pair = _mm512_or_si512(a, _mm512_slli_epi32::<16>(b));
            let two = _mm512_rol_epi32::<16>(times(pair, MIX[0]));
            let three = times(_mm512_xor_si512(two, c), MIX[1]);
            let hash = _mm512_xor_si512(three, seeds);
            let slot = _mm512_srlv_epi32(hash, shift);
            let table = filter.as_ptr().cast();
            // SAFETY: the shift leaves numbers below the length.
            let word = unsafe {
                let zero = _mm512_setzero_si512();
                _mm512_mask_i32gather_epi32::<4>(zero, lanes, slot, table)
            };
            let from = times(hash, MIX[2]);
            let [x, y, z] = sound::BITS;
            let bits = _mm512_or_si512(bits_of(from, [x, y]), bit_at(from, z));
            let mut pass = have(lanes, word, bits);
            if tokens.initials {
                let is = |of| _mm512_cmpge_epu32_mask(of, letters);
                let sound = FIRST_LANE | SECOND_LANE;
                pass |= lanes & sound & (is(a) | is(b) | is(c));
            }
            while pass != 0 {
                let lane = int::to_usize(pass.trailing_zeros());
                let token = int::to_u32(at + lane / SLOTS);
                let lane = int::to_u32(lane % SLOTS);
                asked.push((token, int::low_byte(lane)));
                pass &= pass - 1;
            }
        }
        at += HEARD;
    }
}

/// The lanes of sound in a step of `hear`, by first and by second readings.
const FIRST_LANE: __mmask16 = 0x1111;
const SECOND_LANE: __mmask16 = FIRST_LANE << SECOND;

/// What stands where in a step, and the hash that goes with it.
struct Step<'a> {
    /// Runs between the first of the range and that of the step.
    run: u32,
    picks: &'a mut Picks,
}

/// Anchors that may stand at one run: a single class, and of two, three, four
/// and five.
const PICKS_MAX: usize = 5;

/// # Safety
///
/// The processor has the instructions, and the entries go on for `PADDING`
/// behind the last run.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
#[target_feature(enable = "bmi1,bmi2,popcnt")]
unsafe fn pick(task: &Task<'_>, range: Range<usize>, picks: &mut Picks) {
    let entries = task.folded.entries().as_ptr();
    let starts = task.folded.starts.as_ptr();
    let marks = Marks::of(task.phase);
    let has =
        |lanes: __m512i, mark: u32| _mm512_test_epi32_mask(lanes, splat(mark));
    // Room for all that the steps may add, and for one store more.
    picks.all.reserve(range.len() * PICKS_MAX + LANES);
    let mut run = range.start;
    while run < range.end {
        // SAFETY: `run + LANES + 4` entries are within the padded array.
        let load = |n: usize| unsafe {
            _mm512_loadu_si512(entries.add(run + n).cast())
        };
        let inside = match range.end - run {
            left if left < LANES => first_lanes(int::to_u32(left)),
            _ => !0,
        };
        let (a, b, c) = (load(0), load(1), load(2));
        let part =
            has(a, marks.first) & has(b, marks.second) & has(c, marks.third);
        let two = has(a, marks.first_of_two) & has(b, marks.second_of_two);
        let both = has(_mm512_and_si512(a, b), mark::NARROW) & inside;
        let rest = !both & inside;
        let mut single = has(a, marks.single) & inside;
        if single != 0 {
            // SAFETY: as many starts can be read as entries, and one more.
            let start = |n: usize| unsafe {
                _mm512_loadu_si512(starts.add(run + n).cast())
            };
            let len = _mm512_sub_epi32(start(1), start(0));
            let least = row_of(task.singles, a);
            let opens = _mm512_testn_epi32_mask(least, splat(OPEN))
                | _mm512_testn_epi32_mask(a, splat(INSIDE));
            let least = _mm512_andnot_si512(splat(OPEN), least);
            let fits = opens & _mm512_cmpge_epu32_mask(len, least);
            let wide = _mm512_cmpge_epu32_mask(len, splat(task.wide_singles));
            let narrow = has(a, mark::NARROW);
            single &= (fits & narrow) | (wide & !narrow);
        }
        let place = int::to_u32(run - range.start);
        let mut step = Step { run: place, picks };
        if (part | two) & rest != 0 {
            // SAFETY: the filter is `task.filter`, a power of two words.
            unsafe { step.wide(task, [a, b, c], part & rest, two & rest) };
        }
        if single != 0 {
            step.add(What::SINGLE, single, _mm512_setzero_si512());
        }
        if both != 0 {
            let (d, e) = (load(3), load(4));
            // SAFETY: as above.
            unsafe { step.narrow(task, both, [a, b, c, d, e]) };
        }
        run += LANES;
    }
}

impl Step<'_> {
    #[inline]
    #[target_feature(enable = "avx512f,bmi1")]
    fn add(&mut self, what: What, lanes: __mmask16, hashes: __m512i) {
        if lanes == 0 {
            return;
        }
        let count = int::to_usize(_cvtmask16_u32(lanes).count_ones());
        let first = splat(self.run | what.0 << PLACE_BITS);
        let places = _mm512_add_epi32(words(&IOTA), first);
        let places = _mm512_maskz_compress_epi32(lanes, places);
        let hashes = _mm512_maskz_compress_epi32(lanes, hashes);
        let list = &mut self.picks.all;
        let len = list.len();
        assert!(list.capacity() - len >= LANES);
        for (half, from) in PAIRS.iter().enumerate() {
            let both = _mm512_permutex2var_epi32(hashes, words(from), places);
            // SAFETY: there is room for two registers behind the length.
            unsafe {
                let end = list.as_mut_ptr().add(len + half * LANES / 2);
                _mm512_storeu_si512(end.cast(), both);
            }
        }
        // SAFETY: the first `count` of them are written, 16 at most.
        unsafe { list.set_len(len + count) };
    }

    /// Wide anchors that the filter knows.
    ///
    /// # Safety
    ///
    /// The processor has the instructions, and the filter has 2^n words.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
    #[target_feature(enable = "bmi1,bmi2,popcnt")]
    unsafe fn wide(
        &mut self,
        task: &Task<'_>,
        [a, b, c]: [__m512i; 3],
        part: __mmask16,
        two: __mmask16,
    ) {
        let pair = hash_of_two(a, b);
        let three = mix(pair, c, MIX[1]);
        // SAFETY: the caller's promise.
        let word = unsafe { filter_words(task, part | two, pair) };
        let whole = bits_of(times(pair, MIX[0]), [27, 22]);
        let more = _mm512_or_si512(bits_of(three, [17, 12]), bit_at(three, 7));
        self.add(What::TWO, have(two, word, whole), pair);
        self.add(What::AROUND, have(part, word, more), pair);
    }

    /// Anchors whose first two classes are narrow.
    ///
    /// # Safety
    ///
    /// As for `wide`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2")]
    #[target_feature(enable = "bmi1,bmi2,popcnt")]
    unsafe fn narrow(
        &mut self,
        task: &Task<'_>,
        lanes: __mmask16,
        [a, b, c, d, e]: [__m512i; 5],
    ) {
        // Bit 0 says whether the pair is in the table.
        let holds = |pair: Pair, a: __m512i, b: __m512i| {
            let (start, _) = pair.place(0, 0);
            let rows = task.pairs[start..].first_chunk::<32>();
            let row = row_of(rows.unwrap_or(&[0; 32]), a);
            _mm512_srlv_epi32(row, _mm512_and_si512(b, splat(31)))
        };
        let and = _mm512_and_si512;
        let some = |bits| _mm512_mask_test_epi32_mask(lanes, bits, splat(1));
        let open = _mm512_testn_epi32_mask(a, splat(INSIDE));
        let long = some(and(
            and(holds(Pair::Long, a, b), holds(Pair::Long2, b, c)),
            and(holds(Pair::Long3, c, d), holds(Pair::Long4, d, e)),
        ));
        let inner_two = some(holds(Pair::InnerTwo, a, b));
        let two = open & some(holds(Pair::Two, a, b)) & !inner_two;
        let word = open
            & some(and(holds(Pair::Word, a, b), holds(Pair::Word2, b, c)));
        let inner =
            some(and(holds(Pair::Inner, a, b), holds(Pair::Inner2, b, c)));
        if long | word | inner | inner_two | two == 0 {
            return;
        }
        let pair = hash_of_two(a, b);
        self.add(What::TWO, inner_two, pair);
        self.add(What::TWO_AS_WORD, two, pair);
        let asking = long | word | inner;
        if asking == 0 {
            return;
        }
        let three = mix(pair, c, MIX[1]);
        let four = mix(three, d, MIX[2]);
        if long != 0 {
            let five = mix(four, e, MIX[3]);
            let mixed = times(five, MIX[1]);
            let part =
                _mm512_or_si512(bits_of(mixed, [27, 22]), bit_at(mixed, 17));
            // SAFETY: the caller's promise.
            let of = unsafe { filter_words(task, long, five) };
            self.add(What::AROUND_FIVE, have(long, of, part), five);
        }
        if word | inner == 0 {
            return;
        }
        let lengths = [
            (three, What::THREE, What::THREE_AS_WORD),
            (four, What::FOUR, What::FOUR_AS_WORD),
        ];
        for (hash, what, as_word) in lengths {
            // SAFETY: as above.
            let of = unsafe { filter_words(task, word | inner, hash) };
            let mixed = times(hash, MIX[0]);
            let whole = have(inner, of, bits_of(mixed, [27, 22]));
            let apart = have(word & !whole, of, bits_of(mixed, [17, 12]));
            self.add(what, whole, hash);
            self.add(as_word, apart, hash);
        }
    }
}

/// The rows of a table that the low five bits choose.
#[inline]
#[target_feature(enable = "avx512f")]
fn row_of(table: &[u32; 2 * LANES], classes: __m512i) -> __m512i {
    let (low, high) = table.split_at(LANES);
    let low = words(low.first_chunk().unwrap_or(&[0; LANES]));
    let high = words(high.first_chunk().unwrap_or(&[0; LANES]));
    _mm512_permutex2var_epi32(low, classes, high)
}

/// The words of the filter that the high bits of the hashes choose.
///
/// # Safety
///
/// The filter has 2^n words.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn filter_words(
    task: &Task<'_>,
    lanes: __mmask16,
    hash: __m512i,
) -> __m512i {
    let slot = _mm512_srlv_epi32(hash, splat(task.shift()));
    let filter = task.filter.as_ptr().cast();
    // SAFETY: the shift leaves numbers below the length of the filter.
    unsafe {
        _mm512_mask_i32gather_epi32::<4>(
            _mm512_setzero_si512(),
            lanes,
            slot,
            filter,
        )
    }
}

/// The hash of two classes, see `Hashes`.
#[inline]
#[target_feature(enable = "avx512f")]
fn hash_of_two(a: __m512i, b: __m512i) -> __m512i {
    let class = |entries| _mm512_and_si512(entries, splat(CLASS));
    let high = _mm512_slli_epi32::<16>(class(b));
    times(_mm512_or_si512(class(a), high), MIX[0])
}

/// The same with one more class.
#[inline]
#[target_feature(enable = "avx512f")]
fn mix(hash: __m512i, entries: __m512i, by: u32) -> __m512i {
    let class = _mm512_and_si512(entries, splat(CLASS));
    times(_mm512_xor_si512(_mm512_rol_epi32::<16>(hash), class), by)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn times(hash: __m512i, by: u32) -> __m512i {
    _mm512_mullo_epi32(hash, splat(by))
}

/// One bit: the one that five bits of the hash from `from` on name.
#[inline]
#[target_feature(enable = "avx512f")]
fn bit_at(hash: __m512i, from: u32) -> __m512i {
    let place = _mm512_srlv_epi32(hash, splat(from));
    _mm512_sllv_epi32(splat(1), _mm512_and_si512(place, splat(31)))
}

/// Two of them.
#[inline]
#[target_feature(enable = "avx512f")]
fn bits_of(hash: __m512i, from: [u32; 2]) -> __m512i {
    _mm512_or_si512(bit_at(hash, from[0]), bit_at(hash, from[1]))
}

/// The lanes whose word has all the bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn have(lanes: __mmask16, word: __m512i, bits: __m512i) -> __mmask16 {
    let found = _mm512_and_si512(word, bits);
    _mm512_mask_cmpeq_epi32_mask(lanes, found, bits)
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn splat(value: u32) -> __m512i {
    _mm512_set1_epi32(int::bits(value))
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn lanes_of(words: __m512i) -> [u32; LANES] {
    let mut all = [0; LANES];
    // SAFETY: the array has the size of the register.
    unsafe { _mm512_storeu_si512(all.as_mut_ptr().cast(), words) };
    all
}

#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn words(of: &[u32; LANES]) -> __m512i {
    // SAFETY: the array has the size of the register.
    unsafe { _mm512_loadu_si512(of.as_ptr().cast()) }
}

/// The first so many lanes, 16 at most.
#[inline]
pub(super) fn first_lanes(count: u32) -> __mmask16 {
    low((1 << count) - 1)
}

#[inline]
pub(super) fn low(bits: u32) -> u16 {
    int::low16(bits)
}
