//! How often letters follow each other in ordinary Chinese and English. In:
//! letters; out: parts of 10^9 characters, a rough guide. It chooses what
//! the engine looks for first and which set wakes a rule; no verdict depends
//! on it. The numbers are those of `fold::ordinary`.

use super::term::Term;
use crate::base::int;
use crate::fold::{ordinary, tables};
use crate::image::gap;
use crate::scan::Frequency;

/// Pairs that no word holds stand where words meet: a part of what chance
/// would give.
const MEETING: f64 = 0.2;
/// Four letters that are in no frequent word or pair of words.
const RARE_QUAD: f64 = 20.0;
/// Letters of which nothing is known.
const UNKNOWN: f64 = 200.0;
/// Letters that a letter may be.
const ALPHABET: f64 = 26.0;
/// A symbol or digit that stands alone.
const LONE_SYMBOL: f64 = 2e6;

/// Letters as the search sees them: look-alikes are one, no repeats.
fn look_alike(letters: &[char]) -> Vec<char> {
    let mut out: Vec<char> = letters
        .iter()
        .map(|c| match c {
            'l' | '1' => 'i',
            '0' => 'o',
            '5' => 's',
            '4' => 'a',
            '3' => 'e',
            c => *c,
        })
        .collect();
    out.dedup();
    out
}

fn han(c: char) -> f64 {
    ordinary::count('1', std::iter::once(c))
}

fn pair(a: char, b: char) -> f64 {
    match (tables::is_han(a), tables::is_han(b)) {
        (true, true) => {
            let chance = han(a) * han(b) / 1e9 * MEETING;
            ordinary::count('2', [a, b].into_iter()).max(chance)
        }
        (true, false) => han(a) / 1000.0,
        (false, true) => han(b) / 1000.0,
        (false, false) => UNKNOWN,
    }
}

/// Three letters of which one of the first two is Han.
fn triple(a: char, b: char, c: char) -> f64 {
    let (first, second) = (pair(a, b), pair(b, c));
    if tables::is_han(b) {
        first * second.min(han(b)) / han(b).max(1.0)
    } else {
        first.min(second) / 10.0
    }
}

fn quad(letters: &[char]) -> f64 {
    if letters.iter().all(char::is_ascii_lowercase) {
        ordinary::count('4', letters.iter().copied()).max(RARE_QUAD)
    } else {
        UNKNOWN
    }
}

/// How often a term stands in ordinary text, in parts of 10^9. Letters are
/// taken to depend on the one before only.
pub fn term(term: &Term) -> u64 {
    let letters = &term.letters;
    let mut total = 1e9;
    let mut at = 0;
    while at < letters.len() {
        let word = (at + 1..letters.len())
            .find(|end| {
                term.gaps[*end] == gap::SPACE
                    || tables::is_han(letters[*end])
                        != tables::is_han(letters[at])
            })
            .unwrap_or(letters.len());
        let inside =
            at == 0 && !term.left || word == letters.len() && !term.right;
        let part = part(&letters[at..word], inside).min(1e9);
        // Words follow each other far more often than chance has it.
        total = if at == 0 { part } else { total.min(part) / 20.0 };
        at = word;
    }
    // A frequency is between 0 and 10^9.
    int::whole(total.max(1.0))
}

/// The frequency of letters of one script. `inside`: of a word, too.
fn part(letters: &[char], inside: bool) -> f64 {
    match letters {
        [c] if tables::is_han(*c) => han(*c).max(UNKNOWN),
        [_] => LONE_SYMBOL,
        [first, ..] if tables::is_han(*first) => {
            let mut total = han(*first).max(1.0);
            for two in letters.windows(2) {
                let before = han(two[0]).max(1.0);
                total *= (pair(two[0], two[1]) / before).clamp(1e-9, 1.0);
            }
            total
        }
        _ => {
            let letters = look_alike(letters);
            let word = ordinary::count('w', letters.iter().copied());
            let rare = if letters.len() < 4 { 10.0 * UNKNOWN } else { 1.0 };
            let quads = letters.windows(4).map(quad);
            let least = quads.fold(1e9, f64::min);
            // What chance gives a few letters that need be no word.
            let chance = letters.iter().fold(1e9, |all, _| all / ALPHABET);
            let few = inside && letters.len() < 4;
            word.max(rare.min(least)).max(if few { chance } else { 0.0 })
        }
    }
}

/// Frequencies by class: `letters` are those of each class.
pub struct ByClass {
    pub letters: Vec<Vec<char>>,
}

impl ByClass {
    /// The letters a class stands for; most classes are one letter.
    fn class(&self, class: u16) -> &[char] {
        let all = &self.letters[usize::from(class)];
        all.get(..2).unwrap_or(all)
    }

    fn is_han(&self, class: u16) -> bool {
        self.class(class).first().is_some_and(|c| tables::is_han(*c))
    }
}

impl Frequency for ByClass {
    fn of(&self, classes: &[u16]) -> u32 {
        let total = match *classes {
            [a, b] => {
                let both = self
                    .class(a)
                    .iter()
                    .flat_map(|a| self.class(b).iter().map(|b| pair(*a, *b)));
                both.fold(0.0, f64::max)
            }
            [a, b, c] if self.is_han(a) || self.is_han(b) => {
                let mut most: f64 = 0.0;
                for a in self.class(a) {
                    for b in self.class(b) {
                        let c = self.class(c).iter();
                        most = c.fold(most, |m, c| m.max(triple(*a, *b, *c)));
                    }
                }
                most
            }
            _ => {
                let letters: Vec<char> = classes
                    .iter()
                    .filter_map(|class| self.class(*class).first().copied())
                    .collect();
                // Of more than four letters the rarest four decide.
                let letters = look_alike(&letters);
                let quads = letters.windows(4).map(quad);
                quads.fold(UNKNOWN * 10.0, f64::min)
            }
        };
        u32::try_from(int::whole(total)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::super::term::fold_term;
    use super::*;

    #[test]
    fn common_words_are_commoner_than_rare_ones() {
        let rows = [
            ("手机", "裸聊"),
            ("你", "手机"),
            ("工作", "工资日结"),
            ("the", "casino"),
            ("time", "telegram"),
            ("time", "time is money"),
            ("的", "你"),
        ];
        for (common, rare) in rows {
            let of = |text| super::term(&fold_term(text));
            assert!(
                of(common) > of(rare),
                "{common} {} {rare} {}",
                of(common),
                of(rare)
            );
        }
    }

    #[test]
    fn numbers_are_near_the_source() {
        // The words of the source give 的 four characters in a thousand.
        assert!((3e6..5e6).contains(&han('的')), "{}", han('的'));
        assert!(ordinary::count('w', "the".chars()) > 5e6);
    }
}
