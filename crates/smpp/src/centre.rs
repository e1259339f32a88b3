//! An SMS centre's side on sockets: a listener to which ESMEs bind.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{
    net::{TcpListener, TcpStream, ToSocketAddrs},
    sync::{Semaphore, mpsc, watch},
    task::{JoinHandle, JoinSet},
    time,
};

use crate::{
    Bind, CommandStatus, LinkEvent, Session, Settings, TlsServer, Watch,
    link::{Authorise, Clock, Driver},
    queue::Queue,
    watch::Watched,
};

/// What a [`Centre`] is made of.
#[derive(Clone)]
pub struct CentreConfig {
    /// Its name, which it tells ESMEs that bind.
    pub system_id: String,
    /// What its sessions are told.
    pub settings: Settings,
    /// TLS, if it speaks that.
    pub tls: Option<TlsServer>,
    /// Connections at once; more have to wait.
    pub connections: usize,
    /// Messages that may wait for an ESME beside its window.
    pub queue: usize,
    /// Who may bind.
    pub authorise: Arc<Authorise>,
    /// Who is told what messages pass.
    pub watch: Option<Watch>,
}

impl CentreConfig {
    /// A centre called `system_id` to which may bind whom `authorise` lets: the status says why not.
    pub fn new(
        system_id: impl Into<String>,
        authorise: impl Fn(&Bind) -> Result<(), CommandStatus> + Send + Sync + 'static,
    ) -> Self {
        Self {
            system_id: system_id.into(),
            settings: Settings::default(),
            tls: None,
            connections: 64,
            queue: 100,
            authorise: Arc::new(authorise),
            watch: None,
        }
    }
}

/// A listener and its sessions. They end when it is dropped; [`Centre::stop`] ends them in order.
#[derive(Debug)]
pub struct Centre {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Centre {
    /// Listens. What happens goes to `events`: who lets those wait has messages refused for now.
    pub async fn listen(
        address: impl ToSocketAddrs,
        config: CentreConfig,
        events: mpsc::Sender<LinkEvent>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(listener, config, events, stopped));
        Ok(Self { address, stop, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Ends all sessions in order.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let _ = (&mut self.task).await;
    }
}

impl Drop for Centre {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    config: CentreConfig,
    events: mpsc::Sender<LinkEvent>,
    mut stop: watch::Receiver<bool>,
) {
    let clock = Clock::new();
    let places = Arc::new(Semaphore::new(config.connections.max(1)));
    let mut tasks = JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let next = async {
            let place = place.await;
            (listener.accept().await, place)
        };
        tokio::select! {
            _ = stop.changed() => break,
            Some(_) = tasks.join_next() => {}
            (accepted, place) = next => match accepted {
                Ok((stream, peer)) => {
                    log::debug!("an ESME connects from {peer}");
                    let (config, events, stop) = (config.clone(), events.clone(), stop.clone());
                    tasks.spawn(async move {
                        serve(stream, peer, config, events, stop, clock).await;
                        drop(place);
                    });
                }
                // A connection that is gone already, or no more files: the next one may do.
                Err(error) => {
                    log::warn!("an ESME cannot connect: {error}");
                    time::sleep(std::time::Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    config: CentreConfig,
    events: mpsc::Sender<LinkEvent>,
    stop: watch::Receiver<bool>,
    clock: Clock,
) {
    let _ = stream.set_nodelay(true);
    let queue = Arc::new(Queue::new(config.queue, None));
    let driver = Driver {
        clock,
        queue: Arc::clone(&queue),
        events,
        stop,
        retries: 0,
        centre: Some((config.system_id, config.authorise)),
        bind: None,
    };
    let patience = std::time::Duration::from_micros(config.settings.bind_timeout.as_micros());
    let (watch, peer) = (config.watch.as_ref(), peer.to_string());
    let session = || Session::centre(config.settings.clone(), clock.now());
    match config.tls {
        None => drop(driver.run(Watched::new(stream, watch, &peer), session()).await),
        Some(tls) => match time::timeout(patience, tls.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => drop(driver.run(Watched::new(stream, watch, &peer), session()).await),
            _ => log::warn!("an ESME connects that does not speak TLS, or is not trusted"),
        },
    }
    queue.close();
}
