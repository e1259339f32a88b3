//! The phonebook backup applet. Its idea: what decides is a machine of its own, the [`Uploader`], which knows no card
//! and no phone. The applet is its hands: it hands it the card's events, and carries out what it wants.

mod alarm;
mod dialog;
mod memory;
mod phonebook;
mod security;

use alloc::{string::String, vec, vec::Vec};

use oxisim_backup::{Choice, Output, Settings, TAR, Trigger, Uploader, Way, carriage, message::Source};
use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters, ToolkitEvent};
use oxisim_sms::{Address, ProtocolIdentifier, tpdu::Submit};
use oxisim_toolkit::{CommandType, TerminalResponse, command::SendShortMessage};
use oxisim_wire::Wire;

use alarm::Alarm;
use dialog::{choice, question, report};
use memory::{JOURNAL, JOURNAL_AT};
use phonebook::{CardHost, Files};

const AID: [u8; 12] = *b"\xA0\x00\x00\x09\x99OXISIM\x01";

/// Octets that the applet may use between two events. A block or the state is read, used and forgotten within one.
const TRANSIENT_OCTETS: u16 = 1_024;

/// Backs up the phonebook. Menu entry, timer or STATUS start and drive it; messages go to one server.
#[derive(Clone, Debug)]
pub struct PhonebookBackup {
    server: Address,
    uploader: Uploader,
    files: Option<Files>,
    alarm: Alarm,
}

impl PhonebookBackup {
    /// The text of the applet's entry in the toolkit menu.
    pub const MENU_ENTRY: &'static str = "Backup phonebook";

    /// The applet, which sends to `server`.
    #[must_use]
    pub fn new(server: Address, mut settings: Settings) -> Self {
        settings.message_octets = carriage::CARD_OCTETS;
        let uploader = Uploader::new(Source::CARD, settings, JOURNAL);
        Self { server, uploader, files: None, alarm: Alarm::default() }
    }

    /// Lets the uploader handle something, and carries out what it wants.
    fn drive(
        &mut self,
        env: &mut Env<'_>,
        handle: impl FnOnce(&mut Uploader, &mut CardHost<'_, '_>),
    ) -> Result<(), AppletError> {
        let Some(files) = self.files else { return Ok(()) };
        handle(&mut self.uploader, &mut CardHost { env, files, offset: JOURNAL_AT });
        let mut result = Ok(());
        while let Some(output) = self.uploader.poll_output() {
            // What the phone cannot do must not keep the rest from being done.
            let done = match output {
                Output::Send(message) => self.send(message, env).inspect_err(|_| {
                    let mut host = CardHost { env, files, offset: JOURNAL_AT };
                    self.uploader.handle_sent(false, &mut host);
                }),
                Output::Wake { after, way: Way::STATUS, .. } => self.alarm.set_status(after, env),
                Output::Wake { after, .. } => self.alarm.set_timer(after, env),
                Output::Sleep => self.alarm.clear(env),
                Output::Ask(estimate) => env.send(0, question(&estimate)).inspect_err(|_| {
                    let mut host = CardHost { env, files, offset: JOURNAL_AT };
                    self.uploader.handle_choice(Choice::NoAnswer, &mut host);
                }),
                Output::Report(outcome) => report(&outcome, env),
            };
            result = result.and(done);
        }
        result
    }

    /// Sends a message to the server, in a packet.
    fn send(&mut self, message: Vec<u8>, env: &mut Env<'_>) -> Result<(), AppletError> {
        let user_data = security::wrap(message, env)?;
        let submit = Submit::new(self.server.clone(), ProtocolIdentifier::DEFAULT, user_data);
        env.send(0, SendShortMessage::silent(submit.encode()))
    }

    fn response(&mut self, response: &TerminalResponse, env: &mut Env<'_>) -> Result<(), AppletError> {
        let performed = response.result.general.is_performed();
        match response.details.kind {
            CommandType::SEND_SHORT_MESSAGE => {
                self.drive(env, |uploader, host| uploader.handle_sent(performed, host))
            }
            CommandType::TIMER_MANAGEMENT if !performed => self.alarm.handle_timer_refused(env),
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
        InstallParameters {
            tars: vec![TAR],
            transient_quota: Some(TRANSIENT_OCTETS),
            persistent_quota: u16::try_from(memory::OCTETS).ok(),
            ..InstallParameters::default()
        }
    }

    fn transient_octets(&self) -> usize {
        let Self { server, uploader, .. } = self;
        size_of_val(self) - size_of_val(uploader) + uploader.octets() + server.semi_octets().len()
    }

    fn persistent_octets(&self) -> usize {
        memory::OCTETS
    }

    fn opens_packets(&self) -> bool {
        true
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        Files::find(env)?;
        let mut registry = env.registry();
        registry.init_menu_entry(Self::MENU_ENTRY)?;
        // Without a timer there is still STATUS to be woken by.
        let _ = registry.allocate_timer();
        registry.set_event_list(&[ToolkitEvent::ProfileDownload, ToolkitEvent::FormattedSmsPp])
    }

    fn start(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        self.files = Some(Files::find(env)?);
        self.alarm = Alarm::new(env)?;
        Ok(())
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            // A new profile may take commands back: the uploader asks again for what it still needs, so that it has
            // no use for `ProactiveFailed`.
            Event::ProfileDownload => self.drive(env, |uploader, host| uploader.handle_power_on(host)),
            Event::MenuSelection { .. } => {
                self.drive(env, |uploader, host| uploader.start(Trigger::User, host))
            }
            // Once there are keys, what they do not secure is nobody's.
            Event::FormattedSmsPp(sms) if security::keys(env)?.is_none() => {
                self.drive(env, |uploader, host| uploader.handle_message(&sms.packet.data, host))
            }
            Event::SealedSmsPp(sms) => match security::open(sms.packet, env)? {
                Some(message) => self.drive(env, |uploader, host| uploader.handle_message(&message, host)),
                None => Ok(()),
            },
            Event::TimerExpiration { .. } if self.alarm.handle_timer(env)? => {
                self.drive(env, |uploader, host| uploader.handle_wake(host))
            }
            Event::StatusCommand if self.alarm.handle_status(env) => {
                self.drive(env, |uploader, host| uploader.handle_wake(host))
            }
            Event::ProactiveResponse(response) => self.response(response, env),
            _ => Ok(()),
        }
    }
}
