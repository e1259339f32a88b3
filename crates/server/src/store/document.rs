//! What is kept of one subscriber, as a document, and its octets.
//!
//! A document is an octet with its version, and the fields of that version as `postcard` writes them. A version that has
//! ever been released is never changed: what shall be different is a further one, and [`Document::read`] brings those of
//! before forward. A later version is refused.

mod first;

use std::collections::BTreeMap;

use oxisim_backup::{Held, Order, Restore, Session, Spacing};
use oxisim_wire::Instant;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    CopySummary, Direction, Enrolled, Inbound, Letter, LetterStep, LogEntry, StoreError, Unreadable,
};
use crate::Msisdn;
use first::{Card1, Copy1, Note1, Paper1, Passed1, State1};

/// The latest version.
const VERSION: u8 = 1;

/// What is kept of one subscriber, without blocks, copies and notes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Document {
    /// Counter of the last packet without security.
    pub counter: u32,
    pub alarms: u32,
    /// At least as many notes as there are.
    pub notes: u32,
    /// The number of the last letter.
    pub last_letter: u64,
    pub phonebooks: BTreeMap<u8, Phonebook>,
    pub restore: Option<Restore>,
    /// By phonebook and kind.
    pub orders: BTreeMap<(u8, u8), Order>,
    pub letters: Vec<(u8, Letter)>,
    pub card: Option<Enrolled>,
}

/// What is kept of one phonebook.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Phonebook {
    pub session: Option<Session>,
    pub copy: Option<CopySummary>,
    pub spacing: Option<Spacing>,
}

impl Document {
    /// When something is to be done.
    pub fn due(&self) -> Option<Instant> {
        let sessions = self.phonebooks.values().filter_map(|book| book.session.as_ref()?.resume_at);
        let orders = self.orders.values().filter_map(|order| order.due);
        let letters = self.letters.iter().filter_map(|(_, letter)| match letter.step {
            LetterStep::Waiting { due } => due,
            LetterStep::Given { .. } => None,
        });
        let restore = self.restore.as_ref().and_then(|restore| restore.due);
        let rekeying = self.card.as_ref().and_then(|card| card.rekeying?.due);
        sessions.chain(orders).chain(letters).chain(restore).chain(rekeying).min()
    }

    /// Nothing is due before a time.
    pub fn put_off(&mut self, until: Instant) {
        let late = |due: &mut Option<Instant>| *due = due.map(|due| due.max(until));
        self.phonebooks.values_mut().filter_map(|book| book.session.as_mut()).for_each(|session| {
            late(&mut session.resume_at);
        });
        self.orders.values_mut().for_each(|order| late(&mut order.due));
        for (_, letter) in &mut self.letters {
            if let LetterStep::Waiting { due } = &mut letter.step {
                late(due);
            }
        }
        if let Some(restore) = &mut self.restore {
            late(&mut restore.due);
        }
        if let Some(rekeying) = self.card.as_mut().and_then(|card| card.rekeying.as_mut()) {
            late(&mut rekeying.due);
        }
    }

    pub fn write(&self) -> Vec<u8> {
        write(&State1::from(self))
    }

    pub fn read(octets: &[u8]) -> Result<Self, StoreError> {
        read::<State1>(octets, "subscriber")?.try_into()
    }
}

pub(super) fn write_copy(held: &Held) -> Vec<u8> {
    write(&Copy1 {
        generation: held.generation,
        at: held.at.as_micros(),
        table: held.table,
        records: held.book.iter().map(|(slot, record)| (slot, record.into())).collect(),
    })
}

pub(super) fn read_copy(octets: &[u8]) -> Result<Held, StoreError> {
    let Copy1 { generation, at, table, records } = read(octets, "copy")?;
    let book: Option<_> = records.into_iter().map(|(slot, record)| Some((slot, record.record()?))).collect();
    let book = book.ok_or(malformed("copy"))?;
    Ok(Held { generation, at: Instant::from_micros(at), book, table })
}

pub(super) fn write_note(entry: &LogEntry) -> Vec<u8> {
    let direction = u8::from(entry.direction == Direction::Out);
    write(&Note1 { direction, octets: entry.octets, summary: entry.summary.clone() })
}

pub(super) fn read_note(octets: &[u8], at: Instant) -> Result<LogEntry, StoreError> {
    let Note1 { direction, octets, summary } = read(octets, "note")?;
    let direction = if direction == 0 { Direction::In } else { Direction::Out };
    Ok(LogEntry { at, direction, summary, octets })
}

pub(super) fn write_passed(to: &Msisdn, what: &Inbound) -> Vec<u8> {
    write(&Passed1 { to: to.digits().into(), what: what.into() })
}

pub(super) fn read_passed(octets: &[u8]) -> Result<(Msisdn, Inbound), StoreError> {
    let Passed1 { to, what } = read(octets, "inbox")?;
    let to = to.parse().ok().ok_or(malformed("inbox"))?;
    Ok((to, what.inbound().ok_or(malformed("inbox"))?))
}

/// A document of the console's, with its key.
pub(super) fn write_paper(key: &str, content: &[u8]) -> Vec<u8> {
    write(&Paper1 { key: key.into(), content: content.into() })
}

pub(super) fn read_paper(octets: &[u8]) -> Result<(String, Vec<u8>), StoreError> {
    let Paper1 { key, content } = read(octets, "console_document")?;
    Ok((key, content))
}

pub(super) fn write_card(card: &Enrolled) -> Vec<u8> {
    write(&Card1::from(card))
}

pub(super) fn read_card(octets: &[u8]) -> Result<Enrolled, StoreError> {
    read::<Card1>(octets, "card")?.try_into()
}

fn write(document: &impl Serialize) -> Vec<u8> {
    // Only a type that does not say its length beforehand fails, and there is none.
    postcard::to_extend(document, vec![VERSION]).unwrap_or_default()
}

fn read<T: DeserializeOwned>(octets: &[u8], table: &'static str) -> Result<T, StoreError> {
    match octets.split_first() {
        Some((&VERSION, fields)) => match postcard::take_from_bytes(fields) {
            Ok((document, [])) => Ok(document),
            _ => Err(malformed(table)),
        },
        Some((version, _)) if *version > VERSION => {
            let why = Unreadable::Newer { found: *version, known: VERSION };
            Err(StoreError::Unreadable { table, why })
        }
        _ => Err(malformed(table)),
    }
}

const fn malformed(table: &'static str) -> StoreError {
    StoreError::Unreadable { table, why: Unreadable::Malformed }
}

#[cfg(test)]
mod tests {
    use oxisim_backup::{
        BlockSet, Command, Digest, OrderStep, RestoreStep, Standing, Way, Window,
        message::{BackupId, Extent, Resumes, Source},
        security::{KeyVersion, ReplayWindow},
    };
    use oxisim_phonebook::{AlphaIdentifier, DiallingNumber, Record};
    use oxisim_wire::Duration;

    use super::*;
    use crate::Rekeying;

    /// A state of version 1, as a server of that version has written it.
    const STATE: &str = "\
        01f0a2040290030901000107010a0215020101020304050607080101808ece1c018080e2c4f2a2990302020808080808\
        0808088080e2c4f2a2990301068080e2c4f2a29903ff01010201901ca038c096b10201050103030105000101010101ac\
        0201010102018080e2c4f2a29903030104020008020102018080e2c4f2a299030109010300018080e2c4f2a299030113\
        383930303130313030303030303030303031390111e807ffffffffffffffffff01018080e2c4f2a2990301018080e2c4\
        f2a299030102";

    /// A copy of version 1.
    const COPY: &str = "01068080e2c4f2a299030101010303416e61019106040901050101019106040901050101";

    /// A document of the console's, of version 1.
    const PAPER: &str = "0103616461027b7d";

    /// A note of version 1.
    const NOTE: &str = "01018c01094f4b20434152442037";

    const AT: Instant = Instant::from_secs(1_800_000_000);

    /// Something in every field.
    fn state() -> Document {
        let session = Session {
            backup: BackupId { source: Source::CARD, generation: 7 },
            base_distance: 1,
            received: BlockSet::from_bits(10, &[0x15, 0x02]),
            digest: Some(Digest([1, 2, 3, 4, 5, 6, 7, 8])),
            resumes: Resumes::SERVER,
            delay: Some(Duration::from_secs(60)),
            resume_at: Some(AT),
            asked: 2,
            standing: Standing::Differs(Digest([8; 8])),
            since: AT,
        };
        let spacing =
            Spacing::Timetable(vec![Window { opens: 3_600, closes: 7_200 }], Duration::from_secs(5));
        let copy = CopySummary { generation: 6, at: AT, contacts: 255 };
        let order = Order {
            source: Source::PHONE,
            number: 300,
            command: Command::Start { extent: Extent::WHOLE, way: Some(Way::TIMER) },
            due: Some(AT),
            said: 3,
            step: OrderStep::Answered(4),
        };
        let restore = Restore {
            generation: 5,
            table: Some(3),
            todo: BlockSet::from_bits(3, &[0x05]),
            due: None,
            asked: 1,
            step: RestoreStep::Complete { equal: true },
        };
        let card = Enrolled {
            iccid: "8900101000000000019".parse().unwrap(),
            key_version: KeyVersion::FIRST,
            sent: 17,
            window: ReplayWindow { highest: 1_000, taken: u64::MAX },
            refused: 1,
            since: AT,
            rekeying: Some(Rekeying { due: Some(AT), said: 1, step: OrderStep::Unspoken }),
        };
        let given = Letter { id: 8, octets: vec![1, 2], step: LetterStep::Given { valid: AT } };
        let waiting = Letter { id: 9, octets: vec![3], step: LetterStep::Waiting { due: Some(AT) } };
        Document {
            counter: 70_000,
            alarms: 2,
            notes: 400,
            last_letter: 9,
            phonebooks: [(0, Phonebook { session: Some(session), copy: Some(copy), spacing: Some(spacing) })]
                .into(),
            restore: Some(restore),
            orders: [((1, order.command.kind().0), order)].into(),
            letters: vec![(0, given), (1, waiting)],
            card: Some(card),
        }
    }

    fn copy() -> Held {
        let number = DiallingNumber::parse("+49 151 1", 20).unwrap().number;
        let record = Record {
            alpha: AlphaIdentifier::fit("Ana", 14).alpha,
            number: Some(number.clone()),
            additional: vec![number],
        };
        Held { generation: 6, at: AT, book: [(3, record)].into_iter().collect(), table: Some(1) }
    }

    fn note() -> LogEntry {
        LogEntry { at: AT, direction: Direction::Out, summary: "OK CARD 7".into(), octets: 140 }
    }

    #[test]
    fn documents_of_version_1_are_read_as_they_were_meant() {
        assert_eq!(Document::read(&hex::decode(STATE).unwrap()).unwrap(), state());
        assert_eq!(read_copy(&hex::decode(COPY).unwrap()).unwrap(), copy());
        assert_eq!(read_note(&hex::decode(NOTE).unwrap(), AT).unwrap(), note());
        assert_eq!(read_paper(&hex::decode(PAPER).unwrap()).unwrap(), ("ada".into(), b"{}".to_vec()));
    }

    #[test]
    fn documents_are_written_in_version_1() {
        let paper = write_paper("ada", b"{}");
        let written = [state().write(), write_copy(&copy()), write_note(&note()), paper].map(hex::encode);
        assert_eq!(written, [STATE, COPY, NOTE, PAPER]);
    }

    #[test]
    fn a_document_of_a_later_version_is_refused_by_name() {
        let mut octets = state().write();
        octets[0] = 2;
        let error = Document::read(&octets).unwrap_err().to_string();
        let why = "the database is damaged: a record in subscriber has version 2, this program knows versions up to 1";
        assert_eq!(error, why);
    }

    #[test]
    fn a_document_that_was_cut_or_continued_is_malformed() {
        let octets = state().write();
        for length in 0..octets.len() {
            assert!(Document::read(&octets[..length]).is_err(), "{length} octets");
        }
        assert!(Document::read(&[&octets[..], &[0]].concat()).is_err());
    }
}
