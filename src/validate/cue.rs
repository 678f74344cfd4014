//! In: a view. Out: the places where a word, an alias or an emoji announces
//! a contact. Never reads the handle that follows and never decides whether
//! there is one.
//!
//! An alias is only as good as its surroundings: 微 is in 微博, 飞机 flies.
//! So each pattern has a rank that says what must follow it, and a verb
//! before it (加, 佳, ➕) lifts a weak one. The aliases are those seen in
//! real spam; the homophones of 加 and 微信 are a closed list on purpose.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::view::View;

/// The messenger, or telephone, a cue announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum App {
    Wechat,
    Qq,
    Telegram,
    Line,
    Whatsapp,
    Phone,
}

/// How far the word alone can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Means something else by itself: a colon or 号 must follow.
    Bare,
    /// A common word: a colon, 号 or at once a handle with a digit.
    Weak,
    /// Hardly ever anything else.
    Strong,
}

/// A cue in the view: cells `[first, end)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cue {
    pub app: App,
    pub rank: Rank,
    pub first: usize,
    pub end: usize,
    /// A verb such as 加 stands before it (and is part of it).
    pub verbed: bool,
}

/// Aliases by messenger and rank, blanks between them. Han in both scripts,
/// Latin in lower case. A Latin alias must begin and end as a word.
const PATTERNS: &[(App, Rank, &str)] = &[
    (
        App::Wechat,
        Rank::Strong,
        "微信 薇信 葳信 徽信 嶶信 㣲信 溦信 維信 维信 媺信 微芯 薇芯 微心 \
         薇心 徽芯 微❤ 薇❤ 微♥ 薇♥ 微x 微xin 薇x v信 v芯 v❤x v♥x v❤ v♥ vx wx weixin \
         wechat weichat wexin vxin wx号 vx号 微号 薇号 v号 加v 绿泡泡 綠泡泡 \
         绿色软件 綠色軟件 绿泡 佳喂 加喂 伽喂 家喂 加胃 加慰 加维 +喂 \
         威❤ 薇心 微亻言 微言号 卫星号 扣v 绿信",
    ),
    (
        App::Wechat,
        Rank::Weak,
        "微 薇 葳 徽 嶶 㣲 溦 媺 威 威信 威心 卫星 衛星 🛰 维芯 喂芯 v微",
    ),
    (App::Wechat, Rank::Bare, "v w"),
    (
        App::Qq,
        Rank::Strong,
        "qq 扣扣 企鹅 企鵝 🐧 企额 球球 腾讯号 騰訊號 抠抠 筘筘 蔻蔻 釦釦 \
         口口 q群 扣群 企鹅群 q号 扣号 qq群 qqun",
    ),
    (App::Qq, Rank::Weak, "扣 筘 蔻 抠 釦 冦 群号 群號"),
    (App::Qq, Rank::Bare, "q 口 秋 鸥 裙"),
    (
        App::Telegram,
        Rank::Strong,
        "telegram 电报 電報 纸飞机 紙飛機 小飞机 小飛機 飞机号 飛機號",
    ),
    (App::Telegram, Rank::Weak, "tg tele 飞机 飛機 ✈ 🛩"),
    (App::Line, Rank::Strong, "lineid 加line +line 賴id 赖id"),
    (App::Line, Rank::Weak, "賴 赖 瀨 籟"),
    (App::Line, Rank::Bare, "line"),
    (App::Whatsapp, Rank::Strong, "whatsapp whatapp watsapp whatsap wsapp"),
    (
        App::Phone,
        Rank::Strong,
        "电话 電話 手机 手機 联系 聯繫 聯絡 联络 热线 熱線 致电 致電 拨打 \
         撥打 来电 來電 座机 咨询 諮詢 ☎ 📞 📱 📲 tel telephone phone mobile \
         call text sms fax hotline contact ring",
    ),
];

/// Verbs that lift a weak cue: 加 and what is written for it.
const VERBS: &str = "加佳伽珈家咖嘉迦茄枷架夹+搜找添";

/// Most separators between two characters of a cue (企-鹅).
const GAP_MAX: usize = 2;

struct Pattern {
    chars: Vec<char>,
    app: App,
    rank: Rank,
}

static BY_FIRST: LazyLock<HashMap<char, Vec<Pattern>>> = LazyLock::new(|| {
    let mut map: HashMap<char, Vec<Pattern>> = HashMap::new();
    for &(app, rank, words) in PATTERNS {
        for word in words.split_whitespace() {
            let chars: Vec<char> = word.chars().collect();
            map.entry(chars[0]).or_default().push(Pattern {
                chars,
                app,
                rank,
            });
        }
    }
    for list in map.values_mut() {
        // The longest pattern at a place wins.
        list.sort_by_key(|p| std::cmp::Reverse(p.chars.len()));
    }
    map
});

/// First characters outside ASCII, 0x3400–0x9FFF as a bitmap: `prescan` asks
/// for every Han character of every text.
static WIDE: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut bits = vec![0u64; 0x1_0000 / 64];
    let firsts = BY_FIRST.keys().copied();
    for c in firsts.chain(VERBS.chars()).filter(|c| !c.is_ascii()) {
        let slot = usize::try_from(u32::from(c)).unwrap_or(0);
        if let Some(word) = bits.get_mut(slot / 64) {
            *word |= 1 << (slot % 64);
        }
    }
    bits
});

/// Whether a cue may begin with this character outside ASCII.
pub(super) fn may_start_wide(c: char) -> bool {
    let slot = usize::try_from(u32::from(c)).unwrap_or(0);
    match WIDE.get(slot / 64) {
        Some(word) => word >> (slot % 64) & 1 == 1,
        None => matches!(c, '🐧' | '🛰' | '🛩'),
    }
}

/// Whether a messenger cue may begin with this ASCII word. Errs towards yes.
/// (Telephone cues are not asked for: the number alone opens that gate.)
pub(super) fn may_start_ascii(rest: &[u8]) -> bool {
    let lower = |n: usize| rest.get(n).map_or(0, |b| b | 0x20);
    let letter = |n: usize| lower(n).is_ascii_lowercase();
    // A lone letter counts if what may follow it does: "t g", not "don't".
    let spaced = |n: usize, next: u8| {
        rest.get(n).is_some_and(|b| !b.is_ascii())
            || (!letter(n) && lower(n + 1) == next)
    };
    match lower(0) {
        b'v' => !letter(1) || lower(1) == b'x',
        b'q' => !letter(1) || lower(1) == b'q',
        b't' => match lower(1) {
            b'g' => !letter(2),
            b'e' => lower(2) == b'l' && lower(3) == b'e',
            _ => spaced(1, b'g'),
        },
        b'w' => match lower(1) {
            b'x' => true,
            b's' => lower(2) == b'a',
            b'e' => match lower(2) {
                b'i' => matches!(lower(3), b'x' | b'c') || spaced(3, b'x'),
                b'c' | b'x' => true,
                _ => spaced(2, b'c'),
            },
            b'h' => {
                rest.len() > 4
                    && lower(2) == b'a'
                    && lower(3) == b't'
                    && matches!(lower(4), b's' | b'a')
            }
            b'a' => lower(2) == b't' && lower(3) == b's',
            _ => !letter(1),
        },
        b'l' => lower(1) == b'i' && lower(2) == b'n' && lower(3) == b'e',
        _ => false,
    }
}

/// Finds all cues of the view in order.
pub(super) fn find(view: &View, out: &mut Vec<Cue>) {
    let mut i = 0;
    while let Some(cell) = view.get(i) {
        let possible = match cell.ch.is_ascii() {
            true => {
                cell.ch == '+'
                    || (cell.is_letter()
                        && !view.before(i).is_some_and(|c| c.is_letter()))
            }
            false => may_start_wide(cell.ch),
        };
        let list = possible.then(|| BY_FIRST.get(&cell.ch)).flatten();
        let found =
            list.and_then(|l| l.iter().find_map(|p| matches(view, i, p)));
        match found {
            Some(cue) => {
                i = cue.end.max(i + 1);
                out.push(cue);
            }
            None => i += 1,
        }
    }
}

fn matches(view: &View, first: usize, pattern: &Pattern) -> Option<Cue> {
    let latin = pattern.chars[0].is_ascii_lowercase();
    if latin && !begins_word(view, first, pattern.rank) {
        return None;
    }
    let mut at = first;
    let mut gapped = false;
    for (n, &want) in pattern.chars.iter().enumerate() {
        if n > 0 {
            let mut gap = 0;
            while view.ch(at) != want
                && gap < GAP_MAX
                && view.get(at).is_some_and(|c| c.is_sep() && c.ch != '\n')
            {
                at += 1;
                gap += 1;
            }
            // Latin words are spelled out letter by letter or not at all:
            // "w x" and "we chat", never "show x".
            let inside = pattern.chars[n - 1].is_ascii_lowercase()
                && want.is_ascii_lowercase();
            if gap > 0 && inside {
                if gap > 1 || !splits(&pattern.chars, n) {
                    return None;
                }
                gapped = true;
            }
        }
        if view.ch(at) != want {
            return None;
        }
        at += 1;
    }
    let (verbed, start) = match verb_before(view, first) {
        Some(start) => (true, start),
        None => (false, first),
    };
    let last_latin = pattern.chars.last().is_some_and(char::is_ascii);
    let glued = view.get(at).is_some_and(|c| c.is_letter());
    if last_latin && glued && !may_glue(view, start, pattern, verbed, gapped) {
        return None;
    }
    let rank = if verbed && pattern.app != App::Phone {
        Rank::Strong
    } else {
        pattern.rank
    };
    Some(Cue { app: pattern.app, rank, first: start, end: at, verbed })
}

/// A Latin alias begins a word, and is no parameter of a link (`?v=…`,
/// `&t=weixin_x`).
fn begins_word(view: &View, first: usize, rank: Rank) -> bool {
    let Some(before) = view.before(first) else { return true };
    let joined = match before.ch {
        '?' | '&' | '=' | '_' | '#' | '%' => true,
        '/' | '-' | '.' => {
            rank == Rank::Bare && first >= 2 && view.alnum_at(first - 2)
        }
        _ => false,
    };
    !joined && !before.is_letter()
}

/// Whether a Latin alias may be broken before its letter `n`.
fn splits(chars: &[char], n: usize) -> bool {
    let word: String = chars.iter().collect();
    match word.as_str() {
        "wx" | "vx" | "qq" | "tg" => true,
        "wechat" => n == 2,
        "weixin" => n == 3,
        "whatsapp" => n == 5,
        "lineid" => n == 4,
        _ => false,
    }
}

/// Whether a handle may follow the alias without a gap: `vxabc123`, and
/// after a verb `加vabc123`, but never `C++vector`.
fn may_glue(
    view: &View,
    start: usize,
    pattern: &Pattern,
    verbed: bool,
    gapped: bool,
) -> bool {
    if gapped || pattern.app == App::Phone {
        return false;
    }
    let twin = matches!(pattern.chars[..], ['v' | 'w', 'x']);
    let verb = verbed
        && !(view.ch(start) == '+'
            && view
                .before(start)
                .is_some_and(|c| c.ch == '+' || c.is_alnum()));
    let has_verb = matches!(pattern.chars[0], '加' | '扣') || verb;
    let han_led = !pattern.chars[0].is_ascii();
    twin || has_verb || (han_led && pattern.chars.len() == 2)
}

/// Where the verb before the cue starts, if there is one: at most one
/// separator between them (加.微).
fn verb_before(view: &View, first: usize) -> Option<usize> {
    let mut at = first.checked_sub(1)?;
    let is_verb = |i: usize| VERBS.contains(view.ch(i));
    if !is_verb(at) && view.get(at)?.is_sep() && view.ch(at) != '\n' {
        at = at.checked_sub(1)?;
    }
    (view.ch(at) != '\0' && is_verb(at)).then_some(at)
}
