//! Menu entries and timers as the install parameters allow them (TS 102 226 §8.2.1.3.2, TS 102 241).

use oxisim_apdu::Status;
use oxisim_card::{
    Aid, AppletError, Card, Event, InstallParameters, MenuPlace, Package, Profile, ToolkitError,
};
use oxisim_toolkit::{CommandType, Proactive, command::SetUpMenu, objects::IconIdentifier};

use crate::{
    phone::{PROFILE, Phone},
    recorder::{Install, Recorder},
};

fn place(position: u8, identifier: u8) -> MenuPlace {
    MenuPlace { position, identifier }
}

/// Parameters with these places of menu entries.
fn places(places: &[(u8, u8)]) -> InstallParameters {
    let places = places.iter().map(|&(position, identifier)| place(position, identifier)).collect();
    InstallParameters { menu_entries: Some(places), ..InstallParameters::default() }
}

/// An applet whose entries have its name and a number.
fn named(name: u8, parameters: InstallParameters) -> Recorder {
    let install: Install = |env| {
        let name = env.aid().as_bytes()[4];
        for number in b'1'..=b'9' {
            match env.registry().init_menu_entry([name, number]) {
                Ok(_) => {}
                Err(AppletError::Toolkit(ToolkitError::RegistryError)) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    Recorder::new(name, install, |_, _| Ok(())).with_parameters(parameters)
}

/// The menu of a phone.
fn menu(phone: &mut Phone) -> SetUpMenu {
    let commands = phone.run(PROFILE);
    let [Proactive::SetUpMenu(menu)] = &commands[..] else { panic!("{commands:?}") };
    menu.clone()
}

/// Identifier and text of each item.
fn items(phone: &mut Phone) -> Vec<(u8, String)> {
    let menu = menu(phone);
    let text = |text: &[u8]| String::from_utf8(text.to_vec()).unwrap();
    menu.items.iter().map(|item| (item.identifier.unwrap(), text(&item.text))).collect()
}

fn shown(items: &[(u8, &str)]) -> Vec<(u8, String)> {
    items.iter().map(|&(identifier, text)| (identifier, text.into())).collect()
}

#[test]
fn an_applet_has_the_entries_of_its_parameters_and_no_more() {
    let mut phone = Phone::with([named(b'A', places(&[(1, 5), (2, 3)]))]);
    assert_eq!(items(&mut phone), shown(&[(5, "A1"), (3, "A2")]));
    let info = phone.card.applets().next().unwrap();
    assert_eq!(info.menu_entries, [5, 3]);
}

#[test]
fn an_entry_stands_at_its_position_and_moves_the_others_back() {
    let first = named(b'A', places(&[(1, 1), (2, 2)]));
    let second = named(b'B', places(&[(2, 3), (0, 4)]));
    let mut phone = Phone::with([first, second, named(b'C', places(&[(1, 5)]))]);
    assert_eq!(items(&mut phone), shown(&[(5, "C1"), (1, "A1"), (3, "B1"), (2, "A2"), (4, "B2")]));
}

#[test]
fn an_identifier_that_is_left_open_is_one_of_the_cards_own() {
    let mut phone = Phone::with([named(b'A', places(&[(0, 0), (0, 1), (0, 0)]))]);
    assert_eq!(items(&mut phone), shown(&[(0x80, "A1"), (1, "A2"), (0x81, "A3")]));
}

#[test]
fn an_applet_without_limit_takes_no_identifier_that_another_was_given() {
    let given = Recorder::new(b'A', |_| Ok(()), |_, _| Ok(())).with_parameters(places(&[(0, 2)]));
    let other = Recorder::new(
        b'B',
        |env| {
            assert_eq!(env.registry().init_menu_entry(*b"B1")?, 1);
            assert_eq!(env.registry().init_menu_entry(*b"B2")?, 3);
            Ok(())
        },
        |_, _| Ok(()),
    );
    let phone = Phone::with([given, other]);
    assert_eq!(phone.card.applets().count(), 2);
}

#[test]
fn an_applet_with_the_identifier_of_another_is_not_installed() {
    let mut card = Card::new(&Profile::default()).with_applet(named(b'A', places(&[(1, 5)])));
    let (other, aid) = (named(b'B', places(&[])), Aid::new(&[0xA0, 0, 0, 0, b'B']).unwrap());
    card.load(Package::of(other)).unwrap();
    let refused = card.install(&aid, &aid, aid, &places(&[(1, 6), (2, 5)]));
    assert_eq!(refused, Err(AppletError::Iso(Status::INCORRECT_DATA)));
    assert_eq!(card.applets().count(), 1);
    assert_eq!(card.install(&aid, &aid, aid, &places(&[(1, 6)])), Ok(()));
}

#[test]
fn a_text_is_coded_as_an_alpha_field() {
    let install: Install = |env| env.registry().init_menu_entry("Größe @").map(|_| ());
    let mut phone = Phone::with([Recorder::new(b'A', install, |_, _| Ok(()))]);
    assert_eq!(menu(&mut phone).items[0].text, *b"Gr\x7C\x1Ee \x00", "TS 23.038 §6.2.1");
}

#[test]
fn a_text_is_no_longer_than_the_parameters_allow() {
    let parameters = InstallParameters { menu_text: 3, ..places(&[(1, 1)]) };
    let install: Install = |env| {
        let too_long = Err(ToolkitError::AllowedLengthExceeded.into());
        assert_eq!(env.registry().init_menu_entry(*b"four"), too_long);
        assert_eq!(env.registry().init_menu_entry(*b"abc"), Ok(1));
        assert_eq!(env.registry().change_menu_entry(1, *b"four"), too_long.map(|_| ()));
        Ok(())
    };
    let applet = Recorder::new(b'A', install, |_, _| Ok(())).with_parameters(parameters);
    assert_eq!(items(&mut Phone::with([applet])), shown(&[(1, "abc")]));
}

#[test]
fn an_entry_that_is_changed_is_shown_again() {
    let install: Install = |env| {
        let mut registry = env.registry();
        registry.init_menu_entry(*b"old")?;
        registry.disable_menu_entry(1)?;
        registry.change_menu_entry(1, *b"new")
    };
    let mut phone = Phone::with([Recorder::new(b'A', install, |_, _| Ok(()))]);
    assert_eq!(items(&mut phone), shown(&[(1, "new")]));
}

#[test]
fn a_hidden_entry_keeps_its_place() {
    let hides: Install = |env| {
        env.registry().init_menu_entry(*b"A1")?;
        env.registry().init_menu_entry(*b"A2")?;
        env.registry().disable_menu_entry(1)
    };
    let hides = Recorder::new(b'A', hides, |_, _| Ok(())).with_parameters(places(&[(1, 1), (2, 2)]));
    let mut phone = Phone::with([hides, named(b'B', places(&[(2, 3)]))]);
    assert_eq!(items(&mut phone), shown(&[(3, "B1"), (2, "A2")]));
}

#[test]
fn the_next_action_of_one_entry_says_that_the_others_have_none() {
    let install: Install = |env| {
        env.registry().init_menu_entry(*b"A1")?;
        env.registry().init_menu_entry(*b"A2")?;
        env.registry().set_menu_entry_next_action(2, Some(CommandType::SEND_SHORT_MESSAGE))
    };
    let menu = menu(&mut Phone::with([Recorder::new(b'A', install, |_, _| Ok(()))]));
    let actions: Vec<u8> = menu.next_actions.unwrap().actions.iter().map(|action| action.0).collect();
    assert_eq!(actions, [0x00, 0x13]);
}

/// Sets icons with these qualifiers on the first entries of two.
fn with_icons(qualifiers: &[u8]) -> SetUpMenu {
    let install: Install = |env| {
        env.registry().init_menu_entry(*b"A1")?;
        env.registry().init_menu_entry(*b"A2")?;
        let qualifiers = env.parameters().application.clone();
        for (item, qualifier) in (1..).zip(qualifiers) {
            let icon = IconIdentifier { qualifier, record: item + 10 };
            env.registry().set_menu_entry_icon(item, Some(icon))?;
        }
        Ok(())
    };
    let parameters = InstallParameters { application: qualifiers.to_vec(), ..InstallParameters::default() };
    let applet = Recorder::new(b'A', install, |_, _| Ok(())).with_parameters(parameters);
    menu(&mut Phone::with([applet]))
}

#[test]
fn icons_are_told_if_every_entry_has_one() {
    assert_eq!(with_icons(&[]).item_icons, None);
    assert_eq!(with_icons(&[0]).item_icons, None);
    let icons = with_icons(&[0, 0]).item_icons.unwrap();
    assert_eq!((icons.qualifier, icons.records), (0, vec![11, 12]));
    for one_asks_for_its_text in [[0, 1], [1, 0]] {
        assert_eq!(with_icons(&one_asks_for_its_text).item_icons.unwrap().qualifier, 1);
    }
}

#[test]
fn what_an_entry_has_survives_the_reset() {
    let mut phone = Phone::with([named(b'A', places(&[(2, 7), (1, 6)]))]);
    let before = items(&mut phone);
    phone.card.power_on(oxisim_wire::Instant::EPOCH);
    assert_eq!(items(&mut phone), before);
    assert_eq!(before, shown(&[(6, "A2"), (7, "A1")]));
    assert!(phone.send("80C20000 09 D30782020181900107").ends_with("9000"));
}

#[test]
fn an_applet_has_as_many_timers_as_its_parameters_allow() {
    let parameters = InstallParameters { timers: 2, ..InstallParameters::default() };
    let install: Install = |env| {
        let mut registry = env.registry();
        assert_eq!((registry.allocate_timer(), registry.allocate_timer()), (Ok(1), Ok(2)));
        assert_eq!(registry.allocate_timer(), Err(ToolkitError::NoTimerAvailable.into()));
        registry.release_timer(1)?;
        assert_eq!(registry.allocate_timer(), Ok(1), "one that was given back counts no more");
        Ok(())
    };
    let applet = Recorder::new(b'A', install, |_, _| Ok(())).with_parameters(parameters);
    let other = Recorder::new(
        b'B',
        |env| {
            assert_eq!(env.registry().allocate_timer(), Ok(3));
            Ok(())
        },
        |event, _| {
            assert!(!matches!(event, Event::TimerExpiration { timer: 1 | 2, .. }));
            Ok(())
        },
    );
    let phone = Phone::with([applet, other]);
    let timers: Vec<_> = phone.card.applets().map(|applet| applet.timers).collect();
    assert_eq!(timers, [vec![2, 1], vec![3]]);
}

#[test]
fn a_menu_has_help_if_one_of_its_entries_has() {
    for (helps, qualifier) in [(&[false, false], 0x00), (&[false, true], 0x80), (&[true, true], 0x80)] {
        let install: Install = |env| {
            for help in env.parameters().application.clone() {
                let item = env.registry().init_menu_entry(*b"A")?;
                env.registry().set_menu_entry_help(item, help != 0)?;
            }
            Ok(())
        };
        let application = helps.iter().map(|&help| help.into()).collect();
        let parameters = InstallParameters { application, ..InstallParameters::default() };
        let applet = Recorder::new(b'A', install, |_, _| Ok(())).with_parameters(parameters);
        let mut phone = Phone::with([applet]);
        let status = phone.send(PROFILE);
        assert_eq!(phone.fetch(&status).details.qualifier, qualifier, "{helps:?}");
    }
}

#[test]
fn applets_with_open_identifiers_stand_beside_each_other() {
    let open = || places(&[(0, 0)]);
    let mut phone = Phone::with([named(b'A', open()), named(b'B', open())]);
    assert_eq!(items(&mut phone), shown(&[(0x80, "A1"), (0x81, "B1")]));
}
