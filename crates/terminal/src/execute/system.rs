//! POLL INTERVAL, POLLING OFF, SET UP EVENT LIST, PROVIDE LOCAL INFORMATION, REFRESH.

use alloc::{vec, vec::Vec};

use oxisim_sms::Timestamp;
use oxisim_toolkit::{
    Answer,
    codes::{EventCode, GeneralResult, LocalInformation, RefreshMode, TerminalProblem, TimeUnit},
    command::{PollInterval, Refresh, SetUpEventList},
    objects::{DateTimeZone, Duration, FileList, Imei, Language},
};
use oxisim_wire::Instant;

use crate::{
    Event, Terminal,
    config::Service,
    session::{Job, Outcome, Task},
    startup::Startup,
    timer::Timer,
};

/// The events that this phone reports.
const EVENTS: [EventCode; 3] =
    [EventCode::LOCATION_STATUS, EventCode::USER_ACTIVITY, EventCode::IDLE_SCREEN_AVAILABLE];

/// DF PHONEBOOK, and `EF_ADN` where it stands alone (TS 31.102 §4.4.2, TS 51.011 §10.5.1).
const PHONEBOOK: [u16; 2] = [0x5F3A, 0x6F3A];

impl Terminal {
    pub(super) fn set_poll_interval(&mut self, job: &Job, command: PollInterval, now: Instant) -> Outcome {
        if !TimeUnit::ALL.contains(&command.interval.unit) {
            return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD);
        }
        let requested = command.interval.duration();
        let within = requested.max(*self.config.grantable.start()).min(*self.config.grantable.end());
        let granted = if within == requested { command.interval } else { Duration::from_duration(within) };
        self.poll_every(granted.duration(), now);
        job.done_with(Answer { duration: Some(granted), ..Answer::default() })
    }

    pub(super) fn stop_polling(&mut self, job: &Job) -> Outcome {
        self.card.polling = Polling::Off;
        self.timers.stop(Timer::Poll);
        self.event(Event::PollInterval(None));
        job.done()
    }

    pub(super) fn set_up_event_list(&mut self, job: &Job, command: &SetUpEventList) -> Outcome {
        let events: Vec<EventCode> = command.events.events.iter().copied().map(EventCode).collect();
        if !events.iter().all(|event| EVENTS.contains(event)) {
            return job.result(GeneralResult::BEYOND_TERMINAL_CAPABILITIES);
        }
        self.card.events = events;
        job.done()
    }

    pub(super) fn provide_local_information(&mut self, job: &Job) -> Outcome {
        let answer = Answer::default();
        match LocalInformation(job.details().qualifier) {
            LocalInformation::LOCATION => match self.service.clone() {
                Service::Normal(location) => job.done_with(Answer { location: Some(location), ..answer }),
                Service::Limited => job.result(GeneralResult::PERFORMED_LIMITED_SERVICE),
                Service::None => job.unable(TerminalProblem::NO_SERVICE),
            },
            LocalInformation::IMEI => {
                let imei = Some(Imei { imei: self.config.imei.octets() });
                job.done_with(Answer { imei, ..answer })
            }
            LocalInformation::DATE_TIME_ZONE => {
                let value = Timestamp::from_instant(job.started, self.config.quarter_hours).0;
                job.done_with(Answer { date_time: Some(DateTimeZone { value }), ..answer })
            }
            LocalInformation::LANGUAGE => {
                let language = Some(Language { code: self.config.language });
                job.done_with(Answer { language, ..answer })
            }
            _ => job.result(GeneralResult::BEYOND_TERMINAL_CAPABILITIES),
        }
    }

    pub(super) fn refresh(&mut self, job: &Job, command: Refresh) -> Outcome {
        let files = command.files.map(|list| paths(&list)).unwrap_or_default();
        match RefreshMode(job.details().qualifier) {
            RefreshMode::UICC_RESET => return Outcome::Reset,
            RefreshMode::NAA_INITIALIZATION => {}
            RefreshMode::FILE_CHANGE_NOTIFICATION => {
                if files.is_empty() {
                    return job.result(GeneralResult::REQUIRED_VALUES_MISSING);
                }
                self.files_changed(files);
                return job.done();
            }
            RefreshMode::NAA_INITIALIZATION_AND_FILE_CHANGE | RefreshMode::NAA_SESSION_RESET => {
                self.files_changed(files);
            }
            RefreshMode::NAA_INITIALIZATION_AND_FULL_FILE_CHANGE | RefreshMode::NAA_APPLICATION_RESET => {
                self.files_changed(vec![]);
            }
            _ => return job.result(GeneralResult::BEYOND_TERMINAL_CAPABILITIES),
        }
        self.start(Startup::of_application(self.card.identity.platform));
        Outcome::Wait(Task::Initialisation)
    }

    /// Tells that files, or all files, have changed.
    fn files_changed(&mut self, files: Vec<Vec<u16>>) {
        let phonebook = files.is_empty() || files.iter().flatten().any(|file| PHONEBOOK.contains(file));
        self.event(Event::FilesChanged(files));
        if phonebook {
            self.event(Event::PhonebookChanged);
        }
    }

    /// Polls every `interval` from now on.
    pub(crate) fn poll_every(&mut self, interval: oxisim_wire::Duration, now: Instant) {
        self.card.polling = Polling::Waiting { interval };
        self.timers.set(Timer::Poll, now + interval);
        self.event(Event::PollInterval(Some(interval)));
    }
}

/// How the card is polled with STATUS (TS 102 223 §6.4.6).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Polling {
    /// Not at all.
    #[default]
    Off,
    /// Every `interval`; the timer runs.
    Waiting { interval: oxisim_wire::Duration },
    /// Every `interval`; now is the time.
    Due { interval: oxisim_wire::Duration },
}

/// The paths of a file list: each begins with 3F00 or 7FFF (TS 102 223 §8.18).
fn paths(list: &FileList) -> Vec<Vec<u16>> {
    let (identifiers, _) = list.paths.as_chunks();
    let mut paths: Vec<Vec<u16>> = Vec::new();
    for identifier in identifiers.iter().copied().map(u16::from_be_bytes) {
        match (paths.last_mut(), identifier) {
            (Some(path), 0x7FFF) if path == &[0x3F00] => path.push(identifier),
            (None, _) | (_, 0x3F00 | 0x7FFF) => paths.push(vec![identifier]),
            (Some(path), _) => path.push(identifier),
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_lead_through_the_current_application() {
        let list = FileList {
            count: 3,
            paths: hex::decode("3F007F105F3A4F303F002FE27FFF6F073F007FFF6F38").unwrap(),
        };
        assert_eq!(
            paths(&list),
            [
                vec![0x3F00, 0x7F10, 0x5F3A, 0x4F30],
                vec![0x3F00, 0x2FE2],
                vec![0x7FFF, 0x6F07],
                vec![0x3F00, 0x7FFF, 0x6F38]
            ]
        );
    }
}
