//! The applets that the built-in card can have, by name.

use oxisim_applets::{Balance, Echo, Hello, PhonebookBackup, Tracker};
use oxisim_backup::{Coding, Settings};
use oxisim_card::{AppletError, Card};

use crate::run::server_address;

/// The tracker's owner.
const OWNER: &str = "+15550100002";

/// A shipped applet, as it is set on the built-in card: by its name or its AID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AppletName {
    /// Backs up the phonebook by SMS.
    #[value(alias = "A0000009994F584953494D01")]
    Backup,
    /// Asks for your name, and greets.
    #[value(alias = "A0000009994F584953494D02")]
    Hello,
    /// Sends back what a message to the card says.
    #[value(alias = "A0000009994F584953494D03")]
    Echo,
    /// Asks the network for the balance with *100#.
    #[value(alias = "A0000009994F584953494D04")]
    Balance,
    /// Keeps the last places, and tells +15550100002 the last one for the message "where".
    #[value(alias = "A0000009994F584953494D05")]
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

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;
    use oxisim_card::Profile;

    use super::*;

    #[test]
    fn an_applet_is_named_by_its_aid_as_well() {
        for &name in AppletName::value_variants() {
            let mut card = Card::new(&Profile::default());
            name.install(&mut card).unwrap();
            let aid = hex::encode_upper(card.applets().next().unwrap().aid.as_bytes());
            assert_eq!(AppletName::from_str(&aid, true), Ok(name), "{aid}");
        }
    }
}
