//! What a model is worth. In: scores of rows that it was not trained on;
//! out: calibration, thresholds, and the figures of a report. Trains
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{int, wilson};

/// A line through scores that makes them log odds: `slope * score + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    pub slope: f64,
    pub offset: f64,
}

impl Calibration {
    pub fn of(self, score: f64) -> f64 {
        self.slope * score + self.offset
    }
}

/// One score with what is true.
#[derive(Clone, Copy, Debug)]
pub struct Scored {
    pub score: f64,
    pub positive: bool,
    pub weight: f64,
}

pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Platt scaling (J. Platt 1999) with the targets and the safeguarded Newton
/// steps of H.-T. Lin, C.-J. Lin and R. Weng ("A note on Platt's
/// probabilistic outputs for support vector machines", Machine Learning 68,
/// 2007). Leaves scores alone when one side is missing.
pub fn calibrate(all: &[Scored]) -> Calibration {
    let sum = |positive: bool| -> f64 {
        let of = all.iter().filter(|one| one.positive == positive);
        of.map(|one| one.weight).sum()
    };
    let (yes, no) = (sum(true), sum(false));
    let mut now = Calibration { slope: 1.0, offset: 0.0 };
    if yes <= 0.0 || no <= 0.0 {
        return now;
    }
    let targets = ((yes + 1.0) / (yes + 2.0), 1.0 / (no + 2.0));
    let loss = |line: Calibration| -> f64 {
        all.iter()
            .map(|one| {
                let target = if one.positive { targets.0 } else { targets.1 };
                let odds = line.of(one.score);
                let soft = odds.max(0.0) + (-odds.abs()).exp().ln_1p();
                one.weight * (soft - target * odds)
            })
            .sum()
    };
    let mut best = loss(now);
    for _ in 0..100 {
        let (mut g1, mut g2) = (0.0, 0.0);
        let (mut h11, mut h22, mut h21) = (1e-9, 1e-9, 0.0);
        for one in all {
            let target = if one.positive { targets.0 } else { targets.1 };
            let p = probability(now.of(one.score));
            let (error, curve) = (p - target, p * (1.0 - p));
            g1 += one.weight * error * one.score;
            g2 += one.weight * error;
            h11 += one.weight * curve * one.score * one.score;
            h21 += one.weight * curve * one.score;
            h22 += one.weight * curve;
        }
        let determinant = h11 * h22 - h21 * h21;
        if g1.abs() < 1e-7 && g2.abs() < 1e-7 || determinant <= 0.0 {
            break;
        }
        let d1 = -(h22 * g1 - h21 * g2) / determinant;
        let d2 = -(h11 * g2 - h21 * g1) / determinant;
        let mut step = 1.0;
        let moved = loop {
            let next = Calibration {
                slope: now.slope + step * d1,
                offset: now.offset + step * d2,
            };
            let new = loss(next);
            if new < best {
                (now, best) = (next, new);
                break true;
            }
            step /= 2.0;
            if step < 1e-10 {
                break false;
            }
        };
        if !moved {
            break;
        }
    }
    // A model that is worse than chance must not be turned around.
    now.slope = now.slope.max(1e-3);
    now
}

/// The lowest threshold, in whole ten-thousandths, that at most this share
/// of the scores reaches.
pub fn threshold(mut clean: Vec<f64>, most: f64) -> f64 {
    clean.sort_by(|a, b| b.total_cmp(a));
    let count = int::to_f64(int::to_u64(clean.len()));
    let allowed = int::usize_from(int::whole(count * most)).unwrap_or(0);
    let first = clean.get(allowed).copied().unwrap_or(0.0);
    let above = int::rounded((first * 10_000.0).floor()) + 1;
    int::signed_f64(above) / 10_000.0
}

/// The threshold, in whole ten-thousandths, at which "from here on" has the
/// best F1. 0 when there is nothing to choose by.
pub fn divide(mut all: Vec<Scored>) -> f64 {
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    let of = |one: &Scored| if one.positive { one.weight } else { 0.0 };
    let positive: f64 = all.iter().map(of).sum();
    let (mut caught, mut taken) = (0.0, 0.0);
    let (mut best, mut limit) = (0.0, 0.0);
    for one in &all {
        caught += of(one);
        taken += one.weight;
        let f1 = 2.0 * caught / (positive + taken);
        if f1 > best {
            (best, limit) = (f1, one.score);
        }
    }
    int::signed_f64(int::rounded((limit * 10_000.0).floor())) / 10_000.0
}

/// One row of a reliability table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// Weight of the rows, and how many there are.
    pub weight: f64,
    pub count: u64,
    /// Sums of weight times probability, and of weight where it was true.
    pub said: f64,
    pub held: f64,
}

/// Rows by what the model said: ten bins from 0 to 1.
pub fn reliability(all: &[Scored]) -> [Bin; 10] {
    let mut bins = [Bin::default(); 10];
    for one in all {
        let said = probability(one.score);
        let at = int::usize_from(int::whole(said * 10.0)).unwrap_or(9).min(9);
        let bin = &mut bins[at];
        bin.weight += one.weight;
        bin.count += 1;
        bin.said += one.weight * said;
        bin.held += if one.positive { one.weight } else { 0.0 };
    }
    bins
}

/// How much of a group was caught.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    pub count: u64,
    pub hits: u64,
    pub weight: f64,
    pub weight_hit: f64,
    /// Sum of the squares of the weights.
    pub squares: f64,
}

impl Share {
    pub fn add(&mut self, hit: bool, weight: f64) {
        self.count += 1;
        self.weight += weight;
        self.squares += weight * weight;
        if hit {
            self.hits += 1;
            self.weight_hit += weight;
        }
    }

    pub fn merge(&mut self, other: Share) {
        self.count += other.count;
        self.hits += other.hits;
        self.weight += other.weight;
        self.weight_hit += other.weight_hit;
        self.squares += other.squares;
    }

    /// Weighted.
    pub fn share(&self) -> f64 {
        if self.weight > 0.0 { self.weight_hit / self.weight } else { 0.0 }
    }

    /// The 95 % interval of it.
    pub fn interval(&self) -> (f64, f64) {
        let size = if self.squares > 0.0 {
            self.weight * self.weight / self.squares
        } else {
            0.0
        };
        wilson::interval_of(self.share(), size)
    }
}

/// True and guessed names with weights: F1 of each name, and their mean.
pub fn f1(
    rows: impl Iterator<Item = (String, String, f64)>,
) -> (f64, BTreeMap<String, f64>) {
    let mut cells: BTreeMap<(String, String), f64> = BTreeMap::new();
    for (is, said, weight) in rows {
        *cells.entry((is, said)).or_default() += weight;
    }
    let names: BTreeSet<String> =
        cells.keys().map(|(is, _)| is.clone()).collect();
    let sum = |wanted: &dyn Fn(&str, &str) -> bool| -> f64 {
        let some = cells.iter().filter(|((a, b), _)| wanted(a, b));
        some.map(|(_, weight)| weight).sum()
    };
    let each: BTreeMap<String, f64> = names
        .into_iter()
        .map(|name| {
            let both = sum(&|a, b| a == name && b == name);
            let either = sum(&|a, _| a == name) + sum(&|_, b| b == name);
            let score = if either > 0.0 { 2.0 * both / either } else { 0.0 };
            (name, score)
        })
        .collect();
    let count = int::to_f64(int::to_u64(each.len().max(1)));
    (each.values().sum::<f64>() / count, each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_let_no_more_than_asked_through() {
        let clean: Vec<f64> = (0..1000).map(f64::from).collect();
        for most in [0.0, 0.001, 0.01, 0.1] {
            let limit = threshold(clean.clone(), most);
            let over = clean.iter().filter(|s| **s >= limit).count();
            let allowed = (1000.0 * most).round() as usize;
            assert_eq!(over, allowed, "{most}");
        }
        // Equal scores are on one side.
        let limit = threshold(vec![1.0; 50], 0.1);
        assert!(limit > 1.0 && limit < 1.001);
    }

    #[test]
    fn calibration_finds_the_line() {
        // Scores that are twice the log odds, less one.
        let mut all = Vec::new();
        for step in -20..=20 {
            let odds = f64::from(step) / 5.0;
            let score = 2.0 * odds - 1.0;
            let share = probability(odds);
            for (positive, weight) in [(true, share), (false, 1.0 - share)] {
                let weight = weight * 1e6;
                all.push(Scored { score, positive, weight });
            }
        }
        let line = calibrate(&all);
        assert!((line.slope - 0.5).abs() < 1e-3, "{line:?}");
        assert!((line.offset - 0.5).abs() < 1e-3, "{line:?}");
    }

    #[test]
    fn f1_is_that_of_the_textbook() {
        let rows = [("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")];
        let rows = rows.map(|(a, b)| (a.to_owned(), b.to_owned(), 1.0));
        let (mean, each) = f1(rows.into_iter());
        assert!((each["a"] - 2.0 / 3.0).abs() < 1e-9);
        assert!((each["b"] - 0.8).abs() < 1e-9);
        assert!((mean - (2.0 / 3.0 + 0.8) / 2.0).abs() < 1e-9);
    }
}
