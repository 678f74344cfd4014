//! From syntax to an image. In: the read packs; out: image parts, and the
//! diagnostics that need more than one file to see. Deterministic: the same
//! packs and day give the same bytes.

use std::collections::{BTreeSet, HashMap, HashSet};

use rayon::iter::{
    IndexedParallelIterator, IntoParallelRefIterator, ParallelDrainRange,
    ParallelIterator,
};
use rayon::slice::ParallelSliceMut;

use super::condition::Expr;
use super::diagnostic::{
    DUPLICATE_ID, Diagnostic, LONE_LETTER, TOO_LARGE, UNKNOWN_FIELD,
    UNKNOWN_NAME,
};
use super::expand::{self, Spelling};
use super::frequency::ByClass;
use super::score;
use super::sets::{NumberedTerm, Packs, Sets};
use super::sound;
use super::syntax::{Rule, Status};
use super::table::Sp;
use crate::base::clock::{self, Date};
use crate::base::{int, limits, near};
use crate::eval::TEXT_FACTS;
use crate::fold::{self, Level, letter, tables};
use crate::image::{
    Condition, Meta, ModelMeta, Op, PackMeta, Parts, PatternRow, RuleMeta,
    SoundParts, TermRow,
};
use crate::scan::{
    MANY, Needle, Phase, build_fused, build_grams, build_sound, is_heard,
    own_symbols,
};

/// Everything the image needs, or `None` when the dictionary is too large.
pub fn lower(
    packs: &Packs<'_>,
    active: &[bool],
    today: Date,
    out: &mut Vec<Diagnostic>,
) -> Option<Parts> {
    let mut sets = Sets::default();
    let mut rules = Vec::new();
    let mut ids: HashMap<&str, &Rule> = HashMap::new();
    for (number, syntax) in packs.syntaxes.iter().enumerate() {
        if !active[number] {
            continue;
        }
        for rule in &syntax.rules {
            if let Some(first) = ids.get(rule.id.value.as_str()) {
                out.push(duplicate(rule, first));
            } else if !rule.id.value.is_empty() {
                ids.insert(&rule.id.value, rule);
            }
            if let Some(meta) =
                lower_rule(packs, number, rule, &mut sets, today, out)
            {
                rules.push(meta);
            }
        }
    }
    let waking = waking(&rules, &sets);
    let mut metas_of_sets = sets.metas.clone();
    let mut searched = Vec::with_capacity(sets.terms.len());
    for (number, entry) in sets.terms.iter().enumerate() {
        let lazy = is_lazy(entry, &waking);
        searched.push(!lazy);
        if let (true, [c]) = (lazy, &entry.term.letters[..]) {
            let set = &mut metas_of_sets[int::to_usize(entry.set)];
            set.singles.push((u32::from(*c), int::to_u32(number)));
        }
    }
    for set in &mut metas_of_sets {
        set.singles.sort_unstable();
    }
    let meta = Meta {
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        tables: tables::TABLES_VERSION.to_owned(),
        packs: pack_metas(packs, active),
        sets: metas_of_sets,
        rules,
        models: Vec::new(),
    };
    let meta = Meta { models: models(&meta, &sets), ..meta };
    let grams = build_grams(&sets.grams, &meta.models);
    let small = meta.models.len() <= limits::MODELS_MAX;
    let parts = dictionary(&sets.terms, &searched, &waking, meta)
        .filter(|_| small)
        .map(|parts| Parts { grams, ..parts });
    if parts.is_none() {
        out.push(Diagnostic::new(
            &TOO_LARGE,
            "dictionary too large",
            0,
            0..0,
            "more letter classes or models than an image can hold",
        ));
    }
    parts
}

/// The models, lazy those that no rule is woken by.
fn models(meta: &Meta, sets: &Sets) -> Vec<ModelMeta> {
    let mut models = sets.models.clone();
    models.iter_mut().for_each(|model| model.lazy = true);
    for rule in &meta.rules {
        for (_, number) in &rule.sets {
            let set = &meta.sets[int::to_usize(*number)];
            let wakes =
                rule.triggers.as_ref().is_none_or(|all| all.contains(number));
            if let (Some(model), true) = (set.model, wakes) {
                models[int::to_usize(model)].lazy = false;
            }
        }
    }
    models
}

fn pack_metas(packs: &Packs<'_>, active: &[bool]) -> Vec<PackMeta> {
    let all = packs.syntaxes.iter().zip(active);
    all.map(|(syntax, active)| {
        let manifest = &syntax.manifest;
        PackMeta {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            languages: manifest.languages.clone(),
            licence: manifest.licence.clone(),
            active: *active,
        }
    })
    .collect()
}

fn duplicate(rule: &Rule, first: &Rule) -> Diagnostic {
    Diagnostic::new(
        &DUPLICATE_ID,
        format!("rule `{}` is defined twice", rule.id.value),
        rule.file,
        rule.id.span.clone(),
        "second definition",
    )
    .also(first.file, first.id.span.clone(), "first here")
}

fn lower_rule(
    packs: &Packs<'_>,
    pack: usize,
    rule: &Rule,
    sets: &mut Sets,
    today: Date,
    out: &mut Vec<Diagnostic>,
) -> Option<RuleMeta> {
    let before = out.len();
    let mut numbers: Vec<(String, u32)> = Vec::new();
    for (name, def) in &rule.sets {
        let id = &rule.id.value;
        if let Some(number) =
            sets.of_rule(packs, pack, id, &name.value, def, out)
        {
            numbers.push((name.value.clone(), number));
        }
    }
    let names: Vec<&str> =
        rule.sets.iter().map(|(name, _)| name.value.as_str()).collect();
    score::check(rule, &numbers, sets, out);
    let mut lowering = Lowering { names: &names, rule, out };
    let when = rule.when_expr.as_ref().map(|expr| lowering.expr(expr));
    let unless = rule.unless_expr.as_ref().map(|expr| lowering.expr(expr));
    let expired = clock::parse_date(&rule.review_by.value)
        .is_some_and(|date| date < today);
    let failed = out[before..].iter().any(Diagnostic::is_error);
    let (Some(when), false) = (when, failed) else { return None };
    if numbers.len() != rule.sets.len() {
        return None;
    }
    lone_letters(rule, &when, &numbers, sets, out);
    let found = triggers(&when, &numbers, sets);
    let status = if expired && rule.status != Status::Retired {
        Status::Shadow
    } else {
        rule.status
    };
    Some(RuleMeta {
        id: rule.id.value.clone(),
        title: rule.title.clone(),
        pack: int::to_u32(pack),
        category: rule.category.as_str().to_owned(),
        confidence: rule.confidence.0,
        ceiling: rule.ceiling.as_str().to_owned(),
        status: status.as_str().to_owned(),
        expired,
        langs: rule.langs.clone(),
        surfaces: rule.surfaces.clone(),
        owner: rule.owner.clone(),
        review_by: rule.review_by.value.clone(),
        updated: rule.updated.clone(),
        reason_zh: rule.reason_zh.clone(),
        reason_en: rule.reason_en.clone(),
        sets: numbers,
        when,
        when_text: rule.when.value.clone(),
        unless,
        unless_text: rule
            .unless
            .as_ref()
            .map(|unless| unless.value.clone())
            .unwrap_or_default(),
        unless_to_pass: rule.unless_to_pass,
        triggers: found.map(|(_, sets)| sets),
    })
}

/// Turns names into numbers.
struct Lowering<'a> {
    names: &'a [&'a str],
    rule: &'a Rule,
    out: &'a mut Vec<Diagnostic>,
}

impl<'a> Lowering<'a> {
    fn set(&mut self, name: &Sp<String>) -> u32 {
        let found = self.names.iter().position(|n| *n == name.value);
        if let Some(index) = found {
            return int::to_u32(index);
        }
        let near = near::nearest(&name.value, self.names.iter().copied());
        let mut diagnostic = Diagnostic::new(
            &UNKNOWN_NAME,
            format!("no set is called `{}`", name.value),
            self.rule.file,
            name.span.clone(),
            "not a set of this rule",
        );
        if let Some(near) = near {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        } else if is_field(&name.value) {
            diagnostic = diagnostic
                .help("a field needs an operator: `field op literal`");
        } else if !self.names.is_empty() {
            let all = self.names.join(", ");
            diagnostic = diagnostic.help(format!("sets are {all}"));
        }
        self.out.push(diagnostic);
        0
    }

    fn sets(&mut self, names: &[Sp<String>]) -> Vec<u32> {
        names.iter().map(|name| self.set(name)).collect()
    }

    fn field(&mut self, name: &Sp<String>) -> String {
        if !is_field(&name.value) {
            let mut known: Vec<String> =
                ["surface", "lang", "author", "group", "created_at"]
                    .map(str::to_owned)
                    .to_vec();
            known.extend(TEXT_FACTS.iter().map(|f| format!("text.{f}")));
            let names = known.iter().map(String::as_str);
            let help = match near::nearest(&name.value, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    "members of a record are written `meta.NAME`".to_owned()
                }
            };
            self.out.push(
                Diagnostic::new(
                    &UNKNOWN_FIELD,
                    format!("no field is called `{}`", name.value),
                    self.rule.file,
                    name.span.clone(),
                    "",
                )
                .help(help),
            );
        }
        name.value.clone()
    }

    fn expr(&mut self, expr: &Expr) -> Condition {
        match expr {
            Expr::Set(name) => Condition::Set(self.set(name)),
            Expr::Any(names) => Condition::Any(self.sets(names)),
            Expr::All(names) => Condition::All(self.sets(names)),
            Expr::Count(name, op, n) => {
                Condition::Count(self.set(name), *op, *n)
            }
            Expr::Distinct(name, op, n) => {
                Condition::Distinct(self.set(name), *op, *n)
            }
            Expr::Near(a, b, n) => {
                Condition::Near(self.set(a), self.set(b), *n)
            }
            Expr::Before(a, b, n) => {
                Condition::Before(self.set(a), self.set(b), *n)
            }
            Expr::Quoted(name) => Condition::Quoted(self.set(name)),
            Expr::Starts(name) => Condition::Starts(self.set(name)),
            Expr::Score(name, op, number) => {
                Condition::Score(self.set(name), *op, *number)
            }
            Expr::Field(name, op, literal) => {
                Condition::Field(self.field(name), *op, literal.clone())
            }
            Expr::In(name, literals) => {
                Condition::In(self.field(name), literals.clone())
            }
            Expr::Not(inner) => Condition::Not(Box::new(self.expr(inner))),
            Expr::And(parts) => {
                Condition::And(parts.iter().map(|p| self.expr(p)).collect())
            }
            Expr::Or(parts) => {
                Condition::Or(parts.iter().map(|p| self.expr(p)).collect())
            }
        }
    }
}

/// Whether a name is a field of the condition language.
fn is_field(name: &str) -> bool {
    if let Some(fact) = name.strip_prefix("text.") {
        return TEXT_FACTS.contains(&fact);
    }
    match name.split_once('.') {
        Some((root, rest)) => {
            !rest.is_empty()
                && matches!(root, "meta" | "author" | "group" | "dup")
        }
        None => matches!(
            name,
            "surface" | "lang" | "author" | "group" | "created_at"
        ),
    }
}

/// Reports one-letter terms that could decide alone.
fn lone_letters(
    rule: &Rule,
    when: &Condition,
    numbers: &[(String, u32)],
    sets: &Sets,
    out: &mut Vec<Diagnostic>,
) {
    for (index, (name, number)) in numbers.iter().enumerate() {
        let single = sets.has_single[int::to_usize(*number)];
        if single && alone(when, int::to_u32(index)) {
            out.push(
                Diagnostic::new(
                    &LONE_LETTER,
                    format!("a one-character term of `{name}` decides alone"),
                    rule.file,
                    rule.when.span.clone(),
                    format!("true with nothing but a hit of `{name}`"),
                )
                .help(
                    "use the set only in `near` or `before`, or together \
                     with another set",
                ),
            );
        }
    }
}

/// Whether a condition can be true when only `set` has a hit, a single one.
fn alone(condition: &Condition, set: u32) -> bool {
    match condition {
        Condition::Set(s) | Condition::Quoted(s) | Condition::Starts(s) => {
            *s == set
        }
        Condition::Any(all) => all.contains(&set),
        Condition::All(all) => all.iter().all(|s| *s == set),
        Condition::Count(s, op, n) | Condition::Distinct(s, op, n) => {
            let found = u32::from(*s == set);
            op.holds(Some(found.cmp(n)))
        }
        Condition::Near(..) | Condition::Before(..) | Condition::Score(..) => {
            false
        }
        Condition::Field(..) | Condition::In(..) | Condition::Not(_) => true,
        Condition::And(parts) => parts.iter().all(|p| alone(p, set)),
        Condition::Or(parts) => parts.iter().any(|p| alone(p, set)),
    }
}

/// The cheapest list of sets of which one must have a hit before the
/// condition can hold (or be unknown with evidence), with its cost.
fn triggers(
    condition: &Condition,
    numbers: &[(String, u32)],
    sets: &Sets,
) -> Option<(u64, Vec<u32>)> {
    let one = |set: u32| {
        let number = numbers[int::to_usize(set)].1;
        Some((cost(number, sets), vec![number]))
    };
    let cheapest =
        |all: Vec<Option<(u64, Vec<u32>)>>| all.into_iter().flatten().min();
    match condition {
        Condition::Set(s) | Condition::Quoted(s) | Condition::Starts(s) => {
            one(*s)
        }
        Condition::Any(all) => union(all.iter().map(|s| one(*s))),
        Condition::All(all) => cheapest(all.iter().map(|s| one(*s)).collect()),
        Condition::Count(s, op, n) | Condition::Distinct(s, op, n) => {
            let without = op.holds(Some(0.cmp(n)));
            if without { None } else { one(*s) }
        }
        Condition::Near(a, b, _) | Condition::Before(a, b, _) => {
            cheapest(vec![one(*a), one(*b)])
        }
        // A score is known before any rule is looked at.
        Condition::Score(set, Op::Ge | Op::Gt, _) => one(*set),
        Condition::Score(..) => None,
        Condition::Field(..) | Condition::In(..) | Condition::Not(_) => None,
        Condition::And(parts) => cheapest(
            parts.iter().map(|p| triggers(p, numbers, sets)).collect(),
        ),
        Condition::Or(parts) => {
            union(parts.iter().map(|p| triggers(p, numbers, sets)))
        }
    }
}

fn union(
    all: impl Iterator<Item = Option<(u64, Vec<u32>)>>,
) -> Option<(u64, Vec<u32>)> {
    let mut total = (0, Vec::new());
    for part in all {
        let (cost, sets) = part?;
        total.0 += cost;
        total.1.extend(sets);
    }
    total.1.sort_unstable();
    total.1.dedup();
    Some(total)
}

/// What a validator costs, as if it were a term so frequent.
const VALIDATOR_COST: u64 = 30_000_000;

/// What it costs to be woken by a set: an estimate of how often its terms
/// stand in ordinary text, in parts of 10^9 characters.
/// Validators must look at every text that has digits or dots.
fn cost(number: u32, sets: &Sets) -> u64 {
    let meta = &sets.metas[int::to_usize(number)];
    let mut cost = 1 + sets.cost_of_terms[int::to_usize(number)];
    if !meta.validators.is_empty() {
        cost += VALIDATOR_COST;
    }
    for member in meta.members.iter().chain(&meta.literals) {
        cost += self::cost(*member, sets);
    }
    cost
}

/// Sets that wake a rule, their members included.
fn waking(rules: &[RuleMeta], sets: &Sets) -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    let mut todo: Vec<u32> = rules
        .iter()
        .flat_map(|rule| rule.triggers.iter().flatten().copied())
        .collect();
    while let Some(set) = todo.pop() {
        if all.insert(set) {
            let meta = &sets.metas[int::to_usize(set)];
            todo.extend(meta.members.iter().chain(&meta.literals));
        }
    }
    all
}

/// Whether a term is looked for only when a rule asks for its set.
fn is_lazy(entry: &NumberedTerm, waking: &BTreeSet<u32>) -> bool {
    matches!(entry.term.letters[..], [c] if tables::is_han(c))
        && !entry.exception
        && !waking.contains(&entry.set)
}

/// Writes down which sets have terms that may wake a rule.
fn note_waking(parts: &mut Parts) {
    for row in parts.terms.iter().filter(|row| row.is_waking()) {
        parts.meta.sets[int::to_usize(row.set)].waking = true;
    }
}

/// Letters, classes, needles, patterns, postings, terms.
fn dictionary(
    terms: &[NumberedTerm],
    searched: &[bool],
    waking: &BTreeSet<u32>,
    meta: Meta,
) -> Option<Parts> {
    let mut parts = Parts { meta, ..Parts::default() };
    for entry in terms {
        let mut row = term_row(entry, &mut parts.strings);
        if waking.contains(&entry.set) {
            row.flags |= TermRow::WAKING;
        }
        parts.terms.push(row);
    }
    note_waking(&mut parts);
    let mut spelled: Vec<(Spelling, u32)> = terms
        .par_iter()
        .enumerate()
        .filter(|(number, _)| searched[*number])
        .flat_map_iter(|(number, entry)| {
            let exact = entry.level == Level::Exact || entry.exception;
            let number = int::to_u32(number);
            let mut all = expand::spellings(&entry.term, exact);
            if entry.level == Level::Strong && !entry.exception {
                all.extend(sound::spellings(&entry.term));
            }
            all.into_iter().map(move |spelling| (spelling, number))
        })
        .collect();
    let wholes: BTreeSet<char> = terms
        .iter()
        .zip(&parts.terms)
        .enumerate()
        .filter(|(number, (_, row))| searched[*number] && row.is_joinable())
        .flat_map(|(_, (entry, _))| &entry.term.letters)
        .copied()
        .collect();
    let joins = expand::joins(&wholes).into_iter();
    spelled.extend(joins.map(|(parts, whole)| (parts, u32::from(whole))));
    let alphabet: BTreeSet<char> = spelled
        .iter()
        .flat_map(|(spelling, _)| spelling.letters.iter().copied())
        .collect::<HashSet<char>>()
        .into_iter()
        .collect();
    let mut classes = fold::build_classes(&alphabet)?;
    let mut entries: Vec<(Vec<u16>, Spelling, u32)> = spelled
        .par_drain(..)
        .map(|(spelling, term)| {
            let mut needle: Vec<u16> = spelling
                .letters
                .iter()
                .filter_map(|c| classes.letter(*c))
                .collect();
            needle.dedup();
            (needle, spelling, term)
        })
        .collect();
    entries.par_sort_unstable();
    let (needles, phases) = add_patterns(entries, &mut parts);
    let longest = needles.iter().map(|n| n.classes.len()).max().unwrap_or(0);
    parts.limits = [
        u32::from(classes.narrow_end),
        u32::from(classes.class_count),
        int::to_u32(longest),
        joinable_len_max(terms, &parts.terms),
    ];
    let rows = parts.patterns.iter().map(|row| {
        let start = int::to_usize(row.letters);
        (row, &parts.letters[start..start + row.letter_count()])
    });
    parts.own_symbols = own_symbols(rows, classes.view());
    search_tables(&needles, &phases, &mut classes, &mut parts);
    parts.class_index = classes.index;
    parts.class_blocks = classes.blocks;
    parts.tables_digest = tables::tables_digest();
    Some(parts)
}

/// Letters of the longest term that may be written in parts.
fn joinable_len_max(terms: &[NumberedTerm], rows: &[TermRow]) -> u32 {
    let all = terms.iter().zip(rows).filter(|(_, row)| row.is_joinable());
    let longest = all.map(|(entry, _)| entry.term.letters.len()).max();
    int::to_u32(longest.unwrap_or(0))
}

/// What the engine searches with, for both phases and planes at a time.
fn search_tables(
    needles: &[Needle],
    phases: &[[bool; 2]],
    classes: &mut fold::ClassTable,
    parts: &mut Parts,
) {
    let frequency = ByClass { letters: classes.letters_by_class() };
    let of_phase = |phase: Phase| {
        let at = phase.index();
        let wanted: Vec<bool> = phases.iter().map(|p| p[at]).collect();
        let mut marks = vec![0; usize::from(classes.class_count)];
        let (end, marks_of) = (classes.narrow_end, &mut marks);
        let tables =
            build_fused(needles, &wanted, phase, end, &frequency, marks_of);
        (tables, marks)
    };
    let ((first, rest), sound) = rayon::join(
        || rayon::join(|| of_phase(Phase::Waking), || of_phase(Phase::Rest)),
        || [true, false].map(|waking| sound_tables(parts, waking)),
    );
    let marks: Vec<u32> =
        first.1.iter().zip(&rest.1).map(|(a, b)| a | b).collect();
    parts.fused = [first.0, rest.0];
    parts.sound = sound;
    classes.mark(&marks);
}

/// The sound plane of a phase.
fn sound_tables(parts: &Parts, waking: bool) -> SoundParts {
    let (heard, words) = heard(parts, waking);
    build_sound(&heard, &words, &sound::frequency)
}

/// Patterns that are looked for by sound in a phase, and those of first
/// letters.
#[expect(clippy::type_complexity, reason = "two lists of one kind")]
fn heard(
    parts: &Parts,
    waking: bool,
) -> (Vec<(u32, Vec<char>)>, Vec<(u32, Vec<char>)>) {
    let mut all = Vec::new();
    let mut words = Vec::new();
    let of_terms =
        |(_, row): &(usize, &PatternRow)| !row.has(PatternRow::JOIN);
    for (number, row) in parts.patterns.iter().enumerate().filter(of_terms) {
        let from = int::to_usize(row.postings);
        let to = from + int::to_usize(row.posting_count);
        let wanted = parts.postings[from..to].iter().any(|term| {
            let term = &parts.terms[int::to_usize(*term)];
            term.tier_max() == 2 && term.is_waking() == waking
        });
        if !wanted {
            continue;
        }
        let from = int::to_usize(row.letters);
        let letters: Vec<char> = parts.letters
            [from..from + row.letter_count()]
            .iter()
            .filter_map(|code| char::from_u32(*code))
            .collect();
        if row.has(PatternRow::INITIALS) {
            words.push((int::to_u32(number), letters));
        } else if is_heard(row, &letters) {
            all.push((int::to_u32(number), letters));
        }
    }
    (all, words)
}

/// No set yet.
const NONE: u32 = MANY - 1;

/// Needles, patterns, letters and postings of sorted spellings; gives the
/// needles and in which phases each is looked for.
fn add_patterns(
    entries: Vec<(Vec<u16>, Spelling, u32)>,
    parts: &mut Parts,
) -> (Vec<Needle>, Vec<[bool; 2]>) {
    let mut needles: Vec<Needle> = Vec::new();
    let mut phases: Vec<[bool; 2]> = Vec::new();
    let mut rest = entries.into_iter().peekable();
    while let Some((needle, spelling, term)) = rest.next() {
        let mut terms = vec![term];
        while let Some((_, _, term)) =
            rest.next_if(|(_, other, _)| *other == spelling)
        {
            terms.push(term);
        }
        if needles.last().is_none_or(|last| last.classes != needle) {
            parts.needle_starts.push(int::to_u32(parts.needle_syms.len()));
            parts.needle_patterns.push(int::to_u32(parts.patterns.len()));
            parts.needle_syms.extend(&needle);
            needles.push(Needle {
                classes: needle,
                left: true,
                right: true,
                symbol: true,
                sets: [NONE; 2],
            });
            phases.push([false; 2]);
        }
        if let Some(needle) = needles.last_mut() {
            let has = |flag: u32| spelling.shape & flag != 0;
            let last = spelling.letters.last();
            needle.left &= has(PatternRow::LEFT);
            needle.right &= has(PatternRow::RIGHT)
                && last.is_some_and(|c| !letter::is_digit(*c));
            needle.symbol &= has(PatternRow::SYMBOL);
        }
        let joins = spelling.shape & PatternRow::JOIN != 0;
        if let Some(phases) = phases.last_mut()
            && let Some(needle) = needles.last_mut()
            && spelling.shape & PatternRow::INITIALS == 0
        {
            let of_term = |term: &u32| {
                let row = &parts.terms[int::to_usize(*term)];
                (usize::from(!row.is_waking()), row.set)
            };
            let uses: Vec<(usize, u32)> = match joins {
                // Whoever searches the first phase joins for both.
                true => vec![(Phase::Waking.index(), MANY)],
                false => terms.iter().map(of_term).collect(),
            };
            for (phase, of) in uses {
                phases[phase] = true;
                let set = &mut needle.sets[phase];
                let same = *set == NONE || *set == of;
                *set = if same { of } else { MANY };
            }
        }
        let targets = match joins {
            true => &mut parts.wholes,
            false => &mut parts.postings,
        };
        parts.patterns.push(PatternRow {
            letters: int::to_u32(parts.letters.len()),
            postings: int::to_u32(targets.len()),
            posting_count: int::to_u32(terms.len()),
            folds: spelling.folds.bits(),
            shape: spelling.shape,
        });
        targets.extend(&terms);
        parts.letters.extend(spelling.letters.iter().map(|c| u32::from(*c)));
        parts.gaps.extend(&spelling.gaps);
    }
    parts.needle_starts.push(int::to_u32(parts.needle_syms.len()));
    parts.needle_patterns.push(int::to_u32(parts.patterns.len()));
    (needles, phases)
}

fn term_row(entry: &NumberedTerm, strings: &mut Vec<u8>) -> TermRow {
    let text = int::to_u32(strings.len());
    strings.extend_from_slice(entry.term.text.as_bytes());
    let mut flags = match entry.level {
        Level::Exact => 0,
        Level::Letters => 1,
        Level::Strong => 2,
    };
    if entry.exception {
        flags |= TermRow::EXCEPTION;
    }
    if entry.term.alias {
        flags |= TermRow::ALIAS;
    }
    let exact = entry.level == Level::Exact || entry.exception;
    if !exact && expand::is_joinable(&entry.term) {
        flags |= TermRow::JOINABLE;
    }
    TermRow {
        text,
        text_len: int::to_u32(entry.term.text.len()),
        set: entry.set,
        identity: entry.identity,
        flags,
    }
}
