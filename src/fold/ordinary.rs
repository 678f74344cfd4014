//! How often letters stand side by side in ordinary Chinese and English. In:
//! letters; out: parts of 10^9 characters, a rough guide. Knows no terms.
//!
//! The numbers are in a sketch of 512 KiB (data/FREQUENCY.md says how it is
//! made): a hash table without keys, so that an unknown key may answer for
//! a known one.

use std::sync::LazyLock;

use super::tables;
use crate::base::int;

static SKETCH: &[u8] = include_bytes!("data/frequency.bin");
const SLOTS_LOG2: u32 = 19;
const _: () = assert!(SKETCH.len() == 1 << SLOTS_LOG2);

/// What each byte of the sketch stands for.
static COUNTS: LazyLock<[f64; 256]> = LazyLock::new(|| {
    let count = |at: usize| (f64::from(int::to_u32(at)) / 8.0).exp2() - 1.0;
    std::array::from_fn(count)
});

/// A count of the sketch: kind `1` is a Han character, `2` a pair inside
/// words, `4` four Latin letters, `w` a Latin word.
pub fn count(kind: char, letters: impl Iterator<Item = char>) -> f64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut buffer = [0; 4];
    for c in std::iter::once(kind).chain(letters) {
        for byte in c.encode_utf8(&mut buffer).bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
    hash ^= hash >> 32;
    let slot = (hash ^ hash >> SLOTS_LOG2) & ((1 << SLOTS_LOG2) - 1);
    COUNTS[usize::from(SKETCH[int::low_usize(slot)])]
}

/// How often a Han character stands in a text.
pub fn han(c: char) -> f64 {
    count('1', std::iter::once(c))
}

/// How often words hold these two characters side by side.
pub fn pair(a: char, b: char) -> f64 {
    if !tables::is_han(a) || !tables::is_han(b) {
        return 0.0;
    }
    count('2', [a, b].into_iter())
}

/// How often this is a word of its own.
pub fn word(letters: &str) -> f64 {
    count('w', letters.chars())
}
