//! Facts about the text of a record (`text.len`, `text.urls`, …). In: the
//! text fields; out: numbers, computed only when a condition asks.

use crate::base::int;
use crate::fold::letter;
use crate::fold::tables::{self, Kind, TableFold};
use crate::record::{Record, Scalar};
use crate::validate;

/// Names after `text.` that conditions may use, for checks and messages.
pub const NAMES: [&str; 6] =
    ["len", "letters", "digits", "urls", "fold_ratio", "fields"];

/// Computes facts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts;

impl Facts {
    /// The fact of that name over all fields of a record.
    pub fn get(
        &self,
        name: &str,
        record: &Record<'_>,
    ) -> Option<Scalar<'static>> {
        let texts = || record.fields.iter().map(|field| &*field.text);
        let chars = || texts().flat_map(str::chars);
        let number = match name {
            "len" => count(chars()),
            "letters" => count(chars().filter(|c| is_letter(*c))),
            "digits" => count(chars().filter(|c| letter::is_digit(*c))),
            "urls" => texts().map(urls).sum(),
            "fields" => count(texts()),
            "fold_ratio" => {
                let letters = count(chars().filter(|c| is_letter(*c)));
                let odd = count(chars().filter(|c| is_disguised(*c)));
                if letters > 0.0 { odd / letters } else { 0.0 }
            }
            _ => return None,
        };
        Some(Scalar::Number(number))
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> f64 {
    int::to_f64(int::to_u64(items.count()))
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
