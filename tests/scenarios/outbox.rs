//! A message that has been handed over survives resets, refusals of the phone and hours without service.

use oxisim_backup::{
    Spacing, Standing, ToServer, Way,
    message::{Abandonment, Extent, Source},
};
use oxisim_card::Card;
use oxisim_server::{Msisdn, Server, SqliteStore, Store};
use oxisim_tests::{LONG, SUBSCRIBER, Scene, contacts, copy, fill, transcript};
use oxisim_wire::{Duration, Instant};
use oxisim_world::{Outage, Slot, What, World};

const NO_SERVICE: Outage = Outage { service: true, to_server: false, to_phone: false };

fn failures<C>(world: &World<Server<SqliteStore>, C>) -> Vec<Instant> {
    let failed = |what: &What| matches!(what, What::NotSent);
    world.record.happenings.iter().filter(|one| failed(&one.what)).map(|one| one.at).collect()
}

fn latest(world: &mut World<Server<SqliteStore>>) -> Option<(u16, Standing)> {
    let latest = world.esme.store().subscribers().unwrap().first()?.latest.clone()?;
    Some((latest.generation, latest.standing))
}

/// The card, in a phone that answers each message to the server with this result until it is mended.
struct Refusing {
    card: Card,
    result: Vec<u8>,
    refused: usize,
    most: usize,
}

impl Slot for Refusing {
    fn power_on(&mut self, now: Instant) -> Option<Vec<u8>> {
        Slot::power_on(&mut self.card, now)
    }

    fn exchange(&mut self, now: Instant, command: &[u8]) -> Option<Vec<u8>> {
        // TERMINAL RESPONSE to SEND SHORT MESSAGE: details, device identities, result.
        const SENT: [u8; 4] = [0x80, 0x14, 0x00, 0x00];
        let is_response = command.starts_with(&SENT) && command.get(8) == Some(&0x13);
        if is_response && self.refused < self.most {
            self.refused += 1;
            let start = &command[5..14];
            let length = self.result.len() as u8;
            let data = [start, &[0x83, length], &self.result].concat();
            let refusal = [&SENT[..], &[data.len() as u8], &data].concat();
            return Slot::exchange(&mut self.card, now, &refusal);
        }
        Slot::exchange(&mut self.card, now, command)
    }

    fn power_off(&mut self) {
        Slot::power_off(&mut self.card);
    }

    fn backup(&self) -> Option<Option<Way>> {
        Slot::backup(&self.card)
    }
}

#[test]
fn whatever_the_phone_says_the_message_is_tried_again() {
    let mut results: Vec<Vec<u8>> = (0x10..0x40_u8).map(|general| vec![general]).collect();
    // With additional information: terminal (TS 102 223 §8.12.2) or network (§8.12.3) currently unable, RP-ERROR.
    results.extend((0x00..=0x0B).map(|more| vec![0x20, more]));
    results.extend([0x00, 0x80, 0xA6, 0xE0, 0xFF].map(|more| vec![0x21, more]));
    results.extend([0x00, 0x26, 0x29, 0x2A, 0x45].map(|more| vec![0x35, more]));
    for result in results {
        let mut world = Scene::ten_blocks(Way::TIMER).world_of(|card| Refusing {
            card,
            result: result.clone(),
            refused: 0,
            most: 4,
        });
        let begin = world.now();
        world.request_card_backup().unwrap();
        assert!(world.run_backup(LONG).unwrap(), "{result:02X?}");
        assert_eq!(world.card.refused, 4, "{result:02X?}");
        let said = world.record.find(|what| (*what == What::Text("Backup complete".into())).then_some(()));
        assert!(said.is_some(), "{result:02X?}");
        // 30 s, 1, 2 and 5 min, beside the backup's three pauses of two minutes.
        let minutes = world.now().since(begin).as_secs() / 60;
        assert!((14..=16).contains(&minutes), "{result:02X?}: {minutes} min");
    }
}

#[test]
fn hours_without_service_delay_a_backup() {
    for way in [Way::NORMAL, Way::SERVER, Way::TIMER, Way::STATUS] {
        let mut world = Scene::ten_blocks(way).world();
        world.set_outage(NO_SERVICE);
        world.request_card_backup().unwrap();
        world.run_until(Duration::from_mins(9 * 60), |_| false).unwrap();
        let tries = failures(&world);
        let waits: Vec<u64> = tries.windows(2).map(|pair| pair[1].since(pair[0]).as_secs() / 30).collect();
        assert_eq!(waits[..8], [1, 2, 4, 10, 20, 40, 80, 160], "{way:?}: in half minutes");
        assert_eq!(waits[8..], [240, 240, 240], "{way:?}: then two hours");
        world.set_outage(Outage::default());
        assert!(world.run_backup(LONG).unwrap());
        assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)), "{way:?}");
    }
}

#[test]
fn a_user_who_asks_again_need_not_wait_for_the_next_try() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    world.set_outage(NO_SERVICE);
    world.request_card_backup().unwrap();
    world.run_until(Duration::from_mins(8 * 60), |_| false).unwrap();
    world.set_outage(Outage::default());
    let asked = world.now();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert!(world.now().since(asked) < Duration::from_mins(2));
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
}

#[test]
fn a_phone_that_is_switched_on_sends_at_once() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    world.set_outage(NO_SERVICE);
    world.request_card_backup().unwrap();
    for _ in 0..30 {
        // Each reset is a try, but no wait has passed: it does not bring the end nearer.
        world.run_until(Duration::from_secs(20), |_| false).unwrap();
        world.terminal.switch_off(world.now());
        world.run_until(Duration::from_secs(20), |_| false).unwrap();
        assert!(world.switch_on().unwrap());
    }
    assert!(failures(&world).len() >= 30);
    world.terminal.switch_off(world.now());
    world.run_until(Duration::from_mins(3 * 24 * 60), |_| false).unwrap();
    world.set_outage(Outage::default());
    let on = world.now();
    assert!(world.switch_on().unwrap());
    assert!(world.run_backup(LONG).unwrap());
    assert!(world.now().since(on) < Duration::from_mins(3));
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
}

#[test]
fn after_a_day_without_service_the_backup_is_given_up_and_the_server_told_at_the_next_chance() {
    let mut world = Scene::ten_blocks(Way::TIMER).world();
    world.request_card_backup().unwrap();
    // The first subset goes, so that the server waits for the rest.
    world.run_until(Duration::from_mins(1), |_| false).unwrap();
    let begin = world.now();
    world.set_outage(NO_SERVICE);
    assert!(world.run_backup(LONG).unwrap());
    let hours = world.now().since(begin).as_secs() / 3_600;
    assert!((24..26).contains(&hours), "given up after {hours} h");
    assert_eq!(latest(&mut world), Some((1, Standing::Open)));
    let lines = transcript(&world, 0);
    assert!(lines.contains(&"shows: Backup given up: not sent".into()), "{lines:?}");

    // For another day the word is tried, then only when there is a reason to.
    world.run_until(Duration::from_mins(10 * 24 * 60), |_| false).unwrap();
    let before = failures(&world).len();
    world.run_until(Duration::from_mins(10 * 24 * 60), |_| false).unwrap();
    assert_eq!(failures(&world).len(), before, "nothing more is tried");
    world.set_outage(Outage::default());
    world.terminal.switch_off(world.now());
    world.run_until(Duration::from_secs(20), |_| false).unwrap();
    assert!(world.switch_on().unwrap());
    world.run_until(Duration::from_mins(1), |_| false).unwrap();
    assert_eq!(latest(&mut world), Some((1, Standing::Abandoned(Abandonment::NOT_SENT))));
    assert_eq!(world.esme.poll_timeout().unwrap(), None, "the server asks for nothing more");

    // The next backup is whole and has the next number.
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
}

#[test]
fn the_word_that_a_backup_was_given_up_is_lost_and_said_once_more_at_the_next_power_on() {
    let abandoned = Some((1, Standing::Abandoned(Abandonment::NOT_SENT)));
    let sent = |world: &World<Server<SqliteStore>>| {
        let is_word =
            |what: &What| matches!(what, What::Sending { message: Some(ToServer::Abandoned { .. }), .. });
        world.record.happenings.iter().filter(|one| is_word(&one.what)).count()
    };
    let mut world = Scene::ten_blocks(Way::TIMER).world();
    world.request_card_backup().unwrap();
    world.run_until(Duration::from_mins(1), |_| false).unwrap();
    world.set_outage(NO_SERVICE);
    assert!(world.run_backup(LONG).unwrap());
    let tries = sent(&world);
    world.set_outage(Outage { to_server: true, ..Outage::default() });
    world.run_until(Duration::from_mins(24 * 60), |_| false).unwrap();
    assert_eq!(sent(&world) - tries, 1, "gone, as the phone says");
    assert_eq!(latest(&mut world), Some((1, Standing::Open)), "and lost behind the SMS centre");
    world.set_outage(Outage::default());
    for _ in 0..3 {
        world.terminal.switch_off(world.now());
        world.run_until(Duration::from_secs(20), |_| false).unwrap();
        assert!(world.switch_on().unwrap());
        world.run_until(Duration::from_mins(1), |_| false).unwrap();
        assert_eq!(latest(&mut world), abandoned);
    }
    assert_eq!(sent(&world) - tries, 2, "once more, and then no more");
}

#[test]
fn a_server_that_asks_for_a_backup_that_was_given_up_is_told_so() {
    let mut world = Scene::ten_blocks(Way::SERVER).world();
    // It asks in three days.
    let late = Spacing::Regular(Duration::from_mins(3 * 24 * 60));
    world.esme.set_spacing(&SUBSCRIBER.parse().unwrap(), Source::CARD, Some(&late)).unwrap();
    world.request_card_backup().unwrap();
    world.run_until(Duration::from_mins(1), |_| false).unwrap();
    world.set_outage(NO_SERVICE);
    assert!(world.run_backup(LONG).unwrap());
    world.set_outage(Outage { to_server: true, ..Outage::default() });
    world.run_until(Duration::from_mins(4 * 60), |_| false).unwrap();
    assert_eq!(latest(&mut world), Some((1, Standing::Open)), "the word is lost");
    world.set_outage(Outage::default());
    world.run_until(Duration::from_mins(3 * 24 * 60), |_| false).unwrap();
    assert_eq!(latest(&mut world), Some((1, Standing::Abandoned(Abandonment::NOT_SENT))));
    assert_eq!(world.esme.poll_timeout().unwrap(), None, "it asks no more");
}

/// What the server no longer tries the operator reads in the log, as the user reads what the card no longer tries.
#[test]
fn what_the_server_gives_up_the_operator_is_told() {
    let ana: Msisdn = SUBSCRIBER.parse().unwrap();
    let mut world = Scene::ten_blocks(Way::SERVER).world();
    world.request_card_backup().unwrap();
    assert!(world.run_backup(LONG).unwrap());
    fill(&mut world.card, &contacts(18));
    world.request_card_backup().unwrap();
    world.run_until(Duration::from_secs(15), |_| false).unwrap();
    world.terminal.switch_off(world.now());
    let now = world.now();
    world.esme.start_backup(&ana, Source::CARD, Extent::WHOLE, None, now).unwrap();
    assert!(world.esme.start_restore(&ana, now).unwrap());
    world.run_until(Duration::from_mins(30 * 24 * 60), |_| false).unwrap();
    assert_eq!(world.esme.poll_timeout().unwrap(), None);
    let notes = world.esme.store().messages(Some(&ana), 1_000).unwrap();
    let mut given_up: Vec<&str> =
        notes.iter().map(|note| note.summary.as_str()).filter(|line| line.starts_with("given up")).collect();
    given_up.sort_unstable();
    assert_eq!(
        given_up,
        [
            "given up: RESTORE CARD 1, no answer or another copy",
            "given up: START CARD 1, no answer",
            "given up: asking about backup CARD 2, no answer",
        ]
    );
}

#[test]
fn a_question_that_the_phone_does_not_send_is_not_forgotten() {
    let mut world = Scene::ten_blocks(Way::NORMAL).world();
    world.set_outage(Outage { to_phone: true, ..Outage::default() });
    world.request_card_backup().unwrap();
    world.run_until(Duration::from_mins(4), |_| false).unwrap();
    world.set_outage(NO_SERVICE);
    world.run_until(Duration::from_mins(3), |_| false).unwrap();
    let tried = failures(&world).len();
    assert!(tried >= 2, "the question is tried: {tried}");
    world.set_outage(Outage::default());
    // The next try, not the next step of five minutes and more.
    let back = world.now();
    assert!(world.run_backup(LONG).unwrap());
    assert!(world.now().since(back) < Duration::from_mins(3));
    assert_eq!(copy(&mut world, Source::CARD), Some(contacts(10)));
}
