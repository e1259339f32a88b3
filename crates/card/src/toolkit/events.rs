//! The events of toolkit applets (TS 102 241, TS 31.130): one list.

use oxisim_toolkit::objects::EventCode;

/// How an applet gets an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Registration {
    /// [`ToolkitRegistry::set_event`](crate::ToolkitRegistry::set_event).
    SetEvent,
    /// [`ToolkitRegistry::init_menu_entry`](crate::ToolkitRegistry::init_menu_entry): with an entry of the menu.
    MenuEntry,
    /// [`ToolkitRegistry::allocate_timer`](crate::ToolkitRegistry::allocate_timer): with a timer.
    Timer,
    /// [`ToolkitRegistry::request_poll_interval`](crate::ToolkitRegistry::request_poll_interval).
    PollInterval,
    /// [`ToolkitRegistry::allocate_service`](crate::ToolkitRegistry::allocate_service): with a service.
    Service,
    /// [`ToolkitRegistry::register_file_event`](crate::ToolkitRegistry::register_file_event): with a file.
    File,
    /// Not at all: this card has nothing that leads to it.
    Unsupported,
}

/// Declares the events that have no code in an event list: value, name, how an applet gets it, what triggers it and
/// the clause of that; `exclusive` is for one applet only, `tar` for applets with a TAR.
macro_rules! events {
    (
        $($event:ident = $value:literal $text:literal $registration:ident $($rule:ident)? : $trigger:literal $spec:literal)*
        @ downloads $($code:ident = $download:literal $name:literal)*
    ) => {
        /// An event that applets are told of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ToolkitEvent {
            $(#[doc = concat!("`", $text, "`: ", $trigger, " (", $spec, ").")] $event,)*
            /// `EVENT_EVENT_DOWNLOAD_*`: EVENT DOWNLOAD, for which the terminal is asked with SET UP EVENT LIST (TS 102 223
            /// §7.5).
            EventDownload(EventCode),
        }

        impl ToolkitEvent {
            /// Every event that has a value, in the order of values among those of a kind.
            pub const ALL: &'static [Self] =
                &[$(Self::$event,)* $(Self::EventDownload(EventCode::$code),)*];

            /// Its value in `ToolkitConstants`, if it has one.
            #[must_use]
            pub const fn value(self) -> Option<i16> {
                Some(match self {
                    $(Self::$event => $value,)*
                    $(Self::EventDownload(EventCode::$code) => $download,)*
                    Self::EventDownload(_) => return None,
                })
            }

            /// Its name in `ToolkitConstants`, if it has one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                Some(match self {
                    $(Self::$event => $text,)*
                    $(Self::EventDownload(EventCode::$code) => $name,)*
                    Self::EventDownload(_) => return None,
                })
            }

            /// What triggers it.
            #[must_use]
            pub const fn trigger(self) -> &'static str {
                match self { $(Self::$event => $trigger,)* Self::EventDownload(_) => "EVENT DOWNLOAD" }
            }

            /// The clause of what triggers it.
            #[must_use]
            pub const fn spec(self) -> &'static str {
                match self { $(Self::$event => $spec,)* Self::EventDownload(_) => "TS 102 223 §7.5" }
            }

            /// How an applet gets it.
            #[must_use]
            pub const fn registration(self) -> Registration {
                match self {
                    $(Self::$event => Registration::$registration,)*
                    Self::EventDownload(EventCode::LOCAL_CONNECTION) => Registration::Service,
                    Self::EventDownload(code) if code.name().is_none() => Registration::Unsupported,
                    Self::EventDownload(_) => Registration::SetEvent,
                }
            }

            /// The rule that it has beside.
            const fn rule(self) -> Option<Rule> {
                match self {
                    $($(Self::$event => Some(Rule::$rule),)?)*
                    _ => None,
                }
            }
        }
    };
}

/// What an event asks for beside its registration.
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    exclusive,
    tar,
}

events! {
    OtherEnvelope = -1 "EVENT_UNRECOGNIZED_ENVELOPE" SetEvent:
        "an ENVELOPE that has no event of its own" "TS 102 221 §11.2.2"
    ProfileDownload = 1 "EVENT_PROFILE_DOWNLOAD" SetEvent: "TERMINAL PROFILE" "TS 102 221 §11.2.1"
    FormattedSmsPp = 2 "EVENT_FORMATTED_SMS_PP_ENV" SetEvent tar:
        "SMS-PP download of a command packet with a TAR of the applet" "TS 31.111 §7.1.1"
    FormattedSmsPpUpdate = 3 "EVENT_FORMATTED_SMS_PP_UPD" SetEvent tar:
        "UPDATE RECORD of EF_SMS with a command packet with a TAR of the applet" "TS 102 221 §11.1.6"
    UnformattedSmsPp = 4 "EVENT_UNFORMATTED_SMS_PP_ENV" SetEvent:
        "SMS-PP download of a message that is no command packet" "TS 31.111 §7.1.1"
    UnformattedSmsPpUpdate = 5 "EVENT_UNFORMATTED_SMS_PP_UPD" SetEvent:
        "UPDATE RECORD of EF_SMS with a new message that is no command packet" "TS 102 221 §11.1.6"
    CellBroadcast = 6 "EVENT_UNFORMATTED_SMS_CB" SetEvent:
        "cell broadcast download of a page that is no command packet" "TS 31.111 §7.1.2"
    MenuSelection = 7 "EVENT_MENU_SELECTION" MenuEntry: "MENU SELECTION" "TS 102 223 §7.2"
    MenuSelectionHelp = 8 "EVENT_MENU_SELECTION_HELP_REQUEST" MenuEntry:
        "MENU SELECTION with a help request" "TS 102 223 §7.2"
    CallControl = 9 "EVENT_CALL_CONTROL_BY_NAA" SetEvent exclusive: "CALL CONTROL" "TS 31.111 §7.3.1"
    MoSmsControl = 10 "EVENT_MO_SHORT_MESSAGE_CONTROL_BY_NAA" SetEvent exclusive:
        "MO SHORT MESSAGE CONTROL" "TS 31.111 §7.3.2"
    TimerExpiration = 11 "EVENT_TIMER_EXPIRATION" Timer: "TIMER EXPIRATION" "TS 102 223 §7.4"
    StatusCommand = 19 "EVENT_STATUS_COMMAND" PollInterval: "STATUS" "TS 102 221 §11.1.2"
    FormattedCellBroadcast = 24 "EVENT_FORMATTED_SMS_CB" SetEvent tar:
        "cell broadcast download of a command packet with a TAR of the applet" "TS 31.111 §7.1.2"
    FormattedUssd = 121 "EVENT_FORMATTED_USSD" Unsupported:
        "USSD download of a command packet with a TAR of the applet" "TS 31.111 §7.6"
    UssdDownload = 122 "EVENT_UNFORMATTED_USSD" SetEvent: "USSD download" "TS 31.111 §7.6"
    ProactiveHandlerAvailable = 123 "EVENT_PROACTIVE_HANDLER_AVAILABLE" SetEvent:
        "no proactive command waits or is under way; it is told once" "TS 102 223 §4.2"
    ExternalFileUpdate = 124 "EVENT_EXTERNAL_FILE_UPDATE" File:
        "a command of the terminal has written to a file" "TS 102 221 §11.1"
    RemoteFileUpdate = 125 "EVENT_REMOTE_FILE_UPDATE" File:
        "remote file management has written to a file" "TS 102 226 §7"
    ApplicationDeselect = 126 "EVENT_APPLICATION_DESELECT" SetEvent:
        "the session of an application has ended" "TS 102 221 §8.5"
    FirstCommandAfterAtr = 127 "EVENT_FIRST_COMMAND_AFTER_ATR" SetEvent:
        "the first command after the answer to reset" "TS 102 221 §6.3"
    MemoryFailure = 129 "EVENT_MEMORY_FAILURE" Unsupported: "memory has failed" "TS 102 241"
    TerminalApplications = 130 "EVENT_TERMINAL_APPLICATIONS" Unsupported:
        "the terminal has said which applications it has" "TS 102 223 §7.8"
    TerminalCapability = 131 "EVENT_TERMINAL_CAPABILITY" Unsupported:
        "TERMINAL CAPABILITY" "TS 102 221 §11.1.19"
    @ downloads
    MT_CALL = 12 "EVENT_EVENT_DOWNLOAD_MT_CALL"
    CALL_CONNECTED = 13 "EVENT_EVENT_DOWNLOAD_CALL_CONNECTED"
    CALL_DISCONNECTED = 14 "EVENT_EVENT_DOWNLOAD_CALL_DISCONNECTED"
    LOCATION_STATUS = 15 "EVENT_EVENT_DOWNLOAD_LOCATION_STATUS"
    USER_ACTIVITY = 16 "EVENT_EVENT_DOWNLOAD_USER_ACTIVITY"
    IDLE_SCREEN_AVAILABLE = 17 "EVENT_EVENT_DOWNLOAD_IDLE_SCREEN_AVAILABLE"
    CARD_READER_STATUS = 18 "EVENT_EVENT_DOWNLOAD_CARD_READER_STATUS"
    LANGUAGE_SELECTION = 20 "EVENT_EVENT_DOWNLOAD_LANGUAGE_SELECTION"
    BROWSER_TERMINATION = 21 "EVENT_EVENT_DOWNLOAD_BROWSER_TERMINATION"
    DATA_AVAILABLE = 22 "EVENT_EVENT_DOWNLOAD_DATA_AVAILABLE"
    CHANNEL_STATUS = 23 "EVENT_EVENT_DOWNLOAD_CHANNEL_STATUS"
    ACCESS_TECHNOLOGY_CHANGE = 25 "EVENT_EVENT_DOWNLOAD_ACCESS_TECHNOLOGY_CHANGE"
    DISPLAY_PARAMETERS_CHANGED = 26 "EVENT_EVENT_DOWNLOAD_DISPLAY_PARAMETER_CHANGED"
    LOCAL_CONNECTION = 27 "EVENT_EVENT_DOWNLOAD_LOCAL_CONNECTION"
    NETWORK_SEARCH_MODE_CHANGE = 28 "EVENT_EVENT_DOWNLOAD_NETWORK_SEARCH_MODE_CHANGE"
    BROWSING_STATUS = 29 "EVENT_EVENT_BROWSING_STATUS"
    NETWORK_REJECTION = 31 "EVENT_EVENT_DOWNLOAD_NETWORK_REJECTION"
    HCI_CONNECTIVITY = 32 "EVENT_EVENT_DOWNLOAD_HCI_CONNECTIVITY"
    CSG_CELL_SELECTION = 33 "EVENT_EVENT_DOWNLOAD_CSG_CELL_SELECTION_EVENT"
    FRAMES_INFORMATION_CHANGE = 34 "EVENT_EVENT_DOWNLOAD_FRAMES_INFORMATION_CHANGED"
    CONTACTLESS_STATE_REQUEST = 35 "EVENT_EVENT_DOWNLOAD_CONTACTLESS_STATE_REQUEST"
    POLL_INTERVAL_NEGOTIATION = 36 "EVENT_EVENT_POLL_INTERVAL_NEGOTIATION"
    DATA_CONNECTION_STATUS_CHANGE = 37 "EVENT_EVENT_DOWNLOAD_DATA_CONNECTION_STATUS_CHANGE"
    IMS_REGISTRATION = 119 "EVENT_EVENT_DOWNLOAD_IMS_REGISTRATION"
    INCOMING_IMS_DATA = 120 "EVENT_EVENT_DOWNLOAD_INCOMING_IMS_DATA"
    ACCESS_TECHNOLOGIES_CHANGE = 128 "EVENT_EVENT_DOWNLOAD_ACCESS_TECHNOLOGY_CHANGE_MULTIPLE"
}

impl ToolkitEvent {
    /// The event of a value in `ToolkitConstants`.
    #[must_use]
    pub fn from_value(value: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.value() == Some(value))
    }

    /// The event of the terminal that it asks for.
    #[must_use]
    pub const fn event_code(self) -> Option<EventCode> {
        match self {
            Self::EventDownload(code) => Some(code),
            _ => None,
        }
    }

    /// Whether one applet only can have it, since there is one answer.
    #[must_use]
    pub fn is_exclusive(self) -> bool {
        self.rule() == Some(Rule::exclusive)
    }

    /// Whether an applet without a TAR cannot have it.
    #[must_use]
    pub fn needs_tar(self) -> bool {
        self.rule() == Some(Rule::tar)
    }
}
