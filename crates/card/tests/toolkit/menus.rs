//! SET UP MENU: what is in it, and what has no room there (TS 102 223 §6.4.8, §6.6.7).

use std::sync::{Arc, Mutex};

use oxisim_card::{Applet as _, Card, Env, Event, Profile, ToolkitError, ToolkitEvent};
use oxisim_toolkit::{Proactive, objects::EventCode};
use oxisim_wire::Instant;

use crate::{
    phone::{PROFILE, Phone, STATUS, event},
    recorder::{Install, Recorder},
};

fn with(install: Install) -> Phone {
    Phone::with([Recorder::new(b'A', install, |_, _| Ok(()))])
}

/// Identifier and octets of each item of the one menu among the commands.
fn items(commands: &[Proactive]) -> Vec<(Option<u8>, usize)> {
    let [Proactive::SetUpMenu(menu)] = commands else { panic!("{commands:?}") };
    menu.items.iter().map(|item| (item.identifier, item.text.len())).collect()
}

#[test]
fn a_registry_holds_255_entries_and_the_menu_those_that_it_has_room_for() {
    let mut phone = with(|env| {
        while env.registry().init_menu_entry(*b"A").is_ok() {}
        assert_eq!(env.registry().init_menu_entry(*b"A"), Err(ToolkitError::RegistryError.into()));
        env.registry().disable_menu_entry(1)
    });
    let shown = items(&phone.run(PROFILE));
    assert_eq!(shown.first(), Some(&(Some(2), 1)));
    assert!((50..100).contains(&shown.len()), "{shown:?}");
    assert_eq!(phone.send("80C20000 09 D307820201819001FF"), "9000", "the last one can still be chosen");
}

#[test]
fn an_entry_without_room_leaves_the_others_theirs() {
    let mut phone = with(|env| {
        env.registry().init_menu_entry([b'x'; 250])?;
        env.registry().set_menu_entry_help(1, true)?;
        env.registry().init_menu_entry(*b"A")?;
        env.registry().init_menu_entry([b'x'; 255])?;
        env.registry().init_menu_entry(*b"BB")?;
        Ok(())
    });
    let commands = phone.run(PROFILE);
    assert_eq!(items(&commands), [(Some(2), 1), (Some(4), 2)]);
}

#[test]
fn a_command_of_256_octets_is_told_as_00() {
    let mut phone = with(|env| {
        env.registry().init_menu_entry([b'x'; 235])?;
        Ok(())
    });
    assert_eq!(phone.send(PROFILE), "9100");
    assert_eq!(phone.send("801200 00 FF"), "6C00");
    let command = phone.fetch("9100");
    assert_eq!(items(&[command.body]), [(Some(1), 235)]);
}

#[test]
fn a_long_title_leaves_room_for_items() {
    let profile = Profile { menu_title: "title ".repeat(100), ..Profile::default() };
    let applet = Recorder::new(
        b'A',
        |env| {
            env.registry().init_menu_entry([b'x'; 100])?;
            env.registry().set_event(ToolkitEvent::EventDownload(EventCode::CALL_CONNECTED))
        },
        |event, env| match event {
            Event::EventDownload(_) => env.registry().disable_menu_entry(1),
            _ => Ok(()),
        },
    );
    let mut phone = Phone { card: Card::new(&profile).with_applet(applet) };
    phone.card.power_on(Instant::EPOCH);
    assert_eq!(items(&phone.run(PROFILE)[..1]), [(Some(1), 100)]);
    assert_eq!(items(&phone.run(&event(EventCode::CALL_CONNECTED.0))), [(None, 0)], "the menu is taken away");
}

#[test]
fn a_menu_without_entries_is_not_sent() {
    let mut phone = with(|env| {
        env.registry().init_menu_entry([b'x'; 250])?;
        Ok(())
    });
    assert_eq!(phone.run(PROFILE), [], "nothing has room");
}

#[test]
fn an_entry_that_is_gone_is_not_the_one_that_has_its_identifier_since() {
    const SELECTION: &str = "80C20000 09 D30782020181900101";
    let heard = Arc::new(Mutex::new(Vec::new()));
    let with_entry = |name| {
        let install = |env: &mut Env<'_>| env.registry().init_menu_entry(*b"x").map(|_| ());
        Recorder::new(name, install, |_, _| Ok(())).told_to(&heard)
    };
    let mut phone = Phone::with([with_entry(b'A')]);
    phone.run(PROFILE);
    assert_eq!(phone.send(SELECTION), "9000");
    phone.card.delete(&with_entry(b'A').aid()).unwrap();
    phone.card.add_applet(with_entry(b'B')).unwrap();
    assert_eq!(phone.send(SELECTION), "6A88", "the terminal shows the entry of A");
    phone.run(STATUS);
    assert_eq!(phone.send(SELECTION), "9000");
    let menu_selection = |name| format!("{name} MenuSelection {{ item: 1 }}");
    assert_eq!(*heard.lock().unwrap(), [menu_selection('A'), menu_selection('B')]);
}
