//! The applets of the card that both are.

use oxisim_apdu::{Command, Response, Status};
use oxisim_card::{Aid, Applet, AppletError, Card, Env, Event, InstallParameters, Package};

/// An applet that answers every command with how often it was selected and deselected.
#[derive(Clone, Copy)]
struct Counter {
    number: u8,
    selected: u8,
    deselected: u8,
}

/// How many applets there are: two in each package.
pub const COUNT: u8 = 4;

/// The name of an applet.
pub const fn aid(number: u8) -> [u8; 6] {
    [0xA0, 0x00, 0x00, 0x00, 0x57, number]
}

/// The package of an applet.
pub const fn package(number: u8) -> u8 {
    number / 2
}

/// Whether it is there for several channels at once: all but the last.
pub const fn is_multi_selectable(number: u8) -> bool {
    number != COUNT - 1
}

/// What it answers.
pub const fn answer(selected: u8, deselected: u8) -> u16 {
    0x6600 | selected.wrapping_mul(16).wrapping_add(deselected) as u16
}

/// Puts the applets on a card.
pub fn install(card: &mut Card) {
    for first in (0..COUNT).step_by(2) {
        let numbers = [first, first + 1];
        let applet = |number| -> Box<dyn Applet> { Box::new(Counter { number, selected: 0, deselected: 0 }) };
        let name = Aid::new(&[0xA0, 0x00, 0x00, 0x00, 0x58, package(first)]).unwrap();
        card.load(Package { aid: name, version: (1, 0), applets: numbers.map(applet).into() }).unwrap();
        for class in numbers.map(|number| Aid::new(&aid(number)).unwrap()) {
            card.install(&name, &class, class, &InstallParameters::default()).unwrap();
            card.make_selectable(&class).unwrap();
        }
    }
}

impl Applet for Counter {
    fn aid(&self) -> Aid {
        Aid::new(&aid(self.number)).unwrap()
    }

    fn install(&mut self, _: &InstallParameters, _: &mut Env<'_>) -> Result<(), AppletError> {
        Ok(())
    }

    fn select(&mut self, _: &mut Env<'_>) -> bool {
        self.selected = self.selected.wrapping_add(1);
        true
    }

    fn deselect(&mut self, _: &mut Env<'_>) {
        self.deselected = self.deselected.wrapping_add(1);
    }

    fn process(&mut self, _: &Command<'_>, _: &mut Env<'_>) -> Result<Response, Status> {
        Err(Status(answer(self.selected, self.deselected)))
    }

    fn is_multi_selectable(&self) -> bool {
        is_multi_selectable(self.number)
    }

    fn process_toolkit(&mut self, _: Event<'_>, _: &mut Env<'_>) -> Result<(), AppletError> {
        Ok(())
    }
}
