//! What applets cost: an event, the cycle of a proactive command, a transaction, a card with applets made anew.
//!
//! Each figure is of one thread, in process: octets in, octets out.

use divan::{Bencher, black_box, counter::ItemsCount};
use oxisim_apdu::{Command, Response, Status};
use oxisim_applets::PhonebookBackup;
use oxisim_backup::Settings;
use oxisim_card::{Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Memory, Profile};
use oxisim_toolkit::{
    command::DisplayText,
    objects::{TextString, alpha},
};
use oxisim_wire::Instant;

fn main() {
    divan::main();
}

const TERMINAL_PROFILE: &[u8] = b"\x80\x10\x00\x00\x09\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
/// The user chooses the first entry of the menu.
const MENU_SELECTION: &[u8] = b"\x80\xC2\x00\x00\x09\xD3\x07\x82\x02\x01\x81\x90\x01\x01";
const FETCH: &[u8] = b"\x80\x12\x00\x00\x00";
/// What FETCH brings: DISPLAY TEXT, and the status word.
const DISPLAY_TEXT: &[u8] = b"\xD0\x11\x81\x03\x01\x21\x00\x82\x02\x81\x02\x8D\x06\x04Hello\x90\x00";
/// The terminal has done what the card asked for.
const DONE: &[u8] = b"\x80\x14\x00\x00\x0C\x81\x03\x01\x21\x00\x82\x02\x82\x81\x83\x01\x00";
/// MANAGE CHANNEL: channel 1.
const OPEN_CHANNEL: &[u8] = b"\x00\x70\x00\x00\x01";
/// SELECT of the bench's applet on channel 1.
const SELECT: &[u8] = b"\x01\xA4\x04\x00\x0A\xA0\x00\x00\x09\x99bench\x00";
/// A command that the card does not know.
const COMMAND: &[u8] = b"\x81\x01\x00\x00";
/// Octets of the transaction.
const OCTETS: [u8; 32] = [0x5A; 32];

/// What the bench's applet does when the user chooses its entry.
#[derive(Clone, Copy)]
enum Does {
    Nothing,
    Display,
    Write,
}

#[derive(Clone)]
struct OneEntry {
    does: Does,
    /// Whether it has yet to hear what became of its command; it sends no other before.
    waits: bool,
}

impl Applet for OneEntry {
    fn aid(&self) -> Aid {
        Aid::new(b"\xA0\x00\x00\x09\x99bench").expect("ten octets are an AID")
    }

    fn persistent_octets(&self) -> usize {
        OCTETS.len()
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().init_menu_entry(alpha("Bench")).map(|_| ())
    }

    fn process(&mut self, _: &Command<'_>, _: &mut Env<'_>) -> Result<Response, Status> {
        Ok(Status::NORMAL.into())
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match (event, self.does) {
            (Event::MenuSelection { .. }, Does::Display) if !self.waits => {
                self.waits = true;
                env.send(0, DisplayText::new(TextString::eight_bit("Hello")))
            }
            (Event::ProactiveResponse(response), _) => {
                self.waits = !response.result.general.is_performed();
                Ok(())
            }
            (Event::MenuSelection { .. }, Does::Write) => {
                env.begin_transaction()?;
                env.store_write(0, &OCTETS)?;
                Ok(env.commit_transaction()?)
            }
            _ => Ok(()),
        }
    }
}

/// A card with one applet, whose phone has started up.
fn card(does: Does) -> Card {
    let mut card = Card::new(&Profile::default()).with_applet(OneEntry { does, waits: false });
    start(&mut card);
    card
}

/// Power, a profile, and every command that the card has for the terminal then.
fn start(card: &mut Card) {
    card.power_on(Instant::EPOCH);
    let mut word = status(card, TERMINAL_PROFILE);
    while word[0] == 0x91 {
        let command = exchange(card, FETCH);
        let mut done = DONE.to_vec();
        // The commands at start are short: their details stand behind a tag and a length of one octet.
        done[5..10].copy_from_slice(&command[2..7]);
        word = status(card, &done);
    }
    assert_eq!(word, [0x90, 0x00], "the card has started up");
}

/// One APDU there and back: octets in, octets out.
fn exchange(card: &mut Card, apdu: &[u8]) -> Vec<u8> {
    card.exchange(Instant::EPOCH, black_box(apdu)).into_bytes()
}

/// The same; the status word.
fn status(card: &mut Card, apdu: &[u8]) -> [u8; 2] {
    let response = exchange(card, apdu);
    black_box(&*response).last_chunk().copied().expect("a status word")
}

/// SELECT of an applet that does nothing, and a command to it, on a logical channel of their own.
#[divan::bench(sample_size = 1000)]
fn select_and_process(bencher: Bencher) {
    let mut card = card(Does::Nothing);
    assert_eq!(status(&mut card, OPEN_CHANNEL), [0x90, 0x00]);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        assert_eq!(status(&mut card, SELECT), [0x90, 0x00]);
        assert_eq!(status(&mut card, COMMAND), [0x90, 0x00]);
    });
}

/// ENVELOPE to an applet that does nothing.
#[divan::bench(sample_size = 1000)]
fn empty_applet(bencher: Bencher) {
    let mut card = card(Does::Nothing);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        assert_eq!(status(&mut card, MENU_SELECTION), [0x90, 0x00]);
    });
}

/// ENVELOPE (menu selection), FETCH, TERMINAL RESPONSE: the applet sends DISPLAY TEXT, and hears that it is done before it
/// sends the next.
#[divan::bench(sample_size = 1000)]
fn cycle(bencher: Bencher) {
    let mut card = card(Does::Display);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        assert_eq!(status(&mut card, MENU_SELECTION), [0x91, 0x13]);
        assert_eq!(exchange(&mut card, FETCH), DISPLAY_TEXT);
        assert_eq!(status(&mut card, DONE), [0x90, 0x00]);
    });
}

/// A transaction of 32 octets, of memory alone.
#[divan::bench(sample_size = 1000)]
fn transaction(bencher: Bencher) {
    let mut memory = Memory::default();
    let object = memory.create("object", &[0; OCTETS.len()]);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        memory.begin()?;
        memory.write(object, 0, black_box(&OCTETS))?;
        memory.commit()
    });
}

/// The same, of an applet that handles an ENVELOPE.
#[divan::bench(sample_size = 1000)]
fn transaction_of_an_applet(bencher: Bencher) {
    let mut card = card(Does::Write);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        assert_eq!(status(&mut card, MENU_SELECTION), [0x90, 0x00]);
    });
}

/// A card of the default profile with the applets that oxisim ships: a copy of one that was made before.
#[divan::bench(sample_count = 1000)]
fn fresh_card(bencher: Bencher) {
    let card = shipped();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| drop(black_box(card.clone())));
}

/// The same, and the copy has power.
#[divan::bench(sample_count = 1000)]
fn fresh_card_with_power(bencher: Bencher) {
    let card = shipped();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        let mut card = card.clone();
        black_box(card.power_on(Instant::EPOCH));
    });
}

fn shipped() -> Card {
    let server = "+15550199999".parse().expect("a number");
    Card::new(&Profile::default()).with_applet(PhonebookBackup::new(server, Settings::default()))
}
