//! Spellings of a term. In: folded letters; out: every letter sequence the
//! engines must look for: the term itself, with look-alike letter pairs, with
//! ligatures, and reversed. What is one code point for one letter (case,
//! look-alikes, leet) is not here: the class table covers it at no cost.
//! Neither are characters written as their parts: parts are looked for once
//! for all terms ([`joins`]) and a text is read again with them joined.
//!
//! The number of spellings is capped. Under the cap come, in this order: the
//! term, each single replacement, all positions replaced at once. Letters
//! written as pairs come one, all of one kind, or all at once.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use super::term::{Term, han_count};
use crate::base::limits;
use crate::fold::tables;
use crate::fold::{Fold, Folds, letter};
use crate::image::{Gate, PatternRow, gap};

/// Spellings of one term that are kept, far under the limit of the format:
/// the tables of the scan grow with them. A choice, not a measurement.
const SPELLINGS_MAX: usize = 16;

const _: () = assert!(SPELLINGS_MAX <= limits::TERM_STRINGS_MAX);

/// One spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spelling {
    pub letters: Vec<char>,
    pub gaps: Vec<u8>,
    pub folds: Folds,
    pub shape: u32,
}

/// One way to write a stretch of the term otherwise.
#[derive(Clone, Debug)]
struct Change {
    from: usize,
    len: usize,
    to: Vec<char>,
    fold: Fold,
}

/// The rule of lengths: what a term of these letters lets a hit differ by.
pub fn gate(letters: &[char]) -> Gate {
    let han = han_count(letters);
    let words = letters
        .iter()
        .filter(|c| letter::is_word_letter(**c) || letter::is_digit(**c))
        .count();
    match (letters.len(), han, words) {
        (0 | 1, ..) => Gate::Single,
        (count, 0, words) if count <= 3 && words == count => Gate::ShortWord,
        (2, ..) => Gate::Pair,
        (3, han, _) if han < 3 => Gate::Pair,
        _ => Gate::Free,
    }
}

/// All spellings of a term; the first is the term itself. With `exact` only
/// those of tier 0.
pub fn spellings(term: &Term, exact: bool) -> Vec<Spelling> {
    let gate = gate(&term.letters);
    let base = spelling(term, &term.letters, &term.gaps, Folds::NONE, 0);
    let mut out = vec![base];
    let mut seen: BTreeSet<(Vec<char>, Vec<u8>)> = BTreeSet::new();
    seen.insert((term.letters.clone(), term.gaps.clone()));
    let changes = changes(term, gate, exact);
    let mut add = |picked: &[&Change], out: &mut Vec<Spelling>| {
        if out.len() < SPELLINGS_MAX
            && let Some(new) = apply(term, picked)
            && seen.insert((new.letters.clone(), new.gaps.clone()))
        {
            out.push(new);
        }
    };
    for change in &changes {
        add(&[change], &mut out);
    }
    let firsts = first_changes(&changes);
    if firsts.len() > 1 {
        add(&firsts, &mut out);
    }
    // Of letters written as pairs one kind, or all: `rnodern`, `rnoclern`.
    for (one, _) in tables::digraphs() {
        let own = firsts.iter().copied();
        let own: Vec<&Change> = own
            .filter(|change| change.fold == Fold::Digraph)
            .filter(|change| term.letters[change.from] == *one)
            .collect();
        if own.len() > 1 {
            add(&own, &mut out);
        }
    }
    if !exact && let Some(new) = reversed(term, gate) {
        out.push(new);
    }
    out
}

/// Whether characters of a term may be written as their parts.
pub fn is_joinable(term: &Term) -> bool {
    matches!(gate(&term.letters), Gate::Pair | Gate::Free)
        && han_count(&term.letters) >= 2
}

/// The ways to write characters as their parts, as patterns, each with the
/// character. Parts stand together as the letters of a short term do.
pub fn joins(wholes: &BTreeSet<char>) -> Vec<(Spelling, char)> {
    let mut all = Vec::new();
    for whole in wholes {
        for parts in tables::splits(*whole) {
            let letters: Vec<char> =
                parts.chars().map(letter::canonical).collect();
            let count = u32::try_from(letters.len()).unwrap_or(u32::MAX);
            let shape =
                count & 0xFF | 1 << 8 | Gate::Pair.bits() | PatternRow::JOIN;
            let gaps = vec![gap::INNER; letters.len()];
            let folds = Folds::NONE.with(Fold::Split);
            all.push((Spelling { letters, gaps, folds, shape }, *whole));
        }
    }
    all
}

/// When not even every single replacement fits under the cap: how many there
/// are, and how many are kept.
pub fn over_cap(term: &Term, exact: bool) -> Option<(usize, usize)> {
    let single = changes(term, gate(&term.letters), exact).len();
    (single + 1 > SPELLINGS_MAX).then_some((single, SPELLINGS_MAX - 1))
}

fn spelling(
    term: &Term,
    letters: &[char],
    gaps: &[u8],
    folds: Folds,
    replaced: u32,
) -> Spelling {
    let gate = gate(&term.letters);
    let count = u32::try_from(letters.len()).unwrap_or(u32::MAX);
    let mut shape = count & 0xFF | replaced << 8 | gate.bits();
    if term.left {
        shape |= PatternRow::LEFT;
    }
    if term.right {
        shape |= PatternRow::RIGHT;
    }
    if letters.iter().any(|c| super::term::is_symbol_letter(*c)) {
        shape |= PatternRow::SYMBOL;
    }
    Spelling { letters: letters.to_vec(), gaps: gaps.to_vec(), folds, shape }
}

fn changes(term: &Term, gate: Gate, exact: bool) -> Vec<Change> {
    let mut changes = Vec::new();
    let letters = &term.letters;
    for from in 0..letters.len() {
        let Some(known) = ligatures().get(&letters[from]) else { continue };
        for (symbol, parts) in known {
            if letters[from..].starts_with(parts)
                && inner(&term.gaps[from + 1..from + parts.len()])
            {
                changes.push(Change {
                    from,
                    len: parts.len(),
                    to: vec![*symbol],
                    fold: Fold::Ligature,
                });
            }
        }
    }
    if exact {
        return changes;
    }
    if gate != Gate::Free {
        return changes;
    }
    for (from, c) in letters.iter().enumerate() {
        for (_, pair) in tables::digraphs().iter().filter(|(one, _)| one == c)
        {
            let to = pair.chars().collect();
            changes.push(Change { from, len: 1, to, fold: Fold::Digraph });
        }
    }
    changes
}

/// Ligatures with the letters they stand for, by the first of these.
type Ligatures = HashMap<char, Vec<(char, Vec<char>)>>;

fn ligatures() -> &'static Ligatures {
    static TABLE: OnceLock<Ligatures> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = Ligatures::new();
        for (symbol, written) in tables::ligatures() {
            let parts: Vec<char> = written.chars().collect();
            if let Some(first) = parts.first() {
                table.entry(*first).or_default().push((*symbol, parts));
            }
        }
        table
    })
}

fn inner(gaps: &[u8]) -> bool {
    gaps.iter().all(|kind| *kind == gap::INNER)
}

/// The first tier-1 change of each position.
fn first_changes(changes: &[Change]) -> Vec<&Change> {
    let mut firsts: Vec<&Change> = Vec::new();
    for change in changes {
        let taken = firsts.iter().any(|other| {
            other.from < change.from + change.len
                && change.from < other.from + other.len
        });
        if change.fold != Fold::Ligature && !taken {
            firsts.push(change);
        }
    }
    firsts
}

fn apply(term: &Term, picked: &[&Change]) -> Option<Spelling> {
    let mut letters = Vec::new();
    let mut gaps = Vec::new();
    let mut folds = Folds::NONE;
    let mut replaced = 0;
    let mut at = 0;
    while at < term.letters.len() {
        let change = picked.iter().find(|change| change.from == at);
        let Some(change) = change else {
            letters.push(term.letters[at]);
            gaps.push(term.gaps[at]);
            at += 1;
            continue;
        };
        for (number, c) in change.to.iter().enumerate() {
            letters.push(*c);
            gaps.push(if number == 0 { term.gaps[at] } else { gap::INNER });
        }
        folds.insert(change.fold);
        replaced += u32::from(change.fold != Fold::Ligature);
        at += change.len;
    }
    if letters.len() > limits::PATTERN_LETTERS_MAX {
        return None;
    }
    Some(spelling(term, &letters, &gaps, folds, replaced))
}

/// The term backwards: from three Han or six Latin letters.
fn reversed(term: &Term, gate: Gate) -> Option<Spelling> {
    let long =
        if han_count(&term.letters) == term.letters.len() { 3 } else { 6 };
    if gate != Gate::Free || term.letters.len() < long {
        return None;
    }
    let letters: Vec<char> = term.letters.iter().rev().copied().collect();
    if letters == term.letters {
        return None;
    }
    let mut gaps = vec![gap::INNER];
    gaps.extend(term.gaps[1..].iter().rev());
    let folds = Folds::NONE.with(Fold::Reversed);
    let mut new = spelling(term, &letters, &gaps, folds, 0);
    let sides = PatternRow::LEFT | PatternRow::RIGHT;
    new.shape &= !sides;
    if term.right {
        new.shape |= PatternRow::LEFT;
    }
    if term.left {
        new.shape |= PatternRow::RIGHT;
    }
    new.shape |= PatternRow::REVERSED;
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::super::term::fold_term;
    use super::*;

    fn all(text: &str) -> Vec<String> {
        spellings(&fold_term(text), false)
            .iter()
            .map(|s| s.letters.iter().collect())
            .collect()
    }

    #[test]
    fn gates_follow_length_and_script() {
        let rows = [
            ("加", Gate::Single),
            ("加微", Gate::Pair),
            ("加v", Gate::Pair),
            ("加微信", Gate::Free),
            ("vx", Gate::ShortWord),
            ("888", Gate::ShortWord),
            ("spam", Gate::Free),
            ("加vx", Gate::Pair),
        ];
        for (text, wanted) in rows {
            assert_eq!(gate(&fold_term(text).letters), wanted, "{text}");
        }
    }

    #[test]
    fn spellings_pair_and_reverse() {
        let found = all("找好友");
        assert!(found.contains(&"友好找".to_owned()));
        let found = all("modem");
        assert!(found.contains(&"rnodern".to_owned()), "{found:?}");
        assert!(!all("加微").contains(&"微加".to_owned()));
        let found = all("telegram");
        assert!(found.contains(&"℡egram".to_owned()));
        assert!(found.len() <= SPELLINGS_MAX + 1);
    }

    #[test]
    fn characters_join_from_their_parts() {
        let wholes: BTreeSet<char> = "好".chars().collect();
        let found = joins(&wholes);
        let parts: Vec<String> = found
            .iter()
            .map(|(way, _)| way.letters.iter().collect())
            .collect();
        assert!(parts.contains(&"女子".to_owned()), "{parts:?}");
        assert!(is_joinable(&fold_term("好友")));
        assert!(!is_joinable(&fold_term("好")));
        assert!(!is_joinable(&fold_term("vx好")));
    }

    #[test]
    fn exact_terms_have_only_ligatures() {
        let found = spellings(&fold_term("telegram"), true);
        assert!(
            found
                .iter()
                .all(|s| s.folds.iter().all(|fold| fold == Fold::Ligature))
        );
    }
}
