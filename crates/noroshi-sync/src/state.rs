//! What of a link must survive a crash.

use serde::{Deserialize, Serialize};

use crate::ranges::Ranges;

/// Version of the stored form.
const VERSION: u8 = 1;

/// The durable state of a link, both directions. The node keeps it in the transaction that applies
/// what came, so that nothing is acknowledged that is not durable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkState {
    /// Number of this side's last sending epoch; the next is higher.
    pub sending_epoch: u64,
    /// Highest epoch accepted from the peer.
    pub peer_epoch: u64,
    /// Digest of the announcement that opened it: another under the same number is a fork.
    pub peer_announcement: Option<[u8; 32]>,
    /// Entries of the peer's log that are applied here. Numbers are the log's, not the epoch's:
    /// they go on when an epoch begins.
    pub applied: Ranges,
}

impl LinkState {
    /// The stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        let body = postcard::to_allocvec(self).expect("invariant: plain numbers can be written");
        bytes.extend(body);
        bytes
    }

    /// Read it; `None` when it is not of this version or damaged.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, body) = bytes.split_first()?;
        let state: Self = postcard::from_bytes(body)
            .ok()
            .filter(|_| *version == VERSION)?;
        state.applied.is_well_formed().then_some(state)
    }
}
