//! Complaints about decisions and reports from users. In: what people say,
//! what a person decides; out: cases with deadlines, entries for the
//! ledger, tests for packs. Never decides.
//!
//! What somebody wrote is sealed in the content store under a key that goes
//! when the person is erased. A report weighs as much as the history of the
//! reporter allows: `(right + 1) / (right + wrong + 2)`, doubled, so that a
//! newcomer weighs 1, somebody who was right nine times of nine 1.8, and
//! somebody who was wrong eighteen times of eighteen 0.1.

use rusqlite::{OptionalExtension as _, Transaction, params};
use serde::Serialize;
use serde_json::json;

use super::ledger::entry::Kind;
use super::ledger::{LedgerError, sqlite};
use super::record::{Content, Evidence, Texts};
use super::store::{Store, begin, moment, signed, tell};
use crate::base::clock::{DAY_MS, Moment};
use crate::base::{hex, int, random};

/// Reports against one author in this time are looked at together.
const BURST_MS: u64 = DAY_MS;
/// From so many different reporters on they are a burst.
const BURST_REPORTERS: u64 = 10;
/// Reporters of a burst who weigh less than this on average make it look
/// like a campaign.
const BURST_WEIGHT: f64 = 0.8;
/// Days in which a report should be decided.
const REPORT_DAYS: u64 = 7;

/// What somebody asks for.
#[derive(Clone, Debug)]
pub enum Opening<'a> {
    /// The author complains about a decision.
    Complaint { evidence: &'a Evidence },
    /// A user reports an item.
    Report {
        item: &'a str,
        /// A decision about it, when there is one.
        evidence: Option<&'a str>,
        /// References.
        author: Option<&'a str>,
        reporter: &'a str,
        category: &'a str,
    },
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    pub id: String,
    /// `complaint` or `report`.
    pub kind: String,
    pub evidence: Option<String>,
    pub item: String,
    pub author: Option<String>,
    pub reporter: Option<String>,
    pub category: Option<String>,
    pub opened: String,
    pub deadline: String,
    /// `open` or `decided`.
    pub state: String,
    pub outcome: Option<String>,
    pub decided: Option<String>,
    pub decider: Option<String>,
    pub explanation: Option<String>,
    /// For reports: of the reporter at this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// For reports: `burst` (many against one author in a day) or
    /// `campaign` (and by reporters who are mostly wrong).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<&'static str>,
}

/// A decision of a person.
#[derive(Clone, Copy, Debug)]
pub struct Ruling<'a> {
    /// `uphold`, `overturn` or `modify`.
    pub outcome: &'a str,
    pub reason: &'a str,
    pub by: &'a str,
    pub at: Moment,
}

const COLUMNS: &str = "id, kind, evidence, item, author, reporter, category, \
                       opened, deadline, state, outcome, decided, decider, \
                       explanation";

impl Store {
    /// Opens a case; the ledger is told through the outbox.
    pub fn open_case(
        &mut self,
        opening: &Opening<'_>,
        text: &str,
        now: Moment,
    ) -> Result<Case, LedgerError> {
        let mark = random::bytes::<8>()
            .map_err(|error| LedgerError::io("a case number", error))?;
        let case =
            new_case(format!("case-{}", hex::encode(&mark)), opening, now)?;
        let master = self.master();
        let owner = match (&case.reporter, &case.author) {
            (Some(reporter), _) => reporter.clone(),
            (None, Some(author)) => author.clone(),
            (None, None) => format!("item:{}", case.id),
        };
        let change = begin(&mut self.connection)?;
        if let Some(evidence) = case.evidence.as_deref()
            && case.kind == "complaint"
            && let Some(open) = open_complaint(&change, evidence)?
        {
            return Err(LedgerError::other(format!(
                "{open} is already open about this decision"
            )));
        }
        let note = match text {
            "" => None,
            text => {
                let id = &case.id;
                Some(Store::seal_for(&change, &master, &owner, id, text)?)
            }
        };
        insert(&change, &case, &owner, note.as_deref())?;
        tell(&change, Kind::Case, now, &told(&case, "opened"))?;
        change.commit().map_err(sqlite("opening a case"))?;
        self.case(&case.id)
    }

    /// A person decides a case.
    pub fn decide_case(
        &mut self,
        id: &str,
        ruling: &Ruling<'_>,
    ) -> Result<Case, LedgerError> {
        let fail = sqlite("deciding a case");
        let mut case = self.case(id)?;
        if case.state != "open" {
            return Err(LedgerError::other(format!(
                "{id} was decided on {} by {}",
                case.decided.as_deref().unwrap_or("?"),
                case.decider.as_deref().unwrap_or("?")
            )));
        }
        if ruling.reason.trim().is_empty() || ruling.by.trim().is_empty() {
            return Err(LedgerError::other(
                "a decision needs a reason and the person who decides",
            ));
        }
        case.state = "decided".to_owned();
        case.outcome = Some(ruling.outcome.to_owned());
        case.decided = Some(ruling.at.rfc3339());
        case.decider = Some(ruling.by.to_owned());
        case.explanation = Some(ruling.reason.to_owned());
        let change = begin(&mut self.connection)?;
        let changed = change
            .execute(
                "update cases set state = 'decided', outcome = ?, \
                 decided = ?, decider = ?, explanation = ? \
                 where id = ? and state = 'open'",
                params![
                    ruling.outcome,
                    signed(ruling.at),
                    ruling.by,
                    ruling.reason,
                    id
                ],
            )
            .map_err(&fail)?;
        if changed != 1 {
            return Err(LedgerError::other(format!("{id} is not open")));
        }
        tell(&change, Kind::Case, ruling.at, &told(&case, "decided"))?;
        change.commit().map_err(&fail)?;
        Ok(case)
    }

    /// One case.
    pub fn case(&self, id: &str) -> Result<Case, LedgerError> {
        let query = format!("select {COLUMNS} from cases where id = ?");
        let case = self
            .connection
            .query_row(&query, [id], row)
            .optional()
            .map_err(sqlite("reading a case"))?;
        match case {
            Some(case) => self.judged(case),
            None => {
                Err(LedgerError::other(format!("no case is called {id:?}")))
            }
        }
    }

    /// Cases of a state (`open`, `decided`) or all: those with the nearest
    /// deadline first, reports that weigh more before others.
    pub fn cases(
        &self,
        state: Option<&str>,
    ) -> Result<Vec<Case>, LedgerError> {
        let fail = sqlite("reading cases");
        let query = format!(
            "select {COLUMNS} from cases where (?1 is null or state = ?1) \
             order by deadline, id"
        );
        let mut statement = self.connection.prepare(&query).map_err(&fail)?;
        let rows = statement.query_map([state], row).map_err(&fail)?;
        let mut cases = Vec::new();
        for case in rows {
            cases.push(self.judged(case.map_err(&fail)?)?);
        }
        cases.sort_by(|a, b| {
            let weight = |c: &Case| c.weight.unwrap_or(f64::INFINITY);
            let day = |c: &Case| c.deadline.get(..10).map(str::to_owned);
            day(a).cmp(&day(b)).then(weight(b).total_cmp(&weight(a)))
        });
        Ok(cases)
    }

    /// What was said when a case was opened; `None` when nothing was, or
    /// when it is erased.
    pub fn case_text(&self, id: &str) -> Result<Option<String>, LedgerError> {
        let found: Option<(String, Option<Vec<u8>>)> = self
            .connection
            .query_row(
                "select note_owner, note from cases where id = ?",
                [id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(sqlite("reading a case"))?;
        let Some((owner, Some(note))) = found else { return Ok(None) };
        let bytes = self.unseal(&owner, id, &note)?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// Decided reports of a reporter: right and wrong.
    fn history(&self, reporter: &str) -> Result<(u64, u64), LedgerError> {
        self.connection
            .query_row(
                "select coalesce(sum(outcome in ('overturn', 'modify')), 0), \
                 coalesce(sum(outcome = 'uphold'), 0) from cases \
                 where reporter = ? and kind = 'report'",
                [reporter],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
            )
            .map(|(a, b)| (moment(a).0, moment(b).0))
            .map_err(sqlite("reading reports"))
    }

    /// What a report of this reporter weighs now.
    pub fn weight(&self, reporter: &str) -> Result<f64, LedgerError> {
        let (right, wrong) = self.history(reporter)?;
        let (right, wrong) = (int::to_f64(right), int::to_f64(wrong));
        let weight = 2.0 * (right + 1.0) / (right + wrong + 2.0);
        Ok((weight * 1000.0).round() / 1000.0)
    }

    /// Adds what depends on other cases.
    fn judged(&self, mut case: Case) -> Result<Case, LedgerError> {
        let Some(reporter) = case.reporter.clone() else { return Ok(case) };
        case.weight = Some(self.weight(&reporter)?);
        let Some(author) = case.author.clone() else { return Ok(case) };
        let at = Moment::parse(&case.opened).unwrap_or_default();
        let fail = sqlite("reading reports");
        let mut statement = self
            .connection
            .prepare_cached(
                "select distinct reporter from cases where author = ? and \
                 kind = 'report' and opened between ? and ?",
            )
            .map_err(&fail)?;
        let from = at.minus_ms(BURST_MS);
        let until = Moment(at.0.saturating_add(BURST_MS));
        let reporters: Vec<String> = statement
            .query_map(params![author, signed(from), signed(until)], |row| {
                row.get(0)
            })
            .and_then(Iterator::collect)
            .map_err(&fail)?;
        let count = int::to_u64(reporters.len());
        if count >= BURST_REPORTERS {
            let mut sum = 0.0;
            for reporter in &reporters {
                sum += self.weight(reporter)?;
            }
            let campaign = sum / int::to_f64(count) < BURST_WEIGHT;
            case.flag = Some(if campaign { "campaign" } else { "burst" });
        }
        Ok(case)
    }
}

fn new_case(
    id: String,
    opening: &Opening<'_>,
    now: Moment,
) -> Result<Case, LedgerError> {
    let own = |text: &str| Some(text.to_owned());
    let mut case = Case {
        id,
        kind: "complaint".to_owned(),
        evidence: None,
        item: String::new(),
        author: None,
        reporter: None,
        category: None,
        opened: now.rfc3339(),
        deadline: String::new(),
        state: "open".to_owned(),
        outcome: None,
        decided: None,
        decider: None,
        explanation: None,
        weight: None,
        flag: None,
    };
    match opening {
        Opening::Complaint { evidence } => {
            let until = &evidence.decision.appeal_until;
            if Moment::parse(until).is_some_and(|until| until < now) {
                return Err(LedgerError::other(format!(
                    "complaints about this decision were possible until \
                     {until}"
                )));
            }
            case.evidence = own(&evidence.id);
            case.item = evidence.item.id.clone();
            case.author = evidence.item.author.clone();
            case.category = own(&evidence.decision.category);
            case.deadline = until.clone();
        }
        Opening::Report { item, evidence, author, reporter, category } => {
            case.kind = "report".to_owned();
            case.evidence = evidence.map(str::to_owned);
            case.item = (*item).to_owned();
            case.author = author.map(str::to_owned);
            case.reporter = own(reporter);
            case.category = own(category);
            case.deadline = now.plus_days(REPORT_DAYS).rfc3339();
        }
    }
    Ok(case)
}

fn open_complaint(
    change: &Transaction<'_>,
    evidence: &str,
) -> Result<Option<String>, LedgerError> {
    change
        .query_row(
            "select id from cases where evidence = ? and state = 'open' \
             and kind = 'complaint'",
            [evidence],
            |row| row.get(0),
        )
        .optional()
        .map_err(sqlite("opening a case"))
}

fn insert(
    change: &Transaction<'_>,
    case: &Case,
    owner: &str,
    note: Option<&[u8]>,
) -> Result<(), LedgerError> {
    let at = |text: &str| Moment::parse(text).map(signed);
    change
        .execute(
            "insert into cases(id, kind, evidence, item, author, reporter, \
             category, opened, deadline, note_owner, note, state) \
             values (?,?,?,?,?,?,?,?,?,?,?,'open')",
            params![
                case.id,
                case.kind,
                case.evidence,
                case.item,
                case.author,
                case.reporter,
                case.category,
                at(&case.opened),
                at(&case.deadline),
                owner,
                note
            ],
        )
        .map(|_| ())
        .map_err(sqlite("opening a case"))
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Case> {
    let time = |value: i64| moment(value).rfc3339();
    Ok(Case {
        id: row.get(0)?,
        kind: row.get(1)?,
        evidence: row.get(2)?,
        item: row.get(3)?,
        author: row.get(4)?,
        reporter: row.get(5)?,
        category: row.get(6)?,
        opened: time(row.get(7)?),
        deadline: time(row.get(8)?),
        state: row.get(9)?,
        outcome: row.get(10)?,
        decided: row.get::<_, Option<i64>>(11)?.map(time),
        decider: row.get(12)?,
        explanation: row.get(13)?,
        weight: None,
        flag: None,
    })
}

/// What the ledger is told of a case: no text of a person but the reason of
/// the one who decided.
fn told(case: &Case, event: &str) -> serde_json::Value {
    json!({
        "schema": "trommel.case.v1",
        "event": event,
        "case": case.id,
        "kind": case.kind,
        "evidence": case.evidence,
        "item": case.item,
        "reporter": case.reporter,
        "category": case.category,
        "outcome": case.outcome,
        "by": case.decider,
        "reason": case.explanation,
    })
}

/// What a reporter may be told.
pub fn feedback(case: &Case) -> Texts {
    let (zh, en) = match case.outcome.as_deref() {
        None => (
            "您的举报已收到，将由人工处理。",
            "Your report was received; a person will look at it.",
        ),
        Some("uphold") => (
            "您举报的内容经人工审核，未发现违反规则。",
            "A person looked at what you reported and found that it does \
             not break the rules.",
        ),
        Some("overturn") => (
            "您举报的内容经人工审核，确认违反规则，已作处理。感谢您的举报。",
            "A person looked at what you reported: it breaks the rules and \
             was dealt with. Thank you.",
        ),
        Some(_) => (
            "您举报的内容经人工审核，已采取其他措施。感谢您的举报。",
            "A person looked at what you reported and decided on another \
             measure. Thank you.",
        ),
    };
    Texts { zh: zh.to_owned(), en: en.to_owned() }
}

/// The test that an overturned decision becomes: a case of a pack's
/// `cases.toml`. `None` when the text is not whole any more.
pub fn must_pass(
    case: &Case,
    evidence: &Evidence,
    content: &Content,
) -> Option<String> {
    if evidence.health.masked || evidence.health.truncated {
        return None;
    }
    let text: Vec<&str> =
        content.fields.iter().map(|f| f.text.as_str()).collect();
    // A TOML string is a JSON string but for a few controls, which JSON
    // escapes in a way that TOML reads too.
    let quoted = |text: &str| json!(text).to_string();
    let mut out = format!(
        "# {} was overturned: {}\n[[case]]\nname = {}\ntext = {}\n\
         expect = \"pass\"\n",
        evidence.decision.rule,
        case.explanation.as_deref().unwrap_or("").replace(['\n', '\r'], " "),
        quoted(&case.id),
        quoted(&text.join("\n")),
    );
    for (key, value) in
        [("surface", &evidence.item.surface), ("lang", &evidence.item.lang)]
    {
        if let Some(value) = value {
            out.push_str(&format!("{key} = {}\n", quoted(value)));
        }
    }
    let mut meta = Vec::new();
    for (path, value) in &content.facts {
        match path.as_str() {
            "author" => out.push_str(&format!("author = {value}\n")),
            // Tests have no group.
            "group" => {}
            _ => meta.push(format!("{} = {value}", quoted(path))),
        }
    }
    if !meta.is_empty() {
        out.push_str(&format!("meta = {{ {} }}\n", meta.join(", ")));
    }
    Some(out)
}
