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
    assert_eq!(hex(path::EF_OPL, 1), "62F2100000FFFE01", "the same as pySim's");
    assert_eq!(hex(path::EF_SPDI, 0), format!("A305800362F210{}", "FF".repeat(10)));
    assert_eq!(hex(path::EF_EHPLMN, 0), format!("62F210{}", "FF".repeat(9)));
    assert_eq!(hex(path::EF_HPLMNWACT, 0), format!("62F210C080{}", "FFFFFF0000".repeat(11)));
    assert_eq!(hex(path::EF_ACC, 0), "0200", "class 9");
    assert_eq!(hex(path::EF_AD, 0), "00000002");
    assert_eq!(hex(path::EF_SUME, 0), format!("850353494D{}", "FF".repeat(27)));
    assert_eq!(files.record_count(files.find(path::EF_ADN).unwrap()), Ok(50));
    assert_eq!(files.record_count(files.find(path::EF_ANR).unwrap()), Ok(50));
}

#[test]
fn a_mobile_network_code_can_have_three_digits() {
    let profile = Profile { imsi: "310410123456782".into(), mnc_digits: 3, ..Profile::default() };
    let mut card = Card::new(&profile);
    let files = card.files();
    let octets = |path| hex::encode_upper(files.read_binary(files.find(path).unwrap(), 0, 7).unwrap());
    assert_eq!(octets(path::EF_SPDI), "A3058003130014");
    assert_eq!((octets(path::EF_AD), octets(path::EF_ACC)), ("00000003".into(), "0004".into()));
}

/// TS 24.008 §10.5.3.5a: in the default alphabet with its spare bits, or in UCS2, as much as there is room for.
#[test]
fn a_network_has_its_full_name() {
    for (name, expected) in [
        ("hello", "430685E8329BFD06"),
        ("Сеть", "43099004210435044204 4C"),
        ("twenty-five septets long!", "431680F47BD94DCFB7CC697B19342FC3E965FA1CC47EBBCF"),
        ("Одиннадцать", "43159004 1E 0434 0438 043D 043D 0430 0434 0446 0430 0442"),
    ] {
        let mut card = Card::new(&Profile { service_provider: name.into(), ..Profile::default() });
        let files = card.files();
        let record = hex::encode_upper(files.read_record(files.find(path::EF_PNN).unwrap(), 1).unwrap());
        let expected = expected.replace(' ', "");
        assert_eq!(record, format!("{expected}{}", "F".repeat(48 - expected.len())), "{name}");
    }
}

#[test]
fn an_imsi_of_15_digits_has_odd_parity() {
    let mut terminal = Terminal::default();
    terminal.ok("00A4040C07A0000000871002");
    assert_eq!(terminal.ok("00B0870009"), "080910100000000010");
}

/// Fixed dialling, the call meter and the phonebook of a phone of GSM: PIN 2 guards what the user alone may do.
#[test]
fn pin_2_guards_what_it_is_there_for() {
    const PIN_2: &str = "0020008108 30303030FFFFFFFF";
    let mut terminal = Terminal::default();
    let number = format!("00DC01041C{}", "FF".repeat(28));
    let steps = [
        ("00A4080C047F106F3B", number.as_str()),
        ("00A4080C047F206F37", "00D6000003 0000FF"),
        ("00A4080C047F206F39", "00DC000303 000001"),
        ("00A4080C047F106F3A", "00040000"),
    ];
    for (select, apdu) in steps {
        terminal.ok(select);
        assert_eq!(terminal.send(apdu), "6982", "{select}");
    }
    terminal.ok("00A4080C047F206F39");
    assert_eq!(terminal.ok("8032000003 000005 00"), "000005000005", "INCREASE takes PIN 1 only");
    terminal.ok(PIN_2);
    for (select, apdu) in steps {
        terminal.ok(select);
        terminal.ok(apdu);
    }
    terminal.ok("00440000");
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
    two.restore(one.memory().objects().map(|(name, octets)| (name, Some(octets)))).unwrap();
    assert_eq!(two.files().read_record(adn, 1), Ok(&[7; 28][..]));
    assert!(one.memory().objects().any(|(name, octets)| name == "3F00/7F10/6F3A" && octets.len() == 7140));
}
