//! TAXII's server over real sockets: the checklist of the standard, TLS and certificates,
//! compression, and everything a client can do wrong with bytes and time.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "a stranger's end of the connection is what is tested"
)]

#[path = "../../noroshi-taxii/tests/checklist/mod.rs"]
mod checklist;
#[path = "taxii/load.rs"]
mod load;
#[path = "taxii/secure.rs"]
mod secure;
#[path = "taxii/wire.rs"]
mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use checklist::{Answer, Call, Peer, desk, each_check};
use noroshi_net::{Security, WebLimits, WebListener};
use noroshi_taxii::{About, CursorKey, Taxii};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::timeout;

/// No test waits longer for anything that should come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
struct Server {
    runtime: Runtime,
    address: SocketAddr,
    _stop: watch::Sender<bool>,
}

fn about() -> About {
    let mut about = About::new("A server under test");
    about.page_max = 20;
    about.page_default = 15;
    about.body_bytes_max = 64 * 1024;
    about
}

fn limits() -> WebLimits {
    WebLimits {
        compress_here: true,
        // Some clients here never send what they announced, or end their requests.
        header_time: Duration::from_secs(2),
        piece_time: Duration::from_secs(2),
        ..WebLimits::default()
    }
}

fn start(security: Security, about: About, limits: WebLimits) -> Server {
    start_over(desk::Memory::default(), security, about, limits)
}

fn start_over(desk: desk::Memory, security: Security, about: About, limits: WebLimits) -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let taxii = Taxii::new(Arc::new(desk), about, CursorKey::new([5; 32]));
    let (stop, stopped) = watch::channel(false);
    let listener = runtime
        .block_on(WebListener::bind("127.0.0.1:0", security, limits))
        .unwrap();
    let address = listener.address().unwrap();
    runtime.spawn(listener.serve(Arc::new(taxii), stopped));
    Server {
        runtime,
        address,
        _stop: stop,
    }
}

fn plain() -> Server {
    start(Security::plain(), about(), limits())
}

impl Server {
    /// Send these bytes, and read until the server closes.
    fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        self.runtime.block_on(async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            // A server that refuses early may close before everything is sent.
            let _ = stream.write_all(bytes).await;
            let mut answer = Vec::new();
            let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
            let _ = read.expect("the server closes");
            answer
        })
    }

    /// A request with the usual credential on a connection of its own.
    fn ask(&self, call: &Call) -> Answer {
        parse(&self.raw(&bytes_of(call, true)))
    }

    /// Does it still answer as it should?
    fn is_well(&self) {
        let call = Call::new("GET", "/taxii2/").with("authorization", "Bearer caller");
        assert_eq!(self.ask(&call).status, 200);
    }
}

fn bytes_of(call: &Call, sized: bool) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\nhost: x\r\n", call.method, call.target);
    for (name, value) in &call.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if sized && !call.body.is_empty() {
        head += &format!("content-length: {}\r\n", call.body.len());
    }
    head += "connection: close\r\n\r\n";
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&call.body);
    bytes
}

fn parse(bytes: &[u8]) -> Answer {
    let split = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let split = split.unwrap_or_else(|| panic!("no head: {}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8(bytes[..split].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers: BTreeMap<String, String> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .filter(|(name, _)| name != "date")
        .collect();
    Answer {
        status: status.parse().unwrap(),
        headers: headers.into_iter().collect(),
        body: bytes[split + 4..].to_vec(),
    }
}

impl Peer for Server {
    fn call(&self, call: &Call) -> Answer {
        self.ask(call)
    }
}

macro_rules! tests {
    ($($room:ident: $($name:ident),+;)+) => {
        $(mod $room {
            $(#[test]
            fn $name() {
                let bench = crate::checklist::bench(Box::new(crate::plain()));
                crate::checklist::$room::$name(&bench);
            })+
        })+
    };
}
each_check!(tests);
