//! In: a digit window. Out: a telephone number that is not a mainland
//! mobile. Never precise alone: rules take it with a cue or a second sign.
//!
//! Rule: E.164 (`+` country code, at most 15 digits in all); Chinese service
//! numbers 400/800 and landlines (area code from 0, GB numbering plan);
//! Taiwan mobiles 09; UK numbers (Ofcom plan, leading 0, eleven digits); US
//! numbers (NANP: area and exchange begin with 2–9). Without a plus sign a
//! bare row of ten digits needs a cue.

use super::cn_mobile;
use super::digits::Window;

/// Judges one window. `cued`: a telephone word stands before.
pub(super) fn judge(w: &Window, cued: bool) -> Option<String> {
    if cn_mobile::judge(w).is_some() {
        return None;
    }
    let d = w.digits;
    let n = d.len();
    if w.plus_before() && d[0] != 0 && (8..=15).contains(&n) {
        let free = w.apart(true) || w.single();
        return (free && short_gaps(w)).then(|| w.text());
    }
    let shaped = match d {
        [4 | 8, 0, 0, ..] if n == 10 => service(w),
        [0, 9, ..] if n == 10 => taiwan(w, cued),
        [0, 0, ..] => false,
        [0, ..] if (10..=12).contains(&n) => landline(w, cued),
        [1, 2..=9, ..] if n == 11 => w.groups_len(0) == 1 && nanp(w, 1),
        [2..=9, ..] if n == 10 => nanp(w, 0) || (cued && w.single()),
        // Local numbers (Hong Kong, landlines without area code).
        [2..=9, ..] if (7..=8).contains(&n) => {
            cued && (w.single() || (w.groups.len() == 2 && n == 8))
        }
        _ => false,
    };
    (shaped && w.apart(true)).then(|| w.text())
}

/// Digits in several groups, none alone but at the front.
fn short_gaps(w: &Window) -> bool {
    w.groups.len() <= 6 && (1..w.groups.len()).all(|i| w.groups_len(i) >= 2)
}

/// 400-800-1234, 4008001234, 400 8001 234.
fn service(w: &Window) -> bool {
    let mut sizes = [0; 19];
    let n = w.shape(&mut sizes);
    matches!(sizes[..n], [10] | [3, 3, 4] | [3, 4, 3] | [4, 3, 3] | [3, 7])
        || w.spelled()
}

/// 0912-345-678.
fn taiwan(w: &Window, cued: bool) -> bool {
    let mut sizes = [0; 19];
    let n = w.shape(&mut sizes);
    match sizes[..n] {
        [4, 3, 3] | [4, 6] => true,
        [10] => cued || w.digits.len() == 10,
        _ => w.spelled(),
    }
}

/// 010-6552 0000, (0755) 2655 0000, 020 7946 0000, 07700 900000.
fn landline(w: &Window, cued: bool) -> bool {
    let mut sizes = [0; 19];
    let n = w.shape(&mut sizes);
    let area = sizes[0];
    match sizes[..n] {
        // One row: a UK number or a landline; many ids look like it.
        [_] => cued || (w.digits.len() == 11 && w.digits[1] == 7),
        [3..=5, 6..=8] | [3..=5, 3..=4, 3..=4] => {
            !(area == 4 && w.gap_is(0, '.'))
        }
        _ => w.spelled(),
    }
}

/// Ten digits grouped 3 3 4 behind `skip` groups, as in (212) 555-0100.
fn nanp(w: &Window, skip: usize) -> bool {
    let at = skip + 3;
    let exchange = w.digits.get(at).copied().unwrap_or(0);
    w.digits.get(skip).is_some_and(|&d| d >= 2)
        && exchange >= 2
        && w.groups.len() == skip + 3
        && w.groups_len(skip) == 3
        && w.groups_len(skip + 1) == 3
        && w.groups_len(skip + 2) == 4
}
