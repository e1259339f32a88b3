//! EVENT DOWNLOAD: what happened that the card had asked to be told of (TS 102 223 §7.5, TS 31.111 §7.5).

use alloc::vec::Vec;

use oxisim_wire::{Error, ErrorKind, Reader, tlv::Comprehension};

use crate::{
    codes::{Device, EventCode},
    message::{DataObject, Declaration, Field, FieldInfo, Object, Objects, Unknown, offer},
    objects::{
        AccessTechnology, Address, BearerDescription, BrowserTerminationCause, BrowsingStatus,
        CallDisconnectionCause, CardReaderStatus, CatServiceList, Cause, ChannelDataLength, ChannelStatus,
        ContactlessStateRequest, CsgId, CsgSelectionStatus, DataConnectionStatus, DataConnectionType,
        DateTimeZone, DeviceIdentities, DisplayParameters, Duration, EcatClientIdentity, EcatClientProfile,
        EcatSequenceNumber, EncryptedTlvList, EventList, ExtendedRejectionCause, FramesInformation, HnbName,
        Iari, ImpuList, ImsStatusCode, ImsUri, IwlanAccessStatus, Language, LocationInformation,
        LocationStatus, Mac, MediaType, NetworkAccessName, NetworkSearchMode, OtherAddress, PdpType,
        PlmnIdentifier, RejectionCause, RemoteEntityAddress, RoutingArea, ServiceRecord, SmCause, Subaddress,
        TrackingArea, TransactionIdentifier, TransportLevel, UpdateAttachType, UriTruncated,
    },
};

/// Declares the events: code, name, clause, source, struct and its objects in the standard's order.
macro_rules! events {
    ($($code:ident $text:literal $spec:literal $source:ident $name:ident { $($field:ident: $ty:ty,)* })*) => {
        $(
            message! {
                #[doc = concat!($text, " (", $spec, ").")]
                $name { $($field: $ty,)* }
            }

            impl From<$name> for Event {
                fn from(body: $name) -> Self {
                    Self::$name(body)
                }
            }
        )*

        /// What an EVENT DOWNLOAD tells, by its event.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event {
            $(#[doc = concat!($text, " (", $spec, ").")] $name($name),)*
            /// An event that this crate does not know.
            Other(EventCode),
        }

        impl Event {
            /// Every event, in the order of their codes.
            pub const ALL: &'static [Declaration] = &[$(Declaration {
                code: EventCode::$code.0, text: $text, spec: $spec, fields: $name::FIELDS,
            },)*];

            /// Its code in the event list.
            #[must_use]
            pub const fn code(&self) -> EventCode {
                match self { $(Self::$name(_) => EventCode::$code,)* Self::Other(code) => *code }
            }

            /// Its name in the standard's words.
            #[must_use]
            pub const fn text(&self) -> &'static str {
                match self { $(Self::$name(_) => $text,)* Self::Other(_) => "unknown event" }
            }

            /// The clause that describes it.
            #[must_use]
            pub const fn spec(&self) -> Option<&'static str> {
                match self { $(Self::$name(_) => Some($spec),)* Self::Other(_) => None }
            }

            /// The device that such an event comes from.
            const fn source(&self) -> Device {
                match self { $(Self::$name(_) => Device::$source,)* Self::Other(_) => Device::TERMINAL }
            }

            fn read(
                code: EventCode,
                r: &mut Reader<'_>,
                unknown: &mut Vec<Unknown>,
                head: &mut dyn FnMut(&mut Comprehension<'_>) -> Result<bool, Error>,
            ) -> Result<Self, Error> {
                match code {
                    $(EventCode::$code => $name::read_rest(r, unknown, head).map(Self::$name),)*
                    _ => NoObjects::read_rest(r, unknown, head).map(|_| Self::Other(code)),
                }
            }

            fn each_object(&self, f: &mut dyn FnMut(&'static str, &dyn Object)) {
                match self { $(Self::$name(body) => body.each_object(f),)* Self::Other(_) => {} }
            }
        }
    };
}

events! {
    MT_CALL "MT call" "TS 31.111 §7.5.1A" NETWORK MtCall {
        transaction: TransactionIdentifier, address: Option<Address>, subaddress: Option<Subaddress>,
        uri: Option<ImsUri>, media: Option<MediaType>, truncated: Option<UriTruncated>,
    }
    CALL_CONNECTED "call connected" "TS 31.111 §7.5.2A" NETWORK CallConnected {
        transaction: TransactionIdentifier, media: Option<MediaType>,
    }
    CALL_DISCONNECTED "call disconnected" "TS 31.111 §7.5.3A" NETWORK CallDisconnected {
        transactions: TransactionIdentifier, cause: Option<Cause>, media: Option<MediaType>,
        ims_cause: Option<CallDisconnectionCause>,
    }
    LOCATION_STATUS "location status" "TS 102 223 §7.5.4" TERMINAL LocationStatusChange {
        status: LocationStatus, location: Option<LocationInformation>,
    }
    USER_ACTIVITY "user activity" "TS 102 223 §7.5.5" TERMINAL UserActivity {}
    IDLE_SCREEN_AVAILABLE "idle screen available" "TS 102 223 §7.5.6" DISPLAY IdleScreenAvailable {}
    CARD_READER_STATUS "card reader status" "TS 102 223 §7.5.7" TERMINAL CardReaderStatusChange {
        status: CardReaderStatus,
    }
    LANGUAGE_SELECTION "language selection" "TS 102 223 §7.5.8" TERMINAL LanguageSelection {
        language: Language,
    }
    BROWSER_TERMINATION "browser termination" "TS 102 223 §7.5.9" TERMINAL BrowserTermination {
        cause: BrowserTerminationCause,
    }
    DATA_AVAILABLE "data available" "TS 102 223 §7.5.10" TERMINAL DataAvailable {
        status: ChannelStatus, length: ChannelDataLength,
    }
    CHANNEL_STATUS "channel status" "TS 102 223 §7.5.11" TERMINAL ChannelStatusChange {
        status: ChannelStatus, bearer: Option<BearerDescription>, address: Option<OtherAddress>,
    }
    ACCESS_TECHNOLOGY_CHANGE "access technology change" "TS 102 223 §7.5.12" TERMINAL AccessTechnologyChange {
        technology: AccessTechnology,
    }
    DISPLAY_PARAMETERS_CHANGED "display parameters changed" "TS 102 223 §7.5.13" TERMINAL
    DisplayParametersChanged { parameters: DisplayParameters, }
    LOCAL_CONNECTION "local connection" "TS 102 223 §7.5.14" TERMINAL LocalConnection {
        service: ServiceRecord, remote: Option<RemoteEntityAddress>, transport: Option<TransportLevel>,
    }
    NETWORK_SEARCH_MODE_CHANGE "network search mode change" "TS 102 223 §7.5.15" TERMINAL
    NetworkSearchModeChange { mode: NetworkSearchMode, }
    BROWSING_STATUS "browsing status" "TS 102 223 §7.5.16" TERMINAL BrowsingStatusChange {
        status: BrowsingStatus,
    }
    FRAMES_INFORMATION_CHANGE "frames information change" "TS 102 223 §7.5.17" TERMINAL
    FramesInformationChange { frames: FramesInformation, }
    WLAN_ACCESS_STATUS "I-WLAN access status" "TS 31.111 §7.5.1" TERMINAL WlanAccessStatusChange {
        status: IwlanAccessStatus,
    }
    NETWORK_REJECTION "network rejection" "TS 31.111 §7.5.2" NETWORK NetworkRejection {
        location: Option<LocationInformation>, routing_area: Option<RoutingArea>,
        tracking_area: Option<TrackingArea>, technology: AccessTechnology,
        update: UpdateAttachType, cause: RejectionCause, extended: Option<ExtendedRejectionCause>,
    }
    HCI_CONNECTIVITY "HCI connectivity" "TS 102 223 §7.5.18" TERMINAL HciConnectivity {}
    ACCESS_TECHNOLOGIES_CHANGE "access technology change (multiple access technologies)" "TS 102 223 §7.5.12"
    TERMINAL AccessTechnologiesChange { technologies: AccessTechnology, }
    CSG_CELL_SELECTION "CSG cell selection" "TS 31.111 §7.5.3" TERMINAL CsgCellSelection {
        technology: AccessTechnology, status: CsgSelectionStatus, csg: Option<CsgId>,
        name: Option<HnbName>, plmn: Option<PlmnIdentifier>,
    }
    CONTACTLESS_STATE_REQUEST "contactless state request" "TS 102 223 §7.5.19" TERMINAL ContactlessRequest {
        request: ContactlessStateRequest,
    }
    IMS_REGISTRATION "IMS registration" "TS 31.111 §7.5.21" NETWORK ImsRegistration {
        identities: Option<ImpuList>, status: Option<ImsStatusCode>,
    }
    INCOMING_IMS_DATA "incoming IMS data" "TS 31.111 §7.5.20" NETWORK IncomingImsData {
        application: Iari,
    }
    PROFILE_CONTAINER "profile container" "TS 102 223 §7.5.20" TERMINAL ProfileContainer {
        profile: Option<EcatClientProfile>, client: Option<EcatClientIdentity>,
        services: Option<CatServiceList>,
    }
    SECURED_PROFILE_CONTAINER "secured profile container" "TS 102 223 §7.5.21" TERMINAL
    SecuredProfileContainer {
        sequence: Option<EcatSequenceNumber>, mac: Option<Mac>, encrypted: Option<EncryptedTlvList>,
    }
    POLL_INTERVAL_NEGOTIATION "poll interval negotiation" "TS 102 223 §7.5.22" TERMINAL
    PollIntervalNegotiation { interval: Duration, }
    DATA_CONNECTION_STATUS_CHANGE "data connection status change" "TS 31.111 §7.5.25" TERMINAL
    DataConnectionStatusChange {
        status: DataConnectionStatus, kind: DataConnectionType, cause: Option<SmCause>,
        transaction: Option<TransactionIdentifier>, time: Option<DateTimeZone>,
        location: Option<LocationInformation>, technology: Option<AccessTechnology>,
        location_status: Option<LocationStatus>, access_name: Option<NetworkAccessName>,
        protocol: Option<PdpType>,
    }
}

message! {
    /// The objects of an event that is not known: none.
    NoObjects {}
}

/// An event that the card had asked for (TS 102 223 §7.5, tag `0xD6`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDownload {
    /// From whom, to whom.
    pub devices: DeviceIdentities,
    /// What happened.
    pub event: Event,
}

impl EventDownload {
    /// An event, from the device that the standard names first.
    #[must_use]
    pub fn new(event: impl Into<Event>) -> Self {
        let event = event.into();
        Self { devices: DeviceIdentities { source: event.source(), destination: Device::UICC }, event }
    }

    /// The same event from another device: the terminal is the source of what its user did to a call, the network
    /// of what the other end did (TS 31.111 §7.5.2A, §7.5.3A).
    #[must_use]
    pub const fn from(mut self, source: Device) -> Self {
        self.devices.source = source;
        self
    }

    /// The event's code.
    #[must_use]
    pub const fn code(&self) -> EventCode {
        self.event.code()
    }
}

impl Objects for EventDownload {
    const FIELDS: &'static [FieldInfo] =
        &[FieldInfo::of::<EventList>("events"), FieldInfo::of::<DeviceIdentities>("devices")];

    fn read_rest(
        r: &mut Reader<'_>,
        unknown: &mut Vec<Unknown>,
        head: &mut dyn FnMut(&mut Comprehension<'_>) -> Result<bool, Error>,
    ) -> Result<Self, Error> {
        let code = code_of(r.clone())?;
        let (mut events, mut devices) = (None, None);
        let event = Event::read(code, r, unknown, &mut |object| {
            Ok(head(object)?
                || offer::<EventList>(&mut events, object)?
                || offer::<DeviceIdentities>(&mut devices, object)?)
        })?;
        Ok(Self { devices: Field::finish(devices, r.offset())?, event })
    }

    fn each_object(&self, f: &mut dyn FnMut(&'static str, &dyn Object)) {
        f("events", &EventList::from([self.code()]));
        f("devices", &self.devices);
        self.event.each_object(f);
    }
}

/// The one event of the event list, which says what the other objects are.
fn code_of(mut r: Reader<'_>) -> Result<EventCode, Error> {
    while !r.is_empty() {
        let mut object = Comprehension::read(&mut r)?;
        if object.tag == EventList::TAG {
            let code = object.value.u8(EventList::NAME)?;
            object.value.finish(EventList::NAME)?;
            return Ok(EventCode(code));
        }
    }
    Err(r.error(EventList::NAME, ErrorKind::Missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Envelope;

    #[test]
    fn an_event_that_is_not_known_keeps_its_code_and_what_need_not_be_understood() {
        let bytes = [0xD6, 0x0A, 0x99, 0x01, 0x7E, 0x82, 0x02, 0x82, 0x81, 0x1C, 0x01, 0x00];
        let (envelope, rest) = Envelope::read(&bytes).unwrap();
        assert_eq!(envelope, EventDownload::new(Event::Other(EventCode(0x7E))).into());
        assert_eq!(rest.unknown.len(), 1);
        assert_eq!(envelope.write(&rest), bytes);
    }

    #[test]
    fn the_event_list_says_what_the_rest_is_wherever_it_stands() {
        let bytes = [0xD6, 0x0A, 0x9B, 0x01, 0x02, 0x82, 0x02, 0x82, 0x81, 0x99, 0x01, 0x03];
        let (envelope, rest) = Envelope::read(&bytes).unwrap();
        let out = LocationStatusChange {
            status: LocationStatus { status: crate::codes::ServiceState::NO_SERVICE },
            location: None,
        };
        assert_eq!(envelope, EventDownload::new(out).into());
        assert_eq!(envelope.write(&rest), bytes);
    }

    #[test]
    fn an_event_download_tells_of_one_event() {
        let two = [0xD6, 0x08, 0x99, 0x02, 0x04, 0x05, 0x82, 0x02, 0x82, 0x81];
        let none = [0xD6, 0x04, 0x82, 0x02, 0x82, 0x81];
        assert_eq!(Envelope::decode(&two).unwrap_err().kind, ErrorKind::Trailing(1));
        assert_eq!(Envelope::decode(&none).unwrap_err().kind, ErrorKind::Missing);
    }
}
