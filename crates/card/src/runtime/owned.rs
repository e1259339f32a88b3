//! What applets have made: arrays and PINs.
//!
//! The object `arrays` of an applet has three octets for each of its arrays, in the order of their making: what kind it
//! is, and its length. Contents of persistent arrays, and PINs, are objects of their own.

use alloc::{format, vec, vec::Vec};

use oxisim_wire::{Error, ErrorKind, Reader};

use super::{AppletId, Applets, Instance, name, record::put};
use crate::{
    applet::{Applet, AppletError, Clear, SystemError, is_pin},
    file::Aid,
    memory::{Handle, Memory},
};

/// An array of an applet.
#[derive(Clone, Debug)]
pub(crate) enum Array {
    /// One in persistent memory.
    Persistent(Handle),
    /// One that is lost.
    Transient { clear: Clear, octets: Vec<u8> },
}

/// A PIN of an applet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PinState {
    pub object: Handle,
    /// Whether its right value has been given since the reset.
    pub is_validated: bool,
}

/// The object that says which arrays there are.
const ARRAYS: &str = "arrays";

const PERSISTENT: u8 = 0;
const CLEAR_ON_RESET: u8 = 1;
const CLEAR_ON_DESELECT: u8 = 2;

/// The arrays of an applet, as memory tells of them; the transient ones are empty.
pub(super) fn read_arrays(memory: &Memory, aid: &Aid) -> Result<Vec<Array>, Error> {
    let octets = memory.find(&name(aid, ARRAYS)).map(|object| memory.read(object)).unwrap_or_default();
    let mut r = Reader::new(octets);
    let mut arrays = Vec::new();
    while !r.is_empty() {
        let kind = r.u8("kind of an array")?;
        let length = usize::from(r.u16("length of an array")?);
        let transient = |clear| Array::Transient { clear, octets: vec![0; length] };
        arrays.push(match kind {
            PERSISTENT => {
                let object = memory.find(&name(aid, &format!("array/{}", arrays.len())));
                let object = object.filter(|&object| memory.read(object).len() == length);
                Array::Persistent(object.ok_or_else(|| r.error("applet's array", ErrorKind::Missing))?)
            }
            CLEAR_ON_RESET => transient(Clear::OnReset),
            CLEAR_ON_DESELECT => transient(Clear::OnDeselect),
            _ => return Err(r.error("kind of an array", ErrorKind::Value(kind.into()))),
        });
    }
    Ok(arrays)
}

/// The PINs of an applet, as memory tells of them.
pub(super) fn read_pins(memory: &Memory, aid: &Aid) -> Result<Vec<PinState>, Error> {
    let unreadable = Error::new("applet's PIN", 0, ErrorKind::Missing);
    (0..=u8::MAX)
        .map_while(|number| memory.find(&name(aid, &format!("pin/{number}"))))
        .map(|object| {
            let is_read = is_pin(memory.read(object));
            is_read.then_some(PinState { object, is_validated: false }).ok_or(unreadable)
        })
        .collect()
}

impl Instance {
    /// Clears what is to be cleared then: at a reset, everything that is transient.
    pub fn clear(&mut self, when: Clear) {
        for array in &mut self.arrays {
            if let Array::Transient { clear, octets } = array
                && (when == Clear::OnReset || *clear == when)
            {
                octets.fill(0);
            }
        }
        if when == Clear::OnReset {
            self.pins.iter_mut().for_each(|pin| pin.is_validated = false);
        }
    }

    /// Keeps what is transient as it was in the same applet.
    pub fn keep_transient(&mut self, before: Self) {
        for (new, old) in self.arrays.iter_mut().zip(before.arrays) {
            match (new, old) {
                (
                    Array::Transient { clear, octets },
                    Array::Transient { clear: old_clear, octets: old_octets },
                ) if *clear == old_clear && octets.len() == old_octets.len() => *octets = old_octets,
                _ => {}
            }
        }
        for (new, old) in self.pins.iter_mut().zip(before.pins) {
            new.is_validated = old.is_validated;
        }
    }

    /// Octets of its transient arrays.
    fn transient_arrays(&self) -> usize {
        let octets = self.arrays.iter().map(|array| match array {
            Array::Persistent(_) => 0,
            Array::Transient { octets, .. } => octets.len(),
        });
        octets.sum()
    }

    /// Octets of transient memory that it uses with this object.
    pub fn transient_octets(&self, object: &dyn Applet) -> usize {
        object.transient_octets().saturating_add(self.transient_arrays())
    }

    /// Checks that it has not more transient memory than it may.
    pub fn check_transient(&self, octets: usize) -> Result<(), AppletError> {
        match self.parameters.transient_quota {
            Some(quota) if octets > usize::from(quota) => Err(SystemError::NoTransientSpace.into()),
            _ => Ok(()),
        }
    }

    /// Octets of persistent memory that it has made: its arrays and PINs.
    pub fn persistent_octets(&self, memory: &Memory) -> usize {
        let arrays = self.arrays.iter().filter_map(|array| match array {
            Array::Persistent(object) => Some(*object),
            Array::Transient { .. } => None,
        });
        let pins = self.pins.iter().map(|pin| pin.object);
        let objects = core::iter::once(self.store).chain(arrays).chain(pins);
        objects.map(|object| memory.read(object).len()).sum()
    }

    /// Checks that it may have so many octets of persistent memory more.
    pub fn check_persistent(&self, memory: &Memory, more: usize) -> Result<(), AppletError> {
        match self.parameters.persistent_quota {
            Some(quota) if self.persistent_octets(memory) + more > usize::from(quota) => {
                Err(SystemError::NoResource.into())
            }
            _ => Ok(()),
        }
    }
}

impl Applets {
    /// The same for one of them.
    pub fn check_persistent(&self, memory: &Memory, id: AppletId, more: usize) -> Result<(), AppletError> {
        self.get(id).ok_or(AppletError::Security)?.check_persistent(memory, more)
    }

    /// Makes a persistent array; its number.
    pub fn add_persistent(
        &mut self,
        memory: &mut Memory,
        id: AppletId,
        octets: usize,
    ) -> Result<u8, AppletError> {
        let instance = self.get_mut(id).ok_or(AppletError::Security)?;
        let number = next_number(instance.arrays.len())?;
        let object = put(memory, &name(&instance.aid, &format!("array/{number}")), &vec![0; octets])?;
        add_array(memory, instance, PERSISTENT, octets, Array::Persistent(object))?;
        Ok(number)
    }

    /// Makes a transient array; its number.
    pub fn add_transient(
        &mut self,
        memory: &mut Memory,
        id: AppletId,
        octets: usize,
        clear: Clear,
    ) -> Result<u8, AppletError> {
        let instance = self.get_mut(id).ok_or(AppletError::Security)?;
        let number = next_number(instance.arrays.len())?;
        instance.check_transient(instance.transient_arrays() + octets)?;
        let kind = match clear {
            Clear::OnReset => CLEAR_ON_RESET,
            Clear::OnDeselect => CLEAR_ON_DESELECT,
        };
        add_array(memory, instance, kind, octets, Array::Transient { clear, octets: vec![0; octets] })?;
        Ok(number)
    }

    /// Makes a PIN; its number.
    pub fn add_pin(&mut self, memory: &mut Memory, id: AppletId, octets: &[u8]) -> Result<u8, AppletError> {
        let instance = self.get_mut(id).ok_or(AppletError::Security)?;
        let number = next_number(instance.pins.len())?;
        let object = put(memory, &name(&instance.aid, &format!("pin/{number}")), octets)?;
        instance.pins.push(PinState { object, is_validated: false });
        Ok(number)
    }
}

fn next_number(made: usize) -> Result<u8, AppletError> {
    u8::try_from(made).map_err(|_| SystemError::NoResource.into())
}

fn add_array(
    memory: &mut Memory,
    instance: &mut Instance,
    kind: u8,
    octets: usize,
    array: Array,
) -> Result<(), AppletError> {
    let list = name(&instance.aid, ARRAYS);
    let mut arrays = memory.find(&list).map(|object| memory.read(object).to_vec()).unwrap_or_default();
    arrays.push(kind);
    arrays.extend_from_slice(&(octets as u16).to_be_bytes());
    put(memory, &list, &arrays)?;
    instance.arrays.push(array);
    Ok(())
}
