//! The fuzz targets without a fuzzer: every seed and every input that once
//! crashed (`fuzz/seeds`, `fuzz/crashes`), then mutations of them by a
//! seeded generator, so a failure comes back on every run. For a longer
//! search: `FUZZ_FACTOR=50 FUZZ_SEED=7 cargo test --test fuzz_replay`.

#[path = "../fuzz/fuzz_targets/common.rs"]
mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// splitmix64 (Steele, Lea, Flood 2014): small, seeded, good enough.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or(0)
    }
}

/// Bytes that mean something to one of the targets.
const WORDS: &[&str] = &[
    "\"",
    "\\",
    "\\ud83d",
    "\\u0000",
    "{",
    "}",
    "[[rule]]\n",
    "[",
    "]",
    "\n",
    "\r\n",
    ",",
    "\u{feff}",
    "\u{200b}",
    "\u{301}",
    "真",
    "信",
    "casino",
    "c4s1n0",
    "&#x5fae;",
    "%E5%BE%AE",
    "加",
    "微",
    "+v",
    "$$",
    "✈",
    "free ",
    "money",
    ".",
    "。",
    " ",
    "0",
    "1e999",
    "-",
    "null",
    "\"text\":",
    "when = \"",
    "near(",
    ")",
    " or ",
    "not ",
    "= ",
    "list",
    "🇨🇳",
    "ﬁ",
    "℡",
    "l",
    "888",
    "女子",
    "rn",
    "'",
    "|",
    "!",
    "=",
    "*",
];

fn factor() -> usize {
    usize::try_from(setting("FUZZ_FACTOR", 1)).expect("FUZZ_FACTOR")
}

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

fn files(kind: &str, target: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("fuzz").join(kind).join(target);
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut all: Vec<(String, Vec<u8>)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_string_lossy().into_owned();
            let kept = !name.starts_with('.');
            kept.then(|| (name, std::fs::read(&path).expect("a seed")))
        })
        .collect();
    all.sort();
    all
}

fn mutate(random: &mut Random, seeds: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut data = seeds[random.below(seeds.len())].1.clone();
    for _ in 0..=random.below(6) {
        let at = random.below(data.len() + 1);
        match random.below(8) {
            0 if at < data.len() => data[at] = random.next() as u8,
            1 if at < data.len() => data[at] ^= 1 << random.below(8),
            2 if at < data.len() => {
                let end = (at + 1 + random.below(8)).min(data.len());
                data.drain(at..end);
            }
            3 => {
                let other = &seeds[random.below(seeds.len())].1;
                let from = random.below(other.len() + 1);
                let end = (from + random.below(24)).min(other.len());
                data.splice(at..at, other[from..end].iter().copied());
            }
            4 if at < data.len() => {
                let end = (at + 1 + random.below(16)).min(data.len());
                let copy = data[at..end].to_vec();
                data.splice(at..at, copy);
            }
            5 => data.truncate(at),
            _ => {
                let word = WORDS[random.below(WORDS.len())];
                data.splice(at..at, word.bytes());
            }
        }
    }
    data
}

/// Panics that are known: target and a part of the message. Each has a file
/// `fuzz/crashes/TARGET/known-bug-*` that must panic so; when it no longer
/// does, take the line away and the prefix off the file's name.
const KNOWN_BUGS: &[(&str, &str)] = &[];

fn attempt(target: &str, what: &str, data: &[u8], run: fn(&[u8])) {
    let result = catch_unwind(AssertUnwindSafe(|| run(data)));
    let known = result.as_ref().is_err_and(|panic| {
        let message = panic.downcast_ref::<String>().map_or("", |m| m);
        KNOWN_BUGS
            .iter()
            .any(|(own, text)| *own == target && message.contains(text))
    });
    if what.starts_with("known-bug-") {
        assert!(known, "{target}/{what} no longer fails: see KNOWN_BUGS");
    }
    assert!(
        result.is_ok() || known,
        "{target}, {what}: put these bytes into fuzz/crashes/{target}: \
         b\"{}\"",
        data.escape_ascii()
    );
}

fn replay(target: &str, rounds: usize, run: fn(&[u8])) {
    let mut seeds = files("seeds", target);
    assert!(!seeds.is_empty(), "fuzz/seeds/{target} is empty");
    seeds.extend(files("crashes", target));
    for (name, data) in &seeds {
        attempt(target, name, data, run);
    }
    let mut random = Random(setting("FUZZ_SEED", 0x0074_726F_6D6D_656C));
    for round in 0..rounds * factor() {
        let data = mutate(&mut random, &seeds);
        attempt(target, &format!("round {round}"), &data, run);
    }
}

#[test]
fn decode() {
    replay("decode", 2000, common::decode);
}

#[test]
fn pack_text() {
    replay("pack_text", 1500, common::pack_text);
}

#[test]
fn image_bytes() {
    // Edits, as the target explains; seeded like the rest.
    replay("image_bytes", 1500, common::image_bytes);
    let mut random = Random(setting("FUZZ_SEED", 0x0069_6D61_6765));
    let (mut opened, mut tried) = (0, 0);
    for round in 0..1500 * factor() {
        let count = 6 * (1 + random.below(4));
        let data: Vec<u8> = (0..count).map(|_| random.next() as u8).collect();
        let what = format!("edits {round}");
        attempt("image_bytes", &what, &data, common::image_bytes);
        opened += usize::from(common::open(&data).is_some());
        tried += 1;
    }
    // The forged header lets edits through to the code behind the check;
    // the check stops most, since most bytes are classes and indices.
    assert!((tried / 50..tried).contains(&opened), "{opened} of {tried}");
}

#[test]
fn ledger_bytes() {
    replay("ledger_bytes", 3000, common::ledger_bytes);
}

#[test]
fn fold() {
    replay("fold", 6000, common::fold);
}
