//! The centre on sockets: one task has the machine, and connections talk to it through bounded channels.

mod esmes;
mod journal;
mod phones;

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration as StdDuration, SystemTime, UNIX_EPOCH},
};

use oxisim_smpp::{Bind, CentreConfig, CommandStatus, LinkEvent, TlsServer};
use oxisim_wire::Instant;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time,
};

use self::{esmes::Links, journal::Journal, phones::Phones};
use crate::{Answer, Centre, Event, Number, Output, Settings};

/// What a service is made of.
#[derive(Clone)]
pub struct Config {
    /// How the centre works.
    pub settings: Settings,
    /// What decides by chance.
    pub seed: u64,
    /// Where phones connect, `HOST:PORT`.
    pub phones: String,
    /// Phones at once; more have to wait.
    pub phone_limit: usize,
    /// Where ESMEs connect, `HOST:PORT`.
    pub smpp: String,
    /// TLS for ESMEs, if they are to speak it.
    pub tls: Option<TlsServer>,
    /// Who may bind.
    pub esmes: Vec<Esme>,
    /// The file in which messages survive the end of the centre; none: they are lost.
    pub store: Option<PathBuf>,
    /// Who is told what messages pass.
    pub watch: Option<Watch>,
}

/// A message that has passed, or the answer to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed<'a> {
    /// An RPDU, between the centre and a phone (TS 24.011 §7.3).
    Rpdu {
        /// The phone.
        phone: &'a Number,
        /// Whether the centre has sent it.
        is_sent: bool,
        /// The octets.
        rpdu: &'a [u8],
    },
    /// A PDU of SMPP, between the centre and an ESME.
    Pdu(oxisim_smpp::Passed<'a>),
}

/// Who is told what passes, in the middle of the work: it must not wait.
pub type Watch = Arc<dyn Fn(&Passed<'_>) + Send + Sync>;

/// Who may bind (SMPP 5.0 §4.1.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Esme {
    /// Its name.
    pub system_id: String,
    /// Its password.
    pub password: String,
}

/// Without the password.
impl std::fmt::Debug for Esme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Esme").field("system_id", &self.system_id).finish_non_exhaustive()
    }
}

/// What a service tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It listens.
    Listens {
        /// For phones.
        phones: SocketAddr,
        /// For ESMEs.
        smpp: SocketAddr,
        /// Messages of before that it has taken up.
        kept: usize,
    },
    /// Something has happened.
    Happened(Event),
}

/// A running centre. It ends when it is dropped; [`Service::stop`] ends sessions of SMPP in order.
#[derive(Debug)]
pub struct Service {
    phones: SocketAddr,
    smpp: oxisim_smpp::Centre,
    accepting: JoinHandle<()>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

/// Messages of connections that wait for the machine.
const INPUTS: usize = 1024;

impl Service {
    /// Listens, and tells what happens.
    pub async fn start(config: Config, mut tell: impl FnMut(News) + Send + 'static) -> io::Result<Self> {
        let mut centre = Centre::new(config.settings.clone(), config.seed);
        let journal = match &config.store {
            Some(path) => Some(reopened(path, &mut centre)?),
            None => None,
        };
        let listener = TcpListener::bind(&config.phones).await?;
        let phones = listener.local_addr()?;
        let esmes = config.esmes.clone();
        let mut smpp = CentreConfig::new("oxisim-smsc", move |bind: &Bind| may_bind(&esmes, bind));
        smpp.tls.clone_from(&config.tls);
        if let Some(watch) = config.watch.clone() {
            smpp.watch = Some(Arc::new(move |pdu: &oxisim_smpp::Passed<'_>| watch(&Passed::Pdu(*pdu))));
        }
        smpp.settings.window = config.settings.window;
        let (events, links) = mpsc::channel(INPUTS);
        let smpp = oxisim_smpp::Centre::listen(&config.smpp, smpp, events).await?;
        tell(News::Listens { phones, smpp: smpp.local_addr(), kept: centre.count() });
        let (sender, inputs) = mpsc::channel(INPUTS);
        let number = config.settings.address.clone();
        let accepting = tokio::spawn(phones::accept(listener, number, config.phone_limit, sender));
        let (answered, answers) = mpsc::channel(INPUTS);
        let (stop, stopped) = oneshot::channel();
        let host = Host {
            links: Links::new(&config.settings, answered),
            centre,
            journal,
            phones: Phones::new(config.watch.clone()),
            tell,
        };
        let task = tokio::spawn(host.run(inputs, links, answers, stopped));
        Ok(Self { phones, smpp, accepting, stop, task })
    }

    /// Where phones connect.
    #[must_use]
    pub const fn phones_addr(&self) -> SocketAddr {
        self.phones
    }

    /// Where ESMEs connect.
    #[must_use]
    pub const fn smpp_addr(&self) -> SocketAddr {
        self.smpp.local_addr()
    }

    /// Ends sessions in order, and then all else. What is kept is lost, unless it is in a store; an error says that the
    /// store has failed.
    pub async fn stop(self) -> io::Result<()> {
        self.accepting.abort();
        self.smpp.stop().await;
        let _ = self.stop.send(());
        self.task.await.unwrap_or(Ok(()))
    }

    /// Waits until the centre cannot go on because its store has failed.
    pub async fn failed(&mut self) -> io::Error {
        match (&mut self.task).await {
            Ok(Err(error)) => error,
            _ => io::Error::other("the centre has ended"),
        }
    }
}

/// What a centre before this one has kept.
fn reopened(path: &Path, centre: &mut Centre) -> io::Result<Journal> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let (journal, records) = Journal::open(path).map_err(named)?;
    for (id, record) in &records {
        centre.restore(record).map_err(|error| {
            named(io::Error::new(io::ErrorKind::InvalidData, format!("message {id:X}: {error}")))
        })?;
    }
    Ok(journal)
}

/// Runs a centre until SIGINT or SIGTERM.
pub fn run(config: Config, tell: impl FnMut(News) + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut service = Service::start(config, tell).await?;
        tokio::select! {
            interrupted = interrupted() => interrupted?,
            error = service.failed() => return Err(error),
        }
        service.stop().await
    })
}

#[cfg(unix)]
async fn interrupted() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminated.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupted() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Why an ESME may not bind.
fn may_bind(esmes: &[Esme], bind: &Bind) -> Result<(), CommandStatus> {
    match esmes.iter().find(|esme| esme.system_id == bind.system_id) {
        None => Err(CommandStatus::INVSYSID),
        Some(esme) if esme.password != bind.password => Err(CommandStatus::INVPASWD),
        Some(_) => Ok(()),
    }
}

/// The machine and its connections.
struct Host<F> {
    centre: Centre,
    journal: Option<Journal>,
    phones: Phones,
    links: Links,
    tell: F,
}

impl<F: FnMut(News)> Host<F> {
    async fn run(
        mut self,
        mut inputs: mpsc::Receiver<phones::Input>,
        mut links: mpsc::Receiver<LinkEvent>,
        mut answers: mpsc::Receiver<(u64, Answer)>,
        mut stopped: oneshot::Receiver<()>,
    ) -> io::Result<()> {
        loop {
            self.drain()?;
            self.links.set_congestion(self.centre.congestion());
            let wait = self.centre.poll_timeout().map(|at| at.since(now()));
            tokio::select! {
                Some(input) = inputs.recv() => self.phones.input(input, &mut self.centre, now()),
                Some(event) = links.recv() => self.links.event(event, &mut self.centre, now()),
                Some((delivery, answer)) = answers.recv() => self.centre.handle_answer(delivery, answer, now()),
                () = sleep(wait), if wait.is_some() => self.centre.handle_timeout(now()),
                _ = &mut stopped => return Ok(()),
            }
        }
    }

    /// Keeps what has changed, and does then what that brings about: nobody is answered before.
    fn drain(&mut self) -> io::Result<()> {
        self.keep()?;
        self.links.answer();
        while let Some(output) = self.centre.poll_output() {
            match output {
                Output::ToPhone { number, rpdu } => {
                    self.phones.send(&number, &rpdu, &mut self.centre, now());
                }
                Output::ToEsme { system_id, delivery, content } => {
                    self.links.deliver(&system_id, delivery, content, &mut self.centre, now());
                }
                Output::Alert { system_id, number } => self.links.alert(&system_id, &number),
                Output::Event(event) => {
                    log::debug!("{event}");
                    (self.tell)(News::Happened(event));
                }
            }
            self.keep()?;
        }
        Ok(())
    }

    fn keep(&mut self) -> io::Result<()> {
        let changed = self.centre.take_changes();
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let records: Vec<_> = changed.map(|id| (id, self.centre.record(id))).collect();
        journal.write(&records)?;
        if journal.is_long() {
            journal.write_anew(&self.centre.records().collect())?;
        }
        Ok(())
    }
}

/// The time of day: time stamps and receipts say it.
fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_micros(since.as_micros() as u64)
}

async fn sleep(wait: Option<oxisim_wire::Duration>) {
    let wait = wait.unwrap_or_default();
    time::sleep(StdDuration::from_micros(wait.as_micros())).await;
}
