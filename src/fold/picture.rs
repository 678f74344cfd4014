//! Words written as pictures. In: a picture or a word; out: what it stands
//! for. Pictures stay separators; where a term has the word, a text is read
//! with them as letters too.
//!
//! The pictures of one character are letters that may stand for another
//! (`letter`); the pictures of two characters are spellings (`pack`).

use std::collections::HashMap;
use std::sync::LazyLock;

const FILES: [&str; 2] =
    [include_str!("data/picture.txt"), include_str!("data/emoji.txt")];

struct Tables {
    /// Picture and characters, sorted.
    letters: Vec<(char, Vec<char>)>,
    words: HashMap<&'static str, &'static str>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut letters: HashMap<char, Vec<char>> = HashMap::new();
    let mut words = HashMap::new();
    for file in FILES {
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let Some((word, pictures)) = line.split_once(' ') else {
                continue;
            };
            let mut chars = word.chars();
            let (Some(c), None) = (chars.next(), chars.next()) else {
                words.entry(word).or_insert(pictures);
                continue;
            };
            for picture in pictures.chars() {
                let all = letters.entry(picture).or_default();
                if !all.contains(&c) {
                    all.push(c);
                }
            }
        }
    }
    let mut letters: Vec<(char, Vec<char>)> = letters.into_iter().collect();
    letters.sort_unstable();
    Tables { letters, words }
});

/// The Han characters that a picture may stand for.
#[inline]
pub fn letters(picture: char) -> &'static [char] {
    let code = u32::from(picture);
    if code < 0x2190 || (0x2E80..0x1F000).contains(&code) {
        return &[];
    }
    let all = &TABLES.letters;
    match all.binary_search_by_key(&picture, |row| row.0) {
        Ok(at) => &all[at].1,
        Err(_) => &[],
    }
}

/// The pictures of a word of two characters.
pub fn of_word(word: &str) -> impl Iterator<Item = char> {
    TABLES.words.get(word).copied().unwrap_or("").chars()
}

/// Every picture of one character.
pub fn all() -> impl Iterator<Item = char> {
    TABLES.letters.iter().map(|row| row.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_for_words() {
        assert!(letters('🐮').contains(&'牛'));
        assert_eq!(letters('💰').first(), Some(&'钱'));
        assert!(letters('牛').is_empty() && letters('a').is_empty());
        assert!(of_word("飞机").any(|c| c == '✈'));
        assert_eq!(of_word("桌子").count(), 0);
    }
}
