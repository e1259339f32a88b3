//! How the backups of a group of subscribers are made.

use std::sync::Arc;

use oxisim_backup::{Configuration, Mode, Spacing, Window};
use oxisim_wire::{Duration, Instant};
use serde::{Deserialize, Serialize};

use super::{
    accounts::{decode, encode, is_name},
    desk::DeskError,
    drawers::Drawers,
};
use crate::{Msisdn, Rulebook, Rules, store::Drawer};

/// The most groups.
const GROUPS: usize = 200;

/// The most beginnings of numbers, and hours, of one group.
const MANY: usize = 100;

/// The longest span that can be set: 30 days.
pub(super) const LONGEST: u64 = 30 * 24 * 3_600;

/// The period of a timetable, if the group has no pause of its own.
const PERIOD: Duration = Duration::from_mins(2);

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// A group of subscribers: those whose numbers begin in one of these ways.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Digits with which the numbers begin, country code first. A subscriber is in the group with the longest of them.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// How their backups are made.
    #[serde(default)]
    pub policy: Policy,
    /// The policy that was last sent: whoever joins the group later gets it.
    #[serde(default)]
    pub in_force: Option<Policy>,
    /// Seconds of Unix time at which it was last sent to the subscribers.
    #[serde(default)]
    pub applied: Option<u64>,
}

/// What is set for a group; what is not is as each card and the server have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Who chooses the way of a backup, and which.
    pub mode: Option<ModeName>,
    /// Blocks before a pause.
    pub subset: Option<u16>,
    /// Seconds of the pause.
    pub pause: Option<u64>,
    /// Seconds that a backup at once may take, before one in subsets is better.
    pub threshold: Option<u64>,
    /// Hours of the day, in UTC, at which the server asks for subsets; none: at any.
    pub timetable: Vec<Hours>,
}

/// A mode, as the document has it: its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModeName(pub Mode);

/// Hours of the day, as `22:00-06:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    /// Minutes after midnight.
    pub opens: u16,
    /// Minutes after midnight; at or before `opens`: of the next day.
    pub closes: u16,
}

/// Why a group is not as it is wanted.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// The name cannot be one.
    #[error("a group's name has 1 to 40 characters: letters, digits, and . _ - between them")]
    Name,
    /// These are no hours.
    #[error("{0:?} are no hours: write them as 22:00-06:00")]
    Hours(String),
    /// This is no beginning of a number.
    #[error("{0:?} is no beginning of a number: write up to 15 digits, country code first")]
    Prefix(String),
    /// A number is too small or too large.
    #[error("{what} is {least} to {most}")]
    Range {
        /// Of what.
        what: &'static str,
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
    },
    /// This is no number.
    #[error("{what}: {text:?} is no whole number")]
    Number {
        /// Of what.
        what: &'static str,
        /// What stands there.
        text: String,
    },
    /// This is no mode.
    #[error("{0:?} is no mode")]
    Mode(String),
    /// Another group has this beginning of numbers.
    #[error("numbers that begin with {prefix} are in the group {group} already")]
    Taken {
        /// The beginning.
        prefix: String,
        /// The other group.
        group: String,
    },
    /// There are too many.
    #[error("there are {0} at most")]
    TooMany(usize),
    /// The documents cannot be read or written.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl std::str::FromStr for Hours {
    type Err = GroupError;

    fn from_str(text: &str) -> Result<Self, GroupError> {
        let minutes = |clock: &str| {
            let (hour, minute) = clock.trim().split_once(':')?;
            let number = |digits: &str| {
                let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|d| d.is_ascii_digit());
                is_number.then(|| digits.parse::<u16>().ok()).flatten()
            };
            let (hour, minute) = (number(hour)?, number(minute)?);
            let at = hour * 60 + minute;
            (minute < 60 && at <= DAY).then_some(at % DAY)
        };
        let hours = text
            .split_once('-')
            .and_then(|(opens, closes)| Some(Self { opens: minutes(opens)?, closes: minutes(closes)? }));
        hours.ok_or_else(|| GroupError::Hours(text.chars().take(20).collect()))
    }
}

impl std::str::FromStr for ModeName {
    type Err = GroupError;

    fn from_str(text: &str) -> Result<Self, GroupError> {
        text.parse().map(Self).map_err(|_| GroupError::Mode(text.into()))
    }
}

impl TryFrom<String> for ModeName {
    type Error = GroupError;

    fn try_from(text: String) -> Result<Self, GroupError> {
        text.parse()
    }
}

impl From<ModeName> for String {
    fn from(ModeName(mode): ModeName) -> Self {
        mode.word().into()
    }
}

impl TryFrom<String> for Hours {
    type Error = GroupError;

    fn try_from(text: String) -> Result<Self, GroupError> {
        text.parse()
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

impl std::fmt::Display for Hours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { opens, closes } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", opens / 60, opens % 60, closes / 60, closes % 60)
    }
}

impl Group {
    /// Whether what is set can be set.
    pub(super) fn check(&self) -> Result<(), GroupError> {
        let Self { prefixes, policy, .. } = self;
        if prefixes.len() > MANY || policy.timetable.len() > MANY {
            return Err(GroupError::TooMany(MANY));
        }
        for prefix in prefixes {
            if prefix.len() > Msisdn::LIMIT || !prefix.bytes().all(|digit| digit.is_ascii_digit()) {
                return Err(GroupError::Prefix(prefix.chars().take(20).collect()));
            }
        }
        let within = |what, value: Option<u64>, least, most| match value {
            Some(value) if value < least || value > most => Err(GroupError::Range { what, least, most }),
            _ => Ok(()),
        };
        within("a subset", policy.subset.map(u64::from), 1, u64::from(u16::MAX))?;
        within("a pause in seconds", policy.pause, 1, LONGEST)?;
        within("a threshold in seconds", policy.threshold, 0, LONGEST)
    }

    /// The digits of the longest beginning that fits a number.
    fn fits(&self, number: &Msisdn) -> Option<usize> {
        let fitting = self.prefixes.iter().filter(|prefix| number.digits().starts_with(prefix.as_str()));
        fitting.map(String::len).max()
    }
}

impl Policy {
    /// As the server sets it.
    pub(super) fn rules(&self) -> Rules {
        let seconds = |span: Option<u64>| span.map(Duration::from_secs);
        let configuration = Configuration {
            mode: self.mode.map(|ModeName(mode)| mode),
            subset: self.subset,
            pause: seconds(self.pause),
            threshold: seconds(self.threshold),
            ..Configuration::default()
        };
        let period = seconds(self.pause);
        let seconds = |minutes: u16| u32::from(minutes) * 60;
        let window = |hours: &Hours| Window { opens: seconds(hours.opens), closes: seconds(hours.closes) };
        let spacing = if self.timetable.is_empty() {
            period.map(Spacing::Regular)
        } else {
            let windows = self.timetable.iter().map(window).collect();
            Some(Spacing::Timetable(windows, period.unwrap_or(PERIOD)))
        };
        Rules { configuration, spacing }
    }
}

/// The groups in their drawer.
#[derive(Clone, Copy)]
pub(super) struct Groups<'a>(pub &'a dyn Drawers);

impl Groups<'_> {
    /// All groups, in the order of their names.
    pub fn all(self) -> Result<Vec<(String, Group)>, GroupError> {
        let all = self.0.all(Drawer::Groups)?.into_iter();
        Ok(all.map(|(name, document)| Ok((name, decode(&document)?))).collect::<Result<_, DeskError>>()?)
    }

    pub fn get(self, name: &str) -> Result<Option<Group>, GroupError> {
        Ok(self.0.get(Drawer::Groups, name)?.map(|document| decode(&document)).transpose()?)
    }

    /// Keeps a group, in the place of that with the same name.
    pub fn put(self, name: &str, group: &Group) -> Result<(), GroupError> {
        if !is_name(name) {
            return Err(GroupError::Name);
        }
        group.check()?;
        let all = self.all()?;
        if all.len() >= GROUPS && all.iter().all(|(known, _)| known != name) {
            return Err(GroupError::TooMany(GROUPS));
        }
        for (other, its) in all.iter().filter(|(other, _)| other != name) {
            if let Some(prefix) = group.prefixes.iter().find(|prefix| its.prefixes.contains(prefix)) {
                return Err(GroupError::Taken { prefix: format!("+{prefix}"), group: other.clone() });
            }
        }
        Ok(self.0.put(Drawer::Groups, name, &encode(group)?)?)
    }

    pub fn delete(self, name: &str) -> Result<bool, GroupError> {
        let is_known = self.get(name)?.is_some();
        self.0.remove(Drawer::Groups, name)?;
        Ok(is_known)
    }

    /// A group's policy is in force from now on: which that is. None if there is no such group.
    pub fn put_in_force(self, name: &str, now: Instant) -> Result<Option<Policy>, GroupError> {
        let mut in_force = None;
        self.0.change(Drawer::Groups, name, &mut |document| {
            in_force = None;
            let Some(document) = document else { return Ok(None) };
            let mut group: Group = decode(document)?;
            in_force = Some(group.policy.clone());
            (group.in_force, group.applied) = (in_force.clone(), Some(now.as_secs()));
            encode(&group).map(Some)
        })?;
        Ok(in_force)
    }
}

/// What is in force, as the store's documents of the groups say.
pub(crate) fn rulebook(documents: &[(String, Vec<u8>)]) -> Result<Rulebook, DeskError> {
    let mut all = Vec::new();
    for (_, document) in documents {
        let Group { prefixes, policy, in_force, applied } = decode(document)?;
        // Earlier versions did not keep what they had sent.
        let in_force = in_force.or(applied.map(|_| policy));
        let rules = in_force.map(|policy| Arc::new(policy.rules()));
        all.extend(prefixes.into_iter().map(|prefix| (prefix, rules.clone())));
    }
    Ok(Rulebook::new(all))
}

/// The group among these that a number is in.
pub(super) fn group_of<'a>(groups: &'a [(String, Group)], number: &Msisdn) -> Option<&'a str> {
    let fitting = groups.iter().filter_map(|(name, group)| Some((group.fits(number)?, name)));
    fitting.max_by_key(|(digits, _)| *digits).map(|(_, name)| name.as_str())
}

#[cfg(test)]
mod tests {
    use oxisim_backup::Way;

    use super::*;
    use crate::console::drawers::MemoryDrawers;

    #[test]
    fn hours_are_written_as_they_are_read() {
        for (text, written) in [("22:00-06:00", "22:00-06:00"), ("9:5 - 24:00", "09:05-00:00")] {
            assert_eq!(text.parse::<Hours>().unwrap().to_string(), written);
        }
        for text in
            ["", "22-6", "25:00-06:00", "24:01-06:00", "22:60-06:00", "+1:00-02:00", "22:00", "é:0-1:0"]
        {
            assert!(text.parse::<Hours>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_policy_becomes_a_configuration_and_a_spacing() {
        let policy = Policy {
            mode: Some(ModeName(Mode::Fixed(Way::SERVER))),
            subset: Some(3),
            pause: Some(120),
            timetable: vec!["22:00-06:00".parse().unwrap()],
            ..Policy::default()
        };
        let rules = policy.rules();
        assert_eq!(rules.configuration.mode, Some(Mode::Fixed(Way::SERVER)));
        assert_eq!(rules.configuration.threshold, None);
        let night = Window { opens: 22 * 3_600, closes: 6 * 3_600 };
        assert_eq!(rules.spacing, Some(Spacing::Timetable(vec![night], Duration::from_mins(2))));
        assert_eq!(Policy::default().rules(), Rules::default());
    }

    #[test]
    fn a_number_is_in_the_group_with_the_longest_beginning() {
        let drawers = MemoryDrawers::default();
        let groups = Groups(&drawers);
        let group = |prefixes: &[&str]| Group {
            prefixes: prefixes.iter().map(|&prefix| prefix.into()).collect(),
            ..Group::default()
        };
        groups.put("all", &group(&[""])).unwrap();
        groups.put("de", &group(&["49"])).unwrap();
        groups.put("test", &group(&["49151", "1"])).unwrap();
        let all = groups.all().unwrap();
        let of = |number: &str| group_of(&all, &number.parse().unwrap()).unwrap();
        assert_eq!([of("4915112"), of("4916"), of("33"), of("15550")], ["test", "de", "all", "test"]);
        let taken = groups.put("other", &group(&["49"])).unwrap_err().to_string();
        assert_eq!(taken, "numbers that begin with +49 are in the group de already");
    }

    #[test]
    fn what_cannot_be_set_is_refused_with_its_range() {
        let drawers = MemoryDrawers::default();
        let put = |policy| Groups(&drawers).put("g", &Group { policy, ..Group::default() });
        let error = put(Policy { subset: Some(0), ..Policy::default() }).unwrap_err();
        assert_eq!(error.to_string(), "a subset is 1 to 65535");
        let error = put(Policy { pause: Some(LONGEST + 1), ..Policy::default() }).unwrap_err();
        assert_eq!(error.to_string(), "a pause in seconds is 1 to 2592000");
    }
}
