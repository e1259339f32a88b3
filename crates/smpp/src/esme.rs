//! An ESME's side on sockets: sessions with an SMS centre that are made again when they end.

use std::{io, sync::Arc, time::Duration};

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{mpsc, watch},
    task::JoinSet,
    time,
};

use crate::{
    Answer, Bind, LinkEvent, Message, Session, Settings, TlsClient, Watch,
    backoff::Backoff,
    link::{Clock, Driver},
    queue::Queue,
    watch::Watched,
};

/// What an [`Esme`] is made of.
#[derive(Clone)]
pub struct EsmeConfig {
    /// The SMS centre: host and port.
    pub address: String,
    /// TLS, if the SMS centre speaks that.
    pub tls: Option<TlsClient>,
    /// The sessions: each is a connection of its own.
    pub binds: Vec<Bind>,
    /// What the sessions are told.
    pub settings: Settings,
    /// Messages that may wait beside the windows.
    pub queue: usize,
    /// Messages that are sent a second at most, over all sessions.
    pub rate: Option<u32>,
    /// How often a message is sent again that was refused because the SMS centre had too much.
    pub retries: u32,
    /// The wait before a connection is made again; the next ones are longer.
    pub reconnect_first: Duration,
    /// The longest wait.
    pub reconnect_longest: Duration,
    /// Where the chance begins that spreads the waits.
    pub seed: u64,
    /// Who is told what messages pass.
    pub watch: Option<Watch>,
}

impl EsmeConfig {
    /// Sessions with the SMS centre at `address`.
    pub fn new(address: impl Into<String>, binds: Vec<Bind>) -> Self {
        Self {
            address: address.into(),
            tls: None,
            binds,
            settings: Settings::default(),
            queue: 100,
            rate: None,
            retries: 10,
            reconnect_first: Duration::from_secs(1),
            reconnect_longest: Duration::from_secs(60),
            seed: 0,
            watch: None,
        }
    }
}

/// Sessions with an SMS centre. They end when it is dropped; [`Esme::stop`] ends them in order.
#[derive(Debug)]
pub struct Esme {
    queue: Arc<Queue>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Esme {
    /// Connects and binds, again and again. What happens goes to `events`: who lets those wait has messages refused for
    /// now.
    ///
    /// # Panics
    /// Outside of a runtime of tokio.
    #[must_use]
    pub fn start(config: &EsmeConfig, events: &mpsc::Sender<LinkEvent>) -> Self {
        let clock = Clock::new();
        let queue = Arc::new(Queue::new(config.queue, config.rate));
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for (number, bind) in config.binds.iter().enumerate() {
            let connector = Connector {
                config: config.clone(),
                bind: bind.clone(),
                backoff: Backoff::new(
                    config.reconnect_first,
                    config.reconnect_longest,
                    ChaCha8Rng::seed_from_u64(config.seed.wrapping_add(number as u64)),
                ),
                queue: Arc::clone(&queue),
                events: events.clone(),
                stop: stopped.clone(),
                clock,
            };
            tasks.spawn(connector.run());
        }
        Self { queue, stop, tasks }
    }

    /// Sends a message over the session that is ready first, and waits for the answer, as [`Sender::send`] does.
    pub async fn send(&self, message: Message) -> Answer {
        self.queue.send(message).await
    }

    /// So many messages a second at most from now on, or as many as can be.
    pub fn set_rate(&self, rate: Option<u32>) {
        self.queue.set_rate(rate);
    }

    /// To send with, for whoever must not stop the sessions.
    #[must_use]
    pub fn sender(&self) -> Sender {
        Sender { queue: Arc::clone(&self.queue) }
    }

    /// Ends all sessions in order; messages that wait are not sent.
    pub async fn stop(mut self) {
        self.queue.close();
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Drop for Esme {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Sends over the sessions of an [`Esme`]. Clones are of the same; without sessions, messages are [lost](crate::Failure::Lost).
#[derive(Clone, Debug)]
pub struct Sender {
    queue: Arc<Queue>,
}

impl Sender {
    /// Sends a message over the session that is ready first, and waits for the answer. If the session ends before, the
    /// message may have been taken or not. Who stops waiting takes back a message that has not been sent yet.
    pub async fn send(&self, message: Message) -> Answer {
        self.queue.send(message).await
    }
}

/// A connection, plain or with TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Makes one session again and again.
struct Connector {
    config: EsmeConfig,
    bind: Bind,
    backoff: Backoff,
    queue: Arc<Queue>,
    events: mpsc::Sender<LinkEvent>,
    stop: watch::Receiver<bool>,
    clock: Clock,
}

impl Connector {
    async fn run(mut self) {
        while !*self.stop.borrow() {
            let (name, address) = (&self.bind.system_id, &self.config.address);
            let mut stop = self.stop.clone();
            let connected = tokio::select! {
                connected = self.connect() => connected,
                _ = stop.changed() => return,
            };
            match connected {
                Ok((stream, session)) => {
                    let (bound, reason) = self.driver().run(stream, session).await;
                    log::debug!("the session of {name} with {address} has ended: {reason}");
                    if bound {
                        self.backoff.reset();
                    }
                }
                Err(error) => log::warn!("{name} does not reach {address}: {error}"),
            }
            let wait = self.backoff.wait();
            tokio::select! {
                () = time::sleep(wait) => {}
                _ = self.stop.changed() => return,
            }
        }
    }

    /// A connection, and the session that begins on it.
    async fn connect(&self) -> io::Result<(Watched<Box<dyn Stream>>, Session)> {
        let patience = Duration::from_micros(self.config.settings.bind_timeout.as_micros());
        let stream = time::timeout(patience, TcpStream::connect(&self.config.address)).await??;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &self.config.tls {
            None => Box::new(stream),
            Some(tls) => {
                let connecting = tls.connector.connect(tls.name.clone(), stream);
                Box::new(time::timeout(patience, connecting).await??)
            }
        };
        let settings = self.config.settings.clone();
        let session =
            Session::esme(settings, self.bind.clone(), self.clock.now()).map_err(io::Error::other)?;
        Ok((Watched::new(stream, self.config.watch.as_ref(), &self.config.address), session))
    }

    fn driver(&self) -> Driver {
        Driver {
            clock: self.clock,
            queue: Arc::clone(&self.queue),
            events: self.events.clone(),
            stop: self.stop.clone(),
            retries: self.config.retries,
            centre: None,
            bind: Some(self.bind.clone()),
        }
    }
}
