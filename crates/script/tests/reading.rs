//! Scripts of every dialect, and what is read.

use oxisim_script::{
    Dialect, Mistake, Program, Source, Sources, VERBS,
    syntax::{Data, Part, Statement, Step},
};

fn read_named(name: &str, text: &str) -> Result<(Program, Sources), (Vec<Mistake>, Sources)> {
    let mut sources = Sources::default();
    let script = Source { name: name.into(), text: text.into() };
    let mut files = |_: &str, path: &str| match path {
        "select.apdu" => {
            Ok(Source { name: path.into(), text: "proc select file\n00 A4 00 0C #($file)\nend\n".into() })
        }
        "itself.apdu" => Ok(Source { name: path.into(), text: "include \"itself.apdu\"\n".into() }),
        _ => Err(format!("there is no {path}")),
    };
    match Program::read(&mut sources, script, &mut files) {
        Ok(program) => Ok((program, sources)),
        Err(mistakes) => Err((mistakes, sources)),
    }
}

fn read(text: &str) -> Vec<Statement> {
    read_named("test.apdu", text).unwrap_or_else(|(mistakes, _)| panic!("{mistakes:?}")).0.statements
}

/// What is wrong with a script: the octets that are pointed at, what is said of them, and what would help.
fn mistakes(text: &str) -> Vec<(String, String)> {
    let (mistakes, sources) = read_named("test.apdu", text).expect_err("something is wrong");
    mistakes.into_iter().map(|mistake| (sources.text(mistake.span).to_owned(), mistake.what)).collect()
}

fn octets(data: &Data) -> String {
    let part = |part: &Part| match part {
        Part::Octets(octets) => hex::encode_upper(octets),
        other => format!("{other:?}"),
    };
    data.parts.iter().map(part).collect()
}

/// The commands of a script, flat.
fn commands(statements: &[Statement]) -> Vec<String> {
    statements
        .iter()
        .map(|statement| match &statement.step {
            Step::Send(data) => octets(data),
            step => format!("{step:?}").split([' ', '(', '{']).next().unwrap_or_default().to_owned(),
        })
        .collect()
}

#[test]
fn what_scriptor_reads_is_read() {
    let text = "# reset the card\nreset\n\n# Select MF 3F00\nA0 A4 00 00 02 3F 00\na0c0000017\n\
                A0 A4 00 00 \\\n02 7F 10\nRESET\n00A40000\\\n# between\n\n023F00\nexit\n";
    assert_eq!(
        commands(&read(text)),
        ["Reset", "A0A40000023F00", "A0C0000017", "A0A40000027F10", "Reset", "00A40000023F00", "Exit"]
    );
}

#[test]
fn what_scriptor_finds_a_word_in_is_read_as_scriptor_does() {
    for line in
        ["Warm Reset", "reset card", "RESET;", "power reset", "00A4000C Reset", "please reset the card!"]
    {
        assert_eq!(
            commands(&read(&format!("00B0000001\n{line}\n00B0000002\n"))),
            ["00B0000001", "Reset", "00B0000002"],
            "{line}"
        );
    }
    for line in ["EXIT now", "quit or exit", "exit reset", "Exit"] {
        assert_eq!(
            commands(&read(&format!("00B0000001\n{line}\nwhatever stands here\n\"\n"))),
            ["00B0000001", "Exit"],
            "{line}"
        );
    }
    // What our own language has a use for stays a mistake.
    for line in ["echo \"reset", "set exit = 0", "reset [", "expect reset \"\"", "reset (9000)"] {
        assert!(read_named("test.apdu", line).is_err(), "{line}");
    }
}

#[test]
fn behind_an_exit_in_a_block_the_script_goes_on() {
    let statements = read("if (9000)\nexit\nelse\nreset\nend\n00B0000001\n");
    assert_eq!(commands(&statements), ["If", "00B0000001"]);
}

#[test]
fn texts_of_other_systems_are_read() {
    let text =
        "\u{FEFF}# a comment\r\nreset\r\n\r\n00 A4 00 00 \\\r\n02 3F 00 (9000)\r\n\t00\tB0 00 00 0A\r\n";
    let statements = read(text);
    assert_eq!(commands(&statements), ["Reset", "00A40000023F00", "00B000000A"]);
    assert!(statements[1].expected.status.is_some());
    assert_eq!(Dialect::of("a", "\u{FEFF}RST\r\n"), Dialect::Conformance);
}

#[test]
fn expectations_stand_behind_a_command_or_below_it() {
    for text in [
        "00 B0 00 00 02 [98 X0] (9000, 61XX)",
        "00 B0 00 00 02\n[98 X0]\n\n# the word\n(90 00, 61 XX)",
        "00 B0 00 00 02 \\\n [98\n  X0 # half of it\n]\n(9000,\n61XX)",
        "00 B0 00 00 02 (9000, 61xx) [98x0]",
    ] {
        let statements = read(text);
        let [statement] = &statements[..] else { panic!("{text}: {statements:?}") };
        let data = statement.expected.data.as_ref().expect("data");
        assert_eq!(octets(data), "98Masked { value: 0, mask: 15 }", "{text}");
        let words = &statement.expected.status.as_ref().expect("a status word").words;
        assert_eq!(words.iter().map(ToString::to_string).collect::<Vec<_>>(), ["9000", "61XX"], "{text}");
    }
}

#[test]
fn a_comment_is_no_length_and_a_length_no_comment() {
    let statements = read("#(3F00)\n00 A4 00 0C #(3F 00) # select\n00 A4 00 0C \\\n#(3F 00)\n");
    assert_eq!(statements.len(), 2);
    for statement in &statements {
        let Step::Send(data) = &statement.step else { panic!("{statement:?}") };
        assert!(matches!(&data.parts[..], [Part::Octets(_), Part::Length(..)]), "{data:?}");
    }
}

#[test]
fn every_verb_is_read() {
    let text = r#"
        card with hello, echo contacts "c.vcf"
        reset
        power on
        insert "CARD.toml"
        eject
        wait 1h30m
        advance 500ms
        tear after 3 writes
        legal D0 00
        channel open
        channel close 2
        set pin = "1234" FF FF FF FF
        echo "the PIN is " $pin
        decode
        repeat 3 as n
            00 B2 $n 04 1C
        end
        if (91<length>)
            80 12 00 00 $length
        else
            exit
        end
        proc verify reference, value
            00 20 00 $reference #($value)
        end
        call verify 01, $pin
        include "select.apdu"
        call select 2F E2
        init FF FF
        expect display-text "Hello" containing "ell" [D0 ..]
        expect sms "hi" to "+15550100002"
        expect select-item "Which?" item "One"
        expect nothing
        select-menu "Hello"
        select-menu 1
        answer ok
        answer result 20 01
        send-sms "hello" from "+15550100002" (9000)
        send-sms data 01 02
    "#;
    let words: std::collections::BTreeSet<&str> =
        text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for verb in VERBS {
        assert!(words.contains(verb.word), "{} is not tried", verb.word);
    }
    assert!(read(text).len() > 25);
}

#[test]
fn every_verb_is_on_the_page() {
    let page = include_str!("../../../docs/SCRIPTS.md");
    for verb in VERBS {
        assert!(page.contains(&format!("`{}", verb.word)), "docs/SCRIPTS.md lacks {}", verb.word);
    }
}

#[test]
fn a_mistake_is_told_with_its_place() {
    for (text, place, what) in [
        ("00 A4 0", "0", "half an octet"),
        ("00 A4 0G", "G", "'G' is not a hexadecimal digit"),
        ("00 XX 00 00", "X", "what is sent has no wildcards"),
        ("rest", "rest", "\"rest\" begins nothing"),
        ("00 A4 00 00 [3F", "[", "\"]\" is missing to this"),
        ("00 A4 00 00 (900)", "0", "half an octet"),
        ("00 A4 00 00 (90)", "90", "this is not a status word"),
        ("(9000)", "(", "there is no command before it of which this could be expected"),
        ("00 A4 00 00 (9000) (9000)", "(9000)", "a status word is expected twice"),
        ("repeat 2\n00 A4 00 00", "repeat", "this does not end"),
        ("end", "end", "nothing is open that \"end\" could end"),
        ("call nobody", "nobody", "there is no procedure nobody"),
        ("proc p a\nend\ncall p", "p", "p has 1 arguments, not 0"),
        ("wait 2", "2", "this is not a time"),
        ("echo \"open", "\"open", "the text does not end on its line"),
        ("echo \"a\\ü\"", "\\ü", "only \\\", \\\\ and \\n mean something"),
        ("expect display-txt", "display-txt", "there is no proactive command \"display-txt\""),
        ("include \"missing.apdu\"", "\"missing.apdu\"", "there is no missing.apdu"),
        ("include \"itself.apdu\"", "\"itself.apdu\"", "itself.apdu includes itself"),
        ("channel 20", "20", "channels are 0 to 19"),
        ("reset (9000)", "(9000)", "an answer to reset has no status word"),
        ("expect display-text\n(9000)", "(9000)", "a proactive command has no status word"),
        ("card", "", "the file of a card, with, contacts, number, or control is missing"),
        ("card \"a\" \"b\"", "\"", "this is not contacts, number, or control"),
        ("card control number \"1\"", "n", "this is not contacts, number, or control"),
        ("reset\ncard with echo", "card", "a script says at its head which card it is for, and says it once"),
        (
            "card with echo\ncard with echo",
            "card",
            "a script says at its head which card it is for, and says it once",
        ),
        ("power on now", "n", "nothing more can stand on this line"),
        ("send-sms", "", "a text between quotation marks, data, or tpdu is missing"),
        ("proc p a b a\nend", "a", "there is a parameter a already"),
        ("repeat many\necho 01\nend", "many", "this is not how often"),
        ("if 9000\nelse\nend", "9", "this is not a list of status words"),
        ("proc\necho 01\nend", "", "the name of a procedure is missing"),
    ] {
        assert_eq!(mistakes(text), [(place.to_owned(), what.to_owned())], "{text}");
    }
}

#[test]
fn all_mistakes_of_a_script_are_told() {
    assert_eq!(mistakes("00 A\nreset\nfoo\n00 B").len(), 3);
}

#[test]
fn a_text_that_is_no_script_is_told_twenty_mistakes() {
    for line in ["foo", "RST\nfoobar", "powerup;\nfoo;"] {
        assert_eq!(mistakes(&format!("{line}\n").repeat(10_000)).len(), 20, "{line}");
    }
    let calls = mistakes(&"call nobody\n".repeat(10_000));
    assert_eq!(calls.len(), 20);
}

#[test]
fn blocks_without_end_are_one_mistake() {
    let what = "blocks in blocks in blocks: too deep";
    for line in ["repeat 1\n", "if (9000)\n", "proc p\n"] {
        let word = line.split_whitespace().next().unwrap().to_owned();
        assert_eq!(mistakes(&line.repeat(100_000)), [(word, what.to_owned())]);
    }
}

/// The examples of 3GPP TS 51.013 Annex B.
const CONFORMANCE: &str = "REM this is an example\nRST\n\nINI FF FF FF FF FF FF FF FF\nREM Case 1 example\n\
    CMD A0 C2 00 00 00 (91 33 , 69 XX)\nREM Case 2 example\n\
    CMD A0 C2 00 00 B0 \\\n[XX XX XX 55 55 XX 55](91 33 , 69 XX)\nCMD A0 C2 00 00 B0 [] (91 33 , 69 XX)\n\
    CMD A0 C0 00 00 04 \\\n[10 A0 \\\n00 CC ] \\\n(90 00)\nCMD A0 C2 00 00 04\n    D1 02\n    82 00 (9F XX)\nOFF\n";

#[test]
fn scripts_of_the_conformance_tests_are_read() {
    assert_eq!(Dialect::of("test.scr", CONFORMANCE), Dialect::Conformance);
    let statements = read(CONFORMANCE);
    assert_eq!(
        commands(&statements),
        [
            "Reset",
            "Init",
            "A0C2000000",
            "A0C20000B0",
            "A0C20000B0",
            "A0C0000004",
            "A0C2000004D1028200",
            "Power"
        ]
    );
    let words: Vec<usize> = statements
        .iter()
        .map(|one| one.expected.status.as_ref().map_or(0, |status| status.words.len()))
        .collect();
    assert_eq!(words, [0, 0, 2, 2, 2, 1, 1, 0]);
    assert!(statements[4].expected.data.as_ref().is_some_and(|data| data.parts.is_empty()));
}

#[test]
fn a_switch_of_the_conformance_tests_is_refused_with_what_belongs_to_it() {
    let text = "RST\nCMD A0 F2 00 00 16\nSWI\n(91 XX): CMD A0 12 00 00 20 (90 00)\nEND\nOFF\n";
    let what = "SWI is not read: it is not known how its labelled lists are written";
    assert_eq!(mistakes(text), [("SWI".to_owned(), what.to_owned())]);
    // However deep it is, and however many its lists are.
    for text in ["SWI\n(91 XX):\n".repeat(100_000), format!("RST\nSWI\n{}", "(91 XX): OFF\n".repeat(100_000))]
    {
        assert_eq!(mistakes(&text), [("SWI".to_owned(), what.to_owned())]);
    }
}

#[test]
fn scripts_of_apdutool_are_read() {
    let text = "// Select the applet\npowerup;\noutput off;\n0x00 0xA4 0x04 0x00 0x02 0xA0 0x00 0x7F;\n\
                0x80 0x50 0x00 0x00\n  0x00 0x7F; // balance\necho \"done\";\n/* more */ select 0xA0 0x01; delay 20;\npowerdown;";
    assert_eq!(Dialect::of("wallet.scr", text), Dialect::Apdutool);
    let statements =
        read_named("wallet.scr", text).unwrap_or_else(|(mistakes, _)| panic!("{mistakes:?}")).0.statements;
    assert_eq!(
        commands(&statements),
        ["Power", "00A4040002A0007F", "805000007F", "Echo", "00A4040002A00100", "Wait", "Power"]
    );
}

#[test]
fn apdutool_has_names_and_channels() {
    let text = "#define wallet //aid/A000000062/03010C0101 // the applet\n#define balance 0x80 0x50 0x00 0x00 0x00 0x7F\n\
                #define third 3\n#define money balance\npowerup;\nopen;\nopen 2 on 1;\nselect wallet on 19;\nsend balance;\n\
                send money to wallet on third;\nsend 0x00 0xB0 0x00 0x00 0x01 on 2;\nclose 2;\nclose third on 1;";
    let read = read_named("wallet.scr", text).unwrap_or_else(|(mistakes, _)| panic!("{mistakes:?}"));
    assert_eq!(
        commands(&read.0.statements),
        [
            "Power",
            "0070000001",
            "01700002",
            "4FA404000AA00000006203010C010100",
            "805000007F",
            "03A404000AA00000006203010C010100",
            "835000007F",
            "02B0000001",
            "00708002",
            "01708003",
        ]
    );
}

#[test]
fn what_apdutool_has_more_is_refused_by_its_name() {
    for (text, place, what) in [
        ("contactless;", "contactless", "a card is spoken to by its contacts only"),
        (
            "#include \"a.scr\"\npowerup;",
            "#include",
            "#include is not one of the directives that are understood",
        ),
        ("powerup; open 20;", "20", "this is not a channel: they are 0 to 19"),
        ("powerup; close;", ";", "this is not the number of a channel"),
        ("powerup; select wallet;", "wallet", "wallet does not stand for octets"),
        (
            "powerup; select //aid/A000000062/000000000000000000000000;",
            "select //aid/A000000062/000000000000000000000000",
            "an AID has 16 octets at most",
        ),
        ("powerup; select //aid/A00/00;", "//aid/A00/00", "this is not an AID"),
        (
            "powerup; send 0xA0 0xB0 0x00 0x00 on 4;",
            "send 0xA0 0xB0 0x00 0x00 on 4",
            "its class byte cannot say a channel",
        ),
    ] {
        let (mistakes, sources) = read_named("wallet.scr", text).expect_err("something is wrong");
        let told: Vec<_> =
            mistakes.iter().map(|mistake| (sources.text(mistake.span), mistake.what.as_str())).collect();
        assert_eq!(told, [(place, what)], "{text}");
    }
}

#[test]
fn a_script_says_at_its_head_which_card_it_is_for() {
    let card = |text: &str| {
        read_named("test.apdu", text).unwrap_or_else(|(mistakes, _)| panic!("{mistakes:?}")).0.card
    };
    assert!(card("reset\n").is_none());
    let declared = card("card with hello number \"+15550100003\" control\nreset\n").unwrap();
    assert_eq!((declared.number.as_deref(), declared.control), (Some("+15550100003"), true));
    let declared = card("# A card.\ncard \"a.toml\" contacts \"b.vcf\"\nreset\n").unwrap();
    assert_eq!((declared.file.as_deref(), declared.contacts.as_deref()), (Some("a.toml"), Some("b.vcf")));
    let declared = card("card with hello, echo\n").unwrap();
    assert_eq!((declared.file, declared.applets), (None, vec!["hello".to_owned(), "echo".to_owned()]));
}

#[test]
fn the_dialect_is_told_by_the_first_word() {
    for (name, text, dialect) in [
        ("a.apdu", "reset\n", Dialect::Own),
        ("a.apdu", "# CMD\n00A4000C\n", Dialect::Own),
        ("a.txt", "powerup;\n", Dialect::Apdutool),
        ("a.scr", "0x00 0xA4;\n", Dialect::Apdutool),
        ("a.scr", "\nRST\n", Dialect::Conformance),
        ("a", "", Dialect::Own),
        ("a.scr", "# a\nreset\n", Dialect::Own),
        ("a.scr", "00 A4 00 0C\n", Dialect::Own),
        ("a.scr", "select 0xA0;\n", Dialect::Apdutool),
    ] {
        assert_eq!(Dialect::of(name, text), dialect, "{name} {text:?}");
    }
}
