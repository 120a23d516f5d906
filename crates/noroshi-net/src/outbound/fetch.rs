//! Calls to others' servers: one connection a call, nothing followed, everything capped.
//!
//! A redirect is an answer like any other: whoever asked decides, and nothing is sent to where it
//! leads. A credential goes into the one request to the host it is for.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_ENCODING, HeaderName, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use noroshi_taxii::BodyFault;
use noroshi_taxii::client::{Call, CallFault, Method, Reply};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::trust;
use crate::web::WebLimits;
use crate::web::body::Pipe;
use crate::web::coding::Decoder;

/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 4;
/// Headers of an answer, and the bytes they may take.
const HEADERS_MAX: usize = 100;
const HEADER_BYTES_MAX: usize = 64 * 1024;
/// Read from the decoder at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// How long others may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until a connection stands, TLS included.
    pub connect: Duration,
    /// From then until the head of the answer is there.
    pub head: Duration,
    /// Between two pieces of its body.
    pub piece: Duration,
    /// For the whole body.
    pub body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            head: Duration::from_secs(90),
            piece: Duration::from_secs(30),
            body: Duration::from_secs(600),
        }
    }
}

/// Calls others' servers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fetcher {
    patience: Patience,
}

/// A connection's own task, ended when the call is over.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Fetcher {
    /// With that patience.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self { patience }
    }

    /// Make a call; its answer's body goes into `out`. Blocks: never on a thread of the runtime.
    ///
    /// # Errors
    /// See [`CallFault`]. A status that is no success is no error.
    pub fn fetch(
        &self,
        handle: &Handle,
        call: &Call<'_>,
        out: &mut dyn Write,
    ) -> Result<Reply, CallFault> {
        let (response, _driver) = handle.block_on(self.head(call))?;
        let (head, incoming) = response.into_parts();
        let headers = head.headers.iter().filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        });
        let reply = Reply {
            status: head.status.as_u16(),
            headers: headers.collect(),
        };
        let encoding = head.headers.get(CONTENT_ENCODING);
        self.body(handle, incoming, encoding, call.bytes_max, out)?;
        Ok(reply)
    }

    fn body(
        &self,
        handle: &Handle,
        incoming: Incoming,
        encoding: Option<&HeaderValue>,
        bytes_max: u64,
        out: &mut dyn Write,
    ) -> Result<(), CallFault> {
        let limits = WebLimits {
            piece_time: self.patience.piece,
            body_time: self.patience.body,
            rest_bytes_max: 0,
            ..WebLimits::default()
        };
        let (pipe, reader) = Pipe::new(incoming, bytes_max, true, &limits);
        let _feeding = Driver(handle.spawn(pipe.run()));
        let mut decoder = Decoder::new(encoding, reader);
        let mut left = bytes_max;
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = decoder.read(&mut chunk).map_err(|error| fault(&error))?;
            if read == 0 {
                return Ok(());
            }
            left = left.checked_sub(read as u64).ok_or(CallFault::TooLarge)?;
            let kept = out.write_all(&chunk[..read]);
            kept.map_err(|error| CallFault::Here(error.to_string()))?;
        }
    }

    async fn head(&self, call: &Call<'_>) -> Result<(Response<Incoming>, Driver), CallFault> {
        let slow = |_| CallFault::Slow;
        let tcp = timeout(self.patience.connect, connect(call));
        let tcp = tcp.await.map_err(slow)??;
        let request = request(call)?;
        if !call.target.is_tls() {
            return self.send(tcp, request).await;
        }
        let config = trust::client_config(call.trust).map_err(CallFault::Tls)?;
        let name = ServerName::try_from(call.target.host().to_owned())
            .map_err(|error| CallFault::Tls(error.to_string()))?;
        let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp);
        let tls = timeout(self.patience.connect, tls).await.map_err(slow)?;
        self.send(
            tls.map_err(|error| CallFault::Tls(error.to_string()))?,
            request,
        )
        .await
    }

    async fn send<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Driver), CallFault> {
        let broken = |error: hyper::Error| CallFault::Damaged(told(&error));
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEADER_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        let driver = Driver(tokio::spawn(async move {
            // How it ends is told by the request, or by the body.
            let _ = connection.await;
        }));
        let response = timeout(self.patience.head, sender.send_request(request)).await;
        let response = response.map_err(|_| CallFault::Slow)?.map_err(broken)?;
        Ok((response, driver))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one room where connections go out"
)]
async fn connect(call: &Call<'_>) -> Result<TcpStream, CallFault> {
    let named = (call.target.host(), call.target.port());
    let looked_up = lookup_host(named).await;
    let found = looked_up.map_err(|error| CallFault::Connect(error.to_string()))?;
    // A name that leads to another machine today is refused, whatever it led to yesterday.
    let is_allowed =
        |address: &SocketAddr| call.target.is_tls() || address.ip().to_canonical().is_loopback();
    let mut why = CallFault::Plain;
    for address in found.filter(is_allowed).take(ADDRESSES_MAX) {
        match TcpStream::connect(address).await {
            Ok(tcp) => {
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Err(error) => why = CallFault::Connect(error.to_string()),
        }
    }
    Err(why)
}

fn request(call: &Call<'_>) -> Result<Request<Full<Bytes>>, CallFault> {
    let unusable = |error: &dyn std::fmt::Display| CallFault::Here(error.to_string());
    let (method, body) = match call.method {
        Method::Get => ("GET", Bytes::new()),
        Method::Delete => ("DELETE", Bytes::new()),
        Method::Post => {
            let body = call.body.map(|(_, bytes)| bytes).unwrap_or_default();
            ("POST", Bytes::copy_from_slice(body))
        }
    };
    let credential = call.credential.map(|credential| credential.header());
    let mut request = Request::builder()
        .method(method)
        .uri(call.target.path())
        .header("host", call.target.authority())
        .header("user-agent", "noroshi")
        .header("accept", call.accept)
        .header("accept-encoding", "gzip, br");
    let media = call.body.map(|(media, _)| media);
    let optional = [
        ("content-type", media),
        ("if-none-match", call.etag),
        ("if-modified-since", call.modified),
        ("authorization", credential.as_deref()),
    ];
    for (name, value) in optional {
        let Some(value) = value else { continue };
        let name = HeaderName::from_static(name);
        let mut value = HeaderValue::from_str(value).map_err(|error| unusable(&error))?;
        value.set_sensitive(name == "authorization");
        request = request.header(name, value);
    }
    request
        .body(Full::new(body))
        .map_err(|error| unusable(&error))
}

/// What became of a body that did not come whole.
fn fault(error: &std::io::Error) -> CallFault {
    let known = error.get_ref().and_then(|inner| inner.downcast_ref());
    match known.copied() {
        Some(BodyFault::TooLarge) => CallFault::TooLarge,
        Some(BodyFault::Slow) => CallFault::Slow,
        Some(BodyFault::Broken) => CallFault::Damaged("it broke off".to_owned()),
        Some(BodyFault::Encoding) => {
            CallFault::Damaged("it is compressed in a way that was not asked for".to_owned())
        }
        None => CallFault::Damaged(error.to_string()),
    }
}

fn told(error: &hyper::Error) -> String {
    let inner = std::error::Error::source(error);
    inner.map_or_else(|| error.to_string(), |inner| format!("{error}: {inner}"))
}
