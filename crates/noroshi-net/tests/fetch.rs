//! Calls to others' servers over real sockets: servers that are slow, lie about lengths, send
//! bombs, lead elsewhere, or are not who they should be.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "a stranger's end of the connection is what is tested"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use noroshi_model::KeyId;
use noroshi_net::{Fetcher, Patience};
use noroshi_taxii::client::{Call, CallFault, Credential, Method, Reply, Target, Trust, Word};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio::runtime::Runtime;

const BODY_MAX: u64 = 1_000_000;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

fn impatient() -> Fetcher {
    Fetcher::new(Patience {
        connect: Duration::from_secs(5),
        head: Duration::from_millis(400),
        piece: Duration::from_millis(400),
        body: Duration::from_millis(1200),
    })
}

/// A server that hears one request a connection, tells it on, and does with the connection what it
/// is there for.
struct Server {
    address: SocketAddr,
    heard: Receiver<String>,
    _thread: JoinHandle<()>,
}

fn serve(answer: impl Fn(&mut dyn Stream) + Send + 'static) -> Server {
    serve_over(None, answer)
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

fn serve_over(
    tls: Option<Arc<ServerConfig>>,
    answer: impl Fn(&mut dyn Stream) + Send + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, heard) = channel();
    let thread = std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let tcp = tcp.unwrap();
            tcp.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut stream: Box<dyn Stream> = match &tls {
                None => Box::new(tcp),
                Some(config) => {
                    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                    Box::new(StreamOwned::new(connection, tcp))
                }
            };
            let Some(request) = request(&mut *stream) else {
                continue;
            };
            if tell.send(request).is_err() {
                return;
            }
            answer(&mut *stream);
        }
    });
    Server {
        address,
        heard,
        _thread: thread,
    }
}

/// A request's head and body.
fn request(stream: &mut dyn Stream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut one = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        match stream.read(&mut one) {
            Ok(1) => bytes.push(one[0]),
            _ => return None,
        }
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    Some(head + &String::from_utf8(body).unwrap())
}

/// A whole answer.
fn whole(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn target(server: &Server) -> Target {
    format!("http://{}/x/?a=1", server.address).parse().unwrap()
}

fn get(target: &Target, trust: &Trust) -> Result<(Reply, Vec<u8>), CallFault> {
    let call = Call {
        method: Method::Get,
        target,
        trust,
        credential: None,
        accept: "application/taxii+json;version=2.1",
        body: None,
        etag: None,
        modified: None,
        bytes_max: BODY_MAX,
    };
    let mut out = Vec::new();
    let reply = impatient().fetch(runtime().handle(), &call, &mut out)?;
    Ok((reply, out))
}

fn plain(answer: impl Fn(&mut dyn Stream) + Send + 'static) -> Result<(Reply, Vec<u8>), CallFault> {
    get(&target(&serve(answer)), &Trust::default())
}

#[test]
fn a_slow_head_and_a_slow_body_are_given_up() {
    let (hold, held) = channel::<()>();
    let held = Mutex::new(held);
    let slow_head = plain(move |_| {
        let _ = held.lock().unwrap().recv_timeout(Duration::from_secs(3));
    });
    assert_eq!(slow_head.unwrap_err(), CallFault::Slow);
    drop(hold);
    // A piece at a time, each in time: the whole is too slow.
    let (_hold, held) = channel::<()>();
    let held = Mutex::new(held);
    let drops = plain(move |stream| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            .unwrap();
        while stream.write_all(b"x").is_ok() && stream.flush().is_ok() {
            let _ = held
                .lock()
                .unwrap()
                .recv_timeout(Duration::from_millis(200));
        }
    });
    assert_eq!(drops.unwrap_err(), CallFault::Slow);
    let (_hold, held) = channel::<()>();
    let held = Mutex::new(held);
    let stops = plain(move |stream| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nxx")
            .unwrap();
        let _ = held.lock().unwrap().recv_timeout(Duration::from_secs(3));
    });
    assert_eq!(stops.unwrap_err(), CallFault::Slow);
}

#[test]
fn what_is_too_large_is_not_read_to_its_end() {
    let announced = plain(|stream| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9000000000\r\n\r\n")
            .unwrap();
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
    });
    assert_eq!(announced.unwrap_err(), CallFault::TooLarge);
    let chunk = [&b"1000\r\n"[..], &[b'x'; 4096], b"\r\n"].concat();
    let endless = plain(move |stream| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .unwrap();
        while stream.write_all(&chunk).is_ok() {}
    });
    assert_eq!(endless.unwrap_err(), CallFault::TooLarge);
    let headers = plain(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream
            .write_all(b"x-y: zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\r\n")
            .is_ok()
        {}
    });
    assert!(matches!(headers.unwrap_err(), CallFault::Damaged(_)));
}

#[test]
fn bombs_and_broken_compression_are_refused() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&vec![b' '; 2_000_000]).unwrap();
    let bomb = packed.finish().unwrap();
    let gzip = "content-encoding: gzip\r\n";
    let cut = bomb[..bomb.len() / 2].to_vec();
    let whole_bomb = plain(move |stream| stream.write_all(&whole("200 OK", gzip, &bomb)).unwrap());
    assert_eq!(whole_bomb.unwrap_err(), CallFault::TooLarge);
    let broken = plain(move |stream| stream.write_all(&whole("200 OK", gzip, &cut)).unwrap());
    // Half a bomb is still more than is taken; a short one that is cut is damaged.
    assert!(matches!(
        broken.unwrap_err(),
        CallFault::TooLarge | CallFault::Damaged(_)
    ));
    for (name, body) in [
        ("gzip", &b"no gzip"[..]),
        ("br", b"\xff\xff"),
        ("zstd", b"{}"),
    ] {
        let headers = format!("content-encoding: {name}\r\n");
        let refused = plain(move |stream| {
            stream.write_all(&whole("200 OK", &headers, body)).unwrap();
        });
        assert!(
            matches!(refused.unwrap_err(), CallFault::Damaged(_)),
            "{name}"
        );
    }
}

#[test]
fn what_breaks_off_or_is_no_http_is_damaged() {
    for bytes in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nxx"[..],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"SSH-2.0-x\r\n",
        b"",
    ] {
        let damaged = plain(move |stream| stream.write_all(bytes).unwrap());
        assert!(
            matches!(damaged.unwrap_err(), CallFault::Damaged(_)),
            "{bytes:?}"
        );
    }
}

#[test]
fn a_redirect_is_an_answer_and_nothing_goes_to_where_it_leads() {
    let elsewhere = serve(|stream| stream.write_all(&whole("200 OK", "", b"{}")).unwrap());
    let location = format!("location: http://{}/stolen\r\n", elsewhere.address);
    let (reply, _) = plain(move |stream| {
        stream
            .write_all(&whole("302 Found", &location, b""))
            .unwrap();
    })
    .unwrap();
    assert_eq!(reply.status, 302);
    assert!(reply.header("location").unwrap().ends_with("/stolen"));
    assert!(elsewhere.heard.try_recv().is_err());
}

#[test]
fn plain_http_is_for_this_machine_only() {
    assert!("http://192.0.2.1/".parse::<Target>().is_err());
    let unheard = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let target: Target = format!("http://{unheard}/").parse().unwrap();
    let gone = get(&target, &Trust::default()).unwrap_err();
    assert!(matches!(gone, CallFault::Connect(_)), "{gone}");
}

#[test]
fn a_request_says_what_it_should_and_an_answer_comes_unpacked() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"{\"objects\":[]}").unwrap();
    let body = packed.finish().unwrap();
    let server = serve(move |stream| {
        let headers = "content-encoding: gzip\r\nx-taxii-date-added-last: x\r\n";
        stream.write_all(&whole("200 OK", headers, &body)).unwrap();
    });
    let credential = Credential::Bearer(Word("hunter2".into()));
    let (target, trust) = (target(&server), Trust::default());
    let call = Call {
        method: Method::Post,
        target: &target,
        trust: &trust,
        credential: Some(&credential),
        accept: "a/b",
        body: Some(("application/taxii+json;version=2.1", b"{}")),
        etag: Some("\"e\""),
        modified: Some("Wed, 25 Nov 2026 08:00:00 GMT"),
        bytes_max: BODY_MAX,
    };
    let mut out = Vec::new();
    let reply = impatient()
        .fetch(runtime().handle(), &call, &mut out)
        .unwrap();
    assert_eq!((reply.status, &*out), (200, &b"{\"objects\":[]}"[..]));
    assert_eq!(reply.header("x-taxii-date-added-last"), Some("x"));
    let heard = server.heard.recv().unwrap();
    for part in [
        "POST /x/?a=1 HTTP/1.1\r\n",
        &format!("host: {}\r\n", server.address),
        "authorization: Bearer hunter2\r\n",
        "accept: a/b\r\n",
        "content-type: application/taxii+json;version=2.1\r\n",
        "if-none-match: \"e\"\r\n",
        "if-modified-since: Wed, 25 Nov 2026 08:00:00 GMT\r\n",
        "\r\n\r\n{}",
    ] {
        assert!(heard.contains(part), "{part:?} in {heard:?}");
    }
    let injected = Call {
        etag: Some("a\r\nx: y"),
        ..call
    };
    let refused = impatient().fetch(runtime().handle(), &injected, &mut Vec::new());
    assert!(matches!(refused.unwrap_err(), CallFault::Here(_)));
}

/// An authority, and a server's configuration with a certificate of it for that name.
struct House {
    authority: String,
    config: Arc<ServerConfig>,
    key: KeyId,
}

fn pem(certificate: &rcgen::Certificate) -> String {
    let text = data_encoding::BASE64.encode(certificate.der());
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

fn house(name: &str, days: i64) -> House {
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_certificate = root.self_signed(&root_key).unwrap();
    let issuer = Issuer::new(root, root_key);
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if days < 0 {
        leaf.not_before = rcgen::date_time_ymd(2020, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2021, 1, 1);
    }
    let certificate = leaf.signed_by(&key, &issuer).unwrap();
    let pinned = noroshi_net::certificate_key(pem(&certificate).as_bytes()).unwrap();
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![certificate.der().clone()], secret)
    .unwrap();
    House {
        authority: pem(&root_certificate),
        config: Arc::new(config),
        key: pinned,
    }
}

fn over_tls(house: &House, host: &str, trust: &Trust) -> Result<(Reply, Vec<u8>), CallFault> {
    let server = serve_over(Some(Arc::clone(&house.config)), |stream| {
        let _ = stream.write_all(&whole("200 OK", "", b"{}"));
        let _ = stream.flush();
    });
    let target = format!("https://{host}:{}/", server.address.port());
    get(&target.parse().unwrap(), trust)
}

#[test]
fn whoever_is_not_the_server_is_not_asked() {
    let (known, stranger) = (house("localhost", 1), house("localhost", 1));
    let believing = |house: &House| Trust {
        authorities: Some(house.authority.clone()),
        pins: Vec::new(),
    };
    let pinning = |house: &House| Trust {
        authorities: None,
        pins: vec![house.key],
    };
    let both = Trust {
        authorities: Some(known.authority.clone()),
        pins: vec![stranger.key],
    };
    let expired = house("localhost", -1);
    let (other_name, nobody) = (
        house("taxii.example", 1),
        Trust {
            authorities: Some("no certificate".into()),
            pins: Vec::new(),
        },
    );
    for (what, house, trust) in [
        ("another authority", &stranger, believing(&known)),
        ("another name", &other_name, believing(&other_name)),
        ("a certificate that is over", &expired, believing(&expired)),
        ("another key", &stranger, pinning(&known)),
        ("the right authority, another key", &known, both),
        ("no authority at all", &known, nobody),
        ("nobody this system believes", &known, Trust::default()),
    ] {
        let refused = over_tls(house, "localhost", &trust).unwrap_err();
        assert!(matches!(refused, CallFault::Tls(_)), "{what}: {refused}");
    }
    let plain_there = serve(|stream| stream.write_all(&whole("200 OK", "", b"{}")).unwrap());
    let target = format!("https://localhost:{}/", plain_there.address.port());
    drop(TcpStream::connect(plain_there.address).unwrap());
    let refused = get(&target.parse().unwrap(), &believing(&known)).unwrap_err();
    assert!(
        matches!(refused, CallFault::Tls(_) | CallFault::Slow),
        "{refused}"
    );

    assert!(over_tls(&known, "localhost", &believing(&known)).is_ok());
    assert!(over_tls(&other_name, "localhost", &pinning(&other_name)).is_ok());
    assert!(over_tls(&expired, "localhost", &pinning(&expired)).is_ok());
    let both = Trust {
        authorities: Some(known.authority.clone()),
        pins: vec![known.key],
    };
    assert!(over_tls(&known, "localhost", &both).is_ok());
}
