//! The search of the sound plane. In: a text as a sequence of sounds and
//! shapes; out: places where a term may stand whose characters were replaced
//! by others that sound or look like them. Decides nothing: `hear` walks the
//! text as `walk` does.
//!
//! Each Han character of a text is a token with three classes (`fold::sound`);
//! a typed syllable beside Han is a token with the class of its sound, a
//! lone Latin letter stands for any syllable that begins with it. Separators
//! leave no trace. A term has one **anchor**: three neighbouring Han, where
//! their sounds are rarest. The keys of an anchor are
//!
//! - its three sounds, for each combination of readings,
//! - its three families and its three glyphs (shapes),
//! - two sounds and a Latin letter, at each of the three places.
//!
//! At each token of the text the keys of the three that begin here are looked
//! up, one for each plane and one more where some character has a second
//! reading: a blocked Bloom filter ends nearly all of them
//! (the loop that asks it is vectorised, `avx512` and `avx2`), then the bucket
//! of the key lists terms and places. Keys with a Latin letter skip the
//! filter: texts seldom have one.
//!
//! A term by its first letters is a whole word in Latin letters, looked up as
//! such, and only in texts that are not all ASCII: there are too many words
//! of three letters to look for each of them in every English text.
//!
//! Worked example: 加微信 has the keys (jia wei xin), (加 微 信 as shapes),
//! (j wei xin), (jia w xin), (jia wei x). The text 佳薇信 has the first key,
//! 伽徽信 the second, 加v信 the fourth.

use std::collections::HashMap;
use std::ops::Range;

use super::sieve::{GOLDEN, MIX, Simd, touch};
use super::{Folded, Phase};
use crate::base::int;
use crate::fold::letter;
use crate::fold::sound::{self, BREAK, Classes, PLANES, Row, SECOND};
use crate::image::{ImageView, Pattern, PatternRow, SoundParts, SoundView};

/// Tokens of an anchor.
const ANCHOR: usize = 3;
/// Readings of one character that get keys of their own.
const READINGS_MAX: usize = 3;
/// Latin letters of a run that are read as first letters.
const INITIALS_MAX: usize = 3;
/// Longest run of Latin letters that is read as syllables.
const SYLLABLES_BYTES_MAX: usize = 24;
/// Letters of a word that may be first letters.
const WORD_LETTERS: std::ops::RangeInclusive<usize> = 3..=9;
/// The plane of such words.
const WORDS: usize = PLANES;
/// The longest syllable: zhuang.
const SYLLABLE_BYTES_MAX: usize = 6;

/// Limits of the filter in 32-bit words; the ceiling is 4 MiB, which only some
/// million keys fill: what it lets pass in vain costs two reads of memory.
const FILTER_WORDS: (usize, usize) = (2, 1 << 20);
/// Bits of the filter for each key, of which three are set.
const FILTER_BITS: usize = 32;
const BUCKETS: (usize, usize) = (2, 1 << 20);

/// A text as sounds and shapes. Buffers are reused: what lies behind `count`
/// is left over from longer texts.
#[derive(Debug, Default)]
pub struct Tokens {
    pub(super) count: usize,
    /// Classes of each token, then at least [`PADDING`] breaks. Breaks keep
    /// neighbours apart.
    pub(super) rows: Vec<Row>,
    /// Byte where each token begins.
    starts: Vec<u32>,
    /// Some token is a lone Latin letter.
    pub(super) initials: bool,
    /// Words in Latin letters that may be first letters, with their places.
    words: Vec<(Key, u32)>,
}

/// Breaks behind the last token that a vector may read.
pub const PADDING: usize = 8;

/// A place where the anchor of a term stands: where the term would begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Heard {
    pub pattern: u32,
    pub start: u32,
}

impl Tokens {
    /// Reads a text that was folded with its code points
    /// ([`Mode::Codes`](super::folded::Mode); without them it has no tokens).
    /// Cost: one look-up for each character that leaves a trace.
    pub fn fill(&mut self, text: &str, folded: &Folded) {
        self.count = 0;
        self.initials = false;
        self.words.clear();
        let (codes, places) = folded.codes();
        if codes.is_empty() {
            return;
        }
        let room = text.len() + PADDING;
        if self.starts.len() < room {
            self.rows.resize(room, BREAK);
            self.starts.resize(room, 0);
        }
        let mut next = 0;
        while next < codes.len() {
            next += self.han(&codes[next..], &places[next..]);
            let Some(at) = places.get(next) else { break };
            let end = int::to_u32(self.other(text, int::to_usize(*at)));
            while places.get(next).is_some_and(|place| *place < end) {
                next += 1;
            }
        }
        let count = self.count;
        self.rows[count..count + PADDING].fill(BREAK);
    }

    /// Reads Han; gives how many.
    fn han(&mut self, codes: &[u16], places: &[u32]) -> usize {
        let tables = Classes::get();
        let rows = self.rows[self.count..].iter_mut();
        let starts = self.starts[self.count..].iter_mut();
        let mut count = 0;
        for (((code, place), row), start) in
            codes.iter().zip(places).zip(rows).zip(starts)
        {
            let found = tables.of_code(u32::from(*code));
            *row = *found;
            *start = *place;
            if found[0] == 0 {
                break;
            }
            count += 1;
        }
        self.count += count;
        count
    }

    /// Reads ASCII from `at` on; gives where it goes on.
    fn ascii(&mut self, text: &str, at: usize) -> usize {
        let bytes = text.as_bytes();
        let mut end = at;
        if !bytes[at].is_ascii_alphabetic() {
            if bytes[at].is_ascii_digit() {
                self.push(BREAK, at);
            }
            return at + 1;
        }
        while end < bytes.len() && bytes[end].is_ascii_alphabetic() {
            end += 1;
        }
        let word = &bytes[at..end];
        if WORD_LETTERS.contains(&word.len()) {
            let lower = word.iter().map(u8::to_ascii_lowercase);
            self.words.push((word_key(lower), int::to_u32(at)));
        }
        // Only beside Han may it be a disguise: elsewhere it is a word, and
        // words in Latin letters are spellings.
        let after = bytes.get(end).copied().unwrap_or(b' ');
        if end - at > SYLLABLES_BYTES_MAX || !self.follows() && after < 0x80 {
            self.push(BREAK, at);
            return end;
        }
        self.latin(text, at)
    }

    /// Reads what is not Han from `at` on; gives where it goes on.
    fn other(&mut self, text: &str, at: usize) -> usize {
        let Some(c) = text[at..].chars().next() else { return text.len() };
        if c.is_ascii() {
            return self.ascii(text, at);
        }
        if letter::canonical(c).is_ascii_alphabetic() {
            return self.latin(text, at);
        }
        self.push(BREAK, at);
        at + c.len_utf8()
    }

    /// A token takes a byte of the text at least, so there is room.
    #[inline]
    fn put(&mut self, classes: Row, at: usize) {
        self.rows[self.count] = classes;
        self.starts[self.count] = int::to_u32(at);
        self.count += 1;
    }

    fn push(&mut self, classes: Row, at: usize) {
        // Two breaks say no more than one.
        if classes != BREAK || self.follows() {
            self.put(classes, at);
        }
    }

    /// Whether the token before is no break.
    fn follows(&self) -> bool {
        self.count > 0 && self.rows[self.count - 1] != BREAK
    }

    /// Reads a run of Latin letters, which begins at `at`; gives its end.
    fn latin(&mut self, text: &str, at: usize) -> usize {
        let mut end = at;
        let mut plain = [0u8; SYLLABLES_BYTES_MAX];
        let mut places = [0u32; SYLLABLES_BYTES_MAX];
        let mut count = 0;
        for (offset, c) in text[at..].char_indices() {
            let folded = letter::canonical(c);
            if !folded.is_ascii_alphabetic() {
                break;
            }
            if count < plain.len() {
                plain[count] = int::low_byte(u32::from(folded));
                places[count] = int::to_u32(at + offset);
            }
            count += 1;
            end = at + offset + c.len_utf8();
        }
        let beside =
            self.follows() || text[end..].chars().next().is_some_and(is_wide);
        if count > plain.len() || !beside {
            self.push(BREAK, at);
            return end;
        }
        let plain = &plain[..count];
        if !text.as_bytes()[at].is_ascii() && WORD_LETTERS.contains(&count) {
            let key = word_key(plain.iter().copied());
            self.words.push((key, int::to_u32(at)));
        }
        let mut cuts = [0usize; SYLLABLES_BYTES_MAX];
        if count > 1
            && let Some(cut) = segment(plain, &mut cuts)
        {
            let mut from = 0;
            for &to in &cuts[..cut] {
                let name = std::str::from_utf8(&plain[from..to]);
                let class = name.ok().and_then(sound::typed).unwrap_or(0);
                let start = int::to_usize(places[from]);
                self.push([class, 0, 0, class], start);
                from = to;
            }
        } else if count <= INITIALS_MAX {
            for (byte, place) in plain.iter().zip(places) {
                let class = sound::initial(char::from(*byte)).unwrap_or(0);
                self.push([class, 0, 0, class], int::to_usize(place));
            }
            self.initials = true;
        } else {
            self.push(BREAK, at);
        }
        end
    }
}

fn is_wide(c: char) -> bool {
    Classes::get().of(c)[0] != 0
}

/// Cuts letters into syllables, long ones first; gives how many.
fn segment(letters: &[u8], cuts: &mut [usize]) -> Option<usize> {
    fn from(
        letters: &[u8],
        at: usize,
        cuts: &mut [usize],
        depth: usize,
    ) -> Option<usize> {
        if at == letters.len() {
            return Some(depth);
        }
        let longest = SYLLABLE_BYTES_MAX.min(letters.len() - at);
        for len in (1..=longest).rev() {
            let name = std::str::from_utf8(&letters[at..at + len]).ok()?;
            if sound::typed(name).is_some() {
                cuts[depth] = at + len;
                if let Some(all) = from(letters, at + len, cuts, depth + 1) {
                    return Some(all);
                }
            }
        }
        None
    }
    from(letters, 0, cuts, 0)
}

/// What a key is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// 0 is sound.
    plane: u8,
    classes: [u16; ANCHOR],
}

/// All of it as one number: what a hash map of keys asks.
impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.packed());
    }
}

impl Key {
    #[inline]
    fn packed(self) -> u64 {
        let [a, b, c] = self.classes.map(u64::from);
        a | b << 16 | c << 32 | u64::from(self.plane) << 48
    }

    #[inline]
    fn hash(self) -> u64 {
        self.packed().wrapping_mul(GOLDEN)
    }

    /// The word of a filter of 2^n words, from two, and a hash that says
    /// which bits of it.
    #[inline]
    fn place(self, shift: u32) -> (usize, u32) {
        let [a, b, c] = self.classes.map(u32::from);
        let two = (a | b << 16).wrapping_mul(MIX[0]);
        let three = (two.rotate_left(16) ^ c).wrapping_mul(MIX[1]);
        let hash = three ^ seed(usize::from(self.plane));
        (int::to_usize(hash >> shift), hash.wrapping_mul(MIX[2]))
    }

    /// Whether a filter may have seen the key.
    #[inline]
    fn is_known(self, filter: &[u32], shift: u32) -> bool {
        let (word, bits) = self.place(shift);
        let word = filter.get(word).copied().unwrap_or(0);
        BITS.iter().all(|from| word >> (bits >> from & 31) & 1 == 1)
    }

    fn has_initial(&self) -> bool {
        self.plane == 0 && self.classes.iter().any(|c| *c >= sound::INITIAL)
    }
}

/// Where the bits of a key in a word of the filter come from.
pub const BITS: [u32; 3] = [27, 22, 17];

/// The seed of each lane of a row.
pub const SEEDS: [u32; PLANES + 1] = [seed(0), seed(1), seed(2), seed(0)];
const _: () = assert!(SECOND == PLANES && PLANES == 3);

/// Tells the planes apart in the hash of the filter.
const fn seed(plane: usize) -> u32 {
    [0, MIX[0], MIX[1], MIX[2]][plane % (PLANES + 1)]
}

/// Shift that leaves the number of one of so many words.
pub fn word_shift(words: usize) -> u32 {
    32 - words.trailing_zeros()
}

/// The slot of a hash in a table of 2^n slots.
#[inline]
fn slot(hash: u64, slots: usize) -> usize {
    int::low_usize(hash >> (64 - slots.trailing_zeros()))
}

#[inline]
fn tag(hash: u64) -> u32 {
    int::low_u32(hash >> 16)
}

fn plane_number(plane: usize) -> u8 {
    int::low_byte(int::to_u32(plane))
}

/// Every key of an anchor.
fn keys(letters: [char; ANCHOR]) -> Vec<Key> {
    let sounds = letters.map(|c| {
        let mut all = sound::sounds(c);
        all.truncate(READINGS_MAX);
        all
    });
    let firsts = letters.map(|c| {
        let mut all: Vec<u16> = sound::readings(c)
            .filter_map(|name| sound::initial(name.chars().next()?))
            .collect();
        all.sort_unstable();
        all.dedup();
        all.truncate(READINGS_MAX);
        all
    });
    let mut all = Vec::new();
    let mut product = |of: [&[u16]; ANCHOR]| {
        for &a in of[0] {
            for &b in of[1] {
                for &c in of[2] {
                    all.push(Key { plane: 0, classes: [a, b, c] });
                }
            }
        }
    };
    let [a, b, c] = &sounds;
    let [x, y, z] = &firsts;
    product([a, b, c]);
    product([x, b, c]);
    product([a, y, c]);
    product([a, b, z]);
    for plane in 1..PLANES {
        let classes = letters.map(|c| Classes::get().of(c)[plane]);
        all.push(Key { plane: plane_number(plane), classes });
    }
    all
}

/// The key of a word in small Latin letters: five bits each.
fn word_key(letters: impl Iterator<Item = u8>) -> Key {
    let packed = letters
        .fold(0u64, |packed, byte| packed << 5 | u64::from(byte & 0x1F));
    let part = |shift: u32| int::low16(int::low_u32(packed >> shift));
    let classes = [part(0), part(16), part(32)];
    Key { plane: plane_number(WORDS), classes }
}

/// The word of a pattern of first letters.
fn pattern_key(letters: &[char]) -> Key {
    word_key(letters.iter().map(|c| int::low_byte(u32::from(*c))))
}

/// Han of a pattern and where its anchor may stand: all letters before it
/// are Han, so that tokens can be counted back.
fn places(letters: &[char]) -> Vec<usize> {
    let known = |c: &char| Classes::get().of(*c)[0] != 0;
    let heads = letters.iter().take_while(|c| known(c)).count();
    (0..=heads.saturating_sub(ANCHOR)).take(heads / ANCHOR * heads).collect()
}

/// Whether a spelling is looked for by sound: the term itself, from three
/// Han characters, without a word boundary.
pub fn is_heard(row: &PatternRow, letters: &[char]) -> bool {
    use crate::image::Gate;
    let plain = PatternRow::LEFT
        | PatternRow::RIGHT
        | PatternRow::REVERSED
        | PatternRow::SYMBOL
        | PatternRow::PINYIN
        | PatternRow::INITIALS;
    row.gate() == Gate::Free
        && row.folds == 0
        && row.replaced() == 0
        && !row.has(plain)
        && !places(letters).is_empty()
}

/// Builds the tables for patterns given as (number, letters), and for those
/// of first letters. `frequency` says how common a class of sound is.
pub fn build(
    patterns: &[(u32, Vec<char>)],
    words: &[(u32, Vec<char>)],
    frequency: &dyn Fn(u16) -> f64,
) -> SoundParts {
    // Key, pattern and place.
    let mut all: Vec<(u64, u32, u32)> = Vec::new();
    let mut filtered: Vec<Key> = Vec::new();
    for (number, letters) in patterns {
        let common = |at: &usize| -> f64 {
            letters[*at..at + ANCHOR]
                .iter()
                .map(|c| frequency(Classes::get().of(*c)[0]))
                .product()
        };
        let best = places(letters)
            .into_iter()
            .min_by(|a, b| common(a).total_cmp(&common(b)));
        let Some(place) = best else { continue };
        let anchor = [letters[place], letters[place + 1], letters[place + 2]];
        let mut own = keys(anchor);
        own.sort_unstable();
        own.dedup();
        for key in own {
            all.push((key.hash(), *number, int::to_u32(place)));
            if !key.has_initial() {
                filtered.push(key);
            }
        }
    }
    for (number, letters) in words {
        let key = pattern_key(letters);
        all.push((key.hash(), *number, 0));
        filtered.push(key);
    }
    let size = |count: usize, (least, most): (usize, usize)| {
        count.next_power_of_two().clamp(least, most)
    };
    let words = size(filtered.len() * FILTER_BITS / 32, FILTER_WORDS);
    let mut parts =
        SoundParts { filter: vec![0; words], ..SoundParts::default() };
    let shift = word_shift(words);
    for key in filtered {
        let (word, bits) = key.place(shift);
        for from in BITS {
            parts.filter[word] |= 1 << (bits >> from & 31);
        }
    }
    let buckets = size(all.len() / 2, BUCKETS);
    all.sort_unstable();
    let mut next = all.iter().peekable();
    parts.starts.push(0);
    for bucket in 0..buckets {
        while let Some((hash, pattern, place)) =
            next.next_if(|(hash, ..)| slot(*hash, buckets) == bucket)
        {
            parts.entries.push([tag(*hash), *pattern, *place]);
        }
        parts.starts.push(int::to_u32(parts.entries.len()));
    }
    parts
}

/// Work between the steps of a search: as in `fused`, each step asks one
/// table for all, so that the reads wait together.
#[derive(Debug, Default)]
pub struct Queues {
    /// Token and lane of keys that the filter knows.
    asked: Vec<(u32, u8)>,
    slots: Vec<Slots>,
}

/// The bucket of the key at a token.
#[derive(Debug)]
struct Slots {
    at: u32,
    tag: u32,
    range: Range<usize>,
}

/// Every place where the anchor of a pattern stands, by the tables.
pub fn candidates(
    simd: Simd,
    tables: &SoundView<'_>,
    tokens: &Tokens,
    queues: &mut Queues,
    out: &mut Vec<Heard>,
) {
    if tables.entries.is_empty() || tokens.is_empty() {
        return;
    }
    let Queues { asked, slots } = queues;
    asked.clear();
    match simd {
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512(avx512) => avx512.hear(tables.filter, tokens, asked),
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2(avx2) => avx2.hear(tables.filter, tokens, asked),
        _ => sieve(tables.filter, tokens, asked),
    }
    slots.clear();
    slots.extend(asked.iter().map(|&(at, lane)| {
        let hash = tokens.key(int::to_usize(at), usize::from(lane)).hash();
        let number = slot(hash, tables.starts.len() - 1);
        let range = tables.range(number);
        Slots { at, tag: tag(hash), range }
    }));
    touch(slots.iter().map(|slots| {
        let first = tables.entries.get(slots.range.start);
        first.map_or(0, |entry| entry[0])
    }));
    for Slots { at, tag, range } in slots.drain(..) {
        let entries = tables.entries.get(range).unwrap_or_default();
        for [_, pattern, place] in entries.iter().filter(|e| e[0] == tag) {
            let (at, place) = (int::to_usize(at), int::to_usize(*place));
            tokens.report(*pattern, at, place, out);
        }
    }
    let shift = word_shift(tables.filter.len());
    touch(tokens.words.iter().map(|(key, _)| {
        let (word, _) = key.place(shift);
        tables.filter.get(word).copied().unwrap_or(0)
    }));
    for (key, start) in &tokens.words {
        if key.is_known(tables.filter, shift) {
            for [_, pattern, _] in entries(tables, key.hash()) {
                out.push(Heard { pattern: *pattern, start: *start });
            }
        }
    }
}

/// The places and lanes whose keys the filter knows, or cannot know.
fn sieve(filter: &[u32], tokens: &Tokens, asked: &mut Vec<(u32, u8)>) {
    let shift = word_shift(filter.len());
    let rows = tokens.rows.get(..tokens.count).unwrap_or(&[]);
    for (at, three) in rows.windows(ANCHOR).enumerate() {
        let &[a, b, c] = three else { continue };
        // Without a sound there is no shape either.
        if a[0] == 0 || b[0] == 0 || c[0] == 0 {
            continue;
        }
        let lanes = if has_second([a, b, c]) { SECOND + 1 } else { PLANES };
        for lane in 0..lanes {
            let classes = [a[lane], b[lane], c[lane]];
            let key = Key { plane: plane_of(lane), classes };
            // With a sound there is a shape, but for typed syllables.
            if (key.is_known(filter, shift)
                || tokens.initials && key.has_initial())
                && !classes.contains(&0)
            {
                asked.push((int::to_u32(at), plane_number(lane)));
            }
        }
    }
}

/// Whether the second readings of three tokens are other than the first.
fn has_second(three: [Row; ANCHOR]) -> bool {
    three.iter().any(|row| row[0] != row[SECOND])
}

/// The plane of a lane of a row.
fn plane_of(lane: usize) -> u8 {
    if lane == SECOND { 0 } else { plane_number(lane) }
}

/// The entries of a key.
fn entries<'a>(
    tables: &SoundView<'a>,
    hash: u64,
) -> impl Iterator<Item = &'a [u32; 3]> {
    let number = slot(hash, tables.starts.len() - 1);
    let all = tables.bucket(number).iter();
    all.filter(move |entry| entry[0] == tag(hash))
}

impl Tokens {
    fn is_empty(&self) -> bool {
        self.count == 0 && self.words.is_empty()
    }

    /// The key of the three tokens from `at` on, in a lane of their rows.
    fn key(&self, at: usize, lane: usize) -> Key {
        let three = self.rows[at..].first_chunk().unwrap_or(&[BREAK; ANCHOR]);
        let classes = three.map(|row| row[lane]);
        Key { plane: plane_of(lane), classes }
    }

    fn report(
        &self,
        pattern: u32,
        at: usize,
        place: usize,
        out: &mut Vec<Heard>,
    ) {
        if let Some(first) = at.checked_sub(place) {
            out.push(Heard { pattern, start: self.starts[first] });
        }
    }
}

/// The search without filter and hashes: the oracle.
#[derive(Debug)]
pub struct Lookup {
    keys: Keys,
}

type Keys = HashMap<Key, Vec<(u32, usize)>, foldhash::fast::FixedState>;

impl Lookup {
    /// Makes the keys of every anchor again.
    pub fn new(view: &ImageView<'_>, phase: Phase) -> Lookup {
        let mut keys = Keys::default();
        let mut known: Vec<(u32, u32)> = view.sound[phase.index()]
            .entries
            .iter()
            .map(|[_, pattern, place]| (*pattern, *place))
            .collect();
        known.sort_unstable();
        known.dedup();
        for (number, place) in known {
            let pattern = view.pattern(int::to_usize(number));
            let letters = letters(pattern);
            if pattern.row.has(PatternRow::INITIALS) {
                let all = keys.entry(pattern_key(&letters)).or_default();
                all.push((number, 0));
                continue;
            }
            let place = int::to_usize(place);
            let Some(&[a, b, c]) = letters.get(place..place + ANCHOR) else {
                continue;
            };
            for key in self::keys([a, b, c]) {
                let all = keys.entry(key).or_default();
                if !all.contains(&(number, place)) {
                    all.push((number, place));
                }
            }
        }
        Lookup { keys }
    }

    pub fn candidates(&self, tokens: &Tokens, out: &mut Vec<Heard>) {
        for (key, start) in &tokens.words {
            for (pattern, _) in self.keys.get(key).into_iter().flatten() {
                out.push(Heard { pattern: *pattern, start: *start });
            }
        }
        for lane in 0..=PLANES {
            for at in 0..(tokens.count + 1).saturating_sub(ANCHOR) {
                let key = tokens.key(at, lane);
                let again =
                    lane == SECOND && key.classes == tokens.key(at, 0).classes;
                if again || key.classes.contains(&0) {
                    continue;
                }
                for (pattern, place) in
                    self.keys.get(&key).into_iter().flatten()
                {
                    tokens.report(*pattern, at, *place, out);
                }
            }
        }
    }
}

/// The letters of a pattern as characters.
pub fn letters(pattern: Pattern<'_>) -> Vec<char> {
    let all = pattern.letters.iter();
    all.map(|code| char::from_u32(*code).unwrap_or('\0')).collect()
}
