//! Open sets of code points.

/// Declares an open set of code points of one octet as a newtype with named constants.
///
/// A standard's code table grows, so every octet is a value; those with a name print it.
///
/// ```
/// oxisim_wire::codes! {
///     /// Time unit (TS 102 223 §8.8).
///     pub struct TimeUnit(u8) { MINUTES = 0x00, SECONDS = 0x01, TENTHS = 0x02, }
/// }
/// assert_eq!(TimeUnit::SECONDS.name(), Some("SECONDS"));
/// assert_eq!(format!("{:?} {:?}", TimeUnit::TENTHS, TimeUnit(9)), "TENTHS TimeUnit(0x09)");
/// ```
#[macro_export]
macro_rules! codes {
    ($(#[$meta:meta])* pub struct $name:ident($repr:ty) {
        $($(#[$code_meta:meta])* $code:ident = $value:expr,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $repr);

        impl $name {
            $(
                $(#[$code_meta])*
                #[doc = concat!("`", stringify!($value), "`")]
                pub const $code: Self = Self($value);
            )*

            /// Every code point with a name, in the order of the standard.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// The name of the code point, if the standard gives it one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$code => Some(stringify!($code)),)*
                    _ => None,
                }
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{}({:#04X})", stringify!($name), self.0),
                }
            }
        }

        impl $crate::Show for $name {
            fn show(&self) -> $crate::Shown {
                $crate::Shown::Code { value: u64::from(self.0), name: self.name() }
            }
        }

        impl $crate::Wire for $name {
            fn read(r: &mut $crate::Reader<'_>) -> Result<Self, $crate::Error> {
                <$repr as $crate::Wire>::read(r).map(Self)
            }

            fn write(&self, out: &mut $crate::Bytes) {
                $crate::Wire::write(&self.0, out);
            }
        }
    };
}
