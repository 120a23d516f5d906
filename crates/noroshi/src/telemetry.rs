//! The telemetry that `serve` watches: files that grow, syslog, lines posted over HTTP.

use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use noroshi_net::telemetry::Syslog;
use noroshi_net::web::{Answer, Request};
use noroshi_net::{Clients, Security, Site, WebLimits, WebListener};
use noroshi_node::config::{Watch, WatchFrom};
use noroshi_node::home::read_private;
use noroshi_node::sink::Silent;
use noroshi_node::telemetry::{Feed, Format, Tally};
use noroshi_node::{Failure, Node};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Largest body that is posted, in bytes.
const BODY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of a body that are read at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Shortest token.
const TOKEN_BYTES_MIN: usize = 16;

/// Begin to watch every source of the configuration; sockets are bound when this returns.
pub(crate) async fn begin(
    node: &Arc<Node>,
    stopped: &watch::Receiver<bool>,
) -> Result<Vec<JoinHandle<()>>, Failure> {
    let mut tasks = Vec::new();
    for source in node.config().watches.clone() {
        let from = source.from.clone();
        match from {
            WatchFrom::Path(path) => {
                tasks.push(files(Arc::clone(node), source, path, stopped.clone()));
            }
            WatchFrom::Udp(address) => {
                let syslog = Syslog::udp(address).await;
                let syslog = syslog.map_err(|error| refused(&source, &error))?;
                tasks.extend(lines(node, source, syslog, &address.to_string(), stopped)?);
            }
            WatchFrom::Tcp(address, tls) => {
                let security = security(tls.as_ref()).map_err(|error| refused(&source, &error))?;
                let syslog = Syslog::tcp(address, security).await;
                let syslog = syslog.map_err(|error| refused(&source, &error))?;
                tasks.extend(lines(node, source, syslog, &address.to_string(), stopped)?);
            }
            WatchFrom::Http(address, token, tls) => {
                let security = security(tls.as_ref()).map_err(|error| refused(&source, &error))?;
                let limits = WebLimits::default();
                let listener = WebListener::bind(&address.to_string(), security, limits).await;
                let listener = listener.map_err(|error| refused(&source, &error))?;
                let posts = Arc::new(Posts::new(node, source, &address.to_string(), &token)?);
                tasks.push(tokio::spawn(listener.serve(posts, stopped.clone())));
            }
        }
    }
    Ok(tasks)
}

/// Is it told to stop, or is nobody left who could tell?
fn is_over(stopped: &watch::Receiver<bool>) -> bool {
    *stopped.borrow() || stopped.has_changed().is_err()
}

fn refused(source: &Watch, error: &dyn std::fmt::Display) -> Failure {
    let name = &source.name;
    Failure::new("serve.failed", 1, format_args!("watch {name}: {error}"))
}

fn security(
    tls: Option<&(std::path::PathBuf, std::path::PathBuf)>,
) -> Result<Security, noroshi_net::SecurityError> {
    match tls {
        None => Ok(Security::plain()),
        Some((certificate, key)) => Security::from_pem(certificate, key, Clients::Programs),
    }
}

fn files(
    node: Arc<Node>,
    source: Watch,
    path: std::path::PathBuf,
    stopped: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::task::spawn_blocking(move || {
        let format = Format::from_word(&source.format);
        // Why it ended is kept with the source, for `sources`.
        let _ = node.watch_source(&source.name, &path, format, &|| is_over(&stopped));
    })
}

/// A receiver of syslog, and the thread that reads what it takes.
fn lines(
    node: &Arc<Node>,
    source: Watch,
    syslog: Syslog,
    from: &str,
    stopped: &watch::Receiver<bool>,
) -> Result<[JoinHandle<()>; 2], Failure> {
    let lost = syslog.lost();
    let format = Format::from_word(&source.format);
    let mut feed = Feed::new(node, &source.name, from, format)?;
    let (node, from) = (Arc::clone(node), from.to_owned());
    node.watched(&source.name, &from, None, Tally::default());
    let (queue, mut taken): (mpsc::Sender<Vec<u8>>, _) = Syslog::queue();
    let served = tokio::spawn(syslog.serve(queue, stopped.clone()));
    let reader = tokio::task::spawn_blocking(move || {
        while let Some(batch) = taken.blocking_recv() {
            let looked = feed.take(&node, &batch, &mut Silent);
            let tally = Tally {
                dropped: lost.dropped(),
                overlong: lost.overlong() + feed.tally().overlong,
                ..feed.tally()
            };
            match looked {
                Ok(_) => node.watched(&source.name, &from, feed.format(), tally),
                Err(failure) => node.watch_failed(&source.name, &from, &failure),
            }
        }
    });
    Ok([served, reader])
}

/// Lines that are posted by who knows the token.
struct Posts {
    node: Arc<Node>,
    source: Watch,
    from: String,
    /// SHA-256 of the token: comparing digests tells nothing of where two tokens differ.
    token: [u8; 32],
    tally: Mutex<Tally>,
}

impl Posts {
    fn new(node: &Arc<Node>, source: Watch, from: &str, token: &Path) -> Result<Self, Failure> {
        let token = read_private(token)?;
        let token = token.trim_ascii();
        if token.len() < TOKEN_BYTES_MIN {
            let problem = format!("the token has less than {TOKEN_BYTES_MIN} characters");
            return Err(refused(&source, &problem));
        }
        node.watched(&source.name, from, None, Tally::default());
        Ok(Self {
            node: Arc::clone(node),
            source,
            from: from.to_owned(),
            token: Sha256::digest(token).into(),
            tally: Mutex::default(),
        })
    }

    fn is_known(&self, request: &Request) -> bool {
        let header = request.header("authorization").unwrap_or_default();
        let token = header.strip_prefix("Bearer ").unwrap_or_default();
        let digest: [u8; 32] = Sha256::digest(token.trim().as_bytes()).into();
        digest == self.token
    }

    /// Look at a body; each one is a stream of its own.
    fn look(&self, body: &mut dyn Read) -> Result<Tally, u16> {
        let format = Format::from_word(&self.source.format);
        let feed = Feed::new(&self.node, &self.source.name, &self.from, format);
        let mut feed = feed.map_err(|_| 503_u16)?;
        let mut piece = vec![0; PIECE_BYTES];
        let outcome = loop {
            match body.read(&mut piece) {
                Ok(0) => break feed.end(&self.node, &mut Silent).map_err(|_| 503),
                Ok(count) => {
                    if feed.take(&self.node, &piece[..count], &mut Silent).is_err() {
                        break Err(503);
                    }
                }
                Err(_) => break Err(400),
            }
        };
        let tally = feed.tally();
        let mut whole = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        whole.add(&tally);
        self.node
            .watched(&self.source.name, &self.from, feed.format(), *whole);
        outcome.map(|()| tally)
    }
}

impl Site for Posts {
    fn body_bytes_max(&self) -> u64 {
        BODY_BYTES_MAX
    }

    fn answer(&self, request: &Request, body: &mut dyn Read) -> Answer {
        if !self.is_known(request) {
            return plain(
                401,
                "{\"error\":\"a token is wanted: Authorization: Bearer ...\"}",
            );
        }
        if request.method != "POST" {
            return plain(405, "{\"error\":\"post lines of telemetry\"}");
        }
        match self.look(body) {
            Ok(tally) => {
                let told = serde_json::json!({ "events": tally.events, "bytes": tally.bytes,
                    "overlong": tally.overlong });
                plain(200, &told.to_string())
            }
            Err(400) => plain(400, "{\"error\":\"the body is too large, or broke off\"}"),
            Err(_) => self.busy(),
        }
    }

    fn busy(&self) -> Answer {
        plain(503, "{\"error\":\"try again in a moment\"}")
    }

    fn failed(&self) -> Answer {
        plain(500, "{\"error\":\"the node could not answer\"}")
    }
}

fn plain(status: u16, text: &str) -> Answer {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    if status == 401 {
        headers.push(("www-authenticate", "Bearer".to_owned()));
    }
    Answer {
        status,
        headers,
        length: text.len() as u64,
        body: text.as_bytes().to_vec(),
    }
}
