//! Persistent memory and transactions of applets (Java Card: `JCSystem`).

use oxisim_apdu::Status;
use oxisim_card::{
    Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Profile, TransactionError, path,
};
use oxisim_wire::Instant;

use crate::terminal::Terminal;

/// Writes to its array and to `EF_EXT1` in a transaction that ends as the menu entry says.
#[derive(Clone)]
struct Writer;

impl Writer {
    const COMMIT: u8 = 1;
    const ABORT: u8 = 2;
    const FAIL: u8 = 3;
    const FORGET: u8 = 4;
}

impl Applet for Writer {
    fn aid(&self) -> Aid {
        Aid::new(&[0xA0, 0x00, 0x00, 0x00, 0x57]).unwrap()
    }

    fn persistent_octets(&self) -> usize {
        8
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        for text in [b"commit", b"abort ", b"fail  ", b"forget"] {
            env.registry().init_menu_entry(*text)?;
        }
        Ok(())
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        let Event::MenuSelection { item } = event else { return Ok(()) };
        let ext1 = env.files().find(path::EF_EXT1)?;
        env.begin_transaction()?;
        assert_eq!(env.begin_transaction(), Err(TransactionError::InProgress.into()));
        env.store_write(0, &[item; 8])?;
        env.files().update_record(ext1, 1, &[item; 13])?;
        match item {
            Self::COMMIT => env.commit_transaction()?,
            Self::ABORT => {
                env.abort_transaction()?;
                assert_eq!(env.abort_transaction(), Err(TransactionError::NotInProgress.into()));
            }
            Self::FAIL => return Err(AppletError::Iso(Status::CONDITIONS_NOT_SATISFIED)),
            _ => {}
        }
        Ok(())
    }
}

fn select(terminal: &mut Terminal, item: u8) {
    terminal.send(&format!("80C2000009D307820201819001{item:02X}"));
}

/// The applet's array, and the first record of `EF_EXT1`.
fn contents(card: &mut Card) -> (Vec<u8>, Vec<u8>) {
    let state = card.memory().find("applet/A000000057/state").unwrap();
    let state = card.memory().read(state).to_vec();
    let files = card.files();
    let record = files.read_record(files.find(path::EF_EXT1).unwrap(), 1).unwrap().to_vec();
    (state, record)
}

#[test]
fn only_a_committed_transaction_lasts() {
    let mut terminal = Terminal::with(Card::new(&Profile::default()).with_applet(Writer));
    let before = contents(&mut terminal.card);
    assert_eq!(before.0, [0; 8]);
    for item in [Writer::ABORT, Writer::FAIL, Writer::FORGET] {
        select(&mut terminal, item);
        assert_eq!(contents(&mut terminal.card), before, "{item}");
        assert!(!terminal.card.memory().in_transaction());
    }
    select(&mut terminal, Writer::COMMIT);
    let committed = (vec![Writer::COMMIT; 8], vec![Writer::COMMIT; 13]);
    assert_eq!(contents(&mut terminal.card), committed);
    select(&mut terminal, Writer::FAIL);
    terminal.card.power_off();
    terminal.card.power_on(Instant::EPOCH);
    assert_eq!(contents(&mut terminal.card), committed);
}

#[test]
fn tearing_an_applets_transaction_gives_all_or_nothing() {
    for tear in 0.. {
        let mut terminal = Terminal::with(Card::new(&Profile::default()).with_applet(Writer));
        let before = contents(&mut terminal.card);
        terminal.card.memory_mut().tear_after(Some(tear));
        select(&mut terminal, Writer::COMMIT);
        let torn = terminal.card.memory().is_torn();
        terminal.card.power_on(Instant::EPOCH);
        if !torn {
            assert_eq!((contents(&mut terminal.card).0[0], tear), (Writer::COMMIT, 5));
            break;
        }
        assert_eq!(contents(&mut terminal.card), before, "torn after {tear}");
    }
}

#[test]
fn a_new_version_of_an_applet_keeps_its_array() {
    let mut terminal = Terminal::with(Card::new(&Profile::default()).with_applet(Writer));
    select(&mut terminal, Writer::COMMIT);
    let mut card = terminal.card.with_applet(Writer);
    assert_eq!(contents(&mut card).0, [Writer::COMMIT; 8]);
}
