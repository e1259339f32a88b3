//! Systems that are broken on purpose: what should be true is not, and that is seen.

use oxisim_applets::PhonebookBackup;
use oxisim_backup::Outcome;
use oxisim_phonebook::Book;
use oxisim_server::Iccid;
use oxisim_wire::Duration;
use oxisim_world::{Leg, Mishap, Outage, What};

use super::*;
use crate::{
    Answer, Fault, Mode, Runner,
    making::{NEIGHBOUR, SUBSCRIBER, change_phonebook},
};

fn plan() -> Plan {
    Plan {
        seed: 1,
        contacts: 20,
        mode: Mode::Timer,
        answer: Answer::default(),
        secured: true,
        compact: false,
        counter: 0,
        generation: 0,
        neighbour: false,
        faults: Vec::new(),
    }
}

fn begun(plan: &Plan) -> Run {
    let mut run = Runner::default().begin(plan).unwrap();
    run.homes[0].switch_on();
    run.homes[0].look().unwrap();
    run
}

/// A run in which a backup has ended well.
fn done(plan: &Plan) -> Run {
    let mut run = Runner::default().begin(plan).unwrap();
    run.go().unwrap();
    run
}

fn number() -> oxisim_server::Msisdn {
    SUBSCRIBER.number.parse().unwrap()
}

/// The server's database is lost, and the card entered anew.
fn lose_database(run: &Run) {
    let mut servers = run.servers.borrow_mut();
    servers.lose_database();
    let iccid: Iccid = SUBSCRIBER.iccid.parse().unwrap();
    servers.enrol(&number(), &iccid, run.homes[0].world.now()).unwrap();
}

fn seen(run: &mut Run) -> Invariant {
    run.homes[0].look().unwrap_err().invariant
}

/// Declares, for each invariant, the system that breaks it.
macro_rules! mutants {
    ($($mutant:ident breaks $invariant:ident;)+) => {
        $(
            #[test]
            fn $mutant() {
                assert_eq!(super::$mutant(), Invariant::$invariant);
            }
        )+

        #[test]
        fn every_invariant_has_a_system_that_breaks_it() {
            assert_eq!(Invariant::ALL, [$(Invariant::$invariant),+]);
        }
    };
}

mod seen_to_break {
    use super::*;

    mutants! {
        copy_that_is_lost_after_ok breaks Told;
        copy_that_loses_a_contact breaks Kept;
        centre_that_names_another_sender breaks Mixed;
        phonebook_that_nobody_has_changed breaks Phonebook;
        card_that_says_restored_and_is_not breaks Restored;
        card_that_sends_more_than_a_subset breaks Busy;
        card_whose_counters_go_back breaks CardCounters;
        server_that_begins_anew breaks ServerCounters;
        card_that_takes_what_nobody_sent breaks CardTaken;
        forger_who_has_the_keys breaks ServerTaken;
        server_that_forgets_what_it_took breaks Replayed;
        memory_that_grows breaks Memory;
        network_that_never_works breaks Live;
    }
}

fn copy_that_is_lost_after_ok() -> Invariant {
    let mut run = begun(&plan());
    run.homes[0].ask().unwrap();
    loop {
        let end = run.now() + Duration::from_mins(60);
        let home = &mut run.homes[0];
        if let Err(violation) = home.step(end) {
            return violation.invariant;
        }
        if run.servers.borrow_mut().held(&number()).is_some() {
            run.servers.borrow_mut().lose_database();
        }
    }
}

fn copy_that_loses_a_contact() -> Invariant {
    let mut run = done(&plan());
    run.servers.borrow_mut().change_copy(&number(), |book| drop(book.remove(7)));
    run.end().unwrap_err().invariant
}

fn centre_that_names_another_sender() -> Invariant {
    let mut run = begun(&Plan { secured: false, mode: Mode::Normal, ..plan() });
    for _ in 0..50 {
        run.homes[0].world.befall(true, Mishap::From(NEIGHBOUR.number.parse().unwrap()));
    }
    run.homes[0].ask().unwrap();
    run.run_to(run.now() + Duration::from_mins(2)).unwrap();
    let home = &run.homes[0];
    home.watch.look_at_copies(&mut run.servers.borrow_mut(), home.world.now()).unwrap_err().invariant
}

fn phonebook_that_nobody_has_changed() -> Invariant {
    let mut run = begun(&plan());
    change_phonebook(run.homes[0].card(), &Book::default()).unwrap();
    seen(&mut run)
}

fn card_that_says_restored_and_is_not() -> Invariant {
    let mut run = done(&plan());
    let home = &mut run.homes[0];
    let copy: Book = [(1, SUBSCRIBER.contact(77))].into_iter().collect();
    home.watch.restoring(copy);
    let now = home.world.now();
    let said = Happening { at: now, what: What::Text(Outcome::Restored.to_string()) };
    home.world.record.happenings.push(said);
    seen(&mut run)
}

fn card_that_sends_more_than_a_subset() -> Invariant {
    let mut run = Runner::default().begin(&plan()).unwrap();
    run.homes[0].watch.allow(1);
    run.go().unwrap_err().invariant
}

fn card_whose_counters_go_back() -> Invariant {
    let mut run = begun(&plan());
    let keys = run.homes[0].watch.keys().cloned().unwrap();
    for taken in [5, 4] {
        PhonebookBackup::personalise_keys(run.homes[0].card(), &keys, 5, taken).unwrap();
        if taken == 5 {
            assert_eq!(seen(&mut run), Invariant::CardTaken);
        }
    }
    seen(&mut run)
}

fn server_that_begins_anew() -> Invariant {
    let mut run = done(&plan());
    lose_database(&run);
    run.befall(&Fault { at: 0, kind: Kind::Edited, neighbour: false, to_phone: false, amount: 3 }).unwrap();
    run.end().unwrap_err().invariant
}

fn card_that_takes_what_nobody_sent() -> Invariant {
    let mut run = begun(&plan());
    let keys = run.homes[0].watch.keys().cloned().unwrap();
    PhonebookBackup::personalise_keys(run.homes[0].card(), &keys, 5, 5).unwrap();
    seen(&mut run)
}

fn forger_who_has_the_keys() -> Invariant {
    // What they would make is what the card makes.
    let mut twin = begun(&plan());
    twin.homes[0].ask().unwrap();
    twin.run_to(twin.now() + Duration::from_mins(1)).unwrap();
    let messages = &twin.homes[0].world.record.messages;
    let made = messages.iter().find(|message| message.leg == Leg::ToServer).unwrap().octets.clone();

    let mut run = begun(&plan());
    run.servers.borrow_mut().expect_no_effect(made);
    run.homes[0].ask().unwrap();
    run.run_to(run.now() + Duration::from_mins(1)).unwrap_err().invariant
}

fn server_that_forgets_what_it_took() -> Invariant {
    let mut run = begun(&plan());
    run.befall(&Fault { at: 0, kind: Kind::Replayed, neighbour: false, to_phone: false, amount: 7_200 })
        .unwrap();
    run.homes[0].ask().unwrap();
    run.run_to(run.now() + Duration::from_mins(90)).unwrap();
    lose_database(&run);
    run.run_to(run.now() + Duration::from_mins(90)).unwrap_err().invariant
}

fn memory_that_grows() -> Invariant {
    let mut run = begun(&plan());
    run.homes[0].card().memory_mut().allocate("more", &[0; 10]).unwrap();
    seen(&mut run)
}

fn network_that_never_works() -> Invariant {
    let mut run = begun(&plan());
    run.homes[0].world.set_outage(Outage { to_server: true, ..Outage::default() });
    run.end().unwrap_err().invariant
}
