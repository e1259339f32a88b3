//! LAUNCH BROWSER, and what becomes of the browser.

use alloc::{boxed::Box, string::String, vec::Vec};

use oxisim_toolkit::{
    Problem,
    codes::{BrowserProblem, GeneralResult, TerminalProblem},
    command::LaunchBrowser,
    objects::alpha_text,
};
use oxisim_wire::{Instant, codes};

use crate::{
    Event, Screen, Terminal,
    config::Service,
    envelope::CardEvent,
    prompt::Prompt,
    session::{Job, Outcome},
};

codes! {
    /// Why the browser was closed (TS 102 223 §8.51).
    pub struct BrowserTermination(u8) { USER = 0x00, ERROR = 0x01, }
}

/// What LAUNCH BROWSER does with a browser that is open, the command's qualifier (TS 102 223 §8.6).
mod action {
    /// Nothing: the command fails.
    pub(super) const IF_NOT_LAUNCHED: u8 = 0x00;
    /// It is used for the new address.
    pub(super) const USE_EXISTING: u8 = 0x02;
    /// It is closed, and another opened.
    pub(super) const CLOSE_AND_LAUNCH: u8 = 0x03;
}

impl Terminal {
    pub(super) fn launch_browser(&mut self, job: &Job, command: LaunchBrowser) -> Outcome {
        match job.details().qualifier {
            action::IF_NOT_LAUNCHED if self.browser.is_some() => {
                return job.result(Problem::Browser(BrowserProblem::BROWSER_UNAVAILABLE));
            }
            action::IF_NOT_LAUNCHED | action::USE_EXISTING | action::CLOSE_AND_LAUNCH => {}
            _ => return job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD),
        }
        if self.is_in_call() {
            return job.unable(TerminalProblem::BUSY_ON_CALL);
        }
        if self.service == Service::None && command.bearers.is_some() {
            return job.result(Problem::Browser(BrowserProblem::BEARER_UNAVAILABLE));
        }
        // This phone reads no provisioning data.
        if !command.provisioning.is_empty() {
            return job.result(Problem::Browser(BrowserProblem::PROVISIONING_DATA_UNREADABLE));
        }
        match command.alpha.as_ref().map(|alpha| alpha_text(&alpha.text)).filter(|text| !text.is_empty()) {
            Some(text) => {
                self.show(Screen::Confirm { text });
                self.ask(job, Prompt::Browser(Box::new(command)), None)
            }
            None => self.open_browser(job, &command),
        }
    }

    /// Opens the browser, once the user has nothing against it.
    pub(crate) fn open_browser(&mut self, job: &Job, command: &LaunchBrowser) -> Outcome {
        let address = match &command.url.url[..] {
            [] => self.config.home_page.clone(),
            address => Some(String::from_utf8_lossy(address).into_owned()),
        };
        let Some(address) = address else {
            return job.result(Problem::Browser(BrowserProblem::DEFAULT_URL_UNAVAILABLE));
        };
        if self.browser.is_some() && job.details().qualifier == action::CLOSE_AND_LAUNCH {
            self.event(Event::BrowserClosed);
        }
        self.browser = Some(address.clone());
        self.event(Event::BrowserOpened(address));
        job.done()
    }

    /// The address that the browser was opened with, while it is open.
    #[must_use]
    pub fn browser(&self) -> Option<&str> {
        self.browser.as_deref()
    }

    /// The user has closed the browser, or an error has; nothing happens if none is open. The card is told, if its
    /// event list asks for it.
    pub fn handle_browser_closed(&mut self, cause: BrowserTermination, now: Instant) {
        if self.browser.take().is_some() {
            self.event(Event::BrowserClosed);
            self.report(CardEvent::BrowserTermination(cause));
        }
        self.settle(now);
    }

    /// The browser that is open has met this, coded as its protocol does; the card is told, if its event list asks
    /// for it.
    pub fn handle_browsing_status(&mut self, status: Vec<u8>, now: Instant) {
        if self.browser.is_some() {
            self.report(CardEvent::BrowsingStatus(status));
        }
        self.settle(now);
    }
}
