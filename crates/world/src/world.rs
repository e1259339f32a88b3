//! The machines, joined.

mod faults;
mod messages;
mod watching;

use alloc::{boxed::Box, collections::VecDeque, format, string::String, vec::Vec};

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{
    Choice, DeliveryReport, Esme, FromServer, Outcome, Trigger, Way, message::Source, security::KeySet,
};
use oxisim_card::Card;
use oxisim_sms::{Address, UserData, tpdu::MobileTerminated};
use oxisim_terminal::{
    ApplicationOutput, BackupApplication, Output, ReaderEvent, ReaderRequest, Terminal, User as Press,
};
use oxisim_wire::{Duration, Instant, Wire};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::{Distribution, Exp};

use self::messages::submitted;
use crate::{
    Bearer, Carrier, Internet, Leg, Mark, Mishap, Network, Record, Slot, User, What, mishap::Letter,
    schedule::Schedule, slot::Seen,
};

/// Time of one APDU exchange at the card's interface.
const EXCHANGE_TIME: Duration = Duration::from_millis(5);

/// What a world is made of.
#[derive(Debug)]
pub struct Setup<C = Card> {
    /// The card.
    pub card: C,
    /// The phone.
    pub terminal: Terminal,
    /// The phone's own backup application, if it has one.
    pub application: Option<BackupApplication>,
    /// The subscriber's number.
    pub subscriber: Address,
    /// The server's number.
    pub server: Address,
    /// The keys of the card's backup applet, for the record: with them the messages that they secure can be read, and
    /// those that replace them.
    pub keys: Option<KeySet>,
    /// How messages travel.
    pub bearer: Bearer,
    /// How the user behaves.
    pub user: User,
    /// When it begins.
    pub start: Instant,
    /// What decides by chance.
    pub seed: u64,
}

/// Card, phone, SMS centre, server and user under one virtual clock.
#[derive(Debug)]
pub struct World<E, C = Card> {
    /// The card.
    pub card: C,
    /// The phone.
    pub terminal: Terminal,
    /// The phone's own backup application.
    pub application: Option<BackupApplication>,
    /// The card in the phone's additional reader.
    pub second_card: Option<Card>,
    /// The telephone network, beyond short messages.
    pub network: Network,
    /// Where the card's channels lead.
    pub internet: Internet,
    /// The server.
    pub esme: E,
    /// What happened.
    pub record: Record,
    subscriber: Address,
    server: Address,
    /// The first, and those that the server has replaced them by.
    keys: Vec<KeySet>,
    bearer: Bearer,
    user: User,
    start: Instant,
    now: Instant,
    random: ChaCha8Rng,
    schedule: Schedule<Planned>,
    /// Until when the radio is taken.
    radio_free: Instant,
    /// How the backups of the card and of the phone stand.
    backups: [Stage; 2],
    /// What a card that can be looked into said of its backup, with the mark that it had then.
    card_said: Option<(Mark, Option<Way>)>,
    /// What the phone sees of the card's.
    seen: Seen,
    /// The card has not answered.
    is_lost: bool,
    is_asked: bool,
    calls: bool,
    call_planned: bool,
    /// Messages whose DELIVER-REPORT is to come.
    delivered: VecDeque<Paged>,
    /// Messages that the SMS centre keeps until there is service.
    kept: Vec<Paged>,
    /// What does not work.
    outage: Outage,
    /// What goes wrong with the next messages to the phone, and to the server.
    mishaps: [VecDeque<Mishap>; 2],
    /// What decides by chance about reports: apart, so that the fate of a message does not depend on them.
    report_random: ChaCha8Rng,
}

/// What does not work in the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outage {
    /// The phone has no service: it sends nothing, and the SMS centre keeps what is for it.
    pub service: bool,
    /// What the phone sends is lost behind the SMS centre.
    pub to_server: bool,
    /// What the server sends is lost before the SMS centre.
    pub to_phone: bool,
}

/// A message of the server in the SMS centre.
#[derive(Clone, Debug)]
struct Paged {
    tpdu: Vec<u8>,
    reference: u64,
    /// Until when the SMS centre tries.
    valid: Instant,
    /// How often it has tried.
    tries: u8,
}

/// How a backup stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    Requested,
    UnderWay(Way),
}

/// What is planned to happen.
#[derive(Debug)]
enum Planned {
    /// A message has gone over the air.
    Originated(Vec<u8>),
    /// A message reaches the server, or the SMS centre's radio side.
    Arrives(Letter),
    /// A message has gone over the air to the phone.
    Terminated(Paged),
    /// The server learns what became of a message, and what the phone has answered.
    Reported { reference: u64, report: Option<DeliveryReport>, user_data: Option<Box<UserData>> },
    /// The user chooses an item.
    Choose { identifier: u8, text: String },
    /// The user answers the phone's own application.
    Answer(Choice),
    /// The user tries to call somebody.
    Call,
}

impl Planned {
    const fn is_message(&self) -> bool {
        match self {
            Self::Originated(_) | Self::Arrives(_) | Self::Terminated(_) | Self::Reported { .. } => true,
            Self::Choose { .. } | Self::Answer(_) | Self::Call => false,
        }
    }
}

impl<E: Esme, C: Slot> World<E, C> {
    /// A world at its beginning, with the phone off.
    #[must_use]
    pub fn new(setup: Setup<C>, esme: E) -> Self {
        let Setup { card, terminal, application, subscriber, server, keys, bearer, user, start, seed } =
            setup;
        Self {
            card,
            terminal,
            application,
            second_card: None,
            network: Network::default(),
            internet: Internet::default(),
            esme,
            record: Record::default(),
            subscriber,
            server,
            keys: keys.into_iter().collect(),
            bearer,
            user,
            start,
            now: start,
            random: ChaCha8Rng::seed_from_u64(seed),
            schedule: Schedule::default(),
            radio_free: start,
            backups: [Stage::Idle; 2],
            card_said: None,
            seen: Seen::Nothing,
            is_lost: false,
            is_asked: false,
            calls: false,
            call_planned: false,
            delivered: VecDeque::new(),
            kept: Vec::new(),
            outage: Outage::default(),
            mishaps: [VecDeque::new(), VecDeque::new()],
            report_random: ChaCha8Rng::seed_from_u64(!seed),
        }
    }

    /// What time it is.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// From now on this does not work, and all else does.
    pub fn set_outage(&mut self, outage: Outage) {
        self.outage = outage;
        if !outage.service {
            for paged in core::mem::take(&mut self.kept) {
                self.page(paged);
            }
        }
    }

    /// Whether the card has not answered: then nothing happens any more.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Switches the phone on and lets it start the card; `false` if it does not within a minute.
    pub fn switch_on(&mut self) -> Result<bool, E::Error> {
        self.terminal.switch_on(self.now);
        if let Some(application) = &mut self.application {
            application.handle_power_on(self.now);
        }
        let ready = self.run_until(Duration::from_mins(1), |world| world.terminal.is_ready())?;
        // The card's menu comes in its first proactive session.
        self.run_until(Duration::from_secs(1), |world| world.terminal.menu().is_some())?;
        let menu = self.terminal.menu().map(|menu| menu.items.iter().map(|item| item.text.clone()).collect());
        self.note(What::PhoneReady { menu: menu.unwrap_or_default() });
        Ok(ready)
    }

    /// Waits until a backup starts by itself; `false` if none does within `limit`.
    pub fn await_backup(&mut self, limit: Duration) -> Result<bool, E::Error> {
        let began = self.run_until(limit, |world| world.backups != [Stage::Idle; 2])?;
        self.begin_calls();
        Ok(began)
    }

    /// The entry of the backup applet in the toolkit menu, if the card has shown it.
    #[must_use]
    pub fn menu_entry(&self) -> Option<u8> {
        let items = &self.terminal.menu()?.items;
        items.iter().find(|item| item.text == PhonebookBackup::MENU_ENTRY).map(|item| item.identifier)
    }

    /// The user chooses the applet's entry of the toolkit menu.
    pub fn request_card_backup(&mut self) -> Result<(), E::Error> {
        // A phone that is sending what the card still had to say takes no choice: the user waits.
        self.run_until(Duration::from_mins(1), |world| !world.terminal.is_busy())?;
        let item = self.menu_entry();
        self.begin(Source::CARD);
        self.seen = item.map_or(Seen::Nothing, |_| Seen::Requested);
        if let Some(item) = item {
            self.terminal.handle_user(&Press::SelectMenu(item), self.now);
        }
        self.settle()
    }

    /// The user starts the backup of the phone's own phonebook.
    pub fn request_phone_backup(&mut self) -> Result<(), E::Error> {
        self.begin(Source::PHONE);
        if let Some(application) = &mut self.application {
            application.start(Trigger::User, self.now);
        }
        self.settle()
    }

    fn begin(&mut self, source: Source) {
        self.note(What::Requested { source });
        self.backups[usize::from(source.0 & 1)] = Stage::Requested;
        self.begin_calls();
    }

    fn begin_calls(&mut self) {
        self.calls = true;
        if !core::mem::replace(&mut self.call_planned, true) {
            self.plan_call();
        }
    }

    /// Runs until no backup is under way and the user has been told.
    ///
    /// # Errors
    /// The server's. `Ok(false)`: a backup is still under way when `limit` has passed.
    pub fn run_backup(&mut self, limit: Duration) -> Result<bool, E::Error> {
        let ended = self.run_until(limit, |world| world.backups == [Stage::Idle; 2])?;
        // What the card wants to say last.
        self.run_until(Duration::from_secs(10), |_| false)?;
        self.calls = false;
        self.run_out()?;
        Ok(ended)
    }

    /// Runs until no message is on its way, at most for five minutes: whoever ends a world sooner loses what is.
    pub fn run_out(&mut self) -> Result<bool, E::Error> {
        self.run_until(Duration::from_mins(5), |world| {
            !world.terminal.is_busy() && !world.schedule.has(Planned::is_message)
        })
    }

    /// Runs until `done`, at most for `limit`; whether it was done.
    pub fn run_until(&mut self, limit: Duration, done: impl Fn(&Self) -> bool) -> Result<bool, E::Error> {
        let end = self.now + limit;
        self.settle()?;
        loop {
            if self.is_lost {
                return Ok(false);
            }
            if done(self) {
                return Ok(true);
            }
            if !self.step(end)? {
                return Ok(false);
            }
        }
    }

    /// Lets the next thing happen, and all that follows from it at once; `false` if nothing does until `end`, which it is
    /// then.
    pub fn step(&mut self, end: Instant) -> Result<bool, E::Error> {
        let Some(next) = self.poll_timeout()? else { return Ok(false) };
        if next > end {
            self.now = self.now.max(end);
            return Ok(false);
        }
        self.now = self.now.max(next);
        self.happen()?;
        self.settle()?;
        Ok(true)
    }

    /// The next time at which something happens.
    pub fn poll_timeout(&mut self) -> Result<Option<Instant>, E::Error> {
        let times = [
            self.schedule.next(),
            self.terminal.poll_timeout(),
            self.internet.poll_timeout(),
            self.application.as_ref().and_then(BackupApplication::poll_timeout),
            self.esme.poll_timeout()?,
        ];
        Ok(times.into_iter().flatten().min())
    }

    /// Lets happen what is due.
    fn happen(&mut self) -> Result<(), E::Error> {
        if let Some(planned) = self.schedule.take_due(self.now) {
            return self.carry_out(planned);
        }
        self.terminal.handle_timeout(self.now);
        self.internet.handle_timeout(self.now);
        if let Some(application) = &mut self.application {
            application.handle_timeout(self.now);
        }
        self.esme.handle_timeout(self.now)
    }

    fn carry_out(&mut self, planned: Planned) -> Result<(), E::Error> {
        match planned {
            Planned::Originated(tpdu) => {
                let refusal = self.refusal();
                if let Some(error) = refusal {
                    self.note(What::NotSent);
                    self.terminal.handle_submit_result(Err(error), self.now);
                } else {
                    self.terminal.handle_submit_result(Ok(()), self.now);
                    self.submit(&tpdu);
                }
            }
            Planned::Arrives(Letter::ToServer(from, user_data)) => {
                self.note(What::Received(self.message_to_server(&user_data)));
                self.record.carry(self.now, Leg::ToServer, &user_data);
                let from = from.as_ref().unwrap_or(&self.subscriber);
                self.esme.handle_message(from, &user_data, self.now)?;
            }
            Planned::Arrives(Letter::ToPhone(message)) => self.accept(&message),
            Planned::Reported { reference, report, user_data } => {
                if let Some(user_data) = user_data {
                    self.esme.handle_receipt(&self.subscriber, reference, &user_data, self.now)?;
                }
                if let Some(report) = report {
                    self.esme.handle_report(&self.subscriber, reference, report, self.now)?;
                }
            }
            Planned::Terminated(paged) if self.outage.service => self.kept.push(paged),
            Planned::Terminated(paged) => {
                let tpdu = &paged.tpdu;
                if let Ok(MobileTerminated::Deliver(deliver)) = MobileTerminated::decode(tpdu, "TPDU") {
                    self.note(What::Delivered(self.message_from_server(&deliver.user_data)));
                }
                self.record.carry_tpdu(self.now, Leg::ToPhone, tpdu);
                self.terminal.handle_deliver(tpdu, None, self.now);
                self.delivered.push_back(paged);
            }
            Planned::Choose { identifier, text } => {
                self.note(What::Chose { text });
                self.is_asked = false;
                self.terminal.handle_user(&Press::Choose(identifier), self.now);
            }
            Planned::Answer(choice) => {
                if let Some(application) = &mut self.application {
                    application.handle_choice(choice, self.now);
                }
            }
            Planned::Call => {
                self.call_planned = false;
                if self.calls {
                    let blocked = self.terminal.is_busy();
                    self.note(What::Call { blocked });
                    self.call_planned = true;
                    self.plan_call();
                }
            }
        }
        Ok(())
    }

    /// Drains every machine until none wants anything more now.
    fn settle(&mut self) -> Result<(), E::Error> {
        loop {
            if self.is_lost {
                return Ok(());
            }
            if let Some(output) = self.terminal.poll_output() {
                self.terminal_output(output);
            } else if let Some(output) = self.application.as_mut().and_then(BackupApplication::poll_output) {
                self.application_output(output);
            } else if let Some(message) = self.esme.poll_output() {
                let said = self.message_from_server(&message.user_data);
                if let Some(FromServer::Rekey(rekey)) = &said {
                    self.learn(rekey);
                }
                self.note(What::Answered(said));
                self.record.carry(self.now, Leg::FromServer, &message.user_data);
                self.travel(Letter::ToPhone(Box::new(message)));
            } else if let Some((channel, event)) =
                self.internet.poll_event(&|channel| self.terminal.channel_room(channel))
            {
                self.terminal.handle_channel(channel, event, self.now);
            } else {
                self.watch();
                return Ok(());
            }
        }
    }

    fn terminal_output(&mut self, output: Output) {
        match output {
            Output::PowerOn => {
                let Some(atr) = self.card.power_on(self.now) else { return self.is_lost = true };
                log::debug!("{} ATR {}", self.clock(), hex::encode_upper(&atr));
                self.terminal.handle_atr(&atr, self.now);
            }
            Output::PowerOff => self.card.power_off(),
            Output::Transmit(command) => {
                self.now = self.now + EXCHANGE_TIME;
                let Some(response) = self.card.exchange(self.now, &command) else {
                    return self.is_lost = true;
                };
                log::debug!(
                    "{} APDU {} -> {}",
                    self.clock(),
                    hex::encode_upper(&command),
                    hex::encode_upper(&response)
                );
                self.terminal.handle_response(&response, self.now);
            }
            Output::Submit { tpdu, .. } => {
                log::debug!("{} SMS-SUBMIT {}", self.clock(), hex::encode_upper(&tpdu));
                self.record.carry_tpdu(self.now, Leg::FromPhone, &tpdu);
                let takes = Bearer::originated(tpdu.len());
                let message = submitted(&tpdu).and_then(|user_data| self.message_to_server(&user_data));
                if let Some(message) = &message {
                    self.seen.sends(message);
                }
                self.note(What::Sending { message, octets: tpdu.len(), takes });
                let ends = self.take_radio(takes);
                self.schedule.plan(ends, Planned::Originated(tpdu));
            }
            Output::Application { message, .. } => {
                if let Some(application) = &mut self.application {
                    application.handle_deliver(&message, self.now);
                }
            }
            Output::ApplicationSubmitted(result) => {
                if let Some(application) = &mut self.application {
                    application.handle_submitted(result.is_ok(), self.now);
                }
            }
            // The centre tries again by itself what the phone had no room for.
            Output::MemoryAvailable => self.terminal.handle_memory_available(Ok(()), self.now),
            Output::Screen(screen) => self.look(&screen),
            Output::Event(event) => self.notice(event),
            Output::DeliverReport(report) => self.reported(report),
            Output::Network(request) => {
                if let Some(event) = self.network.ask(&request) {
                    self.terminal.handle_network(event, self.now);
                }
            }
            Output::Channel { channel, request } => {
                self.internet.handle_channel(channel, request, self.now);
            }
            Output::Reader { reader, request } => self.reader(reader, request),
            Output::Tone { .. } => {}
        }
    }

    /// The second card does what the phone asks of its reader.
    fn reader(&mut self, reader: u8, request: ReaderRequest) {
        let card = self.second_card.as_mut();
        let event = match request {
            ReaderRequest::PowerOn => {
                ReaderEvent::AnswerToReset(card.map(|card| card.power_on(self.now)).unwrap_or_default())
            }
            ReaderRequest::Transmit(command) => ReaderEvent::Response(
                card.map(|card| card.exchange(self.now, &command).to_bytes()).unwrap_or_default(),
            ),
            ReaderRequest::PowerOff => return card.map_or((), Card::power_off),
        };
        self.terminal.handle_reader(reader, event, self.now);
    }

    fn application_output(&mut self, output: ApplicationOutput) {
        match output {
            ApplicationOutput::Submit(tpdu) => self.terminal.submit_application(tpdu, None, self.now),
            ApplicationOutput::Ask(estimate) => {
                self.note(What::Prompt { lines: estimate.question().into() });
                self.schedule.plan(self.now + self.user.thinks, Planned::Answer(self.user.answer));
            }
            ApplicationOutput::Report(Outcome::Started { .. }) => {}
            ApplicationOutput::Report(outcome) => self.note(What::Text(format!("{outcome}"))),
        }
    }

    fn plan_call(&mut self) {
        let mean = self.user.calls_every.as_secs_f64();
        if mean <= 0.0 {
            return;
        }
        let Ok(gaps) = Exp::new(1.0 / mean) else { return };
        let gap: f64 = gaps.sample(&mut self.random);
        #[expect(clippy::cast_sign_loss, reason = "an exponential is positive")]
        let gap = Duration::from_micros((gap * 1e6) as u64);
        self.schedule.plan(self.now + gap, Planned::Call);
    }

    /// The time since the beginning, for the log.
    fn clock(&self) -> Duration {
        self.now.since(self.start)
    }

    fn note(&mut self, what: What) {
        log::info!("{} {what:?}", self.clock());
        self.record.note(self.now, what);
    }
}
