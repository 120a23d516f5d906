//! Malformed heads and bodies, chunks, compression, and bodies over the cap.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;

use serde_json::json;

use crate::checklist::{Answer, Call, TAXII, indicator, is_problem};
use crate::{Server, bytes_of, parse, plain};

fn post(server: &Server, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    server.ask(&posted(headers, body))
}

fn posted(headers: &[(&str, &str)], body: &[u8]) -> Call {
    let path = format!("/taxii2/api/collections/{}/objects/", crate::desk::FULL);
    let mut call = Call::new("POST", &path)
        .with("authorization", "Bearer caller")
        .with("content-type", TAXII);
    for (name, value) in headers {
        call = call.with(name, value);
    }
    call.body = body.to_vec();
    call
}

fn envelope(count: u32) -> Vec<u8> {
    let objects: Vec<_> = (0..count).map(|number| indicator(number, 1)).collect();
    json!({ "objects": objects }).to_string().into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    brotli::CompressorWriter::new(&mut packed, 4096, 5, 22)
        .write_all(bytes)
        .unwrap();
    packed
}

#[test]
fn what_is_no_http_gets_no_answer_and_harms_nobody() {
    let server = plain();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"GET /taxii2/ HTTP/1.1\r\nhost x\r\n\r\n",
        b"GET /taxii2/ HTTP/1.1\r\n: x\r\n\r\n",
        b"GET /taxii2/\0 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /taxii2/ HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /taxii2/ HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST /taxii2/ HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = server.raw(bytes);
        let text = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || text.starts_with("HTTP/1.1 4"),
            "{text}"
        );
    }
    server.is_well();
}

/// misp-guard 002 and 006: a guard that let itself be used to reach other hosts and ports.
///
/// Clause: I6
#[test]
fn the_server_connects_nobody_to_anywhere() {
    let server = plain();
    let inside = TcpListener::bind("127.0.0.1:0").unwrap();
    inside.set_nonblocking(true).unwrap();
    let there = inside.local_addr().unwrap();
    let credential = "authorization: Bearer caller\r\n";
    for request in [
        format!("CONNECT {there} HTTP/1.1\r\nhost: {there}\r\n{credential}\r\n"),
        format!("CONNECT /taxii2/ HTTP/1.1\r\nhost: {there}\r\n{credential}\r\n"),
        format!("GET http://{there}/ HTTP/1.1\r\nhost: {there}\r\n{credential}\r\n"),
        format!("GET //{there}/ HTTP/1.1\r\nhost: {there}\r\n{credential}\r\n"),
    ] {
        let answer = server.raw(request.as_bytes());
        let text = String::from_utf8_lossy(&answer);
        let is_refused = answer.is_empty() || text.starts_with("HTTP/1.1 4");
        assert!(is_refused, "{request}: {text}");
    }
    let nobody = inside.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(nobody, Err(ErrorKind::WouldBlock));
    server.is_well();
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let server = plain();
    let long = "a".repeat(100_000);
    for head in [
        format!("GET /taxii2/?next={long} HTTP/1.1\r\nhost: x\r\n\r\n"),
        format!("GET /taxii2/ HTTP/1.1\r\nhost: x\r\naccept: {long}\r\n\r\n"),
        format!("GET /taxii2/ HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(500)),
    ] {
        let answer = server.raw(head.as_bytes());
        assert!(
            answer.starts_with(b"HTTP/1.1 4"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    server.is_well();
}

#[test]
fn headers_that_are_no_text_are_no_credential() {
    let server = plain();
    let head = b"GET /taxii2/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer \xff\xfe\r\n\
        accept: \xff\r\nconnection: close\r\n\r\n";
    assert_eq!(parse(&server.raw(head)).status, 401);
}

#[test]
fn a_body_over_the_cap_is_refused_before_it_is_sent() {
    let server = plain();
    let mut head = bytes_of(&posted(&[("content-length", "70000")], b""), false);
    is_problem(&parse(&server.raw(&head)), 413);
    // And while it is sent, where its length was not told.
    head = bytes_of(&posted(&[("transfer-encoding", "chunked")], b""), false);
    for _ in 0..80 {
        head.extend_from_slice(b"400\r\n");
        head.extend_from_slice(&[b' '; 1024]);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"0\r\n\r\n");
    is_problem(&parse(&server.raw(&head)), 413);
    server.is_well();
}

/// All of it can be sent: a client that fails while it sends would not read the answer.
#[test]
fn who_is_refused_reads_why_though_it_goes_on_sending() {
    let server = plain();
    let body = vec![b' '; 8 * 1024 * 1024];
    let mut call = posted(&[], &body);
    for status in [413, 401] {
        let bytes = bytes_of(&call, true);
        let answer = server
            .runtime
            .block_on(crate::load::sent_whole(server.address, &bytes));
        is_problem(&parse(&answer), status);
        call.headers.retain(|(name, _)| name != "authorization");
    }
    // And where it is found out on the way.
    let mut bytes = bytes_of(&posted(&[("transfer-encoding", "chunked")], b""), false);
    bytes.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(&body);
    bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    let answer = server
        .runtime
        .block_on(crate::load::sent_whole(server.address, &bytes));
    is_problem(&parse(&answer), 413);
}

#[test]
fn who_waits_to_be_told_is_told() {
    let server = plain();
    let expect = [("expect", "100-continue"), ("content-length", "2")];
    let refused = bytes_of(&posted(&expect, b""), false);
    let refused = String::from_utf8(refused)
        .unwrap()
        .replace("Bearer caller", "Bearer wrong");
    // Without its body: it is not even asked for.
    is_problem(&parse(&server.raw(refused.as_bytes())), 401);
    let mut taken = bytes_of(&posted(&expect, b""), false);
    taken.extend_from_slice(b"{}");
    let answer = server.raw(&taken);
    assert!(
        answer.starts_with(b"HTTP/1.1 100"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    assert!(String::from_utf8_lossy(&answer).contains("HTTP/1.1 202"));
}

#[test]
fn damaged_chunks_are_refused() {
    let server = plain();
    for chunks in [
        "zz\r\n",
        "5\r\nab",
        "ffffffffffffffffffff\r\n",
        "2\r\n{}X\r\n",
        "-1\r\n\r\n",
    ] {
        let mut head = bytes_of(&posted(&[("transfer-encoding", "chunked")], b""), false);
        head.extend_from_slice(chunks.as_bytes());
        let answer = server
            .runtime
            .block_on(crate::load::half_closed(server.address, &head));
        let text = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || text.starts_with("HTTP/1.1 400"),
            "{chunks}: {text}"
        );
    }
    server.is_well();
}

#[test]
fn a_body_that_ends_early_is_not_taken() {
    let server = plain();
    let mut head = bytes_of(&posted(&[("content-length", "5000")], b""), false);
    head.extend_from_slice(&envelope(1));
    let answer = server
        .runtime
        .block_on(crate::load::half_closed(server.address, &head));
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"));
    let path = format!("/taxii2/api/collections/{}/objects/", crate::desk::FULL);
    let call = Call::new("GET", &path).with("authorization", "Bearer caller");
    assert_eq!(server.ask(&call).body, b"{}");
}

#[test]
fn chunked_bodies_are_taken() {
    let server = plain();
    let mut head = bytes_of(&posted(&[("transfer-encoding", "chunked")], b""), false);
    for piece in envelope(20).chunks(7) {
        head.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        head.extend_from_slice(piece);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"0\r\n\r\n");
    let answer = parse(&server.raw(&head));
    assert_eq!(
        (answer.status, &answer.json()["success_count"]),
        (202, &20.into())
    );
}

#[test]
fn compression_bombs_are_refused() {
    let server = plain();
    let zeros = vec![b' '; 32 * 1024 * 1024];
    for (name, bomb) in [("gzip", gzip(&zeros)), ("br", brotli(&zeros))] {
        assert!(bomb.len() < 64 * 1024);
        is_problem(&post(&server, &[("content-encoding", name)], &bomb), 413);
    }
    // A bomb of bombs: what comes out is compressed again, and is no JSON.
    let twice = gzip(&gzip(&zeros));
    is_problem(&post(&server, &[("content-encoding", "gzip")], &twice), 422);
    server.is_well();
}

#[test]
fn compression_that_is_none_is_refused() {
    let server = plain();
    is_problem(&post(&server, &[("content-encoding", "gzip")], b"{}"), 400);
    is_problem(
        &post(&server, &[("content-encoding", "br")], b"{\"objects\":[]}"),
        400,
    );
    let mut cut = gzip(&envelope(20));
    cut.truncate(cut.len() / 2);
    is_problem(&post(&server, &[("content-encoding", "gzip")], &cut), 400);
    for name in ["deflate", "zstd", "gzip, gzip", "x"] {
        let answer = post(&server, &[("content-encoding", name)], b"{}");
        is_problem(&answer, 415);
        assert_eq!(answer.header("accept-encoding"), Some("gzip, br"));
    }
}

#[test]
fn compressed_bodies_are_taken_and_sent() {
    let server = plain();
    let body = envelope(15);
    for (name, packed) in [
        ("gzip", gzip(&body)),
        ("br", brotli(&body)),
        ("identity", body),
    ] {
        let answer = post(&server, &[("content-encoding", name)], &packed);
        assert_eq!(
            (answer.status, &answer.json()["success_count"]),
            (202, &15.into()),
            "{name}"
        );
    }
    let path = format!("/taxii2/api/collections/{}/objects/", crate::desk::FULL);
    let get = Call::new("GET", &path).with("authorization", "Bearer caller");
    let plain = server.ask(&get).body;
    for (wanted, name) in [
        ("gzip, deflate", "gzip"),
        ("br", "br"),
        ("gzip;q=0.1, br", "br"),
    ] {
        let answer = server.ask(&get.clone().with("accept-encoding", wanted));
        assert_eq!(answer.header("content-encoding"), Some(name));
        let mut unpacked = Vec::new();
        match name {
            "gzip" => flate2::read::GzDecoder::new(answer.body.as_slice())
                .read_to_end(&mut unpacked)
                .unwrap(),
            _ => brotli::Decompressor::new(answer.body.as_slice(), 4096)
                .read_to_end(&mut unpacked)
                .unwrap(),
        };
        assert_eq!(unpacked, plain);
        assert!(answer.body.len() < plain.len());
    }
    // What is small, and what nobody asked for, is sent as it is.
    let small = Call::new("GET", "/taxii2/").with("authorization", "Bearer caller");
    let small = server.ask(&small.with("accept-encoding", "gzip"));
    assert_eq!(small.header("content-encoding"), None);
    assert_eq!(
        server
            .ask(&get.with("accept-encoding", "gzip;q=0"))
            .header("content-encoding"),
        None
    );
}

#[test]
fn requests_in_a_row_are_answered_in_their_order() {
    let server = plain();
    let one = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer caller\r\n\r\n")
    };
    let mut bytes = one("/taxii2/") + &one("/nowhere/") + &one("/taxii2/api/");
    bytes += "GET /taxii2/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = server.raw(bytes.as_bytes());
    let text = String::from_utf8_lossy(&answer);
    let statuses: Vec<&str> = text
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| &answer[..3])
        .collect();
    assert_eq!(statuses, ["200", "404", "200", "401"]);
}

#[test]
fn a_length_is_told_with_head_too() {
    let server = plain();
    let call = |method| Call::new(method, "/taxii2/").with("authorization", "Bearer caller");
    let (head, get) = (server.ask(&call("HEAD")), server.ask(&call("GET")));
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(
        get.header("content-length"),
        Some(get.body.len().to_string().as_str())
    );
}
