//! Facts about the text of a record (`text.len`, `text.urls`, …). In: the
//! text fields; out: numbers, computed only when a condition asks.

use std::cell::Cell;

use crate::base::int;
use crate::fold::letter;
use crate::fold::tables::{self, Kind, TableFold};
use crate::record::{Record, Scalar};
use crate::validate;

/// Names after `text.` that conditions may use, for checks and messages.
pub const NAMES: [&str; 6] =
    ["len", "letters", "digits", "urls", "fold_ratio", "fields"];

/// Computes facts, each once for a record.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    known: [Cell<Option<f64>>; NAMES.len()],
}

impl Facts {
    /// Forgets the last record.
    pub fn reset(&mut self) {
        self.known = Default::default();
    }

    /// The fact of that name over all fields of a record.
    pub fn get(
        &self,
        name: &str,
        record: &Record<'_>,
    ) -> Option<Scalar<'static>> {
        let place = NAMES.iter().position(|known| *known == name)?;
        Some(Scalar::Number(self.number(place, record)))
    }

    /// The same by its place in [`NAMES`].
    pub(super) fn number(&self, place: usize, record: &Record<'_>) -> f64 {
        self.known[place].get().unwrap_or_else(|| {
            let number = fact(NAMES[place], record);
            self.known[place].set(Some(number));
            number
        })
    }
}

fn fact(name: &str, record: &Record<'_>) -> f64 {
    let texts = || record.fields.iter().map(|field| &*field.text);
    let chars = || texts().flat_map(str::chars);
    match name {
        "len" => count(chars()),
        "letters" => count(chars().filter(|c| is_letter(*c))),
        "digits" => texts().map(digits).sum(),
        "urls" => texts().map(urls).sum(),
        "fields" => count(texts()),
        _ => {
            let letters = count(chars().filter(|c| is_letter(*c)));
            let odd = count(chars().filter(|c| is_disguised(*c)));
            if letters > 0.0 { odd / letters } else { 0.0 }
        }
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> f64 {
    int::to_f64(int::to_u64(items.count()))
}

/// Digits of a text. Han, which hold none, are passed over by the lead byte.
fn digits(text: &str) -> f64 {
    let ascii = text.bytes().filter(u8::is_ascii_digit).count();
    let mut wide = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            0..0x80 => 1,
            0xE4..=0xE9 => 3,
            _ => {
                let Some(c) = text[at..].chars().next() else { break };
                wide += usize::from(letter::is_digit(c));
                c.len_utf8()
            }
        };
    }
    int::to_f64(int::to_u64(ascii + wide))
}

fn is_letter(c: char) -> bool {
    matches!(tables::kind(c), Kind::Letter)
}

/// Characters that ordinary typing does not produce: invisible ones, styled
/// and full-width letters, radicals.
fn is_disguised(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    match tables::t0(c) {
        Some((to, TableFold::Width)) => to.is_ascii_alphanumeric(),
        Some((_, TableFold::Styled | TableFold::Radical)) => true,
        _ => matches!(tables::kind(c), Kind::Ignorable),
    }
}

fn urls(text: &str) -> f64 {
    let Some(kind) = validate::Kind::from_name("url") else { return 0.0 };
    let mut found = Vec::new();
    let mut scratch = validate::Scratch::default();
    validate::find(text, kind.into(), &mut scratch, &mut found);
    count(found.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_in_every_alphabet() {
        let rows = [("", 0.0), ("a1b22", 3.0), ("①３𝟑三 9", 4.0)];
        for (text, wanted) in rows {
            assert_eq!(digits(text), wanted, "{text}");
        }
        // What `digits` passes over.
        assert!(!('\u{4000}'..='\u{9FFF}').any(letter::is_digit));
    }
}
