//! Wilson score intervals: what a share that was counted says about the
//! true one. In: successes and trials; out: a range. Behaves at 0 and 1,
//! where the textbook interval has no width.

use super::int;

/// The 95 % interval of `hits` out of `trials`.
pub fn interval(hits: u64, trials: u64) -> (f64, f64) {
    let n = int::to_f64(trials);
    interval_of(int::to_f64(hits) / n, n)
}

/// The same of a share of trials with weights, at their effective size: the
/// square of the sum of the weights over the sum of their squares (Kish 1965).
pub fn interval_of(share: f64, n: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    const Z: f64 = 1.959_963_984_540_054;
    let z2 = Z * Z;
    let middle = share + z2 / (2.0 * n);
    let width = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    let low = ((middle - width) / scale).max(0.0);
    let high = ((middle + width) / scale).min(1.0);
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_tables() {
        let rows =
            [(8, 10, 0.490, 0.943), (0, 10, 0.0, 0.278), (1, 1, 0.207, 1.0)];
        for (hits, trials, low, high) in rows {
            let found = interval(hits, trials);
            assert!((found.0 - low).abs() < 0.001, "{found:?}");
            assert!((found.1 - high).abs() < 0.001, "{found:?}");
        }
        assert_eq!(interval(0, 0), (0.0, 1.0));
    }
}
