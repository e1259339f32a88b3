//! The user's PIN: PIN of the USIM, CHV1 of a SIM (TS 102 221 §9.5.1, TS 51.011 §9.3).

use core::{fmt, str::FromStr};

/// A PIN: 4 to 8 digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    value: [u8; 8],
}

/// The text is not a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a PIN has 4 to 8 digits")]
pub struct InvalidPin;

/// How the card and the phone stand with the PIN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PinState {
    /// The card does not ask for it.
    #[default]
    NotNeeded,
    /// The card asks for it, and the phone has none.
    Wanted,
    /// The card has got it.
    Verified,
    /// The card has refused the phone's, which the phone does not try again.
    Refused,
    /// A wrong one would block it: this attempt the phone leaves to the user.
    LastAttempt,
    /// It is blocked.
    Blocked,
}

impl Pin {
    /// As VERIFY has it: digits, then `FF` (TS 102 221 §9.5.1).
    #[must_use]
    pub const fn octets(&self) -> &[u8; 8] {
        &self.value
    }
}

impl PinState {
    /// The state of a PIN that the card asks for, by the number of attempts left.
    pub(crate) const fn with_attempts(left: u8) -> Self {
        match left {
            0 => Self::Blocked,
            1 => Self::LastAttempt,
            _ => Self::Wanted,
        }
    }
}

impl FromStr for Pin {
    type Err = InvalidPin;

    fn from_str(text: &str) -> Result<Self, InvalidPin> {
        let mut value = [0xFF; 8];
        let digits = text.as_bytes();
        let place = value.get_mut(..digits.len()).filter(|place| place.len() >= 4).ok_or(InvalidPin)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(InvalidPin);
        }
        place.copy_from_slice(digits);
        Ok(Self { value })
    }
}

/// Without the digits, so that no log has them.
impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_filled_up_to_eight_octets() {
        assert_eq!(*"0123".parse::<Pin>().unwrap().octets(), *b"0123\xFF\xFF\xFF\xFF");
        assert_eq!(*"01234567".parse::<Pin>().unwrap().octets(), *b"01234567");
        for text in ["", "123", "123456789", "12a4", "１２３４"] {
            assert_eq!(text.parse::<Pin>(), Err(InvalidPin), "{text}");
        }
    }
}
