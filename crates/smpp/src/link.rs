//! A session on a socket: the one place that reads, writes and waits.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use oxisim_wire::Instant;
use tokio::{
    io::{self, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, WriteHalf},
    sync::{mpsc, watch},
    time,
};

use crate::{
    Alert, Ancillary, Answer, Bind, CommandStatus, Event, Failure, Message, Queried, Reason, Refusal,
    Session, SubmitError, Ticket, Token,
    queue::{Outgoing, Queue},
};

/// What happens on the connections of a program.
///
/// Who takes these must not wait for an answer of the same connections meanwhile: nothing is read of those as long as
/// [`LinkEvent::Bound`] or [`LinkEvent::Closed`] is not taken.
#[derive(Debug)]
pub enum LinkEvent {
    /// A session is bound.
    Bound(Link),
    /// A message has come.
    Message(Incoming),
    /// An ESME wants something of a message that it has sent before.
    Asked(Request),
    /// A phone can be reached again.
    Alert(LinkId, Alert),
    /// How busy the other side is, from 0 to 100.
    Congestion(LinkId, u8),
    /// A session has ended, or a bind was refused.
    Closed(LinkId, Reason),
}

/// Which connection it is, among all of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(u64);

impl LinkId {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A bound session, to send with. Clones are of the same session.
#[derive(Clone, Debug)]
pub struct Link {
    id: LinkId,
    bind: Arc<Bind>,
    queue: Arc<Queue>,
    orders: mpsc::UnboundedSender<Order>,
}

impl Link {
    /// Which connection it is.
    #[must_use]
    pub const fn id(&self) -> LinkId {
        self.id
    }

    /// Who has bound, as what, and in which version of the protocol.
    #[must_use]
    pub fn bind(&self) -> &Bind {
        &self.bind
    }

    /// Sends a message when window and rate allow it, and waits for the answer.
    pub async fn send(&self, message: Message) -> Answer {
        self.queue.send(message).await
    }

    /// Tells an ESME that a phone can be reached again.
    pub fn alert(&self, alert: Alert) {
        let _ = self.orders.send(Order::Alert(alert));
    }

    /// Says how busy this side is, from 0 to 100.
    pub fn set_congestion(&self, congestion: Option<u8>) {
        let _ = self.orders.send(Order::Congestion(congestion));
    }

    /// Ends the session in order.
    pub fn unbind(&self) {
        let _ = self.orders.send(Order::Unbind);
    }
}

/// A message that has come.
///
/// It is answered with [`Incoming::accept`] or [`Incoming::refuse`]; if it is dropped, the other side is asked to send it
/// again.
#[derive(Debug)]
pub struct Incoming {
    link: LinkId,
    message: Box<Message>,
    token: Token,
    orders: Option<mpsc::UnboundedSender<Order>>,
}

impl Incoming {
    /// The connection that it came on.
    #[must_use]
    pub const fn link(&self) -> LinkId {
        self.link
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// It is taken, for good. An SMS centre gives it an id.
    pub fn accept(mut self, id: Option<String>) {
        self.answer(Ok(id));
    }

    /// It is not taken.
    pub fn refuse(mut self, refusal: Refusal) {
        self.answer(Err(refusal));
    }

    fn answer(&mut self, answer: Result<Option<String>, Refusal>) {
        if let Some(orders) = self.orders.take() {
            let _ = orders.send(Order::Answer(self.token, answer));
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.answer(Err(Refusal::Temporary));
    }
}

/// What an ESME wants of a message that it has sent before.
///
/// It is answered with [`Request::done`] or [`Request::refuse`]; if it is dropped, the ESME is told of a fault of the
/// system.
#[derive(Debug)]
pub struct Request {
    link: LinkId,
    ancillary: Box<Ancillary>,
    token: Token,
    orders: Option<mpsc::UnboundedSender<Order>>,
}

impl Request {
    /// The connection that it came on.
    #[must_use]
    pub const fn link(&self) -> LinkId {
        self.link
    }

    /// What is wanted.
    #[must_use]
    pub fn ancillary(&self) -> &Ancillary {
        &self.ancillary
    }

    /// It is done; of query_sm, what has become of the message.
    pub fn done(mut self, queried: Option<Queried>) {
        if let Some(orders) = self.orders.take() {
            let _ = orders.send(Order::Done(self.token, queried));
        }
    }

    /// It is not done.
    pub fn refuse(mut self, status: CommandStatus) {
        self.refuse_with(status);
    }

    fn refuse_with(&mut self, status: CommandStatus) {
        if let Some(orders) = self.orders.take() {
            let _ = orders.send(Order::Answer(self.token, Err(Refusal::Status(status))));
        }
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.refuse_with(CommandStatus::SYSERR);
    }
}

/// What is to be done on a connection.
#[derive(Debug)]
enum Order {
    Answer(Token, Result<Option<String>, Refusal>),
    Done(Token, Option<Queried>),
    Alert(Alert),
    Congestion(Option<u8>),
    Unbind,
}

/// The clock of a program's sessions: it counts from when it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(time::Instant);

impl Clock {
    pub fn new() -> Self {
        Self(time::Instant::now())
    }

    pub fn now(self) -> Instant {
        Instant::from_micros(self.0.elapsed().as_micros() as u64)
    }

    fn when(self, at: Instant) -> time::Instant {
        self.0.checked_add(Duration::from_micros(at.as_micros())).unwrap_or_else(time::Instant::now)
    }
}

/// Who may bind: [`CommandStatus::BINDFAIL`] and the like say why not.
pub type Authorise = dyn Fn(&Bind) -> Result<(), CommandStatus> + Send + Sync;

/// What both sides' connections have in common.
pub(crate) struct Driver {
    pub clock: Clock,
    pub queue: Arc<Queue>,
    pub events: mpsc::Sender<LinkEvent>,
    /// The program wants to end.
    pub stop: watch::Receiver<bool>,
    /// How often a message is sent again that was refused because the other side had too much.
    pub retries: u32,
    /// An SMS centre's name, and who may bind to it.
    pub centre: Option<(String, Arc<Authorise>)>,
    /// What an ESME has asked for.
    pub bind: Option<Bind>,
}

/// A connection while it lasts.
struct Connection {
    id: LinkId,
    session: Session,
    orders: mpsc::UnboundedSender<Order>,
    /// Messages that are sent and not answered.
    sent: BTreeMap<Ticket, Outgoing>,
    tickets: u64,
    bound: bool,
}

/// Octets that are read at once.
const CHUNK: usize = 16 * 1024;
/// How long the last octets of a session may take.
const FLUSH: Duration = Duration::from_secs(5);

impl Driver {
    /// Carries a session over a stream until it ends. Whether it was ever bound stands beside why it has ended.
    pub async fn run<S: AsyncRead + AsyncWrite>(mut self, stream: S, session: Session) -> (bool, Reason) {
        let (orders, mut ordered) = mpsc::unbounded_channel();
        let id = LinkId::new();
        let mut it = Connection { id, session, orders, sent: BTreeMap::new(), tickets: 0, bound: false };
        let (mut reader, mut writer) = io::split(stream);
        let mut octets = vec![0; CHUNK];
        let (mut unsent, mut written, mut flushed) = (Vec::new(), 0, true);
        let mut stopping = *self.stop.borrow();
        if stopping {
            it.session.unbind(self.clock.now());
        }
        loop {
            while let Ok(order) = ordered.try_recv() {
                self.obey(&mut it, order);
            }
            let empty = self.fill(&mut it);
            self.tell(&mut it).await;
            if written == unsent.len() {
                (unsent, written) = (it.session.poll_output().unwrap_or_default(), 0);
            }
            if let Some(reason) = it.session.ended() {
                let rest = [&unsent[written..], &it.session.poll_output().unwrap_or_default()].concat();
                let _ = time::timeout(FLUSH, finish(&mut writer, &rest)).await;
                let _ = self.events.send(LinkEvent::Closed(id, reason)).await;
                return (it.bound, reason);
            }
            let ready = it.session.ready_at().filter(|_| !empty).map(|at| at.max(self.queue.ready_at()));
            let due = it.session.poll_timeout().into_iter().chain(ready).min().map(|at| self.clock.when(at));
            tokio::select! {
                read = reader.read(&mut octets), if it.session.wants_octets() => match read {
                    Ok(count @ 1..) => it.session.handle_octets(&octets[..count], self.clock.now()),
                    _ => it.session.handle_closed(),
                },
                done = write(&mut writer, &unsent[written..]), if written < unsent.len() || !flushed => match done {
                    Ok(count) => {
                        written += count;
                        flushed = count == 0;
                    }
                    Err(_) => it.session.handle_closed(),
                },
                () = self.queue.filled.notified(), if empty => {}
                Some(order) = ordered.recv() => self.obey(&mut it, order),
                changed = self.stop.changed(), if !stopping => {
                    stopping = true;
                    drop(changed);
                    it.session.unbind(self.clock.now());
                }
                () = wait(due), if due.is_some() => it.session.handle_timeout(self.clock.now()),
            }
        }
    }

    /// Sends what waits, as far as window and rate allow. Whether nothing waits any more, though it could be sent.
    fn fill(&self, it: &mut Connection) -> bool {
        let now = self.clock.now();
        let before = it.tickets;
        while it.session.ready_at().is_some_and(|at| at <= now)
            && let Some(outgoing) = self.queue.pop(now)
        {
            it.tickets += 1;
            let ticket = Ticket(it.tickets);
            match it.session.submit(ticket, &outgoing.message, now) {
                Ok(()) => drop(it.sent.insert(ticket, outgoing)),
                Err(SubmitError::NotNow) => {
                    self.queue.put_back(outgoing);
                    break;
                }
                Err(SubmitError::Message(error)) => outgoing.answer(Err(Failure::Unsendable(error))),
            }
        }
        let empty = self.queue.is_empty();
        if it.tickets > before && !empty {
            // One call may have been for several messages: another session may take the next one.
            self.queue.filled.notify_one();
        }
        empty && it.session.ready_at().is_some()
    }

    /// Passes on what has happened.
    async fn tell(&self, it: &mut Connection) {
        while let Some(event) = it.session.poll_event() {
            match event {
                Event::BindRequested(bind) => {
                    let Some((name, authorise)) = &self.centre else { continue };
                    match authorise(&bind) {
                        Ok(()) => {
                            it.session.accept_bind(name);
                            self.bound(it, bind).await;
                        }
                        Err(status) => it.session.refuse_bind(status),
                    }
                }
                Event::Bound(..) => {
                    if let Some(bind) = self.bind.clone() {
                        self.bound(it, bind).await;
                    }
                }
                Event::Message(token, message) => {
                    let orders = Some(it.orders.clone());
                    let incoming = Incoming { link: it.id, message, token, orders };
                    // A taker who is behind: dropped, it is refused for now.
                    let _ = self.events.try_send(LinkEvent::Message(incoming));
                }
                Event::Asked(token, ancillary) => {
                    let orders = Some(it.orders.clone());
                    let request = Request { link: it.id, ancillary, token, orders };
                    let _ = self.events.try_send(LinkEvent::Asked(request));
                }
                Event::Answered(ticket, answer) => self.answered(it, ticket, answer),
                Event::Alert(alert) => {
                    if self.events.try_send(LinkEvent::Alert(it.id, alert)).is_err() {
                        log::warn!("an alert is lost: its taker is behind");
                    }
                }
                Event::Congestion(congestion) => {
                    let _ = self.events.try_send(LinkEvent::Congestion(it.id, congestion));
                }
            }
        }
    }

    async fn bound(&self, it: &mut Connection, bind: Bind) {
        it.bound = true;
        let link = Link {
            id: it.id,
            bind: Arc::new(Bind { version: it.session.version(), ..bind }),
            queue: Arc::clone(&self.queue),
            orders: it.orders.clone(),
        };
        let _ = self.events.send(LinkEvent::Bound(link)).await;
    }

    fn answered(&self, it: &mut Connection, ticket: Ticket, answer: Answer) {
        let Some(mut outgoing) = it.sent.remove(&ticket) else { return };
        match answer {
            Err(Failure::Refused(status)) if status.is_throttling() && outgoing.throttled < self.retries => {
                outgoing.throttled += 1;
                self.queue.put_back(outgoing);
            }
            answer => outgoing.answer(answer),
        }
    }

    fn obey(&self, it: &mut Connection, order: Order) {
        let now = self.clock.now();
        match order {
            Order::Answer(token, Ok(id)) => it.session.accept(token, id.as_deref(), now),
            Order::Answer(token, Err(refusal)) => it.session.refuse(token, refusal, now),
            Order::Done(token, queried) => it.session.answer(token, queried, now),
            Order::Alert(alert) => {
                if let Err(error) = it.session.alert(&alert) {
                    log::warn!("an alert cannot be sent: {error}");
                }
            }
            Order::Congestion(congestion) => it.session.set_congestion(congestion),
            Order::Unbind => it.session.unbind(now),
        }
    }
}

/// Writes some of the octets; without any, what a cipher has kept back.
async fn write<S: AsyncWrite>(writer: &mut WriteHalf<S>, octets: &[u8]) -> io::Result<usize> {
    if octets.is_empty() {
        writer.flush().await.map(|()| 0)
    } else {
        match writer.write(octets).await? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            count => Ok(count),
        }
    }
}

/// Writes the last octets, and says that they are.
async fn finish<S: AsyncWrite>(writer: &mut WriteHalf<S>, octets: &[u8]) -> io::Result<()> {
    writer.write_all(octets).await?;
    writer.shutdown().await
}

async fn wait(until: Option<time::Instant>) {
    match until {
        Some(until) => time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}
