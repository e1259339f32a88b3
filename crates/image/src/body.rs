//! Structure, size and contents of an EF, from their form.

use std::collections::HashSet;

use oxisim_card::file::Structure;
use toml::Spanned;

use crate::words::count;
use crate::{
    build::structure,
    contents,
    document::{EntryForm, FileForm},
    locate::At,
    octets::{Pattern, parse_run},
};

/// What is in an EF, and how.
#[derive(Debug)]
pub struct Body {
    /// Organisation.
    pub structure: Structure,
    /// Octets of the file.
    pub size: usize,
    /// The first of them; the others are erased. None if they are another file's.
    pub octets: Vec<u8>,
}

/// Files whose records have a part of fixed length (TS 31.102 §4.2, §4.4.2), and the least octets of a record.
const SHORTEST_RECORD: [(&str, usize); 9] = [
    ("EF.ADN", 14),
    ("EF.FDN", 14),
    ("EF.SDN", 14),
    ("EF.BDN", 15),
    ("EF.LND", 14),
    ("EF.MSISDN", 14),
    ("EF.SMSP", 28),
    ("EF.SMS", 176),
    ("EF.EXT1", 13),
];

/// The body of the file that `form` describes; `shared` is the shape of the file that it shares its contents with.
pub fn body(
    text: &Spanned<String>,
    form: &FileForm,
    name: Option<&str>,
    shared: Option<(Structure, usize)>,
) -> Result<Body, At> {
    let record = record_length(form, name, shared)?;
    let structure = structure(text, form, record)?;
    let shape = Shape { text, form, record: record.map(usize::from) };
    let mut given = shape.given();
    let first = given.next();
    if let (Some((one, _)), Some((_, place))) = (&first, given.next()) {
        return Err(At { span: place, reason: format!("the contents are given already, as {one}") });
    }
    let octets = match (first, shared) {
        (Some((_, place)), Some(_)) => {
            return Err(At { span: place, reason: "the contents are given already, as shared_with".into() });
        }
        (Some(_), None) => shape.contents()?,
        (None, _) => Vec::new(),
    };
    let size = match (shape.size()?, shared) {
        (None, None) if octets.is_empty() => {
            let missing = if record.is_some() { "record_count" } else { "size" };
            return Err(At::new(text, format!("no {missing} and no contents from which it would follow")));
        }
        (None, None) => octets.len(),
        (Some(size), _) | (None, Some((_, size))) => size,
    };
    if let Some(shape) = shared
        && shape != (structure, size)
        && let Some(place) = &form.shared_with
    {
        return Err(At::new(place, "the files have not the same structure and size"));
    }
    Ok(Body { structure, size, octets })
}

/// Octets of a record.
fn record_length(
    form: &FileForm,
    name: Option<&str>,
    shared: Option<(Structure, usize)>,
) -> Result<Option<u8>, At> {
    let Some(place) = &form.record_length else {
        return Ok(shared.and_then(|(structure, _)| match structure {
            Structure::LinearFixed { record } | Structure::Cyclic { record } => Some(record),
            Structure::Transparent | Structure::BerTlv => None,
        }));
    };
    let length = *place.get_ref();
    let record = u8::try_from(length).ok().filter(|&record| record > 0);
    let record =
        record.ok_or_else(|| At::new(place, format!("{length} is no length of a record: 1 to 255")))?;
    let shortest = SHORTEST_RECORD.iter().find(|(file, _)| Some(*file) == name);
    match shortest {
        Some((file, least)) if length < *least => {
            Err(At::new(place, format!("{length} is too short for {}", file.replace('.', "_"))))
        }
        _ => Ok(Some(record)),
    }
}

/// A form whose record length is known.
struct Shape<'a> {
    text: &'a Spanned<String>,
    form: &'a FileForm,
    record: Option<usize>,
}

impl Shape<'_> {
    /// The keys that give contents, with their places.
    fn given(&self) -> impl Iterator<Item = (&'static str, std::ops::Range<usize>)> {
        let form = self.form;
        [
            ("contents", form.contents.as_ref().map(Spanned::span)),
            ("records", form.records.as_ref().map(Spanned::span)),
            ("imsi", form.imsi.as_ref().map(Spanned::span)),
            ("iccid", form.iccid.as_ref().map(Spanned::span)),
            ("spn", form.spn.as_ref().map(Spanned::span)),
            ("phonebook", form.phonebook.as_ref().map(Spanned::span)),
            ("msisdn", form.msisdn.as_ref().map(Spanned::span)),
            ("service_centre", form.service_centre.as_ref().map(Spanned::span)),
        ]
        .into_iter()
        .filter_map(|(key, place)| Some((key, place?)))
    }

    /// Octets of the file, if the form says how many.
    fn size(&self) -> Result<Option<usize>, At> {
        let Self { form, record, .. } = self;
        let misplaced = |place: &Spanned<usize>, reason: &str| Err(At::new(place, reason));
        match (record, &form.record_count, &form.size) {
            (None, Some(count), _) => misplaced(count, "only a file with a record_length has records"),
            (Some(_), _, Some(size)) => misplaced(size, "a file with records has record_count instead"),
            (None, None, Some(size)) if *size.get_ref() > 0xFFFF => {
                misplaced(size, "a file has 65535 octets at most")
            }
            (None, None, size) => Ok(size.as_ref().map(|size| *size.get_ref())),
            (Some(record), Some(count), None) => {
                let number = *count.get_ref();
                if (1..=255).contains(&number) {
                    Ok(Some(number * record))
                } else {
                    Err(At::new(count, format!("{number} is no number of records: 1 to 255")))
                }
            }
            (Some(_), None, None) => Ok(None),
        }
    }

    fn contents(&self) -> Result<Vec<u8>, At> {
        let form = self.form;
        if let Some(text) = &form.contents {
            return self.whole(text);
        }
        if let Some(records) = &form.records {
            return self.records(records);
        }
        if let Some(entries) = &form.phonebook {
            return self.phonebook(entries);
        }
        let (place, octets) = if let Some(digits) = &form.imsi {
            self.no_records(digits.span(), "imsi")?;
            (digits.span(), contents::imsi(digits.get_ref()))
        } else if let Some(digits) = &form.iccid {
            self.no_records(digits.span(), "iccid")?;
            (digits.span(), contents::iccid(digits.get_ref()))
        } else if let Some(provider) = &form.spn {
            let name = provider.get_ref();
            self.no_records(provider.span(), "spn")?;
            (provider.span(), contents::provider(name.condition, &name.name))
        } else if let Some(number) = &form.msisdn {
            let record = self.record_for(number.span(), "msisdn")?;
            (number.span(), contents::entry("", number.get_ref(), record))
        } else if let Some(number) = &form.service_centre {
            let record = self.record_for(number.span(), "service_centre")?;
            (number.span(), contents::sms_parameters(number.get_ref(), record))
        } else {
            return Ok(Vec::new());
        };
        let at = |reason| At { span: place.clone(), reason };
        let octets = octets.map_err(at)?;
        match self.size()? {
            Some(size) if octets.len() > size => {
                Err(at(format!("{} octets do not fit into {size}", octets.len())))
            }
            _ => Ok(octets),
        }
    }

    fn record_for(&self, span: std::ops::Range<usize>, what: &str) -> Result<usize, At> {
        self.record.ok_or_else(|| At { span, reason: format!("{what} is for a file with a record_length") })
    }

    fn no_records(&self, span: std::ops::Range<usize>, what: &str) -> Result<(), At> {
        match self.record {
            Some(_) => Err(At { span, reason: format!("{what} is for a file without records") }),
            None => Ok(()),
        }
    }

    fn whole(&self, text: &Spanned<String>) -> Result<Vec<u8>, At> {
        let pattern = Pattern::parse(text.get_ref()).map_err(|reason| At::new(text, reason))?;
        let size = match self.size()? {
            Some(size) => size,
            None if pattern.is_fixed() => pattern.len(),
            None => return Err(At::new(self.text, "a size must be given, for the contents end with \"..\"")),
        };
        match self.record {
            Some(record) if !size.is_multiple_of(record) => {
                Err(At::new(text, format!("records of {record} do not fill {}", count(size, "octet"))))
            }
            _ => pattern.fill(size).map_err(|reason| At::new(text, reason)),
        }
    }

    fn records(&self, records: &Spanned<Vec<Spanned<String>>>) -> Result<Vec<u8>, At> {
        let length = self.record_for(records.span(), "records")?;
        let most = self.size()?.map_or(255, |size| size / length);
        let mut out = Vec::new();
        for run in records.get_ref() {
            let (count, pattern) = parse_run(run.get_ref()).map_err(|reason| At::new(run, reason))?;
            let record = pattern.fill(length).map_err(|reason| At::new(run, reason))?;
            if out.len() / length + count > most {
                return Err(At::new(run, format!("more records than the {most} of the file")));
            }
            out.extend(record.repeat(count));
        }
        Ok(out)
    }

    fn phonebook(&self, entries: &Spanned<Vec<Spanned<EntryForm>>>) -> Result<Vec<u8>, At> {
        let length = self.record_for(entries.span(), "phonebook")?;
        let no_count = || At::new(self.text, "record_count must be given");
        let size = self.size()?.ok_or_else(no_count)?;
        let mut out = vec![0xFF; size];
        let mut taken = HashSet::new();
        let mut slot = 0;
        for entry in entries.get_ref() {
            let EntryForm { slot: at, name, number } = entry.get_ref();
            slot = at.unwrap_or(slot + 1);
            let record = contents::entry(name, number, length).map_err(|reason| At::new(entry, reason))?;
            let place = slot.checked_sub(1).and_then(|index| out.chunks_mut(length).nth(index));
            let most = size / length;
            let place =
                place.ok_or_else(|| At::new(entry, format!("slot {slot} is not one of 1 to {most}")))?;
            if !taken.insert(slot) {
                return Err(At::new(entry, format!("slot {slot} is taken already")));
            }
            place.copy_from_slice(&record);
        }
        Ok(out)
    }
}
