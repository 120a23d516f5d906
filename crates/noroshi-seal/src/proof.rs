//! A proof that one leaf stands in a log: everything needed to check it offline but the log's key.

use data_encoding::BASE64;
use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::json::{Object, Value};

use crate::merkle::{Hash, leaf_hash, verify_inclusion};
use crate::tlog::{Checkpoint, NoteError};

/// The proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafProof {
    /// The leaf's bytes.
    pub leaf: Vec<u8>,
    /// Its position.
    pub index: u64,
    /// The audit path.
    pub path: Vec<Hash>,
    /// The signed checkpoint it leads to.
    pub checkpoint: String,
}

/// Why a proof does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafProofError {
    /// The checkpoint is not signed by the log.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] NoteError),
    /// The path does not lead to the checkpoint's root.
    #[error("the path does not lead from the leaf to the checkpoint's root")]
    Path,
}

impl LeafProof {
    const DOCUMENT: &str = "leaf proof";

    /// As a JSON document.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let path: Vec<String> = self.path.iter().map(|hash| BASE64.encode(hash)).collect();
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("leaf", BASE64.encode(&self.leaf))
                .with("index", i64::try_from(self.index).unwrap_or(i64::MAX))
                .with("path", path)
                .with("checkpoint", self.checkpoint.as_str()),
        )
    }

    /// Read that document.
    ///
    /// # Errors
    /// A field missing, unknown or refused.
    pub fn from_value(value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(Self::DOCUMENT, value)?;
        fields.version(1)?;
        if fields.text("document")? != Self::DOCUMENT {
            return Err(fields.refused("document", "is not `leaf proof`"));
        }
        let base64 = |text: &str| BASE64.decode(text.as_bytes()).ok();
        let leaf =
            base64(&fields.text("leaf")?).ok_or_else(|| fields.refused("leaf", "is not base64"))?;
        let steps: Vec<String> = fields.parsed_list("path")?;
        if steps.len() > 64 {
            return Err(fields.refused("path", "has more than 64 steps"));
        }
        let path = steps
            .iter()
            .map(|step| base64(step).and_then(|bytes| bytes.try_into().ok()))
            .collect::<Option<Vec<Hash>>>()
            .ok_or_else(|| fields.refused("path", "holds something that is not 32 bytes"))?;
        let proof = Self {
            leaf,
            index: fields.number("index")?,
            path,
            checkpoint: fields.text("checkpoint")?,
        };
        fields.end()?;
        Ok(proof)
    }

    /// Check it against a log's name and key; the checkpoint it rests on.
    ///
    /// # Errors
    /// See [`LeafProofError`].
    pub fn verify(&self, name: &str, public: &[u8; 32]) -> Result<Checkpoint, LeafProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, name, public)?;
        let leaf = leaf_hash(&self.leaf);
        let holds = verify_inclusion(
            &leaf,
            self.index,
            checkpoint.size,
            &self.path,
            &checkpoint.root,
        );
        if holds {
            Ok(checkpoint)
        } else {
            Err(LeafProofError::Path)
        }
    }
}
