//! What the server orders an uploader to do, until it is known what became of it.

use alloc::vec::Vec;

use oxisim_wire::{Duration, Instant};

use crate::{
    FromServer,
    message::{Extent, MessageType, Source, Start, StartResult},
    receiver::{Answer, GivenUp, is_older},
    settings::Way,
    vault::Vault,
};

/// Time after which an order is said again; doubled each time.
const SAID_AGAIN_AFTER: Duration = Duration::from_mins(5);

/// The longest time between two repetitions.
const LONGEST: Duration = Duration::from_mins(24 * 60);

/// Times that an order to start is said.
const PATIENCE: u16 = 10;

/// What is ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The next backups shall be made so; the fields of a [`Configuration`](crate::Configuration).
    Configure(Vec<u8>),
    /// A backup shall start.
    Start {
        /// What it shall hold.
        extent: Extent,
        /// The way that it shall go; none: the uploader's choice.
        way: Option<Way>,
    },
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStep {
    /// It is said until it is answered.
    Pending,
    /// It is answered: with 0 it was done. Else the field of the configuration that was refused, or the
    /// [`StartResult`] of the start.
    Answered(u8),
    /// The uploader does not know such orders.
    Unspoken,
    /// The uploader did not answer.
    GivenUp,
}

/// An order, the latest of its kind to an uploader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// To whom.
    pub source: Source,
    /// Its number, one more than that of the one before; wraps.
    pub number: u16,
    /// What is ordered.
    pub command: Command,
    /// When it is to be said.
    pub due: Option<Instant>,
    /// Times that it was said.
    pub said: u16,
    /// How it stands.
    pub step: OrderStep,
}

impl Command {
    /// The kinds of orders.
    pub const KINDS: [MessageType; 2] = [MessageType::CONFIGURE, MessageType::START];

    /// The type of its message.
    #[must_use]
    pub const fn kind(&self) -> MessageType {
        match self {
            Self::Configure(_) => MessageType::CONFIGURE,
            Self::Start { .. } => MessageType::START,
        }
    }
}

impl Order {
    fn message(&self) -> FromServer {
        let Self { source, number, .. } = *self;
        match &self.command {
            Command::Configure(fields) => FromServer::Configure { source, number, fields: fields.clone() },
            Command::Start { extent, way } => {
                FromServer::Start { source, start: Start { number, extent: *extent, way: *way } }
            }
        }
    }
}

/// Gives an order in the place of the last of its kind; its number.
pub(crate) fn give<V: Vault>(
    vault: &mut V,
    source: Source,
    command: Command,
    now: Instant,
) -> Result<u16, V::Error> {
    let last = vault.order(source, command.kind())?;
    let number = last.map_or(1, |last| last.number.wrapping_add(1));
    vault.put_order(&Order { source, number, command, due: Some(now), said: 0, step: OrderStep::Pending })?;
    Ok(number)
}

/// The earliest time at which an order is to be said.
pub(crate) fn poll_timeout<V: Vault>(vault: &mut V, source: Source) -> Result<Option<Instant>, V::Error> {
    let mut times = Vec::new();
    for kind in Command::KINDS {
        times.extend(vault.order(source, kind)?.and_then(|order| order.due));
    }
    Ok(times.into_iter().min())
}

/// Says the orders that are to be said at `now`.
pub(crate) fn due<V: Vault>(
    vault: &mut V,
    source: Source,
    now: Instant,
    answer: &mut Answer,
) -> Result<(), V::Error> {
    for kind in Command::KINDS {
        let Some(mut order) = vault.order(source, kind)? else { continue };
        if order.due.is_none_or(|due| due > now) {
            continue;
        }
        if kind == MessageType::START && order.said >= PATIENCE {
            (order.step, order.due) = (OrderStep::GivenUp, None);
            answer.given_up.push(GivenUp::Start { source, number: order.number });
        } else {
            let wait = SAID_AGAIN_AFTER.saturating_mul(1 << order.said.min(10)).min(LONGEST);
            order.due = Some(now + wait);
            order.said = order.said.saturating_add(1);
            answer.messages.push(order.message());
        }
        vault.put_order(&order)?;
    }
    Ok(())
}

/// The uploader has said what became of the order with this number.
pub(crate) fn answered<V: Vault>(
    vault: &mut V,
    source: Source,
    kind: MessageType,
    number: u16,
    code: u8,
    now: Instant,
) -> Result<(), V::Error> {
    let Some(mut order) = pending(vault, source, kind)? else { return Ok(()) };
    if order.number == number {
        (order.step, order.due) = (OrderStep::Answered(code), None);
    } else if is_older(order.number, number) {
        // The server has lost count: the uploader has had a later one.
        (order.number, order.due) = (number.wrapping_add(1), Some(now));
    }
    vault.put_order(&order)
}

/// A backup has begun that the server had not heard of.
pub(crate) fn begun<V: Vault>(vault: &mut V, source: Source) -> Result<(), V::Error> {
    let Some(mut order) = pending(vault, source, MessageType::START)? else { return Ok(()) };
    if order.said == 0 {
        return Ok(());
    }
    (order.step, order.due) = (OrderStep::Answered(StartResult::BEGUN.0), None);
    vault.put_order(&order)
}

/// The uploader does not know orders of this kind.
pub(crate) fn unspoken<V: Vault>(vault: &mut V, source: Source, kind: MessageType) -> Result<(), V::Error> {
    let Some(mut order) = pending(vault, source, kind)? else { return Ok(()) };
    (order.step, order.due) = (OrderStep::Unspoken, None);
    vault.put_order(&order)
}

fn pending<V: Vault>(vault: &mut V, source: Source, kind: MessageType) -> Result<Option<Order>, V::Error> {
    Ok(vault.order(source, kind)?.filter(|order| order.step == OrderStep::Pending))
}
