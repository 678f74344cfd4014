//! The walk: does this spelling of a term really stand here? In: a text, a
//! pattern and the byte where its first letter would stand; out: where the
//! hit ends, which folds it used and what they cost. Both engines and the
//! naive oracle decide by this function alone; an engine only says where to
//! ask.
//!
//! The walk reads the original text letter by letter. For each letter it
//! may step over ignorables (free) and separators (counted per gap), and it
//! may see the previous letter again (a repeat). What is allowed depends on
//! the pattern's gate, which is the length rule of the contract:
//!
//! | gate | separators in a gap | clause marks | repeats | tier 1 |
//! |---|---|---|---|---|
//! | single | none | – | no | variants |
//! | pair | 3 | no | no | variants |
//! | short word | none | – | no | no |
//! | free | 8 | only if every gap is filled | yes | yes |
//!
//! A space inside a Latin word is a disguise only when the whole word is
//! spaced out (`c a s i n o`, and nearly all of it: `c a s i no`); otherwise
//! `the rapist` would be one word. Of a phrase a word may be (`tax r e f u n
//! d`), from three letters on; a shorter one only where every gap of the
//! phrase is filled.
//! Sounds are a walk of their own (`hear`), which shares what is here.
//! A repeated letter costs as a tier-1 letter does, in spite of being cheap
//! to read: `lose` and `loose` are both words.

use crate::fold::{Fold, Folds, letter};
use crate::image::{Gate, ImageView, Pattern, PatternRow, gap};
use crate::verdict::Milli;

/// Price of one tier-1 letter.
const LETTER_PRICE: u16 = 30;
/// Most that tier-1 letters of one hit cost together.
const LETTER_PRICE_MAX: u16 = 200;
/// Price of separators in one gap, and the most for all gaps.
const GAP_PRICE: u16 = 30;
pub(super) const GAP_PRICE_MAX: u16 = 50;
const REVERSED_PRICE: u16 = 150;
/// Price of a character replaced by its sound, by one of the same sound or
/// by a look-alike, and the most for all of them.
const SOUND_PRICE: u16 = 100;
const SOUND_PRICE_MAX: u16 = 400;
/// Price of a character replaced by the first letter of its sound.
const INITIAL_PRICE: u16 = 150;

/// Separators a gap may hold.
const PAIR_SEPARATORS_MAX: u32 = 3;
pub(super) const FREE_SEPARATORS_MAX: u32 = 8;
/// Between typed syllables.
const SYLLABLE_SEPARATORS_MAX: u32 = 2;
/// In a Latin word whose gaps are not all filled.
const WORD_SEPARATORS_MAX: u32 = 2;
/// Gaps of a word of which all are filled, and of which two in three are, to
/// be spaced out on purpose.
const SPACED_GAPS_MIN: u32 = 2;
const MOSTLY_SPACED_GAPS_MIN: u32 = 3;
/// A phrase written without its spaces needs this many letters.
const JOINED_LETTERS_MIN: usize = 8;
/// From so many letters on one of them at least must be no digit and no
/// sign, two of fewer: five digits and a letter are hardly that by chance.
const CODE_LETTERS_MIN: usize = 6;
/// How often one letter may be repeated. Bounded, because a pattern that may
/// begin anywhere in a run is tried at each of its letters.
const REPEATS_MAX: u32 = 128;
/// Invisible characters skipped when looking back for a word boundary.
const LOOK_BACK_MAX: usize = 64;
/// Characters on each side that tell the script of a text.
const NEAR_LETTERS: usize = 32;

/// Price of one letter read at a tier.
pub fn letter_price(tier: u8) -> Milli {
    Milli(if tier == 0 { 0 } else { LETTER_PRICE })
}

/// A found spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walked {
    /// Byte after the last character.
    pub end: usize,
    pub folds: Folds,
    pub penalty: Milli,
    /// The part of it that is for separators.
    pub gap_penalty: Milli,
    /// 0 when nothing but tier-0 folds was needed, 2 when a sound was.
    pub tier: u8,
}

/// How the text is read.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'t> {
    pub text: &'t str,
    pub view: &'t ImageView<'t>,
    /// Characters that can be both are letters.
    pub symbols: bool,
}

/// What one character is to the walk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Ignorable,
    Separator,
    Letter,
    Other,
}

impl Reader<'_> {
    pub(super) fn class(&self, c: char) -> Class {
        use crate::fold::Sym;
        let sym = self.view.classes.get(c);
        if sym.0 & Sym::SYMBOL_BIT != 0 {
            return if self.symbols {
                Class::Letter
            } else {
                Class::Separator
            };
        }
        match sym {
            Sym::IGNORABLE => Class::Ignorable,
            Sym::SEPARATOR => Class::Separator,
            sym if sym.is_letter() => Class::Letter,
            _ => Class::Other,
        }
    }
}

/// Separators seen since the last letter.
#[derive(Clone, Copy, Default)]
pub(super) struct Gap {
    pub separators: u32,
    newlines: u32,
    blanks: bool,
    pub comma: bool,
    pub clause: bool,
    /// A full stop that a blank has not followed yet.
    dot: bool,
    /// Something invisible is there.
    pub veil: bool,
}

impl Gap {
    pub fn add(&mut self, c: char) {
        self.separators += 1;
        let blank = c.is_whitespace();
        self.clause |= self.dot && blank;
        self.dot = c == '.';
        self.blanks |= blank;
        self.newlines += u32::from(c == '\n');
        self.clause |= is_clause_mark(c) || self.newlines >= 2;
        self.comma |=
            matches!(c, '，' | ',' | '、' | '：' | ':' | '\n' | '—' | '…');
    }
}

/// The gaps of one word of a term.
#[derive(Clone, Copy, Default)]
struct Word {
    gaps: u32,
    /// Those that hold something.
    filled: u32,
    /// A gap that a word has only when it is spaced out.
    spaced: bool,
}

impl Word {
    /// Whether it is spaced out on purpose, if it is at all.
    fn holds(self) -> bool {
        let all = self.filled == self.gaps && self.gaps >= SPACED_GAPS_MIN;
        let most = self.filled >= MOSTLY_SPACED_GAPS_MIN
            && 3 * self.filled >= 2 * self.gaps;
        !self.spaced || all || most
    }
}

/// Marks that end a clause: letters on both sides of one are not one word
/// unless the writer put marks everywhere.
fn is_clause_mark(c: char) -> bool {
    matches!(c, '。' | '！' | '？' | '；' | '!' | '?' | ';' | '\u{2029}')
}

/// Running state of one walk.
pub(super) struct State<'p> {
    pattern: Pattern<'p>,
    gate: Gate,
    pub folds: Folds,
    /// Letters read at tier 1 (the spelling's own replacements included).
    paid: u32,
    leet: u32,
    /// Letters written as signs that are no digits.
    signs: u32,
    /// Letters of another script.
    homoglyphs: usize,
    /// Repeats of the letter being read.
    repeats: u32,
    filled: u32,
    inner_gaps: u32,
    /// Inner gaps that hold nothing but what does not show.
    veiled: u32,
    /// Something is only allowed when every gap is filled.
    pub needs_all: bool,
    word: Word,
    joined: u32,
    /// Characters replaced by sounds, and by first letters.
    sounds: u32,
    initials: u32,
}

/// Walks one pattern from the character at byte `start`.
pub fn walk(
    reader: &Reader<'_>,
    pattern: Pattern<'_>,
    start: usize,
) -> Option<Walked> {
    let row = pattern.row;
    let mut state = State::new(pattern);
    let first = reader.text.get(start..)?.chars().next()?;
    if !state.read(first, 0) {
        return None;
    }
    if row.has(PatternRow::LEFT)
        && !is_left_boundary(reader.text, start, first, state.gate)
    {
        return None;
    }
    let mut end = match as_written(reader.text, pattern, start) {
        Some(end) => {
            debug_assert!(reads_the_same(reader, pattern, start, end));
            end
        }
        None => disguised(reader, pattern, &mut state, start, first)?,
    };
    if row.has(PatternRow::RIGHT) {
        end = right_boundary(reader, &mut state, end)?;
    }
    let foreign = state.homoglyphs == pattern.letters.len()
        && is_foreign(reader.text, start, end);
    let identifier = state.leet > 0
        && row.has(PatternRow::LEFT)
        && visible_before(reader.text, start).is_some_and(letter::is_digit);
    if foreign || identifier {
        return None;
    }
    state.finish(end)
}

/// Where a pattern ends whose letters stand in the text one behind the other
/// as they are: nearly all that is found is written so, and there is nothing
/// to note or to pay.
fn as_written(
    text: &str,
    pattern: Pattern<'_>,
    start: usize,
) -> Option<usize> {
    if pattern.row.has(PatternRow::SYMBOL) {
        return None;
    }
    let mut rest = text[start..].chars();
    for (letter, gap) in pattern.letters.iter().zip(pattern.gaps) {
        if rest.next().map(u32::from) != Some(*letter) || *gap != gap::INNER {
            return None;
        }
    }
    Some(text.len() - rest.as_str().len())
}

/// Whether the long way finds what is written, and nothing to pay.
fn reads_the_same(
    reader: &Reader<'_>,
    pattern: Pattern<'_>,
    start: usize,
    end: usize,
) -> bool {
    let mut state = State::new(pattern);
    let first = reader.text[start..].chars().next().unwrap_or('\0');
    state.read(first, 0)
        && disguised(reader, pattern, &mut state, start, first) == Some(end)
        && state.finish(end) == State::new(pattern).finish(end)
}

/// The same where something is between the letters or in their place. The
/// first letter is read.
fn disguised(
    reader: &Reader<'_>,
    pattern: Pattern<'_>,
    state: &mut State<'_>,
    start: usize,
    first: char,
) -> Option<usize> {
    let mut end = start + first.len_utf8();
    let mut rest = reader.text[end..].char_indices();
    let from = end;
    let mut at = 1;
    let mut gap = Gap::default();
    let mut invisible = Folds::NONE;
    while at < pattern.letters.len() {
        let (offset, c) = rest.next()?;
        match reader.class(c) {
            Class::Ignorable => {
                invisible.insert(unseen(c));
                gap.veil = true;
                continue;
            }
            Class::Separator => {
                gap.add(c);
                let most = match pattern.gaps[at] {
                    gap::SPACE => 2 * FREE_SEPARATORS_MAX + 1,
                    _ => FREE_SEPARATORS_MAX,
                };
                if gap.separators > most {
                    return None;
                }
                continue;
            }
            Class::Other => return None,
            Class::Letter => {}
        }
        if state.read(c, at) {
            if !state.close(&gap, at) {
                return None;
            }
            at += 1;
        } else if gap.separators > 0 || !state.repeat(c, at - 1) {
            return None;
        }
        state.folds = state.folds.union(invisible);
        invisible = Folds::NONE;
        gap = Gap::default();
        end = from + offset + c.len_utf8();
    }
    Some(end)
}

/// Whether a word of Greek or Cyrillic letters alone stands in a text of
/// that script: no letter of a Latin keyboard is near, and one that looks
/// like none is.
fn is_foreign(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().rev().take(NEAR_LETTERS);
    let after = text[end..].chars().take(NEAR_LETTERS);
    let mut foreign = false;
    for c in before.chain(after) {
        if c.is_ascii_alphabetic() {
            return false;
        }
        foreign |= matches!(c, '\u{370}'..='\u{52F}' | '\u{1F00}'..='\u{1FFF}')
            && letter::readings(c).all(|to| !to.is_ascii());
    }
    foreign
}

impl<'p> State<'p> {
    pub fn new(pattern: Pattern<'p>) -> State<'p> {
        let row = pattern.row;
        let replaced = row.replaced();
        let part = |flag: u32| if row.has(flag) { replaced } else { 0 };
        let sounds = part(PatternRow::PINYIN | PatternRow::PICTURE);
        let initials = part(PatternRow::INITIALS);
        State {
            pattern,
            gate: row.gate(),
            folds: Folds::from_bits(row.folds),
            paid: replaced.saturating_sub(sounds + initials),
            leet: 0,
            signs: 0,
            homoglyphs: 0,
            repeats: 0,
            filled: 0,
            inner_gaps: 0,
            veiled: 0,
            needs_all: false,
            word: Word::default(),
            joined: 0,
            sounds,
            initials,
        }
    }

    /// Notes what was replaced by ear.
    pub fn heard(&mut self, sounds: u32, initials: u32) {
        self.sounds = sounds;
        self.initials = initials;
    }

    pub fn letter(&self, at: usize) -> char {
        char::from_u32(self.pattern.letters[at]).unwrap_or('\0')
    }

    /// Whether `c` can be letter `at`; notes fold and price if so.
    pub fn read(&mut self, c: char, at: usize) -> bool {
        let Some(reading) = letter::stands_for(c, self.letter(at)) else {
            return false;
        };
        if reading.tier > 1 {
            if self.gate != Gate::Free {
                return false;
            }
            self.sounds += 1;
        } else if reading.tier > 0 {
            let allowed = match self.gate {
                Gate::ShortWord => false,
                Gate::Single | Gate::Pair => {
                    reading.fold == Some(Fold::Variant)
                }
                Gate::Free => true,
            };
            if !allowed {
                return false;
            }
            self.paid += 1;
            let leet = reading.fold == Some(Fold::Leet);
            self.leet += u32::from(leet);
            self.signs += u32::from(leet && !letter::is_digit(c));
            let alike = reading.fold == Some(Fold::Homoglyph);
            self.homoglyphs += usize::from(alike);
        }
        if let Some(fold) = reading.fold {
            self.folds.insert(fold);
        }
        true
    }

    /// Whether `c` may be one more of letter `at`. Digits never repeat:
    /// 5000 is not 500.
    fn repeat(&mut self, c: char, at: usize) -> bool {
        let wanted = self.letter(at);
        if self.gate != Gate::Free || letter::is_digit(wanted) {
            return false;
        }
        if letter::stands_for(c, wanted).is_none() {
            return false;
        }
        // One price however often one letter is repeated.
        if self.repeats == 0 {
            self.paid += 1;
        }
        self.repeats += 1;
        if self.repeats > REPEATS_MAX {
            return false;
        }
        self.folds.insert(Fold::Repeat);
        true
    }

    /// Judges the gap before letter `at`, which was just read.
    pub fn close(&mut self, gap: &Gap, at: usize) -> bool {
        self.repeats = 0;
        match self.pattern.gaps[at] {
            gap::SPACE => {
                self.end_word();
                if gap.separators == 0 {
                    self.joined += 1;
                }
                // A full stop between words is a disguise where the letters
                // have one too.
                self.needs_all |= gap.clause;
                return true;
            }
            gap::SYLLABLE => {
                return gap.separators <= SYLLABLE_SEPARATORS_MAX
                    && !gap.clause
                    && !gap.comma;
            }
            gap::PUNCTUATION => {
                let plain =
                    gap.separators <= 2 && !gap.clause || gap.separators == 1;
                self.needs_all |= !plain;
                return true;
            }
            _ => {}
        }
        self.inner_gaps += 1;
        self.word.gaps += 1;
        if gap.separators == 0 {
            self.veiled += u32::from(gap.veil);
            self.word.filled += u32::from(gap.veil);
            return true;
        }
        self.filled += 1;
        self.word.filled += 1;
        self.folds.insert(Fold::Sep);
        match self.gate {
            Gate::Single | Gate::ShortWord => false,
            Gate::Pair => {
                gap.separators <= PAIR_SEPARATORS_MAX
                    && !gap.clause
                    && !gap.comma
            }
            Gate::Free => {
                let word = letter::is_word_letter(self.letter(at - 1))
                    && letter::is_word_letter(self.letter(at));
                self.needs_all |= gap.clause;
                self.word.spaced |= word
                    && (gap.blanks || gap.separators > WORD_SEPARATORS_MAX);
                true
            }
        }
    }

    fn end_word(&mut self) {
        self.needs_all |= !std::mem::take(&mut self.word).holds();
    }

    pub fn finish(mut self, end: usize) -> Option<Walked> {
        self.end_word();
        let count = self.pattern.letters.len();
        let all = self.filled + self.veiled >= self.inner_gaps;
        if self.needs_all && (!all || self.inner_gaps == 0) {
            return None;
        }
        if self.joined > 0 {
            if count < JOINED_LETTERS_MIN || self.gate != Gate::Free {
                return None;
            }
            self.paid += self.joined;
            self.folds.insert(Fold::Sep);
        }
        // A number is not a word in disguise: some letters must be letters.
        // No number has a sign in it.
        let leet = crate::base::int::to_usize(self.leet);
        let number = count < CODE_LETTERS_MIN && self.signs == 0;
        let least = if number { 2 } else { 1 };
        if leet > 0 && count.saturating_sub(leet) < least {
            return None;
        }
        let reversed = self.pattern.row.has(PatternRow::REVERSED);
        let heard = self.sounds + self.initials;
        if self.paid + self.filled + heard == 0 && !reversed {
            return Some(Walked {
                end,
                folds: self.folds,
                penalty: Milli(0),
                gap_penalty: Milli(0),
                tier: 0,
            });
        }
        let paid = u16::try_from(self.paid).unwrap_or(u16::MAX);
        let filled = u16::try_from(self.filled).unwrap_or(u16::MAX);
        let letters = paid.saturating_mul(LETTER_PRICE).min(LETTER_PRICE_MAX);
        let gaps = filled.saturating_mul(GAP_PRICE).min(GAP_PRICE_MAX);
        let number = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        let sounds = number(self.sounds)
            .saturating_mul(SOUND_PRICE)
            .min(SOUND_PRICE_MAX);
        let initials =
            number(self.initials).saturating_mul(INITIAL_PRICE).min(1000);
        let price = letters
            + gaps
            + if reversed { REVERSED_PRICE } else { 0 }
            + sounds
            + initials;
        let tier = if heard > 0 { 2 } else { 1 };
        Some(Walked {
            end,
            folds: self.folds,
            penalty: Milli(price),
            gap_penalty: Milli(gaps),
            tier,
        })
    }
}

/// The character before `start` that shows.
fn visible_before(text: &str, start: usize) -> Option<char> {
    text[..start]
        .chars()
        .rev()
        .take(LOOK_BACK_MAX)
        .find(|c| !is_transparent(*c))
}

/// Whether a word may begin at `start`.
fn is_left_boundary(
    text: &str,
    start: usize,
    first: char,
    gate: Gate,
) -> bool {
    let Some(before) = visible_before(text, start) else { return true };
    if letter::is_digit(before) {
        // `88casino` is the word with a prefix; `a8vx3` is an identifier,
        // and `12500` is not `500`.
        return gate == Gate::Free && !letter::is_digit(first);
    }
    !letter::is_word_letter(before)
}

/// Steps over repeats of the last letter and checks that a word may end
/// there. Gives the end of the hit.
fn right_boundary(
    reader: &Reader<'_>,
    state: &mut State<'_>,
    end: usize,
) -> Option<usize> {
    let last = state.pattern.letters.len() - 1;
    let is_number = letter::is_digit(state.letter(last));
    let mut found = end;
    state.repeats = 0;
    for (offset, c) in reader.text[end..].char_indices() {
        if is_transparent(c) {
            continue;
        }
        if letter::is_digit(c) {
            return if is_number { None } else { Some(found) };
        }
        if !letter::is_word_letter(c) {
            return Some(found);
        }
        if is_number {
            return Some(found);
        }
        if !state.repeat(c, last) {
            return None;
        }
        found = end + offset + c.len_utf8();
    }
    Some(found)
}

/// The name of stepping over an ignorable character.
pub(super) fn unseen(c: char) -> Fold {
    use crate::fold::tables::{self, Kind};
    match tables::kind(c) {
        Kind::Mark => Fold::Mark,
        _ => Fold::Ignorable,
    }
}

/// Characters that are not there for a word boundary.
fn is_transparent(c: char) -> bool {
    use crate::fold::tables::{self, Kind};
    if c.is_ascii() {
        return c.is_ascii_control() && !c.is_ascii_whitespace();
    }
    matches!(tables::kind(c), Kind::Ignorable | Kind::Mark)
}
