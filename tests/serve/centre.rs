//! An SMS centre that brings messages as fast as they are taken, and keeps each until it is acknowledged.

use std::{
    collections::{BTreeSet, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use oxisim_backup::FromServer;
use oxisim_smpp::{Centre, CentreConfig, Link, LinkEvent, Message};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{sleep, timeout},
};

use crate::process::PATIENCE;

/// Messages on their way at the same time on one session.
const AT_ONCE: usize = 20;

/// How long after it has not been taken a message is brought again.
const AGAIN: Duration = Duration::from_millis(20);

/// What is to be brought, and what has been.
#[derive(Default)]
struct Load {
    waiting: Mutex<VecDeque<Message>>,
    /// There are more to bring.
    more: Notify,
    /// How often a message was not taken.
    refused: AtomicUsize,
    /// Who has been told that their backup is complete.
    done: Mutex<BTreeSet<String>>,
}

/// The centre.
pub struct LoadCentre {
    pub address: SocketAddr,
    load: Arc<Load>,
    acknowledged: watch::Receiver<usize>,
    told: watch::Receiver<usize>,
    _centre: Centre,
}

impl LoadCentre {
    /// Listens, and brings these messages.
    pub async fn start(messages: impl IntoIterator<Item = Message>) -> Self {
        let (events, received) = mpsc::channel(100);
        let centre = CentreConfig::new("load", |_| Ok(()));
        let centre = Centre::listen("127.0.0.1:0", centre, events).await.expect("a port");
        let load = Arc::new(Load::default());
        load.waiting.lock().unwrap().extend(messages);
        let (count, acknowledged) = watch::channel(0);
        let (tell, told) = watch::channel(0);
        tokio::spawn(run(Arc::clone(&load), received, count, tell));
        Self { address: centre.local_addr(), load, acknowledged, told, _centre: centre }
    }

    /// Brings these messages, too.
    pub fn bring(&self, messages: impl IntoIterator<Item = Message>) {
        self.load.waiting.lock().unwrap().extend(messages);
        self.load.more.notify_waiters();
    }

    /// How often a message was not taken, and was to come again.
    pub fn refused(&self) -> usize {
        self.load.refused.load(Ordering::Relaxed)
    }

    /// Waits until so many messages are acknowledged.
    pub async fn acknowledged(&mut self, count: usize) {
        let reached = timeout(PATIENCE, self.acknowledged.wait_for(|&it| it >= count)).await.map(drop);
        assert!(reached.is_ok(), "{} of {count} are acknowledged", *self.acknowledged.borrow());
    }

    /// Waits until so many subscribers have heard that their backup is complete.
    pub async fn told(&mut self, count: usize) {
        let reached = timeout(PATIENCE, self.told.wait_for(|&it| it >= count)).await.map(drop);
        assert!(reached.is_ok(), "{} of {count} have heard", self.load.done.lock().unwrap().len());
    }
}

async fn run(
    load: Arc<Load>,
    mut events: mpsc::Receiver<LinkEvent>,
    count: watch::Sender<usize>,
    tell: watch::Sender<usize>,
) {
    let mut ids = 0;
    while let Some(event) = events.recv().await {
        match event {
            LinkEvent::Bound(link) => {
                for _ in 0..AT_ONCE {
                    tokio::spawn(bring(Arc::clone(&load), link.clone(), count.clone()));
                }
            }
            LinkEvent::Message(incoming) => {
                let data = incoming.message().user_data().expect("user data");
                if let Ok(FromServer::Ok { .. }) = FromServer::decode(data.payload()) {
                    let to = incoming.message().destination.as_ref().expect("a number").to_string();
                    let mut done = load.done.lock().unwrap();
                    done.insert(to);
                    tell.send_replace(done.len());
                }
                ids += 1;
                incoming.accept(Some(format!("{ids:08X}")));
            }
            _ => {}
        }
    }
}

/// Brings messages on a session until it ends.
async fn bring(load: Arc<Load>, link: Link, count: watch::Sender<usize>) {
    loop {
        let more = load.more.notified();
        let next = load.waiting.lock().unwrap().pop_front();
        let Some(message) = next else {
            more.await;
            continue;
        };
        match link.send(message.clone()).await {
            Ok(_) => count.send_modify(|count| *count += 1),
            Err(failure) => {
                load.waiting.lock().unwrap().push_back(message);
                load.more.notify_waiters();
                if !matches!(failure, oxisim_smpp::Failure::Refused(status) if status.is_temporary()) {
                    return;
                }
                load.refused.fetch_add(1, Ordering::Relaxed);
                sleep(AGAIN).await;
            }
        }
    }
}
