//! Checked and deliberate integer conversions: the only file that uses `as`
//! between number types, so that each narrowing has a reason.

/// Length or index as u32. Every text, table and file that reaches it is
/// capped below 4 GiB (see `limits`), so the conversion cannot lose bits; a
/// violated cap stops the program instead of corrupting offsets.
#[inline]
pub fn to_u32(value: usize) -> u32 {
    debug_assert!(value <= u32::MAX as usize);
    value as u32
}

/// An index from a table entry; usize is at least 32 bits here.
#[inline]
pub fn to_usize(value: u32) -> usize {
    value as usize
}

/// The number as u16 when it is a whole number in range.
pub fn u16_from_f64(value: f64) -> Option<u16> {
    if value.fract() == 0.0 && (0.0..=65535.0).contains(&value) {
        Some(value as u16)
    } else {
        None
    }
}

/// A size as a position in a stream: streams are longer than memory.
#[inline]
pub fn wide(size: usize) -> u64 {
    const _: () = assert!(usize::BITS <= u64::BITS);
    size as u64
}

/// u64 for counters.
#[inline]
pub fn to_u64(value: usize) -> u64 {
    value as u64
}

/// A size or index from a file, when this machine can address it.
pub fn usize_from(value: u64) -> Option<usize> {
    usize::try_from(value).ok()
}

/// A count for rates and percentages; exact up to 2^53.
pub fn to_f64(value: u64) -> f64 {
    value as f64
}

/// A sum of weights for the score; exact up to 2^53.
#[inline]
pub fn signed_f64(value: i64) -> f64 {
    value as f64
}

/// Half precision on purpose: tables of training are twice as dense.
#[inline]
pub fn to_f32(value: f64) -> f32 {
    value as f32
}

/// The nearest whole number; what is too large becomes the largest.
#[inline]
pub fn rounded(value: f64) -> i64 {
    value.round() as i64
}

/// Low 16 bits on purpose (hash slots, symbols capped below 65,536).
#[inline]
pub fn low16(value: u32) -> u16 {
    value as u16
}

/// The low 8 bits.
#[inline]
pub fn low_byte(value: u32) -> u8 {
    value as u8
}

/// The whole part of a number that is not negative; what is too large
/// becomes the largest number.
#[inline]
pub fn whole(value: f64) -> u64 {
    value as u64
}

/// The same bits, for vector instructions that know signed numbers only.
#[inline]
pub fn bits(value: u32) -> i32 {
    value as i32
}

/// The same bits, of what those instructions give.
#[inline]
pub fn unsigned(value: i32) -> u32 {
    value as u32
}

/// The same of 16 bits.
#[inline]
pub fn signed16(value: u16) -> i16 {
    value as i16
}

/// Low 32 bits on purpose (tags of hashes).
#[inline]
pub fn low_u32(value: u64) -> u32 {
    value as u32
}

/// A hash as a slot number: what is asked for was masked or shifted before.
#[inline]
pub fn low_usize(value: u64) -> usize {
    value as usize
}

const _: () = assert!(usize::BITS >= 32);
