//! The numbers of a transparency report. In: decisions of a ledger and
//! their cases; out: JSON, CSV rows and one HTML page that loads nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::cases::Case;
use super::record::Evidence;
use crate::base::clock::{DAY_MS, Moment};
use crate::base::escape::html as escape;
use crate::base::{int, wilson};

/// Verdict counts of one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub takedown: u64,
    pub report: u64,
}

/// A share with its 95 % interval after Wilson, which stays honest for
/// small numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    pub count: u64,
    pub of: u64,
    pub share: f64,
    pub low: f64,
    pub high: f64,
}

/// What was decided about complaints.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Appeals {
    pub opened: u64,
    pub open: u64,
    pub upheld: u64,
    pub overturned: u64,
    pub modified: u64,
    /// Overturned and modified by decided complaints.
    pub overturn_rate: Option<Share>,
    pub overturn_rate_by_category: BTreeMap<String, Share>,
    /// Days from opening to decision.
    pub median_days: Option<f64>,
}

/// Reports by users.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UserReports {
    pub opened: u64,
    pub right: u64,
    pub wrong: u64,
    pub open: u64,
    /// Opened during a burst, and during one that looks like a campaign.
    pub burst: u64,
    pub campaign: u64,
}

/// A period in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Numbers {
    pub schema: String,
    pub from: String,
    pub until: String,
    pub records: u64,
    pub rejects: u64,
    pub decisions: Counts,
    pub by_category: BTreeMap<String, Counts>,
    pub by_surface: BTreeMap<String, Counts>,
    pub by_language: BTreeMap<String, Counts>,
    pub by_rule: BTreeMap<String, Counts>,
    pub by_month: BTreeMap<String, Counts>,
    /// Takedowns that the brake made reports.
    pub braked: u64,
    /// Decisions in which no person took part.
    pub automated: Option<Share>,
    pub statement_exempt: u64,
    pub appeals: Appeals,
    pub user_reports: UserReports,
    pub erasures: u64,
}

/// The interval of Wilson for `count` of `of`; `None` without any.
pub fn share(count: u64, of: u64) -> Option<Share> {
    if of == 0 {
        return None;
    }
    let (low, high) = wilson::interval(count, of);
    let round = |value: f64| (value * 1e4).round() / 1e4;
    Some(Share {
        count,
        of,
        share: round(int::to_f64(count) / int::to_f64(of)),
        low: round(low),
        high: round(high),
    })
}

impl Numbers {
    pub fn new(from: Moment, until: Moment) -> Numbers {
        Numbers {
            schema: "trommel.transparency.v1".to_owned(),
            from: from.rfc3339(),
            until: until.rfc3339(),
            ..Numbers::default()
        }
    }

    /// Counts a decision of the period.
    pub fn decision(&mut self, evidence: &Evidence) {
        let decision = &evidence.decision;
        let takedown = decision.verdict == "takedown";
        let or_unknown = |text: &Option<String>| {
            text.clone().unwrap_or_else(|| "unknown".to_owned())
        };
        let add = |counts: &mut Counts| {
            counts.takedown += u64::from(takedown);
            counts.report += u64::from(!takedown);
        };
        add(&mut self.decisions);
        let month = decision.start.get(..7).unwrap_or("").to_owned();
        for (map, key) in [
            (&mut self.by_category, decision.category.clone()),
            (&mut self.by_surface, or_unknown(&evidence.item.surface)),
            (&mut self.by_language, or_unknown(&evidence.item.lang)),
            (&mut self.by_rule, decision.rule.clone()),
            (&mut self.by_month, month),
        ] {
            add(map.entry(key).or_default());
        }
        self.braked += u64::from(evidence.health.brake.is_some());
        self.statement_exempt += u64::from(decision.statement_exempt);
        let fully = evidence.automated.decision == "fully";
        let (old, of) = self.automated.map_or((0, 0), |s| (s.count, s.of));
        self.automated = share(old + u64::from(fully), of + 1);
    }

    /// Adds the counts of a run that ended in the period.
    pub fn run(&mut self, payload: &serde_json::Value) {
        self.records += payload["records"].as_u64().unwrap_or(0);
        self.rejects += payload["rejects"].as_u64().unwrap_or(0);
    }

    /// Counts cases that were opened in the period.
    pub fn cases(&mut self, cases: &[Case]) {
        let mut days = Vec::new();
        let mut by_category: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for case in cases {
            let outcome = case.outcome.as_deref();
            if case.kind == "report" {
                let reports = &mut self.user_reports;
                reports.opened += 1;
                match outcome {
                    None => reports.open += 1,
                    Some("uphold") => reports.wrong += 1,
                    Some(_) => reports.right += 1,
                }
                reports.burst += u64::from(case.flag.is_some());
                reports.campaign += u64::from(case.flag == Some("campaign"));
                continue;
            }
            let appeals = &mut self.appeals;
            appeals.opened += 1;
            match outcome {
                None => appeals.open += 1,
                Some("uphold") => appeals.upheld += 1,
                Some("overturn") => appeals.overturned += 1,
                Some(_) => appeals.modified += 1,
            }
            if let Some(outcome) = outcome {
                let name = case.category.clone().unwrap_or_default();
                let entry = by_category.entry(name).or_default();
                entry.0 += u64::from(outcome != "uphold");
                entry.1 += 1;
            }
            let at = |text: &str| Moment::parse(text).unwrap_or_default().0;
            if let Some(decided) = &case.decided {
                let ms = at(decided).saturating_sub(at(&case.opened));
                days.push(int::to_f64(ms) / int::to_f64(DAY_MS));
            }
        }
        let appeals = &mut self.appeals;
        let changed = appeals.overturned + appeals.modified;
        appeals.overturn_rate = share(changed, changed + appeals.upheld);
        appeals.overturn_rate_by_category = by_category
            .into_iter()
            .filter_map(|(name, (n, of))| Some((name, share(n, of)?)))
            .collect();
        days.sort_by(f64::total_cmp);
        appeals.median_days =
            days.get(days.len() / 2).map(|d| (d * 100.0).round() / 100.0);
    }

    fn tables(&self) -> [(&'static str, &BTreeMap<String, Counts>); 5] {
        [
            ("category", &self.by_category),
            ("surface", &self.by_surface),
            ("language", &self.by_language),
            ("rule", &self.by_rule),
            ("month", &self.by_month),
        ]
    }

    /// Rows of measure, value, number.
    pub fn rows(&self) -> Vec<[String; 3]> {
        let row =
            |a: &str, b: &str, c: String| [a.to_owned(), b.to_owned(), c];
        let mut rows = vec![
            row("records", "", self.records.to_string()),
            row("rejects", "", self.rejects.to_string()),
            row("takedowns", "", self.decisions.takedown.to_string()),
            row("reports", "", self.decisions.report.to_string()),
            row("braked", "", self.braked.to_string()),
            row("statement_exempt", "", self.statement_exempt.to_string()),
            row("appeals_opened", "", self.appeals.opened.to_string()),
            row("appeals_overturned", "", self.appeals.overturned.to_string()),
            row("appeals_modified", "", self.appeals.modified.to_string()),
            row("appeals_upheld", "", self.appeals.upheld.to_string()),
            row("user_reports", "", self.user_reports.opened.to_string()),
            row("erasures", "", self.erasures.to_string()),
        ];
        let shares = [
            ("automated", self.automated),
            ("overturn_rate", self.appeals.overturn_rate),
        ];
        for (name, share) in shares {
            let Some(share) = share else { continue };
            rows.push(row(name, "share", share.share.to_string()));
            rows.push(row(name, "low95", share.low.to_string()));
            rows.push(row(name, "high95", share.high.to_string()));
        }
        if let Some(days) = self.appeals.median_days {
            rows.push(row("appeal_median_days", "", days.to_string()));
        }
        for (name, table) in self.tables() {
            for (key, counts) in table {
                let taken = counts.takedown.to_string();
                rows.push(row(&format!("takedowns_by_{name}"), key, taken));
                let held = counts.report.to_string();
                rows.push(row(&format!("reports_by_{name}"), key, held));
            }
        }
        rows
    }

    /// One page with plots; no script, nothing from elsewhere.
    pub fn html(&self) -> String {
        let mut out = String::from(PAGE_HEAD);
        let (from, until) = (day(&self.from), day(&self.until));
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "<h1>Transparency report</h1>\n<p>From {from} to {until} (the \
             end is not part of it).</p>\n<table>\n"
        );
        let share_text = |share: Option<Share>| match share {
            None => "–".to_owned(),
            Some(s) => format!(
                "{:.1} % ({} of {}; 95 % interval {:.1} to {:.1} %)",
                s.share * 100.0,
                s.count,
                s.of,
                s.low * 100.0,
                s.high * 100.0
            ),
        };
        let median = self.appeals.median_days;
        let median = median.map_or("–".to_owned(), |d| format!("{d} days"));
        for (name, value) in [
            ("Records judged", self.records.to_string()),
            ("Records that could not be read", self.rejects.to_string()),
            ("Takedowns", self.decisions.takedown.to_string()),
            ("Sent to a person", self.decisions.report.to_string()),
            ("Decided by automated means alone", share_text(self.automated)),
            ("Takedowns stopped by the brake", self.braked.to_string()),
            ("Complaints", self.appeals.opened.to_string()),
            ("Complaints still open", self.appeals.open.to_string()),
            (
                "Complaints that changed the decision",
                share_text(self.appeals.overturn_rate),
            ),
            ("Median time to decide a complaint", median),
            ("Reports by users", self.user_reports.opened.to_string()),
            ("Erasures", self.erasures.to_string()),
        ] {
            let _ = writeln!(
                out,
                "<tr><th>{name}</th><td>{}</td></tr>",
                escape(&value)
            );
        }
        out.push_str("</table>\n");
        for (name, table) in self.tables() {
            plot(&mut out, name, table);
        }
        out.push_str("</body>\n</html>\n");
        out
    }
}

const PAGE_HEAD: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Transparency report</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem;
       margin: 2rem auto; padding: 0 1rem; color: #222; }
th { text-align: left; font-weight: normal; padding-right: 2rem; }
td { font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; }
text { font: 13px system-ui, sans-serif; fill: #222; }
</style>
</head>
<body>
";

fn day(text: &str) -> &str {
    text.get(..10).unwrap_or(text)
}

/// Bars of takedowns (dark) and reports (light), the largest first.
fn plot(out: &mut String, name: &str, table: &BTreeMap<String, Counts>) {
    const WIDTH: f64 = 480.0;
    const ROW: u64 = 24;
    const ROWS_MAX: usize = 30;
    let mut rows: Vec<(&String, &Counts)> = table.iter().collect();
    if name != "month" {
        rows.sort_by_key(|(_, c)| std::cmp::Reverse(c.takedown + c.report));
    }
    rows.truncate(ROWS_MAX);
    let most = rows.iter().map(|(_, c)| c.takedown + c.report).max();
    let Some(most) = most.filter(|most| *most > 0) else { return };
    let height = int::to_u64(rows.len()) * ROW;
    let _ = write!(
        out,
        "<h2>By {name}</h2>\n<svg viewBox=\"0 0 800 {height}\" role=\"img\" \
         aria-label=\"Decisions by {name}\">\n"
    );
    for ((key, counts), y) in rows.iter().zip((0..).step_by(24)) {
        let scale = WIDTH / int::to_f64(most);
        let taken = int::to_f64(counts.takedown) * scale;
        let held = int::to_f64(counts.report) * scale;
        let (end, base) = (210.0 + taken + held + 6.0, y + 16);
        let from = 210.0 + taken;
        let _ = writeln!(
            out,
            "<text x=\"200\" y=\"{base}\" text-anchor=\"end\">{}</text>\
             <rect x=\"210\" y=\"{}\" width=\"{taken:.1}\" height=\"16\" \
             fill=\"#1f4e79\"/><rect x=\"{from:.1}\" y=\"{}\" \
             width=\"{held:.1}\" height=\"16\" fill=\"#9dc3e6\"/>\
             <text x=\"{end:.1}\" y=\"{base}\">{} + {}</text>",
            escape(key),
            y + 4,
            y + 4,
            counts.takedown,
            counts.report
        );
    }
    out.push_str("</svg>\n<p>Dark: takedowns, light: sent to a person.</p>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_wilson() {
        // 8 of 40: published examples give 0.105 to 0.348.
        let known = share(8, 40).unwrap();
        assert_eq!((known.share, known.low, known.high), (0.2, 0.105, 0.3476));
        let none = share(0, 10).unwrap();
        assert_eq!((none.low, none.high), (0.0, 0.2775));
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn pages_stand_alone_and_escape() {
        let mut numbers = Numbers::new(Moment(0), Moment(DAY_MS));
        let counts = Counts { takedown: 3, report: 1 };
        numbers.by_surface.insert("<script>".to_owned(), counts);
        let page = numbers.html();
        assert!(page.contains("&lt;script&gt;") && page.contains("<svg"));
        for word in ["<script", "http:", "https:", "src="] {
            assert!(!page.contains(word), "{word}");
        }
    }
}
