//! Decoded values as people and programs see them.

use alloc::{string::String, vec::Vec};

/// A decoded value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// There is none.
    Nothing,
    /// A number.
    Number(u64),
    /// A code point, with its name if the standard gives it one.
    Code {
        /// The code point.
        value: u64,
        /// Its name.
        name: Option<&'static str>,
    },
    /// Yes or no.
    Flag(bool),
    /// A text.
    Text(String),
    /// Octets that nothing more is known of.
    Octets(Vec<u8>),
    /// Several of a kind.
    List(Vec<Self>),
    /// Parts with names.
    Fields(Vec<(&'static str, Self)>),
}

/// What can be shown.
pub trait Show {
    /// The value as people and programs see it.
    fn show(&self) -> Shown;
}

macro_rules! numbers {
    ($($ty:ty),*) => {$(
        impl Show for $ty {
            fn show(&self) -> Shown {
                Shown::Number(u64::from(*self))
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64);

impl Show for bool {
    fn show(&self) -> Shown {
        Shown::Flag(*self)
    }
}

impl Show for String {
    fn show(&self) -> Shown {
        Shown::Text(self.clone())
    }
}

impl Show for [u8] {
    fn show(&self) -> Shown {
        Shown::Octets(self.to_vec())
    }
}

impl Show for Vec<u8> {
    fn show(&self) -> Shown {
        (**self).show()
    }
}

impl<const N: usize> Show for [u8; N] {
    fn show(&self) -> Shown {
        self.as_slice().show()
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> Shown {
        self.as_ref().map_or(Shown::Nothing, T::show)
    }
}
