//! Servers that end at any moment: what was acknowledged is there, once, and every backup completes.

use std::{
    thread,
    time::{Duration, Instant},
};

use oxisim_backup::message::Source;
use oxisim_server::{PostgresStore, SqliteStore, Store, StoreKey};

use crate::{
    centre::LoadCentre,
    postgres::Cluster,
    process::PATIENCE,
    served::Place,
    uploads::{book, messages, subscriber},
};

const SUBSCRIBERS: u32 = 40;

const KEY: &str = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";

/// A place in the load, by chance.
fn chance(of: usize) -> usize {
    let octets = std::collections::hash_map::RandomState::new();
    std::hash::BuildHasher::hash_one(&octets, of) as usize % of.max(1)
}

/// Every subscriber's copy is their phonebook, and there is nothing else.
fn verify(mut store: impl Store) {
    assert_eq!(store.subscribers().unwrap().len(), SUBSCRIBERS as usize);
    for place in 0..SUBSCRIBERS {
        let held = store.held(&subscriber(place), Source::PHONE).unwrap();
        assert_eq!(held.map(|held| held.book.clone()), Some(book(place)), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_under_load_loses_nothing_that_it_acknowledged() {
    let load: Vec<_> = (0..SUBSCRIBERS).flat_map(messages).collect();
    let all = load.len();
    let mut centre = LoadCentre::start(load).await;
    let place = Place::new("", &[centre.address]);
    let mut moments: Vec<usize> = (0..3).map(|_| 1 + chance(all - 2)).collect();
    moments.sort_unstable();
    for moment in &moments {
        let served = place.serve("SERVER.toml");
        centre.acknowledged(*moment).await;
        served.kill();
    }
    let served = place.serve("SERVER.toml");
    centre.acknowledged(all).await;
    served.stop();
    println!("killed after {moments:?} of {all} messages");
    verify(SqliteStore::open_beside(place.path("oxisim.db")).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_on_one_database_one_is_killed_and_the_other_takes_over() {
    let Some(cluster) = tokio::task::spawn_blocking(Cluster::start).await.unwrap() else { return };
    let url = cluster.url("killed");
    let cluster = tokio::task::spawn_blocking(move || {
        cluster.create("killed");
        cluster
    });
    let cluster = cluster.await.unwrap();
    let before = SUBSCRIBERS / 4;
    let easy: Vec<_> = (0..before).flat_map(messages).collect();
    let load: Vec<_> = (before..SUBSCRIBERS).flat_map(messages).collect();
    let (done, all) = (easy.len(), easy.len() + load.len());
    let mut centre = LoadCentre::start([]).await;
    let first = format!(
        "[server]\nmaster_key = \"master.key\"\n[store]\nurl = \"{url}\"\nkey = \"store.key\"\nlease = \"3s\""
    );
    let place = Place::new(&first, &[centre.address]);
    std::fs::write(place.path("store.key"), KEY).unwrap();
    std::fs::write(place.path("master.key"), &KEY[..32]).unwrap();
    // Each has the console's documents for itself.
    place.write("OTHER.toml", &first.replace("[store]", "name = \"other\"\n[store]"), &[centre.address]);
    let mut other = place.serve("OTHER.toml");
    let mut served = place.serve("SERVER.toml");
    for one in [&mut other, &mut served] {
        one.running.prints("works for 128 shards");
    }
    // Either takes what it gets, also for subscribers of the other's.
    centre.bring(easy);
    centre.told(before as usize).await;
    assert_eq!(centre.refused(), 0);
    centre.bring(load);
    centre.acknowledged(done + 1 + chance((all - done) / 2)).await;
    served.kill();
    centre.acknowledged(all).await;
    let key: StoreKey = KEY.parse().unwrap();
    tokio::task::spawn_blocking(move || {
        taken(&mut PostgresStore::connect(&url, &key).unwrap());
        other.stop();
        verify(PostgresStore::connect(&url, &key).unwrap());
        drop(cluster);
    })
    .await
    .unwrap();
}

/// Waits until all that servers have passed on is taken.
fn taken(store: &mut PostgresStore) {
    let end = Instant::now() + PATIENCE;
    while store.inbox(oxisim_wire::Instant::EPOCH, 1).unwrap().len() == 1 {
        assert!(Instant::now() < end, "nobody takes what was passed on");
        thread::sleep(Duration::from_millis(50));
    }
}
