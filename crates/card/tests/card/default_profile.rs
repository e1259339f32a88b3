//! The default card's files.

use oxisim_apdu::Atr;
use oxisim_card::{Card, Profile, path};
use oxisim_wire::Instant;

use crate::terminal::Terminal;

#[test]
fn the_answer_to_reset_is_one() {
    let atr = Card::new(&Profile::default()).power_on(Instant::EPOCH);
    let parsed = Atr::parse(&atr).unwrap();
    assert_eq!(parsed.to_bytes(), atr);
    assert_eq!((parsed.fi_di(), parsed.supports(0)), (0x96, true));
    assert!(parsed.historical.ends_with(b"oxisim"));
}

#[test]
fn a_card_is_personalised_with_its_profile() {
    let profile = Profile {
        iccid: "8949000000000000001".into(),
        imsi: "26201123456789".into(),
        msisdn: "49171234567".into(),
        service_centre: "491710760000".into(),
        service_provider: "Müller".into(),
        phonebook_records: 50,
        ..Profile::default()
    };
    let mut card = Card::new(&profile);
    let files = card.files();
    let hex = |path, record| {
        let file = files.find(path).unwrap();
        let octets = match record {
            0 => files.read_binary(file, 0, 256),
            number => files.read_record(file, number),
        };
        hex::encode_upper(octets.unwrap())
    };
    assert_eq!(hex(path::EF_ICCID, 0), "989400000000000000F1");
    assert_eq!(hex(path::EF_IMSI, 0), "0821261021436587F9", "an even number of digits");
    assert_eq!(hex(path::EF_MSISDN, 1), format!("{}07919471214365F7{}", "FF".repeat(14), "FF".repeat(6)));
    assert_eq!(
        hex(path::EF_SMSP, 1),
        format!("{}E1{}0791947101670000FFFFFFFF000000", "FF".repeat(12), "FF".repeat(12))
    );
    assert_eq!(hex(path::EF_SPN, 0), format!("014D7E6C6C6572{}", "FF".repeat(10)));
    assert_eq!(files.record_count(files.find(path::EF_ADN).unwrap()), Ok(50));
    assert_eq!(files.record_count(files.find(path::EF_ANR).unwrap()), Ok(50));
}

#[test]
fn an_imsi_of_15_digits_has_odd_parity() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4040C07A0000000871002");
    assert_eq!(terminal.ok("00B0870009"), "080910100000000010");
}

/// TS 31.102 §4.2.8 and TS 51.011 §10.3.7: the tables agree on what there is.
#[test]
fn service_tables_say_what_there_is() {
    let mut card = Card::new(&Profile::default());
    let files = card.files();
    let table = |path| files.read_binary(files.find(path).unwrap(), 0, 17).unwrap().to_vec();
    let (ust, sst) = (table(path::EF_UST), table(path::EF_SST));
    let usim = |service: usize| ust[(service - 1) / 8] >> ((service - 1) % 8) & 1 == 1;
    let sim = |service: usize| sst[(service - 1) / 4] >> ((service - 1) % 4 * 2) & 3 == 3;
    assert!([1, 10, 12, 19, 21, 28].into_iter().all(usim));
    assert!([2, 4, 9, 10, 12, 17, 26, 29].into_iter().all(sim));
    assert!(!usim(2) && !sim(3), "no FDN");
}

/// `EF_PBR` names files that are there, with their short identifiers (TS 31.102 §4.4.2.1).
#[test]
fn the_phonebook_reference_names_files_that_are_there() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4040C07A0000000871002");
    terminal.ok("00A4080C047FFF5F3A");
    terminal.ok("00A4000C024F30");
    let pbr = terminal.ok("00B2010400");
    assert!(pbr.starts_with("A80AC0034F3A01C4034F1108AA05C2034F4A03FF"), "{pbr}");
    for (fid, sfi) in [("4F3A", 0x01), ("4F11", 0x08), ("4F4A", 0x03)] {
        let by_fid = terminal.ok(&format!("00A4000402{fid}00"));
        assert!(by_fid.ends_with(&format!("8801{:02X}", sfi << 3)), "{by_fid}");
    }
}

#[test]
fn a_copy_of_a_card_is_a_card_of_its_own() {
    let mut one = Card::new(&Profile::default());
    let mut two = one.clone();
    let adn = one.files().find(path::EF_ADN).unwrap();
    one.files().update_record(adn, 1, &[7; 28]).unwrap();
    assert_eq!(two.files().read_record(adn, 1), Ok(&[0xFF; 28][..]));
}

#[test]
fn memory_moves_to_another_card_by_name() {
    let mut one = Card::new(&Profile::default());
    let adn = one.files().find(path::EF_ADN).unwrap();
    one.files().update_record(adn, 1, &[7; 28]).unwrap();
    let mut two = Card::new(&Profile::default());
    for (name, octets) in one.memory().objects() {
        two.memory_mut().restore(name, octets).unwrap();
    }
    assert_eq!(two.files().read_record(adn, 1), Ok(&[7; 28][..]));
    assert!(one.memory().objects().any(|(name, octets)| name == "3F00/7F10/6F3A" && octets.len() == 7140));
}
