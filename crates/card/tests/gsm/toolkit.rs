//! TERMINAL PROFILE, ENVELOPE, FETCH and TERMINAL RESPONSE in class `A0` (TS 51.011 §8.17 to §8.20, TS 51.014).

use oxisim_card::{Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Profile, ToolkitEvent};
use oxisim_sms::{DataCoding, ProtocolIdentifier, Timestamp, UserData, tpdu::Deliver};
use oxisim_toolkit::{Envelope, command::DisplayText, envelope::SmsPpDownload, objects::TextString};
use oxisim_wire::Wire;

use crate::sim::Sim;

/// Shows a text when its entry of the menu is selected, and answers messages with what they say, or with an error.
#[derive(Clone)]
pub struct Parrot;

impl Applet for Parrot {
    fn aid(&self) -> Aid {
        Aid::new(&[0xA0, 0x00, 0x00, 0x00, 0x87, 0x50]).unwrap()
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().init_menu_entry(*b"Parrot")?;
        env.registry().set_event(ToolkitEvent::UnformattedSmsPp)?;
        Ok(())
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::MenuSelection { .. } => env.send(0x80, DisplayText::new(TextString::eight_bit("Hi")))?,
            Event::UnformattedSmsPp(sms) => match &*sms.message.payload {
                b"silence" => {}
                b"error" => env.post_error_response(b"no")?,
                b"empty error" => env.post_error_response(b"")?,
                words => env.post_response(words)?,
            },
            _ => {}
        }
        Ok(())
    }
}

pub fn parrot() -> Sim {
    Sim::with(Card::new(&Profile::default()).with_applet(Parrot))
}

pub const PROFILE: &str = "A010000009FFFFFFFFFFFFFFFFFF";
/// MENU SELECTION of the entry.
pub const SELECTION: &str = "A0C2000009D30782020181900101";

/// An SMS-PP download.
fn message(words: &[u8]) -> String {
    let timestamp = Timestamp::decode(&[0x62, 0x11, 0x32, 0x81, 0x00, 0x00, 0x00], "time stamp").unwrap();
    let user_data = UserData::new(DataCoding::EIGHT_BIT_CLASS_2, Vec::new(), words.to_vec()).unwrap();
    let deliver =
        Deliver::new("+15550100002".parse().unwrap(), ProtocolIdentifier(0x7F), timestamp, user_data);
    let data = Envelope::from(SmsPpDownload::new(None, deliver.encode())).encode();
    format!("A0C20000{:02X}{}", data.len(), hex::encode(data))
}

#[test]
fn a_proactive_command_is_told_fetched_and_answered() {
    let mut sim = parrot();
    let answer = sim.send(PROFILE);
    let length = answer.strip_prefix("91").unwrap();
    assert_eq!(sim.send("A012000000"), format!("67{length}"));
    assert_eq!(sim.send("A012000001"), format!("67{length}"));
    assert!(sim.ok(&format!("A0120000{length}")).starts_with("D0"));
    assert_eq!(sim.send(SELECTION), "9300", "the terminal owes the answer to SET UP MENU");
    sim.ok("A01400000C810301250082028281830100");
    let answer = sim.send(SELECTION);
    let length = answer.strip_prefix("91").unwrap();
    let shown = sim.ok(&format!("A0120000{length}"));
    assert!(shown.ends_with(&hex::encode_upper("Hi")), "{shown}");
    assert_eq!(sim.send("A01400000C810301250082028281830100"), "6F00", "it answers another command");
    sim.ok("A01400000C810301218082028281830100");
    assert_eq!(sim.send("A012000001"), "6F00", "there is nothing to fetch");
}

/// 91XX follows what waits for GET RESPONSE.
#[test]
fn a_waiting_command_is_told_after_get_response() {
    let mut sim = parrot();
    let told = sim.send(PROFILE);
    assert_eq!(sim.send("A0A40000023F00"), "9F16");
    let answer = sim.send("A0C0000016");
    assert!(answer.ends_with(&told), "{answer}");
    assert!(sim.send("A0F2000016").ends_with(&told));
}

#[test]
fn an_answer_to_a_message_waits() {
    let mut sim = parrot();
    assert_eq!(sim.send(&message(b"hello")), "9F05");
    assert_eq!(sim.ok("A0C0000005"), hex::encode_upper("hello"));
    assert_eq!(sim.send(&message(b"silence")), "9000");
}

/// 9EXX: SIM data download error; a UICC warns with 6200 (TS 51.011 §9.4.1, TS 31.111 §7.1.1).
#[test]
fn an_error_of_a_data_download_waits() {
    let mut sim = parrot();
    assert_eq!(sim.send(&message(b"error")), "9E02");
    assert_eq!(sim.ok("A0C0000002"), hex::encode_upper("no"));
    assert_eq!(sim.send(&(message(b"error") + "00")), "9E02");
    assert_eq!(sim.send(&message(b"empty error")), "6F00");
    let uicc = message(b"error").replacen("A0", "80", 1);
    assert_eq!(sim.send(&uicc), "6102");
    assert_eq!(sim.send("00C0000002"), format!("{} 6200", hex::encode_upper("no")));
}

/// 9FXX says 256 octets at most.
#[test]
fn an_answer_that_is_longer_than_a_response_can_be_had_as_far_as_it_goes() {
    #[derive(Clone)]
    struct Talker;

    impl Applet for Talker {
        fn aid(&self) -> Aid {
            Aid::new(&[0xA0, 0x00, 0x00, 0x00, 0x87, 0x51]).unwrap()
        }

        fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
            env.registry().set_event(ToolkitEvent::UnformattedSmsPp)
        }

        fn process_toolkit(&mut self, _: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
            env.post_response(&[0xAA; 300])?;
            Ok(())
        }
    }

    let mut sim = Sim::with(Card::new(&Profile::default()).with_applet(Talker));
    assert_eq!(sim.send(&message(b"speak")), "9F00");
    assert_eq!(sim.ok("A0C0000000"), "AA".repeat(256));
}

#[test]
fn what_is_no_toolkit_data_is_a_technical_problem() {
    let mut sim = parrot();
    assert_eq!(sim.send(&SELECTION.replace("900101", "900109")), "6F00", "nobody's entry");
    assert_eq!(sim.send("A0C2000002FFFF"), "6F00");
    assert_eq!(sim.send("A01400000102"), "6F00");
    assert_eq!(sim.send("A010000000"), "6700");
    assert_eq!(sim.send("A0100100 01FF"), "6B00");
}
