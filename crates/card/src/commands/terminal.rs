//! GET CHALLENGE and TERMINAL CAPABILITY (TS 102 221 §11.1.18, §11.1.19).

use alloc::vec::Vec;

use oxisim_apdu::{Command, Response, Status};
use oxisim_wire::{Reader, tlv::Tlv};

use crate::card::Powered;

/// GET CHALLENGE: as many random octets as are asked for.
pub(super) fn challenge(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    if command.p1 != 0 || command.p2 != 0 {
        return Err(Status::INCORRECT_P1_P2);
    }
    let asked = command.ne.filter(|_| command.data.is_empty()).ok_or(Status::WRONG_LENGTH)?;
    let length = asked.min(0x100);
    let mut octets = Vec::with_capacity(length + 8);
    while octets.len() < length {
        octets.extend_from_slice(&next_random(card.random).to_be_bytes());
    }
    octets.truncate(length);
    Ok(Response::normal(octets))
}

/// TERMINAL CAPABILITY: a template `A9` of objects. Of those only `81` changes what this card does: the terminal
/// knows of channels 4 to 19 (§11.1.19.2.2).
pub(super) fn capability(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    if command.p1 != 0 || command.p2 != 0 {
        return Err(Status::INCORRECT_P1_P2);
    }
    if command.data.is_empty() {
        return Err(Status::WRONG_LENGTH);
    }
    let mut r = Reader::new(command.data);
    let mut template =
        Tlv::expect(&mut r, 0xA9, "terminal capability template").map_err(|_| Status::INCORRECT_DATA)?;
    r.finish("terminal capability template").map_err(|_| Status::INCORRECT_DATA)?;
    let mut extended = false;
    while !template.is_empty() {
        let object = Tlv::read(&mut template, "terminal capability").map_err(|_| Status::INCORRECT_DATA)?;
        extended |= object.tag == EXTENDED_CHANNELS;
    }
    card.session.channels.extended |= extended;
    Ok(Status::NORMAL.into())
}

/// The object that says so.
const EXTENDED_CHANNELS: u8 = 0x81;

/// `SplitMix64` (Steele, Lea and Flood, 2014).
pub(super) const fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
