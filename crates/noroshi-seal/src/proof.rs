//! Proofs that one leaf stands in a log, and that a log continues an earlier state of itself:
//! everything needed to check them offline but the log's key.

use data_encoding::BASE64;
use noroshi_model::document::{DocumentError, Fields};
use noroshi_model::json::{Object, Value};

use crate::merkle::{Hash, leaf_hash, verify_consistency, verify_inclusion};
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
pub enum ProofFault {
    /// The checkpoint is not signed by the log.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] NoteError),
    /// The path does not lead to the checkpoint's root.
    #[error("the path does not lead from the leaf to the checkpoint's root")]
    Path,
    /// The path does not lead from the older root to the checkpoint's.
    #[error("the path does not lead from the older root to the checkpoint's root")]
    Continuation,
}

impl LeafProof {
    const DOCUMENT: &str = "leaf proof";

    /// As a JSON document.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("leaf", BASE64.encode(&self.leaf))
                .with("index", i64::try_from(self.index).unwrap_or(i64::MAX))
                .with("path", path_value(&self.path))
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
        let path = path_of(&mut fields)?;
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
    /// See [`ProofFault`].
    pub fn verify(&self, name: &str, public: &[u8; 32]) -> Result<Checkpoint, ProofFault> {
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
            Err(ProofFault::Path)
        }
    }
}

/// The proof that a log continues an earlier state of itself: what was in it then is in it still,
/// in the same places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContinuationProof {
    /// How many leaves the log had then.
    pub from: u64,
    /// Its root then: to be compared with the checkpoint that was kept.
    pub root: Hash,
    /// The path between the two.
    pub path: Vec<Hash>,
    /// The signed checkpoint of the later state.
    pub checkpoint: String,
}

impl ContinuationProof {
    const DOCUMENT: &str = "continuation proof";

    /// As a JSON document.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Object(
            Object::new()
                .with("v", 1)
                .with("document", Self::DOCUMENT)
                .with("from", i64::try_from(self.from).unwrap_or(i64::MAX))
                .with("root", BASE64.encode(&self.root))
                .with("path", path_value(&self.path))
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
            return Err(fields.refused("document", "is not `continuation proof`"));
        }
        let root = hash_from(&fields.text("root")?);
        let proof = Self {
            from: fields.number("from")?,
            root: root.ok_or_else(|| fields.refused("root", "is not 32 bytes in base64"))?,
            path: path_of(&mut fields)?,
            checkpoint: fields.text("checkpoint")?,
        };
        fields.end()?;
        Ok(proof)
    }

    /// Check it against a log's name and key; the later checkpoint. Whether the older root is the
    /// one that was kept is for whoever kept it.
    ///
    /// # Errors
    /// See [`ProofFault`].
    pub fn verify(&self, name: &str, public: &[u8; 32]) -> Result<Checkpoint, ProofFault> {
        let later = Checkpoint::open(&self.checkpoint, name, public)?;
        if verify_consistency(self.from, &self.root, later.size, &later.root, &self.path) {
            Ok(later)
        } else {
            Err(ProofFault::Continuation)
        }
    }
}

fn path_value(path: &[Hash]) -> Vec<String> {
    path.iter().map(|hash| BASE64.encode(hash)).collect()
}

fn path_of(fields: &mut Fields) -> Result<Vec<Hash>, DocumentError> {
    let steps: Vec<String> = fields.parsed_list("path")?;
    if steps.len() > 65 {
        return Err(fields.refused("path", "has more than 65 steps"));
    }
    let hashes = steps.iter().map(|step| hash_from(step));
    hashes
        .collect::<Option<Vec<Hash>>>()
        .ok_or_else(|| fields.refused("path", "holds something that is not 32 bytes"))
}

fn hash_from(text: &str) -> Option<Hash> {
    BASE64.decode(text.as_bytes()).ok()?.try_into().ok()
}
