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
//! - its three families and its three corners (shapes),
//! - two sounds and a Latin letter, at each of the three places.
//!
//! At each token of the text the key of the three that begin here is looked
//! up: one bit of a filter ends nearly all of them, then the
//! bucket of the key lists terms and places. Keys with a Latin letter skip
//! the filter: texts seldom have one.
//!
//! A term by its first letters is a whole word in Latin letters, looked up as
//! such, and only in texts that are not all ASCII: there are too many words
//! of three letters to look for each of them in every English text.
//!
//! Worked example: 加微信 has the keys (jia wei xin), (加 微 信 as shapes),
//! (j wei xin), (jia w xin), (jia wei x). The text 佳薇信 has the first key,
//! 伽徽信 the second, 加v信 the fourth.

use std::collections::HashMap;

use super::Phase;
use crate::base::int;
use crate::fold::sound::{self, Classes, PLANES};
use crate::fold::{ClassView, Sym, letter};
use crate::image::{ImageView, Pattern, PatternRow, SoundParts, SoundView};

/// Odd multiplier of Fibonacci hashing (Knuth): 2^64 over the golden ratio.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
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

/// Limits of the filter in 64-bit words; the ceiling is 256 KiB.
const FILTER_WORDS: (usize, usize) = (2, 1 << 15);
/// Bits of the filter for each key.
const FILTER_BITS: usize = 48;
const BUCKETS: (usize, usize) = (2, 1 << 20);

/// A text as sounds and shapes. Buffers are reused: what lies behind `count`
/// is left over from longer texts.
#[derive(Debug, Default)]
pub struct Tokens {
    count: usize,
    /// Classes of each plane; zeros keep neighbours apart.
    planes: [Vec<u16>; PLANES],
    /// Byte where each token begins.
    starts: Vec<u32>,
    /// Some token is a lone Latin letter.
    initials: bool,
    /// Words in Latin letters that may be first letters, with their places.
    words: Vec<(Key, u32)>,
}

/// A place where the anchor of a term stands: where the term would begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Heard {
    pub pattern: u32,
    pub start: u32,
}

impl Tokens {
    /// Reads a text. Cost: one look-up for each character that is not ASCII.
    pub fn fill(&mut self, text: &str, classes: ClassView<'_>) {
        self.count = 0;
        self.initials = false;
        self.words.clear();
        if text.is_ascii() {
            return;
        }
        let room = text.len();
        if self.starts.len() < room {
            for plane in &mut self.planes {
                plane.resize(room, 0);
            }
            self.starts.resize(room, 0);
        }
        let tables = Classes::get();
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            if byte < 0x80 {
                at = self.ascii(text, at);
                continue;
            }
            // Han of the basic plane, by far the most frequent here.
            if (0xE3..=0xE9).contains(&byte)
                && let Some(&[_, second, third]) = bytes.get(at..at + 3)
            {
                let low = |byte: u8| u32::from(byte & 0x3F);
                let code = u32::from(byte & 0xF) << 12
                    | low(second) << 6
                    | low(third);
                let found = tables.of_code(code);
                if found[0] != 0 {
                    self.put(found, at);
                    at += 3;
                    continue;
                }
            }
            at = self.other(text, at, classes);
        }
    }

    /// Reads ASCII from `at` on; gives where it goes on.
    fn ascii(&mut self, text: &str, at: usize) -> usize {
        let bytes = text.as_bytes();
        let mut end = at;
        if !bytes[at].is_ascii_alphabetic() {
            if bytes[at].is_ascii_digit() {
                self.push([0; PLANES], at);
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
            self.push([0; PLANES], at);
            return end;
        }
        self.latin(text, at)
    }

    /// Reads a character that is neither ASCII nor Han.
    fn other(
        &mut self,
        text: &str,
        at: usize,
        classes: ClassView<'_>,
    ) -> usize {
        let Some(c) = text[at..].chars().next() else { return text.len() };
        if !is_gap(classes, c) {
            if letter::canonical(c).is_ascii_alphabetic() {
                return self.latin(text, at);
            }
            self.push([0; PLANES], at);
        }
        at + c.len_utf8()
    }

    /// A token takes a byte of the text at least, so there is room.
    #[inline]
    fn put(&mut self, classes: [u16; PLANES], at: usize) {
        for (plane, class) in self.planes.iter_mut().zip(classes) {
            plane[self.count] = class;
        }
        self.starts[self.count] = int::to_u32(at);
        self.count += 1;
    }

    fn push(&mut self, classes: [u16; PLANES], at: usize) {
        // Two breaks say no more than one.
        if classes != [0; PLANES] || self.follows() {
            self.put(classes, at);
        }
    }

    /// Whether the token before is no break.
    fn follows(&self) -> bool {
        self.count > 0 && self.planes[0][self.count - 1] != 0
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
            self.push([0; PLANES], at);
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
                self.push([class, 0, 0], start);
                from = to;
            }
        } else if count <= INITIALS_MAX {
            for (byte, place) in plain.iter().zip(places) {
                let class = sound::initial(char::from(*byte)).unwrap_or(0);
                self.push([class, 0, 0], int::to_usize(place));
            }
            self.initials = true;
        } else {
            self.push([0; PLANES], at);
        }
        end
    }
}

fn is_wide(c: char) -> bool {
    Classes::get().of(c)[0] != 0
}

/// Whether a character leaves no trace.
fn is_gap(classes: ClassView<'_>, c: char) -> bool {
    let sym = classes.get(c);
    sym == Sym::SEPARATOR
        || sym == Sym::IGNORABLE
        || sym.0 & Sym::SYMBOL_BIT != 0
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// 0 is sound.
    plane: u8,
    classes: [u16; ANCHOR],
}

impl Key {
    #[inline]
    fn hash(self) -> u64 {
        let [a, b, c] = self.classes.map(u64::from);
        let plane = u64::from(self.plane) << 48;
        (a | b << 16 | c << 32 | plane).wrapping_mul(GOLDEN)
    }

    fn has_initial(&self) -> bool {
        self.plane == 0 && self.classes.iter().any(|c| *c >= sound::INITIAL)
    }
}

/// Word and bit of the filter, of 2^n words, for a hash.
#[inline]
fn bit(hash: u64, shift: u32) -> (usize, u64) {
    let number = hash >> shift;
    (int::low_usize(number >> 6), 1 << (number & 63))
}

/// Shift that leaves the number of a bit of so many words.
fn bit_shift(words: usize) -> u32 {
    64 - 6 - words.trailing_zeros()
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
    let mut all: Vec<(u64, u32, u32, bool)> = Vec::new();
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
            let filtered = !key.has_initial();
            let place = int::to_u32(place);
            all.push((key.hash(), *number, place, filtered));
        }
    }
    for (number, letters) in words {
        all.push((pattern_key(letters).hash(), *number, 0, true));
    }
    let size = |count: usize, (least, most): (usize, usize)| {
        count.next_power_of_two().clamp(least, most)
    };
    let filtered = all.iter().filter(|row| row.3).count();
    let mut parts = SoundParts {
        filter: vec![0; size(filtered * FILTER_BITS / 64, FILTER_WORDS)],
        ..SoundParts::default()
    };
    let shift = bit_shift(parts.filter.len());
    for (hash, ..) in all.iter().filter(|row| row.3) {
        let (word, bit) = bit(*hash, shift);
        parts.filter[word] |= bit;
    }
    let buckets = size(all.len() / 2, BUCKETS);
    all.sort_unstable();
    let mut next = all.iter().peekable();
    parts.starts.push(0);
    for bucket in 0..buckets {
        while let Some((hash, pattern, place, _)) =
            next.next_if(|(hash, ..)| slot(*hash, buckets) == bucket)
        {
            parts.entries.push([tag(*hash), *pattern, *place]);
        }
        parts.starts.push(int::to_u32(parts.entries.len()));
    }
    parts
}

/// Every place where the anchor of a pattern stands, by the tables.
pub fn candidates(
    tables: &SoundView<'_>,
    tokens: &Tokens,
    out: &mut Vec<Heard>,
) {
    if tables.entries.is_empty() {
        return;
    }
    for (plane, classes) in tokens.planes.iter().enumerate() {
        let Some(classes) = classes.get(..tokens.count) else { continue };
        sieve(tables, tokens, plane, classes, out);
    }
    let shift = bit_shift(tables.filter.len());
    for (key, start) in &tokens.words {
        let hash = key.hash();
        let (word, bit) = bit(hash, shift);
        if tables.filter.get(word).is_some_and(|word| word & bit != 0) {
            for [_, pattern, _] in entries(tables, hash) {
                out.push(Heard { pattern: *pattern, start: *start });
            }
        }
    }
}

/// The keys of one plane. The three classes of a key roll through one
/// number, the first in its low bits, as `Key::hash` has them.
fn sieve(
    tables: &SoundView<'_>,
    tokens: &Tokens,
    plane: usize,
    classes: &[u16],
    out: &mut Vec<Heard>,
) {
    let filter = tables.filter;
    let shift = bit_shift(filter.len());
    let tail = u64::from(plane_number(plane)) << 48;
    let initials = plane == 0 && tokens.initials;
    let mut key = 0;
    let mut seen = 0;
    for (at, &class) in classes.iter().enumerate() {
        key = key >> 16 | u64::from(class) << 32;
        seen = if class == 0 { 0 } else { seen + 1 };
        if seen < ANCHOR {
            continue;
        }
        let hash = (key | tail).wrapping_mul(GOLDEN);
        let (word, bit) = bit(hash, shift);
        let known = filter.get(word).is_some_and(|word| word & bit != 0);
        let unknown = initials
            && [key, key >> 16, key >> 32]
                .iter()
                .any(|class| class & 0xFFFF >= u64::from(sound::INITIAL));
        if known || unknown {
            bucket(tables, tokens, at + 1 - ANCHOR, hash, out);
        }
    }
}

fn bucket(
    tables: &SoundView<'_>,
    tokens: &Tokens,
    at: usize,
    hash: u64,
    out: &mut Vec<Heard>,
) {
    for [_, pattern, place] in entries(tables, hash) {
        tokens.report(*pattern, at, int::to_usize(*place), out);
    }
}

/// The entries of a key.
fn entries<'a>(
    tables: &SoundView<'a>,
    hash: u64,
) -> impl Iterator<Item = &'a [u32; 3]> {
    let number = slot(hash, tables.starts.len() - 1);
    let start = int::to_usize(tables.starts[number]);
    let end = int::to_usize(tables.starts[number + 1]);
    let all = tables.entries[start..end].iter();
    all.filter(move |entry| entry[0] == tag(hash))
}

impl Tokens {
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
    keys: HashMap<Key, Vec<(u32, usize)>>,
}

impl Lookup {
    /// Makes the keys of every anchor again.
    pub fn new(view: &ImageView<'_>, phase: Phase) -> Lookup {
        let mut keys: HashMap<Key, Vec<(u32, usize)>> = HashMap::new();
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
        for (plane, classes) in tokens.planes.iter().enumerate() {
            let classes = &classes[..tokens.count];
            for (at, three) in classes.windows(ANCHOR).enumerate() {
                let &[a, b, c] = three else { continue };
                let plane = plane_number(plane);
                let key = Key { plane, classes: [a, b, c] };
                if three.contains(&0) {
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
