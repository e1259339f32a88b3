//! The way to PostgreSQL: what a URL says of TLS, and TLS itself, with rustls.

use std::{
    fmt::Debug,
    future::Future,
    io,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use postgres::{
    Client, Config,
    config::SslMode,
    tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{
    TlsConnector, client,
    rustls::{
        self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    },
};

use crate::store::StoreError;

/// Why the way to PostgreSQL is not as safe as it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum TlsFailure {
    /// There is no such mode.
    #[error("sslmode {0:?} is not known: it is disable, prefer, require or verify-full")]
    Mode(String),
    /// Nobody is trusted.
    #[error("sslmode=verify-full needs sslrootcert, the file of the certificates that are trusted")]
    NoRoots,
    /// Certificates are named that nothing is checked against.
    #[error("sslrootcert is for sslmode=verify-full: the others check no certificate")]
    IdleRoots,
    /// The certificates that are trusted cannot be read.
    #[error("the certificates of sslrootcert, {}, cannot be read: {why}", path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The certificate of the database is not as it must be, or it speaks no TLS that is safe.
    #[error("PostgreSQL is not trusted: {0}")]
    Refused(rustls::Error),
    /// TLS cannot be used here.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

/// Where a database is, and how safe the way to it must be (libpq, "SSL Support").
#[derive(Clone)]
pub(super) struct Way {
    config: Config,
    tls: MakeTls,
}

impl Way {
    /// Reads a URL or a list of words. `sslmode` and `sslrootcert` mean what they mean to libpq; without them TLS is used
    /// if the database has it (`prefer`).
    pub fn parse(database: &str) -> Result<Self, StoreError> {
        let (rest, mode, roots) = split(database);
        let mode = mode.unwrap_or_else(|| "prefer".into());
        let (ssl_mode, roots) = match (&*mode, roots) {
            ("disable", None) => (SslMode::Disable, None),
            ("prefer", None) => (SslMode::Prefer, None),
            ("require", None) => (SslMode::Require, None),
            ("verify-full", Some(path)) => (SslMode::Require, Some(path)),
            ("verify-full", None) => return Err(TlsFailure::NoRoots.into()),
            ("disable" | "prefer" | "require", Some(_)) => return Err(TlsFailure::IdleRoots.into()),
            _ => return Err(TlsFailure::Mode(mode).into()),
        };
        let mut config: Config = rest.parse()?;
        config.ssl_mode(ssl_mode);
        Ok(Self { config, tls: MakeTls::new(roots)? })
    }

    pub fn connect(&self) -> Result<Client, StoreError> {
        self.config.connect(self.tls.clone()).map_err(|error| {
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
                if let Some(refusal) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                    return TlsFailure::Refused(refusal.clone()).into();
                }
                cause = error.source();
            }
            error.into()
        })
    }
}

/// What a URL or a list of words says of TLS, and the rest of it.
fn split(database: &str) -> (String, Option<String>, Option<PathBuf>) {
    let (mut mode, mut roots) = (None, None);
    let mut is_other = |word: &&str| match word.split_once('=') {
        Some(("sslmode", value)) => {
            mode = Some(value.to_owned());
            false
        }
        Some(("sslrootcert", value)) => {
            roots = Some(decoded(value).into());
            false
        }
        _ => true,
    };
    let rest = if !database.contains("://") {
        database.split_whitespace().filter(|word| is_other(word)).collect::<Vec<_>>().join(" ")
    } else if let Some((place, query)) = database.split_once('?') {
        let others: Vec<&str> = query.split('&').filter(|word| is_other(word)).collect();
        if others.is_empty() { place.into() } else { format!("{place}?{}", others.join("&")) }
    } else {
        database.into()
    };
    (rest, mode, roots)
}

/// A value of a URL, in which `%` and two digits stand for an octet.
fn decoded(value: &str) -> String {
    let mut parts = value.split('%');
    let mut octets = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let octet = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match octet {
            Some(octet) => octets.push(octet),
            None => octets.push(b'%'),
        }
        octets.extend(part.get(if octet.is_some() { 2 } else { 0 }..).unwrap_or_default().as_bytes());
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// Makes TLS connections.
#[derive(Clone)]
struct MakeTls(TlsConnector);

impl MakeTls {
    fn new(roots: Option<PathBuf>) -> Result<Self, TlsFailure> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let config = match roots {
            Some(path) => builder.with_root_certificates(trusted(path)?).with_no_client_auth(),
            None => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
                .with_no_client_auth(),
        };
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

fn trusted(path: PathBuf) -> Result<RootCertStore, TlsFailure> {
    let read = || -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        let pem = std::fs::read(&path).map_err(|error| error.to_string())?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| error.to_string())?;
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        if roots.is_empty() { Err("there is no certificate in it".into()) } else { Ok(roots) }
    };
    read().map_err(|why| TlsFailure::Roots { path, why })
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for MakeTls {
    type Stream = Stream<S>;
    type TlsConnect = Tls;
    type Error = rustls::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Tls, rustls::Error> {
        Ok(Tls { connector: self.0.clone(), domain: domain.into() })
    }
}

/// Makes one TLS connection.
struct Tls {
    connector: TlsConnector,
    domain: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Tls {
    type Stream = Stream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.domain).map_err(io::Error::other)?;
            Ok(Stream(Box::new(self.connector.connect(name, stream).await?)))
        })
    }
}

/// A connection within TLS.
struct Stream<S>(Box<client::TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Takes any certificate, as `prefer` and `require` do: they keep out who only listens.
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
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_tls_is_taken_out_of_urls_and_words() {
        let of = |database| {
            let (rest, mode, roots) = split(database);
            (rest, mode.unwrap_or_default(), roots.unwrap_or_default().display().to_string())
        };
        let parts = |rest: &str, mode: &str, roots: &str| (rest.into(), mode.into(), roots.into());
        assert_eq!(of("postgresql://a@b/c"), parts("postgresql://a@b/c", "", ""));
        assert_eq!(
            of("postgresql://a@b/c?sslmode=verify-full&connect_timeout=3&sslrootcert=/etc/my%20ca.pem"),
            parts("postgresql://a@b/c?connect_timeout=3", "verify-full", "/etc/my ca.pem")
        );
        assert_eq!(of("postgres://b/c?sslmode=require"), parts("postgres://b/c", "require", ""));
        assert_eq!(of("host=b sslmode=disable dbname=c"), parts("host=b dbname=c", "disable", ""));
        assert_eq!(decoded("100%/%2F%é%4"), "100%//%é%4");
    }

    #[test]
    fn what_would_not_be_safe_is_refused_by_name() {
        for (query, why) in [
            ("sslmode=verify-full", "sslmode=verify-full needs sslrootcert"),
            ("sslmode=verify-ca", "sslmode \"verify-ca\" is not known"),
            ("sslmode=require&sslrootcert=/a", "sslrootcert is for sslmode=verify-full"),
            ("sslrootcert=/a", "sslrootcert is for sslmode=verify-full"),
            ("sslmode=verify-full&sslrootcert=/no/such", "/no/such, cannot be read: No such file"),
        ] {
            let refused = Way::parse(&format!("postgresql://a@127.0.0.1/c?{query}"));
            let error = refused.err().unwrap().to_string();
            assert!(error.contains(why), "{query}: {error}");
        }
    }
}
