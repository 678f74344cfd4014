//! Numbers that look random and are the same every time (SplitMix64). In: a
//! seed and words that name the use; out: numbers and choices. Not for
//! secrets.

use super::int;

/// A generator. Two with the same seed give the same numbers.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator for one use: the same seed and words give the same one,
    /// whatever was drawn elsewhere.
    pub fn new(seed: u64, words: &[&str]) -> Random {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        for word in words {
            hasher.update(word.as_bytes());
            hasher.update(&[0]);
        }
        let mut bytes = [0u8; 8];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        Random { state: u64::from_le_bytes(bytes) }
    }

    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = int::to_u64(limit.max(1));
        let small = self.number() % limit;
        // Below a usize, so it fits.
        usize::try_from(small).unwrap_or(0)
    }

    /// One of `all`, which must not be empty.
    pub fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |words: &[&str]| {
            let mut random = Random::new(7, words);
            [random.number(), random.number()]
        };
        assert_eq!(draw(&["a"]), draw(&["a"]));
        assert_ne!(draw(&["a"]), draw(&["b"]));
        assert!((0..99).all(|n| Random::new(n, &[]).below(3) < 3));
    }
}
