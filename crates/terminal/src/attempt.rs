//! Calls, supplementary service operations and USSD on their way to the network, whoever asks for them.

use alloc::string::String;

use oxisim_sms::Address;
use oxisim_toolkit::{
    codes::TerminalProblem,
    control::CallChanges,
    envelope::CallControl,
    objects::{AlphaIdentifier, LocationInformation, SsString, UssdString},
};
use oxisim_wire::bcd;

use crate::{
    CallId, CallParameters, NetworkRequest, Operation, Output, Terminal,
    control::{Asker, Decision, stopped},
    execute::{CallState, SEPARATOR, tone},
    number::{called, object},
    session::{Job, Outcome, Session, Task},
};

/// Calls that there can be: transaction identifiers are 0 to 6, on either side.
pub(crate) const TRANSACTIONS: u8 = 7;

/// The numbers of emergency calls that every phone knows (TS 22.101 §10.1.1).
const EMERGENCY: [&[u8]; 2] = [&[1, 1, 2], &[9, 1, 1]];

/// Something that the network is to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) wanted: Wanted,
    /// What the user is told while it goes on.
    pub(crate) alpha: Option<AlphaIdentifier>,
}

/// What the network is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A call.
    Call { number: Address, parameters: CallParameters, others: Others },
    /// A supplementary service operation.
    Service(Address),
    /// USSD.
    Ussd(UssdString),
}

/// What becomes of the calls that there are, when another is set up (TS 102 223 §8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// There must be none.
    None,
    /// They are put on hold.
    Held,
    /// They are ended.
    Ended,
}

impl Attempt {
    /// Whether it is an emergency call, which nothing stands in the way of.
    pub(crate) fn is_emergency(&self) -> bool {
        let Wanted::Call { number, .. } = &self.wanted else { return false };
        let mut parts = number.semi_octets().split(|&semi_octet| semi_octet == SEPARATOR);
        parts.next().is_some_and(|digits| EMERGENCY.contains(&digits))
    }

    pub(crate) const fn is_call(&self) -> bool {
        matches!(self.wanted, Wanted::Call { .. })
    }

    /// The question to the card, from here.
    pub(crate) fn question(&self, location: Option<LocationInformation>) -> CallControl {
        match &self.wanted {
            Wanted::Call { number, parameters, .. } => CallControl {
                capability: parameters.capability.clone(),
                subaddress: parameters.subaddress.clone(),
                second_capability: parameters.second_capability.clone(),
                repeat: parameters.repeat.clone(),
                ..CallControl::call(object(number), location)
            },
            Wanted::Service(string) => {
                let digits = bcd::pack(string.semi_octets());
                CallControl::ss(SsString { ton_npi: string.kind().0, digits }, location)
            }
            Wanted::Ussd(string) => CallControl::ussd(string.clone(), location),
        }
    }

    /// It, as others see it.
    pub(crate) fn operation(&self) -> Operation {
        match &self.wanted {
            Wanted::Call { number, .. } => Operation::Call(number.clone()),
            Wanted::Service(string) => Operation::Service(string.clone()),
            Wanted::Ussd(string) => Operation::Ussd(string.text()),
        }
    }

    /// What the card makes of it (TS 31.111 §7.3.1.6): what the card does not name stays, and an empty subaddress
    /// takes the one away that there is. `None` if that is nothing which this phone can do.
    pub(crate) fn changed(self, changes: CallChanges) -> Option<Self> {
        let CallChanges { address, ss, ussd, capability, subaddress, repeat, second_capability, .. } =
            changes;
        if changes.pdp.is_some() || changes.eps.is_some() || changes.ims.is_some() || changes.media.is_some()
        {
            return None;
        }
        let parameters = CallParameters { capability, subaddress, second_capability, repeat };
        let wanted = match (address, ss, ussd, self.wanted) {
            (None, None, None, Wanted::Call { number, parameters: old, others }) => {
                Wanted::Call { number, parameters: old.changed(parameters), others }
            }
            (None, None, None, wanted) => wanted,
            (Some(address), None, None, Wanted::Call { parameters: old, others, .. }) => Wanted::Call {
                number: called(address.ton_npi, &address.digits).ok()?,
                parameters: old.changed(parameters),
                others,
            },
            (Some(address), None, None, _) => Wanted::Call {
                number: called(address.ton_npi, &address.digits).ok()?,
                parameters: CallParameters::default().changed(parameters),
                others: Others::None,
            },
            (None, Some(string), None, _) => Wanted::Service(called(string.ton_npi, &string.digits).ok()?),
            (None, None, Some(string), _) => Wanted::Ussd(string),
            _ => return None,
        };
        Some(Self { wanted, alpha: changes.alpha.or(self.alpha) })
    }
}

impl CallParameters {
    fn changed(self, changes: Self) -> Self {
        Self {
            capability: changes.capability.or(self.capability),
            subaddress: changes.subaddress.or(self.subaddress).filter(|it| !it.subaddress.is_empty()),
            second_capability: changes.second_capability.or(self.second_capability),
            repeat: changes.repeat.or(self.repeat),
        }
    }
}

impl Terminal {
    /// Carries out what a command of the card asks of the network, once the card lets it.
    pub(crate) fn attempt(&mut self, job: &Job, attempt: Attempt) -> Outcome {
        if !self.is_controlled(&attempt) {
            return self.carry_out(job, attempt);
        }
        if !self.ask_about(Asker::Command, &attempt) {
            return stopped(job, &Decision::Failed);
        }
        Outcome::Wait(Task::Control { attempt: attempt.into(), ended: None })
    }

    /// Carries it out without asking the card.
    pub(crate) fn carry_out(&mut self, job: &Job, attempt: Attempt) -> Outcome {
        self.keep_for_redial(&attempt.wanted);
        match self.prepare(attempt.wanted) {
            Ok((request, task)) => {
                self.show_alpha(attempt.alpha.as_ref());
                self.output(Output::Network(request));
                Outcome::Wait(task)
            }
            Err(problem) => job.unable(problem),
        }
    }

    /// Makes room for it; what the network is to be asked, and the task that its answer ends.
    pub(crate) fn prepare(&mut self, wanted: Wanted) -> Result<(NetworkRequest, Task), TerminalProblem> {
        Ok(match wanted {
            Wanted::Call { number, parameters, others } => {
                let call = self.free_call().ok_or(TerminalProblem::BUSY_ON_CALL)?;
                match others {
                    Others::None if !self.calls.is_empty() => return Err(TerminalProblem::BUSY_ON_CALL),
                    Others::None => {}
                    Others::Held => self.hold_calls(),
                    Others::Ended => self.end_calls(),
                }
                (self.call(call, number, parameters), Task::Call(call))
            }
            Wanted::Service(string) => {
                self.is_network_free()?;
                (NetworkRequest::Service(string), Task::Service)
            }
            Wanted::Ussd(string) => {
                self.is_network_free()?;
                (NetworkRequest::Ussd(string.text()), Task::Ussd)
            }
        })
    }

    /// Whether the network can be asked for a service, which it answers one after another.
    fn is_network_free(&self) -> Result<(), TerminalProblem> {
        let of_card = match &self.card.session {
            Session::Executing(_, task) => Some(task),
            _ => None,
        };
        let is_asked = |task| self.dialled.service.as_ref() == Some(task) || of_card == Some(task);
        if is_asked(&Task::Service) {
            return Err(TerminalProblem::BUSY_ON_SS);
        }
        if is_asked(&Task::Ussd) {
            return Err(TerminalProblem::BUSY_ON_USSD);
        }
        Ok(())
    }

    /// Sets a call up. What stands behind the first separator in the number is no part of it: it is kept, and sent as
    /// tones when the other side has taken the call (TS 22.101 annex A.20).
    pub(crate) fn call(
        &mut self,
        call: CallId,
        number: Address,
        parameters: CallParameters,
    ) -> NetworkRequest {
        let (number, tones) = dialled(number);
        self.tones.insert(call, tones);
        self.calls.push((call, CallState::Waiting));
        NetworkRequest::Call { call, number, parameters }
    }

    /// Sends what has been kept for this call, which is connected now.
    pub(crate) fn send_tones(&mut self, call: CallId) {
        if let Some(tones) = self.tones.remove(&call).filter(|tones| !tones.is_empty()) {
            self.output(Output::Network(NetworkRequest::Dtmf(tones)));
        }
    }

    /// An identifier for a call of the phone's.
    pub(crate) fn free_call(&self) -> Option<CallId> {
        let mut identifiers = (0..TRANSACTIONS).map(|transaction| CallId { transaction, is_incoming: false });
        identifiers.find(|id| self.calls.iter().all(|(other, _)| other != id))
    }
}

/// The number that is called, and the tones behind it: separators are pauses, and what is no tone is left out.
fn dialled(number: Address) -> (Address, String) {
    let semi_octets = number.semi_octets();
    let separator = semi_octets.iter().position(|&semi_octet| semi_octet == SEPARATOR);
    let Some((digits, rest)) = separator.filter(|&at| at > 0).and_then(|at| semi_octets.split_at_checked(at))
    else {
        return (number, String::new());
    };
    let tones = rest.iter().copied().filter_map(tone).collect();
    match Address::called(number.kind(), digits.to_vec()) {
        Ok(called) => (called, tones),
        Err(_) => (number, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxisim_sms::TypeOfAddress;

    #[test]
    fn an_emergency_call_is_one_whatever_tones_follow() {
        let is_emergency = |semi_octets: &[u8]| {
            let number = Address::called(TypeOfAddress(0x81), semi_octets.to_vec()).unwrap();
            let wanted = Wanted::Call { number, parameters: CallParameters::default(), others: Others::None };
            Attempt { wanted, alpha: None }.is_emergency()
        };
        assert!(is_emergency(&[1, 1, 2]));
        assert!(is_emergency(&[1, 1, 2, SEPARATOR, 5]));
        assert!(!is_emergency(&[1, 1, 2, 5]));
        assert!(!is_emergency(&[1, SEPARATOR, 1, 1, 2]));
    }

    #[test]
    fn digits_behind_a_separator_are_tones() {
        let of = |semi_octets: &[u8]| {
            let (number, tones) =
                dialled(Address::called(TypeOfAddress(0x81), semi_octets.to_vec()).unwrap());
            std::format!("{number} {tones}")
        };
        assert_eq!(of(&[1, 2, 3]), "123 ");
        assert_eq!(of(&[1, 2, 0xC, 3, 0xC, 0xA, 0xB]), "12 P3P*#");
        assert_eq!(of(&[1, 0xC, 0xD, 4]), "1 P4");
        assert_eq!(of(&[1, 0xC]), "1 P");
    }
}
