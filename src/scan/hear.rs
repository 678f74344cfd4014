//! The walk by ear: does this term stand here, with characters replaced by
//! others that sound or look like them? In: a text, a pattern and the byte
//! where its first letter would stand; out: as [`super::walk`], at tier 2.
//! Finds only what the plain walk does not: at least one character is
//! replaced.
//!
//! | term | replaced |
//! |---|---|
//! | three Han | one |
//! | four Han and more | any, of which one Han at least stays Han |
//!
//! A text says something else by accident all the time: 是父母 is heard as
//! 死父母. Where every replaced character stands far more naturally in the text
//! than the one it would be replacing, the text means what it says.

use crate::base::int;
use crate::fold::{Fold, letter, ordinary, sound, tables};
use crate::image::Pattern;

use super::walk::{Class, Gap, State, Walked, unseen};
use super::{FREE_SEPARATORS_MAX, Reader};

/// How natural a replacement must be, in parts of 10^9, and how much more
/// than the character it replaces, to be no disguise.
const NATURAL: f64 = 4000.0;
const NATURAL_RATIO: f64 = 100.0;
/// Characters stand beside each other by chance a part of their own count.
const BY_CHANCE: f64 = 50.0;
/// Characters so common (是, 的) are no disguise in a short term.
const FUNCTION_WORD: f64 = 4e6;
/// Han of a term of which one alone may be replaced.
const SHORT_HAN: usize = 3;
/// Replacements whose naturalness is judged at the end of a walk; in longer
/// terms those behind them at once.
const REPLACED_MAX: usize = 8;

/// What was replaced so far.
#[derive(Default)]
struct Ear {
    /// Characters of another sound or shape, and typed syllables.
    sounds: u32,
    /// First letters for syllables.
    initials: u32,
    /// Han characters of the text.
    han: usize,
    /// Some replacement is not what one would expect there.
    unusual: bool,
    /// Where Han characters were replaced, and what should stand there: not
    /// asked before the rest of the term is known to be there.
    replaced: [(usize, char); REPLACED_MAX],
    replaced_count: usize,
    /// Every replacement is one of the commonest characters.
    function: bool,
    /// Byte after the last Latin letter that was read as sound.
    latin_end: usize,
}

/// Walks one pattern by ear from the character at byte `start`.
pub fn hear(
    reader: &Reader<'_>,
    pattern: Pattern<'_>,
    start: usize,
) -> Option<Walked> {
    let text = reader.text;
    let mut state = State::new(pattern);
    let mut ear = Ear { function: true, ..Ear::default() };
    let mut gap = Gap::default();
    let (mut at, mut byte, mut end) = (0, start, start);
    while at < pattern.letters.len() {
        let c = text.get(byte..)?.chars().next()?;
        match reader.class(c) {
            Class::Ignorable if at > 0 => {
                state.folds.insert(unseen(c));
                byte += c.len_utf8();
                continue;
            }
            Class::Separator if at > 0 => {
                gap.add(c);
                if gap.separators > FREE_SEPARATORS_MAX {
                    return None;
                }
                byte += c.len_utf8();
                continue;
            }
            Class::Ignorable | Class::Separator => return None,
            Class::Letter | Class::Other => {}
        }
        byte += ear.read(&mut state, text, byte, c, at)?;
        if at > 0 {
            state.needs_all |= gap.comma || gap.clause;
            if !state.close(&gap, at) {
                return None;
            }
        }
        gap = Gap::default();
        end = byte;
        at += 1;
    }
    let inside = text[end..]
        .chars()
        .next()
        .is_some_and(|c| letter::canonical(c).is_ascii_alphabetic());
    if ear.latin_end == end && inside {
        return None;
    }
    let letters = pattern.letters.iter().filter_map(|c| char::from_u32(*c));
    let han = letters.filter(|c| tables::is_han(*c)).count();
    let replaced = int::to_usize(ear.sounds + ear.initials);
    let most = if han <= SHORT_HAN { 1 } else { han };
    if replaced == 0 || replaced > most || ear.han == 0 {
        return None;
    }
    for at in 0..ear.replaced_count {
        let (byte, wanted) = ear.replaced[at];
        ear.judge(text, byte, wanted);
    }
    if !ear.unusual || ear.function && han <= SHORT_HAN {
        return None;
    }
    state.heard(ear.sounds, ear.initials);
    state.finish(end)
}

impl Ear {
    /// Whether a replacement says something by itself.
    fn judge(&mut self, text: &str, byte: usize, wanted: char) {
        let Some(c) = text[byte..].chars().next() else { return };
        self.unusual = self.unusual || !is_natural(text, byte, c, wanted);
        self.function = self.function && ordinary::han(c) >= FUNCTION_WORD;
    }

    /// Reads letter `at` of the pattern at byte `byte`, where `c` stands;
    /// gives the bytes read.
    fn read(
        &mut self,
        state: &mut State<'_>,
        text: &str,
        byte: usize,
        c: char,
        at: usize,
    ) -> Option<usize> {
        let wanted = state.letter(at);
        let len = c.len_utf8();
        if tables::is_han(c) {
            self.han += 1;
            if state.read(c, at) {
                return Some(len);
            }
            let fold = sound::stands_for(c, wanted)?;
            state.folds.insert(fold);
            self.sounds += 1;
            match self.replaced.get_mut(self.replaced_count) {
                Some(slot) => {
                    *slot = (byte, wanted);
                    self.replaced_count += 1;
                }
                None => self.judge(text, byte, wanted),
            }
            return Some(len);
        }
        if state.read(c, at) {
            return Some(len);
        }
        if !tables::is_han(wanted) {
            return None;
        }
        let first = letter::canonical(c);
        if !first.is_ascii_alphabetic() {
            return None;
        }
        let before = text[..byte].chars().next_back();
        let inside =
            before.is_some_and(|c| letter::canonical(c).is_ascii_alphabetic());
        if inside && self.latin_end != byte {
            return None;
        }
        self.unusual = true;
        self.function = false;
        let longest = sound::readings(wanted)
            .filter_map(|name| typed(&text[byte..], name))
            .max();
        let len = match longest {
            Some(typed) => {
                state.folds.insert(Fold::Pinyin);
                self.sounds += 1;
                typed
            }
            None => {
                let wanted = sound::initial(first)?;
                let mut firsts = sound::readings(state.letter(at))
                    .filter_map(|name| name.chars().next());
                if !firsts.any(|c| sound::initial(c) == Some(wanted)) {
                    return None;
                }
                state.folds.insert(Fold::Initials);
                self.initials += 1;
                len
            }
        };
        self.latin_end = byte + len;
        Some(len)
    }
}

/// The bytes of a syllable where it is typed at the start of a text.
fn typed(text: &str, name: &str) -> Option<usize> {
    let mut rest = text.char_indices();
    let mut end = 0;
    for wanted in name.chars() {
        let (at, c) = rest.next()?;
        if letter::canonical(c) != wanted {
            return None;
        }
        end = at + c.len_utf8();
    }
    Some(end)
}

/// Whether a character stands between its neighbours in a text far more
/// naturally than the one of the term would.
fn is_natural(text: &str, byte: usize, c: char, wanted: char) -> bool {
    let before = text[..byte].chars().next_back().map(letter::canonical);
    let after = text[byte..].chars().nth(1).map(letter::canonical);
    let fits = |c: char| {
        let left = before.map_or(0.0, |b| ordinary::pair(b, c));
        let right = after.map_or(0.0, |a| ordinary::pair(c, a));
        left.max(right).max(ordinary::han(c) / BY_CHANCE)
    };
    let said = fits(letter::canonical(c));
    said >= NATURAL && said > NATURAL_RATIO * fits(wanted)
}
