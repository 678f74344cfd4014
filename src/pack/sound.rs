//! Terms by ear, at compile time. In: folded terms; out: their spellings in
//! pinyin and as first letters, and the tables of the sound plane. What is
//! written with Han goes into the plane; what is written with Latin letters
//! alone is a spelling like any other and found with all that spellings are.

use std::sync::OnceLock;

use super::expand::Spelling;
use super::term::Term;
use crate::fold::{Fold, Folds, letter, ordinary, picture, sound, tables};
use crate::image::{Gate, PatternRow, gap};

/// Han that a term must have, and nothing else.
const HAN_MIN: usize = 3;
/// Letters of a term in pinyin: shorter ones are words of other languages.
const PINYIN_LETTERS_MIN: usize = 6;
/// Combinations of readings that are spelled.
const READINGS_MAX: usize = 3;
/// Pictures of one word that are spelled.
const PICTURES_MAX: usize = 3;
/// Words so common (parts of 10^9) are no first letters. The sketch answers
/// one unknown word in six with the count of another: a lower bound would
/// leave out as many terms.
const COMMON_WORD: f64 = 100_000.0;

/// The term in pinyin and as first letters.
pub fn spellings(term: &Term) -> Vec<Spelling> {
    let letters = &term.letters;
    if letters.len() < HAN_MIN || !letters.iter().all(|c| tables::is_han(*c)) {
        return Vec::new();
    }
    let mut out = pictures(term);
    for names in readings(letters) {
        let joined = names.concat();
        if joined.len() >= PINYIN_LETTERS_MIN {
            add(pinyin(&names), &mut out);
        }
        let firsts: Vec<char> =
            names.iter().filter_map(|name| name.chars().next()).collect();
        let word: String = firsts.iter().collect();
        let varied = firsts.iter().any(|c| *c != firsts[0]);
        if varied && ordinary::word(&word) < COMMON_WORD {
            let gaps = vec![gap::INNER; firsts.len()];
            let flag = PatternRow::INITIALS;
            let han = letters.len();
            add(spelling(firsts, gaps, han, Fold::Initials, flag), &mut out);
        }
    }
    out
}

/// The term with a word of two characters as a picture.
fn pictures(term: &Term) -> Vec<Spelling> {
    let mut out = Vec::new();
    for at in 0..term.letters.len() - 1 {
        let word: String = term.letters[at..at + 2].iter().collect();
        for shown in picture::of_word(&word).take(PICTURES_MAX) {
            let mut letters = term.letters.clone();
            let mut gaps = term.gaps.clone();
            letters.splice(at..at + 2, [letter::canonical(shown)]);
            gaps.remove(at + 1);
            let count = u32::try_from(letters.len()).unwrap_or(u32::MAX);
            let shape = count & 0xFF
                | 1 << 8
                | Gate::Free.bits()
                | PatternRow::SYMBOL
                | PatternRow::PICTURE;
            let folds = Folds::NONE.with(Fold::Emoji);
            add(Spelling { letters, gaps, folds, shape }, &mut out);
        }
    }
    out
}

fn add(new: Spelling, out: &mut Vec<Spelling>) {
    if !out.contains(&new) {
        out.push(new);
    }
}

/// Readings of all characters, the usual ones first.
fn readings(letters: &[char]) -> Vec<Vec<&'static str>> {
    let each: Vec<Vec<&str>> =
        letters.iter().map(|c| sound::readings(*c).collect()).collect();
    let Some(first) = each.iter().map(|all| all.first().copied()).collect()
    else {
        return Vec::new();
    };
    let first: Vec<&str> = first;
    let mut all = vec![first.clone()];
    for (at, names) in each.iter().enumerate() {
        for name in names.iter().skip(1) {
            if all.len() < READINGS_MAX {
                let mut other = first.clone();
                other[at] = name;
                all.push(other);
            }
        }
    }
    all
}

fn pinyin(names: &[&str]) -> Spelling {
    let mut letters = Vec::new();
    let mut gaps = Vec::new();
    for name in names {
        for (at, c) in name.chars().enumerate() {
            letters.push(c);
            gaps.push(if at == 0 { gap::SYLLABLE } else { gap::INNER });
        }
    }
    gaps[0] = gap::INNER;
    spelling(letters, gaps, names.len(), Fold::Pinyin, PatternRow::PINYIN)
}

fn spelling(
    letters: Vec<char>,
    gaps: Vec<u8>,
    han: usize,
    fold: Fold,
    flag: u32,
) -> Spelling {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX) & 0xFF;
    // First letters are a short word in every respect.
    let gate = if flag == PatternRow::INITIALS {
        Gate::ShortWord
    } else {
        Gate::Free
    };
    let shape = number(letters.len())
        | number(han) << 8
        | gate.bits()
        | PatternRow::LEFT
        | PatternRow::RIGHT
        | flag;
    Spelling { letters, gaps, folds: Folds::NONE.with(fold), shape }
}

/// How common a class of sound is in ordinary text.
pub fn frequency(class: u16) -> f64 {
    static ALL: OnceLock<Vec<f64>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let classes = sound::Classes::get();
        let mut all = vec![1.0; usize::from(sound::INITIAL)];
        for c in '\u{4E00}'..='\u{9FFF}' {
            let class = usize::from(classes.of(c)[0]);
            all[class] += ordinary::count('1', std::iter::once(c));
        }
        all
    });
    all.get(usize::from(class)).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::term::fold_term;
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let all = spellings(&fold_term(text));
        all.iter().map(|s| s.letters.iter().collect()).collect()
    }

    #[test]
    fn terms_are_spelled_by_sound() {
        let found = all("加微信");
        assert!(found.contains(&"jiaweixin".to_owned()), "{found:?}");
        assert!(found.contains(&"jwx".to_owned()), "{found:?}");
        let found = all("银行卡");
        assert!(found.contains(&"yinhangka".to_owned()), "{found:?}");
        assert!(all("开飞机").contains(&"开✈".to_owned()));
        assert!(all("微信").is_empty(), "two Han are too short");
        assert!(all("加vx信").is_empty());
    }
}
