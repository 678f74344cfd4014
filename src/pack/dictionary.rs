//! Terms to search tables. In: numbered terms and the sets that wake rules;
//! out: the sections of an image that the scan reads. Knows no rules.

use std::collections::{BTreeSet, HashSet};

use rayon::iter::{
    IndexedParallelIterator, IntoParallelRefIterator, ParallelDrainRange,
    ParallelIterator,
};
use rayon::slice::ParallelSliceMut;

use super::expand::{self, Spelling};
use super::frequency::ByClass;
use super::sets::NumberedTerm;
use super::sound;
use crate::base::int;
use crate::fold::{self, Level, letter, tables};
use crate::image::{Meta, Parts, PatternRow, SoundParts, TermRow};
use crate::scan::{
    MANY, Needle, Phase, Shared, build_fused, build_neighbours, build_sound,
    is_heard, own_symbols,
};

/// Writes down which sets have terms that may wake a rule.
fn note_waking(parts: &mut Parts) {
    for row in parts.terms.iter().filter(|row| row.is_waking()) {
        parts.meta.sets[int::to_usize(row.set)].waking = true;
    }
}

/// Letters, classes, needles, patterns, postings, terms.
pub(super) fn dictionary(
    terms: &[NumberedTerm],
    searched: &[bool],
    waking: &BTreeSet<u32>,
    meta: Meta,
) -> Option<Parts> {
    let mut parts = Parts { meta, ..Parts::default() };
    for entry in terms {
        let mut row = term_row(entry, &mut parts.strings);
        if waking.contains(&entry.set) {
            row.flags |= TermRow::WAKING;
        }
        parts.terms.push(row);
    }
    note_waking(&mut parts);
    let mut spelled = spelled(terms, searched);
    let allows = |(_, term): &&(Spelling, u32)| {
        parts.terms[int::to_usize(*term)].tier_max() > 1
    };
    let pictured = letters(spelled.iter().filter(allows));
    let joinable = joinable(terms, searched, &parts.terms);
    let wholes = joinable.iter().flat_map(|letters| *letters).copied();
    let joins = expand::joins(&wholes.collect()).into_iter();
    spelled.extend(joins.map(|(parts, whole)| (parts, u32::from(whole))));
    let alphabet = letters(spelled.iter());
    let mut classes = fold::build_classes(&alphabet, &pictured)?;
    let mut entries: Vec<(Vec<u16>, Spelling, u32)> = spelled
        .par_drain(..)
        .map(|(spelling, term)| {
            let mut needle: Vec<u16> = spelling
                .letters
                .iter()
                .filter_map(|c| classes.letter(*c))
                .collect();
            needle.dedup();
            (needle, spelling, term)
        })
        .collect();
    entries.par_sort_unstable();
    let needles = add_patterns(entries, &mut parts);
    let longest = needles.iter().map(|n| n.classes.len()).max().unwrap_or(0);
    parts.limits = [
        u32::from(classes.narrow_end),
        u32::from(classes.class_count),
        int::to_u32(longest),
        int::to_u32(joinable.iter().map(|l| l.len()).max().unwrap_or(0)),
    ];
    let rows = parts.patterns.iter().map(|row| {
        let start = int::to_usize(row.letters);
        (row, &parts.letters[start..start + row.letter_count()])
    });
    parts.own_symbols = own_symbols(rows, classes.view());
    search_tables(&needles, &mut classes, &mut parts);
    let hears = parts.sound.iter().any(|tables| !tables.entries.is_empty());
    parts.neighbours = build_neighbours(&joinable, &classes, hears);
    parts.class_index = classes.index;
    parts.class_blocks = classes.blocks;
    parts.tables_digest = tables::tables_digest();
    Some(parts)
}

/// All spellings of the terms that are searched.
fn spelled(terms: &[NumberedTerm], searched: &[bool]) -> Vec<(Spelling, u32)> {
    terms
        .par_iter()
        .enumerate()
        .filter(|(number, _)| searched[*number])
        .flat_map_iter(|(number, entry)| {
            let exact = entry.level == Level::Exact || entry.exception;
            let number = int::to_u32(number);
            let mut all = expand::spellings(&entry.term, exact);
            if entry.level == Level::Strong && !entry.exception {
                all.extend(sound::spellings(&entry.term));
            }
            all.into_iter().map(move |spelling| (spelling, number))
        })
        .collect()
}

/// The letters of spellings.
fn letters<'s>(
    spellings: impl Iterator<Item = &'s (Spelling, u32)>,
) -> BTreeSet<char> {
    spellings
        .flat_map(|(spelling, _)| spelling.letters.iter().copied())
        .collect::<HashSet<char>>()
        .into_iter()
        .collect()
}

/// Letters of the terms that may be written in parts.
fn joinable<'t>(
    terms: &'t [NumberedTerm],
    searched: &[bool],
    rows: &[TermRow],
) -> Vec<&'t [char]> {
    let all = terms.iter().zip(rows).zip(searched);
    all.filter(|((_, row), searched)| **searched && row.is_joinable())
        .map(|((entry, _), _)| &entry.term.letters[..])
        .collect()
}

/// What the engine searches with, for both phases and planes at a time.
fn search_tables(
    needles: &[Needle],
    classes: &mut fold::ClassTable,
    parts: &mut Parts,
) {
    let frequency = ByClass { letters: classes.letters_by_class() };
    let of_phase = |phase: Phase| {
        let mut marks = vec![0; usize::from(classes.class_count)];
        let end = classes.narrow_end;
        let tables = build_fused(needles, phase, end, &frequency, &mut marks);
        (tables, marks)
    };
    let ((first, rest), sound) = rayon::join(
        || rayon::join(|| of_phase(Phase::Waking), || of_phase(Phase::Rest)),
        || [true, false].map(|waking| sound_tables(parts, waking)),
    );
    let marks: Vec<u32> =
        first.1.iter().zip(&rest.1).map(|(a, b)| a | b).collect();
    parts.fused = [first.0, rest.0];
    parts.sound = sound;
    classes.mark(&marks);
}

/// The sound plane of a phase.
fn sound_tables(parts: &Parts, waking: bool) -> SoundParts {
    let (heard, words) = heard(parts, waking);
    build_sound(&heard, &words, &sound::frequency)
}

/// Patterns that are looked for by sound in a phase, and those of first
/// letters.
#[expect(clippy::type_complexity, reason = "two lists of one kind")]
fn heard(
    parts: &Parts,
    waking: bool,
) -> (Vec<(u32, Vec<char>)>, Vec<(u32, Vec<char>)>) {
    let mut all = Vec::new();
    let mut words = Vec::new();
    let of_terms =
        |(_, row): &(usize, &PatternRow)| !row.has(PatternRow::JOIN);
    for (number, row) in parts.patterns.iter().enumerate().filter(of_terms) {
        let mut terms = row.postings_in(&parts.postings).iter();
        let wanted = terms.any(|term| {
            let term = &parts.terms[int::to_usize(*term)];
            term.tier_max() == 2 && term.is_waking() == waking
        });
        if !wanted {
            continue;
        }
        let from = int::to_usize(row.letters);
        let letters: Vec<char> = parts.letters
            [from..from + row.letter_count()]
            .iter()
            .filter_map(|code| char::from_u32(*code))
            .collect();
        if row.has(PatternRow::INITIALS) {
            words.push((int::to_u32(number), letters));
        } else if is_heard(row, &letters) {
            all.push((int::to_u32(number), letters));
        }
    }
    (all, words)
}

/// Needles, patterns, letters and postings of sorted spellings.
fn add_patterns(
    entries: Vec<(Vec<u16>, Spelling, u32)>,
    parts: &mut Parts,
) -> Vec<Needle> {
    let mut needles: Vec<Needle> = Vec::new();
    let mut rest = entries.into_iter().peekable();
    while let Some((needle, spelling, term)) = rest.next() {
        let mut terms = vec![term];
        while let Some((_, _, term)) =
            rest.next_if(|(_, other, _)| *other == spelling)
        {
            terms.push(term);
        }
        if needles.last().is_none_or(|last| last.classes != needle) {
            parts.needle_starts.push(int::to_u32(parts.needle_syms.len()));
            parts.needle_patterns.push(int::to_u32(parts.patterns.len()));
            parts.needle_syms.extend(&needle);
            if let Some(last) = parts.patterns.last_mut() {
                last.shape |= PatternRow::LAST;
            }
            let pattern = int::to_u32(parts.patterns.len());
            let phases = Default::default();
            needles.push(Needle { classes: needle, pattern, phases });
        }
        let joins = spelling.shape & PatternRow::JOIN != 0;
        if let Some(needle) = needles.last_mut()
            && spelling.shape & PatternRow::INITIALS == 0
        {
            let terms = if joins { None } else { Some(&terms[..]) };
            note_phases(&spelling, terms, &parts.terms, needle);
        }
        let targets = match joins {
            true => &mut parts.wholes,
            false => &mut parts.postings,
        };
        let postings = match terms[..] {
            [one] => one,
            _ => int::to_u32(targets.len()),
        };
        parts.patterns.push(PatternRow {
            letters: int::to_u32(parts.letters.len()),
            postings,
            posting_count: int::to_u32(terms.len()),
            folds: spelling.folds.bits(),
            shape: spelling.shape,
        });
        if terms.len() > 1 {
            targets.extend(&terms);
        }
        parts.letters.extend(spelling.letters.iter().map(|c| u32::from(*c)));
        parts.gaps.extend(&spelling.gaps);
    }
    if let Some(last) = parts.patterns.last_mut() {
        last.shape |= PatternRow::LAST;
    }
    parts.needle_starts.push(int::to_u32(parts.needle_syms.len()));
    parts.needle_patterns.push(int::to_u32(parts.patterns.len()));
    needles
}

/// Notes in which phases a spelling is looked for, what it asks for, and for
/// which sets. Parts of characters (no terms) are: whoever searches the first
/// phase joins for both.
fn note_phases(
    spelling: &Spelling,
    terms: Option<&[u32]>,
    rows: &[TermRow],
    needle: &mut Needle,
) {
    let has = |flag: u32| spelling.shape & flag != 0;
    let last = spelling.letters.last();
    let of = |set: u32| Shared {
        any: true,
        left: has(PatternRow::LEFT),
        right: has(PatternRow::RIGHT)
            && last.is_some_and(|c| !letter::is_digit(*c)),
        symbol: has(PatternRow::SYMBOL),
        set,
    };
    let phases = &mut needle.phases;
    let Some(terms) = terms else {
        phases[Phase::Waking.index()].note(of(MANY));
        return;
    };
    for term in terms {
        let row = &rows[int::to_usize(*term)];
        phases[usize::from(!row.is_waking())].note(of(row.set));
    }
}

fn term_row(entry: &NumberedTerm, strings: &mut Vec<u8>) -> TermRow {
    let text = int::to_u32(strings.len());
    strings.extend_from_slice(entry.term.text.as_bytes());
    let mut flags = match entry.level {
        Level::Exact => 0,
        Level::Letters => 1,
        Level::Strong => 2,
    };
    if entry.exception {
        flags |= TermRow::EXCEPTION;
    }
    if entry.term.alias {
        flags |= TermRow::ALIAS;
    }
    let exact = entry.level == Level::Exact || entry.exception;
    if !exact && expand::is_joinable(&entry.term) {
        flags |= TermRow::JOINABLE;
    }
    TermRow {
        text,
        text_len: int::to_u32(entry.term.text.len()),
        set: entry.set,
        identity: entry.identity,
        flags,
    }
}
