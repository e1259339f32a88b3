//! Packets of other tools, opened by this card, and the receipts that other cards have given (the vectors of the crate
//! of short messages, whose README names the sources).

use oxisim_card::{
    Aid, Applet, AppletError, Card, Env, Event, Image, InstallParameters, KeySet, KeyType, Managed, Profile,
    RemoteApplication, SecurityLevel, SubmitRule, Tar, ToolkitEvent, TypedKey,
};
use oxisim_sms::packet::{CommandPacket, Counter, Form, Kic, Kid, ResponseStatus, SecurityParameters};
use serde_json::Value;

use crate::platform::{Platform, keys};

const ROWS: &str = include_str!("../../../sms/tests/vectors/packet.jsonl");

fn rows() -> impl Iterator<Item = Value> {
    ROWS.lines().map(|line| serde_json::from_str(line).unwrap())
}

fn row(id: &str) -> Value {
    rows().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no row {id}"))
}

fn octets(row: &Value, field: &str) -> Vec<u8> {
    hex::decode(row[field].as_str().unwrap()).unwrap()
}

/// The key of a row, for the algorithm that the code names; any one if the row has none.
fn key(row: &Value, field: &str, code: u8) -> TypedKey {
    let kind = if code & 0x0F == 0x02 { KeyType::AES } else { KeyType::DES };
    let octets = octets(row, field);
    let octets = if octets.is_empty() { vec![0x99; 16] } else { octets };
    TypedKey::new(kind, &octets).unwrap()
}

/// A card with the keys of a row, whose applications ask for no security.
fn image(row: &Value) -> Image {
    let (kic, kid) = (octets(row, "kic")[0], octets(row, "kid")[0]);
    let set = KeySet {
        version: (kid >> 4).max(1),
        kic: key(row, "key_kic", kic),
        kid: key(row, "key_kid", kid),
        kik: None,
        counter: Counter::default(),
    };
    let mut image = Image { key_sets: vec![set], ..Profile::default().image() };
    for application in &mut image.remote {
        application.security = SecurityLevel(0);
    }
    image
}

/// A platform with the keys of a row.
fn platform(row: &Value, card: Card) -> Platform {
    let mut platform = Platform::of(card);
    let set = &image(row).key_sets[0];
    platform.keys = keys(set.kic.key.octets(), set.kid.key.octets());
    let counter = octets(row, "cntr").iter().fold(0, |sum, &octet| sum << 8 | u64::from(octet));
    platform.packet = CommandPacket {
        security: SecurityParameters(octets(row, "spi").try_into().unwrap()),
        kic: Kic(octets(row, "kic")[0]),
        kid: Kid(octets(row, "kid")[0]),
        tar: Tar(octets(row, "tar").try_into().unwrap()),
        counter: Counter::new(counter).unwrap(),
        data: Vec::new(),
    };
    platform
}

/// The response packet that the card answers with, from RPL on.
fn response(answer: &str) -> String {
    let packet = answer.strip_prefix("027100").unwrap_or_else(|| panic!("no receipt: {answer}"));
    packet.strip_suffix("9000").unwrap_or_else(|| panic!("refused: {answer}")).to_owned()
}

#[test]
fn what_other_tools_have_wrapped_is_carried_out() {
    let mut opened = 0;
    for row in rows().filter(|row| row["kind"] == "command") {
        let is_agreed = ["agreed_cipher", "agreed_check", "short_checksum", "refused"]
            .iter()
            .any(|field| !row[*field].is_null());
        let card = Card::from_image(&image(&row)).unwrap();
        let mut platform = platform(&row, card);
        // The others go to an applet, or take an agreement that no key set has.
        if is_agreed || !image(&row).remote.iter().any(|own| own.tar == platform.packet.tar) {
            continue;
        }
        if octets(&row, "spi")[1] & 0x20 != 0 {
            continue;
        }
        let answer = platform.deliver(&octets(&row, "packet"));
        if row["id"] == "pysim/3des/command-ciphered" {
            // Without a checksum it asks for a receipt with one: status 0A.
            assert!(answer.ends_with("0A6200"), "{answer}");
            continue;
        }
        let receipt = platform.receipt(&answer).unwrap_or_else(|error| panic!("{}: {error}", row["id"]));
        assert_eq!(receipt.status, ResponseStatus::POR_OK, "{}", row["id"]);
        assert_eq!(receipt.counter, platform.packet.counter);
        let commands = match octets(&row, "data") {
            data if data.starts_with(&[0xA0, 0xA4, 0, 0, 2, 0x3F]) => 4,
            _ => 1,
        };
        assert_eq!(receipt.data[0], commands, "{}", row["id"]);
        opened += 1;
    }
    assert_eq!(opened, 27);
}

/// The card writes what the packet of the Java library says, and sends its receipt in a message.
#[test]
fn a_file_is_written_by_a_packet_of_another_tool() {
    let row = row("gsm0348/java-3des-cc");
    let mut platform = platform(&row, Card::from_image(&image(&row)).unwrap());
    platform.start();
    let answer = platform.deliver(&octets(&row, "packet"));
    let sent = platform.carry_out(&answer);
    assert_eq!(hex::encode_upper(sent[0].user_data.payload()), "000E0AB00010000000156C0000029000");
    assert_eq!(platform.contents(&[0x3F00, 0x2F05])[..2], *"AA");
}

/// The real cards of these rows have an MF whose FCP template has 50 octets.
#[test]
fn the_receipt_is_that_of_a_real_card() {
    for (command, of_card) in [
        ("pysim/aes128/command", "pysim/aes128/response"),
        ("pysim/sja5-3des/command-ciphered-cc", "pysim/sja5-3des/response-ciphered-cc"),
        ("pysim/sja5-3des/command-unciphered-cc", "pysim/sja5-3des/response-unciphered-cc"),
        ("pysim/sja5-3des/command-unciphered-nocc", "pysim/sja5-3des/response-unciphered-nocc"),
    ] {
        let row_of_command = row(command);
        let mut image = image(&row_of_command);
        with_fcp_of(&mut image, 0x32);
        let mut platform = platform(&row_of_command, Card::from_image(&image).unwrap());
        let answer = platform.deliver(&octets(&row_of_command, "packet"));
        assert_eq!(response(&answer), row(of_card)["packet"].as_str().unwrap(), "{command}");
    }
}

/// Gives the MF proprietary information until SELECT says so many octets of it.
fn with_fcp_of(image: &mut Image, octets: usize) {
    loop {
        let mut card = Card::from_image(image).unwrap();
        card.power_on(oxisim_wire::Instant::EPOCH);
        let answer = card.exchange(oxisim_wire::Instant::EPOCH, &hex::decode("00A40004023F0000").unwrap());
        if answer.data.len() == octets {
            return;
        }
        assert!(answer.data.len() < octets, "{} octets already", answer.data.len());
        let missing = octets - answer.data.len();
        image.files[0].proprietary.extend([0xD0, (missing - 2) as u8]);
        image.files[0].proprietary.extend(vec![0x00; missing - 2]);
    }
}

/// Answers each packet with two octets.
#[derive(Clone)]
struct Answering;

impl Applet for Answering {
    fn aid(&self) -> Aid {
        Aid::new(b"\xF0answer").unwrap()
    }

    fn parameters(&self) -> InstallParameters {
        InstallParameters { tars: vec![Tar([0xC0, 0x02, 0x03])], ..InstallParameters::default() }
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().set_event(ToolkitEvent::FormattedSmsPp)
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::FormattedSmsPp(_) => env.post_response(&[0x11, 0x00]),
            _ => Ok(()),
        }
    }
}

/// The receipts of the Java library's tests, from commands like those that led to them.
#[test]
fn receipts_are_those_of_other_tools() {
    let applet_of_cmac = RemoteApplication {
        tar: Tar([0x00, 0x00, 0x01]),
        manages: Managed::Files(vec![0x3F00]),
        ..RemoteApplication::standard(&[0x3F00]).pop().unwrap()
    };
    for (id, data) in [
        ("gsm0348/test-response-001", "B0A40000023F00"),
        ("gsm0348/test-response-002", "01"),
        // EF_PL selected, and updated twice.
        ("gsm0348/test-response-003", "00A4000C023F00 00A4000C022F05 00D6000001AA 00D6000001AA"),
        ("gsm0348/java-por-aes-cmac64", "AA09 2207 00A4000C022F05"),
        ("gsm0348/java-por-3des-ciphered", "A0A40000023F00"),
    ] {
        let row = row(id);
        let mut image = Image { submit: SubmitRule::Always, ..image(&row) };
        image.remote.push(RemoteApplication { security: SecurityLevel(0), ..applet_of_cmac.clone() });
        let card = Card::from_image(&image).unwrap().with_applet(Answering);
        let mut platform = platform(&row, card);
        platform.start();
        platform.packet.data = hex::decode(data.replace(' ', "")).unwrap();
        let packet = platform.packet.seal(Form::ShortMessage, &platform.keys).unwrap();
        let answer = platform.deliver(&packet);
        let response = if octets(&row, "spi")[1] & 0x20 == 0 {
            response(&answer)
        } else {
            hex::encode_upper(platform.carry_out(&answer)[0].user_data.payload())
        };
        assert_eq!(response, row["packet"].as_str().unwrap(), "{id}");
    }
}
