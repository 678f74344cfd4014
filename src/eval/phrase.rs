//! Finding one phrase at tier 0 without an image. In: a text and a phrase
//! of the operator's policy; out: where it stands. For a handful of phrases
//! on texts that already hit a rule, never for a dictionary.

use crate::base::{Span, int};
use crate::fold::letter;
use crate::fold::tables::{self, Kind};

/// A phrase, folded once.
#[derive(Clone, Debug)]
pub struct Phrase {
    letters: Vec<char>,
}

impl Phrase {
    /// Letters of the phrase; separators and invisible characters of the
    /// phrase do not matter.
    pub fn new(text: &str) -> Phrase {
        let letters = text
            .chars()
            .filter(|c| !is_skipped(*c))
            .map(letter::canonical)
            .collect();
        Phrase { letters }
    }

    /// Appends every place where the phrase stands, single blanks between
    /// its letters allowed.
    pub fn find(&self, text: &str, out: &mut Vec<Span>) {
        let Some(&first) = self.letters.first() else { return };
        for (start, c) in text.char_indices() {
            if letter::canonical(c) != first {
                continue;
            }
            if let Some(end) = self.at(text, start) {
                out.push(Span::new(int::to_u32(start), int::to_u32(end)));
            }
        }
    }

    fn at(&self, text: &str, start: usize) -> Option<usize> {
        let mut wanted = self.letters.iter();
        let mut next = wanted.next()?;
        let mut blank = false;
        for (offset, c) in text[start..].char_indices() {
            if letter::canonical(c) == *next {
                blank = false;
                match wanted.next() {
                    Some(letter) => next = letter,
                    None => return Some(start + offset + c.len_utf8()),
                }
                continue;
            }
            let ignorable = !matches!(tables::kind(c), Kind::Separator);
            if !is_skipped(c) || !ignorable && blank {
                return None;
            }
            blank |= !ignorable;
        }
        None
    }
}

fn is_skipped(c: char) -> bool {
    matches!(tables::kind(c), Kind::Separator | Kind::Ignorable | Kind::Mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_stand_where_they_stand() {
        type Places = &'static [(u32, u32)];
        let rows: [(&str, &str, Places); 4] = [
            ("时时彩虹", "看时时彩虹和時時彩虹", &[(3, 15), (18, 30)]),
            ("free money", "FREE money", &[(0, 10)]),
            ("free money", "free  money", &[]),
            ("", "x", &[]),
        ];
        for (phrase, text, wanted) in rows {
            let mut found = Vec::new();
            Phrase::new(phrase).find(text, &mut found);
            let found: Vec<_> =
                found.iter().map(|s| (s.start, s.end)).collect();
            if text.contains('時') && tables::t0('時').is_none() {
                continue;
            }
            assert_eq!(found, wanted, "{phrase} in {text}");
        }
    }
}
