//! The files of a card on disk.

mod state;

use oxisim_apdu::{Class, Command, Instruction, Status};
use oxisim_card::Profile;
use oxisim_wire::Instant;

use super::*;

fn default_text() -> String {
    write(
        &Profile::default().image(),
        &DEFAULT_NOTES.iter().map(|&note| note.into()).collect::<Vec<_>>(),
        None,
    )
}

fn objects(card: &Card) -> Vec<(&str, &[u8])> {
    card.memory().objects().collect()
}

/// SELECT with an answer.
fn select(card: &mut Card, p1: u8, data: &[u8]) -> Vec<u8> {
    let select = Command::new(Class::INTERINDUSTRY, Instruction::SELECT, p1, 0x04).data(data).ne(256);
    card.exchange(Instant::EPOCH, &select.to_bytes()).data
}

const BY_PATH: u8 = 0x08;
const BY_NAME: u8 = 0x04;

#[test]
fn a_wrong_file_is_named_with_its_path() {
    let text = "atr = 5\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.toml");
    std::fs::write(&path, text).unwrap();
    let error = load(&path).unwrap_err().to_string();
    let error = error.strip_prefix(&format!("{}/", folder.path().display())).unwrap();
    assert!(error.starts_with("card.toml, line 1: atr: "), "{error}");
}
