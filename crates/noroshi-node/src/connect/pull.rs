//! A collection is read page by page, from where it was left, until its end.
//!
//! What a server says of its own order is checked against what it does. The cursor never goes
//! further than what a page proved; where a server contradicts itself the round ends, what came
//! stays, and the next round begins again behind what is settled. What comes twice is known.

use std::collections::BTreeSet;

use noroshi_model::{Digest, Timestamp};
use noroshi_taxii::client::{Envelope, PAGE_BYTES_MAX, Reply, Target, http_date};

use super::ask::{Asking, Trouble};
use super::rounds::{End, Round};
use super::state::{ChannelState, Listing};

/// Pages of one round; a listing that is longer goes on in the next one, at once.
const PAGES_MAX: u32 = 200;
/// Objects that a page is asked for.
const LIMIT: &str = "1000";
/// Pages without an object, one after the other, that say there is more.
const EMPTY_MAX: u32 = 8;
/// What a server added so shortly before it was asked may not be visible yet, for many give the
/// time before they commit: the cursor stays this far behind the server's clock, in seconds.
const UNSETTLED_SECONDS: i64 = 120;
/// A date further ahead of the clock than this is not believed, in seconds.
const AHEAD_SECONDS: i64 = 86_400;

/// What a round has seen of a listing.
#[derive(Default)]
pub(super) struct Seen {
    /// A `next` may come twice, for some servers move on behind one word; a page may not.
    pages: BTreeSet<Digest>,
    page: Option<Digest>,
    empty: u32,
}

/// What a page tells beside its objects.
pub(super) struct Told {
    pub(super) envelope: Envelope,
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
    pub(super) digest: Digest,
}

impl Round<'_> {
    /// One round of a channel that pulls from a collection.
    pub(super) fn pull(&mut self, asking: &Asking<'_>) -> Result<End, Trouble> {
        let channel = self.channel;
        let id = channel.collection.as_deref().unwrap_or_default();
        let objects = channel.target.below(&format!("collections/{id}/objects/"));
        let mut seen = Seen::default();
        let mut note = None;
        for page in 0..PAGES_MAX {
            let goes_on = self.state.listing.clone();
            let answer = match asking.read(&question(&objects, self.state), PAGE_BYTES_MAX) {
                // Its place may be forgotten there by now: begin behind what is settled.
                Err(trouble)
                    if page == 0
                        && goes_on.is_some_and(|listing| listing.next.is_some())
                        && matches!(trouble.code, "refused" | "absent") =>
                {
                    self.state.listing = None;
                    asking.read(&question(&objects, self.state), PAGE_BYTES_MAX)
                }
                answer => answer,
            };
            let (reply, bytes) = answer?;
            let told = told(&reply, &bytes)?;
            let now = self.node.now();
            let clock = reply.header("date").and_then(http_date).unwrap_or(now);
            let mut next = self.state.clone();
            next.last_contact = Some(now);
            let step = next.follow(&told, &mut seen, clock, now, &mut note);
            self.take_page(&bytes, next)?;
            match step {
                Ok(true) => {}
                Ok(false) => {
                    self.state.note = note.map(str::to_owned);
                    return Ok(End::Done);
                }
                Err(trouble) => return Err(trouble),
            }
            if !self.progress() {
                return Ok(End::More);
            }
        }
        Ok(End::More)
    }
}

/// What is asked for next.
fn question(objects: &Target, state: &ChannelState) -> Target {
    let listing = state.listing.as_ref();
    let after = listing.map_or(state.settled, |listing| listing.after);
    let after = after.map(|after| after.to_string());
    let mut query = vec![("limit", LIMIT)];
    if let Some(after) = &after {
        query.push(("added_after", after));
    }
    if let Some(next) = listing.and_then(|listing| listing.next.as_deref()) {
        query.push(("next", next));
    }
    objects.with_query(&query)
}

fn told(reply: &Reply, bytes: &[u8]) -> Result<Told, Trouble> {
    let envelope = Envelope::read(bytes).map_err(|fault| Trouble::new("unreadable", fault))?;
    let header = |name| reply.header(name).map(str::to_owned);
    Ok(Told {
        envelope,
        first: header("x-taxii-date-added-first"),
        last: header("x-taxii-date-added-last"),
        digest: Digest::of(bytes),
    })
}

impl ChannelState {
    /// Where a page leads: `true` where there is more. On trouble the listing is given up, and
    /// what is settled stays.
    pub(super) fn follow(
        &mut self,
        told: &Told,
        seen: &mut Seen,
        clock: Timestamp,
        now: Timestamp,
        note: &mut Option<&'static str>,
    ) -> Result<bool, Trouble> {
        let mut listing = self.listing.take().unwrap_or(Listing {
            began: clock,
            after: self.settled,
            next: None,
            latest: None,
        });
        let last = date_of(told, listing.after, now);
        if last.is_none() && told.envelope.objects > 0 {
            let is_told = told.last.is_some();
            *note = Some(if is_told { "wrong_date" } else { "undated" });
        }
        listing.latest = listing.latest.max(last);
        if !told.envelope.more {
            let settled = listing.began.plus_seconds(-UNSETTLED_SECONDS);
            let proven = listing.latest.map(|latest| latest.min(settled));
            self.settled = self.settled.max(proven);
            return Ok(false);
        }
        seen.page(told)?;
        match &told.envelope.next {
            Some(next) => listing.next = Some(next.clone()),
            None if listing.latest > listing.after => {
                listing.after = listing.latest;
                listing.next = None;
            }
            None => {
                return Err(Trouble::new(
                    "unstated",
                    "there is more, and it does not say where",
                ));
            }
        }
        self.listing = Some(listing);
        Ok(true)
    }
}

impl Seen {
    /// A page that says there is more: is it another one than before, and not one of many empty
    /// ones?
    fn page(&mut self, told: &Told) -> Result<(), Trouble> {
        if told.envelope.objects > 0 {
            self.empty = 0;
            let before = self.page.replace(told.digest);
            if before == Some(told.digest) {
                return Err(Trouble::new("repeats", "the same page came twice"));
            }
            if !self.pages.insert(told.digest) {
                return Err(Trouble::new("loops", "a page came again"));
            }
            return Ok(());
        }
        self.empty += 1;
        if self.empty >= EMPTY_MAX {
            let said = format_args!("{EMPTY_MAX} pages without an object say there is more");
            return Err(Trouble::new("endless", said));
        }
        Ok(())
    }
}

/// The date-added of the last object of a page, where it can be believed.
fn date_of(told: &Told, after: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let read = |text: &Option<String>| -> Option<Timestamp> { text.as_deref()?.parse().ok() };
    let (first, last) = (read(&told.first), read(&told.last)?);
    let is_in_order = first.is_none_or(|first| first <= last);
    let is_behind = after.is_none_or(|after| last >= after);
    let is_past = last <= now.plus_seconds(AHEAD_SECONDS);
    (is_in_order && is_behind && is_past).then_some(last)
}
