//! What people are shown of messages: names, units, and what counts.

use oxisim_sms::file::{RecordStatus, StoredMessage, StoredReport};
use oxisim_sms::tpdu::{
    Deliver, EnhancedPeriod, EnhancedValidity, MobileOriginated, MobileTerminated, RelativeValidity, Submit,
    ValidityPeriod,
};
use oxisim_sms::{DataCoding, Element, ElementId, ProtocolIdentifier, Timestamp, UserData};
use oxisim_wire::{Parts, Show, Shown, Wire};

const TIME: [u8; 7] = [0x20, 0x80, 0x62, 0x91, 0x73, 0x14, 0x48];

fn text(value: &str) -> Shown {
    Shown::Text(value.into())
}

/// The value of the part `name`.
fn part(message: &impl Parts, name: &str) -> Option<Shown> {
    message.parts().into_iter().find(|part| part.name == name).map(|part| part.value)
}

/// The field `name` of fields.
fn field(shown: &Shown, name: &str) -> Option<Shown> {
    match shown {
        Shown::Fields(fields) => fields.iter().find(|(found, _)| *found == name).map(|(_, it)| it.clone()),
        _ => None,
    }
}

fn deliver(user_data: UserData) -> Deliver {
    Deliver::new("+4915".parse().unwrap(), ProtocolIdentifier::DEFAULT, Timestamp(TIME), user_data)
}

#[test]
fn a_relative_period_is_in_the_unit_that_fits() {
    for (n, shown) in
        [(0, "5 min"), (22, "115 min"), (23, "2 h 0 min"), (144, "12 h 30 min"), (167, "24 h 0 min")]
    {
        assert_eq!(RelativeValidity(n).show(), text(shown));
    }
    for (n, shown) in [(168, "2 d"), (196, "30 d"), (197, "35 d"), (255, "441 d")] {
        assert_eq!(RelativeValidity(n).show(), text(shown));
    }
}

#[test]
fn a_validity_period_says_its_format() {
    let clock = EnhancedPeriod::Clock { hours: 1, minutes: 2, seconds: 3 };
    for (validity, format, period) in [
        (ValidityPeriod::Relative(RelativeValidity(0)), "relative", text("5 min")),
        (ValidityPeriod::Absolute(Timestamp(TIME)), "absolute", text("2002-08-26T19:37:41-01:00")),
    ] {
        let shown = validity.show();
        assert_eq!((field(&shown, "format"), field(&shown, "period")), (Some(text(format)), Some(period)));
    }
    for (period, length) in [
        (EnhancedPeriod::None, Shown::Nothing),
        (EnhancedPeriod::Relative(RelativeValidity(0)), text("5 min")),
        (EnhancedPeriod::Seconds(60), text("60 s")),
        (clock, text("01:02:03")),
        (EnhancedPeriod::Reserved(5), Shown::Octets(vec![0x45, 0, 0, 0, 0, 0, 0])),
    ] {
        let shown = EnhancedValidity::new(period, true).show();
        assert_eq!(field(&shown, "length"), Some(length));
        assert_eq!(field(&shown, "single_shot"), Some(Shown::Flag(true)));
    }
}

#[test]
fn user_data_are_text_unless_they_are_octets() {
    for (coding, payload, shown) in [
        (DataCoding::DEFAULT_ALPHABET, vec![0x1B, 0x65], text("€")),
        (DataCoding::UCS2, vec![0x04, 0x16], text("Ж")),
        (DataCoding::EIGHT_BIT, vec![0x41], Shown::Octets(vec![0x41])),
        (DataCoding(0x20), vec![0x41], Shown::Octets(vec![0x41])),
    ] {
        let message = deliver(UserData::new(coding, vec![], payload).unwrap());
        assert_eq!(part(&message, "TP-User-Data"), Some(shown), "{coding:?}");
        assert_eq!(part(&message, "TP-User-Data header"), None);
    }
}

#[test]
fn a_coding_scheme_says_what_is_in_it() {
    let scheme = |coding| {
        let message = deliver(UserData::new(DataCoding(coding), vec![], vec![]).unwrap());
        part(&message, "TP-Data-Coding-Scheme").unwrap()
    };
    let shown = scheme(0x31);
    assert_eq!(field(&shown, "group"), Some(text("general")));
    assert_eq!(field(&shown, "class"), Some(text("1, mobile equipment")));
    assert_eq!(field(&shown, "compressed"), Some(Shown::Flag(true)));
    assert_eq!(field(&shown, "waiting"), None);
    let shown = scheme(0xC8);
    assert_eq!(field(&shown, "group"), Some(text("message waiting, may be discarded")));
    assert_eq!(field(&field(&shown, "waiting").unwrap(), "active"), Some(Shown::Flag(true)));
    assert_eq!((field(&shown, "class"), field(&shown, "compressed")), (None, None));
}

#[test]
fn an_element_that_another_overrules_says_so() {
    let header = vec![
        Element::new(ElementId::PORTS_8, [1, 2]),
        Element::new(ElementId::PORTS_16, [0, 3, 0, 4]),
        Element::new(ElementId(0x6F), [5]),
    ];
    let message = deliver(UserData::new(DataCoding::EIGHT_BIT, header, vec![]).unwrap());
    let Some(Shown::List(elements)) = part(&message, "TP-User-Data header") else { panic!() };
    let overruled = elements.iter().map(|element| field(element, "overruled").is_some());
    assert_eq!(overruled.collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(field(&field(&elements[1], "content").unwrap(), "destination"), Some(Shown::Number(3)));
    assert_eq!(field(&elements[2], "data"), Some(Shown::Octets(vec![5])));
}

/// Name, clause and number of parts of each message, by its first octets.
#[test]
fn each_message_has_its_name_and_clause() {
    let name = |message: &dyn Parts| (message.name(), message.spec());
    let address = [0x02, 0x91, 0x21];
    let with = |parts: &[&[u8]]| parts.concat();
    for (octets, expected) in [
        (with(&[&[0x04], &address, &[0, 0], &TIME, &[0]]), ("SMS-DELIVER", "TS 23.040 §9.2.2.1")),
        (with(&[&[0x01, 0x00], &TIME]), ("SMS-SUBMIT-REPORT", "TS 23.040 §9.2.2.2a")),
        (with(&[&[0x06, 0x07], &address, &TIME, &TIME, &[0]]), ("SMS-STATUS-REPORT", "TS 23.040 §9.2.2.3")),
    ] {
        assert_eq!(name(&MobileTerminated::decode(&octets, "TPDU").unwrap()), expected);
    }
    for (octets, expected) in [
        (vec![0x00, 0xD3, 0x00], ("SMS-DELIVER-REPORT", "TS 23.040 §9.2.2.1a")),
        (with(&[&[0x01, 0x07], &address, &[0, 0, 0]]), ("SMS-SUBMIT", "TS 23.040 §9.2.2.2")),
        (with(&[&[0x02, 0x07, 0, 0, 5], &address, &[0]]), ("SMS-COMMAND", "TS 23.040 §9.2.2.4")),
    ] {
        assert_eq!(name(&MobileOriginated::decode(&octets, "TPDU").unwrap()), expected);
    }
}

#[test]
fn a_record_shows_its_message_and_a_free_one_its_octets() {
    let message = deliver(UserData::from_text("Hello").unwrap());
    let centre = "+4917".parse().unwrap();
    let mut record = StoredMessage::new(RecordStatus::TO_BE_READ, Some(&centre), &message.encode()).unwrap();
    let shown = record.show();
    assert_eq!(field(&shown, "service_centre_address"), Some(text("+4917")));
    assert_eq!(field(&field(&shown, "message").unwrap(), "TP-User-Data"), Some(text("Hello")));
    record.status = RecordStatus::FREE;
    assert_eq!(field(&record.show(), "octets"), Some(Shown::Octets(record.rest)));
    let destination = "+4915".parse().unwrap();
    let submit = Submit::new(destination, ProtocolIdentifier::DEFAULT, UserData::from_text("Bye").unwrap());
    let sent = StoredMessage::new(RecordStatus::SENT, None, &submit.encode()).unwrap().show();
    assert_eq!(field(&field(&sent, "message").unwrap(), "TP-User-Data"), Some(text("Bye")));
}

#[test]
fn a_status_report_says_what_became_of_the_message() {
    let octets = |status| [&[0x06, 0x07, 0x02, 0x91, 0x21], &TIME[..], &TIME, &[status]].concat();
    for (status, outcome) in [
        (0x00, "completed"),
        (0x20, "temporary error, the centre still tries"),
        (0x46, "permanent error, the centre has given up"),
        (0x61, "temporary error, the centre has given up"),
        (0x80, "reserved"),
    ] {
        let shown = StoredReport::new(1, &octets(status)).show();
        let status = field(&field(&shown, "report").unwrap(), "TP-Status").unwrap();
        assert_eq!(field(&status, "outcome"), Some(text(outcome)));
    }
    assert!(field(&StoredReport::new(0, &octets(0)).show(), "report").is_none(), "a free record");
}
