//! What an ENVELOPE tells, and whom (TS 102 223 §7, TS 31.111 §7).

use alloc::boxed::Box;

use oxisim_apdu::Status;
use oxisim_sms::tpdu::MobileTerminated;
use oxisim_toolkit::{
    Envelope, Event as EventOfTerminal,
    envelope::{CellBroadcastDownload, EventDownload, MenuSelection, SmsPpDownload, TimerExpiration},
};
use oxisim_wire::{Instant, Wire};

use super::{
    ToolkitEvent, channels,
    messages::{Carrier, Delivered, Told, packet_of_page},
};
use crate::{
    applet::Event,
    runtime::{AppletId, Runtime},
};

impl Runtime<'_> {
    /// ENVELOPE; what applets posted in answer, or the command packet in it.
    pub fn envelope(&mut self, now: Instant, data: &[u8]) -> Result<Told, Status> {
        let Ok(envelope) = &Envelope::decode(data) else { return Err(Status::INCORRECT_DATA) };
        if has_answer(envelope) {
            self.session.reply.open();
        }
        let told = self.tell(now, envelope);
        // Nothing is answered afterwards, whatever has become of it.
        let response = self.session.reply.take();
        told.map(|packet| packet.map_or(Told::Answered(response), Told::Packet))
    }

    /// Tells whom it concerns; a command packet is left to be opened.
    fn tell(&mut self, now: Instant, envelope: &Envelope) -> Result<Option<Carrier>, Status> {
        match envelope {
            // Events are told and questions asked whatever is under way: a command of the card can be what leads to
            // them. The others start something of their own.
            Envelope::EventDownload(event) => self.event_download(event),
            Envelope::CallControl(control) => {
                self.ask(ToolkitEvent::CallControl, Event::CallControl(control));
            }
            Envelope::MoSmsControl(control) => {
                self.ask(ToolkitEvent::MoSmsControl, Event::MoSmsControl(control));
            }
            _ if self.session.is_busy() => return Err(Status::TOOLKIT_BUSY),
            Envelope::MenuSelection(selection) => self.menu_selection(selection)?,
            Envelope::TimerExpiration(expiration) => self.timer_expiration(expiration),
            Envelope::SmsPpDownload(download) => return self.sms_pp_download(now, download),
            Envelope::CellBroadcastDownload(download) => return Ok(self.cell_broadcast(download)),
            Envelope::UssdDownload(download) => {
                self.deliver_to_all(ToolkitEvent::UssdDownload, Event::UssdDownload(download));
            }
            other => self.deliver_to_all(ToolkitEvent::OtherEnvelope, Event::OtherEnvelope(other)),
        }
        Ok(None)
    }

    fn menu_selection(&mut self, selection: &MenuSelection) -> Result<(), Status> {
        let item = selection.item.identifier;
        let entry = self.session.registry.menu_entry(item).filter(|(_, entry)| entry.enabled);
        // What the user has chosen may be gone, and its identifier another's.
        let is_shown = |applet: &AppletId| !self.session.framework.shows_anothers(item, *applet);
        let applet = entry.map(|(applet, _)| applet).filter(is_shown);
        let applet = applet.ok_or(Status::REFERENCED_DATA_NOT_FOUND)?;
        let event = match selection.help {
            Some(_) => Event::MenuSelectionHelp { item },
            None => Event::MenuSelection { item },
        };
        self.deliver(applet, event);
        Ok(())
    }

    fn timer_expiration(&mut self, expiration: &TimerExpiration) {
        let timer = expiration.timer.identifier;
        let owner = self.session.registry.timer_owner(timer);
        if let Some(owner) = self.session.registry.timers.expired(timer, owner) {
            self.deliver(owner, Event::TimerExpiration { timer, value: expiration.value });
        }
    }

    fn event_download(&mut self, event: &EventDownload) {
        let code = event.code();
        self.session.framework.told_of(code);
        // A connection is to the service of one applet.
        if let EventOfTerminal::LocalConnection(connection) = &event.event {
            if let Some(owner) = self.session.registry.service_owner(connection.service.service) {
                self.deliver(owner, Event::EventDownload(event));
            }
            return;
        }
        // What is about a channel is for the applet that has opened it.
        if let Some(channel) = channels::of_event(&event.event) {
            let owner = self.session.channels.owner(channel);
            let owner =
                owner.filter(|&owner| self.session.registry.wants(owner, ToolkitEvent::EventDownload(code)));
            if let Some(owner) = owner {
                self.deliver(owner, Event::EventDownload(event));
            }
            return;
        }
        self.deliver_to_all(ToolkitEvent::EventDownload(code), Event::EventDownload(event));
    }

    /// Asks the one applet that has registered for an event; without one, no data allow everything (TS 31.111 §7.3).
    fn ask(&mut self, registered: ToolkitEvent, event: Event<'_>) {
        if let Some(applet) = self.session.registry.asked(registered) {
            self.deliver(applet, event);
        }
    }

    /// A command packet is for the applet with its TAR, anything else for those that want it.
    fn sms_pp_download(&mut self, now: Instant, download: &SmsPpDownload) -> Result<Option<Carrier>, Status> {
        let tpdu = MobileTerminated::decode(&download.tpdu.tpdu, "SMS-PP download")
            .map_err(|_| Status::INCORRECT_DATA)?;
        let MobileTerminated::Deliver(deliver) = tpdu else { return Err(Status::INCORRECT_DATA) };
        let Some(delivered) = Delivered::of(self.session, deliver, now) else { return Ok(None) };
        if delivered.is_packet() {
            return Ok(Some(Carrier::Message(delivered)));
        }
        let event = Event::UnformattedSmsPp(delivered.unformatted());
        self.deliver_to_all(ToolkitEvent::UnformattedSmsPp, event);
        Ok(None)
    }

    /// The same of a page.
    fn cell_broadcast(&mut self, download: &CellBroadcastDownload) -> Option<Carrier> {
        let Some(packet) = packet_of_page(&download.page.page) else {
            self.deliver_to_all(ToolkitEvent::CellBroadcast, Event::CellBroadcast(download));
            return None;
        };
        Some(Carrier::Page { packet: packet.to_vec(), download: Box::new(download.clone()) })
    }
}

/// Whether an ENVELOPE has an answer with data (TS 102 241, TS 31.130: `EnvelopeResponseHandler`).
const fn has_answer(envelope: &Envelope) -> bool {
    !matches!(
        envelope,
        Envelope::EventDownload(_)
            | Envelope::MenuSelection(_)
            | Envelope::TimerExpiration(_)
            | Envelope::CellBroadcastDownload(_)
    )
}
