//! Ordinary words and how often they occur. In: the lists in `data`; out:
//! frequencies in a million words, and words around a stretch of letters.
//! Knows nothing of packs.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::base::int;

/// The lists as data, with their provenance beside them.
const LISTS: [(&str, &str); 2] =
    [("zh", include_str!("data/zh.txt")), ("en", include_str!("data/en.txt"))];

/// The lists, read once.
#[derive(Debug, Default)]
pub struct Words {
    frequency: HashMap<&'static str, u32>,
    /// Han words by each pair of neighbouring characters.
    pairs: HashMap<(char, char), Vec<&'static str>>,
    /// Latin words in alphabetical order.
    latin: Vec<&'static str>,
    /// In the order of the lists.
    all: Vec<(&'static str, &'static str)>,
}

/// The built-in lists.
pub fn words() -> &'static Words {
    static WORDS: OnceLock<Words> = OnceLock::new();
    WORDS.get_or_init(|| {
        let mut words = Words::default();
        for (lang, text) in LISTS {
            words.read(lang, text);
        }
        words.latin.sort_unstable();
        words
    })
}

impl Words {
    fn read(&mut self, lang: &'static str, text: &'static str) {
        let mut band = 0;
        for line in text.lines() {
            if let Some(number) = line.strip_prefix('@') {
                band = number.parse().unwrap_or(0);
                continue;
            }
            self.frequency.insert(line, band);
            self.all.push((lang, line));
            if lang == "en" {
                self.latin.push(line);
                continue;
            }
            let letters: Vec<char> = line.chars().collect();
            for pair in letters.windows(2) {
                let known = self.pairs.entry((pair[0], pair[1])).or_default();
                if known.last() != Some(&line) {
                    known.push(line);
                }
            }
        }
    }

    /// Every word with its language.
    pub fn all(&self) -> &[(&'static str, &'static str)] {
        &self.all
    }

    /// How often a word occurs in a million, at least; `None`: not in the
    /// lists.
    pub fn per_million(&self, word: &str) -> Option<u32> {
        self.frequency.get(word).copied()
    }

    /// Longer Han words with these letters inside, the most frequent first.
    pub fn around(&self, letters: &[char]) -> Vec<(&'static str, u32)> {
        let [first, second, ..] = letters else { return Vec::new() };
        let Some(known) = self.pairs.get(&(*first, *second)) else {
            return Vec::new();
        };
        let inner: String = letters.iter().collect();
        let mut found: Vec<(&str, u32)> = known
            .iter()
            .filter(|word| word.len() > inner.len() && word.contains(&inner))
            .map(|word| (*word, self.frequency[word]))
            .collect();
        found.sort_by_key(|(word, n)| (std::cmp::Reverse(*n), *word));
        found
    }

    /// Latin words that begin with a stretch of letters and go on.
    pub fn beginning(&self, head: &str) -> Vec<(&'static str, u32)> {
        let first = self.latin.partition_point(|word| *word < head);
        let mut found: Vec<(&str, u32)> = self.latin[first..]
            .iter()
            .take_while(|word| word.starts_with(head))
            .filter(|word| word.len() > head.len())
            .map(|word| (*word, self.frequency[word]))
            .collect();
        found.sort_by_key(|(word, n)| (std::cmp::Reverse(*n), *word));
        found
    }

    /// The same for endings. Walks the whole list.
    pub fn ending(&self, tail: &str) -> Vec<(&'static str, u32)> {
        let mut found: Vec<(&str, u32)> = self
            .latin
            .iter()
            .filter(|word| word.len() > tail.len() && word.ends_with(tail))
            .map(|word| (*word, self.frequency[word]))
            .collect();
        found.sort_by_key(|(word, n)| (std::cmp::Reverse(*n), *word));
        found
    }
}

/// Up to `max` words for a message.
pub fn some(found: &[(&'static str, u32)], max: usize) -> String {
    let mut shown: Vec<String> =
        found.iter().take(max).map(|(word, _)| format!("`{word}`")).collect();
    if found.len() > max {
        let more = int::to_u64(found.len() - max);
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn lists_are_those_of_the_provenance() {
        let record = include_str!("data/PROVENANCE.md");
        for (lang, text) in LISTS {
            let sum: String = Sha256::digest(text.as_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let row = format!("| `{lang}.txt` |");
            let row = record.lines().find(|l| l.starts_with(&row)).unwrap();
            assert!(row.contains(&sum), "{lang}: {sum}");
        }
        let bytes: usize = LISTS.iter().map(|(_, text)| text.len()).sum();
        assert!(bytes <= 600 << 10, "{bytes}");
    }

    #[test]
    fn words_have_frequencies_and_surroundings() {
        let words = words();
        assert!(words.per_million("我们").is_some_and(|n| n >= 200));
        assert!(words.per_million("the") >= Some(5000));
        assert_eq!(words.per_million("真人百家乐"), None);
        let around = words.around(&['发', '票']);
        assert!(around.iter().all(|(word, _)| word.contains("发票")));
        assert!(words.beginning("invest").iter().any(|w| w.0 == "investing"));
        assert!(words.ending("coin").iter().all(|w| w.0.ends_with("coin")));
    }
}
