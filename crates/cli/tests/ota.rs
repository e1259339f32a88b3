//! `oxisim ota` as its user sees it. The packets are of pySim `test_ota.py` and of gsm0348 `Dataset0348.xml` and
//! `Gsm0348Test.java`.

use serde_json::Value;
use snapbox::{
    cmd::{Command, OutputAssert},
    str,
};

fn command(words: &[&str]) -> Command {
    Command::new(snapbox::cmd::cargo_bin!("oxisim"))
        .arg("ota")
        .args(words)
        .env_remove("RUST_LOG")
        .env_remove("OXISIM_KEY_KIC")
        .env_remove("OXISIM_KEY_KID")
}

fn ota(words: &[&str]) -> OutputAssert {
    command(words).stdin("").assert()
}

fn stdout(words: &[&str], lines: &str) -> String {
    let output = command(words).stdin(lines.to_owned()).assert().success();
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

const KIC: &str = "200102030405060708090A0B0C0D0E0F";
const KID: &str = "201102030405060708090A0B0C0D0E0F";
const KEYS: [&str; 4] = ["--key-kic", KIC, "--key-kid", KID];
const COMMAND: &str = "00281506192222B00011E87CCEEBB2D93083011CE294F93FC4D8DE80DA1ABAE8C37CA3E72EC4432E5058";
const RESPONSE: &str = "027100002412B00011EBC6B497E2CAD7AEDF36ACE0E3A29B38853F0FE9CCDE81913BE5702B73ABCE1F";

fn with_keys<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [words, &KEYS].concat()
}

#[test]
fn a_command_of_others_opens_and_ours_is_the_same() {
    ota(&with_keys(&["unwrap", COMMAND])).success().stdout_eq(str![[r"
command packet (packet)
  SPI     0619  integrity: cryptographic checksum, ciphered, no counter; receipt: always by SMS-DELIVER-REPORT, integrity: cryptographic checksum, ciphered
  KIc     22  AES-CBC (key check value 91F3AB), key set 2
  KID     22  AES-CMAC of 8 octets, key set 2
  TAR     B00011
  CNTR    0000000000
  data    00A40004023F00

"]]);
    let header = ["wrap", "--spi", "0619", "--kic", "22", "--kid", "22", "--tar", "B00011"];
    let words = with_keys(&[&header[..], &["00A40004023F00"]].concat());
    assert_eq!(stdout(&words, ""), format!("{COMMAND}\n"));
}

#[test]
fn a_response_of_a_card_opens_with_the_header_of_its_command() {
    let header = ["unwrap", "--spi", "0619", "--kic", "22", "--kid", "22", RESPONSE];
    ota(&with_keys(&header)).success().stdout_eq(str![[r"
response packet (user data), secured as its command asked for
  SPI     0619  integrity: cryptographic checksum, ciphered, no counter; receipt: always by SMS-DELIVER-REPORT, integrity: cryptographic checksum, ciphered
  KIc     22  AES-CBC (key check value 91F3AB), key set 2
  KID     22  AES-CMAC of 8 octets, key set 2
  TAR     B00011
  CNTR    0000000000
  status  00  POR_OK
  data    016132
  compact 1 executed, the last one answers 6132

"]]);
    let missing = ota(&with_keys(&["unwrap", RESPONSE])).code(1);
    let said = String::from_utf8(missing.get_output().stderr.clone()).unwrap();
    assert!(said.contains("--spi, --kic and --kid of its command"), "{said}");
}

#[test]
fn an_expanded_response_is_said_in_words() {
    let packet = "001C1200000100000000000000F5AB90FE3AABB6C3AB0780010123029000";
    let key = "11223344556677889910111213141516";
    let words =
        ["unwrap", "--response", "--spi", "0229", "--kic", "12", "--kid", "12", "--key-kid", key, "--json"];
    let object: Value = serde_json::from_str(&stdout(&[&words[..], &[packet]].concat(), "")).unwrap();
    assert_eq!(object["verdict"], "opened");
    assert_eq!(object["data"], "AB0780010123029000");
    assert_eq!(object["script"], "1 executed: 9000");
    assert_eq!(object["status"]["meaning"], "POR_OK");
}

#[test]
fn keys_that_are_exchanged_are_found_out() {
    ota(&["unwrap", "--key-kic", KID, "--key-kid", KIC, COMMAND]).code(1).stdout_eq(str![[r"
command packet (packet)
  SPI     0619  integrity: cryptographic checksum, ciphered, no counter; receipt: always by SMS-DELIVER-REPORT, integrity: cryptographic checksum, ciphered
  KIc     22  AES-CBC (key check value 2B399E), key set 2
  KID     22  AES-CMAC of 8 octets, key set 2
  TAR     B00011
  status  01  RC_CC_DS_FAILED
  because checksum is D740F59687C2ADB6, with this key and AES-CMAC of 8 octets it would be 96E06C26DCDB7321
  because after deciphering PCNTR is 0xD3, a block has 16 octets: wrong KIc key or algorithm?
  but     it opens with AES-CBC, AES-CMAC of 8 octets and the keys of KIc and KID exchanged

"]]);
}

#[test]
fn a_key_of_the_checksum_alone_that_is_wrong_is_told_from_one_that_ciphers() {
    let output = ota(&[
        "unwrap",
        "--json",
        "--key-kic",
        KIC,
        "--key-kid",
        "00112233445566778899AABBCCDDEEFF",
        COMMAND,
    ]);
    let object: Value = serde_json::from_slice(&output.code(1).get_output().stdout).unwrap();
    assert_eq!((&object["verdict"], &object["data"]), (&"refused".into(), &Value::Null));
    assert_eq!(object["refusal"]["meaning"], "RC_CC_DS_FAILED");
    let reason = object["reasons"][1].as_str().unwrap();
    assert!(reason.contains("11 octets of padding are zero: the KIc key fits"), "{reason}");
    assert_eq!(object["would_open"], serde_json::json!([]));
}

/// As a card answers a packet with a wrong checksum, whose SPI asks for a receipt that is secured.
#[test]
fn a_receipt_that_could_not_be_secured_says_its_status() {
    let words = ["unwrap", "--spi", "1619", "--kic", "22", "--kid", "22", "027100000B0AB0001000000000000001"];
    let output = ota(&with_keys(&words)).code(1);
    let said = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let statuses: Vec<_> = said.lines().filter(|line| line.starts_with("  status")).collect();
    assert_eq!(statuses, ["  status  01  RC_CC_DS_FAILED"], "{said}");
    assert!(said.contains("because it says RC_CC_DS_FAILED without security, so anybody can have sent it"));
    assert!(!said.contains("blocks"), "{said}");
}

#[test]
fn another_algorithm_of_the_same_key_length_and_a_shorter_checksum_are_found_out() {
    let other = |words: &[&str]| {
        let output = ota(&with_keys(&[&["unwrap", "--json"], words].concat())).code(1);
        let object: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        object["would_open"][0].as_str().unwrap().to_owned()
    };
    let response = ["--spi", "0619", "--kic", "25", "--kid", "25", RESPONSE];
    assert_eq!(other(&response), "it opens with AES-CBC, AES-CMAC of 8 octets");
    let wrap = ["wrap", "--spi", "0200", "--kid", "12", "--tar", "B00010", "--checksum-octets", "4", "AABB"];
    let short = stdout(&with_keys(&wrap), "");
    assert_eq!(other(&[short.trim()]), "it opens with no ciphering, AES-CMAC of 4 octets");
    ota(&with_keys(&["unwrap", "--checksum-octets", "4", short.trim()])).success();
}

#[test]
fn an_algorithm_that_the_header_leaves_open_is_asked_for() {
    let packet = "00280D0C010401B000101B94C9BA4BE5D665191311BC869571BC52D8B8B7B654DEA8C43139D8A6AA05E3";
    let words = ["unwrap", "--key-kic", "00000000000000000000000000000000", packet];
    ota(&words).code(1).stderr_eq(str![[r"
oxisim: the packet does not open: KIc 04 names no algorithm, and none is agreed upon: --cipher says which

"]]);
    ota(&[&words[..], &["--cipher", "3des2-cbc"]].concat()).success();
}

#[test]
fn a_response_that_was_changed_does_not_open() {
    let key = "12110C78E678C25408233076AA033615";
    let header = ["unwrap", "--spi", "0609", "--kic", "35", "--kid", "35", "--key-kid", key];
    let open = |packet| ota(&[&header[..], &[packet]].concat());
    open("027100001612B000110000000000000055F47118381175FB01612F").success();
    open("027100001612B000110000000000000055F47118381175FB02612F").code(1);
}

#[test]
fn a_long_packet_goes_in_several_messages_and_comes_back_in_any_order() {
    let data = "5A".repeat(370);
    let header =
        ["wrap", "--spi", "1621", "--kic", "12", "--kid", "12", "--tar", "B00010", "--counter", "7", "--sms"];
    let messages = stdout(&with_keys(&[&header[..], &[&data]].concat()), "");
    assert_eq!(messages.lines().count(), 3);
    assert!(messages.lines().all(|line| line.starts_with("440B910100000000F07FF662")), "{messages}");
    let backwards = messages.lines().rev().collect::<Vec<_>>().join("\n");
    let object = stdout(&with_keys(&["unwrap", "--json", "--counter", "6", "-"]), &backwards);
    let object: Value = serde_json::from_str(&object).unwrap();
    assert_eq!((&object["data"], &object["carrier"]), (&data.into(), &"TPDU".into()));
    let two = messages.lines().take(2).collect::<Vec<_>>().join("\n");
    command(&with_keys(&["unwrap"]))
        .stdin(two)
        .assert()
        .code(1)
        .stderr_eq("oxisim: parts are missing: 3 of 3\n");
}

#[test]
fn lines_of_data_are_packets_whose_counter_rises_and_a_replay_is_refused() {
    let packets = stdout(&["wrap", "--spi", "1000", "--tar", "B00010", "--counter", "0xFF"], "AA\n\nBB\n");
    assert_eq!(packets, "000F0D10000000B0001000000000FF00AA\n000F0D10000000B00010000000010000BB\n");
    let first = packets.lines().next().unwrap();
    ota(&["unwrap", "--counter", "254", first]).success();
    ota(&["unwrap", "--counter", "255", first]).code(1).stderr_eq(
        "oxisim: the packet does not open: the counter is too low: it is 255, the last one was 255\n",
    );
    ota(&["unwrap", "--tar", "B00011", first])
        .code(1)
        .stderr_eq("oxisim: the packet does not open: TAR of the packet is B00010, not B00011\n");
}

#[test]
fn keys_come_from_a_file_or_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("kic.hex"), format!("{KIC}\n")).unwrap();
    command(&["unwrap", "--key-kic", "@kic.hex", COMMAND])
        .current_dir(folder.path())
        .env("OXISIM_KEY_KID", KID)
        .assert()
        .success();
    ota(&["unwrap", COMMAND]).code(1).stderr_eq("oxisim: the packet does not open: no key for KIc\n");
}

#[test]
fn wrong_words_are_told_from_packets_that_do_not_open() {
    ota(&["unwrap", "zz"]).code(2).stderr_eq("oxisim: \"zz\" is not octets, hexadecimal\n");
    ota(&["unwrap"]).code(2).stderr_eq("oxisim: there are no octets\n");
    ota(&["unwrap", "--key-kic", "0011", COMMAND])
        .code(2)
        .stderr_eq("oxisim: --key-kic: a key is 8, 16, 24 or 32 octets, hexadecimal\n");
    ota(&["unwrap", "--key-kic", "@nowhere.hex", COMMAND]).code(2);
    ota(&["wrap", "AA"]).code(2);
    ota(&["wrap", "--tar", "B0001", "AA"]).code(2);
    ota(&["wrap", "--tar", "B00010", "--spi", "0300", "AA"])
        .code(2)
        .stderr_eq("oxisim: no algorithm is standardised for a digital signature\n");
    ota(&["wrap", "--tar", "B00010", "--spi", "0400", "--kic", "12", "AA"])
        .code(2)
        .stderr_eq("oxisim: no key for KIc\n");
    ota(&["wrap", "--tar", "B00010", "--spi", "1000", "AA"])
        .code(2)
        .stderr_eq("oxisim: SPI 1000 has the counter rise: --counter says to what\n");
    ota(&["wrap", "--tar", "B00010", "--spi", "1000", "--counter", "0", "AA"]).success();
    ota(&["unwrap", "0011"]).code(1).stderr_eq(str![[r"
oxisim: no packet, user data, TPDU or ENVELOPE; as a packet, command packet at octet 2: 17 octets needed, 0 left

"]]);
}
