//! INVALIDATE and REHABILITATE (TS 51.011 §8.14, §8.15, §9.2.14, §9.2.15).

use oxisim_apdu::{Command, Response, Status};

use super::{check_parameters, current};
use crate::{access::Operation, card::Powered, file::LifeCycle};

/// INVALIDATE.
pub(super) fn invalidate(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    change(card, command, Operation::Deactivate, LifeCycle::Deactivated)
}

/// REHABILITATE.
pub(super) fn rehabilitate(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    change(card, command, Operation::Activate, LifeCycle::Activated)
}

/// Changes the state of the current EF; one that is in it already is contradicted.
fn change(
    card: &mut Powered<'_>,
    command: &Command<'_>,
    operation: Operation,
    state: LifeCycle,
) -> Result<Response, Status> {
    check_parameters(command)?;
    let (id, _) = current(card)?;
    card.permit(id, operation)?;
    let is_invalidated = match card.files.effective_life_cycle(card.memory, id) {
        LifeCycle::Terminated => return Err(Status::TECHNICAL_PROBLEM),
        old => old == LifeCycle::Deactivated,
    };
    if is_invalidated == (state == LifeCycle::Deactivated) {
        return Err(Status::INVALIDATION_CONTRADICTION);
    }
    card.files.set_life_cycle(card.memory, id, state)?;
    Ok(Status::NORMAL.into())
}
