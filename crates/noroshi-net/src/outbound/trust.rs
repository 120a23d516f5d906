//! Whom to believe that it is the server that was called: the system's authorities, those that an
//! officer named, or keys that an officer pinned.

use std::sync::Arc;

use noroshi_model::KeyId;
use noroshi_taxii::client::Trust;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::tls::key_of;

/// Where systems keep the authorities they believe, in PEM.
const SYSTEM: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];
/// Largest such file, in bytes.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// TLS 1.2 and 1.3, as others speak it; no client certificate, for it would tell who calls.
pub(super) fn client_config(trust: &Trust) -> Result<ClientConfig, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let authorities = match (&trust.authorities, trust.pins.is_empty()) {
        (Some(pem), _) => Some(store_of(pem.as_bytes())?),
        (None, true) => Some(store_of(&system()?)?),
        (None, false) => None,
    };
    let chain = match authorities {
        None => None,
        Some(store) => {
            let built =
                WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider));
            Some(built.build().map_err(|error| error.to_string())?)
        }
    };
    let believed = Believed {
        chain,
        pins: trust.pins.clone(),
        provider: Arc::clone(&provider),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(believed))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn store_of(pem: &[u8]) -> Result<RootCertStore, String> {
    let certificates: Vec<CertificateDer<'_>> =
        CertificateDer::pem_slice_iter(pem).flatten().collect();
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(certificates);
    if added == 0 {
        return Err("there is no certificate of an authority to believe".to_owned());
    }
    Ok(store)
}

fn system() -> Result<Vec<u8>, String> {
    let named = std::env::var("SSL_CERT_FILE").ok();
    let mut places = named.iter().map(String::as_str).chain(SYSTEM);
    let found = places.find(|place| {
        std::fs::metadata(place).is_ok_and(|meta| meta.is_file() && meta.len() <= FILE_BYTES_MAX)
    });
    let place = found.ok_or(
        "this system keeps no list of authorities: name one with --ca, or a key with --pin",
    )?;
    std::fs::read(place).map_err(|error| format!("{place}: {error}"))
}

#[derive(Debug)]
struct Believed {
    chain: Option<Arc<WebPkiServerVerifier>>,
    pins: Vec<KeyId>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Believed {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.pins.is_empty() && !self.pins.contains(&key_of(end_entity)?) {
            let key = key_of(end_entity)?;
            return Err(Error::General(format!(
                "its key is {key}, which is not pinned"
            )));
        }
        match &self.chain {
            Some(chain) => {
                chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
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
