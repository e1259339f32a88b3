//! Where the console listens.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, Sleep, sleep, timeout},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig, crypto,
        pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    },
    server::TlsStream,
};

use super::{Console, Exposure};

/// Connections at the same time.
const CONNECTIONS: usize = 256;

/// How long a handshake of TLS may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A connection on which nothing moves for so long is closed.
const QUIET: Duration = Duration::from_secs(60);

/// How long to wait if the system has no more connections.
const OUT_OF_BREATH: Duration = Duration::from_millis(100);

/// A certificate and its key.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

/// Why the console cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be had.
    #[error("the console cannot listen on {0}: {1}")]
    Address(SocketAddr, io::Error),
    /// The certificates cannot be read.
    #[error("the console's certificate cannot be read: {0}")]
    Certificate(pem::Error),
    /// The key cannot be read.
    #[error("the key of the console's certificate cannot be read: {0}")]
    Key(pem::Error),
    /// They do not belong together, or cannot be used.
    #[error("the console's certificate and key cannot be used: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

impl Tls {
    /// From texts in PEM: the certificate with those that lead to its issuer, and its key.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, ListenError> {
        let chain = CertificateDer::pem_slice_iter(certificates).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(ListenError::Certificate)?;
        if chain.is_empty() {
            return Err(ListenError::Certificate(pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(ListenError::Key)?;
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Self(Arc::new(config)))
    }
}

/// Takes connections, secured or not; no more than there is room for.
pub struct Listener {
    ready: mpsc::Receiver<(Stream, SocketAddr)>,
    address: SocketAddr,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl Listener {
    /// Listens; within a runtime of tokio.
    pub async fn bind(exposure: &Exposure, tls: Option<Tls>) -> Result<Self, ListenError> {
        let bound = TcpListener::bind(exposure.address).await;
        let failed = |error| ListenError::Address(exposure.address, error);
        let listener = bound.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (give, ready) = mpsc::channel(1);
        tokio::spawn(accept(listener, tls, give));
        Ok(Self { ready, address })
    }

    /// Where it listens, with the port that the system has chosen.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Console {
    /// Answers until `stop` is done, and then until the answers under way are given.
    pub async fn serve(
        &self,
        listener: Listener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let service = self.router().into_make_service_with_connect_info::<Peer>();
        axum::serve(listener, service).with_graceful_shutdown(stop).await
    }
}

async fn accept(listener: TcpListener, tls: Option<Tls>, give: mpsc::Sender<(Stream, SocketAddr)>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    while !give.is_closed() {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = give.closed() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                tokio::spawn(prepare(stream, peer, tls.clone(), permit, give.clone()));
            }
            Err(error) => {
                log::warn!("console: no connection can be taken: {error}");
                sleep(OUT_OF_BREATH).await;
            }
        }
    }
}

async fn prepare(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Tls>,
    permit: OwnedSemaphorePermit,
    give: mpsc::Sender<(Stream, SocketAddr)>,
) {
    let way = match tls {
        None => Way::Plain(stream),
        Some(Tls(config)) => match timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await {
            Ok(Ok(stream)) => Way::Tls(Box::new(stream)),
            Ok(Err(_)) | Err(_) => return,
        },
    };
    let stream = Stream { way, quiet: Box::pin(sleep(QUIET)), _permit: permit };
    // If nobody takes it any more, the console has stopped.
    let _ = give.send((stream, peer)).await;
}

impl axum::serve::Listener for Listener {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Stream, SocketAddr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, Listener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A connection; it ends when nothing moves on it for long.
pub struct Stream {
    way: Way,
    quiet: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

enum Way {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// What a poll gives, unless nothing has moved for too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.quiet.as_mut().reset(Instant::now() + QUIET);
            return polled;
        }
        self.quiet.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Way::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        self.watch(cx, polled)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Way::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        self.watch(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Way::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        self.watch(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = match &mut self.way {
            Way::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Way::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        };
        self.watch(cx, polled)
    }
}
