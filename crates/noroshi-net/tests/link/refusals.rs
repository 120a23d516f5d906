//! What the door refuses: other versions, other key exchanges, no certificate, other keys,
//! strangers, bodies that are too large or no HTTP at all. And that it still answers afterwards.

use noroshi_model::{KeyId, NodeId};
use noroshi_net::OutboundError;
use rustls::crypto::aws_lc_rs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::door::{ABSENT, Client, FRAMES, door, identity};

/// Clause: I5
#[tokio::test]
async fn a_classical_key_exchange_and_no_certificate_are_refused() {
    let door = door().await;
    let fit = Client::of(&door.stranger_key);
    assert!(
        !fit.ask(&door, FRAMES).await.unwrap().is_empty(),
        "the client works"
    );
    let classical = [aws_lc_rs::kx_group::X25519, aws_lc_rs::kx_group::SECP256R1];
    for refused in [
        Client {
            groups: &classical,
            ..fit
        },
        Client { key: None, ..fit },
    ] {
        let answer = refused.ask(&door, FRAMES).await;
        assert!(answer.is_err() || answer.unwrap().is_empty());
    }
    assert_eq!(*door.echo.calls.lock().unwrap(), 0);
    door.still_answers().await;
}

/// Clause: I5
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a client of the test's own")]
async fn older_tls_is_refused() {
    let door = door().await;
    // A ClientHello of TLS 1.2 (RFC 5246, 7.4.1.2): version, random, no session, one suite, no
    // compression, no extensions.
    let hello = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0xc0, 0x2b, 1, 0]].concat();
    let length = u8::try_from(hello.len()).unwrap();
    let record = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &hello].concat();
    let mut tcp = TcpStream::connect(door.address).await.unwrap();
    tcp.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();
    // An alert (21) that is fatal (2), and nothing else.
    assert_eq!((answer.first(), answer.get(5)), (Some(&21), Some(&2)));
    assert_eq!(answer.len(), 7, "{answer:?}");
    door.still_answers().await;
}

/// Clause: I5
#[tokio::test]
async fn a_stranger_sees_the_same_as_at_a_path_that_does_not_exist() {
    let door = door().await;
    let stranger = Client::of(&door.stranger_key);
    let without_date = |answer: Vec<u8>| -> Vec<String> {
        let text = String::from_utf8(answer).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("date"));
        lines.map(str::to_owned).collect()
    };
    let there = without_date(stranger.ask(&door, FRAMES).await.unwrap());
    let absent = without_date(stranger.ask(&door, ABSENT).await.unwrap());
    assert_eq!(there, absent);
    assert!(there[0].contains("404"), "{there:?}");
    let address = door.address.to_string();
    let refused = door
        .stranger
        .exchange(&address, &[door.server], b"x".to_vec())
        .await;
    assert!(matches!(refused, Err(OutboundError::Refused { .. })));
    assert_eq!(*door.echo.calls.lock().unwrap(), 0);
    door.still_answers().await;
}

/// Clause: I5
#[tokio::test]
async fn a_server_with_another_key_than_the_pinned_one_gets_nothing() {
    let door = door().await;
    let address = door.address.to_string();
    let (_, other, _) = identity();
    let refused = door
        .peer
        .exchange(&address, &[other], b"secret".to_vec())
        .await;
    assert!(
        matches!(refused, Err(OutboundError::Handshake(_))),
        "{refused:?}"
    );
    assert_eq!(*door.echo.calls.lock().unwrap(), 0);
    door.still_answers().await;
}

/// Clause: I5
#[tokio::test]
async fn bodies_that_are_too_large_and_what_is_no_http_are_refused() {
    let door = door().await;
    let address = door.address.to_string();
    let most = door
        .peer
        .exchange(&address, &[door.server], vec![0; 1000])
        .await;
    assert_eq!(most.unwrap().len(), 1000);
    let over = door
        .peer
        .exchange(&address, &[door.server], vec![0; 1001])
        .await;
    let Err(OutboundError::Refused { status, .. }) = over else {
        panic!("{over:?}");
    };
    assert_eq!(status.as_u16(), 413);
    let client = Client::of(&door.stranger_key);
    for garbage in [
        &b"\0\xff\0\xff\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /link/v1/frames HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        &[b'A'; 70_000],
    ] {
        // Refused with a status or by closing: never served.
        if let Ok(answer) = client.ask(&door, garbage).await {
            let text = String::from_utf8_lossy(&answer);
            assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
        }
    }
    assert_eq!(*door.echo.calls.lock().unwrap(), 1);
    door.still_answers().await;
}

/// Clause: I5
#[tokio::test]
async fn a_stranger_is_heard_only_with_an_introduction_that_is_short() {
    let door = door().await;
    let address = door.address.to_string();
    let ask = |body: Vec<u8>| {
        let stranger = door.stranger.clone();
        let (address, server) = (address.clone(), door.server);
        async move { stranger.exchange(&address, &[server], body).await }
    };
    let mut long = b"introduction".to_vec();
    long.resize(501, 0);
    for body in [b"frames".to_vec(), long] {
        let refused = ask(body).await;
        let Err(OutboundError::Refused { status, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(status.as_u16(), 404, "as if there were nothing");
    }
    assert_eq!(*door.echo.calls.lock().unwrap(), 0);
    let answer = ask(b"introduction".to_vec()).await;
    assert_eq!(answer.unwrap(), b"introduction");
    door.still_answers().await;
}

/// Clause: I5
#[tokio::test]
async fn a_key_that_is_replaced_is_presented_from_the_next_connection_on() {
    let door = door().await;
    let address = door.address.to_string();
    let (_, next, pkcs8) = identity();
    let ask = async |pinned: &[KeyId]| {
        let body = b"x".to_vec();
        door.peer.exchange(&address, pinned, body).await
    };
    door.identity.replace(&pkcs8).unwrap();
    let refused = ask(&[door.server]).await;
    assert!(matches!(refused, Err(OutboundError::Handshake(_))));
    assert_eq!(ask(&[door.server, next]).await.unwrap(), b"x");
    assert!(door.identity.replace(b"no key").is_err());
    assert_eq!(ask(&[next]).await.unwrap(), b"x");
}

/// Attack class 1 (CVE-2026-27960 of OpenCTI): an identity said in a path, a query or a header. The
/// only one is that of the key.
///
/// Clause: I5
#[tokio::test]
async fn no_method_path_or_header_makes_a_stranger_a_peer() {
    let door = door().await;
    let stranger = Client::of(&door.stranger_key);
    let node = NodeId::from_bytes([1; 32]);
    let methods = ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "POST"];
    let paths = [
        "/link/v1/frames".to_owned(),
        format!("/link/v1/frames?peer={node}"),
        format!("/link/v1/frames/{node}"),
        "/LINK/V1/FRAMES".to_owned(),
        "//link/v1/frames".to_owned(),
        "/link/v1/../v1/frames".to_owned(),
        "/link/v1/%66rames".to_owned(),
        "/".to_owned(),
    ];
    let said = format!(
        "host: localhost\r\nx-node: {node}\r\nx-forwarded-for: 127.0.0.1\r\n\
         authorization: Bearer {node}\r\nx-client-cert: {node}\r\nfrom: {node}"
    );
    for method in methods {
        for path in &paths {
            let request =
                format!("{method} {path} HTTP/1.1\r\n{said}\r\ncontent-length: 1\r\n\r\nx");
            let answer = stranger.ask(&door, request.as_bytes()).await.unwrap();
            let answer = String::from_utf8_lossy(&answer);
            assert!(
                answer.starts_with("HTTP/1.1 404"),
                "{method} {path}: {answer}"
            );
        }
    }
    assert_eq!(*door.echo.calls.lock().unwrap(), 0);
    door.still_answers().await;
}

/// misp-guard 002 and 006: a guard that let itself be used to reach other hosts and ports. The door
/// is no proxy, not for a partner either.
///
/// Clause: I6
#[tokio::test]
async fn the_door_connects_nobody_to_anywhere() {
    let door = door().await;
    let peer = Client::of(&door.peer_key);
    for request in [
        "CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: 127.0.0.1:22\r\n\r\n",
        "CONNECT /link/v1/frames HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET http://169.254.169.254/latest HTTP/1.1\r\nhost: 169.254.169.254\r\n\r\n",
        "POST http://other.example/link/v1/pair/x HTTP/1.1\r\nhost: other.example\r\ncontent-length: 0\r\n\r\n",
        "GET /link/v1/frames HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    ] {
        let answer = peer.ask(&door, request.as_bytes()).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        let refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(refused, "{request}: {answer}");
    }
    assert_eq!(*door.echo.calls.lock().unwrap(), 0);
    door.still_answers().await;
}
