//! How fast packs are on somebody's own records. In: scanners, a decoder,
//! sources; out: times of rounds, with everything that one has to know to
//! read them. Records are in memory before a clock runs. Engines take turns,
//! round by round; what they find is compared in every pass, and a
//! difference is an error, not a rate.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::base::clock::Stopwatch;
use crate::base::int;
use crate::decode::{DecodeScratch, Decoder, Item};
use crate::eval::{Scanner, Scratch};
use crate::sink;
use crate::source::{Event, Frame, Next, Sources};
use crate::verdict::Verdict;

use super::corpus::Unread;

/// A round takes at least so long: a clock cannot tell shorter ones.
const ROUND_MIN: Duration = Duration::from_millis(100);
/// Few records are judged again and again, at most so often in a round.
const PASSES_MAX: usize = 100_000;
/// Texts that a thread takes at a time.
const TEXTS_AT_A_TIME: usize = 1024;

/// Records in memory.
#[derive(Debug, Default)]
pub struct Corpus {
    frames: Vec<Frame>,
    texts: Vec<String>,
    pub records: u64,
    /// Of the records as they were read.
    pub bytes: u64,
    /// Code points of the text of each record.
    pub letters: Vec<u32>,
    pub text_bytes: u64,
    /// The rest did not fit.
    pub cut: bool,
}

/// Reads records until so many bytes are there.
pub fn read(
    decoder: &Decoder,
    mut sources: Sources,
    bytes_max: u64,
) -> (Corpus, Unread) {
    let (mut corpus, mut unread) = (Corpus::default(), Unread::default());
    let mut scratch = DecodeScratch::default();
    loop {
        match sources.next(Duration::from_millis(100)) {
            Next::Event(Event::Frame(frame)) => {
                let size = int::to_u64(frame.bytes.len());
                if corpus.bytes + size > bytes_max {
                    corpus.cut = true;
                    sources.stop();
                    break;
                }
                corpus.bytes += size;
                corpus.keep(decoder, frame, &mut scratch, &mut unread);
            }
            Next::Event(Event::SourceError { source, error }) => {
                unread.source_errors.push(format!("{source}: {error}"));
            }
            Next::Event(Event::SourceDone { .. }) | Next::Idle => {}
            Next::End => break,
        }
    }
    (corpus, unread)
}

impl Corpus {
    fn keep(
        &mut self,
        decoder: &Decoder,
        frame: Frame,
        scratch: &mut DecodeScratch,
        unread: &mut Unread,
    ) {
        decoder.decode(&frame, scratch, &mut |item| match item {
            Item::Reject(reject) => unread.rejects += u64::from(reject.last),
            Item::Record(record) => {
                self.records += 1;
                let mut letters = 0;
                for field in &record.fields {
                    letters += field.text.chars().count();
                    self.text_bytes += int::to_u64(field.text.len());
                    self.texts.push(field.text.clone().into_owned());
                }
                self.letters.push(int::to_u32(letters));
            }
        });
        self.frames.push(frame);
    }
}

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Records as they were read, to verdict lines.
    Lines,
    /// The texts alone, to verdicts.
    Texts,
    /// The same terms as they are written, in the same texts.
    Plain,
}

/// What one pass over all records found; every pass must find the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// By verdict: pass, report, takedown. Nothing for `Plain`.
    pub verdicts: [u64; 3],
    /// Bytes of verdict lines, or occurrences of terms.
    pub count: u64,
}

impl Found {
    fn add(&mut self, other: Found) {
        for (own, more) in self.verdicts.iter_mut().zip(other.verdicts) {
            *own += more;
        }
        self.count += other.count;
    }

    fn verdict(&mut self, verdict: Verdict) {
        let at = match verdict {
            Verdict::Pass => 0,
            Verdict::Report => 1,
            Verdict::Takedown => 2,
        };
        self.verdicts[at] += 1;
    }

    pub fn flagged(&self) -> u64 {
        self.verdicts[1] + self.verdicts[2]
    }
}

/// Something to time.
#[derive(Debug)]
pub struct Entry<'s> {
    pub stage: Stage,
    pub engine: &'static str,
    work: Work<'s>,
    pub found: Found,
    /// Passes over the records in a round.
    pub passes: usize,
    /// Seconds of one pass, by round.
    pub seconds: Vec<f64>,
}

#[derive(Debug)]
enum Work<'s> {
    Lines(&'s Scanner),
    Texts(&'s Scanner),
    Plain(Box<AhoCorasick>),
}

/// The entries of a scanner, with what a first pass found.
pub fn entries<'s>(
    scanner: &'s Scanner,
    corpus: &Corpus,
    decoder: &Decoder,
    threads: usize,
) -> Vec<Entry<'s>> {
    let engine = scanner.engine().as_str();
    let both = [
        (Stage::Lines, Work::Lines(scanner)),
        (Stage::Texts, Work::Texts(scanner)),
    ];
    let both = both.into_iter();
    both.map(|(stage, work)| {
        Entry::new(stage, engine, work, corpus, decoder, threads)
    })
    .collect()
}

/// The terms of the image, as they are written and without folding, in an
/// automaton; `None` when it cannot be built.
pub fn plain<'s>(
    scanner: &Scanner,
    corpus: &Corpus,
    decoder: &Decoder,
    threads: usize,
) -> Option<Entry<'s>> {
    let view = scanner.image().view();
    let mut terms: Vec<&str> = (0..view.terms.len())
        .map(|term| view.term_text(int::to_u32(term)).trim_matches('*'))
        .filter(|term| !term.is_empty())
        .collect();
    terms.sort_unstable();
    terms.dedup();
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(terms)
        .ok()?;
    let work = Work::Plain(Box::new(automaton));
    let name = "aho-corasick";
    Some(Entry::new(Stage::Plain, name, work, corpus, decoder, threads))
}

/// Two entries of one stage that found different things.
pub fn disagreement(entries: &[Entry<'_>]) -> Option<String> {
    entries.iter().enumerate().find_map(|(index, one)| {
        let other = entries[index + 1..].iter().find(|other| {
            other.stage == one.stage && other.found != one.found
        })?;
        Some(format!(
            "{} and {} give different results: {:?} and {:?}",
            one.engine, other.engine, one.found, other.found
        ))
    })
}

/// Times the entries in turn. Fails when a pass finds something else than
/// the first did.
pub fn time(
    entries: &mut [Entry<'_>],
    corpus: &Corpus,
    decoder: &Decoder,
    (threads, rounds): (usize, usize),
) -> Result<(), String> {
    for _ in 0..rounds {
        for entry in entries.iter_mut() {
            let watch = Stopwatch::start();
            for _ in 0..entry.passes {
                let found = entry.work.pass(corpus, decoder, threads);
                if found != entry.found {
                    return Err(format!(
                        "{}: a pass found {found:?}, the first {:?}",
                        entry.engine, entry.found
                    ));
                }
            }
            let passes = int::to_f64(int::to_u64(entry.passes));
            entry.seconds.push(watch.elapsed().as_secs_f64() / passes);
        }
    }
    Ok(())
}

impl<'s> Entry<'s> {
    fn new(
        stage: Stage,
        engine: &'static str,
        work: Work<'s>,
        corpus: &Corpus,
        decoder: &Decoder,
        threads: usize,
    ) -> Entry<'s> {
        let found = work.pass(corpus, decoder, threads);
        // The second pass says how long one takes with warm caches.
        let watch = Stopwatch::start();
        let again = work.pass(corpus, decoder, threads);
        let each = watch.elapsed().as_nanos().max(1);
        let passes = ROUND_MIN.as_nanos().div_ceil(each);
        let passes = usize::try_from(passes).unwrap_or(PASSES_MAX);
        let passes = passes.clamp(1, PASSES_MAX);
        debug_assert_eq!(found, again);
        Entry { stage, engine, work, found, passes, seconds: Vec::new() }
    }
}

impl Work<'_> {
    /// All records once, on so many threads.
    fn pass(
        &self,
        corpus: &Corpus,
        decoder: &Decoder,
        threads: usize,
    ) -> Found {
        let pieces = match self {
            Work::Lines(_) => corpus.frames.len(),
            _ => corpus.texts.len().div_ceil(TEXTS_AT_A_TIME),
        };
        let (next, sum) = (AtomicUsize::new(0), Mutex::new(Found::default()));
        std::thread::scope(|scope| {
            // The calling thread works too, so that one thread is none more.
            for _ in 1..threads.min(pieces) {
                scope.spawn(|| self.worker(corpus, decoder, &next, &sum));
            }
            self.worker(corpus, decoder, &next, &sum);
        });
        sum.into_inner().unwrap_or_default()
    }

    fn worker(
        &self,
        corpus: &Corpus,
        decoder: &Decoder,
        next: &AtomicUsize,
        sum: &Mutex<Found>,
    ) {
        let mut found = Found::default();
        let mut scratch = Scratch::default();
        let mut decode = DecodeScratch::default();
        let mut lines = Vec::new();
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            let start = piece.saturating_mul(TEXTS_AT_A_TIME);
            let texts = start..corpus.texts.len().min(start + TEXTS_AT_A_TIME);
            match self {
                Work::Lines(scanner) => {
                    let Some(frame) = corpus.frames.get(piece) else { break };
                    lines.clear();
                    let scratch = (&mut scratch, &mut decode);
                    write(scanner, decoder, frame, scratch, &mut lines)
                        .into_iter()
                        .for_each(|verdict| found.verdict(verdict));
                    found.count += int::to_u64(lines.len());
                }
                _ if texts.is_empty() => break,
                Work::Texts(scanner) => {
                    judge(scanner, corpus, texts, &mut scratch, &mut found);
                }
                Work::Plain(automaton) => {
                    for text in &corpus.texts[texts] {
                        let hits = automaton.find_overlapping_iter(text);
                        found.count += int::to_u64(hits.count());
                    }
                }
            }
        }
        if let Ok(mut sum) = sum.lock() {
            sum.add(found);
        }
    }
}

/// The verdict lines of a frame; gives the verdicts.
fn write(
    scanner: &Scanner,
    decoder: &Decoder,
    frame: &Frame,
    (scratch, decode): (&mut Scratch, &mut DecodeScratch),
    lines: &mut Vec<u8>,
) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    decoder.decode(frame, decode, &mut |item| {
        if let Item::Record(record) = item {
            let outcome = scanner.scan(&record, scratch);
            verdicts.push(outcome.verdict());
            let source = &frame.source;
            sink::verdict_line(scanner, source, &record, &outcome, lines);
        }
    });
    verdicts
}

fn judge(
    scanner: &Scanner,
    corpus: &Corpus,
    texts: Range<usize>,
    scratch: &mut Scratch,
    found: &mut Found,
) {
    for text in &corpus.texts[texts] {
        found.verdict(scanner.check(text, scratch).verdict());
    }
}

/// The most memory that this process has had, in bytes, where the system
/// tells.
pub fn memory_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let number = line.split_ascii_whitespace().nth(1)?;
    number.parse::<u64>().ok().map(|kib| kib << 10)
}
