//! The only place that asks the time. In: nothing; out: instants and
//! today's date as values that everything else takes as arguments.

use std::time::{Duration, Instant};

/// A started stopwatch.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    started: Instant,
}

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch { started: Instant::now() }
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A calendar date as `YYYYMMDD`, which compares like the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub u32);

/// Today's date in UTC, from the system clock. `TROMMEL_TODAY=2026-11-20`
/// overrides it so that old runs can be repeated.
pub fn today() -> Date {
    if let Ok(text) = std::env::var("TROMMEL_TODAY")
        && let Some(date) = parse_date(&text)
    {
        return date;
    }
    let date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let number = i32::from(date.year()) * 10_000
        + i32::from(date.month()) * 100
        + i32::from(date.day());
    Date(u32::try_from(number).unwrap_or(0))
}

/// Reads `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<Date> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let number = i32::from(date.year()) * 10_000
        + i32::from(date.month()) * 100
        + i32::from(date.day());
    u32::try_from(number).ok().map(Date)
}
