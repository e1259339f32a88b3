//! What `oxisim` does with a card in a reader: dump, backup, phonebook.

use crate::Session;

#[test]
fn a_dump_through_the_reader_equals_one_without() {
    let script = r#"
        cd "$FOLDER"
        "$OXISIM" card init --out CARD.toml
        insert 0 --image CARD.toml --contacts "$CONTACTS"
        "$OXISIM" card dump --reader "00 00" --adm 00000000 --out reader.json
        remove 0
        "$OXISIM" card dump --image CARD.toml --adm 00000000 --out program.json
        cmp reader.json program.json && echo "the same"
        "$OXISIM" card import reader.json --out COPY.toml
        insert 1 --image COPY.toml
        "$OXISIM" card dump --reader "00 01" --adm 00000000 --out copy.json
        cmp reader.json copy.json && echo "the copy, too"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "UICC, ATR 3B9E",
        "Not read:\n  the values of PINs, PUKs and keys, which no card tells\n",
        "All that was read is in reader.json.",
        "the same",
        "the copy, too",
    ]);
}

#[test]
fn the_applet_of_a_card_in_a_reader_makes_the_backup() {
    let script = r#"
        cd "$FOLDER"
        insert 0 --contacts "$CONTACTS"
        insert 1 --number +15550100002
        "$OXISIM" backup --reader "00 00"
        "$OXISIM" phonebook write --reader "00 01" --yes "$CONTACTS"
        "$OXISIM" backup --reader "00 01"
        "$OXISIM" contacts list
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "phonebook of DF_TELECOM, 255 slots, 10 contacts",
        "has \"Backup phonebook\": its applet makes the backup.",
        "10 contacts in the phonebook",
        "of +15550100001",
        "Verified: the copy in oxisim.sqlite equals the phonebook, record by record.",
        "10 contacts on the card, read back and equal",
        "of +15550100002",
        "Verified: the copy in oxisim.sqlite equals the phonebook, record by record.",
        "+15550100001",
        "+15550100002",
    ]);
}

#[test]
fn a_card_without_the_applet_in_a_reader_is_only_read() {
    let script = r#"
        cd "$FOLDER"
        "$OXISIM" card init | sed '/^\[applets/,/^$/d' > CARD.toml
        insert 0 --image CARD.toml --contacts "$CONTACTS"
        cp CARD.state before
        "$OXISIM" backup --reader "00 00"
        "$OXISIM" phonebook read --reader "00 00" card.vcf
        "$OXISIM" contacts export --source phone copy.vcf
        grep ^FN card.vcf > card.names
        grep ^FN copy.vcf > copy.names
        cmp card.names copy.names && echo "the same names"
        cmp before CARD.state && echo "the card is as it was"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "The card shows no menu: the phone makes the backup, and the card is only read.",
        "Verified: the copy in oxisim.sqlite equals the phonebook, record by record.",
        "10 contacts in card.vcf",
        "10 contacts in copy.vcf",
        "the same names",
        "the card is as it was",
    ]);
}

#[test]
fn a_reader_without_a_card_has_nothing_to_dump_and_nothing_to_back_up() {
    let script = r#"
        cd "$FOLDER"
        "$OXISIM" card dump --reader "00 00" --out DUMP.json || echo "dump $?"
        "$OXISIM" backup --reader "00 00" || echo "backup $?"
        "$OXISIM" backup --reader elsewhere || echo "backup $?"
        ls
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "no card is in reader \"Virtual PCD 00 00\"\ndump 1\n",
        "no card is in reader \"Virtual PCD 00 00\"\nbackup 1\n",
        "no reader is called \"elsewhere\"",
        "backup 2\n",
    ]);
    assert!(!session.output.contains("DUMP.json\n") && !session.output.contains("oxisim.sqlite"));
}

#[test]
fn a_killed_card_comes_back_into_its_reader_with_all_that_it_acknowledged() {
    let script = r#"
        cd "$FOLDER"
        "$OXISIM" card init --out CARD.toml
        insert 0 --image CARD.toml
        "$OXISIM" phonebook write --reader "00 00" --yes "$CONTACTS"
        kill -KILL $card_0
        wait $card_0 || echo "killed: $?"
        until_holds 0 empty
        insert 0 --image CARD.toml
        "$OXISIM" phonebook read --reader "00 00" card.vcf
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "10 contacts on the card, read back and equal",
        "killed: 137",
        "10 contacts in card.vcf",
    ]);
}

#[test]
fn a_card_that_goes_while_it_is_used_is_told() {
    let script = r#"
        cd "$FOLDER"
        insert 0 --contacts "$CONTACTS"
        kill -STOP $card_0
        "$OXISIM" card dump --reader "00 00" --scan --out DUMP.json > dump.log 2>&1 &
        dump=$!
        sleep 0.3
        kill -KILL $card_0
        wait $dump && echo "the dump did not notice" || echo "the dump: $?"
        cat dump.log
        [ -e DUMP.json ] || echo "no half of a dump"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&["the dump: 1", "reader \"Virtual PCD 00 00\"", "no half of a dump"]);
}

#[test]
fn a_trace_replays_against_a_card_in_a_reader_until_one_answers_otherwise() {
    let script = r#"
        insert 0 --applet hello
        "$OXISIM" phone --reader "00 00" --for 0s --choose 1 --answer Ada --trace "$FOLDER/phone.jsonl"
        insert 1 --applet hello --trace "$FOLDER/card.pcapng"
        "$OXISIM" trace replay "$FOLDER/phone.jsonl" --reader "00 01"
        remove 1
        "$OXISIM" trace show "$FOLDER/card.pcapng"
        insert 1 --applet echo
        "$OXISIM" trace replay "$FOLDER/phone.jsonl" --reader "00 01" || echo "exit $?"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "Hello, Ada!",
        "steps replayed: every answer is the same",
        "FETCH -> DISPLAY TEXT \"Hello, Ada!\"",
        "the card answers otherwise than in ",
        "TERMINAL PROFILE, 36 octets",
        "expected  91 ",
        "exit 1",
    ]);
}
