//! What holds for every TPDU, record, page and order of parts.

use oxisim_sms::alphabet::Language;
use oxisim_sms::concatenation::{Message, Reassembler, Reference};
use oxisim_sms::file::{ServiceParameters, SmsStatus, StoredMessage, StoredReport};
use oxisim_sms::packet::{PAGE_OCTETS, from_pages, pages};
use oxisim_sms::tpdu::{
    Command, CommandType, Deliver, DeliverReport, EnhancedValidity, FailureCause, MobileOriginated,
    MobileTerminated, Parameters, RelativeValidity, Status, StatusReport, Submit, SubmitReport,
    ValidityPeriod,
};
use oxisim_sms::{
    Address, Content, DataCoding, Element, ElementId, ProtocolIdentifier, Timestamp, TypeOfAddress, UserData,
};
use oxisim_wire::{Duration, Instant, Parts, Reader, Show, Wire};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

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

    #[test]
    fn whatever_decodes_is_shown(octets in vec(any::<u8>(), 0..200)) {
        if let Ok(tpdu) = MobileTerminated::decode(&octets, "TPDU") {
            prop_assert!(tpdu.parts().iter().all(|part| part.spec.starts_with("TS 23.040 §")));
        }
        if let Ok(tpdu) = MobileOriginated::decode(&octets, "TPDU") {
            prop_assert!(tpdu.parts().iter().all(|part| part.spec.starts_with("TS 23.040 §")));
        }
    }

    #[test]
    fn any_record_of_the_files_is_read_and_written_as_it_was(octets in vec(any::<u8>(), 0..200)) {
        if let Ok(record) = ServiceParameters::decode(&octets, "EF_SMSP") {
            prop_assert_eq!(&record.encode(), &octets);
            let (_, _) = (record.show(), (record.name(), record.destination(), record.service_centre()));
        }
        if let Ok(record) = StoredMessage::decode(&octets, "EF_SMS") {
            prop_assert_eq!(&record.encode(), &octets);
            let (_, _) = (record.show(), record.service_centre());
            prop_assert!(record.deliver().is_none() || record.submit().is_none());
        }
        if let Ok(record) = StoredReport::decode(&octets, "EF_SMSR") {
            prop_assert_eq!(&record.encode(), &octets);
            let (_, _) = (record.show(), record.status_report());
        }
        if let Ok(status) = SmsStatus::decode(&octets, "EF_SMSS") {
            prop_assert_eq!(&status.encode(), &octets);
        }
    }

    #[test]
    fn a_service_centre_is_read_or_refused(octets in vec(any::<u8>(), 0..14)) {
        let mut r = Reader::new(&octets);
        if let Ok(centre) = Address::read_service_centre(&mut r) {
            let mut out = Vec::new();
            Address::write_service_centre(centre.as_ref(), &mut out);
            prop_assert_eq!(Address::read_service_centre(&mut Reader::new(&out)), Ok(centre));
            prop_assert_eq!(out.len() + r.left(), octets.len());
        }
    }

    #[test]
    fn any_octets_are_an_enhanced_period(octets: [u8; 7]) {
        let validity = EnhancedValidity(octets);
        let again = EnhancedValidity::new(validity.period(), validity.is_single_shot());
        prop_assert_eq!(again.period(), validity.period());
        prop_assert_eq!(again.is_single_shot(), validity.is_single_shot());
    }

    #[test]
    fn damaged_pages_are_no_packet_or_one_that_they_hold(
        mut packet in vec(any::<u8>(), 2..400), damage in vec(any::<(Index, u8)>(), 0..4)
    ) {
        let length = packet.len() as u16 - 2;
        packet[..2].copy_from_slice(&length.to_be_bytes());
        let mut pages = pages(&packet, 1, 0x1080).unwrap();
        prop_assert_eq!(from_pages(&pages), Some(packet));
        for (place, octet) in damage {
            let at = place.index(pages.len() * PAGE_OCTETS);
            pages[at / PAGE_OCTETS][at % PAGE_OCTETS] = octet;
        }
        if let Some(found) = from_pages(&pages) {
            prop_assert!(found.len() <= pages.len() * (PAGE_OCTETS - 6));
        }
    }

    /// Each part says in its payload whose it is: from whom, of which message, which one.
    #[test]
    fn only_parts_that_belong_together_make_a_message_and_never_more_are_held_than_allowed(
        events in vec((0..3_u8, 0..3_u8, 0..5_u8, 0..6_u8, 0..40_u64), 0..200), limit in 0..12_usize, messages in 0..5_usize
    ) {
        let mut now = Instant::EPOCH;
        let mut reassembler =
            Reassembler::new(limit, Duration::from_mins(1)).with_messages(messages).with_age(Duration::from_secs(90));
        for (from, reference, total, number, pause) in events {
            now = now + Duration::from_secs(pause);
            let originator = Address::new(TypeOfAddress::UNKNOWN, vec![from]).unwrap();
            let header = vec![Element::new(ElementId::CONCATENATED_8, [reference, total, number])];
            let part = UserData::new(DataCoding::EIGHT_BIT, header, vec![from, reference, number]).unwrap();
            let whole = reassembler.accept(&originator, part, now);
            prop_assert!(reassembler.parts() <= limit);
            if let Some(message) = whole.filter(|_| (1..=total).contains(&number)) {
                let expected: Vec<u8> = (1..=total).flat_map(|number| [from, reference, number]).collect();
                prop_assert_eq!(message.payload, expected);
            }
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
