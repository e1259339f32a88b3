//! SEARCH RECORD (TS 102 221 §11.1.7).

use alloc::vec::Vec;

use oxisim_apdu::{Command, Response, Status};

use super::{respond, target};
use crate::{access::Operation, card::Powered};

/// SEARCH RECORD: the numbers of the records in which the string is. The first of them becomes current.
pub(super) fn search_record(card: &mut Powered<'_>, command: &Command<'_>) -> Result<Response, Status> {
    let sfi = match command.p2 >> 3 {
        0 => None,
        0x1F => return Err(Status::INCORRECT_P1_P2),
        sfi => Some(sfi),
    };
    let (place, order, string) = criteria(command)?;
    let (id, ef) = target(card, sfi)?;
    card.permit(id, Operation::Read)?;
    let length = card.view().record_length(id)?;
    if string.is_empty() || string.len() > length {
        return Err(Status::WRONG_LENGTH);
    }
    let numbers = order.numbers(command.p1, card.session.channel.record, ef.record_count())?;
    let mut found = Vec::new();
    for number in numbers {
        if place.contains(card.view().read_record(id, number)?, string) {
            found.push(number);
        }
    }
    let Some(&first) = found.first() else { return Err(Status::END_OF_FILE) };
    let response = respond(command, found)?;
    card.session.channel.record = Some(first);
    Ok(response)
}

/// Where in a record the string can be.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// From an offset on.
    Offset(u8),
    /// After the first octet of that value.
    After(u8),
}

/// Which records are searched, in which order.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// From the record of P1 on.
    Forward,
    /// From the record of P1 backwards.
    Backward,
    /// From the record after the current one on.
    ForwardFromNext,
    /// From the record before the current one backwards.
    BackwardFromPrevious,
}

/// What the data field and P2 ask for: simple search, or enhanced search with two octets of search indication.
fn criteria<'a>(command: &Command<'a>) -> Result<(Place, Order, &'a [u8]), Status> {
    const BY_VALUE: u8 = 0x08;
    match (command.p2 & 0x07, command.data) {
        (4, string) => Ok((Place::Offset(0), Order::Forward, string)),
        (5, string) => Ok((Place::Offset(0), Order::Backward, string)),
        (6, &[indication, value, ref string @ ..]) => {
            let order = match indication & !BY_VALUE {
                4 => Order::Forward,
                5 => Order::Backward,
                6 => Order::ForwardFromNext,
                7 => Order::BackwardFromPrevious,
                _ => return Err(Status::INCORRECT_DATA),
            };
            let place = if indication & BY_VALUE == 0 { Place::Offset(value) } else { Place::After(value) };
            Ok((place, order, string))
        }
        (6, _) => Err(Status::WRONG_LENGTH),
        _ => Err(Status::INCORRECT_P1_P2),
    }
}

impl Place {
    fn contains(self, record: &[u8], string: &[u8]) -> bool {
        let start = match self {
            Self::Offset(offset) => Some(usize::from(offset)),
            Self::After(value) => record.iter().position(|&octet| octet == value).map(|at| at + 1),
        };
        let rest = start.and_then(|start| record.get(start..)).unwrap_or_default();
        rest.windows(string.len()).any(|part| part == string)
    }
}

impl Order {
    /// The numbers of the records. P1 `00` means the current one; without a current one all are searched. From the
    /// next or the previous record on P1 has no meaning (§11.1.7.2).
    fn numbers(self, p1: u8, pointer: Option<u8>, last: u8) -> Result<Vec<u8>, Status> {
        if p1 > last && matches!(self, Self::Forward | Self::Backward) {
            return Err(Status::RECORD_NOT_FOUND);
        }
        let start = if p1 == 0 { pointer } else { Some(p1) };
        Ok(match self {
            Self::Forward => (start.unwrap_or(1)..=last).collect(),
            Self::Backward => (1..=start.unwrap_or(last)).rev().collect(),
            Self::ForwardFromNext => {
                (pointer.map_or(1, |current| current.saturating_add(1))..=last).collect()
            }
            Self::BackwardFromPrevious => {
                (1..=pointer.map_or(last, |current| current.saturating_sub(1))).rev().collect()
            }
        })
    }
}
