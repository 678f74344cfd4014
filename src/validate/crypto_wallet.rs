//! In: a view. Out: addresses of Bitcoin, Ethereum and Tron wallets whose
//! checksum holds. Never folds a letter: the alphabets are case-sensitive,
//! so only ASCII as written counts, invisible characters taken out.
//!
//! Rule: base58check (version 0x00 and 0x05 for Bitcoin, 0x41 for Tron; a
//! random string passes once in 2^32), segwit addresses by BIP-173 and
//! BIP-350, Ethereum by EIP-55 when the case is mixed. An Ethereum address
//! in one case carries no checksum and is reported with `None`.

use sha2::Digest;
use sha2::Sha256;
use tiny_keccak::Hasher;
use tiny_keccak::Keccak;

use super::Found;
use super::Kind;
use super::view::View;

/// Shortest base58check address, and the longest bech32 string.
const LEN: std::ops::RangeInclusive<usize> = 26..=90;
const ETH_LEN: usize = 42;

/// Reports the wallets.
pub(super) fn find(view: &View, out: &mut Vec<Found>) {
    let ascii =
        |i: usize| view.get(i).is_some_and(|c| c.orig.is_ascii_alphanumeric());
    let mut i = 0;
    while i < view.cells.len() {
        let mut end = i;
        while ascii(end) {
            end += 1;
        }
        if LEN.contains(&(end - i)) {
            let word: String =
                view.cells[i..end].iter().map(|c| c.orig).collect();
            if let Some(checksum) = check(&word) {
                out.push(Found {
                    kind: Kind::CryptoWallet,
                    span: view.span(i, end),
                    cue: None,
                    folds: view.folds(i, end),
                    value: word,
                    checksum,
                });
            }
        }
        i = end.max(i + 1);
    }
}

/// `Some(checksum)` if the word is an address.
fn check(word: &str) -> Option<Option<bool>> {
    let bytes = word.as_bytes();
    match bytes {
        [b'1' | b'3', ..] if bytes.len() <= 35 => {
            base58(word, &[0x00, 0x05]).then_some(Some(true))
        }
        [b'T', ..] if bytes.len() == 34 => {
            base58(word, &[0x41]).then_some(Some(true))
        }
        [b'b' | b'B', b'c' | b'C', b'1', ..] => {
            bech32::segwit::decode(word).is_ok().then_some(Some(true))
        }
        [b'0', b'x' | b'X', hex @ ..] if bytes.len() == ETH_LEN => eip55(hex),
        _ => None,
    }
}

/// Base58check: a version byte, a 20-byte hash and the first four bytes of
/// the double SHA-256 of both.
fn base58(word: &str, versions: &[u8]) -> bool {
    let mut buffer = [0u8; 64];
    let Ok(25) = bs58::decode(word).onto(&mut buffer) else {
        return false;
    };
    let (body, check) = buffer[..25].split_at(21);
    versions.contains(&body[0])
        && Sha256::digest(Sha256::digest(body)).starts_with(check)
}

fn eip55(hex: &[u8]) -> Option<Option<bool>> {
    if !hex.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let upper = hex.iter().any(u8::is_ascii_uppercase);
    let lower = hex.iter().any(u8::is_ascii_lowercase);
    if !(upper && lower) {
        return Some(None);
    }
    let mut keccak = Keccak::v256();
    keccak.update(&hex.to_ascii_lowercase());
    let mut hash = [0u8; 32];
    keccak.finalize(&mut hash);
    let good = hex.iter().enumerate().all(|(i, b)| {
        let byte = hash[i / 2];
        let nibble = if i % 2 == 0 { byte >> 4 } else { byte & 15 };
        !b.is_ascii_alphabetic() || b.is_ascii_uppercase() == (nibble >= 8)
    });
    good.then_some(Some(true))
}
