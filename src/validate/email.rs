//! In: the hosts of a text. Out: e-mail addresses, also with the at sign
//! written otherwise. Never takes "meet at example.com" for one.
//!
//! Rule: RFC 5321 dot-strings (64 octets before the sign), the letters that
//! real providers allow. The sign may be `@`, `＠`, `(at)`, `[at]`, ` at ` if
//! the dot is spelled out too, or `#` if the text says that it means one
//! (`#换成@`).

use super::Folds;
use super::Found;
use super::Kind;
use super::KindSet;
use super::host::Host;
use super::view::View;

const LOCAL_MAX: usize = 64;
/// How far behind the address the note about `#` may stand.
const NOTE_REACH: usize = 12;

/// Reports the addresses.
pub(super) fn find(
    view: &View,
    hosts: &[Host],
    wanted: KindSet,
    out: &mut Vec<Found>,
) {
    if !wanted.has(Kind::Email) {
        return;
    }
    for host in hosts.iter().filter(|h| !h.scheme) {
        let Some((end, disguised)) = sign_before(view, host) else {
            continue;
        };
        let first = local_start(view, end);
        if first == end {
            continue;
        }
        let local: String =
            (first..end).filter_map(|i| view.get(i)).map(|c| c.ch).collect();
        // `git@host:repo` is a checkout.
        if local == "git" {
            continue;
        }
        let mut folds = host.folds | view.folds(first, host.end);
        if disguised {
            folds |= Folds::DOT;
        }
        out.push(Found {
            kind: Kind::Email,
            span: view.span(first, host.end),
            cue: None,
            folds,
            value: format!("{local}@{}", host.name),
            checksum: None,
        });
    }
}

/// The cell behind the local part, and whether the sign is disguised.
fn sign_before(view: &View, host: &Host) -> Option<(usize, bool)> {
    let mut at = host.first.checked_sub(1)?;
    let spaced = view.ch(at) == ' ';
    if spaced {
        at = at.checked_sub(1)?;
    }
    let (end, disguised) = match view.ch(at) {
        '@' => (at, view.get(at)?.orig != '@' || spaced),
        '#' if says_hash_is_at(view, host.end) => (at, true),
        ')' | ']' | '}' => (bracketed_at(view, at)?, true),
        't' if spaced && host.folds.has(Folds::DOT) => {
            let start = at.checked_sub(1)?;
            let word = view.ch(start) == 'a' && view.ch(start - 1) == ' ';
            (word.then_some(start)?, true)
        }
        _ => return None,
    };
    let spaces = view.before(end).is_some_and(|c| c.ch == ' ');
    Some((if spaces && disguised { end - 1 } else { end }, disguised))
}

/// `(at)`, `[at]`, `(a)`, `[@]` ending at the bracket `close`.
fn bracketed_at(view: &View, close: usize) -> Option<usize> {
    [("at", 3), ("@", 2), ("a", 2), ("艾特", 3)].iter().find_map(
        |&(word, back)| {
            let open = close.checked_sub(back)?;
            let opens = matches!(view.ch(open), '(' | '[' | '{');
            (opens && view.starts(open + 1, word)).then_some(open)
        },
    )
}

/// "(#换成@)" and the like behind the address.
fn says_hash_is_at(view: &View, end: usize) -> bool {
    let note = end..end + NOTE_REACH;
    let mut hash = false;
    let mut change = false;
    for i in note {
        match view.ch(i) {
            '#' => hash = true,
            '换' | '換' | '改' | '替' | '为' | '成' => change = true,
            '@' => return hash && change,
            _ => {}
        }
    }
    false
}

fn local_start(view: &View, end: usize) -> usize {
    let floor = end.saturating_sub(LOCAL_MAX);
    let mut first = end;
    while first > floor
        && view
            .before(first)
            .is_some_and(|c| c.is_alnum() || "._%+-".contains(c.ch))
    {
        first -= 1;
    }
    while first < end && !view.alnum_at(first) {
        first += 1;
    }
    first
}
