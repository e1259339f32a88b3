//! Files that applets watch (TS 102 241, `EVENT_EXTERNAL_FILE_UPDATE`; TS 102 268, `API_2_TKR_RGFE`).

use std::sync::{Arc, Mutex};

use oxisim_apdu::Status;
use oxisim_card::{AID_USIM, Aid, AppletError, Event, FilePart};
use oxisim_wire::Instant;

use crate::{
    phone::Phone,
    recorder::{Install, Process, Recorder, show},
};

type Heard = Arc<Mutex<Vec<String>>>;

const EF_PL: &[u16] = &[0x3F00, 0x2F05];
const EF_ADN: &[u16] = &[0x3F00, 0x7F10, 0x6F3A];
/// VERIFY PIN of the card.
const VERIFY: &str = "00200001 08 31323334FFFFFFFF";

/// A phone whose card has an applet that watches files.
fn watching(install: Install) -> (Phone, Heard) {
    let heard = Heard::default();
    let process: Process = |event, _| {
        assert!(matches!(event, Event::ExternalFileUpdate(_)), "{event:?}");
        Ok(())
    };
    let mut phone = Phone::with([Recorder::new(b'A', install, process).told_to(&heard)]);
    let verified = phone.send(VERIFY);
    assert!(verified == "9000" || verified.starts_with("69"), "{verified}");
    (phone, heard)
}

/// The parts that an applet was told of.
fn parts(heard: &Heard) -> Vec<String> {
    let told = std::mem::take(&mut *heard.lock().unwrap());
    told.iter().map(|told| told.split_once("part: ").unwrap().1.trim_end_matches(" })").to_owned()).collect()
}

fn select(phone: &mut Phone, path: &[u16]) {
    let path: Vec<u8> = path[1..].iter().flat_map(|fid| fid.to_be_bytes()).collect();
    assert_eq!(phone.send(&format!("00A4080C{:02X}{}", path.len(), hex::encode(path))), "9000");
}

#[test]
fn an_update_of_a_file_that_is_watched_is_told() {
    let (mut phone, heard) = watching(|env| env.registry().register_file_event(None, EF_ADN));
    select(&mut phone, EF_ADN);
    let length =
        phone.card.files().find(EF_ADN).and_then(|file| phone.card.files().record_length(file)).unwrap();
    let update = |number: u8, length| format!("00DC{number:02X}04{length:02X}{}", "FF".repeat(length));
    assert_eq!(phone.send(&update(2, length)), "9000");
    assert_eq!(parts(&heard), ["Record(2)"]);
    assert_eq!(phone.send(&update(2, length - 1)), "6700");
    assert_eq!(parts(&heard), [""; 0], "nothing was written");
    phone.send("00B2010400");
    assert_eq!(parts(&heard), [""; 0], "reading changes nothing");
}

#[test]
fn an_update_of_another_file_is_not_told() {
    let (mut phone, heard) = watching(|env| env.registry().register_file_event(None, EF_ADN));
    select(&mut phone, EF_PL);
    assert_eq!(phone.send("00D6000002656E"), "9000");
    assert_eq!(parts(&heard), [""; 0]);
}

#[test]
fn octets_are_told_by_their_place() {
    let (mut phone, heard) = watching(|env| env.registry().register_file_event(None, EF_PL));
    select(&mut phone, EF_PL);
    assert_eq!(phone.send("00D6000001FF"), "9000");
    assert_eq!(phone.send("00D600010120"), "9000");
    assert_eq!(parts(&heard), ["Octets { offset: 0, length: 1 }", "Octets { offset: 1, length: 1 }"]);
}

#[test]
fn a_directory_stands_for_the_files_that_are_in_it_itself() {
    let (mut phone, heard) = watching(|env| env.registry().register_file_event(None, &[0x3F00]));
    select(&mut phone, EF_PL);
    assert_eq!(phone.send("00D6000001FF"), "9000");
    assert_eq!(parts(&heard).len(), 1);
    select(&mut phone, EF_ADN);
    assert_eq!(phone.send("00DC010401FF"), "6700");
    let length =
        phone.card.files().find(EF_ADN).and_then(|file| phone.card.files().record_length(file)).unwrap();
    assert_eq!(phone.send(&format!("00DC0104{length:02X}{}", "FF".repeat(length))), "9000");
    assert_eq!(parts(&heard), [""; 0], "it is in a directory below");
}

#[test]
fn a_file_of_an_application_is_watched_by_its_aid() {
    let (mut phone, heard) =
        watching(|env| env.registry().register_file_event(Aid::new(&AID_USIM), &[0x7FFF, 0x6F05]));
    assert_eq!(phone.send(&format!("00A4040C{:02X}{}", AID_USIM.len(), hex::encode(AID_USIM))), "9000");
    assert_eq!(phone.send("00A4000C026F05"), "9000");
    assert_eq!(phone.send("00D6000002656E"), "9000");
    assert_eq!(parts(&heard), ["Octets { offset: 0, length: 2 }"]);
}

#[test]
fn a_file_that_is_not_there_cannot_be_watched() {
    let (phone, _) = watching(|env| {
        let missing = Err(AppletError::File(Status::FILE_NOT_FOUND));
        assert_eq!(env.registry().register_file_event(None, &[0x3F00, 0x2FFF]), missing);
        let aid = Aid::new(b"nobody").unwrap();
        assert_eq!(env.registry().register_file_event(Some(aid), &[0x7FFF, 0x6F05]), missing);
        Ok(())
    });
    assert_eq!(phone.card.applets().count(), 1);
}

#[test]
fn what_is_watched_survives_the_reset_until_it_is_given_up() {
    let heard = Heard::default();
    let process: Process = |event, env| match event {
        Event::ExternalFileUpdate(update) if update.part == (FilePart::Octets { offset: 1, length: 1 }) => {
            env.registry().deregister_file_event(None, EF_PL)
        }
        _ => Ok(()),
    };
    let applet = Recorder::new(b'A', |env| env.registry().register_file_event(None, EF_PL), process);
    let mut phone = Phone::with([applet.told_to(&heard)]);
    phone.card.power_on(Instant::EPOCH);
    phone.send(VERIFY);
    select(&mut phone, EF_PL);
    for place in ["00", "01", "00"] {
        assert_eq!(phone.send(&format!("00D600{place}0120")), "9000");
    }
    assert_eq!(parts(&heard).len(), 2, "the third is not told");
}

#[test]
fn an_applet_does_not_hear_of_what_applets_write() {
    let heard = Heard::default();
    let process: Process = |event, env| {
        let Event::MenuSelection { .. } = event else { return Ok(()) };
        let file = env.read_files().find(EF_PL)?;
        env.files().update_binary(file, 0, b"en")?;
        show(env, "written")
    };
    let install: Install = |env| {
        env.registry().init_menu_entry(*b"A")?;
        env.registry().register_file_event(None, EF_PL)
    };
    let mut phone = Phone::with([Recorder::new(b'A', install, process).told_to(&heard)]);
    phone.run(crate::phone::PROFILE);
    phone.run("80C20000 09 D30782020181900101");
    assert_eq!(heard.lock().unwrap().len(), 2, "the selection and the answer");
}

#[test]
fn each_applet_is_told_of_the_files_that_it_watches_itself() {
    let heard = Heard::default();
    let watching = |name, install| Recorder::new(name, install, |_, _| Ok(())).told_to(&heard);
    let mut phone = Phone::with([
        watching(b'A', |env| env.registry().register_file_event(None, EF_PL)),
        watching(b'B', |env| env.registry().register_file_event(None, EF_ADN)),
    ]);
    select(&mut phone, EF_PL);
    assert_eq!(phone.send("00D6000002656E"), "9000");
    let heard = heard.lock().unwrap();
    assert_eq!(heard.iter().map(|told| &told[..1]).collect::<Vec<_>>(), ["A"]);
}
