//! The link's server: our own accept loop with a limit on everything that a stranger could hold.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use noroshi_model::{KeyId, NodeId};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::strangers::{Strangers, Unheard};
use crate::tls::{Identity, TlsError, key_of};

/// Limits of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at one time.
    pub connections: usize,
    /// For the TLS handshake, and for the headers of a request.
    pub header_time: Duration,
    /// For the body of a request.
    pub body_time: Duration,
    /// Largest body of frames.
    pub frames_bytes_max: usize,
    /// Largest pairing message.
    pub pair_bytes_max: usize,
    /// Largest body of a stranger that introduces itself: an announcement and little more.
    pub introduction_bytes_max: usize,
    /// Largest question of a node that came back from a backup.
    pub recover_bytes_max: usize,
    /// Strangers at work at one time: pairing messages, introductions, questions after a restore.
    pub strangers: usize,
    /// Strangers at one time that have not said everything, or wait for a turn; one more drops the
    /// one that waits longest.
    pub strangers_waiting: usize,
    /// For a stranger's body and the wait for its turn.
    pub stranger_time: Duration,
    /// Bodies of one peer at one time: what a peer can make the node hold is bounded by it.
    pub peer_bodies: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            header_time: Duration::from_secs(5),
            body_time: Duration::from_secs(60),
            frames_bytes_max: 64 * 1024 * 1024,
            pair_bytes_max: 64 * 1024,
            introduction_bytes_max: 2 * 1024 * 1024,
            recover_bytes_max: 1024 * 1024,
            strangers: 2,
            strangers_waiting: 16,
            stranger_time: Duration::from_secs(5),
            peer_bodies: 2,
        }
    }
}

/// Who is being heard.
struct Turns {
    strangers: Strangers,
    /// One for each peer that has called; peers are few and known.
    peers: Mutex<BTreeMap<NodeId, Arc<Semaphore>>>,
}

impl Turns {
    fn of(&self, peer: NodeId, most: usize) -> Arc<Semaphore> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = peers
            .entry(peer)
            .or_insert_with(|| Arc::new(Semaphore::new(most)));
        Arc::clone(turns)
    }
}

/// Why the service refuses. The text goes to the other side: it never tells what is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// A short text.
    pub text: String,
}

/// What is done with what arrives. Called on a thread that may block.
pub trait LinkService: Send + Sync + 'static {
    /// Who holds this key?
    fn peer_of(&self, key: &KeyId) -> Option<NodeId>;
    /// Which peer introduces itself with this key, that nobody here holds, by these frames?
    fn introduced(&self, key: &KeyId, frames: &[u8]) -> Option<NodeId>;
    /// Frames from a peer; frames for it.
    ///
    /// # Errors
    /// A refusal.
    fn exchange(&self, peer: &NodeId, frames: &[u8]) -> Result<Vec<u8>, Refusal>;
    /// A pairing message from whoever holds this key.
    ///
    /// # Errors
    /// A refusal.
    fn pair(&self, key: &KeyId, message: &[u8]) -> Result<Vec<u8>, Refusal>;
    /// A question of a node that says it came back from a backup, from whoever holds this key.
    ///
    /// # Errors
    /// A refusal.
    fn recover(&self, key: &KeyId, message: &[u8]) -> Result<Vec<u8>, Refusal>;
}

/// A bound listener.
pub struct Listener {
    tcp: TcpListener,
    tls: TlsAcceptor,
    limits: Limits,
}

impl Listener {
    /// Bind.
    ///
    /// # Errors
    /// The address is taken or not this machine's; or TLS cannot be set up.
    pub async fn bind(
        address: &str,
        identity: &Identity,
        limits: Limits,
    ) -> Result<Self, std::io::Error> {
        let config = identity
            .server_config()
            .map_err(|error: TlsError| std::io::Error::other(error.to_string()))?;
        let tcp = TcpListener::bind(address).await?;
        Ok(Self {
            tcp,
            tls: TlsAcceptor::from(Arc::new(config)),
            limits,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The operating system does not say.
    pub fn address(&self) -> Result<SocketAddr, std::io::Error> {
        self.tcp.local_addr()
    }

    /// Serve until told to stop.
    pub async fn serve(self, service: Arc<dyn LinkService>, mut stop: watch::Receiver<bool>) {
        let seats = Arc::new(Semaphore::new(self.limits.connections));
        let turns = Arc::new(Turns {
            strangers: Strangers::new(
                self.limits.strangers,
                self.limits.strangers_waiting,
                self.limits.stranger_time,
            ),
            peers: Mutex::default(),
        });
        loop {
            // A seat first: those who wait do so in the kernel's queue, which is bounded too.
            let Ok(seat) = Arc::clone(&seats).acquire_owned().await else {
                return;
            };
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                _ = stop.changed() => return,
            };
            // An error here is one connection's, or too many open files: the next may succeed.
            let Ok((tcp, _)) = accepted else { continue };
            let _ = tcp.set_nodelay(true);
            let tls = self.tls.clone();
            let limits = self.limits;
            let (service, turns) = (Arc::clone(&service), Arc::clone(&turns));
            let mut stop = stop.clone();
            tokio::spawn(async move {
                let _seat = seat;
                let Ok(Ok(stream)) = timeout(limits.header_time, tls.accept(tcp)).await else {
                    return;
                };
                let certificates = stream.get_ref().1.peer_certificates();
                let key = certificates.and_then(|list| list.first()).map(key_of);
                let Some(Ok(key)) = key else { return };
                let answer = service_fn(move |request| {
                    let (service, turns) = (Arc::clone(&service), Arc::clone(&turns));
                    async move {
                        Ok::<_, Infallible>(answer(request, key, service, turns, limits).await)
                    }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(limits.header_time)
                    .max_buf_size(64 * 1024)
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::select! {
                    _ = connection => {}
                    _ = stop.changed() => {}
                }
            });
        }
    }
}

type Answer = Response<Full<Bytes>>;

async fn answer(
    request: Request<Incoming>,
    key: KeyId,
    service: Arc<dyn LinkService>,
    turns: Arc<Turns>,
    limits: Limits,
) -> Answer {
    let path = request.uri().path();
    let is_post = request.method() == Method::POST;
    if is_post && path == "/link/v1/frames" {
        let Some(peer) = service.peer_of(&key) else {
            // A stranger sees the same as at a path that does not exist.
            let body = read(request, limits.introduction_bytes_max, limits.body_time);
            let Ok((body, _turn)) = turns.strangers.hear(body).await else {
                return absent();
            };
            return work(move || match service.introduced(&key, &body) {
                Some(peer) => service.exchange(&peer, &body),
                None => Err(nothing()),
            })
            .await;
        };
        let turns = turns.of(peer, limits.peer_bodies);
        let Ok(_turn) = turns.try_acquire() else {
            return plain(StatusCode::TOO_MANY_REQUESTS, "two exchanges at one time");
        };
        let body = match read(request, limits.frames_bytes_max, limits.body_time).await {
            Ok(body) => body,
            Err(refusal) => return *refusal,
        };
        work(move || service.exchange(&peer, &body)).await
    } else if is_post && matches!(path, "/link/v1/pair" | "/link/v1/recover") {
        let pairs = path == "/link/v1/pair";
        let most = if pairs {
            limits.pair_bytes_max
        } else {
            limits.recover_bytes_max
        };
        let body = read(request, most, limits.body_time);
        let (body, _turn) = match turns.strangers.hear(body).await {
            Ok(heard) => heard,
            Err(Unheard::Refused(refusal)) => return *refusal,
            Err(Unheard::Late) => return late(),
            Err(Unheard::Dropped) => {
                return plain(StatusCode::TOO_MANY_REQUESTS, "try again in a moment");
            }
        };
        work(move || {
            if pairs {
                service.pair(&key, &body)
            } else {
                service.recover(&key, &body)
            }
        })
        .await
    } else {
        absent()
    }
}

async fn read(
    request: Request<Incoming>,
    most: usize,
    time: Duration,
) -> Result<Vec<u8>, Box<Answer>> {
    let announced = request
        .headers()
        .get("content-length")
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<usize>().ok());
    let too_large = || {
        Box::new(plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too large",
        ))
    };
    if announced.is_some_and(|length| length > most) {
        return Err(too_large());
    }
    match timeout(time, Limited::new(request.into_body(), most).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes().to_vec()),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => Err(Box::new(late())),
    }
}

async fn work(job: impl FnOnce() -> Result<Vec<u8>, Refusal> + Send + 'static) -> Answer {
    match tokio::task::spawn_blocking(job).await {
        Ok(Ok(bytes)) => Response::new(Full::new(Bytes::from(bytes))),
        Ok(Err(refusal)) => {
            let status = StatusCode::from_u16(refusal.status);
            plain(
                status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                &refusal.text,
            )
        }
        Err(_) => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the node could not answer",
        ),
    }
}

fn late() -> Answer {
    plain(StatusCode::REQUEST_TIMEOUT, "the body came too slowly")
}

fn absent() -> Answer {
    plain(StatusCode::NOT_FOUND, &nothing().text)
}

fn nothing() -> Refusal {
    Refusal {
        status: 404,
        text: "there is nothing here".to_owned(),
    }
}

fn plain(status: StatusCode, text: &str) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())));
    *response.status_mut() = status;
    response
}
