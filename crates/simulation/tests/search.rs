//! Worlds in which everything goes wrong, and every rule holds.

use oxisim_simulation::{Kind, Plan, Runner, Sweep};

#[test]
fn every_rule_holds_whatever_goes_wrong() {
    let sweep = Sweep { first: 1, seeds: 300, contacts: 50, kinds: Kind::ALL.to_vec(), jobs: 2 };
    let summary = sweep.run(&|| ()).unwrap();
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
