//! What is measured: messages of subscribers, and the rows that a database writes for them.

use std::time::Instant as Clock;

use ::postgres::Client;
use oxisim_backup::{
    Block, Entry, Policy, ToServer, carriage,
    message::{BackupId, Blocks, Resumes, Source},
};
use oxisim_phonebook::{AlphaIdentifier, DiallingNumber, Record};
use oxisim_server::{Msisdn, Reception, Server, Store, StoreKey};
use oxisim_sms::UserData;
use oxisim_wire::{Instant, Wire as _};

pub const KEY: StoreKey = StoreKey::new([7; 32]);

pub const NOW: Instant = Instant::from_secs(1_800_000_000);

/// Blocks of a backup, of which some never come.
const TOTAL: u16 = 30;

/// Messages a second that a store takes in groups, without a service around it: each is a block of a backup. The first ones
/// make the accounts and are not measured; those after are the rule.
pub fn alone<S: Store>(store: S, senders: usize, messages: u16, group: usize) -> f64 {
    let mut server = Server::new(store, Policy::default(), 1);
    let all: Vec<Msisdn> = (0..senders).map(number).collect();
    let mut begin = Clock::now();
    for message in 1..=messages {
        let user_data = block(message, Resumes::UPLOADER);
        for group in all.chunks(group) {
            let done = server.batch(group, |server| {
                for sender in group {
                    let reception = server.handle_deliver(&sender.address(), &user_data, NOW);
                    assert_eq!(reception.expect("the store works"), Reception::Taken { completed: None });
                }
            });
            done.expect("it is durable");
        }
        if message == 1 {
            begin = Clock::now();
        }
    }
    (senders * usize::from(messages - 1)) as f64 / begin.elapsed().as_secs_f64()
}

/// Octets of the rows that messages leave.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    number: usize,
    state: usize,
    block: usize,
    note: usize,
}

const SIZES: &str = "SELECT CAST(avg(length(number)) AS integer), CAST(avg(length(state)) AS integer),
        (SELECT CAST(avg(length(sealed)) AS integer) FROM account_block),
        (SELECT CAST(avg(length(sealed)) AS integer) FROM note)
    FROM account";

impl Sizes {
    /// As the store has written them.
    pub fn in_sqlite(db: &rusqlite::Connection) -> Self {
        let of = |column| db.query_row(SIZES, [], |row| row.get::<_, i32>(column)).expect("there are rows");
        Self::of([0, 1, 2, 3].map(of))
    }

    pub fn in_postgresql(client: &mut Client) -> Self {
        client.batch_execute("SET search_path TO oxisim").expect("it is PostgreSQL");
        let row = client.query_one(SIZES, &[]).expect("there are rows");
        Self::of([0, 1, 2, 3].map(|column| row.get(column)))
    }

    fn of(octets: [i32; 4]) -> Self {
        let [number, state, block, note] = octets.map(|octets| usize::try_from(octets).expect("a length"));
        Self { number, state, block, note }
    }
}

/// What a database alone is given to do.
#[derive(Clone, Copy, Debug)]
pub struct Bare {
    pub sizes: Sizes,
    pub senders: usize,
    /// Messages of each.
    pub messages: u16,
    /// Messages that are a transaction.
    pub group: usize,
}

/// A subscriber's number.
pub fn number(number: usize) -> Msisdn {
    format!("49151{number:08}").parse().expect("it is a number")
}

/// A message with a block of a backup: four contacts, of a phone's own phonebook, which needs no keys.
pub fn block(block: u16, resumes: Resumes) -> UserData {
    let contact = |slot: u16| Record {
        alpha: AlphaIdentifier::fit(&format!("Contact {slot:03}"), 14).alpha,
        number: Some(DiallingNumber::parse(&format!("+4915100000{slot:03}"), 40).expect("a number").number),
        additional: Vec::new(),
    };
    let entries = (block * 4..block * 4 + 4).map(|slot| Entry { slot, record: Some(contact(slot)) });
    let message = ToServer::Blocks(Blocks {
        backup: BackupId { source: Source::PHONE, generation: 1 },
        base_distance: 0,
        total: TOTAL,
        first: block,
        blocks: vec![Block { alpha: 14, entries: entries.collect() }.encode()],
        resumes,
        delay: None,
        digest: None,
    });
    carriage::wrap(Source::PHONE, 0, message.encode()).expect("it fits")
}

impl Bare {
    /// Whose messages they are, in groups, each in the order in which the store writes.
    fn groups(self) -> Vec<Vec<[u8; 16]>> {
        let ids: Vec<[u8; 16]> = (0..self.senders).map(id).collect();
        let sorted = |group: &[[u8; 16]]| {
            let mut group = group.to_vec();
            group.sort_unstable();
            group
        };
        ids.chunks(self.group).map(sorted).collect()
    }

    fn rate(self, begin: Clock) -> f64 {
        (self.senders * usize::from(self.messages)) as f64 / begin.elapsed().as_secs_f64()
    }

    /// Messages a second of a database that does nothing else, as safe as the store: for each an account is written, and a
    /// block and a note are added.
    pub fn sqlite(self, db: &mut rusqlite::Connection) -> f64 {
        db.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON")
            .expect("it is SQLite");
        let [number, state, block, note] = self.octets();
        let groups = self.groups();
        let making = db.transaction().expect("it begins");
        for id in groups.iter().flatten() {
            let make = "INSERT INTO account VALUES (?1, 0, NULL, ?2, ?3)";
            making.execute(make, rusqlite::params![id, number, state]).expect("a row is made");
        }
        making.commit().expect("it is durable");
        let begin = Clock::now();
        for message in 0..self.messages {
            for group in &groups {
                let transaction = db.transaction().expect("it begins");
                for id in group {
                    let run = |sql: &str, params: &[&dyn rusqlite::ToSql]| {
                        transaction
                            .prepare_cached(sql)
                            .and_then(|mut sql| sql.execute(params))
                            .expect("it is written");
                    };
                    run(
                        "UPDATE account SET revision = revision + 1, state = ?2 WHERE id = ?1",
                        &[id, &state],
                    );
                    run("INSERT INTO account_block VALUES (?1, 0, ?2, ?3)", &[id, &message, &block]);
                    run("INSERT INTO note (id, at, sealed) VALUES (?1, ?2, ?3)", &[id, &message, &note]);
                }
                transaction.commit().expect("it is durable");
            }
        }
        self.rate(begin)
    }

    /// The same in PostgreSQL, a statement for each kind of row.
    pub fn postgresql(self, client: &mut Client) -> f64 {
        client.batch_execute("SET search_path TO oxisim").expect("it is PostgreSQL");
        let [number, state, block, note] = self.octets();
        let groups = self.groups();
        let groups: Vec<Vec<&[u8]>> =
            groups.iter().map(|group| group.iter().map(|id| &id[..]).collect()).collect();
        let make = "INSERT INTO account SELECT id, 0, NULL, $2, $3 FROM unnest($1::bytea[]) AS id";
        client.execute(make, &[&groups.concat(), &number, &state]).expect("rows are made");
        let mut prepare = |sql| client.prepare(sql).expect("sql");
        let write = prepare(
            "UPDATE account SET revision = revision + 1, state = new.state
             FROM unnest($1::bytea[], $2::bytea[]) AS new (id, state) WHERE account.id = new.id",
        );
        let add_block = prepare(
            "INSERT INTO account_block
             SELECT id, 0, $2, sealed FROM unnest($1::bytea[], $3::bytea[]) AS new (id, sealed)",
        );
        let add_note = prepare(
            "INSERT INTO note (id, at, sealed)
             SELECT id, 0, sealed FROM unnest($1::bytea[], $2::bytea[]) AS new (id, sealed)",
        );
        let begin = Clock::now();
        for message in 0..self.messages {
            for ids in &groups {
                let mut transaction = client.transaction().expect("it begins");
                let mut run = |sql, values: &[&(dyn ::postgres::types::ToSql + Sync)]| {
                    transaction.execute(sql, values).expect("it is written");
                };
                run(&write, &[ids, &vec![&state; ids.len()]]);
                run(&add_block, &[ids, &i32::from(message), &vec![&block; ids.len()]]);
                run(&add_note, &[ids, &vec![&note; ids.len()]]);
                transaction.commit().expect("it is durable");
            }
        }
        self.rate(begin)
    }

    fn octets(self) -> [Vec<u8>; 4] {
        let Sizes { number, state, block, note } = self.sizes;
        [number, state, block, note].map(|size| vec![0; size])
    }
}

/// As scattered as hashes are.
fn id(number: usize) -> [u8; 16] {
    let number = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    [number.to_be_bytes(), number.rotate_left(29).to_be_bytes()].concat().try_into().expect("16 octets")
}
