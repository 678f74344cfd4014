//! Trommel behind the trait of the others. Everything of the product that the
//! barometer calls is here.

use anyhow::{Context, bail};
use trommel::decode::{DecodeConfig, DecodeScratch, Decoder, Item};
use trommel::eval::{Config, Scanner, Scratch};
use trommel::image::Image;
use trommel::record::{Format, Frame};
use trommel::scan::{self, EngineKind, Hit, ScanScratch, Simd};
use trommel::sink;
use trommel::verdict::Verdict;

use crate::engines::{Counts, Engine, Source};
use crate::texts::Slice;

pub fn build(
    name: &str,
    from: &Source<'_>,
) -> anyhow::Result<Box<dyn Engine>> {
    let (kind, how) = name.split_once('-').unwrap_or((name, "hits"));
    let kind = match kind {
        "fused" => EngineKind::Fused,
        "reference" => EngineKind::Reference,
        other => bail!("no engine is called {other}"),
    };
    let suffix = match how {
        "exact" => "-exact",
        "letters" => "-letters",
        _ => "",
    };
    let image = from
        .settings
        .data
        .join("images")
        .join(format!("{}{suffix}.img", from.dictionary));
    let image = Image::open(&image)
        .map_err(|error| anyhow::anyhow!("{}: {error}", image.display()))?;
    Ok(match how {
        "hits" | "exact" | "letters" | "portable" | "avx2" | "avx512" => {
            let mut engine = scan::Engine::new(kind, &image)
                .map_err(|error| anyhow::anyhow!("{error}"))?;
            if !matches!(how, "hits" | "exact" | "letters") {
                let mut all = Simd::all().into_iter();
                let simd = all.find(|one| one.as_str() == how);
                let simd = simd
                    .with_context(|| format!("this processor has no {how}"))?;
                engine = engine.with_simd(simd);
            }
            Box::new(Hits {
                engine,
                image,
                scratch: ScanScratch::default(),
                out: Vec::new(),
            })
        }
        "judge" | "ndjson" | "records" => {
            let config = Config::new().engine(kind);
            let judge = Judge {
                scanner: Scanner::with_config(image, config)?,
                scratch: Scratch::default(),
                decoder: Decoder::new(&DecodeConfig::default()),
                decode: DecodeScratch::default(),
                lines: Vec::new(),
            };
            match how {
                "judge" => Box::new(Posts(judge)),
                "records" => Box::new(Texts(judge)),
                _ => Box::new(Ndjson(judge)),
            }
        }
        other => bail!("no way to run Trommel is called {other}"),
    })
}

/// The search alone: all hits with offsets, folds and price.
struct Hits {
    engine: scan::Engine,
    image: Image,
    scratch: ScanScratch,
    out: Vec<Hit>,
}

impl Engine for Hits {
    fn counts(&self) -> Counts {
        Counts::Hits
    }

    fn count(&mut self, slice: Slice<'_>) -> anyhow::Result<u64> {
        let view = self.image.view();
        let mut found = 0;
        for post in slice.posts() {
            self.out.clear();
            self.engine.scan(&view, post, &mut self.scratch, &mut self.out);
            found += self.out.len();
        }
        Ok(u64::try_from(found)?)
    }

    fn memory(&self) -> Option<usize> {
        Some(self.image.bytes().len())
    }

    fn hits(&mut self, post: &str) -> Option<Vec<(usize, usize, String)>> {
        let view = self.image.view();
        self.out.clear();
        self.engine.scan(&view, post, &mut self.scratch, &mut self.out);
        let rows = self.out.iter().map(|hit| {
            let (start, end) = (hit.span.start, hit.span.end);
            let term = view.term_text(hit.term).to_owned();
            (start as usize, end as usize, term)
        });
        Some(rows.collect())
    }
}

struct Judge {
    scanner: Scanner,
    scratch: Scratch,
    decoder: Decoder,
    decode: DecodeScratch,
    lines: Vec<u8>,
}

impl Judge {
    fn texts<'t>(&mut self, texts: impl Iterator<Item = &'t str>) -> u64 {
        let mut flagged = 0;
        for text in texts {
            let outcome = self.scanner.check(text, &mut self.scratch);
            flagged += u64::from(outcome.verdict() != Verdict::Pass);
        }
        flagged
    }
}

/// The library call of a user: a text to an outcome.
struct Posts(Judge);

impl Engine for Posts {
    fn counts(&self) -> Counts {
        Counts::Flagged
    }

    fn count(&mut self, slice: Slice<'_>) -> anyhow::Result<u64> {
        Ok(self.0.texts(slice.posts()))
    }

    fn memory(&self) -> Option<usize> {
        Some(self.0.scanner.image().bytes().len())
    }
}

/// The same for texts that somebody else took out of their JSON before. The
/// rate counts the bytes of the JSON.
struct Texts(Judge);

impl Engine for Texts {
    fn counts(&self) -> Counts {
        Counts::Flagged
    }

    fn count(&mut self, slice: Slice<'_>) -> anyhow::Result<u64> {
        Ok(self.0.texts(slice.texts()))
    }
}

/// NDJSON to verdict lines.
struct Ndjson(Judge);

impl Engine for Ndjson {
    fn counts(&self) -> Counts {
        Counts::Lines
    }

    fn count(&mut self, slice: Slice<'_>) -> anyhow::Result<u64> {
        let Judge { scanner, scratch, decoder, decode, lines } = &mut self.0;
        // The copy stands for reading the file; about one part in a hundred
        // of the time.
        let frame = Frame::of_bytes(Format::Ndjson, slice.bytes().to_vec());
        lines.clear();
        let mut records = 0;
        decoder.decode(&frame, decode, &mut |item| {
            if let Item::Record(record) = item {
                records += 1;
                let outcome = scanner.scan(&record, scratch);
                sink::verdict_line(scanner, "bench", &record, &outcome, lines);
            }
        });
        if records != slice.len() {
            bail!("{records} records of {} lines", slice.len());
        }
        Ok(u64::try_from(lines.len())?)
    }
}
