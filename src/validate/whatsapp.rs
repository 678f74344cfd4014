//! In: an opening after a WhatsApp cue, or the hosts of a text. Out: the
//! international number or the link. Never reports a number of fewer than
//! eight digits.
//!
//! Rule: an account is an E.164 number (at most 15 digits); links by wa.me,
//! api.whatsapp.com and chat.whatsapp.com (WhatsApp FAQ, "click to chat").

use super::Found;
use super::Kind;
use super::KindSet;
use super::contact::Opening;
use super::digits::Digits;
use super::host::Host;
use super::view::View;

/// "WhatsApp me now on +1…": words may stand between.
const WORDS_MAX: usize = 24;

/// Reads the number after a WhatsApp cue.
pub(super) fn read(
    view: &View,
    digits: &Digits,
    opening: &Opening,
) -> Option<Found> {
    let from = opening.cue.end;
    let at = (from..from + WORDS_MAX).find(|&i| {
        view.get(i).is_some_and(|c| c.is_digit() && c.is_alnum())
    })?;
    let n = digits.number_at(view, at, 15)?;
    let good = (8..=15).contains(&n.len())
        && !view.get(n.end).is_some_and(|c| c.is_letter());
    good.then(|| {
        let mut f =
            opening.found(view, Kind::Whatsapp, n.first, n.end, n.value);
        f.folds |= n.folds;
        f
    })
}

/// Links to chats and groups.
pub(super) fn find_links(
    view: &View,
    hosts: &[Host],
    wanted: KindSet,
    out: &mut Vec<Found>,
) {
    if !wanted.has(Kind::Whatsapp) {
        return;
    }
    for host in hosts {
        let path = host.path_text(view);
        let digits = |s: &str| -> String {
            s.chars().take_while(char::is_ascii_digit).collect()
        };
        let value = match &*host.name {
            "wa.me" => digits(path.trim_start_matches(['/', '+'])),
            "api.whatsapp.com" => match path.split_once("phone=") {
                Some((_, n)) => digits(n.trim_start_matches('+')),
                None => continue,
            },
            "chat.whatsapp.com" => path.trim_start_matches('/').to_owned(),
            _ => continue,
        };
        if value.len() >= 8 {
            out.push(host.found(view, Kind::Whatsapp, value));
        }
    }
}
