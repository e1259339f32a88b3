//! `oxisim shell` on a card in a reader, and what becomes of it when card, reader and service go away.

use crate::Session;

#[test]
fn the_shell_says_of_a_card_in_a_reader_what_it_says_of_the_same_one_without() {
    let script = r#"
        cd "$FOLDER"
        "$OXISIM" card init --out CARD.toml
        cat > lines << END
ls
tree ADF.USIM
cat EF.ICCID
cd ADF.USIM
cat EF.IMSI
edit ../DF.TELECOM/DF.PHONEBOOK/EF.ADN 3 416461FFFFFFFFFFFFFFFFFFFFFF07915155100000F1FFFFFFFFFFFF
stat EF.UST
pins
END
        "$OXISIM" shell --image CARD.toml < lines > program.txt
        rm CARD.state
        insert 0 --image CARD.toml
        "$OXISIM" shell --reader "00 00" < lines > reader.txt
        cmp program.txt reader.txt && echo "the same"
        cat reader.txt
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "the same",
        "EF.ICCID    2FE2  transparent, 10 octets",
        "digits: 8900101000000000019",
        "digits: 001010000000001",
        "alpha identifier: Ada",
        "PIN 1",
    ]);
}

#[test]
fn a_protocol_is_chosen_and_a_card_shared_or_not() {
    let script = r#"
        insert 0
        echo "cat EF.ICCID" | "$OXISIM" shell --reader "00 00" --protocol t0 --exclusive
        echo "cat EF.ICCID" | "$OXISIM" shell --reader "00 00" --protocol t1 || echo "t1: $?"
        "$OXISIM" card init | sed 's/^atr = .*/atr = "3B800181"/' > "$FOLDER/T1.toml"
        insert 1 --image "$FOLDER/T1.toml"
        echo "cat EF.ICCID" | "$OXISIM" shell --reader "00 01" --protocol t1
        echo "cat EF.ICCID" | "$OXISIM" shell --reader "00 01" --protocol t0 || echo "t0: $?"
        open_shell --exclusive
        echo "cat EF.ICCID" | "$OXISIM" shell --reader "00 00" || echo "shared: $?"
        "$OXISIM" card dump --reader "00 00" --shared --out "$FOLDER/DUMP.json" || echo "dump: $?"
        close_shell
        echo "cat EF.ICCID" | "$OXISIM" shell --reader "00 00"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "digits: 8900101000000000019\n",
        "does not speak the protocol that was asked for\nt1: 1\n",
        "digits: 8900101000000000019\n",
        "does not speak the protocol that was asked for\nt0: 1\n",
        "is in use by another program\nshared: 1\n",
        "is in use by another program\ndump: 1\n",
        "the shell: 0\n",
        "digits: 8900101000000000019\n",
        "digits: 8900101000000000019\n",
    ]);
}

#[test]
fn another_programs_reset_is_told() {
    let script = r#"
        insert 0
        open_shell
        "$OXISIM" card dump --reader "00 00" --shared --out "$FOLDER/DUMP.json"
        echo "cat EF.ICCID" >&3
        close_shell
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "All that was read is in",
        "the shell: 1",
        "digits: 8900101000000000019",
        "was reset by another program",
    ]);
}

#[test]
fn a_card_that_is_killed_in_the_middle_ends_the_shell() {
    let script = r#"
        insert 0
        open_shell
        kill -KILL $card_0
        wait $card_0 || echo "killed: $?"
        until_holds 0 empty
        echo "cat EF.ICCID" >&3
        close_shell
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "killed: 137",
        "the shell: 1",
        "digits: 8900101000000000019",
        "oxisim: the card in reader \"Virtual PCD 00 00\" was removed",
    ]);
}

#[test]
fn a_card_that_was_removed_and_put_back_is_found_by_reset() {
    let script = r#"
        insert 0
        open_shell
        remove 0
        insert 0 --number +15550100009
        echo reset >&3
        echo "cat ADF.USIM/EF.MSISDN" >&3
        close_shell
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&["the shell: 0", "digits: 8900101000000000019", "+15550100009"]);
}

#[test]
fn a_service_that_ends_in_the_middle_is_told() {
    let script = r#"
        insert 0
        open_shell
        stop_service
        echo "cat EF.ICCID" >&3
        close_shell
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "the shell: 1",
        "digits: 8900101000000000019",
        "oxisim: the PC/SC service is not running: start pcscd",
    ]);
}

#[test]
fn a_service_that_was_started_again_is_found_by_reset() {
    let script = r#"
        insert 0
        open_shell
        stop_service
        start_service
        until_holds 0 card
        echo reset >&3
        echo "cat ADF.USIM/EF.MSISDN" >&3
        close_shell
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&["the shell: 0", "digits: 8900101000000000019", "atr: answer to reset", "+15550100001"]);
}

#[test]
fn what_was_recorded_in_a_reader_runs_there_and_on_the_virtual_card() {
    let script = r#"
        cd "$FOLDER"
        insert 0
        printf 'record session.apdu\ncat EF.ICCID\ncat ADF.USIM/EF.IMSI\nstat EF.DIR\nrecord off\n' |
            "$OXISIM" shell --reader "00 00"
        cat session.apdu
        "$OXISIM" script --reader "00 00" session.apdu
        "$OXISIM" script session.apdu
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "digits: 8900101000000000019",
        "commands in session.apdu",
        "00 A4 00 04 02 3F 00  [] (61",
        "00 C0 00 00 ",
        "passed  session.apdu",
        "passed  session.apdu",
    ]);
}
