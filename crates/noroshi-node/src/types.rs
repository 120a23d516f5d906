//! Who knows the project's own types.
//!
//! Whoever hands this node the definition of the own types has said that it knows them, and is
//! given objects of them as they are. To everybody else the gate lets go only the note or report
//! that stands for one. The word is taken back by recalling the definition, or deleting what was
//! posted.

use noroshi_formats::Valid;
use noroshi_formats::ontology::definitions;
use noroshi_model::agreement::ONTOLOGY_EXTENSION;
use noroshi_model::json::{Object, Value};
use noroshi_model::link::Recall;
use noroshi_model::{Attribution, ItemHash, NodeId};
use noroshi_store::{RecordKind, Tx, WriteError};

use crate::command::Failure;
use crate::node::{Node, store_failure};

/// What others need to know the own types, to be imported and shared like anything: a bundle of
/// their definitions, as they stand in this program's tables.
///
/// # Errors
/// The tables are not sound.
pub fn own_types() -> Result<serde_json::Value, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new("internal", 1, error);
    let definitions = definitions().map_err(|error| failed(&error))?;
    let objects: Vec<Value> = definitions
        .iter()
        .map(|definition| Value::Object(definition.object().clone()))
        .collect();
    let bundle = Object::new()
        .with("type", "bundle")
        .with(
            "id",
            ONTOLOGY_EXTENSION.replace("extension-definition", "bundle"),
        )
        .with("objects", objects);
    serde_json::from_slice(&Value::Object(bundle).canonical()).map_err(|error| failed(&error))
}

/// Is it the definition of the own types?
pub(crate) fn defines_own_types(id: &str) -> bool {
    id == ONTOLOGY_EXTENSION
}

impl Node {
    /// Has this partner or client said that it knows the own types?
    pub(crate) fn knows_own_types(&self, node: &NodeId) -> Result<bool, Failure> {
        let said = self
            .inside()?
            .record(RecordKind::OwnTypes, node.bytes())
            .map_err(store_failure)?;
        Ok(said.is_some())
    }

    /// An item came from a partner. The definition of the own types is its word, where it signed
    /// for it: what another signed may only be passed on.
    pub(crate) fn note_own_types(
        &self,
        tx: &mut Tx<'_>,
        from: &NodeId,
        attribution: &Attribution,
        item: &Valid,
    ) -> Result<(), WriteError> {
        if attribution.node != *from || !defines_own_types(item.head().id.as_str()) {
            return Ok(());
        }
        tx.put(RecordKind::OwnTypes, from.bytes(), item.hash().bytes())
    }

    /// A recall takes its sender's word back where it is for the definition.
    pub(crate) fn forget_own_types(
        &self,
        tx: &mut Tx<'_>,
        recall: &Recall,
    ) -> Result<(), WriteError> {
        let said = tx.get(RecordKind::OwnTypes, recall.by.bytes())?;
        if said.is_some_and(|said| said == ItemHash::bytes(&recall.item)) {
            tx.delete(RecordKind::OwnTypes, recall.by.bytes())?;
        }
        Ok(())
    }

    /// A client posted the definition, or deleted it.
    pub(crate) fn set_own_types(&self, client: &NodeId, knows: bool) -> Result<(), Failure> {
        self.store
            .write(|tx| {
                if knows {
                    tx.put(RecordKind::OwnTypes, client.bytes(), b"")
                } else {
                    tx.delete(RecordKind::OwnTypes, client.bytes())
                }
            })
            .map_err(store_failure::<WriteError>)
    }
}
