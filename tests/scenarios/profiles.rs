//! A phone that says anew what it can do, in the middle of a backup.

use oxisim_backup::Way;
use oxisim_card::Card;
use oxisim_tests::Scene;
use oxisim_toolkit::{
    Command, CommandType, Envelope, Facility, TerminalProfile, TerminalResponse, codes::GeneralResult,
    envelope::MenuSelection,
};
use oxisim_wire::Instant;

const ENVELOPE: u8 = 0xC2;
const TERMINAL_RESPONSE: u8 = 0x14;

fn command(instruction: u8, data: &[u8]) -> Vec<u8> {
    [&[0x80, instruction, 0, 0, data.len() as u8], data].concat()
}

/// What the card asks of a phone with this profile, which does it all.
fn asks(card: &mut Card, profile: &TerminalProfile, now: Instant) -> Vec<CommandType> {
    let mut status = card.exchange(now, &command(0x10, profile.octets())).status;
    let mut kinds = Vec::new();
    while let Some(length) = status.proactive_length() {
        let fetched = card.exchange(now, &[0x80, 0x12, 0, 0, length as u8]).data;
        let Command { details, body, .. } = Command::decode(&fetched).unwrap();
        kinds.push(body.kind());
        let response = TerminalResponse::new(details, GeneralResult::PERFORMED_SUCCESSFULLY).encode();
        status = card.exchange(now, &command(TERMINAL_RESPONSE, &response)).status;
    }
    kinds
}

#[test]
fn a_backup_whose_message_a_new_profile_takes_back_waits_until_the_phone_sends_messages() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    let (now, item) = (world.now(), world.menu_entry().unwrap());
    let card = &mut world.card;
    let chosen = Envelope::from(MenuSelection::new(item)).encode();
    let offered = card.exchange(now, &command(ENVELOPE, &chosen)).status;
    assert!(offered.proactive_length().is_some(), "the first block");
    let with = |facilities: &[Facility]| TerminalProfile::with(facilities);
    assert_eq!(asks(card, &with(&[Facility::TimerManagement]), now), [CommandType::TIMER_MANAGEMENT]);
    assert_eq!(asks(card, &with(&[Facility::PollInterval]), now), [CommandType::POLL_INTERVAL]);
    let kinds = asks(card, &with(&[Facility::SendShortMessage]), now);
    assert_eq!(kinds, [CommandType::SEND_SHORT_MESSAGE; 10]);
}
