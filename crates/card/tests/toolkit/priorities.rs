//! Which applet is told first, and whose command goes first (TS 102 226 §8.2.1.3.2).

use oxisim_card::ToolkitEvent;
use oxisim_toolkit::objects::EventCode;

use crate::{
    phone::{PROFILE, Phone, event, texts},
    recorder::{Recorder, show},
};

/// Is told of user activity, and does nothing.
fn listener(name: u8, priority: u8) -> Recorder {
    Recorder::new(
        name,
        |env| env.registry().set_event(ToolkitEvent::EventDownload(EventCode::USER_ACTIVITY)),
        |_, _| Ok(()),
    )
    .with_priority(priority)
}

fn order(applets: &[(u8, u8)]) -> Vec<String> {
    let heard = std::sync::Arc::default();
    let mut phone = Phone::with(applets.iter().map(|&(name, level)| listener(name, level).told_to(&heard)));
    phone.run(PROFILE);
    phone.run(&event(EventCode::USER_ACTIVITY.0));
    let heard = heard.lock().unwrap();
    heard.iter().map(|line| line[..1].to_owned()).collect()
}

/// The instances and orders of the test `CRE_TIN_PRLV` of TS 102 268.
#[test]
fn applets_are_told_by_priority_and_of_equals_the_newest_first() {
    assert_eq!(order(&[(b'1', 1), (b'2', 2), (b'3', 1), (b'4', 2)]), ["3", "1", "4", "2"]);
    assert_eq!(order(&[(b'2', 2), (b'3', 1), (b'4', 2), (b'5', 2)]), ["3", "5", "4", "2"]);
    assert_eq!(order(&[(b'2', 2), (b'3', 1), (b'4', 2), (b'5', 2), (b'1', 1)]), ["1", "3", "5", "4", "2"]);
}

/// Shows two texts when the user is active.
fn talker(name: u8, priority: u8, process: crate::recorder::Process) -> Recorder {
    Recorder { process, ..listener(name, priority) }
}

#[test]
fn a_second_command_does_not_overtake_a_first_of_higher_priority() {
    let low = talker(b'L', 2, |event, env| match event {
        oxisim_card::Event::EventDownload(_) => {
            show(env, "L1")?;
            show(env, "L2")
        }
        _ => Ok(()),
    });
    let high = talker(b'H', 1, |event, env| match event {
        oxisim_card::Event::EventDownload(_) => show(env, "H1"),
        _ => Ok(()),
    });
    // The high one is told of another event, while the first command of the low one is with the terminal.
    let mut phone = Phone::with([low]);
    phone.run(PROFILE);
    let mut both = Phone { card: phone.card.clone().with_applet(high) };
    both.card.power_on(oxisim_wire::Instant::EPOCH);
    both.run(PROFILE);
    assert_eq!(texts(&both.run(&event(EventCode::USER_ACTIVITY.0))), ["H1", "L1", "L2"]);

    let status = both.send(&event(EventCode::USER_ACTIVITY.0));
    let first = both.fetch(&status);
    assert_eq!(both.send(&event(EventCode::USER_ACTIVITY.0)), "9000", "told while a command is under way");
    let next = both.respond(&first.details, 0, &[]);
    let mut shown = Vec::new();
    let mut status = next;
    while status.starts_with("91") {
        let command = both.fetch(&status);
        status = both.respond(&command.details, 0, &[]);
        shown.push(command.body);
    }
    assert_eq!(texts(&shown), ["H1", "L1", "L2", "L1", "L2"]);
}

#[test]
fn an_applet_that_sends_much_leaves_room_for_the_others() {
    let greedy = talker(b'G', 1, |event, env| match event {
        oxisim_card::Event::EventDownload(_) => {
            while show(env, "G").is_ok() {}
            Ok(())
        }
        _ => Ok(()),
    });
    let modest = talker(b'M', 2, |event, env| match event {
        oxisim_card::Event::EventDownload(_) => show(env, "M"),
        _ => Ok(()),
    });
    let mut phone = Phone::with([greedy, modest]);
    phone.run(PROFILE);
    let shown = texts(&phone.run(&event(EventCode::USER_ACTIVITY.0)));
    assert_eq!(shown.len(), 17, "16 of one applet may wait");
    assert_eq!(shown.last().map(String::as_str), Some("M"));
}

#[test]
fn an_event_that_needs_an_answer_is_one_applets() {
    let claims: crate::recorder::Process = |_, env| env.registry().set_event(ToolkitEvent::CallControl);
    let owner = Recorder::new(
        b'A',
        |env| {
            let mut registry = env.registry();
            registry.set_event(ToolkitEvent::ProfileDownload)?;
            registry.set_event(ToolkitEvent::CallControl)?;
            registry.set_event(ToolkitEvent::CallControl)
        },
        claims,
    );
    let other = Recorder::new(b'B', |env| env.registry().set_event(ToolkitEvent::ProfileDownload), claims);
    let heard = std::sync::Arc::default();
    let mut phone = Phone::with([owner.told_to(&heard), other.told_to(&heard)]);
    phone.run(PROFILE);
    assert_eq!(*heard.lock().unwrap(), ["B profile: EventAlreadyRegistered", "A profile"]);
}
