//! What the bytes of a text promise to whoever decodes it, from masks that
//! vector code made of them. In: for each step a bit, or a few, for each byte;
//! out: whether a code, a flag or a token of Base64 may end in the step.
//! Knows `fold::is_promising`'s rules, touches no text.

/// The masks of one step: the lowest bits are those of the first byte.
#[derive(Clone, Copy, Default)]
pub struct Masks {
    /// `[` or `/`.
    pub open: u64,
    /// What may come behind that.
    pub next: u64,
    /// The three first bytes of a regional letter.
    pub flag: [u64; 3],
    /// Letters of Base64, and of these the small ones.
    pub coded: u64,
    pub small: u64,
}

impl Masks {
    /// Whether something may end in the step `now`, which follows this one,
    /// where masks have `WIDTH` bits for a byte.
    #[inline]
    pub fn promises<const WIDTH: u32>(&self, now: &Masks) -> bool {
        let next = after::<WIDTH>(self.open, now.open, 1) & now.next;
        let flag = after::<WIDTH>(self.flag[0], now.flag[0], 2)
            & after::<WIDTH>(self.flag[1], now.flag[1], 1)
            & now.flag[2];
        let token = twelve::<WIDTH>(self.coded, now.coded)
            & !twelve::<WIDTH>(self.small, now.small);
        next | flag | token != 0
    }
}

/// Bits for each byte that has such a byte so many places before.
#[inline]
fn after<const WIDTH: u32>(old: u64, new: u64, places: u32) -> u64 {
    let by = places * WIDTH;
    new << by | old >> (u64::BITS - by)
}

/// Bits for each byte that ends twelve of a kind: the fewest that are read as
/// bytes.
#[inline]
fn twelve<const WIDTH: u32>(old: u64, new: u64) -> u64 {
    let both = |(old, new): (u64, u64), places: u32| {
        let earlier = after::<WIDTH>(old, new, places);
        (old & old << (places * WIDTH), new & earlier)
    };
    let four = both(both((old, new), 1), 2);
    let eight = both(four, 4);
    eight.1 & after::<WIDTH>(four.0, four.1, 8)
}
