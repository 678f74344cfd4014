//! The rule compiler. In: pack folders; out: an image and every diagnostic.
//! Runs before a scan, never during one.

pub(crate) mod condition;
pub mod diagnostic;
mod dictionary;
pub(crate) mod expand;
mod frequency;
pub mod load;
mod lower;
pub mod marked;
mod score;
mod sets;
mod sound;
pub(crate) mod syntax;
pub(crate) mod table;
pub(crate) mod term;
pub(crate) mod weights;

use std::collections::BTreeSet;

use crate::base::clock::{self, Date};
use crate::image::{Image, write};

pub use diagnostic::{Code, Diagnostic, Edit, Fix, Severity};
pub use load::{LoadError, PackSource, SourceFile};
pub use sets::validator_names;
pub use syntax::{Allow, Rule, Status, Syntax, Test};

/// How packs are compiled.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    today: Date,
}

impl Default for Options {
    fn default() -> Options {
        Options { today: clock::today() }
    }
}

impl Options {
    /// Rules whose review date is before this day become shadow rules.
    pub fn today(mut self, today: Date) -> Options {
        self.today = today;
        self
    }
}

/// The result of a compilation: diagnostics always, an image when none of
/// them is an error.
#[derive(Debug)]
pub struct Compilation {
    /// Files of all packs, as diagnostics number them.
    pub files: Vec<SourceFile>,
    pub packs: Vec<Syntax>,
    /// Packs that only lend sets to others are not active.
    pub active: Vec<bool>,
    /// Index of the first file of each pack, and how many it has.
    pub(crate) bases: Vec<usize>,
    pub(crate) counts: Vec<usize>,
    pub(crate) today: Date,
    pub diagnostics: Vec<Diagnostic>,
    /// The image's bytes, ready to be written to a file.
    pub bytes: Option<Vec<u8>>,
}

/// Why packs could not be compiled.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PackError(String);

impl Compilation {
    pub fn error_count(&self) -> usize {
        self.diagnostics.iter().filter(|d| d.is_error()).count()
    }

    /// The image, checked like one from a file.
    pub fn image(&self) -> Result<Image, PackError> {
        let Some(bytes) = &self.bytes else {
            let all: Vec<String> = self
                .diagnostics
                .iter()
                .filter(|d| d.is_error())
                .map(|d| diagnostic::render(d, &self.files, false))
                .collect();
            return Err(PackError(all.join("\n")));
        };
        Image::from_bytes(bytes).map_err(|error| PackError(error.to_string()))
    }
}

/// Compiles packs. Shared sets of shipped packs are found by name even when
/// the pack itself is not among `sources`; its rules then stay out.
pub fn compile(sources: Vec<PackSource>, options: &Options) -> Compilation {
    let mut result = Compilation {
        files: Vec::new(),
        packs: Vec::new(),
        active: Vec::new(),
        bases: Vec::new(),
        counts: Vec::new(),
        today: options.today,
        diagnostics: Vec::new(),
        bytes: None,
    };
    let mut known: BTreeSet<String> =
        sources.iter().map(|source| source.name.clone()).collect();
    let mut todo: Vec<(PackSource, bool)> =
        sources.into_iter().map(|source| (source, true)).collect();
    let mut next = 0;
    while next < todo.len() {
        let (source, active) = &todo[next];
        let base = result.files.len();
        let syntax = syntax::read(source, base, &mut result.diagnostics);
        result.bases.push(base);
        result.counts.push(source.files.len());
        result.files.extend(source.files.iter().cloned());
        result.active.push(*active);
        for name in lenders(&syntax) {
            if known.insert(name.clone())
                && let Some(lender) = load::shipped(&name)
            {
                todo.push((lender, false));
            }
        }
        result.packs.push(syntax);
        next += 1;
    }
    let packs = sets::Packs {
        syntaxes: &result.packs,
        files: &result.files,
        bases: &result.bases,
        counts: &result.counts,
    };
    let parts = lower::lower(
        &packs,
        &result.active,
        options.today,
        &mut result.diagnostics,
    );
    result.diagnostics.sort_by_key(|d| {
        (d.labels[0].file, d.labels[0].span.start, d.code.id)
    });
    if result.error_count() == 0 {
        result.bytes = parts.map(|parts| write(&parts));
    }
    result
}

/// Packs whose sets a pack refers to.
fn lenders(syntax: &Syntax) -> BTreeSet<String> {
    let shared = syntax.sets.iter().map(|set| &set.def);
    let own = syntax
        .rules
        .iter()
        .flat_map(|rule| rule.sets.iter().map(|(_, def)| def));
    shared
        .chain(own)
        .flat_map(|def| &def.refs)
        .filter_map(|name| name.value.split_once('.'))
        .map(|(pack, _)| pack.to_owned())
        .collect()
}

/// Compiles one rule file given as text.
pub fn compile_text(
    name: &str,
    text: &str,
    options: &Options,
) -> Result<Image, PackError> {
    let source = PackSource {
        name: name.trim_end_matches(".toml").to_owned(),
        files: vec![SourceFile {
            path: name.to_owned(),
            name: name.to_owned(),
            text: text.to_owned(),
        }],
    };
    compile(vec![source], options).image()
}

/// All shipped packs, compiled.
pub fn shipped_image(options: &Options) -> Result<Image, PackError> {
    let sources = load::shipped_names().into_iter().filter_map(load::shipped);
    compile(sources.collect(), options).image()
}
