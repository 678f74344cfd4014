//! stub
use crate::base::Span;
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind { Wechat, Url }
impl Kind {
    pub const ALL: [Kind; 2] = [Kind::Wechat, Kind::Url];
    pub fn as_str(self) -> &'static str { match self { Kind::Wechat => "wechat", Kind::Url => "url" } }
    pub fn from_name(name: &str) -> Option<Kind> { Kind::ALL.into_iter().find(|k| k.as_str() == name) }
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindSet(u16);
impl KindSet {
    pub const NONE: KindSet = KindSet(0);
    pub const ALL: KindSet = KindSet(3);
    pub const CONTACT: KindSet = KindSet(1);
    pub fn with(self, _k: Kind) -> KindSet { self }
    pub fn has(self, _k: Kind) -> bool { false }
    pub fn and(self, o: KindSet) -> KindSet { KindSet(self.0 & o.0) }
    pub fn or(self, o: KindSet) -> KindSet { KindSet(self.0 | o.0) }
    pub fn is_empty(self) -> bool { self.0 == 0 }
}
impl From<Kind> for KindSet { fn from(_k: Kind) -> KindSet { KindSet(0) } }
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Folds(u8);
impl Folds { pub fn names(self) -> impl Iterator<Item = &'static str> { ["digit"].into_iter() } pub fn is_empty(self) -> bool { true } }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found { pub kind: Kind, pub span: Span, pub cue: Option<Span>, pub folds: Folds, pub value: String, pub checksum: Option<bool> }
impl Found { pub fn is_contact(&self) -> bool { true } }
#[derive(Debug, Default)]
pub struct Scratch;
pub struct Need;
impl Need { pub fn kinds(self) -> KindSet { KindSet::NONE } }
pub fn prescan(_t: &str) -> Need { Need }
pub fn find(_t: &str, _w: KindSet, _s: &mut Scratch, _o: &mut Vec<Found>) {}
