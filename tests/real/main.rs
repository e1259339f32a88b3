//! The virtual card and the phone beside the programs that others use: pcscd, vpcd, `OpenSC`, pcsc-tools.

mod cards;
mod explorer;
mod fuzz;
mod namespace;
mod phone_session;
#[path = "../program.rs"]
mod program;
mod scripts;
mod shell;
mod unkind;

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{Coding, Settings};
use oxisim_card::{Card, Profile};
use oxisim_wire::Instant;

use self::program::program;

/// What a session printed, and its exit status.
struct Session {
    output: String,
    status: Option<i32>,
}

impl Session {
    /// Runs a shell script beside pcscd, with the functions of `session.sh`; nothing if a program is missing.
    fn run(programs: &[&str], script: &str) -> Option<Self> {
        if !namespace::is_available(programs) {
            return None;
        }
        let functions = namespace::folder().join("session.sh");
        let script = format!("set -eu\n. '{}'\nexec 2>&1\n{script}", functions.display());
        let contacts = namespace::folder().join("../../examples/contacts-10.vcf");
        let output = namespace::command("sh")
            .args(["-c", &script])
            .env("OXISIM", program())
            .env("CONTACTS", contacts)
            .env_remove("RUST_LOG")
            .output()
            .expect("the harness starts");
        let text = [output.stdout, output.stderr].map(|octets| String::from_utf8_lossy(&octets).into_owned());
        Some(Self { output: text.concat(), status: output.status.code() })
    }

    /// The pieces are in the output, one after another.
    #[track_caller]
    fn prints(&self, pieces: &[&str]) {
        let mut rest = self.output.as_str();
        for piece in pieces {
            let Some((_, after)) = rest.split_once(piece) else {
                panic!("{piece:?} is not printed, or not in this order:\n{}", self.output);
            };
            rest = after;
        }
        assert_eq!(self.status, Some(0), "{}", self.output);
    }
}

/// The card of `oxisim card`, in this program.
fn card() -> Card {
    let server = "+15550199999".parse().expect("a number");
    let profile = Profile { msisdn: "15550100001".into(), ..Profile::default() };
    let settings = Settings { coding: Coding::general(), ..Settings::default() };
    Card::new(&profile).with_applet(PhonebookBackup::new(server, settings))
}

fn answer_to_reset() -> Vec<u8> {
    card().power_on(Instant::EPOCH)
}

fn spaced(octets: &[u8], separator: &str) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(separator)
}

#[test]
fn readers_and_cards_are_listed() {
    let script = r#"
        "$OXISIM" readers
        insert 0
        pcsc_scan -r; pcsc_scan -c -n
        "$OXISIM" readers
        "$OXISIM" readers --json
    "#;
    let Some(session) = Session::run(&["pcsc_scan"], script) else { return };
    let atr = spaced(&answer_to_reset(), "");
    session.prints(&[
        "Virtual PCD 00 00\n  no card\nVirtual PCD 00 01\n  no card\n",
        "0: Virtual PCD 00 00\n1: Virtual PCD 00 01\n",
        "Card inserted",
        &format!("ATR: {}", spaced(&answer_to_reset(), " ")),
        "Card removed",
        &format!("Virtual PCD 00 00\n  a card\n  ATR {atr}\n  T=0\nVirtual PCD 00 01\n  no card\n"),
        &format!("\"atr\": \"{atr}\""),
    ]);
}

#[test]
fn opensc_tool_talks_to_the_card() {
    let script = r"
        insert 0
        opensc-tool -r 0 --atr
        opensc-tool -r 0 --name
        opensc-tool -r 0 -s 00A40004023F0000 -s 00A40000023F0000 -s 00A4000C022FE2 -s 00B000000A -s 00A4000C026FFF
    ";
    let Some(session) = Session::run(&["opensc-tool"], script) else { return };
    session.prints(&[
        &spaced(&answer_to_reset(), ":").to_lowercase(),
        "Unsupported card",
        "Sending: 00 A4 00 04 02 3F 00 00",
        "Received (SW1=0x90, SW2=0x00):\n62",
        "Sending: 00 A4 00 00 02 3F 00 00",
        "Received (SW1=0x90, SW2=0x00):\n62",
        "Sending: 00 A4 00 0C 02 2F E2",
        "Received (SW1=0x90, SW2=0x00)",
        "Received (SW1=0x90, SW2=0x00):\n98 00",
        "Received (SW1=0x6A, SW2=0x82)",
    ]);
}

/// A SIM of GSM through a reader of T=0 cards, to which the program sends no Le after data (TS 51.011 §9.2).
#[test]
fn opensc_tool_talks_to_the_card_as_a_sim_of_gsm() {
    let script = "
        insert 0
        opensc-tool -r 0 -s A0A40000027F20 -s A0C0000016 -s A0A40000026F07 -s A0B0000009
        opensc-tool -r 0 -s A0A40000026F1600 -s A0A40000027F1000 -s A0F2000016";
    let Some(session) = Session::run(&["opensc-tool"], script) else { return };
    session.prints(&[
        "(SW1=0x9F, SW2=0x16)",
        "(SW1=0x90, SW2=0x00):\n00 00 FF FF 7F 20 02",
        "(SW1=0x9F, SW2=0x0F)",
        "(SW1=0x90, SW2=0x00):\n08 09 10 10 00 00 00 00 10",
        "(SW1=0x94, SW2=0x04)",
        "(SW1=0x9F, SW2=0x16)",
        "(SW1=0x90, SW2=0x00):\n00 00 FF FF 7F 10 02",
    ]);
}

/// What the card says through pcscd and vpcd is octet by octet what it says to a plain call.
#[test]
fn a_session_through_the_reader_equals_one_in_the_program() {
    const COMMANDS: &[&str] = &[
        "00 A4 00 04 02 3F 00",
        "00 C0 00 00 28",
        "00 C0 00 00 00",
        "00 A4 08 04 02 2F E2 00",
        "00 B0 00 00 0A",
        "00 B0 00 00 00",
        "00 B0 00 00 05",
        "00 A4 08 04 02 2F 00",
        "00 B2 01 04 00",
        "00 B2 02 04 00",
        "00 A4 00 04 02 6F FF",
        "00 A4 08 04 04 7F 10 6F 3A",
        "00 B2 01 04 00",
        "80 F2 00 00 00",
        "80 10 00 00 09 3B E1 FF 63 71 00 00 1F 08",
        "80 F2 00 0C",
        "A0 A4 00 00 02 3F 00",
        "00 FF 00 00",
    ];
    let script =
        format!("insert 0\nscriptor -r 'Virtual PCD 00 00' << END\nreset\n{}\nEND", COMMANDS.join("\n"));
    let Some(session) = Session::run(&["scriptor"], &script) else { return };
    let octets = |command: &&str| octets(command);
    compare_answers(&session, &COMMANDS.iter().map(octets).collect::<Vec<_>>());
}

/// Octets as people write them, with spaces.
fn octets(text: &str) -> Vec<u8> {
    text.split(' ').map(|octet| u8::from_str_radix(octet, 16).expect("octets")).collect()
}

/// What scriptor printed of a reset and these commands is what a card in this program answers.
#[track_caller]
fn compare_answers(session: &Session, commands: &[Vec<u8>]) {
    // Each answer begins with `< `, may go over several lines, and ends with ` : ` and words.
    let mut answers = session.output.split("\n< ").skip(1).map(|answer| {
        let octets = answer.split(" : ").next().unwrap_or_default();
        octets.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    let reset = answers.next().expect("an answer to reset");
    assert!(reset.contains(&spaced(&answer_to_reset(), " ")), "{}", session.output);

    let mut card = card();
    card.power_on(Instant::EPOCH);
    for command in commands {
        let response = card.exchange(Instant::EPOCH, command);
        let expected = spaced(&response.to_bytes(), " ");
        assert_eq!(answers.next(), Some(expected), "{}:\n{}", spaced(command, " "), session.output);
    }
    assert_eq!(answers.next(), None);
}

#[test]
fn a_phone_starts_the_card_in_a_reader_and_sends_its_messages() {
    let script = r#"
        insert 0 --contacts "$CONTACTS"
        "$OXISIM" phone --reader "00 00" --for 2s --poll 1s --choose 1
        cat "$FOLDER/card-0.log"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        &format!("ATR {}", spaced(&answer_to_reset(), "")),
        "started: ICCID 89",
        "SET UP MENU \"SIM\": 1 \"Backup phonebook\"",
        "chooses item 1",
        "SEND SHORT MESSAGE",
        "sends an SMS to +15550199999",
        "off after",
        "10 contacts on the card",
        "the card is in the reader of vpcd at 127.0.0.1:35963",
    ]);
}

#[test]
fn a_phone_starts_a_sim_of_gsm_in_a_reader_and_sends_its_messages() {
    let script = r#"
        "$OXISIM" card init > "$FOLDER/card.toml"
        sed -i 's/^platform = .*/platform = "sim"/' "$FOLDER/card.toml"
        insert 0 --image "$FOLDER/card.toml" --contacts "$CONTACTS"
        "$OXISIM" phone --reader "00 00" --for 2s --poll 1s --choose 1
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "started: ICCID 89",
        "(SIM of GSM)",
        "SET UP MENU \"SIM\": 1 \"Backup phonebook\"",
        "chooses item 1",
        "SEND SHORT MESSAGE",
        "sends an SMS to +15550199999",
        "off after",
    ]);
}

#[test]
fn insertion_and_removal_are_seen() {
    let script = r#"
        pcsc_scan -n > "$FOLDER/scan.log" 2>&1 &
        scan=$!
        sleep 0.5
        insert 0
        "$OXISIM" phone --reader "00 00" --for 30s --poll 1s > "$FOLDER/phone.log" 2>&1 &
        phone=$!
        attempt 10 grep -q "SET UP MENU" "$FOLDER/phone.log"
        remove 0
        wait $phone && echo "the phone did not notice" || echo "the phone: $?"
        kill $scan
        cat "$FOLDER/phone.log" "$FOLDER/scan.log" "$FOLDER/card-0.log"
    "#;
    let Some(session) = Session::run(&["pcsc_scan"], script) else { return };
    session.prints(&[
        "the phone: 1",
        "the card in reader \"Virtual PCD 00 00\" was removed",
        "Card removed",
        "Card inserted",
        "Card removed",
        "the card is out of the reader",
    ]);
}

#[test]
fn two_slots_have_two_cards() {
    let script = r"
        insert 0 --number +15550100001
        insert 1 --number +15550100002
        for slot in 0 1; do
            opensc-tool -r $slot -s 00A40804047F106F40 -s 00B2010400
        done
        remove 0
        until_holds 1 card
    ";
    let Some(session) = Session::run(&["opensc-tool"], script) else { return };
    session.prints(&["51 55 10 00 00 F1", "51 55 10 00 00 F2"]);
}

#[test]
fn a_card_that_lost_its_reader_tries_again() {
    let script = r#"
        insert 0
        stop_service
        "$OXISIM" readers || echo "readers: $?"
        start_service
        until_holds 0 card
        cat "$FOLDER/card-0.log"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "oxisim: the PC/SC service is not running: start pcscd\nreaders: 1\n",
        "the card is in the reader of vpcd at 127.0.0.1:35963\n",
        "trying again\n",
        "the card is in the reader of vpcd at 127.0.0.1:35963\n",
    ]);
}

#[test]
fn a_reader_that_is_not_meant_is_told() {
    let script = r#"
        "$OXISIM" phone --reader elsewhere || echo "exit $?"
        "$OXISIM" phone --reader Virtual || echo "exit $?"
        "$OXISIM" phone --reader "00 01" || echo "exit $?"
        insert 0
        "$OXISIM" phone --reader "00 00" --protocol t1 || echo "exit $?"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "no reader is called \"elsewhere\"; there are \"Virtual PCD 00 00\", \"Virtual PCD 00 01\"\nexit 2\n",
        "\"Virtual\" may be any of \"Virtual PCD 00 00\", \"Virtual PCD 00 01\"\nexit 2\n",
        "no card is in reader \"Virtual PCD 00 01\"\nexit 1\n",
        "does not speak the protocol that was asked for\nexit 1\n",
    ]);
}
