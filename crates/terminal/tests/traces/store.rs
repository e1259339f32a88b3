//! The card's memory for messages: `EF_SMS`, `EF_SMSR`, `EF_SMSS`, and what `EF_SMSP` is for.

use oxisim_sms::{
    Address, ProtocolIdentifier, Timestamp, UserData,
    file::{RecordStatus, StoredMessage, StoredReport},
    tpdu::{Deliver, FailureCause, Parameters, Status, StatusReport, Submit, ValidityPeriod},
};
use oxisim_terminal::{Config, Event, Output, Service, SubmitError};
use oxisim_wire::Wire;

use crate::bench::Bench;

/// A card that has the files of messages, with contents that can be changed.
struct Card {
    /// `6F3C`, `6F42`, `6F43`, `6F47`; a file without records is not there.
    messages: Vec<Vec<u8>>,
    parameters: Vec<u8>,
    status: Vec<u8>,
    reports: Vec<Vec<u8>>,
    services: &'static str,
    selected: u16,
    /// Commands that it has got since the start-up, but for STATUS.
    commands: usize,
}

/// The destination +4930, the centre +4915, protocol identifier 32, UCS2 of class 1, three days.
const PARAMETERS: &str = "E004919403FFFFFFFFFFFFFFFF03919451FFFFFFFFFFFFFFFF3219A9";

impl Card {
    fn new(records: usize) -> Self {
        Self {
            messages: vec![StoredMessage::free().encode(); records],
            parameters: hex::decode(PARAMETERS).unwrap(),
            status: vec![0x0F, 0xFF],
            reports: Vec::new(),
            // Services 10 and 12 of a USIM.
            services: "000A",
            selected: 0,
            commands: 0,
        }
    }

    fn with_reports(records: usize, reports: usize) -> Self {
        // Service 11 too.
        Self { reports: vec![vec![0; StoredReport::OCTETS]; reports], services: "000E", ..Self::new(records) }
    }

    fn records(&mut self) -> Option<&mut Vec<Vec<u8>>> {
        match self.selected {
            0x6F3C => Some(&mut self.messages),
            0x6F47 => Some(&mut self.reports),
            _ => None,
        }
    }

    fn exchange(&mut self, command: &[u8]) -> String {
        let with = |octets: &[u8]| format!("{}9000", hex::encode_upper(octets));
        self.commands += usize::from(command[1] != 0xF2);
        match command {
            [0x00, 0xA4, 0x00, 0x04, 0x02, high, low, ..] => {
                self.selected = u16::from_be_bytes([*high, *low]);
                match self.selected {
                    0x6F38 | 0x6F42 | 0x6F43 => "62009000".into(),
                    0x6F3C | 0x6F47 => match self.records().filter(|records| !records.is_empty()) {
                        Some(records) => {
                            let (count, length) = (records.len(), records[0].len());
                            format!("62078205422100{length:02X}{count:02X}9000")
                        }
                        None => "6A82".into(),
                    },
                    _ => "6A82".into(),
                }
            }
            [0x00, 0xB0, ..] if self.selected == 0x6F38 => format!("{}9000", self.services),
            [0x00, 0xB0, ..] if self.selected == 0x6F43 => with(&self.status),
            [0x00, 0xB2, ..] if self.selected == 0x6F42 => with(&self.parameters),
            [0x00, 0xB2, number, 0x04, ..] => {
                let index = usize::from(*number) - 1;
                self.records().and_then(|it| it.get(index).cloned()).map_or("6A83".into(), |it| with(&it))
            }
            [0x00, 0xD6, 0, 0, length, octets @ ..] => {
                self.status[..usize::from(*length)].copy_from_slice(octets);
                "9000".into()
            }
            [0x00, 0xDC, number, 0x04, _, octets @ ..] => {
                let index = usize::from(*number) - 1;
                match self.records().and_then(|it| it.get_mut(index)) {
                    Some(record) if record.len() == octets.len() => {
                        record.copy_from_slice(octets);
                        "9000".into()
                    }
                    _ => "6A83".into(),
                }
            }
            [0x00, 0xA4, 0x04, ..] | [0x80, ..] => "9000".into(),
            _ => "6D00".into(),
        }
    }
}

/// A phone in use with that card.
fn started(card: &mut Card, config: Config) -> Bench {
    let mut bench = Bench::switched_on(config);
    bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
    let outputs = run(&mut bench, card);
    assert!(bench.phone.is_ready(), "{outputs:?}");
    card.commands = 0;
    bench.events.clear();
    bench
}

fn keeps_on_card() -> Config {
    Config { keeps_messages_on_card: true, ..Config::default() }
}

/// Lets card and phone talk, until the phone wants nothing of the card any more; what it wants of others.
fn run(bench: &mut Bench, card: &mut Card) -> Vec<Output> {
    let mut outputs = Vec::new();
    while let Some(output) = bench.next() {
        match output {
            Output::Transmit(command) => {
                let response = card.exchange(&command);
                bench.card(&response);
            }
            Output::Screen(_) => {}
            other => outputs.push(other),
        }
    }
    outputs
}

/// SMS-DELIVER "AB" from 1234 with this protocol identifier and coding scheme.
fn message(protocol: u8, coding: u8) -> Vec<u8> {
    hex::decode(format!("0404812143{protocol:02X}{coding:02X}20806291731448024121")).unwrap()
}

fn deliver(bench: &mut Bench, card: &mut Card, tpdu: &[u8]) -> Vec<Output> {
    let centre: Address = "+4915".parse().unwrap();
    bench.phone.handle_deliver(tpdu, Some(&centre), bench.now);
    run(bench, card)
}

/// The only output is a report with this cause.
#[track_caller]
fn reported(outputs: &[Output], cause: Option<FailureCause>) {
    let [Output::DeliverReport(report)] = outputs else { panic!("{outputs:?}") };
    assert_eq!(report.cause, cause);
}

fn stored(card: &Card, record: usize) -> StoredMessage {
    StoredMessage::decode(&card.messages[record - 1], "EF_SMS").unwrap()
}

const CLASS_1: u8 = 0x11;
const CLASS_2: u8 = 0x12;

#[test]
fn a_message_of_class_2_is_on_the_card_before_it_is_acknowledged() {
    let mut card = Card::new(3);
    let mut bench = started(&mut card, Config::default());
    let tpdu = message(0x00, CLASS_2);
    reported(&deliver(&mut bench, &mut card, &tpdu), None);
    let record = stored(&card, 1);
    assert_eq!(record.status, RecordStatus::TO_BE_READ);
    assert_eq!(record.service_centre().unwrap().to_string(), "+4915");
    assert_eq!(record.deliver().unwrap().encode(), tpdu);
    let Event::TextMessage { text, .. } = bench.events.last().unwrap() else { panic!() };
    assert_eq!(text, "AB");
    assert!(bench.saw(&Event::MessageStored { record: 1 }));
    // The next one goes into the next record.
    reported(&deliver(&mut bench, &mut card, &tpdu), None);
    assert!(bench.saw(&Event::MessageStored { record: 2 }));
}

#[test]
fn other_messages_go_to_the_card_of_a_phone_that_has_no_memory() {
    for (coding, config, kept) in [
        (0x00, Config::default(), false),
        (CLASS_1, Config::default(), false),
        (0x00, keeps_on_card(), true),
        (CLASS_1, keeps_on_card(), true),
        // Class 0, class 3, and an indication whose text may be discarded.
        (0x10, keeps_on_card(), false),
        (0x13, keeps_on_card(), false),
        (0xC8, keeps_on_card(), false),
        (0xD8, keeps_on_card(), true),
    ] {
        let mut card = Card::new(1);
        let mut bench = started(&mut card, config);
        reported(&deliver(&mut bench, &mut card, &message(0x00, coding)), None);
        assert_eq!(!stored(&card, 1).status.is_free(), kept, "{coding:02X}");
        assert!(bench.events.iter().any(|event| matches!(event, Event::TextMessage { .. })), "{coding:02X}");
    }
}

#[test]
fn a_full_card_refuses_messages_until_one_is_deleted_and_the_centre_is_told() {
    for (coding, cause) in
        [(CLASS_2, FailureCause::SIM_STORAGE_FULL), (0x00, FailureCause::MEMORY_CAPACITY_EXCEEDED)]
    {
        let mut card = Card::new(2);
        let mut bench = started(&mut card, keeps_on_card());
        for expected in [None, None, Some(cause), Some(cause)] {
            reported(&deliver(&mut bench, &mut card, &message(0x00, coding)), expected);
        }
        assert_eq!(card.status, [0x0F, 0xFE], "the flag is set");
        assert!(bench.saw(&Event::MemoryExceeded));
        bench.phone.delete_message(2, bench.now);
        assert_eq!(run(&mut bench, &mut card), [Output::MemoryAvailable]);
        assert!(bench.saw(&Event::MessageDeleted { record: 2 }));
        assert_eq!(card.status, [0x0F, 0xFE], "until the centre knows");
        bench.phone.handle_memory_available(Ok(()), bench.now);
        assert_eq!(run(&mut bench, &mut card), []);
        assert_eq!(card.status, [0x0F, 0xFF]);
        reported(&deliver(&mut bench, &mut card, &message(0x00, coding)), None);
        // The centre that has got everything is not told any more.
        bench.phone.delete_message(1, bench.now);
        assert_eq!(run(&mut bench, &mut card), []);
    }
}

#[test]
fn a_centre_that_could_not_be_told_of_room_is_told_later() {
    let mut card = Card::new(1);
    let mut bench = started(&mut card, Config::default());
    deliver(&mut bench, &mut card, &message(0x00, CLASS_2));
    deliver(&mut bench, &mut card, &message(0x00, CLASS_2));
    bench.phone.handle_service(Service::None, bench.now);
    bench.phone.delete_message(1, bench.now);
    assert_eq!(run(&mut bench, &mut card), [], "there is no service");
    bench.phone.handle_service(Config::default().service, bench.now);
    assert_eq!(run(&mut bench, &mut card), [Output::MemoryAvailable]);
    bench.phone.handle_memory_available(Err(SubmitError::NotSent), bench.now);
    assert_eq!(card.status, [0x0F, 0xFE]);
    // Another day.
    bench.phone.switch_off(bench.now);
    run(&mut bench, &mut card);
    bench.phone.switch_on(bench.now);
    assert_eq!(run(&mut bench, &mut card), [Output::PowerOn]);
    bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
    assert_eq!(run(&mut bench, &mut card), [Output::MemoryAvailable]);
}

#[test]
fn a_flag_stays_while_the_card_is_full() {
    let mut card = Card::new(1);
    let mut bench = started(&mut card, Config::default());
    deliver(&mut bench, &mut card, &message(0x00, CLASS_2));
    deliver(&mut bench, &mut card, &message(0x00, CLASS_2));
    bench.phone.switch_off(bench.now);
    run(&mut bench, &mut card);
    bench.phone.switch_on(bench.now);
    run(&mut bench, &mut card);
    bench.phone.handle_atr(&[0x3B, 0x00], bench.now);
    assert_eq!(run(&mut bench, &mut card), []);
    assert_eq!(card.status, [0x0F, 0xFE]);
}

#[test]
fn a_message_of_class_2_needs_a_card_that_has_a_memory() {
    let mut card = Card { services: "0008", ..Card::new(1) };
    let mut bench = started(&mut card, keeps_on_card());
    let outputs = deliver(&mut bench, &mut card, &message(0x00, CLASS_2));
    reported(&outputs, Some(FailureCause::NO_SIM_STORAGE));
    reported(&deliver(&mut bench, &mut card, &message(0x00, 0x00)), None);
    assert_eq!(card.commands, 0);
    // A card that says that it has one, and has none.
    let mut card = Card::new(0);
    let mut bench = started(&mut card, Config::default());
    let outputs = deliver(&mut bench, &mut card, &message(0x00, CLASS_2));
    reported(&outputs, Some(FailureCause::MOBILE_STATION_ERROR));
    assert!(bench.saw(&Event::StoreFailed));
    assert_eq!(card.status, [0x0F, 0xFF], "it is not for want of room");
}

#[test]
fn a_message_that_is_read_has_been_read() {
    let mut card = Card::new(2);
    let mut bench = started(&mut card, Config::default());
    deliver(&mut bench, &mut card, &message(0x00, CLASS_2));
    let unread = stored(&card, 1);
    for status in [RecordStatus::TO_BE_READ, RecordStatus::READ] {
        bench.phone.read_message(1, bench.now);
        run(&mut bench, &mut card);
        let message = StoredMessage { status, ..unread.clone() }.into();
        assert!(bench.saw(&Event::MessageRead { record: 1, message }));
        assert_eq!(stored(&card, 1), StoredMessage { status: RecordStatus::READ, ..unread.clone() });
    }
    // There is nothing in the second record, and there is no third.
    for record in [2, 3] {
        bench.events.clear();
        bench.phone.read_message(record, bench.now);
        run(&mut bench, &mut card);
        assert_eq!(bench.events, [Event::StoreFailed]);
    }
}

#[test]
fn a_message_that_replaces_another_takes_its_record() {
    let mut card = Card::new(3);
    let mut bench = started(&mut card, keeps_on_card());
    for protocol in [0x00, 0x41, 0x42] {
        deliver(&mut bench, &mut card, &message(protocol, 0x00));
    }
    let mut newer = message(0x41, 0x00);
    newer.truncate(newer.len() - 3);
    newer.extend([0x01, 0x43]);
    // The card is full, and still has a place for it.
    reported(&deliver(&mut bench, &mut card, &newer), None);
    let texts: Vec<String> =
        (1..=3).map(|record| stored(&card, record).deliver().unwrap().user_data.text()).collect();
    assert_eq!(texts, ["AB", "C", "AB"]);
}

#[test]
fn a_message_of_type_0_is_acknowledged_and_nothing_else() {
    let mut card = Card::new(1);
    let mut bench = started(&mut card, keeps_on_card());
    let outputs = deliver(&mut bench, &mut card, &message(ProtocolIdentifier::SHORT_MESSAGE_TYPE_0.0, 0x00));
    reported(&outputs, None);
    assert_eq!((card.commands, bench.events.as_slice()), (0, [].as_slice()));
}

#[test]
fn messages_wait_for_the_one_that_is_being_stored() {
    let mut card = Card::new(2);
    let mut bench = started(&mut card, Config::default());
    for coding in [CLASS_2, 0x00, CLASS_2, CLASS_2] {
        bench.phone.handle_deliver(&message(0x00, coding), None, bench.now);
    }
    let causes: Vec<Option<FailureCause>> = run(&mut bench, &mut card)
        .into_iter()
        .map(|output| match output {
            Output::DeliverReport(report) => report.cause,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(causes, [None, None, None, Some(FailureCause::SIM_STORAGE_FULL)]);
}

#[test]
fn the_last_reference_outlives_the_phones_power() {
    let submit = hex::decode("01FF038121F3000401AA").unwrap();
    let mut card = Card::new(1);
    for reference in [0x10, 0x11] {
        let mut bench = started(&mut card, Config::default());
        bench.phone.submit_application(submit.clone(), None, bench.now);
        let outputs = run(&mut bench, &mut card);
        let [Output::Submit { tpdu, .. }] = &outputs[..] else { panic!("{outputs:?}") };
        assert_eq!(tpdu[1], reference);
        assert_eq!(card.status, [reference, 0xFF]);
    }
}

#[test]
fn the_reference_of_a_message_of_the_card_is_kept_while_the_message_is_in_the_air() {
    let mut card = Card::new(1);
    let mut bench = started(&mut card, Config::default());
    bench.phone.send_envelope(vec![0xE4, 0x00], bench.now);
    bench.command();
    bench.announced("D01D81030113008202818385008B1001FF038121F300040741424344454647");
    let outputs = run(&mut bench, &mut card);
    assert!(matches!(&outputs[..], [Output::Submit { .. }]), "{outputs:?}");
    assert_eq!(card.status, [0x10, 0xFF]);
    bench.submitted(Ok(()));
    bench.responds("810301130082028281830100");
}

#[test]
fn what_is_sent_goes_through_the_cards_centre_unless_it_names_another() {
    let mut card = Card::new(1);
    let mut bench = started(&mut card, Config::default());
    let other: Address = "+44".parse().unwrap();
    for (named, used) in [(None, "+4915"), (Some(other), "+44")] {
        bench.phone.submit_application(hex::decode("01FF038121F3000401AA").unwrap(), named, bench.now);
        let outputs = run(&mut bench, &mut card);
        let [Output::Submit { service_centre, .. }] = &outputs[..] else { panic!("{outputs:?}") };
        assert_eq!(service_centre.as_ref().unwrap().to_string(), used);
        bench.submitted(Ok(()));
        run(&mut bench, &mut card);
    }
}

#[test]
fn a_message_of_the_card_without_a_destination_has_the_one_of_the_parameters() {
    let mut card = Card::new(1);
    let mut bench = started(&mut card, Config::default());
    bench.phone.send_envelope(vec![0xE4, 0x00], bench.now);
    bench.command();
    // TP-Destination-Address of no digits.
    bench.announced("D01581030113008202818385008B0801FF008100040141");
    let outputs = run(&mut bench, &mut card);
    let [Output::Submit { tpdu, .. }] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(hex::encode_upper(tpdu), "01100491940300040141");
}

#[test]
fn a_text_is_sent_as_the_parameters_say() {
    let mut card = Card::new(1);
    let mut bench = started(&mut card, Config::default());
    assert_eq!(bench.phone.send_text(None, "Hallo", bench.now), Ok(1));
    let outputs = run(&mut bench, &mut card);
    let [Output::Submit { tpdu, service_centre }] = &outputs[..] else { panic!("{outputs:?}") };
    let submit = Submit::decode(tpdu, "TPDU").unwrap();
    assert_eq!(submit.destination.to_string(), "+4930");
    assert_eq!(service_centre.as_ref().unwrap().to_string(), "+4915");
    assert_eq!(submit.protocol, ProtocolIdentifier::ELECTRONIC_MAIL);
    assert!(matches!(submit.validity, Some(ValidityPeriod::Relative(period)) if period.0 == 0xA9));
    assert_eq!((submit.user_data.coding().0, submit.user_data.text().as_str()), (0x19, "Hallo"));
}

#[test]
fn a_long_text_takes_several_messages_and_needs_a_destination() {
    let mut card = Card { services: "0002", ..Card::new(1) };
    let mut bench = started(&mut card, Config::default());
    assert_eq!(bench.phone.send_text(None, "Hallo", bench.now), Err(oxisim_sms::Error::AddressEmpty));
    let text = "long ".repeat(40);
    assert_eq!(bench.phone.send_text(Some("123".parse().unwrap()), &text, bench.now), Ok(2));
    let mut sent = String::new();
    for _ in 0..2 {
        let outputs = run(&mut bench, &mut card);
        let Some(Output::Submit { tpdu, service_centre: None }) = outputs.last() else {
            panic!("{outputs:?}")
        };
        let submit = Submit::decode(tpdu, "TPDU").unwrap();
        assert_eq!((submit.protocol, submit.validity), (ProtocolIdentifier::DEFAULT, None));
        sent += &submit.user_data.text();
        bench.submitted(Ok(()));
    }
    assert_eq!(sent, text);
}

/// Sends a message to 123 that asks for a report, from a phone that keeps it on the card.
fn sent(bench: &mut Bench, card: &mut Card) -> u8 {
    let user_data = UserData::from_text("AB").unwrap();
    let mut submit = Submit::new("123".parse().unwrap(), ProtocolIdentifier::DEFAULT, user_data);
    submit.status_report = true;
    bench.phone.submit_application(submit.encode(), None, bench.now);
    let outputs = run(bench, card);
    let [Output::Submit { tpdu, .. }] = &outputs[..] else { panic!("{outputs:?}") };
    bench.submitted(Ok(()));
    assert_eq!(run(bench, card), [Output::ApplicationSubmitted(Ok(()))]);
    tpdu[1]
}

fn report(reference: u8) -> Vec<u8> {
    let time = Timestamp([0x20, 0x80, 0x62, 0x91, 0x73, 0x14, 0x48]);
    let report = StatusReport {
        more_messages: false,
        loop_prevention: false,
        of_command: false,
        reference,
        recipient: "123".parse().unwrap(),
        timestamp: time,
        discharge: time,
        status: Status::RECEIVED,
        parameters: Parameters::NONE,
    };
    report.encode()
}

#[test]
fn a_status_report_stands_beside_its_message() {
    let mut card = Card::with_reports(3, 2);
    let mut bench = started(&mut card, keeps_on_card());
    deliver(&mut bench, &mut card, &message(0x00, 0x00));
    let reference = sent(&mut bench, &mut card);
    assert_eq!(stored(&card, 2).status, RecordStatus::SENT_REPORT_REQUESTED);
    assert_eq!(stored(&card, 2).submit().unwrap().reference, reference);
    // A report on another message changes nothing.
    reported(&deliver(&mut bench, &mut card, &report(reference.wrapping_add(1))), None);
    assert_eq!(stored(&card, 2).status, RecordStatus::SENT_REPORT_REQUESTED);
    reported(&deliver(&mut bench, &mut card, &report(reference)), None);
    assert_eq!(stored(&card, 2).status, RecordStatus::SENT_REPORT_STORED);
    let kept = StoredReport::decode(&card.reports[0], "EF_SMSR").unwrap();
    assert_eq!(kept, StoredReport::new(2, &report(reference)));
    assert!(bench.saw(&Event::ReportStored { record: 2 }));
}

#[test]
fn a_report_for_which_there_is_no_room_is_noted_all_the_same() {
    for mut card in [Card::new(2), Card::with_reports(2, 0), Card::with_reports(2, 1)] {
        if let Some(report) = card.reports.first_mut() {
            report[0] = 0x09;
        }
        let mut bench = started(&mut card, keeps_on_card());
        let reference = sent(&mut bench, &mut card);
        deliver(&mut bench, &mut card, &report(reference));
        assert_eq!(stored(&card, 1).status, RecordStatus::SENT_REPORT_RECEIVED);
    }
}

#[test]
fn a_card_that_is_reset_while_a_message_is_stored_lets_the_centre_try_again() {
    let mut card = Card::new(1);
    let mut bench = started(&mut card, Config::default());
    bench.seconds(30);
    bench.exchange("80F2000C", "910B");
    assert_eq!(bench.command(), "801200000B");
    bench.phone.handle_deliver(&message(0x00, CLASS_2), None, bench.now);
    // REFRESH, UICC reset.
    bench.card("D0098103010104820281829000");
    let Some(Output::DeliverReport(report)) = bench.next() else { panic!() };
    assert_eq!(report.cause, Some(FailureCause::MOBILE_STATION_ERROR));
    assert_eq!(bench.next(), Some(Output::PowerOn));
}

#[test]
fn a_message_stored_is_what_was_delivered_to_the_last_octet() {
    let mut card = Card::new(1);
    let mut bench = started(&mut card, keeps_on_card());
    let longest = Deliver::new(
        "+12345678901234567890".parse().unwrap(),
        ProtocolIdentifier::DEFAULT,
        Timestamp([0x20, 0x80, 0x62, 0x91, 0x73, 0x14, 0x48]),
        UserData::from_text(&"x".repeat(160)).unwrap(),
    );
    reported(&deliver(&mut bench, &mut card, &longest.encode()), None);
    assert_eq!(stored(&card, 1).deliver(), Some(longest));
}
