//! The phone's end of the link, as a machine.

use std::collections::VecDeque;

use oxisim_sms::{
    Address,
    rp::{Acknowledgement, Cause, Data, Failure, MobileOriginated, MobileTerminated},
    tpdu::DeliverReport,
};
use oxisim_wire::{Duration, Error, Instant, Wire};

use crate::link::{self, Frames};

/// How long a phone waits for an answer: timer TR1M of TS 24.011 §10, from 35 to 45 seconds.
const PATIENCE: Duration = Duration::from_secs(40);

/// The relay layer of a phone (TS 24.011 §6), on a connection that its host makes and makes again.
///
/// After each call that takes an input, [`Station::poll_output`] until there is nothing more; the answer of
/// [`Station::poll_timeout`] may have changed.
#[derive(Debug)]
pub struct Station {
    number: Address,
    /// What comes over the connection; none without one.
    frames: Option<Frames>,
    /// The centre, once it has said its number.
    centre: Option<Address>,
    reference: u8,
    /// What the centre has been sent and has not answered.
    asked: Option<Asked>,
    /// What has come and has no answer; none in it if its connection is gone.
    delivered: VecDeque<Option<u8>>,
    outputs: VecDeque<StationOutput>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    reference: u8,
    is_memory: bool,
    answer_by: Instant,
}

/// What a phone's end of the link wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StationOutput {
    /// Send these octets.
    Send(Vec<u8>),
    /// The centre with this number serves the phone.
    Served(Address),
    /// No centre serves it.
    NotServed,
    /// End the connection: what comes over it is no link.
    Disconnect(Error),
    /// A TPDU for the phone, which it answers.
    Deliver {
        /// The TPDU.
        tpdu: Vec<u8>,
        /// The service centre.
        service_centre: Option<Address>,
    },
    /// What became of the message that was submitted.
    Submitted(Result<(), NotTaken>),
    /// What became of RP-SMMA.
    MemoryAvailable(Result<(), NotTaken>),
}

/// Why the centre has not taken something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// There is no centre, or it does not answer.
    #[error("no centre answers")]
    NoService,
    /// It has answered RP-ERROR.
    #[error("RP-ERROR, cause {} ({_0:?})", _0.0)]
    Refused(Cause),
}

impl Station {
    /// A phone with this number, without a connection.
    #[must_use]
    pub const fn new(number: Address) -> Self {
        Self {
            number,
            frames: None,
            centre: None,
            reference: 0,
            asked: None,
            delivered: VecDeque::new(),
            outputs: VecDeque::new(),
        }
    }

    /// What to do next.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<StationOutput> {
        self.outputs.pop_front()
    }

    /// When [`Station::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.asked.map(|asked| asked.answer_by)
    }

    /// Gives up what has not been answered in time.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.asked.is_some_and(|asked| asked.answer_by <= now) {
            self.finish(Err(NotTaken::NoService));
        }
    }

    /// There is a connection.
    pub fn handle_connected(&mut self) {
        self.handle_disconnected();
        self.frames = Some(Frames::default());
        self.outputs.push_back(StationOutput::Send(link::greeting(&self.number)));
    }

    /// The connection is gone.
    pub fn handle_disconnected(&mut self) {
        self.frames = None;
        self.delivered.iter_mut().for_each(|reference| *reference = None);
        self.finish(Err(NotTaken::NoService));
        if self.centre.take().is_some() {
            self.outputs.push_back(StationOutput::NotServed);
        }
    }

    /// Octets have come.
    pub fn handle_octets(&mut self, octets: &[u8]) {
        let Some(frames) = &mut self.frames else { return };
        frames.handle_octets(octets);
        loop {
            let frame = self.frames.as_mut().map_or(Ok(None), Frames::poll_frame);
            let handled = match frame {
                Ok(Some(frame)) => self.frame(&frame),
                Ok(None) => return,
                Err(error) => Err(error),
            };
            if let Err(error) = handled {
                self.outputs.push_back(StationOutput::Disconnect(error));
                return self.handle_disconnected();
            }
        }
    }

    /// Sends a TPDU to the centre. One is outstanding at most, and RP-SMMA counts.
    pub fn submit(&mut self, tpdu: Vec<u8>, service_centre: Option<Address>, now: Instant) {
        self.ask(false, now, |reference, centre| {
            let service_centre = service_centre.or(centre);
            MobileOriginated::Data(Data { reference, service_centre, tpdu })
        });
    }

    /// Tells the centre that there is room for messages (RP-SMMA).
    pub fn memory_available(&mut self, now: Instant) {
        self.ask(true, now, |reference, _| MobileOriginated::MemoryAvailable { reference });
    }

    /// Answers the oldest message that has come and has no answer.
    pub fn report(&mut self, report: &DeliverReport) {
        let Some(Some(reference)) = self.delivered.pop_front() else { return };
        let tpdu = Some(report.encode());
        self.send(&match report.cause {
            None => MobileOriginated::Ack(Acknowledgement { reference, tpdu }),
            Some(cause) => MobileOriginated::Error(Failure::new(reference, Cause::of_report(cause), tpdu)),
        });
    }

    /// The phone will not answer the message that came last.
    pub fn forget(&mut self) {
        self.delivered.pop_back();
    }

    fn ask(
        &mut self,
        is_memory: bool,
        now: Instant,
        message: impl FnOnce(u8, Option<Address>) -> MobileOriginated,
    ) {
        let reference = self.reference;
        self.reference = reference.wrapping_add(1);
        let is_served = self.centre.is_some() && self.asked.is_none();
        if is_served {
            self.send(&message(reference, self.centre.clone()));
            self.asked = Some(Asked { reference, is_memory, answer_by: now + PATIENCE });
        } else {
            self.tell(is_memory, Err(NotTaken::NoService));
        }
    }

    fn frame(&mut self, frame: &[u8]) -> Result<(), Error> {
        if self.centre.is_none() {
            let centre = link::greeted(frame)?;
            self.centre = Some(centre.clone());
            self.outputs.push_back(StationOutput::Served(centre));
            return Ok(());
        }
        match MobileTerminated::decode(frame, "RPDU")? {
            MobileTerminated::Data(Data { reference, service_centre, tpdu }) => {
                self.delivered.push_back(Some(reference));
                self.outputs.push_back(StationOutput::Deliver { tpdu, service_centre });
            }
            MobileTerminated::Ack(ack) if self.awaits(ack.reference) => self.finish(Ok(())),
            MobileTerminated::Error(failure) if self.awaits(failure.reference) => {
                self.finish(Err(NotTaken::Refused(failure.cause)));
            }
            // The answer to something that was given up.
            MobileTerminated::Ack(_) | MobileTerminated::Error(_) => {}
        }
        Ok(())
    }

    fn awaits(&self, reference: u8) -> bool {
        self.asked.is_some_and(|asked| asked.reference == reference)
    }

    fn finish(&mut self, result: Result<(), NotTaken>) {
        if let Some(asked) = self.asked.take() {
            self.tell(asked.is_memory, result);
        }
    }

    fn tell(&mut self, is_memory: bool, result: Result<(), NotTaken>) {
        self.outputs.push_back(if is_memory {
            StationOutput::MemoryAvailable(result)
        } else {
            StationOutput::Submitted(result)
        });
    }

    fn send(&mut self, message: &MobileOriginated) {
        self.outputs.push_back(StationOutput::Send(link::frame(&message.encode())));
    }
}

#[cfg(test)]
mod tests {
    use oxisim_sms::tpdu::FailureCause;

    use super::*;

    const NOW: Instant = Instant::from_secs(1_000);

    fn served() -> Station {
        let mut station = Station::new("+15550100001".parse().unwrap());
        station.handle_connected();
        station.handle_octets(&link::greeting(&"+15550100000".parse().unwrap()));
        assert!(matches!(station.poll_output(), Some(StationOutput::Send(_))));
        assert!(matches!(station.poll_output(), Some(StationOutput::Served(_))));
        station
    }

    fn sent(station: &mut Station) -> MobileOriginated {
        match station.poll_output() {
            Some(StationOutput::Send(octets)) => MobileOriginated::decode(&octets[2..], "RPDU").unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn comes(station: &mut Station, message: &MobileTerminated) {
        station.handle_octets(&link::frame(&message.encode()));
    }

    #[test]
    fn a_message_is_sent_when_the_centre_says_so() {
        let mut station = served();
        station.submit(vec![1, 2], None, NOW);
        let MobileOriginated::Data(data) = sent(&mut station) else { panic!("RP-DATA") };
        assert_eq!(data.service_centre.unwrap().to_string(), "+15550100000");
        let ack = |reference| MobileTerminated::Ack(Acknowledgement { reference, tpdu: None });
        comes(&mut station, &ack(data.reference.wrapping_add(1)));
        assert_eq!(station.poll_output(), None, "the answer to something else");
        comes(&mut station, &ack(data.reference));
        assert_eq!(station.poll_output(), Some(StationOutput::Submitted(Ok(()))));
        assert_eq!(station.poll_timeout(), None);
    }

    #[test]
    fn a_message_without_an_answer_is_not_sent() {
        let mut station = served();
        station.submit(vec![1, 2], None, NOW);
        let _ = sent(&mut station);
        let at = station.poll_timeout().unwrap();
        station.handle_timeout(NOW);
        assert_eq!(station.poll_output(), None);
        station.handle_timeout(at);
        assert_eq!(station.poll_output(), Some(StationOutput::Submitted(Err(NotTaken::NoService))));
        station.memory_available(NOW);
        let _ = sent(&mut station);
        station.handle_disconnected();
        assert_eq!(station.poll_output(), Some(StationOutput::MemoryAvailable(Err(NotTaken::NoService))));
        assert_eq!(station.poll_output(), Some(StationOutput::NotServed));
        station.submit(vec![1, 2], None, NOW);
        assert_eq!(station.poll_output(), Some(StationOutput::Submitted(Err(NotTaken::NoService))));
    }

    #[test]
    fn a_report_answers_the_oldest_message() {
        let mut station = served();
        for reference in [7, 8] {
            comes(
                &mut station,
                &MobileTerminated::Data(Data { reference, service_centre: None, tpdu: vec![] }),
            );
            assert!(matches!(station.poll_output(), Some(StationOutput::Deliver { .. })));
        }
        station.report(&DeliverReport::acknowledged());
        assert!(matches!(sent(&mut station), MobileOriginated::Ack(ack) if ack.reference == 7));
        station.report(&DeliverReport::refused(FailureCause::SIM_STORAGE_FULL));
        let MobileOriginated::Error(failure) = sent(&mut station) else { panic!("RP-ERROR") };
        assert_eq!((failure.reference, failure.cause), (8, Cause::MEMORY_CAPACITY_EXCEEDED));
    }

    #[test]
    fn a_report_on_a_message_of_another_connection_goes_nowhere() {
        let mut station = served();
        comes(
            &mut station,
            &MobileTerminated::Data(Data { reference: 7, service_centre: None, tpdu: vec![] }),
        );
        let _ = station.poll_output();
        station.handle_connected();
        while station.poll_output().is_some() {}
        station.report(&DeliverReport::acknowledged());
        assert_eq!(station.poll_output(), None);
    }

    #[test]
    fn a_stream_that_is_no_link_is_ended() {
        let mut station = Station::new("+15550100001".parse().unwrap());
        station.handle_connected();
        let _ = station.poll_output();
        station.handle_octets(b"SSH-2.0-OpenSSH");
        assert!(matches!(station.poll_output(), Some(StationOutput::Disconnect(_))));
        station.handle_octets(&[0, 0, 0]);
        assert_eq!(station.poll_output(), None);
    }
}
