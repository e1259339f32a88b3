//! How a centre works: who is reached where, how long and how often it tries, and what goes wrong on purpose.

use std::str::FromStr;

use oxisim_sms::{Address, Error as AddressError};
use oxisim_wire::Duration;

use crate::{Chance, Number};

/// How a centre works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The centre's own number, which phones see (TS 24.011 §8.2.5.1).
    pub address: Address,
    /// The numbers of ESMEs; all others are phones'.
    pub routes: Vec<Route>,
    /// How long a message is kept if its sender does not say.
    pub validity: Duration,
    /// How long any message is kept at most.
    pub longest_validity: Duration,
    /// How long after a failure the centre tries again; each time it waits twice as long.
    pub retry: Duration,
    /// How long it waits at most.
    pub longest_retry: Duration,
    /// How long it waits for an answer: of a phone (timer TR1N of TS 24.011 §10), or of an ESME.
    pub patience: Duration,
    /// Messages that an ESME has been sent and has not answered, at most.
    pub window: usize,
    /// Messages that are kept for one receiver at most.
    pub limit_each: usize,
    /// Messages that are kept in all at most.
    pub limit: usize,
    /// What goes wrong on purpose.
    pub chance: Chance,
    /// The identity of the first message, those after it count up: what no other run has used.
    pub first: u64,
}

impl Settings {
    /// A centre with this number, without routes and without faults.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            address,
            routes: Vec::new(),
            validity: Duration::from_mins(2 * 24 * 60),
            longest_validity: Duration::from_mins(7 * 24 * 60),
            retry: Duration::from_secs(5),
            longest_retry: Duration::from_mins(15),
            patience: Duration::from_secs(40),
            window: 10,
            limit_each: 1_000,
            limit: 100_000,
            chance: Chance::default(),
            first: 1,
        }
    }

    /// The ESME whose number it is: that of the longest route that it begins with.
    pub(crate) fn esme_of(&self, number: &Number) -> Option<&str> {
        let fitting = self.routes.iter().filter(|route| number.begins_with(&route.prefix));
        fitting.max_by_key(|route| route.prefix.digits().len()).map(|route| route.system_id.as_str())
    }
}

/// Numbers that begin with these digits are an ESME's.
///
/// ```
/// let route: oxisim_smsc::Route = "+4915500=backup".parse()?;
/// assert_eq!((route.prefix.to_string().as_str(), route.system_id.as_str()), ("4915500", "backup"));
/// # Ok::<(), oxisim_smsc::NoRoute>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The digits, or all of them.
    pub prefix: Number,
    /// The ESME.
    pub system_id: String,
}

/// Why something is no route.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// It has no two sides.
    #[error("no NUMBER=SYSTEM_ID")]
    Form,
    /// Its number is none.
    #[error(transparent)]
    Number(#[from] AddressError),
}

impl FromStr for Route {
    type Err = NoRoute;

    fn from_str(text: &str) -> Result<Self, NoRoute> {
        match text.split_once('=') {
            Some((number, system_id)) if !system_id.is_empty() => {
                Ok(Self { prefix: number.parse()?, system_id: system_id.into() })
            }
            _ => Err(NoRoute::Form),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_route_wins() {
        let mut settings = Settings::new("+15550100000".parse().unwrap());
        settings.routes = ["+1555=all", "+15550=some", "2000=short"].map(|it| it.parse().unwrap()).into();
        let of = |number: &str| settings.esme_of(&number.parse().unwrap());
        assert_eq!(of("+15550199999"), Some("some"));
        assert_eq!(of("15551"), Some("all"));
        assert_eq!(of("2000"), Some("short"));
        assert_eq!(of("+4915500"), None);
    }

    #[test]
    fn what_is_no_route_is_refused() {
        for text in ["", "+1555", "=backup", "+1555=", "x=backup"] {
            assert!(text.parse::<Route>().is_err(), "{text}");
        }
    }
}
