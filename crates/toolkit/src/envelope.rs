//! What the terminal tells the card with ENVELOPE (TS 102 223 §7, TS 31.111 §7).

use alloc::vec::Vec;

use oxisim_wire::{
    Error, ErrorKind, Reader,
    tlv::{self, Tlv},
};

use crate::{
    codes::Device,
    message::{Form, Object, Objects, Outgoing, Unknown},
    objects::{
        Address, DeviceIdentities, EventList, HelpRequest, ItemIdentifier, LocationInformation,
        LocationStatus, SmsTpdu, TimerIdentifier, TimerValue,
    },
};

/// Declares the envelopes: BER tag, name, clause, struct and its objects in the standard's order.
macro_rules! envelopes {
    ($($tag:literal $text:literal $spec:literal $name:ident { $($field:ident: $ty:ty,)* })*) => {
        $(
            message! {
                #[doc = concat!($text, " (", $spec, ", tag `", stringify!($tag), "`).")]
                $name { $($field: $ty,)* }
            }

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
            /// The envelope's name in the standard's words.
            #[must_use]
            pub const fn text(&self) -> &'static str {
                match self { $(Self::$name(_) => $text,)* }
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

            /// The data of the ENVELOPE command.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                self.write(&Rest::default())
            }

            /// The data of the ENVELOPE command, with what [`read`](Self::read) found beside the envelope.
            #[must_use]
            pub fn write(&self, rest: &Rest) -> Vec<u8> {
                let mut objects = Outgoing::default();
                self.each_object(&mut |_, object| objects.push(object));
                objects.unknown(&rest.unknown);
                let mut out = Vec::new();
                tlv::write_tlv(self.tag(), &mut out, |out| objects.write(&rest.form, out));
                out
            }

            /// Reads the data of an ENVELOPE command; objects that need not be understood are passed over.
            pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
                Self::read(bytes).map(|(envelope, _)| envelope)
            }

            /// Reads the data of an ENVELOPE command, all of it.
            pub fn read(bytes: &[u8]) -> Result<(Self, Rest), Error> {
                let mut outer = Reader::new(bytes);
                let Tlv { tag, mut value } = Tlv::read(&mut outer, "envelope")?;
                outer.finish("envelope")?;
                let mut rest = Rest { unknown: Vec::new(), form: Form::of(value.clone()) };
                let envelope = match tag {
                    $($tag => $name::read_objects(&mut value, &mut rest.unknown).map(Self::$name),)*
                    other => Err(Error::new("envelope", 0, ErrorKind::Value(u32::from(other)))),
                }?;
                Ok((envelope, rest))
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
    0xD3 "menu selection" "TS 102 223 §7.2" MenuSelection {
        devices: DeviceIdentities, item: ItemIdentifier, help: Option<HelpRequest>,
    }
    0xD6 "event download" "TS 102 223 §7.5" EventDownload {
        events: EventList, devices: DeviceIdentities, location_status: Option<LocationStatus>,
        location: Option<LocationInformation>,
    }
    0xD7 "timer expiration" "TS 102 223 §7.4" TimerExpiration {
        devices: DeviceIdentities, timer: TimerIdentifier, value: TimerValue,
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
        Self {
            devices: DeviceIdentities { source: Device::TERMINAL, destination: Device::UICC },
            timer: TimerIdentifier { identifier: timer },
            value,
        }
    }
}

impl SmsPpDownload {
    /// A message for the card.
    #[must_use]
    pub const fn new(service_centre: Option<Address>, tpdu: Vec<u8>) -> Self {
        Self {
            devices: DeviceIdentities { source: Device::NETWORK, destination: Device::UICC },
            service_centre,
            tpdu: SmsTpdu { tpdu },
        }
    }
}
