//! In: a digit window. Out: the 18-character citizen identity number. Never
//! takes the 15-digit numbers of before 1999: they carry no checksum.
//!
//! Rule: GB 11643-1999: six digits of region (GB/T 2260, the first two are a
//! province), birth date, three of sequence, and the check character of
//! ISO 7064 MOD 11-2. One random 18-digit number in 80,000 passes.

use super::digits::Window;

/// Province codes of GB/T 2260, 83 for Taiwan residents, 91 abroad.
const PROVINCES: [u8; 36] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43,
    44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83, 91,
];

const WEIGHTS: [u32; 17] =
    [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";

/// Judges one window; the value and the cell behind it (X is no digit).
pub(super) fn judge(w: &Window) -> Option<(String, usize)> {
    let (body, check, end) = match w.digits {
        [body @ .., last] if w.digits.len() == 18 => {
            (body, b'0' + last, w.end)
        }
        body if body.len() == 17 => {
            let at = match w.view.ch(w.end) {
                'x' => w.end,
                ' ' | '-' | '.' if w.view.ch(w.end + 1) == 'x' => w.end + 1,
                _ => return None,
            };
            if w.view.alnum_at(at + 1) {
                return None;
            }
            (body, b'X', at + 1)
        }
        _ => return None,
    };
    if !region(body) || !birth_date(body) || check_character(body) != check {
        return None;
    }
    let good = w.single() || w.uniform() || w.spelled();
    good.then(|| {
        let mut value = w.text();
        value.truncate(17);
        value.push(char::from(check));
        (value, end)
    })
}

fn region(d: &[u8]) -> bool {
    PROVINCES.contains(&(d[0] * 10 + d[1]))
}

fn birth_date(d: &[u8]) -> bool {
    let number = |from: usize, to: usize| {
        d[from..to].iter().fold(0u32, |n, &x| n * 10 + u32::from(x))
    };
    let (year, month, day) = (number(6, 10), number(10, 12), number(12, 14));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1900..=2100).contains(&year) && (1..=days).contains(&day)
}

fn check_character(body: &[u8]) -> u8 {
    let sum: u32 =
        body.iter().zip(WEIGHTS).map(|(&d, w)| u32::from(d) * w).sum();
    let at = usize::try_from(sum % 11).unwrap_or(0);
    CHECKS[at]
}
