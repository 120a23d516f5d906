//! The duties of persons: set by two persons, asked anew for every request.

use noroshi_gate::Duties;
use noroshi_gate::acts::Approved;
use noroshi_model::act::ActKind;
use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::{Duty, PersonId};
use noroshi_store::RecordKind;

use crate::acts::{Effect, subject_as};
use crate::command::{ActAnswer, Failure};
use crate::node::Node;
use crate::records::{ActRecord, Person, Record};

/// What a person is there for, as it was set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DutyRecord {
    pub(crate) person: PersonId,
    pub(crate) duties: Vec<Duty>,
}

impl DutyRecord {
    fn subject(&self) -> Object {
        let duties = self.duties.iter().map(|duty| Value::from(duty.as_str()));
        Object::new()
            .with("person", self.person.as_str())
            .with("duties", duties.collect::<Vec<Value>>())
    }

    fn from_fields(mut fields: Fields) -> Result<Self, DocumentError> {
        let person = fields.parsed("person")?;
        let words: Vec<String> = fields.parsed_list("duties")?;
        let duties: Option<Vec<Duty>> = words.iter().map(|word| Duty::from_word(word)).collect();
        let duties = duties.ok_or_else(|| fields.refused("duties", "are not known"))?;
        Duties::new(&duties).map_err(|clash| fields.refused("duties", clash))?;
        fields.end()?;
        Ok(Self { person, duties })
    }
}

impl Record for DutyRecord {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(self.subject().with("v", 1)).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("duty record", bytes)?;
        fields.version(1)?;
        Self::from_fields(fields)
    }
}

impl Node {
    /// What a person is there for. Until somebody sets duties, a founder has all, for two persons
    /// cannot do otherwise, and everyone else watches.
    pub(crate) fn duties_of(&self, person: &PersonId) -> Result<Duties, Failure> {
        let key = person.as_str().as_bytes();
        if let Some(set) = self.record::<DutyRecord>(RecordKind::Duties, key)? {
            return Ok(Duties::new(&set.duties).unwrap_or_default());
        }
        let persons = self.records::<Person>(RecordKind::Person)?;
        let founded = persons.iter().map(|person| person.since).min();
        let is_founder = persons
            .iter()
            .any(|known| known.name == *person && Some(known.since) == founded);
        if is_founder {
            Ok(Duties::founders())
        } else {
            Ok(Duties::new(&[Duty::Watch]).unwrap_or_default())
        }
    }

    /// Ask for a person's duties to be set; two persons.
    pub(crate) fn duties_set(
        &self,
        name: &str,
        words: &[String],
        by: &str,
    ) -> Result<ActAnswer, Failure> {
        let refused = |problem: &dyn std::fmt::Display| {
            Failure::new("duty.refused", 2, problem).arg("problem", problem)
        };
        let mut duties = Vec::new();
        for word in words {
            let duty = Duty::from_word(word).ok_or_else(|| {
                let known: Vec<&str> = Duty::ALL.iter().map(|duty| duty.as_str()).collect();
                refused(&format_args!("`{word}` is no duty: {}", known.join(", ")))
            })?;
            duties.push(duty);
        }
        let duties = Duties::new(&duties).map_err(|clash| refused(&clash))?;
        let record = DutyRecord {
            person: self.active_person(name)?.name,
            duties: duties.list(),
        };
        self.prepare(
            ActKind::PersonDuties,
            record.subject(),
            by,
            true,
            None,
            24 * 60,
        )
    }

    pub(crate) fn execute_duties(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let set = subject_as(record, "duty record", DutyRecord::from_fields)?;
        let act = &record.act;
        let line = self.line(LineKind::Duties, Some(&act.requester), act.subject.clone());
        self.take_effect(record, approved, &line, |tx| {
            tx.put(
                RecordKind::Duties,
                set.person.as_str().as_bytes(),
                &set.to_bytes(),
            )
        })
    }
}
