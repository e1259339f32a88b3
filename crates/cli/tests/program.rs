//! The program as its user sees it: what it prints, what it leaves, and how it ends.

mod oxisim;

use oxisim_backup::{Held, Vault, message::Source};
use oxisim_server::{SqliteStore, Store, StoreError};
use snapbox::file;

use oxisim::{Oxisim, example};

#[test]
fn a_backup_of_255_contacts_prints_what_the_readme_shows() {
    let oxisim = Oxisim::new().with("contacts-255.vcf");
    oxisim.run(&["backup", "contacts-255.vcf"]).success().stdout_eq(file!["snapshots/backup.txt"]);
}

#[test]
fn every_mode_side_by_side() {
    let oxisim = Oxisim::new().with("contacts-255.vcf");
    let output = oxisim.run(&["compare", "contacts-255.vcf", "--timeline", "compare.svg"]).success();
    output.stdout_eq(file!["snapshots/compare.txt"]);
    let picture = oxisim.read("compare.svg");
    assert!(["normal", "server", "timer", "status"].iter().all(|mode| picture.contains(mode)));
}

#[test]
fn the_figures_of_every_mode() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    for (mode, subsets) in [("normal", 1), ("server", 4), ("timer", 4), ("status", 4)] {
        let words = ["backup", "contacts-10.vcf", "--mode", mode, "--contacts-per-block", "1", "--json"];
        let figures = oxisim.json(&words);
        assert_eq!(figures["mode"], mode);
        assert_eq!(figures["source"], "card");
        assert_eq!((&figures["contacts"], &figures["blocks"]), (&10.into(), &10.into()), "{mode}");
        assert_eq!((&figures["messages"], &figures["subsets"]), (&10.into(), &subsets.into()), "{mode}");
        assert_eq!(figures["resumes"], subsets - 1);
        // Three pauses; in the server way each is as much longer as the server's question takes to come.
        let expected = if mode == "server" { 436.0 } else { 403.0 };
        assert_eq!(figures["estimate_s"], serde_json::json!({ "normal": 43.0, "async": expected }));
        assert_eq!(figures["bytes"]["phonebook"], 280);
        assert!(figures["calls"]["attempted"].as_u64().is_some());
        assert!(
            figures["busy"]["longest_s"].as_f64().unwrap() <= figures["busy"]["total_s"].as_f64().unwrap()
        );
        assert_eq!(figures["verified"], true, "{mode}");
    }
}

#[test]
fn the_server_configures_the_card_and_starts_the_backup() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    let words = ["--mode", "timer", "--subset", "5", "--contacts-per-block", "1"];
    let ordered = [&["backup", "contacts-10.vcf", "--by-server", "--all"][..], &words].concat();
    let said = oxisim.run(&ordered).success().get_output().stdout.clone();
    let said = String::from_utf8(said).unwrap();
    for line in
        ["server: configuration 1", "card has taken configuration 1", "server: start a backup (difference)"]
    {
        assert!(said.contains(line), "{said}");
    }
    assert!(said.contains("blocks 6-10 of 10 sent"), "subsets of five: {said}");
    let list = oxisim.json(&["contacts", "list", "--json"]);
    assert_eq!((&list[0]["contacts"], &list[0]["alarms"]), (&10.into(), &0.into()));
}

#[test]
fn a_card_that_the_server_configures_codes_as_it_was_told() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    for (coding, blocks) in [("plain", 4), ("compact", 2)] {
        let said = oxisim.run(&["backup", "contacts-10.vcf", "--by-server", "--coding", coding]).success();
        let said = String::from_utf8(said.get_output().stdout.clone()).unwrap();
        assert!(said.contains(&format!("Estimate for {blocks} blocks")), "{coding}: {said}");
    }
}

#[test]
fn the_server_says_whose_card_it_was_told_of() {
    let words = ["contacts", "enrol", "--number", "+15550100001", "--iccid", "8900101000000000027"];
    Oxisim::new()
        .run(&words)
        .success()
        .stdout_eq("The server of oxisim.sqlite knows card 8900101000000000027 as that of +15550100001\n");
}

#[test]
fn a_card_with_a_wrong_check_digit_is_not_enrolled() {
    let oxisim = Oxisim::new();
    let enrol = |iccid| oxisim.run(&["contacts", "enrol", "--number", "+15550100001", "--iccid", iccid]);
    let refused = enrol("8900101000000000028").code(2);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(said.contains("the last digit would be 7, the check digit of the others"), "{said}");
    enrol("890010100000000002").success();
}

#[test]
fn a_kept_sim_backs_up_what_has_changed() {
    let oxisim = Oxisim::new().with("contacts-255.vcf");
    let first = oxisim.json(&["backup", "contacts-255.vcf", "--mode", "normal", "--sim", "my.sim", "--json"]);
    assert_eq!(first["messages"], 29);
    let again = oxisim.json(&["backup", "contacts-255.vcf", "--sim", "my.sim", "--json"]);
    assert_eq!((&again["messages"], &again["told"]), (&0.into(), &"Phonebook has not changed".into()));

    let edited = oxisim.read("contacts-255.vcf").replace("+17808530315", "+17808530399");
    oxisim.write("edited.vcf", &edited);
    let second = oxisim.json(&["backup", "edited.vcf", "--sim", "my.sim", "--json"]);
    assert_eq!((&second["messages"], &second["verified"]), (&1.into(), &true.into()));
}

#[test]
fn a_new_sim_of_the_same_number_is_backed_up_whole() {
    let oxisim = Oxisim::new().with("contacts-10.vcf").with("contacts-255.vcf");
    assert_eq!(oxisim.json(&["backup", "contacts-10.vcf", "--json"])["contacts"], 10);
    let other = oxisim.json(&["backup", "contacts-255.vcf", "--json"]);
    assert_eq!((&other["contacts"], &other["verified"]), (&255.into(), &true.into()));
    let fewer = oxisim.json(&["backup", "contacts-10.vcf", "--json"]);
    assert_eq!((&fewer["contacts"], &fewer["verified"]), (&10.into(), &true.into()));
}

#[test]
fn the_phones_own_phonebook_and_both() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    for (source, contacts) in [("phone", 10), ("both", 20)] {
        let db = format!("{source}.sqlite");
        let figures = oxisim.json(&["backup", "contacts-10.vcf", "--source", source, "--db", &db, "--json"]);
        assert_eq!((&figures["source"], &figures["contacts"]), (&source.into(), &contacts.into()));
        assert_eq!(figures["verified"], true);
    }
}

#[test]
fn refusal_and_silence_mean_no_backup_and_exit_status_1() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    for answer in ["refuse", "none"] {
        oxisim
            .run(&["backup", "contacts-10.vcf", "--mode", "ask", "--answer", answer])
            .code(1)
            .stderr_eq("oxisim: not verified: card: the server holds no copy (phone: No backup made)\n");
    }
    let figures =
        oxisim.json(&["backup", "contacts-10.vcf", "--mode", "ask", "--answer", "normal", "--json"]);
    assert_eq!((&figures["mode"], &figures["requested_mode"]), (&"normal".into(), &"ask".into()));
}

#[test]
fn what_was_backed_up_comes_out_again() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    oxisim.run(&["backup", "contacts-10.vcf"]).success();
    oxisim.run(&["contacts", "export", "copy.vcf"]).success().stdout_eq("10 contacts in copy.vcf\n");
    let names = |text: &str| -> Vec<String> {
        text.lines().filter_map(|line| line.strip_prefix("FN:").map(str::to_owned)).collect()
    };
    assert_eq!(names(&oxisim.read("copy.vcf")), names(&oxisim.read("contacts-10.vcf")));

    let restored = oxisim.json(&["contacts", "restore", "--sim", "new.sim", "--loss", "10%", "--json"]);
    assert_eq!((&restored["contacts"], &restored["verified"]), (&10.into(), &true.into()));
    let next = oxisim.json(&["backup", "contacts-10.vcf", "--sim", "new.sim", "--json"]);
    assert_eq!(next["messages"], 0, "the restored SIM has what the server has");
}

#[test]
fn a_sim_whose_copy_the_server_has_lost_is_told_how_to_send_it_again() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    oxisim.run(&["backup", "contacts-10.vcf", "--sim", "my.sim"]).success();
    let again = ["backup", "contacts-10.vcf", "--sim", "my.sim", "--db", "other.sqlite"];
    let refused = oxisim.run(&again).code(1);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(said.contains("--full sends them again"), "{said}");
    oxisim.run(&[&again[..], &["--full"]].concat()).success();
}

#[test]
fn a_copy_that_is_not_the_phonebook_is_not_verified() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    let words = ["backup", "contacts-10.vcf", "--sim", "my.sim"];
    oxisim.run(&words).success();
    let mut store = SqliteStore::open_beside(oxisim.folder.path().join("oxisim.sqlite")).unwrap();
    let damage = |account: &mut <SqliteStore as Store>::Account<'_>| -> Result<(), StoreError> {
        let mut held = Held::clone(&*account.held(Source::CARD)?.expect("there is a copy"));
        let mut record = held.book.remove(7).expect("it is in use");
        record.number = None;
        held.book.insert(7, record);
        held.book.remove(3).expect("it is in use");
        account.put_held(Source::CARD, &held)
    };
    store.subscriber(&"+15550100001".parse().unwrap(), damage).unwrap();
    drop(store);
    let refused = oxisim.run(&words).code(1);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    let differences = "card: record 3 is missing in the copy; card: record 7 differs in the copy";
    assert!(said.contains(differences), "{said}");
}

#[test]
fn a_restore_does_not_overwrite_a_kept_sim() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    oxisim.run(&["backup", "contacts-10.vcf", "--sim", "my.sim"]).success();
    let before = oxisim.read("my.sim");
    oxisim.run(&["contacts", "restore", "--sim", "my.sim"]).code(2);
    assert_eq!(oxisim.read("my.sim"), before);
}

#[test]
fn a_forgotten_subscriber_is_gone() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    oxisim.run(&["backup", "contacts-10.vcf"]).success();
    oxisim.run(&["contacts", "forget", "--number", "+15550100001"]).success();
    oxisim.run(&["contacts", "list"]).success().stdout_eq("oxisim.sqlite holds nothing.\n");
    oxisim.run(&["contacts", "export"]).code(1);
}

#[test]
fn every_loss_of_the_nasty_contacts_is_named() {
    let oxisim = Oxisim::new().with("nasty.vcf");
    let output = oxisim.run(&["backup", "nasty.vcf", "--db", ":memory:"]).success();
    output.stdout_eq(file!["snapshots/nasty.txt"]);
    let strict = oxisim.run(&["backup", "nasty.vcf", "--db", "none.sqlite", "--strict"]).code(2);
    let said = String::from_utf8_lossy(&strict.get_output().stderr).into_owned();
    assert!(said.ends_with("oxisim: 12 things would be lost in nasty.vcf (--strict)\n"), "{said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("  - ")).count(), 12);
    assert!(!oxisim.folder.path().join("none.sqlite").exists(), "nothing has been begun");
}

#[test]
fn contacts_beyond_the_last_slot_are_named() {
    let oxisim = Oxisim::new().with("contacts-255.vcf").with("contacts-10.vcf");
    oxisim.write("265.vcf", &(oxisim.read("contacts-255.vcf") + &oxisim.read("contacts-10.vcf")));
    let output = oxisim.run(&["backup", "265.vcf", "--db", ":memory:", "--json"]).success();
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert_eq!(said.matches("book full: contact left out").count(), 10, "{said}");
}

#[test]
fn wrong_input_is_named_with_its_line_and_exit_status_2() {
    let oxisim = Oxisim::new();
    oxisim.write("text.vcf", "hello\n");
    oxisim.write("empty.vcf", "");
    oxisim.write("open.vcf", "BEGIN:VCARD\nVERSION:3.0\nFN:A\nEND:VCARD\nBEGIN:VCARD\nFN:B\n");
    for (file, message) in [
        ("text.vcf", "oxisim: text.vcf, line 1: BEGIN:VCARD expected, found 'hello'\n"),
        ("empty.vcf", "oxisim: empty.vcf, line 1: the file is empty\n"),
        ("open.vcf", "oxisim: open.vcf, line 5: this BEGIN:VCARD has no END:VCARD\n"),
        ("none.vcf", "oxisim: cannot read none.vcf: No such file or directory (os error 2)\n"),
    ] {
        oxisim.run(&["backup", file]).code(2).stderr_eq(message);
    }
    oxisim.write("my.sim", "{}");
    std::fs::copy(example("contacts-10.vcf"), oxisim.folder.path().join("c.vcf")).unwrap();
    oxisim.run(&["backup", "c.vcf", "--sim", "my.sim"]).code(2);
    oxisim.run(&["backup", "c.vcf", "--db", "."]).code(2);
    oxisim.run(&["backup", "c.vcf", "--pause", "3x"]).code(2);
    oxisim.run(&["backup", "c.vcf", "--loss", "2"]).code(2);
    oxisim.run(&["backup", "c.vcf", "--source", "phone", "--mode", "status"]).code(2);
}

#[test]
fn a_lossy_network_does_not_keep_a_backup_from_completion() {
    let oxisim = Oxisim::new().with("contacts-255.vcf");
    for mode in ["normal", "server", "timer", "status"] {
        let words =
            ["backup", "contacts-255.vcf", "--mode", mode, "--loss", "0.15", "--db", ":memory:", "--json"];
        let figures = oxisim.json(&words);
        assert!(figures["lost"].as_u64().unwrap() > 0 && figures["verified"] == true, "{mode}: {figures}");
    }
}

#[test]
fn a_database_says_which_subscribers_it_holds() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    oxisim.run(&["backup", "contacts-10.vcf", "--number", "+491510000001"]).success();
    oxisim.run(&["backup", "contacts-10.vcf", "--number", "+491510000002"]).success();
    let all = oxisim.json(&["contacts", "list", "--json"]);
    assert_eq!(all.as_array().unwrap().len(), 2);
    oxisim
        .run(&["contacts", "export"])
        .code(2)
        .stderr_eq("oxisim: 2 subscribers are held: say which with --number\n");
    let one = oxisim.json(&["contacts", "list", "--number", "+491510000002", "--json"]);
    assert_eq!(one["contacts"].as_array().unwrap().len(), 10);
}

#[test]
fn a_phone_dials_and_says_what_the_card_decides() {
    let oxisim = Oxisim::new();
    let dial = |words: &[&str], number| {
        let words = [&["phone", "--for", "0s"], words, &["--dial", number]].concat();
        let output = oxisim.run(&words).success();
        String::from_utf8_lossy(&output.get_output().stdout).into_owned()
    };
    let said = dial(&["--control"], "*100#");
    for line in ["card    allows the USSD \"*100#\"", "phone   hears \"Balance: 5.00\""] {
        assert!(said.contains(line), "{said}");
    }
    let said = dial(&["--control"], "112");
    assert!(!said.contains("allows") && said.contains("asks the network for a call to 112"), "{said}");
    let said = dial(&[], "+15550100002");
    assert!(!said.contains("allows") && said.contains("hears that the call is connected"), "{said}");
}

#[test]
fn a_phone_says_what_it_could_not_do() {
    let oxisim = Oxisim::new();
    for (words, reason) in [
        (["--choose", "99"], "there is no item 99 in the card's menu"),
        (["--dial", "garbage"], "\"garbage\" was not dialled: this cannot be dialled"),
        (["--answer", "Ada"], "nothing was answered with \"Ada\""),
    ] {
        let phone = oxisim.run(&["phone", "--for", "0s", words[0], words[1]]);
        phone.code(1).stderr_eq(format!("oxisim: {reason}\n"));
    }
    // What is said of the card of this program is not for another.
    oxisim.run(&["phone", "--tcp", "127.0.0.1:1", "--control"]).code(2);
    oxisim.run(&["phone", "--for", "0s", "--choose", "1"]).success();
    let called = oxisim.run(&["phone", "--for", "0s", "--dial", "+4917012345"]).success();
    let said = String::from_utf8_lossy(&called.get_output().stdout).into_owned();
    assert!(said.contains("there is no call, cause 1 (unassigned number)"), "{said}");
}

#[test]
fn a_phone_answers_what_an_applet_asks_and_gets_messages_for_it() {
    let oxisim = Oxisim::new();
    let phone = |words: &[&str]| {
        let ran = oxisim.run(&[&["phone", "--for", "0s", "--choose", "1"], words].concat()).success();
        String::from_utf8_lossy(&ran.get_output().stdout).into_owned()
    };
    let said = phone(&["--applet", "hello", "--answer", "Ada"]);
    for line in ["screen  \"What is your name?\"", "user    answers \"Ada\"", "screen  \"Hello, Ada!\""] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let wrong = ["phone", "--for", "0s", "--applet", "hello", "--choose", "1", "--answer", "Привет"];
    oxisim.run(&wrong).code(1).stderr_eq("oxisim: \"Привет\" is no answer to what the card asked\n");
    let echoed = oxisim.run(&["phone", "--for", "0s", "--applet", "echo", "--sms", "hello", "--sms", "hi"]);
    let said = String::from_utf8_lossy(&echoed.success().get_output().stdout).into_owned();
    for text in ["hello", "hi"] {
        let line = format!("card    sends an SMS to +15550100002: \"Echo: {text}\"");
        assert!(said.contains(&line), "{line}: {said}");
    }
    let said = phone(&["--applet", "balance"]);
    assert!(said.contains("screen  \"Balance: 5.00\""), "{said}");
}

#[test]
fn a_phone_without_memory_keeps_what_comes_on_the_card() {
    // A text from 12345678 for nobody else.
    const DELIVER: [&str; 2] = ["--tpdu", "040891214365870000621010800000000141"];
    let oxisim = Oxisim::new();
    let phone = |words: &[&str]| {
        let ran = oxisim.run(&[&["phone", "--for", "0s"], &DELIVER[..], words].concat()).success();
        String::from_utf8_lossy(&ran.get_output().stdout).into_owned()
    };
    let kept = "phone   keeps the message in record 1 of the card";
    assert!(phone(&["--keep-messages"]).contains(kept));
    assert!(!phone(&[]).contains("keeps the message"));
}

#[test]
fn the_tutorial_shows_what_a_phone_says() {
    const PROMPT: &str = "$ oxisim ";
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/APPLETS.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, block) = page.split_once(PROMPT).expect("a command with what it prints");
    let (words, printed) = block.split_once('\n').unwrap();
    let (printed, _) = printed.split_once("```").unwrap();
    let ran = Oxisim::new().run(&words.split(' ').collect::<Vec<_>>()).success();
    let said = String::from_utf8_lossy(&ran.get_output().stdout).into_owned();
    // The time is another each time, and how a phone starts a card is no matter of applets.
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| Some(line.split_once("s  ")?.1.to_owned()));
        lines.filter(|line| !line.contains("off after")).collect()
    };
    assert!(lines(printed).len() > 5, "{printed}");
    assert_eq!(lines(printed), lines(&said));
}
