//! What the user dials: calls, supplementary services and USSD (TS 22.030 §6.5).

use alloc::{boxed::Box, vec::Vec};

use oxisim_sms::{Address, TypeOfAddress, alphabet};
use oxisim_toolkit::objects::UssdString;
use oxisim_wire::{Instant, bcd};

use crate::{
    CallParameters, Event, Output, Terminal,
    attempt::{Attempt, Others, Wanted},
    config::Service,
    control::Asker,
    session::Task,
};

/// What the user has dialled and has no answer yet. Of a call the phone knows as of all calls.
#[derive(Debug, Default)]
pub(crate) struct Dialled {
    /// What the card is asked about.
    pub(crate) asked: Option<Box<Attempt>>,
    /// Whether the user has hung up since then.
    pub(crate) given_up: bool,
    /// What the network has been asked for: a supplementary service operation, or USSD.
    pub(crate) service: Option<Task>,
}

/// Why nothing comes of what the user has dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// It is neither a number nor a code.
    #[error("this cannot be dialled")]
    Unknown,
    /// The network does not offer it.
    #[error("there is no service")]
    NoService,
    /// Something else is under way, or there are too many calls.
    #[error("something else is under way")]
    Busy,
    /// The card has been reset before it could be asked.
    #[error("the card has been reset")]
    Reset,
}

impl Terminal {
    /// Does what the user has dialled, once the card lets it.
    pub(crate) fn dial(&mut self, digits: &str, now: Instant) {
        let Some(wanted) = wanted(digits) else {
            return self.event(Event::NotDialled(DialError::Unknown));
        };
        let attempt = Attempt { wanted, alpha: None };
        let is_served = match self.service {
            Service::Normal(_) => true,
            Service::Limited => attempt.is_emergency(),
            Service::None => false,
        };
        if !is_served {
            return self.event(Event::NotDialled(DialError::NoService));
        }
        if !self.is_controlled(&attempt) {
            return self.place(attempt, now);
        }
        let is_free = self.dialled.asked.is_none();
        if is_free && self.ask_about(Asker::User, &attempt) {
            self.dialled.asked = Some(attempt.into());
        } else {
            self.event(Event::NotDialled(if is_free { DialError::Unknown } else { DialError::Busy }));
        }
    }

    /// Asks the network for it.
    pub(crate) fn place(&mut self, attempt: Attempt, now: Instant) {
        match self.prepare(attempt.wanted) {
            Ok((request, task)) => {
                if matches!(task, Task::Service | Task::Ussd) {
                    self.dialled.service = Some(task);
                }
                self.show_aside(attempt.alpha.as_ref(), now);
                self.output(Output::Network(request));
            }
            Err(_) => self.event(Event::NotDialled(DialError::Busy)),
        }
    }
}

/// What the digits ask for; `None` if they are none.
fn wanted(digits: &str) -> Option<Wanted> {
    let is_code = digits.starts_with(['*', '#']) && digits.ends_with('#');
    if !is_code || !digits.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#') {
        let number = digits.parse::<Address>().ok()?;
        return Some(Wanted::Call { number, parameters: CallParameters::default(), others: Others::Held });
    }
    let code = digits.trim_start_matches(['*', '#']);
    let code = code.split(['*', '#']).next().unwrap_or_default();
    if SERVICE_CODES.contains(&code) {
        let semi_octets: Vec<u8> = digits.chars().filter_map(bcd::from_dialling).collect();
        return Address::called(NO_TYPE, semi_octets).ok().map(Wanted::Service);
    }
    Some(Wanted::Ussd(UssdString { coding: DEFAULT_ALPHABET, string: packed(digits)? }))
}

/// Service codes of supplementary services (TS 22.030 annex B); other codes are USSD.
const SERVICE_CODES: &[&str] = &[
    "21", "67", "61", "62", "002", "004", // call forwarding
    "30", "31", "76", "77", "300", // line and name identification
    "43",  // call waiting
    "33", "331", "332", "35", "351", "330", "333", "353", // call barring
    "03",  // its password
    "37",  // completion of calls
    "75",  // precedence
    "66",  // deflection
];

/// Type of number and numbering plan of a string that is none (TS 31.111 §8.14).
const NO_TYPE: TypeOfAddress = TypeOfAddress(0xFF);
/// GSM 7-bit default alphabet, no language said (TS 23.038 §5).
const DEFAULT_ALPHABET: u8 = 0x0F;

/// A USSD string in septets; a last septet that would be spare is a carriage return (TS 23.038 §6.1.2.3.1).
fn packed(digits: &str) -> Option<Vec<u8>> {
    const CARRIAGE_RETURN: u8 = 0x0D;
    let mut septets = alphabet::encode(digits)?;
    if septets.len() % 8 == 7 {
        septets.push(CARRIAGE_RETURN);
    }
    Some(alphabet::pack(&septets, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_supplementary_services_and_of_ussd_are_told_from_numbers() {
        let kind = |digits| match wanted(digits)? {
            Wanted::Call { number, .. } => Some(std::format!("call {number}")),
            Wanted::Service(string) => Some(std::format!("service {string}")),
            Wanted::Ussd(string) => Some(std::format!("ussd {}", hex::encode_upper(string.string))),
        };
        for (digits, expected) in [
            ("+15550100002", "call +15550100002"),
            ("112", "call 112"),
            ("*#21#", "service *#21#"),
            ("**21*10#", "service **21*10#"),
            ("**21*123456789012345678#", "service **21*123456789012345678#"),
            ("*100#", "ussd AA180C3602"),
            ("#100#", "ussd A3180C3602"),
        ] {
            assert_eq!(kind(digits).as_deref(), Some(expected));
        }
        let long = std::format!("**21*{}#", "1".repeat(Address::CALLED_LIMIT));
        for none in ["", "+", "hello", "*1x#", &long] {
            assert_eq!(kind(none), None, "{none}");
        }
    }

    #[test]
    fn seven_septets_are_filled_with_a_carriage_return() {
        let string = packed("*12345#").unwrap();
        assert_eq!(alphabet::unpack(&string, 8, 0).last(), Some(&0x0D));
    }
}
