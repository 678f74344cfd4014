//! In: the raw text. Out: which kinds could possibly be in it. Never
//! allocates, never folds more than it must, and never says no to a text in
//! which `find` would find something (a property test holds it to that).
//!
//! One pass. ASCII goes through a 128-entry class table; other characters
//! are looked at only as far as their role: ignorable, styled, digit, cue,
//! dot, or of no interest. Styled letters make every letter-based kind
//! possible, because telling more would mean to fold here what `view.rs`
//! folds later; they are rare in honest text.

use std::sync::LazyLock;

use super::Kind;
use super::KindSet;
use super::contact;
use super::cue;
use super::plane;
use super::view;

/// What a text may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Five digits with no other letter between them.
    pub digits: bool,
    /// Twelve of them, letters that look like digits included.
    pub long_number: bool,
    /// Something that reads as an at sign.
    pub at: bool,
    /// A dot-like character between Latin letters or digits.
    pub dot: bool,
    /// `//`, as in a scheme.
    pub scheme: bool,
    /// A word or emoji that announces a contact.
    pub cue: bool,
    /// Four Latin letters or digits, in a row or each by itself: enough for
    /// a handle.
    pub handle: bool,
    /// A run of 26 ASCII letters and digits.
    pub long_run: bool,
    /// A Latin letter, and three digits.
    pub mixed: bool,
}

impl Need {
    /// The kinds that could be found.
    pub fn kinds(self) -> KindSet {
        let mut set = KindSet::NONE;
        if self.digits {
            set = set.with(Kind::Phone).with(Kind::CnMobile);
            set = set.with(Kind::Number);
        }
        if self.mixed {
            set = set.with(Kind::Handle);
        }
        if self.long_number {
            set = set.with(Kind::BankCard).with(Kind::CnId);
        }
        let link = self.dot || self.scheme;
        if link {
            set = set.with(Kind::Url).with(Kind::Domain);
            for kind in [Kind::Telegram, Kind::Line, Kind::Whatsapp] {
                set = set.with(kind);
            }
        }
        if self.at && self.dot {
            set = set.with(Kind::Email);
        }
        if self.cue && (self.digits || self.handle) {
            set = set.or(KindSet::MESSENGERS);
        }
        if self.long_run {
            set = set.with(Kind::CryptoWallet);
        }
        set
    }
}

/// ASCII classes.
pub(super) const OTHER: u8 = 0;
pub(super) const LETTER: u8 = 1;
/// Letters that read as digits inside a number.
pub(super) const LOOKALIKE: u8 = 2;
pub(super) const DIGIT: u8 = 3;
pub(super) const DOT: u8 = 4;
pub(super) const AT: u8 = 5;
pub(super) const SLASH: u8 = 6;
pub(super) const BRACKET: u8 = 7;
pub(super) const SPACE: u8 = 8;
pub(super) const AMP: u8 = 9;
/// Signs inside handles and numbers, and those that part their pieces as
/// pictures do.
pub(super) const SIGN: u8 = 10;

pub(super) const CLASSES: [u8; 128] = {
    let mut table = [OTHER; 128];
    let mut b = 0u8;
    while b < 128 {
        // usize::from is not const; a u8 below 128 widens without loss.
        table[b as usize] = match b {
            b'o' | b'O' | b'l' | b'I' => LOOKALIKE,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'.' => DOT,
            b'@' | b'#' => AT,
            b'/' => SLASH,
            b'[' | b'(' | b'{' | b']' | b')' | b'}' => BRACKET,
            b' ' | b'\t' | b'\n' | b'\r' => SPACE,
            b'&' => AMP,
            b'_' | b'-' | b'*' | b'~' | b'^' | b'|' => SIGN,
            _ => OTHER,
        };
        b += 1;
    }
    table
};

/// Roles of the characters of the basic plane, so that a character of no
/// interest costs one look. The table is made from the functions that know.
pub(super) const LOOK_CLOSER: u8 = 0;
pub(super) const PLAIN_LETTER: u8 = 1;
const PLAIN_SYMBOL: u8 = 2;
/// A numeral of Han.
const NUMERAL: u8 = 3;
/// A Han letter with which a cue may begin.
pub(super) const CUE: u8 = 4;
pub(super) const COMMA: u8 = 5;
/// A symbol that stands for a dot.
pub(super) const WIDE_DOT: u8 = 6;

pub(super) static ROLES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    (0..0x1_0000).map(|u| char::from_u32(u).map_or(0, role)).collect()
});

fn role(c: char) -> u8 {
    let f = plane::fold(c);
    let (dot, cue) = (super::host::is_dot(c), cue::may_start_wide(c));
    if plane::dropped(c).is_some() {
        return LOOK_CLOSER;
    }
    let is_han = ('\u{3400}'..='\u{9FFF}').contains(&c);
    match (f.class, dot, cue) {
        (plane::Class::Other, false, false) if f.digit == plane::NO_DIGIT => {
            PLAIN_LETTER
        }
        (plane::Class::Other, false, false) if is_han => NUMERAL,
        (plane::Class::Other, false, true)
            if is_han && f.digit == plane::NO_DIGIT =>
        {
            CUE
        }
        (plane::Class::Sep, true, false) if f.ch == '.' && !is_han => WIDE_DOT,
        (plane::Class::Sep, false, false) => match f.ch {
            ',' => COMMA,
            '/' | '@' | '#' | '&' | '+' | '_' | '-' | '.' | ' ' => LOOK_CLOSER,
            '[' | '(' | '{' | ']' | ')' | '}' => LOOK_CLOSER,
            ch if contact::is_picture(ch) => LOOK_CLOSER,
            _ => PLAIN_SYMBOL,
        },
        _ => LOOK_CLOSER,
    }
}

/// Digits that must stand together to be a number of any kind.
const DIGITS_MIN: u32 = 5;
/// The shortest payment card has twelve (ISO/IEC 7812), an identity number
/// fifteen.
pub(super) const LONG_MIN: u32 = 12;
/// An identity number has seventeen and a check character.
pub(super) const CN_ID_MIN: u32 = 17;
/// Shortest handle of a messenger (LINE: 4).
const HANDLE_MIN: u32 = 4;
/// Digits of a handle that no word announces.
const MIXED_MIN: u32 = 3;
/// Shortest wallet address (base58check, 25 bytes).
const WALLET_MIN: u32 = 26;

/// The state of the pass.
#[derive(Default)]
struct Pass {
    need: Need,
    /// Digits since the last letter that is none.
    digits: u32,
    /// The same with look-alikes.
    number: u32,
    /// Latin letters and digits in a row, ignorables not counting.
    run: u32,
    /// The same without signs between them.
    joined: u32,
    /// Pieces of a handle that is written letter by letter (`d e m-o _`),
    /// since two stood together or a letter of another script came.
    lone: u32,
    ascii_run: u32,
    /// The last character that is neither space nor bracket was Latin.
    latin_before: bool,
    /// The same, and no space came after it: a plain dot must be tight,
    /// or every full stop before a space would cost a view.
    latin_tight: bool,
    /// The last character was a letter of another script.
    han_tight: bool,
    /// A bracket came after the last letter: a dot or comma inside it may be
    /// a written-out dot.
    bracket: bool,
    /// A plain dot after a Latin letter waits for a Latin letter.
    dot_waits: bool,
    /// The same for a written-out dot, which may have spaces around it.
    wide_dot_waits: bool,
    slash_before: bool,
    /// A full stop had a space before it: with a slash behind, it may be in
    /// `t . me / name`.
    spaced_dot: bool,
    /// The character before was a Latin letter: no word starts here.
    in_word: bool,
    /// Some character is a Latin letter.
    has_letter: bool,
    /// Digits anywhere.
    all_digits: u32,
}

/// Looks at every character once.
pub fn prescan(text: &str) -> Need {
    let bytes = text.as_bytes();
    let roles: &[u8] = &ROLES;
    let mut pass = Pass::default();
    let mut at = 0;
    while at < bytes.len() {
        let b = bytes[at];
        if b == b'['
            && let Some(len) = view::emoji_code(&text[at..])
        {
            pass.other();
            at += len;
            continue;
        }
        if b < 128 {
            pass.ascii(bytes, at, b);
            at += 1;
            if b.is_ascii_alphabetic() {
                let rest = bytes[at..].iter();
                let more = rest.take_while(|b| b.is_ascii_alphabetic());
                let more = more.count();
                pass.more_letters(&bytes[at..at + more]);
                at += more;
            }
        } else {
            // A lead byte: `at` always stands on a character boundary.
            let Some(c) = text[at..].chars().next() else { break };
            at += c.len_utf8();
            let slot = usize::try_from(u32::from(c)).unwrap_or(usize::MAX);
            match roles.get(slot) {
                Some(&PLAIN_LETTER) => {
                    pass.no_digit();
                    pass.other();
                    pass.lone = 0;
                    pass.han_tight = true;
                    // More of the same change nothing.
                    at += plain_wide(&bytes[at..], roles);
                }
                Some(&PLAIN_SYMBOL) => pass.other(),
                Some(&COMMA) if !pass.bracket => pass.other(),
                Some(&WIDE_DOT) => {
                    pass.wide_dot();
                    pass.wide_sign(true);
                }
                Some(&NUMERAL) => {
                    pass.digit();
                    pass.other();
                    pass.han_tight = true;
                }
                Some(&CUE) => {
                    pass.need.cue = true;
                    pass.no_digit();
                    pass.other();
                    pass.lone = 0;
                    pass.han_tight = true;
                }
                _ => pass.wide(c),
            }
        }
    }
    pass.need.mixed |= pass.has_letter && pass.all_digits >= MIXED_MIN;
    pass.need
}

/// The code point of three bytes.
pub(super) fn basic([a, b, c]: [u8; 3]) -> usize {
    usize::from(a & 0xF) << 12
        | usize::from(b & 0x3F) << 6
        | usize::from(c & 0x3F)
}

/// Bytes of the plain letters of three bytes that come next.
fn plain_wide(bytes: &[u8], roles: &[u8]) -> usize {
    let mut len = 0;
    for three in bytes.chunks_exact(3) {
        let &[a @ 0xE0..=0xEF, b, c] = three else { break };
        if roles.get(basic([a, b, c])) != Some(&PLAIN_LETTER) {
            break;
        }
        len += 3;
    }
    len
}

impl Pass {
    /// More ASCII letters of a word, behind the first.
    fn more_letters(&mut self, letters: &[u8]) {
        if letters.is_empty() {
            return;
        }
        let (mut number, mut longest) = (self.number, self.number);
        let mut only = true;
        for byte in letters {
            let may_be = matches!(byte, b'o' | b'O' | b'l' | b'I');
            only &= may_be;
            number = if may_be { number + 1 } else { 0 };
            longest = longest.max(number);
        }
        self.number = number;
        self.need.long_number |= longest >= LONG_MIN;
        if !only {
            self.digits = 0;
        }
        let count = u32::try_from(letters.len()).unwrap_or(u32::MAX);
        self.lone = 0;
        self.joined = self.joined.saturating_add(count);
        self.run = self.run.saturating_add(count);
        self.need.handle |= self.run >= HANDLE_MIN;
        self.ascii_run = self.ascii_run.saturating_add(count);
        self.need.long_run |= self.ascii_run >= WALLET_MIN;
    }

    fn ascii(&mut self, bytes: &[u8], at: usize, b: u8) {
        let class = CLASSES[usize::from(b)];
        match class {
            LETTER | LOOKALIKE | DIGIT => {
                match class {
                    DIGIT => self.digit(),
                    LETTER => self.no_digit(),
                    _ => self.in_number(),
                }
                self.has_letter |= class != DIGIT;
                self.latin();
                self.ascii_run += 1;
                if self.ascii_run >= WALLET_MIN {
                    self.need.long_run = true;
                }
                if class != DIGIT {
                    if !self.in_word {
                        self.word(&bytes[at..]);
                    }
                    self.in_word = true;
                } else {
                    self.in_word = false;
                }
                return;
            }
            DOT => {
                self.dot_waits |= self.latin_tight || self.han_tight;
                self.spaced_dot |= at > 0 && bytes[at - 1] == b' ';
                self.bracketed_dot();
            }
            _ if b == b',' && self.bracket => self.bracketed_dot(),
            AT => self.need.at = true,
            SLASH => {
                self.need.scheme |= self.slash_before;
                self.need.dot |= self.spaced_dot;
            }
            AMP if bytes.get(at + 1) == Some(&b'#') => self.everything(),
            SPACE => {
                self.latin_tight = false;
                self.han_tight = false;
                self.dot_waits = false;
            }
            BRACKET => self.bracket = true,
            _ => {
                self.no_latin();
                if b == b'+' {
                    self.plus(&bytes[at + 1..]);
                }
            }
        }
        self.slash_before = class == SLASH;
        self.sign(matches!(class, SIGN | DOT));
        self.ascii_run = 0;
        self.in_word = false;
    }

    /// Ends a run of handle characters, unless this is a sign that handles
    /// may hold.
    fn sign(&mut self, holds: bool) {
        self.joined = 0;
        if holds {
            self.lone += u32::from(self.run == 0);
            self.in_handle();
        } else {
            self.run = 0;
        }
    }

    /// One more character of a handle.
    fn in_handle(&mut self) {
        self.run += 1;
        self.need.handle |= self.run.max(self.lone) >= HANDLE_MIN;
    }

    fn no_digit(&mut self) {
        self.digits = 0;
        self.number = 0;
    }

    /// One more digit, or a letter that may be one.
    fn in_number(&mut self) {
        self.number += 1;
        self.need.long_number |= self.number >= LONG_MIN;
    }

    fn digit(&mut self) {
        self.all_digits += 1;
        self.in_number();
        self.digits += 1;
        if self.digits >= DIGITS_MIN {
            self.need.digits = true;
        }
    }

    fn latin(&mut self) {
        self.joined += 1;
        self.lone = if self.joined == 1 { self.lone + 1 } else { 0 };
        self.in_handle();
        if self.dot_waits || self.wide_dot_waits {
            self.need.dot = true;
        }
        self.no_latin();
        self.latin_before = true;
        self.latin_tight = true;
        self.slash_before = false;
    }

    fn no_latin(&mut self) {
        self.latin_before = false;
        self.latin_tight = false;
        self.han_tight = false;
        self.bracket = false;
        self.dot_waits = false;
        self.wide_dot_waits = false;
    }

    /// `[.]`, `( , )`: spaces may stand on every side.
    fn bracketed_dot(&mut self) {
        self.wide_dot_waits |= self.bracket && self.latin_before;
    }

    fn wide_dot(&mut self) {
        self.dot_waits |= self.latin_tight;
        self.wide_dot_waits |= self.latin_before;
    }

    /// A symbol of no interest.
    fn other(&mut self) {
        self.no_latin();
        self.boundary();
    }

    /// `+v` and `+q` are cues even when a handle follows without a gap.
    fn plus(&mut self, rest: &[u8]) {
        let next = rest.iter().take(4).find(|&&b| b != b' ');
        self.need.cue |= next.is_some_and(|b| {
            !b.is_ascii() || matches!(b | 0x20, b'v' | b'q' | b'w')
        });
    }

    /// A Latin word starts: is it a cue, "dot" or "at"?
    fn word(&mut self, rest: &[u8]) {
        let lower = |n: usize| rest.get(n).map_or(0, |b| b | 0x20);
        match lower(0) {
            b'd' if lower(1) == b'o' && lower(2) == b't' => {
                self.need.dot = true;
            }
            b'a' if lower(1) == b't' => self.need.at = true,
            b'v' | b'w' | b'q' | b't' | b'l' | b'k' => {
                self.need.cue |= cue::may_start_ascii(rest);
            }
            _ => {}
        }
    }

    fn wide(&mut self, c: char) {
        if u32::from(c) >= 0x3400 && u32::from(c) <= 0x9FFF {
            self.han(c);
            return;
        }
        if plane::dropped(c).is_some() {
            if self.in_word {
                // The word before may go on: "v" ZWSP "x".
                self.everything();
            }
            return;
        }
        let f = plane::fold(c);
        match f.class {
            plane::Class::Letter => self.everything(),
            plane::Class::Digit => {
                self.digit();
                self.latin();
                self.in_word = false;
            }
            plane::Class::Other => {
                if f.digit != plane::NO_DIGIT {
                    self.digit();
                } else {
                    self.no_digit();
                }
                self.other();
                self.han_tight = true;
            }
            _ => self.wide_symbol(c, f.ch),
        }
    }

    fn wide_symbol(&mut self, c: char, folded: char) {
        if super::host::is_dot(c) || folded == '.' {
            self.wide_dot();
        } else if matches!(folded, '/' | '@' | '#' | '&') {
            self.everything();
        } else if matches!(folded, '[' | '(' | '{' | ']' | ')' | '}') {
            self.bracket = true;
        } else if folded == ',' && self.bracket {
            self.bracketed_dot();
        } else if folded != ' ' {
            self.no_latin();
        }
        if folded == '+' || cue::may_start_wide(c) {
            self.need.cue = true;
        }
        let holds =
            matches!(folded, '_' | '-' | '.') || contact::is_picture(folded);
        self.wide_sign(holds);
    }

    /// Between two characters of a handle, if it may hold this one.
    fn wide_sign(&mut self, holds: bool) {
        let run = self.run;
        self.boundary();
        self.run = run;
        self.sign(holds);
    }

    fn boundary(&mut self) {
        self.run = 0;
        self.joined = 0;
        self.ascii_run = 0;
        self.in_word = false;
        self.slash_before = false;
    }

    fn han(&mut self, c: char) {
        if plane::han_digit(c).is_some() {
            self.digit();
        } else {
            self.no_digit();
        }
        if super::host::is_dot(c) {
            self.wide_dot();
        } else {
            self.no_latin();
        }
        self.need.cue |= cue::may_start_wide(c);
        self.boundary();
        self.han_tight = true;
    }

    /// Folding would be needed to know more.
    fn everything(&mut self) {
        self.need = Need {
            digits: true,
            long_number: true,
            at: true,
            dot: true,
            scheme: true,
            cue: true,
            handle: true,
            long_run: self.need.long_run,
            mixed: true,
        };
        self.run = 0;
        self.joined = 0;
        self.in_word = false;
    }
}
