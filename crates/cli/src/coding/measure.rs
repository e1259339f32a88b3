//! How many messages books take.

use std::{collections::BTreeMap, io::Write};

use oxisim_backup::{
    Coding, Entry,
    block::Packer,
    compact::{GENERAL, Table},
};
use oxisim_phonebook::Record;

use super::{
    PASSES,
    books::{Books, language},
    bound::Model,
    fit,
};
use crate::{failure::Failure, progress::Progress};

/// Contacts of a full phonebook: what the figures are about.
const CONTACTS: usize = 255;

/// Octets of an alpha identifier, and of a record.
const ALPHA: u8 = 14;
const RECORD_OCTETS: usize = 28;

/// Contacts of it that have changed since the last backup.
const CHANGED: [usize; 6] = [1, 2, 3, 5, 10, 20];

/// What is measured.
pub struct Plan {
    /// Books to fit on.
    pub train: Books,
    /// Books to measure, one a locale.
    pub test: Books,
    /// The general table.
    pub general: Option<Table>,
    /// Whether tables are measured that have never seen the language.
    pub unseen: bool,
    /// Octets of a message for the block.
    pub octets: Vec<u16>,
}

/// A locale's books, and what they are coded with.
struct Subject {
    locale: String,
    records: Vec<Record>,
    own: Table,
    unseen: Option<Table>,
    /// Bits with a model without limits.
    bound: f64,
}

/// Prints, for each locale, the messages that 255 contacts take, and then those of a later backup.
pub fn print(plan: &Plan) -> Result<(), Failure> {
    let general = plan.general.clone().unwrap_or_else(|| GENERAL.clone());
    let subjects = subjects(plan);
    let out = &mut std::io::stdout().lock();
    for octets in plan.octets.iter().copied().map(usize::from) {
        writeln!(out, "Messages for {CONTACTS} contacts, {octets} octets of a message for the block")?;
        let mut sums: Vec<(&str, f64)> = Vec::new();
        for (at, subject) in subjects.iter().enumerate() {
            let columns = columns(subject, &general, octets);
            if at == 0 {
                sums = columns.iter().map(|&(name, _)| (name, 0.0)).collect();
                write!(out, "{:8}", "")?;
                columns.iter().try_for_each(|(name, _)| write!(out, "{name:>9}"))?;
                writeln!(out)?;
            }
            line(out, &subject.locale, columns.iter().map(|&(_, messages)| messages))?;
            sums.iter_mut().zip(columns).for_each(|((_, sum), (_, messages))| *sum += messages);
        }
        line(out, "average", sums.iter().map(|(_, sum)| sum / subjects.len() as f64))?;
        writeln!(out)?;
        changes(out, &subjects, &general, octets)?;
    }
    Ok(())
}

/// Fits the tables.
fn subjects(plan: &Plan) -> Vec<Subject> {
    let tests: Vec<_> = plan.test.0.iter().filter(|(_, records)| !records.is_empty()).collect();
    let mut progress = Progress::new(tests.len() as u64);
    let mut unseen: BTreeMap<&str, Table> = BTreeMap::new();
    let subjects = tests.into_iter().map(|(locale, records)| {
        progress.step(|| format!("tables, {locale}"));
        let own = plan.train.of(std::slice::from_ref(locale));
        let mut model = Model::default();
        own.0.iter().flat_map(|(_, records)| records).for_each(|record| {
            model.record(record);
        });
        let unseen = plan.unseen.then(|| {
            let language = language(locale);
            let fitted = || fit::fit(&plan.train.without(language), PASSES, |_| ()).table(65, "unseen");
            unseen.entry(language).or_insert_with(fitted).clone()
        });
        Subject {
            locale: locale.clone(),
            own: fit::fit(&own, PASSES, |_| ()).table(64, locale),
            unseen,
            bound: records.iter().map(|record| model.record(record)).sum(),
            records: records.clone(),
        }
    });
    subjects.collect()
}

/// Messages for 255 contacts, each way.
fn columns(subject: &Subject, general: &Table, octets: usize) -> Vec<(&'static str, f64)> {
    let records = &subject.records;
    let coded = |table: &Table| blocks(records, octets, &Coding::Compact(table.clone()));
    let columns = [
        Some(("raw", (records.len() * RECORD_OCTETS) as f64 / octets as f64)),
        Some(("packed", packed(records) as f64 / octets as f64)),
        Some(("plain", blocks(records, octets, &Coding::Plain))),
        subject.unseen.as_ref().map(|table| ("unseen", coded(table))),
        Some(("general", coded(general))),
        Some(("own", coded(&subject.own))),
        Some(("bound", subject.bound / 8.0 / octets as f64)),
    ];
    let per_book = CONTACTS as f64 / records.len() as f64;
    columns.into_iter().flatten().map(|(name, messages)| (name, messages * per_book)).collect()
}

/// Messages of a later backup, if some contacts of 255 have changed, here and there.
fn changes(
    out: &mut impl Write,
    subjects: &[Subject],
    general: &Table,
    octets: usize,
) -> Result<(), Failure> {
    writeln!(out, "Messages of a later backup, {octets} octets: average, and the most of any locale")?;
    write!(out, "{:8}", "changed")?;
    CHANGED.iter().try_for_each(|changed| write!(out, "{changed:>9}"))?;
    writeln!(out)?;
    for name in ["plain", "general", "own"] {
        write!(out, "{name:8}")?;
        for changed in CHANGED {
            let messages = subjects.iter().flat_map(|subject| {
                let coding = match name {
                    "plain" => Coding::Plain,
                    "general" => Coding::Compact(general.clone()),
                    _ => Coding::Compact(subject.own.clone()),
                };
                let books = subject.records.chunks_exact(changed);
                books.map(move |book| difference(book, octets, &coding)).collect::<Vec<_>>()
            });
            let messages: Vec<_> = messages.collect();
            let average = messages.iter().sum::<usize>() as f64 / messages.len().max(1) as f64;
            let most = messages.iter().max().copied().unwrap_or(0);
            write!(out, "{:>9}", format!("{average:.1}, {most}"))?;
        }
        writeln!(out)?;
    }
    Ok(writeln!(out)?)
}

/// Messages for changed contacts, which are spread over the whole phonebook.
fn difference(changed: &[Record], octets: usize, coding: &Coding) -> usize {
    let mut packer = Packer::new(octets, usize::MAX, ALPHA, coding);
    let slots = (0..changed.len()).map(|at| 1 + (at * CONTACTS / changed.len()) as u16);
    let entries = slots.zip(changed).map(|(slot, record)| Entry { slot, record: Some(record.clone()) });
    let full = entries.map(|entry| packer.push(entry).map_or(0, |full| full.len())).sum::<usize>();
    full + usize::from(packer.finish().is_some())
}

fn line(out: &mut impl Write, name: &str, mut messages: impl Iterator<Item = f64>) -> Result<(), Failure> {
    write!(out, "{name:8}")?;
    messages.try_for_each(|messages| write!(out, "{messages:9.1}"))?;
    Ok(writeln!(out)?)
}

/// Octets of records without fill: length and octets of the name, length, TON and digits of the number.
fn packed(records: &[Record]) -> usize {
    let octets = records.iter().map(|record| {
        let digits = record.number.as_ref().map_or(0, |number| number.digits().len().div_ceil(2));
        1 + record.alpha.octets().len() + 2 + digits
    });
    octets.sum()
}

/// Blocks of records, the last one as far as it is full.
fn blocks(records: &[Record], octets: usize, coding: &Coding) -> f64 {
    let mut packer = Packer::new(octets, usize::MAX, ALPHA, coding);
    let entries = (1..).zip(records).map(|(slot, record)| Entry { slot, record: Some(record.clone()) });
    let full = entries.map(|entry| packer.push(entry).map_or(0, |full| full.len())).sum::<usize>();
    full as f64 + packer.finish().map_or(0.0, |block| block.len() as f64 / octets as f64)
}
