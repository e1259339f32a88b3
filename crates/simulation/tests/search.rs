//! Worlds in which everything goes wrong, and every rule holds.

use std::ops::ControlFlow;

use oxisim_simulation::{Coverage, Kind, Mode, Plan, Receiver, Runner, Sweep, Uploader};

#[test]
fn every_rule_holds_whatever_goes_wrong() {
    let sweep = Sweep { first: 1, seeds: 300, contacts: 50, kinds: Kind::ALL.to_vec(), jobs: 2 };
    let summary = sweep.run(&|| ControlFlow::Continue(())).unwrap();
    let found: Vec<String> =
        summary.violations.iter().map(|(plan, violation)| format!("{plan:?}: {violation}")).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(summary.worlds, 300);
    for kind in Kind::ALL {
        assert!(summary.faults.contains_key(kind), "{kind:?} happened");
    }
}

#[test]
fn a_plan_goes_the_same_way_every_time() {
    let plan = Plan::new(3, 20, Kind::ALL);
    let once = Runner::default().run(&plan).unwrap();
    assert!(!once.happenings.is_empty());
    assert_eq!(once, Runner::default().run(&plan).unwrap());
}

#[test]
fn a_search_that_is_broken_off_tells_what_it_has_run() {
    let sweep = Sweep { first: 1, seeds: u64::MAX, contacts: 5, kinds: vec![Kind::Lost], jobs: 1 };
    let summary = sweep.run(&|| ControlFlow::Break(())).unwrap();
    assert_eq!((summary.worlds, summary.broken), (1, 0));
}

#[test]
fn what_card_and_server_reach_is_told() {
    let plan = Plan { compact: false, counter: 0, generation: 0, neighbour: false, ..Plan::new(1, 50, &[]) };
    let run = |mode| Runner::default().run(&Plan { mode, ..plan.clone() }).unwrap().coverage;
    let [normal, timer, server] = [Mode::Normal, Mode::Timer, Mode::Server].map(run);
    let uploader = |coverage: &Coverage| coverage.uploader.states().collect::<Vec<_>>();
    assert_eq!(uploader(&normal), [Uploader::Idle, Uploader::Sending, Uploader::Waiting]);
    assert!(timer.uploader.transitions().any(|step| step == (Uploader::Sending, Uploader::Pausing)));
    assert!(server.receiver.states().any(|state| state == Receiver::Asked));
    for coverage in [&normal, &timer, &server] {
        assert!(coverage.receiver.transitions().any(|(_, to)| to == Receiver::Complete));
    }
    let mut both = normal.clone();
    both.merge(&timer);
    assert!(uploader(&both).contains(&Uploader::Pausing));
}
