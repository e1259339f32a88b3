//! Power loss at every write of every command that writes: what was there before, or what is there after, and nothing
//! between but the tries of a key.

use oxisim_card::{Card, KeyReference, file::Sfi};
use oxisim_wire::Instant;
use proptest::prelude::*;

use crate::{
    administration::{directory, image, resize, transparent},
    data_objects,
    hello::{HELLO_DONE, Hello, MENU_DONE, PROFILE, SELECT_HELLO},
    survival::apdu,
    terminal::Terminal,
};

/// A command, what is sent before it, and how many changes of memory it is made of. A right key is two: the try is
/// taken, and given back.
struct Case {
    before: Vec<String>,
    command: String,
    changes: usize,
}

const ADM: &str = "0020000A08 3030303030303030";
const PIN: &str = "30303030FFFFFFFF";
const OTHER_PIN: &str = "31313131FFFFFFFF";
const UNBLOCK: &str = "3030303030303030";

/// A card that lets the administrator do everything, with the applet and a file of data objects; PIN 1 is enabled.
fn terminal() -> Terminal {
    let mut image = image();
    image.files.push(data_objects::file(0x6F78, Sfi::None));
    for pin in image.pins.iter_mut().filter(|pin| pin.reference == KeyReference::PIN_1) {
        pin.enabled = true;
    }
    let mut terminal = Terminal::with(Card::from_image(&image).unwrap().with_applet(Hello::default()));
    terminal.ok(ADM);
    terminal.ok(&format!("0020000108 {PIN}"));
    terminal
}

fn cases() -> Vec<Case> {
    let case = |before: &[&str], command: &str, changes| Case {
        before: before.iter().map(|&apdu| apdu.into()).collect(),
        command: command.into(),
        changes,
    };
    let (file, inside) = (&transparent("2F50", 3, ""), &transparent("6F01", 3, ""));
    let df = &directory("7F66", "");
    let mf = "00A4000C023F00";
    let (acm, adn, lnd) = ("00A4080C047F206F39", "00A4080C047F106F3A", "00A4080C047F106F44");
    let record = &"A5".repeat(28);
    let gsm = |fids: [&str; 2]| fids.map(|fid| format!("A0A4000002{fid}00"));
    let [gsm_telecom, gsm_adn] = &gsm(["7F10", "6F3A"]);
    let [gsm_gsm, gsm_acm] = &gsm(["7F20", "6F39"]);
    vec![
        case(&["00A4080C022F05"], "00D600000464656672", 1),
        case(&[adn], &format!("00DC01041C{record}"), 1),
        case(&[lnd], &format!("00DC00031C{record}"), 1),
        case(&[acm], "8032000003 000005 00", 1),
        case(&[], &format!("0020008108{PIN}"), 2),
        case(&[], &format!("0020008108{OTHER_PIN}"), 1),
        case(&[], &format!("0024008110{PIN}{OTHER_PIN}"), 3),
        case(&[], &format!("0026000108{PIN}"), 3),
        case(&[&format!("0026000108{PIN}")], &format!("0028000108{PIN}"), 3),
        case(&[], &format!("002C008110{UNBLOCK}{OTHER_PIN}"), 3),
        case(&["00A4080C047F106F4A"], "00040000", 1),
        case(&["00A4080C047F106F4A", "00040000"], "00440000", 1),
        case(&[], file, 1),
        case(&[], df, 1),
        case(&[file], "00E40000022F50", 1),
        case(&[df, inside, mf], "00E40000027F66", 1),
        case(&[file, "00D6000003010203"], &resize("2F50", 9), 1),
        case(&[file, "00D6000003010203"], &resize("2F50", 1), 1),
        case(&[file], "00E80000", 1),
        case(&[df], "00E60000", 1),
        case(&[], "00FE0000", 1),
        case(&["00A4000C026F78"], "80DB008004 81024455", 1),
        case(&["00A4000C026F78"], "80DB008001 80", 1),
        case(&[PROFILE, "8012000000", MENU_DONE, SELECT_HELLO, "8012000000"], HELLO_DONE, 1),
        case(&["A0A40000022F0500"], "A0D600000464656672", 1),
        case(&[gsm_telecom, gsm_adn], &format!("A0DC01041C{record}"), 1),
        case(&[gsm_gsm, gsm_acm], "A032000003 000005 00", 1),
        case(&[], &format!("A020000208{PIN}"), 2),
        case(&[], &format!("A024000210{PIN}{OTHER_PIN}"), 3),
        case(&[], &format!("A026000108{PIN}"), 3),
        case(&[&format!("A026000108{PIN}")], &format!("A028000108{PIN}"), 3),
        case(&[], &format!("A02C000210{UNBLOCK}{OTHER_PIN}"), 3),
        case(&["A0A4000002 7F20 00", "A0A4000002 6F07 00"], "A004000000", 1),
        case(&["A0A4000002 7F20 00", "A0A4000002 6F07 00", "A004000000"], "A044000000", 1),
    ]
}

/// Every object of a card's memory.
type Memory = Vec<(String, Vec<u8>)>;

fn memory(card: &Card) -> Memory {
    card.memory().objects().map(|(name, octets)| (name.into(), octets.into())).collect()
}

impl Case {
    fn ready(&self) -> Terminal {
        let mut terminal = terminal();
        for apdu in &self.before {
            terminal.send(apdu);
        }
        terminal
    }

    /// What memory recovers to, for every number of writes before power is lost, and then without loss.
    fn outcomes(&self) -> Vec<Memory> {
        let mut outcomes = Vec::new();
        for tear in 0.. {
            let mut terminal = self.ready();
            terminal.card.memory_mut().tear_after(Some(tear));
            let answer = terminal.send(&self.command);
            let torn = terminal.card.memory().is_torn();
            assert_eq!(answer == "6F00", torn, "{} -> {answer}", self.command);
            terminal.card.memory_mut().tear_after(None);
            terminal.card.power_on(Instant::EPOCH);
            assert!(!terminal.card.memory().in_transaction());
            outcomes.push(memory(&terminal.card));
            if !torn {
                break;
            }
        }
        outcomes
    }
}

#[test]
fn every_command_is_carried_out_all_or_not_at_all() {
    for case in cases() {
        let before = memory(&case.ready().card);
        let mut outcomes = case.outcomes();
        assert!(outcomes.len() > 2, "{} writes", case.command);
        assert!(outcomes[0] == before, "{}: the log is written first", case.command);
        outcomes.dedup();
        assert_eq!(outcomes.len(), case.changes + 1, "{}", case.command);
    }
}

/// Class `A0` or not, and instruction.
fn kind(apdu: &[u8]) -> (bool, u8) {
    (apdu.first() == Some(&0xA0), apdu.get(1).copied().unwrap_or(0))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// What writes is in the list above, or is one of AUTHENTICATE, whose tears have tests of their own, and ENVELOPE,
    /// which applets write at.
    #[test]
    fn the_list_has_every_command_that_writes(apdus in prop::collection::vec(apdu(), 1..12)) {
        let known: Vec<_> =
            cases().iter().map(|case| kind(&hex::decode(case.command.replace(' ', "")).unwrap())).collect();
        let mut terminal = terminal();
        for apdu in apdus {
            let writes = terminal.card.memory().writes();
            terminal.card.exchange(Instant::EPOCH, &apdu);
            let wrote = terminal.card.memory().writes() > writes;
            prop_assert!(!wrote || known.contains(&kind(&apdu)) || matches!(kind(&apdu).1, 0x88 | 0xC2 | 0x14), "{apdu:02X?}");
        }
    }
}
