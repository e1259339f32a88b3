//! Code points that more than one object uses.

use oxisim_wire::codes;

codes! {
    /// Who speaks to whom (TS 102 223 §8.7).
    pub struct Device(u8) {
        KEYPAD = 0x01, DISPLAY = 0x02, EARPIECE = 0x03,
        CARD_READER_0 = 0x10, CARD_READER_1 = 0x11, CARD_READER_2 = 0x12, CARD_READER_3 = 0x13,
        CARD_READER_4 = 0x14, CARD_READER_5 = 0x15, CARD_READER_6 = 0x16, CARD_READER_7 = 0x17,
        CHANNEL_1 = 0x21, CHANNEL_2 = 0x22, CHANNEL_3 = 0x23, CHANNEL_4 = 0x24, CHANNEL_5 = 0x25,
        CHANNEL_6 = 0x26, CHANNEL_7 = 0x27,
        ECAT_CLIENT_1 = 0x31, ECAT_CLIENT_2 = 0x32, ECAT_CLIENT_3 = 0x33, ECAT_CLIENT_4 = 0x34,
        ECAT_CLIENT_5 = 0x35, ECAT_CLIENT_6 = 0x36, ECAT_CLIENT_7 = 0x37, ECAT_CLIENT_8 = 0x38,
        ECAT_CLIENT_9 = 0x39, ECAT_CLIENT_10 = 0x3A, ECAT_CLIENT_11 = 0x3B, ECAT_CLIENT_12 = 0x3C,
        ECAT_CLIENT_13 = 0x3D, ECAT_CLIENT_14 = 0x3E, ECAT_CLIENT_15 = 0x3F,
        UICC = 0x81, TERMINAL = 0x82, NETWORK = 0x83,
    }
}

codes! {
    /// General result (TS 102 223 §8.12, TS 31.111 §8.12).
    pub struct GeneralResult(u8) {
        PERFORMED_SUCCESSFULLY = 0x00, PERFORMED_WITH_PARTIAL_COMPREHENSION = 0x01,
        PERFORMED_WITH_MISSING_INFORMATION = 0x02, REFRESH_PERFORMED_WITH_ADDITIONAL_EFS_READ = 0x03,
        PERFORMED_ICON_NOT_DISPLAYED = 0x04, PERFORMED_MODIFIED_BY_CALL_CONTROL = 0x05,
        PERFORMED_LIMITED_SERVICE = 0x06, PERFORMED_WITH_MODIFICATION = 0x07,
        REFRESH_PERFORMED_NAA_NOT_ACTIVE = 0x08, PERFORMED_TONE_NOT_PLAYED = 0x09,
        SESSION_TERMINATED_BY_USER = 0x10, BACKWARD_MOVE_REQUESTED_BY_USER = 0x11,
        NO_RESPONSE_FROM_USER = 0x12, HELP_REQUIRED_BY_USER = 0x13, TRANSACTION_TERMINATED_BY_USER = 0x14,
        TERMINAL_CURRENTLY_UNABLE = 0x20, NETWORK_CURRENTLY_UNABLE = 0x21, USER_DID_NOT_ACCEPT = 0x22,
        USER_CLEARED_DOWN_CALL = 0x23, CONTRADICTION_WITH_TIMER_STATE = 0x24,
        CALL_CONTROL_TEMPORARY_PROBLEM = 0x25, LAUNCH_BROWSER_ERROR = 0x26, MMS_TEMPORARY_PROBLEM = 0x27,
        BEYOND_TERMINAL_CAPABILITIES = 0x30, COMMAND_TYPE_NOT_UNDERSTOOD = 0x31,
        COMMAND_DATA_NOT_UNDERSTOOD = 0x32, COMMAND_NUMBER_NOT_KNOWN = 0x33, SS_RETURN_ERROR = 0x34,
        SMS_RP_ERROR = 0x35, REQUIRED_VALUES_MISSING = 0x36, USSD_RETURN_ERROR = 0x37,
        MULTIPLE_CARD_COMMANDS_ERROR = 0x38, CALL_CONTROL_PERMANENT_PROBLEM = 0x39, BIP_ERROR = 0x3A,
        ACCESS_TECHNOLOGY_UNABLE = 0x3B, FRAMES_ERROR = 0x3C, MMS_ERROR = 0x3D,
    }
}

impl GeneralResult {
    /// Whether the command was performed, perhaps in part (`0X`).
    #[must_use]
    pub const fn is_performed(self) -> bool {
        self.0 < 0x10
    }

    /// Whether it may be worth trying again later (`2X`).
    #[must_use]
    pub const fn is_temporary(self) -> bool {
        self.0 & 0xF0 == 0x20
    }
}

codes! {
    /// Additional information on "terminal currently unable to process command" (TS 102 223 §8.12.2,
    /// TS 31.111 §8.12.2).
    pub struct TerminalProblem(u8) {
        NO_SPECIFIC_CAUSE = 0x00, SCREEN_BUSY = 0x01, BUSY_ON_CALL = 0x02, BUSY_ON_SS = 0x03, NO_SERVICE = 0x04,
        ACCESS_CLASS_BARRED = 0x05, RADIO_RESOURCE_NOT_GRANTED = 0x06, NOT_IN_SPEECH_CALL = 0x07,
        BUSY_ON_USSD = 0x08, BUSY_ON_DTMF = 0x09, NO_NAA_ACTIVE = 0x0A,
    }
}

codes! {
    /// Unit of a duration (TS 102 223 §8.8).
    pub struct TimeUnit(u8) { MINUTES = 0x00, SECONDS = 0x01, TENTHS = 0x02, }
}

codes! {
    /// An event of which the card can be told (TS 102 223 §8.25).
    pub struct EventCode(u8) {
        MT_CALL = 0x00, CALL_CONNECTED = 0x01, CALL_DISCONNECTED = 0x02, LOCATION_STATUS = 0x03,
        USER_ACTIVITY = 0x04, IDLE_SCREEN_AVAILABLE = 0x05, CARD_READER_STATUS = 0x06, LANGUAGE_SELECTION = 0x07,
        BROWSER_TERMINATION = 0x08, DATA_AVAILABLE = 0x09, CHANNEL_STATUS = 0x0A,
        ACCESS_TECHNOLOGY_CHANGE = 0x0B, DISPLAY_PARAMETERS_CHANGED = 0x0C, LOCAL_CONNECTION = 0x0D,
        NETWORK_SEARCH_MODE_CHANGE = 0x0E, BROWSING_STATUS = 0x0F, FRAMES_INFORMATION_CHANGE = 0x10,
        WLAN_ACCESS_STATUS = 0x11, NETWORK_REJECTION = 0x12, HCI_CONNECTIVITY = 0x13,
        ACCESS_TECHNOLOGIES_CHANGE = 0x14, CSG_CELL_SELECTION = 0x15, CONTACTLESS_STATE_REQUEST = 0x16,
        IMS_REGISTRATION = 0x17, INCOMING_IMS_DATA = 0x18, PROFILE_CONTAINER = 0x19,
        SECURED_PROFILE_CONTAINER = 0x1B, POLL_INTERVAL_NEGOTIATION = 0x1C, DATA_CONNECTION_STATUS_CHANGE = 0x1D,
    }
}

impl EventCode {
    /// Whether one report takes the event off the list (TS 102 223 §7.5.5, §7.5.6).
    #[must_use]
    pub const fn is_reported_once(self) -> bool {
        matches!(self, Self::USER_ACTIVITY | Self::IDLE_SCREEN_AVAILABLE)
    }
}

codes! {
    /// REFRESH mode, the command's qualifier (TS 102 223 §8.6).
    pub struct RefreshMode(u8) {
        NAA_INITIALIZATION_AND_FULL_FILE_CHANGE = 0x00, FILE_CHANGE_NOTIFICATION = 0x01,
        NAA_INITIALIZATION_AND_FILE_CHANGE = 0x02, NAA_INITIALIZATION = 0x03, UICC_RESET = 0x04,
        NAA_APPLICATION_RESET = 0x05, NAA_SESSION_RESET = 0x06, STEERING_OF_ROAMING = 0x07,
        STEERING_OF_ROAMING_FOR_I_WLAN = 0x08, EUICC_PROFILE_STATE_CHANGE = 0x09, APPLICATION_UPDATE = 0x0A,
    }
}

codes! {
    /// What TIMER MANAGEMENT does, the command's qualifier (TS 102 223 §8.6).
    pub struct TimerAction(u8) { START = 0x00, DEACTIVATE = 0x01, CURRENT_VALUE = 0x02, }
}

codes! {
    /// A bearer (TS 102 223 §8.52, TS 31.111 §8.52).
    pub struct BearerType(u8) {
        CSD = 0x01, PACKET_SERVICE = 0x02, DEFAULT = 0x03, LOCAL_LINK = 0x04, BLUETOOTH = 0x05, IRDA = 0x06,
        RS232 = 0x07, CDMA_PACKET_DATA = 0x08, UTRAN_EXTENDED = 0x09, I_WLAN = 0x0A, E_UTRAN = 0x0B, NG_RAN = 0x0C,
        USB = 0x10,
    }
}

codes! {
    /// Transport protocol of a channel, and who begins (TS 102 223 §8.59).
    pub struct TransportProtocol(u8) {
        UDP_CLIENT_REMOTE = 0x01, TCP_CLIENT_REMOTE = 0x02, TCP_SERVER = 0x03, UDP_CLIENT_LOCAL = 0x04,
        TCP_CLIENT_LOCAL = 0x05, DIRECT = 0x06,
    }
}

codes! {
    /// Type of an other address (TS 102 223 §8.58).
    pub struct AddressType(u8) { IPV4 = 0x21, IPV6 = 0x57, }
}

codes! {
    /// An access technology (TS 102 223 §8.61).
    pub struct AccessTechnologyCode(u8) {
        GSM = 0x00, TIA_553 = 0x01, TIA_136 = 0x02, UTRAN = 0x03, TETRA = 0x04, TIA_95 = 0x05, CDMA2000_1X = 0x06,
        CDMA2000_HRPD = 0x07, E_UTRAN = 0x08, EHRPD = 0x09, NG_RAN = 0x0A,
    }
}

codes! {
    /// Additional information on "launch browser generic error" (TS 102 223 §8.12.10).
    pub struct BrowserProblem(u8) {
        NO_SPECIFIC_CAUSE = 0x00, BEARER_UNAVAILABLE = 0x01, BROWSER_UNAVAILABLE = 0x02,
        PROVISIONING_DATA_UNREADABLE = 0x03, DEFAULT_URL_UNAVAILABLE = 0x04,
    }
}

codes! {
    /// Additional information on "multiple card commands error" (TS 102 223 §8.12.9).
    pub struct CardReaderProblem(u8) {
        NO_SPECIFIC_CAUSE = 0x00, READER_NOT_PRESENT = 0x01, CARD_NOT_PRESENT = 0x02, READER_BUSY = 0x03,
        CARD_POWERED_OFF = 0x04, APDU_FORMAT = 0x05, MUTE_CARD = 0x06, TRANSMISSION_ERROR = 0x07,
        PROTOCOL_NOT_SUPPORTED = 0x08, READER_NOT_VALID = 0x09,
    }
}

codes! {
    /// Additional information on "interaction with call control" (TS 102 223 §8.12.8).
    pub struct CallControlProblem(u8) {
        NO_SPECIFIC_CAUSE = 0x00, ACTION_NOT_ALLOWED = 0x01, TYPE_OF_REQUEST_CHANGED = 0x02,
    }
}

codes! {
    /// Additional information on "bearer independent protocol error" (TS 102 223 §8.12.11).
    pub struct BipProblem(u8) {
        NO_SPECIFIC_CAUSE = 0x00, NO_CHANNEL_AVAILABLE = 0x01, CHANNEL_CLOSED = 0x02, CHANNEL_IDENTIFIER_NOT_VALID = 0x03,
        BUFFER_SIZE_NOT_AVAILABLE = 0x04, SECURITY_ERROR = 0x05, TRANSPORT_LEVEL_NOT_AVAILABLE = 0x06,
        REMOTE_DEVICE_NOT_REACHABLE = 0x07, SERVICE_ERROR = 0x08, SERVICE_IDENTIFIER_UNKNOWN = 0x09,
        PORT_NOT_AVAILABLE = 0x10, LAUNCH_PARAMETERS_WRONG = 0x11, APPLICATION_LAUNCH_FAILED = 0x12,
    }
}

codes! {
    /// Additional information on "frames error" (TS 102 223 §8.12.12).
    pub struct FramesProblem(u8) {
        NO_SPECIFIC_CAUSE = 0x00, FRAME_IDENTIFIER_NOT_VALID = 0x01, TOO_MANY_FRAMES = 0x02, NO_FRAME_DEFINED = 0x03,
        SIZE_NOT_SUPPORTED = 0x04, DEFAULT_FRAME_NOT_VALID = 0x05,
    }
}

codes! {
    /// A tone (TS 102 223 §8.16).
    pub struct ToneCode(u8) {
        DIAL = 0x01, CALLED_SUBSCRIBER_BUSY = 0x02, CONGESTION = 0x03, RADIO_PATH_ACKNOWLEDGE = 0x04,
        RADIO_PATH_NOT_AVAILABLE = 0x05, ERROR = 0x06, CALL_WAITING = 0x07, RINGING = 0x08, GENERAL_BEEP = 0x10,
        POSITIVE_ACKNOWLEDGEMENT = 0x11, NEGATIVE_ACKNOWLEDGEMENT = 0x12, INCOMING_SPEECH_CALL = 0x13,
        INCOMING_SMS = 0x14, CRITICAL_ALERT = 0x15, VIBRATE_ONLY = 0x20, HAPPY = 0x30, SAD = 0x31,
        URGENT_ACTION = 0x32, QUESTION = 0x33, MESSAGE_RECEIVED = 0x34, MELODY_1 = 0x40, MELODY_2 = 0x41,
        MELODY_3 = 0x42, MELODY_4 = 0x43, MELODY_5 = 0x44, MELODY_6 = 0x45, MELODY_7 = 0x46, MELODY_8 = 0x47,
    }
}

codes! {
    /// Which local information is asked for, the command's qualifier (TS 102 223 §8.6).
    pub struct LocalInformation(u8) {
        LOCATION = 0x00, IMEI = 0x01, NETWORK_MEASUREMENTS = 0x02, DATE_TIME_ZONE = 0x03, LANGUAGE = 0x04,
        TIMING_ADVANCE = 0x05, ACCESS_TECHNOLOGY = 0x06, ESN = 0x07, IMEISV = 0x08, SEARCH_MODE = 0x09,
        BATTERY = 0x0A, MEID = 0x0B, WSID = 0x0C, BROADCAST_NETWORK = 0x0D, ACCESS_TECHNOLOGIES = 0x0E,
        LOCATIONS = 0x0F, MEASUREMENTS_OF_TECHNOLOGIES = 0x10, CSG_IDS = 0x11, HNB_ADDRESS = 0x12,
        HNB_MACROCELLS = 0x13, SUPPORTED_RADIO_ACCESS_TECHNOLOGIES = 0x1A,
    }
}

codes! {
    /// A bearer that a browser may use (TS 102 223 §8.49).
    pub struct BrowserBearer(u8) { SMS = 0x00, CSD = 0x01, USSD = 0x02, PACKET_SERVICE = 0x03, }
}

codes! {
    /// The type of a PDP context or of a connection (TS 31.111 §8.52, TS 24.008 §10.5.6.4).
    pub struct PacketType(u8) { IP = 0x02, NON_IP = 0x07, }
}

codes! {
    /// Whether the terminal has service (TS 102 223 §8.27).
    pub struct ServiceState(u8) { NORMAL_SERVICE = 0x00, LIMITED_SERVICE = 0x01, NO_SERVICE = 0x02, }
}

codes! {
    /// How much is left in the battery (TS 102 223 §8.76).
    pub struct BatteryLevel(u8) { VERY_LOW = 0x00, LOW = 0x01, AVERAGE = 0x02, GOOD = 0x03, FULL = 0x04, }
}

codes! {
    /// Whether the contactless functionality is on (TS 102 223 §8.92).
    pub struct ContactlessFunctionality(u8) { ENABLED = 0x00, DISABLED = 0x01, }
}
