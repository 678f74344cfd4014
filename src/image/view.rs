//! The tables of an image as slices. In: bytes whose sections `check` has
//! measured; out: typed views. No index of a large table is taken on trust:
//! what points nowhere is read as nothing, so that an image whose content was
//! not verified may be wrong, but never fails.

use super::check::Sections;
use super::format::{PatternRow, TermRow, WeightRow, section};
use crate::base::{int, perfect::Table};
use crate::fold::ClassView;

/// Numbers that every image has in its section of limits.
pub(super) const LIMITS: usize = 4;

/// Typed views of all sections. Copied freely; borrows the image.
#[derive(Clone, Copy, Debug)]
pub struct ImageView<'a> {
    pub classes: ClassView<'a>,
    pub needle_starts: &'a [u32],
    pub needle_syms: &'a [u16],
    pub needle_patterns: &'a [u32],
    pub patterns: &'a [PatternRow],
    pub letters: &'a [u32],
    pub gaps: &'a [u8],
    pub postings: &'a [u32],
    /// Characters that patterns of parts stand for.
    pub wholes: &'a [u32],
    /// Neighbours in terms that may be written in parts (`scan::join`).
    pub neighbours: &'a [u64],
    pub terms: &'a [TermRow],
    pub strings: &'a [u8],
    /// Classes below are narrow (Latin, digits), from here on wide (Han).
    pub narrow_end: u16,
    limits: &'a [u32],
    /// Sets of the rules: no term has another.
    pub set_count: u32,
    /// Search tables for waking terms, then for all others.
    pub fused: [FusedView<'a>; 2],
    /// The same of the sound plane.
    pub sound: [SoundView<'a>; 2],
    /// N-grams of learned dictionaries.
    pub grams: GramView<'a>,
}

/// Search tables of the sound plane (`scan::sound`).
#[derive(Clone, Copy, Debug)]
pub struct SoundView<'a> {
    pub filter: &'a [u32],
    pub starts: &'a [u32],
    /// Key hash, pattern, place.
    pub entries: &'a [[u32; 3]],
}

impl<'a> SoundView<'a> {
    fn new(bytes: &'a [u8], of: &Sections, from: u32) -> SoundView<'a> {
        SoundView {
            filter: cast(bytes, of, section::SOUND_FILTER + from),
            starts: cast(bytes, of, section::SOUND_STARTS + from),
            entries: cast(bytes, of, section::SOUND_ENTRIES + from),
        }
    }

    /// The entries of a bucket.
    #[inline]
    pub fn bucket(&self, number: usize) -> &'a [[u32; 3]] {
        self.entries.get(self.range(number)).unwrap_or_default()
    }

    /// Where they are.
    #[inline]
    pub fn range(&self, number: usize) -> std::ops::Range<usize> {
        row_range(self.starts, number)
    }
}

/// N-grams of all models with their weights. Empty without a model.
#[derive(Clone, Copy, Debug)]
pub struct GramView<'a> {
    /// N-grams of models that wake (`base::perfect`).
    pub slots: &'a [[u64; 2]],
    pub pilots: &'a [u16],
    pub starts: &'a [u32],
    pub keys: &'a [u64],
    pub first_weights: &'a [u32],
    pub weights: &'a [WeightRow],
    pub texts: &'a [u32],
    pub strings: &'a [u8],
}

impl<'a> GramView<'a> {
    fn new(bytes: &'a [u8], of: &Sections) -> GramView<'a> {
        GramView {
            slots: cast(bytes, of, section::GRAM_SLOTS),
            pilots: cast(bytes, of, section::GRAM_PILOTS),
            starts: cast(bytes, of, section::GRAM_STARTS),
            keys: cast(bytes, of, section::GRAM_KEYS),
            first_weights: cast(bytes, of, section::GRAM_WEIGHTS),
            weights: cast(bytes, of, section::WEIGHTS),
            texts: cast(bytes, of, section::GRAM_TEXTS),
            strings: cast(bytes, of, section::GRAM_STRINGS),
        }
    }

    /// The table of the n-grams of models that wake, if there are any.
    #[inline]
    pub fn waking(&self) -> Option<Table<'a>> {
        Table::new(self.pilots, self.slots)
    }

    /// Where a bucket of keys begins, to have it near.
    #[inline]
    pub fn first(&self, bucket: usize) -> u32 {
        self.starts.get(bucket).copied().unwrap_or(0)
    }

    /// A key, to have it near.
    #[inline]
    pub fn key(&self, at: u32) -> u64 {
        self.keys.get(int::to_usize(at)).copied().unwrap_or(0)
    }

    /// The first weight of an n-gram, to have it near.
    #[inline]
    pub fn weight(&self, gram: u32) -> u32 {
        let first = self.first_weights.get(int::to_usize(gram));
        let row =
            first.and_then(|first| self.weights.get(int::to_usize(*first)));
        row.map_or(0, |row| row.model)
    }

    /// The weights of an n-gram, one for each model that has it.
    #[inline]
    pub fn weights_of(&self, gram: u32) -> &'a [WeightRow] {
        let range = row_range(self.first_weights, int::to_usize(gram));
        self.weights.get(range).unwrap_or_default()
    }

    /// An n-gram as a person reads it.
    pub fn text(&self, gram: u32) -> &'a str {
        let range = row_range(self.texts, int::to_usize(gram));
        let bytes = self.strings.get(range).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or("")
    }

    /// The keys of a bucket, with the number of the first.
    #[inline]
    pub fn bucket(&self, number: usize) -> (usize, &'a [u64]) {
        let range = row_range(self.starts, number);
        let first = range.start;
        (first, self.keys.get(range).unwrap_or_default())
    }
}

/// Search tables of the fused engine.
#[derive(Clone, Copy, Debug)]
pub struct FusedView<'a> {
    pub anchors: &'a [u32],
    pub keys: &'a [u64],
    pub bucket_starts: &'a [u32],
    /// Tag and sketch of each needle.
    pub bucket_rows: &'a [[u32; 4]],
    /// Class and needle, sorted.
    pub singles: &'a [[u32; 2]],
}

impl<'a> FusedView<'a> {
    fn new(bytes: &'a [u8], of: &Sections, from: u32) -> FusedView<'a> {
        FusedView {
            anchors: cast(bytes, of, section::ANCHORS + from),
            keys: cast(bytes, of, section::KEYS + from),
            bucket_starts: cast(bytes, of, section::BUCKET_STARTS + from),
            bucket_rows: cast(bytes, of, section::BUCKET_ROWS + from),
            singles: cast(bytes, of, section::SINGLES + from),
        }
    }

    /// The rows of a bucket.
    #[inline]
    pub fn bucket(&self, number: usize) -> std::ops::Range<usize> {
        let range = row_range(self.bucket_starts, number);
        let end = range.end.min(self.bucket_rows.len());
        range.start.min(end)..end
    }
}

/// What a row of a table of starts covers; nothing where there is none.
#[inline]
fn row_range(starts: &[u32], at: usize) -> std::ops::Range<usize> {
    match starts.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(&[start, end]) => int::to_usize(start)..int::to_usize(end),
        None => 0..0,
    }
}

/// What a pattern is that is not there: no term has it.
static NO_ROW: PatternRow = PatternRow {
    letters: 0,
    postings: 0,
    posting_count: 0,
    folds: 0,
    shape: 0,
};
const NO_PATTERN: Pattern<'static> =
    Pattern { row: &NO_ROW, letters: &[0], gaps: &[0] };

/// One pattern with its letters.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    pub row: &'a PatternRow,
    /// Code points.
    pub letters: &'a [u32],
    /// What may stand before each letter.
    pub gaps: &'a [u8],
}

impl<'a> ImageView<'a> {
    pub(super) fn new(
        bytes: &'a [u8],
        sections: &Sections,
        set_count: usize,
    ) -> ImageView<'a> {
        let index = cast(bytes, sections, section::CLASS_INDEX);
        let blocks = cast(bytes, sections, section::CLASS_BLOCKS);
        let limits = cast(bytes, sections, section::LIMITS);
        ImageView {
            classes: ClassView { index, blocks },
            needle_starts: cast(bytes, sections, section::NEEDLE_STARTS),
            needle_syms: cast(bytes, sections, section::NEEDLE_SYMS),
            needle_patterns: cast(bytes, sections, section::NEEDLE_PATTERNS),
            patterns: cast(bytes, sections, section::PATTERNS),
            letters: cast(bytes, sections, section::LETTERS),
            gaps: cast(bytes, sections, section::GAPS),
            postings: cast(bytes, sections, section::POSTINGS),
            wholes: cast(bytes, sections, section::WHOLES),
            neighbours: cast(bytes, sections, section::NEIGHBOURS),
            terms: cast(bytes, sections, section::TERMS),
            strings: cast(bytes, sections, section::STRINGS),
            narrow_end: limits.first().map_or(0, |n| int::low16(*n)),
            limits,
            set_count: int::to_u32(set_count),
            fused: [0, section::REST]
                .map(|from| FusedView::new(bytes, sections, from)),
            sound: [0, section::SOUND_REST]
                .map(|from| SoundView::new(bytes, sections, from)),
            grams: GramView::new(bytes, sections),
        }
    }

    /// One more than the highest class.
    pub fn class_end(&self) -> usize {
        self.limits.get(1).map_or(0, |n| int::to_usize(*n))
    }

    /// Symbols that terms write as such; `None` where the list is damaged.
    pub fn own_symbols(&self) -> Option<Vec<char>> {
        let listed = self.limits.get(LIMITS..)?;
        let (count, symbols) = listed.split_first()?;
        (int::to_usize(*count) == symbols.len()).then(|| {
            symbols.iter().filter_map(|c| char::from_u32(*c)).collect()
        })
    }

    /// Classes of the longest needle.
    pub fn needle_len_max(&self) -> usize {
        self.limits.get(2).map_or(0, |n| int::to_usize(*n))
    }

    /// Letters of the longest term that may be written in parts.
    pub fn joinable_len_max(&self) -> usize {
        self.limits.get(3).map_or(0, |n| int::to_usize(*n))
    }

    pub fn needle_count(&self) -> usize {
        self.needle_starts.len().saturating_sub(1)
    }

    /// The classes of a needle.
    #[inline]
    pub fn needle(&self, needle: u32) -> &'a [u16] {
        let range = row_range(self.needle_starts, int::to_usize(needle));
        self.needle_syms.get(range).unwrap_or_default()
    }

    /// Numbers of the patterns that collapse to a needle.
    pub fn needle_patterns(&self, needle: u32) -> std::ops::Range<usize> {
        let range = row_range(self.needle_patterns, int::to_usize(needle));
        let end = range.end.min(self.patterns.len());
        range.start.min(end)..end
    }

    /// Numbers of the patterns of a needle, from its first on.
    pub fn patterns_from(&self, first: u32) -> impl Iterator<Item = u32> {
        let rows = self.patterns.get(int::to_usize(first)..);
        let mut goes_on = true;
        let rows = rows.unwrap_or_default().iter();
        (first..).zip(rows).map_while(move |(number, row)| {
            let here = goes_on;
            goes_on = !row.has(PatternRow::LAST);
            here.then_some(number)
        })
    }

    /// A pattern. One that lacks its letters is a pattern of no term.
    pub fn pattern(&self, number: usize) -> Pattern<'a> {
        let Some(row) = self.patterns.get(number) else { return NO_PATTERN };
        let start = int::to_usize(row.letters);
        let range = start..start + row.letter_count();
        match (self.letters.get(range.clone()), self.gaps.get(range)) {
            (Some(letters @ [_, ..]), Some(gaps)) => {
                Pattern { row, letters, gaps }
            }
            _ => NO_PATTERN,
        }
    }

    /// Terms of a pattern.
    #[inline]
    pub fn pattern_terms(&self, row: &'a PatternRow) -> &'a [u32] {
        match row.has(PatternRow::JOIN) {
            true => &[],
            false => row.postings_in(self.postings),
        }
    }

    /// Characters that a pattern of parts stands for.
    pub fn pattern_wholes(
        &self,
        row: &'a PatternRow,
    ) -> impl Iterator<Item = char> + 'a {
        let all = match row.has(PatternRow::JOIN) {
            true => row.postings_in(self.wholes),
            false => &[],
        };
        all.iter().filter_map(|code| char::from_u32(*code))
    }

    /// A term as its author wrote it.
    pub fn term_text(&self, term: u32) -> &'a str {
        let Some(row) = self.terms.get(int::to_usize(term)) else {
            return "";
        };
        let start = int::to_usize(row.text);
        let end = start + int::to_usize(row.text_len);
        let bytes = self.strings.get(start..end).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or("")
    }
}

fn cast<'a, T: bytemuck::AnyBitPattern>(
    bytes: &'a [u8],
    sections: &Sections,
    id: u32,
) -> &'a [T] {
    let range = sections.range(id);
    // `check` made sure of range, alignment and size; an empty slice would
    // only appear if it had not.
    bytemuck::try_cast_slice(&bytes[range]).unwrap_or(&[])
}
