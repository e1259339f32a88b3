//! Lists that fill an object.

use alloc::vec::Vec;

use oxisim_wire::{Error, Reader, Show, Shown, Wire};

/// Values one after the other, up to the end of their object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> List<T> {
    /// The values in their order.
    pub fn iter(&self) -> core::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Wire> Wire for List<T> {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let mut values = Vec::new();
        while !r.is_empty() {
            let left = r.left();
            values.push(T::read(r)?);
            if r.left() == left {
                break;
            }
        }
        Ok(Self(values))
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|value| value.write(out));
    }
}

impl<T: Show> Show for List<T> {
    fn show(&self) -> Shown {
        Shown::List(self.iter().map(Show::show).collect())
    }
}
