//! What of a link must survive a crash.

use serde::{Deserialize, Serialize};

use crate::ranges::Ranges;

/// Version of the stored form.
const VERSION: u8 = 2;
/// Before it was kept which key had announced the peer's epoch.
const VERSION_WITHOUT_KEY: u8 = 1;

/// The durable state of a link, both directions. The node keeps it in the transaction that applies
/// what came, so that nothing is acknowledged that is not durable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkState {
    /// Number of this side's last sending epoch; the next is higher.
    pub sending_epoch: u64,
    /// Highest epoch accepted from the peer.
    pub peer_epoch: u64,
    /// Digest of the announcement that opened it: another under the same number is a fork. None
    /// where that epoch is over, because the key that announced it was revoked.
    pub peer_announcement: Option<[u8; 32]>,
    /// Entries of the peer's log that are applied here. Numbers are the log's, not the epoch's:
    /// they go on when an epoch begins.
    pub applied: Ranges,
    /// The peer's item key that signed that announcement; none where that was not kept.
    pub peer_key: Option<[u8; 32]>,
}

/// The state as version 1 had it.
#[derive(Deserialize)]
struct WithoutKey {
    sending_epoch: u64,
    peer_epoch: u64,
    peer_announcement: Option<[u8; 32]>,
    applied: Ranges,
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
        let state = match *version {
            VERSION => postcard::from_bytes::<Self>(body).ok()?,
            VERSION_WITHOUT_KEY => {
                let before: WithoutKey = postcard::from_bytes(body).ok()?;
                Self {
                    sending_epoch: before.sending_epoch,
                    peer_epoch: before.peer_epoch,
                    peer_announcement: before.peer_announcement,
                    applied: before.applied,
                    peer_key: None,
                }
            }
            _ => return None,
        };
        state.applied.is_well_formed().then_some(state)
    }
}
