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
        && let Some(date) = parse_date(text.get(..10).unwrap_or(&text))
    {
        return date;
    }
    let date = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let number = i32::from(date.year()) * 10_000
        + i32::from(date.month()) * 100
        + i32::from(date.day());
    Date(u32::try_from(number).unwrap_or(0))
}

/// A moment in seconds since 1970, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

/// This moment. `TROMMEL_TODAY` overrides it, as it does the date; it may
/// hold a time too.
pub fn now() -> Moment {
    std::env::var("TROMMEL_TODAY")
        .ok()
        .and_then(|text| parse_moment(&text))
        .unwrap_or_else(|| Moment(jiff::Timestamp::now().as_second()))
}

/// Reads an RFC 3339 time, or a day, which means its end: of something that
/// was done on a day no more is known.
pub fn parse_moment(text: &str) -> Option<Moment> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(Moment(time.as_second()));
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    let end = date.at(23, 59, 59, 0);
    let zoned = end.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Moment(zoned.timestamp().as_second()))
}

/// Reads `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<Date> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let number = i32::from(date.year()) * 10_000
        + i32::from(date.month()) * 100
        + i32::from(date.day());
    u32::try_from(number).ok().map(Date)
}
