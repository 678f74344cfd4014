//! The engines that Trommel is compared with, behind one trait.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use anyhow::{Context, anyhow, bail};
use daachorse::{CharwiseDoubleArrayAhoCorasick, DoubleArrayAhoCorasick};
use regex::{RegexSet, RegexSetBuilder};

use crate::Settings;
use crate::hyperscan::{Hyperscan, Library};
use crate::texts::Slice;
use crate::trommel_engines as ours;

/// What a count counts; engines of one kind must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Every occurrence of every term, overlapping ones too.
    Occurrences,
    /// For each post, how many different terms are in it.
    Distinct,
    /// Trommel's hits.
    Hits,
    /// Posts that are reported or taken down.
    Flagged,
    /// Bytes of verdict lines.
    Lines,
}

pub trait Engine {
    fn counts(&self) -> Counts;

    /// Searches a slice; gives what was found.
    fn count(&mut self, slice: Slice<'_>) -> anyhow::Result<u64>;

    /// Bytes of the tables, where the engine tells.
    fn memory(&self) -> Option<usize> {
        None
    }

    /// Trommel's hits of one post as (start, end, term).
    fn hits(&mut self, _post: &str) -> Option<Vec<(usize, usize, String)>> {
        None
    }
}

/// What an engine is built from.
pub struct Source<'a> {
    pub dictionary: &'a str,
    pub terms: &'a [String],
    pub settings: &'a Settings,
}

/// An engine by its name in `engines.toml`.
pub fn build(
    name: &str,
    from: &Source<'_>,
) -> anyhow::Result<Box<dyn Engine>> {
    let terms = from.terms;
    Ok(match name {
        "fused" | "fused-portable" | "fused-avx2" | "fused-avx512"
        | "fused-exact" | "fused-letters" | "reference"
        | "reference-exact" | "fused-judge" | "reference-judge"
        | "fused-ndjson" | "reference-ndjson" | "fused-records" => {
            return ours::build(name, from);
        }
        "aho-corasick-nfa" => {
            Box::new(Aho(aho(AhoCorasickKind::ContiguousNFA, terms)?))
        }
        "aho-corasick-dfa" => Box::new(Aho(aho(AhoCorasickKind::DFA, terms)?)),
        "daachorse-bytewise" => Box::new(Bytewise(
            DoubleArrayAhoCorasick::new(terms)
                .map_err(|error| anyhow!("{error:?}"))?,
        )),
        "daachorse-charwise" => Box::new(Charwise(
            CharwiseDoubleArrayAhoCorasick::new(terms)
                .map_err(|error| anyhow!("{error:?}"))?,
        )),
        "regex-set" => {
            let escaped = terms.iter().map(|term| regex::escape(term));
            let set = RegexSetBuilder::new(escaped)
                .size_limit(2 << 30)
                .dfa_size_limit(256 << 20)
                .build()?;
            Box::new(Set(set))
        }
        "hyperscan-post" | "hyperscan-whole" => {
            let path = from.settings.hyperscan.as_deref();
            scanning(path, "--hyperscan", name.ends_with("whole"), terms)?
        }
        "vectorscan-post" | "vectorscan-whole" => {
            let path = from.settings.vectorscan.as_deref();
            scanning(path, "--vectorscan", name.ends_with("whole"), terms)?
        }
        _ => bail!("no engine is called {name}"),
    })
}

pub fn aho(
    kind: AhoCorasickKind,
    terms: &[String],
) -> anyhow::Result<AhoCorasick> {
    Ok(AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .kind(Some(kind))
        .build(terms)?)
}

fn scanning(
    path: Option<&std::path::Path>,
    flag: &str,
    whole: bool,
    terms: &[String],
) -> anyhow::Result<Box<dyn Engine>> {
    let path = path.with_context(|| format!("{flag} was not given"))?;
    let scanner = Hyperscan::build(Library::open(path)?, terms)?;
    Ok(Box::new(Scanning { scanner, whole }))
}

struct Aho(AhoCorasick);

impl Engine for Aho {
    fn counts(&self) -> Counts {
        Counts::Occurrences
    }

    fn count(&mut self, slice: Slice<'_>) -> anyhow::Result<u64> {
        let mut found = 0;
        for post in slice.posts() {
            for hit in self.0.find_overlapping_iter(post) {
                std::hint::black_box(hit);
                found += 1;
            }
        }
        Ok(found)
    }

    fn memory(&self) -> Option<usize> {
        Some(self.0.memory_usage())
    }
}

struct Bytewise(DoubleArrayAhoCorasick<u32>);

impl Engine for Bytewise {
    fn counts(&self) -> Counts {
        Counts::Occurrences
    }

    fn count(&mut self, slice: Slice<'_>) -> anyhow::Result<u64> {
        let mut found = 0;
        for post in slice.posts() {
            for hit in self.0.find_overlapping_iter(post) {
                std::hint::black_box(hit);
                found += 1;
            }
        }
        Ok(found)
    }

    fn memory(&self) -> Option<usize> {
        Some(self.0.heap_bytes())
    }
}

struct Charwise(CharwiseDoubleArrayAhoCorasick<u32>);

impl Engine for Charwise {
    fn counts(&self) -> Counts {
        Counts::Occurrences
    }

    fn count(&mut self, slice: Slice<'_>) -> anyhow::Result<u64> {
        let mut found = 0;
        for post in slice.posts() {
            for hit in self.0.find_overlapping_iter(post) {
                std::hint::black_box(hit);
                found += 1;
            }
        }
        Ok(found)
    }

    fn memory(&self) -> Option<usize> {
        Some(self.0.heap_bytes())
    }
}

struct Set(RegexSet);

impl Engine for Set {
    fn counts(&self) -> Counts {
        Counts::Distinct
    }

    fn count(&mut self, slice: Slice<'_>) -> anyhow::Result<u64> {
        let mut found = 0;
        for post in slice.posts() {
            found += self.0.matches(post).iter().count();
        }
        Ok(u64::try_from(found)?)
    }
}

struct Scanning {
    scanner: Hyperscan,
    whole: bool,
}

impl Engine for Scanning {
    fn counts(&self) -> Counts {
        Counts::Occurrences
    }

    fn count(&mut self, slice: Slice<'_>) -> anyhow::Result<u64> {
        if self.whole {
            return self.scanner.count(slice.bytes());
        }
        let mut found = 0;
        for post in slice.posts() {
            found += self.scanner.count(post.as_bytes())?;
        }
        Ok(found)
    }

    fn memory(&self) -> Option<usize> {
        Some(self.scanner.size())
    }
}

/// How many different terms stand in each post, added up: what a regex set
/// can say.
pub fn distinct(automaton: &AhoCorasick, slice: Slice<'_>) -> u64 {
    slice
        .posts()
        .map(|post| {
            let each = automaton.find_overlapping_iter(post);
            let all: BTreeSet<_> = each.map(|hit| hit.pattern()).collect();
            all.len() as u64
        })
        .sum()
}
