//! Why a term did not hit: its nearest miss in a text. In: a term as the
//! image has it and a text; out: the place where it comes closest, and what
//! is missing there, which gap is too wide, which boundary is not met. Never
//! decides a verdict.
//!
//! The letters of the term are laid along the letters of the text so that
//! as few as possible differ, are missing or are too many; separators do not
//! count. Where all letters are there, the rules of lengths are tried one by
//! one to say which of them stood in the way.

use std::ops::Range;

use crate::fold::tables::{self, Kind};
use crate::fold::{Fold, Level, letter, sound};
use crate::image::{Gate, gap};
use crate::pack::expand;
use crate::pack::term::{self, Term};

/// The closest place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    pub term: String,
    pub range: Range<usize>,
    /// Letters that differ, are missing or are too many.
    pub edits: usize,
    pub why: Vec<String>,
}

/// A letter of the text.
#[derive(Clone, Copy, Debug)]
struct Letter {
    c: char,
    start: usize,
    end: usize,
    /// Separators since the letter before.
    gap: usize,
    /// Whether several letters of the text are read as this one.
    joined: bool,
}

/// Separators that a gap may have (the walk's own limits).
const PAIR_GAP_MAX: usize = 3;
const FREE_GAP_MAX: usize = 8;

fn letters_of(text: &str) -> Vec<Letter> {
    let mut all: Vec<Letter> = Vec::new();
    let mut gap = 0;
    for (start, c) in text.char_indices() {
        match tables::kind(c) {
            Kind::Ignorable => continue,
            Kind::Mark if !all.is_empty() => continue,
            Kind::Separator if !term::is_symbol_letter(c) => {
                gap += 1;
                continue;
            }
            _ => {}
        }
        all.push(Letter {
            c,
            start,
            end: start + c.len_utf8(),
            gap,
            joined: false,
        });
        gap = 0;
    }
    all
}

/// The text with letters of the term in place of their parts, the longest
/// parts first; `None` where no parts stand.
fn joined(letters: &[Letter], term: &[char]) -> Option<Vec<Letter>> {
    let mut parts: Vec<(Vec<char>, char)> = Vec::new();
    for &whole in term {
        let ways = tables::splits(whole).iter();
        parts.extend(ways.map(|way| (way.chars().collect(), whole)));
    }
    parts.sort_by_key(|(way, _)| std::cmp::Reverse(way.len()));
    let stand = |way: &[char], here: &[Letter]| {
        here.len() >= way.len()
            && way.iter().zip(here).enumerate().all(|(at, (part, found))| {
                letter::stands_for(found.c, *part).is_some()
                    && (at == 0 || found.gap <= PAIR_GAP_MAX)
            })
    };
    let mut all = Vec::new();
    let mut rest = letters;
    while let [first, after @ ..] = rest {
        match parts.iter().find(|(way, _)| stand(way, rest)) {
            Some((way, whole)) => {
                let end = rest[way.len() - 1].end;
                all.push(Letter { c: *whole, end, joined: true, ..*first });
                rest = &rest[way.len()..];
            }
            None => {
                all.push(*first);
                rest = after;
            }
        }
    }
    (all.len() < letters.len()).then_some(all)
}

/// The nearest miss of a term; `None` when hardly a letter of it is there.
pub fn nearest(written: &str, level: Level, text: &str) -> Option<Miss> {
    let term = term::fold_term(written);
    let mut letters = letters_of(text);
    let (mut edits, mut path) = align(&term.letters, &letters)?;
    if let Some(joined) = joined(&letters, &term.letters)
        && let Some(better) = align(&term.letters, &joined)
        && better.0 < edits
    {
        (edits, path) = better;
        letters = joined;
    }
    // Fewer than half of the letters is no miss, it is another text.
    let alike =
        path.iter().filter(|step| like(&term, &letters, step).is_some());
    if (edits - alike.count()) * 2 > term.letters.len() {
        return None;
    }
    let used: Vec<usize> = path.iter().filter_map(|step| step.1).collect();
    let (first, last) = (*used.first()?, *used.last()?);
    let range = letters[first].start..letters[last].end;
    let mut why = Vec::new();
    if edits > 0 {
        differences(&term, &path, &letters, level, &mut why);
    } else {
        obstacles(&term, level, &used, &letters, text, &mut why);
    }
    Some(Miss { term: written.to_owned(), range, edits, why })
}

/// A letter of the term (or none) beside a letter of the text (or none).
type Step = (Option<usize>, Option<usize>);

/// What another letter is to the one of the term, if anything.
fn like(term: &Term, letters: &[Letter], step: &Step) -> Option<Fold> {
    let (Some(row), Some(column)) = *step else { return None };
    let (wanted, found) = (term.letters[row], letters[column].c);
    match letter::stands_for(found, wanted) {
        Some(_) => None,
        None => sound::stands_for(found, wanted),
    }
}

/// The cheapest way to lay the term into the text.
fn align(term: &[char], letters: &[Letter]) -> Option<(usize, Vec<Step>)> {
    if term.is_empty() || letters.is_empty() {
        return None;
    }
    let width = letters.len() + 1;
    let mut cost = vec![0usize; (term.len() + 1) * width];
    for row in 1..=term.len() {
        cost[row * width] = row;
        for column in 1..width {
            let same =
                letter::stands_for(letters[column - 1].c, term[row - 1]);
            let change = usize::from(same.is_none());
            let diagonal = cost[(row - 1) * width + column - 1] + change;
            let missing = cost[(row - 1) * width + column] + 1;
            let extra = cost[row * width + column - 1] + 1;
            cost[row * width + column] = diagonal.min(missing).min(extra);
        }
    }
    let bottom = term.len() * width;
    let end = (0..width).min_by_key(|column| cost[bottom + column])?;
    let (mut row, mut column) = (term.len(), end);
    let mut path = Vec::new();
    while row > 0 {
        let here = cost[row * width + column];
        let same = column > 0
            && letter::stands_for(letters[column - 1].c, term[row - 1])
                .is_some();
        let change = usize::from(!same);
        if column > 0 && here == cost[(row - 1) * width + column - 1] + change
        {
            path.push((Some(row - 1), Some(column - 1)));
            row -= 1;
            column -= 1;
        } else if here == cost[(row - 1) * width + column] + 1 {
            path.push((Some(row - 1), None));
            row -= 1;
        } else {
            path.push((None, Some(column - 1)));
            column -= 1;
        }
    }
    path.reverse();
    Some((cost[bottom + end], path))
}

fn differences(
    term: &Term,
    path: &[Step],
    letters: &[Letter],
    level: Level,
    why: &mut Vec<String>,
) {
    let mut alike = false;
    for step in path {
        match step {
            (Some(row), Some(column)) => {
                let (wanted, found) = (term.letters[*row], letters[*column].c);
                if letter::stands_for(found, wanted).is_some() {
                    continue;
                }
                let like = match like(term, letters, step) {
                    Some(Fold::Lookalike) => ", which it looks like",
                    Some(_) => ", which it sounds like",
                    None => "",
                };
                alike |= !like.is_empty();
                why.push(format!(
                    "letter {} is `{found}`, not `{wanted}`{like}",
                    row + 1
                ));
            }
            (Some(row), None) => why.push(format!(
                "letter {} `{}` is missing",
                row + 1,
                term.letters[*row]
            )),
            (None, Some(column)) => why.push(format!(
                "`{}` stands between the letters",
                letters[*column].c
            )),
            (None, None) => {}
        }
    }
    if alike {
        let rule = match level {
            Level::Strong => {
                "a term of three Han may have one character that sounds or \
                 looks like its own, a longer one several, a shorter one \
                 none; and not where the text is far likelier than the term"
            }
            _ => "only `folds = \"strong\"` reads what sounds or looks alike",
        };
        why.push(rule.to_owned());
    }
}

/// Every letter is there: what else stands in the way.
fn obstacles(
    term: &Term,
    level: Level,
    used: &[usize],
    letters: &[Letter],
    text: &str,
    why: &mut Vec<String>,
) {
    let gate = expand::gate(&term.letters);
    let most = match gate {
        Gate::Single | Gate::ShortWord => 0,
        Gate::Pair => PAIR_GAP_MAX,
        Gate::Free => FREE_GAP_MAX,
    };
    let most = if level == Level::Exact { 0 } else { most };
    for part in used.iter().map(|at| &letters[*at]).filter(|l| l.joined) {
        let reason = match level {
            Level::Exact => "the set folds exactly",
            _ if expand::is_joinable(term) => continue,
            _ => "the term is too short for characters in parts",
        };
        let quote = &text[part.start..part.end];
        why.push(format!("`{quote}` for `{}`: {reason}", part.c));
    }
    for (row, pair) in used.windows(2).enumerate() {
        let found = letters[pair[1]].gap;
        let expected = term.gaps.get(row + 1).copied().unwrap_or(gap::INNER);
        if found > most && expected == gap::INNER {
            let quote = &text[letters[pair[0]].end..letters[pair[1]].start];
            why.push(format!(
                "{found} separators ({quote:?}) between `{}` and `{}`; a \
                 term like this may have {most}",
                letters[pair[0]].c, letters[pair[1]].c
            ));
        }
        if found == 0 && expected == gap::SPACE {
            why.push(format!(
                "no blank between `{}` and `{}`",
                letters[pair[0]].c, letters[pair[1]].c
            ));
        }
    }
    boundaries(term, used, letters, why);
    for (row, column) in used.iter().enumerate() {
        let (found, wanted) = (letters[*column].c, term.letters[row]);
        let tier = letter::stands_for(found, wanted).map_or(0, |r| r.tier);
        let strict = level == Level::Exact
            || matches!(gate, Gate::Single | Gate::ShortWord);
        if tier > 0 && strict {
            let reason = match level {
                Level::Exact => "the set folds exactly",
                _ => "the term is too short for look-alikes",
            };
            why.push(format!("`{found}` for `{wanted}`: {reason}"));
        }
    }
    if why.is_empty() {
        why.push(
            "all letters are there; a clause ends between them, an \
             exception covers them, only some gaps are filled, or what \
             stands for a character in parts is read otherwise"
                .to_owned(),
        );
    }
}

fn boundaries(
    term: &Term,
    used: &[usize],
    letters: &[Letter],
    why: &mut Vec<String>,
) {
    let (Some(first), Some(last)) = (used.first(), used.last()) else {
        return;
    };
    let glued = |a: char, b: char| {
        letter::is_word_letter(a) && letter::is_word_letter(b)
            || letter::is_digit(a) && letter::is_digit(b)
    };
    if term.left && *first > 0 && letters[*first].gap == 0 {
        let before = letters[first - 1].c;
        if glued(before, letters[*first].c) {
            why.push(format!("the word begins before it, with `{before}`"));
        }
    }
    if term.right
        && let Some(after) = letters.get(last + 1)
        && after.gap == 0
        && glued(letters[*last].c, after.c)
    {
        why.push(format!("the word goes on with `{}`", after.c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_names_gap_boundary_or_letter() {
        let rows = [
            ("真人百家乐", "真人…………………………百家乐", "separators"),
            ("真人百家乐", "真人百乐", "letter 4 `家` is missing"),
            ("真人百家乐", "真人百加乐", "letter 4 is `加`, not `家`"),
            ("真人百家乐", "真人百大家乐", "`大` stands between"),
            ("casino", "casinos", "goes on with `s`"),
            ("casino", "mycasino", "begins before it, with `y`"),
            ("free money", "freemoney", "no blank between `e` and `m`"),
            ("信任到家", "亻言任到……………………………家", "separators"),
            ("信任到家", "亻言任倒家", "letter 3 is `倒`, not `到`"),
            (
                "加微信",
                "佳薇信",
                "letter 1 is `佳`, not `加`, which it sounds",
            ),
            ("私密视频网", "私密枧频", "letter 3 is `枧`, not `视`, which it"),
        ];
        for (term, text, wanted) in rows {
            let miss = nearest(term, Level::Strong, text).unwrap();
            let why = miss.why.join("; ");
            assert!(why.contains(wanted), "{term} in {text}: {why}");
        }
        let exact = nearest("casino", Level::Exact, "c4sino").unwrap();
        assert!(exact.why[0].contains("folds exactly"), "{exact:?}");
        let exact = nearest("好人", Level::Exact, "女子人").unwrap();
        assert!(exact.why[0].contains("`女子` for `好`"), "{exact:?}");
        let letters = nearest("加微信", Level::Letters, "佳薇信").unwrap();
        let why = letters.why.join("; ");
        assert!(why.contains("only `folds = "), "{why}");
        assert_eq!(nearest("真人百家乐", Level::Strong, "天气很好"), None);
    }
}
