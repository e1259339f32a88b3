use super::*;

fn problems(text: &str) -> Vec<String> {
    match Config::parse(text, Path::new("/nowhere")) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(Problem::to_string).collect(),
    }
}

#[test]
fn an_empty_file_is_a_server_that_needs_nothing_but_itself() {
    let config = Config::parse("", Path::new("")).unwrap();
    assert_eq!((config.store.database, config.store.url), (PathBuf::from("oxisim.db"), None));
    assert!(config.console.address.unwrap().ip().is_loopback());
    assert!(config.smpp.is_empty());
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_its_line() {
    let text = "[store]\ndatabse = \"a.db\"\nlease = \"1s\"\n\n[[smpp]]\naddress = \"smsc\"\nwindow = \"10\"\n\
                system_id = \"backup\"\nbind = \"both\"\n[backup]\nhours = [\"22:00\"]\n[sever]\n";
    assert_eq!(
        problems(text),
        [
            "line 2: store.databse: unknown key; did you mean `database`?",
            "line 3: store.lease: a time from 3s to 10m is expected",
            "line 6: smpp.address: HOST:PORT is expected",
            "line 7: smpp.window: a number is expected",
            "line 9: smpp.bind: one of \"transceiver\", \"receiver\", \"transmitter\" is expected",
            "line 11: backup.hours: hours such as \"22:00-06:00\", in UTC, are expected",
            "line 12: sever: unknown; did you mean `server`?",
        ]
    );
}

#[test]
fn what_is_missing_is_said_at_its_table() {
    assert_eq!(
        problems("\n[[smpp]]\nname = \"a\"\n"),
        ["line 2: smpp.address: is missing", "line 2: smpp.system_id: is missing"]
    );
}

#[test]
fn files_that_are_missing_are_said() {
    let found = problems("[console]\ncertificate = \"no.pem\"\n");
    assert!(found[0].starts_with("line 2: console.certificate: cannot read /nowhere/no.pem: "), "{found:?}");
    assert_eq!(found[1], "line 2: console.certificate: `certificate_key` is missing");
}

#[test]
fn a_console_that_others_reach_needs_a_certificate() {
    for address in ["0.0.0.0:8480", "[::]:8480", "192.0.2.1:8480"] {
        let found = problems(&format!("[console]\naddress = \"{address}\"\n"));
        assert_eq!(
            found,
            [
                "line 2: console.address: others reach it: name a `certificate` and its key, or listen on 127.0.0.1"
            ]
        );
        assert!(problems(&format!("[console]\nenabled = false\naddress = \"{address}\"\n")).is_empty());
    }
}

#[test]
fn what_is_no_toml_is_said_with_its_line() {
    let found = problems("[store]\ndatabase = \n");
    assert!(found[0].starts_with("line 2: "), "{found:?}");
    assert_eq!(problems("smpp = 5\nstore = []\n").len(), 2);
}

#[test]
fn what_smpp_cannot_say_is_known_before_a_bind() {
    let found = problems("[[smpp]]\naddress = \"a:1\"\nsystem_id = \"b\u{fc}ro\"\npassword = \"\u{20ac}\"\n");
    assert_eq!(
        found,
        [
            "line 3: smpp.system_id: characters of ASCII are expected",
            "line 4: smpp.password: characters of ASCII are expected"
        ]
    );
}

#[test]
fn a_password_is_not_shown() {
    let text = "[[smpp]]\naddress = \"a:1\"\nsystem_id = \"x\"\npassword = \"secret\"\n";
    let config = Config::parse(text, Path::new("")).unwrap();
    assert_eq!(config.smpp[0].password.reveal(), "secret");
    assert!(!format!("{config:?}").contains("secret"));
}

#[test]
fn two_sms_centres_have_two_names() {
    let bind = "[[smpp]]\naddress = \"a:1\"\nsystem_id = \"x\"\n";
    assert_eq!(problems(&bind.repeat(2)), ["line 4: smpp.name: there is an SMS centre \"smsc\" already"]);
}

#[test]
fn what_needs_a_restart_is_known() {
    let read = |text: &str| Config::parse(text, Path::new("")).unwrap();
    let before = read("");
    assert!(before.fixed(&read("[backup]\nevery = \"1h\"\n[log]\nlevel = \"warn\"\n")).is_empty());
    let bind = |more: &str| read(&format!("[[smpp]]\naddress = \"a:1\"\nsystem_id = \"x\"\n{more}"));
    assert!(bind("").fixed(&bind("rate = 5\nprefixes = [\"+49\"]\n")).is_empty());
    assert_eq!(bind("").fixed(&bind("window = 5\n")), ["smpp, but for prefixes and rate"]);
    assert_eq!(
        before.fixed(&read("[store]\ndatabase = \"b.db\"\n[console]\nenabled = false\n")),
        ["store", "console"]
    );
}
