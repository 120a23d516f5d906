//! Alarms: lines of the ledger that want a person's eye, and a person's word that somebody saw to
//! them.
//!
//! An answer covers every alarm up to a line, as in a watch log: whoever takes over reads from
//! there. It is a line of the ledger itself, with the person's name and what was done.

use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::{PersonId, Timestamp};
use noroshi_store::{RecordKind, WriteError};

use crate::command::{AlarmAnswer, Event, Failure, PageAnswer};
use crate::ledger::{damaged_line, line_row};
use crate::node::{Node, store_failure};
use crate::records::{Record, int};
use crate::sink::Sink;

/// Lines read at once.
const PAGE: u32 = 1_000;
/// Longest note, in bytes.
const NOTE_BYTES_MAX: usize = 500;

/// Up to which line alarms were answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answered {
    line: u64,
    by: PersonId,
    at: Timestamp,
    note: String,
}

impl Record for Answered {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("line", int(self.line))
                .with("by", self.by.as_str())
                .with("at", text(self.at))
                .with("note", self.note.as_str()),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("alarm record", bytes)?;
        fields.version(1)?;
        let record = Self {
            line: fields.number("line")?,
            by: fields.parsed("by")?,
            at: fields.parsed("at")?,
            note: fields.text("note")?,
        };
        fields.end()?;
        Ok(record)
    }
}

/// Alarms that nobody has answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OpenAlarms {
    pub(crate) count: u64,
    /// The newest: its line and what it says.
    pub(crate) last: Option<(u64, String)>,
}

impl Node {
    pub(crate) fn open_alarms(&self) -> Result<OpenAlarms, Failure> {
        let mut open = OpenAlarms::default();
        self.each_alarm(self.first_open()?, &mut |index, line| {
            let why = line.body.get("why").and_then(Value::as_str);
            open.count += 1;
            open.last = Some((index, why.unwrap_or_default().to_owned()));
            true
        })?;
        Ok(open)
    }

    /// The line behind the last answer.
    pub(crate) fn first_open(&self) -> Result<u64, Failure> {
        let answered: Option<Answered> = self.record(RecordKind::Alarm, b"")?;
        Ok(answered.map_or(0, |answered| answered.line + 1))
    }

    /// Every alarm from a line on, until the listener has enough.
    pub(crate) fn each_alarm(
        &self,
        mut from: u64,
        each: &mut dyn FnMut(u64, LedgerLine) -> bool,
    ) -> Result<(), Failure> {
        loop {
            let page = self.inside()?.ledger(from, PAGE).map_err(store_failure)?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            from = last + 1;
            for (index, leaf) in page.iter().filter(|(_, leaf)| may_alarm(leaf)) {
                let line =
                    LedgerLine::from_bytes(leaf).map_err(|error| damaged_line(*index, &error))?;
                let is_alarm = matches!(line.kind, LineKind::Alarm | LineKind::Disputed);
                if is_alarm && !each(*index, line) {
                    return Ok(());
                }
            }
        }
    }

    pub(crate) fn alarm_list(
        &self,
        all: bool,
        limit: u32,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let from = if all { 0 } else { self.first_open()? };
        let (mut rows, mut next) = (0, None);
        self.each_alarm(from, &mut |index, line| {
            if rows == u64::from(limit) {
                next = Some(index);
                return false;
            }
            rows += 1;
            sink.send(Event::Row {
                kind: "line".into(),
                row: line_row(index, line),
            })
        })?;
        let answer = serde_json::to_value(PageAnswer { rows, next }).unwrap_or_default();
        sink.send(Event::Answer {
            kind: "alarms".into(),
            answer,
        });
        Ok(())
    }

    /// A person states that every alarm up to a line was seen to.
    pub(crate) fn alarm_answer(
        &self,
        line: u64,
        note: &str,
        person: &str,
    ) -> Result<AlarmAnswer, Failure> {
        let person = self.active_person(person)?.name;
        if note.trim().is_empty() || note.len() > NOTE_BYTES_MAX {
            let why = "say in 1 to 500 bytes what was done about it";
            return Err(Failure::new("alarm.note", 2, why));
        }
        let from = self.first_open()?;
        let (mut count, mut is_one) = (0_u64, false);
        self.each_alarm(from, &mut |index, _| {
            let covered = index <= line;
            count += u64::from(covered);
            is_one |= index == line;
            covered
        })?;
        if !is_one {
            let why = format_args!("line {line} is no open alarm: see `noroshi alarm list`");
            return Err(Failure::new("alarm.unknown", 4, why).arg("line", line));
        }
        let record = Answered {
            line,
            by: person.clone(),
            at: self.now(),
            note: note.to_owned(),
        };
        let body = Object::new()
            .with("up_to", int(line))
            .with("alarms", int(count))
            .with("note", note);
        let ledger_line = self
            .store
            .write(|tx| -> Result<u64, WriteError> {
                tx.put(RecordKind::Alarm, b"", &record.to_bytes())?;
                tx.append(&self.line(LineKind::AlarmAnswered, Some(&person), body))
            })
            .map_err(store_failure)?;
        Ok(AlarmAnswer {
            up_to: line,
            alarms: count,
            ledger_line,
        })
    }
}

/// Could these bytes be an alarm? Most lines are not, and are not taken apart for it.
fn may_alarm(leaf: &[u8]) -> bool {
    let has = |word: &[u8]| leaf.windows(word.len()).any(|window| window == word);
    has(b"alarm") || has(b"disputed")
}
