//! USSD from the network (TS 31.111 §7.6).

use alloc::vec::Vec;

use oxisim_toolkit::{Facility, objects::UssdString};

use crate::{Event, NetworkRequest, Output, Terminal, envelope::Pending, link::Answer};

impl Terminal {
    /// The network asks something: the card, if the string is of class 2 and the card has data download via USSD, or
    /// else the user, who reads it and answers nothing.
    pub(crate) fn ussd_asked(&mut self, string: UssdString) {
        let is_for_card = is_of_class_2(string.coding)
            && self.config.profile.supports(Facility::UssdDownload)
            && self.identity().has_ussd_download();
        if self.ussd.is_some() {
            self.answer_ussd(None);
        } else if is_for_card && Pending::Ussd(string.clone()).fits() {
            let coding = string.coding;
            if self.card.envelopes.push(Pending::Ussd(string)) {
                self.ussd = Some(coding);
            } else {
                self.answer_ussd(None);
            }
        } else {
            let coding = string.coding;
            self.event(Event::UssdMessage(string.text().to_text()));
            self.answer_ussd(Some(UssdString { coding, string: Vec::new() }));
        }
    }

    /// The card has answered.
    pub(crate) fn ussd_downloaded(&mut self, answer: &Answer) {
        let coding = self.ussd.take().filter(|_| answer.is_normal(self.card.identity.platform));
        self.answer_ussd(coding.map(|coding| UssdString { coding, string: answer.data.clone() }));
    }

    /// The card will not answer any more.
    pub(crate) fn abandon_ussd(&mut self) {
        if self.ussd.take().is_some() {
            self.answer_ussd(None);
        }
    }

    fn answer_ussd(&mut self, answer: Option<UssdString>) {
        self.output(Output::Network(NetworkRequest::UssdAnswer(answer)));
    }
}

/// Whether a string with this coding is for the card (TS 23.038 §5): the groups `01X1`, `1001` and `1111` have a
/// message class.
const fn is_of_class_2(coding: u8) -> bool {
    let has_class = matches!(coding >> 4, 0x5 | 0x7 | 0x9 | 0xF);
    has_class && coding & 0x03 == 0x02
}
