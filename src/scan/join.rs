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
//! differ.
//!
//! Most parts in ordinary text are accidents (了一, 中心). So a joint counts
//! only where a neighbour, or what its neighbours join to, stands beside the
//! character in some term as well; in images with a sound plane also where a
//! neighbour sounds or looks like that one, or is no Han.
//!
//! Cost: the copies are at most six times the neighbourhoods long.

use std::collections::HashSet;

use crate::base::{Span, int};
use crate::fold::sound::{self, Classes, PLANES};
use crate::fold::{ClassTable, Fold, Folds, Sym, tables};
use crate::image::ImageView;
use crate::verdict::Milli;

use super::sieve::GOLDEN;
use super::walk::{GAP_PRICE_MAX, Walked};
use super::{Folded, Hit};

/// Readings that are there for parts which overlap.
const CHOICES_MAX: usize = 4;

/// The most that characters in parts cost together.
const JOINTS_PRICE_MAX: u16 = 200;

/// Bytes of all readings: what is beyond is not read again. Records are far
/// smaller; offsets of four bytes must hold whatever a library is given.
const TEXT_BYTES_MAX: usize = 1 << 30;

/// Stands between readings: a noncharacter, no letter and no separator.
const BREAK: char = '\u{FFFF}';

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
    seams: Vec<Seam>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Where it begins in the joined text.
    at: u32,
    /// Where it came from.
    from: Span,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Byte for byte.
    Copy,
    /// A character in parts.
    Joint(Needed),
    /// The end of a reading.
    Break,
}

/// A joint and its runs: the first, and the first behind it.
#[derive(Clone, Copy, Debug)]
struct Seam {
    joint: Joint,
    run: usize,
    after: usize,
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

    /// Reads a text again with its joints. `folded` is the plain reading.
    pub fn fill(
        &mut self,
        view: &ImageView<'_>,
        text: &str,
        joints: &[Joint],
        folded: &Folded,
    ) {
        self.clear();
        let mut seams = std::mem::take(&mut self.seams);
        seams.clear();
        seams.extend(joints.iter().map(|joint| Seam::new(joint, folded)));
        seams.sort_unstable_by_key(|s| (s.joint.place(), s.joint.needed));
        seams.dedup_by_key(|seam| seam.joint.place());
        keep_plausible(view, text, folded, &mut seams);
        self.fill_around(text, &seams, folded, view.joinable_len_max());
        self.seams = seams;
    }

    fn fill_around(
        &mut self,
        text: &str,
        seams: &[Seam],
        folded: &Folded,
        reach: usize,
    ) {
        let around = |seam: &Seam| seam.around(folded.starts(), reach);
        let mut rest = seams;
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
    fn readings(&mut self, text: &str, place: Span, joints: &[Seam]) {
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
        joints: &[Seam],
        taken: &[bool],
    ) {
        let bytes = int::to_usize(place.len());
        if self.text.len() + bytes > TEXT_BYTES_MAX {
            return;
        }
        let mut kept = place.start;
        let joints = joints.iter().zip(taken).filter(|(_, taken)| **taken);
        for (Seam { joint, .. }, _) in joints {
            self.push_copy(text, Span::new(kept, joint.start));
            let from = Span::new(joint.start, joint.end);
            self.push_char(joint.whole, from, Kind::Joint(joint.needed));
            kept = joint.end;
        }
        self.push_copy(text, Span::new(kept, place.end));
        let end = Span::new(place.end, place.end);
        self.push_char(BREAK, end, Kind::Break);
    }

    fn push_copy(&mut self, text: &str, from: Span) {
        let Some(copied) = text.get(from.range()) else { return };
        if !copied.is_empty() {
            let at = int::to_u32(self.text.len());
            self.pieces.push(Piece { at, from, kind: Kind::Copy });
            self.text.push_str(copied);
        }
    }

    fn push_char(&mut self, c: char, from: Span, kind: Kind) {
        let at = int::to_u32(self.text.len());
        self.pieces.push(Piece { at, from, kind });
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
        let mut joins = false;
        for piece in pieces {
            let needed = match piece.kind {
                Kind::Copy => continue,
                Kind::Joint(needed) => needed,
                Kind::Break => return None,
            };
            joins = true;
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
        let start = match from.kind {
            Kind::Copy => from.from.start + (hit.span.start - from.at),
            _ => from.from.start,
        };
        let end = match to.kind {
            Kind::Copy => to.from.start + (hit.span.end - to.at),
            _ => to.from.end,
        };
        let penalty = Milli(hit.penalty.0.saturating_add(price));
        let tier = hit.tier.max(1);
        let allowed = joins && row.is_joinable() && tier <= row.tier_max();
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
    fn choose(&mut self, seams: &[Seam]) -> bool {
        let joints = || seams.iter().map(|seam| &seam.joint);
        let Choice { used, taken } = self;
        taken.clear();
        taken.resize(seams.len(), false);
        let mut end = 0;
        for (at, joint) in joints().enumerate() {
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
        let mut room: Vec<u32> = Vec::with_capacity(seams.len());
        for (at, seam) in seams.iter().enumerate().rev() {
            room.push(next);
            if taken[at] {
                next = seam.joint.start;
            }
        }
        let mut end = 0;
        for (at, (joint, next)) in joints().zip(room.iter().rev()).enumerate()
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

impl Seam {
    fn new(joint: &Joint, folded: &Folded) -> Seam {
        let starts = folded.starts();
        let behind = starts.partition_point(|start| *start <= joint.start);
        let after = starts.partition_point(|start| *start < joint.end);
        Seam { joint: *joint, run: behind.saturating_sub(1), after }
    }

    /// So many runs on each side, and one more, which a word boundary looks
    /// at.
    fn around(&self, starts: &[u32], reach: usize) -> Span {
        let first = self.run.saturating_sub(reach + 1);
        let last = self.after + reach + 1;
        let last = last.min(starts.len().saturating_sub(1));
        let start = if first == 0 { 0 } else { starts[first] };
        let end = starts.get(last).copied().unwrap_or(self.joint.end);
        Span::new(start, end)
    }

    /// Classes beside the parts, those of the outer parts included: a run may
    /// hold the same letter once more.
    fn beside<'f>(
        &self,
        folded: &'f Folded,
    ) -> impl Iterator<Item = u16> + 'f {
        let places = [
            self.run.checked_sub(1),
            Some(self.run),
            self.after.checked_sub(1),
            Some(self.after),
        ];
        let syms = folded.syms();
        places.into_iter().flatten().filter_map(|at| syms.get(at).copied())
    }
}

impl Seam {
    /// Whether a neighbour sounds or looks like one of a term, or may be the
    /// picture or the spelling of one.
    fn may_be_heard(
        &self,
        view: &ImageView<'_>,
        text: &str,
        folded: &Folded,
        own: u16,
    ) -> bool {
        let first = |run: usize| {
            let at = folded.starts().get(run).copied().map(int::to_usize)?;
            text.get(at..)?.chars().next()
        };
        let joint = Span::new(self.joint.start, self.joint.end).range();
        let near = [
            self.run.checked_sub(1).and_then(first),
            text[..joint.start].chars().next_back(),
            first(self.after),
            text[joint.end..].chars().next(),
        ];
        near.into_iter().flatten().any(|c| {
            let planes = Classes::get().of(c);
            if planes[0] == 0 {
                let sym = view.classes.get(c);
                return sym.is_letter() || sym.0 & Sym::SYMBOL_BIT != 0;
            }
            let mut planes = planes[..PLANES].iter().enumerate();
            planes.any(|(plane, of)| are_neighbours(view, plane, *of, own))
        })
    }
}

/// Drops joints beside which nothing stands that does in a term.
fn keep_plausible(
    view: &ImageView<'_>,
    text: &str,
    folded: &Folded,
    seams: &mut Vec<Seam>,
) {
    if view.neighbours.is_empty() {
        return;
    }
    let class = |seam: &Seam| view.classes.get(seam.joint.whole).0;
    let hears = view.sound.iter().any(|part| !part.entries.is_empty());
    let known = |a: u16, b: u16| {
        a == b || are_neighbours(view, CLASSES, a.min(b), a.max(b))
    };
    let mut kept: Vec<bool> = seams
        .iter()
        .map(|seam| {
            let own = class(seam);
            known(own, Sym::OTHER.0)
                || seam.beside(folded).any(|other| known(own, other))
                || hears && seam.may_be_heard(view, text, folded, own)
        })
        .collect();
    for (at, seam) in seams.iter().enumerate() {
        let next = seams[at + 1..].iter().enumerate();
        for (more, next) in next.take_while(|(_, n)| n.run <= seam.after) {
            if next.run == seam.after && known(class(seam), class(next)) {
                kept[at] = true;
                kept[at + 1 + more] = true;
            }
        }
    }
    let mut kept = kept.iter();
    seams.retain(|_| kept.next() == Some(&true));
}

/// In place of a plane of sounds and shapes: two classes, the lower first.
const CLASSES: usize = PLANES;

/// Word and bits of what a neighbour is in a plane, beside the class of a
/// character, in a filter of so many words.
fn place(plane: usize, of: u16, class: u16, words: usize) -> (usize, u64) {
    let plane = int::to_u64(plane) << 32;
    let pair = u64::from(of) | u64::from(class) << 16 | plane;
    let hash = pair.wrapping_mul(GOLDEN);
    let hash = (hash ^ hash >> 32).wrapping_mul(GOLDEN);
    let bits = |shift: u32| 1u64 << (hash >> shift & 63);
    let word = int::low_usize(hash >> 40) & (words - 1);
    (word, bits(0) | bits(6) | bits(12))
}

fn are_neighbours(
    view: &ImageView<'_>,
    plane: usize,
    of: u16,
    class: u16,
) -> bool {
    let (word, bits) = place(plane, of, class, view.neighbours.len());
    view.neighbours[word] & bits == bits
}

/// The filter of neighbours in terms, given as letters: a blocked Bloom
/// filter with three bits in one word. A symbol between letters may be
/// missing in the plain reading; a letter with nothing but symbols beside it
/// is a neighbour of [`Sym::OTHER`].
///
/// With `hears` it also has what neighbours sound and look like.
pub fn build_neighbours(
    terms: &[&[char]],
    classes: &ClassTable,
    hears: bool,
) -> Vec<u64> {
    let mut all: HashSet<(usize, u16, u16)> = HashSet::new();
    let sounds = Classes::get();
    for letters in terms {
        let plain: Vec<(char, u16)> = letters
            .iter()
            .filter(|c| classes.view().get(**c).is_letter())
            .filter_map(|c| Some((*c, classes.letter(*c)?)))
            .collect();
        if let [(_, class)] = plain[..] {
            all.insert((CLASSES, Sym::OTHER.0, class));
        }
        let forth = plain.windows(2).map(|two| (two[0], two[1]));
        let back = plain.windows(2).map(|two| (two[1], two[0]));
        let parts = |c: char| !tables::splits(c).is_empty();
        for ((_, own), (other, class)) in
            forth.chain(back).filter(|((c, _), _)| parts(*c))
        {
            all.insert((CLASSES, own.min(class), own.max(class)));
            if hears {
                let heard = sound::sounds(other).into_iter();
                all.extend(heard.map(|heard| (0, heard, own)));
                let seen = sounds.of(other).into_iter().enumerate();
                let seen = seen.skip(1).take(PLANES - 1);
                all.extend(seen.map(|(plane, of)| (plane, of, own)));
            }
        }
    }
    // Twelve bits for each pair.
    let words = (all.len() * 12 / 64).next_power_of_two().max(1 << 6);
    let mut filter = vec![0; words];
    for (plane, of, class) in all {
        let (word, bits) = place(plane, of, class, words);
        filter[word] |= bits;
    }
    filter
}

#[cfg(test)]
mod tests {
    use super::super::{Mode, Simd};
    use super::*;

    fn joint(text: &str, parts: &str, whole: char) -> Joint {
        let start = text.find(parts).unwrap();
        let end = int::to_u32(start + parts.len());
        let needed = Needed::default();
        Joint { start: int::to_u32(start), end, whole, needed }
    }

    fn readings(text: &str, joints: &[Joint]) -> Vec<String> {
        let alphabet = text.chars().collect();
        let classes =
            crate::fold::build_classes(&alphabet, &alphabet).unwrap();
        let mut folded = Folded::default();
        folded.fill(Simd::Portable, text, classes.view(), Mode::Plain);
        let mut seams: Vec<Seam> =
            joints.iter().map(|joint| Seam::new(joint, &folded)).collect();
        seams.sort_unstable_by_key(|seam| seam.joint.place());
        let mut joined = Joined::default();
        joined.fill_around(text, &seams, &folded, 3);
        joined.text.split_terminator(BREAK).map(str::to_owned).collect()
    }

    #[test]
    fn parts_are_joined_in_every_way_that_counts() {
        let text = "找女子木目友";
        let joints =
            vec![joint(text, "女子", '好'), joint(text, "木目", '相')];
        assert_eq!(
            readings(text, &joints),
            ["找好相友", "找好木目友", "找女子相友"]
        );
        let text = "木女子";
        let joints =
            vec![joint(text, "木女", '要'), joint(text, "女子", '好')];
        assert_eq!(readings(text, &joints), ["要子", "木好"]);
        let text = "口木";
        let joints =
            vec![joint(text, "口木", '困'), joint(text, "口木", '呆')];
        assert_eq!(readings(text, &joints), ["呆", "困"]);
    }

    #[test]
    fn only_the_neighbourhood_is_read() {
        let text = "一二三四五六七八女子九十零百千万";
        let joints = vec![joint(text, "女子", '好')];
        assert_eq!(readings(text, &joints), ["五六七八好九十零百"]);
    }
}
