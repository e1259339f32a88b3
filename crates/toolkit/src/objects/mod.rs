//! The data objects, in the order of TS 102 223 §8 and TS 31.111 §8.

mod call;
mod channel;
mod device;
mod later;
mod list;
mod multimedia;
mod network;
mod place;
mod style;

use alloc::{format, string::String, vec::Vec};

use oxisim_sms::alphabet;
use oxisim_wire::{Error, ErrorKind, Reader, Show, Shown, Wire, bcd, codes};

pub use crate::codes::{Device, EventCode, GeneralResult, ServiceState, TerminalProblem, TimeUnit, ToneCode};
use crate::{CommandType, message::DataObject};
pub use call::*;
pub use channel::*;
use device::show_ascii;
pub use device::*;
pub use later::*;
pub use list::List;
pub use multimedia::*;
pub use network::*;
pub use place::{AccessTechnologies, LocationInformation, Plmn, PlmnWithAccess};
pub use style::{Colour, TextFormat};

data_objects! {
    0x06 "TS 102 223 §8.1" "Address" Address {
        /// Type of number and numbering plan.
        ton_npi: u8,
        /// Semi-octets of the number.
        digits: Vec<u8>,
    }
    0x05 "TS 102 223 §8.2" "Alpha identifier" AlphaIdentifier {
        /// The text, coded as an alpha field of an EF.
        text: Vec<u8> => show_alpha,
    }
    0x01 "TS 102 223 §8.6" "Command details" CommandDetails {
        /// Command number, 01 to FE.
        number: u8,
        /// Type of command.
        kind: CommandType,
        /// Command qualifier, whose meaning belongs to the type.
        qualifier: u8,
    }
    0x02 "TS 102 223 §8.7" "Device identities" DeviceIdentities {
        /// Who sends.
        source: Device,
        /// Who shall act.
        destination: Device,
    }
    0x04 "TS 102 223 §8.8" "Duration" Duration {
        /// Its unit.
        unit: TimeUnit,
        /// How many of it, 1 to 255.
        interval: u8,
    }
    0x0F "TS 102 223 §8.9" "Item" Item {
        /// Identifier; nothing in the empty item that takes a menu away.
        identifier: Option<u8>,
        /// The text, coded as an alpha field of an EF.
        text: Vec<u8> => show_alpha,
    }
    0x10 "TS 102 223 §8.10" "Item identifier" ItemIdentifier {
        /// The item.
        identifier: u8,
    }
    0x11 "TS 102 223 §8.11" "Response length" ResponseLength {
        /// Fewest characters.
        minimum: u8,
        /// Most characters; FF for no limit.
        maximum: u8,
    }
    0x03 "TS 102 223 §8.12" "Result" Outcome {
        /// General result.
        general: GeneralResult,
        /// Additional information, whose meaning belongs to the general result.
        additional: Vec<u8>,
    }
    0x0B "TS 31.111 §8.13" "SMS TPDU" SmsTpdu {
        /// The TPDU of TS 23.040.
        tpdu: Vec<u8>,
    }
    0x0D "TS 102 223 §8.15" "Text string" TextString {
        /// Its data coding scheme; nothing in a null text string.
        coding: Option<Coding>,
        /// The text, in that coding.
        text: Vec<u8>,
    }
    0x0E "TS 102 223 §8.16" "Tone" Tone {
        /// The tone.
        tone: ToneCode,
    }
    0x12 "TS 102 223 §8.18" "File list" FileList {
        /// How many files are named.
        count: u8,
        /// Their paths, each from 3F00 or 7FFF on.
        paths: Vec<u8> => show_paths,
    }
    0x14 "TS 102 223 §8.20" "IMEI" Imei {
        /// Semi-octets as in TS 24.008.
        imei: Vec<u8>,
    }
    0x15 "TS 102 223 §8.21" "Help request" HelpRequest {}
    0x17 "TS 102 223 §8.23" "Default text" DefaultText {
        /// Its data coding scheme.
        coding: Option<Coding>,
        /// The text, in that coding.
        text: Vec<u8>,
    }
    0x18 "TS 102 223 §8.24" "Items next action indicator" ItemsNextAction {
        /// The command type that follows the selection of each item.
        actions: List<CommandType>,
    }
    0x19 "TS 102 223 §8.25" "Event list" EventList {
        /// The events.
        events: List<EventCode>,
    }
    0x1B "TS 102 223 §8.27" "Location status" LocationStatus {
        /// Whether there is service.
        status: ServiceState,
    }
    0x1E "TS 102 223 §8.31" "Icon identifier" IconIdentifier {
        /// Bit 1: not self-explanatory.
        qualifier: u8,
        /// Record of `EF_IMG`.
        record: u8,
    }
    0x1F "TS 102 223 §8.32" "Item icon identifier list" ItemIcons {
        /// Bit 1: not self-explanatory.
        qualifier: u8,
        /// Records of `EF_IMG`, one an item.
        records: Vec<u8>,
    }
    0x24 "TS 102 223 §8.37" "Timer identifier" TimerIdentifier {
        /// 1 to 8.
        identifier: u8,
    }
    0x26 "TS 102 223 §8.39" "Date-time and time zone" DateTimeZone {
        /// Seven octets as in TP-SCTS.
        value: [u8; 7],
    }
    0x2B "TS 102 223 §8.43" "Immediate response" ImmediateResponse {}
    0x2D "TS 102 223 §8.45" "Language" Language {
        /// Two letters of ISO 639-1.
        code: [u8; 2],
    }
    0x2F "TS 102 223 §8.60" "AID" ApplicationIdentifier {
        /// The application.
        aid: Vec<u8>,
    }
    0x50 "TS 102 223 §8.72" "Text attribute" TextAttribute {
        /// How each part of the text looks.
        formats: List<TextFormat>,
    }
    0x51 "TS 102 223 §8.73" "Item text attribute list" ItemTextAttributes {
        /// How each item looks, in their order.
        formats: List<TextFormat>,
    }
    0x68 "TS 102 223 §8.80" "Frame identifier" FrameIdentifier {
        /// The frame.
        identifier: u8,
    }
}

codes! {
    /// Data coding scheme of a text string (TS 102 223 §8.15, TS 23.038 §4).
    pub struct Coding(u8) { PACKED = 0x00, EIGHT_BIT = 0x04, UCS2 = 0x08, }
}

/// Time left on, or given to, a timer (TS 102 223 §8.38, tag `0x25`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerValue {
    /// Hours, 0 to 23.
    pub hours: u8,
    /// Minutes, 0 to 59.
    pub minutes: u8,
    /// Seconds, 0 to 59.
    pub seconds: u8,
}

impl TimerValue {
    /// The longest time of a timer.
    pub const MAX: Self = Self { hours: 23, minutes: 59, seconds: 59 };

    /// `span` in whole seconds, rounded up; what is longer than [`TimerValue::MAX`] becomes that.
    #[must_use]
    pub fn from_duration(span: oxisim_wire::Duration) -> Self {
        let seconds = span.as_secs_ceil().min(24 * 3_600 - 1) as u32;
        Self {
            hours: (seconds / 3_600) as u8,
            minutes: (seconds / 60 % 60) as u8,
            seconds: (seconds % 60) as u8,
        }
    }

    /// As a span of time.
    #[must_use]
    pub fn duration(self) -> oxisim_wire::Duration {
        let minutes = u64::from(self.hours) * 60 + u64::from(self.minutes);
        oxisim_wire::Duration::from_secs(minutes * 60 + u64::from(self.seconds))
    }
}

impl Wire for TimerValue {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut part = |limit: u8| {
            let at = r.clone();
            let octet = r.u8(Self::NAME)?;
            let [tens, ones] = bcd::halves(octet);
            let value = tens.saturating_mul(10).saturating_add(ones);
            if tens > 9 || ones > 9 || value >= limit {
                return Err(at.error(Self::NAME, ErrorKind::Value(u32::from(octet))));
            }
            Ok(value)
        };
        Ok(Self { hours: part(24)?, minutes: part(60)?, seconds: part(60)? })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.hours, self.minutes, self.seconds].map(|n| (n / 10 % 10) | ((n % 10) << 4)));
    }
}

impl Show for TimerValue {
    fn show(&self) -> Shown {
        Shown::Text(format!("{:02}:{:02}:{:02}", self.hours, self.minutes, self.seconds))
    }
}

impl DataObject for TimerValue {
    const TAG: oxisim_wire::tlv::Tag = oxisim_wire::tlv::Tag(0x25);
    const NAME: &'static str = "Timer value";
    const SPEC: &'static str = "TS 102 223 §8.38";
}

impl<const N: usize> From<[EventCode; N]> for EventList {
    fn from(events: [EventCode; N]) -> Self {
        Self { events: events.into_iter().collect() }
    }
}

impl Duration {
    /// `span` in the finest unit that can hold it, rounded up, at most 255 minutes and at least one tenth.
    #[must_use]
    pub fn from_duration(span: oxisim_wire::Duration) -> Self {
        let tenths = span.as_millis().div_ceil(100).max(1);
        let (unit, interval) = match tenths {
            0..=255 if !tenths.is_multiple_of(10) => (TimeUnit::TENTHS, tenths),
            0..=2_550 => (TimeUnit::SECONDS, tenths.div_ceil(10)),
            _ => (TimeUnit::MINUTES, tenths.div_ceil(600).min(255)),
        };
        Self { unit, interval: interval as u8 }
    }

    /// As a span of time; an unknown unit is taken for seconds.
    #[must_use]
    pub fn duration(&self) -> oxisim_wire::Duration {
        let interval = u64::from(self.interval);
        match self.unit {
            TimeUnit::MINUTES => oxisim_wire::Duration::from_mins(interval),
            TimeUnit::TENTHS => oxisim_wire::Duration::from_millis(interval * 100),
            _ => oxisim_wire::Duration::from_secs(interval),
        }
    }
}

impl TextString {
    /// `text` in 8-bit coding of the GSM default alphabet, or in UCS2 if it needs that.
    #[must_use]
    pub fn eight_bit(text: &str) -> Self {
        match alphabet::encode(text) {
            Some(text) => Self { coding: Some(Coding::EIGHT_BIT), text },
            None => Self {
                coding: Some(Coding::UCS2),
                text: text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            },
        }
    }

    /// The text as people read it; what cannot be decoded is replaced.
    #[must_use]
    pub fn to_text(&self) -> String {
        // TS 23.038 §4: bits 4 and 3 of the general group name the alphabet.
        match self.coding.unwrap_or(Coding::EIGHT_BIT).0 & 0x0C {
            0x00 => {
                let septets = alphabet::unpack(&self.text, self.text.len() * 8 / 7, 0);
                alphabet::decode(strip_padding(&septets, self.text.len()))
            }
            0x08 => ucs2(&self.text),
            _ => alphabet::decode(&self.text),
        }
    }
}

/// In [`TextString::eight_bit`] coding.
impl From<&str> for TextString {
    fn from(text: &str) -> Self {
        Self::eight_bit(text)
    }
}

/// Coded by [`alpha`].
impl From<&str> for AlphaIdentifier {
    fn from(text: &str) -> Self {
        Self { text: alpha(text) }
    }
}

/// Coded already.
impl From<Vec<u8>> for AlphaIdentifier {
    fn from(text: Vec<u8>) -> Self {
        Self { text }
    }
}

/// Coded already.
impl<const N: usize> From<[u8; N]> for AlphaIdentifier {
    fn from(text: [u8; N]) -> Self {
        Self { text: text.into() }
    }
}

/// A carriage return that fills the last octet is not part of the text (TS 23.038 §6.1.2.3.1).
fn strip_padding(septets: &[u8], octets: usize) -> &[u8] {
    match septets.split_last() {
        Some((0x0D | 0x00, rest)) if octets.is_multiple_of(7) => rest,
        _ => septets,
    }
}

fn ucs2(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The text of an alpha identifier or an item, coded (TS 102 221 annex A); what that cannot code is dropped.
#[must_use]
pub fn alpha(text: &str) -> Vec<u8> {
    oxisim_sms::AlphaIdentifier::fit(text, ALPHA_OCTETS).alpha.octets().to_vec()
}

/// The text of an alpha identifier or an item, decoded (TS 102 221 annex A).
#[must_use]
pub fn alpha_text(octets: &[u8]) -> String {
    oxisim_sms::AlphaIdentifier::from_field(octets).text()
}

fn show_alpha(octets: &[u8]) -> Shown {
    Shown::Text(alpha_text(octets))
}

/// Paths of files, each from 3F00 or 7FFF on (TS 102 223 §8.18).
fn show_paths(octets: &[u8]) -> Shown {
    let (identifiers, []) = octets.as_chunks::<2>() else { return octets.show() };
    let mut paths: Vec<String> = Vec::new();
    for identifier in identifiers.iter().copied().map(u16::from_be_bytes) {
        match paths.last_mut() {
            Some(path) if identifier != 0x3F00 && (identifier != 0x7FFF || path == "3F00") => {
                *path = format!("{path}/{identifier:04X}");
            }
            _ => paths.push(format!("{identifier:04X}")),
        }
    }
    Shown::List(paths.into_iter().map(Shown::Text).collect())
}

/// More than a proactive command has room for.
const ALPHA_OCTETS: usize = 240;
