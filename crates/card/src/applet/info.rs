//! What a host can see of the applets on a card.

use alloc::{string::String, vec::Vec};

use super::InstallParameters;
use crate::{file::Aid, toolkit::ToolkitEvent};

/// An applet on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppletInfo {
    /// The instance AID.
    pub aid: Aid,
    /// The AID of its package.
    pub package: Aid,
    /// The AID of its class.
    pub class: Aid,
    /// What people call it.
    pub name: String,
    /// Its life cycle state.
    pub state: AppletState,
    /// What it was installed with: priority, limits, quotas.
    pub parameters: InstallParameters,
    /// Octets of persistent memory that it uses.
    pub persistent_octets: usize,
    /// Octets of transient memory that it uses.
    pub transient_octets: usize,
    /// The events that it is told of.
    pub events: Vec<ToolkitEvent>,
    /// Its entries of the menu.
    pub menu_entries: Vec<u8>,
    /// Its timers.
    pub timers: Vec<u8>,
}

/// Life cycle states of an applet (GP Card Specification §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppletState {
    /// `INSTALLED`: it is there, and neither selected nor told of anything.
    Installed,
    /// `SELECTABLE`: it works.
    Selectable,
    /// `LOCKED`: it is neither selected nor told of anything until it is unlocked.
    Locked,
}
