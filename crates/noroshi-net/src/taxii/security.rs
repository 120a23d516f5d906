//! Who the server is, and who a client with a certificate is.
//!
//! TLS 1.3, and 1.2 because TAXII demands it (8.2.2), with suites of forward secrecy and AEAD only;
//! rustls knows no others. Early data is never taken. A client may show a certificate: it proves
//! that it holds the key, and which key that is decides who it is; no authority is asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use tokio_rustls::TlsAcceptor;

use crate::tls::{Identity, key_of};

/// Why the server's side of TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// Not a file with that in it, in PEM.
    #[error("{path}: no {what} in PEM")]
    Pem {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// The certificate and the key do not belong together, or cannot be used.
    #[error("the certificate and the key cannot be used together")]
    Setup(#[from] Error),
    /// Passwords and tokens would be read on the way.
    #[error("without TLS only an address of this machine itself can be served, such as 127.0.0.1")]
    PlainAbroad,
}

/// How connections are secured.
#[derive(Clone)]
pub struct Security(Option<Arc<ServerConfig>>);

impl Security {
    /// Not at all: for an address of this machine, behind a proxy or in tests.
    #[must_use]
    pub fn plain() -> Self {
        Self(None)
    }

    /// With a certificate chain and its key, each a file in PEM.
    ///
    /// # Errors
    /// See [`SecurityError`].
    pub fn from_pem(certificate: &Path, key: &Path) -> Result<Self, SecurityError> {
        let pem = |path: &Path, what| SecurityError::Pem {
            path: path.to_owned(),
            what,
        };
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| pem(certificate, "certificate"))?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|_| pem(key, "private key"))?;
        let config = builder()?.with_single_cert(chain, key)?;
        Ok(Self(Some(Arc::new(config))))
    }

    /// With the node's own key and a certificate around it, which clients must pin.
    ///
    /// # Errors
    /// See [`SecurityError`].
    pub fn of(identity: &Identity) -> Result<Self, SecurityError> {
        let config = builder()?.with_cert_resolver(Arc::new(identity.clone()));
        Ok(Self(Some(Arc::new(config))))
    }

    pub(super) fn acceptor(self) -> Option<TlsAcceptor> {
        self.0.map(TlsAcceptor::from)
    }
}

fn builder() -> Result<rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>, Error>
{
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(Arc::new(Holder(provider))))
}

/// Takes a client without a certificate, and one that proves it holds the key of its own.
#[derive(Debug)]
struct Holder(Arc<CryptoProvider>);

impl ClientCertVerifier for Holder {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        key_of(end_entity).map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
