//! The backup server as an SMS centre sees it.

use oxisim_sms::{Address, ProtocolIdentifier, UserData};
use oxisim_wire::{Duration, Instant};

/// A message for a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The subscriber.
    pub to: Address,
    /// TP-PID; 7F for the card (TS 23.040 §9.2.3.9).
    pub protocol: ProtocolIdentifier,
    /// TP-UD, and its coding.
    pub user_data: UserData,
    /// The entity's name for the message, which its report bears.
    pub reference: u64,
    /// How long the SMS centre shall try to deliver it (TP-VP).
    pub validity: Duration,
}

/// What the SMS centre says of a message's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryReport {
    /// The phone, or the card in it, has it.
    Delivered,
    /// It will never be delivered.
    Failed,
}

/// An external short message entity: the backup server, as the SMS centre sees it.
///
/// A poll machine: after each call, [`Esme::poll_output`] is drained.
pub trait Esme {
    /// How it fails, if its store can.
    type Error;

    /// A message has come.
    fn handle_message(
        &mut self,
        from: &Address,
        user_data: &UserData,
        now: Instant,
    ) -> Result<(), Self::Error>;

    /// A message of [`Esme::poll_output`] to this subscriber has come to its end. A report that never comes, or comes
    /// twice, does no harm.
    fn handle_report(
        &mut self,
        to: &Address,
        reference: u64,
        report: DeliveryReport,
        now: Instant,
    ) -> Result<(), Self::Error>;

    /// The phone, or the card in it, has answered a message with these user data, in its SMS-DELIVER-REPORT (TS 23.040
    /// §9.2.2.1a): a proof of receipt of TS 31.115 §4.3 stands there. They come before what became of the message. Who
    /// expects none need not look at it.
    fn handle_receipt(
        &mut self,
        _to: &Address,
        _reference: u64,
        _user_data: &UserData,
        _now: Instant,
    ) -> Result<(), Self::Error> {
        Ok(())
    }

    /// Time has come. Called too early it does nothing.
    fn handle_timeout(&mut self, now: Instant) -> Result<(), Self::Error>;

    /// When it wants to be called. May change with every call.
    fn poll_timeout(&mut self) -> Result<Option<Instant>, Self::Error>;

    /// The next message that it wants to send.
    fn poll_output(&mut self) -> Option<Outgoing>;
}
