//! By which numbers receivers are told apart.

use std::{fmt, str::FromStr};

use oxisim_sms::{Address, Error, TypeOfAddress};

/// A receiver's number: its digits, whatever type the sender has given to it. ESMEs often leave the type unknown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(Address);

/// The fewest digits of a phone's number; shorter ones are ESMEs' or nobody's.
const SHORTEST_OF_PHONE: usize = 7;

impl Number {
    /// The number of an address; none if it is a name, or empty.
    #[must_use]
    pub fn of(address: &Address) -> Option<Self> {
        let digits = address.semi_octets();
        if address.kind().is_alphanumeric() || digits.is_empty() {
            return None;
        }
        Address::new(TypeOfAddress::INTERNATIONAL, digits.to_vec()).ok().map(Self)
    }

    /// The digits, a semi-octet each.
    #[must_use]
    pub fn digits(&self) -> &[u8] {
        self.0.semi_octets()
    }

    /// The number as that of a phone.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.0
    }

    /// Whether a phone may have it.
    #[must_use]
    pub fn is_of_phone(&self) -> bool {
        self.digits().len() >= SHORTEST_OF_PHONE
    }

    pub(crate) fn begins_with(&self, prefix: &Self) -> bool {
        self.digits().starts_with(prefix.digits())
    }
}

/// Digits, with or without `+`.
impl FromStr for Number {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::of(&text.parse()?).ok_or(Error::AddressEmpty)
    }
}

/// The digits.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_string().trim_start_matches('+'))
    }
}
