//! What stands behind the protocol. The protocol asks; the desk decides who sees what.
//!
//! A collection is a view of one reader's own release log. Positions in it are numbers that only
//! rise; each entry has a time of its own, later than that of every entry before it. So a position
//! and a time say the same, pages are stable while objects arrive, and an old object that is
//! released late lies ahead of every cursor.

use std::io::Read;

use noroshi_model::{Digest, StixId, Timestamp};

/// What a client shows of itself.
#[derive(Clone, Copy, Debug)]
pub enum Credential<'a> {
    /// Nothing at all.
    None,
    /// `Authorization: Bearer`.
    Bearer(&'a str),
    /// `Authorization: Basic`: user and password.
    Basic(&'a str, &'a str),
    /// The SHA-256 of the public key of a client certificate.
    Certificate(&'a [u8; 32]),
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// No credential, an unknown or expired one, a wrong password: all look alike.
    Unknown,
    /// Too many requests, or too many wrong tries: come back after so many seconds.
    Later(u32),
}

/// A collection as its resource says it (TAXII 2.1, 5.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// A UUID in lower case.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// In words.
    pub description: Option<String>,
    /// Another name for it in a URL.
    pub alias: Option<String>,
    /// May this caller read it?
    pub can_read: bool,
    /// May this caller add to it?
    pub can_write: bool,
}

/// Which versions of an object are meant (TAXII 2.1, 3.4.1). Several are alternatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// The newest.
    Last,
    /// The oldest.
    First,
    /// Every one.
    All,
    /// The one of that instant.
    At(Timestamp),
}

/// What is asked of a collection. Empty lists ask nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only entries later than this.
    pub added_after: Option<Timestamp>,
    /// Only entries behind this position.
    pub after: Option<u64>,
    /// Only these objects.
    pub ids: Vec<String>,
    /// Only these types.
    pub types: Vec<String>,
    /// Only these versions; none named means the newest.
    pub versions: Vec<Version>,
    /// Only these versions of STIX, such as `2.1`.
    pub spec_versions: Vec<String>,
    /// At most so many entries.
    pub limit: u32,
    /// End the page behind the entry with which its objects reach so many bytes; 0 for no such end.
    /// What is given beyond it is dropped, and asked for again by the next page.
    pub bytes_max: u64,
}

/// One entry of a page, lent while it is written out.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Where it stands.
    pub position: u64,
    /// When it became readable to this caller.
    pub added: Timestamp,
    /// The object's id.
    pub id: &'a str,
    /// Its version: `modified`, or `created` where it has no other, or when it was added.
    pub version: Timestamp,
    /// The object as it lies in the store; empty where only the manifest was asked for.
    pub object: &'a [u8],
}

/// How a page ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageEnd {
    /// Is there more behind it?
    pub more: bool,
    /// The position to go on behind, whether or not anything was found: with no entry on the page
    /// it is how far was looked.
    pub last: Option<u64>,
}

/// What became of one posted object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Its id as far as it could be read.
    pub id: String,
    /// Its version, likewise.
    pub version: Option<String>,
    /// Why, or what is done with it. For people.
    pub message: Option<String>,
}

/// A status resource (TAXII 2.1, 4.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// A UUID in lower case.
    pub id: String,
    /// When it was asked for.
    pub requested: Timestamp,
    /// Is nothing pending?
    pub is_complete: bool,
    /// How many in all; the three lists add up to it, where they are whole.
    pub total: u64,
    /// Taken in.
    pub succeeded: u64,
    /// Refused.
    pub failed: u64,
    /// Neither yet.
    pub pending: u64,
    /// The first of them by name.
    pub successes: Vec<Fate>,
    /// The first of them by name, with why.
    pub failures: Vec<Fate>,
    /// The first of them by name.
    pub pendings: Vec<Fate>,
}

/// A collection in a tool's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its media type.
    pub media: &'static str,
    /// Of what is in it.
    pub digest: Digest,
    /// None where the caller has it already.
    pub body: Option<Vec<u8>>,
}

/// Why the desk does not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no such thing for this caller: never told from what it may not see.
    #[error("there is nothing of that name here")]
    Absent,
    /// The caller sees the collection and may not do that with it.
    #[error("{0}")]
    Forbidden(String),
    /// What came cannot be used at all.
    #[error("{0}")]
    Unusable(String),
    /// More than the announced cap.
    #[error("the body is larger than {0} bytes: post in several parts")]
    TooLarge(u64),
    /// Not now.
    #[error("the node cannot do that now: try again in a moment")]
    Unavailable,
}

/// Who asks, as the desk knows them. Only the desk reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(pub Vec<u8>);

/// Whoever decides behind the protocol. Methods block; none is called on an I/O thread.
pub trait Desk: Send + Sync {
    /// Who is it?
    ///
    /// # Errors
    /// See [`Barred`].
    fn caller(&self, credential: Credential<'_>) -> Result<Caller, Barred>;

    /// The collections there are for this caller, in a stable order.
    ///
    /// # Errors
    /// See [`Fault`].
    fn collections(&self, caller: &Caller) -> Result<Vec<Collection>, Fault>;

    /// One of them, by id or alias.
    ///
    /// # Errors
    /// [`Fault::Absent`], or see [`Fault`].
    fn collection(&self, caller: &Caller, name: &str) -> Result<Collection, Fault>;

    /// Entries in the order of their positions, each given to `out` once. With `objects` false
    /// their bytes are left out.
    ///
    /// # Errors
    /// See [`Fault`].
    fn page(
        &self,
        caller: &Caller,
        collection: &Collection,
        query: &Query,
        objects: bool,
        out: &mut dyn FnMut(Entry<'_>),
    ) -> Result<PageEnd, Fault>;

    /// What a collection shows, in a tool's format; `has` says whether the caller has the content
    /// with that digest. A desk that exports nothing has no format.
    ///
    /// # Errors
    /// [`Fault::Absent`] for a format that is not known, or see [`Fault`].
    fn export(
        &self,
        _caller: &Caller,
        _collection: &Collection,
        _format: &str,
        _has: &dyn Fn(&Digest) -> bool,
    ) -> Result<Export, Fault> {
        Err(Fault::Absent)
    }

    /// Take in an envelope's bytes, by the one way in. Durable when it returns.
    ///
    /// # Errors
    /// See [`Fault`].
    fn add(
        &self,
        caller: &Caller,
        collection: &Collection,
        envelope: &mut dyn Read,
    ) -> Result<Status, Fault>;

    /// What became of an earlier post of the same caller.
    ///
    /// # Errors
    /// [`Fault::Absent`], or see [`Fault`].
    fn status(&self, caller: &Caller, id: &str) -> Result<Status, Fault>;

    /// Withdraw what the caller itself posted: the object's versions that are named, or all.
    ///
    /// # Errors
    /// [`Fault::Absent`] where the caller sees no such object, [`Fault::Forbidden`] where it is
    /// another's.
    fn delete(
        &self,
        caller: &Caller,
        collection: &Collection,
        id: &StixId,
        query: &Query,
    ) -> Result<(), Fault>;
}
