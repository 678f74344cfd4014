//! The class table. In: the letters that occur in any pattern of an image;
//! out: a two-stage table from code point to class. Never sees text.
//!
//! A class is a `u16`: [`Sym::OTHER`] breaks a match, [`Sym::IGNORABLE`] is
//! stepped over for free, [`Sym::SEPARATOR`] is stepped over at a price,
//! anything from [`Sym::FIRST_LETTER`] is a letter. Letters which some code
//! point can stand for at once share a class (`1` is i, l and 1, so i, l
//! and 1 are one class): the search over classes is generous, the letter
//! relation is exact. A separator that can also be read as a letter (`@`
//! for a, `+` in the term `+v`, ✈) carries [`Sym::SYMBOL_BIT`]: a separator
//! in the plain reading, a letter in the symbol reading of a text.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{letter, picture, tables};
use crate::base::int;
use tables::Kind;

/// A class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sym(pub u16);

impl Sym {
    pub const OTHER: Sym = Sym(0);
    pub const IGNORABLE: Sym = Sym(1);
    pub const SEPARATOR: Sym = Sym(2);
    pub const FIRST_LETTER: u16 = 4;
    pub const SYMBOL_BIT: u16 = 0x8000;

    /// Whether this is a letter class without the symbol bit.
    #[inline]
    pub fn is_letter(self) -> bool {
        self.0 >= Sym::FIRST_LETTER && self.0 & Sym::SYMBOL_BIT == 0
    }
}

/// Letters that are looked for as what they look like, not as what they are:
/// the long s is written for f.
const SEEN_AS: [(char, char); 1] = [('ſ', 'f')];

/// What an entry of the table says besides its class (the low half): bits
/// that the search tests where the class is looked up anyway.
pub mod mark {
    /// Leaves no trace in the plain reading: ignorables, separators, symbols.
    pub const SKIP: u32 = 1 << 16;
    /// The entry of surrogates, which no text holds: vector code reads them
    /// for code points beyond the basic plane and looks those up singly.
    pub const ASTRAL: u32 = 1 << 17;
    /// `&`, `%` and `\`: an escape may begin here.
    pub const ESCAPE: u32 = 1 << 18;
    /// A letter of a script that is written with spaces, or a digit.
    pub const NARROW: u32 = 1 << 19;
    /// A needle of this class alone exists; one bit for each phase.
    pub const SINGLE: [u32; 2] = [1 << 20, 1 << 21];
    /// Five bits for each phase: first, second and third class of an anchor
    /// inside a longer needle, first and second class of a needle of two.
    pub const ANCHOR: [u32; 2] = [1 << 22, 1 << 27];
    pub const ANCHOR_PLACES: usize = 5;
}

/// Code points of the basic plane; they come first in the table, in order.
pub const BASIC: usize = 0x1_0000;

/// Code points a block of the table covers.
const BLOCK: usize = 256;
/// The CJK radicals: from here on scripts are mostly written without spaces.
const FIRST_WIDE: char = '\u{2E80}';
/// Blocks of Unicode.
pub const INDEX_LEN: usize = 0x11_0000 / BLOCK;

/// A built table, ready to be written into an image.
#[derive(Clone, Debug)]
pub struct ClassTable {
    /// Block number for each 256 code points.
    pub index: Vec<u16>,
    /// The blocks of the basic plane, then the distinct ones of the others.
    /// Each entry is a class with its [`mark`]s.
    pub blocks: Vec<u32>,
    /// Number of classes in use, the reserved ones included.
    pub class_count: u16,
    /// Classes below hold letters of scripts that are written with spaces,
    /// digits and symbols; those from here on Han, kana and the like.
    pub narrow_end: u16,
    class_of_letter: HashMap<char, u16>,
}

/// The table as it lies in an image.
#[derive(Clone, Copy, Debug)]
pub struct ClassView<'a> {
    pub index: &'a [u16],
    pub blocks: &'a [u32],
}

impl ClassView<'_> {
    /// The class of a code point. The image check has made sure that every
    /// index entry names a block that exists.
    #[inline]
    pub fn get(&self, c: char) -> Sym {
        Sym(int::low16(self.entry(c)))
    }

    /// The class of a code point with its [`mark`]s.
    #[inline]
    pub fn entry(&self, c: char) -> u32 {
        let code = int::to_usize(u32::from(c));
        if code < BASIC {
            return self.blocks[code];
        }
        let block = usize::from(self.index[code / BLOCK]);
        self.blocks[block * BLOCK + code % BLOCK]
    }
}

impl ClassTable {
    pub fn view(&self) -> ClassView<'_> {
        ClassView { index: &self.index, blocks: &self.blocks }
    }

    /// The letters of each class, by class.
    pub fn letters_by_class(&self) -> Vec<Vec<char>> {
        let mut all = vec![Vec::new(); usize::from(self.class_count)];
        for (c, class) in &self.class_of_letter {
            all[usize::from(*class)].push(*c);
        }
        all.iter_mut().for_each(|letters| letters.sort_unstable());
        all
    }

    /// Adds marks to all entries of each class; `marks` is by class.
    pub fn mark(&mut self, marks: &[u32]) {
        for entry in &mut self.blocks {
            let class = int::low16(*entry) & !Sym::SYMBOL_BIT;
            if class >= Sym::FIRST_LETTER {
                *entry |= marks.get(usize::from(class)).unwrap_or(&0);
            }
        }
    }

    /// The class of a canonical letter that was in the alphabet.
    pub fn letter(&self, c: char) -> Option<u16> {
        self.class_of_letter.get(&c).copied()
    }
}

/// Builds the table for an alphabet of canonical letters. Deterministic:
/// classes are numbered in code point order. `None` when the alphabet needs
/// more classes than a `u16` with its symbol bit can number. A picture stands
/// for the first character it shows that `pictured` has, the letters of the
/// terms that allow it. Where no term does, a text with 😭 need not be read a
/// second time.
pub fn build_classes(
    alphabet: &BTreeSet<char>,
    pictured: &BTreeSet<char>,
) -> Option<ClassTable> {
    let mut merged = Merge::new(alphabet);
    let sources = sources(alphabet, !pictured.is_empty());
    let shown = |c: char| {
        let mut all = picture::letters(c).iter().copied();
        all.find(|to| pictured.contains(to))
    };
    for &c in sources.iter().filter(|c| merges(**c, alphabet)) {
        let known = |to: &char| alphabet.contains(to);
        let shown = shown(c).filter(known);
        let mut all = letter::alike(c).filter(known).chain(shown);
        if let Some(first) = all.next() {
            for other in all {
                merged.join(first, other);
            }
        }
    }
    let class_of_letter = merged.classes()?;
    let class_count = class_of_letter
        .values()
        .max()
        .map_or(Sym::FIRST_LETTER, |max| max + 1);
    // Classes are numbered in the order of their first letters.
    let narrow_end = class_of_letter
        .iter()
        .filter(|(c, _)| **c < FIRST_WIDE)
        .map(|(_, class)| class + 1)
        .max()
        .unwrap_or(Sym::FIRST_LETTER);

    let mut flat: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
    let mut set = |code: u32, sym: u16| {
        let code = int::to_usize(code);
        let block = flat.entry(code / BLOCK).or_insert_with(|| vec![0; BLOCK]);
        block[code % BLOCK] = sym;
    };
    for &(first, last, kind) in tables::kind_ranges().iter() {
        let sym = match kind {
            Kind::Ignorable | Kind::Mark => Sym::IGNORABLE,
            Kind::Separator => Sym::SEPARATOR,
            Kind::Letter | Kind::Other => continue,
        };
        for code in first..=last {
            set(code, sym.0);
        }
    }
    for &c in &sources {
        let first = SEEN_AS.iter().find(|row| row.0 == c).map(|row| row.1);
        let found = first
            .into_iter()
            .chain(letter::alike(c))
            .chain(shown(c))
            .find_map(|to| class_of_letter.get(&to));
        let Some(&class) = found else { continue };
        let symbol = matches!(tables::kind(c), Kind::Separator);
        let bit = if symbol { Sym::SYMBOL_BIT } else { 0 };
        set(u32::from(c), class | bit);
    }
    let (index, blocks) = pack_blocks(&flat, narrow_end);
    Some(ClassTable {
        index,
        blocks,
        class_count,
        narrow_end,
        class_of_letter,
    })
}

/// Whether the letters that `c` can stand for become one class. If every
/// code point merged its readings, chains (`ч` is 4 or y, 4 is a, `Δ` is a
/// or d …) would make nearly all Latin letters one class and the search
/// would pass everything. ASCII alone gives small groups (i l 1, o 0, s 5 $),
/// and a letter of the alphabet must find the terms it stands for. Any other
/// code point is looked for under its first reading only, and a picture of
/// the alphabet under itself and the first character it shows: pictures show
/// so many that all of them would make 是, 好, 水 and a hundred others one.
fn merges(c: char, alphabet: &BTreeSet<char>) -> bool {
    c.is_ascii() || alphabet.contains(&c)
}

/// Every code point whose class the alphabet can decide.
fn sources(alphabet: &BTreeSet<char>, pictures: bool) -> BTreeSet<char> {
    let mut all: BTreeSet<char> = alphabet.clone();
    all.extend(tables::all_mapped());
    if pictures {
        all.extend(picture::all());
    }
    all.extend(alphabet.iter().filter_map(|c| letter::full_width(*c)));
    all
}

/// A class as an entry of the table.
fn entry(code: usize, sym: u16, narrow_end: u16) -> u32 {
    let symbol = sym & Sym::SYMBOL_BIT != 0;
    let class = sym & !Sym::SYMBOL_BIT;
    let mut entry = u32::from(sym);
    if symbol || Sym(sym) == Sym::IGNORABLE || Sym(sym) == Sym::SEPARATOR {
        entry |= mark::SKIP;
    }
    if (Sym::FIRST_LETTER..narrow_end).contains(&class) {
        entry |= mark::NARROW;
    }
    if [b'&', b'%', b'\\'].iter().any(|c| usize::from(*c) == code) {
        entry |= mark::ESCAPE;
    }
    if (0xD800..0xE000).contains(&code) {
        entry |= mark::ASTRAL;
    }
    entry
}

fn pack_blocks(
    flat: &BTreeMap<usize, Vec<u16>>,
    narrow_end: u16,
) -> (Vec<u16>, Vec<u32>) {
    let empty = vec![0u16; BLOCK];
    let block = |number: usize| -> Vec<u32> {
        let syms = flat.get(&number).unwrap_or(&empty);
        let all = syms.iter().enumerate();
        all.map(|(at, sym)| entry(number * BLOCK + at, *sym, narrow_end))
            .collect()
    };
    let basic = BASIC / BLOCK;
    let mut blocks: Vec<u32> = (0..basic).flat_map(&block).collect();
    let mut seen: HashMap<Vec<u32>, u16> = HashMap::new();
    let mut index = Vec::with_capacity(INDEX_LEN);
    for number in 0..INDEX_LEN {
        let next = int::low16(int::to_u32(blocks.len() / BLOCK));
        if number < basic {
            index.push(int::low16(int::to_u32(number)));
            continue;
        }
        let block = block(number);
        let id = *seen.entry(block).or_insert_with_key(|block| {
            blocks.extend_from_slice(block);
            next
        });
        index.push(id);
    }
    (index, blocks)
}

/// Union-find over the alphabet.
struct Merge {
    letters: Vec<char>,
    position: HashMap<char, usize>,
    parent: Vec<usize>,
}

impl Merge {
    fn new(alphabet: &BTreeSet<char>) -> Merge {
        let letters: Vec<char> = alphabet.iter().copied().collect();
        let position =
            letters.iter().enumerate().map(|(i, c)| (*c, i)).collect();
        let parent = (0..letters.len()).collect();
        Merge { letters, position, parent }
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    fn join(&mut self, a: char, b: char) {
        let (a, b) = (self.position[&a], self.position[&b]);
        let (a, b) = (self.root(a), self.root(b));
        // The smaller code point leads, so the numbering is stable.
        let (low, high) = (a.min(b), a.max(b));
        self.parent[high] = low;
    }

    fn classes(mut self) -> Option<HashMap<char, u16>> {
        let mut number: HashMap<usize, u16> = HashMap::new();
        let mut out = HashMap::with_capacity(self.letters.len());
        let mut next = Sym::FIRST_LETTER;
        for at in 0..self.letters.len() {
            let root = self.root(at);
            let class = match number.get(&root) {
                Some(class) => *class,
                None => {
                    let class = next;
                    next = next.checked_add(1)?;
                    if class & Sym::SYMBOL_BIT != 0 {
                        return None;
                    }
                    number.insert(root, class);
                    class
                }
            };
            out.insert(self.letters[at], class);
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_share_a_disguise_share_a_class() {
        let alphabet: BTreeSet<char> = "casino加微l".chars().collect();
        let table = build_classes(&alphabet, &alphabet).unwrap();
        let view = table.view();
        let class = |c: char| table.letter(c).unwrap();
        assert_eq!(view.get('A').0, class('a'));
        assert_eq!(view.get('4').0, class('a'));
        assert_eq!(view.get('@').0, class('a') | Sym::SYMBOL_BIT);
        assert_eq!(class('i'), class('l'), "1 stands for both");
        assert_ne!(class('a'), class('s'));
        assert_eq!(view.get('.'), Sym::SEPARATOR);
        assert_eq!(view.get('\u{200b}'), Sym::IGNORABLE);
        assert_eq!(view.get('信'), Sym::OTHER);
    }

    #[test]
    fn look_alikes_do_not_chain_into_one_class() {
        let alphabet: BTreeSet<char> = ('a'..='z').chain('0'..='9').collect();
        let table = build_classes(&alphabet, &alphabet).unwrap();
        let mut sizes: BTreeMap<u16, usize> = BTreeMap::new();
        for c in &alphabet {
            *sizes.entry(table.letter(*c).unwrap()).or_default() += 1;
        }
        assert!(sizes.len() >= 20, "{sizes:?}");
        assert!(sizes.values().all(|size| *size <= 4), "{sizes:?}");
    }

    #[test]
    fn pictures_of_an_alphabet_do_not_chain_it_together() {
        // 💌 is 信 and 心, ❤ is 心 and 爱, ✉ is 信.
        let alphabet: BTreeSet<char> = "信爱心💌❤✉".chars().collect();
        let table = build_classes(&alphabet, &alphabet).unwrap();
        let classes = "信爱心".chars().map(|c| table.letter(c).unwrap());
        assert_eq!(classes.collect::<BTreeSet<u16>>().len(), 3);
        for picture in "💌❤✉".chars() {
            let first = picture::letters(picture)
                .iter()
                .find_map(|c| table.letter(*c));
            assert_eq!(table.letter(picture), first, "{picture}");
            let own = table.view().get(picture).0 & !Sym::SYMBOL_BIT;
            assert_eq!(Some(own), first, "{picture}");
        }
    }

    #[test]
    fn pictures_stand_for_letters_of_terms_that_allow_them() {
        // ❤ is 心 before it is 爱.
        let alphabet: BTreeSet<char> = "爱心".chars().collect();
        for (pictured, wanted) in [("爱心", '心'), ("爱", '爱'), ("", '❤')]
        {
            let pictured = pictured.chars().collect();
            let table = build_classes(&alphabet, &pictured).unwrap();
            let class = table.view().get('❤').0 & !Sym::SYMBOL_BIT;
            let wanted = table.letter(wanted).unwrap_or(Sym::SEPARATOR.0);
            assert_eq!(class, wanted, "{pictured:?}");
        }
    }

    #[test]
    fn empty_alphabet_has_only_kinds() {
        let table = build_classes(&BTreeSet::new(), &BTreeSet::new()).unwrap();
        assert_eq!(table.view().get('a'), Sym::OTHER);
        assert_eq!(table.view().get(' '), Sym::SEPARATOR);
    }
}
