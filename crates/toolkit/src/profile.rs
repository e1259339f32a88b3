//! TERMINAL PROFILE: what the terminal can do (TS 102 223 §5.2, TS 31.111 §5.2).

use alloc::vec::Vec;

use crate::CommandType;

/// Declares the facilities of the profile: name, octet and bit, both counted from 1 as in the standard.
macro_rules! facilities {
    ($($name:ident = $octet:literal . $bit:literal,)*) => {
        /// A facility that a terminal has or has not, by its place in the profile.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Facility { $(#[doc = concat!("Octet ", $octet, ", bit ", $bit, ".")] $name,)* }

        impl Facility {
            /// Every facility, in the order of the profile.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its octet, from 0, and the mask of its bit.
            const fn place(self) -> (usize, u8) {
                match self { $(Self::$name => ($octet - 1, 1 << ($bit - 1)),)* }
            }
        }
    };
}

facilities! {
    ProfileDownload = 1 . 1, SmsPpDownload = 1 . 2, CellBroadcastDownload = 1 . 3, MenuSelection = 1 . 4,
    SmsPpDownloadSupported = 1 . 5, TimerExpiration = 1 . 6, CallControl = 1 . 7,
    CommandResult = 2 . 1, CallControlByNaa = 2 . 2, MoSmsControl = 2 . 4, Ucs2Entry = 2 . 6, Ucs2Display = 2 . 7,
    DisplayExtension = 2 . 8,
    DisplayText = 3 . 1, GetInkey = 3 . 2, GetInput = 3 . 3, MoreTime = 3 . 4, PlayTone = 3 . 5,
    PollInterval = 3 . 6, PollingOff = 3 . 7, Refresh = 3 . 8,
    SelectItem = 4 . 1, SendShortMessage = 4 . 2, SendSs = 4 . 3, SendUssd = 4 . 4, SetUpCall = 4 . 5,
    SetUpMenu = 4 . 6, ProvideLocalInformation = 4 . 7, NetworkMeasurementResults = 4 . 8,
    SetUpEventList = 5 . 1,
    TimerManagement = 8 . 1, TimerCurrentValue = 8 . 2, DateTimeZone = 8 . 3, GetInkeyYesNo = 8 . 4,
    SetUpIdleModeText = 8 . 5,
}

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
            let (octet, mask) = facility.place();
            if profile.octets.len() <= octet {
                profile.octets.resize(octet + 1, 0);
            }
            profile.octets[octet] |= mask;
        }
        profile
    }

    /// The data of the TERMINAL PROFILE command.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Whether the terminal has `facility`.
    #[must_use]
    pub fn supports(&self, facility: Facility) -> bool {
        let (octet, mask) = facility.place();
        self.octets.get(octet).is_some_and(|octet| octet & mask != 0)
    }

    /// Whether the terminal carries out commands of this type.
    #[must_use]
    pub fn performs(&self, kind: CommandType) -> bool {
        let facility = match kind {
            CommandType::DISPLAY_TEXT => Facility::DisplayText,
            CommandType::GET_INKEY => Facility::GetInkey,
            CommandType::GET_INPUT => Facility::GetInput,
            CommandType::MORE_TIME => Facility::MoreTime,
            CommandType::PLAY_TONE => Facility::PlayTone,
            CommandType::POLL_INTERVAL => Facility::PollInterval,
            CommandType::POLLING_OFF => Facility::PollingOff,
            CommandType::REFRESH => Facility::Refresh,
            CommandType::SELECT_ITEM => Facility::SelectItem,
            CommandType::SEND_SHORT_MESSAGE => Facility::SendShortMessage,
            CommandType::SET_UP_MENU => Facility::SetUpMenu,
            CommandType::PROVIDE_LOCAL_INFORMATION => Facility::ProvideLocalInformation,
            CommandType::SET_UP_EVENT_LIST => Facility::SetUpEventList,
            CommandType::TIMER_MANAGEMENT => Facility::TimerManagement,
            CommandType::SET_UP_IDLE_MODE_TEXT => Facility::SetUpIdleModeText,
            _ => return false,
        };
        self.supports(facility)
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
    }

    #[test]
    fn a_profile_of_every_facility_supports_each() {
        let profile = TerminalProfile::with(Facility::ALL);
        assert!(Facility::ALL.iter().all(|&facility| profile.supports(facility)));
        assert_eq!(profile.octets()[..4], [0x7F, 0xEB, 0xFF, 0xFF]);
    }
}
