//! What tshark says of a recorded session: of the card's interface and of short messages, in one capture.

use std::process::{Command, Stdio};

use oxisim_smpp::{Body, CommandStatus, Message, Operation};
use oxisim_sms::{
    ProtocolIdentifier, UserData, rp,
    tpdu::{Deliver, DeliverReport, Submit},
};
use oxisim_toolkit::{
    Command as ProactiveCommand, TerminalResponse,
    codes::TerminalProblem,
    command::SetUpMenu,
    objects::{AlphaIdentifier, Item, alpha},
};
use oxisim_trace::{Party, Record, What, pcapng};
use oxisim_wire::{Duration, Instant, Wire};

/// What is asked of tshark, in the order of the columns below.
const FIELDS: [&str; 16] = [
    "gsm_sim.apdu.ins",
    "gsm_sim.apdu.sw",
    "gsm_sim.file_id",
    "gsm_sim.record_nr",
    "gsm_sim.le",
    "etsi_cat.comp_tlv.cmd_type",
    "etsi_cat.comp_tlv.result",
    "etsi_cat.comp_tlv.item.string",
    "gsm_sms.tp-mti",
    "gsm_sms.sms_text",
    "gsm_a.rp.msg_type",
    "gsm_a.rp.rp_message_reference",
    "smpp.command_id",
    "smpp.destination_addr",
    "json.value.string",
    "_ws.malformed",
];

fn exchange(command: &[u8], data: &[u8], status: [u8; 2]) -> What {
    What::Exchange { command: command.to_vec(), response: [data, &status].concat(), took: Duration::ZERO }
}

/// What passes, and what tshark is to say of each frame of it.
fn session() -> Vec<(What, Vec<[&'static str; 16]>)> {
    let item = |identifier, text| Item { identifier: Some(identifier), text: alpha(text) };
    let title = AlphaIdentifier { text: alpha("SIM") };
    let items = vec![item(1, "Backup"), item(2, "Echo")];
    let menu = ProactiveCommand::new(1, 0, SetUpMenu::new(title, items));
    let response = TerminalResponse::unable(menu.details.clone(), TerminalProblem::SCREEN_BUSY).encode();
    let respond = [&[0x80, 0x14, 0x00, 0x00, response.len() as u8][..], &response].concat();
    let fcp = [0x62, 0x04, 0x83, 0x02, 0x6F, 0x07];
    let user_data = UserData::from_text("hello").unwrap();
    let number = || "+15550100002".parse().unwrap();
    let submit = Submit::new(number(), ProtocolIdentifier::DEFAULT, user_data.clone());
    let timestamp = oxisim_sms::Timestamp::from_instant(Instant::from_secs(1_030_394_261), 0);
    let deliver = Deliver::new(number(), ProtocolIdentifier::DEFAULT, timestamp, user_data);
    let data = rp::Data { reference: 9, service_centre: None, tpdu: deliver.encode() };
    let rpdu = rp::MobileTerminated::Data(data).encode();
    let message = Message::new(Operation::Submit, None, number()).with_user_data(&deliver.user_data);
    let pdu = Body::Message(Box::new(message)).encode(CommandStatus::OK, 3).unwrap();
    let from_phone = |tpdu| What::Tpdu { from: Party::Phone, tpdu };
    vec![
        // A command with data and a response with data: two frames, of which the second fetches the response.
        (
            exchange(&[0x00, 0xA4, 0x00, 0x04, 0x02, 0x6F, 0x07, 0x00], &fcp, [0x90, 0x00]),
            vec![
                ["164", "24838", "28423", "", "", "", "", "", "", "", "", "", "", "", "", ""],
                ["192", "36864", "", "", "6", "", "", "", "", "", "", "", "", "", "", ""],
            ],
        ),
        (
            exchange(&[0x00, 0xB2, 0x03, 0x04, 0x00], &[0xFF; 28], [0x90, 0x00]),
            vec![["178", "36864", "", "3", "28", "", "", "", "", "", "", "", "", "", "", ""]],
        ),
        (
            exchange(&[0x00, 0xA4, 0x00, 0x04, 0x02, 0x6F, 0x99], &[], [0x6A, 0x82]),
            vec![["164", "27266", "28569", "", "", "", "", "", "", "", "", "", "", "", "", ""]],
        ),
        (
            exchange(&[0x80, 0x12, 0x00, 0x00, 0x00], &menu.encode(), [0x90, 0x00]),
            vec![["18", "36864", "", "", "32", "37", "", "Backup|Echo", "", "", "", "", "", "", "", ""]],
        ),
        (
            exchange(&respond, &[], [0x91, 0x10]),
            vec![["20", "37136", "", "", "", "37", "32", "", "", "", "", "", "", "", "", ""]],
        ),
        (
            from_phone(submit.encode()),
            vec![["", "", "", "", "", "", "", "", "1", "hello", "", "", "", "", "", ""]],
        ),
        (
            What::Tpdu { from: Party::Centre, tpdu: deliver.encode() },
            vec![["", "", "", "", "", "", "", "", "0", "hello", "", "", "", "", "", ""]],
        ),
        // Its first octet is that of an SMS-DELIVER: the direction tells them apart.
        (
            from_phone(DeliverReport::acknowledged().encode()),
            vec![["", "", "", "", "", "", "", "", "0", "", "", "", "", "", "", ""]],
        ),
        // What has no octets is JSON, of which tshark tells every text.
        (
            What::Event { who: Party::Server, text: "takes BLOCKS".into() },
            vec![["", "", "", "", "", "", "", "", "", "", "", "", "", "", "event|server|takes BLOCKS", ""]],
        ),
        (
            What::Rpdu { from: Party::Centre, phone: "+15550100002".into(), rpdu },
            vec![["", "", "", "", "", "", "", "", "0", "hello", "1", "9", "", "", "", ""]],
        ),
        (
            What::Pdu { from: Party::Server, peer: "127.0.0.1:2775".into(), pdu },
            vec![["", "", "", "", "", "", "", "", "", "", "", "", "4", "15550100002", "", ""]],
        ),
        (What::UserData { from: Party::Server, coding: 0xF6, octets: vec![1, 2, 3] }, vec![[""; 16]]),
    ]
}

#[test]
fn tshark_reads_in_a_capture_what_was_recorded() {
    let session = session();
    let mut capture = Vec::new();
    let mut writer = pcapng::Writer::new(&mut capture).unwrap();
    for (seconds, (what, _)) in (0..).zip(&session) {
        writer.write(&Record::new(Instant::from_secs(seconds), what.clone())).unwrap();
    }
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("trace.pcapng");
    std::fs::write(&path, capture).unwrap();
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(&path).args(["-T", "fields", "-E", "separator=\x1e", "-E", "aggregator=|"]);
    tshark.args(FIELDS.iter().flat_map(|field| ["-e", field])).stderr(Stdio::null());
    let Ok(output) = tshark.output() else {
        let must_be_here = std::env::var("CI").as_deref() == Ok("true");
        assert!(!must_be_here, "tshark is not installed; make setup installs it");
        eprintln!("skipped: tshark is not installed; make setup, as root, installs it");
        return;
    };
    let said = String::from_utf8(output.stdout).unwrap();
    let plain = |value: &str| super::number(value).unwrap_or_else(|| value.to_owned());
    let said: Vec<Vec<String>> = said.lines().map(|line| line.split('\x1e').map(plain).collect()).collect();
    let expected: Vec<[&str; 16]> = session.iter().flat_map(|(_, frames)| frames.clone()).collect();
    assert_eq!(said.len(), expected.len(), "{said:?}");
    for (frame, (said, expected)) in said.iter().zip(expected).enumerate() {
        for (field, (said, expected)) in FIELDS.iter().zip(said.iter().zip(expected)) {
            assert_eq!(said, expected, "{field} of frame {}", frame + 1);
        }
    }
}
