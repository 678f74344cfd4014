//! Searching and judging. `match`: the fused engine, the reference engine and
//! a plain automaton over the same terms. `whole`: NDJSON text to verdict
//! lines with the shipped packs on one thread. Counts are verified before
//! timing and on every pass; a wrong count voids the time.

mod text;

use std::hint::black_box;

use aho_corasick::AhoCorasick;
use aho_corasick::AhoCorasickKind;
use aho_corasick::MatchKind;
use criterion::BenchmarkGroup;
use criterion::BenchmarkId;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use criterion::measurement::WallTime;
use text::Random;
use trommel::decode::DecodeConfig;
use trommel::decode::DecodeScratch;
use trommel::decode::Decoder;
use trommel::decode::Item;
use trommel::eval::Config;
use trommel::eval::Scanner;
use trommel::eval::Scratch;
use trommel::image::Image;
use trommel::pack::Options;
use trommel::pack::compile_text;
use trommel::pack::shipped_image;
use trommel::record::Format;
use trommel::record::Frame;
use trommel::scan::Engine;
use trommel::scan::EngineKind;
use trommel::scan::Hit;
use trommel::scan::ScanScratch;
use trommel::sink;
use trommel::verdict::Verdict;

const POSTS: usize = 2000;
/// One post in so many holds a term.
const PLANTED: usize = 20;

fn rules(terms: &[String], folds: &str) -> Image {
    let list: Vec<String> =
        terms.iter().map(|term| format!("\"{term}\"")).collect();
    let text = format!(
        "[[rule]]\nid = \"custom.bench\"\ntitle = \"Bench\"\n\
         category = \"custom\"\nconfidence = 0.95\nowner = \"bench\"\n\
         review_by = 2099-01-01\nreason = {{ zh = \"无\", en = \"None\" }}\n\
         [rule.sets]\nall = {{ list = [{}], folds = \"{folds}\" }}\n\
         [rule.match]\nwhen = \"all\"\n",
        list.join(",")
    );
    compile_text("bench.toml", &text, &Options::default()).expect("compiles")
}

/// Posts of 12 to 40 characters; some hold a term, perhaps disguised.
fn posts(terms: &[String], disguised: bool) -> Vec<String> {
    let pool: Vec<char> = text::HAN.chars().collect();
    let mut random = Random::new(2);
    (0..POSTS)
        .map(|number| {
            let count = 6 + random.below(14);
            let mut post = text::han(&mut random, &pool, count);
            if number % PLANTED == 0 {
                let term = &terms[random.below(terms.len())];
                let mut last = None;
                for c in term.chars() {
                    if disguised && last.is_some() {
                        post.push('.');
                    }
                    post.push(c);
                    last = Some(c);
                }
            }
            let count = 6 + random.below(14);
            post + &text::han(&mut random, &pool, count)
        })
        .collect()
}

/// Hits of an engine over all posts.
fn hits(
    engine: &Engine,
    image: &Image,
    posts: &[String],
    scratch: &mut ScanScratch,
    out: &mut Vec<Hit>,
) -> usize {
    let view = image.view();
    let mut count = 0;
    for post in posts {
        out.clear();
        engine.scan(&view, post, scratch, out);
        count += out.len();
    }
    count
}

fn bytes(posts: &[String]) -> Throughput {
    let bytes: usize = posts.iter().map(String::len).sum();
    Throughput::Bytes(u64::try_from(bytes).expect("fits"))
}

/// The two engines on one image; gives the count they agree on.
fn engines(
    group: &mut BenchmarkGroup<'_, WallTime>,
    image: &Image,
    posts: &[String],
    terms: usize,
) -> usize {
    let mut scratch = ScanScratch::default();
    let mut out = Vec::new();
    let mut agreed = None;
    for kind in [EngineKind::Reference, EngineKind::Fused] {
        let engine = Engine::new(kind, image).expect("fits");
        let expected = hits(&engine, image, posts, &mut scratch, &mut out);
        assert_eq!(*agreed.get_or_insert(expected), expected, "{kind:?}");
        let id = BenchmarkId::new(kind.as_str(), terms);
        group.bench_function(id, |bencher| {
            bencher.iter(|| {
                let count =
                    hits(&engine, image, posts, &mut scratch, &mut out);
                assert_eq!(count, expected);
            });
        });
    }
    agreed.expect("two engines ran")
}

/// Undisguised terms in undisguised text: what a plain automaton can do too.
fn match_exact(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("match-exact");
    for count in [1_000, 10_000, 100_000] {
        let terms = text::terms(&mut Random::new(3), count);
        let posts = posts(&terms, false);
        let image = rules(&terms, "exact");
        group.throughput(bytes(&posts));
        let found = engines(&mut group, &image, &posts, count);
        assert!(found >= POSTS / PLANTED, "{found}");
        let plain = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&terms)
            .expect("fits");
        let run = || -> usize {
            let each = posts.iter().map(|post| {
                plain.find_overlapping_iter(black_box(post.as_str())).count()
            });
            each.sum()
        };
        assert_eq!(run(), found, "plain automaton");
        let id = BenchmarkId::new("plain", count);
        group.bench_function(id, |bencher| {
            bencher.iter(|| assert_eq!(run(), found));
        });
    }
    group.finish();
}

/// Every term with all its spellings, dots between the planted letters.
fn match_strong(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("match-strong");
    for count in [1_000, 10_000] {
        let terms = text::terms(&mut Random::new(3), count);
        let posts = posts(&terms, true);
        let image = rules(&terms, "strong");
        group.throughput(bytes(&posts));
        let found = engines(&mut group, &image, &posts, count);
        assert!(found >= POSTS / PLANTED, "{found}");
    }
    group.finish();
}

/// Ordinary posts in two languages with an advert now and then.
fn ndjson() -> Vec<u8> {
    let mut random = Random::new(4);
    let mut lines = String::new();
    for number in 0..POSTS {
        let text = match number % PLANTED {
            0 => format!(
                "{}真.人.百.家.乐 秒到账 加薇❤demo_lucky88",
                text::zh(&mut random)
            ),
            n if n % 2 == 0 => text::en(&mut random),
            _ => text::zh(&mut random),
        };
        lines.push_str(&format!(
            "{{\"id\":{number},\"author\":\"u{number}\",\
             \"surface\":\"comment\",\"text\":\"{text}\"}}\n"
        ));
    }
    lines.into_bytes()
}

/// Verdict lines of a frame; gives how many takedowns there were.
fn judge(
    scanner: &Scanner,
    decoder: &Decoder,
    frame: &Frame,
    scratch: (&mut Scratch, &mut DecodeScratch),
    lines: &mut Vec<u8>,
) -> usize {
    let mut takedowns = 0;
    lines.clear();
    decoder.decode(frame, scratch.1, &mut |item| {
        let Item::Record(record) = item else { panic!("a reject") };
        let outcome = scanner.scan(&record, scratch.0);
        takedowns += usize::from(outcome.verdict() == Verdict::Takedown);
        sink::verdict_line(scanner, "bench", &record, &outcome, lines);
    });
    takedowns
}

fn whole(criterion: &mut Criterion) {
    let image = shipped_image(&Options::default()).expect("packs compile");
    let decoder = Decoder::new(&DecodeConfig::default());
    let frame = Frame::of_bytes(Format::Ndjson, ndjson());
    let mut group = criterion.benchmark_group("whole");
    let size = u64::try_from(frame.bytes.len()).expect("fits");
    group.throughput(Throughput::Bytes(size));
    let mut oracle: Option<Vec<u8>> = None;
    for kind in [EngineKind::Reference, EngineKind::Fused] {
        let config = Config::new().engine(kind);
        let scanner =
            Scanner::with_config(image.clone(), config).expect("fits");
        let mut scratch = Scratch::default();
        let mut decode = DecodeScratch::default();
        let mut lines = Vec::new();
        let mut run = |lines: &mut Vec<u8>| {
            let scratch = (&mut scratch, &mut decode);
            judge(&scanner, &decoder, &frame, scratch, lines)
        };
        // All adverts and nothing else, and the same bytes from both.
        assert_eq!(run(&mut lines), POSTS / PLANTED, "{kind:?}");
        let count = lines.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(count, POSTS);
        assert!(*oracle.get_or_insert_with(|| lines.clone()) == lines);
        group.bench_function(kind.as_str(), |bencher| {
            bencher.iter(|| {
                assert_eq!(run(&mut lines), POSTS / PLANTED);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, match_exact, match_strong, whole);
criterion_main!(benches);
