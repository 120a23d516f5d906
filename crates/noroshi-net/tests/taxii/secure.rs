//! TLS: versions, the server's certificate from files, and clients that show one.

use std::sync::Arc;

use noroshi_net::{Clients, Identity, Security, SecurityError, WebListener, certificate_key};
use noroshi_seal::tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::{PATIENCE, Server, about, desk, limits, start, start_over};

/// Believes any server: what is tested here is the server.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

type Shown = Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>;

/// What a client with this version of TLS and this certificate is answered.
fn ask(
    server: &Server,
    version: &'static SupportedProtocolVersion,
    shown: Shown,
    authorization: &str,
) -> Result<String, std::io::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)));
    let config = match shown {
        Some((chain, key)) => config.with_client_auth_cert(chain, key).unwrap(),
        None => config.with_no_client_auth(),
    };
    let connector = TlsConnector::from(Arc::new(config));
    let request =
        format!("GET /taxii2/ HTTP/1.1\r\nhost: x\r\n{authorization}connection: close\r\n\r\n");
    server.runtime.block_on(async {
        let tcp = TcpStream::connect(server.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, tcp).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    })
}

struct Files {
    folder: tempfile::TempDir,
    security: Security,
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// A certificate with its key, as a client shows it.
fn client() -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["client".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    (vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
}

fn files() -> Files {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path());
    let at = |name: &str| folder.path().join(name);
    let security = Security::from_pem(&at("cert.pem"), &at("key.pem"), Clients::Programs).unwrap();
    Files { folder, security }
}

/// A new pair in a folder; the certificate.
fn write_pair(folder: &std::path::Path) -> Vec<u8> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().to_vec();
    std::fs::write(folder.join("cert.pem"), pem("CERTIFICATE", &certificate)).unwrap();
    let der = made.signing_key.serialize_der();
    std::fs::write(folder.join("key.pem"), pem("PRIVATE KEY", &der)).unwrap();
    certificate
}

const BEARER: &str = "authorization: Bearer caller\r\n";

#[test]
fn without_tls_only_this_machine_is_served() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bound = runtime.block_on(WebListener::bind("0.0.0.0:0", Security::plain(), limits()));
    let text = bound.err().unwrap().to_string();
    assert!(text.contains("without TLS"), "{text}");
}

#[test]
fn files_that_are_no_certificate_are_named() {
    let made = files();
    let path = |name: &str| made.folder.path().join(name);
    std::fs::write(path("empty.pem"), "").unwrap();
    for (certificate, key, named) in [
        ("nothing.pem", "key.pem", "nothing.pem"),
        ("empty.pem", "key.pem", "empty.pem"),
        ("key.pem", "key.pem", "key.pem"),
        ("cert.pem", "cert.pem", "cert.pem"),
        ("cert.pem", "nothing.pem", "nothing.pem"),
    ] {
        let error = Security::from_pem(&path(certificate), &path(key), Clients::Programs)
            .err()
            .unwrap();
        assert!(error.to_string().contains(named), "{error}");
    }
    let other = files();
    let mixed = Security::from_pem(
        &path("cert.pem"),
        &other.folder.path().join("key.pem"),
        Clients::Programs,
    );
    assert!(matches!(mixed.err(), Some(SecurityError::Setup(_))));
}

#[test]
fn a_client_that_speaks_plainly_to_tls_gets_nothing() {
    let server = start(files().security, about(), limits());
    let answer = server.raw(b"GET /taxii2/ HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(!answer.starts_with(b"HTTP"));
}

#[test]
fn both_versions_of_tls_are_spoken() {
    let server = start(files().security, about(), limits());
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let answer = ask(&server, version, None, BEARER).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let answer = ask(&server, version, None, "").unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
}

#[test]
fn a_certificate_of_an_unknown_key_is_nobody() {
    let server = start(files().security, about(), limits());
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let shown = Some(client());
        let answer = ask(&server, version, shown, "").unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
}

/// The certificate alone is the credential, and a wrong token beside it is none.
#[test]
fn a_certificate_of_a_known_key_is_its_caller() {
    let (chain, key) = client();
    let hash = certificate_key(pem("CERTIFICATE", &chain[0]).as_bytes()).unwrap();
    let desk = desk::Memory {
        certificate: Some(*hash.bytes()),
        ..desk::Memory::default()
    };
    let server = start_over(desk, files().security, about(), limits());
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let shown = || Some((chain.clone(), key.clone_key()));
        let answer = ask(&server, version, shown(), "").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let wrong = "authorization: Bearer wrong\r\n";
        let answer = ask(&server, version, shown(), wrong).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
}

#[test]
fn the_nodes_own_key_serves_too() {
    let (key, _) = tls::generate().unwrap();
    let identity = Identity::new(&key).unwrap();
    let server = start(
        Security::of(&identity, Clients::Programs).unwrap(),
        about(),
        limits(),
    );
    let answer = ask(&server, &rustls::version::TLS13, None, BEARER).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// The certificate a server shows.
fn shown_by(server: &Server) -> Vec<u8> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    server.runtime.block_on(async {
        let tcp = TcpStream::connect(server.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connector.connect(name, tcp).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    })
}

#[test]
fn a_certificate_that_changes_on_the_disk_is_shown_and_half_a_pair_is_not() {
    let made = files();
    let limits = noroshi_net::WebLimits {
        certificate_time: std::time::Duration::from_millis(20),
        connections_from_one: 1000,
        ..limits()
    };
    let server = start(made.security.clone(), about(), limits);
    let first = shown_by(&server);
    let renewed = write_pair(made.folder.path());
    let mut tries = 0;
    while shown_by(&server) != renewed {
        tries += 1;
        assert!(tries < 10_000, "the new certificate is never shown");
    }
    assert_ne!(first, renewed);
    std::fs::write(made.folder.path().join("key.pem"), "half a pair").unwrap();
    for _ in 0..200 {
        assert_eq!(shown_by(&server), renewed);
    }
}

#[test]
fn one_address_does_not_take_every_seat() {
    let limits = noroshi_net::WebLimits {
        connections_from_one: 3,
        ..limits()
    };
    let server = start(files().security, about(), limits);
    let idle: Vec<_> = (0..3)
        .map(|_| {
            let connect = TcpStream::connect(server.address);
            server.runtime.block_on(connect).unwrap()
        })
        .collect();
    let refused = ask(&server, &rustls::version::TLS13, None, BEARER);
    assert!(refused.is_err(), "{refused:?}");
    drop(idle);
    // The server hears of it in its own time.
    let mut tries = 0;
    while ask(&server, &rustls::version::TLS13, None, BEARER).is_err() {
        tries += 1;
        assert!(tries < 10_000, "nobody is let in any more");
    }
}
