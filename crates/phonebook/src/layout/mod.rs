//! The phonebook of any card: which files it has, how they are linked, and the entries in them.
//!
//! `EF_PBR` names the files and one of three links for each (TS 31.102 §4.4.2.1): the record number of `EF_ADN`
//! (type 1), an octet of `EF_IAP` (type 2), or an octet of a record (type 3). A card may have several sets of such
//! files, one for each record of `EF_PBR`; the slots of the second set follow those of the first. A SIM of GSM
//! has one set, of `EF_ADN` and `EF_EXT1`.
//!
//! Names, numbers with their extensions, second names and e-mail addresses are read and written. Groups,
//! descriptions of numbers, bearer capabilities and control information stay as they are, and so do `EF_PSC`,
//! `EF_CC`, `EF_PUID` and `EF_UID`, by which a phone finds out that the phonebook has changed.

mod view;

use alloc::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    vec,
    vec::Vec,
};

use oxisim_wire::Error;

use crate::{
    AlphaIdentifier,
    book::{Book, Capacity, Contact, Record},
    import::{Change, Import, Loss, update},
    number::{EXTENSION_DIGITS, RECORD_DIGITS},
    pbr::{FileReference, Link, PhonebookFile, PhonebookReference},
    record::{ADN_FIXED_OCTETS, EXT1_OCTETS, Ext1Record, is_free},
    slot::{EntryFiles, StoreError, entry_chains, read_entry, write_entry},
};

use view::View;

/// The records of each file by its file identifier; record *n* is at index *n* − 1.
pub type Records = BTreeMap<u16, Vec<Vec<u8>>>;

/// Which files a phonebook has, and how they are linked.
///
/// ```
/// use oxisim_phonebook::{layout::Layout, pbr::{PhonebookFile, PhonebookReference}};
///
/// // EF_ADN and EF_IAP of type 1, EF_EMAIL of type 2, EF_EXT1 of type 3.
/// let record = [
///     0xA8, 0x0A, 0xC0, 0x03, 0x4F, 0x3A, 0x01, 0xC1, 0x03, 0x4F, 0x25, 0x02,
///     0xA9, 0x04, 0xCA, 0x02, 0x4F, 0x50,
///     0xAA, 0x04, 0xC2, 0x02, 0x4F, 0x4A,
/// ];
/// let layout = Layout::new(&[PhonebookReference::decode(&record)?]);
/// let files: Vec<_> = layout.files().into_iter().map(|(fid, _)| fid).collect();
/// assert_eq!(files, [0x4F3A, 0x4F25, 0x4F4A, 0x4F50]);
/// # Ok::<(), oxisim_wire::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    sets: Vec<FileSet>,
}

/// The files that one record of `EF_PBR` names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FileSet {
    adn: u16,
    /// Short file identifier of `EF_ADN`, by which records of type 2 name it.
    sfi: Option<u8>,
    iap: Option<u16>,
    ext1: Option<u16>,
    anr: Vec<Column>,
    second_names: Vec<Column>,
    emails: Vec<Column>,
}

/// A file with at most one record for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Column {
    file: PhonebookFile,
    fid: u16,
    /// The octet of `EF_IAP` that has the record number (type 2); none if it is that of `EF_ADN` (type 1).
    index: Option<usize>,
}

impl Layout {
    /// The layout that records of `EF_PBR` describe. Those without `EF_ADN` are left out.
    #[must_use]
    pub fn new(references: &[PhonebookReference]) -> Self {
        Self { sets: references.iter().filter_map(FileSet::new).collect() }
    }

    /// The layout of a SIM without `EF_PBR` (TS 51.011 §10.5).
    #[must_use]
    pub fn gsm(adn: u16, ext1: Option<u16>) -> Self {
        let (iap, sfi) = (None, None);
        let (anr, second_names, emails) = Default::default();
        Self { sets: vec![FileSet { adn, sfi, iap, ext1, anr, second_names, emails }] }
    }

    /// The files to be read, each once.
    #[must_use]
    pub fn files(&self) -> Vec<(u16, PhonebookFile)> {
        let mut files: Vec<(u16, PhonebookFile)> = Vec::new();
        for file in self.sets.iter().flat_map(FileSet::files) {
            if !files.iter().any(|(fid, _)| *fid == file.0) {
                files.push(file);
            }
        }
        files
    }
}

impl FileSet {
    fn new(reference: &PhonebookReference) -> Option<Self> {
        let fid = |file| reference.files(file).next().map(|found| found.fid);
        let adn = reference.files(PhonebookFile::ADN).next()?;
        let linked: Vec<&FileReference> =
            reference.0.iter().filter(|file| file.link == Link::INDEX).collect();
        let columns = |file| {
            let column = |found: &FileReference| match found.link {
                Link::SAME_RECORD => Some(Column { file, fid: found.fid, index: None }),
                Link::INDEX => {
                    let index = linked.iter().position(|other| *other == found);
                    Some(Column { file, fid: found.fid, index: Some(index?) })
                }
                _ => None,
            };
            reference.files(file).filter_map(column).collect()
        };
        Some(Self {
            adn: adn.fid,
            sfi: adn.sfi,
            iap: fid(PhonebookFile::IAP),
            ext1: fid(PhonebookFile::EXT1),
            anr: columns(PhonebookFile::ANR),
            second_names: columns(PhonebookFile::SNE),
            emails: columns(PhonebookFile::EMAIL),
        })
    }

    fn files(&self) -> impl Iterator<Item = (u16, PhonebookFile)> {
        let iap = self.iap.map(|fid| (fid, PhonebookFile::IAP));
        let ext1 = self.ext1.map(|fid| (fid, PhonebookFile::EXT1));
        let columns = self.columns().map(|column| (column.fid, column.file));
        [(self.adn, PhonebookFile::ADN)].into_iter().chain(iap).chain(ext1).chain(columns)
    }

    fn columns(&self) -> impl Iterator<Item = &Column> {
        self.anr.iter().chain(&self.second_names).chain(&self.emails)
    }
}

/// An entry of a phonebook, in whatever files it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardEntry {
    /// The name and the numbers.
    pub record: Record,
    /// The second name (`EF_SNE`); may be empty.
    pub second_name: AlphaIdentifier,
    /// E-mail addresses (`EF_EMAIL`).
    pub emails: Vec<AlphaIdentifier>,
}

impl CardEntry {
    /// The entry as a contact.
    #[must_use]
    pub fn contact(&self) -> Contact {
        let emails = self.emails.iter().map(AlphaIdentifier::text).collect();
        Contact { second_name: self.second_name.text(), emails, ..self.record.contact() }
    }
}

/// The phonebook of a card: the records of its files, and how they are linked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardPhonebook {
    layout: Layout,
    records: Records,
}

/// A phonebook that contacts have been put into, and what it could not hold of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The phonebook as it is to be.
    pub phonebook: CardPhonebook,
    /// The names and numbers in it, and what of the contacts was changed or lost.
    pub import: Import,
}

/// A record to be written to the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordUpdate {
    /// The file.
    pub fid: u16,
    /// The record number, from 1.
    pub number: u16,
    /// The whole record.
    pub octets: Vec<u8>,
}

impl CardPhonebook {
    /// A phonebook of these records. Files that the card lacks have none; sets without records of `EF_ADN` have
    /// no slots.
    #[must_use]
    pub fn new(layout: Layout, records: Records) -> Self {
        let holds_entries = |set: &FileSet| {
            let adn = records.get(&set.adn).map_or(&[][..], |records| &records[..]);
            !adn.is_empty() && adn.iter().all(|octets| octets.len() >= ADN_FIXED_OCTETS)
        };
        let sets = layout.sets.into_iter().filter(holds_entries).collect();
        Self { layout: Layout { sets }, records }
    }

    /// The records of all files.
    #[must_use]
    pub const fn records(&self) -> &Records {
        &self.records
    }

    /// How many entries there is room for.
    #[must_use]
    pub fn slots(&self) -> u16 {
        self.layout.sets.iter().map(|set| self.slots_of(set)).fold(0, u16::saturating_add)
    }

    /// What a slot, from 1, holds.
    pub fn entry(&self, slot: u16) -> Result<Option<CardEntry>, Error> {
        let Some((set, slot)) = self.locate(slot) else { return Ok(None) };
        let view = View { set, records: Cow::Borrowed(&self.records) };
        let Some(record) = read_entry(&view, slot)? else { return Ok(None) };
        let second_name = view.texts(&set.second_names, slot).into_iter().next().unwrap_or_default();
        Ok(Some(CardEntry { record, second_name, emails: view.texts(&set.emails, slot) }))
    }

    /// All entries by slot.
    pub fn entries(&self) -> Result<BTreeMap<u16, CardEntry>, Error> {
        let entries = (1..=self.slots()).map(|slot| Ok(self.entry(slot)?.map(|entry| (slot, entry))));
        entries.filter_map(Result::transpose).collect()
    }

    /// What there is room for. Where sets of files differ, it is what the smallest one holds.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        let sets = &self.layout.sets;
        let least = |of: &dyn Fn(&FileSet) -> usize| sets.iter().map(of).min().unwrap_or(0);
        let additional_numbers = least(&|set| self.additional_numbers(set));
        let additional_entries = least(&|set| {
            let columns = set.anr.iter().take(additional_numbers);
            columns.map(|column| self.usable(set, column)).min().unwrap_or(0)
        });
        let ext1_records = least(&|set| self.usable_extensions(set));
        Capacity {
            slots: self.slots(),
            alpha: least(&|set| self.record_octets(set.adn).saturating_sub(ADN_FIXED_OCTETS)),
            digits: RECORD_DIGITS + EXTENSION_DIGITS * ext1_records,
            additional_numbers,
            additional_entries: additional_entries.min(usize::from(self.slots())) as u16,
            ext1_records,
        }
    }

    /// Puts contacts in the place of what the phonebook holds, changing as few records as it can.
    ///
    /// # Errors
    /// The records are not what their lengths and numbers say; a phonebook read from a card has none.
    pub fn plan(&self, contacts: &[Contact]) -> Result<Plan, StoreError> {
        let old = (1..=self.slots()).filter_map(|slot| Some((slot, self.entry(slot).ok()??.record)));
        let mut import = update(&old.collect(), contacts, &self.capacity());
        let mut phonebook = self.clone();
        phonebook.store(&import.book)?;
        // A second time for entries that had extension records in common with those that were changed.
        phonebook.store(&import.book)?;
        phonebook.store_texts(contacts, &mut import)?;
        Ok(Plan { phonebook, import })
    }

    /// The records to be written to make a card that holds `old` hold this phonebook, in an order that leaves
    /// no entry pointing to what it does not mean: what is pointed to comes before what points to it.
    #[must_use]
    pub fn updates_since(&self, old: &Self) -> Vec<RecordUpdate> {
        let mut updates = Vec::new();
        for (fid, records) in &self.records {
            for (number, octets) in (1..=u16::MAX).zip(records) {
                let before = old.records.get(fid).and_then(|records| records.get(usize::from(number) - 1));
                if before != Some(octets) {
                    let update = RecordUpdate { fid: *fid, number, octets: octets.clone() };
                    updates.push((self.turn(*fid, octets), update));
                }
            }
        }
        updates.sort_by_key(|(turn, _)| *turn);
        updates.into_iter().map(|(_, update)| update).collect()
    }

    /// When a record is to be written, among others.
    fn turn(&self, fid: u16, octets: &[u8]) -> u8 {
        let is_adn = self.layout.sets.iter().any(|set| set.adn == fid);
        let is_pointed_to = self.layout.sets.iter().any(|set| {
            set.ext1 == Some(fid) || set.columns().any(|column| column.fid == fid && column.index.is_some())
        });
        let free = is_free(octets) || is_pointed_to && matches!(Ext1Record::decode(octets), Ok(None));
        match (is_adn, is_pointed_to, free) {
            (true, _, true) => 0,
            (_, true, false) => 1,
            (false, false, _) => 2,
            (true, _, false) => 3,
            (_, true, true) => 4,
        }
    }

    fn slots_of(&self, set: &FileSet) -> u16 {
        self.records.get(&set.adn).map_or(0, |records| records.len().min(usize::from(u16::MAX)) as u16)
    }

    /// The set of files that a slot is in, and its record number there.
    fn locate(&self, slot: u16) -> Option<(&FileSet, u16)> {
        let mut local = slot;
        for set in &self.layout.sets {
            let slots = self.slots_of(set);
            if (1..=slots).contains(&local) {
                return Some((set, local));
            }
            local = local.checked_sub(slots)?;
        }
        None
    }

    fn record_octets(&self, fid: u16) -> usize {
        self.records.get(&fid).and_then(|records| records.first()).map_or(0, Vec::len)
    }

    /// How many additional numbers each entry of a set can have.
    fn additional_numbers(&self, set: &FileSet) -> usize {
        set.anr.iter().take_while(|column| self.usable(set, column) > 0).count()
    }

    /// How many entries can have something in a column: records that are free, or that entries have already.
    fn usable(&self, set: &FileSet, column: &Column) -> usize {
        let view = View { set, records: Cow::Borrowed(&self.records) };
        let records = self.records.get(&column.fid).map_or(0, Vec::len);
        if view.room(column) == 0 {
            return 0;
        }
        let Some(index) = column.index else {
            return if records >= usize::from(self.slots_of(set)) { records } else { 0 };
        };
        if set.iap.is_none_or(|iap| self.record_octets(iap) <= index) {
            return 0;
        }
        let mut usable: BTreeSet<u16> = (1..=u16::from(u8::MAX - 1))
            .filter(|&number| view.record_of(column.fid, number).is_some_and(|octets| is_free(octets)))
            .collect();
        for set in &self.layout.sets {
            let view = View { set, records: Cow::Borrowed(&self.records) };
            for same in set.columns().filter(|other| other.fid == column.fid) {
                usable.extend((1..=self.slots_of(set)).filter_map(|slot| view.linked(same, slot)));
            }
        }
        usable.len()
    }

    /// How many extension records the entries of a set can have: those that are free, and those that entries
    /// have already. Records of `EF_EXT1` that belong to other files are not counted.
    fn usable_extensions(&self, set: &FileSet) -> usize {
        let Some(ext1) = set.ext1.filter(|ext1| self.record_octets(*ext1) == EXT1_OCTETS) else { return 0 };
        let view = View { set, records: Cow::Borrowed(&self.records) };
        let is_free = |number: &u16| {
            view.record_of(ext1, *number).is_some_and(|octets| matches!(Ext1Record::decode(octets), Ok(None)))
        };
        let mut usable: BTreeSet<u16> = (1..=view.ext1_records()).filter(is_free).collect();
        for set in self.layout.sets.iter().filter(|set| set.ext1 == Some(ext1)) {
            let view = View { set, records: Cow::Borrowed(&self.records) };
            usable.extend((1..=self.slots_of(set)).flat_map(|slot| entry_chains(&view, slot)));
        }
        usable.len()
    }

    /// Makes the names and numbers those of `book`. Entries that already read like it keep their octets.
    fn store(&mut self, book: &Book) -> Result<(), StoreError> {
        let mut changed = Vec::new();
        for slot in 1..=self.slots() {
            let old = self.entry(slot).ok().flatten().map(|entry| entry.record);
            let kept = match (&old, book.record(slot)) {
                (Some(old), Some(new)) => old.reads_like(new),
                (old, new) => old.is_none() && new.is_none(),
            };
            if !kept {
                // What goes makes its records free for what comes.
                self.change(slot, |view, slot| write_entry(view, slot, None))?;
                changed.extend(book.record(slot).map(|record| (slot, record)));
            }
        }
        for (slot, record) in changed {
            self.change(slot, |view, slot| write_entry(view, slot, Some(record)))?;
        }
        Ok(())
    }

    /// Makes the second names and e-mail addresses those of the contacts, as far as there is room, and takes what
    /// has found room out of the report.
    fn store_texts(&mut self, contacts: &[Contact], import: &mut Import) -> Result<(), StoreError> {
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
        Ok(())
    }

    /// Changes what a slot holds.
    fn change(
        &mut self,
        slot: u16,
        change: impl FnOnce(&mut View<'_>, u16) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some((set, local)) = self.locate(slot) else { return Err(StoreError::NoSlot { slot }) };
        let set = set.clone();
        let mut view = View { set: &set, records: Cow::Owned(core::mem::take(&mut self.records)) };
        let done = change(&mut view, local);
        self.records = view.records.into_owned();
        done
    }
}

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

impl Wanted<'_> {
    /// The second name and the e-mail addresses as the files of a set can hold them.
    fn texts(&self, view: &View<'_>) -> (Vec<AlphaIdentifier>, Vec<AlphaIdentifier>) {
        let room = |columns: &[Column]| columns.iter().map(|column| view.room(column)).max().unwrap_or(0);
        let second_name = AlphaIdentifier::fit(&self.contact.second_name, room(&view.set.second_names)).alpha;
        let names = [second_name].into_iter().filter(|name| !name.is_empty()).collect();
        let most = room(&view.set.emails);
        let emails = self.contact.emails.iter().filter_map(|address| email(address, most));
        (names, emails.take(view.set.emails.len()).collect())
    }

    /// Takes a text that is on the card out of the report of what is not.
    fn stored(&self, kind: Text, text: &AlphaIdentifier, report: &mut Vec<Change>) {
        let about = |change: &Change| {
            change.contact == self.place
                && match &change.what {
                    Loss::SecondNameLeftOut { .. } => kind == Text::SecondName,
                    Loss::EmailLeftOut { address } => {
                        kind == Text::Email && email(address, usize::MAX).as_ref() == Some(text)
                    }
                    _ => false,
                }
        };
        let Some(at) = report.iter().position(about) else { return };
        let change = report.remove(at);
        let from = self.contact.second_name.clone();
        if kind == Text::SecondName && text.text() != from {
            let what = Loss::SecondNameShortened { from, to: text.text() };
            report.insert(at, Change { what, ..change });
        }
    }
}

/// An e-mail address in at most `room` octets of the GSM default alphabet (TS 31.102 §4.4.2.13), whole or not at
/// all.
fn email(address: &str, room: usize) -> Option<AlphaIdentifier> {
    let fitted = AlphaIdentifier::fit(address, room);
    let whole = fitted.cut.is_none() && fitted.dropped.is_none() && !fitted.alpha.is_empty();
    let default_alphabet = fitted.alpha.octets().iter().all(|&octet| octet < 0x80);
    (whole && default_alphabet).then_some(fitted.alpha)
}
