//! The node as TAXII's desk: who asks, what there is for them.

use std::io::Read;

use noroshi_model::{Digest, StixId};
use noroshi_store::{RecordKind, WriteError};
use noroshi_taxii::Desk;
use noroshi_taxii::desk::{
    Barred, Caller, Collection as Shown, Credential, Entry, Export, Fault, PageEnd, Query, Status,
};

use super::clients::Client;
use super::collections::Collection;
use super::export::Form;
use super::tokens::Token;
use crate::command::Failure;
use crate::node::{Node, store_failure};

/// A caller and one of its collections.
struct Asked {
    token: Token,
    client: Client,
    collection: Collection,
}

/// Under this key of [`RecordKind::Meta`] stands the secret that cursors are sealed with.
const CURSOR_SECRET: &[u8] = b"taxii-cursor-secret";

impl Node {
    /// The secret that cursors of TAXII are sealed with: made the first time, and kept, so that a
    /// client may go on after a restart.
    ///
    /// # Errors
    /// The store fails.
    pub fn cursor_secret(&self) -> Result<[u8; 32], Failure> {
        let kept = self.inside()?.record(RecordKind::Meta, CURSOR_SECRET);
        let kept = kept.map_err(store_failure)?;
        if let Some(secret) = kept.and_then(|bytes| bytes.try_into().ok()) {
            return Ok(secret);
        }
        let secret: [u8; 32] = self.chance();
        self.store
            .write(|tx| tx.put(RecordKind::Meta, CURSOR_SECRET, &secret))
            .map_err(store_failure::<WriteError>)?;
        Ok(secret)
    }

    /// The caller's credential and client, as they stand now.
    fn asking(&self, caller: &Caller) -> Result<(Token, Client), Fault> {
        let token = self
            .token_of(&caller.0)
            .map_err(fault)?
            .ok_or(Fault::Absent)?;
        let client = self.client(token.client.as_str()).map_err(fault)?;
        Ok((token, client))
    }

    fn asked(&self, caller: &Caller, name: &str) -> Result<Asked, Fault> {
        let (token, client) = self.asking(caller)?;
        let all = self.collections().map_err(fault)?;
        let collection = all
            .into_iter()
            .find(|collection| collection.name.as_str() == name || collection.id() == name)
            .filter(|collection| is_shown(&token, collection))
            .ok_or(Fault::Absent)?;
        Ok(Asked {
            token,
            client,
            collection,
        })
    }
}

impl Desk for Node {
    fn caller(&self, credential: Credential<'_>) -> Result<Caller, Barred> {
        let token = self.token_shown(credential)?;
        Ok(Caller(token.key().to_vec()))
    }

    fn collections(&self, caller: &Caller) -> Result<Vec<Shown>, Fault> {
        let (token, _) = self.asking(caller)?;
        let all = Node::collections(self).map_err(fault)?;
        let mine = all.iter().filter(|collection| is_shown(&token, collection));
        Ok(mine.map(|collection| shown(&token, collection)).collect())
    }

    fn collection(&self, caller: &Caller, name: &str) -> Result<Shown, Fault> {
        let asked = self.asked(caller, name)?;
        Ok(shown(&asked.token, &asked.collection))
    }

    fn page(
        &self,
        caller: &Caller,
        collection: &Shown,
        query: &Query,
        objects: bool,
        out: &mut dyn FnMut(Entry<'_>),
    ) -> Result<PageEnd, Fault> {
        let asked = self.asked(caller, &collection.id)?;
        if !asked.token.read {
            return Err(Fault::Forbidden("this credential does not read".into()));
        }
        self.expect_recovered().map_err(fault)?;
        self.expect_released(&asked.client).map_err(fault)?;
        let mut last = None;
        let mut give = |entry: Entry<'_>| {
            last = last.max(Some(entry.added));
            out(entry);
        };
        let end = self.collection_page(&asked.client, &asked.collection, query, objects, &mut give);
        let end = end.map_err(fault)?;
        if let Some(last) = last {
            self.note_served(&asked.client, asked.token.name.as_str(), last)
                .map_err(fault)?;
        }
        Ok(end)
    }

    fn export(
        &self,
        caller: &Caller,
        collection: &Shown,
        format: &str,
        has: &dyn Fn(&Digest) -> bool,
    ) -> Result<Export, Fault> {
        let asked = self.asked(caller, &collection.id)?;
        if !asked.token.read {
            return Err(Fault::Forbidden("this credential does not read".into()));
        }
        let form = Form::named(format).ok_or(Fault::Absent)?;
        let by = asked.token.name.as_str();
        let pulled = self.pulled_export(&asked.client, &asked.collection, form, by, has);
        let pulled = pulled.map_err(fault)?;
        Ok(Export {
            media: form.media(),
            digest: pulled.digest,
            body: pulled
                .content
                .map(|content| (content.head + &content.body).into_bytes()),
        })
    }

    fn add(
        &self,
        caller: &Caller,
        collection: &Shown,
        envelope: &mut dyn Read,
    ) -> Result<Status, Fault> {
        let asked = self.asked(caller, &collection.id)?;
        if !asked.token.write || asked.collection.profile.is_none() {
            return Err(Fault::Forbidden(
                "nothing is added to this collection".into(),
            ));
        }
        self.expect_recovered().map_err(fault)?;
        self.posted(&asked.client, &asked.collection, envelope)
            .map_err(fault)
    }

    fn status(&self, caller: &Caller, id: &str) -> Result<Status, Fault> {
        let (_, client) = self.asking(caller)?;
        let status = self.posted_status(&client, id).map_err(fault)?;
        status.ok_or(Fault::Absent)
    }

    fn delete(
        &self,
        caller: &Caller,
        collection: &Shown,
        id: &StixId,
        query: &Query,
    ) -> Result<(), Fault> {
        let asked = self.asked(caller, &collection.id)?;
        if !asked.token.write || asked.collection.profile.is_none() {
            return Err(Fault::Forbidden(
                "nothing is taken from this collection".into(),
            ));
        }
        self.expect_released(&asked.client).map_err(fault)?;
        match self.unposted(&asked.client, id, query).map_err(fault)? {
            Some(true) => Ok(()),
            Some(false) => Err(Fault::Forbidden(
                "only who posted an object may delete it: ask its maker to revoke it".into(),
            )),
            None => Err(Fault::Absent),
        }
    }
}

fn is_shown(token: &Token, collection: &Collection) -> bool {
    collection.client == token.client && token.names(collection.name.as_str())
}

fn shown(token: &Token, collection: &Collection) -> Shown {
    Shown {
        id: collection.id(),
        title: collection.title.clone(),
        description: None,
        alias: Some(collection.name.as_str().to_owned()),
        can_read: token.read,
        can_write: token.write && collection.profile.is_some(),
    }
}

/// What a client is told of a failure: never why in terms of what is here.
fn fault(failure: Failure) -> Fault {
    match failure.exit {
        4 => Fault::Absent,
        2 => Fault::Unusable(failure.detail),
        _ => Fault::Unavailable,
    }
}
