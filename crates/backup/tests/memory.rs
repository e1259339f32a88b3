//! The memory that an uploader uses is bounded, whatever the server says.

use oxisim_backup::{
    FromServer, Journal, Keyring, Output, Phonebook, PhonebookError, Settings, Storage, StorageError,
    Uploader, message::Source,
};
use oxisim_phonebook::Record;

/// A phonebook that holds nothing, and memory.
struct Host(Vec<u8>);

impl Phonebook for Host {
    fn slots(&self) -> u16 {
        10
    }

    fn alpha_octets(&self) -> u8 {
        14
    }

    fn record(&self, _: u16) -> Result<Option<Record>, PhonebookError> {
        Ok(None)
    }

    fn replace(&mut self, _: u16, _: Option<&Record>) -> Result<(), PhonebookError> {
        Err(PhonebookError::TooLarge)
    }
}

impl Keyring for Host {}

impl Storage for Host {
    fn octets(&self) -> usize {
        self.0.octets()
    }

    fn load(&self, offset: usize, buffer: &mut [u8]) -> Result<(), StorageError> {
        self.0.load(offset, buffer)
    }

    fn save(&mut self, offset: usize, octets: &[u8]) -> Result<(), StorageError> {
        self.0.save(offset, octets)
    }
}

#[test]
fn the_last_answer_to_a_restore_is_the_one_that_waits() {
    let journal = Journal::new(10, 255);
    let mut host = Host(vec![0; journal.size(0)]);
    let mut uploader = Uploader::new(Source::CARD, Settings::default(), journal);
    let mut sent = 0;
    let at_first = uploader.octets();
    for generation in 1..1_000 {
        let last = FromServer::Restore { generation, total: 255, number: 255, block: Vec::new() };
        uploader.handle_message(&last.encode(), &mut host);
        while let Some(output) = uploader.poll_output() {
            sent += usize::from(matches!(output, Output::Send(_)));
        }
        assert!(uploader.octets() <= at_first + 140, "no more than a message waits after {generation}");
    }
    assert_eq!(sent, 1, "the phone has not sent the first");
    uploader.handle_sent(true, &mut host);
    assert!(matches!(uploader.poll_output(), Some(Output::Send(_))), "then comes the last");
    while uploader.poll_output().is_some() {}
    assert_eq!(uploader.octets(), at_first);
}
