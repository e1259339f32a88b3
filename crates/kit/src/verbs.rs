//! What a scenario does: as the user, as the network, as the world around the card.

use oxisim_sms::{Address, packet::CommandPacket};
use oxisim_terminal::{Menu, Screen, Service, Terminal, User};
use oxisim_toolkit::{
    Event, EventDownload,
    objects::{LocationInformation, Plmn},
};

use crate::{
    Bench, Handset, Radio,
    radio::{Delivery, deliver, to_card},
    transcript::{of_screen, texts},
};

/// The bench's own network: test network 001-01.
const HOME: Plmn = Plmn([0x00, 0xF1, 0x10]);

/// The user.
impl Bench {
    /// The user chooses this entry of the card's menu.
    #[track_caller]
    pub fn select_menu(&mut self, entry: &str) {
        let identifier = self.phone.menu().and_then(|menu| item(menu, entry));
        let Some(identifier) = identifier else {
            let texts = self.phone.menu().map(texts);
            let found = texts.map_or_else(|| "there is no menu".into(), |texts| format!("it has {texts:?}"));
            self.fail(format_args!("{entry:?} in the card's menu"), found);
        };
        self.note(format!("user chooses {entry:?} from the card's menu"));
        self.user(&User::SelectMenu(identifier));
    }

    /// The user chooses this item of the list that the phone shows (SELECT ITEM).
    #[track_caller]
    pub fn choose(&mut self, entry: &str) {
        let identifier = match self.screen() {
            Screen::Select { menu, .. } => item(menu, entry),
            _ => None,
        };
        let Some(identifier) = identifier else {
            self.fail(
                format_args!("{entry:?} to choose"),
                format_args!("the phone shows {}", of_screen(self.screen())),
            );
        };
        self.note(format!("user chooses {entry:?}"));
        self.user(&User::Choose(identifier));
    }

    /// The user answers with a text, or with a key (GET INPUT, GET INKEY).
    #[track_caller]
    pub fn answer(&mut self, text: &str) {
        self.note(format!("user answers {text:?}"));
        let answer = match (self.screen(), text.chars().next()) {
            (Screen::Input { .. }, _) => User::Text(text.into()),
            (Screen::Inkey { .. }, Some(key)) => User::Key(key),
            (screen, _) => {
                let screen = of_screen(screen);
                self.fail("a question", format_args!("the phone shows {screen}"));
            }
        };
        self.user(&answer);
    }

    /// The user says yes.
    #[track_caller]
    pub fn answer_yes(&mut self) {
        self.answer_with("yes", &User::Yes);
    }

    /// The user says no.
    #[track_caller]
    pub fn answer_no(&mut self) {
        self.answer_with("no", &User::No);
    }

    /// The user goes one step back.
    #[track_caller]
    pub fn answer_back(&mut self) {
        self.answer_with("back", &User::Back);
    }

    /// The user ends what the card does.
    #[track_caller]
    pub fn answer_end(&mut self) {
        self.answer_with("end", &User::EndSession);
    }

    /// The user does not answer, for as long as the phone waits.
    #[track_caller]
    pub fn answer_nothing(&mut self) {
        self.answer_with("nothing", &User::NoResponse);
    }

    #[track_caller]
    fn answer_with(&mut self, word: &str, input: &User) {
        self.note(format!("user answers: {word}"));
        self.user(input);
    }

    /// The user does this; what makes no sense on the screen as it is has no effect.
    #[track_caller]
    pub fn user(&mut self, input: &User) {
        self.phone.handle_user(input, self.now);
        self.settle();
    }
}

/// The network.
impl Bench {
    /// A message for the card comes (SMS-PP data download), in as many parts as it takes. A part that the phone does not
    /// take, because the card is busy or there is no service, comes again a minute later, as of a service centre; so does
    /// one that a reset breaks off, which the card may have had already.
    ///
    /// # Panics
    /// If `from` is no number, or the text is too long for 255 parts.
    #[track_caller]
    pub fn deliver_sms(&mut self, from: &str, text: &str) {
        let reference = self.centre.new_reference();
        let parts = to_card(&number(from), text, reference, self.now);
        self.note(format!("network: message for the card from {from}: {text:?}"));
        for part in parts.expect("a text of 255 parts at most") {
            self.deliver(Delivery::first(part));
        }
    }

    /// A command packet for an applet comes, by its TAR (TS 102 225), in one message.
    ///
    /// # Panics
    /// If `from` is no number, or the packet too long for a message.
    #[track_caller]
    pub fn deliver_packet(&mut self, from: &str, packet: &CommandPacket) {
        let user_data = packet.user_data().expect("a packet that fits into a message");
        self.note(format!("network: command packet for {:?} from {from}", packet.tar));
        self.deliver(Delivery::first(deliver(&number(from), user_data, self.now)));
    }

    /// Delivers a message, if the phone can be reached; else the service centre tries again.
    #[track_caller]
    pub(crate) fn deliver(&mut self, delivery: Delivery) {
        if self.has_service {
            let tpdu = self.centre.deliver(delivery);
            self.phone.handle_deliver(&tpdu, None, self.now);
            self.settle();
        } else {
            self.centre.put_off(delivery, self.now);
        }
    }

    /// What becomes of messages from now on.
    pub fn radio(&mut self, radio: Radio) {
        self.note(format!("radio: {radio:?}"));
        self.radio = radio;
    }

    /// The phone is in another cell.
    #[track_caller]
    pub fn move_to(&mut self, area: u16, cell: u16) {
        self.note(format!("phone is in area {area}, cell {cell}"));
        self.service(Service::Normal(LocationInformation::new(HOME, area, cell)));
    }

    /// The phone loses the network.
    #[track_caller]
    pub fn lose_service(&mut self) {
        self.note("phone has no service");
        self.service(Service::None);
    }

    #[track_caller]
    fn service(&mut self, service: Service) {
        self.has_service = service != Service::None;
        self.phone.handle_service(service, self.now);
        self.settle();
    }
}

/// The world around the card.
impl Bench {
    /// Something happens that the phone tells the card of, if the card has asked for it (EVENT DOWNLOAD). What the phone
    /// knows itself comes from elsewhere: where it is from [`move_to`](Self::move_to).
    #[track_caller]
    pub fn event(&mut self, event: impl Into<Event>) {
        let event = EventDownload::new(event);
        self.note(format!("event: {}", event.event.text()));
        self.phone.handle_event(event, self.now);
        self.settle();
    }

    /// The phone is switched off and on.
    #[track_caller]
    pub fn reset(&mut self) {
        self.note("phone is switched off and on");
        self.switch_off();
        self.switch_on();
    }

    /// The card is put into another phone.
    #[track_caller]
    pub fn put_into(&mut self, handset: Handset) {
        self.note(format!("card is put into a phone: {handset:?}"));
        self.switch_off();
        self.handset = handset;
        self.phone = Terminal::new(handset.config());
        self.has_service = true;
        self.switch_on();
    }

    /// Power fails in the middle of the card's write that comes after `writes` more, and comes back: the phone starts
    /// anew. It fails once.
    pub fn tear_after(&mut self, writes: u64) {
        self.note(format!("power will fail after {writes} writes"));
        self.card.memory_mut().tear_after(Some(writes));
    }

    /// How many writes the card has made, to tear it at each.
    #[must_use]
    pub const fn writes(&self) -> u64 {
        self.card.memory().writes()
    }
}

fn item(menu: &Menu, text: &str) -> Option<u8> {
    menu.items.iter().find(|item| item.text == text).map(|item| item.identifier)
}

#[track_caller]
fn number(number: &str) -> Address {
    number.parse().unwrap_or_else(|error| panic!("{number:?}: {error}"))
}
