//! Who the server is, and who a client with a certificate is.
//!
//! TLS 1.3, and 1.2 because TAXII demands it (8.2.2), with suites of forward secrecy and AEAD only;
//! rustls knows no others. Early data is never taken. A client may show a certificate: it proves
//! that it holds the key, and which key that is decides who it is; no authority is asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{Error, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::tls::{AnyHolder, Identity};

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

/// Who connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    /// Programs, which may show a certificate: the key that they prove to hold names them.
    Programs,
    /// Browsers. None is asked for a certificate, for it would bother its user with the question.
    Browsers,
}

/// How connections are secured.
#[derive(Clone)]
pub struct Security {
    config: Option<Arc<ServerConfig>>,
    files: Option<Files>,
}

/// The files of a certificate and its key, as they were when they were read.
#[derive(Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    clients: Clients,
    were: [Option<(SystemTime, u64)>; 2],
}

impl Files {
    fn at(certificate: &Path, key: &Path, clients: Clients) -> Self {
        Self {
            were: [stamp(certificate), stamp(key)],
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            clients,
        }
    }
}

/// When a file was written last, and how long it is.
fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let known = std::fs::metadata(file).ok()?;
    Some((known.modified().ok()?, known.len()))
}

impl Security {
    /// Not at all: for an address of this machine, behind a proxy or in tests.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            config: None,
            files: None,
        }
    }

    /// With a certificate chain and its key, each a file in PEM.
    ///
    /// # Errors
    /// See [`SecurityError`].
    pub fn from_pem(
        certificate: &Path,
        key: &Path,
        clients: Clients,
    ) -> Result<Self, SecurityError> {
        // Looked at first: what is written meanwhile is another one.
        let files = Files::at(certificate, key, clients);
        let pem = |path: &Path, what| SecurityError::Pem {
            path: path.to_owned(),
            what,
        };
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| pem(certificate, "certificate"))?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|_| pem(key, "private key"))?;
        let config = builder(clients)?.with_single_cert(chain, key)?;
        Ok(Self {
            config: Some(Arc::new(config)),
            files: Some(files),
        })
    }

    /// With the node's own key and a certificate around it, which clients must pin.
    ///
    /// # Errors
    /// See [`SecurityError`].
    pub fn of(identity: &Identity, clients: Clients) -> Result<Self, SecurityError> {
        let config = builder(clients)?.with_cert_resolver(Arc::new(identity.clone()));
        Ok(Self {
            config: Some(Arc::new(config)),
            files: None,
        })
    }

    pub(crate) fn acceptor(&self) -> Option<TlsAcceptor> {
        self.config.clone().map(TlsAcceptor::from)
    }

    /// The same by the files as they are now, where they changed and fit together. While a pair is
    /// being exchanged the one before stands.
    pub(super) fn renewed(&self) -> Option<Self> {
        let files = self.files.as_ref()?;
        let now = Files::at(&files.certificate, &files.key, files.clients);
        if now.were == files.were {
            return None;
        }
        Self::from_pem(&files.certificate, &files.key, files.clients).ok()
    }
}

fn builder(
    clients: Clients,
) -> Result<rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    Ok(match clients {
        Clients::Browsers => builder.with_no_client_auth(),
        Clients::Programs => builder.with_client_cert_verifier(Arc::new(AnyHolder {
            provider,
            is_mandatory: false,
        })),
    })
}
