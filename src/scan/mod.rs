//! Finding terms in a text. In: one text field and an image; out: hits with
//! the exact bytes of the original. Knows no rules; does no I/O.
//!
//! The seam between engines is small: an engine turns folded text into
//! candidates (needle, run); the walk decides each candidate. Two engines
//! that give the same set of candidates give the same hits.

mod folded;
mod fused;
mod reference;
mod walk;

use crate::base::{Span, int};
use crate::fold::{Fold, Folds, decode_escapes};
use crate::image::{Image, ImageView, Pattern, PatternRow};
use crate::verdict::Milli;

pub use folded::Folded;
pub use fused::build as build_fused;
pub use walk::{Reader, Walked, letter_price, walk};

use reference::{Reference, ReferenceScratch};

/// Price of a hit that was read through an escape.
const ESCAPE_PRICE: u16 = 30;
/// Letters at the end of a run that are looked at, and how many more than a
/// pattern needs are tried as its first letter.
const RUN_TAIL_MAX: usize = 64 + RUN_REPEATS_MAX;
const RUN_REPEATS_MAX: usize = 8;

/// Which search runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// The fastest that fits the image: `fused`.
    #[default]
    Auto,
    Fused,
    Reference,
}

impl EngineKind {
    pub const ALL: [EngineKind; 3] =
        [EngineKind::Auto, EngineKind::Fused, EngineKind::Reference];

    pub fn as_str(self) -> &'static str {
        match self {
            EngineKind::Auto => "auto",
            EngineKind::Fused => "fused",
            EngineKind::Reference => "reference",
        }
    }

    /// What `auto` stands for.
    pub fn resolved(self) -> EngineKind {
        match self {
            EngineKind::Auto => EngineKind::Fused,
            other => other,
        }
    }
}

/// Terms are searched in two phases. A hit of a *waking* term may make some
/// rule true; only when one did are the other terms (contexts, contact
/// words, everything behind `unless`) of any interest. Most texts end after
/// the first phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Waking,
    Rest,
}

impl Phase {
    pub const ALL: [Phase; 2] = [Phase::Waking, Phase::Rest];

    fn index(self) -> usize {
        match self {
            Phase::Waking => 0,
            Phase::Rest => 1,
        }
    }

    fn has_term(self, view: &ImageView<'_>, term: u32) -> bool {
        let waking = view.terms[int::to_usize(term)].is_waking();
        waking == (self == Phase::Waking)
    }

    fn has_needle(self, view: &ImageView<'_>, needle: u32) -> bool {
        view.needle_patterns(needle).any(|number| {
            let row = &view.patterns[number];
            let terms = view.pattern_terms(row);
            terms.iter().any(|term| self.has_term(view, *term))
        })
    }
}

/// A place where a needle's classes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Candidate {
    pub needle: u32,
    pub run: u32,
}

/// A term found in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    pub set: u32,
    /// Bytes of the original text.
    pub span: Span,
    pub term: u32,
    pub penalty: Milli,
    pub folds: Folds,
    pub tier: u8,
}

/// An engine for one image. Shared by threads.
#[derive(Debug)]
pub struct Engine {
    kind: EngineKind,
    reference: Option<[Reference; 2]>,
    ones: [fused::OneClass; 2],
    own_symbols: Vec<char>,
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct ScanScratch {
    folded: Folded,
    reference: ReferenceScratch,
    candidates: Vec<Candidate>,
    starts: RunStarts,
}

impl Engine {
    /// Prepares an engine. `fused` works on the image as it lies; only
    /// `reference` builds something (its automaton), which can fail when
    /// the dictionary is larger than `aho-corasick` allows.
    pub fn new(kind: EngineKind, image: &Image) -> Result<Engine, String> {
        let kind = kind.resolved();
        let reference = match kind {
            EngineKind::Reference => Some([
                Reference::new(&image.view(), Phase::Waking)?,
                Reference::new(&image.view(), Phase::Rest)?,
            ]),
            _ => None,
        };
        let view = image.view();
        let ones = Phase::ALL.map(|phase| fused::OneClass::new(&view, phase));
        let own_symbols = own_symbols(&view);
        Ok(Engine { kind, reference, ones, own_symbols })
    }

    pub fn kind(&self) -> EngineKind {
        self.kind
    }

    /// Appends all hits of one text, in a fixed order without duplicates.
    /// The text is read plainly, then, if it contains such characters, with
    /// ambiguous symbols as letters, then, if it contains escapes, as
    /// decoded.
    pub fn scan(
        &self,
        view: &ImageView<'_>,
        text: &str,
        scratch: &mut ScanScratch,
        out: &mut Vec<Hit>,
    ) {
        let from = out.len();
        for phase in Phase::ALL {
            self.scan_phase(view, phase, text, scratch, out);
        }
        settle(&mut out[from..]);
    }

    /// The hits of one phase only.
    pub fn scan_phase(
        &self,
        view: &ImageView<'_>,
        phase: Phase,
        text: &str,
        scratch: &mut ScanScratch,
        out: &mut Vec<Hit>,
    ) {
        let from = out.len();
        self.read(view, phase, text, scratch, out);
        if let Some(decoded) = decode_escapes(text) {
            let first = out.len();
            self.read(view, phase, &decoded.text, scratch, out);
            let mut kept = first;
            for index in first..out.len() {
                let mut hit = out[index];
                let (start, end, escaped) =
                    decoded.original(hit.span.start, hit.span.end);
                if !escaped {
                    continue;
                }
                hit.span = Span::new(start, end);
                hit.folds.insert(Fold::Escape);
                hit.penalty = Milli(hit.penalty.0 + ESCAPE_PRICE);
                hit.tier = 1;
                out[kept] = hit;
                kept += 1;
            }
            out.truncate(kept);
            out.retain({
                let mut index = 0;
                move |hit| {
                    index += 1;
                    index <= first
                        || !view.terms[int::to_usize(hit.term)].is_exact()
                }
            });
        }
        if out.len() - from > 1 {
            settle(&mut out[from..]);
            let mut last: Option<(u32, Span, u32)> = None;
            let mut index = 0;
            out.retain(|hit| {
                index += 1;
                if index <= from {
                    return true;
                }
                let key = Some((hit.set, hit.span, hit.term));
                let new = key != last;
                last = key;
                new
            });
        }
    }

    /// One reading of a text, with and without symbols as letters.
    fn read(
        &self,
        view: &ImageView<'_>,
        phase: Phase,
        text: &str,
        scratch: &mut ScanScratch,
        out: &mut Vec<Hit>,
    ) {
        let seen = scratch.folded.fill(text, view.classes, false);
        self.search(view, phase, text, false, scratch, out);
        if seen.symbols && symbols_matter(view, &self.own_symbols, text) {
            scratch.folded.fill(text, view.classes, true);
            self.search(view, phase, text, true, scratch, out);
        }
    }

    fn search(
        &self,
        view: &ImageView<'_>,
        phase: Phase,
        text: &str,
        symbols: bool,
        scratch: &mut ScanScratch,
        out: &mut Vec<Hit>,
    ) {
        scratch.candidates.clear();
        match &self.reference {
            Some(reference) => reference[phase.index()].candidates(
                &scratch.folded,
                &mut scratch.reference,
                &mut scratch.candidates,
            ),
            None => fused::candidates(
                view,
                phase,
                &self.ones[phase.index()],
                &scratch.folded,
                &mut scratch.candidates,
            ),
        }
        let reader = Reader { text, view: *view, symbols };
        let mut last = u32::MAX;
        for index in 0..scratch.candidates.len() {
            let candidate = scratch.candidates[index];
            let run = int::to_usize(candidate.run);
            let length = usize::from(scratch.folded.lengths[run]);
            if too_short(view, candidate.needle, length) {
                continue;
            }
            if candidate.run != last {
                let starts = &scratch.folded.starts;
                let bounds = (starts[run], starts[run + 1]);
                let sym = scratch.folded.syms[run];
                scratch.starts.fill(&reader, sym, bounds);
                last = candidate.run;
            }
            verify(&reader, phase, candidate, &scratch.starts, out);
        }
    }
}

/// Whether reading symbols as letters can change anything: a symbol that a
/// term writes is there, or a look-alike symbol touches a Latin letter or
/// digit (`p@ss`, `$ale`, `FR€€`). An exclamation mark or a bracket behind a
/// word is punctuation.
fn symbols_matter(view: &ImageView<'_>, own: &[char], text: &str) -> bool {
    use crate::fold::{Sym, letter};
    let is_word = |c: char| {
        c.is_ascii_alphanumeric()
            || !c.is_ascii()
                && !letter::is_unspaced(c)
                && (letter::is_word_letter(c) || letter::is_digit(c))
    };
    // Only the neighbours of symbols are looked at closely.
    let mut symbol_before = false;
    let mut before = ' ';
    for c in text.chars() {
        let sym = view.classes.get(c);
        if sym.0 & Sym::SYMBOL_BIT != 0 {
            let closes = matches!(c, '!' | '(' | '|' | '¡' | '+');
            if own.contains(&letter::canonical(c))
                || !closes && is_word(before)
            {
                return true;
            }
            symbol_before = true;
            before = ' ';
        } else if sym != Sym::IGNORABLE {
            if symbol_before && is_word(c) {
                return true;
            }
            symbol_before = false;
            before = c;
        }
    }
    false
}

/// Symbols that terms of the image write as such.
fn own_symbols(view: &ImageView<'_>) -> Vec<char> {
    use crate::fold::Sym;
    let mut all: Vec<char> = (0..view.patterns.len())
        .map(|number| view.pattern(number))
        .filter(|pattern| pattern.row.has(PatternRow::SYMBOL))
        .flat_map(|pattern| pattern.letters)
        .filter_map(|letter| char::from_u32(*letter))
        .filter(|c| view.classes.get(*c).0 & Sym::SYMBOL_BIT != 0)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Asks the walk about every pattern of a candidate.
fn verify(
    reader: &Reader<'_>,
    phase: Phase,
    candidate: Candidate,
    starts: &RunStarts,
    out: &mut Vec<Hit>,
) {
    let view = &reader.view;
    let whole_run = view.needle(candidate.needle).len() == 1;
    for number in view.needle_patterns(candidate.needle) {
        let pattern = view.pattern(number);
        if pattern.row.has(PatternRow::SYMBOL) && !reader.symbols {
            continue;
        }
        if whole_run {
            inside_run(reader, phase, pattern, starts, out);
            continue;
        }
        for start in starts.for_pattern(reader, pattern) {
            if try_at(reader, phase, pattern, start, out).is_some() {
                break;
            }
        }
    }
}

/// Whether a run cannot hold any pattern of a needle of one class: `滴滴`
/// and `dd` would otherwise be tried at every 滴 and d.
fn too_short(view: &ImageView<'_>, needle: u32, length: usize) -> bool {
    view.needle(needle).len() == 1
        && view
            .needle_patterns(needle)
            .all(|number| view.patterns[number].letter_count() > length)
}

/// Walks one pattern from one place; gives the end of the hit, if a term
/// accepts it.
fn try_at(
    reader: &Reader<'_>,
    phase: Phase,
    pattern: Pattern<'_>,
    start: u32,
    out: &mut Vec<Hit>,
) -> Option<u32> {
    let found = walk(reader, pattern, int::to_usize(start))?;
    let end = int::to_u32(found.end);
    let span = Span::new(start, end);
    post(reader, phase, pattern.row, span, found, out).then_some(end)
}

/// A pattern whose letters are all of one class (`888`, `信信`) may stand
/// anywhere in a run, more than once.
fn inside_run(
    reader: &Reader<'_>,
    phase: Phase,
    pattern: Pattern<'_>,
    starts: &RunStarts,
    out: &mut Vec<Hit>,
) {
    let mut free = starts.bounds.0;
    for start in starts.all(reader) {
        if start >= free
            && let Some(end) = try_at(reader, phase, pattern, start, out)
        {
            free = end;
        }
    }
}

/// One hit for each term of the pattern that allows the folds used. False
/// when no term does.
fn post(
    reader: &Reader<'_>,
    phase: Phase,
    row: &PatternRow,
    span: Span,
    found: Walked,
    out: &mut Vec<Hit>,
) -> bool {
    let view = &reader.view;
    let before = out.len();
    for &term in view.pattern_terms(row) {
        if !phase.has_term(view, term) {
            continue;
        }
        let info = &view.terms[int::to_usize(term)];
        if info.is_exact() && found.tier > 0 {
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

/// Where the letters of one run stand.
#[derive(Debug, Default)]
struct RunStarts {
    sym: u16,
    bounds: (u32, u32),
    /// The last letters of the run, from its end.
    tail: Vec<u32>,
}

impl RunStarts {
    /// Looks at a run. Cost: the letters kept, and the separators behind
    /// the last letter.
    fn fill(&mut self, reader: &Reader<'_>, sym: u16, bounds: (u32, u32)) {
        self.sym = sym;
        self.bounds = bounds;
        self.tail.clear();
        let (start, end) = bounds;
        let slice = &reader.text[int::to_usize(start)..int::to_usize(end)];
        for (offset, c) in slice.char_indices().rev() {
            if self.is_letter(reader, c) {
                self.tail.push(start + int::to_u32(offset));
                if self.tail.len() == RUN_TAIL_MAX {
                    break;
                }
            }
        }
    }

    fn is_letter(&self, reader: &Reader<'_>, c: char) -> bool {
        use crate::fold::Sym;
        let class = reader.view.classes.get(c).0;
        let symbol = class & Sym::SYMBOL_BIT != 0;
        class & !Sym::SYMBOL_BIT == self.sym && (reader.symbols || !symbol)
    }

    /// Places where a pattern that goes on after this run may begin: as
    /// many letters from the end of the run as the pattern has of it (the
    /// shortest hit first), a few more for repeats, and the first letter of
    /// the run (a word that begins with a long repeat).
    fn for_pattern(
        &self,
        reader: &Reader<'_>,
        pattern: Pattern<'_>,
    ) -> impl Iterator<Item = u32> {
        let needed = pattern
            .letters
            .iter()
            .take_while(|letter| {
                char::from_u32(**letter)
                    .is_some_and(|c| self.is_letter(reader, c))
            })
            .count()
            .max(1);
        let last = (needed + RUN_REPEATS_MAX).min(self.tail.len());
        let near = self.tail.get(needed - 1..last).unwrap_or(&[]);
        let first = self.bounds.0;
        let far = near.last().is_some_and(|start| *start != first);
        near.iter().copied().chain(far.then_some(first))
    }

    /// Every letter of the run, in order.
    fn all<'t>(
        &'t self,
        reader: &'t Reader<'_>,
    ) -> impl Iterator<Item = u32> + 't {
        let (start, end) = self.bounds;
        let slice = &reader.text[int::to_usize(start)..int::to_usize(end)];
        slice
            .char_indices()
            .filter(|(_, c)| self.is_letter(reader, *c))
            .map(move |(offset, _)| start + int::to_u32(offset))
    }
}

/// Sorts hits so that equal places are neighbours, the cheapest first.
fn settle(hits: &mut [Hit]) {
    hits.sort_unstable_by(|a, b| {
        let key = |hit: &Hit| (hit.set, hit.span, hit.term);
        key(a)
            .cmp(&key(b))
            .then(a.penalty.cmp(&b.penalty))
            .then(a.folds.cmp(&b.folds))
    });
}
