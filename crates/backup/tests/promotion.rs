//! A backup becomes the copy only when it is complete and has the digest of the uploader's snapshot.

use oxisim_backup::{
    Answer, Block, Digest, Entry, FromServer, MemoryVault, Receiver, ReceiverError, Restorer, Standing,
    ToServer, Vault,
    message::{BackupId, Blocks, Resumes, Source},
};
use oxisim_phonebook::{AlphaIdentifier, Book, Record};
use oxisim_wire::{Duration, Instant, Wire};

const NOW: Instant = Instant::from_secs(1_000);

fn record(name: &str) -> Record {
    Record { alpha: AlphaIdentifier::fit(name, 14).alpha, number: None, additional: Vec::new() }
}

fn book(names: &[&str]) -> Book {
    (1..).zip(names.iter().map(|name| record(name))).collect()
}

fn backup(generation: u16) -> BackupId {
    BackupId { source: Source::CARD, generation }
}

/// Block `number` of as many as there are names.
fn block(generation: u16, names: &[&str], number: u16, digest: Option<Digest>) -> ToServer {
    let name = names[usize::from(number) - 1];
    let block = Block { alpha: 14, entries: vec![Entry { slot: number, record: Some(record(name)) }] };
    ToServer::Blocks(Blocks {
        backup: backup(generation),
        base_distance: 0,
        total: names.len() as u16,
        first: number,
        blocks: vec![block.encode()],
        resumes: Resumes::UPLOADER,
        delay: None,
        digest,
    })
}

fn take(vault: &mut MemoryVault, message: &ToServer) -> Answer {
    Receiver::default().receive(vault, Source::CARD, &message.encode(), NOW, 0).unwrap()
}

/// A vault whose copy is of these names.
fn holding(names: &[&str]) -> MemoryVault {
    let mut vault = MemoryVault::default();
    for number in 1..=names.len() as u16 {
        take(&mut vault, &block(1, names, number, Some(Digest::of(&book(names)))));
    }
    vault
}

fn held(vault: &mut MemoryVault) -> Book {
    vault.held(Source::CARD).unwrap().expect("a copy").book.clone()
}

#[test]
fn a_backup_under_way_leaves_the_last_copy_and_that_can_be_restored() {
    let old = ["Ana", "Ben"];
    let mut vault = holding(&old);
    take(&mut vault, &block(2, &["Cem", "Dia"], 1, None));
    assert_eq!(held(&mut vault), book(&old));
    let mut receiver = Receiver::default();
    assert!(Restorer { policy: receiver.policy() }.start(&mut vault, NOW).unwrap());
    let messages = receiver.due(&mut vault, NOW).unwrap().messages;
    assert!(matches!(&messages[..], [FromServer::Restore { generation: 1, total: 1, .. }]), "{messages:?}");
}

#[test]
fn a_backup_with_another_digest_does_not_become_the_copy() {
    let (old, new) = (["Ana", "Ben"], ["Cem", "Dia"]);
    let mut vault = holding(&old);
    let wrong = Digest([0x55; 8]);
    take(&mut vault, &block(2, &new, 1, None));
    let answer = take(&mut vault, &block(2, &new, 2, Some(wrong)));
    let digest = Digest::of(&book(&new));
    let ok = FromServer::Ok { backup: backup(2), digest };
    assert_eq!(answer, Answer { messages: vec![ok.clone()], ..Answer::default() });
    assert_eq!(held(&mut vault), book(&old), "the last complete one stays");
    assert_eq!(vault.session(Source::CARD).unwrap().unwrap().standing, Standing::Differs(digest));
    let query = ToServer::Query { backup: backup(2), base_distance: 0, total: 2, digest: wrong };
    assert_eq!(take(&mut vault, &query).messages, [ok], "asked again, the same");
    // The whole backup that follows is the copy.
    for number in 1..=2 {
        take(&mut vault, &block(3, &new, number, Some(digest)));
    }
    assert_eq!(held(&mut vault), book(&new));
}

#[test]
fn without_a_digest_it_is_asked_for_and_the_copy_waits() {
    let (old, new) = (["Ana", "Ben"], ["Cem", "Dia"]);
    let mut vault = holding(&old);
    let mut receiver = Receiver::default();
    for number in 1..=2 {
        assert_eq!(take(&mut vault, &block(2, &new, number, None)), Answer::default());
    }
    assert_eq!(held(&mut vault), book(&old));
    let asked = receiver.due(&mut vault, NOW + Duration::from_mins(1)).unwrap().messages;
    assert!(matches!(&asked[..], [FromServer::Missing { blocks, .. }] if blocks.is_empty()), "{asked:?}");
    let digest = Digest::of(&book(&new));
    let query = ToServer::Query { backup: backup(2), base_distance: 0, total: 2, digest };
    assert_eq!(take(&mut vault, &query).completed, Some(backup(2)));
    assert_eq!(held(&mut vault), book(&new));
}

#[test]
fn another_body_for_a_block_is_an_alarm_and_the_first_stays() {
    let names = ["Ana", "Ben"];
    let mut vault = MemoryVault::default();
    let first = block(1, &names, 1, None);
    take(&mut vault, &first);
    assert_eq!(take(&mut vault, &first), Answer::default(), "the same again is nothing");
    let forged = block(1, &["Eve", "Ben"], 1, None);
    let error = Receiver::default().receive(&mut vault, Source::CARD, &forged.encode(), NOW, 0).unwrap_err();
    assert!(matches!(error, ReceiverError::Altered { generation: 1, number: 1 }), "{error}");
    take(&mut vault, &block(1, &names, 2, Some(Digest::of(&book(&names)))));
    assert_eq!(held(&mut vault), book(&names));
}

#[test]
fn another_digest_for_the_same_backup_contradicts_the_first() {
    let names = ["Ana", "Ben"];
    let mut vault = MemoryVault::default();
    let digest = Digest::of(&book(&names));
    take(&mut vault, &ToServer::Query { backup: backup(1), base_distance: 0, total: 2, digest });
    let other = block(1, &names, 2, Some(Digest([0x55; 8])));
    let error = Receiver::default().receive(&mut vault, Source::CARD, &other.encode(), NOW, 0).unwrap_err();
    assert!(matches!(error, ReceiverError::Contradiction(1)), "{error}");
}
