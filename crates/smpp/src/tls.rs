//! TLS, with rustls.

use std::sync::Arc;

use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        self, ClientConfig, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
        server::WebPkiClientVerifier,
    },
};

/// Why TLS cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The file is not in the format PEM, or lacks what it is read for.
    #[error("{0} cannot be read as PEM")]
    Pem(&'static str),
    /// The name is no host name and no address.
    #[error("{0:?} is no name of a server")]
    Name(String),
    /// Certificate and key, or what they are checked against, do not fit.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
    /// Nobody can be checked against these certificates.
    #[error("certificates of clients cannot be checked: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// A certificate with those that stand for it, and its key, in PEM.
#[derive(Clone, Copy)]
pub struct Identity<'a> {
    /// The certificate first, then those up to the root.
    pub certificates: &'a [u8],
    /// Its private key.
    pub key: &'a [u8],
}

/// An ESME's side: whom it trusts, and by what name the SMS centre must be known.
#[derive(Clone)]
pub struct TlsClient {
    pub(crate) connector: TlsConnector,
    pub(crate) name: ServerName<'static>,
}

impl TlsClient {
    /// Trusts servers called `name` whose certificate one of `roots`, in PEM, stands for; `identity` is shown if the server
    /// asks for one.
    pub fn new(name: &str, roots: &[u8], identity: Option<Identity<'_>>) -> Result<Self, TlsError> {
        let name = ServerName::try_from(name.to_owned()).map_err(|_| TlsError::Name(name.into()))?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store(roots)?);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                builder.with_client_auth_cert(certificates(identity.certificates)?, key(identity.key)?)?
            }
        };
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }
}

/// An SMS centre's side.
#[derive(Clone)]
pub struct TlsServer {
    pub(crate) acceptor: TlsAcceptor,
}

impl TlsServer {
    /// Shows `identity`; with `roots`, in PEM, clients must show a certificate that one of those stands for.
    pub fn new(identity: Identity<'_>, roots: Option<&[u8]>) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match roots {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let roots = Arc::new(store(roots)?);
                builder.with_client_cert_verifier(
                    WebPkiClientVerifier::builder_with_provider(roots, provider).build()?,
                )
            }
        };
        let config = builder.with_single_cert(certificates(identity.certificates)?, key(identity.key)?)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    all.ok().filter(|all| !all.is_empty()).ok_or(TlsError::Pem("the certificates"))
}

fn key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| TlsError::Pem("the private key"))
}

fn store(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(pem)? {
        store.add(certificate)?;
    }
    Ok(store)
}
