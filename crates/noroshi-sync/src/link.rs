//! One link: both directions between this node and one peer.
//!
//! **Numbers and epochs.** An entry's number is its place in the log that the sender keeps for the
//! recipient; it never changes. An epoch is one life of a sending process: it has a key of its own,
//! encapsulated to the recipient, and a number that only rises. Nothing durable is needed to send:
//! a node that starts again begins a new epoch with a new key, so no counter can be used twice, and
//! sends again what was not acknowledged. The receiver keeps what it applied by log number, so what
//! comes twice is applied once, whatever the epoch. A peer that announces a lower epoch was rolled
//! back (a restored backup, a copy) and is refused; one that announces a number twice was cloned.
//! Numbers rise by ones from 0, or after a restore from [`epoch_of_second`], so that none can be
//! far ahead of the time; and an epoch ends when the key that announced it is revoked, so that
//! whoever stole that key locks nobody out for longer.

use std::collections::{BTreeMap, BTreeSet};

use noroshi_gate::{Parcel, Released};
use noroshi_model::link::{EntryKind, LogLeaf, Precedence};
use noroshi_model::{Digest, KeyId, NodeId, Timestamp, World};
use noroshi_seal::merkle::leaf_hash;
use noroshi_seal::sealing::FrameKey;

use crate::frame::{
    Announcement, FrameError, Header, Payload, Record, WireAttribution, content_digest, link_id,
    open, seal,
};
use crate::ranges::{Ranges, is_number};
use crate::state::LinkState;

/// Most ranges in one acknowledgement.
const ACK_RANGES_MAX: usize = 512;
/// Longest checkpoint note taken, in bytes.
const NOTE_BYTES_MAX: usize = 16 * 1024;

/// Bits of chance below the second in the epoch that a restored node begins above.
pub const EPOCH_CHANCE_BITS: u32 = 20;
/// How far a restored peer's clock may be ahead of this one's, in seconds: a year.
const CLOCK_AHEAD_SECONDS: i64 = 366 * 86_400;

/// The epoch that nodes restored in this second begin above, but for chance. Below 2^53 until the
/// year 2242.
#[must_use]
pub fn epoch_of_second(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or_default() << EPOCH_CHANCE_BITS
}

/// What a link is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Operational or exercise.
    pub world: World,
    /// This node.
    pub me: NodeId,
    /// The peer.
    pub peer: NodeId,
    /// Largest frame sent, in bytes.
    pub frame_bytes_max: usize,
    /// Largest frame taken, in bytes.
    pub received_bytes_max: usize,
    /// Most entries in one frame.
    pub entries_max: usize,
    /// Most bytes sent and not yet acknowledged.
    pub in_flight_bytes_max: usize,
    /// After how many milliseconds an entry without acknowledgement is sent again; doubles with
    /// each try, up to 64 times.
    pub retry_after_ms: i64,
}

/// What the link would send next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// A new epoch must be begun first: [`Link::begin_epoch`].
    Epoch,
    /// These entries, in this order: [`Link::frame_entries`].
    Entries(Vec<u64>),
    /// Nothing but acknowledgements.
    Ack,
}

/// One entry on its way out. Content comes only out of a permit of the gate.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every one is an entry")]
pub enum Outgoing {
    /// An entry with its leaf's bytes.
    Entry {
        /// The log leaf.
        leaf: Vec<u8>,
        /// The permit.
        parcel: Released<Parcel>,
    },
    /// An entry whose content was voided.
    Void {
        /// Its number.
        number: u64,
        /// Its leaf's hash.
        leaf_hash: [u8; 32],
    },
}

/// Why an entry is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The permit is for somebody else.
    #[error("the permit is for {0}, not for this link's peer")]
    OtherRecipient(NodeId),
    /// The permit's content is not what the leaf names.
    #[error("the content of entry {0} is not what its log leaf names")]
    OtherContent(u64),
    /// The leaf cannot be read.
    #[error("the log leaf is damaged")]
    Leaf,
    /// No epoch has been begun.
    #[error("no sending epoch has been begun")]
    NoEpoch,
    /// The crypto library refused.
    #[error(transparent)]
    Crypto(#[from] noroshi_seal::CryptoError),
}

/// An entry that arrived, not applied yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The peer's epoch it came in.
    pub epoch: u64,
    /// Its number in the peer's log.
    pub number: u64,
    /// The log leaf; none for a void entry.
    pub leaf: Option<LogLeaf>,
    /// The leaf's bytes; empty for a void entry.
    pub leaf_bytes: Vec<u8>,
    /// What it brings.
    pub payload: Payload,
}

/// What a frame came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The peer begins an epoch. The node checks manifest and signature, ends the epoch before
    /// where the manifest revokes its key, opens the encapsulation and calls
    /// [`Link::accept_epoch`], or refuses.
    Announced(Box<Announcement>),
    /// An entry to apply.
    Deliver(Box<Delivery>),
    /// An entry that is applied already came again. The node compares the leaf with the one it
    /// keeps: another one is a dispute, and [`Link::forget`] takes the acknowledgement back.
    Repeated {
        /// Its number in the peer's log.
        number: u64,
        /// The hash of the leaf it came with.
        leaf_hash: [u8; 32],
    },
    /// Entries of this node's log that the peer has applied durably: each was sent in this epoch.
    Acknowledged(Ranges),
    /// The peer's signed checkpoint of its log for this node.
    Checkpoint(String),
    /// A checkpoint of this node's log for the peer, with the peer's cosignature.
    Cosigned(String),
}

struct Sending {
    epoch: u64,
    key: FrameKey,
    announcement: Vec<u8>,
    /// Digest of the announcement: what the peer's acknowledgements name.
    digest: [u8; 32],
    counter: u64,
    /// Sent in this epoch and not acknowledged: what an acknowledgement can be about.
    framed: BTreeSet<u64>,
    /// The announcement goes with every body until the peer has shown that it knows the epoch.
    is_known_to_peer: bool,
}

#[derive(Clone, Copy)]
struct InFlight {
    rank: u8,
    bytes: usize,
    sent: Timestamp,
    due: Timestamp,
    tries: u32,
}

impl InFlight {
    /// Is it time to send it again? A clock that was set back before the sending says nothing about
    /// how long ago that was: then it is.
    fn is_late(&self, now: Timestamp) -> bool {
        self.due <= now || now < self.sent
    }
}

/// The link.
pub struct Link {
    config: Config,
    state: LinkState,
    sending: Option<Sending>,
    receiving: Option<(u64, FrameKey)>,
    /// Waiting to be sent: by precedence, then number.
    queue: BTreeSet<(u8, u64)>,
    /// The precedence of each number in `queue`.
    ranks: BTreeMap<u64, u8>,
    in_flight: BTreeMap<u64, InFlight>,
    in_flight_bytes: usize,
    ack_due: bool,
    announcement_due: bool,
    /// A checkpoint of the peer's log that this node has cosigned, to be given back.
    cosigned: Option<String>,
}

impl Link {
    /// A link from its durable state. Whatever was in flight before a restart is queued again by
    /// the node, which knows what is not acknowledged.
    #[must_use]
    pub fn new(config: Config, state: LinkState) -> Self {
        Self {
            config,
            state,
            sending: None,
            receiving: None,
            queue: BTreeSet::new(),
            ranks: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            in_flight_bytes: 0,
            ack_due: false,
            announcement_due: false,
            cosigned: None,
        }
    }

    /// The durable state as it stands. Stored by the node before anything that depends on it
    /// leaves.
    #[must_use]
    pub fn state(&self) -> &LinkState {
        &self.state
    }

    /// The number the next sending epoch gets.
    #[must_use]
    pub fn next_epoch(&self) -> u64 {
        self.state.sending_epoch + 1
    }

    /// Begin a sending epoch. The node stores the state before it sends anything under it.
    pub fn begin_epoch(&mut self, announcement: &Announcement, key: FrameKey) {
        self.state.sending_epoch = self.state.sending_epoch.max(announcement.epoch);
        let bytes = announcement.to_bytes();
        self.sending = Some(Sending {
            epoch: announcement.epoch,
            key,
            digest: Digest::of(&bytes).0,
            announcement: bytes,
            counter: 0,
            framed: BTreeSet::new(),
            is_known_to_peer: false,
        });
        self.requeue_all();
    }

    /// End the sending epoch: keys have changed, so what leaves from now on needs a new one.
    pub fn end_epoch(&mut self) {
        self.sending = None;
    }

    /// A new entry of the log, or one that is not acknowledged yet.
    pub fn queue(&mut self, number: u64, precedence: Precedence) {
        if !self.in_flight.contains_key(&number) {
            self.enqueue(number, precedence.rank());
        }
    }

    /// Everything in flight is to be sent again: the road broke off.
    pub fn requeue_all(&mut self) {
        for (number, flight) in std::mem::take(&mut self.in_flight) {
            self.enqueue(number, flight.rank);
        }
        self.in_flight_bytes = 0;
    }

    fn enqueue(&mut self, number: u64, rank: u8) {
        if let Some(before) = self.ranks.insert(number, rank) {
            self.queue.remove(&(before, number));
        }
        self.queue.insert((rank, number));
    }

    fn dequeue(&mut self, number: u64) -> Option<u8> {
        let rank = self.ranks.remove(&number)?;
        self.queue.remove(&(rank, number));
        Some(rank)
    }

    /// Entries waiting or in flight.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.queue.len() + self.in_flight.len()
    }

    /// Entries waiting that are not in flight.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Is there an acknowledgement or a cosignature the peer has not been told?
    #[must_use]
    pub fn owes_ack(&self) -> bool {
        self.ack_due || self.cosigned.is_some()
    }

    /// Give a checkpoint of the peer's log back, cosigned: once, with the next frames. The node has
    /// stored it before. Should it be lost, the peer asks again.
    pub fn give_cosigned(&mut self, note: String) {
        self.cosigned = Some(note);
    }

    /// What to send next. Strictly by precedence; a flash entry goes however much is in flight.
    pub fn poll(&mut self, now: Timestamp) -> Option<Want> {
        if self.sending.is_none() {
            return Some(Want::Epoch);
        }
        let late: Vec<(u64, u8, usize)> = self
            .in_flight
            .iter()
            .filter(|(_, flight)| flight.is_late(now))
            .map(|(number, flight)| (*number, flight.rank, flight.bytes))
            .collect();
        // What is late is lost, as far as one knows: it fills the road no more, or a road that lost
        // all it could hold would stay full for ever.
        let mut on_the_road = self.in_flight_bytes;
        for (number, rank, bytes) in late {
            self.enqueue(number, rank);
            on_the_road = on_the_road.saturating_sub(bytes);
        }
        let full = on_the_road >= self.config.in_flight_bytes_max;
        let flash = Precedence::Flash.rank();
        let next: Vec<u64> = self
            .queue
            .iter()
            .filter(|(rank, _)| !full || *rank == flash)
            .take(self.config.entries_max)
            .map(|(_, number)| *number)
            .collect();
        if !next.is_empty() {
            return Some(Want::Entries(next));
        }
        (self.owes_ack() || self.announcement_due || !self.is_known()).then_some(Want::Ack)
    }

    /// Has the peer shown that it knows the sending epoch?
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.sending
            .as_ref()
            .is_some_and(|sending| sending.is_known_to_peer)
    }

    /// The announcement frame, while the peer may not know the epoch.
    pub fn announcement_frame(&mut self) -> Option<Vec<u8>> {
        let sending = self
            .sending
            .as_ref()
            .filter(|sending| !sending.is_known_to_peer)?;
        let header = Header {
            is_sealed: false,
            world: self.config.world,
            link: link_id(&self.config.me, &self.config.peer),
            epoch: sending.epoch,
            counter: 0,
        };
        let bytes = [&header.to_bytes()[..], &sending.announcement].concat();
        self.announcement_due = false;
        Some(bytes)
    }

    /// Frames of entries, with an acknowledgement and the checkpoint of this node's log. Entries
    /// fill frames in the order given; what does not fit the in-flight budget stays queued.
    ///
    /// # Errors
    /// See [`SendError`]; nothing is sent then.
    pub fn frame_entries(
        &mut self,
        entries: Vec<Outgoing>,
        checkpoint: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, SendError> {
        let mut frames = Vec::new();
        let mut records = vec![self.ack_record()];
        if let Some(note) = checkpoint {
            records.push(Record::Checkpoint {
                note: note.to_owned(),
            });
        }
        if let Some(note) = self.cosigned.take() {
            records.push(Record::Cosigned { note });
        }
        if self.receiving.is_none() && self.state.peer_epoch > 0 {
            records.push(Record::NeedAnnouncement);
        }
        let mut size = 1024;
        for entry in entries {
            let (number, record, bytes) = self.record_of(entry)?;
            if size + bytes > self.config.frame_bytes_max && records.len() > 1 {
                frames.push(self.seal_records(&records)?);
                records.clear();
                size = 0;
            }
            size += bytes;
            records.push(record);
            self.fly(number, bytes, now);
        }
        if !records.is_empty() {
            frames.push(self.seal_records(&records)?);
        }
        self.ack_due = false;
        Ok(frames)
    }

    fn ack_record(&self) -> Record {
        Record::Applied {
            epoch: self.state.peer_epoch,
            announcement: self.state.peer_announcement.unwrap_or_default(),
            applied: self.state.applied.lowest(ACK_RANGES_MAX),
        }
    }

    fn record_of(&self, entry: Outgoing) -> Result<(u64, Record, usize), SendError> {
        match entry {
            Outgoing::Void { number, leaf_hash } => {
                Ok((number, Record::Void { number, leaf_hash }, 64))
            }
            Outgoing::Entry { leaf, parcel } => {
                if *parcel.recipient() != self.config.peer {
                    return Err(SendError::OtherRecipient(*parcel.recipient()));
                }
                let named = LogLeaf::from_bytes(&leaf).map_err(|_| SendError::Leaf)?;
                let number = named.number;
                let (digest, record) = match parcel.into_content() {
                    Parcel::Item {
                        canonical,
                        attribution,
                        ..
                    } => {
                        let digest = Digest::of(&canonical);
                        let attribution = WireAttribution::of(&attribution);
                        (
                            digest,
                            Record::Item {
                                leaf,
                                canonical,
                                attribution,
                            },
                        )
                    }
                    Parcel::Notice { kind, bytes } => {
                        let kind = kind.byte();
                        (Digest::of(&bytes), Record::Notice { leaf, kind, bytes })
                    }
                };
                if digest != named.digest {
                    return Err(SendError::OtherContent(number));
                }
                let bytes = match &record {
                    Record::Item {
                        leaf, canonical, ..
                    } => leaf.len() + canonical.len() + 400,
                    Record::Notice { leaf, bytes, .. } => leaf.len() + bytes.len() + 64,
                    _ => 64,
                };
                Ok((number, record, bytes))
            }
        }
    }

    fn fly(&mut self, number: u64, bytes: usize, now: Timestamp) {
        let queued = self.dequeue(number);
        let before = self.in_flight.remove(&number);
        if let Some(before) = before {
            self.in_flight_bytes = self.in_flight_bytes.saturating_sub(before.bytes);
        }
        let rank = queued.or(before.map(|before| before.rank));
        let rank = rank.unwrap_or(Precedence::Routine.rank());
        let tries = before.map_or(0, |before| (before.tries + 1).min(6));
        let wait = self.config.retry_after_ms.saturating_mul(1 << tries);
        let due = Timestamp::from_micros(now.micros().saturating_add(wait.saturating_mul(1000)));
        self.in_flight.insert(
            number,
            InFlight {
                rank,
                bytes,
                sent: now,
                due,
                tries,
            },
        );
        self.in_flight_bytes += bytes;
        if let Some(sending) = &mut self.sending {
            sending.framed.insert(number);
        }
    }

    fn seal_records(&mut self, records: &[Record]) -> Result<Vec<u8>, SendError> {
        let sending = self.sending.as_mut().ok_or(SendError::NoEpoch)?;
        let header = Header {
            is_sealed: true,
            world: self.config.world,
            link: link_id(&self.config.me, &self.config.peer),
            epoch: sending.epoch,
            counter: sending.counter,
        };
        // Counted before it is used: a frame that fails to seal has spent its counter.
        sending.counter += 1;
        Ok(seal(header, records, &sending.key)?)
    }

    /// Take a frame. What comes out is to be applied by the node; nothing is acknowledged yet.
    ///
    /// # Errors
    /// See [`FrameError`]; the frame is then as if it had not come.
    pub fn handle(&mut self, frame: &[u8]) -> Result<Vec<Event>, FrameError> {
        if frame.len() > self.config.received_bytes_max {
            return Err(FrameError::TooLong(frame.len()));
        }
        let (header, body) = Header::read(frame)?;
        if header.world != self.config.world {
            return Err(FrameError::OtherWorld);
        }
        if header.link != link_id(&self.config.peer, &self.config.me) {
            return Err(FrameError::OtherLink);
        }
        if !header.is_sealed {
            return self.announced(body);
        }
        let current = self.receiving.as_ref().map(|(epoch, _)| *epoch);
        let Some((_, key)) = self
            .receiving
            .as_ref()
            .filter(|(epoch, _)| *epoch == header.epoch)
        else {
            // A peer that goes on after this node has forgotten its key must announce again.
            self.ack_due = true;
            return Err(FrameError::OtherEpoch {
                given: header.epoch,
                current: current.unwrap_or(0),
            });
        };
        let records = open(header, body, key)?;
        let mut events = Vec::new();
        for record in records {
            self.record(header.epoch, record, &mut events)?;
        }
        Ok(events)
    }

    fn announced(&mut self, body: &[u8]) -> Result<Vec<Event>, FrameError> {
        let announcement = Announcement::from_bytes(body)?;
        let addressed = announcement.from == self.config.peer
            && announcement.to == self.config.me
            && announcement.world == self.config.world;
        if !addressed {
            return Err(FrameError::OtherLink);
        }
        let again = self.state.peer_announcement == Some(Digest::of(body).0);
        if again && self.receiving.is_some() {
            self.ack_due = true;
            return Ok(Vec::new());
        }
        Ok(vec![Event::Announced(Box::new(announcement))])
    }

    /// The node has checked an announcement and opened its key. Stored with the state.
    ///
    /// # Errors
    /// The number does not follow the peer's epoch before, or is ahead of the time.
    pub fn accept_epoch(
        &mut self,
        announcement: &Announcement,
        key: FrameKey,
        now: Timestamp,
    ) -> Result<(), FrameError> {
        let (given, current) = (announcement.epoch, self.state.peer_epoch);
        let digest = Digest::of(&announcement.to_bytes()).0;
        let latest = (now.micros() / 1_000_000).saturating_add(CLOCK_AHEAD_SECONDS);
        let most = epoch_of_second(latest).max(current.saturating_add(1));
        if given > most {
            return Err(FrameError::EpochAhead { given, most });
        }
        match self.state.peer_announcement {
            Some(_) if given < current => {
                return Err(FrameError::EpochRolledBack { given, current });
            }
            Some(known) if given == current && known != digest => {
                return Err(FrameError::EpochForked(current));
            }
            _ => {}
        }
        self.state.peer_epoch = given;
        self.state.peer_announcement = Some(digest);
        self.state.peer_key = Some(*announcement.key.bytes());
        self.receiving = Some((given, key));
        self.ack_due = true;
        Ok(())
    }

    /// The peer's epoch is over where the key that announced it is revoked: nothing more is taken
    /// in it, and whichever number the peer announces next follows it. A key that was not kept
    /// counts as the node says of `None`.
    pub fn end_revoked_epoch(&mut self, is_revoked: impl FnOnce(Option<KeyId>) -> bool) {
        let key = self.state.peer_key.map(KeyId::from_bytes);
        if self.state.peer_announcement.is_some() && is_revoked(key) {
            self.state.peer_announcement = None;
            self.state.peer_key = None;
            self.receiving = None;
        }
    }

    fn record(
        &mut self,
        epoch: u64,
        record: Record,
        events: &mut Vec<Event>,
    ) -> Result<(), FrameError> {
        match record {
            Record::Item {
                leaf,
                canonical,
                attribution,
            } => {
                let attribution = attribution.read()?;
                self.delivered(
                    epoch,
                    leaf,
                    Payload::Item {
                        canonical,
                        attribution,
                    },
                    events,
                )
            }
            Record::Notice { leaf, kind, bytes } => {
                let kind = EntryKind::from_byte(kind).filter(|kind| *kind != EntryKind::Release);
                let kind = kind.ok_or(FrameError::Records("an entry's kind"))?;
                self.delivered(epoch, leaf, Payload::Notice { kind, bytes }, events)
            }
            Record::Void { number, .. } if !is_number(number) => {
                Err(FrameError::Records("an entry's number"))
            }
            Record::Void { number, leaf_hash } => {
                if self.state.applied.contains(number) {
                    self.ack_due = true;
                    events.push(Event::Repeated { number, leaf_hash });
                } else {
                    events.push(Event::Deliver(Box::new(Delivery {
                        epoch,
                        number,
                        leaf: None,
                        leaf_bytes: Vec::new(),
                        payload: Payload::Void { leaf_hash },
                    })));
                }
                Ok(())
            }
            Record::Ack { .. } => Ok(()),
            Record::Applied {
                epoch,
                announcement,
                applied,
            } => {
                if !applied.is_well_formed() {
                    return Err(FrameError::Records("an acknowledgement"));
                }
                self.acknowledged(epoch, &announcement, &applied, events);
                Ok(())
            }
            Record::Checkpoint { note } if note.len() <= NOTE_BYTES_MAX => {
                events.push(Event::Checkpoint(note));
                Ok(())
            }
            Record::Cosigned { note } if note.len() <= NOTE_BYTES_MAX => {
                events.push(Event::Cosigned(note));
                Ok(())
            }
            Record::Checkpoint { .. } | Record::Cosigned { .. } => {
                Err(FrameError::Records("a checkpoint's length"))
            }
            Record::NeedAnnouncement => {
                if let Some(sending) = &mut self.sending {
                    sending.is_known_to_peer = false;
                }
                self.announcement_due = true;
                self.requeue_all();
                Ok(())
            }
        }
    }

    fn delivered(
        &mut self,
        epoch: u64,
        leaf_bytes: Vec<u8>,
        payload: Payload,
        events: &mut Vec<Event>,
    ) -> Result<(), FrameError> {
        let leaf =
            LogLeaf::from_bytes(&leaf_bytes).map_err(|_| FrameError::Records("a log leaf"))?;
        if content_digest(&payload) != Some(leaf.digest) {
            return Err(FrameError::Records("content that its leaf does not name"));
        }
        let kind_fits = match &payload {
            Payload::Item { .. } => leaf.kind == EntryKind::Release,
            Payload::Notice { kind, .. } => leaf.kind == *kind,
            Payload::Void { .. } => false,
        };
        if !kind_fits {
            return Err(FrameError::Records(
                "a leaf of another kind than its content",
            ));
        }
        if self.state.applied.contains(leaf.number) {
            // Known: acknowledged again, not applied again.
            self.ack_due = true;
            events.push(Event::Repeated {
                number: leaf.number,
                leaf_hash: leaf_hash(&leaf_bytes),
            });
            return Ok(());
        }
        let number = leaf.number;
        let delivery = Delivery {
            epoch,
            number,
            leaf: Some(leaf),
            leaf_bytes,
            payload,
        };
        events.push(Event::Deliver(Box::new(delivery)));
        Ok(())
    }

    /// An acknowledgement counts for the epoch it was told to, and there for what was sent in it:
    /// the peer may know another life of this node, whose log had other entries under these
    /// numbers.
    fn acknowledged(
        &mut self,
        epoch: u64,
        announcement: &[u8; 32],
        applied: &Ranges,
        events: &mut Vec<Event>,
    ) {
        let sending = self.sending.as_mut();
        let Some(sending) = sending.filter(|s| s.epoch == epoch && s.digest == *announcement)
        else {
            return;
        };
        sending.is_known_to_peer = true;
        let mut done = Ranges::new();
        // A set with too many gaps is cut short: what is left out is acknowledged later.
        for number in &sending.framed {
            if applied.contains(*number) && !done.insert(*number, *number) {
                break;
            }
        }
        sending.framed.retain(|number| !done.contains(*number));
        for number in done.iter().flat_map(|(from, to)| from..=to) {
            if let Some(flight) = self.in_flight.remove(&number) {
                self.in_flight_bytes = self.in_flight_bytes.saturating_sub(flight.bytes);
            }
            self.dequeue(number);
        }
        if done.count() > 0 {
            events.push(Event::Acknowledged(done));
        }
    }

    /// The node has applied these entries durably, or is about to in the transaction that stores
    /// the state. Only now are they acknowledged. `false`: too many gaps; they are not counted,
    /// will
    /// come again, and the node applies nothing of them.
    pub fn applied(&mut self, numbers: &[u64]) -> bool {
        self.ack_due = true;
        numbers
            .iter()
            .all(|number| self.state.applied.insert(*number, *number))
    }

    /// The peer gave this number to another entry later: it is not acknowledged any more, in this
    /// life or a later one. `false`: too many gaps.
    #[must_use]
    pub fn forget(&mut self, number: u64) -> bool {
        self.state.applied.remove(number)
    }

    /// Back to a durable state: what was done since is not stored. What was in flight is sent
    /// again, in a new epoch.
    pub fn reset(&mut self, state: LinkState) {
        *self = Self::new(self.config, state);
    }

    /// Numbers the state says are applied.
    #[must_use]
    pub fn is_applied(&self, number: u64) -> bool {
        self.state.applied.contains(number)
    }
}
