//! Complaints about decisions and reports from users. In: what people say,
//! what a person decides; out: cases with deadlines, entries for the
//! ledger, tests for packs. Never decides.
//!
//! What somebody wrote is sealed in the content store under a key that goes
//! when the person is erased. A report weighs as much as the history of the
//! reporter allows: `(right + 1) / (right + wrong + 2)`, doubled, so that a
//! newcomer weighs 1, somebody who was right nine times of nine 1.8, and
//! somebody who was wrong eighteen times of eighteen 0.1.

use serde::Serialize;
use serde_json::json;

use super::database::{Change, Row, Value};
use super::ledger::LedgerError;
use super::ledger::entry::Kind;
use super::record::{Content, Evidence, Texts};
use super::store::{Store, moment, signed, tell};
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
        let mut change = self.database.begin("opening a case")?;
        if let Some(evidence) = case.evidence.as_deref()
            && case.kind == "complaint"
            && let Some(open) = open_complaint(&mut change, evidence)?
        {
            return Err(LedgerError::other(format!(
                "{open} is already open about this decision"
            )));
        }
        let note = match text {
            "" => None,
            text => {
                let (id, change) = (&case.id, &mut change);
                Some(Store::seal_for(change, &master, &owner, id, text)?)
            }
        };
        insert(&mut change, &case, &owner, note.as_deref())?;
        tell(&mut change, Kind::Case, now, &told(&case, "opened"))?;
        change.commit()?;
        self.case(&case.id)
    }

    /// A person decides a case.
    pub fn decide_case(
        &mut self,
        id: &str,
        ruling: &Ruling<'_>,
    ) -> Result<Case, LedgerError> {
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
        let mut change = self.database.begin("deciding a case")?;
        let changed = change.execute(
            "update cases set state = 'decided', outcome = ?, decided = ?, \
             decider = ?, explanation = ? where id = ? and state = 'open'",
            &[
                ruling.outcome.into(),
                signed(ruling.at).into(),
                ruling.by.into(),
                ruling.reason.into(),
                id.into(),
            ],
        )?;
        if changed != 1 {
            return Err(LedgerError::other(format!("{id} is not open")));
        }
        tell(&mut change, Kind::Case, ruling.at, &told(&case, "decided"))?;
        change.commit()?;
        Ok(case)
    }

    /// One case.
    pub fn case(&self, id: &str) -> Result<Case, LedgerError> {
        let query = format!("select {COLUMNS} from cases where id = ?");
        let values = [id.into()];
        let rows = self.database.query("reading a case", &query, &values)?;
        match rows.into_iter().next() {
            Some(row) => self.judged(read(row)?),
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
        let (clause, values) = match &state {
            Some(state) => ("where state = ?", vec![(*state).into()]),
            None => ("", Vec::new()),
        };
        let query = format!(
            "select {COLUMNS} from cases {clause} order by deadline, id"
        );
        let mut cases = Vec::new();
        for row in self.database.query("reading cases", &query, &values)? {
            cases.push(self.judged(read(row)?)?);
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
        let found = self.database.query(
            "reading a case",
            "select note_owner, note from cases where id = ?",
            &[id.into()],
        )?;
        let Some(mut row) = found.into_iter().next() else { return Ok(None) };
        let owner = row.text(0)?;
        let Some(note) = row.maybe_bytes(1)? else { return Ok(None) };
        let bytes = self.unseal(&owner, id, &note)?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// Decided reports of a reporter: right and wrong.
    fn history(&self, reporter: &str) -> Result<(u64, u64), LedgerError> {
        let rows = self.database.query(
            "reading reports",
            "select outcome, count(*) from cases where reporter = ? and \
             kind = 'report' and outcome is not null group by outcome",
            &[reporter.into()],
        )?;
        let (mut right, mut wrong) = (0, 0);
        for mut row in rows {
            let (outcome, count) = (row.text(0)?, row.int(1)?);
            let count = u64::try_from(count).unwrap_or(0);
            match outcome.as_str() {
                "uphold" => wrong += count,
                _ => right += count,
            }
        }
        Ok((right, wrong))
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
        let from = at.minus_ms(BURST_MS);
        let until = Moment(at.0.saturating_add(BURST_MS));
        let rows = self.database.query(
            "reading reports",
            "select distinct reporter from cases where author = ? and \
             kind = 'report' and opened between ? and ? order by reporter",
            &[Value::Text(&author), signed(from).into(), signed(until).into()],
        )?;
        let reporters: Vec<String> = rows
            .into_iter()
            .map(|mut row| row.text(0))
            .collect::<Result<_, _>>()?;
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
    change: &mut Change<'_>,
    evidence: &str,
) -> Result<Option<String>, LedgerError> {
    let found = change.query(
        "select id from cases where evidence = ? and state = 'open' \
         and kind = 'complaint'",
        &[evidence.into()],
    )?;
    found.into_iter().next().map(|mut row| row.text(0)).transpose()
}

fn insert(
    change: &mut Change<'_>,
    case: &Case,
    owner: &str,
    note: Option<&[u8]>,
) -> Result<(), LedgerError> {
    let at = |text: &str| {
        Moment::parse(text).map_or(Value::Null, |at| signed(at).into())
    };
    // PostgreSQL takes no NUL in a text.
    let item = case.item.replace('\0', "\u{fffd}");
    let values = [
        Value::Text(&case.id),
        Value::Text(&case.kind),
        (&case.evidence).into(),
        Value::Text(&item),
        (&case.author).into(),
        (&case.reporter).into(),
        (&case.category).into(),
        at(&case.opened),
        at(&case.deadline),
        Value::Text(owner),
        note.map_or(Value::Null, Value::Bytes),
    ];
    let statement = "insert into cases(id, kind, evidence, item, author, \
                     reporter, category, opened, deadline, note_owner, \
                     note, state) values (?,?,?,?,?,?,?,?,?,?,?,'open')";
    change.execute(statement, &values).map(|_| ())
}

fn read(mut row: Row) -> Result<Case, LedgerError> {
    let time = |value: i64| moment(value).rfc3339();
    Ok(Case {
        id: row.text(0)?,
        kind: row.text(1)?,
        evidence: row.maybe_text(2)?,
        item: row.text(3)?,
        author: row.maybe_text(4)?,
        reporter: row.maybe_text(5)?,
        category: row.maybe_text(6)?,
        opened: time(row.int(7)?),
        deadline: time(row.int(8)?),
        state: row.text(9)?,
        outcome: row.maybe_text(10)?,
        decided: row.maybe_int(11)?.map(time),
        decider: row.maybe_text(12)?,
        explanation: row.maybe_text(13)?,
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
