//! The only place that asks for randomness. In: nothing; out: bytes from
//! the operating system as values that everything else takes as arguments.

use std::io;

/// Unpredictable bytes.
pub fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        io::Error::other(format!("the system gives no randomness: {error}"))
    })?;
    Ok(bytes)
}
