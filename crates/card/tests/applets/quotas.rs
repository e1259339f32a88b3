//! How much memory an applet may have.

use oxisim_card::{
    Aid, Applet, AppletError, Card, Clear, Env, Event, InstallParameters, Profile, SystemError,
    TransactionError,
};
use oxisim_wire::Instant;

use crate::bench::{Probe, card, memory};

const NO_RESOURCE: AppletError = AppletError::System(SystemError::NoResource);
const NO_TRANSIENT_SPACE: AppletError = AppletError::System(SystemError::NoTransientSpace);

fn limited(persistent: Option<u16>, transient: Option<u16>, probe: Probe) -> Probe {
    let parameters = InstallParameters {
        persistent_quota: persistent,
        transient_quota: transient,
        ..InstallParameters::default()
    };
    Probe { parameters, ..probe }
}

#[test]
fn persistent_memory_ends_with_the_quota() {
    let probe = Probe::installed_by(b'A', |env| {
        env.new_persistent(10)?;
        env.new_pin(3, 2)?;
        assert_eq!(env.new_persistent(1), Err(NO_RESOURCE));
        assert_eq!(env.new_pin(1, 1), Err(NO_RESOURCE));
        Ok(())
    });
    let mut card = Card::new(&Profile::default());
    assert_eq!(card.add_applet(limited(Some(4 + 10 + 6), None, probe)), Ok(()));
    let octets: Vec<_> = card.applets().map(|applet| applet.persistent_octets).collect();
    assert_eq!(octets, [20]);
}

#[test]
fn an_applet_that_needs_more_from_the_start_is_not_installed() {
    for (persistent, transient, error) in [(Some(3), None, NO_RESOURCE), (None, Some(0), NO_TRANSIENT_SPACE)]
    {
        let mut card = Card::new(&Profile::default());
        let before = memory(&card);
        let probe = Probe { start: |_, _| panic!("it is not started"), ..Probe::new(b'A') };
        assert_eq!(card.add_applet(limited(persistent, transient, probe)), Err(error));
        assert_eq!(memory(&card), before);
    }
}

#[test]
fn transient_arrays_end_with_the_quota() {
    let probe = Probe::installed_by(b'A', |env| {
        env.new_transient(7, Clear::OnReset)?;
        env.new_transient(2, Clear::OnDeselect)?;
        assert_eq!(env.new_transient(2, Clear::OnReset), Err(NO_TRANSIENT_SPACE));
        Ok(())
    });
    let mut card = Card::new(&Profile::default());
    assert_eq!(card.add_applet(limited(None, Some(10), probe)), Ok(()));
    let octets: Vec<_> = card.applets().map(|applet| applet.transient_octets).collect();
    assert_eq!(octets, [10]);
}

#[test]
fn a_call_that_leaves_too_much_in_the_fields_is_taken_back_and_the_object_is_new() {
    let probe = limited(
        None,
        Some(20),
        Probe::installed_by(b'A', |env| env.new_transient(4, Clear::OnReset).map(|_| ())),
    );
    let mut card = card([probe.clone()]);
    let grow = |octets| {
        move |fields: &mut crate::bench::Fields, env: &mut oxisim_card::Env<'_>| {
            fields.count = 9;
            fields.heap = vec![0; octets];
            env.write(env.array(0), 0, &[7])?;
            env.begin_transaction()?;
            env.store_write(0, &[7])
        }
    };
    let left = |fields: &mut crate::bench::Fields, env: &mut oxisim_card::Env<'_>| {
        let (mut array, mut store) = ([0], [0]);
        env.read(env.array(0), 0, &mut array)?;
        env.store_read(0, &mut store)?;
        assert_eq!(env.commit_transaction(), Err(TransactionError::NotInProgress.into()));
        Ok((fields.count, fields.heap.len(), array[0], store[0]))
    };
    probe.run(&mut card, grow(15)).unwrap();
    assert_eq!(probe.run(&mut card, left), Ok((9, 15, 7, 0)), "as much as it may");
    probe.run(&mut card, grow(16)).unwrap();
    assert_eq!(probe.run(&mut card, left), Ok((0, 0, 0, 0)));
}

#[test]
fn a_server_beyond_its_quota_ends_the_call_of_the_client() {
    let server = Probe {
        shared: |fields, _, message, _| {
            fields.heap.extend_from_slice(message);
            Ok(vec![1])
        },
        ..Probe::new(b'S')
    };
    let client = Probe::new(b'C');
    let mut card = card([limited(None, Some(5), server), client.clone()]);
    let answers = client.run(&mut card, |_, env| {
        let server = crate::bench::aid(b'S');
        Ok([env.call(&server, &[0; 4]), env.call(&server, &[0; 1]), env.call(&server, &[0; 1])])
    });
    assert_eq!(answers, Ok([Ok(vec![1]), Err(NO_TRANSIENT_SPACE), Ok(vec![1])]));
}

#[test]
fn an_applet_that_says_it_needs_more_than_there_is_is_not_installed() {
    #[derive(Clone)]
    struct Greedy(Probe, [usize; 2]);
    impl Applet for Greedy {
        fn aid(&self) -> Aid {
            self.0.aid()
        }
        fn persistent_octets(&self) -> usize {
            self.1[0]
        }
        fn transient_octets(&self) -> usize {
            self.1[1]
        }
        fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
            env.new_transient(1, Clear::OnReset).map(|_| ())
        }
        fn process_toolkit(&mut self, _: Event<'_>, _: &mut Env<'_>) -> Result<(), AppletError> {
            Ok(())
        }
    }
    let mut card = Card::new(&Profile::default());
    let before = memory(&card);
    let error = card.add_applet(Greedy(Probe::new(b'A'), [usize::MAX, 0]));
    assert_eq!((error, memory(&card)), (Err(NO_RESOURCE), before));
    assert_eq!(card.add_applet(Greedy(Probe::new(b'A'), [0, usize::MAX])), Ok(()), "it has no quota");
    let octets: Vec<_> = card.applets().map(|applet| applet.transient_octets).collect();
    assert_eq!(octets, [usize::MAX]);
}

#[test]
#[should_panic(expected = "the applet \"applet\" cannot be installed: no room in persistent memory")]
fn a_card_is_not_made_with_an_applet_that_cannot_be_installed() {
    let _ = Card::new(&Profile::default()).with_applet(limited(Some(3), None, Probe::new(b'A')));
}

#[test]
fn an_object_with_too_much_in_its_fields_at_the_start_is_replaced() {
    let probe = Probe {
        start: |fields, env| {
            let mut octets = [0];
            env.store_read(0, &mut octets)?;
            fields.count = 9;
            fields.heap = vec![0; octets[0].into()];
            Ok(())
        },
        ..Probe::new(b'A')
    };
    let probe = limited(None, Some(20), probe);
    let mut card = card([probe.clone()]);
    for (octets, left) in [(19, (9, 19)), (20, (0, 0))] {
        probe.run(&mut card, move |_, env| env.store_write(0, &[octets])).unwrap();
        card.power_on(Instant::EPOCH);
        assert_eq!(probe.run(&mut card, |fields, _| Ok((fields.count, fields.heap.len()))), Ok(left));
    }
}
