//! Proactive commands (TS 102 223 §6.6), in the order of the standard.

use alloc::vec::Vec;

use oxisim_wire::{
    Error, ErrorKind, Reader,
    tlv::{self, Comprehension, Tlv},
};

use crate::{
    codes::{Device, GeneralResult, TransportProtocol},
    message::{DataObject, Declaration, Form, Object, Objects, Outgoing, Unknown},
    objects::{
        ActivateDescriptor, Address, AlphaIdentifier, ApplicationIdentifier, ApplicationRefreshData,
        AtCommand, AttributeInformation, BearerDescription, BearerList, BrowserIdentity, BufferSize,
        CapabilityConfiguration, ChannelData, ChannelDataLength, CommandApdu, CommandDetails,
        ContactlessState, DefaultText, DeviceFilter, DeviceIdentities, DtmfString, Duration,
        EcatSequenceNumber, EncryptedTlvList, EventList, FileList, FrameIdentifier, FrameLayout,
        GeographicalParameters, IconIdentifier, ImmediateResponse, ImsUri, Item, ItemIcons, ItemIdentifier,
        ItemTextAttributes, ItemsNextAction, Language, Mac, MultimediaContent, MultimediaIdentifier,
        MultimediaReference, NetworkAccessName, OtherAddress, PlmnAccessList, PlmnList, ProvisioningFile,
        RefreshEnforcementPolicy, RemoteEntityAddress, ResponseLength, SaTemplate, ServiceRecord,
        ServiceSearchFilter, SmsTpdu, SsString, Subaddress, TextAttribute, TextString, TimerIdentifier,
        TimerValue, Tone, TransportLevel, Url, UssdString,
    },
};

/// Tag of the BER-TLV object that holds a proactive command (TS 101 220 §7.2).
pub const PROACTIVE_COMMAND: u8 = 0xD0;

/// Declares the commands: type, name, clause, destination, struct and its objects in the standard's order.
macro_rules! proactive_commands {
    ($($(#[$meta:meta])* $kind:literal $code:ident $text:literal $spec:literal $device:ident $name:ident {
        $($field:ident: $ty:ty,)*
    })*) => {
        oxisim_wire::codes! {
            /// Type of command (TS 102 223 §9.4).
            pub struct CommandType(u8) { $($code = $kind,)* }
        }

        impl CommandType {
            /// Every command, in the order of the standard.
            pub const MESSAGES: &'static [Declaration] = &[$(Declaration {
                code: $kind, text: $text, spec: $spec, fields: $name::FIELDS,
            },)*];

            /// The command's name in the standard's words.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$code => $text,)* _ => "unknown command" }
            }

            /// The clause that describes the command.
            #[must_use]
            pub const fn spec(self) -> Option<&'static str> {
                match self { $(Self::$code => Some($spec),)* _ => None }
            }
        }

        $(
            message! {
                #[doc = concat!($text, " (", $spec, ", type `", stringify!($kind), "`).")]
                $(#[$meta])*
                $name { $($field: $ty,)* }
            }

            impl From<$name> for Proactive {
                fn from(body: $name) -> Self {
                    Self::$name(body)
                }
            }
        )*

        /// The objects of a proactive command, by its type.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Proactive {
            $(#[doc = concat!($text, " (", $spec, ").")] $name($name),)*
        }

        impl Proactive {
            /// The command's type.
            #[must_use]
            pub const fn kind(&self) -> CommandType {
                match self { $(Self::$name(_) => CommandType::$code,)* }
            }

            /// The device that such a command is for.
            const fn destination(&self) -> Device {
                match self { $(Self::$name(_) => Device::$device,)* }
            }

            fn read(
                kind: CommandType, r: &mut Reader<'_>, unknown: &mut Vec<Unknown>,
            ) -> Result<Option<Self>, Error> {
                Ok(match kind {
                    $(CommandType::$code => Some(Self::$name($name::read_objects(r, unknown)?)),)*
                    _ => None,
                })
            }

            /// Calls `f` with the name of each field of the type and every object in it, in the standard's order.
            pub fn each_object(&self, f: &mut dyn FnMut(&'static str, &dyn Object)) {
                match self { $(Self::$name(body) => body.each_object(f),)* }
            }
        }
    };
}

proactive_commands! {
    /// The qualifier says whether it has high priority (bit 1) and who clears it (bit 8).
    0x21 DISPLAY_TEXT "DISPLAY TEXT" "TS 102 223 §6.6.1" DISPLAY DisplayText {
        text: TextString, icon: Option<IconIdentifier>, immediate: Option<ImmediateResponse>,
        duration: Option<Duration>, attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    /// The qualifier says which characters are allowed; bit 3 asks for yes or no.
    0x22 GET_INKEY "GET INKEY" "TS 102 223 §6.6.2" TERMINAL GetInkey {
        text: TextString, icon: Option<IconIdentifier>, duration: Option<Duration>,
        attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    0x23 GET_INPUT "GET INPUT" "TS 102 223 §6.6.3" TERMINAL GetInput {
        text: TextString, length: ResponseLength, default: Option<DefaultText>, icon: Option<IconIdentifier>,
        attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>, duration: Option<Duration>,
    }
    0x02 MORE_TIME "MORE TIME" "TS 102 223 §6.6.4" TERMINAL MoreTime {}
    0x20 PLAY_TONE "PLAY TONE" "TS 102 223 §6.6.5" EARPIECE PlayTone {
        alpha: Option<AlphaIdentifier>, tone: Option<Tone>, duration: Option<Duration>,
        icon: Option<IconIdentifier>, attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    /// The terminal answers with the interval that it grants.
    0x03 POLL_INTERVAL "POLL INTERVAL" "TS 102 223 §6.6.6" TERMINAL PollInterval { interval: Duration, }
    0x25 SET_UP_MENU "SET UP MENU" "TS 102 223 §6.6.7" TERMINAL SetUpMenu {
        title: AlphaIdentifier, items: Vec<Item>, next_actions: Option<ItemsNextAction>,
        icon: Option<IconIdentifier>, item_icons: Option<ItemIcons>, attribute: Option<TextAttribute>,
        item_attributes: Option<ItemTextAttributes>,
    }
    0x24 SELECT_ITEM "SELECT ITEM" "TS 102 223 §6.6.8" TERMINAL SelectItem {
        title: Option<AlphaIdentifier>, items: Vec<Item>, next_actions: Option<ItemsNextAction>,
        default: Option<ItemIdentifier>, icon: Option<IconIdentifier>, item_icons: Option<ItemIcons>,
        attribute: Option<TextAttribute>, item_attributes: Option<ItemTextAttributes>,
        frame: Option<FrameIdentifier>,
    }
    /// An empty alpha identifier asks the terminal to show nothing.
    0x13 SEND_SHORT_MESSAGE "SEND SHORT MESSAGE" "TS 102 223 §6.6.9" NETWORK SendShortMessage {
        alpha: Option<AlphaIdentifier>, service_centre: Option<Address>, tpdu: SmsTpdu,
        icon: Option<IconIdentifier>, attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    /// The qualifier is a [`RefreshMode`](crate::codes::RefreshMode).
    0x01 REFRESH "REFRESH" "TS 102 223 §6.6.13" TERMINAL Refresh {
        files: Option<FileList>, application: Option<ApplicationIdentifier>, alpha: Option<AlphaIdentifier>,
        icon: Option<IconIdentifier>, attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
        policy: Option<RefreshEnforcementPolicy>, data: Option<ApplicationRefreshData>,
        access: Option<PlmnAccessList>, networks: Option<PlmnList>,
    }
    0x04 POLLING_OFF "POLLING OFF" "TS 102 223 §6.6.14" TERMINAL PollingOff {}
    /// The qualifier is a [`LocalInformation`](crate::codes::LocalInformation).
    0x26 PROVIDE_LOCAL_INFORMATION "PROVIDE LOCAL INFORMATION" "TS 102 223 §6.6.15" TERMINAL
    ProvideLocalInformation {}
    0x05 SET_UP_EVENT_LIST "SET UP EVENT LIST" "TS 102 223 §6.6.16" TERMINAL SetUpEventList { events: EventList, }
    /// The qualifier is a [`TimerAction`](crate::codes::TimerAction); only a start has a value.
    0x27 TIMER_MANAGEMENT "TIMER MANAGEMENT" "TS 102 223 §6.6.21" TERMINAL TimerManagement {
        timer: TimerIdentifier, value: Option<TimerValue>,
    }
    /// The qualifier says what becomes of other calls and whether it is tried again.
    0x10 SET_UP_CALL "SET UP CALL" "TS 102 223 §6.6.12" NETWORK SetUpCall {
        confirmation: Option<AlphaIdentifier>, address: Option<Address>, uri: Option<ImsUri>,
        capabilities: Option<CapabilityConfiguration>, subaddress: Option<Subaddress>, duration: Option<Duration>,
        icon: Option<IconIdentifier>, call: Option<AlphaIdentifier>, call_icon: Option<IconIdentifier>,
        attribute: Option<TextAttribute>, call_attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    0x11 SEND_SS "SEND SS" "TS 31.111 §6.6.10" NETWORK SendSs {
        alpha: Option<AlphaIdentifier>, string: SsString, icon: Option<IconIdentifier>,
        attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    0x12 SEND_USSD "SEND USSD" "TS 31.111 §6.6.11" NETWORK SendUssd {
        alpha: Option<AlphaIdentifier>, string: UssdString, icon: Option<IconIdentifier>,
        attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    0x14 SEND_DTMF "SEND DTMF" "TS 102 223 §6.6.24" NETWORK SendDtmf {
        alpha: Option<AlphaIdentifier>, digits: DtmfString, icon: Option<IconIdentifier>,
        attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    /// The qualifier says what becomes of a browser that runs.
    0x15 LAUNCH_BROWSER "LAUNCH BROWSER" "TS 102 223 §6.6.26" TERMINAL LaunchBrowser {
        browser: Option<BrowserIdentity>, url: Url, bearers: Option<BearerList>,
        provisioning: Vec<ProvisioningFile>, gateway: Option<TextString>, alpha: Option<AlphaIdentifier>,
        icon: Option<IconIdentifier>, attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
        access_name: Option<NetworkAccessName>, login: Option<TextString>, password: Option<TextString>,
    }
    0x16 GEOGRAPHICAL_LOCATION_REQUEST "GEOGRAPHICAL LOCATION REQUEST" "TS 31.111 §6.6.32" TERMINAL
    GeographicalLocationRequest { parameters: Option<GeographicalParameters>, }
    0x30 PERFORM_CARD_APDU "PERFORM CARD APDU" "TS 102 223 §6.6.17" CARD_READER_0 PerformCardApdu {
        apdu: CommandApdu,
    }
    0x31 POWER_ON_CARD "POWER ON CARD" "TS 102 223 §6.6.19" CARD_READER_0 PowerOnCard {}
    0x32 POWER_OFF_CARD "POWER OFF CARD" "TS 102 223 §6.6.18" CARD_READER_0 PowerOffCard {}
    /// The qualifier asks for the status (00) or the identifier (01) of readers.
    0x33 GET_READER_STATUS "GET READER STATUS" "TS 102 223 §6.6.20" TERMINAL GetReaderStatus {}
    0x34 RUN_AT_COMMAND "RUN AT COMMAND" "TS 102 223 §6.6.23" TERMINAL RunAtCommand {
        alpha: Option<AlphaIdentifier>, command: AtCommand, icon: Option<IconIdentifier>,
        attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    0x35 LANGUAGE_NOTIFICATION "LANGUAGE NOTIFICATION" "TS 102 223 §6.6.25" TERMINAL LanguageNotification {
        language: Option<Language>,
    }
    /// The qualifier says when the link is established.
    0x40 OPEN_CHANNEL "OPEN CHANNEL" "TS 102 223 §6.6.27" TERMINAL OpenChannel {
        alpha: Option<AlphaIdentifier>, icon: Option<IconIdentifier>, address: Option<Address>,
        subaddress: Option<Subaddress>, first_duration: Option<Duration>, second_duration: Option<Duration>,
        bearer: Option<BearerDescription>, buffer: BufferSize, access_name: Option<NetworkAccessName>,
        local: Option<OtherAddress>, login: Option<TextString>, password: Option<TextString>,
        transport: Option<TransportLevel>, destination: Option<OtherAddress>, remote: Option<RemoteEntityAddress>,
        attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    0x41 CLOSE_CHANNEL "CLOSE CHANNEL" "TS 102 223 §6.6.28" CHANNEL_1 CloseChannel {
        alpha: Option<AlphaIdentifier>, icon: Option<IconIdentifier>, attribute: Option<TextAttribute>,
        frame: Option<FrameIdentifier>,
    }
    0x42 RECEIVE_DATA "RECEIVE DATA" "TS 102 223 §6.6.29" CHANNEL_1 ReceiveData {
        alpha: Option<AlphaIdentifier>, icon: Option<IconIdentifier>, length: ChannelDataLength,
        attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    /// The qualifier says whether the data is stored (00) or sent at once (01).
    0x43 SEND_DATA "SEND DATA" "TS 102 223 §6.6.30" CHANNEL_1 SendData {
        alpha: Option<AlphaIdentifier>, icon: Option<IconIdentifier>, data: ChannelData,
        attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    0x44 GET_CHANNEL_STATUS "GET CHANNEL STATUS" "TS 102 223 §6.6.31" TERMINAL GetChannelStatus {}
    0x45 SERVICE_SEARCH "SERVICE SEARCH" "TS 102 223 §6.6.32" TERMINAL ServiceSearch {
        alpha: Option<AlphaIdentifier>, icon: Option<IconIdentifier>, search: ServiceSearchFilter,
        devices: Option<DeviceFilter>, attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    0x46 GET_SERVICE_INFORMATION "GET SERVICE INFORMATION" "TS 102 223 §6.6.33" TERMINAL GetServiceInformation {
        alpha: Option<AlphaIdentifier>, icon: Option<IconIdentifier>, attributes: AttributeInformation,
        attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    /// The qualifier says whether the service is added (00) or deleted (01).
    0x47 DECLARE_SERVICE "DECLARE SERVICE" "TS 102 223 §6.6.34" TERMINAL DeclareService {
        record: ServiceRecord, transport: Option<TransportLevel>,
    }
    0x50 SET_FRAMES "SET FRAMES" "TS 102 223 §6.6.35" TERMINAL SetFrames {
        frame: FrameIdentifier, layout: Option<FrameLayout>, default: Option<FrameIdentifier>,
    }
    0x51 GET_FRAMES_STATUS "GET FRAMES STATUS" "TS 102 223 §6.6.36" TERMINAL GetFramesStatus {}
    0x60 RETRIEVE_MULTIMEDIA_MESSAGE "RETRIEVE MULTIMEDIA MESSAGE" "TS 102 223 §6.6.37" NETWORK RetrieveMultimediaMessage {
        alpha: Option<AlphaIdentifier>, icon: Option<IconIdentifier>, reference: MultimediaReference,
        files: FileList, content: MultimediaContent, identifier: Option<MultimediaIdentifier>,
        attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    0x61 SUBMIT_MULTIMEDIA_MESSAGE "SUBMIT MULTIMEDIA MESSAGE" "TS 102 223 §6.6.38" NETWORK SubmitMultimediaMessage {
        alpha: Option<AlphaIdentifier>, icon: Option<IconIdentifier>, files: FileList,
        identifier: Option<MultimediaIdentifier>, attribute: Option<TextAttribute>, frame: Option<FrameIdentifier>,
    }
    0x62 DISPLAY_MULTIMEDIA_MESSAGE "DISPLAY MULTIMEDIA MESSAGE" "TS 102 223 §6.6.39" DISPLAY DisplayMultimediaMessage {
        files: FileList, identifier: MultimediaIdentifier, immediate: Option<ImmediateResponse>,
        frame: Option<FrameIdentifier>,
    }
    0x70 ACTIVATE "ACTIVATE" "TS 102 223 §6.6.40" TERMINAL Activate { descriptor: ActivateDescriptor, }
    0x71 CONTACTLESS_STATE_CHANGED "CONTACTLESS STATE CHANGED" "TS 102 223 §6.6.41" TERMINAL ContactlessStateChanged {
        state: ContactlessState,
    }
    0x72 COMMAND_CONTAINER "COMMAND CONTAINER" "TS 102 223 §6.6.42" TERMINAL CommandContainer {
        sequence: EcatSequenceNumber, mac: Option<Mac>, list: EncryptedTlvList,
    }
    0x73 ENCAPSULATED_SESSION_CONTROL "ENCAPSULATED SESSION CONTROL" "TS 102 223 §6.6.43" TERMINAL
    EncapsulatedSessionControl { template: Option<SaTemplate>, }
    0x28 SET_UP_IDLE_MODE_TEXT "SET UP IDLE MODE TEXT" "TS 102 223 §6.6.22" TERMINAL SetUpIdleModeText {
        text: TextString, icon: Option<IconIdentifier>, attribute: Option<TextAttribute>,
        frame: Option<FrameIdentifier>,
    }
}

/// A proactive command: command details, device identities, and the objects of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Number, type and qualifier.
    pub details: CommandDetails,
    /// From whom, to whom.
    pub devices: DeviceIdentities,
    /// The objects of the type.
    pub body: Proactive,
    /// Objects that the type does not define and that need not be understood.
    pub unknown: Vec<Unknown>,
    /// How it was written, if it was read.
    pub form: Form,
}

/// Why a terminal does not carry a command out, and what it answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("proactive command refused with {result:?}: {cause}")]
pub struct Refusal {
    /// The command's details, as far as they could be read.
    pub details: Option<CommandDetails>,
    /// The general result for the TERMINAL RESPONSE.
    pub result: GeneralResult,
    /// What was wrong, and where.
    #[source]
    pub cause: Error,
}

impl Command {
    /// A command from the card, number `number`.
    #[must_use]
    pub fn new(number: u8, qualifier: u8, body: impl Into<Proactive>) -> Self {
        let body = body.into();
        Self {
            details: CommandDetails { number, kind: body.kind(), qualifier },
            devices: DeviceIdentities { source: Device::UICC, destination: body.destination() },
            body,
            unknown: Vec::new(),
            form: Form::default(),
        }
    }

    /// The same command, for another device than its type's own: the channel or the card reader that it is about
    /// (TS 102 223 §8.7).
    #[must_use]
    pub const fn to(mut self, destination: Device) -> Self {
        self.devices.destination = destination;
        self
    }

    /// The command as FETCH delivers it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(USUAL_OCTETS);
        tlv::write_tlv(PROACTIVE_COMMAND, &mut out, |out| {
            let mut objects = Outgoing::new(out);
            objects.push(&self.details);
            objects.push(&self.devices);
            self.body.each_object(&mut |_, object| objects.push(object));
            objects.unknown(&self.unknown);
            objects.finish(&self.form);
        });
        out
    }

    /// Reads what FETCH delivered.
    ///
    /// # Errors
    /// The refusal holds the result that TS 102 223 §6.10 asks the terminal to answer with.
    pub fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut details = None;
        Self::read(bytes, &mut details).map_err(|cause| {
            let result = match cause.kind {
                ErrorKind::Missing => GeneralResult::REQUIRED_VALUES_MISSING,
                ErrorKind::Value(kind) if cause.what == UNKNOWN_TYPE && kind <= 0xFF => {
                    GeneralResult::COMMAND_TYPE_NOT_UNDERSTOOD
                }
                _ => GeneralResult::COMMAND_DATA_NOT_UNDERSTOOD,
            };
            Refusal { details, result, cause }
        })
    }

    fn read(bytes: &[u8], seen: &mut Option<CommandDetails>) -> Result<Self, Error> {
        let mut outer = Reader::new(bytes);
        let mut r = Tlv::expect(&mut outer, PROACTIVE_COMMAND, "proactive command")?;
        outer.finish("proactive command")?;
        let form = Form::of(r.clone());
        let details: CommandDetails = expect_object(&mut r)?;
        *seen = Some(details.clone());
        let devices = expect_object(&mut r)?;
        let mut unknown = Vec::new();
        let at = r.clone();
        let body = Proactive::read(details.kind, &mut r, &mut unknown)?
            .ok_or_else(|| at.error(UNKNOWN_TYPE, ErrorKind::Value(u32::from(details.kind.0))))?;
        check(&body, &r)?;
        Ok(Self { details, devices, body, unknown, form })
    }
}

/// What a command must have beyond its mandatory objects: a menu has at least one item, and the empty one that takes
/// a menu away stands alone (TS 102 223 §6.4.8); a call has an address or a URI (TS 31.111 §6.6.12); a channel has a
/// bearer unless the card is the server (TS 102 223 §6.6.27).
fn check(body: &Proactive, end: &Reader<'_>) -> Result<(), Error> {
    let missing = |what| Err(Error::new(what, end.offset(), ErrorKind::Missing));
    match body {
        Proactive::SetUpMenu(SetUpMenu { items, .. }) | Proactive::SelectItem(SelectItem { items, .. }) => {
            match &items[..] {
                [] => missing(Item::NAME),
                [_, _, ..] if items.iter().any(|item| item.identifier.is_none()) => {
                    Err(end.error(Item::NAME, ErrorKind::Value(0)))
                }
                _ => Ok(()),
            }
        }
        Proactive::SetUpCall(SetUpCall { address: None, uri: None, .. }) => missing(Address::NAME),
        Proactive::OpenChannel(OpenChannel { bearer: None, transport, .. })
            if transport.as_ref().is_none_or(|level| level.protocol != TransportProtocol::TCP_SERVER) =>
        {
            missing(BearerDescription::NAME)
        }
        _ => Ok(()),
    }
}

const UNKNOWN_TYPE: &str = "type of command";
/// Octets that hold most commands.
const USUAL_OCTETS: usize = 64;

/// Reads the object that must come next.
pub(crate) fn expect_object<T: DataObject>(r: &mut Reader<'_>) -> Result<T, Error> {
    if r.is_empty() {
        return Err(r.error(T::NAME, ErrorKind::Missing));
    }
    let at = r.clone();
    let mut object = Comprehension::read(r)?;
    if object.tag != T::TAG {
        let kind = ErrorKind::Tag { expected: u32::from(T::TAG.0), found: u32::from(object.tag.0) };
        return Err(at.error(T::NAME, kind));
    }
    let value = T::read(&mut object.value)?;
    object.value.finish(T::NAME)?;
    Ok(value)
}
