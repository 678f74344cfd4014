//! Labelled records as rows of n-grams. In: sources; out: a matrix of which
//! row has which n-gram, in an order that does not depend on threads. Learns
//! nothing.
//!
//! N-grams come from `scan::grams`, the code that the scanner counts with.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

use rayon::iter::{
    IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator,
};
use rayon::slice::{ParallelSlice, ParallelSliceMut};
use serde_json::Value;

use crate::base::{int, seeded::Random};
use crate::decode::Decoder;
use crate::fold::{self, PlainLetters, plain_letters};
use crate::scan::grams::{self, Sizes, Unit};
use crate::source::Sources;
use crate::tools::corpus::{self, Tally, Unread};
use crate::tools::evaluate::{self, Exclude, Skip};

/// Slots of the sketch that finds out which n-grams are rare: with many more
/// n-grams than slots some rare ones get through, which costs memory only.
const SKETCH_BITS: u32 = 27;
/// Rows that one task looks at.
const CHUNK: usize = 512;

/// One labelled record.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where it came from: sorts the rows.
    place: (String, u64, u64),
    pub label: String,
    pub set: String,
    pub mention: bool,
    pub weight: f64,
    pub texts: Vec<String>,
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub rows: Vec<Row>,
    pub excluded: u64,
    pub unlabelled: u64,
    /// Records whose text has no letter.
    pub empty: u64,
}

impl Tally for Rows {
    fn merge(&mut self, other: Rows) {
        self.rows.extend(other.rows);
        self.excluded += other.excluded;
        self.unlabelled += other.unlabelled;
        self.empty += other.empty;
    }
}

/// How records become rows.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Key of the label.
    pub label: String,
    /// Key of a number: a record counts as one over it.
    pub weight: String,
    pub exclude: Vec<Exclude>,
}

/// Reads all labelled records. Memory: their texts.
pub fn read(
    decoder: &Decoder,
    sources: Sources,
    plan: &Reading,
) -> (Rows, Unread) {
    let (mut rows, unread) = corpus::each(
        decoder,
        sources,
        |frame, mut record, _, rows: &mut Rows| {
            let members = evaluate::members(&record);
            let found = evaluate::label_of(
                &plan.label,
                &plan.weight,
                &plan.exclude,
                &frame.source,
                &mut record,
                &members,
            );
            let found = match found {
                Ok(found) => found,
                Err(Skip::Excluded) => return rows.excluded += 1,
                Err(Skip::Unlabelled) => return rows.unlabelled += 1,
            };
            let texts: Vec<String> =
                record.fields.iter().map(|f| f.text.to_string()).collect();
            let some = |text: &String| text.chars().any(char::is_alphanumeric);
            if !texts.iter().any(some) {
                return rows.empty += 1;
            }
            rows.rows.push(Row {
                place: (frame.source.to_string(), record.line, record.offset),
                label: found.label,
                set: found.set,
                mention: members.get("mention") == Some(&Value::Bool(true)),
                weight: found.weight,
                texts,
            });
        },
    );
    rows.rows
        .par_sort_by(|a, b| (&a.place, &a.texts).cmp(&(&b.place, &b.texts)));
    (rows, unread)
}

/// Which n-grams each row has. Rows are as in `rows`.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    /// Keys of the n-grams, ascending: their index is their number.
    pub keys: Vec<u64>,
    starts: Vec<usize>,
    entries: Vec<u32>,
    /// Letters of each row.
    pub letters: Vec<u32>,
}

impl Matrix {
    pub fn row(&self, row: usize) -> &[u32] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    pub fn rows(&self) -> usize {
        self.letters.len()
    }

    /// In how many of these rows each n-gram is.
    pub fn counts(&self, rows: impl Iterator<Item = usize>) -> Vec<u32> {
        let mut counts = vec![0; self.keys.len()];
        for row in rows {
            for gram in self.row(row) {
                counts[int::to_usize(*gram)] += 1;
            }
        }
        counts
    }
}

/// The different n-grams of some texts, sorted, and their letters. The same
/// reading as `scan::score`: escapes decoded.
pub fn grams_of(texts: &[String], sizes: Sizes) -> (Vec<u64>, u32) {
    let table: &PlainLetters = plain_letters();
    let mut keys = Vec::new();
    let mut letters: u32 = 0;
    for text in texts {
        let view = fold::decode(text);
        let text = view.as_ref().map_or(text.as_str(), |v| v.text.as_str());
        let mut visit = |key: u64, _: u32, _: u32| keys.push(key);
        let count = grams::each(text, table, sizes, &mut visit);
        letters = letters.saturating_add(count);
    }
    keys.sort_unstable();
    keys.dedup();
    (keys, letters)
}

/// The matrix of all n-grams that at least `least` rows have. Memory: four
/// bytes for each n-gram of each row, and the sketch.
pub fn matrix(rows: &[Row], sizes: Sizes, least: u32) -> Matrix {
    let sketch: Vec<AtomicU8> =
        (0..1usize << SKETCH_BITS).map(|_| AtomicU8::new(0)).collect();
    let slot = |key: u64| {
        let hash = key.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        int::low_usize(hash >> (64 - SKETCH_BITS))
    };
    let add = |number: u8| Some(number.saturating_add(1));
    rows.par_iter().with_min_len(CHUNK).for_each(|row| {
        for key in grams_of(&row.texts, sizes).0 {
            // The order of additions does not matter; an error cannot be,
            // because `add` always gives a number.
            let _ = sketch[slot(key)].fetch_update(
                Ordering::Relaxed,
                Ordering::Relaxed,
                add,
            );
        }
    });
    let often =
        |key: u64| u32::from(sketch[slot(key)].load(Ordering::Relaxed));
    let found: HashMap<u64, u32> = rows
        .par_chunks(CHUNK)
        .fold(HashMap::new, |mut counts: HashMap<u64, u32>, rows| {
            for row in rows {
                let keys = grams_of(&row.texts, sizes).0.into_iter();
                for key in keys.filter(|key| often(*key) >= least.min(255)) {
                    *counts.entry(key).or_default() += 1;
                }
            }
            counts
        })
        .reduce(HashMap::new, |mut a, b| {
            for (key, count) in b {
                *a.entry(key).or_default() += count;
            }
            a
        });
    let mut keys: Vec<u64> = found
        .into_iter()
        .filter(|(_, count)| *count >= least)
        .map(|(key, _)| key)
        .collect();
    keys.par_sort_unstable();
    let numbers: HashMap<u64, u32> = keys
        .iter()
        .enumerate()
        .map(|(number, key)| (*key, int::to_u32(number)))
        .collect();
    let lists: Vec<(Vec<u32>, u32)> = rows
        .par_iter()
        .with_min_len(CHUNK)
        .map(|row| {
            let (all, letters) = grams_of(&row.texts, sizes);
            let known = all.iter().filter_map(|key| numbers.get(key));
            let mut list: Vec<u32> = known.copied().collect();
            list.shrink_to_fit();
            (list, letters)
        })
        .collect();
    let mut matrix = Matrix { keys, ..Matrix::default() };
    matrix.starts.push(0);
    for (list, letters) in lists {
        matrix.entries.extend(list);
        matrix.starts.push(matrix.entries.len());
        matrix.letters.push(letters);
    }
    matrix
}

/// How n-grams are written: letters as they count, folded and at most twice in
/// a row. What a word is made of is not in its key: its first place tells.
pub fn texts_of(
    rows: &[Row],
    sizes: Sizes,
    wanted: &HashMap<u64, ()>,
) -> HashMap<u64, String> {
    let table = plain_letters();
    let mut found: BTreeMap<u64, String> = BTreeMap::new();
    for row in rows {
        for text in &row.texts {
            let view = fold::decode(text);
            let text =
                view.as_ref().map_or(text.as_str(), |v| v.text.as_str());
            let mut visit = |key: u64, start: u32, end: u32| {
                if !wanted.contains_key(&key) || found.contains_key(&key) {
                    return;
                }
                let range: Range<usize> =
                    int::to_usize(start)..int::to_usize(end);
                let own = match Unit::of(key) {
                    Unit::Char => grams::letters_text(key),
                    Unit::Sign => grams::sign_text(&text[range], table),
                    Unit::Word => grams::word_text(&text[range], table),
                };
                found.insert(key, own);
            };
            grams::each(text, table, sizes, &mut visit);
        }
    }
    found.into_iter().collect()
}

/// Groups of rows that must not be torn apart: rows of which 60 % of the
/// n-grams are the same. Candidates are found by MinHash (Broder 1997) with
/// banding, which sees such a pair with 93 % probability.
pub fn groups(matrix: &Matrix, wanted: &[bool]) -> Vec<u32> {
    const BANDS: usize = 6;
    const ROWS_OF_BAND: usize = 2;
    let salts: Vec<u64> = {
        let mut random = Random::new(0, &["minhash"]);
        (0..BANDS * ROWS_OF_BAND).map(|_| random.number() | 1).collect()
    };
    let sketches: Vec<[u64; BANDS]> = (0..matrix.rows())
        .collect::<Vec<usize>>()
        .par_iter()
        .map(|row| {
            let mut lows = [u64::MAX; BANDS * ROWS_OF_BAND];
            for gram in matrix.row(*row) {
                let key = matrix.keys[int::to_usize(*gram)];
                for (low, salt) in lows.iter_mut().zip(&salts) {
                    let hash = (key ^ salt).wrapping_mul(*salt);
                    let hash = hash ^ hash >> 31;
                    *low = (*low).min(hash.wrapping_mul(*salt));
                }
            }
            let mut bands = [0; BANDS];
            for (band, pair) in bands.iter_mut().zip(lows.chunks(2)) {
                *band = pair[0].rotate_left(17) ^ pair[1];
            }
            bands
        })
        .collect();
    let mut parent: Vec<u32> = (0..matrix.rows()).map(int::to_u32).collect();
    for band in 0..BANDS {
        let mut first: HashMap<u64, u32> = HashMap::new();
        for (row, sketch) in sketches.iter().enumerate() {
            if !wanted[row] || matrix.row(row).len() < 4 {
                continue;
            }
            let row = int::to_u32(row);
            let other = *first.entry(sketch[band]).or_insert(row);
            if other != row && alike(matrix, row, other) {
                join(&mut parent, row, other);
            }
        }
    }
    (0..matrix.rows()).map(|row| root(&mut parent, int::to_u32(row))).collect()
}

/// Whether two rows share 60 % of their n-grams.
fn alike(matrix: &Matrix, a: u32, b: u32) -> bool {
    let a = matrix.row(int::to_usize(a));
    let b = matrix.row(int::to_usize(b));
    let (mut left, mut right, mut both) = (0, 0, 0);
    while left < a.len() && right < b.len() {
        let (x, y) = (a[left], b[right]);
        both += usize::from(x == y);
        left += usize::from(x <= y);
        right += usize::from(y <= x);
    }
    let either = a.len() + b.len() - both;
    10 * both >= 6 * either
}

fn root(parent: &mut [u32], mut at: u32) -> u32 {
    while parent[int::to_usize(at)] != at {
        let up = parent[int::to_usize(at)];
        parent[int::to_usize(at)] = parent[int::to_usize(up)];
        at = up;
    }
    at
}

fn join(parent: &mut [u32], a: u32, b: u32) {
    let (a, b) = (root(parent, a), root(parent, b));
    parent[int::to_usize(a.max(b))] = a.min(b);
}

/// Which of `parts` parts each row is in: whole groups, drawn by the seed.
pub fn split(groups: &[u32], parts: usize, seed: u64) -> Vec<usize> {
    let words = parts.to_string();
    groups
        .iter()
        .map(|group| {
            let group = group.to_string();
            Random::new(seed, &["fold", &words, &group]).below(parts)
        })
        .collect()
}
