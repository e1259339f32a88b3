//! Whose the channels of the terminal are (TS 102 223 §6.4.27 to §6.4.30, TS 102 241; TS 102 268, `CRE_PCS_PCCO`,
//! `CRE_APT_EDDA` and `CRE_APT_EDCS`).

use oxisim_toolkit::{Command, CommandType, Event, TerminalResponse, codes::Device};

use super::queue::{Sender, Sent};
use crate::runtime::AppletId;

/// The applet that has opened each channel, 1 to 7, since the reset. It is the applet's until CLOSE CHANNEL succeeds,
/// even if its link is dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Channels {
    owners: [Option<AppletId>; CHANNELS],
}

/// Channels of a terminal (TS 102 223 §6.4.27).
const CHANNELS: usize = 7;
/// The bits of a channel status that say which channel it is of (TS 102 223 §8.56).
const CHANNEL: u8 = 0x07;

impl Channels {
    /// The applet that has opened a channel.
    pub fn owner(&self, channel: u8) -> Option<AppletId> {
        let place = usize::from(channel).checked_sub(1)?;
        self.owners.get(place).copied().flatten()
    }

    /// How many an applet has open.
    pub fn count(&self, applet: AppletId) -> usize {
        self.owners.iter().filter(|owner| **owner == Some(applet)).count()
    }

    /// The terminal has answered to a command: it may have opened a channel, or closed one.
    pub fn answered(&mut self, sent: &Sent, response: &TerminalResponse) {
        if !response.result.general.is_performed() {
            return;
        }
        let Sender::Applet(applet, _) = sent.sender else { return };
        let (channel, owner) = match sent.details.kind {
            CommandType::OPEN_CHANNEL => {
                let opened = response.answer.channel_status.first();
                (opened.map(|channel| channel.status & CHANNEL), Some(applet))
            }
            CommandType::CLOSE_CHANNEL => (sent.channel, None),
            _ => return,
        };
        let place = channel.and_then(|channel| usize::from(channel).checked_sub(1));
        if let Some(place) = place.and_then(|place| self.owners.get_mut(place)) {
            *place = owner;
        }
    }
}

/// The channel that a command is for.
pub(super) fn of_command(command: &Command) -> Option<u8> {
    let channel = command.devices.destination.0.checked_sub(Device::CHANNEL_1.0)? + 1;
    (usize::from(channel) <= CHANNELS).then_some(channel)
}

/// The channel that an event of the terminal is about.
pub(super) const fn of_event(event: &Event) -> Option<u8> {
    match event {
        Event::DataAvailable(data) => Some(data.status.status & CHANNEL),
        Event::ChannelStatusChange(change) => Some(change.status.status & CHANNEL),
        _ => None,
    }
}
