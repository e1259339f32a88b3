//! PROVIDE LOCAL INFORMATION, LANGUAGE NOTIFICATION.

use alloc::{vec, vec::Vec};

use oxisim_sms::Timestamp;
use oxisim_toolkit::{
    Answer,
    codes::{AccessTechnologyCode, GeneralResult, LocalInformation, TerminalProblem},
    command::LanguageNotification,
    objects::{self, DateTimeZone, Imei, Language, LocationInformation},
};

use crate::{
    Environment, Event, Terminal,
    config::Service,
    envelope,
    session::{Job, Outcome},
};

impl Terminal {
    pub(super) fn provide_local_information(&mut self, job: &Job) -> Outcome {
        let known = &self.config.environment;
        let answer = match LocalInformation(job.details().qualifier) {
            LocalInformation::LOCATION => {
                return self
                    .provide_here(job, |location| Answer { location: Some(location), ..Answer::default() });
            }
            LocalInformation::IMEI => {
                Some(Answer { imei: Some(Imei { imei: self.config.imei.octets() }), ..Answer::default() })
            }
            LocalInformation::NETWORK_MEASUREMENTS => {
                let results = known.measurements.clone();
                let channels = known.channels.clone();
                return self.provide_here(job, |_| Answer {
                    measurements: results.map(|results| objects::NetworkMeasurements { results }),
                    channels: Some(objects::BcchChannels { channels }),
                    ..Answer::default()
                });
            }
            LocalInformation::DATE_TIME_ZONE => {
                let value = Timestamp::from_instant(job.started, self.config.quarter_hours).0;
                Some(Answer { date_time: Some(DateTimeZone { value }), ..Answer::default() })
            }
            LocalInformation::LANGUAGE => {
                Some(Answer { language: Some(Language { code: known.language }), ..Answer::default() })
            }
            LocalInformation::TIMING_ADVANCE => known.timing_advance.map(|advance| Answer {
                timing_advance: Some(objects::TimingAdvance { status: u8::from(known.in_call), advance }),
                ..Answer::default()
            }),
            LocalInformation::ACCESS_TECHNOLOGY => {
                known.access_technologies.first().map(|&first| used(first, &[]))
            }
            LocalInformation::ACCESS_TECHNOLOGIES => technologies(known),
            LocalInformation::IMEISV => {
                let imeisv = self.config.imei.with_version(known.software_version);
                Some(Answer { imeisv: Some(objects::Imeisv { imeisv }), ..Answer::default() })
            }
            LocalInformation::SEARCH_MODE => Some(Answer {
                search_mode: Some(objects::NetworkSearchMode { mode: known.search_mode.0 }),
                ..Answer::default()
            }),
            LocalInformation::BATTERY => Some(Answer {
                battery: Some(objects::BatteryState { state: known.battery.0 }),
                ..Answer::default()
            }),
            LocalInformation::ESN => octets(&known.esn, |octets| Answer {
                esn: Some(objects::Esn { esn: octets }),
                ..Answer::default()
            }),
            LocalInformation::MEID => octets(&known.meid, |octets| Answer {
                meid: Some(objects::Meid { meid: octets }),
                ..Answer::default()
            }),
            LocalInformation::WSID => octets(&known.wsid, |octets| Answer {
                wlan: Some(objects::IwlanIdentifier { identifier: octets }),
                ..Answer::default()
            }),
            LocalInformation::BROADCAST_NETWORK => octets(&known.broadcast_network, |octets| Answer {
                broadcast: Some(objects::BroadcastNetwork { information: octets }),
                ..Answer::default()
            }),
            LocalInformation::CSG_IDS => octets(&known.closed_groups, |octets| Answer {
                csg: vec![objects::CsgIdList { list: octets }],
                ..Answer::default()
            }),
            LocalInformation::HNB_ADDRESS => known
                .home_node_address
                .clone()
                .map(|address| Answer { local_address: Some(address), ..Answer::default() }),
            LocalInformation::SUPPORTED_RADIO_ACCESS_TECHNOLOGIES => {
                octets(&known.supported_technologies, |octets| Answer {
                    supported: Some(objects::SupportedAccessTechnologies { technologies: octets }),
                    ..Answer::default()
                })
            }
            LocalInformation::LOCATIONS => {
                let more_locations = known.more_locations.clone();
                let technologies = technologies(known).unwrap_or_default();
                return self.provide_here(job, |location| Answer {
                    location: Some(location),
                    more_locations,
                    ..technologies
                });
            }
            LocalInformation::MEASUREMENTS_OF_TECHNOLOGIES => {
                let measurements =
                    |octets: &Vec<u8>| objects::NetworkMeasurements { results: octets.clone() };
                let first = known.measurements.as_ref().map(measurements);
                let more = known.more_measurements.iter().map(measurements).collect();
                let technologies = technologies(known).unwrap_or_default();
                return self.provide_here(job, |_| Answer {
                    measurements: first,
                    more_measurements: more,
                    ..technologies
                });
            }
            _ => return job.result(GeneralResult::BEYOND_TERMINAL_CAPABILITIES),
        };
        match answer {
            Some(answer) => job.done_with(answer),
            None => job.unable(TerminalProblem::NO_SPECIFIC_CAUSE),
        }
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

    /// What the phone can only tell with full service.
    fn provide_here(&self, job: &Job, answer: impl FnOnce(LocationInformation) -> Answer) -> Outcome {
        match self.service.clone() {
            Service::Normal(location) => job.done_with(answer(location)),
            Service::Limited => job.done_as(GeneralResult::PERFORMED_LIMITED_SERVICE),
            Service::None => job.unable(TerminalProblem::NO_SERVICE),
        }
    }
}

/// Every access technology in use.
fn technologies(known: &Environment) -> Option<Answer> {
    known.access_technologies.split_first().map(|(&first, more)| used(first, more))
}

fn used(first: AccessTechnologyCode, more: &[AccessTechnologyCode]) -> Answer {
    Answer { technology: Some(envelope::technologies(first, more)), ..Answer::default() }
}

fn octets(known: &Option<Vec<u8>>, answer: impl FnOnce(Vec<u8>) -> Answer) -> Option<Answer> {
    known.clone().map(answer)
}
