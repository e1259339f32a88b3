//! The backup applet lives in 1 KiB of transient memory, and uses no more than it says.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use oxisim_applets::PhonebookBackup;
use oxisim_backup::{Mode, Way, message::Source};
use oxisim_card::{Aid, Applet, AppletError, Card, Env, Event, InstallParameters};
use oxisim_phonebook::Book;
use oxisim_server::{Server, SqliteStore};
use oxisim_tests::{CARDS, LONG, SERVER, SUBSCRIBER, Scene, book, contacts, copy, hand_over};
use oxisim_wire::Duration;
use oxisim_world::World;

/// The applet's quota.
const QUOTA: usize = 1_024;

/// The backup applet, measured between events.
#[derive(Clone)]
struct Measured {
    applet: PhonebookBackup,
    events: usize,
    /// It is measured after each so many events. A copy has no more room than it needs: several events in a row show
    /// whether room piles up.
    stride: usize,
    /// The most octets that it has been found to use.
    most: Arc<AtomicUsize>,
}

impl Measured {
    /// Goes on with a copy of the applet, and counts what the applet itself gives back.
    fn measure(&mut self) {
        let says = self.applet.transient_octets();
        assert!(says <= QUOTA, "{says} octets after event {}", self.events);
        let copy = self.applet.clone();
        let applet = std::mem::replace(&mut self.applet, copy);
        let given_back = -allocation_counter::measure(|| drop(applet)).bytes_current;
        let uses = size_of::<PhonebookBackup>() + usize::try_from(given_back).unwrap();
        assert!(uses <= says, "it uses {uses} octets after event {}, and says {says}", self.events);
        self.most.fetch_max(uses, Ordering::Relaxed);
    }
}

impl Applet for Measured {
    fn aid(&self) -> Aid {
        self.applet.aid()
    }

    fn parameters(&self) -> InstallParameters {
        self.applet.parameters()
    }

    fn persistent_octets(&self) -> usize {
        self.applet.persistent_octets()
    }

    fn transient_octets(&self) -> usize {
        self.applet.transient_octets()
    }

    fn opens_packets(&self) -> bool {
        self.applet.opens_packets()
    }

    fn install(&mut self, parameters: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        self.applet.install(parameters, env)
    }

    fn start(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        self.applet.start(env)
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        let result = self.applet.process_toolkit(event, env);
        self.events += 1;
        if self.events.is_multiple_of(self.stride) {
            self.measure();
        }
        result
    }
}

/// A world whose card has the measured applet, and the most octets that it uses.
fn world(scene: Scene, stride: usize) -> (World<Server<SqliteStore>>, Arc<AtomicUsize>) {
    let most = Arc::default();
    let applet = PhonebookBackup::new(SERVER.parse().unwrap(), scene.settings.clone());
    let measured = Measured { applet, events: 0, stride, most: Arc::clone(&most) };
    (scene.world_of(|card: Card| card.with_applet(measured)), most)
}

/// A whole phonebook, a block each contact: as many blocks as there can be.
fn scene(mode: Mode) -> Scene {
    let mut scene = Scene { book: contacts(255), ..Scene::ten_blocks(Way::NORMAL) };
    scene.settings.mode = mode;
    scene
}

fn backup(mode: Mode, stride: usize) {
    let (mut world, most) = world(scene(mode), stride);
    let quota = world.card.applets().next().unwrap().parameters.transient_quota;
    assert_eq!(quota.map(usize::from), Some(QUOTA), "the card knows the quota");
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(255)), "{mode:?}");
    assert!(most.load(Ordering::Relaxed) > size_of::<PhonebookBackup>(), "what it has elsewhere is counted");
}

#[test]
fn a_backup_of_255_contacts_stays_within_the_quota_in_each_mode() {
    let ways = [Way::NORMAL, Way::SERVER, Way::TIMER, Way::STATUS].map(Mode::Fixed);
    for mode in ways.into_iter().chain([Mode::Auto, Mode::Ask]) {
        backup(mode, 1);
        backup(mode, 7);
    }
}

#[test]
fn a_restore_of_255_contacts_stays_within_the_quota() {
    let (mut before, _) = world(scene(Mode::Fixed(Way::NORMAL)), 1);
    before.request_card_backup().unwrap();
    assert!(before.run_backup(LONG).unwrap());
    let (mut next, most) =
        world(Scene { book: Book::default(), iccid: CARDS[1], ..scene(Mode::Fixed(Way::NORMAL)) }, 1);
    hand_over(before.esme, &mut next);
    let now = next.now();
    assert!(next.esme.start_restore(&SUBSCRIBER.parse().unwrap(), now).unwrap());
    next.run_until(Duration::from_mins(180), |_| false).unwrap();
    assert_eq!(book(&mut next.card), contacts(255));
    assert!(most.load(Ordering::Relaxed) > size_of::<PhonebookBackup>(), "what it has elsewhere is counted");
}
