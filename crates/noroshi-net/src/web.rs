//! The server for HTTP: an accept loop of its own, and a limit on everything a stranger could hold.
//!
//! What is served is a [`Site`], which blocks and knows no sockets: TAXII, or the console. Here are
//! sockets, TLS, compression and caps. A body that is posted goes through a short channel to
//! whoever reads it, so that its size costs no memory, and it is asked for only when everything
//! before it was found in order. What waits to be written is bounded in bytes over all connections.

pub(crate) mod body;
mod callers;
pub(crate) mod coding;
mod feed;
mod patience;
mod security;

use std::convert::Infallible;
use std::io::{Cursor, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use body::Pipe;
use callers::Callers;
use coding::{Coding, Decoder};
pub use feed::Feed;
use patience::Patient;
pub use security::{Clients, Security, SecurityError};

/// Limits of the server.
#[derive(Clone, Copy, Debug)]
pub struct WebLimits {
    /// Connections at one time; more wait in the kernel's queue.
    pub connections: usize,
    /// Of them from one address, where TLS is spoken; more are closed at once. Without TLS
    /// everybody comes from this machine, or through its proxy.
    pub connections_from_one: usize,
    /// How often is looked whether the certificate's files changed.
    pub certificate_time: Duration,
    /// For the TLS handshake, for the headers of a request, for a form, and between two requests.
    pub header_time: Duration,
    /// Between two pieces of a body.
    pub piece_time: Duration,
    /// For a whole body.
    pub body_time: Duration,
    /// In which a client that does not read must take 64 KiB, or what is left.
    pub write_time: Duration,
    /// Requests without a body at work at one time.
    pub readers: usize,
    /// Requests with a body at work at one time, and as many with a form that is there already: a
    /// slow one takes no reader's place.
    pub writers: usize,
    /// How long a request waits for its turn, and an answer for room to be written.
    pub turn_time: Duration,
    /// Bytes of answers that wait to be written, over all connections.
    pub answers_bytes_max: usize,
    /// What of an unread body is passed over, so that its sender reads why it was refused.
    pub rest_bytes_max: usize,
    /// Clients that follow a stream at one time.
    pub viewers: usize,
    /// Between two looks at whether a stream has something to say.
    pub look_time: Duration,
    /// Compress for clients on this machine too, where it only costs time.
    pub compress_here: bool,
}

impl Default for WebLimits {
    fn default() -> Self {
        Self {
            connections: 512,
            connections_from_one: 128,
            certificate_time: Duration::from_secs(30),
            header_time: Duration::from_secs(20),
            piece_time: Duration::from_secs(20),
            body_time: Duration::from_secs(600),
            write_time: Duration::from_secs(20),
            readers: 24,
            writers: 8,
            turn_time: Duration::from_secs(20),
            answers_bytes_max: 256 * 1024 * 1024,
            rest_bytes_max: 16 * 1024 * 1024,
            viewers: 500,
            look_time: Duration::from_secs(2),
            compress_here: false,
        }
    }
}

/// A request without its body.
#[derive(Debug)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// What stands behind the `?`; empty where there is none.
    pub query: String,
    /// The SHA-256 of the public key of the client's certificate, where it showed one.
    pub certificate: Option<[u8; 32]>,
    /// Who called.
    pub from: SocketAddr,
    headers: HeaderMap,
}

impl Request {
    fn of(
        parts: hyper::http::request::Parts,
        certificate: Option<[u8; 32]>,
        from: SocketAddr,
    ) -> Self {
        Self {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or("").to_owned(),
            certificate,
            from,
            headers: parts.headers,
        }
    }

    /// Every header of that name (in lower case), joined with commas.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        (!values.is_empty()).then(|| values.join(","))
    }
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, their names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for HEAD.
    pub body: Vec<u8>,
    /// How long the body is, or would be without HEAD.
    pub length: u64,
}

/// What is served. Its calls block; they are never made on a thread of the runtime.
pub trait Site: Send + Sync + 'static {
    /// Largest body that is taken, in bytes.
    fn body_bytes_max(&self) -> u64;

    /// Bodies up to this size are read whole before their request takes its turn, so that slow
    /// senders of forms keep nobody from sending theirs. None for a site that asks who sends a body
    /// before it reads any of it.
    fn form_bytes_max(&self) -> u64 {
        0
    }

    /// Answer. What errors of the body carry of [`noroshi_taxii::BodyFault`] says what is wrong
    /// with it.
    fn answer(&self, request: &Request, body: &mut dyn Read) -> Answer;

    /// Is there a stream at this path, for whoever looks?
    fn streams(&self, _path: &str) -> bool {
        false
    }

    /// Answer a request for a stream. With a feed the answer goes on with what that says.
    fn follow(&self, _request: &Request) -> (Answer, Option<Box<dyn Feed>>) {
        (self.failed(), None)
    }

    /// When there is no room for a request: to be tried again.
    fn busy(&self) -> Answer;

    /// When answering failed in a way that was not foreseen.
    fn failed(&self) -> Answer;
}

/// A bound listener.
pub struct WebListener {
    tcp: TcpListener,
    security: Security,
    limits: WebLimits,
}

/// What all connections share.
struct House {
    site: Arc<dyn Site>,
    limits: WebLimits,
    readers: Semaphore,
    writers: Semaphore,
    forms: Semaphore,
    /// In KiB.
    answers: Arc<Semaphore>,
    viewers: Arc<Semaphore>,
    /// Streams that look at one time.
    looks: Semaphore,
}

impl WebListener {
    /// Bind. Without TLS only an address of this machine itself is taken.
    ///
    /// # Errors
    /// The address is taken or not this machine's, or needs TLS.
    pub async fn bind(
        address: &str,
        security: Security,
        limits: WebLimits,
    ) -> Result<Self, std::io::Error> {
        let tcp = TcpListener::bind(address).await?;
        if security.acceptor().is_none() && !tcp.local_addr()?.ip().is_loopback() {
            return Err(std::io::Error::other(SecurityError::PlainAbroad));
        }
        Ok(Self {
            tcp,
            security,
            limits,
        })
    }

    /// Under which origin clients find it, such as `https://127.0.0.1:8443`.
    ///
    /// # Errors
    /// The operating system does not say where it listens.
    pub fn origin(&self) -> Result<String, std::io::Error> {
        let scheme = match self.security.acceptor() {
            Some(_) => "https",
            None => "http",
        };
        Ok(format!("{scheme}://{}", self.address()?))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The operating system does not say.
    pub fn address(&self) -> Result<SocketAddr, std::io::Error> {
        self.tcp.local_addr()
    }

    /// Serve until told to stop.
    pub async fn serve(mut self, site: Arc<dyn Site>, mut stop: watch::Receiver<bool>) {
        let limits = self.limits;
        let mut tls = self.security.acceptor();
        let mut look = tokio::time::interval(limits.certificate_time);
        let callers = Callers::default();
        let seats = Arc::new(Semaphore::new(limits.connections));
        let house = Arc::new(House {
            site,
            limits,
            readers: Semaphore::new(limits.readers),
            writers: Semaphore::new(limits.writers),
            forms: Semaphore::new(limits.writers),
            answers: Arc::new(Semaphore::new(kibibytes(limits.answers_bytes_max) as usize)),
            viewers: Arc::new(Semaphore::new(limits.viewers)),
            looks: Semaphore::new(feed::LOOKS),
        });
        loop {
            let Ok(seat) = Arc::clone(&seats).acquire_owned().await else {
                return;
            };
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                _ = look.tick() => {
                    if let Some(renewed) = self.security.renewed() {
                        tls = renewed.acceptor();
                        self.security = renewed;
                    }
                    continue;
                }
                _ = stop.changed() => return,
            };
            // An error here is one connection's, or too many open files: the next may succeed.
            let Ok((tcp, from)) = accepted else {
                tokio::task::yield_now().await;
                continue;
            };
            let most = if tls.is_some() {
                limits.connections_from_one
            } else {
                usize::MAX
            };
            let Some(place) = callers.admit(from.ip(), most) else {
                continue;
            };
            let _ = tcp.set_nodelay(true);
            let (house, tls) = (Arc::clone(&house), tls.clone());
            let mut stop = stop.clone();
            tokio::spawn(async move {
                let _held = (seat, place);
                tokio::select! {
                    () = connection(tcp, from, tls, house) => {}
                    _ = stop.changed() => {}
                }
            });
        }
    }
}

async fn connection(tcp: TcpStream, from: SocketAddr, tls: Option<TlsAcceptor>, house: Arc<House>) {
    let Some(tls) = tls else {
        return speak(tcp, from, None, house).await;
    };
    let handshake = timeout(house.limits.header_time, tls.accept(tcp)).await;
    let Ok(Ok(stream)) = handshake else { return };
    let certificates = stream.get_ref().1.peer_certificates();
    let key = match certificates.and_then(|list| list.first()) {
        Some(certificate) => match crate::tls::key_of(certificate) {
            Ok(key) => Some(*key.bytes()),
            Err(_) => return,
        },
        None => None,
    };
    speak(stream, from, key, house).await;
}

async fn speak<S>(stream: S, from: SocketAddr, key: Option<[u8; 32]>, house: Arc<House>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = house.limits;
    let answer = service_fn(move |request| {
        let house = Arc::clone(&house);
        async move {
            let streams =
                request.method() == hyper::Method::GET && house.site.streams(request.uri().path());
            Ok::<_, Infallible>(if streams {
                feed::follow(Request::of(request.into_parts().0, key, from), house).await
            } else {
                answer(request, key, from, house).await.map(Either::Left)
            })
        }
    });
    let stream = Patient::new(stream, limits.write_time);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .half_close(true)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), answer);
    // Whatever ended it, the other side knows.
    let _ = connection.await;
}

/// A body that is asked for.
enum Body {
    /// Read whole already.
    Form(Bytes),
    /// Still at the socket.
    Coming(Incoming),
}

async fn answer(
    request: hyper::Request<Incoming>,
    key: Option<[u8; 32]>,
    from: SocketAddr,
    house: Arc<House>,
) -> Response<Full<Bytes>> {
    let limits = house.limits;
    let (parts, incoming) = request.into_parts();
    let request = Request::of(parts, key, from);
    let compress = limits.compress_here || !from.ip().is_loopback();
    let accepted = request.header("accept-encoding").filter(|_| compress);
    let coding = accepted.and_then(|header| coding::wanted(&header));
    let form_max = house.site.form_bytes_max();
    let is_form = (incoming.size_hint().exact()).is_some_and(|size| (1..=form_max).contains(&size));
    let (turns, body) = if incoming.is_end_stream() {
        (&house.readers, Body::Coming(incoming))
    } else if is_form {
        match timeout(limits.header_time, incoming.collect()).await {
            Ok(Ok(form)) => (&house.forms, Body::Form(form.to_bytes())),
            _ => return sent(house.site.busy(), None, None),
        }
    } else {
        (&house.writers, Body::Coming(incoming))
    };
    let Ok(Ok(_turn)) = timeout(limits.turn_time, turns.acquire()).await else {
        return sent(house.site.busy(), None, None);
    };
    let encoding = request.headers.get("content-encoding").cloned();
    let expects = request.headers.contains_key("expect");
    let most = house.site.body_bytes_max();
    let reader: Box<dyn Read + Send> = match body {
        Body::Form(form) => Box::new(Cursor::new(form)),
        Body::Coming(incoming) => {
            let (pipe, reader) = Pipe::new(incoming, most, expects, &limits);
            // When the reader is gone it passes over the rest, so that its sender reads what was
            // answered.
            tokio::spawn(pipe.run());
            Box::new(reader)
        }
    };
    let site = Arc::clone(&house.site);
    let work = tokio::task::spawn_blocking(move || {
        let mut reader = Decoder::new(encoding.as_ref(), reader);
        let mut answer = site.answer(&request, &mut reader);
        drop(reader);
        let coded = coding.and_then(|coding| coding.apply(&mut answer));
        (answer, coded)
    });
    let (answer, coded) = match work.await {
        Ok(done) => done,
        Err(_) => (house.site.failed(), None),
    };
    let room = kibibytes(answer.body.len()).min(kibibytes(limits.answers_bytes_max));
    let room = Arc::clone(&house.answers).acquire_many_owned(room);
    match timeout(limits.turn_time, room).await {
        Ok(Ok(room)) => sent(answer, coded, Some(room)),
        _ => sent(house.site.busy(), None, None),
    }
}

fn kibibytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

/// Bytes with the room they take until they are written.
struct Waiting {
    bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Waiting {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn sent(
    answer: Answer,
    coded: Option<Coding>,
    room: Option<OwnedSemaphorePermit>,
) -> Response<Full<Bytes>> {
    let body = Waiting {
        bytes: answer.body,
        _room: room,
    };
    let mut response = Response::new(Full::new(Bytes::from_owner(body)));
    let status = StatusCode::from_u16(answer.status);
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in &answer.headers {
        // A header of ours is always one; a text of the desk's in it need not be.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    if let Some(coding) = coded {
        headers.insert("content-encoding", HeaderValue::from_static(coding.name()));
    }
    if !matches!(answer.status, 204 | 304) {
        headers.insert("content-length", HeaderValue::from(answer.length));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says how long the form was.
    struct Forms;

    impl Site for Forms {
        fn body_bytes_max(&self) -> u64 {
            1000
        }

        fn form_bytes_max(&self) -> u64 {
            100
        }

        fn answer(&self, _: &Request, body: &mut dyn Read) -> Answer {
            let mut text = String::new();
            let read = body.read_to_string(&mut text);
            Answer {
                status: if read.is_ok() && text == "a=b" {
                    200
                } else {
                    400
                },
                ..Answer::default()
            }
        }

        fn busy(&self) -> Answer {
            Answer {
                status: 503,
                ..Answer::default()
            }
        }

        fn failed(&self) -> Answer {
            self.busy()
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the test is the browser that calls"
    )]
    #[tokio::test]
    async fn forms_that_never_come_keep_nobody_from_sending_theirs() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let limits = WebLimits {
            writers: 1,
            turn_time: Duration::from_millis(200),
            ..WebLimits::default()
        };
        let listener = WebListener::bind("127.0.0.1:0", Security::plain(), limits);
        let listener = listener.await.unwrap();
        let address = listener.address().unwrap();
        let (_stop, stopped) = watch::channel(false);
        tokio::spawn(listener.serve(Arc::new(Forms), stopped));
        let post = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 3\r\n\r\n";
        let mut slow = Vec::new();
        for _ in 0..4 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream
                .write_all(format!("{post}a").as_bytes())
                .await
                .unwrap();
            slow.push(stream);
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(format!("{post}a=b").as_bytes())
            .await
            .unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).await.unwrap();
        assert!(told.starts_with("HTTP/1.1 200"), "{told}");
        // Theirs is answered too, once it is there.
        let first = slow.first_mut().unwrap();
        first.write_all(b"=b").await.unwrap();
        let mut told = String::new();
        first.read_to_string(&mut told).await.unwrap();
        assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    }

    #[test]
    fn room_is_counted_in_whole_kibibytes() {
        assert_eq!([0, 1, 1024, 1025].map(kibibytes), [0, 1, 1, 2]);
    }
}
