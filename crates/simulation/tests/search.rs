//! Worlds in which everything goes wrong, and every rule holds.

use std::ops::ControlFlow;

use oxisim_backup::Outcome;
use oxisim_simulation::{Answer, Coverage, Fault, Kind, Mode, Plan, Receiver, Runner, Sweep, Uploader};
use oxisim_world::What;

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

/// A contact is changed while its copy is written back, and a second restore begins before the first has been told.
#[test]
fn an_edit_between_two_restores_is_the_users() {
    let fault = |at, kind| Fault { at, kind, neighbour: false, to_phone: true, amount: 0 };
    let plan = Plan {
        seed: 135_294,
        contacts: 50,
        mode: Mode::Timer,
        answer: Answer::Asynchronous,
        secured: true,
        compact: true,
        counter: 0,
        generation: 32_766,
        neighbour: false,
        faults: vec![
            Fault { amount: 1, ..fault(547, Kind::Doubled) },
            fault(1_057, Kind::Restore),
            fault(1_160, Kind::Edited),
            fault(1_186, Kind::Restore),
        ],
    };
    let verdict = Runner::default().run(&plan).unwrap();
    assert_eq!(verdict.violation, None);
    let is_restored =
        |what: &What| matches!(what, What::Text(text) if *text == Outcome::Restored.to_string());
    assert!(verdict.happenings.iter().any(|happening| is_restored(&happening.what)));
}

#[test]
fn a_restore_of_which_there_is_no_copy_has_not_struck() {
    let struck = |at| {
        let faults = vec![Fault { at, kind: Kind::Restore, neighbour: false, to_phone: false, amount: 0 }];
        let plan = Plan { mode: Mode::Normal, neighbour: false, faults, ..Plan::new(1, 5, &[]) };
        Runner::default().run(&plan).unwrap().faults.get(&Kind::Restore).copied()
    };
    assert_eq!(struck(0), None);
    assert_eq!(struck(300), Some(1));
}

#[test]
fn a_backup_that_only_brings_what_has_changed_is_complete_and_not_whole() {
    let edit = Fault { at: 1_000, kind: Kind::Edited, neighbour: false, to_phone: false, amount: 0 };
    let plan = Plan {
        mode: Mode::Normal,
        compact: false,
        counter: 0,
        generation: 0,
        neighbour: false,
        faults: vec![edit],
        ..Plan::new(1, 20, &[])
    };
    let verdict = Runner::default().run(&plan).unwrap();
    let complete = Outcome::Complete.to_string();
    assert_eq!((verdict.ends.get(&complete), verdict.last.get(&complete)), (Some(&1), Some(&1)));
    assert_eq!(verdict.whole, 1);
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
