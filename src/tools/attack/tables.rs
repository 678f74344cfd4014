//! The tables of the attacks. In: the files of `data`; out: what a letter or
//! character can be replaced by. None of it is what the matcher compiles
//! (see `data/PROVENANCE.md`).

use std::collections::HashMap;
use std::sync::OnceLock;

/// Replacements of one character.
pub type Others = HashMap<char, Vec<char>>;

/// A sentence with a gap for a term.
#[derive(Clone, Copy, Debug)]
pub struct Carrier {
    pub lang: &'static str,
    pub head: &'static str,
    pub tail: &'static str,
}

/// All of them, read once.
#[derive(Debug)]
pub struct Tables {
    pub homoglyph: Others,
    pub leet: Others,
    pub variant: Others,
    pub lookalike: Others,
    /// Parts of a character.
    pub split: HashMap<char, &'static str>,
    /// Words and their pictures, longer words first.
    pub emoji: Vec<(&'static str, &'static str)>,
    /// Toneless syllable of a character.
    pub syllable: HashMap<char, &'static str>,
    /// Characters of a syllable.
    pub sounds: HashMap<&'static str, Vec<char>>,
    pub carriers: Vec<Carrier>,
}

pub fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut syllable = HashMap::new();
        let mut sounds = HashMap::new();
        for (name, chars) in rows(include_str!("data/syllables.txt")) {
            sounds.insert(name, chars.chars().collect());
            syllable.extend(chars.chars().map(|c| (c, name)));
        }
        let mut emoji: Vec<(&str, &str)> =
            rows(include_str!("data/emoji.txt")).collect();
        emoji.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        Tables {
            homoglyph: others(include_str!("data/homoglyph.txt")),
            leet: others(include_str!("data/leet.txt")),
            variant: others(include_str!("data/variant.txt")),
            lookalike: others(include_str!("data/lookalike.txt")),
            split: rows(include_str!("data/split.txt"))
                .filter_map(|(c, parts)| Some((c.chars().next()?, parts)))
                .collect(),
            emoji,
            syllable,
            sounds,
            carriers: rows(include_str!("data/carriers.txt"))
                .filter_map(|(lang, text)| {
                    let (head, tail) = text.split_once("{}")?;
                    Some(Carrier { lang, head, tail })
                })
                .collect(),
        }
    })
}

/// `key value` lines; `#` begins a comment.
fn rows(
    text: &'static str,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
}

fn others(text: &'static str) -> Others {
    rows(text)
        .filter_map(|(c, all)| {
            Some((c.chars().next()?, all.chars().collect()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_are_those_of_the_provenance() {
        use sha2::{Digest, Sha256};
        let text = include_str!("data/syllables.txt");
        let sum: String = Sha256::digest(text.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert!(include_str!("data/PROVENANCE.md").contains(&sum), "{sum}");
    }

    #[test]
    fn tables_are_read_and_change_something() {
        let tables = tables();
        for others in [&tables.homoglyph, &tables.variant, &tables.lookalike] {
            assert!(others.len() > 20);
            for (c, all) in others {
                assert!(!all.is_empty() && !all.contains(c), "{c}");
            }
        }
        assert!(tables.split.len() > 100);
        assert!(tables.syllable.len() > 3000);
        assert_eq!(tables.syllable[&'好'], "hao");
        let zh = tables.carriers.iter().filter(|c| c.lang == "zh").count();
        assert!(zh >= 20 && tables.carriers.len() - zh >= 15);
    }
}
