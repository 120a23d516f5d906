//! Ports to the outside: what the flow needs from sockets, implemented by the binary.

use std::io::Write;

use noroshi_model::{KeyId, NodeId};
use noroshi_taxii::client::{Call, CallFault, Reply};

/// Why the outside did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot reach {address}: {problem}")]
pub struct OutsideError {
    /// `host:port`.
    pub address: String,
    /// What happened, in English.
    pub problem: String,
}

/// The outside world as the flow sees it. Calls block; they are made outside of any lock.
pub trait Outside: Send + Sync {
    /// One pairing message there and back, with the key of the TLS certificate that answered.
    ///
    /// # Errors
    /// No connection, no answer, or a refusal.
    fn pair(&self, address: &str, message: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError>;

    /// A question after a restore and its answer, with the key of the TLS certificate that
    /// answered.
    ///
    /// # Errors
    /// No connection, no answer, or a refusal.
    fn recover(&self, address: &str, message: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError>;

    /// Frames there and back, only with the peer that holds one of the pinned TLS keys.
    ///
    /// # Errors
    /// No connection, another key, no answer, or a refusal.
    fn exchange(
        &self,
        address: &str,
        pinned: &[KeyId],
        frames: &[u8],
    ) -> Result<Vec<u8>, OutsideError>;

    /// A call to somebody's server that is no node; the body of its answer goes into `out`.
    ///
    /// # Errors
    /// There is no whole answer. A status that is no success is no error. An outside that knows no
    /// such servers says that there is no connection.
    fn call(&self, call: &Call<'_>, out: &mut dyn Write) -> Result<Reply, CallFault> {
        let _ = out;
        let said = format!("nothing leads to {} from here", call.target);
        Err(CallFault::Connect(said))
    }

    /// Something waits for this peer: exchange soon.
    fn wake(&self, peer: &NodeId);

    /// The TLS key (PKCS#8) to present from the next connection on.
    fn present(&self, tls: &[u8]);
}
