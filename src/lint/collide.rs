//! The collision finder: what terms hit by accident. In: a scanner, ordinary
//! words, benign texts; out: the words and phrases in which each term stands
//! without being meant, how often that is to be expected, and exceptions
//! that would prevent it. Changes no pack.
//!
//! A hit is looked at together with its surroundings. These are cut into
//! words (the cut with the most likely words wins), and the hit is
//!
//! - *plain* when it begins and ends with words: the text mentions the term,
//!   perhaps as the head or tail of a compound (`电话` in `打电话`);
//! - *open* when a Latin word goes on where the term ends in `*`;
//! - *inside* when one longer word contains it (`可思` in `不可思议`);
//! - *across* when it begins or ends in the middle of a word;
//! - *folded* when it needed a disguise that costs something.
//!
//! *inside*, *across* and *folded* are accidents; the others are what the
//! author asked for and may be looked at as mentions. Only terms that
//! announce a rule are looked at; contexts are expected in ordinary text.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{Words, words};
use crate::base::{Span, int};
use crate::eval::{Scanner, Scratch, text_record};
use crate::fold::{letter, tables};
use crate::image::Image;
use crate::record::Record;
use crate::scan::Hit;
use crate::verdict::{Milli, Verdict};

/// Characters of surroundings that are cut into words on each side.
const AROUND: usize = 12;
/// Longest word that the cut considers.
const WORD_MAX: usize = 8;
/// Phrases kept for each term.
const PHRASES_MAX: usize = 64;

/// How a hit stands among words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Inside,
    Across,
    Folded,
    Open,
    Plain,
}

impl Kind {
    /// Whether nobody meant the term.
    fn is_accident(self) -> bool {
        matches!(self, Kind::Inside | Kind::Across | Kind::Folded)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Inside => "inside",
            Kind::Across => "across",
            Kind::Folded => "folded",
            Kind::Open => "open",
            Kind::Plain => "plain",
        }
    }
}

/// What one term hit.
#[derive(Clone, Debug, Default)]
struct Entry {
    sets: BTreeSet<u32>,
    hits: u64,
    /// Phrases with how often they were hit.
    phrases: BTreeMap<String, u64>,
}

/// Counts over words or texts; those of several threads can be merged.
#[derive(Clone, Debug, Default)]
pub struct Collisions {
    pub records: u64,
    pub chars: u64,
    terms: BTreeMap<(String, Kind), Entry>,
    /// Verdicts by rule: report and takedown.
    pub rules: BTreeMap<u32, [u64; 2]>,
    pub flagged: u64,
}

/// One line of the result.
#[derive(Clone, Debug)]
pub struct Collision {
    pub term: String,
    pub kind: Kind,
    pub sets: Vec<String>,
    pub hits: u64,
    pub per_million_chars: f64,
    /// The most frequent first.
    pub phrases: Vec<(String, u64)>,
    /// Lines for the term file that would prevent it.
    pub exceptions: Vec<String>,
}

impl Collisions {
    /// Looks at one benign text.
    pub fn see(
        &mut self,
        scanner: &Scanner,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) {
        self.records += 1;
        for field in &record.fields {
            self.chars += int::to_u64(field.text.chars().count());
        }
        self.hits(scanner, record, 1, scratch);
        let outcome = scanner.scan(record, scratch);
        self.flagged += u64::from(outcome.verdict() > Verdict::Pass);
        for fired in &outcome.fired {
            let counts = self.rules.entry(fired.rule).or_default();
            let takedown = fired.verdict == Verdict::Takedown;
            counts[usize::from(takedown)] += 1;
        }
    }

    /// Looks at every word of the built-in lists. Words count as often as
    /// they occur in a million.
    pub fn of_words(scanner: &Scanner) -> Collisions {
        let mut all = Collisions::default();
        let mut scratch = Scratch::default();
        for (_, word) in words().all() {
            let often = words().per_million(word).unwrap_or(0).max(1);
            let often = u64::from(often);
            all.records += 1;
            // A blank goes with every Latin word.
            let blank = u64::from(word.is_ascii());
            all.chars += often * (int::to_u64(word.chars().count()) + blank);
            let record = text_record(word);
            all.hits(scanner, &record, often, &mut scratch);
        }
        all
    }

    fn hits(
        &mut self,
        scanner: &Scanner,
        record: &Record<'_>,
        weight: u64,
        scratch: &mut Scratch,
    ) {
        let hits = scanner.hits(record, scratch);
        let view = scanner.image().view();
        let sets = &scanner.image().meta().sets;
        let row = |hit: &Hit| &view.terms[int::to_usize(hit.term)];
        let mut seen: BTreeSet<(u32, Span, &str)> = BTreeSet::new();
        for (field, hit) in &hits {
            let shielded = hits.iter().any(|(other, shield)| {
                other == field
                    && row(shield).is_exception()
                    && shield.set == hit.set
                    && shield.span.covers(hit.span)
            });
            // Literals of regexes are looked for, not found.
            let literal = sets[int::to_usize(hit.set)].label == "literal";
            let wakes =
                row(hit).is_waking() && !row(hit).is_exception() && !literal;
            if !wakes || shielded {
                continue;
            }
            let term = view.term_text(hit.term);
            let text = &record.fields[int::to_usize(*field)].text;
            let (phrase, mut kind) = surroundings(text, hit.span, words());
            if kind == Kind::Plain && hit.penalty > Milli(0) {
                kind = Kind::Folded;
            }
            let key = (term.to_owned(), kind);
            let entry = self.terms.entry(key).or_default();
            entry.sets.insert(hit.set);
            // A term of several sets is one hit.
            if !seen.insert((*field, hit.span, term)) {
                continue;
            }
            entry.hits += weight;
            let full = entry.phrases.len() >= PHRASES_MAX;
            if !full || entry.phrases.contains_key(&phrase) {
                *entry.phrases.entry(phrase).or_default() += weight;
            }
        }
    }

    pub fn merge(&mut self, other: Collisions) {
        self.records += other.records;
        self.chars += other.chars;
        self.flagged += other.flagged;
        for (key, entry) in other.terms {
            let own = self.terms.entry(key).or_default();
            own.sets.extend(entry.sets);
            own.hits += entry.hits;
            for (phrase, count) in entry.phrases {
                *own.phrases.entry(phrase).or_default() += count;
            }
        }
        for (rule, counts) in other.rules {
            let own = self.rules.entry(rule).or_default();
            own[0] += counts[0];
            own[1] += counts[1];
        }
    }

    /// Expected hits in a million characters.
    pub fn rate(&self, hits: u64) -> f64 {
        if self.chars == 0 {
            return 0.0;
        }
        1e6 * int::to_f64(hits) / int::to_f64(self.chars)
    }

    /// Accidents, the most frequent first; with `plain` mentions too.
    pub fn ranked(&self, image: &Image, plain: bool) -> Vec<Collision> {
        let sets = &image.meta().sets;
        let mut all: Vec<Collision> = self
            .terms
            .iter()
            .filter(|((_, kind), _)| plain || kind.is_accident())
            .map(|((term, kind), entry)| {
                let mut phrases: Vec<(String, u64)> =
                    entry.phrases.clone().into_iter().collect();
                phrases.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
                let exceptions = match kind.is_accident() {
                    true => exceptions(&phrases, term),
                    false => Vec::new(),
                };
                let name = |set: &u32| sets[int::to_usize(*set)].name.clone();
                Collision {
                    term: term.clone(),
                    kind: *kind,
                    sets: entry.sets.iter().map(name).collect(),
                    hits: entry.hits,
                    per_million_chars: self.rate(entry.hits),
                    phrases,
                    exceptions,
                }
            })
            .collect();
        all.sort_by(|a, b| {
            b.hits.cmp(&a.hits).then_with(|| a.term.cmp(&b.term))
        });
        all
    }
}

/// Exceptions for the phrases of an accident: those that are no more than
/// a few words, without the ones that another covers.
fn exceptions(phrases: &[(String, u64)], term: &str) -> Vec<String> {
    let mut kept: Vec<&str> = Vec::new();
    for (phrase, _) in phrases.iter().take(5) {
        let covered = kept.iter().any(|other| phrase.contains(other));
        let longer = phrase.chars().count() > term.chars().count();
        if !covered && longer {
            kept.push(phrase);
        }
    }
    kept.into_iter().map(|phrase| format!("!{phrase}")).collect()
}

/// The words that a hit stands in, and how it stands in them.
fn surroundings(text: &str, span: Span, words: &Words) -> (String, Kind) {
    let range = span.range();
    let head = &text[..range.start];
    let from = head
        .char_indices()
        .rev()
        .take(AROUND)
        .take_while(|(_, c)| is_wordlike(*c))
        .last()
        .map_or(range.start, |(at, _)| at);
    let tail = &text[range.end..];
    let to = tail
        .char_indices()
        .take(AROUND)
        .take_while(|(_, c)| is_wordlike(*c))
        .last()
        .map_or(range.end, |(at, c)| range.end + at + c.len_utf8());
    let cuts: Vec<usize> =
        cut(&text[from..to], words).into_iter().map(|at| from + at).collect();
    let start = cuts.iter().rev().find(|at| **at <= range.start);
    let end = cuts.iter().find(|at| **at >= range.end);
    let start = start.copied().unwrap_or(range.start);
    let end = end.copied().unwrap_or(range.end);
    let kind = if (start, end) == (range.start, range.end) {
        Kind::Plain
    } else if cuts.iter().any(|at| start < *at && *at < end) {
        Kind::Across
    } else {
        inside(&text[start..end], &text[range], words)
    };
    (text[start..end].to_owned(), kind)
}

/// How a hit stands in a longer word.
fn inside(word: &str, hit: &str, words: &Words) -> Kind {
    if word.chars().all(|c| letter::canonical(c).is_ascii_alphanumeric()) {
        // Terms with closed ends do not hit inside a Latin word.
        return Kind::Open;
    }
    let folded: String = hit.chars().map(letter::canonical).collect();
    let compound = word.starts_with(hit) || word.ends_with(hit);
    if compound && words.per_million(&folded).is_some() {
        Kind::Plain
    } else {
        Kind::Inside
    }
}

fn is_wordlike(c: char) -> bool {
    tables::is_han(c) || letter::is_word_letter(c) || letter::is_digit(c)
}

/// Word boundaries as byte offsets, both ends included: the cut whose words
/// are likeliest, single unknown characters being unlikely.
fn cut(text: &str, words: &Words) -> Vec<usize> {
    let folded: Vec<char> = text.chars().map(letter::canonical).collect();
    let mut offsets: Vec<usize> =
        text.char_indices().map(|(at, _)| at).collect();
    offsets.push(text.len());
    // best[i]: the highest score of a cut of the first i characters, and
    // where its last word begins.
    let mut best: Vec<(f64, usize)> = vec![(0.0, 0)];
    for end in 1..=folded.len() {
        let mut choice = (f64::NEG_INFINITY, end - 1);
        let latin = folded[end - 1].is_ascii_alphanumeric();
        let mut first = end.saturating_sub(WORD_MAX);
        if latin {
            // A Latin word is never cut.
            first = end - 1;
            while first > 0 && folded[first - 1].is_ascii_alphanumeric() {
                first -= 1;
            }
        }
        for start in first..end {
            if latin && start > first {
                break;
            }
            let word: String = folded[start..end].iter().collect();
            let score = match words.per_million(&word) {
                Some(often) => (f64::from(often) + 0.5).ln() - 14.0,
                None if latin => -14.0,
                None if end - start == 1 => -12.0,
                None => continue,
            };
            let total = best[start].0 + score;
            if total > choice.0 {
                choice = (total, start);
            }
        }
        best.push(choice);
    }
    let mut cuts = vec![offsets[folded.len()]];
    let mut at = folded.len();
    while at > 0 {
        at = best[at].1;
        cuts.push(offsets[at]);
    }
    cuts.reverse();
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_plain_inside_or_across() {
        let rows = [
            ("这个产品代理不错", "品代", "产品代理", Kind::Across),
            ("我们公司", "公司", "公司", Kind::Plain),
            ("说 casino 了", "casino", "casino", Kind::Plain),
            ("不可思议的", "可思", "不可思议", Kind::Inside),
            ("去打电话吧", "电话", "打电话", Kind::Plain),
            ("the investment", "invest", "investment", Kind::Open),
        ];
        for (text, hit, phrase, kind) in rows {
            let start = text.find(hit).unwrap();
            let span =
                Span::new(int::to_u32(start), int::to_u32(start + hit.len()));
            let found = surroundings(text, span, words());
            assert_eq!(found, (phrase.to_owned(), kind), "{text}");
        }
    }

    #[test]
    fn exceptions_are_longer_than_the_term() {
        let phrases =
            [("产品代理".to_owned(), 3), ("大产品代理".to_owned(), 1)];
        assert_eq!(exceptions(&phrases, "品代"), ["!产品代理"]);
        assert!(exceptions(&[("品代".to_owned(), 1)], "品代").is_empty());
    }
}
