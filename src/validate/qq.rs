//! In: an opening after a QQ cue, or a cue with a number before it. Out: the
//! QQ number. Never reports a number with a unit behind it (QQ 10000 人).
//!
//! Rule: 5–11 digits, the first not 0 (numbers are handed out in sequence
//! from 10000; eleven digits is the longest seen).

use super::Found;
use super::Kind;
use super::contact::CONNECTOR_MAX;
use super::contact::Opening;
use super::contact::unit_follows;
use super::cue::Cue;
use super::cue::Rank;
use super::digits::Digits;
use super::line::han_near;
use super::view::View;

/// Reads the number after a QQ cue.
pub(super) fn read(
    view: &View,
    digits: &Digits,
    opening: &Opening,
) -> Option<Found> {
    let n = digits.number_at(view, opening.at, 11)?;
    let glued = view.get(n.end).is_some_and(|c| c.is_letter());
    // A tight number behind a lone letter: `加q1234567` has its verb, and
    // `q1234567` is believed from six digits on.
    let tight = opening.gap == 0 && n.len() >= 6;
    let good = (5..=11).contains(&n.len())
        && !n.starts_with('0')
        && (opening.allows(true)
            || (tight
                && view.ch(opening.cue.first) == 'q'
                && han_near(view, opening)))
        && !unit_follows(view, n.end)
        && !glued;
    good.then(|| {
        let mut f = opening.found(view, Kind::Qq, n.first, n.end, n.value);
        f.folds |= n.folds;
        f
    })
}

/// `2787 9947 …家口口`: spam also puts the number first. Believed only with
/// a verb, or a cue of its own, and nothing but a few cells between.
pub(super) fn read_before(
    view: &View,
    digits: &Digits,
    cue: Cue,
) -> Option<Found> {
    if !cue.verbed || cue.rank != Rank::Strong {
        return None;
    }
    let n = digits.number_before(view, cue.first, CONNECTOR_MAX, 10)?;
    let good = (7..=10).contains(&n.len())
        && !n.starts_with('0')
        && !unit_follows(view, n.end);
    good.then(|| Found {
        kind: Kind::Qq,
        span: view.span(n.first, n.end),
        cue: Some(view.span(cue.first, cue.end)),
        folds: view.folds(n.first, n.end) | n.folds,
        value: n.value,
        checksum: None,
    })
}
