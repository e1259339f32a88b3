//! PINs of applets (Java Card: `OwnerPIN`).

use alloc::vec;

use subtle::ConstantTimeEq as _;

use crate::{
    applet::{AppletError, PinError, SystemError},
    env::Env,
    memory::Handle,
    runtime::{AppletId, PinState},
};

/// A PIN of an applet.
///
/// How many tries are left is no part of any transaction: nothing brings a try back but the right value,
/// [`update`](Self::update) and [`reset_and_unblock`](Self::reset_and_unblock).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerPin {
    owner: AppletId,
    number: u8,
}

/// The longest PIN, and the most tries: Java Card counts both in a `byte`.
const MOST: u8 = 0x7F;

/// What the object of a PIN has: its limits, the tries that are left, the length of the value, the value.
const TRY_LIMIT: usize = 0;
const MAX_LENGTH: usize = 1;
const TRIES: usize = 2;
const LENGTH: usize = 3;
const HEAD: usize = 4;
/// Length of a value that has not been set: none is right.
const NOT_SET: u8 = 0xFF;

impl Env<'_> {
    /// Makes a PIN, which has no value yet. Only [`install`](crate::Applet::install) can: `ILLEGAL_USE` else.
    /// `ILLEGAL_VALUE` unless the limits are 1 to 127.
    pub fn new_pin(&mut self, try_limit: u8, max_length: u8) -> Result<OwnerPin, AppletError> {
        if !self.context.is_installing {
            return Err(SystemError::IllegalUse.into());
        }
        if !(1..=MOST).contains(&try_limit) || !(1..=MOST).contains(&max_length) {
            return Err(PinError::IllegalValue.into());
        }
        let mut octets = vec![0; HEAD + usize::from(max_length)];
        octets.splice(..HEAD, [try_limit, max_length, try_limit, NOT_SET]);
        self.spend_persistent(octets.len())?;
        let number = self.applets.add_pin(self.memory, self.applet, &octets)?;
        Ok(self.pin(number))
    }

    /// The PIN of the applet that was made as number `number`, from 0.
    #[must_use]
    pub const fn pin(&self, number: u8) -> OwnerPin {
        OwnerPin { owner: self.applet, number }
    }

    fn pin_state(&mut self, pin: OwnerPin) -> Result<&mut PinState, AppletError> {
        if pin.owner != self.applet {
            return Err(AppletError::Security);
        }
        let instance = self.applets.get_mut(self.applet).ok_or(AppletError::Security)?;
        instance.pins.get_mut(usize::from(pin.number)).ok_or(AppletError::Range)
    }

    /// The object of a PIN, and one of its octets.
    fn pin_octet(&mut self, pin: OwnerPin, at: usize) -> Result<(Handle, u8), AppletError> {
        let object = self.pin_state(pin)?.object;
        Ok((object, *self.memory.read(object).get(at).ok_or(AppletError::Range)?))
    }
}

impl OwnerPin {
    /// Compares a value with the PIN, if there is a try left; whether it is right. A try is gone before the values are
    /// compared, and comes back if they are equal.
    pub fn check(self, value: &[u8], env: &mut Env<'_>) -> Result<bool, AppletError> {
        env.pin_state(self)?.is_validated = false;
        let (object, tries) = env.pin_octet(self, TRIES)?;
        let Some(left) = tries.checked_sub(1) else { return Ok(false) };
        env.memory.write_through(object, TRIES, left)?;
        let octets = env.memory.read(object);
        let own = octets.get(HEAD..).unwrap_or_default();
        let length = octets.get(LENGTH).copied().unwrap_or(NOT_SET);
        // The values are as long as the longest, so that the time says nothing of the length.
        let mut given = vec![0; own.len()];
        given.iter_mut().zip(value).for_each(|(place, octet)| *place = *octet);
        let is_as_long = u64::from(length).ct_eq(&(value.len() as u64));
        let is_set = !length.ct_eq(&NOT_SET);
        if !bool::from(given.ct_eq(own) & is_as_long & is_set) {
            return Ok(false);
        }
        self.restore_tries(env)?;
        env.pin_state(self)?.is_validated = true;
        Ok(true)
    }

    /// Whether the last value that was checked since the reset is right.
    pub fn is_validated(self, env: &mut Env<'_>) -> Result<bool, AppletError> {
        Ok(env.pin_state(self)?.is_validated)
    }

    /// Tries that are left; 0 if the PIN is blocked.
    pub fn tries_remaining(self, env: &mut Env<'_>) -> Result<u8, AppletError> {
        Ok(env.pin_octet(self, TRIES)?.1)
    }

    /// Forgets that the right value was given; if it was, all tries are left again.
    pub fn reset(self, env: &mut Env<'_>) -> Result<(), AppletError> {
        if self.is_validated(env)? {
            self.reset_and_unblock(env)?;
        }
        Ok(())
    }

    /// Sets the value, as part of an open transaction; forgets that the former was given, and all tries are left.
    /// `ILLEGAL_VALUE` if it is too long.
    pub fn update(self, value: &[u8], env: &mut Env<'_>) -> Result<(), AppletError> {
        let (object, max_length) = env.pin_octet(self, MAX_LENGTH)?;
        if value.len() > usize::from(max_length) {
            return Err(PinError::IllegalValue.into());
        }
        let mut octets = vec![0; 1 + usize::from(max_length)];
        let own = core::iter::once(value.len() as u8).chain(value.iter().copied());
        octets.iter_mut().zip(own).for_each(|(place, octet)| *place = octet);
        env.memory.write(object, LENGTH, &octets)?;
        self.reset_and_unblock(env)
    }

    /// Forgets that the right value was given; all tries are left again.
    pub fn reset_and_unblock(self, env: &mut Env<'_>) -> Result<(), AppletError> {
        env.pin_state(self)?.is_validated = false;
        self.restore_tries(env)
    }

    fn restore_tries(self, env: &mut Env<'_>) -> Result<(), AppletError> {
        let (object, try_limit) = env.pin_octet(self, TRY_LIMIT)?;
        Ok(env.memory.write_through(object, TRIES, try_limit)?)
    }
}

/// Whether the octets of an object are those of a PIN.
pub(crate) fn is_pin(octets: &[u8]) -> bool {
    match octets {
        [try_limit, max_length, tries, length, value @ ..] => {
            (1..=MOST).contains(try_limit)
                && tries <= try_limit
                && usize::from(*max_length) == value.len()
                && (*length == NOT_SET || length <= max_length)
        }
        _ => false,
    }
}
