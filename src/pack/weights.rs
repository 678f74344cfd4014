//! Weights files. In: the text of a `weights/*.tsv`; out: a bias and
//! n-grams with their keys and weights, or diagnostics with their places.
//!
//! ```text
//! # A comment.
//! bias⇥-4.2150
//! char⇥加微信⇥0.8123⇥120⇥3
//! sign⇥!!⇥0.1210⇥33⇥8
//! sign⇥:␣⇥0.0420⇥51⇥12
//! word⇥free money⇥0.6100⇥41⇥0
//! ```
//!
//! (`⇥` is a tab, `␣` of a sign n-gram a blank.) What stands behind the weight
//! is for readers: in how many records of the category and in how many others
//! the n-gram was seen.

use std::collections::HashMap;
use std::ops::Range;

use super::diagnostic::{BAD_WEIGHTS, Diagnostic};
use crate::base::{int, limits, near};
use crate::fold::plain_letters;
use crate::image::{GRAM_CHARS_MAX, GRAM_SIGNS_MAX, GRAM_WORDS_MAX};
use crate::scan::grams::{self, BLANK_SHOWN, Sizes, Unit};

/// One n-gram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub key: u64,
    /// As the file has it.
    pub text: String,
    /// In ten-thousandths.
    pub weight: i32,
    /// How long n-grams of its kind have to be for it, 0 for the others.
    pub sizes: Sizes,
}

/// One file, as far as it could be read.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    pub bias: i64,
    pub rows: Vec<Row>,
}

/// The key of an n-gram written as text, with its length in letters or
/// words; what is wrong with it otherwise.
pub fn key_of(unit: Unit, text: &str) -> Result<(u64, u8), String> {
    match unit {
        Unit::Char => char_key(text),
        Unit::Sign => sign_key(text),
        Unit::Word => word_key(text),
    }
}

/// All n-grams of a text with their places, and its letters.
fn grams_of(text: &str, sizes: Sizes) -> (Vec<(u64, u32, u32)>, u32) {
    let mut all = Vec::new();
    let mut visit =
        |key: u64, start: u32, end: u32| all.push((key, start, end));
    let letters = grams::each(text, plain_letters(), sizes, &mut visit);
    (all, letters)
}

fn char_key(text: &str) -> Result<(u64, u8), String> {
    let sizes = Sizes { chars: GRAM_CHARS_MAX, ..Sizes::default() };
    let (all, letters) = grams_of(text, sizes);
    if letters == 0 {
        return Err("no letter is left".to_owned());
    }
    let count =
        u8::try_from(letters).ok().filter(|count| *count <= GRAM_CHARS_MAX);
    let Some(count) = count else {
        return Err(format!(
            "{letters} letters, at most {GRAM_CHARS_MAX} are possible"
        ));
    };
    // The last is the one that has all letters, unless a character in
    // between keeps them apart.
    match all.last() {
        Some((key, ..)) if int::to_u32(all.len()) == triangle(letters) => {
            Ok((*key, count))
        }
        _ => Err("letters that do not touch".to_owned()),
    }
}

fn word_key(text: &str) -> Result<(u64, u8), String> {
    let sizes = Sizes { words: GRAM_WORDS_MAX, ..Sizes::default() };
    let (all, _) = grams_of(text, sizes);
    match all.len() {
        1 => Ok((all[0].0, 1)),
        3 if text_is_words(text, &all) => Ok((all[2].0, 2)),
        0 => Err("no word is left".to_owned()),
        _ => Err(format!("not one or {GRAM_WORDS_MAX} words")),
    }
}

/// Blanks are written as `␣`.
fn sign_key(text: &str) -> Result<(u64, u8), String> {
    let letters = plain_letters();
    let seen = |c: &char| letters.get(*c) != crate::fold::plain::IGNORABLE;
    let text = text.trim().replace(BLANK_SHOWN, " ");
    let text: String = text.chars().filter(seen).collect();
    let sizes = Sizes { signs: GRAM_SIGNS_MAX, ..Sizes::default() };
    let (all, _) = grams_of(&text, sizes);
    let count = text.chars().count();
    let whole = all
        .iter()
        .find(|(_, start, end)| int::to_usize(end - start) == text.len());
    match (whole, count) {
        (Some((key, ..)), 1) => Ok((*key, 1)),
        (Some((key, ..)), 2) => Ok((*key, GRAM_SIGNS_MAX)),
        _ => Err("expected a sign, two characters of which one is a sign, \
                  or a letter beside a blank (`␣`)"
            .to_owned()),
    }
}

/// Two words, and the pair of them.
fn text_is_words(text: &str, all: &[(u64, u32, u32)]) -> bool {
    let letters = text.chars().filter(|c| {
        plain_letters().get(*c) >= crate::fold::plain::FIRST_LETTER
    });
    let covered = &text[int::to_usize(all[2].1)..int::to_usize(all[2].2)];
    let inside = covered.chars().filter(|c| {
        plain_letters().get(*c) >= crate::fold::plain::FIRST_LETTER
    });
    letters.count() == inside.count()
}

fn triangle(count: u32) -> u32 {
    count * (count + 1) / 2
}

/// Reads a file. `file` is its number in diagnostics.
pub fn parse(text: &str, file: usize, out: &mut Vec<Diagnostic>) -> Weights {
    let mut reader = Reader {
        file,
        out,
        bias: None,
        seen: HashMap::new(),
        weights: Weights::default(),
    };
    let mut start = 0;
    for raw in text.split('\n') {
        let line = raw.trim_end_matches('\r');
        reader.line(line, start);
        start += raw.len() + 1;
    }
    if reader.bias.is_none() {
        let end = text.find('\n').unwrap_or(text.len());
        let help = "a line such as `bias`, a tab, `-4.5`: the score of a \
                    text that has none of the n-grams";
        reader.fail("the file has no bias", 0..end, "", help);
    }
    reader.weights
}

struct Reader<'d> {
    file: usize,
    out: &'d mut Vec<Diagnostic>,
    bias: Option<Range<usize>>,
    seen: HashMap<u64, Range<usize>>,
    weights: Weights,
}

impl Reader<'_> {
    fn fail(
        &mut self,
        title: &str,
        span: Range<usize>,
        label: impl Into<String>,
        help: &str,
    ) {
        let found =
            Diagnostic::new(&BAD_WEIGHTS, title, self.file, span, label);
        let found = if help.is_empty() { found } else { found.help(help) };
        self.out.push(found);
    }

    fn line(&mut self, line: &str, start: usize) {
        let body = line.trim_start_matches('\u{feff}');
        let start = start + (line.len() - body.len());
        if body.trim().is_empty() || body.starts_with('#') {
            return;
        }
        let mut cells: Vec<(&str, Range<usize>)> = Vec::new();
        let mut at = start;
        for cell in body.split('\t') {
            cells.push((cell, at..at + cell.len()));
            at += cell.len() + 1;
        }
        let (kind, place) = cells[0].clone();
        match kind {
            "bias" => self.bias_line(&cells, start..start + body.len()),
            "char" => self.gram(Unit::Char, &cells, start + body.len()),
            "sign" => self.gram(Unit::Sign, &cells, start + body.len()),
            "word" => self.gram(Unit::Word, &cells, start + body.len()),
            other => {
                let known = ["bias", "char", "sign", "word"];
                let near = near::nearest(other, known);
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "a line begins with bias, char, sign or word, \
                             and a tab"
                        .to_owned(),
                };
                let label = "no kind of line is called so";
                self.fail("not a line of a weights file", place, label, &help);
            }
        }
    }

    fn bias_line(
        &mut self,
        cells: &[(&str, Range<usize>)],
        whole: Range<usize>,
    ) {
        let Some((number, place)) = cells.get(1) else {
            let label = "expected a tab and a number";
            return self.fail("bias without a number", whole, label, "");
        };
        if let Some(first) = self.bias.clone() {
            let found = Diagnostic::new(
                &BAD_WEIGHTS,
                "a second bias",
                self.file,
                whole,
                "a file has one",
            );
            self.out.push(found.also(self.file, first, "first here"));
            return;
        }
        self.bias = Some(whole);
        if let Some(bias) = self.number(number, place) {
            self.weights.bias = bias;
        }
    }

    fn gram(
        &mut self,
        unit: Unit,
        cells: &[(&str, Range<usize>)],
        end: usize,
    ) {
        let Some((text, place)) = cells.get(1).cloned() else {
            let place = cells[0].1.clone();
            let label = "expected a tab and an n-gram";
            return self.fail("line without an n-gram", place, label, "");
        };
        let Some((number, at)) = cells.get(2).cloned() else {
            let label = "expected a tab and the weight behind it";
            return self.fail("n-gram without a weight", place, label, "");
        };
        for (count, place) in cells.iter().skip(3).take(2) {
            if count.trim().parse::<u64>().is_err() {
                let label = "expected a whole number of records, or nothing";
                self.fail("not a count", place.clone(), label, "");
            }
        }
        if let Some((_, more)) = cells.get(5) {
            let label = "a line has five columns";
            self.fail("too many columns", more.start..end, label, "");
        }
        let weight = self.number(number, &at);
        let (key, length) = match key_of(unit, text) {
            Ok(found) => found,
            Err(why) => {
                let title = format!("`{text}` is no {} n-gram", unit.as_str());
                return self.fail(&title, place, why, "");
            }
        };
        if let Some(first) = self.seen.get(&key).cloned() {
            let found = Diagnostic::new(
                &BAD_WEIGHTS,
                "an n-gram stands here twice",
                self.file,
                place,
                "the same after folding",
            );
            self.out.push(found.also(self.file, first, "first here"));
            return;
        }
        self.seen.insert(key, place);
        let Some(weight) = weight.and_then(|w| i32::try_from(w).ok()) else {
            return;
        };
        let none = Sizes::default();
        let sizes = match unit {
            Unit::Char => Sizes { chars: length, ..none },
            Unit::Sign => Sizes { signs: length, ..none },
            Unit::Word => Sizes { words: length, ..none },
        };
        let text = text.trim().to_owned();
        self.weights.rows.push(Row { key, text, weight, sizes });
    }

    /// A decimal number in ten-thousandths.
    fn number(&mut self, text: &str, place: &Range<usize>) -> Option<i64> {
        let found = text.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        let Some(number) = found else {
            let label = "expected a number such as 0.8125 or -4.2";
            self.fail("not a number", place.clone(), label, "");
            return None;
        };
        let whole = int::rounded(number * 10_000.0);
        if whole.abs() > limits::WEIGHT_MAX {
            let most = limits::WEIGHT_MAX / 10_000;
            let label = format!("at most {most} in either direction");
            self.fail("weight too large", place.clone(), label, "");
            return None;
        }
        Some(whole)
    }
}

/// A number in ten-thousandths as a weights file writes it.
pub fn decimal(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let value = value.unsigned_abs();
    format!("{sign}{}.{:04}", value / 10_000, value % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_grams_have_keys_or_say_why_not() {
        let one = |unit, text| key_of(unit, text).map(|(_, n)| n);
        assert_eq!(one(Unit::Char, "加微信"), Ok(3));
        assert_eq!(one(Unit::Char, "加.微"), Ok(2));
        assert_eq!(one(Unit::Word, "free money"), Ok(2));
        assert_eq!(one(Unit::Word, "FREE"), Ok(1));
        assert_eq!(one(Unit::Sign, "!"), Ok(1));
        assert_eq!(one(Unit::Sign, "❤\u{fe0f}"), Ok(1));
        assert_eq!(one(Unit::Sign, "!!"), Ok(2));
        assert_eq!(one(Unit::Sign, "a␣"), Ok(2));
        assert_eq!(key_of(Unit::Sign, "␣信"), key_of(Unit::Sign, "␣信"));
        assert_eq!(key_of(Unit::Sign, "信!"), key_of(Unit::Sign, "信！"));
        assert_eq!(key_of(Unit::Word, "free"), key_of(Unit::Word, "ＦＲＥＥ"),);
        for (unit, text) in [
            (Unit::Char, ""),
            (Unit::Char, "..."),
            (Unit::Char, "abcde"),
            (Unit::Char, "a\u{10ffff}b"),
            (Unit::Word, "微信"),
            (Unit::Word, "a b c"),
            (Unit::Word, "a 微 b"),
            (Unit::Sign, ""),
            (Unit::Sign, "␣"),
            (Unit::Sign, "a"),
            (Unit::Sign, "ab"),
            (Unit::Sign, "!␣"),
            (Unit::Sign, "!!!"),
            (Unit::Sign, "𠀀"),
        ] {
            assert!(one(unit, text).is_err(), "{unit:?} {text:?}");
        }
    }

    #[test]
    fn decimals_are_exact() {
        for value in [0, 1, -1, 10_000, -42_150, 8_123] {
            let text = decimal(value);
            let back: f64 = text.parse().unwrap();
            assert_eq!(int::rounded(back * 10_000.0), value, "{text}");
        }
    }
}
