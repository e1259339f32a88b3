//! The simple forms of commands, which applets send most, with the qualifiers that they need most (TS 102 223 §8.6).

use alloc::vec::Vec;

use oxisim_wire::Duration;

use crate::{
    codes::{AddressType, BearerType, TransportProtocol},
    command::{
        CloseChannel, DisplayText, GetInkey, GetInput, OpenChannel, PlayTone, ReceiveData, Refresh,
        SelectItem, SendData, SendDtmf, SendShortMessage, SendUssd, SetUpCall, SetUpIdleModeText, SetUpMenu,
        TimerManagement,
    },
    objects::{
        Address, AlphaIdentifier, BearerDescription, BufferSize, ChannelData, ChannelDataLength, DtmfString,
        FileList, Item, OtherAddress, ResponseLength, SmsTpdu, TextString, TimerIdentifier, TimerValue, Tone,
        TransportLevel, UssdString, alpha,
    },
};

impl DisplayText {
    /// Qualifier: the text comes in the place of whatever the screen shows.
    pub const HIGH_PRIORITY: u8 = 0x01;
    /// Qualifier: the user clears the text; without it the text goes away after a while.
    pub const UNTIL_CLEARED: u8 = 0x80;

    /// A text alone.
    #[must_use]
    pub fn new(text: impl Into<TextString>) -> Self {
        let text = text.into();
        Self { text, icon: None, immediate: None, duration: None, attribute: None, frame: None }
    }
}

impl GetInkey {
    /// Qualifier: a character of the default alphabet; without it a digit.
    pub const CHARACTERS: u8 = 0x01;
    /// Qualifier: yes or no.
    pub const YES_OR_NO: u8 = 0x04;

    /// A prompt alone.
    #[must_use]
    pub fn new(text: impl Into<TextString>) -> Self {
        let text = text.into();
        Self { text, icon: None, duration: None, attribute: None, frame: None }
    }
}

impl SetUpMenu {
    /// A title and items.
    #[must_use]
    pub const fn new(title: AlphaIdentifier, items: Vec<Item>) -> Self {
        Self {
            title,
            items,
            next_actions: None,
            icon: None,
            item_icons: None,
            attribute: None,
            item_attributes: None,
        }
    }
}

impl SelectItem {
    /// A title and texts, each with the identifier that the answer has if it is chosen: not 0.
    #[must_use]
    pub fn of(title: &str, items: &[(u8, &str)]) -> Self {
        let item = |&(id, text): &(u8, &str)| Item { identifier: Some(id), text: alpha(text) };
        Self::new(title.into(), items.iter().map(item).collect())
    }

    /// A title and items.
    #[must_use]
    pub const fn new(title: AlphaIdentifier, items: Vec<Item>) -> Self {
        Self {
            title: Some(title),
            items,
            next_actions: None,
            default: None,
            icon: None,
            item_icons: None,
            attribute: None,
            item_attributes: None,
            frame: None,
        }
    }
}

impl SendShortMessage {
    /// A TPDU, sent without a word to the user, through the service centre of `EF_SMSP`.
    #[must_use]
    pub const fn silent(tpdu: Vec<u8>) -> Self {
        Self {
            alpha: Some(AlphaIdentifier { text: Vec::new() }),
            service_centre: None,
            tpdu: SmsTpdu { tpdu },
            icon: None,
            attribute: None,
            frame: None,
        }
    }
}

impl Refresh {
    /// Tells the terminal that the files at `paths` (each a list of file identifiers from 3F00 or 7FFF on)
    /// have changed; goes with
    /// [`RefreshMode::FILE_CHANGE_NOTIFICATION`](crate::codes::RefreshMode::FILE_CHANGE_NOTIFICATION).
    #[must_use]
    pub fn files(paths: &[&[u16]]) -> Self {
        let octets = paths.iter().copied().flatten().flat_map(|fid| fid.to_be_bytes()).collect();
        Self {
            files: Some(FileList { count: paths.len() as u8, paths: octets }),
            application: None,
            alpha: None,
            icon: None,
            attribute: None,
            frame: None,
            policy: None,
            data: None,
            access: None,
            networks: None,
        }
    }
}

impl GetInput {
    /// Qualifier: characters of the default alphabet; without it digits.
    pub const CHARACTERS: u8 = 0x01;
    /// Qualifier: what the user types cannot be read on the screen.
    pub const HIDDEN: u8 = 0x04;

    /// A prompt alone, and how many characters the answer has.
    #[must_use]
    pub fn new(text: impl Into<TextString>, minimum: u8, maximum: u8) -> Self {
        let text = text.into();
        let length = ResponseLength { minimum, maximum };
        Self { text, length, default: None, icon: None, attribute: None, frame: None, duration: None }
    }
}

impl SetUpIdleModeText {
    /// A text alone; a null text string takes the text away.
    #[must_use]
    pub fn new(text: impl Into<TextString>) -> Self {
        let text = text.into();
        Self { text, icon: None, attribute: None, frame: None }
    }
}

impl PlayTone {
    /// A tone, as long as the terminal likes.
    #[must_use]
    pub const fn new(tone: Tone) -> Self {
        Self { alpha: None, tone: Some(tone), duration: None, icon: None, attribute: None, frame: None }
    }
}

impl SendUssd {
    /// A USSD string in a coding of TS 23.038 §5, sent without a word to the user.
    #[must_use]
    pub const fn silent(coding: u8, string: Vec<u8>) -> Self {
        Self {
            alpha: Some(AlphaIdentifier { text: Vec::new() }),
            string: UssdString { coding, string },
            icon: None,
            attribute: None,
            frame: None,
        }
    }
}

impl SendDtmf {
    /// Digits, as semi-octets, during a call.
    #[must_use]
    pub const fn new(digits: Vec<u8>) -> Self {
        Self { alpha: None, digits: DtmfString { digits }, icon: None, attribute: None, frame: None }
    }
}

impl SetUpCall {
    /// A call to a number.
    #[must_use]
    pub const fn to(address: Address) -> Self {
        Self {
            confirmation: None,
            address: Some(address),
            uri: None,
            capabilities: None,
            subaddress: None,
            duration: None,
            icon: None,
            call: None,
            call_icon: None,
            attribute: None,
            call_attribute: None,
            frame: None,
        }
    }
}

impl OpenChannel {
    /// A channel of the default bearer to an address of IPv4, with a buffer of `size` octets.
    #[must_use]
    pub fn to(protocol: TransportProtocol, address: [u8; 4], port: u16, size: u16) -> Self {
        Self {
            destination: Some(OtherAddress { kind: Some(AddressType::IPV4), address: address.to_vec() }),
            ..Self::at(protocol, port, size)
        }
    }

    /// A port at which the terminal waits for a connection (TCP, UICC in server mode).
    #[must_use]
    pub fn listening(port: u16, size: u16) -> Self {
        Self::at(TransportProtocol::TCP_SERVER, port, size)
    }

    fn at(protocol: TransportProtocol, port: u16, size: u16) -> Self {
        Self {
            alpha: None,
            icon: None,
            address: None,
            subaddress: None,
            first_duration: None,
            second_duration: None,
            bearer: Some(BearerDescription { bearer: BearerType::DEFAULT, parameters: Vec::new() }),
            buffer: BufferSize { size },
            access_name: None,
            local: None,
            login: None,
            password: None,
            transport: Some(TransportLevel { protocol, port }),
            destination: None,
            remote: None,
            attribute: None,
            frame: None,
        }
    }
}

impl TimerManagement {
    /// Starts a timer, or starts it anew; goes with [`TimerAction::START`](crate::codes::TimerAction::START).
    #[must_use]
    pub fn start(timer: u8, time: Duration) -> Self {
        Self { value: Some(TimerValue::from_duration(time)), ..Self::of(timer) }
    }

    /// A timer alone: to stop it, or to ask for its value.
    #[must_use]
    pub const fn of(timer: u8) -> Self {
        Self { timer: TimerIdentifier { identifier: timer }, value: None }
    }
}

impl CloseChannel {
    /// Without a word to the user. The channel is the destination of the command.
    #[must_use]
    pub const fn silent() -> Self {
        Self { alpha: None, icon: None, attribute: None, frame: None }
    }
}

impl ReceiveData {
    /// So many octets.
    #[must_use]
    pub const fn new(length: u8) -> Self {
        let length = ChannelDataLength { length };
        Self { alpha: None, icon: None, length, attribute: None, frame: None }
    }
}

impl SendData {
    /// Octets.
    #[must_use]
    pub const fn new(data: Vec<u8>) -> Self {
        Self { alpha: None, icon: None, data: ChannelData { data }, attribute: None, frame: None }
    }
}
