//! In: a view. Out: its digit groups and windows of neighbouring groups that
//! could be one number. Never says what a number means.
//!
//! A *group* is a row of digit cells with nothing between them; the gap to
//! the next group has a *width*: 1 a hyphen, dot, bracket or emoji, 2 a
//! space, 3 a comma, colon or slash, 9 a word or the end. A number may span
//! groups only over gaps that are tighter than those at its ends, so that
//! of `138-0013-8000 139-0013-9000` both are seen and `2023-01-05 12:30` is
//! none. Letters o, l and I count as digits if the row they stand in holds
//! nothing else (`138oo138ooo`).

use super::Folds;
use super::Found;
use super::Kind;
use super::KindSet;
use super::bank_card;
use super::cn_id;
use super::cn_mobile;
use super::cue::App;
use super::cue::Cue;
use super::number;
use super::phone;
use super::plane::Class;
use super::plane::NO_DIGIT;
use super::plane::digit_lookalike;
use super::view::Cell;
use super::view::View;

/// No neighbour: a word, a line break or the end of the text.
pub(super) const BREAK: u8 = 9;
/// Most separators in one gap.
const GAP_CELLS_MAX: usize = 3;
/// Longest number that is assembled: 0086 and 15 digits, or a 19-digit card.
const NUMBER_MAX: usize = 19;
/// Longest international number without its prefix.
const E164_MAX: usize = 15;
/// Digits a number must have that are digits, not look-alikes.
const TRUE_MIN: usize = 5;
/// How far before a number its cue may end.
const CUE_REACH: usize = 8;

/// A row of digits: cells `[first, end)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub first: usize,
    pub end: usize,
    /// Where its digits lie in `Digits::digits`.
    at: usize,
    /// Digits that are no look-alike letters.
    sure: usize,
    /// Width of the gap to the next group, and its character.
    gap: u8,
    gap_ch: char,
    glued_left: bool,
    glued_right: bool,
}

impl Group {
    fn len(&self) -> usize {
        self.end - self.first
    }
}

/// The digit groups of one text.
#[derive(Debug, Default)]
pub(super) struct Digits {
    digits: Vec<u8>,
    groups: Vec<Group>,
}

/// A number: cells `[first, end)` and its ASCII digits.
#[derive(Clone, Debug)]
pub(super) struct Number {
    pub first: usize,
    pub end: usize,
    pub value: String,
    pub folds: Folds,
}

impl Number {
    pub(super) fn len(&self) -> usize {
        self.value.len()
    }

    pub(super) fn starts_with(&self, c: char) -> bool {
        self.value.starts_with(c)
    }
}

/// Neighbouring groups, seen as one number.
pub(super) struct Window<'a> {
    pub view: &'a View,
    pub groups: &'a [Group],
    /// Values 0–9.
    pub digits: &'a [u8],
    /// Widest gap inside; 0 for one group.
    inner: u8,
    /// Widths of the gaps outside; 0 where a letter is glued on.
    left: u8,
    right: u8,
    /// All gaps inside are one and the same character.
    uniform: bool,
    /// Cells.
    pub first: usize,
    pub end: usize,
}

impl Window<'_> {
    /// The digits as text.
    pub(super) fn text(&self) -> String {
        self.digits.iter().map(|&d| char::from(b'0' + d)).collect()
    }

    /// Lengths of the groups, single digits in a row taken together:
    /// `1 3 8-0013 8000` has the shape 3 4 4.
    pub(super) fn shape(&self, out: &mut [usize; NUMBER_MAX]) -> usize {
        let mut n = 0;
        let mut single = false;
        for g in self.groups {
            if single && g.len() == 1 {
                out[n - 1] += 1;
            } else if n < out.len() {
                out[n] = g.len();
                n += 1;
            }
            single = g.len() == 1;
        }
        n
    }

    /// Whether the number stands apart from its neighbours. `canonical`: its
    /// shape is a usual one, so equal gaps outside do no harm.
    pub(super) fn apart(&self, canonical: bool) -> bool {
        let apart = |side: u8| {
            side == BREAK
                || (side >= 2
                    && (side > self.inner
                        || (canonical && side == self.inner)))
        };
        self.inner <= 2 && apart(self.left) && apart(self.right)
    }

    /// No Latin letter is glued to it but one that announces a number.
    pub(super) fn stands_free(&self) -> bool {
        self.left != 0 && self.right != 0
    }

    /// All groups are one digit (or all two) with the same thing between.
    pub(super) fn spelled(&self) -> bool {
        let n = self.groups.len();
        n > 4
            && self.uniform
            && self.groups[..n - 1]
                .iter()
                .all(|g| g.len() == self.groups[0].len())
            && self.groups.iter().all(|g| g.len() <= 2)
    }

    pub(super) fn single(&self) -> bool {
        self.groups.len() == 1
    }

    pub(super) fn uniform(&self) -> bool {
        self.uniform
    }

    pub(super) fn groups_len(&self, i: usize) -> usize {
        self.groups.get(i).map_or(0, Group::len)
    }

    /// The width-1 gap between groups `i` and `i + 1` is this character.
    pub(super) fn gap_is(&self, i: usize, c: char) -> bool {
        self.groups.get(i).is_some_and(|g| g.gap_ch == c)
    }

    /// A plus sign (or an opening bracket and one) stands before.
    pub(super) fn plus_before(&self) -> bool {
        self.view.before(self.first).is_some_and(|c| c.ch == '+')
    }

    pub(super) fn folds(&self) -> Folds {
        folds(self.view, self.groups)
    }
}

fn folds(view: &View, groups: &[Group]) -> Folds {
    let mut how = Folds::NONE;
    for g in groups {
        how |= view.folds(g.first, g.end);
        if g.sure < g.len() {
            how |= Folds::DIGIT;
        }
    }
    if groups.len() > 1 { how | Folds::SEP } else { how }
}

impl Digits {
    /// Replaces the groups by those of `view`.
    pub(super) fn build(&mut self, view: &View) {
        self.digits.clear();
        self.groups.clear();
        let mut i = 0;
        while let Some(cell) = view.get(i) {
            if !is_digitish(cell) {
                i += 1;
                continue;
            }
            let mut end = i;
            while view.get(end).is_some_and(is_digitish) {
                end += 1;
            }
            self.row(view, i, end);
            i = end;
        }
        for i in 0..self.groups.len() {
            let next = self.groups.get(i + 1).map(|g| g.first);
            let (gap, ch) = match next {
                Some(next) => gap(view, self.groups[i].end, next),
                None => (BREAK, '\0'),
            };
            self.groups[i].gap = gap;
            self.groups[i].gap_ch = ch;
        }
    }

    /// A row of Latin letters and digits becomes one group, or a group for
    /// each of its digit runs.
    fn row(&mut self, view: &View, first: usize, end: usize) {
        let cells = &view.cells[first..end];
        let sure = cells.iter().filter(|c| c.is_digit()).count();
        let all = cells.iter().all(|c| value(c).is_some());
        if all && sure * 2 >= cells.len() {
            let (a, b) = trim(cells);
            self.push(view, first + a, first + b);
            return;
        }
        let mut i = first;
        while i < end {
            if !view.cells[i].is_digit() {
                i += 1;
                continue;
            }
            let mut stop = i;
            while stop < end && view.cells[stop].is_digit() {
                stop += 1;
            }
            // "vx138oo138ooo": look-alikes up to the end of the row.
            let tail = &view.cells[i..end];
            let sure = tail.iter().filter(|c| c.is_digit()).count();
            if tail.iter().all(|c| value(c).is_some())
                && sure >= TRUE_MIN
                && sure * 2 >= tail.len()
            {
                stop = end;
            }
            let (a, b) = trim(&view.cells[i..stop]);
            self.push(view, i + a, i + b);
            i = stop;
        }
    }

    fn push(&mut self, view: &View, first: usize, end: usize) {
        if first >= end {
            return;
        }
        let cells = &view.cells[first..end];
        let at = self.digits.len();
        self.digits.extend(cells.iter().filter_map(value));
        self.groups.push(Group {
            first,
            end,
            at,
            sure: cells.iter().filter(|c| c.is_digit()).count(),
            gap: BREAK,
            gap_ch: '\0',
            glued_left: view.before(first).is_some_and(Cell::is_letter),
            glued_right: view.get(end).is_some_and(Cell::is_letter),
        });
    }

    /// The number that begins at cell `at`, of at most `max` digits; groups
    /// are joined while they look like parts of one number. A country code
    /// 86 before a mobile number is dropped.
    pub(super) fn number_at(
        &self,
        view: &View,
        at: usize,
        max: usize,
    ) -> Option<Number> {
        let i = self.groups.binary_search_by_key(&at, |g| g.first).ok()?;
        let mut end = i + 1;
        let mut total = self.groups[i].len();
        let mut cap = max;
        if self.digits[self.groups[i].at..].starts_with(&[8, 6]) {
            cap = max.max(13);
        }
        while let Some(next) = self.groups.get(end) {
            let last = &self.groups[end - 1];
            // Behind a plus sign any grouping is one number.
            let e164 = max >= E164_MAX
                && view.before(at).is_some_and(|c| c.ch == '+')
                && last.gap <= 2
                && next.len() <= 7;
            if !(joins(last, next, total) || e164) || total + next.len() > cap
            {
                break;
            }
            total += next.len();
            end += 1;
        }
        self.number(view, i, end, cap).filter(|n| n.len() <= max)
    }

    /// The number that ends at most `within` separators or letters before
    /// cell `at`.
    pub(super) fn number_before(
        &self,
        view: &View,
        at: usize,
        within: usize,
        max: usize,
    ) -> Option<Number> {
        let after = self.groups.partition_point(|g| g.end <= at);
        let last = after.checked_sub(1)?;
        if at - self.groups[last].end > within {
            return None;
        }
        let mut first = last;
        let mut total = self.groups[last].len();
        while let Some(before) = first.checked_sub(1) {
            let g = &self.groups[before];
            if !joins(g, &self.groups[first], 0)
                || g.gap > 2
                || total + g.len() > max
            {
                break;
            }
            total += g.len();
            first = before;
        }
        let g = &self.groups[first];
        if g.glued_left || self.groups[last].glued_right {
            return None;
        }
        self.number(view, first, last + 1, max)
    }

    fn number(
        &self,
        view: &View,
        first: usize,
        end: usize,
        max: usize,
    ) -> Option<Number> {
        let groups = self.groups.get(first..end)?;
        let (a, b) = (groups.first()?, groups.last()?);
        let digits = self.digits.get(a.at..b.at + b.len())?;
        let sure: usize = groups.iter().map(|g| g.sure).sum();
        if digits.len() > max || sure < TRUE_MIN {
            return None;
        }
        let coded = digits.len() == 13
            && digits.starts_with(&[8, 6, 1])
            && digits[3] >= 3;
        let digits = if coded { &digits[2..] } else { digits };
        Some(Number {
            first: a.first,
            end: b.end,
            value: digits.iter().map(|&d| char::from(b'0' + d)).collect(),
            folds: folds(view, groups),
        })
    }
}

/// Whether two neighbouring groups read as parts of one number of which
/// `total` digits are seen: short rows, or rows of three to five.
fn joins(last: &Group, next: &Group, total: usize) -> bool {
    let alike = |g: &Group| (3..=5).contains(&g.len());
    let spelled = last.len() <= 2 && next.len() <= 2;
    let sticks = last.gap == 1 || last.gap == 2;
    sticks
        && !last.glued_right
        && !next.glued_left
        && (spelled || (alike(next) && (total < 5 || last.len() <= 5)))
}

/// A cell of a row: a Latin letter or anything with a digit value.
fn is_digitish(cell: &Cell) -> bool {
    cell.is_alnum() || cell.is_digit()
}

fn value(cell: &Cell) -> Option<u8> {
    if cell.digit != NO_DIGIT {
        return Some(cell.digit);
    }
    digit_lookalike(cell.ch, cell.orig)
}

/// Drops Han numerals at the ends of a row that is otherwise digits: of
/// 唯一13800138000 the 一 is a word. A row of ten needs its numeral.
fn trim(cells: &[Cell]) -> (usize, usize) {
    let han = |c: &Cell| c.class == Class::Other;
    let a = cells.iter().take_while(|c| han(c)).count();
    let tail = cells[a..].iter().rev().take_while(|c| han(c)).count();
    let b = cells.len() - tail;
    let core = b - a;
    let words = a + tail > 0 && a + tail <= 2;
    let mixed = cells[a..b].iter().any(han);
    if words && !mixed && core >= TRUE_MIN && core != 10 {
        (a, b)
    } else {
        (0, cells.len())
    }
}

/// The width of the gap between two groups, and its first character.
fn gap(view: &View, from: usize, to: usize) -> (u8, char) {
    if to - from > GAP_CELLS_MAX || from >= to {
        return (BREAK, '\0');
    }
    let mut width = 1;
    for i in from..to {
        let Some(cell) = view.get(i).filter(|c| c.is_sep()) else {
            return (BREAK, '\0');
        };
        let w = match cell.ch {
            '\n' | '¥' | '￥' | '$' | '€' | '£' | '%' => BREAK,
            ' ' => 2,
            ',' | ';' | ':' | '/' | '|' | '=' | '<' | '>' | '、' | '。'
            | '"' | '[' | ']' | '~' | '@' | '!' | '?' => 3,
            _ => 1,
        };
        // Two spaces are a column, not a gap.
        let double = cell.ch == ' ' && i > from && view.ch(i - 1) == ' ';
        width = width.max(if double { 3 } else { w });
    }
    (width, view.ch(from))
}

/// Enumerates the windows and lets every number validator judge them.
pub(super) fn find(
    view: &View,
    digits: &Digits,
    cues: &[Cue],
    wanted: KindSet,
    out: &mut Vec<Found>,
) {
    for i in 0..digits.groups.len() {
        let mut total = 0;
        let mut inner = 0;
        let mut sure = 0;
        let mut uniform = true;
        for j in i..digits.groups.len() {
            let g = digits.groups[j];
            total += g.len();
            sure += g.sure;
            if total > NUMBER_MAX {
                break;
            }
            if j > i {
                let before = digits.groups[j - 1];
                inner = inner.max(before.gap);
                uniform &= before.gap_ch == digits.groups[i].gap_ch;
            }
            if sure >= TRUE_MIN {
                let w = window(view, digits, (i, j), inner, uniform);
                judge(&w, cues, wanted, out);
            }
            if g.gap > 2 && !(g.gap == 3 && g.len() == 1) {
                break;
            }
        }
    }
}

fn window<'a>(
    view: &'a View,
    digits: &'a Digits,
    (i, j): (usize, usize),
    inner: u8,
    uniform: bool,
) -> Window<'a> {
    let groups = &digits.groups[i..=j];
    let (a, b) = (groups[0], groups[j - i]);
    let left = match i.checked_sub(1) {
        _ if a.glued_left && !cue_glued(view, a.first) => 0,
        Some(h) => digits.groups[h].gap,
        None => BREAK,
    };
    let right = if b.glued_right { 0 } else { b.gap };
    // A spelled-out number may use any one separator: 1/3/8/0/0…
    let singles = uniform && groups.iter().all(|g| g.len() == 1);
    Window {
        view,
        groups,
        digits: &digits.digits[a.at..b.at + b.len()],
        inner: if singles { inner.min(2) } else { inner },
        left,
        right,
        uniform,
        first: a.first,
        end: b.end,
    }
}

/// Letters glued before a number that announce one: `vx138…`, `tel010-…`.
fn cue_glued(view: &View, first: usize) -> bool {
    let mut start = first;
    let floor = first.saturating_sub(10);
    while start > floor && view.before(start).is_some_and(Cell::is_letter) {
        start -= 1;
    }
    let word: String = (start..first).map(|i| view.ch(i)).collect();
    matches!(
        &*word,
        "v" | "vx"
            | "wx"
            | "q"
            | "qq"
            | "tel"
            | "phone"
            | "wechat"
            | "weixin"
            | "call"
            | "text"
            | "dh"
            | "mob"
            | "mobile"
            | "t"
            | "fax"
            | "on"
            | "whatsapp"
    )
}

fn judge(w: &Window, cues: &[Cue], wanted: KindSet, out: &mut Vec<Found>) {
    if wanted.has(Kind::CnMobile)
        && let Some(value) = cn_mobile::judge(w)
    {
        out.push(found(w, cues, Kind::CnMobile, value));
    }
    if wanted.has(Kind::Phone) {
        let cue = cue_near(w, cues, Kind::Phone);
        if let Some(value) = phone::judge(w, cue.is_some()) {
            out.push(found(w, cues, Kind::Phone, value));
        }
    }
    if wanted.has(Kind::Number)
        && let Some(value) = number::judge(w)
    {
        out.push(found(w, &[], Kind::Number, value));
    }
    if wanted.has(Kind::BankCard)
        && let Some(value) = bank_card::judge(w)
    {
        let mut f = found(w, &[], Kind::BankCard, value);
        f.checksum = Some(true);
        out.push(f);
    }
    if wanted.has(Kind::CnId)
        && let Some((value, end)) = cn_id::judge(w)
    {
        let mut f = found(w, &[], Kind::CnId, value);
        f.span = w.view.span(w.first, end);
        f.checksum = Some(true);
        out.push(f);
    }
}

fn found(w: &Window, cues: &[Cue], kind: Kind, value: String) -> Found {
    Found {
        kind,
        span: w.view.span(w.first, w.end),
        cue: cue_near(w, cues, kind).map(|c| w.view.span(c.first, c.end)),
        folds: w.folds(),
        value,
        checksum: None,
    }
}

/// The cue just before the number, or for a mobile the messenger just after
/// it (13800138000 微信同号). 微信 or QQ before any other number does not
/// make it a telephone.
fn cue_near<'a>(w: &Window, cues: &'a [Cue], kind: Kind) -> Option<&'a Cue> {
    let after = cues.partition_point(|c| c.first < w.end);
    let before = cues[..after]
        .iter()
        .rev()
        .find(|c| c.end <= w.first)
        .filter(|c| w.first - c.end <= CUE_REACH);
    let mobile = kind == Kind::CnMobile;
    before
        .filter(|c| mobile || matches!(c.app, App::Phone | App::Whatsapp))
        .or_else(|| {
            cues.get(after).filter(|c| {
                mobile && c.app == App::Wechat && c.first - w.end <= 3
            })
        })
}
