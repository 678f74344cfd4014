//! The files of a learned pack. In: models and their report; out: names and
//! texts. The same models give the same bytes.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::{Bin, Class, Learned, Plan, Ready, Report, data};
use crate::base::{int, wilson};
use crate::pack::weights::{decimal, key_of};
use crate::scan::grams::{BLANK_SHOWN, Unit};
use crate::scan::score::score_of;
use crate::verdict::Category;

/// N-grams of each model that the README shows.
const SHOWN: usize = 20;
/// How far the text of a rule's own test is over the threshold.
const TEST_MARGIN: f64 = 0.02;
/// Most n-grams of that text.
const TEST_GRAMS_MAX: usize = 60;

/// What the pack says about itself.
#[derive(Clone, Debug)]
pub struct Words {
    /// Name of the folder.
    pub name: String,
    pub owner: String,
    pub licence: String,
    /// A day, as `2027-05-20`.
    pub review_by: String,
    /// The command that made it.
    pub command: String,
}

/// Name and text of every file, in order of their names.
pub fn files(
    ready: &Ready,
    learned: &[Learned],
    report: &Report,
    plan: &Plan,
    words: &Words,
) -> Vec<(String, String)> {
    let texts = texts(ready, learned, plan);
    let mut files = vec![
        ("README.md".to_owned(), readme(learned, report, words, &texts)),
        ("learned.toml".to_owned(), rules(learned, words, &texts)),
        ("pack.toml".to_owned(), manifest(learned, words)),
    ];
    for model in learned {
        let name = format!("weights/{}.tsv", model.class.name());
        files.push((name, weights(model, words, &texts)));
    }
    files
}

type Texts = HashMap<u64, (Unit, String)>;

/// The texts of all n-grams that can be read back as what they are.
fn texts(ready: &Ready, learned: &[Learned], plan: &Plan) -> Texts {
    let all = learned.iter().flat_map(|model| &model.grams);
    let wanted: HashMap<u64, ()> = all.map(|gram| (gram.key, ())).collect();
    let found = data::texts_of(&ready.rows.rows, plan.sizes, &wanted);
    found
        .into_iter()
        .filter_map(|(key, text)| {
            let unit = Unit::of(key);
            let back = key_of(unit, &text).ok().map(|(key, _)| key);
            (back == Some(key)).then_some((key, (unit, text)))
        })
        .collect()
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            _ if c.is_control() => out.push(' '),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

fn manifest(learned: &[Learned], words: &Words) -> String {
    let names: Vec<&str> = learned
        .iter()
        .filter(|model| model.class != Class::Any)
        .map(|model| model.class.name())
        .collect();
    let description = format!(
        "Learned dictionaries for {}, made by `trommel learn`",
        names.join(", ")
    );
    format!(
        "name = {}\nversion = \"0.1.0\"\nlanguages = [\"zh\", \"en\"]\n\
         licence = {}\nengine = \">=0.1\"\ndescription = {}\n",
        quoted(&words.name),
        quoted(&words.licence),
        quoted(&description),
    )
}

/// What a category is called in a reason.
fn names(class: Class) -> (&'static str, &'static str) {
    let Class::Of(category) = class else {
        return ("违规", "unwanted posts");
    };
    match category {
        Category::Spam => ("垃圾广告", "spam"),
        Category::Fraud => ("诈骗", "fraud"),
        Category::Gambling => ("网络赌博招揽", "gambling offers"),
        Category::Sexual => ("色情招揽", "sexual offers"),
        Category::Pyramid => ("传销", "pyramid schemes"),
        Category::Piracy => ("盗版", "piracy"),
        Category::Threat => ("威胁", "threats"),
        Category::Harassment => ("辱骂", "insults"),
        Category::AccountTrade => ("账号买卖", "account trade"),
        Category::Contraband => ("违禁交易", "illegal trade"),
        Category::PersonalData => ("泄露个人信息", "exposed personal data"),
        Category::Custom => ("违规", "unwanted posts"),
    }
}

fn rules(learned: &[Learned], words: &Words, texts: &Texts) -> String {
    let mut out = String::from(
        "# Made by `trommel learn`; edit as you like. A score is the log \
         odds that a\n# post is of the category. Rules on scores alone may \
         only report.\n",
    );
    let any = learned.iter().find(|model| model.class == Class::Any);
    for model in learned {
        let is_any = model.class == Class::Any;
        let (zh, en) = names(model.class);
        let name = if is_any { "custom" } else { model.class.name() };
        // The category is worth more than that there is some.
        let confidence = if is_any { "0.7" } else { "0.75" };
        let own = model.class.name();
        let (mut set, mut when) =
            (String::new(), format!("score(model) >= {}", model.threshold));
        if let (Some(any), false) = (any, is_any) {
            set = "any = { weights = \"weights/any.tsv\" }\n".to_owned();
            when = format!("score(any) >= {} and {when}", any.threshold);
        }
        let _ = write!(
            out,
            "\n[[rule]]\nid = \"{name}.{}.learned\"\n\
             title = \"Reads like {en} that the model was shown\"\n\
             category = \"{name}\"\nconfidence = {confidence}\n\
             ceiling = \"report\"\nowner = {}\nreview_by = {}\n\
             reason = {{ zh = \"内容与已知的{zh}信息相似\", \
             en = \"Resembles known {en}\" }}\n\n\
             [rule.sets]\n{set}\
             model = {{ weights = \"weights/{own}.tsv\" }}\n\n\
             [rule.match]\nwhen = \"{when}\"\n",
            id_part(&words.name),
            quoted(&words.owner),
            words.review_by,
        );
        let (hit, miss) = examples(model, any, texts);
        for (text, expect) in [(hit, "report"), (miss, "pass")] {
            if let Some(text) = text {
                let _ = write!(
                    out,
                    "\n[[rule.test]]\nexpect = \"{expect}\"\ntext = {}\n",
                    quoted(&text)
                );
            }
        }
    }
    out
}

/// A word of a rule id out of a folder's name.
fn id_part(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let plain = plain.trim_matches('_').to_owned();
    if plain.is_empty() { "pack".to_owned() } else { plain }
}

/// The score of a text, as the scanner finds it.
fn score(model: &Learned, text: &str) -> f64 {
    let sizes = crate::scan::grams::Sizes {
        chars: crate::image::GRAM_CHARS_MAX,
        words: crate::image::GRAM_WORDS_MAX,
        signs: crate::image::GRAM_SIGNS_MAX,
    };
    let (keys, letters) = data::grams_of(&[text.to_owned()], sizes);
    let found = model
        .grams
        .iter()
        .filter(|gram| keys.binary_search(&gram.key).is_ok());
    let sum = found.map(|gram| gram.weight).sum();
    score_of(model.bias, sum, letters)
}

/// Texts for the tests of a rule, out of n-grams of the model and of no
/// record: one that it must report, one that it must let pass.
fn examples(
    model: &Learned,
    any: Option<&Learned>,
    texts: &Texts,
) -> (Option<String>, Option<String>) {
    // How far a text is over the nearest threshold of the rule.
    let over = |text: &str| {
        let own = |model: &Learned| score(model, text) - model.threshold;
        any.map_or(own(model), |any| own(model).min(own(any)))
    };
    let build = |up: bool| -> Option<String> {
        let mut grams: Vec<_> = model
            .grams
            .iter()
            .filter(|gram| (gram.weight > 0) == up)
            .filter_map(|gram| Some((gram, texts.get(&gram.key)?)))
            .collect();
        grams.sort_by(|(a, _), (b, _)| {
            (-a.weight.abs(), a.key).cmp(&(-b.weight.abs(), b.key))
        });
        let mut text = String::new();
        for (_, (_, own)) in grams.into_iter().take(TEST_GRAMS_MAX) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&own.replace(BLANK_SHOWN, " "));
            let done = match up {
                true => over(&text) >= TEST_MARGIN,
                false => over(&text) < -TEST_MARGIN,
            };
            if done {
                return Some(text);
            }
        }
        None
    };
    let plain = ["今天天气不错", "The weather is fine today."];
    let miss = plain
        .iter()
        .find(|text| over(text) < -TEST_MARGIN)
        .map(|text| (*text).to_owned())
        .or_else(|| build(false));
    (build(true), miss)
}

/// One weights file: by n-gram, so that two trainings can be compared line
/// by line.
fn weights(model: &Learned, words: &Words, texts: &Texts) -> String {
    let mut lines: Vec<(&str, &str, &super::LearnedGram)> = model
        .grams
        .iter()
        .filter_map(|gram| {
            let (unit, text) = texts.get(&gram.key)?;
            Some((unit.as_str(), text.as_str(), gram))
        })
        .collect();
    lines.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    let mut out = format!(
        "# {} of pack {}: {} n-grams out of {} records\n\
         # kind\tn-gram\tweight\trecords of the category\tother records\n\
         bias\t{}\n",
        model.class.name(),
        words.name,
        lines.len(),
        model.examples,
        decimal(model.bias),
    );
    for (kind, text, gram) in lines {
        let _ = writeln!(
            out,
            "{kind}\t{text}\t{}\t{}\t{}",
            decimal(gram.weight),
            gram.own,
            gram.others
        );
    }
    out
}

fn readme(
    learned: &[Learned],
    report: &Report,
    words: &Words,
    texts: &Texts,
) -> String {
    let mut out = format!(
        "# {}\n\nLearned dictionaries, made by\n\n    {}\n\nEach \
         `weights/*.tsv` is a model: n-grams with what they add to the log \
         odds that\na post is of the category. Edit, check, test and compare \
         them like any term file\n(`docs/learn.md` of trommel says how). \
         They hold words of the training data: share\nthe pack only if the \
         licence of the data allows it.\n",
        words.name, words.command
    );
    let _ = writeln!(
        out,
        "\n## On records that were held out\n\nThe rules fire from a score \
         of {} on, chosen on one half of the records that were\nheld out; \
         the figures are those of the other half.\n",
        report.threshold
    );
    out.push_str(&tables(report, "| ", " | ", " |"));
    for model in learned {
        let mut grams: Vec<_> = model
            .grams
            .iter()
            .filter_map(|gram| Some((gram, &texts.get(&gram.key)?.1)))
            .collect();
        grams.sort_by_key(|(gram, _)| (-gram.weight, gram.key));
        let shown: Vec<String> = grams
            .iter()
            .take(SHOWN)
            .map(|(gram, text)| format!("`{text}` {}", decimal(gram.weight)))
            .collect();
        let _ = writeln!(
            out,
            "\n## {}\n\n{} n-grams, trained on {} records. The heaviest: \
             {}.",
            model.class.name(),
            model.grams.len(),
            model.examples,
            shown.join(", ")
        );
    }
    out
}

/// The figures of a report as tables: with these marks Markdown, with blanks
/// text.
pub fn tables(
    report: &Report,
    open: &str,
    between: &str,
    close: &str,
) -> String {
    let mut out = String::new();
    let mut row = |cells: &[String]| {
        let _ = writeln!(out, "{open}{}{close}", cells.join(between));
    };
    let cell = |text: &str, width: usize| format!("{text:width$}");
    let rule = |widths: &[usize]| -> Vec<String> {
        widths.iter().map(|width| "-".repeat(*width)).collect()
    };
    let widths = [24, 12, 9, 8, 15];
    let head = ["set", "label", "records", "recall", "95 %"];
    let heads = head.iter().zip(widths);
    row(&heads.map(|(t, w)| cell(t, w)).collect::<Vec<_>>());
    row(&rule(&widths));
    let mut line = |set: &str, label: &str, share: &super::Share| {
        let (low, high) = share.interval();
        row(&[
            cell(set, 24),
            cell(label, 12),
            format!("{:9}", share.count),
            format!("{:8.3}", share.share()),
            cell(&format!("{low:.3} to {high:.3}"), 15),
        ]);
    };
    for ((set, label), share) in &report.sets {
        line(set, label, share);
    }
    let mut sets: Vec<&str> = Vec::new();
    for (set, _) in report.sets.keys() {
        if sets.last() != Some(&set.as_str()) {
            sets.push(set);
        }
    }
    for set in sets {
        let mut all = super::Share::default();
        let own = report.sets.iter().filter(|((s, _), _)| s == set);
        own.for_each(|(_, share)| all.merge(*share));
        line(set, "all", &all);
    }
    let per = |share: &super::Share| {
        let (low, high) = wilson::interval(share.hits, share.count);
        format!(
            "{} of {} ({:.2} in 1,000; {:.2} to {:.2})",
            share.hits,
            share.count,
            1000.0 * ratio(share.hits, share.count),
            1000.0 * low,
            1000.0 * high
        )
    };
    let _ = writeln!(
        out,
        "\nclean records flagged: {}\nof those that name a subject: {}\n",
        per(&report.clean),
        per(&report.mention)
    );
    out.push_str(&reliability(report, open, between, close));
    out
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { int::to_f64(part) / int::to_f64(whole) }
}

/// What the models said against what was true.
fn reliability(
    report: &Report,
    open: &str,
    between: &str,
    close: &str,
) -> String {
    let mut out = String::new();
    let mut row = |cells: [String; 5]| {
        let _ = writeln!(out, "{open}{}{close}", cells.join(between));
    };
    row([
        format!("{:16}", "reliability of"),
        format!("{:12}", "said"),
        format!("{:>9}", "records"),
        format!("{:>9}", "mean said"),
        format!("{:>9}", "was true"),
    ]);
    row([16, 12, 9, 9, 9].map(|width| "-".repeat(width)));
    for (name, bins) in &report.reliability {
        for (number, bin) in bins.iter().enumerate() {
            if bin.count == 0 {
                continue;
            }
            let Bin { weight, count, said, held } = bin;
            let from = int::to_f64(int::to_u64(number)) / 10.0;
            let mean = |sum: f64| {
                if *weight > 0.0 { sum / weight } else { 0.0 }
            };
            row([
                format!("{name:16}"),
                format!("{:12}", format!("{from:.1} to {:.1}", from + 0.1)),
                format!("{count:9}"),
                format!("{:9.3}", mean(*said)),
                format!("{:9.3}", mean(*held)),
            ]);
        }
    }
    out
}
