//! How often somebody may try a password.

use std::{collections::BTreeMap, net::IpAddr};

use oxisim_wire::{Duration, Instant};

/// Attempts that are free.
const FREE: u32 = 5;

/// How long the attempt after those waits; doubled with each.
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_mins(60);

/// Without an attempt for so long all is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(4 * 60);

/// Names and addresses that are remembered.
const REMEMBERED: usize = 10_000;

/// Who tries: an account is guarded against many addresses, and all accounts against one address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Name(String),
    Address(IpAddr),
}

/// Attempts to sign in that have failed.
#[derive(Debug, Default)]
pub(super) struct Attempts(BTreeMap<Who, Failures>);

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Failures {
    fn wait(self) -> Duration {
        match self.count.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(beyond) => FIRST_WAIT.saturating_mul(1 << beyond.min(16)).min(LONGEST_WAIT),
        }
    }
}

impl Attempts {
    /// Takes an attempt of all these as failed until [`Attempts::succeeded`] says otherwise, or says how long they must
    /// wait. So attempts that are made at the same time count as well.
    pub fn begin(&mut self, whose: &[Who], now: Instant) -> Result<(), Duration> {
        self.0.retain(|_, failures| now.since(failures.last) < FORGOTTEN_AFTER);
        let known = whose.iter().filter_map(|who| self.0.get(who));
        let waits = known.map(|failures| (failures.last + failures.wait()).since(now));
        if let Some(wait) = waits.max().filter(|wait| *wait > Duration::ZERO) {
            return Err(wait);
        }
        for who in whose {
            if self.0.len() >= REMEMBERED && !self.0.contains_key(who) {
                let oldest =
                    self.0.iter().min_by_key(|(_, failures)| failures.last).map(|(who, _)| who.clone());
                oldest.map(|who| self.0.remove(&who));
            }
            let failures = self.0.entry(who.clone()).or_insert(Failures { count: 0, last: now });
            *failures = Failures { count: failures.count.saturating_add(1), last: now };
        }
        Ok(())
    }

    /// The attempt was none to count.
    pub fn succeeded(&mut self, whose: &[Who]) {
        for who in whose {
            self.0.remove(who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_secs(1_000);

    fn name(name: &str) -> [Who; 1] {
        [Who::Name(name.into())]
    }

    #[test]
    fn after_free_attempts_each_waits_twice_as_long() {
        let mut attempts = Attempts::default();
        let ada = name("ada");
        assert!((0..FREE).all(|_| attempts.begin(&ada, NOW).is_ok()));
        let mut now = NOW;
        for seconds in [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
            let wait = Duration::from_secs(seconds);
            assert_eq!(attempts.begin(&ada, now), Err(wait));
            assert_eq!(attempts.begin(&name("bob"), now), Ok(()));
            attempts.succeeded(&name("bob"));
            now = now + wait;
            assert_eq!(attempts.begin(&ada, now), Ok(()));
        }
        assert_eq!(attempts.begin(&ada, now + FORGOTTEN_AFTER), Ok(()));
    }

    #[test]
    fn an_address_that_tries_many_names_is_held_up() {
        let mut attempts = Attempts::default();
        let address: IpAddr = [192, 0, 2, 1].into();
        let whose = |n: u32| [Who::Name(format!("name{n}")), Who::Address(address)];
        assert!((0..FREE).all(|n| attempts.begin(&whose(n), NOW).is_ok()));
        assert!(attempts.begin(&whose(99), NOW).is_err());
        assert!(attempts.begin(&name("name99"), NOW).is_ok());
    }

    #[test]
    fn a_success_clears_what_was_counted() {
        let mut attempts = Attempts::default();
        for _ in 0..3 * FREE {
            attempts.begin(&name("ada"), NOW).unwrap();
            attempts.succeeded(&name("ada"));
        }
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut attempts = Attempts::default();
        for n in 0..REMEMBERED as u64 + 50 {
            attempts.begin(&name(&n.to_string()), NOW + Duration::from_millis(n)).unwrap();
        }
        assert_eq!(attempts.0.len(), REMEMBERED);
        assert!(!attempts.0.contains_key(&Who::Name("0".into())));
    }
}
