//! What a Han character sounds like and what it is mistaken for. In:
//! characters; out: classes for the search of the sound plane, and the exact
//! relation for the walk. Knows no terms and no lengths.
//!
//! Every syllable of Mandarin without its tone is a class; sounds that many
//! speakers do not tell apart (zh z, n l, f h, ang an …) share one, so that
//! one search finds both and the relation says which it was. A character of
//! a text has its first two readings, one of a term any reading: 行 in a term
//! is xing, hang and heng.
//!
//! Shapes are families of characters with the same main part (注 住 炷), and
//! pairs from a list made by hand (天 夭); and groups of characters whose
//! glyphs look alike in a font (妹 妺 姝). A character is in one family and in
//! one group.
//!
//! Worked example: 薇芯 for 微信. 薇 is wei as 微 is, 芯 xin as 信 is: both by
//! `homophone`. 徽 has another sound but is in the family of 微: `lookalike`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Fold, letter};
use crate::base::int;

/// Code points with a sound or shape of their own: Han of the basic plane.
const FIRST: u32 = 0x3400;
const LAST: u32 = 0x9FFF;
/// First class of a Latin letter that stands for a syllable.
pub const INITIAL: u16 = 0x400;

/// Sounds that are not told apart: the first is written for the second.
const HEADS: [(&str, &str); 5] =
    [("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"), ("f", "h")];
const TAILS: [(&str, &str); 3] = [("ang", "an"), ("eng", "en"), ("ing", "in")];

const SOUND: &str = include_str!("data/sound.txt");
const SHAPE: &str = include_str!("data/shape.txt");
const GLYPH: &str = include_str!("data/glyph.txt");

/// Planes of the search: sound, family, glyph.
pub const PLANES: usize = 3;

/// The class of a character in each plane, and in the lane [`SECOND`] the
/// sound of its second reading, of its only one where it has no other.
pub type Row = [u16; PLANES + 1];

/// A lane of a row that belongs to the plane of sound.
pub const SECOND: usize = PLANES;

/// What separates: no sound and no shape.
pub const BREAK: Row = [0; PLANES + 1];

struct Tables {
    /// Names of the syllables; numbers of syllables begin at 1.
    names: Vec<&'static str>,
    /// Class of each syllable.
    classes: Vec<u16>,
    /// Syllable of the first reading, by code point.
    first: Vec<u16>,
    /// The same of the second, 0 without.
    second: Vec<u16>,
    /// Further readings, by code point from the place in `starts` on.
    further: Vec<u16>,
    starts: Vec<u16>,
    /// Classes of typed syllables, by name.
    typed: Typed,
    /// Classes of each plane, by code point.
    planes: Vec<Row>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);

fn slot(c: char) -> Option<usize> {
    let code = u32::from(c);
    (FIRST..=LAST).contains(&code).then(|| int::to_usize(code - FIRST))
}

impl Tables {
    fn read() -> Tables {
        let room = int::to_usize(LAST - FIRST) + 1;
        let mut tables = Tables {
            names: vec![""],
            classes: vec![0],
            first: vec![0; room],
            second: vec![0; room],
            further: Vec::new(),
            starts: vec![0; room + 1],
            typed: Typed(vec![(0, 0); TYPED_SLOTS]),
            planes: vec![BREAK; room],
        };
        let mut classes: HashMap<String, u16> = HashMap::new();
        let mut readings: Vec<(usize, u16)> = Vec::new();
        for line in SOUND.lines() {
            let mut parts = line.split(' ');
            let name = parts.next().unwrap_or("");
            let number = int::low16(int::to_u32(tables.names.len()));
            let next = int::low16(int::to_u32(classes.len() + 1));
            let class = *classes.entry(coarse(name)).or_insert(next);
            tables.names.push(name);
            tables.classes.push(class);
            tables.typed.insert(name, class);
            for c in parts.next().unwrap_or("").chars() {
                if let Some(at) = slot(c) {
                    tables.first[at] = number;
                    tables.planes[at][0] = class;
                }
            }
            let mut column = || {
                let all = parts.next().unwrap_or("").chars();
                all.filter(|c| *c != '-').filter_map(slot)
            };
            for at in column() {
                tables.second[at] = number;
            }
            readings.extend(column().map(|at| (at, number)));
        }
        readings.sort_unstable();
        tables.further = readings.iter().map(|row| row.1).collect();
        for (at, _) in readings {
            tables.starts[at + 1] += 1;
        }
        for at in 0..room {
            tables.starts[at + 1] += tables.starts[at];
        }
        for at in 0..room {
            let syllable = match tables.second[at] {
                0 => tables.first[at],
                second => second,
            };
            tables.planes[at][SECOND] = tables.classes[usize::from(syllable)];
        }
        // The strokes are dots between letters (`tables`), not letters.
        for at in "丶丨丿亅乀乁".chars().filter_map(slot) {
            (tables.first[at], tables.second[at]) = (0, 0);
            tables.planes[at] = BREAK;
        }
        tables.read_groups(1, SHAPE);
        tables.read_groups(2, GLYPH);
        tables
    }

    fn read_groups(&mut self, plane: usize, groups: &str) {
        let mut group = 0;
        for line in groups.lines() {
            group += 1;
            for at in line.chars().filter_map(slot) {
                if self.first[at] != 0 {
                    self.planes[at][plane] = group;
                }
            }
        }
        // A character without a group is one of its own.
        for (at, planes) in self.planes.iter_mut().enumerate() {
            if planes[plane] == 0 && self.first[at] != 0 {
                group += 1;
                planes[plane] = group;
            }
        }
    }

    fn syllables(&self, c: char) -> impl Iterator<Item = u16> {
        let at = slot(c);
        let firsts = at.map_or([0; 2], |at| [self.first[at], self.second[at]]);
        let further = at.map_or(&[][..], |at| {
            let start = usize::from(self.starts[at]);
            &self.further[start..usize::from(self.starts[at + 1])]
        });
        let firsts = firsts.into_iter().filter(|syllable| *syllable != 0);
        firsts.chain(further.iter().copied())
    }
}

/// Slots of [`Typed`], four times as many as there are syllables.
const TYPED_SLOTS: usize = 1 << 11;
/// Odd multiplier of Fibonacci hashing (Knuth): 2^32 over the golden ratio.
const GOLDEN: u32 = 0x9E37_79B1;
/// Letters of the longest syllable: five bits each fill a word.
const TYPED_LETTERS: usize = 6;

/// Syllables by name: a hash table with linear probing. A word beside Han is
/// tried at every cut, so this is asked often.
#[derive(Debug)]
struct Typed(Vec<(u32, u16)>);

impl Typed {
    /// Five bits for each letter of a name; `None` for what is none.
    fn key(name: &str) -> Option<u32> {
        let bytes = name.as_bytes();
        let is_name = (1..=TYPED_LETTERS).contains(&bytes.len())
            && bytes.iter().all(u8::is_ascii_lowercase);
        is_name.then(|| {
            bytes.iter().fold(0, |key, b| key << 5 | u32::from(b & 0x1F))
        })
    }

    /// The slot of a key, or the free one where it would be.
    fn slot(&self, key: u32) -> usize {
        let hash = key.wrapping_mul(GOLDEN);
        let shift = u32::BITS - TYPED_SLOTS.trailing_zeros();
        let mut slot = int::to_usize(hash >> shift);
        while self.0[slot].0 != key && self.0[slot].0 != 0 {
            slot = (slot + 1) % TYPED_SLOTS;
        }
        slot
    }

    fn insert(&mut self, name: &str, class: u16) {
        if let Some(key) = Typed::key(name) {
            let slot = self.slot(key);
            self.0[slot] = (key, class);
        }
    }

    fn get(&self, name: &str) -> Option<u16> {
        let key = Typed::key(name)?;
        let (known, class) = self.0[self.slot(key)];
        (known == key).then_some(class)
    }
}

/// The name that all sounds like this one share.
fn coarse(name: &str) -> String {
    let mut name = name.to_owned();
    for (from, to) in TAILS {
        if let Some(head) = name.strip_suffix(from) {
            name = format!("{head}{to}");
        }
    }
    for (from, to) in HEADS {
        if let Some(tail) = name.strip_prefix(from) {
            name = format!("{to}{tail}");
        }
    }
    name
}

/// Classes of all Han characters, to look up again and again.
#[derive(Clone, Copy)]
pub struct Classes(&'static [Row]);

impl Classes {
    /// The tables, read at first use.
    pub fn get() -> Classes {
        Classes(&TABLES.planes)
    }

    /// The classes of a code point; zeros without.
    #[inline]
    pub fn of(self, c: char) -> Row {
        *self.of_code(u32::from(c))
    }

    #[inline]
    pub fn of_code(self, code: u32) -> &'static Row {
        let at = int::to_usize(code.wrapping_sub(FIRST));
        self.0.get(at).unwrap_or(&BREAK)
    }
}

/// Classes of the sounds of a character of a term, each once.
pub fn sounds(letter: char) -> Vec<u16> {
    let tables = &*TABLES;
    let mut all = Vec::new();
    for syllable in tables.syllables(letter) {
        let class = tables.classes[usize::from(syllable)];
        if !all.contains(&class) {
            all.push(class);
        }
    }
    all
}

/// The sounds of a character of a term as they are typed, the usual first.
pub fn readings(letter: char) -> impl Iterator<Item = &'static str> {
    TABLES.syllables(letter).map(|s| TABLES.names[usize::from(s)])
}

/// The class of a typed syllable.
pub fn typed(name: &str) -> Option<u16> {
    TABLES.typed.get(name)
}

/// The class of a Latin letter that stands for a syllable. V is read as 微
/// is, so it stands for w.
pub fn initial(letter: char) -> Option<u16> {
    let letter = if letter == 'v' { 'w' } else { letter };
    let at = u16::try_from(u32::from(letter)).ok()?.checked_sub(0x61)?;
    (at < 26).then_some(INITIAL + at)
}

/// Whether the Han character `c` of a text may be heard or seen as
/// `letter`, and how.
pub fn stands_for(c: char, letter: char) -> Option<Fold> {
    let tables = &*TABLES;
    let own = slot(c)?;
    let other = slot(letter)?;
    let (plain, second) = (tables.first[own], tables.second[own]);
    let folded = slot(letter::canonical(c)).map_or(0, |at| tables.first[at]);
    let class = |syllable: u16| tables.classes[usize::from(syllable)];
    let mut fuzzy = false;
    for syllable in tables.syllables(letter) {
        if [plain, second, folded].contains(&syllable) {
            return Some(Fold::Homophone);
        }
        let same = |own: u16| own != 0 && class(syllable) == class(own);
        fuzzy |= same(plain) || same(second);
    }
    if fuzzy {
        return Some(Fold::Fuzzy);
    }
    let (own, other) = (tables.planes[own], tables.planes[other]);
    let alike = |plane: usize| own[plane] != 0 && own[plane] == other[plane];
    (alike(1) || alike(2)).then_some(Fold::Lookalike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_those_of_the_provenance() {
        use sha2::{Digest, Sha256};
        let files = [
            SOUND,
            SHAPE,
            GLYPH,
            include_str!("data/lookalike.txt"),
            include_str!("data/emoji.txt"),
            include_str!("data/picture.txt"),
            include_str!("data/slashed.txt"),
        ];
        for text in files {
            let sum: String = Sha256::digest(text.as_bytes())
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let known = include_str!("data/SOUND.md").contains(&sum);
            assert!(known, "{sum} of a file that begins {:.40}", text);
        }
    }

    #[test]
    fn characters_stand_for_what_they_sound_and_look_like() {
        let rows = [
            ('薇', '微', Some(Fold::Homophone)),
            ('芯', '信', Some(Fold::Homophone)),
            ('杭', '行', Some(Fold::Homophone)),
            ('型', '行', Some(Fold::Homophone)),
            ('朝', '照', Some(Fold::Homophone)),
            ('长', '场', Some(Fold::Homophone)),
            ('资', '知', Some(Fold::Fuzzy)),
            ('来', '奈', Some(Fold::Fuzzy)),
            ('徽', '微', Some(Fold::Lookalike)),
            ('夭', '天', Some(Fold::Lookalike)),
            ('渞', '首', Some(Fold::Lookalike)),
            ('洊', '存', Some(Fold::Homophone)),
            ('炷', '注', Some(Fold::Homophone)),
            ('妺', '妹', Some(Fold::Lookalike)),
            ('书', '微', None),
            ('a', '微', None),
        ];
        for (c, letter, wanted) in rows {
            assert_eq!(stands_for(c, letter), wanted, "{c} {letter}");
        }
        assert_eq!(readings('女').next(), Some("nv"));
        assert_eq!(typed("wei"), sounds('微').first().copied());
        assert_eq!(initial('v'), initial('w'));
    }
}
