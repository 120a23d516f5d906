//! Originator's control: the question whether an item may be passed on, the originator's answer,
//! and what a forwarding node tells the originator of the hops behind it.
//!
//! All three travel as signed documents ([`crate::signed::Signed`]) in the log that a node keeps
//! for a partner. A grant is the originator's word for one item, one forwarding node, one
//! recipient and one purpose, until an instant; it says nothing else and serves nobody else.

use crate::act::words;
use crate::agreement::{Party, party, party_value};
use crate::document::{DocumentError, Fields, hex, text, unhex};
use crate::ids::{Digest, ItemHash, NodeId, StixId};
use crate::json::{Object, Value};
use crate::link::Fate;
use crate::org::World;
use crate::signed::signable;
use crate::time::Timestamp;

/// Longest reason, in bytes.
pub const REASON_MAX: usize = 500;
/// Longest purpose, in bytes.
pub const PURPOSE_MAX: usize = 100;

/// A forwarding node asks an originator: may this item go on to that recipient?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRequest {
    /// Operational or exercise.
    pub world: World,
    /// The forwarding node, which asks.
    pub by: NodeId,
    /// The originator, which answers for the item.
    pub to: NodeId,
    /// The item as the forwarding node holds it.
    pub item: ItemHash,
    /// Its STIX identifier.
    pub id: StixId,
    /// Its version.
    pub modified: Timestamp,
    /// To whom it would go.
    pub recipient: Party,
    /// For what purpose; the release must name the same.
    pub purpose: String,
    /// Why, for the originator's people; 1 to 500 bytes.
    pub reason: String,
    /// When it was asked.
    pub at: Timestamp,
    /// After this the question lapses; at most [`ConsentRequest::DAYS_MAX`] days on.
    pub expires: Timestamp,
}

impl ConsentRequest {
    const DOCUMENT: &str = "consent request";
    /// Longest a question stays open, in days.
    pub const DAYS_MAX: i64 = 31;

    /// The request's name: SHA-256 of its bytes. An answer names it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// The canonical bytes, signed by the item key under [`crate::Context::ConsentRequest`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("world", self.world.as_str())
                .with("by", text(self.by))
                .with("to", text(self.to))
                .with("item", text(self.item))
                .with("id", self.id.as_str())
                .with("modified", text(self.modified))
                .with("recipient", party_value(&self.recipient))
                .with("purpose", self.purpose.as_str())
                .with("reason", self.reason.as_str())
                .with("at", text(self.at))
                .with("expires", text(self.expires)),
        )
        .canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`ConsentRequest::to_bytes`] writes it; a question of a node to
    /// itself, on its own behalf or the originator's, or one that is open for too long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = opened(Self::DOCUMENT, bytes)?;
        let request = Self {
            world: fields.parsed("world")?,
            by: fields.parsed("by")?,
            to: fields.parsed("to")?,
            item: fields.parsed("item")?,
            id: fields.parsed("id")?,
            modified: fields.parsed("modified")?,
            recipient: party(fields.value("recipient")?)?,
            purpose: words_of(&mut fields, "purpose", PURPOSE_MAX)?,
            reason: words_of(&mut fields, "reason", REASON_MAX)?,
            at: fields.parsed("at")?,
            expires: fields.parsed("expires")?,
        };
        three_nodes(&fields, [&request.by, &request.to, &request.recipient.node])?;
        let latest = request.at.plus_seconds(Self::DAYS_MAX * 86_400);
        if request.expires <= request.at || request.expires > latest {
            return Err(fields.refused("expires", "is not within 31 days after `at`"));
        }
        for (field, name) in [
            ("name_en", &request.recipient.name_en),
            ("name_ja", &request.recipient.name_ja),
        ] {
            if !is_words(name, 200) {
                return Err(fields.refused(field, "is not 1 to 200 bytes of text"));
            }
        }
        fields.end()?;
        Ok(request)
    }
}
signable!(ConsentRequest, "consent_request", ConsentRequest);

words! {
    /// What an originator answers.
    Verdict {
        /// It may go on, as the answer says.
        Granted = "granted",
        /// It may not.
        Declined = "declined",
        /// It may not any more, from the moment this arrives.
        Withdrawn = "withdrawn",
    }
}

/// The originator's answer. Only a grant opens anything; a refusal or withdrawal is final for its
/// request, so that an old grant played again opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentAnswer {
    /// Operational or exercise.
    pub world: World,
    /// The originator.
    pub by: NodeId,
    /// The forwarding node.
    pub to: NodeId,
    /// The request's digest.
    pub request: Digest,
    /// The item.
    pub item: ItemHash,
    /// The node it may go on to.
    pub recipient: NodeId,
    /// For this purpose.
    pub purpose: String,
    /// What is answered.
    pub verdict: Verdict,
    /// Why, where it is not a grant; at most 500 bytes, empty for a grant.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// A grant ends at this instant. For the other verdicts the same as `at`.
    pub until: Timestamp,
}

impl ConsentAnswer {
    const DOCUMENT: &str = "consent answer";
    /// Longest a grant lasts, in days.
    pub const DAYS_MAX: i64 = 366;

    /// The canonical bytes, signed by the item key under [`crate::Context::ConsentAnswer`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("world", self.world.as_str())
                .with("by", text(self.by))
                .with("to", text(self.to))
                .with("request", text(self.request))
                .with("item", text(self.item))
                .with("recipient", text(self.recipient))
                .with("purpose", self.purpose.as_str())
                .with("verdict", self.verdict.as_str())
                .with("reason", self.reason.as_str())
                .with("at", text(self.at))
                .with("until", text(self.until)),
        )
        .canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`ConsentAnswer::to_bytes`] writes it; a grant without an end or
    /// for longer than a year.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = opened(Self::DOCUMENT, bytes)?;
        let answer = Self {
            world: fields.parsed("world")?,
            by: fields.parsed("by")?,
            to: fields.parsed("to")?,
            request: fields.parsed("request")?,
            item: fields.parsed("item")?,
            recipient: fields.parsed("recipient")?,
            purpose: words_of(&mut fields, "purpose", PURPOSE_MAX)?,
            verdict: Verdict::from_word(&fields.text("verdict")?)
                .ok_or_else(|| fields.refused("verdict", "is not known to this node"))?,
            reason: fields.text("reason")?,
            at: fields.parsed("at")?,
            until: fields.parsed("until")?,
        };
        three_nodes(&fields, [&answer.by, &answer.to, &answer.recipient])?;
        let latest = answer.at.plus_seconds(Self::DAYS_MAX * 86_400);
        let fits = match answer.verdict {
            Verdict::Granted => {
                answer.reason.is_empty() && answer.until > answer.at && answer.until <= latest
            }
            Verdict::Declined | Verdict::Withdrawn => {
                is_words(&answer.reason, REASON_MAX) && answer.until == answer.at
            }
        };
        if !fits {
            return Err(fields.refused("verdict", "does not go with `reason` and `until`"));
        }
        fields.end()?;
        Ok(answer)
    }
}
signable!(ConsentAnswer, "consent_answer", ConsentAnswer);

/// A node that an item went on to, as the forwarding node tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Who passed it on to the hop.
    pub via: NodeId,
    /// The hop.
    pub party: Party,
    /// What became of the item there; absent while the hop has not answered.
    pub fate: Option<Fate>,
    /// The hop's own signed receipt for the recall, where it covers nothing else.
    pub receipt: Option<Vec<u8>>,
}

/// What a forwarding node tells whoever sent it a recall: where the item had gone on to, and what
/// those hops said. A later report replaces an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HopReport {
    /// Operational or exercise.
    pub world: World,
    /// The forwarding node.
    pub by: NodeId,
    /// Who sent it the recall.
    pub to: NodeId,
    /// SHA-256 of the signed recall.
    pub recall: Digest,
    /// The item recalled.
    pub item: ItemHash,
    /// Rises with every report on this recall.
    pub serial: u64,
    /// When.
    pub at: Timestamp,
    /// Hops whose existence the reader may know.
    pub hops: Vec<Hop>,
    /// How many others have answered.
    pub others_answered: u64,
    /// How many others have not.
    pub others_outstanding: u64,
}

impl HopReport {
    const DOCUMENT: &str = "hop report";
    /// Most hops named in one report; more are only counted.
    pub const HOPS_MAX: usize = 64;
    /// Longest receipt in a report, in bytes: one that covers a single entry is far shorter.
    pub const RECEIPT_MAX: usize = 1536;

    /// The canonical bytes, signed by the item key under [`crate::Context::HopReport`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let int = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let hops = self.hops.iter().map(hop_value).collect::<Vec<Value>>();
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("world", self.world.as_str())
                .with("by", text(self.by))
                .with("to", text(self.to))
                .with("recall", text(self.recall))
                .with("item", text(self.item))
                .with("serial", int(self.serial))
                .with("at", text(self.at))
                .with("hops", hops)
                .with("others_answered", int(self.others_answered))
                .with("others_outstanding", int(self.others_outstanding)),
        )
        .canonical()
    }

    /// Read those bytes.
    ///
    /// # Errors
    /// Anything not exactly as [`HopReport::to_bytes`] writes it, or too many hops.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = opened(Self::DOCUMENT, bytes)?;
        let listed = fields.list("hops")?;
        if listed.len() > Self::HOPS_MAX {
            return Err(fields.refused("hops", "names more than 64"));
        }
        let report = Self {
            world: fields.parsed("world")?,
            by: fields.parsed("by")?,
            to: fields.parsed("to")?,
            recall: fields.parsed("recall")?,
            item: fields.parsed("item")?,
            serial: fields.number("serial")?,
            at: fields.parsed("at")?,
            hops: listed.into_iter().map(hop).collect::<Result<_, _>>()?,
            others_answered: fields.number("others_answered")?,
            others_outstanding: fields.number("others_outstanding")?,
        };
        fields.end()?;
        Ok(report)
    }
}
signable!(HopReport, "hop_report", HopReport);

fn hop_value(hop: &Hop) -> Value {
    let mut object = Object::new()
        .with("via", text(hop.via))
        .with("party", party_value(&hop.party));
    if let Some(fate) = hop.fate {
        object.insert("fate", fate.as_str());
    }
    if let Some(receipt) = &hop.receipt {
        object.insert("receipt", hex(receipt));
    }
    Value::Object(object)
}

fn hop(value: Value) -> Result<Hop, DocumentError> {
    let mut fields = Fields::of("hop", value)?;
    let fate: Option<String> = fields.maybe_parsed("fate")?;
    let receipt: Option<String> = fields.maybe_parsed("receipt")?;
    let hop = Hop {
        via: fields.parsed("via")?,
        party: party(fields.value("party")?)?,
        fate: fate
            .map(|word| {
                Fate::from_word(&word)
                    .ok_or_else(|| fields.refused("fate", "is not known to this node"))
            })
            .transpose()?,
        receipt: receipt
            .map(|digits| {
                unhex(&digits)
                    .filter(|bytes| bytes.len() <= HopReport::RECEIPT_MAX)
                    .ok_or_else(|| fields.refused("receipt", "is not a short receipt"))
            })
            .transpose()?,
    };
    let named = [&hop.party.name_en, &hop.party.name_ja];
    if !named.iter().all(|name| is_words(name, 200)) {
        return Err(fields.refused("party", "has a name that is not 1 to 200 bytes of text"));
    }
    fields.end()?;
    Ok(hop)
}

/// The fields of a document of this kind, at version 1.
fn opened(document: &'static str, bytes: &[u8]) -> Result<Fields, DocumentError> {
    let mut fields = Fields::read(document, bytes)?;
    fields.version(1)?;
    if fields.text("document")? == document {
        Ok(fields)
    } else {
        Err(fields.refused("document", format_args!("is not `{document}`")))
    }
}

/// Is this text for people: not empty, not too long, without control characters?
#[must_use]
pub fn is_words(text: &str, bytes_max: usize) -> bool {
    (1..=bytes_max).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn words_of(fields: &mut Fields, field: &str, bytes_max: usize) -> Result<String, DocumentError> {
    let text = fields.text(field)?;
    if is_words(&text, bytes_max) {
        Ok(text)
    } else {
        Err(fields.refused(field, format_args!("is not 1 to {bytes_max} bytes of text")))
    }
}

fn three_nodes(fields: &Fields, nodes: [&NodeId; 3]) -> Result<(), DocumentError> {
    let [by, to, recipient] = nodes;
    if by == to || by == recipient || to == recipient {
        return Err(fields.refused("recipient", "is not a third node"));
    }
    Ok(())
}
