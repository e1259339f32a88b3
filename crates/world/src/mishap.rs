//! What goes wrong with a single message, as somebody has decided who looks at the whole.

use alloc::{boxed::Box, vec::Vec};

use oxisim_backup::Outgoing;
use oxisim_sms::{Address, UserData};
use oxisim_terminal::SubmitError;
use oxisim_wire::Duration;

/// What the SMS centre does to the next message that goes one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It never arrives.
    Lost,
    /// A copy comes so much later: soon it is a double, after days a replay.
    Doubled(Duration),
    /// It takes so much longer, and others overtake it.
    Delayed(Duration),
    /// A bit of what follows the user data header is another: this one, counted from the first and round.
    Corrupted(u16),
    /// Of what follows the user data header only so many octets arrive.
    Truncated(u8),
    /// It goes to somebody else.
    Misaddressed,
    /// To the server: it seems to come from this number.
    From(Address),
    /// To the server: the phone cannot send it.
    NotSubmitted(SubmitError),
    /// To the phone: its time is over before it is delivered, and its sender learns that.
    Expired,
}

/// A message behind the SMS centre.
#[derive(Clone, Debug)]
pub(crate) enum Letter {
    /// To the server, from somebody else than the subscriber if it says so.
    ToServer(Option<Address>, Box<UserData>),
    /// To the phone.
    ToPhone(Box<Outgoing>),
}

impl Letter {
    pub const fn is_to_server(&self) -> bool {
        matches!(self, Self::ToServer(..))
    }

    const fn user_data_mut(&mut self) -> &mut UserData {
        match self {
            Self::ToServer(_, user_data) => user_data,
            Self::ToPhone(message) => &mut message.user_data,
        }
    }

    /// Does to its octets what a mishap does to them.
    pub fn suffer(&mut self, mishap: &Mishap) {
        match mishap {
            Mishap::Corrupted(bit) => self.change(|octets| {
                let at = usize::from(*bit).checked_rem(octets.len() * 8).unwrap_or(0);
                if let Some(octet) = octets.get_mut(at / 8) {
                    *octet ^= 1 << (at % 8);
                }
            }),
            Mishap::Truncated(rest) => self.change(|octets| octets.truncate(usize::from(*rest))),
            Mishap::From(number) => {
                if let Self::ToServer(from, _) = self {
                    *from = Some(number.clone());
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Vec<u8>)) {
        let user_data = self.user_data_mut();
        let (coding, header, mut payload) = user_data.clone().into_parts();
        change(&mut payload);
        // What is no user data any more stays as it was.
        if let Ok(changed) = UserData::new(coding, header, payload) {
            *user_data = changed;
        }
    }
}
