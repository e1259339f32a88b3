//! Contents of files whose fields stand one after the other.

use oxisim_toolkit::objects::{List, Plmn};
use oxisim_wire::{Error, Reader, Show, Shown, Wire, bcd};

use super::coding::{record, semi_octet};

record! {
    /// A record of `EF_MBI`: the record of `EF_MBDN` for each kind of message; 0 for none.
    Mailboxes { voicemail: u8, fax: u8, electronic_mail: u8, other: u8, videomail: Option<u8>, further: Vec<u8>, }
    /// A record of `EF_MWIS`.
    MessagesWaiting {
        waiting: MessageKinds, voicemail: u8, fax: u8, electronic_mail: u8, other: u8, videomail: Option<u8>,
    }
    /// A record of `EF_CFIS`.
    CallForwarding {
        profile: u8, forwarded: CallKinds, length: u8, type_of_number: [u8; 1], number: Number, capability_record: u8,
        extension_record: u8,
    }
    /// A record of `EF_OPL`.
    OperatorName { plmn: Plmn, first_area: [u8; 2], last_area: [u8; 2], record_of_the_name: u8, }
    /// A record of `EF_OPL5G`.
    OperatorName5g { plmn: Plmn, first_area: [u8; 3], last_area: [u8; 3], record_of_the_name: u8, }
    /// `EF_UMPC`.
    PowerConsumption { maximum_milliamperes: u8, seconds_of_operation: u8, features: PowerFeatures, further: Vec<u8>, }
    /// `EF_LP`.
    LanguagePreference { languages: List<SimLanguage>, }
    /// `EF_EHPLMNPI`.
    HomeNetworkPresentation { presentation: Presentation, }
    /// `EF_THRESHOLD`.
    Threshold { maximum_of_start: Number24, }
    /// `EF_START-HFN`.
    HyperframeNumbers { circuit_switched: Number24, packet_switched: Number24, }
    /// `EF_PWS`.
    PublicWarning { ignored: WarningNetworks, }
    /// `EF_eMLPP`.
    Precedence { levels: Levels, fast_call_setup: Levels, }
    /// `EF_AAeM`.
    AutomaticAnswer { levels: Levels, }
    /// `EF_VGCSS` and `EF_VBSS`: a bit for each group.
    GroupStatus { activated: GroupBits, }
    /// `EF_EPSLOCI`.
    EpsLocation { guti: [u8; 12], network: Plmn, tracking_area: [u8; 2], status: EpsStatus, }
    /// `EF_Phase`.
    SimPhase { phase: Phase, }
    /// `EF_PUCT`.
    Price { currency: Currency, price_per_unit: [u8; 2], }
    /// `EF_CBMI` and `EF_CBMID`.
    MessageIdentifiers { identifiers: Numbers16, }
}

oxisim_wire::codes! {
    /// A language of cell broadcast messages (TS 23.038 §5).
    pub struct SimLanguage(u8) {
        GERMAN = 0x00, ENGLISH = 0x01, ITALIAN = 0x02, FRENCH = 0x03, SPANISH = 0x04, DUTCH = 0x05, SWEDISH = 0x06,
        DANISH = 0x07, PORTUGUESE = 0x08, FINNISH = 0x09, NORWEGIAN = 0x0A, GREEK = 0x0B, TURKISH = 0x0C,
        HUNGARIAN = 0x0D, POLISH = 0x0E, UNSPECIFIED = 0x0F, CZECH = 0x20, HEBREW = 0x21, ARABIC = 0x22,
        RUSSIAN = 0x23, ICELANDIC = 0x24, UNUSED = 0xFF,
    }
}

oxisim_wire::codes! {
    /// Which of the home networks are shown (TS 31.102 §4.2.85).
    pub struct Presentation(u8) { NO_PREFERENCE = 0x00, HIGHEST_PRIORITY_ONLY = 0x01, ALL_HOME_NETWORKS = 0x02, }
}

oxisim_wire::codes! {
    /// Update status in the EPS (TS 31.102 §4.2.91).
    pub struct EpsStatus(u8) { UPDATED = 0x00, NOT_UPDATED = 0x01, ROAMING_NOT_ALLOWED = 0x02, }
}

oxisim_wire::codes! {
    /// Phase of a SIM (TS 51.011 §10.3.16).
    pub struct Phase(u8) { PHASE_1 = 0x00, PHASE_2 = 0x02, PHASE_2_AND_PROFILE_DOWNLOAD = 0x03, }
}

/// Declares octets whose bits have names.
macro_rules! flags {
    ($($(#[$meta:meta])* $name:ident { $($bit:literal $text:literal,)* })*) => {$(
        $(#[$meta])*
        pub struct $name(u8);

        impl Wire for $name {
            fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
                u8::read(r).map(Self)
            }

            fn write(&self, out: &mut Vec<u8>) {
                out.push(self.0);
            }
        }

        impl Show for $name {
            fn show(&self) -> Shown {
                let names: &[(u8, &str)] = &[$(($bit, $text),)*];
                let set = names.iter().filter(|(bit, _)| self.0 & bit != 0);
                Shown::List(set.map(|(_, text)| text.show()).collect())
            }
        }
    )*};
}

flags! {
    /// Kinds of messages that wait (TS 31.102 §4.2.63).
    MessageKinds { 0x01 "voicemail", 0x02 "fax", 0x04 "electronic mail", 0x08 "other", 0x10 "videomail", }
    /// Kinds of calls that are forwarded (TS 31.102 §4.2.64).
    CallKinds { 0x01 "voice", 0x02 "fax", 0x04 "data", }
    /// What the UICC needs and can (TS 102 221 §13.6).
    PowerFeatures { 0x01 "needs increased idle current", 0x02 "can be suspended", }
    /// Where public warnings are ignored (TS 31.102 §4.2.96).
    WarningNetworks { 0x01 "home network and equivalent ones", 0x02 "visited networks", }
    /// Levels of priority (TS 31.102 §4.2.39, §4.2.40).
    Levels { 0x01 "A", 0x02 "B", 0x04 "0", 0x08 "1", 0x10 "2", 0x20 "3", 0x40 "4", }
}

/// Declares contents that keep octets and show them with a function.
macro_rules! shown {
    ($($(#[$meta:meta])* $name:ident($octets:ty) $show:expr;)*) => {$(
        $(#[$meta])*
        pub struct $name($octets);

        impl Wire for $name {
            fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
                <$octets>::read(r).map(Self)
            }

            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }
        }

        impl Show for $name {
            fn show(&self) -> Shown {
                let show: fn(&[u8]) -> Shown = $show;
                show(&self.0)
            }
        }
    )*};
}

shown! {
    /// Ten octets of semi-octets.
    Number([u8; 10]) |octets| Shown::Text(bcd::to_dialling(&bcd::unpack(octets)));
    /// A number of three octets.
    Number24([u8; 3]) |octets| Shown::Number(octets.iter().fold(0, |n, &octet| n << 8 | u64::from(octet)));
    /// Three letters.
    Currency([u8; 3]) |octets| Shown::Text(octets.iter().map(|&octet| char::from(octet)).collect());
    /// Groups whose bit is set, counted from 1: fifty of them.
    GroupBits(Vec<u8>) |octets| {
        let set = (0..octets.len().saturating_mul(8).min(50)).filter(|n| octets.get(n / 8).is_some_and(|octet| octet >> (n % 8) & 1 == 1));
        Shown::List(set.map(|n| Shown::Number(n as u64 + 1)).collect())
    };
    /// Numbers of two octets; `FFFF` is none.
    Numbers16(Vec<u8>) |octets| {
        let numbers = octets.as_chunks::<2>().0.iter().map(|octets| u16::from_be_bytes(*octets));
        Shown::List(numbers.map(|n| if n == 0xFFFF { Shown::Nothing } else { n.show() }).collect())
    };
    /// `EF_VGCS` and `EF_VBS`: identifiers of groups, eight digits in four octets.
    GroupIdentifiers(Vec<u8>) |octets| {
        let identifier = |octets: &[u8]| {
            let halves = bcd::unpack(octets);
            Shown::Text(halves.iter().filter(|&&half| half != 0x0F).map(|&half| semi_octet(half)).collect())
        };
        Shown::Fields(vec![("groups", Shown::List(octets.chunks(4).map(identifier).collect()))])
    };
}
