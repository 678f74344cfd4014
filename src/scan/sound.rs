//! The search of the sound plane. In: a text as a sequence of sounds and
//! shapes; out: places where a term may stand whose characters were replaced
//! by others that sound or look like them. Decides nothing: `hear` walks the
//! text as `walk` does.
//!
//! Each Han character of a text is a token with two classes (`fold::sound`);
//! a typed syllable beside Han is a token with the class of its sound, a
//! lone Latin letter stands for any syllable that begins with it. Separators
//! leave no trace. A term has one **anchor**: three neighbouring Han, where
//! their sounds are rarest. The keys of an anchor are
//!
//! - its three sounds, for each combination of readings,
//! - its three shapes,
//! - two sounds and a Latin letter, at each of the three places.
//!
//! At each token of the text the key of the three that begin here is looked
//! up: one word of a blocked Bloom filter ends nearly all of them, then the
//! bucket of the key lists terms and places. Keys with a Latin letter skip
//! the filter: texts seldom have one.
//!
//! Worked example: 加微信 has the keys (jia wei xin), (加 微 信 as shapes),
//! (j wei xin), (jia w xin), (jia wei x). The text 佳薇信 has the first key,
//! 伽徽信 the second, 加v信 the fourth.

use std::collections::HashMap;

use super::Phase;
use crate::base::int;
use crate::fold::sound::{self, Classes};
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
/// The longest syllable: zhuang.
const SYLLABLE_BYTES_MAX: usize = 6;

/// Limits of the filter in 64-bit words; the ceiling is 256 KiB.
const FILTER_WORDS: (usize, usize) = (2, 1 << 15);
const BUCKETS: (usize, usize) = (2, 1 << 20);

/// A text as sounds and shapes.
#[derive(Debug, Default)]
pub struct Tokens {
    /// Classes of sound and shape; zeros keep neighbours apart.
    classes: Vec<[u16; 2]>,
    /// Byte where each token begins.
    starts: Vec<u32>,
    /// Some token is a lone Latin letter.
    initials: bool,
}

/// A place where the anchor of a term stands: where the term would begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Heard {
    pub pattern: u32,
    pub start: u32,
}

impl Tokens {
    /// Reads a text. Cost: one look-up for each character.
    pub fn fill(&mut self, text: &str, classes: ClassView<'_>) {
        self.classes.clear();
        self.starts.clear();
        self.initials = false;
        let tables = Classes::get();
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            if byte < 0x80 {
                if byte.is_ascii_alphabetic() {
                    at = self.latin(text, at);
                } else {
                    if byte.is_ascii_digit() {
                        self.push([0; 2], at);
                    }
                    at += 1;
                }
                continue;
            }
            let Some(c) = text[at..].chars().next() else { break };
            let found = tables.of(c);
            if found[0] != 0 && !is_gap(classes, c) {
                self.push(found, at);
            } else if letter::canonical(c).is_ascii_alphabetic() {
                at = self.latin(text, at);
                continue;
            } else if !is_gap(classes, c) {
                self.push([0; 2], at);
            }
            at += c.len_utf8();
        }
    }

    fn push(&mut self, classes: [u16; 2], at: usize) {
        // Two breaks say no more than one.
        if classes != [0; 2] || self.classes.last() != Some(&[0; 2]) {
            self.classes.push(classes);
            self.starts.push(int::to_u32(at));
        }
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
        // Only beside Han may it be a disguise: elsewhere it is a word, and
        // words in Latin letters are spellings.
        let beside = self.classes.last().is_some_and(|last| last[0] != 0)
            || text[end..].chars().next().is_some_and(is_wide);
        if count > plain.len() || !beside {
            self.push([0; 2], at);
            return end;
        }
        let plain = &plain[..count];
        let mut cuts = [0usize; SYLLABLES_BYTES_MAX];
        if count > 1
            && let Some(cut) = segment(plain, &mut cuts)
        {
            let mut from = 0;
            for &to in &cuts[..cut] {
                let name = std::str::from_utf8(&plain[from..to]);
                let class = name.ok().and_then(sound::typed).unwrap_or(0);
                let start = int::to_usize(places[from]);
                self.push([class, 0], start);
                from = to;
            }
        } else if count <= INITIALS_MAX {
            for (byte, place) in plain.iter().zip(places) {
                let class = sound::initial(char::from(*byte)).unwrap_or(0);
                self.push([class, 0], int::to_usize(place));
            }
            self.initials = true;
        } else {
            self.push([0; 2], at);
        }
        end
    }

    #[cfg(test)]
    fn classes(&self) -> &[[u16; 2]] {
        &self.classes
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
    shape: bool,
    classes: [u16; ANCHOR],
}

impl Key {
    #[inline]
    fn hash(self) -> u64 {
        let [a, b, c] = self.classes.map(u64::from);
        let plane = u64::from(self.shape) << 48;
        let all = (a | b << 16 | c << 32 | plane).wrapping_mul(GOLDEN);
        (all ^ all >> 29).wrapping_mul(GOLDEN)
    }

    fn has_initial(&self) -> bool {
        !self.shape && self.classes.iter().any(|c| *c >= sound::INITIAL)
    }
}

#[inline]
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63)
}

/// The slot of a hash in a table of 2^n slots.
#[inline]
fn slot(hash: u64, slots: usize) -> usize {
    int::low_usize(hash >> (64 - slots.trailing_zeros()))
}

#[inline]
fn tag(hash: u64) -> u32 {
    int::low_u32(hash)
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
                    all.push(Key { shape: false, classes: [a, b, c] });
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
    let shapes = letters.map(|c| Classes::get().of(c)[1]);
    all.push(Key { shape: true, classes: shapes });
    all
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

/// Builds the tables for patterns given as (number, letters). `frequency`
/// says how common a class of sound is.
pub fn build(
    patterns: &[(u32, Vec<char>)],
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
    let size = |count: usize, (least, most): (usize, usize)| {
        count.next_power_of_two().clamp(least, most)
    };
    let filtered = all.iter().filter(|row| row.3).count();
    let mut parts = SoundParts {
        filter: vec![0; size(filtered * 16 / 64, FILTER_WORDS)],
        ..SoundParts::default()
    };
    let words = parts.filter.len();
    for (hash, ..) in all.iter().filter(|row| row.3) {
        parts.filter[slot(*hash, words)] |= bits(*hash);
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
    let words = tables.filter.len();
    for (at, three) in tokens.classes.windows(ANCHOR).enumerate() {
        let &[a, b, c] = three else { continue };
        if a[0] == 0 || b[0] == 0 || c[0] == 0 {
            continue;
        }
        let key = Key { shape: false, classes: [a[0], b[0], c[0]] };
        let hash = key.hash();
        let all = bits(hash);
        if tables.filter[slot(hash, words)] & all == all
            || tokens.initials && key.has_initial()
        {
            bucket(tables, tokens, at, hash, out);
        }
        if a[1] == 0 || b[1] == 0 || c[1] == 0 {
            continue;
        }
        let key = Key { shape: true, classes: [a[1], b[1], c[1]] };
        let hash = key.hash();
        let all = bits(hash);
        if tables.filter[slot(hash, words)] & all == all {
            bucket(tables, tokens, at, hash, out);
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
    let number = slot(hash, tables.starts.len() - 1);
    let start = int::to_usize(tables.starts[number]);
    let end = int::to_usize(tables.starts[number + 1]);
    for &[known, pattern, place] in &tables.entries[start..end] {
        if known == tag(hash) {
            tokens.report(pattern, at, int::to_usize(place), out);
        }
    }
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
            let letters = letters(view.pattern(int::to_usize(number)));
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
        for (at, three) in tokens.classes.windows(ANCHOR).enumerate() {
            let &[a, b, c] = three else { continue };
            for plane in [0, 1] {
                let classes = [a[plane], b[plane], c[plane]];
                let key = Key { shape: plane == 1, classes };
                if classes.contains(&0) {
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
