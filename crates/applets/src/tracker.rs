//! The location tracker. Its idea: what must last is written in one transaction, and a reset finds it again.

use alloc::{format, string::String, vec::Vec};

use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters, ToolkitEvent, UnformattedSms};
use oxisim_sms::{Address, ProtocolIdentifier, UserData, tpdu::Submit};
use oxisim_toolkit::{
    Event as Happening,
    codes::EventCode,
    command::{DisplayText, SendShortMessage},
    objects::LocationInformation,
};
use oxisim_wire::Wire;

const AID: [u8; 12] = *b"\xA0\x00\x00\x09\x99OXISIM\x05";

/// Places that the ring holds.
const PLACES: u8 = 8;
/// Octets of a place: how many there are, and the location information, eleven at most.
const PLACE_OCTETS: usize = 12;
/// Where the ring begins, after the slot that is written next and how many are full.
const RING: usize = 2;

/// Octets of a text that one proactive command has room for.
const TEXT_OCTETS: usize = 230;

/// Keeps the last places that the phone has been in (EVENT DOWNLOAD, location status, TS 102 223 §7.5.4), in a ring in
/// its persistent array. The user sees them from the menu; the owner, and nobody else, gets the last one by SMS for
/// [`REQUEST`](Self::REQUEST).
#[derive(Clone, Debug)]
pub struct Tracker {
    owner: Address,
}

impl Tracker {
    /// The text of the applet's entry in the toolkit menu.
    pub const MENU_ENTRY: &'static str = "Places";

    /// The message that asks for the last place.
    pub const REQUEST: &'static str = "where";

    /// What is said while there is no place.
    pub const NOWHERE: &'static str = "No place yet";

    /// The applet, whose owner may ask by SMS.
    #[must_use]
    pub const fn new(owner: Address) -> Self {
        Self { owner }
    }

    /// Writes a place into the ring, unless it is the last one already. Power may fail at any time: either the ring has
    /// the place, or it is as it was.
    fn remember(location: &LocationInformation, env: &mut Env<'_>) -> Result<(), AppletError> {
        let octets = location.encode();
        let Some(room) = PLACE_OCTETS.checked_sub(1 + octets.len()) else { return Ok(()) };
        let place: Vec<u8> = [octets.len() as u8].into_iter().chain(octets).collect();
        let [next, full] = head(env)?;
        if full > 0 && read(env, previous(next))?.starts_with(&place) {
            return Ok(());
        }
        env.begin_transaction()?;
        env.store_write(offset(next), &place)?;
        env.store_write(offset(next) + place.len(), &[0; PLACE_OCTETS][..room])?;
        env.store_write(0, &[(next + 1) % PLACES, (full + 1).min(PLACES)])?;
        env.commit_transaction()?;
        Ok(())
    }

    /// The places, the last one first, a line each, as many as a text has room for.
    fn places(env: &Env<'_>, most: u8) -> Result<String, AppletError> {
        let [next, full] = head(env)?;
        let (mut text, mut slot) = (String::new(), next);
        for _ in 0..full.min(most) {
            slot = previous(slot);
            let line = line(&read(env, slot)?);
            if text.len() + 1 + line.len() > TEXT_OCTETS {
                break;
            }
            text += if text.is_empty() { "" } else { "\n" };
            text += &line;
        }
        Ok(if text.is_empty() { Self::NOWHERE.into() } else { text })
    }

    fn requested(&self, sms: &UnformattedSms<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        if *sms.originator != self.owner || sms.message.text() != Self::REQUEST {
            return Ok(());
        }
        let Ok(user_data) = UserData::from_text(&Self::places(env, 1)?) else { return Ok(()) };
        let submit = Submit::new(self.owner.clone(), ProtocolIdentifier::DEFAULT, user_data);
        env.send(0, SendShortMessage::silent(submit.encode()))
    }
}

impl Applet for Tracker {
    fn aid(&self) -> Aid {
        const { Aid::new(&AID).expect("12 octets are an AID") }
    }

    fn name(&self) -> String {
        "tracker".into()
    }

    fn persistent_octets(&self) -> usize {
        RING + usize::from(PLACES) * PLACE_OCTETS
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        let mut registry = env.registry();
        registry.init_menu_entry(Self::MENU_ENTRY)?;
        registry.set_event(ToolkitEvent::UnformattedSmsPp)?;
        registry.set_event(ToolkitEvent::EventDownload(EventCode::LOCATION_STATUS))
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::EventDownload(download) => match &download.event {
                Happening::LocationStatusChange(change) => {
                    change.location.as_ref().map_or(Ok(()), |location| Self::remember(location, env))
                }
                _ => Ok(()),
            },
            Event::UnformattedSmsPp(sms) => self.requested(&sms, env),
            Event::MenuSelection { .. } => {
                let places = Self::places(env, PLACES)?;
                env.send(DisplayText::UNTIL_CLEARED, DisplayText::new(places.as_str()))
            }
            _ => Ok(()),
        }
    }
}

/// The slot that is written next, and how many are full.
fn head(env: &Env<'_>) -> Result<[u8; RING], AppletError> {
    let mut head = [0; RING];
    env.store_read(0, &mut head)?;
    Ok(head)
}

fn read(env: &Env<'_>, slot: u8) -> Result<[u8; PLACE_OCTETS], AppletError> {
    let mut place = [0; PLACE_OCTETS];
    env.store_read(offset(slot), &mut place)?;
    Ok(place)
}

const fn previous(slot: u8) -> u8 {
    (slot + PLACES - 1) % PLACES
}

const fn offset(slot: u8) -> usize {
    RING + slot as usize * PLACE_OCTETS
}

/// Network, area and cell of a place, in words.
fn line(place: &[u8]) -> String {
    let octets = place.split_first().and_then(|(&length, rest)| rest.get(..length.into()));
    let Ok(location) = LocationInformation::decode(octets.unwrap_or_default(), "place") else {
        return Tracker::NOWHERE.into();
    };
    let number = |octets: &[u8]| octets.iter().fold(0, |number, &octet| number << 8 | u64::from(octet));
    let network = location.network.digits().unwrap_or_default();
    format!("{network} area {} cell {}", number(&location.area), number(&location.cell))
}
