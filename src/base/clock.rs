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

/// The day that comes so many days after another, as `YYYY-MM-DD`.
pub fn day_after(date: Date, days: u32) -> String {
    let part = |number: u32| i16::try_from(number).unwrap_or(1);
    let small = |number: u32| i8::try_from(number).unwrap_or(1);
    let (year, rest) = (date.0 / 10_000, date.0 % 10_000);
    let start = jiff::civil::Date::new(
        part(year),
        small(rest / 100),
        small(rest % 100),
    );
    let span = jiff::Span::new().days(i64::from(days.min(36_500)));
    let end = start.and_then(|start| start.checked_add(span));
    end.map_or("9999-12-31".to_owned(), |end| end.to_string())
}

/// Reads an RFC 3339 time, or a day, which means its end: of something that
/// was done on a day no more is known.
pub fn parse_moment(text: &str) -> Option<Moment> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return u64::try_from(time.as_millisecond()).ok().map(Moment);
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    let end = date.at(23, 59, 59, 0);
    let zoned = end.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    let ms = zoned.timestamp().as_millisecond();
    u64::try_from(ms).ok().map(Moment)
}

/// Reads `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<Date> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let number = i32::from(date.year()) * 10_000
        + i32::from(date.month()) * 100
        + i32::from(date.day());
    u32::try_from(number).ok().map(Date)
}

/// A point in time: milliseconds since 1970-01-01 in UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub struct Moment(pub u64);

/// Milliseconds of a day.
pub const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// The time of the system clock. `TROMMEL_NOW=2026-11-20T08:00:00Z`
/// overrides it (read once), so that old runs can be repeated; without it
/// `TROMMEL_TODAY` does, which may hold a time too.
pub fn now() -> Moment {
    static FIXED: std::sync::OnceLock<Option<Moment>> =
        std::sync::OnceLock::new();
    let fixed = FIXED.get_or_init(|| {
        let var = |name: &str| std::env::var(name).ok();
        let own = var("TROMMEL_NOW").and_then(|t| Moment::parse(&t));
        own.or_else(|| parse_moment(&var("TROMMEL_TODAY")?))
    });
    fixed.unwrap_or_else(|| {
        let ms = jiff::Timestamp::now().as_millisecond();
        Moment(u64::try_from(ms).unwrap_or(0))
    })
}

impl Moment {
    /// Reads RFC 3339 or a bare date, which is its first moment in UTC.
    pub fn parse(text: &str) -> Option<Moment> {
        let stamp = match text.parse::<jiff::Timestamp>() {
            Ok(stamp) => stamp,
            Err(_) => text
                .parse::<jiff::civil::Date>()
                .ok()
                .filter(|_| text.len() == "2026-11-20".len())?
                .to_zoned(jiff::tz::TimeZone::UTC)
                .ok()?
                .timestamp(),
        };
        u64::try_from(stamp.as_millisecond()).ok().map(Moment)
    }

    /// `2026-11-20T08:00:00.123Z`. Times beyond the year 9999 are cut to
    /// it: they come from damaged entries only.
    pub fn rfc3339(self) -> String {
        let ms = i64::try_from(self.0).unwrap_or(i64::MAX);
        let stamp = jiff::Timestamp::from_millisecond(ms)
            .unwrap_or(jiff::Timestamp::MAX);
        format!("{stamp:.3}")
    }

    /// `2026-11-20`.
    pub fn date(self) -> String {
        let mut text = self.rfc3339();
        text.truncate("2026-11-20".len());
        text
    }

    pub fn plus_days(self, days: u64) -> Moment {
        Moment(self.0.saturating_add(days.saturating_mul(DAY_MS)))
    }

    pub fn minus_ms(self, ms: u64) -> Moment {
        Moment(self.0.saturating_sub(ms))
    }
}

/// Reads a length of time: `90d`, `24h`, `30m`, `10s`, `250ms`; in
/// milliseconds.
pub fn parse_span_ms(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().ok()?;
    let each = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 60 * 60 * 1000,
        "d" => DAY_MS,
        "w" => 7 * DAY_MS,
        _ => return None,
    };
    number.checked_mul(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_print_what_they_read() {
        let rows = [
            ("2026-11-20T08:00:00.123Z", "2026-11-20T08:00:00.123Z"),
            ("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00.000Z"),
            ("2026-11-20", "2026-11-20T00:00:00.000Z"),
        ];
        for (text, wanted) in rows {
            let moment = Moment::parse(text).unwrap();
            assert_eq!(moment.rfc3339(), wanted);
        }
        for text in ["", "yesterday", "2026-13-01", "1600-01-01"] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        assert_eq!(Moment(u64::MAX).date(), "9999-12-30");
        assert_eq!(Moment(0).plus_days(1).date(), "1970-01-02");
    }

    #[test]
    fn spans_have_units() {
        assert_eq!(parse_span_ms("180d"), Some(180 * DAY_MS));
        assert_eq!(parse_span_ms("250ms"), Some(250));
        for text in ["", "d", "10", "1y", "-1d", "99999999999999999999d"] {
            assert_eq!(parse_span_ms(text), None, "{text}");
        }
    }
}
