//! RETRIEVE, SUBMIT and DISPLAY MULTIMEDIA MESSAGE.

use alloc::vec::Vec;

use oxisim_toolkit::{
    Facility,
    codes::{GeneralResult, TerminalProblem},
    command::{DisplayMultimediaMessage, RetrieveMultimediaMessage, SubmitMultimediaMessage},
    envelope::{MmsNotificationDownload, MmsTransfer},
    objects::{
        FileList, LastEnvelope, MultimediaIdentifier, MultimediaNotification, MultimediaReference,
        MultimediaStatus,
    },
};

use crate::{
    Event, Multimedia, NetworkRequest, Output, Screen, Terminal,
    config::Service,
    envelope::{FROM_TERMINAL, Pending},
    session::{Job, Outcome},
};

/// Multimedia messages that may be on their way.
const LIMIT: usize = 4;

/// A multimedia message on its way.
#[derive(Clone, Debug)]
pub(crate) struct Transfer {
    files: FileList,
    identifier: Option<MultimediaIdentifier>,
}

impl Terminal {
    pub(super) fn retrieve_multimedia(&mut self, job: &Job, command: RetrieveMultimediaMessage) -> Outcome {
        if let Some(hindered) = self.hindrance_to_multimedia(job) {
            return hindered;
        }
        let RetrieveMultimediaMessage { alpha, reference, files, identifier, .. } = command;
        self.show_alpha(alpha.as_ref());
        let message = self.transfer(Some(reference), files, identifier);
        self.output(Output::Network(NetworkRequest::RetrieveMultimedia(message)));
        job.done()
    }

    pub(super) fn submit_multimedia(&mut self, job: &Job, command: SubmitMultimediaMessage) -> Outcome {
        if let Some(hindered) = self.hindrance_to_multimedia(job) {
            return hindered;
        }
        let SubmitMultimediaMessage { alpha, files, identifier, .. } = command;
        self.show_alpha(alpha.as_ref());
        let message = self.transfer(None, files, identifier);
        self.output(Output::Network(NetworkRequest::SubmitMultimedia(message)));
        job.done()
    }

    /// The qualifier is that of DISPLAY TEXT.
    pub(super) fn display_multimedia(&mut self, job: &Job, command: DisplayMultimediaMessage) -> Outcome {
        if !job.qualifier(1) && self.screen.is_busy() {
            return job.unable(TerminalProblem::SCREEN_BUSY);
        }
        let sustained = command.immediate.is_some();
        let DisplayMultimediaMessage { files, identifier, .. } = command;
        self.show(Screen::Multimedia { files, identifier, sustained });
        self.present(job, sustained, None)
    }

    /// A message that was on its way has arrived, or not: the card is told (TS 102 223 §7.6).
    pub(crate) fn transferred(&mut self, status: MultimediaStatus) {
        let transfer = self.transfers.pop_front().flatten();
        let tells = self.config.profile.supports(Facility::EventMmsTransferStatus);
        if let Some(Transfer { files, identifier }) = transfer.filter(|_| tells) {
            let (message, status) = (identifier, Some(status));
            self.tell(Pending::envelope(MmsTransfer { devices: FROM_TERMINAL, files, message, status }));
        }
    }

    /// A message waits at its centre: the card is told in as many envelopes as it takes (TS 102 223 §7.7), or else the
    /// user.
    pub(crate) fn multimedia_waits(&mut self, notification: Vec<u8>) {
        /// What an envelope has room for, beside tags, lengths, devices and the mark of the last.
        const PIECE: usize = 240;
        if !self.config.profile.supports(Facility::MmsNotificationDownload) {
            return self.event(Event::MultimediaNotification(notification));
        }
        let mut pieces = notification.chunks(PIECE).peekable();
        while let Some(piece) = pieces.next() {
            self.tell(Pending::envelope(MmsNotificationDownload {
                devices: FROM_TERMINAL,
                notification: MultimediaNotification { notification: piece.to_vec() },
                last: pieces.peek().is_none().then_some(LastEnvelope {}),
            }));
        }
    }

    fn hindrance_to_multimedia(&self, job: &Job) -> Option<Outcome> {
        if self.service == Service::None {
            Some(job.unable(TerminalProblem::NO_SERVICE))
        } else if self.transfers.len() >= LIMIT {
            Some(job.result(GeneralResult::MMS_TEMPORARY_PROBLEM))
        } else {
            None
        }
    }

    /// Notes that a message is on its way. The command is answered at once.
    fn transfer(
        &mut self,
        reference: Option<MultimediaReference>,
        files: FileList,
        identifier: Option<MultimediaIdentifier>,
    ) -> Multimedia {
        let transfer = Transfer { files: files.clone(), identifier: identifier.clone() };
        self.transfers.push_back(Some(transfer));
        Multimedia { reference, files, identifier }
    }
}
