//! REFRESH.

use alloc::{vec, vec::Vec};

use oxisim_toolkit::{
    Facility,
    codes::{GeneralResult, RefreshMode, TerminalProblem},
    command::Refresh,
    objects::FileList,
};

use crate::{
    Event, Terminal,
    session::{Job, Outcome, Task},
    startup::{Startup, USIM},
};

/// DF PHONEBOOK, and `EF_ADN` where it stands alone (TS 31.102 §4.4.2, TS 51.011 §10.5.1).
const PHONEBOOK: [u16; 2] = [0x5F3A, 0x6F3A];

impl Terminal {
    pub(super) fn refresh(&mut self, job: &Job, command: &Refresh) -> Outcome {
        let mode = RefreshMode(job.details().qualifier);
        let files = command.files.as_ref().map(paths).unwrap_or_default();
        if let Some(problem) = self.hindrance(mode, command) {
            return job.unable(problem);
        }
        if command.application.as_ref().is_some_and(|application| !self.is_active(&application.aid)) {
            return job.done_as(GeneralResult::REFRESH_PERFORMED_NAA_NOT_ACTIVE);
        }
        if self.config.profile.supports(Facility::RefreshAlpha) {
            self.show_alpha(command.alpha.as_ref());
        }
        match mode {
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
            RefreshMode::STEERING_OF_ROAMING => {
                let networks = command.access.as_ref().map(|list| list.networks.0.clone());
                self.event(Event::Steered(networks.unwrap_or_default()));
                return job.done();
            }
            _ => return job.result(GeneralResult::BEYOND_TERMINAL_CAPABILITIES),
        }
        self.start(Startup::of_application(self.card.identity.platform));
        Outcome::Wait(Task::Initialisation)
    }

    /// What the user does that a new start of the card would disturb, unless the card says that it does not matter
    /// (TS 102 223 §6.4.7, §8.103); to be told of files disturbs nothing.
    fn hindrance(&self, mode: RefreshMode, command: &Refresh) -> Option<TerminalProblem> {
        /// Bits of the refresh enforcement policy: while the user navigates menus, during a call.
        const MENUS: u8 = 0x01;
        const CALL: u8 = 0x04;
        let minds = self.config.profile.supports(Facility::RefreshEnforcementPolicy);
        let forced = command.policy.as_ref().filter(|_| minds).map_or(0, |policy| policy.policy);
        if mode == RefreshMode::FILE_CHANGE_NOTIFICATION {
            None
        } else if self.is_in_call() && forced & CALL == 0 {
            Some(TerminalProblem::BUSY_ON_CALL)
        } else if self.screen.is_busy() && forced & MENUS == 0 {
            Some(TerminalProblem::SCREEN_BUSY)
        } else {
            None
        }
    }

    /// Whether this is the application in use.
    fn is_active(&self, aid: &[u8]) -> bool {
        let active = match &self.card.identity.aid[..] {
            [] => &USIM,
            active => active,
        };
        active.starts_with(aid) || aid.starts_with(active)
    }

    /// Tells that files, or all files, have changed.
    fn files_changed(&mut self, files: Vec<Vec<u16>>) {
        let phonebook = files.is_empty() || files.iter().flatten().any(|file| PHONEBOOK.contains(file));
        self.event(Event::FilesChanged(files));
        if phonebook {
            self.event(Event::PhonebookChanged);
        }
    }
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
