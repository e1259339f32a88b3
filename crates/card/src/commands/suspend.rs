//! SUSPEND UICC (TS 102 221 §11.1.22): the card keeps its session while the terminal takes its power away.

use oxisim_apdu::{Command, Instruction, Response, Status};

use super::{respond, terminal::next_random};
use crate::{
    card::{Powered, Session},
    pin::is_equal,
};

/// A session that waits to be resumed. A card keeps one at most.
#[derive(Clone, Debug)]
pub(crate) struct Suspension {
    token: [u8; 8],
    session: Session,
}

/// SUSPEND UICC: P1 `00` suspends, `01` resumes.
pub(super) fn suspend(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    if card.session.number != 0 {
        return Err(Status::LOGICAL_CHANNEL_NOT_SUPPORTED);
    }
    match (command.p1, command.p2) {
        (SUSPEND, 0) => keep(card, command),
        (RESUME, 0) => resume(card, command),
        _ => Err(Status::INCORRECT_P1_P2),
    }
}

/// Whether a suspended card keeps its session in spite of the command: the one that resumes it, what a terminal
/// says before that (TS 102 221 §11.1.22.3.2), and what fetches the token.
pub(super) fn is_kept_through(command: &Command<'_>) -> bool {
    match command.instruction {
        Instruction::SUSPEND_UICC => command.p1 == RESUME,
        Instruction::TERMINAL_CAPABILITY | Instruction::GET_RESPONSE => true,
        _ => false,
    }
}

const SUSPEND: u8 = 0x00;
const RESUME: u8 = 0x01;

/// A duration: a unit and a number of it, as TS 102 221 §11.1.22.2 codes it.
#[derive(Clone, Copy, Debug)]
struct Duration([u8; 2]);

impl Duration {
    /// The longest suspension that this card agrees to: ten days.
    const LONGEST: Self = Self([0x04, 1]);

    /// Its seconds; `None` if the unit is none.
    const fn seconds(self) -> Option<u32> {
        let Self([unit, number]) = self;
        let seconds = match unit {
            0x00 => 1,
            0x01 => 60,
            0x02 => 60 * 60,
            0x03 => 24 * 60 * 60,
            0x04 => 10 * 24 * 60 * 60,
            _ => return None,
        };
        Some(seconds * number as u32)
    }
}

/// Keeps the session and tells for how long at most, and the token that brings it back.
fn keep(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let [unit, number, max @ ..] = *<&[u8; 4]>::try_from(command.data).map_err(|_| Status::WRONG_LENGTH)?;
    let seconds = |duration: Duration| duration.seconds().ok_or(Status::INCORRECT_DATA);
    let (min, longest) = (seconds(Duration([unit, number]))?, seconds(Duration::LONGEST)?);
    let max_seconds = seconds(Duration(max))?;
    if min > max_seconds {
        return Err(Status::INCORRECT_DATA);
    }
    if min > longest {
        return Err(Status::SUSPENSION_TIME_TOO_LONG);
    }
    let agreed = if max_seconds > longest { Duration::LONGEST } else { Duration(max) };
    let token = next_random(card.random).to_be_bytes();
    let response = respond(command, [&agreed.0[..], &token].concat())?;
    card.session.channels.put(card.session.number, card.session.channel);
    *card.suspension = Some(Suspension { token, session: card.session.clone() }.into());
    Ok(response)
}

/// Goes on with the session that is kept: `6985` if there is none, `6982` if the token is wrong (TS 102 221
/// §11.1.22.3.2).
fn resume(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let token = <[u8; 8]>::try_from(command.data).map_err(|_| Status::WRONG_LENGTH)?;
    let suspension = card.suspension.take().ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
    if !is_equal(&suspension.token, token) {
        *card.suspension = Some(suspension);
        return Err(Status::SECURITY_STATUS_NOT_SATISFIED);
    }
    *card.session = suspension.session;
    Ok(Status::NORMAL.into())
}
