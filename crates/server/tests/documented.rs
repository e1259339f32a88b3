//! The packets of docs/BACKUP.md are those that this code makes.

use oxisim_backup::{
    BlockSet, FromServer, ToServer,
    carriage::{self, Carried, Direction},
    message::{BackupId, Blocks, Resumes, Source},
    security::{KeySet, KeyVersion, Rekey, RekeyResult, check_values},
};
use oxisim_server::MasterKey;
use oxisim_sms::{ProtocolIdentifier, Timestamp, UserData, tpdu::Deliver, tpdu::Submit};
use oxisim_wire::{Instant, Wire};

const SERVER: &str = "+15550199999";

const BACKUP: BackupId = BackupId { source: Source::CARD, generation: 8 };

/// The page without what makes it readable.
fn page() -> String {
    include_str!("../../../docs/BACKUP.md").split_whitespace().collect()
}

fn keys() -> KeySet {
    let master: MasterKey = "000102030405060708090A0B0C0D0E0F".parse().unwrap();
    master.card_keys(&"8900101000000000019".parse().unwrap(), KeyVersion::FIRST)
}

fn sealed(direction: Direction, message: Vec<u8>) -> UserData {
    let user_data = carriage::seal(direction, &keys(), 1.into(), message).unwrap();
    let Some(Carried::Sealed(_)) = carriage::read(&user_data) else { panic!("it is secured") };
    user_data
}

#[test]
fn the_keys_are_those_of_the_page() {
    let KeySet { kic, kid, kik, .. } = &keys();
    for key in [kic, kid, kik].map(hex::encode_upper) {
        assert!(page().contains(&key), "{key}");
    }
}

#[test]
fn the_cards_message_is_that_of_the_page() {
    let block = "0E\
        000173616D616E7468612077FFFFFFFF038110F9FFFFFFFFFFFFFFFF\
        00024D69636861656C6120436172746507917108580313F5FFFFFFFF\
        00034A6F686E736F6E2C20437261776607919191568774F5FFFFFFFF";
    let message = ToServer::Blocks(Blocks {
        backup: BACKUP,
        base_distance: 0,
        total: 4,
        first: 1,
        blocks: vec![hex::decode(block).unwrap()],
        resumes: Resumes::UPLOADER,
        delay: None,
        digest: None,
    });
    let user_data = sealed(Direction::ToServer, message.encode());
    let submit = Submit::new(SERVER.parse().unwrap(), ProtocolIdentifier::DEFAULT, user_data);
    let tpdu = hex::encode_upper(submit.encode());
    assert!(page().contains(&tpdu), "{tpdu}");
}

#[test]
fn the_servers_message_is_that_of_the_page() {
    let mut blocks = BlockSet::empty(10);
    blocks.insert_range(4, 10);
    let user_data = sealed(Direction::ToCard, FromServer::Missing { backup: BACKUP, blocks }.encode());
    let timestamp = Timestamp::from_instant(Instant::from_secs(1_767_254_400), 0);
    let pid = ProtocolIdentifier::SIM_DATA_DOWNLOAD;
    let deliver = Deliver::new(SERVER.parse().unwrap(), pid, timestamp, user_data);
    let tpdu = hex::encode_upper(deliver.encode());
    assert!(page().contains(&tpdu), "{tpdu}");
}

#[test]
fn the_order_for_other_keys_and_its_answer_are_those_of_the_page() {
    let master: MasterKey = "000102030405060708090A0B0C0D0E0F".parse().unwrap();
    let next = master.card_keys(&"8900101000000000019".parse().unwrap(), KeyVersion::FIRST.next());
    let order = FromServer::Rekey(Rekey::new(&keys(), &next).unwrap()).encode();
    assert_eq!(order.len(), 72);
    assert!(order.len() <= carriage::CARD_OCTETS);
    let check_values = check_values(&next).unwrap();
    let answer = ToServer::Rekeyed { result: RekeyResult::DONE, version: 2, check_values }.encode();
    let KeySet { kic, kid, kik, .. } = &next;
    for octets in [&order[..], &answer, kic, kid, kik].map(hex::encode_upper) {
        assert!(page().contains(&octets), "{octets}");
    }
    assert_eq!(FromServer::decode(&order).map(|message| message.encode()), Ok(order));
    assert_eq!(ToServer::decode(&answer).map(|message| message.encode()), Ok(answer));
}
