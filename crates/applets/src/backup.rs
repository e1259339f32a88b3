//! The phonebook backup applet: an [`Uploader`] with the phone for hands.

use alloc::{format, string::String, vec, vec::Vec};

use oxisim_backup::{
    Choice, Estimate, Journal, Outcome, Output, Settings, StorageError, TAR, Trigger, Uploader, Way,
    carriage, message::Source,
};
use oxisim_card::{Aid, Applet, AppletError, Card, Env, Event, InstallParameters, ToolkitEvent, path};
use oxisim_sms::{Address, ProtocolIdentifier, tpdu::Submit};
use oxisim_toolkit::{
    CommandType, Facility, TerminalResponse,
    codes::{GeneralResult, RefreshMode, TimerAction},
    command::{DisplayText, Refresh, SelectItem, SendShortMessage, TimerManagement},
    objects::{AlphaIdentifier, Item, TextString, TimerIdentifier, TimerValue, alpha},
};
use oxisim_wire::{Duration, Wire};

use crate::phonebook::{CardHost, Files};

const AID: [u8; 12] = *b"\xA0\x00\x00\x09\x99OXISIM\x01";

/// The name of the applet's persistent array in the card's memory.
const ARRAY: &str = "applet/A0000009994F584953494D01/state";

/// The packet counter stands before the uploader's journal.
const COUNTER_OCTETS: usize = 4;

/// Octets for the blocks of one backup: 255 contacts with two numbers of 40 digits each.
const BLOCK_OCTETS: usize = 16_384;
const MAX_SLOTS: u16 = 255;
/// Octets that the applet may use between two events. A block or the state is read, used and forgotten within one.
const TRANSIENT_OCTETS: u16 = 1_024;
const MAX_BLOCKS: u16 = 255;
const JOURNAL: Journal = Journal::new(MAX_SLOTS, MAX_BLOCKS);

/// The interval at which a phone polls if nobody asks for another (TS 102 221 §14.5.2).
const USUAL_POLL_INTERVAL: Duration = Duration::from_secs(30);

const NORMAL_ITEM: u8 = 1;
const ASYNCHRONOUS_ITEM: u8 = 2;
const REFUSE_ITEM: u8 = 3;

/// Backs up the phonebook. Menu entry, timer or STATUS start and drive it; messages go to one server.
#[derive(Clone, Debug)]
pub struct PhonebookBackup {
    server: Address,
    uploader: Uploader,
    files: Option<Files>,
    timer: Option<u8>,
    /// What the timer runs for; longer than a timer can run, it is started again.
    timer_runs: Option<Duration>,
    /// Time that STATUS commands must still cover, and the poll interval from before.
    status_wait: Option<Duration>,
    usual_interval: Option<Duration>,
}

impl PhonebookBackup {
    /// The text of the applet's entry in the toolkit menu.
    pub const MENU_ENTRY: &'static str = "Backup phonebook";

    /// The applet, which sends to `server`.
    #[must_use]
    pub fn new(server: Address, mut settings: Settings) -> Self {
        settings.message_octets = carriage::CARD_OCTETS;
        Self {
            server,
            uploader: Uploader::new(Source::CARD, settings, JOURNAL),
            files: None,
            timer: None,
            timer_runs: None,
            status_wait: None,
            usual_interval: None,
        }
    }

    /// Whether the applet is on a card.
    #[must_use]
    pub fn is_on(card: &Card) -> bool {
        card.memory().find(ARRAY).is_some()
    }

    /// The way of a card's backup that is under way, as its memory says.
    #[must_use]
    pub fn under_way(card: &Card) -> Option<Way> {
        let octets = card.memory().find(ARRAY).map(|array| card.memory().read(array));
        let journal = octets.and_then(|octets| octets.get(COUNTER_OCTETS..)).unwrap_or_default();
        JOURNAL.read(&journal.to_vec()).ok()?.run.map(|(run, _)| run.way)
    }

    /// Makes the next backup a whole one, whatever was confirmed before.
    pub fn forget_confirmed(card: &mut Card) -> Result<(), StorageError> {
        let array = card.memory().find(ARRAY).ok_or(StorageError::Failed)?;
        let mut octets = card.memory().read(array).get(COUNTER_OCTETS..).unwrap_or_default().to_vec();
        JOURNAL.forget_confirmed(&mut octets)?;
        card.memory_mut().write(array, COUNTER_OCTETS, &octets).map_err(|_| StorageError::Failed)
    }

    /// Makes the first backup of a new card number `generation + 1`, for a subscriber who had another card.
    pub fn personalise(card: &mut Card, generation: u16) -> Result<(), StorageError> {
        let array = card.memory().find(ARRAY).ok_or(StorageError::Failed)?;
        let mut journal = vec![0; JOURNAL.size(0)];
        oxisim_backup::personalise(&mut journal, generation)?;
        card.memory_mut().write(array, COUNTER_OCTETS, &journal).map_err(|_| StorageError::Failed)
    }

    /// Lets the uploader handle something, and carries out what it wants.
    fn drive(
        &mut self,
        env: &mut Env<'_>,
        handle: impl FnOnce(&mut Uploader, &mut CardHost<'_, '_>),
    ) -> Result<(), AppletError> {
        let Some(files) = self.files else { return Ok(()) };
        handle(&mut self.uploader, &mut CardHost { env, files, offset: COUNTER_OCTETS });
        let mut result = Ok(());
        while let Some(output) = self.uploader.poll_output() {
            // What the phone cannot do must not keep the rest from being done.
            let done = match output {
                Output::Send(message) => self.send(env, message).inspect_err(|_| {
                    self.uploader.handle_sent(false, &mut CardHost { env, files, offset: COUNTER_OCTETS });
                }),
                Output::Wake { after, way, .. } => self.wake_after(env, after, way),
                Output::Sleep => self.sleep(env),
                Output::Ask(estimate) => env.send(0, question(&estimate)).inspect_err(|_| {
                    let mut host = CardHost { env, files, offset: COUNTER_OCTETS };
                    self.uploader.handle_choice(Choice::NoAnswer, &mut host);
                }),
                Output::Report(outcome) => report(env, &outcome),
            };
            result = result.and(done);
        }
        result
    }

    fn send(&mut self, env: &mut Env<'_>, message: Vec<u8>) -> Result<(), AppletError> {
        let mut counter = [0; COUNTER_OCTETS];
        env.store_read(0, &mut counter)?;
        let counter = u32::from_be_bytes(counter).wrapping_add(1);
        env.store_write(0, &counter.to_be_bytes())?;
        // The uploader fills no message beyond what a packet holds.
        let Ok(user_data) = carriage::wrap(Source::CARD, counter, message) else { return Ok(()) };
        let submit = Submit::new(self.server.clone(), ProtocolIdentifier(0), user_data);
        env.send(0, SendShortMessage::silent(submit.encode()))
    }

    /// Finds a way to be woken: the timer, or the phone's STATUS.
    fn wake_after(&mut self, env: &mut Env<'_>, after: Duration, way: Way) -> Result<(), AppletError> {
        let has_timers = env.terminal_profile().is_some_and(|p| p.supports(Facility::TimerManagement));
        if let Some(timer) = self.timer.filter(|_| has_timers && way != Way::STATUS) {
            self.timer_runs = Some(after);
            let value = Some(TimerValue::from_duration(after));
            let timer = TimerIdentifier { identifier: timer };
            return env.send(TimerAction::START.0, TimerManagement { timer, value });
        }
        self.wait_for_status(env, after)
    }

    /// Asks for the next STATUS after this time, and counts until then.
    fn wait_for_status(&mut self, env: &mut Env<'_>, after: Duration) -> Result<(), AppletError> {
        let mut registry = env.registry();
        let usual = registry.poll_interval().unwrap_or(USUAL_POLL_INTERVAL);
        self.usual_interval.get_or_insert(usual);
        self.status_wait = Some(after);
        registry.request_poll_interval(Some(after))
    }

    fn sleep(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        self.status_wait = None;
        if let Some(usual) = self.usual_interval.take() {
            env.registry().request_poll_interval(Some(usual))?;
        }
        match self.timer_runs.take().and(self.timer) {
            Some(timer) => {
                let timer = TimerIdentifier { identifier: timer };
                env.send(TimerAction::DEACTIVATE.0, TimerManagement { timer, value: None })
            }
            None => Ok(()),
        }
    }

    /// A STATUS command: it ends the wait once the intervals granted cover it.
    fn status(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        let Some(left) = self.status_wait else { return Ok(()) };
        let granted = env.registry().poll_interval().unwrap_or(USUAL_POLL_INTERVAL);
        let left = left.saturating_sub(granted);
        self.status_wait = (left > Duration::ZERO).then_some(left);
        if self.status_wait.is_none() {
            self.drive(env, |uploader, host| uploader.handle_wake(host))?;
        }
        Ok(())
    }

    fn response(&mut self, response: &TerminalResponse, env: &mut Env<'_>) -> Result<(), AppletError> {
        let performed = response.result.general.is_performed();
        match response.details.kind {
            CommandType::SEND_SHORT_MESSAGE => {
                self.drive(env, |uploader, host| uploader.handle_sent(performed, host))
            }
            CommandType::TIMER_MANAGEMENT if !performed => match self.timer_runs.take() {
                Some(after) => self.wait_for_status(env, after),
                None => Ok(()),
            },
            CommandType::SELECT_ITEM => {
                let choice = choice(response);
                self.drive(env, |uploader, host| uploader.handle_choice(choice, host))
            }
            _ => Ok(()),
        }
    }
}

impl Applet for PhonebookBackup {
    fn aid(&self) -> Aid {
        const { Aid::new(&AID).expect("12 octets are an AID") }
    }

    fn name(&self) -> String {
        "Phonebook backup".into()
    }

    fn parameters(&self) -> InstallParameters {
        let transient_quota = Some(TRANSIENT_OCTETS);
        let persistent_quota = u16::try_from(self.persistent_octets()).ok();
        InstallParameters {
            tars: vec![TAR],
            transient_quota,
            persistent_quota,
            ..InstallParameters::default()
        }
    }

    fn transient_octets(&self) -> usize {
        let Self { server, uploader, .. } = self;
        size_of_val(self) - size_of_val(uploader) + uploader.octets() + server.semi_octets().len()
    }

    fn persistent_octets(&self) -> usize {
        COUNTER_OCTETS + JOURNAL.size(BLOCK_OCTETS)
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        Files::find(env)?;
        let mut registry = env.registry();
        registry.init_menu_entry(alpha(Self::MENU_ENTRY))?;
        // Without a timer there is still STATUS to be woken by.
        let _ = registry.allocate_timer();
        registry.set_event_list(&[ToolkitEvent::ProfileDownload, ToolkitEvent::FormattedSmsPp])
    }

    fn start(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        self.files = Some(Files::find(env)?);
        let mut registry = env.registry();
        self.timer = registry.timers().first().copied();
        // What it waited for is forgotten.
        registry.request_poll_interval(None)
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            // A new profile may take commands back: the uploader asks again for what it still needs, so that it has
            // no use for `ProactiveFailed`.
            Event::ProfileDownload => self.drive(env, |uploader, host| uploader.handle_power_on(host)),
            Event::MenuSelection { .. } => {
                self.drive(env, |uploader, host| uploader.start(Trigger::User, host))
            }
            Event::FormattedSmsPp(sms) => {
                self.drive(env, |uploader, host| uploader.handle_message(&sms.packet.data, host))
            }
            Event::TimerExpiration { .. } => {
                let Some(after) = self.timer_runs.take() else { return Ok(()) };
                let left = after.saturating_sub(TimerValue::from_duration(after).duration());
                if left > Duration::ZERO {
                    return self.wake_after(env, left, Way::TIMER);
                }
                self.drive(env, |uploader, host| uploader.handle_wake(host))
            }
            Event::StatusCommand => self.status(env),
            Event::ProactiveResponse(response) => self.response(response, env),
            _ => Ok(()),
        }
    }
}

/// Both estimates, and the way out.
fn question(estimate: &Estimate) -> SelectItem {
    let [title, choices @ ..] = estimate.question();
    let identifiers = [NORMAL_ITEM, ASYNCHRONOUS_ITEM, REFUSE_ITEM];
    let items = identifiers.into_iter().zip(choices);
    let items = items.map(|(identifier, text)| Item { identifier: Some(identifier), text: alpha(&text) });
    SelectItem::new(AlphaIdentifier { text: alpha(&title) }, items.collect())
}

fn choice(response: &TerminalResponse) -> Choice {
    if response.result.general == GeneralResult::NO_RESPONSE_FROM_USER {
        return Choice::NoAnswer;
    }
    match response.answer.item.as_ref().map(|item| item.identifier) {
        Some(NORMAL_ITEM) if response.result.general.is_performed() => Choice::Normal,
        Some(ASYNCHRONOUS_ITEM) if response.result.general.is_performed() => Choice::Asynchronous,
        _ => Choice::Refused,
    }
}

fn report(env: &mut Env<'_>, outcome: &Outcome) -> Result<(), AppletError> {
    match outcome {
        // The messages that follow speak for themselves.
        Outcome::Started { .. } => return Ok(()),
        Outcome::Restored => {
            let files = [path::EF_ADN, path::EF_EXT1, path::EF_ANR];
            let _ = env.send(RefreshMode::FILE_CHANGE_NOTIFICATION.0, Refresh::files(&files));
        }
        _ => {}
    }
    env.send(0, DisplayText::new(TextString::eight_bit(&format!("{outcome}"))))
}
