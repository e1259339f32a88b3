//! The rules of the groups reach the subscribers whom a server works for.

use oxisim_wire::{Duration, Instant};

use crate::{
    Error, Msisdn, Server,
    console::rulebook,
    store::{Cabinet, Drawer, Store},
};

/// How often the rules are read: another server's console may have set others.
const READ_EVERY: Duration = Duration::from_secs(10);

/// The wait after the store has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Subscribers that are looked at in one step.
const STEP: u32 = 100;

/// Reads the rules, and goes round the subscribers once when they have changed. Who is not reached, because the server
/// stops, hears of them with the next message.
#[derive(Debug)]
pub(super) struct Round {
    read_at: Option<Instant>,
    /// As the store has them.
    documents: Vec<(String, Vec<u8>)>,
    at: Place,
    /// Nothing is done before.
    not_before: Instant,
}

/// How far it has got.
#[derive(Debug)]
enum Place {
    /// Nobody is to be told.
    Done,
    /// After this subscriber; none: at the beginning.
    After(Option<Msisdn>),
}

impl Round {
    pub const fn new() -> Self {
        Self { read_at: None, documents: Vec::new(), at: Place::Done, not_before: Instant::EPOCH }
    }

    /// Whether there are more to look at.
    pub fn is_under_way(&self, now: Instant) -> bool {
        matches!(self.at, Place::After(_)) && now >= self.not_before
    }

    /// Reads the rules if it is time, and takes one step.
    pub fn go_on<S: Store + Cabinet>(&mut self, server: &mut Server<S>, now: Instant) -> Result<(), Error> {
        if now < self.not_before {
            return Ok(());
        }
        self.step(server, now).inspect_err(|_| self.not_before = now + AFTER_FAILURE)
    }

    fn step<S: Store + Cabinet>(&mut self, server: &mut Server<S>, now: Instant) -> Result<(), Error> {
        if self.read_at.is_none_or(|at| now >= at + READ_EVERY || now < at) {
            let documents = server.store().documents(Drawer::Groups)?;
            let is_first = self.read_at.replace(now).is_none();
            if documents != self.documents || is_first {
                match rulebook(&documents) {
                    Ok(rules) => server.set_rulebook(rules),
                    Err(error) => log::error!("the policies of groups cannot be read: {error}"),
                }
                if !is_first {
                    self.at = Place::After(None);
                }
                self.documents = documents;
            }
        }
        if let Place::After(after) = &self.at {
            self.at = match server.follow_rules(after.as_ref(), STEP, now)? {
                Some(last) => Place::After(Some(last)),
                None => Place::Done,
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use oxisim_backup::{
        Command, Configuration, Held, Policy, Session, Standing, Vault,
        message::{BackupId, MessageType, Resumes, Source},
    };
    use oxisim_phonebook::Book;

    use super::*;
    use crate::{SqliteStore, StoreError};

    const NOW: Instant = Instant::from_secs(1_800_000_000);

    /// A server with a hundred subscribers and more.
    fn server(subscribers: u32) -> Server<SqliteStore> {
        let mut store = SqliteStore::in_memory().unwrap();
        for n in 0..subscribers {
            let kept = store.subscriber(&number(n), |account| -> Result<(), StoreError> {
                account.put_session(&Session {
                    backup: BackupId { source: Source::CARD, generation: 1 },
                    base_distance: 0,
                    received: oxisim_backup::BlockSet::full(1),
                    digest: None,
                    resumes: Resumes::UPLOADER,
                    delay: None,
                    resume_at: None,
                    asked: 0,
                    standing: Standing::Complete(oxisim_backup::Digest::of(&Book::default())),
                    since: NOW,
                })?;
                let book = Book::default();
                account.put_held(Source::CARD, &Held { generation: 1, at: NOW, book, table: None })
            });
            kept.unwrap();
        }
        Server::new(store, Policy::default(), 1)
    }

    fn number(n: u32) -> Msisdn {
        format!("4915{n:07}").parse().unwrap()
    }

    fn put(server: &mut Server<SqliteStore>, group: &str) {
        let was = server.store().document(Drawer::Groups, "de").unwrap();
        assert!(server.store().swap(Drawer::Groups, "de", was.as_deref(), Some(group.as_bytes())).unwrap());
    }

    /// Who was told a subset.
    fn told(server: &mut Server<SqliteStore>, subscribers: u32, subset: u16) -> usize {
        let configuration = Configuration { subset: Some(subset), ..Configuration::default() };
        let wanted = Command::Configure(configuration.encode());
        let mut order = |n| server.order_status(&number(n), Source::CARD, MessageType::CONFIGURE).unwrap();
        (0..subscribers).filter(|n| order(*n).is_some_and(|order| order.command == wanted)).count()
    }

    #[test]
    fn a_policy_that_is_sent_anywhere_reaches_all_subscribers_of_this_server_in_steps() {
        let mut server = server(250);
        let mut round = Round::new();
        put(&mut server, r#"{"prefixes":["49"],"policy":{"subset":3}}"#);
        round.go_on(&mut server, NOW).unwrap();
        put(&mut server, r#"{"prefixes":["49"],"policy":{"subset":3},"in_force":{"subset":2},"applied":1}"#);
        round.go_on(&mut server, NOW + Duration::from_secs(9)).unwrap();
        assert!(!round.is_under_way(NOW), "it is not looked for each time");
        let now = NOW + READ_EVERY;
        for reached in [100, 200, 250] {
            round.go_on(&mut server, now).unwrap();
            assert_eq!(told(&mut server, 250, 2), reached);
        }
        assert!(round.is_under_way(now));
        round.go_on(&mut server, now).unwrap();
        assert!(!round.is_under_way(now));
        assert_eq!(told(&mut server, 250, 3), 0, "what is only kept is not in force");
    }

    #[test]
    fn a_server_that_starts_goes_round_nobody() {
        let mut server = server(3);
        put(&mut server, r#"{"prefixes":["49"],"in_force":{"subset":2},"applied":1}"#);
        let mut round = Round::new();
        round.go_on(&mut server, NOW).unwrap();
        assert!(!round.is_under_way(NOW));
        assert_eq!(told(&mut server, 3, 2), 0);
    }
}
