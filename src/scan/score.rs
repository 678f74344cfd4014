//! Scores of learned dictionaries. In: the text fields of a record and the
//! n-gram tables of an image; out: one score a model, and the n-grams that
//! carried it. Decides nothing.
//!
//! The score of a model is
//!
//! ```text
//! bias + sqrt(50 / (letters + 10)) * (weight of every n-gram of the model
//!                                     that the record has, each once)
//! ```
//!
//! over all text fields of the record together. The root keeps long texts
//! from reaching a threshold by length alone; for 40 letters it is 1. Weights
//! are whole ten-thousandths and are summed as integers, so the score does
//! not depend on the order of anything. A field with escapes is read as
//! decoded, and spans are those of the original.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::EngineKind;
use super::grams::{self, Sizes, Unit};
use super::sieve::touch;
use crate::base::{Span, int, limits, perfect};
use crate::fold::{
    Fold, Folds, PlainLetters, View, letter, plain, plain_letters, tables,
};
use crate::image::{GramParts, GramView, Image, ModelMeta, WeightRow};

/// Ten-thousandths.
const UNIT: f64 = 10_000.0;

/// How much the sum of weights counts in a record of so many letters.
pub fn length_factor(letters: u32) -> f64 {
    (50.0 / (f64::from(letters) + 10.0)).sqrt()
}

/// The score of a bias and a sum of weights, both in ten-thousandths.
pub fn score_of(bias: i64, sum: i64, letters: u32) -> f64 {
    let sum = int::signed_f64(sum) * length_factor(letters);
    (int::signed_f64(bias) + sum) / UNIT
}

/// How scores of one image are found. Shared by threads.
#[derive(Debug)]
pub struct Scorer {
    letters: &'static PlainLetters,
    sizes: Sizes,
    /// The model that wakes, if it is the only one.
    waking: Option<usize>,
    /// By model: summed up only on demand.
    lazy: Vec<bool>,
    /// The reference engine looks n-grams up here instead.
    map: Option<HashMap<u64, u32>>,
}

/// Sums of one record. Kept between records.
#[derive(Clone, Debug, Default)]
pub struct Scores {
    /// By model.
    sums: Vec<i64>,
    /// A bit for each n-gram of the image, or for each of its slots.
    seen: Vec<u64>,
    /// Which of them are set.
    set: Vec<u32>,
    letters: u32,
    /// The sums of all models are right, and `found` has every n-gram.
    complete: bool,
    /// N-grams that wait, and the slots or buckets they would be in.
    keys: Vec<u64>,
    places: Vec<u32>,
    /// Of n-grams that wait, and of those found: the first place of each.
    spans: Vec<Place>,
    found: Vec<(u32, Place)>,
}

/// Where an n-gram stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    field: u32,
    /// Bytes of the text that was read, decoded or not.
    read: Span,
}

/// N-grams that are looked up together: what one waits for from memory, the
/// others wait for at the same time.
const BATCH: usize = 256;

/// Adds n-grams to the sums of a record, a batch at a time.
struct Adder<'a, 'v> {
    scorer: &'a Scorer,
    view: &'a GramView<'v>,
    scores: &'a mut Scores,
}

/// Looks n-grams up, and notes their places.
struct Whole<'a, 'v> {
    adder: Adder<'a, 'v>,
    field: u32,
}

impl grams::Visit for Whole<'_, '_> {
    #[inline]
    fn gram(&mut self, key: u64, start: u32, end: u32) {
        let place = Place { field: self.field, read: Span::new(start, end) };
        self.adder.scores.spans.push(place);
        self.adder.gram(key, start, end);
    }
}

impl grams::Visit for Adder<'_, '_> {
    #[inline]
    fn gram(&mut self, key: u64, _: u32, _: u32) {
        self.scores.keys.push(key);
        if self.scores.keys.len() >= BATCH {
            self.flush();
        }
    }

    #[inline]
    fn chars(&mut self, window: u64, count: u8, _: [u32; 4], _: u32) {
        let keys = &mut self.scores.keys;
        let end = keys.len() + usize::from(count);
        // All four at once, then those that are none are taken away.
        keys.extend_from_slice(&[1, 2, 3, 4].map(|n| window & grams::mask(n)));
        keys.truncate(end);
        if end >= BATCH {
            self.flush();
        }
    }
}

impl Adder<'_, '_> {
    fn flush(&mut self) {
        let mut keys = std::mem::take(&mut self.scores.keys);
        let mut places = std::mem::take(&mut self.scores.places);
        if self.scores.complete || self.scorer.map.is_some() {
            self.all(&keys, &mut places);
        } else {
            self.waking(&keys, &mut places);
        }
        keys.clear();
        self.scores.spans.clear();
        self.scores.keys = keys;
        self.scores.places = places;
    }

    /// Looks n-grams up in the tables of all models.
    fn all(&mut self, keys: &[u64], places: &mut Vec<u32>) {
        let view = self.view;
        if self.scorer.map.is_none() {
            places.clear();
            places
                .extend(keys.iter().map(|key| view.first(bucket(view, *key))));
            touch(places.iter().map(|first| view.key(*first)));
        }
        places.clear();
        let Scores { spans, complete, .. } = &mut *self.scores;
        for (at, key) in keys.iter().enumerate() {
            if let Some(gram) = self.scorer.find(view, *key) {
                if *complete {
                    spans[places.len()] = spans[at];
                }
                places.push(gram);
            }
        }
        touch(places.iter().map(|gram| view.weight(*gram)));
        for (at, gram) in places.iter().enumerate() {
            if self.count(*gram) && self.scores.complete {
                let place = self.scores.spans[at];
                self.scores.found.push((*gram, place));
            }
        }
    }

    /// Looks n-grams up in the table of the models that wake. No branch
    /// depends on whether one is there: that cannot be foreseen.
    fn waking(&mut self, keys: &[u64], places: &mut Vec<u32>) {
        let Some(table) = self.view.waking() else { return };
        places.clear();
        places.resize(keys.len(), 0);
        let mut found = 0;
        for key in keys {
            let slot = table.slot(*key);
            places[found] = int::to_u32(slot);
            found += usize::from(table.get(slot)[0] == *key);
        }
        places.truncate(found);
        let value = |slot: u32| table.get(int::to_usize(slot))[1];
        let Some(model) = self.scorer.waking else {
            for slot in places {
                self.count(int::low_u32(value(*slot)));
            }
            return;
        };
        let Scores { seen, set, sums, .. } = &mut *self.scores;
        let before = set.len();
        set.resize(before + found, 0);
        let (mut next, mut sum) = (before, 0);
        for slot in places {
            let word = &mut seen[int::to_usize(*slot / 64)];
            let bit = *slot % 64;
            let new = !*word >> bit & 1;
            *word |= 1 << bit;
            set[next] = *slot;
            next += int::low_usize(new);
            let weight = waking_weight(value(*slot));
            sum += if new != 0 { weight } else { 0 };
        }
        set.truncate(next);
        sums[model] += sum;
    }

    /// Adds the weights of an n-gram of the image, once a record; whether it
    /// did.
    #[inline]
    fn count(&mut self, gram: u32) -> bool {
        let scores = &mut *self.scores;
        let at = int::to_usize(gram);
        let bit = 1u64 << (at % 64);
        // A slot of an image that was not verified may say any number.
        let Some(seen) = scores.seen.get_mut(at / 64) else { return false };
        if *seen & bit != 0 {
            return false;
        }
        *seen |= bit;
        scores.set.push(gram);
        for row in self.view.weights_of(gram) {
            let model = int::to_usize(row.model);
            let Some(sum) = scores.sums.get_mut(model) else { break };
            // Those of lazy models come last.
            if !scores.complete && self.scorer.lazy[model] {
                break;
            }
            *sum += i64::from(row.weight);
        }
        true
    }
}

/// An n-gram of a record that added to a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carrier {
    pub gram: u32,
    pub field: u32,
    /// Bytes of the original text.
    pub span: Span,
    /// Its weight, in ten-thousandths.
    pub weight: i64,
    /// Bytes of the text that was read, decoded or not.
    read: Span,
    unit: Unit,
}

/// The text fields of a record, each with what it was decoded to.
pub type Read<'a> = (&'a str, Option<&'a View>);

impl Scorer {
    /// Nothing for an image without models.
    pub fn new(kind: EngineKind, image: &Image) -> Option<Scorer> {
        let models = &image.meta().models;
        let sizes = models
            .iter()
            .map(|model| Sizes {
                chars: model.chars,
                words: model.words,
                signs: model.signs,
            })
            .reduce(Sizes::union)?;
        let map = (kind == EngineKind::Reference).then(|| {
            let keys = image.view().grams.keys.iter();
            keys.enumerate().map(|(at, key)| (*key, int::to_u32(at))).collect()
        });
        let lazy: Vec<bool> = models.iter().map(|model| model.lazy).collect();
        let mut awake = (0..models.len()).filter(|model| !lazy[*model]);
        let waking = awake.next().filter(|_| awake.next().is_none());
        let letters = plain_letters();
        Some(Scorer { letters, sizes, waking, lazy, map })
    }

    /// The number of an n-gram.
    #[inline]
    fn find(&self, view: &GramView<'_>, key: u64) -> Option<u32> {
        match &self.map {
            Some(map) => map.get(&key).copied(),
            None => find(view, key),
        }
    }

    /// Begins a record: `complete` with the lazy models.
    pub fn start(&self, image: &Image, complete: bool, scores: &mut Scores) {
        scores.complete = complete;
        let grams = &image.view().grams;
        let words = grams.keys.len().max(grams.slots.len()).div_ceil(64);
        for place in scores.set.drain(..) {
            scores.seen[int::to_usize(place) / 64] = 0;
        }
        scores.seen.resize(words, 0);
        scores.sums.clear();
        scores.sums.resize(image.meta().models.len(), 0);
        scores.letters = 0;
        scores.found.clear();
    }

    /// Adds the n-grams of one field.
    pub fn add(
        &self,
        view: &GramView<'_>,
        field: u32,
        (text, decoded): Read<'_>,
        scores: &mut Scores,
    ) {
        let text = decoded.map_or(text, |view| view.text.as_str());
        let (letters, sizes) = (self.letters, self.sizes);
        let mut adder = Adder { scorer: self, view, scores };
        let count = if adder.scores.complete {
            let mut whole = Whole { adder, field };
            let count = grams::each(text, letters, sizes, &mut whole);
            adder = whole.adder;
            count
        } else {
            grams::each(text, letters, sizes, &mut adder)
        };
        adder.flush();
        let all = &mut adder.scores.letters;
        *all = all.saturating_add(count);
    }

    /// The n-grams of a record that a model has, the first place of each.
    /// `up`: those that argue for high scores, or for low ones; all
    /// otherwise. The sums are complete.
    pub fn carriers(
        &self,
        view: &GramView<'_>,
        model: u32,
        up: Option<bool>,
        fields: &[Read<'_>],
        scores: &Scores,
    ) -> Vec<Carrier> {
        debug_assert!(scores.complete, "n-grams were not all looked up");
        let mut out = Vec::new();
        for (gram, place) in &scores.found {
            let rows = view.weights_of(*gram).iter();
            let own = rows.filter(|row| row.model == model);
            let weight: i64 = own.map(|row| i64::from(row.weight)).sum();
            if weight == 0 || up.is_some_and(|up| (weight > 0) != up) {
                continue;
            }
            let Place { field, read } = *place;
            let unit = Unit::of(view.key(*gram));
            let decoded = fields[int::to_usize(field)].1;
            let span = decoded.map_or(read, |decoded| {
                let (start, end, _) = decoded.original(read.start, read.end);
                Span::new(start, end)
            });
            out.push(Carrier { gram: *gram, field, span, weight, read, unit });
        }
        out
    }
}

impl Carrier {
    /// With what the n-gram adds to the score of a record in place of its
    /// weight.
    pub fn scaled(self, factor: f64) -> Carrier {
        let weight = int::rounded(int::signed_f64(self.weight) * factor);
        Carrier { weight, ..self }
    }

    /// What stands between the original and the n-gram. Text and decoded
    /// text are those that it was found in.
    pub fn folds(&self, (text, decoded): Read<'_>) -> Folds {
        let body = decoded.map_or(text, |view| view.text.as_str());
        let mut folds = folds_of(&body[self.read.range()], self.unit);
        if let Some(decoded) = decoded {
            let Span { start, end } = self.read;
            let (_, _, passed) = decoded.original(start, end);
            let used = [
                (passed.escape, Fold::Escape),
                (passed.column, Fold::Sep),
                (passed.bytes, Fold::Base64),
            ];
            for (_, fold) in used.into_iter().filter(|(used, _)| *used) {
                folds.insert(fold);
            }
        }
        folds
    }
}

impl Scores {
    /// The score of a model of the image that the sums were made with.
    pub fn of(&self, model: u32, bias: i64) -> f64 {
        score_of(bias, self.sum(model), self.letters)
    }

    pub fn sum(&self, model: u32) -> i64 {
        self.sums.get(int::to_usize(model)).copied().unwrap_or(0)
    }

    /// Whether the sums of lazy models are right.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Letters that counted.
    pub fn letters(&self) -> u32 {
        self.letters
    }
}

/// The heaviest first, no more than a person reads. Of n-grams that overlap,
/// the heaviest stands for all.
pub fn heaviest(all: Vec<Carrier>) -> Vec<Carrier> {
    let rank = |(at, carrier): (usize, &Carrier)| {
        let Carrier { field, span, gram, .. } = *carrier;
        let place = Reverse((field, span, gram));
        (carrier.weight.abs(), span.len(), place, at)
    };
    // Of thousands a few are wanted: a heap does not sort the others.
    let mut heap: BinaryHeap<_> = all.iter().enumerate().map(rank).collect();
    let mut kept: Vec<Carrier> = Vec::new();
    while let (Some((.., at)), 0..limits::CARRIERS_MAX) =
        (heap.pop(), kept.len())
    {
        let carrier = all[at];
        let free = kept.iter().all(|other| {
            other.field != carrier.field || !other.span.overlaps(carrier.span)
        });
        if free {
            kept.push(carrier);
        }
    }
    kept
}

/// What stands between a quote and its n-gram.
fn folds_of(quote: &str, unit: Unit) -> Folds {
    let mut folds = Folds::NONE;
    let table = plain_letters();
    for c in quote.chars() {
        let found = table.get(c);
        let sign = matches!(found, plain::SEPARATOR | plain::OTHER);
        if unit == Unit::Sign && sign {
            if letter::half_width(c).is_some() {
                folds.insert(Fold::Width);
            }
            continue;
        }
        match found {
            plain::IGNORABLE => folds.insert(Fold::Ignorable),
            plain::SEPARATOR => folds.insert(Fold::Sep),
            found if u32::from(found) != u32::from(c) => match tables::t0(c) {
                Some((_, fold)) => folds.insert(letter::fold_of(fold)),
                None => folds.insert(Fold::Homoglyph),
            },
            _ => {}
        }
    }
    folds
}

/// The low end of a multiplicative hash is poor; only its high bits are
/// used.
#[inline]
fn hash(key: u64) -> u64 {
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// What the table of the models that wake holds of an n-gram: the weight of
/// the first of them, above its number.
#[inline]
fn waking_weight(value: u64) -> i64 {
    i64::from(int::bits(int::low_u32(value >> 32)))
}

/// The table of the n-grams that have a weight in a model that wakes.
fn waking(parts: &GramParts, models: &[ModelMeta]) -> perfect::Parts {
    let slot = |gram: usize| {
        let row = &parts.weights[int::to_usize(parts.first_weights[gram])];
        // The first row is that of a model that wakes, if there is one.
        let wakes = !models[int::to_usize(row.model)].lazy;
        let weight = u64::from(int::unsigned(row.weight));
        let value = weight << 32 | int::to_u64(gram);
        wakes.then_some([parts.keys[gram], value])
    };
    let slots: Vec<perfect::Slot> =
        (0..parts.keys.len()).filter_map(slot).collect();
    perfect::build(&slots)
}

#[inline]
fn bucket(view: &GramView<'_>, key: u64) -> usize {
    let buckets = (view.starts.len() - 1).trailing_zeros();
    int::low_usize(hash(key) >> (64 - buckets))
}

#[inline]
fn find(view: &GramView<'_>, key: u64) -> Option<u32> {
    let (first, keys) = view.bucket(bucket(view, key));
    let at = keys.iter().position(|other| *other == key)?;
    Some(int::to_u32(first + at))
}

/// One n-gram on its way into an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GramEntry {
    pub key: u64,
    pub text: String,
    pub row: WeightRow,
}

/// The tables of all models of an image; nothing for no model. The order of
/// the entries does not matter.
pub fn build_grams(entries: &[GramEntry], models: &[ModelMeta]) -> GramParts {
    let mut parts = GramParts::default();
    if models.is_empty() {
        return parts;
    }
    let mut order: Vec<&GramEntry> = entries.iter().collect();
    let mut keys: Vec<u64> = order.iter().map(|entry| entry.key).collect();
    keys.sort_unstable();
    keys.dedup();
    let bucket_count = keys.len().next_power_of_two().max(2);
    let buckets = bucket_count.trailing_zeros();
    let lazy = |row: &WeightRow| models[int::to_usize(row.model)].lazy;
    order.sort_by_key(|entry| {
        let row = (lazy(&entry.row), entry.row);
        (hash(entry.key), entry.key, row, &entry.text)
    });
    let mut counts = vec![0u32; bucket_count];
    for entry in order {
        if parts.keys.last() != Some(&entry.key) {
            counts[int::low_usize(hash(entry.key) >> (64 - buckets))] += 1;
            parts.keys.push(entry.key);
            parts.first_weights.push(int::to_u32(parts.weights.len()));
            parts.texts.push(int::to_u32(parts.strings.len()));
            parts.strings.extend_from_slice(entry.text.as_bytes());
        }
        parts.weights.push(entry.row);
    }
    parts.first_weights.push(int::to_u32(parts.weights.len()));
    parts.texts.push(int::to_u32(parts.strings.len()));
    let mut start = 0;
    parts.starts.push(0);
    for count in counts {
        start += count;
        parts.starts.push(start);
    }
    parts.waking = waking(&parts, models);
    parts
}
