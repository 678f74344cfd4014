//! The robustness suite. In: a scanner and a seed; out: how many disguised
//! terms of its packs are found, by attack, strength, language and length of
//! the term, whether the places are exact, and how many clean sentences are
//! flagged when the same attacks hit them. Deterministic: the same image and
//! seed give the same cases.
//!
//! A case is a benign sentence with a disguised term in its gap. It counts
//! as found when a term of that spelling is hit in the gap, or an alias on its
//! line over the whole of it. The place is exact when such a hit covers the
//! disguised term, no letter more or less.

mod operators;
mod tables;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};

use crate::base::seeded::Random;
use crate::base::{Span, int};
use crate::eval::{Scanner, Scratch, text_record};
use crate::fold::tables::{Kind, is_han, kind};
use crate::validate;
use crate::verdict::Verdict;

pub use operators::{OPERATORS, Operator, Tier};

use tables::{Carrier, tables};

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// Terms drawn for each language and length.
    pub terms: usize,
    /// Names of operators; empty: all.
    pub only: Vec<String>,
}

/// One attacked text.
#[derive(Clone, Debug)]
pub struct Case {
    pub operator: &'static str,
    pub tier: Tier,
    pub strength: &'static str,
    pub lang: &'static str,
    pub length: usize,
    /// The term, or the link or number of a probe; none in clean cases.
    pub term: Option<String>,
    pub text: String,
    /// Bytes of the disguised term.
    pub start: usize,
    pub end: usize,
    probe: bool,
    /// The highest tier that the term allows.
    tier_max: u8,
    /// What became of it: found, and at the place of the term; for clean
    /// cases whether the text is flagged. Nothing before [`run`].
    found: bool,
    exact: bool,
}

impl Case {
    /// What went wrong with the case, if anything.
    pub fn miss(&self) -> Option<&'static str> {
        match (&self.term, self.found, self.exact) {
            (None, true, _) => Some("flagged"),
            (Some(_), false, _) => Some("missed"),
            (Some(_), true, false) => Some("elsewhere"),
            _ => None,
        }
    }
}

/// A length class: names of the table's columns.
pub fn bucket(case: &Case) -> &'static str {
    match (case.probe, case.lang, case.length) {
        (true, ..) => "link or number",
        (_, "zh", ..=2) => "zh 2",
        (_, "zh", 3) => "zh 3",
        (_, "zh", 4) => "zh 4",
        (_, "zh", _) => "zh 5+",
        (_, _, ..=3) => "en 1-3",
        (_, _, 4..=6) => "en 4-6",
        _ => "en 7+",
    }
}

/// Whether a term is long enough for what was done to it, as the rule of
/// lengths has it.
fn is_long(case: &Case) -> bool {
    let all = case.strength == "all";
    let (han, latin) = match case.operator {
        // Of three Han one alone may be replaced.
        "homophone" | "fuzzy_sound" | "look_alike" if all => (4, 4),
        "reversed" => (3, 6),
        // Twelve letters of code at least.
        "base64" => (3, 9),
        "hex" => (3, 6),
        _ => (3, 4),
    };
    case.probe || case.length >= if case.lang == "zh" { han } else { latin }
}

/// Found and exact of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    pub cases: u64,
    pub found: u64,
    pub exact: u64,
}

/// What an operator did.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Terms of three Han or four Latin letters or more.
    pub long: Score,
    pub by_length: BTreeMap<&'static str, Score>,
    /// Attacked sentences without a term, and how many were flagged.
    pub clean: u64,
    pub clean_flagged: u64,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By operator and number of the strength.
    pub rows: BTreeMap<(usize, usize), Row>,
    pub terms: usize,
    /// Sentences as they are, and how many of them are flagged.
    pub plain: u64,
    pub plain_flagged: u64,
}

/// Links and numbers of each kind, for the attacks that terms have nothing
/// for.
const PROBES: usize = 20;

/// Telephone numbers that could exist, and host names that nobody has.
fn probes(seed: u64) -> Vec<String> {
    const HEADS: [&str; 8] =
        ["138", "139", "150", "159", "177", "186", "188", "199"];
    const NAMES: [&str; 8] =
        ["www", "shop", "play", "m", "vip", "go", "a1", "news"];
    const HOSTS: [&str; 3] = ["example.com", "example.net", "example.org"];
    let mut all = Vec::new();
    for number in 0..PROBES {
        let mut random = Random::new(seed, &["probe", &number.to_string()]);
        let head = random.pick(&HEADS);
        let tail = random.below(100_000_000);
        all.push(format!("{head}{tail:08}"));
        let (name, host) = (random.pick(&NAMES), random.pick(&HOSTS));
        all.push(format!("{name}{number}.{host}"));
    }
    all
}

/// Terms of the image that allow a tier, drawn by language and length.
pub fn draw(scanner: &Scanner, plan: &Plan, tier: u8) -> Vec<String> {
    let view = scanner.image().view();
    let mut all: BTreeSet<&str> = BTreeSet::new();
    for (number, row) in view.terms.iter().enumerate() {
        if row.tier_max() < tier || row.is_exception() || !row.is_waking() {
            continue;
        }
        all.insert(view.term_text(int::to_u32(number)));
    }
    let mut buckets: BTreeMap<&str, Vec<(u64, &str)>> = BTreeMap::new();
    for term in all {
        let Some(case) = plain_case(term, tier) else { continue };
        let order = Random::new(plan.seed, &["draw", term]).number();
        buckets.entry(bucket(&case)).or_default().push((order, term));
    }
    let mut drawn = Vec::new();
    for terms in buckets.values_mut() {
        terms.sort_unstable();
        let some = terms.iter().take(plan.terms);
        drawn.extend(some.map(|(_, term)| (*term).to_owned()));
    }
    drawn
}

/// How many terms are drawn.
fn drawn(scanner: &Scanner, plan: &Plan) -> usize {
    [1, 2].map(|tier| draw(scanner, plan, tier).len()).iter().sum()
}

/// A case with nothing but its language and length.
fn plain_case(term: &str, tier_max: u8) -> Option<Case> {
    let letters: Vec<char> =
        term.chars().filter(|c| c.is_alphanumeric()).collect();
    let han = letters.iter().filter(|c| is_han(**c)).count();
    // One letter is no word, and mixed scripts have no length class.
    let lang = match han {
        0 if term.is_ascii() => "en",
        _ if han == letters.len() && han >= 2 => "zh",
        _ => return None,
    };
    let probe = false;
    Some(Case {
        operator: "",
        tier: Tier::T0,
        strength: "",
        lang,
        length: letters.len(),
        term: Some(term.to_owned()),
        text: String::new(),
        start: 0,
        end: 0,
        probe,
        tier_max,
        found: false,
        exact: false,
    })
}

/// Every case of a plan, the clean ones included.
pub fn cases(scanner: &Scanner, plan: &Plan) -> Vec<Case> {
    // Terms of sets with `folds = "letters"` allow no sounds: those attacks
    // get a draw of their own.
    let mut terms: Vec<Case> = Vec::new();
    for tier in [1, 2] {
        let drawn = draw(scanner, plan, tier);
        terms.extend(drawn.iter().filter_map(|t| plain_case(t, tier)));
    }
    for probe in probes(plan.seed) {
        terms.extend(plain_case(&probe, 1).map(|mut case| {
            case.probe = true;
            case
        }));
    }
    let mut all = Vec::new();
    for operator in OPERATORS {
        if !plan.only.is_empty()
            && !plan.only.iter().any(|name| name == operator.name)
        {
            continue;
        }
        for (number, strength) in operator.strengths.iter().enumerate() {
            for base in &terms {
                let fits = ["digits", "url_dots"].contains(&operator.name);
                let own = (operator.tier == Tier::T2) == (base.tier_max == 2);
                if base.probe == fits && (own || base.probe) {
                    all.extend(attack(base, operator, number, strength, plan));
                }
            }
            all.extend(clean(operator, number, strength, plan));
        }
    }
    all
}

fn attack(
    base: &Case,
    operator: &Operator,
    number: usize,
    strength: &'static str,
    plan: &Plan,
) -> Option<Case> {
    let term = base.term.as_deref()?;
    let mut random = Random::new(plan.seed, &[operator.name, strength, term]);
    let disguised = (operator.apply)(term, number, &mut random)?;
    let carriers: Vec<&Carrier> =
        tables().carriers.iter().filter(|c| c.lang == base.lang).collect();
    let carrier = random.pick(&carriers);
    let mut case = base.clone();
    case.operator = operator.name;
    case.tier = operator.tier;
    case.strength = strength;
    // A term between letters of its own script would be another word.
    let glue = if base.lang == "zh" { "" } else { " " };
    let head = carrier.head.trim_end().to_owned() + glue;
    case.start = head.len();
    case.end = head.len() + disguised.len();
    case.text =
        format!("{head}{disguised}{glue}{}", carrier.tail.trim_start());
    Some(case)
}

/// Sentences whose own words are attacked: nothing is in the gap.
fn clean(
    operator: &Operator,
    number: usize,
    strength: &'static str,
    plan: &Plan,
) -> Vec<Case> {
    let mut all = Vec::new();
    for (index, carrier) in tables().carriers.iter().enumerate() {
        let whole = carrier.head.trim();
        let index = index.to_string();
        let words = [operator.name, strength, "clean", &index];
        let mut random = Random::new(plan.seed, &words);
        let Some((start, end)) = stretch(whole, carrier.lang, &mut random)
        else {
            continue;
        };
        let word = &whole[start..end];
        let Some(disguised) = (operator.apply)(word, number, &mut random)
        else {
            continue;
        };
        let text = format!(
            "{}{disguised}{}{}",
            &whole[..start],
            &whole[end..],
            carrier.tail
        );
        all.push(Case {
            operator: operator.name,
            tier: operator.tier,
            strength,
            lang: carrier.lang,
            length: word.chars().count(),
            term: None,
            end: start + disguised.len(),
            text,
            start,
            probe: false,
            tier_max: 2,
            found: false,
            exact: false,
        });
    }
    all
}

/// Some letters of a sentence: a Latin word, or three to five Han.
fn stretch(
    text: &str,
    lang: &str,
    random: &mut Random,
) -> Option<(usize, usize)> {
    if lang != "zh" {
        let words: Vec<&str> =
            text.split_whitespace().filter(|w| w.len() >= 4).collect();
        if words.is_empty() {
            return None;
        }
        let word = *random.pick(&words);
        let start = text.find(word)?;
        return Some((start, start + word.len()));
    }
    let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let length = 3 + random.below(3);
    let last = offsets.len().checked_sub(length + 1)?;
    let first = random.below(last + 1);
    Some((offsets[first], offsets[first + length]))
}

/// Runs the cases.
pub fn run(scanner: &Scanner, plan: &Plan) -> (Report, Vec<Case>) {
    let mut cases = cases(scanner, plan);
    let lines = lines(scanner);
    cases.par_iter_mut().for_each_init(Scratch::default, |scratch, case| {
        (case.found, case.exact) = judge(scanner, &lines, case, scratch);
    });
    let mut report =
        Report { terms: drawn(scanner, plan), ..Report::default() };
    for case in &cases {
        let (found, exact) = (case.found, case.exact);
        let at = OPERATORS.iter().position(|o| o.name == case.operator);
        let Some(at) = at else { continue };
        let strengths = OPERATORS[at].strengths;
        let strength =
            strengths.iter().position(|s| *s == case.strength).unwrap_or(0);
        let row = report.rows.entry((at, strength)).or_default();
        if case.term.is_none() {
            row.clean += 1;
            row.clean_flagged += u64::from(found);
            continue;
        }
        let score = row.by_length.entry(bucket(case)).or_default();
        score.add(found, exact);
        if is_long(case) {
            row.long.add(found, exact);
        }
    }
    let mut scratch = Scratch::default();
    for carrier in &tables().carriers {
        let text = format!("{}{}", carrier.head, carrier.tail);
        let outcome = scanner.check(&text, &mut scratch);
        report.plain += 1;
        report.plain_flagged += u64::from(outcome.verdict() > Verdict::Pass);
    }
    (report, cases)
}

impl Score {
    fn add(&mut self, found: bool, exact: bool) {
        self.cases += 1;
        self.found += u64::from(found);
        self.exact += u64::from(found && exact);
    }
}

/// Lines of sets by the terms on them: an alias of a term is as good.
type Lines = HashMap<String, BTreeSet<(u32, u32)>>;

fn lines(scanner: &Scanner) -> Lines {
    let view = scanner.image().view();
    let mut lines = Lines::new();
    for (number, row) in view.terms.iter().enumerate() {
        if !row.is_exception() {
            let term = view.term_text(int::to_u32(number)).to_owned();
            lines.entry(term).or_default().insert((row.set, row.identity));
        }
    }
    lines
}

/// Found and exact; for clean cases whether the text is flagged.
fn judge(
    scanner: &Scanner,
    lines: &Lines,
    case: &Case,
    scratch: &mut Scratch,
) -> (bool, bool) {
    let Some(term) = &case.term else {
        let outcome = scanner.check(&case.text, scratch);
        return (outcome.verdict() > Verdict::Pass, false);
    };
    if case.probe {
        return probe(case);
    }
    let view = scanner.image().view();
    let record = text_record(&case.text);
    let hits = scanner.hits(&record, scratch);
    let Some(lines) = lines.get(term) else { return (false, false) };
    let (start, end) = (int::to_u32(case.start), int::to_u32(case.end));
    // Whether marks behind the last letter belong to it is a matter of
    // taste: both ends are exact.
    let bare = case.text[case.start..case.end]
        .trim_end_matches(|c| matches!(kind(c), Kind::Mark | Kind::Ignorable));
    let bare = start + int::to_u32(bare.len());
    let mut found = false;
    let mut exact = false;
    for (_, hit) in &hits {
        let row = &view.terms[int::to_usize(hit.term)];
        let inside = hit.span.start < end && start < hit.span.end;
        if inside && lines.contains(&(row.set, row.identity)) {
            let whole = hit.span.start == start
                && (hit.span.end == end || hit.span.end == bare)
                || case.operator == "repeats" && is_repeat(case, hit.span);
            // An alias that is part of the term says nothing about it.
            found |= whole || view.term_text(hit.term) == term;
            exact |= whole;
        }
    }
    (found, exact)
}

/// Whether nothing but repeats of the outer letters is left of a case: the
/// term itself stands there undisguised.
fn is_repeat(case: &Case, span: Span) -> bool {
    let (start, end) = (int::to_usize(span.start), int::to_usize(span.end));
    let quote = &case.text[span.range()];
    let all = |text: Option<&str>, letter: Option<char>| {
        text.is_some_and(|text| text.chars().all(|c| Some(c) == letter))
    };
    all(case.text.get(case.start..start), quote.chars().next())
        && all(case.text.get(end..case.end), quote.chars().next_back())
}

/// Links and numbers are the business of validators.
fn probe(case: &Case) -> (bool, bool) {
    let mut found = Vec::new();
    let mut scratch = validate::Scratch::default();
    let kinds = ["url", "domain", "phone", "cn_mobile"]
        .into_iter()
        .filter_map(validate::Kind::from_name)
        .fold(validate::KindSet::NONE, |all, kind| all.or(kind.into()));
    validate::find(&case.text, kinds, &mut scratch, &mut found);
    let (start, end) = (int::to_u32(case.start), int::to_u32(case.end));
    let hits: Vec<_> = found
        .iter()
        .filter(|f| f.span.start < end && start < f.span.end)
        .collect();
    let exact =
        hits.iter().any(|f| (f.span.start, f.span.end) == (start, end));
    (!hits.is_empty(), exact)
}
