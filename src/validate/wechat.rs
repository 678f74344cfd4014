//! In: an opening after a WeChat cue. Out: the WeChat id, telephone or QQ
//! number there. Never reports a plain English word.
//!
//! Rule: a WeChat id is 6–20 of letters, digits, `_` and `-`, beginning with
//! a letter or `_` (Tencent's help page; pages disagree on whether the first
//! character may be a sign). People also sign up by mobile or QQ number.

use super::Found;
use super::Kind;
use super::contact::Opening;
use super::contact::is_product;
use super::contact::read_handle;
use super::contact::read_spelled;
use super::contact::unit_follows;
use super::cue::Cue;
use super::cue::Rank;
use super::digits::Digits;
use super::view::View;

/// Most cells between a number and the cue behind it.
const BEFORE_MAX: usize = 3;
/// Shortest QQ number that is believed after a WeChat cue.
const QQ_MIN: usize = 7;

/// Reads the handle after a WeChat cue.
pub(super) fn read(
    view: &View,
    digits: &Digits,
    opening: &Opening,
) -> Option<Found> {
    number(view, digits, opening).or_else(|| id(view, opening))
}

/// `13800138000 卫星`: a mobile number may stand before its cue.
pub(super) fn read_before(
    view: &View,
    digits: &Digits,
    cue: Cue,
) -> Option<Found> {
    if cue.rank == Rank::Bare {
        return None;
    }
    let n = digits.number_before(view, cue.first, BEFORE_MAX, 11)?;
    let mobile = n.len() == 11
        && n.starts_with('1')
        && !n.value.starts_with("10")
        && !n.value.starts_with("12")
        && !n.value.starts_with("11");
    mobile.then(|| Found {
        kind: Kind::Wechat,
        span: view.span(n.first, n.end),
        cue: Some(view.span(cue.first, cue.end)),
        folds: view.folds(n.first, n.end) | n.folds,
        value: n.value,
        checksum: None,
    })
}

fn number(view: &View, digits: &Digits, opening: &Opening) -> Option<Found> {
    let n = digits.number_at(view, opening.at, 11)?;
    let mobile = n.len() == 11 && n.starts_with('1');
    let fits = mobile || (QQ_MIN..=11).contains(&n.len());
    let good = fits
        && !n.starts_with('0')
        && opening.allows(true)
        && !unit_follows(view, n.end)
        && !view.get(n.end).is_some_and(|c| c.is_letter());
    good.then(|| {
        let mut f = opening.found(view, Kind::Wechat, n.first, n.end, n.value);
        f.folds |= n.folds;
        f
    })
}

fn id(view: &View, opening: &Opening) -> Option<Found> {
    let first = view.get(opening.at)?;
    if !first.is_letter() && first.ch != '_' {
        return None;
    }
    let whole = read_handle(view, opening.at, "_-", 6, 20);
    // A word with more pieces behind it: `demo 1234 5678`.
    let believed = opening.announced || opening.cue.verbed;
    let word = believed && whole.as_ref().is_none_or(|h| !h.has_digit());
    let pieces = word.then(|| read_spelled(view, opening.at, 6, 20));
    let h = pieces.flatten().or(whole)?;
    let telling = h.has_digit() || h.value.contains('_') || h.lettered;
    // "wechat: please add me": a word and then more words.
    let wordy = view.ch(h.end) == ' '
        && view.get(h.end + 1).is_some_and(|c| c.is_letter());
    let plain = !telling && !h.has_sign();
    if plain && (wordy || opening.cue.rank == Rank::Bare || h.spaced) {
        return None;
    }
    // `微信.exe.config`, `wx.request(`, `weixin.com`: code and hosts.
    let joined = matches!(view.ch(h.end), '.' | '(' | '/' | '@')
        && (view.alnum_at(h.end + 1) || view.ch(h.end) == '(');
    let good = opening.allows(telling) && !joined && !is_product(&h.value);
    good.then(|| opening.found(view, Kind::Wechat, h.first, h.end, h.value))
}
