//! From syntax to an image. In: the read packs; out: image parts, and the
//! diagnostics that need more than one file to see. Deterministic: the same
//! packs and day give the same bytes.

use std::collections::{BTreeSet, HashMap};

use super::condition::Expr;
use super::diagnostic::{
    DUPLICATE_ID, Diagnostic, LONE_LETTER, TOO_LARGE, UNKNOWN_FIELD,
    UNKNOWN_NAME,
};
use super::dictionary::dictionary;
use super::score;
use super::sets::{NumberedTerm, Packs, Sets};
use super::syntax::{Rule, Status};
use super::table::Sp;
use crate::base::clock::{self, Date};
use crate::base::{int, limits, near};
use crate::eval::TEXT_FACTS;
use crate::fold::tables;
use crate::image::{
    Condition, Meta, ModelMeta, Op, PackMeta, Parts, RuleMeta,
};
use crate::scan::build_grams;

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
