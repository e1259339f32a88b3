//! What the user sees, and what of it goes into the record.

use alloc::{string::String, vec::Vec};

use oxisim_backup::{Choice, Esme, Way, message::Source};
use oxisim_terminal::{BackupApplication, Event, Screen};
use oxisim_toolkit::{Envelope, Proactive, codes::TimerAction, objects::TimerValue};
use oxisim_wire::Duration;

use super::{Planned, Stage, World};
use crate::{Slot, What};

impl<E: Esme, C: Slot> World<E, C> {
    /// The user looks at the screen.
    pub(super) fn look(&mut self, screen: &Screen) {
        match screen {
            Screen::Text { text, .. } | Screen::Notice { text } => {
                self.seen.shows(text);
                self.note(What::Text(text.clone()));
            }
            Screen::Select { menu, .. } if !self.is_asked => {
                self.is_asked = true;
                let items = menu.items.iter().map(|item| item.text.clone());
                let lines: Vec<String> = core::iter::once(menu.title.clone()).chain(items).collect();
                self.note(What::Prompt { lines });
                let item = |n: usize| menu.items.get(n).map(|item| (item.identifier, item.text.clone()));
                let chosen = match self.user.answer {
                    Choice::Normal => item(0),
                    Choice::Asynchronous => item(1),
                    Choice::Refused => item(2),
                    Choice::NoAnswer => None,
                };
                if let Some((identifier, text)) = chosen {
                    self.schedule.plan(self.now + self.user.thinks, Planned::Choose { identifier, text });
                }
            }
            Screen::Select { .. } => {}
            _ => self.is_asked = false,
        }
    }

    /// Notes what the phone says about itself.
    pub(super) fn notice(&mut self, event: Event) {
        let what = match event {
            Event::Busy(busy) => What::Busy(busy),
            Event::ProactiveCommand(command) => match command.body {
                Proactive::TimerManagement(timer) if command.details.qualifier == TimerAction::START.0 => {
                    self.seen.waits(Way::TIMER);
                    What::TimerStarted {
                        timer: timer.timer.identifier,
                        runs: timer.value.map_or(Duration::ZERO, TimerValue::duration),
                    }
                }
                Proactive::PollInterval(poll) => {
                    self.seen.waits(Way::STATUS);
                    What::PollInterval { asked: poll.interval.duration(), granted: None }
                }
                _ => return,
            },
            Event::PollInterval(granted) => {
                let last = self.record.happenings.last_mut();
                if let Some(What::PollInterval { granted: unknown, .. }) = last.map(|last| &mut last.what) {
                    *unknown = granted;
                }
                return;
            }
            Event::Envelope(envelope) => match *envelope {
                Envelope::TimerExpiration(expired) => What::TimerExpired { timer: expired.timer.identifier },
                _ => return,
            },
            _ => return,
        };
        self.note(what);
    }

    /// Notices that a backup goes its way, or has ended.
    pub(super) fn watch(&mut self) {
        let application = self.application.as_ref();
        let phone_asks = application.is_some_and(BackupApplication::is_asking);
        let phone_way = application.and_then(BackupApplication::under_way);
        let mark = self.card.mark();
        let known = self.card_said.filter(|(at, _)| mark == Some(*at)).map(|(_, way)| way);
        let said = if known.is_some() { known } else { self.card.backup() };
        self.card_said = mark.zip(said);
        let (card_way, card_asks) = match said {
            Some(way) => (way, self.is_asked),
            None => (self.seen.way(), self.seen.is_beginning()),
        };
        let sources = [(Source::CARD, card_way, card_asks), (Source::PHONE, phone_way, phone_asks)];
        for (state, (source, way, is_asking)) in self.backups.iter_mut().zip(sources) {
            let next = match way {
                Some(way) => Stage::UnderWay(way),
                None if is_asking => Stage::Requested,
                None => Stage::Idle,
            };
            let last = core::mem::replace(state, next);
            match next {
                _ if next == last => {}
                Stage::UnderWay(way) => self.record.note(self.now, What::Began { source, way }),
                Stage::Idle => self.record.note(self.now, What::Ended { source }),
                Stage::Requested => {}
            }
        }
    }
}
