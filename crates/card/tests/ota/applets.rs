//! Packets for applets, and remote application management (TS 102 226 §8).

use std::sync::{Arc, Mutex};

use oxisim_card::{
    Aid, Applet, AppletError, AppletState, Card, Env, Event, InstallParameters, Package, RemoteApplication,
    Tar, ToolkitEvent, path,
};
use oxisim_sms::packet::ResponseStatus;
use oxisim_toolkit::{Envelope, envelope::CellBroadcastDownload, objects::CellBroadcastPage};

use crate::platform::{Platform, image};

const TAR: Tar = Tar([0x12, 0x34, 0x56]);

/// Notes what it is told, and answers each packet with its data backwards.
#[derive(Clone)]
struct Listener {
    heard: Arc<Mutex<Vec<String>>>,
    security: Vec<u8>,
}

impl Listener {
    fn new(security: &[u8]) -> Self {
        Self { heard: Arc::default(), security: security.into() }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

fn aid() -> Aid {
    Aid::new(b"\xF0listen").unwrap()
}

impl Applet for Listener {
    fn aid(&self) -> Aid {
        aid()
    }

    fn parameters(&self) -> InstallParameters {
        let security = self.security.clone();
        InstallParameters { tars: vec![TAR], security, ..InstallParameters::default() }
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        let mut registry = env.registry();
        registry.register_remote_file_event(None, path::EF_PL)?;
        registry.set_event_list(&[
            ToolkitEvent::FormattedSmsPp,
            ToolkitEvent::FormattedSmsPpUpdate,
            ToolkitEvent::FormattedCellBroadcast,
        ])
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        let (name, packet) = match event {
            Event::FormattedSmsPp(sms) => ("message", sms.packet),
            Event::FormattedSmsPpUpdate { sms, .. } => ("record", sms.packet),
            Event::FormattedCellBroadcast { packet, .. } => ("page", packet),
            Event::RemoteFileUpdate(update) => {
                self.heard.lock().unwrap().push(format!("{:?}", update.part));
                return Ok(());
            }
            _ => return Ok(()),
        };
        let line = format!("{name} {:02X} {}", packet.security.0[0], hex::encode_upper(&packet.data));
        self.heard.lock().unwrap().push(line);
        let answer: Vec<u8> = packet.data.iter().rev().copied().collect();
        match packet.data.first() {
            Some(0xEE) => env.post_error_response(&answer),
            Some(0xFF) => Err(AppletError::Range),
            _ if name == "message" => env.post_response(&answer),
            _ => Ok(()),
        }
    }
}

fn with(security: &[u8]) -> (Platform, Listener) {
    let listener = Listener::new(security);
    let card = Card::from_image(&image()).unwrap().with_applet(listener.clone());
    (Platform::of(card).to(TAR), listener)
}

#[test]
fn an_applet_gets_plain_data_and_answers_in_the_receipt() {
    let (mut platform, listener) = with(&[]);
    let receipt = platform.send("010203");
    assert_eq!((receipt.status, receipt.data), (ResponseStatus::POR_OK, vec![3, 2, 1]));
    assert_eq!(listener.take(), ["message 16 010203"], "ciphered, checksum, counter");
}

#[test]
fn an_applet_gets_no_packet_twice_and_none_with_less_security_than_it_wants() {
    let (mut platform, listener) = with(&[0x01, 0x16]);
    let packet = platform.seal("01");
    platform.deliver(&packet);
    platform.deliver(&packet);
    assert_eq!(listener.take(), ["message 16 01"]);
    platform.spi([0x12, 0x01]);
    let packet = platform.seal("02");
    let answer = platform.deliver(&packet);
    assert_eq!(platform.receipt(&answer).unwrap().status.0, 0x0A);
    assert!(listener.take().is_empty());
}

#[test]
fn an_answer_in_a_message_of_its_own_comes_from_the_applet_too() {
    let (mut platform, _) = with(&[]);
    platform.start();
    platform.spi([0x16, 0x39]);
    let packet = platform.seal("0A0B");
    let answer = platform.deliver(&packet);
    let sent = platform.carry_out(&answer);
    assert_eq!(platform.open(sent[0].user_data.payload()).unwrap().data, [0x0B, 0x0A]);
}

#[test]
fn an_error_that_an_applet_posts_is_reported_as_one() {
    let (mut platform, _) = with(&[]);
    let packet = platform.seal("EE01");
    let answer = platform.deliver(&packet);
    assert!(answer.ends_with("6200"), "{answer}");
    let receipt = platform.receipt(&answer).unwrap();
    assert_eq!((receipt.status, receipt.data), (ResponseStatus::POR_OK, vec![0x01, 0xEE]));
    // One that gives up has nothing to say, and the packet was received all the same.
    assert_eq!(platform.send("FF").data, Vec::<u8>::new());
}

#[test]
fn a_packet_of_several_messages_is_put_together_and_opened() {
    let (mut platform, listener) = with(&[]);
    let data: Vec<u8> = (0..250).collect();
    let packet = platform.seal(&hex::encode(&data));
    let envelopes = crate::platform::envelopes(&packet);
    assert_eq!(envelopes.len(), 3);
    assert_eq!(platform.apdu(&envelopes[1]), "9000");
    assert_eq!(platform.apdu(&envelopes[2]), "9000");
    let answer = platform.apdu(&envelopes[0]);
    assert_eq!(platform.receipt(&answer).unwrap().status, ResponseStatus::POR_OK);
    assert_eq!(listener.take(), [format!("message 16 {}", hex::encode_upper(data))]);
}

#[test]
fn a_page_of_cell_broadcast_is_opened_too() {
    let (mut platform, listener) = with(&[]);
    let page = |platform: &mut Platform, data: &str| {
        let packet = platform.seal(data);
        let mut octets = vec![0x00, 0x10, 0x10, 0x80, 0x04, 0x11];
        octets.extend(packet);
        octets.resize(88, 0);
        let download = CellBroadcastDownload::new(CellBroadcastPage { page: octets });
        let data = Envelope::from(download).encode();
        platform.apdu(&format!("80C20000{:02X}{}", data.len(), hex::encode(data)))
    };
    assert_eq!(page(&mut platform, "0102"), "9000");
    assert_eq!(listener.take(), ["page 16 0102"]);
    platform.packet.counter = 0.into();
    assert_eq!(page(&mut platform, "0102"), "9000", "a replay");
    assert!(listener.take().is_empty());
}

#[test]
fn an_applet_is_told_what_a_script_has_written_and_not_what_the_terminal_has() {
    let (platform, listener) = with(&[]);
    let mut platform = platform.to(RemoteApplication::SIM_FILES);
    platform.script("00A4000C022F05 00D6000002AABB 00D6000301CC 00A4000C022FE2");
    assert_eq!(listener.take(), ["Octets { offset: 0, length: 2 }", "Octets { offset: 3, length: 1 }"]);
    platform.apdu("00A4000C022F05");
    platform.apdu("002000010830303030FFFFFFFF");
    platform.apdu("00D6000001DD");
    assert!(listener.take().is_empty());
}

/// A card with the class of the listener, whose platform manages it.
fn managed() -> (Platform, Listener) {
    let listener = Listener::new(&[]);
    let mut card = Card::from_image(&image()).unwrap();
    card.load(Package::of(listener.clone())).unwrap();
    (Platform::of(card).to(RemoteApplication::ISSUER), listener)
}

fn field(octets: &[u8]) -> String {
    format!("{:02X}{}", octets.len(), hex::encode_upper(octets))
}

/// INSTALL [for install and make selectable] of the listener as `instance`, with a TAR.
fn install(p1: u8, instance: &[u8], tar: Tar) -> String {
    let parameters =
        InstallParameters { tars: vec![tar], menu_entries: Some(vec![]), ..InstallParameters::default() };
    let class = aid();
    let data = [
        field(class.as_bytes()),
        field(class.as_bytes()),
        field(instance),
        field(&[0x00]),
        field(&parameters.encode().unwrap()),
        field(&[]),
    ]
    .concat();
    format!("80E6{p1:02X}00{:02X}{data}", data.len() / 2)
}

#[test]
fn an_applet_is_installed_over_the_air_and_hears() {
    let (mut platform, listener) = managed();
    assert_eq!(platform.script(&install(0x0C, b"\xF0first", TAR))[..4], *"0161");
    assert_eq!(
        platform.card.applets().map(|applet| applet.state).collect::<Vec<_>>(),
        [AppletState::Selectable]
    );
    let counter = platform.packet.counter;
    let mut platform = Platform::of(platform.card).to(TAR);
    platform.packet.counter = counter;
    assert_eq!(platform.send("07").data, [7]);
    assert_eq!(listener.take(), ["message 16 07"]);
}

#[test]
fn an_applet_is_made_selectable_afterwards() {
    let (mut platform, _) = managed();
    platform.script(&install(0x04, b"\xF0first", TAR));
    assert_eq!(platform.card.applets().next().unwrap().state, AppletState::Installed);
    platform.script(&install(0x08, b"\xF0first", TAR));
    assert_eq!(platform.card.applets().next().unwrap().state, AppletState::Selectable);
}

#[test]
fn an_applet_does_not_get_a_tar_of_the_cards_own() {
    let (mut platform, _) = managed();
    for tar in [RemoteApplication::ISSUER, RemoteApplication::SIM_FILES, RemoteApplication::USIM_FILES[1]] {
        assert_eq!(platform.script(&install(0x0C, b"\xF0first", tar)), "016A80");
    }
    assert_eq!(platform.card.applets().count(), 0);
}

#[test]
fn applets_are_listed_locked_unlocked_and_deleted() {
    let (mut platform, _) = managed();
    platform.script(&install(0x0C, b"\xF0first", TAR));
    let aid = "F06669727374";
    assert_eq!(platform.script("80F24000024F00 80C0000000"), format!("02900006{aid}0700"));
    assert_eq!(platform.script("80F24002024F00 80C0000000"), format!("029000E30C4F06{aid}9F700107"));
    assert_eq!(platform.script("80F28000024F00 80C0000000"), "02900008A0000001510000000F00");
    assert_eq!(platform.script("80F22000034F01F0 80C0000000"), "02900007F06C697374656E0100");
    assert_eq!(platform.script("80F24000034F01A0"), "016A88");

    assert_eq!(platform.script(&format!("80F0408006{aid}")), "019000");
    assert_eq!(platform.card.applets().next().unwrap().state, AppletState::Locked);
    assert_eq!(platform.script(&format!("80F0400706{aid}")), "019000");
    assert_eq!(platform.card.applets().next().unwrap().state, AppletState::Selectable);
    assert_eq!(platform.script(&format!("80F0400706{aid}")), "016985");

    assert_eq!(platform.script(&format!("80E40000084F06{aid}")), "016101");
    assert_eq!(platform.card.applets().count(), 0);
    assert_eq!(platform.script(&format!("80E40000084F06{aid}")), "016A88");
}

#[test]
fn other_commands_of_management_are_not_known() {
    let (mut platform, _) = managed();
    for command in ["80E8000000", "80E2000000", "80CB000000", "80A4040000", "8050000000"] {
        assert_eq!(platform.script(command), "016D00", "{command}");
    }
    assert_eq!(platform.script("00E4000000"), "016E00");
}
