//! What the terminal tells the card with ENVELOPE (TS 102 223 §7, TS 31.111 §7).

use alloc::vec::Vec;

use oxisim_wire::{
    Error, ErrorKind, Reader,
    tlv::{self, Tlv},
};

pub use crate::event::{Event, EventDownload};
use crate::{
    codes::Device,
    message::{Declaration, Form, Object, Objects, Outgoing, Unknown},
    objects::{
        Address, BcRepeatIndicator, CapabilityConfiguration, CellBroadcastPage, DeviceIdentities,
        EcatSequenceNumber, EncapsulatedEnvelopeType, EncryptedTlvList, EpsPdnActivation,
        ExtendedRegistryApplicationData, FileList, GadShapes, HelpRequest, ImsUri, ItemIdentifier,
        LastEnvelope, LocationInformation, Mac, MediaType, MultimediaIdentifier, MultimediaNotification,
        MultimediaStatus, NmeaSentence, PdpContextActivation, ProSeReportData, RegistryApplicationData,
        SmsTpdu, SsString, Subaddress, TimerIdentifier, TimerValue, UriTruncated, UssdString,
    },
};

/// Declares the envelopes: BER tag, name, clause, struct and its objects in the standard's order. A struct without
/// objects here is declared elsewhere.
macro_rules! envelopes {
    ($($tag:literal $text:literal $spec:literal $name:ident $({ $($field:ident: $ty:ty,)* })?)*) => {
        $(
            $(message! {
                #[doc = concat!($text, " (", $spec, ", tag `", stringify!($tag), "`).")]
                $name { $($field: $ty,)* }
            })?

            impl From<$name> for Envelope {
                fn from(body: $name) -> Self {
                    Self::$name(body)
                }
            }
        )*

        /// The data of an ENVELOPE command.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Envelope {
            $(#[doc = concat!($text, " (", $spec, ").")] $name($name),)*
        }

        impl Envelope {
            /// Every envelope, in the order of their tags.
            pub const ALL: &'static [Declaration] = &[$(Declaration {
                code: $tag, text: $text, spec: $spec, fields: $name::FIELDS,
            },)*];

            /// The envelope's name in the standard's words.
            #[must_use]
            pub const fn text(&self) -> &'static str {
                match self { $(Self::$name(_) => $text,)* }
            }

            /// The clause that describes the envelope.
            #[must_use]
            pub const fn spec(&self) -> &'static str {
                match self { $(Self::$name(_) => $spec,)* }
            }

            /// Its tag.
            #[must_use]
            pub const fn tag(&self) -> u8 {
                match self { $(Self::$name(_) => $tag,)* }
            }

            /// Calls `f` with the name of each field and every object in it, in the standard's order.
            pub fn each_object(&self, f: &mut dyn FnMut(&'static str, &dyn Object)) {
                match self { $(Self::$name(body) => body.each_object(f),)* }
            }

            fn read_body(tag: u8, r: &mut Reader<'_>, unknown: &mut Vec<Unknown>) -> Result<Self, Error> {
                match tag {
                    $($tag => $name::read_objects(r, unknown).map(Self::$name),)*
                    other => Err(Error::new("envelope", 0, ErrorKind::Value(u32::from(other)))),
                }
            }
        }
    };
}

/// What a message has beside what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// Objects that the message does not define and that need not be understood.
    pub unknown: Vec<Unknown>,
    /// How it was written.
    pub form: Form,
}

envelopes! {
    0xD1 "SMS-PP download" "TS 31.111 §7.1.1" SmsPpDownload {
        devices: DeviceIdentities, service_centre: Option<Address>, tpdu: SmsTpdu,
    }
    0xD2 "cell broadcast download" "TS 31.111 §7.1.2" CellBroadcastDownload {
        devices: DeviceIdentities, page: CellBroadcastPage,
    }
    0xD3 "menu selection" "TS 102 223 §7.2" MenuSelection {
        devices: DeviceIdentities, item: ItemIdentifier, help: Option<HelpRequest>,
    }
    0xD4 "call control" "TS 31.111 §7.3.1" CallControl {
        devices: DeviceIdentities, address: Option<Address>, ss: Option<SsString>, ussd: Option<UssdString>,
        pdp: Option<PdpContextActivation>, eps: Option<EpsPdnActivation>, ims: Option<ImsUri>,
        capability: Option<CapabilityConfiguration>, subaddress: Option<Subaddress>,
        location: Option<LocationInformation>, second_capability: Option<CapabilityConfiguration>,
        repeat: Option<BcRepeatIndicator>, media: Option<MediaType>, truncated: Option<UriTruncated>,
    }
    0xD5 "MO short message control" "TS 31.111 §7.3.2" MoSmsControl {
        devices: DeviceIdentities, service_centre: Address, destination: Option<Address>,
        location: Option<LocationInformation>,
    }
    0xD6 "event download" "TS 102 223 §7.5" EventDownload
    0xD7 "timer expiration" "TS 102 223 §7.4" TimerExpiration {
        devices: DeviceIdentities, timer: TimerIdentifier, value: TimerValue,
    }
    0xD9 "USSD download" "TS 31.111 §7.6" UssdDownload { devices: DeviceIdentities, ussd: UssdString, }
    0xDA "MMS transfer status" "TS 102 223 §7.6" MmsTransfer {
        devices: DeviceIdentities, files: FileList, message: Option<MultimediaIdentifier>,
        status: Option<MultimediaStatus>,
    }
    0xDB "MMS notification download" "TS 102 223 §7.7" MmsNotificationDownload {
        devices: DeviceIdentities, notification: MultimediaNotification, last: Option<LastEnvelope>,
    }
    0xDC "terminal applications" "TS 102 223 §7.8" TerminalApplications {
        devices: DeviceIdentities, applications: Vec<RegistryApplicationData>,
        extended: Vec<ExtendedRegistryApplicationData>, last: Option<LastEnvelope>,
    }
    0xDD "geographical location reporting" "TS 31.111 §7.10" GeographicalLocation {
        devices: DeviceIdentities, shape: Option<GadShapes>, sentence: Option<NmeaSentence>,
    }
    0xDE "envelope container" "TS 102 223 §7.9" EnvelopeContainer {
        devices: DeviceIdentities, kind: Option<EncapsulatedEnvelopeType>, sequence: Option<EcatSequenceNumber>,
        mac: Option<Mac>, encrypted: Option<EncryptedTlvList>,
    }
    0xDF "ProSe report" "TS 31.111 §7.12" ProSeReport {
        devices: DeviceIdentities, report: Option<ProSeReportData>,
    }
}

impl Envelope {
    /// The data of the ENVELOPE command.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.write(&Rest::default())
    }

    /// The data of the ENVELOPE command, with what [`read`](Self::read) found beside the envelope.
    #[must_use]
    pub fn write(&self, rest: &Rest) -> Vec<u8> {
        let mut out = Vec::new();
        tlv::write_tlv(self.tag(), &mut out, |out| {
            let mut objects = Outgoing::new(out);
            self.each_object(&mut |_, object| objects.push(object));
            objects.unknown(&rest.unknown);
            objects.finish(&rest.form);
        });
        out
    }

    /// Reads the data of an ENVELOPE command; objects that need not be understood are passed over.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let Tlv { tag, mut value } = outer(bytes)?;
        Self::read_objects(tag, &mut value, &mut Vec::new())
    }

    /// Reads the data of an ENVELOPE command, all of it.
    pub fn read(bytes: &[u8]) -> Result<(Self, Rest), Error> {
        let Tlv { tag, mut value } = outer(bytes)?;
        let mut rest = Rest { unknown: Vec::new(), form: Form::of(value.clone()) };
        let envelope = Self::read_objects(tag, &mut value, &mut rest.unknown)?;
        Ok((envelope, rest))
    }

    fn read_objects(tag: u8, r: &mut Reader<'_>, unknown: &mut Vec<Unknown>) -> Result<Self, Error> {
        let envelope = Self::read_body(tag, r, unknown);
        if let Ok(Self::CallControl(control)) = &envelope {
            control.requested().ok_or_else(|| r.error("call control", ErrorKind::Missing))?;
        }
        envelope
    }
}

/// The one object that is the data of an ENVELOPE command.
fn outer(bytes: &[u8]) -> Result<Tlv<'_>, Error> {
    let mut r = Reader::new(bytes);
    let outer = Tlv::read(&mut r, "envelope")?;
    r.finish("envelope")?;
    Ok(outer)
}

/// What the terminal is about to do and asks the card for (TS 31.111 §7.3.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requested<'a> {
    /// A call.
    Call(&'a Address),
    /// A supplementary service operation.
    Ss(&'a SsString),
    /// A USSD operation.
    Ussd(&'a UssdString),
    /// A PDP context.
    Pdp(&'a PdpContextActivation),
    /// An EPS PDN connection.
    Eps(&'a EpsPdnActivation),
    /// A communication of the IP multimedia subsystem.
    Ims(&'a ImsUri),
}

impl CallControl {
    /// About a call to `address`.
    #[must_use]
    pub fn call(address: Address, location: Option<LocationInformation>) -> Self {
        Self { address: Some(address), ..Self::empty(location) }
    }

    /// About a supplementary service operation.
    #[must_use]
    pub fn ss(ss: SsString, location: Option<LocationInformation>) -> Self {
        Self { ss: Some(ss), ..Self::empty(location) }
    }

    /// About a USSD operation.
    #[must_use]
    pub fn ussd(ussd: UssdString, location: Option<LocationInformation>) -> Self {
        Self { ussd: Some(ussd), ..Self::empty(location) }
    }

    /// About the activation of a PDP context.
    #[must_use]
    pub fn pdp(pdp: PdpContextActivation, location: Option<LocationInformation>) -> Self {
        Self { pdp: Some(pdp), ..Self::empty(location) }
    }

    /// What the terminal is about to do; a message that was read always has it.
    #[must_use]
    pub fn requested(&self) -> Option<Requested<'_>> {
        let call = self.address.as_ref().map(Requested::Call);
        call.or(self.ss.as_ref().map(Requested::Ss))
            .or(self.ussd.as_ref().map(Requested::Ussd))
            .or(self.pdp.as_ref().map(Requested::Pdp))
            .or(self.eps.as_ref().map(Requested::Eps))
            .or(self.ims.as_ref().map(Requested::Ims))
    }

    fn empty(location: Option<LocationInformation>) -> Self {
        Self {
            devices: FROM_TERMINAL,
            address: None,
            ss: None,
            ussd: None,
            pdp: None,
            eps: None,
            ims: None,
            capability: None,
            subaddress: None,
            location,
            second_capability: None,
            repeat: None,
            media: None,
            truncated: None,
        }
    }
}

impl MoSmsControl {
    /// About a message to `destination` through `service_centre`.
    #[must_use]
    pub const fn new(
        service_centre: Address,
        destination: Option<Address>,
        location: Option<LocationInformation>,
    ) -> Self {
        Self { devices: FROM_TERMINAL, service_centre, destination, location }
    }
}

impl MenuSelection {
    /// The user chose `item`.
    #[must_use]
    pub const fn new(item: u8) -> Self {
        Self {
            devices: DeviceIdentities { source: Device::KEYPAD, destination: Device::UICC },
            item: ItemIdentifier { identifier: item },
            help: None,
        }
    }
}

impl TimerExpiration {
    /// Timer `timer` has run for `value`.
    #[must_use]
    pub const fn new(timer: u8, value: TimerValue) -> Self {
        Self { devices: FROM_TERMINAL, timer: TimerIdentifier { identifier: timer }, value }
    }
}

impl SmsPpDownload {
    /// A message for the card.
    #[must_use]
    pub const fn new(service_centre: Option<Address>, tpdu: Vec<u8>) -> Self {
        Self { devices: FROM_NETWORK, service_centre, tpdu: SmsTpdu { tpdu } }
    }
}

impl CellBroadcastDownload {
    /// A page for the card.
    #[must_use]
    pub const fn new(page: CellBroadcastPage) -> Self {
        Self { devices: FROM_NETWORK, page }
    }
}

impl UssdDownload {
    /// A USSD string for the card.
    #[must_use]
    pub const fn new(ussd: UssdString) -> Self {
        Self { devices: FROM_NETWORK, ussd }
    }
}

const FROM_TERMINAL: DeviceIdentities =
    DeviceIdentities { source: Device::TERMINAL, destination: Device::UICC };
const FROM_NETWORK: DeviceIdentities =
    DeviceIdentities { source: Device::NETWORK, destination: Device::UICC };
