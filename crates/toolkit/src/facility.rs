//! The facilities of a TERMINAL PROFILE, bit by bit (TS 102 223 §5.2, TS 31.111 §5.2).

use crate::CommandType;
use crate::codes::{EventCode, LocalInformation, RefreshMode, TimerAction};

/// Declares the facilities of the profile: name, octet and bit, both counted from 1 as in the standard, and the
/// standard's words.
macro_rules! facilities {
    ($($name:ident = $octet:literal . $bit:literal $text:literal,)*) => {
        /// A facility that a terminal has or has not, by its place in the profile.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Facility { $(#[doc = concat!($text, " (octet ", $octet, ", bit ", $bit, ").")] $name,)* }

        impl Facility {
            /// Every facility, in the order of the profile.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its octet and its bit, both counted from 1.
            #[must_use]
            pub const fn place(self) -> (u8, u8) {
                match self { $(Self::$name => ($octet, $bit),)* }
            }

            /// Its name in the standard's words.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Its name in this crate.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

/// Declares the numbers in the profile: name, octet, first bit, how many bits, and the standard's words.
macro_rules! quantities {
    ($($name:ident = $octet:literal . $bit:literal, $bits:literal $text:literal;)*) => {
        /// A number that a terminal tells in its profile, by its place there.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Quantity {
            $(#[doc = concat!($text, " (octet ", $octet, ", ", $bits, " bits from bit ", $bit, ").")] $name,)*
        }

        impl Quantity {
            /// Every number, in the order of the profile.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its octet, its lowest bit, both counted from 1, and how many bits it takes.
            #[must_use]
            pub const fn place(self) -> (u8, u8, u8) {
                match self { $(Self::$name => ($octet, $bit, $bits),)* }
            }

            /// Its name in the standard's words.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Its name in this crate.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

facilities! {
    ProfileDownload = 1 . 1 "Profile Download",
    SmsPpDownload = 1 . 2 "SMS-PP Data Download",
    CellBroadcastDownload = 1 . 3 "CB Data Download",
    MenuSelection = 1 . 4 "Menu Selection",
    SmsPpDownloadSupported = 1 . 5 "SMS-PP data download is supported",
    TimerExpiration = 1 . 6 "Timer expiration",
    CallControl = 1 . 7 "Call control by NAA is supported",
    CallControlRedial = 1 . 8 "Call control by NAA (during automatic redial)",
    CommandResult = 2 . 1 "Command result",
    CallControlByNaa = 2 . 2 "Call control by NAA",
    CallControlCellIdentity = 2 . 3 "Cell identity in call control by NAA",
    MoSmsControl = 2 . 4 "MO short message control",
    AlphaHandling = 2 . 5 "Handling of the alpha identifier",
    Ucs2Entry = 2 . 6 "UCS2 Entry",
    Ucs2Display = 2 . 7 "UCS2 Display",
    DisplayExtension = 2 . 8 "Display of Extension Text",
    DisplayText = 3 . 1 "DISPLAY TEXT",
    GetInkey = 3 . 2 "GET INKEY",
    GetInput = 3 . 3 "GET INPUT",
    MoreTime = 3 . 4 "MORE TIME",
    PlayTone = 3 . 5 "PLAY TONE",
    PollInterval = 3 . 6 "POLL INTERVAL",
    PollingOff = 3 . 7 "POLLING OFF",
    Refresh = 3 . 8 "REFRESH",
    SelectItem = 4 . 1 "SELECT ITEM",
    SendShortMessage = 4 . 2 "SEND SHORT MESSAGE",
    SendSs = 4 . 3 "SEND SS",
    SendUssd = 4 . 4 "SEND USSD",
    SetUpCall = 4 . 5 "SET UP CALL",
    SetUpMenu = 4 . 6 "SET UP MENU",
    ProvideLocalInformation = 4 . 7 "PROVIDE LOCAL INFORMATION",
    NetworkMeasurementResults = 4 . 8 "PROVIDE LOCAL INFORMATION (NMR)",
    SetUpEventList = 5 . 1 "SET UP EVENT LIST",
    EventMtCall = 5 . 2 "Event: MT call",
    EventCallConnected = 5 . 3 "Event: Call connected",
    EventCallDisconnected = 5 . 4 "Event: Call disconnected",
    EventLocationStatus = 5 . 5 "Event: Location status",
    EventUserActivity = 5 . 6 "Event: User activity",
    EventIdleScreenAvailable = 5 . 7 "Event: Idle screen available",
    EventCardReaderStatus = 5 . 8 "Event: Card reader status",
    EventLanguageSelection = 6 . 1 "Event: Language Selection",
    EventBrowserTermination = 6 . 2 "Event: Browser Termination",
    EventDataAvailable = 6 . 3 "Event: Data Available",
    EventChannelStatus = 6 . 4 "Event: Channel Status",
    EventAccessTechnologyChange = 6 . 5 "Event: Access Technology Change",
    EventDisplayParametersChanged = 6 . 6 "Event: Display parameters changed",
    EventLocalConnection = 6 . 7 "Event: Local Connection",
    EventNetworkSearchModeChange = 6 . 8 "Event: Network Search Mode Change",
    PowerOnCard = 7 . 1 "POWER ON CARD",
    PowerOffCard = 7 . 2 "POWER OFF CARD",
    PerformCardApdu = 7 . 3 "PERFORM CARD APDU",
    GetReaderStatus = 7 . 4 "GET READER STATUS (status)",
    GetReaderIdentifier = 7 . 5 "GET READER STATUS (identifier)",
    TimerManagement = 8 . 1 "TIMER MANAGEMENT (start, stop)",
    TimerCurrentValue = 8 . 2 "TIMER MANAGEMENT (get current value)",
    DateTimeZone = 8 . 3 "PROVIDE LOCAL INFORMATION (date, time, tz)",
    GetInkeyYesNo = 8 . 4 "GET INKEY (yes or no)",
    SetUpIdleModeText = 8 . 5 "SET UP IDLE MODE TEXT",
    RunAtCommand = 8 . 6 "RUN AT COMMAND",
    SetUpCallSecondAlpha = 8 . 7 "SET UP CALL (second alpha identifier)",
    CallControlSecondCapability = 8 . 8 "Call control by NAA (second capability configuration)",
    SustainedDisplayText = 9 . 1 "Sustained DISPLAY TEXT",
    SendDtmf = 9 . 2 "SEND DTMF",
    BcchChannelList = 9 . 3 "PROVIDE LOCAL INFORMATION (BCCH channel list)",
    LanguageInformation = 9 . 4 "PROVIDE LOCAL INFORMATION (language)",
    TimingAdvance = 9 . 5 "PROVIDE LOCAL INFORMATION (Timing Advance)",
    LanguageNotification = 9 . 6 "LANGUAGE NOTIFICATION",
    LaunchBrowser = 9 . 7 "LAUNCH BROWSER",
    AccessTechnology = 9 . 8 "PROVIDE LOCAL INFORMATION (Access Technology)",
    SoftKeysSelectItem = 10 . 1 "Soft keys support for SELECT ITEM",
    SoftKeysSetUpMenu = 10 . 2 "Soft Keys support for SET UP MENU",
    OpenChannel = 12 . 1 "OPEN CHANNEL",
    CloseChannel = 12 . 2 "CLOSE CHANNEL",
    ReceiveData = 12 . 3 "RECEIVE DATA",
    SendData = 12 . 4 "SEND DATA",
    GetChannelStatus = 12 . 5 "GET CHANNEL STATUS",
    ServiceSearch = 12 . 6 "SERVICE SEARCH",
    GetServiceInformation = 12 . 7 "GET SERVICE INFORMATION",
    DeclareService = 12 . 8 "DECLARE SERVICE",
    BearerCsd = 13 . 1 "CSD bearer",
    BearerGprs = 13 . 2 "GPRS bearer",
    BearerBluetooth = 13 . 3 "Bluetooth bearer",
    BearerIrda = 13 . 4 "IrDA bearer",
    BearerRs232 = 13 . 5 "RS232 bearer",
    NoDisplay = 14 . 6 "No display capability",
    NoKeypad = 14 . 7 "No keypad available",
    ScreenSizing = 14 . 8 "Screen sizing parameters",
    VariableSizeFonts = 15 . 8 "Variable size fonts",
    DisplayResize = 16 . 1 "Display resize",
    TextWrapping = 16 . 2 "Text Wrapping",
    TextScrolling = 16 . 3 "Text Scrolling",
    TextAttributes = 16 . 4 "Text Attributes",
    TcpClientRemote = 17 . 1 "TCP client mode remote connection",
    UdpClientRemote = 17 . 2 "UDP client mode remote connection",
    TcpServer = 17 . 3 "TCP server mode",
    TcpClientLocal = 17 . 4 "TCP client mode local connection",
    UdpClientLocal = 17 . 5 "UDP client mode local connection",
    DirectChannel = 17 . 6 "Direct communication channel",
    BearerEutran = 17 . 7 "E-UTRAN bearer",
    BearerHsdpa = 17 . 8 "HSDPA bearer",
    DisplayTextVariableTimeout = 18 . 1 "DISPLAY TEXT (Variable Time out)",
    GetInkeyHelp = 18 . 2 "GET INKEY (help is supported)",
    BearerUsb = 18 . 3 "USB bearer",
    GetInkeyVariableTimeout = 18 . 4 "GET INKEY (Variable Timeout)",
    Esn = 18 . 5 "PROVIDE LOCAL INFORMATION (ESN)",
    CallControlOnGprs = 18 . 6 "CALL CONTROL on GPRS",
    Imeisv = 18 . 7 "PROVIDE LOCAL INFORMATION (IMEISV)",
    SearchMode = 18 . 8 "PROVIDE LOCAL INFORMATION (search mode)",
    BrowserWml = 21 . 1 "WML",
    BrowserXhtml = 21 . 2 "XHTML",
    BrowserHtml = 21 . 3 "HTML",
    BrowserChtml = 21 . 4 "CHTML",
    UtranExtendedParameters = 22 . 1 "UTRAN PS with extended parameters",
    BatteryState = 22 . 2 "PROVIDE LOCAL INFORMATION (battery state)",
    MelodyAndThemedTones = 22 . 3 "PLAY TONE (Melody tones and Themed tones supported)",
    MultimediaCalls = 22 . 4 "Multi-media Calls in SET UP CALL",
    ToolkitGba = 22 . 5 "Toolkit-initiated GBA",
    RetrieveMultimediaMessage = 22 . 6 "RETRIEVE MULTIMEDIA MESSAGE",
    SubmitMultimediaMessage = 22 . 7 "SUBMIT MULTIMEDIA MESSAGE",
    DisplayMultimediaMessage = 22 . 8 "DISPLAY MULTIMEDIA MESSAGE",
    SetFrames = 23 . 1 "SET FRAMES",
    GetFramesStatus = 23 . 2 "GET FRAMES STATUS",
    MmsNotificationDownload = 23 . 3 "MMS notification download",
    RefreshAlpha = 23 . 4 "Alpha Identifier in REFRESH command",
    GeographicalLocationReporting = 23 . 5 "Geographical Location Reporting",
    Meid = 23 . 6 "PROVIDE LOCAL INFORMATION (MEID)",
    UtranMeasurementResults = 23 . 7 "PROVIDE LOCAL INFORMATION (NMR(UTRAN/E-UTRAN))",
    UssdDownload = 23 . 8 "USSD Data download and application mode",
    EventBrowsingStatus = 25 . 1 "Event: Browsing status",
    EventMmsTransferStatus = 25 . 2 "Event: MMS Transfer status",
    EventFramesInformationChanged = 25 . 3 "Event: Frame Information changed",
    EventWlanAccessStatus = 25 . 4 "Event: I-WLAN Access status",
    EventNetworkRejection = 25 . 5 "Event: Network Rejection for GERAN/UTRAN",
    EventHciConnectivity = 25 . 6 "Event: HCI connectivity",
    EventNetworkRejectionEutran = 25 . 7 "Event: Network Rejection for E-UTRAN",
    MultipleAccessTechnologies = 25 . 8 "Multiple access technologies in events and local information",
    EventCsgCellSelection = 26 . 1 "Event: CSG Cell Selection",
    EventContactlessStateRequest = 26 . 2 "Event: Contactless state request",
    AlignmentLeft = 28 . 1 "Alignment left",
    AlignmentCentre = 28 . 2 "Alignment centre",
    AlignmentRight = 28 . 3 "Alignment right",
    FontNormal = 28 . 4 "Font size normal",
    FontLarge = 28 . 5 "Font size large",
    FontSmall = 28 . 6 "Font size small",
    StyleNormal = 29 . 1 "Style normal",
    StyleBold = 29 . 2 "Style bold",
    StyleItalic = 29 . 3 "Style italic",
    StyleUnderlined = 29 . 4 "Style underlined",
    StyleStrikethrough = 29 . 5 "Style strikethrough",
    ForegroundColour = 29 . 6 "Style text foreground colour",
    BackgroundColour = 29 . 7 "Style text background colour",
    BearerWlan = 30 . 1 "I-WLAN bearer",
    WlanIdentifier = 30 . 2 "PROVIDE LOCAL INFORMATION (WSID of the current I-WLAN connection)",
    TerminalApplications = 30 . 3 "TERMINAL APPLICATIONS",
    RefreshSteeringOfRoaming = 30 . 4 "Steering of Roaming REFRESH",
    Activate = 30 . 5 "ACTIVATE",
    GeographicalLocationRequest = 30 . 6 "Geographical Location Request",
    BroadcastNetworkInformation = 30 . 7 "PROVIDE LOCAL INFORMATION (Broadcast Network Information)",
    RefreshSteeringOfRoamingWlan = 30 . 8 "Steering of Roaming for I-WLAN REFRESH",
    ContactlessStateChanged = 31 . 1 "Contactless State Changed",
    CsgCellDiscovery = 31 . 2 "CSG cell discovery",
    OpenChannelConfirmation = 31 . 3 "Confirmation parameters supported for OPEN CHANNEL in Terminal Server Mode",
    CommunicationControlIms = 31 . 4 "Communication Control for IMS",
    CatOverModem = 31 . 5 "CAT over the modem interface",
    EventIncomingImsData = 31 . 6 "Event: Incoming IMS Data",
    EventImsRegistration = 31 . 7 "Event: IMS Registration",
    Containers = 31 . 8 "Containers and ENCAPSULATED SESSION CONTROL",
    BearerIms = 32 . 1 "IMS bearer",
    HomeNodeBAddress = 32 . 2 "PROVIDE LOCAL INFORMATION (H(e)NB IP address)",
    HomeNodeBMacrocells = 32 . 3 "PROVIDE LOCAL INFORMATION (H(e)NB surrounding macrocells)",
    OpenChannelLaunchParameters = 32 . 4 "Launch parameters supported for OPEN CHANNEL in Terminal Server Mode",
    OpenChannelDirectChannel = 32 . 5 "Direct communication channel for OPEN CHANNEL in Terminal Server Mode",
    SecuredContainers = 32 . 6 "Security for containers and ENCAPSULATED SESSION CONTROL",
    CatServiceList = 32 . 7 "CAT service list for eCAT client",
    RefreshEnforcementPolicy = 32 . 8 "Support of refresh enforcement policy",
    DnsServerAddress = 33 . 1 "DNS server address request for OPEN CHANNEL",
    NetworkAccessNameReuse = 33 . 2 "Network access name reuse indication for CLOSE CHANNEL",
    EventPollIntervalNegotiation = 33 . 3 "Event: Poll Interval Negotiation",
    ProSeReporting = 33 . 4 "ProSe usage information reporting",
    SupportedAccessTechnologies = 33 . 5 "PROVIDE LOCAL INFORMATION (supported radio access technologies)",
    RefreshProfileStateChange = 34 . 6 "REFRESH (eUICC profile state change)",
    RefreshProfileOperation = 34 . 8 "REFRESH (eUICC profile operation)",
    GetInputVariableTimeout = 35 . 1 "GET INPUT (variable timeout)",
    EventDataConnectionPdp = 35 . 2 "Event: Data Connection Status Change (PDP connection)",
    EventDataConnectionPdn = 35 . 3 "Event: Data Connection Status Change (PDN connection)",
    RefreshApplicationUpdate = 35 . 4 "REFRESH (application update)",
    EventDataConnectionPdu = 36 . 1 "Event: Data Connection Status Change (PDU connection)",
}

quantities! {
    SoftKeys = 11 . 1, 8 "Maximum number of soft keys";
    Channels = 13 . 6, 3 "Number of channels";
    DisplayHeight = 14 . 1, 5 "Number of characters down the display";
    DisplayWidth = 15 . 1, 7 "Number of characters across the display";
    MenuWidthReduction = 16 . 6, 3 "Width reduction when in a menu";
    Tia136Version = 19 . 1, 4 "TIA/EIA-136 protocol version";
    Frames = 24 . 1, 4 "Maximum number of frames";
}

impl Facility {
    /// The facilities that let the card send a command of this type: the terminal needs one of them.
    #[must_use]
    pub const fn of_command(kind: CommandType) -> &'static [Self] {
        match kind {
            CommandType::REFRESH => &[Self::Refresh],
            CommandType::MORE_TIME => &[Self::MoreTime],
            CommandType::POLL_INTERVAL => &[Self::PollInterval],
            CommandType::POLLING_OFF => &[Self::PollingOff],
            CommandType::SET_UP_EVENT_LIST => &[Self::SetUpEventList],
            CommandType::SET_UP_CALL => &[Self::SetUpCall],
            CommandType::SEND_SS => &[Self::SendSs],
            CommandType::SEND_USSD => &[Self::SendUssd],
            CommandType::SEND_SHORT_MESSAGE => &[Self::SendShortMessage],
            CommandType::SEND_DTMF => &[Self::SendDtmf],
            CommandType::LAUNCH_BROWSER => &[Self::LaunchBrowser],
            CommandType::GEOGRAPHICAL_LOCATION_REQUEST => &[Self::GeographicalLocationRequest],
            CommandType::PLAY_TONE => &[Self::PlayTone],
            CommandType::DISPLAY_TEXT => &[Self::DisplayText],
            CommandType::GET_INKEY => &[Self::GetInkey],
            CommandType::GET_INPUT => &[Self::GetInput],
            CommandType::SELECT_ITEM => &[Self::SelectItem],
            CommandType::SET_UP_MENU => &[Self::SetUpMenu],
            CommandType::PROVIDE_LOCAL_INFORMATION => LOCAL_INFORMATION,
            CommandType::TIMER_MANAGEMENT => &[Self::TimerManagement, Self::TimerCurrentValue],
            CommandType::SET_UP_IDLE_MODE_TEXT => &[Self::SetUpIdleModeText],
            CommandType::PERFORM_CARD_APDU => &[Self::PerformCardApdu],
            CommandType::POWER_ON_CARD => &[Self::PowerOnCard],
            CommandType::POWER_OFF_CARD => &[Self::PowerOffCard],
            CommandType::GET_READER_STATUS => &[Self::GetReaderStatus, Self::GetReaderIdentifier],
            CommandType::RUN_AT_COMMAND => &[Self::RunAtCommand],
            CommandType::LANGUAGE_NOTIFICATION => &[Self::LanguageNotification],
            CommandType::OPEN_CHANNEL => &[Self::OpenChannel],
            CommandType::CLOSE_CHANNEL => &[Self::CloseChannel],
            CommandType::RECEIVE_DATA => &[Self::ReceiveData],
            CommandType::SEND_DATA => &[Self::SendData],
            CommandType::GET_CHANNEL_STATUS => &[Self::GetChannelStatus],
            CommandType::SERVICE_SEARCH => &[Self::ServiceSearch],
            CommandType::GET_SERVICE_INFORMATION => &[Self::GetServiceInformation],
            CommandType::DECLARE_SERVICE => &[Self::DeclareService],
            CommandType::SET_FRAMES => &[Self::SetFrames],
            CommandType::GET_FRAMES_STATUS => &[Self::GetFramesStatus],
            CommandType::RETRIEVE_MULTIMEDIA_MESSAGE => &[Self::RetrieveMultimediaMessage],
            CommandType::SUBMIT_MULTIMEDIA_MESSAGE => &[Self::SubmitMultimediaMessage],
            CommandType::DISPLAY_MULTIMEDIA_MESSAGE => &[Self::DisplayMultimediaMessage],
            CommandType::ACTIVATE => &[Self::Activate],
            CommandType::CONTACTLESS_STATE_CHANGED => &[Self::ContactlessStateChanged],
            CommandType::COMMAND_CONTAINER | CommandType::ENCAPSULATED_SESSION_CONTROL => &[Self::Containers],
            _ => &[],
        }
    }

    /// The facilities that let the card send a command of this type with this qualifier: the terminal needs one
    /// of them. Where a qualifier asks for something that a bit of its own announces, that bit decides.
    #[must_use]
    pub const fn of_qualified(kind: CommandType, qualifier: u8) -> &'static [Self] {
        match kind {
            CommandType::PROVIDE_LOCAL_INFORMATION => Self::of_information(LocalInformation(qualifier)),
            CommandType::TIMER_MANAGEMENT => match TimerAction(qualifier) {
                TimerAction::CURRENT_VALUE => &[Self::TimerCurrentValue],
                _ => &[Self::TimerManagement],
            },
            CommandType::GET_READER_STATUS => match qualifier {
                0x01 => &[Self::GetReaderIdentifier],
                _ => &[Self::GetReaderStatus],
            },
            CommandType::REFRESH => match RefreshMode(qualifier) {
                RefreshMode::STEERING_OF_ROAMING => &[Self::RefreshSteeringOfRoaming],
                RefreshMode::STEERING_OF_ROAMING_FOR_I_WLAN => &[Self::RefreshSteeringOfRoamingWlan],
                RefreshMode::EUICC_PROFILE_STATE_CHANGE => &[Self::RefreshProfileStateChange],
                RefreshMode::APPLICATION_UPDATE => &[Self::RefreshApplicationUpdate],
                _ => &[Self::Refresh],
            },
            _ => Self::of_command(kind),
        }
    }

    /// The facilities of which a terminal needs one to give this local information.
    #[must_use]
    pub const fn of_information(information: LocalInformation) -> &'static [Self] {
        match information {
            LocalInformation::LOCATION | LocalInformation::IMEI => &[Self::ProvideLocalInformation],
            LocalInformation::NETWORK_MEASUREMENTS => {
                &[Self::NetworkMeasurementResults, Self::UtranMeasurementResults]
            }
            LocalInformation::DATE_TIME_ZONE => &[Self::DateTimeZone],
            LocalInformation::LANGUAGE => &[Self::LanguageInformation],
            LocalInformation::TIMING_ADVANCE => &[Self::TimingAdvance],
            LocalInformation::ACCESS_TECHNOLOGY => &[Self::AccessTechnology],
            LocalInformation::ESN => &[Self::Esn],
            LocalInformation::IMEISV => &[Self::Imeisv],
            LocalInformation::SEARCH_MODE => &[Self::SearchMode],
            LocalInformation::BATTERY => &[Self::BatteryState],
            LocalInformation::MEID => &[Self::Meid],
            LocalInformation::WSID => &[Self::WlanIdentifier],
            LocalInformation::BROADCAST_NETWORK => &[Self::BroadcastNetworkInformation],
            LocalInformation::ACCESS_TECHNOLOGIES
            | LocalInformation::LOCATIONS
            | LocalInformation::MEASUREMENTS_OF_TECHNOLOGIES => &[Self::MultipleAccessTechnologies],
            LocalInformation::CSG_IDS => &[Self::CsgCellDiscovery],
            LocalInformation::HNB_ADDRESS => &[Self::HomeNodeBAddress],
            LocalInformation::HNB_MACROCELLS => &[Self::HomeNodeBMacrocells],
            LocalInformation::SUPPORTED_RADIO_ACCESS_TECHNOLOGIES => &[Self::SupportedAccessTechnologies],
            _ => &[],
        }
    }

    /// The facilities of which a terminal needs one to tell the card of this event.
    #[must_use]
    pub const fn of_event(event: EventCode) -> &'static [Self] {
        match event {
            EventCode::MT_CALL => &[Self::EventMtCall],
            EventCode::CALL_CONNECTED => &[Self::EventCallConnected],
            EventCode::CALL_DISCONNECTED => &[Self::EventCallDisconnected],
            EventCode::LOCATION_STATUS => &[Self::EventLocationStatus],
            EventCode::USER_ACTIVITY => &[Self::EventUserActivity],
            EventCode::IDLE_SCREEN_AVAILABLE => &[Self::EventIdleScreenAvailable],
            EventCode::CARD_READER_STATUS => &[Self::EventCardReaderStatus],
            EventCode::LANGUAGE_SELECTION => &[Self::EventLanguageSelection],
            EventCode::BROWSER_TERMINATION => &[Self::EventBrowserTermination],
            EventCode::DATA_AVAILABLE => &[Self::EventDataAvailable],
            EventCode::CHANNEL_STATUS => &[Self::EventChannelStatus],
            EventCode::ACCESS_TECHNOLOGY_CHANGE => &[Self::EventAccessTechnologyChange],
            EventCode::DISPLAY_PARAMETERS_CHANGED => &[Self::EventDisplayParametersChanged],
            EventCode::LOCAL_CONNECTION => &[Self::EventLocalConnection],
            EventCode::NETWORK_SEARCH_MODE_CHANGE => &[Self::EventNetworkSearchModeChange],
            EventCode::BROWSING_STATUS => &[Self::EventBrowsingStatus],
            EventCode::FRAMES_INFORMATION_CHANGE => &[Self::EventFramesInformationChanged],
            EventCode::WLAN_ACCESS_STATUS => &[Self::EventWlanAccessStatus],
            EventCode::NETWORK_REJECTION => &[Self::EventNetworkRejection, Self::EventNetworkRejectionEutran],
            EventCode::HCI_CONNECTIVITY => &[Self::EventHciConnectivity],
            EventCode::ACCESS_TECHNOLOGIES_CHANGE => &[Self::MultipleAccessTechnologies],
            EventCode::CSG_CELL_SELECTION => &[Self::EventCsgCellSelection],
            EventCode::CONTACTLESS_STATE_REQUEST => &[Self::EventContactlessStateRequest],
            EventCode::IMS_REGISTRATION => &[Self::EventImsRegistration],
            EventCode::INCOMING_IMS_DATA => &[Self::EventIncomingImsData],
            EventCode::PROFILE_CONTAINER => &[Self::Containers],
            EventCode::SECURED_PROFILE_CONTAINER => &[Self::SecuredContainers],
            EventCode::POLL_INTERVAL_NEGOTIATION => &[Self::EventPollIntervalNegotiation],
            EventCode::DATA_CONNECTION_STATUS_CHANGE => {
                &[Self::EventDataConnectionPdp, Self::EventDataConnectionPdn, Self::EventDataConnectionPdu]
            }
            _ => &[],
        }
    }
}

impl Facility {
    /// The facilities of which a terminal needs one to send the envelope with this tag.
    #[must_use]
    pub const fn of_envelope(tag: u8) -> &'static [Self] {
        match tag {
            0xD1 => &[Self::SmsPpDownload],
            0xD2 => &[Self::CellBroadcastDownload],
            0xD3 => &[Self::MenuSelection],
            0xD4 => &[Self::CallControlByNaa],
            0xD5 => &[Self::MoSmsControl],
            0xD6 => &[Self::SetUpEventList],
            0xD7 => &[Self::TimerExpiration],
            0xD9 => &[Self::UssdDownload],
            0xDA => &[Self::EventMmsTransferStatus],
            0xDB => &[Self::MmsNotificationDownload],
            0xDC => &[Self::TerminalApplications],
            0xDD => &[Self::GeographicalLocationReporting],
            0xDE => &[Self::Containers],
            0xDF => &[Self::ProSeReporting],
            _ => &[],
        }
    }
}

/// Any kind of local information.
const LOCAL_INFORMATION: &[Facility] = &[
    Facility::ProvideLocalInformation,
    Facility::NetworkMeasurementResults,
    Facility::DateTimeZone,
    Facility::LanguageInformation,
    Facility::TimingAdvance,
    Facility::AccessTechnology,
    Facility::Esn,
    Facility::Imeisv,
    Facility::SearchMode,
    Facility::BatteryState,
    Facility::Meid,
    Facility::UtranMeasurementResults,
    Facility::MultipleAccessTechnologies,
    Facility::WlanIdentifier,
    Facility::BroadcastNetworkInformation,
    Facility::CsgCellDiscovery,
    Facility::HomeNodeBAddress,
    Facility::HomeNodeBMacrocells,
    Facility::SupportedAccessTechnologies,
];
