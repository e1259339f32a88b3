//! Sessions with SMS centres: what comes goes to the server's thread, what the server sends goes to the SMS centre that
//! the number belongs to.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time,
};

use oxisim_backup::{DeliveryReport, Outgoing};
use oxisim_smpp::{
    Bind, Esme, EsmeConfig, Failure, Identity, Incoming, Link, LinkEvent, LinkId, Message, MessageState,
    Operation, Reason, Receipt, Receipts, Refusal, RegisteredDelivery, Settings, Time, TlsClient, TlsError,
    Watch,
};
use oxisim_sms::Address;
use oxisim_wire::Instant;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use super::{
    clock::Clock,
    config::{Config, Limits, SmppConfig},
    engine::{Arrival, Slip},
    vitals::Counts,
};
use crate::Inbound;

/// The first wait before a message that was refused for now is sent again; the next ones are longer.
const AGAIN_FIRST: time::Duration = time::Duration::from_millis(500);

/// The longest wait.
const AGAIN_LONGEST: time::Duration = time::Duration::from_secs(30);

/// A receipt may overtake the answer that names its message.
const OVERTAKEN: time::Duration = time::Duration::from_millis(500);

/// How often the SMS centres are told how busy the server is, if that has changed.
const LOOK: time::Duration = time::Duration::from_millis(500);

/// `ms_availability_status`: the phone can be reached (SMPP 5.0 §4.8.4.39).
const AVAILABLE: u8 = 0;

/// Receipts about unknown messages that are looked up once more at the same time.
const LOOKED_UP: usize = 1_000;

/// Who gets what has come.
pub(super) type Deliver = dyn Fn(Arrival) + Send + Sync;

/// Why an SMS centre cannot be reached as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum CentreError {
    /// A file of TLS cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// TLS cannot be used.
    #[error("TLS with {0}: {1}")]
    Tls(String, TlsError),
}

/// All SMS centres.
pub(super) struct Centres {
    shared: Arc<Shared>,
    listeners: JoinSet<()>,
    sender: tokio::task::JoinHandle<()>,
}

struct Shared {
    lines: Vec<Line>,
    /// Beginnings of numbers, each with the place of its SMS centre; an empty one is all that are no other's.
    routes: RwLock<Vec<(String, usize)>>,
    receipts: Mutex<Receipts<(Address, u64)>>,
    looked_up: Semaphore,
    limits: Limits,
    number: Option<Address>,
    deliver: Box<Deliver>,
    counts: Arc<Counts>,
    clock: Clock,
}

/// An SMS centre.
struct Line {
    config: SmppConfig,
    esme: Mutex<Option<Arc<Esme>>>,
}

impl Centres {
    /// Connects with all SMS centres, and sends what comes out of the outbox.
    pub fn start(
        config: &Config,
        outgoing: mpsc::UnboundedReceiver<Outgoing>,
        deliver: Box<Deliver>,
        counts: Arc<Counts>,
        clock: Clock,
        watch: Option<&Watch>,
    ) -> Result<Self, CentreError> {
        let mut lines = Vec::new();
        let mut all_events = Vec::new();
        for smpp in &config.smpp {
            let (events, received) = mpsc::channel(config.limits.waiting as usize);
            let esme = EsmeConfig { watch: watch.cloned(), ..esme_config(smpp)? };
            let esme = Esme::start(&esme, &events);
            lines.push(Line { config: smpp.clone(), esme: Mutex::new(Some(Arc::new(esme))) });
            all_events.push(received);
        }
        let shared = Arc::new(Shared {
            lines,
            routes: RwLock::new(routes(&config.smpp)),
            receipts: Mutex::new(Receipts::new(config.limits.receipts as usize)),
            looked_up: Semaphore::new(LOOKED_UP),
            limits: config.limits.clone(),
            number: config.server.number.as_ref().map(crate::Msisdn::address),
            deliver,
            counts,
            clock,
        });
        let mut listeners = JoinSet::new();
        for (place, events) in all_events.into_iter().enumerate() {
            listeners.spawn(listen(Arc::clone(&shared), place, events));
        }
        let sender = tokio::spawn(send_all(Arc::clone(&shared), outgoing));
        Ok(Self { shared, listeners, sender })
    }

    /// Other beginnings of numbers and other rates from now on; the SMS centres are the same.
    pub fn reroute(&self, smpp: &[SmppConfig]) {
        *self.shared.routes.write().unwrap_or_else(PoisonError::into_inner) = routes(smpp);
        for (line, smpp) in self.shared.lines.iter().zip(smpp) {
            if let Some(esme) = &*lock(&line.esme) {
                esme.set_rate(smpp.rate);
            }
        }
    }

    /// Ends all sessions in order: what has come is answered first.
    pub async fn stop(mut self) {
        self.sender.abort();
        let mut stopping = JoinSet::new();
        for line in &self.shared.lines {
            let esme = lock(&line.esme).take();
            stopping.spawn(async move {
                let mut esme = esme;
                // Who sends still has it, for a moment.
                while let Some(shared) = esme.take() {
                    match Arc::try_unwrap(shared) {
                        Ok(esme) => return esme.stop().await,
                        Err(shared) => esme = Some(shared),
                    }
                    tokio::time::sleep(time::Duration::from_millis(10)).await;
                }
            });
        }
        while stopping.join_next().await.is_some() {}
        while self.listeners.join_next().await.is_some() {}
    }
}

fn esme_config(smpp: &SmppConfig) -> Result<EsmeConfig, CentreError> {
    let bind = Bind {
        role: smpp.role,
        system_id: smpp.system_id.clone(),
        password: smpp.password.reveal().into(),
        system_type: smpp.system_type.clone(),
        version: smpp.version,
        address_range: String::new(),
    };
    let mut seed = [0; 8];
    if getrandom::fill(&mut seed).is_err() {
        log::warn!("no chance: the sessions are made again at the same times as others'");
    }
    Ok(EsmeConfig {
        tls: tls(smpp)?,
        settings: Settings {
            version: smpp.version,
            window: smpp.window as usize,
            response_timeout: smpp.answer_within,
            enquire_after: smpp.enquire_after,
            ..Settings::default()
        },
        rate: smpp.rate,
        reconnect_longest: time::Duration::from_micros(smpp.reconnect_within.as_micros()),
        seed: u64::from_be_bytes(seed),
        ..EsmeConfig::new(smpp.address.clone(), vec![bind; smpp.sessions as usize])
    })
}

/// What TLS with an SMS centre needs, if it is spoken.
pub(super) fn tls(smpp: &SmppConfig) -> Result<Option<TlsClient>, CentreError> {
    let Some(tls) = &smpp.tls else { return Ok(None) };
    let read = |path: &std::path::Path| {
        std::fs::read(path).map_err(|error| CentreError::Read { path: path.into(), error })
    };
    let roots = read(&tls.roots)?;
    let identity = match &tls.identity {
        Some((certificates, key)) => Some((read(certificates)?, read(key)?)),
        None => None,
    };
    let identity = identity.as_ref().map(|(certificates, key)| Identity { certificates, key });
    let client = TlsClient::new(&tls.name, &roots, identity);
    client.map(Some).map_err(|error| CentreError::Tls(smpp.name.clone(), error))
}

fn routes(smpp: &[SmppConfig]) -> Vec<(String, usize)> {
    let mut routes = Vec::new();
    for (place, line) in smpp.iter().enumerate().filter(|(_, line)| line.role.sends()) {
        if line.prefixes.is_empty() {
            routes.push((String::new(), place));
        }
        routes.extend(line.prefixes.iter().map(|prefix| (prefix.clone(), place)));
    }
    routes
}

/// Hears what happens on the sessions with an SMS centre.
async fn listen(shared: Arc<Shared>, place: usize, mut events: mpsc::Receiver<LinkEvent>) {
    let name = &shared.lines[place].config.name;
    let mut bound: BTreeMap<LinkId, Link> = BTreeMap::new();
    let (mut looks, mut told) = (tokio::time::interval(LOOK), 0);
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = looks.tick() => {
                let busy = shared.busy();
                if busy != told {
                    for link in bound.values() {
                        link.set_congestion(Some(busy));
                    }
                    told = busy;
                }
                continue;
            }
        };
        let Some(event) = event else { break };
        match event {
            LinkEvent::Bound(link) => {
                if told > 0 {
                    link.set_congestion(Some(told));
                }
                if bound.insert(link.id(), link).is_none() {
                    shared.counts.binds.add(1);
                }
                log::info!("bound to {name}");
            }
            LinkEvent::Closed(id, reason) => {
                if bound.remove(&id).is_some() {
                    shared.counts.binds.sub(1);
                }
                if reason == Reason::Unbound {
                    log::info!("a session with {name} has ended: {reason}");
                } else {
                    log::warn!("a session with {name} has ended: {reason}");
                }
            }
            LinkEvent::Message(incoming) => shared.receive(incoming),
            LinkEvent::Alert(_, alert) if alert.availability == AVAILABLE => {
                (shared.deliver)(Arrival { of: alert.phone, what: Inbound::Alert, slip: None });
            }
            // A phone that is away still; and nobody asks an ESME.
            LinkEvent::Alert(..) | LinkEvent::Asked(_) => {}
            LinkEvent::Congestion(_, level) => log::debug!("{name} is busy to {level} per cent"),
        }
    }
    shared.counts.binds.sub(bound.len() as u64);
}

impl Shared {
    fn receive(self: &Arc<Self>, incoming: Incoming) {
        if let Some(receipt) = incoming.message().receipt() {
            return self.receipt(receipt, incoming);
        }
        let message = incoming.message();
        let Some(from) = message.source.clone() else {
            self.counts.refused.add(1);
            return incoming.refuse(Refusal::Permanent);
        };
        match message.user_data() {
            Ok(user_data) => {
                let what = Inbound::Message(user_data);
                (self.deliver)(Arrival { of: from, what, slip: Some(Box::new(Answer(incoming))) });
            }
            Err(error) => {
                log::info!("a message cannot be read: {error}");
                self.counts.refused.add(1);
                incoming.refuse(Refusal::Permanent);
            }
        }
    }

    fn receipt(self: &Arc<Self>, receipt: Receipt, incoming: Incoming) {
        let Some(report) = report(&receipt) else { return incoming.accept(None) };
        if let Some((to, reference)) = self.receipts().receipt(&receipt) {
            return self.report(to, reference, report, Some(Box::new(Answer(incoming))));
        }
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            if let Ok(_permit) = shared.looked_up.try_acquire() {
                tokio::time::sleep(OVERTAKEN).await;
                let found = shared.receipts().receipt(&receipt);
                if let Some((to, reference)) = found {
                    return shared.report(to, reference, report, Some(Box::new(Answer(incoming))));
                }
            }
            shared.counts.strange_reports.add(1);
            incoming.accept(None);
        });
    }

    fn report(&self, to: Address, reference: u64, report: DeliveryReport, slip: Option<Box<dyn Slip>>) {
        self.counts.reports.add(1);
        (self.deliver)(Arrival { of: to, what: Inbound::Report(reference, report), slip });
    }

    /// How busy the server is, in tens of per cent: how much of the room for what waits is taken.
    fn busy(&self) -> u8 {
        let parts = [
            (self.counts.waiting.get(), self.limits.waiting),
            (self.counts.outgoing.get(), self.limits.outgoing),
        ];
        let share = |(count, limit): (u64, u32)| (10 * count / u64::from(limit.max(1))).min(10) as u8 * 10;
        parts.into_iter().map(share).max().unwrap_or(0)
    }

    fn receipts(&self) -> MutexGuard<'_, Receipts<(Address, u64)>> {
        lock(&self.receipts)
    }

    /// The SMS centre that a number belongs to: that with the longest beginning.
    fn route(&self, to: &Address) -> Option<&Line> {
        let text = to.to_string();
        let digits = text.trim_start_matches('+');
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        let fitting = routes.iter().filter(|(prefix, _)| digits.starts_with(prefix.as_str()));
        let (_, place) = fitting.max_by_key(|(prefix, _)| prefix.len())?;
        self.lines.get(*place)
    }

    /// Sends a message, again and again until its time is over.
    async fn send(&self, outgoing: Outgoing) {
        let failed = |why: &str| {
            log::warn!("a message is not sent: {why}");
            self.counts.failed.add(1);
            self.report(outgoing.to.clone(), outgoing.reference, DeliveryReport::Failed, None);
        };
        let until = self.clock.now() + outgoing.validity;
        let Some(line) = self.route(&outgoing.to) else { return failed("no SMS centre is for its number") };
        let mut pause = AGAIN_FIRST;
        loop {
            let left = until.since(self.clock.now());
            if left == oxisim_wire::Duration::ZERO {
                return failed("its time is over");
            }
            let message = message(&outgoing, &line.config, self.number.as_ref(), self.clock.now(), until);
            // The session is not kept beyond this.
            let Some(esme) = lock(&line.esme).clone() else { return };
            let answer = tokio::time::timeout(micros(left), esme.send(message)).await;
            drop(esme);
            match answer {
                Ok(Ok(id)) => {
                    self.counts.sent.add(1);
                    if line.config.receipts {
                        let key = (outgoing.to.clone(), outgoing.reference);
                        let reference = Some(outgoing.reference as u16);
                        self.receipts().sent(key, id.as_deref(), reference, outgoing.to.clone());
                    }
                    return;
                }
                Ok(Err(Failure::Refused(status))) if !status.is_temporary() => {
                    return failed(&format!("refused: {status:?}"));
                }
                Ok(Err(Failure::Unsendable(error))) => return failed(&error.to_string()),
                Ok(Err(Failure::Refused(_) | Failure::TimedOut | Failure::Lost)) | Err(_) => {
                    self.counts.retried.add(1);
                    tokio::time::sleep(pause.min(micros(until.since(self.clock.now())))).await;
                    pause = (pause * 2).min(AGAIN_LONGEST);
                }
            }
        }
    }
}

/// Sends all that comes out of the outbox.
async fn send_all(shared: Arc<Shared>, mut outgoing: mpsc::UnboundedReceiver<Outgoing>) {
    let mut sending = JoinSet::new();
    loop {
        tokio::select! {
            Some(next) = outgoing.recv() => {
                let shared = Arc::clone(&shared);
                sending.spawn(async move {
                    shared.send(next).await;
                    shared.counts.outgoing.sub(1);
                });
            }
            Some(_) = sending.join_next() => {}
            else => return,
        }
    }
}

fn message(
    outgoing: &Outgoing,
    line: &SmppConfig,
    from: Option<&Address>,
    now: Instant,
    until: Instant,
) -> Message {
    let mut message = Message::new(Operation::Submit, from.cloned(), outgoing.to.clone())
        .with_user_data(&outgoing.user_data)
        .with_reference(outgoing.reference as u16);
    message.protocol_id = outgoing.protocol;
    message.service_type.clone_from(&line.service_type);
    message.validity = Some(Time::Relative(until.since(now)));
    if line.receipts {
        message.registered_delivery = RegisteredDelivery::FINAL;
    }
    if line.alerts { message.with_alert() } else { message }
}

/// The answer to a message that has come.
struct Answer(Incoming);

impl Slip for Answer {
    fn accept(self: Box<Self>) {
        self.0.accept(None);
    }

    fn postpone(self: Box<Self>) {
        self.0.refuse(Refusal::Temporary);
    }
}

/// What a receipt says in the end; none on the way.
fn report(receipt: &Receipt) -> Option<DeliveryReport> {
    match receipt.state? {
        _ if receipt.intermediate => None,
        MessageState::DELIVERED | MessageState::ACCEPTED => Some(DeliveryReport::Delivered),
        state if state.is_final() => Some(DeliveryReport::Failed),
        _ => None,
    }
}

const fn micros(span: oxisim_wire::Duration) -> time::Duration {
    time::Duration::from_micros(span.as_micros())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
