//! Mutual TLS 1.3 with a hybrid post-quantum key exchange; identity is the pinned key.
//!
//! Certificates are self-signed and made at every start: nobody reads a name or a date in them.
//! What counts is that the other side proves it holds the private key, and which key that is.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use noroshi_model::KeyId;
use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};

/// Why the TLS side of a node cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The key is not PKCS#8 with P-256.
    #[error("the TLS key cannot be used")]
    Key(#[from] rcgen::Error),
    /// A file holds no certificate (PEM).
    #[error("no certificate in the file: {0}")]
    Certificate(rustls::pki_types::pem::Error),
    /// The TLS library refuses.
    #[error("TLS cannot be set up")]
    Setup(#[from] Error),
}

/// This node's side of every connection. Clones share one key: when it is replaced, new
/// connections in and out present the new one.
#[derive(Clone, Debug)]
pub struct Identity(Arc<RwLock<Arc<CertifiedKey>>>);

impl Identity {
    /// From the node's TLS key (PKCS#8).
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn new(pkcs8: &[u8]) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(RwLock::new(certified(pkcs8)?))))
    }

    /// Present another TLS key (PKCS#8) from the next connection on.
    ///
    /// # Errors
    /// See [`TlsError`]; the key presented so far stays.
    pub fn replace(&self, pkcs8: &[u8]) -> Result<(), TlsError> {
        let next = certified(pkcs8)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    fn current(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(AnyHolder {
                provider: provider(),
                is_mandatory: true,
            }))
            .with_cert_resolver(Arc::new(self.clone()));
        // No tickets: every connection proves its key anew.
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    /// For a connection to whoever holds one of the pinned keys; without any (pairing) to anybody,
    /// whose key is then told in `seen`.
    pub(crate) fn client_config(
        &self,
        pinned: Option<Vec<KeyId>>,
        seen: Arc<Mutex<Option<KeyId>>>,
    ) -> Result<ClientConfig, TlsError> {
        let verifier = Pinned {
            pinned,
            seen,
            provider: provider(),
        };
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(self.clone()));
        config.resumption = rustls::client::Resumption::disabled();
        config.enable_sni = false;
        Ok(config)
    }
}

/// A TLS key with a certificate around it, made here and now.
fn certified(pkcs8: &[u8]) -> Result<Arc<CertifiedKey>, TlsError> {
    let der = PrivatePkcs8KeyDer::from(pkcs8.to_vec());
    let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ECDSA_P256_SHA256)?;
    let params = rcgen::CertificateParams::new(vec!["noroshi.invalid".to_owned()])?;
    let certificate = params.self_signed(&pair)?.der().clone();
    let key = provider()
        .key_provider
        .load_private_key(PrivateKeyDer::Pkcs8(der))?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate], key)))
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// X25519MLKEM768 and nothing else: what is recorded today is not read tomorrow. Both ends are
/// nodes of this project, so there is nobody to fall back for.
fn provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = vec![aws_lc_rs::kx_group::X25519MLKEM768];
    Arc::new(provider)
}

/// The name of the key in a certificate: SHA-256 of its SubjectPublicKeyInfo.
pub(crate) fn key_of(certificate: &CertificateDer<'_>) -> Result<KeyId, Error> {
    let parsed = rustls::server::ParsedCertificate::try_from(certificate)?;
    Ok(KeyId::of(&parsed.subject_public_key_info()))
}

/// The name of the key in a certificate file (PEM), as a client that shows it is known by.
///
/// # Errors
/// No certificate in it, or one that cannot be read.
pub fn certificate_key(pem: &[u8]) -> Result<KeyId, TlsError> {
    let certificate = CertificateDer::from_pem_slice(pem).map_err(TlsError::Certificate)?;
    Ok(key_of(&certificate)?)
}

#[derive(Debug)]
struct Pinned {
    pinned: Option<Vec<KeyId>>,
    seen: Arc<Mutex<Option<KeyId>>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = key_of(end_entity)?;
        let pinned = self.pinned.as_ref();
        if pinned.is_some_and(|pinned| !pinned.contains(&key)) {
            return Err(Error::InvalidCertificate(
                rustls::CertificateError::ApplicationVerificationFailure,
            ));
        }
        *self
            .seen
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(key);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken here".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Takes any client that proves it holds the key of its certificate; who that is, the service says.
#[derive(Debug)]
pub(crate) struct AnyHolder {
    pub(crate) provider: Arc<CryptoProvider>,
    /// Or is a client without a certificate taken as well?
    pub(crate) is_mandatory: bool,
}

impl ClientCertVerifier for AnyHolder {
    fn client_auth_mandatory(&self) -> bool {
        self.is_mandatory
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
        // Asked by TAXII's server alone: the link's offers TLS 1.3 and nothing else.
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
