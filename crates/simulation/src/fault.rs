//! What can go wrong.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use serde::{Deserialize, Serialize};

/// Declares the kinds of fault: name on the command line, whose fault it is, what its amount is, and what happens.
macro_rules! faults {
    ($($(#[$doc:meta])* $kind:ident $name:literal $group:ident $amount:expr;)+) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Its name on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// Where it happens.
            #[must_use]
            pub const fn group(self) -> Group {
                match self {
                    $(Self::$kind => Group::$group,)+
                }
            }

            /// What its amount can be.
            pub(crate) const fn amounts(self) -> RangeInclusive<u32> {
                match self {
                    $(Self::$kind => $amount,)+
                }
            }
        }
    };
}

const HOUR: u32 = 3_600;
const DAY: u32 = 24 * HOUR;

faults! {
    /// The next message is lost.
    Lost "lost" Network 0..=0;
    /// The next message comes twice, so many seconds apart.
    Doubled "doubled" Network 1..=600;
    /// The next message takes so many seconds longer, which may be days.
    Delayed "delayed" Network HOUR..=3 * DAY;
    /// The next message takes so many seconds longer, so that others overtake it.
    Reordered "reordered" Network 5..=300;
    /// A bit of the next message is another, the one with this number.
    Corrupted "corrupted" Network 0..=1_119;
    /// Of the next message only so many octets arrive.
    Truncated "truncated" Network 0..=139;
    /// The next message goes to somebody else, or (odd) comes in somebody else's name.
    Misaddressed "misaddressed" Network 0..=1;
    /// The next message comes again after so many seconds.
    Replayed "replayed" Network HOUR..=3 * DAY;
    /// Somebody sends a message of their own making, of this shape.
    Forged "forged" Network 0..=255;
    /// There is no service for so many seconds.
    NoService "no-service" Network 10..=6 * HOUR;
    /// The SMS centre's storage is full when the next message of the phone comes.
    CentreFull "centre-full" Network 0..=0;
    /// The time of the server's next message is over before it is delivered.
    Expired "expired" Network 0..=0;
    /// The card loses power in the middle of a write, after so many others.
    Torn "torn" Power 0..=60;
    /// The phone is switched off for so many seconds.
    Off "off" Power 1..=2 * HOUR;
    /// The phone is switched off, and on again at once.
    Reset "reset" Power 0..=0;
    /// The battery is taken out for so many seconds.
    Battery "battery" Power 1..=2 * HOUR;
    /// The phone cannot send the next message now, with this cause of the network.
    Busy "busy" Phone 0..=127;
    /// The user ends what the card does.
    Ended "ended" Phone 0..=0;
    /// The user does not accept a command of the card, which one and how says the number.
    Refuses "refuses" Phone 0..=11;
    /// The phone cannot process a command of the card now (result 20): which one, and with which of the eleven pieces of
    /// additional information, says the number.
    Unable "unable" Phone 0..=43;
    /// The user asks for another backup.
    Again "again" Phone 0..=0;
    /// The user has the PIN asked for when the phone is switched on, and switches it off and on; the phone knows the PIN,
    /// or (odd) learns it only when the other faults are over.
    PinOn "pin-on" Phone 0..=1;
    /// The user has the PIN not asked for any more.
    PinOff "pin-off" Phone 0..=0;
    /// The card moves to a phone that can do less: nothing with timers, or (odd) no polling either.
    OtherPhone "other-phone" Phone 0..=1;
    /// A contact is edited, in this slot.
    Edited "edited" Contacts 0..=49;
    /// A contact is added, in this slot beyond the others.
    Added "added" Contacts 0..=4;
    /// A contact is deleted, in this slot.
    Deleted "deleted" Contacts 0..=49;
    /// The server is killed after so many more steps, and begins anew on its store.
    Killed "killed" Server 0..=20;
    /// The store refuses the access after so many others.
    Refused "refused" Server 0..=100;
    /// The server's clock goes back by so many seconds.
    OldClock "old-clock" Server 1..=2 * HOUR;
    /// A second server works on the same store.
    Second "second" Server 0..=0;
    /// The operator lets the server write its copy back onto the card.
    Restore "restore" Server 0..=0;
    /// The operator lets the card make another backup.
    Order "order" Server 0..=0;
}

/// Where a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// On the way of messages.
    Network,
    /// The card's power.
    Power,
    /// The phone and its user.
    Phone,
    /// The user's contacts.
    Contacts,
    /// The server and its store.
    Server,
}

impl Group {
    const ALL: [(&'static str, Self); 5] = [
        ("network", Self::Network),
        ("power", Self::Power),
        ("phone", Self::Phone),
        ("contacts", Self::Contacts),
        ("server", Self::Server),
    ];
}

/// Kinds of fault, as they are named on the command line: names of kinds and of groups, with commas between; `all`, and
/// `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kinds(pub Vec<Kind>);

/// A name that is none of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoKind(String);

impl Default for Kinds {
    fn default() -> Self {
        Self(Kind::ALL.to_vec())
    }
}

impl FromStr for Kinds {
    type Err = NoKind;

    fn from_str(text: &str) -> Result<Self, NoKind> {
        let mut kinds = Vec::new();
        for name in text.split(',').map(str::trim) {
            let group = Group::ALL.iter().find(|(group, _)| *group == name).map(|(_, group)| *group);
            let named: Vec<Kind> = match name {
                "none" => continue,
                "all" => Kind::ALL.to_vec(),
                _ => Kind::ALL
                    .iter()
                    .copied()
                    .filter(|kind| kind.name() == name || Some(kind.group()) == group)
                    .collect(),
            };
            if named.is_empty() {
                return Err(NoKind(name.into()));
            }
            kinds.extend(named);
        }
        kinds.sort_unstable();
        kinds.dedup();
        Ok(Self(kinds))
    }
}

impl fmt::Display for NoKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no fault {:?}; there are all, none", self.0)?;
        Group::ALL.iter().try_for_each(|(group, _)| write!(f, ", {group}"))?;
        Kind::ALL.iter().try_for_each(|kind| write!(f, ", {}", kind.name()))
    }
}

impl std::error::Error for NoKind {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_named_by_kind_and_by_group() {
        assert_eq!("lost, torn".parse(), Ok(Kinds(vec![Kind::Lost, Kind::Torn])));
        assert_eq!("none".parse(), Ok(Kinds(vec![])));
        assert_eq!("all".parse(), Ok(Kinds::default()));
        let Kinds(power) = "power,torn".parse().unwrap();
        assert_eq!(power, [Kind::Torn, Kind::Off, Kind::Reset, Kind::Battery]);
        let error = "torn,tron".parse::<Kinds>().unwrap_err().to_string();
        assert!(error.starts_with("there is no fault \"tron\""), "{error}");
    }

    #[test]
    fn a_plan_names_a_fault_as_the_command_line_does() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
