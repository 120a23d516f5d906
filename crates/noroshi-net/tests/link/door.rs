//! The door under test, and clients of the tests' own making that ask it for whatever they like.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use noroshi_model::{KeyId, NodeId};
use noroshi_net::listen::Limits;
use noroshi_net::{Identity, LinkService, Listener, Outbound, Refusal};
use noroshi_seal::tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Gives back what it gets, to one known peer and to whoever introduces itself.
pub(crate) struct Echo {
    pub(crate) peer: KeyId,
    pub(crate) calls: Mutex<u32>,
}

impl LinkService for Echo {
    fn peer_of(&self, key: &KeyId) -> Option<NodeId> {
        (*key == self.peer).then(|| NodeId::from_bytes([1; 32]))
    }

    fn introduced(&self, _: &KeyId, frames: &[u8]) -> Option<NodeId> {
        frames
            .starts_with(b"introduction")
            .then(|| NodeId::from_bytes([2; 32]))
    }

    fn exchange(&self, _: &NodeId, frames: &[u8]) -> Result<Vec<u8>, Refusal> {
        *self.calls.lock().unwrap() += 1;
        Ok(frames.to_vec())
    }

    fn pair(&self, _: &KeyId, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        Ok(message.to_vec())
    }

    fn recover(&self, _: &KeyId, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        Ok(message.to_vec())
    }
}

pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) identity: Identity,
    pub(crate) server: KeyId,
    pub(crate) peer: Outbound,
    pub(crate) stranger: Outbound,
    pub(crate) stranger_key: Vec<u8>,
    pub(crate) peer_key: Vec<u8>,
    pub(crate) echo: Arc<Echo>,
    pub(crate) _stop: watch::Sender<bool>,
}

pub(crate) fn identity() -> (Identity, KeyId, Vec<u8>) {
    let (pkcs8, public) = tls::generate().unwrap();
    (
        Identity::new(&pkcs8).unwrap(),
        KeyId::of(&public),
        pkcs8.to_vec(),
    )
}

pub(crate) async fn door() -> Door {
    door_with(Limits::default()).await
}

/// A door with small bodies and otherwise these limits.
pub(crate) async fn door_with(limits: Limits) -> Door {
    let (server, server_id, _) = identity();
    let (peer, peer_id, peer_key) = identity();
    let (stranger, _, stranger_key) = identity();
    let limits = Limits {
        frames_bytes_max: 1000,
        introduction_bytes_max: 500,
        ..limits
    };
    let listener = Listener::bind("127.0.0.1:0", &server, limits)
        .await
        .unwrap();
    let address = listener.address().unwrap();
    let echo = Arc::new(Echo {
        peer: peer_id,
        calls: Mutex::new(0),
    });
    let (stop, stopped) = watch::channel(false);
    let service: Arc<dyn LinkService> = Arc::<Echo>::clone(&echo);
    tokio::spawn(listener.serve(service, stopped));
    Door {
        address,
        identity: server,
        server: server_id,
        peer: Outbound::new(peer),
        stranger: Outbound::new(stranger),
        stranger_key,
        peer_key,
        echo,
        _stop: stop,
    }
}

impl Door {
    /// The peer is still served: what was refused before has broken nothing.
    pub(crate) async fn still_answers(&self) {
        let address = self.address.to_string();
        let answer = self
            .peer
            .exchange(&address, &[self.server], b"frames".to_vec())
            .await;
        assert_eq!(answer.unwrap(), b"frames");
    }
}

/// Believes every server: the tests look at what the server does.
#[derive(Debug)]
pub(crate) struct Anybody(Arc<CryptoProvider>);

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
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A client of the test's making.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    pub(crate) version: &'static SupportedProtocolVersion,
    pub(crate) groups: &'a [&'static dyn rustls::crypto::SupportedKxGroup],
    pub(crate) key: Option<&'a [u8]>,
}

const HYBRID: &[&dyn rustls::crypto::SupportedKxGroup] = &[aws_lc_rs::kx_group::X25519MLKEM768];

impl<'a> Client<'a> {
    /// A client as the door wants it, with this key.
    pub(crate) fn of(key: &'a [u8]) -> Self {
        Self {
            version: &rustls::version::TLS13,
            groups: HYBRID,
            key: Some(key),
        }
    }

    /// Begin a body of eight bytes for this path, and send none of it. The door asks for it: it is
    /// waiting for the body when this returns.
    pub(crate) async fn begin(&self, door: &Door, path: &str) -> Slow {
        let mut stream = self.connect(door).await.unwrap();
        let begun = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
             content-length: 8\r\n\r\n"
        );
        stream.write_all(begun.as_bytes()).await.unwrap();
        let mut slow = Slow(stream);
        let asked = slow.answer().await;
        assert!(asked.contains("100"), "{asked}");
        slow
    }

    /// The first bytes the server sends after the handshake to a plain request, or how it ended.
    pub(crate) async fn ask(&self, door: &Door, request: &[u8]) -> Result<Vec<u8>, std::io::Error> {
        let mut stream = self.connect(door).await?;
        stream.write_all(request).await?;
        let mut answer = vec![0; 4096];
        let read = stream.read(&mut answer).await?;
        answer.truncate(read);
        Ok(answer)
    }

    #[expect(clippy::disallowed_methods, reason = "a client of the test's own")]
    pub(crate) async fn connect(
        &self,
        door: &Door,
    ) -> Result<TlsStream<TcpStream>, std::io::Error> {
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = self.groups.to_vec();
        let provider = Arc::new(provider);
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[self.version])
            .map_err(std::io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)));
        let config = match self.key {
            None => config.with_no_client_auth(),
            Some(pkcs8) => {
                let der = PrivatePkcs8KeyDer::from(pkcs8.to_vec());
                let algorithm = &rcgen::PKCS_ECDSA_P256_SHA256;
                let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, algorithm).unwrap();
                let params = rcgen::CertificateParams::new(vec!["x.invalid".to_owned()]).unwrap();
                let certificate = params.self_signed(&pair).unwrap().der().clone();
                config
                    .with_client_auth_cert(vec![certificate], der.into())
                    .unwrap()
            }
        };
        let tcp = TcpStream::connect(door.address).await?;
        let name = ServerName::try_from("noroshi.invalid").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, tcp)
            .await
    }
}

pub(crate) const FRAMES: &[u8] =
    b"POST /link/v1/frames HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx";
pub(crate) const ABSENT: &[u8] =
    b"POST /nothing/here HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx";

/// A request whose body has not come.
pub(crate) struct Slow(TlsStream<TcpStream>);

impl Slow {
    /// What the door says next; nothing once it has closed.
    pub(crate) async fn answer(&mut self) -> String {
        let mut read = vec![0; 4096];
        let length = self.0.read(&mut read).await.unwrap_or(0);
        String::from_utf8_lossy(&read[..length]).into_owned()
    }

    /// Send the body after all.
    pub(crate) async fn end(&mut self) -> String {
        self.0.write_all(b"12345678").await.unwrap();
        self.answer().await
    }
}
