//! What tshark makes of short messages that our codec writes, in the relay layer of TS 24.011.

use std::collections::BTreeSet;

use oxisim_sms::{
    DataCoding, Element, ElementId, ProtocolIdentifier, Timestamp, UserData,
    alphabet::Language,
    concatenation::Message,
    content::{AnimationNumber, SoundNumber},
    content::{
        Content, Indication, LargePicture, LockingShift, Ports16, PredefinedAnimation, PredefinedSound,
        SelectiveReports, SingleShift, SmscControl, SpecialIndication, TextColour, TextFormatting, TextMode,
        UserPrompt, VariablePicture,
    },
    rp::{Acknowledgement, Cause, Data, Failure, MobileOriginated, MobileTerminated},
    tpdu::{
        self, CommandType, Deliver, DeliverReport, EnhancedPeriod, EnhancedValidity, FailureCause, Submit,
        SubmitReport, ValidityPeriod,
    },
};
use oxisim_wire::{Instant, Wire};

use super::capture;

/// A message, and what tshark is to say: the field after `gsm_sms.`, or one of the relay layer, and its value.
#[derive(Clone)]
struct Sample {
    frame: Vec<u8>,
    said: Vec<(&'static str, String)>,
}

/// RP-DATA to the service centre +4915 (TS 24.011 §7.3.1.2).
fn data(tpdu: &[u8]) -> Vec<u8> {
    let service_centre = Some("+4915".parse().unwrap());
    MobileOriginated::Data(Data { reference: 1, service_centre, tpdu: tpdu.into() }).encode()
}

/// RP-ERROR, memory capacity exceeded (TS 24.011 §7.3.4).
fn error(tpdu: &[u8]) -> Vec<u8> {
    let failure = Failure::new(1, Cause::MEMORY_CAPACITY_EXCEEDED, Some(tpdu.into()));
    MobileOriginated::Error(failure).encode()
}

/// Messages of the relay layer in both directions.
fn relayed() -> Vec<Sample> {
    let timestamp = Timestamp::from_instant(Instant::from_secs(1_030_394_261), 0);
    let user_data = UserData::from_text("hi").unwrap();
    let deliver = Deliver::new("+4916".parse().unwrap(), ProtocolIdentifier::DEFAULT, timestamp, user_data);
    let service_centre = Some("+4915".parse().unwrap());
    let report = SubmitReport::refused(FailureCause::SERVICE_CENTRE_BUSY, timestamp).encode();
    let refused = Failure::new(9, Cause::CONGESTION, Some(report));
    let bare = |cause| Failure { diagnostic: Some(0x55), ..Failure::new(10, cause, None) };
    let ack = |reference, tpdu| Acknowledgement { reference, tpdu };
    vec![
        sample(
            MobileTerminated::Data(Data { reference: 7, service_centre, tpdu: deliver.encode() }).encode(),
            &[(TYPE, "1"), (REFERENCE, "7"), ("tp-mti", "0"), ("tp-oa", "4916"), ("sms_text", "hi")],
        ),
        sample(
            MobileTerminated::Ack(ack(8, Some(SubmitReport::acknowledged(timestamp).encode()))).encode(),
            &[(TYPE, "3"), (REFERENCE, "8"), ("tp-mti", "1")],
        ),
        sample(
            MobileTerminated::Error(refused).encode(),
            &[(TYPE, "5"), (REFERENCE, "9"), (CAUSE, "42"), ("tp-mti", "1"), ("tp-fcs", "192")],
        ),
        sample(
            MobileOriginated::Error(bare(Cause::PROTOCOL_ERROR)).encode(),
            &[(TYPE, "4"), (REFERENCE, "10"), (CAUSE, "111"), ("gsm_a.rp.diagnostic_field", "55")],
        ),
        sample(
            MobileOriginated::Ack(ack(11, Some(DeliverReport::acknowledged().encode()))).encode(),
            &[(TYPE, "2"), (REFERENCE, "11"), ("tp-mti", "0")],
        ),
        sample(MobileOriginated::Ack(ack(12, None)).encode(), &[(TYPE, "2"), (REFERENCE, "12")]),
        sample(
            MobileOriginated::MemoryAvailable { reference: 13 }.encode(),
            &[(TYPE, "6"), (REFERENCE, "13")],
        ),
    ]
}

/// Fields of the relay layer.
const TYPE: &str = "gsm_a.rp.msg_type";
const REFERENCE: &str = "gsm_a.rp.rp_message_reference";
const CAUSE: &str = "gsm_a.rp.cause";

/// A field of TPDUs by its short name, another by its own.
fn full(field: &str) -> String {
    if field.starts_with("gsm_a.") { field.into() } else { format!("gsm_sms.{field}") }
}

fn submit(user_data: UserData) -> Submit {
    Submit::new("+4915".parse().unwrap(), ProtocolIdentifier::DEFAULT, user_data)
}

fn sample(frame: Vec<u8>, said: &[(&'static str, &str)]) -> Sample {
    Sample { frame, said: said.iter().map(|&(field, value)| (field, value.to_owned())).collect() }
}

/// A message with this element.
fn with(content: Content, said: &[(&'static str, &str)]) -> Sample {
    let header = vec![Element::from(content), Element::new(ElementId(0x6F), [0x55])];
    let user_data = UserData::new(DataCoding::EIGHT_BIT, header, vec![0xCA]).unwrap();
    sample(data(&submit(user_data).encode()), said)
}

fn samples() -> Vec<Sample> {
    let mut command = tpdu::Command::new(CommandType::DELETE, 5, "+4915".parse().unwrap());
    (command.reference, command.status_report) = (7, true);
    let clock = EnhancedPeriod::Clock { hours: 12, minutes: 34, seconds: 56 };
    let text = |text: &str| submit(UserData::from_text(text).unwrap());
    let enhanced = Submit {
        validity: Some(ValidityPeriod::Enhanced(EnhancedValidity::new(clock, true))),
        ..text("Hello [€]")
    };
    let seconds = EnhancedValidity::new(EnhancedPeriod::Seconds(90), false);
    let seconds = Submit { validity: Some(ValidityPeriod::Enhanced(seconds)), ..text("Привет 😀") };
    let long = Message::from_text(&"long ".repeat(40));
    let parts = long.split(oxisim_sms::concatenation::Reference::Long(0x1234)).unwrap();
    vec![
        sample(
            data(&command.encode()),
            &[
                ("tp-mti", "2"),
                ("tp-srr", "1"),
                ("tp-mr", "7"),
                ("tp.command_type", "2"),
                ("tp.message_number", "5"),
                ("tp-da", "4915"),
            ],
        ),
        sample(
            data(&enhanced.encode()),
            &[
                ("tp-vpf", "1"),
                ("vp.single_shot_sm", "1"),
                ("vp.validity_period.hour", "12"),
                ("vp.validity_period.minutes", "34"),
                ("vp.validity_period.seconds", "56"),
                ("sms_text", "Hello [€]"),
            ],
        ),
        sample(data(&seconds.encode()), &[("vp.single_shot_sm", "0"), ("sms_text", "Привет 😀")]),
        sample(
            error(&DeliverReport::refused(FailureCause::MEMORY_CAPACITY_EXCEEDED).encode()),
            &[("tp-mti", "0"), ("tp-fcs", "211")],
        ),
        sample(
            data(&submit(parts[1].clone()).encode()),
            &[("udh.mm.msg_id", "4660"), ("udh.mm.msg_parts", "2"), ("udh.mm.msg_part", "2")],
        ),
        with(
            Content::SpecialIndication(SpecialIndication { indication: Indication(0xA2), count: 3 }),
            &[("profile_id", "1"), ("msg_ind_type", "2"), ("msg_count", "3")],
        ),
        with(
            Content::Ports16(Ports16 { destination: 2948, originator: 9200 }),
            &[("destination_port", "2948"), ("originator_port", "9200")],
        ),
        with(
            Content::SmscControl(SmscControl { reports: SelectiveReports(0x82) }),
            &[
                ("status_report.short_msg", "0"),
                ("status_report.permanent_error", "1"),
                ("status_report.temp_error_transfer", "0"),
                ("status_report.original_udh", "1"),
            ],
        ),
        with(
            Content::TextFormatting(TextFormatting {
                start: 4,
                length: 9,
                mode: TextMode(0x50),
                colour: Some(TextColour(0x2B)),
            }),
            &[
                ("dis_iei_tf.start_position", "4"),
                ("dis_iei_tf.length", "9"),
                ("formatting_mode.style_bold", "1"),
                ("formatting_mode.style_italic", "0"),
                ("formatting_mode.style_underlined", "1"),
                ("dis_iei_tf.foreground_colour", "11"),
                ("dis_iei_tf.background_colour", "2"),
            ],
        ),
        with(
            Content::PredefinedSound(PredefinedSound { position: 1, sound: SoundNumber::DRUM }),
            &[("dis_iei_ps.position", "1"), ("dis_iei_ps.sound_number", "5")],
        ),
        with(
            Content::PredefinedAnimation(PredefinedAnimation {
                position: 2,
                animation: AnimationNumber::SAD,
            }),
            &[("dis_iei_pa.position", "2"), ("dis_iei_pa.animation_number", "3")],
        ),
        sample(
            {
                let picture = Element::from(LargePicture { position: 3, pixels: [0xAA; 128] });
                let user_data = UserData::new(DataCoding::EIGHT_BIT, vec![picture], vec![]).unwrap();
                data(&submit(user_data).encode())
            },
            &[("dis_iei_lp.position", "3")],
        ),
        with(
            Content::VariablePicture(VariablePicture {
                position: 4,
                width: 2,
                height: 3,
                pixels: vec![0x55; 6],
            }),
            &[
                ("dis_iei_vp.position", "4"),
                ("dis_iei_vp.horizontal_dimension", "2"),
                ("dis_iei_vp.vertical_dimension", "3"),
            ],
        ),
        with(
            Content::UserPrompt(UserPrompt { objects: 6 }),
            &[("dis_iei_upi.num_corresponding_objects", "6")],
        ),
        with(
            Content::SingleShift(SingleShift { language: Language::SPANISH }),
            &[("dis_iei_lang.single_shift", "2")],
        ),
        with(
            Content::LockingShift(LockingShift { language: Language::URDU }),
            &[("dis_iei_lang.locking_shift", "13")],
        ),
    ]
}

/// What tshark says in these fields of the frames; `None` if it is not here.
fn dissected(samples: &[Sample], fields: &[&str]) -> Option<Vec<Vec<String>>> {
    let frames: Vec<Vec<u8>> = samples.iter().map(|sample| sample.frame.clone()).collect();
    let fields: Vec<String> = fields.iter().map(|field| full(field)).collect();
    let relay = r#"uat:user_dlts:"User 0 (DLT=147)","gsm_a_rp","0","","0","""#;
    let options = ["-E", "occurrence=f", "-o", relay];
    let lines = capture::dissected("messages", &frames, &["-l", "147"], &options, &fields)?;
    Some(lines.iter().map(|line| line.iter().map(|value| plain(value)).collect()).collect())
}

/// A number in decimal, a flag as one, however the version of tshark shows it.
fn plain(value: &str) -> String {
    match value {
        "True" => "1".into(),
        "False" => "0".into(),
        _ => super::number(value).unwrap_or_else(|| value.into()),
    }
}

#[test]
fn tshark_says_of_our_messages_what_we_have_put_in_them() {
    let samples = [samples(), relayed()].concat();
    let fields: BTreeSet<&str> =
        samples.iter().flat_map(|sample| sample.said.iter().map(|(field, _)| *field)).collect();
    let fields: Vec<&str> = fields.into_iter().collect();
    let Some(dissected) = dissected(&samples, &fields) else { return };
    assert_eq!(dissected.len(), samples.len());
    for (sample, theirs) in samples.iter().zip(dissected) {
        for (field, expected) in &sample.said {
            let column = fields.iter().position(|named| named == field).unwrap();
            assert_eq!(&theirs[column], expected, "{field} of {:02X?}", sample.frame);
        }
    }
}
