//! In: a digit window. Out: a number of 6 to 12 digits, whatever it means.
//! Never precise alone: rules ask for a word beside it (加, 扣) in a short
//! text.
//!
//! Rule: one row of digits, digits written one by one or two by two, or up
//! to four rows of three to six with a blank or hyphen between them. Not with
//! a unit behind it (10000 人), not glued to Latin letters that announce
//! nothing, no round number (35000) and no date or version (2026.11.28).

use super::contact::unit_follows;
use super::digits::Window;

/// Digits of a number.
const DIGITS: std::ops::RangeInclusive<usize> = 6..=12;
/// Zeros at the end of a round number.
const ROUND: usize = 3;
/// Rows of a number, and their digits.
const ROWS_MAX: usize = 4;
const ROW: std::ops::RangeInclusive<usize> = 3..=6;

/// Judges one window.
pub(super) fn judge(w: &Window) -> Option<String> {
    let in_rows = || {
        let rows = w.groups.len();
        rows <= ROWS_MAX
            && (0..rows).all(|i| ROW.contains(&w.groups_len(i)))
            && (0..rows - 1).all(|i| !w.gap_is(i, '.'))
            && w.apart(true)
    };
    let shaped = w.single() || w.spelled() || in_rows();
    let good = DIGITS.contains(&w.digits.len())
        && shaped
        && !w.digits.ends_with(&[0; ROUND])
        && w.stands_free()
        && !unit_follows(w.view, w.end);
    good.then(|| w.text())
}
