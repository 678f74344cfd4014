//! In: a text and the kinds wanted. Out: the structured things in it
//! (contacts, links, numbers with checksums), each with its exact bytes.
//! Never judges a text, never stores a thing it found, never allocates per
//! text beyond its scratch and the values it reports.
//!
//! One pass builds a *view* (`view.rs`): a cell a visible character, folded
//! by `plane.rs` (full-width, circled, look-alike letters; every shape of a
//! digit), invisible characters gone. Three searches share it:
//!
//! - `digits.rs` cuts the view into digit groups and enumerates windows of
//!   them; `cn_mobile.rs`, `phone.rs`, `bank_card.rs`, `cn_id.rs`,
//!   `number.rs` judge a window. `1 3 8-0013 8000` is one window of five
//!   groups.
//! - `host.rs` parses host names through obfuscated dots; `url.rs`,
//!   `domain.rs`, `email.rs`, `telegram.rs`, `line.rs`, `whatsapp.rs` take
//!   what they need from one list.
//! - `cue.rs` finds words that announce a contact (加薇, ➕V, 飞机号);
//!   `contact.rs` reads the handle that follows, `wechat.rs`, `qq.rs` and
//!   the others say which shapes they accept. `handle.rs` takes handles
//!   that no word announces.
//!
//! `prescan` is asked first and answers from the raw bytes. Most posts end
//! there.

mod bank_card;
mod cn_id;
mod cn_mobile;
mod contact;
mod crypto_wallet;
mod cue;
mod digits;
mod domain;
mod email;
mod glance;
mod handle;
mod host;
mod line;
mod lookalike;
mod number;
mod phone;
mod plane;
mod prescan;
mod qq;
mod telegram;
mod url;
mod view;
mod wechat;
mod whatsapp;

pub use glance::may_find;
pub use lookalike::lookalike;
pub use prescan::Need;
pub use prescan::prescan;

use std::ops::BitOr;
use std::ops::BitOrAssign;

use crate::base::Span;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Wechat,
    Qq,
    Telegram,
    Line,
    Whatsapp,
    /// Any telephone number but a Chinese mobile. Low precision alone.
    Phone,
    CnMobile,
    /// A link: it has a scheme, `www.` or a path.
    Url,
    /// The host of every link, and every bare domain.
    Domain,
    Email,
    BankCard,
    CnId,
    CryptoWallet,
    /// A row of 6 to 12 digits, whatever it means.
    Number,
    /// Latin letters with digits, as handles are, whether announced or not.
    Handle,
}

impl Kind {
    /// All kinds in their order.
    pub const ALL: [Kind; 15] = [
        Kind::Wechat,
        Kind::Qq,
        Kind::Telegram,
        Kind::Line,
        Kind::Whatsapp,
        Kind::Phone,
        Kind::CnMobile,
        Kind::Url,
        Kind::Domain,
        Kind::Email,
        Kind::BankCard,
        Kind::CnId,
        Kind::CryptoWallet,
        Kind::Number,
        Kind::Handle,
    ];

    /// The name in rule files and evidence.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Wechat => "wechat",
            Kind::Qq => "qq",
            Kind::Telegram => "telegram",
            Kind::Line => "line",
            Kind::Whatsapp => "whatsapp",
            Kind::Phone => "phone",
            Kind::CnMobile => "cn_mobile",
            Kind::Url => "url",
            Kind::Domain => "domain",
            Kind::Email => "email",
            Kind::BankCard => "bank_card",
            Kind::CnId => "cn_id",
            Kind::CryptoWallet => "crypto_wallet",
            Kind::Number => "number",
            Kind::Handle => "handle",
        }
    }

    /// The kind of that name; `contact` is no kind but a `KindSet`.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.as_str() == name)
    }

    fn bit(self) -> u16 {
        match self {
            Kind::Wechat => 1,
            Kind::Qq => 1 << 1,
            Kind::Telegram => 1 << 2,
            Kind::Line => 1 << 3,
            Kind::Whatsapp => 1 << 4,
            Kind::Phone => 1 << 5,
            Kind::CnMobile => 1 << 6,
            Kind::Url => 1 << 7,
            Kind::Domain => 1 << 8,
            Kind::Email => 1 << 9,
            Kind::BankCard => 1 << 10,
            Kind::CnId => 1 << 11,
            Kind::CryptoWallet => 1 << 12,
            Kind::Number => 1 << 13,
            Kind::Handle => 1 << 14,
        }
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindSet(u16);

impl KindSet {
    pub const NONE: KindSet = KindSet(0);
    pub const ALL: KindSet = KindSet((1 << 15) - 1);
    /// What the `contact` validator asks for. Of the two telephone kinds it
    /// takes only those with a cue: `Found::is_contact`.
    pub const CONTACT: KindSet = KindSet((1 << 7) - 1);
    const NUMBERS: KindSet = KindSet(0b10_1100_0110_0000);
    const MESSENGERS: KindSet = KindSet(0b1_1111);
    const HOSTS: KindSet = KindSet(0b11_1001_1100);

    pub fn with(self, kind: Kind) -> KindSet {
        KindSet(self.0 | kind.bit())
    }

    pub fn has(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }

    pub fn and(self, other: KindSet) -> KindSet {
        KindSet(self.0 & other.0)
    }

    pub fn or(self, other: KindSet) -> KindSet {
        KindSet(self.0 | other.0)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many kinds.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }
}

impl From<Kind> for KindSet {
    fn from(kind: Kind) -> KindSet {
        KindSet::NONE.with(kind)
    }
}

/// Which folds it took to see the thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Folds(u8);

impl Folds {
    pub const NONE: Folds = Folds(0);
    /// A digit that is not ASCII (numeral, circled, keycap, O for 0).
    pub const DIGIT: Folds = Folds(1);
    /// Separators or invisible characters inside.
    pub const SEP: Folds = Folds(1 << 1);
    /// Styled, full-width or look-alike letters.
    pub const STYLED: Folds = Folds(1 << 2);
    /// A dot or an at sign written otherwise.
    pub const DOT: Folds = Folds(1 << 3);
    /// Numeric character references, `hxxp`.
    pub const ESCAPE: Folds = Folds(1 << 4);
    /// Letters of another script (always with `STYLED`).
    pub const HOMOGLYPH: Folds = Folds(1 << 5);

    pub fn has(self, other: Folds) -> bool {
        self.0 & other.0 == other.0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the folds, for evidence.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (Folds::DIGIT, "digit"),
            (Folds::SEP, "sep"),
            (Folds::STYLED, "styled"),
            (Folds::DOT, "dot"),
            (Folds::ESCAPE, "escape"),
            (Folds::HOMOGLYPH, "homoglyph"),
        ]
        .into_iter()
        .filter(move |&(f, _)| self.has(f))
        .map(|(_, name)| name)
    }
}

impl BitOr for Folds {
    type Output = Folds;
    fn bitor(self, other: Folds) -> Folds {
        Folds(self.0 | other.0)
    }
}

impl BitOrAssign for Folds {
    fn bitor_assign(&mut self, other: Folds) {
        self.0 |= other.0;
    }
}

/// One structured thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub kind: Kind,
    /// Bytes of the identifier itself in the original text.
    pub span: Span,
    /// Bytes of the word that announced it.
    pub cue: Option<Span>,
    pub folds: Folds,
    /// Normalised: digits, handle, host, address.
    pub value: String,
    /// `Some(true)` if the thing carries a checksum and it holds. A thing
    /// whose checksum fails is not reported at all, but by `None` where the
    /// spelling leaves the checksum out (lower-case Ethereum).
    pub checksum: Option<bool>,
}

impl Found {
    /// Whether the `contact` validator takes it: a messenger handle, or a
    /// telephone number that was announced as one.
    pub fn is_contact(&self) -> bool {
        match self.kind {
            Kind::Wechat
            | Kind::Qq
            | Kind::Telegram
            | Kind::Line
            | Kind::Whatsapp => true,
            Kind::Phone | Kind::CnMobile => self.cue.is_some(),
            _ => false,
        }
    }
}

/// Memory that is used again for the next text; one per thread.
#[derive(Debug, Default)]
pub struct Scratch {
    view: view::View,
    digits: digits::Digits,
    cues: Vec<cue::Cue>,
    hosts: Vec<host::Host>,
}

impl Scratch {
    pub fn new() -> Scratch {
        Scratch::default()
    }
}

/// Finds every wanted thing in `text` and appends it to `out`, in order of
/// start, end and kind. Time is linear in the text.
pub fn find(
    text: &str,
    wanted: KindSet,
    scratch: &mut Scratch,
    out: &mut Vec<Found>,
) {
    let possible = wanted.and(prescan(text).kinds());
    if !possible.is_empty() {
        find_without_prescan(text, possible, scratch, out);
    }
}

/// `find` without its gate: what the property test compares `prescan` with.
#[doc(hidden)]
pub fn find_without_prescan(
    text: &str,
    wanted: KindSet,
    scratch: &mut Scratch,
    out: &mut Vec<Found>,
) {
    let first = out.len();
    let Scratch { view, digits, cues, hosts } = scratch;
    view.build(text);
    cues.clear();
    hosts.clear();
    let contacts = !wanted.and(KindSet::MESSENGERS).is_empty();
    let numbers = !wanted.and(KindSet::NUMBERS).is_empty();
    if contacts || numbers {
        digits.build(view);
    }
    if contacts || wanted.has(Kind::Phone) || wanted.has(Kind::CnMobile) {
        cue::find(view, cues);
    }
    if numbers {
        digits::find(view, digits, cues, wanted, out);
    }
    if !wanted.and(KindSet::HOSTS).is_empty() {
        host::find(view, hosts);
        url::find(view, hosts, wanted, out);
        domain::find(view, hosts, wanted, out);
        email::find(view, hosts, wanted, out);
        telegram::find_links(view, hosts, wanted, out);
        line::find_links(view, hosts, wanted, out);
        whatsapp::find_links(view, hosts, wanted, out);
    }
    if contacts {
        contact::find(view, digits, cues, wanted, out);
    }
    if wanted.has(Kind::CryptoWallet) {
        crypto_wallet::find(view, out);
    }
    if wanted.has(Kind::Handle) {
        handle::find(view, out);
    }
    sort(out, first);
}

/// Sorts the tail of `out` and drops doubles: two cues may announce one
/// handle, and the nearest one stays (it was pushed with the later cue).
fn sort(out: &mut Vec<Found>, first: usize) {
    let tail = &mut out[first..];
    tail.sort_by(|a, b| {
        let key = |f: &Found| (f.span, f.kind);
        key(a).cmp(&key(b)).then_with(|| b.cue.cmp(&a.cue))
    });
    let mut kept = first;
    for i in first..out.len() {
        let double = kept > first
            && out[kept - 1].kind == out[i].kind
            && out[kept - 1].span.overlaps(out[i].span);
        if double {
            // Of two overlapping finds of a kind the longer one stays.
            if out[i].span.len() > out[kept - 1].span.len() {
                out.swap(kept - 1, i);
            }
        } else {
            out.swap(kept, i);
            kept += 1;
        }
    }
    out.truncate(kept);
}
