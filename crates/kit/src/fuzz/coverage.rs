//! Which states of the card were reached, and from which to which.

use std::{
    collections::HashSet,
    fmt,
    hash::{BuildHasherDefault, Hasher},
};

use oxisim_toolkit::CommandType;

use super::Kind;

/// The most transitions that are told apart: an author's function may count without end.
const MOST: usize = 0x1_0000;

/// Where the card is, as one sees it from outside, and what the applet's author says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The type and the qualifier of the command that has been fetched and not answered.
    pub fetched: Option<(u8, u8)>,
    /// Whether a command waits to be fetched.
    pub is_offered: bool,
    /// How many entries the menu has.
    pub menu: u8,
    /// The timers that run, a bit each.
    pub timers: u8,
    /// What the author's function says.
    pub own: u32,
}

impl State {
    const fn packed(self) -> u64 {
        let (kind, qualifier) = match self.fetched {
            Some(fetched) => fetched,
            None => (0, 0),
        };
        let outside =
            u32::from_be_bytes([kind, qualifier, self.menu | (self.is_offered as u8) << 7, self.timers]);
        (outside as u64) << 32 | self.own as u64
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fetched {
            Some((kind, qualifier)) => write!(f, "{} {qualifier:02X}", CommandType(kind).text())?,
            None if self.is_offered => f.write_str("offers a command")?,
            None => f.write_str("idle")?,
        }
        write!(f, ", {} in the menu", self.menu)?;
        if self.timers != 0 {
            write!(f, ", timers {:08b}", self.timers)?;
        }
        if self.own != 0 {
            write!(f, ", {:08X}", self.own)?;
        }
        Ok(())
    }
}

/// What was reached.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    states: HashSet<State, Cheap>,
    transitions: HashSet<u64, Cheap>,
}

impl Coverage {
    /// The states that were reached.
    pub fn states(&self) -> impl Iterator<Item = State> + '_ {
        self.states.iter().copied()
    }

    /// How many different steps from a state to a state there were, by what led there.
    #[must_use]
    pub fn transitions(&self) -> usize {
        self.transitions.len()
    }

    /// Takes what another has seen as well.
    pub fn merge(&mut self, other: &Self) {
        self.states.extend(&other.states);
        self.transitions.extend(&other.transitions);
    }

    /// Notes a step; whether it is new.
    pub(super) fn note(&mut self, from: State, kind: Kind, to: State) -> bool {
        if self.transitions.len() >= MOST {
            return false;
        }
        let transition = mix(mix(from.packed()) ^ to.packed()).wrapping_add(kind as u64);
        let is_new = self.transitions.insert(mix(transition));
        if is_new {
            self.states.insert(to);
        }
        is_new
    }
}

/// A hash of what nobody chooses to do harm.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mixer(u64);

type Cheap = BuildHasherDefault<Mixer>;

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for &octet in octets {
            self.write_u64(octet.into());
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = mix(self.0 ^ value);
    }
}

const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ value >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value ^ value >> 27
}
