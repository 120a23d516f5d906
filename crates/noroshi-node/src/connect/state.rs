//! How a channel stands: how far it is, what it brought, what failed.

use noroshi_model::Timestamp;
use noroshi_model::document::{DocumentError, Fields, text};
use noroshi_model::json::{Object, Value};
use noroshi_taxii::client::Reply;

use crate::intake::{Counted, Verdict};
use crate::records::{Record, int, maybe};

/// Objects that were refused, kept by name; the newest.
const REFUSED_MAX: usize = 20;
/// Longest reason or detail that is kept, in characters.
const WORDS_MAX: usize = 300;
/// How far a listing that broke off is read again, in seconds.
const OVERLAP_SECONDS: i64 = 1;
/// Longest `ETag` or `Last-Modified` that is kept, in bytes.
const TAG_BYTES_MAX: usize = 512;

/// A listing that is not at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    /// The server's clock when it was begun.
    pub(crate) began: Timestamp,
    /// What was asked as `added_after`.
    pub(crate) after: Option<Timestamp>,
    /// Where it goes on.
    pub(crate) next: Option<String>,
    /// The latest date-added that a page of it told.
    pub(crate) latest: Option<Timestamp>,
}

/// What failed, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Of the catalogue's `channel-problem-...`.
    pub(crate) code: String,
    pub(crate) detail: String,
    pub(crate) at: Timestamp,
}

/// A channel's state as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChannelState {
    /// Everything the server added up to here has come.
    pub(crate) settled: Option<Timestamp>,
    pub(crate) listing: Option<Listing>,
    /// Of the document that came last.
    pub(crate) etag: Option<String>,
    pub(crate) modified: Option<String>,
    /// Everything of the collection up to here was posted.
    pub(crate) posted: Option<Timestamp>,
    /// Statuses there that are not complete.
    pub(crate) statuses: Vec<String>,
    pub(crate) last_contact: Option<Timestamp>,
    pub(crate) last_success: Option<Timestamp>,
    /// When it is asked again.
    pub(crate) due: Option<Timestamp>,
    /// Failures in a row.
    pub(crate) failures: u64,
    pub(crate) problem: Option<Problem>,
    /// What is odd at the other side, though everything came: of `channel-note-...`.
    pub(crate) note: Option<String>,
    /// Since the channel was set.
    pub(crate) read: u64,
    pub(crate) admitted: u64,
    pub(crate) held: u64,
    pub(crate) known: u64,
    pub(crate) refused: u64,
    pub(crate) sent: u64,
    pub(crate) refused_last: Vec<(String, String)>,
}

impl ChannelState {
    /// Count what taking in came to.
    pub(crate) fn count(&mut self, counted: &Counted) {
        let answer = &counted.answer;
        self.read += answer.read;
        self.admitted += answer.admitted;
        self.held += answer.held.values().sum::<u64>();
        self.known += answer.known;
        self.refused += answer.refused;
        for fate in &counted.fates {
            if let Verdict::Refused(why) = &fate.verdict {
                self.refuse(&fate.id, why);
            }
        }
    }

    /// A round broke off in a listing, or nobody knows how it ended. Some servers spend a `next` on
    /// the page that never came, or move on behind it: so it goes on by the time that the last page
    /// told, and a little before it, for several objects may have one time. A server that tells
    /// none is read whole each time anyway.
    pub(crate) fn broke_off(&mut self) {
        let Some(listing) = &mut self.listing else {
            return;
        };
        if let (Some(latest), Some(_)) = (listing.latest, &listing.next) {
            listing.after = listing
                .after
                .max(Some(latest.plus_seconds(-OVERLAP_SECONDS)));
            listing.next = None;
        }
    }

    /// Keep the name of one that was refused, here or there.
    pub(crate) fn refuse(&mut self, id: &str, why: &str) {
        if self.refused_last.len() == REFUSED_MAX {
            self.refused_last.remove(0);
        }
        self.refused_last.push((shortened(id), shortened(why)));
    }

    /// What a document is asked with the next time.
    pub(crate) fn keep_tags(&mut self, reply: &Reply) {
        let tag = |name| {
            let value = reply.header(name).map(str::to_owned);
            value.filter(|value| value.len() <= TAG_BYTES_MAX)
        };
        self.etag = tag("etag");
        self.modified = tag("last-modified");
    }
}

/// Words of others, without what could command a screen, and no longer than is kept.
pub(crate) fn shortened(words: &str) -> String {
    let plain = words.chars().filter(|c| !c.is_control());
    plain.take(WORDS_MAX).collect()
}

impl Record for ChannelState {
    fn to_bytes(&self) -> Vec<u8> {
        let refused = self.refused_last.iter().map(|(id, why)| {
            Value::Object(
                Object::new()
                    .with("id", id.as_str())
                    .with("why", why.as_str()),
            )
        });
        let statuses = self.statuses.iter().map(|id| Value::from(id.as_str()));
        let mut object = Object::new()
            .with("v", 1)
            .with("statuses", statuses.collect::<Vec<Value>>())
            .with("failures", int(self.failures))
            .with("read", int(self.read))
            .with("admitted", int(self.admitted))
            .with("held", int(self.held))
            .with("known", int(self.known))
            .with("refused", int(self.refused))
            .with("sent", int(self.sent))
            .with("refused_last", refused.collect::<Vec<Value>>());
        let times = [
            ("settled", self.settled),
            ("posted", self.posted),
            ("last_contact", self.last_contact),
            ("last_success", self.last_success),
            ("due", self.due),
        ];
        for (name, at) in times {
            maybe(&mut object, name, at.map(text));
        }
        let words = [
            ("etag", self.etag.as_deref()),
            ("modified", self.modified.as_deref()),
            ("note", self.note.as_deref()),
        ];
        for (name, word) in words {
            maybe(&mut object, name, word.map(Value::from));
        }
        maybe(
            &mut object,
            "listing",
            self.listing.as_ref().map(listing_value),
        );
        maybe(
            &mut object,
            "problem",
            self.problem.as_ref().map(problem_value),
        );
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("channel state", bytes)?;
        fields.version(1)?;
        let refused = fields.list("refused_last")?.into_iter().map(refused_from);
        let state = Self {
            refused_last: refused.collect::<Result<_, _>>()?,
            settled: fields.maybe_parsed("settled")?,
            listing: fields.maybe("listing").map(listing_from).transpose()?,
            etag: fields.maybe_parsed("etag")?,
            modified: fields.maybe_parsed("modified")?,
            posted: fields.maybe_parsed("posted")?,
            statuses: fields.parsed_list("statuses")?,
            last_contact: fields.maybe_parsed("last_contact")?,
            last_success: fields.maybe_parsed("last_success")?,
            due: fields.maybe_parsed("due")?,
            failures: fields.number("failures")?,
            problem: fields.maybe("problem").map(problem_from).transpose()?,
            note: fields.maybe_parsed("note")?,
            read: fields.number("read")?,
            admitted: fields.number("admitted")?,
            held: fields.number("held")?,
            known: fields.number("known")?,
            refused: fields.number("refused")?,
            sent: fields.number("sent")?,
        };
        fields.end()?;
        Ok(state)
    }
}

fn listing_value(listing: &Listing) -> Value {
    let mut object = Object::new().with("began", text(listing.began));
    maybe(&mut object, "after", listing.after.map(text));
    maybe(&mut object, "latest", listing.latest.map(text));
    maybe(
        &mut object,
        "next",
        listing.next.as_deref().map(Value::from),
    );
    Value::Object(object)
}

fn listing_from(value: Value) -> Result<Listing, DocumentError> {
    let mut fields = Fields::of("listing", value)?;
    let listing = Listing {
        began: fields.parsed("began")?,
        after: fields.maybe_parsed("after")?,
        next: fields.maybe_parsed("next")?,
        latest: fields.maybe_parsed("latest")?,
    };
    fields.end()?;
    Ok(listing)
}

fn problem_value(problem: &Problem) -> Value {
    Value::Object(
        Object::new()
            .with("code", problem.code.as_str())
            .with("detail", problem.detail.as_str())
            .with("at", text(problem.at)),
    )
}

fn problem_from(value: Value) -> Result<Problem, DocumentError> {
    let mut fields = Fields::of("channel problem", value)?;
    let problem = Problem {
        code: fields.text("code")?,
        detail: fields.text("detail")?,
        at: fields.parsed("at")?,
    };
    fields.end()?;
    Ok(problem)
}

fn refused_from(value: Value) -> Result<(String, String), DocumentError> {
    let mut fields = Fields::of("refused object", value)?;
    let refused = (fields.text("id")?, fields.text("why")?);
    fields.end()?;
    Ok(refused)
}
