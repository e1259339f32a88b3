//! What an entry has beside its name and numbers: second names, e-mail addresses, descriptions of numbers, groups.

use alloc::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};

use super::{
    CardPhonebook,
    sets::{Column, FileSet},
    view::View,
};
use crate::{
    AlphaIdentifier,
    book::{Contact, LabelledNumber},
    import::{Change, Import, Loss},
    number::DiallingNumber,
    slot::StoreError,
};

impl CardPhonebook {
    /// Makes what entries have beside names and numbers that of the contacts, as far as there is room, and takes what
    /// has found room out of the report. Numbers of the contacts have at most so many digits.
    pub(super) fn store_texts(
        &mut self,
        contacts: &[Contact],
        digits: usize,
        import: &mut Import,
    ) -> Result<(), StoreError> {
        let mut wanted = BTreeMap::new();
        for (place, contact) in (1..).zip(contacts) {
            if let Some(slot) = import.slots.get(place - 1).copied().flatten() {
                wanted.insert(slot, Wanted { place, contact });
            }
        }
        let mut changed = Vec::new();
        for slot in 1..=self.slots() {
            let Some((set, local)) = self.locate(slot) else { continue };
            let view = View { set, records: Cow::Borrowed(&self.records) };
            let (names, emails) = wanted.get(&slot).map(|wanted| wanted.texts(&view)).unwrap_or_default();
            for (kind, texts) in [(Text::SecondName, names), (Text::Email, emails)] {
                if view.texts(kind.columns(set), local) != texts {
                    changed.push((slot, kind, texts));
                } else if let Some(wanted) = wanted.get(&slot) {
                    for text in &texts {
                        wanted.stored(kind, text, &mut import.report);
                    }
                }
            }
        }
        // What goes makes its records free for what comes.
        for (slot, kind, _) in &changed {
            self.change(*slot, |view, slot| {
                kind.columns(view.set).iter().try_for_each(|column| view.clear(column, slot))
            })?;
        }
        for (slot, kind, texts) in changed {
            let mut stored = Vec::new();
            self.change(slot, |view, slot| {
                let mut columns: Vec<&Column> = kind.columns(view.set).iter().collect();
                for text in texts {
                    let fits = columns.iter().position(|column| view.accepts(column, slot, text.octets()));
                    if let Some(column) = fits.map(|fits| columns.remove(fits)) {
                        view.write(column, slot, text.octets())?;
                        stored.push(text);
                    }
                }
                Ok(())
            })?;
            if let Some(wanted) = wanted.get(&slot) {
                for text in &stored {
                    wanted.stored(kind, text, &mut import.report);
                }
            }
        }
        for slot in 1..=self.slots() {
            let wanted = wanted.get(&slot);
            self.change(slot, |view, slot| {
                view.store_descriptions(slot, wanted, digits, &mut import.report)?;
                view.store_groups(slot, wanted, &mut import.report)
            })?;
        }
        Ok(())
    }
}

impl View<'_> {
    /// Makes the descriptions of an entry's additional numbers the labels of the contact's.
    fn store_descriptions(
        &mut self,
        slot: u16,
        wanted: Option<&Wanted<'_>>,
        digits: usize,
        report: &mut Vec<Change>,
    ) -> Result<(), StoreError> {
        let mut labelled = wanted.map(|wanted| wanted.additional(digits)).unwrap_or_default().into_iter();
        for column in self.number_columns(slot) {
            let number = labelled.next().filter(|number| !number.label.is_empty());
            let file = self.set.descriptions;
            let description =
                number.zip(file).and_then(|(number, file)| self.record_saying(file, &number.label));
            self.describe(&column, slot, description.unwrap_or(NO_DESCRIPTION))?;
            if let (Some(wanted), Some(labelled), Some(_)) = (wanted, number, description) {
                wanted.take_out(report, |loss| {
                    matches!(loss, Loss::LabelLeftOut { number, label }
                        if *number == labelled.number && *label == labelled.label)
                });
            }
        }
        Ok(())
    }

    /// Makes the groups of an entry those of the contact.
    fn store_groups(
        &mut self,
        slot: u16,
        wanted: Option<&Wanted<'_>>,
        report: &mut Vec<Change>,
    ) -> Result<(), StoreError> {
        let Some(file) = self.set.groups else { return Ok(()) };
        let Some(room) = self.record_of(file, slot).map(Vec::len) else { return Ok(()) };
        let mut groups = Vec::new();
        for group in wanted.iter().flat_map(|wanted| &wanted.contact.groups) {
            let names = self.set.group_names;
            let has_room = groups.len() < room;
            let Some(number) = names.filter(|_| has_room).and_then(|file| self.record_saying(file, group))
            else {
                continue;
            };
            if !groups.contains(&number) {
                groups.push(number);
            }
            if let Some(wanted) = wanted {
                wanted.take_out(
                    report,
                    |loss| matches!(loss, Loss::GroupLeftOut { group: left_out } if left_out == group),
                );
            }
        }
        let before: BTreeSet<u8> = self.groups(slot).into_iter().collect();
        if before == groups.iter().copied().collect() {
            return Ok(());
        }
        let mut octets = vec![NO_GROUP; room];
        octets.iter_mut().zip(groups).for_each(|(octet, group)| *octet = group);
        self.replace(file, slot, octets)
    }
}

/// `EF_ANR` without a record of `EF_AAS` (TS 31.102 §4.4.2.9).
pub(super) const NO_DESCRIPTION: u8 = 0x00;

/// An octet of `EF_GRP` that names no group (TS 31.102 §4.4.2.6).
pub(super) const NO_GROUP: u8 = 0x00;

/// What a contact has beside its names and numbers.
struct Wanted<'a> {
    /// The contact's place in the list, from 1.
    place: usize,
    contact: &'a Contact,
}

/// Texts of an entry that have files of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    SecondName,
    Email,
}

impl Text {
    fn columns(self, set: &FileSet) -> &[Column] {
        match self {
            Self::SecondName => &set.second_names,
            Self::Email => &set.emails,
        }
    }
}

impl<'a> Wanted<'a> {
    /// The second name and the e-mail addresses as the files of a set can hold them.
    fn texts(&self, view: &View<'_>) -> (Vec<AlphaIdentifier>, Vec<AlphaIdentifier>) {
        let room = |columns: &[Column]| columns.iter().map(|column| view.room(column)).max().unwrap_or(0);
        let second_name = AlphaIdentifier::fit(&self.contact.second_name, room(&view.set.second_names)).alpha;
        let names = [second_name].into_iter().filter(|name| !name.is_empty()).collect();
        let most = room(&view.set.emails);
        let emails = self.contact.emails.iter().filter_map(|address| email(address, most));
        (names, emails.take(view.set.emails.len()).collect())
    }

    /// The numbers that can be additional ones: all but the first that can be dialled.
    fn additional(&self, digits: usize) -> Vec<&'a LabelledNumber> {
        let is_number = |number: &&LabelledNumber| DiallingNumber::parse(&number.number, digits).is_ok();
        self.contact.numbers.iter().filter(is_number).skip(1).collect()
    }

    /// Takes a text that is on the card out of the report of what is not.
    fn stored(&self, kind: Text, text: &AlphaIdentifier, report: &mut Vec<Change>) {
        let left_out = self.take_out(report, |loss| match loss {
            Loss::SecondNameLeftOut { .. } => kind == Text::SecondName,
            Loss::EmailLeftOut { address } => {
                kind == Text::Email && email(address, usize::MAX).as_ref() == Some(text)
            }
            _ => false,
        });
        let Some((at, change)) = left_out else { return };
        let from = self.contact.second_name.clone();
        if kind == Text::SecondName && text.text() != from {
            let what = Loss::SecondNameShortened { from, to: text.text() };
            report.insert(at, Change { what, ..change });
        }
    }

    /// Takes a loss of this contact out of the report, and says where it was.
    fn take_out(&self, report: &mut Vec<Change>, is: impl Fn(&Loss) -> bool) -> Option<(usize, Change)> {
        let at = report.iter().position(|change| change.contact == self.place && is(&change.what))?;
        Some((at, report.remove(at)))
    }
}

/// An e-mail address in at most `room` octets of the GSM default alphabet (TS 31.102 §4.4.2.13), whole or not at
/// all.
fn email(address: &str, room: usize) -> Option<AlphaIdentifier> {
    let default_alphabet = |alpha: &AlphaIdentifier| alpha.octets().iter().all(|&octet| octet < 0x80);
    whole(address, room).filter(default_alphabet)
}

/// A text in at most `room` octets, whole or not at all.
pub(super) fn whole(text: &str, room: usize) -> Option<AlphaIdentifier> {
    let fitted = AlphaIdentifier::fit(text, room);
    let whole = fitted.cut.is_none() && fitted.dropped.is_none() && !fitted.alpha.is_empty();
    whole.then_some(fitted.alpha)
}
