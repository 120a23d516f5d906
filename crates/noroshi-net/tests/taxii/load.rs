//! Clients that are slow, silent or many.

use std::net::SocketAddr;
use std::time::Duration;

use noroshi_net::{Security, WebLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::checklist::{Call, TAXII, indicator, is_problem};
use crate::{PATIENCE, Server, about, limits, parse, start};

const SHORT: Duration = Duration::from_millis(300);

/// Send these bytes and nothing more, and read until the server closes.
pub(crate) async fn half_closed(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the server closes");
    answer
}

/// Send all of it, which must go, and read until the server closes.
pub(crate) async fn sent_whole(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let sent = timeout(PATIENCE, stream.write_all(bytes)).await;
    sent.expect("in time").expect("all of it is taken");
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("the server closes").expect("in order");
    answer
}

fn hasty() -> WebLimits {
    WebLimits {
        connections: 32,
        header_time: SHORT,
        piece_time: SHORT,
        body_time: SHORT * 4,
        write_time: SHORT,
        readers: 4,
        writers: 2,
        turn_time: SHORT,
        ..limits()
    }
}

fn server() -> Server {
    let mut about = about();
    about.page_max = 5000;
    about.body_bytes_max = 32 * 1024 * 1024;
    start(Security::plain(), about, hasty())
}

fn post_head(length: usize) -> String {
    format!(
        "POST /taxii2/api/collections/{}/objects/ HTTP/1.1\r\nhost: x\r\n\
         authorization: Bearer caller\r\ncontent-type: {TAXII}\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n",
        crate::desk::FULL
    )
}

#[test]
fn half_a_head_is_closed_in_time() {
    let server = server();
    for bytes in [
        &b""[..],
        b"GET /taxii2/ HT",
        b"GET /taxii2/ HTTP/1.1\r\nhost: x\r\n",
    ] {
        let answer = server.raw(bytes);
        assert!(!answer.starts_with(b"HTTP/1.1 2"));
    }
    server.is_well();
}

#[test]
fn a_body_that_stops_is_told_so() {
    let limits = WebLimits {
        body_time: PATIENCE * 10,
        ..hasty()
    };
    let server = start(Security::plain(), about(), limits);
    let head = post_head(1000) + "{\"objects\":[";
    is_problem(&parse(&server.raw(head.as_bytes())), 408);
    server.is_well();
}

/// A byte at a time, each in time, and the whole too late.
#[test]
fn a_body_that_trickles_is_told_so() {
    let server = server();
    let answer = server.runtime.block_on(async {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        write
            .write_all(post_head(100_000).as_bytes())
            .await
            .unwrap();
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(SHORT / 6);
            while write.write_all(b" ").await.is_ok() {
                tick.tick().await;
            }
        });
        let mut answer = Vec::new();
        let done = timeout(PATIENCE, read.read_to_end(&mut answer)).await;
        let _ = done.expect("the server closes");
        answer
    });
    is_problem(&parse(&answer), 408);
    server.is_well();
}

/// Slow bodies take the writers' places and never the readers'.
#[test]
fn slow_writers_keep_no_reader_out() {
    let server = server();
    let streams = server.runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..12 {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            let head = post_head(1000) + "{";
            stream.write_all(head.as_bytes()).await.unwrap();
            streams.push(stream);
        }
        streams
    });
    server.is_well();
    // Those that found no place are told to come again, the others that they were slow.
    server.runtime.block_on(async {
        for mut stream in streams {
            let mut answer = Vec::new();
            let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
            let _ = read.expect("the server closes");
            assert!([408, 503].contains(&parse(&answer).status));
        }
    });
    server.is_well();
}

fn fill(server: &Server, count: u32) {
    let mut objects: Vec<_> = (0..count).map(|number| indicator(number, 1)).collect();
    for object in &mut objects {
        object["description"] = "x".repeat(4000).into();
    }
    let body = serde_json::json!({ "objects": objects }).to_string();
    let mut bytes = post_head(body.len()).into_bytes();
    bytes.extend_from_slice(body.as_bytes());
    assert_eq!(parse(&server.raw(&bytes)).status, 202);
}

/// Who asks for much and reads nothing is left, and gives back what it held.
#[test]
fn a_client_that_does_not_read_is_left() {
    let server = server();
    fill(&server, 2000);
    let get = format!(
        "GET /taxii2/api/collections/{}/objects/?limit=2000 HTTP/1.1\r\nhost: x\r\n\
         authorization: Bearer caller\r\n\r\n",
        crate::desk::FULL
    );
    server.runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..6 {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(16 * 1024).unwrap();
            let mut stream = socket.connect(server.address).await.unwrap();
            stream.write_all(get.as_bytes()).await.unwrap();
            streams.push(stream);
        }
        for stream in &mut streams {
            // Read one byte, so that its answer has begun, and wait until the server has left.
            let mut byte = [0];
            let first = timeout(PATIENCE, stream.read_exact(&mut byte)).await;
            first.expect("an answer begins").unwrap();
        }
        for mut stream in streams {
            let gone = async {
                // Writing fails once the other side has closed.
                let mut tick = tokio::time::interval(SHORT / 6);
                while stream.write_all(b"\r\n").await.is_ok() {
                    tick.tick().await;
                }
            };
            timeout(PATIENCE, gone).await.expect("the server leaves");
        }
    });
    server.is_well();
}

#[test]
fn half_closed_connections_are_answered() {
    let server = server();
    let get = "GET /taxii2/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer caller\r\n\r\n";
    let answer = server
        .runtime
        .block_on(half_closed(server.address, get.as_bytes()));
    assert_eq!(parse(&answer).status, 200);
    let body = "{\"objects\":[]}";
    let post = post_head(body.len()) + body;
    let answer = server
        .runtime
        .block_on(half_closed(server.address, post.as_bytes()));
    assert_eq!(parse(&answer).status, 202);
}

/// Ten thousand that connect and say nothing: thirty-two have a seat, in turn, and whoever speaks
/// comes through.
#[test]
fn ten_thousand_idle_connections_are_bounded() {
    const IDLE: usize = 10_000;
    let mut about = about();
    about.page_max = 20;
    let limits = WebLimits {
        connections: 512,
        header_time: Duration::from_millis(20),
        ..hasty()
    };
    let server = start(Security::plain(), about, limits);
    let address = server.address;
    let open = server.runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..IDLE {
            tasks.spawn(timeout(PATIENCE, TcpStream::connect(address)));
        }
        let mut open = Vec::new();
        while let Some(task) = tasks.join_next().await {
            if let Ok(Ok(Ok(stream))) = task {
                open.push(stream);
            }
        }
        open
    });
    assert!(open.len() > IDLE / 2, "{}", open.len());
    server.is_well();
    drop(open);
    let call = Call::new("GET", "/taxii2/");
    assert_eq!(server.ask(&call).status, 401);
}
