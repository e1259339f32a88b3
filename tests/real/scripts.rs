//! Scripts that run on cards in readers: the same as scriptor, and what goes wrong on the way.

use crate::Session;

/// What both programs read: hex with and without spaces, comments, a line that goes on, a reset in the middle.
const SCRIPT: &str = r"# A script of old.
reset

00 A4 00 04 02 3F 00
00C0000028
00 A4 08 04 02 2F E2 00
00 B0 00 00 0A
# a line that goes on
00 A4 08 04 \
04 7F 10 6F 3A
00b2010400
reset
00 B0 00 00 0A
80 F2 00 0C
A0 A4 00 00 02 3F 00
00 FF 00 00
";

/// The octets of a reset or an exchange: what went in, and what came.
type Exchange = (String, String);

/// The exchanges that a program printed.
fn exchanges(output: &str) -> Vec<Exchange> {
    let octets = |text: &str| {
        let before = text.split(" : ").next().unwrap_or_default();
        before.split_whitespace().filter(|word| *word != "OK:").collect::<Vec<_>>().join(" ").to_uppercase()
    };
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut is_answer = false;
    for line in output.lines() {
        if let Some(command) = line.strip_prefix("> ") {
            exchanges.push((octets(command), String::new()));
            is_answer = false;
        } else if let (Some(answer), Some((_, got))) = (line.strip_prefix("< "), exchanges.last_mut()) {
            *got = octets(answer);
            is_answer = !line.contains(" : ");
        } else if let (true, Some((_, got))) = (is_answer && !line.trim().is_empty(), exchanges.last_mut()) {
            // scriptor prints sixteen octets a line.
            got.push(' ');
            got.push_str(&octets(line));
            is_answer = !line.contains(" : ");
        }
    }
    for (_, got) in &mut exchanges {
        got.truncate(got.trim_end().len());
    }
    exchanges
}

#[test]
fn a_script_gets_the_same_answers_as_from_scriptor() {
    let script = format!(
        "insert 0\ncat > \"$FOLDER/old.txt\" << 'END'\n{SCRIPT}END\n\
         scriptor -r 'Virtual PCD 00 00' < \"$FOLDER/old.txt\" 2> /dev/null\necho '=== oxisim'\n\
         \"$OXISIM\" script --reader '00 00' \"$FOLDER/old.txt\"\necho '=== virtual'\n\
         \"$OXISIM\" script \"$FOLDER/old.txt\"\n"
    );
    let Some(session) = Session::run(&["scriptor"], &script) else { return };
    session.prints(&["=== oxisim", "=== virtual"]);
    let parts: Vec<Vec<Exchange>> = session.output.split("=== ").map(exchanges).collect();
    let [scriptor, oxisim, of_virtual_card] = &parts[..] else { panic!("{}", session.output) };
    assert_eq!(scriptor.len(), 12, "{}", session.output);
    assert_eq!(scriptor, oxisim, "{}", session.output);
    assert_eq!(scriptor, of_virtual_card, "{}", session.output);
}

#[test]
fn a_dialogue_runs_on_a_card_in_a_reader_with_and_without_a_phone() {
    let script = r#"
        insert 0 --applet hello
        cat > "$FOLDER/dialogue.apdu" << 'END'
init
select-menu "Hello"
expect get-input "What is your name?"
answer "Ada"
expect display-text containing "Ada"
answer ok
expect nothing
END
        "$OXISIM" script --reader "00 00" "$FOLDER/dialogue.apdu"
        "$OXISIM" script --reader "00 00" --exclusive --protocol t0 --phone "$FOLDER/dialogue.apdu"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&["passed", "3 expectations", "passed", "3 expectations"]);
}

#[test]
fn a_card_that_is_taken_out_ends_the_script_with_status_1() {
    let script = r#"
        insert 0
        long_script
        remove 0
        end_script
        "$OXISIM" script --reader "00 00" "$FOLDER/long.apdu" || echo "without a card: $?"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&[
        "the script: 1",
        "the script cannot go on",
        "was removed",
        "no card is in reader",
        "without a card: 1",
    ]);
}

#[test]
fn what_can_lock_or_destroy_a_card_in_a_reader_is_not_sent() {
    let script = r#"
        insert 0
        echo "00 E4 00 00 02 6F 07" > "$FOLDER/delete.apdu"
        "$OXISIM" script --reader "00 00" "$FOLDER/delete.apdu" || echo "status: $?"
        "$OXISIM" script --reader "00 00" --allow-destructive "$FOLDER/delete.apdu"
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&["not sent: DELETE FILE", "status: 1", "> 00 E4 00 00 02 6F 07", "< "]);
}

#[test]
fn a_card_connects_to_a_script_as_to_the_reader_of_vpcd() {
    let script = r#"
        echo "00 A4 00 0C 02 2F E2 (9000)" > "$FOLDER/select.apdu"
        "$OXISIM" script --vpcd 127.0.0.1:40001 "$FOLDER/select.apdu" &
        script=$!
        "$OXISIM" card --vpcd 127.0.0.1:40001 > "$FOLDER/card.log" 2>&1 &
        card=$!
        wait $script
        kill $card
    "#;
    let Some(session) = Session::run(&[], script) else { return };
    session.prints(&["passed", "1 expectation, 1 command"]);
}
