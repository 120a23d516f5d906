//! The only door out: connections to partners' links, and to others' servers ([`Fetcher`]). No
//! redirects, no proxies, no names looked up but the one an officer gave.

mod fetch;
mod trust;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use noroshi_model::KeyId;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::tls::{Identity, TlsError};

pub use fetch::{Fetcher, Patience};

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(10);
/// How long one call may take.
const CALL: Duration = Duration::from_secs(120);
/// Largest answer taken, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a call out failed.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// TLS cannot be set up here.
    #[error(transparent)]
    Setup(#[from] TlsError),
    /// No connection stands.
    #[error("no connection: {0}")]
    Connect(#[source] std::io::Error),
    /// The handshake failed: most often another key than those pinned.
    #[error("the TLS handshake failed: {0}; the other side may hold another key than those pinned")]
    Handshake(#[source] std::io::Error),
    /// It took too long.
    #[error("no answer in time")]
    TooSlow,
    /// The connection broke off.
    #[error("the connection broke off: {0}")]
    Broken(#[from] hyper::Error),
    /// The other side refused.
    #[error("the other side answered {status}: {text}")]
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// What it said, shortened.
        text: String,
    },
    /// The answer is longer than taken.
    #[error("the answer is longer than 64 MiB or broke off")]
    Answer,
}

/// Calls out, as this node.
#[derive(Clone)]
pub struct Outbound {
    identity: Identity,
}

impl Outbound {
    /// As the holder of this identity.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self { identity }
    }

    /// Who calls: shared with the listener, so that a key replaced here is replaced there.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Frames there and back, only with the holder of one of the pinned keys.
    ///
    /// # Errors
    /// See [`OutboundError`].
    pub async fn exchange(
        &self,
        address: &str,
        pinned: &[KeyId],
        frames: Vec<u8>,
    ) -> Result<Vec<u8>, OutboundError> {
        let call = self.call(address, Some(pinned.to_vec()), "/link/v1/frames", frames);
        let (answer, _) = timeout(CALL, call)
            .await
            .map_err(|_| OutboundError::TooSlow)??;
        Ok(answer)
    }

    /// One pairing message there and back, with whoever answers; and with which key.
    ///
    /// # Errors
    /// See [`OutboundError`].
    pub async fn pair(
        &self,
        address: &str,
        message: Vec<u8>,
    ) -> Result<(Vec<u8>, KeyId), OutboundError> {
        self.ask(address, "/link/v1/pair", message).await
    }

    /// A question after a restore and its answer, with whoever answers; and with which key.
    ///
    /// # Errors
    /// See [`OutboundError`].
    pub async fn recover(
        &self,
        address: &str,
        message: Vec<u8>,
    ) -> Result<(Vec<u8>, KeyId), OutboundError> {
        self.ask(address, "/link/v1/recover", message).await
    }

    async fn ask(
        &self,
        address: &str,
        path: &str,
        message: Vec<u8>,
    ) -> Result<(Vec<u8>, KeyId), OutboundError> {
        let call = self.call(address, None, path, message);
        let (answer, key) = timeout(CALL, call)
            .await
            .map_err(|_| OutboundError::TooSlow)??;
        Ok((answer, key.ok_or(OutboundError::Answer)?))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where connections go out"
    )]
    async fn call(
        &self,
        address: &str,
        pinned: Option<Vec<KeyId>>,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(Vec<u8>, Option<KeyId>), OutboundError> {
        let seen = Arc::new(Mutex::new(None));
        let config = self.identity.client_config(pinned, Arc::clone(&seen))?;
        let tcp = timeout(CONNECT, TcpStream::connect(address))
            .await
            .map_err(|_| OutboundError::TooSlow)?
            .map_err(OutboundError::Connect)?;
        let _ = tcp.set_nodelay(true);
        // The name is not looked at: the key is pinned.
        let name = ServerName::try_from("noroshi.invalid")
            .map_err(|error| OutboundError::Connect(std::io::Error::other(error)))?;
        let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp);
        let tls = timeout(CONNECT, tls)
            .await
            .map_err(|_| OutboundError::TooSlow)?
            .map_err(OutboundError::Handshake)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(tls)).await?;
        let driver = tokio::spawn(connection);
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("host", "noroshi.invalid")
            .header("content-type", "application/vnd.noroshi.link")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| OutboundError::Connect(std::io::Error::other(error)))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let answer = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await
            .map_err(|_| OutboundError::Answer)?
            .to_bytes();
        driver.abort();
        if status != StatusCode::OK {
            let text: String = String::from_utf8_lossy(&answer).chars().take(200).collect();
            return Err(OutboundError::Refused { status, text });
        }
        let key = *seen
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok((answer.to_vec(), key))
    }
}
