//! Standard base64 of raw bytes for JSON members, keys and signatures. In:
//! bytes or text; out: text or bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Appends the base64 of `bytes` (RFC 4648, with padding).
pub fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(text(bytes).as_bytes());
}

/// The base64 of `bytes`.
pub fn text(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of base64 text; `None` when it is not strictly that.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
