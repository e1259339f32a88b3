//! DEACTIVATE FILE and ACTIVATE FILE (TS 102 221 §11.1.14, §11.1.15).

use oxisim_apdu::{Command, Response, Status};

use super::select;
use crate::{access::Operation, card::Powered, file::LifeCycle};

/// DEACTIVATE FILE.
pub(super) fn deactivate(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    change(card, command, Operation::Deactivate, LifeCycle::Deactivated)
}

/// ACTIVATE FILE.
pub(super) fn activate(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    change(card, command, Operation::Activate, LifeCycle::Activated)
}

/// Changes the state of the EF that the command selects, or of the current one.
fn change(
    card: &mut Powered<'_>,
    command: &Command<'_>,
    operation: Operation,
    state: LifeCycle,
) -> Result<Response, Status> {
    if command.p2 != 0 || !matches!(command.p1, 0x00 | 0x08 | 0x09) {
        return Err(Status::INCORRECT_P1_P2);
    }
    let id = if command.data.is_empty() && command.p1 == 0 {
        card.session.channel.ef.ok_or(Status::NO_EF_SELECTED)?
    } else {
        let id = select::find(card, command)?;
        card.files.elementary(id).ok_or(Status::FILE_NOT_FOUND)?;
        id
    };
    card.permit(id, operation)?;
    card.view().check_change(id, state)?;
    if card.session.channel.ef != Some(id) {
        card.select(id)?;
    }
    card.files.set_life_cycle(card.memory, id, state)?;
    Ok(Status::NORMAL.into())
}
