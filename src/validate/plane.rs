//! In: one character. Out: what it counts as when structured things are
//! looked for: a Latin letter, a digit, another letter, a separator, or
//! nothing. Never looks at neighbours and never allocates.
//!
//! This is the single place that knows Unicode shapes for the validators.
//! The rules are ranges, not tables: the blocks of styled letters are laid
//! out in alphabetical order, so a subtraction folds them. Everything that
//! wants complete tables can be answered by `fold::tables` behind the three
//! functions here without touching a validator.

use super::Folds;

/// The role of a cell in the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Folds to one of `a`…`z`.
    Letter,
    /// A digit that is not also a word: ASCII, full-width, circled, styled.
    Digit,
    /// Any other letter; a Han numeral is one, with its digit value set.
    Other,
    /// Space, punctuation, symbol, emoji.
    Sep,
    /// Dropped from the view; belongs to the character before it if `Mark`.
    Ignorable,
    Mark,
}

/// No digit value.
pub(super) const NO_DIGIT: u8 = u8::MAX;

/// One folded character.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folded {
    pub ch: char,
    pub class: Class,
    pub digit: u8,
    pub how: Folds,
}

fn plain(ch: char, class: Class) -> Folded {
    Folded { ch, class, digit: NO_DIGIT, how: Folds::NONE }
}

fn digit(value: u8, how: Folds) -> Folded {
    Folded {
        ch: char::from(b'0' + value),
        class: Class::Digit,
        digit: value,
        how,
    }
}

fn letter(ch: char, how: Folds) -> Folded {
    Folded {
        ch: ch.to_ascii_lowercase(),
        class: Class::Letter,
        digit: NO_DIGIT,
        how,
    }
}

/// Folds one character.
pub(super) fn fold(c: char) -> Folded {
    if c.is_ascii() {
        return fold_ascii(c);
    }
    // The common ideographs: none is dropped, styled or punctuation.
    if matches!(c, '\u{4E00}'..='\u{9FFF}') && !is_stroke(c) {
        let digit = han_digit(c).unwrap_or(NO_DIGIT);
        let how = if digit == NO_DIGIT { Folds::NONE } else { Folds::DIGIT };
        return Folded { ch: c, class: Class::Other, digit, how };
    }
    if let Some(class) = dropped(c) {
        return plain(c, class);
    }
    if let Some(l) = styled_letter(c) {
        return letter(l, Folds::STYLED);
    }
    if let Some(l) = homoglyph(c) {
        return letter(l, Folds::STYLED | Folds::HOMOGLYPH);
    }
    if let Some(d) = styled_digit(c) {
        return digit(d, Folds::DIGIT);
    }
    if let Some(d) = han_digit(c) {
        return Folded {
            ch: c,
            class: Class::Other,
            digit: d,
            how: Folds::DIGIT,
        };
    }
    if let Some(p) = punctuation(c) {
        return Folded {
            ch: p,
            class: Class::Sep,
            digit: NO_DIGIT,
            how: Folds::NONE,
        };
    }
    if c.is_alphabetic() && !is_stroke(c) {
        plain(c, Class::Other)
    } else {
        plain(c, Class::Sep)
    }
}

fn fold_ascii(c: char) -> Folded {
    match c {
        'a'..='z' => plain(c, Class::Letter),
        'A'..='Z' => plain(c.to_ascii_lowercase(), Class::Letter),
        '0'..='9' => Folded {
            ch: c,
            class: Class::Digit,
            digit: low_byte(u32::from(c) - 0x30),
            how: Folds::NONE,
        },
        '\n' => plain(c, Class::Sep),
        _ if c.is_ascii_control() => plain(' ', Class::Sep),
        _ => plain(c, Class::Sep),
    }
}

/// Strokes are letters to Unicode but dots to spammers (加丶微).
fn is_stroke(c: char) -> bool {
    matches!(c, '丶' | '丨' | '丿' | '亅' | '乀' | '乁')
}

/// Characters that leave no cell: default ignorables, variation selectors,
/// tags, and combining marks of the general blocks.
pub(super) fn dropped(c: char) -> Option<Class> {
    match u32::from(c) {
        0x0300..=0x034E
        | 0x0350..=0x036F
        | 0x0483..=0x0489
        | 0x1AB0..=0x1AFF
        | 0x1DC0..=0x1DFF
        | 0x20D0..=0x20FF
        | 0xFE00..=0xFE0F
        | 0xFE20..=0xFE2F => Some(Class::Mark),
        0x00AD
        | 0x034F
        | 0x061C
        | 0x115F..=0x1160
        | 0x17B4..=0x17B5
        | 0x180B..=0x180F
        | 0x200B..=0x200F
        | 0x202A..=0x202E
        | 0x2060..=0x206F
        | 0x3164
        | 0xFEFF
        | 0xFFA0
        | 0xFFF0..=0xFFF8
        | 0x1BCA0..=0x1BCA3
        | 0x1D173..=0x1D17A
        | 0xE0000..=0xE0FFF => Some(Class::Ignorable),
        _ => None,
    }
}

/// `base + offset` as an ASCII letter; the callers' ranges keep it in A–z.
fn nth(base: u8, offset: u32) -> Option<char> {
    u8::try_from(offset).ok().map(|n| char::from(base.wrapping_add(n)))
}

fn styled_letter(c: char) -> Option<char> {
    let u = u32::from(c);
    match u {
        0xFF21..=0xFF3A => nth(b'A', u - 0xFF21),
        0xFF41..=0xFF5A => nth(b'a', u - 0xFF41),
        0x249C..=0x24B5 => nth(b'a', u - 0x249C),
        0x24B6..=0x24CF => nth(b'A', u - 0x24B6),
        0x24D0..=0x24E9 => nth(b'a', u - 0x24D0),
        0x1D400..=0x1D6A3 => {
            let n = (u - 0x1D400) % 52;
            if n < 26 { nth(b'A', n) } else { nth(b'a', n - 26) }
        }
        0x1F110..=0x1F129 => nth(b'A', u - 0x1F110),
        0x1F130..=0x1F149 => nth(b'A', u - 0x1F130),
        0x1F150..=0x1F169 => nth(b'A', u - 0x1F150),
        0x1F170..=0x1F189 => nth(b'A', u - 0x1F170),
        0x1F1E6..=0x1F1FF => nth(b'A', u - 0x1F1E6),
        _ => styled_scattered(c),
    }
}

/// Letter-like symbols, small capitals, superscripts and Roman numerals:
/// pairs of (shape, letter), since these blocks are in no order.
fn styled_scattered(c: char) -> Option<char> {
    const SHAPES: &str = "ℂℍℕℙℚℝℤℊℋℌℎℐℑℒℓℛℜℨℬℭℯℰℱℳℴ\u{212A}ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣ\
        ʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢⅠⅤⅩⅬⅭⅮⅯⅰⅴⅹⅼⅽⅾⅿ";
    const LETTERS: &str = "chnpqrzghhhiillrrzbceefmokabcdefghijklmnoprstuvwx\
        yzabdeghijklmnoprtuvwabcdefghijklmnoprstuvwyzivxlcdmivxlcdm";
    let u = u32::from(c);
    let scattered = matches!(u, 0x2B0..=0x2FF | 0x1D00..=0x1DBF
        | 0x2071..=0x207F | 0x2100..=0x218F | 0xA730 | 0xA731
        | 0x262..=0x299 | 0x2C7D);
    if !scattered {
        return None;
    }
    SHAPES
        .chars()
        .zip(LETTERS.chars())
        .find(|&(shape, _)| shape == c)
        .map(|(_, letter)| letter)
}

/// Cyrillic and Greek letters drawn like Latin ones (UTS #39, the pairs with
/// a letter as target that spam uses).
fn homoglyph(c: char) -> Option<char> {
    let l = match c {
        'а' | 'А' | 'Α' | 'α' => 'a',
        'В' | 'Β' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'Ε' => 'e',
        'ɡ' => 'g',
        'һ' | 'Н' | 'Η' => 'h',
        'і' | 'І' | 'Ι' | 'ı' | 'ι' => 'i',
        'ј' | 'Ј' => 'j',
        'К' | 'к' | 'Κ' | 'κ' => 'k',
        'ӏ' | 'Ӏ' => 'l',
        'М' | 'Μ' => 'm',
        'Ν' => 'n',
        'о' | 'О' | 'Ο' | 'ο' => 'o',
        'р' | 'Р' | 'Ρ' | 'ρ' => 'p',
        'ԛ' => 'q',
        'ѕ' | 'Ѕ' => 's',
        'Т' | 'т' | 'Τ' | 'τ' => 't',
        'υ' => 'u',
        'ѵ' | 'ν' => 'v',
        'ԝ' => 'w',
        'х' | 'Х' | 'Χ' | 'χ' => 'x',
        'у' | 'У' | 'Υ' => 'y',
        'Ζ' => 'z',
        _ => return None,
    };
    Some(l)
}

fn styled_digit(c: char) -> Option<u8> {
    // Zeros of the decimal digit blocks (gc = Nd), then blocks of 1…9.
    const ZEROS: [u32; 22] = [
        0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66,
        0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0, 0x0F20, 0x1040,
        0x17E0, 0x1810, 0x2080, 0xFF10, 0x1F101, 0x1FBF0,
    ];
    const ONES: [u32; 9] = [
        0x2460, 0x2474, 0x2488, 0x24F5, 0x2776, 0x2780, 0x278A, 0x3220, 0x3280,
    ];
    let u = u32::from(c);
    match u {
        0x00B9 => return Some(1),
        0x00B2 | 0x00B3 => return Some(low_byte(u - 0x00B0)),
        0x2070 | 0x24EA | 0x24FF | 0x1F100 | 0x1F10B | 0x1F10C => {
            return Some(0);
        }
        0x2074..=0x2079 => return Some(low_byte(u - 0x2070)),
        0x1D7CE..=0x1D7FF => return Some(low_byte((u - 0x1D7CE) % 10)),
        0x660..=0x1819
        | 0x2080..=0x2089
        | 0x2460..=0x2792
        | 0x3220..=0x3288
        | 0xFF10..=0xFF19
        | 0x1F101..=0x1F10A
        | 0x1FBF0..=0x1FBF9 => {}
        _ => return None,
    }
    let zero = ZEROS.iter().find(|&&z| (z..z + 10).contains(&u));
    let one = ONES.iter().find(|&&z| (z..z + 9).contains(&u));
    zero.map(|z| low_byte(u - z)).or(one.map(|z| low_byte(u - z + 1)))
}

/// A number below 256 as a byte.
fn low_byte(n: u32) -> u8 {
    n.to_le_bytes()[0]
}

/// Numerals that are also words: everyday, banker's (GB/T 15835) and 幺.
pub(super) fn han_digit(c: char) -> Option<u8> {
    let d = match c {
        '零' | '〇' | '○' | '◯' => 0,
        '一' | '壹' | '壱' | '弌' | '幺' | '么' | '㆒' => 1,
        '二' | '贰' | '貳' | '弐' | '弍' | '㆓' => 2,
        '三' | '叁' | '參' | '叄' | '弎' | '㆔' => 3,
        '四' | '肆' | '㆕' => 4,
        '五' | '伍' => 5,
        '六' | '陆' | '陸' => 6,
        '七' | '柒' | '漆' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    };
    // 么 is 什么 far more often than a one.
    if c == '么' { None } else { Some(d) }
}

/// Punctuation by what it stands for. The ideographic full stop stays
/// itself: whether it is a dot is a question for the host parser.
fn punctuation(c: char) -> Option<char> {
    let u = u32::from(c);
    match c {
        '➕' | '✚' | '✛' | '✙' | '﹢' | '⊕' | '╋' | '☩' => {
            Some('+')
        }
        '﹕' | '︰' | '∶' | '꞉' | '︓' => Some(':'),
        '﹫' => Some('@'),
        '﹒' | '․' => Some('.'),
        '—' | '–' | '‐' | '‑' | '‒' | '―' | '−' | '﹣' | 'ー' | '─' => {
            Some('-')
        }
        '【' | '〔' | '「' | '『' | '〖' => Some('['),
        '】' | '〕' | '」' | '』' | '〗' => Some(']'),
        '\u{2028}' | '\u{2029}' | '\u{85}' => Some('\n'),
        '\u{2800}' => Some(' '),
        _ if c.is_whitespace() => Some(' '),
        _ if (0xFF01..=0xFF5E).contains(&u) => {
            char::from_u32(u - 0xFF01 + 0x21)
        }
        _ => None,
    }
}

/// A letter that stands for a digit inside a digit run, by its original
/// shape: a capital I is a one, a small i is not.
pub(super) fn digit_lookalike(folded: char, original: char) -> Option<u8> {
    match folded {
        'o' => Some(0),
        'l' => (original != 'L' && original != 'Ｌ').then_some(1),
        'i' => (original == 'I' || original == 'Ｉ').then_some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styled_letters_fold_to_ascii() {
        for c in "ＶⓋⓥ⒱𝐕𝓿𝔙🅅🅥🆅🄥🇻ᵛⅤᴠѵν".chars()
        {
            assert_eq!(fold(c).ch, 'v', "{c:?}");
            assert_eq!(fold(c).class, Class::Letter, "{c:?}");
        }
    }

    #[test]
    fn styled_shapes_pair_with_letters() {
        for (shape, want) in
            [('ℤ', 'z'), ('\u{212A}', 'k'), ('ᶻ', 'z'), ('ⱽ', 'v')]
        {
            assert_eq!(styled_scattered(shape), Some(want));
        }
        assert_eq!(styled_scattered('ⅿ'), Some('m'));
        assert_eq!(styled_scattered('ᴢ'), Some('z'));
        assert_eq!(styled_scattered('ꜱ'), Some('s'));
        assert_eq!(styled_scattered('ɪ'), Some('i'));
    }

    #[test]
    fn digits_of_every_shape() {
        for c in "5５⑤⑸⒌𝟓𝟝𝟱⁵₅❺➄➎⓹五伍㈤㊄٥५".chars()
        {
            assert_eq!(fold(c).digit, 5, "{c:?}");
        }
        for c in "0０⓪⓿𝟎⁰₀零〇".chars() {
            assert_eq!(fold(c).digit, 0, "{c:?}");
        }
        assert_eq!(fold('⑩').digit, NO_DIGIT);
        assert_eq!(fold('十').digit, NO_DIGIT);
    }
}
