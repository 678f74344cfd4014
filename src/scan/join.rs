//! Characters written as their parts (女子 for 好), joined again. In: a text
//! and where the parts of characters stand in it; out: the text read with
//! these characters, and the way back to the original.
//!
//! Parts are found by the search itself, as patterns of two or three letters.
//! Where some stand, the text around them is read again, as far as a term
//! reaches: it is copied with characters in place of their parts and searched
//! like any other text. So what is allowed for a character is allowed for one
//! in parts, and a dictionary needs no spelling for what is split.
//!
//! Parts overlap (女子子), stand for several characters (口木: 呆 and 困), and
//! stand side by side by chance (`生日` is 星). So there are several readings:
//!
//! 1. from the left, the longest parts first;
//! 2. up to three more, each with what no reading had so far;
//! 3. of two and more in a neighbourhood every second one, and the others.
//!
//! A term is missed when the parts of one of its characters are a choice that
//! no reading makes together with the others of it: three at least must
//! differ. Cost: the copies are at most six times the neighbourhoods long.

use crate::base::{Span, int};
use crate::fold::{Fold, Folds};
use crate::image::ImageView;
use crate::verdict::Milli;

use super::Hit;
use super::walk::{GAP_PRICE_MAX, Walked};

/// Readings that are there for parts which overlap.
const CHOICES_MAX: usize = 4;

/// The most that characters in parts cost together.
const JOINTS_PRICE_MAX: u16 = 200;

/// Stands between readings; no letter and no separator.
const BREAK: char = '\u{FFFD}';

/// Parts of a character that stand in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joint {
    /// Bytes of the text.
    pub start: u32,
    pub end: u32,
    pub whole: char,
    pub needed: Needed,
}

/// What it took to read parts as a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    pub folds: Folds,
    /// Price of the letters, and of separators between them.
    pub letters: Milli,
    pub gaps: Milli,
}

impl From<Walked> for Needed {
    fn from(walked: Walked) -> Needed {
        let Walked { folds, penalty, gap_penalty: gaps, .. } = walked;
        let letters = Milli(penalty.0.saturating_sub(gaps.0));
        Needed { folds, letters, gaps }
    }
}

impl Joint {
    /// The order of readings: from the left, the longest first.
    fn place(&self) -> (u32, std::cmp::Reverse<u32>, char) {
        (self.start, std::cmp::Reverse(self.end), self.whole)
    }
}

/// A text with characters in place of their parts.
#[derive(Clone, Debug, Default)]
pub struct Joined {
    pub text: String,
    /// In the order of the text; without gaps.
    pieces: Vec<Piece>,
    choice: Choice,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Where it begins in the joined text.
    at: u32,
    /// Where it came from.
    from: Span,
    /// A character in parts; everything else is byte for byte.
    joint: Option<Needed>,
}

/// Which of the parts in a neighbourhood a reading joins.
#[derive(Clone, Debug, Default)]
struct Choice {
    used: Vec<bool>,
    taken: Vec<bool>,
}

impl Joined {
    pub fn clear(&mut self) {
        self.text.clear();
        self.pieces.clear();
    }

    /// Reads a text with its joints, which are put in order. `starts` are its
    /// runs, `reach` says how many of them a term may have.
    pub fn fill(
        &mut self,
        text: &str,
        joints: &mut Vec<Joint>,
        starts: &[u32],
        reach: usize,
    ) {
        self.clear();
        joints.sort_unstable_by_key(|joint| (joint.place(), joint.needed));
        joints.dedup_by_key(|joint| joint.place());
        let around = |joint: &Joint| around(joint, starts, reach);
        let mut rest = &joints[..];
        while let Some(first) = rest.first() {
            let mut place = around(first);
            let mut count = 1;
            while let Some(next) = rest.get(count).map(around)
                && next.start <= place.end
            {
                place = Span::new(place.start, place.end.max(next.end));
                count += 1;
            }
            let (near, others) = rest.split_at(count);
            self.readings(text, place, near);
            rest = others;
        }
    }

    /// All readings of a neighbourhood.
    fn readings(&mut self, text: &str, place: Span, joints: &[Joint]) {
        let mut choice = std::mem::take(&mut self.choice);
        choice.used.clear();
        choice.used.resize(joints.len(), false);
        for number in 0..CHOICES_MAX {
            if !choice.choose(joints) {
                break;
            }
            self.push_reading(text, place, joints, &choice.taken);
            let taken = choice.taken.iter().filter(|taken| **taken).count();
            if number > 0 || taken < 2 {
                continue;
            }
            let all = choice.taken.clone();
            for odd in [false, true] {
                choice.every_second(&all, odd);
                self.push_reading(text, place, joints, &choice.taken);
            }
        }
        self.choice = choice;
    }

    fn push_reading(
        &mut self,
        text: &str,
        place: Span,
        joints: &[Joint],
        taken: &[bool],
    ) {
        let mut kept = place.start;
        let joints = joints.iter().zip(taken).filter(|(_, taken)| **taken);
        for (joint, _) in joints {
            self.push_copy(text, Span::new(kept, joint.start));
            let from = Span::new(joint.start, joint.end);
            self.push_char(joint.whole, from, joint.needed);
            kept = joint.end;
        }
        self.push_copy(text, Span::new(kept, place.end));
        let end = Span::new(place.end, place.end);
        self.push_char(BREAK, end, Needed::default());
    }

    fn push_copy(&mut self, text: &str, from: Span) {
        let Some(copied) = text.get(from.range()) else { return };
        if !copied.is_empty() {
            let at = int::to_u32(self.text.len());
            self.pieces.push(Piece { at, from, joint: None });
            self.text.push_str(copied);
        }
    }

    fn push_char(&mut self, c: char, from: Span, needed: Needed) {
        let at = int::to_u32(self.text.len());
        self.pieces.push(Piece { at, from, joint: Some(needed) });
        self.text.push(c);
    }

    /// A hit in the joined text as one of the original, if it needed joining
    /// and its term allows that.
    pub fn original(&self, view: &ImageView<'_>, hit: Hit) -> Option<Hit> {
        let row = view.terms.get(int::to_usize(hit.term))?;
        let first = self.piece_at(hit.span.start);
        let last = self.piece_at(hit.span.end.checked_sub(1)?);
        let pieces = self.pieces.get(first..=last)?;
        let mut folds = hit.folds;
        let (mut letters, mut gaps) = (0u16, 0u16);
        let mut joints = pieces.iter().filter_map(|p| p.joint).peekable();
        joints.peek()?;
        for needed in joints {
            folds = folds.union(needed.folds);
            letters = letters.saturating_add(needed.letters.0);
            gaps = gaps.saturating_add(needed.gaps.0);
        }
        // Who separates parts and characters pays for one of them.
        if hit.folds.contains(Fold::Sep) {
            gaps = 0;
        }
        let price = letters.min(JOINTS_PRICE_MAX) + gaps.min(GAP_PRICE_MAX);
        let (from, to) = (pieces.first()?, pieces.last()?);
        let start = match from.joint {
            None => from.from.start + (hit.span.start - from.at),
            Some(_) => from.from.start,
        };
        let end = match to.joint {
            None => to.from.start + (hit.span.end - to.at),
            Some(_) => to.from.end,
        };
        let penalty = Milli(hit.penalty.0.saturating_add(price));
        let tier = hit.tier.max(1);
        let allowed = row.is_joinable() && tier <= row.tier_max();
        let span = Span::new(start, end);
        allowed.then_some(Hit { span, folds, penalty, tier, ..hit })
    }

    fn piece_at(&self, offset: u32) -> usize {
        let after = self.pieces.partition_point(|piece| piece.at <= offset);
        after.saturating_sub(1)
    }
}

impl Choice {
    /// Takes joints from the left that do not overlap, first those that no
    /// reading had, then others between them. False when all were had.
    fn choose(&mut self, joints: &[Joint]) -> bool {
        let Choice { used, taken } = self;
        taken.clear();
        taken.resize(joints.len(), false);
        let mut end = 0;
        for (at, joint) in joints.iter().enumerate() {
            if !used[at] && joint.start >= end {
                taken[at] = true;
                end = joint.end;
            }
        }
        if end == 0 {
            return false;
        }
        // Where the next that was taken begins, from the right.
        let mut next = u32::MAX;
        let mut room: Vec<u32> = Vec::with_capacity(joints.len());
        for (at, joint) in joints.iter().enumerate().rev() {
            room.push(next);
            if taken[at] {
                next = joint.start;
            }
        }
        let mut end = 0;
        for (at, (joint, next)) in
            joints.iter().zip(room.iter().rev()).enumerate()
        {
            taken[at] |= joint.start >= end && joint.end <= *next;
            if taken[at] {
                end = joint.end;
                used[at] = true;
            }
        }
        true
    }

    /// Every second of those that `all` takes.
    fn every_second(&mut self, all: &[bool], odd: bool) {
        let mut number = 0;
        for (taken, all) in self.taken.iter_mut().zip(all) {
            *taken = *all && (number % 2 == 1) == odd;
            number += usize::from(*all);
        }
    }
}

/// The neighbourhood of a joint: so many runs on each side, and one more,
/// which a word boundary looks at.
fn around(joint: &Joint, starts: &[u32], reach: usize) -> Span {
    let before = starts.partition_point(|start| *start <= joint.start);
    let first = before.saturating_sub(reach + 2);
    let after = starts.partition_point(|start| *start < joint.end);
    let last = (after + reach + 1).min(starts.len().saturating_sub(1));
    let start = if first == 0 { 0 } else { starts[first] };
    Span::new(start, starts.get(last).copied().unwrap_or(joint.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joint(text: &str, parts: &str, whole: char) -> Joint {
        let start = text.find(parts).unwrap();
        let end = int::to_u32(start + parts.len());
        let needed = Needed::default();
        Joint { start: int::to_u32(start), end, whole, needed }
    }

    fn readings(text: &str, mut joints: Vec<Joint>) -> Vec<String> {
        let mut starts: Vec<u32> =
            text.char_indices().map(|(at, _)| int::to_u32(at)).collect();
        starts.push(int::to_u32(text.len()));
        let mut joined = Joined::default();
        joined.fill(text, &mut joints, &starts, 3);
        joined.text.split_terminator(BREAK).map(str::to_owned).collect()
    }

    #[test]
    fn parts_are_joined_in_every_way_that_counts() {
        let text = "找女子木目友";
        let joints =
            vec![joint(text, "女子", '好'), joint(text, "木目", '相')];
        assert_eq!(
            readings(text, joints),
            ["找好相友", "找好木目友", "找女子相友"]
        );
        let text = "木女子";
        let joints =
            vec![joint(text, "木女", '要'), joint(text, "女子", '好')];
        assert_eq!(readings(text, joints), ["要子", "木好"]);
        let text = "口木";
        let joints =
            vec![joint(text, "口木", '困'), joint(text, "口木", '呆')];
        assert_eq!(readings(text, joints), ["呆", "困"]);
    }

    #[test]
    fn only_the_neighbourhood_is_read() {
        let text = "一二三四五六七八女子九十零百千万";
        let joints = vec![joint(text, "女子", '好')];
        assert_eq!(readings(text, joints), ["五六七八好九十零百"]);
    }
}
