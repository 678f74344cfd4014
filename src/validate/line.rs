//! In: an opening after a LINE cue, or the hosts of a text. Out: LINE ids
//! and links. Never takes the English word "line" for a cue by itself.
//!
//! Rule: 4–20 of letters, digits, `.`, `_` and `-` (LINE help center, "What
//! is a LINE ID?"); official accounts begin with `@`; links by line.me and
//! lin.ee.

use super::Found;
use super::Kind;
use super::KindSet;
use super::contact::Opening;
use super::contact::is_product;
use super::contact::read_handle;
use super::cue::Rank;
use super::host::Host;
use super::plane::Class;
use super::view::View;

/// How far around a bare "line:" Han characters are looked for.
const HAN_WINDOW: usize = 12;

/// Reads the id after a LINE cue.
pub(super) fn read(view: &View, opening: &Opening) -> Option<Found> {
    let at_sign = view.ch(opening.at) == '@';
    let first = opening.at + usize::from(at_sign);
    if !view.get(first)?.is_alnum() {
        return None;
    }
    let h = read_handle(view, first, "._-", 4, 20).filter(|h| !h.spaced)?;
    let telling = at_sign || (h.has_digit() && h.has_letter());
    // "on line: 1234", "error at line: foo", "the line:" in code and prose:
    // without Han around only an id that looks like one is believed.
    let bare = opening.cue.rank == Rank::Bare && !named_id(view, opening);
    if bare && !telling && !(h.has_letter() && han_near(view, opening)) {
        return None;
    }
    let digits_only = !h.has_letter() && !at_sign;
    let wordy = !telling
        && view.ch(h.end) == ' '
        && view.get(h.end + 1).is_some_and(|c| c.is_letter());
    let good = opening.allows(telling)
        && !wordy
        && !is_product(&h.value)
        && (!digits_only || h.value.len() >= 6)
        && view.ch(h.end) != '@';
    good.then(|| opening.found(view, Kind::Line, h.first, h.end, h.value))
}

/// Whether the connector spells "id".
fn named_id(view: &View, opening: &Opening) -> bool {
    (opening.cue.end..opening.at).any(|i| view.starts(i, "id"))
}

pub(super) fn han_near(view: &View, opening: &Opening) -> bool {
    let from = opening.cue.first.saturating_sub(HAN_WINDOW);
    (from..opening.at + HAN_WINDOW * 2)
        .any(|i| view.get(i).is_some_and(|c| c.class == Class::Other))
}

/// Links to accounts and groups.
pub(super) fn find_links(
    view: &View,
    hosts: &[Host],
    wanted: KindSet,
    out: &mut Vec<Found>,
) {
    if !wanted.has(Kind::Line) {
        return;
    }
    for host in hosts {
        let path = host.path_text(view);
        let rest = path.trim_start_matches('/');
        let id = match &*host.name {
            "lin.ee" => rest,
            "line.me" | "liff.line.me" => rest
                .strip_prefix("ti/")
                .or_else(|| rest.strip_prefix("R/ti/"))
                .map_or("", |r| r.split('/').nth(1).unwrap_or("")),
            _ => continue,
        };
        let id = id.strip_prefix("%40").unwrap_or(id);
        let value = id.trim_start_matches(['@', '~']).to_owned();
        if value.len() >= 4 {
            out.push(host.found(view, Kind::Line, value));
        }
    }
}
