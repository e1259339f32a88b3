//! CREATE FILE, DELETE FILE, RESIZE FILE and the TERMINATE commands (TS 102 222 §6).

use oxisim_card::{
    Card, Profile, SecurityAttributes,
    image::{self, FileKind},
};
use oxisim_wire::Instant;
use proptest::prelude::*;

use crate::terminal::Terminal;

/// VERIFY ADM1.
const ADM: &str = "0020000A083030303030303030";

/// Its condition of access.
const BY_ADM: &str = "A40683010A950108";

/// A card in whose directories ADM1 may do everything.
pub fn image() -> image::Image {
    let mut image = Profile { phonebook_records: 5, ..Profile::default() }.image();
    for file in image.files.iter_mut().filter(|file| matches!(file.kind, FileKind::Directory { .. })) {
        let rule = hex::decode(format!("80017E{BY_ADM}8401D4{BY_ADM}")).unwrap();
        file.security = SecurityAttributes::Expanded(rule);
    }
    image
}

/// A terminal that may do everything, with the MF selected.
fn administrator() -> Terminal {
    administrator_of(&image())
}

fn administrator_of(image: &image::Image) -> Terminal {
    let mut terminal = Terminal::with(Card::from_image(image).unwrap());
    terminal.ok(ADM);
    terminal
}

/// CREATE FILE with these objects.
fn create(objects: &str) -> String {
    let objects = objects.replace(' ', "");
    let length = objects.len() / 2;
    format!("00E00000{:02X}62{length:02X}{objects}", length + 2)
}

/// The object of a rule in expanded format.
fn expanded(rule: &str) -> String {
    let rule = rule.replace(' ', "");
    format!("AB{:02X}{rule}", rule.len() / 2)
}

/// A transparent EF that anyone reads, writes, resizes, and ADM1 deletes and terminates.
pub fn transparent(fid: &str, size: u16, more: &str) -> String {
    let rule = expanded(&format!("800103 9000 8401D4 9000 800178 {BY_ADM}"));
    create(&format!("82024121 8302{fid} 8A0105 {rule} 8002{size:04X} {more}"))
}

/// A linear fixed EF that anyone reads and writes.
fn linear(fid: &str, record: u8, count: u8) -> String {
    let size = u16::from(record) * u16::from(count);
    let rule = expanded("800103 9000");
    create(&format!("8205422100{record:02X}{count:02X} 8302{fid} 8A0105 {rule} 8002{size:04X}"))
}

/// A directory in which ADM1 may do everything.
pub fn directory(fid: &str, more: &str) -> String {
    create(&format!("82027821 8302{fid} 8A0105 {} {more}", expanded(&format!("80017E {BY_ADM}"))))
}

#[test]
fn a_new_file_is_selected_and_full_of_ff() {
    let mut terminal = administrator();
    terminal.ok(&transparent("2F50", 10, "8801 50"));
    assert_eq!(terminal.ok("00B0000000"), "FF".repeat(10));
    terminal.ok("00D6000002A5A5");
    terminal.ok("00A4000C023F00");
    assert_eq!(terminal.ok("00B08A0004"), "A5A5FFFF", "by its short file identifier");
    let fcp = terminal.ok("00A40004022F5000");
    assert!(
        fcp.starts_with("62")
            && fcp.contains("83022F50")
            && fcp.contains("8002000A")
            && fcp.contains("880150")
    );
}

#[test]
fn patterns_fill_a_new_file() {
    let mut terminal = administrator();
    terminal.ok(&transparent("2F50", 7, "A505 C103010203"));
    assert_eq!(terminal.ok("00B0000000"), "01020303030303", "the last octet goes on");
    terminal.ok(&transparent("2F51", 7, "A508 C203010203 D00120"));
    assert_eq!(terminal.ok("00B0000000"), "01020301020301", "the pattern goes on");
    assert!(terminal.ok("00A40004022F5100").contains("A503D00120"), "what else there is stays");
}

#[test]
fn directories_and_records_can_be_made() {
    let mut terminal = administrator();
    terminal.ok(&directory("7F66", ""));
    terminal.ok(&linear("6F01", 4, 3));
    terminal.ok("00DC010404DEADBEEF");
    terminal.ok("00A40804047F666F0100");
    assert_eq!(terminal.ok("00B2010404"), "DEADBEEF");
    assert_eq!(terminal.ok("00B2030404"), "FFFFFFFF");
    assert_eq!(terminal.send("00B2040404"), "6A83");
    // A file descriptor without the number of records.
    terminal.ok(&create("820442210004 83026F02 8A0105 AB058001039000 80020008"));
    assert_eq!(terminal.ok("00B2020404"), "FFFFFFFF");
}

#[test]
fn an_application_can_be_made_and_selected_by_its_name() {
    let mut terminal = administrator();
    terminal.ok(&directory("7F70", "8407A0000005591010"));
    terminal.ok(&transparent("6F01", 1, ""));
    terminal.ok("00A4000C023F00");
    terminal.ok("00A4040C07A0000005591010");
    terminal.ok("00A4000C026F01");
    assert_eq!(terminal.send(&directory("7F71", "8407A0000005591010")), "6A8A");
    assert_eq!(terminal.send(&directory("7F70", "")), "6A89", "below itself");
    terminal.ok("00A4000C023F00");
    terminal.ok("00E40000027F70");
    assert_eq!(terminal.send("00A4040C07A0000005591010"), "6A82");
}

#[test]
fn a_name_is_given_once() {
    let mut terminal = administrator();
    assert_eq!(terminal.send(&transparent("2FE2", 1, "")), "6A89");
    assert_eq!(terminal.send(&transparent("3F00", 1, "")), "6A89", "the directory itself");
    assert_eq!(terminal.send(&transparent("FFFF", 1, "")), "6A80");
    assert_eq!(terminal.send(&transparent("3FFF", 1, "")), "6A80");
    assert_eq!(terminal.send(&transparent("2F50", 1, "880110")), "6A80", "EF_ICCID has short identifier 2");
    terminal.ok("00A4000C027F10");
    assert_eq!(terminal.send(&transparent("3F00", 1, "")), "6A89", "a directory above");
}

#[test]
fn what_makes_no_file_is_refused() {
    let mut terminal = administrator();
    for (objects, why) in [
        ("82024121 83022F50 8A0105 8B032F0605", "no size"),
        ("82024121 83022F50 8B032F0605 80020001", "no life cycle status"),
        ("82024121 83022F50 8A010C 8B032F0605 80020001", "terminated"),
        ("82024121 83022F50 8A0105 80020001", "no security attributes"),
        ("82024121 8A0105 8B032F0605 80020001", "no identifier"),
        ("83022F50 8A0105 8B032F0605 80020001", "no descriptor"),
        ("8205422100FF03 83022F50 8A0105 8B032F0605 80020004", "no whole record"),
        ("8205422100010000 83022F50 8A0105 8B032F0605 80020000", "no record"),
        ("82054221000103 83022F50 8A0105 8B032F0605 80020004", "another number of records"),
        ("82024121 83022F50 8A0105 8B032F0605 8006FFFFFFFFFFFF", "a size of six octets"),
    ] {
        assert_eq!(terminal.send(&create(objects)), "6A80", "{why}");
    }
    assert_eq!(terminal.send("00E00000"), "6700");
    assert_eq!(terminal.send("00E00100026200"), "6A86");
    assert_eq!(terminal.send("00E00000036200FF"), "6A80");
}

#[test]
fn memory_bounds_what_can_be_made() {
    let used = Card::from_image(&image()).unwrap().memory().used();
    let mut terminal = administrator_of(&image::Image { memory: used + 2000, ..image() });
    assert_eq!(terminal.send(&transparent("2F50", 2001, "")), "6A84");
    terminal.ok(&transparent("2F50", 1000, ""));
    assert_eq!(terminal.send(&transparent("2F51", 1000, "")), "6A84");
    assert_eq!(terminal.send(&resize("2F50", 2000)), "6A84");
    assert_eq!(terminal.ok("00A40004022F5000").matches("800203E8").count(), 1, "nothing has changed");
    terminal.ok("00E40000022F50");
    terminal.ok(&transparent("2F52", 1000, ""));
}

#[test]
fn rules_are_kept() {
    let mut terminal = Terminal::with(Card::from_image(&image()).unwrap());
    assert_eq!(terminal.send(&transparent("2F50", 1, "")), "6982");
    assert_eq!(terminal.send(&directory("7F66", "")), "6982");
    terminal.ok(ADM);
    terminal.ok(&create("82024121 83022F50 8A0105 8C03030000 80020001"));
    assert_eq!(terminal.send("00E40000022F50"), "6982", "its rule lets nobody delete it");
    assert_eq!(terminal.send(&resize("2F50", 2)), "6982");
    assert_eq!(terminal.send("00E80000"), "6982");
}

#[test]
fn a_deleted_file_is_gone_and_its_identifier_free() {
    let mut terminal = administrator();
    terminal.ok(&transparent("2F50", 3, ""));
    terminal.ok("00D6000003010203");
    terminal.ok("00E40000022F50");
    assert_eq!(terminal.send("00B0000000"), "6986", "nothing is selected");
    assert_eq!(terminal.send("00A40004022F5000"), "6A82");
    assert_eq!(terminal.send("00E40000022F50"), "6A82");
    assert_eq!(terminal.send("00E40000012F"), "6700");
    assert_eq!(terminal.send("00E40000023F00"), "6985", "the MF stays");
    terminal.ok(&transparent("2F50", 3, ""));
    assert_eq!(terminal.ok("00B0000000"), "FFFFFF", "and is as new");
}

#[test]
fn a_directory_goes_with_all_that_is_in_it() {
    let mut terminal = administrator();
    let used = terminal.card.memory().used();
    terminal.ok(&directory("7F66", ""));
    terminal.ok(&directory("5F01", ""));
    terminal.ok(&transparent("6F01", 100, ""));
    terminal.ok("00A4000C023F00");
    terminal.ok("00A4000C027F66");
    terminal.ok("00E40000027F66");
    assert!(terminal.ok("80F2000000").contains("83023F00"), "the directory above is current");
    assert_eq!(terminal.send("00A40804047F665F01"), "6A82");
    let life_cycles = 3;
    assert_eq!(terminal.card.memory().used(), used + life_cycles);
}

#[test]
fn what_another_channel_has_selected_stays() {
    let mut terminal = administrator();
    terminal.ok(&directory("7F66", ""));
    terminal.ok(&transparent("6F01", 1, ""));
    assert_eq!(terminal.ok("0070000001"), "01");
    terminal.ok("01A4080C047F666F01");
    terminal.ok("00A4000C023F00");
    assert_eq!(terminal.send("00E40000027F66"), "6985");
    terminal.ok("00708001");
    terminal.ok("00E40000027F66");
}

pub fn resize(fid: &str, size: u16) -> String {
    format!("80D400000A62088302{fid}8002{size:04X}")
}

#[test]
fn a_file_gets_larger_and_smaller() {
    let mut terminal = administrator();
    terminal.ok(&transparent("2F50", 3, ""));
    terminal.ok("00D6000003010203");
    terminal.ok(&resize("2F50", 5));
    assert_eq!(terminal.ok("00B0000000"), "010203FFFF");
    terminal.ok(&resize("2F50", 2));
    assert_eq!(terminal.ok("00B0000000"), "0102");
    assert_eq!(terminal.send(&resize("2F51", 2)), "6A82");
    assert_eq!(terminal.send("80D4000006620483022F50"), "6A80", "no size");
    assert_eq!(terminal.send("00D4000006620483022F50"), "6E00");
}

#[test]
fn records_come_and_go_at_the_end() {
    let mut terminal = administrator();
    terminal.ok(&create("82054221000402 83022F50 8A0105 AB0A8001039000 8401D49000 80020008"));
    terminal.ok("00DC020404DEADBEEF");
    terminal.ok(&resize("2F50", 12));
    assert_eq!(terminal.ok("00B2020404"), "DEADBEEF");
    assert_eq!(terminal.ok("00B2030404"), "FFFFFFFF");
    assert_eq!(terminal.send(&resize("2F50", 13)), "6A80", "no whole record");
    terminal.ok(&resize("2F50", 4));
    assert_eq!(terminal.send("00B2020404"), "6A83");
}

#[test]
fn a_directory_has_room_while_memory_has() {
    let mut terminal = administrator();
    terminal.ok("00A4000C027F10");
    assert_eq!(terminal.send("80D400000A620883027F1081020001"), "6A84", "there is more in it");
    terminal.ok("80D400000A620883027F1081024000");
    assert_eq!(terminal.send("80D400000B620983027F1081037FFFFF"), "6A84");
}

#[test]
fn a_file_that_shares_its_contents_is_resized_with_the_other() {
    let mut image = image();
    for file in image.files.iter_mut().filter(|file| file.path.ends_with(&[0x6F3C])) {
        file.security = SecurityAttributes::Expanded(hex::decode("80010390008401D49000").unwrap());
    }
    let mut terminal = administrator_of(&image);
    terminal.ok("00A4080C027F10");
    terminal.ok(&resize("6F3C", 176 * 3));
    assert_eq!(terminal.send("00A4080C047F106F3C"), "9000");
    assert_eq!(terminal.send("00B20404B0"), "6A83");
    terminal.ok("00A4040C0CA0000000871002FFFFFFFF89");
    terminal.ok("00A4000C026F3C");
    assert_eq!(terminal.send("00B20404B0"), "6A83");
    assert_eq!(terminal.send(&resize("6F3C", 175)), "6A80", "no whole record");
}

#[test]
fn a_terminated_file_is_so_for_ever() {
    let mut terminal = administrator();
    terminal.ok(&transparent("2F50", 3, ""));
    terminal.ok("00E80000");
    assert_eq!(terminal.send("00B0000000"), "6984");
    assert!(terminal.send("00A40004022F5000").ends_with("6285"));
    assert_eq!(terminal.send("00440000022F50"), "6985");
    assert_eq!(terminal.send(&resize("2F50", 4)), "6985");
    terminal.ok("00E40000022F50");
    terminal.ok(&directory("7F66", ""));
    terminal.ok("00E60000");
    assert_eq!(terminal.send(&transparent("6F01", 1, "")), "6985");
    terminal.ok("00A4000C023F00");
    assert!(terminal.send("00A40004027F6600").ends_with("6285"));
    terminal.ok("00A4000C023F00");
    assert_eq!(terminal.send("00E60000023F00"), "6985", "the MF has a command of its own");
}

#[test]
fn a_card_whose_usage_is_terminated_only_shows_itself() {
    let mut terminal = Terminal::with(Card::from_image(&image()).unwrap());
    assert_eq!(terminal.send("00FE0000"), "6982");
    terminal.ok(ADM);
    terminal.ok("00FE0000");
    terminal.card.power_on(Instant::EPOCH);
    assert!(terminal.send("00A40004023F0000").ends_with("6285"));
    assert!(terminal.send("80F2000000").contains("8A010C"));
    for command in ["00B0820000", ADM, "801000000AFFFFFFFFFFFFFFFFFFFF", "0070000001"] {
        assert_eq!(terminal.send(command), "6985", "{command}");
    }
}

#[test]
fn changes_of_the_files_last_and_move_to_a_copy_of_the_card() {
    let mut terminal = administrator();
    terminal.ok(&directory("7F66", "8407A0000005591010"));
    terminal.ok(&linear("6F01", 4, 3));
    terminal.ok("00DC010404DEADBEEF");
    terminal.ok("00A4000C023F00");
    terminal.ok(&transparent("2F50", 3, ""));
    terminal.ok(&resize("2F50", 5));
    terminal.ok("00A4040C07A0000005591010");
    let fcp = terminal.ok("00A40004026F0100");
    let mut copy = Card::from_image(&image()).unwrap();
    copy.restore(terminal.card.memory().objects().map(|(name, octets)| (name, Some(octets)))).unwrap();
    copy.power_on(Instant::EPOCH);
    for mut terminal in [Terminal::with(copy), terminal] {
        terminal.card.power_on(Instant::EPOCH);
        terminal.ok("00A4040C07A0000005591010");
        terminal.ok("00A4000C026F01");
        assert_eq!(terminal.ok("00B2010404"), "DEADBEEF");
        assert_eq!(terminal.ok("00A40004026F0100"), fcp);
        terminal.ok("00A4080C022F50");
        assert_eq!(terminal.ok("00B0000000"), "FFFFFFFFFF");
    }
}

#[test]
fn what_makes_no_files_is_not_restored() {
    let mut card = Card::new(&Profile::default());
    let before: Vec<_> =
        card.memory().objects().map(|(name, octets)| (name.to_owned(), octets.to_vec())).collect();
    for (name, octets) in
        [("3F00/2FE2", None), ("3F00/2FE2", Some(&[1][..])), ("pin/01", None), ("other", Some(&[]))]
    {
        assert!(card.restore([(name, octets)]).is_err(), "{name} {octets:?}");
    }
    for wrong in ["00", "000109", "000101", "FFFF02", "FFFF01000000FF", "ffff020000000000"] {
        let octets = hex::decode(wrong).unwrap();
        assert!(card.restore([("files", Some(&octets[..]))]).is_err(), "{wrong}");
    }
    let after: Vec<_> =
        card.memory().objects().map(|(name, octets)| (name.to_owned(), octets.to_vec())).collect();
    assert_eq!(before, after);
}

/// A step of an administrator.
#[derive(Clone, Debug)]
enum Act {
    /// SELECT the MF, or one of the directories, by the path of one or two of them.
    Enter(Vec<u8>),
    Directory(u8),
    File(u8, u8),
    Delete(u8),
    Resize(u8, u8),
    Reset,
}

fn act() -> impl Strategy<Value = Act> {
    let name = || 0u8..6;
    prop_oneof![
        3 => prop::collection::vec(name(), 0..3).prop_map(Act::Enter),
        3 => name().prop_map(Act::Directory),
        5 => (name(), 1u8..20).prop_map(|(name, size)| Act::File(name, size)),
        4 => name().prop_map(Act::Delete),
        1 => (name(), 1u8..20).prop_map(|(name, size)| Act::Resize(name, size)),
        1 => Just(Act::Reset),
    ]
}

/// Size and contents of an EF.
type Held = Option<(usize, Vec<u8>)>;

/// Every file by its path, with what it holds.
fn tree(card: &Card) -> Vec<(Vec<u16>, Held)> {
    let files = card.file_system();
    let mut tree: Vec<_> = files
        .iter()
        .map(|(id, file)| {
            let mut path = vec![file.fid];
            let mut at = id;
            while at != files.parent(at) {
                at = files.parent(at);
                path.insert(0, files.get(at).unwrap().fid);
            }
            let ef = files.elementary(id);
            (path, ef.map(|ef| (ef.size, card.memory().read(ef.body).to_vec())))
        })
        .collect();
    tree.sort();
    tree
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Directories `7F60` to `7F65` in each other, files `6F60` to `6F65` in them: the tree that is there after a reset
    /// is the one before it, and a copy of the memory makes the same.
    #[test]
    fn the_tree_is_the_same_after_a_reset(acts in prop::collection::vec(act(), 1..40)) {
        let mut terminal = administrator();
        for act in acts {
            let directory_id = |name: u8| format!("7F6{name}");
            match act {
                Act::Enter(path) => {
                    terminal.ok("00A4000C023F00");
                    for name in path {
                        terminal.send(&format!("00A4000C02{}", directory_id(name)));
                    }
                }
                Act::Directory(name) => drop(terminal.send(&directory(&directory_id(name), ""))),
                Act::File(name, size) => {
                    terminal.send(&transparent(&format!("6F6{name}"), size.into(), "8800"));
                    terminal.send("00D6000001A5");
                }
                Act::Delete(name) => {
                    terminal.send(&format!("00E4000002{}", directory_id(name)));
                    terminal.send(&format!("00E40000026F6{name}"));
                }
                Act::Resize(name, size) => drop(terminal.send(&resize(&format!("6F6{name}"), size.into()))),
                Act::Reset => {
                    terminal.card.power_on(Instant::EPOCH);
                    terminal.ok(ADM);
                }
            }
            let before = tree(&terminal.card);
            let mut reset = terminal.card.clone();
            reset.power_on(Instant::EPOCH);
            prop_assert_eq!(&tree(&reset), &before);
            let mut copy = Card::from_image(&image()).unwrap();
            copy.restore(terminal.card.memory().objects().map(|(name, octets)| (name, Some(octets)))).unwrap();
            prop_assert_eq!(&tree(&copy), &before);
        }
    }
}

/// TS 102 222 §6.7: what a directory had is no more to be had.
#[test]
fn what_is_below_a_terminated_directory_is_terminated() {
    let mut terminal = administrator();
    terminal.ok(&directory("7F66", ""));
    terminal.ok(&directory("5F01", ""));
    terminal.ok(&transparent("6F01", 3, ""));
    terminal.ok("00A4000C023F00");
    terminal.ok("00E60000027F66");
    assert_eq!(terminal.send("00A4080C067F665F016F01"), "6285");
    assert_eq!(terminal.send("00B0000000"), "6984");
    assert_eq!(terminal.send("00D6000001A5"), "6984");
    assert_eq!(terminal.send("00440000"), "6985");
    assert_eq!(terminal.send(&resize("6F01", 4)), "6985");
    assert_eq!(terminal.send(&transparent("6F02", 3, "")), "6985");
    for (apdu, answer) in [("A0A40000023F00", "9F16"), ("A0A40000027F66", "9F16"), ("A0A40000025F01", "9F16")]
    {
        assert_eq!(terminal.send(apdu), answer);
    }
    terminal.send("A0A40000026F01");
    assert_eq!(terminal.send("A0B0000001"), "9810");
}

#[test]
fn records_of_a_smaller_file_are_forgotten_on_every_channel() {
    let mut terminal = administrator();
    terminal.ok(&create("82054221000403 83022F50 8A0105 AB0A8001039000 8401D49000 8002000C"));
    terminal.ok("0070000001");
    terminal.ok("01A4000C022F50");
    terminal.ok("01B2000304");
    terminal.ok(&resize("2F50", 4));
    assert_eq!(terminal.ok("01B2000304"), "FFFFFFFF", "the last one, as after SELECT");
}
