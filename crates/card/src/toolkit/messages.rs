//! Messages for applets: whole ones, and the packets in them (TS 31.111 §7.1, TS 31.115).

use alloc::{boxed::Box, vec::Vec};

use oxisim_apdu::Response;
use oxisim_sms::{
    Address, ElementId, Timestamp,
    concatenation::Message,
    packet::{CommandPacket, Form, SealedCommand, Tar},
    tpdu::Deliver,
};
use oxisim_toolkit::envelope::CellBroadcastDownload;
use oxisim_wire::Instant;

use super::{Session, ToolkitEvent};
use crate::{
    applet::{Event, FormattedSms, SealedSms, UnformattedSms},
    runtime::{AppletId, Instance, Runtime},
};

/// What has come of an ENVELOPE.
pub(crate) enum Told {
    /// This is answered.
    Answered(Response),
    /// It has a command packet, which is still to be opened.
    Packet(Carrier),
}

/// A command packet as it has come: in a message that is downloaded, in one that the terminal has put into a record of
/// `EF_SMS`, or in a page of cell broadcast.
pub(crate) enum Carrier {
    Message(Delivered),
    Record(u8, Delivered),
    Page { packet: Vec<u8>, download: Box<CellBroadcastDownload> },
}

impl Carrier {
    /// The packet, from CPL on.
    pub fn packet(&self) -> &[u8] {
        match self {
            Self::Message(delivered) | Self::Record(_, delivered) => &delivered.message.payload,
            Self::Page { packet, .. } => packet,
        }
    }

    /// The event that tells an applet of the packet.
    pub const fn event(&self) -> ToolkitEvent {
        match self {
            Self::Message(_) => ToolkitEvent::FormattedSmsPp,
            Self::Record(..) => ToolkitEvent::FormattedSmsPpUpdate,
            Self::Page { .. } => ToolkitEvent::FormattedCellBroadcast,
        }
    }

    /// Who sent it, if somebody did whom an answer can reach.
    pub const fn originator(&self) -> Option<&Address> {
        match self {
            Self::Message(delivered) | Self::Record(_, delivered) => Some(&delivered.originator),
            Self::Page { .. } => None,
        }
    }

    /// Whether what is answered goes back in the report on its delivery.
    pub const fn has_report(&self) -> bool {
        matches!(self, Self::Message(_))
    }

    /// What an applet is told when the packet has been opened.
    pub const fn tell<'a>(&'a self, packet: &'a CommandPacket) -> Event<'a> {
        match self {
            Self::Message(delivered) => Event::FormattedSmsPp(delivered.formatted(packet)),
            Self::Record(record, delivered) => {
                Event::FormattedSmsPpUpdate { record: *record, sms: delivered.formatted(packet) }
            }
            Self::Page { download, .. } => Event::FormattedCellBroadcast { packet, download },
        }
    }
}

impl Carrier {
    /// What an applet is told that opens packets itself; only messages that are downloaded come to one.
    pub const fn tell_sealed<'a>(&'a self, packet: &'a SealedCommand) -> Option<Event<'a>> {
        match self {
            Self::Message(Delivered { originator, timestamp, .. }) => {
                Some(Event::SealedSmsPp(SealedSms { packet, originator, timestamp: *timestamp }))
            }
            Self::Record(..) | Self::Page { .. } => None,
        }
    }
}

/// A message of which every part is there.
pub(crate) struct Delivered {
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

    /// Whether it is a command packet.
    pub fn is_packet(&self) -> bool {
        self.message.header.iter().any(|element| element.id == ElementId::COMMAND_PACKET)
    }

    const fn formatted<'a>(&'a self, packet: &'a CommandPacket) -> FormattedSms<'a> {
        FormattedSms { packet, originator: &self.originator, timestamp: self.timestamp }
    }

    pub const fn unformatted(&self) -> UnformattedSms<'_> {
        UnformattedSms { message: &self.message, originator: &self.originator, timestamp: self.timestamp }
    }
}

impl Runtime<'_> {
    /// The applet that packets with this TAR are for, if it has set the event.
    pub fn owner(&self, tar: Tar, event: ToolkitEvent) -> Option<AppletId> {
        let is_it = |instance: &&Instance| {
            instance.parameters.tars.contains(&tar) && self.session.registry.wants(instance.id, event)
        };
        self.applets.iter().find(is_it).map(|owner| owner.id)
    }

    /// The same, if it opens packets itself.
    pub fn opener(&self, tar: Tar, event: ToolkitEvent) -> Option<AppletId> {
        let owner = self.owner(tar, event)?;
        let object = self.applets.get(owner)?.object.as_deref()?;
        object.opens_packets().then_some(owner)
    }

    /// Tells an applet of a packet that has been opened, or that it opens itself; its answer, if the packet can have one.
    pub fn packet(&mut self, applet: AppletId, event: Event<'_>, has_answer: bool) -> Response {
        if has_answer {
            self.session.reply.open();
        }
        self.deliver(applet, event);
        // Nothing is answered afterwards, whatever has become of it.
        self.session.reply.take()
    }
}

/// The messages of cell broadcast that are command packets (TS 23.041 §9.4.1.2.2).
const SECURED_PAGES: core::ops::RangeInclusive<u16> = 0x1080..=0x10FF;

/// The command packet that a page of cell broadcast is: serial number, message identifier, coding and page number come
/// before it, padding behind.
pub(super) fn packet_of_page(page: &[u8]) -> Option<&[u8]> {
    let (head, content) = page.split_at_checked(6)?;
    let identifier = u16::from_be_bytes([*head.get(2)?, *head.get(3)?]);
    if !SECURED_PAGES.contains(&identifier) {
        return None;
    }
    let length = usize::from(u16::from_be_bytes([*content.first()?, *content.get(1)?])) + 2;
    let packet = content.get(..length)?;
    SealedCommand::decode(Form::ShortMessage, packet).is_ok().then_some(packet)
}
