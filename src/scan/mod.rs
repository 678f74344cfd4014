//! Finding terms in a text. In: one text field and an image; out: hits with
//! the exact bytes of the original. Knows no rules; does no I/O.
//!
//! The seam between engines is small: an engine turns folded text into
//! candidates (needle, run); the walk decides each candidate. An engine may
//! leave out candidates that the walk would refuse, so that two engines give
//! the same hits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod fold512;
mod folded;
mod fused;
pub mod grams;
mod hear;
pub mod join;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod promise;
#[cfg(target_arch = "x86_64")]
mod promise512;
mod reference;
mod runs;
pub mod score;
mod sieve;
mod singles;
mod sound;
mod symbols;
mod verify;
mod walk;

use std::ops::Range;

use crate::base::{Span, int};
use crate::fold::{self, Fold, Folds, View};
use crate::image::{Image, ImageView, PatternRow};
use crate::verdict::Milli;

pub use folded::{Folded, Mode};
pub use fused::{Frequency, MANY, Needle, Shared, build as build_fused};
pub use hear::hear;
pub use join::build_neighbours;
pub use score::{Carrier, GramEntry, Scorer, Scores, build_grams};
pub use sound::{
    Heard, Tokens, build as build_sound, candidates as sound_candidates,
    is_heard,
};
pub use symbols::own_symbols;
pub use walk::{Reader, Walked, letter_price, walk};

pub use sieve::Simd;

use walk::FREE_SEPARATORS_MAX;

use join::{Joined, Joint};
use reference::{Reference, ReferenceScratch};
use runs::RunStarts;
use singles::Singles;
use verify::{Claim, post, verify_all};

/// Price of a hit that was read through an escape.
const ESCAPE_PRICE: u16 = 30;
/// Price of a hit whose letters stand below each other.
const COLUMN_PRICE: u16 = 50;
/// Price of a hit in Base64 or hexadecimal.
const BYTES_PRICE: u16 = 100;
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
/// the first phase. It also finds characters that are written as their parts
/// (`join`), for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Waking,
    Rest,
}

impl Phase {
    pub const ALL: [Phase; 2] = [Phase::Waking, Phase::Rest];

    pub(crate) fn index(self) -> usize {
        match self {
            Phase::Waking => 0,
            Phase::Rest => 1,
        }
    }

    fn has_term(self, view: &ImageView<'_>, term: u32) -> bool {
        let row = view.terms.get(int::to_usize(term));
        row.is_some_and(|row| row.is_waking() == (self == Phase::Waking))
    }

    fn has_needle(self, view: &ImageView<'_>, needle: u32) -> bool {
        view.needle_patterns(needle).any(|number| {
            let row = view.pattern(number).row;
            let terms = view.pattern_terms(row);
            let joins = row.has(PatternRow::JOIN) && self == Phase::Waking;
            !row.has(PatternRow::INITIALS)
                && (joins || terms.iter().any(|t| self.has_term(view, *t)))
        })
    }
}

/// Which terms a search is for.
#[derive(Clone, Copy)]
struct Filter<'a> {
    phase: Phase,
    /// By set.
    wanted: Option<&'a [bool]>,
}

impl Filter<'_> {
    #[inline]
    fn wants(&self, view: &ImageView<'_>, term: u32) -> bool {
        let Some(row) = view.terms.get(int::to_usize(term)) else {
            return false;
        };
        let set = int::to_usize(row.set);
        row.set < view.set_count
            && self.wanted.is_none_or(|sets| sets.get(set) == Some(&true))
            && row.is_waking() == (self.phase == Phase::Waking)
    }
}

/// A place where a needle's classes may stand; the walk tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Candidate {
    /// The needle's first pattern.
    pub first: u32,
    pub run: u32,
    /// Classes of the needle.
    pub len: u32,
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
    /// The sound plane of `reference`.
    lookup: Option<[sound::Lookup; 2]>,
    /// The image has a sound plane.
    hears: bool,
    simd: Simd,
    singles: [Singles; 2],
    /// By phase: it has no needles.
    idle: [bool; 2],
    own_symbols: Vec<char>,
}

/// A text made ready for the search. Kept between the phases.
#[derive(Debug, Default)]
pub struct Prepared {
    own: Layer,
    /// The text with its escapes decoded, if it has any.
    decoded: Option<View>,
    inner: Layer,
}

impl Prepared {
    /// The text with its escapes decoded, if it has any.
    pub fn decoded(&self) -> Option<&View> {
        self.decoded.as_ref()
    }
}

/// A text, and what is to be read again because it holds characters in parts.
#[derive(Debug, Default)]
struct Layer {
    reading: Reading,
    joined: Joined,
    again: Reading,
}

/// One text folded plainly and, where that promises something, with
/// ambiguous symbols as letters.
#[derive(Debug, Default)]
struct Reading {
    plain: Folded,
    marked: Folded,
    has_symbols: bool,
    /// Runs in which an anchor may stand whose needle holds a symbol.
    windows: Vec<Range<usize>>,
    /// The text as sounds, if the image has such terms.
    tokens: Tokens,
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct ScanScratch {
    prepared: Prepared,
    search: Buffers,
}

#[derive(Debug, Default)]
struct Buffers {
    reference: ReferenceScratch,
    queues: fused::Queues,
    candidates: Vec<Candidate>,
    claims: Vec<Claim>,
    sounds: sound::Queues,
    heard: Vec<Heard>,
    starts: RunStarts,
    joints: Vec<Joint>,
}

impl Engine {
    /// Prepares an engine. `fused` works on the image as it lies; only
    /// `reference` builds something (its automaton), which can fail when
    /// the dictionary is larger than `daachorse` allows.
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
        let lookup = (kind == EngineKind::Reference)
            .then(|| Phase::ALL.map(|phase| sound::Lookup::new(&view, phase)));
        let idle = [0, 1].map(|at| {
            let tables = &view.fused[at];
            tables.bucket_rows.is_empty() && tables.singles.is_empty()
        });
        Ok(Engine {
            kind,
            reference,
            lookup,
            hears: view.sound.iter().any(|part| !part.entries.is_empty()),
            simd: Simd::detect(),
            singles: Phase::ALL.map(|phase| Singles::new(&view, phase)),
            idle,
            own_symbols: symbols::asked(
                view.own_symbols().unwrap_or_default(),
            ),
        })
    }

    /// The same engine with other vector instructions, to compare with.
    pub fn with_simd(mut self, simd: Simd) -> Engine {
        self.simd = simd;
        self
    }

    /// The vector instructions in use.
    pub fn simd(&self) -> Simd {
        self.simd
    }

    pub fn kind(&self) -> EngineKind {
        self.kind
    }

    /// Appends all hits of one text, in a fixed order without duplicates.
    /// The text is read plainly, then, if it contains such characters, with
    /// ambiguous symbols as letters, then, if it contains parts of
    /// characters, with these joined, then, if it contains escapes, as
    /// decoded.
    pub fn scan(
        &self,
        view: &ImageView<'_>,
        text: &str,
        scratch: &mut ScanScratch,
        out: &mut Vec<Hit>,
    ) {
        let ScanScratch { prepared, search } = scratch;
        let from = out.len();
        self.prepare(view, text, prepared);
        for phase in Phase::ALL {
            let filter = Filter { phase, wanted: None };
            self.find(view, filter, text, prepared, search, out);
        }
        if out.len() - from > 1 {
            settle(&mut out[from..]);
        }
    }

    /// Folds a text for `scan_phase`.
    pub fn prepare(
        &self,
        view: &ImageView<'_>,
        text: &str,
        out: &mut Prepared,
    ) {
        self.prepare_layer(view, text, &mut out.own);
        let escapes = out.own.reading.plain.has_escapes();
        let promising = escapes || self.simd.is_promising(text);
        if !promising && !self.simd.has_lines(text) {
            // Most texts: nothing is moved where nothing was.
            if out.decoded.is_some() {
                out.decoded = None;
            }
            return;
        }
        out.decoded = fold::decode_marked(text, promising);
        if let Some(decoded) = &out.decoded {
            self.prepare_layer(view, &decoded.text, &mut out.inner);
        }
    }

    fn prepare_layer(
        &self,
        view: &ImageView<'_>,
        text: &str,
        layer: &mut Layer,
    ) {
        layer.joined.clear();
        self.fill(view, text, &mut layer.reading);
    }

    fn fill(&self, view: &ImageView<'_>, text: &str, reading: &mut Reading) {
        let hears = self.hears && !text.is_ascii();
        let mode = if hears { Mode::Codes } else { Mode::Plain };
        reading.fill(self.simd, view, &self.own_symbols, text, mode);
        if self.hears {
            reading.tokens.fill(text, &reading.plain);
        }
    }

    /// Where parts of characters stand in a text, as the search sees them.
    pub fn joints(
        &self,
        view: &ImageView<'_>,
        text: &str,
        scratch: &mut ScanScratch,
    ) -> Vec<Joint> {
        let ScanScratch { prepared, search } = scratch;
        let filter = Filter { phase: Phase::Waking, wanted: None };
        let mut hits = Vec::new();
        self.prepare_layer(view, text, &mut prepared.own);
        self.find_in(view, filter, text, &mut prepared.own, search, &mut hits);
        search.joints.clone()
    }

    /// The hits of one phase only, of a text that was prepared; with
    /// `wanted` those of terms whose set it says yes to. The first phase
    /// comes first.
    #[expect(clippy::too_many_arguments, reason = "one caller, hot")]
    pub fn scan_phase(
        &self,
        view: &ImageView<'_>,
        phase: Phase,
        wanted: Option<&[bool]>,
        text: &str,
        prepared: &mut Prepared,
        scratch: &mut ScanScratch,
        out: &mut Vec<Hit>,
    ) {
        let filter = Filter { phase, wanted };
        let scratch = &mut scratch.search;
        self.find(view, filter, text, prepared, scratch, out);
    }

    fn find(
        &self,
        view: &ImageView<'_>,
        filter: Filter<'_>,
        text: &str,
        prepared: &mut Prepared,
        scratch: &mut Buffers,
        out: &mut Vec<Hit>,
    ) {
        if self.idle[filter.phase.index()] {
            return;
        }
        let from = out.len();
        self.find_in(view, filter, text, &mut prepared.own, scratch, out);
        if let Some(decoded) = &prepared.decoded {
            let first = out.len();
            let (text, inner) = (&decoded.text, &mut prepared.inner);
            self.find_in(view, filter, text, inner, scratch, out);
            retain_from(out, first, |hit| escaped(view, decoded, hit));
        }
        if out.len() - from > 1 {
            settle(&mut out[from..]);
            let mut kept = from + 1;
            for index in from + 1..out.len() {
                let key = |hit: &Hit| (hit.set, hit.span, hit.term);
                if key(&out[index]) != key(&out[kept - 1]) {
                    out[kept] = out[index];
                    kept += 1;
                }
            }
            out.truncate(kept);
        }
    }

    /// Reads a text, and once more with characters that stand in parts.
    fn find_in(
        &self,
        view: &ImageView<'_>,
        filter: Filter<'_>,
        text: &str,
        layer: &mut Layer,
        scratch: &mut Buffers,
        out: &mut Vec<Hit>,
    ) {
        let Layer { reading, joined, again } = layer;
        scratch.joints.clear();
        let joins = filter.phase == Phase::Waking;
        self.read(view, filter, joins, text, reading, scratch, out);
        if !scratch.joints.is_empty() {
            joined.fill(view, text, &scratch.joints, &reading.plain);
            self.fill(view, &joined.text, again);
        }
        if joined.text.is_empty() {
            return;
        }
        let first = out.len();
        self.read(view, filter, false, &joined.text, again, scratch, out);
        retain_from(out, first, |hit| joined.original(view, hit));
    }

    /// One reading of a text, with and without symbols as letters; with
    /// `joins` the buffers get the parts of characters in it.
    #[expect(clippy::too_many_arguments, reason = "twice a text, hot")]
    fn read(
        &self,
        view: &ImageView<'_>,
        filter: Filter<'_>,
        joins: bool,
        text: &str,
        reading: &Reading,
        scratch: &mut Buffers,
        out: &mut Vec<Hit>,
    ) {
        let reader = Reader { text, view, symbols: false };
        let all = 0..reading.plain.count();
        self.search(&reader, filter, &reading.plain, &[all], scratch);
        verify_all(&reader, filter, joins, &reading.plain, scratch, out);
        if self.hears {
            self.listen(&reader, filter, &reading.tokens, scratch, out);
        }
        if !reading.has_symbols {
            return;
        }
        let reader = Reader { text, view, symbols: true };
        let windows = &reading.windows;
        self.search(&reader, filter, &reading.marked, windows, scratch);
        // Without a symbol in it the plain reading has found it.
        let symbols = reading.marked.symbols();
        scratch.candidates.retain(|candidate| {
            let after = candidate.run + candidate.len;
            let next = symbols.partition_point(|run| *run < candidate.run);
            symbols.get(next).is_some_and(|run| *run < after)
        });
        verify_all(&reader, filter, false, &reading.marked, scratch, out);
    }

    /// Terms whose characters were replaced by others of the same sound or
    /// shape.
    fn listen(
        &self,
        reader: &Reader<'_>,
        filter: Filter<'_>,
        tokens: &Tokens,
        scratch: &mut Buffers,
        out: &mut Vec<Hit>,
    ) {
        let phase = filter.phase.index();
        let heard = &mut scratch.heard;
        heard.clear();
        match &self.lookup {
            Some(lookup) => lookup[phase].candidates(tokens, heard),
            None => {
                let tables = &reader.view.sound[phase];
                let queues = &mut scratch.sounds;
                sound_candidates(self.simd, tables, tokens, queues, heard);
            }
        }
        heard.sort_unstable();
        heard.dedup();
        let patterns = heard.iter().map(|place| place.pattern);
        verify::touch_patterns(reader.view, patterns);
        for place in heard {
            let pattern = reader.view.pattern(int::to_usize(place.pattern));
            let start = int::to_usize(place.start);
            let found = if pattern.row.has(PatternRow::INITIALS) {
                walk(reader, pattern, start)
            } else {
                hear(reader, pattern, start)
            };
            let Some(found) = found else { continue };
            let span = Span::new(place.start, int::to_u32(found.end));
            let terms = reader.view.pattern_terms(pattern.row);
            post(reader, filter, terms, span, found, out);
        }
    }

    fn search(
        &self,
        reader: &Reader<'_>,
        filter: Filter<'_>,
        folded: &Folded,
        windows: &[Range<usize>],
        scratch: &mut Buffers,
    ) {
        let phase = filter.phase;
        scratch.candidates.clear();
        if let Some(reference) = &self.reference {
            // The automaton has no use for windows.
            reference[phase.index()].candidates(
                folded,
                &mut scratch.reference,
                &mut scratch.candidates,
            );
            return;
        }
        for window in windows {
            fused::candidates(
                self.simd,
                reader,
                filter,
                &self.singles[phase.index()],
                folded,
                window.clone(),
                &mut scratch.queues,
                &mut scratch.candidates,
            );
        }
    }
}

impl Reading {
    fn fill(
        &mut self,
        simd: Simd,
        view: &ImageView<'_>,
        own: &[char],
        text: &str,
        mode: Mode,
    ) {
        self.plain.fill(simd, text, view.classes, mode);
        let symbols = self.plain.symbols();
        self.has_symbols = !symbols.is_empty()
            && symbols::matter(view.classes, own, text, symbols);
        if !self.has_symbols {
            return;
        }
        self.marked.fill(simd, text, view.classes, Mode::Symbols);
        self.windows.clear();
        let reach = view.needle_len_max();
        for symbol in self.marked.symbols() {
            let at = int::to_usize(*symbol);
            let start = at.saturating_sub(reach);
            let end = (at + reach).min(self.marked.count());
            match self.windows.last_mut() {
                Some(last) if last.end >= start => last.end = end,
                _ => self.windows.push(start..end),
            }
        }
    }
}

/// Puts another hit, or none, in the place of each from `first` on.
fn retain_from(
    hits: &mut Vec<Hit>,
    first: usize,
    change: impl Fn(Hit) -> Option<Hit>,
) {
    let mut kept = first;
    for index in first..hits.len() {
        if let Some(hit) = change(hits[index]) {
            hits[kept] = hit;
            kept += 1;
        }
    }
    hits.truncate(kept);
}

/// A hit of decoded text as one of the original, if it needed decoding.
fn escaped(view: &ImageView<'_>, decoded: &View, hit: Hit) -> Option<Hit> {
    let (start, end, passed) = decoded.original(hit.span.start, hit.span.end);
    let mut hit = Hit { span: Span::new(start, end), ..hit };
    // The walk has counted pictures as separators.
    hit.tier = hit.tier.max(u8::from(passed.escape || passed.column));
    if passed.escape {
        hit.folds.insert(Fold::Escape);
        hit.penalty.0 += ESCAPE_PRICE;
    }
    if passed.column {
        hit.folds.insert(Fold::Sep);
        hit.penalty.0 += COLUMN_PRICE;
    }
    if passed.bytes {
        hit.folds.insert(Fold::Base64);
        hit.penalty.0 += BYTES_PRICE;
        hit.tier = 2;
    }
    let most = view.terms[int::to_usize(hit.term)].tier_max();
    (passed.any() && hit.tier <= most).then_some(hit)
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
