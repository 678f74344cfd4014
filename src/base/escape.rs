//! Escaping of untrusted text. In: text of a record; out: JSON string bytes
//! or text that is safe on a terminal. Never changes what a pipe receives
//! beyond JSON's own escapes.

use std::fmt::Write as _;

/// Appends `text` as a JSON string with its quotes. Only what RFC 8259
/// demands is escaped, so the output is the shortest and always the same.
pub fn json_string(text: &str, out: &mut Vec<u8>) {
    json_bytes(text.as_bytes(), out);
}

/// The same for bytes of which it is not known yet whether they are UTF-8:
/// those that are not stay as they are.
pub fn json_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    // Nearly always nothing is to be escaped: no branch for each byte then.
    let is_plain =
        |byte: &u8| (*byte >= 0x20) & (*byte != b'"') & (*byte != b'\\');
    if bytes.iter().fold(true, |all, byte| all & is_plain(byte)) {
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    let mut kept = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[kept..index]);
        kept = index + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[kept..]);
    out.push(b'"');
}

/// Text for HTML, in elements and in quoted attributes.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Whether a character may change what a terminal shows around it: controls,
/// bidirectional overrides, zero-width and tag characters.
pub fn is_unsafe_on_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// The text with every character that could trick a terminal written as
/// `\u{200b}`.
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe_on_terminal(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_strings_equal_those_of_serde() {
        for text in ["", "plain", "a\"b\\c", "\u{0}\u{1f}\n\r\t", "加微❤"]
        {
            let mut out = Vec::new();
            json_string(text, &mut out);
            let back: String = serde_json::from_slice(&out).unwrap();
            assert_eq!(back, text);
        }
    }

    #[test]
    fn terminal_text_shows_what_it_hides() {
        assert_eq!(terminal("a\u{200b}\u{1b}[31m"), "a\\u{200b}\\u{1b}[31m");
        assert_eq!(terminal("加微 ok"), "加微 ok");
    }
}
