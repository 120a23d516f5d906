//! The node's small records: peers, persons, agreements, acts, invitations. Stored as canonical
//! JSON with a version; read strictly, so that a damaged record is noticed.

pub(crate) mod backup;
pub(crate) mod recovery;

use noroshi_model::act::{Act, Endorsement};
use noroshi_model::agreement::Agreement;
use noroshi_model::document::{DocumentError, Fields, hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::manifest::{Manifest, Purpose};
use noroshi_model::{Digest, ItemHash, KeyId, NodeId, PersonId, Timestamp};

/// A record that can be stored.
pub(crate) trait Record: Sized {
    /// The canonical bytes.
    fn to_bytes(&self) -> Vec<u8>;
    /// Read those bytes.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError>;
}

/// A partner's node.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Peer {
    pub(crate) manifest: Manifest,
    pub(crate) manifest_bytes: Vec<u8>,
    pub(crate) manifest_signature: [u8; 64],
    pub(crate) alias: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) confirmed_here: bool,
    pub(crate) confirmed_there: bool,
    pub(crate) removed: bool,
    pub(crate) last_contact: Option<Timestamp>,
    pub(crate) since: Timestamp,
}

impl Peer {
    pub(crate) fn node(&self) -> NodeId {
        self.manifest.organisation.node
    }

    pub(crate) fn is_confirmed(&self) -> bool {
        self.confirmed_here && self.confirmed_there && !self.removed
    }

    /// The TLS keys it may present: it goes on with a replaced one until that is revoked.
    pub(crate) fn tls_keys(&self) -> Vec<KeyId> {
        let keys = self.manifest.unrevoked(Purpose::Tls);
        keys.map(|key| key.id).collect()
    }

    pub(crate) fn state(&self) -> &'static str {
        match (self.removed, self.is_confirmed()) {
            (true, _) => "removed",
            (false, true) => "confirmed",
            (false, false) => "pending",
        }
    }
}

impl Record for Peer {
    fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", 1)
            .with("manifest", hex(&self.manifest_bytes))
            .with("signature", hex(&self.manifest_signature))
            .with("confirmed_here", self.confirmed_here)
            .with("confirmed_there", self.confirmed_there)
            .with("removed", self.removed)
            .with("since", text(self.since));
        maybe(&mut object, "alias", self.alias.as_deref().map(Value::from));
        maybe(
            &mut object,
            "address",
            self.address.as_deref().map(Value::from),
        );
        maybe(&mut object, "last_contact", self.last_contact.map(text));
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("peer record", bytes)?;
        fields.version(1)?;
        let manifest_bytes = bytes_field(&mut fields, "manifest")?;
        let peer = Self {
            manifest: Manifest::from_bytes(&manifest_bytes)?,
            manifest_bytes,
            manifest_signature: fields.hex("signature")?,
            alias: fields.maybe_parsed("alias")?,
            address: fields.maybe_parsed("address")?,
            confirmed_here: flag(&mut fields, "confirmed_here")?,
            confirmed_there: flag(&mut fields, "confirmed_there")?,
            removed: flag(&mut fields, "removed")?,
            last_contact: fields.maybe_parsed("last_contact")?,
            since: fields.parsed("since")?,
        };
        fields.end()?;
        Ok(peer)
    }
}

/// A person of this organisation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Person {
    pub(crate) name: PersonId,
    pub(crate) public: [u8; 32],
    pub(crate) since: Timestamp,
    pub(crate) revoked: Option<Timestamp>,
}

impl Person {
    pub(crate) fn key(&self) -> KeyId {
        KeyId::of(&self.public)
    }
}

impl Record for Person {
    fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", 1)
            .with("name", self.name.as_str())
            .with("public", hex(&self.public))
            .with("since", text(self.since));
        maybe(&mut object, "revoked", self.revoked.map(text));
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("person record", bytes)?;
        fields.version(1)?;
        let person = Self {
            name: fields.parsed("name")?,
            public: fields.hex("public")?,
            since: fields.parsed("since")?,
            revoked: fields.maybe_parsed("revoked")?,
        };
        fields.end()?;
        Ok(person)
    }
}

/// One party's word on whether the agreement rests.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AgreementState {
    pub(crate) node: NodeId,
    pub(crate) serial: u64,
    pub(crate) suspended: bool,
    pub(crate) at: Timestamp,
}

/// An agreement with the signatures collected so far.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AgreementRecord {
    pub(crate) agreement: Agreement,
    pub(crate) bytes: Vec<u8>,
    pub(crate) signatures: Vec<(NodeId, KeyId, [u8; 64])>,
    pub(crate) states: Vec<AgreementState>,
}

impl AgreementRecord {
    pub(crate) fn hash(&self) -> ItemHash {
        ItemHash(Digest::of(&self.bytes))
    }

    pub(crate) fn signed_by(&self) -> Vec<NodeId> {
        self.signatures.iter().map(|(node, _, _)| *node).collect()
    }

    pub(crate) fn is_signed_by(&self, node: &NodeId) -> bool {
        self.signatures.iter().any(|(by, _, _)| by == node)
    }

    pub(crate) fn is_signed_by_all(&self) -> bool {
        let mut parties = self.agreement.parties.iter();
        parties.all(|party| self.is_signed_by(&party.node))
    }

    pub(crate) fn suspended_by(&self) -> Vec<NodeId> {
        self.states
            .iter()
            .filter(|state| state.suspended)
            .map(|state| state.node)
            .collect()
    }

    /// Take a party's newer word; an older or equal serial changes nothing.
    pub(crate) fn note_state(&mut self, state: AgreementState) -> bool {
        match self
            .states
            .iter_mut()
            .find(|known| known.node == state.node)
        {
            Some(known) if known.serial >= state.serial => false,
            Some(known) => {
                *known = state;
                true
            }
            None => {
                self.states.push(state);
                true
            }
        }
    }
}

impl Record for AgreementRecord {
    fn to_bytes(&self) -> Vec<u8> {
        let signatures = self.signatures.iter().map(|(node, key, signature)| {
            Value::Object(
                Object::new()
                    .with("node", text(node))
                    .with("key", text(key))
                    .with("signature", hex(signature)),
            )
        });
        let states = self.states.iter().map(|state| {
            Value::Object(
                Object::new()
                    .with("node", text(state.node))
                    .with("serial", int(state.serial))
                    .with("suspended", state.suspended)
                    .with("at", text(state.at)),
            )
        });
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("agreement", hex(&self.bytes))
                .with("signatures", signatures.collect::<Vec<Value>>())
                .with("states", states.collect::<Vec<Value>>()),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("agreement record", bytes)?;
        fields.version(1)?;
        let agreement_bytes = bytes_field(&mut fields, "agreement")?;
        let record = Self {
            agreement: Agreement::from_bytes(&agreement_bytes)?,
            bytes: agreement_bytes,
            signatures: fields
                .list("signatures")?
                .into_iter()
                .map(signature_from)
                .collect::<Result<_, _>>()?,
            states: fields
                .list("states")?
                .into_iter()
                .map(state_from)
                .collect::<Result<_, _>>()?,
        };
        fields.end()?;
        Ok(record)
    }
}

fn signature_from(value: Value) -> Result<(NodeId, KeyId, [u8; 64]), DocumentError> {
    let mut fields = Fields::of("agreement signature", value)?;
    let signature = (
        fields.parsed("node")?,
        fields.parsed("key")?,
        fields.hex("signature")?,
    );
    fields.end()?;
    Ok(signature)
}

fn state_from(value: Value) -> Result<AgreementState, DocumentError> {
    let mut fields = Fields::of("agreement state", value)?;
    let state = AgreementState {
        node: fields.parsed("node")?,
        serial: fields.number("serial")?,
        suspended: flag(&mut fields, "suspended")?,
        at: fields.parsed("at")?,
    };
    fields.end()?;
    Ok(state)
}

/// Where an act stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActState {
    /// Written down, signed by nobody.
    Prepared,
    /// Signed by the requester; waits for a second person.
    Pending,
    /// Took effect.
    Done,
    /// Sent back: what it would do has changed.
    Returned,
}

impl ActState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Returned => "returned",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Prepared, Self::Pending, Self::Done, Self::Returned]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// An act with what was signed under it so far.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ActRecord {
    pub(crate) act: Act,
    pub(crate) state: ActState,
    pub(crate) needs_two: bool,
    pub(crate) request: Option<Endorsement>,
    pub(crate) approval: Option<Endorsement>,
    /// Bytes the act needs beside itself: the manifest to be, the agreement object.
    pub(crate) attachment: Option<Vec<u8>>,
    /// The root's signature over the attached manifest.
    pub(crate) root_signature: Option<[u8; 64]>,
    /// Why it was returned.
    pub(crate) note: Option<String>,
}

impl Record for ActRecord {
    fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", 1)
            .with("act", hex(&self.act.to_bytes()))
            .with("state", self.state.as_str())
            .with("needs_two", self.needs_two);
        maybe(
            &mut object,
            "request",
            self.request.as_ref().map(endorsement_value),
        );
        maybe(
            &mut object,
            "approval",
            self.approval.as_ref().map(endorsement_value),
        );
        maybe(
            &mut object,
            "attachment",
            self.attachment.as_deref().map(hex),
        );
        maybe(
            &mut object,
            "root_signature",
            self.root_signature.map(|bytes| hex(&bytes)),
        );
        maybe(&mut object, "note", self.note.as_deref().map(Value::from));
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("act record", bytes)?;
        fields.version(1)?;
        let act = Act::from_bytes(&bytes_field(&mut fields, "act")?)?;
        let state = ActState::from_word(&fields.text("state")?)
            .ok_or_else(|| fields.refused("state", "is not known"))?;
        let has_attachment = fields.maybe("attachment");
        let attachment = match has_attachment {
            Some(value) => Some(decode(&fields, "attachment", &value)?),
            None => None,
        };
        let root_signature = match fields.maybe("root_signature") {
            Some(value) => {
                let bytes = decode(&fields, "root_signature", &value)?;
                Some(
                    bytes
                        .try_into()
                        .map_err(|_| fields.refused("root_signature", "is not 64 bytes"))?,
                )
            }
            None => None,
        };
        let record = Self {
            act,
            state,
            needs_two: flag(&mut fields, "needs_two")?,
            request: fields.maybe("request").map(endorsement_from).transpose()?,
            approval: fields.maybe("approval").map(endorsement_from).transpose()?,
            attachment,
            root_signature,
            note: fields.maybe_parsed("note")?,
        };
        fields.end()?;
        Ok(record)
    }
}

fn endorsement_value(endorsement: &Endorsement) -> Value {
    Value::Object(
        Object::new()
            .with("person", endorsement.person.as_str())
            .with("key", text(endorsement.key))
            .with("at", text(endorsement.at))
            .with("signature", hex(&endorsement.signature)),
    )
}

fn endorsement_from(value: Value) -> Result<Endorsement, DocumentError> {
    let mut fields = Fields::of("endorsement", value)?;
    let endorsement = Endorsement {
        person: fields.parsed("person")?,
        key: fields.parsed("key")?,
        at: fields.parsed("at")?,
        signature: fields.hex("signature")?,
    };
    fields.end()?;
    Ok(endorsement)
}

/// An invitation that waits for a partner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Invite {
    pub(crate) code: String,
    pub(crate) expires: Timestamp,
    pub(crate) tries_left: u64,
    pub(crate) by: PersonId,
}

impl Record for Invite {
    fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("code", self.code.as_str())
                .with("expires", text(self.expires))
                .with("tries_left", int(self.tries_left))
                .with("by", self.by.as_str()),
        )
        .canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("invitation record", bytes)?;
        fields.version(1)?;
        let invite = Self {
            code: fields.text("code")?,
            expires: fields.parsed("expires")?,
            tries_left: fields.number("tries_left")?,
            by: fields.parsed("by")?,
        };
        fields.end()?;
        Ok(invite)
    }
}

/// One line of a release plan: what would leave, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlanEntry {
    pub(crate) item: ItemHash,
    pub(crate) rendition: ItemHash,
    pub(crate) reduced: bool,
}

/// Everything a release act would send, per recipient, in the order it would be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlanRecord {
    pub(crate) recipients: Vec<(NodeId, Vec<PlanEntry>)>,
}

const PLAN_VERSION: u8 = 1;

impl PlanRecord {
    /// Items it would send, one for each recipient.
    pub(crate) fn len(&self) -> u64 {
        let lists = self.recipients.iter();
        lists.map(|(_, entries)| entries.len() as u64).sum()
    }

    /// What the approver signs stands for: every recipient, item and outgoing rendition.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![PLAN_VERSION];
        for (node, entries) in &self.recipients {
            bytes.extend_from_slice(node.bytes());
            bytes.extend_from_slice(&(entries.len() as u64).to_be_bytes());
            for entry in entries {
                bytes.extend_from_slice(entry.item.bytes());
                bytes.extend_from_slice(entry.rendition.bytes());
                bytes.push(u8::from(entry.reduced));
            }
        }
        bytes
    }

    /// `None` when the bytes are no plan of this version.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, mut rest) = bytes.split_first()?;
        if *version != PLAN_VERSION {
            return None;
        }
        let mut recipients = Vec::new();
        while !rest.is_empty() {
            let (node, after) = rest.split_first_chunk::<32>()?;
            let (count, after) = after.split_first_chunk::<8>()?;
            let count = usize::try_from(u64::from_be_bytes(*count)).ok()?;
            let size = count.checked_mul(65)?;
            let (listed, after) = after.split_at_checked(size)?;
            rest = after;
            let entries = listed
                .chunks_exact(65)
                .map(plan_entry)
                .collect::<Option<Vec<_>>>()?;
            recipients.push((NodeId::from_bytes(*node), entries));
        }
        Some(Self { recipients })
    }
}

fn plan_entry(bytes: &[u8]) -> Option<PlanEntry> {
    let (item, rest) = bytes.split_first_chunk::<32>()?;
    let (rendition, flag) = rest.split_first_chunk::<32>()?;
    Some(PlanEntry {
        item: ItemHash::from_bytes(*item),
        rendition: ItemHash::from_bytes(*rendition),
        reduced: match flag {
            [0] => false,
            [1] => true,
            _ => return None,
        },
    })
}

pub(crate) fn maybe(object: &mut Object, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        object.insert(key, value);
    }
}

/// A number as JSON keeps it; what is too large for that (2^53 and more) becomes the largest.
pub(crate) fn int(number: u64) -> Value {
    Value::Int(number.min((1 << 53) - 1).cast_signed())
}

pub(crate) fn flag(fields: &mut Fields, field: &str) -> Result<bool, DocumentError> {
    fields
        .value(field)?
        .as_bool()
        .ok_or_else(|| fields.refused(field, "is not true or false"))
}

fn bytes_field(fields: &mut Fields, field: &str) -> Result<Vec<u8>, DocumentError> {
    let value = fields.value(field)?;
    decode(fields, field, &value)
}

fn decode(fields: &Fields, field: &str, value: &Value) -> Result<Vec<u8>, DocumentError> {
    let digits = value.as_str().unwrap_or("?");
    noroshi_model::document::unhex(digits)
        .ok_or_else(|| fields.refused(field, "is not hexadecimal"))
}
