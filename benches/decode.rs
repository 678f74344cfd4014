//! Decoding speed over generated posts in memory. A wrong record count
//! voids the time, so it is checked before measuring and on every pass.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use trommel::decode::DecodeConfig;
use trommel::decode::DecodeScratch;
use trommel::decode::Decoder;
use trommel::decode::Item;
use trommel::record::Format;
use trommel::record::Frame;

const RECORDS: usize = 900;

/// About 280 bytes a line, text of a third of it; `escaped` writes the text
/// as producers do that escape everything but ASCII.
fn frame(text: &str, escaped: bool) -> Frame {
    let mut lines = String::new();
    for index in 0..RECORDS {
        let mut body = format!("{text} {index}");
        if escaped {
            body = body.encode_utf16().fold(String::new(), |mut all, unit| {
                // Writing to a string cannot fail.
                let _ = write!(all, "\\u{unit:04x}");
                all
            });
        }
        lines.push_str(&format!(
            "{{\"id\":{index},\"created_at\":\"2026-05-20T10:00:00Z\",\
             \"author\":\"user-{index}\",\"surface\":\"comment\",\
             \"lang\":\"zh\",\"score\":0.{index},\"tags\":[\"a\",\"b\"],\
             \"device\":{{\"os\":\"android\",\"build\":{index}}},\
             \"text\":\"{body}\"}}\n"
        ));
    }
    Frame::of_bytes(Format::Ndjson, lines.into_bytes())
}

/// The same posts as rows, in quotes (with quotes inside) or without.
fn table(text: &str, quoted: bool) -> Frame {
    let mut rows = String::new();
    for index in 0..RECORDS {
        let body = if quoted {
            format!("\"{text}, \"\"{index}\"\"\"")
        } else {
            format!("{} {index}", text.replace(',', ";"))
        };
        rows.push_str(&format!(
            "{index},2026-05-20T10:00:00Z,user-{index},comment,zh,\
             0.{index},android,{body}\n"
        ));
    }
    let names = "id,created_at,author,surface,lang,score,os,text";
    let names = names.split(',').map(str::to_owned).collect();
    let mut frame = Frame::of_bytes(Format::Csv, rows.into_bytes());
    frame.header = Some(Arc::new(names));
    frame
}

fn count(decoder: &Decoder, frame: &Frame, s: &mut DecodeScratch) -> usize {
    let mut records = 0;
    decoder.decode(frame, s, &mut |item| {
        if let Item::Record(record) = &item {
            records += record.fields.len();
        }
        black_box(&item);
    });
    records
}

fn decode(criterion: &mut Criterion) {
    let decoder = Decoder::new(&DecodeConfig::default());
    let mut scratch = DecodeScratch::default();
    let latin = "An ordinary comment under a post, about nothing at all, \
                 with a few words more than it needs.";
    let han =
        "这是一条普通的评论，没有什么特别的内容，只是比需要的多写了几个字。";
    let mut group = criterion.benchmark_group("decode");
    for (name, frame) in [
        ("latin", frame(latin, false)),
        ("han", frame(han, false)),
        ("escaped", frame(han, true)),
        ("csv-plain", table(latin, false)),
        ("csv-quoted", table(latin, true)),
    ] {
        assert_eq!(count(&decoder, &frame, &mut scratch), RECORDS);
        let bytes = frame.bytes.len();
        println!("{name}: {} bytes a line", bytes / RECORDS);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        group.throughput(Throughput::Bytes(bytes));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let records = count(&decoder, &frame, &mut scratch);
                assert_eq!(records, RECORDS);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
