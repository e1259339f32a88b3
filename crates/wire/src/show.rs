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

/// A part of a message: a field that the standard describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name in the standard's words.
    pub name: &'static str,
    /// The clause that describes it.
    pub spec: &'static str,
    /// What is in it.
    pub value: Shown,
}

impl Part {
    /// The part `name`, described in `spec`.
    #[must_use]
    pub fn new(name: &'static str, spec: &'static str, value: &(impl Show + ?Sized)) -> Self {
        Self { name, spec, value: value.show() }
    }
}

/// A message whose fields the standard describes one by one.
pub trait Parts {
    /// Its name in the standard's words.
    fn name(&self) -> &'static str;
    /// The clause that describes it.
    fn spec(&self) -> &'static str;
    /// Its fields, in the standard's order.
    fn parts(&self) -> Vec<Part>;
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

/// A value that is shown already.
impl Show for Shown {
    fn show(&self) -> Shown {
        self.clone()
    }
}

impl Show for str {
    fn show(&self) -> Shown {
        Shown::Text(self.into())
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
