//! What the gate releases to a client goes to that client's own server.
//!
//! The other side is a client of this node like any that reads here: under its arrangement, with a
//! log of its own, and a collection that is filled by persons or by a standing release. What is
//! posted is what that collection shows at this moment, read as the client would read it; there is
//! no other source. Before a page leaves it stands in the ledger, and a recall will name the
//! client; what the gate's answers rest on is compared again as the call is made. Then the place
//! behind it is kept: after a crash the last page may be posted twice, which TAXII allows (5.5:
//! what is there already is a success).

use noroshi_model::Timestamp;
use noroshi_model::document::text;
use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_store::RecordKind;
use noroshi_taxii::client::{RemoteStatus, read_root, read_status};
use noroshi_taxii::desk::Query;

use super::ask::{Asking, Trouble};
use super::rounds::{End, Round, expect_unchanged, trouble_here};
use super::state::ChannelState;
use crate::records::{Record as _, int};
use crate::taxii::served::by_channel;

/// Objects of one post, and its bytes.
const OBJECTS_MAX: u32 = 500;
const BODY_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// What stands around the objects, in bytes.
const AROUND_BYTES: u64 = 64;
/// Pages of one round.
const PAGES_MAX: u32 = 200;
/// Statuses that are followed at one time.
const STATUSES_MAX: usize = 20;

/// A post to be.
struct Post {
    body: Vec<u8>,
    ids: Vec<String>,
    /// Up to where the collection is posted with it.
    last: Option<Timestamp>,
    more: bool,
}

impl Round<'_> {
    /// One round of a channel that pushes.
    pub(super) fn push(&mut self, asking: &Asking<'_>) -> Result<End, Trouble> {
        self.follow_statuses(asking)?;
        self.delete(asking)?;
        let channel = self.channel;
        let id = channel.collection.as_deref().unwrap_or_default();
        let objects = channel.target.below(&format!("collections/{id}/objects/"));
        let (mut most, mut limit) = (None, OBJECTS_MAX);
        for _ in 0..PAGES_MAX {
            if self.state.statuses.len() >= STATUSES_MAX {
                return Err(Trouble::new(
                    "unfinished",
                    "it has not finished what was posted",
                ));
            }
            let asked = self.node.standpoint().map_err(trouble_here)?;
            let post = self.post_to_be(limit, most.unwrap_or(BODY_BYTES_MAX))?;
            if post.ids.is_empty() {
                self.pass_by(&post)?;
                if post.more {
                    continue;
                }
                return Ok(End::Done);
            }
            let Some(room) = most else {
                // Only now, for there is something to send. The answer may be long in coming:
                // then the gate is asked anew.
                most = Some(room_of(&asking.resource(&channel.target)?)?);
                continue;
            };
            let posted = if post.body.len() as u64 > room {
                Err(Trouble::new("too_large_there", "it announces so"))
            } else {
                self.leaves(&post)?;
                let may_leave = || {
                    let now = self.node.standpoint().map_err(trouble_here)?;
                    Ok(now == asked && self.node.is_unchanged(channel).map_err(trouble_here)?)
                };
                asking.post(&objects, &post.body, &may_leave)
            };
            match posted {
                Ok(Some((_, bytes))) => self.posted(&post, &bytes)?,
                // The gate may answer otherwise by now.
                Ok(None) => continue,
                Err(trouble) if trouble.code == "too_large_there" => {
                    if post.ids.len() > 1 {
                        limit = u32::try_from(post.ids.len() / 2).unwrap_or(1);
                        continue;
                    }
                    self.pass_by(&post)?;
                }
                Err(trouble) => return Err(trouble),
            }
            limit = limit.saturating_mul(2).min(OBJECTS_MAX);
            if !post.more {
                return Ok(End::Done);
            }
            if !self.progress() {
                return Ok(End::More);
            }
        }
        Ok(End::More)
    }

    /// Go on behind a post that is not made: an empty one, or one object that the server takes in
    /// no case, which is told by name.
    fn pass_by(&mut self, post: &Post) -> Result<(), Trouble> {
        let mut next = self.state.clone();
        for id in &post.ids {
            next.refused += 1;
            next.refuse(id, "it is larger than the server takes");
        }
        next.posted = next.posted.max(post.last);
        self.step(next)
    }

    /// The next page, as the client would be served it now.
    fn post_to_be(&self, limit: u32, room: u64) -> Result<Post, Trouble> {
        let name = self.channel.way.by();
        let collection = self.node.collection_named(name).map_err(trouble_here)?;
        let client = self.node.client(collection.client.as_str());
        let client = client.map_err(|failure| Trouble::new("gone_here", failure.detail))?;
        let query = Query {
            added_after: self.state.posted,
            limit,
            // The page ends with the object that reaches the cap: half of the room is kept for it.
            bytes_max: (room / 2).max(1),
            ..Query::default()
        };
        let mut body = b"{\"objects\":[".to_vec();
        let mut ids: Vec<String> = Vec::new();
        let mut last = None;
        let mut is_full = false;
        let mut one = |entry: noroshi_taxii::desk::Entry<'_>| {
            let after = body.len() as u64 + entry.object.len() as u64 + AROUND_BYTES;
            is_full |= !ids.is_empty() && after > room;
            if is_full {
                return;
            }
            if !ids.is_empty() {
                body.push(b',');
            }
            body.extend_from_slice(entry.object);
            ids.push(entry.id.to_owned());
            last = Some(entry.added);
        };
        let end = self
            .node
            .collection_page(&client, &collection, &query, true, &mut one)
            .map_err(trouble_here)?;
        body.extend_from_slice(b"]}");
        if ids.is_empty() {
            last = end
                .last
                .map(|position| Timestamp::from_micros(position.cast_signed()));
        }
        Ok(Post {
            body,
            ids,
            last,
            more: end.more || is_full,
        })
    }

    /// A page is about to leave: whom a recall has to name, and a line that says what goes, are
    /// durable when this returns.
    fn leaves(&mut self, post: &Post) -> Result<(), Trouble> {
        let collection = self.node.collection_named(self.channel.way.by());
        let collection = collection.map_err(trouble_here)?;
        let client = self.node.client(collection.client.as_str());
        let client = client.map_err(|failure| Trouble::new("gone_here", failure.detail))?;
        if let Some(last) = post.last {
            let noted = self
                .node
                .note_served(&client, &by_channel(self.channel), last);
            noted.map_err(trouble_here)?;
        }
        let body = Object::new()
            .with("channel", self.channel.name.as_str())
            .with("event", "posts")
            .with("count", int(post.ids.len() as u64))
            .with("up_to", post.last.map_or_else(|| text("?"), text));
        let line = self.node.line(LineKind::Channel, None, body);
        let state = self.state.clone();
        self.step_with(state, |tx| tx.append(&line).map(|_| ()))
    }

    /// A page was taken: keep where the next one begins.
    fn posted(&mut self, post: &Post, bytes: &[u8]) -> Result<(), Trouble> {
        let mut next = self.state.clone();
        next.last_contact = Some(self.node.now());
        next.posted = post.last;
        next.sent += post.ids.len() as u64;
        // A server may answer without a status that can be read: it has taken the post.
        if let Ok(status) = read_status(bytes) {
            note_status(&mut next, &status);
        }
        self.step(next)
    }

    fn follow_statuses(&mut self, asking: &Asking<'_>) -> Result<(), Trouble> {
        for id in self.state.statuses.clone() {
            let status = self.channel.target.below(&format!("status/{id}/"));
            let read = match asking.resource(&status) {
                Ok(bytes) => read_status(&bytes).map_err(|fault| Trouble::new("unreadable", fault)),
                Err(trouble) => Err(trouble),
            };
            let mut next = self.state.clone();
            match read {
                Ok(status) if status.is_complete => {
                    next.statuses.retain(|known| *known != id);
                    note_status(&mut next, &status);
                }
                Ok(_) => continue,
                // It forgets what is long done.
                Err(trouble) if trouble.code == "absent" => {
                    next.statuses.retain(|known| *known != id);
                }
                Err(trouble) => return Err(trouble),
            }
            self.step(next)?;
        }
        Ok(())
    }
}

/// How much an API root takes at once, in bytes.
fn room_of(root: &[u8]) -> Result<u64, Trouble> {
    let root = read_root(root).map_err(|fault| Trouble::new("unreadable", fault))?;
    Ok(root.max_content_length.min(BODY_BYTES_MAX))
}

/// Count what failed there; follow what is not complete.
fn note_status(state: &mut ChannelState, status: &RemoteStatus) {
    if status.is_complete {
        state.refused += status.failed;
        for fate in &status.failures {
            state.refuse(&fate.id, &fate.message);
        }
    } else if !state.statuses.contains(&status.id) {
        state.statuses.push(status.id.clone());
    }
}

impl Round<'_> {
    fn step(&mut self, next: ChannelState) -> Result<(), Trouble> {
        self.step_with(next, |_| Ok(()))
    }

    /// Keep the state, with what belongs to it, in one transaction.
    pub(super) fn step_with(
        &mut self,
        next: ChannelState,
        also: impl FnOnce(&mut noroshi_store::Tx<'_>) -> Result<(), noroshi_store::WriteError>,
    ) -> Result<(), Trouble> {
        let key = self.channel.name.as_str().as_bytes();
        self.node
            .store
            .write(|tx| {
                expect_unchanged(self.channel, tx)?;
                also(tx)?;
                tx.put(RecordKind::ChannelState, key, &next.to_bytes())
            })
            .map_err(|error| trouble_here(crate::node::store_failure(error)))?;
        *self.state = next;
        Ok(())
    }
}
