//! In: a view. Out: the host names in it, with scheme and path, and whether
//! each is believed without them. Never resolves anything.
//!
//! Rule: RFC 1035 labels (63 octets, 253 in all), RFC 3986 for scheme and
//! path, UTS #46 for other scripts (crate idna), the ICANN section of the
//! public suffix list for what may come last (crate psl).
//!
//! A bare `a.b` is mostly no host: file names, code, abbreviations, a full
//! stop without a space. So the last label falls into a class: *strong* ones
//! (com, top, vip) are believed; *file* ones (py, md, so) never without a
//! scheme; *word* ones (is, me, today) only with a digit or hyphen in the
//! name or no Latin word around; the rest if nothing speaks against it. A dot
//! written otherwise (点, [.], 。) needs a strong last label.

use super::Folds;
use super::Found;
use super::Kind;
use super::plane::Class;
use super::view::Cell;
use super::view::View;

/// A host name: cells `[first, end)`, and the link around it.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub first: usize,
    pub end: usize,
    /// First cell of the scheme, or of the host.
    pub link_first: usize,
    /// End of port and path; `end` if there is none.
    pub link_end: usize,
    pub scheme: bool,
    /// Lower-case ASCII (A-labels).
    pub name: String,
    /// Believed as a link or a bare domain.
    pub believed: bool,
    pub folds: Folds,
}

impl Host {
    /// An IPv4 address: a link has one, a domain is none.
    pub(super) fn is_address(&self) -> bool {
        self.name.ends_with(|c: char| c.is_ascii_digit())
    }

    pub(super) fn has_path(&self) -> bool {
        self.link_end > self.end
    }

    /// Port, path and query as written, but for ignorables; "" if none.
    pub(super) fn path_text(&self, view: &View) -> String {
        (self.end..self.link_end)
            .filter_map(|i| view.get(i))
            .map(|c| match c.is_alnum() && !c.orig.is_ascii() {
                true => c.ch,
                false if c.orig.is_ascii() => c.orig,
                false => c.ch,
            })
            .collect()
    }

    /// A find of the whole link.
    pub(super) fn found(
        &self,
        view: &View,
        kind: Kind,
        value: String,
    ) -> Found {
        Found {
            kind,
            span: view.span(self.link_first, self.link_end),
            cue: None,
            folds: self.folds | view.folds(self.link_first, self.link_end),
            value,
            checksum: None,
        }
    }
}

/// Last labels that are neither words nor file names.
const STRONG: &str = " com net org cn top cc vip xyz club io shop online site \
    store tv tw hk icu ltd wang pw biz asia mobi cyou buzz sbs bond cfd edu \
    gov gg kim ren ink xin cf ga gq tk ml app info bet casino poker vegas \
    lol monster rest quest beauty hair skin makeup uno ooo dev website \
    press host fit ";

/// Last labels that are extensions of file names, or of code.
const FILES: &str = " py rs sh so md pl ps ai zip mov cs ts vb mm tf st cat \
    in mk as java name id am la do lc bz ms ci lk sc sr gs td tm vi cpa pub \
    map py hm cd int aero property date call show open target data style ";

/// Last labels that are words of English or other languages in the region.
const WORDS: &str = " is it me so to my be at no us am pm de la in do id as \
    an by he or va et es al se si tu ma li mo va wang today live life fun \
    love best work works world news now money cool games game link click win \
    party email new one here this day plus black blue red green pink center \
    city click company deals direct dog family farm fail fish flights \
    football free global gold golf guide guru haus help holiday house how \
    kids land law let like loan market mba media men moe network ninja \
    page photo pictures place play pub real run sale school science review \
    search secure security select services sex sexy show singles social soy \
    space star study style support surf systems talk tax team tech tips \
    tools tours town trade training travel university video vote watch \
    wedding win wine yoga you zone art bar baby band beer bid bike blog book \
    build business cafe call camp care cash chat cheap church coach codes \
    coffee credit date delivery design digital discount doctor earth eat \
    energy estate events exchange expert express finance fitness food forum \
    foundation fund fyi gift gifts graphics group health how immo jobs lease \
    legal limited living management memorial mom movie onl organic parts \
    partners photos pizza plumbing rent repair report rip rocks sarl ski \
    software solutions solar supply tattoo tennis theater tires toys trust \
    vacations ventures villas vision watches web wiki wow ";

/// Word-like last labels that are hosts after these names only; without a
/// path nobody would know.
const KNOWN: &str = " youtu.be t.me wa.me lin.ee goo.gl bit.ly line.me \
    about.me telegram.me twitch.tv redd.it paypal.me ";

/// Products that are written like hosts.
const PRODUCTS: &str = " asp.net ado.net vb.net ml.net paint.net node.js \
    socket.io java.net java.io system.net draw.io ";

/// Last labels under which a Han name without scheme is believed.
const HAN_TLDS: [&str; 6] = ["top", "com", "cc", "vip", "xyz", "net"];
const HAN_TLD_MAX: usize = 8;
/// Longest such name: more is a sentence that ran into a dot.
const HAN_LABEL_MAX: usize = 4;

/// Most labels of a host (253 octets, one and a dot each).
const LABELS_MAX: usize = 126;
const HOST_CHARS_MAX: usize = 253;
/// Longest path that is read.
const PATH_MAX: usize = 2048;

/// Whether a character outside ASCII stands for a dot between Latin letters.
pub(super) fn is_dot(c: char) -> bool {
    matches!(
        c,
        '。' | '．'
            | '｡'
            | '․'
            | '﹒'
            | '•'
            | '·'
            | '∙'
            | '⋅'
            | '・'
            | '‧'
            | '点'
            | '點'
            | '奌'
            | '丶'
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dot {
    Plain,
    /// Anything else: needs a strong last label.
    Written,
}

#[derive(Default)]
struct Labels {
    /// Cells of each label.
    at: Vec<(usize, usize)>,
    /// The dot before label `i + 1`.
    dots: Vec<Dot>,
}

/// Finds all hosts in order.
pub(super) fn find(view: &View, out: &mut Vec<Host>) {
    let mut i = 0;
    while let Some(cell) = view.get(i) {
        if cell.ch == ':' && view.ch(i + 1) == '/' && view.ch(i + 2) == '/' {
            let start = scheme_start(view, i);
            let known = start < i;
            i = host(view, i + 3, known.then_some(start), out).max(i + 3);
        } else if cell.is_alnum() {
            i = host(view, i, None, out).max(i + 1);
        } else if cell.class == Class::Other {
            i = han_host(view, i, out);
        } else {
            i += 1;
        }
    }
}

/// 墨渊.top: a short Han word, a plain dot and a strong last label. The
/// cell to go on from.
fn han_host(view: &View, first: usize, out: &mut Vec<Host>) -> usize {
    let mut end = first;
    while view.get(end).is_some_and(|c| c.class == Class::Other) {
        end += 1;
    }
    let mut tld_end = end + 1;
    while view.get(tld_end).is_some_and(Cell::is_letter) {
        tld_end += 1;
    }
    let tld: String =
        (end + 1..tld_end).map(|i| view.ch(i)).take(HAN_TLD_MAX).collect();
    let good = (2..=HAN_LABEL_MAX).contains(&(end - first))
        && view.get(end).is_some_and(|c| c.orig == '.')
        && HAN_TLDS.contains(&&*tld)
        && !view.get(tld_end).is_some_and(|c| c.ch == '-' || c.is_alnum())
        && !view.before(first).is_some_and(|c| c.is_alnum());
    if !good {
        return end;
    }
    let labels = Labels {
        at: vec![(first, end), (end + 1, tld_end)],
        dots: vec![Dot::Plain],
    };
    let Some(name) = name(view, &labels) else { return end };
    let mut host = build(view, &labels, None, name);
    host.believed = true;
    host.link_end = path_end(view, tld_end);
    let next = host.link_end;
    out.push(host);
    next
}

/// First cell of the scheme that ends at `end`; `end` if it is none.
fn scheme_start(view: &View, end: usize) -> usize {
    const SCHEMES: [&str; 6] =
        ["http", "https", "hxxp", "hxxps", "ftp", "ttp"];
    SCHEMES
        .iter()
        .filter_map(|s| end.checked_sub(s.len()).map(|at| (at, s)))
        .find(|&(at, s)| {
            view.starts(at, s) && !view.before(at).is_some_and(Cell::is_letter)
        })
        .map_or(end, |(at, _)| at)
}

/// Reads a host at `first`; the cell to go on from.
fn host(
    view: &View,
    first: usize,
    scheme: Option<usize>,
    out: &mut Vec<Host>,
) -> usize {
    let mut labels = read_labels(view, first, scheme.is_some());
    let stop = labels.at.last().map_or(first, |l| l.1);
    if let Some(name) = scheme.and_then(|_| ipv4(view, &labels)) {
        let host = build(view, &labels, scheme, name);
        let next = host.link_end;
        out.push(host);
        return next;
    }
    while labels.at.len() >= 2 {
        if let Some(name) = name(view, &labels) {
            let host = build(view, &labels, scheme, name);
            let next = host.link_end.max(stop);
            // A path is not searched for further hosts: they would be
            // parameters of this link.
            let goes_on =
                if host.believed { next } else { host.end.max(stop) };
            out.push(host);
            return goes_on;
        }
        // "abc.com。Then", "abc.com.Then": the sentence went on.
        let last = labels.at[labels.at.len() - 1].0;
        let capital = view.get(last).is_some_and(|c| c.orig.is_uppercase());
        if labels.dots.last() != Some(&Dot::Written) && !capital {
            break;
        }
        labels.at.pop();
        labels.dots.pop();
    }
    stop
}

fn read_labels(view: &View, first: usize, other: bool) -> Labels {
    let mut labels = Labels::default();
    let mut at = first;
    loop {
        let mut end = at;
        while view.get(end).is_some_and(|c| {
            c.is_alnum()
                || c.ch == '-'
                || c.ch == '_'
                || (other && c.class == Class::Other && !is_dot(c.orig))
        }) && end - first <= HOST_CHARS_MAX
        {
            end += 1;
        }
        if end == at {
            labels.dots.pop();
            return labels;
        }
        labels.at.push((at, end));
        let Some((next, dot)) = dot_at(view, end) else { return labels };
        if labels.at.len() >= LABELS_MAX || end - first > HOST_CHARS_MAX {
            return labels;
        }
        labels.dots.push(dot);
        at = next;
    }
}

/// The dot at `at` and the cell behind it, where a label begins.
fn dot_at(view: &View, at: usize) -> Option<(usize, Dot)> {
    let cell = view.get(at)?;
    let label = |i: usize| {
        view.get(i).is_some_and(|c| c.is_alnum() || c.class == Class::Other)
    };
    if cell.ch == '.' && label(at + 1) {
        let dot = if cell.orig == '.' { Dot::Plain } else { Dot::Written };
        return Some((at + 1, dot));
    }
    let space = |i: usize| usize::from(view.ch(i) == ' ');
    let open = at + space(at);
    let latin = |i: usize| {
        let i = i + space(i);
        view.alnum_at(i).then_some((i, Dot::Written))
    };
    if is_dot(view.get(open)?.orig) {
        return latin(open + 1);
    }
    if matches!(view.ch(open), '[' | '(' | '{') {
        let inner = open + 1 + space(open + 1);
        let len = match view.ch(inner) {
            '.' | ',' => 1,
            'd' if view.starts(inner, "dot") => 3,
            _ if is_dot(view.get(inner)?.orig) => 1,
            _ => return None,
        };
        let close = inner + len + space(inner + len);
        return matches!(view.ch(close), ']' | ')' | '}')
            .then_some(close + 1)
            .and_then(latin);
    }
    let spelled = open > at
        && view.starts(open, "dot")
        && view.ch(open + "dot".len()) == ' ';
    spelled.then_some(open + "dot".len()).and_then(latin)
}

/// The host as lower-case ASCII, if its last label is a public suffix.
fn name(view: &View, labels: &Labels) -> Option<String> {
    let spell = |shape: fn(&Cell) -> char| -> String {
        let mut name = String::new();
        for (n, &(a, b)) in labels.at.iter().enumerate() {
            if n > 0 {
                name.push('.');
            }
            name.extend(view.cells[a..b].iter().map(shape));
        }
        name
    };
    let folded = spell(|c| c.ch);
    if folded.is_ascii() {
        let written = spell(|c| match c.how.has(Folds::HOMOGLYPH) {
            true => c.orig,
            false => c.ch,
        });
        // A look-alike letter makes another host, unless that could not be
        // one: the fold of the last label decides.
        if written != folded {
            let ascii = idna::domain_to_ascii(&written).ok();
            if let Some(ascii) = ascii.filter(|a| suffix_known(a)) {
                return Some(ascii);
            }
        }
        return suffix_known(&folded).then_some(folded);
    }
    let ascii = idna::domain_to_ascii(&folded).ok()?;
    suffix_known(&ascii).then_some(ascii)
}

/// Four numbers below 256. Only links have them: elsewhere they are
/// versions.
fn ipv4(view: &View, labels: &Labels) -> Option<String> {
    let parts: Vec<String> = labels
        .at
        .iter()
        .map(|&(a, b)| view.cells[a..b].iter().map(|c| c.ch).collect())
        .collect();
    let good = parts.len() == 4
        && parts.iter().all(|p| p.len() <= 3 && p.parse::<u8>().is_ok());
    good.then(|| parts.join("."))
}

/// Whether the name ends in a suffix of the ICANN section and has a label
/// before it.
fn suffix_known(name: &str) -> bool {
    let fits = name.len() <= HOST_CHARS_MAX
        && name.split('.').all(|l| {
            (1..=63).contains(&l.len())
                && !l.starts_with('-')
                && !l.ends_with('-')
        });
    let tld = name.rsplit('.').next().unwrap_or("");
    let (unicode, _) = match tld.starts_with("xn--") {
        true => idna::domain_to_unicode(tld),
        false => (tld.to_owned(), Ok(())),
    };
    let icann = psl::suffix(unicode.as_bytes())
        .is_some_and(|s| s.is_known() && s.typ() == Some(psl::Type::Icann));
    fits && icann && psl::domain(name.as_bytes()).is_some()
}

fn build(
    view: &View,
    labels: &Labels,
    scheme: Option<usize>,
    name: String,
) -> Host {
    let first = labels.at[0].0;
    let end = labels.at[labels.at.len() - 1].1;
    let mut folds = Folds::NONE;
    if labels.dots.contains(&Dot::Written) {
        folds |= Folds::DOT;
    }
    if scheme.is_some_and(|s| view.starts(s, "hx")) {
        folds |= Folds::ESCAPE;
    }
    let after_at = view.before(first).is_some_and(|c| c.ch == '@');
    let link_end = path_end(view, end);
    let path = link_end > end;
    let believed =
        scheme.is_some() || (!after_at && believed(view, labels, &name, path));
    Host {
        first,
        end,
        link_first: scheme.unwrap_or(first),
        link_end: if believed { link_end } else { end },
        scheme: scheme.is_some(),
        name,
        believed,
        folds,
    }
}

/// Port, path, query and fragment: RFC 3986 characters, without the
/// punctuation of the sentence around.
fn path_end(view: &View, end: usize) -> usize {
    let mut at = end;
    if view.ch(at) == ':' && view.get(at + 1).is_some_and(Cell::is_digit) {
        at += 1;
        while view.get(at).is_some_and(|c| c.class == Class::Digit) {
            at += 1;
        }
    }
    if !matches!(view.ch(at), '/' | '?' | '#') {
        return at;
    }
    let start = at;
    let mut depth = 0i32;
    while let Some(cell) = view.get(at).filter(|_| at - start < PATH_MAX) {
        let ok = cell.is_alnum()
            || (cell.orig.is_ascii()
                && "-._~:/?#[]@!$&'()*+,;=%".contains(cell.ch));
        if !ok {
            break;
        }
        match cell.ch {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            break;
        }
        at += 1;
    }
    while at > end
        && matches!(
            view.ch(at - 1),
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '(' | '[' | ']' | '#'
        )
    {
        at -= 1;
    }
    at
}

/// Whether a name without a scheme is a host.
fn believed(view: &View, labels: &Labels, name: &str, path: bool) -> bool {
    let (first, end) = (labels.at[0].0, labels.at[labels.at.len() - 1].1);
    if name.starts_with("www.") && labels.at.len() > 2 {
        return true;
    }
    let listed =
        |list: &str, s: &str| list.split_ascii_whitespace().any(|w| w == s);
    let tld = name.rsplit('.').next().unwrap_or("");
    let (host, _) = name.split_at(name.len() - tld.len());
    let strong = listed(STRONG, tld);
    let main = host.trim_end_matches('.');
    let main = main.rsplit('.').next().unwrap_or("");
    let numeric = main.bytes().all(|b| b.is_ascii_digit());
    if listed(PRODUCTS, name) || spelled_like_code(view, first, end, name) {
        return false;
    }
    let telling = main.bytes().any(|b| b.is_ascii_digit() || b == b'-');
    if capital_only(view, labels) && !(strong && telling) {
        // "Example.Com" is a title; "end.The" is a sentence.
        let title = matches!(tld, "com" | "net" | "org");
        return title && main.len() >= 3;
    }
    if labels.dots.contains(&Dot::Written) {
        // 9点pro, 3点com: times, unless the number is long.
        let short = numeric && main.len() < 3;
        return (strong || path || (tld == "me" && telling)) && !short;
    }
    if listed(KNOWN, name) {
        return path;
    }
    // 02777.HK is a share.
    if numeric && tld == "hk" {
        return path;
    }
    if listed(FILES, tld) {
        return path && main.len() >= 3 && telling;
    }
    if listed(WORDS, tld) {
        let country = tld.len() == 2;
        return path && main.len() >= 2 && (!country || telling)
            || (telling && !numeric)
            || (numeric && main.len() >= 4 && isolated(view, first, end))
            || (!country && main.len() >= 3 && isolated(view, first, end));
    }
    if strong {
        return !numeric || main.len() >= 3;
    }
    // Any other suffix: e.g, i.e, p.s, and numbers, are none.
    main.len() >= 3
        && !numeric
        && (path
            || telling
            || isolated(view, first, end)
            || labels.at.len() > 2)
}

/// Code and packages: `foo_bar.id`, `$x.name`, `a.io(`, `com.example.app`,
/// `src/main.cc`.
fn spelled_like_code(
    view: &View,
    first: usize,
    end: usize,
    name: &str,
) -> bool {
    let before = view.before(first).map_or('\0', |c| c.ch);
    let after = view.ch(end);
    let package = ["com.", "org.", "net.", "io.", "cn."]
        .iter()
        .any(|p| name.starts_with(p) && name.matches('.').count() > 1);
    name.contains('_')
        || package
        || matches!(before, '$' | '.' | '_' | '\\' | '/' | '-')
        || after == '(' && !name.ends_with(".com")
        || matches!(after, '_' | '\\')
        || (after == '.'
            && view
                .get(end + 1)
                .is_some_and(|c| c.is_alnum() && !c.orig.is_uppercase()))
}

/// The last label begins with a capital and the host is not all capitals.
fn capital_only(view: &View, labels: &Labels) -> bool {
    let (a, b) = labels.at[labels.at.len() - 1];
    let upper =
        |i: usize| view.get(i).is_some_and(|c| c.orig.is_ascii_uppercase());
    let lower =
        |i: usize| view.get(i).is_some_and(|c| c.orig.is_ascii_lowercase());
    let first = labels.at[0].0;
    upper(a) && ((a + 1..b).any(lower) || (first..a).any(lower))
}

/// No Latin word stands before or after, past a space.
fn isolated(view: &View, first: usize, end: usize) -> bool {
    let latin = |c: Option<&Cell>| c.is_some_and(Cell::is_letter);
    let spaced = |i: usize| view.ch(i) == ' ';
    let before = match first.checked_sub(1) {
        Some(b) if spaced(b) => view.before(b),
        _ => view.before(first),
    };
    let after = if spaced(end) { view.get(end + 1) } else { view.get(end) };
    !latin(before) && !latin(after)
}
