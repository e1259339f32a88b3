//! Hours of the day in which the server asks.

use oxisim_backup::{
    Policy, Spacing, ToServer, Vault, Window, carriage,
    message::{BackupId, Blocks, Resumes, Source},
};
use oxisim_server::{Msisdn, Server, SqliteStore, Store, StoreError};
use oxisim_wire::{Duration, Instant};

const SUBSCRIBERS: u64 = 1_000;
const DAY: u64 = 86_400;
const HOUR: u64 = 3_600;

/// When a server that asks at night asks each of many subscribers whose block has come at noon.
fn asked(seed: u64) -> Vec<u64> {
    let noon = Instant::from_secs(20_000 * DAY + 12 * HOUR);
    let night = Window { opens: 22 * HOUR as u32, closes: 6 * HOUR as u32 };
    let spacing = Spacing::Timetable(vec![night], Duration::from_mins(2));
    let policy = Policy { spacing, ..Policy::default() };
    let mut server = Server::new(SqliteStore::in_memory().unwrap(), policy, seed);
    let message = ToServer::Blocks(Blocks {
        backup: BackupId { source: Source::PHONE, generation: 1 },
        base_distance: 0,
        total: 30,
        first: 1,
        blocks: vec![vec![0x0E, 0x80, 0x01]],
        resumes: Resumes::SERVER,
        delay: None,
        digest: None,
    });
    let user_data = carriage::wrap(Source::PHONE, 0, message.encode()).unwrap();
    let of: Vec<Msisdn> = (0..SUBSCRIBERS).map(|it| format!("+49151{it:08}").parse().unwrap()).collect();
    let deliver = |server: &mut Server<SqliteStore>| {
        of.iter().try_for_each(|it| server.handle_deliver(&it.address(), &user_data, noon).map(drop))
    };
    server.batch(&of, deliver).unwrap().unwrap();
    let resume = |msisdn: &Msisdn| {
        let session = server.store().subscriber(msisdn, |account| account.session(Source::PHONE));
        let session: Result<_, StoreError> = session;
        session.unwrap().unwrap().resume_at.unwrap().since(noon).as_secs()
    };
    of.iter().map(resume).collect()
}

#[test]
fn the_opening_of_a_timetable_is_no_rush() {
    let mut asked = asked(1);
    asked.sort_unstable();
    let (opens, last) = (10 * HOUR, 16 * HOUR);
    assert!(asked.iter().all(|at| (opens..last).contains(at)), "{asked:?}");
    let in_minute = |minute| asked.iter().filter(|at| **at / 60 == minute).count();
    let most = (opens / 60..last / 60).map(in_minute).max().unwrap();
    // 2.8 on average.
    assert!(most <= 12, "{most} in one minute");
    for hour in opens / HOUR..last / HOUR {
        let in_hour = asked.iter().filter(|at| **at / HOUR == hour).count();
        assert!((130..=205).contains(&in_hour), "{in_hour} in one hour");
    }
}

#[test]
fn the_same_seed_spreads_them_in_the_same_way() {
    assert_eq!(asked(7), asked(7));
    assert_ne!(asked(7), asked(8));
}
