//! TERMINAL PROFILE: what the terminal can do (TS 102 223 §5.2, TS 31.111 §5.2).

use alloc::vec::Vec;

use oxisim_wire::{Show, Shown};

use crate::{CommandType, Facility, Quantity, codes::EventCode};

/// The octets of a TERMINAL PROFILE; octets that are absent say "not supported".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminalProfile {
    octets: Vec<u8>,
}

impl TerminalProfile {
    /// The profile that a terminal has sent.
    #[must_use]
    pub fn new(octets: &[u8]) -> Self {
        Self { octets: octets.to_vec() }
    }

    /// A profile with these facilities and no others.
    #[must_use]
    pub fn with(facilities: &[Facility]) -> Self {
        let mut profile = Self::default();
        for facility in facilities {
            let (octet, bit) = facility.place();
            *profile.octet_mut(octet) |= 1 << (bit - 1);
        }
        profile
    }

    /// The same profile with a number in it; what its bits cannot hold becomes the largest that they can.
    #[must_use]
    pub fn with_quantity(mut self, quantity: Quantity, value: u8) -> Self {
        let (octet, bit, bits) = quantity.place();
        let limit = u8::MAX >> (8 - bits);
        let place = self.octet_mut(octet);
        *place = *place & !(limit << (bit - 1)) | value.min(limit) << (bit - 1);
        self
    }

    /// The data of the TERMINAL PROFILE command.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Whether the terminal has `facility`.
    #[must_use]
    pub fn supports(&self, facility: Facility) -> bool {
        let (octet, bit) = facility.place();
        self.octet(octet) >> (bit - 1) & 1 == 1
    }

    /// A number that the terminal tells; zero if the profile does not reach so far.
    #[must_use]
    pub fn quantity(&self, quantity: Quantity) -> u8 {
        let (octet, bit, bits) = quantity.place();
        self.octet(octet) >> (bit - 1) & u8::MAX >> (8 - bits)
    }

    /// The facilities that the terminal has, in the order of the profile.
    pub fn facilities(&self) -> impl Iterator<Item = Facility> + '_ {
        Facility::ALL.iter().copied().filter(|&facility| self.supports(facility))
    }

    /// Whether the terminal carries out commands of this type.
    #[must_use]
    pub fn performs(&self, kind: CommandType) -> bool {
        self.supports_any(Facility::of_command(kind))
    }

    /// Whether the terminal carries out commands of this type with this qualifier.
    #[must_use]
    pub fn performs_qualified(&self, kind: CommandType, qualifier: u8) -> bool {
        self.supports_any(Facility::of_qualified(kind, qualifier))
    }

    /// Whether the terminal can tell the card of this event.
    #[must_use]
    pub fn hears(&self, event: EventCode) -> bool {
        self.supports_any(Facility::of_event(event))
    }

    /// Bits that are set and have no name, as octet and bit counted from 1.
    pub fn unnamed(&self) -> impl Iterator<Item = (u8, u8)> + '_ {
        let bits = (1..=u8::MAX).zip(&self.octets).flat_map(|(octet, &value)| {
            (1..=8).filter(move |bit| value >> (bit - 1) & 1 == 1).map(move |bit| (octet, bit))
        });
        bits.filter(|&(octet, bit)| {
            let named = |facility: &Facility| facility.place() == (octet, bit);
            let counted = |quantity: &Quantity| {
                let (place, first, bits) = quantity.place();
                place == octet && (first..first + bits).contains(&bit)
            };
            !Facility::ALL.iter().any(named) && !Quantity::ALL.iter().any(counted)
        })
    }

    fn supports_any(&self, facilities: &[Facility]) -> bool {
        facilities.iter().any(|&facility| self.supports(facility))
    }

    /// An octet, counted from 1.
    fn octet(&self, octet: u8) -> u8 {
        self.octets.get(usize::from(octet) - 1).copied().unwrap_or(0)
    }

    fn octet_mut(&mut self, octet: u8) -> &mut u8 {
        let at = usize::from(octet) - 1;
        if self.octets.len() <= at {
            self.octets.resize(at + 1, 0);
        }
        &mut self.octets[at]
    }
}

/// The facilities by name, then the numbers that the profile reaches.
impl Show for TerminalProfile {
    fn show(&self) -> Shown {
        let facilities = self.facilities().map(|facility| Shown::Text(facility.text().into())).collect();
        let mut fields = alloc::vec![("facilities", Shown::List(facilities))];
        let reached = |quantity: &&Quantity| usize::from(quantity.place().0) <= self.octets.len();
        for &quantity in Quantity::ALL.iter().filter(reached) {
            fields.push((quantity.name(), self.quantity(quantity).show()));
        }
        Shown::Fields(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_profile_lacks_what_it_does_not_reach() {
        let profile = TerminalProfile::new(&[0xFF, 0xFF, 0x20]);
        assert!(profile.performs(CommandType::POLL_INTERVAL));
        assert!(!profile.performs(CommandType::DISPLAY_TEXT));
        assert!(!profile.performs(CommandType::SEND_SHORT_MESSAGE));
        assert_eq!(profile.quantity(Quantity::Channels), 0);
    }

    #[test]
    fn a_profile_of_every_facility_supports_each() {
        let profile = TerminalProfile::with(Facility::ALL);
        assert!(Facility::ALL.iter().all(|&facility| profile.supports(facility)));
        assert_eq!(profile.octets()[..5], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        assert_eq!(profile.unnamed().count(), 0);
        assert!(CommandType::ALL.iter().all(|&kind| profile.performs(kind)));
    }

    #[test]
    fn no_two_names_share_a_bit() {
        let mut taken = TerminalProfile::default();
        for &facility in Facility::ALL {
            assert!(!taken.supports(facility), "{facility:?}");
            let (octet, bit) = facility.place();
            *taken.octet_mut(octet) |= 1 << (bit - 1);
        }
        for &quantity in Quantity::ALL {
            assert_eq!(taken.quantity(quantity), 0, "{quantity:?}");
            taken = taken.with_quantity(quantity, 0xFF);
        }
    }

    #[test]
    fn a_number_keeps_to_its_bits() {
        let profile = TerminalProfile::with(&[Facility::BearerCsd]).with_quantity(Quantity::Channels, 9);
        assert_eq!(profile.octets()[12], 0b1110_0001);
        assert_eq!(profile.with_quantity(Quantity::Channels, 2).quantity(Quantity::Channels), 2);
    }

    #[test]
    fn a_command_depends_on_the_bit_of_its_qualifier() {
        let profile = TerminalProfile::with(&[Facility::ProvideLocalInformation, Facility::TimerManagement]);
        assert!(profile.performs_qualified(CommandType::PROVIDE_LOCAL_INFORMATION, 0x01));
        assert!(!profile.performs_qualified(CommandType::PROVIDE_LOCAL_INFORMATION, 0x0A));
        assert!(!profile.performs_qualified(CommandType::TIMER_MANAGEMENT, 0x02));
    }

    #[test]
    fn a_bit_without_a_name_is_told() {
        assert!(TerminalProfile::new(&[0, 0, 0, 0, 0, 0, 0x81]).unnamed().eq([(7, 8)]));
    }
}
