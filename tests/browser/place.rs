//! A console over a server with subscribers, on a port of the system's choice.

use std::sync::{Arc, Mutex};

use oxisim_backup::{
    BlockSet, Held, Policy, Session, Standing, Vault,
    message::{BackupId, Resumes, Source},
};
use oxisim_phonebook::{AlphaIdentifier, Book, DiallingNumber, Record};
use oxisim_server::{
    Account, Direction, LogEntry, Msisdn, Server, SqliteStore, Store,
    console::{Console, Desk, Exposure, Listener, MemoryDrawers, Metric, Role, ServerDesk, Vitals},
};
use oxisim_wire::{Duration, Instant};

pub const PASSWORD: &str = "correct horse battery";
pub const ALICE: &str = "+491511234567";

const NOW: Instant = Instant::from_secs(1_800_000_000);

/// Where the console is.
pub struct Place {
    origin: String,
    /// Identifier of the first subscriber.
    pub id: String,
}

struct Service;

impl Vitals for Service {
    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }

    fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Place {
    pub async fn open() -> Self {
        let drawers = Arc::new(MemoryDrawers::default());
        Console::create_account(&*drawers, "ada", PASSWORD, Role::Operator, NOW).unwrap();
        Console::create_account(&*drawers, "max", PASSWORD, Role::Auditor, NOW).unwrap();
        let group = br#"{"prefixes":["49"],"policy":{"mode":"server","subset":3,"pause":120,"timetable":["22:00-06:00"]}}"#;
        oxisim_server::console::Drawers::put(&*drawers, oxisim_server::console::Drawer::Groups, "de", group)
            .unwrap();
        let desk = ServerDesk::new(Mutex::new(server()), [7; 16]);
        let id = desk.find(&ALICE.parse().unwrap()).unwrap().unwrap().to_string();
        let exposure = Exposure::loopback(0);
        let clock = Arc::new(|| NOW);
        let console =
            Console::new(Arc::new(desk), drawers, Arc::new(Service), clock, exposure.clone()).unwrap();
        let listener = Listener::bind(&exposure, None).await.unwrap();
        let origin = format!("http://{}", listener.address());
        tokio::spawn(async move { console.serve(listener, std::future::pending()).await });
        Self { origin, id }
    }

    /// Where a page is, by its path or the name that stands for it.
    pub fn page(&self, name: &str) -> String {
        let id = &self.id;
        self.url(&match name {
            "one" => format!("/subscribers/{id}"),
            "copy" => format!("/subscribers/{id}/copies/card"),
            "notes" => format!("/subscribers/{id}/messages"),
            other => format!("/{other}"),
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

/// Some subscribers, whose backups stand in all ways.
fn server() -> Server<SqliteStore> {
    let mut store = SqliteStore::in_memory().unwrap();
    let names = ["Zoe Alpha", "Anna Müller", "Taxi", "Dr. Schmidt Praxis", "明美"];
    let record = |name: &str, digits: &str| Record {
        alpha: AlphaIdentifier::fit(name, 20).alpha,
        number: DiallingNumber::parse(digits, 20).ok().map(|parsed| parsed.number),
        additional: Vec::new(),
    };
    let book: Book =
        (1..).zip(names).map(|(slot, name)| (slot, record(name, &format!("+4915112340{slot:02}")))).collect();
    for n in 0..9_u64 {
        let number = if n == 0 { ALICE.to_owned() } else { format!("+49151123400{n:02}") };
        let msisdn: Msisdn = number.parse().unwrap();
        let mut received = BlockSet::empty(40);
        received.insert_range(1, 10 + n as u16 * 3);
        received.insert_range(37, 38);
        let digest = oxisim_backup::Digest::of(&book);
        let standing = match n % 4 {
            0 => Standing::Open,
            1 | 2 => Standing::Complete(digest),
            _ => Standing::Refused,
        };
        let is_open = standing == Standing::Open;
        store
            .subscriber(&msisdn, |account| {
                account.put_session(&Session {
                    backup: BackupId { source: Source::CARD, generation: 7 },
                    base_distance: 0,
                    received: if is_open { received } else { BlockSet::full(40) },
                    digest: None,
                    resumes: Resumes::UPLOADER,
                    delay: None,
                    resume_at: is_open.then_some(NOW + Duration::from_mins(10)),
                    asked: 1,
                    standing,
                    since: NOW,
                })?;
                account.put_held(
                    Source::CARD,
                    &Held { generation: 6, at: NOW, book: book.clone(), table: None },
                )?;
                for minute in 0..20 * (n + 1) {
                    let at = Instant::from_secs(NOW.as_secs() - 600 * minute);
                    let direction = if minute % 3 == 0 { Direction::Out } else { Direction::In };
                    let summary = format!("BLOCKS CARD 7: 3 from {minute} of 40");
                    account.log(&LogEntry { at, direction, summary, octets: 133 })?;
                }
                Ok::<_, oxisim_server::StoreError>(())
            })
            .unwrap();
    }
    let card = "8900101000000000019".parse().unwrap();
    store.enrol(&ALICE.parse().unwrap(), &card, oxisim_backup::security::KeyVersion::FIRST, NOW).unwrap();
    let mut server = Server::new(store, Policy::default(), 1);
    assert!(server.start_restore(&ALICE.parse().unwrap(), NOW).unwrap());
    server
}
