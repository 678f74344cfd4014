//! In: the hosts of a text. Out: the domains, each as lower-case ASCII
//! (punycode for other scripts). Never the host of an e-mail address.
//!
//! Rule: the public suffix list decides what is a domain at all (`host.rs`).

use super::Found;
use super::Kind;
use super::KindSet;
use super::host::Host;
use super::view::View;

/// Reports the domains.
pub(super) fn find(
    view: &View,
    hosts: &[Host],
    wanted: KindSet,
    out: &mut Vec<Found>,
) {
    if !wanted.has(Kind::Domain) {
        return;
    }
    for host in hosts.iter().filter(|h| h.believed && !h.is_address()) {
        out.push(Found {
            kind: Kind::Domain,
            span: view.span(host.first, host.end),
            cue: None,
            folds: host.folds | view.folds(host.first, host.end),
            value: host.name.clone(),
            checksum: None,
        });
    }
}
