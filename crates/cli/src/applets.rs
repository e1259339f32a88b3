//! The applets that the built-in card can have, by name.

use oxisim_applets::{Balance, Echo, Hello, PhonebookBackup, Tracker};
use oxisim_backup::{Coding, Settings};
use oxisim_card::{AppletError, Card};

use crate::run::server_address;

/// The tracker's owner.
const OWNER: &str = "+15550100002";

/// A shipped applet, as it is set on the built-in card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AppletName {
    /// Backs up the phonebook by SMS.
    Backup,
    /// Asks for your name, and greets.
    Hello,
    /// Sends back what a message to the card says.
    Echo,
    /// Asks the network for the balance with *100#.
    Balance,
    /// Keeps the last places, and tells +15550100002 the last one for the message "where".
    Tracker,
}

impl AppletName {
    /// Puts the applet on a card.
    pub fn install(self, card: &mut Card) -> Result<(), AppletError> {
        match self {
            Self::Backup => {
                let settings = Settings { coding: Coding::general(), ..Settings::default() };
                card.add_applet(PhonebookBackup::new(server_address(), settings))
            }
            Self::Hello => card.add_applet(Hello),
            Self::Echo => card.add_applet(Echo::default()),
            Self::Balance => card.add_applet(Balance::new("*100#")),
            Self::Tracker => card.add_applet(Tracker::new(OWNER.parse().expect("the owner's number is one"))),
        }
    }
}
