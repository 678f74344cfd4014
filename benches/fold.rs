//! Folding: texts to class sequences, without search. Every letter of the
//! shipped packs is in the class table. The number of runs is checked before
//! timing and on every pass.

mod text;

use std::hint::black_box;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use text::Random;
use trommel::pack::Options;
use trommel::pack::shipped_image;
use trommel::scan::Folded;
use trommel::scan::Mode;
use trommel::scan::Simd;

const POSTS: usize = 2000;

fn runs(folded: &Folded) -> usize {
    assert_eq!(folded.starts().len(), folded.syms().len() + 1);
    folded.count()
}

fn fold(criterion: &mut Criterion) {
    let image = shipped_image(&Options::default()).expect("packs compile");
    let classes = image.view().classes;
    let mut random = Random::new(1);
    let mut folded = Folded::default();
    let han: Vec<String> = (0..POSTS).map(|_| text::zh(&mut random)).collect();
    let latin: Vec<String> =
        (0..POSTS).map(|_| text::en(&mut random)).collect();
    let disguised: Vec<String> = han
        .iter()
        .map(|text| text.chars().flat_map(|c| [c, '.', '\u{200b}']).collect())
        .collect();
    let mut group = criterion.benchmark_group("fold");
    let mut wanted = Vec::new();
    for (name, posts) in
        [("han", &han), ("latin", &latin), ("disguised", &disguised)]
    {
        let count = |folded: &mut Folded| -> usize {
            posts
                .iter()
                .map(|text| {
                    folded.fill(Simd::detect(), text, classes, Mode::Plain);
                    black_box(&folded);
                    runs(folded)
                })
                .sum()
        };
        let expected = count(&mut folded);
        assert!(expected > POSTS, "{name}: {expected}");
        wanted.push(expected);
        let bytes: usize = posts.iter().map(String::len).sum();
        let bytes = u64::try_from(bytes).expect("fits");
        group.throughput(Throughput::Bytes(bytes));
        group.bench_function(name, |bencher| {
            bencher.iter(|| assert_eq!(count(&mut folded), expected));
        });
    }
    // Separators and invisible characters leave no trace.
    assert_eq!(wanted[0], wanted[2]);
    group.finish();
}

criterion_group!(benches, fold);
criterion_main!(benches);
