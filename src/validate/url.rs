//! In: the hosts of a text. Out: links: those with a scheme, `www.`, or a
//! path. Never a bare domain: `domain.rs` reports the host of every link and
//! those too, so a rule that wants all takes both.
//!
//! Rule: RFC 3986; `hxxp` is how analysts and spammers defuse a scheme.

use super::Found;
use super::Kind;
use super::KindSet;
use super::host::Host;
use super::view::View;

/// Reports the links.
pub(super) fn find(
    view: &View,
    hosts: &[Host],
    wanted: KindSet,
    out: &mut Vec<Found>,
) {
    if !wanted.has(Kind::Url) {
        return;
    }
    for host in hosts.iter().filter(|h| h.believed) {
        let www = host.name.starts_with("www.");
        if host.scheme || www || host.has_path() {
            let mut value = match host.scheme {
                true => scheme(view, host).to_owned(),
                false => String::new(),
            };
            value.push_str(&host.name);
            value.push_str(&host.path_text(view));
            out.push(host.found(view, Kind::Url, value));
        }
    }
}

/// The scheme as a browser would read it.
fn scheme(view: &View, host: &Host) -> &'static str {
    let at = host.link_first;
    if view.ch(at) == 'f' {
        "ftp://"
    } else if view.ch(at + 4) == 's' {
        "https://"
    } else {
        "http://"
    }
}
