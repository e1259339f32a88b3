//! Messages for applets: whole ones, and the packets in them (TS 31.111 §7.1, TS 31.115).

use oxisim_apdu::Status;
use oxisim_sms::{
    Address, ElementId, Timestamp,
    concatenation::Message,
    packet::{CommandPacket, Form, SealedCommand, Tar},
    tpdu::Deliver,
};
use oxisim_wire::Instant;

use super::{Session, ToolkitEvent};
use crate::{
    applet::{FormattedSms, SealedSms, UnformattedSms},
    runtime::{AppletId, Instance, Runtime},
};

/// A message of which every part is there.
pub(super) struct Delivered {
    message: Message,
    originator: Address,
    timestamp: Timestamp,
}

impl Delivered {
    /// The message that is whole with this part of it.
    pub fn of(session: &mut Session, part: Deliver, now: Instant) -> Option<Self> {
        let Deliver { originator, timestamp, user_data, .. } = part;
        let message = session.reassembler.accept(&originator, user_data, now)?;
        Some(Self { message, originator, timestamp })
    }

    /// The command packet that it is, if it is one.
    pub fn packet(&self) -> Option<Result<CommandPacket, Status>> {
        let mut header = self.message.header.iter();
        header
            .any(|element| element.id == ElementId::COMMAND_PACKET)
            .then(|| CommandPacket::decode(&self.message.payload).map_err(|_| Status::INCORRECT_DATA))
    }

    /// The command packet that it is, if it is one that is secured.
    pub fn sealed(&self) -> Option<SealedCommand> {
        let is_packet = self.message.header.iter().any(|element| element.id == ElementId::COMMAND_PACKET);
        let packet = SealedCommand::decode(Form::ShortMessage, &self.message.payload);
        packet.ok().filter(|packet| is_packet && packet.security.is_secured())
    }

    pub const fn for_opener<'a>(&'a self, packet: &'a SealedCommand) -> SealedSms<'a> {
        SealedSms { packet, originator: &self.originator, timestamp: self.timestamp }
    }

    pub const fn formatted<'a>(&'a self, packet: &'a CommandPacket) -> FormattedSms<'a> {
        FormattedSms { packet, originator: &self.originator, timestamp: self.timestamp }
    }

    pub const fn unformatted(&self) -> UnformattedSms<'_> {
        UnformattedSms { message: &self.message, originator: &self.originator, timestamp: self.timestamp }
    }
}

impl Runtime<'_> {
    /// The applet that packets with this TAR are for, if it has set the event.
    pub(super) fn owner(&self, tar: Tar, event: ToolkitEvent) -> Option<AppletId> {
        let is_it = |instance: &&Instance| {
            instance.parameters.tars.contains(&tar) && self.session.registry.wants(instance.id, event)
        };
        self.applets.iter().find(is_it).map(|owner| owner.id)
    }

    /// The same, if it opens packets itself.
    pub(super) fn opener(&self, tar: Tar, event: ToolkitEvent) -> Option<AppletId> {
        let owner = self.owner(tar, event)?;
        let object = self.applets.get(owner)?.object.as_deref()?;
        object.opens_packets().then_some(owner)
    }
}

/// The messages of cell broadcast that are command packets (TS 23.041 §9.4.1.2.2).
const SECURED_PAGES: core::ops::RangeInclusive<u16> = 0x1080..=0x10FF;

/// The command packet that a page of cell broadcast is: serial number, message identifier, coding and page number come
/// before it, padding behind.
pub(super) fn packet_of_page(page: &[u8]) -> Option<CommandPacket> {
    let (head, content) = page.split_at_checked(6)?;
    let identifier = u16::from_be_bytes([*head.get(2)?, *head.get(3)?]);
    if !SECURED_PAGES.contains(&identifier) {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([*content.first()?, *content.get(1)?])) + 2;
    CommandPacket::decode(content.get(..length)?).ok()
}
