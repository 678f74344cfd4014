//! Deciding candidates. In: the candidates of one reading of a text; out:
//! hits, and parts of characters to read the text again with. Every place is
//! decided by the walk; here is only where it is asked.

use super::join::Joint;
use super::runs::RunStarts;
use super::{
    Buffers, Candidate, Filter, Folded, Hit, Reader, Walked, sieve, walk,
};
use crate::base::{Span, int};
use crate::fold::Fold;
use crate::image::{ImageView, Pattern, PatternRow};

/// A pattern that a candidate may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    candidate: Candidate,
    pattern: u32,
}

/// Lists the patterns of all candidates that the filter asks for, with
/// `joins` those of parts too.
fn list_claims(
    reader: &Reader<'_>,
    filter: Filter<'_>,
    joins: bool,
    candidates: &[Candidate],
    claims: &mut Vec<Claim>,
) {
    claims.clear();
    let view = reader.view;
    for &candidate in candidates {
        for pattern in view.patterns_from(candidate.first) {
            claims.push(Claim { candidate, pattern });
        }
    }
    claims.retain(|claim| {
        let pattern = view.pattern(int::to_usize(claim.pattern));
        // First letters are looked for elsewhere (`listen`).
        let mut terms = view.pattern_terms(pattern.row).iter();
        (!pattern.row.has(PatternRow::SYMBOL) || reader.symbols)
            && !pattern.row.has(PatternRow::INITIALS)
            && (joins && pattern.row.has(PatternRow::JOIN)
                || terms.any(|term| filter.wants(view, *term)))
    });
    touch_patterns(view, claims.iter().map(|claim| claim.pattern));
}

/// Reads what a walk needs of patterns. They lie far apart: here the reads of
/// one do not wait for those of another.
pub(super) fn touch_patterns(
    view: &ImageView<'_>,
    patterns: impl Iterator<Item = u32>,
) {
    sieve::touch(patterns.map(|number| {
        let pattern = view.pattern(int::to_usize(number));
        let (first, gap) = (pattern.letters.first(), pattern.gaps.first());
        first.map_or(0, |c| *c) ^ gap.map_or(0, |gap| u32::from(*gap))
    }));
}

/// Decides all candidates of one reading. With `joins`, the buffers get the
/// parts of characters that stand there.
pub(super) fn verify_all(
    reader: &Reader<'_>,
    filter: Filter<'_>,
    joins: bool,
    folded: &Folded,
    scratch: &mut Buffers,
    out: &mut Vec<Hit>,
) {
    let Buffers { candidates, claims, starts, joints, .. } = scratch;
    list_claims(reader, filter, joins, candidates, claims);
    let mut last = u32::MAX;
    for &claim in &*claims {
        let candidate = claim.candidate;
        let run = int::to_usize(candidate.run);
        if candidate.run != last {
            let all = folded.starts();
            let bounds = (all[run], all[run + 1]);
            let sym = folded.syms()[run];
            starts.fill(reader, sym, bounds);
            last = candidate.run;
        }
        let pattern = reader.view.pattern(int::to_usize(claim.pattern));
        if pattern.row.has(PatternRow::JOIN) {
            note_joints(reader, candidate, pattern, starts, joints);
        } else {
            verify(reader, filter, candidate, pattern, starts, out);
        }
    }
}

/// Notes where parts of a character stand. As for terms: in a run of one
/// class anywhere and more than once, else once.
fn note_joints(
    reader: &Reader<'_>,
    candidate: Candidate,
    pattern: Pattern<'_>,
    starts: &RunStarts,
    out: &mut Vec<Joint>,
) {
    let mut note = |start: u32| {
        let found = walk(reader, pattern, int::to_usize(start))?;
        let end = int::to_u32(found.end);
        for whole in reader.view.pattern_wholes(pattern.row) {
            out.push(Joint { start, end, whole, needed: found.into() });
        }
        Some(end)
    };
    if candidate.len > 1 {
        starts.for_pattern(reader, pattern).find_map(note);
        return;
    }
    let mut free = starts.bounds.0;
    for start in starts.all(reader) {
        if start >= free
            && let Some(end) = note(start)
        {
            free = end;
        }
    }
}

/// Asks the walk about one pattern of a candidate.
fn verify(
    reader: &Reader<'_>,
    filter: Filter<'_>,
    candidate: Candidate,
    pattern: Pattern<'_>,
    starts: &RunStarts,
    out: &mut Vec<Hit>,
) {
    if candidate.len == 1 {
        inside_run(reader, filter, pattern, starts, out);
        return;
    }
    let terms = reader.view.pattern_terms(pattern.row);
    for start in starts.for_pattern(reader, pattern) {
        if try_at(reader, filter, pattern, terms, start, out).is_some() {
            break;
        }
    }
}

/// Walks one pattern from one place; gives the end of the hit, if a term
/// accepts it.
fn try_at(
    reader: &Reader<'_>,
    filter: Filter<'_>,
    pattern: Pattern<'_>,
    terms: &[u32],
    start: u32,
    out: &mut Vec<Hit>,
) -> Option<u32> {
    let found = walk(reader, pattern, int::to_usize(start))?;
    let end = int::to_u32(found.end);
    let span = Span::new(start, end);
    post(reader, filter, terms, span, found, out).then_some(end)
}

/// A pattern whose letters are all of one class (`888`, `信信`) may stand
/// anywhere in a run, more than once. Each of its terms for itself: what one
/// allows as a disguise must not hide where another stands as it is written.
fn inside_run(
    reader: &Reader<'_>,
    filter: Filter<'_>,
    pattern: Pattern<'_>,
    starts: &RunStarts,
    out: &mut Vec<Hit>,
) {
    for term in reader.view.pattern_terms(pattern.row) {
        let term = std::slice::from_ref(term);
        let mut free = starts.bounds.0;
        for start in starts.all(reader) {
            if start >= free
                && let Some(end) =
                    try_at(reader, filter, pattern, term, start, out)
            {
                free = end;
            }
        }
    }
}

/// One hit for each term of the pattern that allows the folds used. False
/// when no term does.
pub(super) fn post(
    reader: &Reader<'_>,
    filter: Filter<'_>,
    terms: &[u32],
    span: Span,
    found: Walked,
    out: &mut Vec<Hit>,
) -> bool {
    let view = reader.view;
    let before = out.len();
    for &term in terms {
        if !filter.wants(view, term) {
            continue;
        }
        let info = &view.terms[int::to_usize(term)];
        if found.tier > info.tier_max() {
            continue;
        }
        let mut folds = found.folds;
        if info.is_alias() {
            folds.insert(Fold::Alias);
        }
        out.push(Hit {
            set: info.set,
            span,
            term,
            penalty: found.penalty,
            folds,
            tier: found.tier,
        });
    }
    out.len() > before
}
