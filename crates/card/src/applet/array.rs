//! Arrays of an applet: persistent ones, and transient ones (Java Card: `JCSystem.makeTransientByteArray`).

use crate::{
    applet::{AppletError, SystemError},
    env::Env,
    runtime::{AppletId, Array},
};

/// Names an array of an applet. It is of no use to another applet: the firewall is between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayId {
    pub(crate) owner: AppletId,
    pub(crate) number: u8,
}

/// When a transient array is filled with `00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    /// Java Card: `CLEAR_ON_RESET`.
    OnReset,
    /// Java Card: `CLEAR_ON_DESELECT`; at a reset too.
    OnDeselect,
}

/// The longest array: Java Card counts its octets in a `short`.
const LONGEST: usize = 0x7FFF;

impl Env<'_> {
    /// Makes a persistent array, filled with `00`. Only [`install`](crate::Applet::install) can: `ILLEGAL_USE` else.
    /// `NO_RESOURCE` if it is beyond the quota or the memory of the card.
    pub fn new_persistent(&mut self, octets: usize) -> Result<ArrayId, AppletError> {
        self.new_array(octets, None)
    }

    /// Makes a transient array, as [`new_persistent`](Self::new_persistent) does. `NO_TRANSIENT_SPACE` if it is beyond
    /// the quota.
    pub fn new_transient(&mut self, octets: usize, clear: Clear) -> Result<ArrayId, AppletError> {
        self.new_array(octets, Some(clear))
    }

    /// The array of the applet that was made as number `number`, from 0.
    #[must_use]
    pub const fn array(&self, number: u8) -> ArrayId {
        ArrayId { owner: self.applet, number }
    }

    /// Octets of an array.
    pub fn array_len(&self, array: ArrayId) -> Result<usize, AppletError> {
        Ok(match self.array_of(array)? {
            Array::Persistent(object) => self.memory.read(*object).len(),
            Array::Transient { octets, .. } => octets.len(),
        })
    }

    /// Fills `into` from an array at `offset`.
    pub fn read(&self, array: ArrayId, offset: usize, into: &mut [u8]) -> Result<(), AppletError> {
        let octets = match self.array_of(array)? {
            Array::Persistent(object) => self.memory.read(*object),
            Array::Transient { octets, .. } => octets,
        };
        let octets = octets.get(offset..).and_then(|rest| rest.get(..into.len()));
        into.copy_from_slice(octets.ok_or(AppletError::Range)?);
        Ok(())
    }

    /// Writes to an array at `offset`: all or nothing. No transaction takes back what is written to a transient one.
    pub fn write(&mut self, array: ArrayId, offset: usize, octets: &[u8]) -> Result<(), AppletError> {
        self.array_of(array)?;
        let mut instance = self.applets.get_mut(self.applet);
        match instance.as_mut().and_then(|instance| instance.arrays.get_mut(usize::from(array.number))) {
            Some(Array::Persistent(object)) => Ok(self.memory.write(*object, offset, octets)?),
            Some(Array::Transient { octets: array, .. }) => {
                let place = array.get_mut(offset..).and_then(|rest| rest.get_mut(..octets.len()));
                place.ok_or(AppletError::Range)?.copy_from_slice(octets);
                Ok(())
            }
            None => Err(AppletError::Range),
        }
    }

    fn new_array(&mut self, octets: usize, clear: Option<Clear>) -> Result<ArrayId, AppletError> {
        if !self.context.is_installing {
            return Err(SystemError::IllegalUse.into());
        }
        if octets > LONGEST {
            return Err(SystemError::IllegalValue.into());
        }
        let number = match clear {
            None => {
                self.spend_persistent(octets)?;
                self.applets.add_persistent(self.memory, self.applet, octets)?
            }
            Some(clear) => self.applets.add_transient(self.memory, self.applet, octets, clear)?,
        };
        Ok(self.array(number))
    }

    /// Checks that the applet may have so many octets of persistent memory more.
    pub(crate) fn spend_persistent(&self, octets: usize) -> Result<(), AppletError> {
        self.applets.check_persistent(self.memory, self.applet, octets)
    }

    /// The array, if it is this applet's.
    fn array_of(&self, array: ArrayId) -> Result<&Array, AppletError> {
        if array.owner != self.applet {
            return Err(AppletError::Security);
        }
        let instance = self.applets.get(self.applet).ok_or(AppletError::Security)?;
        instance.arrays.get(usize::from(array.number)).ok_or(AppletError::Range)
    }
}
