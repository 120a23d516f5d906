//! What people set for their node: source profiles, the second-person rule, persons.

use noroshi_gate::acts::Approved;
use noroshi_gate::review::ReviewRules;
use noroshi_gate::{Rules, Scope, Threshold};
use noroshi_model::act::ActKind;
use noroshi_model::document::hex;
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::profile::SourceProfile;
use noroshi_model::{Limits, PersonId, StixId, Timestamp};
use noroshi_store::{RecordKind, WriteError};

use crate::acts::Effect;
use crate::command::{ActAnswer, Event, Failure};
use crate::node::{Node, store_failure};
use crate::records::{ActRecord, Person, Record};
use crate::review::REVIEW;
use crate::sink::Sink;

/// Where the second-person rule stands among the rules.
const SECOND_PERSON: &[u8] = b"second_person_above";

impl Record for SourceProfile {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(self.to_object()).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, noroshi_model::DocumentError> {
        let value = Value::parse(bytes, &noroshi_model::Limits::DEFAULT).map_err(|source| {
            noroshi_model::DocumentError::Json {
                document: "source profile",
                source,
            }
        })?;
        Self::from_value(value)
    }
}

impl Node {
    /// The rules the gate decides by, as they stand now.
    pub(crate) fn rules(&self) -> Result<Rules, Failure> {
        let stored = self
            .inside()?
            .record(RecordKind::Rule, SECOND_PERSON)
            .map_err(store_failure)?;
        let second_person_above = match stored {
            None => Threshold::default(),
            Some(bytes) => String::from_utf8(bytes)
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| {
                    Failure::new("store.record", 5, "the second-person rule is damaged")
                })?,
        };
        Ok(Rules {
            me: self.me(),
            my_nation: self.nation(),
            world: self.world(),
            coalitions: self.coalitions()?,
            second_person_above,
            derivations: self.derivations()?,
        })
    }

    /// The profile of this name.
    pub(crate) fn profile(&self, name: &str) -> Result<SourceProfile, Failure> {
        self.record(RecordKind::Profile, name.as_bytes())?
            .ok_or_else(|| {
                Failure::new(
                    "profile.unknown",
                    4,
                    format_args!(
                        "no source profile is called `{name}`: see `noroshi profile list`"
                    ),
                )
                .arg("profile", name)
            })
    }

    pub(crate) fn profile_set(
        &self,
        name: &str,
        title: &str,
        markings: &[String],
        own: bool,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let name: PersonId = name.parse().map_err(|_| {
            Failure::new(
                "profile.name",
                2,
                "a profile's name is 1 to 40 of a-z 0-9 . _ -",
            )
        })?;
        if !(1..=200).contains(&title.len()) || title.chars().any(char::is_control) {
            return Err(Failure::new(
                "profile.title",
                2,
                "a profile's title is 1 to 200 bytes",
            ));
        }
        let scope = profile_scope(name.as_str(), own);
        let mut assigned = markings
            .iter()
            .map(|named| self.marking_id(named, &scope))
            .collect::<Result<Vec<_>, _>>()?;
        assigned.sort();
        assigned.dedup();
        let person = self.active_person(person)?.name;
        let profile = SourceProfile {
            name,
            title: title.to_owned(),
            assigned,
            own,
            ordered_by: person.clone(),
            at: self.now(),
        };
        // What is stored must be readable again: checked before anyone signs it.
        SourceProfile::from_value(Value::Object(profile.to_object()))
            .map_err(|error| Failure::new("profile.refused", 2, error))?;
        let subject = Object::new().with("profile", profile.to_object());
        self.prepare(
            ActKind::ProfileSet,
            subject,
            person.as_str(),
            true,
            None,
            24 * 60,
        )
    }

    /// A marking by its short name (`TLP:GREEN`) or its id, known for the items of a source.
    pub(crate) fn marking_id(&self, named: &str, scope: &Scope) -> Result<StixId, Failure> {
        let table = self.markings();
        let id = table.by_name(named).or_else(|| named.parse().ok());
        id.filter(|id| table.resolve(id, scope).is_some())
            .ok_or_else(|| {
                Failure::new(
                    "marking.unknown",
                    4,
                    format_args!(
                        "`{named}` is no marking this node knows: write TLP:GREEN or an id"
                    ),
                )
                .arg("marking", named)
            })
    }

    pub(crate) fn profile_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        let table = self.markings();
        for profile in self.records::<SourceProfile>(RecordKind::Profile)? {
            let scope = profile_scope(profile.name.as_str(), profile.own);
            let markings: Vec<String> = profile
                .assigned
                .iter()
                .map(|id| {
                    let name = table.name_of(id, &scope);
                    name.unwrap_or_else(|| id.to_string())
                })
                .collect();
            sink.send(Event::Row {
                kind: "profile".into(),
                row: serde_json::json!({
                    "name": profile.name.as_str(),
                    "title": profile.title,
                    "markings": markings,
                    "own": profile.own,
                    "ordered_by": profile.ordered_by.as_str(),
                    "at": profile.at.to_string(),
                }),
            });
        }
        Ok(())
    }

    pub(crate) fn rule_set(&self, above: &str, person: &str) -> Result<ActAnswer, Failure> {
        let threshold: Threshold = above.parse().map_err(|error| {
            Failure::new("rule.refused", 2, format_args!("`{above}`: {error}")).arg("value", above)
        })?;
        let subject = Object::new()
            .with("rule", "second_person_above")
            .with("value", threshold.to_string());
        self.prepare(ActKind::RuleSet, subject, person, true, None, 24 * 60)
    }

    pub(crate) fn execute_rule(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let damaged = || Failure::new("act.subject", 5, "the act's subject is not readable");
        let (kind, key, value, line) = if record.act.kind == ActKind::ProfileSet {
            let value = record
                .act
                .subject
                .get("profile")
                .cloned()
                .ok_or_else(damaged)?;
            let profile = SourceProfile::from_value(value).map_err(|_| damaged())?;
            let body = Object::new().with("profile", profile.to_object());
            let line = self.line(LineKind::Profile, Some(&record.act.requester), body);
            (
                RecordKind::Profile,
                profile.name.as_str().as_bytes().to_vec(),
                profile.to_bytes(),
                line,
            )
        } else {
            let value = record
                .act
                .subject
                .str("value")
                .ok_or_else(damaged)?
                .to_owned();
            let key = if record.act.subject.str("rule") == Some("review") {
                let read = Value::parse(value.as_bytes(), &Limits::DEFAULT).ok();
                let rules = read.and_then(|value| ReviewRules::from_value(value).ok());
                rules.map(|_| REVIEW)
            } else {
                value.parse::<Threshold>().ok().map(|_| SECOND_PERSON)
            };
            let key = key.ok_or_else(damaged)?;
            let body = record.act.subject.clone();
            let line = self.line(LineKind::Rule, Some(&record.act.requester), body);
            (RecordKind::Rule, key.to_vec(), value.into_bytes(), line)
        };
        self.take_effect(record, approved, &line, |tx| tx.put(kind, &key, &value))
    }

    pub(crate) fn person_add(
        &self,
        name: &str,
        public_key: &str,
        person: &str,
    ) -> Result<ActAnswer, Failure> {
        let name: PersonId = name
            .parse()
            .map_err(|error| Failure::new("person.name", 2, error).arg("person", name))?;
        if self
            .record::<Person>(RecordKind::Person, name.as_str().as_bytes())?
            .is_some()
        {
            return Err(Failure::new(
                "person.exists",
                3,
                format_args!("{name} was here before: a name is never reused"),
            )
            .arg("person", name));
        }
        let public = noroshi_model::document::unhex(public_key).filter(|bytes| bytes.len() == 32);
        let public = public.ok_or_else(|| {
            Failure::new(
                "person.public_key",
                2,
                "a public key is 64 lower-case hexadecimal digits",
            )
        })?;
        let subject = Object::new()
            .with("person", name.as_str())
            .with("public", hex(&public));
        self.prepare(ActKind::PersonAdd, subject, person, true, None, 24 * 60)
    }

    /// Revoking may not leave fewer than two persons: nobody could approve anything any more.
    pub(crate) fn person_revoke(&self, name: &str, person: &str) -> Result<ActAnswer, Failure> {
        let revoked = self.active_person(name)?;
        self.check_two_remain(&revoked.name)?;
        let subject = Object::new().with("person", revoked.name.as_str());
        self.prepare(ActKind::PersonRevoke, subject, person, false, None, 60)
    }

    fn check_two_remain(&self, without: &PersonId) -> Result<(), Failure> {
        let persons = self.records::<Person>(RecordKind::Person)?;
        let remain = persons
            .iter()
            .filter(|p| p.revoked.is_none() && p.name != *without)
            .count();
        if remain >= 2 {
            return Ok(());
        }
        Err(Failure::new(
            "person.too_few",
            3,
            "two persons must remain, or nobody could approve: add another person first",
        ))
    }

    pub(crate) fn person_list(&self, sink: &mut dyn Sink) -> Result<(), Failure> {
        for person in self.records::<Person>(RecordKind::Person)? {
            sink.send(Event::Row {
                kind: "person".into(),
                row: serde_json::json!({
                    "name": person.name.as_str(),
                    "key": person.key().to_string(),
                    "since": person.since.to_string(),
                    "revoked": person.revoked.map(|at| at.to_string()),
                }),
            });
        }
        Ok(())
    }

    /// Now, but behind the founding even where the clock was ahead then: who comes later is no
    /// founder, and no founder ceases to be one.
    fn after_founding(&self) -> Result<Timestamp, Failure> {
        let persons = self.records::<Person>(RecordKind::Person)?;
        let founded = persons.iter().map(|person| person.since).min();
        let behind = founded.map(|founded| founded.plus_seconds(1));
        Ok(behind.map_or(self.now(), |behind| self.now().max(behind)))
    }

    pub(crate) fn execute_person(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let damaged = || Failure::new("act.subject", 5, "the act's subject is not readable");
        let name: PersonId = record
            .act
            .subject
            .str("person")
            .and_then(|name| name.parse().ok())
            .ok_or_else(damaged)?;
        let known: Option<Person> = self.record(RecordKind::Person, name.as_str().as_bytes())?;
        let person = match (record.act.kind, known) {
            (ActKind::PersonAdd, None) => {
                let public = record.act.subject.str("public").ok_or_else(damaged)?;
                let public = noroshi_model::document::unhex(public)
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or_else(damaged)?;
                Person {
                    name,
                    public,
                    since: self.after_founding()?,
                    revoked: None,
                }
            }
            (ActKind::PersonAdd, Some(_)) => {
                return Err(Failure::new("person.exists", 3, "a name is never reused"));
            }
            (_, None) => return Err(damaged()),
            (_, Some(mut person)) => {
                self.check_two_remain(&person.name)?;
                person.revoked = Some(self.now());
                person
            }
        };
        let event = if person.revoked.is_some() {
            "revoked"
        } else {
            "added"
        };
        let body = Object::new()
            .with("event", event)
            .with("person", person.name.as_str())
            .with("public", hex(&person.public));
        let line = self.line(LineKind::Person, Some(&record.act.requester), body);
        let ledger_line = self
            .store
            .write(|tx| {
                tx.put(
                    RecordKind::Person,
                    person.name.as_str().as_bytes(),
                    &person.to_bytes(),
                )?;
                tx.append(&line)?;
                self.close_act(tx, record, approved)
            })
            .map_err(store_failure::<WriteError>)?;
        Ok(Effect {
            ledger_line,
            entries: 0,
            wake: Vec::new(),
        })
    }

    pub(crate) fn execute_key(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
    ) -> Result<Effect, Failure> {
        let (manifest, signed) = self.attested_manifest(record)?;
        crate::keys::check_secrets(self.home(), &manifest)?;
        let ledger_line = self
            .store
            .write(|tx| {
                self.adopt_manifest(tx, &manifest, &signed)?;
                self.close_act(tx, record, approved)
            })
            .map_err(store_failure::<WriteError>)?;
        self.install_keys(signed)?;
        self.renew_consent()?;
        let wake = self.peers_to_sync();
        Ok(Effect {
            ledger_line,
            entries: 0,
            wake,
        })
    }
}

/// By whose definitions the markings of a profile's objects are read.
pub(crate) fn profile_scope(name: &str, own: bool) -> Scope {
    if own {
        Scope::Own
    } else {
        Scope::Profile(name.into())
    }
}
