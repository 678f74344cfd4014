//! Sets. In: set definitions of all packs; out: numbered sets with their
//! terms, references resolved. Reports terms that cannot work.

use std::collections::{BTreeSet, HashMap};

use super::diagnostic::{
    BAD_REGEX, Diagnostic, EMPTY_TERM, LONG_TERM, MISSING_FILE, MODEL_USE,
    SET_CYCLE, UNKNOWN_SET, UNKNOWN_VALIDATOR,
};
use super::frequency;
use super::load::SourceFile;
use super::syntax::{SetDef, Syntax};
use super::table::Sp;
use super::term::{self, Line, Term};
use super::weights;
use crate::base::{int, limits, near};
use crate::fold::Level;
use crate::image::{ModelMeta, SetMeta, WeightRow};
use crate::scan::GramEntry;
use crate::validate;

/// A term with its place in the numbering.
#[derive(Clone, Debug)]
pub struct NumberedTerm {
    pub term: Term,
    pub set: u32,
    /// Line within the set: aliases share it.
    pub identity: u32,
    pub exception: bool,
    pub level: Level,
}

/// All sets of a compilation.
#[derive(Clone, Debug, Default)]
pub struct Sets {
    pub metas: Vec<SetMeta>,
    pub terms: Vec<NumberedTerm>,
    /// A term of one letter is in the set or its members.
    pub has_single: Vec<bool>,
    /// How often the terms of each set are expected in ordinary text, in
    /// parts of 10^9 characters.
    pub cost_of_terms: Vec<u64>,
    pub models: Vec<ModelMeta>,
    pub grams: Vec<GramEntry>,
    shared: HashMap<String, State>,
    /// Sets of rules by content.
    same: HashMap<String, u32>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Open,
    Done(u32),
    Failed,
}

/// What sets are made from.
pub struct Packs<'a> {
    pub syntaxes: &'a [Syntax],
    pub files: &'a [SourceFile],
    /// Index of the first file of each pack.
    pub bases: &'a [usize],
    pub counts: &'a [usize],
}

impl Packs<'_> {
    fn pack_of(&self, name: &str) -> Option<usize> {
        self.syntaxes.iter().position(|s| s.manifest.name == name)
    }

    fn file(&self, pack: usize, name: &str) -> Option<usize> {
        let base = self.bases[pack];
        (base..base + self.counts[pack])
            .find(|index| self.files[*index].name == name)
    }

    fn names(&self, pack: usize) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (number, syntax) in self.syntaxes.iter().enumerate() {
            for set in &syntax.sets {
                if number == pack {
                    names.push(set.name.value.clone());
                }
                names.push(format!(
                    "{}.{}",
                    syntax.manifest.name, set.name.value
                ));
            }
        }
        names
    }
}

impl Sets {
    /// The number of a set of a rule. A definition that is nothing but one
    /// reference is the set it refers to.
    pub fn of_rule(
        &mut self,
        packs: &Packs<'_>,
        pack: usize,
        rule: &str,
        name: &str,
        def: &SetDef,
        out: &mut Vec<Diagnostic>,
    ) -> Option<u32> {
        let only_ref = def.refs.len() == 1
            && def.list.is_empty()
            && def.files.is_empty()
            && def.validators.is_empty()
            && def.regexes.is_empty()
            && def.weights.is_none();
        if only_ref {
            return self.reference(packs, pack, &def.refs[0], def, out);
        }
        // Rules of one pack often name the same term file: one set serves
        // all of them, and its terms are in the image once.
        let key = same_content(pack, def);
        if let Some(number) = key.as_ref().and_then(|k| self.same.get(k)) {
            return Some(*number);
        }
        let full =
            format!("{}/{rule}/{name}", packs.syntaxes[pack].manifest.name);
        let number = self.define(packs, pack, &full, name, def, out);
        if let Some(key) = key {
            self.same.insert(key, number);
        }
        Some(number)
    }

    /// The number of a shared set, defined on first use.
    fn reference(
        &mut self,
        packs: &Packs<'_>,
        pack: usize,
        name: &Sp<String>,
        from: &SetDef,
        out: &mut Vec<Diagnostic>,
    ) -> Option<u32> {
        let (owner, local) = match name.value.split_once('.') {
            Some((owner, local)) => (packs.pack_of(owner), local),
            None => (Some(pack), name.value.as_str()),
        };
        let found = owner.and_then(|owner| {
            let sets = &packs.syntaxes[owner].sets;
            let set = sets.iter().find(|set| set.name.value == local)?;
            Some((owner, set))
        });
        let Some((owner, set)) = found else {
            let names = packs.names(pack);
            let names = names.iter().map(String::as_str);
            let near = near::nearest(&name.value, names);
            let mut diagnostic = Diagnostic::new(
                &UNKNOWN_SET,
                format!("no shared set is called `{}`", name.value),
                from.file,
                name.span.clone(),
                "not found",
            );
            if let Some(near) = near {
                diagnostic =
                    diagnostic.help(format!("did you mean `{near}`?"));
            }
            out.push(diagnostic);
            return None;
        };
        let full = format!("{}.{local}", packs.syntaxes[owner].manifest.name);
        match self.shared.get(&full) {
            Some(State::Done(number)) => return Some(*number),
            Some(State::Failed) => return None,
            Some(State::Open) => {
                out.push(Diagnostic::new(
                    &SET_CYCLE,
                    format!("set `{full}` refers to itself"),
                    from.file,
                    name.span.clone(),
                    "closes the circle",
                ));
                self.shared.insert(full, State::Failed);
                return None;
            }
            None => {}
        }
        self.shared.insert(full.clone(), State::Open);
        let number = self.define(packs, owner, &full, local, &set.def, out);
        self.shared.insert(full, State::Done(number));
        Some(number)
    }

    /// Defines a set: members first, so that they have lower numbers.
    fn define(
        &mut self,
        packs: &Packs<'_>,
        pack: usize,
        full: &str,
        label: &str,
        def: &SetDef,
        out: &mut Vec<Diagnostic>,
    ) -> u32 {
        let mut meta = SetMeta {
            name: full.to_owned(),
            label: label.to_owned(),
            ..SetMeta::default()
        };
        let mut single = false;
        for name in &def.refs {
            if let Some(member) = self.reference(packs, pack, name, def, out) {
                if self.metas[int::to_usize(member)].model.is_some() {
                    out.push(model_in_set(name, def.file));
                }
                single |= self.has_single[int::to_usize(member)];
                if !meta.members.contains(&member) {
                    meta.members.push(member);
                }
            }
        }
        meta.model = def
            .weights
            .as_ref()
            .and_then(|name| self.model(packs, pack, name, def.file, out));
        meta.literals = self.literals(full, def, out);
        for name in &def.validators {
            if is_validator(&name.value) {
                meta.validators.push(name.value.clone());
            } else {
                out.push(unknown_validator(name, def.file));
            }
        }
        for regex in &def.regexes {
            if let Err(error) = regex::RegexBuilder::new(&regex.value)
                .size_limit(1 << 20)
                .build()
            {
                out.push(Diagnostic::new(
                    &BAD_REGEX,
                    "regex cannot be used",
                    def.file,
                    regex.span.clone(),
                    last_line(&error.to_string()),
                ));
            } else {
                meta.regexes.push(regex.value.clone());
            }
        }
        let number = int::to_u32(self.metas.len());
        let first = self.terms.len();
        self.add_terms(packs, pack, number, def, out);
        meta.terms = int::to_u32(self.terms.len() - first);
        single |= self.terms[first..]
            .iter()
            .any(|t| is_single(&t.term) && !t.exception);
        let cost =
            self.terms[first..].iter().map(|t| frequency::term(&t.term));
        self.cost_of_terms.push(cost.sum());
        self.metas.push(meta);
        self.has_single.push(single);
        number
    }

    /// The number of a model, read on first use.
    fn model(
        &mut self,
        packs: &Packs<'_>,
        pack: usize,
        name: &Sp<String>,
        from: usize,
        out: &mut Vec<Diagnostic>,
    ) -> Option<u32> {
        let full =
            format!("{}/{}", packs.syntaxes[pack].manifest.name, name.value);
        let known = self.models.iter().position(|model| model.name == full);
        if let Some(number) = known {
            return Some(int::to_u32(number));
        }
        let number = int::to_u32(self.models.len());
        let Some(file) = packs.file(pack, &name.value) else {
            out.push(missing_file(packs, pack, name, from));
            return None;
        };
        let weights = weights::parse(&packs.files[file].text, file, out);
        let mut meta = ModelMeta {
            name: full,
            bias: weights.bias,
            grams: int::to_u32(weights.rows.len()),
            chars: 0,
            words: 0,
            signs: 0,
            lazy: false,
        };
        for row in weights.rows {
            meta.chars = meta.chars.max(row.sizes.chars);
            meta.words = meta.words.max(row.sizes.words);
            meta.signs = meta.signs.max(row.sizes.signs);
            let weight = WeightRow { model: number, weight: row.weight };
            let (key, text) = (row.key, row.text);
            self.grams.push(GramEntry { key, text, row: weight });
        }
        self.models.push(meta);
        Some(number)
    }

    /// The hidden set that finds the literals of regexes.
    fn literals(
        &mut self,
        full: &str,
        def: &SetDef,
        out: &mut Vec<Diagnostic>,
    ) -> Option<u32> {
        if def.regexes.is_empty() {
            return None;
        }
        if def.literals.is_empty() {
            out.push(
                Diagnostic::new(
                    &BAD_REGEX,
                    "regex without a literal",
                    def.file,
                    def.regexes[0].span.clone(),
                    "would have to run on every text",
                )
                .help(
                    "add `literal = [\"…\"]`: words of which every match \
                     contains one",
                ),
            );
            return None;
        }
        let number = int::to_u32(self.metas.len());
        let before = self.terms.len();
        let mut first = true;
        for (line, literal) in def.literals.iter().enumerate() {
            let mut term = term::fold_term(&literal.value);
            if let Some(problem) = term_problem(&term, def.file, &literal.span)
            {
                out.push(problem);
                continue;
            }
            // Inside a match a literal is no word of its own.
            (term.left, term.right) = (false, false);
            term.alias = !first;
            first = false;
            self.push_term(term, number, line, false, Level::Exact);
        }
        self.metas.push(SetMeta {
            name: format!("{full}#literal"),
            label: "literal".to_owned(),
            terms: int::to_u32(def.literals.len()),
            ..SetMeta::default()
        });
        let cost =
            self.terms[before..].iter().map(|t| frequency::term(&t.term));
        self.cost_of_terms.push(cost.sum());
        self.has_single.push(false);
        Some(number)
    }

    fn push_term(
        &mut self,
        term: Term,
        set: u32,
        line: usize,
        exception: bool,
        level: Level,
    ) {
        let identity = int::to_u32(line);
        self.terms.push(NumberedTerm {
            term,
            set,
            identity,
            exception,
            level,
        });
    }

    fn add_terms(
        &mut self,
        packs: &Packs<'_>,
        pack: usize,
        set: u32,
        def: &SetDef,
        out: &mut Vec<Diagnostic>,
    ) {
        let mut lines: Vec<(Line, usize, std::ops::Range<usize>)> = Vec::new();
        for item in &def.list {
            if let Some(line) = term::parse_line(&item.value) {
                lines.push((line, def.file, item.span.clone()));
            }
        }
        for name in &def.files {
            let Some(file) = packs.file(pack, &name.value) else {
                out.push(missing_file(packs, pack, name, def.file));
                continue;
            };
            let text = &packs.files[file].text;
            let mut start = 0;
            for raw in text.split('\n') {
                let end = start + raw.trim_end_matches('\r').len();
                if let Some(line) = term::parse_line(raw) {
                    lines.push((line, file, start..end));
                }
                start += raw.len() + 1;
            }
        }
        let mut seen: BTreeSet<(Vec<char>, Vec<u8>, bool)> = BTreeSet::new();
        for (number, (line, file, span)) in lines.iter().enumerate() {
            for term in &line.terms {
                if let Some(problem) = term_problem(term, *file, span) {
                    out.push(problem);
                    continue;
                }
                let key =
                    (term.letters.clone(), term.gaps.clone(), line.exception);
                // The lint `same_term` tells the author.
                if !seen.insert(key) {
                    continue;
                }
                let level = if line.exact { Level::Exact } else { def.level };
                self.push_term(
                    term.clone(),
                    set,
                    number,
                    line.exception,
                    level,
                );
            }
        }
    }
}

fn model_in_set(name: &Sp<String>, file: usize) -> Diagnostic {
    Diagnostic::new(
        &MODEL_USE,
        format!("`{}` is a model", name.value),
        file,
        name.span.clone(),
        "cannot be part of another set",
    )
}

fn term_problem(
    term: &Term,
    file: usize,
    span: &std::ops::Range<usize>,
) -> Option<Diagnostic> {
    let count = term.letters.len();
    if count == 0 {
        return Some(Diagnostic::new(
            &EMPTY_TERM,
            "term has nothing to find",
            file,
            span.clone(),
            "no letter, digit or symbol is left after folding",
        ));
    }
    if count > limits::TERM_LETTERS_MAX {
        let label = format!(
            "{count} letters, at most {} are possible",
            limits::TERM_LETTERS_MAX
        );
        return Some(
            Diagnostic::new(
                &LONG_TERM,
                "term is too long",
                file,
                span.clone(),
                label,
            )
            .help("use two terms and `near` or `before`"),
        );
    }
    None
}

/// A key that is equal for two sets of a pack that find the same. Regexes
/// are left alone: they are few and carry their literals.
fn same_content(pack: usize, def: &SetDef) -> Option<String> {
    if !def.regexes.is_empty() || def.weights.is_some() {
        return None;
    }
    let mut key = format!("{pack}\n{}\n", def.level.as_str());
    for part in [&def.list, &def.files, &def.refs, &def.validators] {
        for item in part {
            key.push_str(&item.value);
            key.push('\n');
        }
        key.push('\r');
    }
    Some(key)
}

/// A single letter or Han character. A single emoji is a sign of its own.
fn is_single(term: &Term) -> bool {
    matches!(term.letters[..], [c] if !term::is_symbol_letter(c))
}

/// Names of validators, `contact` included.
pub fn validator_names() -> Vec<&'static str> {
    let kinds = validate::Kind::ALL.iter().map(|kind| kind.as_str());
    std::iter::once("contact").chain(kinds).collect()
}

fn is_validator(name: &str) -> bool {
    validator_names().contains(&name)
}

fn unknown_validator(name: &Sp<String>, file: usize) -> Diagnostic {
    let all = validator_names();
    let near = near::nearest(&name.value, all.iter().copied());
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("validators are {}", all.join(", ")),
    };
    Diagnostic::new(
        &UNKNOWN_VALIDATOR,
        format!("no validator is called `{}`", name.value),
        file,
        name.span.clone(),
        "",
    )
    .help(help)
}

fn missing_file(
    packs: &Packs<'_>,
    pack: usize,
    name: &Sp<String>,
    file: usize,
) -> Diagnostic {
    let base = packs.bases[pack];
    let all: Vec<&str> = packs.files[base..base + packs.counts[pack]]
        .iter()
        .map(|file| file.name.as_str())
        .filter(|name| !name.ends_with(".toml"))
        .collect();
    let diagnostic = Diagnostic::new(
        &MISSING_FILE,
        format!("no file `{}` in the pack", name.value),
        file,
        name.span.clone(),
        "paths are relative to the pack folder",
    );
    match near::nearest(&name.value, all.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or("").trim().to_owned()
}
