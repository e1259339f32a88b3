//! The command qualifier in words (TS 102 223 §8.6, TS 31.111 §8.6).

use alloc::vec::Vec;

use crate::{CommandType, objects::CommandDetails};

/// What a part of a qualifier says: bits, their value, and the words for it.
type Meaning = (u8, u8, &'static str);

/// Declares what the qualifiers of commands say: the bits that are looked at, their value, and the words for it.
macro_rules! qualifiers {
    ($($code:ident { $($mask:literal $value:literal $text:literal,)* })*) => {
        /// What the qualifier of a command says, each part in its order; a command that is not here has none.
        const fn meanings(kind: CommandType) -> &'static [Meaning] {
            match kind {
                $(CommandType::$code => &[$(($mask, $value, $text),)*],)*
                _ => &[],
            }
        }
    };
}

qualifiers! {
    REFRESH {
        0xFF 0x00 "NAA initialization and full file change notification", 0xFF 0x01 "file change notification",
        0xFF 0x02 "NAA initialization and file change notification", 0xFF 0x03 "NAA initialization",
        0xFF 0x04 "UICC reset", 0xFF 0x05 "NAA application reset", 0xFF 0x06 "NAA session reset",
        0xFF 0x07 "steering of roaming", 0xFF 0x08 "steering of roaming for I-WLAN",
        0xFF 0x09 "eUICC profile state change", 0xFF 0x0A "application update",
    }
    SET_UP_CALL {
        0xFF 0x00 "only if no other call is made", 0xFF 0x01 "only if no other call is made, with redial",
        0xFF 0x02 "putting all other calls on hold", 0xFF 0x03 "putting all other calls on hold, with redial",
        0xFF 0x04 "disconnecting all other calls", 0xFF 0x05 "disconnecting all other calls, with redial",
    }
    SEND_SHORT_MESSAGE { 0x01 0x00 "packing not required", 0x01 0x01 "the terminal packs the message", }
    LAUNCH_BROWSER {
        0xFF 0x00 "if the browser is not launched already", 0xFF 0x02 "the browser that runs, unless in a secured session",
        0xFF 0x03 "the browser that runs is closed before",
    }
    PLAY_TONE { 0x01 0x00 "the terminal chooses whether to vibrate", 0x01 0x01 "vibrates with the tone", }
    DISPLAY_TEXT {
        0x01 0x00 "normal priority", 0x01 0x01 "high priority",
        0x80 0x00 "cleared after a delay", 0x80 0x80 "the user clears the text",
    }
    GET_INKEY {
        0x05 0x00 "digits", 0x05 0x01 "characters", 0x07 0x01 "of the default alphabet", 0x07 0x03 "of UCS2",
        0x04 0x04 "yes or no", 0x08 0x08 "a digit is answered at once", 0x80 0x80 "help available",
    }
    GET_INPUT {
        0x01 0x00 "digits", 0x01 0x01 "characters", 0x03 0x01 "of the default alphabet", 0x03 0x03 "of UCS2",
        0x04 0x00 "echoed", 0x04 0x04 "hidden", 0x08 0x00 "unpacked", 0x08 0x08 "packed",
        0x80 0x80 "help available",
    }
    SELECT_ITEM {
        0x03 0x01 "presented as data values", 0x03 0x03 "presented as navigation options",
        0x04 0x04 "soft keys preferred", 0x80 0x80 "help available",
    }
    SET_UP_MENU { 0x01 0x01 "soft keys preferred", 0x80 0x80 "help available", }
    PROVIDE_LOCAL_INFORMATION {
        0xFF 0x00 "location information", 0xFF 0x01 "IMEI", 0xFF 0x02 "network measurement results",
        0xFF 0x03 "date, time and time zone", 0xFF 0x04 "language setting", 0xFF 0x05 "timing advance",
        0xFF 0x06 "access technology", 0xFF 0x07 "ESN", 0xFF 0x08 "IMEISV", 0xFF 0x09 "search mode",
        0xFF 0x0A "charge state of the battery", 0xFF 0x0B "MEID", 0xFF 0x0C "current WSID",
        0xFF 0x0D "broadcast network information", 0xFF 0x0E "multiple access technologies",
        0xFF 0x0F "location information for multiple access technologies",
        0xFF 0x10 "network measurement results for multiple access technologies",
        0xFF 0x11 "CSG ID list and HNB names", 0xFF 0x12 "H(e)NB IP address",
        0xFF 0x13 "H(e)NB surrounding macrocells", 0xFF 0x14 "current WLAN identifier",
        0xFF 0x15 "slices information", 0xFF 0x16 "CAG information list", 0xFF 0x17 "rejected slices information",
        0xFF 0x1A "supported radio access technologies",
    }
    TIMER_MANAGEMENT { 0x03 0x00 "start", 0x03 0x01 "deactivate", 0x03 0x02 "get the current value", }
    GET_READER_STATUS { 0xFF 0x00 "card reader status", 0xFF 0x01 "card reader identifier", }
    LANGUAGE_NOTIFICATION { 0x01 0x00 "no specific language", 0x01 0x01 "specific language", }
    OPEN_CHANNEL {
        0x01 0x00 "link established on demand", 0x01 0x01 "link established immediately",
        0x02 0x00 "no automatic reconnection", 0x02 0x02 "automatic reconnection",
        0x04 0x04 "in background mode",
    }
    CLOSE_CHANNEL { 0x01 0x00 "closed", 0x01 0x01 "a server goes on to listen", }
    SEND_DATA { 0x01 0x00 "stored in the buffer", 0x01 0x01 "sent immediately", }
    SERVICE_SEARCH {
        0xFF 0x00 "technology independent", 0xFF 0x01 "Bluetooth", 0xFF 0x02 "IrDA", 0xFF 0x03 "RS232", 0xFF 0x04 "USB",
    }
    GET_SERVICE_INFORMATION {
        0xFF 0x00 "technology independent", 0xFF 0x01 "Bluetooth", 0xFF 0x02 "IrDA", 0xFF 0x03 "RS232", 0xFF 0x04 "USB",
    }
    DECLARE_SERVICE { 0x01 0x00 "added", 0x01 0x01 "deleted", }
    DISPLAY_MULTIMEDIA_MESSAGE {
        0x01 0x00 "normal priority", 0x01 0x01 "high priority",
        0x80 0x00 "cleared after a delay", 0x80 0x80 "the user clears the message",
    }
}

impl CommandDetails {
    /// What the qualifier says, part by part; nothing if the command has none, or not this one.
    #[must_use]
    pub fn qualifier_words(&self) -> Vec<&'static str> {
        let says = |&&(mask, value, _): &&Meaning| self.qualifier & mask == value;
        meanings(self.kind).iter().filter(says).map(|&(.., text)| text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::{LocalInformation, RefreshMode, TimerAction};

    fn words(kind: CommandType, qualifier: u8) -> Vec<&'static str> {
        CommandDetails { number: 1, kind, qualifier }.qualifier_words()
    }

    #[test]
    fn each_bit_of_a_qualifier_is_in_words() {
        assert_eq!(words(CommandType::DISPLAY_TEXT, 0x81), ["high priority", "the user clears the text"]);
        assert_eq!(words(CommandType::GET_INKEY, 0x84), ["yes or no", "help available"]);
        assert_eq!(words(CommandType::GET_INPUT, 0x03), ["characters", "of UCS2", "echoed", "unpacked"]);
        assert_eq!(words(CommandType::SET_UP_CALL, 0x02), ["putting all other calls on hold"]);
        assert!(words(CommandType::MORE_TIME, 0x00).is_empty());
        assert!(words(CommandType::REFRESH, 0x7F).is_empty());
    }

    #[test]
    fn a_qualifier_that_has_a_name_is_in_words() {
        for (kind, codes) in [
            (CommandType::REFRESH, RefreshMode::ALL.iter().map(|code| code.0).collect::<Vec<_>>()),
            (CommandType::TIMER_MANAGEMENT, TimerAction::ALL.iter().map(|code| code.0).collect()),
            (
                CommandType::PROVIDE_LOCAL_INFORMATION,
                LocalInformation::ALL.iter().map(|code| code.0).collect(),
            ),
        ] {
            for qualifier in codes {
                assert_eq!(words(kind, qualifier).len(), 1, "{kind:?} {qualifier:02X}");
            }
        }
    }

    #[test]
    fn values_of_a_qualifier_fit_the_bits_that_are_looked_at() {
        for &kind in CommandType::ALL {
            assert!(meanings(kind).iter().all(|(mask, value, _)| value & !mask == 0), "{kind:?}");
        }
    }
}
