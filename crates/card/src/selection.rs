//! Which applet a logical channel has selected (Java Card Runtime Environment Specification §4).

use alloc::vec::Vec;

use oxisim_apdu::Status;

use crate::{
    card::Powered,
    runtime::{AppletId, Instance},
};

impl Powered<'_> {
    /// Checks that an applet can be selected on the channel `number`, or on a new one: an applet that is not
    /// multiselectable, or that stands in a package with one, is alone with its package (§4.2).
    pub fn check_shared(&mut self, applet: AppletId, number: Option<u8>) -> Result<(), Status> {
        let others: Vec<_> = self.session.channels.applets_but(number).collect();
        if self.runtime().applets.is_shareable_with(applet, &others) {
            Ok(())
        } else {
            Err(Status::CONDITIONS_NOT_SATISFIED)
        }
    }

    /// Asks an applet whether it lets itself be selected on the channel `number`; `6999` if not (§4.5).
    pub fn select_applet(&mut self, applet: AppletId, number: u8) -> Result<(), Status> {
        let is_elsewhere = self.is_elsewhere(applet, number);
        if self.runtime().select(applet, is_elsewhere) {
            return Ok(());
        }
        self.clear_on_deselect(applet, number);
        Err(Status::APPLET_SELECT_FAILED)
    }

    /// Forgets on every channel the applets that have been locked or deleted, or have lost their class, since they were
    /// selected. A command finds none: applets change between two of them.
    pub fn forget_lost_applets(&mut self) {
        let selected: Vec<_> = self.session.channels.applets_but(None).collect();
        for applet in selected {
            if !self.runtime().applets.get(applet).is_some_and(Instance::is_selectable) {
                self.session.channels.forget(applet);
                let others: Vec<_> = self.session.channels.applets_but(None).collect();
                self.runtime().clear_on_deselect(applet, &others);
            }
        }
    }

    /// Deselects the applet of the channel of the command, if it has one (§4.6).
    pub fn deselect(&mut self) {
        if let Some(applet) = self.session.channel.applet.take() {
            self.deselect_on(applet, self.session.number);
        }
    }

    /// Deselects the applet that the channel `number` has no more.
    pub fn deselect_on(&mut self, applet: AppletId, number: u8) {
        let is_elsewhere = self.is_elsewhere(applet, number);
        self.runtime().deselect(applet, is_elsewhere);
        self.clear_on_deselect(applet, number);
    }

    /// Whether another channel than `number` has selected an applet.
    fn is_elsewhere(&self, applet: AppletId, number: u8) -> bool {
        self.session.channels.applets_but(Some(number)).any(|other| other == applet)
    }

    fn clear_on_deselect(&mut self, applet: AppletId, number: u8) {
        let others: Vec<_> = self.session.channels.applets_but(Some(number)).collect();
        self.runtime().clear_on_deselect(applet, &others);
    }
}
