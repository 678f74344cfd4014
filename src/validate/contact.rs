//! In: a view with its digit groups and cues. Out: messenger handles that
//! follow a cue. Never reports a handle without one, and never looks further
//! than `CONNECTOR_MAX` cells past a cue: the search is linear.
//!
//! The cue is followed by a *connector* (号, 是, a colon, arrows, hearts,
//! blanks), then by a handle. Which handle is believed depends on the rank
//! of the cue and on whether the connector says "here it comes".

use super::Found;
use super::Kind;
use super::KindSet;
use super::cue::App;
use super::cue::Cue;
use super::cue::Rank;
use super::digits::Digits;
use super::line;
use super::qq;
use super::telegram;
use super::view::View;
use super::wechat;
use super::whatsapp;

/// Longest connector in cells.
pub(super) const CONNECTOR_MAX: usize = 6;

/// Longest pieces of a handle that are joined over a common separator, and
/// over a picture.
const PIECE_MAX: usize = 4;
const STRANGE_PIECE_MAX: usize = 8;

/// Words a connector is made of, besides separators.
const CONNECTORS: &[&str] = &[
    "号码",
    "號碼",
    "号",
    "號",
    "是",
    "为",
    "同号",
    "同號",
    "同",
    "联系",
    "聯繫",
    "我",
    "搜索",
    "搜",
    "加",
    "群",
    "账号",
    "帳號",
    "用户名",
    "名",
    "客服",
    "id",
    "it",
    "no",
];

/// The place where a handle may begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    pub cue: Cue,
    /// First cell of the would-be handle.
    pub at: usize,
    /// The connector holds a colon, 号 or id: a handle is announced.
    pub announced: bool,
    /// Cells between cue and handle.
    pub gap: usize,
}

impl Opening {
    /// Whether the surroundings allow to believe a handle at all.
    /// `telling`: the handle has a shape that ordinary words have not.
    pub(super) fn allows(&self, telling: bool) -> bool {
        match self.cue.rank {
            Rank::Bare => self.announced,
            Rank::Weak => self.announced || (telling && self.gap <= 1),
            Rank::Strong => self.announced || telling,
        }
    }

    /// A find with this opening's cue.
    pub(super) fn found(
        &self,
        view: &View,
        kind: Kind,
        first: usize,
        end: usize,
        value: String,
    ) -> Found {
        Found {
            kind,
            span: view.span(first, end),
            cue: Some(view.span(self.cue.first, self.cue.end)),
            folds: view.folds(first, end),
            value,
            checksum: None,
        }
    }
}

/// Reads what follows each cue.
pub(super) fn find(
    view: &View,
    digits: &Digits,
    cues: &[Cue],
    wanted: KindSet,
    out: &mut Vec<Found>,
) {
    for (n, &cue) in cues.iter().enumerate() {
        let next = cues.get(n + 1).map_or(usize::MAX, |c| c.first);
        let opening = open(view, cue);
        // 微信/QQ：12345678 — the nearest cue owns the handle.
        let shared = next <= opening.at;
        if !shared {
            let found = match cue.app {
                App::Wechat => wechat::read(view, digits, &opening),
                App::Qq => qq::read(view, digits, &opening),
                App::Telegram => telegram::read(view, &opening),
                App::Line => line::read(view, &opening),
                App::Whatsapp => whatsapp::read(view, digits, &opening),
                App::Phone => None,
            };
            out.extend(found.filter(|f| wanted.has(f.kind)));
        }
        if cue.app == App::Wechat && wanted.has(Kind::Wechat) {
            out.extend(wechat::read_before(view, digits, cue));
        }
        if cue.app == App::Qq && wanted.has(Kind::Qq) {
            out.extend(qq::read_before(view, digits, cue));
        }
        if cue.app == App::Telegram && wanted.has(Kind::Telegram) {
            out.extend(telegram::read_before(view, cue));
        }
    }
}

/// Walks the connector after a cue.
pub(super) fn open(view: &View, cue: Cue) -> Opening {
    let mut at = cue.end;
    let mut announced = false;
    let limit = cue.end + CONNECTOR_MAX;
    while at < limit {
        let Some(cell) = view.get(at) else { break };
        if cell.is_sep() {
            if cell.ch == '@' {
                break;
            }
            announced |= matches!(cell.ch, ':' | '=' | '→' | '👉' | '➡');
            at += 1;
            continue;
        }
        let Some(word) = connector(view, at) else { break };
        announced |= word.ends_with(['号', '號', '码', '碼']) || word == "id";
        at += word.chars().count();
    }
    // A handle that starts with a sign of its own was skipped over: `_abc`.
    if at > cue.end && view.ch(at - 1) == '_' {
        at -= 1;
    }
    Opening { cue, at, announced, gap: at - cue.end }
}

fn connector(view: &View, at: usize) -> Option<&'static str> {
    CONNECTORS.iter().copied().find(|word| {
        if !view.starts(at, word) {
            return false;
        }
        // A Latin connector is a word of its own.
        !word.is_ascii()
            || (!view.alnum_at(at + word.len())
                && view.ch(at + word.len()) != '_')
    })
}

/// A handle: cells `[first, end)` and its characters.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    pub first: usize,
    pub end: usize,
    pub value: String,
    /// Pieces were joined.
    pub spaced: bool,
    /// Every piece is one character: `d.e.m.o.l.u.c.k.y`.
    pub lettered: bool,
}

impl Handle {
    pub(super) fn has_digit(&self) -> bool {
        self.value.bytes().any(|b| b.is_ascii_digit())
    }

    pub(super) fn has_letter(&self) -> bool {
        self.value.bytes().any(|b| b.is_ascii_alphabetic())
    }

    pub(super) fn has_sign(&self) -> bool {
        self.value.bytes().any(|b| b == b'_' || b == b'-')
    }
}

/// Reads `[a-z0-9` and `signs` `]{min,max}` at `first`. Pieces of one to four
/// characters with the same single separator between them are joined, as in
/// `k 8 8 9 9 2 x`; pieces of English words are not (one of them would have
/// to be a single letter or number). Longer pieces are joined where a picture
/// or the like is between them: nobody writes words so. Pieces of one
/// character may have different separators, if one of them is a digit:
/// `l.u.c.k.y-8-8`.
pub(super) fn read_handle(
    view: &View,
    first: usize,
    signs: &str,
    min: usize,
    max: usize,
) -> Option<Handle> {
    let pieces = Pieces { view, signs, max };
    let Joined { mut end, mut value, spaced, lettered, strange, pure } =
        pieces.join(first)?;
    if let Some((pure, len)) = pure
        && !value.bytes().any(|b| b.is_ascii_digit())
    {
        end = pure;
        value.truncate(len);
    }
    while value.ends_with(['-', '.']) {
        value.pop();
        end -= 1;
    }
    let runs = value.split(|c: char| !c.is_ascii_digit());
    let digits = runs.map(str::len).max().unwrap_or(0);
    let lettered = lettered && spaced;
    // Joined pieces are believed for the number in them, or because nothing
    // but a hidden name is written so.
    let hidden = lettered || strange && digits > 0;
    let fits = (min..=max).contains(&value.len())
        && (!spaced || digits >= 5 || hidden);
    fits.then_some(Handle { first, end, value, spaced, lettered })
}

/// Words that are no part of a handle in pieces.
const SENTENCE_WORDS: &[&str] = &[
    "a", "add", "and", "app", "are", "at", "be", "by", "call", "can", "for",
    "from", "get", "go", "have", "help", "here", "hi", "how", "i", "if", "in",
    "is", "it", "just", "mac", "me", "msg", "my", "new", "no", "not", "now",
    "of", "on", "or", "our", "out", "pay", "pc", "pls", "pro", "say", "sdk",
    "so", "text", "the", "this", "to", "up", "us", "use", "via", "was", "we",
    "web", "who", "will", "with", "you", "your",
];

/// Reads a handle in pieces of several characters, between which the same
/// blank, hyphen or full stop stands: letters and then groups of digits (`demo
/// 1234 5678`), or short pieces of which the last has letters and digits (`de
/// mo luck y88`). Words of a sentence are no pieces. Only for handles that are
/// announced.
pub(super) fn read_spelled(
    view: &View,
    first: usize,
    min: usize,
    max: usize,
) -> Option<Handle> {
    let mut ends = vec![first];
    let mut pieces: Vec<String> = Vec::new();
    let mut at = first;
    let mut sep = None;
    while pieces.len() < PIECES_MAX {
        let alnum = |i: &usize| view.alnum_at(*i);
        let end = at + (at..).take_while(alnum).take(max + 1).count();
        let piece: String = (at..end).map(|i| view.ch(i)).collect();
        if piece.is_empty() || SENTENCE_WORDS.contains(&&*piece) {
            break;
        }
        pieces.push(piece);
        ends.push(end);
        let Some(gap) = view.get(end) else { break };
        let same = *sep.get_or_insert(gap.ch) == gap.ch;
        if !same || !matches!(gap.ch, ' ' | '-' | '.') {
            break;
        }
        at = end + 1;
    }
    let is_digit = |piece: &String| piece.bytes().all(|b| b.is_ascii_digit());
    let is_letter =
        |piece: &String| piece.bytes().all(|b| b.is_ascii_lowercase());
    let numbers = pieces.iter().skip(1).take_while(|p| is_digit(p));
    let (groups, digits) = numbers
        .fold((0, 0), |(groups, digits), p| (groups + 1, digits + p.len()));
    let numbered = pieces.first().is_some_and(|p| (2..=8).contains(&p.len()))
        && is_letter(&pieces[0])
        && groups >= 2
        && (6..=12).contains(&digits);
    let mixed =
        |p: &String| p.len() <= PIECE_MAX && !is_letter(p) && !is_digit(p);
    let short =
        pieces.iter().take_while(|p| is_letter(p) && p.len() <= PIECE_MAX);
    let short = short.count();
    let count = match pieces.get(short) {
        _ if numbered => groups + 1,
        Some(last) if short >= 2 && mixed(last) => short + 1,
        _ => return None,
    };
    let value = pieces[..count].concat();
    let long = pieces[..count].iter().any(|p| p.len() >= PIECE_MAX);
    let fits = (min..=max).contains(&value.len()) && long;
    fits.then(|| Handle {
        first,
        end: ends[count],
        value,
        spaced: true,
        lettered: false,
    })
}

/// Most pieces of a handle that are read.
const PIECES_MAX: usize = 6;

/// Pieces of a handle in a view.
struct Pieces<'a> {
    view: &'a View,
    signs: &'a str,
    max: usize,
}

/// Pieces that were joined.
struct Joined {
    end: usize,
    value: String,
    spaced: bool,
    /// Every piece is one character.
    lettered: bool,
    /// The last separator is a picture or the like.
    strange: bool,
    /// Cells and characters before the first separator that differs.
    pure: Option<(usize, usize)>,
}

impl Pieces<'_> {
    fn end(&self, from: usize) -> usize {
        let holds = |i: usize| {
            let cell = self.view.get(i);
            cell.is_some_and(|c| c.is_alnum() || self.signs.contains(c.ch))
        };
        let mut end = from;
        while end - from <= self.max && holds(end) {
            end += 1;
        }
        end
    }

    /// What a piece counts as: `8-8` is written letter by letter, too.
    fn weight(&self, from: usize, to: usize) -> usize {
        let view = self.view;
        let turns =
            |i: usize| view.alnum_at(i) == (i - from).is_multiple_of(2);
        if (from..to).all(turns) { 1.min(to - from) } else { to - from }
    }

    fn is_word(&self, from: usize, to: usize) -> bool {
        let is_letter = |i: usize| self.view.ch(i).is_ascii_lowercase();
        to - from > 1 && (from..to).all(is_letter)
    }

    fn join(&self, first: usize) -> Option<Joined> {
        let view = self.view;
        let mut end = self.end(first);
        if end == first {
            return None;
        }
        let mut value: String = (first..end).map(|i| view.ch(i)).collect();
        let mut spaced = false;
        let mut piece = first;
        let mut last = self.weight(first, end);
        let mut lettered = last == 1;
        let mut strange = false;
        let mut sep = None;
        let mut pure = None;
        while value.len() <= self.max {
            let gap = view.get(end).filter(|c| c.is_sep());
            let Some(gap) = gap else { break };
            let same = *sep.get_or_insert(gap.ch) == gap.ch;
            if gap.ch == '\n' || !same && !lettered {
                break;
            }
            strange = is_picture(gap.ch);
            let most = if strange { STRANGE_PIECE_MAX } else { PIECE_MAX };
            let next = self.end(end + 1);
            let len = self.weight(end + 1, next);
            let words =
                self.is_word(piece, end) || self.is_word(end + 1, next);
            if last > most || len == 0 || len > most || words && gap.ch == ' '
            {
                break;
            }
            if !same && pure.is_none() {
                pure = Some((end, value.len()));
            }
            // Behind another separator only single characters go on.
            if pure.is_some() && len > 1 {
                break;
            }
            lettered &= len == 1;
            value.extend((end + 1..next).map(|i| view.ch(i)));
            piece = end + 1;
            end = next;
            last = len;
            spaced = true;
        }
        Some(Joined { end, value, spaced, lettered, strange, pure })
    }
}

/// Arrows, stars, pictures, and signs that words are not written with: no
/// punctuation.
pub(super) fn is_picture(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2E7F}' | '\u{1F000}'..='\u{1FAFF}')
        || matches!(c, '*' | '~' | '^' | '|' | '·' | '•')
}

/// Latin words with a digit that are products, not people.
const PRODUCTS: &[&str] = &[
    "iphone", "ipad", "ios", "android", "windows", "win", "office", "html",
    "python", "chatgpt", "gpt", "wifi", "mate", "macos", "vue", "react",
    "boeing", "airbus", "java", "http", "https", "www", "mp3", "mp4",
    "version", "ver", "beta",
];

/// Whether a handle is a product name with a number (iphone12).
pub(super) fn is_product(value: &str) -> bool {
    let name = value.trim_end_matches(|c: char| {
        c.is_ascii_digit() || matches!(c, '-' | '_' | '.')
    });
    PRODUCTS.contains(&name)
}

/// Whether a number is followed by a unit: 微信 100000 元.
pub(super) fn unit_follows(view: &View, end: usize) -> bool {
    let at = if view.ch(end) == ' ' { end + 1 } else { end };
    "元块万亿名人个位年月日天次条張张件台只kK%％米公斤吨度分小粉"
        .contains(view.get(at).map_or('\0', |c| c.orig))
}
