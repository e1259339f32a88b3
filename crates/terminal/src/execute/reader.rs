//! POWER ON CARD, POWER OFF CARD, PERFORM CARD APDU, GET READER STATUS.

use alloc::vec::Vec;

use oxisim_toolkit::{
    Answer, Problem,
    codes::{CardReaderProblem, Device, GeneralResult},
    objects::{CardAtr, CardReaderIdentifier, CardReaderStatus, ResponseApdu},
};

use crate::{
    Output, ReaderEvent, ReaderRequest, Terminal,
    envelope::CardEvent,
    session::{Job, Outcome, Task},
};

impl Terminal {
    pub(super) fn power_on_card(&mut self, job: &Job, device: Device) -> Outcome {
        match self.reader(device) {
            Ok(number) => self.ask_reader(number, ReaderRequest::PowerOn),
            Err(problem) => failed(job, problem),
        }
    }

    pub(super) fn power_off_card(&mut self, job: &Job, device: Device) -> Outcome {
        match self.reader(device) {
            Ok(number) => {
                if let Some(reader) = self.config.readers.get_mut(usize::from(number)) {
                    reader.is_powered = false;
                }
                self.output(Output::Reader { reader: number, request: ReaderRequest::PowerOff });
                job.done()
            }
            Err(problem) => failed(job, problem),
        }
    }

    pub(super) fn perform_card_apdu(&mut self, job: &Job, device: Device, apdu: Vec<u8>) -> Outcome {
        match self.reader(device) {
            Ok(_) if oxisim_apdu::Command::parse(&apdu).is_err() => {
                failed(job, CardReaderProblem::APDU_FORMAT)
            }
            Ok(number) if self.config.readers.get(usize::from(number)).is_some_and(|r| r.is_powered) => {
                self.ask_reader(number, ReaderRequest::Transmit(apdu))
            }
            Ok(_) => failed(job, CardReaderProblem::CARD_POWERED_OFF),
            Err(problem) => failed(job, problem),
        }
    }

    pub(super) fn get_reader_status(&mut self, job: &Job, device: Device) -> Outcome {
        match job.details().qualifier {
            0 => {
                let readers = (0..).zip(&self.config.readers);
                let reader_status =
                    readers.map(|(number, r)| CardReaderStatus { status: r.status(number) }).collect();
                job.done_with(Answer { reader_status, ..Answer::default() })
            }
            1 => {
                let number = device.0.wrapping_sub(Device::CARD_READER_0.0);
                let Some(reader) = self.config.readers.get(usize::from(number)) else {
                    return failed(job, CardReaderProblem::READER_NOT_VALID);
                };
                let identifier = reader.identifier.clone().into_bytes();
                let reader_identifier = Some(CardReaderIdentifier { identifier });
                job.done_with(Answer { reader_identifier, ..Answer::default() })
            }
            _ => job.result(GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD),
        }
    }

    /// What happens at a reader.
    pub(crate) fn reader_event(&mut self, number: u8, event: ReaderEvent) {
        let Some(reader) = self.config.readers.get_mut(usize::from(number)) else {
            return;
        };
        let waits = |task: &Task| *task == Task::Reader(number);
        match event {
            ReaderEvent::AnswerToReset(atr) => {
                reader.is_powered = reader.has_card && !atr.is_empty();
                self.finish_task(waits, |job, _| {
                    if atr.is_empty() {
                        return failed(job, CardReaderProblem::MUTE_CARD);
                    }
                    job.done_with(Answer { atr: Some(CardAtr { atr }), ..Answer::default() })
                });
            }
            ReaderEvent::Response(apdu) => self.finish_task(waits, |job, _| {
                if apdu.len() < 2 {
                    return failed(job, CardReaderProblem::TRANSMISSION_ERROR);
                }
                job.done_with(Answer { r_apdu: Some(ResponseApdu { apdu }), ..Answer::default() })
            }),
            ReaderEvent::Inserted | ReaderEvent::Removed | ReaderEvent::Attached | ReaderEvent::Detached => {
                reader.is_attached = event != ReaderEvent::Detached;
                reader.has_card = event == ReaderEvent::Inserted;
                reader.is_powered = false;
                let status = reader.status(number);
                let gone = match event {
                    ReaderEvent::Removed => CardReaderProblem::CARD_NOT_PRESENT,
                    _ => CardReaderProblem::READER_NOT_PRESENT,
                };
                if matches!(event, ReaderEvent::Removed | ReaderEvent::Detached) {
                    self.finish_task(waits, |job, _| failed(job, gone));
                }
                self.report(CardEvent::CardReaderStatus(status));
            }
        }
    }

    /// The number of a reader that has a card.
    fn reader(&self, device: Device) -> Result<u8, CardReaderProblem> {
        let number = device.0.wrapping_sub(Device::CARD_READER_0.0);
        match self.config.readers.get(usize::from(number)) {
            None => Err(CardReaderProblem::READER_NOT_VALID),
            Some(reader) if !reader.is_attached => Err(CardReaderProblem::READER_NOT_PRESENT),
            Some(reader) if !reader.has_card => Err(CardReaderProblem::CARD_NOT_PRESENT),
            Some(_) => Ok(number),
        }
    }

    fn ask_reader(&mut self, reader: u8, request: ReaderRequest) -> Outcome {
        self.output(Output::Reader { reader, request });
        Outcome::Wait(Task::Reader(reader))
    }
}

fn failed(job: &Job, problem: CardReaderProblem) -> Outcome {
    job.result(Problem::Card(problem))
}
