//! Searching with AVX2, eight runs at a time, and the look for what needs
//! decoding, 32 bytes at a time. What makes the unsafe code sound is said at
//! each place. Same result as the portable loops (`tests/engines.rs` compares
//! them).

use std::arch::x86_64::{
    __m256, __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_blendv_ps,
    _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmpeq_epi8,
    _mm256_cmpeq_epi32, _mm256_cmpgt_epi32, _mm256_cvtepu16_epi32,
    _mm256_i32gather_epi32, _mm256_loadu_si256, _mm256_max_epu8,
    _mm256_min_epu8, _mm256_movemask_epi8, _mm256_movemask_ps,
    _mm256_mullo_epi32, _mm256_or_si256, _mm256_permutevar8x32_epi32,
    _mm256_set1_epi8, _mm256_set1_epi32, _mm256_setzero_si256,
    _mm256_shuffle_epi32, _mm256_slli_epi32, _mm256_sllv_epi32,
    _mm256_srli_epi32, _mm256_srlv_epi32, _mm256_storeu_si256,
    _mm256_sub_epi8, _mm256_xor_si256,
};
use std::ops::Range;

use super::folded::{CLASS, INSIDE, PADDING};
use super::sieve::{MIX, Marks, Pair, Pick, Picks, Task, What};
use super::sound::{self, Tokens};
use crate::base::int;
use crate::fold::mark;
use crate::fold::sound::{INITIAL, SECOND};
use crate::image::NARROW_WORDS;

/// Runs of one step.
const LANES: usize = 8;
// A step reads four entries behind its last run.
const _: () = assert!(PADDING >= LANES + 5);
/// The mask of all lanes.
const ALL: u32 = (1 << LANES) - 1;

/// Proof that the processor has AVX2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2(());

impl Avx2 {
    pub fn detect() -> Option<Avx2> {
        is_x86_feature_detected!("avx2").then_some(Avx2(()))
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
        assert!(task.filter.len().is_power_of_two() && task.filter.len() > 1);
        // SAFETY: `Avx2` exists only where the processor has the
        // instructions; the asserts above are the lengths that `pick`
        // relies on.
        unsafe { pick(task, range, picks) }
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

    /// `fold::is_promising`, or yes more often.
    pub fn is_promising(self, bytes: &[u8]) -> bool {
        // SAFETY: as above; nothing else is asked for.
        unsafe { is_promising(bytes) }
    }
}

/// Tokens of one step of `hear`, each with the four lanes of its row.
const HEARD: usize = 2;
const _: () = assert!(sound::PADDING >= HEARD + 2);
/// The lanes of sound in a step of `hear`, by first and by second readings.
const FIRST_LANE: u32 = 0x11;
const SECOND_LANE: u32 = FIRST_LANE << SECOND;

/// # Safety
///
/// The processor has AVX2, the rows of the tokens go on for
/// `sound::PADDING` behind the last, and the filter has 2^n words.
#[target_feature(enable = "avx2")]
unsafe fn hear(filter: &[u32], tokens: &Tokens, asked: &mut Vec<(u32, u8)>) {
    let rows = tokens.rows.as_ptr();
    let shift = splat(sound::word_shift(filter.len()));
    let seeds: [u32; LANES] =
        std::array::from_fn(|lane| sound::SEEDS[lane % SLOTS]);
    // SAFETY: the array has the size of the register.
    let seeds = unsafe { words(seeds.as_ptr()) };
    let below_letters = splat(u32::from(INITIAL) - 1);
    let mut at = 0;
    // Breaks follow the last token: no key begins at the last two.
    while at < tokens.count {
        // SAFETY: `at + HEARD + 2` rows are within the padded array.
        let load = |n: usize| unsafe {
            let row = _mm_loadu_si128(rows.add(at + n).cast());
            _mm256_cvtepu16_epi32(row)
        };
        let (a, b, c) = (load(0), load(1), load(2));
        let some = |of| !bits(lacks(of, u32::MAX)) & ALL;
        let other = |of| {
            let first = _mm256_shuffle_epi32::<0b00_10_01_00>(of);
            !bits(_mm256_cmpeq_epi32(of, first)) & ALL
        };
        let mask = some(a) & some(b) & some(c);
        let mask = mask & (!SECOND_LANE | other(a) | other(b) | other(c));
        if mask != 0 {
            let pair = _mm256_or_si256(a, _mm256_slli_epi32::<16>(b));
            let two = turned(times(pair, MIX[0]));
            let three = times(_mm256_xor_si256(two, c), MIX[1]);
            let hash = _mm256_xor_si256(three, seeds);
            let slot = _mm256_srlv_epi32(hash, shift);
            let table = filter.as_ptr().cast();
            // SAFETY: the shift leaves numbers below the length.
            let word = unsafe { _mm256_i32gather_epi32::<4>(table, slot) };
            let from = times(hash, MIX[2]);
            let [x, y, z] = sound::BITS;
            let wanted =
                _mm256_or_si256(bits_of(from, [x, y]), bit_at(from, z));
            let mut pass = mask & have(word, wanted);
            if tokens.initials {
                let is = |of| bits(_mm256_cmpgt_epi32(of, below_letters));
                let sound = FIRST_LANE | SECOND_LANE;
                pass |= mask & sound & (is(a) | is(b) | is(c));
            }
            for lane in lanes(pass) {
                let token = int::to_u32(at + lane / SLOTS);
                let lane = int::to_u32(lane % SLOTS);
                asked.push((token, int::low_byte(lane)));
            }
        }
        at += HEARD;
    }
}

/// Lanes of a token.
const SLOTS: usize = LANES / HEARD;

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
/// The processor has AVX2, the entries go on for `PADDING` behind the last
/// run, and the filter has 2^n words.
#[target_feature(enable = "avx2")]
unsafe fn pick(task: &Task<'_>, range: Range<usize>, picks: &mut Picks) {
    let entries = task.folded.entries();
    let marks = Marks::of(task.phase);
    let mut run = range.start;
    while run < range.end {
        // SAFETY: `run + LANES + 4` entries are within the padded array.
        let load = |n: usize| unsafe { words(entries.as_ptr().add(run + n)) };
        let (a, b, c) = (load(0), load(1), load(2));
        let part = _mm256_or_si256(
            _mm256_or_si256(lacks(a, marks.first), lacks(b, marks.second)),
            lacks(c, marks.third),
        );
        let two = _mm256_or_si256(
            lacks(a, marks.first_of_two),
            lacks(b, marks.second_of_two),
        );
        let inside = match range.end - run {
            left if left < LANES => (1 << left) - 1,
            _ => ALL,
        };
        let both = !bits(lacks(_mm256_and_si256(a, b), mark::NARROW)) & inside;
        let rest = !both & inside;
        let (part, two) = (!bits(part) & rest, !bits(two) & rest);
        let mut step = Step { task, first: range.start, run, picks };
        for lane in lanes(!bits(lacks(a, marks.single)) & inside) {
            task.single(range.start, run + lane, step.picks);
        }
        if part | two != 0 {
            // SAFETY: the filter has 2^n words.
            unsafe { step.wide([a, b, c], part, two) };
        }
        if both != 0 {
            // SAFETY: as above.
            unsafe { step.narrow(both, [a, b, c, load(3), load(4)]) };
        }
        run += LANES;
    }
}

/// Eight runs, and where their picks go.
struct Step<'a, 'i> {
    task: &'a Task<'i>,
    /// The first run of the range, and that of the step.
    first: usize,
    run: usize,
    picks: &'a mut Picks,
}

impl Step<'_, '_> {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn add(&mut self, what: What, mask: u32, hashes: __m256i) {
        if mask == 0 {
            return;
        }
        let mut all = [0u32; LANES];
        // SAFETY: the array has the size of the register.
        unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), hashes) };
        for lane in lanes(mask) {
            let run = int::to_u32(self.run + lane - self.first);
            self.picks.push(Pick { run, what, hash: all[lane] });
        }
    }

    /// Wide anchors that the filter knows.
    ///
    /// # Safety
    ///
    /// The processor has AVX2, and the filter has 2^n words.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn wide(&mut self, [a, b, c]: [__m256i; 3], part: u32, two: u32) {
        let pair = hash_of_two(a, b);
        let three = mix(pair, c, MIX[1]);
        // SAFETY: the caller's promise.
        let word = unsafe { filter_words(self.task, pair) };
        let whole = bits_of(times(pair, MIX[0]), [27, 22]);
        let more = _mm256_or_si256(bits_of(three, [17, 12]), bit_at(three, 7));
        self.add(What::TWO, two & have(word, whole), pair);
        self.add(What::AROUND, part & have(word, more), pair);
    }

    /// Anchors whose first two classes are narrow.
    ///
    /// # Safety
    ///
    /// As for `wide`.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn narrow(&mut self, both: u32, all: [__m256i; 5]) {
        let [a, b, c, d, e] = all;
        let Pairs { long, word, inner, two, inner_two } =
            Pairs::of(self.task.pairs, both, all);
        if long | word | inner | two | inner_two == 0 {
            return;
        }
        let pair = hash_of_two(a, b);
        self.add(What::TWO, inner_two, pair);
        self.add(What::TWO_AS_WORD, two & !inner_two, pair);
        if long | word | inner == 0 {
            return;
        }
        let three = mix(pair, c, MIX[1]);
        let four = mix(three, d, MIX[2]);
        if long != 0 {
            let five = mix(four, e, MIX[3]);
            let mixed = times(five, MIX[1]);
            let part =
                _mm256_or_si256(bits_of(mixed, [27, 22]), bit_at(mixed, 17));
            // SAFETY: the caller's promise.
            let of = unsafe { filter_words(self.task, five) };
            self.add(What::AROUND_FIVE, long & have(of, part), five);
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
            let of = unsafe { filter_words(self.task, hash) };
            let mixed = times(hash, MIX[0]);
            let whole = inner & have(of, bits_of(mixed, [27, 22]));
            let apart = word & !whole & have(of, bits_of(mixed, [17, 12]));
            self.add(what, whole, hash);
            self.add(as_word, apart, hash);
        }
    }
}

/// The lanes whose pairs of narrow classes are in the tables.
struct Pairs {
    long: u32,
    word: u32,
    inner: u32,
    two: u32,
    inner_two: u32,
}

impl Pairs {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn of(
        pairs: &[u32; NARROW_WORDS],
        both: u32,
        [a, b, c, d, e]: [__m256i; 5],
    ) -> Pairs {
        let row = |classes: __m256i| Row {
            classes,
            bit_3: _mm256_castsi256_ps(_mm256_slli_epi32::<28>(classes)),
            bit_4: _mm256_castsi256_ps(_mm256_slli_epi32::<27>(classes)),
        };
        let column = |classes| _mm256_and_si256(classes, splat(31));
        let (of_a, of_b) = (row(a), row(b));
        let (in_b, in_c) = (column(b), column(c));
        // The lowest bit says whether the pair is in the table.
        let holds = |pair: Pair, row: &Row, column: __m256i| {
            let (start, _) = pair.place(0, 0);
            let table = pairs[start..].first_chunk().unwrap_or(&[0; 32]);
            _mm256_srlv_epi32(row.of(table), column)
        };
        let and = |a, b| _mm256_and_si256(a, b);
        let some = |lowest| both & bits(_mm256_slli_epi32::<31>(lowest));
        let open = bits(lacks(a, INSIDE));
        let begin = and(
            holds(Pair::Long, &of_a, in_b),
            holds(Pair::Long2, &of_b, in_c),
        );
        let go_on = and(
            holds(Pair::Long3, &row(c), column(d)),
            holds(Pair::Long4, &row(d), column(e)),
        );
        let word = and(
            holds(Pair::Word, &of_a, in_b),
            holds(Pair::Word2, &of_b, in_c),
        );
        let inner = and(
            holds(Pair::Inner, &of_a, in_b),
            holds(Pair::Inner2, &of_b, in_c),
        );
        Pairs {
            long: some(and(begin, go_on)),
            word: some(word) & open,
            inner: some(inner),
            two: some(holds(Pair::Two, &of_a, in_b)) & open,
            inner_two: some(holds(Pair::InnerTwo, &of_a, in_b)),
        }
    }
}

/// Classes that choose a row of a table each, by their low five bits.
struct Row {
    classes: __m256i,
    /// The fourth and the fifth of these bits, as signs.
    bit_3: __m256,
    bit_4: __m256,
}

impl Row {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn of(&self, table: &[u32; 32]) -> __m256i {
        let part = |from: usize| {
            // SAFETY: a quarter of the table has the size of a register.
            let quarter = unsafe { words(table[from..].as_ptr()) };
            let rows = _mm256_permutevar8x32_epi32(quarter, self.classes);
            _mm256_castsi256_ps(rows)
        };
        let low = _mm256_blendv_ps(part(0), part(8), self.bit_3);
        let high = _mm256_blendv_ps(part(16), part(24), self.bit_3);
        _mm256_castps_si256(_mm256_blendv_ps(low, high, self.bit_4))
    }
}

/// The words of the filter that the high bits of the hashes choose.
///
/// # Safety
///
/// The processor has AVX2, and the filter has 2^n words.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn filter_words(task: &Task<'_>, hash: __m256i) -> __m256i {
    let slot = _mm256_srlv_epi32(hash, splat(task.shift()));
    // SAFETY: the shift leaves numbers below the length of the filter.
    unsafe { _mm256_i32gather_epi32::<4>(task.filter.as_ptr().cast(), slot) }
}

/// The hash of two classes, see `Hashes`.
#[inline]
#[target_feature(enable = "avx2")]
fn hash_of_two(a: __m256i, b: __m256i) -> __m256i {
    let class = |entries| _mm256_and_si256(entries, splat(CLASS));
    let high = _mm256_slli_epi32::<16>(class(b));
    times(_mm256_or_si256(class(a), high), MIX[0])
}

/// The same with one more class.
#[inline]
#[target_feature(enable = "avx2")]
fn mix(hash: __m256i, entries: __m256i, by: u32) -> __m256i {
    let class = _mm256_and_si256(entries, splat(CLASS));
    times(_mm256_xor_si256(turned(hash), class), by)
}

/// Rotated by half.
#[inline]
#[target_feature(enable = "avx2")]
fn turned(hash: __m256i) -> __m256i {
    let (high, low) =
        (_mm256_slli_epi32::<16>(hash), _mm256_srli_epi32::<16>(hash));
    _mm256_or_si256(high, low)
}

#[inline]
#[target_feature(enable = "avx2")]
fn times(hash: __m256i, by: u32) -> __m256i {
    _mm256_mullo_epi32(hash, splat(by))
}

/// One bit: the one that five bits of the hash from `from` on name.
#[inline]
#[target_feature(enable = "avx2")]
fn bit_at(hash: __m256i, from: u32) -> __m256i {
    let place = _mm256_srlv_epi32(hash, splat(from));
    _mm256_sllv_epi32(splat(1), _mm256_and_si256(place, splat(31)))
}

/// Two of them.
#[inline]
#[target_feature(enable = "avx2")]
fn bits_of(hash: __m256i, from: [u32; 2]) -> __m256i {
    _mm256_or_si256(bit_at(hash, from[0]), bit_at(hash, from[1]))
}

/// The lanes whose word has all the bits.
#[inline]
#[target_feature(enable = "avx2")]
fn have(word: __m256i, wanted: __m256i) -> u32 {
    bits(_mm256_cmpeq_epi32(_mm256_and_si256(word, wanted), wanted))
}

/// The lanes of a mask.
fn lanes(mut mask: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lane = (mask != 0).then(|| int::to_usize(mask.trailing_zeros()));
        mask &= mask.wrapping_sub(1);
        lane
    })
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
