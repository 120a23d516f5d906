//! What a node that came back from a backup asks a partner, and what the partner answers: signed,
//! strictly read, one page at a time.

use noroshi_model::document::{DocumentError, Fields, hex, text, unhex};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Context, Digest, NodeId, Signable, World};
use noroshi_seal::manifest::SignedManifest;
use noroshi_seal::merkle::Hash;

use crate::records::int;

/// Bytes of entries in one answer: with manifests, and in hexadecimal inside its envelope, it stays
/// below the longest string that is read.
pub(crate) const PAGE_BYTES: usize = 150_000;
/// Longest checkpoint note, in bytes.
const NOTE_BYTES_MAX: usize = 16 * 1024;

/// How far a log goes, and the root over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) size: u64,
    pub(crate) root: Digest,
}

/// What a restored node asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) world: World,
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    /// The answer names it, so that no older answer serves.
    pub(crate) nonce: [u8; 16],
    /// With the keys of its new life.
    pub(crate) manifest: SignedManifest,
    /// Its log for the partner, as it still has it.
    pub(crate) sent: Extent,
    /// The partner's log for it, as it still has it without a gap.
    pub(crate) received: Extent,
    /// Entries of its log for the partner are asked for from this number on.
    pub(crate) next: u64,
}

impl Signable for Question {
    const FIELD: &'static str = "recovery_question";
    const CONTEXT: Context = Context::Recovery;

    fn world(&self) -> World {
        self.world
    }

    fn to_bytes(&self) -> Vec<u8> {
        let object = Object::new()
            .with("v", 1)
            .with("document", Self::FIELD)
            .with("world", self.world.as_str())
            .with("from", text(self.from))
            .with("to", text(self.to))
            .with("nonce", hex(&self.nonce))
            .with("next", int(self.next));
        let object = with_manifest(object, "manifest", &self.manifest);
        let object = with_extent(object, "sent", &self.sent);
        let object = with_extent(object, "received", &self.received);
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = begin(Self::FIELD, bytes)?;
        let question = Self {
            world: fields.parsed("world")?,
            from: fields.parsed("from")?,
            to: fields.parsed("to")?,
            nonce: fields.hex("nonce")?,
            manifest: manifest_of(&mut fields, "manifest")?,
            sent: extent_of(&mut fields, "sent")?,
            received: extent_of(&mut fields, "received")?,
            next: fields.number("next")?,
        };
        fields.end()?;
        Ok(question)
    }
}

/// An entry of the asker's log as the partner mirrored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) number: u64,
    /// The leaf's bytes; only its hash where the content was voided before it left.
    pub(crate) leaf: Result<Vec<u8>, Hash>,
    /// The signed recall it stands for, where the partner kept it.
    pub(crate) recall: Option<Vec<u8>>,
}

/// What the partner answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) world: World,
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) nonce: [u8; 16],
    /// The partner's own, as it is now.
    pub(crate) manifest: SignedManifest,
    /// The asker's, as the partner knew it before the restore.
    pub(crate) before: Option<SignedManifest>,
    /// Where what the asker states contradicts what the partner has.
    pub(crate) contradiction: Option<String>,
    /// The asker's log as the partner has it without a gap.
    pub(crate) held: Extent,
    /// The newest checkpoint of that log that the asker signed.
    pub(crate) checkpoint: Option<String>,
    /// The highest epoch of the asker that the partner knows.
    pub(crate) epoch: u64,
    /// Size of the partner's log for the asker: what it will send again up to there.
    pub(crate) size: u64,
    /// Entries from the number asked for, rising.
    pub(crate) entries: Vec<Known>,
    /// Are there more behind them?
    pub(crate) more: bool,
}

impl Signable for Answer {
    const FIELD: &'static str = "recovery_answer";
    const CONTEXT: Context = Context::Recovery;

    fn world(&self) -> World {
        self.world
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut object = Object::new()
            .with("v", 1)
            .with("document", Self::FIELD)
            .with("world", self.world.as_str())
            .with("from", text(self.from))
            .with("to", text(self.to))
            .with("nonce", hex(&self.nonce))
            .with("epoch", int(self.epoch))
            .with("size", int(self.size))
            .with(
                "entries",
                self.entries.iter().map(entry_value).collect::<Vec<_>>(),
            )
            .with("more", self.more);
        object = with_manifest(object, "manifest", &self.manifest);
        if let Some(before) = &self.before {
            object = with_manifest(object, "before", before);
        }
        object = with_extent(object, "held", &self.held);
        if let Some(why) = &self.contradiction {
            object.insert("contradiction", why.as_str());
        }
        if let Some(note) = &self.checkpoint {
            object.insert("checkpoint", note.as_str());
        }
        Value::Object(object).canonical()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = begin(Self::FIELD, bytes)?;
        let listed = fields.list("entries")?;
        let entries = listed.into_iter().map(entry_from);
        let answer = Self {
            entries: entries.collect::<Result<Vec<_>, _>>()?,
            world: fields.parsed("world")?,
            from: fields.parsed("from")?,
            to: fields.parsed("to")?,
            nonce: fields.hex("nonce")?,
            manifest: manifest_of(&mut fields, "manifest")?,
            before: match fields.maybe("before") {
                None => None,
                Some(value) => Some(manifest_from("before", value)?),
            },
            contradiction: fields.maybe_parsed("contradiction")?,
            held: extent_of(&mut fields, "held")?,
            checkpoint: fields.maybe_parsed("checkpoint")?,
            epoch: fields.number("epoch")?,
            size: fields.number("size")?,
            more: fields
                .value("more")?
                .as_bool()
                .ok_or_else(|| fields.refused("more", "is not true or false"))?,
        };
        let rising = answer
            .entries
            .windows(2)
            .all(|two| matches!(two, [a, b] if a.number < b.number));
        if !rising {
            return Err(fields.refused("entries", "do not rise"));
        }
        let long = |text: &Option<String>| {
            text.as_ref()
                .is_some_and(|text| text.len() > NOTE_BYTES_MAX)
        };
        if long(&answer.checkpoint) || long(&answer.contradiction) {
            return Err(fields.refused("checkpoint", "is too long"));
        }
        fields.end()?;
        Ok(answer)
    }
}

fn begin(document: &'static str, bytes: &[u8]) -> Result<Fields, DocumentError> {
    let mut fields = Fields::read(document, bytes)?;
    fields.version(1)?;
    if fields.text("document")? != document {
        return Err(fields.refused("document", "is another document"));
    }
    Ok(fields)
}

fn with_extent(mut object: Object, name: &str, extent: &Extent) -> Object {
    let value = Object::new()
        .with("size", int(extent.size))
        .with("root", text(extent.root));
    object.insert(name, Value::Object(value));
    object
}

fn extent_of(fields: &mut Fields, name: &str) -> Result<Extent, DocumentError> {
    let mut inner = Fields::of("extent", fields.value(name)?)?;
    let extent = Extent {
        size: inner.number("size")?,
        root: inner.parsed("root")?,
    };
    inner.end()?;
    Ok(extent)
}

fn with_manifest(mut object: Object, name: &str, signed: &SignedManifest) -> Object {
    let value = Object::new()
        .with("bytes", hex(&signed.bytes))
        .with("signature", hex(&signed.signature));
    object.insert(name, Value::Object(value));
    object
}

fn manifest_of(fields: &mut Fields, name: &'static str) -> Result<SignedManifest, DocumentError> {
    manifest_from(name, fields.value(name)?)
}

fn manifest_from(name: &'static str, value: Value) -> Result<SignedManifest, DocumentError> {
    let mut inner = Fields::of(name, value)?;
    let digits = inner.text("bytes")?;
    let signed = SignedManifest {
        bytes: unhex(&digits).ok_or_else(|| inner.refused("bytes", "is not hexadecimal"))?,
        signature: inner.hex("signature")?,
    };
    inner.end()?;
    Ok(signed)
}

fn entry_value(entry: &Known) -> Value {
    let mut object = Object::new().with("n", int(entry.number));
    match &entry.leaf {
        Ok(leaf) => object.insert("leaf", hex(leaf)),
        Err(hash) => object.insert("hash", hex(hash)),
    };
    if let Some(recall) = &entry.recall {
        object.insert("recall", hex(recall));
    }
    Value::Object(object)
}

fn entry_from(value: Value) -> Result<Known, DocumentError> {
    let mut fields = Fields::of("recovered entry", value)?;
    let number = fields.number("n")?;
    let bytes = |fields: &Fields, field: &str, value: Value| {
        let digits = value.as_str().unwrap_or("?");
        unhex(digits).ok_or_else(|| fields.refused(field, "is not hexadecimal"))
    };
    let leaf = match fields.maybe("leaf") {
        Some(value) => Ok(bytes(&fields, "leaf", value)?),
        None => Err(fields.hex("hash")?),
    };
    let recall = match fields.maybe("recall") {
        Some(value) => Some(bytes(&fields, "recall", value)?),
        None => None,
    };
    fields.end()?;
    Ok(Known {
        number,
        leaf,
        recall,
    })
}
