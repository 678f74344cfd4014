//! Checking an image. In: untrusted bytes; out: section ranges and the parsed
//! rules, or an error. There are two steps.
//!
//! `open` looks at what is small: header, section table, rules, the sizes of
//! the tables and the index of the class table. Its cost does not grow with
//! the dictionary. What it lets pass can be scanned: the views (`view.rs`)
//! read an index that is out of range as nothing.
//!
//! `verify` looks at everything: the checksum and every index. Only after it
//! is an image what its digest says.

use std::ops::Range;

use super::Kind;
use super::format::{
    ALIGN, BYTE_ORDER, DIGEST_FROM, GRAM_CHARS_MAX, GRAM_SIGNS_MAX,
    GRAM_WORDS_MAX, HEADER_LEN, KEY_LINE, MAGIC, NARROW_WORDS, PatternRow,
    SECTION_LEN, TermRow, VERSION, gap, section,
};
use super::meta::{Condition, Meta, RuleMeta};
use crate::base::{int, limits};
use crate::fold::{BASIC, Sym, tables};
use crate::verdict::{Category, Verdict};

const _: () = assert!(
    cfg!(target_endian = "little"),
    "images are used in place and are little-endian"
);

/// Byte ranges of the sections, in id order.
#[derive(Clone, Debug)]
pub(super) struct Sections {
    ranges: Vec<Range<usize>>,
}

impl Sections {
    pub(super) fn range(&self, id: u32) -> Range<usize> {
        self.ranges[int::to_usize(id - 1)].clone()
    }
}

/// Deepest condition that is evaluated.
const CONDITION_DEPTH_MAX: usize = 64;

pub(super) fn open(bytes: &[u8]) -> Result<(Sections, Meta), Kind> {
    header(bytes)?;
    // Where a part is wrong, the checksum tells whether the whole is.
    parts(bytes).map_err(|error| checksum(bytes).err().unwrap_or(error))
}

fn parts(bytes: &[u8]) -> Result<(Sections, Meta), Kind> {
    if bytes[48..80] != tables::tables_digest() {
        return Err(Kind::Tables);
    }
    let sections = sections(bytes)?;
    let meta: Meta =
        serde_json::from_slice(&bytes[sections.range(section::META)])
            .map_err(|error| damaged(format!("rules: {error}")))?;
    let view = super::ImageView::new(bytes, &sections, meta.sets.len());
    sizes(&view, &meta)?;
    if !models_fit(&meta) || !gram_sizes_fit(&view.grams, meta.models.len()) {
        return Err(damaged("a learned dictionary is out of range"));
    }
    rules(&meta)?;
    Ok((sections, meta))
}

/// The checksum and every index of an image that was opened.
pub(super) fn verify(
    bytes: &[u8],
    view: &super::ImageView<'_>,
    meta: &Meta,
) -> Result<(), Kind> {
    checksum(bytes)?;
    dictionary(view, meta)?;
    if !grams_fit(&view.grams, meta.models.len()) {
        return Err(damaged("a learned dictionary is out of range"));
    }
    Ok(())
}

fn checksum(bytes: &[u8]) -> Result<(), Kind> {
    if blake3::hash(&bytes[DIGEST_FROM..]).as_bytes() != &bytes[16..48] {
        return Err(Kind::Checksum);
    }
    Ok(())
}

fn damaged(text: impl Into<String>) -> Kind {
    Kind::Damaged(text.into())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut raw = [0; 4];
    raw.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(raw)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut raw = [0; 8];
    raw.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(raw)
}

fn header(bytes: &[u8]) -> Result<(), Kind> {
    if !bytes.starts_with(&MAGIC) {
        return Err(Kind::Magic(bytes.iter().take(8).copied().collect()));
    }
    if bytes.len() < HEADER_LEN {
        return Err(damaged(format!(
            "{} bytes, the header alone has {HEADER_LEN}",
            bytes.len()
        )));
    }
    let version = u32_at(bytes, 8);
    if version != VERSION {
        return Err(Kind::Version { found: version });
    }
    if u32_at(bytes, 12) != BYTE_ORDER {
        return Err(damaged("byte order is not little-endian"));
    }
    let length = u64_at(bytes, 80);
    if length != int::to_u64(bytes.len()) {
        return Err(damaged(format!(
            "expected {length} bytes, found {}",
            bytes.len()
        )));
    }
    Ok(())
}

fn sections(bytes: &[u8]) -> Result<Sections, Kind> {
    let count = int::to_usize(u32_at(bytes, 88));
    if count != section::ALL.len() {
        return Err(damaged(format!("{count} sections")));
    }
    let table_end = HEADER_LEN + count * SECTION_LEN;
    if bytes.len() < table_end {
        return Err(damaged("cut off inside the section table"));
    }
    let mut ranges = Vec::with_capacity(count);
    let mut last_end = table_end;
    for (number, (id, name, size)) in section::ALL.iter().enumerate() {
        let at = HEADER_LEN + number * SECTION_LEN;
        let offset = usize::try_from(u64_at(bytes, at + 8));
        let len = usize::try_from(u64_at(bytes, at + 16));
        let (Ok(offset), Ok(len)) = (offset, len) else {
            return Err(damaged(format!("section {name} is out of range")));
        };
        let end = offset.checked_add(len);
        let good = u32_at(bytes, at) == *id
            && int::to_usize(u32_at(bytes, at + 4)) == *size
            && offset % ALIGN == 0
            && offset >= last_end
            && len % size == 0
            && end.is_some_and(|end| end <= bytes.len());
        if !good {
            return Err(damaged(format!("section {name} is out of range")));
        }
        last_end = offset + len;
        ranges.push(offset..last_end);
    }
    Ok(Sections { ranges })
}

/// Offsets that start at 0, never fall and end at `end`.
fn is_offset_table(table: &[u32], end: usize) -> bool {
    table.first() == Some(&0)
        && table.windows(2).all(|pair| pair[0] <= pair[1])
        && table.last().is_some_and(|last| int::to_usize(*last) == end)
}

/// What scanning relies on without looking: lengths of tables, powers of
/// two, and the blocks that the class index names.
fn sizes(view: &super::ImageView<'_>, meta: &Meta) -> Result<(), Kind> {
    let fail = |what: &str| Err(damaged(format!("{what} is out of range")));
    let blocks = view.classes.blocks.len();
    if view.classes.index.len() != 0x11_0000 / 256
        || !blocks.is_multiple_of(256)
        || blocks < BASIC
        || view
            .classes
            .index
            .iter()
            .any(|block| usize::from(*block) * 256 + 256 > blocks)
    {
        return fail("the class table");
    }
    if view.needle_starts.is_empty()
        || view.needle_patterns.len() != view.needle_starts.len()
    {
        return fail("a needle");
    }
    if view.gaps.len() != view.letters.len() {
        return fail("a letter");
    }
    let terms = view.terms.len();
    let mut singles = meta.sets.iter().flat_map(|set| &set.singles);
    if singles.any(|(c, term)| {
        char::from_u32(*c).is_none() || int::to_usize(*term) >= terms
    }) {
        return fail("a one-character term");
    }
    let end = view.class_end();
    if view.own_symbols().is_none()
        || end > usize::from(Sym::SYMBOL_BIT)
        || usize::from(view.narrow_end) > end
        || view.needle_len_max() > limits::PATTERN_LETTERS_MAX
        || view.joinable_len_max() > limits::PATTERN_LETTERS_MAX
    {
        return fail("a limit");
    }
    let neighbours = view.neighbours.len();
    if neighbours > 0 && !is_size(neighbours) {
        return fail("the filter");
    }
    if !view.fused.iter().all(fused_sizes_fit) {
        return fail("the filter");
    }
    if !view.sound.iter().all(sound_sizes_fit) {
        return fail("the sound plane");
    }
    Ok(())
}

fn dictionary(view: &super::ImageView<'_>, meta: &Meta) -> Result<(), Kind> {
    let fail = |what: &str| Err(damaged(format!("{what} is out of range")));
    if !is_offset_table(view.needle_starts, view.needle_syms.len())
        || view.needle_starts.windows(2).any(|pair| pair[0] == pair[1])
    {
        return fail("a needle");
    }
    if !is_offset_table(view.needle_patterns, view.patterns.len()) {
        return fail("a needle's patterns");
    }
    if view.gaps.iter().any(|kind| *kind > gap::MAX)
        || view.letters.iter().any(|c| char::from_u32(*c).is_none())
    {
        return fail("a letter");
    }
    if view.patterns.iter().any(|row| !pattern_fits(view, row)) {
        return fail("a pattern");
    }
    let mut ends = view.needle_patterns.iter().skip(1).peekable();
    let is_last = |(number, row): (u32, &PatternRow)| {
        let last = ends.next_if_eq(&&(number + 1)).is_some();
        row.has(PatternRow::LAST) == last
    };
    if !(0..).zip(view.patterns).all(is_last) {
        return fail("a needle's patterns");
    }
    let terms = view.terms.len();
    if view.postings.iter().any(|term| int::to_usize(*term) >= terms) {
        return fail("a posting");
    }
    if view.wholes.iter().any(|c| char::from_u32(*c).is_none()) {
        return fail("a letter");
    }
    let strings = std::str::from_utf8(view.strings)
        .map_err(|_| damaged("strings are not UTF-8"))?;
    let sets = meta.sets.len();
    if view.terms.iter().any(|row| !term_fits(strings, sets, row)) {
        return fail("a term");
    }
    let wakes = waking_sets(view, sets);
    if meta.sets.iter().zip(wakes).any(|(set, wakes)| set.waking != wakes) {
        return fail("what wakes a rule");
    }
    if !limits_fit(view) {
        return fail("a limit");
    }
    if !view.fused.iter().all(|tables| fused_fits(view, tables)) {
        return fail("the filter");
    }
    if !view.sound.iter().all(|tables| sound_fits(view, tables)) {
        return fail("the sound plane");
    }
    Ok(())
}

/// By set: it has terms that may wake a rule.
fn waking_sets(view: &super::ImageView<'_>, sets: usize) -> Vec<bool> {
    let mut wakes = vec![false; sets];
    for row in view.terms {
        if let Some(wakes) = wakes.get_mut(int::to_usize(row.set)) {
            *wakes |= row.is_waking();
        }
    }
    wakes
}

fn limits_fit(view: &super::ImageView<'_>) -> bool {
    let end = view.class_end();
    let class = |sym: &u16| usize::from(sym & !Sym::SYMBOL_BIT) < end;
    let entry = |entry: &u32| class(&int::low16(*entry));
    let longest = view.needle_starts.windows(2).map(|s| s[1] - s[0]).max();
    let longest = longest.map_or(0, int::to_usize);
    longest == view.needle_len_max()
        && view.classes.blocks.iter().all(entry)
        && view.needle_syms.iter().all(class)
}

/// A table of one word would need a shift by all 64 bits of a hash.
fn is_size(len: usize) -> bool {
    len.is_power_of_two() && len > 1
}

fn fused_sizes_fit(tables: &super::FusedView<'_>) -> bool {
    let anchors = tables.anchors.len().checked_sub(2 * NARROW_WORDS);
    anchors.is_some_and(is_size)
        && is_size(tables.keys.len())
        && tables.keys.len() >= 2 * KEY_LINE
        && is_size(tables.bucket_starts.len().saturating_sub(1))
}

fn fused_fits(
    view: &super::ImageView<'_>,
    tables: &super::FusedView<'_>,
) -> bool {
    let entries = tables.bucket_rows.len();
    let needles = view.needle_count();
    let needle = |n: &u32| int::to_usize(*n) < needles;
    let pattern = |n: &u32| int::to_usize(*n) < view.patterns.len();
    is_offset_table(tables.bucket_starts, entries)
        && tables.bucket_rows.iter().all(|[.., number, _]| pattern(number))
        && tables.singles.is_sorted()
        && tables.singles.iter().all(|[class, number]| {
            int::to_usize(*class) < view.class_end() && needle(number)
        })
}

fn sound_sizes_fit(tables: &super::SoundView<'_>) -> bool {
    tables.entries.is_empty()
        || is_size(tables.filter.len())
            && is_size(tables.starts.len().saturating_sub(1))
}

fn sound_fits(
    view: &super::ImageView<'_>,
    tables: &super::SoundView<'_>,
) -> bool {
    if tables.entries.is_empty() {
        return true;
    }
    let patterns = view.patterns.len();
    let mut entries = tables.entries.iter();
    is_offset_table(tables.starts, tables.entries.len())
        && entries.all(|[_, pattern, _]| int::to_usize(*pattern) < patterns)
}

fn pattern_fits(view: &super::ImageView<'_>, row: &PatternRow) -> bool {
    let letters = int::to_usize(row.letters)
        .checked_add(row.letter_count())
        .is_some_and(|end| end <= view.letters.len());
    let joins = row.has(PatternRow::JOIN);
    let table = if joins { view.wholes } else { view.postings };
    let end = int::to_usize(row.postings)
        .checked_add(int::to_usize(row.posting_count));
    let postings = match row.posting_count {
        1 if joins => char::from_u32(row.postings).is_some(),
        1 => int::to_usize(row.postings) < view.terms.len(),
        _ => end.is_some_and(|end| end <= table.len()),
    };
    let count = row.letter_count();
    letters
        && postings
        && (1..=limits::PATTERN_LETTERS_MAX).contains(&count)
        && row.shape & !PatternRow::SHAPE_MASK == 0
}

fn term_fits(strings: &str, sets: usize, row: &TermRow) -> bool {
    let start = int::to_usize(row.text);
    let end = start.checked_add(int::to_usize(row.text_len));
    end.is_some_and(|end| strings.get(start..end).is_some())
        && int::to_usize(row.set) < sets
        && row.flags & !TermRow::FLAGS_MASK == 0
}

fn models_fit(meta: &Meta) -> bool {
    let count = meta.models.len();
    let known = |model: &u32| int::to_usize(*model) < count;
    count <= limits::MODELS_MAX
        && meta.sets.iter().flat_map(|set| &set.model).all(known)
        && meta.models.iter().all(|model| {
            model.bias.abs() <= limits::WEIGHT_MAX
                && model.chars <= GRAM_CHARS_MAX
                && model.words <= GRAM_WORDS_MAX
                && model.signs <= GRAM_SIGNS_MAX
        })
}

fn gram_sizes_fit(grams: &super::GramView<'_>, models: usize) -> bool {
    if models == 0 {
        return grams.slots.is_empty()
            && grams.pilots.is_empty()
            && grams.starts.is_empty()
            && grams.keys.is_empty()
            && grams.first_weights.is_empty()
            && grams.weights.is_empty()
            && grams.texts.is_empty()
            && grams.strings.is_empty();
    }
    let count = grams.keys.len();
    let waking = match grams.slots.len() {
        0 => grams.pilots.is_empty(),
        _ => is_size(grams.pilots.len()),
    };
    waking
        && is_size(grams.starts.len().saturating_sub(1))
        && grams.first_weights.len() == count + 1
        && grams.texts.len() == count + 1
}

fn grams_fit(grams: &super::GramView<'_>, models: usize) -> bool {
    if models == 0 {
        return true;
    }
    let Ok(strings) = std::str::from_utf8(grams.strings) else {
        return false;
    };
    let row = |row: &super::WeightRow| {
        int::to_usize(row.model) < models
            && i64::from(row.weight).abs() <= limits::WEIGHT_MAX
    };
    waking_fits(grams)
        && is_offset_table(grams.starts, grams.keys.len())
        && is_offset_table(grams.first_weights, grams.weights.len())
        && grams.weights.iter().all(row)
        && is_offset_table(grams.texts, strings.len())
        && grams
            .texts
            .iter()
            .all(|at| strings.is_char_boundary(int::to_usize(*at)))
}

/// Every slot is that of its key, and its number that of an n-gram with it.
fn waking_fits(grams: &super::GramView<'_>) -> bool {
    let Some(table) = grams.waking() else { return grams.slots.is_empty() };
    grams.slots.iter().enumerate().all(|(place, [key, value])| {
        let gram = int::to_usize(int::low_u32(*value));
        *key == 0
            || (table.slot(*key) == place && grams.keys.get(gram) == Some(key))
    })
}

fn rules(meta: &Meta) -> Result<(), Kind> {
    let sets = meta.sets.len();
    for (number, set) in meta.sets.iter().enumerate() {
        let below = |m: &u32| int::to_usize(*m) < number;
        if !set.members.iter().all(below) || !set.literals.iter().all(below) {
            return Err(damaged(format!("set {} refers ahead", set.name)));
        }
    }
    for rule in &meta.rules {
        let mut good = int::to_usize(rule.pack) < meta.packs.len()
            && Category::parse(&rule.category).is_some()
            && Verdict::parse(&rule.ceiling).is_some()
            && matches!(
                rule.status.as_str(),
                "shadow" | "report" | "stable" | "retired"
            )
            && rule.confidence <= 1000;
        for (_, set) in &rule.sets {
            good &= int::to_usize(*set) < sets;
        }
        for set in rule.triggers.iter().flatten() {
            good &= int::to_usize(*set) < sets;
        }
        for condition in std::iter::once(&rule.when).chain(&rule.unless) {
            good &= condition.depth() <= CONDITION_DEPTH_MAX;
            condition.each_set(&mut |set| {
                good &= int::to_usize(set) < rule.sets.len();
            });
            good &= scores_fit(condition, rule, meta);
        }
        if !good {
            return Err(damaged(format!("rule {} is malformed", rule.id)));
        }
    }
    Ok(())
}

/// Whether `score` asks only for models. The sets of the rule and the
/// operands of the condition were found to exist.
fn scores_fit(condition: &Condition, rule: &RuleMeta, meta: &Meta) -> bool {
    match condition {
        Condition::Score(set, _, number) => {
            let known = rule.sets.get(int::to_usize(*set));
            let set = known.and_then(|s| meta.sets.get(int::to_usize(s.1)));
            number.is_finite() && set.is_some_and(|set| set.model.is_some())
        }
        Condition::Not(inner) => scores_fit(inner, rule, meta),
        Condition::And(all) | Condition::Or(all) => {
            all.iter().all(|inner| scores_fit(inner, rule, meta))
        }
        _ => true,
    }
}
