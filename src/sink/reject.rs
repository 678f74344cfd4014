//! A reject as one line of JSON. Raw bytes that are UTF-8 stand in `raw`,
//! others in `raw_base64`, so that nothing is lost. The pieces of an
//! oversize record are lines of their own with `piece` counting up and
//! `last` on the final one.

use std::io::Write as _;

use crate::base::{base64, escape};
use crate::record::Reject;

/// Appends the line of a reject.
pub fn reject_line(source: &str, reject: &Reject<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"source\":");
    escape::json_string(source, out);
    // Writing to a Vec cannot fail.
    let _ = write!(
        out,
        ",\"line\":{},\"offset\":{},\"reason\":\"{}\",\"detail\":",
        reject.line,
        reject.offset,
        reject.reason.as_str()
    );
    escape::json_string(&reject.detail, out);
    if reject.piece > 0 || !reject.last {
        let _ = write!(
            out,
            ",\"piece\":{},\"last\":{}",
            reject.piece, reject.last
        );
    }
    match std::str::from_utf8(reject.raw) {
        Ok(text) => {
            out.extend_from_slice(b",\"raw\":");
            escape::json_string(text, out);
        }
        Err(_) => {
            out.extend_from_slice(b",\"raw_base64\":\"");
            base64::encode(reject.raw, out);
            out.push(b'"');
        }
    }
    out.extend_from_slice(b"}\n");
}
