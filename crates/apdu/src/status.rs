//! Status words (TS 102 221 §10.2.1, TS 51.011 §9.4).

use core::fmt;

macro_rules! statuses {
    ($($name:ident = $value:literal, $text:literal;)*) => {
        oxisim_wire::codes! {
            /// A status word, SW1 and SW2: how a command ended.
            ///
            /// It is the error type of a card's functions. Words with a count or a length in them (`91XX`,
            /// `61XX`, `6CXX`, `63CX`; in class `A0` `9FXX`, `9EXX`, `67XX`) have functions, the others constants.
            pub struct Status(u16) {
                $(#[doc = concat!("`", stringify!($value), "`: ", $text, ".")] $name = $value,)*
            }
        }

        impl Status {
            /// What the standard says about the word, if it does.
            #[must_use]
            pub const fn text(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    0x6100..=0x61FF => Some("response data available, SW2 is their length"),
                    0x63C0..=0x63CF => Some("verification failed, the last digit is the number of retries left"),
                    0x6700..=0x67FF => Some("wrong length, depending on the command"),
                    0x6C00..=0x6CFF => Some("wrong Le, SW2 is the exact length"),
                    0x6F00..=0x6FFF => Some("technical problem, depending on the command"),
                    0x9100..=0x91FF => Some("normal ending, a proactive command of SW2 octets waits"),
                    0x9200..=0x92FF => Some("normal ending, concerning an ongoing data transfer session"),
                    0x9E00..=0x9EFF => Some("SIM data download error, SW2 is the length of the response data"),
                    0x9F00..=0x9FFF => Some("normal ending, SW2 is the length of the response data"),
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    NORMAL = 0x9000, "normal ending of the command";
    GSM_MEMORY_PROBLEM = 0x9240, "memory problem, class A0";
    TOOLKIT_BUSY = 0x9300, "application toolkit busy, the command cannot be executed at present";
    WARNING_UNCHANGED = 0x6200, "no information given, state of non-volatile memory unchanged";
    DATA_MAY_BE_CORRUPTED = 0x6281, "part of returned data may be corrupted";
    END_OF_FILE = 0x6282, "end of file or record reached before reading Le octets, or unsuccessful search";
    FILE_INVALIDATED = 0x6283, "selected file invalidated, to be activated before use";
    FILE_TERMINATED = 0x6285, "selected file in termination state";
    MORE_DATA_AVAILABLE = 0x62F1, "more data available";
    MORE_DATA_AVAILABLE_PROACTIVE = 0x62F2, "more data available and proactive command pending";
    RESPONSE_DATA_AVAILABLE = 0x62F3, "response data available";
    MORE_DATA_EXPECTED = 0x63F1, "more data expected";
    MORE_DATA_EXPECTED_PROACTIVE = 0x63F2, "more data expected and proactive command pending";
    ERROR_UNCHANGED = 0x6400, "no information given, state of non-volatile memory unchanged";
    ERROR_CHANGED = 0x6500, "no information given, state of non-volatile memory changed";
    MEMORY_PROBLEM = 0x6581, "memory problem";
    WRONG_LENGTH = 0x6700, "wrong length";
    CLA_FUNCTION_NOT_SUPPORTED = 0x6800, "function in CLA not supported";
    LOGICAL_CHANNEL_NOT_SUPPORTED = 0x6881, "logical channel not supported";
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882, "secure messaging not supported";
    COMMAND_NOT_ALLOWED = 0x6900, "command not allowed";
    INCOMPATIBLE_WITH_FILE_STRUCTURE = 0x6981, "command incompatible with file structure";
    SECURITY_STATUS_NOT_SATISFIED = 0x6982, "security status not satisfied";
    AUTHENTICATION_BLOCKED = 0x6983, "authentication or PIN method blocked";
    REFERENCED_DATA_INVALIDATED = 0x6984, "referenced data invalidated";
    CONDITIONS_NOT_SATISFIED = 0x6985, "conditions of use not satisfied";
    NO_EF_SELECTED = 0x6986, "command not allowed, no EF selected";
    SECURE_CHANNEL_NOT_SATISFIED = 0x6989, "command not allowed, secure channel security not satisfied";
    APPLET_SELECT_FAILED = 0x6999, "applet selection failed";
    INCORRECT_DATA = 0x6A80, "incorrect parameters in the data field";
    FUNCTION_NOT_SUPPORTED = 0x6A81, "function not supported";
    FILE_NOT_FOUND = 0x6A82, "file not found";
    RECORD_NOT_FOUND = 0x6A83, "record not found";
    NOT_ENOUGH_MEMORY = 0x6A84, "not enough memory space";
    INCORRECT_P1_P2 = 0x6A86, "incorrect parameters P1 to P2";
    LC_INCONSISTENT = 0x6A87, "Lc inconsistent with P1 to P2";
    REFERENCED_DATA_NOT_FOUND = 0x6A88, "referenced data not found";
    FILE_EXISTS = 0x6A89, "file identifier already exists";
    DF_NAME_EXISTS = 0x6A8A, "DF name already exists";
    WRONG_P1_P2 = 0x6B00, "wrong parameters P1 to P2";
    INSTRUCTION_NOT_SUPPORTED = 0x6D00, "instruction code not supported or invalid";
    CLASS_NOT_SUPPORTED = 0x6E00, "class not supported";
    TECHNICAL_PROBLEM = 0x6F00, "technical problem, no precise diagnosis";
    GSM_NO_EF_SELECTED = 0x9400, "no EF selected, class A0";
    OUT_OF_RANGE = 0x9402, "out of range, invalid address";
    GSM_NOT_FOUND = 0x9404, "file identifier or pattern not found";
    FILE_INCONSISTENT = 0x9408, "file is inconsistent with the command";
    CHV_NOT_INITIALISED = 0x9802, "no CHV initialised";
    ACCESS_NOT_FULFILLED = 0x9804, "access condition not fulfilled, or verification failed with attempts left";
    CHV_CONTRADICTION = 0x9808, "in contradiction with CHV status";
    INVALIDATION_CONTRADICTION = 0x9810, "in contradiction with invalidation status";
    CHV_BLOCKED = 0x9840, "verification failed with no attempt left, or CHV or UNBLOCK CHV blocked";
    INCREASE_MAXIMUM = 0x9850, "INCREASE cannot be performed, maximum value reached";
    AUTHENTICATION_ERROR = 0x9862, "authentication error, application specific";
    SECURITY_SESSION_EXPIRED = 0x9863, "security session or association expired";
    SUSPENSION_TIME_TOO_LONG = 0x9864, "minimum UICC suspension time is too long";
}

impl Status {
    /// AUTHENTICATE: security context not supported (TS 31.102 §7.3). SUSPEND UICC gives the word another meaning.
    pub const SECURITY_CONTEXT_NOT_SUPPORTED: Self = Self::SUSPENSION_TIME_TOO_LONG;

    /// `91XX`: normal ending, and a proactive command of `length` octets, 1 to 256, waits to be fetched.
    #[must_use]
    pub const fn proactive(length: usize) -> Self {
        Self(0x9100 | (length as u16 & 0xFF))
    }

    /// `6CXX`: Le is wrong, `length`, 1 to 256, is right.
    #[must_use]
    pub const fn exact_length(length: usize) -> Self {
        Self(0x6C00 | (length as u16 & 0xFF))
    }

    /// `61XX`: `length` octets, 1 to 256, can be had with GET RESPONSE.
    #[must_use]
    pub const fn response_available(length: usize) -> Self {
        Self(0x6100 | (length as u16 & 0xFF))
    }

    /// `9FXX` of class `A0`: normal ending, `length` octets, 1 to 256, can be had with GET RESPONSE.
    #[must_use]
    pub const fn gsm_response_available(length: usize) -> Self {
        Self(0x9F00 | (length as u16 & 0xFF))
    }

    /// `9EXX` of class `A0`: the data download failed, and `length` octets for the network, 1 to 256, can be had with
    /// GET RESPONSE.
    #[must_use]
    pub const fn data_download_error(length: usize) -> Self {
        Self(0x9E00 | (length as u16 & 0xFF))
    }

    /// `67XX` of class `A0`: P3 is wrong, `length` is right; `6700`, if that is none of 1 to 255.
    #[must_use]
    pub const fn right_length(length: usize) -> Self {
        Self(0x6700 | if length <= 0xFF { length as u16 } else { 0 })
    }

    /// `63CX`: verification failed, `left` retries remain, 15 at most.
    #[must_use]
    pub const fn retries_left(left: u8) -> Self {
        Self(0x63C0 | (left as u16 & 0x0F))
    }

    /// SW1.
    #[must_use]
    pub const fn sw1(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// SW2.
    #[must_use]
    pub const fn sw2(self) -> u8 {
        self.0 as u8
    }

    /// Whether the command ended normally: `9000`, `91XX`, `92XX`, `61XX` or `9FXX`.
    #[must_use]
    pub const fn is_normal(self) -> bool {
        matches!(self.0, 0x9000 | 0x9100..=0x92FF | 0x6100..=0x61FF | 0x9F00..=0x9FFF)
    }

    /// Whether the command ended with a warning: `62XX` or `63XX`.
    #[must_use]
    pub const fn is_warning(self) -> bool {
        matches!(self.0, 0x6200..=0x63FF)
    }

    /// Length of the proactive command that waits, 1 to 256, if the word is `91XX`.
    #[must_use]
    pub const fn proactive_length(self) -> Option<usize> {
        match (self.sw1(), self.sw2()) {
            (0x91, 0) => Some(0x100),
            (0x91, length) => Some(length as usize),
            _ => None,
        }
    }
}

/// As `6A82 file not found`.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)?;
        self.text().map_or(Ok(()), |text| write!(f, " {text}"))
    }
}

impl core::error::Error for Status {}

#[cfg(test)]
mod tests {
    use std::{format, string::ToString};

    use super::*;

    #[test]
    fn a_word_prints_with_the_words_of_the_standard() {
        assert_eq!(Status::CLASS_NOT_SUPPORTED.to_string(), "6E00 class not supported");
        assert_eq!(
            Status(0x63C2).text(),
            Some("verification failed, the last digit is the number of retries left")
        );
        assert_eq!(Status(0x1234).to_string(), "1234");
        assert_eq!(format!("{:?}", Status::NORMAL), "NORMAL");
    }

    #[test]
    fn a_proactive_command_of_256_octets_is_9100() {
        assert_eq!(Status::proactive(256), Status(0x9100));
        assert_eq!(Status(0x9100).proactive_length(), Some(256));
        assert_eq!(Status::proactive(28).proactive_length(), Some(28));
        assert_eq!(Status::NORMAL.proactive_length(), None);
    }

    #[test]
    fn the_words_of_class_a0_have_lengths_too() {
        assert_eq!(Status::gsm_response_available(22), Status(0x9F16));
        assert_eq!(Status::gsm_response_available(256), Status(0x9F00));
        assert_eq!(Status::data_download_error(3), Status(0x9E03));
        assert_eq!(Status::right_length(15), Status(0x670F));
        assert_eq!(Status::right_length(300), Status::WRONG_LENGTH);
        assert!(Status(0x9F0C).is_normal() && !Status(0x9E03).is_normal());
    }

    #[test]
    fn every_named_word_has_a_text() {
        assert!(Status::ALL.iter().all(|status| status.text().is_some()));
    }
}
