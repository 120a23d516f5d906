//! What parties tell each other of an agreement: its bytes with signatures, and that one of them
//! suspends or resumes it.

use noroshi_model::agreement::Agreement;
use noroshi_model::document::{DocumentError, Fields, hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Context, ItemHash, KeyId, NodeId, Signer, Verifier, signing};
use noroshi_seal::sign::Ed25519;

use crate::records::{AgreementRecord, AgreementState, int};

/// An agreement with its signatures, on its way to a party.
pub(crate) struct AgreementDocument {
    pub(crate) agreement: Agreement,
    pub(super) bytes: Vec<u8>,
    pub(super) signatures: Vec<(NodeId, KeyId, [u8; 64])>,
}

impl AgreementDocument {
    const DOCUMENT: &str = "agreement";

    pub(super) fn of(record: &AgreementRecord) -> Self {
        Self {
            agreement: record.agreement.clone(),
            bytes: record.bytes.clone(),
            signatures: record.signatures.clone(),
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let signatures = self.signatures.iter().map(|(node, key, signature)| {
            Value::Object(
                Object::new()
                    .with("node", text(node))
                    .with("key", text(key))
                    .with("signature", hex(signature)),
            )
        });
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("agreement", self.agreement.to_value())
                .with("signatures", signatures.collect::<Vec<Value>>()),
        )
        .canonical()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("agreement document", bytes)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `agreement`"));
        }
        let bytes = fields.value("agreement")?.canonical();
        let agreement = Agreement::from_bytes(&bytes)?;
        let listed = fields.list("signatures")?;
        if listed.len() > Agreement::LIST_MAX {
            return Err(fields.refused("signatures", "lists more than 256"));
        }
        let mut signatures = Vec::new();
        for value in listed {
            let mut one = Fields::of("agreement signature", value)?;
            signatures.push((
                one.parsed("node")?,
                one.parsed("key")?,
                one.hex("signature")?,
            ));
            one.end()?;
        }
        fields.end()?;
        Ok(Self {
            agreement,
            bytes,
            signatures,
        })
    }
}

/// A party's signed word on whether the agreement rests.
pub(crate) struct StateDocument {
    pub(crate) agreement: ItemHash,
    pub(super) state: AgreementState,
    pub(super) key: KeyId,
    pub(super) signature: [u8; 64],
}

impl StateDocument {
    /// The word that tells this document from others.
    pub(crate) const DOCUMENT: &str = "agreement.state";

    pub(super) fn sign(
        agreement: &ItemHash,
        state: &AgreementState,
        world: noroshi_model::World,
        signer: &dyn Signer,
    ) -> Self {
        let mut document = Self {
            agreement: *agreement,
            state: state.clone(),
            key: signer.key_id(),
            signature: [0; 64],
        };
        document.signature = signer.sign(&document.message(world));
        document
    }

    pub(super) fn verifies(&self, public: &[u8; 32], world: noroshi_model::World) -> bool {
        Ed25519.verify(public, &self.message(world), &self.signature)
    }

    fn message(&self, world: noroshi_model::World) -> Vec<u8> {
        let payload = Value::Object(self.body()).canonical();
        signing::message(Context::AgreementState, world, &payload)
    }

    fn body(&self) -> Object {
        Object::new()
            .with("v", 1)
            .with("document", Self::DOCUMENT)
            .with("agreement", text(self.agreement))
            .with("by", text(self.state.node))
            .with("serial", int(self.state.serial))
            .with("suspended", self.state.suspended)
            .with("at", text(self.state.at))
            .with("key", text(self.key))
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        Value::Object(self.body().with("signature", hex(&self.signature))).canonical()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        let mut fields = Fields::read("agreement state", bytes)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `agreement.state`"));
        }
        let suspended = fields
            .value("suspended")?
            .as_bool()
            .ok_or_else(|| fields.refused("suspended", "is not true or false"))?;
        let document = Self {
            agreement: fields.parsed("agreement")?,
            state: AgreementState {
                node: fields.parsed("by")?,
                serial: fields.number("serial")?,
                suspended,
                at: fields.parsed("at")?,
            },
            key: fields.parsed("key")?,
            signature: fields.hex("signature")?,
        };
        fields.end()?;
        Ok(document)
    }
}
