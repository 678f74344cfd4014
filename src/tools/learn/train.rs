//! Training. In: a matrix, which rows count and how much, which are of the
//! category; out: a weight for each n-gram and a bias. Deterministic: the
//! same rows and seed give the same weights on any number of threads,
//! because one model is trained by one thread.
//!
//! The model is a linear support vector machine with squared hinge loss (or
//! a logistic regression) and L2 regularisation, solved by dual coordinate
//! descent as in LIBLINEAR: C.-J. Hsieh, K.-W. Chang, C.-J. Lin, S. Keerthi,
//! S. Sundararajan, "A dual coordinate descent method for large-scale linear
//! SVM", ICML 2008, algorithm 1 without shrinking; H.-F. Yu, F.-L. Huang,
//! C.-J. Lin, "Dual coordinate descent methods for logistic regression and
//! maximum entropy models", Machine Learning 85, 2011, algorithm 5. Then the
//! n-grams that matter least are dropped and the rest is trained again.
//!
//! An n-gram of a row has the value `idf * length factor`: rare n-grams are
//! regularised less, and the length factor is that of the scanner. The
//! regularisation sees the idf; the weight that comes out has it multiplied
//! in, so that the scanner only adds weights.

use super::data::Matrix;
use crate::base::{int, seeded::Random};
use crate::scan::score::length_factor;

/// Passes over the rows. Ten to fifteen are usual before the steps are
/// small.
const EPOCHS_MAX: usize = 25;
/// Largest gradient at which training ends.
const GRADIENT_SMALL: f64 = 0.1;
/// Newton steps for one row.
const STEPS_MAX: usize = 50;
/// Value of the constant that stands for the bias.
const BIAS_VALUE: f64 = 1.0;

/// What an error costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Squared hinge: rows that are clearly right do not matter.
    Hinge,
    /// Logistic: every row matters a little.
    Logistic,
}

/// How a model is trained.
#[derive(Clone, Copy, Debug)]
pub struct Training {
    pub seed: u64,
    pub loss: Loss,
    /// Weight of errors against the size of weights.
    pub strength: f64,
    /// N-grams kept.
    pub features_max: usize,
}

/// One row as training sees it.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    pub row: usize,
    pub weight: f64,
    pub positive: bool,
}

/// A trained model over the numbers of a matrix, whole ten-thousandths.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    pub bias: f64,
    /// Number of the n-gram and its weight, ascending.
    pub weights: Vec<(u32, f64)>,
}

/// What is kept of an n-gram while training.
#[derive(Clone, Copy, Default)]
struct Gram {
    /// Weight times idf.
    weight: f32,
    /// Idf squared; 0 for an n-gram that is left out.
    square: f32,
}

/// Trains one model.
pub fn train(
    matrix: &Matrix,
    examples: &[Example],
    training: &Training,
) -> Model {
    let mut grams = candidates(matrix, examples);
    let mut bias = solve(matrix, examples, training, &mut grams);
    let counts = matrix.counts(examples.iter().map(|e| e.row));
    if prune(&mut grams, &counts, training.features_max) {
        bias = solve(matrix, examples, training, &mut grams);
    }
    let weights = grams
        .iter()
        .enumerate()
        .filter(|(_, gram)| gram.square > 0.0)
        .map(|(number, gram)| (int::to_u32(number), f64::from(gram.weight)))
        .collect();
    Model { bias, weights }
}

/// N-grams worth training: those seen in the category, and those that are
/// not quite rare elsewhere. Rare n-grams of other rows alone tell nothing
/// about the category, and there are many of them.
fn candidates(matrix: &Matrix, examples: &[Example]) -> Vec<Gram> {
    const ELSEWHERE_SHARE: f64 = 1e-4;
    let rows = |positive: bool| {
        let all = examples.iter().filter(move |e| e.positive == positive);
        all.map(|example| example.row)
    };
    let own = matrix.counts(rows(true));
    let others = matrix.counts(rows(false));
    let all = 1.0 + int::to_f64(int::to_u64(examples.len()));
    own.iter()
        .zip(&others)
        .map(|(own, others)| {
            let rare = f64::from(*others) < all * ELSEWHERE_SHARE;
            if *own == 0 && rare {
                return Gram::default();
            }
            let seen = 1.0 + f64::from(*own) + f64::from(*others);
            let idf = (all / seen).ln() + 1.0;
            Gram { weight: 0.0, square: narrow(idf * idf / IDF_UNIT) }
        })
        .collect()
}

/// Keeps the values of a row near 1 in square, so that a strength means
/// what it means for rows of length 1: the square of a usual idf, times that
/// of the length factor.
const IDF_UNIT: f64 = 36.0 * 50.0;

/// A number as f32: the tables of training are twice as dense with it.
fn narrow(value: f64) -> f32 {
    int::to_f32(value)
}

/// Drops all but the `most` n-grams that change scores most: weight times
/// the root of how often it is seen. False when there are no more.
fn prune(grams: &mut [Gram], counts: &[u32], most: usize) -> bool {
    let mut ranked: Vec<(f64, u32)> = grams
        .iter()
        .zip(counts)
        .enumerate()
        .filter(|(_, (gram, _))| gram.square > 0.0)
        .map(|(number, (gram, count))| {
            let size = f64::from(gram.weight.abs());
            (size * f64::from(*count).sqrt(), int::to_u32(number))
        })
        .collect();
    let some = ranked.iter().filter(|(size, _)| *size > 0.0).count();
    if ranked.len() <= most && some == ranked.len() {
        return false;
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (place, (size, number)) in ranked.iter().enumerate() {
        let gram = &mut grams[int::to_usize(*number)];
        if place >= most || *size == 0.0 {
            gram.square = 0.0;
        }
        gram.weight = 0.0;
    }
    true
}

/// Solves for the weights of all n-grams that are not left out; gives the
/// bias.
fn solve(
    matrix: &Matrix,
    examples: &[Example],
    training: &Training,
    grams: &mut [Gram],
) -> f64 {
    let active: Vec<Vec<u32>> = examples
        .iter()
        .map(|example| {
            let all = matrix.row(example.row).iter().copied();
            all.filter(|g| grams[int::to_usize(*g)].square > 0.0).collect()
        })
        .collect();
    let mut states = states(matrix, examples, &active, training, grams);
    let mut bias = 0.0;
    for (state, row) in states.iter().zip(&active) {
        let step = state.sign * state.alpha[0];
        add(grams, row, step * state.factor);
        bias += step * BIAS_VALUE;
    }
    let mut order: Vec<usize> = (0..states.len()).collect();
    let mut random = Random::new(training.seed, &["order"]);
    let mut fine = 1e-2;
    for _ in 0..EPOCHS_MAX {
        shuffle(&mut order, &mut random);
        let (mut steepest, mut steps): (f64, usize) = (0.0, 0);
        for &at in &order {
            let (state, row) = (&mut states[at], &active[at]);
            if state.bound <= 0.0 {
                continue;
            }
            let sum: f64 = row
                .iter()
                .map(|g| f64::from(grams[int::to_usize(*g)].weight))
                .sum();
            let margin = state.sign * (sum * state.factor + bias * BIAS_VALUE);
            let (step, gradient, count) = match training.loss {
                Loss::Hinge => state.hinge(margin),
                Loss::Logistic => state.newton(margin, fine),
            };
            steepest = steepest.max(gradient);
            steps += count;
            if count > 0 {
                add(grams, row, step * state.factor);
                bias += step * BIAS_VALUE;
            }
        }
        let small = match training.loss {
            Loss::Hinge => GRADIENT_SMALL / 2.0,
            Loss::Logistic => GRADIENT_SMALL,
        };
        if steepest < small {
            break;
        }
        if steps <= states.len() / 10 {
            fine = f64::max(1e-8, 0.1 * fine);
        }
    }
    bias * BIAS_VALUE
}

/// The rows before training.
fn states(
    matrix: &Matrix,
    examples: &[Example],
    active: &[Vec<u32>],
    training: &Training,
    grams: &[Gram],
) -> Vec<State> {
    examples
        .iter()
        .zip(active)
        .map(|(example, row)| {
            let factor = length_factor(matrix.letters[example.row]);
            let square: f64 = row
                .iter()
                .map(|g| f64::from(grams[int::to_usize(*g)].square))
                .sum();
            let bound = training.strength * example.weight;
            let low = (0.001 * bound).min(1e-8);
            let alpha = match training.loss {
                Loss::Hinge => [0.0, 0.0],
                Loss::Logistic => [low, bound - low],
            };
            State {
                factor,
                square: square * factor * factor + BIAS_VALUE * BIAS_VALUE,
                bound,
                sign: if example.positive { 1.0 } else { -1.0 },
                alpha,
            }
        })
        .collect()
}

/// The dual variables of one row.
struct State {
    factor: f64,
    /// Squared length of the row.
    square: f64,
    bound: f64,
    sign: f64,
    alpha: [f64; 2],
}

impl State {
    /// The best value of this row's coordinate: signed step, projected
    /// gradient before it, 1 if it moves.
    fn hinge(&mut self, margin: f64) -> (f64, f64, usize) {
        let diagonal = 0.5 / self.bound;
        let before = self.alpha[0];
        let slope = margin - 1.0 + before * diagonal;
        let projected = if before > 0.0 { slope } else { slope.min(0.0) };
        if projected.abs() < 1e-9 {
            return (0.0, projected.abs(), 0);
        }
        let next = (before - slope / (self.square + diagonal)).max(0.0);
        self.alpha[0] = next;
        ((next - before) * self.sign, projected.abs(), 1)
    }

    /// Moves along this row's coordinate; gives the signed step, the
    /// gradient before it and the number of Newton steps.
    fn newton(&mut self, margin: f64, fine: f64) -> (f64, f64, usize) {
        let (square, bound) = (self.square, self.bound);
        let (mut low, mut high, mut sign) = (0, 1, 1.0);
        let middle = 0.5 * square * (self.alpha[1] - self.alpha[0]) + margin;
        if middle < 0.0 {
            (low, high, sign) = (1, 0, -1.0);
        }
        let before = self.alpha[low];
        let mut z = before;
        if bound - z < 0.5 * bound {
            z *= 0.1;
        }
        let gradient = |z: f64| {
            square * (z - before) + sign * margin + (z / (bound - z)).ln()
        };
        let mut slope = gradient(z);
        let first = slope.abs();
        let mut count = 0;
        while count <= STEPS_MAX && slope.abs() >= fine {
            let curve = square + bound / (bound - z) / z;
            let next = z - slope / curve;
            z = if next <= 0.0 { z * 0.1 } else { next };
            slope = gradient(z);
            count += 1;
        }
        if count == 0 {
            return (0.0, first, 0);
        }
        self.alpha[low] = z;
        self.alpha[high] = bound - z;
        (sign * (z - before) * self.sign, first, count)
    }
}

/// Adds a step along a row.
fn add(grams: &mut [Gram], row: &[u32], step: f64) {
    let step = narrow(step);
    for gram in row {
        let gram = &mut grams[int::to_usize(*gram)];
        gram.weight += step * gram.square;
    }
}

/// Fisher and Yates.
fn shuffle(order: &mut [usize], random: &mut Random) {
    for at in (1..order.len()).rev() {
        order.swap(at, random.below(at + 1));
    }
}
