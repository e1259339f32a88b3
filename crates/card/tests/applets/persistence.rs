//! What memory keeps of applets.

use oxisim_card::{
    AppletInfo, Card, Clear, InstallParameters, MenuPlace, Profile, RestoreError, Tar, ToolkitEvent,
};
use oxisim_toolkit::objects::EventCode;
use oxisim_wire::{Duration, Instant};

use crate::bench::{Fields, Probe, aid, memory, package, restored};

/// One that has everything.
fn rich() -> Probe {
    Probe::installed_by(b'A', |env| {
        let mut registry = env.registry();
        registry.init_menu_entry(*b"first")?;
        registry.init_menu_entry(*b"second")?;
        registry.set_menu_entry_help(2, true)?;
        registry.disable_menu_entry(1)?;
        registry.allocate_timer()?;
        registry.allocate_timer()?;
        registry.release_timer(1)?;
        registry.set_event(ToolkitEvent::EventDownload(EventCode::LOCATION_STATUS))?;
        registry.set_event(ToolkitEvent::CallControl)?;
        registry.request_poll_interval(Some(Duration::from_secs(90)))?;
        env.new_persistent(5)?;
        env.new_pin(3, 8).map(|_| ())
    })
}

fn parameters() -> InstallParameters {
    InstallParameters {
        priority: 3,
        timers: 2,
        menu_entries: Some([1, 2].map(|place| MenuPlace { position: place, identifier: place }).to_vec()),
        tars: vec![Tar([1, 2, 3]), Tar([4, 5, 6])],
        persistent_quota: Some(100),
        transient_quota: Some(0x1234),
        application: b"own".to_vec(),
        ..InstallParameters::default()
    }
}

fn with_rich() -> Card {
    let mut card = Card::new(&Profile::default());
    card.load(package([rich()])).unwrap();
    card.install(&aid(0x50), &aid(b'A'), aid(b'1'), &parameters()).unwrap();
    card.make_selectable(&aid(b'1')).unwrap();
    card
}

fn infos(card: &Card) -> Vec<AppletInfo> {
    card.applets().collect()
}

#[test]
fn a_card_with_the_same_memory_and_packages_has_the_same_applets() {
    let card = with_rich();
    let copy = restored(&card, package([rich()]));
    let [info] = &infos(&copy)[..] else { panic!() };
    assert_eq!(*info, infos(&card)[0]);
    assert_eq!(info.parameters, parameters());
    assert_eq!((&info.menu_entries[..], &info.timers[..]), (&[1, 2][..], &[2][..]));
    assert_eq!(info.events.len(), 3);
    assert_eq!(info.persistent_octets, 4 + 5 + 12, "array of the installation, array, PIN");
    assert_eq!(memory(&copy), memory(&card));
}

#[test]
fn memory_of_an_applet_whose_class_is_not_loaded_is_refused() {
    let card = with_rich();
    let mut other = Card::new(&Profile::default());
    let objects = card.memory().objects().map(|(name, octets)| (name, Some(octets)));
    assert_eq!(other.restore(objects), Err(RestoreError::Class(aid(b'1'))));
    assert_eq!(other.applets().count(), 0);
}

#[test]
fn memory_that_makes_no_sense_is_refused() {
    let card = with_rich();
    let cases: [(&str, Option<&[u8]>); 12] = [
        ("applets", Some(&[1, 2, 3])),
        ("applet/A000000031/registry", Some(&[0])),
        ("applet/A000000031/registry", None),
        // Events that are not set by themselves, or not by their value: menu selection, MT call.
        ("applet/A000000031/registry", Some(&[0, 0, 0, 0, 0, 0, 2, 7, 0, 0])),
        ("applet/A000000031/registry", Some(&[0, 0, 0, 0, 0, 0, 2, 12, 0, 0])),
        ("applet/A000000031/state", Some(&[0; 5])),
        ("applet/A000000031/arrays", Some(&[9, 0, 5])),
        ("applet/A000000031/array/0", Some(&[0; 4])),
        ("applet/A000000031/pin/0", Some(&[3, 8, 4, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("applet/A000000031/pin/0", Some(&[0, 8, 0, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("applet/A000000031/pin/0", Some(&[3, 7, 3, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0])),
        ("applet/A000000031/pin/0", Some(&[3, 8, 3, 9, 0, 0, 0, 0, 0, 0, 0, 0])),
    ];
    for (name, octets) in cases {
        let mut copy = card.clone();
        assert!(copy.restore([(name, octets)]).is_err(), "{name} {octets:?}");
        assert_eq!((memory(&copy), infos(&copy)), (memory(&card), infos(&card)));
    }
    assert!(card.clone().restore([("applet/A000000099/state", Some(&[0][..]))]).is_err());
}

/// Does something to a card, with power lost after each write that it makes.
fn torn(card: &Card, change: impl Fn(&mut Card)) {
    let before = (memory(card), infos(card));
    let mut whole = card.clone();
    change(&mut whole);
    let after = (memory(&whole), infos(&whole));
    assert_ne!(before, after);
    for tear in 0.. {
        let mut card = card.clone();
        card.memory_mut().tear_after(Some(tear));
        change(&mut card);
        let is_torn = card.memory().is_torn();
        card.memory_mut().tear_after(None);
        card.power_on(Instant::EPOCH);
        let now = (memory(&card), infos(&card));
        if !is_torn {
            assert!(tear > 0);
            assert_eq!(now, after);
            break;
        }
        assert_eq!(now, before, "torn after {tear}");
    }
}

#[test]
fn power_loss_installs_locks_and_deletes_all_or_nothing() {
    let mut card = with_rich();
    let second = Probe::installed_by(b'B', |env| {
        env.begin_transaction()?;
        env.new_persistent(3)?;
        env.commit_transaction()?;
        env.registry().init_menu_entry(*b"B").map(|_| ())
    });
    card.load(package([rich(), second])).unwrap();
    torn(&card, |card| {
        let _ = card.install(&aid(0x50), &aid(b'B'), aid(b'2'), &InstallParameters::default());
    });
    torn(&card, |card| {
        let _ = card.lock(&aid(b'1'));
    });
    torn(&card, |card| {
        let _ = card.delete(&aid(b'1'));
    });
}

#[test]
fn what_an_applet_registers_for_outlasts_a_reset_and_an_abort_takes_it_back() {
    let probe = Probe::new(b'A');
    let mut card = crate::bench::card([probe.clone()]);
    probe.run(&mut card, |_, env| env.registry().init_menu_entry(*b"kept")).unwrap();
    probe
        .run(&mut card, |_, env| {
            env.begin_transaction()?;
            env.registry().init_menu_entry(*b"gone")?;
            env.registry().allocate_timer()?;
            assert_eq!(env.registry().menu_entries(), [1, 2]);
            env.abort_transaction()?;
            assert_eq!(env.registry().menu_entries(), [1]);
            Ok(())
        })
        .unwrap();
    card.power_on(Instant::EPOCH);
    let registered = |_: &mut _, env: &mut oxisim_card::Env<'_>| {
        Ok((env.registry().menu_entries(), env.registry().timers()))
    };
    assert_eq!(probe.run(&mut card, registered), Ok((vec![1], vec![])));
}

#[test]
fn memory_without_an_object_of_an_applet_is_refused() {
    let card = with_rich();
    for missing in ["state", "registry", "array/0"] {
        let mut other = Card::new(&Profile::default());
        other.load(package([rich()])).unwrap();
        let objects = card.memory().objects().filter(|(name, _)| !name.ends_with(missing));
        let objects = objects.map(|(name, octets)| (name, Some(octets)));
        assert!(other.restore(objects).is_err(), "{missing}");
        assert_eq!(other.applets().count(), 0);
    }
}

/// The host says what memory has while the card runs.
#[test]
fn an_applet_that_memory_describes_otherwise_is_what_memory_says() {
    let arrays = |name| {
        Probe::installed_by(name, |env| {
            let octets = env.parameters().application.len();
            env.new_transient(octets, Clear::OnReset).map(|_| ())
        })
    };
    let other_class = Probe { fields: Fields { heap: vec![0; 10], ..Fields::default() }, ..arrays(b'B') };
    let with = |class, octets| {
        let mut card = Card::new(&Profile::default());
        card.load(package([arrays(b'A'), other_class.clone()])).unwrap();
        let parameters = InstallParameters { application: vec![0; octets], ..InstallParameters::default() };
        card.install(&aid(0x50), &aid(class), aid(b'1'), &parameters).unwrap();
        card
    };
    for (class, octets, transient) in [(b'A', 4, 1 + 4), (b'A', 5, 1 + 5), (b'B', 4, 11 + 4)] {
        let mut card = with(b'A', 4);
        let memory = with(class, octets);
        card.restore(memory.memory().objects().map(|(name, octets)| (name, Some(octets)))).unwrap();
        assert_eq!(infos(&card)[0].transient_octets, transient);
    }
}
