//! How a message is made of COMPREHENSION-TLV objects.
//!
//! TS 101 220 gives the same tag to different objects in different messages, so the mapping from tag to object
//! belongs to the message: a message is a struct whose fields are objects, in the standard's order.

use alloc::{boxed::Box, vec::Vec};
use core::iter;

use oxisim_wire::{
    Error, ErrorKind, Reader, Show, Shown, Wire,
    tlv::{Comprehension, Tag},
};

/// A data object of TS 102 223 §8: its value is its [`Wire`] coding.
pub trait DataObject: Wire + Show + 'static {
    /// Its tag, without the comprehension bit (TS 101 220 §7.2).
    const TAG: Tag;
    /// Its name in the standard's words.
    const NAME: &'static str;
    /// The clause that defines it.
    const SPEC: &'static str;
}

/// A field of a message: `T` stands once, `Option<T>` at most once, `Vec<T>` any number of times.
pub trait Field: Sized {
    /// The object that the field holds.
    type Object: DataObject;
    /// What has been read of it so far.
    type Partial: Default;

    /// Takes an object's value; `false` if the field has no room, so that the next field with this tag gets it.
    fn offer(slot: &mut Self::Partial, value: &mut Reader<'_>) -> Result<bool, Error>;

    /// The field, once the message has ended at `offset`.
    fn finish(slot: Self::Partial, offset: usize) -> Result<Self, Error>;

    /// Calls `f` with every object of the field.
    fn each(&self, f: &mut dyn FnMut(&Self::Object));
}

impl<T: DataObject> Field for T {
    type Object = T;
    type Partial = Option<T>;

    fn offer(slot: &mut Self::Partial, value: &mut Reader<'_>) -> Result<bool, Error> {
        <Option<T> as Field>::offer(slot, value)
    }

    fn finish(slot: Self::Partial, offset: usize) -> Result<Self, Error> {
        slot.ok_or(Error::new(T::NAME, offset, ErrorKind::Missing))
    }

    fn each(&self, f: &mut dyn FnMut(&T)) {
        f(self);
    }
}

impl<T: DataObject> Field for Option<T> {
    type Object = T;
    type Partial = Self;

    fn offer(slot: &mut Self, value: &mut Reader<'_>) -> Result<bool, Error> {
        if slot.is_some() {
            return Ok(false);
        }
        *slot = Some(read_all(value)?);
        Ok(true)
    }

    fn finish(slot: Self, _offset: usize) -> Result<Self, Error> {
        Ok(slot)
    }

    fn each(&self, f: &mut dyn FnMut(&T)) {
        self.iter().for_each(f);
    }
}

impl<T: DataObject> Field for Vec<T> {
    type Object = T;
    type Partial = Self;

    fn offer(slot: &mut Self, value: &mut Reader<'_>) -> Result<bool, Error> {
        slot.push(read_all(value)?);
        Ok(true)
    }

    fn finish(slot: Self, _offset: usize) -> Result<Self, Error> {
        Ok(slot)
    }

    fn each(&self, f: &mut dyn FnMut(&T)) {
        self.iter().for_each(f);
    }
}

fn read_all<T: DataObject>(value: &mut Reader<'_>) -> Result<T, Error> {
    let object = T::read(value)?;
    value.finish(T::NAME)?;
    Ok(object)
}

/// An object that its message does not define and whose comprehension is not required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Its tag, without the comprehension bit.
    pub tag: Tag,
    /// Its value.
    pub value: Vec<u8>,
}

/// An object of a message, whatever it is.
pub trait Object {
    /// Its tag, without the comprehension bit.
    fn tag(&self) -> Tag;
    /// Its name in the standard's words.
    fn name(&self) -> &'static str;
    /// The clause that defines it.
    fn spec(&self) -> &'static str;
    /// Appends its value, encoded.
    fn write_value(&self, out: &mut Vec<u8>);
    /// What is in it.
    fn shown(&self) -> Shown;

    /// Its value, encoded.
    fn value(&self) -> Vec<u8> {
        let mut value = Vec::new();
        self.write_value(&mut value);
        value
    }
}

impl<T: DataObject> Object for T {
    fn tag(&self) -> Tag {
        T::TAG
    }

    fn name(&self) -> &'static str {
        T::NAME
    }

    fn spec(&self) -> &'static str {
        T::SPEC
    }

    fn write_value(&self, out: &mut Vec<u8>) {
        self.write(out);
    }

    fn shown(&self) -> Shown {
        self.show()
    }
}

/// What is declared of a message: a command by its type, an envelope by its tag, an event by its code.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// Type, tag or code.
    pub code: u8,
    /// Its name in the standard's words.
    pub text: &'static str,
    /// The clause that describes it.
    pub spec: &'static str,
    /// Its objects, in the standard's order.
    pub fields: &'static [FieldInfo],
}

/// What is declared of a field of a message.
#[derive(Clone, Copy, Debug)]
pub struct FieldInfo {
    /// Its name here.
    pub name: &'static str,
    /// The tag of its object, without the comprehension bit.
    pub tag: Tag,
    /// The name of its object in the standard's words.
    pub object: &'static str,
    /// The clause that defines its object.
    pub spec: &'static str,
    /// Reads the value of its object, to the end.
    pub read: fn(&mut Reader<'_>) -> Result<Box<dyn Object>, Error>,
}

impl FieldInfo {
    /// A field called `name`.
    pub(crate) const fn of<F: Field>(name: &'static str) -> Self {
        Self {
            name,
            tag: F::Object::TAG,
            object: F::Object::NAME,
            spec: F::Object::SPEC,
            read: |value| Ok(Box::new(read_all::<F::Object>(value)?)),
        }
    }
}

/// A list of objects that makes up (the rest of) a message.
pub trait Objects: Sized {
    /// Its fields, in the standard's order.
    const FIELDS: &'static [FieldInfo];

    /// Reads objects in any order until `r` ends.
    fn read_objects(r: &mut Reader<'_>, unknown: &mut Vec<Unknown>) -> Result<Self, Error> {
        Self::read_rest(r, unknown, &mut |_| Ok(false))
    }

    /// Reads objects in any order until `r` ends, those first that `head` takes: objects that stand before these in
    /// every message of a kind.
    fn read_rest(
        r: &mut Reader<'_>,
        unknown: &mut Vec<Unknown>,
        head: &mut dyn FnMut(&mut Comprehension<'_>) -> Result<bool, Error>,
    ) -> Result<Self, Error>;

    /// Calls `f` with the name of each field and every object in it, in the standard's order.
    fn each_object(&self, f: &mut dyn FnMut(&'static str, &dyn Object));
}

/// How a message that was read had been written: the tags of its objects in their order, each with its comprehension
/// bit. It is written so again. A message that was made has no form: it is written in the standard's order, and
/// comprehension is required of every object that the standard knows.
///
/// Two messages that say the same are equal, however they are written; so are two forms.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(Tag, bool)>);

impl PartialEq for Form {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Form {}

impl Form {
    /// The form of the objects that `r` has still to read.
    pub(crate) fn of(r: Reader<'_>) -> Self {
        let mut form = Self::default();
        form.extend(r);
        form
    }

    /// The objects that `r` has still to read stand behind those before.
    pub(crate) fn extend(&mut self, mut r: Reader<'_>) {
        while let Ok(object) = Comprehension::read(&mut r) {
            self.push(&object);
        }
    }

    /// One more object has been read.
    pub(crate) fn push(&mut self, object: &Comprehension<'_>) {
        self.0.push((object.tag, object.required));
    }
}

/// Writes the objects of a message behind what is in `out`.
pub(crate) struct Outgoing<'a> {
    out: &'a mut Vec<u8>,
    /// Where the first object starts.
    start: usize,
}

impl<'a> Outgoing<'a> {
    /// A message without objects yet.
    pub(crate) const fn new(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start }
    }

    /// One more object of the standard.
    pub(crate) fn push(&mut self, object: &dyn Object) {
        Comprehension::write(object.tag(), true, self.out, |out| object.write_value(out));
    }

    /// All objects of a list.
    pub(crate) fn extend(&mut self, objects: &impl Objects) {
        objects.each_object(&mut |_, object| self.push(object));
    }

    /// Objects that the message does not define.
    pub(crate) fn unknown(&mut self, unknown: &[Unknown]) {
        for Unknown { tag, value } in unknown {
            Comprehension::write(*tag, false, self.out, |out| out.extend_from_slice(value));
        }
    }

    /// Brings the objects into their form.
    pub(crate) fn finish(self, form: &Form) {
        let Self { out, start } = self;
        if form.0.is_empty() {
            return;
        }
        let written = out.split_off(start);
        let mut r = Reader::new(&written);
        let mut objects: Vec<_> = iter::from_fn(|| Comprehension::read(&mut r).ok()).collect();
        let mut write = |tag, required, mut value: Reader<'_>| {
            Comprehension::write(tag, required, out, |out| out.extend_from_slice(value.rest()));
        };
        for &(tag, required) in &form.0 {
            if let Some(at) = objects.iter().position(|object| object.tag == tag) {
                write(tag, required, objects.remove(at).value);
            }
        }
        for Comprehension { tag, required, value } in objects {
            write(tag, required, value);
        }
    }
}

/// Offers an object to a field, which takes it if it has this tag and there is room.
pub(crate) fn offer<F: Field>(slot: &mut F::Partial, object: &mut Comprehension<'_>) -> Result<bool, Error> {
    Ok(object.tag == F::Object::TAG && F::offer(slot, &mut object.value)?)
}

/// Which fields of a message have been filled. Where several fields have the same tag, the place of an object in
/// the message says which of them it is: OPEN CHANNEL has its local address before the transport level, and the
/// data destination address after it (TS 102 223 §6.6.27).
pub(crate) struct Order {
    fields: &'static [FieldInfo],
    last: usize,
    /// A bit for each field.
    filled: u64,
}

impl Order {
    /// No field has been filled yet.
    pub(crate) const fn of<T: Objects>() -> Self {
        const { assert!(T::FIELDS.len() <= u64::BITS as usize, "a bit for each field") };
        Self { fields: T::FIELDS, last: 0, filled: 0 }
    }

    /// From which places on a field for an object is looked for: from the field that was filled last and then, for an
    /// object that comes late, from the last one with its tag; never before that one, so that what is read is
    /// written in the same order.
    pub(crate) fn from(&self, tag: Tag) -> [usize; 2] {
        let has_tag = |&place: &usize| self.fields.get(place).is_some_and(|field| field.tag == tag);
        let same = self.filled_last_first().find(has_tag).unwrap_or(0);
        [self.last.max(same), same]
    }

    /// The field at `place` took an object.
    pub(crate) const fn filled(&mut self, place: usize) {
        self.last = place;
        self.filled |= 1 << place;
    }

    fn filled_last_first(&self) -> impl Iterator<Item = usize> {
        let mut filled = self.filled;
        iter::from_fn(move || {
            let place = filled.checked_ilog2()?;
            filled ^= 1 << place;
            Some(place as usize)
        })
    }
}

/// Keeps an object that no field took, or says that it had to be understood.
pub(crate) fn keep_unknown(mut object: Comprehension<'_>, unknown: &mut Vec<Unknown>) -> Result<(), Error> {
    if object.required {
        let kind = ErrorKind::NotUnderstood(object.tag.0 as u8);
        return Err(object.value.error("COMPREHENSION-TLV object", kind));
    }
    unknown.push(Unknown { tag: object.tag, value: object.value.rest().to_vec() });
    Ok(())
}

/// Declares a message: a struct of [`Field`]s in the standard's order, and its [`Objects`] coding.
macro_rules! message {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[doc = concat!("`", stringify!($ty), "`")]
                pub $field: $ty,
            )*
        }

        impl $crate::message::Objects for $name {
            const FIELDS: &'static [$crate::message::FieldInfo] =
                &[$($crate::message::FieldInfo::of::<$ty>(stringify!($field)),)*];

            #[allow(
                unused_variables, unused_mut, unused_labels, unused_assignments,
                reason = "a message may have no objects, and nothing asks for the place behind the last field"
            )]
            fn read_rest(
                r: &mut ::oxisim_wire::Reader<'_>,
                unknown: &mut ::alloc::vec::Vec<$crate::message::Unknown>,
                head: &mut dyn FnMut(
                    &mut ::oxisim_wire::tlv::Comprehension<'_>,
                ) -> Result<bool, ::oxisim_wire::Error>,
            ) -> Result<Self, ::oxisim_wire::Error> {
                $(let mut $field = <$ty as $crate::message::Field>::Partial::default();)*
                let mut order = $crate::message::Order::of::<Self>();
                'objects: while !r.is_empty() {
                    let mut object = ::oxisim_wire::tlv::Comprehension::read(r)?;
                    if head(&mut object)? {
                        continue;
                    }
                    for from in order.from(object.tag) {
                        let mut place = 0;
                        $(
                            if place >= from && $crate::message::offer::<$ty>(&mut $field, &mut object)? {
                                order.filled(place);
                                continue 'objects;
                            }
                            place += 1;
                        )*
                    }
                    $crate::message::keep_unknown(object, unknown)?;
                }
                let end = r.offset();
                Ok(Self { $($field: <$ty as $crate::message::Field>::finish($field, end)?,)* })
            }

            #[allow(unused_variables, reason = "a message may have no objects")]
            fn each_object(&self, f: &mut dyn FnMut(&'static str, &dyn $crate::message::Object)) {
                $($crate::message::Field::each(&self.$field, &mut |object| f(stringify!($field), object));)*
            }
        }
    };
}

/// Shows a field, by its type or with a function.
macro_rules! shown_as {
    ($field:expr) => {
        ::oxisim_wire::Show::show($field)
    };
    ($field:expr, $show:path) => {
        $show($field)
    };
}

/// Declares data objects: tag, clause, name, and fields in the order of their octets. A field that is shown as
/// something else than its type says which function shows it.
macro_rules! data_objects {
    ($($(#[$meta:meta])* $tag:literal $spec:literal $text:literal $name:ident {
        $($(#[$field_meta:meta])* $field:ident: $ty:ty $(=> $show:path)?,)*
    })*) => {
        $(
            #[doc = concat!($text, " (", $spec, ", tag `", stringify!($tag), "`).")]
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $name { $($(#[$field_meta])* pub $field: $ty,)* }

            impl ::oxisim_wire::Wire for $name {
                #[allow(unused_variables, reason = "an object may be empty")]
                fn read(r: &mut ::oxisim_wire::Reader<'_>) -> Result<Self, ::oxisim_wire::Error> {
                    Ok(Self { $($field: <$ty as ::oxisim_wire::Wire>::read(r)
                        .map_err(|error| ::oxisim_wire::Error { what: $text, ..error })?,)* })
                }

                #[allow(unused_variables, reason = "an object may be empty")]
                fn write(&self, out: &mut ::alloc::vec::Vec<u8>) {
                    $(::oxisim_wire::Wire::write(&self.$field, out);)*
                }
            }

            impl ::oxisim_wire::Show for $name {
                #[allow(unused_variables, reason = "an object may be empty")]
                fn show(&self) -> ::oxisim_wire::Shown {
                    ::oxisim_wire::Shown::Fields(::alloc::vec![
                        $((stringify!($field), shown_as!(&self.$field $(, $show)?)),)*
                    ])
                }
            }

            impl $crate::message::DataObject for $name {
                const TAG: ::oxisim_wire::tlv::Tag = ::oxisim_wire::tlv::Tag($tag);
                const NAME: &'static str = $text;
                const SPEC: &'static str = $spec;
            }
        )*
    };
}
