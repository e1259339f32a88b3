//! `oxisim script` when card, reader and service are taken away from under it, and when its words are wrong.

use crate::Session;

#[test]
fn a_card_that_is_killed_in_the_middle_of_a_script_ends_it() {
    let script = r"
        insert 0
        long_script
        kill -KILL $card_0
        end_script
    ";
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "the script: 1\n",
        "the script cannot go on",
        "the card in reader \"Virtual PCD 00 00\" was removed",
    ]);
}

#[test]
fn a_service_that_is_killed_in_the_middle_of_a_script_ends_it() {
    let script = r#"
        insert 0
        long_script
        kill -KILL $PCSCD
        end_script
        "$OXISIM" script --reader "00 00" "$FOLDER/long.apdu" || echo "without a service: $?"
        "$OXISIM" script --reader "" "$FOLDER/long.apdu" || echo "without a name: $?"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "the script: 1\n",
        "the script cannot go on",
        "the PC/SC service is not running: start pcscd",
        "the PC/SC service is not running: start pcscd\nwithout a service: 1\n",
        "the PC/SC service is not running: start pcscd\nwithout a name: 1\n",
    ]);
}

#[test]
fn of_two_scripts_that_want_a_card_alone_one_has_it() {
    let script = r#"
        insert 0
        long_script --exclusive
        echo reset > "$FOLDER/reset.apdu"
        "$OXISIM" script --reader "00 00" --exclusive "$FOLDER/reset.apdu" || echo "alone: $?"
        "$OXISIM" script --reader "00 00" "$FOLDER/reset.apdu" || echo "shared: $?"
        kill $script
        wait $script || echo "ended: $?"
        "$OXISIM" script --reader "00 00" --exclusive "$FOLDER/reset.apdu" && echo "alone: $?"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "is in use by another program",
        "alone: 1\n",
        "is in use by another program",
        "shared: 1\n",
        "ended: 143\n",
        "alone: 0\n",
    ]);
}

#[test]
fn a_protocol_that_the_card_does_not_speak_ends_a_script_and_one_that_it_speaks_does_not() {
    let script = r#"
        insert 0
        "$OXISIM" card init | sed 's/^atr = .*/atr = "3B800181"/' > "$FOLDER/T1.toml"
        insert 1 --image "$FOLDER/T1.toml"
        echo "00 A4 00 0C 02 2F E2 (9000)" > "$FOLDER/select.apdu"
        for slot in 0 1; do
            for protocol in t0 t1; do
                "$OXISIM" script --reader "00 0$slot" --protocol $protocol "$FOLDER/select.apdu" && status=0 || status=$?
                echo "$slot $protocol: $status"
            done
        done
        "$OXISIM" script --reader "00 00" --protocol t2 "$FOLDER/select.apdu" || echo "t2: $?"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "passed",
        "0 t0: 0\n",
        "does not speak the protocol that was asked for",
        "0 t1: 1\n",
        "does not speak the protocol that was asked for",
        "1 t0: 1\n",
        "passed",
        "1 t1: 0\n",
        "invalid value 't2'",
        "t2: 2\n",
    ]);
}

#[test]
fn a_name_that_means_no_reader_or_two_is_wrong_and_so_is_none() {
    let script = r#"
        echo reset > "$FOLDER/reset.apdu"
        for name in Virtual elsewhere ""; do
            "$OXISIM" script --reader "$name" "$FOLDER/reset.apdu" || echo "script \"$name\": $?"
            echo ls | "$OXISIM" shell --reader "$name" || echo "shell \"$name\": $?"
            "$OXISIM" phonebook read --reader "$name" "$FOLDER/out.vcf" || echo "phonebook \"$name\": $?"
        done
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    let mut expected = Vec::new();
    for (name, said) in [
        ("Virtual", "\"Virtual\" may be any of \"Virtual PCD 00 00\", \"Virtual PCD 00 01\""),
        (
            "elsewhere",
            "no reader is called \"elsewhere\"; there are \"Virtual PCD 00 00\", \"Virtual PCD 00 01\"",
        ),
        ("", "no reader is called \"\"; there are \"Virtual PCD 00 00\", \"Virtual PCD 00 01\""),
    ] {
        for command in ["script", "shell", "phonebook"] {
            expected.push(format!("oxisim: {said}\n{command} \"{name}\": 2\n"));
        }
    }
    session.prints(&expected.iter().map(String::as_str).collect::<Vec<_>>());
}

/// What a script says that has a card taken out and another one put in.
const CHANGED: &str = r#"
        cat > "$FOLDER/changed.apdu" << 'END'
00 A4 08 04 04 7F 10 6F 40
00 B2 01 04 1C
eject
insert
00 A4 08 04 04 7F 10 6F 40
00 B2 01 04 1C
END
"#;

#[test]
fn a_script_goes_on_with_the_card_that_is_put_into_the_reader() {
    let script = CHANGED.to_owned()
        + r#"
        insert 0 --number +15550100001
        "$OXISIM" script --reader "00 00" "$FOLDER/changed.apdu" --trace "$FOLDER/changed.jsonl" > "$FOLDER/script.log" 2>&1 &
        script=$!
        attempt 10 grep -q "take the card out: waiting 60 s at most" "$FOLDER/script.log"
        remove 0
        attempt 10 grep -q "put a card in: waiting 60 s at most" "$FOLDER/script.log"
        insert 0 --number +15550100002
        wait $script && echo "the script: $?"
        cat "$FOLDER/script.log"
        "$OXISIM" trace show "$FOLDER/changed.jsonl"
    "#;
    let Some(session) = Session::run(&[], &script) else { return };
    session.prints(&[
        "the script: 0\n",
        "51 55 10 00 00 F1",
        "take the card out",
        "put a card in",
        "51 55 10 00 00 F2",
        "reset",
        "off",
        "reset",
    ]);
}

#[test]
fn a_script_waits_for_nobody_for_ever() {
    let script = CHANGED.to_owned()
        + r#"
        insert 0
        "$OXISIM" script --reader "00 00" --wait 1s "$FOLDER/changed.apdu" || echo "not out: $?"
        remove 0
        echo insert > "$FOLDER/insert.apdu"
        "$OXISIM" script --reader "00 00" --wait 1s "$FOLDER/insert.apdu" || echo "not in: $?"
        "$OXISIM" script --reader "00 00" "$FOLDER/insert.apdu" > "$FOLDER/script.log" 2>&1 &
        script=$!
        attempt 10 grep -q "put a card in" "$FOLDER/script.log"
        stop_service
        end_script
    "#;
    let Some(session) = Session::run(&[], &script) else { return };
    session.prints(&[
        "the card in reader \"Virtual PCD 00 00\" was not taken out within 1 s",
        "not out: 1\n",
        "no card was put into reader \"Virtual PCD 00 00\" within 1 s",
        "not in: 1\n",
        "the script: 1\n",
        "the PC/SC service is not running: start pcscd",
    ]);
}

#[test]
fn a_script_that_is_the_reader_of_vpcd_lets_a_card_go_and_takes_the_next() {
    let script = CHANGED.to_owned()
        + r#"
        "$OXISIM" script --vpcd 127.0.0.1:40001 "$FOLDER/changed.apdu" > "$FOLDER/script.log" 2>&1 &
        script=$!
        attempt 10 grep -q "waiting 60 s at most for a card at 127.0.0.1:40001" "$FOLDER/script.log"
        "$OXISIM" card --vpcd 127.0.0.1:40001 > "$FOLDER/card.log" 2>&1 &
        card=$!
        end_script
        kill $card
        cat "$FOLDER/card.log"
    "#;
    let Some(session) = Session::run(&[], &script) else { return };
    session.prints(&["the script: 0\n", "51 55 10 00 00 F1", "51 55 10 00 00 F1", "trying again"]);
}
