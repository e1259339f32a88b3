//! A counter that lasts: a list, a PIN, a timer, and what must outlive a reset.

use oxisim_card::{Aid, Applet, AppletError, Env, Event, InstallParameters};
use oxisim_toolkit::{
    CommandType, TerminalResponse,
    codes::TimerAction,
    command::{DisplayText, GetInput, SelectItem, TimerManagement},
};
use oxisim_wire::Duration;

const COUNT: u8 = 1;
const CLEAR: u8 = 2;
const ITEMS: &[(u8, &str)] = &[(COUNT, "Count"), (CLEAR, "Clear")];

/// Counts, and reminds the user an hour after the last count. It takes the PIN to clear the counter.
#[derive(Clone)]
pub struct Tally;

impl Applet for Tally {
    fn aid(&self) -> Aid {
        Aid::new(b"\xF0tally").expect("6 octets are an AID")
    }

    fn persistent_octets(&self) -> usize {
        1
    }

    fn install(&mut self, _: &InstallParameters, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.registry().init_menu_entry("Tally")?;
        env.registry().allocate_timer()?;
        // Three tries, and at most eight digits. It is the first PIN, so its number is 0.
        env.new_pin(3, 8)?.update(b"1234", env)
    }

    fn process_toolkit(&mut self, event: Event<'_>, env: &mut Env<'_>) -> Result<(), AppletError> {
        match event {
            Event::MenuSelection { .. } => env.send(0, SelectItem::of("Tally", ITEMS)),
            Event::ProactiveResponse(response) if response.result.general.is_performed() => {
                answered(response, env)
            }
            Event::TimerExpiration { .. } => show("Nothing more to count?", env),
            _ => Ok(()),
        }
    }
}

/// The user has chosen from the list, or typed the PIN.
fn answered(response: &TerminalResponse, env: &mut Env<'_>) -> Result<(), AppletError> {
    let answer = &response.answer;
    match (response.details.kind, &answer.item, &answer.text) {
        (CommandType::SELECT_ITEM, Some(item), _) if item.identifier == COUNT => count(env),
        (CommandType::SELECT_ITEM, ..) => env.send(GetInput::HIDDEN, GetInput::new("PIN?", 4, 8)),
        (CommandType::GET_INPUT, _, Some(pin)) => {
            if !env.pin(0).check(pin.to_text().as_bytes(), env)? {
                return show("Wrong", env);
            }
            env.store_write(0, &[0])?;
            show("Cleared", env)
        }
        _ => Ok(()),
    }
}

fn count(env: &mut Env<'_>) -> Result<(), AppletError> {
    let mut count = [0];
    env.store_read(0, &mut count)?;
    count[0] = count[0].saturating_add(1);
    env.store_write(0, &count)?;
    show(&count[0].to_string(), env)?;
    // A phone without timers refuses the command. What is done is done, and the error changes none of it.
    env.registry().timers().into_iter().try_for_each(|timer| {
        env.send(TimerAction::START.0, TimerManagement::start(timer, Duration::from_mins(60)))
    })
}

fn show(text: &str, env: &mut Env<'_>) -> Result<(), AppletError> {
    env.send(DisplayText::UNTIL_CLEARED, DisplayText::new(text))
}
