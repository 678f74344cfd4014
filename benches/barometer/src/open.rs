//! Opening an image in a process of its own: the time until the first
//! verdict, and the memory that is resident afterwards. Prints JSON.

use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use trommel::eval::{Config, Scanner, Scratch};
use trommel::image::Image;
use trommel::scan::EngineKind;
use trommel::verdict::Verdict;

pub fn run(args: &[String]) -> anyhow::Result<()> {
    let mut args = args.iter();
    let image = args.next().context("which image?")?;
    let text = args.next().context("which text?")?;
    let kind = match args.next().map(String::as_str) {
        Some("--engine") => match args.next().map(String::as_str) {
            Some("reference") => EngineKind::Reference,
            _ => EngineKind::Fused,
        },
        _ => EngineKind::Fused,
    };
    let before = resident()?;
    let start = Instant::now();
    let opened = Image::open(Path::new(image))?;
    let image_ms = ms(start);
    let config = Config::new().engine(kind);
    let scanner = Scanner::with_config(opened, config)?;
    let mut scratch = Scratch::default();
    let first = scanner.check("a short post, 一个帖子", &mut scratch);
    let verdict_ms = ms(start);
    std::hint::black_box(first);
    let after_open = resident()?;
    // Read line by line, so that the text is never in memory as a whole.
    let file = std::io::BufReader::new(std::fs::File::open(text)?);
    let (mut posts, mut flagged) = (0u64, 0u64);
    for line in std::io::BufRead::lines(file) {
        let outcome = scanner.check(&line?, &mut scratch);
        posts += 1;
        flagged += u64::from(outcome.verdict() != Verdict::Pass);
    }
    let after_scan = resident()?;
    let out = serde_json::json!({
        "image_bytes": std::fs::metadata(image)?.len(),
        "image_ms": image_ms,
        "first_verdict_ms": verdict_ms,
        "resident_before": before,
        "resident_after_open": after_open,
        "resident_after_scan": after_scan,
        "posts": posts,
        "flagged": flagged,
    });
    println!("{out}");
    Ok(())
}

fn ms(start: Instant) -> f64 {
    1e3 * start.elapsed().as_secs_f64()
}

/// Bytes of this process that are in memory, pages of mapped files too.
fn resident() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib << 10)
}
