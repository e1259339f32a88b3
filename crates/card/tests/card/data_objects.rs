//! RETRIEVE DATA and SET DATA (TS 102 221 §11.3) on files with a BER-TLV structure.

use oxisim_card::{
    Card, Profile, SecurityAttributes,
    file::{LifeCycle, Sfi, Structure},
    image::{Contents, FileImage, FileKind},
};
use oxisim_wire::Instant;
use proptest::prelude::*;

use crate::{
    hello::{Hello, PROFILE},
    terminal::Terminal,
};

/// Octets of the file.
const SIZE: usize = 600;

/// `6F78`, short file identifier 10, with `80` and a value of two octets.
pub fn file(fid: u16, sfi: Sfi) -> FileImage {
    FileImage {
        path: vec![0x3F00, fid],
        kind: FileKind::Elementary {
            structure: Structure::BerTlv,
            size: SIZE,
            sfi,
            contents: Contents::Octets(vec![0x80, 0x02, 0x11, 0x22]),
        },
        security: SecurityAttributes::Expanded(
            hex::decode("8001019000800102A40683010A950108800118900 0".replace(' ', "")).unwrap(),
        ),
        life_cycle: LifeCycle::Activated,
        shareable: true,
        identified: true,
        proprietary: Vec::new(),
        header: None,
    }
}

/// The default card with the file, which is selected, and with what lets it be updated.
fn terminal() -> Terminal {
    let mut image = Profile::default().image();
    image.files.push(file(0x6F78, Sfi::Is(10)));
    image.files.push(file(0x6F79, Sfi::None));
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap());
    terminal.ok("00A4000C026F78");
    terminal.ok("0020000A08 3030303030303030");
    terminal
}

fn value(length: usize) -> String {
    hex::encode_upper((0..length).map(|i| (i % 251) as u8).collect::<Vec<_>>())
}

/// Sends an object of 300 octets under `tag` in two blocks.
fn set_300(terminal: &mut Terminal, tag: &str) {
    let value = value(300);
    let first = format!("{tag}82012C{}", &value[..2 * 200]);
    assert_eq!(terminal.send(&format!("80DB0080{:02X}{first}", first.len() / 2)), "63F1");
    terminal.ok(&format!("80DB0000{:02X}{}", 100, &value[2 * 200..]));
}

/// An object through all its blocks.
fn retrieve(terminal: &mut Terminal, tag: &str) -> String {
    let mut answer = terminal.send(&format!("80CB0080{:02X}{tag}00", tag.len() / 2));
    let mut object = String::new();
    while let Some(part) = answer.strip_suffix(" 62F1") {
        object.push_str(part);
        answer = terminal.send("80CB000000");
    }
    object.push_str(answer.strip_suffix(" 9000").unwrap_or(&answer));
    object
}

#[test]
fn an_object_that_was_set_is_retrieved() {
    let mut terminal = terminal();
    for (tag, length) in [("A1", 3), ("9F1F", 0), ("BF8101", 127), ("83", 128)] {
        let length_octets = if length < 128 { format!("{length:02X}") } else { format!("81{length:02X}") };
        let object = format!("{tag}{length_octets}{}", value(length));
        terminal.ok(&format!("80DB0080{:02X}{object}", object.len() / 2));
        assert_eq!(retrieve(&mut terminal, tag), object);
    }
    assert_eq!(retrieve(&mut terminal, "5C"), "5C0880A19F1FBF810183", "the list of tags");
    assert_eq!(retrieve(&mut terminal, "80"), "80021122");
    assert_eq!(retrieve(&mut terminal, "81"), "6A88");
}

#[test]
fn a_set_object_takes_the_place_of_the_one_with_its_tag() {
    let mut terminal = terminal();
    terminal.ok("80DB0080 03 810144");
    terminal.ok("80DB0080 06 8004AABBCCDD");
    assert_eq!(retrieve(&mut terminal, "80"), "8004AABBCCDD");
    terminal.ok("80DB0080 02 8000");
    assert_eq!(retrieve(&mut terminal, "80"), "8000");
    assert_eq!(retrieve(&mut terminal, "81"), "810144");
    assert_eq!(retrieve(&mut terminal, "5C"), "5C028180");
}

#[test]
fn a_tag_alone_deletes_its_object() {
    let mut terminal = terminal();
    terminal.ok("80DB0080 03 810144");
    terminal.ok("80DB0080 01 80");
    assert_eq!(retrieve(&mut terminal, "80"), "6A88");
    assert_eq!(retrieve(&mut terminal, "81"), "810144");
    assert_eq!(terminal.send("80DB0080 01 80"), "6A88");
    terminal.ok("80DB0080 01 81");
    assert_eq!(retrieve(&mut terminal, "5C"), "5C00");
}

#[test]
fn a_long_object_goes_over_in_blocks() {
    let mut terminal = terminal();
    set_300(&mut terminal, "A1");
    let object = format!("A182012C{}", value(300));
    assert_eq!(retrieve(&mut terminal, "A1"), object);
    assert_eq!(terminal.send("80CB0080 01 A1 08"), format!("{} 62F1", &object[..16]));
    assert_eq!(terminal.send("80CB0000 08"), format!("{} 62F1", &object[16..32]));
    assert_eq!(terminal.send("80CB0040 08"), format!("{} 62F1", &object[16..32]), "the same once more");
    assert_eq!(terminal.send("80CB0040 04"), format!("{} 62F1", &object[16..24]), "or less of it");
    assert_eq!(terminal.send("80CB0000 04"), format!("{} 62F1", &object[24..32]));
    assert_eq!(terminal.ok("80CB0080 000001 A1 0130"), object, "with an extended Le at once");
    assert_eq!(terminal.send("80CB0000 00"), "6985", "there is no more");
}

#[test]
fn a_block_without_le_waits_for_get_response() {
    let mut terminal = terminal();
    set_300(&mut terminal, "A1");
    let object = format!("A182012C{}", value(300));
    assert_eq!(terminal.send("80CB0080 01 A1"), "6100");
    assert_eq!(terminal.send("00C0000000"), format!("{} 62F1", &object[..512]));
    assert_eq!(terminal.send("80CB0000"), "6130");
    assert_eq!(terminal.ok("00C0000030"), &object[512..]);
}

#[test]
fn the_block_before_can_be_sent_again() {
    let mut terminal = terminal();
    assert_eq!(terminal.send("80DB0080 04 A10411 22"), "63F1");
    assert_eq!(terminal.send("80DB0040 03 A10433"), "63F1", "the first block, with its tag");
    assert_eq!(terminal.send("80DB0000 02 4455"), "63F1");
    assert_eq!(terminal.send("80DB0040 01 66"), "63F1");
    terminal.ok("80DB0000 02 7788");
    assert_eq!(retrieve(&mut terminal, "A1"), "A10433667788");
    assert_eq!(terminal.send("80DB0080 03 A20311"), "63F1");
    terminal.ok("80DB0000 02 2233");
    assert_eq!(terminal.send("80DB0040 01 44"), "63F1", "the last one, which is not the last any more");
    assert_eq!(terminal.send("80DB0040 03 445566"), "6A80", "more than the object has");
    assert_eq!(terminal.send("80DB0000 02 4455"), "6985", "and with that it is over");
    assert_eq!(retrieve(&mut terminal, "A2"), "6A88");
    terminal.ok("80DB0080 02 A300");
    assert_eq!(retrieve(&mut terminal, "5C"), "5C0380A1A3");
}

/// TS 102 221 Annex L: an interruption that selects another file ends the transfer, and the object is not there.
#[test]
fn a_transfer_is_over_when_another_file_or_object_becomes_current() {
    for (between, goes_on) in [
        ("80F2000C", true),
        ("00200001", true),
        ("00B20104 01", true),
        ("00A4000C026F78", false),
        ("00A4000C023F00", false),
        ("00B0820001", false),
        ("80CB0080015C00", false),
        ("80DB0080 02 A200", false),
    ] {
        let mut terminal = terminal();
        terminal.ok("80DB0080 03 A10111");
        assert_eq!(terminal.send("80DB0080 03 A10222"), "63F1");
        terminal.send(between);
        terminal.send(if between == "00A4000C023F00" { "00A4000C026F78" } else { "80F2000C" });
        let answer = terminal.send("80DB0000 01 33");
        terminal.ok("00A4000C026F78");
        let object = retrieve(&mut terminal, "A1");
        if goes_on {
            assert_eq!((&*answer, &*object), ("9000", "A1022233"), "{between}");
        } else {
            assert!(["6985", "6981"].contains(&&*answer), "{between}: {answer}");
            assert_eq!(object, "6A88", "{between}");
        }
        assert_eq!(retrieve(&mut terminal, "80"), "80021122");
    }
}

/// TS 102 221 §10.2.1.3.
#[test]
fn between_blocks_a_proactive_command_is_told_too() {
    let mut image = Profile::default().image();
    image.files.push(file(0x6F78, Sfi::Is(10)));
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap().with_applet(Hello::default()));
    assert!(terminal.send(PROFILE).starts_with("91"));
    terminal.send("00A4000C026F78");
    terminal.send("0020000A08 3030303030303030");
    assert_eq!(terminal.send("80CB0080 01 80 02"), "8002 62F2");
    assert_eq!(terminal.send("80CB0000 02"), "1122 9118");
    assert_eq!(terminal.send("80DB0080 03 810211"), "63F2");
    assert_eq!(terminal.send("80DB0000 01 22"), "9118");
}

#[test]
fn channels_have_their_own_transfers() {
    let mut terminal = terminal();
    terminal.ok("0070000001");
    terminal.ok("01A4000C026F79");
    assert_eq!(terminal.send("80DB0080 03 A10211"), "63F1");
    assert_eq!(terminal.send("81DB0080 03 A20233"), "63F1");
    terminal.ok("80DB0000 01 22");
    terminal.ok("81DB0000 01 44");
    assert_eq!(retrieve(&mut terminal, "A1"), "A1021122");
    assert_eq!(terminal.ok("81CB0080 01 A2 00"), "A2023344");
    // In the same file the later one counts.
    terminal.ok("01A4000C026F78");
    assert_eq!(terminal.send("80DB0080 03 A10255"), "63F1");
    assert_eq!(terminal.send("81DB0080 03 A20277"), "63F1");
    assert_eq!(terminal.send("80DB0000 01 66"), "6985");
    terminal.ok("81DB0000 01 88");
    assert_eq!(retrieve(&mut terminal, "5C"), "5C0280A2");
}

#[test]
fn a_file_has_room_for_as_much_as_it_has() {
    let mut terminal = terminal();
    // 80021122 and A1 82 XXXX and 592 octets make 600.
    assert_eq!(terminal.send("80DB0080 04 A1820251"), "6A84");
    assert_eq!(terminal.send("80DB0080 04 A1820250"), "63F1");
    for part in value(592).as_bytes().chunks(2 * 200) {
        let part = core::str::from_utf8(part).unwrap();
        let answer = terminal.send(&format!("80DB0000{:02X}{part}", part.len() / 2));
        assert_eq!(answer, if part.len() == 2 * 192 { "9000" } else { "63F1" });
    }
    assert_eq!(retrieve(&mut terminal, "A1"), format!("A1820250{}", value(592)));
    assert_eq!(terminal.send("80DB0080 02 A200"), "6A84");
    terminal.ok("80DB0080 01 A1");
    terminal.ok("80DB0080 02 A200");
    assert_eq!(retrieve(&mut terminal, "5C"), "5C0280A2");
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut terminal = terminal();
    for (apdu, status) in [
        ("80CB0180 01 80 00", "6A86"),
        ("80CB00C0 01 80 00", "6A86"),
        ("80CB00A0 01 80 00", "6A86"),
        ("80CB009F 01 80 00", "6A86"),
        ("80CB000A 00", "6A86"),
        ("80CB0087 01 80 00", "6A82"),
        ("80CB0080 00", "6700"),
        ("80CB0000 01 80 00", "6700"),
        ("80CB0000 00", "6985"),
        ("80CB0080 02 8080 00", "6A80"),
        ("80CB0080 01 00 00", "6A80"),
        ("80CB0080 04 9F818101 00", "6A80"),
        ("80DB0080", "6700"),
        ("80DB0000 01 00", "6985"),
        ("80DB0080 03 5C0180", "6A80"),
        ("80DB0080 03 810081", "6A80"),
        ("80DB0080 03 81 8101", "6A80"),
        ("80DB0080 02 8182", "6A80"),
        ("80DB0080 06 818501020304", "6A80"),
        ("00CB0080 01 80 00", "6E00"),
    ] {
        assert_eq!(terminal.send(apdu), status, "{apdu}");
    }
    assert_eq!(terminal.ok("80CB008A 01 80 00"), "80021122", "by short file identifier");
    for apdu in ["00B0000001", "00B2010400", "00D6000001FF"] {
        assert_eq!(terminal.send(apdu), "6981", "{apdu}");
    }
    terminal.ok("00A4000C022FE2");
    assert_eq!(terminal.send("80CB0080 01 80 00"), "6981");
    assert_eq!(terminal.send("80DB0080 01 80"), "6981");
    terminal.ok("00A4000C023F00");
    assert_eq!(terminal.send("80CB0080 01 80 00"), "6986");
}

#[test]
fn access_rules_and_life_cycle_apply() {
    let mut terminal = terminal();
    terminal.card.power_on(Instant::EPOCH);
    terminal.ok("00A4000C026F78");
    assert_eq!(retrieve(&mut terminal, "80"), "80021122");
    assert_eq!(terminal.send("80DB0080 01 80"), "6982");
    terminal.ok("0020000A08 3030303030303030");
    terminal.ok("00040000");
    assert_eq!(terminal.send("80CB0080 01 80 00"), "6984");
    assert_eq!(terminal.send("80DB0080 01 80"), "6984");
}

/// TS 102 221 §11.1.1.4.6.5 to §11.1.1.4.6.7; the file descriptor is that of pySim's test data, `79 21`.
#[test]
fn select_tells_that_objects_are_in_the_file_and_how_much_room_they_have() {
    let fcp = terminal().ok("00A40004026F7800");
    assert!(fcp.contains("8202792183026F78A50B84010185020258860202588A0105"), "{fcp}");
    assert!(fcp.ends_with("80020258880150"), "{fcp}");
}

/// What is torn is as it was or as it was to be; of an object in blocks there is all or nothing.
#[test]
fn a_torn_set_data_is_done_or_not() {
    for first in ["80DB0080 05 8003AABBCC", "80DB0080 01 80", "80DB0080 03 810199"] {
        for tear in 0.. {
            let mut terminal = terminal();
            terminal.ok("80DB0080 03 820177");
            terminal.card.memory_mut().tear_after(Some(tear));
            terminal.send(first);
            let torn = terminal.card.memory().is_torn();
            terminal.card.memory_mut().tear_after(None);
            terminal.card.power_on(Instant::EPOCH);
            terminal.ok("00A4000C026F78");
            let objects = ["80", "81", "82"].map(|tag| retrieve(&mut terminal, tag));
            let mut expected = ["80021122", "6A88", "820177"];
            if !torn {
                match &first[9..11] {
                    "05" => expected[0] = "8003AABBCC",
                    "01" => expected[0] = "6A88",
                    _ => expected[1] = "810199",
                }
            }
            assert_eq!(objects, expected, "{first} torn after {tear}");
            if !torn {
                break;
            }
        }
    }
}

#[test]
fn a_torn_chain_of_blocks_leaves_an_object_or_none() {
    for tear in 0.. {
        let mut terminal = terminal();
        terminal.ok("80DB0080 03 820177");
        terminal.card.memory_mut().tear_after(Some(tear));
        for block in ["80DB0080 03 8003AA", "80DB0000 01 BB", "80DB0000 01 CC"] {
            terminal.send(block);
        }
        let torn = terminal.card.memory().is_torn();
        terminal.card.memory_mut().tear_after(None);
        terminal.card.power_on(Instant::EPOCH);
        terminal.ok("00A4000C026F78");
        let object = retrieve(&mut terminal, "80");
        let possible: &[&str] = if torn { &["80021122", "6A88"] } else { &["8003AABBCC"] };
        assert!(possible.contains(&&*object), "torn after {tear}: {object}");
        assert_eq!(retrieve(&mut terminal, "82"), "820177");
        if !torn {
            break;
        }
    }
}

/// What is done to the objects of the file.
#[derive(Clone, Debug)]
enum Act {
    /// Sets an object in blocks of a size, and stops after so many.
    Set {
        tag: u8,
        length: usize,
        block: usize,
        blocks: usize,
    },
    Delete {
        tag: u8,
    },
    /// The block before comes again.
    Again,
}

fn act() -> impl Strategy<Value = Act> {
    let tag = 0x81..0x86_u8;
    prop_oneof![
        4 => (tag.clone(), 0..300_usize, 1..200_usize, 1..6_usize)
            .prop_map(|(tag, length, block, blocks)| Act::Set { tag, length, block, blocks }),
        1 => tag.prop_map(|tag| Act::Delete { tag }),
        1 => Just(Act::Again),
    ]
}

fn octets_of(length: usize) -> usize {
    length
        + if length < 0x80 {
            2
        } else if length < 0x100 {
            3
        } else {
            4
        }
}

proptest! {
    /// A file has the objects that were set to their end and not deleted or begun anew since, in that order.
    #[test]
    fn a_file_has_what_was_set(acts in prop::collection::vec(act(), 1..30)) {
        let mut terminal = terminal();
        let mut model = vec![(0x80, "1122".to_owned())];
        let mut last = None;
        for act in acts {
            match act {
                Act::Set { tag, length, block, blocks } => {
                    let value = value(length);
                    let others: usize =
                        model.iter().filter(|(other, _)| *other != tag).map(|(_, value)| octets_of(value.len() / 2)).sum();
                    let mut header = vec![tag];
                    match length {
                        0..0x80 => header.push(length as u8),
                        0x80..0x100 => header.extend([0x81, length as u8]),
                        _ => header.extend([0x82, (length >> 8) as u8, length as u8]),
                    }
                    let mut rest = value.as_str();
                    for number in 0..blocks {
                        let (part, after) = rest.split_at((2 * block).min(rest.len()));
                        if number > 0 && part.is_empty() {
                            break;
                        }
                        let (p2, data) = match number {
                            0 => (0x80, format!("{}{part}", hex::encode_upper(&header))),
                            _ => (0x00, part.to_owned()),
                        };
                        let answer = terminal.send(&format!("80DB00{p2:02X}{:02X}{data}", data.len() / 2));
                        if others + octets_of(length) > SIZE {
                            prop_assert_eq!(answer, "6A84");
                            break;
                        }
                        model.retain(|(other, _)| *other != tag);
                        rest = after;
                        if rest.is_empty() {
                            prop_assert_eq!(answer, "9000");
                            model.push((tag, value.clone()));
                        } else {
                            prop_assert_eq!(answer, "63F1");
                        }
                        last = Some(data);
                    }
                    if others + octets_of(length) > SIZE {
                        last = None;
                    }
                }
                Act::Delete { tag } => {
                    let answer = terminal.send(&format!("80DB008001{tag:02X}"));
                    let there = model.iter().any(|(other, _)| *other == tag);
                    prop_assert_eq!(answer, if there { "9000" } else { "6A88" });
                    model.retain(|(other, _)| *other != tag);
                    last = None;
                }
                Act::Again => {
                    if let Some(data) = &last {
                        let answer = terminal.send(&format!("80DB0040{:02X}{data}", data.len() / 2));
                        prop_assert!(["9000", "63F1"].contains(&&*answer), "{}", answer);
                    } else {
                        prop_assert_eq!(terminal.send("80DB00400100"), "6985");
                    }
                }
            }
        }
        let tags: String = model.iter().map(|(tag, _)| hex::encode_upper([*tag])).collect();
        prop_assert_eq!(retrieve(&mut terminal, "5C"), format!("5C{:02X}{tags}", tags.len() / 2));
        for (tag, value) in model {
            let object = retrieve(&mut terminal, &hex::encode_upper([tag]));
            prop_assert!(object.ends_with(&value) && object.len() == 2 * octets_of(value.len() / 2));
        }
    }

    /// Whatever is sent, the answer is a status word, and the file holds objects from its beginning to their end.
    #[test]
    fn any_sequence_of_blocks_is_answered(
        blocks in prop::collection::vec((any::<bool>(), 0..8_u8, prop::collection::vec(any::<u8>(), 0..40)), 1..30),
        tear in 0..60_u64,
    ) {
        let mut terminal = terminal();
        terminal.card.memory_mut().tear_after(Some(tear));
        for (set, p2, data) in blocks {
            let (instruction, le) = if set { ("DB", "") } else { ("CB", "00") };
            let length = if data.is_empty() { String::new() } else { format!("{:02X}", data.len()) };
            terminal.send(&format!("80{instruction}00{:02X}{length}{}{le}", p2 << 5, hex::encode(&data)));
            if terminal.card.memory().is_torn() {
                terminal.card.power_on(Instant::EPOCH);
                terminal.ok("00A4000C026F78");
                terminal.ok("0020000A08 3030303030303030");
            }
        }
        terminal.card.memory_mut().tear_after(None);
        let list = retrieve(&mut terminal, "5C");
        prop_assert!(list.starts_with("5C"), "{}", list);
        terminal.ok("80DB0080 03 9E0155");
        prop_assert_eq!(retrieve(&mut terminal, "9E"), "9E0155");
    }
}
