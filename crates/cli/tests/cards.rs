//! Cards that are there, as the program's user has them: dumped, copied, backed up, and killed.

mod oxisim;

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
};

use oxisim::Oxisim;
use oxisim_transport::{TcpClient, Transport};

/// `oxisim card --tcp`, in a process of its own.
struct Running {
    process: Child,
    output: BufReader<ChildStdout>,
    address: String,
    /// What it printed before it waited.
    said: String,
}

impl Running {
    /// Starts a card, with what else it is told.
    fn start(oxisim: &Oxisim, words: &[&str]) -> Self {
        let mut process = Command::new(snapbox::cmd::cargo_bin!("oxisim"))
            .args(["card", "--tcp", "127.0.0.1:0"])
            .args(words)
            .current_dir(oxisim.folder.path())
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let (mut line, mut said) = (String::new(), String::new());
        let address = loop {
            said += &line;
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the card has ended");
            if let Some((_, address)) = line.split_once("waits for a terminal at ") {
                break address.trim().to_owned();
            }
        };
        Self { process, output, address, said }
    }

    fn client(&self) -> TcpClient {
        TcpClient::connect(&self.address).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = self.output.read_line(&mut String::new());
    }
}

/// A folder with the file of a card with these lines for the applet; without any it has no applet.
fn folder(applet: Option<&str>) -> Oxisim {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    oxisim.run(&["card", "init", "--out", "CARD.toml"]).success();
    let text = oxisim.read("CARD.toml");
    let (before, table) = text.split_once("[applets.backup]\n").expect("the applet's table");
    let (_, after) = table.split_once("\n\n").expect("the end of the table");
    let applet = applet.map(|lines| format!("[applets.backup]\nserver = \"+15550199999\"\n{lines}\n"));
    oxisim.write("CARD.toml", &format!("{before}{}\n{after}", applet.unwrap_or_default()));
    oxisim
}

#[test]
fn the_applet_of_a_card_that_is_there_makes_the_backup_in_its_own_way() {
    for (lines, way, subsets) in [
        ("mode = \"normal\"\ncontacts_per_block = 1", "normal", 1),
        ("mode = \"timer\"\ncontacts_per_block = 1\ncoding = \"plain\"", "timer", 4),
        ("mode = \"status\"\ncontacts_per_block = 1\ncoding = \"de\"", "status", 4),
        ("mode = \"server\"\ncontacts_per_block = 1\ncoding = 2", "server", 4),
    ] {
        let oxisim = folder(Some(lines));
        let card = Running::start(&oxisim, &["--image", "CARD.toml", "--contacts", "contacts-10.vcf"]);
        let figures = oxisim.json(&["backup", "--tcp", &card.address, "--json"]);
        assert_eq!((&figures["verified"], &figures["mode"]), (&true.into(), &way.into()), "{figures}");
        assert_eq!((&figures["source"], &figures["contacts"]), (&"card".into(), &10.into()));
        assert_eq!(figures["subsets"], subsets, "{way}");
        assert_eq!(figures["number"], "+15550100001", "as EF_MSISDN says");
        let again = oxisim.json(&["backup", "--tcp", &card.address, "--json"]);
        assert_eq!(
            (&again["messages"], &again["verified"]),
            (&0.into(), &true.into()),
            "nothing has changed"
        );
    }
}

#[test]
fn a_table_that_only_the_card_has_is_named_and_the_backup_goes_plain() {
    let oxisim = folder(Some("mode = \"normal\"\ncoding = \"own.tbl\""));
    let book =
        r#"{"locale": "xx_XX", "contacts": [["416E61", "+491511234567"], ["42656E", "+491511234568"]]}"#;
    oxisim.write("own.jsonl", book);
    oxisim.run(&["coding", "train", "own.jsonl", "--out", "own.tbl", "--number", "77"]).success();
    oxisim.run(&["phonebook", "write", "--image", "CARD.toml", "--yes", "contacts-10.vcf"]).success();
    let backup = oxisim.run(&["backup", "--image", "CARD.toml"]).success();
    let said = String::from_utf8_lossy(&backup.get_output().stderr).into_owned();
    assert!(said.contains("coding table 77 is not known here"), "{said}");
    let backup = oxisim.run(&["backup", "--image", "CARD.toml", "--full", "--table", "own.tbl"]).success();
    let said = String::from_utf8_lossy(&backup.get_output().stderr).into_owned();
    assert!(!said.contains("coding table"), "{said}");
}

#[test]
fn what_a_backup_does_not_carry_is_named_once_whoever_makes_it() {
    for applet in [None, Some("mode = \"normal\"")] {
        let oxisim = folder(applet);
        oxisim.write("full.vcf", FULL);
        oxisim.run(&["phonebook", "write", "--image", "CARD.toml", "--yes", "full.vcf"]).success();
        let backup = oxisim.run(&["backup", "--image", "CARD.toml"]).success();
        let said = String::from_utf8_lossy(&backup.get_output().stdout).into_owned();
        let losses: Vec<&str> = said.lines().filter(|line| line.starts_with("  - ")).collect();
        assert_eq!(
            losses,
            [
                "  - slot 1 (Ana): second name 'Anita' left out",
                "  - slot 1 (Ana): label 'WORK' of number 0301234 left out",
                "  - slot 1 (Ana): e-mail address ana@example.org left out"
            ],
            "{said}"
        );
        assert!(
            said.contains("equals the phonebook, record by record, but for what is left out.\n"),
            "{said}"
        );
        let ok = if applet.is_some() { "card has the OK" } else { "phone has the OK" };
        assert!(said.contains(ok), "{said}");
        let figures = oxisim.json(&["backup", "--image", "CARD.toml", "--json"]);
        assert_eq!(figures["import"].as_array().unwrap().len(), 3, "{figures}");
    }
}

#[test]
fn a_backup_of_a_card_that_is_there_is_recorded_each_part_with_its_clock() {
    let oxisim = folder(Some("mode = \"normal\""));
    oxisim.run(&["phonebook", "write", "--image", "CARD.toml", "--yes", "contacts-10.vcf"]).success();
    oxisim.run(&["backup", "--image", "CARD.toml", "--trace", "live.jsonl"]).success();
    let text = oxisim.read("live.jsonl");
    let records: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let clocks: Vec<&str> = records.iter().filter_map(|record| record["clock"].as_str()).collect();
    assert_eq!(clocks, ["real", "virtual", "real"]);
    let parts: Vec<_> = records.split(|record| record["kind"] == "start").skip(1).collect();
    let count = |part: usize, kind: &str| parts[part].iter().filter(|record| record["kind"] == kind).count();
    // The phonebook is read, the applet sends it, and it is read again.
    assert!(count(0, "exchange") > 20 && count(2, "exchange") > 20, "{text}");
    assert_eq!((count(0, "tpdu"), count(2, "tpdu")), (0, 0));
    assert!(count(1, "exchange") > 20 && count(1, "tpdu") >= 2 && count(1, "event") >= 2, "{text}");
}

#[test]
fn a_card_whose_copy_the_server_has_lost_sends_it_again_if_it_is_told_to_or_changes() {
    let oxisim = folder(Some("mode = \"normal\""));
    oxisim.run(&["phonebook", "write", "--image", "CARD.toml", "--yes", "contacts-10.vcf"]).success();
    oxisim.run(&["backup", "--image", "CARD.toml"]).success();
    let lost = |words: &[&str], hint: &str| {
        let refused = oxisim.run(words).code(1);
        let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        assert!(said.contains(hint), "{said}");
    };
    let again = ["backup", "--image", "CARD.toml", "--db", "second.sqlite"];
    lost(&again, "--full sends them again");
    oxisim.run(&[&again[..], &["--full"]].concat()).success();

    let card = Running::start(&oxisim, &["--image", "CARD.toml"]);
    let again = ["backup", "--tcp", &card.address, "--db", "third.sqlite"];
    lost(&again, "change a contact on the card");
    let edited = oxisim.read("contacts-10.vcf").replacen("FN:", "FN:A", 1);
    oxisim.write("edited.vcf", &edited);
    oxisim.run(&["phonebook", "write", "--tcp", &card.address, "--yes", "edited.vcf"]).success();
    let figures = oxisim.json(&[&again[..], &["--json"]].concat());
    assert_eq!((&figures["verified"], &figures["contacts"]), (&true.into(), &10.into()), "{figures}");
}

/// Contacts that use all that the built-in card has room for, and a little more.
const FULL: &str = "BEGIN:VCARD\nVERSION:4.0\nFN:Ana\nNICKNAME:Anita\nTEL:+493012345\nTEL;TYPE=WORK:0301234\n\
EMAIL:ana@example.org\nBDAY:19990101\nEND:VCARD\n";

#[test]
fn contacts_come_onto_a_card_in_one_way_whoever_puts_them_there() {
    let oxisim = folder(None);
    oxisim.write("full.vcf", FULL);
    let words = ["phonebook", "write", "--image", "CARD.toml", "--yes", "full.vcf"];
    let written = oxisim.run(&words).success();
    let written = String::from_utf8_lossy(&written.get_output().stdout).into_owned();
    let losses = |said: &str| -> Vec<String> {
        said.lines().filter(|line| line.starts_with("  - ")).map(Into::into).collect()
    };
    let state = oxisim.read("CARD.state");
    std::fs::remove_file(oxisim.folder.path().join("CARD.state")).unwrap();

    let mut card = Running::start(&oxisim, &["--image", "CARD.toml", "--contacts", "full.vcf"]);
    assert_eq!(losses(&card.said), losses(&written));
    assert!(!card.said.contains("ana@example.org"), "{}", card.said);
    card.process.kill().unwrap();
    card.process.wait().unwrap();
    assert_eq!(oxisim.read("CARD.state"), state);
    oxisim.run(&["phonebook", "read", "--image", "CARD.toml", "read.vcf"]).success();
    let read = oxisim.read("read.vcf");
    assert!(["NICKNAME:Anita", "EMAIL:ana@example.org"].iter().all(|line| read.contains(line)), "{read}");
}

#[test]
fn contacts_for_a_card_that_wants_its_pin_take_the_pin() {
    let oxisim = folder(None);
    let text = oxisim.read("CARD.toml");
    let (before, after) = text.split_once("enabled = false").unwrap();
    oxisim.write("CARD.toml", &format!("{before}enabled = true{after}"));
    let words = ["phone", "--image", "CARD.toml", "--contacts", "contacts-10.vcf", "--for", "0s"];
    oxisim.run(&words).code(1).stderr_eq("oxisim: the card wants the PIN: give it with --pin\n");
    oxisim.run(&[&words[..], &["--pin", "0000"]].concat()).success();
    let card = ["card", "--image", "CARD.toml", "--pin", "0000"];
    oxisim
        .run(&card)
        .code(2)
        .stderr_eq("oxisim: the PIN is for contacts that are to be written: --contacts\n");
}

#[test]
fn a_card_without_the_applet_is_read_and_nothing_more() {
    let oxisim = folder(None);
    let words = ["backup", "--image", "CARD.toml"];
    oxisim.run(&["phonebook", "write", "--image", "CARD.toml", "--yes", "contacts-10.vcf"]).success();
    let before = oxisim.read("CARD.state");
    let backup = oxisim.run(&words).success();
    let said = String::from_utf8_lossy(&backup.get_output().stdout).into_owned();
    let found = "The card shows no menu: the phone makes the backup, and the card is only read.\n";
    assert!(said.contains(found), "{said}");
    assert!(said.contains("Verified: the copy in oxisim.sqlite equals the phonebook"), "{said}");
    assert_eq!(oxisim.read("CARD.state"), before);
    let held = oxisim.json(&["contacts", "list", "--source", "phone", "--json"]);
    assert_eq!((&held[0]["source"], &held[0]["contacts"]), (&"phone".into(), &10.into()), "{held}");
    let again = oxisim.json(&[&words[..], &["--json"]].concat());
    assert_eq!((&again["source"], &again["verified"]), (&"phone".into(), &true.into()));
    assert_eq!(oxisim.read("CARD.state"), before);
}

#[test]
fn a_card_that_sends_to_another_server_is_told() {
    let oxisim = folder(Some("mode = \"normal\""));
    let text = oxisim.read("CARD.toml");
    oxisim.write("CARD.toml", &text.replace("+15550199999", "+491700000000"));
    oxisim.run(&["phonebook", "write", "--image", "CARD.toml", "--yes", "contacts-10.vcf"]).success();
    let refused = oxisim.run(&["backup", "--image", "CARD.toml"]).code(1);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(said.contains("the card sends its messages to +491700000000: --server +491700000000"), "{said}");
    let figures = oxisim.json(&["backup", "--image", "CARD.toml", "--server", "+491700000000", "--json"]);
    assert_eq!(figures["verified"], true);
}

#[test]
fn contacts_and_a_card_exclude_each_other() {
    let oxisim = folder(None);
    for words in [
        &["backup"][..],
        &["backup", "contacts-10.vcf", "--image", "CARD.toml"],
        &["backup", "--image", "CARD.toml", "--tcp", "127.0.0.1:1"],
        &["backup", "--image", "CARD.toml", "--sim", "my.sim"],
        &["backup", "--image", "CARD.toml", "--source", "phone"],
        &["backup", "--tcp", "127.0.0.1:1", "--full"],
        &["backup", "contacts-10.vcf", "--pin", "1234"],
        &["backup", "contacts-10.vcf", "--server", "+4912"],
        &["backup", "--image", "NONE.toml"],
    ] {
        oxisim.run(words).code(2);
    }
    oxisim.run(&["backup", "--tcp", "127.0.0.1:1"]).code(1);
}

#[test]
fn a_card_that_does_not_say_whose_it_is_needs_a_number() {
    let oxisim = folder(None);
    let text = oxisim.read("CARD.toml");
    let mute: String = text
        .lines()
        .filter(|line| !line.starts_with("msisdn"))
        .fold(String::new(), |all, line| all + line + "\n");
    assert_ne!(mute.len(), text.len());
    oxisim.write("CARD.toml", &mute);
    let refused = oxisim.run(&["backup", "--image", "CARD.toml"]).code(2);
    refused.stderr_eq("oxisim: the card does not say whose it is: give the number with --number\n");
    oxisim.run(&["backup", "--image", "CARD.toml", "--number", "+4912345"]).success();
}

#[test]
fn a_dump_becomes_a_copy_with_the_same_contents() {
    let oxisim = folder(None);
    let original = Running::start(&oxisim, &["--image", "CARD.toml", "--contacts", "contacts-10.vcf"]);
    let dump = |address: &str, out: &str| {
        let words = ["card", "dump", "--tcp", address, "--adm", "00000000", "--out", out];
        let dumped = oxisim.run(&words).success();
        String::from_utf8_lossy(&dumped.get_output().stdout).into_owned()
    };
    let said = dump(&original.address, "DUMP.json");
    assert!(said.starts_with("UICC, ATR 3B9E96801FC78031E073F62140666F786973696D8A\n"), "{said}");
    assert!(said.contains("Not read:\n") && said.contains("the values of PINs, PUKs and keys"), "{said}");
    oxisim.run(&["card", "dump", "--tcp", &original.address, "--out", "DUMP.json"]).code(2);
    drop(original);
    oxisim.run(&["card", "import", "DUMP.json", "--out", "COPY.toml"]).success();
    let copy = Running::start(&oxisim, &["--image", "COPY.toml"]);
    dump(&copy.address, "AGAIN.json");
    assert_eq!(oxisim.read("AGAIN.json"), oxisim.read("DUMP.json"));
    oxisim.run(&["phonebook", "read", "--tcp", &copy.address, "copy.vcf"]).success();
    assert_eq!(oxisim.read("copy.vcf").matches("BEGIN:VCARD").count(), 10);
}

#[test]
fn what_is_made_may_go_into_a_pipe_and_what_is_said_of_it_does_not() {
    let oxisim = folder(None);
    let out = ["--out", "/dev/stdout"];
    let dumped = oxisim.run(&[&["card", "dump", "--image", "CARD.toml"][..], &out].concat()).success();
    let dump = dumped.get_output().stdout.clone();
    serde_json::from_slice::<serde_json::Value>(&dump).unwrap();
    oxisim.write("DUMP.json", &String::from_utf8(dump).unwrap());
    let imported = oxisim.run(&[&["card", "import", "DUMP.json"][..], &out].concat()).success();
    let text = String::from_utf8_lossy(&imported.get_output().stdout).into_owned();
    oxisim.write("COPY.toml", &text);
    oxisim.run(&["phonebook", "read", "--image", "COPY.toml", "copy.vcf"]).success();
    let there = ["card", "dump", "--image", "CARD.toml", "--out", "DUMP.json"];
    oxisim.run(&there).code(2).stderr_eq("oxisim: DUMP.json exists: a dump makes a new file\n");
}

#[test]
fn the_help_of_an_import_names_every_key_that_must_be_there() {
    let help = Oxisim::new().run(&["card", "import", "--help"]).success();
    let help = String::from_utf8_lossy(&help.get_output().stdout).into_owned();
    for key in ["`atr`", "`files`", "`path`", "`fid_path`", "`select_response`", "`binary`", "`records`"] {
        assert!(help.contains(key), "{key}: {help}");
    }
}

#[test]
fn an_access_rule_that_is_not_there_is_a_warning() {
    let oxisim = folder(None);
    let text = oxisim.read("CARD.toml");
    let more = "\n[files.\"MF/2F99\"]\nsize = 1\narr = \"2F98/1\"\n";
    oxisim.write("CARD.toml", &(text + more));
    let words = ["phone", "--image", "CARD.toml", "--for", "0s"];
    let said = String::from_utf8_lossy(&oxisim.run(&words).success().get_output().stderr).into_owned();
    assert!(said.contains("files.\"MF/2F99\".arr: there is no EF_ARR 2F98"), "{said}");
}

/// A record of `EF_ADN` with this octet everywhere in the name.
fn record(octet: u8) -> Vec<u8> {
    let mut record = vec![octet; 14];
    record.extend([0xFF; 14]);
    record
}

const SELECT_ADN: [u8; 10] = [0x00, 0xA4, 0x08, 0x0C, 0x04, 0x7F, 0x10, 0x6F, 0x3A, 0x00];

fn select_adn(card: &mut TcpClient) {
    card.reset().unwrap();
    assert_eq!(card.exchange(&SELECT_ADN[..9]).unwrap(), [0x90, 0x00]);
}

fn update(card: &mut TcpClient, octets: &[u8]) -> Result<Vec<u8>, oxisim_transport::Error> {
    let mut command = vec![0x00, 0xDC, 0x01, 0x04, octets.len() as u8];
    command.extend(octets);
    card.exchange(&command)
}

/// Whatever the moment: all that was acknowledged is kept, and a record is the old one or the new one.
#[test]
fn a_card_whose_process_is_killed_keeps_every_record_whole_that_it_acknowledged() {
    let oxisim = folder(None);
    let mut last = None;
    for round in 0..6u8 {
        let card = Running::start(&oxisim, &["--image", "CARD.toml"]);
        let mut client = card.client();
        select_adn(&mut client);
        let found = client.exchange(&[0x00, 0xB2, 0x01, 0x04, 0x1C]).unwrap();
        if let Some((acknowledged, sent)) = last {
            let kept =
                [record(acknowledged), record(sent)].map(|octets| [&octets[..], &[0x90, 0x00]].concat());
            assert!(kept.contains(&found), "round {round}: {found:02X?}");
        }
        let killer = {
            let id = card.process.id().to_string();
            // While the card is at its work, after a time that no one plans.
            std::thread::spawn(move || {
                for _ in 0..round {
                    std::thread::yield_now();
                }
                Command::new("kill").args(["-KILL", &id]).status().unwrap()
            })
        };
        let first = 0x21 + round * 0x20;
        let mut acknowledged = found[0];
        let mut sent = acknowledged;
        for octet in (first..first + 0x1F).cycle() {
            sent = octet;
            match update(&mut client, &record(octet)) {
                Ok(status) => assert_eq!(status, [0x90, 0x00]),
                Err(_) => break,
            }
            acknowledged = octet;
        }
        assert!(killer.join().unwrap().success());
        last = Some((acknowledged, sent));
    }
}

/// The AID of the backup applet.
const AID: &str = "A0000009994F584953494D01";

#[test]
fn the_applet_of_the_built_in_card_is_within_its_quota() {
    let applets = Oxisim::new().json(&["card", "--applets", "--json"]);
    let applet = &applets[0];
    assert_eq!((&applet["aid"], &applet["name"]), (&AID.into(), &"Phonebook backup".into()));
    assert_eq!((&applet["state"], &applet["package"]), (&"SELECTABLE".into(), &AID.into()));
    assert_eq!((&applet["priority"], &applet["menu_entries"]), (&128.into(), &[1].into()));
    assert_eq!(applet["timers"], serde_json::json!([1]));
    let octets = |memory: &str, what: &str| applet[memory][what].as_u64();
    assert_eq!(octets("transient", "quota"), Some(1_024));
    assert!(octets("transient", "used").is_some_and(|used| (1..=1_024).contains(&used)), "{applet}");
    assert!(octets("persistent", "used").is_some_and(|used| used > 16_384), "its blocks: {applet}");
    assert!(applet["events"].as_array().is_some_and(|events| !events.is_empty()), "{applet}");
}

#[test]
fn people_get_a_table_of_the_applets() {
    let output = Oxisim::new().run(&["card", "--applets"]).success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let (head, row) = text.split_once('\n').unwrap();
    for column in ["AID", "name", "state", "priority", "transient", "persistent", "menu", "timers", "events"]
    {
        assert!(head.contains(column), "{head}");
    }
    assert!(row.starts_with(AID) && row.contains("of 1024"), "{row}");
    assert_eq!(head.find("state"), row.find("SELECTABLE"), "what belongs together stands together");
}

#[test]
fn a_card_of_a_file_without_applets_has_none() {
    let words = ["card", "--applets", "--image", "CARD.toml"];
    folder(None).run(&words).success().stdout_eq("No applet.\n");
    let output = folder(Some("mode = \"timer\"")).run(&words).success();
    assert!(String::from_utf8_lossy(&output.get_output().stdout).contains(AID));
}

#[test]
fn a_state_that_is_named_must_be_there_and_be_of_the_card() {
    let oxisim = Oxisim::new();
    oxisim.run(&["card", "init", "--out", "CARD.toml"]).success();
    let words = ["card", "--applets", "--image", "CARD.toml", "--state", "OTHER.state"];
    oxisim.run(&words).code(2);
    oxisim.write("OTHER.state", r#"{ "version": 1, "objects": {} }"#);
    oxisim.run(&words).success();
    oxisim.write("OTHER.state", r#"{ "version": 1, "objects": { "applets": "FF" } }"#);
    oxisim.run(&words).code(2);
}

#[test]
fn a_card_has_the_applets_that_are_named() {
    let oxisim = Oxisim::new();
    let words = ["--applet", "hello", "--applet", "echo", "--applet", "balance", "--applet", "tracker"];
    let applets = oxisim.json(&[&["card", "--applets", "--json"], &words[..]].concat());
    let names: Vec<_> = applets.as_array().unwrap().iter().map(|applet| &applet["name"]).collect();
    assert_eq!(names, ["hello", "echo", "balance", "tracker"]);
    assert_eq!(applets[0]["menu_entries"], serde_json::json!([1]));
    assert!(applets[3]["persistent"]["used"].as_u64().is_some_and(|octets| octets >= 98), "{applets}");

    let card = Running::start(&oxisim, &words);
    let phone = ["phone", "--tcp", &card.address, "--for", "0s", "--choose", "1", "--answer", "Ada"];
    let ran = oxisim.run(&phone).success();
    let said = String::from_utf8_lossy(&ran.get_output().stdout);
    for line in ["1 \"Hello\", 2 \"Balance\", 3 \"Places\"", "screen  \"Hello, Ada!\""] {
        assert!(said.contains(line), "{line}: {said}");
    }

    oxisim.run(&["card", "--applets", "--applet", "nobody"]).code(2);
    oxisim.run(&["card", "--applets", "--applet", "hello", "--image", "CARD.toml"]).code(2);
}

#[test]
fn what_is_there_already_is_kept_and_said_so() {
    let oxisim = Oxisim::new();
    oxisim.run(&["card", "init", "--out", "CARD.toml"]).success();
    oxisim.write("CARD.toml", "mine");
    let again = oxisim.run(&["card", "init", "--out", "CARD.toml"]).code(1);
    again.stderr_eq("oxisim: CARD.toml is there already, and is not overwritten\n");
    assert_eq!(oxisim.read("CARD.toml"), "mine");
}

#[test]
fn an_applet_is_on_a_card_once() {
    let words = ["card", "--applets", "--applet", "hello", "--applet", "echo", "--applet", "hello"];
    let twice = Oxisim::new().run(&words).code(2);
    twice.stderr_eq("oxisim: --applet hello twice: a card has an applet once\n");
}

#[test]
fn a_card_and_the_phone_that_has_it_record_the_same_and_it_replays_against_another_card() {
    let oxisim = Oxisim::new();
    let hello = ["--applet", "hello"];
    let card = Running::start(&oxisim, &[&hello[..], &["--trace", "card.jsonl"]].concat());
    let phone = ["phone", "--tcp", &card.address, "--for", "0s", "--choose", "1", "--answer", "Ada"];
    oxisim.run(&[&phone[..], &["--trace", "phone.jsonl"]].concat()).success();
    let exchanges = |name: &str| -> Vec<(String, String)> {
        let text = oxisim.read(name);
        let records = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let octets = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let exchanges = records.filter(|record| record["kind"] == "exchange");
        exchanges.map(|record| (octets(&record["command"]), octets(&record["response"]))).collect()
    };
    assert!(exchanges("phone.jsonl").len() > 20);
    assert_eq!(exchanges("card.jsonl"), exchanges("phone.jsonl"));

    let other = Running::start(&oxisim, &hello);
    oxisim.run(&["trace", "replay", "phone.jsonl", "--tcp", &other.address]).success();
}
