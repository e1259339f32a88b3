//! What surrounds a phone and what it has, as the card may ask and be told.

use alloc::vec::Vec;

pub use oxisim_toolkit::codes::BatteryLevel as Battery;
use oxisim_toolkit::{
    codes::AccessTechnologyCode,
    objects::{
        BcchChannels, BroadcastNetwork, CsgIdList, DisplayParameters, Esn, IwlanIdentifier,
        LocationInformation, Meid, NetworkMeasurements, OtherAddress, SupportedAccessTechnologies,
    },
};
use oxisim_wire::{Instant, codes};

use crate::{LocalService, Terminal, envelope::CardEvent, facilities};

codes! {
    /// Who chooses the network (TS 102 223 §8.75).
    pub struct SearchMode(u8) { MANUAL = 0x00, AUTOMATIC = 0x01, }
}

/// What the phone knows of its surroundings and its parts, beside the [`Service`](crate::Service): what PROVIDE
/// LOCAL INFORMATION tells (TS 102 223 §6.4.15, TS 31.111 §6.4.15). What is `None` the phone has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The user's language, two letters of ISO 639-1.
    pub language: [u8; 2],
    /// Whether the user is in a call of their own, of which the card knows nothing.
    pub in_call: bool,
    /// Height, width and effects of the display, coded as octets 14 to 16 of a TERMINAL PROFILE.
    pub display: DisplayParameters,
    /// The access technologies in use; the first is the current one.
    pub access_technologies: Vec<AccessTechnologyCode>,
    /// Who chooses the network.
    pub search_mode: SearchMode,
    /// Charge of the battery.
    pub battery: Battery,
    /// Timing advance of the last transmission (TS 44.018 §10.5.2.40).
    pub timing_advance: Option<u8>,
    /// Network measurement results (TS 44.018 §10.5.2.20), 16 octets in GSM.
    pub measurements: Option<NetworkMeasurements>,
    /// Where the phone is for the access technologies after the first.
    pub more_locations: Vec<LocationInformation>,
    /// Network measurement results for the access technologies after the first.
    pub more_measurements: Vec<NetworkMeasurements>,
    /// The channels of the measurements, ten bits each, one after another; only in GSM.
    pub channels: Option<BcchChannels>,
    /// Software version in the IMEISV, two digits.
    pub software_version: [u8; 2],
    /// Electronic serial number: four octets.
    pub esn: Option<Esn>,
    /// Mobile equipment identifier: eight octets.
    pub meid: Option<Meid>,
    /// Identifier of the WLAN in use.
    pub wlan: Option<IwlanIdentifier>,
    /// Broadcast network: technology, and information on it.
    pub broadcast_network: Option<BroadcastNetwork>,
    /// Closed subscriber groups.
    pub closed_groups: Vec<CsgIdList>,
    /// IP address of the serving home node B.
    pub home_node_address: Option<OtherAddress>,
    /// Every access technology that the phone could use, each with 01 if the user allows it.
    pub supported_technologies: Option<SupportedAccessTechnologies>,
    /// Services of devices nearby, which a card may look for.
    pub local_services: Vec<LocalService>,
    /// Whether the phone has a contactless front end, which the card may be joined to.
    pub has_contactless: bool,
}

impl Default for Environment {
    fn default() -> Self {
        Self {
            language: *b"en",
            in_call: false,
            display: facilities::display(),
            access_technologies: [AccessTechnologyCode::GSM].to_vec(),
            search_mode: SearchMode::AUTOMATIC,
            battery: Battery::FULL,
            timing_advance: Some(0),
            measurements: Some(NetworkMeasurements { results: [0; 16].to_vec() }),
            more_locations: Vec::new(),
            more_measurements: Vec::new(),
            channels: Some(BcchChannels { channels: Vec::new() }),
            software_version: [0, 1],
            esn: None,
            meid: None,
            wlan: None,
            broadcast_network: None,
            closed_groups: Vec::new(),
            home_node_address: None,
            supported_technologies: None,
            local_services: Vec::new(),
            has_contactless: true,
        }
    }
}

impl Terminal {
    /// What the phone knows of its surroundings.
    #[must_use]
    pub const fn environment(&self) -> &Environment {
        &self.config.environment
    }

    /// Takes what surrounds the phone from now on. The card is told of another language, display, access technology
    /// and search mode, if its event list asks for it.
    pub fn handle_environment(&mut self, environment: Environment, now: Instant) {
        let before = core::mem::replace(&mut self.config.environment, environment);
        let after = &self.config.environment;
        let language = (before.language != after.language).then_some(after.language);
        let display = (before.display != after.display).then(|| after.display.clone());
        let search_mode = (before.search_mode != after.search_mode).then_some(after.search_mode);
        let technologies = (before.access_technologies != after.access_technologies)
            .then(|| after.access_technologies.clone());
        if let Some(language) = language {
            self.report(CardEvent::LanguageSelection(language));
        }
        if let Some(display) = display {
            self.report(CardEvent::Display(display));
            self.resize_frames();
        }
        if let Some([first, more @ ..]) = technologies.as_deref() {
            if before.access_technologies.first() != Some(first) {
                self.report(CardEvent::AccessTechnology(*first));
            }
            self.report(CardEvent::AccessTechnologies(*first, more.to_vec()));
        }
        if let Some(search_mode) = search_mode {
            self.report(CardEvent::SearchMode(search_mode));
        }
        self.settle(now);
    }
}
