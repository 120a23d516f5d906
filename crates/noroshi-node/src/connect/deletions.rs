//! What was posted to a client's own server and is recalled: that server is asked to delete it.
//!
//! The question waits from the transaction of the recall on, until the server has deleted it, does
//! not know it, or says that it will not: then its people are to be asked, and the channel and the
//! ledger name the object.

use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_model::link::EntryKind;
use noroshi_model::{NodeId, StixId, Timestamp, Value};
use noroshi_store::{RecordKind, StoredItem, Tx, WriteError};

use super::ask::{Asking, Trouble};
use super::channel::{Channel, Way};
use super::rounds::{Round, trouble_here};
use super::state::ChannelState;
use crate::introductions::damaged;
use crate::node::{Node, store_failure};
use crate::records::{Record, maybe};
use crate::taxii::collections::Collection;
use crate::taxii::served::posted_until;

/// An object that a channel's server is to delete, kept by channel, then item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deletion {
    id: StixId,
    /// Of an object that has versions: this one alone.
    version: Option<Timestamp>,
}

impl Record for Deletion {
    fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new().with("v", 1).with("id", self.id.as_str());
        maybe(&mut object, "version", self.version.map(text));
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("deletion", bytes)?;
        fields.version(1)?;
        let deletion = Self {
            id: fields.parsed("id")?,
            version: fields.maybe_parsed("version")?,
        };
        fields.end()?;
        Ok(deletion)
    }
}

fn beginning(channel: &Channel) -> Vec<u8> {
    [channel.name.as_str().as_bytes(), b"\0"].concat()
}

impl Node {
    /// An item is recalled: whoever it was posted to is asked to delete it. What is only withdrawn
    /// off one log is not.
    pub(crate) fn ask_to_delete(
        &self,
        tx: &mut Tx<'_>,
        stored: &StoredItem,
    ) -> Result<(), WriteError> {
        let pushing = self.pushing(tx)?;
        if pushing.is_empty() {
            return Ok(());
        }
        let holders = tx.holders(&stored.hash)?;
        let has_versions = stored.canonical.as_ref().is_some_and(|bytes| {
            let value = Value::parse(bytes, self.limits()).ok();
            let object = value.as_ref().and_then(Value::as_object);
            object.is_some_and(|object| object.get("modified").is_some())
        });
        let deletion = Deletion {
            id: stored.id.clone(),
            version: has_versions.then_some(stored.modified),
        };
        for (channel, to, until) in pushing {
            let may_be_there = holders.iter().any(|(node, entry)| {
                *node == to && entry.leaf.kind == EntryKind::Release && entry.leaf.at <= until
            });
            if may_be_there {
                let key = [&beginning(&channel)[..], stored.hash.bytes()].concat();
                tx.put(RecordKind::Deletion, &key, &deletion.to_bytes())?;
                self.ask_soon(tx, &channel)?;
            }
        }
        Ok(())
    }

    /// Now, and not when the channel's time comes.
    fn ask_soon(&self, tx: &mut Tx<'_>, channel: &Channel) -> Result<(), WriteError> {
        let name = channel.name.as_str().as_bytes();
        let Some(state) = tx.get(RecordKind::ChannelState, name)? else {
            return Ok(());
        };
        let state = ChannelState::from_bytes(&state).map_err(damaged)?;
        let soon = ChannelState { due: None, ..state };
        tx.put(RecordKind::ChannelState, name, &soon.to_bytes())
    }

    /// The channels that push, each with the log that it reads and up to where it may have posted.
    fn pushing(&self, tx: &Tx<'_>) -> Result<Vec<(Channel, NodeId, Timestamp)>, WriteError> {
        let mut pushing = Vec::new();
        for (_, bytes) in tx.records(RecordKind::Channel)? {
            let channel = Channel::from_bytes(&bytes).map_err(damaged)?;
            let Way::Push(collection) = &channel.way else {
                continue;
            };
            if channel.removed {
                continue;
            }
            let collection = tx.get(RecordKind::Collection, collection.as_str().as_bytes())?;
            let Some(collection) = collection else {
                continue;
            };
            let client = Collection::from_bytes(&collection).map_err(damaged)?.client;
            let to = self.log_of_client(tx, &client)?;
            let until = posted_until(tx, &client, &channel)?;
            pushing.extend(to.zip(until).map(|(to, until)| (channel, to, until)));
        }
        Ok(pushing)
    }
}

impl Round<'_> {
    /// Have deleted what waits for it, before anything else is posted.
    pub(super) fn delete(&mut self, asking: &Asking<'_>) -> Result<(), Trouble> {
        let channel = self.channel;
        let reader = self.node.inside().map_err(trouble_here)?;
        let waiting = reader.records_under(RecordKind::Deletion, &beginning(channel));
        let waiting = waiting.map_err(|error| trouble_here(store_failure(error)))?;
        drop(reader);
        let collection = channel.collection.as_deref().unwrap_or_default();
        for (key, bytes) in waiting {
            let deletion = Deletion::from_bytes(&bytes)
                .map_err(|error| trouble_here(store_failure(damaged(error))))?;
            let path = format!("collections/{collection}/objects/{}/", deletion.id);
            let object = channel.target.below(&path);
            let object = match &deletion.version {
                None => object,
                Some(version) => object.with_query(&[("match[version]", &version.to_string())]),
            };
            let outcome = match asking.delete(&object) {
                Ok(()) => Ok(()),
                Err(trouble) if trouble.code == "absent" => Ok(()),
                Err(trouble) if is_final(&trouble) => Err(trouble),
                // It waits, and so does what would be posted.
                Err(trouble) => return Err(trouble),
            };
            self.deleted(&key, &deletion, outcome)?;
        }
        Ok(())
    }

    fn deleted(
        &mut self,
        key: &[u8],
        deletion: &Deletion,
        outcome: Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut next = self.state.clone();
        let event = match &outcome {
            Ok(()) => "deleted",
            Err(_) => "not_deleted",
        };
        let mut body = Object::new()
            .with("channel", self.channel.name.as_str())
            .with("event", event)
            .with("id", deletion.id.as_str());
        maybe(&mut body, "version", deletion.version.map(text));
        if let Err(trouble) = outcome {
            body.insert("why", trouble.detail.as_str());
            let why = format!("it is recalled, and not deleted there: {}", trouble.detail);
            next.refused += 1;
            next.refuse(deletion.id.as_str(), &why);
        }
        let line = self.node.line(LineKind::Channel, None, body);
        self.step_with(next, |tx| {
            tx.delete(RecordKind::Deletion, key)?;
            tx.append(&line).map(|_| ())
        })
    }
}

/// Does asking again lead nowhere? What is wrong with us is none of it.
fn is_final(trouble: &Trouble) -> bool {
    matches!(trouble.code, "forbidden" | "refused" | "unexpected")
}
