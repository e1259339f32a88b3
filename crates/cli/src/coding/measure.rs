//! How many messages books take.

use std::io::Write;

use oxisim_backup::{
    Coding, Entry,
    block::Packer,
    compact::{GENERAL, Table},
};
use oxisim_phonebook::Record;

use super::{PASSES, books::Books, bound::Model, fit};
use crate::{failure::Failure, progress::Progress};

/// Contacts of a full phonebook: what the figures are about.
const CONTACTS: usize = 255;

/// Octets of an alpha identifier, and of a record.
const ALPHA: u8 = 14;
const RECORD_OCTETS: usize = 28;

const COLUMNS: [&str; 6] = ["raw", "packed", "plain", "general", "own", "bound"];

/// Prints, for each locale, the messages that 255 contacts take.
pub fn print(train: &Books, test: &Books, table: Option<Table>, octets: &[u16]) -> Result<(), Failure> {
    let test = Books(test.0.iter().filter(|(_, records)| !records.is_empty()).cloned().collect());
    let general = table.unwrap_or_else(|| GENERAL.clone());
    let mut progress = Progress::new(test.0.len() as u64);
    let fitted: Vec<_> = test
        .0
        .iter()
        .map(|(locale, _)| {
            progress.step(|| format!("tables, {locale}"));
            let own = train.of(std::slice::from_ref(locale));
            let mut model = Model::default();
            own.0.iter().flat_map(|(_, records)| records).for_each(|record| {
                model.record(record);
            });
            (fit::fit(&own, PASSES, |_| ()).table(64, locale), model)
        })
        .collect();
    drop(progress);
    let bits = test.0.iter().zip(fitted).map(|((_, records), (own, mut model))| {
        (own, records.iter().map(|record| model.record(record)).sum::<f64>())
    });
    let bits: Vec<_> = bits.collect();
    let out = &mut std::io::stdout().lock();
    for octets in octets.iter().copied().map(usize::from) {
        writeln!(out, "Messages for {CONTACTS} contacts, {octets} octets of a message for the block")?;
        write!(out, "{:8}", "")?;
        COLUMNS.iter().try_for_each(|column| write!(out, "{column:>9}"))?;
        writeln!(out)?;
        let mut sums = [0.0; COLUMNS.len()];
        for ((locale, records), (own, bits)) in test.0.iter().zip(&bits) {
            let messages = [
                (records.len() * RECORD_OCTETS) as f64 / octets as f64,
                packed(records) as f64 / octets as f64,
                blocks(records, octets, &Coding::Plain),
                blocks(records, octets, &Coding::Compact(general.clone())),
                blocks(records, octets, &Coding::Compact(own.clone())),
                bits / 8.0 / octets as f64,
            ];
            let messages = messages.map(|messages| messages * CONTACTS as f64 / records.len() as f64);
            line(out, locale, &messages)?;
            sums.iter_mut().zip(messages).for_each(|(sum, messages)| *sum += messages / test.0.len() as f64);
        }
        line(out, "average", &sums)?;
        writeln!(out)?;
    }
    Ok(())
}

fn line(out: &mut impl Write, name: &str, messages: &[f64]) -> Result<(), Failure> {
    write!(out, "{name:8}")?;
    messages.iter().try_for_each(|messages| write!(out, "{messages:9.1}"))?;
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
