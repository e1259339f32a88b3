//! A service while it runs.

use std::{net::SocketAddr, sync::Arc, thread, time};

use oxisim_backup::{Outgoing, Policy};
use oxisim_smpp::Watch;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    Clock, Config, Keeper, Outbox, ServiceError,
    centres::Centres,
    engine::{Arrival, Engine, Intake, Tuning},
    former,
    open::{self, Sole},
    vitals::Counts,
};
use crate::{
    Server,
    console::{Console, Desk, Drawers, Exposure, Listener, ServerDesk, ServerDrawers, Tls},
    store::{Cabinet, Leases, Store},
};

/// How long a console may take to end its answers.
const CONSOLE_ENDS_WITHIN: time::Duration = time::Duration::from_secs(3);

/// How often a stopping service looks whether all is done.
const LOOK: time::Duration = time::Duration::from_millis(20);

/// A service that runs. [`Running::stop`] ends it in order.
pub struct Running {
    config: Config,
    intake: Arc<dyn Gate>,
    engine: thread::JoinHandle<()>,
    centres: Centres,
    console: Option<Opened>,
    counts: Arc<Counts>,
    /// Nobody else has the file of the database.
    _sole: Option<Sole>,
}

struct Opened {
    address: SocketAddr,
    setup_code: Option<String>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

/// An intake, whatever the store is.
trait Gate: Send + Sync {
    fn arrive(&self, arrival: Arrival);
    fn set_policy(&self, policy: Policy, turns: u32);
    fn stop(&self);
}

impl<S: Store + Send> Gate for Intake<S> {
    fn arrive(&self, arrival: Arrival) {
        Self::arrive(self, arrival);
    }

    fn set_policy(&self, policy: Policy, turns: u32) {
        Self::set_policy(self, policy, turns);
    }

    fn stop(&self) {
        Self::stop(self);
    }
}

/// The server in its thread, and what leads to it.
struct Worker {
    engine: thread::JoinHandle<()>,
    intake: Arc<dyn Gate>,
    desk: Arc<dyn Desk>,
    drawers: Arc<dyn Drawers>,
    outgoing: mpsc::UnboundedReceiver<Outgoing>,
    sole: Option<Sole>,
}

impl Running {
    /// Opens the store, begins to work, opens the console and connects with the SMS centres.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, ServiceError> {
        Self::start_watched(config, clock, None).await
    }

    /// The same, and tells `watch` the messages that pass.
    pub async fn start_watched(
        config: Config,
        clock: Clock,
        watch: Option<Watch>,
    ) -> Result<Self, ServiceError> {
        let counts = Arc::new(Counts::default());
        let (told, tick, counting) = (config.clone(), clock.clone(), Arc::clone(&counts));
        // The stores wait for their database.
        let opening = tokio::task::spawn_blocking(move || open_worker(&told, &tick, &counting));
        let worker = opening.await.map_err(|_| ServiceError::Thread)??;
        let Worker { engine, intake, desk, drawers, outgoing, sole } = worker;
        let started = async {
            let console = open_console(&config, desk, drawers, &counts, &clock).await?;
            let gate = Arc::clone(&intake);
            let deliver = Box::new(move |arrival| gate.arrive(arrival));
            let centres =
                Centres::start(&config, outgoing, deliver, Arc::clone(&counts), clock, watch.as_ref())?;
            Ok((console, centres))
        };
        match started.await {
            Ok((console, centres)) => {
                Ok(Self { config, intake, engine, centres, console, counts, _sole: sole })
            }
            Err(error) => {
                intake.stop();
                Err(error)
            }
        }
    }

    /// Where the console listens.
    #[must_use]
    pub fn console(&self) -> Option<SocketAddr> {
        self.console.as_ref().map(|console| console.address)
    }

    /// What makes whoever has it the console's first operator.
    #[must_use]
    pub fn setup_code(&self) -> Option<&str> {
        self.console.as_ref()?.setup_code.as_deref()
    }

    /// What it counts.
    #[must_use]
    pub const fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// Works as `config` says from now on, as far as it can without a restart; what it cannot.
    pub fn reload(&mut self, config: Config) -> Vec<&'static str> {
        let fixed = self.config.fixed(&config);
        self.intake.set_policy(config.backup.policy(), config.backup.turns);
        super::log::start(config.log.format, config.log.level);
        let same_centres =
            self.config.smpp.iter().map(|it| &it.name).eq(config.smpp.iter().map(|it| &it.name));
        if same_centres {
            self.centres.reroute(&config.smpp);
            for (now, then) in self.config.smpp.iter_mut().zip(&config.smpp) {
                now.prefixes.clone_from(&then.prefixes);
                now.rate = then.rate;
            }
        }
        self.config.backup = config.backup;
        self.config.log.level = config.log.level;
        fixed
    }

    /// Takes nothing more, lets leave what is on its way, ends the sessions in order, and gives up the shards.
    pub async fn stop(self) -> Result<(), ServiceError> {
        let Self { config, intake, engine, centres, console, counts, _sole } = self;
        let patience = time::Duration::from_micros(config.server.stop_within.as_micros());
        counts.stopping.set(1);
        let left = async {
            while counts.waiting.get() > 0 || counts.outgoing.get() > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(patience, left).await.is_err() {
            log::warn!("{} messages were not sent: they count as lost on their way", counts.outgoing.get());
        }
        if tokio::time::timeout(patience, centres.stop()).await.is_err() {
            log::warn!("an SMS centre did not answer in time");
        }
        if let Some(Opened { stop, task, .. }) = console {
            let _ = stop.send(());
            let _ = tokio::time::timeout(CONSOLE_ENDS_WITHIN, task).await;
        }
        let ended = tokio::task::spawn_blocking(move || {
            intake.stop();
            engine.join()
        });
        ended.await.map_err(|_| ServiceError::Thread)?.map_err(|_| ServiceError::Thread)
    }
}

fn open_worker(config: &Config, clock: &Clock, counts: &Arc<Counts>) -> Result<Worker, ServiceError> {
    open::warn_of_open_secrets(config);
    match &config.store.url {
        None => {
            let sole = Sole::of(&config.store.database)?;
            let worker = worker(open::sqlite(config)?, None, config, clock, counts)?;
            Ok(Worker { sole: Some(sole), ..worker })
        }
        Some(url) => {
            let mut chance = [0; 8];
            getrandom::fill(&mut chance).map_err(|_| ServiceError::NoChance)?;
            let by_chance = || format!("{:016x}", u64::from_be_bytes(chance));
            let owner = config.server.name.clone().unwrap_or_else(by_chance);
            let keeper = Keeper::new(owner, config.store.lease);
            worker(open::postgres(config, url)?, Some(keeper), config, clock, counts)
        }
    }
}

fn worker<S: Store + Leases + Cabinet + Send + 'static>(
    mut store: S,
    keeper: Option<Keeper>,
    config: &Config,
    clock: &Clock,
    counts: &Arc<Counts>,
) -> Result<Worker, ServiceError> {
    let master = open::master_key(config, &mut store)?;
    former::adopt(&mut store, &open::beside(&config.store.database, ".console"))?;
    let desk_key = master.console_key();
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).map_err(|_| ServiceError::NoChance)?;
    let server = Server::new(store, config.backup.policy(), u64::from_be_bytes(seed)).with_master_key(master);
    let (outbox, outgoing) = Outbox::new(config.limits.outgoing, Arc::clone(counts));
    let tuning =
        Tuning { waiting: config.limits.waiting, batch: config.limits.batch, turns: config.backup.turns };
    let (engine, intake) = Engine::new(server, keeper, &tuning, outbox, clock.clone(), Arc::clone(counts));
    let engine = thread::Builder::new()
        .name("server".into())
        .spawn(move || engine.run())
        .map_err(|_| ServiceError::Thread)?;
    let desk = Arc::new(ServerDesk::new(intake.clone(), desk_key));
    let drawers = Arc::new(ServerDrawers::new(intake.clone()));
    Ok(Worker { engine, intake: Arc::new(intake), desk, drawers, outgoing, sole: None })
}

async fn open_console(
    config: &Config,
    desk: Arc<dyn Desk>,
    drawers: Arc<dyn Drawers>,
    counts: &Arc<Counts>,
    clock: &Clock,
) -> Result<Option<Opened>, ServiceError> {
    let Some(address) = config.console.address else { return Ok(None) };
    let tls = console_tls(config)?;
    let exposure = Exposure { address, has_tls: tls.is_some(), names: config.console.names.clone() };
    let tick = clock.clone();
    let clock = Arc::new(move || tick.now());
    let vitals = Arc::clone(counts);
    let told = exposure.clone();
    // It looks into the store.
    let opening = tokio::task::spawn_blocking(move || Console::new(desk, drawers, vitals, clock, told));
    let console = opening.await.map_err(|_| ServiceError::Thread)??;
    let listener = Listener::bind(&exposure, tls).await?;
    let address = listener.address();
    let (stop, stopped) = oneshot::channel();
    let setup_code = console.setup_code();
    let task = tokio::spawn(async move {
        let stopped = async {
            let _ = stopped.await;
        };
        console.serve(listener, stopped).await
    });
    Ok(Some(Opened { address, setup_code, stop, task }))
}

/// What TLS of the console needs, if it speaks that.
pub(super) fn console_tls(config: &Config) -> Result<Option<Tls>, ServiceError> {
    let Some((certificates, key)) = &config.console.identity else { return Ok(None) };
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|error| ServiceError::File(path.clone(), error))
    };
    Ok(Some(Tls::from_pem(&read(certificates)?, &read(key)?)?))
}
