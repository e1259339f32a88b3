//! Octets written down after the standard's own tables, bit by bit: what no vector of another project has.

use oxisim_sms::content::{
    Alignment, AnimationNumber, CharacterSizeWvg, Colour, CompressionControl, Concatenated8, Concatenated16,
    Content, ElectronicMailHeader, EnhancedVoiceMail, ExtendedIndication, ExtendedObject,
    ExtendedObjectRequest, FontSize, HeaderSource, Hyperlink, Indication, LargeAnimation, LargePicture,
    LockingShift, ObjectDistribution, Ports8, Ports16, PredefinedAnimation, PredefinedSound, ReplyAddress,
    ReusedExtendedObject, SelectiveReports, SingleShift, SmallAnimation, SmallPicture, SmscControl,
    SoundNumber, SpecialIndication, StandardWvg, TextColour, TextFormatting, TextMode, UdhSource,
    UserDefinedSound, UserPrompt, VariablePicture, WirelessControl,
};
use oxisim_sms::tpdu::{
    Deliver, EnhancedValidity, RelativeValidity, StatusReport, Submit, SubmitReport, ValidityPeriod,
};
use oxisim_sms::{Element, ElementId, Timestamp, WaitingKind, alphabet::Language};
use oxisim_wire::Wire;

/// +12, and 2002-08-26 19:37:41.
const ADDRESS: [u8; 3] = [0x02, 0x91, 0x21];
const TIME: [u8; 7] = [0x20, 0x80, 0x62, 0x91, 0x73, 0x14, 0x48];

/// TS 23.040 §9.2.2.1: bits 3 to 8 of SMS-DELIVER.
#[test]
fn each_bit_of_a_deliver_has_its_flag() {
    for (first, flags) in [
        (0x00, [true, false, false, false]),
        (0x04, [false; 4]),
        (0x0C, [false, true, false, false]),
        (0x24, [false, false, true, false]),
        (0x84, [false, false, false, true]),
    ] {
        let octets = [&[first], &ADDRESS[..], &[0x00, 0x04], &TIME, &[0x01, 0xAA]].concat();
        let deliver = Deliver::decode(&octets, "TPDU").unwrap();
        let found =
            [deliver.more_messages, deliver.loop_prevention, deliver.status_report, deliver.reply_path];
        assert_eq!(found, flags, "{first:02X}");
        assert_eq!(deliver.encode(), octets);
    }
}

/// TS 23.040 §9.2.2.2: bits 3, 6 and 8 of SMS-SUBMIT.
#[test]
fn each_bit_of_a_submit_has_its_flag() {
    for (first, flags) in [
        (0x01, [false; 3]),
        (0x05, [true, false, false]),
        (0x21, [false, true, false]),
        (0x81, [false, false, true]),
    ] {
        let octets = [&[first, 0x07], &ADDRESS[..], &[0x00, 0x04, 0x01, 0xAA]].concat();
        let submit = Submit::decode(&octets, "TPDU").unwrap();
        assert_eq!([submit.reject_duplicates, submit.status_report, submit.reply_path], flags, "{first:02X}");
        assert_eq!((submit.reference, submit.validity), (7, None));
        assert_eq!(submit.encode(), octets);
    }
}

/// TS 23.040 §9.2.3.3: bits 5 and 4 of SMS-SUBMIT.
#[test]
fn the_first_octet_says_in_which_format_the_validity_period_is() {
    let enhanced = [0x42, 0x3C, 0, 0, 0, 0, 0];
    for (first, period, expected) in [
        (0x09, &enhanced[..], ValidityPeriod::Enhanced(EnhancedValidity(enhanced))),
        (0x11, &[0xA7], ValidityPeriod::Relative(RelativeValidity(0xA7))),
        (0x19, &TIME, ValidityPeriod::Absolute(Timestamp(TIME))),
    ] {
        let octets = [&[first, 0x07], &ADDRESS[..], &[0x00, 0x04], period, &[0x01, 0xAA]].concat();
        let submit = Submit::decode(&octets, "TPDU").unwrap();
        assert_eq!((submit.validity, submit.user_data.payload()), (Some(expected), &[0xAA][..]));
        assert_eq!(submit.encode(), octets);
    }
}

/// TS 23.040 §9.2.2.3: bits 3, 4 and 6 of SMS-STATUS-REPORT.
#[test]
fn each_bit_of_a_status_report_has_its_flag() {
    for (first, flags) in [
        (0x02, [true, false, false]),
        (0x06, [false; 3]),
        (0x0E, [false, true, false]),
        (0x26, [false, false, true]),
    ] {
        let octets = [&[first, 0x07], &ADDRESS[..], &TIME, &TIME, &[0x00]].concat();
        let report = StatusReport::decode(&octets, "TPDU").unwrap();
        assert_eq!([report.more_messages, report.loop_prevention, report.of_command], flags, "{first:02X}");
        assert_eq!(report.encode(), octets);
    }
}

/// TS 23.040 §9.2.2.2a: the time stamp stands between TP-Parameter-Indicator and what it announces.
#[test]
fn a_submit_report_has_its_time_before_its_parameters() {
    let octets = [&[0x41, 0x07], &TIME[..], &[0x40, 0xF6, 0x03, 0x02, 0x71, 0x00]].concat();
    let report = SubmitReport::decode(&octets, "TPDU").unwrap();
    let user_data = report.parameters.user_data.as_ref().unwrap();
    assert_eq!(user_data.element(ElementId::RESPONSE_PACKET), Some(&[][..]));
    assert_eq!((report.timestamp, report.cause), (Timestamp(TIME), None));
    assert_eq!(report.encode(), octets);
}

/// Data of each element, and what they say (TS 23.040 §9.2.3.24.1 to §9.2.3.24.16).
fn contents() -> Vec<(ElementId, Vec<u8>, Content)> {
    let pixels = |position: u8, count: usize| [&[position][..], &vec![0x5A; count]].concat();
    vec![
        (
            ElementId(0x00),
            vec![0x2A, 3, 2],
            Content::Concatenated8(Concatenated8 { reference: 0x2A, total: 3, number: 2 }),
        ),
        (
            ElementId(0x01),
            vec![0x80, 2],
            Content::SpecialIndication(SpecialIndication { indication: Indication(0x80), count: 2 }),
        ),
        (ElementId(0x04), vec![0xF0, 0xF1], Content::Ports8(Ports8 { destination: 0xF0, originator: 0xF1 })),
        (
            ElementId(0x05),
            vec![0x0B, 0x84, 0x23, 0xF0],
            Content::Ports16(Ports16 { destination: 2948, originator: 9200 }),
        ),
        (ElementId(0x06), vec![0x41], Content::SmscControl(SmscControl { reports: SelectiveReports(0x41) })),
        (ElementId(0x07), vec![0x03], Content::UdhSource(UdhSource { source: HeaderSource::SERVICE_CENTRE })),
        (
            ElementId(0x08),
            vec![0x01, 0x02, 4, 3],
            Content::Concatenated16(Concatenated16 { reference: 0x0102, total: 4, number: 3 }),
        ),
        (ElementId(0x09), vec![1, 2, 3], Content::WirelessControl(WirelessControl { octets: vec![1, 2, 3] })),
        (
            ElementId(0x0A),
            vec![4, 5, 0x10, 0x2B],
            Content::TextFormatting(TextFormatting {
                start: 4,
                length: 5,
                mode: TextMode(0x10),
                colour: Some(TextColour(0x2B)),
            }),
        ),
        (
            ElementId(0x0A),
            vec![4, 5, 0x10],
            Content::TextFormatting(TextFormatting {
                start: 4,
                length: 5,
                mode: TextMode(0x10),
                colour: None,
            }),
        ),
        (
            ElementId(0x0B),
            vec![9, 3],
            Content::PredefinedSound(PredefinedSound { position: 9, sound: SoundNumber::TADA }),
        ),
        (
            ElementId(0x0C),
            vec![9, 0x42, 0x45],
            Content::UserDefinedSound(UserDefinedSound { position: 9, melody: b"BE".to_vec() }),
        ),
        (
            ElementId(0x0D),
            vec![9, 4],
            Content::PredefinedAnimation(PredefinedAnimation {
                position: 9,
                animation: AnimationNumber::WOW,
            }),
        ),
        (
            ElementId(0x0E),
            pixels(9, 128),
            Content::LargeAnimation(LargeAnimation { position: 9, pixels: [0x5A; 128] }),
        ),
        (
            ElementId(0x0F),
            pixels(9, 32),
            Content::SmallAnimation(SmallAnimation { position: 9, pixels: [0x5A; 32] }),
        ),
        (
            ElementId(0x10),
            pixels(9, 128),
            Content::LargePicture(LargePicture { position: 9, pixels: [0x5A; 128] }),
        ),
        (
            ElementId(0x11),
            pixels(9, 32),
            Content::SmallPicture(SmallPicture { position: 9, pixels: [0x5A; 32] }),
        ),
        (
            ElementId(0x12),
            vec![9, 1, 2, 0xAA, 0x55],
            Content::VariablePicture(VariablePicture {
                position: 9,
                width: 1,
                height: 2,
                pixels: vec![0xAA, 0x55],
            }),
        ),
        (ElementId(0x13), vec![2], Content::UserPrompt(UserPrompt { objects: 2 })),
        (
            ElementId(0x14),
            vec![7, 0, 1],
            Content::ExtendedObject(ExtendedObject { reference: 7, octets: vec![0, 1] }),
        ),
        (
            ElementId(0x15),
            vec![7, 0x01, 0x02],
            Content::ReusedExtendedObject(ReusedExtendedObject { reference: 7, position: 0x0102 }),
        ),
        (
            ElementId(0x16),
            vec![0, 0, 5],
            Content::CompressionControl(CompressionControl { octets: vec![0, 0, 5] }),
        ),
        (
            ElementId(0x17),
            vec![2, 1],
            Content::ObjectDistribution(ObjectDistribution { elements: 2, attribute: 1 }),
        ),
        (
            ElementId(0x18),
            vec![9, 1, 2],
            Content::StandardWvg(StandardWvg { position: 9, drawing: vec![1, 2] }),
        ),
        (
            ElementId(0x19),
            vec![9, 1, 2],
            Content::CharacterSizeWvg(CharacterSizeWvg { position: 9, drawing: vec![1, 2] }),
        ),
        (ElementId(0x1A), vec![1], Content::ExtendedObjectRequest(ExtendedObjectRequest { octets: vec![1] })),
        (ElementId(0x20), vec![30], Content::ElectronicMailHeader(ElectronicMailHeader { length: 30 })),
        (
            ElementId(0x21),
            vec![0x01, 0x02, 8, 22],
            Content::Hyperlink(Hyperlink { position: 0x0102, title: 8, address: 22 }),
        ),
        (
            ElementId(0x22),
            vec![0x04, 0x91, 0x94, 0x51],
            Content::ReplyAddress(ReplyAddress { address: "+4915".parse().unwrap() }),
        ),
        (ElementId(0x23), vec![1, 2], Content::EnhancedVoiceMail(EnhancedVoiceMail { octets: vec![1, 2] })),
        (ElementId(0x24), vec![0x02], Content::SingleShift(SingleShift { language: Language::SPANISH })),
        (ElementId(0x25), vec![0x0D], Content::LockingShift(LockingShift { language: Language::URDU })),
    ]
}

#[test]
fn each_element_says_what_its_octets_are() {
    let contents = contents();
    for (id, data, content) in &contents {
        let element = Element::new(*id, data.clone());
        assert_eq!(Content::of(&element).as_ref(), Some(content));
        assert_eq!(Element::from(content.clone()), element);
        assert!(content.spec().starts_with("TS 23.040 §9.2.3.24."), "{id:?}");
    }
    // What a packet is announced with says nothing more.
    let packets = [ElementId::COMMAND_PACKET, ElementId::RESPONSE_PACKET];
    for id in ElementId::ALL {
        assert_ne!(contents.iter().any(|(known, ..)| known == id), packets.contains(id), "{id:?}");
    }
}

#[test]
fn an_element_with_an_octet_less_or_more_than_its_fields_says_nothing() {
    for (id, data) in [(0x00, &[1, 2][..]), (0x08, &[0, 1, 2]), (0x05, &[1, 2, 3]), (0x22, &[4, 0x91, 0x94])]
    {
        assert_eq!(Content::of(&Element::new(ElementId(id), data)), None);
    }
    for (id, data) in [(0x00, &[1, 2, 1, 0][..]), (0x0A, &[0, 1, 2, 3, 4]), (0x11, &[0; 34])] {
        assert_eq!(Content::of(&Element::new(ElementId(id), data)), None);
    }
}

/// TS 23.040 §9.2.3.24.2: bit 8, bits 7 and 6, bits 5 to 3, bits 2 and 1.
#[test]
fn each_bit_of_a_special_indication_has_its_meaning() {
    let parts = |octet| {
        let indication = Indication(octet);
        (indication.is_stored(), indication.profile(), indication.extended(), indication.kind())
    };
    let (none, video) = (ExtendedIndication::NONE, ExtendedIndication::VIDEO);
    assert_eq!(parts(0x00), (false, 0, none, WaitingKind::VOICE_MAIL));
    assert_eq!(parts(0x80), (true, 0, none, WaitingKind::VOICE_MAIL));
    assert_eq!(parts(0x61), (false, 3, none, WaitingKind::FAX));
    assert_eq!(parts(0x07), (false, 0, video, WaitingKind::OTHER));
    assert_eq!(parts(0x1E), (false, 0, ExtendedIndication(7), WaitingKind::ELECTRONIC_MAIL));
}

/// TS 23.040 §9.2.3.24.5.
#[test]
fn each_bit_of_the_service_centre_control_asks_for_a_report() {
    let parts = |octet| {
        let reports = SelectiveReports(octet);
        [
            reports.completed(),
            reports.permanent_error(),
            reports.given_up(),
            reports.still_trying(),
            reports.cancels_others(),
            reports.includes_header(),
        ]
    };
    for (index, octet) in [0x01, 0x02, 0x04, 0x08, 0x40, 0x80].into_iter().enumerate() {
        let mut expected = [false; 6];
        expected[index] = true;
        assert_eq!(parts(octet), expected, "{octet:02X}");
    }
    assert_eq!(parts(0x30), [false; 6]);
}

/// TS 23.040 §9.2.3.24.10.1.1, octets 3 and 4.
#[test]
fn each_bit_of_a_text_format_has_its_meaning() {
    let mode = TextMode(0x09);
    assert_eq!((mode.alignment(), mode.size()), (Alignment::CENTRE, FontSize::SMALL));
    let mode = TextMode(0x06);
    assert_eq!((mode.alignment(), mode.size()), (Alignment::RIGHT, FontSize::LARGE));
    let styles = |octet| {
        let mode = TextMode(octet);
        [mode.is_bold(), mode.is_italic(), mode.is_underlined(), mode.is_struck_through()]
    };
    assert_eq!(styles(0x1F), [true, false, false, false]);
    assert_eq!(styles(0x20), [false, true, false, false]);
    assert_eq!(styles(0x40), [false, false, true, false]);
    assert_eq!(styles(0x80), [false, false, false, true]);
    let colour = TextColour(0x2B);
    assert_eq!((colour.foreground(), colour.background()), (Colour::BRIGHT_YELLOW, Colour::DARK_RED));
}

/// The column "repeatable" of TS 23.040 §9.2.3.24: these are not.
#[test]
fn what_cannot_be_repeated_is_what_the_table_says() {
    let single = [0x00, 0x04, 0x05, 0x06, 0x08, 0x16, 0x1A, 0x20, 0x22, 0x23, 0x24, 0x25];
    for id in ElementId::ALL {
        assert_eq!(id.may_repeat(), !single.contains(&id.0), "{id:?}");
    }
}

#[test]
fn what_is_about_the_whole_message_stands_in_each_part() {
    let whole = [0x04, 0x05, 0x06, 0x24, 0x25];
    for id in ElementId::ALL {
        assert_eq!(id.is_in_each_part(), whole.contains(&id.0), "{id:?}");
    }
}
