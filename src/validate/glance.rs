//! A look at a text that costs less than `prescan`, for rules that nothing but
//! a validator announces: they would have every text of their length scanned.
//! In: the raw text and kinds of values. Out: whether one of them may be
//! found; never no where `find` would find one (a property test holds it to
//! that).
//!
//! Long numbers ask one byte of twelve. Links ask for something that reads as
//! a dot between letters, or two slashes; the full stops of ordinary prose
//! are followed by a blank.

use super::Kind;
use super::KindSet;
use super::host;
use super::plane;
use super::prescan::{
    AMP, AT, BRACKET, CLASSES, CN_ID_MIN, COMMA, CUE, DIGIT, DOT, LETTER,
    LONG_MIN, LOOK_CLOSER, LOOKALIKE, OTHER, PLAIN_LETTER, ROLES, SIGN, SLASH,
    SPACE, WIDE_DOT, basic,
};

/// Whether one of the kinds may be found. Answers yes for kinds other than
/// long numbers and links.
pub fn may_find(text: &str, kinds: KindSet) -> bool {
    let only = |of: KindSet| kinds.and(of) == kinds;
    if only(KindSet::from(Kind::CnId)) {
        return may_hold_number(text, CN_ID_MIN);
    }
    if only(KindSet::from(Kind::BankCard).with(Kind::CnId)) {
        return may_hold_number(text, LONG_MIN);
    }
    !only(KindSet::from(Kind::Url).with(Kind::Domain)) || may_hold_host(text)
}

/// What stands in a text, each as any bit: found in one pass that the
/// compiler turns into vector instructions.
#[derive(Default)]
struct Any {
    /// ASCII letters and digits.
    word: u8,
    /// The high bit: characters outside ASCII.
    wide: u8,
    /// `.`, and `,`, which is one in brackets.
    dot: u8,
    slash: u8,
    bracket: u8,
    /// `&`, which begins a reference.
    amp: u8,
}

impl Any {
    fn of(bytes: &[u8]) -> Any {
        let mut any = Any::default();
        for &b in bytes {
            any.word |= u8::from(b.is_ascii_alphanumeric());
            any.wide |= b;
            any.dot |= u8::from(b == b'.') | u8::from(b == b',');
            any.slash |= u8::from(b == b'/');
            // `(`, `)`; `[`, `]`, `{`, `}`.
            any.bracket |= u8::from(b & 0xFE == b'(');
            any.bracket |= u8::from(b & 0xDD == b'[' & 0xDD);
            any.bracket |= u8::from(b & 0xDD == b']' & 0xDD);
            any.amp |= u8::from(b == b'&');
        }
        any
    }
}

/// Whether a host may stand anywhere: what `prescan` takes for a dot of one
/// or for a scheme.
fn may_hold_host(text: &str) -> bool {
    let bytes = text.as_bytes();
    let any = Any::of(bytes);
    if any.wide & 0x80 != 0 && has_wide(text, &any) {
        return true;
    }
    any.word != 0
        && (any.amp != 0
            || any.slash != 0 && has_scheme(bytes)
            || any.dot != 0 && has_dot(bytes)
            || says_dot(bytes))
}

/// Whether a character outside ASCII is a letter or digit of a host, or
/// stands for a sign of one.
fn has_wide(text: &str, any: &Any) -> bool {
    let roles: &[u8] = &ROLES;
    let bytes = text.as_bytes();
    let words = any.word != 0;
    // A word is before, with nothing but blanks and brackets behind it, and
    // behind that a dot.
    let (mut word, mut dot) = (false, false);
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let role = match (b, &bytes[at..]) {
            (0..0x80, _) => {
                match CLASSES[usize::from(b)] {
                    LETTER | LOOKALIKE | DIGIT if dot => return true,
                    LETTER | LOOKALIKE | DIGIT => word = true,
                    OTHER | SIGN => (word, dot) = (false, false),
                    _ => {}
                }
                at += 1;
                continue;
            }
            // U+4000 to U+9FFF: Han, of which some read as a dot.
            (0xE4..=0xE9, _) if !words => {
                at += 3;
                continue;
            }
            (0xE0..=0xEF, &[a, b, c, ..]) => roles.get(basic([a, b, c])),
            _ => None,
        };
        let Some(c) = text[at..].chars().next() else { break };
        match role.copied().unwrap_or(LOOK_CLOSER) {
            COMMA if words && any.bracket != 0 => return true,
            WIDE_DOT => dot |= word,
            LOOK_CLOSER if host::is_dot(c) => dot |= word,
            LOOK_CLOSER if is_part(c, words) => return true,
            LOOK_CLOSER => {}
            _ => (word, dot) = (false, false),
        }
        at += c.len_utf8();
    }
    false
}

fn is_part(c: char, beside_words: bool) -> bool {
    let plane::Folded { class, ch, .. } = plane::fold(c);
    let is_sign = || plane::dropped(c).is_some() || ch.is_ascii_punctuation();
    matches!(class, plane::Class::Letter | plane::Class::Digit)
        || beside_words && is_sign()
}

/// Whether two slashes stand together, or one in a text in which a dot has a
/// blank before it (`t . me / name`).
fn has_scheme(bytes: &[u8]) -> bool {
    let pairs = || bytes.iter().zip(bytes.iter().skip(1));
    pairs().any(|(a, b)| *b == b'/' && *a == b'/')
        || pairs().any(|(a, b)| *a == b' ' && *b == b'.')
}

/// Whether the letters of the word "dot" stand together.
fn says_dot(bytes: &[u8]) -> bool {
    let (second, third) = (bytes.iter().skip(1), bytes.iter().skip(2));
    let threes = bytes.iter().zip(second).zip(third);
    let mut any = 0;
    for ((a, b), c) in threes {
        let odd = (a | 0x20) ^ b'd' | (b | 0x20) ^ b'o' | (c | 0x20) ^ b't';
        any |= u8::from(odd == 0);
    }
    any != 0
}

/// Whether a dot has a letter behind it, or stands in brackets.
fn has_dot(bytes: &[u8]) -> bool {
    memchr::memchr2_iter(b'.', b',', bytes).any(|at| {
        let class =
            |b: &u8| CLASSES.get(usize::from(*b)).copied().unwrap_or(OTHER);
        let mut before = bytes[..at].iter().rev().map(class);
        let mut after = bytes[at + 1..].iter().map(class);
        let before =
            before.find(|c| !matches!(*c, SPACE | DOT | AT | SLASH | AMP));
        let after = after.find(|c| !matches!(*c, DOT | AT | SLASH));
        before == Some(BRACKET)
            || bytes[at] == b'.'
                && matches!(after, Some(LETTER | LOOKALIKE | DIGIT | BRACKET))
    })
}

/// Whether so many characters that may be digits stand somewhere without a
/// letter between them that is none.
fn may_hold_number(text: &str, least: u32) -> bool {
    let bytes = text.as_bytes();
    // Codes and references hold letters, and numbers go on behind them.
    if memchr::memchr2(b'[', b'&', bytes).is_some() {
        return true;
    }
    let roles: &[u8] = &ROLES;
    let parts = |c: char| match u8::try_from(c) {
        Ok(b) if b < 128 => CLASSES[usize::from(b)] == LETTER,
        _ => {
            let slot = usize::try_from(u32::from(c)).unwrap_or(usize::MAX);
            matches!(roles.get(slot), Some(&PLAIN_LETTER | &CUE))
        }
    };
    let counts = |c: &char| match u8::try_from(*c) {
        Ok(b) if b < 128 => {
            matches!(CLASSES[usize::from(b)], DIGIT | LOOKALIKE)
        }
        _ => true,
    };
    let least = usize::try_from(least).unwrap_or(1).max(1);
    let mut at = least - 1;
    while at < bytes.len() {
        let mut start = at;
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        // Nearly always it ends here.
        let is_letter = match bytes[start..] {
            [b, ..] if b < 128 => CLASSES[usize::from(b)] == LETTER,
            [a @ 0xE0..=0xEF, b, c, ..] => {
                let role = roles.get(basic([a, b, c]));
                matches!(role, Some(&PLAIN_LETTER | &CUE))
            }
            _ => false,
        };
        if is_letter {
            at += least;
            continue;
        }
        let before = text[..start].chars().rev();
        let before = before.take_while(|c| !parts(*c)).filter(counts);
        let mut end = start;
        let after = text[start..].chars().take_while(|c| !parts(*c));
        let after = after.inspect(|c| end += c.len_utf8()).filter(counts);
        let after = after.count();
        if after > 0 && after + before.count() >= least {
            return true;
        }
        at = end.max(at) + least;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn han_is_no_part_of_a_host_by_itself() {
        // What `has_wide` passes over.
        assert!(!('\u{4000}'..='\u{9FFF}').any(|c| is_part(c, false)));
    }

    #[test]
    fn prose_holds_no_host() {
        let link = KindSet::from(Kind::Url).with(Kind::Domain);
        let rows = [
            ("", false),
            ("Well (I guess). It was fun, really!", true),
            ("Well, I guess. It was fun... really! (no)", false),
            ("看了 ep3，不错。下次再来", false),
            ("不错、下次", false),
            ("三点 ok", false),
            ("ok 三点", false),
            ("ok点de", true),
            ("ok (点) de", true),
            ("50% off & more", true),
            ("and/or", false),
            ("see t . me / name", true),
            ("http://x", true),
            ("a.b", true),
            ("anecdote", true),
            ("foo点com", true),
            ("foo。com", true),
            ("ｆｏｏ", true),
            ("foo[.]com", true),
            ("foo ( , ) com", true),
            ("foo（，）com", true),
            ("fo\u{200B}o", true),
        ];
        for (text, wanted) in rows {
            assert_eq!(may_find(text, link), wanted, "{text:?}");
        }
    }
}
