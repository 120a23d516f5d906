//! What the entries of the simulation say: items, recalls, receipts, in their simplest form.

use noroshi_model::Digest;
use noroshi_model::link::{EntryKind, Fate};
use serde::{Deserialize, Serialize};

/// One line of a receipt: number, digest and fate.
pub(crate) type Said = (u64, Digest, Fate);

/// The content of an entry.
pub(crate) enum Content {
    /// Something shared; its digest is its name.
    Item { id: u64, padding: usize },
    /// A recall by the node of that index, with its clock's word on when, and when the item was.
    Recall {
        by: usize,
        item: Digest,
        at: i64,
        item_at: i64,
    },
    /// What became of entries.
    Receipt(Vec<Said>),
}

#[derive(Serialize, Deserialize)]
enum Wire {
    Item(u64, Vec<u8>),
    Recall(usize, [u8; 32], i64, i64),
    Receipt(Vec<(u64, [u8; 32], String)>),
}

impl Content {
    pub(crate) fn kind(&self) -> EntryKind {
        match self {
            Self::Item { .. } => EntryKind::Document,
            Self::Recall { .. } => EntryKind::Recall,
            Self::Receipt(_) => EntryKind::Receipt,
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let wire = match self {
            Self::Item { id, padding } => Wire::Item(*id, vec![7; *padding]),
            Self::Recall {
                by,
                item,
                at,
                item_at,
            } => Wire::Recall(*by, item.0, *at, *item_at),
            Self::Receipt(said) => Wire::Receipt(
                said.iter()
                    .map(|(number, digest, fate)| (*number, digest.0, fate.as_str().to_owned()))
                    .collect(),
            ),
        };
        postcard::to_allocvec(&wire).expect("plain data can be written")
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        Some(match postcard::from_bytes(bytes).ok()? {
            Wire::Item(id, padding) => Self::Item {
                id,
                padding: padding.len(),
            },
            Wire::Recall(by, item, at, item_at) => Self::Recall {
                by,
                item: Digest(item),
                at,
                item_at,
            },
            Wire::Receipt(said) => Self::Receipt(
                said.into_iter()
                    .map(|(number, digest, fate)| {
                        Some((number, Digest(digest), Fate::from_word(&fate)?))
                    })
                    .collect::<Option<_>>()?,
            ),
        })
    }
}
