//! In: a digit window. Out: the number of a payment card. Never takes a
//! number that fails the Luhn sum or has no issuer prefix.
//!
//! Rule: ISO/IEC 7812-1 (13–19 digits, check digit by Luhn) and the public
//! prefix ranges of the networks. One random number in ten passes Luhn, one
//! in a thousand also has a UnionPay prefix.

use super::digits::Window;

/// Judges one window.
pub(super) fn judge(w: &Window) -> Option<String> {
    let n = w.digits.len();
    if !(13..=19).contains(&n) || !prefix(w.digits) || !luhn(w.digits) {
        return None;
    }
    let mut sizes = [0; 19];
    let count = w.shape(&mut sizes);
    let usual = match sizes[..count] {
        [_] | [4, 6, 5] | [4, 6, 4] | [6, ..=13] => true,
        [ref head @ .., last] => last <= 4 && head.iter().all(|&s| s == 4),
        [] => false,
    };
    // One and the same number repeated is a filler, not a card.
    let dull = w.digits.iter().all(|d| *d == w.digits[0]);
    let good = (usual && (w.single() || w.uniform())) || w.spelled();
    // The last visa cards of thirteen digits are gone; a telephone number
    // with an extension has as many.
    let good = good && (n > 13 || !w.single());
    // Part of a link or a path.
    let around = [w.view.before(w.first), w.view.get(w.end)];
    let linked = around
        .iter()
        .flatten()
        .any(|c| matches!(c.ch, '/' | '=' | '_' | '&' | '#'));
    (good && !linked && !dull && w.apart(usual)).then(|| w.text())
}

/// Whether network and length go together.
fn prefix(digits: &[u8]) -> bool {
    let head = |k: usize| {
        digits.iter().take(k).fold(0u32, |n, &d| n * 10 + u32::from(d))
    };
    let n = digits.len();
    match head(2) {
        // UnionPay, and the older debit cards of its members.
        60 | 62 | 81 => n >= 16,
        95 => head(4) == 9558 && n == 19,
        40..=49 => matches!(n, 13 | 16 | 19),
        51..=55 => n == 16,
        22..=27 => (2221..=2720).contains(&head(4)) && n == 16,
        34 | 37 => n == 15,
        35 => (3528..=3589).contains(&head(4)) && n == 16,
        30 | 36 | 38 | 39 => n == 14,
        64 | 65 => n == 16 || n == 19,
        _ => false,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, &d)| {
            let d = u32::from(d);
            match i % 2 {
                0 => d,
                _ if d > 4 => d * 2 - 9,
                _ => d * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}
