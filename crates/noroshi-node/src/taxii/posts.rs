//! What clients post: taken in by the one way there is, told of by name, and withdrawn from the
//! client's own collections when it asks.

use std::io::Read;

use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::LineKind;
use noroshi_model::{StixId, Timestamp};
use noroshi_store::{
    ItemRow, ItemState, ReadError, RecordKind, Tx, Versions, ViewEntry, WriteError,
};
use noroshi_taxii::desk::{Fate, Query, Status, Version};

use super::clients::Client;
use super::collections::{Collection, uuid_of};
use crate::command::Failure;
use crate::intake::{Counted, ObjectFate, Origin, Verdict};
use crate::node::{Node, store_failure};
use crate::records::{Record, int, maybe};
use crate::sink::Silent;
use crate::types::defines_own_types;

/// Statuses kept for one client; the oldest go first.
const KEPT_MAX: usize = 1000;

/// How the message on an object begins that is held.
const HELD: &str = "held for a person to judge";

/// What store and ledger call what a client posted.
pub(super) fn source_of(client: &Client) -> String {
    format!("client:{}", client.name)
}

/// A status as it is stored.
pub(crate) struct Kept(Status);

impl Record for Kept {
    fn to_bytes(&self) -> Vec<u8> {
        let status = &self.0;
        let fates = |fates: &[Fate]| fates.iter().map(fate_value).collect::<Vec<Value>>();
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("id", status.id.as_str())
                .with("requested", text(status.requested))
                .with("total", int(status.total))
                .with("succeeded", int(status.succeeded))
                .with("failed", int(status.failed))
                .with("pending", int(status.pending))
                .with("successes", fates(&status.successes))
                .with("failures", fates(&status.failures))
                .with("pendings", fates(&status.pendings)),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("status record", bytes)?;
        fields.version(1)?;
        let fates = |fields: &mut Fields, name: &str| -> Result<Vec<Fate>, DocumentError> {
            fields.list(name)?.into_iter().map(fate_from).collect()
        };
        let status = Status {
            id: fields.text("id")?,
            requested: fields.parsed("requested")?,
            is_complete: true,
            total: fields.number("total")?,
            succeeded: fields.number("succeeded")?,
            failed: fields.number("failed")?,
            pending: fields.number("pending")?,
            successes: fates(&mut fields, "successes")?,
            failures: fates(&mut fields, "failures")?,
            pendings: fates(&mut fields, "pendings")?,
        };
        fields.end()?;
        Ok(Self(status))
    }
}

fn fate_value(fate: &Fate) -> Value {
    let mut object = Object::new().with("id", fate.id.as_str());
    maybe(
        &mut object,
        "version",
        fate.version.as_deref().map(Value::from),
    );
    maybe(
        &mut object,
        "message",
        fate.message.as_deref().map(Value::from),
    );
    Value::Object(object)
}

fn fate_from(value: Value) -> Result<Fate, DocumentError> {
    let mut fields = Fields::of("fate", value)?;
    let fate = Fate {
        id: fields.text("id")?,
        version: fields.maybe_parsed("version")?,
        message: fields.maybe_parsed("message")?,
    };
    fields.end()?;
    Ok(fate)
}

impl Node {
    /// Take in what a client posts to a collection of its own; durable when it returns.
    pub(super) fn posted(
        &self,
        client: &Client,
        collection: &Collection,
        envelope: &mut dyn Read,
    ) -> Result<Status, Failure> {
        let requested = self.now();
        let profile = collection
            .profile
            .as_ref()
            .map(|name| self.profile(name.as_str()))
            .transpose()?;
        let source = source_of(client);
        let id = uuid_of(&self.chance());
        let closing = |tx: &mut Tx<'_>, counted: &Counted| {
            keep_status(tx, client, &status_of(&id, requested, counted))
        };
        let origin = Origin {
            profile: profile.as_ref(),
            source: &source,
            by_name: true,
            closing: Some(&closing),
            is_at_hand: false,
        };
        let mut counted = self.take_in(envelope, None, origin, &mut Silent)?;
        let status = status_of(&id, requested, &counted);
        if counted.has_learned {
            self.judge_held_again(&mut counted.answer, true)?;
        }
        let is_taken = |fate: &ObjectFate| told(fate).0;
        let mut taken = counted.fates.iter().filter(|fate| is_taken(fate));
        if taken.any(|fate| defines_own_types(&fate.id)) {
            self.set_own_types(&client.node(&self.me()), true)?;
        }
        self.release_soon(client, counted.hand.take())?;
        Ok(status)
    }

    /// What became of an earlier post of the same client.
    pub(super) fn posted_status(
        &self,
        client: &Client,
        id: &str,
    ) -> Result<Option<Status>, Failure> {
        let key = [client.name.as_str().as_bytes(), b"\0", id.as_bytes()].concat();
        let kept: Option<Kept> = self.record(RecordKind::Status, &key)?;
        kept.map(|kept| self.as_judged_since(kept.0)).transpose()
    }

    /// What was held when it came may have been judged since: the status tells it.
    fn as_judged_since(&self, mut status: Status) -> Result<Status, Failure> {
        let is_held = |fate: &Fate| {
            let message = fate.message.as_deref();
            message.is_some_and(|message| message.starts_with(HELD))
        };
        if !status.successes.iter().any(is_held) {
            return Ok(status);
        }
        let reader = self.inside()?;
        for mut fate in std::mem::take(&mut status.successes) {
            let judged = match fate.id.parse::<StixId>() {
                Ok(id) if is_held(&fate) => {
                    let versions = reader.by_stix_id(&id).map_err(store_failure)?;
                    let is_it = |row: &ItemRow| Some(row.modified.to_string()) == fate.version;
                    versions.into_iter().find(is_it).map(|row| row.state)
                }
                _ => None,
            };
            match judged {
                None | Some(ItemState::Held) => status.successes.push(fate),
                Some(ItemState::Admitted) => {
                    fate.message = Some("held when it came, and admitted since".to_owned());
                    status.successes.push(fate);
                }
                Some(ItemState::Withdrawn | ItemState::Destroyed) => {
                    fate.message = Some("held when it came, and taken away since".to_owned());
                    status.succeeded -= 1;
                    status.failed += 1;
                    status.failures.push(fate);
                }
            }
        }
        Ok(status)
    }

    /// Take an object that the client itself posted off its collections. The item stays here, and
    /// with whom it was released to. `None`: the client sees no such object; `false`: it is
    /// another's.
    pub(super) fn unposted(
        &self,
        client: &Client,
        id: &StixId,
        query: &Query,
    ) -> Result<Option<bool>, Failure> {
        let node = client.node(&self.me());
        let reader = self.inside()?;
        let source = reader
            .source_number(&source_of(client))
            .map_err(store_failure)?;
        let (mut own, mut others) = (Vec::new(), false);
        let mut one = |entry: ViewEntry<'_>| -> Result<bool, ReadError> {
            if Some(entry.source) == source {
                own.push((entry.modified, entry.number));
            } else {
                others = true;
            }
            Ok(true)
        };
        reader
            .view_of(&node, id, Versions::OldestFirst, &mut one)
            .map_err(store_failure)?;
        let newest = own.iter().map(|(modified, _)| *modified).max();
        let oldest = own.iter().map(|(modified, _)| *modified).min();
        let is_meant = |modified: Timestamp| {
            query.versions.is_empty()
                || query.versions.iter().any(|version| match version {
                    Version::All => true,
                    Version::Last => Some(modified) == newest,
                    Version::First => Some(modified) == oldest,
                    Version::At(at) => *at == modified,
                })
        };
        own.retain(|(modified, _)| is_meant(*modified));
        if own.is_empty() {
            return Ok(others.then_some(false));
        }
        if defines_own_types(id.as_str()) {
            self.set_own_types(&node, false)?;
        }
        self.store
            .write(|tx| {
                for (_, number) in &own {
                    tx.log_void(&node, *number)?;
                    let body = Object::new()
                        .with("client", client.name.as_str())
                        .with("id", id.as_str())
                        .with("number", int(*number));
                    tx.append(&self.line(LineKind::Deleted, None, body))?;
                }
                Ok::<_, WriteError>(())
            })
            .map_err(store_failure)?;
        Ok(Some(true))
    }
}

/// The fate of what was taken in, as its status tells it.
fn status_of(id: &str, requested: Timestamp, counted: &Counted) -> Status {
    let (mut successes, mut failures) = (Vec::new(), Vec::new());
    for fate in &counted.fates {
        match told(fate) {
            (true, fate) => successes.push(fate),
            (false, fate) => failures.push(fate),
        }
    }
    let answer = &counted.answer;
    Status {
        id: id.to_owned(),
        requested,
        is_complete: true,
        total: answer.read,
        succeeded: answer.read - answer.refused,
        failed: answer.refused,
        pending: 0,
        successes,
        failures,
        pendings: Vec::new(),
    }
}

/// Keep a status; the oldest of the client's goes, where there are too many.
fn keep_status(tx: &mut Tx<'_>, client: &Client, status: &Status) -> Result<(), WriteError> {
    let beginning = [client.name.as_str().as_bytes(), b"\0"].concat();
    let in_order = [&beginning[..], b"\0"].concat();
    let at = status.requested.micros().to_be_bytes();
    let key = [&beginning[..], status.id.as_bytes()].concat();
    let order = [&in_order[..], &at[..], status.id.as_bytes()].concat();
    let kept = tx.records_under(RecordKind::Status, &in_order)?;
    for (old, id) in kept.iter().take((kept.len() + 1).saturating_sub(KEPT_MAX)) {
        tx.delete(RecordKind::Status, &[&beginning[..], &id[..]].concat())?;
        tx.delete(RecordKind::Status, old)?;
    }
    tx.put(RecordKind::Status, &order, status.id.as_bytes())?;
    tx.put(RecordKind::Status, &key, &Kept(status.clone()).to_bytes())
}

/// An object's fate in TAXII's words. What is held was taken in: a person judges it, and the client
/// need not ask again.
fn told(fate: &ObjectFate) -> (bool, Fate) {
    let (taken, message) = match &fate.verdict {
        Verdict::Admitted => (true, None),
        Verdict::Known => (true, Some("known already, byte for byte".to_owned())),
        Verdict::Held(codes) => (true, Some(format!("{HELD}: {}", codes.join(", ")))),
        Verdict::Refused(why) => (false, Some(why.clone())),
    };
    let told = Fate {
        id: fate.id.clone(),
        version: fate.version.map(|version| version.to_string()),
        message,
    };
    (taken, told)
}
