//! Memory that refuses a write, and phonebooks that cannot be backed up any more.

mod host;

use host::{Host, named, only};
use oxisim_backup::{
    Failure, FromServer, Journal, Keyring, Mode, Outcome, Output, Phonebook, PhonebookError, Settings,
    Storage, StorageError, Trigger, Uploader, Wake, Way,
    message::{BackupId, Refusal, Source},
};
use oxisim_phonebook::{DiallingNumber, Record, TonNpi};

const JOURNAL: Journal = Journal::new(10, 20);

/// A host whose memory can be made to refuse what is written.
struct Worn {
    host: Host,
    refuses: bool,
}

impl Phonebook for Worn {
    fn slots(&self) -> u16 {
        self.host.slots()
    }

    fn alpha_octets(&self) -> u8 {
        self.host.alpha_octets()
    }

    fn record(&self, slot: u16) -> Result<Option<Record>, PhonebookError> {
        self.host.record(slot)
    }

    fn replace(&mut self, slot: u16, record: Option<&Record>) -> Result<(), PhonebookError> {
        self.host.replace(slot, record)
    }
}

impl Keyring for Worn {}

impl Storage for Worn {
    fn octets(&self) -> usize {
        self.host.octets()
    }

    fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.host.load(offset, buffer)
    }

    fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError> {
        if self.refuses {
            // Beyond its end there is no memory.
            return self.host.save(self.host.octets(), &[0]);
        }
        self.host.save(offset, octets)
    }
}

/// An uploader that is sending the one block of its first backup.
fn sending() -> (Uploader, Worn) {
    let settings = Settings { mode: Mode::Fixed(Way::NORMAL), ..Settings::default() };
    let mut uploader = Uploader::new(Source::CARD, settings, JOURNAL);
    let mut host = Worn { host: Host::new(JOURNAL.size(2_000)), refuses: false };
    uploader.start(Trigger::User, &mut host);
    assert!(outputs(&mut uploader).iter().any(|output| matches!(output, Output::Send(_))));
    (uploader, host)
}

fn outputs(uploader: &mut Uploader) -> Vec<Output> {
    std::iter::from_fn(|| uploader.poll_output()).collect()
}

#[test]
fn a_write_that_fails_once_delays_a_backup_and_does_not_end_it() {
    let (mut uploader, mut host) = sending();
    host.refuses = true;
    uploader.handle_sent(true, &mut host);
    let wants = outputs(&mut uploader);
    assert!(
        matches!(
            wants[..],
            [Output::Report(Outcome::Failed(Failure::Storage(_))), Output::Wake { why: Wake::Retry, .. },]
        ),
        "{wants:?}"
    );
    host.refuses = false;
    uploader.handle_wake(&mut host);
    let wants = outputs(&mut uploader);
    assert!(matches!(wants[..], [Output::Send(_)]), "the block goes again: {wants:?}");
}

#[test]
fn a_refused_backup_that_cannot_be_made_anew_is_over_and_the_user_is_told() {
    let (mut uploader, mut host) = sending();
    uploader.handle_sent(true, &mut host);
    assert!(!outputs(&mut uploader).is_empty());
    // More than seven blocks hold.
    let number = DiallingNumber::new(TonNpi(0x91), vec![4; 120]).unwrap();
    host.host.contacts = only(Record { additional: vec![number; 15], ..named("Ana") });
    let backup = BackupId { source: Source::CARD, generation: 1 };
    let refused = FromServer::Refused { backup, reason: Refusal::GENERATION_OLD, latest: 7 };
    uploader.handle_message(&refused.encode(), &mut host);
    let said = outputs(&mut uploader);
    assert!(said.contains(&Output::Report(Outcome::Failed(Failure::ContactTooLarge(1)))), "{said:?}");

    // The user makes it smaller, and backs up again.
    host.host.contacts = only(named("Ana"));
    uploader.start(Trigger::User, &mut host);
    let said = outputs(&mut uploader);
    assert!(said.contains(&Output::Report(Outcome::Started { blocks: 1 })), "{said:?}");
}
