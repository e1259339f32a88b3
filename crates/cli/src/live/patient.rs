//! Whoever waits for a card is told so.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use oxisim_transport::{Error, Transport};

/// A way to a card that says when the card does not answer; it goes on waiting.
pub struct Patient<T> {
    card: T,
    since: Arc<Mutex<Since>>,
}

/// Since when an answer is waited for.
#[derive(Debug, Default)]
struct Since {
    begin: Option<Instant>,
    is_told: bool,
}

impl Since {
    /// Whether it is time to say that nothing has come, which is said once a command.
    fn is_late(&mut self, now: Instant, after: Duration) -> bool {
        let is_late = self.begin.is_some_and(|begin| now.saturating_duration_since(begin) >= after);
        is_late && !std::mem::replace(&mut self.is_told, true)
    }
}

impl<T> Patient<T> {
    /// Tells that no answer has come after that time; twice the time at most.
    pub fn new(card: T, after: Duration, tell: impl Fn() + Send + 'static) -> Self {
        let since = Arc::new(Mutex::new(Since::default()));
        let watched = Arc::downgrade(&since);
        thread::spawn(move || {
            while let Some(since) = watched.upgrade() {
                let is_late = locked(&since).is_late(Instant::now(), after);
                drop(since);
                if is_late {
                    tell();
                }
                thread::sleep(after);
            }
        });
        Self { card, since }
    }

    fn watched<R>(&mut self, ask: impl FnOnce(&mut T) -> R) -> R {
        *locked(&self.since) = Since { begin: Some(Instant::now()), is_told: false };
        let answer = ask(&mut self.card);
        locked(&self.since).begin = None;
        answer
    }
}

fn locked(since: &Mutex<Since>) -> MutexGuard<'_, Since> {
    since.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Transport> Transport for Patient<T> {
    fn reset(&mut self) -> Result<Vec<u8>, Error> {
        self.watched(T::reset)
    }

    fn exchange(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Error> {
        self.watched(|card| card.exchange(apdu))
    }

    fn await_removal(&mut self, within: Duration) -> Result<(), Error> {
        self.card.await_removal(within)
    }

    fn await_card(&mut self, within: Duration) -> Result<(), Error> {
        self.card.await_card(within)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// A card that answers when somebody has been told that it does not.
    struct Slow(Receiver<()>);

    impl Transport for Slow {
        fn reset(&mut self) -> Result<Vec<u8>, Error> {
            Ok(vec![0x3B, 0x00])
        }

        fn exchange(&mut self, _apdu: &[u8]) -> Result<Vec<u8>, Error> {
            self.0.recv_timeout(Duration::from_secs(20)).expect("somebody is told");
            Ok(vec![0x90, 0x00])
        }
    }

    #[test]
    fn a_card_that_does_not_answer_is_told_and_waited_for() {
        let (tell, told) = channel();
        let after = Duration::from_millis(1);
        let mut card = Patient::new(Slow(told), after, move || tell.send(()).unwrap_or_default());
        for _ in 0..2 {
            assert_eq!(card.exchange(&[0x00, 0xB0, 0x00, 0x00]).unwrap(), [0x90, 0x00]);
        }
    }

    #[test]
    fn it_is_told_once_and_only_while_somebody_waits() {
        let (begin, after) = (Instant::now(), Duration::from_secs(5));
        let mut since = Since { begin: Some(begin), is_told: false };
        let later = |seconds| begin + Duration::from_secs(seconds);
        assert!(!since.is_late(later(4), after));
        assert!(since.is_late(later(5), after));
        assert!(!since.is_late(later(20), after));
        assert!(!Since { begin: None, is_told: false }.is_late(later(20), after));
    }
}
