//! What each kind of fault does.

use std::cell::RefCell;

use oxisim_backup::{
    Outgoing,
    carriage::{self, Direction},
    message::{Extent, Source},
    security::KeySet,
};
use oxisim_sms::{ProtocolIdentifier, UserData, packet::Counter};
use oxisim_terminal::{Config, SubmitError, User as Press};
use oxisim_toolkit::{
    CommandType, Facility, Problem, TerminalProfile,
    codes::{GeneralResult, TerminalProblem},
};
use oxisim_wire::Duration;
use oxisim_world::{Mishap, read_phonebook};

use super::Run;
use crate::{
    Fault, Kind, Violation,
    home::Home,
    making::{FREE_SLOTS, NEIGHBOUR, SUBSCRIBER, change_phonebook},
    servers::Servers,
};

/// Commands of the card that its user sees, and answers that are no yes (TS 102 223 §6.4.1).
const ASKED: [CommandType; 3] =
    [CommandType::SELECT_ITEM, CommandType::DISPLAY_TEXT, CommandType::SEND_SHORT_MESSAGE];
const NO: [GeneralResult; 4] = [
    GeneralResult::USER_DID_NOT_ACCEPT,
    GeneralResult::SESSION_TERMINATED_BY_USER,
    GeneralResult::BACKWARD_MOVE_REQUESTED_BY_USER,
    GeneralResult::NO_RESPONSE_FROM_USER,
];

/// Commands that a phone may not be able to process now.
const PROCESSED: [CommandType; 4] = [
    CommandType::SEND_SHORT_MESSAGE,
    CommandType::TIMER_MANAGEMENT,
    CommandType::POLL_INTERVAL,
    CommandType::DISPLAY_TEXT,
];

/// What a phone can say of why (TS 102 223 §8.12.2): 00 to 0A.
const PROBLEMS: u32 = TerminalProblem::NO_NAA_ACTIVE.0 as u32 + 1;

/// The PIN of a new card, and what enables and disables it (TS 102 221 §11.1.11, §11.1.12).
const PIN: &str = "0000";
const ENABLE_PIN: [u8; 13] = [0x00, 0x28, 0x00, 0x01, 0x08, b'0', b'0', b'0', b'0', 0xFF, 0xFF, 0xFF, 0xFF];
const DISABLE_PIN: [u8; 13] = [0x00, 0x26, 0x00, 0x01, 0x08, b'0', b'0', b'0', b'0', 0xFF, 0xFF, 0xFF, 0xFF];

impl Run {
    pub(super) fn befall(&mut self, fault: &Fault) -> Result<(), Violation> {
        let at = usize::from(fault.neighbour).min(self.homes.len().saturating_sub(1));
        let Some(home) = self.homes.get_mut(at) else { return Ok(()) };
        let servers = || self.servers.borrow_mut();
        match fault.kind {
            // These wait, and are counted when they strike.
            Kind::Killed => servers().kill_after(fault.amount),
            Kind::Refused => servers().refuse_after(fault.amount),
            Kind::Torn => home.card().memory_mut().tear_after(Some(u64::from(fault.amount))),
            Kind::Refuses | Kind::Unable => home.answer_wrongly(fault),
            kind if let Some((to_server, mishap)) = mishap(fault) => {
                home.world.befall(to_server, mishap);
                home.awaits_message(to_server, kind);
            }
            kind => {
                if home.strike(fault, &self.servers)? {
                    *self.faults.entry(kind).or_default() += 1;
                }
            }
        }
        Ok(())
    }

    /// Whoever has a PIN tells it to the phone.
    pub(super) fn tell_pins(&mut self) {
        for home in &mut self.homes {
            if std::mem::take(&mut home.wants_pin) {
                home.config.pin = PIN.parse().ok();
                home.switch_off(Duration::ZERO, true);
            }
        }
    }
}

impl Home {
    /// A fault strikes at once; `false` if there is nothing that it could befall.
    fn strike(&mut self, fault: &Fault, servers: &RefCell<Servers>) -> Result<bool, Violation> {
        let servers = || servers.borrow_mut();
        let amount = Duration::from_secs(u64::from(fault.amount));
        let now = self.world.now();
        match fault.kind {
            Kind::NoService => {
                self.outages.push(now + amount);
                self.set_service();
            }
            Kind::Off => self.switch_off(amount, false),
            Kind::Reset => self.switch_off(Duration::ZERO, false),
            Kind::Battery => self.switch_off(amount, true),
            Kind::Ended => self.world.terminal.handle_user(&Press::EndSession, now),
            Kind::PinOn => self.enable_pin(fault.amount.is_multiple_of(2)),
            Kind::PinOff => {
                let now = self.world.now();
                self.card().exchange(now, &DISABLE_PIN);
            }
            Kind::OtherPhone => {
                self.config = Config { pin: self.config.pin, ..lesser(fault.amount) };
                self.switch_off(Duration::from_secs(60), true);
            }
            Kind::Edited | Kind::Added | Kind::Deleted => return Ok(self.edit(fault)),
            Kind::OldClock => servers().set_slow(amount),
            // A database in memory always opens.
            Kind::Second => drop(servers().start_second()),
            Kind::Restore => {
                let Some(copy) = servers().start_restore(self.watch.subscriber(), now) else {
                    return Ok(false);
                };
                self.watch.restoring(copy);
            }
            Kind::Order => servers().start_backup(self.watch.subscriber(), Extent::DIFFERENCE, now),
            Kind::Forged => self.forge(fault),
            Kind::Again => self.ask()?,
            _ => {}
        }
        Ok(true)
    }
}

/// What befalls the next message, and whether it is one to the server; none of other faults.
fn mishap(fault: &Fault) -> Option<(bool, Mishap)> {
    let amount = Duration::from_secs(u64::from(fault.amount));
    let to_server = !fault.to_phone;
    Some(match fault.kind {
        Kind::Lost => (to_server, Mishap::Lost),
        Kind::Doubled | Kind::Replayed => (to_server, Mishap::Doubled(amount)),
        Kind::Delayed | Kind::Reordered => (to_server, Mishap::Delayed(amount)),
        Kind::Corrupted => (to_server, Mishap::Corrupted(fault.amount as u16)),
        Kind::Truncated => (to_server, Mishap::Truncated(fault.amount as u8)),
        Kind::Misaddressed => {
            let other = if fault.neighbour { SUBSCRIBER } else { NEIGHBOUR };
            match other.number.parse() {
                Ok(other) if fault.amount % 2 == 1 && to_server => (true, Mishap::From(other)),
                _ => (to_server, Mishap::Misaddressed),
            }
        }
        // Memory capacity exceeded (TS 24.011 §8.2.5.4).
        Kind::CentreFull => (true, Mishap::NotSubmitted(SubmitError::Relay { cause: 22 })),
        Kind::Busy => {
            let cause = Some(fault.amount as u8);
            (true, Mishap::NotSubmitted(SubmitError::Network { cause }))
        }
        Kind::Expired => (false, Mishap::Expired),
        _ => return None,
    })
}

impl Home {
    /// The next command of a type has another answer than it would have.
    fn answer_wrongly(&mut self, fault: &Fault) {
        let nth = |count: usize, per: u32| (fault.amount / per) as usize % count;
        let terminal = &mut self.world.terminal;
        if fault.kind == Kind::Refuses {
            let [command, result] = [fault.amount as usize % ASKED.len(), nth(NO.len(), ASKED.len() as u32)];
            if let (Some(command), Some(result)) = (ASKED.get(command), NO.get(result)) {
                terminal.answer_next(*command, *result);
            }
        } else if let Some(command) = PROCESSED.get(nth(PROCESSED.len(), PROBLEMS)) {
            let problem = TerminalProblem((fault.amount % PROBLEMS) as u8);
            terminal.answer_next(*command, Problem::Terminal(problem));
        }
        self.awaits_command(fault.kind);
    }

    /// The user has the PIN asked for, and lets the phone start.
    fn enable_pin(&mut self, phone_knows: bool) {
        if phone_knows {
            self.config.pin = PIN.parse().ok();
        }
        self.wants_pin = self.config.pin.is_none();
        let now = self.world.now();
        self.card().exchange(now, &ENABLE_PIN);
        self.switch_off(Duration::from_secs(5), true);
    }

    /// The user changes a contact; whether the card can be written to.
    fn edit(&mut self, fault: &Fault) -> bool {
        if self.card().memory().is_torn() || self.card().memory().in_transaction() {
            return false;
        }
        let mut book = self.watch.book().clone();
        let contacts = (read_phonebook(self.card()).adn.len() as u16).saturating_sub(FREE_SLOTS);
        let slot = 1 + fault.amount as u16 % contacts.max(1);
        let contact = |number| self.resident.contact(number);
        match fault.kind {
            Kind::Deleted => drop(book.remove(slot)),
            Kind::Added => drop(
                book.insert(contacts + 1 + fault.amount as u16 % FREE_SLOTS, contact(900 + fault.amount)),
            ),
            _ => drop(book.insert(slot, contact(500 + fault.at % 400))),
        }
        // A tear that is due in this write comes with the card's next one.
        let tear = self.card().memory().tears_after();
        self.card().memory_mut().tear_after(None);
        let is_changed = change_phonebook(self.card(), &book).is_ok();
        if is_changed {
            self.watch.phonebook_changed(&mut self.world.card);
        }
        self.card().memory_mut().tear_after(tear);
        is_changed
    }

    /// Somebody sends a message without the card's keys: with others, or with none.
    fn forge(&mut self, fault: &Fault) {
        let Some(keys) = self.watch.keys().cloned() else { return };
        let shape = fault.amount as u8;
        let wrong = KeySet { kic: [shape; 16], ..keys.clone() };
        // An octet that names a message of the protocol, and whatever follows.
        let message: Vec<u8> =
            (0..20).map(|at| if at == 0 { shape >> 4 } else { shape.wrapping_mul(at) }).collect();
        let direction = if fault.to_phone { Direction::ToCard } else { Direction::ToServer };
        let counter = Counter::from(1_000_000 + u32::from(shape));
        let made = match shape % 3 {
            0 => carriage::wrap(Source::CARD, counter, message),
            1 => carriage::seal(direction, &wrong, counter, message),
            _ => carriage::seal(direction, &keys, counter, message).and_then(spoilt),
        };
        let Ok(user_data) = made else { return };
        if fault.to_phone {
            self.deliver(user_data);
        } else {
            self.world.esme.servers().borrow_mut().expect_no_effect(user_data.to_octets());
            self.world.inject_to_server(user_data);
        }
    }

    /// Somebody sends the card user data in the server's name.
    fn deliver(&mut self, user_data: UserData) {
        let Ok(to) = self.resident.number.parse() else { return };
        self.world.inject_to_phone(Outgoing {
            to,
            protocol: ProtocolIdentifier::SIM_DATA_DOWNLOAD,
            user_data,
            reference: u64::MAX,
            validity: Duration::from_mins(60),
        });
    }
}

/// The same with another last octet: the checksum does not fit any more.
fn spoilt(user_data: UserData) -> Result<UserData, oxisim_sms::Error> {
    let (coding, header, mut payload) = user_data.into_parts();
    if let Some(last) = payload.last_mut() {
        *last ^= 1;
    }
    UserData::new(coding, header, payload)
}

/// A phone that lacks timers, or the polling of the card.
fn lesser(amount: u32) -> Config {
    let full = Config::default();
    let lacks: &[Facility] = if amount.is_multiple_of(2) {
        &[Facility::TimerManagement, Facility::TimerCurrentValue, Facility::TimerExpiration]
    } else {
        &[Facility::PollInterval]
    };
    let has: Vec<Facility> = full.profile.facilities().filter(|facility| !lacks.contains(facility)).collect();
    Config { profile: TerminalProfile::with(&has), ..full }
}
