//! Selected applets: select, deselect, process (Java Card Runtime Environment Specification §3, §4; TS 102 221 §8.4).

mod lost;
mod memory;

use oxisim_apdu::{Command, Response, Status};
use oxisim_card::{Aid, Applet, AppletError, Card, Clear, Env, Event, InstallParameters, Package, Profile};
use oxisim_wire::Instant;

use crate::terminal::Terminal;

const USIM: &str = "A0000000871002FFFFFFFF8907090000";
const FIRST: &str = "A00000005701";
const SECOND: &str = "A00000005702";

/// Counts how often it was selected, deselected and polled, and shows the commands that it gets.
#[derive(Clone)]
struct Probe {
    aid: &'static str,
    is_multi_selectable: bool,
    selected: u8,
    deselected: u8,
    /// Whether another channel had it, each time.
    elsewhere: Vec<u8>,
}

impl Probe {
    const fn new(aid: &'static str) -> Self {
        Self { aid, is_multi_selectable: false, selected: 0, deselected: 0, elsewhere: Vec::new() }
    }

    fn multi_selectable(aid: &'static str) -> Self {
        Self { is_multi_selectable: true, ..Self::new(aid) }
    }
}

/// Says how often the probe was selected and deselected.
const COUNTS: u8 = 0x01;
/// From the next time on it does not let itself be selected; the store keeps that.
const REFUSE: u8 = 0x02;
/// Writes `55` into its store in a transaction, and ends with `6A80`.
const FAIL: u8 = 0x03;
/// The same, and ends well without a commit.
const FORGET: u8 = 0x04;
/// What its store has.
const STORE: u8 = 0x05;
/// Writes `77` into its `CLEAR_ON_DESELECT` array and into its `CLEAR_ON_RESET` array.
const KEEP: u8 = 0x06;
/// What those arrays have.
const LOOK: u8 = 0x07;
/// Whether another channel had it, each time that it was selected or deselected.
const ELSEWHERE: u8 = 0x08;

impl Applet for Probe {
    fn aid(&self) -> Aid {
        aid(self.aid)
    }

    fn persistent_octets(&self) -> usize {
        2
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.new_transient(1, Clear::OnDeselect)?;
        env.new_transient(1, Clear::OnReset).map(|_| ())
    }

    fn select(&mut self, env: &mut Env<'_>) -> bool {
        let mut refuses = [0];
        env.store_read(0, &mut refuses).unwrap();
        self.selected += 1;
        self.elsewhere.push(env.is_selected_elsewhere().into());
        refuses == [0]
    }

    fn deselect(&mut self, env: &mut Env<'_>) {
        self.deselected += 1;
        self.elsewhere.push(env.is_selected_elsewhere().into());
    }

    fn process(&mut self, apdu: &Command<'_>, env: &mut Env<'_>) -> Result<Response, Status> {
        if env.is_selecting() {
            return Ok(Response::normal([b"selected ", apdu.data].concat()));
        }
        match apdu.instruction.0 {
            COUNTS => return Ok(Response::normal(vec![self.selected, self.deselected])),
            ELSEWHERE => {
                assert!(!env.is_selected_elsewhere());
                return Ok(Response::normal(self.elsewhere.clone()));
            }
            REFUSE => env.store_write(0, &[1]).unwrap(),
            FAIL | FORGET => {
                env.begin_transaction().unwrap();
                env.store_write(1, &[0x55]).unwrap();
                if apdu.instruction.0 == FAIL {
                    return Err(Status::INCORRECT_DATA);
                }
            }
            KEEP => (0..2).for_each(|array| env.write(env.array(array), 0, &[0x77]).unwrap()),
            LOOK => {
                let mut kept = [[0]; 2];
                for (array, kept) in (0..).zip(&mut kept) {
                    env.read(env.array(array), 0, kept).unwrap();
                }
                return Ok(Response::normal(kept.concat()));
            }
            STORE => {
                let mut store = [0; 2];
                env.store_read(0, &mut store).unwrap();
                return Ok(Response::normal(store.to_vec()));
            }
            _ => {
                let header = [apdu.class.0, apdu.instruction.0, apdu.p1, apdu.p2];
                return Ok(Response::normal([&header, apdu.data].concat()));
            }
        }
        Ok(Status::NORMAL.into())
    }

    fn is_multi_selectable(&self) -> bool {
        self.is_multi_selectable
    }

    fn process_toolkit(&mut self, _: Event<'_>, _: &mut Env<'_>) -> Result<(), AppletError> {
        Ok(())
    }
}

fn aid(aid: &str) -> Aid {
    Aid::new(&hex::decode(aid).unwrap()).unwrap()
}

fn terminal(applets: impl IntoIterator<Item = Probe>) -> Terminal {
    Terminal::with(applets.into_iter().fold(Card::new(&Profile::default()), Card::with_applet))
}

fn two() -> Terminal {
    terminal([Probe::new(FIRST), Probe::new(SECOND)])
}

/// The same in one package.
fn package(applets: [Probe; 2]) -> Terminal {
    let mut card = Card::new(&Profile::default());
    let package = aid("A000000057");
    let classes = applets.each_ref().map(Probe::aid);
    let applets: Vec<Box<dyn Applet>> = applets.into_iter().map(|applet| Box::new(applet) as _).collect();
    card.load(Package { aid: package, version: (1, 0), applets }).unwrap();
    for class in classes {
        card.install(&package, &class, class, &InstallParameters::default()).unwrap();
        card.make_selectable(&class).unwrap();
    }
    Terminal::with(card)
}

/// SELECT by AID on a channel.
fn select(channel: u8, aid: &str) -> String {
    format!("0{channel}A40400{:02X}{aid}00", aid.len() / 2)
}

/// How often the applet that the channel has was selected and deselected.
fn counts(terminal: &mut Terminal, channel: u8) -> (u8, u8) {
    let counts = hex::decode(terminal.ok(&format!("0{channel}{COUNTS:02X}000000"))).unwrap();
    (counts[0], counts[1])
}

/// The name of the application that the channel has.
fn current(terminal: &mut Terminal, channel: u8) -> String {
    terminal.send(&format!("8{channel}F2000100"))
}

#[test]
fn an_applet_is_selected_by_its_aid_and_answers_the_select() {
    let mut terminal = two();
    assert_eq!(terminal.ok(&select(0, FIRST)), hex::encode_upper(b"selected ") + FIRST);
    assert_eq!(counts(&mut terminal, 0), (1, 0));
    assert_eq!(current(&mut terminal, 0), format!("8406{FIRST} 9000"));
    assert_eq!(terminal.ok("80F2000000"), format!("62088406{FIRST}"));
    assert_eq!(terminal.send("80F2000200"), "6A86");
}

#[test]
fn an_applet_that_has_no_commands_is_selected_all_the_same() {
    #[derive(Clone)]
    struct Silent;
    impl Applet for Silent {
        fn aid(&self) -> Aid {
            aid(FIRST)
        }

        fn install(&mut self, _: &InstallParameters, _: &mut Env<'_>) -> Result<(), AppletError> {
            Ok(())
        }

        fn process_toolkit(&mut self, _: Event<'_>, _: &mut Env<'_>) -> Result<(), AppletError> {
            Ok(())
        }
    }
    let mut terminal = Terminal::with(Card::new(&Profile::default()).with_applet(Silent));
    assert_eq!(terminal.send(&select(0, FIRST)), "9000");
    assert_eq!(terminal.send("00B0000001"), "6D00");
}

#[test]
fn the_start_of_an_aid_goes_through_adfs_and_applets() {
    let mut terminal =
        terminal([Probe::new("A00000008710"), Probe::new("A0000000871001"), Probe::new(FIRST)]);
    let names = [USIM, "A00000008710", "A0000000871001"];
    let select = |occurrence: u8| format!("00A404{occurrence:02X}05A00000008700");
    for (occurrence, name) in [
        (0, Some(names[0])),
        (2, Some(names[1])),
        (2, Some(names[2])),
        (3, Some(names[1])),
        (3, Some(names[0])),
        (3, None),
        (1, Some(names[2])),
        (0, Some(names[0])),
    ] {
        let answer = terminal.send(&select(occurrence));
        match name {
            Some(name) => {
                assert!(answer.ends_with("9000"), "{occurrence}: {answer}");
                let current = current(&mut terminal, 0);
                assert_eq!(current, format!("84{:02X}{name} 9000", name.len() / 2), "{occurrence}");
            }
            None => assert_eq!(answer, "6A82"),
        }
    }
}

/// A name that is another's start too.
#[test]
fn an_applet_whose_whole_aid_is_given_comes_before_those_that_only_begin_so() {
    let mut terminal = terminal([Probe::new("A0000000570101"), Probe::new(FIRST)]);
    terminal.ok(&select(0, FIRST));
    assert_eq!(current(&mut terminal, 0), format!("8406{FIRST} 9000"));
}

#[test]
fn selecting_another_application_deselects_the_applet() {
    let mut terminal = two();
    terminal.ok(&select(0, FIRST));
    terminal.ok(&select(0, SECOND));
    assert_eq!(counts(&mut terminal, 0), (1, 0));
    terminal.ok(&select(0, FIRST));
    assert_eq!(counts(&mut terminal, 0), (2, 1));
    assert!(terminal.ok(&select(0, USIM)).starts_with("62"));
    assert_eq!(terminal.ok("00B0870001"), "08", "EF_IMSI of the USIM");
    terminal.ok(&select(0, FIRST));
    assert_eq!(counts(&mut terminal, 0), (3, 2));
    terminal.ok(&select(0, FIRST));
    assert_eq!(counts(&mut terminal, 0), (4, 3), "it itself again");
}

#[test]
fn a_select_that_fails_leaves_the_applet_selected() {
    let mut terminal = two();
    terminal.ok(&select(0, FIRST));
    assert_eq!(terminal.send("00A4042007A0000000871002"), "6A86");
    assert_eq!(counts(&mut terminal, 0), (1, 0));
}

/// Java Card Runtime Environment Specification §4.5.2.
#[test]
fn an_applet_gets_the_select_of_what_is_not_there() {
    let mut terminal = two();
    assert_eq!(terminal.send(&select(0, "A000000099")), "6A82");
    terminal.ok(&select(0, FIRST));
    assert_eq!(terminal.ok(&select(0, "A000000099")), "00A40400A000000099");
    assert_eq!(terminal.send("00A4040205A00000009900"), "6A82", "there is no next one");
}

#[test]
fn an_applet_that_does_not_agree_leaves_the_mf_selected() {
    let mut terminal = two();
    terminal.ok(&select(0, FIRST));
    terminal.ok(&format!("00{REFUSE:02X}0000"));
    for other in [SECOND, USIM] {
        terminal.ok(&select(0, other));
        assert_eq!(terminal.send(&select(0, FIRST)), "6999");
        assert_eq!(current(&mut terminal, 0), "6985");
        assert!(terminal.ok("80F2000000").contains("83023F00"));
    }
    terminal.ok(&select(0, SECOND));
    assert_eq!(counts(&mut terminal, 0), (2, 1), "it was deselected before the other one was asked");
}

#[test]
fn commands_go_to_the_applet_with_their_class() {
    let mut terminal = two();
    terminal.ok("0070000001");
    terminal.ok(&select(0, FIRST));
    for header in [
        "00B00000", "80CA9F7F", "00A40000", "00A40904", "80F24002", "84F20000", "0CA40400", "B0FE0102",
        "20100000", "20A40400", "80A40400", "80700000", "00C20000", "00140000",
    ] {
        assert_eq!(terminal.send(&format!("{header}013F00")), format!("{header}3F 9000"));
    }
    assert_eq!(terminal.ok("80F2400200"), "80F24002");
    assert_eq!(terminal.ok("00F2000000"), "00F20000", "STATUS has another class");
    assert!(terminal.ok("81F2000000").contains("83023F00"), "another channel");
    assert_eq!(terminal.send("FFB0000000"), "6E00", "no class");
    assert_eq!(terminal.send("02B0000000"), "6881", "no channel");
    terminal.ok(&select(1, SECOND));
    assert_eq!(terminal.send("81C2000001FF00"), "81C20000FF 9000", "the toolkit is on the basic channel");
    assert_eq!(terminal.send("95EE0000013F00"), "95EE00003F 9000");
}

#[test]
fn what_is_more_than_the_terminal_takes_waits() {
    let mut terminal = two();
    terminal.ok(&select(0, FIRST));
    assert_eq!(terminal.send("00B0000002AABB"), "6106");
    assert_eq!(terminal.ok("00C0000006"), "00B00000AABB");
}

#[test]
fn the_card_keeps_its_own_commands_while_an_applet_is_selected() {
    let mut terminal = two();
    terminal.ok(&select(0, FIRST));
    terminal.ok("8010000009FFFFFFFFFFFFFFFFFF");
    assert_eq!(terminal.send("80C20000025E00"), "6A80", "no envelope");
    assert_eq!(terminal.send("8012000000"), "6985", "nothing to fetch");
    assert_eq!(terminal.send("8014000001FF"), "6985", "nothing to answer");
    assert_eq!(terminal.send("80AA00000100"), "6A80", "no terminal capability");
    assert_eq!(terminal.send("8076010008 0000000000000000"), "6985", "nothing to resume");
    assert_eq!(terminal.send("80F2000C"), "9000");
    assert_eq!(terminal.ok("0070000001"), "01");
    assert_eq!(counts(&mut terminal, 0), (1, 0));
}

/// TS 102 221 §8.7; Java Card Runtime Environment Specification §4.2.
#[test]
fn an_applet_that_is_not_multiselectable_is_selected_on_one_channel_only() {
    let mut terminal = two();
    terminal.ok("0070000001");
    terminal.ok("0070000001");
    terminal.ok(&select(1, FIRST));
    terminal.ok(&select(0, SECOND));
    assert_eq!(terminal.send(&select(0, FIRST)), "6985");
    assert_eq!(current(&mut terminal, 0), format!("8406{SECOND} 9000"), "nothing has changed");
    assert_eq!(counts(&mut terminal, 0), (1, 0));
    assert_eq!(terminal.send("0170000001"), "6985", "nor by a channel that is opened from its own");
    assert_eq!(terminal.send("83F2000000"), "6881");
    terminal.ok("00708001");
    terminal.ok(&select(0, FIRST));
}

#[test]
fn a_multiselectable_applet_is_selected_on_several_channels() {
    let mut terminal = terminal([Probe::multi_selectable(FIRST)]);
    terminal.ok("0070000001");
    terminal.ok(&select(0, FIRST));
    terminal.ok(&select(1, FIRST));
    assert_eq!(counts(&mut terminal, 0), (2, 0));
    assert_eq!(terminal.ok("0170000001"), "02", "opened from its channel");
    assert_eq!(current(&mut terminal, 2), format!("8406{FIRST} 9000"));
    assert_eq!(counts(&mut terminal, 2), (3, 0));
    assert_eq!(terminal.ok("0070000001"), "03", "opened from the basic channel");
    assert!(terminal.ok("83F2000000").contains("83023F00"));
    terminal.ok("00708002");
    assert_eq!(counts(&mut terminal, 1), (3, 1));
    terminal.ok(&format!("00{REFUSE:02X}0000"));
    assert_eq!(terminal.send("0170000001"), "6999");
    assert_eq!(terminal.send("82F2000000"), "6881", "no channel is left of it");
}

#[test]
fn a_multiselectable_applet_knows_whether_another_channel_has_it() {
    let mut terminal = terminal([Probe::multi_selectable(FIRST)]);
    let elsewhere =
        |terminal: &mut Terminal, channel: u8| terminal.ok(&format!("{channel:02X}{ELSEWHERE:02X}000000"));
    terminal.ok("0070000001");
    terminal.ok(&select(0, FIRST));
    terminal.ok(&select(0, FIRST));
    assert_eq!(elsewhere(&mut terminal, 0), "000000", "the same channel is no other one");
    terminal.ok(&select(1, FIRST));
    terminal.ok("0170000001");
    assert_eq!(elsewhere(&mut terminal, 1), "0000000101");
    terminal.ok("00708002");
    terminal.ok(&select(0, USIM));
    terminal.ok(&select(1, FIRST));
    assert_eq!(elsewhere(&mut terminal, 1), "0000000101".to_owned() + "0101" + "0000");
}

#[test]
fn one_applet_that_is_not_multiselectable_keeps_its_package_to_one_channel() {
    let selects_second = |second: Probe| {
        let mut terminal = package([Probe::multi_selectable(FIRST), second]);
        terminal.ok("0070000001");
        terminal.ok(&select(0, FIRST));
        let on_second = terminal.send(&select(1, SECOND));
        terminal.ok(&select(0, USIM));
        terminal.ok(&select(0, SECOND));
        [on_second, terminal.send(&select(1, FIRST))].map(|answer| answer[answer.len() - 4..].to_owned())
    };
    assert_eq!(selects_second(Probe::multi_selectable(SECOND)), ["9000", "9000"]);
    assert_eq!(selects_second(Probe::new(SECOND)), ["6985", "6985"]);
}

#[test]
fn closing_its_channel_deselects_an_applet() {
    let mut terminal = two();
    for (close, closed_by) in [("01708001", "itself"), ("00708001", "another one")] {
        terminal.ok("0070000001");
        terminal.ok(&select(1, FIRST));
        terminal.ok(close);
        terminal.ok(&select(0, FIRST));
        let (selected, deselected) = counts(&mut terminal, 0);
        assert_eq!(selected - deselected, 1, "{closed_by}");
        terminal.ok(&select(0, USIM));
    }
}

#[test]
fn ending_its_session_deselects_an_applet() {
    let mut terminal = two();
    terminal.ok(&select(0, FIRST));
    assert_eq!(terminal.send("00A4044C06A00000005702"), "6A82", "another one's");
    terminal.ok("00A4044C06A00000005701");
    assert_eq!(current(&mut terminal, 0), "6985");
    terminal.ok(&select(0, FIRST));
    assert_eq!(counts(&mut terminal, 0), (2, 1));
}

#[test]
fn a_reset_selects_nothing_and_tells_no_applet() {
    let mut terminal = two();
    terminal.ok(&select(0, FIRST));
    terminal.card.power_on(Instant::EPOCH);
    assert_eq!(current(&mut terminal, 0), "6985");
    terminal.ok("00A4000C023F00");
    terminal.ok(&select(0, FIRST));
    assert_eq!(counts(&mut terminal, 0), (1, 0), "a new object");
}

/// TS 102 221 §11.1.22: suspended is not reset.
#[test]
fn a_session_that_is_resumed_has_its_applet() {
    let mut terminal = two();
    terminal.ok(&select(0, FIRST));
    let answer = terminal.ok("8076000004 0001 00FF 0A");
    terminal.card.power_off();
    terminal.card.power_on(Instant::EPOCH);
    terminal.ok(&format!("8076010008 {}", &answer[4..]));
    assert_eq!(counts(&mut terminal, 0), (1, 0));
}

/// TS 102 222 §6.9.
#[test]
fn no_applet_answers_once_card_usage_is_terminated() {
    let mut terminal = two();
    terminal.ok("0070000001");
    terminal.ok(&select(1, FIRST));
    terminal.ok("0020000A08 3030303030303030");
    terminal.ok("00FE0000");
    assert_eq!(terminal.send("01B0000000"), "6985");
}

#[test]
fn a_command_of_gsm_deselects_the_applet_of_the_basic_channel() {
    let mut terminal = two();
    terminal.ok(&select(0, FIRST));
    assert!(terminal.ok("A0F2000016").contains("3F00"));
    assert_eq!(current(&mut terminal, 0), "6985");
    terminal.ok(&select(0, FIRST));
    assert_eq!(counts(&mut terminal, 0), (2, 1));
}

#[test]
fn selecting_an_applet_leaves_the_usim() {
    let mut terminal = two();
    terminal.ok(&select(0, USIM));
    terminal.ok("0020008108 30303030FFFFFFFF");
    terminal.ok(&select(0, FIRST));
    terminal.ok(&select(0, USIM));
    assert_eq!(terminal.send("0020008100"), "63C3", "PIN 2 is to be verified again");
    terminal.ok("00A4000C026F3B");
}

/// What the `CLEAR_ON_DESELECT` and the `CLEAR_ON_RESET` array of the applet have that the channel has.
fn kept(terminal: &mut Terminal, channel: u8) -> String {
    terminal.ok(&format!("0{channel}{LOOK:02X}000000"))
}

/// Java Card Runtime Environment Specification §3.3.
#[test]
fn what_is_no_iso_exception_is_an_unknown_error() {
    #[derive(Clone)]
    struct Hungry(Vec<u8>);
    impl Applet for Hungry {
        fn aid(&self) -> Aid {
            aid(FIRST)
        }

        fn parameters(&self) -> InstallParameters {
            InstallParameters { transient_quota: Some(100), ..InstallParameters::default() }
        }

        fn transient_octets(&self) -> usize {
            self.0.len()
        }

        fn install(&mut self, _: &InstallParameters, _: &mut Env<'_>) -> Result<(), AppletError> {
            Ok(())
        }

        fn process(&mut self, apdu: &Command<'_>, _: &mut Env<'_>) -> Result<Response, Status> {
            self.0.resize(apdu.p2.into(), 0);
            Ok(Status::NORMAL.into())
        }

        fn process_toolkit(&mut self, _: Event<'_>, _: &mut Env<'_>) -> Result<(), AppletError> {
            Ok(())
        }
    }
    let mut terminal = Terminal::with(Card::new(&Profile::default()).with_applet(Hungry(Vec::new())));
    terminal.ok(&select(0, FIRST));
    assert_eq!(terminal.send("00010064"), "9000");
    assert_eq!(terminal.send("00010065"), "6F00");
    assert_eq!(terminal.send("00010064"), "9000", "it is selected still");
}

/// Takes more memory than it may while it is selected, or refuses and has written to its `CLEAR_ON_DESELECT` array; its
/// second selection succeeds.
#[derive(Clone)]
struct Fickle {
    has_too_much: bool,
    heap: Vec<u8>,
}

impl Applet for Fickle {
    fn aid(&self) -> Aid {
        aid(FIRST)
    }

    fn parameters(&self) -> InstallParameters {
        InstallParameters { transient_quota: Some(100), ..InstallParameters::default() }
    }

    fn persistent_octets(&self) -> usize {
        1
    }

    fn transient_octets(&self) -> usize {
        self.heap.len()
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.new_transient(1, Clear::OnDeselect).map(|_| ())
    }

    fn select(&mut self, env: &mut Env<'_>) -> bool {
        let mut is_second = [0];
        env.store_read(0, &mut is_second).unwrap();
        if is_second == [0] {
            env.store_write(0, &[1]).unwrap();
            env.write(env.array(0), 0, &[0x77]).unwrap();
            self.heap.resize(if self.has_too_much { 100 } else { 0 }, 0);
            return self.has_too_much;
        }
        true
    }

    fn process(&mut self, _: &Command<'_>, env: &mut Env<'_>) -> Result<Response, Status> {
        let mut kept = [0];
        env.read(env.array(0), 0, &mut kept).unwrap();
        Ok(Response::normal(kept.to_vec()))
    }

    fn process_toolkit(&mut self, _: Event<'_>, _: &mut Env<'_>) -> Result<(), AppletError> {
        Ok(())
    }
}
