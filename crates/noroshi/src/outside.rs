//! The flow's ports to the outside, over the network room.

use std::io::Write;

use noroshi_model::{KeyId, NodeId};
use noroshi_net::{Fetcher, Outbound};
use noroshi_node::{Outside, OutsideError};
use noroshi_taxii::client::{Call, CallFault, Reply};
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;

/// The network, as the flow asks for it. Its calls block: never on a thread of the runtime.
pub(crate) struct Network {
    pub(crate) outbound: Outbound,
    pub(crate) fetcher: Fetcher,
    pub(crate) handle: Handle,
    /// Where a wake goes; none where no server runs.
    pub(crate) wake: Option<UnboundedSender<NodeId>>,
}

impl Outside for Network {
    fn pair(&self, address: &str, message: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        let call = self.outbound.pair(address, message.to_vec());
        self.handle
            .block_on(call)
            .map_err(|error| unreachable(address, &error))
    }

    fn recover(&self, address: &str, message: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        let call = self.outbound.recover(address, message.to_vec());
        self.handle
            .block_on(call)
            .map_err(|error| unreachable(address, &error))
    }

    fn exchange(
        &self,
        address: &str,
        pinned: &[KeyId],
        frames: &[u8],
    ) -> Result<Vec<u8>, OutsideError> {
        let call = self.outbound.exchange(address, pinned, frames.to_vec());
        self.handle
            .block_on(call)
            .map_err(|error| unreachable(address, &error))
    }

    fn call(&self, call: &Call<'_>, out: &mut dyn Write) -> Result<Reply, CallFault> {
        self.fetcher.fetch(&self.handle, call, out)
    }

    fn present(&self, tls: &[u8]) {
        // The node made the key itself and has read it back; were it unusable, the old one stays
        // and partners that know of the revocation refuse it.
        let _ = self.outbound.identity().replace(tls);
    }

    fn wake(&self, peer: &NodeId) {
        if let Some(wake) = &self.wake {
            // A server that is stopping listens no more, and needs no waking.
            let _ = wake.send(*peer);
        }
    }
}

fn unreachable(address: &str, error: &noroshi_net::OutboundError) -> OutsideError {
    OutsideError {
        address: address.to_owned(),
        problem: error.to_string(),
    }
}
