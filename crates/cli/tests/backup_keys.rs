//! The keys of cards, as whoever makes cards and runs the server sees them.

mod oxisim;

use oxisim::Oxisim;

const NUMBER: &str = "+15550100007";

/// A card in a file, with contacts on it, whose keys the server knows.
fn personalised() -> Oxisim {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    oxisim.run(&["card", "init", "--out", "CARD.toml"]).success();
    oxisim.run(&["phonebook", "write", "--image", "CARD.toml", "contacts-10.vcf", "--yes"]).success();
    let said = oxisim.run(&["card", "personalise", "CARD.toml", "--number", NUMBER]).success();
    said.stdout_eq(
        "Card 8900101000000000019 has version 1 of its keys\n\
         The server of oxisim.sqlite knows it as the card of +15550100007\n",
    );
    oxisim
}

fn back_up(oxisim: &Oxisim) -> serde_json::Value {
    oxisim.json(&["backup", "--image", "CARD.toml", "--number", NUMBER, "--full", "--json"])
}

#[test]
fn a_card_that_is_personalised_is_backed_up_with_its_keys() {
    let oxisim = personalised();
    assert_eq!(back_up(&oxisim)["verified"], true);
    let card = &oxisim.json(&["contacts", "cards", "--json"])[0];
    assert_eq!((&card["number"], &card["key_version"]), (&NUMBER.into(), &1.into()));
    assert_eq!((&card["received"], &card["refused"]), (&2.into(), &0.into()));
    oxisim.run(&["card", "personalise", "CARD.toml", "--number", NUMBER, "--key-version", "2"]).success();
    assert_eq!(back_up(&oxisim)["verified"], true);
    let card = &oxisim.json(&["contacts", "cards", "--json"])[0];
    assert_eq!((&card["key_version"], &card["received"]), (&2.into(), &4.into()));
}

#[test]
fn a_card_with_other_keys_than_the_servers_gets_nowhere() {
    let oxisim = personalised();
    oxisim.write("other.key", "000102030405060708090A0B0C0D0E0F\n");
    let other = "@other.key";
    let words = ["card", "personalise", "CARD.toml", "--master-key", other, "--no-enrol"];
    oxisim.run(&words).success();
    oxisim.run(&["backup", "--image", "CARD.toml", "--number", NUMBER]).code(1);
    let card = &oxisim.json(&["contacts", "cards", "--json"])[0];
    assert_eq!(card["received"], 0);
    assert!(card["refused"].as_u64().unwrap() > 4, "{card}");
}

#[test]
fn without_security_the_program_says_so() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    let output = oxisim.run(&["backup", "contacts-10.vcf", "--insecure", "--sim", "plain.sim"]).success();
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(said.contains("--insecure: nothing is ciphered or signed"), "{said}");
    assert_eq!(oxisim.json(&["contacts", "cards", "--json"]), serde_json::json!([]));
    oxisim.run(&["backup", "contacts-10.vcf", "--sim", "my.sim"]).success();
    oxisim.run(&["backup", "contacts-10.vcf", "--insecure", "--sim", "my.sim"]).code(2);
    // A SIM without keys gets them.
    oxisim.run(&["backup", "contacts-10.vcf", "--sim", "plain.sim", "--full"]).success();
    assert_eq!(oxisim.json(&["contacts", "cards", "--json"]).as_array().map(Vec::len), Some(1));
}

#[test]
fn a_sim_goes_from_server_to_server() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    for db in ["one.sqlite", "two.sqlite", "one.sqlite"] {
        let words = ["backup", "contacts-10.vcf", "--sim", "my.sim", "--db", db, "--full", "--json"];
        assert_eq!(oxisim.json(&words)["verified"], true, "{db}");
    }
}

#[test]
fn a_master_key_that_is_lost_is_not_made_anew() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    oxisim.run(&["backup", "contacts-10.vcf"]).success();
    let key = oxisim.read("oxisim.sqlite.key");
    assert!(key.trim_end().bytes().all(|digit| digit.is_ascii_hexdigit()) && key.len() == 33);
    std::fs::remove_file(oxisim.folder.path().join("oxisim.sqlite.key")).unwrap();
    let output = oxisim.run(&["backup", "contacts-10.vcf"]).code(1);
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(said.contains("oxisim.sqlite.key is missing"), "{said}");
}

#[test]
fn a_new_card_of_a_known_subscriber_goes_on_with_the_number_of_the_last_backup() {
    let oxisim = personalised();
    assert_eq!(back_up(&oxisim)["verified"], true);
    assert_eq!(back_up(&oxisim)["verified"], true);
    let card = oxisim.read("CARD.toml").replace("8900101000000000019", "8900101000000000027");
    oxisim.write("NEW.toml", &card);
    oxisim.run(&["phonebook", "write", "--image", "NEW.toml", "contacts-10.vcf", "--yes"]).success();
    let said = oxisim.run(&["card", "personalise", "NEW.toml", "--number", NUMBER]).success();
    said.stdout_eq(
        "Card 8900101000000000027 has version 1 of its keys\n\
         Its first backup is number 3\n\
         The server of oxisim.sqlite knows it as the card of +15550100007\n",
    );
    let again = oxisim.run(&["card", "personalise", "NEW.toml", "--number", NUMBER]).success();
    let said = String::from_utf8_lossy(&again.get_output().stdout).into_owned();
    assert!(!said.contains("first backup"), "{said}");
    let outcome = oxisim.json(&["backup", "--image", "NEW.toml", "--number", NUMBER, "--json"]);
    assert_eq!(outcome["verified"], true);
    assert_eq!(outcome["answers"], 1, "no backup is refused on the way: {outcome}");
}

#[test]
fn keys_are_replaced_over_the_air_while_the_next_backup_runs() {
    let oxisim = Oxisim::new().with("contacts-10.vcf");
    let words = ["backup", "contacts-10.vcf", "--sim", "my.sim", "--full", "--json"];
    assert_eq!(oxisim.json(&words)["verified"], true);
    oxisim.run(&["contacts", "rekey", "--number", "+15550100002"]).code(1);
    oxisim
        .run(&["contacts", "rekey", "--all"])
        .success()
        .stdout_eq("Card 8900101000000000019 of +15550100001 is to have version 2 of its keys\n");
    let card = || oxisim.json(&["contacts", "cards", "--json"])[0].clone();
    assert_eq!(card()["rekeying"], "version 2 ordered, said 0 times");
    assert_eq!(oxisim.json(&words)["verified"], true);
    assert_eq!((&card()["key_version"], &card()["rekeying"]), (&2.into(), &serde_json::Value::Null));
    assert_eq!(oxisim.json(&words)["verified"], true);
}
