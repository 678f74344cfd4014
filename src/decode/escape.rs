//! JSON escapes. In: the inside of a string whose escapes are well formed;
//! out: its text. Never accepts half a surrogate pair.

use memchr::memchr;

/// Takes the escapes out. The error is the offset of an escape that is half
/// a surrogate pair.
pub(super) fn unescape(inner: &str) -> Result<String, usize> {
    let bytes = inner.as_bytes();
    let mut text = String::with_capacity(inner.len());
    let mut at = 0;
    while let Some(index) = memchr(b'\\', &bytes[at..]) {
        let escape = at + index;
        text.push_str(&inner[at..escape]);
        at = escape + 2;
        let plain = match bytes.get(escape + 1) {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let (found, size) = code_point(bytes, escape);
                at = escape + size;
                found.ok_or(escape)?
            }
            // A quote, a slash, a backslash: itself.
            Some(&byte) => char::from(byte),
            None => return Err(escape),
        };
        text.push(plain);
    }
    text.push_str(&inner[at..]);
    Ok(text)
}

/// The character of the escape, or of the pair that begins, and its size.
fn code_point(bytes: &[u8], escape: usize) -> (Option<char>, usize) {
    let unit = |at: usize| {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        let digits = std::str::from_utf8(digits).ok()?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(escape);
    if let Some(high @ 0xd800..=0xdbff) = first
        && let Some(low @ 0xdc00..=0xdfff) = unit(escape + 6)
    {
        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        return (char::from_u32(code), 12);
    }
    (first.and_then(char::from_u32), 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pairs_and_halves() {
        assert_eq!(unescape(r"a\n\u4f60\ud83d\ude00b").unwrap(), "a\n你😀b");
        assert_eq!(unescape(r"\u0000\/\\\u005c").unwrap(), "\0/\\\\");
        for half in [r"x\ud83d", r"x\ud83dy", r"x\ude00", r"x\ud83d\u0041"] {
            assert_eq!(unescape(half), Err(1), "{half}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_serde_json_reads(
            inner in r#"(\\u(d83d|de00|00e9|4F60)|\\[nrtbf"/\\]|[a-zé你]){0,12}"#
        ) {
            let want = serde_json::from_str::<String>(&format!("\"{inner}\""));
            prop_assert_eq!(unescape(&inner).ok(), want.ok());
        }
    }
}
