//! What the phone's card slot holds: a card of this program, or one that the host reaches in its own way.

use alloc::vec::Vec;

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{Outcome, ToServer, Way, message::Resumes, message::Source};
use oxisim_card::Card;
use oxisim_wire::Instant;

/// A card as a phone has it: power, and one APDU at a time.
///
/// A card of this program is one, and always answers. For any other the host brings the implementation; `None` says
/// that the card does not answer any more, and the host knows why.
pub trait Slot {
    /// Switches the card on, or resets it; the answer to reset, empty if there is no card.
    fn power_on(&mut self, now: Instant) -> Option<Vec<u8>>;

    /// Sends a command APDU; the response APDU.
    fn exchange(&mut self, now: Instant, command: &[u8]) -> Option<Vec<u8>>;

    /// Switches the card off.
    fn power_off(&mut self);

    /// The way of the applet's backup that is under way, of a card that can be looked into; `None` for one that
    /// cannot, whose backup shows only in what it asks of the phone.
    fn backup(&self) -> Option<Option<Way>>;

    /// What differs whenever [`Slot::backup`] may, of the same card and outside of transactions: as long as it is the same,
    /// that need not be asked again. `None` if nobody can tell.
    fn mark(&self) -> Option<Mark> {
        None
    }
}

/// Writes of a card's memory, and whether it is torn.
pub type Mark = (u64, bool);

impl Slot for Card {
    fn power_on(&mut self, now: Instant) -> Option<Vec<u8>> {
        Some(self.power_on(now))
    }

    fn exchange(&mut self, now: Instant, command: &[u8]) -> Option<Vec<u8>> {
        Some(self.exchange(now, command).into_bytes())
    }

    fn power_off(&mut self) {
        self.power_off();
    }

    fn backup(&self) -> Option<Option<Way>> {
        Some(PhonebookBackup::under_way(self))
    }

    fn mark(&self) -> Option<Mark> {
        Some((self.memory().writes(), self.memory().is_torn()))
    }
}

/// How the backup of a card stands that cannot be looked into, as the phone sees it: blocks, what the card waits for
/// between them, and the text with which the applet tells the user that the backup has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Seen {
    /// None was asked for, or it has ended.
    #[default]
    Nothing,
    /// The user has asked for it.
    Requested,
    /// Blocks go; whether there will be a pause is not known.
    Sending,
    /// It goes this way.
    UnderWay(Way),
}

impl Seen {
    /// The way, once it is known.
    pub const fn way(self) -> Option<Way> {
        match self {
            Self::UnderWay(way) => Some(way),
            Self::Nothing | Self::Requested | Self::Sending => None,
        }
    }

    /// Whether it has been asked for and does not go yet, so far as is known.
    pub const fn is_beginning(self) -> bool {
        matches!(self, Self::Requested | Self::Sending)
    }

    /// The card sends a message.
    pub fn sends(&mut self, message: &ToServer) {
        let ToServer::Blocks(blocks) = message else { return };
        if blocks.backup.source != Source::CARD || self.way().is_some() {
            return;
        }
        let is_last = usize::from(blocks.first) + blocks.blocks.len() > usize::from(blocks.total);
        *self = match blocks.resumes {
            Resumes::SERVER => Self::UnderWay(Way::SERVER),
            _ if is_last => Self::UnderWay(Way::NORMAL),
            _ => Self::Sending,
        };
    }

    /// The card waits, by a timer of the phone or by STATUS.
    pub fn waits(&mut self, way: Way) {
        if *self == Self::Sending {
            *self = Self::UnderWay(way);
        }
    }

    /// The card shows a text.
    pub fn shows(&mut self, text: &str) {
        if Outcome::is_end(text) {
            *self = Self::Nothing;
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use oxisim_backup::message::{BackupId, Blocks};

    use super::*;

    fn blocks(first: u16, resumes: Resumes) -> ToServer {
        ToServer::Blocks(Blocks {
            backup: BackupId { source: Source::CARD, generation: 1 },
            base_distance: 0,
            total: 4,
            first,
            blocks: vec![vec![0x00]],
            resumes,
            delay: None,
            digest: None,
        })
    }

    #[test]
    fn the_way_is_what_the_card_waits_for() {
        for (wait, way) in
            [(Some(Way::TIMER), Way::TIMER), (Some(Way::STATUS), Way::STATUS), (None, Way::NORMAL)]
        {
            let mut seen = Seen::Requested;
            seen.sends(&blocks(1, Resumes::UPLOADER));
            assert!(seen.is_beginning());
            if let Some(wait) = wait {
                seen.waits(wait);
            }
            seen.sends(&blocks(4, Resumes::UPLOADER));
            assert_eq!(seen.way(), Some(way));
        }
        let mut seen = Seen::Requested;
        seen.sends(&blocks(1, Resumes::SERVER));
        assert_eq!(seen.way(), Some(Way::SERVER));
    }

    #[test]
    fn only_the_text_of_an_end_ends_it() {
        let mut seen = Seen::UnderWay(Way::NORMAL);
        seen.shows(&Outcome::Running { sent: 1, blocks: 4 }.to_string());
        seen.shows("You have mail");
        assert_eq!(seen.way(), Some(Way::NORMAL));
        seen.shows(&Outcome::Complete.to_string());
        assert_eq!(seen, Seen::Nothing);
        seen = Seen::Requested;
        seen.shows(&Outcome::Failed(oxisim_backup::Failure::ContactTooLarge(3)).to_string());
        assert_eq!(seen, Seen::Nothing);
    }
}
