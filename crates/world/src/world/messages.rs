//! Messages on their way between phone, SMS centre and server.

use alloc::{boxed::Box, format, vec::Vec};

use oxisim_backup::{
    DeliveryReport, Esme, FromServer, Outgoing, ToServer,
    carriage::{self, Direction},
    security::Rekey,
};
use oxisim_sms::{
    Timestamp, UserData,
    tpdu::{Deliver, DeliverReport, FailureCause, MobileOriginated},
};
use oxisim_wire::{Duration, Instant, Wire};

use super::{Paged, Planned, World};
use crate::{Bearer, Fate, Leg, Slot, What, mishap::Letter};

/// How long the SMS centre waits before it tries again to deliver a message, and how often it tries.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(60);
const MAX_TRIES: u8 = 20;

impl<E: Esme, C: Slot> World<E, C> {
    /// A message has reached the SMS centre over the air.
    pub(super) fn submit(&mut self, tpdu: &[u8]) {
        let Ok(MobileOriginated::Submit(submit)) = MobileOriginated::decode(tpdu, "TPDU") else { return };
        if submit.destination == self.server {
            self.travel(Letter::ToServer(None, Box::new(submit.user_data)));
        } else {
            self.note(What::Astray { to: format!("{}", submit.destination) });
        }
    }

    /// Lets a message, and perhaps its double, travel between the SMS centre and the other side.
    pub(super) fn travel(&mut self, mut letter: Letter) {
        let to_server = letter.is_to_server();
        let mut fate = self.bearer.fate(&mut self.random);
        if if to_server { self.outage.to_server } else { self.outage.to_phone } {
            fate = Fate { arrives: None, again: None };
        }
        if let Some(mishap) = self.next_mishap(to_server) {
            letter.suffer(&mishap);
            fate = self.suffer(&mishap, &letter, fate);
        }
        if let Some(again) = fate.again {
            self.schedule.plan(self.now + again, Planned::Arrives(letter.clone()));
        }
        match fate.arrives {
            Some(arrives) => self.schedule.plan(self.now + arrives, Planned::Arrives(letter)),
            None => self.note(What::Lost { to_server }),
        }
    }

    /// A message of the server has reached the SMS centre.
    pub(super) fn accept(&mut self, message: &Outgoing) {
        if message.to != self.subscriber {
            return;
        }
        let timestamp = Timestamp::from_instant(self.now, 0);
        let deliver =
            Deliver::new(self.server.clone(), message.protocol, timestamp, message.user_data.clone());
        let (tpdu, valid) = (deliver.encode(), self.now + message.validity);
        log::debug!("{} SMS-DELIVER {}", self.clock(), hex::encode_upper(&tpdu));
        self.page(Paged { tpdu, reference: message.reference, valid, tries: 0 });
    }

    /// Sends a message over the air, if there is service and its time is not over.
    pub(super) fn page(&mut self, mut paged: Paged) {
        if self.now > paged.valid {
            self.note(What::Lost { to_server: false });
            self.report(paged.reference, Some(DeliveryReport::Failed), None);
        } else if self.outage.service {
            self.kept.push(paged);
        } else {
            paged.tries += 1;
            let arrives = self.take_radio(Bearer::terminated(paged.tpdu.len()));
            self.schedule.plan(arrives, Planned::Terminated(paged));
        }
    }

    /// The phone has taken the message that was delivered longest ago, or has not. Then it comes again, if the cause is one
    /// that passes. What the phone or the card says besides, a proof of receipt, goes to the server.
    pub(super) fn reported(&mut self, report: DeliverReport) {
        self.record.carry_tpdu(self.now, Leg::FromPhone, &report.encode());
        let Some(mut paged) = self.delivered.pop_front() else { return };
        let reference = paged.reference;
        let passes = report.cause.is_some_and(FailureCause::is_temporary);
        let again = passes && paged.tries < MAX_TRIES && self.now + TRY_AGAIN_AFTER <= paged.valid;
        let outcome = match report.cause {
            None => Some(DeliveryReport::Delivered),
            Some(_) if again => None,
            Some(cause) => {
                log::debug!("{} SMS-DELIVER-REPORT: {cause:?}", self.clock());
                self.note(What::Lost { to_server: false });
                Some(DeliveryReport::Failed)
            }
        };
        if again {
            // The repetitions take no time on the radio.
            paged.tries += 1;
            self.schedule.plan(self.now + TRY_AGAIN_AFTER, Planned::Terminated(paged));
        }
        self.report(reference, outcome, report.parameters.user_data);
    }

    /// Lets the server know what became of a message, if it has come to its end, and what was answered. Reports are lost
    /// as messages are.
    pub(super) fn report(
        &mut self,
        reference: u64,
        report: Option<DeliveryReport>,
        user_data: Option<UserData>,
    ) {
        if report.is_none() && user_data.is_none() {
            return;
        }
        if let Some(arrives) = self.bearer.fate(&mut self.report_random).arrives {
            let user_data = user_data.map(Box::new);
            self.schedule.plan(self.now + arrives, Planned::Reported { reference, report, user_data });
        }
    }

    /// The message to the server that user data have, as far as the keys open it.
    pub(super) fn message_to_server(&self, user_data: &UserData) -> Option<ToServer> {
        let message = self.opened(user_data, Direction::ToServer)?;
        ToServer::decode(&message).ok()
    }

    /// The same of a message of the server.
    pub(super) fn message_from_server(&self, user_data: &UserData) -> Option<FromServer> {
        let message = self.opened(user_data, Direction::ToCard)?;
        FromServer::decode(&message).ok()
    }

    fn opened(&self, user_data: &UserData, direction: Direction) -> Option<Vec<u8>> {
        let sealed = self.keys.iter().rev().find_map(|keys| carriage::look(user_data, direction, Some(keys)));
        sealed.or_else(|| carriage::look(user_data, direction, None))
    }

    /// The server replaces the card's keys: what the next ones secure is for the record too.
    pub(super) fn learn(&mut self, rekey: &Rekey) {
        let next = self.keys.last().and_then(|keys| rekey.open(keys).ok().flatten());
        self.keys.extend(next);
    }

    /// Takes the radio for a while, after those that have it already; when that ends.
    pub(super) fn take_radio(&mut self, takes: Duration) -> Instant {
        self.radio_free = self.radio_free.max(self.now) + takes;
        self.radio_free
    }
}

pub(super) fn submitted(tpdu: &[u8]) -> Option<UserData> {
    match MobileOriginated::decode(tpdu, "TPDU") {
        Ok(MobileOriginated::Submit(submit)) => Some(submit.user_data),
        _ => None,
    }
}
