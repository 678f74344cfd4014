//! Verdicts, categories, confidence: the words of a decision and how they
//! combine. Pure values; never looks at text or rules.

mod brake;
mod category;

use std::fmt;

pub use brake::{Brake, BrakeLimits, Limit};
pub use category::Category;

/// What should happen to a record, from nothing to removal. The order is
/// the order of severity, so `max` merges.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub enum Verdict {
    #[default]
    Pass,
    /// Hold for a human on the operator's side.
    Report,
    Takedown,
}

impl Verdict {
    pub const ALL: [Verdict; 3] =
        [Verdict::Pass, Verdict::Report, Verdict::Takedown];

    /// The name used in every file and flag.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Report => "report",
            Verdict::Takedown => "takedown",
        }
    }

    /// The verdict of that name.
    pub fn parse(name: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|v| v.as_str() == name)
    }

    /// Position in [`Verdict::ALL`].
    pub fn index(self) -> usize {
        match self {
            Verdict::Pass => 0,
            Verdict::Report => 1,
            Verdict::Takedown => 2,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A confidence or penalty in thousandths. Integers, because a verdict must
/// be the same on every machine and 0.95 - 0.05 is not 0.90 in binary.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
)]
pub struct Milli(pub u16);

impl Milli {
    /// From a decimal in `0..=1`; `None` outside.
    pub fn from_decimal(value: f64) -> Option<Milli> {
        if !(0.0..=1.0).contains(&value) {
            return None;
        }
        let rounded = (value * 1000.0).round();
        crate::base::int::u16_from_f64(rounded).map(Milli)
    }

    /// The decimal nearest to it.
    pub fn to_f64(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// The difference, not below zero.
    pub fn minus(self, other: Milli) -> Milli {
        Milli(self.0.saturating_sub(other.0))
    }
}

/// The shortest decimal: `0.95`, `1`, `0`.
impl fmt::Display for Milli {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1000, self.0 % 1000);
        if part == 0 {
            return write!(out, "{whole}");
        }
        let text = format!("{part:03}");
        write!(out, "{whole}.{}", text.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milli_prints_the_shortest_decimal() {
        let rows = [(0, "0"), (950, "0.95"), (1000, "1"), (5, "0.005")];
        for (value, text) in rows {
            assert_eq!(Milli(value).to_string(), text);
        }
        assert_eq!(Milli::from_decimal(0.9), Some(Milli(900)));
        assert_eq!(Milli::from_decimal(1.2), None);
        assert_eq!(Milli::from_decimal(f64::NAN), None);
    }

    #[test]
    fn verdict_names_round_trip() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::parse(verdict.as_str()), Some(verdict));
            assert_eq!(Verdict::ALL[verdict.index()], verdict);
        }
        assert_eq!(Verdict::parse("delete"), None);
    }
}
