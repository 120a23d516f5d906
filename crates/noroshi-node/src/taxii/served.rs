//! Up to where clients may have read, so that a recall can name them.
//!
//! A client gives no receipts. Before a page leaves it is noted, for its credential, up to where of
//! the log it may have read from then on: some way ahead, so that who reads a million objects costs
//! a hundred notes and not a thousand, and who polls costs one where something came. What is noted
//! is never less than what left.

use std::collections::BTreeMap;
use std::sync::Mutex;

use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::link::EntryKind;
use noroshi_model::{ItemHash, NodeId, PersonId, Timestamp};
use noroshi_store::{RecordKind, Tx, WriteError};

use super::clients::Client;
use super::collections::Collection;
use super::tokens::Token;
use crate::command::Failure;
use crate::connect::{Channel, Way};
use crate::node::{Node, lock, store_failure};
use crate::records::Record;

/// How many entries a note is ahead of what was read.
const AHEAD: u64 = 10_000;

/// Up to where one credential may have read its client's log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Served {
    /// The time of the last entry.
    until: Timestamp,
}

impl Record for Served {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(Object::new().with("v", 1).with("until", text(self.until))).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("served", bytes)?;
        fields.version(1)?;
        let served = Self {
            until: fields.parsed("until")?,
        };
        fields.end()?;
        Ok(served)
    }
}

/// After a restore: what left since the backup was noted in what is lost, so whatever could read
/// counts as having read everything up to now.
pub(crate) fn note_all_served(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), WriteError> {
    let damaged = |error: DocumentError| WriteError::Damaged(error.to_string());
    let mut keys = Vec::new();
    for (_, bytes) in tx.records(RecordKind::Token)? {
        let token = Token::from_bytes(&bytes).map_err(damaged)?;
        if token.read {
            keys.push([token.client.as_str(), "\0", token.name.as_str()].concat());
        }
    }
    for (_, bytes) in tx.records(RecordKind::Channel)? {
        let channel = Channel::from_bytes(&bytes).map_err(damaged)?;
        let Way::Push(collection) = &channel.way else {
            continue;
        };
        if let Some(bytes) = tx.get(RecordKind::Collection, collection.as_str().as_bytes())? {
            let client = Collection::from_bytes(&bytes).map_err(damaged)?.client;
            keys.push([client.as_str(), "\0", &by_channel(&channel)].concat());
        }
    }
    // Persons here may have exported any collection.
    for (_, bytes) in tx.records(RecordKind::Collection)? {
        let client = Collection::from_bytes(&bytes).map_err(damaged)?.client;
        keys.push([client.as_str(), "\0", super::export::BY_HAND].concat());
    }
    let served = Served { until: now }.to_bytes();
    for key in keys {
        tx.put(RecordKind::Served, key.as_bytes(), &served)?;
    }
    Ok(())
}

/// How notes and recalls name a channel that pushes.
pub(crate) fn by_channel(channel: &Channel) -> String {
    format!("channel:{}", channel.name)
}

/// Up to where a channel may have posted a client's log.
pub(crate) fn posted_until(
    tx: &Tx<'_>,
    client: &PersonId,
    channel: &Channel,
) -> Result<Option<Timestamp>, WriteError> {
    let key = [client.as_str(), "\0", &by_channel(channel)].concat();
    let noted = tx.get(RecordKind::Served, key.as_bytes())?;
    let served = noted.map(|bytes| Served::from_bytes(&bytes)).transpose();
    let served = served.map_err(|error| WriteError::Damaged(error.to_string()))?;
    Ok(served.map(|served| served.until))
}

/// What is noted, as far as it was asked for since the start.
#[derive(Default)]
pub(crate) struct Known(Mutex<BTreeMap<Vec<u8>, Timestamp>>);

impl Node {
    /// A page that ends there is about to leave, by a token or a channel of that name. Durable when
    /// this returns.
    pub(crate) fn note_served(
        &self,
        client: &Client,
        by: &str,
        last: Timestamp,
    ) -> Result<(), Failure> {
        let key = [client.name.as_str(), by].join("\0");
        let key = key.into_bytes();
        let noted = lock(&self.served.0).get(&key).copied();
        if noted.is_some_and(|noted| noted >= last) {
            return Ok(());
        }
        let node = client.node(&self.me());
        let ahead = self.inside()?.view_ahead(&node, last, AHEAD);
        let until = ahead
            .map_err(store_failure)?
            .map_or(last, |at| at.max(last));
        // What another page of the same credential noted meanwhile, or before the start, stands.
        let note = |tx: &mut Tx<'_>| {
            let noted = tx.get(RecordKind::Served, &key)?;
            let noted = noted.and_then(|bytes| Served::from_bytes(&bytes).ok());
            let until = noted.map_or(until, |noted| noted.until.max(until));
            tx.put(RecordKind::Served, &key, &Served { until }.to_bytes())?;
            Ok::<_, WriteError>(until)
        };
        let until = self.store.write(note).map_err(store_failure)?;
        lock(&self.served.0).insert(key, until);
        Ok(())
    }

    /// The clients that may have read some rendition of the item, each with the credential it came
    /// with, or the channel by which it left.
    pub(crate) fn clients_that_may_have_read(
        &self,
        item: &ItemHash,
    ) -> Result<Vec<String>, Failure> {
        let readers = self.logs_that_may_have_been_read(item)?;
        Ok(readers.into_iter().map(|(_, named)| named).collect())
    }

    /// The same, each with the client's log.
    pub(crate) fn logs_that_may_have_been_read(
        &self,
        item: &ItemHash,
    ) -> Result<Vec<(NodeId, String)>, Failure> {
        let reader = self.inside()?;
        let holders = reader.holders(item).map_err(store_failure)?;
        let mut named = Vec::new();
        for client in self.clients()? {
            let node = client.node(&self.me());
            let entries = holders.iter().filter(|(to, entry)| {
                *to == node && entry.leaf.kind == EntryKind::Release && !entry.lost
            });
            let Some(first) = entries.map(|(_, entry)| entry.leaf.at).min() else {
                continue;
            };
            let beginning = format!("{}\0", client.name);
            let notes = reader.records_under(RecordKind::Served, beginning.as_bytes());
            for (key, bytes) in notes.map_err(store_failure)? {
                let served = Served::from_bytes(&bytes);
                // A note that cannot be read excuses nobody.
                if served.map_or(true, |served| served.until >= first) {
                    let token = String::from_utf8_lossy(&key[beginning.len()..]).into_owned();
                    named.push((node, format!("client:{} ({token})", client.name)));
                }
            }
        }
        Ok(named)
    }
}
