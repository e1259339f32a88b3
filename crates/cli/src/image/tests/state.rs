//! What a card has written, in a file beside its own.

use oxisim_card::AppletState;

use super::*;

/// A folder with the built-in card's file.
fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.toml");
    std::fs::write(&path, default_text()).unwrap();
    (folder, path)
}

/// Four octets of `EF_LOCI`, which anyone may update on the built-in card.
fn update(card: &mut Card, number: u32) -> Status {
    select(card, BY_NAME, &oxisim_card::AID_USIM);
    select(card, BY_PATH, &[0x7F, 0xFF, 0x6F, 0x7E]);
    let octets = number.to_be_bytes();
    let update = Command::new(Class::INTERINDUSTRY, Instruction::UPDATE_BINARY, 0, 0).data(&octets);
    card.exchange(Instant::EPOCH, &update.to_bytes()).status
}

/// What [`update`] has written.
fn number(card: &Card) -> u32 {
    let object = card.memory().find("3F00/7FFF/6F7E").unwrap();
    u32::from_be_bytes(card.memory().read(object)[..4].try_into().unwrap())
}

#[test]
fn what_a_card_writes_is_there_again() {
    let (_folder, path) = folder();
    let (mut card, mut state) = open(&path).unwrap();
    state.save(&card).unwrap();
    assert!(!StateFile::path(&path).exists(), "nothing was written");
    card.power_on(Instant::EPOCH);
    assert_eq!(update(&mut card, 7), Status::NORMAL);
    state.save(&card).unwrap();
    let text = std::fs::read_to_string(StateFile::path(&path)).unwrap();
    assert!(text.contains("3F00/7FFF/6F7E") && !text.contains("6F3A"), "only what differs: {text}");
    drop(state);
    let (again, _state) = open(&path).unwrap();
    assert_eq!(objects(&again), objects(&card));
}

#[test]
fn a_card_runs_once() {
    let (_folder, path) = folder();
    let running = open(&path).unwrap();
    let error = open(&path).unwrap_err().to_string();
    assert_eq!(error, format!("the card of {} is in use by another process", path.display()));
    drop(running);
    open(&path).unwrap();
}

/// CREATE FILE and DELETE FILE (TS 102 222 §6.3, §6.4).
#[test]
fn files_that_come_and_go_are_there_again_or_not() {
    let (_folder, path) = folder();
    let send = |card: &mut Card, apdu: &str| {
        card.exchange(Instant::EPOCH, &hex::decode(apdu.replace(' ', "")).unwrap())
    };
    let (mut card, mut state) = open(&path).unwrap();
    card.power_on(Instant::EPOCH);
    for apdu in [
        "0020000A083030303030303030",
        "00E00000196217 82024121 83022F71 8A0105 8C03030000 80020003 8801A0",
        "00D6000003010203",
        "00A4000C023F00",
        "00E40000022F05",
    ] {
        assert_eq!(send(&mut card, apdu).status, Status::NORMAL, "{apdu}");
    }
    state.save(&card).unwrap();
    drop(state);
    let (mut card, _state) = open(&path).unwrap();
    card.power_on(Instant::EPOCH);
    assert_eq!(send(&mut card, "00B0940000").data, [1, 2, 3]);
    assert_eq!(send(&mut card, "00A4000C022F05").status, Status::FILE_NOT_FOUND);
}

#[test]
fn a_state_that_is_none_is_refused() {
    let (_folder, path) = folder();
    for (text, expected) in [
        ("{", "EOF while parsing an object at line 1 column 1"),
        (r#"{"version":9,"objects":{}}"#, "it has version 9, this program knows 1"),
        (r#"{"version":1,"objects":{"x":"00"}}"#, "x: outside of the object"),
        (r#"{"version":1,"objects":{"x":"0"}}"#, "x: Odd number of digits"),
    ] {
        let state = StateFile::path(&path);
        std::fs::write(&state, text).unwrap();
        let error = open(&path).unwrap_err().to_string();
        let (state, image) = (state.display(), path.display());
        let advice = format!(
            "if it is of another card, or {image} has changed since, move it away, and the card is as {image} says"
        );
        assert_eq!(
            error,
            format!("{state} is not what the card of {image} has written: {expected}; {advice}")
        );
    }
}

/// Where the process that is to be killed finds its card.
const CHILD: &str = "OXISIM_TEST_CARD";

/// Does nothing, unless `a_killed_process_loses_nothing_acknowledged` has started it as the process that it kills.
#[test]
fn child_that_writes() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let (mut card, mut state) = open(Path::new(&path)).unwrap();
    card.power_on(Instant::EPOCH);
    for next in number(&card).wrapping_add(1).. {
        assert_eq!(update(&mut card, next), Status::NORMAL);
        state.save(&card).unwrap();
        println!("acknowledged {next}");
    }
}

#[test]
fn a_killed_process_loses_nothing_acknowledged() {
    use std::{
        io::{BufRead as _, BufReader},
        process::{Command, Stdio},
    };
    let (_folder, path) = folder();
    let mut last = u32::MAX;
    for round in 1..=8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "image::tests::state::child_that_writes", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut acknowledged =
            lines.filter_map(|line| Some(line.rsplit_once("acknowledged ")?.1.parse::<u32>().unwrap()));
        let first = acknowledged.by_ref().nth(round * 3).expect("the child writes");
        child.kill().unwrap();
        // What it acknowledged until the kill is in the pipe.
        let told = acknowledged.last().unwrap_or(first);
        child.wait().unwrap();
        let (card, _state) = open(&path).unwrap();
        let kept = number(&card);
        assert!(kept == told || kept == told.wrapping_add(1), "told {told}, kept {kept}");
        assert_ne!(kept, last);
        last = kept;
    }
}

#[test]
fn a_card_in_use_can_be_looked_at_with_what_it_has_written() {
    let (folder, path) = folder();
    let text = format!("{}[applets.backup]\nserver = \"+15550199999\"\n", default_text());
    std::fs::write(&path, text).unwrap();
    let (mut card, mut state) = open(&path).unwrap();
    let state_of = |card: &Card| card.applets().next().unwrap().state;
    assert_eq!(state_of(&look(&path, None).unwrap()), AppletState::Selectable);
    let aid = card.applets().next().unwrap().aid;
    card.lock(&aid).unwrap();
    state.save(&card).unwrap();
    assert_eq!(state_of(&look(&path, None).unwrap()), AppletState::Locked);

    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(StateFile::path(&path), &elsewhere).unwrap();
    assert_eq!(state_of(&look(&path, Some(&elsewhere)).unwrap()), AppletState::Locked);
    assert_eq!(state_of(&look(&path, None).unwrap()), AppletState::Selectable);
}
