//! Instruction counts of a fixed set, compared with `benches/counts.toml`.
//! A slowdown of more than 3 % fails, without a clock. An improvement of more
//! than 3 % fails too: it has to be recorded, or the next slowdown hides
//! behind it.
//!
//!     benches/counts              count and compare
//!     BLESS=1 benches/counts      count and record
//!     benches/counts CASE         where the instructions of a case go
//!
//! The program makes images and texts in a temporary folder, then runs itself
//! under `valgrind --tool=callgrind`, once for each case, in an empty
//! environment. Only what happens inside `trommel_counted` counts, so making
//! and reading the inputs does not. Valgrind shows every program the same
//! processor (AVX2, no AVX-512) wherever the machine has AVX2; a machine
//! without it cannot compare and says so. The compiler makes the
//! instructions, so the record names it and is not compared with another.

#[path = "../../../text/mod.rs"]
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};
use serde::Deserialize;
use text::Random;
use trommel::decode::{DecodeConfig, DecodeScratch, Decoder, Item};
use trommel::eval::{Config, Scanner, Scratch};
use trommel::image::Image;
use trommel::pack::load::{PackSource, SourceFile};
use trommel::pack::{self, Options, compile_text};
use trommel::record::{Format, Frame};
use trommel::scan::{Engine, EngineKind, ScanScratch, Simd};
use trommel::sink;
use trommel::verdict::Verdict;

/// How far a count may be from the record, in parts of a thousand.
const ALLOWED: u64 = 30;
const POSTS: usize = 2000;
/// One post in so many holds a term.
const PLANTED: usize = 33;

/// `counts.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// Of `rustc --version`.
    rustc: String,
    /// For people: what else the counts were made with.
    #[allow(dead_code, reason = "for people")]
    valgrind: String,
    #[allow(dead_code, reason = "for people")]
    libc: String,
    /// Instructions by case.
    counts: BTreeMap<String, u64>,
}

/// Something to count.
struct Case {
    name: &'static str,
    run: fn(&Path) -> anyhow::Result<u64>,
}

static CASES: [Case; 12] = [
    Case { name: "text-10k", run: text_10k },
    Case { name: "text-10k-disguised", run: text_disguised },
    Case { name: "text-10k-portable", run: text_portable },
    Case { name: "small-posts-10k", run: small_posts },
    Case { name: "scores-10k", run: scores },
    Case { name: "common-words", run: common_words },
    Case { name: "reference-1k", run: reference },
    Case { name: "ndjson", run: ndjson },
    Case { name: "ndjson-escaped", run: ndjson_escaped },
    Case { name: "csv", run: csv },
    Case { name: "open-10k", run: open },
    Case { name: "compile-1k", run: compile },
];

/// What counts: callgrind starts and stops at this function by its name.
#[unsafe(no_mangle)]
#[inline(never)]
pub fn trommel_counted(work: &mut dyn FnMut() -> u64) -> u64 {
    black_box(work())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.as_slice() {
        [] => compare(),
        [name] => profile(name),
        [name, folder] => one(name, Path::new(folder)),
        _ => Err(anyhow::anyhow!("usage: counts")),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("counts: {error:#}");
            ExitCode::from(2)
        }
    }
}

// Under valgrind.

/// Runs one case; the number that it finds goes to the caller.
fn one(name: &str, folder: &Path) -> anyhow::Result<ExitCode> {
    let found = (find(name)?.run)(folder)?;
    println!("{found}");
    Ok(ExitCode::SUCCESS)
}

fn find(name: &str) -> anyhow::Result<&'static Case> {
    CASES.iter().find(|case| case.name == name).with_context(|| {
        let names: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        format!("no case is called {name}; there are {}", names.join(", "))
    })
}

fn open_image(folder: &Path, name: &str) -> anyhow::Result<Image> {
    let path = folder.join(format!("{name}.img"));
    Ok(Image::open(&path)?)
}

fn posts(folder: &Path, name: &str) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(folder.join(name))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Hits of all posts.
fn hits(
    folder: &Path,
    image: &str,
    texts: &str,
    kind: EngineKind,
    portable: bool,
) -> anyhow::Result<u64> {
    let image = open_image(folder, image)?;
    let mut engine = Engine::new(kind, &image)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    if portable {
        engine = engine.with_simd(Simd::Portable);
    }
    let posts = posts(folder, texts)?;
    let mut scratch = ScanScratch::default();
    let mut out = Vec::new();
    let mut pass = || {
        let view = image.view();
        let mut found = 0;
        for post in &posts {
            out.clear();
            engine.scan(&view, post, &mut scratch, &mut out);
            found += out.len() as u64;
        }
        found
    };
    // Buffers have their size after the first pass.
    let first = pass();
    let found = trommel_counted(&mut pass);
    if first != found {
        bail!("{found} hits after {first}");
    }
    Ok(found)
}

fn text_10k(folder: &Path) -> anyhow::Result<u64> {
    hits(folder, "han-10k", "posts.txt", EngineKind::Fused, false)
}

fn text_disguised(folder: &Path) -> anyhow::Result<u64> {
    hits(folder, "han-10k", "disguised.txt", EngineKind::Fused, false)
}

fn text_portable(folder: &Path) -> anyhow::Result<u64> {
    hits(folder, "han-10k", "posts.txt", EngineKind::Fused, true)
}

fn common_words(folder: &Path) -> anyhow::Result<u64> {
    hits(folder, "words", "posts.txt", EngineKind::Fused, false)
}

fn reference(folder: &Path) -> anyhow::Result<u64> {
    hits(folder, "han-1k", "posts.txt", EngineKind::Reference, false)
}

/// The library call of a user, posts of 20 characters.
fn small_posts(folder: &Path) -> anyhow::Result<u64> {
    flagged(folder, "han-10k", "small.txt")
}

/// The same with a learned dictionary.
fn scores(folder: &Path) -> anyhow::Result<u64> {
    flagged(folder, "model", "posts.txt")
}

fn flagged(folder: &Path, image: &str, texts: &str) -> anyhow::Result<u64> {
    let scanner = Scanner::new(open_image(folder, image)?)?;
    let posts = posts(folder, texts)?;
    let mut scratch = Scratch::default();
    let mut pass = || {
        let verdicts = posts.iter().map(|post| {
            let outcome = scanner.check(post, &mut scratch);
            u64::from(outcome.verdict() != Verdict::Pass)
        });
        verdicts.sum::<u64>()
    };
    let first = pass();
    let found = trommel_counted(&mut pass);
    if first != found {
        bail!("{found} flagged after {first}");
    }
    Ok(found)
}

/// A frame to verdict lines with the shipped packs.
fn lines(folder: &Path, name: &str, format: Format) -> anyhow::Result<u64> {
    let image = open_image(folder, "shipped")?;
    let scanner = Scanner::with_config(image, Config::new())?;
    let decoder = Decoder::new(&DecodeConfig::default());
    let bytes = std::fs::read(folder.join(name))?;
    let mut frame = Frame::of_bytes(format, bytes);
    if format == Format::Csv {
        let names = ["id", "author", "surface", "text"];
        let names = names.map(str::to_owned).to_vec();
        frame.header = Some(std::sync::Arc::new(names));
    }
    let (mut scratch, mut decode) =
        (Scratch::default(), DecodeScratch::default());
    let mut lines = Vec::new();
    let mut pass = || {
        lines.clear();
        decoder.decode(&frame, &mut decode, &mut |item| {
            let Item::Record(record) = item else { panic!("a reject") };
            let outcome = scanner.scan(&record, &mut scratch);
            sink::verdict_line(
                &scanner, "counts", &record, &outcome, &mut lines,
            );
        });
        lines.iter().filter(|byte| **byte == b'\n').count() as u64
    };
    pass();
    let found = trommel_counted(&mut pass);
    if found != POSTS as u64 {
        bail!("{found} lines");
    }
    Ok(found)
}

fn ndjson(folder: &Path) -> anyhow::Result<u64> {
    lines(folder, "posts.ndjson", Format::Ndjson)
}

fn ndjson_escaped(folder: &Path) -> anyhow::Result<u64> {
    lines(folder, "escaped.ndjson", Format::Ndjson)
}

fn csv(folder: &Path) -> anyhow::Result<u64> {
    lines(folder, "posts.csv", Format::Csv)
}

/// An image until the first verdict.
fn open(folder: &Path) -> anyhow::Result<u64> {
    let mut scratch = Scratch::default();
    let mut pass = || {
        let image = open_image(folder, "han-10k").expect("opened before");
        let scanner = Scanner::new(image).expect("a scanner");
        let outcome = scanner.check("一个帖子", &mut scratch);
        u64::from(outcome.verdict() == Verdict::Pass)
    };
    pass();
    Ok(trommel_counted(&mut pass))
}

fn compile(folder: &Path) -> anyhow::Result<u64> {
    let rules = std::fs::read_to_string(folder.join("han-1k.toml"))?;
    let mut pass = || {
        let options = Options::default();
        let image = compile_text("counts.toml", &rules, &options);
        image.expect("compiled before").bytes().len() as u64
    };
    Ok(trommel_counted(&mut pass))
}

// Inputs, from words in code.

fn rules(terms: &[String]) -> String {
    let list: Vec<String> =
        terms.iter().map(|term| format!("\"{term}\"")).collect();
    format!(
        "[[rule]]\nid = \"custom.counts\"\ntitle = \"Counts\"\n\
         category = \"custom\"\nconfidence = 0.95\nowner = \"benches\"\n\
         review_by = 2099-01-01\nreason = {{ zh = \"无\", en = \"None\" }}\n\
         [rule.sets]\nall = {{ list = [{}] }}\n\
         [rule.match]\nwhen = \"all\"\n",
        list.join(",")
    )
}

/// A model of n-grams that the posts have, and a rule that asks it.
fn model(posts: &[String]) -> anyhow::Result<Image> {
    let mut grams = BTreeSet::new();
    for post in posts {
        let letters: Vec<char> =
            post.chars().filter(|c| c.is_alphanumeric()).collect();
        for size in 1..=4 {
            let parts = letters.windows(size);
            grams.extend(parts.map(|part| part.iter().collect::<String>()));
        }
    }
    let mut weights = String::from("bias\t-3\nsign\t，\t0.1\n");
    // Every so many of them, so that those that are left differ in length.
    let step = grams.len().div_ceil(10_000);
    for (number, gram) in grams.iter().step_by(step).enumerate() {
        let weight = ((number * 37 % 200) as f64 - 100.0) / 100.0;
        let _ = writeln!(weights, "char\t{gram}\t{weight}");
    }
    let rules = "[[rule]]\nid = \"custom.counts\"\ntitle = \"Counts\"\n\
         category = \"custom\"\nconfidence = 0.7\nceiling = \"report\"\n\
         owner = \"benches\"\nreview_by = 2099-01-01\n\
         reason = { zh = \"无\", en = \"None\" }\n\
         [rule.sets]\nmodel = { weights = \"weights/model.tsv\" }\n\
         [rule.match]\nwhen = \"score(model) >= 2\"\n";
    let file = |name: &str, text: &str| SourceFile {
        path: name.to_owned(),
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let files =
        vec![file("a.toml", rules), file("weights/model.tsv", &weights)];
    let source = PackSource { name: "model".to_owned(), files };
    Ok(pack::compile(vec![source], &Options::default()).image()?)
}

/// A post in Chinese or English; some hold a term, perhaps in disguise.
fn post(number: usize, terms: &[String], disguised: bool) -> String {
    let mut random = Random::new(number as u64);
    let mut post = match number % 3 {
        0 => text::en(&mut random),
        1 => text::zh(&mut random),
        // Pairs of letters that no sentence has, and terms may begin with.
        _ => {
            let pool: Vec<char> = text::HAN.chars().collect();
            let letters = 12 + random.below(28);
            text::han(&mut random, &pool, letters)
        }
    };
    if number % PLANTED == 0 {
        for c in terms[random.below(terms.len())].chars() {
            post.push(c);
            if disguised {
                post.push('.');
            }
        }
    }
    post
}

fn inputs(folder: &Path) -> anyhow::Result<()> {
    let image = |name: &str, image: &Image| {
        std::fs::write(folder.join(format!("{name}.img")), image.bytes())
    };
    let terms = text::terms(&mut Random::new(3), 10_000);
    let options = Options::default();
    let words: Vec<String> =
        text::ZH.iter().chain(&text::EN).map(|w| (*w).to_owned()).collect();
    let words: Vec<String> =
        words.into_iter().filter(|w| w.chars().count() > 1).collect();
    for (name, terms) in [
        ("han-1k", &terms[..1000]),
        ("han-10k", &terms[..]),
        ("words", &words[..]),
    ] {
        let rules = rules(terms);
        image(name, &compile_text("counts.toml", &rules, &options)?)?;
        std::fs::write(folder.join(format!("{name}.toml")), rules)?;
    }
    image("shipped", &pack::shipped_image(&options)?)?;
    let write = |name: &str, lines: &[String]| {
        std::fs::write(folder.join(name), lines.join("\n") + "\n")
    };
    let all = |disguised| -> Vec<String> {
        (0..POSTS).map(|n| post(n, &terms, disguised)).collect()
    };
    write("posts.txt", &all(false))?;
    image("model", &model(&all(false))?)?;
    let disguised: Vec<String> = all(true)
        .into_iter()
        .map(|post| post.chars().flat_map(|c| [c, '\u{200b}']).collect())
        .collect();
    write("disguised.txt", &disguised)?;
    let small = all(false).into_iter().map(|post| {
        let twice = post.chars().chain(post.chars());
        twice.take(20).collect::<String>()
    });
    write("small.txt", &small.collect::<Vec<String>>())?;
    let with_adverts: Vec<String> = all(false)
        .into_iter()
        .enumerate()
        .map(|(number, post)| match number % PLANTED {
            0 => post + "真.人.百.家.乐 秒到账 加薇❤demo_lucky88",
            _ => post,
        })
        .collect();
    write("posts.ndjson", &json(&with_adverts, false))?;
    write("escaped.ndjson", &json(&with_adverts, true))?;
    let rows: Vec<String> = with_adverts
        .iter()
        .enumerate()
        .map(|(n, post)| format!("{n},u{n},comment,\"{post}\""))
        .collect();
    write("posts.csv", &rows)?;
    Ok(())
}

fn json(posts: &[String], escaped: bool) -> Vec<String> {
    let lines = posts.iter().enumerate().map(|(number, post)| {
        let mut body = post.clone();
        if escaped {
            body = body.encode_utf16().fold(String::new(), |mut all, unit| {
                // Writing to a string cannot fail.
                let _ = match u8::try_from(unit) {
                    Ok(byte) if byte.is_ascii() => {
                        write!(all, "{}", char::from(byte))
                    }
                    _ => write!(all, "\\u{unit:04x}"),
                };
                all
            });
        }
        format!(
            "{{\"id\":{number},\"created_at\":\"2026-11-20T10:00:00Z\",\
             \"author\":\"u{number}\",\"surface\":\"comment\",\
             \"likes\":{number},\"device\":{{\"os\":\"android\"}},\
             \"text\":\"{body}\"}}"
        )
    });
    lines.collect()
}

// The parent.

fn compare() -> anyhow::Result<ExitCode> {
    if !has_avx2() {
        println!(
            "counts: not compared: valgrind shows programs the processor of \
             the machine, and this one has no AVX2"
        );
        return Ok(ExitCode::SUCCESS);
    }
    let path = record_path();
    let bless = std::env::var_os("BLESS").is_some();
    let record = read_record(&path)?;
    let rustc = version("rustc", &["--version"])?;
    if !bless && record.rustc != rustc {
        bail!(
            "{RECORD} was recorded with\n    {}\nand this is\n    {rustc}\n\
             Instructions are the compiler's, so the two cannot be \
             compared. To record anew, at a commit whose speed is known:\n    \
             BLESS=1 benches/counts",
            record.rustc,
        );
    }
    let counts = with_inputs(count_all)?;
    let wrong = report(&record.counts, &counts);
    if bless {
        write_record(&path, &rustc, &counts)?;
        println!("counts: recorded in {RECORD}");
    } else if wrong > 0 {
        println!(
            "counts: {wrong} of {} are not within {} % of {RECORD}. If this \
             is meant, record it and say why in the commit:\n    \
             BLESS=1 benches/counts",
            counts.len(),
            ALLOWED / 10
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Does something with the inputs in a temporary folder.
fn with_inputs<T>(
    work: impl FnOnce(&Path) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let folder = std::env::temp_dir()
        .join(format!("trommel-counts-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let done = inputs(&folder).and_then(|()| work(&folder));
    let _ = std::fs::remove_dir_all(&folder);
    done
}

/// Prints the functions in which a case spends its instructions.
fn profile(name: &str) -> anyhow::Result<ExitCode> {
    find(name)?;
    let listed = with_inputs(|folder| {
        count(name, folder)?;
        let out = Command::new("callgrind_annotate")
            .args(["--auto=no", "--threshold=95"])
            .arg(folder.join("callgrind.out"))
            .output()
            .context("running callgrind_annotate")?;
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    })?;
    print!("{listed}");
    Ok(ExitCode::SUCCESS)
}

fn has_avx2() -> bool {
    std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| {
        text.lines().any(|line| {
            line.starts_with("flags")
                && line.split_whitespace().any(|flag| flag == "avx2")
        })
    })
}

/// How messages call the record.
const RECORD: &str = "benches/counts.toml";

fn record_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../counts.toml")
}

fn read_record(path: &Path) -> anyhow::Result<Record> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            toml::from_str(&text).with_context(|| path.display().to_string())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(Record::default())
        }
        Err(error) => Err(error).context(path.display().to_string()),
    }
}

fn version(program: &str, args: &[&str]) -> anyhow::Result<String> {
    let out = Command::new(program).args(args).output();
    let out = out.with_context(|| format!("running {program}"))?;
    let text = String::from_utf8_lossy(&out.stdout);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Every case in a process of its own.
fn count_all(folder: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for case in &CASES {
        counts.insert(case.name.to_owned(), count(case.name, folder)?);
    }
    Ok(counts)
}

fn count(name: &str, folder: &Path) -> anyhow::Result<u64> {
    let out = folder.join("callgrind.out");
    let run = Command::new("valgrind")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TROMMEL_TODAY", "2026-11-20")
        .args(["-q", "--tool=callgrind", "--toggle-collect=trommel_counted"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe()?)
        .arg(name)
        .arg(folder)
        .output()
        .context("running valgrind (Debian: apt-get install valgrind)")?;
    if !run.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&run.stderr));
    }
    let text = std::fs::read_to_string(&out)?;
    let total = text
        .lines()
        .find_map(|line| {
            let rest = line.strip_prefix("totals:");
            rest.or_else(|| line.strip_prefix("summary:"))
        })
        .context("no totals in the output of callgrind")?;
    let total: u64 = total.trim().parse()?;
    if total == 0 {
        bail!("{name}: callgrind counted nothing");
    }
    Ok(total)
}

/// Prints all counts; gives how many are not as recorded.
fn report(
    record: &BTreeMap<String, u64>,
    counts: &BTreeMap<String, u64>,
) -> usize {
    let mut wrong = 0;
    for (name, count) in counts {
        let Some(old) = record.get(name) else {
            println!("{name:24} {count:>13}  new");
            wrong += 1;
            continue;
        };
        let change = 100.0 * (*count as f64 / *old as f64 - 1.0);
        let off = count.abs_diff(*old) * 1000 > ALLOWED * old;
        let word = match (off, count > old) {
            (false, _) => "",
            (true, true) => "slower",
            (true, false) => "faster",
        };
        println!("{name:24} {count:>13}  {change:+6.2} %  {word}");
        wrong += usize::from(off);
    }
    for name in record.keys().filter(|name| !counts.contains_key(*name)) {
        println!("{name:24} is in the record and not counted");
        wrong += 1;
    }
    wrong
}

fn write_record(
    path: &Path,
    rustc: &str,
    counts: &BTreeMap<String, u64>,
) -> anyhow::Result<()> {
    let valgrind = version("valgrind", &["--version"])?;
    let libc = version("ldd", &["--version"]).unwrap_or_default();
    let mut text = format!(
        "# Instructions of a fixed set, written by `BLESS=1 benches/counts`\n\
         # and compared within 3 % by `.ci/run`. README.md says what each \
         is.\n\
         rustc = {rustc:?}\nvalgrind = {valgrind:?}\nlibc = {libc:?}\n\n\
         [counts]\n"
    );
    for (name, count) in counts {
        let _ = writeln!(text, "{name} = {count}");
    }
    std::fs::write(path, text)?;
    Ok(())
}
