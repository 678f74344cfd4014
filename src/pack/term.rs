//! Terms. In: lines of a term file or items of a list; out: folded letters
//! with what may stand between them. Knows nothing of sets.
//!
//! | line | meaning |
//! |---|---|
//! | `# text` | comment |
//! | `!时时彩虹` | exception: removes the hits it covers |
//! | `=六合彩` | tier 0 only |
//! | `a\|b\|c` | aliases: `distinct` counts them once |
//! | `invest*`, `*coin` | open word boundary on that side |

use crate::fold::letter;
use crate::fold::tables::{self, Kind};
use crate::image::gap;

/// One alias of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As written, without its marks.
    pub text: String,
    /// Canonical letters.
    pub letters: Vec<char>,
    /// What may stand before each letter; the first entry means nothing.
    pub gaps: Vec<u8>,
    /// The side has a word boundary because it ends in a Latin letter or a
    /// digit and is not marked `*`.
    pub left: bool,
    pub right: bool,
    /// Not the first of its line.
    pub alias: bool,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub exception: bool,
    pub exact: bool,
    pub terms: Vec<Term>,
}

/// Parses a line; `None` for blanks and comments. Terms without letters are
/// returned too: the compiler reports them.
pub fn parse_line(line: &str) -> Option<Line> {
    let mut rest = line.trim().trim_start_matches('\u{feff}');
    if rest.is_empty() || rest.starts_with('#') {
        return None;
    }
    let mut parsed = Line { exception: false, exact: false, terms: vec![] };
    if let Some(tail) = rest.strip_prefix('!') {
        parsed.exception = true;
        rest = tail;
    } else if let Some(tail) = rest.strip_prefix('=') {
        parsed.exact = true;
        rest = tail;
    }
    for (number, part) in rest.split('|').enumerate() {
        let mut term = fold_term(part.trim());
        term.alias = number > 0;
        parsed.terms.push(term);
    }
    Some(parsed)
}

/// Folds one term.
pub fn fold_term(written: &str) -> Term {
    let mut text = written;
    let open_left = text.strip_prefix('*').map(|rest| text = rest).is_some();
    let open_right = text.strip_suffix('*').map(|rest| text = rest).is_some();
    let mut letters: Vec<char> = Vec::new();
    let mut gaps: Vec<u8> = Vec::new();
    let mut pending = gap::INNER;
    for c in text.chars() {
        match tables::kind(c) {
            Kind::Ignorable => continue,
            // Marks on letters that fold are invisible; elsewhere (Thai,
            // Devanagari) they are letters.
            Kind::Mark if letters.last().is_none_or(|l| drops_marks(*l)) => {
                continue;
            }
            Kind::Separator if c.is_whitespace() => {
                pending = gap::SPACE;
                continue;
            }
            Kind::Separator if !is_symbol_letter(c) => {
                if pending == gap::INNER {
                    pending = gap::PUNCTUATION;
                }
                continue;
            }
            _ => {}
        }
        letters.push(letter::canonical(c));
        gaps.push(if letters.len() == 1 { gap::INNER } else { pending });
        pending = gap::INNER;
    }
    let bounded = |c: Option<&char>| {
        c.is_some_and(|c| letter::is_word_letter(*c) || letter::is_digit(*c))
    };
    Term {
        text: text.to_owned(),
        left: !open_left && bounded(letters.first()),
        right: !open_right && bounded(letters.last()),
        letters,
        gaps,
        alias: false,
    }
}

fn drops_marks(c: char) -> bool {
    c.is_ascii()
        || tables::is_han(c)
        || matches!(c,
        '\u{80}'..='\u{24F}' | '\u{370}'..='\u{52F}' | '\u{1E00}'..='\u{1FFF}')
}

/// Symbols that a term means when it writes them: mathematical and currency
/// signs, `@`, emoji and other pictographs. Other punctuation in a term
/// (`don't`, `t.me`) may be there in a text or not.
pub fn is_symbol_letter(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, '+' | '=' | '<' | '>' | '~' | '$' | '@');
    }
    matches!(u32::from(c),
        0xA2..=0xA5
        | 0x20A0..=0x20CF
        | 0x2190..=0x21FF
        | 0x2200..=0x22FF
        | 0x2300..=0x23FF
        | 0x2500..=0x27BF
        | 0x2900..=0x297F
        | 0x2B00..=0x2BFF
        | 0xFF0B
        | 0xFF20
        | 0x1F000..=0x1FAFF)
}

/// Han letters of a term.
pub fn han_count(letters: &[char]) -> usize {
    letters.iter().filter(|c| tables::is_han(**c)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_marks_aliases_and_comments() {
        assert_eq!(parse_line("  # note"), None);
        assert_eq!(parse_line(""), None);
        let line = parse_line("!时时彩虹").unwrap();
        assert!(line.exception && line.terms[0].text == "时时彩虹");
        let line = parse_line("微信|VX|薇信").unwrap();
        assert_eq!(line.terms.len(), 3);
        assert!(line.terms[1].alias && !line.terms[0].alias);
        assert_eq!(line.terms[1].letters, ['v', 'x']);
        assert!(parse_line("=六合彩").unwrap().exact);
    }

    #[test]
    fn terms_fold_and_remember_gaps() {
        let term = fold_term("Don't  Buy*");
        let letters: String = term.letters.iter().collect();
        assert_eq!(letters, "dontbuy");
        assert_eq!(term.gaps[3], gap::PUNCTUATION);
        assert_eq!(term.gaps[4], gap::SPACE);
        assert!(term.left && !term.right);
        let term = fold_term("+v");
        assert_eq!(term.letters, ['+', 'v']);
        assert!(!term.left && term.right);
        let term = fold_term("加微");
        assert!(!term.left && !term.right);
    }
}
