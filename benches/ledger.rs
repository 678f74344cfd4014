//! The ledger: evidence derived and kept, and checked. A wrong number of
//! entries voids the time, so it is checked on every pass.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use trommel::base::clock::Moment;
use trommel::base::random;
use trommel::eval::{Scanner, Scratch};
use trommel::evidence::keys::Secret;
use trommel::evidence::ledger::Book;
use trommel::evidence::ledger::verify::verify;
use trommel::evidence::recorder::{Config, Keeper, Recorder, SyncPolicy};
use trommel::evidence::{Deriver, Kept};
use trommel::pack::{Options, compile_text};
use trommel::record::{Field, Id, Lookup, Record};

/// Decisions a pass; as many as the flagged posts of some frames.
const BATCH: u64 = 256;

const TEXT: &str = "真.人.百.家.乐 秒到账 加薇❤demo_lucky88 先到先得";

fn scanner() -> Scanner {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/example.toml");
    let rules = std::fs::read_to_string(path).unwrap();
    let options = Options::default();
    let image = compile_text("example.toml", &rules, &options).unwrap();
    Scanner::new(image).unwrap()
}

fn deriver(scanner: &Scanner) -> Deriver {
    let secret = || Secret::new(random::bytes().unwrap());
    let run = trommel::base::hex::encode(&random::bytes::<8>().unwrap());
    Deriver::new(scanner, secret(), secret(), run, 180)
}

fn record(n: u64) -> Record<'static> {
    Record {
        id: Id::Number(n.to_string().into()),
        fields: [Field { name: "text", text: TEXT.into() }]
            .into_iter()
            .collect(),
        surface: Some("post".into()),
        author: Some(format!("user-{}", n % 50).into()),
        group: None,
        lang: Some("zh".into()),
        created_at: Some("2026-11-20T08:00:00Z".into()),
        line: n,
        offset: n * 280,
        raw: b"",
        lookup: Lookup::None,
    }
}

/// Evidence of `BATCH` decisions, numbered as one frame.
fn batch(scanner: &Scanner, deriver: &Deriver, frame: u64) -> Vec<Kept> {
    let mut scratch = Scratch::default();
    let mut made = deriver.batch(frame, Moment(1_800_000_000_000));
    let kept: Vec<Kept> = (0..BATCH)
        .filter_map(|n| {
            let record = record(frame * BATCH + n);
            let outcome = scanner.scan(&record, &mut scratch);
            deriver.derive(scanner, "posts", &record, &outcome, &mut made)
        })
        .collect();
    assert_eq!(u64::try_from(kept.len()).unwrap(), BATCH);
    kept
}

fn ledger(criterion: &mut Criterion) {
    let scanner = scanner();
    let mut group = criterion.benchmark_group("ledger");
    group.throughput(Throughput::Elements(BATCH));
    let made = deriver(&scanner);
    group.bench_function("scan-and-derive", |bencher| {
        bencher.iter(|| black_box(batch(&scanner, &made, 0)));
    });
    let folder = tempfile::tempdir().unwrap();
    for (name, sync) in
        [("keep-end", SyncPolicy::End), ("keep-batch", SyncPolicy::Batch)]
    {
        let path = folder.path().join(name);
        let config = Config::new(&path).sync(sync);
        let (mut recorder, _) = Recorder::open(&config, Moment(1)).unwrap();
        let mut frame = 0;
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    frame += 1;
                    batch(&scanner, &made, frame)
                },
                |kept| recorder.keep(&kept).unwrap(),
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.finish();
    check(criterion, &scanner, folder.path());
}

/// Verification of a ledger of some segments, in bytes.
fn check(criterion: &mut Criterion, scanner: &Scanner, folder: &Path) {
    let path = folder.join("checked");
    let config = Config::new(&path).sync(SyncPolicy::End);
    let (mut recorder, _) = Recorder::open(&config, Moment(1)).unwrap();
    let made = deriver(scanner);
    let frames = 500;
    for frame in 0..frames {
        recorder.keep(&batch(scanner, &made, frame)).unwrap();
    }
    let none = serde_json::json!({});
    let kind = trommel::evidence::ledger::entry::Kind::RunEnd;
    recorder.run_entry(kind, Moment(1), &none).unwrap();
    let book = Book::open(&path).unwrap();
    let point = book.checkpoint().unwrap().unwrap();
    let run = || {
        let points = std::slice::from_ref(&point);
        let found = verify(book.storage(), None, points).unwrap();
        assert!(found.holds());
        assert_eq!(found.entries, frames * BATCH + 1);
        found.bytes
    };
    let bytes = run();
    let mut group = criterion.benchmark_group("ledger");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(bytes));
    group.bench_function("verify", |bencher| bencher.iter(run));
    group.finish();
    let each = bytes / (frames * BATCH);
    println!("ledger: {each} bytes of segment a decision, 32 of leaves");
}

criterion_group!(benches, ledger);
criterion_main!(benches);
