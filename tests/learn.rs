//! Learned dictionaries: what training writes is what the scanner reads.
//! Scores of the compiled pack are compared with a naive count of n-grams
//! over the weights files, on both engines; training is repeated on other
//! numbers of threads; images with bent tables are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proptest::prelude::*;
use trommel::eval::{Config, Scanner, Scratch, text_record};
use trommel::fold::{decode, plain, plain_letters};
use trommel::image::Image;
use trommel::pack::load::{PackSource, SourceFile};
use trommel::pack::{Options, compile};
use trommel::scan::EngineKind;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn trommel(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trommel"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("TROMMEL_CONFIG")
        .output()
        .expect("the program starts")
}

fn sample() -> String {
    let path = root().join("corpora/learn-sample.ndjson");
    path.to_str().expect("UTF-8").to_owned()
}

/// Learns the sample into a folder; gives the files by name.
fn learn(folder: &Path, more: &[&str]) -> BTreeMap<String, String> {
    let sample = sample();
    let mut arguments = vec!["learn", sample.as_str(), "-o", "model"];
    arguments.extend(["--review-by", "2099-01-01"]);
    arguments.extend(more);
    let output = trommel(folder, &arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let mut files = BTreeMap::new();
    let mut todo = vec![folder.join("model")];
    while let Some(path) = todo.pop() {
        for entry in std::fs::read_dir(&path).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("inside");
            let name = name.to_string_lossy().replace('\\', "/");
            let text = std::fs::read_to_string(&path).expect("a text");
            files.insert(name, text);
        }
    }
    files
}

/// What counts twice at most is written twice at most; an invisible character
/// is no gap.
#[test]
fn n_grams_are_written_as_they_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut more = String::new();
    for n in 0..40 {
        let text = format!("Wiiiin 1000000 fr\u{200B}ee coins {n}");
        let row = serde_json::json!({"text": text, "label": "spam"});
        more.push_str(&format!("{row}\n"));
    }
    let path = folder.path().join("more.ndjson");
    std::fs::write(&path, more).expect("a file");
    let files = learn(folder.path(), &[path.to_str().expect("UTF-8")]);
    let spam = &files["model/weights/spam.tsv"];
    let cells: Vec<Vec<&str>> =
        spam.lines().map(|line| line.split('\t').collect()).collect();
    let has = |kind: &str, text: &str| {
        cells.iter().any(|cells| cells[0] == kind && cells[1] == text)
    };
    assert!(has("word", "wiin") && has("word", "free"), "{spam}");
    assert!(has("char", "100"), "{spam}");
    for row in cells.iter().filter(|row| row[0] == "char") {
        assert!(row[1].chars().count() <= 4, "{row:?}");
    }
}

#[test]
fn training_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = learn(folder.path(), &["-j", "1"]);
    let many = learn(folder.path(), &["-j", "5"]);
    assert_eq!(one, many);
    assert!(one.len() >= 5, "{:?}", one.keys());
    // Another seed holds other records out.
    let other = learn(folder.path(), &["--seed", "2"]);
    assert_ne!(one, other);
    let log = learn(folder.path(), &["--loss", "log"]);
    assert_ne!(one["model/weights/fraud.tsv"], log["model/weights/fraud.tsv"]);
}

#[test]
fn a_learned_pack_is_an_ordinary_pack() {
    let folder = tempfile::tempdir().expect("a folder");
    learn(folder.path(), &[]);
    for arguments in [
        &["check", "model", "--deny-warnings"][..],
        &["test", "model"],
        &["fmt", "model", "--check"],
        &["compile", "model", "-o", "model.img"],
        &["inspect", "model.img"],
    ] {
        let output = trommel(folder.path(), arguments);
        let text = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}{error}");
    }
    // A record of the sample is found, and its evidence adds up.
    let sample = sample();
    let scan = ["scan", sample.as_str(), "-r", "model.img", "-q"];
    let output = trommel(folder.path(), &scan);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let texts: BTreeMap<String, String> = std::fs::read_to_string(&sample)
        .expect("the sample")
        .lines()
        .map(|line| {
            let row: serde_json::Value =
                serde_json::from_str(line).expect("a row");
            let part = |key: &str| row[key].as_str().expect("text");
            (part("id").to_owned(), part("text").to_owned())
        })
        .collect();
    let mut matches = 0;
    for line in text.lines() {
        let row: serde_json::Value =
            serde_json::from_str(line).expect("a verdict");
        assert_ne!(row["verdict"], "takedown", "{line}");
        let all = row["matches"].as_array().cloned().unwrap_or_default();
        assert!(all.len() <= 8 * 6, "{line}");
        for found in &all {
            let id = row["id"].as_str().expect("an id");
            let at = |key: &str| found[key].as_u64().expect("a place");
            let range = at("start") as usize..at("end") as usize;
            let quote = &texts[id][range];
            assert_eq!(found["quote"], quote, "{line}");
            assert!(found["weight"].as_f64().expect("a weight") > 0.0);
            let term = found["term"].as_str().expect("a term");
            let plain: String = letters(quote).into_iter().collect();
            let wanted: String = letters(term).into_iter().collect();
            assert_eq!(plain, wanted, "{line}");
            matches += 1;
        }
    }
    assert!(matches > 100, "{matches}");
}

/// Plain letters without repeats beyond the second.
fn letters(text: &str) -> Vec<char> {
    let mut all: Vec<char> = Vec::new();
    for c in text.chars() {
        let letter = plain_letters().get(c);
        if letter < plain::FIRST_LETTER {
            continue;
        }
        let letter = char::from_u32(u32::from(letter)).expect("a letter");
        if !all.ends_with(&[letter, letter]) {
            all.push(letter);
        }
    }
    all
}

/// The n-grams of a text in the plainest way: pieces of letters that nothing
/// unknown interrupts, and words. As (kind, letters), and the letter count.
fn naive(text: &str) -> (BTreeSet<(&'static str, String)>, usize) {
    let decoded = decode(text);
    let text = decoded.as_ref().map_or(text, |view| view.text.as_str());
    let mut found = BTreeSet::new();
    let mut count = 0;
    // Pieces, as letters with whether a separator stands before.
    let mut pieces: Vec<Vec<(char, bool)>> = vec![Vec::new()];
    let mut gap = false;
    for c in text.chars() {
        match plain_letters().get(c) {
            plain::IGNORABLE => {}
            plain::SEPARATOR => gap = true,
            plain::OTHER => {
                pieces.push(Vec::new());
                gap = false;
            }
            letter => {
                let c = char::from_u32(u32::from(letter)).expect("a letter");
                let piece = pieces.last_mut().expect("a piece");
                let twice = piece.len() > 1
                    && piece[piece.len() - 1].0 == c
                    && piece[piece.len() - 2].0 == c;
                if !twice {
                    piece.push((c, gap));
                    gap = false;
                    count += 1;
                }
            }
        }
    }
    let han = |c: char| {
        let code = u32::from(c);
        code >= 0x2E80 || (0xE00..=0xEFF).contains(&code)
    };
    for piece in pieces {
        let plain: Vec<char> = piece.iter().map(|(c, _)| *c).collect();
        for size in 1..=4 {
            for part in plain.windows(size) {
                found.insert(("char", part.iter().collect()));
            }
        }
        // Words with nothing but separators between them are a line.
        let mut lines: Vec<Vec<String>> = vec![vec![String::new()]];
        for (c, gap) in piece {
            if han(c) {
                lines.push(vec![String::new()]);
                continue;
            }
            let line = lines.last_mut().expect("a line");
            if gap && line.last().is_some_and(|word| !word.is_empty()) {
                line.push(String::new());
            }
            line.last_mut().expect("a word").push(c);
        }
        for line in lines {
            let words: Vec<String> =
                line.into_iter().filter(|word| !word.is_empty()).collect();
            for word in &words {
                found.insert(("word", word.clone()));
            }
            for pair in words.windows(2) {
                found.insert(("word", pair.join(" ")));
            }
        }
    }
    found.extend(naive_signs(text));
    (found, count)
}

/// The sign n-grams: of characters in a row, blanks as one.
fn naive_signs(text: &str) -> BTreeSet<(&'static str, String)> {
    let is_letter = |c: char| plain_letters().get(c) >= plain::FIRST_LETTER;
    // Pieces that no letter without a plain letter interrupts.
    let mut pieces = vec![String::new()];
    for c in text.chars() {
        let letter = plain_letters().get(c);
        let own = match c {
            _ if is_letter(c) => {
                char::from_u32(u32::from(letter)).expect("a letter")
            }
            _ if letter == plain::IGNORABLE => continue,
            _ if c.is_whitespace() => ' ',
            '\u{ff01}'..='\u{ff5e}' => {
                char::from_u32(u32::from(c) - 0xFEE0).expect("ASCII")
            }
            _ if c.is_alphanumeric() || c.is_control() => {
                pieces.push(String::new());
                continue;
            }
            c => c,
        };
        let piece = pieces.last_mut().expect("a piece");
        if own != ' ' || !piece.ends_with(' ') {
            piece.push(own);
        }
    }
    let mut found = BTreeSet::new();
    for piece in pieces {
        let all: Vec<char> = piece.chars().collect();
        for size in 1..=2 {
            for part in all.windows(size) {
                let letters = part.iter().filter(|c| is_letter(**c)).count();
                let blank = part.contains(&' ');
                if letters < size && (!blank || letters == 1) {
                    found.insert(("sign", part.iter().collect()));
                }
            }
        }
    }
    found
}

/// A weights file, read in the plainest way.
fn weights(text: &str) -> (f64, BTreeMap<(&'static str, String), f64>) {
    let (mut bias, mut all) = (0.0, BTreeMap::new());
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        match cells[0] {
            "bias" => bias = cells[1].parse().expect("a bias"),
            kind => {
                let kind = ["char", "sign", "word"]
                    .into_iter()
                    .find(|known| *known == kind)
                    .expect("a kind");
                let number: f64 = cells[2].parse().expect("a weight");
                // Folded like a text: the longest n-gram of the cell.
                let (_, gram) = naive(&cells[1].replace('␣', " "))
                    .0
                    .into_iter()
                    .filter(|(own, _)| *own == kind)
                    .max_by_key(|(_, text)| text.chars().count())
                    .expect("an n-gram");
                all.insert((kind, gram), number);
            }
        }
    }
    (bias, all)
}

fn naive_score(file: &str, text: &str) -> f64 {
    let (bias, weights) = weights(file);
    let (grams, count) = naive(text);
    let sum: f64 = grams.iter().filter_map(|gram| weights.get(gram)).sum();
    bias + sum * (50.0 / (count as f64 + 10.0)).sqrt()
}

/// A pack of one model that is asked by one rule.
fn pack(weights: &str, when: &str) -> Result<Image, String> {
    let rules = format!(
        "[[rule]]\nid = \"spam.row\"\ntitle = \"Row\"\n\
         category = \"spam\"\nconfidence = 0.7\nceiling = \"report\"\n\
         owner = \"tests\"\nreview_by = 2099-01-01\n\
         reason = {{ zh = \"行\", en = \"Row\" }}\n[rule.sets]\n\
         model = {{ weights = \"weights/m.tsv\" }}\n\
         [rule.match]\nwhen = \"{when}\"\n"
    );
    let file = |name: &str, text: &str| SourceFile {
        path: name.to_owned(),
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let files = vec![file("a.toml", &rules), file("weights/m.tsv", weights)];
    let source = PackSource { name: "a".to_owned(), files };
    let image = compile(vec![source], &Options::default()).image();
    image.map_err(|error| error.to_string())
}

fn scanner(image: &Image, kind: EngineKind) -> Scanner {
    let config = Config::new().engine(kind);
    Scanner::with_config(image.clone(), config).expect("a scanner")
}

const MODEL: &str = "bias\t-1.25\nchar\t加微\t0.5\nchar\t加微信\t0.75\n\
    char\t微\t-0.125\nchar\tab\t0.25\nchar\tabab\t1\nword\tfree\t1.5\n\
    word\tfree money\t2\nword\ta\t-0.5\nword\t88\t0.3\nchar\t8\t0.1\n\
    char\tе\t0.7\nword\tthe money\t-1\nchar\tкя\t1\nsign\t❤️\t4\n\
    sign\t?!\t3\nsign\tq␣\t5\nsign\t(q\t6\n";

#[test]
fn scores_are_those_of_the_weights_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = learn(folder.path(), &[]);
    let file = &files["model/weights/gambling.tsv"];
    let image = pack(file, "score(model) >= 0").expect("compiles");
    let engines = [EngineKind::Fused, EngineKind::Reference]
        .map(|kind| scanner(&image, kind));
    let mut scratch = Scratch::default();
    let sample = std::fs::read_to_string(sample()).expect("the sample");
    for line in sample.lines() {
        let row: serde_json::Value =
            serde_json::from_str(line).expect("a row");
        let text = row["text"].as_str().expect("a text");
        let wanted = naive_score(file, text);
        for engine in &engines {
            let record = text_record(text);
            let found = engine.scores(&record, &mut scratch)[0];
            assert!((found - wanted).abs() < 1e-9, "{text}: {found} {wanted}");
            let flagged = engine.scan(&record, &mut scratch);
            assert_eq!(flagged.verdict().as_str() == "report", found >= 0.0);
        }
    }
}

/// Two models wake rules of their own, a third is asked only behind one of
/// them: three ways to look n-grams up.
#[test]
fn several_models_wake() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = learn(folder.path(), &[]);
    let [fraud, gambling] = ["fraud", "gambling"]
        .map(|name| files[&format!("model/weights/{name}.tsv")].as_str());
    let rule = |id: &str, sets: &str, when: &str| {
        format!(
            "[[rule]]\nid = \"spam.{id}\"\ntitle = \"Row\"\n\
             category = \"spam\"\nconfidence = 0.7\nceiling = \"report\"\n\
             owner = \"tests\"\nreview_by = 2099-01-01\n\
             reason = {{ zh = \"行\", en = \"Row\" }}\n[rule.sets]\n{sets}\n\
             [rule.match]\nwhen = \"{when}\"\n"
        )
    };
    let set = |name: &str, file: &str| {
        format!("{name} = {{ weights = \"weights/{file}.tsv\" }}\n")
    };
    let both = set("a", "hand") + &set("b", "gambling");
    let rules = rule("hand", &set("m", "hand"), "score(m) >= 0.5")
        + &rule("fraud", &set("m", "fraud"), "score(m) >= 0")
        + &rule("both", &both, "score(a) >= 0.5 and score(b) >= 0");
    let file = |name: &str, text: &str| SourceFile {
        path: name.to_owned(),
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let files = vec![
        file("a.toml", &rules),
        file("weights/hand.tsv", MODEL),
        file("weights/fraud.tsv", fraud),
        file("weights/gambling.tsv", gambling),
    ];
    let source = PackSource { name: "a".to_owned(), files };
    let image = compile(vec![source], &Options::default()).image();
    let image = image.map_err(|error| error.to_string()).expect("compiles");
    let engines = [EngineKind::Fused, EngineKind::Reference]
        .map(|kind| scanner(&image, kind));
    let mut scratch = Scratch::default();
    let mut seen = [0; 3];
    let sample = std::fs::read_to_string(sample()).expect("the sample");
    for line in sample.lines() {
        let row: serde_json::Value =
            serde_json::from_str(line).expect("a row");
        let text = row["text"].as_str().expect("a text");
        for text in [text.to_owned(), format!("{text} free money ❤?!")] {
            let hand = naive_score(MODEL, &text) >= 0.5;
            let wanted = [
                hand,
                naive_score(fraud, &text) >= 0.0,
                hand && naive_score(gambling, &text) >= 0.0,
            ];
            for engine in &engines {
                let outcome = engine.check(&text, &mut scratch);
                let mut found: Vec<u32> =
                    outcome.fired.iter().map(|fired| fired.rule).collect();
                found.sort_unstable();
                let numbers: Vec<u32> = (0u32..)
                    .zip(wanted)
                    .filter_map(|(rule, fires)| fires.then_some(rule))
                    .collect();
                assert_eq!(found, numbers, "{text}");
            }
            for (seen, fires) in seen.iter_mut().zip(wanted) {
                *seen += u32::from(fires);
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
}

#[test]
fn operators_and_signs_of_scores() {
    let rows = [
        ("score(model) >= -1.25", "zzz", true),
        ("score(model) > -1.25", "zzz", false),
        ("score(model) < -1", "zzz", true),
        ("score(model) <= -1.3", "zzz", false),
        ("not score(model) > 0", "zzz", true),
        ("score(model) >= 1 and text.len > 3", "free money", true),
        ("score(model) >= 1 and text.len > 30", "free money", false),
        ("score(model) >= 1", "ｆｒｅｅ  Ｍoney", true),
        ("score(model) >= 1", "&#102;ree money", true),
        ("score(model) >= 3", "free money", true),
        ("score(model) >= 3", "free 加 money", false),
        ("score(model) == -1.25", "", true),
        ("score(model) >= 7", "❤", true),
        ("score(model) >= 6", "zzz❤\u{fe0f}", true),
        ("score(model) >= 3", "？\u{200b}！", true),
        ("score(model) >= 3", "? !", false),
        ("score(model) >= 5", "qq  zz", true),
        ("score(model) >= 5", "qq. zz", false),
        ("score(model) >= 5", "(Ｑ)", true),
        ("score(model) >= 5", "&#40;q", true),
    ];
    for (when, text, wanted) in rows {
        let image = pack(MODEL, when).expect(when);
        for kind in [EngineKind::Fused, EngineKind::Reference] {
            let scanner = scanner(&image, kind);
            let mut scratch = Scratch::default();
            let outcome = scanner.check(text, &mut scratch);
            let fired = outcome.verdict().as_str() == "report"
                || !outcome.suppressed.is_empty();
            assert_eq!(fired, wanted, "{when} {text:?} {kind:?}");
        }
    }
}

#[test]
fn fields_are_scored_together_and_apart() {
    let image = pack(MODEL, "score(model) >= 1").expect("compiles");
    let scanner = scanner(&image, EngineKind::Fused);
    let mut scratch = Scratch::default();
    let mut record = text_record("free");
    record.fields.push(record.fields[0].clone());
    record.fields[1].text = "money free".into();
    // `free money` does not reach across, `free` counts once.
    let found = scanner.scores(&record, &mut scratch)[0];
    let letters: f64 = 4.0 + 9.0;
    // With е, a look-alike of e.
    let wanted = -1.25 + (1.5 + 0.7) * (50.0 / (letters + 10.0)).sqrt();
    assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
}

/// Texts out of what matters to the model and to folding.
fn text() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "加",
        "微",
        "信",
        "Ｆ",
        "free",
        "money",
        "FREE",
        " ",
        ".",
        "a",
        "b",
        "ab",
        "8",
        "８",
        "é",
        "е",
        "к",
        "я",
        "樂",
        "\u{200b}",
        "\u{301}",
        "🎉",
        "&#24494;",
        "%61",
        "\\u0061",
        "\u{10ffff}",
        "the ",
        "\n",
        "𠀀",
        "ａｂ",
        "ไ",
        "あ",
    ]);
    prop::collection::vec(parts, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn engines_agree_with_the_naive_count(text in text()) {
        let image = pack(MODEL, "score(model) >= -100").expect("compiles");
        let wanted = naive_score(MODEL, &text);
        for kind in [EngineKind::Fused, EngineKind::Reference] {
            let scanner = scanner(&image, kind);
            let mut scratch = Scratch::default();
            let record = text_record(&text);
            let found = scanner.scores(&record, &mut scratch)[0];
            prop_assert!(
                (found - wanted).abs() < 1e-9,
                "{:?} {kind:?}: {found} {wanted}", text
            );
            let parts = scanner.score_parts(0, &record, &mut scratch);
            let sum: i64 = parts.carriers.iter().map(|c| c.weight).sum();
            let off = parts.bias + sum as f64 / 10_000.0 - found;
            prop_assert!(off.abs() < 1e-2, "{off}");
            for carrier in &parts.carriers {
                let quote = &text[carrier.span.range()];
                let view = image.view();
                let term = view.grams.text(carrier.gram);
                let decoded = decode(quote);
                let quote = decoded.map_or(quote.to_owned(), |v| v.text);
                // A letter that is there a third time is passed over, so
                // that a quote may hold one more than its term.
                let (mut quoted, mut own) = (letters(&quote), letters(term));
                quoted.dedup();
                own.dedup();
                prop_assert_eq!(quoted, own);
            }
        }
    }
}

#[test]
fn other_packs_do_not_change_a_score() {
    let alone = pack(MODEL, "score(model) >= 0").expect("compiles");
    let rules = "[[rule]]\nid = \"spam.other\"\ntitle = \"Other\"\n\
         category = \"spam\"\nconfidence = 0.7\nowner = \"tests\"\n\
         review_by = 2099-01-01\nreason = { zh = \"行\", en = \"Row\" }\n\
         [rule.sets]\nwords = { list = [\"1ili\", \"пyя кя\", \"fr33\"] }\n\
         [rule.match]\nwhen = \"words\"\n";
    let file = |name: &str, text: &str| SourceFile {
        path: name.to_owned(),
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let own = "[[rule]]\nid = \"spam.row\"\ntitle = \"Row\"\n\
         category = \"spam\"\nconfidence = 0.7\nceiling = \"report\"\n\
         owner = \"tests\"\nreview_by = 2099-01-01\n\
         reason = { zh = \"行\", en = \"Row\" }\n[rule.sets]\n\
         model = { weights = \"weights/m.tsv\" }\n\
         [rule.match]\nwhen = \"score(model) >= 0\"\n";
    let sources = vec![
        PackSource {
            name: "a".to_owned(),
            files: vec![file("a.toml", own), file("weights/m.tsv", MODEL)],
        },
        PackSource {
            name: "b".to_owned(),
            files: vec![file("b.toml", rules)],
        },
    ];
    let both = compile(sources, &Options::default()).image().expect("both");
    let mut scratch = Scratch::default();
    for text in ["free money 加微", "кя 1 i l a4 fr33", "8８８ ab аb"] {
        let record = text_record(text);
        let [one, two] = [&alone, &both].map(|image| {
            scanner(image, EngineKind::Fused).scores(&record, &mut scratch)[0]
        });
        assert_eq!(one, two, "{text}");
    }
}

/// Writes the digest that a changed image should have.
fn seal(bytes: &mut [u8]) {
    let digest = blake3::hash(&bytes[48..]);
    bytes[16..48].copy_from_slice(digest.as_bytes());
}

#[test]
fn bent_tables_of_n_grams_are_refused() {
    let image = pack(MODEL, "score(model) >= 0").expect("compiles");
    let bytes = image.bytes().to_vec();
    let u64_at = |at: usize| {
        let raw: [u8; 8] = bytes[at..at + 8].try_into().expect("8 bytes");
        u64::from_le_bytes(raw) as usize
    };
    let mut refused = 0;
    // Sections 30 to 36 and 39; keys (32) may hold anything.
    for section in [30, 31, 33, 34, 35, 36, 39] {
        let entry = 96 + (section - 1) * 24;
        let (from, len) = (u64_at(entry + 8), u64_at(entry + 16));
        assert!(len > 0, "section {section}");
        for at in from..from + len {
            for value in [0xFF, 0x80] {
                let mut bent = bytes.clone();
                bent[at] = value;
                seal(&mut bent);
                match Image::from_bytes(&bent) {
                    Err(_) => refused += 1,
                    // What opens can be scanned.
                    Ok(image) => {
                        let scanner = scanner(&image, EngineKind::Fused);
                        let mut scratch = Scratch::default();
                        scanner.check("free money 加微信", &mut scratch);
                    }
                }
            }
        }
        // A section that is cut short.
        let mut bent = bytes.clone();
        bent[entry + 16..entry + 24].fill(0);
        seal(&mut bent);
        assert!(Image::from_bytes(&bent).is_err(), "section {section}");
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn mistakes_have_one_clear_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = sample();
    std::fs::write(folder.path().join("clean.ndjson"), {
        let row = "{\"text\":\"a nice day\",\"label\":\"clean\"}\n";
        row.repeat(8)
    })
    .expect("written");
    std::fs::write(folder.path().join("odd.ndjson"), {
        let row = "{\"text\":\"a nice day\",\"label\":\"porn\"}\n";
        row.repeat(8)
    })
    .expect("written");
    std::fs::create_dir(folder.path().join("full")).expect("a folder");
    std::fs::write(folder.path().join("full/notes"), "x").expect("written");
    let rows: [(&[&str], &str); 8] = [
        (&["learn", &sample], "-o PACK"),
        (&["learn", "clean.ndjson", "-o", "m"], "every record is clean"),
        (&["learn", "odd.ndjson", "-o", "m"], "--category porn=NAME"),
        (
            &["learn", "odd.ndjson", "-o", "m", "--category", "porn=sexua"],
            "did you mean sexual?",
        ),
        (&["learn", "none.ndjson", "-o", "m"], "none.ndjson"),
        (
            &[
                "learn", &sample, "-o", "m", "--chars", "0", "--words", "0",
                "--signs", "0",
            ],
            "nothing is left",
        ),
        (&["learn", &sample, "-o", "full"], "is no learned pack"),
        (&["learn", &sample, "-o", "m", "--max-fpr", "2"], "from 0 to 0.5"),
    ];
    for (arguments, wanted) in rows {
        let output = trommel(folder.path(), arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(wanted), "{arguments:?}: {error}");
        assert!(!folder.path().join("m").exists(), "{arguments:?}");
    }
}
