//! What the server can set in an uploader (docs/BACKUP.md, CONFIGURE).
//!
//! A configuration is whole: what it does not name is as the uploader was personalised, so that the same configuration
//! has the same effect whatever came before.

use alloc::vec::Vec;

use oxisim_wire::{Duration, Reader, Wire, codes};

use crate::settings::{Mode, Settings, Way};

codes! {
    /// A field of a configuration. One that is not known is skipped if it is 80 or above; else nothing is taken.
    pub struct Field(u8) {
        MODE = 0x01, ASYNCHRONOUS = 0x02, SUBSET = 0x03, PAUSE = 0x04, SPREAD = 0x05, INSTRUCT_DELAY = 0x06,
        THRESHOLD = 0x07, VOLUME_THRESHOLD = 0x08, INTERVAL = 0x09, CONTACTS_PER_BLOCK = 0x0A,
        MESSAGE_TIME = 0x0B, QUESTION_TIME = 0x0C,
        /// The fields cannot be told apart.
        UNREADABLE = 0x7F,
    }
}

/// From this on a field that is not known is skipped.
const SKIPPED: u8 = 0x80;

const AUTO: u8 = 0x10;
const ASK: u8 = 0x11;

/// The longest span that can be set, so that no wait is for ever: 30 days.
const LONGEST: Duration = Duration::from_mins(30 * 24 * 60);

/// Stands for no volume threshold.
const NO_VOLUME: u32 = u32::MAX;

/// Settings that are not as the uploader was personalised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Who chooses the way.
    pub mode: Option<Mode>,
    /// The asynchronous way.
    pub asynchronous: Option<Way>,
    /// Blocks before a pause.
    pub subset: Option<u16>,
    /// The pause after a subset; whole seconds.
    pub pause: Option<Duration>,
    /// The time over which a backup is spread, whole seconds; zero: over none.
    pub spread: Option<Duration>,
    /// Whether the messages tell the server how long to wait.
    pub instruct_delay: Option<bool>,
    /// The longest time that a normal backup may take; whole seconds.
    pub threshold: Option<Duration>,
    /// The most octets that go the normal way; `Some(None)`: any number.
    pub volume_threshold: Option<Option<u32>>,
    /// A backup starts by itself after this time, whole minutes; zero: none does.
    pub interval: Option<Duration>,
    /// Most contacts of one block; zero: as many as there is room for.
    pub contacts_per_block: Option<u16>,
    /// Time that a full message takes, for estimates; whole milliseconds.
    pub message_time: Option<Duration>,
    /// Time that the server's question takes, for estimates; whole milliseconds.
    pub question_time: Option<Duration>,
}

impl Configuration {
    /// All that can be set, as it is in these settings.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            mode: Some(settings.mode),
            asynchronous: Some(settings.asynchronous),
            subset: Some(settings.subset),
            pause: Some(settings.pause),
            spread: Some(settings.spread.unwrap_or_default()),
            instruct_delay: Some(settings.instruct_delay),
            threshold: Some(settings.threshold),
            volume_threshold: Some(settings.volume_threshold),
            interval: Some(settings.interval.unwrap_or_default()),
            contacts_per_block: Some(u16::try_from(settings.contacts_per_block).unwrap_or(0)),
            message_time: Some(settings.message_time),
            question_time: Some(settings.question_time),
        }
    }

    /// The fields, ascending: each a tag, a length and a value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let octet = |octet: u8| [octet].to_vec();
        let wide = |number: u64| u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes().to_vec();
        let mode = self.mode.map(|mode| match mode {
            Mode::Fixed(way) => way.0,
            Mode::Auto => AUTO,
            Mode::Ask => ASK,
        });
        let fields = [
            (Field::MODE, mode.map(octet)),
            (Field::ASYNCHRONOUS, self.asynchronous.map(|way| octet(way.0))),
            (Field::SUBSET, self.subset.map(|subset| subset.to_be_bytes().to_vec())),
            (Field::PAUSE, self.pause.map(|pause| wide(pause.as_secs_ceil()))),
            (Field::SPREAD, self.spread.map(|spread| wide(spread.as_secs_ceil()))),
            (Field::INSTRUCT_DELAY, self.instruct_delay.map(|instruct| octet(u8::from(instruct)))),
            (Field::THRESHOLD, self.threshold.map(|threshold| wide(threshold.as_secs_ceil()))),
            (Field::VOLUME_THRESHOLD, self.volume_threshold.map(|v| wide(v.unwrap_or(NO_VOLUME).into()))),
            (Field::INTERVAL, self.interval.map(|interval| wide(interval.as_secs().div_ceil(60)))),
            (Field::CONTACTS_PER_BLOCK, self.contacts_per_block.map(|most| most.to_be_bytes().to_vec())),
            (Field::MESSAGE_TIME, self.message_time.map(|time| wide(time.as_millis()))),
            (Field::QUESTION_TIME, self.question_time.map(|time| wide(time.as_millis()))),
        ];
        for (field, value) in fields {
            if let Some(value) = value {
                out.extend([field.0, value.len() as u8]);
                out.extend(value);
            }
        }
        out
    }

    /// Reads the fields, in any order, each at most once.
    ///
    /// # Errors
    /// The field for which the configuration cannot be taken.
    pub fn decode(fields: &[u8]) -> Result<Self, Field> {
        let mut r = Reader::new(fields);
        let mut configuration = Self::default();
        let mut seen = [false; SKIPPED as usize];
        while !r.is_empty() {
            let (field, value) = read_field(&mut r).ok_or(Field::UNREADABLE)?;
            if field.0 >= SKIPPED {
                continue;
            }
            let again = core::mem::replace(&mut seen[usize::from(field.0)], true);
            if again || configuration.set(field, value).is_none() {
                return Err(field);
            }
        }
        Ok(configuration)
    }

    /// Sets one field; none if it is not known or cannot have this value.
    fn set(&mut self, field: Field, value: &[u8]) -> Option<()> {
        match field {
            Field::MODE => self.mode = Some(mode(one(value)?)?),
            Field::ASYNCHRONOUS => {
                self.asynchronous = Some(known(Way(one(value)?)).filter(|way| *way != Way::NORMAL)?);
            }
            Field::SUBSET => self.subset = Some(two(value).filter(|subset| *subset > 0)?),
            Field::PAUSE => self.pause = Some(bounded(seconds(value)?)?),
            Field::SPREAD => self.spread = Some(bounded(seconds(value)?)?),
            Field::INSTRUCT_DELAY => self.instruct_delay = Some(one(value).filter(|octet| *octet < 2)? == 1),
            Field::THRESHOLD => self.threshold = Some(seconds(value)?),
            Field::VOLUME_THRESHOLD => {
                self.volume_threshold = Some(Some(four(value)?).filter(|octets| *octets != NO_VOLUME));
            }
            Field::INTERVAL => self.interval = Some(minutes(value)?),
            Field::CONTACTS_PER_BLOCK => self.contacts_per_block = Some(two(value)?),
            Field::MESSAGE_TIME => self.message_time = Some(bounded(millis(value)?)?),
            Field::QUESTION_TIME => self.question_time = Some(bounded(millis(value)?)?),
            _ => return None,
        }
        Some(())
    }

    /// The settings of an uploader that was personalised with `own`.
    #[must_use]
    pub fn apply(&self, own: &Settings) -> Settings {
        let zero_is_none = |span: Duration| Some(span).filter(|span| *span > Duration::ZERO);
        let most = |most: u16| if most == 0 { usize::MAX } else { usize::from(most) };
        Settings {
            mode: self.mode.unwrap_or(own.mode),
            asynchronous: self.asynchronous.unwrap_or(own.asynchronous),
            subset: self.subset.unwrap_or(own.subset),
            pause: self.pause.unwrap_or(own.pause),
            spread: self.spread.map_or(own.spread, zero_is_none),
            instruct_delay: self.instruct_delay.unwrap_or(own.instruct_delay),
            threshold: self.threshold.unwrap_or(own.threshold),
            volume_threshold: self.volume_threshold.unwrap_or(own.volume_threshold),
            message_time: self.message_time.unwrap_or(own.message_time),
            question_time: self.question_time.unwrap_or(own.question_time),
            contacts_per_block: self.contacts_per_block.map_or(own.contacts_per_block, most),
            interval: self.interval.map_or(own.interval, zero_is_none),
            ..own.clone()
        }
    }
}

fn read_field<'a>(r: &mut Reader<'a>) -> Option<(Field, &'a [u8])> {
    let field = Field::read(r).ok()?;
    let length = r.u8("length").ok()?;
    Some((field, r.take(usize::from(length), "value").ok()?))
}

fn one(value: &[u8]) -> Option<u8> {
    <[u8; 1]>::try_from(value).ok().map(u8::from_be_bytes)
}

fn two(value: &[u8]) -> Option<u16> {
    <[u8; 2]>::try_from(value).ok().map(u16::from_be_bytes)
}

fn four(value: &[u8]) -> Option<u32> {
    <[u8; 4]>::try_from(value).ok().map(u32::from_be_bytes)
}

fn seconds(value: &[u8]) -> Option<Duration> {
    four(value).map(|seconds| Duration::from_secs(seconds.into()))
}

fn minutes(value: &[u8]) -> Option<Duration> {
    four(value).map(|minutes| Duration::from_mins(minutes.into()))
}

fn millis(value: &[u8]) -> Option<Duration> {
    four(value).map(|millis| Duration::from_millis(millis.into()))
}

fn mode(octet: u8) -> Option<Mode> {
    match octet {
        AUTO => Some(Mode::Auto),
        ASK => Some(Mode::Ask),
        way => known(Way(way)).map(Mode::Fixed),
    }
}

fn known(way: Way) -> Option<Way> {
    way.name().map(|_| way)
}

fn bounded(span: Duration) -> Option<Duration> {
    (span <= LONGEST).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field, as far as it can be told.
    fn whole() -> Configuration {
        Configuration {
            mode: Some(Mode::Fixed(Way::STATUS)),
            asynchronous: Some(Way::SERVER),
            subset: Some(4),
            pause: Some(Duration::from_secs(90)),
            spread: Some(Duration::ZERO),
            instruct_delay: Some(true),
            threshold: Some(Duration::from_secs(30)),
            volume_threshold: Some(None),
            interval: Some(Duration::from_mins(1_440)),
            contacts_per_block: Some(2),
            message_time: Some(Duration::from_millis(3_300)),
            question_time: Some(Duration::from_millis(500)),
        }
    }

    #[test]
    fn a_configuration_is_as_documented() {
        let fields = whole().encode();
        assert_eq!(
            hex::encode_upper(&fields),
            "010103020101030200040404000000\
             5A050400000000060101\
             07040000001E0804FFFFFFFF0904000005A00A020002\
             0B0400000CE40C04000001F4"
        );
        assert_eq!(Configuration::decode(&fields), Ok(whole()));
        assert_eq!(Configuration::decode(&[]), Ok(Configuration::default()));
        assert!(fields.len() <= crate::journal::CONFIGURATION_OCTETS);
    }

    #[test]
    fn an_unknown_field_is_skipped_from_80_on_and_else_nothing_is_taken() {
        assert_eq!(
            Configuration::decode(&[0x81, 2, 9, 9, 0x03, 2, 0, 7]),
            Ok(Configuration { subset: Some(7), ..Configuration::default() })
        );
        assert_eq!(Configuration::decode(&[0x03, 2, 0, 7, 0x20, 0]), Err(Field(0x20)));
    }

    #[test]
    fn a_value_that_cannot_be_names_its_field() {
        for (fields, field) in [
            (&[0x03, 2, 0, 0][..], Field::SUBSET),
            (&[0x03, 1, 3], Field::SUBSET),
            (&[0x03, 2, 0, 3, 0x03, 2, 0, 3], Field::SUBSET),
            (&[0x01, 1, 4], Field::MODE),
            (&[0x02, 1, 0], Field::ASYNCHRONOUS),
            (&[0x04, 4, 0xFF, 0xFF, 0xFF, 0xFF], Field::PAUSE),
            (&[0x06, 1, 2], Field::INSTRUCT_DELAY),
            (&[0x04, 4, 0], Field::UNREADABLE),
            (&[0x04], Field::UNREADABLE),
        ] {
            assert_eq!(Configuration::decode(fields), Err(field), "{fields:02X?}");
        }
    }

    #[test]
    fn what_is_not_named_is_as_personalised() {
        let own = Settings { subset: 9, interval: Some(Duration::from_mins(60)), ..Settings::default() };
        assert_eq!(Configuration::default().apply(&own), own);
        assert_eq!(Configuration::of(&own).apply(&Settings::default()), own);
        let none = Configuration { interval: Some(Duration::ZERO), ..Configuration::default() };
        assert_eq!(none.apply(&own), Settings { interval: None, ..own });
    }
}
