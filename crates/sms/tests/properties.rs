//! What holds for every TPDU.

use oxisim_sms::alphabet::Language;
use oxisim_sms::concatenation::{Message, Reassembler, Reference};
use oxisim_sms::tpdu::{
    Command, CommandType, Deliver, DeliverReport, EnhancedValidity, FailureCause, MobileOriginated,
    MobileTerminated, Parameters, RelativeValidity, Status, StatusReport, Submit, SubmitReport,
    ValidityPeriod,
};
use oxisim_sms::{
    Address, Content, DataCoding, Element, ElementId, ProtocolIdentifier, Timestamp, TypeOfAddress, UserData,
};
use oxisim_wire::{Duration, Instant, Wire};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

prop_compose! {
    fn address()(kind: u8, semi_octets in vec(0_u8..16, 0..=Address::LIMIT)) -> Address {
        Address::new(TypeOfAddress(kind), semi_octets).unwrap()
    }
}

prop_compose! {
    fn element()(id: u8, data in vec(any::<u8>(), 0..20)) -> Element {
        Element::new(ElementId(id), data)
    }
}

prop_compose! {
    fn user_data()(coding: u8, header in vec(element(), 0..5), mut payload in vec(any::<u8>(), 0..=160))
        -> UserData
    {
        let coding = DataCoding(coding);
        payload.truncate(UserData::capacity(coding, &header));
        UserData::new(coding, header, payload).unwrap()
    }
}

prop_compose! {
    fn parameters()(
        protocol in option::of(any::<u8>()), coding in option::of(any::<u8>()), user_data in option::of(user_data())
    ) -> Parameters {
        let coding = coding.map(DataCoding).filter(|_| user_data.is_none());
        Parameters { protocol: protocol.map(ProtocolIdentifier), coding, user_data }
    }
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    any::<[u8; 7]>().prop_map(Timestamp)
}

fn validity() -> impl Strategy<Value = ValidityPeriod> {
    prop_oneof![
        any::<u8>().prop_map(|n| ValidityPeriod::Relative(RelativeValidity(n))),
        timestamp().prop_map(ValidityPeriod::Absolute),
        any::<[u8; 7]>().prop_map(|octets| ValidityPeriod::Enhanced(EnhancedValidity(octets))),
    ]
}

fn cause() -> impl Strategy<Value = Option<FailureCause>> {
    option::of((0x80..=0xFF_u8).prop_map(FailureCause))
}

prop_compose! {
    fn deliver()(
        flags: [bool; 4], originator in address(), protocol: u8, timestamp in timestamp(),
        user_data in user_data()
    ) -> MobileTerminated {
        let [more_messages, loop_prevention, status_report, reply_path] = flags;
        MobileTerminated::Deliver(Deliver {
            more_messages, loop_prevention, status_report, reply_path,
            ..Deliver::new(originator, ProtocolIdentifier(protocol), timestamp, user_data)
        })
    }
}

prop_compose! {
    fn submit_report()(cause in cause(), timestamp in timestamp(), parameters in parameters())
        -> MobileTerminated
    {
        MobileTerminated::SubmitReport(SubmitReport { cause, timestamp, parameters })
    }
}

prop_compose! {
    fn status_report()(
        flags: [bool; 3], reference: u8, recipient in address(), timestamp in timestamp(),
        discharge in timestamp(), status: u8, parameters in parameters()
    ) -> MobileTerminated {
        let [more_messages, loop_prevention, of_command] = flags;
        MobileTerminated::StatusReport(StatusReport {
            more_messages, loop_prevention, of_command, reference, recipient, timestamp, discharge,
            status: Status(status), parameters,
        })
    }
}

prop_compose! {
    fn submit()(
        flags: [bool; 3], reference: u8, destination in address(), protocol: u8,
        validity in option::of(validity()), user_data in user_data()
    ) -> MobileOriginated {
        let [reject_duplicates, status_report, reply_path] = flags;
        MobileOriginated::Submit(Submit {
            reject_duplicates, status_report, reply_path, reference, validity,
            ..Submit::new(destination, ProtocolIdentifier(protocol), user_data)
        })
    }
}

prop_compose! {
    fn command()(
        status_report: bool, reference: u8, protocol: u8, kind: u8, message: u8, destination in address(),
        header in vec(element(), 0..3), octets in vec(any::<u8>(), 0..70)
    ) -> MobileOriginated {
        let mut command = Command::new(CommandType(kind), message, destination);
        command.status_report = status_report;
        command.reference = reference;
        command.protocol = ProtocolIdentifier(protocol);
        MobileOriginated::Command(command.with_data(header, octets).unwrap())
    }
}

prop_compose! {
    fn deliver_report()(cause in cause(), parameters in parameters()) -> MobileOriginated {
        MobileOriginated::DeliverReport(DeliverReport { cause, parameters })
    }
}

proptest! {
    #[test]
    fn mobile_terminated_tpdus_survive(
        tpdu in prop_oneof![deliver(), submit_report(), status_report()]
    ) {
        prop_assert_eq!(MobileTerminated::decode(&tpdu.encode(), "TPDU"), Ok(tpdu));
    }

    #[test]
    fn mobile_originated_tpdus_survive(tpdu in prop_oneof![submit(), command(), deliver_report()]) {
        prop_assert_eq!(MobileOriginated::decode(&tpdu.encode(), "TPDU"), Ok(tpdu));
    }

    #[test]
    fn any_octets_decode_or_are_refused(octets in vec(any::<u8>(), 0..200)) {
        if let Ok(tpdu) = MobileTerminated::decode(&octets, "TPDU") {
            prop_assert_eq!(MobileTerminated::decode(&tpdu.encode(), "TPDU"), Ok(tpdu));
        }
        if let Ok(tpdu) = MobileOriginated::decode(&octets, "TPDU") {
            prop_assert_eq!(MobileOriginated::decode(&tpdu.encode(), "TPDU"), Ok(tpdu));
        }
    }

    /// What is read from an element is written so that it is read again.
    #[test]
    fn contents_of_elements_survive(id in 0_u8..0x80, data in vec(any::<u8>(), 0..140)) {
        if let Some(content) = Content::of(&Element::new(ElementId(id), data)) {
            let element = Element::from(content.clone());
            prop_assert_eq!(element.id, ElementId(id));
            prop_assert_eq!(Content::of(&element), Some(content));
        }
    }

    #[test]
    fn texts_survive_in_any_language(text in text(), language in 0_u8..16, reference: u8, skip in any::<u16>()) {
        let message = Message::from_text_in(&text, Language(language));
        let mut parts = message.split(Reference::Short(reference)).unwrap();
        prop_assert_eq!(&parts.iter().map(UserData::text).collect::<String>(), &text);
        let first = usize::from(skip) % parts.len();
        parts.rotate_left(first);
        let mut reassembler = Reassembler::new(255, Duration::from_mins(1));
        let originator = "+491511234567".parse().unwrap();
        let whole: Vec<Message> = parts
            .into_iter()
            .filter_map(|part| reassembler.accept(&originator, part, Instant::EPOCH))
            .collect();
        prop_assert_eq!(whole, [message]);
    }
}

/// Words in the scripts of Annex A, letters with marks, and characters beyond 16 bits.
fn text() -> impl Strategy<Value = String> {
    "[a-z€{}ğışŞáãçÀ∞ \\r\\n]{0,200}|[अ-हा-्०-९ a-z]{0,200}|[آ-ے ]{0,200}|[க-ஹா-்]{0,200}|[a😀é\u{301}👨\u{200D}]{0,200}"
}
