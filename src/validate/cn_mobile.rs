//! In: a digit window. Out: the eleven digits of a mainland mobile number.
//! Never takes eleven digits out of a longer number.
//!
//! Rule: 1[3-9] and nine more digits (MIIT numbering plan), with +86, 86 or
//! 0086 before. There is no checksum: 7 in 100 numbers of eleven digits pass,
//! so rules need context.

use super::digits::Window;

/// How people group the eleven digits. `1 3 8-0013 8000` counts as 3 4 4.
const SHAPES: &[&[usize]] = &[
    &[11],
    &[3, 4, 4],
    &[3, 8],
    &[7, 4],
    &[4, 3, 4],
    &[4, 4, 3],
    &[3, 3, 5],
    &[3, 5, 3],
    &[5, 3, 3],
    &[3, 2, 2, 2, 2],
    &[5, 6],
    &[6, 5],
];

/// Judges one window.
pub(super) fn judge(w: &Window) -> Option<String> {
    let code = match w.digits {
        [0, 0, 8, 6, rest @ ..] if rest.len() == 11 => 4,
        [8, 6, rest @ ..] if rest.len() == 11 => 2,
        rest if rest.len() == 11 => 0,
        _ => return None,
    };
    let [1, 3..=9, ..] = w.digits[code..] else { return None };
    let mut sizes = [0; 19];
    let n = w.shape(&mut sizes);
    let mut sizes = &mut sizes[..n];
    if code > 0 {
        // The country code is a group of its own, or opens the first.
        match sizes.first_mut() {
            Some(s) if *s == code => sizes = &mut sizes[1..],
            Some(s) if *s > code => *s -= code,
            _ => return None,
        }
    }
    // Two groups with a full stop between are a decimal; the rare shapes
    // need one and the same gap all through.
    let decimal = sizes.len() == 2 && w.gap_is(0, '.');
    let usual = SHAPES.contains(&&*sizes)
        && !decimal
        && (w.uniform() || *sizes == [3, 4, 4]);
    ((usual || w.spelled()) && w.apart(usual)).then(|| {
        w.digits[code..].iter().map(|&d| char::from(b'0' + d)).collect()
    })
}
