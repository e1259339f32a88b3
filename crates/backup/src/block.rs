//! Blocks: as many changed records as one message holds.
//!
//! The first octet says how a block is coded ([`Coding`]): below 80 it is plain, from 80 to FE compact
//! ([`compact`]), and FF is plain with a length above 7F behind it, or a [`Piece`] of a record that no block holds.
//!
//! Plain coding gives every record the 28 octets that it has in `EF_ADN` (with 14 octets of alpha identifier):
//! flags and slot stand where the record has its two pointers (CCP and EXT1), which mean nothing outside the
//! card. So the size of a backup is the size of the phonebook. A deleted slot takes two octets.

use alloc::vec::Vec;

use oxisim_phonebook::{AlphaIdentifier, DiallingNumber, RECORD_DIGITS, Record, TonNpi};
use oxisim_wire::{Error, ErrorKind, Reader, Wire, bcd};

use crate::{
    compact::{self, Filler, GENERAL, Table, Tables},
    piece::{self, Piece},
};

/// The largest slot number that an entry can have.
pub const MAX_SLOT: u16 = 0x0FFF;

const DELETED: u8 = 0x80;
const EXTENDED: u8 = 0x40;
const NO_NUMBER: u8 = 0x00;
const NUMBER_OCTETS: usize = RECORD_DIGITS / 2;

/// Extension records, and additional numbers, that an entry can have.
const MAX_FURTHER: usize = 15;

/// First octet of a plain block whose alpha identifiers have more than 7F octets; their length follows. Before an octet
/// below 80 it is that of a [`Piece`].
pub(crate) const LONG: u8 = 0xFF;

/// Octets of a plain entry apart from its alpha identifier and its extension.
const ENTRY_OCTETS: usize = 2 + 2 + NUMBER_OCTETS;

/// How the blocks of a backup are coded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Coding {
    /// Every record has the octets that it has in `EF_ADN`.
    #[default]
    Plain,
    /// Names and numbers by what is likely, weighed by this table; a block that this does not make smaller is plain.
    Compact(Table),
}

impl Coding {
    /// Compact, with the table for phonebooks of any country.
    #[must_use]
    pub fn general() -> Self {
        Self::Compact(GENERAL.clone())
    }
}

/// What became of one slot of the phonebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The slot, 1 to [`MAX_SLOT`].
    pub slot: u16,
    /// Its record; none if it was deleted.
    pub record: Option<Record>,
}

/// A list of entries, and how many octets each has for its alpha identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Octets of every alpha identifier.
    pub alpha: u8,
    /// What became of which slots.
    pub entries: Vec<Entry>,
}

impl Block {
    /// A block of these entries, as long as it must be.
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Self {
        let records = entries.iter().filter_map(|entry| entry.record.as_ref());
        let alpha = records.map(|record| record.alpha.octets().len()).max().unwrap_or(0).min(0xFF) as u8;
        Self { alpha, entries }
    }

    /// Reads a block whose coding may use any of these tables.
    ///
    /// # Errors
    /// The block is broken, or its table is none of these.
    pub fn decode_with(octets: &[u8], tables: &Tables) -> Result<Self, Error> {
        let mut r = Reader::new(octets);
        let block = Self::read_with(&mut r, tables)?;
        r.finish("block")?;
        Ok(block)
    }

    fn read_with(r: &mut Reader<'_>, tables: &Tables) -> Result<Self, Error> {
        let at = r.clone();
        let alpha = match r.u8("alpha identifier length")? {
            LONG => {
                let at = r.clone();
                let alpha = r.u8("alpha identifier length")?;
                if alpha & compact::MARK == 0 {
                    return Err(at.error("alpha identifier length", ErrorKind::Value(alpha.into())));
                }
                alpha
            }
            number if number & compact::MARK != 0 => {
                let number = number & !compact::MARK;
                let unknown = || at.error("coding table", ErrorKind::Value(number.into()));
                let (alpha, entries) = compact::read(tables.get(number).ok_or_else(unknown)?, r.rest())?;
                return Ok(Self { alpha, entries });
            }
            alpha => alpha,
        };
        let mut entries = Vec::new();
        while !r.is_empty() {
            entries.push(Entry::read(r, alpha)?);
        }
        if entries.is_empty() {
            return Err(r.error("entry", ErrorKind::Missing));
        }
        Ok(Self { alpha, entries })
    }
}

/// The table with which a block is coded, or the block that begins in a piece; none if that is plain, or cannot be told.
#[must_use]
pub fn table(block: &[u8]) -> Option<u8> {
    let first = match Piece::of(block) {
        Ok(Some(piece)) if piece.number == 1 => piece.octets.first(),
        Ok(Some(_)) => None,
        _ => block.first(),
    };
    first.filter(|&&octet| octet & compact::MARK != 0 && octet != LONG).map(|octet| octet & !compact::MARK)
}

impl Entry {
    /// Octets of the entry in a plain block, apart from its alpha identifier.
    fn fixed_octets(&self) -> usize {
        let Some(record) = &self.record else { return 2 };
        let further = record.number.as_ref().map_or(0, |number| {
            let digits = number.further();
            digits.take(MAX_FURTHER).map(|digits| 1 + digits.len().div_ceil(2)).sum()
        });
        let additional = record.additional.iter().take(MAX_FURTHER);
        let additional: usize = additional.map(|number| 2 + number_octets(number)).sum();
        ENTRY_OCTETS + if further + additional == 0 { 0 } else { 1 + further + additional }
    }

    fn read(r: &mut Reader<'_>, alpha: u8) -> Result<Self, Error> {
        let [flags, low] = r.array("entry")?;
        let slot = u16::from(flags & 0x0F) << 8 | u16::from(low);
        if slot == 0 {
            return Err(r.error("slot", ErrorKind::Value(0)));
        }
        if flags & DELETED != 0 {
            return Ok(Self { slot, record: None });
        }
        let alpha = AlphaIdentifier::from_field(r.take(usize::from(alpha), "alpha identifier")?);
        let mut number = read_number(r, NUMBER_OCTETS)?;
        let mut additional = Vec::new();
        if flags & EXTENDED != 0 {
            let [counts] = r.array("extension")?;
            for _ in 0..counts >> 4 {
                let more = r.u8("further digits")?;
                let octets = r.take(usize::from(more), "further digits")?;
                match &mut number {
                    Some(number) => number.extend(&bcd::unpack(octets)),
                    None => return Err(r.error("further digits", ErrorKind::Missing)),
                }
            }
            for _ in 0..counts & 0x0F {
                let length = r.u8("additional number")?;
                let mut sub = r.sub(usize::from(length), "additional number")?;
                let ton_npi = TonNpi(sub.u8("additional number")?);
                additional.extend(DiallingNumber::new(ton_npi, bcd::unpacked(sub.rest())));
            }
        }
        Ok(Self { slot, record: Some(Record { alpha, number, additional }) })
    }

    fn write(&self, alpha: u8, out: &mut Vec<u8>) {
        let Some(record) = &self.record else {
            let [high, low] = self.slot.to_be_bytes();
            return out.extend([DELETED | high & 0x0F, low]);
        };
        write_record(self.slot, record, alpha, out);
    }
}

/// The entry of a slot and its record, in a form that depends on nothing else: its alpha identifier is as long as it is.
pub(crate) fn canonical(slot: u16, record: &Record) -> Vec<u8> {
    let mut out = Vec::with_capacity(48);
    let alpha = record.alpha.octets().len().min(0xFF) as u8;
    out.push(alpha);
    write_record(slot, record, alpha, &mut out);
    out
}

fn write_record(slot: u16, record: &Record, alpha: u8, out: &mut Vec<u8>) {
    let [high, low] = slot.to_be_bytes();
    let further = || record.number.iter().flat_map(DiallingNumber::further).take(MAX_FURTHER);
    let additional = &record.additional[..record.additional.len().min(MAX_FURTHER)];
    let counts = (further().count() << 4 | additional.len()) as u8;
    out.extend([if counts == 0 { 0 } else { EXTENDED } | high & 0x0F, low]);
    let name = record.alpha.octets();
    let name = &name[..name.len().min(usize::from(alpha))];
    out.extend_from_slice(name);
    out.resize(out.len() + usize::from(alpha) - name.len(), 0xFF);
    write_number(record.number.as_ref(), out);
    if counts == 0 {
        return;
    }
    out.push(counts);
    for digits in further() {
        out.push(digits.len().div_ceil(2) as u8);
        out.extend(bcd::packed(digits));
    }
    for number in additional {
        let length = number_octets(number);
        out.extend([length as u8 + 1, number.ton_npi().0]);
        out.extend(bcd::packed(number.digits()).take(length));
    }
}

/// Octets of an additional number's digits.
fn number_octets(number: &DiallingNumber) -> usize {
    number.digits().len().div_ceil(2).min(0xFE)
}

/// Length of number contents, TON and NPI, ten octets of digits: as in `EF_ADN` (TS 31.102 §4.4.2.3).
fn read_number(r: &mut Reader<'_>, octets: usize) -> Result<Option<DiallingNumber>, Error> {
    let at = r.clone();
    let length = usize::from(r.u8("length of number contents")?);
    let ton_npi = TonNpi(r.u8("TON and NPI")?);
    let digits = r.take(octets, "dialling number")?;
    match length {
        0 => Ok(None),
        length if length <= octets + 1 => {
            let digits = digits.get(..length - 1).unwrap_or_default();
            Ok(DiallingNumber::new(ton_npi, bcd::unpacked(digits)))
        }
        other => Err(at.error("length of number contents", ErrorKind::Value(other as u32))),
    }
}

fn write_number(number: Option<&DiallingNumber>, out: &mut Vec<u8>) {
    let end = out.len() + 2 + NUMBER_OCTETS;
    match number {
        Some(number) => {
            let digits = number.first();
            out.extend([digits.len().div_ceil(2) as u8 + 1, number.ton_npi().0]);
            out.extend(bcd::packed(digits));
        }
        None => out.extend([NO_NUMBER, 0xFF]),
    }
    out.resize(end, 0xFF);
}

impl Wire for Block {
    /// Plain, or compact with a table that is shipped.
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        Self::read_with(r, &Tables::default())
    }

    /// Plain.
    fn write(&self, out: &mut Vec<u8>) {
        if self.alpha & compact::MARK != 0 {
            out.push(LONG);
        }
        out.push(self.alpha);
        self.entries.iter().for_each(|entry| entry.write(self.alpha, out));
    }
}

/// Fills blocks, one entry after the other.
///
/// A plain block's alpha identifiers are as long as its longest. Each block is coded both ways, as long as both ways
/// hold what is in it: so a block never holds less than a plain one would. A record that no block holds goes in
/// pieces.
#[derive(Clone, Debug)]
pub struct Packer {
    octets: usize,
    contacts: usize,
    alpha: u8,
    count: usize,
    /// The block begun, unless its entries are too many for a plain one.
    plain: Option<Plain>,
    /// The block begun, unless the coding is plain, or a compact block cannot hold it.
    compact: Option<Filler>,
    table: Option<Table>,
    /// A full block that an error has kept back.
    full: Option<Vec<u8>>,
}

impl Packer {
    /// Blocks of at most `octets` octets and at most `contacts` entries, on a card whose alpha identifiers have `alpha`
    /// octets: if a plain block holds a record of that length, those in it have no fewer.
    #[must_use]
    pub fn new(octets: usize, contacts: usize, alpha: u8, coding: &Coding) -> Self {
        let table = match coding {
            Coding::Plain => None,
            Coding::Compact(table) => Some(table.clone()),
        };
        let mut packer =
            Self { octets, contacts, alpha, count: 0, plain: None, compact: None, table, full: None };
        packer.begin();
        packer
    }

    /// Adds an entry; the blocks that are full now: the one before it, if the entry did not fit into that any more,
    /// and, if no block holds it, its pieces.
    ///
    /// # Errors
    /// The entry alone is larger than [`MAX_PIECES`](crate::piece::MAX_PIECES) blocks. It is not added; what was
    /// added before is not lost.
    pub fn push(&mut self, entry: Entry) -> Result<Vec<Vec<u8>>, Error> {
        let mut full: Vec<_> = self.full.take().into_iter().collect();
        let entry = if self.count < self.contacts { self.add(entry) } else { Err(entry) };
        let Err(entry) = entry else { return Ok(full) };
        full.extend(self.finish());
        let Err(entry) = self.add(entry) else { return Ok(full) };
        self.begin();
        match self.whole(entry).and_then(|whole| piece::cut(&whole, self.octets)) {
            Ok(pieces) => {
                full.extend(pieces);
                Ok(full)
            }
            Err(error) => {
                self.full = full.pop();
                Err(error)
            }
        }
    }

    /// Whether no entry has been added since the last block.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0 && self.full.is_none()
    }

    /// The block begun, if it has an entry.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        let compact = self.compact.take().map(Filler::finish);
        let plain = self.plain.take().map(|plain| plain.block.encode());
        let is_begun = self.count > 0;
        self.begin();
        let begun = compact.into_iter().chain(plain).filter(|_| is_begun).min_by_key(Vec::len);
        self.full.take().or(begun)
    }

    fn begin(&mut self) {
        self.count = 0;
        let fits = 1 + ENTRY_OCTETS + usize::from(self.alpha) <= self.octets;
        let alpha = if fits { self.alpha } else { 0 };
        self.plain = Some(Plain::new(alpha));
        self.compact = self.table.as_ref().map(|table| Filler::new(table.clone(), self.octets, self.alpha));
    }

    /// Adds an entry to the block begun, if one of the ways can hold it there; otherwise it comes back.
    fn add(&mut self, entry: Entry) -> Result<(), Entry> {
        let is_compact = self.compact.as_mut().is_some_and(|compact| compact.push(&entry));
        let plain = match &mut self.plain {
            Some(plain) => plain.push(entry, self.octets),
            None => Err(entry),
        };
        match plain {
            Err(entry) if !is_compact => return Err(entry),
            Err(_) => self.plain = None,
            Ok(()) if !is_compact => self.compact = None,
            Ok(()) => {}
        }
        self.count += 1;
        Ok(())
    }

    /// A block of one entry, however long: the shorter way.
    fn whole(&self, entry: Entry) -> Result<Vec<u8>, Error> {
        let compact = self.table.as_ref().and_then(|table| {
            let mut filler = Filler::new(table.clone(), usize::MAX, self.alpha);
            filler.push(&entry).then(|| filler.finish())
        });
        let length = alpha_octets(&entry);
        let plain = u8::try_from(length).is_ok().then(|| Block::new([entry].into()).encode());
        let limit = u8::MAX.into();
        let too_long = || Error::new("alpha identifier", 0, ErrorKind::TooLong { length, limit });
        compact.into_iter().chain(plain).min_by_key(Vec::len).ok_or_else(too_long)
    }
}

/// A plain block that is being filled.
#[derive(Clone, Debug)]
struct Plain {
    block: Block,
    /// How many of its entries have a record.
    records: usize,
    /// Octets of its entries apart from their alpha identifiers.
    fixed: usize,
}

impl Plain {
    /// An empty block whose alpha identifiers have at least so many octets.
    const fn new(alpha: u8) -> Self {
        Self { block: Block { alpha, entries: Vec::new() }, records: 0, fixed: 0 }
    }

    /// Adds an entry if the block then has at most `octets` octets; otherwise it comes back.
    fn push(&mut self, entry: Entry, octets: usize) -> Result<(), Entry> {
        let Ok(own) = u8::try_from(alpha_octets(&entry)) else { return Err(entry) };
        let alpha = self.block.alpha.max(own);
        let records = self.records + usize::from(entry.record.is_some());
        let fixed = self.fixed + entry.fixed_octets();
        let head = if alpha & compact::MARK != 0 { 2 } else { 1 };
        if head + fixed + records * usize::from(alpha) > octets {
            return Err(entry);
        }
        (self.records, self.fixed) = (records, fixed);
        self.block.alpha = alpha;
        self.block.entries.push(entry);
        Ok(())
    }
}

fn alpha_octets(entry: &Entry) -> usize {
    entry.record.as_ref().map_or(0, |record| record.alpha.octets().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, digits: &[u8]) -> Record {
        Record {
            alpha: AlphaIdentifier::fit(name, 14).alpha,
            number: DiallingNumber::new(TonNpi(0x91), digits.to_vec()),
            additional: Vec::new(),
        }
    }

    /// The octets are those of an `EF_ADN` record, with flags and slot in front instead of the two pointers.
    #[test]
    fn an_entry_has_the_size_of_a_record() {
        let entry = Entry { slot: 7, record: Some(record("Ana", &[4, 9, 1, 5, 1])) };
        let block = Block { alpha: 14, entries: [entry].into() };
        assert_eq!(
            hex::encode_upper(block.encode()),
            "0E0007416E61FFFFFFFFFFFFFFFFFFFFFF04919451F1FFFFFFFFFFFFFF"
        );
        assert_eq!(block.encode().len(), 1 + 28);
        assert_eq!(Block::decode(&block.encode(), "block").unwrap(), block);
    }

    #[test]
    fn a_deleted_slot_takes_two_octets() {
        let block = Block { alpha: 14, entries: [Entry { slot: 0x123, record: None }].into() };
        assert_eq!(block.encode(), [14, 0x81, 0x23]);
        assert_eq!(Block::decode(&block.encode(), "block").unwrap(), block);
    }

    #[test]
    fn digits_beyond_twenty_and_further_numbers_come_back() {
        let mut long = record("Bridge", &[1; 37]);
        long.additional =
            [record("", &[2, 3, 4]).number.unwrap(), record("", &[5; 25]).number.unwrap()].into();
        let block = Block { alpha: 14, entries: [Entry { slot: 255, record: Some(long) }].into() };
        assert_eq!(Block::decode(&block.encode(), "block").unwrap(), block);
    }

    #[test]
    fn a_block_takes_no_more_contacts_than_it_may() {
        let mut packer = Packer::new(120, 1, 14, &Coding::Plain);
        let entry = |slot| Entry { slot, record: Some(record("A", &[1])) };
        assert!(packer.push(entry(1)).unwrap().is_empty());
        let first = packer.push(entry(2)).unwrap();
        assert_eq!(Block::decode(&first[0], "block").unwrap().entries, [entry(1)]);
        assert_eq!(Block::decode(&packer.finish().unwrap(), "block").unwrap().entries, [entry(2)]);
        assert_eq!(packer.finish(), None);
    }

    #[test]
    fn every_cut_is_refused_or_shorter() {
        let entries = [Entry { slot: 1, record: Some(record("Ana", &[1; 30])) }].into();
        let bytes = Block { alpha: 14, entries }.encode();
        for cut in 2..bytes.len() {
            assert!(Block::decode(&bytes[..cut], "block").is_err(), "{cut}");
        }
    }
}
