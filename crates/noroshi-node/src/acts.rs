//! Acts: an order is written down, signed by who asks, approved by another where that is needed,
//! and takes effect in one transaction with its ledger lines.

use std::collections::BTreeSet;
use std::sync::Mutex;

use noroshi_gate::acts::{self as gate_acts, ActContext, Approved, Persons};
use noroshi_model::act::{Act, ActKind, Endorsement};
use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::ids::ActId;
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::{Digest, ItemHash, KeyId, PersonId, Timestamp};
use noroshi_seal::sign::Ed25519;
use noroshi_store::{RecordKind, Tx, WriteError};

use crate::command::{ActAnswer, EndorseAnswer, Event, Failure};
use crate::held::Which;
use crate::node::{Node, lock, store_failure};
use crate::records::{ActRecord, ActState, Person, Record};
use crate::sink::Sink;

/// Longest life of an act that waits for approval, in minutes: a week.
const EXPIRES_MINUTES_MAX: u32 = 7 * 24 * 60;

/// What an act did when it took effect.
pub(crate) struct Effect {
    /// Ledger line that records it.
    pub(crate) ledger_line: u64,
    /// Entries put into partners' logs.
    pub(crate) entries: u64,
    /// Peers that have something waiting now.
    pub(crate) wake: Vec<noroshi_model::NodeId>,
}

/// The persons as the gate asks for them.
struct Known(Vec<Person>);

impl Persons for Known {
    fn key(&self, person: &PersonId) -> Option<([u8; 32], Option<Timestamp>)> {
        self.0
            .iter()
            .find(|known| known.name == *person)
            .map(|known| (known.public, known.revoked))
    }
}

/// What a person puts under an act, as it comes over the command surface.
pub(crate) struct Signed<'a> {
    /// Who signs.
    pub(crate) person: &'a str,
    /// In hexadecimal.
    pub(crate) signature: &'a str,
    /// The root's, over the act's manifest, in hexadecimal.
    pub(crate) root_signature: Option<&'a str>,
}

impl Node {
    /// Write an act down; nobody has signed it yet.
    pub(crate) fn prepare(
        &self,
        kind: ActKind,
        subject: Object,
        requester: &str,
        needs_two: bool,
        attachment: Option<Vec<u8>>,
        expires_minutes: u32,
    ) -> Result<ActAnswer, Failure> {
        let record = self.act_record(
            kind,
            subject,
            requester,
            needs_two,
            attachment,
            expires_minutes,
        )?;
        let id = record.act.id();
        self.store
            .write(|tx| tx.put(RecordKind::Act, id.bytes(), &record.to_bytes()))
            .map_err(store_failure::<WriteError>)?;
        Ok(act_answer(&record, self.now()))
    }

    /// The record of an act to be, not stored yet.
    pub(crate) fn act_record(
        &self,
        kind: ActKind,
        subject: Object,
        requester: &str,
        needs_two: bool,
        attachment: Option<Vec<u8>>,
        expires_minutes: u32,
    ) -> Result<ActRecord, Failure> {
        if !(1..=EXPIRES_MINUTES_MAX).contains(&expires_minutes) {
            return Err(Failure::new(
                "act.expiry",
                2,
                "an act lives 1 to 10080 minutes",
            ));
        }
        let requester = self.active_person(requester)?;
        let at = self.now();
        let act = Act {
            world: self.world(),
            kind,
            subject,
            requester: requester.name,
            at,
            expires: at.plus_seconds(i64::from(expires_minutes) * 60),
            nonce: self.chance(),
        };
        Ok(ActRecord {
            act,
            state: ActState::Prepared,
            needs_two: needs_two || kind.always_needs_two(),
            request: None,
            approval: None,
            attachment,
            root_signature: None,
            note: None,
        })
    }

    /// A person of this node who is not revoked.
    pub(crate) fn active_person(&self, name: &str) -> Result<Person, Failure> {
        let id: PersonId = name
            .parse()
            .map_err(|error| Failure::new("person.name", 2, error).arg("person", name))?;
        let person: Option<Person> = self.record(RecordKind::Person, id.as_str().as_bytes())?;
        let person = person.ok_or_else(|| {
            Failure::new(
                "person.unknown",
                4,
                format_args!("no person is called {id} here"),
            )
            .arg("person", name)
        })?;
        match person.revoked {
            None => Ok(person),
            Some(at) => Err(Failure::new(
                "person.revoked",
                3,
                format_args!("{id} was revoked at {at}"),
            )
            .arg("person", name)),
        }
    }

    /// Put a signature under an act; let it take effect when the signatures suffice. A release
    /// tells how far it is.
    pub(crate) fn endorse(
        &self,
        act: &str,
        signed: &Signed<'_>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(EndorseAnswer, Vec<noroshi_model::NodeId>), Failure> {
        let id = self.find_act(act)?.act.id();
        let _turn = Turn::take(&self.at_work, id)?;
        // Read only now: whoever had the turn before may have changed it.
        let mut record = self.find_act(&id.to_string())?;
        let signer = self.active_person(signed.person)?;
        let endorsement = Endorsement {
            person: signer.name.clone(),
            key: KeyId::of(&signer.public),
            at: self.now(),
            signature: signature_bytes(signed.signature)?,
        };
        match record.state {
            ActState::Prepared => {
                if let Some(root) = signed.root_signature {
                    record.root_signature = Some(signature_bytes(root)?);
                }
                if matches!(record.act.kind, ActKind::KeyRotate | ActKind::KeyRevoke) {
                    self.attested_manifest(&record)?;
                }
                record.request = Some(endorsement);
            }
            ActState::Pending => record.approval = Some(endorsement),
            ActState::Done => return Err(used(&record, "it took effect already")),
            ActState::Returned => return Err(used(&record, "it was returned to its persons")),
        }
        if record.needs_two && record.approval.is_none() {
            return self.file_request(record);
        }
        let approved = self.approved(&record)?;
        self.carry_out(record, &approved, progress)
    }

    /// The requester has signed; now a second person is waited for.
    fn file_request(
        &self,
        mut record: ActRecord,
    ) -> Result<(EndorseAnswer, Vec<noroshi_model::NodeId>), Failure> {
        let persons = Known(self.records(RecordKind::Person)?);
        let request = record
            .request
            .as_ref()
            .ok_or_else(|| used(&record, "nobody asked for it"))?;
        gate_acts::check_request(&record.act, request, &self.act_context(&record, &persons))
            .map_err(|refusal| refused(&record.act, &refusal))?;
        let id = record.act.id();
        let line = self.line(
            LineKind::Requested,
            Some(&record.act.requester),
            act_body(&record, &id),
        );
        let ledger_line = self
            .store
            .write(|tx| {
                move_act(tx, &mut record, ActState::Pending)?;
                tx.append(&line)
            })
            .map_err(store_failure::<WriteError>)?;
        let act = act_answer(&record, self.now());
        Ok((
            EndorseAnswer {
                act,
                ledger_line,
                entries: 0,
                backups: Vec::new(),
                tearlines: Vec::new(),
                clients: Vec::new(),
            },
            Vec::new(),
        ))
    }

    fn approved(&self, record: &ActRecord) -> Result<Approved, Failure> {
        let persons = Known(self.records(RecordKind::Person)?);
        let request = record
            .request
            .as_ref()
            .ok_or_else(|| used(record, "nobody asked for it"))?;
        let context = self.act_context(record, &persons);
        gate_acts::approve(&record.act, request, record.approval.as_ref(), &context)
            .map_err(|refusal| refused(&record.act, &refusal))
    }

    fn act_context<'a>(&self, record: &ActRecord, persons: &'a Known) -> ActContext<'a> {
        ActContext {
            persons,
            is_used: record.state == ActState::Done || record.state == ActState::Returned,
            needs_two: record.needs_two,
            world: self.world(),
            now: self.now(),
            verifier: &Ed25519,
        }
    }

    fn carry_out(
        &self,
        mut record: ActRecord,
        approved: &Approved,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(EndorseAnswer, Vec<noroshi_model::NodeId>), Failure> {
        let outcome = match record.act.kind {
            ActKind::Release => self.execute_release(&mut record, approved, progress),
            ActKind::Recall => self.execute_recall(&mut record, approved),
            ActKind::AgreementSign => self.execute_agreement_sign(&mut record, approved),
            ActKind::AgreementSuspend | ActKind::AgreementResume => {
                self.execute_agreement_state(&mut record, approved)
            }
            ActKind::ProfileSet | ActKind::RuleSet => self.execute_rule(&mut record, approved),
            ActKind::CoalitionSet => self.execute_coalition(&mut record, approved),
            ActKind::PersonAdd | ActKind::PersonRevoke => {
                self.execute_person(&mut record, approved)
            }
            ActKind::PersonDuties => self.execute_duties(&mut record, approved),
            ActKind::PeerConfirm | ActKind::PeerRemove => self.execute_peer(&mut record, approved),
            ActKind::KeyRotate | ActKind::KeyRevoke => self.execute_key(&mut record, approved),
            ActKind::TearlineMake => self.execute_tearline(&mut record, approved),
            ActKind::MarkingLower => self.execute_marking_lower(&mut record, approved),
            ActKind::HeldDiscard => self.execute_held_discard(&mut record, approved),
            ActKind::ConsentRequest => self.execute_consent_request(&mut record, approved),
            ActKind::ConsentGrant | ActKind::ConsentDecline | ActKind::ConsentWithdraw => {
                self.execute_consent_answer(&mut record, approved)
            }
            ActKind::CircleSet => self.execute_circle(&mut record, approved),
            ActKind::WarningMake => self.execute_warning(&mut record, approved),
            ActKind::ClientSet | ActKind::ClientRemove => {
                self.execute_client(&mut record, approved)
            }
            ActKind::CollectionSet | ActKind::CollectionRemove => {
                self.execute_collection(&mut record, approved)
            }
            ActKind::TokenSet | ActKind::TokenRevoke => self.execute_token(&mut record, approved),
            ActKind::ChannelSet
            | ActKind::ChannelPause
            | ActKind::ChannelResume
            | ActKind::ChannelRemove => self.execute_channel(&mut record, approved),
        };
        let effect = outcome?;
        if matches!(
            record.act.kind,
            ActKind::AgreementSign | ActKind::AgreementResume | ActKind::PeerConfirm
        ) {
            // What was held for want of it may be admitted now.
            self.judge_held(Which::All)?;
        }
        let act = act_answer(&record, self.now());
        let backups = match (record.act.kind, subject_digest(&record, "item")) {
            (ActKind::Recall | ActKind::HeldDiscard, Some(item)) => {
                self.backups_holding(&ItemHash(item))?
            }
            _ => Vec::new(),
        };
        let tearlines = match record.act.subject.str("id").map(str::parse) {
            Some(Ok(id)) if record.act.kind == ActKind::Recall => self.tearlines_of(&id)?,
            _ => Vec::new(),
        };
        let clients = match (record.act.kind, subject_digest(&record, "item")) {
            (ActKind::Recall, Some(item)) => self.clients_that_may_have_read(&ItemHash(item))?,
            _ => Vec::new(),
        };
        let answer = EndorseAnswer {
            act,
            ledger_line: effect.ledger_line,
            entries: effect.entries,
            backups,
            tearlines,
            clients,
        };
        Ok((answer, effect.wake))
    }

    /// An act that sets a record: the record, its line and the act's own in one transaction.
    pub(crate) fn take_effect(
        &self,
        record: &mut ActRecord,
        approved: &Approved,
        line: &LedgerLine,
        set: impl FnOnce(&mut Tx<'_>) -> Result<(), WriteError>,
    ) -> Result<Effect, Failure> {
        let written = self.store.write(|tx| {
            set(tx)?;
            tx.append(line)?;
            self.close_act(tx, record, approved)
        });
        Ok(Effect {
            ledger_line: written.map_err(store_failure::<WriteError>)?,
            entries: 0,
            wake: Vec::new(),
        })
    }

    /// Inside the transaction in which an act takes effect: its record and its line.
    pub(crate) fn close_act(
        &self,
        tx: &mut Tx<'_>,
        record: &mut ActRecord,
        _proof: &Approved,
    ) -> Result<u64, WriteError> {
        let id = move_act(tx, record, ActState::Done)?;
        let mut body = act_body(record, &id).with("subject", record.act.subject.clone());
        if let Some(approval) = &record.approval {
            body.insert("approver", approval.person.as_str());
        }
        tx.append(&self.line(LineKind::Done, Some(&record.act.requester), body))
    }

    /// What the act would do has changed since it was asked for: back to its persons.
    pub(crate) fn return_act(
        &self,
        tx: &mut Tx<'_>,
        record: &mut ActRecord,
        why: &str,
    ) -> Result<u64, WriteError> {
        record.note = Some(why.to_owned());
        let id = move_act(tx, record, ActState::Returned)?;
        let body = act_body(record, &id).with("why", why);
        tx.append(&self.line(LineKind::Returned, Some(&record.act.requester), body))
    }

    /// The act whose id begins so.
    pub(crate) fn find_act(&self, beginning: &str) -> Result<ActRecord, Failure> {
        if let Ok(id) = beginning.parse::<ActId>() {
            return self
                .record(RecordKind::Act, id.bytes())?
                .ok_or_else(|| unknown_act(beginning));
        }
        let mut found = self
            .records::<ActRecord>(RecordKind::Act)?
            .into_iter()
            .filter(|record| record.act.id().to_string().starts_with(beginning));
        match (found.next(), found.next()) {
            (Some(record), None) if beginning.len() >= 8 => Ok(record),
            _ => Err(unknown_act(beginning)),
        }
    }

    /// What an act would do, in a row of its own: nobody signs what they have not seen.
    pub(crate) fn explain(&self, record: &ActRecord, sink: &mut dyn Sink) -> Result<(), Failure> {
        let (kind, row) = match record.act.kind {
            ActKind::Release => match self.plan_of(record)? {
                Some(plan) => ("plan", serde_json::to_value(plan).unwrap_or_default()),
                None => return Ok(()),
            },
            ActKind::AgreementSign => {
                let bytes = record.attachment.as_deref().unwrap_or_default();
                let agreement: serde_json::Value =
                    serde_json::from_slice(bytes).unwrap_or_default();
                ("draft", serde_json::json!({ "agreement": agreement }))
            }
            ActKind::WarningMake => {
                let objects = self.warning_objects(record)?;
                let objects = objects.iter().map(|it| Value::Object(it.object().clone()));
                let mut subject = record.act.subject.clone();
                subject.insert("objects", objects.collect::<Vec<Value>>());
                (
                    "subject",
                    crate::agreements::outer_json(&Value::Object(subject)),
                )
            }
            _ => {
                let subject = noroshi_model::Value::Object(record.act.subject.clone());
                ("subject", crate::agreements::outer_json(&subject))
            }
        };
        sink.send(Event::Row {
            kind: kind.into(),
            row,
        });
        Ok(())
    }

    pub(crate) fn act_list(&self, state: Option<&str>, sink: &mut dyn Sink) -> Result<(), Failure> {
        let mut records = self.records::<ActRecord>(RecordKind::Act)?;
        records.sort_by_key(|record| record.act.at);
        let now = self.now();
        for answer in records.iter().map(|record| act_answer(record, now)) {
            // What was only prepared was never asked for by anyone: shown when asked for by name.
            let wanted = state.map_or(answer.state != "prepared", |state| answer.state == state);
            if wanted {
                let row = serde_json::to_value(&answer).unwrap_or_default();
                sink.send(Event::Row {
                    kind: "act".into(),
                    row,
                });
            }
        }
        Ok(())
    }
}

/// An act as it stands in the transaction.
pub(crate) fn act_in(tx: &Tx<'_>, id: &ActId) -> Result<Option<ActRecord>, WriteError> {
    let bytes = tx.get(RecordKind::Act, id.bytes())?;
    let read = |bytes: Vec<u8>| ActRecord::from_bytes(&bytes);
    let record = bytes.map(read).transpose();
    record.map_err(|error| WriteError::Damaged(error.to_string()))
}

/// Move an act on, from the state it was read in and no other: what two work on at one time moves
/// once.
fn move_act(tx: &mut Tx<'_>, record: &mut ActRecord, to: ActState) -> Result<ActId, WriteError> {
    let id = record.act.id();
    let stored = act_in(tx, &id)?.map(|stored| stored.state);
    if stored != Some(record.state) {
        return Err(WriteError::Refused("the act was used meanwhile"));
    }
    record.state = to;
    tx.put(RecordKind::Act, id.bytes(), &record.to_bytes())?;
    Ok(id)
}

/// The turn to put a signature under an act: one at a time, so that none is carried out twice.
struct Turn<'a>(&'a Mutex<BTreeSet<ActId>>, ActId);

impl<'a> Turn<'a> {
    fn take(at_work: &'a Mutex<BTreeSet<ActId>>, act: ActId) -> Result<Self, Failure> {
        if lock(at_work).insert(act) {
            return Ok(Self(at_work, act));
        }
        let why = "another signature is being put under it";
        Err(
            Failure::new("act.used", 3, format_args!("act {act}: {why}"))
                .arg("act", act)
                .arg("why", why),
        )
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(self.0).remove(&self.1);
    }
}

/// An act for people.
pub(crate) fn act_answer(record: &ActRecord, now: Timestamp) -> ActAnswer {
    let waiting = matches!(record.state, ActState::Prepared | ActState::Pending);
    let state = if waiting && now >= record.act.expires {
        "expired"
    } else {
        record.state.as_str()
    };
    ActAnswer {
        id: record.act.id().to_string(),
        kind: record.act.kind.as_str().to_owned(),
        document: serde_json::from_slice(&record.act.to_bytes()).unwrap_or_default(),
        state: state.to_owned(),
        needs_second_person: record.needs_two,
        requester: record.act.requester.to_string(),
        approver: record
            .approval
            .as_ref()
            .map(|approval| approval.person.to_string()),
        expires: record.act.expires.to_string(),
        manifest: match record.act.kind {
            ActKind::KeyRotate | ActKind::KeyRevoke => {
                record.attachment.as_deref().and_then(|bytes| {
                    noroshi_model::document::hex(bytes)
                        .as_str()
                        .map(str::to_owned)
                })
            }
            _ => None,
        },
    }
}

fn act_body(record: &ActRecord, id: &ActId) -> Object {
    Object::new()
        .with("act", text(id))
        .with("kind", record.act.kind.as_str())
}

fn unknown_act(beginning: &str) -> Failure {
    Failure::new(
        "act.unknown",
        4,
        format_args!("no one act begins with `{beginning}`: see `noroshi act list`"),
    )
    .arg("act", beginning)
}

fn used(record: &ActRecord, why: &str) -> Failure {
    Failure::new(
        "act.used",
        3,
        format_args!("act {}: {why}", record.act.id()),
    )
    .arg("act", record.act.id())
    .arg("why", why)
}

fn refused(act: &Act, refusal: &gate_acts::ActRefusal) -> Failure {
    Failure::new(
        refusal.code(),
        3,
        format_args!("act {}: {refusal}", act.id()),
    )
    .arg("act", act.id())
}

fn signature_bytes(digits: &str) -> Result<[u8; 64], Failure> {
    noroshi_model::document::unhex(digits)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| {
            Failure::new(
                "act.signature",
                2,
                "a signature is 128 lower-case hexadecimal digits",
            )
        })
}

/// What a subject sets, read strictly before it takes effect.
pub(crate) fn subject_as<T>(
    record: &ActRecord,
    document: &'static str,
    read: impl FnOnce(Fields) -> Result<T, DocumentError>,
) -> Result<T, Failure> {
    let subject = Value::Object(record.act.subject.clone());
    let set = Fields::of(document, subject).and_then(read);
    set.map_err(|error| Failure::new("act.changed", 3, error))
}

/// The digest a subject names under a key, for effects that check what they carry out.
pub(crate) fn subject_digest(record: &ActRecord, key: &str) -> Option<Digest> {
    record.act.subject.str(key)?.parse().ok()
}
