//! Standard base64 of raw bytes for JSON members. In: bytes; out: text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Appends the base64 of `bytes` (RFC 4648, with padding).
pub fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
}
