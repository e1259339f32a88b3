//! Keys and applets of a card's file.

use oxisim_applets::PhonebookBackup;
use oxisim_card::{AccessDomain, KeyReference, SecurityLevel, SubmitRule};

use super::*;

/// A key of every algorithm comes back from its lines, with everything that can be said of it.
#[test]
fn every_key_is_the_same_from_its_file() {
    const HEAD: &str = "[[authentication]]\ndirectory = \"ADF.USIM\"\nk = \"";
    const K: &str = "00112233445566778899AABBCCDDEEFF";
    let op = "FEDCBA98765432100123456789ABCDEF";
    for lines in [
        format!("{HEAD}{K}\"\nalgorithm = \"milenage\"\nop = \"{op}\""),
        format!(
            "{HEAD}{K}\"\nalgorithm = \"milenage\"\nopc = \"{op}\"\nind_bits = 3\ndelta = 7\nage_limit = 9"
        ),
        format!(
            "{HEAD}{K}\"\nalgorithm = \"milenage\"\nopc = \"{op}\"\nsqn = [\"000000000020\", \"FFFFFFFFFFFF\"]"
        ),
        format!("{HEAD}{K}\"\nalgorithm = \"tuak\"\nop = \"{op}{op}\"\niterations = 2"),
        format!(
            "{HEAD}{K}{K}\"\nalgorithm = \"tuak\"\nopc = \"{op}{op}\"\nmac_bits = 128\nres_bits = 256\nck_bits = 256\nik_bits = 128"
        ),
        format!("{HEAD}{K}\"\nalgorithm = \"xor\"\nres_bits = 40"),
        format!("{HEAD}{K}\"\nalgorithm = \"xor-2g\""),
        format!("{HEAD}{K}\"\nalgorithm = \"comp128-1\""),
        format!("{HEAD}{K}\"\nalgorithm = \"comp128-2\""),
        format!("{HEAD}{K}\"\nalgorithm = \"comp128-3\""),
    ] {
        let image = read(&format!("{SMALL}{lines}")).unwrap();
        let text = write(&image, &[], None);
        assert_eq!(read(&text).unwrap().authentication, image.authentication, "{text}");
        assert_eq!(image.authentication.len(), 1);
    }
}

/// Key sets for packets over the air, and what the card's own applications ask for.
#[test]
fn every_key_set_is_the_same_from_its_file() {
    let lines = "[[keys]]\nversion = 1\nalgorithm = \"des\"\nkic = \"0011223344556677\"\n\
                 kid = \"00112233445566778899AABBCCDDEEFF\"\n\
                 [[keys]]\nversion = 15\nalgorithm = \"aes\"\nkic = \"00112233445566778899AABBCCDDEEFF\"\n\
                 kid = \"00112233445566778899AABBCCDDEEFF\"\nkik = \"FFEEDDCCBBAA99887766554433221100\"\n\
                 counter = 1099511627775\n[remote]\nsecurity = \"16\"\naccess = \"pin1 and adm1\"\nsubmit = \"always\"\n";
    let image = read(&format!("{SMALL}{lines}")).unwrap();
    assert_eq!(image.key_sets.len(), 2);
    assert_eq!(image.key_sets[1].counter.value(), 1_099_511_627_775);
    assert!(!image.remote.is_empty() && image.remote.iter().all(|own| own.security.0 == 0x16));
    assert!(image.remote.iter().all(|own| own.keys == [KeyReference(0x01), KeyReference(0x0A)]));
    let again = read(&write(&image, &[], None)).unwrap();
    assert_eq!((again.key_sets, again.remote), (image.key_sets, image.remote));
    assert_eq!((again.submit, image.submit), (SubmitRule::Always, SubmitRule::Always));
}

#[test]
fn what_a_file_does_not_say_of_remote_management_is_as_on_any_card() {
    for lines in ["", "[remote]\n", "[remote]\nsecurity = \"12\"\naccess = \"full\"\nsubmit = \"accepted\"\n"]
    {
        let image = read(&format!("{SMALL}{lines}")).unwrap();
        assert_eq!(image.submit, SubmitRule::Accepted);
        for own in &image.remote {
            assert_eq!((own.security, own.access), (SecurityLevel::REPLAY_SAFE, AccessDomain::FULL));
        }
        assert!(!write(&image, &[], None).contains("[remote]"));
    }
    let none = read(&format!("{SMALL}[remote]\naccess = \"none\"\n")).unwrap();
    assert!(none.remote.iter().all(|own| own.access == AccessDomain::NONE));
    assert_eq!(read(&write(&none, &[], None)).unwrap().remote, none.remote);
}

/// The published challenge of `crates/card/tests/vectors`, to a card whose file has OP and the highest number.
#[test]
fn a_card_authenticates_with_the_key_of_its_file() {
    let key = "[[authentication]]\ndirectory = \"ADF.USIM\"\nalgorithm = \"milenage\"\n\
               k = \"8BAF473F2F8FD09487CCCBD7097C6862\"\nop = \"11111111111111111111111111111111\"\n";
    let challenge = "00880081 22 10 8838C355C878AA572149FE69DB686B5A 10 D744519B25AA800084BA37B0F6734DD1 00";
    let challenge = hex::decode(challenge.replace(' ', "")).unwrap();
    for (sqn, tag) in [("", 0xDB), ("sqn = [\"000000001B37\"]", 0xDB), ("sqn = [\"000000001B57\"]", 0xDC)] {
        let mut card = card(
            &format!("{SMALL}{key}{sqn}").replace("value = \"1234\"", "value = \"1234\"\nenabled = false"),
        )
        .unwrap();
        card.power_on(Instant::EPOCH);
        select(&mut card, BY_NAME, &oxisim_card::AID_USIM[..7]);
        let response = card.exchange(Instant::EPOCH, &challenge);
        assert_eq!((response.status, response.data[0]), (Status::NORMAL, tag), "{sqn}");
        if tag == 0xDB {
            assert_eq!(hex::encode_upper(&response.data[1..10]), "08E55D8827918DACC6");
        }
    }
}

#[test]
fn the_applets_of_a_file_are_on_the_card() {
    let text = format!("{}[applets.backup]\nserver = \"+15550199999\"\nmode = \"timer\"\n", default_text());
    assert!(PhonebookBackup::is_on(&card(&text).unwrap()));
    assert!(!PhonebookBackup::is_on(&card(&default_text()).unwrap()));
}

#[test]
fn every_shipped_applet_can_be_in_a_file() {
    let tables = "[applets.tracker]\nowner = \"+15550100002\"\n[applets.balance]\ncode = \"*100#\"\n[applets.echo]\n\
                  [applets.hello]\n[applets.backup]\nserver = \"+15550199999\"\n";
    let card = card(&format!("{}{tables}", default_text())).unwrap();
    let names: Vec<String> = card.applets().map(|applet| applet.name).collect();
    assert_eq!(names, ["Phonebook backup", "hello", "echo", "balance", "tracker"]);
}
