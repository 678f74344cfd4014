//! In: an opening after a Telegram cue, or the hosts of a text. Out: user
//! names and invitation links. Never reports an `@name` without a cue: every
//! network has those.
//!
//! Rule: 5–32 of letters, digits and `_`, beginning with a letter
//! (core.telegram.org, "Username"); links by t.me, telegram.me, telegram.dog.

use super::Folds;
use super::Found;
use super::Kind;
use super::KindSet;
use super::contact::CONNECTOR_MAX;
use super::contact::Handle;
use super::contact::Opening;
use super::contact::is_product;
use super::contact::read_handle;
use super::cue::Cue;
use super::host;
use super::host::Host;
use super::view::View;

const HOSTS: &[&str] = &["t.me", "telegram.me", "telegram.dog"];

/// Reads the user name after a Telegram cue.
pub(super) fn read(view: &View, opening: &Opening) -> Option<Found> {
    // An at sign tells so much that other words may stand before it.
    let near = opening.cue.end..opening.cue.end + CONNECTOR_MAX + 2;
    let sign = near.clone().find(|&i| view.ch(i) == '@');
    let at_sign = sign.is_some();
    let first = sign.map_or(opening.at, |i| i + 1);
    let h = user(view, first)?;
    let telling =
        at_sign || h.has_digit() || h.value.contains('_') || h.lettered;
    let wordy = !telling
        && view.ch(h.end) == ' '
        && view.get(h.end + 1).is_some_and(|c| c.is_letter());
    let good = (at_sign || opening.allows(telling))
        && !wordy
        && !is_product(&h.value)
        && !is_mail_or_host(view, h.end);
    good.then(|| opening.found(view, Kind::Telegram, h.first, h.end, h.value))
}

/// `@name 飞机`: the cue may come second.
pub(super) fn read_before(view: &View, cue: Cue) -> Option<Found> {
    let mut end = cue.first;
    let limit = cue.first.saturating_sub(CONNECTOR_MAX);
    while end > limit && view.before(end).is_some_and(|c| c.is_sep()) {
        end -= 1;
    }
    let mut first = end;
    let floor = end.saturating_sub(33);
    while first > floor
        && view.before(first).is_some_and(|c| c.is_alnum() || c.ch == '_')
    {
        first -= 1;
    }
    let at = first.checked_sub(1)?;
    // `name@host` is mail.
    let mail = view.before(at).is_some_and(|c| c.is_alnum());
    if view.ch(at) != '@' || mail {
        return None;
    }
    let h = user(view, first).filter(|h| h.end == end)?;
    Some(Found {
        kind: Kind::Telegram,
        span: view.span(h.first, h.end),
        cue: Some(view.span(cue.first, cue.end)),
        folds: view.folds(h.first, h.end),
        value: h.value,
        checksum: None,
    })
}

fn user(view: &View, first: usize) -> Option<Handle> {
    // `@ d e m o _ l u c k y`
    let blank = view.ch(first) == ' ';
    let first = first + usize::from(blank);
    if !view.get(first)?.is_letter() {
        return None;
    }
    read_handle(view, first, "_", 5, 32)
        .filter(|h| h.lettered || !h.spaced && !blank)
}

fn is_mail_or_host(view: &View, end: usize) -> bool {
    matches!(view.ch(end), '@' | '.' | '/') && view.alnum_at(end + 1)
}

/// Links to users, groups and channels.
pub(super) fn find_links(
    view: &View,
    hosts: &[Host],
    wanted: KindSet,
    out: &mut Vec<Found>,
) {
    if !wanted.has(Kind::Telegram) {
        return;
    }
    find_spelled(view, out);
    for host in hosts.iter().filter(|h| HOSTS.contains(&&*h.name)) {
        // t.me/name, t.me/+invite, t.me/joinchat/invite, t.me/s/channel.
        let path = host.path_text(view);
        let rest = path.trim_start_matches('/');
        let rest = rest.strip_prefix("s/").unwrap_or(rest);
        let rest = rest.strip_prefix("joinchat/").unwrap_or(rest);
        let value: String = rest
            .chars()
            .take_while(|&c| {
                c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+')
            })
            .collect();
        if value.len() >= 4 {
            out.push(host.found(view, Kind::Telegram, value));
        }
    }
}

/// A slash in words.
const SLASHES: [&str; 5] = ["斜杠", "斜槓", "斜线", "斜線", "slash"];

/// `t . me / name`, `t点me斜杠name`: links taken apart, with a written slash
/// or with blanks beside dot and slash.
fn find_spelled(view: &View, out: &mut Vec<Found>) {
    for (at, cell) in view.cells.iter().enumerate() {
        let slash = match cell.orig {
            '/' => Some(1),
            '斜' | 's' => {
                let word = SLASHES.iter().find(|word| view.starts(at, word));
                word.map(|word| word.chars().count())
            }
            _ => None,
        };
        let Some(len) = slash else { continue };
        let blank = |i: usize| view.get(i).is_some_and(|c| c.orig == ' ');
        let Some(first) = spelled_host(view, at, len == 1) else { continue };
        let name = at + len + usize::from(blank(at + len));
        let user = view.get(name).filter(|c| c.is_letter());
        let user = user.and_then(|_| read_handle(view, name, "_", 5, 32));
        let apart = (first..name).any(blank) || len > 1;
        if let Some(h) = user.filter(|h| !h.spaced && apart) {
            out.push(Found {
                kind: Kind::Telegram,
                span: view.span(first, h.end),
                cue: None,
                folds: view.folds(first, h.end) | Folds::DOT,
                value: h.value,
                checksum: None,
            });
        }
    }
}

/// The first cell of a `t.me` that ends before `end`.
fn spelled_host(view: &View, end: usize, plain: bool) -> Option<usize> {
    let back = |i: usize| match view.before(i) {
        Some(cell) if cell.orig == ' ' => i - 1,
        _ => i,
    };
    let me = back(end).checked_sub(2).filter(|i| view.starts(*i, "me"))?;
    let dot = back(me).checked_sub(1)?;
    let first = back(dot).checked_sub(1).filter(|i| view.ch(*i) == 't')?;
    let sign = view.get(dot)?.orig;
    // A full stop between blanks is one of `t . me /`, and else ends a
    // sentence.
    let tight = first + 2 == me;
    let is_dot = host::is_dot(sign) || sign == '.' && (tight || plain);
    let begins = view.before(first).is_none_or(|c| {
        !c.is_alnum() && !matches!(c.ch, '\'' | '’' | '.' | '/')
    });
    (is_dot && begins).then_some(first)
}
