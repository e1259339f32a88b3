//! What the information elements of a user data header say (TS 23.040 §9.2.3.24).

use alloc::{vec, vec::Vec};

use oxisim_wire::{Error, Reader, Show, Shown, Wire, codes};

use crate::{Address, Element, ElementId, WaitingKind, alphabet::Language};

/// Declares the contents of information elements: identifier, clause, and the fields in the order of the octets.
macro_rules! contents {
    ($(
        $(#[$meta:meta])*
        $id:ident $spec:literal $name:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty,)* }
    )*) => {
        $(
            $(#[$meta])*
            #[doc = concat!("(", $spec, ").")]
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            pub struct $name { $($(#[$field_meta])* pub $field: $ty,)* }

            impl Wire for $name {
                fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
                    Ok(Self { $($field: Wire::read(r)?,)* })
                }

                fn write(&self, out: &mut Vec<u8>) {
                    $(self.$field.write(out);)*
                }
            }

            impl Show for $name {
                fn show(&self) -> Shown {
                    Shown::Fields(vec![$((stringify!($field), self.$field.show()),)*])
                }
            }

            impl From<$name> for Element {
                fn from(content: $name) -> Self {
                    Self::new(ElementId::$id, content.encode())
                }
            }
        )*

        /// What an information element says (TS 23.040 §9.2.3.24).
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Content {
            $(
                $(#[$meta])*
                #[doc = concat!("(", $spec, ").")]
                $name($name),
            )*
        }

        impl Content {
            /// What `element` says; `None` if it is not known, or not as it should be.
            #[must_use]
            pub fn of(element: &Element) -> Option<Self> {
                match element.id {
                    $(ElementId::$id => $name::decode(&element.data, stringify!($name)).ok().map(Self::$name),)*
                    _ => None,
                }
            }

            /// The clause that describes it.
            #[must_use]
            pub const fn spec(&self) -> &'static str {
                match self { $(Self::$name(_) => $spec,)* }
            }
        }

        impl From<Content> for Element {
            fn from(content: Content) -> Self {
                match content { $(Content::$name(content) => content.into(),)* }
            }
        }

        impl Show for Content {
            fn show(&self) -> Shown {
                match self { $(Self::$name(content) => content.show(),)* }
            }
        }
    };
}

contents! {
    /// One of several parts, with an 8-bit reference number
    CONCATENATED_8 "TS 23.040 §9.2.3.24.1" Concatenated8 {
        /// The number that the parts share.
        reference: u8,
        /// Parts of the message.
        total: u8,
        /// The number of this part, from 1.
        number: u8,
    }
    /// Something waits for the subscriber
    SPECIAL_INDICATION "TS 23.040 §9.2.3.24.2" SpecialIndication {
        /// What waits, for whom, and whether the message is stored.
        indication: Indication,
        /// How much waits; 0 for nothing any more.
        count: u8,
    }
    /// Ports of applications, 8 bits each
    PORTS_8 "TS 23.040 §9.2.3.24.3" Ports8 {
        /// Destination port.
        destination: u8,
        /// Originator port.
        originator: u8,
    }
    /// Ports of applications, 16 bits each
    PORTS_16 "TS 23.040 §9.2.3.24.4" Ports16 {
        /// Destination port.
        destination: u16,
        /// Originator port.
        originator: u16,
    }
    /// When the service centre is to report
    SMSC_CONTROL "TS 23.040 §9.2.3.24.5" SmscControl {
        /// The reports that are asked for.
        reports: SelectiveReports,
    }
    /// Who has made the elements that follow, up to the next of these
    UDH_SOURCE "TS 23.040 §9.2.3.24.6" UdhSource {
        /// Who has made them.
        source: HeaderSource,
    }
    /// One of several parts, with a 16-bit reference number
    CONCATENATED_16 "TS 23.040 §9.2.3.24.8" Concatenated16 {
        /// The number that the parts share.
        reference: u16,
        /// Parts of the message.
        total: u8,
        /// The number of this part, from 1.
        number: u8,
    }
    /// A message of the wireless control message protocol
    WIRELESS_CONTROL "TS 23.040 §9.2.3.24.9" WirelessControl {
        /// The protocol's octets.
        octets: Vec<u8>,
    }
    /// How a stretch of the text looks
    TEXT_FORMATTING "TS 23.040 §9.2.3.24.10.1.1" TextFormatting {
        /// The character that it begins at, from 0.
        start: u8,
        /// How many characters; 0 for all that follow.
        length: u8,
        /// Alignment, size and style.
        mode: TextMode,
        /// Colours, if they are given.
        colour: Option<TextColour>,
    }
    /// A sound that the phone has
    PREDEFINED_SOUND "TS 23.040 §9.2.3.24.10.1.2" PredefinedSound {
        /// The character that it comes at.
        position: u8,
        /// Which one.
        sound: SoundNumber,
    }
    /// A sound, as iMelody
    USER_DEFINED_SOUND "TS 23.040 §9.2.3.24.10.1.3" UserDefinedSound {
        /// The character that it comes at.
        position: u8,
        /// The melody.
        melody: Vec<u8>,
    }
    /// An animation that the phone has
    PREDEFINED_ANIMATION "TS 23.040 §9.2.3.24.10.1.4" PredefinedAnimation {
        /// The character that it comes at.
        position: u8,
        /// Which one.
        animation: AnimationNumber,
    }
    /// Four pictures of 16 by 16 pixels
    LARGE_ANIMATION "TS 23.040 §9.2.3.24.10.1.5" LargeAnimation {
        /// The character that it comes at.
        position: u8,
        /// The pictures, row by row.
        pixels: [u8; 128],
    }
    /// Four pictures of 8 by 8 pixels
    SMALL_ANIMATION "TS 23.040 §9.2.3.24.10.1.6" SmallAnimation {
        /// The character that it comes at.
        position: u8,
        /// The pictures, row by row.
        pixels: [u8; 32],
    }
    /// A picture of 32 by 32 pixels
    LARGE_PICTURE "TS 23.040 §9.2.3.24.10.1.7" LargePicture {
        /// The character that it comes at.
        position: u8,
        /// The picture, row by row.
        pixels: [u8; 128],
    }
    /// A picture of 16 by 16 pixels
    SMALL_PICTURE "TS 23.040 §9.2.3.24.10.1.8" SmallPicture {
        /// The character that it comes at.
        position: u8,
        /// The picture, row by row.
        pixels: [u8; 32],
    }
    /// A picture that says its size
    VARIABLE_PICTURE "TS 23.040 §9.2.3.24.10.1.9" VariablePicture {
        /// The character that it comes at.
        position: u8,
        /// Its width, in octets of eight pixels.
        width: u8,
        /// Its height, in pixels.
        height: u8,
        /// The picture, row by row.
        pixels: Vec<u8>,
    }
    /// The objects that follow are one, which the user may be asked about
    USER_PROMPT "TS 23.040 §9.2.3.24.10.1.10" UserPrompt {
        /// How many objects.
        objects: u8,
    }
    /// An object of a type of its own, or a part of one
    EXTENDED_OBJECT "TS 23.040 §9.2.3.24.10.1.11" ExtendedObject {
        /// The number that its parts share.
        reference: u8,
        /// Length, control, type, position and data in the first part, data in the others.
        octets: Vec<u8>,
    }
    /// An extended object that has been there before
    REUSED_EXTENDED_OBJECT "TS 23.040 §9.2.3.24.10.1.12" ReusedExtendedObject {
        /// Its reference number.
        reference: u8,
        /// The character that it comes at.
        position: u16,
    }
    /// Extended objects that are compressed, or a part of them
    COMPRESSION_CONTROL "TS 23.040 §9.2.3.24.10.1.13" CompressionControl {
        /// How, how long, and the compressed data.
        octets: Vec<u8>,
    }
    /// Whether objects may be passed on
    OBJECT_DISTRIBUTION "TS 23.040 §9.2.3.24.10.1.14" ObjectDistribution {
        /// How many of the elements that follow; 0 for all up to the next of these.
        elements: u8,
        /// Bit 1: they may not be passed on.
        attribute: u8,
    }
    /// A drawing of standard size, as WVG
    STANDARD_WVG "TS 23.040 §9.2.3.24.10.1.15" StandardWvg {
        /// The character that it comes at.
        position: u8,
        /// The drawing.
        drawing: Vec<u8>,
    }
    /// A drawing of the size of a character, as WVG
    CHARACTER_SIZE_WVG "TS 23.040 §9.2.3.24.10.1.16" CharacterSizeWvg {
        /// The character that it comes at.
        position: u8,
        /// The drawing.
        drawing: Vec<u8>,
    }
    /// Data that an extended object asks the phone for
    EXTENDED_OBJECT_REQUEST "TS 23.040 §9.2.3.24.10.1.17" ExtendedObjectRequest {
        /// The request.
        octets: Vec<u8>,
    }
    /// The text begins with the header of an electronic mail
    ELECTRONIC_MAIL_HEADER "TS 23.040 §9.2.3.24.11" ElectronicMailHeader {
        /// How many characters of this part are header.
        length: u8,
    }
    /// A stretch of the text is the title of a link
    HYPERLINK "TS 23.040 §9.2.3.24.12" Hyperlink {
        /// The character that the title begins at, in the whole message.
        position: u16,
        /// How many characters the title has.
        title: u8,
        /// How many characters the address has, which follows after a space.
        address: u8,
    }
    /// Where an answer is to go
    REPLY_ADDRESS "TS 23.040 §9.2.3.24.14" ReplyAddress {
        /// The address.
        address: Address,
    }
    /// What waits in a mailbox, or has been deleted there
    ENHANCED_VOICE_MAIL "TS 23.040 §9.2.3.24.13" EnhancedVoiceMail {
        /// The notification or confirmation.
        octets: Vec<u8>,
    }
    /// Whose table takes the place of the extension table
    NATIONAL_SINGLE_SHIFT "TS 23.040 §9.2.3.24.15" SingleShift {
        /// The language.
        language: Language,
    }
    /// Whose table takes the place of the default alphabet
    NATIONAL_LOCKING_SHIFT "TS 23.040 §9.2.3.24.16" LockingShift {
        /// The language.
        language: Language,
    }
}

/// Declares an octet whose bits are fields.
macro_rules! bits {
    ($(
        $(#[$meta:meta])*
        $name:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty = |$octet:ident| $value:expr,)* }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name(pub u8);

        impl $name {
            $(
                $(#[$field_meta])*
                #[must_use]
                pub const fn $field(self) -> $ty {
                    let $octet = self.0;
                    $value
                }
            )*
        }

        impl Wire for $name {
            fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
                u8::read(r).map(Self)
            }

            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }
        }

        impl Show for $name {
            fn show(&self) -> Shown {
                Shown::Fields(vec![$((stringify!($field), self.$field().show()),)*])
            }
        }
    )*};
}

bits! {
    /// First octet of a special SMS message indication (TS 23.040 §9.2.3.24.2).
    Indication {
        /// The message is stored beside.
        is_stored: bool = |octet| octet & 0x80 != 0,
        /// The subscriber's profile that it is about, 0 to 3 for profile 1 to 4.
        profile: u8 = |octet| octet >> 5 & 0x03,
        /// What waits, more exactly, if it is another message.
        extended: ExtendedIndication = |octet| ExtendedIndication(octet >> 2 & 0x07),
        /// What waits.
        kind: WaitingKind = |octet| WaitingKind(octet & 0x03),
    }
    /// SMSC control parameters: when status reports are asked for (TS 23.040 §9.2.3.24.5).
    SelectiveReports {
        /// When the message has been delivered, or otherwise dealt with.
        completed: bool = |octet| octet & 0x01 != 0,
        /// At a permanent error, after which the centre gives up.
        permanent_error: bool = |octet| octet & 0x02 != 0,
        /// At a temporary error, after which the centre gives up.
        given_up: bool = |octet| octet & 0x04 != 0,
        /// At a temporary error, after which the centre tries again.
        still_trying: bool = |octet| octet & 0x08 != 0,
        /// A report of a final error cancels the reports of the other parts.
        cancels_others: bool = |octet| octet & 0x40 != 0,
        /// The report repeats the header of the message.
        includes_header: bool = |octet| octet & 0x80 != 0,
    }
    /// Alignment, size and style of text (TS 23.040 §9.2.3.24.10.1.1).
    TextMode {
        /// Alignment.
        alignment: Alignment = |octet| Alignment(octet & 0x03),
        /// Size of the font.
        size: FontSize = |octet| FontSize(octet >> 2 & 0x03),
        /// Bold.
        is_bold: bool = |octet| octet & 0x10 != 0,
        /// Italic.
        is_italic: bool = |octet| octet & 0x20 != 0,
        /// Underlined.
        is_underlined: bool = |octet| octet & 0x40 != 0,
        /// Struck through.
        is_struck_through: bool = |octet| octet & 0x80 != 0,
    }
    /// Colours of text (TS 23.040 §9.2.3.24.10.1.1).
    TextColour {
        /// Colour of the characters.
        foreground: Colour = |octet| Colour(octet & 0x0F),
        /// Colour behind them.
        background: Colour = |octet| Colour(octet >> 4),
    }
}

codes! {
    /// What waits, if it is another message (TS 23.040 §9.2.3.24.2).
    pub struct ExtendedIndication(u8) {
        /// Nothing more exact.
        NONE = 0x00,
        /// A video message.
        VIDEO = 0x01,
    }
}

codes! {
    /// Who has made elements of a header (TS 23.040 §9.2.3.24.6).
    pub struct HeaderSource(u8) {
        /// The original sender.
        SENDER = 0x01,
        /// The original receiver, in a status report.
        RECEIVER = 0x02,
        /// The service centre.
        SERVICE_CENTRE = 0x03,
    }
}

codes! {
    /// Alignment of text (TS 23.040 §9.2.3.24.10.1.1).
    pub struct Alignment(u8) {
        /// Left.
        LEFT = 0x00,
        /// Centred.
        CENTRE = 0x01,
        /// Right.
        RIGHT = 0x02,
        /// As the language is written.
        LANGUAGE = 0x03,
    }
}

codes! {
    /// Size of a font (TS 23.040 §9.2.3.24.10.1.1).
    pub struct FontSize(u8) {
        /// Normal.
        NORMAL = 0x00,
        /// Large.
        LARGE = 0x01,
        /// Small.
        SMALL = 0x02,
    }
}

codes! {
    /// Colour of text (TS 23.040 §9.2.3.24.10.1.1).
    pub struct Colour(u8) {
        /// Black.
        BLACK = 0x00,
        /// Dark grey.
        DARK_GREY = 0x01,
        /// Dark red.
        DARK_RED = 0x02,
        /// Dark yellow.
        DARK_YELLOW = 0x03,
        /// Dark green.
        DARK_GREEN = 0x04,
        /// Dark cyan.
        DARK_CYAN = 0x05,
        /// Dark blue.
        DARK_BLUE = 0x06,
        /// Dark magenta.
        DARK_MAGENTA = 0x07,
        /// Grey.
        GREY = 0x08,
        /// White.
        WHITE = 0x09,
        /// Bright red.
        BRIGHT_RED = 0x0A,
        /// Bright yellow.
        BRIGHT_YELLOW = 0x0B,
        /// Bright green.
        BRIGHT_GREEN = 0x0C,
        /// Bright cyan.
        BRIGHT_CYAN = 0x0D,
        /// Bright blue.
        BRIGHT_BLUE = 0x0E,
        /// Bright magenta.
        BRIGHT_MAGENTA = 0x0F,
    }
}

codes! {
    /// Sounds that the phone has (TS 23.040 §9.2.3.24.10.3.3).
    pub struct SoundNumber(u8) {
        /// Chimes, high.
        CHIMES_HIGH = 0x00,
        /// Chimes, low.
        CHIMES_LOW = 0x01,
        /// Ding.
        DING = 0x02,
        /// Ta-da.
        TADA = 0x03,
        /// Notify.
        NOTIFY = 0x04,
        /// Drum.
        DRUM = 0x05,
        /// Claps.
        CLAPS = 0x06,
        /// Fanfare.
        FANFARE = 0x07,
        /// Chords, high.
        CHORD_HIGH = 0x08,
        /// Chords, low.
        CHORD_LOW = 0x09,
    }
}

codes! {
    /// Animations that the phone has (TS 23.040 §9.2.3.24.10.3.4).
    pub struct AnimationNumber(u8) {
        /// I am ironic, flirty.
        FLIRTY = 0x00,
        /// I am glad.
        GLAD = 0x01,
        /// I am sceptic.
        SCEPTIC = 0x02,
        /// I am sad.
        SAD = 0x03,
        /// Wow.
        WOW = 0x04,
        /// I am crying.
        CRYING = 0x05,
        /// I am winking.
        WINKING = 0x06,
        /// I am laughing.
        LAUGHING = 0x07,
        /// I am indifferent.
        INDIFFERENT = 0x08,
        /// In love, kissing.
        KISSING = 0x09,
        /// I am confused.
        CONFUSED = 0x0A,
        /// Tongue hanging out.
        TONGUE = 0x0B,
        /// I am angry.
        ANGRY = 0x0C,
        /// Wearing glasses.
        GLASSES = 0x0D,
        /// Devil.
        DEVIL = 0x0E,
    }
}
