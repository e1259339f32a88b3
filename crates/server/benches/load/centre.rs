//! An SMS centre that brings messages, as fast as they are taken or at a rate.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use oxisim_smpp::{Centre, CentreConfig, Failure, Link, LinkEvent, Message, Settings};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc,
    task::JoinSet,
    time::Instant,
};

/// The message with a place among all that are brought.
pub type Make = dyn Fn(usize) -> Message + Send + Sync;

/// The centre, on a thread of its own.
pub struct LoadCentre {
    runtime: Runtime,
    centre: Centre,
    events: mpsc::Receiver<LinkEvent>,
    links: Vec<Link>,
    window: usize,
}

impl LoadCentre {
    /// Listens. In each session `window` messages are on their way at most.
    pub fn listen(window: usize) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (sender, events) = mpsc::channel(1_000);
        let centre = CentreConfig {
            settings: Settings { window, ..Settings::default() },
            queue: window,
            ..CentreConfig::new("load", |_| Ok(()))
        };
        let centre = runtime.block_on(Centre::listen("127.0.0.1:0", centre, sender)).expect("a port");
        Self { runtime, centre, events, links: Vec::new(), window }
    }

    pub fn address(&self) -> SocketAddr {
        self.centre.local_addr()
    }

    /// Waits until so many sessions are bound.
    pub fn bound(&mut self, sessions: usize) {
        self.runtime.block_on(async {
            while self.links.len() < sessions {
                if let LinkEvent::Bound(link) = self.events.recv().await.expect("the centre listens") {
                    self.links.push(link);
                }
            }
        });
    }

    /// Brings messages as fast as they are taken; how long it takes.
    pub fn bring(&self, count: usize, make: &Arc<Make>) -> Duration {
        let begin = Instant::now();
        let next = Arc::new(AtomicUsize::new(0));
        self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for link in self.links.iter().flat_map(|link| std::iter::repeat_n(link, self.window)) {
                let (link, make, next) = (link.clone(), Arc::clone(make), Arc::clone(&next));
                tasks.spawn(async move {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        if place >= count {
                            return;
                        }
                        send(&link, make(place)).await;
                    }
                });
            }
            while tasks.join_next().await.transpose().expect("a task").is_some() {}
        });
        begin.elapsed()
    }

    /// Brings messages at a rate; how long each waited for its answer, from when it was due to be sent, in order.
    pub fn bring_at(&self, rate: f64, count: usize, make: &Arc<Make>) -> Vec<Duration> {
        self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            let begin = Instant::now();
            for (place, link) in (0..count).zip(self.links.iter().cycle()) {
                let at = begin + Duration::from_secs_f64(place as f64 / rate);
                tokio::time::sleep_until(at).await;
                let (link, make) = (link.clone(), Arc::clone(make));
                tasks.spawn(async move {
                    send(&link, make(place)).await;
                    at.elapsed()
                });
            }
            let mut waits = tasks.join_all().await;
            waits.sort_unstable();
            waits
        })
    }
}

/// Sends until it is taken, as an SMS centre does.
async fn send(link: &Link, message: Message) {
    loop {
        match link.send(message.clone()).await {
            Ok(_) => return,
            Err(Failure::Refused(status)) if status.is_temporary() => tokio::task::yield_now().await,
            Err(failure) => panic!("{failure}"),
        }
    }
}
