//! Messages in `EF_SMS` and packets in pages of cell broadcast (TS 31.130).

use std::sync::{Arc, Mutex};

use oxisim_card::{AID_USIM, AppletError, Env, InstallParameters, Tar, ToolkitEvent};
use oxisim_sms::{DataCoding, ProtocolIdentifier, Timestamp, UserData, packet::CommandPacket, tpdu::Deliver};
use oxisim_toolkit::{Envelope, envelope::CellBroadcastDownload, objects::CellBroadcastPage};
use oxisim_wire::Wire;

use crate::{
    phone::Phone,
    recorder::{Install, Recorder},
};

type Heard = Arc<Mutex<Vec<String>>>;

const TAR: Tar = Tar([0xB0, 0x00, 0x20]);
const RECEIVED: u8 = 0x03;
const READ: u8 = 0x01;

/// A phone whose card has an applet with a TAR.
fn with(install: Install) -> (Phone, Heard) {
    let heard = Heard::default();
    let parameters = InstallParameters { tars: vec![TAR], ..InstallParameters::default() };
    let applet = Recorder::new(b'A', install, |_, _| Ok(())).with_parameters(parameters).told_to(&heard);
    let mut phone = Phone::with([applet]);
    phone.send("00200001 08 31323334FFFFFFFF");
    (phone, heard)
}

fn all(env: &mut Env<'_>) -> Result<(), AppletError> {
    env.registry().set_event_list(&[
        ToolkitEvent::FormattedSmsPpUpdate,
        ToolkitEvent::UnformattedSmsPpUpdate,
        ToolkitEvent::FormattedCellBroadcast,
        ToolkitEvent::CellBroadcast,
    ])
}

/// The names of the events that an applet was told of, each checked to have these octets.
fn told(heard: &Heard, octets: &[u8]) -> Vec<String> {
    let told = std::mem::take(&mut *heard.lock().unwrap());
    let name = |told: &String| {
        assert!(octets.is_empty() || told.contains(&format!("{octets:?}")), "{told}");
        told.trim_start_matches("A ").split([' ', '(']).next().unwrap().to_owned()
    };
    told.iter().map(name).collect()
}

fn packet(tar: Tar) -> CommandPacket {
    CommandPacket::unsecured(tar, 1.into(), [1, 2, 3, 4])
}

fn text() -> UserData {
    UserData::new(DataCoding(0x04), Vec::new(), b"text".to_vec()).unwrap()
}

/// UPDATE RECORD of record 2 of `EF_SMS` with a message.
fn store(phone: &mut Phone, directory: &str, status: u8, user_data: UserData) {
    update(phone, &format!("{directory}6F3C"), 2, 176, &record(status, user_data));
}

/// UPDATE RECORD of a file with records of this length.
fn update(phone: &mut Phone, path: &str, number: u8, length: usize, record: &[u8]) {
    let record = format!("{:F<width$}", hex::encode(record), width = 2 * length);
    assert_eq!(phone.send(&format!("00A4080C04{path}")), "9000");
    assert_eq!(phone.send(&format!("00DC{number:02X}04{length:02X}{record}")), "9000");
}

/// Status, service centre, message.
fn record(status: u8, user_data: UserData) -> Vec<u8> {
    let timestamp = Timestamp::decode(&[0x62, 0x11, 0x32, 0x81, 0x00, 0x00, 0x00], "time stamp").unwrap();
    let deliver = Deliver::new("+15550100002".parse().unwrap(), ProtocolIdentifier(0), timestamp, user_data);
    let mut record = vec![status, 0x03, 0x91, 0x21, 0x43];
    record.extend(deliver.encode());
    record
}

#[test]
fn a_message_that_the_terminal_stores_is_told_as_what_it_is() {
    let (mut phone, heard) = with(all);
    store(&mut phone, "7F10", RECEIVED, packet(TAR).user_data().unwrap());
    assert_eq!(told(&heard, &[1, 2, 3, 4]), ["FormattedSmsPpUpdate"]);
    store(&mut phone, "7F10", RECEIVED, text());
    assert_eq!(told(&heard, b"text"), ["UnformattedSmsPpUpdate"]);
}

#[test]
fn a_message_is_told_with_its_record() {
    let (mut phone, heard) = with(all);
    store(&mut phone, "7F10", RECEIVED, text());
    assert!(heard.lock().unwrap()[0].contains("record: 2"));
}

#[test]
fn a_message_that_is_not_new_is_not_told() {
    let (mut phone, heard) = with(all);
    for status in [0x00, READ, 0x05, 0x07] {
        store(&mut phone, "7F10", status, text());
        assert_eq!(told(&heard, b"text"), [""; 0], "{status:02X}");
    }
}

#[test]
fn a_packet_for_another_is_told_to_nobody() {
    let (mut phone, heard) = with(all);
    store(&mut phone, "7F10", RECEIVED, packet(Tar([0, 0, 1])).user_data().unwrap());
    assert_eq!(told(&heard, &[]), [""; 0]);
    assert!(phone.send(&page(0x1080, &packet(Tar([0, 0, 1])).encode().unwrap())).ends_with("9000"));
    assert_eq!(told(&heard, &[]), [""; 0]);
}

#[test]
fn a_message_in_a_record_that_is_cut_short_is_told_to_nobody() {
    let (mut phone, heard) = with(all);
    assert_eq!(phone.send("00A4080C047F106F3C"), "9000");
    for head in ["03", "03FF", "0303912143", "03039121430405"] {
        let record = format!("{head:F<352}");
        assert_eq!(phone.send(&format!("00DC0204B0{record}")), "9000");
    }
    assert_eq!(told(&heard, &[]), [""; 0]);
}

#[test]
fn messages_are_told_to_those_that_have_set_the_event_alone() {
    let (mut phone, heard) = with(|env| env.registry().set_event(ToolkitEvent::UnformattedSmsPp));
    store(&mut phone, "7F10", RECEIVED, text());
    store(&mut phone, "7F10", RECEIVED, packet(TAR).user_data().unwrap());
    assert_eq!(told(&heard, &[]), [""; 0]);
}

/// ENVELOPE with a page of this message identifier.
fn page(identifier: u16, content: &[u8]) -> String {
    let mut page = vec![0x00, 0x10];
    page.extend(identifier.to_be_bytes());
    page.extend([0x00, 0x11]);
    page.extend(content);
    page.resize(88, 0x00);
    let data = Envelope::from(CellBroadcastDownload::new(CellBroadcastPage { page })).encode();
    format!("80C20000{:02X}{}", data.len(), hex::encode(data))
}

#[test]
fn a_page_that_is_a_packet_goes_to_the_applet_with_its_tar() {
    let (mut phone, heard) = with(all);
    let content = packet(TAR).encode().unwrap();
    for identifier in [0x1080, 0x10FF] {
        assert_eq!(phone.send(&page(identifier, &content)), "9000");
        assert_eq!(told(&heard, &[1, 2, 3, 4]), ["FormattedCellBroadcast"]);
    }
}

#[test]
fn a_page_that_is_no_packet_goes_to_all() {
    let (mut phone, heard) = with(all);
    let packet = packet(TAR).encode().unwrap();
    for (identifier, content) in
        [(0x107F, &packet[..]), (0x1100, &packet), (0x1080, &[0xFF; 82]), (0x1080, &[])]
    {
        assert_eq!(phone.send(&page(identifier, content)), "9000");
        assert_eq!(told(&heard, &[]), ["CellBroadcast"]);
    }
}

#[test]
fn a_message_in_the_file_of_the_usim_is_told() {
    let (mut phone, heard) = with(all);
    let usim = format!("00A4040C{:02X}{}", AID_USIM.len(), hex::encode(AID_USIM));
    assert_eq!(phone.send(&usim), "9000");
    store(&mut phone, "7FFF", RECEIVED, text());
    assert_eq!(told(&heard, b"text"), ["UnformattedSmsPpUpdate"]);
}

#[test]
fn a_message_in_another_file_is_told_to_nobody() {
    let (mut phone, heard) = with(all);
    let ef_smsp = "7F106F42";
    update(&mut phone, ef_smsp, 1, 40, &record(RECEIVED, text()));
    assert_eq!(told(&heard, &[]), [""; 0]);
}
