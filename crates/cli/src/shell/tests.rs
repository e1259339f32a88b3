//! The shell on virtual cards, without a terminal.

use std::{cell::RefCell, rc::Rc};

use oxisim_card::{Card, Profile, image::Platform};
use oxisim_transport::{Error, InProcess, SmartCard, Transport};
use oxisim_wire::Instant;

use super::{
    console,
    machine::{Next, Shell, is_secret},
};
use crate::{
    failure::Failure,
    live::{
        PinArgs,
        bench::{Recorded, Replayed, only_reads, real},
    },
};

/// A card whose time stands still.
struct Virtual(Card);

impl SmartCard for Virtual {
    fn power_on(&mut self) -> Vec<u8> {
        self.0.power_on(Instant::EPOCH)
    }

    fn exchange(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.0.exchange(Instant::EPOCH, apdu).into_bytes()
    }

    fn power_off(&mut self) {
        self.0.power_off();
    }
}

fn shell() -> Shell {
    on(Virtual(Card::new(&Profile::default())))
}

fn on(card: impl SmartCard + 'static) -> Shell {
    Shell::new(Box::new(InProcess(card))).unwrap()
}

/// What the shell says to a line.
#[track_caller]
fn said(shell: &mut Shell, line: &str) -> String {
    let mut out = Vec::new();
    let next = shell.line(line, &mut out).unwrap_or_else(|failure| panic!("{line}: {failure}"));
    assert_eq!(next, Next::Line, "{line}");
    String::from_utf8(out).unwrap()
}

/// Why the shell does not do what a line says.
#[track_caller]
fn refused(shell: &mut Shell, line: &str) -> String {
    shell.line(line, &mut Vec::new()).expect_err(line).to_string()
}

#[test]
fn files_are_found_by_name_by_identifier_and_by_path() {
    let mut shell = shell();
    let iccid = "digits: 8900101000000000019\n";
    for line in ["cat EF.ICCID", "cat 2FE2", "cat /EF.ICCID", "cat MF/2fe2", "cat 3F00/EF.ICCID"] {
        assert_eq!(said(&mut shell, line), iccid, "{line}");
    }
    said(&mut shell, "cd ADF.USIM");
    assert_eq!(said(&mut shell, "pwd"), "ADF.USIM\n");
    let imsi = said(&mut shell, "cat EF.IMSI");
    assert!(imsi.contains("digits: 001010000000001"), "{imsi}");
    assert_eq!(said(&mut shell, "cat ../EF.ICCID"), iccid);
    said(&mut shell, "cd ../DF.TELECOM/DF.PHONEBOOK");
    assert_eq!(said(&mut shell, "cat ADF.USIM/EF.IMSI"), imsi);
    assert_eq!(said(&mut shell, "cat EF.ADN"), "255 of 255 records free\n");
    said(&mut shell, "cd");
    assert_eq!(said(&mut shell, "pwd"), "MF\n");
}

#[test]
fn a_directory_is_listed_with_the_structure_of_its_files() {
    let mut shell = shell();
    let said = said(&mut shell, "ls");
    for line in [
        "EF.ICCID    2FE2  transparent, 10 octets\n",
        "EF.DIR      2F00  linear fixed, 2 records of 43 octets\n",
        "DF.TELECOM  7F10  directory\n",
        "ADF.USIM          directory\n",
    ] {
        assert!(said.contains(line), "{line}{said}");
    }
}

#[test]
fn a_tree_has_what_stands_in_the_directories() {
    let mut shell = shell();
    let tree = said(&mut shell, "tree");
    assert!(tree.starts_with("MF\n  EF."), "{tree}");
    let of = |name: &str, depth: usize| {
        tree.lines().any(|line| line.starts_with(&format!("{}{name} ", "  ".repeat(depth))))
    };
    assert!(of("DF.PHONEBOOK", 2) && of("EF.PBR", 3) && of("ADF.USIM", 1) && of("EF.IMSI", 2), "{tree}");
    assert_eq!(said(&mut shell, "tree /"), tree);
}

#[test]
fn what_is_written_is_read_back() {
    let mut shell = shell();
    said(&mut shell, "cd DF.TELECOM/DF.PHONEBOOK");
    let ada = "416461FFFFFFFFFFFFFFFFFFFFFF07915155100000F1FFFFFFFFFFFF";
    let written = said(&mut shell, &format!("edit EF.ADN 3 {ada}"));
    assert!(written.contains("alpha identifier: Ada") && written.contains("+15550100001"), "{written}");
    let all = said(&mut shell, "cat EF.ADN");
    assert!(all.starts_with("  3  ") && all.ends_with("254 of 255 records free\n"), "{all}");
    // A record that is given in part is filled.
    said(&mut shell, "edit EF.ADN 4 42");
    assert!(said(&mut shell, "hex EF.ADN 4").starts_with("  4  42 FF FF"));
    let file = shell.line("edit EF.ADN 4", &mut Vec::new()).unwrap();
    let Next::Begun(line) = file else { panic!("{file:?}") };
    assert!(line.starts_with("edit EF.ADN 4 42FFFF"), "{line}");
    said(&mut shell, &line);
}

#[test]
fn what_does_not_fit_is_not_written() {
    let mut shell = shell();
    let long = format!("edit ADF.USIM/EF.SPN {}", "AA".repeat(18));
    assert!(refused(&mut shell, &long).contains("18 octets do not fit: ADF.USIM/EF.SPN has room for 17"));
    assert!(refused(&mut shell, "edit DF.TELECOM 00").ends_with("MF/DF.TELECOM is a directory"));
    assert!(refused(&mut shell, "cat EF.ICCID 1").ends_with("MF/EF.ICCID has no records"));
    assert!(refused(&mut shell, "cat EF.DIR 0").contains("no number of a record"));
    assert!(refused(&mut shell, "cat EF.DIR 3").contains("6A83 record not found"));
}

#[test]
fn a_refusal_is_told_with_what_the_status_word_means_and_what_may_help() {
    let mut shell = shell();
    let denied = refused(&mut shell, "edit ADF.USIM/EF.IMSI 08");
    assert_eq!(
        denied,
        "ADF.USIM/EF.IMSI: 6982 security status not satisfied; verify-pin or verify-adm may help"
    );
    assert_eq!(said(&mut shell, "verify-adm 00000000"), "the administrative key is verified\n");
    said(&mut shell, "edit ADF.USIM/EF.IMSI 082910100000000020");
    let missing = refused(&mut shell, "cd ADF.USIM/DF.PHONEBOOK");
    assert_eq!(
        missing,
        "ADF.USIM/DF.PHONEBOOK: 6A82 file not found; such a file is MF/DF.TELECOM/DF.PHONEBOOK"
    );
    assert!(refused(&mut shell, "cd ADF.NONE").ends_with("on the card, which has ADF.USIM"));
    assert_eq!(said(&mut shell, "pwd"), "MF\n", "a directory that is not there is not gone to");
}

#[test]
fn a_wrong_pin_costs_an_attempt_and_the_last_one_is_not_made() {
    let mut shell = shell();
    said(&mut shell, "0028000108 30303030FFFFFFFF");
    for left in ["2", "1"] {
        assert!(refused(&mut shell, "verify-pin 9999").ends_with(&format!("attempts left: {left}")));
    }
    assert!(said(&mut shell, "pins").contains("PIN 1          1 attempt left\n"));
    assert!(refused(&mut shell, "verify-pin 0000").contains("--last-try"));
    assert_eq!(said(&mut shell, "verify-pin 0000 --last-try"), "the PIN is verified\n");
    assert!(refused(&mut shell, "verify-pin 00").contains("4 to 8 digits"));
    assert!(refused(&mut shell, "verify-pin 0000 now").contains("verify-pin PIN [--last-try]"));
}

#[test]
fn the_answer_to_an_apdu_is_explained() {
    let mut shell = shell();
    let selected = said(&mut shell, "00 A4 00 04 02 2F E2 00");
    assert!(selected.contains("SELECT: 9000 normal ending of the command\n"), "{selected}");
    assert!(selected.contains("transparent EF"), "{selected}");
    let read = said(&mut shell, "00B000000A");
    assert!(read.contains("digits  8900101000000000019"), "{read}");
    let unknown = said(&mut shell, "00FF0000");
    assert!(
        unknown.contains("< 6D 00\n") && unknown.contains("6D00 instruction code not supported"),
        "{unknown}"
    );
    let both = said(&mut shell, "explain");
    assert!(both.contains("command") && both.contains("6D 00"), "{both}");
    let display = said(&mut shell, "explain D01A8103012180820281028D0F04546F6F6C6B697420546573742031");
    assert!(display.contains("DISPLAY TEXT"), "{display}");
}

#[test]
fn commands_of_files_go_where_the_path_says_whatever_apdus_have_selected() {
    let mut shell = shell();
    said(&mut shell, "cd ADF.USIM");
    said(&mut shell, "00A4000C023F00");
    assert!(said(&mut shell, "cat EF.IMSI").contains("001010000000001"));
    said(&mut shell, "reset");
    assert_eq!(said(&mut shell, "pwd"), "ADF.USIM\n");
    // The card is where the shell is.
    assert!(said(&mut shell, "00A40004026F0700").contains("9000"));
}

#[test]
fn a_sim_of_gsm_has_files_too() {
    let image = oxisim_card::Image { platform: Platform::Sim, ..Profile::default().image() };
    let mut shell = on(Virtual(Card::from_image(&image).unwrap()));
    assert!(shell.greeting().starts_with("SIM of GSM"));
    let files = said(&mut shell, "ls");
    assert!(files.contains("DF.GSM") && !files.contains("ADF."), "{files}");
    assert!(said(&mut shell, "cat DF.GSM/EF.IMSI").contains("001010000000001"));
    assert!(refused(&mut shell, "edit EF.ICCID 00").contains("9804 access condition not fulfilled"));
    assert!(refused(&mut shell, "cat DF.GSM/6FFF").contains("9404"));
}

/// Files that others have read from real cards: everything that is listed can be looked at.
#[test]
fn real_cards_are_walked_through_without_writing() {
    let names =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../image/tests/vectors/real_cards")).unwrap();
    let mut cards = 0;
    for name in names {
        let name = name.unwrap().file_name().into_string().unwrap();
        let Some(name) = name.strip_suffix(".json") else { continue };
        let commands = Rc::new(RefCell::new(Vec::new()));
        let card = Recorded { card: Replayed::new(real(name)), commands: Rc::clone(&commands) };
        let mut shell = Shell::new(Box::new(card)).unwrap();
        let tree = said(&mut shell, "tree");
        assert!(tree.lines().count() > 20, "{name}: {tree}");
        let iccid = said(&mut shell, "cat /EF.ICCID");
        assert!(iccid.starts_with("digits: "), "{name}: {iccid}");
        only_reads(&commands.borrow(), 0);
        cards += 1;
    }
    assert!(cards > 1);
}

/// The phonebook of a real card with identifiers of another's; 4F3A is not in it any more.
#[test]
fn files_of_a_phonebook_have_the_names_that_ef_pbr_gives_them() {
    let mut dump = real("sysmoisim-sja2");
    let adn = dump.files.iter().find(|file| file.path == "MF/DF.TELECOM/EF.ADN").unwrap().clone();
    for fid in ["4f3a", "4f60", "4f61"] {
        let mut file = adn.clone();
        file.fid_path = format!("3f00/7f10/5f3a/{fid}");
        let name = if fid == "4f61" { "416461" } else { "426F62" };
        let records = file.records.as_mut().unwrap();
        let octets = records[0].as_ref().unwrap().len() / 2;
        let mut record = vec![0xFF; octets];
        record[..3].copy_from_slice(&hex::decode(name).unwrap());
        records[0] = Some(hex::encode_upper(record));
        dump.files.push(file);
    }
    let pbr = dump.files.iter_mut().find(|file| file.path.ends_with("/EF.PBR")).unwrap();
    let references = hex::decode("A804C0024F60A804C0024F61").unwrap();
    let mut record = vec![0xFF; 69];
    record[..references.len()].copy_from_slice(&references);
    pbr.records = Some(vec![Some(hex::encode_upper(record))]);
    let mut shell = on(Replayed::new(dump));
    assert!(said(&mut shell, "cat DF.TELECOM/DF.PHONEBOOK/EF.ADN 1").contains("Bob"));
    said(&mut shell, "cd DF.TELECOM/DF.PHONEBOOK");
    assert!(said(&mut shell, "cat EF.ADN-2 1").contains("alpha identifier: Ada"));
    let files = said(&mut shell, "ls");
    let names: Vec<Vec<&str>> = files.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    for name in [["EF.ADN", "4F60"], ["EF.ADN-2", "4F61"], ["4F3A", "4F3A"], ["EF.PBR", "4F30"]] {
        assert!(names.iter().any(|other| other[..] == name), "{name:?}\n{files}");
    }
    assert_eq!(shell.complete("cat EF.ADN").1, ["EF.ADN ", "EF.ADN-2 "]);
}

#[test]
fn a_recording_is_a_script_with_what_was_typed_as_comments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.apdu");
    let mut shell = shell();
    said(&mut shell, "cd ADF.USIM");
    let begun = said(&mut shell, &format!("record {}", path.display()));
    assert!(begun.contains("the card was reset") && begun.contains("begins in ADF.USIM"), "{begun}");
    assert!(refused(&mut shell, "record other.apdu").contains("`record off` ends it"));
    said(&mut shell, "cat /EF.ICCID");
    said(&mut shell, "00FF0000");
    said(&mut shell, "verify-pin 0000");
    let ended = said(&mut shell, "record off");
    assert!(ended.contains("PINs or keys stand in it"), "{ended}");
    assert!(refused(&mut shell, "record off").contains("nothing is being recorded"));
    said(&mut shell, "pins");
    let script = std::fs::read_to_string(&path).unwrap();
    assert!(script.starts_with("# Recorded by `oxisim shell`.\nreset  [3B 9E "), "{script}");
    for piece in [
        "\n00 A4 04 04 10 A0 00 00 00 87 10 02 FF FF FF FF 89 07 09 00 00 00\n  [62 ",
        "\n\n# cat /EF.ICCID\n",
        "\n00 B0 00 00 0A  [98 00 01 01 00 00 00 00 10 F9] (9000)\n",
        "\n\n# 00FF0000\n00 FF 00 00  [] (6D00)\n",
        "\n\n# verify-pin ...\n",
    ] {
        assert!(script.contains(piece), "{piece}\n{script}");
    }
    assert!(!script.contains("# record"), "{script}");
    assert!(!script.contains("# verify-pin 0000") && !script.contains("pins"), "{script}");
    assert!(refused(&mut shell, &format!("record {}", path.display())).contains("is not overwritten"));
}

#[test]
fn words_and_paths_are_completed_as_the_card_has_them() {
    let mut shell = shell();
    let complete = |shell: &mut Shell, line: &str| shell.complete(line);
    assert_eq!(complete(&mut shell, "ve").1, ["verify-pin ", "verify-adm "]);
    assert_eq!(complete(&mut shell, "help tr").1, ["tree "]);
    // Nothing has been listed yet.
    assert_eq!(complete(&mut shell, "cd AD").1, ["ADF.USIM/"]);
    assert_eq!(complete(&mut shell, "cat EF.IC"), (4, vec!["EF.ICCID ".into()]));
    assert_eq!(complete(&mut shell, "cd ADF.USIM/").1, ["ADF.USIM/DF.GSM-ACCESS/"]);
    assert_eq!(complete(&mut shell, "cd DF.TELECOM/DF").1, ["DF.TELECOM/DF.PHONEBOOK/"]);
    assert_eq!(complete(&mut shell, "cd EF.IC").1, Vec::<String>::new(), "a file is no directory");
    assert_eq!(complete(&mut shell, "cat EF.ADN 1").1, Vec::<String>::new());
    said(&mut shell, "cd ADF.USIM");
    assert_eq!(complete(&mut shell, "cat EF.IMSI").1, ["EF.IMSI "]);
    assert_eq!(complete(&mut shell, "cat ../EF.IC").1, ["../EF.ICCID "]);
}

#[test]
fn completion_leaves_a_file_selected_that_was_selected_by_hand() {
    let mut shell = shell();
    said(&mut shell, "00A4000C022FE2");
    assert_eq!(shell.complete("cat EF.IC").1, Vec::<String>::new());
    assert!(said(&mut shell, "00B000000A").contains("8900101000000000019"));
    said(&mut shell, "reset");
    assert_eq!(shell.complete("cat EF.IC").1, ["EF.ICCID "]);
}

#[test]
fn the_help_names_files_that_the_card_has() {
    let mut shell = shell();
    for line in ["cd DF.TELECOM/DF.PHONEBOOK", "cat EF.ADN 3", "cat ADF.USIM/EF.IMSI", "cat /EF.ICCID"] {
        assert!(include_str!("mod.rs").contains(line), "{line}");
        said(&mut shell, line);
    }
}

#[test]
fn a_hint_names_a_file_that_the_card_has() {
    let mut shell = shell();
    said(&mut shell, "cd ADF.USIM");
    let hint = refused(&mut shell, "cat EF.ADN");
    assert_eq!(hint, "there is no EF.ADN in ADF.USIM, but MF/DF.TELECOM/DF.PHONEBOOK/EF.ADN");
    let hint = refused(&mut shell, "cd DF.PHONEBOOK");
    assert!(hint.ends_with("6A82 file not found; such a file is MF/DF.TELECOM/DF.PHONEBOOK"), "{hint}");
    assert!(!refused(&mut shell, "cat EF.NONE").contains("but"));
}

#[test]
fn a_listing_says_that_there_may_be_more() {
    let mut shell = shell();
    for line in ["ls", "tree"] {
        let said = said(&mut shell, line);
        assert!(
            said.lines().last().unwrap().starts_with("Files that no table here knows are not listed"),
            "{said}"
        );
    }
}

#[test]
fn a_pin_that_is_disabled_is_not_said_to_be_verified() {
    let mut shell = shell();
    assert_eq!(said(&mut shell, "verify-pin 9999"), "the PIN is disabled: nothing was verified\n");
    let pins = said(&mut shell, "pins");
    assert!(pins.contains("PIN 1          disabled; 3 attempts left\n"), "{pins}");
    let args = PinArgs { pin: Some("9999".parse().unwrap()), last_try: false };
    let said_first = shell.verify_first(&args).unwrap();
    assert_eq!(said_first.as_deref(), Some("the PIN is disabled: nothing was verified"));
    said(&mut shell, "0028000108 30303030FFFFFFFF");
    let args = PinArgs { pin: Some("0000".parse().unwrap()), last_try: false };
    assert_eq!(shell.verify_first(&args).unwrap(), None);
}

/// What comes after a line of a shell that is guarded, and how many commands the card got for it.
fn guarded(line: &str) -> (Result<Next, String>, usize) {
    let commands = Rc::new(RefCell::new(Vec::new()));
    let card = Virtual(Card::new(&Profile::default()));
    let card = Recorded { card, commands: Rc::clone(&commands) };
    let mut shell = Shell::new(Box::new(card)).unwrap().guarded();
    let before = commands.borrow().len();
    let next = shell.line(line, &mut Vec::new()).map_err(|failure| failure.to_string());
    let sent = commands.borrow().len() - before;
    (next, sent)
}

#[test]
fn what_can_lock_or_destroy_a_card_that_somebody_needs_is_doubted() {
    for line in [
        "00FE0000",
        "00FE00000000AA",
        "00E40000026F07",
        "80D8008101",
        "0020000A083131313131313131",
        "00A40000023F",
    ] {
        let (next, sent) = guarded(line);
        assert!(matches!(next, Ok(Next::Doubt { .. })), "{line}: {next:?}");
        assert_eq!(sent, 0, "{line}");
    }
    for line in ["00A4000C023F00", "00200001", "cat EF.ICCID"] {
        assert_eq!(guarded(line).0, Ok(Next::Line), "{line}");
    }
    // The card says that there are three attempts.
    assert_eq!(guarded("002000010831323334FFFFFFFF"), (Ok(Next::Line), 2));
    // A card of this program gets what is typed.
    assert!(said(&mut shell(), "00E40000026F07").lines().count() > 1);
}

#[test]
fn what_is_doubted_is_sent_when_it_is_confirmed() {
    let mut shell = shell().guarded();
    let next = shell.line("80F0807F00", &mut Vec::new()).unwrap();
    let Next::Doubt { command, why } = next else { panic!("{next:?}") };
    assert!(why.starts_with("SET STATUS locks applets or the card"), "{why}");
    let mut out = Vec::new();
    shell.send(command, &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("< 6"));
}

#[test]
fn a_pin_whose_last_attempt_it_would_be_is_doubted() {
    let mut shell = shell().guarded();
    let enable = shell.line("0028000108 30303030FFFFFFFF", &mut Vec::new()).unwrap();
    assert_eq!(enable, Next::Line);
    for _ in 0..2 {
        assert_eq!(shell.line("0020000108 39393939FFFFFFFF", &mut Vec::new()).unwrap(), Next::Line);
    }
    let next = shell.line("0020000108 39393939FFFFFFFF", &mut Vec::new()).unwrap();
    let Next::Doubt { why, .. } = next else { panic!("{next:?}") };
    assert!(why.ends_with("how many are left: 63 C1"), "{why}");
}

#[test]
fn pins_and_keys_are_secret() {
    for line in [
        "verify-pin 1234",
        " verify-adm 12345678 --last-try",
        "0020000108 31323334FFFFFFFF",
        "A0 2C 00 01 10 00",
    ] {
        assert!(is_secret(line), "{line}");
    }
    for line in ["cat EF.ICCID", "00200001", "00A4000C023F00", "", "nonsense"] {
        assert!(!is_secret(line), "{line}");
    }
}

#[test]
fn every_command_has_a_line_of_help() {
    let mut shell = shell();
    let all = said(&mut shell, "help");
    for word in ["cd [DIRECTORY]", "edit FILE [RECORD] [HEX]", "record FILE | off", "APDU in hexadecimal"] {
        assert!(all.lines().any(|line| line.starts_with(word)), "{word}\n{all}");
    }
    assert_eq!(said(&mut shell, "help quit").lines().count(), 1);
    assert!(refused(&mut shell, "pwd now").starts_with("pwd: "));
}

/// A card that is taken out after so many commands, and put in again at the next reset.
struct Removed {
    card: InProcess<Virtual>,
    left: usize,
}

impl Transport for Removed {
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        self.left = usize::MAX;
        self.card.reset()
    }

    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
        if apdu == [0x00, 0xFE, 0x00, 0x00] {
            self.left = 0;
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Err(Error::CardRemoved { reader: "r".into() });
        }
        self.card.exchange(apdu)
    }
}

#[test]
fn a_card_that_was_removed_comes_back_with_reset() {
    let card = InProcess(Virtual(Card::new(&Profile::default())));
    let mut shell = Shell::new(Box::new(Removed { card, left: 0 })).unwrap();
    said(&mut shell, "cd ADF.USIM");
    assert!(matches!(shell.line("00FE0000", &mut Vec::new()), Err(Failure::Card(Error::CardRemoved { .. }))));
    assert_eq!(refused(&mut shell, "cat EF.IMSI"), "the card in reader \"r\" was removed");
    said(&mut shell, "reset");
    assert!(said(&mut shell, "cat EF.IMSI").contains("001010000000001"));
}

#[test]
fn lines_from_a_pipe_end_with_the_first_that_fails() {
    let follow = |lines: &str| {
        let mut out = Vec::new();
        let ended = console::follow(shell(), lines.as_bytes(), &mut out);
        (String::from_utf8(out).unwrap(), ended.map_err(|failure| failure.to_string()))
    };
    assert_eq!(
        follow("# who\ncat EF.ICCID\n\nexit\nnonsense\n"),
        ("digits: 8900101000000000019\n".into(), Ok(()))
    );
    let (said, ended) = follow("pwd\ncat 6FFF\npwd\n");
    assert_eq!((said.as_str(), ended), ("MF\n", Err("line 2: MF/6FFF: 6A82 file not found".into())));
    let (_, ended) = follow("edit EF.ICCID\n");
    assert_eq!(ended, Err("line 1: what is to be written?".into()));
    let mut out = Vec::new();
    let ended = console::follow(shell(), &b"pwd\npwd \xFF\n"[..], &mut out).unwrap_err().to_string();
    assert!(ended.starts_with("line 2: it is not UTF-8"), "{ended}");
    let (_, ended) = follow("edit EF.ICCID\n");
    assert_eq!(ended, Err("line 1: what is to be written?".into()));
}
