//! What ranks of records say about a system. In: judged records with a rank
//! each; out: ROC and precision-recall curves, and intervals by resampling.
//! Judges nothing.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::base::{int, seeded::Random};
use crate::verdict::Verdict;

/// The rank of a record in which nothing was found.
pub const NOTHING: f64 = -20.0;

/// One judged record.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Where it came from: puts the records of two runs side by side.
    pub place: (String, u64, u64),
    pub clean: bool,
    pub weight: f64,
    pub verdict: Verdict,
    /// Log odds: of the confidence of the rule that decided, or the highest
    /// score of a model.
    pub rank: f64,
}

/// A point where everything from a rank on counts as flagged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub rank: f64,
    /// Share of clean records that are flagged.
    pub false_rate: f64,
    /// Weighted share of the others that is.
    pub recall: f64,
    pub precision: f64,
}

/// The curve of one system, from the highest rank to the lowest.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    pub points: Vec<Point>,
    /// Area under the ROC curve.
    pub area: f64,
    /// Precision averaged over recall.
    pub average_precision: f64,
}

impl Curve {
    /// The curve of judged records. Records of one rank are one point.
    pub fn of(judged: &[Judged]) -> Curve {
        let mut order: Vec<&Judged> = judged.iter().collect();
        order.sort_by(|a, b| {
            b.rank.total_cmp(&a.rank).then(a.place.cmp(&b.place))
        });
        let all_clean: f64 = judged.iter().map(|one| of(one, true)).sum();
        let all_bad: f64 = judged.iter().map(|one| of(one, false)).sum();
        let mut curve = Curve::default();
        if all_clean <= 0.0 || all_bad <= 0.0 {
            return curve;
        }
        let (mut clean, mut bad) = (0.0, 0.0);
        let mut before = (0.0, 0.0);
        for (at, one) in order.iter().enumerate() {
            clean += of(one, true);
            bad += of(one, false);
            let last = order.get(at + 1).is_none_or(|n| n.rank != one.rank);
            if !last {
                continue;
            }
            let point = Point {
                rank: one.rank,
                false_rate: clean / all_clean,
                recall: bad / all_bad,
                precision: bad / (bad + clean),
            };
            let (x, y) = before;
            curve.area += (point.false_rate - x) * (point.recall + y) / 2.0;
            curve.average_precision += (point.recall - y) * point.precision;
            before = (point.false_rate, point.recall);
            curve.points.push(point);
        }
        curve
    }

    /// The best recall at which no more clean records are flagged than this
    /// share.
    pub fn recall_at(&self, false_rate: f64) -> f64 {
        let below = self.points.iter().filter(|p| p.false_rate <= false_rate);
        below.map(|point| point.recall).fold(0.0, f64::max)
    }
}

/// The weight of a record if it is clean, or if it is not.
fn of(one: &Judged, clean: bool) -> f64 {
    if one.clean == clean { one.weight } else { 0.0 }
}

/// A figure with the range in which 95 % of the resampled ones lie.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ranged {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Figures of one system, and their differences to the first system.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    pub recall: Ranged,
    pub recall_takedown: Ranged,
    /// Flagged clean records in 10,000.
    pub flagged: Ranged,
    pub taken: Ranged,
    pub recall_more: Ranged,
    pub flagged_more: Ranged,
}

/// Resamples the records `rounds` times (Poisson bootstrap: each record is
/// drawn as often as a Poisson variable of mean 1 says) and gives figures
/// of every system. All systems see the same draws, so that differences are
/// those of pairs. Records of all systems are in the same order.
pub fn figures(
    systems: &[Vec<Judged>],
    rounds: usize,
    seed: u64,
) -> Vec<Figures> {
    let exact: Vec<[f64; 4]> =
        systems.iter().map(|judged| plain(judged, |_| 1.0)).collect();
    let count = systems.first().map_or(0, Vec::len);
    let drawn: Vec<Vec<[f64; 4]>> = (0..rounds)
        .into_par_iter()
        .map(|round| {
            let round = round.to_string();
            let mut random = Random::new(seed, &["bootstrap", &round]);
            let times: Vec<f64> =
                (0..count).map(|_| poisson(&mut random)).collect();
            let each = systems.iter();
            each.map(|judged| plain(judged, |at| times[at])).collect()
        })
        .collect();
    (0..systems.len())
        .map(|system| {
            let range = |of: &dyn Fn(&[[f64; 4]]) -> f64| -> Ranged {
                let mut all: Vec<f64> =
                    drawn.iter().map(|one| of(one)).collect();
                all.sort_by(f64::total_cmp);
                let value = of(&exact);
                let (low, high) = (part(&all, 25), part(&all, 975));
                Ranged {
                    value,
                    low: low.unwrap_or(value),
                    high: high.unwrap_or(value),
                }
            };
            Figures {
                recall: range(&|all| all[system][0]),
                recall_takedown: range(&|all| all[system][1]),
                flagged: range(&|all| all[system][2]),
                taken: range(&|all| all[system][3]),
                recall_more: range(&|all| all[system][0] - all[0][0]),
                flagged_more: range(&|all| all[system][2] - all[0][2]),
            }
        })
        .collect()
}

/// The value below which so many thousandths of sorted values lie.
fn part(sorted: &[f64], thousandths: usize) -> Option<f64> {
    let at = sorted.len().checked_sub(1)? * thousandths / 1000;
    sorted.get(at).copied()
}

/// Recall, recall by takedown, clean records flagged and taken down in
/// 10,000, with each record counted so many times.
fn plain(judged: &[Judged], times: impl Fn(usize) -> f64) -> [f64; 4] {
    let mut sums = [[0.0; 3]; 2];
    for (at, one) in judged.iter().enumerate() {
        let weight = one.weight * times(at);
        let own = &mut sums[usize::from(one.clean)];
        own[0] += weight;
        own[1] += if one.verdict > Verdict::Pass { weight } else { 0.0 };
        own[2] += if one.verdict == Verdict::Takedown { weight } else { 0.0 };
    }
    let share = |clean: usize, part: usize| {
        let all = sums[clean][0];
        if all > 0.0 { sums[clean][part] / all } else { 0.0 }
    };
    [share(0, 1), share(0, 2), 10_000.0 * share(1, 1), 10_000.0 * share(1, 2)]
}

/// How often a record is drawn (Knuth's product of uniform numbers).
fn poisson(random: &mut Random) -> f64 {
    const LIMIT: f64 = 0.367_879_441_171_442_33;
    const SCALE: f64 = 9_007_199_254_740_992.0;
    let (mut count, mut product) = (0.0, 1.0);
    loop {
        product *= int::to_f64(random.number() >> 11) / SCALE;
        if product <= LIMIT {
            return count;
        }
        count += 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(clean: bool, rank: f64) -> Judged {
        let verdict = if rank > 0.0 { Verdict::Report } else { Verdict::Pass };
        let place = (String::new(), 0, 0);
        Judged { place, clean, weight: 1.0, verdict, rank }
    }

    #[test]
    fn a_perfect_order_has_the_whole_area() {
        let all: Vec<Judged> = [(false, 3.0), (false, 2.0), (true, -1.0)]
            .map(|(clean, rank)| judged(clean, rank))
            .to_vec();
        let curve = Curve::of(&all);
        assert_eq!(curve.area, 1.0);
        assert_eq!(curve.average_precision, 1.0);
        assert_eq!(curve.recall_at(0.0), 1.0);
        // All the same rank: no better than a coin.
        let equal: Vec<Judged> =
            all.iter().map(|one| judged(one.clean, 0.0)).collect();
        assert_eq!(Curve::of(&equal).area, 0.5);
        assert_eq!(Curve::of(&[]).points.len(), 0);
    }

    #[test]
    fn intervals_hold_the_value_and_come_again() {
        let mut all = Vec::new();
        for at in 0..400 {
            all.push(judged(at % 2 == 0, f64::from(at % 7) - 3.0));
        }
        let systems = [all.clone(), all];
        let found = figures(&systems, 100, 1);
        assert_eq!(found, figures(&systems, 100, 1));
        assert_ne!(found, figures(&systems, 100, 2));
        for one in &found {
            let Ranged { value, low, high } = one.recall;
            assert!(low < value && value < high, "{one:?}");
            assert_eq!(one.recall_more, Ranged::default(), "the same system");
        }
    }
}
