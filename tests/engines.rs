//! What the engines find. Rows in `tests/data/*.toml` (one file for each
//! subject, style.md item 32) run on every engine and on the naive oracle;
//! random dictionaries and disguises run through all three.

mod oracle;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde::Deserialize;
use trommel::eval::{Config, Scanner, Scratch};
use trommel::fold::{Fold, Folds};
use trommel::image::Image;
use trommel::pack::{Options, compile_text};
use trommel::scan::EngineKind;
use trommel::verdict::Verdict;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    /// Lines of a term file.
    terms: Vec<String>,
    /// Level of the set.
    folds: Option<String>,
    text: String,
    hits: Vec<Wanted>,
    /// Whether a rule `when = "terms"` fires: exceptions are applied there.
    fires: Option<bool>,
    /// The row fails today; what is wrong.
    known_bug: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// As written without its marks; `!` in front for an exception.
    term: String,
    /// Bytes of the text.
    span: [u32; 2],
    quote: String,
    folds: Vec<String>,
    penalty: f64,
}

/// A hit as a row writes it: place, term, folds, thousandths.
type Plain = (u32, u32, String, BTreeSet<String>, u16);

fn run_file(name: &str) {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(name);
    let table: Table = toml::from_str(&text).expect(name);
    let mut seen = BTreeSet::new();
    let mut failures = Vec::new();
    for row in &table.case {
        assert!(seen.insert(&row.name), "{name}: {} twice", row.name);
        match (check(row), &row.known_bug) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Err(why), None) => {
                failures.push(format!("{}: {why}", row.name));
            }
            (Ok(()), Some(_)) => failures.push(format!(
                "{}: passes now, take its known_bug away",
                row.name
            )),
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} rows of {name}:\n{}",
        failures.len(),
        table.case.len(),
        failures.join("\n")
    );
}

fn check(row: &Row) -> Result<(), String> {
    for hit in &row.hits {
        let [start, end] = hit.span.map(|at| at as usize);
        let found = row.text.get(start..end);
        assert_eq!(found, Some(&*hit.quote), "{}: span", row.name);
    }
    let image = oracle::image(&row.terms, row.folds.as_deref())?;
    let mut wanted: Vec<Plain> = row
        .hits
        .iter()
        .map(|hit| {
            let folds = hit.folds.iter().cloned().collect();
            let penalty = (hit.penalty * 1000.0).round() as u16;
            (hit.span[0], hit.span[1], hit.term.clone(), folds, penalty)
        })
        .collect();
    wanted.sort();
    for kind in [EngineKind::Fused, EngineKind::Reference] {
        let found = plain(&image, &oracle::scan(kind, &image, &row.text));
        if found != wanted {
            return Err(format!(
                "{}:\n  found  {found:?}\n  wanted {wanted:?}",
                kind.as_str()
            ));
        }
    }
    oracle::compare(&image, &row.text)?;
    if let Some(wanted) = row.fires {
        let rules = oracle::rules(&row.terms, row.folds.as_deref(), "terms");
        for kind in [EngineKind::Fused, EngineKind::Reference] {
            if fires(&rules, &row.text, kind)? != wanted {
                return Err(format!("{}: fires", kind.as_str()));
            }
        }
    }
    Ok(())
}

fn plain(image: &Image, hits: &[trommel::scan::Hit]) -> Vec<Plain> {
    let view = image.view();
    let mut all: Vec<Plain> = hits
        .iter()
        .map(|hit| {
            let row = &view.terms[hit.term as usize];
            let mark = if row.is_exception() { "!" } else { "" };
            let term = format!("{mark}{}", view.term_text(hit.term));
            let folds =
                hit.folds.iter().map(|f| f.as_str().to_owned()).collect();
            (hit.span.start, hit.span.end, term, folds, hit.penalty.0)
        })
        .collect();
    all.sort();
    all
}

fn fires(rules: &str, text: &str, kind: EngineKind) -> Result<bool, String> {
    let image = compile_text("row.toml", rules, &Options::default())
        .map_err(|error| error.to_string())?;
    let config = Config::new().engine(kind);
    let scanner = Scanner::with_config(image, config)
        .map_err(|error| error.to_string())?;
    let outcome = scanner.check(text, &mut Scratch::default());
    Ok(outcome.verdict() > Verdict::Pass)
}

macro_rules! files {
    ($($test:ident $file:literal)*) => {
        $(#[test]
        fn $test() {
            run_file($file);
        })*

        /// Folds that only validators and escapes of other tests use.
        #[test]
        fn rows_use_every_fold() {
            let mut used: BTreeSet<String> = BTreeSet::new();
            for file in [$($file),*] {
                let root = env!("CARGO_MANIFEST_DIR");
                let path = format!("{root}/tests/data/{file}");
                let text = std::fs::read_to_string(path).expect(file);
                let table: Table = toml::from_str(&text).expect(file);
                let hits = table.case.iter().flat_map(|row| &row.hits);
                used.extend(hits.flat_map(|hit| hit.folds.clone()));
            }
            for fold in Fold::ALL {
                let by_validators = matches!(fold, Fold::Digit | Fold::Dot);
                let name = fold.as_str();
                assert!(by_validators || used.contains(name), "{name}");
            }
        }
    };
}

files! {
    fold_rows "folds.toml"
    gate_rows "gates.toml"
    separator_rows "separators.toml"
    word_rows "words.toml"
    phrase_rows "phrases.toml"
    symbol_rows "symbols.toml"
    set_rows "sets.toml"
    sound_rows "sounds.toml"
}

/// Small alphabets, so that terms hit often and overlap.
const ALPHABETS: [&[char]; 7] = [
    &['加', '微', '信', '好', '女', '子', '木', '林'],
    &['a', 's', 'o', 'i', 'l', 'm', 'r', 'n'],
    &['a', 'o', '1', '0', '5', '8'],
    &['加', '信', 'v', 'x', 'o', '8'],
    &['+', 'v', '✈', '加', '@', '💰'],
    // Sounds and shapes of one another.
    &['加', '佳', '微', '薇', '徽', '信', '芯', '行', '杭', '型'],
    &['牛', '水', '飞', '机', '马', '钱', '妹', '妺'],
];

/// Characters that texts have besides letters of terms.
const NOISE: [char; 22] = [
    '.', ' ', ',', '。', '-', '!', '\n', '\u{200b}', '\u{301}', '😀', '❤',
    'x', '的', '7', '&', '@', '|', '４', 'о', 'ѕ', 'Ⓐ', '\u{fe0f}',
];

fn letters(alphabet: usize) -> impl Strategy<Value = char> {
    prop::sample::select(ALPHABETS[alphabet])
}

/// A line of a term file.
fn line(alphabet: usize) -> impl Strategy<Value = String> {
    let word = || prop::collection::vec(letters(alphabet), 1..7);
    (word(), word(), 0..12u8).prop_map(|(one, two, form)| {
        let one: String = one.into_iter().collect();
        let two: String = two.into_iter().collect();
        match form {
            0 => format!("={one}"),
            1 => format!("!{one}"),
            2 => format!("{one}|{two}"),
            3 => format!("{one} {two}"),
            4 => format!("{one}*"),
            5 => format!("*{one}"),
            6 => format!("{one}'{two}"),
            _ => one,
        }
    })
}

/// One way to write a letter otherwise.
fn disguise(c: char, form: u8) -> String {
    let wide = match c {
        'a'..='z' | '0'..='9' => {
            char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c)
        }
        other => other,
    };
    match form {
        0 => c.to_uppercase().collect(),
        1 => wide.to_string(),
        2 => format!("{c}{c}"),
        3 => format!("{c}\u{200b}"),
        4 => format!("{c}."),
        5 => format!("{c} "),
        6 => format!("{c}...."),
        7 => match c {
            'a' => "4".to_owned(),
            'o' => "0".to_owned(),
            's' => "5".to_owned(),
            'i' | 'l' => "1".to_owned(),
            'm' => "rn".to_owned(),
            '好' => "女子".to_owned(),
            '林' => "木木".to_owned(),
            '加' => "力口".to_owned(),
            '信' => "亻言".to_owned(),
            '佳' => "人圭".to_owned(),
            '杭' => "木亢".to_owned(),
            '牛' => "🐮".to_owned(),
            '钱' => "💰".to_owned(),
            '妹' => "妺".to_owned(),
            other => other.to_string(),
        },
        8 => match c {
            'a' => "@".to_owned(),
            'o' => "о".to_owned(),
            'i' => "!".to_owned(),
            other => other.to_string(),
        },
        9 => format!("&#{};", u32::from(c)),
        10 => format!("{c}。"),
        11 => format!("{c}[em]e1[/em]"),
        12 => match c {
            '加' => "jia".to_owned(),
            '微' => "wei".to_owned(),
            '信' => "x".to_owned(),
            '行' => "hang".to_owned(),
            other => other.to_string(),
        },
        _ => c.to_string(),
    }
}

/// What a text is made of: noise, letters, a disguised term.
#[derive(Clone, Debug)]
enum Piece {
    Noise(char),
    Letter(char),
    Term { line: usize, forms: Vec<u8>, backwards: bool },
}

fn piece(alphabet: usize) -> impl Strategy<Value = Piece> {
    let forms = prop::collection::vec(0..24u8, 8);
    prop_oneof![
        3 => prop::sample::select(&NOISE[..]).prop_map(Piece::Noise),
        4 => letters(alphabet).prop_map(Piece::Letter),
        3 => (0..4usize, forms, prop::bool::weighted(0.1)).prop_map(
            |(line, forms, backwards)| Piece::Term { line, forms, backwards }
        ),
    ]
}

fn text_of(lines: &[String], pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Noise(c) | Piece::Letter(c) => text.push(*c),
            Piece::Term { line, forms, backwards } => {
                let line = &lines[line % lines.len()];
                let term = line.trim_matches(['=', '!', '*']);
                let term = term.split('|').next().unwrap_or(term);
                let mut chars: Vec<char> = term.chars().collect();
                if *backwards {
                    chars.reverse();
                }
                for (c, form) in chars.iter().zip(forms.iter().cycle()) {
                    text.push_str(&disguise(*c, *form));
                }
            }
        }
    }
    text
}

/// A dictionary and some texts for it.
fn scene() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    (0..ALPHABETS.len()).prop_flat_map(|alphabet| {
        let lines = prop::collection::vec(line(alphabet), 1..6);
        let pieces = prop::collection::vec(piece(alphabet), 0..14);
        (lines, prop::collection::vec(pieces, 6)).prop_map(|(lines, texts)| {
            let texts =
                texts.iter().map(|pieces| text_of(&lines, pieces)).collect();
            (lines, texts)
        })
    })
}

/// Every rule of the shipped packs.
fn shipped() -> &'static Scanner {
    static SCANNER: std::sync::OnceLock<Scanner> = std::sync::OnceLock::new();
    SCANNER.get_or_init(|| {
        let image = trommel::pack::shipped_image(&Options::default())
            .expect("shipped packs compile");
        Scanner::new(image).expect("shipped packs load")
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn engines_agree_with_the_oracle((lines, texts) in scene()) {
        // A line without letters is the compiler's business.
        if let Ok(image) = oracle::image(&lines, None) {
            for text in &texts {
                let result = oracle::compare(&image, text);
                prop_assert!(
                    result.is_ok(),
                    "{}\n terms {lines:?}\n text {text:?}",
                    result.unwrap_err()
                );
            }
        }
    }

    #[test]
    fn a_quote_is_the_term_again((lines, texts) in scene()) {
        if let Ok(image) = oracle::image(&lines, None) {
            for text in &texts {
                let hits = oracle::scan(EngineKind::Fused, &image, text);
                for hit in hits {
                    let quote = text.get(hit.span.range());
                    prop_assert!(quote.is_some(), "{hit:?} in {text:?}");
                    let quote = quote.unwrap_or_default();
                    let again = oracle::places(&image, quote);
                    let whole = again.iter().any(|place| {
                        place.hit.term == hit.term
                            && place.hit.span.start == 0
                            && place.hit.span.end == hit.span.len()
                    });
                    prop_assert!(
                        whole,
                        "{quote:?} of {text:?} is not {lines:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn penalties_and_tiers_agree((lines, texts) in scene()) {
        if let Ok(image) = oracle::image(&lines, None) {
            for text in &texts {
                for hit in oracle::scan(EngineKind::Fused, &image, text) {
                    prop_assert_eq!(hit.tier > 0, hit.penalty.0 > 0);
                    if hit.folds == Folds::NONE {
                        prop_assert_eq!(hit.penalty.0, 0, "{:?}", text);
                    }
                }
            }
        }
    }

    #[test]
    fn any_text_can_be_judged(text in prop_oneof![
        any::<String>(),
        "\\PC{0,60}",
        "[a-z加微信0-9&#;x%\\\\u{}.。 @+✈]{0,60}",
    ]) {
        let scanner = shipped();
        let mut scratch = Scratch::default();
        let outcome = scanner.check(&text, &mut scratch);
        // Buffers are used again: the second judgement is the first.
        prop_assert_eq!(outcome, scanner.check(&text, &mut scratch));
    }
}
