//! PROVIDE LOCAL INFORMATION, LANGUAGE NOTIFICATION.

use oxisim_sms::Timestamp;
use oxisim_toolkit::{
    Answer,
    codes::{GeneralResult, LocalInformation, TerminalProblem},
    command::LanguageNotification,
    objects::{BatteryState, DateTimeZone, Imei, Imeisv, Language, NetworkSearchMode, TimingAdvance},
};
use oxisim_wire::Instant;

use crate::{
    Event, Terminal,
    config::Service,
    envelope,
    session::{Job, Outcome},
};

/// What depends on where the phone is (TS 31.111 §6.4.15): without service there is none of it.
const HERE: [LocalInformation; 4] = [
    LocalInformation::LOCATION,
    LocalInformation::NETWORK_MEASUREMENTS,
    LocalInformation::LOCATIONS,
    LocalInformation::MEASUREMENTS_OF_TECHNOLOGIES,
];

impl Terminal {
    pub(super) fn provide_local_information(&mut self, job: &Job) -> Outcome {
        let information = LocalInformation(job.details().qualifier);
        if HERE.contains(&information) {
            match self.service {
                Service::Normal(_) => {}
                Service::Limited => return job.done_as(GeneralResult::PERFORMED_LIMITED_SERVICE),
                Service::None => return job.unable(TerminalProblem::NO_SERVICE),
            }
        }
        match self.known(information, job.started) {
            None => job.result(GeneralResult::BEYOND_TERMINAL_CAPABILITIES),
            Some(answer) if answer == Answer::default() => job.unable(TerminalProblem::NO_SPECIFIC_CAUSE),
            Some(answer) => job.done_with(answer),
        }
    }

    /// What the phone knows, which may be nothing; `None` if it does not know what it is asked.
    fn known(&self, information: LocalInformation, now: Instant) -> Option<Answer> {
        let known = &self.config.environment;
        let location = self.service.location().cloned();
        let used = || match &known.access_technologies[..] {
            [] => None,
            [current, more @ ..] => Some(envelope::technologies(*current, more)),
        };
        let none = Answer::default();
        Some(match information {
            LocalInformation::LOCATION => Answer { location, ..none },
            LocalInformation::IMEI => Answer { imei: Some(Imei { imei: self.config.imei.octets() }), ..none },
            LocalInformation::NETWORK_MEASUREMENTS => {
                Answer { measurements: known.measurements.clone(), channels: known.channels.clone(), ..none }
            }
            LocalInformation::DATE_TIME_ZONE => {
                let value = Timestamp::from_instant(now, self.config.quarter_hours).0;
                Answer { date_time: Some(DateTimeZone { value }), ..none }
            }
            LocalInformation::LANGUAGE => {
                Answer { language: Some(Language { code: known.language }), ..none }
            }
            LocalInformation::TIMING_ADVANCE => {
                let status = u8::from(known.in_call);
                let timing_advance = known.timing_advance.map(|advance| TimingAdvance { status, advance });
                Answer { timing_advance, ..none }
            }
            LocalInformation::ACCESS_TECHNOLOGY => {
                let current = known.access_technologies.first();
                let technology = current.map(|current| envelope::technologies(*current, &[]));
                Answer { technology, ..none }
            }
            LocalInformation::ESN => Answer { esn: known.esn.clone(), ..none },
            LocalInformation::IMEISV => {
                let imeisv = self.config.imei.with_version(known.software_version);
                Answer { imeisv: Some(Imeisv { imeisv }), ..none }
            }
            LocalInformation::SEARCH_MODE => {
                Answer { search_mode: Some(NetworkSearchMode { mode: known.search_mode.0 }), ..none }
            }
            LocalInformation::BATTERY => {
                Answer { battery: Some(BatteryState { state: known.battery }), ..none }
            }
            LocalInformation::MEID => Answer { meid: known.meid.clone(), ..none },
            LocalInformation::WSID => Answer { wlan: known.wlan.clone(), ..none },
            LocalInformation::BROADCAST_NETWORK => {
                Answer { broadcast: known.broadcast_network.clone(), ..none }
            }
            LocalInformation::ACCESS_TECHNOLOGIES => Answer { technology: used(), ..none },
            LocalInformation::LOCATIONS => {
                Answer { location, technology: used(), more_locations: known.more_locations.clone(), ..none }
            }
            LocalInformation::MEASUREMENTS_OF_TECHNOLOGIES => Answer {
                measurements: known.measurements.clone(),
                technology: used(),
                more_measurements: known.more_measurements.clone(),
                ..none
            },
            LocalInformation::CSG_IDS => Answer { csg: known.closed_groups.clone(), ..none },
            LocalInformation::HNB_ADDRESS => {
                Answer { local_address: known.home_node_address.clone(), ..none }
            }
            LocalInformation::SUPPORTED_RADIO_ACCESS_TECHNOLOGIES => {
                Answer { supported: known.supported_technologies.clone(), ..none }
            }
            _ => return None,
        })
    }

    pub(super) fn notify_language(&mut self, job: &Job, command: &LanguageNotification) -> Outcome {
        let language = match (job.qualifier(1), &command.language) {
            (false, _) => None,
            (true, Some(language)) => Some(language.code),
            (true, None) => return job.result(GeneralResult::REQUIRED_VALUES_MISSING),
        };
        self.card.language = language;
        self.event(Event::LanguageNotified(language));
        job.done()
    }
}
