//! The naive oracle. In: an image and a text; out: every place where the
//! walk accepts a spelling. No needles, no filter, no runs: every pattern is
//! tried at every character. Shared by the engine tests and the fuzz
//! targets.
//!
//! A text with characters in parts is read again as the engines do, with the
//! parts that the oracle found itself where an engine reports them; that the
//! engines report what there is, is compared as for terms.
//!
//! The engines differ from it by design in two ways, and [`compare`] allows
//! exactly these:
//!
//! 1. Of the places in one run of equal classes where a pattern may begin
//!    they report one. So a place of the oracle needs no equal hit, only an
//!    overlapping one of the same term.
//! 2. They search classes, and a code point outside ASCII has the class of
//!    its first reading alone (`ч` is looked for as y, not as 4). So only
//!    places whose class sequence is that of the pattern are required.

use trommel::base::Span;
use trommel::fold::{self, Fold, Sym, letter};
use trommel::image::{Image, ImageView, PatternRow};
use trommel::pack::{Options, compile_text};
use trommel::scan::join::{Joined, Joint};
use trommel::scan::{
    Engine, EngineKind, Folded, Hit, Mode, Reader, ScanScratch, Simd, hear,
    walk,
};

/// What one escape costs, as documented in the contract.
const ESCAPE_PRICE: u16 = 30;
const COLUMN_PRICE: u16 = 50;
const BYTES_PRICE: u16 = 100;

/// A place of the oracle.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub hit: Hit,
    /// The search must see it.
    pub required: bool,
}

/// A rule with one set. `near` keeps the compiler from refusing terms of one
/// character; engines do not look at conditions.
pub fn rules(terms: &[String], level: Option<&str>, when: &str) -> String {
    let list: Vec<String> = terms
        .iter()
        .map(|term| toml::Value::from(term.as_str()).to_string())
        .collect();
    let level = level.map_or(String::new(), |l| format!(", folds = \"{l}\""));
    format!(
        "[[rule]]\nid = \"spam.row\"\ntitle = \"Row\"\n\
         category = \"spam\"\nconfidence = 0.95\nowner = \"tests\"\n\
         review_by = 2099-01-01\nreason = {{ zh = \"行\", en = \"Row\" }}\n\
         [rule.sets]\nterms = {{ list = [{}]{level} }}\n\
         other = {{ validator = \"url\" }}\n\
         [rule.match]\nwhen = \"{when}\"\n",
        list.join(", ")
    )
}

/// The image of a list of term-file lines.
pub fn image(terms: &[String], level: Option<&str>) -> Result<Image, String> {
    let text = rules(terms, level, "near(terms, other, 1)");
    let today = trommel::base::clock::Date(20_261_121);
    compile_text("row.toml", &text, &Options::default().today(today))
        .map_err(|error| error.to_string())
}

/// Hits of one engine.
pub fn scan(kind: EngineKind, image: &Image, text: &str) -> Vec<Hit> {
    let engine = Engine::new(kind, image).expect("the automaton is small");
    let mut out = Vec::new();
    let mut scratch = ScanScratch::default();
    engine.scan(&image.view(), text, &mut scratch, &mut out);
    out
}

/// Every place, in no order, with duplicates.
pub fn places(image: &Image, text: &str) -> Vec<Place> {
    let view = image.view();
    let mut out = Vec::new();
    read_joined(image, text, &mut out);
    let Some(decoded) = fold::decode(text) else { return out };
    let mut inner = Vec::new();
    read_joined(image, &decoded.text, &mut inner);
    for mut place in inner {
        let hit = &mut place.hit;
        let (start, end, passed) =
            decoded.original(hit.span.start, hit.span.end);
        hit.span = Span::new(start, end);
        hit.tier = hit.tier.max(u8::from(passed.escape || passed.column));
        if passed.escape {
            hit.folds.insert(Fold::Escape);
            hit.penalty.0 += ESCAPE_PRICE;
        }
        if passed.column {
            hit.folds.insert(Fold::Sep);
            hit.penalty.0 += COLUMN_PRICE;
        }
        if passed.bytes {
            hit.folds.insert(Fold::Base64);
            hit.penalty.0 += BYTES_PRICE;
            hit.tier = 2;
        }
        let most = view.terms[hit.term as usize].tier_max();
        if !passed.any() || hit.tier > most {
            continue;
        }
        out.push(place);
    }
    out
}

/// A text, and once more with the characters that stand in parts.
fn read_joined(image: &Image, text: &str, out: &mut Vec<Place>) {
    let view = image.view();
    for symbols in [false, true] {
        read(&view, text, symbols, out);
    }
    let joints = joints(image, text);
    if joints.is_empty() {
        return;
    }
    let mut folded = Folded::default();
    folded.fill(Simd::Portable, text, view.classes, Mode::Plain);
    let mut joined = Joined::default();
    joined.fill(&view, text, &joints, &folded);
    let mut inner = Vec::new();
    for symbols in [false, true] {
        read(&view, &joined.text, symbols, &mut inner);
    }
    out.extend(inner.into_iter().filter_map(|place| {
        let hit = joined.original(&view, place.hit)?;
        Some(Place { hit, ..place })
    }));
}

/// The parts of characters that an engine reports.
fn joints(image: &Image, text: &str) -> Vec<Joint> {
    let engine = Engine::new(EngineKind::Fused, image).expect("no automaton");
    let mut scratch = ScanScratch::default();
    engine.joints(&image.view(), text, &mut scratch)
}

/// Compares the parts of characters that the engines report with those that
/// stand there: all of them do, and where some stand one is reported.
fn compare_joints(image: &Image, text: &str) -> Result<(), String> {
    let view = image.tables();
    let found = joints(image, text);
    let mut folded = Folded::default();
    let mut naive: Vec<(Joint, bool)> = Vec::new();
    let reader = Reader { text, view, symbols: false };
    for needle in 0..view.needle_count() {
        for number in view.needle_patterns(needle as u32) {
            let pattern = view.pattern(number);
            for (start, c) in text.char_indices() {
                if !pattern.row.has(PatternRow::JOIN)
                    || !is_letter(view, c, false)
                {
                    continue;
                }
                let Some(place) = walk(&reader, pattern, start) else {
                    continue;
                };
                let parts = &text[start..place.end];
                folded.fill(Simd::Portable, parts, view.classes, Mode::Plain);
                let seen =
                    folded.syms().starts_with(view.needle(needle as u32));
                for whole in view.pattern_wholes(pattern.row) {
                    let (start, end) = (start as u32, place.end as u32);
                    let needed = place.into();
                    let joint = Joint { start, end, whole, needed };
                    naive.push((joint, seen));
                }
            }
        }
    }
    for joint in &found {
        if !naive.iter().any(|(other, _)| other == joint) {
            return Err(format!("no parts of a character: {joint:?}"));
        }
    }
    for (joint, _) in naive.iter().filter(|(_, seen)| *seen) {
        let reported = found.iter().any(|other| {
            other.whole == joint.whole
                && other.start < joint.end
                && joint.start < other.end
        });
        if !reported {
            return Err(format!("the engines miss parts: {joint:?}"));
        }
    }
    Ok(())
}

/// One reading of the text.
fn read(
    view: &ImageView<'_>,
    text: &str,
    symbols: bool,
    out: &mut Vec<Place>,
) {
    let reader = Reader { text, view, symbols };
    if !symbols {
        listen(&reader, out);
    }
    let read_at_all = !symbols || symbols_are_read(view, text);
    let mut folded = Folded::default();
    for needle in 0..view.needle_count() {
        let needle = needle as u32;
        for number in view.needle_patterns(needle) {
            let pattern = view.pattern(number);
            if pattern.row.has(PatternRow::SYMBOL) && !symbols
                || pattern.row.has(PatternRow::INITIALS)
            {
                continue;
            }
            for (start, c) in text.char_indices() {
                if !is_letter(view, c, symbols) {
                    continue;
                }
                let Some(found) = walk(&reader, pattern, start) else {
                    continue;
                };
                let mode = if symbols { Mode::Symbols } else { Mode::Plain };
                folded.fill(
                    Simd::Portable,
                    &text[start..found.end],
                    view.classes,
                    mode,
                );
                let seen = folded.syms().starts_with(view.needle(needle));
                for &term in view.pattern_terms(pattern.row) {
                    let info = &view.terms[term as usize];
                    if found.tier > info.tier_max() {
                        continue;
                    }
                    let mut folds = found.folds;
                    if info.is_alias() {
                        folds.insert(Fold::Alias);
                    }
                    let span = Span::new(start as u32, found.end as u32);
                    let hit = Hit {
                        set: info.set,
                        span,
                        term,
                        penalty: found.penalty,
                        folds,
                        tier: found.tier,
                    };
                    out.push(Place { hit, required: seen && read_at_all });
                }
            }
        }
    }
}

/// Every place where a term is heard. Which of them an engine must find
/// depends on readings; that both find the same is compared.
fn listen(reader: &Reader<'_>, out: &mut Vec<Place>) {
    let view = &reader.view;
    let entries = view.sound.iter().flat_map(|part| part.entries);
    let numbers: std::collections::BTreeSet<u32> =
        entries.map(|[_, pattern, _]| *pattern).collect();
    for number in numbers {
        let pattern = view.pattern(number as usize);
        for (start, _) in reader.text.char_indices() {
            let found = if pattern.row.has(PatternRow::INITIALS) {
                walk(reader, pattern, start)
            } else {
                hear(reader, pattern, start)
            };
            let Some(found) = found else { continue };
            for &term in view.pattern_terms(pattern.row) {
                let info = &view.terms[term as usize];
                if found.tier > info.tier_max() {
                    continue;
                }
                let mut folds = found.folds;
                if info.is_alias() {
                    folds.insert(Fold::Alias);
                }
                let span = Span::new(start as u32, found.end as u32);
                let hit = Hit {
                    set: info.set,
                    span,
                    term,
                    penalty: found.penalty,
                    folds,
                    tier: found.tier,
                };
                out.push(Place { hit, required: false });
            }
        }
    }
}

/// Whether a hit may begin with this character.
fn is_letter(view: &ImageView<'_>, c: char, symbols: bool) -> bool {
    let sym = view.classes.get(c);
    if sym.0 & Sym::SYMBOL_BIT != 0 { symbols } else { sym.is_letter() }
}

/// The engines read symbols as letters only where that promises something:
/// a symbol that is more than a look-alike, or a look-alike before a letter
/// or digit.
fn symbols_are_read(view: &ImageView<'_>, text: &str) -> bool {
    let visible: Vec<char> = text
        .chars()
        .filter(|c| view.classes.get(*c) != Sym::IGNORABLE)
        .collect();
    let symbol = |c: char| view.classes.get(c).0 & Sym::SYMBOL_BIT != 0;
    // Full-width ones are no other symbols than the narrow.
    let look_alike = |c: char| "!|($@€£¥¡".contains(letter::canonical(c));
    let word = |c: char| letter::is_word_letter(c) || letter::is_digit(c);
    visible.iter().any(|c| symbol(*c) && !look_alike(*c))
        || visible
            .windows(2)
            .any(|pair| symbol(pair[0]) && !symbol(pair[1]) && word(pair[1]))
}

/// Bytes before a text that move its characters across the ends of the steps
/// that vector loops take.
const SHIFTS: [usize; 7] = [0, 29, 30, 31, 61, 62, 63];

/// The code points of a text; of those beyond the basic plane only that they
/// are.
fn basic(folded: &Folded) -> impl Iterator<Item = u16> {
    let surrogate = |code: &u16| (0xD800..0xE000).contains(code);
    let codes = folded.codes().0.iter();
    codes.map(move |code| if surrogate(code) { 0xD800 } else { *code })
}

/// Compares what the loops of every processor make of a text before anything
/// is searched.
fn compare_folding(image: &Image, text: &str) -> Result<(), String> {
    let classes = image.view().classes;
    for shift in SHIFTS {
        let before: String = "ab".chars().cycle().take(shift).collect();
        let text = before + text;
        let fold = |simd: Simd, mode: Mode| {
            let mut folded = Folded::default();
            folded.fill(simd, &text, classes, mode);
            folded
        };
        for simd in Simd::all() {
            let differs = |what: &str| {
                let name = simd.as_str();
                Err(format!("{what} differs with {name} behind {shift}"))
            };
            for mode in [Mode::Plain, Mode::Codes, Mode::Symbols] {
                let plain = fold(Simd::Portable, mode);
                let folded = fold(simd, mode);
                let same = folded.syms() == plain.syms()
                    && folded.entries() == plain.entries()
                    && folded.starts() == plain.starts()
                    && folded.symbols() == plain.symbols()
                    && folded.codes().1 == plain.codes().1
                    && basic(&folded).eq(basic(&plain))
                    && folded.has_escapes() == plain.has_escapes();
                if !same {
                    return differs("folding");
                }
            }
            if simd.has_lines(&text) != fold::has_lines(&text) {
                return differs("the number of lines");
            }
            // Yes too often is allowed.
            if fold::is_promising(&text) && !simd.is_promising(&text) {
                return differs("what needs decoding");
            }
        }
    }
    Ok(())
}

/// Compares both engines with each other and with the oracle; the error
/// says what differs.
pub fn compare(image: &Image, text: &str) -> Result<Vec<Hit>, String> {
    let fused = scan(EngineKind::Fused, image, text);
    let reference = scan(EngineKind::Reference, image, text);
    for simd in Simd::all() {
        let engine = Engine::new(EngineKind::Fused, image)?.with_simd(simd);
        let mut out = Vec::new();
        let mut scratch = ScanScratch::default();
        engine.scan(&image.view(), text, &mut scratch, &mut out);
        if fused != out {
            let name = simd.as_str();
            return Err(format!("fused differs from itself with {name}"));
        }
    }
    let view = image.view();
    let show = |hit: &Hit| {
        let term = view.term_text(hit.term);
        let quote = text.get(hit.span.range());
        format!(
            "{term:?} at {}..{} {quote:?} {:?} {}",
            hit.span.start, hit.span.end, hit.folds, hit.penalty
        )
    };
    if fused != reference {
        let list =
            |hits: &[Hit]| -> Vec<String> { hits.iter().map(show).collect() };
        return Err(format!(
            "fused {:?} differs from reference {:?}",
            list(&fused),
            list(&reference)
        ));
    }
    compare_folding(image, text)?;
    compare_joints(image, text)?;
    let places = places(image, text);
    for hit in &fused {
        if !places.iter().any(|place| place.hit == *hit) {
            return Err(format!("the oracle has no {}", show(hit)));
        }
        if text.get(hit.span.range()).is_none() {
            return Err(format!("inside a character: {}", show(hit)));
        }
    }
    for place in places.iter().filter(|place| place.required) {
        let covered = fused.iter().any(|hit| {
            hit.term == place.hit.term && hit.span.overlaps(place.hit.span)
        });
        if !covered {
            return Err(format!("the engines miss {}", show(&place.hit)));
        }
    }
    Ok(fused)
}
