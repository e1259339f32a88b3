//! The phone.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, VecDeque},
    string::String,
    vec::Vec,
};

use oxisim_apdu::{Atr, Status};
use oxisim_sms::Address;
use oxisim_toolkit::codes::EventCode;
use oxisim_wire::Instant;

use crate::{
    CallId, CardIdentity, ChannelEvent, ChannelRequest, Config, DeclaredService, DialError, Event, Menu,
    NetworkEvent, Output, PinState, ReaderEvent, Screen, Service, SubmitError, User,
    channel::Channels,
    dial::Dialled,
    envelope::{CardEvent, Envelopes, Pending},
    execute::{CallState, Polling, Redial, Transfer},
    faults::Faults,
    frames::Frames,
    incoming::Reception,
    link::{Answer, Link, Progress, Purpose},
    session::{Session, Task},
    startup::Startup,
    store::Store,
    submission::{Origin, Submissions},
    timer::{Timer, TimerTable, ToolkitTimer},
};

/// The phone, as a machine without a clock and without connections: see the [crate's documentation](crate).
#[derive(Debug)]
pub struct Terminal {
    pub(crate) config: Config,
    phase: Phase,
    pub(crate) timers: TimerTable,
    pub(crate) card: CardState,
    pub(crate) service: Service,
    pub(crate) screen: Screen,
    pub(crate) submissions: Submissions,
    pub(crate) reception: Reception,
    /// The card sends messages, one after another: from the first SEND SHORT MESSAGE until a response after which
    /// no other follows.
    pub(crate) burst: bool,
    /// The address that the browser was opened with, while it is open.
    pub(crate) browser: Option<String>,
    /// Results that the next commands are to have.
    pub(crate) faults: Faults,
    pub(crate) calls: Vec<(CallId, CallState)>,
    /// What is sent as tones when a call is connected.
    pub(crate) tones: BTreeMap<CallId, String>,
    /// The call that is set up again if it fails, as the card asks.
    pub(crate) redial: Option<Redial>,
    /// The coding of the USSD string that the card has not answered.
    pub(crate) ussd: Option<u8>,
    pub(crate) dialled: Dialled,
    pub(crate) channels: Channels,
    /// Multimedia messages that are on their way, the oldest first: nothing of those whose card has been reset.
    pub(crate) transfers: VecDeque<Option<Transfer>>,
    /// The service centre is being told that there is room for messages.
    pub(crate) telling_room: bool,
    was_busy: bool,
    outputs: VecDeque<Output>,
}

/// How far the phone has got with the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The phone is off.
    Off,
    /// The card has been reset and has not answered.
    Resetting,
    /// The card does not answer to reset.
    Mute,
    /// The start-up is under way.
    Starting,
    /// The phone is in use.
    Ready,
}

/// What a reset of the card puts an end to.
#[derive(Debug, Default)]
pub(crate) struct CardState {
    pub(crate) link: Link,
    pub(crate) identity: CardIdentity,
    pub(crate) session: Session,
    pub(crate) polling: Polling,
    /// The file identifier in the header that the last STATUS of a SIM has had for an answer.
    present: Option<[u8; 2]>,
    pub(crate) envelopes: Envelopes,
    pub(crate) store: Store,
    pub(crate) events: Vec<EventCode>,
    pub(crate) menu: Option<Menu>,
    pub(crate) idle_text: Option<String>,
    /// The language that the card writes in, if it says so.
    pub(crate) language: Option<[u8; 2]>,
    /// How the card has divided the screen.
    pub(crate) frames: Frames,
    /// The services that the card offers to devices nearby.
    pub(crate) services: Vec<DeclaredService>,
    /// Whether the card's contactless functionality is enabled, if it has said so.
    pub(crate) contactless: Option<bool>,
    /// The card waits to be told where it is.
    pub(crate) is_located: bool,
    /// When the timers were started, of those that run.
    pub(crate) timers_started: [Instant; ToolkitTimer::COUNT],
}

impl Terminal {
    /// A phone that is off.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            phase: Phase::Off,
            timers: TimerTable::default(),
            card: CardState::default(),
            service: config.service.clone(),
            screen: Screen::Off,
            submissions: Submissions::default(),
            reception: Reception::default(),
            burst: false,
            browser: None,
            faults: Faults::default(),
            calls: Vec::new(),
            tones: BTreeMap::new(),
            redial: None,
            ussd: None,
            dialled: Dialled::default(),
            channels: Channels::default(),
            transfers: VecDeque::new(),
            telling_room: false,
            was_busy: false,
            outputs: VecDeque::new(),
            config,
        }
    }

    /// Switches the phone on; nothing happens if it is on.
    pub fn switch_on(&mut self, now: Instant) {
        if self.phase == Phase::Off {
            self.reset_card();
        }
        self.settle(now);
    }

    /// Switches the phone off: whatever the card, the network and the user were asked for is not awaited any more,
    /// and messages of the phone's application that were not sent are answered with [`SubmitError::NotSent`].
    pub fn switch_off(&mut self, now: Instant) {
        if self.phase != Phase::Off {
            self.phase = Phase::Off;
            self.browser = None;
            self.forget_card();
            self.forget_deliveries();
            self.calls.clear();
            self.tones.clear();
            self.transfers.clear();
            self.ussd = None;
            self.dialled = Dialled::default();
            // What is in the air has no result any more.
            let sending = self.submissions.finish();
            self.telling_room = false;
            if sending.is_some_and(|sending| sending.origin == Origin::Application) {
                self.output(Output::ApplicationSubmitted(Err(SubmitError::NotSent)));
            }
            self.forget_submissions();
            self.show(Screen::Off);
            self.output(Output::PowerOff);
        }
        self.settle(now);
    }

    /// Takes the card's answer to reset; an empty one says that there is none. One that is not as it should be does
    /// not keep the phone from going on.
    pub fn handle_atr(&mut self, bytes: &[u8], now: Instant) {
        if self.phase == Phase::Resetting {
            let atr = Atr::parse(bytes).ok();
            self.card.link = Link::to(atr.as_ref(), self.config.protocol);
            self.event(Event::AnswerToReset(atr));
            if bytes.is_empty() {
                self.phase = Phase::Mute;
                self.give_up_card();
            } else {
                self.phase = Phase::Starting;
                self.start(Startup::of_card());
            }
        }
        self.settle(now);
    }

    /// Takes the card's response to the command of the last [`Output::Transmit`].
    pub fn handle_response(&mut self, bytes: &[u8], now: Instant) {
        match self.card.link.receive(bytes) {
            Progress::Transmit(command) => self.output(Output::Transmit(command)),
            Progress::Finished(purpose, answer) => self.finish(purpose, answer, now),
            Progress::Unexpected => {}
        }
        self.settle(now);
    }

    /// Takes what the user does. What makes no sense on the screen as it is has no effect.
    pub fn handle_user(&mut self, input: &User, now: Instant) {
        if self.phase == Phase::Ready {
            self.user(input, now);
        }
        self.settle(now);
    }

    /// Takes what the network says of calls and supplementary services; a phone that is off does not.
    pub fn handle_network(&mut self, event: NetworkEvent, now: Instant) {
        if self.has_card() {
            self.network(event, now);
        }
        self.settle(now);
    }

    /// Takes what happens to a channel, 1 to 7; one that is closed has nothing happen to it any more.
    pub fn handle_channel(&mut self, channel: u8, event: ChannelEvent, now: Instant) {
        self.channel_event(channel, event);
        self.settle(now);
    }

    /// Takes what happens at an additional card reader, 0 to 7.
    pub fn handle_reader(&mut self, reader: u8, event: ReaderEvent, now: Instant) {
        self.reader_event(reader, event);
        self.settle(now);
    }

    /// Takes a TPDU that the network delivers, from the service centre at that address; a phone that is off does
    /// not. Each is answered with [`Output::DeliverReport`], in the order of delivery; if more come than can wait,
    /// some are not ([`Event::DeliveryLost`]).
    pub fn handle_deliver(&mut self, tpdu: &[u8], service_centre: Option<&Address>, now: Instant) {
        if self.has_card() {
            self.receive(tpdu, service_centre);
        }
        self.settle(now);
    }

    /// Takes what the network offers from now on.
    pub fn handle_service(&mut self, service: Service, now: Instant) {
        if self.service != service {
            self.service = service.clone();
            self.look_for_room();
            self.report(CardEvent::LocationStatus(service));
        }
        self.settle(now);
    }

    /// Does what time has come for. Called before [`Self::poll_timeout`]'s time, it does nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        for timer in self.timers.expire(now) {
            match timer {
                Timer::Poll => {
                    if let Polling::Waiting { interval } = self.card.polling {
                        self.card.polling = Polling::Due { interval };
                    }
                }
                Timer::Prompt => self.prompt_expired(now),
                Timer::Notice => self.notice_expired(),
                Timer::Redial => self.redial_due(now),
                // That the timer does not run any more lets the envelopes go.
                Timer::EnvelopeRetry => {}
                Timer::Toolkit(timer) => self.timer_expired(timer),
            }
        }
        self.settle(now);
    }

    /// When [`Self::handle_timeout`] is to be called, at the latest. The answer changes with every call that takes
    /// the time as an argument, and with no other.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The next thing to do; `None` until the next call that takes the time as an argument.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// How many octets a channel, 1 to 7, takes from its other side now.
    #[must_use]
    pub fn channel_room(&self, channel: u8) -> usize {
        self.channels.room(channel)
    }

    /// Whether outgoing messages occupy the phone, so that nothing of the user's passes: while one is being sent,
    /// and from the first SEND SHORT MESSAGE of several in a row to the response to the last. Changes are told as
    /// [`Event::Busy`].
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.burst || self.submissions.is_active()
    }

    /// Whether the phone has started and is in use.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// The card's menu.
    #[must_use]
    pub const fn menu(&self) -> Option<&Menu> {
        self.card.menu.as_ref()
    }

    /// The language that the card writes in, two letters of ISO 639-1, if it says so.
    #[must_use]
    pub const fn card_language(&self) -> Option<[u8; 2]> {
        self.card.language
    }

    /// What is on the screen.
    #[must_use]
    pub const fn screen(&self) -> &Screen {
        &self.screen
    }

    /// What the start-up has read from the card, as far as it has got.
    #[must_use]
    pub const fn identity(&self) -> &CardIdentity {
        &self.card.identity
    }

    /// Whether the phone is on and the card has answered, or may yet.
    pub(crate) const fn has_card(&self) -> bool {
        !matches!(self.phase, Phase::Off | Phase::Mute)
    }

    pub(crate) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.output(Output::Event(event));
    }

    /// Sends a command to the card, which must be free.
    pub(crate) fn transmit(&mut self, purpose: Purpose, command: Vec<u8>) {
        let command = self.card.link.send(purpose, command);
        self.output(Output::Transmit(command));
    }

    /// Lets the card know, when it can be told, of what the profile announces; while there is no card, there is
    /// nothing to tell. What no command has room for is lost.
    pub(crate) fn tell(&mut self, pending: Pending) {
        if pending.facility().is_some_and(|facility| !self.config.profile.supports(facility)) {
            return;
        }
        if !pending.fits() || !self.card.envelopes.push(pending) {
            self.event(Event::EnvelopeLost);
        }
    }

    /// Lets the card know about an event, if its event list asks for it.
    pub(crate) fn report(&mut self, event: CardEvent) {
        let code = event.code();
        if self.card.events.contains(&code) {
            if code.is_reported_once() {
                self.card.events.retain(|&listed| listed != code);
            }
            self.tell(Pending::Event(event));
        }
    }

    /// Resets the card, and begins anew with it. Nothing else is under way for it then but what has been answered: it is
    /// by a command of its own that it is reset.
    pub(crate) fn reset_card(&mut self) {
        self.forget_card();
        self.abandon_download();
        self.abandon_ussd();
        self.phase = Phase::Resetting;
        self.output(Output::PowerOn);
    }

    /// What waits to be sent is not sent.
    fn forget_submissions(&mut self) {
        for _ in 0..self.submissions.forget_waiting() {
            self.output(Output::ApplicationSubmitted(Err(SubmitError::NotSent)));
        }
    }

    /// The card is mute: nobody is called, and nothing more is sent or taken in.
    fn give_up_card(&mut self) {
        self.end_calls();
        self.dialled = Dialled::default();
        self.forget_submissions();
        self.refuse_deliveries();
    }

    fn forget_card(&mut self) {
        self.card = CardState::default();
        self.submissions.forget_asked();
        self.dialled.given_up = false;
        if self.dialled.asked.take().is_some() {
            self.event(Event::NotDialled(DialError::Reset));
        }
        // Channels belong to the card's session (TS 102 223 §6.4.27).
        let open: Vec<u8> = self.channels.iter().map(|(number, _)| number).collect();
        for channel in open {
            self.output(Output::Channel { channel, request: ChannelRequest::Close });
        }
        self.channels = Channels::default();
        self.transfers.iter_mut().for_each(|transfer| *transfer = None);
        self.redial = None;
        self.timers = TimerTable::default();
        self.burst = false;
    }

    pub(crate) fn start(&mut self, startup: Startup) {
        let command = startup.command(&self.card.identity, &self.config);
        self.transmit(Purpose::Startup(startup), command);
    }

    /// Acts on the answer to a command.
    fn finish(&mut self, purpose: Purpose, answer: Answer, now: Instant) {
        match purpose {
            Purpose::Startup(startup) => self.go_on(startup, answer, now),
            Purpose::Status => {
                self.detect_presence(&answer);
                self.announce(answer.last);
            }
            Purpose::Fetch if answer.data.is_empty() => {
                self.event(Event::FetchFailed);
                self.end_session();
            }
            Purpose::Fetch => self.fetched(&answer.data, now),
            Purpose::Respond => {
                self.card.session = Session::Ended;
                self.announce(answer.last);
                if self.card.session.is_ended() {
                    self.end_session();
                }
            }
            Purpose::Envelope(pending) => self.told(pending, &answer, now),
            Purpose::Store => {
                self.store_answered(&answer);
                self.announce(answer.last);
            }
        }
    }

    /// Looks whether a SIM is still the one that answered STATUS before.
    fn detect_presence(&mut self, answer: &Answer) {
        let named = answer.data.get(4..6).and_then(|identifier| identifier.try_into().ok());
        let before = core::mem::replace(&mut self.card.present, named);
        if before.is_some() && before != named {
            self.event(Event::SimChanged);
        }
    }

    /// Goes on with a start-up. What the card announces meanwhile is fetched after it.
    fn go_on(&mut self, startup: Startup, answer: Answer, now: Instant) {
        self.announce(answer.last);
        let next = startup.next(answer, &mut self.card.identity, &self.config);
        if self.card.identity.pin == PinState::Refused {
            self.config.pin = None;
        }
        match next {
            Some(startup) => self.start(startup),
            None => self.started(now),
        }
    }

    /// The start-up, or the part of it that REFRESH asked for, is over.
    fn started(&mut self, now: Instant) {
        match core::mem::take(&mut self.card.session) {
            Session::Executing(job, Task::Initialisation) => {
                let outcome = job.done();
                return self.conclude(job, outcome);
            }
            session => self.card.session = session,
        }
        self.phase = Phase::Ready;
        self.event(Event::SessionStarted(self.card.identity.clone()));
        if let Some(status) = &self.card.identity.message_status {
            self.submissions.go_on_after(status.reference);
        }
        self.look_for_room();
        self.show_idle();
        if self.card.identity.is_proactive() {
            self.poll_every(self.config.poll_interval, now);
        }
    }

    /// Heeds a proactive command that a status word announces. While another is under way the card has to announce
    /// it again.
    fn announce(&mut self, status: Status) {
        let is_free = matches!(self.card.session, Session::Ended | Session::Announced(_));
        if let Some(length) = status.proactive_length().filter(|_| is_free) {
            self.card.session = Session::Announced(length);
        }
    }

    /// The card has nothing more to say. It may have time for what it was too busy for.
    fn end_session(&mut self) {
        self.card.session = Session::Ended;
        self.burst = false;
        self.timers.stop(Timer::EnvelopeRetry);
        self.clear_screen();
    }

    /// The card has been told, or was too busy for it.
    fn told(&mut self, pending: Pending, answer: &Answer, now: Instant) {
        match pending {
            Pending::Message(download) => self.downloaded(&download, answer),
            Pending::Control { asker, .. } => self.controlled(asker, answer, now),
            pending if answer.verdict == Status::TOOLKIT_BUSY => {
                self.card.envelopes.put_first(pending);
                self.timers.set(Timer::EnvelopeRetry, now + self.config.envelope_retry);
                self.event(Event::EnvelopePostponed);
            }
            Pending::Ussd(_) => self.ussd_downloaded(answer),
            Pending::Octets(_) => {
                let (data, status) = (answer.data.clone(), answer.verdict);
                self.event(Event::EnvelopeAnswered { data, status });
            }
            _ => {}
        }
        self.announce(answer.last);
    }

    /// Starts what can be started now: ends every call that takes the time as an argument.
    pub(crate) fn settle(&mut self, now: Instant) {
        if self.phase == Phase::Ready {
            self.ask_about_message();
            if self.card.link.is_free() {
                self.next_command(now);
            }
        }
        self.submit_next();
        if self.phase == Phase::Ready && self.card.link.is_free() {
            // The reference of the message goes to the card.
            self.work_in_store();
        }
        if let Some(redial) = &mut self.redial {
            redial.begin(now);
        }
        let is_busy = self.is_busy();
        if self.was_busy != is_busy {
            self.was_busy = is_busy;
            self.event(Event::Busy(is_busy));
        }
    }

    /// Sends the card the command that is most urgent: first what the proactive session needs, then what is to be done
    /// in its memory for messages, then envelopes, then STATUS.
    fn next_command(&mut self, now: Instant) {
        let platform = self.card.identity.platform;
        if self.card.store.is_at_work() && self.work_in_store() {
            return;
        }
        match core::mem::take(&mut self.card.session) {
            Session::Answered(response) => {
                self.card.session = Session::Responding;
                let command = platform.terminal_response(&response.encode()).to_bytes();
                return self.transmit(Purpose::Respond, command);
            }
            Session::Announced(length) => {
                self.card.session = Session::Fetching;
                return self.transmit(Purpose::Fetch, platform.fetch(length).to_bytes());
            }
            session => self.card.session = session,
        }
        if self.work_in_store() {
            return;
        }
        let session_ended = self.card.session.is_ended();
        let only_urgent = !session_ended || self.timers.deadline(Timer::EnvelopeRetry).is_some();
        if let Some(pending) = self.card.envelopes.take(only_urgent) {
            let (data, envelope) = pending.data(now);
            let mut command = platform.envelope(&data);
            if pending.is_answered() {
                command = command.ne(256);
            }
            let command = command.to_bytes();
            self.event(match envelope {
                Some(envelope) => Event::Envelope(Box::new(envelope)),
                None => Event::UnknownEnvelope(data),
            });
            self.transmit(Purpose::Envelope(pending), command);
        } else if let (true, Polling::Due { interval }) = (session_ended, self.card.polling) {
            self.card.polling = Polling::Waiting { interval };
            self.timers.set(Timer::Poll, now + interval);
            self.transmit(Purpose::Status, platform.status().to_bytes());
        }
    }
}
