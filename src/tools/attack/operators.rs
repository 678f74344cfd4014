//! The attacks: ways to write a term so that people still read it. In: a
//! term, a strength, random numbers; out: the disguised term, or nothing
//! where the attack does not apply. Knows nothing of the matcher.

use super::tables::{Others, tables};
use crate::base::seeded::Random;

/// One attack. Strengths are numbered from 0, the mildest first.
#[derive(Clone, Copy, Debug)]
pub struct Operator {
    pub name: &'static str,
    pub tier: Tier,
    pub strengths: &'static [&'static str],
    pub apply: fn(&str, usize, &mut Random) -> Option<String>,
}

/// How hard it is to see through, as the folds are graded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// The same letters in another form.
    T0,
    /// Look-alikes and separators.
    T1,
    /// Sounds and meanings.
    T2,
}

impl Tier {
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::T0 => "T0",
            Tier::T1 => "T1",
            Tier::T2 => "T2",
        }
    }
}

const fn op(
    name: &'static str,
    tier: Tier,
    strengths: &'static [&'static str],
    apply: fn(&str, usize, &mut Random) -> Option<String>,
) -> Operator {
    Operator { name, tier, strengths, apply }
}

const ONE: &[&str] = &["all"];
const SOME: &[&str] = &["one", "all"];

const DIGITS: &[&str] = &[
    "han",
    "circled",
    "mixed",
    "banker",
    "keycap",
    "full-width",
    "superscript",
    "letters",
];
const URL_DOTS: &[&str] = &[
    "full stop",
    "word",
    "brackets",
    "parentheses",
    "spaces",
    "styled",
    "punycode",
];

use Tier::{T0, T1, T2};

/// Every attack by name.
pub const OPERATORS: &[Operator] = &[
    op("case", T0, &["upper", "random"], case),
    op("width", T0, SOME, width),
    op("enclosed", T0, SOME, enclosed),
    op("math", T0, SOME, math),
    op("superscript", T0, SOME, superscript),
    op("subscript", T0, SOME, subscript),
    op("regional", T0, ONE, regional),
    op("zero_width", T0, &["×1", "×3"], zero_width),
    op("variation", T0, &["selectors", "tags"], variation),
    op("bidi", T0, &["isolates", "overrides"], bidi),
    op("marks", T0, &["×1", "×3", "×8"], marks),
    op("traditional", T0, SOME, traditional),
    op("radicals", T0, ONE, radicals),
    op("punctuation", T1, &["×1", "×2", "×4"], punctuation),
    op("spaces", T1, &["×1", "×3"], spaces),
    op("emoji_gaps", T1, &["×1", "×2"], emoji_gaps),
    op("newlines", T1, ONE, newlines),
    op("grid", T1, ONE, grid),
    op("mixed_noise", T1, &["×1", "×3"], mixed_noise),
    op("html_decimal", T1, SOME, html_decimal),
    op("html_hex", T1, SOME, html_hex),
    op("percent", T1, SOME, percent),
    op("backslash_u", T1, SOME, backslash_u),
    op("backslash_brace", T1, SOME, backslash_brace),
    op("homoglyph", T1, SOME, homoglyph),
    op("leet", T1, SOME, leet),
    op("digraph", T1, ONE, digraph),
    op("repeats", T1, &["×2", "×4"], repeats),
    op("variant", T1, SOME, variant),
    op("split", T1, SOME, split),
    op("reversed", T1, ONE, reversed),
    op("digits", T1, DIGITS, digits),
    op("url_dots", T1, URL_DOTS, url_dots),
    op("typo", T2, &["swap", "drop"], typo),
    op("homophone", T2, SOME, homophone),
    op("fuzzy_sound", T2, SOME, fuzzy_sound),
    op("pinyin", T2, &["joined", "spaced"], pinyin),
    op("mixed_pinyin", T2, ONE, mixed_pinyin),
    op("initials", T2, ONE, initials),
    op("look_alike", T2, SOME, look_alike),
    op("emoji_word", T2, ONE, emoji_word),
    op("base64", T2, ONE, base64),
    op("hex", T2, ONE, hex),
    op("shuffle", T2, ONE, shuffle),
    op("zero_width+width", T0, ONE, |t, _, r| {
        then(t, r, (width, 1), (zero_width, 0))
    }),
    op("traditional+punctuation", T1, ONE, |t, _, r| {
        then(t, r, (traditional, 1), (punctuation, 0))
    }),
    op("homoglyph+spaces", T1, ONE, |t, _, r| {
        then(t, r, (homoglyph, 1), (spaces, 0))
    }),
    op("leet+case", T1, ONE, |t, _, r| then(t, r, (leet, 1), (case, 1))),
    op("split+punctuation", T1, ONE, |t, _, r| {
        then(t, r, (split, 0), (punctuation, 0))
    }),
    op("homophone+punctuation", T2, ONE, |t, _, r| {
        then(t, r, (homophone, 0), (punctuation, 0))
    }),
    op("variant+marks", T1, ONE, |t, _, r| {
        then(t, r, (variant, 1), (marks, 0))
    }),
];

type Apply = fn(&str, usize, &mut Random) -> Option<String>;

/// Two attacks, one after the other.
fn then(
    term: &str,
    random: &mut Random,
    first: (Apply, usize),
    second: (Apply, usize),
) -> Option<String> {
    let once = first.0(term, first.1, random)?;
    second.0(&once, second.1, random)
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// The term when the attack changed it.
fn changed(term: &str, attacked: String) -> Option<String> {
    (attacked != term).then_some(attacked)
}

/// Replaces one character that can be, or (strength 1) all.
fn replace(
    term: &str,
    strength: usize,
    random: &mut Random,
    other: &mut dyn FnMut(char, &mut Random) -> Option<String>,
) -> Option<String> {
    let parts: Vec<(char, Option<String>)> =
        term.chars().map(|c| (c, other(c, random))).collect();
    let able: Vec<usize> =
        (0..parts.len()).filter(|i| parts[*i].1.is_some()).collect();
    if able.is_empty() {
        return None;
    }
    let chosen = *random.pick(&able);
    let attacked = parts
        .into_iter()
        .enumerate()
        .map(|(at, (c, with))| match with {
            Some(with) if strength > 0 || at == chosen => with,
            _ => c.to_string(),
        })
        .collect();
    changed(term, attacked)
}

fn offset(c: char, first: char, base: u32) -> Option<String> {
    let at = u32::from(c).checked_sub(u32::from(first))?;
    char::from_u32(base + at).map(String::from)
}

fn case(term: &str, strength: usize, random: &mut Random) -> Option<String> {
    let attacked = term
        .chars()
        .map(|c| {
            let up = strength == 0 || random.below(2) == 0;
            if up { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
        })
        .collect();
    changed(term, attacked)
}

fn width(term: &str, strength: usize, random: &mut Random) -> Option<String> {
    replace(term, strength, random, &mut |c, _| {
        c.is_ascii_alphanumeric().then(|| offset(c, '!', 0xFF01))?
    })
}

fn enclosed(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    replace(term, strength, random, &mut |c, random| match c {
        'a'..='z' => match random.below(4) {
            0 => offset(c, 'a', 0x1F130),
            1 => offset(c, 'a', 0x1F150),
            2 => offset(c, 'a', 0x1F170),
            _ => offset(c, 'a', 0x24D0),
        },
        'A'..='Z' => offset(c, 'A', 0x24B6),
        '0' => Some('⓪'.to_string()),
        '1'..='9' => offset(c, '1', 0x2460),
        _ => None,
    })
}

fn math(term: &str, strength: usize, random: &mut Random) -> Option<String> {
    // Bold, bold italic, bold script, bold fraktur, sans, sans bold, mono:
    // the alphabets without holes.
    const SMALL: [u32; 7] =
        [0x1D41A, 0x1D482, 0x1D4EA, 0x1D586, 0x1D5BA, 0x1D5EE, 0x1D68A];
    replace(term, strength, random, &mut |c, random| match c {
        'a'..='z' => offset(c, 'a', *random.pick(&SMALL)),
        'A'..='Z' => offset(c, 'A', *random.pick(&SMALL) - 26),
        '0'..='9' => offset(c, '0', 0x1D7CE),
        _ => None,
    })
}

fn from_rows(c: char, plain: &str, styled: &str) -> Option<String> {
    let at = plain.chars().position(|p| p == c.to_ascii_lowercase())?;
    styled.chars().nth(at).map(String::from)
}

fn superscript(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    replace(term, strength, random, &mut |c, _| {
        from_rows(
            c,
            "abcdefghijklmnoprstuvwxyz0123456789",
            "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ⁰¹²³⁴⁵⁶⁷⁸⁹",
        )
    })
}

fn subscript(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    replace(term, strength, random, &mut |c, _| {
        from_rows(
            c,
            "aehijklmnoprstuvx0123456789",
            "ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₀₁₂₃₄₅₆₇₈₉",
        )
    })
}

fn regional(term: &str, _: usize, random: &mut Random) -> Option<String> {
    replace(term, 1, random, &mut |c, _| {
        offset(c.to_ascii_lowercase(), 'a', 0x1F1E6)
            .filter(|_| c.is_ascii_alphabetic())
    })
}

/// Puts something between the characters.
fn between(
    term: &str,
    random: &mut Random,
    make: &mut dyn FnMut(&mut Random) -> String,
) -> Option<String> {
    let mut out = String::new();
    for (at, c) in term.chars().enumerate() {
        if at > 0 {
            out.push_str(&make(random));
        }
        out.push(c);
    }
    changed(term, out)
}

fn some_of(random: &mut Random, all: &[char], count: usize) -> String {
    (0..count).map(|_| *random.pick(all)).collect()
}

fn zero_width(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    let count = [1, 3][strength];
    const ALL: [char; 5] =
        ['\u{200B}', '\u{200C}', '\u{200D}', '\u{2060}', '\u{FEFF}'];
    between(term, random, &mut |random| some_of(random, &ALL, count))
}

fn variation(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    const SELECTORS: [char; 3] = ['\u{FE00}', '\u{FE0E}', '\u{E0100}'];
    const TAGS: [char; 3] = ['\u{E0061}', '\u{E0030}', '\u{E007F}'];
    let all = if strength == 0 { &SELECTORS } else { &TAGS };
    between(term, random, &mut |random| some_of(random, all, 1))
}

fn bidi(term: &str, strength: usize, random: &mut Random) -> Option<String> {
    let (open, close) = if strength == 0 {
        ('\u{2066}', '\u{2069}')
    } else {
        ('\u{202D}', '\u{202C}')
    };
    between(term, random, &mut |_| format!("{close}{open}"))
}

fn marks(term: &str, strength: usize, _: &mut Random) -> Option<String> {
    const ALL: [char; 8] = [
        '\u{301}', '\u{308}', '\u{323}', '\u{335}', '\u{336}', '\u{20D2}',
        '\u{489}', '\u{34F}',
    ];
    let count = [1, 3, 8][strength];
    let mut out = String::new();
    for c in term.chars() {
        out.push(c);
        if c.is_alphanumeric() {
            out.extend(ALL.iter().take(count));
        }
    }
    changed(term, out)
}

/// Inverse of a fold: what stands for a character. Traditional forms and
/// radicals are a standard, so the matcher's own table serves.
fn inverse(kind: crate::fold::tables::TableFold) -> Others {
    let mut others = Others::new();
    let blocks = [0x2E80..0x2FE0, 0x3400..0xA000, 0xF900..0xFB00];
    for code in blocks.into_iter().flatten() {
        let Some(c) = char::from_u32(code) else { continue };
        if let Some((to, found)) = crate::fold::tables::t0(c)
            && found == kind
        {
            others.entry(to).or_default().push(c);
        }
    }
    others
}

fn traditional(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    use std::sync::OnceLock;
    static OTHERS: OnceLock<Others> = OnceLock::new();
    let others = OTHERS
        .get_or_init(|| inverse(crate::fold::tables::TableFold::Traditional));
    from_table(term, strength, random, others)
}

fn radicals(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    use std::sync::OnceLock;
    static OTHERS: OnceLock<Others> = OnceLock::new();
    let others = OTHERS
        .get_or_init(|| inverse(crate::fold::tables::TableFold::Radical));
    from_table(term, strength, random, others)
}

fn from_table(
    term: &str,
    strength: usize,
    random: &mut Random,
    others: &Others,
) -> Option<String> {
    replace(term, strength, random, &mut |c, random| {
        let all = others.get(&c)?;
        Some(random.pick(all).to_string())
    })
}

fn punctuation(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    let count = [1, 2, 4][strength];
    const ALL: [char; 8] = ['.', '-', '_', '*', '~', '·', '|', '/'];
    between(term, random, &mut |random| some_of(random, &ALL, count))
}

fn spaces(term: &str, strength: usize, random: &mut Random) -> Option<String> {
    let count = [1, 3][strength];
    between(term, random, &mut |random| {
        some_of(random, &[' ', '\u{3000}', '\u{A0}'], count)
    })
}

fn emoji_gaps(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    let count = strength + 1;
    between(term, random, &mut |random| {
        some_of(random, &['🔥', '💰', '⭐', '🎉', '💖'], count)
    })
}

fn newlines(term: &str, _: usize, random: &mut Random) -> Option<String> {
    between(term, random, &mut |_| "\n".to_owned())
}

/// Two characters a line, padded, as in a table.
fn grid(term: &str, _: usize, _: &mut Random) -> Option<String> {
    let mut out = String::new();
    for (at, c) in term.chars().enumerate() {
        if at > 0 {
            out.push_str(if at % 2 == 0 { "\n" } else { " | " });
        }
        out.push(c);
    }
    changed(term, out)
}

fn mixed_noise(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    let count = [1, 3][strength];
    const ALL: [char; 10] = [
        '.', ' ', '\u{200B}', '🔥', '-', '\u{FE0F}', '*', '\u{3000}', '♡', '~',
    ];
    between(term, random, &mut |random| some_of(random, &ALL, count))
}

fn escape(
    term: &str,
    strength: usize,
    random: &mut Random,
    write: fn(char) -> String,
) -> Option<String> {
    replace(term, strength, random, &mut |c, _| Some(write(c)))
}

fn html_decimal(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    escape(term, strength, random, |c| format!("&#{};", u32::from(c)))
}

fn html_hex(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    escape(term, strength, random, |c| format!("&#x{:X};", u32::from(c)))
}

fn percent(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    escape(term, strength, random, |c| {
        let mut bytes = [0; 4];
        c.encode_utf8(&mut bytes)
            .bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect()
    })
}

fn backslash_u(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    escape(term, strength, random, |c| {
        let mut units = [0; 2];
        c.encode_utf16(&mut units)
            .iter()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect()
    })
}

fn backslash_brace(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    escape(term, strength, random, |c| format!("\\u{{{:x}}}", u32::from(c)))
}

fn homoglyph(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    from_table(term, strength, random, &tables().homoglyph)
}

fn leet(term: &str, strength: usize, random: &mut Random) -> Option<String> {
    from_table(term, strength, random, &tables().leet)
}

fn digraph(term: &str, _: usize, random: &mut Random) -> Option<String> {
    replace(term, 1, random, &mut |c, _| match c {
        'm' => Some("rn".to_owned()),
        'w' => Some("vv".to_owned()),
        'd' => Some("cl".to_owned()),
        _ => None,
    })
}

fn repeats(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    let count = [2, 4][strength];
    replace(term, 0, random, &mut |c, _| {
        (c.is_alphabetic()).then(|| c.to_string().repeat(count))
    })
}

fn variant(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    from_table(term, strength, random, &tables().variant)
}

fn split(term: &str, strength: usize, random: &mut Random) -> Option<String> {
    replace(term, strength, random, &mut |c, _| {
        tables().split.get(&c).map(|parts| (*parts).to_owned())
    })
}

fn reversed(term: &str, _: usize, _: &mut Random) -> Option<String> {
    changed(term, term.chars().rev().collect())
}

fn digits(term: &str, strength: usize, random: &mut Random) -> Option<String> {
    // The digits of a host name are no number.
    if term.contains('.') {
        return None;
    }
    replace(term, 1, random, &mut |c, random| {
        let at = usize::try_from(c.to_digit(10)?).ok()?;
        let rows = [
            "零一二三四五六七八九",
            "⓪①②③④⑤⑥⑦⑧⑨",
            "零壹贰叁肆伍陆柒捌玖",
            "０１２３４５６７８９",
            "⁰¹²³⁴⁵⁶⁷⁸⁹",
            "Ol23456789",
        ];
        let row = match strength {
            2 => random.below(3),
            3 => 2,
            4 => return Some(format!("{c}\u{FE0F}\u{20E3}")),
            5.. => strength - 2,
            _ => strength,
        };
        rows[row].chars().nth(at).map(String::from)
    })
}

fn url_dots(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    match strength {
        5 => return math(term, 1, random),
        // The first a is a Cyrillic one.
        6 => return changed(term, term.replace("example", "xn--exmple-4nf")),
        _ => {}
    }
    let with = ["。", "点", "[.]", "(dot)", " 点 "][strength];
    changed(term, term.replace('.', with))
}

fn typo(term: &str, strength: usize, random: &mut Random) -> Option<String> {
    let mut all: Vec<char> = term.chars().collect();
    if all.len() < 4 {
        return None;
    }
    let at = 1 + random.below(all.len() - 3);
    if strength == 0 {
        all.swap(at, at + 1);
    } else {
        all.remove(at);
    }
    changed(term, all.into_iter().collect())
}

fn homophone(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    replace(term, strength, random, &mut |c, random| {
        let sound = tables().syllable.get(&c)?;
        let others: Vec<char> = tables().sounds[sound]
            .iter()
            .copied()
            .filter(|other| *other != c)
            .take(6)
            .collect();
        (!others.is_empty()).then(|| random.pick(&others).to_string())
    })
}

/// Sounds that speakers of many regions do not tell apart.
fn fuzzy(sound: &str) -> Option<String> {
    const HEADS: [(&str, &str); 5] =
        [("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h")];
    const TAILS: [(&str, &str); 3] =
        [("ang", "an"), ("eng", "en"), ("ing", "in")];
    for (long, short) in TAILS {
        if let Some(head) = sound.strip_suffix(long) {
            return Some(format!("{head}{short}"));
        }
        if let Some(head) = sound.strip_suffix(short) {
            return Some(format!("{head}{long}"));
        }
    }
    for (one, two) in HEADS {
        if let Some(tail) = sound.strip_prefix(one) {
            return Some(format!("{two}{tail}"));
        }
        if let Some(tail) = sound.strip_prefix(two) {
            return Some(format!("{one}{tail}"));
        }
    }
    None
}

fn fuzzy_sound(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    replace(term, strength, random, &mut |c, random| {
        let sound = fuzzy(tables().syllable.get(&c)?)?;
        let others = tables().sounds.get(sound.as_str())?;
        let common = &others[..others.len().min(4)];
        Some(random.pick(common).to_string())
    })
}

/// Syllables of a term that is all Han with known sounds.
fn sounds(term: &str) -> Option<Vec<&'static str>> {
    let all: Option<Vec<&str>> =
        term.chars().map(|c| tables().syllable.get(&c).copied()).collect();
    all.filter(|all| all.len() >= 2)
}

fn pinyin(term: &str, strength: usize, _: &mut Random) -> Option<String> {
    Some(sounds(term)?.join(if strength == 0 { "" } else { " " }))
}

fn mixed_pinyin(term: &str, _: usize, random: &mut Random) -> Option<String> {
    sounds(term)?;
    replace(term, 0, random, &mut |c, _| {
        tables().syllable.get(&c).map(|sound| (*sound).to_owned())
    })
}

fn initials(term: &str, _: usize, _: &mut Random) -> Option<String> {
    let all = sounds(term)?;
    (all.len() >= 3)
        .then(|| all.iter().filter_map(|sound| sound.chars().next()).collect())
}

fn look_alike(
    term: &str,
    strength: usize,
    random: &mut Random,
) -> Option<String> {
    from_table(term, strength, random, &tables().lookalike)
}

fn emoji_word(term: &str, _: usize, _: &mut Random) -> Option<String> {
    let (word, picture) =
        tables().emoji.iter().find(|(word, _)| term.contains(word))?;
    // A term that is nothing but the picture is another term.
    (*word != term).then(|| term.replacen(word, picture, 1))
}

fn base64(term: &str, _: usize, _: &mut Random) -> Option<String> {
    let mut out = Vec::new();
    crate::base::base64::encode(term.as_bytes(), &mut out);
    String::from_utf8(out).ok()
}

fn hex(term: &str, _: usize, _: &mut Random) -> Option<String> {
    Some(term.bytes().map(|byte| format!("{byte:02x}")).collect())
}

fn shuffle(term: &str, _: usize, random: &mut Random) -> Option<String> {
    let mut all: Vec<char> = term.chars().collect();
    if all.len() < 4 || !all.iter().all(|c| is_han(*c)) {
        return None;
    }
    let last = all.len() - 1;
    for at in (2..last).rev() {
        all.swap(at, 1 + random.below(at));
    }
    changed(term, all.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_there_are_enough() {
        let names: BTreeSet<&str> = OPERATORS.iter().map(|o| o.name).collect();
        assert_eq!(names.len(), OPERATORS.len());
        assert!(OPERATORS.len() >= 35, "{}", OPERATORS.len());
    }

    #[test]
    fn every_operator_changes_something_and_repeats_itself() {
        let terms = [
            "真人百家乐",
            "加微信好友",
            "casino bonus",
            "free money now",
            "www.example.com",
            "飞机杯博彩",
            "一夜情电话",
            "经济学图书",
            "12345678",
        ];
        for operator in OPERATORS {
            for strength in 0..operator.strengths.len() {
                let mut used = 0;
                for term in terms {
                    let attack = || {
                        let name = operator.name;
                        let mut random = Random::new(1, &[name, term]);
                        (operator.apply)(term, strength, &mut random)
                    };
                    let once = attack();
                    assert_eq!(once, attack());
                    assert_ne!(once.as_deref(), Some(term));
                    used += usize::from(once.is_some());
                }
                assert!(used > 0, "{} {strength}", operator.name);
            }
        }
    }
}
