//! The view of packs that lints share. In: a compilation; out: rules with
//! their sets resolved and every term with its place. Decides nothing.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::name;
use crate::base::clock::Date;
use crate::eval::Scanner;
use crate::fold::Level;
use crate::image::Gate;
use crate::pack::condition::Expr;
use crate::pack::expand;
use crate::pack::syntax::{SetDef, Syntax};
use crate::pack::table::Sp;
use crate::pack::term::{self, Term};
use crate::pack::{Compilation, Diagnostic, Edit, Rule, Status};

/// Everything a lint may look at.
pub struct Pass<'a> {
    pub compilation: &'a Compilation,
    pub scanner: Option<&'a Scanner>,
    pub rules: Vec<RuleView<'a>>,
    /// Every definition of a set in an active pack, once.
    pub sets: Vec<SetView<'a>>,
    /// By pack and number: whether an `[[allow]]` took something away.
    used: RefCell<BTreeSet<(usize, usize)>>,
}

/// A rule of an active pack.
pub struct RuleView<'a> {
    pub pack: usize,
    pub rule: &'a Rule,
    pub sets: Vec<SetView<'a>>,
}

/// A set with everything that its references lend it.
#[derive(Clone)]
pub struct SetView<'a> {
    pub name: &'a Sp<String>,
    pub def: &'a SetDef,
    /// Terms of the definition itself.
    pub own: Vec<Place>,
    /// Those of the sets it refers to.
    pub lent: Vec<Place>,
    pub validators: usize,
    pub regexes: usize,
}

/// A term where it is written.
#[derive(Clone, Debug)]
pub struct Place {
    pub term: Term,
    pub file: usize,
    /// The line of a term file, or the string in a list.
    pub span: Range<usize>,
    pub exception: bool,
    pub level: Level,
    /// Terms of the line.
    pub aliases: usize,
    /// Number of the line in its set.
    pub line: usize,
}

impl Place {
    pub fn gate(&self) -> Gate {
        expand::gate(&self.term.letters)
    }

    pub fn folded(&self) -> String {
        self.term.letters.iter().collect()
    }
}

impl SetView<'_> {
    /// All terms that a hit may come from.
    pub fn terms(&self) -> impl Iterator<Item = &Place> {
        self.own.iter().chain(&self.lent)
    }

    /// How many different things `distinct` can count; `None`: no limit.
    pub fn identities(&self) -> Option<usize> {
        if self.validators + self.regexes > 0 {
            return None;
        }
        let lines = |places: &[Place]| {
            places
                .iter()
                .filter(|place| !place.exception)
                .map(|place| (place.file, place.span.start))
                .collect::<BTreeSet<_>>()
        };
        Some(lines(&self.own).union(&lines(&self.lent)).count())
    }
}

impl<'a> RuleView<'a> {
    pub fn set(&self, name: &str) -> Option<&SetView<'a>> {
        self.sets.iter().find(|set| set.name.value == name)
    }

    pub fn retired(&self) -> bool {
        self.rule.status == Status::Retired
    }

    /// `when`, then `unless`, as far as they could be read.
    pub fn conditions(&self) -> Vec<(&'a Sp<String>, &'a Expr)> {
        let rule = self.rule;
        let when = rule.when_expr.as_ref().map(|expr| (&rule.when, expr));
        let unless = rule.unless.as_ref().zip(rule.unless_expr.as_ref());
        when.into_iter().chain(unless).collect()
    }
}

impl<'a> Pass<'a> {
    pub fn new(
        compilation: &'a Compilation,
        scanner: Option<&'a Scanner>,
    ) -> Pass<'a> {
        let mut pass = Pass {
            compilation,
            scanner,
            rules: Vec::new(),
            sets: Vec::new(),
            used: RefCell::default(),
        };
        for (pack, syntax) in pass.packs() {
            for set in &syntax.sets {
                let view = pass.resolve(pack, &set.name, &set.def);
                pass.sets.push(view);
            }
            for rule in &syntax.rules {
                let sets: Vec<SetView<'a>> = rule
                    .sets
                    .iter()
                    .map(|(name, def)| pass.resolve(pack, name, def))
                    .collect();
                pass.sets.extend(sets.iter().cloned());
                pass.rules.push(RuleView { pack, rule, sets });
            }
        }
        pass
    }

    /// Active packs with their numbers.
    pub fn packs(&self) -> Vec<(usize, &'a Syntax)> {
        let compilation = self.compilation;
        compilation
            .packs
            .iter()
            .enumerate()
            .filter(|(number, _)| compilation.active[*number])
            .collect()
    }

    pub fn today(&self) -> Date {
        self.compilation.today
    }

    /// Indices of the files of a pack.
    pub fn files(&self, pack: usize) -> Range<usize> {
        let base = self.compilation.bases[pack];
        base..base + self.compilation.counts[pack]
    }

    /// The file of a pack by its name.
    pub fn file(&self, pack: usize, name: &str) -> Option<usize> {
        self.files(pack)
            .find(|file| self.compilation.files[*file].name == name)
    }

    pub fn text(&self, file: usize) -> &'a str {
        &self.compilation.files[file].text
    }

    fn resolve(
        &self,
        pack: usize,
        name: &'a Sp<String>,
        def: &'a SetDef,
    ) -> SetView<'a> {
        let mut view = SetView {
            name,
            def,
            own: self.places(pack, def),
            lent: Vec::new(),
            validators: def.validators.len(),
            regexes: def.regexes.len(),
        };
        let mut seen = BTreeSet::new();
        let mut todo: Vec<(usize, &'a Sp<String>)> =
            def.refs.iter().map(|name| (pack, name)).collect();
        while let Some((pack, name)) = todo.pop() {
            let Some((owner, def)) = self.shared(pack, &name.value) else {
                continue;
            };
            if !seen.insert((def.file, def.span.start)) {
                continue;
            }
            view.lent.extend(self.places(owner, def));
            view.validators += def.validators.len();
            view.regexes += def.regexes.len();
            todo.extend(def.refs.iter().map(|name| (owner, name)));
        }
        view
    }

    /// The shared set that a name means in a pack.
    pub fn shared(
        &self,
        pack: usize,
        name: &str,
    ) -> Option<(usize, &'a SetDef)> {
        let (owner, local) = match name.split_once('.') {
            Some((owner, local)) => {
                let packs = &self.compilation.packs;
                let owner = packs
                    .iter()
                    .position(|pack| pack.manifest.name == owner)?;
                (owner, local)
            }
            None => (pack, name),
        };
        let sets = &self.compilation.packs[owner].sets;
        let set = sets.iter().find(|set| set.name.value == local)?;
        Some((owner, &set.def))
    }

    fn places(&self, pack: usize, def: &SetDef) -> Vec<Place> {
        let mut places = Vec::new();
        for item in &def.list {
            push(&item.value, def.file, item.span.clone(), def, &mut places);
        }
        for name in &def.files {
            let Some(file) = self.file(pack, &name.value) else { continue };
            let mut start = 0;
            for raw in self.text(file).split('\n') {
                let line = raw.trim_end_matches('\r');
                push(line, file, start..start + line.len(), def, &mut places);
                start += raw.len() + 1;
            }
        }
        places
    }

    /// Where the value of a key of a rule stands.
    pub fn key(&self, rule: &Rule, path: &[&str]) -> Option<Range<usize>> {
        self.in_table(rule.file, "rule", &rule.span, path)
    }

    /// The same in any array of tables of a file.
    pub fn in_table(
        &self,
        file: usize,
        array: &str,
        span: &Range<usize>,
        path: &[&str],
    ) -> Option<Range<usize>> {
        let (table, _) = DeTable::parse_recoverable(self.text(file));
        let items = table.get_ref().get(array)?.get_ref().as_array()?;
        let item = items.iter().find(|item| item.span() == *span)?;
        value_span(item.get_ref(), path)
    }

    /// Where the value of a key of a set definition stands.
    pub fn set_key(&self, def: &SetDef, key: &str) -> Option<Range<usize>> {
        let (table, _) = DeTable::parse_recoverable(self.text(def.file));
        let table = table.get_ref();
        let mut todo: Vec<&DeValue<'_>> =
            table.iter().map(|(_, value)| value.get_ref()).collect();
        while let Some(value) = todo.pop() {
            match value {
                DeValue::Array(items) => {
                    todo.extend(items.iter().map(|item| item.get_ref()));
                }
                DeValue::Table(table) => {
                    for (_, inner) in table.iter() {
                        if inner.span() == def.span
                            && inner.get_ref().as_table().is_some()
                        {
                            return value_span(inner.get_ref(), &[key]);
                        }
                        todo.push(inner.get_ref());
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Edits that take a term out of its file or list.
    pub fn remove(&self, place: &Place) -> Vec<Edit> {
        let text = self.text(place.file);
        let raw = &text[place.span.clone()];
        let edit = |span: Range<usize>, with: &str| {
            let with = with.to_owned();
            vec![Edit { file: place.file, span, with }]
        };
        if place.aliases > 1 {
            return match without_alias(raw, &place.term) {
                Some(rest) => edit(place.span.clone(), &rest),
                None => Vec::new(),
            };
        }
        if self.compilation.files[place.file].name.ends_with(".txt") {
            let after = &text[place.span.end..];
            let newline = after.find('\n').map_or(after.len(), |at| at + 1);
            return edit(place.span.start..place.span.end + newline, "");
        }
        // A string of a list goes with the comma behind it, the last one
        // with the comma before it.
        let after = &text[place.span.end..];
        let blank = after.len() - after.trim_start().len();
        if after.trim_start().starts_with(',') {
            let rest = &after[blank + 1..];
            let more = rest.len() - rest.trim_start().len();
            let end = place.span.end + blank + 1 + more;
            return edit(place.span.start..end, "");
        }
        let before = text[..place.span.start].trim_end();
        if let Some(head) = before.strip_suffix(',') {
            return edit(head.len()..place.span.end, "");
        }
        Vec::new()
    }

    /// The rule in which a message stands, by file and begin.
    pub fn rule_at(&self, found: &Diagnostic) -> Option<(usize, usize)> {
        let label = &found.labels[0];
        let starts = self
            .rules
            .iter()
            .filter(|view| view.rule.file == label.file)
            .map(|view| view.rule.span.start);
        let start = starts.filter(|at| *at <= label.span.start).max()?;
        Some((label.file, start))
    }

    /// Whether an `[[allow]]` of the pack covers a message.
    pub fn is_allowed(&self, found: &Diagnostic) -> bool {
        let label = &found.labels[0];
        for (pack, syntax) in self.packs() {
            if !self.files(pack).contains(&label.file) {
                continue;
            }
            let subjects = self.subjects(syntax, label.file, &label.span);
            let mut allowed = false;
            for (number, allow) in syntax.allows.iter().enumerate() {
                let lint = allow.lint.value.as_str();
                let named = lint.eq_ignore_ascii_case(found.code.id)
                    || name(found.code.id) == Some(lint);
                let here = allow.at.as_ref().is_none_or(|at| {
                    subjects.iter().any(|subject| fits(&at.value, subject))
                });
                if named && here {
                    self.used.borrow_mut().insert((pack, number));
                    allowed = true;
                }
            }
            return allowed;
        }
        false
    }

    pub fn was_used(&self, pack: usize, allow: usize) -> bool {
        self.used.borrow().contains(&(pack, allow))
    }

    /// What `at` of an `[[allow]]` may name: the rule, the file, the text.
    fn subjects(
        &self,
        syntax: &Syntax,
        file: usize,
        span: &Range<usize>,
    ) -> Vec<String> {
        let marks: &[char] = &['"', '\'', '!', '=', ' '];
        let text = &self.text(file)[span.clone()];
        let mut subjects = vec![
            self.compilation.files[file].name.clone(),
            text.trim_matches(marks).to_owned(),
        ];
        let rule = syntax
            .rules
            .iter()
            .filter(|rule| rule.file == file && rule.span.start <= span.start)
            .max_by_key(|rule| rule.span.start);
        subjects.extend(rule.map(|rule| rule.id.value.clone()));
        subjects
    }
}

/// `at` of an allow: the whole text, or a beginning and `*`.
fn fits(pattern: &str, subject: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(head) => subject.starts_with(head),
        None => subject == pattern,
    }
}

fn push(
    line: &str,
    file: usize,
    span: Range<usize>,
    def: &SetDef,
    places: &mut Vec<Place>,
) {
    let Some(parsed) = term::parse_line(line) else { return };
    let number = places.last().map_or(0, |last: &Place| last.line + 1);
    let level = if parsed.exact { Level::Exact } else { def.level };
    let aliases = parsed.terms.len();
    places.extend(parsed.terms.into_iter().map(|term| Place {
        term,
        file,
        span: span.clone(),
        exception: parsed.exception,
        level,
        aliases,
        line: number,
    }));
}

fn value_span(value: &DeValue<'_>, path: &[&str]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let found = value.as_table()?.get(*first)?;
    if rest.is_empty() {
        return Some(found.span());
    }
    value_span(found.get_ref(), rest)
}

/// The line without one of its aliases.
fn without_alias(raw: &str, term: &Term) -> Option<String> {
    let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\''));
    let body = match quote {
        Some(quote) => raw.strip_prefix(quote)?.strip_suffix(quote)?,
        None => raw,
    };
    let mark: String =
        body.chars().take_while(|c| matches!(c, '!' | '=')).collect();
    let parts: Vec<&str> = body[mark.len()..].split('|').collect();
    let at = parts
        .iter()
        .position(|part| term::fold_term(part.trim()).text == term.text)?;
    let kept: Vec<&str> = parts
        .iter()
        .enumerate()
        .filter(|(number, _)| *number != at)
        .map(|(_, part)| *part)
        .collect();
    let quote = quote.map(String::from).unwrap_or_default();
    Some(format!("{quote}{mark}{}{quote}", kept.join("|")))
}

/// Terms of all sets by place, each once, with whether a rule counts the
/// different hits of a set it is in.
pub fn counted(pass: &Pass<'_>) -> HashMap<(usize, usize), bool> {
    let mut all: HashMap<(usize, usize), bool> = HashMap::new();
    for view in &pass.rules {
        for set in &view.sets {
            let counts = view
                .conditions()
                .iter()
                .any(|(_, expr)| super::logic::counts(expr, &set.name.value));
            for place in set.terms() {
                let key = (place.file, place.span.start);
                *all.entry(key).or_default() |= counts;
            }
        }
    }
    all
}
