//! What the phone can do, as it tells the card with TERMINAL PROFILE.

use oxisim_toolkit::{Facility, Quantity, TerminalProfile, objects::DisplayParameters};

/// Everything that the phone does, and nothing else.
const FACILITIES: &[Facility] = &[
    // What the card is told.
    Facility::ProfileDownload,
    Facility::SmsPpDownload,
    Facility::MenuSelection,
    Facility::SmsPpDownloadSupported,
    Facility::CellBroadcastDownload,
    Facility::UssdDownload,
    Facility::MmsNotificationDownload,
    Facility::EventMmsTransferStatus,
    Facility::GeographicalLocationReporting,
    Facility::TerminalApplications,
    Facility::ProSeReporting,
    Facility::TimerExpiration,
    Facility::CommandResult,
    // The user.
    Facility::Ucs2Entry,
    Facility::Ucs2Display,
    Facility::DisplayExtension,
    Facility::DisplayText,
    Facility::SustainedDisplayText,
    Facility::DisplayTextVariableTimeout,
    Facility::GetInkey,
    Facility::GetInkeyYesNo,
    Facility::GetInkeyHelp,
    Facility::GetInkeyVariableTimeout,
    Facility::GetInput,
    Facility::GetInputVariableTimeout,
    Facility::SelectItem,
    Facility::SoftKeysSelectItem,
    Facility::SetUpMenu,
    Facility::SoftKeysSetUpMenu,
    Facility::SetUpIdleModeText,
    Facility::PlayTone,
    Facility::MelodyAndThemedTones,
    Facility::LanguageNotification,
    Facility::SetFrames,
    Facility::GetFramesStatus,
    Facility::DisplayMultimediaMessage,
    Facility::LaunchBrowser,
    Facility::BrowserHtml,
    // The phone.
    Facility::MoreTime,
    Facility::PollInterval,
    Facility::PollingOff,
    Facility::TimerManagement,
    Facility::TimerCurrentValue,
    Facility::RunAtCommand,
    Facility::Refresh,
    Facility::RefreshAlpha,
    Facility::RefreshSteeringOfRoaming,
    Facility::RefreshEnforcementPolicy,
    // The network.
    Facility::SendShortMessage,
    Facility::SetUpCall,
    Facility::SetUpCallSecondAlpha,
    Facility::SendSs,
    Facility::SendUssd,
    Facility::SendDtmf,
    Facility::OpenChannel,
    Facility::CloseChannel,
    Facility::ReceiveData,
    Facility::SendData,
    Facility::GetChannelStatus,
    Facility::BearerGprs,
    Facility::BearerHsdpa,
    Facility::BearerEutran,
    Facility::TcpClientRemote,
    Facility::UdpClientRemote,
    Facility::TcpServer,
    Facility::RetrieveMultimediaMessage,
    Facility::SubmitMultimediaMessage,
    Facility::GeographicalLocationRequest,
    // Devices nearby.
    Facility::ServiceSearch,
    Facility::GetServiceInformation,
    Facility::DeclareService,
    Facility::Activate,
    Facility::ContactlessStateChanged,
    // What the card is asked.
    Facility::CallControl,
    Facility::CallControlByNaa,
    Facility::CallControlCellIdentity,
    Facility::CallControlSecondCapability,
    Facility::MoSmsControl,
    // Other cards.
    Facility::PowerOnCard,
    Facility::PowerOffCard,
    Facility::PerformCardApdu,
    Facility::GetReaderStatus,
    Facility::GetReaderIdentifier,
    // Local information.
    Facility::ProvideLocalInformation,
    Facility::NetworkMeasurementResults,
    Facility::BcchChannelList,
    Facility::DateTimeZone,
    Facility::LanguageInformation,
    Facility::TimingAdvance,
    Facility::AccessTechnology,
    Facility::MultipleAccessTechnologies,
    Facility::Imeisv,
    Facility::SearchMode,
    Facility::BatteryState,
    // Events.
    Facility::SetUpEventList,
    Facility::EventLocationStatus,
    Facility::EventMtCall,
    Facility::EventCallConnected,
    Facility::EventCallDisconnected,
    Facility::EventCardReaderStatus,
    Facility::EventDataAvailable,
    Facility::EventChannelStatus,
    Facility::EventUserActivity,
    Facility::EventIdleScreenAvailable,
    Facility::EventLanguageSelection,
    Facility::EventBrowserTermination,
    Facility::EventBrowsingStatus,
    Facility::EventAccessTechnologyChange,
    Facility::EventNetworkSearchModeChange,
    Facility::EventDisplayParametersChanged,
    Facility::EventFramesInformationChanged,
    Facility::EventLocalConnection,
    Facility::EventWlanAccessStatus,
    Facility::EventNetworkRejection,
    Facility::EventNetworkRejectionEutran,
    Facility::EventHciConnectivity,
    Facility::EventCsgCellSelection,
    Facility::EventContactlessStateRequest,
    Facility::EventImsRegistration,
    Facility::EventIncomingImsData,
    Facility::EventPollIntervalNegotiation,
    Facility::EventDataConnectionPdp,
    Facility::EventDataConnectionPdn,
    Facility::EventDataConnectionPdu,
    Facility::ScreenSizing,
];

/// Characters down the display, and across it.
const DISPLAY: (u8, u8) = (8, 24);

/// Frames that the screen can have.
const FRAMES: u8 = 8;

/// Items of a menu that can be on soft keys.
const SOFT_KEYS: u8 = 2;

/// Channels that can be open at the same time.
const CHANNELS: u8 = 7;

/// The profile of a phone that does all it can.
pub(crate) fn profile() -> TerminalProfile {
    TerminalProfile::with(FACILITIES)
        .with_quantity(Quantity::SoftKeys, SOFT_KEYS)
        .with_quantity(Quantity::Channels, CHANNELS)
        .with_quantity(Quantity::DisplayHeight, DISPLAY.0)
        .with_quantity(Quantity::DisplayWidth, DISPLAY.1)
        .with_quantity(Quantity::Frames, FRAMES)
}

/// The display that the profile describes.
pub(crate) fn display() -> DisplayParameters {
    let profile = profile();
    let octet = |number: usize| profile.octets().get(number - 1).copied().unwrap_or(0);
    DisplayParameters { parameters: [14, 15, 16].map(octet) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_facility_is_named_twice() {
        assert_eq!(profile().facilities().count(), FACILITIES.len());
    }
}
