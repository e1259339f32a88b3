//! What applets register for, and how the terminal hears of it (TS 102 241).

use oxisim_card::{
    Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Profile, ToolkitError, ToolkitEvent,
};
use oxisim_toolkit::{
    CommandType, Proactive,
    codes::TimerAction,
    command::{DisplayText, PollingOff, TimerManagement},
    objects::{EventCode, TextString, TimerIdentifier},
};
use oxisim_wire::Duration;

use crate::terminal::Terminal;

const PROFILE: &str = "8010000009FFFFFFFFFFFFFFFFFF";

/// Registers for much, and shows a letter for what it hears.
#[derive(Clone)]
struct Listener {
    letter: u8,
    poll: u64,
    timer: Option<u8>,
}

impl Listener {
    fn with_letter(letter: u8, poll: u64) -> Self {
        Self { letter, poll, timer: None }
    }

    fn show(env: &mut Env<'_>, text: &str) -> Result<(), AppletError> {
        env.send(0, DisplayText::new(TextString::eight_bit(text)))
    }
}

impl Applet for Listener {
    fn aid(&self) -> Aid {
        Aid::new(&[0xA0, 0x00, 0x00, 0x00, self.letter]).unwrap()
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        let mut registry = env.registry();
        registry.init_menu_entry([self.letter])?;
        registry.allocate_timer()?;
        registry.set_event(ToolkitEvent::EventDownload(EventCode::IDLE_SCREEN_AVAILABLE))?;
        registry.request_poll_interval(Some(Duration::from_secs(self.poll)))
    }

    fn start(&mut self, env: &mut Env<'_>) -> Result<(), AppletError> {
        self.timer = env.registry().timers().first().copied();
        Ok(())
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::MenuSelection { item } => {
                let mut registry = env.registry();
                registry.disable_menu_entry(item)?;
                registry.request_poll_interval(None)?;
                registry.clear_event(ToolkitEvent::EventDownload(EventCode::IDLE_SCREEN_AVAILABLE))
            }
            Event::StatusCommand => Self::show(env, "S"),
            Event::TimerExpiration { timer, .. } if Some(timer) == self.timer => Self::show(env, "T"),
            Event::EventDownload(event) if event.code() == EventCode::IDLE_SCREEN_AVAILABLE => {
                Self::show(env, "I")
            }
            _ => Ok(()),
        }
    }
}

/// Fetches what waits, answers "performed", and so on; the commands.
fn run(terminal: &mut Terminal, apdu: &str) -> Vec<Proactive> {
    let mut commands = Vec::new();
    let mut answer = terminal.send(apdu);
    while let Some(length) = answer.strip_prefix("91") {
        let fetched = terminal.ok(&format!("80120000{length}"));
        let command = oxisim_toolkit::Command::decode(&hex::decode(fetched).unwrap()).unwrap();
        let details = &command.details;
        let granted = if details.kind == CommandType::POLL_INTERVAL { "0402011E" } else { "" };
        answer = terminal.send(&format!(
            "80140000{:02X} 810301{:02X}{:02X} 82028281 830100 {granted}",
            12 + granted.len() / 2,
            details.kind.0,
            details.qualifier
        ));
        commands.push(command.body);
    }
    assert_eq!(answer, "9000");
    commands
}

fn kinds(commands: &[Proactive]) -> Vec<CommandType> {
    commands.iter().map(Proactive::kind).collect()
}

fn texts(commands: &[Proactive]) -> Vec<String> {
    let text = |command: &Proactive| match command {
        Proactive::DisplayText(body) => body.text.to_text(),
        other => panic!("{other:?}"),
    };
    commands.iter().map(text).collect()
}

fn two_listeners() -> Terminal {
    let card = Card::new(&Profile::default());
    Terminal::with(
        card.with_applet(Listener::with_letter(b'A', 60)).with_applet(Listener::with_letter(b'B', 30)),
    )
}

#[test]
fn the_framework_sends_one_menu_one_event_list_and_the_shortest_interval() {
    let mut terminal = two_listeners();
    let commands = run(&mut terminal, PROFILE);
    let [Proactive::SetUpMenu(menu), Proactive::SetUpEventList(list), Proactive::PollInterval(poll)] =
        &commands[..]
    else {
        panic!("{commands:?}")
    };
    let items: Vec<_> = menu.items.iter().map(|item| (item.identifier, &*item.text)).collect();
    assert_eq!(items, [(Some(1), &b"A"[..]), (Some(2), b"B")]);
    assert_eq!(list.events.events.0, [EventCode::IDLE_SCREEN_AVAILABLE]);
    assert_eq!(poll.interval.duration(), Duration::from_secs(30));
}

#[test]
fn events_go_to_those_that_asked_for_them() {
    let mut terminal = two_listeners();
    run(&mut terminal, PROFILE);
    assert_eq!(texts(&run(&mut terminal, "80F2000C")), ["S", "S"], "both poll");
    assert_eq!(
        texts(&run(&mut terminal, "80C200000ED70C82028281A40102A503000100")),
        ["T"],
        "one owns timer 2"
    );
    assert_eq!(run(&mut terminal, "80C200000ED70C82028281A40103A503000100"), [], "nobody owns timer 3");
    assert_eq!(texts(&run(&mut terminal, "80C2000009D60799010582028281")), ["I", "I"]);
    assert_eq!(run(&mut terminal, "80C2000009D60799010482028281"), [], "an event that nobody asked for");
}

#[test]
fn what_changes_in_the_registry_reaches_the_terminal() {
    let mut terminal = two_listeners();
    run(&mut terminal, PROFILE);
    let commands = run(&mut terminal, "80C2000009D30782020181900102");
    assert_eq!(kinds(&commands), [CommandType::SET_UP_MENU, CommandType::POLL_INTERVAL]);
    let [Proactive::SetUpMenu(menu), Proactive::PollInterval(poll)] = &commands[..] else { panic!() };
    assert_eq!((menu.items.len(), poll.interval.duration()), (1, Duration::from_secs(60)));
    assert_eq!(terminal.send("80C2000009D30782020181900102"), "6A88", "the entry is hidden");

    let commands = run(&mut terminal, "80C2000009D30782020181900101");
    assert_eq!(
        kinds(&commands),
        [CommandType::SET_UP_MENU, CommandType::SET_UP_EVENT_LIST, CommandType::POLLING_OFF]
    );
    let Proactive::SetUpMenu(menu) = &commands[0] else { panic!() };
    assert_eq!((menu.items.len(), menu.items[0].identifier), (1, None), "an empty item takes the menu away");
    assert_eq!(run(&mut terminal, "80F2000C"), [], "nobody polls");
}

/// Tries what applets may not, and keeps what it is told.
#[derive(Clone, Default)]
struct Forbidden;

impl Applet for Forbidden {
    fn aid(&self) -> Aid {
        Aid::new(&[0xA0, 0x00, 0x00, 0x00, 0x46]).unwrap()
    }

    fn persistent_octets(&self) -> usize {
        1
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        let timers: Vec<_> = (0..9).map(|_| env.registry().allocate_timer()).collect();
        assert_eq!(timers[7..], [Ok(8), Err(ToolkitError::NoTimerAvailable.into())]);
        env.registry().release_timer(3)?;
        assert_eq!(env.registry().release_timer(3), Err(ToolkitError::InvalidTimerId(3).into()));
        assert_eq!(
            env.registry().change_menu_entry(1, *b"x"),
            Err(ToolkitError::MenuEntryNotFound(1).into())
        );
        env.registry().set_event(ToolkitEvent::ProfileDownload)?;
        assert_eq!(
            env.send(0, DisplayText::new(TextString::eight_bit("x"))),
            Err(ToolkitError::HandlerNotAvailable.into())
        );
        assert!(env.terminal_profile().is_none());
        env.store_write(0, &[1])?;
        Ok(())
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        let Event::ProfileDownload = event else { return Ok(()) };
        assert_eq!(
            env.send(0, PollingOff {}),
            Err(ToolkitError::CommandNotAllowed(CommandType::POLLING_OFF).into())
        );
        let timer = |identifier| TimerManagement { timer: TimerIdentifier { identifier }, value: None };
        assert_eq!(
            env.send(TimerAction::DEACTIVATE.0, timer(3)),
            Err(ToolkitError::CommandNotAllowed(CommandType::TIMER_MANAGEMENT).into())
        );
        assert_eq!(
            env.send(TimerAction::DEACTIVATE.0, timer(4)),
            Err(ToolkitError::NotSupported(CommandType::TIMER_MANAGEMENT).into())
        );
        let long = "x".repeat(250);
        assert_eq!(
            env.send(0, DisplayText::new(TextString::eight_bit(&long))),
            Err(ToolkitError::HandlerOverflow.into())
        );
        while env.send(0, DisplayText::new(TextString::eight_bit("x"))).is_ok() {}
        env.store_write(0, &[2])?;
        Ok(())
    }
}

#[test]
fn an_applet_cannot_do_what_is_the_frameworks_or_the_terminals() {
    let mut terminal = Terminal::with(Card::new(&Profile::default()).with_applet(Forbidden));
    let state = terminal.card.memory().find("applet/A000000046/state").unwrap();
    assert_eq!(terminal.card.memory().read(state), [1], "installed to the end");
    let shown = run(&mut terminal, "8010000003FFFFFF");
    assert_eq!(terminal.card.memory().read(state), [2], "processed to the end");
    assert_eq!(shown.len(), 16, "the queue is bounded");
}
